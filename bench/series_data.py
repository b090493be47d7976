# SPDX-License-Identifier: Apache-2.0
"""Judges `asrun series` by public data that others have judged.

    series_data.py ASRUN DATA [EVERY]

DATA/tcpd: series with the change points of five people (van den Burg and Williams, An Evaluation of Change
Point Detection Algorithms, 2020), scored as there: covering and F1 with a margin of 5, the beginning counted as
a change point on both sides. DATA/jmh: forks of JMH benchmarks with published labels (Traini et al., EMSE 2023); every
EVERYth file. Prints rows of a Markdown table; exits with 1 where a bar is missed, 77 without data."""
import gzip
import json
import math
import pathlib
import subprocess
import sys

MARGIN = 5


def series(asrun, text):
    done = subprocess.run([asrun, "series", "--json", "-"], input=text, capture_output=True, text=True)
    if done.returncode not in (0, 6):
        sys.exit(f"asrun series ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def matched(truth, found):
    """The true points that have a found one of their own within the margin."""
    left, hits = set(found), 0
    for t in sorted(truth):
        near = sorted((abs(t - x), x) for x in left if abs(t - x) <= MARGIN)
        if near:
            left.discard(near[0][1])
            hits += 1
    return hits


def f1(people, found):
    people, found = [set(p) | {0} for p in people], set(found) | {0}
    precision = matched(set().union(*people), found) / len(found)
    recall = sum(matched(p, found) / len(p) for p in people) / len(people)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def segments(points, n):
    edges = [0, *sorted(p for p in set(points) if 0 < p < n), n]
    return list(zip(edges, edges[1:]))


def overlap(a, b):
    shared = max(0, min(a[1], b[1]) - max(a[0], b[0]))
    return shared / (max(a[1], b[1]) - min(a[0], b[0])) if shared else 0.0


def covering(people, found, n):
    mine = segments(found, n)
    one = lambda p: sum((s[1] - s[0]) * max(overlap(s, m) for m in mine) for s in segments(p, n)) / n
    return sum(map(one, people)) / len(people)


def tell(what, cases, value, bar, room):
    ok = value >= bar - room
    note = f" - {room:.2f} for chance" if room else ""
    print(f"| {what} | {cases} | {value:.3f} | {bar:.2f}{note} | {'yes' if ok else 'NO'} |")
    return ok


def tcpd(asrun, data):
    truth = json.loads((data / "annotations.json").read_text())
    scores = []
    for path in sorted(data.glob("*.json")):
        doc = json.loads(path.read_text())
        if "series" not in doc or doc["n_dim"] != 1 or None in doc["series"][0]["raw"]:
            continue  # one variable, no gaps
        raw = doc["series"][0]["raw"]
        found = series(asrun, "v\n" + "\n".join(map(repr, raw)) + "\n")["change_points"]
        people = list(truth[doc["name"]].values())
        scores.append((covering(people, found, len(raw)), f1(people, found)))
        if doc["name"] == "quality_control_5" and found:
            print("quality_control_5 has no change, and got", found)
            scores.append((0, 0))
    mean = lambda k: sum(s[k] for s in scores) / len(scores)
    return [tell("TCPD, univariate, no gaps: covering", len(scores), mean(0), 0.62, 0),
            tell("TCPD: F1, margin 5", len(scores), mean(1), 0.68, 0)]


def jmh(asrun, data, every):
    labels, agreed, forks = json.loads((data / "labels.json").read_text()), 0, 0
    for name, label in list(labels.items())[::every]:
        runs = json.load(gzip.open(data / name))
        text = "run,s\n" + "".join(f"{i},{v!r}\n" for i, run in enumerate(runs) for v in run)
        for run, want in zip(series(asrun, text)["runs"], label["classification"]["forks"]):
            agreed += (run["label"] != "no steady state") == (want == "steady state")
            forks += 1
    room = 3 * math.sqrt(0.85 * 0.15 / forks) if every > 1 else 0
    return [tell("JMH forks: steady or not, as published", forks, agreed / forks, 0.85, room)]


def main():
    asrun, data = sys.argv[1], pathlib.Path(sys.argv[2])
    if not (data / "tcpd").is_dir() or not (data / "jmh").is_dir():
        print(f"skipped: {data}/tcpd and {data}/jmh are not there")
        return 77
    print("| public data | cases | value | bar | pass |\n|---|---|---|---|---|")
    every = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    return int(not all(tcpd(asrun, data / "tcpd") + jmh(asrun, data / "jmh", every)))


if __name__ == "__main__":
    sys.exit(main())
