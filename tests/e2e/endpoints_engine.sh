# SPDX-License-Identifier: Apache-2.0
# Responses, embeddings and a JSON POST against the real engine: right answers, and prompts as long
# as asked for by its own count.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"
need_engine
bin=$(make --no-print-directory -s -C "$SOURCE/targets/llm" where)/bin/llama-server
printf '#!/bin/sh\nexec "%s" "$@" --embeddings --pooling mean\n' "$bin" > "$WORK/embedder"
chmod +x "$WORK/embedder"

# run NAME TARGET LENGTHS FLAG...
run() {
  local name=$1 code=0
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {$3}}
target: {url: "http://127.0.0.1:1/v1", model: x, $2}
load: {self_test: {for: 0}, arrivals: closed, concurrency: 2, requests: 12}
exclude: {warm_up: none}
P
  shift 3
  "$ASRUN" demo --plan "$WORK/plan.yaml" --model 15m -o "$WORK/$name.asrun" --quiet "$@" > "$WORK/claim" 2> "$WORK/err" ||
    code=$?
  [ "$code" = 3 ] || [ "$code" = 6 ] || fail "$name: exit $code: $(cat "$WORK/err")"
  "$ASRUN" show "$WORK/$name.asrun" samples --csv > "$WORK/samples"
  [ "$(column outcome < "$WORK/samples" | sort | uniq -c | xargs)" = "12 ok" ] ||
    fail "$name: $(column outcome < "$WORK/samples" | xargs)"
}

# within COLUMN N: each sample's is, but for 2.
within() {
  column "$1" < "$WORK/samples" | awk -v n="$2" '{ if ($1 == "" || $1 < n - 2 || $1 > n + 2) exit 1 }' ||
    fail "$1: $(column "$1" < "$WORK/samples" | xargs), expected $2"
}

run responses "api: responses" "input_tokens: 60, output_tokens: 8"
within input_reported 60
within output_reported 8
within content_events 8
run embeddings "api: embeddings" "input_tokens: 60" --engine "$WORK/embedder"
within input_reported 60
grep -q "ttft.content.due@1: an answer in one piece has no first token" "$WORK/claim" || fail "embeddings: a first token"
json='api: json, path: /completions, success: {pointer: /choices/0/text},'
run json "$json body_template: '{\"prompt\":\"{{prompt}}\",\"max_tokens\":{{output_tokens}}}'" "input_tokens: 60, output_tokens: 8"
echo "ok: responses, embeddings and json as the engine answers them"
