# REQUIRES: onnxruntime
# RUN: %python %s
"""What ends of ranges give: integers that overflow, divisions by zero and of the smallest
integer by -1 (traps of the processor), shifts by the width and more, casts of what does not
fit, NaN, infinities and the sign of zero. Compared with numpy or with integers of Python,
as onnxruntime lacks most of the types. Takes 13 s on one core."""
import sys

import numpy as np
from onnx import helper

from dlc_testing import Suite

INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
suite = Suite(opset=24, rtol=1e-6, atol=0)
rng = np.random.default_rng(5)
np.seterr(all="ignore")


def edges(dtype):
    limits = np.iinfo(dtype)
    near = [0, 1, 2, 3, 7, limits.max, limits.max - 1, limits.min, limits.min + 1]
    if limits.min:
        near += [-1, -2, -3, -7]
    return np.array(near, dtype)


def pairs(dtype):
    values = edges(dtype)
    return [np.repeat(values, values.size), np.tile(values, values.size)]


def wrapped(function, dtype, *operands):
    """`function` of Python's integers, the low bits of what it gives."""
    bits = np.iinfo(dtype).bits
    results = [function(*map(int, values)) & (2**bits - 1) for values in zip(*operands)]
    return np.array(results, np.dtype(f"u{bits // 8}")).astype(dtype)


def onnx_type(dtype):
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))


def truncated(a, b):
    """Zero for a division by zero."""
    return (abs(a) // abs(b)) * (1 if (a < 0) == (b < 0) else -1) if b else 0


def power(a, b):
    """What truncation leaves of the exact result."""
    if b >= 0:
        return pow(a, b, 2**64)
    return {1: 1, -1: -1 if b % 2 else 1}.get(a, 0)


def integers(dtype):
    name = np.dtype(dtype).name
    a, b = pairs(dtype)
    signed = np.iinfo(dtype).min < 0

    def case(op, function, *operands, title="", **attributes):
        suite.op(f"{title} {name}", op, operands, expected=wrapped(function, dtype, *operands), **attributes)

    case("Add", lambda a, b: a + b, a, b)
    case("Sub", lambda a, b: a - b, a, b)
    case("Mul", lambda a, b: a * b, a, b)
    case("Div", truncated, a, b)
    case("Mod", lambda a, b: a % b if b else 0, a, b)
    case("Mod", lambda a, b: a - b * truncated(a, b) if b else 0, a, b, title="fmod", fmod=1)
    case("Max", max, a, b)
    case("Min", min, a, b)
    suite.op(name, "Clip", [a], [dtype(2), dtype(7)], expected=np.clip(a, dtype(2), dtype(7)))
    suite.op(f"crossed {name}", "Clip", [a], [dtype(7), dtype(2)], expected=np.full_like(a, 2))
    case("Abs", abs, a)
    case("Sign", lambda a: (a > 0) - (a < 0), a)
    for op, function in {"Equal": np.equal, "Less": np.less, "GreaterOrEqual": np.greater_equal}.items():
        suite.op(name, op, [a, b], expected=function(a, b))
    case("BitwiseNot", lambda a: ~a, a)
    if signed:
        case("Neg", lambda a: -a, a)
        if name in ("int8", "int32"):
            suite.op(name, "Relu", [a], expected=np.maximum(a, 0))
    else:
        bits = np.iinfo(dtype).bits
        amounts = np.array([0, 1, bits - 1, bits, bits + 1, 2 * bits], dtype)
        x, by = np.repeat(edges(dtype), amounts.size), np.tile(amounts, edges(dtype).size)
        case("BitShift", lambda a, b: a << b, x, by, title="left", direction="LEFT")
        case("BitShift", lambda a, b: a >> b, x, by, title="right", direction="RIGHT")
    if name in ("int32", "int64"):
        small = np.array([-5, -2, -1, 0, 1, 2, 3, 31, 33, 63], dtype)
        base, exponent = np.repeat(edges(dtype), small.size), np.tile(small, edges(dtype).size)
        defined = (base != 0) | (exponent >= 0)
        case("Pow", power, base[defined], exponent[defined])
    # rows that overflow
    rows = rng.choice(edges(dtype), (5, 37))
    wide = rows.astype(object)

    def reduced(op, exact, axis=1, **attributes):
        want = wrapped(lambda v: v, dtype, np.ravel(exact)).reshape(np.shape(exact))
        suite.op(name, op, [rows], [np.array([axis])], expected=want, keepdims=0, **attributes)

    if np.iinfo(dtype).bits >= 32:
        reduced("ReduceSum", wide.sum(1))
        reduced("ReduceSum", wide.sum(0), axis=0)
        reduced("ReduceProd", wide.prod(1))
        reduced("ReduceSumSquare", (wide * wide).sum(1))
        reduced("ReduceL1", abs(wide).sum(1))
        running = wrapped(lambda v: v, dtype, wide.cumsum(1).ravel()).reshape(rows.shape)
        suite.op(name, "CumSum", [rows], [np.array(1)], expected=running)
        suite.op(name, "MatMul", [rows, rows.T.copy()],
                 expected=wrapped(lambda v: v, dtype, wide.dot(wide.T).ravel()).reshape(5, 5))
    if np.iinfo(dtype).bits != 16:
        reduced("ReduceMax", wide.max(1))
        reduced("ReduceMin", wide.min(1))
    suite.op(name, "ArgMax", [rows], expected=rows.argmax(1)[:, None], axis=1)
    # casts to narrower and wider ones keep low bits
    for to in INTEGERS:
        if to != dtype:
            suite.op(f"{name} to {np.dtype(to).name}", "Cast", [a], expected=a.astype(to), to=onnx_type(to))
    for to in (np.float32, np.float64):
        suite.op(f"{name} to {np.dtype(to).name}", "Cast", [a], expected=a.astype(to), to=onnx_type(to))


def float_to_integer(value, to):
    """Toward zero. ONNX leaves open what becomes of numbers that do not fit; here, as x86's
    instructions have it: the least integer of 32 or 64 bits, of which the low bits count.
    (The upper half of uint64 is had by a shift; beyond it is zero.)"""
    bits, signed = np.iinfo(to).bits, np.iinfo(to).min < 0
    if bits == 64 and not signed and value >= 2.0**63:
        return int(value) if value < 2.0**64 else 0
    limit = 2**63 if bits == 64 or (bits == 32 and not signed) else 2**31
    fits = -limit <= value < limit
    return int(value) if fits else -limit


SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.25, -7.75]


