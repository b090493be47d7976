#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# TLS by its records: how long they are and when they came, of two requests on one connection.
. "$(dirname "$0")/common.bash"
. "$(dirname "$0")/tls.bash"
{ command -v nginx || [ -x /usr/sbin/nginx ]; } > /dev/null && command -v curl > /dev/null || skip "needs nginx and curl"
"$ASRUN" witness --port 9 -o "$WORK/probe.asrun" --duration 10ms > /dev/null 2> "$WORK/err" || skip "NOT PERMITTED: $(cat "$WORK/err")"

make_certificates
start_server --ttft 30ms --gap 20ms
for protocol in TLSv1.2 TLSv1.3; do
  PROTOCOLS=$protocol start_proxy "$PORT"
  "$ASRUN" witness --port "$TLS_PORT" -o "$WORK/$protocol.asrun" --duration 20s > "$WORK/out" 2> "$WORK/err" & witness=$!
  for _ in $(seq 100); do ! grep -q watching "$WORK/err" || break; sleep 0.05; done
  ask=(-sSN --http1.1 --cacert "$WORK/pki/ca.pem" -o /dev/null -d '{"stream":true,"max_tokens":10,"messages":[]}'
    "https://127.0.0.1:$TLS_PORT/v1/chat/completions")
  curl "${ask[@]}" --next "${ask[@]}" || fail "curl over $protocol failed"
  sleep 0.2
  kill -INT $witness
  wait $witness || fail "exit $? of the witness: $(cat "$WORK/err")"
  grep -q 'records are told' "$WORK/err" || fail "$protocol: it does not say so: $(cat "$WORK/err")"
  "$ASRUN" show "$WORK/$protocol.asrun" samples --csv > "$WORK/samples"
  [ "$(column outcome < "$WORK/samples" | grep -c '^ok$')" = 2 ] || fail "$protocol: not two exchanges: $(cat "$WORK/samples")"
  [ "$(grep -c 'records, not events' "$WORK/samples")" = 2 ] || fail "$protocol: $(cat "$WORK/samples")"
  "$ASRUN" show "$WORK/$protocol.asrun" events --csv > "$WORK/events"
  # 9 gaps of 20 ms in each answer; on a busy machine the proxy may join some.
  awk -F, -v name="$protocol" 'NR > 1 { n[$1]++; if ($4 != "") bad++; gap = $3 - last[$1]; if (n[$1] > 1 && gap > 15e6 && gap < 60e6) g[$1]++; last[$1] = $3 }
    END { for (i in n) { print name, i, n[i], "records", g[i] + 0, "gaps of 20 ms"; seen++; if (g[i] < 5 || n[i] < 7) bad++ } exit bad > 0 || seen != 2 }' \
    "$WORK/events" || fail "$protocol: the records are not when the server sent: $(cat "$WORK/events")"
  stop_proxy
done
