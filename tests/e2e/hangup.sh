# SPDX-License-Identifier: Apache-2.0
# Clients that hang up, as the reference server saw them go.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

# run HANG_UP: 300 requests for 20 tokens; the server's log of them to $WORK/seen, hang-ups as
# "ID NS_AFTER_THE_REQUEST TOKENS_SENT" to $WORK/gone, asrun's samples to $WORK/samples.
run() {
  cat > "$WORK/plan.yaml" <<P
asrun: 1
good: [{metric: errors.share@1, at_most: 50%}]
regime: latency
workload: {fixed: {input_tokens: 16, output_tokens: 20}, calibrate: false}
target: {url: "$URL", model: reference}
load: {self_test: {for: 0}, arrivals: poisson, rate: 100/s, requests: 300, hang_up: {$1}}
exclude: {warm_up: none}
seed: 3
P
  rm -f "$WORK"/run.asrun*
  : > "$WORK/log"
  "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/run.asrun" --quiet
  sleep 0.1
  grep ^asrun- "$WORK/log" > "$WORK/seen"
  awk '$2 == "request" { at[$1] = $3 } $2 == "hangup" { print $1, $3 - at[$1], $4 }' "$WORK/seen" > "$WORK/gone"
  "$ASRUN" show "$WORK/run.asrun" samples --csv > "$WORK/samples"
}

# drawn SHARE: as many hang-ups at the server as 300 independent draws give, but for 0.1 %.
drawn() {
  awk -v p="$1" 'END { n = 300; s = 3.3 * sqrt(n * p * (1 - p)); print NR " hang-ups of " n
                       exit !(NR > n * p - s && NR < n * p + s) }' "$WORK/gone" || fail "share of hang-ups at the server"
}

start_server --ttft 5ms --gap 5ms --log "$WORK/log"

# After tokens: between 3 and 9 had been received, so at least as many had been sent, and few more.
run "share: 30%, after: uniform 3..9 tokens"
drawn 0.3
awk -F, 'NR > 1 && $3 == "hung_up" { print $1, $21 }' "$WORK/samples" | sort > "$WORK/mine"
sort "$WORK/gone" | join - "$WORK/mine" > "$WORK/both"
[ "$(wc -l < "$WORK/both")" = "$(wc -l < "$WORK/gone")" ] && [ "$(wc -l < "$WORK/both")" = "$(wc -l < "$WORK/mine")" ] ||
  fail "asrun and the server disagree on who hung up"
awk '{ if ($4 < 3 || $3 < $4) bad = 1; late += $3 - $4; seen[$4]++ }
     END { for (i = 3; i <= 9; i++) kinds += seen[i] > 0; print "sent after the last one received: " late / NR " tokens"
           exit bad || kinds != 7 || late / NR > 3 }' "$WORK/both" || fail "tokens before the hang-up"
"$ASRUN" claim "$WORK/run.asrun" --json > "$WORK/claim" || true
python3 - "$WORK/claim" "$(wc -l < "$WORK/gone")" <<'P' || fail "the ledger of hang-ups"
import json, sys
text = open(sys.argv[1]).read()
claim = json.loads(text)
def find(node, key):
    if isinstance(node, dict):
        if key in node: yield node[key]
        node = list(node.values())
    if isinstance(node, list):
        for each in node: yield from find(each, key)
outcomes = next(o for o in find(claim, "outcomes") if "ok" in o)
assert outcomes.get("hung_up") == int(sys.argv[2]), outcomes
assert outcomes["ok"] + outcomes["hung_up"] == 300, outcomes
P
grep -q 'hung up as planned' "$WORK/claim" || fail "the claim does not name the hang-ups"

# After a time: no sooner than that, and most of them soon after.
run "share: 50%, after: 60ms"
drawn 0.5
awk '{ print $2 / 1e6 }' "$WORK/gone" | sort -g > "$WORK/ms"
awk '{ v[NR] = $1 } END { print "hung up after " v[1] " to " v[NR] " ms"; exit !(v[1] > 58 && v[int(NR / 2) + 1] < 80) }' \
  "$WORK/ms" || fail "time before the hang-up"

stop_server
echo "ok: hang-ups as the server saw them"
