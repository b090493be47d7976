# SPDX-License-Identifier: Apache-2.0
# An engine that is restarted in the middle of a run: a dated remark, and facts of the new process.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"
cd "$WORK"
start_server --ttft 5ms --gap 1ms
first=$SERVER_PID
cat > plan.yaml <<P
asrun: 1
workload: {fixed: {input_tokens: 8, output_tokens: 4}}
target: {url: "$URL", model: m}
load: {self_test: {for: 0}, duration: 6s, arrivals: constant, rate: 20/s}
exclude: {warm_up: none}
P
"$ASRUN" run plan.yaml -o run.asrun --quiet > out 2> err & run=$!
sleep 2.5
stop_server
"$REFSERVER" --port "$PORT" --ttft 5ms --gap 1ms > server.out 2>&1 &
SERVER_PID=$!
code=0
wait $run || code=$?
[[ $code =~ ^[01356]$ ]] || fail "exit $code: $(cat err)"
"$ASRUN" show run.asrun notes > notes
grep "engine process $first is gone" notes > /dev/null || fail "its end is no remark: $(cat notes)"
grep "engine restarted: pid $first,.*pid $SERVER_PID," notes > /dev/null ||
  fail "its restart is no remark: $(cat notes)"
pids=$(sqlite3 run.asrun "SELECT group_concat(ifnull(value, known), ' ') FROM fact
  WHERE scope = 'engine.process' AND name = 'pid'")
[ "$pids" = "$first unknown $SERVER_PID" ] || fail "pids: $pids"
grep "engine.process .*executable.sha256" <("$ASRUN" show run.asrun facts) > /dev/null || fail "no digest"
"$ASRUN" claim run.asrun > claim || true
grep "engine restarted" claim > /dev/null || fail "the claim is silent about the restart"
echo "ok: $(grep -c changed notes) remarks"
