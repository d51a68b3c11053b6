# RUN: %python %s
# REQUIRES: onnxruntime
"""Products of unsigned bytes and constant signed ones where sums of 16 bits just hold them,
and where they do not: as exact as any. Also what quantisation makes of numbers out of
range, of NaN and of zeros with a sign."""

import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from dlc_testing import Program

rng = np.random.default_rng(11)


def weights(pattern, rows, columns):
    """Rows of `pattern`, over and over; every other column has the signs turned."""
    column = np.resize(np.array(pattern, np.int64), rows)
    signs = np.where(np.arange(columns) % 2, -1, 1)
    return np.clip(column[:, None] * signs, -128, 127).astype(np.int8)


CASES = {}
for columns in (1, 3, 5, 24, 40):
    for name, pattern in (("four", [16]), ("four_alone", [128, 0, -128, 0] + [0] * 12), ("two", [32]), ("one", [64]),
                          ("split", [127, 1, -128, 0]), ("too_large", [65, 64]), ("largest", [127])):
        CASES[f"{name}_{columns}"] = weights(pattern, 64, columns)
CASES["random"] = rng.integers(-64, 65, (64, 33)).astype(np.int8)
CASES["odd"] = weights([16], 60, 16)  # no multiple of four groups
CASES["no_groups"] = weights([16], 62, 16)


def product():
    nodes, initializers, outputs, expected, inputs = [], [], [], {}, {}
    for rows in {w.shape[0] for w in CASES.values()}:
        for fill in ("full", "random"):
            a = np.full((7, rows), 255, np.uint8) if fill == "full" else rng.integers(0, 256, (7, rows)).astype(np.uint8)
            inputs[f"{fill}_{rows}"] = a
    for name, w in CASES.items():
        initializers.append(numpy_helper.from_array(w, f"w_{name}"))
        for fill in ("full", "random"):
            out, a = f"{name}_{fill}", f"{fill}_{w.shape[0]}"
            nodes.append(helper.make_node("MatMulInteger", [a, f"w_{name}"], [out]))
            outputs.append(helper.make_tensor_value_info(out, TensorProto.INT32, [7, w.shape[1]]))
            expected[out] = inputs[a].astype(np.int64) @ w.astype(np.int64)
    values = [helper.make_tensor_value_info(n, TensorProto.UINT8, a.shape) for n, a in inputs.items()]
    graph = helper.make_graph(nodes, "g", values, outputs, initializers)
    return graph, inputs, expected


def quantisation():
    x = np.array([-1e30, -300.6, -128.5, -1.5, -0.4, -0.0, 0.0, 0.5, 1.5, 126.5, 127.5, 254.5, 255.5, 1e30, -np.inf, np.inf],
                 np.float32)
    nodes, initializers, outputs, expected = [], [numpy_helper.from_array(np.float32(1), "s")], [], {}
    for kind, zero in (("ui8", 0), ("ui8", 7), ("i8", 0), ("i8", -3)):
        dtype = {"ui8": np.uint8, "i8": np.int8}[kind]
        name = f"{kind}_{abs(zero)}"
        initializers.append(numpy_helper.from_array(dtype(zero), f"z_{name}"))
        nodes.append(helper.make_node("QuantizeLinear", ["x", "s", f"z_{name}"], [f"q_{name}"]))
        nodes.append(helper.make_node("DequantizeLinear", [f"q_{name}", "s", f"z_{name}"], [f"d_{name}"]))
        # The sign of a zero shows in its reciprocal.
        nodes.append(helper.make_node("Reciprocal", [f"d_{name}"], [f"r_{name}"]))
        info = np.iinfo(dtype)
        q = np.clip(np.rint(x.astype(np.float64)) + zero, info.min, info.max)
        for prefix, type_, value in (("q", TensorProto.UINT8 if kind == "ui8" else TensorProto.INT8, q),
                                     ("d", TensorProto.FLOAT, q - zero + 0.0)):
            outputs.append(helper.make_tensor_value_info(f"{prefix}_{name}", type_, x.shape))
            expected[f"{prefix}_{name}"] = value
        outputs.append(helper.make_tensor_value_info(f"r_{name}", TensorProto.FLOAT, x.shape))
        with np.errstate(divide="ignore"):
            expected[f"r_{name}"] = (1 / (q - zero + 0.0)).astype(np.float32)
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)], outputs,
                              initializers)
    return graph, {"x": x}, expected


bad = 0
for graph, inputs, expected in (product(), quantisation()):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with Program(model, *sys.argv[1:]) as program:
        got = program.run(inputs, outputs=list(expected))
    for name, want in expected.items():
        if not np.array_equal(got[name].astype(np.float64), want.astype(np.float64)):
            bad += 1
            print(f"{name}: {got[name].ravel()[:16]}, not {want.ravel()[:16]}")
print(f"{bad} outputs are wrong")
sys.exit(bool(bad))
