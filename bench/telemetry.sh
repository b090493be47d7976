#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What it costs to watch: the probes' threads at 10 Hz with an engine of 200 threads, beside the same
# run that looks once an hour.
#
#   bench/telemetry.sh [--build DIR] [--rounds 5] [--seconds 20] [--threads 200] [--period 100ms] [--out FILE]
#
# The engine's process is one of idle threads that wake ten times a second; requests go to the
# reference server. Writes bench/results/DATE-telemetry.md; exits 0 only if the bar holds.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release rounds=5 seconds=20 threads=200 period=100ms out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --rounds | --seconds | --threads | --period | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
dir=$(mktemp -d)
server= engine=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; [ -z "$engine" ] || kill "$engine" 2>/dev/null; rm -rf "$dir"' EXIT

"$build/refserver" --ttft 1ms --gap 1ms > "$dir/server.out" 2> "$dir/server.err" &
server=$!
python3 bench/telemetry_threads.py "$threads" > "$dir/engine.out" &
engine=$!
for _ in $(seq 500); do [ -s "$dir/server.out" ] && [ -s "$dir/engine.out" ] && break; sleep 0.02; done
port=$(awk '{ print $2 }' "$dir/server.out")

cat > "$dir/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 8, output_tokens: 4}, calibrate: false}
target: {url: "http://127.0.0.1:$port/v1", model: reference}
load: {self_test: {for: 0}, arrivals: constant, rate: 10/s, duration: ${seconds}s}
probe: {engine_pid: $engine}
exclude: {warm_up: none}
P

TIMEFORMAT='%U %S'
run() { # PERIOD: CPU seconds of the whole of asrun
  rm -f "$dir"/run.asrun*
  { time "$build/asrun" run "$dir/plan.yaml" -o "$dir/run.asrun" --quiet --probe.period="$1" 2>> "$dir/err"; } 2>&1 | awk '{ print $1 + $2 }'
}
query() { sqlite3 "$dir/run.asrun" "$1"; }
median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.4g\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

for round in $(seq "$rounds"); do
  without=$(run 1h)
  with=$(run "$period")
  own=$(query "select sum(value) from fact where scope = 'probe' and name glob '*.cpu_share'")
  rows=$(query "select count(*) from telemetry")
  missed=$(query "select sum(value) from fact where scope = 'probe' and name glob '*.missed'")
  watched=$(query "select max(value) from telemetry join series on id = series where scope = 'engine.process' and name = 'threads'")
  echo "$own $with $without $rows $missed $watched" >> "$dir/rows"
  echo "round $round: threads of the probes $own of a CPU; whole process $with s, $without s without" >&2
done
own=$(awk '{ print 100 * $1 }' "$dir/rows" | median)
apart=$(awk -v s="$seconds" '{ print 100 * ($2 - $3) / s }' "$dir/rows" | median)
out=${out:-bench/results/$(date -u +%F)-telemetry.md}
{
  echo "# What watching costs, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$build/asrun" --version | head -1)."
  echo "All probes every $period, an engine of $threads threads, $seconds s a run; beside it the same run with one look in an hour."
  [ -z "${NOTE:-}" ] || echo "$NOTE"
  echo
  echo "| round | probes' threads, % of a CPU | all of asrun, CPU s | without, CPU s | apart, % of a CPU | rows | missed | threads seen |"
  echo "|---|---|---|---|---|---|---|---|"
  awk -v s="$seconds" '{ printf "| %d | %.2f | %.2f | %.2f | %.2f | %d | %d | %d |\n", NR, 100 * $1, $2, $3, 100 * ($2 - $3) / s, $4, $5, $6 }' "$dir/rows"
  echo "| median | $own | | | $apart | | | |"
  echo
  for what in "probes' threads:$own" "all of asrun, by difference:$apart"; do
    echo "- ${what%%:*}: ${what##*:} % of one CPU (under 2): $(awk -v v="${what##*:}" 'BEGIN { print (v < 2 ? "pass" : "FAIL") }')"
  done
} > "$out"
cat "$out"
! grep -q FAIL "$out"
