# REQUIRES: onnxruntime
# RUN: %python %s
"""Inputs whose values decide shapes: compiled for one value (--expect, --dim input[i]=n), which
programs check, or for all up to a bound (--max-dim input[i]=n), each against onnxruntime. With
--target=cuda for a GPU."""
import ctypes
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx

from dlc_targets import on_cuda
from dlc_testing import DLC, Failure, Program, compare, differences, parse_model, run_command

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(23)
FAILED = []


def model(text, **constants):
    return parse_model(f"g {text}", constants)


def check(name, text, inputs, *flags, **constants):
    arrays = [{key: np.asarray(array) for key, array in given.items()} for given in inputs]
    FAILED.extend(differences(name, model(text, **constants), arrays, *FLAGS, *flags))


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def bounded(**inputs):
    """The options for bounds (or, in a tuple, values) of elements."""
    return [f"--{'dim' if isinstance(n, tuple) else 'max-dim'}={name}[{i}]={n[0] if isinstance(n, tuple) else n}"
            for name, elements in inputs.items() for i, n in enumerate(elements)]


def shapes():
    """Each op takes its extents from elements of inputs."""
    check("reshape", """(float[2,3,4] x, int64[2] s, int64[3] t) => (float[n,m] y, float[n] sums, float[a,b,c] z) {
        y = Reshape (x, s)
        e = Softmax <axis = 1> (y)
        sums = ReduceSum <keepdims = 0> (e, last)
        w = Reshape (x, t)
        z = Exp (w)
    }""", [{"x": floats(2, 3, 4), "s": s, "t": t} for s, t in (([24, 1], [0, 12, -1]), ([4, 6], [0, 1, -1]),
                                                              ([2, 12], [0, 3, -1]), ([1, 24], [0, 4, -1]))],
          *bounded(s=(24, 24), t=((0,), 12, (-1,))), last=np.array([1]))
    check("made", """(float[1,3] x, int64[2] s, int64[1] c, int64 limit, int64[2] r, float[2,3] q, int64[1] end)
            => (float[n,3] a, float[3] mean, float[m] b, int64[l] d, float[u,v] f, float[p,3] h) {
        a = Expand (x, s)
        mean = ReduceMean <keepdims = 0> (a, first)
        b = ConstantOfShape <value = float[1] {2.5}> (c)
        d = Range (two, limit, three)
        f = Tile (q, r)
        h = Slice (q, zero, end, first)
    }""", [{"x": floats(1, 3), "s": [n, 3], "c": [n], "limit": limit, "r": r, "q": floats(2, 3), "end": [end]}
           for n, limit, r, end in ((6, 20, (3, 2), 2), (1, 3, (1, 2), 1), (4, 0, (2, 2), 0), (3, 11, (0, 2), 2))],
          *bounded(s=(6, (3,)), c=(6,), limit=(20,), r=(3, (2,)), end=(2,)), first=np.array([0]), zero=np.array([0]),
          two=np.array(2), three=np.array(3))
    check("chosen", """(float[3,9] x, int64[1] k, int64[4] at, int64 depth, float[2] values, int64 n, float[3] s)
            => (float[3,a] y, int64[3,a] i, float[4,d] hot, float[3] last, float[b,3] all) {
        y, i = TopK (x, k)
        hot = OneHot (at, depth, values)
        last, all = Loop <body = b (int64 j, bool c, float[3] t) => (bool d, float[3] u, float[3] v) {
            d = Identity (c)
            col = Gather <axis = 1> (x, j)
            u = Add (t, col)
            v = Tanh (u)
        }> (n, "", s)
    }""".replace('""', ""),
          [{"x": floats(3, 9), "k": [k], "at": [0, -1, 2, -3], "depth": depth, "values": np.array([0.5, 2], np.float32),
            "n": n, "s": floats(3)}
           for k, depth, n in ((5, 6, 8), (1, 3, 0), (3, 4, 1), (2, 5, 5))],
          *bounded(k=(5,), depth=(6,), n=(8,)))
    # A loop that has to be unrolled: a shape in it depends on the iteration.
    check("unrolled", """(float[5] x, int64 n) => (float last, float[m] all) {
        last, all = Loop <body = b (int64 i, bool c, float t) => (bool d, float u, float v) {
            d = Identity (c)
            end = Add (i, unit)
            ends = Unsqueeze (end, zero)
            front = Slice (x, zero, ends)
            u = ReduceSum <keepdims = 0> (front, zero)
            v = Add (u, t)
        }> (n, yes, start)
    }""", [{"x": floats(5), "n": n} for n in (5, 0, 2)], *bounded(n=(5,)), zero=np.array([0]), unit=np.array(1),
          yes=np.array(True), start=np.array(0, np.float32))
    # What is computed from such a number, and a dimension with a bound beside it.
    check("computed", """(float[batch,8] x, int64 n) => (float[batch,m] y, float[batch] mean) {
        twice = Mul (n, two)
        d = Unsqueeze (twice, zero)
        y = Slice (x, zero, d, one)
        mean = ReduceMean <keepdims = 0> (y, one)
    }""", [{"x": floats(b, 8), "n": n} for b, n in ((3, 4), (1, 1), (2, 3))], *bounded(n=(4,)), "--max-dim=batch=3",
          zero=np.array([0]), one=np.array([1]), two=np.array(2))


