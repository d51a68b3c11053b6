# RUN: %python %s
# REQUIRES: onnxruntime, rapidocr
"""Results are the same bytes for every number of threads and every run."""

import sys

import numpy as np

from dlc_testing import Failure, Graph, Program, Suite
from models import make_inputs, shipped

rng = np.random.default_rng(4)


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def mixed():
    """Contractions, reductions, row kernels and gathers of sizes that no number of
    threads divides."""
    suite = Suite()

    def build(g):
        x = g.input(f32(3, 37, 97))
        y = g.node("MatMul", x, f32(97, 61))
        g.output(y, g.node("Softmax", y, axis=1), g.node("ReduceSum", y, np.array([0, 1])))
        g.output(g.node("LayerNormalization", y, f32(61), f32(61)), g.node("Transpose", y, perm=[2, 0, 1]))
        g.output(g.node("ReduceSum", y, np.array([0, 1, 2])))
        z = g.node("Conv", g.input(f32(1, 7, 23, 29)), f32(13, 7, 3, 3), pads=[1, 1, 1, 1])
        g.output(z, g.node("AveragePool", z, kernel_shape=[3, 3]), g.node("GlobalAveragePool", z))

    suite.case("mixed", build)
    graph: Graph = suite.cases[0][1]
    return suite.make_model([graph]), graph.inputs, []


def check(model, inputs, flags):
    with Program(model, *flags) as program:
        first = program.run(inputs, "--threads=1")
        for threads in (1, 2, 3, 5):
            again = program.run(inputs, f"--threads={threads}")
            for name, array in first.items():
                if again[name].tobytes() != array.tobytes():
                    raise Failure(f"{threads} threads give other bytes for output '{name}'")
        by_variable = program.run(inputs, env={"DLC_THREADS": "3"})
        if any(by_variable[n].tobytes() != a.tobytes() for n, a in first.items()):
            raise Failure("DLC_THREADS=3 gives other bytes")


def main():
    models = {"mixed": mixed()}
    for name, path, shapes in shipped():
        if name in ("light_shufflenet", "light_squeezenet", "rapidocr_rec", "rapidocr_cls"):
            models[name] = (path, *make_inputs(path, shapes))
    passed = failed = 0
    for name, arguments in models.items():
        try:
            check(*arguments)
            passed += 1
        except Failure as error:
            failed += 1
            print(f"FAILED {name}: {error}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
