# REQUIRES: onnxruntime
# RUN: %python %s
"""--profile of a loop that its body ends: each iteration that happens is there, and what is behind
the loop has its own name."""
import json
import os
import sys

import numpy as np

from dlc_testing import Program, parse_model

RNG = np.random.default_rng(2)
MODEL = parse_model("""g (float[64,64] x, int64 n) => (float[64,64] y, float[64,64] z) {
    last = Loop (most, go, x) <body = b (int64 i, bool c, float[64,64] h) => (bool again, float[64,64] next) {
        product = MatMul (h, w)
        next = Tanh (product)
        one = Constant <value = int64 {1}> ()
        after = Add (i, one)
        again = Less (after, n)
    }>
    y = MatMul (last, v)
    z = Softmax (y) }""", {"most": np.int64(20), "go": np.bool_(True), "w": RNG.standard_normal((64, 64)).astype(np.float32) / 8,
                           "v": RNG.standard_normal((64, 64)).astype(np.float32)})


def main():
    with Program(MODEL) as program:
        for n in (3, 20, 1):
            trace = os.path.join(program.folder, "trace.json")
            program.run({"x": RNG.standard_normal((64, 64)).astype(np.float32), "n": np.int64(n)}, f"--profile={trace}",
                        "--threads=1")
            with open(trace) as file:
                events = json.load(file)["traceEvents"]
            rows = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
            spans = sorted((e for e in events if e["ph"] == "X" and rows[e["tid"]].startswith("launches")), key=lambda e: e["ts"])
            runs = sum(e["name"].startswith("run ") for e in spans)
            names = [e["name"] for e in spans if not e["name"].startswith("run ")]
            # States alternate between two places: after an odd number of iterations one without
            # effect brings them to where the results belong.
            for name, wanted in (("next (Tanh)", min(n + 1, 20)), ("y (MatMul)", 1), ("z (Softmax)", 1)):
                found = sum(name in each for each in names)
                if found != wanted * runs:
                    sys.exit(f"{found} launches of {name} in {runs} runs of {n} iterations: {names[:12]}")


main()
