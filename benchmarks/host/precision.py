#!/usr/bin/env python3
"""Compares programs whose products have operands of 16 bits with f32 and with OpenVINO, one thread each.

  precision.py [--dlc build/bin/dlc] [--cpu NAME] [--precision bf16|f16] [--rounds N]
               [--seconds S] [--json FILE] MODEL.onnx|FOLDER ...

OpenVINO computes as it does by default: in bf16 where the CPU has instructions for that,
in f32 elsewhere. All run in turns on the same core as in compare.py; the ratio is to
OpenVINO, the last line has the geometric mean. *error*: what outputs differ from
onnxruntime's in f32, at most and in the mean, over the largest of these; the worst output counts.
Inputs are those of compare.py.
"""
import statistics
import sys
from pathlib import Path

import numpy as np

from compare import benchmark, median_ms, openvino_request, peer_session, use_one_core

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from common import file_name, measure_models, measured, model_inputs, model_parser, program_arguments, shape_flags

# Beyond this mean error the outputs have nothing to do with each other.
MOST = 0.1


def errors(have, wanted):
    """The largest and the mean difference of the worst output."""
    worst, mean = 0.0, 0.0
    for got, want in zip(have, wanted, strict=True):
        if not want.size:
            continue
        off = np.abs(got.astype(np.float64) - want)
        scale = max(float(np.max(np.abs(want))), 1e-30)
        worst, mean = max(worst, float(off.max()) / scale), max(mean, float(off.mean()) / scale)
    return worst, mean


def compare(path, args, folder):
    session = peer_session(path)
    names = [output.name for output in session.get_outputs()]
    inputs = model_inputs(path, session)
    wanted = session.run(None, inputs)
    arrays = program_arguments(inputs, folder)
    result, ours = {"model": path.stem}, {"f32": [], args.precision: []}
    for precision in ours:
        program, outputs = folder / precision, folder / f"out-{precision}"
        outputs.mkdir(exist_ok=True)
        measured([args.dlc, path, "-o", program, f"--cpu={args.cpu}", f"--precision={precision}", *shape_flags(inputs)])
        measured([program, *arrays, "-o", outputs])
        result[precision] = {"error": errors([np.load(outputs / (file_name(n) + ".npy")) for n in names], wanted)}
    if not result[args.precision]["error"][1] <= MOST:
        raise RuntimeError(f"the outputs are wrong: {result[args.precision]['error']}")

    request = openvino_request(path, inputs, None)
    request.infer(inputs)
    peer = [np.asarray(request.get_output_tensor(i).data) for i in range(len(names))]
    times = []
    for _ in range(args.rounds):
        for precision, own in ours.items():
            said = benchmark(folder / precision, arrays, args.seconds)
            own.append(said["median_ms"])
            result[precision].update((key, said[key]) for key in ("weights_bytes", "arena_bytes"))
        times.append(median_ms(lambda: request.infer(inputs), args.seconds))
    for precision, own in ours.items():
        result[precision]["ms"] = statistics.median(own)
    result["openvino"] = {"ms": statistics.median(times), "error": errors(peer, wanted)}
    result["ratio"] = result[args.precision]["ms"] / result["openvino"]["ms"]
    result["precision"] = args.precision
    return result


def describe(r):
    own, single, peer = r[r["precision"]], r["f32"], r["openvino"]
    return (f"{own['ms']:9.3f} {single['ms']:9.3f} {peer['ms']:9.3f} {r['ratio']:6.2f}"
            f" {own['error'][0]:8.1e} {own['error'][1]:8.1e} {peer['error'][0]:8.1e} {peer['error'][1]:8.1e}"
            f" {own['weights_bytes'] / 1e6:7.1f} {single['weights_bytes'] / 1e6:7.1f}"
            f" {own['arena_bytes'] / 1e6:6.2f} {single['arena_bytes'] / 1e6:6.2f}")


def summarise(results):
    if results:
        print(f"{'geometric mean':24} {'':29} {statistics.geometric_mean(r['ratio'] for r in results):6.2f}")


def main():
    parser = model_parser(__doc__)
    parser.add_argument("--cpu", default="native")
    parser.add_argument("--precision", default="bf16", choices=("bf16", "f16"))
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--seconds", default=0.5, type=float)
    args = parser.parse_args()
    use_one_core()
    print(f"{'model':24} {args.precision + ' ms':>9} {'f32 ms':>9} {'ov ms':>9} {'ratio':>6} {'max err':>8} {'mean':>8}"
          f" {'ov max':>8} {'mean':>8} {'weights':>7} {'f32':>7} {'arena':>6} {'f32':>6} MB")
    sys.exit(measure_models(args, lambda path, folder: compare(path, args, folder), describe, summarise=summarise))


if __name__ == "__main__":
    main()
