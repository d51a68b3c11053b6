# RUN: %python %s
# REQUIRES: onnxruntime
"""Single ONNX operators, compiled and run, against onnxruntime or numpy: odd shapes
(1, primes, not multiples of the vector width, empty dimensions), all element types."""

import itertools
import sys

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from dlc_testing import Suite

rng = np.random.default_rng(1)
suite = Suite()
SHAPES = [(1,), (7,), (64,), (3, 5), (2, 17, 31), (1, 1, 1), (2, 0, 3), (), (5, 1, 13), (129,)]


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def ints(dtype, *shape, low=-50, high=50):
    info = np.iinfo(dtype)
    return rng.integers(max(low, info.min), min(high, info.max), shape).astype(dtype)


def elementwise():
    plain = ["Abs", "Neg", "Ceil", "Floor", "Round", "Exp", "Sin", "Cos", "Tan", "Atan", "Sinh", "Cosh", "Asinh",
             "Tanh", "Sigmoid", "Relu", "Sign", "Erf", "Elu", "Selu", "Softplus", "Softsign", "HardSigmoid",
             "HardSwish", "LeakyRelu", "Celu", "ThresholdedRelu", "Mish", "Gelu", "IsNaN", "IsInf", "Reciprocal"]
    for i, op in enumerate(plain):
        for shape in (SHAPES if i < 4 else [SHAPES[i % len(SHAPES)], (37,)]):
            suite.op(f"{shape}", op, [f32(*shape) * 2])
    for op in ("Sqrt", "Log"):
        suite.op("positive", op, [np.abs(f32(3, 41)) + 1e-3])
    for op in ("Asin", "Acos", "Atanh"):
        suite.op("inside", op, [np.clip(f32(43) / 3, -0.99, 0.99)])
    suite.op("above 1", "Acosh", [np.abs(f32(43)) + 1.01])
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 2e-38, 88.5, -87.0, -104.0, 1e30, -1e30, 5e-4, -20.0],
                       np.float32)
    with np.errstate(all="ignore"):
        for op, function in {"Exp": np.exp, "Tanh": np.tanh, "Abs": np.abs, "Relu": lambda v: np.maximum(v, 0),
                             "Log": np.log, "Sqrt": np.sqrt, "Floor": np.floor, "Sign": np.sign,
                             "Sigmoid": lambda v: 1 / (1 + np.exp(-v))}.items():
            suite.op("special values", op, [special], expected=function(special))
    wide = np.linspace(-100, 100, 1001, dtype=np.float32)
    for op in ("Exp", "Tanh", "Erf", "Sigmoid", "Sin", "Cos", "Gelu"):
        suite.op("wide range", op, [wide])
    suite.op("tiny to huge", "Log", [np.logspace(-37, 37, 333).astype(np.float32)])
    pairs = [((3, 5), (3, 5)), ((3, 5), (5,)), ((3, 1), (1, 5)), ((), (2, 3)), ((4, 1, 3), (2, 1)), ((1, 1), (1,)),
             ((2, 0, 3), (1, 3)), ((7,), ()), ((2, 3, 17, 19), (3, 1, 1)), ((64, 1), (64, 33))]
    for op in ("Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu"):
        for a, b in pairs if op in ("Add", "Div") else pairs[::3]:
            if op == "PRelu" and np.broadcast_shapes(a, b) != a:
                continue
            suite.op(f"{a} {b}", op, [f32(*a), f32(*b)])
    for op in ("Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal"):
        x = np.round(f32(5, 7))
        suite.op("f32", op, [x, np.round(f32(7))])
        suite.op("i64", op, [ints(np.int64, 5, 7, high=3, low=-3), ints(np.int64, 7, high=3, low=-3)])
    for op in ("And", "Or", "Xor"):
        suite.op("bool", op, [f32(5, 7) > 0, f32(7) > 0])
    suite.op("bool", "Not", [f32(5, 7) > 0])
    suite.op("bool equal", "Equal", [f32(5, 7) > 0, f32(7) > 0])
    suite.op("where", "Where", [f32(5, 1) > 0, f32(5, 7), f32(7)])
    suite.op("where ints", "Where", [f32(7) > 0, ints(np.int64, 5, 7), ints(np.int64, 1)])
    suite.op("powers", "Pow", [np.abs(f32(5, 7)) + 0.1, f32(7)])
    for power in (0.5, 2.0, 3.0, -1.0, 2.5):
        suite.op(f"to {power}", "Pow", [np.abs(f32(5, 7)) + 0.1], [np.float32(power)])
    suite.op("to int", "Pow", [f32(5, 7)], [np.int64(3)])
    for dtype in (np.int32, np.int64, np.int8, np.uint8):
        x, y = ints(dtype, 3, 37, low=1), ints(dtype, 37, low=1, high=9)
        name = np.dtype(dtype).name
        for op, function in {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Max": np.maximum,
                             "Min": np.minimum, "Div": np.floor_divide, "Mod": np.mod}.items():
            suite.op(name, op, [x, y], expected=function(x, y))
        suite.op(name, "Abs", [x])
        if dtype != np.uint8:
            suite.op(f"signed {name}", "Mod", [ints(dtype, 41), np.full(41, 7, dtype)])
            suite.op(f"signed {name}", "Div", [x - dtype(20), y])
            suite.op(name, "Neg", [x])
    suite.op("fmod", "Mod", [f32(41) * 5, f32(41)], fmod=1)
    for dtype in (np.uint8, np.uint32):
        x, y = ints(dtype, 41, low=0, high=200), ints(dtype, 41, low=0, high=7)
        suite.op(np.dtype(dtype).name, "BitShift", [x, y], direction="LEFT", expected=x << y)
        suite.op(np.dtype(dtype).name, "BitShift", [x, y], direction="RIGHT", expected=x >> y)
        suite.op(np.dtype(dtype).name, "BitwiseAnd", [x, y], expected=x & y)
        suite.op(np.dtype(dtype).name, "BitwiseNot", [x], expected=~x)
    suite.op("f16", "Add", [f32(3, 37).astype(np.float16), f32(37).astype(np.float16)])
    suite.op("f16", "Exp", [f32(37).astype(np.float16)])
    suite.op("f64", "Mul", [f32(3, 37).astype(np.float64), f32(37).astype(np.float64)])
    suite.op("range", "Clip", [f32(3, 37)], [np.float32(-0.5), np.float32(0.7)])
    suite.op("min only", "Clip", [f32(3, 37)], [np.float32(-0.5)])
    for n in (1, 2, 3):
        suite.op(f"{n} operands", "Sum", [f32(3, 37) for _ in range(n)])
        suite.op(f"{n} operands", "Mean", [f32(3, 37) for _ in range(n)])


