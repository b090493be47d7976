#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How late requests leave: asrun in open loop beside a bare pacer (bench_pacer), in alternation, at
# 100, 1,000 and 10,000 a second. Server on CPU 0, clients on CPU 1.
#
#   bench/pacer.sh [--build DIR] [--rounds 5] [--seconds 10] [--rates 100,1000,10000] [--out FILE]
#
# Lateness is the first byte's send less the due time; drift is the median lateness of the last tenth
# less that of the first. Writes bench/results/DATE-pacer.md.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release rounds=5 seconds=10 rates=100,1000,10000 out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --rounds | --seconds | --rates | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT
on() { local cpus=$1; shift; if [ "$(nproc)" -gt 1 ]; then exec taskset -c "$cpus" "$@"; else exec "$@"; fi; }
(on 0 "$build/refserver" --ttft 0ms --gap 0ms) > "$dir/server.out" 2> "$dir/server.err" &
server=$!
for _ in $(seq 200); do [ -s "$dir/server.out" ] && break; sleep 0.02; done
port=$(awk '{ print $2 }' "$dir/server.out")

bare() { (on 1 "$build/bench_pacer" --rate "$1" --count $(($1 * seconds)) --fifo) | awk '{ print $4, $6, $8, $10, 100 }'; }
asrun() {
  rm -f "$dir"/run.asrun*
  cat > "$dir/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 8, output_tokens: 1}, calibrate: false}
target: {url: "http://127.0.0.1:$port/v1", model: reference, stream: false}
load: {self_test: {for: 0}, arrivals: constant, rate: $1/s, requests: $(($1 * seconds))}
exclude: {warm_up: none}
P
  (on 1 "$build/asrun" run "$dir/plan.yaml" -o "$dir/run.asrun" --quiet) > "$dir/asrun.out" 2>&1 || [ -s "$dir/run.asrun" ]
  "$build/asrun" show "$dir/run.asrun" samples --csv | awk -F, -v want=$(($1 * seconds)) '
    NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
    $c["sent_ns"] != "" { printf "%d %.1f\n", $c["due_ns"], ($c["sent_ns"] - $c["due_ns"]) / 1e3 }' |
    sort -n > "$dir/late"
  n=$(wc -l < "$dir/late")
  at() { awk '{ print $2 }' | sort -n | awk -v q="$1" '{ v[NR] = $1 } END { i = int(q * NR) + 1; if (i > NR) i = NR; print v[i] }'; }
  echo "$(at 0.5 < "$dir/late") $(at 0.99 < "$dir/late") $(at 1 < "$dir/late")" \
    "$(awk -v a="$(tail -n $((n / 10)) "$dir/late" | at 0.5)" -v b="$(head -n $((n / 10)) "$dir/late" | at 0.5)" 'BEGIN { printf "%.1f", a - b }')" \
    "$(awk -v n="$n" -v want=$(($1 * seconds)) 'BEGIN { printf "%.2f", 100 * n / want }')"
}

for rate in ${rates//,/ }; do
  for round in $(seq "$rounds"); do
    for who in bare asrun; do echo "$rate $who $round $($who "$rate")" | tee -a "$dir/rows" >&2; done
  done
done
out=${out:-bench/results/$(date -u +%F)-pacer.md}
{
  echo "# Send lateness, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$build/asrun" --version | head -1)."
  echo "Microseconds; medians of $rounds alternations of $seconds s. The bare pacer sends nothing."
  [ -z "${NOTE:-}" ] || echo "$NOTE"
  echo
  echo "| a second | who | p50 | p99 | max | drift | sent, % of planned | p99 over the bare pacer's |"
  echo "|---|---|---|---|---|---|---|---|"
  awk '
    function median(k, f,   n, i, j, t, v) {
      n = rows[k]; for (i = 1; i <= n; i++) v[i] = at[k, i, f] + 0
      for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j] < v[j-1]; j--) { t = v[j]; v[j] = v[j-1]; v[j-1] = t }
      return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2 }
    { k = $1 " | " $2; if (!rows[k]++) order[++K] = k; for (f = 4; f <= 8; f++) at[k, rows[k], f] = $f }
    END { for (i = 1; i <= K; i++) { k = order[i]; printf "| %s |", k
      for (f = 4; f <= 8; f++) printf " %.1f |", median(k, f)
      if (k ~ /bare/) { base = median(k, 5); print " |" } else printf " %+.1f |\n", median(k, 5) - base } }' "$dir/rows"
} > "$out"
cat "$out"
