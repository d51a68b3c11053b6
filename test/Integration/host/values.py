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


def refused(command, *texts, code=2):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("dlc-sim")]
    if done.returncode != code or len(lines) != 1 or not all(text in lines[0] for text in texts):
        FAILED.append(f"{command}: {done.returncode}, {done.stderr!r} instead of {texts}")


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
            for value in (5, -1):
                refused([*program.command, f"x={files['x']}", f"s={save('bad', np.array([value, 3]))}", "-o", out],
                        f"element 0 of input 's' is {value}, but the program was compiled for 0 to 4")
        # Libraries give a status.
        path = os.path.join(folder, "m.onnx")
        onnx.save(graph, path)
        run_command([DLC, path, "--dim=s[0]=3", "--dim=s[1]=4", "--emit=lib", "-o", os.path.join(folder, "m.a"),
                     f"--expect=pads={files['pads']}"])
        library = ctypes.CDLL(next(os.path.join(folder, f) for f in os.listdir(folder) if f.endswith(".so")))
        aligned = [np.zeros(64, np.float64) for _ in range(8)]
        def place(array):
            memory = aligned.pop()
            at = -memory.ctypes.data % 64 // 8
            view = memory[at:].view(array.dtype)[:array.size]
            view[:] = array.ravel()
            return view
        arena = np.zeros(1 << 16, np.uint8)
        arena = ctypes.c_void_p(arena.ctypes.data + -arena.ctypes.data % 64)
        inputs = [place(x), place(s), place(pads)]
        outputs = [place(np.zeros(12, np.float32)), place(np.zeros(2, np.float32))]
        pointers = lambda arrays: (ctypes.c_void_p * len(arrays))(*[a.ctypes.data for a in arrays])  # noqa: E731
        prefix = os.path.splitext(os.path.basename(library._name))[0][3:]
        run = getattr(library, prefix + "_run")
        right = run(pointers(inputs), pointers(outputs), arena)
        inputs[1][0] = 4
        wrong = run(pointers(inputs), pointers(outputs), arena)
        if (right, wrong) != (0, 7) or compare(outputs[0].reshape(2, 6), x):
            FAILED.append(f"the library gives {right} and {wrong}")


def messages():
    text = "(float[2,6] x, int64[2] s) => (float[n,m] y) { y = Reshape (x, s) }"
    sized = ("(float[1,1,4,4] x, int64[4] s) => (float[a,b,c,d] y) { y = Resize (x, , , s) }")
    expanded = "(float[3,1] x, int64[2] s) => (float[a,b] y) { y = Expand (x, s) }"
    tiled = "(float[3,4] x, int64[2] s) => (float[a,b] y) { y = Tile (x, s) }"
    for graph, flags, message in (
            (model(expanded), bounded(s=(5, 5)), "'y (Expand)': dimension 0 has 3 elements, so it can not get up to 5"),
            (model(tiled), bounded(s=((-1,), 2)), "a dimension has the negative dimension -1"),
            (model(tiled), bounded(s=(2**63 - 1, 2)), "larger than the limit"),
            (model(text), bounded(s=((-2,), 3)), "the result 'y' has the negative dimension -2"),
            (model(text), ["--dim=s[0]=2,3", "--max-dim=s[1]=6"], "differ in names or types of inputs or outputs"),
            (model(text), ["--dim=s[0]=3"], "nothing is known of element 1 of input 's'; add --dim s[1]=1"),
            (model(text), ["--dim=s[0]=3", "--dim=s[1]=4", "--max-dim=s[2]=4"], "none of which is [2]"),
            (model(text), ["--max-dim=x[0]=3"], "the elements of input 'x' are no integers"),
            (model(text), [], "the shape of 'y' is not known at compile time"),
            (model(sized), bounded(s=((1,), (1,), 8, (4,))), "the sizes that it resizes to are computed")):
        try:
            with Program(graph, *flags, *FLAGS):
                FAILED.append(f"{flags}: it compiles")
        except Failure as error:
            if message not in str(error):
                FAILED.append(f"{flags}: {error}")


shapes()
if not on_cuda(FLAGS):
    checked()
    messages()
print("\n".join(FAILED))
sys.exit(bool(FAILED))
