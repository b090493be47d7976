# SPDX-License-Identifier: Apache-2.0
# Connections as facts: each is in the evidence with what the kernel counted of it, each sample names
# the one that carried it, and the sums agree with what was sent and received.
. "$SOURCE/tests/e2e/common.bash"

run() { # NAME FLAG...
  local name=$1
  shift
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 20, output_tokens: 4}}
target: {url: "$URL", model: reference}
load: {arrivals: constant, rate: 100/s, requests: 40}
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

echo "ok"
