# REQUIRES: onnxruntime
# RUN: %python %s
"""Few results of many elements whose number is known when the program runs (--max-dim), as CUDA
programs: cut into pieces for the whole GPU, of which those behind the extent have nothing to do.
Takes 4 s on one core."""
import json
import os
import sys
import tempfile

import numpy as np

from dlc_testing import Failure, Program, parse_model

RNG = np.random.default_rng(5)
failed = 0


def check(title, text, constants, bound, shape, extents, want, tolerance=1e-6):
    """`shape` and `want` of an extent and of `x`; `bound` is the largest extent."""
    global failed
    seconds = {}
    try:
        with (Program(parse_model(text, constants, 18), f"--max-dim=n={bound}", "--target=cuda") as program,
              tempfile.TemporaryDirectory() as folder):
            for n in (bound, *extents):
                x = RNG.random(shape(n)).astype(np.float32) + 0.5
                stats = os.path.join(folder, f"{n}.json")
                got, wanted = program.run({"x": x}, env={"DLC_SIM_STATS": stats})["y"], want(x.astype(np.float64))
                off = np.abs(got - wanted).max(initial=0) / np.abs(wanted).max(initial=1e-9)
                if got.shape != wanted.shape or not off <= tolerance:
                    failed += 1
                    print(f"FAILED {title}, {n}: off by {off:.2g}, {got.shape}")
                if os.path.exists(stats):  # on a GPU nobody counts
                    with open(stats, encoding="utf-8") as file:
                        kernels = json.load(file)["kernels"]
                    seconds[n] = sum(k["seconds"] for name, k in kernels.items() if not name.startswith("map"))
    except Failure as error:
        failed += 1
        print(f"FAILED {title}: {error}")
    print(title, seconds)
    # Of the largest one only: what a kernel takes to be translated remains (10 ms).
    if seconds and bound * shape(1)[-1] > 1 << 22 and seconds[extents[0]] * 1.5 > seconds[bound]:
        failed += 1
        print(f"FAILED {title}: {extents[0]} take as long as {bound}")


check("sum of all", "g (float[n,480] x) => (float[1,1] y) { y = ReduceSum(x) }", {}, 1 << 14, lambda n: (n, 480),
      (1, 5000, 0), lambda x: x.sum(keepdims=True))
check("largest of each row", "g (float[3,n] x) => (float[3] y) { y = ReduceMax<keepdims=0>(x, axes) }",
      {"axes": np.array([1])}, 240000, lambda n: (3, n), (5, 100000), lambda x: x.max(1), 1e-7)
check("mean of each column", "g (float[n,2] x) => (float[1,2] y) { y = ReduceMean(x, axes) }",
      {"axes": np.array([0])}, 160000, lambda n: (n, 2), (5, 70001), lambda x: x.mean(0, keepdims=True))
check("softmax of one long row", "g (float[1,n] x) => (float[1,n] y) { y = Softmax(x) }", {}, 262144,
      lambda n: (1, n), (4, 99999, 1), lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum())
sys.exit(failed > 0)
