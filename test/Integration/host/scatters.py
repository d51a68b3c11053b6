# RUN: %python %s
# REQUIRES: onnxruntime
"""Scatters of many updates, whose positions are sorted, and of few, against onnxruntime: positions that a broadcast
repeats (sums over the edges of a graph) and tuples, with duplicates, from the end, all reductions and types; of static
and of bounded dimensions. With --target=cuda for a GPU."""
import sys

import numpy as np

from dlc_testing import Program, differences, parse_model

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(5)
FAILED = []
TYPES = {"float": np.float32, "int64": np.int64}


def numbers(element, *shape):
    if element == "int64":
        return RNG.integers(-4, 5, shape)
    return RNG.choice(np.array([-1, 0.5, 1, 2], np.float32), shape)  # products of many remain small


def check(name, text, inputs, *flags):
    FAILED.extend(differences(name, parse_model(text, {}), inputs, *FLAGS, *flags))


def positions(extent, count):
    """Some positions twice or more, others never; the last ones from the end."""
    found = RNG.integers(0, extent, count)
    found[: count // 3] = RNG.integers(0, min(extent, 3), count // 3)
    found[-count // 4 :] -= extent
    return RNG.permutation(found)


def sum_of_rows(extent, count, inner, element="float", reduction="add"):
    """Numbers of rows, repeated for each element of a row."""
    return f"""g ({element}[{extent},{inner}] x, int64[{count}] at, {element}[{count},{inner}] u) => ({element}[{extent},{inner}] y) {{
        last = Constant <value_ints = [1]> ()
        column = Unsqueeze(at, last)
        shape = Shape(u)
        all = Expand(column, shape)
        y = ScatterElements <axis = 0, reduction = "{reduction}"> (x, all, u)
    }}"""


def rows(extent, count, inner, element, reduction):
    text = sum_of_rows(extent, count, inner, element, reduction)
    check(f"rows {extent} {count} {inner} {element} {reduction}", text,
          [{"x": numbers(element, extent, inner), "at": positions(extent, count), "u": numbers(element, count, inner)}
           for _ in range(2)])


def tuples(shape, count, inner, reduction):
    """Positions in two dimensions."""
    m, n = shape
    text = f"""g (float[{m},{n},{inner}] x, int64[{count},2] at, float[{count},{inner}] u) => (float[{m},{n},{inner}] y) {{
        y = ScatterND <reduction = "{reduction}"> (x, at, u)
    }}"""
    at = np.stack([positions(m, count), positions(n, count)], axis=1)
    if reduction == "none":  # of several updates onnxruntime takes any
        at = np.stack(np.divmod(RNG.permutation(m * n)[:count], n), axis=1)
    check(f"tuples {shape} {count} {reduction}", text,
          [{"x": numbers("float", m, n, inner), "at": at, "u": numbers("float", count, inner)}])


for reduction in ("none", "add", "mul", "max", "min"):
    rows(700, 1500, 5, "float", reduction)  # sorted by a network
    tuples((30, 40), 1100, 4, reduction)
for reduction in ("none", "add"):
    rows(600, 900, 3, "int64", reduction)  # sorted by ranks
    rows(9, 12, 3, "float", reduction)  # searched
    rows(1, 3000, 4, "float", reduction)
def slices(batch, extent, count):
    return f"""g (float[{batch},{extent},4] x, int64[{count}] at, float[{batch},{count},4] u) => (float[{batch},{extent},4] y) {{
        ends = Constant <value_ints = [0, 2]> ()
        line = Unsqueeze(at, ends)
        shape = Shape(u)
        all = Expand(line, shape)
        y = ScatterElements <axis = 1, reduction = "add"> (x, all, u)
    }}"""


def boxes():
    """What PyTorch makes of assignments to slices: known positions, all combinations of progressions."""
    shape, inner = (2, 7, 9), 3
    cases = [[(0, 2, 1), (1, 6, 1), (2, 7, 1)], [(0, 2, 1), (0, 7, 1), (0, 5, 2)], [(0, 2, 1), (1, 2, 3), (1, 4, 2)],
             [(1, 1, 1), (6, 1, 1), (8, 1, 1)], [(0, 2, 1), (0, 7, 1), (0, 9, 1)], [(0, 1, 1), (0, 3, 2), (-4, 3, 1)]]
    for box in cases:
        grid = np.stack(np.meshgrid(*[first + step * np.arange(count) for first, count, step in box], indexing="ij"), -1)
        for element, reduction in (("float", "none"), ("float", "add"), ("int64", "max")):
            table = ", ".join(str(n) for n in grid.ravel())
            counts = ",".join(str(count) for _, count, _ in box)
            check(f"box {box} {element} {reduction}", f"""g ({element}[2,7,9,{inner}] x, {element}[{counts},{inner}] u) => ({element}[2,7,9,{inner}] y)
                <int64[{counts},3] at = {{{table}}}> {{ y = ScatterND <reduction = "{reduction}"> (x, at, u) }}""",
                  [{"x": numbers(element, *shape, inner), "u": numbers(element, *grid.shape[:-1], inner)}])


def large_box(reduction):
    """A table of 1.2 million positions, which is not computed; nor is it in the program."""
    text = f"""g (float[2,300,320] x, float[2,299,300] u) => (float[2,300,320] y)
        <int64[2,1,1] a = {{0, 1}}, int64 zero = {{0}}, int64 one = {{1}}, int64 m = {{300}}, int64 n = {{600}}, int64 two = {{2}}> {{
        shape = Shape(u)
        end = Constant <value_ints = [-1]> ()
        column = Constant <value_ints = [-1, 1]> ()
        j = Range(one, m, one)
        rows = Reshape(j, column)
        k = Range(zero, n, two)
        k2 = Div(k, two)
        ea = Expand(a, shape)
        ej = Expand(rows, shape)
        ek = Expand(k2, shape)
        ca = Unsqueeze(ea, end)
        cj = Unsqueeze(ej, end)
        ck = Unsqueeze(ek, end)
        at = Concat <axis = -1> (ca, cj, ck)
        y = ScatterND <reduction = "{reduction}"> (x, at, u)
    }}"""
    check(f"large box {reduction}", text, [{"x": numbers("float", 2, 300, 320), "u": numbers("float", 2, 299, 300)}])
    with Program(parse_model(text, {}), *FLAGS) as program:
        if (weights := program.info()["weights_bytes"]) > 1 << 16:
            FAILED.append(f"the weights of a large box have {weights} bytes")


boxes()
large_box("none")
large_box("add")
check("slices in the middle", slices(3, 500, 1500),
      [{"x": numbers("float", 3, 500, 4), "at": positions(500, 1500), "u": numbers("float", 3, 1500, 4)}])
check("a graph with bounds", sum_of_rows("n", "k", 4),
      [{"x": numbers("float", n, 4), "at": positions(n, k), "u": numbers("float", k, 4)}
       for n, k in ((400, 1200), (37, 1200), (400, 20), (1, 1))], "--max-dim=n=400", "--max-dim=k=1200")
check("tuples with bounds", """g (float[m,30,4] x, int64[k,2] at, float[k,4] u) => (float[m,30,4] y, float[m,30,4] z) {
    y = ScatterND <reduction = "add"> (x, at, u)
    z = ScatterND <reduction = "max"> (x, at, u)
}""", [{"x": numbers("float", m, 30, 4), "at": np.stack([positions(m, k), positions(30, k)], axis=1), "u": numbers("float", k, 4)}
       for m, k in ((40, 1100), (7, 1100), (40, 20), (1, 1))], "--max-dim=m=40", "--max-dim=k=1100")
def grid(*counts):
    return np.stack(np.meshgrid(*[np.arange(n) for n in counts], indexing="ij"), -1)


for m, n in ((2, "n"), ("n", 2), ("n", "n")):  # what counts of the tuples is not all in front
    for size in (9, "n"):
        check(f"a grid of {m} x {n} tuples with bounds in {size} x 9", f"""g (float[{size},9] x, int64[{m},{n},2] at, float[{m},{n}] u) =>
            (float[{size},9] y, float[{size},9] z) {{
            y = ScatterND(x, at, u)
            z = ScatterND <reduction = "add"> (x, at, u)
        }}""", [{"x": numbers("float", k if size == "n" else 9, 9), "at": grid(2 if m == 2 else k, 2 if n == 2 else k),
                 "u": numbers("float", 2 if m == 2 else k, 2 if n == 2 else k)} for k in (9, 4, 2)], "--max-dim=n=9")
check("slices with bounds", slices("b", "n", "k"),
      [{"x": numbers("float", b, n, 4), "at": positions(n, k), "u": numbers("float", b, k, 4)}
       for b, n, k in ((3, 500, 1500), (2, 60, 1500), (1, 500, 40))], "--max-dim=b=3", "--max-dim=n=500", "--max-dim=k=1500")
# The result is 175 KiB, the updates are 375; nothing is as large as their product.
for sizes, flags in (((700, 1500, 64), ()), (("n", "k", 64), ("--max-dim=n=700", "--max-dim=k=1500"))):
    with Program(parse_model(sum_of_rows(*sizes), {}), *FLAGS, *flags) as program:
        if (arena := program.info()["arena_bytes"]) > 3 << 20:
            FAILED.append(f"the arena for {sizes} has {arena} bytes")
print("\n".join(FAILED))
sys.exit(bool(FAILED))
