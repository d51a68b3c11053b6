"""What random graphs are grown from: values that are there, choices, and nodes that are computed as
soon as they are proposed.

What the oracle refuses, and what gives NaN, infinity or numbers that amplify rounding errors is taken
back, so that differences found later mean something. The oracle is onnxruntime without its
optimisations; ONNX's reference implementation where that has no kernel; and for bfloat16, which
onnxruntime has for few operators, float32 rounded once a node.
"""
import copy
import itertools
from dataclasses import dataclass

import ml_dtypes
import numpy as np
import onnx
import onnx.reference
import onnxruntime
from onnx import helper, numpy_helper

BF16 = np.dtype(ml_dtypes.bfloat16)
OPSETS = [22, 13, 18, 28, 11, 20, 9, 24, 16, 21, 14, 26, 17, 23, 19, 22]
# Graphs with neighbouring seeds have the same operator set, so that they can be one model.
NEIGHBOURS = 10
SIZES = [1, 1, 2, 3, 4, 5, 7, 8, 13, 16, 17]
# Those of a few graphs, so that there are several tiles with edges, and several threads' worth of work.
LARGE_SIZES = [1, 2, 3, 16, 31, 37, 64, 67, 128, 131]
FLOATS = [np.float32] * 5 + [np.float64, np.float16, BF16]
INTEGERS = [np.int64, np.int32, np.int8, np.uint8, np.int16, np.uint16, np.uint32, np.uint64]
# Results of several roundings that are smaller may be nothing else.
LEAST = {np.dtype(np.float64): 1e-11, np.dtype(np.float32): 1e-4, np.dtype(np.float16): 8e-3, BF16: 6e-2}
MOST_ELEMENTS, MOST_LARGE_ELEMENTS = 20000, 120000

onnxruntime.set_default_logger_severity(4)  # proposals that it refuses are no news


def kind(dtype):
    """numpy's letter, which it does not know for bfloat16."""
    return "f" if np.dtype(dtype) == BF16 else np.dtype(dtype).kind


@dataclass
class Value:
    name: str
    array: np.ndarray
    exact: bool  # the same bits everywhere: only moved, or integers
    dynamic: bool = False  # the shape depends on values
    slack: int = 0  # by how much an integer may differ: no operand, since then anything may
    others: tuple = ()  # what it is for the other extents of a bounded dimension

    shape = property(lambda self: self.array.shape)
    rank = property(lambda self: self.array.ndim)
    dtype = property(lambda self: self.array.dtype)
    is_float = property(lambda self: kind(self.array.dtype) == "f")
    is_integer = property(lambda self: kind(self.array.dtype) in "iu")
    least = property(lambda self: np.min(self.array.astype(np.float64), initial=np.inf))
    most = property(lambda self: np.max(self.array.astype(np.float64), initial=-np.inf))
    smallest = property(lambda self: np.min(np.abs(self.array.astype(np.float64)), initial=np.inf))


