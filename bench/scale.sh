#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Many connections at once: STREAMS streams (10000) against the reference server on the loopback, all open
# together for a while, each with a few tokens. Over 28,000 they go out from several addresses of 127/8; each
# process needs a descriptor a connection (ulimit -Hn): what is missing asrun says before it starts.
#
#   STREAMS=64000 bench/scale.sh [BUILD]      writes bench/results/DATE-scale-STREAMS.md
set -euo pipefail
streams=${STREAMS:-10000}
cd "$(dirname "$0")/.."
build=${1:-build/release}
dir=$(mktemp -d)
server= asrun=
trap 'kill $server $asrun 2>/dev/null || true; rm -rf "$dir"' EXIT
rate=$((streams / 4)) # all are open after 4 s, and the first ends after 6
"$build/refserver" --ttft 5s --gap 500ms --keep-alive honest > "$dir/server.out" 2> "$dir/server.err" &
server=$!
for _ in $(seq 200); do [ -s "$dir/server.out" ] && break; sleep 0.02; done
sources=$(seq -s, 2 $((streams / 20000 + 2)) | sed 's/[0-9]*/127.0.0.&/g')
cat > "$dir/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 32, output_tokens: 4}, calibrate: false}
target: {url: "http://127.0.0.1:$(awk '{ print $2 }' "$dir/server.out")/v1", model: reference, source_addresses: [$sources]}
load: {arrivals: constant, rate: $rate/s, requests: $streams, max_in_flight: $streams, self_test: {for: 0}}
exclude: {warm_up: none}
P
"$build/asrun" run "$dir/plan.yaml" -o "$dir/run.asrun" --quiet > "$dir/asrun.out" 2>&1 &
asrun=$!
most=0
while kill -0 "$asrun" 2>/dev/null; do
  anon=$(awk '$1 == "RssAnon:" { print $2 }' "/proc/$asrun/status" 2>/dev/null || true)
  [ "${anon:-0}" -le "$most" ] || most=$anon
  sleep 0.2
done
wait "$asrun" || { cat "$dir/asrun.out" >&2; exit 1; }
asrun=
query() { sqlite3 "$dir/run.asrun" "$1"; }
out=bench/results/$(date -u +%F)-scale-$streams.md
together=$(query "select max(in_flight_max) from second")
ok=$(query "select count(*) from samples where outcome = 'ok'")
{
  echo "# $streams connections, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$build/asrun" --version | head -1). Source addresses: $sources."
  [ -z "${NOTE:-}" ] || echo "$NOTE"
  echo
  echo "| | |"
  echo "|---|---|"
  echo "| streams at once, at most | $together |"
  echo "| answers complete | $ok of $streams |"
  echo "| connections opened, never connected | $(query "select count(*), sum(ended = 3) from connection" | tr '|' ',') |"
  echo "| connecting, median and most | $(query "select round(connect_ns / 1e6, 2) || ' ms' from connection order by connect_ns limit 1 offset $((streams / 2))"), $(query "select round(max(connect_ns) / 1e6, 1) || ' ms' from connection") |"
  echo "| segments sent again | $(query "select sum(retransmits) from connection") |"
  echo "| events without kernel stamp | $(query "select sum(not kernel) from sample") samples |"
  echo "| anonymous memory, most | $((most / 1024)) MiB, $((most * 1024 / streams)) bytes a connection |"
  echo "| of it the engine's own | $(query "select value from fact where name = 'memory.connection'") bytes a connection |"
  echo "| records lost, ring at its fullest | $(query "select coalesce(max(value), 0) from meta where key = 'lost_records'"), $(query "select round(max(ring_max_ppm) / 1e4, 1) from second") % |"
} > "$dir/report"
cp "$dir/report" "$out"
cat "$out"
[ "$ok" = "$streams" ] && [ "$together" -ge $((streams * 95 / 100)) ] || { echo "FAIL: not all at once, or not all complete"; exit 1; }
