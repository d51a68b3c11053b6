"""Random valid graphs over the operators of ONNX.

A generator proposes a node for values that are there; onnxruntime computes it at once. What it
refuses, and what gives NaN, infinity or numbers that amplify rounding errors is taken back, so
that differences found later mean something. Functions with steps (comparisons, rounding, indices
of maxima) get values that are the same bits everywhere: integers, and floats that were only moved.
"""
from dataclasses import dataclass

import numpy as np
import onnxruntime
from onnx import helper, numpy_helper

OPSET = 22
SIZES = [1, 1, 2, 3, 4, 5, 7, 8, 13, 16, 17]
FLOATS = [np.float32, np.float32, np.float32, np.float32, np.float64, np.float16]
INTEGERS = [np.int64, np.int32, np.int8, np.uint8, np.int16]
MOST_ELEMENTS = 20000


@dataclass
class Value:
    name: str
    array: np.ndarray
    exact: bool

    shape = property(lambda self: self.array.shape)
    rank = property(lambda self: self.array.ndim)
    is_float = property(lambda self: self.array.dtype.kind == "f")
    is_integer = property(lambda self: self.array.dtype.kind in "iu")
    least = property(lambda self: np.min(self.array, initial=np.inf))
    most = property(lambda self: np.max(self.array, initial=-np.inf))
    smallest = property(lambda self: np.min(np.abs(self.array), initial=np.inf))


