# SPDX-License-Identifier: Apache-2.0
# timed
# A competing process takes half of the client's core in bursts of 20 ms, with real-time priority
# granted and refused. Either the reported p99 gap is the truth of the server's own log, or no number is
# given; and what a busy client can have changed is refused.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

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
  python3 "$SOURCE/bench/strained_check.py" "$WORK/claim.json" "$WORK/server.log" > "$WORK/said" || fail "$(cat "$WORK/said")"
  echo "true p99 gap, reported, off by %, seconds, void: $(cat "$WORK/said"); exit $code"
}

strained env
strained setpriv --bounding-set -sys_nice --inh-caps -sys_nice
echo "ok"
