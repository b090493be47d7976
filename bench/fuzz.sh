#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each fuzz target under libFuzzer, from its committed corpus, for so many seconds.
#
#   bench/fuzz.sh [--build DIR] [--seconds 60] [--out FILE]
#
# Needs the preset fuzz (make fuzz-long builds it). What libFuzzer finds on its way stays in
# BUILD/corpus; what breaks a target is left there as crash-*. Writes bench/results/DATE-fuzz.md and exits
# 0 only if nothing broke.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/fuzz seconds=60 out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --seconds | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
out=${out:-bench/results/$(date -u +%F)-fuzz.md}
status=0
export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp
log=$(mktemp)
rows=$(mktemp)
trap 'rm -f "$log" "$rows"' EXIT
for target in "$build"/fuzz_*; do
  [ -x "$target" ] && [ -f "$target" ] || continue
  name=${target##*/fuzz_}
  mkdir -p "$build/corpus/$name"
  echo "== $name" >&2
  broke=no
  "$target" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$build/corpus/" "$build/corpus/$name" "tests/fuzz/corpus/$name" \
    > "$log" 2>&1 || { broke=YES status=1; tail -30 "$log" >&2; }
  runs=$(awk '/^stat::number_of_executed_units/ { print $2 }' "$log")
  cov=$(awk '/ cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") c = $(i + 1) } END { print c }' "$log")
  echo "| $name | $seconds | ${runs:-?} | ${cov:-?} | $(find "tests/fuzz/corpus/$name" -type f | wc -l) | $broke |" >> "$rows"
done
{
  echo "# Fuzzing, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs; libFuzzer with ASan and UBSan; commit $(git rev-parse --short=12 HEAD)."
  echo
  echo "| target | seconds | inputs | edges covered | committed corpus | broke |"
  echo "|---|---|---|---|---|---|"
  cat "$rows"
} > "$out"
cat "$out"
exit "$status"
