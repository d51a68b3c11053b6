# REQUIRES: onnxruntime
# RUN: %python %s
"""Sizes that a model gives dimensions with an extent, by numbers of its own or computed ones: of Reshape, Resize, Split.
What does not fit the extent there is is an error of the run. Each against onnxruntime. With --target=cuda for a GPU."""
import sys

import numpy as np

from dlc_testing import differences, parse_model

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(41)
FAILED = []


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def check(name, text, right, *flags, wrong=(), opset=19, **constants):
    """`right` runs as onnxruntime does; of `wrong` (inputs, what is said) both say that it is wrong."""
    arrays = lambda given: {n: np.asarray(a) for n, a in given.items()}
    FAILED.extend(differences(name, parse_model(f"g {text}", constants, opset), map(arrays, right), *FLAGS, *flags,
                              wrong=[(arrays(given), said) for given, said in wrong]))


def reshaped():
    """Seed 632220 of the graph fuzzer: where the sizes fit by chance, the numbers still are what they are."""
    x = lambda *extents: [{"x": floats(n, 5)} for n in extents]
    check("as large by chance", "(float[n,5] x) => (float[5,a] y, float[b,5] z) { y = Reshape (x, s) z = Reshape (x, t) }",
          x(5, 2, 4), "--max-dim=n=5", s=np.array([5, -1]), t=np.array([-1, 5]))
    numbers = {"a": [2, -1], "b": [-1, 10], "c": [4, -1, 5], "d": [0, 1, -1], "e": [-1, 0, 1], "f": [5, 0, -1], "g": [-1]}
    check("divided", "(float[n,4,5] x) => (" + ", ".join(f"float[{','.join(f'{k}{i}' for i in range(len(v)))}] {k}" for k, v in numbers.items())
          + ") {" + " ".join(f"{k} = Reshape (x, s{k})" for k, v in numbers.items()) + "}",
          [{"x": floats(n, 4, 5)} for n in (6, 1, 3)], "--max-dim=n=6", **{f"s{k}": np.array(v) for k, v in numbers.items()})
    check("one extent", """(float[n,6] x, float[m,6] w) => (float[4,9] y, float[6,k] z, float[6] sums) {
        y = Reshape (x, s)
        e = Exp (w)
        z = Reshape (e, t)
        p = Mul (z, z)
        sums = ReduceSum <keepdims = 0> (p, one)
    }""", [{"x": floats(6, 6), "w": floats(m, 6)} for m in (6, 1, 5)], "--max-dim=n=6", "--max-dim=m=6",
          wrong=[({"x": floats(3, 6), "w": floats(2, 6)},
                  "node 'y (Reshape)': the number of elements of its shape is 36, but has to be 18")],
          s=np.array([4, 9]), t=np.array([6, -1]), one=np.array([1]))
    check("two dimensions", """(float[n,m] x) => (float[4,a] y, float[b,4] z, float[c,2] t, float[d] flat) {
        y = Reshape (x, s)
        r = Transpose (x)
        z = Reshape (r, u)
        t = Reshape (r, v)
        flat = Reshape (z, w)
    }""", [{"x": floats(n, m)} for n, m in ((4, 6), (4, 1), (2, 2), (1, 4), (3, 4))], "--max-dim=n=4", "--max-dim=m=6",
          wrong=[({"x": floats(1, 3)}, "the number of elements of its shape is 0, but has to be 3")],
          s=np.array([4, -1]), u=np.array([-1, 4]), v=np.array([-1, 2]), w=np.array([-1]))
    check("to a scalar", "(float[n,m] x) => (float y, float[1,1] z) { y = Reshape (x, s) z = Reshape (y, t) }",
          [{"x": floats(1, 1)}], "--max-dim=n=3", "--max-dim=m=2",
          wrong=[({"x": floats(3, 1)}, "the number of elements of its shape is 1, but has to be 3")],
          s=np.array([], np.int64), t=np.array([1, 1]))


