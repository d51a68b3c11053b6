# RUN: %python %s
# REQUIRES: onnxruntime
"""Elementwise functions of float32 against float64, over numbers of all magnitudes. Prints
the largest error in units in the last place and where it is; more than 2 fail (more than
LIMITS where functions are products of several roundings). Units of activation functions are not smaller than
2^-142: a factor of theirs may be subnormal."""

import math
import sys

import numpy as np
from onnx import TensorProto, helper

from dlc_targets import on_cuda
from dlc_testing import Program, option

# Nothing cancels in these, but the errors of three or four operations add up.
LIMITS = {"Swish": 2.5, "HardSwish": 2.5}
# On a GPU, the instruction for powers of two is off by up to 2 itself, and what is made of
# it divides by a sum with what it gives.
if on_cuda(sys.argv):
    LIMITS |= {"Sigmoid": 3.0, "Swish": 3.5}
COUNT = option("count", 1 << 16)
erf, pi = np.vectorize(math.erf), np.pi


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


FUNCTIONS = {"Sqrt": np.sqrt, "Reciprocal": np.reciprocal, "Exp": np.exp, "Log": np.log, "Sin": np.sin, "Cos": np.cos,
             "Tan": np.tan, "Asin": np.arcsin, "Acos": np.arccos, "Atan": np.arctan, "Sinh": np.sinh,
             "Cosh": np.cosh, "Asinh": np.arcsinh, "Acosh": np.arccosh, "Atanh": np.arctanh, "Tanh": np.tanh,
             "Erf": erf, "Sigmoid": sigmoid}


# name: operator, attributes, function
ACTIVATIONS = {
    "Swish": ("Swish", {}, lambda x: x * sigmoid(x)),
    "HardSwish": ("HardSwish", {}, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "Softsign": ("Softsign", {}, lambda x: x / (1 + abs(x)))}


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


def ulps(got, exact, least=0.0):
    """Distance in spacings of float32 at the exact result (or in `least`, if that is more);
    special results must be the same."""
    with np.errstate(all="ignore"):
        wanted = exact.astype(np.float32)
        unit = np.spacing(np.minimum(np.abs(wanted), np.float32(3e38))).astype(np.float64)
        unit = np.maximum(unit, least)
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
nodes += [helper.make_node(op, ["x"], [name], **attributes) for name, (op, attributes, _) in ACTIVATIONS.items()]
nodes += [helper.make_node("Sqrt", ["base"], ["root"]), helper.make_node("Reciprocal", ["root"], ["Rsqrt"]),
          helper.make_node("Pow", ["base", "power"], ["Pow"])]
names = [*FUNCTIONS, "Rsqrt", "Pow", *ACTIVATIONS]
graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape)
                                       for n, a in ports.items()],
                          [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in names])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)], ir_version=10)
with Program(model, *sys.argv[1:]) as program:
    results = program.run(ports, outputs=names)

bad = 0
print("| function | largest error in ulp | at |\n|---|---|---|")
with np.errstate(all="ignore"):
    wide = {n: a.astype(np.float64) for n, a in ports.items()}
    exact = {n: f(wide["x"]) for n, f in FUNCTIONS.items()}
    exact |= {name: function(wide["x"]) for name, (_, _, function) in ACTIVATIONS.items()}
    exact |= {"Rsqrt": 1 / np.sqrt(wide["base"]), "Pow": np.power(wide["base"], wide["power"])}
for name in names:
    error = ulps(results[name], exact[name], least=2.0**-142 if name in ACTIVATIONS else 0)
    at = int(np.argmax(error))
    where = f"{base[at]!r}, {power[at]!r}" if name == "Pow" else repr((base if name == "Rsqrt" else x)[at])
    limit = LIMITS.get(name, 2.0)
    note = "" if error[at] <= limit else f" **{results[name][at]!r} instead of {exact[name][at]:.9g}**, {np.count_nonzero(error > limit)} of {error.size}"
    print(f"| {name} | {error[at]:.2f} | {where}{note} |")
    bad += error[at] > limit
sys.exit(bool(bad))
