#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a run is limited by, with the limit planted in the server. # timed
. "$(dirname "$0")/common.bash"

# limits NAME FLAG...: runs against the server at URL; sets WALL and TIME.
limits() {
  local name=$1
  shift
  cat > "$WORK/$name.yaml" <<Y
asrun: 1
good: [{metric: ttft.content.due@1, percentile: 50, at_most: 10s}]
regime: latency
workload: {family: test, fixed: {input_tokens: 16, output_tokens: 6}}
target: {url: "$URL", model: ref}
load: {self_test: {for: 0}}
exclude: {warm_up: none}
Y
  "$ASRUN" run "$WORK/$name.yaml" -o "$WORK/$name.asrun" --quiet "$@" > "$WORK/out" 2>&1 || fail "$name: $(cat "$WORK/out")"
  "$ASRUN" claim "$WORK/$name.asrun" --json > "$WORK/$name.json" 2> "$WORK/err" || true
  WALL=$(jq -r .limitedBy.wall.by "$WORK/$name.json")
  TIME=$(jq -r .limitedBy.time.by "$WORK/$name.json")
  jq -c "{wall: .limitedBy.wall.shares, time: .limitedBy.time.shares}" "$WORK/$name.json"
}

start_server --ttft 60ms --gap 4ms
limits room --load.arrivals=constant --load.rate=8/s --load.requests=40
[ "$WALL $TIME" = "arrivals prefill" ] || fail "a server with room: limited by $WALL, time in $TIME"
"$ASRUN" claim "$WORK/room.asrun" > "$WORK/out" || true
grep -q 'Limited by (derived)' "$WORK/out" || fail "the page does not say it"
stop_server

start_server --ttft 30ms --gap 10ms --slots 2
limits slots --load.arrivals=closed --load.concurrency=12 --load.requests=120
[ "$WALL $TIME" = "queue queue" ] || fail "two slots for twelve: limited by $WALL, time in $TIME: $(jq -c .limitedBy.evidence "$WORK/slots.json")"
stop_server

start_server --ttft 20ms --gap 60ms
limits decode --load.arrivals=constant --load.rate=20/s --load.requests=40
[ "$WALL $TIME" = "arrivals decode" ] || fail "slow tokens: limited by $WALL, time in $TIME"
limits capped --load.arrivals=constant --load.rate=40/s --load.requests=60 --load.max_in_flight=3
[ "$WALL $TIME" = "client client" ] || fail "three at a time by our own cap: limited by $WALL, time in $TIME"
echo "limited: ok"
