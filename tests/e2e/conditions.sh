# SPDX-License-Identifier: Apache-2.0
# The conditions of a run are in its evidence: of the host, of the client, of the engine's process
# that was found by the port it listens on; what could not be seen says why; an end is noticed.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

run() { # NAME FLAG...
  local name=$1
  shift
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 20, output_tokens: 4}}
target: {url: "$URL", model: reference}
load: {self_test: {for: 0}, arrivals: constant, rate: 50/s, requests: 75, drain_timeout: 2s}
probe: {period: 50ms}
exclude: {warm_up: none}
P
  "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/$name.asrun" --quiet "$@" 2> "$WORK/err" || { cat "$WORK/err" >&2; return 1; }
}
query() { sqlite3 "$WORK/$1.asrun" "$2"; }
expect_query() { # NAME SQL WANT
  local got
  got=$(query "$1" "$2")
  [ "$got" = "$3" ] || fail "$1: $2: $got, not $3"
}
rows() { echo "select count(*) > 5 from telemetry join series on id = series where scope = '$1' and name = '$2'"; }

start_server --ttft 2ms --gap 1ms
run seen
for series in "host cpu.use" "host context_switches" "client cpu.use" "client run_delay" "client memory.resident_bytes" \
              "engine.process cpu.use" "engine.process threads" "engine.process faults.minor"; do
  expect_query seen "$(rows $series)" 1
done
# It is the server's process, and it worked; all within the run, in its order.
expect_query seen "select min(value) = 1 and max(value) = 1 from telemetry join series on id = series
  where scope = 'engine.process' and name = 'processes'" 1
expect_query seen "select min(time_ns) >= 0 from telemetry" 1
expect_query seen "select count(*) from telemetry a join telemetry b on a.series = b.series and a.seq < b.seq and a.time_ns >= b.time_ns" 0
expect_query seen "select value from meta where key = 'telemetry_lost'" 0
expect_query seen "select count(*) from fact where scope = 'probe' and name = 'conditions.cpu_share' and value < 0.5" 1
# What people and machines are shown is what is there.
"$ASRUN" show "$WORK/seen.asrun" telemetry > "$WORK/out"
grep -q '^host  *cpu.use ' "$WORK/out" || fail "show telemetry: $(cat "$WORK/out")"
[ "$("$ASRUN" show "$WORK/seen.asrun" telemetry --csv | column scope | wc -l)" = "$(query seen 'select count(*) from telemetry')" ] ||
  fail "show telemetry --csv has not every row"

# The claim has them, of while trials ran, and its text those that tell most.
"$ASRUN" claim "$WORK/seen.asrun" > "$WORK/out" || true
grep -q '^Conditions while trials ran' "$WORK/out" || fail "the claim has no conditions: $(cat "$WORK/out")"
grep -q '^  - engine.process: .*memory.resident_bytes [0-9.]* MB' "$WORK/out" || fail "the claim has no conditions of the engine"
"$ASRUN" claim "$WORK/seen.asrun" --json > "$WORK/claim.json" || true
/usr/bin/python3 - "$WORK/claim.json" "$SOURCE/schema/claim.schema.json" <<'P' || fail "the claim's conditions are not as documented"
import json, sys
claim = json.load(open(sys.argv[1]))
use = [c for c in claim["conditions"] if (c["scope"], c["name"]) == ("host", "cpu.use")]
assert len(use) == 1 and use[0]["rows"] > 5 and use[0]["least"] <= use[0]["mean"] <= use[0]["most"], use
try:
    import jsonschema
except ImportError:
    sys.exit(0)
jsonschema.validate(claim, json.load(open(sys.argv[2])))
P

# Not looked for, and no such process: absent, with the reason; the run goes on.
run none --probe.engine_pid=none
expect_query none "select count(*) from series where scope = 'engine.process'" 0
expect_query none "select source from fact where scope = 'probe' and name = 'conditions.engine'" "probe.engine_pid: none"
"$ASRUN" show "$WORK/none.asrun" > "$WORK/out"
grep -q 'conditions.engine (probe.engine_pid: none)' "$WORK/out" || fail "the summary does not say what was not observed"
run gone --probe.engine_pid=2147483646
expect_query gone "select known from fact where scope = 'probe' and name = 'conditions.engine'" unknown
expect_exit 2 "$ASRUN" check "$WORK/plan.yaml" --probe.engine_pid=server
grep -q 'probe.engine_pid: is no process' "$WORK/err" || fail "$(cat "$WORK/err")"

# How often one looks changes nothing of what is sent.
[ "$(query seen "select value from meta where key = 'schedule_digest'")" = "$(query none "select value from meta where key = 'schedule_digest'")" ] ||
  fail "the schedule depends on the probes"

# An engine that ends meanwhile is remarked on; another one that listens in its place is followed.
run killed --load.requests=250 & pid=$!
for _ in $(seq 200); do
  [ ! -f "$WORK/killed.asrun" ] || [ "$(query killed 'select count(*) > 0 from telemetry' 2>/dev/null)" != 1 ] || break
  sleep 0.05
done
stop_server
"$REFSERVER" --port "$PORT" --ttft 2ms --gap 1ms > "$WORK/server.out" 2> "$WORK/server.err" &
SERVER_PID=$!
wait "$pid"
expect_query killed "select count(*) > 0 from note where kind = 'changed' and text like 'engine process % is gone'" 1
expect_query killed "select max(time_ns) > (select time_ns from note where text like 'engine restarted%') from telemetry
  join series on id = series where scope = 'engine.process' and name = 'cpu.use'" 1
"$ASRUN" claim "$WORK/killed.asrun" > "$WORK/out" || true
grep -q "^Changed during the run" "$WORK/out" || fail "the claim does not say what changed"
echo ok
