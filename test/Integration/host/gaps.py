# REQUIRES: onnxruntime
# RUN: %python %s
"""Operators along a dimension that two others were joined to, of which the inner one has an extent: in memory there are
gaps in what counts. Each against onnxruntime. With --target=cuda for a GPU."""
import sys

import numpy as np

from dlc_testing import differences, parse_model

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(43)


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def ints(*values):
    return np.array(values)


# `t` is [2n, 3], `u` is [3, 2n], both with gaps: outputs (names, ranks, i: of integers), nodes, constants.
CASES = {
    "triangles": ("y2 z2", "y = Trilu (t) z = Trilu <upper = 0> (u, k)", {"k": np.array(1)}),
    "gathered elements": ("y2 z2 w2", """y = GatherElements <axis = 0> (t, i) z = GatherElements <axis = 1> (u, j)
        w = GatherElements <axis = 1> (t, i)""", {"i": ints([0, 1, -1], [1, 0, 0]), "j": ints([0, 1, -1], [1, 0, 0], [1, 1, 1])}),
    "gathered tuples": ("y1 z2", "y = GatherND (t, i) z = Gather <axis = 1> (u, j)", {"i": ints([0, 1], [1, 2], [-1, 0]), "j": ints(0, -1)}),
    "scattered": ("y2 z2 w2", """y = ScatterElements <axis = 0> (t, i, a) z = ScatterElements <axis = 1> (u, j, b)
        w = ScatterElements <axis = 0, reduction = "add"> (t, i, a)""",
                  {"i": ints([0, 1, 1], [1, 0, 0]), "a": floats(2, 3), "j": ints([0, 1], [1, 0], [1, 0]), "b": floats(3, 2)}),
    "scattered tuples": ("y2 z2", "y = ScatterND (t, i, a) z = ScatterND (u, j, b)",
                         {"i": ints([0], [1]), "a": floats(2, 3), "j": ints([0, 1], [2, -1]), "b": floats(2)}),
    "sorted": ("y2 i2i z2 j2i", "y, i = TopK <axis = 0> (t, k) z, j = TopK (u, k)", {"k": ints(2)}),
    "summed up": ("y2 z2", "y = CumSum (t, k) z = CumSum <reverse = 1, exclusive = 1> (u, l)", {"k": np.array(0), "l": np.array(1)}),
    "largest": ("y2i z2i h2 g2", """y = ArgMax <axis = 0> (t) z = ArgMin <axis = 1, select_last_index = 1> (u)
        h = Hardmax <axis = 0> (t) g = Hardmax <axis = 1> (u)""", {}),
    "one-hot": ("y3 e2 f2", "q = Cast <to = 7> (t) y = OneHot <axis = 0> (q, d, v) e = EyeLike (t) f = EyeLike <k = 1> (u)",
                {"d": np.array(4), "v": np.array([0, 1], np.float32)}),
    "reversed": ("y2", "y = ReverseSequence <batch_axis = 0, time_axis = 1> (u, l)", {"l": ints(2, 1, 2)}),
    "chosen": ("y2 z1 w2i", "y = Compress <axis = 0> (t, a) z = Compress (u, b) r = Relu (t) w = NonZero (r)",
               {"a": np.array([1, 0, 1, 1], bool), "b": np.array([1, 0, 1, 1, 1, 1], bool)}),
    "cut": ("y2 z2", "y = Slice (t, one, five, zero) z = Slice (t, last, first, zero, back)",
            {"one": ints(1), "five": ints(5), "zero": ints(0), "last": ints(-1), "first": ints(-99), "back": ints(-2)}),
    "padded": ("y2 z2", 'y = Pad (t, p) z = Pad <mode = "edge"> (u, q)', {"p": ints(1, 0, 2, 0), "q": ints(0, 1, 0, 1)}),
    "resampled": ("y2 z2", 'y = Resize (t, , , s) z = Resize <mode = "linear"> (u, , r)',
                  {"s": ints(3, 3), "r": np.array([1, 1.5], np.float32)}),
    "windows": ("y3 i3i z3 w3", """q = Unsqueeze (u, zero) y, i = MaxPool <kernel_shape = [2], strides = [2], ceil_mode = 1> (q)
        z = AveragePool <kernel_shape = [2], pads = [1, 1]> (q) w = Conv <pads = [1, 0]> (q, f)""", {"zero": ints(0), "f": floats(2, 3, 2)}),
    "pooled and back": ("y3", """q = Unsqueeze (u, zero) p, i = MaxPool <kernel_shape = [2], strides = [2]> (q)
        y = MaxUnpool <kernel_shape = [2], strides = [2]> (p, i)""", {"zero": ints(0)}),
    "normalised": ("y2 z2 w2", "y = Softmax <axis = 0> (t) z = LogSoftmax (u) w = LpNormalization <axis = 0> (t)", {}),
    "split": ("y2 z2 w2", "y, z = Split <axis = 0, num_outputs = 2> (t) w = Concat <axis = 0> (t, a, t)", {"a": floats(2, 3)}),
    "repeated": ("y3 z2", "y = Expand (t, s) z = Tile (t, r)", {"s": ints(2, 1, 1), "r": ints(2, 1)}),
    "counted": ("y2", "s = Shape <end = 1> (t) n = Squeeze (s) c = Range (zero, n, one) f = Cast <to = 1> (c) g = Unsqueeze (f, axis) y = Add (t, g)",
                {"zero": np.array(0), "one": np.array(1), "axis": ints(1)}),
    "recurrent": ("y4 z4", "a = Reshape (t, steps) y = LSTM <hidden_size = 2> (a, w, r) b = Reshape (t, batch) z = GRU <hidden_size = 2> (b, v, s)",
                  {"steps": ints(0, 1, 3), "batch": ints(1, -1, 3), "w": floats(1, 8, 3), "r": floats(1, 8, 2), "v": floats(1, 6, 3), "s": floats(1, 6, 2)}),
    "products": ("y2 z2 w1 d1", """y = MatMul (u, t) z = MatMul (t, u) w = Einsum <equation = "ij,ji->i"> (t, u)
        d = Einsum <equation = "ii->i"> (z)""", {}),
    "scanned": ("y1 z2", """y, z = Scan <num_scan_inputs = 1, body = b (float[3] s, float[3] x) => (float[3] v, float[3] o) {
        v = Add (s, x) o = Mul (v, v) }> (start, t)""", {"start": floats(3)}),
    "cropped": ("y2", "y = CenterCropPad <axes = [0]> (t, s)", {"s": ints(3)}),
}

problems = []
for name, (outputs, nodes, constants) in CASES.items():
    declared = ", ".join(f"{'int64' if o[2:] else 'float'}[{','.join(f'{o[0]}{d}' for d in range(int(o[1])))}] {o[0]}" for o in outputs.split())
    model = parse_model(f"g (float[2,n,3] x) => ({declared}) {{ t = Reshape (x, flat) u = Transpose (t) {nodes} }}", {**constants, "flat": ints(-1, 3)})
    inputs = [{"x": floats(2, n, 3)} for n in (4, 1, 3)]
    problems += differences(name, model, inputs, "--max-dim=n=4", *FLAGS)
print("\n".join(problems))
sys.exit(bool(problems))
