# SPDX-License-Identifier: Apache-2.0
# HTTP/2 through proxies that aren't ours: h2c by prior knowledge (nghttpx), h2 by ALPN over TLS (nginx). The same
# samples counted as over HTTP/1.1, as many events as the server's log has, over one connection and several;
# a request beyond the server's limit of streams waits and stays due.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"
. "$SOURCE/tests/e2e/tls.bash"
command -v openssl > /dev/null || skip "openssl is not installed"
command -v nginx > /dev/null || [ -x /usr/sbin/nginx ] || skip "nginx is not installed"
NGHTTPX=$(command -v nghttpx || echo /usr/sbin/nghttpx)
[ -x "$NGHTTPX" ] || skip "nghttpx is not installed"
make_certificates
H2C_PID=
stop_h2c() { [ -z "$H2C_PID" ] || { kill "$H2C_PID" 2> /dev/null; wait "$H2C_PID" 2> /dev/null; } || true; H2C_PID=; }
trap 'stop_h2c; stop_proxy; cleanup' EXIT

start_h2c() { # UPSTREAM-PORT FLAG...: sets H2C_PORT
  local upstream=$1
  shift
  stop_h2c
  for _ in 1 2 3; do # somebody may take the port in between
    H2C_PORT=$(free_port)
    "$NGHTTPX" --conf=/dev/null --frontend="127.0.0.1,$H2C_PORT;no-tls" --backend="127.0.0.1,$upstream" \
      --errorlog-file="$WORK/nghttpx.err" --workers=1 "$@" > /dev/null 2>&1 &
    H2C_PID=$!
    for _ in $(seq 60); do
      ! kill -0 $H2C_PID 2> /dev/null && break
      (: < "/dev/tcp/127.0.0.1/$H2C_PORT") 2> /dev/null && return
      sleep 0.05
    done
  done
  fail "nghttpx did not start: $(tail -n 2 "$WORK/nghttpx.err")"
}

run() { # URL NAME FLAG...
  run_against 'rate: 100/s, requests: 100' "$@"
}
meta() { query "$1" "select value from meta where key = '$2.0'"; }
fact() { query "$1" "select value from fact where name = '$2'"; }
same="select group_concat(outcome || ' ' || events || ' ' || content_events || ' ' || output_reported, ';')
  from (select * from samples order by id)"
like_plain() { # NAME
  [ "$(query plain "$same")" = "$(query "$1" "$same")" ] || fail "$1: other samples: $(query "$1" "$same" | head -c 300)"
  [ "$(query "$1" 'select min(kernel) from samples')" = 1 ] || fail "$1: events without kernel stamp"
  [ "$(fact "$1" http.version)" = 2 ] || fail "$1: the fact says HTTP/$(fact "$1" http.version)"
  [ "$(meta "$1" h2_refused)" = 0 ] || fail "$1: nghttp2 had too little memory"
}

start_server --ttft 5ms --gap 2ms --keep-alive honest --log "$WORK/log"
run "http://127.0.0.1:$PORT/v1" plain
[ "$(fact plain http.version)" = 1.1 ] || fail "the fact of a plain run: $(fact plain http.version)"

start_h2c "$PORT"
run "http://127.0.0.1:$H2C_PORT/v1" h2c --target.http=2
like_plain h2c
[ "$(meta h2c connections)" = 1 ] || fail "h2c: $(meta h2c connections) connections"
run "http://127.0.0.1:$H2C_PORT/v1" h2c4 --target.http=2 --target.http2.connections=4 --load.threads=2
like_plain h2c4
[ "$(meta h2c4 connections)" = 4 ] || fail "h2c4: $(meta h2c4 connections) connections"

