#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a strained client says: a competing process takes half of its core in bursts of 20 ms. Either the
# reported p99 gap between tokens is the truth of the reference server's log, or it is refused; never neither.
# Server on CPU 0, client and competitor on CPU 1.
#
#   bench/strained.sh [--build DIR] [--rounds 3] [--rate 100] [--requests 800] [--tokens 100] [--out FILE]
#
# alone: without the competitor; fifo, plain: with it, real-time priority granted and refused; wire: as plain,
# claimed by the packets (load.witness; left out without CAP_NET_RAW). Writes bench/results/DATE-strained.md
# and exits 0 only if every p99 gap is within 5 % of the truth or refused, and what a gate voids is refused.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release rounds=3 rate=100 requests=800 tokens=100 out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --rounds | --rate | --requests | --tokens | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
[ "$(nproc)" -ge 2 ] || { echo "one CPU only: client and server can't be kept apart" >&2; exit 77; }
dir=$(mktemp -d)
server= burner=
trap '[ -z "$server$burner" ] || kill $server $burner 2>/dev/null; rm -rf "$dir"' EXIT
: > "$dir/rows"
cat > "$dir/burner.py" <<'P'
import time
while True:
    end = time.monotonic() + 0.02
    while time.monotonic() < end:
        pass
    time.sleep(0.02)
P

start_server() {
  : > "$dir/server.out"
  taskset -c 0 "$build/refserver" --ttft 50ms --gap uniform:10ms-30ms --fifo --log "$dir/server.log" > "$dir/server.out" 2> "$dir/server.err" &
  server=$!
  for _ in $(seq 200); do [ -s "$dir/server.out" ] && break; sleep 0.02; done
  port=$(awk '{ print $2 }' "$dir/server.out")
}
stop() { # a process of ours
  kill "$1"
  wait "$1" 2> /dev/null || true
}

measure() { # NAME ROUND STAMPS COMMAND...: asrun by COMMAND
  local name=$1 round=$2 stamps=$3 status=0 said
  shift 3
  start_server
  cat > "$dir/plan.yaml" <<P
asrun: 1
question: Are the gaps within 100 ms?
good: [{metric: itl.gap@1, percentile: 99, at_most: 100ms}]
regime: latency
workload: {family: bench, calibrate: false, fixed: {input_tokens: 8, output_tokens: $tokens}}
target: {url: "http://127.0.0.1:$port/v1", model: reference}
load: {self_test: {for: 0}, arrivals: constant, rate: $rate/s, requests: $requests}
exclude: {warm_up: none}
P
  [ "$stamps" = own ] || sed -i 's/^load: {/&witness: packets, /' "$dir/plan.yaml"
  [ "$name" = alone ] || { taskset -c 1 python3 "$dir/burner.py" & burner=$!; }
  rm -f "$dir"/run.asrun*
  "$@" "$build/asrun" run "$dir/plan.yaml" --quiet -o "$dir/run.asrun" 2> "$dir/run.err" || status=$?
  [ -z "$burner" ] || stop "$burner"
  burner=
  stop "$server"
  server=
  [ "$status" = 0 ] || { cat "$dir/run.err" >&2; return 1; }
  "$build/asrun" claim --json --stamps=$stamps "$dir/run.asrun" > "$dir/claim.json" || status=$?
  said=$(python3 bench/strained_check.py "$dir/claim.json" "$dir/server.log" 2> "$dir/why") || { cat "$dir/why" >&2; bad=1; }
  echo "$round $name $said $status $(cat "$dir/why")" | tee -a "$dir/rows" >&2
}

report() {
  echo "# A strained client, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$build/asrun" --version | head -1)."
  awk -v n="$(nproc)" '$1 > n { print "**The machine was busy with other work**: repeat this on a quiet one." }' /proc/loadavg
  echo "$requests requests at $rate/s, $tokens tokens each at gaps uniform in 10-30 ms; another process takes half of the client's" \
    "core in bursts of 20 ms."
  echo
  echo "*alone*: without it; *fifo*, *plain*: real-time priority granted and refused; *wire*: as plain, claimed by the packets."
  echo "Seconds of the I/O thread: clean / strained / saturated."
  echo
  echo "| round | client | true p99 gap, ms | reported, ms | off, % | seconds | void and refused | exit of the claim | |"
  echo "|---|---|---|---|---|---|---|---|---|"
  awk '{ void = $9; gsub(/,/, ", ", void); why = ""; for (i = 11; i <= NF; i++) why = why " " $i
         print "| " $1 " | " $2 " | " $3 " | " $4 " | " $5 " | " $6 " / " $7 " / " $8 " | " void " | " $10 " |" why " |" }' "$dir/rows"
  echo
  [ "$bad" = 0 ] && echo "Every p99 gap is within 5 % of the truth or refused: pass" ||
    echo "A p99 gap is neither within 5 % of the truth nor refused, or what a gate voids was claimed: FAIL"
}

bad=0
for round in $(seq "$rounds"); do
  measure alone "$round" own taskset -c 1
  measure fifo "$round" own taskset -c 1
  measure plain "$round" own setpriv --bounding-set -sys_nice --inh-caps -sys_nice taskset -c 1
  measure wire "$round" wire setpriv --bounding-set -sys_nice --inh-caps -sys_nice taskset -c 1 ||
    grep -q CAP_NET_RAW "$dir/run.err"
done
out=${out:-bench/results/$(date -u +%F)-strained.md}
mkdir -p "$(dirname "$out")"
report > "$out"
cat "$out"
exit "$bad"