def positions():
    """Where something is cut, added or resampled is computed. A Slice needs no bounds: its operand has them."""
    check("cut", """(float[9,h,4] x, int64[2] s, int64[2] e, int64[1] step) => (float[a,b,4] y, float[c,h,4] z, float[d] sums) {
        y = Slice (x, s, e, front)
        m = Mul (y, y)
        z = Slice (x, low, high, zero, step)
        sums = ReduceSum <keepdims = 0> (z, tail)
    }""", [{"x": floats(9, h, 4), "s": s, "e": e, "step": [step]} for h, s, e, step in (
        (6, (0, 0), (9, 6), 1), (5, (2, -3), (7, 99), 2), (6, (-100, 1), (100, -1), -1), (1, (8, 0), (3, 1), -3),
        (4, (5, -2), (2**62, 2**63 - 1), 4))], "--max-dim=h=6",
          front=np.array([0, 1]), zero=np.array([0]), low=np.array([1]), high=np.array([-1]), tail=np.array([1, 2]))
    check("mixed", """(float[h,3] x, int64 n) => (float[a,3] y, float[b,3] z, float[c,3] back) {
        y = Slice (x, minus, two, zero)
        k = Unsqueeze (n, zero)
        z = Slice (x, k, far, zero)
        back = Slice (x, two, minus, zero, less)
    }""", [{"x": floats(h, 3), "n": n} for h, n in ((9, 0), (3, 2), (4, 4), (2, 3), (1, 1))], "--max-dim=h=9", "--max-dim=n[0]=4",
          minus=np.array([-3]), two=np.array([2]), zero=np.array([0]), far=np.array([2**31 - 1]), less=np.array([-1]))
    modes = [f"""{m} = Pad <mode = "{m}"> (x, p{", v" if m == "constant" else ""})
        open_{m} = Pad <mode = "{m}"> (o, q{", v" if m == "constant" else ""})""" for m in ("constant", "edge", "reflect", "wrap")]
    outs = ", ".join(f"float[a,b] {m}, float[c,d] open_{m}" for m in ("constant", "edge", "reflect", "wrap"))
    check("padded", f"(float[3,5] x, int64[4] p, float v, float[h,4] o) => ({outs}) {{ {' '.join(modes)} }}",
          [{"x": floats(3, 5), "p": p, "v": np.float32(3), "o": floats(h, 4)} for p, h in (
              ((2, 3, 2, 4), 6), ((0, 0, 0, 0), 4), ((1, 2, 0, 3), 5), ((2, 0, 1, 0), 3))],
          *bounded(p=(2, 3, 2, 4)), "--max-dim=h=6", q=np.array([2, 1, 1, 0]))


