#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A witness beside somebody else's client: its event times against the server's own log of sends.
. "$(dirname "$0")/common.bash"
command -v python3 > /dev/null || skip "python3 is not installed"

# What can't be watched is said, before any file is made.
expect_exit 2 "$ASRUN" witness -o "$WORK/x.asrun"
expect_exit 2 "$ASRUN" witness --port 70000 -o "$WORK/x.asrun"
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null; then
  chmod 755 "$WORK"
  expect_exit 5 setpriv --bounding-set=-net_raw --inh-caps=-net_raw "$ASRUN" witness --port 9 -o "$WORK/x.asrun" --duration 1s
  grep -q CAP_NET_RAW "$WORK/err" || fail "no word of CAP_NET_RAW: $(cat "$WORK/err")"
  [ ! -e "$WORK/x.asrun" ] || fail "a file was made without the right to watch"
fi
"$ASRUN" witness --port 9 -o "$WORK/probe.asrun" --duration 10ms > /dev/null 2> "$WORK/err" ||
  { grep -q CAP_NET_RAW "$WORK/err" && skip "NOT PERMITTED: $(cat "$WORK/err")"; fail "$(cat "$WORK/err")"; }

# watch FILE [FLAGS]: starts the witness and waits until it watches.
watch() {
  local file=$1
  shift
  "$ASRUN" witness --port "$PORT" -o "$file" "$@" > "$WORK/witness.out" 2> "$WORK/witness.err" &
  WITNESS_PID=$!
  for _ in $(seq 100); do
    ! grep -q watching "$WORK/witness.err" || return 0
    sleep 0.05
  done
  fail "the witness did not start: $(cat "$WORK/witness.err")"
}
unwatch() {
  kill -INT "$WITNESS_PID"
  wait "$WITNESS_PID" || fail "exit $? of the witness: $(cat "$WORK/witness.err")"
}

# Eight connections, three requests on each; one more client hangs up after its first bytes.
cat > "$WORK/client.py" <<'PY'
import socket, sys, threading, time, json
port = int(sys.argv[1])
def body(words):
    return json.dumps({"stream": True, "max_tokens": 40, "model": "m",
                       "messages": [{"role": "user", "content": words}]}).encode()
def request(rid, b):
    return (f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Request-Id: {rid}\r\n"
            f"Authorization: Bearer planted-key\r\nContent-Length: {len(b)}\r\n\r\n").encode() + b
def one(i):
    s = socket.create_connection(("127.0.0.1", port))
    for k in range(3):
        r = request(f"planted-id-{i}-{k}", body("planted-prompt " * 20))
        s.sendall(r[:50]); s.sendall(r[50:])
        got = b""
        while b"0\r\n\r\n" not in got[-16:]:
            part = s.recv(7 if i == 0 else 65536)
            assert part, "the server closed"
            got += part
    s.close()