def floats(dtype):
    name = np.dtype(dtype).name
    info = np.finfo(dtype)
    values = np.array([*SPECIAL, info.max, info.min, info.tiny, info.smallest_subnormal, -info.smallest_subnormal], dtype)
    a, b = np.repeat(values, values.size), np.tile(values, values.size)

    def case(op, want, *operands, title="", constants=(), signs=False, **attributes):
        """`signs`: those of zeros must be right, too: 1 / x shows them. (Of other results of
        float16 it may be computed before they are rounded.)"""
        def build(graph):
            result = graph.node(op, *[graph.input(o) for o in operands], *constants, **attributes)
            graph.output(result, expected=want)
            if signs:
                inverse = graph.node("Reciprocal", result)
                is_zero = graph.node("Equal", result, dtype(0))
                graph.output(graph.node("Where", is_zero, inverse, dtype(1)),
                             expected=np.where(want == 0, 1 / want.astype(dtype), 1).astype(dtype))
        suite.case(f"{op} {title} {name}", build)

    case("Max", np.maximum(a, b), a, b)
    case("Min", np.minimum(a, b), a, b)
    case("Add", a + b, a, b, signs=True)
    case("Sub", a - b, a, b, signs=True)
    case("Mul", a * b, a, b, signs=True)
    case("Div", a / b, a, b, signs=True)
    case("Mod", np.fmod(a, b), a, b, title="fmod", fmod=1)
    case("Clip", np.clip(values, dtype(-2), dtype(3)), values, constants=[dtype(-2), dtype(3)])
    case("Relu", np.maximum(values, dtype(0)), values)
    case("Abs", abs(values), values, signs=True)
    case("Neg", -values, values, signs=True)
    case("Sign", np.sign(values), values)
    case("Round", np.rint(values), values, signs=True)
    case("Floor", np.floor(values), values, signs=True)
    case("Ceil", np.ceil(values), values, signs=True)
    case("Sqrt", np.sqrt(values), values, signs=True)
    case("IsNaN", np.isnan(values), values)
    case("IsInf", np.isinf(values), values)
    case("IsInf", np.isposinf(values), values, title="positive", detect_negative=0)
    case("IsInf", np.isneginf(values), values, title="negative", detect_positive=0)
    for op, function in {"Equal": np.equal, "Less": np.less, "LessOrEqual": np.less_equal, "Greater": np.greater,
                         "GreaterOrEqual": np.greater_equal}.items():
        case(op, function(a, b), a, b)
    for op in ("Tanh", "Sin", "Atan", "Sinh", "Asinh", "Erf", "Tan", "Softsign", "Elu", "Selu", "Celu", "Gelu", "Mish"):
        zeros = np.array([0.0, -0.0], dtype)
        case(op, zeros, zeros, title="of zeros", signs=True)
    case("Cast", np.array([bool(v) for v in values]), values, title="to bool", to=onnx_type(np.bool_))
    for to in INTEGERS:
        fitting = np.concatenate([values, np.array([2.0**31, -2.0**31, 2.0**32, 2.0**40, 300.7, -300.7, 65535, 2.0**63, 1e19]).astype(dtype)])
        whole = np.array([float_to_integer(float(v), to) for v in fitting], object)
        want = wrapped(lambda v: v, to, whole)
        case("Cast", want, fitting, title=f"to {np.dtype(to).name}", to=onnx_type(to))
    # one NaN in a row, among other things in different places
    rows = rng.standard_normal((6, 41)).astype(dtype)
    rows[0, 3], rows[1, 40], rows[2, 0], rows[3, 20] = np.nan, np.nan, np.nan, np.inf
    rows[4, 7], rows[4, 9] = -np.inf, np.nan
    axis = [np.array([1])]
    case("ReduceMax", rows.max(1), rows, constants=axis, keepdims=0)
    case("ReduceMin", rows.min(1), rows, constants=axis, keepdims=0)
    case("ReduceMax", rows.T.copy().max(0), rows.T.copy(), constants=[np.array([0])], title="columns", keepdims=0)
    case("ArgMax", rows.argmax(1)[:, None], rows, axis=1)
    case("ArgMin", rows.argmin(1)[:, None], rows, axis=1)
    # NaN is the largest
    order = np.argsort(-np.where(np.isnan(rows), np.inf, rows), axis=1, kind="stable")[:, :3]
    order[3:5] = np.argsort(-np.where(np.isnan(rows), 1e9, np.minimum(rows, 1e8)), axis=1, kind="stable")[3:5, :3]

    def largest(graph):
        top, where = graph.node("TopK", graph.input(rows), np.array([3]), outputs=2, axis=1)
        graph.output(where, expected=order)
        graph.output(top, expected=np.take_along_axis(rows, order, 1))
    suite.case(f"TopK of NaN {name}", largest)
    infinite = np.array([[0, 1, np.inf, 2], [-np.inf, 1, 0, 2], [-np.inf] * 4, [np.nan, 1, 2, 3]], dtype)
    wide = infinite.astype(np.float64)
    weights = np.exp(wide - wide.max(1, keepdims=True))
    case("Softmax", (weights / weights.sum(1, keepdims=True)).astype(dtype), infinite, title="of infinities", axis=1)
    sums = np.where(np.isinf(wide.max(1)), wide.max(1), np.log(weights.sum(1)) + wide.max(1))
    case("ReduceLogSumExp", sums.astype(dtype), infinite, title="of infinities", constants=axis, keepdims=0)
    # what is not a number stays in its row and column, whatever tiles are padded with
    x, y = rng.standard_normal((7, 13)).astype(dtype), rng.standard_normal((13, 9)).astype(dtype)
    x[2, 5], x[4, 0], y[12, 8] = np.inf, np.nan, -np.inf
    product = x.astype(np.float64) @ y.astype(np.float64)

    def finite(graph):
        result = graph.node("MatMul", graph.input(x), graph.input(y))
        graph.output(graph.node("IsNaN", result), expected=np.isnan(product))
        graph.output(graph.node("IsInf", result), expected=np.isinf(product))
    suite.case(f"MatMul with infinities {name}", finite)

    image = rng.standard_normal((1, 2, 6, 7)).astype(dtype)
    image[0, 0, 2, 3], image[0, 1, 5, 6] = np.nan, -np.inf
    padded = np.pad(image, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::2, ::2]
    case("MaxPool", windows.max((4, 5)), image, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])


