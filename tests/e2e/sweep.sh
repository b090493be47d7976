# SPDX-License-Identifier: Apache-2.0
# A sweep: each step a run of its own in one file, as the server saw it; killed in a later step, the
# steps before it stand.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

# plan SWEEP [LOAD]: writes $WORK/plan.yaml for the server that runs.
plan() {
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 16, output_tokens: 4}, calibrate: false}
target: {url: "$URL", model: reference}
load: {self_test: {for: 0}, arrivals: constant, ${2:-requests: 40}}
good: [{metric: ttft.content.due@1, percentile: 50, at_most: 40ms}]
regime: latency
gates: {stamps.refuse: 100%, coalesced.refuse: 100%, unread.refuse: 100%, loop.refuse: 100%, run_delay.refuse: 100%, cpu.refuse: 100%, lateness.refuse: 10s}
trials: {count: 2}
exclude: {warm_up: first 5}
sweep: {over: {$1}}
seed: 3
P
}
run() {
  rm -f "$WORK"/run.asrun*
  : > "$WORK/log"
  "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/run.asrun" --quiet "$@"
  sleep 0.1
  grep ^asrun- "$WORK/log" > "$WORK/seen"
}
json() { python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"; }

# Check says what it would cost, and a sweep of nonsense is refused with the step that it is in.
start_server --ttft 20ms --gap 1ms --log "$WORK/log"
plan 'load.rate: {from: 50/s, to: 200/s, factor: 2}, workload.fixed.output_tokens: [2, 6]'
"$ASRUN" check "$WORK/plan.yaml" > "$WORK/out"
grep -q '^# sweep: 6 steps, 480 requests over at least 5.' "$WORK/out" || fail "cost: $(grep '^# s' "$WORK/out")"
expect_exit 2 "$ASRUN" check "$WORK/plan.yaml" --sweep.over='{load.rate: [4/s, 5]}'
grep -q 'the step with load.rate 5: ' "$WORK/err" || fail "no step named: $(cat "$WORK/err")"

# The server saw each step's rate and lengths, in the declared order; ids and texts go on through
# all of them.
run
awk '$2 == "request" { n++; t[n] = $3 } $5 == "content" { tokens++ }
     END { print n, tokens
           for (s = 0; s < 12; s++) printf "%.0f ", 39 / (t[s * 40 + 40] - t[s * 40 + 1]) * 1e9 }' \
  "$WORK/seen" > "$WORK/rates"
grep -q '^480 1920$' "$WORK/rates" || fail "requests and tokens at the server: $(cat "$WORK/rates")"
awk 'NR == 2 { for (i = 1; i <= 12; i++) { want = i <= 4 ? 50 : i <= 8 ? 100 : 200
       if ($i < 0.7 * want || $i > 1.4 * want) exit 1 } }' "$WORK/rates" || fail "rates: $(cat "$WORK/rates")"
"$ASRUN" show "$WORK/run.asrun" samples --csv | column request_id | sort > "$WORK/ids"
awk '$2 == "request" { print $1 }' "$WORK/seen" | sort | diff - "$WORK/ids" > /dev/null || fail "ids differ"

# The map; and each step as a claim of its own, whose ledger, schedule and plan are the step's.
"$ASRUN" claim "$WORK/run.asrun" > "$WORK/map"
[ "$(grep -c ' met$' "$WORK/map")" = 6 ] || fail "the map: $(cat "$WORK/map")"
"$ASRUN" claim "$WORK/run.asrun" --json | json '[len(d["steps"]), d["keys"], "score" in d,
  d["steps"][3]["overrides"], d["steps"][3]["claim"]["ledger"]["counted"]]' > "$WORK/got"
echo "[6, ['load.rate', 'workload.fixed.output_tokens'], False, {'load.rate': '100/s', 'workload.fixed.output_tokens': '6'}, 70]" |
  diff - "$WORK/got" || fail "the map as JSON"
