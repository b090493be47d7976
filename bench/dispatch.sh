#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Does the dispatch fingerprint tell an engine whose dispatched kernels changed from one that only ran
# again? The embedded engine, one plan, one model, the same flags; in each pair once as it comes, once
# with the CPU back end that it chose hidden from it, so that it dispatches the next best.
#
#   bench/dispatch.sh [--build DIR] [--pairs 10] [--seconds 10] [--hz 99] [--shape 135m]
#                     [--out FILE]
#
# The engine starts anew each time, in a folder of links to its libraries. Writes
# bench/results/DATE-dispatch.md; exit 1 if the farthest repeats are not five times closer than the
# closest back ends.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release pairs=10 seconds=10 hz=99 shape=135m out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --pairs | --seconds | --hz | --shape | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,13s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
. bench/engine.bash
dir=$(mktemp -d)
trap 'engine_stop; rm -rf "$dir"' EXIT

# folder NAME WITHOUT: the program and links to its libraries but one.
folder() {
  mkdir -p "$dir/$1"
  cp "$CACHE/bin/llama-server" "$dir/$1/"
  for lib in "$CACHE"/bin/*.so; do [ "${lib##*/}" = "$2" ] || ln -s "$lib" "$dir/$1/"; done
}
backend() { grep -o 'libggml-cpu-[a-z0-9]*\.so' "/proc/$ENGINE_PID/maps" | sort -u | head -1; }

# measure NAME FILE: one run of the plan against a fresh engine; its fingerprint in FILE.
measure() {
  engine_start "$dir/$1" "$dir/engine.log"
  backend > "$dir/$1.backend"
  cat > "$dir/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 48, output_tokens: 64}, calibrate: false}
target: {url: "$URL", model: dummy}
load: {arrivals: closed, concurrency: 4, duration: $((seconds + 1))s, self_test: {for: 0}}
exclude: {warm_up: none}
P
  rm -f "$dir"/run.asrun*
  (on 1 "$build/asrun" run "$dir/plan.yaml" -o "$dir/run.asrun" --quiet) > "$dir/run.out" 2>&1 &
  local load=$!
  sleep 0.5
  "$build/bench_dispatch_pid" "$ENGINE_PID" "$seconds" "$hz" > "$2" 2> "$2.facts" || { cat "$2.facts" >&2; exit 1; }
  wait "$load" || true
  engine_stop
}
distance() { "$build/bench_dispatch_pid" compare "$1" "$2" | awk 'NR == 1 { print $2, $4 }'; }

folder plain none
measure plain "$dir/A.0"
folder masked "$(cat "$dir/plain.backend")"
measure masked "$dir/B.0"
for i in $(seq "$pairs"); do
  measure plain "$dir/A.$i"
  measure masked "$dir/B.$i"
  echo "$i $(distance "$dir/A.$((i - 1))" "$dir/A.$i") $(distance "$dir/B.$((i - 1))" "$dir/B.$i") $(distance "$dir/A.$i" "$dir/B.$i")" |
    tee -a "$dir/rows" >&2
done
fact() { awk -F'\t' -v n="engine.dispatch.$1" '$1 == n { print $2 }' "$dir/A.$pairs.facts"; }
verdict=$(awk '{ for (f = 2; f <= 4; f += 2) if ($f > far) far = $f; if (!near || $6 < near) near = $6 }
  END { printf "%s %.3f %.3f %.1f\n", (near >= 5 * far ? "yes" : "NO"), far, near, (far > 0 ? near / far : 999) }' "$dir/rows")
read -r ok far near ratio <<< "$verdict"
out=${out:-bench/results/$(date -u +%F)-dispatch.md}
{
  echo "# The dispatch fingerprint: back ends and repeats, $(date -u +%F)"
  echo
  machine
  echo "Embedded engine, $shape, closed loop of 4, $seconds s at $hz Hz ($(fact event)). A: $(cat "$dir/plain.backend") (what it chooses);" \
    "B: $(cat "$dir/masked.backend") (the former hidden). Each run is of a fresh engine; distances are total variation."
  [ -z "${NOTE:-}" ] || echo "$NOTE"
  echo
  echo "| pair | A to the A before | by chance | B to the B before | by chance | A to B |"
  echo "|---|---|---|---|---|---|"
  awk '{ printf "| %d | %.3f | %.3f | %.3f | %.3f | %.3f |\n", $1, $2, $3, $4, $5, $6 }' "$dir/rows"
  echo
  echo "Farthest repeats $far, closest back ends $near: ratio $ratio (at least 5: $ok)."
  echo "Last run of A: $(fact samples) samples, $(fact lost) lost, unsymbolised share $(fact unsymbolised_share)," \
    "coverage of the engine's CPU time $(fact coverage), CPU of the probe $(fact overhead) of one."
  echo
  echo "Most telling in the last pair:"
  echo
  echo "| share in A | share in B | library | function |"
  echo "|---|---|---|---|"
  "$build/bench_dispatch_pid" compare "$dir/A.$pairs" "$dir/B.$pairs" |
    awk -F'\t' 'NR > 1 { printf "| %.3f | %.3f | %s | `%s` |\n", $1, $2, $3, $4 }'
} > "$dir/report.md"
cp "$dir/report.md" "$out"
cat "$out"
[ "$ok" = yes ]
