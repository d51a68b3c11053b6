# RUN: %python %s
# REQUIRES: onnxruntime
"""Numbers of the nn lowering against numpy and onnxruntime, without the levels
below linalg: odd shapes, every element type family, special values."""

import itertools
import math
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
from reference import Program, tensor_type

rng = np.random.default_rng(0)
cases = []


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def case(text, inputs, expected, rtol=1e-4, atol=1e-5):
    """`text` is "nn.op %0, %1 attributes"; `expected` the array it must give."""
    expected = np.asarray(expected)
    types = ", ".join(tensor_type(a) for a in inputs)
    body = f"  %r0 = {text} : ({types}) -> {tensor_type(expected)}"
    if text.startswith("nn.constant"):
        body = f"  %r0 = {text} : {tensor_type(expected)}"
    cases.append((f"case{len(cases)}", text, inputs, body, expected, rtol, atol))


def ort(op, inputs, constants=(), opset=22, **attributes):
    """What onnxruntime computes for one node; `constants` become initializers
    (None: a missing input)."""
    names, values, initializers = [], [], []
    for i, array in enumerate(inputs):
        names.append(f"x{i}")
        values.append(helper.make_tensor_value_info(
            f"x{i}", helper.np_dtype_to_tensor_dtype(array.dtype), array.shape))
    for i, array in enumerate(constants):
        names.append("" if array is None else f"c{i}")
        if array is not None:
            initializers.append(numpy_helper.from_array(np.asarray(array), f"c{i}"))
    node = helper.make_node(op, names, ["y"], **attributes)
    graph = helper.make_graph([node], "g", values, [helper.make_empty_tensor_value_info("y")],
                              initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    return session.run(None, {f"x{i}": a for i, a in enumerate(inputs)})[0]


def unary_cases():
    x = np.concatenate([f32(2, 37).ravel() * 3, np.array([0, -0.0, 1, -1, 0.5, 2.5, -1.5], np.float32)])
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, -1e30, 88.0, -104.0], np.float32)
    both = np.concatenate([x, special])
    erf = np.vectorize(math.erf)
    table = {
        "abs": np.abs, "neg": np.negative, "ceil": np.ceil, "floor": np.floor, "round": np.rint,
        "exp": np.exp, "sin": np.sin, "cos": np.cos, "tan": np.tan, "atan": np.arctan,
        "sinh": np.sinh, "cosh": np.cosh, "asinh": np.arcsinh, "tanh": np.tanh,
        "sigmoid": lambda v: 1 / (1 + np.exp(-v)), "relu": lambda v: np.maximum(v, 0),
        "sign": np.sign, "is_nan": np.isnan, "is_inf": np.isinf, "reciprocal": lambda v: 1 / v,
    }
    with np.errstate(all="ignore"):
        for name, function in table.items():
            values = x if name in ("sin", "cos", "tan", "asinh") else both
            case(f"nn.{name} %0", [values], function(values), atol=1e-4 if name == "tan" else 1e-5)
        case("nn.erf %0", [x], erf(x).astype(np.float32))
        for name, function in {"sqrt": np.sqrt, "log": np.log,
                               "rsqrt": lambda v: 1 / np.sqrt(v)}.items():
            values = np.concatenate([np.abs(x), special])
            case(f"nn.{name} %0", [values], function(values))
        inside = np.linspace(-1, 1, 31, dtype=np.float32)
        for name, function in {"asin": np.arcsin, "acos": np.arccos}.items():
            case(f"nn.{name} %0", [inside], function(inside))
        case("nn.atanh %0", [inside[1:-1]], np.arctanh(inside[1:-1]))
        case("nn.acosh %0", [np.abs(x) + 1], np.arccosh(np.abs(x) + 1), rtol=1e-3, atol=1e-3)
    half = x.astype(np.float16)
    case("nn.exp %0", [half], np.exp(half.astype(np.float32)).astype(np.float16), rtol=1e-3)
    case("nn.sqrt %0", [np.abs(x).astype(np.float64)], np.sqrt(np.abs(x).astype(np.float64)))
    for dtype in (np.int8, np.int16, np.int32, np.int64):
        values = np.array([0, 1, -1, 5, -7, np.iinfo(dtype).max, np.iinfo(dtype).min], dtype)
        case("nn.abs %0", [values], np.abs(values))
        case("nn.neg %0", [values], -values)
        case("nn.sign %0", [values], np.sign(values))
        case("nn.relu %0", [values], np.maximum(values, 0))
        case("nn.bitwise_not %0", [values], ~values)
    values = np.array([0, 1, 200, 255], np.uint8)
    case("nn.sign %0", [values], np.sign(values))
    case("nn.bitwise_not %0", [values], ~values)
    flags = np.array([True, False, True])
    case("nn.not %0", [flags], ~flags)