"$ASRUN" show "$WORK/run.asrun" ledger | grep -c 'balances: 70 + 10 + 0 = 80' | grep -qx 6 || fail "ledgers"
"$ASRUN" show "$WORK/run.asrun" plan --step 5 > "$WORK/out"
grep -q '"rate": "200/s"' "$WORK/out" || fail "the step's plan"
"$ASRUN" show "$WORK/run.asrun" samples --csv --step 5 | column trial | sort -u | tr '\n' ' ' | grep -qx '0 1 ' || fail "trials of a step"

# A step's schedule is that of the same plan without a sweep.
digest=$("$ASRUN" check "$WORK/plan.yaml" --sweep=null --load.rate=100/s --workload.fixed.output_tokens=6 |
  sed -n 's/^# digest: //p')
"$ASRUN" show "$WORK/run.asrun" summary --json --step 3 > "$WORK/out"
grep -q "\"schedule_digest\": \"$digest\"" "$WORK/out" || fail "schedule of a step"

# Shuffled: the same steps in another order; zip: as many steps as values.
run --sweep.order=shuffled --load.requests=10 --trials.count=1
"$ASRUN" show "$WORK/run.asrun" steps --csv | column overrides > "$WORK/shuffled" || true
[ "$(awk '$2 == "request"' "$WORK/seen" | wc -l)" = 60 ] || fail "shuffled steps"
first=$(awk '$5 == "content" { n[$1]++ } $2 == "request" { o[++k] = $1 } END { for (i = 1; i <= k; i += 10) printf "%d ", n[o[i]] }' "$WORK/seen")
[ "$first" != "2 6 2 6 2 6 " ] || fail "not shuffled: $first"

# Two targets: the facts of each belong to its own steps.
FIRST_URL=$URL FIRST_PID=$SERVER_PID
SERVER_PID=
start_server --ttft 60ms --gap 1ms
trap 'kill "$FIRST_PID" 2>/dev/null || true; cleanup' EXIT
plan "target.url: [\"$FIRST_URL\", \"$URL\"], declare.precision: [bf16, fp8]" 'rate: 100/s, requests: 40'
run --sweep.combine=zip
"$ASRUN" claim "$WORK/run.asrun" --json | json '[(s["answer"], s["claim"]["workload"]["url"][-9:],
  [f["value"] for f in s["claim"]["facts"]["declared"]]) for s in d["steps"]]' > "$WORK/got"
echo "[('met', '${FIRST_URL: -9}', ['bf16']), ('not met', '${URL: -9}', ['fp8'])]" | diff - "$WORK/got" || fail "two targets"
"$ASRUN" show "$WORK/run.asrun" facts --csv > "$WORK/facts"
grep -q '^declared#2,precision,fp8' "$WORK/facts" || fail "scopes of facts"
stop_server
SERVER_PID=$FIRST_PID URL=$FIRST_URL

# Killed in the third step: the first two stand as they would alone, the rest says why not.
plan 'load.rate: [100/s, 200/s, 10/s, 100/s]' 'requests: 40'
"$ASRUN" run "$WORK/plan.yaml" -o "$WORK/killed.asrun" --quiet & pid=$!
for _ in $(seq 200); do
  case "$("$ASRUN" show "$WORK/killed.asrun" summary --json --read-only 2>/dev/null || true)" in *'"trial": 4,'*) break ;; esac
  sleep 0.05
done
sleep 1
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
expect_exit 3 "$ASRUN" claim "$WORK/killed.asrun"
"$ASRUN" claim "$WORK/killed.asrun" --json > "$WORK/json" || true
json '[(s["claim"]["state"], s["claim"]["ledger"]["balanced"], s["claim"]["ledger"]["executed"] == 80,
  s["claim"]["ledger"]["executed"] == 0) for s in d["steps"]]' < "$WORK/json" > "$WORK/got"
echo "[('complete', True, True, False), ('complete', True, True, False), ('killed', True, False, False), ('killed', True, False, True)]" |
  diff - "$WORK/got" || fail "killed in a step"

stop_server
echo "ok: a sweep"
