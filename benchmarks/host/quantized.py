#!/usr/bin/env python3
"""Compares quantised models with onnxruntime and OpenVINO, one thread each.

  quantized.py [--dlc build/bin/dlc] [--cpu NAME] [--rounds N] [--seconds S] [--only TEXT,…]
               [--full-range yes|no] [--cache DIR] [--json FILE] MODEL.onnx|FOLDER ...

Each model, of floats, is quantised by onnxruntime's tools as QDQ pairs and as QOperators,
statically with unsigned activations and weights by tensor, and with signed ones by channel,
and dynamically; --only chooses those kinds whose names hold one of the texts. Weights take the
whole range of 8 bits where the CPU has VNNI, and 7 bits elsewhere, as onnxruntime advises (its
products saturate there). The models are calibrated with the inputs of compare.py and
permutations of them; --cache keeps them in a folder for the next time. All sides run in turns
on the same core as in compare.py; the ratio is to the faster peer. OpenVINO takes no
QOperators. *error*: the mean difference from onnxruntime's f32 outputs over the largest of
these; ours must not be more than 1.5 times onnxruntime's own (sums that lie on the border of
two steps differ).
"""
import argparse
import logging
import statistics
import sys
from pathlib import Path

import numpy as np

from compare import benchmark, median_ms, openvino, openvino_request, peer_session, use_one_core
from precision import errors

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import file_name, measure_models, measured, model_inputs, model_parser, program_arguments, shape_flags

KINDS = ("qdq-ui8", "qdq-i8-channel", "qop-ui8", "qop-i8-channel", "dynamic")


def has_vnni():
    with open("/proc/cpuinfo") as file:
        return any("vnni" in line for line in file if line.startswith("flags"))


def quantise(source, inputs, kind, target, full_range):
    # Here, because it takes a second to load.
    from onnxruntime.quantization import (CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic,
                                          quantize_static)
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Samples(CalibrationDataReader):
        """The inputs, and permutations of their numbers."""

        def __init__(self):
            rng = np.random.default_rng(5)
            self.batches = iter([inputs] + [{n: rng.permuted(a, axis=-1) for n, a in inputs.items()} for _ in range(2)])

        def get_next(self):
            return next(self.batches, None)

    logging.disable(logging.WARNING)  # the quantisers' advice
    prepared = target.parent / f"{source.stem}.prepared.onnx"
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    if kind == "dynamic":
        quantize_dynamic(str(prepared), str(target), weight_type=QuantType.QInt8, reduce_range=not full_range)
    else:
        by_channel = kind.endswith("channel")
        quantize_static(str(prepared), str(target), Samples(),
                        quant_format=QuantFormat.QDQ if kind.startswith("qdq") else QuantFormat.QOperator,
                        activation_type=QuantType.QInt8 if by_channel else QuantType.QUInt8,
                        weight_type=QuantType.QInt8, per_channel=by_channel,
                        reduce_range=not full_range and not by_channel)
    prepared.unlink()


def compare(path, kind, args, folder):
    full_range = args.full_range == "yes" or (args.full_range == "auto" and has_vnni())
    floats = peer_session(path)
    names = [output.name for output in floats.get_outputs()]
    inputs = model_inputs(path, floats)
    wanted = floats.run(None, inputs)
    del floats
    cache = args.cache or folder
    cache.mkdir(parents=True, exist_ok=True)
    model = cache / f"{path.stem}.{kind}{'' if full_range else '-7bit'}.onnx"
    if not model.exists():
        quantise(path, inputs, kind, model, full_range)

    arrays = program_arguments(inputs, folder)
    program, outputs = folder / "program", folder / "out"
    outputs.mkdir(exist_ok=True)
    measured([args.dlc, model, "-o", program, f"--cpu={args.cpu}", *shape_flags(inputs)])
    measured([program, *arrays, "-o", outputs])
    result = {"model": path.stem, "kind": kind, "full_range": full_range}
    result["dlc_error"] = errors([np.load(outputs / (file_name(n) + ".npy")) for n in names], wanted)[1]
    session = peer_session(model)
    runs = {"onnxruntime": lambda: session.run(names, inputs)}
    result["onnxruntime_error"] = errors(session.run(names, inputs), wanted)[1]
    # sums of a few numbers may be right by accident: hence the addition
    if not result["dlc_error"] <= 1.5 * result["onnxruntime_error"] + 1e-4:
        raise RuntimeError(f"the outputs are wrong: off by {result['dlc_error']:.2g} in the mean, "
                           f"onnxruntime's by {result['onnxruntime_error']:.2g}")
    if openvino:
        try:
            request = openvino_request(model, inputs, None)
            request.infer(inputs)
            have = [np.asarray(request.get_output_tensor(i).data) for i in range(len(names))]
            result["openvino_error"] = errors(have, wanted)[1]
            runs["openvino"] = lambda: request.infer(inputs)
        except Exception as error:  # it does not take every model
            result["openvino_says"] = str(error).strip().splitlines()[-1]
    times = {name: [] for name in ("dlc", *runs)}
    for run in runs.values():
        median_ms(run, 0)
    for _ in range(args.rounds):
        said = benchmark(program, arrays, args.seconds)
        times["dlc"].append(said["median_ms"])
        for name, run in runs.items():
            times[name].append(median_ms(run, args.seconds))
    result.update((f"{name}_ms", statistics.median(own)) for name, own in times.items())
    result["ratio"] = result["dlc_ms"] / min(result[f"{name}_ms"] for name in runs)
    result.update((key, said[key]) for key in ("weights_bytes", "arena_bytes"))
    return result


def describe(r):
    def optional(key, text):
        return format(r[key], text) if key in r else format("-", ">" + text.lstrip(".").split(".")[0])

    return (f"{r['kind']:15} {r['dlc_ms']:9.3f} {r['onnxruntime_ms']:9.3f} {optional('openvino_ms', '9.3f')}"
            f" {r['ratio']:6.2f} {r['dlc_error']:9.1e} {r['onnxruntime_error']:9.1e}"
            f" {optional('openvino_error', '9.1e')} {r['weights_bytes'] / 1e6:8.1f} {r['arena_bytes'] / 1e6:6.2f}")


def main():
    parser = model_parser(__doc__)
    parser.add_argument("--cpu", default="native")
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--seconds", default=0.4, type=float)
    parser.add_argument("--only", default="", help="parts of the names of kinds: " + ", ".join(KINDS))
    parser.add_argument("--full-range", default="auto", choices=("auto", "yes", "no"), help="weights of 8 bits, not 7")
    parser.add_argument("--cache", type=Path, help="keep the quantised models in this folder")
    args = parser.parse_args()
    use_one_core()
    print(f"{'model':24} {'quantised':15} {'dlc ms':>9} {'ort ms':>9} {'ov ms':>9} {'ratio':>6} {'error':>9} {'ort':>9}"
          f" {'ov':>9} {'weights':>8} {'arena':>6} MB")
    results, status, json_path = [], 0, args.json
    args.json = None
    for kind in KINDS:
        if not any(text in kind for text in args.only.split(",")):
            continue
        one = argparse.Namespace(**vars(args))
        status |= measure_models(one, lambda path, folder: compare(path, kind, args, folder), describe,
                                 summarise=results.extend)
    if results:
        print(f"{'geometric mean':40} {'':29} {statistics.geometric_mean(r['ratio'] for r in results):6.2f}")
    if json_path:
        import json
        json_path.write_text(json.dumps(results, indent=1) + "\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
