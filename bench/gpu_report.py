# SPDX-License-Identifier: Apache-2.0
"""The tables of bench/gpu.sh: gpu_report.py EAGER.asrun COMPILED.asrun. Exit 1: the two don't differ as they should."""
import sqlite3
import statistics
import sys

runs = {name: sqlite3.connect(f"file:{path}?mode=ro", uri=True) for name, path in zip(("eager", "compiled"), sys.argv[1:])}


def fact(run, scope, name):
    row = run.execute("select value, source from fact where scope = ? and name = ? order by time_ns desc", (scope, name)).fetchone()
    return "absent" if row is None else row[0] or f"absent: {row[1]}"


def kernels(run):
    return {f: (n, t) for f, n, t in run.execute(
        "select function, sum(samples), sum(time_ns) from dispatch where library = '[gpu]' and phase like 'trial%' group by function")}


first = runs["eager"]
print(f"GPU 0: {fact(first, 'gpu.0', 'name')}, driver {fact(first, 'gpu', 'driver')}, CUDA {fact(first, 'gpu', 'driver.cuda')}, "
      f"VBIOS {fact(first, 'gpu.0', 'vbios')}, power limit {fact(first, 'gpu.0', 'power.limit')} W.\n")
print("## What NVML told\n\n| series | unit | run | rows | least | median | most |\n|---|---|---|---|---|---|---|")
for scope, name, unit in first.execute("select distinct scope, name, unit from series where scope = 'gpu.0' and known = 'measured' order by id").fetchall():
    for label, run in runs.items():
        v = [x for (x,) in run.execute("select value from telemetry join series on id = series where scope = ? and name = ?", (scope, name))]
        if v:
            print(f"| {name} | {unit} | {label} | {len(v)} | {min(v):.6g} | {statistics.median(v):.6g} | {max(v):.6g} |")
print("\n## What was launched (during the trial)\n")
for label, run in runs.items():
    k = kernels(run)
    launches, time = sum(n for n, _ in k.values()), sum(t for _, t in k.values()) or 1
    print(f"**{label}**: {launches} launches of {len(k)} kernels, {time / 1e9:.3f} s; torch.compile {fact(run, 'engine.gpu', 'torch_compile')}, "
          f"CUDA graphs {fact(run, 'engine.gpu', 'cuda_graphs')}, TensorRT {fact(run, 'engine.gpu', 'tensorrt')}; lost {fact(run, 'engine.gpu', 'kernels.lost')}.\n")
    print("| kernel | launches | time, % |\n|---|---|---|")
    for name, (n, t) in sorted(k.items(), key=lambda i: -i[1][1])[:10]:
        print(f"| `{name[:90].replace('|', '¦')}` | {n} | {100 * t / time:.1f} |")
    print()
a, b = (kernels(run) for run in runs.values())
ta, tb = (sum(t for _, t in k.values()) or 1 for k in (a, b))
distance = sum(abs(a.get(f, (0, 0))[1] / ta - b.get(f, (0, 0))[1] / tb) for f in {*a, *b}) / 2
print(f"Distance of the two by time (total variation): {distance:.3f}.")
right = (fact(runs["eager"], "engine.gpu", "torch_compile") == "not seen" and fact(runs["compiled"], "engine.gpu", "torch_compile") == "seen"
         and fact(runs["compiled"], "engine.gpu", "cuda_graphs") == "seen" and distance > 0.2)
print("\nThey differ as they should: Inductor's kernels and CUDA graphs in the compiled run only." if right else
      "\n**They do not differ as they should.**")
sys.exit(not right)
