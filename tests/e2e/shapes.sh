# SPDX-License-Identifier: Apache-2.0
# Load shapes, proven from the reference server's own log, not from what asrun recorded.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

# plan LOAD [MORE]: writes $WORK/plan.yaml for the server that runs.
plan() {
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {fixed: {input_tokens: 16, output_tokens: 4}, calibrate: false}
target: {url: "$URL", model: reference}
load: {self_test: {for: 0}, $1}
exclude: {warm_up: none}
${2:-}
seed: 3
P
}

# run: the plan, to $WORK/run.asrun; what the server logged of its requests (not of the probes
# before it) to $WORK/seen.
run() {
  rm -f "$WORK"/run.asrun*
  : > "$WORK/log"
  "$ASRUN" run "$WORK/plan.yaml" -o "$WORK/run.asrun" --quiet
  sleep 0.1
  grep ^asrun- "$WORK/log" > "$WORK/seen"
}

# ks CDF: largest distance of the numbers on stdin to the awk expression CDF of x, times the root of
# their count; beyond 1.95 with probability 0.1 % (the seed is fixed, the network's noise is not).
ks() {
  sort -g | awk '{ v[NR] = $1 }
    END { for (i = 1; i <= NR; i++) { x = v[i]; f = '"$1"'
            if (f - (i - 1) / NR > d) d = f - (i - 1) / NR
            if (i / NR - f > d) d = i / NR - f }
          print "n " NR ", KS " d * sqrt(NR); exit !(NR > 100 && d * sqrt(NR) < 1.95) }'
}

start_server --ttft 2ms --gap 1ms --log "$WORK/log"

# One user: each request comes so long after the last answer as drawn, exponentially.
plan "arrivals: closed, concurrency: 1, requests: 151, think_time: exponential 15ms"
run
awk '$2 == "request" && done { print ($3 - done) / 15e6 } $5 == "done" { done = $3 }' "$WORK/seen" > "$WORK/rests"
ks '1 - exp(-x)' < "$WORK/rests" || fail "rests at the server are not exponential"
awk '{ sum += $1 } END { exit NR != 150 || sum / NR < 0.75 || sum / NR > 1.35 }' "$WORK/rests" || fail "mean rest"

# Four users who rest 100 ms: never more than four at once, and a request only after a rest.
plan "arrivals: closed, concurrency: 4, requests: 40, think_time: 100ms"
run
awk '$2 == "request" { if (++n > 4) { rest = $3 - done[++next_done]; if (rest < 99.9e6) bad = 1 } in_flight++ }
     $5 == "done" { done[++ends] = $3; in_flight-- } in_flight > 4 { bad = 1 }
     END { exit bad || n != 40 || ends != 40 }' "$WORK/seen" || fail "four resting users"

# gaps RATE: those of the arrivals at the server, in mean gaps.
gaps() { awk -v rate="$1" '$2 == "request" { if (t) print ($3 - t) / 1e9 * rate; t = $3 }' "$WORK/seen"; }

# Poisson and gamma arrivals; the other one's distribution is refused.
plan "arrivals: poisson, rate: 100/s, duration: 4s"
run
gaps 100 > "$WORK/gaps"
ks '1 - exp(-x)' < "$WORK/gaps" || fail "Poisson arrivals at the server"
plan "arrivals: gamma, burstiness: 4, rate: 100/s, duration: 4s"
run
gaps 100 > "$WORK/gaps"
ks '1 - exp(-4 * x) * (1 + 4 * x + 8 * x * x + 64 * x * x * x / 6)' < "$WORK/gaps" || fail "gamma arrivals at the server"
! ks '1 - exp(-x)' < "$WORK/gaps" > "$WORK/out" || fail "gamma arrivals pass for Poisson: $(cat "$WORK/out")"

# A ramp, a pause, a stage: as many arrivals by each moment as the integral of the rate says.
plan "arrivals: constant, stages: [{rate: 0/s..100/s, for: 1s}, {rate: 0/s, for: 500ms}, {rate: 40/s, for: 1s}]"
run
awk '$2 == "request" { if (!t) t = $3; x = ($3 - t) / 1e9; n++
       want = x < 1 ? 50 * x * x : x < 1.45 ? 50 : 50 + 40 * (x - 1.5)
       if (n - 1 - want > worst) worst = n - 1 - want
       if (want - n + 1 > worst) worst = want - n + 1 }
     END { print "a ramp, a pause, a stage: " n " arrivals, off by " worst " at most"; exit n != 90 || worst > 2 }' \
  "$WORK/seen" || fail "stages at the server"

stop_server
echo "ok: load shapes as the server saw them"
