# REQUIRES: onnxruntime
# RUN: %python %s
"""Products on tensor cores: f16 models, and f32 models with --precision. The
instruction must be there, and results must be as exact as operands of that type allow
(sums in f32). Takes 10 s on one core."""
import sys

import numpy as np
import onnx
import onnx.reference
from onnx import TensorProto, helper

from dlc_testing import Failure, Program, DLC, run_command

ROUNDING = {"f32": 2**-23, "tf32": 2**-11, "f16": 2**-11, "bf16": 2**-8}
rng = np.random.default_rng(7)
failed = 0


def matmul(a, b, element):
    """y = a @ b, b as [K, N] or (transposed) as [N, K]"""
    kind = {"f32": TensorProto.FLOAT, "f16": TensorProto.FLOAT16}[element]
    nodes = [helper.make_node("MatMul", ["a", "b"], ["y"])]
    return make(nodes, {"a": (kind, a), "b": (kind, b)}, kind)


def transposed(a, b, element):
    nodes = [helper.make_node("Transpose", ["b"], ["t"], perm=[1, 0]),
             helper.make_node("MatMul", ["a", "t"], ["y"])]
    return make(nodes, {"a": (TensorProto.FLOAT16, a), "b": (TensorProto.FLOAT16, b)}, TensorProto.FLOAT16)


def conv(x, w, element):
    nodes = [helper.make_node("Conv", ["a", "b"], ["y"], pads=[1, 1, 1, 1], strides=[2, 2])]
    return make(nodes, {"a": (TensorProto.FLOAT, x), "b": (TensorProto.FLOAT, w)}, TensorProto.FLOAT)


def make(nodes, inputs, kind):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(n, k, s) for n, (k, s) in inputs.items()],
        [helper.make_tensor_value_info("y", kind, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return onnx.shape_inference.infer_shapes(model)


def expected(model, inputs):
    """In double precision, and the sum of the products' magnitudes."""
    def run(values):
        reference = onnx.reference.ReferenceEvaluator(as_double(model))
        return reference.run(None, {n: v.astype(np.float64) for n, v in values.items()})[0]
    return run(inputs), run({n: np.abs(v.astype(np.float64)) for n, v in inputs.items()})


def as_double(model):
    double = onnx.ModelProto()
    double.CopyFrom(model)
    for value in [*double.graph.input, *double.graph.output, *double.graph.value_info]:
        value.type.tensor_type.elem_type = TensorProto.DOUBLE
    return double


def check(title, model, element, precision):
    global failed
    types = {"f32": np.float32, "f16": np.float16}
    inputs = {v.name: rng.standard_normal([d.dim_value for d in v.type.tensor_type.shape.dim])
              .astype(types[element]) for v in model.graph.input}
    want, size = expected(model, inputs)
    try:
        with Program(model, "--target=cuda", f"--precision={precision}") as program:
            got = program.run(inputs)["y"]
            ptx = run_command([DLC, f"{program.folder}/model.onnx", "--target=cuda", "--arch=compute_80",
                               f"--precision={precision}", "--emit=ptx", "-o", "-"])
    except Failure as error:
        failed += 1
        print(f"FAILED {title}: {error}")
        return
    used = {"tf32": "tf32.tf32", "f16": "f16.f16", "bf16": "bf16.bf16"}
    product = precision if element == "f32" else element
    tolerance = 2 * ROUNDING[product] * size + ROUNDING[element] * np.abs(want) + 1e-6
    error = np.abs(got.astype(np.float64) - want)
    wrong = np.count_nonzero(~(error <= tolerance))
    missing = product in used and not ("mma.sync" in ptx and used[product] in ptx)
    if wrong or missing:
        failed += 1
        print(f"FAILED {title}: {wrong} of {want.size} elements differ" + ", no tensor cores" * missing)


for precision in ("tf32", "f16", "bf16"):
    check(f"matmul {precision}", matmul([40, 50], [50, 72], "f32"), "f32", precision)
    check(f"conv {precision}", conv([1, 16, 12, 12], [24, 16, 3, 3], "f32"), "f32", precision)
check("f16 matmul", matmul([40, 64], [64, 72], "f16"), "f16", "f32")
check("f16 ragged matmul", matmul([33, 41], [41, 17], "f16"), "f16", "f32")
check("f16 transposed", transposed([3, 40, 64], [72, 64], "f16"), "f16", "f32")
sys.exit(1 if failed else 0)
