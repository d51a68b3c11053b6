#!/usr/bin/env python3
"""Compares programs made by dlc with its peers on the host, one thread each.

  compare.py [--dlc build/bin/dlc] [--cpu NAME] [--rounds N] [--seconds S]
             [--json FILE] [--keep DIR] MODEL.onnx|FOLDER ...

Peers are onnxruntime and, where `import openvino` works, OpenVINO in f32. Each
model is compiled, its outputs are checked against onnxruntime's, and then all
are measured in turns: in every round each runs for some time on the same core,
and the medians of all rounds are compared, so that what else happens on the
machine hits all. The ratio is to the faster peer; the last line has the geometric
mean of the ratios. *process*: a whole process to its first output on disk, also over
the steady run; *compile*: CPU seconds and peak memory of the compiler; *program*: its
size, and without weights; *rest*: what the peak of the process's resident memory
exceeds weights and arena by. NAME.inputs.npz beside NAME.onnx gives the inputs (and so
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

try:
    import openvino
except ImportError:
    openvino = None

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import (check, measure_models, measured, model_inputs, model_parser, peak_of, program_arguments,
                    shape_flags)


def peer_session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def openvino_request(path, inputs, precision="f32"):
    """None as the precision leaves it to OpenVINO, which asks the CPU."""
    core = openvino.Core()
    model = core.read_model(str(path))
    model.reshape({name: list(array.shape) for name, array in inputs.items()})
    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}
    if precision:
        settings["INFERENCE_PRECISION_HINT"] = precision
    return core.compile_model(model, "CPU", settings).create_infer_request()


def peer_runs(path, session, inputs):
    """{peer: a function that runs the model once}."""
    peers = {"onnxruntime": lambda: session.run(None, inputs)}
    if openvino:
        try:
            request = openvino_request(path, inputs)
            peers["openvino"] = lambda: request.infer(inputs)
        except Exception as error:  # it does not take every model
            print(f"{path.stem}: without OpenVINO: {str(error).strip().splitlines()[-1][:100]}")
    return peers


def median_ms(run, seconds):
    times, start = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e3


def benchmark(program, arguments, seconds):
    """What a program says about its runs in one thread."""
    command = [program, *arguments, f"--benchmark={seconds}", "--json", "--threads=1"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare(path, args, folder):
    session = peer_session(path)
    inputs = model_inputs(path, session)
    program = folder / path.stem
    start = time.perf_counter()
    compile_cpu_s, compile_bytes = peak_of([args.dlc, path, "-o", program, f"--cpu={args.cpu}", *shape_flags(inputs)])
    compile_s = time.perf_counter() - start
    arrays = program_arguments(inputs, folder)
    outputs = folder / "out"
    outputs.mkdir(exist_ok=True)
    measured([program, *arrays, "-o", outputs])
    error = check(outputs, session, session.run(None, inputs))
    first_s = min(measured([program, *arrays, "-o", outputs, "--threads=1"])[0] for _ in range(5))

    runs = peer_runs(path, session, inputs)
    ours, peers, last = [], {name: [] for name in runs}, {}
    for run in runs.values():
        median_ms(run, 0)
    for _ in range(args.rounds):
        last = benchmark(program, arrays, args.seconds)
        ours.append(last["median_ms"])
        for name, run in runs.items():
            peers[name].append(median_ms(run, args.seconds))
    result = {
        "model": path.stem, "dlc_ms": statistics.median(ours),
        **{f"{name}_ms": statistics.median(times) for name, times in peers.items()},
        "error": error,
        "first_ms": first_s * 1e3,
        "compile_s": compile_s, "compile_cpu_s": compile_cpu_s, "compile_peak_bytes": compile_bytes,
        "model_bytes": path.stat().st_size, "program_bytes": program.stat().st_size,
        "weights_bytes": last["weights_bytes"], "arena_bytes": last["arena_bytes"],
        "peak_bytes": last["peak_bytes"],
    }
    result["startup_ratio"] = result["first_ms"] / result["dlc_ms"]
    result["rest_bytes"] = result["peak_bytes"] - result["weights_bytes"] - result["arena_bytes"]
    result["ratio"] = result["dlc_ms"] / min(result[f"{name}_ms"] for name in runs)
    if not args.keep:
        program.unlink()
    return result


def describe(r):
    second = f"{r['openvino_ms']:9.3f}" if "openvino_ms" in r else f"{'-':>9}"
    return (f"{r['dlc_ms']:9.3f} {r['onnxruntime_ms']:9.3f} {second} {r['ratio']:6.2f}"
            f" {r['first_ms']:7.1f} ms {r['startup_ratio']:5.2f}"
            f" {r['compile_cpu_s']:6.1f} s {r['compile_peak_bytes'] / 1e6:5.0f} MB"
            f" {r['program_bytes'] / 1e6:7.1f} MB {(r['program_bytes'] - r['weights_bytes']) / 1e6:5.2f} MB"
            f" {r['arena_bytes'] / 1e6:6.1f} MB {r['rest_bytes'] / 1e6:5.1f} MB {r['error']:9.1e}")


def summarise(results):
    if results:
        mean = statistics.geometric_mean(r["ratio"] for r in results)
        print(f"{'geometric mean':24} {'':29} {mean:6.2f}")


def use_one_core():
    """The last one: the first serves interrupts."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def main():
    parser = model_parser(__doc__)
    parser.add_argument("--cpu", default="native")
    parser.add_argument("--rounds", default=7, type=int)
    parser.add_argument("--seconds", default=0.7, type=float)
    parser.add_argument("--keep", type=Path, help="keep the programs in this folder")
    args = parser.parse_args()
    use_one_core()

    print(f"{'model':24} {'dlc ms':>9} {'ort ms':>9} {'ov ms':>9} {'ratio':>6} {'process':>10} {'/run':>5}"
          f" {'compile':>8} {'peak':>8} {'program':>10} {'-weights':>8} {'arena':>9} {'rest':>8}"
          f" {'max error':>9}")
    sys.exit(measure_models(args, lambda path, folder: compare(path, args, folder), describe,
                            args.keep, summarise))


if __name__ == "__main__":
    main()
