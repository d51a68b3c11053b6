#!/usr/bin/env python3
"""Measures the memory planner on public instances and on random ones, one core.

  plan.py [--dlc-plan build/bin/dlc-plan] [--seconds S] [--json FILE] [CSV|FOLDER ...]

A number in the name of a CSV file before its extension (as MiniMalloc's benchmarks have:
A.1048576.csv) is the capacity to meet. Each instance is planned within the time limit, the plan
is checked here too, and what greedy by size would need is printed beside it.
"""
import argparse
import bisect
import csv
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def read(path):
    with open(path, newline="") as f:
        return [(int(r["lower"]), int(r["upper"]), int(r["size"]), int(r.get("offset") or 0))
                for r in csv.DictReader(f)]


def check(rows, peak):
    """Sweeps over time with the sorted live ranges; returns what is wrong, or None."""
    events = sorted([(lower, 1, i) for i, (lower, _, _, _) in enumerate(rows)]
                    + [(upper, 0, i) for i, (_, upper, _, _) in enumerate(rows)])
    live = []
    for _, begins, i in events:
        _, _, size, offset = rows[i]
        entry = (offset, offset + size)
        at = bisect.bisect_left(live, entry)
        if not begins:
            del live[at]
            continue
        if offset < 0 or offset + size > peak:
            return f"buffer {i} is out of range"
        if (at and live[at - 1][1] > offset) or (at < len(live) and live[at][0] < entry[1]):
            return f"buffer {i} overlaps"
        live.insert(at, entry)
    return None


def greedy_by_size(rows):
    """The peak of the usual heuristic: largest first, each into the smallest gap."""
    placed, peak = [], 0
    for lower, upper, size, _ in sorted(rows, key=lambda r: -r[2]):
        taken = sorted((o, o + s) for l, u, s, o in placed if l < upper and lower < u)
        best, gap, end = None, None, 0
        for begin, stop in taken:
            if begin - end >= size and (gap is None or begin - end < gap):
                best, gap = end, begin - end
            end = max(end, stop)
        offset = end if best is None else best
        placed.append((lower, upper, size, offset))
        peak = max(peak, offset + size)
    return peak


def make_random(path, count, seed, longest):
    rng = random.Random(seed)
    with open(path, "w") as f:
        f.write("id,lower,upper,size\n")
        for i in range(count):
            lower = rng.randrange(1_000_000)
            f.write(f"{i},{lower},{lower + rng.randint(1, longest)},{rng.randint(1, 1 << 20)}\n")


def measure(path, args, folder):
    capacity = re.search(r"\.(\d+)\.csv$", path.name)
    command = [args.dlc_plan, path, "-o", folder / "plan.csv"]
    if args.seconds:
        command.append(f"--time-limit={args.seconds}")
    if capacity:
        command.append(f"--capacity={capacity[1]}")
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    line = re.search(r"^peak (\d+) lower-bound (\d+) ratio (\S+) time (\S+)$", done.stdout, re.M)
    if not line:
        raise RuntimeError(done.stderr.strip() or done.stdout.strip())
    rows = read(folder / "plan.csv")
    peak, bound = int(line[1]), int(line[2])
    fault = check([r for r in rows if r[2] > 0 and r[0] < r[1]], peak)
    if fault:
        raise RuntimeError(fault)
    return {"instance": path.stem, "buffers": len(rows), "peak": peak, "lower_bound": bound,
            "capacity": int(capacity[1]) if capacity else None, "fits": done.returncode == 0,
            "seconds": seconds,
            "greedy": greedy_by_size(rows) if len(rows) <= 5000 else None}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    root = Path(__file__).resolve().parents[2]
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--dlc-plan", default=root / "build/bin/dlc-plan", type=Path)
    parser.add_argument("--seconds", type=float, help="time limit (default: a limit of work)")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    results, failed = [], 0
    print(f"{'instance':28} {'buffers':>8} {'peak':>14} {'/ bound':>8} {'greedy':>8} {'seconds':>8}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        paths = [p for given in args.paths
                 for p in (sorted(given.glob("*.csv")) if given.is_dir() else [given])]
        for count, longest in ((1000, 20_000), (10_000, 2000), (100_000, 200), (100_000, 500_000)):
            paths.append(folder / f"random-{count}-{longest}.csv")
            make_random(paths[-1], count, 1, longest)
        for path in paths:
            try:
                r = measure(path, args, folder)
            except Exception as error:  # one bad instance must not hide the others
                failed += 1
                print(f"{path.stem:28} failed: {error}", flush=True)
                continue
            results.append(r)
            failed += not r["fits"]
            bound = max(r["lower_bound"], 1)
            greedy = f"{r['greedy'] / bound:8.4f}" if r["greedy"] is not None else f"{'–':>8}"
            print(f"{r['instance']:28} {r['buffers']:8} {r['peak']:14} {r['peak'] / bound:8.4f}"
                  f" {greedy} {r['seconds']:8.2f}{'' if r['fits'] else '  over the capacity'}",
                  flush=True)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
