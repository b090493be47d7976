#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The real embedded engine, 15m: built, started, healthy, one streamed answer, facts, and nothing
# left behind: neither after a clean stop nor after its parent was killed.
set -euo pipefail
fail() { echo "FAILED: $*" >&2; exit 1; }
no_engine() {
  [ "${ASRUN_REQUIRE_ENGINE:-}" = 1 ] && fail "$1, and ASRUN_REQUIRE_ENGINE=1"
  echo "SKIPPED, NO EMBEDDED ENGINE: $1"
  exit 77
}

dir=$(mktemp -d)
trap 'exec 3>&- || true; rm -rf "$dir"' EXIT
make --no-print-directory -C "$SOURCE/targets/llm" -j2 SHAPES=15m > "$dir/make" 2>&1 ||
  no_engine "it could not be built: $(tail -1 "$dir/make")"
cache=$(make --no-print-directory -s -C "$SOURCE/targets/llm" where)
tool=$BUILD/test_unit_engine_engine

# hold: starts the engine through src/engine.c, prints its id, URL and facts, waits for a byte.
hold() {
  mkfifo "$dir/in.$1"
  "$tool" hold "$cache/bin/llama-server" "$cache/15m.gguf" "$dir/log" < "$dir/in.$1" > "$dir/out.$1" 2> "$dir/err.$1" &
  holder=$!
  exec 3> "$dir/in.$1"
  for _ in $(seq 300); do
    grep -qx '\.' "$dir/out.$1" && break
    kill -0 "$holder" 2>/dev/null || fail "it did not start: $(cat "$dir/err.$1")"
    sleep 0.1
  done
  read -r engine url < "$dir/out.$1" || fail "it said nothing"
}
gone() { # waits until no process has this id
  for _ in $(seq 100); do
    [ -d "/proc/$1" ] && grep -q '^State:[^Z]*$' "/proc/$1/status" 2>/dev/null || return 0
    sleep 0.05
  done
  return 1
}

hold 1
[ "$(curl -sf "${url%/v1}/health")" = '{"status":"ok"}' ] || fail "not healthy"
curl -sfN "$url/chat/completions" -d '{"messages":[{"role":"user","content":"a quiet harbour in the morning"}],
  "max_tokens":24,"stream":true,"stream_options":{"include_usage":true}}' > "$dir/answer" || fail "no answer"
events=$(grep -c '"delta":{"content":"' "$dir/answer" || true)
[ "$events" = 24 ] || fail "$events content events for 24 tokens"
grep -q '"completion_tokens":24' "$dir/answer" || fail "no usage"
[ "$(tail -2 "$dir/answer" | head -1)" = 'data: [DONE]' ] || fail "the stream has no end"
curl -sf "$url/chat/completions" -d '{"messages":[{"role":"user","content":"so it goes"}],"max_tokens":200}' |
  jq -e '.usage.completion_tokens == 200 and .choices[0].finish_reason == "length"' > /dev/null ||
  fail "an answer did not run to max_tokens"
[ "$(curl -sf "$url/models" | jq -r '.data[0].id')" = asrun-dummy-15m ] || fail "not its alias"
for fact in 'engine.cpu_variant=libggml-cpu' 'engine.program.sha256=' 'model.weights=dummy' 'model.file.sha256='; do
  grep -q "^$fact" "$dir/out.1" || fail "no fact $fact"
done
! grep -q "$cache" "$dir/out.1" || fail "a folder of the user is in the facts"
printf q >&3
wait "$holder" || fail "the clean stop ended with $?"
[ ! -d "/proc/$engine" ] || fail "engine $engine is still there after a clean stop"
exec 3>&-

hold 2
[ -d "/proc/$engine" ] || fail "no second engine"
kill -KILL "$holder"
wait "$holder" 2>/dev/null || true
gone "$engine" || fail "engine $engine outlived its killed parent"

cmp <("$cache/bin/mkmodel" 15m "$cache/src/models/ggml-vocab-gpt-2.gguf" "$dir/again.gguf" && sha256sum < "$dir/again.gguf") \
  <(sha256sum < "$cache/15m.gguf") || fail "the same seed gave another model"
echo "engine: started, answered, stopped; nothing left behind"