def binary_cases():
    shapes = [((3, 5), (3, 5)), ((3, 5), (5,)), ((3, 1), (1, 5)), ((), (2, 3)), ((4, 1, 3), (2, 1)),
              ((1, 1), (1,)), ((2, 0, 3), (1, 3)), ((7,), ())]
    functions = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
                 "max": np.maximum, "min": np.minimum}
    for (name, function), (a, b) in itertools.product(functions.items(), shapes):
        x, y = f32(*a), f32(*b)
        case(f"nn.{name} %0, %1", [x, y], function(x, y))
    nans = np.array([1, np.nan, 3, np.nan], np.float32)
    other = np.array([np.nan, 2, 1, np.nan], np.float32)
    case("nn.max %0, %1", [nans, other], np.maximum(nans, other))
    case("nn.min %0, %1", [nans, other], np.minimum(nans, other))
    for dtype in (np.int8, np.int32, np.int64, np.uint8, np.uint32, np.uint64):
        info = np.iinfo(dtype)
        x = np.array([7, 7, info.max, info.min, info.min, 5, 0, 100], dtype)
        y = np.array([2, 3, 2, 3, info.max, 0, 5, 7], dtype)
        if info.min < 0:
            x = np.concatenate([x, np.array([-7, 7, -7, info.min], dtype)])
            y = np.concatenate([y, np.array([2, -2, -2, -1], dtype)])
        quotient = [0 if b == 0 else abs(int(a)) // abs(int(b)) * (1 if (a < 0) == (b < 0) else -1)
                    for a, b in zip(x, y)]
        with np.errstate(all="ignore"):
            case("nn.div %0, %1", [x, y], np.array([q & (2**info.bits - 1) for q in quotient],
                                                   np.uint64).astype(dtype))
            case("nn.mod %0, %1", [x, y], np.mod(x, y))
            case("nn.mod %0, %1 fmod", [x, y], np.fmod(x, y))
            case("nn.add %0, %1", [x, y], x + y)
            case("nn.mul %0, %1", [x, y], x * y)
            case("nn.max %0, %1", [x, y], np.maximum(x, y))
            case("nn.min %0, %1", [x, y], np.minimum(x, y))
            small = np.array([0, 1, 2, 3, 4, 5, 6, 7], dtype)
            base = np.array([3, 2, 1, 5, 0, 1, 2, 3], dtype)
            case("nn.pow %0, %1", [base, small], base ** small)
            case("nn.bitwise_and %0, %1", [x, y], x & y)
            case("nn.bitwise_or %0, %1", [x, y], x | y)
            case("nn.bitwise_xor %0, %1", [x, y], x ^ y)
        for predicate, function in {"eq": np.equal, "ne": np.not_equal, "lt": np.less,
                                    "le": np.less_equal, "gt": np.greater,
                                    "ge": np.greater_equal}.items():
            case(f"nn.compare {predicate} %0, %1", [x, y], function(x, y))
    x = np.array([-3.5, 3.5, 5, -5, 0, 7.25], np.float32)
    y = np.array([2, -2, 3, 3, 4, -1.5], np.float32)
    case("nn.mod %0, %1", [x, y], np.mod(x, y))
    case("nn.mod %0, %1 fmod", [x, y], np.fmod(x, y))
    base, power = np.abs(f32(5, 7)) + 0.1, f32(7)
    case("nn.pow %0, %1", [base, power], base ** power)
    case("nn.pow %0, %1", [np.array([-2, -1, 2], np.int32), np.array([-1, -3, -2], np.int32)],
         np.array([0, -1, 0], np.int32))
    for dtype in (np.uint8, np.uint32, np.uint64):
        x = np.array([255, 128, 3, 1, 77], dtype)
        y = np.array([1, 7, 0, 64, 3], dtype)
        case("nn.shift left %0, %1", [x, y], np.left_shift(x, y))
        case("nn.shift right %0, %1", [x, y], np.right_shift(x, y))
    p, q = np.array([[True], [False]]), np.array([True, False, True])
    case("nn.and %0, %1", [p, q], p & q)
    case("nn.or %0, %1", [p, q], p | q)
    case("nn.xor %0, %1", [p, q], p ^ q)
    case("nn.compare eq %0, %1", [p, q], p == q)
    a, b = f32(2, 1, 3), f32(2, 1)
    case("nn.select %0, %1, %2", [q, a, b], np.where(q, a, b))
    for predicate, function in {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "ge": np.greater_equal}.items():
        case(f"nn.compare {predicate} %0, %1", [nans, other], function(nans, other))


