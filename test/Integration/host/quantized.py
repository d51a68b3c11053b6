# RUN: %python %s
# REQUIRES: onnxruntime
"""Models quantised by onnxruntime's own tools, against onnxruntime (with --few: QDQ pairs and
QOperators of one kind each): a small residual
network and half of a transformer layer, statically (as QDQ pairs and as QOperators,
signed and unsigned activations, by tensor and by channel) and dynamically. Products are
computed in integers, so what both compute differs only where a rescaled sum lies on the
border of two steps of a quantisation: a step there may become one or two more until
the end."""

import logging
import os
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnxruntime.quantization import (CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic,
                                      quantize_static)

from dlc_testing import Program, reference

logging.disable(logging.WARNING)  # the quantisers' advice

rng = np.random.default_rng(3)


def constant(array, name):
    return helper.make_tensor(name, TensorProto.FLOAT, array.shape, array.astype(np.float32).tobytes(), raw=True)


def network(nodes, weights, shape, out):
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def residual():
    """Convolutions (strided, padded, depthwise, grouped, pointwise), a residual sum, a
    concatenation, pooling, a classifier."""
    weights, nodes = [], []

    def conv(x, y, inputs, outputs, size, **attributes):
        fan = inputs // attributes.get("group", 1) * size * size
        weights.append(constant(rng.standard_normal((outputs, inputs // attributes.get("group", 1), size, size))
                                * (2 / fan) ** 0.5, f"w_{y}"))
        weights.append(constant(rng.standard_normal(outputs) * 0.1, f"b_{y}"))
        pad = size // 2
        nodes.append(helper.make_node("Conv", [x, f"w_{y}", f"b_{y}"], [y], name=y, kernel_shape=[size, size],
                                      pads=[pad] * 4, **attributes))

    def relu(x, y):
        nodes.append(helper.make_node("Relu", [x], [y], name=y))

    conv("x", "c1", 3, 16, 3, strides=[2, 2])
    relu("c1", "r1")
    conv("r1", "c2", 16, 20, 3)
    relu("c2", "r2")
    conv("r2", "c3", 20, 16, 3)
    nodes.append(helper.make_node("Add", ["c3", "r1"], ["s1"], name="s1"))
    relu("s1", "r3")
    conv("r3", "d1", 16, 16, 3, group=16)
    conv("d1", "g1", 16, 16, 3, group=2)
    nodes.append(helper.make_node("Concat", ["g1", "r3"], ["cat"], name="cat", axis=1))
    conv("cat", "p1", 32, 24, 1)
    nodes.append(helper.make_node("Sigmoid", ["p1"], ["r4"], name="r4"))
    nodes.append(helper.make_node("GlobalAveragePool", ["r4"], ["pool"], name="pool"))
    nodes.append(helper.make_node("Flatten", ["pool"], ["flat"], name="flat"))
    weights.append(constant(rng.standard_normal((10, 24)) * 0.3, "wf"))
    weights.append(constant(rng.standard_normal(10) * 0.1, "bf"))
    nodes.append(helper.make_node("Gemm", ["flat", "wf", "bf"], ["y"], name="y", transB=1))
    return network(nodes, weights, [2, 3, 24, 24], [2, 10])


def transformer():
    """Attention of one head, then MatMul, bias, GELU by its parts, MatMul, residual."""
    weights = [constant(rng.standard_normal((48, 32)) * 0.15, name) for name in ("wq", "wk", "wv")]
    weights += [constant(rng.standard_normal((32, 48)) * 0.15, "wo"),
                constant(rng.standard_normal((48, 192)) * 0.15, "w1"), constant(rng.standard_normal(192) * 0.1, "b1"),
                constant(rng.standard_normal((192, 48)) * 0.07, "w2"), constant(rng.standard_normal(48) * 0.1, "b2"),
                constant(np.array(2**0.5), "root"), constant(np.array(1.0), "one"), constant(np.array(0.5), "half")]
    steps = [("MatMul", ["x", "wq"], "q"), ("MatMul", ["x", "wk"], "k"), ("MatMul", ["x", "wv"], "v"),
             ("Transpose", ["k"], "kt"), ("MatMul", ["q", "kt"], "scores"), ("Softmax", ["scores"], "weights"),
             ("MatMul", ["weights", "v"], "mixed"), ("MatMul", ["mixed", "wo"], "attended"),
             ("MatMul", ["attended", "w1"], "m1"), ("Add", ["m1", "b1"], "a1"), ("Div", ["a1", "root"], "g1"),
             ("Erf", ["g1"], "g2"), ("Add", ["g2", "one"], "g3"), ("Mul", ["a1", "g3"], "g4"),
             ("Mul", ["g4", "half"], "g5"), ("MatMul", ["g5", "w2"], "m2"), ("Add", ["m2", "b2"], "a2"),
             ("Add", ["a2", "x"], "y")]
    nodes = [helper.make_node(op, inputs, [out], name=out, **({"perm": [0, 2, 1]} if op == "Transpose" else {}))
             for op, inputs, out in steps]
    return network(nodes, weights, [2, 20, 48], [2, 20, 48])


class Samples(CalibrationDataReader):
    def __init__(self, shape):
        self.batches = iter([{"x": rng.standard_normal(shape).astype(np.float32)} for _ in range(4)])

    def get_next(self):
        return next(self.batches, None)


def variants(model, shape, folder, few):
    source, target = os.path.join(folder, "float.onnx"), os.path.join(folder, "quantised.onnx")
    onnx.save(model, source)
    unsigned, signed = QuantType.QUInt8, QuantType.QInt8
    kinds = ((QuantFormat.QDQ, unsigned, signed, False),
             (QuantFormat.QDQ, signed, signed, True),
             (QuantFormat.QDQ, unsigned, unsigned, False),
             (QuantFormat.QOperator, unsigned, signed, False),
             (QuantFormat.QOperator, signed, signed, True))
    for style, activations, weights, by_channel in kinds[::4] if few else kinds:
        quantize_static(source, target, Samples(shape), quant_format=style, activation_type=activations,
                        weight_type=weights, per_channel=by_channel,
                        # onnxruntime's products of ui8 and i8 saturate on CPUs without VNNI
                        reduce_range=activations != weights)
        yield f"{style.name} {activations.name} {weights.name}{' by channel' * by_channel}", onnx.load(target)
    if few:
        return
    quantize_dynamic(source, target, weight_type=QuantType.QInt8, reduce_range=True)
    yield "dynamic QInt8", onnx.load(target)


def step_of_output(model):
    """The scale of the quantisation that makes the output; none where it is float."""
    scales = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    for node in model.graph.node:
        if "y" in node.output and node.op_type == "DequantizeLinear":
            return float(scales[node.input[1]])
    return None


bad = 0
few, flags = "--few" in sys.argv, [a for a in sys.argv[1:] if a != "--few"]
for name, model in (("residual", residual()), ("transformer", transformer())):
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    inputs = {"x": rng.standard_normal(shape).astype(np.float32)}
    plain = reference(model, inputs)["y"]
    with tempfile.TemporaryDirectory() as folder:
        for kind, quantised in variants(model, shape, folder, few):
            # Optimised, pairs are computed by other kernels, some of which round twice.
            expected = reference(quantised, inputs, optimized="QDQ" not in kind)["y"]
            with Program(quantised, *flags) as program:
                got = program.run(inputs)["y"]
            off = np.abs(got - expected)
            noise = np.abs(expected - plain).mean()  # what quantisation itself costs
            step = step_of_output(quantised)
            if step:
                steps = np.round(off / step)
                verdict = steps.max() <= 2 and np.sum(steps > 0) <= max(1, 0.02 * steps.size)
                text = f"{np.mean(steps > 0):.2%} off, by at most {steps.max():.0f} steps"
            else:
                verdict = off.mean() <= 0.1 * noise and off.max() <= 8 * noise
                text = f"off by {off.mean():.2g} (at most {off.max():.2g})"
            bad += not verdict
            print(f"{name}, {kind}: {text}; quantised and float differ by {noise:.2g}{'' if verdict else '  FAILED'}")
sys.exit(bool(bad))
