# SPDX-License-Identifier: Apache-2.0
# The real engine's metrics page: what it counted over the run is what the client saw.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"
need_engine
cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 60, output_tokens: 40}}
target: {url: "http://127.0.0.1:1/v1", model: x}
load: {self_test: {for: 0}, arrivals: closed, concurrency: 2, requests: 20}
exclude: {warm_up: none}
probe: {metrics_period: 100ms}
P
code=0
"$ASRUN" demo --plan "$WORK/plan.yaml" --model 15m -o "$WORK/e.asrun" --quiet > "$WORK/claim" 2> "$WORK/err" || code=$?
[ "$code" = 3 ] || [ "$code" = 6 ] || fail "exit $code: $(cat "$WORK/err")"
"$ASRUN" show "$WORK/e.asrun" facts --csv > "$WORK/facts"
fact() { awk -F, -v n="$1" '$1 == "engine" && $2 == n { print $3 }' "$WORK/facts"; }
[ "$(fact metrics.map)" = llama-server@1 ] || fail "map '$(fact metrics.map)': $(grep ^engine "$WORK/facts")"
[ "$(fact metrics.scrapes_failed)" = 0 ] || fail "$(fact metrics.scrapes_failed) scrapes failed"
seen=$("$ASRUN" show "$WORK/e.asrun" samples --csv | column output_reported | awk '{ s += $1 } END { print s }')
[ "$(fact tokens.generated)" = "$seen" ] || fail "the engine counted '$(fact tokens.generated)' tokens, the client $seen"
"$ASRUN" show "$WORK/e.asrun" samples --csv | column input_reported > "$WORK/inputs"
seen=$(awk '{ s += $1 } END { print s }' "$WORK/inputs")
told=$(($(fact tokens.prompt) + $(fact prefix_cache.hits)))
[ "$told" = "$seen" ] || fail "the engine counted $told prompt tokens, the client $seen"
"$ASRUN" show "$WORK/e.asrun" telemetry --csv | awk -F, '$2 == "engine" && $3 == "requests.running" && $4 > 0' > "$WORK/running"
[ -s "$WORK/running" ] || fail "nothing was ever running"
echo "ok: $seen prompt tokens and $(fact tokens.generated) generated, by both counts"
