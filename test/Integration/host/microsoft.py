# RUN: %python %s
# REQUIRES: onnxruntime
"""Quantised operators of com.microsoft, against onnxruntime. With scales that are powers of two all numbers before
rounding are exact, and many lie in the middle between two steps: what they are rounded to has to be the same. With other
scales one step is allowed where the number is on that border."""

import sys

import numpy as np
from onnx import helper, numpy_helper

from dlc_testing import Program, reference

rng = np.random.default_rng(5)


def kind(array):
    return helper.np_dtype_to_tensor_dtype(np.asarray(array).dtype)


def cases():
    for dtype in (np.uint8, np.int8):
        draw = lambda *shape: rng.integers(0, 256, shape).astype(np.uint8).view(dtype)
        for exact in (True, False):
            scale = lambda: np.float32(2.0 ** -rng.integers(2, 6) if exact else rng.uniform(0.01, 0.2))
            odd = lambda: np.asarray(2 * rng.integers(-20, 20) + 1 + (128 if dtype == np.uint8 else 0), dtype)
            x, last = (lambda *shape: (draw(*shape), scale(), odd())), lambda: (scale() * np.float32(4), odd())
            for op in ("QLinearAdd", "QLinearMul"):
                yield op, exact, (*x(3, 333), *x(3, 333), *last()), (0, 3), {}
                yield op, exact, (*x(3, 333), *x(1), *last()), (0, 3), {}
                yield op, exact, (*x(), *x(7, 5), *last()), (0, 3), {}
                yield op, exact, (*x(5, 1, 17), *x(4, 1), *last()), (0, 3), {}
            window = {"kernel_shape": [2, 2], "strides": [2, 1], "pads": [0, 1, 1, 0]}
            yield "QLinearAveragePool", exact, (*x(2, 3, 9, 8), *last()), (0,), window
            yield "QLinearAveragePool", exact, (*x(2, 3, 9, 8), *last()), (0,), {**window, "count_include_pad": 1}
            yield "QLinearGlobalAveragePool", exact, (*x(2, 5, 8, 4), *last()), (0,), {}
            yield "QLinearLeakyRelu", exact, (*x(3, 256), *last()), (0,), {"alpha": 0.25}
            yield "QLinearConcat", exact, (*last(), *x(2, 3), *x(2, 130)), (2, 5), {"axis": 1}
            yield "QLinearWhere", exact, (rng.random((3, 99)) < 0.5, *x(3, 99), *x(3, 99), *last()), (1, 0, 4), {}
            small = np.float32(1 / 256), np.asarray(0 if dtype == np.uint8 else -128, dtype)
            yield "QLinearSigmoid", False, (*x(3, 256), *small), (0,), {}
            yield "QLinearSoftmax", False, (draw(3, 50), np.float32(0.05), odd(), *small), (0,), {"axis": -1, "opset": 17}
            # a sum that is right in the middle, everywhere
            half = np.float32(0.5)
            yield "QLinearAdd", True, (draw(256), half, odd(), draw(256), half, odd(), np.float32(1), odd()), (0, 3), {}
            yield "QLinearMul", True, (draw(256), half, odd(), draw(256), half, odd(), np.float32(16), odd()), (0, 3), {}


all_cases, nodes, constants, given, outputs = list(cases()), [], [], {}, []
for number, (op, exact, arrays, inputs, attributes) in enumerate(all_cases):
    names = [f"x{number}_{i}" for i in range(len(arrays))]
    given.update({names[i]: np.asarray(arrays[i]) for i in inputs})
    constants += [numpy_helper.from_array(np.asarray(array), name) for name, array in zip(names, arrays) if name not in given]
    nodes.append(helper.make_node(op, names, [f"y{number}"], domain="com.microsoft", **attributes))
    outputs.append(helper.make_tensor_value_info(f"y{number}", kind(arrays[inputs[0]]), None))
graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info(n, kind(a), a.shape) for n, a in given.items()], outputs, constants)
opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
expected = reference(model, given, optimized=False)
with Program(model, *sys.argv[1:]) as program:
    got = program.run(given)
failed = 0
for number, (op, exact, arrays, inputs, attributes) in enumerate(all_cases):
    mine, right = got[f"y{number}"], expected[f"y{number}"]
    if mine.dtype != right.dtype or mine.shape != right.shape:
        problem = f"is {mine.dtype}{list(mine.shape)} instead of {right.dtype}{list(right.shape)}"
    else:
        off = np.abs(mine.astype(np.int32) - right.astype(np.int32))
        bad = off.max() > (0 if exact else 1) or np.count_nonzero(off) > 0.02 * off.size + 1
        problem = f"{np.count_nonzero(off)} of {off.size} differ, by {off.max()} at most" if bad else ""
    if problem:
        failed += 1
        print(f"{op}, {'exact' if exact else 'any scales'}, {[(np.asarray(a).dtype.name, np.asarray(a).shape) for a in arrays]}: {problem}")
sys.exit(1 if failed else 0)
