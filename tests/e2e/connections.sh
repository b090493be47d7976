# SPDX-License-Identifier: Apache-2.0
# Connections as facts: each is in the evidence with what the kernel counted of it, each sample names
# the one that carried it, and the sums agree with what was sent and received.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

run() { # NAME FLAG...
  local name=$1
  shift
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 20, output_tokens: 4}}
target: {url: "$URL", model: reference}
load: {self_test: {for: 0}, arrivals: constant, rate: 100/s, requests: 40}
exclude: {warm_up: none}
P
  rm -f "$WORK/$name.asrun"
  "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/$name.asrun" --quiet "$@" 2> "$WORK/err" || { cat "$WORK/err" >&2; return 1; }
}
query() { sqlite3 "$WORK/$1.asrun" "$2"; }
expect_query() { # NAME SQL WANT
  local got
  got=$(query "$1" "$2")
  [ "$got" = "$3" ] || fail "$1: $2: $got, not $3"
}

start_server --ttft 2ms --gap 1ms --keep-alive honest

# A fresh one for each request: one request each, one connection each.
run fresh --target.keep_alive=no
expect_query fresh "select count(*), min(requests), max(requests), count(distinct connection) from connection" "40|1|1|40"
expect_query fresh "select count(distinct connection) from sample" 40
expect_query fresh "select count(*) from sample s join connection c using (trial, connection)
  where s.connect_start_ns < c.closed_ns - c.lasted_ns or s.end_ns > c.closed_ns" 0
# What the kernel counted is what was sent and received.
expect_query fresh "select (select sum(bytes_out) from connection) = (select sum(request_bytes) from sample)" 1
expect_query fresh "select (select sum(bytes_in) from connection) = (select sum(response_bytes) from sample)" 1
expect_query fresh "select count(*) from connection where rtt_min_ns is null or rtt_min_ns > 100000000
  or segments_out < 3 or segments_in < 3 or retransmits is null or connect_ns >= lasted_ns or tls_version is not null" 0

# Kept ones: every sample names a connection that is there; requests add up.
run kept --target.keep_alive=yes
expect_query kept "select (select sum(requests) from connection) = (select count(*) + sum(resent) from sample)" 1
expect_query kept "select count(*) from sample where connection not in (select connection from connection)" 0
expect_query kept "select max(requests) > 1 from connection" 1
"$ASRUN" show "$WORK/kept.asrun" connections --csv > "$WORK/kept.csv"
[ "$(column connection < "$WORK/kept.csv" | wc -l)" = "$(query kept 'select count(*) from connection')" ] || fail "csv"
"$ASRUN" show "$WORK/kept.asrun" connections > "$WORK/text" && grep closed "$WORK/text" > /dev/null || fail "no text"
"$ASRUN" show "$WORK/kept.asrun" > "$WORK/summary"
grep -E '^connections [0-9]+ opened, 0 of them never connected' "$WORK/summary" > /dev/null || fail "$(cat "$WORK/summary")"
grep -E '^  TCP, of [0-9]+: [0-9]+ bytes in [0-9]+ segments out' "$WORK/summary" > /dev/null || fail "$(cat "$WORK/summary")"


# One for each user: a slot goes on, after its rest, over the connection of its last answer, and no other.
run own --target.connection_per_slot=yes --target.keep_alive=yes --load.arrivals=closed --load.rate=null \
  --load.concurrency=5 --load.think_time=10ms --load.requests=100
expect_query own "select count(*), sum(requests) from connection" "5|100"
expect_query own "select count(*) from (select due_ns, lag(end_ns) over (partition by connection order by sent_ns) as ended
  from sample) where ended is not null and due_ns != ended + 10000000" 0
expect_exit 2 "$ASRUN" check "$WORK/plan.yaml" --target.connection_per_slot=yes

# Both families of the loopback: each run's requests came from the addresses that the plan names, in turn.
start() { # ARG...
  stop_server
  start_server --ttft 2ms --gap 1ms --keep-alive close --log "$WORK/log" --log-peers "$@"
}
ok() { # NAME KERNEL: all answered; stamps of the kernel (a busy host leaves one out now and then), or none of it
  expect_query "$1" "select count(*) from samples where outcome = 'ok'" 40
  expect_query "$1" "select sum(kernel) >= 30 * $2 and sum(kernel) <= 40 * $2 from sample" 1
}
start
run many --target.source_addresses='[127.0.0.2, 127.0.0.3, 127.0.0.4]' --workload.calibrate=no
ok many 1
expect_query many "select group_concat(n) from (select count(*) n from connection group by source)" 14,13,13
sleep 0.1
for a in 127.0.0.2 127.0.0.3 127.0.0.4; do # the server's word; side requests go out from the first
  [ "$(grep -c "^peer $a " "$WORK/log")" -ge 13 ] || fail "the server saw: $(grep ^peer "$WORK/log" | cut -d' ' -f2 | sort | uniq -c)"
