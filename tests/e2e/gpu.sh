# SPDX-License-Identifier: Apache-2.0
# GPUs in a run's evidence: what their library tells, what it can't, one that goes away. On a library
# with planted values (tests/doubles); without any library the run goes on and says so.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

run() { # NAME FLAG...
  local name=$1
  shift
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 20, output_tokens: 4}}
target: {url: "$URL", model: reference}
load: {self_test: {for: 0}, arrivals: constant, rate: 50/s, requests: 60, drain_timeout: 2s}
probe: {period: 50ms}
exclude: {warm_up: none}
P
  "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/$name.asrun" --quiet "$@" 2> "$WORK/err" || { cat "$WORK/err" >&2; fail "$name"; }
}
expect_query() { # NAME SQL WANT
  local got
  got=$(sqlite3 "$WORK/$1.asrun" "$2")
  [ "$got" = "$3" ] || fail "$1: $2: $got, not $3"
}
values() { echo "select min(value), max(value) from telemetry join series on id = series where scope = '$1' and name = '$2'"; }

start_server --ttft 2ms --gap 1ms

# A GPU that the engine's process uses, and one that tells little.
LD_LIBRARY_PATH=$BUILD/gpu_doubles NVML_DOUBLE="gpus=2 bare pid=$SERVER_PID" RSMI_DOUBLE=none run planted
expect_query planted "select value from fact where scope = 'gpu.0' and name = 'name'" "Planted H100 80GB HBM3"
expect_query planted "select known from fact where scope = 'gpu' and name = 'driver'" measured
expect_query planted "select value from fact where scope = 'gpu.0' and name = 'memory.total_bytes'" 85899345920
expect_query planted "$(values gpu.0 power)" "250.0|250.0"
expect_query planted "$(values gpu.0 clock.sm)" "1755000000.0|1755000000.0"
expect_query planted "$(values gpu.0 processes.engine)" "1.0|1.0"
expect_query planted "select count(*) > 3 from telemetry join series on id = series where scope = 'gpu.0' and name = 'energy'" 1
expect_query planted "select known, source from fact where scope = 'gpu.1' and name = 'power'" "unknown|nvmlDeviceGetPowerUsage: Not Supported"
expect_query planted "$(values gpu.1 power)" "|"
expect_query planted "select value from fact where scope = 'gpu.amd' and name = 'count'" 0
! grep -q 'GPU-00000000-aaaa' "$WORK/planted.asrun" || fail "the card's serial identity is in the evidence"

# What the plan requires of it is held against that.
LD_LIBRARY_PATH=$BUILD/gpu_doubles NVML_DOUBLE="gpus=2" RSMI_DOUBLE=none run required \
  --system.require.gpu="Planted H100*" --system.require.driver=">=550" --system.require.gpu.count=2
LD_LIBRARY_PATH=$BUILD/gpu_doubles NVML_DOUBLE="gpus=2" RSMI_DOUBLE=none expect_exit 5 "$ASRUN" run "$WORK/plan.yaml" \
  -o "$WORK/violated.asrun" --quiet --system.require.driver=">=570"
grep -q '550.54.15' "$WORK/err" || fail "what was found is not named: $(cat "$WORK/err")"

# It gets hot, then it is lost: both with their times; the run itself is none the worse.
LD_LIBRARY_PATH=$BUILD/gpu_doubles NVML_DOUBLE="gpus=1 hot=3 lost=6" RSMI_DOUBLE=none run lost
expect_query lost "select count(*) from note where kind = 'changed' and text = 'gpu.0: clock.event.hw_thermal_slowdown: from off to on' and time_ns > 0" 1
expect_query lost "select count(*) from note where kind = 'changed' and text = 'gpu.0: from answering to lost: GPU is lost'" 1

# A library without a driver below it.
LD_LIBRARY_PATH=$BUILD/gpu_doubles NVML_DOUBLE=broken RSMI_DOUBLE=broken run broken
expect_query broken "select source from fact where scope = 'gpu' and name = 'nvml'" "libnvidia-ml.so.1: nvmlInit_v2: Driver Not Loaded"
expect_query broken "select count(*) from series where scope like 'gpu%'" 0

# Kernels of processes that leave their texts: none has, one does while the run goes on.
mkdir "$WORK/kernels"
run empty --probe.cupti="$WORK/kernels"
expect_query empty "select source from fact where scope = 'engine.gpu' and name = 'kernels'" "$WORK/kernels: no process left a text there"
(for n in $(seq 1 100); do
  printf 'asrun-kernels 1\npid 9\ntime_ns %d\ngraph_launches %d\nkernel %d 0 %d 1 8 gemm\nkernel %d %d %d 2 2 triton_poi_fused_add_0\nend\n' \
    $((n * 100000000)) $n $((n * 10)) $((n * 5000)) $((n * 30)) $((n * 30)) $((n * 3000)) > "$WORK/kernels/new"
  mv "$WORK/kernels/new" "$WORK/kernels/9-1.kernels"
  sleep 0.05
done) &
texts=$!
run kernels --probe.cupti=kernels
kill "$texts" 2>/dev/null || true
expect_query kernels "select value from fact where scope = 'engine.gpu' and name = 'torch_compile'" seen
expect_query kernels "select value from fact where scope = 'engine.gpu' and name = 'cuda_graphs'" seen
expect_query kernels "select count(*) > 3 from telemetry join series on id = series where scope = 'engine.gpu' and name = 'kernels.launched' and abs(value - 400) < 1" 1
expect_query kernels "select function from dispatch where library = '[gpu]' and phase like 'trial %' order by samples desc limit 1" triton_poi_fused_add_0
