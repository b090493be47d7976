#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What asrun's figures are worth, and what they cost: asrun, the floor (bench_fidelity, an epoll
# client that parses nothing) and, at 2,048 streams, libcurl's multi interface (bench_fidelity_curl) in alternation
# against one reference server that knows when it sent what. Server on CPU 0, clients on CPU 1.
#
#   bench/fidelity.sh [--build DIR] [--rounds 5] [--levels 1,64,512,2048,5000] [--tries 3]
#                     [--clients floor,curl,asrun] [--out FILE]
#
# A level is that many streams at once, of 50 tokens/s each (5000: of 10), at gaps that are uniform
# within half around the mean. Streams begin evenly spread; from 2,048 on over four seconds, and a first
# token counts only in the second half of them, when connections are up (the first half is told apart).
# A measurement whose client waited more than 8 ms for its CPU is repeated, and the least disturbed
# one is kept, marked. Writes bench/results/DATE-fidelity.md; exits 0 only if every bar holds.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release rounds=5 levels=1,64,512,2048,5000 tries=3 out= clients=floor,curl,asrun
while [ $# -gt 0 ]; do
  case $1 in
    --build | --rounds | --levels | --tries | --out | --clients) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,16s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
limit_ms=8
dir=$(mktemp -d)
TIMEFORMAT='%U %S'
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT

on() { # CPU COMMAND...: pinned where that is possible
  local cpu=$1
  shift
  if [ "$(nproc)" -gt 1 ]; then exec taskset -c "$cpu" "$@"; else exec "$@"; fi
}

# LEVEL: how many streams in all, tokens of each, over what spread they begin, what gaps
choose() {
  gap=10ms-30ms per_s=50 server_fifo=--fifo
  case $1 in
    1) streams=5 tokens=100 spread=11000 ;;
    64 | 512) streams=$(($1 * 3)) tokens=100 spread=6000 ;;
    *) streams=$1 tokens=500 spread=4000 server_fifo= ;; # a real-time server that fills its CPU is stopped by the kernel
  esac
  if [ "$1" -ge 5000 ]; then gap=50ms-150ms per_s=10 tokens=100; fi
}

start_server() {
  # shellcheck disable=SC2086
  (on 0 "$build/refserver" --ttft 50ms --gap "uniform:$gap" $server_fifo --log "$dir/server.log") \
    > "$dir/server.out" 2> "$dir/server.err" &
  server=$!
  for _ in $(seq 200); do [ -s "$dir/server.out" ] && break; sleep 0.02; done
  port=$(awk '{ print $2 }' "$dir/server.out")
}

stop_server() {
  kill "$server"
  wait "$server" || true
  server=
}

write_plan() {
  cat > "$dir/plan.yaml" <<PLAN
asrun: 1
question: How far are asrun's stamps from the truth?
workload: {fixed: {input_tokens: 32, output_tokens: $tokens}, calibrate: false}
target: {url: "http://127.0.0.1:$port/v1", api: chat, model: reference}
load: {arrivals: constant, rate: $(awk -v n="$streams" -v ms="$spread" 'BEGIN { printf "%.9g", n * 1000 / ms }')/s, requests: $streams, max_in_flight: 8192, self_test: {for: 0}}
trials: {count: 1}
exclude: {warm_up: none}
seed: 1
PLAN
}

# Each leaves $dir/client (lines for bench_fidelity_join) and sets $delay (ms, or "?") and $cpu (s).
run_bench() {
  (on 1 "$build/$1" --fifo --port "$port" --streams "$streams" --tokens "$tokens" --spread "${spread}ms") \
    > "$dir/client" 2> "$dir/client.err" || { cat "$dir/client.err" >&2; exit 1; }
  delay=$(awk '/run_delay_ms/ { print $2 }' "$dir/client.err")
  cpu=$(awk '/cpu_s/ { print $4 }' "$dir/client.err")
}
run_floor() { run_bench bench_fidelity; }
run_curl() { run_bench bench_fidelity_curl; }

number_of() { grep -oE "\"$1\": *-?[0-9]+" | head -1 | grep -oE -- '-?[0-9]+$'; }
query() { sqlite3 -readonly "$dir/run.asrun" "$1"; }

# The most anonymous memory of process $1, kB, looked at while it runs.
watch_memory() {
  local most=0 now
  while now=$(awk '/^RssAnon/ { print $2 }' "/proc/$1/status" 2> /dev/null) && [ -n "$now" ]; do
    [ "$now" -le "$most" ] || most=$now
    echo "$most" > "$dir/memory"
    sleep 0.2
  done
}

run_asrun() {
  local asrun=$build/asrun anchor pid
  rm -f "$dir"/run.asrun*
  # Whether the claim holds is not asked: only the file matters.
  { time { (on 1 "$asrun" run "$dir/plan.yaml" -o "$dir/run.asrun" --quiet) > "$dir/asrun.out" 2>&1; }; } 2> "$dir/times" &
  pid=$!
  sleep 0.5
  watch_memory "$(pgrep -n -f "run $dir/plan.yaml" || echo 0)"
  wait "$pid" || true
  [ -s "$dir/run.asrun" ] || { cat "$dir/asrun.out" >&2; exit 1; }
  cpu=$(awk 'END { print $1 + $2 }' "$dir/times")
  "$asrun" show "$dir/run.asrun" summary --json > "$dir/summary.json"
  anchor=$(number_of mono_ns < "$dir/summary.json")
  delay=$(query "SELECT value FROM meta WHERE key = 'run_delay_ns.0'" | awk '{ if ($1 == "" || $1 < 0) print "?"; else printf "%.3f", $1 / 1e6 }')
  { "$asrun" show "$dir/run.asrun" samples --csv; echo; "$asrun" show "$dir/run.asrun" events --csv; } |
    awk -F, -v a="$anchor" '
      FNR == 1 || /^request_id,/ { split("", col); for (i = 1; i <= NF; i++) col[$i] = i; next }
      NF < 2 { next }
      ("due_ns" in col) && $col["sent_ns"] != "" {
        printf "%s request %.0f %.0f %.0f\n", $1, a + $col["due_ns"], a + $col["released_ns"], a + $col["sent_ns"] }
      ("kind" in col) && $col["kind"] ~ /content/ {
        printf "%s %d %.0f\n", $1, $col["index"], a + $col["time_ns"] }' > "$dir/client"
}