def reshaped_by_shapes():
    """Numbers that are computed from extents: those of the operand itself, or others."""
    check("turned", """(float[n,5] x, float[m,3] w) => (float[5,a] y, float[b,c] z, float[d,e] t, float[2,f,g] h) {
        size = Shape (x)
        rows = Slice (size, zero, one)
        numbers = Concat <axis = 0> (five, rows)
        y = Reshape (x, numbers)
        others = Shape <end = 1> (w)
        apart = Concat <axis = 0> (others, rest)
        z = Reshape (x, apart)
        joined = Mul (rows, five)
        again = Concat <axis = 0> (joined, one)
        t = Reshape (y, again)
        q = Mul (rows, two)
        pairs = Concat <axis = 0> (two, rows, rest)
        xx = Concat <axis = 1> (x, x)
        h = Reshape (xx, pairs)
    }""", [{"x": floats(n, 5), "w": floats(m, 3)} for n, m in ((5, 5), (2, 5), (3, 3), (1, 1), (4, 4))], "--max-dim=n=5", "--max-dim=m=5",
          wrong=[({"x": floats(3, 5), "w": floats(4, 3)}, "node 'z (Reshape)': the number of elements of its shape is 12, but has to be 15")],
          zero=np.array([0]), one=np.array([1]), two=np.array([2]), five=np.array([5]), rest=np.array([-1]))
    check("of a constant", """(float[n] x) => (float[a,b] y, float[n] z) {
        size = Shape (x)
        shape = Concat <axis = 0> (size, rest)
        y = Reshape (c, shape)
        z = Neg (x)
    }""", [{"x": floats(n)} for n in (6, 1, 4)], "--max-dim=n=6", c=floats(24), rest=np.array([-1]))


def resized():
    """Seeds 632039 and 632260 of the graph fuzzer: sizes are the same for all extents."""
    for mode, coordinates in (("nearest", "asymmetric"), ("linear", "half_pixel"), ("linear", "align_corners"), ("cubic", "pytorch_half_pixel"),
                              ("linear", "half_pixel_symmetric")):
        check(f"{mode}, {coordinates}", f"""(float[1,2,n,4] x) => (float[1,2,7,4] a, float[1,2,5,3] b, float[1,2,k,6] c, float[1,2,3,l] d) {{
            a = Resize <mode = "{mode}", coordinate_transformation_mode = "{coordinates}"> (x, none, none, sa)
            b = Resize <mode = "{mode}", coordinate_transformation_mode = "{coordinates}"> (x, none, none, sb)
            c = Resize <mode = "{mode}", coordinate_transformation_mode = "{coordinates}", axes = [3]> (x, none, none, sc)
            t = Relu (x)
            d = Resize <mode = "{mode}", coordinate_transformation_mode = "{coordinates}", axes = [2]> (t, none, none, sd)
        }}""".replace("none", '""').replace('""', ""), [{"x": floats(1, 2, n, 4)} for n in (5, 1, 3)], "--max-dim=n=5",
              sa=np.array([1, 2, 7, 4]), sb=np.array([1, 2, 5, 3]), sc=np.array([6]), sd=np.array([3]))
    check("by shapes", """(float[n,2,h] x, float[m,k] w) => (float[n,2,k] y, float[n,2,a] z) {
        like = Shape (w)
        width = Slice (like, one, two)
        size = Shape <end = 2> (x)
        sizes = Concat <axis = 0> (size, width)
        y = Resize <mode = "linear"> (x, , , sizes)
        own = Shape (x)
        r = Resize (x, , , own)
        z = Exp (r)
    }""", [{"x": floats(n, 2, h), "w": floats(1, k)} for n, h, k in ((3, 6, 9), (1, 2, 7), (2, 5, 3), (3, 4, 4))],
          "--max-dim=n=3", "--max-dim=h=6", "--max-dim=k=9", "--dim=m=1", one=np.array([1]), two=np.array([2]))


def split():
    """Sizes of parts have to be in total what there is."""
    check("of its own", """(float[2,n] x) => (float[2,2] y, float[2,4] z, float[2] w) {
        y, z = Split <axis = 1> (x, s)
        e = Exp (z)
        w = ReduceSum <keepdims = 0> (e, one)
    }""", [{"x": floats(2, 6)}], "--max-dim=n=6",
          wrong=[({"x": floats(2, 3)}, "node 'y (Split)': the sum of the sizes is 6, but has to be 3")],
          s=np.array([2, 4]), one=np.array([1]))
    check("given", """(float[n,3] x, int64[3] s, float[7,3] w) => (float[a,3] y, float[b] z, float[c,3] t, float[d,3] u, float[e,3] v) {
        y, p, t = Split (x, s)
        q = Exp (p)
        z = ReduceSum <keepdims = 0> (q, one)
        k = Slice (s, zero, two)
        u, v = Split (w, k)
    }""", [{"x": floats(sum(s), 3), "s": s, "w": floats(7, 3)} for s in ([3, 4, 2], [5, 2, 0], [0, 7, 1])], "--max-dim=n=9",
          "--max-dim=s[0]=5", "--max-dim=s[1]=7", "--max-dim=s[2]=4",
          wrong=[({"x": floats(8, 3), "s": [3, 4, 2], "w": floats(7, 3)}, "node 'y (Split)': the sum of the sizes is 9, but has to be 8"),
                 ({"x": floats(8, 3), "s": [3, 3, 2], "w": floats(7, 3)}, "node 'u (Split)': the sum of the sizes is 6, but has to be 7")],
          zero=np.array([0]), one=np.array([1]), two=np.array([2]))


