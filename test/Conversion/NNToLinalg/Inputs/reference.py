"""Runs nn functions by the plainest route there is: convert-nn-to-linalg, then
upstream passes to loops and LLVM, without any scheduling of ours. It tells errors
of the lowering from errors of the levels below it."""

import ctypes
import os
import shutil
import subprocess
import tempfile

import numpy as np

PIPELINE = (
    "builtin.module(convert-nn-to-linalg,canonicalize,"
    "one-shot-bufferize{bufferize-function-boundaries=true"
    " function-boundary-type-conversion=identity-layout-map},"
    "buffer-results-to-out-params{modify-public-functions=true},"
    "func.func(llvm-request-c-wrappers,convert-linalg-to-loops),expand-strided-metadata,lower-affine,"
    "convert-scf-to-cf,convert-math-to-llvm,convert-math-to-libm,arith-expand,"
    "finalize-memref-to-llvm,convert-arith-to-llvm,convert-index-to-llvm,"
    "convert-func-to-llvm,convert-cf-to-llvm,"
    "reconcile-unrealized-casts)"
)

NUMPY = {
    "f64": np.float64, "f32": np.float32, "f16": np.float16, "i1": np.bool_,
    "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64,
    "ui8": np.uint8, "ui16": np.uint16, "ui32": np.uint32, "ui64": np.uint64,
}
MLIR = {np.dtype(v): k for k, v in NUMPY.items()}


def tensor_type(array):
    return "tensor<" + "".join(f"{d}x" for d in array.shape) + MLIR[array.dtype] + ">"


def descriptor(array):
    """MLIR's memref descriptor: two pointers, offset, sizes, strides."""
    strides = [s // array.itemsize for s in array.strides]
    values = [array.ctypes.data, array.ctypes.data, 0, *array.shape, *strides]
    return (ctypes.c_int64 * len(values))(*values)


class Program:
    """Functions of one module; each is called with arrays and gives arrays."""

    def __init__(self):
        self.text, self.results = [], {}

    def add(self, name, inputs, body, results):
        """`body` is nn text on %0, %1, … that ends with `return` left out; its
        results are %r0, %r1, … of the types of the arrays `results`."""
        arguments = ", ".join(f"%{i}: {tensor_type(a)}" for i, a in enumerate(inputs))
        types = ", ".join(tensor_type(r) for r in results)
        values = ", ".join(f"%r{i}" for i in range(len(results)))
        self.text.append(
            f"func.func @{name}({arguments}) -> ({types}) {{\n{body}\n"
            f"  return {values} : {types}\n}}\n")
        self.results[name] = [(r.shape, r.dtype) for r in results]

    def compile(self):
        folder = tempfile.TemporaryDirectory()
        at = lambda name: os.path.join(folder.name, name)
        with open(at("m.mlir"), "w") as file:
            file.write("\n".join(self.text))

        def run(*command):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{' '.join(command)}\n{done.stderr[:4000]}")

        # lit puts the build's and LLVM's tools into PATH
        llvm_lib = os.path.join(os.path.dirname(os.path.realpath(shutil.which("mlir-translate"))), "../lib")
        run("dlc-opt", at("m.mlir"), f"--pass-pipeline={PIPELINE}", "-o", at("l.mlir"))
        # upstream's conversions leave arith's mark of a free rounding on LLVM's operations
        run("mlir-translate", "--allow-unregistered-dialect", "--mlir-to-llvmir", at("l.mlir"), "-o", at("m.ll"))
        run("clang", "-O1", "-shared", "-fPIC", "-w", at("m.ll"), "-o", at("m.so"),
            "-L" + llvm_lib, "-lmlir_c_runner_utils", "-Wl,-rpath," + llvm_lib, "-lm")
        self.library = ctypes.CDLL(at("m.so"))
        self.folder = folder

    def run(self, name, inputs):
        outputs = [np.zeros(shape, dtype) for shape, dtype in self.results[name]]
        inputs = [np.ascontiguousarray(a) for a in inputs]
        descriptors = [descriptor(a) for a in inputs + outputs]
        getattr(self.library, "_mlir_ciface_" + name)(*map(ctypes.byref, descriptors))
        return outputs
