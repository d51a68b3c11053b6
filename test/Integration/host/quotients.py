# RUN: %python %s
# REQUIRES: onnxruntime
"""QuantizeLinear by constant scales, which is not computed by a division: the floats around all
borders of two steps, infinities and the largest and smallest numbers against the definition."""

import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from dlc_testing import Program

rng = np.random.default_rng(11)
scales = [1.0, 0.125, 1 / 3, 0.1, 255.0, np.nextafter(np.float32(2), np.float32(0)), np.nextafter(np.float32(1), np.float32(2)), 1e-30,
          1e30, 1e-39, *(2.0 ** rng.uniform(-12, 3, 24))]
kinds = [(np.uint8, TensorProto.UINT8, 131), (np.int8, TensorProto.INT8, -7), (np.uint8, TensorProto.UINT8, 0),
         (np.int16, TensorProto.INT16, 5)]

nodes, initializers, outputs, inputs, expected = [], [], [], {}, {}
for number, scale in enumerate(np.float32(scales)):
    kind, proto, zero = kinds[number % len(kinds)]
    info, x, y = np.iinfo(kind), f"x{number}", f"y{number}"
    steps = np.arange(info.min - zero - 2, info.max - zero + 3, 1 if info.bits == 8 else 97)
    with np.errstate(all="ignore"):
        borders = ((steps + 0.5) * float(scale)).astype(np.float32)
        lower, values = borders, [borders]
        upper = borders
        for _ in range(4):
            lower, upper = np.nextafter(lower, np.float32(-np.inf)), np.nextafter(upper, np.float32(np.inf))
            values += [lower, upper]
        extremes = np.float32([0.0, -0.0, np.inf, -np.inf, 3.4e38, -3.4e38, 1e-45, -1e-45, 1.2e-38])
        inputs[x] = np.concatenate([*values, extremes])
        ratio = inputs[x] / scale
    expected[y] = np.clip(np.round(ratio).astype(np.float64) + zero, info.min, info.max).astype(kind)
    initializers += [numpy_helper.from_array(np.float32(scale), f"s{number}"), numpy_helper.from_array(kind(zero), f"z{number}")]
    nodes.append(helper.make_node("QuantizeLinear", [x, f"s{number}", f"z{number}"], [y]))
    outputs.append(helper.make_tensor_value_info(y, proto, expected[y].shape))

graph = helper.make_graph(nodes, "quotients", [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape) for n, a in inputs.items()],
                          outputs, initializers)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
failed = 0
for flags in ([], ["--cpu=x86-64"]):
    with Program(model, *flags) as program:
        have = program.run(inputs)
    for name, want in expected.items():
        wrong = np.flatnonzero(have[name] != want)
        if wrong.size:
            failed += 1
            at, scale = wrong[0], np.float32(scales[int(name[1:])])
            print(f"{flags}: by {scale!r}: {wrong.size} of {want.size} are wrong, {inputs['x' + name[1:]][at]!r} becomes "
                  f"{have[name][at]}, not {want[at]}")

# Bytes plus 127.5 steps lie on borders of two steps: the product, the sum and the quotient are rounded.
step = np.float32(2 / 255)
graph = helper.make_graph(
    [helper.make_node("DequantizeLinear", ["x", "s", "p"], ["d"]), helper.make_node("Add", ["d", "one"], ["e"]),
     helper.make_node("QuantizeLinear", ["e", "s", "q"], ["y"])], "border",
    [helper.make_tensor_value_info("x", TensorProto.UINT8, [256])], [helper.make_tensor_value_info("y", TensorProto.UINT8, [256])],
    [numpy_helper.from_array(np.array(a), n) for n, a in (("s", step), ("one", np.float32(1)), ("p", np.uint8(128)), ("q", np.uint8(0)))])
x = np.arange(256, dtype=np.uint8)
want = np.clip(np.rint(((x.astype(np.float32) - np.float32(128)) * step + np.float32(1)) / step), 0, 255).astype(np.uint8)
with Program(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)) as program:
    wrong = np.sum(program.run({"x": x})["y"] != want)
if wrong:
    failed += 1
    print(f"borders of steps: {wrong} of 256 are wrong")
sys.exit(failed > 0)
