# SPDX-License-Identifier: Apache-2.0
"""Sets a claim of a strained client's run beside the server's own log of its sends.

strained_check.py CLAIM.json SERVER.log   prints "TRUTH_MS REPORTED_MS|- OFF_PERCENT|- CLEAN STRAINED SATURATED VOID";
exits 1 where the p99 gap is neither within 5 % of the truth nor refused, or a gate voids what is claimed all the same.
"""
import json
import math
import sys


def truth_s(path):
    sent = {}
    for line in open(path):
        f = line.split()
        if len(f) == 5 and f[4] == "content":
            sent.setdefault(f[0], []).append(int(f[2]))
    gaps = sorted(b - a for times in sent.values() for a, b in zip(times, times[1:]))
    return gaps[math.ceil(0.99 * len(gaps)) - 1] / 1e9


claim, truth = json.load(open(sys.argv[1])), truth_s(sys.argv[2])
seconds = claim["instrument"]["client"]["seconds"]
itl = next(m for m in claim["metrics"] if m["metric"] == "itl.gap@1")
p99 = next(p for p in itl["percentiles"] if p["percentile"] == 99)
void = [m["metric"] for m in claim["metrics"] if m["mean"]["why"].startswith("void")]
told = p99["value"]
print("%.3f %s %s %d %d %d %s" % (
    1e3 * truth, "-" if told is None else "%.3f" % (1e3 * told), "-" if told is None else "%.2f" % (100 * (told / truth - 1)),
    seconds["clean"], seconds["strained"], seconds["saturated"], ",".join(void) or "nothing"))
if told is None and not p99["why"]:
    sys.exit("no p99 gap, and no reason")
if told is not None and abs(told - truth) > 0.05 * truth:
    sys.exit("the p99 gap is neither true nor refused")
for gate in claim["instrument"]["client"]["gates"]:
    if "send" in gate["voids"] and "ttft.content.due@1" not in void:
        sys.exit("%s voids what is claimed all the same" % gate["gate"])
    if "send" in gate["voids"] and seconds["strained"] + seconds["saturated"] == 0:
        sys.exit("%s voids, and no second is marked" % gate["gate"])
