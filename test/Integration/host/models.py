# RUN: %python %s
# REQUIRES: onnxruntime, rapidocr, magika
"""Whole trained models against onnxruntime: those that the onnx wheel and small
packages ship, with --full (and DLC_ZOO, see shared/zoo) also those made with torch.

  models.py [--full] [--list] [name…]
"""

import glob
import importlib.util
import os
import sys

import numpy as np
import onnx
import onnxruntime

from dlc_testing import Failure, Program, compare, reference, reference64


def package_folder(name):
    return os.path.dirname(importlib.util.find_spec(name).origin)


def shipped():
    """(name, path, {input: shape} for symbolic dimensions)"""
    light = os.path.join(package_folder("onnx"), "backend/test/data/light")
    for path in sorted(glob.glob(light + "/*.onnx")):
        yield os.path.basename(path)[:-5], path, {}
    ocr = os.path.join(package_folder("rapidocr_onnxruntime"), "models")
    shapes = {"det": [1, 3, 320, 320], "cls": [2, 3, 48, 192], "rec": [1, 3, 48, 320]}
    for path in sorted(glob.glob(ocr + "/*.onnx")):
        kind = next(k for k in shapes if f"_{k}_" in path)
        yield f"rapidocr_{kind}", path, {"x": shapes[kind]}
    for path in sorted(glob.glob(package_folder("magika") + "/models/*/model.onnx")):
        yield "magika_" + os.path.basename(os.path.dirname(path)), path, {"bytes": None}


def zoo(folder):
    """NAME.onnx with NAME.inputs.npz (and the outputs of torch or onnxruntime)."""
    for path in sorted(glob.glob(folder + "/*.onnx")):
        if os.path.exists(path[:-5] + ".inputs.npz"):
            yield "zoo_" + os.path.basename(path)[:-5], path, {}


def make_inputs(path, shapes):
    """Inputs for onnxruntime and the flags that make the shapes static."""
    if os.path.exists(path[:-5] + ".inputs.npz"):
        inputs = dict(np.load(path[:-5] + ".inputs.npz"))
        return inputs, [f"--shape={n}={'x'.join(map(str, a.shape))}" for n, a in inputs.items() if a.ndim]
    rng = np.random.default_rng(3)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs, flags = {}, []
    for value in session.get_inputs():
        shape = shapes.get(value.name) or [d if isinstance(d, int) else 1 for d in value.shape]
        if any(not isinstance(d, int) for d in value.shape):
            flags.append(f"--shape={value.name}={'x'.join(map(str, shape))}")
        if value.type == "tensor(float)":
            inputs[value.name] = rng.standard_normal(shape).astype(np.float32)
        else:
            dtype = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}[value.type]
            inputs[value.name] = rng.integers(0, 257, shape).astype(dtype)
    return inputs, flags


def check(path, shapes, flags):
    inputs, shape_flags = make_inputs(path, shapes)
    expected = reference(path, inputs)
    with Program(path, *shape_flags, *flags) as program:
        results = program.run(inputs, outputs=list(expected))
        exact = None
        for name, array in expected.items():
            problem = compare(results[name], array)
            # onnxruntime rounds, too. What it is apart from must be right then, by the
            # same tolerance, in double precision (2 outputs of 1000 of resnet50).
            if problem and array.dtype == np.float32:
                exact = exact or reference64(path, inputs)
                problem = compare(results[name], exact[name].astype(np.float32))
            if problem:
                raise Failure(f"output '{name}': {problem}")


def main():
    words = [a for a in sys.argv[1:] if not a.startswith("-")]
    flags = [a for a in sys.argv[1:] if a.startswith("-") and a not in ("--full", "--list")]
    models = list(shipped())
    if "--full" in sys.argv:
        if not os.environ.get("DLC_ZOO"):
            sys.exit("--full needs DLC_ZOO, the folder with the torch models")
        models += zoo(os.environ["DLC_ZOO"])
    if "--list" in sys.argv:
        print("\n".join(name for name, *_ in models))
        return 0
    passed = failed = 0
    for name, path, shapes in models:
        if words and not any(w in name for w in words):
            continue
        try:
            check(path, shapes, flags)
            passed += 1
            print(f"passed {name}", flush=True)
        except Failure as error:
            failed += 1
            print(f"FAILED {name}: {error}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
