# SPDX-License-Identifier: Apache-2.0
# What a plan requires is checked against facts before the first request: met, met by word only, violated, unknown.
# Four runs, four outcomes; a violation stops (exit 5) before anything is sent, unless the plan says go.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

plan() { # STACK SYSTEM
  cat > "$WORK/plan.yaml" <<P
asrun: 1
question: Are the gaps within 10 s?
good: [{metric: itl.gap@1, percentile: 50, at_most: 10s}]
regime: latency
workload: {family: test, calibrate: false, fixed: {input_tokens: 8, output_tokens: 5}}
target: {url: "$URL", model: test}
load: {self_test: {for: 0}, arrivals: constant, rate: 50/s, requests: 20}
exclude: {warm_up: none}
declare: {precision: bf16}
gates: {lateness.refuse: 100s, cpu.refuse: 100%, run_delay.refuse: 100%, loop.refuse: 100%, coalesced.refuse: 100%,
  unread.refuse: 100%, stamps.refuse: 100%}
stack: {require: {$1}}
system: {require: {$2}}
P
}
# outcomes FILE: NAME OUTCOME KNOWN a line, from the claim.
outcomes() {
  "$ASRUN" claim --json "$1" > "$WORK/claim.json" || true
  python3 - "$WORK/claim.json" "$SOURCE/schema/claim.schema.json" <<'P'
import json, sys
claim = json.load(open(sys.argv[1]))
for q in claim["requirements"]:
    print(q["name"], q["outcome"] + ",", q["known"])
try:
    import jsonschema
except ImportError:
    sys.exit(0)
jsonschema.validate(claim, json.load(open(sys.argv[2])))
P
}
run() { # NAME FLAG...
  local name=$1
  shift
  expect_exit 0 "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/$name.asrun" "$@"
}

start_server --gap 1ms

# Met, by what asrun saw itself.
plan "" "kernel: \"$(uname -r)\", arch: [ppc64, $(uname -m)], host.kernel.release: \">=2.6\""
run met
! grep -q "^required:" "$WORK/err" || fail "something is said of requirements that are met: $(cat "$WORK/err")"
[ "$(outcomes "$WORK/met.asrun" | sort | tr '\n' ';')" = \
  "system.arch met, measured;system.host.kernel.release met, measured;system.kernel met, measured;" ] ||
  fail "not all are met: $(outcomes "$WORK/met.asrun")"
expect_exit 0 "$ASRUN" claim "$WORK/met.asrun"
! grep -q "by word only" "$WORK/out" || fail "a word is seen where none was needed"

# Met only by a word: the engine's, and the plan's own.
plan "model: \"ref*\", precision: BFloat16" ""
run word
grep -q "^required: stack.precision is met by word only: wants BFloat16; declared.precision is bf16 (declared: plan)" \
  "$WORK/err" || fail "the run says nothing of a word: $(cat "$WORK/err")"
[ "$(outcomes "$WORK/word.asrun" | sort | tr '\n' ';')" = \
  "stack.model met by word only, reported;stack.precision met by word only, declared;" ] ||
  fail "no word is seen: $(outcomes "$WORK/word.asrun")"
expect_exit 0 "$ASRUN" claim "$WORK/word.asrun"
tr -s '\n ' ' ' < "$WORK/out" > "$WORK/text"
grep -q "where required model ref\* was met by word only (reported), required precision BFloat16 was met by word only (declared)" \
  "$WORK/text" || fail "the sentence hides a word: $(cat "$WORK/out")"
grep -q "required, and met by word only: stack.model (reported), stack.precision (declared)" "$WORK/text" ||
  fail "the verdict hides a word"

# Violated: nothing is sent, nothing is written.
plan "precision: [fp8, fp16]" ""
expect_exit 5 "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/violated.asrun"
grep -q "stack.require.precision is violated: the plan wants fp8 or fp16; declared.precision is bf16 (declared: plan); nothing was sent" \
  "$WORK/err" || fail "the violation is not told: $(cat "$WORK/err")"
[ ! -e "$WORK/violated.asrun" ] || fail "evidence of a run that never was"

# The same, and the plan goes on: the claim says so.
run go --stack.on_violation=go
[ "$(outcomes "$WORK/go.asrun")" = "stack.precision violated, declared" ] || fail "no violation: $(outcomes "$WORK/go.asrun")"
"$ASRUN" claim "$WORK/go.asrun" > "$WORK/out"
tr -s '\n ' ' ' < "$WORK/out" > "$WORK/text"
grep -q "the run went on although what it requires is violated: stack.precision" "$WORK/text" || fail "the claim hides a violation"
grep -q "required precision fp8 or fp16 was violated" "$WORK/text" || fail "the sentence hides a violation"

# Nothing tells: the run goes on, the claim is qualified.
plan "kv_cache.precision: fp8" "nonesuch: \">=2\""
run unknown
[ "$(outcomes "$WORK/unknown.asrun" | sort | tr '\n' ';')" = \
  "stack.kv_cache.precision unknown, unknown;system.nonesuch unknown, unknown;" ] || fail "not unknown: $(outcomes "$WORK/unknown.asrun")"
expect_exit 0 "$ASRUN" claim "$WORK/unknown.asrun"
tr -s '\n ' ' ' < "$WORK/out" > "$WORK/text"
grep -q "required, but not known to hold: stack.kv_cache.precision, system.nonesuch" "$WORK/text" || fail "the verdict hides an unknown"

stop_server
requests=0
for name in met word go unknown; do
  requests=$((requests + $("$ASRUN" show "$WORK/$name.asrun" samples --csv | wc -l) - 1))
done
grep -q "^refserver: $requests requests" "$WORK/server.err" || fail "$requests samples, and the target saw $(cat "$WORK/server.err")"

# What can't be compared is an error of the plan.
URL=http://127.0.0.1:1/v1
plan "driver: \">=new\"" ""
expect_exit 2 "$ASRUN" check "$WORK/plan.yaml"
grep -q "stack.require.driver: '>=new' compares with no version" "$WORK/err" || fail "a senseless comparison: $(cat "$WORK/err")"
echo "ok"
