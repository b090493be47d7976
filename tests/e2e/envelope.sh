#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The envelope of this host, as short as it gets: what is printed is what the file holds.
. "$(dirname "$0")/common.bash"

expect_exit 2 "$ASRUN" envelope --blas /nowhere/libblas.so
expect_exit 2 "$ASRUN" envelope --threads 0
expect_exit 2 "$ASRUN" envelope --threads 1000
expect_exit 2 "$ASRUN" envelope --for 0
expect_exit 2 "$ASRUN" envelope --blas "$BLAS_DOUBLE" --for 1ms extra
expect_exit 2 "$ASRUN" envelope --blas "$CUDA_DOUBLE" # a library, but no BLAS
grep -q 'no cblas_sgemm' "$WORK/err" || fail "what is wrong with it is not said: $(cat "$WORK/err")"

# What is refused leaves no file that would be in the way of the corrected call.
expect_exit 2 "$ASRUN" envelope -o "$WORK/n.asrun" --threads 0
expect_exit 2 "$ASRUN" envelope -o "$WORK/n.asrun" --threads 1000
expect_exit 2 "$ASRUN" envelope -o "$WORK/n.asrun" --blas /nowhere/libblas.so
[ -z "$(find "$WORK" -name 'n.asrun*')" ] || fail "a refused envelope left $(find "$WORK" -name 'n.asrun*')"

"$ASRUN" envelope -o "$WORK/e.asrun" --for 1ms --threads 1 --blas "$BLAS_DOUBLE" --json --quiet > "$WORK/e.json" ||
  fail "exit $?"
expect_exit 5 "$ASRUN" envelope -o "$WORK/e.asrun" --for 1ms # evidence is never overwritten
jq -e '.words | test("does not predict")' "$WORK/e.json" > /dev/null || fail "the words are missing"
for name in memory.copy memory.scale memory.add memory.triad memory.read memory.latency gemm.f32 gemm.f64; do
  jq -e --arg n $name 'any(.ceilings[]; .name == $n and .median > 0 and .repetitions >= 11)' "$WORK/e.json" > /dev/null ||
    fail "no $name: $(jq -c '.ceilings[] | [.name, .median]' "$WORK/e.json")"
done
jq -e '[.ceilings[] | select(.name == "gemm.f64")][0].median | . > 1e9 and . < 5.001e9' "$WORK/e.json" > /dev/null ||
  fail "the BLAS that takes as long as 5 Gflop/s is told as $(jq -c '.ceilings[] | select(.name == "gemm.f64")' "$WORK/e.json")"
jq -e 'any(.notMeasured[]; .name == "gemm.bf16") and any(.notMeasured[]; .name | startswith("blas.threads"))' "$WORK/e.json" \
  > /dev/null || fail "what it lacks is not said: $(jq -c .notMeasured "$WORK/e.json")"
jq -e 'any(.facts[]; .name == "blas.config" and .value == "a double of tests" and .known == "reported")' "$WORK/e.json" \
  > /dev/null || fail "the library's words: $(jq -c .facts "$WORK/e.json")"

# What is read back is what was told, and follows from the repetitions in the file.
"$ASRUN" show "$WORK/e.asrun" --json > "$WORK/shown.json" || fail "show: exit $?"
diff <(jq -S .ceilings "$WORK/e.json") <(jq -S .ceilings "$WORK/shown.json") > /dev/null || fail "show tells other figures"
python3 - "$WORK/e.asrun" "$WORK/e.json" <<'PY' || fail "the figures do not follow from the file"
import json, sqlite3, statistics, sys
db = sqlite3.connect(sys.argv[1])
told = json.load(open(sys.argv[2]))["ceilings"]
lengths = {}
for (text,) in db.execute("select text from note where kind = 'repetition'"):
    at, ns = text.split()
    lengths.setdefault(int(at), []).append(int(ns) / 1e9)
