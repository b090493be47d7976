# SPDX-License-Identifier: Apache-2.0
# The engine's own metrics beside a run: planted pages with a restart in mid-run and a family whose
# name only begins like another; exporters; a server without such a page; the embedded engine. And
# no secret of a page in evidence, claim, report or output.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"
EXPORTER_PID=
stop_exporter() { [ -z "$EXPORTER_PID" ] || { kill "$EXPORTER_PID"; wait "$EXPORTER_PID" || true; }; EXPORTER_PID=; }
trap 'stop_exporter; cleanup' EXIT

# run_plan NAME [LINE]: a short run, its file $WORK/NAME.asrun; LINE is added to the plan.
run_plan() {
  cat > "$WORK/$1.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 8, output_tokens: 8}}
target: {url: "$URL", model: reference, api_key: "env:PLANTED"}
load: {self_test: {for: 0}, arrivals: constant, rate: 10/s, duration: 2s}
exclude: {warm_up: none}
seed: 7
${2:-}
P
  "$ASRUN" run "$WORK/$1.yaml" -o "$WORK/$1.asrun" > "$WORK/$1.out" 2> "$WORK/$1.err" || [ $? = 3 ] ||
    fail "$1: $(tail -n 5 "$WORK/$1.err")"
}
# fact NAME SCOPE FACT: its value, or "? REASON"
fact() {
  "$ASRUN" show "$WORK/$1.asrun" facts --json | jq -r --arg s "$2" --arg n "$3" '
    [.. | objects | select(.scope? == $s and .name? == $n)] | last |
    if . == null then "no such fact" elif .value == null then "? " + .source else .value end'
}
is() { [ "$(fact "$1" "$2" "$3")" = "$4" ] || fail "$1: $2.$3 is '$(fact "$1" "$2" "$3")', not '$4'"; }
# values NAME SCOPE SERIES: its values, in order of time
values() { "$ASRUN" show "$WORK/$1.asrun" telemetry --csv | awk -F, -v s="$2" -v n="$3" '$2 == s && $3 == n { printf "%.10g\n", $4 }'; }
no_secret() {
  "$ASRUN" claim "$WORK/$1.asrun" --json > "$WORK/$1.claim" || true
  "$ASRUN" show "$WORK/$1.asrun" facts --csv > "$WORK/$1.facts"
  ! grep -al planted- "$WORK/$1".* || fail "$1: a secret"
}

# Page N: the engine restarts before the fifth, and counts from 1 again.
for n in $(seq 60); do
  i=$((n < 5 ? n : n - 4))
  cat > "$WORK/m.$n" <<P
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0"} 7
vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 99
vllm:num_preemptions_total{engine="0"} $((2 * i))
vllm:prefix_cache_queries_total{engine="0"} $((1000 * i))
vllm:prefix_cache_hits_total{engine="0"} $((250 * i))
vllm:cache_config_info{block_size="16",api_key="planted-label",engine="0"} 1
P
done
export PLANTED=planted-key
start_server --ttft 5ms --gap 1ms --api-key "$PLANTED" --metrics "$WORK/m"
run_plan planted "probe: {metrics_period: 200ms}"
n=$(fact planted engine metrics.scrapes)
[ "$n" -ge 6 ] || fail "$n scrapes"
is planted engine metrics.map vllm@1
is planted engine metrics.scrapes_failed 0
is planted engine kv_cache.block_tokens 16
is planted engine preemptions.total $((2 * (n - 2))) # the step around the restart is unknown
is planted engine prefix_cache.queries $((1000 * (n - 2)))
is planted engine prefix_cache.hit_share 0.25
is planted engine kv_cache.use "? GET /metrics: family vllm:kv_cache_usage_perc not in the scrape"
[ "$(values planted engine queue.depth | sort -u)" = 7 ] || fail "a name that only begins alike was taken"
[ "$(values planted engine preemptions | wc -l)" = $((n - 2)) ] || fail "a rate over the restart"
[ -z "$(values planted engine requests.running)" ] || fail "absent became a number"
"$ASRUN" show "$WORK/planted.asrun" notes --csv > "$WORK/notes"
grep -q 'changed.*vLLM restarted: its counter vllm:num_preemptions_total went from 8 to 2' "$WORK/notes" ||
  fail "no restart in: $(cat "$WORK/notes")"
"$ASRUN" show "$WORK/planted.asrun" facts --csv | grep 'preemptions.total.*1 restart: at least' > "$WORK/least" ||
  fail "the total does not say what it lacks"
no_secret planted

# Without a page: the run goes on, and the claim says what was not observed.
stop_server
start_server --ttft 5ms --gap 1ms --metrics "$WORK/absent"
run_plan absent
is absent engine metrics "? GET /metrics: HTTP 404"
"$ASRUN" claim "$WORK/absent.asrun" --json > "$WORK/absent.claim" || true
grep -q 'GET /metrics: HTTP 404' "$WORK/absent.claim" || fail "the claim hides what was not observed"

# Exporters, by URL; the target's key is not theirs.
"$REFSERVER" --metrics "$SOURCE/tests/vectors/metrics/dcgm.txt" > "$WORK/exporter.out" 2> "$WORK/exporter.err" &
EXPORTER_PID=$!
for _ in $(seq 100); do [ -s "$WORK/exporter.out" ] && break; sleep 0.05; done
exporter="http://127.0.0.1:$(sed -n 's/^port //p' "$WORK/exporter.out")"
run_plan exporters "probe: {dcgm_url: \"$exporter/metrics\", node_url: \"$exporter\", metrics_period: 500ms}"
is exporters gpu.1 energy 0
[ "$(values exporters gpu.0 use.compute | sort -u)" = 0.97 ] || fail "no share of 97 %"
[ "$(values exporters gpu.1 memory.used_bytes | sort -u)" = 1073741824 ] || fail "not 1024 MiB"
is exporters node metrics "? GET /metrics: no family of node in it"
no_secret exporters
stop_server

for bad in '"http://u:p@127.0.0.1/metrics"' '"ftp://x/metrics"' 7; do
  printf 'asrun: 1\nworkload: {fixed: {input_tokens: 8, output_tokens: 8}}\ntarget: {url: "http://127.0.0.1/v1", model: m}\nload: {arrivals: constant, rate: 1/s, duration: 2s}\nprobe: {metrics_url: %s}\n' \
    "$bad" > "$WORK/bad.yaml"
  expect_exit 2 "$ASRUN" check "$WORK/bad.yaml"
  grep -q 'probe.metrics_url' "$WORK/err" || fail "no key named: $(cat "$WORK/err")"
done
echo "ok: planted pages, a restart, a page that is not there, exporters"
