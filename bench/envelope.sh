#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The envelope's figures beside another program's of the same minute (bench/envelope_reference.c):
# bandwidth by STREAM's loops, products by the loop of OpenBLAS's own benchmark, in alternation.
#
#   bench/envelope.sh [--build DIR] [--rounds 5] [--for 500ms] [--threads 1,2] [--out FILE]
#
# Writes bench/results/DATE-envelope.md; exits 0 only if the medians over rounds of the ratios of the best
# repetitions are within 5 % of 1.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release rounds=5 for=500ms threads=1,$(nproc) out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --rounds | --for | --threads | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for round in $(seq "$rounds"); do
  "$build/asrun" envelope --quiet --for "$for" --threads "$threads" --json > "$dir/e.json"
  jq -r '.ceilings[] | select(.name | test("memory.(copy|scale|add|triad)|gemm.f"))
    | [.name, .threads, .sizeBytes, .order, .repetitions, .median, .best] | map(. // 0) | join(" ")' "$dir/e.json" > "$dir/own"
  blas=$(jq -r '.facts[] | select(.name == "blas.path").value' "$dir/e.json")
  elements=$(awk '$1 == "memory.copy" { print $3 / 16; exit }' "$dir/own")
  times=$(awk '$1 == "memory.copy" { print $5 + 1; exit }' "$dir/own")
  for t in $(tr , ' ' <<< "$threads"); do
    "$build/bench_envelope_reference" stream "$t" "$elements" "$times" >> "$dir/reference$round"
  done
  while read -r name t _ order n _; do
    [[ $name == gemm.* ]] || continue
    [ "$t" = 0 ] && t=1
    "$build/bench_envelope_reference" gemm "$blas" "$t" "$order" $((n + 1)) "${name#gemm.}" >> "$dir/reference$round"
  done < "$dir/own"
  awk -v round="$round" 'NR == FNR { median[$1 " " $2] = $3; best[$1 " " $2] = $4; next }
    { key = $1 " " ($2 ? $2 : 1) } key in best { print $1, ($2 ? $2 : 1), $6, $7, median[key], best[key], $6 / median[key], $7 / best[key] }' \
    "$dir/reference$round" "$dir/own" | tee -a "$dir/rows" >&2
done
out=${out:-bench/results/$(date -u +%F)-envelope.md}
status=0
{
  echo "# The envelope beside another program, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1-3 /proc/loadavg) at the end. $("$build/asrun" --version | head -1)."
  echo "Medians of $rounds rounds in alternation; GB/s and Gflop/s; BLAS: $blas."
  echo
  echo "| ceiling | threads | asrun, median | reference, median | ratio | asrun, best | reference, best | ratio |"
  echo "|---|---|---|---|---|---|---|---|"
  sort -k1,1 -k2,2n "$dir/rows" | python3 -c '
import statistics, sys
rows = {}
for line in sys.stdin:
    w = line.split()
    rows.setdefault((w[0], w[1]), []).append([float(x) for x in w[2:]])
ok = True
for (name, threads), v in rows.items():
    own, own_best, ref, ref_best, ratio, best = (statistics.median(x[i] for x in v) for i in range(6))
    print(f"| {name} | {threads} | {own/1e9:.4g} | {ref/1e9:.4g} | {ratio:.3f} | {own_best/1e9:.4g} | {ref_best/1e9:.4g} | {best:.3f} |")
    ok = ok and abs(best - 1) <= 0.05
print("\nRatios of the best repetitions within 5 % of 1: " + ("pass" if ok else "FAIL"))'
} > "$out"
grep -q 'pass$' "$out" || status=1
cat "$out"
exit $status