conditions() {
  { "$build/asrun" claim "$dir/run.asrun" 2> /dev/null || true; } | sed -n "s/.*measured seconds: \([0-9a-z, ]*\).*/\1/p" | head -1
}

# What only asrun has: memory, spool, the evidence's size, the recorder's share of a CPU, conditions.
note_asrun() {
  local level=$1 events
  events=$(query "SELECT sum(events) FROM event_part")
  query "SELECT hex(blob) FROM event_part WHERE events > 1" | python3 bench/columns.py > "$dir/columns"
  echo "$level $(cat "$dir/memory") $(awk '{ print $1, $2 }' "$dir/columns") $(query "SELECT value FROM meta WHERE key = 'lost_records'")" \
    "$(query "SELECT printf('%.2f', max(ring_max_ppm) / 1e4) FROM second" 2> /dev/null || echo '?')" \
    "$(query "SELECT printf('%.2f', value / 1e9) FROM meta WHERE key = 'cpu_ns.0'") $cpu $events" \
    "$(conditions)" >> "$dir/notes"
}

# measure KIND ROUND LEVEL: one line "LEVEL KIND ROUND TRIES DELAY MARK CPU FIGURES..." in $dir/rows
measure() {
  local kind=$1 round=$2 level=$3 from best= mark= row= try
  for try in $(seq "$tries"); do
    from=$(($(stat -c %s "$dir/server.log") + 1))
    "run_$kind"
    sleep 0.1 # the log's last lines
    tail -c "+$from" "$dir/server.log" > "$dir/part.log"
    figures "$level" > "$dir/figures"
    echo "$level streams, round $round, $kind, try $try: run delay $delay ms, cpu $cpu s, $(cat "$dir/figures")" >&2
    if [ -z "$best" ] || awk -v a="$delay" -v b="$best" 'BEGIN { exit !(a + 0 < b + 0) }'; then
      best=$delay
      row="$cpu $(cat "$dir/figures")"
      [ "$kind" != asrun ] || note_asrun "$level"
    fi
    awk -v d="$delay" -v l=$limit_ms 'BEGIN { exit !(d == "?" || d + 0 <= l) }' && break
  done
  awk -v d="$best" -v l=$limit_ms 'BEGIN { exit !(d != "?" && d + 0 > l) }' && mark='*' || mark='-'
  echo "$level $kind $round $try $best $mark $row" >> "$dir/rows"
}

# All figures over all streams; TTFT once more over the opening half and the rest of a long spread.
figures() {
  local half
  "$build/bench_fidelity_join" "$dir/part.log" "$dir/client" | tr '\n' ' '
  if [ "$1" -lt 2048 ]; then echo; return; fi
  half=$((streams / 2))
  for part in "late <" "opening >="; do
    echo -n "ttft_${part% *}_p99 "
    awk -v h=$half -v op="${part#* }" '{ n = $1; sub(/.*-/, "", n); if ((op == "<") ? n + 0 >= h : n + 0 < h) print }' "$dir/client" > "$dir/half"
    "$build/bench_fidelity_join" "$dir/part.log" "$dir/half" | awk '{ for (i = 1; i < NF; i++) if ($i == "ttft_p99") printf "%s ", $(i + 1) }'
  done
  echo
}

report() {
  echo "# Stamp fidelity and cost, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$build/asrun" --version | head -1); $(curl-config --version 2> /dev/null || echo libcurl)."
  echo "Medians of $rounds alternations. Microseconds: lag, TTFT error and lateness as in bench/fidelity_join.c; gap: reported p99 over the server's own."
  echo "CPU: of the whole process, microseconds a token; asrun's has its recorder, start and end in it."
  echo "repeated: measurements made again because their client waited over $limit_ms ms for its CPU; (* as often as none was below it)."
  cat "$dir/servers"
  echo
  python3 bench/fidelity_report.py "$dir/rows" "$dir/notes"
}

: > "$dir/notes"
: > "$dir/rows"
for level in ${levels//,/ }; do
  choose "$level"
  : > "$dir/server.log"
  start_server
  write_plan
  for round in $(seq "$rounds"); do
    for client in ${clients//,/ }; do
      [ "$client" = curl ] && [ "$level" != 2048 ] || measure "$client" "$round" "$level"
    done
  done
  stop_server
  echo "Server at $level streams of $per_s tokens/s: $(sed -n 's/^refserver: //p' "$dir/server.err")." >> "$dir/servers"
done
out=${out:-bench/results/$(date -u +%F)-fidelity.md}
mkdir -p "$(dirname "$out")"
status=0
report > "$dir/report.md" || status=$?
cp "$dir/report.md" "$out"
cat "$out"
exit "$status"
