# SPDX-License-Identifier: Apache-2.0
# Stages of a closed loop: how many requests the reference server had at a time.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

# run LOAD: the server's log of the requests to $WORK/seen.
run() {
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 16, output_tokens: 8}, calibrate: false}
target: {url: "$URL", model: reference}
load: {self_test: {for: 0}, arrivals: closed, $1}
exclude: {warm_up: none}
seed: 3
P
  rm -f "$WORK"/run.asrun*
  : > "$WORK/log"
  "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/run.asrun" --quiet
  sleep 0.1
  grep ^asrun- "$WORK/log" | awk '$2 == "request" { print $3, 1 } $5 == "done" { print $3, -1 }' | sort -n > "$WORK/seen"
}

# mean FROM TO LOW HIGH: the mean number of requests at the server between two times, in ms after the
# first one, lies between LOW and HIGH.
mean() {
  awk -v from="$1" -v to="$2" -v low="$3" -v high="$4" '
    { if (!begin) begin = $1; t = ($1 - begin) / 1e6
      a = last > from ? last : from; b = t < to ? t : to; if (b > a) sum += n * (b - a)
      n += $2; last = t }
    END { m = sum / (to - from); print from " to " to " ms: " m " requests at a time"; exit !(m >= low && m <= high) }' \
    "$WORK/seen" || fail "requests at a time, $1 to $2 ms"
}
most() { awk -v most="$1" '{ n += $2 } n > most { bad = 1 } END { exit bad || n != 0 }' "$WORK/seen" || fail "more than $1 at a time"; }

start_server --ttft 20ms --gap 5ms --log "$WORK/log"

# 4, then 12 that open over 400 ms, then down to 2: never a dip, never a wave, never too many.
run "opening: 400ms, stages: [{concurrency: 4, for: 1s}, {concurrency: 12, for: 1s}, {concurrency: 12..2, for: 1s}]"
most 12
mean 0 400 1.5 3
mean 450 900 3.4 4
mean 900 1000 3.3 4
mean 1000 1400 6 9.5
mean 1450 1950 10 12
mean 1950 2050 9.5 12
mean 2050 2950 5.5 8.5

# The same without: the first stage and what the second adds begin as waves.
run "stages: [{concurrency: 4, for: 500ms}, {concurrency: 12, for: 500ms}]"
most 12
mean 5 50 3.4 4
mean 505 550 10 12

# Bursts: 6 for 200 ms, nobody for 300 ms, three times.
run "repeat: 3, stages: [{concurrency: 6, for: 200ms}, {concurrency: 0, for: 300ms}]"
most 6
for lap in 0 500 1000; do
  mean $((lap + 5)) $((lap + 200)) 5 6
  mean $((lap + 320)) $((lap + 480)) 0 0.3
done

"$ASRUN" claim "$WORK/run.asrun" > "$WORK/out" || true
grep -q 'a closed loop of 6 at a time for 200ms, then 0' "$WORK/out" || { cat "$WORK/out"; fail "the claim does not name the stages"; }

stop_server
echo "ok: stages of a closed loop as the server saw them"