threads = [threading.Thread(target=one, args=(i,)) for i in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
s = socket.create_connection(("127.0.0.1", port))
s.sendall(request("planted-id-gone", body("x")))
s.recv(100)
time.sleep(0.1)
s.close()
PY
start_server --log "$WORK/log" --ttft 20ms --gap uniform:2ms-6ms
watch "$WORK/w.asrun"
python3 "$WORK/client.py" "$PORT" || fail "the client failed"
sleep 0.3
unwatch
stop_server

"$ASRUN" show "$WORK/w.asrun" samples --csv > "$WORK/samples"
"$ASRUN" show "$WORK/w.asrun" events --csv > "$WORK/events"
"$ASRUN" show "$WORK/w.asrun" notes --csv > "$WORK/notes"
[ "$(column outcome < "$WORK/samples" | grep -c '^ok$')" = 24 ] || fail "not 24 ok: $(cat "$WORK/samples")"
[ "$(column outcome < "$WORK/samples" | grep -c '^cancelled$')" = 1 ] || fail "the hang-up was not seen: $(cat "$WORK/samples")"
[ "$(column reused < "$WORK/samples" | grep -c '^1$')" = 16 ] || fail "not 16 on a kept connection"
[ -z "$(column due_ns < "$WORK/samples" | tr -d '\n')" ] || fail "a witness knows no due time"

# Each sample is found by its salted id; each event is at or after its send, and soon.
python3 - "$WORK" <<'PY' || fail "the times do not agree with the server's log"
import sys, csv, hashlib, sqlite3
work = sys.argv[1]
meta = dict(sqlite3.connect(f"file:{work}/w.asrun?mode=ro", uri=True).execute("select key, value from meta"))
salt, anchor = bytes.fromhex(meta["witness.salt"]), int(meta["anchor_mono_ns"])
assert meta["kind"] == "witness" and meta["witness.dropped"] == "0" and meta["witness.lost"] == "0", meta
ids = {}
for row in csv.DictReader(open(f"{work}/notes")):
    if row["kind"] == "request_id":
        sample, digest = row["text"].split()
        ids[digest] = int(sample)
sends, received = {}, {}
for line in open(f"{work}/log"):
    f = line.split()
    if len(f) == 5: sends.setdefault(f[0], []).append(int(f[2]))
    elif f[1] == "request": received[f[0]] = int(f[2])
events, samples = {}, {}
for row in csv.DictReader(open(f"{work}/events")):
    events.setdefault(int(row["request_id"].rsplit("-", 1)[1]), []).append(int(row["time_ns"]) + anchor)
for row in csv.DictReader(open(f"{work}/samples")):
    samples[int(row["request_id"].rsplit("-", 1)[1])] = row
late = []
for rid, times in sends.items():
    sample = ids[hashlib.sha256(salt + rid.encode()).hexdigest()[:32]]
    row = samples[sample]
    assert abs(int(row["sent_last_ns"]) + anchor - received[rid]) < 1000000, (rid, row, received[rid])
    if row["outcome"] != "ok": continue
    assert len(events[sample]) == len(times), (rid, len(events[sample]), len(times))
    late += [e - s for e, s in zip(events[sample], times)]
late.sort()
print("events", len(late), "late by us: min", late[0] / 1e3, "p50", late[len(late) // 2] / 1e3, "max", late[-1] / 1e3)
assert len(late) == 24 * 43, len(late)
assert late[0] > -1000, "an event before its send"  # times are whole microseconds, rounded down
assert late[len(late) // 2] < 1000000, "half of the events are late by a millisecond"
PY

# No header, no text, no id: neither of the client nor of the server.
for secret in planted-key planted-prompt planted-id Bearer Authorization delta; do
  ! grep -qa -- "$secret" "$WORK/w.asrun" || fail "'$secret' is in the evidence"
done

# It is no run: nothing is claimed from it.
for verb in "claim $WORK/w.asrun" "show $WORK/w.asrun ledger" "show $WORK/w.asrun plan"; do
  expect_exit 3 "$ASRUN" $verb
  grep -q 'no plan' "$WORK/err" || fail "$verb: $(cat "$WORK/err")"
done
expect_exit 0 "$ASRUN" show "$WORK/w.asrun"
grep -q 'witness' "$WORK/out" || fail "the summary doesn't say what it is"
expect_exit 0 "$ASRUN" show "$WORK/w.asrun" --json

# Another user's client is watched only if root says so.
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null && command -v curl > /dev/null; then
  for users in own any; do
    start_server --ttft 30ms --gap 1ms
    watch "$WORK/$users.asrun" $([ $users = own ] || echo --any-user)
    for _ in 1 2 3; do
      setpriv --reuid=65534 --clear-groups curl -sS -N -o /dev/null "http://127.0.0.1:$PORT/v1/chat/completions" \
        -d '{"stream":true,"max_tokens":5,"messages":[]}' || fail "the other user's client failed"
    done
    sleep 0.3
    unwatch
    stop_server
    "$ASRUN" show "$WORK/$users.asrun" samples --csv | column outcome > "$WORK/outcomes"
    got=$(wc -l < "$WORK/outcomes")
    [ "$got" = $([ $users = own ] && echo 0 || echo 3) ] || fail "$users: $got requests of another user's"
  done
fi
echo "witness: as the server's log says"