for at, c in enumerate(told):
    meta = json.loads(db.execute("select value from meta where key = ?", (f"ceiling.{at}",)).fetchone()[0])
    v = sorted(s / meta["work"] if meta["unit"] == "s" else meta["work"] / s for s in lengths[at])
    median = v[(len(v) + 1) // 2 - 1]
    assert len(v) == c["repetitions"] and abs(median / c["median"] - 1) < 1e-5, (c, median)
PY
"$ASRUN" show "$WORK/e.asrun" > "$WORK/out" || fail "show: exit $?"
grep -q 'memory.triad' "$WORK/out" || fail "no table: $(cat "$WORK/out")"
awk 'length > 100 && !/^run / { exit 1 }' "$WORK/out" || fail "a line is too wide"
expect_exit 3 "$ASRUN" claim "$WORK/e.asrun"
grep -q 'kind envelope' "$WORK/err" || fail "claim: $(cat "$WORK/err")"
expect_exit 3 "$ASRUN" show "$WORK/e.asrun" ledger
"$ASRUN" show "$WORK/e.asrun" facts > "$WORK/out" || fail "show facts: exit $?"

# Beside a claim: what the model must have moved, of what the host can.
start_server --ttft 30ms --gap 10ms
cat > "$WORK/p.yaml" <<Y
asrun: 1
workload: {fixed: {input_tokens: 16, output_tokens: 9}}
target: {url: "$URL", model: ref}
load: {arrivals: constant, rate: 5/s, requests: 15, self_test: {for: 0}}
exclude: {warm_up: none}
model: {parameters: 1e6, bytes_per_parameter: 2, kv_bytes_per_token: 1000}
Y
"$ASRUN" run "$WORK/p.yaml" -o "$WORK/r.asrun" --quiet > /dev/null 2>&1 || fail "run: exit $?"
"$ASRUN" claim "$WORK/r.asrun" --envelope "$WORK/e.asrun" --json > "$WORK/r.json" || [ $? = 3 ] || fail "claim: exit $?"
jq -e '.utilisation | .absent == null and .model.parameters.known == "declared" and .envelope.targetIsHere and .envelope.differs == null
  and (.envelope.words | test("does not predict"))' "$WORK/r.json" > /dev/null || fail "utilisation: $(jq -c .utilisation "$WORK/r.json")"
# 9 tokens 10 ms apart, one request at a time: 2 MB and more a step, 100 steps a second.
jq -e '.utilisation.decode | .bytesPerSecond.least > 1.6e8 and .bytesPerSecond.most < 2.4e8 and .operationsPerSecond.least > 1.6e8
  and (.bytesPerSecond.beside[] | select(.ceiling == "memory.read") | .leastShare > 0 and .leastShare < 1)' "$WORK/r.json" > /dev/null ||
  fail "decode: $(jq -c .utilisation.decode "$WORK/r.json")"
python3 - "$SOURCE/schema/claim.schema.json" "$WORK/r.json" <<'PY' || fail "not as the schema says"
import json, sys
try:
    from jsonschema import Draft7Validator
except ImportError:
    sys.exit(0)
for e in Draft7Validator(json.load(open(sys.argv[1]))).iter_errors(json.load(open(sys.argv[2]))):
    sys.exit(str(e)[:400])
PY
jq -e 'any(.limitedBy.evidence[]; test("bandwidth binds it is not shown"))' "$WORK/r.json" > /dev/null ||
  fail "a decode of 0.2 GB/s: $(jq -c .limitedBy.evidence "$WORK/r.json")"
"$ASRUN" claim "$WORK/r.asrun" --envelope "$WORK/e.asrun" > "$WORK/out" || [ $? = 3 ] || fail "claim: exit $?"
grep -q 'does not predict' "$WORK/out" || fail "the words are missing: $(grep -A8 Utilisation "$WORK/out")"
expect_exit 2 "$ASRUN" claim "$WORK/r.asrun" --envelope "$WORK/r.asrun" # a run is no envelope
echo "envelope: ok"
