#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Does asrun grow? STREAMS streams for SOAK_SECONDS against the reference server; anonymous memory, every
# 10 s, must be flat after the first minute (the last third at most
# 1 MiB above the second).
#
#   SOAK_SECONDS=1800 STREAMS=1000 bench/soak.sh [BUILD]      writes bench/results/DATE-soak.md
set -euo pipefail
seconds=${SOAK_SECONDS:-1800} streams=${STREAMS:-1000}
cd "$(dirname "$0")/.."
build=${1:-build/release}
dir=$(mktemp -d)
server= asrun=
trap 'kill $server $asrun 2>/dev/null || true; rm -rf "$dir"' EXIT
"$build/refserver" --ttft 100ms --gap uniform:60ms-140ms > "$dir/server.out" 2> "$dir/server.err" &
server=$!
for _ in $(seq 200); do [ -s "$dir/server.out" ] && break; sleep 0.02; done
cat > "$dir/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 32, output_tokens: 200}, calibrate: false}
target: {url: "http://127.0.0.1:$(awk '{ print $2 }' "$dir/server.out")/v1", model: reference}
load: {self_test: {for: 0}, arrivals: closed, concurrency: $streams, duration: ${seconds}s}
exclude: {warm_up: none}
P
"$build/asrun" run "$dir/plan.yaml" -o "$dir/run.asrun" --quiet > "$dir/asrun.out" 2>&1 &
asrun=$!
start=$(date +%s)
field() { awk -v f="$1:" '$1 == f { print $2 }' "/proc/$asrun/status" 2>/dev/null || true; }
while kill -0 "$asrun" 2>/dev/null && [ $(($(date +%s) - start)) -lt "$seconds" ]; do
  sleep $((seconds < 60 ? 2 : 10))
  anon=$(field RssAnon)
  [ -z "$anon" ] || echo "$(($(date +%s) - start)) $anon $(field RssFile) $(field RssShmem) $(stat -c %s "$dir/run.asrun")" >> "$dir/rows"
done
wait "$asrun" || true
asrun=
out=bench/results/$(date -u +%F)-soak.md
status=0
"$build/asrun" show "$dir/run.asrun" ledger > "$dir/ledger" || status=1
{
  echo "# Soak, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$build/asrun" --version | head -1)."
  echo "$streams streams of some 10 tokens/s for $seconds s; outcomes: $("$build/asrun" show "$dir/run.asrun" samples --csv |
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "outcome") c = i; next } { n[$c]++ } END { for (o in n) printf "%s %d; ", o, n[o] }')the ledger $([ $status = 0 ] && echo balances || echo "DOES NOT BALANCE")."
  [ -z "${NOTE:-}" ] || echo "$NOTE"
  echo
  echo "| second | anonymous, kB | file-backed, kB | shared, kB | evidence, bytes |"
  echo "|---|---|---|---|---|"
  awk '{ print "| " $1 " | " $2 " | " $3 " | " $4 " | " $5 " |" }' "$dir/rows"
  echo
  awk '{ v[NR] = $2 } END { a = int(NR / 3); b = int(2 * NR / 3)
    for (i = a + 1; i <= b; i++) if (v[i] > m) m = v[i]
    for (i = b + 1; i <= NR; i++) if (v[i] > l) l = v[i]
    printf "Anonymous memory, most in the last third less most in the second: %d kB (at most 1024): %s\n", l - m, (l - m <= 1024 ? "pass" : "FAIL"); exit l - m > 1024 }' "$dir/rows"
} > "$dir/report" || status=1
cp "$dir/report" "$out"
cat "$out"
exit $status
