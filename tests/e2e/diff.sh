# SPDX-License-Identifier: Apache-2.0
# Two runs side by side: what differs, the most telling first; what can't be told is said and has an exit code of its
# own. Planted secrets show nowhere.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

key=sk-planted4f6a1c93e7b2d805 header=planted77aa55ee33cc
export PLANTED_KEY=$key PLANTED_HEADER=$header
printf '%s\n' "$key" > "$WORK/key"
plan() { # KEY REQUESTS
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {family: test, calibrate: false, fixed: {input_tokens: 8, output_tokens: 5}}
target: {url: "$URL", model: test, api_key: "$1", headers: {X-Api-Token: "env:PLANTED_HEADER"}}
load: {self_test: {for: 0}, arrivals: constant, rate: 50/s, requests: $2}
exclude: {warm_up: none}
P
}
clean() { # FILE: no secret in it
  ! grep -q -e "$key" -e "$header" "$1" || fail "a secret shows in $1: $(grep -a -n -m 1 -e "$key" -e "$header" "$1" | cut -c 1-200)"
}

start_server --gap 1ms
plan env:PLANTED_KEY 20
for name in a b; do
  expect_exit 0 "$ASRUN" run "$WORK/plan.yaml" --quiet -o "$WORK/$name.asrun"
done
expect_exit 0 "$ASRUN" run "$WORK/plan.yaml" --quiet --seed=7 --declare.precision=bf16 -o "$WORK/c.asrun"
plan "file:$WORK/key" 20
expect_exit 0 "$ASRUN" run "$WORK/plan.yaml" --quiet -o "$WORK/f.asrun"

# The reference server tells neither its name nor what it runs: nobody can call the two runs the same.
got=0
"$ASRUN" diff "$WORK/a.asrun" "$WORK/b.asrun" > "$WORK/out" || got=$?
case $got in # conditions of a busy machine may differ for real
  3) grep -q "^Nothing is seen to differ, but what would tell is not known" "$WORK/out" || fail "exit 3 without a word";;
  1) grep -q "  - conditions, " "$WORK/out" || fail "the same plan and server differ: $(cat "$WORK/out")"
     ! grep -q -E "  - (plan|stack|system), .*: A .*; B " "$WORK/out" || fail "the same plan and server differ: $(cat "$WORK/out")";;
  *) fail "exit $got: $(cat "$WORK/out")";;
esac
grep -q "dispatch, functions of the engine: unknown in A and B" "$WORK/out" || fail "silent about what was dispatched: $(cat "$WORK/out")"
grep -q "stack, target.engine.name: unknown in A and B" "$WORK/out" || fail "silent about the engine: $(cat "$WORK/out")"

# Another seed, and a fact that only one of them declares.
expect_exit 1 "$ASRUN" diff --json "$WORK/a.asrun" "$WORK/c.asrun"
python3 - "$WORK/out" <<'P'
import json, sys
d = json.load(open(sys.argv[1]))
assert d["result"] == "differs", d["result"]
differs = [i["name"] for i in d["differs"]]
assert "seed" in differs and "prompts" in differs, differs
parts = [i["part"] for i in d["differs"]]
order = ["dispatch", "stack", "plan", "system", "conditions", "other"]
plan = [i for i, p in enumerate(parts) if p == "plan"]
assert all(p == "conditions" or p == "other" for p in parts[plan[-1] + 1:] if p not in ("plan", "stack", "system")), parts
seed = next(i for i in d["differs"] if i["name"] == "seed")
assert (seed["a"], seed["b"]) == ("1", "7"), seed
declared = next(i for i in d["unknown"] if i["name"] == "declared.precision")
assert declared["a"] is None and declared["b"] == "bf16" and declared["why"].startswith("unknown in A"), declared
names = [i["part"] + "," + i["name"] for l in ("differs", "unknown", "same") for i in d[l]]
assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)
assert not any(n.endswith(".pid") or "load.average" in n for n in names)
P

for pair in "a c" "a f"; do
  for form in "" --json; do
    # shellcheck disable=SC2086
    "$ASRUN" diff $form "$WORK/${pair% *}.asrun" "$WORK/${pair#* }.asrun" > "$WORK/out" 2>&1 || true
    clean "$WORK/out"
  done
done
for format in system-desc otel-resource; do
  expect_exit 0 "$ASRUN" export "$WORK/a.asrun" --format $format
  python3 -m json.tool "$WORK/out" > /dev/null || fail "$format is no JSON"
  clean "$WORK/out"
done
grep -q '"key": "server.port"' "$WORK/out" || fail "no server.port among the attributes"
expect_exit 2 "$ASRUN" export "$WORK/a.asrun" --format toml
clean "$WORK/a.asrun"
clean "$WORK/f.asrun"

# A secret where none belongs is refused, and not repeated.
for flag in --assume="[\"key $key\"]" --declare.note="$key" --stack.require.note="$key" --question="why $key"; do
  expect_exit 2 "$ASRUN" check "$WORK/plan.yaml" "$flag"
  grep -q "looks like a secret" "$WORK/err" || fail "$flag is refused for another reason: $(cat "$WORK/err")"
  clean "$WORK/err"
done

expect_exit 2 "$ASRUN" diff "$WORK/a.asrun"
expect_exit 2 "$ASRUN" diff "$WORK/a.asrun" "$WORK/none.asrun"
echo "ok"