done
[ "$(grep -c "^peer 127.0.0.1 " "$WORK/log")" = 0 ] || fail "a connection from elsewhere"
expect_exit 5 "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/no.asrun" --target.source_addresses='[192.0.2.9]'
grep 'source_addresses: 192.0.2.9: .*ip address add 192.0.2.9' "$WORK/err" > /dev/null || fail "no remedy: $(cat "$WORK/err")"
expect_exit 2 "$ASRUN" check "$WORK/plan.yaml" --target.source_addresses='[127.0.0.2, "::1"]'

if start --listen ::1 2> /dev/null; then
  URL="http://[::1]:$PORT/v1"
  run six
  ok six 1
  expect_query six "select value from fact where scope = 'target' and name = 'address'" "[::1]:$PORT"
  [ "$(grep -c "^peer ::1 " "$WORK/log")" -ge 40 ] || fail "not by IPv6"
else
  echo "no IPv6 here"
fi

# A name is looked up once; of several addresses the first that takes a connection is the target's.
printf '127.0.0.9 several.test\n::1 several.test\n127.0.0.1 several.test localhost\n' > "$WORK/hosts"
if unshare -m mount --bind "$WORK/hosts" /etc/hosts 2> /dev/null; then # hosts of our own need root
  start
  ASRUN_HERE=$ASRUN
  asrun_with_hosts() { unshare -m bash -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$WORK/hosts" "$ASRUN_HERE" "$@"; }
  URL="http://several.test:$PORT/v1"
  ASRUN=asrun_with_hosts run several
  ok several 1
  expect_query several "select value from fact where scope = 'target' and name = 'address'" "127.0.0.1:$PORT"
  expect_query several "select (value like '%127.0.0.9%') + (value like '%::1%') from fact where scope = 'target' and name = 'addresses'" 2
  grep '^peer 127.0.0.1 ' "$WORK/log" > /dev/null && ! grep '^peer ' "$WORK/log" | grep -v '^peer 127.0.0.1 ' > /dev/null || fail "from elsewhere"
  stop_server
  ! ASRUN=asrun_with_hosts run nobody 2> "$WORK/err2" || fail "nobody is there"
  grep "several.test can't be used: .*127.0.0.9:$PORT: Connection refused" "$WORK/err2" > /dev/null || fail "who said what? $(cat "$WORK/err2")"
else
  echo "no hosts file of our own here: addresses of a name not tested"
fi

# A Unix socket: the URL's host is only a name; no kernel stamps and no TCP, and the claim says whose stamps.
start --listen "$WORK/socket"
URL="http://model.invalid/v1"
run unix --target.unix_socket=socket # beside the plan
ok unix 0
expect_query unix "select count(*), count(rtt_ns), count(port) from connection" "40|0|0"
expect_query unix "select value from fact where scope = 'target' and name = 'address'" "unix:$WORK/socket"
"$ASRUN" claim "$WORK/unix.asrun" > "$WORK/claim" || true
grep 'by user-space stamps' "$WORK/claim" > /dev/null || fail "whose stamps? $(head -5 "$WORK/claim")"

# A proxy, only if asked for: the target's name is then the proxy's to look up.
start
URL="http://model.invalid:81/v1"
export http_proxy="http://127.0.0.1:$PORT"
! run direct 2> /dev/null || fail "went through a proxy that nobody asked for"
run proxied --target.proxy=yes
ok proxied 1
expect_query proxied "select value from fact where scope = 'target' and name = 'proxy'" "127.0.0.1:$PORT"
URL="http://127.0.0.1:$PORT/v1"
no_proxy=localhost,127.0.0.1 http_proxy=http://127.0.0.1:1 run around --target.proxy=yes
expect_query around "select value from fact where scope = 'target' and name = 'proxy'" none
expect_exit 2 "$ASRUN" check "$WORK/plan.yaml" --target.url=https://h/v1 --target.proxy=yes
grep CONNECT "$WORK/err" > /dev/null || fail "why not: $(cat "$WORK/err")"
unset http_proxy

# Too much for this process or for one address: said before anything is sent, with the remedy.
expect_exit 5 bash -c "ulimit -n 300; exec '$ASRUN' run '$WORK/plan.yaml' -o '$WORK/no.asrun' --load.requests=1000 --load.max_in_flight=900"
grep 'ulimit -Hn' "$WORK/err" > /dev/null || fail "no remedy: $(cat "$WORK/err")"
expect_exit 5 "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/no.asrun" --load.requests=70000 --load.max_in_flight=65000
grep -E 'ip_local_port_range|ulimit' "$WORK/err" > /dev/null || fail "no remedy: $(cat "$WORK/err")"
[ ! -e "$WORK/no.asrun" ] || fail "a file of a run that could not begin"
echo "ok"
