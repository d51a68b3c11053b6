# REQUIRES: onnxruntime
# RUN: %python %s
"""Loops over dimensions whose extent is known when the program runs, and loops around values
with such dimensions: last states and stacked results at several extents, against onnxruntime.
With --target=cuda for a GPU."""
import sys

import numpy as np

from dlc_testing import differences, parse_model

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(19)
FAILED = []


def check(name, text, inputs, *flags, **constants):
    graph = parse_model(f"g {text}", constants)
    FAILED.extend(differences(name, graph, inputs, *FLAGS, *flags))


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


# The last state is that of the last element there is.
for bound in (9, 3):
    check(f"scan of at most {bound}", """(float[n,3] x, float[3] s) => (float[3] last, float[n,3] all) {
        last, all = Scan <num_scan_inputs = 1, body = b (float[3] t, float[3] e) => (float[3] u, float[3] v) {
            h = Mul (t, half)
            u = Add (h, e)
            v = Identity (u)
        }> (s, x)
    }""", [{"x": floats(n, 3), "s": floats(3)} for n in (bound, 1, 2)], f"--max-dim=n={bound}",
          half=np.float32(0.5))

# Directions, axes, a second dimension with an extent (which states have, too), captured values.
check("scan in directions", """(float[batch,n,3] x, float[n,batch] z, float[batch,3] s, float[batch,1] f)
        => (float[batch,3] last, float[batch,3,n] a, float[n,batch] b) {
    last, a, b = Scan <num_scan_inputs = 2, scan_input_axes = [1, 0], scan_input_directions = [1, 0],
            scan_output_axes = [-1, 0], scan_output_directions = [0, 1],
            body = b (float[r,3] t, float[r,3] e, float[r] g) => (float[r,3] u, float[r,3] v, float[r] w) {
        m = Mul (t, f)
        u0 = Add (m, e)
        u = Tanh (u0)
        v = Identity (u0)
        w1 = ReduceSum <keepdims = 0> (u0, one)
        w = Mul (w1, g)
    }> (s, x, z)
}""", [{"x": floats(b, n, 3), "z": floats(n, b), "s": floats(b, 3), "f": floats(b, 1)}
       for b, n in ((4, 7), (1, 7), (3, 2), (4, 1))], "--max-dim=n=7", "--max-dim=batch=4", one=np.array([1]))

# A dimension of known size is still one behind the scan: it is divided.
check("scan of known length", """(float[6,batch,3] x, float[batch,3] s) => (float[2,3,k] y) {
    t = Transpose <perm = [1, 0, 2]> (x)
    last, all = Scan <num_scan_inputs = 1, scan_input_axes = [1],
            body = b (float[r,3] c, float[r,3] e) => (float[r,3] u, float[r,3] v) {
        u = Add (c, e)
        v = Tanh (u)
    }> (s, t)
    y = Reshape (all, parts)
}""", [{"x": floats(6, b, 3), "s": floats(b, 3)} for b in (4, 1, 3)], "--max-dim=batch=4", parts=np.array([2, 3, -1]))

# A Loop that runs as often as there are rows, or until its body says so.
LOOP = """(float[n,4] x, float limit) => (float[4] sum, float[m,4] all) {{
    shape = Shape (x)
    trips = Gather (shape, zero)
    sum, all = Loop <body = b (int64 i, bool c, float[4] t) => (bool d, float[4] u, float[4] v) {{
        row = Gather (x, i)
        v = Exp (row)
        u = Add (t, v)
        r = ReduceMax <keepdims = 0> (row)
        d = {}
    }}> (trips, {}, start)
}}"""
CONSTANTS = {"zero": np.array(0), "start": np.zeros(4, np.float32), "yes": np.array(True)}
ROWS = [np.sort(floats(n, 4), axis=0) for n in (8, 1, 5, 0)]
check("loop over rows", LOOP.format("Identity (c)", "yes"), [{"x": x, "limit": np.array(0, np.float32)} for x in ROWS],
      "--max-dim=n=8", **CONSTANTS)
check("loop until", LOOP.format("Less (r, limit)", "yes"),
      [{"x": x, "limit": np.array(limit, np.float32)} for x in ROWS for limit in (0.2, 9)], "--max-dim=n=8", **CONSTANTS)

# Values with extents in a loop of known length, and in a loop within it.
check("loops in loops", """(float[n,4] x, float[4,4] w) => (float[n,4] y, float[6,n,4] all, float[6,4] sums) {
    y, all, sums = Loop <body = b (int64 i, bool c, float[r,4] t) => (bool d, float[r,4] u, float[r,4] v, float[4] q) {
        d = Identity (c)
        p = MatMul (t, w)
        u = Tanh (p)
        v = Add (u, x)
        q = Scan <num_scan_inputs = 1, body = b (float[4] s, float[4] e) => (float[4] k) { k = Sub (e, s) }> (zeros, v)
    }> (six, yes, x)
}""", [{"x": floats(n, 4), "w": floats(4, 4)} for n in (5, 2, 1)], "--max-dim=n=5",
      six=np.array(6), yes=np.array(True), zeros=np.zeros(4, np.float32))

print("\n".join(FAILED))
sys.exit(bool(FAILED))