def cast_cases():
    floats = np.array([0, -0.0, 1.5, -1.5, 2.5, 127.9, -128.9, 255.5, 1e5, -3.7, 65504], np.float32)
    for source in (np.float32, np.float64, np.float16, np.int32, np.uint8, np.int64, np.uint64, np.bool_, np.int8):
        values = floats.astype(np.float64)
        if source == np.bool_:
            values = np.array([True, False])
        elif np.issubdtype(source, np.integer):
            info = np.iinfo(source)
            values = np.array([0, 1, 100, info.max, info.min, info.max // 3], source)
        else:
            with np.errstate(all="ignore"):
                values = values.astype(source)
        for target in (np.float32, np.float64, np.float16, np.int32, np.uint8, np.int64, np.uint64, np.bool_,
                       np.int8, np.int16, np.uint32):
            if source == target:
                continue
            chosen = values
            if np.issubdtype(source, np.floating) and np.issubdtype(target, np.integer):
                info = np.iinfo(target)
                whole = np.trunc(values.astype(np.float64))
                chosen = values[(whole >= info.min) & (whole <= info.max)]
            with np.errstate(all="ignore"):
                case("nn.cast %0", [chosen], chosen.astype(target), rtol=1e-3)
    case("nn.cast %0", [np.array([np.nan, np.inf, -np.inf, 3e9], np.float32)],
         np.full(4, -2**31, np.int32))
    case("nn.cast %0", [np.array([2.0**63 + 2**40, 5.0], np.float64)],
         np.array([2**63 + 2**40, 5], np.uint64))
    case("nn.cast %0", [np.array([np.nan, 0.1], np.float32)], np.array([True, True]))


def conv_text(name, strides, pads, dilations, groups=1, last=False, extra=""):
    return (f"nn.{name} %0, %1 strides = {strides} pads = {pads} dilations = {dilations}{extra}"
            + (f" groups = {groups}" if groups != 1 else "") + (" channels_last" if last else ""))


def to_last(x):
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


def conv_cases():
    configs = [
        # batch, in, out, groups, size, kernel, strides, pads, dilations
        (2, 3, 5, 1, (7, 9), (3, 3), [1, 1], [1, 1, 1, 1], [1, 1]),
        (1, 4, 6, 2, (8, 7), (3, 2), [2, 1], [1, 0, 0, 1], [1, 2]),
        (1, 5, 5, 5, (9, 9), (3, 3), [2, 2], [1, 1, 1, 1], [1, 1]),
        (2, 4, 8, 4, (6, 6), (3, 3), [1, 1], [0, 0, 0, 0], [1, 1]),
        (1, 8, 4, 4, (5, 5), (1, 1), [1, 1], [0, 0, 0, 0], [1, 1]),
        (1, 3, 7, 1, (5, 6), (1, 1), [2, 2], [0, 0, 0, 0], [1, 1]),
        (2, 3, 4, 1, (11,), (3,), [2], [2, 1], [2]),
        (1, 2, 3, 1, (4, 5, 6), (2, 3, 2), [1, 2, 1], [1, 1, 0, 0, 1, 1], [1, 1, 1]),
        (1, 6, 6, 3, (5,), (2,), [1], [0, 1], [1]),
        (1, 1, 1, 1, (1, 1), (3, 3), [1, 1], [1, 1, 1, 1], [1, 1]),
        (1, 2, 2, 1, (3, 3), (2, 2), [1, 1], [3, 3, 3, 3], [1, 1]),
    ]
    for n, c, o, g, size, kernel, strides, pads, dilations in configs:
        x, w = f32(n, c, *size), f32(o, c // g, *kernel)
        y = ort("Conv", [x, w], group=g, strides=strides, pads=pads, dilations=dilations)
        case(conv_text("conv", strides, pads, dilations, g), [x, w], y)
        case(conv_text("conv", strides, pads, dilations, g, True), [to_last(x), w], to_last(y))
        wt = f32(c, o // g, *kernel)
        rank = len(size)
        padding = [s - 1 for s in strides]
        y = ort("ConvTranspose", [x, wt], group=g, strides=strides, dilations=dilations,
                output_padding=padding)
        extra = f" output_padding = {padding}"
        case(conv_text("conv_transpose", strides, [0] * 2 * rank, dilations, g, False, extra), [x, wt], y)
        y = ort("ConvTranspose", [x, wt], group=g, strides=strides, dilations=dilations, pads=[0] * rank + [1] * rank)
        extra = f" output_padding = {[0] * rank}"
        if y.size:
            case(conv_text("conv_transpose", strides, [0] * rank + [1] * rank, dilations, g, True, extra),
                 [to_last(x), wt], to_last(y))
        y = ort("ConvTranspose", [x, wt], group=g, strides=list(kernel))
        for last in (False, True):
            case(conv_text("conv_transpose", list(kernel), [0] * 2 * rank, [1] * rank, g, last, extra),
                 [to_last(x) if last else x, wt], to_last(y) if last else y)
    x, w = f32(1, 3, 5, 5).astype(np.float16), f32(4, 3, 3, 3).astype(np.float16)
    y = ort("Conv", [x.astype(np.float32), w.astype(np.float32)]).astype(np.float16)
    case(conv_text("conv", [1, 1], [0] * 4, [1, 1]), [x, w], y, rtol=2e-3, atol=2e-3)
    x, w = f32(0, 3, 5, 5), f32(4, 3, 3, 3)
    case(conv_text("conv", [1, 1], [0] * 4, [1, 1]), [x, w], np.zeros((0, 4, 3, 3), np.float32))
    x, w = f32(1, 0, 5, 5), f32(4, 0, 3, 3)
    case(conv_text("conv", [1, 1], [0] * 4, [1, 1]), [x, w], np.zeros((1, 4, 3, 3), np.float32))


def matmul_cases():
    for a, b in [((3, 5), (5, 7)), ((2, 3, 5), (5, 7)), ((2, 1, 3, 5), (4, 5, 7)), ((1, 5), (5, 1)),
                 ((4, 3, 5), (1, 5, 2)), ((3, 0), (0, 4)), ((0, 3), (3, 4)), ((17, 31), (31, 13))]:
        x, y = f32(*a), f32(*b)
        case("nn.matmul %0, %1", [x, y], x @ y)
        if len(a) == 2:
            i, j = (x * 10).astype(np.int32), (y * 10).astype(np.int32)
            case("nn.matmul %0, %1", [i, j], i @ j)
    x, y = f32(3, 5).astype(np.float16), f32(5, 4).astype(np.float16)
    case("nn.matmul %0, %1", [x, y], (x.astype(np.float32) @ y.astype(np.float32)).astype(np.float16), rtol=2e-3)


def local_response(x, size, alpha, beta, bias):
    """onnxruntime has no even sizes."""
    squares = np.zeros_like(x)
    channels = x.shape[1]
    for c in range(channels):
        first, last = max(0, c - (size - 1) // 2), min(channels - 1, c + size // 2)
        squares[:, c] = (x[:, first:last + 1] ** 2).sum(1)
    return x / (bias + alpha / size * squares) ** beta


def pool_cases():
    for size, kernel, strides, pads, dilations in [
            ((7, 9), [3, 3], [2, 2], [1, 1, 1, 1], [1, 1]), ((6, 5), [2, 3], [1, 2], [0, 1, 1, 0], [1, 1]),
            ((9, 8), [3, 2], [1, 1], [0, 0, 0, 0], [2, 3]), ((11,), [4], [3], [1, 2], [1]),
            ((4, 5, 6), [2, 2, 2], [2, 2, 2], [0, 1, 0, 0, 0, 1], [1, 1, 1])]:
        x = f32(2, 3, *size)
        text = f"kernel = {kernel} strides = {strides} pads = {pads} dilations = {dilations}"
        attributes = dict(kernel_shape=kernel, strides=strides, pads=pads, dilations=dilations)
        y = ort("MaxPool", [x], **attributes)
        case(f"nn.max_pool %0 {text}", [x], y)
        case(f"nn.max_pool %0 {text} channels_last", [to_last(x)], to_last(y))
        for include in (0, 1):
            y = ort("AveragePool", [x], count_include_pad=include, **attributes)
            flag = " count_include_pad" if include else ""
            case(f"nn.avg_pool %0 {text}{flag}", [x], y)
            case(f"nn.avg_pool %0 {text}{flag} channels_last", [to_last(x)], to_last(y))
    x = rng.integers(-100, 100, (1, 2, 6, 6)).astype(np.int8)
    case("nn.max_pool %0 kernel = [3, 3] strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1]", [x],
         ort("MaxPool", [x], kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
    for size, channels, beta in [(5, 7, 0.75), (4, 5, 0.75), (3, 2, 0.6), (1, 3, 0.5), (2, 3, 1.0)]:
        x = f32(2, channels, 3, 4)
        y = local_response(x, size, 0.3, beta, 1.5)
        text = f"nn.lrn %0 size = {size} alpha = 0.3 beta = {beta} bias = 1.5"
        case(text, [x], y)
        case(text + " channels_last", [to_last(x)], to_last(y))


def reduce_cases():
    functions = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod}
    for kind, function in functions.items():
        for shape, axes in [((3, 5), [1]), ((3, 5), [0]), ((2, 3, 4, 5), [1, 3]), ((2, 3, 4, 5), [2, 3]),
                            ((7,), [0]), ((3, 1), [1]), ((3, 5), []), ((4, 0), [0])]:
            for keep in (False, True):
                x = f32(*shape)
                if x.size == 0 and kind in ("max", "min"):
                    continue
                y = function(x, axis=tuple(axes), keepdims=keep)
                case(f"nn.reduce {kind} %0 axes = {axes}{' keepdims' if keep else ''}", [x], y)
        for dtype in (np.int32, np.uint8, np.int64):
            x = rng.integers(0, 9, (3, 4)).astype(dtype)
            y = function(x, axis=1)
            y = np.trunc(y).astype(dtype) if kind == "mean" else y.astype(dtype)
            case(f"nn.reduce {kind} %0 axes = [1]", [x], y)
    x = f32(3, 0)
    with np.errstate(all="ignore"):
        for kind, value in {"sum": 0, "mean": np.nan, "max": -np.inf, "min": np.inf, "prod": 1}.items():
            case(f"nn.reduce {kind} %0 axes = [1]", [x], np.full(3, value, np.float32))
    x = np.array([[1, np.nan, 2], [1, 2, 3]], np.float32)
    case("nn.reduce max %0 axes = [1]", [x], np.max(x, 1))
    case("nn.reduce min %0 axes = [1]", [x], np.min(x, 1))
    x = np.array([[1, 5, 5, 2], [3, 3, 3, 3], [-1, -9, 4, -9]], np.float32)
    for array in (x, x.astype(np.int32), x.astype(np.int8)):
        for keep in (0, 1):
            for last in (0, 1):
                for kind, op in (("max", "ArgMax"), ("min", "ArgMin")):
                    for axis in (0, 1):
                        y = ort(op, [array], axis=axis, keepdims=keep, select_last_index=last)
                        flags = (" keepdims" if keep else "") + (" select_last" if last else "")
                        case(f"nn.arg_reduce {kind} %0 axis = {axis}{flags}", [array], y)
    x = np.array([[1, np.nan, 2, np.nan], [-np.inf] * 4], np.float32)
    case("nn.arg_reduce max %0 axis = 1", [x], np.argmax(x, 1))
    for exclusive, reverse in itertools.product((0, 1), (0, 1)):
        for array in (f32(3, 7), rng.integers(-9, 9, (3, 7))):
            y = ort("CumSum", [array], [np.array(1)], exclusive=exclusive, reverse=reverse)
            flags = (" exclusive" if exclusive else "") + (" reverse" if reverse else "")
            case(f"nn.cumsum %0 axis = 1{flags}", [array], y)


def normalization_cases():
    for shape, axis in [((3, 5), 1), ((3, 5), 0), ((2, 3, 17), 2), ((2, 3, 4), 1), ((1, 1), 1), ((7,), 0)]:
        x = f32(*shape) * 4
        e = np.exp(x - x.max(axis, keepdims=True))
        case(f"nn.softmax %0 axis = {axis}", [x], e / e.sum(axis, keepdims=True))
        if axis == len(shape) - 1:
            s, t = f32(*shape[axis:]), f32(*shape[axis:])
            case(f"nn.layer_norm %0, %1, %2 axis = {axis} epsilon = 1.0e-5", [x, s, t],
                 ort("LayerNormalization", [x, s, t], axis=axis), atol=1e-4)
            case(f"nn.layer_norm %0, %1 axis = {axis} epsilon = 1.0e-5", [x, s],
                 ort("LayerNormalization", [x, s], axis=axis), atol=1e-4)
    x, s, t = f32(2, 3, 4), f32(3, 4), f32(3, 4)
    case("nn.layer_norm %0, %1, %2 axis = 1 epsilon = 1.0e-5", [x, s, t],
         ort("LayerNormalization", [x, s, t], axis=1))
    for shape in [(2, 3, 4, 5), (2, 3), (1, 3, 7)]:
        x, parameters = f32(*shape), [f32(3), f32(3), f32(3), np.abs(f32(3)) + 0.1]
        y = ort("BatchNormalization", [x] + parameters, epsilon=1e-3)
        text = "nn.batch_norm %0, %1, %2, %3, %4 epsilon = 1.0e-3"
        case(text, [x] + parameters, y)
        case(text + " channels_last", [to_last(x)] + parameters, to_last(y))


def resize_cases():
    x = f32(1, 2, 5, 6)
    for scales in ([1, 1, 2, 2], [1, 1, 0.6, 0.5], [1, 1, 1.7, 1], [1, 1, 3, 0.9]):
        for coordinate in ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"):
            modes = [("nearest", m) for m in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")]
            for mode, nearest in modes + [("linear", None), ("cubic", None)]:
                attributes = dict(mode=mode, coordinate_transformation_mode=coordinate)
                text = f"nn.resize {mode} %0 scales = {[float(s) for s in scales]} coordinate = {coordinate}"
                if nearest:
                    attributes["nearest_mode"] = nearest
                    text += f" nearest_mode = {nearest}"
                y = ort("Resize", [x], [None, np.array(scales, np.float32)], **attributes)
                case(text, [x], y)
    y = ort("Resize", [x], [None, np.array([1, 1, 1.5, 2.5], np.float32)], mode="cubic", exclude_outside=1,
            cubic_coeff_a=-0.5)
    case("nn.resize cubic %0 scales = [1.0, 1.0, 1.5, 2.5] coordinate = half_pixel cubic_coeff = -0.5 exclude_outside",
         [x], y)


def shape_cases():
    x = f32(2, 3, 4)
    for shape in [(24,), (6, 4), (2, 12), (4, 6), (1, 2, 3, 1, 4), (2, 2, 6), (8, 3), (3, 2, 2, 2), (24, 1, 1)]:
        case("nn.reshape %0", [x], x.reshape(shape))
    one = f32(1, 1)
    case("nn.reshape %0", [one], one.reshape(()))
    case("nn.reshape %0", [one.reshape(())], one.reshape(1, 1, 1))
    case("nn.reshape %0", [f32(0, 3)], np.zeros((5, 0), np.float32))
    case("nn.reshape %0", [one], one.reshape(1, 1, 1))
    y = f32(1, 4, 1)
    case("nn.reshape %0", [y], y.reshape(2, 1, 2))
    for perm in itertools.permutations(range(3)):
        case(f"nn.transpose %0 perm = {list(perm)}", [x], x.transpose(perm))
    case("nn.broadcast %0", [f := f32(3, 1)], np.broadcast_to(f, (2, 3, 4)).copy())
    parts = [f32(2, n, 3) for n in (1, 0, 5, 2)]
    case("nn.concat %0, %1, %2, %3 axis = 1", parts, np.concatenate(parts, 1))
    case("nn.concat %0 axis = 0", [x], x)
    bools = [np.array([True, False]), np.array([False])]
    case("nn.concat %0, %1 axis = 0", bools, np.concatenate(bools))
    case("nn.slice %0 starts = [0, 1, 1] steps = [1, 1, 2]", [x], x[:, 1:, 1::2])
    case("nn.slice %0 starts = [1, 2, 3] steps = [-1, -1, -2]", [x], x[::-1, ::-1, ::-2].copy())
    case("nn.slice %0 starts = [0, 0, 0] steps = [1, 1, 1]", [x], x[:1, :, :0].copy())
    value = np.float32(2.5)
    case("nn.pad constant %0, %1 lo = [1, 0, 2] hi = [0, 3, 1]", [x, np.array(value)],
         np.pad(x, [(1, 0), (0, 3), (2, 1)], constant_values=value))
    for mode, name in (("edge", "edge"), ("reflect", "reflect"), ("wrap", "wrap")):
        case(f"nn.pad {mode} %0 lo = [1, 0, 3] hi = [1, 2, 2]", [x], np.pad(x, [(1, 1), (0, 2), (3, 2)], mode=name))
    case("nn.pad wrap %0 lo = [0, 0, 9] hi = [0, 0, 11]", [x], np.pad(x, [(0, 0), (0, 0), (9, 11)], mode="wrap"))
    data = f32(5, 4, 3)
    for indices, axis in [(np.array([0, 4, -1, -5]), 0), (np.array([[0, 1], [-1, 2]]), 1),
                          (np.array(2), 2), (np.array([1, 1], np.int32), 2)]:
        case(f"nn.gather %0, %1 axis = {axis}", [data, indices], np.take(data, indices, axis))
    case("nn.gather %0, %1 axis = 0", [data, np.array([9, -99])], data[[4, 0]])
    indices = np.array([[0, 1], [-1, 3]])
    case("nn.gather_nd %0, %1 batch_dims = 0", [data, indices], ort("GatherND", [data, indices]))
    indices = rng.integers(0, 3, (5, 2, 2))
    case("nn.gather_nd %0, %1 batch_dims = 1", [data, indices], ort("GatherND", [data, indices], batch_dims=1))
    for size in (0, 1, 2, 5, 8, 100):
        ascending = np.sort(rng.integers(0, 50, size))
        wanted = rng.integers(-2, 53, (3, 4))
        case("nn.search_sorted %0, %1", [ascending, wanted], np.searchsorted(ascending, wanted).astype(np.int64))
    case("nn.constant dense<[true, false, true]>", [], np.array([True, False, True]))
    case("nn.constant dense<[1, 200]>", [], np.array([1, 200], np.uint8))


def main():
    for build in (unary_cases, binary_cases, cast_cases, conv_cases, matmul_cases, pool_cases, reduce_cases,
                  normalization_cases, resize_cases, shape_cases):
        build()
    program = Program()
    for name, _, inputs, body, expected, _, _ in cases:
        program.add(name, inputs, body, [expected])
    program.compile()
    failed = 0
    for name, text, inputs, _, expected, rtol, atol in cases:
        result, = program.run(name, inputs)
        if np.issubdtype(expected.dtype, np.floating):
            good = np.allclose(result, expected, rtol, atol, equal_nan=True)
        else:
            good = np.array_equal(result, expected)
        if not good:
            failed += 1
            print(f"FAILED {text} on {[tensor_type(a) for a in inputs]}")
            if "-v" in sys.argv:
                print("  got     ", result.ravel()[:12], "\n  expected", expected.ravel()[:12])
    print(f"{len(cases) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
