"""Writes the seed corpus of importer-fuzzer: small models of all op families, in
several operator sets, with functions, subgraphs and every kind of tensor field.

Usage: seeds.py FOLDER"""

import os
import sys
import warnings

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, parser

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)

TEXTS = {
    "conv": """<ir_version: 8, opset_import: ["" : 11]>
      g (float[1,2,6,6] x) => (float[1,3,2,2] y) <float[3,2,3,3] w, float[3] b> {
        c = Conv <kernel_shape=[3,3], pads=[1,1,1,1], strides=[2,2]> (x, w, b)
        r = Relu(c)
        y = MaxPool <kernel_shape=[2,2], ceil_mode=1> (r) }""",
    "shapes": """<ir_version: 8, opset_import: ["" : 13]>
      g (float[2,3,4] x) => (float[2,12] y) {
        s = Shape(x)
        zero = Constant <value_ints=[0]> ()
        b = Gather(s, zero)
        rest = Constant <value_ints=[-1]> ()
        shape = Concat <axis=0> (b, rest)
        y = Reshape(x, shape) }""",
    "if": """<ir_version: 8, opset_import: ["" : 13]>
      g (float[2,3] x) => (float[2,3] y) {
        s = Size(x)
        six = Constant <value_int=6> ()
        c = Equal(s, six)
        y = If (c) <then_branch = t () => (float[2,3] a) { a = Relu(x) },
                    else_branch = e () => (float[2,3] b) { b = Neg(x) }> }""",
    "function": """<ir_version: 8, opset_import: ["" : 17, "f" : 1]>
      g (float[2,3] x) => (float[2,3] y) { y = f.twice(x) }
      <domain: "f", opset_import: ["" : 17]> twice (a) => (b) { b = Add(a, a) }""",
    "old-softmax": """<ir_version: 7, opset_import: ["" : 9]>
      g (float[2,3,4] x) => (float[2,3,4] y) { y = Softmax <axis=1> (x) }""",
    "attention": """<ir_version: 10, opset_import: ["" : 18]>
      g (float[1,4,8] x) => (float[1,4,8] y) <float[8,8] w, float[8] s> {
        n = LayerNormalization(x, s)
        q = MatMul(n, w)
        t = Transpose <perm=[0,2,1]> (n)
        p = MatMul(q, t)
        a = Softmax(p)
        y = MatMul(a, x) }""",
}


def fill(model):
    """Weights declared without values get zeros."""
    for tensor in model.graph.initializer:
        if not tensor.raw_data and not tensor.float_data:
            tensor.raw_data = np.zeros(tuple(tensor.dims), np.float32).tobytes()


for name, text in TEXTS.items():
    try:
        model = parser.parse_model(text)
        fill(model)
    except Exception as error:  # a seed less is no reason to fail
        print(f"{name}: {error}", file=sys.stderr)
        continue
    with open(os.path.join(folder, name + ".onnx"), "wb") as file:
        file.write(model.SerializeToString())

# One case of each op of the backend suite.
warnings.filterwarnings("ignore")
from onnx.backend.test.case.node import collect_testcases  # noqa: E402

seen = set()
for case in collect_testcases(None):
    ops = "-".join(sorted({node.op_type for node in case.model.graph.node}))
    size = case.model.ByteSize()
    if ops in seen or size > 8192:
        continue
    seen.add(ops)
    with open(os.path.join(folder, case.name + ".onnx"), "wb") as file:
        file.write(case.model.SerializeToString())
print(len(os.listdir(folder)), "seeds")
