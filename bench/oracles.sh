#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every statistic of lib/stats (bench_oracles says its results) against oracles of their own: exact
# arithmetic, closed forms, planted truths (bench/oracles.py, Python's library alone).
#
#   bench/oracles.sh [--build DIR] [--reps 1500] [--out FILE]
#
# Writes bench/results/DATE-oracles.md; exits with 1 where a bar is missed.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release reps=1500 out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --reps | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
out=${out:-bench/results/$(date -u +%F)-oracles.md}
failed=0
tables=$("$build/bench_oracles" "$reps" | python3 bench/oracles.py) || failed=1
data=$(python3 bench/series_data.py "$build/asrun" "${SHARED:-../shared}/data") || { [ $? = 77 ] || failed=1; }
{
  echo "# The statistics against oracles, $(date -u +%F)"
  echo
  echo "$("$build/asrun" --version | head -1). Planted truths: $reps repetitions each, the worst case"
  echo "shown; a bar is passed up to two standard errors of that number of repetitions."
  echo
  echo "$tables"
  echo
  echo "$data"
} > "$out"
cat "$out"
exit "$failed"
