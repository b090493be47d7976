#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The reference server says and logs what its header comment promises (seen by curl).
set -euo pipefail
command -v curl >/dev/null || { echo "skipped: curl is not installed"; exit 77; }
dir=$(mktemp -d)
pid=
stop() { [ -z "$pid" ] || { kill "$pid" 2>/dev/null; wait "$pid" || status=$?; }; pid=; }
trap 'stop; rm -rf "$dir"' EXIT
fail() { echo "FAIL: $*"; exit 1; }

start() {
  : > "$dir/out"
  "$REFSERVER" --log "$dir/log" "$@" > "$dir/out" 2> "$dir/err" &
  pid=$!
  for _ in $(seq 200); do [ -s "$dir/out" ] && break; sleep 0.02; done
  url="http://127.0.0.1:$(awk '{ print $2 }' "$dir/out")"
}
# chat ID MODEL TOKENS [curl options]: a stream with usage
chat() {
  local id=$1 model=$2 tokens=$3
  shift 3
  curl -sS -N --max-time 20 -H "X-Request-Id: $id" "$@" "$url/v1/chat/completions" -d '{"model":"'"$model"'",
    "stream":true,"max_tokens":'"$tokens"',"stream_options":{"include_usage":true},
    "messages":[{"role":"user","content":"one two\nthree"}]}' 2>&1 || echo "curl says $?"
}
expect() { grep -q -- "$2" <<< "$1" || fail "no '$2' in: $1"; }

start --ttft 20ms --gap 5ms --prefix-cache
expect "$(curl -sS "$url/health")" '"ok"'
expect "$(curl -sS "$url/v1/models")" '"id":"reference"'

