# RUN: %python %s
# REQUIRES: onnxruntime
"""Elementwise functions of float32, activation functions and what models write for them,
against float64, over numbers of all magnitudes. Prints the largest error in units in the
last place and where it is; more than 2 fail. Takes 10 s on one core."""

import math
import re
import sys

import numpy as np
from onnx import TensorProto, helper

from dlc_targets import on_cuda
from dlc_testing import Program, option

LIMIT = 2.0
COUNT = option("count", 1 << 16)
erf, erfc, pi = np.vectorize(math.erf), np.vectorize(math.erfc), np.pi


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


FUNCTIONS = {"Sqrt": np.sqrt, "Reciprocal": np.reciprocal, "Exp": np.exp, "Log": np.log, "Sin": np.sin, "Cos": np.cos,
             "Tan": np.tan, "Asin": np.arcsin, "Acos": np.arccos, "Atan": np.arctan, "Sinh": np.sinh,
             "Cosh": np.cosh, "Asinh": np.arcsinh, "Acosh": np.arccosh, "Atanh": np.arctanh, "Tanh": np.tanh,
             "Erf": erf, "Sigmoid": sigmoid}


def mish(x):
    power = np.exp(np.minimum(x, 100))
    part = power * (power + 2)
    return x * (part / (part + 2))


def elu(x, alpha=1.0, gamma=1.0, divisor=1.0):
    return np.where(x > 0, gamma * x, gamma * alpha * np.expm1(x / divisor))


def line(x, alpha, beta):
    return np.clip(single(alpha) * x + single(beta), 0, 1)


def single(number):
    return float(np.float32(number))


def gelu(x):
    return x / 2 * erfc(x * -np.sqrt(0.5))


def gelu_tanh(x):
    return x * sigmoid(2 * np.sqrt(2 / pi) * (x + 0.044715 * x**3))


# name: what it is of x (nodes in ONNX's text form, the last gives it), function
ACTIVATIONS = {
    "Gelu": ("Gelu(x)", gelu),
    "Gelu, written out": ("Mul(Mul(x, half), Add(Erf(Div(x, root2)), one))", gelu),
    "Gelu by tanh": ("Gelu<approximate = \"tanh\">(x)", gelu_tanh),
    "Gelu by tanh, written out":
        ("Mul(Mul(half, x), Add(one, Tanh(Mul(factor, Add(x, Mul(small, Pow(x, three)))))))", gelu_tanh),
    "Softplus": ("Softplus(x)", lambda x: np.logaddexp(0, x)),
    "Mish": ("Mish(x)", mish),
    "Mish, written out": ("Mul(x, Tanh(Softplus(x)))", mish),
    "Swish": ("Swish(x)", lambda x: x * sigmoid(x)),
    "Swish, written out": ("Mul(x, Sigmoid(x))", lambda x: x * sigmoid(x)),
    "Swish 1.702": ("Swish<alpha = 1.702>(x)", lambda x: x * sigmoid(single(1.702) * x)),
    "HardSigmoid": ("HardSigmoid(x)", lambda x: line(x, 0.2, 0.5)),
    "HardSigmoid 0.3": ("HardSigmoid<alpha = 0.3, beta = 0.7>(x)", lambda x: line(x, 0.3, 0.7)),
    "HardSwish": ("HardSwish(x)", lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "Softsign": ("Softsign(x)", lambda x: x / (1 + abs(x))),
    "Elu": ("Elu(x)", elu),
    "Elu 1.7": ("Elu<alpha = 1.7>(x)", lambda x: elu(x, single(1.7))),
    "Celu 0.6": ("Celu<alpha = 0.6>(x)", lambda x: elu(x, single(0.6), 1, single(0.6))),
    "Selu": ("Selu(x)", lambda x: elu(x, 1.67326319217681884765625, 1.05070102214813232421875)),
    # log1p and expm1, which ONNX does not have
    "Log(1 + x)": ("Log(Add(x, one))", np.log1p),
    "Exp(x) - 1": ("Sub(Exp(x), one)", np.expm1)}
CONSTANTS = {"one": 1, "half": 0.5, "three": 3, "root2": 2**0.5, "factor": (2 / pi)**0.5, "small": 0.044715}


class Formula:
    """The nodes of nested calls."""

    def __init__(self):
        self.nodes = []

    def call(self, text, name=None):
        head, operands = text[:-1].split("(", 1)
        op, attributes = head.split("<")[0], {}
        if "<" in head:
            for given in head.split("<")[1][:-1].split(", "):
                key, value = given.split(" = ")
                attributes[key] = value[1:-1] if value[0] == '"' else float(value)
        depth, parts = 0, [""]
        for letter in operands:
            depth += (letter == "(") - (letter == ")")
            if letter == "," and not depth:
                parts.append("")
            else:
                parts[-1] += letter
        given = [self.call(p.strip()) if "(" in p else p.strip() for p in parts]
        name = name or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, given, [name], **attributes))
        return name


