# SPDX-License-Identifier: Apache-2.0
# A plan changes the limits of gates@1: what it changes is in the claim beside the limit it replaces; what
# a gate voids is said at the end of the run, which exits 0 all the same, and refused by the claim.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

plan() { # GATES
  cat > "$WORK/plan.yaml" <<P
asrun: 1
question: Are the gaps within 10 s?
good: [{metric: itl.gap@1, percentile: 50, at_most: 10s}]
regime: latency
workload: {family: test, calibrate: false, fixed: {input_tokens: 8, output_tokens: 5}}
target: {url: "$URL", model: test}
load: {self_test: {for: 0}, arrivals: constant, rate: 50/s, requests: 50}
exclude: {warm_up: none}
gates: $1
P
}

start_server --gap 1ms
lenient="lateness.warn: 100s, lateness.refuse: 100s, cpu.warn: 100%, cpu.refuse: 100%, run_delay.warn: 100%"
lenient="$lenient, run_delay.refuse: 100%, loop.refuse: 100%, coalesced.refuse: 100%, unread.refuse: 100%"
lenient="$lenient, stamps.refuse: 100%, headroom.warn: 0, headroom.refuse: 0"
plan "{$lenient}"
expect_exit 0 "$ASRUN" run "$WORK/plan.yaml" --quiet -o "$WORK/lenient.asrun"
! grep warning "$WORK/err" || fail "a gate took something away"
expect_exit 0 "$ASRUN" claim "$WORK/lenient.asrun"
grep -q "gate changed: cpu.refuse = 100% (gates@1: 85 %)" "$WORK/out" || fail "a changed gate is not named"

plan "{$lenient}"
expect_exit 0 "$ASRUN" run "$WORK/plan.yaml" --quiet --gates.lateness.warn=0 --gates.lateness.refuse=1ns \
  -o "$WORK/strict.asrun"
grep -q "^warning: the client was no fit instrument: p99 of sending after the due time .*; void: .*ttft.content.due@1" \
  "$WORK/err" || fail "the run says nothing of what is void: $(cat "$WORK/err")"
expect_exit 6 "$ASRUN" claim "$WORK/strict.asrun"
expect_exit 6 "$ASRUN" claim --json "$WORK/strict.asrun"
python3 - "$WORK/out" <<'P'
import json, sys
claim = json.load(open(sys.argv[1]))
gate = next(g for g in claim["instrument"]["client"]["gates"] if g["gate"] == "lateness")
assert gate["refuseAt"] == 1e-6 and gate["state"] == "refuses" and gate["voids"] == ["send"], gate
void = {m["metric"] for m in claim["metrics"] if m["mean"]["why"].startswith("void")}
assert void == {"ttft.content.due@1", "latency.due@1", "wait.client@1"}, void
P
"$ASRUN" show "$WORK/strict.asrun" seconds --csv > "$WORK/seconds"
sed -n 2p "$WORK/seconds" | grep -q saturated || fail "no second is saturated by the plan's limit: $(cat "$WORK/seconds")"
echo "ok"