def sequences():
    """Seed 942365 of the graph fuzzer: how many pieces there are depends on the extent."""
    check("pieces", """(float[2,n] x) => (float[2,a] y, float[2,b] z, float[2,n] t, float[2,n] u, int64 count, int64 all) {
        s = SplitToSequence <axis = 1> (x, four)
        y = SequenceAt (s, zero)
        z = SequenceAt (s, one)
        t = ConcatFromSequence <axis = -1> (s)
        e = Exp (x)
        each = SplitToSequence <axis = 1> (e)
        same = Identity (each)
        u = ConcatFromSequence <axis = 1> (same)
        count = SequenceLength (s)
        all = SequenceLength (same)
    }""", [{"x": floats(2, n)} for n in (11, 5, 8)], "--max-dim=n=11",
          wrong=[({"x": floats(2, 4)}, "the number of tensors at that position is 0, but has to be 1")],
          four=np.array(4), zero=np.array(0), one=np.array(1))
    check("elements", """(float[n,2] x) => (float[2] y, float[2] z) {
        s = SplitToSequence <keepdims = 0> (x)
        y = SequenceAt (s, zero)
        z = SequenceAt (s, two)
    }""", [{"x": floats(n, 2)} for n in (5, 3)], "--max-dim=n=5",
          wrong=[({"x": floats(2, 2)}, "dimension 0 is 0, but has to be 1")], zero=np.array(0), two=np.array(2))


def of_one():
    """Seed 942183 of the graph fuzzer: a dimension whose bound is 1 has no size that would tell where it is."""
    check("a bound of 1", """(float[n,13] x, float[1,1,n,2] z) => (float[1,n,13] a, float[n,1,13] b, float[n,13] c, float[1,n,2] d, float[1,e] flat) {
        a = Unsqueeze (x, first)
        p = Unsqueeze (x, second)
        b = Neg (p)
        q = Unsqueeze (p, first)
        c = Squeeze (q, both)
        d = Squeeze (z, first)
        t = Exp (z)
        flat = Flatten <axis = 2> (t)
    }""", [{"x": floats(n, 13), "z": floats(1, 1, n, 2)} for n in (1, 0)], "--max-dim=n=1",
          first=np.array([0]), second=np.array([1]), both=np.array([0, 2]))
    check("beside one of 1", """(float[2,m,16,1,5] x) => (float[2,k,16,5] y) {
        part = Slice (x, one, five, one)
        y = Squeeze (part, three)
    }""", [{"x": floats(2, m, 16, 1, 5)} for m in (6, 1, 3)], "--max-dim=m=6", one=np.array([1]), five=np.array([5]), three=np.array([3]))


def many():
    """More extents and checks than a runtime once had room for (256)."""
    count = 130
    nodes = " ".join(f"a{i} = Resize (x, , s{i}) b{i} = Resize (x, , t{i}) y{i} = Add (a{i}, b{i})" for i in range(count))
    scales = {f"{name}{i}": np.array([1.5 + i / 128 + more], np.float32)
              for i in range(count) for name, more in (("s", 0), ("t", 1e-5))}
    check("many", f"(float[n] x) => ({', '.join(f'float[k{i}] y{i}' for i in range(count))}) {{ {nodes} }}",
          [{"x": floats(n)} for n in (9, 4)], "--max-dim=n=9", "-O0", **scales)


