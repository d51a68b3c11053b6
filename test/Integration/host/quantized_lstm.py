# RUN: %python %s
# REQUIRES: onnxruntime
"""com.microsoft.DynamicQuantizeLSTM in both directions, signed and unsigned weights, by tensor and by
column, of static and of bounded dimensions, against onnxruntime. (Signed weights have 7 bits:
onnxruntime saturates sums of two products without VNNI.) With --target=cuda for a GPU."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dlc_testing import Program, reference

rng = np.random.default_rng(11)
FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
WIDTH, HIDDEN = 5, 8


def quantized(shape, dtype, by_column):
    """Bytes, scales, zero points."""
    least, most = (-64, 63) if dtype == np.int8 else (0, 255)
    count = (shape[0], shape[2]) if by_column else (shape[0],)
    zero = np.zeros(count, dtype) if dtype == np.int8 else rng.integers(120, 136, count).astype(dtype)
    scale = rng.uniform(1, 4, count) / (most - least)
    return rng.integers(least, most + 1, shape).astype(dtype), scale.astype(np.float32), zero


def make_model(dtype, by_column, direction, steps, batch):
    ways = 2 if direction == "bidirectional" else 1
    w, r = (quantized((ways, k, 4 * HIDDEN), dtype, by_column) for k in (WIDTH, HIDDEN))
    constants = {"w": w[0], "r": r[0], "b": rng.normal(0, 0.2, (ways, 8 * HIDDEN)).astype(np.float32),
                 "ws": w[1], "wz": w[2], "rs": r[1], "rz": r[2]}
    node = helper.make_node("DynamicQuantizeLSTM", ["x", "w", "r", "b", "", "h", "", "", "ws", "wz", "rs", "rz"],
                            ["y", "", "c"], domain="com.microsoft", hidden_size=HIDDEN, direction=direction)
    def value(name, *shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(
        [node], "g", [value("x", steps, batch, WIDTH), value("h", ways, batch, HIDDEN)],
        [value("y", steps, ways, batch, HIDDEN), value("c", ways, batch, HIDDEN)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
                             ir_version=8)


def check(name, model, sizes, *flags):
    ways = model.graph.input[1].type.tensor_type.shape.dim[0].dim_value
    with Program(model, *FLAGS, *flags) as program:
        for steps, batch in sizes:
            inputs = {"x": rng.normal(0, 1, (steps, batch, WIDTH)).astype(np.float32),
                      "h": rng.uniform(-1, 1, (ways, batch, HIDDEN)).astype(np.float32)}
            got = program.run(inputs)
            for output, want in reference(model, inputs).items():
                # Where the hidden state falls to the other side of a step, what follows is off by a few.
                error = np.abs(got[output] - want) / np.abs(want).max()
                print(name, (steps, batch), output, "max", error.max(), "off", np.mean(error > 1e-4))
                assert got[output].shape == want.shape and error.max() < 0.03 and np.mean(error > 1e-4) < 0.1, output


for dtype, by_column in ((np.int8, True), (np.uint8, False)):
    for direction in ("forward", "bidirectional"):
        name = f"{dtype.__name__} {direction}"
        check(name, make_model(dtype, by_column, direction, 6, 2), [(6, 2)])
        # A step or two are laid out.
        check(name, make_model(dtype, by_column, direction, 2, 1), [(2, 1)])
        check(name + " bounded", make_model(dtype, by_column, direction, "s", "b"), [(6, 3), (5, 1), (1, 2)],
              "--max-dim=s=6", "--max-dim=b=3")
