# RUN: %python %s %t
# REQUIRES: onnx
# UNSUPPORTED: sanitize
"""The cases of ONNX's backend suite: each is imported, lowered by the plainest route
there is (no scheduling of ours), run, and compared with what the suite expects.

A case whose shapes depend on the values of its inputs is imported a second time with
all inputs but the first bound to constants."""

import ctypes
import os
import re
import shutil
import subprocess
import sys
import warnings

import numpy as np
import onnx
from onnx import numpy_helper

warnings.filterwarnings("ignore")
from onnx.backend.test.case.node import collect_testcases  # noqa: E402

sys.path.insert(0, os.path.join(os.environ["DLC_SOURCE_ROOT"],
                                "test/Conversion/NNToLinalg/Inputs"))
from reference import NUMPY, PIPELINE, descriptor  # noqa: E402

# Supported today; the number may only grow.
AT_LEAST = 1400
# The suite takes scales times size as a fraction there, onnxruntime (and nn.resize) the
# size that it is rounded to.
DIFFERENT = {"test_resize_downsample_scales_cubic_align_corners",
             "test_resize_downsample_scales_linear_align_corners"}

folder = sys.argv[1]
shutil.rmtree(folder, ignore_errors=True)
os.makedirs(folder)
only = re.compile(os.environ.get("CASES", ""))


def array(value):
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)


