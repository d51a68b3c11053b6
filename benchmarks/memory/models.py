#!/usr/bin/env python3
"""What programs made by dlc need, and what onnxruntime needs for the same models.

  models.py [--dlc build/bin/dlc] [--json FILE] MODEL.onnx|FOLDER ...

Of each program: weights, arena, the lower bound of the arena, what greedy by size would need in
the order of the model, and how much the process's peak resident memory exceeds weights + arena +
inputs + outputs. Of onnxruntime, in a process of its own, one thread: what its resident memory
grows by with the session (weights), and beyond that at most while it runs, after its arena was
shrunk (its arena, what it did not give back apart), and the peak of the process without what
Python and the library take. NAME.inputs.npz beside NAME.onnx
gives the inputs; without it every input is random and dynamic dimensions are 1.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import list_models, measured, model_inputs, program_arguments, shape_flags
from plan import greedy_by_size

PEER = """
import ctypes, json, sys
import numpy as np, onnxruntime as ort
sys.path.insert(0, sys.argv[2])
from common import model_inputs
from pathlib import Path
def status(key):
    with open('/proc/self/status') as f:
        return next(int(l.split()[1]) * 1024 for l in f if l.startswith(key + ':'))
options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.log_severity_level = 3
base = status('VmRSS')
session = ort.InferenceSession(sys.argv[1], options, providers=['CPUExecutionProvider'])
loaded = status('VmRSS')
inputs = model_inputs(Path(sys.argv[1]), session)
shrink = ort.RunOptions()
shrink.add_run_config_entry('memory.enable_memory_arena_shrinkage', 'cpu:0')
session.run(None, inputs, shrink)
ctypes.CDLL(None).malloc_trim(0)  # what start-up used and freed shall not hide the arena
with open('/proc/self/clear_refs', 'w') as f:
    f.write('5')  # the peak counts from here
before = status('VmRSS')
for _ in range(3):
    session.run(None, inputs)
peak = status('VmHWM')
print(json.dumps({'session': loaded - base, 'run': peak - before, 'peak': peak - base}))
"""


def measure(path, args, folder):
    import onnxruntime as ort  # only to make up inputs
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    inputs = model_inputs(path, ort.InferenceSession(str(path), options))
    program = folder / path.stem
    plan = folder / "plan.json"
    measured([args.dlc, path, "-o", program, f"--memory-report={plan}", *shape_flags(inputs)])
    report = json.loads(plan.read_text())
    text = subprocess.run([program, *program_arguments(inputs, folder), "--benchmark=0.2",
                           "--json", "--threads=1"], check=True, capture_output=True, text=True)
    program_figures = json.loads(text.stdout)
    tensors = sum(entry.get("bytes", 0)
                  for entry in program_figures["inputs"] + program_figures["outputs"])
    align = report["alignment"]
    rows = [(s["first"], s["last"] + 1, -(-s["size"] // align) * align, 0)
            for s in report["slots"] if s["size"]]
    peer = json.loads(subprocess.run(
        [sys.executable, "-c", PEER, path, Path(__file__).resolve().parents[1]],
        check=True, capture_output=True, text=True).stdout)
    program.unlink()
    return {"model": path.stem, "weights": report["weights_bytes"],
            "arena": report["arena_bytes"], "lower_bound": report["lower_bound_bytes"],
            "greedy": greedy_by_size(rows), "tensors": tensors,
            "peak": program_figures["peak_bytes"], **{f"peer_{k}": v for k, v in peer.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    root = Path(__file__).resolve().parents[2]
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--dlc", default=root / "build/bin/dlc", type=Path)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    mb = 1e6
    print(f"{'MB':24} {'weights':>8} {'arena':>8} {'/ bound':>8} {'greedy':>8} {'rest':>6} |"
          f" {'ort session':>11} {'ort run':>8} {'ort peak':>8} {'peak':>8}")
    results, failed = [], 0
    for path in list_models(args.models):
        with tempfile.TemporaryDirectory() as temporary:
            try:
                r = measure(path, args, Path(temporary))
            except Exception as error:  # one bad model must not hide the others
                failed += 1
                print(f"{path.stem:24} failed: {str(error).splitlines()[0][:150]}", flush=True)
                continue
        results.append(r)
        rest = r["peak"] - r["weights"] - r["arena"] - r["tensors"]
        ratio = r["arena"] / r["lower_bound"] if r["lower_bound"] else 1
        print(f"{r['model']:24} {r['weights'] / mb:8.1f} {r['arena'] / mb:8.2f} {ratio:8.4f}"
              f" {r['greedy'] / mb:8.2f} {rest / mb:6.1f} | {r['peer_session'] / mb:11.1f}"
              f" {r['peer_run'] / mb:8.1f} {r['peer_peak'] / mb:8.1f} {r['peak'] / mb:8.1f}",
              flush=True)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