def resized():
    """Sizes are inputs, or images have bounds."""
    kinds = {"near": ("nearest", "asymmetric", "floor"), "half": ("nearest", "half_pixel", "round_prefer_floor"),
             "ceil": ("nearest", "align_corners", "round_prefer_ceil"), "line": ("linear", "half_pixel", ""),
             "torch": ("linear", "pytorch_half_pixel", ""), "corner": ("cubic", "align_corners", ""),
             "cube": ("cubic", "half_pixel", ""), "sym": ("linear", "half_pixel_symmetric", "")}
    def resize(name, operands):
        mode, where, rounding = kinds[name]
        extra = f', nearest_mode = "{rounding}"' if rounding else ""
        extra += ", exclude_outside = 1" if name == "cube" else ""
        return f'{name} = Resize <mode = "{mode}", coordinate_transformation_mode = "{where}"{extra}> ({operands})'
    outs = ", ".join(f"float[1,2,a,b] {name}" for name in kinds)
    check("sizes", f"(float[1,2,6,5] x, int64[4] s) => ({outs}) {{ {' '.join(resize(n, 'x, , , s') for n in kinds)} }}",
          [{"x": floats(1, 2, 6, 5), "s": (1, 2, *s)} for s in ((13, 10), (6, 5), (3, 8), (1, 1), (12, 2))],
          *bounded(s=((1,), (2,), 13, 10)))
    kinds.pop("half"), kinds.pop("sym")  # onnxruntime differs where a scale is no whole number
    outs = ", ".join(f"float[n,2,a,b] {name}" for name in kinds)
    check("scales", f"(float[n,2,h,w] x) => ({outs}, float[n,2,h,w] joined) {{ {' '.join(resize(n, 'x, , s') for n in kinds)} "
          "q = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (x) size = Shape (x) "
          'r = Resize <mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"> (q, , , size) '
          "joined = Add (r, x) }",
          [{"x": floats(n, 2, h, w)} for n, h, w in ((2, 7, 6), (1, 3, 2), (2, 2, 5), (1, 7, 3))],
          "--max-dim=n=2", "--max-dim=h=7", "--max-dim=w=6", s=np.array([1, 1, 2, 2], np.float32))


def boxes():
    """torchvision's Mask R-CNN: for each box that counts an image as large as it is, which is put into one of a known size, and
    appended to what there is. That boxes were clipped bounds all of it."""
    rng = np.random.default_rng(5)
    for bound in (6, 3):  # a loop, and copies of its body
        check(f"pasted, {bound}", """(float[n,4] boxes, float[n,5,5] masks) => (float[m,12,16] y, float[m,2] z) {
            scaled = Mul (boxes, scale)
            clipped = Clip (scaled, low, high)
            left, upper, right, lower = Split <axis = 1, num_outputs = 4> (clipped)
            below = Min (lower, twelve)
            ordered = Concat <axis = 1> (left, upper, right, below)
            corners = Cast <to = 7> (ordered)
            shape = Shape <end = 1> (boxes)
            n0 = Squeeze (shape)
            y, z = Loop (n0, yes, none, nothing) <body = b (int64 i, bool c, float[k,12,16] s, float[k,2] t)
                    => (bool d, float[l,12,16] u, float[l,2] v) {
                d = Identity (c)
                mask = Gather (masks, i)
                box = Gather (corners, i)
                x0, y0, x1, y1 = Split <axis = 0, num_outputs = 4> (box)
                dx = Sub (x1, x0)
                dy = Sub (y1, y0)
                w = Max (dx, one)
                h = Max (dy, one)
                size = Concat <axis = 0> (one, one, h, w)
                image = Unsqueeze (mask, front)
                resized = Resize <mode = "linear"> (image, , , size)
                flat = Squeeze (resized, front)
                right_end = Min (x1, sixteen)
                low_end = Min (y1, twelfth)
                width = Sub (right_end, x0)
                height = Sub (low_end, y0)
                cut = Concat <axis = 0> (height, width)
                part = Slice (flat, origin, cut, both)
                put = Shape <start = 1> (part)
                above_size = Concat <axis = 0> (y0, put)
                above = ConstantOfShape (above_size)
                under = Sub (twelfth, low_end)
                under_size = Concat <axis = 0> (under, put)
                beneath = ConstantOfShape (under_size)
                column = Concat <axis = 0> (above, part, beneath)
                before_size = Concat <axis = 0> (twelfth, x0)
                before = ConstantOfShape (before_size)
                behind = Sub (sixteen, right_end)
                behind_size = Concat <axis = 0> (twelfth, behind)
                after = ConstantOfShape (behind_size)
                whole = Concat <axis = 1> (before, column, after)
                same = Cast <to = 1> (s)
                piece = Unsqueeze (whole, zero)
                u = Concat <axis = 0> (same, piece)
                most = ReduceMax <keepdims = 0> (resized)
                mean = ReduceMean <keepdims = 0> (resized)
                most_1 = Unsqueeze (most, zero)
                mean_1 = Unsqueeze (mean, zero)
                both_of = Concat <axis = 0> (most_1, mean_1)
                row = Unsqueeze (both_of, zero)
                v = Concat <axis = 0> (t, row)
            }>
        }""",
              [{"boxes": np.concatenate([rng.uniform(-2, 8, (n, 2)), rng.uniform(8, 20, (n, 2))], 1).astype(np.float32),
                "masks": floats(n, 5, 5)} for n in (bound, 1, 0, 2)], f"--max-dim=n={bound}",
              scale=np.float32(1.1), low=np.float32(0), high=np.float32(16), twelve=np.float32(12), yes=np.array(True),
              none=np.zeros((0, 12, 16), np.float32), nothing=np.zeros((0, 2), np.float32), one=np.array([1]), zero=np.array([0]),
              front=np.array([0, 1]), origin=np.array([0, 0]), both=np.array([0, 1]), sixteen=np.array([16]), twelfth=np.array([12]))


