# SPDX-License-Identifier: Apache-2.0
# load.send_stamps: kernel: each request has the kernel's stamp of its sending, between our own before the
# write and the server's receipt; arrivals keep their stamps; what has no such stamp is refused at check.
. "$SOURCE/tests/e2e/common.bash"

run() { # NAME FLAG...
  local name=$1
  shift
  "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/$name.asrun" --quiet "$@" 2> "$WORK/err" || { cat "$WORK/err" >&2; return 1; }
}
query() { sqlite3 "$WORK/$1.asrun" "$2"; }
expect_query() { # NAME SQL WANT
  local got
  got=$(query "$1" "$2")
  [ "$got" = "$3" ] || fail "$1: $2: $got, not $3"
}
start() { # ARG...
  stop_server
  start_server --ttft 5ms --gap 1ms --log "$WORK/log" "$@"
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 40, output_tokens: 5}}
target: {url: "$URL", model: reference}
load: {self_test: {for: 300ms}, arrivals: constant, rate: 200/s, requests: 100, send_stamps: kernel}
exclude: {warm_up: none}
P
}
stamped() { # NAME: by the server's log
  expect_query "$1" "select count(*), count(sent_kernel_ns), min(kernel) from samples where outcome = 'ok'" "100|100|1"
  expect_query "$1" "select count(*) from samples where sent_kernel_ns < sent_ns or sent_kernel_ns >= first_byte_ns" 0
  expect_query "$1" "select value from meta where key = 'sent_stamps.0'" 100
  expect_query "$1" "select value from meta where key = 'user_stamps.0'" 0 # of no read
  stop_server
  "$ASRUN" show "$WORK/$1.asrun" samples --csv > "$WORK/csv"
  python3 - "$WORK/log" "$WORK/csv" "$(query "$1" "select value from meta where key = 'anchor_mono_ns'")" <<'PY'
import csv, sys
received = {}
for line in open(sys.argv[1]):
    f = line.split()
    if len(f) == 3 and f[1] == "request": received[f[0]] = int(f[2])
n = 0
for row in csv.DictReader(open(sys.argv[2])):
    at = int(row["sent_kernel_ns"]) + int(sys.argv[3])
    assert at <= received[row["request_id"]] + 50000, (row, received[row["request_id"]])
    n += 1
assert n == 100, n
PY
}

start --keep-alive honest
run kept --target.keep_alive=yes
expect_query kept "select sum(reused) > 50 from samples" 1
stamped kept
"$ASRUN" claim "$WORK/kept.asrun" > "$WORK/claim" || true
grep -F "requests with the kernel's stamp of their sending: 100 %" "$WORK/claim" > /dev/null || fail "$(grep -A9 instrument "$WORK/claim")"
grep -E "kernel's stamp after the user-space one before the write: p50 .*, p99 " "$WORK/claim" > /dev/null || fail "no spread in the claim"
"$ASRUN" claim "$WORK/kept.asrun" --json > "$WORK/json" || true
python3 - "$WORK/json" <<'PY'
import json, sys
stamps = json.load(open(sys.argv[1]))["instrument"]["sendStamps"]
assert stamps["share"] == 1 and stamps["afterUser"]["n"] == 100, stamps
assert 0 < stamps["afterUser"]["p50"] <= stamps["afterUser"]["p99"], stamps
PY

start --keep-alive close
run fresh --target.keep_alive=no
stamped fresh

# Servers that break connections are told apart from stamps in the queue.
start --keep-alive stale
run stale --target.keep_alive=yes
expect_query stale "select count(*), count(sent_kernel_ns), sum(resent) > 0 from samples where outcome = 'ok'" "100|100|1"

start --keep-alive honest
run plain --load.send_stamps=user
expect_query plain "select count(*), count(sent_kernel_ns) from samples" "100|0"
"$ASRUN" claim "$WORK/plain.asrun" > "$WORK/claim" || true
! grep "stamp of their sending" "$WORK/claim" > /dev/null || fail "stamps that nobody asked for"

for other in --target.url=https://127.0.0.1/v1 --target.http=2 --target.unix_socket=/tmp/x; do
  expect_exit 2 "$ASRUN" check "$WORK/plan.yaml" "$other"
  grep 'load.send_stamps.* by the kernel .*leave it out' "$WORK/err" > /dev/null || fail "$other: $(cat "$WORK/err")"
done
echo "ok"
