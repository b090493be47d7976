# SPDX-License-Identifier: Apache-2.0
# The same plan and seed give the same schedule whatever the number of threads and the target, and
# the threads together execute each item exactly once.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

digests=
for threads in 1 2 4; do
  stop_server
  start_server --ttft 2ms --gap 1ms # a new port each time: another target
  cat > "$WORK/plan.yaml" <<P
asrun: 1
workload: {profile: azure-2023-conversation, scale: {lengths: 1/64}}
target: {url: "$URL", model: reference}
load: {self_test: {for: 0}, arrivals: poisson, rate: 100/s, requests: 150, threads: $threads}
trials: {count: 2}
exclude: {warm_up: none}
seed: 7
P
  file="$WORK/$threads.asrun"
  "$ASRUN" run "$WORK/plan.yaml" -o "$file" --quiet
  digests+="$("$ASRUN" show "$file" summary --json | jq -r .schedule_digest) "
  "$ASRUN" show "$file" samples --csv | column outcome | sort | uniq -c | tr -s ' ' > "$WORK/outcomes"
  [ "$(cat "$WORK/outcomes")" = " 300 ok" ] || fail "$threads threads: $(cat "$WORK/outcomes")"
  "$ASRUN" show "$file" samples --csv | column request_id | sort -u | wc -l | grep -x 300 > /dev/null ||
    fail "$threads threads: an item ran twice"
done
set -- $digests
[ "$1" = "$2" ] && [ "$2" = "$3" ] && [ "$1" != null ] || fail "schedule digests differ: $digests"
echo "ok: $1 with 1, 2 and 4 threads, three targets"
