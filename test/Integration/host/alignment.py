# REQUIRES: onnxruntime
# RUN: %python %s
"""Dimensions with an extent beside others: what turns out to be 1 is broadcast, and what does not fit
is an error of the run that names the node. Each against onnxruntime, which says no, too. With
--target=cuda for a GPU."""
import sys

import numpy as np

from dlc_testing import differences, parse_model

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(31)
FAILED = []


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def check(name, text, right, wrong=(), flags=(), **constants):
    """`right` runs as onnxruntime does; of `wrong` (inputs, what is said) both say that it is wrong."""
    arrays = lambda given: {n: np.asarray(a) for n, a in given.items()}
    FAILED.extend(differences(name, parse_model(f"g {text}", constants), map(arrays, right), *FLAGS, *flags,
                              wrong=[(arrays(given), said) for given, said in wrong]))


def broadcast():
    """Seeds 410070 and 620376 of the graph fuzzer had the first one: ONNX broadcasts where n is 1 when it runs."""
    three = np.array([1, 2, 3], np.float32)
    flags = np.array([True, False, True])
    check("with a constant", """(float[n] x, float[m,1] a) => (float[k] y, float[k] z, float[j,k] both, float[k] w) {
        y = Add (x, c)
        e = Exp (x)
        z = Where (f, e, x)
        s = Mul (a, x)
        both = Sub (c, s)
        q = Sum (c, x, y)
        w = PRelu (q, x)
    }""", [{"x": floats(n), "a": floats(m, 1)} for n, m in ((3, 4), (1, 2), (3, 1))],
          [({"x": floats(2), "a": floats(1, 1)},
            "node 'y (Add)': dimension 0 of operand 0 (not 1, which would be broadcast) is 2, but has to be 3")],
          ("--max-dim=n=3", "--max-dim=m=4"), c=three, f=flags)
    check("with each other", """(float[n,4] x, float[m,4] y) => (float[k,4] a, float[k,4] p, float[4] sums, float[4,l,2] t) {
        b = Tanh (y)
        a = Add (x, b)
        p = Pow (b, two)
        q = Div (a, x)
        r = Max (q, p, x)
        sums = ReduceSum <keepdims = 0> (r, zero)
        h = Reshape (r, apart)
        t = Transpose <perm = [1, 0, 2]> (h)
    }""".replace("float[k,4] p", "float[m,4] p").replace("float[4,l,2]", "float[2,l,2]"),
          [{"x": floats(n, 4), "y": floats(m, 4)} for n, m in ((5, 5), (1, 4), (3, 1), (1, 1), (2, 2))],
          [({"x": floats(3, 4), "y": floats(2, 4)}, "node 'a (Add)': dimension 0 of operand 1")],
          ("--max-dim=n=5", "--max-dim=m=5"), two=np.array(2, np.float32), zero=np.array([0]), apart=np.array([-1, 2, 2]))
    check("products", """(float[n,2,k] x, float[m,4,3] y, float[4,3] w) => (float[b,2,3] all, float[n,2,3] each, float[b,3] g) {
        all = MatMul (x, y)
        each = MatMul (x, w)
        row = ReduceMax <keepdims = 0> (all, one)
        g = Gemm (row, square, bias)
    }""", [{"x": floats(n, 2, 4), "y": floats(m, 4, 3), "w": floats(4, 3)} for n, m in ((3, 3), (1, 2), (3, 1))],
          [({"x": floats(2, 2, 4), "y": floats(3, 4, 3), "w": floats(4, 3)}, "node 'all (MatMul)': dimension 0 of operand 1"),
           ({"x": floats(2, 2, 3), "y": floats(2, 4, 3), "w": floats(4, 3)},
            "node 'all (MatMul)': dimension 1 of operand 1 is 4, but has to be 3")],
          ("--max-dim=n=3", "--max-dim=m=3", "--max-dim=k=4"), one=np.array([1]), square=floats(3, 3), bias=floats(1, 3))
    check("joined", """(float[n,2] x, float[m,3] y) => (float[k,3] z) {
        line = Reshape (x, flat)
        column = Unsqueeze (line, one)
        z = Mul (column, y)
    }""", [{"x": floats(n, 2), "y": floats(m, 3)} for n, m in ((3, 6), (2, 4), (2, 1), (3, 1))],
          [({"x": floats(2, 2), "y": floats(6, 3)}, "node 'z (Mul)': dimension 0 of operand 1 (not 1, which would be broadcast) is 6, but has to be 4")],
          ("--max-dim=n=3", "--max-dim=m=6"), flat=np.array([-1]), one=np.array([1]))
    check("in a loop", """(float[n] x, float[m] y) => (float[k] last) {
        start = Add (x, y)
        last = Loop <body = b (int64 i, bool c, float[k] t) => (bool d, float[k] u) {
            d = Identity (c)
            v = Mul (t, x)
            u = Add (v, y)
        }> (trips, yes, start)
    }""", [{"x": floats(n), "y": floats(m)} for n, m in ((4, 4), (1, 3), (2, 1))],
          [({"x": floats(3), "y": floats(2)}, "node 'start (Add)': dimension 0 of operand 1")],
          ("--max-dim=n=4", "--max-dim=m=4"), trips=np.array(7), yes=np.array(True))
    check("a branch", """(float[n,2] x, float[m,2] y, bool c) => (float[k,2] z) {
        z = If (c) <then_branch = t () => (float[n,2] a) { a = Exp (x) }, else_branch = f () => (float[m,2] b) { b = Neg (y) }>
    }""", [{"x": floats(n, 2), "y": floats(m, 2), "c": c} for n, m, c in ((3, 3, True), (1, 3, True), (1, 2, False), (2, 1, True))],
          (), ("--max-dim=n=3", "--max-dim=m=3"))


