"""dlc.testing.compare finds the first layer that differs."""
# RUN: env PYTHONPATH=%python-package %python %s
# REQUIRES: onnxruntime
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import dlc
import dlc.testing

rng = np.random.default_rng(3)
w = rng.standard_normal((8, 8)).astype(np.float32)
nodes = [helper.make_node("MatMul", ["x", "w"], ["product"]),
         helper.make_node("Relu", ["product"], ["active"]),
         helper.make_node("Softmax", ["active"], ["y"], axis=-1)]
graph = helper.make_graph(
    nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 8])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 8])],
    [numpy_helper.from_array(w, "w")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

result = dlc.testing.compare(model, dims={"n": 4})
assert [row.name for row in result.rows] == ["product", "active", "y"], result
assert result.first is None and "no value differs" in str(result), result


def reference(inputs, names):
    """A runtime whose Relu is wrong."""
    product = inputs["x"] @ w
    active = np.maximum(product, 0) + 0.5
    e = np.exp(active - active.max(-1, keepdims=True))
    values = {"product": product, "active": active, "y": e / e.sum(-1, keepdims=True)}
    return [values[name] for name in names]


result = dlc.testing.compare(model, reference, dims={"n": 4},
                             inputs={"x": rng.standard_normal((4, 8)).astype(np.float32)})
assert result.first.name == "active" and result.first.op == "Relu", result
assert "'active' (Relu) is the first of 3 values" in str(result), result
assert "4x8" in str(result)
try:
    dlc.testing.compare(model)
except dlc.Error as error:
    assert "'n'" in str(error), error
else:
    raise SystemExit("a symbolic dimension was accepted")
