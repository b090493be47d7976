# SPDX-License-Identifier: Apache-2.0
# timed
# Waiting for a slot is latency. An open loop offers more than a cap on what is in flight lets through: counted
# from the sending, every request looks as fast as the server; counted from when it was due, as from the plan's
# times and the server's own log, the queue at the client is in it, and stands beside it by name.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

start_server --ttft 100ms --gap 5ms --keep-alive honest --log "$WORK/log"
cat > "$WORK/plan.yaml" <<P
asrun: 1
question: What does a cap on concurrency hide?
good: [{metric: latency.due@1, percentile: 99, at_most: 500ms}]
regime: latency
workload: {fixed: {input_tokens: 12, output_tokens: 6}, calibrate: no}
target: {url: "$URL", model: reference}
load: {arrivals: constant, rate: 50/s, requests: 80, max_in_flight: 4}
exclude: {warm_up: none}
gates: {cap.refuse: 100%, lateness.refuse: 10s} # the cap is what is looked at
P
"$ASRUN" run "$WORK/plan.yaml" -o "$WORK/x.asrun" --quiet
stop_server # its log is whole now
"$ASRUN" show "$WORK/x.asrun" samples --csv > "$WORK/x.csv"
"$ASRUN" claim "$WORK/x.asrun" --json > "$WORK/claim.json" || true
"$ASRUN" claim "$WORK/x.asrun" > "$WORK/claim" || true
anchor=$(sqlite3 "$WORK/x.asrun" "select value from meta where key = 'anchor_mono_ns'")
begin=$(sqlite3 "$WORK/x.asrun" "select start_ns from trial")
python3 - "$WORK" "$anchor" "$begin" <<'PY'
import csv, json, sys
work, anchor, begin = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
N, RATE, CAP = 80, 50, 4
first, last = {}, {}
for line in open(work + "/log"):
    f = line.split()
    if len(f) == 5 and f[0].startswith("asrun-"):
        i, ns = int(f[0].rsplit("-", 1)[1]), int(f[2])
        first.setdefault(i, ns)
        last[i] = max(last.get(i, 0), ns)
assert len(last) == N, len(last)
due = [anchor + begin + i * 1000000000 // RATE for i in range(N)]
truth = sorted((last[i] - due[i]) / 1e9 for i in range(N))  # by the plan and the server, not by asrun
claim = json.load(open(work + "/claim.json"))
rows = list(csv.DictReader(open(work + "/x.csv")))
told = sorted((int(r["end_ns"]) - int(r["due_ns"])) / 1e9 for r in rows)
sent = sorted((int(r["end_ns"]) - int(r["sent_ns"])) / 1e9 for r in rows)
wait = sorted((int(r["sent_ns"]) - int(r["due_ns"])) / 1e9 for r in rows)
mean = lambda v: sum(v) / len(v)
for r in rows:  # what was due stays due
    i = int(r["request_id"].rsplit("-", 1)[1])
    assert anchor + int(r["due_ns"]) == due[i], (i, r["due_ns"], due[i] - anchor)
worst = max(abs(a - b) for a, b in zip(truth, told))
assert worst < 0.05, worst
assert mean(truth) > 3 * mean(sent), (mean(truth), mean(sent))  # what a tool that counts from the sending hides
assert abs(mean(wait) + mean(sent) - mean(told)) < 1e-6
assert mean(wait) > mean(sent), (mean(wait), mean(sent))
print("mean latency: true %.0f ms, due %.0f ms, sent %.0f ms, waiting %.0f ms" % tuple(
    1e3 * mean(v) for v in (truth, told, sent, wait)))
# The claim says the same, under both names.
def claimed(name):
    return [m for m in claim["metrics"] if m["metric"] == name][0]["mean"]["value"]
for name, want in (("latency.due@1", truth), ("latency.sent@1", sent), ("wait.client@1", wait)):
    assert abs(claimed(name) - mean(want)) < 0.02 * mean(truth) + 0.02, (name, claimed(name), mean(want))
PY
grep -E '^ *wait +[0-9]+ ms' "$WORK/claim" > /dev/null || fail "the waiting is not shown apart"
start_server --ttft 100ms --gap 5ms --keep-alive honest
sed -i "s@target: .*@target: {url: \"$URL\", model: reference}@" "$WORK/plan.yaml"
# Without the plan's word that the cap may bind, no such figure is claimed at all.
"$ASRUN" run "$WORK/plan.yaml" -o "$WORK/y.asrun" --quiet --gates.cap.refuse=0.1% --load.requests=40 2> "$WORK/err"
expect_exit 6 "$ASRUN" claim "$WORK/y.asrun"
grep "held back" "$WORK/out" > /dev/null || fail "no word of the cap: $(cat "$WORK/out")"
echo "ok"
