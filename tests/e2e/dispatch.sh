# SPDX-License-Identifier: Apache-2.0
# What an engine executes, seen from outside: the kernels of the embedded one, by phase; switched off
# and not permitted; the kernels that one GEMM program gets from OpenBLAS.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"
cd "$WORK"

fact() { sqlite3 -readonly "$1" "SELECT coalesce(value, 'absent: ' || source) FROM fact WHERE scope = 'engine' AND name = 'dispatch.$2'"; }
rows() { sqlite3 -readonly "$1" "SELECT coalesce(sum(samples), 0) FROM dispatch WHERE $2"; }

# Without permission, and switched off: the run goes on, and a fact says why there is nothing.
start_server --gap 5ms
plan() {
  cat > plan.yaml <<P
asrun: 1
workload: {fixed: {input_tokens: 8, output_tokens: 20}, calibrate: false}
target: {url: "$URL", model: reference}
load: {arrivals: constant, rate: 20/s, requests: ${3:-20}, self_test: {for: 0}}
exclude: {warm_up: none}
probe: {engine_pid: "${2:-$SERVER_PID}", dispatch: $1}
P
}
run() { local out=$1; shift; "$@" "$ASRUN" run plan.yaml -o "$out" --quiet > out 2> err || [[ $? =~ ^[36]$ ]] || fail "run: $(cat err)"; }
plan 0
run off.asrun
[ "$(fact off.asrun samples)" = "absent: probe.dispatch is 0" ] || fail "switched off: $(fact off.asrun samples)"
[ "$(rows off.asrun 1)" = 0 ] || fail "switched off, and rows"
plan 99
run on.asrun
case $(fact on.asrun samples) in
absent:*perf_event_open*) skip "NO SAMPLING HERE: $(fact on.asrun samples)" ;;
absent:*) fail "$(fact on.asrun samples)" ;;
esac
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null; then
  run refused.asrun setpriv --inh-caps=-all --bounding-set=-all
  [[ $(fact refused.asrun samples) = "absent: perf_event_open: "*CAP_PERFMON* ]] || fail "without capabilities: $(fact refused.asrun samples)"
  [ "$(rows refused.asrun 1)" = 0 ] || fail "not permitted, and rows"
else
  echo "not root, or no setpriv: permission can't be taken away"
fi

# One and the same GEMM program in the engine's place; only the library's choice of kernel differs.
blas=/usr/lib/$(uname -m)-linux-gnu/openblas-pthread/libopenblas.so.0
gemm() {
  local pid
  OPENBLAS_CORETYPE=$1 "$BUILD/bench_gemm" "$blas" 256 60 > rate & pid=$!
  plan 999 "$pid" 50
  run "$1.asrun"
  kill "$pid"
  wait "$pid" 2> /dev/null || true
  all=$(rows "$1.asrun" 1)
  [ $((2 * $(rows "$1.asrun" "library LIKE 'libopenblas%' AND function = 'dgemm_kernel_$1'"))) -gt "$all" ] || fail "$1: $(fact "$1.asrun" top)"
}
if [ -e "$blas" ] && grep -qw avx2 /proc/cpuinfo; then
  gemm HASWELL
  gemm SANDYBRIDGE
  least=$(sqlite3 HASWELL.asrun "ATTACH 'SANDYBRIDGE.asrun' AS b; SELECT min((SELECT sum(samples) FROM main.dispatch WHERE phase = 'trial 0'), (SELECT sum(samples) FROM b.dispatch WHERE phase = 'trial 0'))")
  [ "$least" -ge 100 ] || skip "THIS MACHINE IS TOO BUSY: $least samples in 2.5 s at 999 Hz"
  expect_exit 1 "$ASRUN" diff --json HASWELL.asrun SANDYBRIDGE.asrun
  jq -e '.differs[0].part == "dispatch" and ([.differs[:5][].name] | any(endswith("dgemm_kernel_HASWELL")) and any(endswith("dgemm_kernel_SANDYBRIDGE")))' out > /dev/null ||
    fail "another kernel is not what asrun diff says first: $(jq -c '.differs[:5]' out)"
else
  echo "no $blas, or no AVX2: OpenBLAS's kernels are not told apart"
fi
stop_server

# The embedded engine: most of a trial is its CPU back end, by names.
need_engine
"$ASRUN" demo -o demo.asrun --model 15m --load.duration=4s --load.rate=20/s --exclude.warm_up="first 1s" --trials.count=1 \
  --load.self_test.for=0 --quiet > claim.txt 2> err || [[ $? =~ ^[136]$ ]] || fail "demo: $(cat err)"
trial=$(rows demo.asrun "phase = 'trial 0'")
[ "$trial" -ge 20 ] || fail "$trial samples in the trial"
[ $((2 * $(rows demo.asrun "phase = 'trial 0' AND library LIKE 'libggml-cpu-%'"))) -gt "$trial" ] || fail "the back end is not in the lead: $(fact demo.asrun top)"
[ "$(rows demo.asrun "library LIKE 'libggml-cpu-%' AND function LIKE '%gem%' AND length(build_id) >= 16")" -gt 0 ] || fail "no GEMM among the functions"
[[ $(fact demo.asrun top) = *libggml-cpu-*%* ]] || fail "top: $(fact demo.asrun top)"
[[ $(fact demo.asrun event) =~ ^(cpu-clock|cycles)$ ]] || fail "event: $(fact demo.asrun event)"
[ "$(fact demo.asrun samples)" = "$(rows demo.asrun 1)" ] || fail "$(fact demo.asrun samples) samples, rows of $(rows demo.asrun 1)"
for share in unsymbolised_share overhead; do
  awk -v x="$(fact demo.asrun $share)" 'BEGIN { exit !(x >= 0 && x < 0.2) }' || fail "$share: $(fact demo.asrun $share)"
done
"$ASRUN" show demo.asrun dispatch > shown || fail "show dispatch"
echo "dispatch: named, switched off, refused"
