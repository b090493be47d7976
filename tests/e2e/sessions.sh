# SPDX-License-Identifier: Apache-2.0
# Sessions and joins, proven from the reference server's own log, not from what asrun recorded.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

# plan WORKLOAD LOAD [MORE]: writes $WORK/plan.yaml for the server that runs.
plan() {
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {$1}
target: {url: "$URL", model: reference${3:-}}
load: {$2}
exclude: {warm_up: none}
seed: 3
P
}

# run: the plan, to $WORK/run.asrun; what the server logged of its requests (not of the probes
# before it) to $WORK/seen.
run() {
  rm -f "$WORK"/run.asrun*
  : > "$WORK/log"
  "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/run.asrun" --quiet
  sleep 0.1
  grep ^asrun- "$WORK/log" > "$WORK/seen"
}

# turns N: one line a request in the order of the schedule: its number, session, turn, when it came,
# when its answer ended, roles, words, cached words, hashes; by position, N turns a session.
turns() {
  awk -v n="$1" '{ split($1, p, "-"); i = p[3] }
    $2 == "request" { came[i] = $3 } $5 == "done" { done[i] = $3 }
    $2 == "prompt" { said[i] = $4 " " $5 " " $6 " " $7 " " $8 }
    END { for (i in came) print i, int(i / n), i % n, came[i], done[i], said[i] }' "$WORK/seen" |
    sort -n > "$WORK/turns"
}

# in_order MIN_NS: each turn came so long after the end of the answer before it, with that turn's messages
# and an answer before its own.
in_order() {
  awk -v least="$1" '{ want = "u"; for (k = 0; k < $3; k++) want = want "au" }
    $6 != want { print "roles of " $1 ": " $6 ", wanted " want; bad = 1 }
    $3 > 0 && $4 - ended < least { print "request " $1 " came " ($4 - ended) / 1e6 " ms after the answer"; bad = 1 }
    $3 > 0 && ($10 != text || $7 <= words + 4) { print "request " $1 " has another history"; bad = 1 }
    { ended = $5; text = $9; words = $7; n++ }
    END { print n " turns in order"; exit bad || n < 20 }' "$WORK/turns" || fail "$2"
}

start_server --ttft 2ms --gap 1ms --prefix-cache --log "$WORK/log"

# Drawn sessions that arrive in an open loop; two threads.
plan "fixed: {input_tokens: 12, output_tokens: 5}, sessions: {turns: 4, think_time: 40ms}, calibrate: false" \
  "arrivals: poisson, rate: 60/s, requests: 120, threads: 2"
run
turns 4
[ "$(wc -l < "$WORK/turns")" = 120 ] || fail "120 turns"
in_order 39.9e6 "sessions in an open loop"
awk '$3 > 0 && $8 != words { bad = 1 } { words = $7 } END { exit bad }' "$WORK/turns" ||
  fail "a turn's prefix is not what the turn before it had"
"$ASRUN" show "$WORK/run.asrun" samples --csv > "$WORK/samples"
paste -d' ' <(column cached_reported < "$WORK/samples") <(column reuse_expected < "$WORK/samples") |
  awk '$1 != $2 { bad = 1 } END { exit bad || NR != 120 }' || fail "reuse that was expected and seen"
paste -d' ' <(column input_requested < "$WORK/samples") <(column turn < "$WORK/samples") |
  awk '$1 != 12 + 17 * $2 { bad = 1 } END { exit bad }' || fail "prompts that grow by 5 + 12 tokens a turn"

# Exponential thinking, in a closed loop of users: never more than they are, each one's sessions in a row.
plan "fixed: {input_tokens: 12, output_tokens: 2}, sessions: {turns: 6, think_time: exponential 20ms}, calibrate: false" \
  "arrivals: closed, concurrency: 6, requests: 192"
run
turns 6
in_order 0 "sessions of users"
awk '$3 > 0 { print ($4 - ended) / 20e6 } { ended = $5 }' "$WORK/turns" | sort -g |
  awk '{ v[NR] = $1; sum += $1 } END { for (i = 1; i <= NR; i++) { f = 1 - exp(-v[i])
           if (f - (i - 1) / NR > d) d = f - (i - 1) / NR
           if (i / NR - f > d) d = i / NR - f }
         print "think times: n " NR ", mean " sum / NR ", KS " d * sqrt(NR)
         exit NR != 160 || d * sqrt(NR) > 1.95 }' || fail "think times at the server are not exponential"
awk '{ print $4, 1; print $5, -1 }' "$WORK/turns" | sort -g |
  awk '{ n += $2 } n > 6 { bad = 1 } END { exit bad || n != 0 }' || fail "more requests out than users"
