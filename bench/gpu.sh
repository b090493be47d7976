#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What asrun sees of a real GPU: one PyTorch model behind a stream, once eager and once through
# torch.compile, watched by NVML and, from within, by libasrun-cupti.so (CUPTI).
#
#   bench/gpu.sh [--build DIR] [--requests 100] [--tokens 64] [--python python3] [--out FILE]
#
# Needs an NVIDIA GPU with its driver, a Python with a CUDA PyTorch 2, and a build with CUDA's headers; on
# any other machine it says so and does nothing. Writes bench/results/DATE-gpu.md.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/release requests=100 tokens=64 python=python3 out=
while [ $# -gt 0 ]; do
  case $1 in
    --build | --requests | --tokens | --python | --out) declare "${1#--}=$2"; shift 2 ;;
    *) sed -n '3,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
skip() { echo "SKIPPED, NOTHING WAS MEASURED: $1"; exit 0; }
[ -e /proc/driver/nvidia/version ] || [ -e /dev/nvidiactl ] || skip "this machine has no NVIDIA GPU, or no driver for it"
[ -e "$build/libasrun-cupti.so" ] || skip "$build/libasrun-cupti.so was not built: no CUDA headers (docs/gpu.md)"
"$python" -c 'import torch, sys; sys.exit(not (torch.cuda.is_available() and hasattr(torch, "compile")))' 2> /dev/null ||
  skip "$python has no PyTorch 2 that can use the GPU"

dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT
measure() { # eager | compiled
  mkdir "$dir/kernels-$1"
  CUDA_INJECTION64_PATH=$PWD/$build/libasrun-cupti.so ASRUN_KERNELS=$dir/kernels-$1 \
    "$python" bench/gpu_target.py --mode "$1" > "$dir/$1.out" 2> "$dir/$1.err" &
  server=$!
  for _ in $(seq 1200); do
    [ ! -s "$dir/$1.out" ] || break
    kill -0 "$server" 2> /dev/null || { tail -n 5 "$dir/$1.err" >&2; exit 1; }
    sleep 0.25
  done
  cat > "$dir/$1.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 32, output_tokens: $tokens}, calibrate: false}
target: {url: "http://127.0.0.1:$(awk '{ print $2 }' "$dir/$1.out")/v1", model: small}
load: {arrivals: closed, concurrency: 1, requests: $requests, self_test: {for: 0}}
probe: {period: 200ms, cupti: "$dir/kernels-$1"}
exclude: {warm_up: none}
P
  "$build/asrun" run "$dir/$1.yaml" -o "$dir/$1.asrun" --quiet
  kill "$server" && wait "$server" 2> /dev/null || true
  server=
}
measure eager
measure compiled

[ -n "$out" ] || out=bench/results/$(date -u +%F)-gpu.md
good=0
{
  echo "# A GPU's telemetry and kernels, $(date -u +%F)"
  echo
  echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) CPUs, Linux $(uname -r). $("$build/asrun" --version)."
  echo "$("$python" -c 'import torch; print(f"PyTorch {torch.__version__}, CUDA {torch.version.cuda}")'); $requests requests of $tokens forward passes each."
  "$python" bench/gpu_report.py "$dir/eager.asrun" "$dir/compiled.asrun" || good=$?
  echo
  echo "What \`asrun diff\` says first:"
  echo
  echo '```'
  "$build/asrun" diff "$dir/eager.asrun" "$dir/compiled.asrun" 2>&1 | head -n 20 || true
  echo '```'
} > "$out"
cat "$out"
exit "$good"
