#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One GEMM program, one library, the same flags: only OpenBLAS's own choice of kernel differs, forced
# by OPENBLAS_CORETYPE or left to it. Does the fingerprint name the kernel?
#
#   bench/dispatch_blas.sh [--build DIR] [--library PATH] [--cores ,HASWELL,SKYLAKEX] [--seconds 8] [--out FILE]
#
# The library is Debian's OpenBLAS (libopenblas0-pthread) unless told otherwise. Writes
# bench/results/DATE-dispatch-blas.md; exit 1 if a forced kernel's name is not in its fingerprint.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release library=/usr/lib/$(uname -m)-linux-gnu/openblas-pthread/libopenblas.so.0 cores=,HASWELL,SKYLAKEX seconds=8 out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --library | --cores | --seconds | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
[ -e "$library" ] || { echo "skipped: no $library (apt-get install libopenblas0-pthread)"; exit 77; }
dir=$(mktemp -d)
gemm= server=
trap 'kill $gemm $server 2>/dev/null || true; rm -rf "$dir"' EXIT
"$build/refserver" > "$dir/server.out" 2>&1 &
server=$!
for _ in $(seq 200); do [ -s "$dir/server.out" ] && break; sleep 0.02; done
url=http://127.0.0.1:$(awk '{ print $2 }' "$dir/server.out")/v1
bad=0
IFS=, read -ra names <<< "$cores"
for core in "${names[@]}"; do
  if [ -n "$core" ]; then export OPENBLAS_CORETYPE=$core; else unset OPENBLAS_CORETYPE; fi
  label=${core:-unset}
  "$build/bench_gemm" "$library" 512 $((seconds + 3)) > "$dir/$label.rate" &
  gemm=$!
  # The program stands for an engine: what it executes while a plan runs is what is looked at.
  cat > "$dir/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 8, output_tokens: 4}, calibrate: false}
target: {url: "$url", model: reference}
load: {arrivals: constant, rate: 5/s, duration: ${seconds}s, self_test: {for: 0}}
exclude: {warm_up: none}
probe: {engine_pid: "$gemm"}
P
  "$build/asrun" run "$dir/plan.yaml" -o "$dir/$label.asrun" --quiet > "$dir/run.out" 2>&1 || [ -s "$dir/$label.asrun" ]
  wait "$gemm"
  gemm=
  sqlite3 -readonly -separator $'\t' "$dir/$label.asrun" \
    "SELECT samples, library, build_id, function FROM dispatch WHERE phase = 'trial 0' ORDER BY samples DESC" > "$dir/$label"
  head -1 "$dir/$label" > "$dir/$label.top"
  [ -z "$core" ] || grep -qi "gemm.*_$core" "$dir/$label.top" || { echo "$core: not in $(cat "$dir/$label.top")" >&2; bad=1; }
done
out=${out:-bench/results/$(date -u +%F)-dispatch-blas.md}
{
  echo "# The kernels of one GEMM program, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$build/asrun" --version | head -1)."
  echo "$(basename "$(readlink -f "$library")"), build id $(cut -f3 "$dir/${names[0]:-unset}.top"). dgemm 512 x 512, one thread, $seconds s at 99 Hz."
  [ -z "${NOTE:-}" ] || echo "$NOTE"
  echo
  echo "| OPENBLAS_CORETYPE | Gflop/s | function with most samples | its share | distance to the first |"
  echo "|---|---|---|---|---|"
  for core in "${names[@]}"; do
    label=${core:-unset}
    all=$(awk '{ n += $1 } END { print n }' "$dir/$label")
    awk -F'\t' -v label="$label" -v rate="$(cat "$dir/$label.rate")" -v all="$all" \
      -v d="$("$build/bench_dispatch_distance" "$dir/${names[0]:-unset}" "$dir/$label" | cut -d' ' -f1)" \
      '{ printf "| %s | %s | `%s` | %.3f | %.3f |\n", label, rate, $4, $1 / all, d }' "$dir/$label.top"
  done
  echo
  echo "What \`asrun diff\` says of the first and the last, its first lines:"
  echo
  echo '```'
  { "$build/asrun" diff "$dir/${names[0]:-unset}.asrun" "$dir/$label.asrun" || true; } | awk '!/^  [AB]: / && ++n <= 12'
  echo '```'
} > "$dir/report.md"
cp "$dir/report.md" "$out"
cat "$out"
exit "$bad"