def same():
    """What has to be the same, without being broadcast."""
    check("joined parts", "(float[n,2] x, float[m,3] y) => (float[n,5] z) { z = Concat <axis = 1> (x, y) }",
          [{"x": floats(n, 2), "y": floats(n, 3)} for n in (4, 1, 2)],
          [({"x": floats(1, 2), "y": floats(3, 3)}, "node 'z (Concat)': dimension 0 of operand 1 is 3, but has to be 1")],
          ("--max-dim=n=4", "--max-dim=m=4"))
    check("scales", """(float[2,n] x) => (float[2,3] y, uint8[2,3] q) {
        q = QuantizeLinear <axis = 1> (x, s)
        y = DequantizeLinear <axis = 1> (q, s)
    }""", [{"x": floats(2, 3)}], (), ("--max-dim=n=3",), s=np.array([0.5, 0.25, 1], np.float32))
    check("norms", """(float[2,c,n] x) => (float[2,c,n] y, float[2,c,n] z) {
        y = LayerNormalization <axis = 2> (x, s)
        z = BatchNormalization (x, a, b, m, v)
    }""", [{"x": floats(2, 3, 4)}],
          [({"x": floats(2, 3, 2)}, "node 'y (LayerNormalization)'"), ({"x": floats(2, 2, 4)}, "node 'z (BatchNormalization)'")],
          ("--max-dim=c=3", "--max-dim=n=4"), s=floats(4), a=floats(3), b=floats(3), m=floats(3), v=np.abs(floats(3)))


def computed():
    """Numbers that a model computes and its operands do not have."""
    check("expand", """(float[1,3] x, float[n,1] y, int64[2] s) => (float[a,3] z, float[b,c] w, float[n,4] wide) {
        z = Expand (x, s)
        w = Expand (y, s)
        wide = Expand (y, four)
    }""", [{"x": floats(1, 3), "y": floats(n, 1), "s": s} for n, s in ((5, (5, 3)), (1, (4, 1)), (3, (1, 3)), (1, (5, 3)))],
          [({"x": floats(1, 3), "y": floats(1, 1), "s": (5, 2)}, "node 'z (Expand)': dimension 1 of the operand"),
           ({"x": floats(1, 3), "y": floats(4, 1), "s": (3, 3)}, "node 'w (Expand)': dimension 0 of the operand")],
          ("--max-dim=n=5", "--max-dim=s[0]=5", "--max-dim=s[1]=3"), four=np.array([1, 4]))
    check("expanded", "(float[n,2] x) => (float[3,2] y, float[n,2] z) { y = Expand (x, three) z = Expand (x, one) }",
          [{"x": floats(n, 2)} for n in (3, 1)],
          [({"x": floats(2, 2)}, "node 'y (Expand)': dimension 0 of the operand (not 1, which would be expanded) is 2, but has to be 3")],
          ("--max-dim=n=3",), three=np.array([3, 1]), one=np.array([1]))
    check("best", """(float[2,n] x, int64[1] k) => (float[2,a] y, int64[2,a] i, float[2,2] z, int64[2,2] j) {
        y, i = TopK (x, k)
        z, j = TopK (x, two)
    }""", [{"x": floats(2, n), "k": [k]} for n, k in ((7, 5), (7, 0), (3, 3), (2, 1))],
          [({"x": floats(2, 3), "k": [4]}, "node 'y (TopK)': k (at most the dimension's size) is 4, but has to be 3"),
           ({"x": floats(2, 1), "k": [1]}, "node 'z (TopK)': k (at most the dimension's size) is 2, but has to be 1")],
          ("--max-dim=n=7", "--max-dim=k[0]=5"), two=np.array([2]))
    check("ends", """(float[n,2] x, float[m,2] y, float[6,2] c) => (float[a,2] z, float[b,2] w, float[d,2] last) {
        size = Shape <end = 1> (y)
        end = Sub (size, three)
        z = Slice (x, zero, end, zero)
        w = Slice (c, one, end, zero)
        last = Slice (y, one, end, zero)
    }""", [{"x": floats(n, 2), "y": floats(m, 2), "c": floats(6, 2)} for n, m in ((7, 8), (2, 8), (4, 3), (7, 5), (3, 2), (2, 1))], (),
          ("--max-dim=n=7", "--max-dim=m=8"), three=np.array([3]), zero=np.array([0]), one=np.array([1]))
    check("padded to a length", """(float[1,n] x) => (float[1,12] y, float[1,m] z) {
        size = Shape <start = 1> (x)
        more = Sub (twelve, size)
        pads = Mul (more, last)
        y = Pad (x, pads)
        z = Pad <mode = "reflect"> (y, both)
    }""", [{"x": floats(1, n)} for n in (9, 1, 5)], (), ("--max-dim=n=9",), twelve=np.array([12]), last=np.array([0, 0, 0, 1]),
          both=np.array([0, 2, 0, 3]))
    check("floats in a row", """(float[n] x) => (float[m] y, float[k] z) {
        size = Shape (x)
        one = Squeeze (size)
        limit = Cast <to = 1> (one)
        y = Range (half, limit, step)
        z = Add (x, y)
    }""".replace("z = Add (x, y)", "z = Exp (y)"), [{"x": floats(n)} for n in (9, 1, 4, 5)], (), ("--max-dim=n=9",),
          half=np.array(0.5, np.float32), step=np.array(1.5, np.float32))


for case in (broadcast, same, computed):
    case()
print("\n".join(FAILED))
sys.exit(bool(FAILED))