def casts():
    from onnx import helper
    for source, target in itertools.permutations(
            (np.float32, np.float64, np.float16, np.int32, np.int64, np.uint8, np.int8, np.bool_), 2):
        values = (f32(37) * 20).astype(np.float64)
        if np.issubdtype(target, np.unsignedinteger):
            values = np.abs(values)
        values = values > 0 if source == np.bool_ else np.abs(values).astype(source) \
            if np.issubdtype(source, np.unsignedinteger) else values.astype(source)
        suite.op(f"{np.dtype(source).name} to {np.dtype(target).name}", "Cast", [values],
                 to=helper.np_dtype_to_tensor_dtype(np.dtype(target)), expected=values.astype(target))


def products():
    for a, b in [((3, 5), (5, 7)), ((2, 3, 5), (5, 7)), ((2, 1, 3, 5), (4, 5, 7)), ((1, 5), (5, 1)), ((5,), (5, 3)),
                 ((3, 5), (5,)), ((4, 3, 5), (1, 5, 2)), ((0, 3), (3, 4)), ((17, 31), (31, 13)), ((1, 256), (256, 100)),
                 ((33, 65), (65, 97)), ((2, 12, 19, 64), (2, 12, 64, 19)), ((128, 48), (48, 96)), ((7, 1), (1, 9)),
                 ((3, 0), (0, 4))]:
        x, y = f32(*a), f32(*b)
        suite.op(f"{a} {b}", "MatMul", [x, y], expected=x @ y)
        if len(b) == 2:
            suite.op(f"{a} {b} constant", "MatMul", [x], [y], expected=x @ y)
    for ta, tb in itertools.product((0, 1), (0, 1)):
        x, y, z = f32(*((5, 3) if ta else (3, 5))), f32(*((7, 5) if tb else (5, 7))), f32(7)
        suite.op(f"{ta}{tb}", "Gemm", [x, y, z], transA=ta, transB=tb, alpha=0.5, beta=2.0)
        x, y, z = f32(*((65, 33) if ta else (33, 65))), f32(*((40, 65) if tb else (65, 40))), f32(33, 1)
        suite.op(f"{ta}{tb} constant", "Gemm", [x], [y, z], transA=ta, transB=tb)
    suite.op("ints", "MatMul", [ints(np.int32, 5, 7), ints(np.int32, 7, 3)])