def unoptimised(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def describe(name, array):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


def make_model(nodes, inputs, outputs, constants):
    """`inputs`, `outputs` and `constants` are arrays by name."""
    graph = helper.make_graph(nodes, "fuzz", [describe(*i) for i in inputs.items()],
                              [describe(*o) for o in outputs.items()],
                              [numpy_helper.from_array(a, n) for n, a in constants.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


class Generator:
    def __init__(self, seed, prefix="v"):
        self.rng, self.prefix = np.random.default_rng(seed), prefix
        self.inputs, self.constants, self.values, self.nodes, self.count = {}, {}, [], [], 0

    # --- choices

    def pick(self, choices):
        return choices[self.rng.integers(len(choices))]

    def flip(self, chance=0.5):
        return self.rng.random() < chance

    def size(self):
        return int(self.pick(SIZES))

    def integer(self, low, high):
        """Both ends included."""
        return int(self.rng.integers(low, high + 1))

    def data(self, shape, dtype=np.float32, low=None):
        dtype = np.dtype(dtype)
        if dtype.kind == "f":
            values = self.rng.standard_normal(shape)
            return (values if low is None else low + np.abs(values)).astype(dtype)
        if dtype.kind == "b":
            return self.rng.random(shape) < 0.5
        least = 0 if dtype.kind == "u" else -9
        return self.rng.integers(least if low is None else low, 10, shape).astype(dtype)

    def value(self, fits=lambda v: True):
        fitting = [v for v in self.values if fits(v)]
        # The latest ones more often, so that graphs get deep.
        return self.pick(fitting[-4:] if self.flip(0.6) else fitting) if fitting else None

    def number(self, fits=lambda v: True):
        return self.value(lambda v: v.is_float and fits(v))

    def axis(self, value):
        axis = self.integer(0, value.rank - 1)
        return axis, axis - value.rank if self.flip(0.3) else axis

    # --- growing

    def name(self):
        self.count += 1
        return f"{self.prefix}{self.count}"

    def input(self, array):
        array = np.asarray(array)
        value = Value(self.name(), array, True)
        self.inputs[value.name] = array
        self.values.append(value)
        return value

    def node(self, op, *operands, outputs=1, exact=False, **attributes):
        """Adds a node if it computes something that is good to compare. Arrays become constants."""
        names, arrays, constants = [], {}, {}
        for operand in operands:
            if operand is None:
                names.append("")
            elif isinstance(operand, Value):
                names.append(operand.name)
                arrays[operand.name] = operand.array
            else:
                names.append(self.name())
                constants[names[-1]] = np.asarray(operand)
        results = [self.name() for _ in range(outputs)]
        node = helper.make_node(op, names, results, name=f"{results[0]}_{op}", **attributes)
        info = [helper.make_empty_tensor_value_info(r) for r in results]
        model = make_model([node], arrays, {}, constants)
        model.graph.output.extend(info)
        try:
            computed = unoptimised(model).run(None, arrays)
        except Exception:  # onnxruntime has no common class: it does not take this node
            return
        for array in computed:
            if not isinstance(array, np.ndarray) or not 0 < array.size <= MOST_ELEMENTS:
                return
            if array.dtype.kind == "f" and not (np.isfinite(array).all() and np.abs(array).max() < 1000):
                return
        self.nodes.append(node)
        self.constants.update(constants)
        exact = exact and all(o.exact for o in operands if isinstance(o, Value))
        for name, array in zip(results, computed):
            integral = array.dtype.kind != "f"
            self.values.append(Value(name, array, exact or integral))

    # --- elementwise

    UNARY = {  # what the operand has to be like
        "Relu": None, "Tanh": None, "Sigmoid": None, "HardSwish": None, "Erf": None, "Softsign": None,
        "LeakyRelu": None, "Sin": None, "Cos": None, "Softplus": None, "Elu": None, "Selu": None, "Celu": None,
        "Gelu": None, "Mish": None, "HardSigmoid": None, "Atan": None, "Asinh": None, "Identity": None,
        "Exp": lambda v: v.most < 4, "Sinh": lambda v: v.most < 4 and v.least > -4,
        "Cosh": lambda v: v.most < 4 and v.least > -4, "Log": lambda v: v.least > 0.1,
        "Sqrt": lambda v: v.least > 0.05, "Reciprocal": lambda v: v.smallest > 0.1,
        "Acosh": lambda v: v.least > 1.1, "Acos": lambda v: v.most < 0.9 and v.least > -0.9,
        "Asin": lambda v: v.most < 0.9 and v.least > -0.9, "Atanh": lambda v: v.most < 0.9 and v.least > -0.9,
        "Tan": lambda v: v.most < 1.2 and v.least > -1.2}

    def unary(self):
        op = self.pick(list(self.UNARY))
        fits = self.UNARY[op]
        value = self.number(fits or (lambda v: True))
        if value:
            self.node(op, value, exact=op in ("Relu", "Identity"))

    def positive(self):
        """Makes operands for those that want such."""
        value = self.number()
        if value:
            self.node(self.pick(["Abs", "Neg"]), value, exact=True)
            self.node("Clip", value, *np.sort(self.data(2, value.array.dtype)), exact=True)

    def steps(self):
        value = self.number(lambda v: v.exact)
        if value:
            self.node(self.pick(["Floor", "Ceil", "Round", "Sign", "IsNaN", "IsInf"]), value, exact=True)

    def partner(self, value):
        """A value, or a constant, of the same type, that broadcasts with it."""
        def broadcasts(other):
            try:
                return other.array.dtype == value.array.dtype and \
                    np.prod(np.broadcast_shapes(value.shape, other.shape)) <= MOST_ELEMENTS
            except ValueError:
                return False

        if self.flip():
            return self.value(broadcasts)
        keep = self.integer(0, value.rank)
        return self.data([d if self.flip(0.7) else 1 for d in value.shape[value.rank - keep:]], value.array.dtype)

    def arithmetic(self):
        value = self.value(lambda v: v.is_float or v.is_integer)
        other = self.partner(value) if value else None
        if other is None:
            return
        op = self.pick(["Add", "Sub", "Mul", "Max", "Min", "Sum", "Mean"])
        self.node(op, *((value, other) if self.flip() else (other, value)), exact=op in ("Max", "Min"))

    def divide(self):
        value = self.value(lambda v: v.is_float or v.is_integer)
        if not value:
            return
        divisor = self.data(value.shape[-1:], value.array.dtype, low=1)
        self.node("Div", value, divisor)
        if value.is_integer:
            self.node("Mod", value, divisor)
        elif value.exact:
            self.node("Mod", value, divisor, fmod=1)

    def power(self):
        value = self.number(lambda v: 0.05 < v.least and v.most < 4)
        if value:
            self.node("Pow", value, np.asarray(self.pick([0.5, 2, 3, -1, 1.5]), value.array.dtype))

    def bits(self):
        value = self.value(lambda v: v.is_integer)
        if not value:
            return
        kind = self.integer(0, 2)
        if kind == 0:
            self.node("BitwiseNot", value)
        elif kind == 1:
            self.node(self.pick(["BitwiseAnd", "BitwiseOr", "BitwiseXor"]), value, self.data(value.shape, value.array.dtype))
        else:
            self.node("BitShift", value, np.full(value.shape, 1, value.array.dtype), direction=self.pick(["LEFT", "RIGHT"]))

    def logic(self):
        value = self.value(lambda v: v.array.dtype == bool)
        if value:
            self.node(self.pick(["And", "Or", "Xor"]), value, self.data(value.shape, bool))
            self.node("Not", value)

    def compare(self):
        value = self.value(lambda v: v.exact and v.array.dtype != bool)
        if value:
            other = self.data(value.shape[-1:], value.array.dtype)
            self.node(self.pick(["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"]), value, other)

    def select(self):
        value = self.value(lambda v: v.array.dtype != bool)
        other = self.partner(value) if value else None
        if other is not None:
            condition = self.value(lambda v: v.array.dtype == bool and v.shape == value.shape)
            self.node("Where", condition or self.data(value.shape, bool), value, other, exact=True)

    def cast(self):
        value = self.value(lambda v: v.exact)
        if not value:
            return
        to = self.pick([*FLOATS, *INTEGERS, bool])
        if value.is_float and np.dtype(to).kind in "iu" and (np.dtype(to).kind == "u" and value.least < 0 or value.most > 100 or value.least < -100):
            return  # out of range: undefined
        self.node("Cast", value, exact=True, to=helper.np_dtype_to_tensor_dtype(np.dtype(to)))

    def prelu(self):
        value = self.number()
        if value:
            self.node("PRelu", value, self.data(value.shape[-1:], value.array.dtype))

    # --- data movement

    def transpose(self):
        value = self.value(lambda v: v.rank)
        if value:
            self.node("Transpose", value, exact=True, perm=self.rng.permutation(value.rank).tolist())

    def reshape(self):
        value = self.value()
        total, parts = value.array.size, []
        for _ in range(self.integer(0, 3)):
            parts.append(int(self.pick([d for d in range(1, total + 1) if total % d == 0])))
            total //= parts[-1]
        parts.append(-1 if self.flip() else total)
        self.node("Reshape", value, np.array(parts), exact=True)
        if value.rank and self.flip(0.3):
            self.node("Flatten", value, exact=True, axis=self.axis(value)[0])

    def squeeze(self):
        value = self.value()
        self.node("Unsqueeze", value, np.array([self.integer(-value.rank - 1, value.rank)]), exact=True)
        if 1 in value.shape:
            self.node("Squeeze", value, np.array([value.shape.index(1)]), exact=True)

    def expand(self):
        value = self.value()
        shape = [self.integer(1, 4) if d == 1 else d for d in value.shape]
        self.node("Expand", value, np.array([2, *shape] if self.flip(0.3) else shape), exact=True)
        if value.rank:
            self.node("Tile", value, self.rng.integers(1, 3, value.rank), exact=True)

    def concat(self):
        value = self.value(lambda v: v.rank)
        if not value:
            return
        axis, spelled = self.axis(value)
        fitting = [v for v in self.values if v.array.dtype == value.array.dtype and v.rank == value.rank and
                   all(a == b or d == axis for d, (a, b) in enumerate(zip(v.shape, value.shape)))]
        self.node("Concat", *(self.pick(fitting) for _ in range(self.integer(1, 3))), exact=True, axis=spelled)

    def slice(self):
        value = self.value(lambda v: v.rank)
        if not value:
            return
        axis, spelled = self.axis(value)
        size, step = value.shape[axis], int(self.pick([1, 1, 2, -1, -2]))
        start, end = self.integer(0, size - 1), self.integer(0, size)
        if step < 0:
            start, end = max(start, end), self.pick([-size - 1, min(start, end) - 1 if min(start, end) else -size - 1])
        self.node("Slice", value, *(np.array([int(v)]) for v in (start, end, spelled, step)), exact=True)

    def split(self):
        value = self.value(lambda v: v.rank and max(v.shape) > 1)
        if not value:
            return
        axis = int(np.argmax(value.shape))
        first = self.integer(1, value.shape[axis] - 1)
        self.node("Split", value, np.array([first, value.shape[axis] - first]), outputs=2, exact=True, axis=axis)

    def pad(self):
        value = self.value(lambda v: v.rank and v.array.dtype != bool)
        if not value:
            return
        mode = self.pick(["constant", "constant", "edge", "reflect", "wrap"])
        low, high = (np.minimum(self.rng.integers(0, 3, value.rank), np.array(value.shape) - 1) for _ in range(2))
        self.node("Pad", value, np.concatenate([low, high]).astype(np.int64), exact=True, mode=mode)

    def indices(self, size, shape):
        array = self.rng.integers(-size, size, shape)
        return self.input(array) if self.flip(0.3) else array

    def gather(self):
        value = self.value(lambda v: v.rank)
        if not value:
            return
        axis, spelled = self.axis(value)
        size = value.shape[axis]
        kind = self.integer(0, 2)
        if kind == 0:
            self.node("Gather", value, self.indices(size, [self.integer(1, 5)] * self.integer(0, 2)), exact=True, axis=spelled)
        elif kind == 1:
            shape = [d if d_axis != axis else self.integer(1, 5) for d_axis, d in enumerate(value.shape)]
            self.node("GatherElements", value, self.indices(size, shape), exact=True, axis=spelled)
        else:
            self.node("GatherND", value, self.indices(value.shape[0], (self.integer(1, 4), 1)), exact=True)

    def scatter(self):
        value = self.value(lambda v: v.rank and v.array.dtype != bool)
        if not value:
            return
        axis, spelled = self.axis(value)
        # each place once: the order of several is not defined
        rows = self.rng.permutation(value.shape[axis])[:self.integer(1, value.shape[axis])]
        shape = list(value.shape)
        shape[axis] = len(rows)
        places = np.broadcast_to(rows.reshape([-1 if d == axis else 1 for d in range(value.rank)]), shape).copy()
        self.node("ScatterElements", value, places, self.data(shape, value.array.dtype), exact=True, axis=spelled,
                  reduction=self.pick(["none", "add", "max"]) if value.array.dtype == np.float32 else "none")
        rows = self.rng.permutation(value.shape[0])[:self.integer(1, value.shape[0])]
        self.node("ScatterND", value, rows.reshape(-1, 1), self.data((len(rows), *value.shape[1:]), value.array.dtype), exact=True)

    def blocks(self):
        value = self.value(lambda v: v.rank == 4 and v.is_float)
        if not value:
            return
        if value.shape[1] % 4 == 0:
            self.node("DepthToSpace", value, exact=True, blocksize=2, mode=self.pick(["DCR", "CRD"]))
        if value.shape[2] % 2 == 0 and value.shape[3] % 2 == 0:
            self.node("SpaceToDepth", value, exact=True, blocksize=2)

    def triangle(self):
        value = self.value(lambda v: v.rank >= 2 and v.array.dtype != bool)
        if value:
            self.node("Trilu", value, np.array(self.integer(-2, 2)), exact=True, upper=self.integer(0, 1))

    # --- reductions

    def reduce(self):
        op = self.pick(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceSumSquare", "ReduceL2",
                        "ReduceLogSumExp", "ReduceProd", "ReduceLogSum"])
        value = self.value(lambda v: v.rank and (v.is_float or op in ("ReduceSum", "ReduceMax", "ReduceMin") and v.is_integer)
                           and (op != "ReduceLogSum" or v.least > 0.1) and (op != "ReduceL2" or v.smallest > 0.01))
        if not value:
            return
        axes = self.rng.permutation(value.rank)[:self.integer(1, value.rank)]
        self.node(op, value, axes - value.rank * self.integer(0, 1), exact=op in ("ReduceMax", "ReduceMin"), keepdims=self.integer(0, 1))

    def best(self):
        value = self.value(lambda v: v.exact and v.rank and v.array.dtype in (np.float32, np.int64, np.int32))
        if not value or len(np.unique(value.array)) < value.array.size:
            return  # ties may be broken in any way
        axis, spelled = self.axis(value)
        self.node(self.pick(["ArgMax", "ArgMin"]), value, axis=spelled, keepdims=self.integer(0, 1))
        self.node("TopK", value, np.array([self.integer(1, value.shape[axis])]), outputs=2, exact=True, axis=spelled,
                  largest=self.integer(0, 1))

    def cumulate(self):
        value = self.value(lambda v: v.rank and v.array.dtype in (np.float32, np.float64, np.int32, np.int64))
        if value:
            self.node("CumSum", value, np.array(self.axis(value)[1]), exclusive=self.integer(0, 1), reverse=self.integer(0, 1))

    def rows(self):
        value = self.number(lambda v: v.rank)
        if not value:
            return
        axis, spelled = self.axis(value)
        self.node(self.pick(["Softmax", "LogSoftmax"]), value, axis=spelled)
        if value.shape[-1] > 2 and np.std(value.array, axis=-1).min() > 0.1:
            scale = self.data(value.shape[-1:], value.array.dtype)
            self.node("LayerNormalization", value, scale, scale, axis=-1)

    # --- products and windows

    def matmul(self):
        value = self.number(lambda v: v.rank >= 1)
        if not value:
            return
        depth = value.shape[-1]
        partner = self.value(lambda v: v.array.dtype == value.array.dtype and v.rank >= 2 and v.shape[-2] == depth
                             and v.shape[:-2] == value.shape[:-2])
        weights = (self.data((depth, self.size()), value.array.dtype) / np.sqrt(depth)).astype(value.array.dtype)
        self.node("MatMul", value, partner if partner and self.flip() else weights)
        if value.rank == 2 and self.flip():
            transposed = self.integer(0, 1)
            self.node("Gemm", value, weights.T.copy() if transposed else weights, self.data(weights.shape[1:], value.array.dtype),
                      transB=transposed, alpha=0.5, beta=self.pick([1.0, 0.25]))

    def integer_product(self):
        value = self.value(lambda v: v.array.dtype in (np.int8, np.uint8) and v.rank >= 2)
        if value:
            self.node("MatMulInteger", value, self.data((value.shape[-1], self.size()), np.int8), np.asarray(3, value.array.dtype))

    def einsum(self):
        value = self.number(lambda v: v.rank == 3)
        if value:
            other = self.data((value.shape[2], self.size()), value.array.dtype)
            self.node("Einsum", value, other, equation=self.pick(["bij,jk->bik", "bij,jk->kb", "bij,jk->bki", "bij,jk->ik"]))

    def window(self, value, most=3):
        """Attributes of a window over the dims behind the channels."""
        dims = value.rank - 2
        kernel = [self.integer(1, min(most, value.shape[2 + d] + 1)) for d in range(dims)]
        pads = [self.integer(0, (k - 1) // 2 if k > 1 else 0) for k in kernel]
        return {"kernel_shape": kernel, "strides": [int(self.pick([1, 1, 2])) for _ in kernel],
                "pads": pads + [min(k - 1, p + self.integer(0, 1)) for k, p in zip(kernel, pads)]}

    def conv(self):
        value = self.number(lambda v: v.rank in (3, 4, 5) and v.shape[1] <= 40)
        if not value:
            return
        channels, dtype = value.shape[1], value.array.dtype
        attributes = self.window(value)
        attributes["dilations"] = [int(self.pick([1, 1, 2])) for _ in attributes["strides"]]
        group, out = self.pick([(1, self.size()), (channels, channels), (channels, 2 * channels), (1, 2 * self.size())])
        kernel = attributes["kernel_shape"]
        scale = np.sqrt(channels / group * np.prod(kernel))
        if self.flip(0.7):
            weights = (self.data((out, channels // group, *kernel)) / scale).astype(dtype)
            self.node("Conv", value, weights, *([self.data(out, dtype)] if self.flip() else []), group=group, **attributes)
        else:
            weights = (self.data((channels, out // group, *kernel)) / scale).astype(dtype)
            self.node("ConvTranspose", value, weights, group=group, **attributes)

    def pool(self):
        value = self.number(lambda v: v.rank in (3, 4, 5))
        if not value:
            return
        op = self.pick(["MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool"])
        attributes = {} if op.startswith("Global") else self.window(value)
        if op == "AveragePool":
            attributes["count_include_pad"] = self.integer(0, 1)
        if op in ("MaxPool", "AveragePool"):
            attributes["ceil_mode"] = int(self.flip(0.3))
        self.node(op, value, exact=op in ("MaxPool", "GlobalMaxPool"), **attributes)

    def norm(self):
        value = self.number(lambda v: v.rank >= 3)
        if not value:
            return
        channels, dtype = value.shape[1], value.array.dtype
        scale, bias = self.data(channels, dtype), self.data(channels, dtype)
        self.node("BatchNormalization", value, scale, bias, bias, self.data(channels, dtype, low=0.5))
        spread = np.std(value.array.reshape(*value.shape[:2], -1), axis=-1).min()
        if spread > 0.1:
            self.node("InstanceNormalization", value, scale, bias)
        if value.rank == 4:
            self.node("LRN", value, size=3, alpha=0.1)

    def resize(self):
        value = self.number(lambda v: v.rank == 4)
        if value:
            self.node("Resize", value, None, np.array([1, 1, *self.pick([(2, 2), (3, 1), (0.5, 0.5), (1.5, 2)])], np.float32),
                      mode=self.pick(["nearest", "linear", "cubic"]), nearest_mode=self.pick(["floor", "round_prefer_floor"]),
                      coordinate_transformation_mode=self.pick(["half_pixel", "asymmetric", "align_corners"]))

    def recurrent(self):
        value = self.number(lambda v: v.rank == 3 and v.array.dtype == np.float32 and v.shape[0] <= 8)
        if not value:
            return
        op, gates = self.pick([("LSTM", 4), ("GRU", 3), ("RNN", 1)])
        hidden, directions = self.pick([3, 4, 8]), self.pick([1, 2])
        attributes = {"direction": "bidirectional" if directions == 2 else self.pick(["forward", "reverse"])}
        self.node(op, value, self.data((directions, gates * hidden, value.shape[2])) * np.float32(0.3),
                  self.data((directions, gates * hidden, hidden)) * np.float32(0.3), hidden_size=hidden, **attributes)

    def quantise(self):
        value = self.value(lambda v: v.array.dtype in (np.int8, np.uint8))
        if value:
            self.node("DequantizeLinear", value, np.float32(0.125), np.asarray(2, value.array.dtype), exact=True)
        value = self.value(lambda v: v.array.dtype == np.float32 and v.exact)
        if value:
            self.node("QuantizeLinear", value, np.float32(0.125), np.uint8(100))

    STEPS = [unary, unary, unary, unary, positive, steps, arithmetic, arithmetic, arithmetic, divide, power, bits, logic, compare,
             select, cast, prelu, transpose, transpose, reshape, reshape, squeeze, expand, concat, concat, slice, slice,
             split, pad, gather, gather, scatter, blocks, triangle, reduce, reduce, reduce, best, cumulate, rows, rows,
             matmul, matmul, integer_product, einsum, conv, conv, pool, norm, resize, recurrent, quantise]

    def build(self):
        """Fills in nodes; returns the values that are outputs."""
        for _ in range(self.integer(1, 3)):
            shape = [self.size() for _ in range(int(self.pick([0, 1, 2, 3, 3, 4, 4, 4, 5])))]
            self.input(self.data(shape, self.pick(FLOATS) if self.flip(0.8) else self.pick([*INTEGERS, bool])))
        wanted = self.integer(3, 15)
        for _ in range(10 * wanted):
            if len(self.nodes) >= wanted:
                break
            self.pick(self.STEPS)(self)
        read = {name for node in self.nodes for name in node.input}
        made = {name for node in self.nodes for name in node.output}
        return [v for v in self.values if v.name in made and (v.name not in read or self.flip(0.1))]