got=$(chat first m 5)
[ "$(grep -c '"content":" *[a-z]' <<< "$got")" = 5 ] || fail "not five tokens: $got"
expect "$got" '"role":"assistant"'
expect "$got" '"finish_reason":"length"'
expect "$got" '"prompt_tokens":7,"completion_tokens":5,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":0}'
expect "$got" '^data: \[DONE\]'
expect "$(chat second m 1)" '"cached_tokens":3'
got=$(curl -sS -H 'X-Request-Id: plain' "$url/v1/completions" -d '{"prompt":["one two four"],"max_tokens":2}')
expect "$got" '"text":" the measure"'
expect "$got" '"cached_tokens":2'
expect "$(curl -sS "$url/v1/completions" -d '{oh')" '"code":400'

# two requests on one connection
got=$(curl -sS -w '%{num_connects} ' -o /dev/null "$url/health" -o /dev/null "$url/v1/completions" -d '{"stream":true}')
[ "$got" = "1 0 " ] || fail "the connection was not kept: $got"

expect "$(chat a reset-before 4)" 'curl says 5[26]'
expect "$(chat b bad-reset 4)" 'curl says 56'
for n in 400 404 429 500 503; do
  expect "$(chat c http-$n 4 -w '%{http_code}')" "$n$"
done
expect "$(chat d bad-head 4)" 'curl says 1'
expect "$(chat e bad-chunk 4)" 'curl says 56'
expect "$(chat f bad-sse 4)" '^this line is no field'
expect "$(chat g bad-json 4)" '^data: {not json'
expect "$(chat h error-event 4)" '^data: {"error"'
expect "$(chat i error-named 4)" '^event: error'
expect "$(chat j early-end 4)" 'curl says 18'
got=$(chat k no-finish 4)
! grep -qE 'DONE|"length"|curl says' <<< "$got" || fail "no-finish finished: $got"
expect "$(chat l stall:1 4 --max-time 0.5)" 'curl says 28'
expect "$(chat m never 4 --max-time 0.5)" 'curl says 28'
for m in slow-head coalesce split; do
  expect "$(chat "$m" $m 9)" '^data: \[DONE\]'
done
expect "$(chat n short 4)" '"completion_tokens":2'
! grep -q prompt_tokens <<< "$(chat o no-usage 4)" || fail "no-usage gave usage"
[ "$(chat p huge-event:0 4 | wc -c)" -gt 1048576 ] || fail "no huge event"
[ "$(chat q flood-headers 4 -D - | wc -c)" -gt 70000 ] || fail "no flood of headers"
expect "$(curl -sS "$url/metrics")" '^refserver_requests_running 0'

# the log is there while the server runs, in order, with the deadlines kept
sleep 0.1
awk '$1 == "first" && $2 == "request" { t = $3 }
     $1 == "first" && $5 == "content" { n++; due = t + 20e6 + (n - 1) * 5e6
       if ($3 < due - 1000) { print "early: " $0; bad = 1 } }
     $1 == "first" && NF == 5 { kinds = kinds " " $5; if ($2 != i++ + 0) bad = 1 }
     END { if (kinds != " role content content content content content finish usage done") bad = 1
           if (bad) print "log:" kinds; exit bad }' "$dir/log" || fail "the log is wrong"
[ "$(awk '$1 == "coalesce" && $5 == "content" { print $3 }' "$dir/log" | sort -u | wc -l)" = 3 ] ||
  fail "coalesce: not four events a write"
status=0; stop
[ "$status" = 0 ] || fail "exit status $status: $(cat "$dir/err")"
expect "$(cat "$dir/err")" 'send lateness p50'

# slots: two streams at a time, four requests in two rounds
start --ttft 50ms --gap 10ms --slots 2
pids=()
for i in 1 2 3 4; do chat "s$i" m 6 > /dev/null & pids+=($!); done
wait "${pids[@]}"
sleep 0.1
awk '$1 ~ /^s/ && $2 == "request" { if (!t || $3 < t) t = $3 }
     $1 ~ /^s/ && $5 == "done" { if ($3 > last) last = $3 }
     END { span = (last - t) / 1e6; if (span < 199) { print "four in " span " ms"; exit 1 } }' "$dir/log" ||
  fail "slots were not respected"
stop

# keep-alive that isn't
for mode in lying stale close; do
  start --ttft 1ms --gap 1ms --keep-alive $mode --api-key secret
  two=(-H 'Authorization: Bearer secret' -o /dev/null "$url/v1/completions" -o /dev/null "$url/v1/completions")
  got=$(curl -sS -w '%{num_connects} ' "${two[@]}" -d '{"stream":true}' 2>&1 || true)
  [ "$got" = "1 1 " ] || fail "$mode: $got"
  expect "$(curl -sS "$url/v1/completions" -d '{}')" '"code":401'
  [ $mode != stale ] || grep -q ' stale ' "$dir/log" || fail "no reset of a kept connection"
  stop
done

# the benchmarks' clients and its log agree on every event
if [ -x "${BUILD:-}/bench_fidelity_join" ]; then
  for client in bench_fidelity bench_fidelity_curl; do
    start --ttft 10ms --gap uniform:1ms-3ms
    "$BUILD/$client" --port "${url##*:}" --streams 20 --tokens 30 --spread 100ms > "$dir/client" 2> "$dir/client.err" ||
      fail "$client: $(cat "$dir/client.err")"
    stop
    expect "$("$BUILD/bench_fidelity_join" "$dir/log" "$dir/client")" '^requests 20 events 600 missing 0 '
  done
fi

# several threads, and the end of standard input as the end
: > "$dir/out"
mkfifo "$dir/in"
"$REFSERVER" --threads 2 --stdin --ttft 1ms --gap 1ms < "$dir/in" > "$dir/out" 2> "$dir/err" &
pid=$!
exec 9> "$dir/in"
for _ in $(seq 200); do [ -s "$dir/out" ] && break; sleep 0.02; done
url="http://127.0.0.1:$(awk '{ print $2 }' "$dir/out")"
for i in 1 2 3 4; do expect "$(chat "t$i" m 2)" 'DONE'; done
exec 9>&-
wait "$pid" || fail "exit status $?"
pid=
echo "refserver: as promised"
