# SPDX-License-Identifier: Apache-2.0
# A target behind TLS that isn't ours (nginx): the same samples counted as over plain http, kernel stamps
# kept, handshakes timed and told apart; and every wrong certificate refused with the reason.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"
. "$SOURCE/tests/e2e/tls.bash"
command -v openssl > /dev/null || skip "openssl is not installed"
command -v nginx > /dev/null || [ -x /usr/sbin/nginx ] || skip "nginx is not installed"
make_certificates

run() { # URL NAME FLAG...
  run_against 'rate: 40/s, requests: 60' "$@"
  "$ASRUN" show "$WORK/$2.asrun" samples --csv > "$WORK/$2.csv"
}
same="select group_concat(outcome || ' ' || events || ' ' || content_events || ' ' || response_bytes || ' ' || output_reported, ';')
  from (select * from samples order by id)"

start_server --ttft 5ms --gap 2ms --keep-alive honest
run "http://127.0.0.1:$PORT/v1" plain
start_proxy "$PORT"
ca=(--target.tls.ca=pki/ca.pem) # relative to the plan
run "https://localhost:$TLS_PORT/v1" tls "${ca[@]}"

# The proxy frames chunks and heads its own way: events and tokens are the same, bytes need not be.
same=${same//|| response_bytes || \' \' /}
[ "$(query plain "$same")" = "$(query tls "$same")" ] || fail "other samples: $(query tls "$same" | head -c 300)"
[ "$(column outcome < "$WORK/tls.csv" | sort | uniq -c | tr -s ' ')" = " 60 ok" ] || fail "not all ok"
[ "$(query tls 'select min(kernel) from samples')" = 1 ] || fail "events without kernel stamp"
[ "$(query tls 'select count(*) from samples where (connect_ns is null) != (tls_end_ns is null) or tls_end_ns <= connect_ns
  or tls_end_ns > sent_ns')" = 0 ] || fail "handshake times: $(query tls 'select connect_ns, tls_end_ns, sent_ns from samples limit 5')"
[ "$(query plain 'select count(tls_end_ns) from samples')" = 0 ] || fail "a handshake over plain http"
[ "$(query tls "select value from fact where name = 'tls.version'")" = TLSv1.3 ] || fail 'not TLS 1.3'
[ "$(query tls "select value from fact where name = 'tls.verified'")" = yes ] || fail "not a fact: verified"
[ "$(query tls "select value from meta where key = 'tls_resumed.0'")" = 0 ] || fail "resumed without being asked to"
[ "$(query tls "select value > 0 from meta where key = 'tls_allocations.0'")" = 1 ] || fail "allocations are not counted"
[ "$(query tls "select value from meta where key = 'tls_beyond_pool.0'")" = 0 ] || fail "the pool did not suffice"
[ "$(query tls 'select count(*) from connection where tls_version is not 772 or tls_resumed is not 0 or handshake_ns is null
  or bytes_in <= (select sum(response_bytes) from sample s where s.connection = connection.connection)')" = 0 ] || fail "connections: $(query tls 'select * from connection limit 3')"
"$ASRUN" claim "$WORK/tls.asrun" > "$WORK/claim" || true
grep -E '^ *tls .*TLS handshake' "$WORK/claim" > /dev/null || fail "no tls in: $(grep -A9 'Where the time' "$WORK/claim")"
! grep 'not verified' "$WORK/claim" > /dev/null || fail "the claim of a verified target says otherwise"
"$ASRUN" claim "$WORK/plain.asrun" > "$WORK/claim" || true
! grep -E '^ *tls ' "$WORK/claim" > /dev/null || fail "tls in the claim of a plain run"

run "https://127.0.0.1:$TLS_PORT/v1" fresh "${ca[@]}" --target.keep_alive=no --target.tls.session_resumption=yes
[ "$(query fresh "select value from meta where key = 'tls_handshakes.0'")" = 60 ] || fail "not a handshake each"
[ "$(query fresh "select sum(tls_resumed) = (select value from meta where key = 'tls_resumed.0') from connection")" = 1 ] || fail "resumed, by connection"
[ "$(query fresh "select value >= 50 from meta where key = 'tls_resumed.0'")" = 1 ] || fail "not resumed"

# Wrong certificates: nothing is sent, and the reason is told.
refused() { # WORDS URL FLAG...
  local words=$1
  rm -f "$WORK/bad.asrun"
  ! run "$2" bad "${@:3}" 2> /dev/null || fail "accepted: ${*:2}"
  grep -i -- "$words" "$WORK/err" > /dev/null || fail "expected '$words', got: $(cat "$WORK/err")"
  [ ! -e "$WORK/bad.asrun" ] || fail "evidence of a refused target: ${*:2}"
}
refused 'certificate verify failed: unable to get local issuer certificate' "https://localhost:$TLS_PORT/v1"
refused 'certificate verify failed' "https://localhost:$TLS_PORT/v1" --target.tls.ca=pki/other.pem
refused 'certificate verify failed: IP address mismatch' "https://127.0.0.2:$TLS_PORT/v1" "${ca[@]}"
refused "TLS CA file .* can't be used" "https://localhost:$TLS_PORT/v1" --target.tls.ca=plan.yaml
refused 'no TLS handshake within' "https://127.0.0.1:$PORT/v1" "${ca[@]}" --load.connect_timeout=300ms

run "https://localhost:$TLS_PORT/v1" insecure --target.tls.verify=no
"$ASRUN" claim "$WORK/insecure.asrun" > "$WORK/claim" || true
grep 'certificate was not verified' "$WORK/claim" > /dev/null || fail "the claim doesn't say that nothing was verified"

PROTOCOLS=TLSv1.2 start_proxy "$PORT" "ssl_client_certificate $WORK/pki/ca.pem; ssl_verify_client on;"
run "https://localhost:$TLS_PORT/v1" client "${ca[@]}" --target.tls.cert=pki/client.pem --target.tls.key=pki/client.key
[ "$(query client "select value from fact where name = 'tls.version'")" = TLSv1.2 ] || fail "not TLS 1.2"
[ "$(column outcome < "$WORK/client.csv" | sort | uniq -c | tr -s ' ')" = " 60 ok" ] || fail "with a client certificate"
echo "ok"
