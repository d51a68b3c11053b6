# REQUIRES: onnxruntime
# RUN: %python %s
"""Attention as a model that spells it out (products, scale, mask, softmax, transpositions):
one kernel, no scores in memory, and results as exact as the types allow, compared with
numpy in double precision. Odd sizes, masks, cross attention, several tiles of keys, long
heads, tensor cores. Takes 11 s on one core.

  attention.py [full | host]    (other cases; programs for the host, whose scores, all
                                 together, are more than a megabyte)
"""
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from dlc_testing import Failure, Program

KINDS = {"f32": (TensorProto.FLOAT, np.float32), "f16": (TensorProto.FLOAT16, np.float16)}
ROUNDING = {"f32": 2**-22, "tf32": 2**-11, "f16": 2**-11, "bf16": 2**-8}
rng = np.random.default_rng(4)
failed = 0
TARGET = "host" if "host" in sys.argv else "cuda"


class Case:
    def __init__(self, title, batch=1, heads=2, queries=37, keys=None, head=16, value=None, element="f32",
                 precision="f32", mask=None, keys_transposed=False):
        self.title, self.batch, self.heads, self.queries = title, batch, heads, queries
        self.keys, self.head, self.value = keys or queries, head, value or head
        self.element, self.precision, self.mask = element, precision, mask
        self.keys_transposed = keys_transposed
        self.nodes, self.constants, self.inputs = [], [], {}

    def constant(self, name, array):
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def heads_of(self, name, rows, width, perm):
        """An input of [batch, rows, heads * width] in the order `perm` of its four dims."""
        self.inputs[name] = (self.batch, rows, self.heads * width)
        shape = self.constant(f"{name}_shape", np.array([self.batch, rows, self.heads, width]))
        self.node("Reshape", [name, shape], f"{name}_split")
        return self.node("Transpose", [f"{name}_split"], f"{name}_heads", perm=perm)

    def model(self):
        kind, dtype = KINDS[self.element]
        q = self.heads_of("q", self.queries, self.head, [0, 2, 1, 3])
        if self.keys_transposed:
            self.inputs["k"] = (self.batch, self.heads, self.head, self.keys)
            k = "k"
        else:
            k = self.heads_of("k", self.keys, self.head, [0, 2, 3, 1])
        v = self.heads_of("v", self.keys, self.value, [0, 2, 1, 3])
        scores = self.node("MatMul", [q, k], "scores")
        scale = self.constant("scale", dtype(self.head**-0.5))
        logits = self.node("Mul", [scores, scale], "scaled")
        if self.mask == "causal":
            hidden = self.constant("hidden", np.triu(np.ones((self.queries, self.keys), bool), 1))
            lowest = self.constant("lowest", dtype(-np.inf))
            logits = self.node("Where", [hidden, lowest, logits], "logits")
        elif self.mask:
            self.inputs["mask"] = self.mask_values().shape
            logits = self.node("Add", [logits, "mask"], "logits")
        weights = self.node("Softmax", [logits], "weights", axis=-1)
        product = self.node("MatMul", [weights, v], "product")
        rows = self.node("Transpose", [product], "rows", perm=[0, 2, 1, 3])
        shape = self.constant("shape", np.array([self.batch, self.queries, self.heads * self.value]))
        self.node("Reshape", [rows, shape], "y")
        values = [helper.make_tensor_value_info(name, kind, shape) for name, shape in self.inputs.items()]
        result = helper.make_tensor_value_info("y", kind, [self.batch, self.queries, self.heads * self.value])
        graph = helper.make_graph(self.nodes, "g", values, [result], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)

    def mask_values(self):
        random = np.random.default_rng(len(self.title))
        if self.mask == "bias":  # of each head
            return random.standard_normal((1, self.heads, self.queries, self.keys))
        # All keys of the first tile and some others are hidden from one batch.
        mask = np.where(random.random((self.batch, 1, 1, self.keys)) < 0.3, -np.inf, 0.0)
        mask[0, ..., :-3] = -np.inf
        mask[..., -1] = 0
        return mask

    def values(self):
        dtype = KINDS[self.element][1]
        values = {name: rng.standard_normal(shape).astype(dtype) for name, shape in self.inputs.items()}
        if self.mask and self.mask != "causal":
            values["mask"] = self.mask_values().astype(dtype)
        return values

    def expected(self, values):
        values = {name: value.astype(np.float64) for name, value in values.items()}
        split = lambda name, width: values[name].reshape(
            self.batch, -1, self.heads, width).transpose(0, 2, 1, 3)
        k = values["k"] if self.keys_transposed else split("k", self.head).swapaxes(2, 3)
        logits = split("q", self.head) @ k * self.head**-0.5
        if self.mask == "causal":
            logits = np.where(np.triu(np.ones(logits.shape[2:], bool), 1), -np.inf, logits)
        elif self.mask:
            logits = logits + values["mask"]
        weights = np.exp(logits - logits.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        result = (weights @ split("v", self.value)).transpose(0, 2, 1, 3)
        return result.reshape(self.batch, self.queries, -1)


def check(case):
    global failed
    model, values = case.model(), case.values()
    try:
        with Program(model, f"--target={TARGET}", f"--precision={case.precision}") as program:
            got = program.run(values, *(["--threads=1"] if TARGET == "host" else []))["y"].astype(np.float64)
            same = TARGET == "cuda" or (got == program.run(values, "--threads=3")["y"]).all()
            info = program.info()
    except Failure as error:
        failed += 1
        print(f"FAILED {case.title}: {error}")
        return
    rounding = max(ROUNDING[case.precision], ROUNDING[case.element])
    error = np.abs(got - case.expected(values)).max()
    launches, arena = info.get("launches", 0), info["arena_bytes"]
    # On the host keys are packed, and a row's scores kept.
    if TARGET == "host":
        heads = case.batch * case.heads
        packed = 4 * heads * (case.keys + 64) * case.head
        good = arena <= heads * case.queries * case.keys + packed and same
    else:
        good = launches == 1 and not arena
    if not error <= 8 * rounding or not good:
        failed += 1
        print(f"FAILED {case.title}: error {error:.2e}, {launches} launches, {arena} bytes of arena")


quick = [
    Case("odd sizes", batch=2, heads=3, keys=45, head=20, value=12, mask="padding"),
    Case("causal, two tiles", queries=70, head=32, mask="causal"),
    Case("f16", heads=2, queries=50, keys=70, head=64, element="f16", mask="bias"),
    Case("f16, odd heads", batch=2, queries=37, head=20, value=28, element="f16", mask="padding"),
    Case("tf32", keys=70, head=64, precision="tf32", mask="causal"),
    Case("bf16 products", batch=2, keys=70, head=36, precision="bf16", mask="padding"),
]
more = [
    Case("a bias for each head", keys=100, mask="bias"),
    Case("hidden tiles", batch=2, queries=16, keys=200, mask="padding"),
    Case("keys along rows", keys=48, head=24, keys_transposed=True),
    Case("long heads", heads=1, queries=33, head=128, value=256),
    Case("f16, long heads", heads=1, queries=64, keys=80, head=128, element="f16", mask="causal"),
    Case("f16, short heads", heads=1, head=8, element="f16"),
    Case("tf32, keys along rows", keys=48, head=24, precision="tf32", keys_transposed=True),
    Case("f16 products", keys=70, head=32, precision="f16"),
]
# Rows in tiles of 48, all 197 at once, and few queries; numbers of keys that no vector divides.
host = [
    Case("tiles of rows", heads=3, queries=384, head=64),
    Case("a prime number of rows", heads=12, queries=197, head=16, mask="causal"),
    Case("few queries", batch=2, heads=8, queries=16, keys=1100, head=20, value=12, mask="padding"),
    Case("a bias for each head", heads=2, queries=320, keys=501, head=32, mask="bias"),
    Case("keys along rows", heads=2, queries=500, head=24, keys_transposed=True),
    Case("bf16 products", heads=2, queries=512, head=64, precision="bf16"),
    Case("f16", heads=2, queries=520, keys=530, head=32, element="f16", mask="bias"),
]
for case in host if TARGET == "host" else more if "full" in sys.argv else quick:
    check(case)
sys.exit(failed > 0)
