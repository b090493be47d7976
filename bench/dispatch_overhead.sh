#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What sampling costs the engine: pairs of runs with and without (`probe.dispatch`), in alternating
# order, against one embedded engine that does the same requests each time.
#
#   bench/dispatch_overhead.sh [--build DIR] [--pairs 20] [--requests 16] [--hz 99] [--shape 135m] [--out FILE]
#
# Engine on CPU 0, asrun on CPU 1. The ratio is of output tokens a second; the interval is
# Student's t over the logarithms of the pairs. Writes bench/results/DATE-dispatch-overhead.md.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release pairs=20 requests=16 hz=99 shape=135m out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --pairs | --requests | --hz | --shape | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
. bench/engine.bash
dir=$(mktemp -d)
trap 'engine_stop; rm -rf "$dir"' EXIT
engine_start "$CACHE/bin" "$dir/engine.log"
cat > "$dir/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 48, output_tokens: 64}, calibrate: false}
target: {url: "$URL", model: dummy}
load: {arrivals: closed, concurrency: 4, requests: $requests, self_test: {for: 0}}
exclude: {warm_up: none}
probe: {engine_pid: "$ENGINE_PID"}
P

# throughput HZ: output tokens a second, and the engine's CPU seconds a thousand tokens.
ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$ENGINE_PID/stat"; }
throughput() {
  local before
  rm -f "$dir"/run.asrun*
  before=$(ticks)
  (on 1 "$build/asrun" run "$dir/plan.yaml" -o "$dir/run.asrun" --quiet --probe.dispatch="$1") > "$dir/run.out" 2>&1 || [ -s "$dir/run.asrun" ]
  sqlite3 -readonly "$dir/run.asrun" "SELECT sum(output_reported), sum(output_reported) * 1e9 / (max(end_ns) - min(released_ns)) FROM sample WHERE outcome = 0" |
    awk -F'|' -v ticks=$(($(ticks) - before)) -v hz="$(getconf CLK_TCK)" '{ printf "%.3f %.4f\n", $2, ticks / hz * 1000 / $1 }'
}
throughput "$hz" > /dev/null # warm
[ "$(sqlite3 -readonly "$dir/run.asrun" "SELECT sum(samples) > 0 FROM dispatch")" = 1 ] || { echo "no sampling here" >&2; exit 1; }
for i in $(seq "$pairs"); do
  if [ $((i % 2)) = 0 ]; then without=$(throughput 0) with=$(throughput "$hz"); else with=$(throughput "$hz") without=$(throughput 0); fi
  echo "$i $without $with" | tee -a "$dir/rows" >&2
done
out=${out:-bench/results/$(date -u +%F)-dispatch-overhead.md}
{
  echo "# What dispatch sampling costs the engine, $(date -u +%F)"
  echo
  machine
  echo "Embedded engine, $shape, closed loop of 4, $requests requests of 48 + 64 tokens a run, $pairs pairs, sampling at $hz Hz."
  [ -z "${NOTE:-}" ] || echo "$NOTE"
  echo
  python3 - "$dir/rows" <<'P'
import math, sys
T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
     2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045]
rows = [[float(x) for x in line.split()] for line in open(sys.argv[1])]
def ratio(a, b):
    logs = [math.log(r[b] / r[a]) for r in rows]
    n, mean = len(logs), sum(logs) / len(logs)
    if n < 2:
        return math.exp(mean), float("nan"), float("nan")
    half = (T[n - 2] if n - 2 < len(T) else 1.96) * math.sqrt(sum((x - mean) ** 2 for x in logs) / (n - 1) / n)
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)
print("| pair | tokens/s without | with | ratio | CPU s a 1,000 tokens without | with |\n|---|---|---|---|---|---|")
for r in rows:
    print(f"| {r[0]:.0f} | {r[1]:.1f} | {r[3]:.1f} | {r[3] / r[1]:.4f} | {r[2]:.4f} | {r[4]:.4f} |")
m, lo, hi = ratio(1, 3)
print(f"\nThroughput with over without: {m:.4f}, 95 % interval {lo:.4f} to {hi:.4f}: a cost of {100 * (1 - m):.2f} % "
      f"({100 * (1 - hi):.2f} to {100 * (1 - lo):.2f} %).")
m, lo, hi = ratio(2, 4)
print(f"The engine's CPU a token: {m:.4f}, 95 % interval {lo:.4f} to {hi:.4f}.")
P
} > "$dir/report.md"
cp "$dir/report.md" "$out"
cat "$out"
