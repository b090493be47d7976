# SPDX-License-Identifier: Apache-2.0
# libasrun-cupti.so in somebody else's process: the counts it leaves, and that it never breaks its
# host. The driver's part is played by python3, CUPTI's by a double; no GPU is needed, but CUDA's headers.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

LIBRARY=$BUILD/libasrun-cupti.so
[ -e "$LIBRARY" ] || skip "NO CUDA HEADERS: libasrun-cupti.so was not built"
command -v python3 > /dev/null || skip "no python3 to inject it into"
grep -q 'ASRUN_SANITIZE:STRING=$' "$BUILD/CMakeCache.txt" || skip "python3 has no sanitizer that this library's could join"
mkdir "$WORK/kernels"

host() { # VARIABLE=VALUE...: what a driver does with a CUDA process
  rm -f "$WORK"/kernels/*
  env "$@" python3 - "$LIBRARY" > "$WORK/out" 2>&1 <<'P' || { cat "$WORK/out" >&2; fail "the host process was harmed: $*"; }
import ctypes, os, sys, time
inject = ctypes.CDLL(sys.argv[1]).InitializeInjection
assert inject() == 1
pid = os.fork()
if pid == 0:
    sys.exit(0)          # a child that ends on its own
os.waitpid(pid, 0)
time.sleep(0.2)
print("unharmed")
P
  grep -qx unharmed "$WORK/out" || fail "$(cat "$WORK/out")"
}
text() { cat "$WORK"/kernels/*.kernels; }

# Records come at the first flush and at the last one.
host ASRUN_KERNELS="$WORK/kernels" LD_LIBRARY_PATH="$BUILD/gpu_doubles"
text > "$WORK/text"
grep -qx 'kernel 6 0 12000 64 64 gemm' "$WORK/text" || fail "$(cat "$WORK/text")"
grep -qx 'kernel 4 4 8000 64 64 triton_poi_fused_add_0' "$WORK/text" || fail "$(cat "$WORK/text")"
grep -qx 'graph_launches 2' "$WORK/text" || fail "$(cat "$WORK/text")"
grep -qx 'library libcupti.so.13' "$WORK/text" || fail "$(cat "$WORK/text")"
[ "$(tail -n 1 "$WORK/text")" = end ] || fail "the text has no end"
[ "$(ls "$WORK/kernels" | wc -l)" = 1 ] || fail "left behind: $(ls "$WORK/kernels")"

# Nothing to observe with: the reason is in the text.
host ASRUN_KERNELS="$WORK/kernels" LD_LIBRARY_PATH="$BUILD/gpu_doubles" CUPTI_DOUBLE=broken
grep -qx 'error cuptiActivityEnable: CUPTI_ERROR_UNKNOWN' < <(text) || fail "$(text)"
host ASRUN_KERNELS="$WORK/kernels" ASRUN_CUPTI=/nowhere/libcupti.so
grep -q '^error no CUPTI' < <(text) || fail "$(text)"

# Without a folder, or with one that is none, it does nothing.
host LD_LIBRARY_PATH="$BUILD/gpu_doubles"
host ASRUN_KERNELS=/nowhere LD_LIBRARY_PATH="$BUILD/gpu_doubles"

# Where the real CUPTI is installed, and no driver, it says so itself.
if [ -e /usr/local/cuda/lib64/libcupti.so.13 ] && [ ! -e /proc/driver/nvidia/version ]; then
  host ASRUN_KERNELS="$WORK/kernels" ASRUN_CUPTI=/usr/local/cuda/lib64/libcupti.so.13
  grep -q '^error cupti[A-Za-z]*: ' < <(text) || fail "$(text)"
fi
