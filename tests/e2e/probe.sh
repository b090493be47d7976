# SPDX-License-Identifier: Apache-2.0
# What host, target and engine tell now, without a run: facts, and over a while series and functions. Secrets planted in
# the target's key, a header and the engine's environment show nowhere, and no file is left.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

key=sk-planted4f6a1c93e7b2d805 header=planted77aa55ee33cc
export PLANTED_KEY=$key PLANTED_HEADER=$header HF_TOKEN=$key VLLM_API_KEY=$key
mkdir "$WORK/tmp"
export TMPDIR=$WORK/tmp
probe() { expect_exit 0 "$ASRUN" probe "$@"; }
clean() {
  ! grep -q -e "$key" -e "$header" "$WORK/out" "$WORK/err" || fail "a secret shows: $(grep -n -e "$key" -e "$header" "$WORK/out" "$WORK/err")"
  [ -z "$(ls -A "$TMPDIR")" ] || fail "left behind: $(ls -A "$TMPDIR")"
}

probe
grep -q "^host .*kernel.release .*$(uname -r) .*measured" "$WORK/out" || fail "the kernel is not told"
clean

start_server --gap 1ms
probe --target "$URL" --target.api_key=env:PLANTED_KEY --target.headers='{X-Api-Token: "env:PLANTED_HEADER"}'
grep -q "^target .*models.0.id .*reported" "$WORK/out" || fail "the target's model is not told"
grep -q "^target .*on_this_host .*yes" "$WORK/out" || fail "the target is on this host"
clean

probe --target "$URL" --for 500ms --json
python3 - "$WORK/out" "$SERVER_PID" <<'P'
import json, sys
d = json.load(open(sys.argv[1]))
assert d["asrunProbe"] == 1
facts = {(f["scope"], f["name"]): f for f in d["facts"]}
assert facts["host", "arch"]["known"] == "measured"
assert facts["engine.process", "pid"]["value"] == sys.argv[2], facts["engine.process", "pid"]
series = {(r["scope"], r["name"]) for r in d["telemetry"]}
assert ("engine.process", "memory.resident_bytes") in series, series
assert all(r["phase"] in ("start", "trial 0", "between", "end") for r in d["dispatch"])
P
clean

probe --pid "$SERVER_PID" --for 300ms
grep -q "^engine.process .*memory.resident_bytes" "$WORK/out" || fail "no series of the process"
clean
probe --target "$URL" --probe.engine_pid=none --for 300ms
grep -q "probe.engine_pid: none" "$WORK/out" || fail "whose process isn't looked for is not said"
gone=$SERVER_PID
stop_server

expect_exit 5 "$ASRUN" probe --pid "$gone"
expect_exit 5 "$ASRUN" probe --target http://127.0.0.1:1/v1
expect_exit 2 "$ASRUN" probe --for 2
expect_exit 2 "$ASRUN" probe --pid none
expect_exit 2 "$ASRUN" probe here
expect_exit 2 "$ASRUN" probe --target.api_key="$key"
clean
echo "ok"
