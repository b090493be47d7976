# SPDX-License-Identifier: Apache-2.0
# A server that misbehaves in each known way: the right outcome for every request, no crash, no
# hang past the timeout, a balanced ledger.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

start_server --ttft 5ms --gap 2ms

plan() { # MODEL EXTRA...
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 12, output_tokens: 8}, calibrate: false}
target: {url: "$URL", model: "$1", stream: true}
load: {self_test: {for: 0}, arrivals: constant, rate: 50/s, requests: 4, timeout: 2s, stall_timeout: 500ms, drain_timeout: 3s}
exclude: {warm_up: none}
P
}

outcomes() { # FILE -> the distinct outcomes
  "$ASRUN" show "$1" samples --csv | column outcome | sort -u | paste -sd ' '
}

check() { # MODEL OUTCOME
  local file="$WORK/$1.asrun" got
  plan "$1"
  timeout 20 "$ASRUN" run "$WORK/plan.yaml" -o "$file" --quiet || fail "$1: asrun run exited with $?"
  got=$(outcomes "$file")
  [ "$got" = "$2" ] || fail "$1: outcome '$got', expected '$2'"
  [ "$("$ASRUN" show "$file" samples --csv | wc -l)" = 5 ] || fail "$1: not 4 samples"
  "$ASRUN" show "$file" ledger > "$WORK/ledger" || fail "$1: the ledger does not balance"
  echo "ok: $1 -> $got"
}

check reference ok
check reset-before reset
check reset-mid reset
check http-400 http_4xx
check http-404 http_4xx
check http-429 http_4xx
check http-500 http_5xx
check http-503 http_5xx
check bad-head bad_http
check bad-chunk bad_chunk
check bad-sse bad_event
check bad-json bad_event
check error-event error_event
check error-named error_event
check early-end early_end
check no-finish early_end
check stall stall
check never stall
check slow-head ok
check coalesce ok
check split ok
check short ok
check no-usage ok
check huge-event ok
check flood-headers bad_http

# The same server, but too slow for the timeout: its own outcome, distinct from a stall.
plan reference
sed -i 's/timeout: 2s/timeout: 300ms/; s/output_tokens: 8/output_tokens: 400/' "$WORK/plan.yaml"
"$ASRUN" run "$WORK/plan.yaml" -o "$WORK/slow.asrun" --quiet
[ "$(outcomes "$WORK/slow.asrun")" = timeout ] || fail "slow: $(outcomes "$WORK/slow.asrun")"

# A port where nobody listens any more, once the run has begun.
plan reference
sed -i 's/rate: 50/rate: 2/; s/requests: 4/requests: 6/' "$WORK/plan.yaml"
( sleep 1; kill "$SERVER_PID" ) &
"$ASRUN" run "$WORK/plan.yaml" -o "$WORK/gone.asrun" --quiet
"$ASRUN" show "$WORK/gone.asrun" samples --csv | column outcome | grep -x refused > /dev/null ||
  fail "gone: $(outcomes "$WORK/gone.asrun")"
SERVER_PID=
echo "ok: refused"
