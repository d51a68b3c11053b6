#!/usr/bin/env python3
"""Measures what a second thread is worth.

  threads.py [--dlc build/bin/dlc] [--cpu NAME] [--rounds N] [--seconds S] [--json FILE]
             MODEL.onnx|FOLDER ...

In every round the program runs alone with one thread, then as two processes of one
thread each on two CPUs, then alone with two threads. Two CPUs of a machine share caches
and memory, often a core, so the two processes say what was possible in that round:
twice the time of one, over the time that each of two takes. Prints the medians of all
rounds; *of possible* is the speed-up of two threads over that of two processes.

*hand-over* is how long a cache line takes from one CPU to the other and back, before and
after the two threads ran: about 50 ns where they share a third-level cache, about 300
where they do not (virtual CPUs move between the two states by themselves). Two threads
hand data to each other, two processes do not. It needs a C compiler, `cc`.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import onnxruntime as ort

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import measure_models, measured, model_inputs, model_parser, program_arguments, shape_flags


def start(program, arrays, seconds, threads, cpus):
    return subprocess.Popen(
        [program, *arrays, f"--benchmark={seconds}", "--json", f"--threads={threads}"],
        stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, cpus))


def median_ms(process):
    text, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the program exited with {process.returncode}")
    return json.loads(text)["median_ms"]


def hand_over(cpus, folder):
    """Nanoseconds, or None."""
    probe = folder / "handover"
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang-22")
    if not probe.exists():
        if not compiler:
            return None
        source = Path(__file__).with_name("handover.c")
        subprocess.run([compiler, "-O2", "-pthread", source, "-o", probe], check=True)
    return float(subprocess.run([probe, *map(str, cpus)], check=True, capture_output=True, text=True).stdout)


def measure(path, args, folder):
    inputs = model_inputs(path, ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]))
    program = folder / path.stem
    measured([args.dlc, path, "-o", program, f"--cpu={args.cpu}", *shape_flags(inputs)])
    arrays = program_arguments(inputs, folder)
    cpus = sorted(os.sched_getaffinity(0))[-2:]
    if len(cpus) < 2:
        raise RuntimeError("there is only one CPU")
    rounds, hands = [], []
    for _ in range(args.rounds):
        one = median_ms(start(program, arrays, args.seconds, 1, cpus[1:]))
        pair = [start(program, arrays, args.seconds, 1, {cpu}) for cpu in cpus]
        each = statistics.mean([median_ms(process) for process in pair])
        hands.append(hand_over(cpus, folder))
        two = median_ms(start(program, arrays, args.seconds, 2, cpus))
        hands.append(hand_over(cpus, folder))
        rounds.append((one, each, two))
    program.unlink()
    one, each, two = (statistics.median(times) for times in zip(*rounds))
    return {"model": path.stem, "one_ms": one, "of_two_processes_ms": each, "two_threads_ms": two,
            "speed_up": statistics.median(o / t for o, _, t in rounds),
            "possible": statistics.median(2 * o / e for o, e, _ in rounds),
            "hand_over_ns": [min(hands), max(hands)] if None not in hands else None,
            "rounds": [{"speed_up": one / two, "hand_over_ns": hands[2 * i:2 * i + 2]}
                       for i, (one, _, two) in enumerate(rounds)]}


def describe(r):
    hands = "{:.0f}-{:.0f} ns".format(*r["hand_over_ns"]) if r["hand_over_ns"] else "?"
    return (f"{r['one_ms']:9.3f} {r['of_two_processes_ms']:13.3f} {r['two_threads_ms']:11.3f}"
            f" {r['speed_up']:9.2f} {r['possible']:9.2f} {100 * r['speed_up'] / r['possible']:11.0f} % {hands:>12}")


def main():
    parser = model_parser(__doc__)
    parser.add_argument("--cpu", default="native")
    parser.add_argument("--rounds", default=7, type=int)
    parser.add_argument("--seconds", default=0.7, type=float)
    args = parser.parse_args()
    print(f"{'model':24} {'1 thread':>9} {'2 processes':>13} {'2 threads':>11} {'speed-up':>9} {'possible':>9}"
          f" {'of possible':>13} {'hand-over':>12}")
    sys.exit(measure_models(args, lambda path, folder: measure(path, args, folder), describe))


if __name__ == "__main__":
    main()
