#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# asrun check: bad plans are refused with their place, good ones give a stable effective plan, and
# the effective plan is valid by the published schema.
set -uo pipefail
vectors=$SOURCE/tests/vectors
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() { echo "FAILED: $*"; failed=1; }

# bad NAME: exit 2, nothing on stdout, the expected words on stderr, and no secret anywhere.
bad() {
  local plan=$vectors/bad-plans/$1.yaml code=0
  "$ASRUN" check "$plan" >"$work/out" 2>"$work/err" || code=$?
  [ "$code" = 2 ] || complain "$1: exit $code, expected 2"
  [ ! -s "$work/out" ] || complain "$1: wrote to stdout"
  grep -qF -- "$(cat "$vectors/bad-plans/$1.expect")" "$work/err" ||
    complain "$1: expected '$(cat "$vectors/bad-plans/$1.expect")', got: $(cat "$work/err")"
  ! grep -q hunter2 "$work/err" || complain "$1: repeats a secret"
}

# good FILE: exit 0; the effective plan, read as a plan, gives itself again.
good() {
  local name
  name=$(basename "$1" .yaml)
  "$ASRUN" check "$1" >"$work/$name.yaml" 2>"$work/err" ||
    { complain "$1: $(cat "$work/err")"; return; }
  "$ASRUN" check "$work/$name.yaml" >"$work/again" 2>&1
  cmp -s "$work/$name.yaml" "$work/again" ||
    complain "$1: effective plan changes: $(diff "$work/$name.yaml" "$work/again" | head -20)"
  "$ASRUN" check "$1" --json >"$work/$name.json" || complain "$1: --json"
}

# flag 'EXPECTED' PLAN FLAGS...: the flags' plan is refused with these words.
flag() {
  local expected=$1 code=0
  shift
  "$ASRUN" check "$@" >/dev/null 2>"$work/err" || code=$?
  [ "$code" = 2 ] || complain "$*: exit $code, expected 2"
  grep -qF -- "$expected" "$work/err" || complain "$*: expected '$expected', got: $(cat "$work/err")"
}

count=0
for expect in "$vectors"/bad-plans/*.expect; do
  bad "$(basename "$expect" .expect)"
  count=$((count + 1))
done
[ "$count" -ge 40 ] || complain "only $count bad plans"
cp "$vectors"/plans/*.jsonl "$work" # the profile stands beside its plan
for plan in "$vectors"/plans/*.yaml "$SOURCE"/targets/plans/*.yaml; do
  good "$plan"
done

plan=$vectors/plans/constant.yaml
flag "command line: load.rate: '5' does not fit; it takes a rate" "$plan" --load.rate=5
flag "command line: load.rat: is not a key; did you mean load.rate?" "$plan" --load.rat=5/s
flag "no option '--fast'" "$plan" --fast
flag "name a plan" --json
flag "no/such/plan.yaml: No such file" no/such/plan.yaml
"$ASRUN" check "$plan" --json --load.threads=4 --target.url=http://127.0.0.1:9/v1 |
  grep '"digest"' >"$work/other"
"$ASRUN" check "$plan" --json | grep '"digest"' >"$work/same"
cmp -s "$work/other" "$work/same" || complain "the schedule depends on threads or target"
"$ASRUN" check "$plan" --declare.gpu.name=H100 | grep -q '^  gpu.name: H100$' ||
  complain "--declare.gpu.name=H100 is not in the effective plan"

if python3 -c 'import jsonschema' 2>/dev/null; then
  "$ASRUN" check --schema >"$work/schema"
  python3 "$vectors/validate.py" "$work/schema" "$work"/*.json || complain "schema"
else
  echo "skipped: schema validation (python3-jsonschema is not installed)"
fi
[ "$failed" = 0 ] && echo "$count bad plans refused, good plans stable"
exit "$failed"
