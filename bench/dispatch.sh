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

# measure NAME FILE: one run of the plan against a fresh engine; its fingerprint in FILE, the run in FILE.asrun.
measure() {
  engine_start "$dir/$1" "$dir/engine.log"
  backend > "$dir/$1.backend"
  cat > "$dir/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 48, output_tokens: 64}, calibrate: false}
target: {url: "$URL", model: dummy}
load: {arrivals: closed, concurrency: 1, duration: ${seconds}s, self_test: {for: 0}}
exclude: {warm_up: none}
probe: {dispatch: $hz, engine_pid: "$ENGINE_PID"}
P
  (on 1 "$build/asrun" run "$dir/plan.yaml" -o "$2.asrun" --quiet) > "$dir/run.out" 2>&1 || [ -s "$2.asrun" ]
  engine_stop
  sqlite3 -readonly -separator $'\t' "$2.asrun" \
    "SELECT samples, library, build_id, function FROM dispatch WHERE phase = 'trial 0'" > "$2"
  [ -s "$2" ] || { fact "$2" samples >&2; exit 1; }
}
fact() { sqlite3 -readonly "$1.asrun" "SELECT coalesce(value, source) FROM fact WHERE scope = 'engine' AND name = 'dispatch.$2'"; }
distance() { "$build/bench_dispatch_distance" "$1" "$2"; }
# told X Y: 1 if asrun diff says that other things were dispatched.
told() { { "$build/asrun" diff --json "$1.asrun" "$2.asrun" || true; } | jq '[.differs[] | select(.part == "dispatch")] | length > 0 | if . then 1 else 0 end'; }

folder plain none
measure plain "$dir/A.0"
folder masked "$(cat "$dir/plain.backend")"
measure masked "$dir/B.0"
for i in $(seq "$pairs"); do
  measure plain "$dir/A.$i"
  measure masked "$dir/B.$i"
  echo "$i $(distance "$dir/A.$((i - 1))" "$dir/A.$i") $(distance "$dir/B.$((i - 1))" "$dir/B.$i") $(distance "$dir/A.$i" "$dir/B.$i")" \
    "$(told "$dir/A.$((i - 1))" "$dir/A.$i") $(told "$dir/B.$((i - 1))" "$dir/B.$i") $(told "$dir/A.$i" "$dir/B.$i")" |
    tee -a "$dir/rows" >&2
done
last=$dir/A.$pairs
verdict=$(awk '{ for (f = 2; f <= 4; f += 2) if ($f > far) far = $f; if (!near || $6 < near) near = $6 }
  END { printf "%s %.3f %.3f %.1f\n", (near >= 5 * far ? "yes" : "NO"), far, near, (far > 0 ? near / far : 999) }' "$dir/rows")
read -r ok far near ratio <<< "$verdict"
out=${out:-bench/results/$(date -u +%F)-dispatch.md}
{
  echo "# The dispatch fingerprint: back ends and repeats, $(date -u +%F)"
  echo
  machine
  echo "Embedded engine, $shape, one request at a time, $seconds s at $hz Hz ($(fact "$last" event)). A: $(cat "$dir/plain.backend") (what it chooses);" \
    "B: $(cat "$dir/masked.backend") (the former hidden). Each run is of a fresh engine; distances are total variation."
  [ -z "${NOTE:-}" ] || echo "$NOTE"
  echo
  echo "| pair | A to the A before | by chance | B to the B before | by chance | A to B |"
  echo "|---|---|---|---|---|---|"
  awk '{ printf "| %d | %.3f | %.3f | %.3f | %.3f | %.3f |\n", $1, $2, $3, $4, $5, $6 }' "$dir/rows"
  echo
  awk '{ same += 2 - $8 - $9; other += $10 } END { printf "`asrun diff`: the same dispatched in %d of %d repeats, other things in %d of %d pairs of back ends.\n", same, 2 * NR, other, NR }' "$dir/rows"
  echo "Farthest repeats $far, closest back ends $near: ratio $ratio (at least 5: $ok)."
  echo "Last run of A: $(fact "$last" samples) samples, $(fact "$last" lost) lost, unsymbolised share $(fact "$last" unsymbolised_share)," \
    "coverage of the engine's CPU time $(fact "$last" coverage), CPU of the probe $(fact "$last" overhead) of one."
  echo
  echo "What \`asrun diff\` says of the last pair, its first lines:"
  echo
  echo '```'
  { "$build/asrun" diff "$last.asrun" "$dir/B.$pairs.asrun" || true; } | awk '!/^  [AB]: / && ++n <= 24'
  echo '```'
} > "$dir/report.md"
cp "$dir/report.md" "$out"
cat "$out"
[ "$ok" = yes ]
