# RUN: %python %s
# REQUIRES: onnxruntime
"""The same model gives the same program, and the same input the same bits in every run."""
import sys

import numpy as np

from dlc_testing import Program, Suite

rng = np.random.default_rng(4)


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def build(g):
    """Products, reductions over rows and over everything, a convolution: what could
    be summed in another order."""
    x = g.input(f32(3, 37, 97))
    y = g.node("MatMul", x, f32(97, 61))
    g.output(y, g.node("Softmax", y, axis=1), g.node("ReduceSum", y, np.array([0, 1])))
    g.output(g.node("LayerNormalization", y, f32(61), f32(61)), g.node("ReduceSum", y, np.array([0, 1, 2])))
    z = g.node("Conv", g.input(f32(1, 7, 23, 29)), f32(13, 7, 3, 3), pads=[1, 1, 1, 1])
    g.output(z, g.node("GlobalAveragePool", z))


suite = Suite()
suite.case("mixed", build)
graph = suite.cases[0][1]
model = suite.make_model([graph])
with Program(model, "--target=cuda") as program, Program(model, "--target=cuda") as again:
    with open(program.path, "rb") as one, open(again.path, "rb") as other:
        if one.read() != other.read():
            sys.exit("the same model gives other bytes")
    first = program.run(graph.inputs)
    for _ in range(2):
        for name, array in program.run(graph.inputs).items():
            if array.tobytes() != first[name].tobytes():
                sys.exit(f"another run gives other bits for output '{name}'")
print("passed")