def samples():
    """Bit patterns at even distances (so all exponents equally often), all of them
    finite; more of the magnitudes that networks compute with; special numbers."""
    rng = np.random.default_rng(11)
    bits = np.linspace(0, 2**32 - 1, COUNT // 2, dtype=np.uint64).astype(np.uint32)
    everywhere = (bits + rng.integers(0, 2**15, bits.size).astype(np.uint32)).view(np.float32)
    usual = np.concatenate([rng.uniform(-r, r, COUNT // 8) for r in (1, 4, 30, 100)]).astype(np.float32)
    special = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, pi / 2, pi, 1e-45, -1e-45, 1.1754944e-38, 88.7228,
                        88.73, -87.33, -103.9, -104, 9.0, 0.5, 2, 3.4028235e38], np.float32)
    x = np.concatenate([everywhere, usual, special])
    return x[np.isfinite(x) | np.isin(np.arange(x.size), np.arange(x.size - special.size, x.size))]


def ulps(got, exact):
    """Distance in spacings of float32 at the exact result; special results must be the same."""
    with np.errstate(all="ignore"):
        wanted = exact.astype(np.float32)
        unit = np.spacing(np.minimum(np.abs(wanted), np.float32(3e38))).astype(np.float64)
        error = np.abs(got.astype(np.float64) - exact) / unit
        # beyond the largest number both that and infinity are good
        same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
        return np.where(same & ~np.isfinite(wanted), 0, np.where(np.isnan(error), np.inf, error))


x = samples()
pairs = np.random.default_rng(12)
base = np.abs(pairs.choice(x[np.isfinite(x)], x.size)).astype(np.float32)
with np.errstate(all="ignore"):
    power = np.clip(pairs.uniform(-1, 1, x.size) * 80 / np.maximum(np.abs(np.log(base.astype(np.float64))), 0.1),
                    -60, 60).astype(np.float32)
ports = {"x": x, "base": base, "power": power}
nodes = [helper.make_node(op, ["x"], [op]) for op in FUNCTIONS]
formulas = Formula()
for index, (name, (text, _)) in enumerate(ACTIVATIONS.items()):
    # an input each: what two share would be computed by itself
    ports[f"x{index}"] = x
    formulas.call(re.sub(r"\bx\b", f"x{index}", text), name)
nodes += formulas.nodes
constants = [helper.make_tensor(n, TensorProto.FLOAT, [], [v]) for n, v in CONSTANTS.items()]
nodes += [helper.make_node("Sqrt", ["base"], ["root"]), helper.make_node("Reciprocal", ["root"], ["Rsqrt"]),
          helper.make_node("Pow", ["base", "power"], ["Pow"])]
names = [*FUNCTIONS, "Rsqrt", "Pow", *ACTIVATIONS]
graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape)
                                       for n, a in ports.items()],
                          [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in names], constants)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)], ir_version=10)
with Program(model, *sys.argv[1:]) as program:
    results = program.run(ports, outputs=names)

bad = 0
print("| function | largest error in ulp | at |\n|---|---|---|")
with np.errstate(all="ignore"):
    wide = {n: a.astype(np.float64) for n, a in ports.items()}
    exact = {n: f(wide["x"]) for n, f in FUNCTIONS.items()}
    exact |= {name: function(wide["x"]) for name, (_, function) in ACTIVATIONS.items()}
    exact |= {"Rsqrt": 1 / np.sqrt(wide["base"]), "Pow": np.power(wide["base"], wide["power"])}
for name in names:
    error = ulps(results[name], exact[name])
    at = int(np.argmax(error))
    where = f"{base[at]!r}, {power[at]!r}" if name == "Pow" else repr((base if name == "Rsqrt" else x)[at])
    note = "" if error[at] <= LIMIT else f" **{results[name][at]!r} instead of {exact[name][at]:.9g}**, {np.count_nonzero(error > LIMIT)} of {error.size}"
    print(f"| {name} | {error[at]:.2f} | {where}{note} |")
    bad += error[at] > LIMIT
sys.exit(bool(bad))
