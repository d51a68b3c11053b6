# RUN: %python %s
# REQUIRES: onnxruntime
"""--memory-budget: programs that were changed to fit keep to it and compute what they
computed before, and what onnxruntime does."""

import sys

import numpy as np

from dlc_targets import on_cuda
from dlc_testing import Failure, Program, Suite, compare, reference

rng = np.random.default_rng(5)


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def small(*shape):
    """Weights that keep values near 1 through many layers."""
    return (rng.standard_normal(shape) / np.sqrt(max(1, np.prod(shape[1:])))).astype(np.float32)


def stem(g):
    """The first layers of a residual net: windows that overlap, padding, a value with two readers."""
    x = g.input(f32(1, 3, 45, 39))
    y = g.node("Relu", g.node("Conv", x, small(24, 3, 5, 5), f32(24), strides=[2, 2], pads=[2] * 4))
    y = g.node("MaxPool", y, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    z = g.node("Relu", g.node("Conv", y, small(24, 24, 3, 3), f32(24), pads=[1] * 4))
    z = g.node("Add", y, g.node("Conv", z, small(24, 24, 3, 3), f32(24), pads=[1] * 4))
    g.output(g.node("Conv", g.node("Relu", z), small(8, 24, 1, 1)))


def concat(g):
    """Branches that are concatenated within a chain."""
    x = g.input(f32(1, 8, 20, 20))
    y = g.node("Relu", g.node("Conv", x, small(6, 8, 1, 1)))
    a = g.node("Relu", g.node("Conv", y, small(24, 6, 1, 1), f32(24)))
    b = g.node("Relu", g.node("Conv", y, small(24, 6, 3, 3), f32(24), pads=[1] * 4))
    g.output(g.node("Conv", g.node("Concat", a, b, axis=1), small(6, 48, 1, 1)))


def mlp(g):
    """Products, whose rows are bands."""
    x = g.input(f32(64, 16))
    y = g.node("Gelu", g.node("Gemm", x, small(16, 96), f32(96)))
    g.output(g.node("Add", x, g.node("Gemm", y, small(96, 16))))


def attention(g):
    """A softmax between two products, for several heads."""
    q, k, v = (g.input(f32(4, 40, 16)) for _ in range(3))
    scores = g.node("MatMul", q, g.node("Transpose", k, perm=[0, 2, 1]))
    g.output(g.node("MatMul", g.node("Softmax", scores, axis=-1), v))


def again(g):
    """A cheap value with an early and a late reader."""
    x = g.node("Tanh", g.input(f32(1, 16, 9, 9)))
    y = g.node("Resize", x, None, np.array([1, 1, 4, 4], np.float32), mode="nearest")
    z = g.node("Conv", y, small(16, 16, 4, 4), strides=[4, 4])
    z = g.node("Conv", g.node("Resize", z, None, np.array([1, 1, 4, 4], np.float32), mode="nearest"),
               small(16, 16, 4, 4), strides=[4, 4])
    g.output(g.node("Add", g.node("GlobalAveragePool", y), g.node("GlobalAveragePool", z)))


def check(build, shares, flags):
    suite = Suite()
    suite.case(build.__name__, build)
    graph = suite.cases[0][1]
    model = suite.make_model([graph])
    wanted = reference(model, graph.inputs)
    with Program(model, *flags) as program:
        arena = program.info()["arena_bytes"]
        before = program.run(graph.inputs, outputs=graph.outputs)
    for share in shares:
        budget = int(share * arena)
        with Program(model, f"--memory-budget={budget}", *flags) as program:
            info = program.info()
            results = program.run(graph.inputs, outputs=graph.outputs)
        if not 0 < info["arena_bytes"] <= budget < arena:
            raise Failure(f"{info['arena_bytes']} bytes with a budget of {budget}, {arena} before")
        for name in graph.outputs:
            for what, expected in (("onnxruntime", wanted), ("without a budget", before)):
                if problem := compare(results[name], expected[name], 1e-4, 1e-5):
                    raise Failure(f"budget {budget} of {arena}, {name} against {what}: {problem}")


failed = 0
flags = [a for a in sys.argv[1:] if a.startswith("-")]
cases = [(stem, (0.5,)), (mlp, (0.5,))]
if not on_cuda(flags):  # a simulator takes its time
    cases += [(stem, (0.75,)), (concat, (0.5,)), (attention, (0.4,)), (again, (0.6,))]
for build, shares in cases:
    try:
        check(build, shares, flags)
    except Failure as failure:
        print(f"FAILED {build.__name__}: {failure}", flush=True)
        failed += 1
sys.exit(failed)
