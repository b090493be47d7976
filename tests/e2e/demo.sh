# SPDX-License-Identifier: Apache-2.0
# The main job on the small model: a balanced ledger, verdict, answer and exit code that agree, no
# process left behind - also when the demo is killed or interrupted.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"
need_engine
cd "$WORK"

export ASRUN_TEST=$WORK # the engines of this test inherit it; others may run beside it
engines() {
  local pid count=0
  for pid in $(pgrep -f "llama-server.*--port"); do
    if grep -qz "^ASRUN_TEST=$WORK$" "/proc/$pid/environ" 2> /dev/null; then count=$((count + 1)); fi
  done
  echo "$count"
}
SHORT=(--model 15m --load.duration=4s --load.rate=12/s --exclude.warm_up="first 1s" --trials.count=3)

code=0
"$ASRUN" demo -o demo.asrun "${SHORT[@]}" > claim.txt 2> err || code=$?
[[ $code =~ ^[0136]$ ]] || fail "exit $code: $(cat err)"
answer=$(sed -n 's/^Answer: //p' claim.txt)
case $code in
0) [ "$answer" = met ] ;;
1) [ "$answer" = "not met" ] ;;
3) [ "$answer" = "cannot tell" ] ;;
6) grep '^Verdict: refused' claim.txt > /dev/null ;; # this machine disturbed the client, and it is said
esac || fail "exit $code with answer '$answer'"
[ "$code" = 6 ] || grep -q '^Verdict: snapshot' claim.txt || fail "verdict: $(grep Verdict claim.txt)"
grep -q 'balances' claim.txt || fail "no ledger in the claim"
grep -Eq 'p99 needs [0-9]+ more requests' claim.txt || fail "a p99 from this sample?"
"$ASRUN" show demo.asrun ledger > ledger.txt || fail "the ledger does not balance"
[ "$("$ASRUN" show demo.asrun samples --csv | column outcome | sort -u)" = ok ] || fail "failures"
"$ASRUN" show demo.asrun facts | grep 'dummy' > /dev/null || fail "no fact says that the weights are dummies"
"$ASRUN" show demo.asrun facts | grep 'affinity' > /dev/null || fail "no fact says whose the CPUs are"
[ "$(engines)" = 0 ] || fail "an engine is left behind"

"$ASRUN" demo -o killed.asrun "${SHORT[@]}" --load.duration=60s --quiet > /dev/null 2>&1 & pid=$!
sleep 4
[ "$(engines)" = 1 ] || fail "no engine of its own is seen while it runs"
kill -9 $pid
wait $pid 2> /dev/null || true
"$ASRUN" demo -o stopped.asrun "${SHORT[@]}" --load.duration=60s --quiet > /dev/null 2>&1 & pid=$!
sleep 4
kill -INT $pid
code=0
wait $pid || code=$?
[ "$code" = 130 ] || fail "interrupted: exit $code"
sleep 0.5
left=$(engines)
[ "$left" = 0 ] || fail "$left engines are left behind"

code=0
"$ASRUN" demo -o no.asrun --engine /bin/false --model 15m > out 2> err || code=$?
[ "$code" = 5 ] || fail "an engine that dies: exit $code: $(cat err)"
[ -s err ] || fail "an engine that dies, and not a word"
echo "ok: answer '$answer'; an engine that dies: $(tail -n 1 err)"
