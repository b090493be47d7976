#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A witness beside a usual Python client (aiohttp): it has every event that the server sent, soon after. The
# measurement, with more streams than that client can follow, is bench/witness.sh.
. "$(dirname "$0")/common.bash"
for python in python3 /usr/bin/python3 none; do
  [ $python = none ] || ! "$python" -c 'import aiohttp' 2> /dev/null || break
done
[ $python != none ] || skip "python3-aiohttp is not installed (tools/setup)"

start_server --log "$WORK/log" --ttft 20ms --gap uniform:10ms-30ms
"$ASRUN" witness --port "$PORT" -o "$WORK/w.asrun" > "$WORK/witness.out" 2> "$WORK/witness.err" &
witness=$!
for _ in $(seq 100); do
  ! grep -q watching "$WORK/witness.err" || break
  ! grep -q CAP_NET_RAW "$WORK/witness.err" || skip "NOT PERMITTED: $(cat "$WORK/witness.err")"
  sleep 0.05
done
"$python" "$SOURCE/bench/witness_client.py" "$PORT" 48 40 0.3 e2e > "$WORK/client" || fail "the client failed"
kill -INT "$witness"
wait "$witness" || fail "exit $? of the witness: $(cat "$WORK/witness.err")"
sleep 0.1
stop_server
read -r n missing p50 _ < <("$python" "$SOURCE/bench/witness_join.py" "$WORK/log" e2e witness "$WORK/w.asrun" "$ASRUN")
read -r cn cmissing cp50 _ < <("$python" "$SOURCE/bench/witness_join.py" "$WORK/log" e2e times "$WORK/client")
echo "witness: $n events, $missing missing, lag p50 $p50 us; client: $cn, $cmissing missing, p50 $cp50 us"
[ "$n $missing $cn $cmissing" = "1920 0 1920 0" ] || fail "not every event: $(cat "$WORK/witness.out")"
awk -v w="$p50" -v c="$cp50" 'BEGIN { exit !(w >= 0 && w < 1000 && w < c) }' || fail "the witness is no nearer to the sends than the client"
