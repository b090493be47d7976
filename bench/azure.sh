#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Replays a five-minute slice of a production chat trace: shrunk (workload.scale) on the embedded
# engine's 15m model, at a load that the run itself measures as a share of capacity; and unscaled, in
# full, against the reference server. Writes bench/results/DATE-azure.md.
#   bench/azure.sh [TRACE.csv]     default: ../shared/data/azure-llm-2023-conv.csv
set -euo pipefail
cd "$(dirname "$0")/.."
trace=${1:-../shared/data/azure-llm-2023-conv.csv}
[ -r "$trace" ] || { echo "skipped: no trace at $trace"; exit 0; }
asrun=build/release/asrun
refserver=build/release/refserver
work=$(mktemp -d)
trap 'kill $server 2>/dev/null || true; chmod -R u+w "$work"; rm -rf "$work"' EXIT
server=
"$asrun" profile import azure "$trace" -o "$work/chat.jsonl" >&2

cat > "$work/scaled.yaml" <<P
asrun: 1
question: How does the small model serve five minutes of a production chat trace, shrunk?
good: [{metric: ttft.content.due@1, percentile: 90, at_most: 1s}]
regime: latency
workload: {family: "chat, one turn", profile: chat.jsonl, slice: {from: 10m, for: 5m}, scale: {lengths: ${LENGTHS:-1/4}}}
target: {url: "http://127.0.0.1:1/v1", model: x}
load: {arrivals: replay, capacity: {requests: 300, concurrency: 16}}
exclude: {warm_up: first 30s}
P
"$asrun" demo --plan "$work/scaled.yaml" --model 15m --context 2Ki -o "$work/scaled.asrun" --quiet \
  > "$work/scaled.txt" || true
"$asrun" claim "$work/scaled.asrun" --json > "$work/scaled.json" || true

"$refserver" --ttft 300ms --gap 5ms > "$work/port" 2> "$work/server.err" & server=$!
sleep 1
port=$(sed -n 's/^port //p' "$work/port")
sed "s/, scale: {[^}]*}//; s/, capacity: {[^}]*}//; s/port: .*//; s#127.0.0.1:1/#127.0.0.1:$port/#" \
  "$work/scaled.yaml" > "$work/full.yaml"
"$asrun" run "$work/full.yaml" -o "$work/full.asrun" --quiet
"$asrun" claim "$work/full.asrun" --json > "$work/full.json" || true

out=bench/results/$(date +%F)-azure.md
row() { # NAME FILE.json
  jq -r --arg name "$1" '
    def p(m; q): .metrics[] | select(.metric == m) | .percentiles[] | select(.percentile == q) | .value;
    [$name, .ledger.scheduled, .ledger.counted, .ledger.excluded.warm_up, .ledger.excluded.capacity_pilot,
     ([.ledger.notExecuted[]] | add // 0), (.ledger.outcomes.ok // 0), .ledger.balanced,
     (.capacity.requestsPerSecond // "-"), (.capacity.offeredPerSecond // "-"),
     (if .capacity.offeredShare then (100 * .capacity.offeredShare | round | tostring) + " %" else "-" end),
     "\(.tokens.inputReportedVsRequested.compared - .tokens.inputReportedVsRequested.differ) of \(.tokens.inputReportedVsRequested.compared)", 1e6 * .instrument.lateness.p99]
    | "| " + (map(if type == "number" then (. * 1000 | round / 1000) else . end | tostring) | join(" | ")) + " |"' "$2"
}
{
  echo "# Five minutes of a production chat trace, $(date +%F)"
  echo
  echo "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) CPUs, load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$asrun" version)."
  echo "\`bench/azure.sh\`: slice 10m to 15m of azure-llm-2023-conv.csv; scaled: lengths ${LENGTHS:-1/4}, model 15m, 4 slots, one engine thread."
  echo
  echo "| run | scheduled | counted | warm-up | capacity pilot | not executed | ok | balanced | capacity/s | offered/s | offered share | prompts within 2 % or 2 | lateness p99, µs |"
  echo "|---|---|---|---|---|---|---|---|---|---|---|---|---|"
  row "scaled, embedded engine" "$work/scaled.json"
  row "unscaled, reference server" "$work/full.json"
} > "$out"
cat "$out"
sed -n 1,25p "$work/scaled.txt"
