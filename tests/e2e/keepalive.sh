# SPDX-License-Identifier: Apache-2.0
# Connections as the wire really behaves: reused after an SSE answer only where this server has been
# seen to keep them; a request that a reused, silently dead connection swallowed is sent once more,
# counted, and only if the plan allows it.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

run() { # KEEP-ALIVE FLAG... -> sets REUSED, RESENT, OUTCOMES
  local mode=$1
  shift
  stop_server
  start_server --ttft 5ms --gap 2ms --keep-alive "$mode"
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 12, output_tokens: 6}}
target: {url: "$URL", model: reference}
load: {self_test: {for: 0}, arrivals: constant, rate: 40/s, requests: 80}
exclude: {warm_up: none}
P
  rm -f "$WORK/x.asrun"
  "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/x.asrun" --quiet "$@"
  "$ASRUN" show "$WORK/x.asrun" samples --csv > "$WORK/x.csv"
  REUSED=$(column reused < "$WORK/x.csv" | grep -c 1 || true)
  RESENT=$(column resent < "$WORK/x.csv" | grep -c 1 || true)
  OUTCOMES=$(column outcome < "$WORK/x.csv" | sort | uniq -c | tr -s ' ' | paste -sd,)
  "$ASRUN" claim "$WORK/x.asrun" > "$WORK/claim" || true
}

run honest
[ "$OUTCOMES" = " 80 ok" ] && [ "$REUSED" -gt 20 ] && [ "$RESENT" = 0 ] ||
  fail "honest: $OUTCOMES, $REUSED reused, $RESENT resent"
run lying # announces keep-alive and closes after an SSE answer
[ "$OUTCOMES" = " 80 ok" ] && [ "$REUSED" = 0 ] && [ "$RESENT" = 0 ] ||
  fail "lying: $OUTCOMES, $REUSED reused, $RESENT resent"
run close
[ "$OUTCOMES" = " 80 ok" ] && [ "$REUSED" = 0 ] || fail "close: $OUTCOMES, $REUSED reused"
run stale # keeps it, and resets on the next request
[ "$OUTCOMES" = " 80 ok" ] && [ "$RESENT" -gt 10 ] || fail "stale: $OUTCOMES, $RESENT resent"
grep "sent again after a stale one: $RESENT" "$WORK/claim" > /dev/null || fail "not in the claim: $RESENT"
run stale --load.resend=none
[ "$RESENT" = 0 ] && column outcome < "$WORK/x.csv" | grep -x reset > /dev/null ||
  fail "resend none: $OUTCOMES, $RESENT resent"
run lying --target.keep_alive=yes # the user insists: the first reuse after an answer finds it closed
[ "$OUTCOMES" = " 80 ok" ] || fail "insisting: $OUTCOMES, $RESENT resent"
echo "ok"
