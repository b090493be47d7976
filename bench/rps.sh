#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whole answers as fast as they come over 64 connections: asrun's closed loop, which keeps every
# sample, beside wrk, which keeps none, in alternation against one reference server.
#
#   bench/rps.sh [--build DIR] [--rounds 5] [--seconds 10] [--connections 64] [--out FILE]
#
# Server on CPU 0, clients on CPU 1; "asrun, recorder beside" has its I/O thread on CPU 1 and its recorder
# on the server's. Needs wrk (Debian: wrk). Writes bench/results/DATE-rps.md; exits 0 only if
# both bars hold.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release rounds=5 seconds=10 connections=64 out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --rounds | --seconds | --connections | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
command -v wrk > /dev/null || { echo "skipped: no wrk to compare with (apt-get install wrk)"; exit 0; }
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT
on() { local cpus=$1; shift; if [ "$(nproc)" -gt 1 ]; then exec taskset -c "$cpus" "$@"; else exec "$@"; fi; }

(on 0 "$build/refserver" --ttft 0ms --gap 0ms) > "$dir/server.out" 2> "$dir/server.err" &
server=$!
for _ in $(seq 200); do [ -s "$dir/server.out" ] && break; sleep 0.02; done
port=$(awk '{ print $2 }' "$dir/server.out")

cat > "$dir/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 8, output_tokens: 4}, calibrate: false}
target: {url: "http://127.0.0.1:$port/v1", model: reference, stream: false}
load: {self_test: {for: 0}, arrivals: closed, concurrency: $connections, requests: $((seconds * 80000)), timeout: 5s}
exclude: {warm_up: none}
P
cat > "$dir/post.lua" <<'P'
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"model":"reference","max_tokens":4,"stream":false,"messages":[{"role":"user","content":"one two three four five six seven eight"}]}'
P

wrk_rate() {
  (on 1 wrk -t1 -c"$connections" -d"${seconds}s" -s "$dir/post.lua" "http://127.0.0.1:$port/v1/chat/completions") > "$dir/wrk"
  awk '/^Requests\/sec/ { print $2 }' "$dir/wrk"
}
# CPUS: what ended well a second, from the first release to the last end; "lost" where the recorder
# did not keep up: the samples that are left are then no picture of the run, and give no rate.
asrun_rate() {
  rm -f "$dir"/run.asrun*
  (on "$1" "$build/asrun" run "$dir/plan.yaml" -o "$dir/run.asrun" --quiet "${@:2}") > "$dir/asrun.out" 2>&1 || [ -s "$dir/run.asrun" ]
  if "$build/asrun" show "$dir/run.asrun" ledger | grep -q 'record lost'; then
    echo lost
    return
  fi
  "$build/asrun" show "$dir/run.asrun" samples --csv | awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
    $c["outcome"] != "ok" { next }
    { n++; r = $c["released_ns"] + 0; e = $c["end_ns"] + 0; if (n == 1 || r < from) from = r; if (e > to) to = e }
    END { if (n) printf "%.0f\n", n / ((to - from) / 1e9); else print 0 }'
}
median() { # of an awk expression over the columns wrk, asrun, asrun with its recorder beside; "-" if any round lost records
  awk "{ print (/lost/ ? \"lost\" : $1) }" "$dir/rows" | sort -n | awk '
    $1 == "lost" { lost = 1 } { v[NR] = $1 }
    END { if (lost) print "-"; else printf "%.5g\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
bar() { # WHAT VALUE LEAST
  echo "- $1: $2 of wrk's, median of paired ratios (at least $3): $(awk -v v="$2" -v least="$3" 'BEGIN { print (v != "-" && v >= least ? "pass" : "FAIL") }')"
}

for round in $(seq "$rounds"); do
  a=$(wrk_rate) b=$(asrun_rate 1) c=$(asrun_rate 0,1 --load.cpus=1)
  echo "$a $b $c" >> "$dir/rows"
  echo "round $round: wrk $a, asrun $b, recorder beside $c" >&2
done
out=${out:-bench/results/$(date -u +%F)-rps.md}
{
  echo "# Requests per second, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$build/asrun" --version | head -1); $(wrk --version 2>&1 | awk 'NR == 1 { print $1, $2 }')."
  echo "$connections connections, whole answers of 4 tokens, wrk for $seconds s, asrun for $((seconds * 80000)) requests. The server (one CPU) may be what limits all three."
  echo "lost: the recorder did not keep up and records were lost; asrun says so in its ledger, and no rate is given."
  echo "With two CPUs, what runs beside the I/O thread shares the server's CPU, and slows it."
  [ -z "${NOTE:-}" ] || echo "$NOTE"
  echo
  echo "| round | wrk | asrun, one CPU | of wrk | asrun, recorder beside | of wrk |"
  echo "|---|---|---|---|---|---|"
  awk '
    function of(v) { return (v == "lost" || $1 + 0 == 0) ? "-" : sprintf("%.2f", v / $1) }
    { print "| " NR " | " $1 " | " $2 " | " of($2) " | " $3 " | " of($3) " |" }' "$dir/rows"
  echo "| median | $(median '$1') | $(median '$2') | $(median '$2 / $1') | $(median '$3') | $(median '$3 / $1') |"
  echo
  bar "one CPU" "$(median '$2 / $1')" 0.5
  bar "recorder beside" "$(median '$3 / $1')" 0.7
} > "$out"
cat "$out"
! grep -q FAIL "$out"
