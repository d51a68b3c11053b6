# RUN: %python %s
# REQUIRES: onnxruntime
"""com.microsoft.DynamicQuantizeLSTM in both directions, signed and unsigned weights, by tensor and by
column, against onnxruntime. That one quantises the hidden state in each step, too: the results are no
farther apart than a few steps of that. (Signed weights have 7 bits: onnxruntime saturates sums of two
products without VNNI.)"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dlc_testing import Program, reference

rng = np.random.default_rng(11)
STEPS, BATCH, WIDTH, HIDDEN = 6, 2, 5, 8


def quantized(shape, dtype, by_column):
    """Bytes, scales, zero points."""
    least, most = (-64, 63) if dtype == np.int8 else (0, 255)
    count = (shape[0], shape[2]) if by_column else (shape[0],)
    zero = np.zeros(count, dtype) if dtype == np.int8 else rng.integers(120, 136, count).astype(dtype)
    scale = rng.uniform(1, 4, count) / (most - least)
    return rng.integers(least, most + 1, shape).astype(dtype), scale.astype(np.float32), zero


for dtype, by_column in ((np.int8, True), (np.uint8, False)):
    w, r = (quantized((2, k, 4 * HIDDEN), dtype, by_column) for k in (WIDTH, HIDDEN))
    constants = {"w": w[0], "r": r[0], "b": rng.normal(0, 0.2, (2, 8 * HIDDEN)).astype(np.float32),
                 "ws": w[1], "wz": w[2], "rs": r[1], "rz": r[2]}
    node = helper.make_node("DynamicQuantizeLSTM", ["x", "w", "r", "b", "", "", "", "", "ws", "wz", "rs", "rz"],
                            ["y", "", "c"], domain="com.microsoft", hidden_size=HIDDEN, direction="bidirectional")
    graph = helper.make_graph(
        [node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, (STEPS, BATCH, WIDTH))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (STEPS, 2, BATCH, HIDDEN)),
         helper.make_tensor_value_info("c", TensorProto.FLOAT, (2, BATCH, HIDDEN))],
        [numpy_helper.from_array(array, name) for name, array in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
                              ir_version=8)
    inputs = {"x": rng.normal(0, 1, (STEPS, BATCH, WIDTH)).astype(np.float32)}
    want = reference(model, inputs)
    with Program(model) as program:
        got = program.run(inputs)
    for name in want:
        error = np.abs(got[name] - want[name])
        print(dtype.__name__, name, "max", error.max(), "mean", error.mean(), "of", np.abs(want[name]).max())
        assert got[name].shape == want[name].shape and error.max() < 0.03 * np.abs(want[name]).max(), name
