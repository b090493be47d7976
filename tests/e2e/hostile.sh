# SPDX-License-Identifier: Apache-2.0
# A server that means harm: every third request of a run gets what is named, the others a good
# answer. The right outcome, the good requests unharmed, no hang, memory as in a run without harm.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

more_kb=16384 # what an attack may cost

plan() { # EXTRA...: keys of target, after which INPUT, RATE and COUNT are read
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: ${INPUT:-12}, output_tokens: ${OUTPUT:-8}}, calibrate: false}
target: {url: "$URL", model: reference${1:+, $1}}
load: {self_test: {for: 0}, arrivals: constant, rate: ${RATE:-40}/s, requests: ${COUNT:-9}, timeout: 2s, stall_timeout: 500ms, drain_timeout: 3s}
exclude: {warm_up: none}
P
}

# measure FILE: runs the plan; PEAK is the most memory that asrun held, in kB.
measure() {
  PEAK=$(python3 - "$ASRUN" run "$WORK/plan.yaml" -o "$1" --quiet <<'P'
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, timeout=60)
if done.returncode not in (0, 3):
    sys.exit(f"asrun run exited with {done.returncode}")
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
P
  ) || fail "$1: no end, or not the right one"
}

outcomes() { "$ASRUN" show "$1" samples --csv | column outcome | sort | uniq -c | awk '{ print $2 "=" $1 }' | paste -sd ' '; }

bounded() { # WHAT
  [ "$PEAK" -le $((normal + more_kb)) ] || fail "$1: $PEAK kB at its peak, $normal kB without harm"
}

check() { # MISBEHAVIOUR OUTCOME [TARGET-KEYS]
  local file="$WORK/${1%%:*}.asrun" got
  start_server --ttft 5ms --gap 2ms --misbehave "$1" --misbehave-every 3
  plan "${3:-}"
  measure "$file"
  stop_server
  got=$(outcomes "$file")
  [ "$got" = "$(printf '%s\n' "$2=3" ok=6 | sort | paste -sd ' ')" ] || fail "$1: $got"
  "$ASRUN" show "$file" ledger > "$WORK/ledger" || fail "$1: the ledger does not balance"
  bounded "$1"
  echo "ok: $1 -> $got, $PEAK kB"
}

start_server --ttft 5ms --gap 2ms
plan
measure "$WORK/normal.asrun"
normal=$PEAK
stop_server
[ "$(outcomes "$WORK/normal.asrun")" = ok=9 ] || fail "normal: $(outcomes "$WORK/normal.asrun")"
echo "ok: no harm, $normal kB"

check drip timeout
check endless-line timeout
check endless-headers bad_http
check endless-header bad_http
check endless-continue bad_http
check switch bad_http
check negative-length bad_http
check huge-length bad_http
check huge-chunk bad_chunk
check gzip bad_http
check bad-utf8 bad_event
check early-close:100 early_end

# Closed after every number of bytes of a whole answer, as an event stream and as a document: cut
# short while a byte is missing, and never anything else than that or a good answer.
for stream in true false; do
  file="$WORK/every-byte-$stream.asrun"
  start_server --ttft 1ms --gap 1ms --misbehave early-close
  COUNT=1600 RATE=400 OUTPUT=2 plan "stream: $stream"
  measure "$file"
  stop_server
  "$ASRUN" show "$file" samples --csv | column outcome > "$WORK/all"
  good=$(sort -u "$WORK/all" | paste -sd ' ')
  [ "$good" = "early_end ok" ] || fail "closed at every byte (stream: $stream): $(outcomes "$file")"
  [ "$(uniq "$WORK/all" | wc -l)" = 2 ] || fail "closed at every byte: a cut answer was called good"
  bounded "closed at every byte"
  echo "ok: closed at every byte, stream: $stream -> $(outcomes "$file"), $PEAK kB"
done

# An answer, and the end of the connection, while the request is still being sent.
start_server --misbehave early-answer
INPUT=2000000 COUNT=3 RATE=4 plan
measure "$WORK/early.asrun"
stop_server
[ "$(outcomes "$WORK/early.asrun")" = http_4xx=3 ] || fail "early answer: $(outcomes "$WORK/early.asrun")"
echo "ok: early-answer -> http_4xx=3"
