# REQUIRES: onnxruntime
# RUN: %python %s
"""Dimensions whose extent is known when the program runs: results sized by values
(NonZero, Compress, Unique, NonMaxSuppression) and what follows them, and inputs of any
size up to --max-dim. One program, several inputs, against onnxruntime. With
--target=cuda for a GPU."""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

from dlc_targets import on_cuda
from dlc_testing import Failure, Program, differences, parse_model

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(7)
FAILED = []


def model(text, opset=18, **constants):
    """A model in ONNX's text form, without what stands in front of the graph."""
    return parse_model(text, constants, opset)


def check(name, graph, inputs, *flags):
    """All inputs on one program, the largest ones first: nothing may be left over."""
    FAILED.extend(differences(name, graph, inputs, *FLAGS, *flags))


def sparse(*shape):
    return (RNG.standard_normal(shape) * (RNG.random(shape) < 0.4)).astype(np.float32)


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def passed_on():
    """A graph of no operation at all."""
    check("passed on", model("g (float[2,n,3] x) => (float[2,n,3] y) { y = Identity(x) }"),
          [{"x": floats(2, n, 3)} for n in (5, 1, 4)], "--max-dim=n=5")


def largest():
    for axis in (0, 1):
        check(f"hardmax along {axis}", model(f"g (float[n,5] x) => (float[n,5] y) {{ y = Hardmax <axis = {axis}> (x) }}"),
              [{"x": floats(n, 5)} for n in (6, 1, 3)], "--max-dim=n=6")
    check("ones on a diagonal", model("g (float[n,5] x) => (float[n,5] y) { y = EyeLike <k = -1> (x) }"),
          [{"x": floats(n, 5)} for n in (6, 1, 3)], "--max-dim=n=6")


