# SPDX-License-Identifier: Apache-2.0
"""Compares a recovered file's events with the reference server's log.

kill_check.py LOG EVENTS.csv KILLED_NS SUMMARY.json
"""
import csv
import json
import sys

log, events, killed, summary = sys.argv[1:]
kill_ns = int(open(killed).read())
run = "asrun-" + json.load(open(summary))["run_id"] + "-"
sent, all_sent = {}, {}
for line in open(log):
    part = line.split()
    if len(part) != 5 or not part[0].startswith(run):
        continue
    all_sent[part[0], int(part[1])] = int(part[3])
    if int(part[2]) < kill_ns - 50_000_000:
        sent[part[0], int(part[1])] = int(part[3])
recovered = {(r["request_id"], int(r["index"])): int(r["bytes"])
             for r in csv.DictReader(open(events))}
missing = [k for k in sent if k not in recovered]
wrong = [k for k in recovered if k in all_sent and recovered[k] != all_sent[k]]
invented = [k for k in recovered if k not in all_sent]
print(f"{len(all_sent)} sent, {len(sent)} of them 50 ms before the kill, {len(recovered)} recovered")
if missing or wrong or invented:
    print("missing", missing[:5], "wrong", wrong[:5], "invented", invented[:5])
    sys.exit(1)
