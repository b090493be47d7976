# SPDX-License-Identifier: Apache-2.0
# timed
# A competing process takes half of the client's core in bursts of 20 ms, with real-time priority
# granted and refused. Either the reported p99 gap is the truth of the server's own log, or no number is
# given; and what a busy client can have changed is refused.
. "$SOURCE/tests/e2e/common.bash"

mapfile -t cpus < <(python3 -c 'import os; print(*sorted(os.sched_getaffinity(0)), sep="\n")')
[ "${#cpus[@]}" -ge 2 ] || skip "one CPU only: client and server can't be kept apart"
client=${cpus[0]}

cat > "$WORK/burner.py" <<'P'
import time
while True:
    end = time.monotonic() + 0.02
    while time.monotonic() < end:
        pass
    time.sleep(0.02)
P
cat > "$WORK/check.py" <<'P'
import json, math, sys
work, code = sys.argv[1], int(sys.argv[2])
claim = json.load(open(work + "/claim.json"))
seconds = claim["instrument"]["client"]["seconds"]
sent = {}
for line in open(work + "/server.log"):
    f = line.split()
    if len(f) == 5 and f[4] == "content":
        sent.setdefault(f[0], []).append(int(f[2]))
gaps = sorted(b - a for times in sent.values() for a, b in zip(times, times[1:]))
truth = gaps[math.ceil(0.99 * len(gaps)) - 1] / 1e9
itl = next(m for m in claim["metrics"] if m["metric"] == "itl.gap@1")
p99 = next(p for p in itl["percentiles"] if p["percentile"] == 99)
print("p99 gap: truth %.3f ms, reported %s, %s; seconds %s; exit %d" % (
    1e3 * truth, p99["value"], p99["why"], seconds, code))
assert p99["value"] is None or abs(p99["value"] - truth) <= 0.05 * truth, "neither true nor refused"
void = [m["metric"] for m in claim["metrics"] if m["mean"]["why"].startswith("void")]
for g in claim["instrument"]["client"]["gates"]:
    if "send" in g["voids"]:
        assert "ttft.content.due@1" in void, g
        assert seconds["strained"] + seconds["saturated"] > 0, "void, and no second is marked"
P

strained() { # COMMAND...: runs asrun by it
  taskset -cp "${cpus[1]}" $$ > "$WORK/taskset"
  start_server --log "$WORK/server.log" --gap uniform:10ms-30ms
  cat > "$WORK/plan.yaml" <<P
asrun: 1
question: Are the gaps within 100 ms?
good: [{metric: itl.gap@1, percentile: 99, at_most: 100ms}]
regime: latency
workload: {family: test, calibrate: false, fixed: {input_tokens: 8, output_tokens: 40}}
target: {url: "$URL", model: test}
load: {self_test: {for: 0}, arrivals: constant, rate: 40/s, duration: 5s}
exclude: {warm_up: none}
P
  taskset -c "$client" python3 "$WORK/burner.py" & local burner=$! code=0
  rm -f "$WORK/run.asrun"
  taskset -c "$client" "$@" "$ASRUN" run "$WORK/plan.yaml" --quiet -o "$WORK/run.asrun" || code=$?
  kill "$burner"
  stop_server
  [ "$code" = 0 ] || fail "asrun run: exit $code"
  "$ASRUN" claim --json "$WORK/run.asrun" > "$WORK/claim.json" || code=$?
  python3 "$WORK/check.py" "$WORK" "$code"
}

strained env
strained setpriv --bounding-set -sys_nice --inh-caps -sys_nice
echo "ok"
