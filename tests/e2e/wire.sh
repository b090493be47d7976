#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# load.witness: a second series of times from the packets of a run of our own, against the server's own log of sends.
. "$(dirname "$0")/common.bash"

plan() { # FILE LOAD [TARGET]
  cat > "$1" <<P
asrun: 1
question: Are the gaps within 100 ms?
good: [{metric: itl.gap@1, percentile: 99, at_most: 100ms}]
regime: latency
workload: {family: test, calibrate: false, fixed: {input_tokens: 8, output_tokens: 30}}
target: {url: "${3:-$URL}", model: planted-model}
load: {arrivals: constant, rate: 60/s, duration: 2s, $2}
exclude: {warm_up: none}
P
}
watched() { # NAME SERVER-ARGS...: a watched run in $WORK/NAME.asrun, the server's log in $WORK/NAME.log
  local name=$1
  shift
  start_server --log "$WORK/$name.log" "$@"
  plan "$WORK/$name.yaml" "witness: packets"
  "$ASRUN" run "$WORK/$name.yaml" --quiet -o "$WORK/$name.asrun" 2> "$WORK/$name.err" || fail "run: exit $?: $(cat "$WORK/$name.err")"
  stop_server
}

# What can't be watched is said before the first request, and nothing is made.
start_server --log "$WORK/none.log"
plan "$WORK/tls.yaml" "witness: packets" "https://127.0.0.1:$PORT/v1"
expect_exit 2 "$ASRUN" run "$WORK/tls.yaml" -o "$WORK/x.asrun"
grep -q 'load.witness' "$WORK/err" || fail "https: $(cat "$WORK/err")"
plan "$WORK/none.yaml" "witness: packets"
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null; then
  expect_exit 5 setpriv --bounding-set=-net_raw --inh-caps=-net_raw "$ASRUN" run "$WORK/none.yaml" -o "$WORK/x.asrun"
  grep -q CAP_NET_RAW "$WORK/err" || fail "no word of CAP_NET_RAW: $(cat "$WORK/err")"
fi
stop_server
[ ! -e "$WORK/x.asrun" ] && [ ! -e "$WORK/x.asrun-spool" ] || fail "a file was made"
! grep -q request "$WORK/none.log" || fail "a request was sent: $(cat "$WORK/none.log")"
"$ASRUN" witness --port 9 -o "$WORK/probe.asrun" --duration 10ms > /dev/null 2> "$WORK/err" ||
  { grep -q CAP_NET_RAW "$WORK/err" && skip "NOT PERMITTED: $(cat "$WORK/err")"; fail "$(cat "$WORK/err")"; }

# Each event on the wire is the server's send: not before it, and soon after.
check() { # NAME
  "$ASRUN" show "$WORK/$1.asrun" samples --csv --stamps=wire > "$WORK/samples"
  "$ASRUN" show "$WORK/$1.asrun" events --csv --stamps=wire > "$WORK/events"
  "$ASRUN" claim "$WORK/$1.asrun" --json --stamps=wire > "$WORK/claim.json" || [ $? = 6 ] || fail "claim: exit $?"
  python3 - "$WORK" "$1" <<'PY' || fail "$1: the wire does not agree with the server's log"
import csv, json, sqlite3, sys
work, name = sys.argv[1:]
db = sqlite3.connect(f"file:{work}/{name}.asrun?mode=ro", uri=True)
meta = dict(db.execute("select key, value from meta"))
anchor = int(meta["anchor_mono_ns"])
assert meta["witness.dropped"] == meta["witness.lost"] == meta["witness.repeated"] == "0", meta
sends, events = {}, {}
for line in open(f"{work}/{name}.log"):
    f = line.split()
    if len(f) == 5: sends.setdefault(f[0], []).append(int(f[2]))
for row in csv.DictReader(open(f"{work}/events")):
    events.setdefault(row["request_id"], []).append(int(row["time_ns"]) + anchor)
samples = list(csv.DictReader(open(f"{work}/samples")))
assert len(samples) == 120 and all(s["outcome"] == "ok" for s in samples), len(samples)
late = []
for s in samples:
    rid = s["request_id"]
    assert len(events[rid]) == len(sends[rid]), (rid, len(events[rid]), len(sends[rid]))
    late += [e - t for e, t in zip(events[rid], sends[rid])]
    assert int(s["due_ns"]) <= int(s["sent_ns"]) <= int(s["first_content_ns"]), s
late.sort()
claim = json.load(open(f"{work}/claim.json"))
w = claim["stamps"]["wire"]
print(name, "events", len(late), "after the send: min", late[0] / 1e3, "p50", late[len(late) // 2] / 1e3, "us;",
      "resent", sum(int(s["resent"]) for s in samples), "apart", w["apart"])
assert late[0] > -1000 and late[len(late) // 2] < 1000000, "times are whole microseconds, rounded down"
assert claim["stamps"]["source"] == "wire" and claim["stamps"]["share"] == 1, claim["stamps"]
assert w["missing"] == 0 and w["answers"] == 120 and w["apart"]["n"] == len(late), w
assert "stamps of the packets" in claim["sentence"], claim["sentence"]
PY
}
watched plain --ttft 10ms --gap uniform:2ms-6ms
check plain
"$ASRUN" claim "$WORK/plain.asrun" > "$WORK/own" || [ $? = 6 ] || fail "claim: exit $?"
tr -s ' \n' '  ' < "$WORK/own" | grep 'packets: .*missing on the wire 0 of 120' > "$WORK/line" || fail "no word of the packets: $(cat "$WORK/own")"
grep -q 'stamps: \(kernel\|user\)' "$WORK/own" || fail "the client's own stamps are not the default"
# A request that is sent again after a stale connection is one sample on the wire, too.
watched stale --keep-alive stale --ttft 5ms --gap 1ms
check stale

# Payload stays in the reassembly.
for secret in planted-model Bearer Authorization delta; do
  sqlite3 "$WORK/plain.asrun" "select * from wire_sample; select * from wire_part" > "$WORK/rows"
  ! grep -qa -- "$secret" "$WORK/rows" || fail "'$secret' is in the wire's tables"
done
# Where nobody watched there is nothing to claim from.
start_server
plan "$WORK/unwatched.yaml" "stall_timeout: 9s"
"$ASRUN" run "$WORK/unwatched.yaml" --quiet -o "$WORK/unwatched.asrun" --load.duration=200ms || fail "run: exit $?"
stop_server
expect_exit 3 "$ASRUN" claim "$WORK/unwatched.asrun" --stamps=wire
grep -q load.witness "$WORK/err" || fail "claim of an unwatched run: $(cat "$WORK/err")"
expect_exit 2 "$ASRUN" claim "$WORK/unwatched.asrun" --stamps=mine
echo "wire: as the server's log says"
