# REQUIRES: onnxruntime
# RUN: %python %s
"""Convolutions and pools of images whose sizes are known when the program runs (--max-dim), as CUDA
programs: against onnxruntime, and what lies behind the extents is left out, in front of a pool, too.
Takes 7 s on one core."""
import json
import os
import sys
import tempfile

import numpy as np

from dlc_testing import Failure, Program, compare, parse_model, reference

RNG = np.random.default_rng(3)
failed = 0
CASES = {
    "pool in between": """a = Conv <pads = [1, 1, 1, 1]> (x, w0) b = Relu (a) p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (b)
        y = Conv <pads = [1, 1, 1, 1]> (p, w1)""",
    "strides, no padding": """a = Conv <strides = [2, 2]> (x, w0) b = Sigmoid (a) p = AveragePool <kernel_shape = [3, 2], strides = [2, 1]> (b)
        y = Conv <pads = [2, 0, 1, 1]> (p, w1)""",
    "dilated, ceil": """a = Conv <pads = [2, 2, 2, 2], dilations = [2, 2]> (x, w0) p = MaxPool <kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1> (a)
        q = Tanh (p) y = Conv (q, w1)""",
}
WEIGHTS = {"w0": (RNG.standard_normal((16, 3, 3, 3)) / 5).astype(np.float32),
           "w1": (RNG.standard_normal((16, 16, 3, 3)) / 12).astype(np.float32)}


def check(title, nodes, bound, precision, tolerance):
    global failed
    graph = parse_model(f"g (float[1,3,h,w] x) => (float[1,16,a,b] y) {{ {nodes} }}", WEIGHTS, 18)
    seconds = {}
    try:
        with (Program(graph, f"--max-dim=h={bound}", f"--max-dim=w={bound}", "--target=cuda", f"--precision={precision}") as program,
              tempfile.TemporaryDirectory() as folder):
            for size in ((bound, bound), (13, bound), (bound, 15), (12, 11), (12, 11), (12, 11)):
                x = RNG.standard_normal((1, 3, *size)).astype(np.float32)
                stats = os.path.join(folder, "stats.json")
                got = program.run({"x": x}, env={"DLC_SIM_STATS": stats})["y"]
                wrong = compare(got, reference(graph, {"x": x})["y"], tolerance, tolerance)
                if wrong:
                    failed += 1
                    print(f"FAILED {title}, {precision}, {size}: {wrong}")
                if os.path.exists(stats):  # on a GPU nobody counts
                    with open(stats, encoding="utf-8") as file:
                        kernels = json.load(file)["kernels"]
                    spent = sum(k["seconds"] for name, k in kernels.items() if name.startswith(("conv", "pool")))
                    seconds[size] = min(spent, seconds.get(size, spent))
    except Failure as error:
        failed += 1
        print(f"FAILED {title}, {precision}: {error}")
    print(title, precision, seconds)
    return seconds


for case, text in CASES.items():
    check(case, text, 40, "f16", 6e-3)
    spent = check(case, text, 128, "f32", 1e-4)
    # Measured: a twelfth, of which most is translating the kernels.
    if spent and spent[(12, 11)] * 3 > spent[(128, 128)]:
        failed += 1
        print(f"FAILED {case}: a small image takes as long as a large one: {spent}")
sys.exit(failed > 0)
