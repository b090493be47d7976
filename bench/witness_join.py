# SPDX-License-Identifier: Apache-2.0
"""Sets event times beside the reference server's own log of its sends.

witness_join.py LOG PREFIX times FILE      FILE: "ID k TIME_NS" for content event k
witness_join.py LOG PREFIX floor FILE      FILE: what bench_fidelity prints, all events counted
witness_join.py LOG PREFIX witness FILE    FILE: evidence of asrun witness
Prints "n MISSING p50 p99 gap_p99 true_gap_p99 ratio": lags after the send in us, gaps in ms.
"""
import csv
import hashlib
import math
import sqlite3
import subprocess
import sys


def truth(path, prefix):
    """ID -> [(index of all events, time) of each content event]"""
    sent = {}
    for line in open(path):
        f = line.split()
        if len(f) == 5 and f[4] == "content" and f[0].startswith(prefix):
            sent.setdefault(f[0], []).append((int(f[1]), int(f[2])))
    return sent


def from_lines(path, sent, all_events):
    got = {}
    for line in open(path):
        f = line.split()
        if len(f) == 3:
            got.setdefault(f[0], {})[int(f[1])] = int(f[2])
    if not all_events:
        return {i: [v[k] for k in sorted(v)] for i, v in got.items()}
    return {i: [got[i][k] for k, _ in sent[i] if k in got[i]] for i in got if i in sent}


def from_witness(asrun, path, sent):
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    meta = dict(db.execute("SELECT key, value FROM meta"))
    salt, anchor = bytes.fromhex(meta["witness.salt"]), int(meta["anchor_mono_ns"])
    by_hash = dict(reversed(t.split()) for (t,) in db.execute("SELECT text FROM note WHERE kind = 'request_id'"))
    name = {by_hash[h]: i for i in sent for h in [hashlib.sha256(salt + i.encode()).hexdigest()[:32]] if h in by_hash}
    show = subprocess.Popen([asrun, "show", path, "events", "--csv"], stdout=subprocess.PIPE, text=True)
    got = {}
    for row in csv.DictReader(show.stdout):
        sample = row["request_id"].rsplit("-", 1)[1]
        if "content" in row["kind"] and sample in name:
            got.setdefault(name[sample], []).append(int(row["time_ns"]) + anchor)
    show.wait()
    return got


def rank(values, p):
    return sorted(values)[math.ceil(p * len(values)) - 1] if values else math.nan


def gaps(times):
    return [b - a for t in times for a, b in zip(t, t[1:])]


def main(log, prefix, kind, path, asrun=""):
    sent = truth(log, prefix)
    got = from_witness(asrun, path, sent) if kind == "witness" else from_lines(path, sent, kind == "floor")
    whole = [i for i in sent if len(got.get(i, [])) == len(sent[i])]
    missing = sum(abs(len(sent[i]) - len(got.get(i, []))) for i in sent)
    lags = [t - s for i in whole for t, (_, s) in zip(got[i], sent[i])]
    mine, true = (rank(gaps(t), 0.99) for t in ([got[i] for i in whole], [[s for _, s in sent[i]] for i in whole]))
    print("%d %d %.1f %.1f %.3f %.3f %.4f" % (len(lags), missing, rank(lags, 0.5) / 1e3, rank(lags, 0.99) / 1e3,
                                              mine / 1e6, true / 1e6, mine / true))


main(*sys.argv[1:])