def limited():
    """What can be one number only, for as many elements as there are."""
    check("limited", """(float[n,3] x) => (int64[n] y, int64[n] z) {
        at = ArgMax <axis = 1, keepdims = 0> (x)
        y = Clip (at, five, nine)
        small = Min (at, none)
        z = Max (small, none)
    }""", [{"x": floats(n, 3)} for n in (7, 3, 1)], "--max-dim=n=7", five=np.array(5), nine=np.array(9), none=np.array(0))


def blocks():
    """Blocks of one element, along a dimension that has one or none."""
    check("blocks", """(float[2,3,4,9] x, int64[1] s, int64[1] e) => (float[2,3,4,a] y, float[2,3,a,4] z) {
        part = Slice (x, s, e, three)
        one = Slice (part, zero, unit, three)
        y = SpaceToDepth <blocksize = 1> (one)
        turned = Transpose <perm = [0, 1, 3, 2]> (one)
        z = DepthToSpace <blocksize = 1> (turned)
    }""", [{"x": floats(2, 3, 4, 9), "s": [s], "e": [e]} for s, e in ((2, 5), (4, 4), (8, 9))],
          three=np.array([3]), zero=np.array([0]), unit=np.array([1]))
    # Larger ones along a dimension with a bound, which may be that of one block.
    for bound in (2, 8):
        check(f"larger blocks, {bound}", """(float[n,3,4,w] x) => (float[n,12,2,a] y) {
            y = SpaceToDepth <blocksize = 2> (x)
        }""", [{"x": floats(n, 3, 4, w)} for n, w in ((2, bound), (1, 2))],
              "--max-dim=n=2", f"--max-dim=w={bound}")


def conditions():
    """A loop that only its condition ends: by a number that has a bound."""
    check("while", """(float[3] x, int64 n) => (int64 count, float[3] last, float[m,3] all) {
        first = Less (zero, n)
        count, last, all = Loop <body = b (int64 i, bool c, int64 k, float[3] t) => (bool d, int64 l, float[3] u, float[3] v) {
            two = Constant <value_int = 2> ()
            l = Add (k, two)
            u = Add (t, x)
            v = Tanh (u)
            done = GreaterOrEqual (l, n)
            d = Not (done)
        }> (, first, zero, x)
    }""", [{"x": floats(3), "n": n} for n in (17, 0, 1, 2, 8)], *bounded(n=(17,)), zero=np.array(0))
    # The limit is a state, and compared as a float; the second loop runs as often as the first one did.
    body = """<body = {0} (int64 {0}i, bool {0}c, int32 {0}k, int32 {0}n, float[2] {0}t) => (bool {0}d, int32 {0}l, int32 {0}m, float[2] {0}u, float[2] {0}v) {{
        {0}l = Add ({0}k, one)
        {0}m = Identity ({0}n)
        {0}at = Gather ({1}, {0}k)
        {0}u = Add ({0}t, {0}at)
        {0}v = Tanh ({0}u)
        {0}a = Cast <to = 1> ({0}l)
        {0}b = Cast <to = 1> ({0}n)
        {0}d = Less ({0}a, {0}b)
    }}>"""
    loops = "".join(f"""
        size_{name} = Shape <end = 1> ({data})
        count_{name} = Squeeze (size_{name})
        limit_{name} = Cast <to = 6> (count_{name})
        first_{name} = Less (none, limit_{name})
        k_{name}, n_{name}, last_{name}, all_{name} = Loop {body.format(name, data)} (, first_{name}, none, limit_{name}, start)
    """ for name, data in (("p", "x"), ("q", "all_p")))
    check("while behind while", f"(float[h,2] x) => (float[m,2] all_q, float[2] last_q) {{ {loops} }}",
          [{"x": floats(h, 2)} for h in (9, 1, 4)], "--max-dim=h=9", none=np.array(0, np.int32), one=np.array(1, np.int32),
          start=np.array([0.5, -0.5], np.float32))


