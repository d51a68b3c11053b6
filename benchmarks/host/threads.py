#!/usr/bin/env python3
"""Measures what a second thread is worth.

  threads.py [--dlc build/bin/dlc] [--cpu NAME] [--rounds N] [--seconds S] [--json FILE]
             MODEL.onnx|FOLDER ...

In every round the program runs alone with one thread, then as two processes of one
thread each on two CPUs, then alone with two threads. Two CPUs of a machine share caches
and memory, often a core, so the two processes say what was possible in that round:
twice the time of one, over the time that each of two takes. Prints the medians of all
rounds; *of possible* is the speed-up of two threads over that of two processes.
"""
import json
import os
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


def measure(path, args, folder):
    inputs = model_inputs(path, ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]))
    program = folder / path.stem
    measured([args.dlc, path, "-o", program, f"--cpu={args.cpu}", *shape_flags(inputs)])
    arrays = program_arguments(inputs, folder)
    cpus = sorted(os.sched_getaffinity(0))[-2:]
    if len(cpus) < 2:
        raise RuntimeError("there is only one CPU")
    rounds = []
    for _ in range(args.rounds):
        one = median_ms(start(program, arrays, args.seconds, 1, cpus[1:]))
        pair = [start(program, arrays, args.seconds, 1, {cpu}) for cpu in cpus]
        each = statistics.mean([median_ms(process) for process in pair])
        two = median_ms(start(program, arrays, args.seconds, 2, cpus))
        rounds.append((one, each, two))
    program.unlink()
    one, each, two = (statistics.median(times) for times in zip(*rounds))
    return {"model": path.stem, "one_ms": one, "of_two_processes_ms": each, "two_threads_ms": two,
            "speed_up": statistics.median(o / t for o, _, t in rounds),
            "possible": statistics.median(2 * o / e for o, e, _ in rounds)}


def describe(r):
    return (f"{r['one_ms']:9.3f} {r['of_two_processes_ms']:13.3f} {r['two_threads_ms']:11.3f}"
            f" {r['speed_up']:9.2f} {r['possible']:9.2f} {100 * r['speed_up'] / r['possible']:11.0f} %")


def main():
    parser = model_parser(__doc__)
    parser.add_argument("--cpu", default="native")
    parser.add_argument("--rounds", default=7, type=int)
    parser.add_argument("--seconds", default=0.7, type=float)
    args = parser.parse_args()
    print(f"{'model':24} {'1 thread':>9} {'2 processes':>13} {'2 threads':>11} {'speed-up':>9} {'possible':>9}"
          f" {'of possible':>13}")
    sys.exit(measure_models(args, lambda path, folder: measure(path, args, folder), describe))


if __name__ == "__main__":
    main()