def unoptimised(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def describe(name, array, dynamic=False):
    element = helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor_value_info(name, element, None if dynamic else array.shape)


def ml_opset(opset):
    """Trees have another form since the fifth set of ai.onnx.ml."""
    return 5 if opset >= 21 else 4


def make_model(nodes, inputs, outputs, constants, opset):
    """`constants` are arrays by name, `inputs` are too, or descriptions as `outputs` are."""
    if isinstance(inputs, dict):
        inputs = [describe(*i) for i in inputs.items()]
    graph = helper.make_graph(nodes, "fuzz", inputs, outputs,
                              [numpy_helper.from_array(a, n) for n, a in constants.items()])
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", ml_opset(opset)), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def names_read(node):
    """The inputs of a node and of the nodes in its bodies."""
    names = {name for name in node.input if name}
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            for inner in attribute.g.node:
                names |= names_read(inner)
            names |= {output.name for output in attribute.g.output}
    return names


# onnxruntime's angles are float32: of some lengths its results are off by a thousandth.
BY_REFERENCE = {"DFT", "STFT"}

# Its Erf rounds float64 to float32, its LRN takes samples for channels, its Resize has coordinates of float32, its
# windows with more padding on one side than on the other have another size, its ConvTranspose has other groups.
NOT_BY_REFERENCE = {"Erf", "LRN", "Resize", "MaxPool", "AveragePool", "LpPool", "GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool",
                    "ConvTranspose"}
# And what operators were in older sets it does not say.
SINCE_REFERENCE = 21


def evaluate(model, arrays):
    """What the outputs of `model` are, or None if the oracle refuses."""
    try:
        if not BY_REFERENCE & {node.op_type for node in model.graph.node}:
            return unoptimised(model).run(None, arrays)
    except Exception as error:  # onnxruntime has no common class
        if "NOT_IMPLEMENTED" not in str(error) and "NotImplemented" not in type(error).__name__:
            return None
    kinds = {node.op_type for node in model.graph.node}
    if NOT_BY_REFERENCE & kinds or model.opset_import[0].version < SINCE_REFERENCE and not kinds <= BY_REFERENCE:
        return None
    try:
        # the check wants types of the outputs
        onnx.checker.check_model(onnx.shape_inference.infer_shapes(model), full_check=True)
        with np.errstate(all="ignore"):
            return onnx.reference.ReferenceEvaluator(model).run(None, arrays)
    except Exception:  # nor has the reference implementation
        return None


def in_float32(nodes, arrays, constants, results, opset):
    """Computes nodes on bfloat16 as float32, and rounds results that are bfloat16."""
    outputs = [helper.make_empty_tensor_value_info(r) for r in results]
    model = make_model(nodes, arrays, outputs, constants, opset)
    try:
        model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    except onnx.shape_inference.InferenceError:
        return None  # no such type here
    narrow = [output.type.tensor_type.elem_type == onnx.TensorProto.BFLOAT16 for output in model.graph.output]
    wide = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    for node in wide:
        for attribute in node.attribute:
            if attribute.name == "to" and attribute.i == onnx.TensorProto.BFLOAT16:
                attribute.i = onnx.TensorProto.FLOAT
    widen = lambda all: {n: a.astype(np.float32) if a.dtype == BF16 else a for n, a in all.items()}
    arrays = widen(arrays)
    computed = evaluate(make_model(wide, arrays, outputs, widen(constants), opset), arrays)
    return computed and [a.astype(BF16) if is_narrow else a for a, is_narrow in zip(computed, narrow)]


class Unfit(Exception):
    """A pattern ends here: what it needs is no good to compare."""


class Draft:
    """Nodes that are added together or not at all. Operands are values, arrays (constants), names of
    results within the draft, or None."""

    def __init__(self, generator):
        self.generator = generator
        self.nodes, self.arrays, self.constants, self.operands = [], {}, {}, []

    def use(self, operand):
        if operand is None or isinstance(operand, str):
            return operand or ""
        if isinstance(operand, Value):
            self.arrays[operand.name] = operand.array
            self.operands.append(operand)
            return operand.name
        name = self.generator.name()
        self.constants[name] = np.asarray(operand)
        return name

    def node(self, op, *operands, outputs=1, domain="", **attributes):
        """The name of the result, or those of several."""
        names = [self.use(operand) for operand in operands]
        results = [self.generator.name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, names, results, name=f"{results[0]}_{op}", domain=domain, **attributes))
        return results[0] if outputs == 1 else results

    def compute(self, results, arrays=None):
        """What the oracle says of `results`, for other arrays than the operands' where given; nothing if it
        refuses."""
        opset, arrays = self.generator.opset, arrays or self.arrays
        if BF16 in {a.dtype for a in [*arrays.values(), *self.constants.values()]} or any(
                a.name == "to" and a.i == onnx.TensorProto.BFLOAT16 for n in self.nodes for a in n.attribute):
            computed = in_float32(self.nodes, arrays, self.constants, results, opset)
        else:
            outputs = [helper.make_empty_tensor_value_info(r) for r in results]
            computed = evaluate(make_model(self.nodes, arrays, outputs, self.constants, opset), arrays)
        return computed and [np.asarray(array) for array in computed]

    def is_good(self, array, exact):
        """Whether an array is good to compare."""
        if array.size > self.generator.most_elements or array.dtype == object:
            return False
        if kind(array.dtype) != "f":
            return True
        wide = array.astype(np.float64)
        most = np.abs(wide).max(initial=0)
        return np.isfinite(wide).all() and most < 1000 and (exact or not array.size or most >= LEAST[array.dtype])

    def elsewhere(self, results, computed, exact):
        """What `results` are for the other extents; nothing if they are no good, or of another kind."""
        others = []
        for world in range(len(self.generator.extents)):
            arrays = {o.name: o.others[world] for o in self.operands}
            found = self.compute(results, arrays)
            if found is None or not all(a.dtype == b.dtype and a.ndim == b.ndim and self.is_good(b, exact) for a, b in zip(computed, found)):
                return None
            others.append(found)
        return list(zip(*others)) or [()] * len(results)

    def finish(self, *results, exact=False, dynamic=False, slack=0, judge=True):
        """The values of `results`; nothing if the nodes compute something that is no good to compare.
        `dynamic`: whether all results are, or the names of those that are."""
        generator = self.generator
        computed = self.compute(results)
        if computed is None and not judge:
            raise Unfit
        if computed is None:
            return []
        exact = exact and all(operand.exact for operand in self.operands)
        if judge and not all(self.is_good(array, exact) for array in computed):
            return []
        others = self.elsewhere(results, computed, exact)
        if others is None:
            return []
        generator.nodes += self.nodes
        generator.constants.update(self.constants)
        self.results = results
        generator.drafts.append(self)
        if isinstance(dynamic, bool):
            dynamic = results if dynamic or any(operand.dynamic for operand in self.operands) else ()
        values = [Value(name, array, exact or kind(array.dtype) != "f", name in dynamic, slack, other)
                  for name, array, other in zip(results, computed, others)]
        generator.values += values
        return values


