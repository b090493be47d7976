# SPDX-License-Identifier: Apache-2.0
"""bench/fidelity.sh's table from its rows and notes; exit 1 if a bar is missed.

rows:  LEVEL KIND ROUND TRIES DELAY MARK CPU NAME VALUE NAME VALUE ...
notes: LEVEL ANONYMOUS_KB TIME_BYTES ALL_BYTES LOST RING_PERCENT IO_CPU CPU EVENTS CONDITIONS"""
import statistics
import sys

FIELDS = ["lag_p50", "lag_p99", "ttft_p50", "ttft_p99", "ttft_late_p99", "ttft_opening_p99",
          "late_p50", "late_p99", "gap_ratio", "missing"]
rows = {}
for line in open(sys.argv[1]):
    level, kind, _, tries, delay, mark, cpu, *pairs = line.split()
    figures = dict(zip(pairs[::2], map(float, pairs[1::2])))
    figures["cpu"] = float(cpu) * 1e6 / figures["events"]
    figures["repeated"] = int(tries) - 1
    figures["mark"] = mark == "*"
    rows.setdefault(int(level), {}).setdefault(kind, []).append(figures)


def median(level, kind, name):
    values = [f[name] for f in rows[level].get(kind, []) if name in f]
    return statistics.median(values) if values else None


def cell(value):
    return "" if value is None else f"{value:.5g}" if abs(value) < 1e6 else f"{value:.0f}"


print("| streams | client | " + " | ".join(FIELDS) + " | CPU | repeated |")
print("|---|---|" + "---|" * (len(FIELDS) + 2))
for level, kinds in rows.items():
    for kind in kinds:
        again = sum(f["repeated"] for f in kinds[kind])
        mark = "*" if any(f["mark"] for f in kinds[kind]) else ""
        print(f"| {level} | {kind} | " + " | ".join(cell(median(level, kind, n)) for n in FIELDS) +
              f" | {median(level, kind, 'cpu'):.2f} | {again}{mark} |")
failed = False


def bar(words, got, most, unit):
    global failed
    if got is None:
        return
    failed |= got > most
    print(f"- {words}: {got:.4g}{unit} (at most {most:g}{unit}): {'pass' if got <= most else 'FAIL'}")


print()
for level, kinds in rows.items():
    if "asrun" not in kinds:
        continue
    name = f"{level} streams: "
    ratio = median(level, "asrun", "gap_ratio")
    bar(name + "p99 gap off the server's", 100 * abs(ratio - 1), 2 if level >= 5000 else 1, " %")
    bar(name + "events that only one side knows", median(level, "asrun", "missing"), 0, "")
    if "floor" not in kinds:
        continue

    def over(field):
        a, b = median(level, "asrun", field), median(level, "floor", field)
        return None if a is None or b is None else a - b

    bar(name + "stamp lag p99 over the floor's", over("lag_p99"), 100, " us")
    if level >= 2048:
        bar(name + "TTFT error p99 over the floor's, connections up", over("ttft_late_p99"), 2000, " us")
    else:
        bar(name + "TTFT error p99 over the floor's", over("ttft_p99"), 100, " us")
        bar(name + "lateness p99 over the floor's", over("late_p99"), 100, " us")
    if level == 2048:
        bar(name + "CPU a token over the floor's", median(level, "asrun", "cpu") / median(level, "floor", "cpu"), 1.3, "")
        if "curl" in kinds:
            bar(name + "CPU a token over libcurl's", median(level, "asrun", "cpu") / median(level, "curl", "cpu"), 1, "")
notes = [line.split() for line in open(sys.argv[2])]
if notes:
    print("\n| streams | anonymous memory, MiB | bytes a token: times | all columns | records lost |"
          " most of the ring, % | I/O thread, CPU s | whole process, CPU s | conditions |")
    print("|---|---|---|---|---|---|---|---|---|")
    for level, memory, times, everything, lost, ring, io, cpu, _, *words in notes:
        print(f"| {level} | {int(memory) / 1024:.1f} | {times} | {everything} | {lost} | {ring} | {io} | {cpu} | "
              f"{' '.join(words).replace('_', ' ').strip()} |")
    print()
    at = [n for n in notes if n[0] == "2048"]
    if at:
        bar("2048 streams: anonymous memory", max(int(n[1]) for n in at) / 1024, 64, " MiB")
        bar("2048 streams: bytes a token of the time column", max(float(n[2]) for n in at), 3, "")
        bar("2048 streams: bytes a token of all columns", statistics.median(float(n[3]) for n in at), 5, "")
        bar("2048 streams: records lost", max(int(n[4]) for n in at), 0, "")
sys.exit(failed)
