# SPDX-License-Identifier: Apache-2.0
# Every endpoint with a right and with a wrong answer, from the server's log and from the ledger.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

start_server --ttft 5ms --gap 1ms --template-tokens 3 --log "$WORK/log"
ROOT="http://127.0.0.1:$PORT"

# plan MODEL API LENGTHS [KEY: VALUE,]...: 4 requests.
plan() {
  local model=$1 api=$2 lengths=$3
  shift 3
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {$lengths}, calibrate: ${CALIBRATE-true}}
target: {url: "$ROOT${BASE-/v1}", model: "$model", api: $api, $*}
load: {self_test: {for: 0}, arrivals: constant, rate: 50/s, requests: 4, timeout: 2s, stall_timeout: 1s, drain_timeout: 3s}
exclude: {warm_up: none}
P
}

# run NAME OUTCOME: the plan's four requests all end so; the server's log of them to $WORK/seen.
run() {
  FILE="$WORK/$1.asrun"
  : > "$WORK/log"
  timeout 30 "$ASRUN" run "$WORK/plan.yaml" -o "$FILE" --quiet || fail "$1: asrun run exited with $?"
  sleep 0.1
  grep ^asrun- "$WORK/log" > "$WORK/seen"
  "$ASRUN" show "$FILE" samples --csv > "$WORK/samples"
  [ "$(column outcome < "$WORK/samples" | sort | uniq -c | xargs)" = "4 $2" ] ||
    fail "$1: $(column outcome < "$WORK/samples" | xargs), expected 4 $2"
  [ "$(awk '$2 == "request"' "$WORK/seen" | wc -l)" = 4 ] || fail "$1: the server saw other requests"
  "$ASRUN" show "$FILE" ledger > "$WORK/ledger" || fail "$1: the ledger does not balance"
  "$ASRUN" claim "$FILE" > "$WORK/claim" 2> "$WORK/err" || [ $? = 3 ] || [ $? = 6 ] || fail "$1: no claim: $(cat "$WORK/err")"
  echo "ok: $1 -> $2"
}

# all COLUMN VALUE: each sample's.
all() {
  [ "$(column "$1" < "$WORK/samples" | sort -u)" = "$2" ] ||
    fail "$FILE: $1 is $(column "$1" < "$WORK/samples" | sort -u | xargs), expected $2"
}

# told KIND VALUE: the server's log says so of each request.
told() {
  [ "$(awk -v kind="$1" -v v="$2" '$2 == kind && $3 == v' "$WORK/seen" | wc -l)" = 4 ] ||
    fail "$FILE: the server did not see $1 $2: $(cat "$WORK/seen")"
}

# failed WORDS: the claim counts them all as errors, and the samples say why.
failed() {
  grep -q "errors.share@1 *100 %" "$WORK/claim" || fail "$FILE: errors.share is not 1"
  column error < "$WORK/samples" > "$WORK/errors"
  grep -qF "$1" "$WORK/errors" || fail "$FILE: no words '$1': $(cat "$WORK/errors")"
}

# Responses: streamed, whole, failed, without an end, and no response at all. Calibrated: 40 tokens
# are 37 words here, and the server counts 40.
plan reference responses "input_tokens: 40, output_tokens: 6" ""
run responses ok
told responses 37
all input_reported 40
all output_reported 6
[ "$(awk '$5 == "content"' "$WORK/seen" | wc -l)" = 24 ] || fail "responses: deltas at the server"
[ "$("$ASRUN" show "$FILE" events --csv | column kind | grep -c content)" = 24 ] || fail "responses: deltas in the evidence"
grep -q "ttft.choice.sent@1: its events have no choices" "$WORK/claim" || fail "responses: choices"
plan reference responses "input_tokens: 40, output_tokens: 6" "stream: false"
run responses-whole ok
all output_reported 6
CALIBRATE=false plan no-finish responses "input_tokens: 40, output_tokens: 6" ""
run responses-cut early_end
CALIBRATE=false plan error-event responses "input_tokens: 40, output_tokens: 6" ""
run responses-failed error_event
failed "asked for by the test"
CALIBRATE=false plan wrong responses "input_tokens: 40, output_tokens: 6" "stream: false"
run responses-wrong wrong_answer
failed "no finished response"

# Embeddings: one answer, no output tokens, no first token.
plan reference embeddings "input_tokens: 40" "body: {dimensions: 3, input_type: query}"
run embeddings ok
told embeddings 37
all input_reported 40
all output_requested 0
all output_reported ""
grep -q "ttft.content.due@1: an answer in one piece has no first token" "$WORK/claim" || fail "embeddings: a first token"
grep -q "^  latency.due@1" "$WORK/claim" || fail "embeddings: no latency"
grep -q "^  throughput.total_tokens@1" "$WORK/claim" || fail "embeddings: no total tokens"
plan wrong embeddings "input_tokens: 40" ""
run embeddings-wrong wrong_answer
failed "no embedding"
CALIBRATE=false plan bad-json embeddings "input_tokens: 40" ""
run embeddings-bad bad_event

# Rerank: a query and its documents are equal parts of the prompt.
plan reference rerank "input_tokens: 43" "documents: 4"
run rerank ok
told rerank 40
told documents 4
all input_reported 43
plan wrong rerank "input_tokens: 43" ""
run rerank-wrong wrong_answer
told documents 8
failed "no score"

# Any JSON server, here one of KServe's protocol, by a template of the plan's own.
cat > "$WORK/body.json" <<'B'
{"model": "{{model}}", "id": "{{request_id}}",
 "inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["{{prompt}}"]}],
 "parameters": {"words": {{input_tokens}}}}
B
BASE=
json="path: /v2/models/reference/infer, body_template: \"file:body.json\""
plan reference json "input_tokens: 40" "$json, success: {pointer: /outputs/0/data}"
run json ok
told infer 40
"$ASRUN" show "$FILE" facts > "$WORK/facts"
grep -q "target.api: json are not asked" "$WORK/facts" || fail "json: no fact"
plan reference json "input_tokens: 40" "$json, success: {pointer: /outputs/0/data/0, equals: 0.75}"
run json-equal ok
plan reference json "input_tokens: 40" "$json, success: {pointer: /outputs/0/data/0, equals: 0.8}"
run json-differs wrong_answer
failed "does not pass target.success"
plan reference json "input_tokens: 40" "$json, success: {status: 202}"
run json-status wrong_answer
failed "not the status"
plan wrong json "input_tokens: 40" "$json, success: {pointer: /outputs/0/data}"
run json-wrong wrong_answer
plan http-500 json "input_tokens: 40" "$json"
run json-500 http_5xx

# What an endpoint does not have is refused before the run.
refused() { # WORDS FLAG...
  local words=$1
  shift
  expect_exit 2 "$ASRUN" check "$WORK/plan.yaml" "$@"
  grep -qF -- "$words" "$WORK/err" || fail "expected '$words', got: $(cat "$WORK/err")"
}
plan reference embeddings "input_tokens: 40" ""
refused "ttft.content.due@1 is none of target.api: embeddings" "--good=[{metric: ttft.content.due@1, percentile: 90, at_most: 1s}]"
refused "tpot.after_first@1 is none of" "--good=[{metric: slo_attainment@1, at_least: 95%, slo: {tpot.after_first@1: 50ms}}]"
refused "throughput.output_tokens@1 is none of" "--expect=[{metric: throughput.output_tokens@1, value: 5/s}]"
refused "target.stream: is for target.api: chat, completions and responses" --target.stream=true
echo "ok: what makes no sense is refused"
