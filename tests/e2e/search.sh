# SPDX-License-Identifier: Apache-2.0
# timed
# A search against a planted knee: four slots of 24 ms each serve 1/0.024 * 4 = 167 requests/s at most, so
# the highest rate that meets a limit lies below, and a closed loop of more than four slots waits.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

# plan LOAD LIMIT SEARCH
plan() {
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 16, output_tokens: 5}, calibrate: false}
target: {url: "$URL", model: reference}
load: {self_test: {for: 0}, $1}
good: [{metric: latency.${4:-due}@1, percentile: 90, at_most: $2}]
regime: latency
gates: {stamps.refuse: 100%, coalesced.refuse: 100%, unread.refuse: 100%, loop.refuse: 100%, run_delay.refuse: 100%, cpu.refuse: 100%, lateness.refuse: 10s}
exclude: {warm_up: first 40}
search: {$3}
seed: 3
P
}
get() { python3 -c "import json, sys; d = json.load(sys.stdin); s = d['search']; n = d['steps']; print($1)" < "$WORK/json"; }
run() {
  rm -f "$WORK"/run.asrun*
  "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/run.asrun" --quiet 2> /dev/null
  "$ASRUN" claim "$WORK/run.asrun" --json > "$WORK/json" && code=0 || code=$?
}

start_server --ttft 20ms --gap 1ms --slots 4

# Slots: with four at a time nobody waits (24 ms), with more somebody does.
plan 'arrivals: closed, requests: 160' 33ms 'key: load.concurrency, from: 1, to: 32, resolution: 1%, repeats: 1' sent
"$ASRUN" check "$WORK/plan.yaml" > "$WORK/out"
grep -q '^# search: .* at most 30 steps' "$WORK/out" || fail "check says nothing of the search"
run
get 's["met"] == 4 and s["notMet"] in (5, 6)' | grep -qx True || fail "slots: exit $code, $("$ASRUN" claim "$WORK/run.asrun")"
get 'max(int(x["overrides"]["load.concurrency"]) for x in n) <= 8' | grep -qx True || fail "more than twice what it can do"
get '[x["why"] for x in n]' | grep -q 'twice as much' || fail "no reason for a step"

# A rate: an M/D/4 queue; whatever met is below what can be served, whatever did not is above nothing
# that the queue would stand with ease.
plan 'arrivals: poisson, requests: 300' 60ms 'key: load.rate, from: 40/s, to: 320/s, resolution: 25%, repeats: 0, steps: 8'
run
get 's["met"]' | awk '{ exit !($1 >= 80 && $1 < 167) }' || fail "highest rate that met: $("$ASRUN" claim "$WORK/run.asrun")"
get 's["notMet"]' | awk '{ exit !($1 == "None" || ($1 > 120 && $1 <= 320)) }' || fail "lowest that did not: $("$ASRUN" claim "$WORK/run.asrun")"
"$ASRUN" show "$WORK/run.asrun" notes --csv > "$WORK/notes"
[ "$(grep -c ',search,' "$WORK/notes")" = "$(get 'len(n)')" ] || fail "a note a step"
"$ASRUN" show "$WORK/run.asrun" summary --json --step 1 | python3 -c '
import json, sys
d = json.load(sys.stdin)
sys.exit(not (d["ledger"]["balances"] and d["state"] == "complete" and d["ledger"]["scheduled"] == 300))' || fail "a step as a run"

# Not even the lowest load: exit 1. A range that ends too early: met, and said so.
plan 'arrivals: constant, requests: 120' 10ms 'key: load.rate, from: 50/s, to: 100/s'
run
[ "$code" = 1 ] && [ "$(get 's["met"], s["notMet"]')" = 'None 50.0' ] || fail "hopeless: $code $(get 's')"
plan 'arrivals: constant, requests: 120' 900ms 'key: load.rate, from: 50/s, to: 100/s'
run
[ "$code" = 0 ] && [ "$(get 's["met"], s["notMet"]')" = '100.0 None' ] || fail "beyond: $code $(get 's')"
"$ASRUN" claim "$WORK/run.asrun" > "$WORK/out"
grep -q 'the limit lies beyond' "$WORK/out" || fail "not said that the limit lies beyond"

stop_server
echo "ok: searches"
