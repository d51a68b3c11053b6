# REQUIRES: onnxruntime
# RUN: %python %s
"""`Scan` and `Loop` of more iterations than are unrolled, against onnxruntime: directions,
axes, captured values, numbers of iterations, loops in loops and in branches, loops that
end when their body says so (one program, several inputs). With --target=cuda for a GPU."""
import sys

import numpy as np

from dlc_targets import on_cuda
from dlc_testing import differences, parse_model

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(11)
FAILED = []


def check(name, text, *inputs, opset=18, **constants):
    graph = parse_model(f"g {text}", constants, opset)
    arrays = [{key: np.asarray(array) for key, array in given.items()} for given in inputs]
    FAILED.extend(differences(name, graph, arrays, *FLAGS))


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def scans():
    check("scan", """(float[2,9,3] x, float[4,9] z, float[3] s, float[4] t, float[4,4] w)
            => (float[3] last, float[4] other, float[2,3,9] a, float[9,4] b, float[9] c) {
        last, other, a, b, c = Scan <num_scan_inputs = 2, scan_input_axes = [1, -1],
                scan_input_directions = [0, 1], scan_output_axes = [-1, 0, 0],
                scan_output_directions = [1, 0, 0], body = b (float[3] s, float[4] t, float[2,3] e, float[4] f)
                => (float[3] n, float[4] m, float[2,3] p, float[4] q, float r) {
            m0 = MatMul (w, t)
            m1 = Tanh (m0)
            m = Add (m1, f)
            p = Add (e, s)
            axis = Constant <value_ints = [0]> ()
            n0 = ReduceMean <keepdims = 0> (p, axis)
            n = Sub (n0, s)
            q = Identity (t)
            r = ReduceSum <keepdims = 0> (m)
        }> (s, t, x, z)
    }""", *[{"x": floats(2, 9, 3), "z": floats(4, 9), "s": floats(3), "t": floats(4), "w": floats(4, 4)}
            for _ in range(2)])
    # A scan of operator set 8 has a batch.
    check("scan8", """(float[2,7,3] x, float[2,3] s) => (float[2,3] y, float[2,7,3] all) {
        y, all = Scan <num_scan_inputs = 1, directions = [1], body = b (float[3] c, float[3] e)
                => (float[3] n, float[3] o) {
            n = Add (c, e)
            o = Identity (n)
        }> ("", s, x)
    }""".replace('""', ""), {"x": floats(2, 7, 3), "s": floats(2, 3)}, opset=8)


def loops():
    # States that are passed on, a number that is computed with, shapes of states.
    check("loop", """(float[5] x, float[6,5] w, int64[5] k)
            => (float[5] y, int64[5] passed, float[6] part, float[6,5] rows, float[6,1] sizes) {
        y, passed, part, rows, sizes = Loop (n, go, x, k, start) <body = b (int64 i, bool c, float[5] s, int64[5] p, float[6] q)
                => (bool d, float[5] t, int64[5] p2, float[6] q2, float[5] row, float[1] size) {
            one = Constant <value_int = 1> ()
            d = Cast <to = 9> (one)
            row = Gather (w, i)
            sum = Add (s, row)
            t = Gather (sum, p)
            p2 = Identity (p)
            shape = Shape (t)
            size0 = Cast <to = 1> (shape)
            f = Cast <to = 1> (i)
            size = Mul (size0, f)
            head = Constant <value_ints = [0]> ()
            five = Constant <value_ints = [5]> ()
            most = Slice (q, head, five)
            q2 = Concat <axis = 0> (size, most)
        }>
    }""", *[{"x": floats(5), "w": floats(6, 5), "k": RNG.permutation(5)} for _ in range(2)],
          n=np.int64(6), go=np.bool_(True), start=np.zeros(6, np.float32))
    # An op that libonnx infers nothing for, on what is stacked.
    check("normalized", """(float[4,3] x) => (float[6,4,3] y) {
        last, all = Loop (six, go, x) <body = b (int64 i, bool c, float[4,3] s)
                => (bool d, float[4,3] t, float[4,3] o) {
            d = Identity (c)
            t = Sin (s)
            o = Add (s, x)
        }>
        y = GroupNormalization <num_groups = 2> (all, scale, bias)
    }""", {"x": floats(4, 3)}, six=np.int64(6), go=np.bool_(True), scale=floats(4), bias=floats(4), opset=21)
    # Within each other and within branches.
    check("nested", """(float[3] x, bool which) => (float[3] y, float[7,5,3] all) {
        y, all = Loop (seven, go, x) <body = b (int64 i, bool c, float[3] s)
                => (bool d, float[3] t, float[5,3] stack) {
            d = Identity (c)
            u, stack = Loop (five, go, s) <body = inner (int64 j, bool e, float[3] v)
                    => (bool f, float[3] z, float[3] o) {
                f = Identity (e)
                sum = Add (i, j)
                scale = Cast <to = 1> (sum)
                fast = Mul (v, scale)
                z = Sin (fast)
                o = Add (z, s)
            }>
            t = If (which) <then_branch = yes () => (float[3] a) { a = Add (u, s) },
                            else_branch = no () => (float[3] r) {
                    r, unused = Loop (five, go, u) <body = deep (int64 k, bool g, float[3] h)
                            => (bool l, float[3] m, float[3] n) {
                        l = Identity (g)
                        n = Cos (h)
                        m = Sub (n, s)
                    }>
                }>
        }>
    }""", *[{"x": floats(3), "which": np.bool_(w)} for w in (0, 1)],
          seven=np.int64(7), five=np.int64(5), go=np.bool_(True))
    # Only if a condition says so.
    check("optional", """(float[3] x, bool go) => (float[3] y, float[n,3] all) {
        y, all = Loop (six, go, x) <body = b (int64 i, bool c, float[3] s) => (bool d, float[3] t, float[3] o) {
            d = Identity (c)
            t = Add (s, x)
            o = Mul (t, s)
        }>
    }""", *[{"x": floats(3), "go": np.bool_(w)} for w in (1, 0)], six=np.int64(6))
    # What needs the number of the iteration, or changes its shape, is unrolled.
    check("unrolled", """(float[8] x) => (float[m] y, float[6] sums) {
        y, sums = Loop (six, go, x) <body = b (int64 i, bool c, float[k] s) => (bool d, float[l] t, float o) {
            d = Identity (c)
            zero = Constant <value_ints = [0]> ()
            end = Unsqueeze (i, zero)
            head = Slice (x, zero, end)
            o = ReduceSum <keepdims = 0> (head)
            t = Concat <axis = 0> (s, s1)
        }>
    }""", {"x": floats(8)}, six=np.int64(6), go=np.bool_(True), s1=floats(1))