awk '{ if ($3 == 0) from[$2] = $4; to[$2] = $5 } END { for (s in from) { print from[s], 1; print to[s], -1 } }' \
  "$WORK/turns" | sort -g | awk '{ n += $2 } n > 6 { bad = 1 } END { exit bad || n != 0 }' || fail "more sessions than users"

# As growing text, to a server that has seen none of it.
stop_server
start_server --ttft 2ms --gap 1ms --prefix-cache --log "$WORK/log"
plan "fixed: {input_tokens: 12, output_tokens: 5}, sessions: {turns: 5, think_time: 1ms}, calibrate: false" \
  "arrivals: constant, rate: 50/s, requests: 50" ", api: completions"
run
turns 5
awk '$6 != "-" || ($3 > 0 && $8 != words) || $7 != 12 + 17 * $3 { bad = 1 } { words = $7 } END { exit bad || NR != 50 }' \
  "$WORK/turns" || fail "text that grows"

# A profile's sessions: the first turns at their times, later ones so long after the answer, at twice the speed;
# a call that two others wait for, and a last one that waits for both.
cat > "$WORK/rows.jsonl" <<P
{"asrun_profile": {"version": 1, "form": "rows", "name": "waiting"}}
{"timestamp": 0, "input_length": 10, "output_length": 5, "session_id": "a"}
{"timestamp": 40, "input_length": 20, "output_length": 30, "id": 1}
{"timestamp": 60, "input_length": 30, "output_length": 4, "session_id": "a", "delay": 100}
{"timestamp": 70, "input_length": 20, "output_length": 40, "id": 2, "after": [1], "delay": 0}
{"timestamp": 70, "input_length": 20, "output_length": 10, "id": 3, "after": [1], "delay": 20}
{"timestamp": 80, "input_length": 25, "output_length": 2, "session_id": "b"}
{"timestamp": 90, "input_length": 50, "output_length": 4, "id": 4, "after": [3, 2], "delay": 0}
{"timestamp": 99, "input_length": 60, "output_length": 4, "session_id": "a", "delay": 60}
P
plan "profile: rows.jsonl, calibrate: false" "arrivals: replay, speedup: 2, threads: 2"
run
turns 1
awk '{ came[$1] = $4 / 1e6; done[$1] = $5 / 1e6; roles[$1] = $6; words[$1] = $7; text[$1] = $9; then[$1] = $10 }
  function is(what, ms, want, early) { if (ms < want - 0.1 - early || ms > want + 20) { print what ": " ms " ms, wanted " want; bad = 1 } }
  END { is("the call", came[1] - came[0], 20, 20); is("the other session", came[5] - came[0], 40, 20) # both may be late
        is("turn 2", came[2] - done[0], 50); is("turn 3", came[7] - done[2], 30)
        is("the first that waits", came[3] - done[1], 0); is("the second", came[4] - done[1], 10)
        is("the join", came[6] - (done[3] > done[4] ? done[3] : done[4]), 0)
        if (roles[7] != "uauau" || then[7] != text[2] || then[2] != text[0] || roles[6] != "u") bad = 1
        if (words[2] != 30 || words[7] != 60 || NR != 8) bad = 1
        exit bad }' "$WORK/turns" || fail "a profile whose rows wait: $(cat "$WORK/turns")"
"$ASRUN" show "$WORK/run.asrun" samples --csv | column session | paste -sd' ' > "$WORK/out"
grep -qx '0 1 0 1 1 2 1 0' "$WORK/out" || fail "sessions in the evidence: $(cat "$WORK/out")"

# Of each session whose third answer breaks nothing more is asked.
plan "fixed: {input_tokens: 12, output_tokens: 5}, sessions: {turns: 4, think_time: 1ms}, calibrate: false" \
  "arrivals: constant, rate: 50/s, requests: 40"
stop_server
start_server --ttft 2ms --gap 1ms --misbehave reset-mid:2 --log "$WORK/log"
sed -i "s|url: \"[^\"]*\"|url: \"$URL\"|" "$WORK/plan.yaml"
run
[ "$(grep -c ' request ' "$WORK/seen")" = 10 ] || fail "turns after a failed one were asked"
"$ASRUN" claim "$WORK/run.asrun" --json > "$WORK/claim" || true
grep -q '"predecessor failed": 30' "$WORK/claim" || fail "the ledger: $(grep -A5 notExecuted "$WORK/claim")"
stop_server

echo "ok: sessions as the server saw them"
