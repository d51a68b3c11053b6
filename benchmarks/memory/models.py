#!/usr/bin/env python3
"""What programs made by dlc need, and what onnxruntime needs for the same models.

  models.py [--dlc build/bin/dlc] [--json FILE] MODEL.onnx|FOLDER ...

Of each program: weights, arena, the lower bound of the arena, what greedy by size would need in
the order of the model, and how much the process's peak resident memory exceeds weights + arena +
inputs + outputs. Of onnxruntime, one thread: how large its arena gets, by its own log, without
weights; and, in another process, by how much its resident memory grows at most over what Python and
the library take. NAME.inputs.npz beside NAME.onnx gives the inputs; without it every input is
random and dynamic dimensions are 1.
"""
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import measure_models, measured, model_inputs, model_parser, program_arguments, shape_flags
from plan import greedy_by_size

PEER = """
import json, os, re, sys, tempfile
from pathlib import Path
import numpy as np, onnxruntime as ort
sys.path.insert(0, sys.argv[2])
from common import model_inputs
def status(key):
    with open('/proc/self/status') as f:
        return next(int(l.split()[1]) * 1024 for l in f if l.startswith(key + ':'))
def run():
    session = ort.InferenceSession(sys.argv[1], options, providers=['CPUExecutionProvider'])
    inputs = model_inputs(Path(sys.argv[1]), session)
    for _ in range(3):
        session.run(None, inputs)
options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
if sys.argv[3] == 'peak':
    options.log_severity_level = 3
    base = status('VmRSS')
    run()
    result = status('VmHWM') - base
else:
    options.log_severity_level = 0
    ort.set_default_logger_severity(0)
    options.add_session_config_entry('session.use_device_allocator_for_initializers', '1')
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        run()
        log.seek(0)
        sizes = re.findall(rb'Total allocated bytes: (\\d+)', log.read())
    result = int(sizes[-1]) if sizes else 0
print(json.dumps(result))
"""


def peer_figure(path, what):
    return json.loads(subprocess.run(
        [sys.executable, "-c", PEER, path, Path(__file__).resolve().parents[1], what],
        check=True, capture_output=True, text=True).stdout)


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
    program.unlink()
    return {"model": path.stem, "weights": report["weights_bytes"],
            "arena": report["arena_bytes"], "lower_bound": report["lower_bound_bytes"],
            "greedy": greedy_by_size(rows), "tensors": tensors,
            "peak": program_figures["peak_bytes"],
            "peer_arena": peer_figure(path, "arena"), "peer_peak": peer_figure(path, "peak")}


def describe(r):
    mb = 1e6
    rest = r["peak"] - r["weights"] - r["arena"] - r["tensors"]
    ratio = r["arena"] / r["lower_bound"] if r["lower_bound"] else 1
    return (f"{r['weights'] / mb:8.1f} {r['arena'] / mb:8.2f} {ratio:8.4f} {r['greedy'] / mb:8.2f}"
            f" {rest / mb:6.1f} {r['peak'] / mb:8.1f} | {r['peer_arena'] / mb:9.2f}"
            f" {r['peer_peak'] / mb:8.1f}")


def main():
    args = model_parser(__doc__).parse_args()
    print(f"{'MB':24} {'weights':>8} {'arena':>8} {'/ bound':>8} {'greedy':>8} {'rest':>6}"
          f" {'peak':>8} | {'ort arena':>9} {'ort peak':>8}")
    sys.exit(measure_models(args, lambda path, folder: measure(path, args, folder), describe))


if __name__ == "__main__":
    main()
