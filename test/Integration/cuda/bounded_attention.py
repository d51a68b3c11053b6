# REQUIRES: onnxruntime
# RUN: %python %s
"""Attention whose queries and keys have extents that are known when the program runs
(--max-dim), as CUDA programs: one kernel without scores in memory, as exact as one of known
sizes, by multiply-adds and by tensor cores, with masks, also for rows without any key that
counts; what lies behind the extents is left out. Takes 6 s on one core. With `host`:
programs for the host."""
import json
import os
import sys
import tempfile

import numpy as np

from dlc_testing import Failure, Program, parse_model

RNG = np.random.default_rng(11)
TARGET = "host" if "host" in sys.argv else "cuda"
# On the host scores of more than a megabyte make it one kernel.
HEADS, HEAD, BOUND = 2, 32, 480 if TARGET == "host" else 160
KINDS = {"float": np.float32, "float16": np.float16}
ROUNDING = {"float": 2**-22, "float16": 2**-11, "tf32": 2**-11, "bf16": 2**-8}
# What follows the scores: an operand for each query and key, flags for each key, nothing.
MASKS = {"bias": "l = Add(s, mask)", "flags": "l = Where(mask, s, low)", "none": "l = Identity(s)"}
failed = 0
totals = {}


def model(element, mask, is_cross):
    """Scaled attention of `[1, m, width]` and `[1, n, width]`; queries are as many as keys if not `is_cross`."""
    queries, width = "m" if is_cross else "n", HEADS * HEAD
    operands = {"bias": f", {element}[1,{HEADS},{queries},n] mask", "flags": ", bool[1,1,1,n] mask", "none": ""}[mask]
    text = f"""g ({element}[1,{queries},{width}] q, {element}[1,n,{width}] k, {element}[1,n,{width}] v{operands})
      => ({element}[1,{queries},{width}] y) {{
      q4 = Reshape(q, heads)
      k4 = Reshape(k, heads)
      v4 = Reshape(v, heads)
      qt = Transpose<perm=[0,2,1,3]>(q4)
      kt = Transpose<perm=[0,2,3,1]>(k4)
      vt = Transpose<perm=[0,2,1,3]>(v4)
      s0 = MatMul(qt, kt)
      s = Mul(s0, scale)
      {MASKS[mask]}
      w = Softmax<axis=-1>(l)
      o = MatMul(w, vt)
      ot = Transpose<perm=[0,2,1,3]>(o)
      y = Reshape(ot, flat)
    }}"""
    kind = KINDS[element]
    constants = {"heads": np.array([0, 0, HEADS, HEAD]), "flat": np.array([0, 0, width]),
                 "scale": np.array(HEAD**-0.5, kind)}
    if mask == "flags":
        constants["low"] = np.array(-np.inf, kind)
    return parse_model(text, constants, 18)


def values_of(element, mask, m, n):
    kind = KINDS[element]
    values = {name: RNG.standard_normal((1, rows, HEADS * HEAD)).astype(kind)
              for name, rows in (("q", m), ("k", n), ("v", n))}
    if mask == "bias":
        values["mask"] = RNG.standard_normal((1, HEADS, m, n)).astype(kind)
    elif mask == "flags":
        values["mask"] = RNG.random((1, 1, 1, n)) < 0.7
        values["mask"][..., :1] = True
    return values


def expected(values, mask):
    wide = {name: value.astype(np.float64) for name, value in values.items()}
    split = lambda x: x.reshape(1, x.shape[1], HEADS, HEAD).transpose(0, 2, 1, 3)
    logits = split(wide["q"]) @ split(wide["k"]).swapaxes(2, 3) * HEAD**-0.5
    if mask == "bias":
        logits = logits + wide["mask"]
    elif mask == "flags":
        logits = np.where(values["mask"], logits, -np.inf)
    weights = np.exp(logits - logits.max(-1, keepdims=True, initial=-np.inf))
    result = weights / weights.sum(-1, keepdims=True) @ split(wide["v"])
    return result.transpose(0, 2, 1, 3).reshape(values["q"].shape)


def check(element, mask, is_cross, precision="f32"):
    global failed
    title = f"{element}, {mask}, {'cross' if is_cross else 'self'}, {precision}"
    try:
        with (Program(model(element, mask, is_cross), f"--max-dim=n={BOUND}", *[f"--max-dim=m={BOUND}"] * is_cross,
                      f"--target={TARGET}", f"--precision={precision}") as program,
              tempfile.TemporaryDirectory() as folder):
            scores = 2 * HEADS * BOUND * BOUND
            if program.info()["arena_bytes"] >= scores:
                failed += 1
                print(f"FAILED {title}: an arena of {program.info()['arena_bytes']} bytes")
            # The largest ones first: nothing may be left over. No key at all is a sum of nothing.
            for m, n in ((BOUND, BOUND), (1, 1), (17, 70), (33, 5), (9, 0)):
                if not is_cross:
                    m = n
                values = values_of(element, mask, m, n)
                stats = os.path.join(folder, f"{m}.json")
                got = program.run(values, env={"DLC_SIM_STATS": stats})["y"]
                off = np.abs(got.astype(np.float64) - expected(values, mask)).max(initial=0)
                if got.shape != values["q"].shape or not off <= 8 * max(ROUNDING[element],
                                                                      ROUNDING.get(precision, 0)):
                    failed += 1
                    print(f"FAILED {title}: {m} queries, {n} keys: off by {off:.2g}, {got.shape}")
                if os.path.exists(stats):  # on a GPU nobody counts
                    with open(stats, encoding="utf-8") as file:
                        kernels = json.load(file)["kernels"]
                    spent = sum(k["seconds"] for name, k in kernels.items() if name.startswith("attention"))
                    totals[n] = totals.get(n, 0) + spent
    except Failure as error:
        failed += 1
        print(f"FAILED {title}: {error}")


check("float", "none", False)
check("float", "bias", True)
check("float", "flags", True)
check("float16", "bias", False)
check("float16", "flags", True)
if TARGET == "cuda":
    check("float", "flags", True, "tf32")
check("float", "none", True, "bf16")
print("seconds of all kernels, by number of keys:", totals)
# Measured: a fifteenth; a launch takes something, too.
if totals and totals[1] * 4 > totals[BOUND]:
    failed += 1
    print(f"FAILED: one key takes as long as {BOUND}")
# A row whose keys are there and masked out has no softmax, as one of known sizes.
with Program(model("float", "flags", True), f"--max-dim=n={BOUND}", f"--max-dim=m={BOUND if TARGET == 'host' else 16}",
             f"--target={TARGET}") as one:
    hidden = values_of("float", "flags", 9, 20)
    hidden["mask"][:] = False
    if not np.isnan(one.run(hidden)["y"]).all():
        failed += 1
        print("FAILED: keys that are masked out are not keys that are missing")
sys.exit(failed > 0)
