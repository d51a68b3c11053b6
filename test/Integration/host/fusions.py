# RUN: %python %s
# REQUIRES: onnxruntime
"""Chains of operators that become one kernel or share memory, against onnxruntime:
what is right op by op can still go wrong in fusion, layout, packing and reuse."""

import sys

import numpy as np

from dlc_testing import Suite

rng = np.random.default_rng(2)
suite = Suite(batch=12)


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def small(*shape):
    """Weights that keep values near 1 through many layers."""
    return (rng.standard_normal(shape) / np.sqrt(max(1, np.prod(shape[1:])))).astype(np.float32)


def case(title):
    def register(build):
        suite.case(title, build)
        return build
    return register


def batch_norm(g, x, channels):
    return g.node("BatchNormalization", x, f32(channels), f32(channels), f32(channels),
                  np.abs(f32(channels)) + 0.5)


for n, c, o, size, k, s in [(1, 3, 16, 17, 3, 2), (2, 16, 33, 9, 3, 1), (1, 32, 64, 14, 1, 1), (1, 7, 5, 6, 5, 1)]:
    @case(f"conv bn relu add {n} {c} {o} {size} {k} {s}")
    def _(g, n=n, c=c, o=o, size=size, k=k, s=s):
        x = g.input(f32(n, c, size, size))
        attributes = dict(strides=[s, s], pads=[k // 2] * 4)
        y = g.node("Relu", batch_norm(g, g.node("Conv", x, small(o, c, k, k), f32(o), **attributes), o))
        z = g.node("Conv", x, small(o, c, k, k), **attributes)
        g.output(g.node("Relu", g.node("Add", y, z)))

for activation in ("Relu", "Sigmoid", "HardSwish", "Tanh", "LeakyRelu", "Clip", "Gelu", "Elu", "Softplus"):
    @case(f"depthwise {activation} pointwise")
    def _(g, activation=activation):
        x = g.input(f32(1, 24, 15, 13))
        y = batch_norm(g, g.node("Conv", x, f32(24, 1, 3, 3), group=24, pads=[1] * 4), 24)
        y = g.node("Clip", y, np.float32(0), np.float32(6)) if activation == "Clip" else g.node(activation, y)
        g.output(g.node("Conv", y, small(40, 24, 1, 1), f32(40)))


@case("inverted residual")
def _(g):
    x = g.input(f32(1, 16, 14, 14))
    y = g.node("Relu", batch_norm(g, g.node("Conv", x, small(96, 16, 1, 1)), 96))
    y = g.node("Relu", batch_norm(g, g.node("Conv", y, f32(96, 1, 3, 3), group=96, pads=[1] * 4), 96))
    g.output(g.node("Add", x, batch_norm(g, g.node("Conv", y, small(16, 96, 1, 1)), 16)))


@case("squeeze excite")
def _(g):
    x = g.input(f32(2, 24, 9, 11))
    s = g.node("GlobalAveragePool", x)
    s = g.node("Relu", g.node("Conv", s, small(6, 24, 1, 1), f32(6)))
    s = g.node("HardSigmoid", g.node("Conv", s, small(24, 6, 1, 1), f32(24)))
    g.output(g.node("Mul", x, s))


@case("squeeze excite by reduce and gemm")
def _(g):
    x = g.input(f32(3, 20, 7, 7))
    s = g.node("ReduceMean", x, np.array([2, 3]), keepdims=0)
    s = g.node("Relu", g.node("Gemm", s, small(5, 20), f32(5), transB=1))
    s = g.node("Sigmoid", g.node("Gemm", s, small(20, 5), f32(20), transB=1))
    g.output(g.node("Mul", x, g.node("Reshape", s, np.array([3, 20, 1, 1]))))


@case("shuffle")
def _(g):
    x = g.input(f32(1, 24, 8, 9))
    y = g.node("Conv", x, small(24, 8, 1, 1), group=3)
    y = g.node("Reshape", y, np.array([1, 3, 8, 8, 9]))
    y = g.node("Reshape", g.node("Transpose", y, perm=[0, 2, 1, 3, 4]), np.array([1, 24, 8, 9]))
    y = g.node("Conv", y, f32(24, 1, 3, 3), group=24, pads=[1] * 4)
    g.output(g.node("Relu", g.node("Concat", x, y, axis=1)))


@case("inception")
def _(g):
    x = g.input(f32(1, 16, 12, 13))
    a = g.node("Relu", g.node("Conv", x, small(8, 16, 1, 1), f32(8)))
    b = g.node("Relu", g.node("Conv", g.node("Relu", g.node("Conv", x, small(5, 16, 1, 1))), small(9, 5, 3, 3), pads=[1] * 4))
    c = g.node("Conv", g.node("MaxPool", x, kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1]), small(7, 16, 1, 1))
    y = g.node("Concat", a, b, c, axis=1)
    g.output(g.node("AveragePool", y, kernel_shape=[3, 3], strides=[2, 2]), g.node("LRN", y, size=5))


@case("dense block")
def _(g):
    x = g.input(f32(1, 12, 10, 10))
    for channels in (12, 18, 24):
        y = g.node("Conv", g.node("Relu", x), small(6, channels, 3, 3), pads=[1] * 4)
        x = g.node("Concat", x, y, axis=1)
    g.output(x)


@case("upsample and add")
def _(g):
    x, y = g.input(f32(1, 8, 5, 6)), g.input(f32(1, 8, 10, 12))
    up = g.node("Resize", x, None, np.array([1, 1, 2, 2], np.float32), mode="nearest",
                coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    z = g.node("Conv", g.node("Add", up, y), small(9, 8, 3, 3), pads=[1] * 4)
    g.output(g.node("Sigmoid", g.node("ConvTranspose", z, small(9, 4, 2, 2), f32(4), strides=[2, 2])))


for m, k, n in [(1, 64, 100), (33, 65, 97), (128, 96, 48), (5, 7, 3)]:
    @case(f"matmul bias gelu {m} {k} {n}")
    def _(g, m=m, k=k, n=n):
        x = g.input(f32(m, k))
        y = g.node("Add", g.node("MatMul", x, small(k, n) * 3), f32(n))
        e = g.node("Add", g.node("Erf", g.node("Div", y, np.float32(2**0.5))), np.float32(1))
        y = g.node("Mul", g.node("Mul", y, e), np.float32(0.5))
        g.output(g.node("MatMul", y, small(n, k)))

for batch, length, width, heads in [(1, 19, 48, 3), (2, 7, 32, 4), (1, 64, 64, 1)]:
    @case(f"transformer layer {batch} {length} {width} {heads}")
    def _(g, batch=batch, length=length, width=width, heads=heads):
        depth = width // heads
        x = g.input(f32(batch, length, width))
        mask = g.input((rng.random((batch, length)) > 0.2).astype(np.int64))

        def dense(v, inner, outer):
            return g.node("Add", g.node("MatMul", v, small(inner, outer)), f32(outer))

        def split(v, perm):
            return g.node("Transpose", g.node("Reshape", v, np.array([batch, length, heads, depth])), perm=perm)

        q, k, v = split(dense(x, width, width), [0, 2, 1, 3]), split(dense(x, width, width), [0, 2, 3, 1]), \
            split(dense(x, width, width), [0, 2, 1, 3])
        scores = g.node("Div", g.node("MatMul", q, k), np.float32(depth**0.5))
        hidden = g.node("Cast", g.node("Unsqueeze", mask, np.array([1, 2])), to=1)
        penalty = g.node("Mul", g.node("Sub", np.float32(1), hidden), np.float32(-10000))
        weights = g.node("Softmax", g.node("Add", scores, penalty), axis=-1)
        y = g.node("Reshape", g.node("Transpose", g.node("MatMul", weights, v), perm=[0, 2, 1, 3]),
                   np.array([batch, length, width]))
        y = g.node("LayerNormalization", g.node("Add", dense(y, width, width), x), f32(width), f32(width))
        z = dense(g.node("Gelu", dense(y, width, 2 * width)), 2 * width, width)
        g.output(g.node("LayerNormalization", g.node("Add", z, y), f32(width), f32(width)))


@case("layer norm by hand")
def _(g):
    x = g.input(f32(3, 5, 33))
    d = g.node("Sub", x, g.node("ReduceMean", x, np.array([-1])))
    v = g.node("ReduceMean", g.node("Pow", d, np.float32(2)), np.array([-1]))
    y = g.node("Div", d, g.node("Sqrt", g.node("Add", v, np.float32(1e-5))))
    g.output(g.node("Add", g.node("Mul", y, f32(33)), f32(33)))


@case("softmax by hand")
def _(g):
    x = g.input(f32(4, 65))
    e = g.node("Exp", g.node("Sub", x, g.node("ReduceMax", x, np.array([1]))))
    g.output(g.node("Div", e, g.node("ReduceSum", e, np.array([1]))))


@case("log softmax argmax")
def _(g):
    x = g.node("MatMul", g.input(f32(9, 32)), small(32, 101))
    g.output(g.node("LogSoftmax", x, axis=1), g.node("ArgMax", x, axis=1, keepdims=0))


@case("residual chain in place")
def _(g):
    x = g.input(f32(6, 37))
    y = x
    for i in range(6):
        y = g.node("Add", g.node("Tanh", g.node("MatMul", y, small(37, 37))), y)
    g.output(y, g.node("Neg", x))


@case("split and concat")
def _(g):
    x = g.node("Relu", g.input(f32(2, 12, 7)))
    a, b, c = g.node("Split", x, np.array([3, 4, 5]), axis=1, outputs=3)
    y = g.node("Concat", g.node("Neg", c), a, g.node("Exp", b), axis=1)
    g.output(y, g.node("Add", a, np.float32(1)))


@case("slices of one tensor")
def _(g):
    x = g.node("Mul", g.input(f32(8, 33)), np.float32(2))
    parts = [g.node("Slice", x, np.array([i]), np.array([i + 2]), np.array([0])) for i in (0, 3, 6)]
    y = g.node("Add", g.node("Mul", parts[0], parts[1]), parts[2])
    g.output(y, parts[1])


@case("pad between")
def _(g):
    x = g.node("Relu", g.input(f32(1, 3, 9, 8)))
    y = g.node("Pad", x, np.array([0, 0, 1, 2, 0, 0, 3, 1]), np.float32(0.5))
    y = g.node("Conv", y, small(5, 3, 3, 3))
    g.output(g.node("Pad", y, np.array([0, 1, 0, 0, 0, 2, 0, 0])), g.node("Pad", x, np.array([0, 0, 2, 2, 0, 0, 2, 2]), mode="reflect"))


@case("output used again")
def _(g):
    x = g.node("Exp", g.input(f32(5, 17)))
    g.output(x)
    y = g.node("Add", x, np.float32(1))
    g.output(y, g.node("Reshape", y, np.array([17, 5])), g.node("Transpose", y, perm=[1, 0]), x)


@case("input as output")
def _(g):
    x = g.input(f32(5, 17))
    g.output(x, g.node("Reshape", x, np.array([85])))


@case("constant output")
def _(g):
    g.output(g.node("Add", g.constant(f32(5)), f32(5)), g.node("Abs", g.input(f32(5))))


@case("constant folding of weights")
def _(g):
    w = g.node("Transpose", g.node("Mul", g.constant(small(40, 33)), np.float32(2)), perm=[1, 0])
    g.output(g.node("MatMul", g.input(f32(7, 33)), w))


@case("transposes that cancel")
def _(g):
    x = g.input(f32(1, 9, 8, 7))
    y = g.node("Transpose", x, perm=[0, 2, 3, 1])
    y = g.node("Add", g.node("Relu", y), f32(9))
    y = g.node("Transpose", y, perm=[0, 3, 1, 2])
    g.output(g.node("Mul", y, x))


@case("attention of two inputs")
def _(g):
    q, k = g.input(f32(2, 5, 16)), g.input(f32(2, 9, 16))
    s = g.node("Softmax", g.node("MatMul", q, g.node("Transpose", k, perm=[0, 2, 1])), axis=2)
    g.output(g.node("MatMul", s, k))


@case("embedding sum norm")
def _(g):
    i = g.input(rng.integers(0, 30, (2, 9)))
    y = g.node("Add", g.node("Gather", f32(30, 32), i), g.node("Gather", f32(2, 32), g.node("Mod", i, np.int64(2))))
    g.output(g.node("LayerNormalization", g.node("Add", y, f32(9, 32)), f32(32), f32(32)))


@case("masks")
def _(g):
    x, y = g.input(f32(4, 19)), g.input(f32(19))
    m = g.node("And", g.node("Greater", x, y), g.node("Not", g.node("Less", x, np.float32(-1))))
    g.output(m, g.node("Where", m, x, np.float32(0)), g.node("ReduceSum", g.node("Cast", m, to=7), np.array([1])))


@case("reduce then broadcast twice")
def _(g):
    x = g.input(f32(3, 4, 5, 6))
    a = g.node("ReduceMax", x, np.array([1, 3]))
    b = g.node("ReduceMean", x, np.array([0]))
    g.output(g.node("Mul", g.node("Sub", x, a), b))


@case("cube of ones")
def _(g):
    x = g.input(f32(1, 1, 1, 1))
    y = g.node("Conv", x, f32(1, 1, 1, 1), f32(1))
    g.output(g.node("Softmax", g.node("Flatten", g.node("Relu", y)), axis=1))


@case("empty batch")
def _(g):
    x = g.input(f32(0, 8))
    y = g.node("Relu", g.node("Gemm", x, small(8, 5), f32(5)))
    g.output(y, g.node("Concat", y, g.input(f32(2, 5)), axis=0))


sys.exit(suite.main())
