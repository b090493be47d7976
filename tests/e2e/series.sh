#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# asrun series on files and pipes: labels, keys of the JSON, exit codes, messages; the same bits each time, and the same
# judgement in other units; public data judged as people judged it.
. "$(dirname "$0")/common.bash"

# values SEED RUNS N LEVEL FIRST: CSV of runs, FIRST times as long in the first fifth
values() {
  awk -v seed="$1" -v runs="$2" -v n="$3" -v level="$4" -v first="$5" 'BEGIN {
    srand(seed); print "run,step,seconds"
    for (r = 1; r <= runs; r++) for (i = 0; i < n; i++) {
      z = 0; for (k = 0; k < 12; k++) z += rand()
      printf "%d,%d,%.9f\n", r, i, level * (5 * i < n ? first : 1) * (1 + 0.02 * (z - 6)) } }'
}
# field KEY: of the JSON in $WORK/out
field() { python3 -c 'import json,sys; print(json.dumps(json.load(open(sys.argv[1]))[sys.argv[2]]))' "$WORK/out" "$1"; }
is() { [ "$(field "$1")" = "$2" ] || fail "$1 is $(field "$1"), not $2"; }
says() { grep -qF -- "$1" "$WORK/out" "$WORK/err" || fail "expected '$1': $(head -5 "$WORK/out" "$WORK/err")"; }

values 1 5 400 1 1.5 > "$WORK/base.csv"
values 2 5 400 0.9 1.5 > "$WORK/fast.csv"
values 3 1 400 1 1.5 > "$WORK/one.csv"
values 4 5 400 1 0.7 > "$WORK/slower.csv"
values 5 5 400 1 0.7 > "$WORK/many.csv"
values 6 5 400 0.9 0.7 > "$WORK/few.csv"

expect_exit 0 "$ASRUN" series --json "$WORK/base.csv"
for key in label steady_start change_points drift n n_eff mean percentiles verdict reasons; do field "$key" > /dev/null; done
is label '"warm-up"'
is verdict '"characterization"'
is reasons '[]'
cp "$WORK/out" "$WORK/first"
expect_exit 0 "$ASRUN" series --json - < <(cat "$WORK/base.csv") # a pipe
sed 's/standard input/'"${WORK//\//\\/}"'\/base.csv/' "$WORK/out" | cmp -s - "$WORK/first" || fail "a pipe gives another judgement"
awk -F, 'NR == 1 { print; next } { printf "%s,%s,%.0f\n", $1, $2, $3 * 1e9 }' "$WORK/base.csv" > "$WORK/ns.csv"
expect_exit 0 "$ASRUN" series --json --unit ns "$WORK/ns.csv"
is change_points "$(python3 -c 'import json,sys; print(json.dumps(json.load(open(sys.argv[1]))["change_points"]))' "$WORK/first")"
is label '"warm-up"'

expect_exit 0 "$ASRUN" series "$WORK/one.csv" --unit s
says "snapshot"
says "1 independent run; a characterization takes 5"
expect_exit 3 "$ASRUN" series "$WORK/one.csv" --require characterization
expect_exit 0 "$ASRUN" series "$WORK/one.csv" --unit 1/s # 1.5 times as fast at first: it got slower
says "slowdown"
expect_exit 0 "$ASRUN" series --json "$WORK/slower.csv"
is label '"slowdown"'
is verdict '"snapshot"'

expect_exit 0 "$ASRUN" series --json --against "$WORK/base.csv" "$WORK/fast.csv"
is answer '"better"'
for key in ratio interval mde; do field "$key" > /dev/null; done
expect_exit 1 "$ASRUN" series --against "$WORK/fast.csv" "$WORK/base.csv"
expect_exit 1 "$ASRUN" series --unit ms/token --against "$WORK/fast.csv" "$WORK/base.csv" # a time, not a rate
expect_exit 0 "$ASRUN" series --json --unit tokens/min --against "$WORK/few.csv" "$WORK/many.csv"
is answer '"better"'
expect_exit 0 "$ASRUN" series --json --paired --against "$WORK/base.csv" "$WORK/base.csv"
is answer '"equivalent"'
expect_exit 3 "$ASRUN" series --against "$WORK/one.csv" "$WORK/base.csv"
says "two or more independent runs a side"

printf '1\n%.0s' {1..100} > "$WORK/constant.csv"
expect_exit 6 "$ASRUN" series "$WORK/constant.csv"
says "refused"
printf 'run,seconds\n1,2\n1,x\n' > "$WORK/bad.csv"
expect_exit 2 "$ASRUN" series "$WORK/bad.csv"
says "bad.csv:3: column 2 (seconds): 'x' is no number within +-1e100"
expect_exit 2 "$ASRUN" series "$WORK/base.csv" --column nosuch
says "no column 'nosuch'; there are: run, step, seconds"
expect_exit 2 "$ASRUN" series
expect_exit 2 "$ASRUN" series "$WORK/none.csv"

if [ -d "${SHARED:-}/data/tcpd" ] && [ -d "$SHARED/data/jmh" ]; then
  python3 "$SOURCE/bench/series_data.py" "$ASRUN" "$SHARED/data" || fail "public data"
else
  echo "skipped: no public data (tcpd, jmh) in \$SHARED/data"
fi
echo "series: ok"
