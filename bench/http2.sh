#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What HTTP/2 costs and changes: streams of 50 tokens/s through one nghttpx (clear text) to the reference
# server, read by asrun over HTTP/1.1, and over HTTP/2 on 1 and on 16 connections, in alternation. Server and
# proxy on CPU 0, asrun on CPU 1.
#
#   bench/http2.sh [--build DIR] [--rounds 3] [--streams 512] [--tokens 200] [--out FILE]
#
# Lag counts from the server's send, so the proxy's way is in it, in all three rows alike. Needs nghttpx
# (Debian: nghttp2-proxy). Writes bench/results/DATE-http2.md.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release rounds=3 streams=512 tokens=200 out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --rounds | --streams | --tokens | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
nghttpx=$(command -v nghttpx || echo /usr/sbin/nghttpx)
[ -x "$nghttpx" ] || { echo "skipped: no nghttpx (apt-get install nghttp2-proxy)"; exit 0; }
dir=$(mktemp -d)
pids=
TIMEFORMAT='%U %S'
trap '[ -z "$pids" ] || kill $pids 2>/dev/null; rm -rf "$dir"' EXIT
on() { local cpu=$1; shift; if [ "$(nproc)" -gt 1 ]; then exec taskset -c "$cpu" "$@"; else exec "$@"; fi; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

(on 0 "$build/refserver" --ttft 50ms --gap uniform:10ms-30ms --keep-alive honest --log "$dir/server.log") > "$dir/server.out" 2> "$dir/server.err" &
pids=$!
for _ in $(seq 200); do [ -s "$dir/server.out" ] && break; sleep 0.02; done
upstream=$(awk '{ print $2 }' "$dir/server.out") port=$(free_port)
(on 0 "$nghttpx" --conf=/dev/null --frontend="127.0.0.1,$port;no-tls" --backend="127.0.0.1,$upstream" --errorlog-file="$dir/nghttpx.err" \
  --workers=1 --frontend-http2-max-concurrent-streams=8192 --backend-connections-per-host=8192) > /dev/null 2>&1 &
pids="$pids $!"
for _ in $(seq 100); do (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null && break; sleep 0.05; done
cat > "$dir/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 32, output_tokens: $tokens}, calibrate: false}
target: {url: "http://127.0.0.1:$port/v1", model: reference}
load: {arrivals: constant, rate: $((streams / 2))/s, requests: $streams, max_in_flight: 8192, self_test: {for: 0}}
exclude: {warm_up: none}
P
number_of() { grep -oE "\"$1\": *-?[0-9]+" | head -1 | grep -oE -- '-?[0-9]+$'; }

measure() { # NAME FLAG...: NAME CPU SHARED LAG_P50 LAG_P99 TTFT_P99 GAP_RATIO MISSING OK
  local name=$1 from anchor cpu
  shift
  rm -f "$dir"/run.asrun*
  from=$(($(stat -c %s "$dir/server.log") + 1))
  { time { (on 1 "$build/asrun" run "$dir/plan.yaml" -o "$dir/run.asrun" --quiet "$@") > "$dir/asrun.out" 2>&1 || true; }; } 2> "$dir/times"
  [ -s "$dir/run.asrun" ] || { cat "$dir/asrun.out" >&2; exit 1; }
  sleep 0.1
  tail -c "+$from" "$dir/server.log" > "$dir/part.log"
  anchor=$("$build/asrun" show "$dir/run.asrun" summary --json | number_of mono_ns)
  { "$build/asrun" show "$dir/run.asrun" samples --csv; echo; "$build/asrun" show "$dir/run.asrun" events --csv > "$dir/events"; cat "$dir/events"; } |
    awk -F, -v a="$anchor" '
      FNR == 1 || /^request_id,/ { split("", col); for (i = 1; i <= NF; i++) col[$i] = i; next }
      NF < 2 { next }
      ("due_ns" in col) && $col["sent_ns"] != "" {
        printf "%s request %.0f %.0f %.0f\n", $1, a + $col["due_ns"], a + $col["released_ns"], a + $col["sent_ns"] }
      ("kind" in col) && $col["kind"] ~ /content/ { printf "%s %d %.0f\n", $1, $col["index"], a + $col["time_ns"] }' > "$dir/client"
  cpu=$(awk -v n=$((streams * tokens)) 'END { printf "%.2f", ($1 + $2) * 1e6 / n }' "$dir/times")
  "$build/bench_fidelity_join" "$dir/part.log" "$dir/client" | awk -v name="$name" -v cpu="$cpu" \
    -v shared="$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } { n++; s += int($c["flags"] / 2) % 2 } END { printf "%.1f", 100 * s / n }' "$dir/events")" \
    -v ok="$(sqlite3 -readonly "$dir/run.asrun" "SELECT count(*) FROM sample WHERE outcome = 0")" '
    { for (i = 1; i < NF; i += 2) v[$i] = $(i + 1)
      print name, cpu, shared, v["lag_p50"], v["lag_p99"], v["ttft_p99"], v["gap_ratio"], v["missing"], ok }' | tee -a "$dir/rows" >&2
}
for _ in $(seq "$rounds"); do
  measure HTTP/1.1
  measure HTTP/2,1 --target.http=2
  measure HTTP/2,16 --target.http=2 --target.http2.connections=16
done
out=${out:-bench/results/$(date -u +%F)-http2.md}
{
  echo "# HTTP/1.1 and HTTP/2, $(date -u +%F)"
  echo
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$build/asrun" --version | head -1); $("$nghttpx" --version | head -1)."
  echo "$streams streams of $tokens tokens at gaps uniform in 10-30 ms, medians of $rounds alternations; microseconds."
  echo "Server: $(kill -TERM ${pids%% *}; sleep 0.3; sed -n 's/^refserver: //p' "$dir/server.err")."
  echo
  echo "| protocol, connections | CPU a token | events that shared a read, % | lag p50 | lag p99 | TTFT error p99 | p99 gap : server's | missing | answered |"
  echo "|---|---|---|---|---|---|---|---|---|"
  awk '
    { k = $1; if (!n[k]++) order[++kinds] = k; for (f = 2; f <= NF; f++) v[k, f, n[k]] = $f }
    function median(k, f,   i, j, t, a, m) {
      m = n[k]; for (i = 1; i <= m; i++) a[i] = v[k, f, i] + 0
      for (i = 2; i <= m; i++) for (j = i; j > 1 && a[j] < a[j-1]; j--) { t = a[j]; a[j] = a[j-1]; a[j-1] = t }
      return m % 2 ? a[(m + 1) / 2] : (a[m / 2] + a[m / 2 + 1]) / 2 }
    END { for (i = 1; i <= kinds; i++) { s = "| " order[i] " |"; for (f = 2; f <= 9; f++) s = s " " median(order[i], f) " |"; print s } }' "$dir/rows"
  echo
  echo "HTTP/2 carries the frames of many streams in one read: its CPU a token falls with fewer, fuller reads, and an event that others"
  echo "follow in its read is known only to lie between the read before and its stamp, which is why it is flagged."
} > "$dir/report.md"
cp "$dir/report.md" "$out"
cat "$out"
