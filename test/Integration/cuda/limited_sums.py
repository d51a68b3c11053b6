# REQUIRES: onnxruntime
# RUN: %python %s
"""Products along a dimension with an extent that is known when the program runs (--max-dim),
as CUDA programs, by multiply-adds and by tensor cores, with the reduction split among blocks
or not: results are right, and tiles behind the extent are left out. Takes 4 s on one core."""
import json
import os
import sys
import tempfile

import numpy as np

from dlc_testing import Program, parse_model

RNG = np.random.default_rng(7)



def numbers(kind, *shape):
    return (RNG.standard_normal(shape) / 4).astype(kind)


def run(program, folder, kind, shape, n):
    """How far the result is off, and the seconds that the simulator spent on the product."""
    x, w = numbers(kind, *shape[:-1], n), numbers(kind, n, shape[-1])
    expected = x.astype(np.float64) @ w.astype(np.float64)
    stats = os.path.join(folder, f"{n}.json")
    got = program.run({"x": x, "w": w}, env={"DLC_SIM_STATS": stats})["y"]
    off = np.abs(got.astype(np.float64) - expected).max() / np.abs(expected).max()
    if not os.path.exists(stats):  # on a GPU nobody counts
        return off, None
    with open(stats, encoding="utf-8") as file:
        kernels = json.load(file)["kernels"]
    return off, max(k["seconds"] for name, k in kernels.items() if name.startswith("contract"))


def main():
    failed = 0
    for element, kind, tolerance in (("float", np.float32, 1e-5), ("float16", np.float16, 2e-3)):
        for shape in ((64, 64), (1536, 64)):
            text = f"g ({element}[{shape[0]},n] x, {element}[n,{shape[1]}] w) => ({element}[{shape[0]},{shape[1]}] y) " \
                   "{ y = MatMul(x, w) }"
            with (Program(parse_model(text, {}, 18), "--max-dim=n=1024", "--target=cuda") as program,
                  tempfile.TemporaryDirectory() as folder):
                # The largest one first: nothing may be left over.
                seconds = {}
                for n in (1024, 1, 17, 300, 64, 1, 1):
                    off, spent = run(program, folder, kind, shape, n)
                    seconds[n] = spent and min(spent, seconds.get(n, spent))
                    if not off <= tolerance:
                        failed += 1
                        print(f"{n} of 1024, {element}: off by {off:.2g}")
            print(f"{shape} of {element}: {seconds}")
            # One tile of many (measured: a fortieth); what a launch takes remains of small ones.
            if element == "float" and shape[0] > 64 and seconds[1] and seconds[1] * 4 > seconds[1024]:
                failed += 1
                print(f"a sum of one number takes {seconds[1]} s, of 1024 {seconds[1024]} s")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
