# REQUIRES: onnxruntime
# RUN: %python %s
"""Few results of many elements: such reductions run on the whole GPU, in two launches.
Long sums: made of partial sums, so that their rounding errors stay small. Compared with
numpy in double precision. Takes 5 s on one core."""
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from dlc_testing import Failure, Program

rng = np.random.default_rng(9)
failed = 0


def model(nodes, inputs, shape, constants=None):
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape) for n, a in inputs.items()]
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)
    tensors = [numpy_helper.from_array(np.asarray(a), n) for n, a in (constants or {}).items()]
    graph = helper.make_graph(nodes, "g", values, [result], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def check(title, made, inputs, want, tolerance, launches):
    """`launches`: how many there must be; blocks of the largest one must be many."""
    global failed
    try:
        with Program(made, "--target=cuda") as program:
            info, got = program.info(), program.run(inputs)["y"]
    except Failure as error:
        failed += 1
        print(f"FAILED {title}: {error}")
        return
    error = np.abs(got - want).max() / np.abs(want).max()
    if not error <= tolerance or info["launches"] != launches:
        failed += 1
        print(f"FAILED {title}: error {error:.2e}, {info['launches']} launches")


def node(op, inputs, **attributes):
    return [helper.make_node(op, inputs, ["y"], **attributes)]


x = rng.random((512, 480)).astype(np.float32)
wide = x.astype(np.float64)
check("sum of all", model(node("ReduceSum", ["x"], keepdims=0), {"x": x}, []), {"x": x}, wide.sum(), 3e-7, 2)
check("largest of all", model(node("ReduceMax", ["x"], keepdims=1), {"x": x}, [1, 1]), {"x": x},
      wide.max(keepdims=True), 0, 2)

planes = rng.random((1, 3, 288, 320)).astype(np.float32)
check("mean of each plane", model(node("GlobalAveragePool", ["x"]), {"x": planes}, [1, 3, 1, 1]), {"x": planes},
      planes.astype(np.float64).mean((2, 3), keepdims=True), 3e-7, 2)

row = rng.standard_normal((1, 200000)).astype(np.float32) + 3
made = model([helper.make_node("LayerNormalization", ["x", "scale"], ["y"], axis=-1)], {"x": row}, row.shape,
             {"scale": np.ones(row.shape[1], np.float32)})
wide = row.astype(np.float64)
want = (wide - wide.mean()) / np.sqrt(wide.var() + 1e-5)
check("normalisation of one long row", made, {"x": row}, want, 1e-6, 7)

a, b = rng.random((320, 1536)).astype(np.float32), rng.random((1536, 320)).astype(np.float32)
check("long sum of products", model(node("MatMul", ["a", "b"]), {"a": a, "b": b}, [320, 320]), {"a": a, "b": b},
      a.astype(np.float64) @ b, 3.5e-7, 2)
sys.exit(failed > 0)