def convolutions():
    configs = [
        (2, 3, 5, 1, (7, 9), (3, 3), [1, 1], [1, 1, 1, 1], [1, 1]), (1, 4, 6, 2, (8, 7), (3, 2), [2, 1], [1, 0, 0, 1], [1, 2]),
        (1, 5, 5, 5, (9, 9), (3, 3), [2, 2], [1, 1, 1, 1], [1, 1]), (2, 4, 8, 4, (6, 6), (3, 3), [1, 1], [0, 0, 0, 0], [1, 1]),
        (1, 8, 4, 4, (5, 5), (1, 1), [1, 1], [0, 0, 0, 0], [1, 1]), (1, 3, 7, 1, (5, 6), (1, 1), [2, 2], [0, 0, 0, 0], [1, 1]),
        (2, 3, 4, 1, (11,), (3,), [2], [2, 1], [2]), (1, 2, 3, 1, (4, 5, 6), (2, 3, 2), [1, 2, 1], [1, 1, 0, 0, 1, 1], [1, 1, 1]),
        (1, 6, 6, 3, (5,), (2,), [1], [0, 1], [1]), (1, 1, 1, 1, (1, 1), (3, 3), [1, 1], [1, 1, 1, 1], [1, 1]),
        (1, 16, 33, 1, (14, 14), (3, 3), [1, 1], [1, 1, 1, 1], [1, 1]), (1, 64, 32, 1, (7, 7), (1, 1), [1, 1], [0, 0, 0, 0], [1, 1]),
        (1, 40, 40, 40, (13, 11), (5, 5), [1, 1], [2, 2, 2, 2], [1, 1]), (1, 32, 64, 4, (10, 9), (3, 3), [1, 1], [1, 1, 1, 1], [1, 1]),
        (1, 3, 16, 1, (32, 31), (7, 7), [2, 2], [3, 3, 3, 3], [1, 1]), (1, 96, 96, 96, (15, 15), (3, 3), [2, 2], [1, 1, 1, 1], [1, 1]),
        (3, 8, 8, 1, (1, 17), (1, 3), [1, 1], [0, 1, 0, 1], [1, 1]), (1, 5, 3, 1, (6, 6), (3, 3), [1, 1], [2, 2, 2, 2], [2, 2]),
        (1, 8, 16, 8, (9, 8), (3, 3), [2, 1], [1, 1, 1, 1], [1, 1]),
    ]
    for n, c, o, g, size, kernel, strides, pads, dilations in configs:
        x, w, bias = f32(n, c, *size), f32(o, c // g, *kernel), f32(o)
        title = f"{x.shape} {w.shape} g{g} s{strides} p{pads} d{dilations}"
        attributes = dict(group=g, strides=strides, pads=pads, dilations=dilations)
        suite.op(title, "Conv", [x], [w, bias], **attributes)
        if c < 20:
            suite.op(title + " runtime filter", "Conv", [x, w], **attributes)
        wt = f32(c, o // g, *kernel)
        if c <= 16 and g != c:
            suite.op(title, "ConvTranspose", [x], [wt, f32(o)], group=g, strides=strides, dilations=dilations,
                     output_padding=[s - 1 for s in strides])
            suite.op(title + " disjoint", "ConvTranspose", [x], [wt], group=g, strides=list(kernel))
    for auto in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        suite.op(auto, "Conv", [f32(1, 3, 9, 8)], [f32(4, 3, 3, 2)], auto_pad=auto, strides=[2, 2])
        suite.op(auto, "MaxPool", [f32(1, 3, 9, 8)], kernel_shape=[3, 2], auto_pad=auto, strides=[2, 2])
    for size in (4, 5):
        title = f"one window of {size}"
        suite.op(title, "Conv", [f32(1, 4, size, size)], [f32(4, 1, 3, 3)], group=4, strides=[2, 3], pads=[0, 1, 0, 0])
        suite.op(title, "Conv", [f32(1, 4, size, size)], [f32(5, 4, 3, 3)], strides=[3, 2])
        suite.op(title, "MaxPool", [f32(1, 4, size, size)], kernel_shape=[3, 3], strides=[3, 3])
        suite.op(title, "AveragePool", [f32(1, 4, size, size)], kernel_shape=[3, 3], strides=[3, 3], pads=[1, 0, 0, 0])
    suite.op("no batch", "Conv", [f32(0, 3, 5, 5)], [f32(4, 3, 3, 3)], expected=np.zeros((0, 4, 3, 3), np.float32))


def pools():
    for size, kernel, strides, pads, dilations in [
            ((7, 9), [3, 3], [2, 2], [1, 1, 1, 1], [1, 1]), ((6, 5), [2, 3], [1, 2], [0, 1, 1, 0], [1, 1]),
            ((9, 8), [3, 2], [1, 1], [0, 0, 0, 0], [2, 3]), ((11,), [4], [3], [1, 2], [1]),
            ((4, 5, 6), [2, 2, 2], [2, 2, 2], [0, 1, 0, 0, 0, 1], [1, 1, 1]), ((28, 28), [2, 2], [2, 2], [0] * 4, [1, 1])]:
        for channels in (3, 33):
            x = f32(2, channels, *size)
            attributes = dict(kernel_shape=kernel, strides=strides, pads=pads, dilations=dilations)
            title = f"{x.shape} k{kernel} s{strides} p{pads} d{dilations}"
            suite.op(title, "MaxPool", [x], **attributes)
            for include in (0, 1):
                suite.op(f"{title} {include}", "AveragePool", [x], count_include_pad=include, **attributes)
    suite.op("ceil", "MaxPool", [f32(1, 2, 8, 9)], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    suite.op("ceil", "AveragePool", [f32(1, 2, 8, 9)], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    for shape in [(1, 3, 7, 7), (2, 37, 5, 3), (1, 2, 9), (1, 64, 1, 1)]:
        suite.op(f"{shape}", "GlobalAveragePool", [f32(*shape)])
        suite.op(f"{shape}", "GlobalMaxPool", [f32(*shape)])
    for size, beta in [(5, 0.75), (3, 0.6)]:
        suite.op(f"{size} {beta}", "LRN", [f32(2, 7, 3, 5)], size=size, alpha=0.3, beta=beta, bias=1.5)


def reductions():
    for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
               "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"):
        for shape, axes, keep in [((3, 5), [1], 0), ((37, 65), [0], 1), ((2, 3, 4, 5), [1, 3], 1), ((2, 3, 7, 7), [2, 3], 1),
                                  ((129,), [0], 0), ((3, 1), [1], 0), ((2, 17, 33), [-1], 1), ((4, 4), None, 0)]:
            x = np.abs(f32(*shape)) + 0.1 if "Log" in op or "Prod" in op else f32(*shape)
            if axes is None:
                suite.op(f"{shape} all", op, [x], keepdims=keep)
            else:
                suite.op(f"{shape} {axes} {keep}", op, [x], [np.array(axes)], keepdims=keep)
    for dtype in (np.int32, np.int64):
        for op in ("ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"):
            suite.op(np.dtype(dtype).name, op, [ints(dtype, 5, 17, low=-3, high=4)], [np.array([1])])
    suite.op("empty", "ReduceSum", [f32(3, 0)], [np.array([1])], expected=np.zeros((3, 1), np.float32))
    for op in ("ArgMax", "ArgMin"):
        for shape, axis in [((3, 5), 1), ((37, 4), 0), ((2, 3, 65), -1), ((2, 5, 3), 1), ((1, 1), 1)]:
            for keep, last in ((0, 0), (1, 1)):
                x = np.round(f32(*shape) * 2)
                suite.op(f"{shape} {axis} {keep}{last}", op, [x], axis=axis, keepdims=keep, select_last_index=last)
        suite.op("i32", op, [ints(np.int32, 5, 33)], axis=1)
    for exclusive, reverse in itertools.product((0, 1), (0, 1)):
        suite.op(f"{exclusive}{reverse}", "CumSum", [f32(3, 17)], [np.array(1)], exclusive=exclusive, reverse=reverse)
        suite.op(f"{exclusive}{reverse} i64", "CumSum", [ints(np.int64, 5, 3)], [np.array(0)], exclusive=exclusive,
                 reverse=reverse)


def normalizations():
    for shape, axis in [((3, 5), 1), ((3, 5), 0), ((2, 3, 17), -1), ((2, 12, 33, 33), 3), ((1, 1), 1), ((1, 1000), 1),
                        ((7,), 0), ((2, 8, 3, 3), 1)]:
        suite.op(f"{shape} {axis}", "Softmax", [f32(*shape) * 4], axis=axis)
        suite.op(f"{shape} {axis}", "LogSoftmax", [f32(*shape) * 4], axis=axis)
    for shape, axis in [((3, 5), 1), ((2, 3, 17), 2), ((1, 128, 96), -1), ((2, 3, 4), 1), ((4, 1), 1)]:
        inner = shape[axis:]
        suite.op(f"{shape} {axis}", "LayerNormalization", [f32(*shape)], [f32(*inner), f32(*inner)], axis=axis)
        suite.op(f"{shape} {axis} no bias", "LayerNormalization", [f32(*shape), f32(*inner)], axis=axis)
    for shape in [(2, 3, 4, 5), (2, 3), (1, 3, 7)]:
        suite.op(f"{shape}", "BatchNormalization", [f32(*shape)], [f32(3), f32(3), f32(3), np.abs(f32(3)) + 0.1])
        suite.op(f"{shape} runtime", "BatchNormalization", [f32(*shape), f32(3), f32(3), f32(3), np.abs(f32(3)) + 0.1])
    suite.op("instance", "InstanceNormalization", [f32(2, 3, 5, 7)], [f32(3), f32(3)])


def resizes():
    for shape in ((1, 2, 5, 6), (1, 17, 4, 4)):
        x = f32(*shape)
        for scales in ([1, 1, 2, 2], [1, 1, 0.6, 0.5], [1, 1, 1.7, 1], [1, 1, 3, 4]):
            for mode, coordinate in [("nearest", "asymmetric"), ("nearest", "half_pixel"), ("linear", "half_pixel"),
                                     ("linear", "align_corners"), ("linear", "pytorch_half_pixel"), ("cubic", "half_pixel")]:
                attributes = {"mode": mode, "coordinate_transformation_mode": coordinate,
                              "nearest_mode": "floor" if coordinate == "asymmetric" else "round_prefer_floor"}
                constants = [None, np.array(scales, np.float32)]
                # Sizes that are no whole numbers: onnxruntime aligns the corners of the
                # rounded size, ONNX's own suite those of the size itself.
                fraction = any(round(n * s, 3) % 1 for n, s in zip(shape, scales))
                expected = None
                if coordinate == "align_corners" and fraction:
                    node = onnx.helper.make_node("Resize", ["x", "", "s"], ["y"], **attributes)
                    expected = ReferenceEvaluator(node).run(None, {"x": x, "s": constants[1]})[0]
                suite.op(f"{shape} {scales} {mode} {coordinate}", "Resize", [x], constants, expected, **attributes)
        suite.op(f"{shape} sizes", "Resize", [x], [None, None, np.array([*shape[:2], 7, 11])], mode="linear")
    # Coordinates in the middle between two elements, but for what a scale of float32 is off.
    for size, result in ((13, 8), (7, 2), (14, 4), (26, 12)):
        for rounding in ("round_prefer_ceil", "round_prefer_floor", "floor", "ceil"):
            for coordinate in ("asymmetric", "half_pixel"):
                suite.op(f"{size} {result} {rounding} {coordinate}", "Resize", [np.arange(size, dtype=np.float32)], [None, None, np.array([result])],
                         mode="nearest", nearest_mode=rounding, coordinate_transformation_mode=coordinate)


def shapes():
    x = f32(2, 3, 4)
    for shape in [(24,), (6, 4), (2, -1), (0, 12), (1, 2, 3, 1, 4), (8, 3)]:
        suite.op(f"{shape}", "Reshape", [x], [np.array(shape)])
    for perm in itertools.permutations(range(3)):
        suite.op(f"{perm}", "Transpose", [f32(17, 5, 33)], perm=perm)
    suite.op("nchw to nhwc", "Transpose", [f32(2, 33, 7, 9)], perm=(0, 2, 3, 1))
    suite.op("4d", "Transpose", [f32(2, 3, 17, 16)], perm=(0, 2, 1, 3))
    suite.op("bytes", "Transpose", [ints(np.uint8, 5, 37)], perm=(1, 0))
    suite.op("expand", "Expand", [f32(3, 1)], [np.array([2, 3, 4])])
    suite.op("tile", "Tile", [f32(2, 3)], [np.array([2, 3])])
    for axis in (0, 1, 2, -1):
        parts = [f32(*(n if d == axis % 3 else s for d, s in enumerate((2, 5, 7)))) for n in (1, 3, 2)]
        suite.op(f"axis {axis}", "Concat", parts, axis=axis)
    suite.op("empty part", "Concat", [f32(2, 0), f32(2, 3)], axis=1)
    suite.op("constant part", "Concat", [f32(2, 3)], [f32(2, 4)], axis=1)
    suite.op("bools", "Concat", [f32(5) > 0, f32(3) > 0], axis=0)

    def split(sizes, axis, shape):
        def build(g):
            g.output(*g.node("Split", g.input(f32(*shape)), np.array(sizes), axis=axis, outputs=len(sizes)))
        suite.case(f"Split {sizes} {axis}", build)

    split([1, 3, 1], 1, (2, 5, 7))
    split([2, 2], 0, (4, 9))
    split([4, 13], -1, (3, 17))
    y = f32(5, 9, 7)
    for starts, ends, axes, steps in [([1], [4], [0], [1]), ([0, 2], [5, 8], [0, 1], [2, 3]), ([-1], [-99], [1], [-2]),
                                      ([4, 6], [-9, 0], [0, 2], [-1, -3]), ([2], [2], [1], [1]), ([-3], [99], [2], [1])]:
        suite.op(f"{starts} {ends} {axes} {steps}", "Slice", [y],
                 [np.array(starts), np.array(ends), np.array(axes), np.array(steps)])
    for mode in ("constant", "edge", "reflect", "wrap"):
        constants = [np.array([1, 0, 3, 1, 2, 2])] + ([np.float32(1.5)] if mode == "constant" else [])
        suite.op(mode, "Pad", [x], constants, mode=mode)
    for mode in ("constant", "edge", "reflect", "wrap"):
        suite.op(f"cuts {mode}", "Pad", [x], [np.array([0, -1, 1, 1, 1, -2])], mode=mode)
    data = f32(5, 4, 3)
    for indices, axis in [(np.array([0, 4, -1, -5]), 0), (np.array([[0, 1], [-1, 2]]), 1), (np.array(2), 2),
                          (np.array([1, 1], np.int32), 2)]:
        suite.op(f"{indices.shape} {axis}", "Gather", [data, indices], axis=axis)
        suite.op(f"{indices.shape} {axis} constant", "Gather", [data], [indices], axis=axis)

    def embedding(g):
        g.output(g.node("Gather", f32(50, 33), g.input(rng.integers(0, 50, (2, 17))), axis=0))

    suite.case("Gather embedding", embedding)
    suite.op("tuples", "GatherND", [data, np.array([[0, 1], [-1, 3]])])
    suite.op("batched", "GatherND", [data, rng.integers(0, 3, (5, 2, 2))], batch_dims=1)
    suite.op("flatten", "Flatten", [f32(2, 3, 5)], axis=1)
    suite.op("squeeze", "Squeeze", [f32(1, 3, 1)], [np.array([0, 2])])
    suite.op("unsqueeze", "Unsqueeze", [f32(3)], [np.array([0, 2])])
    suite.op("depth", "DepthToSpace", [f32(1, 12, 3, 5)], blocksize=2)
    suite.op("space", "SpaceToDepth", [f32(1, 3, 4, 6)], blocksize=2)
    suite.op("identity", "Identity", [f32(3, 5)])
    suite.op("identity of scalar", "Identity", [f32()])
    suite.op("identity of nothing", "Identity", [f32(0)])


def sorts():
    """Short rows are sorted by rank, long ones by a network; ties keep their order, NaN
    is the largest."""
    for n, nans in itertools.product((37, 1500), (0, 3)):
        x = np.round(f32(2, n) * 4)
        x[:, rng.choice(n, nans, replace=False)] = np.nan
        for largest in (1, 0):
            order = np.argsort(np.where(np.isnan(x), np.inf, x) * (-1 if largest else 1), axis=1, kind="stable")[:, :5]

            def build(graph, x=x, order=order, largest=largest):
                values, indices = graph.node("TopK", graph.input(x), [5], outputs=2, largest=largest)
                graph.output(values, expected=np.take_along_axis(x, order, 1))
                graph.output(indices, expected=order)

            suite.case(f"TopK {n} {nans} NaN {largest}", build)


def recurrent():
    """Loops over the steps: both directions, sequences of several lengths, weights that are constant or not,
    slices of sizes that are no multiple of a vector; and as few steps as are laid out one after the other."""
    shapes = [(5, 3, 7, 2, "bidirectional", True, True), (8, 4, 6, 1, "reverse", False, True),
              (16, 16, 9, 3, "forward", True, False), (5, 4, 1, 1, "forward", False, True)]
    for (op, gates), (hidden, inputs, steps, batch, direction, lengths, constant) in itertools.product(
            [("LSTM", 4), ("GRU", 3), ("RNN", 1)], shapes):
        d = 2 if direction == "bidirectional" else 1
        n = gates * hidden

        def build(graph, d=d, n=n, op=op, hidden=hidden, inputs=inputs, steps=steps, batch=batch,
                  direction=direction, lengths=lengths, constant=constant):
            weights = [f32(d, n, inputs) / 4, f32(d, n, hidden) / 4, f32(d, 2 * n) / 4]
            results = graph.node(
                op, graph.input(f32(steps, batch, inputs)),
                *[w if constant else graph.input(w) for w in weights],
                graph.input(ints(np.int32, batch, low=1, high=steps + 1)) if lengths else None,
                graph.input(f32(d, batch, hidden)), outputs=3 if op == "LSTM" else 2,
                hidden_size=hidden, direction=direction,
                **({"linear_before_reset": hidden % 2} if op == "GRU" else {}))
            graph.output(*results)

        suite.case(f"{op} of {steps} steps {direction}", build)


for family in (elementwise, casts, products, convolutions, pools, reductions, normalizations, resizes, shapes, sorts,
               recurrent):
    family()
sys.exit(suite.main())
