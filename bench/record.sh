#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the recorder costs an event: records of answers of 100 events through ring, packer and store,
# beside writing the same records to a file as they are, in alternation within one process.
#
#   bench/record.sh [--build DIR] [--rounds 5] [--answers 20000] [--out FILE]
#
# Writes bench/results/DATE-record.md; exits 0 only if the recorder takes at most 10 % of a CPU at
# 100,000 events/s (medians).
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release rounds=5 answers=20000 out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --rounds | --answers | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for round in $(seq "$rounds"); do
  rm -f "$dir"/record*
  "$build/bench_record" "$dir/record.asrun" "$answers" >> "$dir/rows"
  echo "round $round: $(tail -1 "$dir/rows")" >&2
done
out=${out:-bench/results/$(date -u +%F)-record.md}
status=0
{
  echo "# The recorder, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$build/asrun" --version | head -1)."
  echo "$answers answers of 100 events; CPU of the whole process, start and seal included."
  echo
  echo "| round | recorder, us an event | plain copy, us an event | ratio | file, bytes an event | a record, bytes | peak resident, kB |"
  echo "|---|---|---|---|---|---|---|"
  awk '{ printf "| %d | %s | %s | %.1f | %s | %s | %s |\n", NR, $4, $6, $4 / $6, $8, $10, $12 }' "$dir/rows"
  echo
  awk '{ print $4 }' "$dir/rows" | sort -n | awk '{ v[NR] = $1 }
    END { m = (NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2) * 10
      printf "Share of a CPU at 100,000 events/s: %.1f %% (at most 10 %%): %s\n", m, (m <= 10 ? "pass" : "FAIL"); exit m > 10 }' || status=1
} > "$dir/report.md"
grep -q ': pass$' "$dir/report.md" || status=1
cp "$dir/report.md" "$out"
cat "$out"
exit "$status"
