# SPDX-License-Identifier: Apache-2.0
# kill -9 at random instants of a run, and during recovery: the file opens every time; what the server
# sent at least 50 ms before the kill is there with the same byte count; nothing that it never sent is.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

KILLS=${ASRUN_KILLS:-50}
start_server --ttft 20ms --gap 5ms --log "$WORK/log"
cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 12, output_tokens: 60}, calibrate: false}
target: {url: "$URL", model: reference}
load: {self_test: {for: 0}, arrivals: poisson, rate: 60/s, duration: 60s}
exclude: {warm_up: none}
P
RANDOM=11

for n in $(seq "$KILLS"); do
  file="$WORK/$n.asrun"
  "$ASRUN" run "$WORK/plan.yaml" -o "$file" --quiet 2> "$WORK/err" & pid=$!
  for _ in $(seq 200); do # from the first moment at which there is a file, as early as it gets
    [ ! -s "$file" ] || break
    sleep 0.01
  done
  sleep "0.$(printf %03d $((RANDOM % 1000)))"
  [ $((n % 5)) -ne 0 ] || sleep 1
  python3 - "$pid" "$WORK/killed" <<'P'
import os, signal, sys, time
t = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
os.kill(int(sys.argv[1]), signal.SIGKILL)
open(sys.argv[2], "w").write(str(t))
P
  wait "$pid" 2>/dev/null || true
  [ -e "$file" ] || continue
  for _ in 1 2; do # recovery is killed, too
    "$ASRUN" show "$file" summary > /dev/null 2>&1 & rpid=$!
    sleep "0.00$((RANDOM % 10))"
    kill -9 "$rpid" 2>/dev/null || true
    wait "$rpid" 2>/dev/null || true
  done
  "$ASRUN" show "$file" summary --json > "$WORK/summary.json" || fail "kill $n: show fails"
  "$ASRUN" show "$file" events --csv > "$WORK/events.csv" || fail "kill $n: events fail"
  "$ASRUN" claim "$file" > "$WORK/claim" 2> "$WORK/err" && code=0 || code=$?
  [ "$code" != 4 ] && [ "$code" != 5 ] && [ "$code" -lt 128 ] ||
    fail "kill $n: claim exits with $code: $(cat "$WORK/err")"
  grep -qi interrupted "$WORK/claim" || fail "kill $n: the claim does not say interrupted"
  sleep 0.02 # the server's log is written every 10 ms
  python3 "$SOURCE/tests/e2e/kill_check.py" "$WORK/log" "$WORK/events.csv" "$WORK/killed" \
    "$WORK/summary.json" || fail "kill $n"
  rm -f "$file"
done
echo "ok: $KILLS kills"
