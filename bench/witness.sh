#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a witness is worth: `asrun witness` beside a usual Python client (aiohttp), both set beside the
# reference server's own log of its sends; and the floor (bench_fidelity) under the same load, alone.
# Server on CPU 0, clients on CPU 1.
#
#   bench/witness.sh [--build DIR] [--rounds 3] [--streams 512] [--tokens 200] [--spread 1] [--out FILE]
#
# Streams of 50 tokens/s that begin over --spread seconds. Needs CAP_NET_RAW and python3-aiohttp.
# Writes bench/results/DATE-witness.md and exits 0 only if the witness missed nothing, its lag is at most
# the floor's at p50 and p99 (medians), and its p99 gap is within 1 % of the server's.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release rounds=3 streams=512 tokens=200 spread=1 out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --rounds | --streams | --tokens | --spread | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
for python in python3 /usr/bin/python3 none; do
  [ $python = none ] || ! "$python" -c 'import aiohttp' 2> /dev/null || break
done
[ $python != none ] || { echo "python3-aiohttp is not installed (tools/setup)" >&2; exit 77; }
dir=$(mktemp -d)
server= witness=
trap '[ -z "$server$witness" ] || kill $server $witness 2>/dev/null; rm -rf "$dir"' EXIT

on() { # CPU COMMAND...: pinned where that is possible
  local cpu=$1
  shift
  if [ "$(nproc)" -gt 1 ]; then exec taskset -c "$cpu" "$@"; else exec "$@"; fi
}
wait_for() { # PATTERN FILE
  for _ in $(seq 200); do
    ! grep -q "$1" "$2" || return 0
    sleep 0.05
  done
  cat "$2" >&2
  exit 1
}
join() { # NAME ROUND ARGS...: one line of figures
  sleep 0.1 # the log's last lines
  echo "$1 $2 $("$python" bench/witness_join.py "$dir/server.log" "${@:3}")" | tee -a "$dir/rows" >&2
}

(on 0 "$build/refserver" --ttft 50ms --gap uniform:10ms-30ms --fifo --log "$dir/server.log") > "$dir/server.out" 2> "$dir/server.err" &
server=$!
wait_for '^port' "$dir/server.out"
port=$(awk '{ print $2 }' "$dir/server.out")
for round in $(seq "$rounds"); do
  (on 1 "$build/bench_fidelity" --port "$port" --streams "$streams" --tokens "$tokens" --fifo --id "floor$round" \
    --spread "${spread}s") > "$dir/floor" 2> "$dir/floor.err"
  join floor "$round" "floor$round" floor "$dir/floor"
  rm -f "$dir"/w.asrun*
  "$build/asrun" witness --port "$port" -o "$dir/w.asrun" > "$dir/witness.out" 2> "$dir/witness.err" &
  witness=$!
  wait_for watching "$dir/witness.err"
  (on 1 "$python" bench/witness_client.py "$port" "$streams" "$tokens" "$spread" "client$round") > "$dir/client"
  sleep 0.3
  kill -INT "$witness"
  wait "$witness" || { cat "$dir/witness.err" >&2; exit 1; }
  witness=
  cat "$dir/witness.out" "$dir/witness.err" >&2
  join witness "$round" "client$round" witness "$dir/w.asrun" "$build/asrun"
  join client "$round" "client$round" times "$dir/client"
done
kill "$server"
wait "$server" || true
server=

report() {
  echo "# A witness beside a Python client, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$build/asrun" --version | head -1)," \
    "$("$python" -c 'import sys, aiohttp; print("Python %d.%d, aiohttp %s" % (*sys.version_info[:2], aiohttp.__version__))')."
  echo "$streams streams of 50 tokens/s, $tokens tokens each at gaps uniform in 10-30 ms. Server:" \
    "$(sed -n 's/^refserver: //p' "$dir/server.err")."
  awk -v n="$(nproc)" '$1 > n { print "**The machine was busy with other work**: repeat this on a quiet one." }' /proc/loadavg
  echo
  echo "Lag: from the server's send of an event to its time as told. *floor*: a bare epoll client alone, its own stamps;"
  echo "*client*: the aiohttp client's own report; *witness*: \`asrun witness\` of that same run."
  echo
  awk '
    function median(kind, f,   n, i, j, v, t) {
      for (n = 0; n < rows[kind]; n++) v[n + 1] = at[kind, n + 1, f]
      for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j] < v[j-1]; j--) { t = v[j]; v[j] = v[j-1]; v[j-1] = t }
      return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
    }
    function verdict(name, got, limit, unit) {
      printf "- %s: %s%s (at most %s%s): %s\n", name, got, unit, limit, unit, (got + 0 <= limit + 0 ? "pass" : "FAIL")
      if (got + 0 > limit + 0) bad = 1
    }
    { n = ++rows[$1]; for (f = 3; f <= 9; f++) at[$1, n, f] = $f }
    END {
      print "| round | who | events | missing | lag p50, us | lag p99, us | p99 gap, ms | true p99 gap, ms | ratio |"
      print "|---|---|---|---|---|---|---|---|---|"
      K = split("floor client witness", kind, " ")
      for (n = 1; n <= rows["floor"]; n++) for (k = 1; k <= K; k++) {
        printf "| round %d | %s |", n, kind[k]; for (f = 3; f <= 9; f++) printf " %s |", at[kind[k], n, f]; print "" }
      for (k = 1; k <= K; k++) { printf "| median | %s |", kind[k]
        for (f = 3; f <= 9; f++) printf " %s |", median(kind[k], f); print "" }
      print ""
      verdict("events that the witness missed", median("witness", 4), 0, "")
      verdict("the witness\047s lag, p50", median("witness", 5), median("floor", 5), " us")
      verdict("the witness\047s lag, p99", median("witness", 6), median("floor", 6), " us")
      r = median("witness", 9)
      verdict("the witness\047s p99 gap off the server\047s", sprintf("%.2f", 100 * (r > 1 ? r - 1 : 1 - r)), 1, " %")
      exit bad
    }' "$dir/rows"
}
out=${out:-bench/results/$(date -u +%F)-witness.md}
mkdir -p "$(dirname "$out")"
status=0
report > "$dir/report.md" || status=$?
cp "$dir/report.md" "$out"
cat "$out"
exit "$status"