def refused(command, *texts, code=2):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("dlc-sim")]
    if done.returncode != code or len(lines) != 1 or not all(text in lines[0] for text in texts):
        FAILED.append(f"{command}: {done.returncode}, {done.stderr!r} instead of {texts}")


def axes():
    """Of a value that is expected, beside a dimension with a bound."""
    given = {"a": np.array([1]), "b": np.array([2]), "c": np.array([1])}
    with tempfile.TemporaryDirectory() as folder:
        flags = []
        for name, array in given.items():
            np.save(os.path.join(folder, f"{name}.npy"), array)
            flags.append(f"--expect={name}={folder}/{name}.npy")
        check("axes", """(float[n,3,1] x, int64[1] a, int64[1] b, int64[1] c) => (float[n,3] q, float[n,1,3,1] u, float[n,1,1] m) {
            e = Exp (x)
            q = Squeeze (e, b)
            u = Unsqueeze (x, c)
            m = ReduceMax (x, a)
        }""", [{"x": floats(n, 3, 1), **given} for n in (4, 1)], *flags, "--max-dim=n=4")


def checked():
    """A program keeps the inputs that it was compiled for the values of."""
    graph = model("(float[2,6] x, int64[2] s, float[2] pads) => (float[n,m] y, float[2] q) "
                  "{ y = Reshape (x, s) q = Add (pads, pads) }")
    x, s, pads = floats(2, 6), np.array([3, 4]), np.array([0.5, 2], np.float32)
    with tempfile.TemporaryDirectory() as folder:
        def save(name, array):
            path = os.path.join(folder, name + ".npy")
            np.save(path, array)
            return path
        files = {"x": save("x", x), "s": save("s", s), "pads": save("pads", pads)}
        out = os.path.join(folder, "out")
        for flags in ((f"--expect=s={files['s']}", f"--expect=pads={files['pads']}"),
                      ("--dim=s[0]=3", "--dim=s[1]=4", f"--expect=pads={files['pads']}", "--io=arena")):
            with Program(graph, *flags, *FLAGS) as program:
                names = [t["name"] for t in program.info()["inputs"]]
                got = program.run({"x": x, "s": s, "pads": pads})
                if names != ["x", "s", "pads"] or compare(got["y"], x.reshape(3, 4)) or compare(got["q"], 2 * pads):
                    FAILED.append(f"{flags}: {names}, {got}")
                command = lambda **other: [*program.command, "-o", out,  # noqa: E731
                                           *[f"{k}={v}" for k, v in {**files, **other}.items()]]
                refused(command(s=save("bad", np.array([3, 5]))),
                        "element 1 of input 's' is 5, but the program was compiled for 4")
                refused(command(pads=save("bad", np.array([0.5, 3], np.float32))),
                        "element 1 of input 'pads' is not what the program was compiled for")
                if os.path.exists(out):
                    FAILED.append(f"{flags}: a refused run wrote something")
                run_command([*program.command, "--benchmark=0.01"])
        with Program(graph, "--max-dim=s[0]=4", "--dim=s[1]=3", f"--bind=pads={files['pads']}", *FLAGS) as program:
            if [t["name"] for t in program.info()["inputs"]] != ["x", "s"]:
                FAILED.append("a bound input is still one")
            about = program.info()["inputs"][1]
            if (about["least"], about["most"]) != ([0, 3], [4, 3]):
                FAILED.append(f"--info: {about}")
            if "s: int64 2 = <=4, 3" not in run_command([*program.command, "--info"]):
                FAILED.append("--info does not say what is expected of 's'")
            refused([*program.command, f"x={files['x']}", f"s={save('bad', np.array([2, 3]))}", "-o", out],
                    "the number of elements of the shape that input 's' gives 'y' is 6, but has to be 12")
            if os.path.exists(out):
                FAILED.append("a shape that does not fit gives a result")
            for value in (5, -1):
                refused([*program.command, f"x={files['x']}", f"s={save('bad', np.array([value, 3]))}", "-o", out],
                        f"element 0 of input 's' is {value}, but the program was compiled for 0 to 4")
        # Libraries give a status: before a run, or, what only it can tell, after it.
        path = os.path.join(folder, "m.onnx")
        onnx.save(graph, path)
        for number, option in enumerate(("--dim=s[0]=3", "--max-dim=s[0]=3")):
            run_command([DLC, path, option, "--dim=s[1]=4", "--emit=lib", "-o", os.path.join(folder, f"m{number}"),
                         f"--expect=pads={files['pads']}"])
            library = ctypes.CDLL(os.path.join(folder, f"libm{number}.so"))
            run = getattr(library, f"m{number}_run")
            tensors = [memory(array) for array in (x, s, pads, np.zeros(12, np.float32), np.zeros(2, np.float32),
                                                   np.zeros(3, np.int64))]
            arena = memory(np.zeros(1 << 16, np.uint8))
            pointers = [(ctypes.c_void_p * 3)(*[a.ctypes.data for a in half]) for half in (tensors[:3], tensors[3:])]
            right = run(*pointers, ctypes.c_void_p(arena.ctypes.data))
            result = tensors[3].reshape(2, 6).copy()
            tensors[1][0] = 2
            wrong = run(*pointers, ctypes.c_void_p(arena.ctypes.data))
            if (right, wrong) != (0, 7) or compare(result, x):
                FAILED.append(f"the library with {option} gives {right} and {wrong}")