class Core:
    # Of a graph with a bounded dimension, and those that it is tried with besides the bound.
    BOUNDS = [(13, (5, 1)), (7, (3, 6)), (17, (16, 2)), (5, (2, 4)), (33, (32, 7))]

    def __init__(self, seed, prefix="v", bounded=False):
        self.rng, self.prefix = np.random.default_rng(seed), prefix
        self.opset = OPSETS[seed // NEIGHBOURS % len(OPSETS)]
        self.ml_opset = ml_opset(self.opset)
        self.inputs, self.constants, self.values, self.nodes, self.count = {}, {}, [], [], itertools.count(1)
        self.drafts = []  # what was accepted, in order
        self.added = []  # the inputs' values, those that bodies asked for, too
        self.outer, self.depth = {}, 0  # what a body sees of the graphs around it, and how many they are
        self.bound, self.extents = self.pick(self.BOUNDS) if bounded else (None, ())
        large = self.flip(0.12) and not bounded
        self.sizes, self.most_elements = (LARGE_SIZES, MOST_LARGE_ELEMENTS) if large else (SIZES, MOST_ELEMENTS)

    def inside(self, values):
        """A generator for a body, of the same choices and names, that sees `values`."""
        inner = copy.copy(self)
        inner.values, inner.nodes, inner.constants, inner.drafts = list(values), [], {}, []
        inner.outer = {**self.outer, **{v.name: v for v in self.values}}
        inner.depth += 1
        return inner

    # --- choices

    def pick(self, choices):
        return choices[self.rng.integers(len(choices))]

    def flip(self, chance=0.5):
        return self.rng.random() < chance

    def size(self):
        return int(self.pick(self.sizes))

    def integer(self, low, high):
        """Both ends included."""
        return int(self.rng.integers(low, high + 1))

    def data(self, shape, dtype=np.float32, low=None):
        dtype = np.dtype(dtype)
        if kind(dtype) == "f":
            values = self.rng.standard_normal(shape)
            return np.asarray(values if low is None else low + np.abs(values)).astype(dtype)
        if dtype.kind == "b":
            return self.rng.random(shape) < 0.5
        least = 0 if dtype.kind == "u" else -9
        return np.asarray(self.rng.integers(least if low is None else low, 10, shape)).astype(dtype)

    def value(self, fits=lambda v: True, empty=False, dynamic=False):
        """`empty`, `dynamic`: one without elements, or of an unknown shape, will do."""
        fitting = [v for v in self.values if (empty or v.array.size) and (dynamic or not v.dynamic) and not v.slack and fits(v)]
        # The latest ones more often, so that graphs get deep.
        return self.pick(fitting[-4:] if self.flip(0.6) else fitting) if fitting else None

    def number(self, fits=lambda v: True, **allowed):
        return self.value(lambda v: v.is_float and fits(v), **allowed)

    def axis(self, value):
        axis = self.integer(0, value.rank - 1)
        return axis, axis - value.rank if self.flip(0.3) else axis

    # --- growing

    def name(self):
        return f"{self.prefix}{next(self.count)}"

    def input(self, array, axis=None):
        """`axis` is the bounded one."""
        array = np.asarray(array)
        others = [array if axis is None else np.ascontiguousarray(array.take(range(extent), axis)) for extent in self.extents]
        value = Value(self.name(), array, True, others=tuple(others))
        self.inputs[value.name] = array
        self.added.append(value)
        self.values.append(value)
        return value

    def node(self, op, *operands, outputs=1, exact=False, dynamic=False, **attributes):
        """Adds a node if it computes something that is good to compare."""
        draft = Draft(self)
        results = draft.node(op, *operands, outputs=outputs, **attributes)
        return draft.finish(*([results] if outputs == 1 else results), exact=exact, dynamic=dynamic)

    def one(self, op, *operands, **options):
        """The value of a node that a pattern needs."""
        values = self.node(op, *operands, **options)
        if not values:
            raise Unfit
        return values[0]

    def with_list(self, op, value, name, numbers, since, exact=False, outputs=1, **attributes):
        """A node whose list `name` is an input since one operator set, and an attribute before."""
        numbers = [int(number) for number in numbers]
        if self.opset >= since:
            return self.node(op, value, np.array(numbers, np.int64), exact=exact, outputs=outputs, **attributes)
        return self.node(op, value, exact=exact, outputs=outputs, **{name: numbers}, **attributes)
