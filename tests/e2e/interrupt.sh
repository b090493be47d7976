# SPDX-License-Identifier: Apache-2.0
# Ctrl-C once drains and writes; twice stops now and still writes.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

start_server --ttft 20ms --gap 20ms
cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 12, output_tokens: 50}}
target: {url: "$URL", model: reference}
load: {self_test: {for: 0}, arrivals: constant, rate: 20/s, duration: 60s}
exclude: {warm_up: none}
P

interrupted() { # NAME COUNT -> exit code of a run that got COUNT interrupts
  local code=0
  "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/$1.asrun" --quiet 2> "$WORK/err" & local pid=$!
  sleep 2.5
  kill -INT "$pid"
  [ "$2" = 1 ] || { sleep 0.2; kill -INT "$pid"; }
  wait "$pid" || code=$?
  [ "$code" = 130 ] || fail "$1: exit $code, expected 130: $(cat "$WORK/err")"
  [ ! -e "$WORK/$1.asrun-spool" ] || fail "$1: a spool is left"
}

interrupted once 1
"$ASRUN" show "$WORK/once.asrun" samples --csv | column outcome | sort -u | paste -sd ' ' > "$WORK/o"
[ "$(cat "$WORK/o")" = ok ] || fail "drained, yet: $(cat "$WORK/o")"
interrupted twice 2
"$ASRUN" show "$WORK/twice.asrun" samples --csv | column outcome | sort -u | paste -sd ' ' > "$WORK/o"
[ "$(cat "$WORK/o")" = "cancelled ok" ] || fail "stopped, yet: $(cat "$WORK/o")"
for f in once twice; do
  "$ASRUN" show "$WORK/$f.asrun" ledger > "$WORK/ledger" || fail "$f: the ledger does not balance"
  "$ASRUN" claim "$WORK/$f.asrun" > "$WORK/claim" || true
  grep -qi interrupted "$WORK/claim" || fail "$f: the claim does not say interrupted"
done
echo "ok"
