# REQUIRES: onnxruntime
# RUN: %python %s
"""The first of rows: of few and of many, few of many, all of them; ties, zeros of both signs, infinities, NaN; all types;
extents along the axis and beside it. Also what it takes. With --target=cuda for a GPU."""
import json
import subprocess
import sys

import numpy as np

from dlc_targets import on_cuda
from dlc_testing import Program, differences, parse_model

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(5)
FAILED = []
TYPES = {"float": np.float32, "float16": np.float16, "double": np.float64, "int32": np.int32, "int64": np.int64}


def model(shape, k, element="float", largest=1, axis=-1):
    names = ", ".join("abc"[i] + "y" for i in range(len(shape)))
    return parse_model(f"""g ({element}[{','.join(map(str, shape))}] x) => ({element}[{names}] v, int64[{names}] i) {{
        v, i = TopK <largest = {largest}, axis = {axis}> (x, k)
    }}""", {"k": np.array([k])})


def check(name, x, k, largest):
    """The standard's order: of equal elements the first one, and NaN is the largest."""
    sign = 1 if largest else -1
    rows = []
    for row in x:
        keys = [(np.inf, 1) if v != v else (v, 0) for v in row.tolist()]
        rows.append(sorted(range(len(row)), key=lambda j, keys=keys: (sign * keys[j][0], sign * keys[j][1], -j), reverse=True)[:k])
    wanted = np.array(rows)
    with Program(model(x.shape, k, {v: n for n, v in TYPES.items()}[x.dtype.type], largest), *FLAGS) as program:
        got = program.run({"x": x})
    if not (got["i"] == wanted).all() or not np.array_equal(got["v"], np.take_along_axis(x, wanted, 1), equal_nan=x.dtype.kind == "f"):
        FAILED.append(f"{name}, {k} of {x.shape}, largest = {largest}")


def special(n):
    x = RNG.integers(-40, 40, (2, n)).astype(np.float32)
    x[:, ::3] = np.where(RNG.random((2, len(range(0, n, 3)))) < 0.5, 0.0, -0.0)
    x[:, [5, 17]], x[:, [3, 40]], x[:, [9, 20]] = np.inf, -np.inf, np.nan
    x[1, 20] = np.frombuffer(np.uint32(0xffc00001).tobytes(), np.float32)[0]  # the sign of a NaN counts for nothing
    return x


def types():
    for largest in (1, 0):
        for n, k in ((90, 40), (700, 30), (700, 400), (1500, 20), (1500, 700)):
            check("special values", special(n), k, largest)
        for element, dtype in TYPES.items():
            most = 2**40 if element == "int64" else 2**31 - 1
            for n, k in ((60, 10), (600, 20)) if largest else ((1100, 600),):
                x = RNG.standard_normal((2, n)) if dtype(0.5) == 0.5 else RNG.integers(-most, most, (2, n))
                check(element, x.astype(dtype), k, largest)
        edges = RNG.integers(-3, 3, (1, 600)).astype(np.int32)
        edges[0, ::7], edges[0, ::11] = -2**31, 2**31 - 1
        check("ends of a type", edges, 150, largest)


def extents():
    for shape, axis, bounds, runs in (
            (("b", 3, 1400), -1, {"b": 4}, [(4,), (1,)]),
            (("b", "s", 300), -1, {"b": 3, "s": 2}, [(3, 2), (1, 1), (2, 2)]),
            ((2, "n", 3), 1, {"n": 1400}, [(1400,), (1100,), (6,)]),
            (("b", 2, "n"), -1, {"b": 2, "n": 1400}, [(2, 1400), (1, 700), (2, 5)])):
        inputs = [{"x": RNG.standard_normal([dict(zip(bounds, sizes)).get(d, d) for d in shape]).astype(np.float32)} for sizes in runs]
        FAILED.extend(differences(f"extents {shape}", model(shape, 5, axis=axis), inputs, *FLAGS,
                                  *[f"--max-dim={d}={n}" for d, n in bounds.items()]))


def cost():
    """300 of 8,400, as detectors want them: nothing sorts all of them for it (0.07 ms where it took 1.2)."""
    took = []
    for k in (300, 8400):
        with Program(model((1, 8400), k)) as program:
            said = subprocess.run([program.path, "--benchmark=0.2", "--json"], capture_output=True, text=True, check=True)
        took.append(json.loads(said.stdout)["median_ms"])
    print(f"300 of 8,400: {took[0]:.3f} ms, all: {took[1]:.3f}")
    if took[0] > 0.6 * took[1]:
        FAILED.append("few of many take as long as all of them")


types()
extents()
if not on_cuda(FLAGS):
    cost()
print("\n".join(FAILED))
sys.exit(bool(FAILED))
