# SPDX-License-Identifier: Apache-2.0
# What the engine's process is made of, from a run against the real engine: its libraries with
# build ids, its model's file and head; and secrets planted in its command line and environment, in
# the plan's key and asrun's own environment are nowhere: not in evidence, claim, messages.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"
need_engine
cd "$WORK"
cache=$(make --no-print-directory -s -C "$SOURCE/targets/llm" where)
secret=planted$RANDOM$RANDOM
export XDG_CACHE_HOME=$WORK/cache

start_engine() { # on a free port; sets PORT
  PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  HF_TOKEN=hf_$secret LLAMA_ARG_HF_TOKEN=$secret OMP_NUM_THREADS=1 OPENBLAS_NOTE=https://u:$secret@h/ OTHER=$secret \
    "$cache/bin/llama-server" -m "$cache/15m.gguf" --host 127.0.0.1 --port "$PORT" -np 2 -c 2048 -t 1 \
    --alias dummy --api-key "$secret-key" --offline > engine.log 2>&1 &
  SERVER_PID=$!
  for _ in $(seq 300); do
    [ "$(curl -s "http://127.0.0.1:$PORT/health" || true)" != '{"status":"ok"}' ] || return 0
    kill -0 "$SERVER_PID" 2> /dev/null || fail "the engine died: $(tail -3 engine.log)"
    sleep 0.1
  done
  fail "the engine is not healthy: $(tail -3 engine.log)"
}

start_engine
cat > plan.yaml <<P
asrun: 1
workload: {fixed: {input_tokens: 16, output_tokens: 8}}
target: {url: "http://127.0.0.1:$PORT/v1", model: dummy, api_key: "env:KEY"}
load: {self_test: {for: 0}, arrivals: closed, concurrency: 2, requests: 6}
exclude: {warm_up: none}
P
for run in one two; do
  code=0
  KEY=$secret-key "$ASRUN" run plan.yaml -o $run.asrun > $run.claim 2> $run.err || code=$?
  [[ $code =~ ^[0136]$ ]] || fail "exit $code: $(cat $run.err)"
  "$ASRUN" show $run.asrun facts > $run.facts
  "$ASRUN" show $run.asrun > $run.shown
  "$ASRUN" claim --json $run.asrun > $run.json || true
  [ -s $run.json ] || fail "no claim"
done

for form in system-desc otel-resource; do
  "$ASRUN" export one.asrun --format $form > $form.json 2> $form.err || fail "export: $(cat $form.err)"
done
"$ASRUN" probe --target "http://127.0.0.1:$PORT/v1" > probe.shown 2> probe.err || fail "probe: $(cat probe.err)"
grep -E "libggml-base.so.build_id +[0-9a-f]{40}" probe.shown > /dev/null || fail "asrun probe names no library"

# is NAME PATTERN: that fact of the first run is.
is() { grep -E "$1 +.*$2" one.facts > /dev/null || fail "fact $1 is not $2: $(grep -F "$1" one.facts || echo absent)"; }
is "engine.process +pid" "$SERVER_PID"
is "engine.process +command" "llama-server -m .*15m.gguf .*--api-key \(redacted\) --offline"
is "engine.process +env.OMP_NUM_THREADS" 1
is "engine.process +env.HF_TOKEN" "\(redacted\)"
is "engine.process +executable.build_id" "[0-9a-f]{40}"
is "engine.library +libggml-base.so.build_id" "[0-9a-f]{40}"
is "engine.library +libggml-cpu-[a-z0-9]+.so.sha256" "[0-9a-f]{64}"
is "model +file.sha256" "$(sha256sum < "$cache/15m.gguf" | cut -c 1-64)"
is "model +precision" q4_0
is "model +layers" 6
is "model +parameters" 30846720
is "model +kv_bytes_per_token" 6144
is "host +net.interface" lo
is "host +kernel.command" .
for library in libggml-base.so libllama; do
  file=$(readlink -f "$(find "$cache/bin" -name "$library*" | head -n 1)")
  grep -F "$(sha256sum < "$file" | cut -c 1-64)" one.facts > /dev/null || fail "no digest of $file"
done
! grep "asrun's cache of digests" one.facts > /dev/null || fail "remembered, the first time"
grep "file.sha256.*asrun's cache of digests" two.facts > /dev/null || fail "the model was read twice"

for file in ./*.asrun ./*.claim ./*.err ./*.facts ./*.shown ./*.json cache/asrun/*; do
  ! grep -aqF "$secret" "$file" || fail "a secret is in $file"
  ! grep -aqF "$HOME/.cache" "$file" || [[ $file = cache/* ]] || fail "a home folder is in $file"
done
echo "ok: $(grep -c 'engine.library.*sha256' one.facts) libraries, the model, and no secret"
