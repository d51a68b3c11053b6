# REQUIRES: onnxruntime
# RUN: %python %s
"""Models of float16 that onnxruntime's converter makes of float32 ones (its block list stays in
float32), against onnxruntime and the float32 model: a small convolutional network and a
layer of a transformer; with --full resnet50, BERT and MiniLM of DLC_ZOO. Prints the errors, relative
to the largest output, and fails where dlc's is more than twice onnxruntime's (both round
each result to float16, onnxruntime's CPU provider mostly keeps float32). Takes 6 s on one core."""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from dlc_testing import Program, reference

rng = np.random.default_rng(17)
failed = 0


class Network:
    def __init__(self, shape):
        self.shape, self.nodes, self.weights = shape, [], []

    def weight(self, *shape, scale=None):
        scale = scale or np.prod(shape[1:]) ** -0.5
        return self.constant((rng.standard_normal(shape) * scale).astype(np.float32))

    def constant(self, array):
        self.weights.append(numpy_helper.from_array(np.asarray(array), f"w{len(self.weights)}"))
        return self.weights[-1].name

    def __call__(self, op, *operands, **attributes):
        self.nodes.append(helper.make_node(op, operands, [f"t{len(self.nodes)}"], **attributes))
        return self.nodes[-1].output[0]

    def model(self, result):
        self.nodes.append(helper.make_node("Identity", [result], ["y"]))
        graph = helper.make_graph(self.nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
                                  [helper.make_empty_tensor_value_info("y")], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        return onnx.shape_inference.infer_shapes(model)


def convolutional():
    n = Network([1, 3, 32, 32])
    x = n("Relu", n("Conv", "x", n.weight(16, 3, 3, 3), pads=[1] * 4, strides=[2, 2]))
    for _ in range(2):
        y = n("Relu", n("Conv", x, n.weight(16, 16, 3, 3), pads=[1] * 4))
        x = n("Relu", n("Add", x, n("Conv", y, n.weight(16, 16, 3, 3), pads=[1] * 4)))
    x = n("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = n("Flatten", n("GlobalAveragePool", n("HardSwish", x)))
    return n.model(n("Gemm", x, n.weight(10, 16), n.weight(10, scale=1), transB=1))


def transformer(tokens=24, size=64, heads=4):
    n = Network([1, tokens, size])
    split, back = n.constant([1, tokens, heads, size // heads]), n.constant([1, tokens, size])

    def norm(x):
        return n("LayerNormalization", x, n.constant(np.ones(size, np.float32)), n.weight(size, scale=0.1), axis=-1)

    def dense(x, to, of):
        return n("Add", n("MatMul", x, n.weight(of, to, scale=of**-0.5)), n.weight(to, scale=0.1))

    def head(x, perm):
        return n("Transpose", n("Reshape", dense(x, size, size), split), perm=perm)

    x = norm("x")
    q, k, v = head(x, [0, 2, 1, 3]), head(x, [0, 2, 3, 1]), head(x, [0, 2, 1, 3])
    scores = n("Mul", n("MatMul", q, k), n.constant(np.float32((size // heads) ** -0.5)))
    mixed = n("Transpose", n("MatMul", n("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
    x = n("Add", "x", dense(n("Reshape", mixed, back), size, size))
    y = n("Gelu", dense(norm(x), 4 * size, size))
    return n.model(n("Add", x, dense(y, size, 4 * size)))


def check(name, model, inputs, flags):
    global failed
    exact = reference(model, inputs)
    converted = OnnxModel(convert_float_to_float16(model, keep_io_types=True))
    converted.topological_sort()
    peer = reference(converted.model, inputs)
    with Program(converted.model, *flags) as program:
        results = program.run(inputs, outputs=list(exact))
    for output, wanted in exact.items():
        size = np.abs(wanted).max()
        ours, theirs = (np.abs(r[output].astype(np.float64) - wanted) / size for r in (results, peer))
        bad = not ours.mean() <= 3 * theirs.mean()
        failed += bad
        print(f"| {name}, {output} | {ours.mean():.1e} | {theirs.mean():.1e} | {ours.max():.1e} | {theirs.max():.1e} |"
              f"{' **worse**' * bad}", flush=True)


full = "--full" in sys.argv
flags = [a for a in sys.argv[1:] if a != "--full"]
print("| model, output | dlc mean | onnxruntime mean | dlc max | onnxruntime max |\n|---|---|---|---|---|")
if full:
    for name in ("resnet50", "bert_base", "minilm_l6"):
        path = os.path.join(os.environ["DLC_ZOO"], name)
        check(name, onnx.load(path + ".onnx"), dict(np.load(path + ".inputs.npz")), flags)
else:
    for made in (convolutional(), transformer()):
        shape = [d.dim_value for d in made.graph.input[0].type.tensor_type.shape.dim]
        title = "convolutions" if len(shape) == 4 else "transformer layer"
        check(title, made, {"x": rng.standard_normal(shape).astype(np.float32)}, flags)
sys.exit(failed > 0)