def pooled():
    """Positions of windows whose number or padding depends on the extent."""
    for name, attributes in (("ceil", "ceil_mode = 1, strides = [2, 3]"), ("padded", "ceil_mode = 1, strides = [2, 2], pads = [1, 1, 0, 1]"),
                             ("upper", 'auto_pad = "SAME_UPPER", strides = [2, 3]'), ("lower", 'auto_pad = "SAME_LOWER", strides = [3, 2]'),
                             ("turned", 'auto_pad = "SAME_UPPER", strides = [2, 2], storage_order = 1')):
        check(name, f"""(float[2,3,n,m] x) => (float[2,3,a,b] y, int64[2,3,a,b] at) {{
            y, at = MaxPool <kernel_shape = [3, 2], {attributes}> (x)
        }}""", [{"x": floats(2, 3, n, m)} for n, m in ((8, 7), (3, 2), (5, 4), (6, 7), (4, 3))], "--max-dim=n=8", "--max-dim=m=7")


def too_large():
    """Seed 901456 of the graph fuzzer: a window that does not fit is one, if less than a stride is missing."""
    check("windows", """(float[1,2,n] x) => (float[1,2,a] y, int64[1,2,a] at, float[1,2,b] z) {
        y, at = MaxPool <kernel_shape = [3], pads = [0, 1], strides = [3]> (x)
        z = AveragePool <kernel_shape = [3], strides = [3]> (x)
    }""", [{"x": floats(1, 2, n)} for n in (13, 1, 2, 4)], "--max-dim=n=13")
    check("a filter", """(float[1,2,n] x) => (float[1,3,a] y, float[1,3,b] z) {
        y = Conv <strides = [2]> (x, f)
        z = Conv <pads = [1, 1]> (x, f)
    }""", [{"x": floats(1, 2, n)} for n in (13, 3, 6)], "--max-dim=n=13",
          wrong=[({"x": floats(1, 2, 2)}, "node 'y (Conv)': dimension 2 of operand 0 with its padding (at least the filter's reach) is 2, but has to be 3")],
          f=floats(3, 2, 3))
    check("a mean", """(float[1,2,n,4] x) => (float[1,2,a,2] y, float[1,2,b,2] z, float[1,2,c,1] w) {
        y = AveragePool <kernel_shape = [3, 2], strides = [2, 2], count_include_pad = 1> (x)
        z = AveragePool <kernel_shape = [4, 2], strides = [4, 2], pads = [1, 0, 0, 0]> (x)
        w = LpPool <kernel_shape = [3, 3], strides = [3, 2]> (x)
    }""", [{"x": floats(1, 2, n, 4)} for n in (9, 2, 3, 4)], "--max-dim=n=9")


def recurrent():
    """A state has as many sequences as the input."""
    for op, gates, more in (("LSTM", 4, ", c"), ("GRU", 3, ""), ("RNN", 1, "")):
        check(op, f"(float[5,n,3] x, float[1,m,4] h, float[1,m,4] c) => (float[5,1,n,4] y, float[1,n,4] last, float[1,m,4] same)"
                  f"{{ y, last = {op} <hidden_size = 4> (x, w, r, , , h{more}) same = Neg (c) }}",
              [{"x": floats(5, n, 3), "h": floats(1, n, 4), "c": floats(1, n, 4)} for n in (3, 1, 2)], "--max-dim=n=3", "--max-dim=m=3",
              wrong=[({"x": floats(5, 2, 3), "h": floats(1, 3, 4), "c": floats(1, 3, 4)}, f"node 'y ({op})': dimension 1 of operand 5 is 3, but has to be 2")],
              w=floats(1, 4 * gates, 3), r=floats(1, 4 * gates, 4))


def attended():
    """Numbers of heads are the same for all extents of the sequence: ONNX's function divides them."""
    check("heads", """(float[1,2,n,4] x, float[b,n,12] w, float[b,m,6] k) => (float[1,2,n,4] y, float[b,n,12] z, float[b,n,12] c) {
        y = Attention <is_causal = 1> (x, x, x)
        z = Attention <q_num_heads = 4, kv_num_heads = 2> (w, k, k)
        c = Attention <q_num_heads = 4, kv_num_heads = 4, softcap = 2.0> (w, w, w)
    }""", [{"x": floats(1, 2, n, 4), "w": floats(b, n, 12), "k": floats(b, m, 6)} for n, b, m in ((5, 2, 6), (1, 1, 3), (3, 2, 1))],
          "--max-dim=n=5", "--max-dim=b=2", "--max-dim=m=6", opset=23)


for case in (reshaped, reshaped_by_shapes, resized, split, sequences, of_one, many, pooled, too_large, recurrent, attended):
    case()
print("\n".join(FAILED))
sys.exit(bool(FAILED))
