# RUN: %python %s resnet50 minilm_l6
# REQUIRES: zoo, onnxruntime, full
"""Trained models, quantised by onnxruntime's own tools, against onnxruntime:
quantized_zoo.py resnet50 minilm_l6. The models are looked for in DLC_ZOO, and calibrated
with numbers like those that the saved inputs hold.

Sums of integers are exact, but a float between two of them (a normalisation, a rescaled
sum on the border of two steps) is not, and a step in an early layer becomes many in
the last one: onnxruntime's own results with and without its optimisations of the graph
differ by up to half of what quantisation costs. quantized.py holds single layers to equality."""

import logging
import os
import sys
import tempfile

import numpy as np
import onnx
from onnxruntime.quantization import (CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic,
                                      quantize_static)
from onnxruntime.quantization.shape_inference import quant_pre_process

from dlc_testing import Program, reference

logging.disable(logging.WARNING)  # the quantisers' advice

ZOO = os.environ["DLC_ZOO"]


class Samples(CalibrationDataReader):
    """The saved input, and permutations of its numbers."""

    def __init__(self, inputs, count=3):
        rng = np.random.default_rng(5)
        variants = [dict(inputs)]
        for _ in range(count - 1):
            variants.append({n: rng.permuted(a, axis=-1) for n, a in inputs.items()})
        self.batches = iter(variants)

    def get_next(self):
        return next(self.batches, None)


def variants(source, inputs, folder):
    prepared, target = os.path.join(folder, "prepared.onnx"), os.path.join(folder, "quantised.onnx")
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    for style in (QuantFormat.QDQ, QuantFormat.QOperator):
        for activations, by_channel in ((QuantType.QUInt8, False), (QuantType.QInt8, True)):
            quantize_static(prepared, target, Samples(inputs), quant_format=style, activation_type=activations,
                            weight_type=QuantType.QInt8, per_channel=by_channel,
                            # onnxruntime's products of ui8 and i8 saturate on CPUs without VNNI
                            reduce_range=activations == QuantType.QUInt8)
            yield f"{style.name} {activations.name}{' by channel' * by_channel}", target
    quantize_dynamic(prepared, target, weight_type=QuantType.QInt8, reduce_range=True)
    yield "dynamic", target


def main():
    bad = 0
    flags = [a for a in sys.argv[1:] if a.startswith("--")]
    for name in (a for a in sys.argv[1:] if not a.startswith("--")):
        source = os.path.join(ZOO, name + ".onnx")
        inputs = dict(np.load(os.path.join(ZOO, name + ".inputs.npz")))
        plain = reference(source, inputs)
        with tempfile.TemporaryDirectory() as folder:
            for kind, path in variants(source, inputs, folder):
                expected = reference(path, inputs, optimized="QDQ" not in kind)
                with Program(path, *flags) as program:
                    got = program.run(inputs, outputs=list(expected))
                for output, wanted in expected.items():
                    off = np.abs(got[output] - wanted)
                    noise = np.abs(wanted - plain[output])
                    good = off.mean() <= 0.6 * noise.mean() and off.max() <= noise.max()
                    bad += not good
                    print(f"{name}, {kind}: {output} is off onnxruntime's by {off.mean():.2g} (at most {off.max():.2g}, "
                          f"{np.mean(off == 0):.1%} equal); quantisation costs {noise.mean():.2g} (at most "
                          f"{noise.max():.2g}){'' if good else '  FAILED'}", flush=True)
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
