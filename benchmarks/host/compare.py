#!/usr/bin/env python3
"""Compares programs made by dlc with onnxruntime on the host, one thread each.

  compare.py [--dlc build/bin/dlc] [--cpu NAME] [--rounds N] [--seconds S]
             [--json FILE] [--keep DIR] MODEL.onnx|FOLDER ...

Each model is compiled, its outputs are checked against onnxruntime's, and then
both are measured in turns: in every round each runs for some time on the same
core, and the medians of all rounds are compared, so that what else happens on
the machine hits both. NAME.inputs.npz beside NAME.onnx gives the inputs (and so
the shapes); without it every input is random and dynamic dimensions are 1.
"""
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import onnxruntime as ort

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import (check, measure_models, measured, model_inputs, model_parser, program_arguments,
                    shape_flags)

def peer_session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run_peer(session, inputs, seconds):
    times, start = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        session.run(None, inputs)
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e3


def compare(path, args, folder):
    session = peer_session(path)
    inputs = model_inputs(path, session)
    program = folder / path.stem
    compile_s, compile_bytes = measured(
        [args.dlc, path, "-o", program, f"--cpu={args.cpu}", *shape_flags(inputs)])
    arrays = program_arguments(inputs, folder)
    outputs = folder / "out"
    outputs.mkdir(exist_ok=True)
    measured([program, *arrays, "-o", outputs])
    error = check(outputs, session, session.run(None, inputs))
    first_s = min(measured([program, *arrays, "-o", outputs])[0] for _ in range(5))

    ours, peers, last = [], [], {}
    run_peer(session, inputs, 0)
    for _ in range(args.rounds):
        text = subprocess.run([program, *arrays, f"--benchmark={args.seconds}", "--json",
                               "--threads=1"], check=True, capture_output=True, text=True).stdout
        last = json.loads(text)
        ours.append(last["median_ms"])
        peers.append(run_peer(session, inputs, args.seconds))
    result = {
        "model": path.stem, "dlc_ms": statistics.median(ours),
        "onnxruntime_ms": statistics.median(peers), "error": error,
        "startup_ratio": first_s * 1e3 / statistics.median(ours),
        "compile_s": compile_s, "compile_peak_bytes": compile_bytes,
        "model_bytes": path.stat().st_size, "program_bytes": program.stat().st_size,
        "weights_bytes": last["weights_bytes"], "arena_bytes": last["arena_bytes"],
    }
    result["ratio"] = result["dlc_ms"] / result["onnxruntime_ms"]
    if not args.keep:
        program.unlink()
    return result


def describe(r):
    return (f"{r['dlc_ms']:9.3f} {r['onnxruntime_ms']:9.3f} {r['ratio']:6.2f}"
            f" {r['startup_ratio']:6.2f} {r['compile_s']:6.1f} s"
            f" {r['compile_peak_bytes'] / r['model_bytes']:10.2f}"
            f" {(r['program_bytes'] - r['weights_bytes']) / 1e6:12.2f} MB"
            f" {r['arena_bytes'] / 1e6:6.1f} MB {r['error']:9.1e}")


def main():
    parser = model_parser(__doc__)
    parser.add_argument("--cpu", default="native")
    parser.add_argument("--rounds", default=7, type=int)
    parser.add_argument("--seconds", default=0.7, type=float)
    parser.add_argument("--keep", type=Path, help="keep the programs in this folder")
    args = parser.parse_args()
    # Both run on one core, the last one: the first serves interrupts.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    print(f"{'model':24} {'dlc ms':>9} {'ort ms':>9} {'ratio':>6} {'start':>6} {'compile':>8}"
          f" {'peak/model':>10} {'program-weights':>15} {'arena':>9} {'max error':>9}")
    sys.exit(measure_models(args, lambda path, folder: compare(path, args, folder), describe, args.keep))


if __name__ == "__main__":
    main()
