# SPDX-License-Identifier: Apache-2.0
# Against the real engine: reported prompt tokens are within 2 % or 2 tokens of the requested for at least
# 99 % of the requests, and its cached tokens equal the reuse that the plan expects.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"
need_engine

run() { # NAME FLAG...: four slots, one request at a time, so that each finds the prefix it expects
  local name=$1 code=0
  shift
  "$ASRUN" demo --plan "$WORK/plan.yaml" --model 15m --context 2Ki -o "$WORK/$name.asrun" --quiet "$@" \
    > "$WORK/claim" 2> "$WORK/err" || code=$?
  [ "$code" = 3 ] || [ "$code" = 6 ] || fail "$name: exit $code: $(cat "$WORK/err")"
  "$ASRUN" show "$WORK/$name.asrun" samples --csv > "$WORK/$name.csv"
}

check_lengths() { # NAME
  awk -F, -v name="$1" '
    NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
    { d = $c["input_reported"] - $c["input_requested"]; if (d < 0) d = -d; n++
      if ($c["outcome"] != "ok" || (d > 2 && d > 0.02 * $c["input_requested"])) off++ }
    END { print name ": " off + 0 " of " n " prompts off"; exit n < 1 || off > 0.01 * n }' "$WORK/$1.csv" ||
    fail "$1: prompt lengths"
}

cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {profile: azure-2023-conversation, scale: {lengths: 1/8}}
target: {url: "http://127.0.0.1:1/v1", model: x}
load: {self_test: {for: 0}, arrivals: closed, concurrency: 4, requests: 200}
exclude: {warm_up: none}
P
for api in chat completions; do
  run "lengths-$api" --target.api=$api
  check_lengths "lengths-$api"
  column cached_reported < "$WORK/lengths-$api.csv" | sort -u | grep -x 0 > /dev/null &&
    [ "$(column cached_reported < "$WORK/lengths-$api.csv" | sort -u | wc -l)" = 1 ] ||
    fail "$api: unique prompts met a prefix cache"
done

cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 100, output_tokens: 4, shared_prefix_tokens: 64}}
target: {url: "http://127.0.0.1:1/v1", model: x}
load: {self_test: {for: 0}, arrivals: closed, concurrency: 1, requests: 30}
trials: {count: 2}
exclude: {warm_up: none}
P
run shared
check_lengths shared
paste -d' ' <(column cached_reported < "$WORK/shared.csv") <(column reuse_expected < "$WORK/shared.csv") |
  sort | uniq -c > "$WORK/pairs"
[ "$(awk '$2 != $3 { n += $1 } END { print n + 0 }' "$WORK/pairs")" = 0 ] ||
  fail "cached and expected: $(cat "$WORK/pairs")"
grep -q ' 64 64$' "$WORK/pairs" || fail "no reuse at all: $(cat "$WORK/pairs")"
echo "ok: $(paste -sd';' "$WORK/pairs")"
