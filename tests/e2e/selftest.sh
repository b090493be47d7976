# SPDX-License-Identifier: Apache-2.0
# timed
# The client is tested against a null server before a run: what it can do and what it adds is in the evidence and
# in the claim; a load far beyond it is refused by name; no server is left behind, whatever ends the run.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

plan() { # LOAD
  cat > "$WORK/plan.yaml" <<P
asrun: 1
question: Are the gaps within 10 s?
good: [{metric: itl.gap@1, percentile: 50, at_most: 10s}]
regime: latency
workload: {family: test, calibrate: false, fixed: {input_tokens: 8, output_tokens: 20}}
target: {url: "$URL", model: test}
load: {$1}
exclude: {warm_up: none}
P
}
fact() { "$ASRUN" show "$1" self_test --csv | awk -F, -v name="$2" '$2 == name { print $3 }'; }
children() { pgrep -P "$1" || true; }

start_server --gap 5ms
plan "arrivals: poisson, rate: 50/s, duration: 2s, self_test: {for: 1s}"
expect_exit 0 "$ASRUN" check "$WORK/plan.yaml"
grep -q "^# self-test: about 1.00 s before the run" "$WORK/out" || fail "check doesn't say what the self-test costs"
expect_exit 0 "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/run.asrun"
grep -q "^self-test: this client can take" "$WORK/err" || fail "the run says nothing of its self-test: $(cat "$WORK/err")"
expect_exit 0 "$ASRUN" claim --json "$WORK/run.asrun"
python3 - "$WORK/run.asrun" "$WORK/out" <<'P'
import json, sqlite3, sys
facts = {name: float(value) for name, value in sqlite3.connect("file:%s?mode=ro&immutable=1" % sys.argv[1], uri=True).execute(
    "select name, value from self_test where value is not null and name != 'protocol'")}
assert 500 < facts["planned.events_per_s"] < 1500, facts
assert facts["paced.events_per_s"] > facts["planned.events_per_s"] / 3, facts
assert facts["capacity.events_per_s"] > facts["planned.events_per_s"], facts
assert abs(facts["headroom"] - facts["capacity.events_per_s"] / facts["planned.events_per_s"]) < 1e-3 * facts["headroom"]
assert 0 < facts["added.p50"] <= 1.02 * facts["added.p99"] <= 1.05 * facts["added.max"], facts
assert 1e-7 < facts["cpu_per_event"] < 1e-2 and facts["cpu_per_event"] < facts["cpu_per_request"], facts
assert facts["requests"] > 50, facts
test = json.load(open(sys.argv[2]))["instrument"]["selfTest"]
assert test["made"] and test["capacityEventsPerS"] == facts["capacity.events_per_s"], test
P
samples=$(("$("$ASRUN" show "$WORK/run.asrun" samples --csv | wc -l)" - 1))
stop_server
grep -q "^refserver: $samples requests" "$WORK/server.err" || fail "$samples samples, and the target saw $(cat "$WORK/server.err")"
start_server --gap 5ms

# A load that no client could carry: the headroom refuses what is sent, not the gaps.
plan "arrivals: constant, rate: 1000000/s, requests: 2000, self_test: {for: 500ms}"
expect_exit 0 "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/far.asrun"
grep -q "too little headroom" "$WORK/err" || fail "the run doesn't say that the load is beyond it: $(cat "$WORK/err")"
grep -q "^warning: the client was no fit instrument: what the client can do, over what was asked of it 0\..* times (limit 2); void: .*ttft.content.due@1" \
  "$WORK/err" || fail "the run doesn't say what its headroom voids: $(cat "$WORK/err")"
expect_exit 6 "$ASRUN" claim "$WORK/far.asrun"

# Not made: said so.
plan "arrivals: constant, rate: 50/s, requests: 20, self_test: {for: 0}"
expect_exit 0 "$ASRUN" run "$WORK/plan.yaml" --quiet -o "$WORK/none.asrun"
"$ASRUN" claim "$WORK/none.asrun" > "$WORK/claim" || true
grep -q "self-test against a null server: not run: load.self_test.for is 0" "$WORK/claim" || fail "the claim doesn't say that there was no self-test"

# Killed, or interrupted, in the middle of it.
for signal in KILL INT; do
  rm -f "$WORK/killed.asrun"*
  plan "arrivals: constant, rate: 50/s, requests: 20, self_test: {for: 20s}"
  "$ASRUN" run "$WORK/plan.yaml" --quiet -o "$WORK/killed.asrun" 2> "$WORK/err" & run=$!
  null=
  for _ in $(seq 200); do
    null=$(children "$run")
    [ -z "$null" ] || break
    sleep 0.02
  done
  [ -n "$null" ] || fail "no null server was started"
  sleep 0.3
  kill -"$signal" "$run"
  wait "$run" && code=0 || code=$?
  [ "$signal" = KILL ] || [ "$code" = 130 ] || fail "interrupted: exit $code"
  for _ in $(seq 100); do
    kill -0 "$null" 2>/dev/null || break
    sleep 0.02
  done
  ! kill -0 "$null" 2>/dev/null || fail "SIG$signal leaves the null server behind"
done
echo "ok"