def positions():
    """What is counted in memory has the extents of the other dimensions."""
    x = [{"x": floats(2, n, 4, 6), "grid": RNG.uniform(-1, 1, (2, 3, 3, 2)).astype(np.float32)} for n in (5, 1, 3)]
    check("channels", model("""g (float[2,n,4,6] x, float[2,3,3,2] grid) => (float[2,n,3,3] y, float[2,n,1,2] z, float[2,n,1,2] best) {
        y = GridSample (x, grid)
        z = RoiAlign <output_height = 1, output_width = 2, sampling_ratio = 2> (x, regions, batches)
        best = RoiAlign <mode = "max", output_height = 1, output_width = 2, sampling_ratio = 1> (x, regions, batches)
    }""", regions=np.array([[0, 0, 3, 2], [1, 1, 4, 3]], np.float32), batches=np.array([1, 0])), x, "--max-dim=n=5")
    for kernel in ([1, 1], [2, 3]):
        for shape in ("2,n", "n,2"):
            inputs = [{"x": floats(*((2, n) if shape == "2,n" else (n, 2)), 4, 6)} for n in (5, 1, 3)]
            check(f"positions of {kernel} in {shape}", model(f"""g (float[{shape},4,6] x) => (float[{shape},h,w] y, int64[{shape},h,w] at) {{
                y, at = MaxPool <kernel_shape = {kernel}> (x)
            }}"""), inputs, "--max-dim=n=5")


    check("reversed", model("""g (float[n,2,3] x, int64[2] lengths, float[2,n,3] y) => (float[n,2,3] a, float[2,n,3] b) {
        a = ReverseSequence <batch_axis = 1, time_axis = 0> (x, lengths)
        b = ReverseSequence <batch_axis = 0, time_axis = 1> (y, lengths)
    }"""), [{"x": floats(n, 2, 3), "y": floats(2, n, 3), "lengths": np.array([n, (n + 1) // 2])} for n in (6, 1, 3)], "--max-dim=n=6")
    check("squeezed", model("""g (float[n,3] x, float[n,3] y) => (float[3] s, float[n,3] z) {
        f = Slice (x, zero, one, zero)
        s = Squeeze (f, zero)
        z = Add (y, s)
    }""", zero=np.array([0]), one=np.array([1])), [{"x": floats(n, 3), "y": floats(n, 3)} for n in (5, 1, 2)], "--max-dim=n=5")
    check("zeros quantised", model("""g (float[n,3] x) => (uint8[n,3] y, float s, uint8 z) {
        y, s, z = DynamicQuantizeLinear (x)
    }"""), [{"x": 0 * floats(n, 3)} for n in (5, 1)], "--max-dim=n=5")


def by_values():
    full = {"x": np.ones((3, 5), np.float32)}
    check("gathered", model("""g (float[3,5] x) => (int64[2,n] at, float[n] v, float s, int64[1] count) {
        at = NonZero(x)
        tuples = Transpose(at)
        v = GatherND(x, tuples)
        s = ReduceMean <keepdims = 0> (v)
        count = Shape <start = 1> (at)
    }"""), [full, {"x": sparse(3, 5)}, {"x": sparse(3, 5)}])

    flags = [np.array(f, bool) for f in ([1] * 6, [0, 1, 1, 0, 0, 1], [0, 0, 0, 0, 1, 0])]
    check("rows", model("""g (float[6,4] x, bool[6] keep) => (float[n,4] soft, float[4] total, float[4] top,
                                                            float[n,n] products, float[m,4] joined, float[4] last,
                                                            float[1,4] ends) {
        rows = Compress <axis = 0> (x, keep)
        soft = Softmax <axis = 0> (rows)
        zero = Constant <value_ints = [0]> ()
        total = ReduceSum <keepdims = 0> (rows, zero)
        top = ReduceMax <keepdims = 0> (rows, zero)
        turned = Transpose(rows)
        products = MatMul(soft, turned)
        joined = Concat <axis = 0> (rows, x, rows)
        end = Constant <value_int = -1> ()
        last = Gather(rows, end)
        ends = GatherElements(rows, fromEnd)
    }""", fromEnd=np.array([[-1, -1, -1, -1]])), [{"x": floats(6, 4), "keep": f} for f in flags])

    # Flags behind the end choose nothing, whether they are known or not.
    check("too many flags", model("""g (float[2,n,3] x, bool[6] keep) => (float[2,a,3] some, float[2,b,3] others, float[c] all) {
        some = Compress <axis = 1> (x, keep)
        others = Compress <axis = -2> (x, flags)
        all = Compress (x, many)
    }""", flags=np.array([0, 1, 0, 1, 1, 1, 1], bool), many=np.arange(40) % 3 == 1),
          [{"x": floats(2, n, 3), "keep": np.array(keep, bool)}
           for n, keep in ((5, [1] * 6), (1, [1] * 6), (4, [0, 1, 0, 0, 0, 1]), (2, [0] * 6))], "--max-dim=n=5")

    check("unique", model("""g (int64[2,6] x) => (int64[n] y, int64[n] first, int64[12] back, int64[n] counts,
                                                int64[n] rest) {
        y, first, back, counts = Unique <sorted = 0> (x)
        sums = CumSum(counts, axis)
        rest = Sub(y, sums)
    }""", axis=np.array(0)), [{"x": RNG.integers(0, high, (2, 6))} for high in (1000, 5, 1)])
    check("unique columns", model("g (float[3,8] x) => (float[3,n] y, int64[n] first, int64[8] back, int64[n] counts)"
                                  "{ y, first, back, counts = Unique <axis = 1> (x) }"),
          [{"x": RNG.integers(0, high, (3, 8)).astype(np.float32)} for high in (9, 2)])
    # Counted in blocks.
    check("many", model("g (float[3,500] x) => (int64[2,n] at) { at = NonZero(x) }"),
          [{"x": np.ones((3, 500), np.float32)}, {"x": sparse(3, 500)}, {"x": np.zeros((3, 500), np.float32)}])


def detector():
    """A detector's end: the boxes that are chosen, with their scores, and a mask of them."""
    graph = model("""g (float[1,40,4] centres, float[1,3,40] scores)
                     => (int64[n,3] chosen, float[n,4] boxes, float[n] best, float[1,n] share) {
        chosen = NonMaxSuppression <center_point_box = 1> (centres, scores, most, iou, low)
        col = Constant <value_int = 2> ()
        index = Gather <axis = 1> (chosen, col)
        flat = Squeeze(centres, zero)
        boxes = Gather <axis = 0> (flat, index)
        best = GatherND(scores, chosen)
        row = Unsqueeze(best, zero)
        share = Softmax <axis = 1> (row)
    }""", most=np.array([7]), iou=np.array([0.4], np.float32), low=np.array([0.3], np.float32), zero=np.array([0]))
    inputs = []
    for scale in (1.0, 0.5, 0.1):
        boxes = np.concatenate([RNG.random((1, 40, 2)) * 4, RNG.random((1, 40, 2)) + 0.2], -1)
        inputs.append({"centres": boxes.astype(np.float32), "scores": (RNG.random((1, 3, 40)) * scale).astype(np.float32)})
    check("detector", graph, inputs)

    # As many as there are, which takes no code of their own: nobody says how many are wanted, or an input does.
    def boxes(*shape):
        corners = RNG.random((*shape, 2)) * 30
        return np.concatenate([corners, corners + RNG.random((*shape, 2)) * 4], -1).astype(np.float32)

    most = 40 if on_cuda(FLAGS) else 1500
    check("many boxes", model("""g (float[2,n,4] boxes, float[2,2,n] scores, int64 most) => (int64[k,3] chosen, int64[l,3] few) {
        all = Shape <start = 1, end = 2> (boxes)
        chosen = NonMaxSuppression (boxes, scores, all, iou)
        few = NonMaxSuppression (boxes, scores, most, iou)
    }""", iou=np.array([0.3], np.float32)),
          [{"boxes": boxes(2, n), "scores": RNG.random((2, 2, n)).astype(np.float32), "most": np.array(k)}
           for n, k in ((most, most), (most // 3, 5), (most // 5, 0), (1, 9))], f"--max-dim=n={most}")


def transformer():
    """Embedding with positions, masked attention, mean over the sequence; shapes are computed as exporters do it."""
    weights = {f"w{i}": floats(*shape) / np.float32(np.sqrt(shape[0])) for i, shape in enumerate(
        [(50, 16), (16, 16), (16, 16), (16, 16), (16, 24), (24, 16)])}
    return model("""g (int64[batch,seq] ids, float[batch,seq] mask)
                    => (float[batch,seq,16] y, float[batch,16] pooled, float[batch,seq,seq] weights) {
        words = Gather(w0, ids)
        shape = Shape(ids)
        b = Gather(shape, zero)
        s = Gather(shape, one)
        first = Unsqueeze(zero, axis0)
        length = Unsqueeze(s, axis0)
        table = Slice(positions, first, length, axis0)
        x = Add(words, table)
        batch1 = Unsqueeze(b, axis0)
        split = Concat <axis = 0> (batch1, length, heads)
        join = Concat <axis = 0> (batch1, length, hidden)
        q0 = MatMul(x, w1)
        q1 = Reshape(q0, split)
        q = Transpose <perm = [0, 2, 1, 3]> (q1)
        k0 = MatMul(x, w2)
        k1 = Reshape(k0, split)
        k = Transpose <perm = [0, 2, 3, 1]> (k1)
        v0 = MatMul(x, w3)
        v1 = Reshape(v0, split)
        v = Transpose <perm = [0, 2, 1, 3]> (v1)
        raw = MatMul(q, k)
        m = Unsqueeze(mask, axes12)
        masked = Add(raw, m)
        p = Softmax <axis = -1> (masked)
        c0 = MatMul(p, v)
        c1 = Transpose <perm = [0, 2, 1, 3]> (c0)
        c2 = Reshape(c1, join)
        x1 = Add(x, c2)
        scale = Constant <value_floats = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]> ()
        n = LayerNormalization <axis = -1> (x1, scale)
        h0 = MatMul(n, w4)
        h1 = Relu(h0)
        y = MatMul(h1, w5)
        pooled = ReduceMean <keepdims = 0> (y, axis1)
        weights = ReduceSum <keepdims = 0> (p, axis1)
    }""", zero=np.array(0), one=np.array(1), axis0=np.array([0]), axis1=np.array([1]), axes12=np.array([1, 2]),
                 heads=np.array([2, 8]), hidden=np.array([16]), positions=floats(12, 16), **weights)


def convolutions():
    return model("""g (float[batch,3,height,width] x) => (float[batch,5] y, float[batch,4,h,w] z) {
        a = Conv <pads = [1, 1, 1, 1]> (x, w0)
        b = Relu(a)
        c = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (b)
        z = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (c, w1)
        d = GlobalAveragePool(z)
        e = Flatten(d)
        y = Gemm(e, w2)
    }""", w0=floats(6, 3, 3, 3), w1=floats(4, 6, 3, 3), w2=floats(4, 5))


def by_inputs():
    graph = transformer()

    def tokens(batch, seq):
        mask = np.where(RNG.random((batch, seq)) < 0.3, -10, 0).astype(np.float32)
        return {"ids": RNG.integers(0, 50, (batch, seq)), "mask": mask}

    sizes = [(3, 12), (3, 1), (1, 12), (2, 7), (1, 1)]
    check("transformer", graph, [tokens(*size) for size in sizes], "--max-dim=batch=3", "--max-dim=seq=12")
    check("transformer, one batch", graph, [tokens(1, seq) for seq in (12, 5)], "--dim=batch=1", "--max-dim=seq=12")
    images = [{"x": floats(*size)} for size in ((2, 3, 12, 9), (1, 3, 12, 9))]
    check("convolutions", convolutions(), images, "--max-dim=batch=2", "--dim=height=12", "--dim=width=9")
    images = [{"x": floats(*size)} for size in ((2, 3, 12, 9), (1, 3, 5, 9), (2, 3, 4, 4), (1, 3, 11, 6))]
    check("images", convolutions(), images, "--max-dim=batch=2", "--max-dim=height=12", "--max-dim=width=9")
    perceptron = model("g (float[n,8] x) => (float[n,4] y, float[m] flat) {"
                       " h = MatMul(x, w0) r = Relu(h) y = MatMul(r, w1) flat = Reshape(y, all) }",
                       w0=floats(8, 16), w1=floats(16, 4), all=np.array([-1]))
    check("perceptron", perceptron, [{"x": floats(n, 8)} for n in (9, 1, 0, 4)], "--max-dim=n=9")
    check("perceptron in the arena", perceptron, [{"x": floats(n, 8)} for n in (9, 2)], "--max-dim=n=9", "--io=arena")
    pairs = model("g (float[a,b,8] x) => (float[a,b,16] y) { h = MatMul(x, w0) y = Softmax <axis = 1> (h) }", w0=floats(8, 16))
    check("several shapes and a bound", pairs, [{"x": floats(a, b, 8)} for a, b in ((2, 6), (4, 6), (4, 1), (2, 3))],
          "--dim=a=2,4", "--max-dim=b=6")
    parts = model("""g (float[4,n] x) => (float[4,m] back, float[4,k] tail, float[4,l] padded, int64[n] numbers,
                                        float[4,n] filled, float[q] flat) {
        back = Slice(x, end, start, one, minus)
        tail = Slice(x, minus3, far, one)
        padded = Pad(x, pads, value)
        shape = Shape(x)
        count = Gather(shape, one0)
        numbers = Range(zero0, count, one0)
        filled = ConstantOfShape <value = float[1] {2.0}> (shape)
        flat = Reshape(x, minus)
    }""", end=np.array([-1]), start=np.array([-100]), one=np.array([1]), minus=np.array([-1]), minus3=np.array([-3]),
                  far=np.array([2**62]), pads=np.array([0, 1, 0, 2]), value=np.array(5, np.float32),
                  zero0=np.array(0), one0=np.array(1))
    check("parts", parts, [{"x": floats(4, n)} for n in (6, 2, 1, 5)], "--max-dim=n=6")


def compared():
    """No number up to a bound is outside it: what asks for that is known, one element at a time."""
    expanded = model("""g (float[1,n,2] x, float[2,1,3] row) => (float[2,n,3] y) {
        shape = Shape(x)
        count = Gather(shape, one)
        wanted = Concat <axis = 0> (minus, count, minus)
        keeps = Equal(wanted, minuses)
        whole = Where(keeps, ones, wanted)
        y = Expand(row, whole)
    }""", one=np.array([1]), minus=np.array([-1]), minuses=np.full(3, -1), ones=np.ones(3, np.int64))
    check("no extent is -1", expanded, [{"x": floats(1, n, 2), "row": floats(2, 1, 3)} for n in (5, 1, 3)], "--max-dim=n=5")
    # The branch that is not taken would not fit.
    for test, taken in (("Less(count, most)", 1), ("LessOrEqual(most, count)", 0), ("Greater(count, most)", 0),
                        ("GreaterOrEqual(most, count)", 1), ("Equal(most, count)", 0), ("Less(count, zero)", 0),
                        ("Equal(zero, rest)", 0)):
        results = ["ReduceSum <keepdims = 0> (x)", "Relu(x)"][:: 1 if taken else -1]
        check(test, model(f"""g (float[n] x) => (float y) {{
            shape = Shape(x)
            count = Squeeze(shape)
            rest = Sub(most, count)
            is = {test}
            y = If (is) <
                then_branch = t () => (float a) {{ a = {results[0]} }},
                else_branch = e () => (float b) {{ b = {results[1]} }}
            >
        }}""", most=np.array(6), zero=np.array(0)), [{"x": floats(n)} for n in (5, 2)], "--max-dim=n=5")
    # Some extents are 3, others are not.
    check("an extent that may be equal", model("""g (float[n] x) => (float[n] y) {
        shape = Shape(x)
        is = Equal(shape, three)
        factor = Where(is, five, seven)
        y = Mul(x, factor)
    }""", three=np.array([3]), five=np.array([5], np.float32), seven=np.array([7], np.float32)),
          [{"x": floats(n)} for n in (5, 3, 1)], "--max-dim=n=5")


def windows():
    """Padding, the last window and parts follow the extents."""
    graph = model("""g (float[n,2,h,w] x) => (float[n,3,a,b] same, float[n,3,a,b] lower, float[n,2,c,d] most,
                                              float[n,2,e,f] ceil, float[n,2,i,j] norm, float[n,3,k,l] wide,
                                              float[n,3,o,p] doubled, int64[4,q] at,
                                              float[n,2,c,d] mean, float[n,2,r,s] inner, float[n,2,t,u] top,
                                              int64[n,2,t,u] where) {
        same = Conv <auto_pad = "SAME_UPPER", strides = [2, 3]> (x, w1)
        lower = Conv <auto_pad = "SAME_LOWER", strides = [3, 2]> (x, w1)
        most = MaxPool <kernel_shape = [3, 3], auto_pad = "SAME_LOWER", strides = [2, 2]> (x)
        ceil = MaxPool <kernel_shape = [3, 2], pads = [1, 0, 1, 0], strides = [2, 3], ceil_mode = 1> (x)
        norm = LpPool <kernel_shape = [2, 3], auto_pad = "SAME_UPPER", strides = [2, 2]> (x)
        wide = ConvTranspose <strides = [2, 3], pads = [1, 0, 0, 1], output_padding = [1, 0]> (x, w2)
        doubled = ConvTranspose <strides = [2, 2], auto_pad = "SAME_UPPER"> (x, w2)
        mean = AveragePool <kernel_shape = [3, 3], auto_pad = "SAME_UPPER", strides = [2, 2]> (x)
        inner = AveragePool <kernel_shape = [3, 2], pads = [1, 1, 1, 0], strides = [1, 2]> (x)
        top, where = MaxPool <kernel_shape = [3, 2], pads = [1, 0, 1, 1], strides = [2, 1]> (x)
        large = Greater(x, some)
        at = NonZero(large)
    }""", w1=floats(3, 2, 3, 2), w2=floats(2, 3, 3, 2), some=np.float32(0.7))
    check("windows", graph, [{"x": floats(n, 2, h, w)} for n, h, w in
                             ((2, 12, 9), (1, 7, 4), (2, 11, 8), (2, 4, 5), (1, 5, 9), (2, 6, 7))],
          "--max-dim=n=2", "--max-dim=h=12", "--max-dim=w=9")
    graph = model("""g (float[3,n] x, bool[n] keep) => (float[3,a] p, float[3,a] q, float[3,a] r, float[3,m] kept) {
        p, q, r = Split <axis = 1, num_outputs = 3> (x)
        kept = Compress <axis = 1> (x, keep)
    }""")
    check("split", graph, [{"x": floats(3, n), "keep": RNG.random(n) < 0.5} for n in (12, 9, 3, 6)], "--max-dim=n=12")


def recurrent():
    """Sequences of any length up to the bound, all of one or each of its own."""
    weights = {"w": floats(2, 20, 3) / 2, "r": floats(2, 20, 5) / 2, "b": floats(2, 40)}
    signature = "g (float[seq,batch,3] x{}) => (float[seq,2,batch,5] y, float[2,batch,5] h, float[2,batch,5] c)"
    node = 'y, h, c = LSTM <hidden_size = 5, direction = "bidirectional"> (x, w, r, b, {})'
    graph = model(signature.format(", int32[batch] lengths, float[2,batch,5] h0") + "{" + node.format("lengths, h0") + "}",
                  **weights)
    inputs = [{"x": floats(s, b, 3), "lengths": np.array(lengths, np.int32), "h0": floats(2, b, 5)}
              for s, b, lengths in ((9, 3, (9, 2, 7)), (4, 2, (1, 4)), (1, 1, (1,)), (9, 1, (6,)))]
    check("lengths", graph, inputs, "--max-dim=seq=9", "--max-dim=batch=3")
    graph = model(signature.format("") + "{" + node.format("") + "}", **weights)
    check("recurrent", graph, [{"x": floats(s, b, 3)} for s, b in ((9, 3), (2, 1), (5, 3), (1, 2))],
          "--max-dim=seq=9", "--max-dim=batch=3")
    graph = model("g (float[batch,seq,4] x) => (float[1,batch,6] h) { t = Transpose <perm = [1, 0, 2]> (x)"
                  " y, h = GRU <hidden_size = 6> (t, w, r) m = ReduceMean(y) }",
                  w=floats(1, 18, 4) / 2, r=floats(1, 18, 6) / 2)
    check("short", graph, [{"x": floats(2, s, 4)} for s in (3, 1, 2)], "--dim=batch=2", "--max-dim=seq=3")


def normalised():
    graph = model("""g (float[4,n] x, float[n] s, float[n] b) => (float[4,n] y, float[4,n] z, float[4,1] mean) {
        y = LayerNormalization <axis = -1, epsilon = 0.01> (x, s, b)
        m = LayerNormalization <axis = 0> (x, whole)
        z = Add(m, x)
        mean = ReduceMean(x, last)
    }""", last=np.array([1]), whole=np.array(2, np.float32))
    check("normalised", graph, [{"x": floats(4, n) + 3, "s": floats(n), "b": floats(n)} for n in (33, 1, 20)],
          "--max-dim=n=33")


def spectra():
    """As many frames as fit into the signal that there is."""
    graph = model("""g (float[2,n] x) => (float[2,f,5,2] y, float[2,g,8,2] both) {
        y = STFT(x, step, window, length)
        two = Reshape(x, pairs)
        both = STFT <onesided = 0> (two, one, , length)
    }""", step=np.array(3), window=floats(8), length=np.array(8), one=np.array(1), pairs=np.array([2, -1, 1]))
    check("spectra", graph, [{"x": floats(2, n)} for n in (40, 8, 10, 11, 31)], "--max-dim=n=40")


def duration(program, folder, **inputs):
    """The shortest run in ms, in one thread."""
    files = []
    for name, array in inputs.items():
        files.append(os.path.join(folder, name + ".npy"))
        np.save(files[-1], array)
    done = subprocess.run([*program.command, *files, "--benchmark=0.3", "--json", "--threads=1"], capture_output=True,
                          text=True, check=True)
    return json.loads(done.stdout)["min_ms"]


def cost():
    """Kernels end where the extents do: one of 64 images costs a small part of all, so do short sums."""
    graph = model("""g (float[batch,16,24,24] x) => (float[batch,16,24,24] y, float[batch,16] z) {
        a = Conv <pads = [1, 1, 1, 1]> (x, w)
        b = Relu(a)
        c = Conv <pads = [1, 1, 1, 1]> (b, w)
        y = Add(c, x)
        d = ReduceMean <keepdims = 0> (y, axes)
        z = Softmax <axis = 1> (d)
    }""", w=floats(16, 16, 3, 3), axes=np.array([2, 3]))
    with Program(graph, "--max-dim=batch=64") as program, tempfile.TemporaryDirectory() as folder:
        one, all_of_them = [duration(program, folder, x=floats(batch, 16, 24, 24)) for batch in (1, 64)]
        print(f"1 of 64 images: {one:.3f} ms, 64: {all_of_them:.3f} ms")
        if one * 16 > all_of_them:
            FAILED.append(f"one image takes {one} ms, 64 take {all_of_them} ms")
    graph = model("""g (float[128,n] x, float[n,128] w) => (float[128,128] y, float[128] most) {
        y = MatMul(x, w)
        e = Exp(x)
        most = ReduceSum <keepdims = 0> (e, axis)
    }""", axis=np.array([1]))
    with Program(graph, "--max-dim=n=2048") as program, tempfile.TemporaryDirectory() as folder:
        short, long = [duration(program, folder, x=floats(128, n), w=floats(n, 128)) for n in (32, 2048)]
        print(f"sums of 32 of 2048: {short:.3f} ms, of all: {long:.3f} ms")
        if short * 3 > long:
            FAILED.append(f"sums of 32 take {short} ms, of 2048 {long} ms")


def refused(command, *texts):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("dlc-sim")]
    if done.returncode != 2 or len(lines) != 1 or not all(text in lines[0] for text in texts):
        FAILED.append(f"{command}: {done.returncode}, {done.stderr!r} instead of {texts}")


def messages():
    graph = model("g (float[n,2] x, float[n] y) => (float[n,2] z) { u = Unsqueeze(y, one) z = Mul(x, u) }",
                  one=np.array([1]))
    with Program(graph, "--max-dim=n=4", *FLAGS) as program, tempfile.TemporaryDirectory() as folder:
        def save(name, *shape):
            np.save(os.path.join(folder, name), np.zeros(shape, np.float32))
            return os.path.join(folder, name)
        refused([*program.command, save("a.npy", 5, 2), save("b.npy", 5)],
                "cannot be input 'x': its shape is 5x2, but the program was compiled for <=4x2")
        refused([*program.command, save("a.npy", 3, 2), save("b.npy", 2)],
                "dimension 0 of input 'y' is 2, but in 'x' it is 3")
        info = program.info()
        shapes = [(t["name"], t["shape"], t.get("bounded")) for t in info["inputs"] + info["outputs"]]
        if shapes != [("x", [4, 2], [0]), ("y", [4], [0]), ("z", [4, 2], [0])]:
            FAILED.append(f"--info: {shapes}")
    for text, flags, message in (
            ("g (float[1,2,n] x) => (float[1,1,9] y) { y = ConvTranspose <output_shape = [9], strides = [2]> (x, s) }",
             {"s": np.ones((2, 1, 3), np.float32)}, "dimension 2 has an extent that is known at run time only"),
            ("g (float[2,n] x) => (float[2,2] y, float[2,m] z) { y, z = Split <axis = 1, num_outputs = 2> (x) }",
             {"n": 3}, "which part of it is taken depends on it"),
            ("g (float[n] x, int64 k) => (int64[m] y) { y = Range(s, k, t) }", {"s": np.array(0), "t": np.array(1)},
             "Range (of values not known at compile time)"),
            ("g (float[1,n,4,5] x, float[1,2,4,5] offset) => (float[1,1,4,5] y) { y = DeformConv(x, s, offset) }",
             {"opset": 19, "s": np.ones((1, 4, 1, 1), np.float32)}, "positions are counted in its size"),
            ("g (float[n] x) => (float[m] y) { s = SplitToSequence(x, two) y = SequenceAt(s, last) }",
             {"two": np.array(2), "last": np.array(-1)}, "how many tensors 's' has depends on an extent"),
            ("g (float[n] x) => (float[m] y) { y = Unique(x) }", {}, "positions are counted in its size"),
            ("g (float[2,n,1] x) => (float[2,n,2] y) { y = DFT <axis = 1> (x) }", {}, "positions are counted in its size")):
        most = flags.pop("n", 4)
        try:
            with Program(model(text, **flags), f"--max-dim=n={most}", *FLAGS):
                FAILED.append(f"{text} compiles")
        except Failure as error:
            if message not in str(error):
                FAILED.append(f"{text}: {error}")


passed_on()
largest()
positions()
by_values()
detector()
by_inputs()
compared()
windows()
recurrent()
normalised()
spectra()
if not on_cuda(FLAGS):
    messages()
    cost()
print("\n".join(FAILED))
sys.exit(bool(FAILED))
