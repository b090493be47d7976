# SPDX-License-Identifier: Apache-2.0
# A mix of three kinds of requests on two models, as the reference server was asked for them.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

start_server --ttft 2ms --gap 1ms --log "$WORK/log"
cat > "$WORK/plan.yaml" <<P
asrun: 1
good: [{metric: errors.share@1, at_most: 1%}]
regime: latency
workload:
  family: three kinds
  mix:
    - {name: chat, share: 50%, input_tokens: 16, output_tokens: 4}
    - {name: code, share: 30%, input_tokens: 24, output_tokens: 6, model: code-lora}
    - {name: digest, share: 20%, input_tokens: 40, output_tokens: 8, model: digest-lora}
  calibrate: false
target: {url: "$URL", model: base}
load: {arrivals: poisson, rate: 150/s, requests: 400}
exclude: {warm_up: none}
seed: 3
P
: > "$WORK/log"
"$ASRUN" run "$WORK/plan.yaml" -o "$WORK/run.asrun" --quiet
sleep 0.1
grep ^asrun- "$WORK/log" > "$WORK/seen"

# The models asked for, within the bounds of 400 independent draws, and each with its own length.
awk '$2 == "model" { model[$1] = $4; n[$4]++ } $5 == "content" { tokens[$1]++ }
     function far(m, p) { s = 3.3 * sqrt(400 * p * (1 - p)); print m ": " n[m]; return n[m] < 400 * p - s || n[m] > 400 * p + s }
     END { want["base"] = 4; want["code-lora"] = 6; want["digest-lora"] = 8
           for (id in model) if (tokens[id] != want[model[id]]) bad = 1
           exit far("base", 0.5) + far("code-lora", 0.3) + far("digest-lora", 0.2) + bad }' "$WORK/seen" ||
  fail "shares of the models at the server"

# asrun and the server agree on which request was of which kind.
"$ASRUN" show "$WORK/run.asrun" samples --csv > "$WORK/samples"
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "component") c = i; next }
         { print $1, ($c == 0 ? "base" : $c == 1 ? "code-lora" : "digest-lora") }' "$WORK/samples" | sort > "$WORK/mine"
awk '$2 == "model" { print $1, $4 }' "$WORK/seen" | sort | diff - "$WORK/mine" > /dev/null || fail "components"

# The claim names the mix and shows each kind.
"$ASRUN" claim "$WORK/run.asrun" > "$WORK/claim.txt" || true
grep -q 'By component of the mix' "$WORK/claim.txt" || fail "no components in the claim"
"$ASRUN" claim "$WORK/run.asrun" --json > "$WORK/claim.json" || true
grep -q 'a mix of chat 50 %' "$WORK/claim.json" || fail "the claim does not name the mix"
python3 - "$WORK/claim.json" "$WORK/mine" <<'P' || fail "the components of the claim"
import collections, json, sys
claim = json.load(open(sys.argv[1]))
seen = collections.Counter(line.split()[1] for line in open(sys.argv[2]))
mix = claim.get("mix") or claim["predicate"]["mix"]
assert [c["name"] for c in mix] == ["chat", "code", "digest"], mix
assert {c["model"]: c["counted"] for c in mix} == dict(seen), (mix, seen)
assert sum(c["counted"] for c in mix) == 400 and all(c["firstContent"]["p50"] for c in mix)
P

stop_server
echo "ok: a mix as the server saw it"