def bound(model, inputs):
    """The model with the values of all inputs but the first in it."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.ir_version = max(copy.ir_version, 8)
    ports = list(copy.graph.input)
    for port, value in list(zip(ports, inputs))[1 if len(ports) > 1 else 0:]:
        copy.graph.initializer.append(numpy_helper.from_array(value, port.name))
        copy.graph.input.remove(port)
    return copy


cases, values = {}, {}
for test in collect_testcases(None):
    if not test.data_sets or not only.search(test.name):
        continue
    given, expected = test.data_sets[0]
    if any(isinstance(v, (list, dict)) or v is None or isinstance(
            v, (onnx.SequenceProto, onnx.OptionalProto, onnx.MapProto)) for v in [*given, *expected]):
        continue
    given, expected = [array(v) for v in given], [array(v) for v in expected]
    if any(a.dtype == object for a in given + expected):
        continue
    values[test.name] = (dict(zip((i.name for i in test.model.graph.input), given)),
                         dict(zip((o.name for o in test.model.graph.output), expected)))
    cases[test.name] = (test.model, given)


def imported(suffix, models):
    """Runs the importer on all models at once; gives the modules that it makes."""
    names = []
    for name, model in models:
        names.append(name + suffix + ".onnx")
        onnx.save(model, os.path.join(folder, names[-1]))
    done = subprocess.run(["dlc-import", "--constants", *names], cwd=folder, capture_output=True,
                          text=True)
    assert done.returncode in (0, 1), f"dlc-import crashed: {done.stderr[-2000:]}"
    modules = {}
    for part in ("\n" + done.stdout).split("\n// ----- ")[1:] if len(names) > 1 else []:
        name, _, text = part.partition("\n")
        if "func.func" in text:
            modules[name[:-len(suffix + ".onnx")]] = text
    refused = dict(re.findall(r"error: (\w+)[\w.]*\.onnx: (.*)", done.stderr))
    assert len(modules) + len(refused) == len(names), "neither a module nor an error"
    return modules


modules = imported("", [(name, model) for name, (model, _) in cases.items()])
modules |= imported(".bound", [(name, bound(*cases[name])) for name in cases if name not in modules])


class Function:
    """One module as a function of a larger one."""

    def __init__(self, index, name, text):
        self.name, self.symbol = name, f"case{index}"
        signature = re.search(r"func\.func @main\((.*?)\)(?: -> \((.*)\))? \{\n", text)
        ports = r'tensor<([^>]*)> \{dlc\.name = "([^"]*)"\}'
        self.inputs = re.findall(ports, signature.group(1))
        self.outputs = re.findall(ports, signature.group(2) or "")
        blobs = dict(re.findall(r'^ +("[^\n]*?"|[^\n":]+): "(0x[0-9A-F]*)"', text, re.M))
        body = text[text.index("func.func"):]
        body = body[:body.rindex("\n}", 0, body.index("\n{-#") if "\n{-#" in body else len(body))]
        used = []

        def rename(match):
            if match.group(1) not in used:
                used.append(match.group(1))
            return f"dense_resource<{self.symbol}_{used.index(match.group(1))}>"

        self.body = re.sub(r'dense_resource<("(?:[^"\\]|\\.)*"|[^>]*)>', rename,
                           body.replace("@main(", f"@{self.symbol}(", 1))
        self.blobs = {f"{self.symbol}_{i}": blobs[key] for i, key in enumerate(used)}

    def supported(self):
        return all(self.split(t)[1] in NUMPY for t, _ in self.inputs + self.outputs)

    @staticmethod
    def split(text):
        *dims, element = text.split("x")
        return [int(d) for d in dims], element

    def empty(self, text):
        dims, element = self.split(text)
        return np.zeros(dims, NUMPY[element])

    def check(self, library):
        given, expected = values[self.name]
        inputs = [np.ascontiguousarray(given[n], NUMPY[self.split(t)[1]]) for t, n in self.inputs]
        outputs = [self.empty(t) for t, _ in self.outputs]
        descriptors = [descriptor(a) for a in inputs + outputs]
        getattr(library, "_mlir_ciface_" + self.symbol)(*map(ctypes.byref, descriptors))
        for (_, name), found in zip(self.outputs, outputs):
            wanted = expected[name]
            if found.dtype.kind == "f":
                half = found.dtype == np.float16
                np.testing.assert_allclose(found.astype(np.float64), wanted.astype(np.float64),
                                           rtol=1e-2 if half else 1e-3, atol=1e-3 if half else 1e-5)
            else:
                np.testing.assert_array_equal(found, wanted)


def build(functions, tag):
    at = lambda suffix: os.path.join(folder, tag + suffix)
    blobs = {k: v for f in functions for k, v in f.blobs.items()}
    with open(at(".mlir"), "w") as file:
        file.write("\n".join(f.body for f in functions))
        if blobs:
            file.write("\n{-#\n  dialect_resources: {\n    builtin: {\n      " + ",\n      ".join(
                f'{key}: "{value}"' for key, value in blobs.items()) + "\n    }\n  }\n#-}\n")
    llvm_lib = os.path.join(os.path.dirname(os.path.realpath(shutil.which("mlir-translate"))), "../lib")
    for command in (
            ["dlc-opt", at(".mlir"), f"--pass-pipeline={PIPELINE}", "-o", at(".llvm.mlir")],
            ["mlir-translate", "--mlir-to-llvmir", at(".llvm.mlir"), "-o", at(".ll")],
            ["clang", "-O0", "-shared", "-fPIC", "-w", at(".ll"), "-o", at(".so"), "-L" + llvm_lib,
             "-lmlir_c_runner_utils", "-Wl,-rpath," + llvm_lib, "-lm"]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stderr[:2000]}")
    return ctypes.CDLL(at(".so"))


functions = [Function(i, name, text) for i, (name, text) in enumerate(sorted(modules.items()))
             if name not in DIFFERENT]
functions = [f for f in functions if f.supported()]
passed, failures = 0, []
for start in range(0, len(functions), 64):
    batch = functions[start:start + 64]
    library = build(batch, f"batch{start}")
    for function in batch:
        try:
            function.check(library)
            passed += 1
        except AssertionError as error:
            failures.append(f"{function.name}: {' '.join(str(error).split())[:300]}")

print(f"{len(cases)} cases, {len(modules)} imported, {len(functions)} run, {len(failures)} wrong")
for failure in failures:
    print("  " + failure)
shutil.rmtree(folder)
sys.exit(bool(failures) or (not only.pattern and passed < AT_LEAST))