def conditions():
    # Ends when the sum is over a limit: at once, on the way, after all iterations.
    for trips in (9, 10):
        check(f"while {trips}", """(float[3] x, float limit) => (float[3] y, float[n,3] all, int64 count, float[n,3] twice) {
            y, count, all = Loop (trips, go, x, zero) <body = b (int64 i, bool c, float[3] s, int64 before)
                    => (bool d, float[3] t, int64 now, float[3] o) {
                t = Add (s, x)
                total = ReduceSum <keepdims = 0> (t)
                d = Less (total, limit)
                now = Add (i, one)
                o = Exp (s)
            }>
            twice = Add (all, all)
        }""", *[{"x": np.full(3, 1, np.float32), "limit": np.float32(limit)}
                for limit in (1000, 0, 8, 11, 14, 17, 32)],
              trips=np.int64(trips), go=np.bool_(True), zero=np.int64(0), one=np.int64(1))
    check("first", """(float[3] x, bool go, float[1] limit) => (float[3] y, float[n,3] all) {
        y, all = Loop (trips, go, x) <body = b (int64 i, bool c, float[3] s) => (bool d, float[3] t, float[3] o) {
            t = Mul (s, x)
            total = ReduceSum (t)
            d = Less (total, limit)
            o = Identity (s)
        }>
    }""", *[{"x": np.full(3, 1.5, np.float32), "go": np.bool_(go), "limit": np.array([limit], np.float32)}
            for go, limit in ((1, 9), (0, 9), (1, 1000), (1, 0))], trips=np.int64(5))


def endless():
    # Only the body ends it: as a CUDA program all iterations would have to be launched.
    check("while", """(float[3] x, float limit) => (float[3] y, int64 count) {
        y, count = Loop (, go, x, zero) <body = b (int64 i, bool c, float[3] s, int64 before)
                => (bool d, float[3] t, int64 now) {
            t = Add (s, x)
            total = ReduceSum <keepdims = 0> (t)
            d = Less (total, limit)
            now = Add (i, one)
        }>
    }""", *[{"x": np.full(3, 1, np.float32), "limit": np.float32(limit)} for limit in (0, 5, 9, 3000)],
          go=np.bool_(True), zero=np.int64(0), one=np.int64(1))


def counted():
    # The condition is about a counter alone: how often is known, so there is something to stack.
    check("while counter", """(float[3] x) => (float[3] y, int32 last, float limit, float[n,3] all) {
        last, y, limit, all = Loop (, go, zero, x, seven) <body = b (int64 i, bool c, int32 k, float[3] s, float m)
                => (bool d, int32 next, float[3] t, float same, float[3] o) {
            same = Identity (m)
            step = Constant <value = int32 {2}> ()
            next = Add (k, step)
            t = Add (s, x)
            o = Exp (s)
            at = Cast <to = 1> (next)
            d = Less (at, m)
        }>
    }""", {"x": floats(3)}, go=np.bool_(True), zero=np.int32(0), seven=np.float32(11))
    # Two counters that depend on each other (1, 1, 2, 3, 5, ...), and a largest number that is not reached.
    check("fibonacci", """(float[3] x) => (float[3] y, int64 f, float[n,3] all) {
        f, g, y, all = Loop (many, go, one, one, x) <body = b (int64 i, bool c, int64 a, int64 b, float[3] s)
                => (bool d, int64 e, int64 h, float[3] t, float[3] o) {
            h = Add (a, b)
            e = Identity (b)
            t = Sub (x, s)
            o = Sin (s)
            limit = Constant <value = int64 {100}> ()
            d = LessOrEqual (h, limit)
        }>
    }""", {"x": floats(3)}, many=np.int64(2**63 - 1), go=np.bool_(True), one=np.int64(1))


scans()
loops()
counted()
conditions()
if not on_cuda(FLAGS):
    endless()
if FAILED:
    sys.exit("\n".join(FAILED))
