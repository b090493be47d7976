#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What asrun itself costs beside the least that a client can do: 64 streams of tokens without pause
# from a server that does nothing else, read by asrun and by the floor (bench_fidelity: epoll and recv,
# nothing parsed, nothing kept) in alternation. Server on CPU 0, clients on CPU 1.
#
#   bench/self.sh [--build DIR] [--rounds 5] [--streams 64] [--tokens 4000] [--out FILE]
#
# The server is what limits both, so CPU a token is what tells them apart. Writes
# bench/results/DATE-self.md.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release rounds=5 streams=64 tokens=4000 out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --rounds | --streams | --tokens | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
dir=$(mktemp -d)
TIMEFORMAT='%U %S'
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT
on() { local cpu=$1; shift; if [ "$(nproc)" -gt 1 ]; then exec taskset -c "$cpu" "$@"; else exec "$@"; fi; }
(on 0 "$build/refserver" --ttft 0ms --gap 0ms) > "$dir/server.out" 2> "$dir/server.err" &
server=$!
for _ in $(seq 200); do [ -s "$dir/server.out" ] && break; sleep 0.02; done
port=$(awk '{ print $2 }' "$dir/server.out")
cat > "$dir/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 28, output_tokens: $tokens}, calibrate: false}
target: {url: "http://127.0.0.1:$port/v1", model: reference}
load: {arrivals: constant, rate: 100000/s, requests: $streams, self_test: {for: 0}}
exclude: {warm_up: none}
P

# Each prints seconds from the first release to the last event, and microseconds of CPU a token.
floor() {
  (on 1 "$build/bench_fidelity" --port "$port" --streams "$streams" --tokens "$tokens" --spread 1ms) > "$dir/client" 2> "$dir/client.err"
  awk -v cpu="$(awk '/cpu_s/ { print $4 }' "$dir/client.err")" -v n=$((streams * tokens)) '
    $2 == "request" { if (!from || $4 < from) from = $4; next } { if ($3 > to) to = $3 }
    END { printf "%.3f %.3f\n", (to - from) / 1e9, cpu * 1e6 / n }' "$dir/client"
}
asrun() {
  rm -f "$dir"/run.asrun*
  { time { (on 1 "$build/asrun" run "$dir/plan.yaml" -o "$dir/run.asrun" --quiet) > "$dir/asrun.out" 2>&1; }; } 2> "$dir/times"
  sqlite3 -readonly "$dir/run.asrun" "SELECT (max(end_ns) - min(released_ns)) / 1e9 FROM sample" |
    awk -v cpu="$(awk 'END { print $1 + $2 }' "$dir/times")" -v n=$((streams * tokens)) '{ printf "%.3f %.3f\n", $1, cpu * 1e6 / n }'
}
for round in $(seq "$rounds"); do
  echo "$(floor) $(asrun)" >> "$dir/rows"
  echo "round $round: $(tail -1 "$dir/rows")" >&2
done
out=${out:-bench/results/$(date -u +%F)-self.md}
{
  echo "# asrun and the floor, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$build/asrun" --version | head -1)."
  echo "$streams streams of $tokens tokens without pause. CPU of the whole process; asrun's has its recorder, start and end in it."
  echo
  echo "| round | floor, s | floor, CPU us a token | asrun, s | asrun, CPU us a token | time, ratio | CPU, ratio |"
  echo "|---|---|---|---|---|---|---|"
  awk '{ printf "| %d | %s | %s | %s | %s | %.2f | %.2f |\n", NR, $1, $2, $3, $4, $3 / $1, $4 / $2 }' "$dir/rows"
  awk '{ print $4 / $2 }' "$dir/rows" | sort -n | awk '{ v[NR] = $1 } END { printf "\nMedian CPU ratio: %.2f\n", (NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2) }'
} > "$dir/report.md"
cp "$dir/report.md" "$out"
cat "$out"