def pow_of_c(x, y):
    """Numpy takes square roots for some exponents, Python raises errors at 0."""
    return float(np.power(np.array([x, x]), np.array([y, y]))[0])


def powers():
    """C's special cases, the exponents at run time."""
    values = np.array([0.0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, np.inf, -np.inf, np.nan], np.float32)
    a, b = np.repeat(values, values.size), np.tile(values, values.size)
    suite.op("special", "Pow", [a, b], expected=np.power(a.astype(np.float64), b).astype(np.float32))
    for exponent in (0, 1, 2, 3, -1, -2, 0.5, -0.5):
        suite.op(f"special {exponent}", "Pow", [values], [np.float32(exponent)],
                 expected=np.float32([pow_of_c(float(v), exponent) for v in values]))

    def root(graph):
        graph.output(graph.node("Reciprocal", graph.node("Pow", graph.input(np.float32([-0.0, 0.0])), np.float32(0.5))),
                     expected=np.float32([np.inf, np.inf]))
    suite.case("Pow 0.5 of zeros", root)


def activations():
    """Far ends: products with a gate that has become 0."""
    values = np.array([np.inf, np.nan, -3.4e38, -1e30, -300, 3.4e38, 1e30, 300], np.float32)
    zero = np.float32(0)
    positive = [np.inf, np.nan, zero, zero, zero, *values[5:]]
    for op in ("Gelu", "Mish", "Swish", "HardSwish"):
        suite.op("far", op, [values], expected=np.float32(positive))
    suite.op("far", "Gelu", [values], expected=np.float32(positive), approximate="tanh")
    suite.op("far, 1.702", "Swish", [values], expected=np.float32(positive), alpha=1.702)
    suite.op("far", "Sigmoid", [values], expected=np.float32([1, np.nan, 0, 0, 0, 1, 1, 1]))
    # -inf times 0, as the definitions have it
    for op in ("Gelu", "Mish", "Swish"):
        suite.op("-inf", op, [np.float32([-np.inf])], expected=np.float32([np.nan]))
    bounded = np.array([-np.inf, -300, -3.4e38], np.float32)
    suite.op("far", "Elu", [bounded], expected=np.float32([-1] * 3))
    suite.op("far", "Softplus", [bounded], expected=np.float32([0] * 3))
    suite.op("far", "HardSigmoid", [bounded], expected=np.float32([0] * 3))


def quantized():
    values = np.array([np.inf, -np.inf, 3e38, -3e38, 0.25, 0.75, 1.25, -0.25, -0.0, 63.6, 63.75, -64.5], np.float32)
    for dtype in (np.int8, np.uint8, np.int16, np.uint16):
        limits, zero = np.iinfo(dtype), np.iinfo(dtype).max // 3
        want = np.clip(np.rint(values.astype(np.float64) / 0.5) + zero, limits.min, limits.max).astype(dtype)
        suite.op(f"saturates {np.dtype(dtype).name}", "QuantizeLinear", [values], [np.float32(0.5), dtype(zero)],
                 expected=want)


powers()
activations()
quantized()
for kind in INTEGERS:
    integers(kind)
for kind in (np.float32, np.float16, np.float64):
    floats(kind)
sys.exit(suite.main())
