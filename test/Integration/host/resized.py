# REQUIRES: onnxruntime
# RUN: %python %s
"""Resize by scales, to sizes and of regions that a run decides, against onnxruntime, and what bounds them.
With --target=cuda for a GPU."""
import os
import subprocess
import sys
import tempfile

import numpy as np

from dlc_testing import Failure, Program, differences, parse_model
from dlc_targets import on_cuda

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(23)
FAILED = []


def check(name, text, inputs, *flags, **constants):
    graph = parse_model(f"g {text}", constants)
    FAILED.extend(differences(name, graph, inputs, *FLAGS, *flags))


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def numbers(*values):
    return np.array(values, np.float32)


def scales():
    """Scales are an input, and computed from an extent and one."""
    kinds = {"near": 'mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"',
             "line": 'mode = "linear"', "cube": 'mode = "cubic", exclude_outside = 1',
             "torch": 'mode = "linear", coordinate_transformation_mode = "pytorch_half_pixel"',
             "thin": 'mode = "linear", antialias = 1', "fine": 'mode = "cubic", antialias = 1, exclude_outside = 1'}
    nodes = " ".join(f"{name} = Resize <{attributes}> (x, , s)" for name, attributes in kinds.items())
    outs = ", ".join(f"float[1,2,a,b] {name}" for name in kinds)
    check("scales", f"(float[1,2,7,6] x, float[4] s) => ({outs}) {{ {nodes} }}",
          [{"x": floats(1, 2, 7, 6), "s": numbers(1, 1, *s)} for s in ((2, 2), (1, 1), (0.5, 1.5), (1.25, 0.75), (2, 0.25))],
          "--dim=s[0]=1", "--dim=s[1]=1", "--max-dim=s[2]=2", "--max-dim=s[3]=2")
    check("scales along axes", f"(float[n,2,h,6] x, float[1] s) => ({outs.replace('[1', '[n')}) {{ "
          + nodes.replace("<", "<axes = [2], ") + " }",
          [{"x": floats(n, 2, h, 6), "s": numbers(s)} for n, h, s in ((2, 7, 3), (1, 4, 0.5), (2, 5, 1.4), (1, 1, 1))],
          "--max-dim=n=2", "--max-dim=h=7", "--max-dim=s[0]=3")
    # As torchvision scales the images of its detectors: to sizes that nothing follows from, so the user says it.
    check("shortest edge", """(float[1,3,h,w] x) => (float[1,3,a,b] y, float[1,3,a,b] z) {
        shape = Shape <start = 2> (x)
        sizes = Cast <to = 1> (shape)
        least = ReduceMin <keepdims = 0> (sizes)
        most = ReduceMax <keepdims = 0> (sizes)
        up = Div (eight, least)
        down = Div (twelve, most)
        scale = Min (up, down)
        both = Unsqueeze (scale, zero)
        all = Concat <axis = 0> (one, one, both, both)
        y = Resize <mode = "linear", coordinate_transformation_mode = "pytorch_half_pixel"> (x, , all)
        real = Mul (sizes, scale)
        floored = Floor (real)
        whole = Cast <to = 7> (floored)
        size = Concat <axis = 0> (ones, whole)
        z = Resize <mode = "linear"> (x, , , size)
    }""", [{"x": floats(1, 3, h, w)} for h, w in ((10, 10), (5, 8), (2, 10), (10, 4))], "--max-dim=h=10", "--max-dim=w=10",
          "--max-dim=all[2]=4", "--max-dim=all[3]=4", "--max-dim=size[2]=12", "--max-dim=size[3]=12",
          eight=np.float32(8), twelve=np.float32(12), zero=np.array([0]), one=numbers(1), ones=np.array([1, 3]))


def aspects():
    """The least size that is not smaller, of images with bounds, and to sizes that are an input."""
    for mode in ("nearest", "linear", "cubic"):
        extra = ', coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"' if mode == "nearest" else ""
        resize = f'Resize <mode = "{mode}", axes = [2, 3], keep_aspect_ratio_policy = "not_smaller"{extra}>'
        check(f"covers, {mode}", f"(float[1,2,h,w] x) => (float[1,2,a,b] y) {{ y = {resize} (x, , , sizes) }}",
              [{"x": floats(1, 2, h, w)} for h, w in ((6, 5), (3, 5), (2, 5), (6, 2), (1, 1))], "--max-dim=h=6", "--max-dim=w=5",
              sizes=np.array([4, 6]))
        check(f"covers sizes, {mode}", f"(float[1,2,6,4] x, int64[2] s) => (float[1,2,a,b] y) {{ y = {resize} (x, , , s) }}",
              [{"x": floats(1, 2, 6, 4), "s": np.array(s)} for s in ((9, 8), (3, 2), (1, 8), (9, 1))], "--max-dim=s[0]=9", "--max-dim=s[1]=8")
        check(f"covers with bounds, {mode}", f"(float[1,2,h,w] x) => (float[1,2,rows,columns] y) {{ y = {resize} (x, , , sizes) }}",
              [{"x": floats(1, 2, h, w)} for h, w in ((60, 50), (40, 50))], "--max-dim=h=6000", "--max-dim=w=5000",
              "--max-dim=rows=40", "--max-dim=y:3=50", sizes=np.array([40, 30]))