def memory(array):
    """A copy that is aligned as libraries want it."""
    raw = np.zeros(array.nbytes + 64, np.uint8)
    at = -raw.ctypes.data % 64
    copy = raw[at:at + array.nbytes].view(array.dtype)
    copy[:] = array.ravel()
    return copy


def messages():
    text = "(float[2,6] x, int64[2] s) => (float[n,m] y) { y = Reshape (x, s) }"
    expanded = "(float[3,1] x, int64[2] s) => (float[a,b] y) { y = Expand (x, s) }"
    tiled = "(float[3,4] x, int64[2] s) => (float[a,b] y) { y = Tile (x, s) }"
    for graph, flags, message in (
            (model(expanded), bounded(s=(5, 5)), "'y (Expand)': dimension 0 has 3 elements, so it can not get up to 5"),
            (model(tiled), bounded(s=((-1,), 2)), "a dimension has the negative dimension -1"),
            (model(tiled), bounded(s=(2**63 - 1, 2)), "larger than the limit"),
            (model(text), bounded(s=((-2,), 3)), "the result 'y' has the negative dimension -2"),
            (model(text), ["--dim=s[0]=2,3", "--max-dim=s[1]=6"], "--dim s[0] has several values, but only dimensions can have: element [0] of input 's' "
             "has one (--dim s[0]=3), or a bound (--max-dim s[0]=3)"),
            (model(text), ["--dim=s[0]=3"], "nothing is known of element 1 of input 's'; add --dim s[1]=1"),
            (model(text), ["--dim=s[0]=3", "--dim=s[1]=4", "--max-dim=s[2]=4"], "none of which is [2]"),
            (model(text), [], "the shape of 'y' is not known at compile time (it depends on values: --max-dim 's[0]=N' "
             "--max-dim 's[1]=N' bounds them")):
        try:
            with Program(graph, *flags, *FLAGS):
                FAILED.append(f"{flags}: it compiles")
        except Failure as error:
            if message not in str(error):
                FAILED.append(f"{flags}: {error}")


shapes()
positions()
resized()
boxes()
limited()
blocks()
conditions()
axes()
if not on_cuda(FLAGS):
    checked()
    messages()
print("\n".join(FAILED))
sys.exit(bool(FAILED))
