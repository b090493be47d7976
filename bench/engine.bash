# SPDX-License-Identifier: Apache-2.0
# The embedded engine for benches: built if need be, on one CPU of its own. Sourced, with $shape set;
# sets CACHE.
ENGINE_PID=
make --no-print-directory -C targets/llm -j2 SHAPES="$shape" >&2
CACHE=$(make --no-print-directory -s -C targets/llm where)

on() { local cpu=$1; shift; if [ "$(nproc)" -gt 1 ]; then exec taskset -c "$cpu" "$@"; else exec "$@"; fi; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# engine_start BIN LOG: the llama-server of this folder, on CPU 0; sets ENGINE_PID and URL.
engine_start() {
  local port
  port=$(free_port)
  (cd "$1" && on 0 "$1/llama-server" -m "$CACHE/$shape.gguf" --alias dummy --host 127.0.0.1 --port "$port" \
    -np 4 -c 4096 -t 1 -tb 1 --cache-ram 0 --no-ui --offline) > "$2" 2>&1 &
  ENGINE_PID=$!
  URL=http://127.0.0.1:$port/v1
  for _ in $(seq 300); do
    ! curl -sf "http://127.0.0.1:$port/health" > /dev/null || return 0
    kill -0 "$ENGINE_PID" 2>/dev/null || { tail -5 "$2" >&2; return 1; }
    sleep 0.1
  done
  echo "the engine was not healthy within 30 s" >&2
  return 1
}
engine_stop() {
  [ -z "$ENGINE_PID" ] || { kill "$ENGINE_PID" 2>/dev/null; wait "$ENGINE_PID" 2>/dev/null; } || true
  ENGINE_PID=
}
machine() {
  echo "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) CPUs, Linux $(uname -r)," \
    "load average $(cut -d' ' -f1 /proc/loadavg) at the end. $("$build/asrun" --version | head -1)."
}
