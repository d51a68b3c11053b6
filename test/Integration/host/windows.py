# RUN: %python %s
# REQUIRES: onnxruntime
"""Convolutions whose windows see padding at the border, which is left out, and whose rows
of positions are shorter than a register tile, so that tiles run on into the next row."""
import sys

import numpy as np

from dlc_testing import Suite

rng = np.random.default_rng(4)
suite = Suite(batch=8)


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def small(*shape):
    """Weights that keep values near 1 through many layers."""
    return (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


# batch, channels, filters, sizes, kernel, attributes
SHAPES = {
    "7x7": (1, 64, 40, (7, 7), (3, 3), dict(pads=[1] * 4)),
    "7x7 batch": (2, 32, 32, (7, 7), (3, 3), dict(pads=[1] * 4)),
    "5x9 two": (1, 48, 16, (5, 9), (5, 3), dict(pads=[2, 1, 2, 1])),
    "10x10 uneven": (1, 32, 24, (10, 10), (3, 3), dict(pads=[2, 0, 0, 1])),
    "stride": (1, 32, 32, (15, 15), (3, 3), dict(pads=[1] * 4, strides=[2, 2])),
    "stride and dilation": (1, 64, 16, (13, 14), (3, 3), dict(pads=[3, 2, 4, 3], strides=[2, 3], dilations=[3, 2])),
    "atrous": (1, 64, 16, (16, 16), (3, 3), dict(pads=[12] * 4, dilations=[12, 12])),
    "atrous, columns": (1, 64, 16, (4, 16), (1, 5), dict(pads=[0, 12, 0, 12], dilations=[1, 6])),
    "mostly padding": (1, 64, 16, (3, 3), (3, 3), dict(pads=[6, 5, 4, 3], dilations=[2, 2])),
    "line": (1, 64, 16, (19,), (5,), dict(pads=[2, 2])),
    "space": (1, 16, 16, (5, 5, 5), (3, 3, 3), dict(pads=[1] * 6)),
    "groups": (1, 128, 64, (7, 7), (3, 3), dict(pads=[1] * 4, group=2)),
}
for title, (n, c, o, sizes, kernel, attributes) in SHAPES.items():
    def build(g, n=n, c=c, o=o, sizes=sizes, kernel=kernel, attributes=attributes):
        x = g.input(f32(n, c, *sizes))
        g.output(g.node("Conv", x, small(o, c // attributes.get("group", 1), *kernel), f32(o), **attributes))
    suite.case(title, build)


for title, (n, c, o, sizes, kernel, attributes) in SHAPES.items():
    def build(g, n=n, c=c, o=o, sizes=sizes, kernel=kernel, attributes=attributes):
        # So small that onnxruntime is exact on every CPU.
        weights = rng.integers(-60, 61, (o, c // attributes.get("group", 1), *kernel)).astype(np.int8)
        g.output(g.node("ConvInteger", g.input(rng.integers(0, 256, (n, c, *sizes)).astype(np.uint8)), weights, **attributes))
    suite.case(title + ", integers", build)


def case(title):
    def register(build):
        suite.case(title, build)
        return build
    return register


@case("chain, residual and activation by row")
def _(g):
    x = g.input(f32(1, 64, 7, 7))
    y = g.node("Conv", x, small(64, 64, 3, 3), f32(64), pads=[1] * 4)
    y = g.node("Mul", y, g.node("Sigmoid", y))
    y = g.node("Conv", y, small(64, 64, 3, 3), f32(64), pads=[1] * 4)
    y = g.node("Gelu", g.node("Add", x, y))
    g.output(g.node("Conv", y, small(32, 64, 3, 3), pads=[1] * 4), y)


@case("infinite weights see the padding")
def _(g):
    weights = small(8, 64, 3, 3)
    weights[0, 0, 0, 0] = np.inf
    x = g.input(f32(1, 64, 7, 7))
    expected = np.full((1, 8, 7, 7), np.nan, np.float32)
    y = g.node("Conv", x, weights, pads=[1] * 4)
    first = g.node("Slice", y, np.array([0, 0, 0, 0]), np.array([1, 1, 1, 7]))
    g.output(first, expected=expected[:, :1, :1, :])


@case("weights that are not known")
def _(g):
    x, w = g.input(f32(1, 64, 7, 7)), g.input(small(16, 64, 3, 3))
    g.output(g.node("Conv", x, w, pads=[1] * 4))


sys.exit(suite.main())