# Two streams at a time do not suffice for 100/s of 27 ms: requests wait, due when they were.
start_h2c "$PORT" --frontend-http2-max-concurrent-streams=2
run "http://127.0.0.1:$H2C_PORT/v1" limited --target.http=2
like_plain limited
[ "$(meta limited stream_limit)" = 2 ] || fail "limited: the server's limit is said to be $(meta limited stream_limit)"
[ "$(meta limited stream_waits)" -gt 50 ] || fail "limited: $(meta limited stream_waits) waits for a stream"
[ "$(query limited 'select count(*) > 50 from samples where released_ns - due_ns > 5000000')" = 1 ] || fail "limited: not late"
[ "$(query limited 'with e as (select sent_ns t, 1 d from samples union all select end_ns, -1 from samples)
  select max(n) from (select sum(d) over (order by t, d) n from e)')" -le 2 ] || fail "limited: more than two streams at a time"
"$ASRUN" claim "$WORK/limited.asrun" > "$WORK/claim" || true
grep "HTTP/2 streams" "$WORK/claim" > /dev/null || fail "the claim doesn't say that requests waited for a stream"
stop_h2c

# TLS: h2 by ALPN; the proxy closes a connection after 30 requests, with GOAWAY.
ca=(--target.tls.ca=pki/ca.pem) # relative to the plan
HTTP2=http2 start_proxy "$PORT" "keepalive_requests 30;"
run "https://localhost:$TLS_PORT/v1" tls "${ca[@]}" --target.http=auto
like_plain tls
[ "$(fact tls tls.alpn)" = h2 ] || fail "tls: ALPN $(fact tls tls.alpn)"
[ "$(meta tls connections)" -ge 4 ] || fail "tls: $(meta tls connections) connections, each good for 30 requests"
run "https://localhost:$TLS_PORT/v1" tls4 "${ca[@]}" --target.http=2 --target.http2.connections=4
like_plain tls4
HTTP2=http2 start_proxy "$PORT" "ssl_client_certificate $WORK/pki/ca.pem; ssl_verify_client on;"
run "https://localhost:$TLS_PORT/v1" client "${ca[@]}" --target.http=2 --target.tls.cert=pki/client.pem --target.tls.key=pki/client.key
like_plain client

# What the server says it sent is what was counted.
stop_server
for name in plain h2c h2c4 limited tls tls4 client; do
  counted=$(query $name "select group_concat(id || ' ' || events, ';') from (select * from samples order by id)")
  sent=$(awk -v run="asrun-$(query $name "select value from meta where key = 'run_id'")-" '
    NF == 5 && index($1, run) == 1 { n[substr($1, length(run) + 1)]++ }
    END { for (i = 0; i < 100; i++) printf "%s%d %d", i ? ";" : "", i, n[i] }' "$WORK/log")
  [ "$counted" = "$sent" ] || fail "$name: counted $(head -c 200 <<< "$counted"), sent $(head -c 200 <<< "$sent")"
done

# A server without h2.
start_server --ttft 5ms --gap 2ms --keep-alive honest
start_proxy "$PORT"
run "https://localhost:$TLS_PORT/v1" fallback "${ca[@]}" --target.http=auto
[ "$(fact fallback http.version)" = 1.1 ] || fail "fallback: HTTP/$(fact fallback http.version)"
[ "$(query plain "$same")" = "$(query fallback "$same")" ] || fail "fallback: other samples"
! run "https://localhost:$TLS_PORT/v1" bad "${ca[@]}" --target.http=2 2> /dev/null || fail "HTTP/2 with a server that hasn't it"
grep 'does not agree on HTTP/2' "$WORK/err" > /dev/null || fail "expected no agreement, got: $(cat "$WORK/err")"
! run "http://127.0.0.1:$PORT/v1" wrong --target.http=2 2> /dev/null || fail "a run against a server that speaks no HTTP/2"
grep "can't be used" "$WORK/err" > /dev/null || fail "expected a target that can't be used, got: $(cat "$WORK/err")"
[ ! -e "$WORK/wrong.asrun" ] || fail "evidence of a target that can't be used"
echo "ok"
