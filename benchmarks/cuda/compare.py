#!/usr/bin/env python3
"""Compares programs made by dlc with torch and onnxruntime on a GPU.

  compare.py [--dlc build/bin/dlc] [--precision f32|tf32|f16|bf16] [--seconds S]
             [--json FILE] MODEL.onnx|FOLDER ...

Each model is compiled for the GPU that is there, its outputs are checked against
onnxruntime's on the CPU, and the latency of one inference with inputs and outputs in
GPU memory is measured by events: of dlc's CUDA graph, of onnxruntime with its CUDA
provider (io binding), and of torch, eager and compiled (by way of onnx2torch). Peers
that are not installed are left out. Without a GPU it says so and ends.
"""
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import onnxruntime as ort

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import (check, measure_models, measured, model_inputs, model_parser, program_arguments,
                    shape_flags)


def median_ms(run, seconds):
    """Of a function that returns milliseconds, after a warm-up."""
    for _ in range(5):
        run()
    times, start = [], time.perf_counter()
    while len(times) < 10 or time.perf_counter() - start < seconds:
        times.append(run())
    return statistics.median(times)


def onnxruntime_ms(path, inputs, seconds):
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        return None
    session = ort.InferenceSession(str(path), providers=["CUDAExecutionProvider"])
    binding = session.io_binding()
    for name, array in inputs.items():
        binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array, "cuda", 0))
    for output in session.get_outputs():
        binding.bind_output(output.name, "cuda")

    def run():
        binding.synchronize_inputs()
        begin = time.perf_counter()
        session.run_with_iobinding(binding)
        binding.synchronize_outputs()
        return (time.perf_counter() - begin) * 1e3

    return median_ms(run, seconds)


def torch_ms(path, inputs, seconds, precision):
    """Milliseconds of eager and compiled torch."""
    try:
        import onnx2torch
        import torch
    except ImportError:
        return {}
    if not torch.cuda.is_available():
        return {}
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision != "f32"
    torch.backends.cudnn.benchmark = True
    model = onnx2torch.convert(str(path)).eval().cuda()
    tensors = [torch.from_numpy(array).cuda() for array in inputs.values()]
    dtype = {"f16": torch.float16, "bf16": torch.bfloat16}.get(precision)
    first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    times = {}
    for name, function in (("torch", model), ("torch compiled", torch.compile(model, mode="max-autotune"))):
        def run(function=function):
            with torch.inference_mode(), torch.autocast("cuda", dtype=dtype, enabled=dtype is not None):
                first.record()
                function(*tensors)
                last.record()
            last.synchronize()
            return first.elapsed_time(last)
        times[name] = median_ms(run, seconds)
    return times


def compare(path, args, folder):
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = model_inputs(path, session)
    program = folder / path.stem
    compile_s, *_ = measured([args.dlc, path, "-o", program, "--target=cuda", "--arch=native",
                             f"--precision={args.precision}", *shape_flags(inputs)])
    arrays = program_arguments(inputs, folder)
    outputs = folder / "out"
    measured([program, *arrays, "-o", outputs])
    error = check(outputs, session, session.run(None, inputs)) if args.precision == "f32" else None
    text = subprocess.run([program, *arrays, f"--benchmark={args.seconds}", "--json"], check=True,
                          capture_output=True, text=True).stdout
    report = json.loads(text)
    times = {"dlc": report["device_median_ms"], "dlc with copies": report["median_ms"]}
    peer = onnxruntime_ms(path, inputs, args.seconds)
    if peer is not None:
        times["onnxruntime"] = peer
    times.update(torch_ms(path, inputs, args.seconds, args.precision))
    return {"model": path.stem, "device": report["device"], "error": error, "compile_s": compile_s,
            "device_bytes": report["device_bytes"], "device_taken_bytes": report["device_taken_bytes"],
            "median_ms": times}


def describe(result):
    columns = ", ".join(f"{name} {ms:.3f} ms" for name, ms in result["median_ms"].items())
    return f"{columns}; {result['device_taken_bytes'] / 1e6:.1f} MB on {result['device']}"


def main():
    parser = model_parser(__doc__)
    parser.add_argument("--precision", default="f32", choices=["f32", "tf32", "f16", "bf16"])
    parser.add_argument("--seconds", default=2, type=float)
    args = parser.parse_args()
    sys.exit(measure_models(args, lambda path, folder: compare(path, args, folder), describe))


if __name__ == "__main__":
    main()