def regions():
    """Parts of images, some of it outside, of sizes or by scales; of known images and with bounds, known parts or an input."""
    for mode in ("nearest", "linear", "cubic"):
        attributes = f'mode = "{mode}", coordinate_transformation_mode = "tf_crop_and_resize", extrapolation_value = 9.0'
        check(f"regions, {mode}", f"""(float[1,2,h,w] x, float[8] r) => (float[1,2,5,6] y, float[1,2,a,b] z, float[1,2,5,6] u) {{
            y = Resize <{attributes}> (x, part, , sizes)
            z = Resize <{attributes}> (x, part, scales)
            u = Resize <{attributes}> (x, r, , sizes)
        }}""", [{"x": floats(1, 2, h, w), "r": numbers(0, 0, *r[:2], 1, 1, *r[2:])} for h, w, r in (
            (8, 7, (0.1, 0.2, 0.9, 0.7)), (4, 7, (-0.2, 0.1, 0.5, 1.3)), (8, 1, (0, 0, 1, 1)), (3, 3, (0.9, 0.1, 0.2, 0.8)))],
              "--max-dim=h=8", "--max-dim=w=7", part=numbers(0, 0, 0.15, -0.1, 1, 1, 0.85, 1.2), sizes=np.array([1, 2, 5, 6]),
              scales=numbers(1, 1, 1.5, 0.5))
        check(f"regions of a known image, {mode}", f"""(float[1,2,8,7] x, float[8] r, int64[4] s) => (float[1,2,a,b] y) {{
            y = Resize <{attributes}> (x, r, , s)
        }}""", [{"x": floats(1, 2, 8, 7), "r": numbers(0, 0, *r[:2], 1, 1, *r[2:]), "s": np.array((1, 2, *s))} for s, r in (
            ((5, 9), (0.1, 0.2, 0.9, 0.7)), ((1, 4), (-0.2, 0.1, 0.5, 1.3)), ((8, 7), (0, 0, 1, 1)))],
              "--dim=s[0]=1", "--dim=s[1]=2", "--max-dim=s[2]=8", "--max-dim=s[3]=9")


def messages():
    """What a run finds to be more than was said, and what has to be said."""
    with tempfile.TemporaryDirectory() as folder:
        def run(program, **arrays):
            for name, array in arrays.items():
                np.save(os.path.join(folder, f"{name}.npy"), array)
            command = [*program.command, *(f"{name}={folder}/{name}.npy" for name in arrays), "-o", folder]
            return subprocess.run(command, capture_output=True, text=True, check=False).stderr
        graph = parse_model("g (float[4] x, float[1] s) => (float[m] y) { y = Resize (x, , s) }", {})
        with Program(graph, "--max-dim=s[0]=2") as program:
            text = run(program, x=floats(4), s=numbers(2.5))
            if "element 0 of 's' (from 0 to 2) is 3, but has to be 2" not in text:
                FAILED.append(text)
        graph = parse_model("g (float[1,1,h,w] x) => (float[1,1,a,b] y) "
                            '{ y = Resize <axes = [2, 3], keep_aspect_ratio_policy = "not_smaller"> (x, , , s) }',
                            {"s": np.array([8, 8])})
        with Program(graph, "--max-dim=h=9000", "--max-dim=w=9000", "--max-dim=a=16", "--max-dim=b=16") as program:
            text = run(program, x=floats(1, 1, 2, 5))
            if "dimension 3 of its result (at most 16) is 20, but has to be 16" not in text:
                FAILED.append(text)
        graph2 = parse_model("g (float[1,1,h,w] x, float q) => (float[1,1,a,b] y) { s = Div (two, q) t = Unsqueeze (s, zero) "
                             "all = Concat <axis = 0> (one, one, t, t) y = Resize (x, , all) }",
                             {"two": np.float32(2), "one": numbers(1), "zero": np.array([0])})
        for model, flags, message in (
                (graph, (), "can get as large as 1x1x72000x72000; add --max-dim 'a=N' --max-dim 'b=N' (with a number for each N)"),
                (graph2, (), "--max-dim 'all[2]=N' --max-dim 'all[3]=N' bounds them"),
                (graph2, ("--max-dim=all[4]=2",), "none of which is [4]"),
                (graph2, ("--max-dim=none[4]=2",), "no dimension of this name")):
            try:
                with Program(model, "--max-dim=h=9000", "--max-dim=w=9000", *flags):
                    FAILED.append(f"{flags}: it compiles")
            except Failure as error:
                if message not in str(error):
                    FAILED.append(str(error))


scales()
aspects()
regions()
if not on_cuda(FLAGS):
    messages()
print("\n".join(FAILED))
sys.exit(bool(FAILED))
