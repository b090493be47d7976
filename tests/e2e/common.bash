# SPDX-License-Identifier: Apache-2.0
# What the end-to-end tests share. Sourced; the environment gives ASRUN, REFSERVER, SOURCE, SHARED.
set -euo pipefail
WORK=$(mktemp -d)
SERVER_PID=

fail() { echo "FAIL: $*" >&2; exit 1; }
skip() { echo "skipped: $*"; exit 77; }

stop_server() {
  [ -z "$SERVER_PID" ] || { kill "$SERVER_PID" 2>/dev/null; wait "$SERVER_PID" 2>/dev/null; } || true
  SERVER_PID=
}
cleanup() {
  stop_server
  chmod -R u+w "$WORK" 2>/dev/null || true
  rm -rf "$WORK"
}
trap cleanup EXIT

# start_server ARG...: the reference server on a free port; sets PORT and URL.
start_server() {
  : > "$WORK/server.out"
  "$REFSERVER" "$@" > "$WORK/server.out" 2> "$WORK/server.err" &
  SERVER_PID=$!
  for _ in $(seq 100); do
    PORT=$(sed -n 's/^port //p' "$WORK/server.out")
    [ -z "$PORT" ] || { URL="http://127.0.0.1:$PORT/v1"; return; }
    sleep 0.05
  done
  fail "the reference server did not start: $(cat "$WORK/server.err")"
}

# expect_exit CODE COMMAND...: runs it, output in $WORK/out and $WORK/err.
expect_exit() {
  local want=$1 got=0
  shift
  "$@" > "$WORK/out" 2> "$WORK/err" || got=$?
  [ "$got" = "$want" ] || { tail -n 20 "$WORK/err" >&2; fail "exit $got, expected $want: $*"; }
}

# column NAME: that column of the CSV on stdin, header line removed.
column() { awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $c }'; }

# need_engine: builds the embedded engine if need be; without it the test skips, loudly, or fails.
need_engine() {
  make --no-print-directory -C "$SOURCE/targets/llm" -j2 SHAPES=15m > "$WORK/make" 2>&1 && return
  [ "${ASRUN_REQUIRE_ENGINE:-}" != 1 ] || fail "no embedded engine: $(tail -n 1 "$WORK/make")"
  skip "NO EMBEDDED ENGINE: $(tail -n 1 "$WORK/make")"
}
