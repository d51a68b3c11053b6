# RUN: %python %s %S/../Inputs/amx_emulator.c
# REQUIRES: onnxruntime
"""Products in AMX's matrix registers: of bfloat16 as exact as sums of exact products in f32
are, of bytes exact, for shapes that fill the registers and such that do not. Machines
without AMX run the programs with an emulator of its instructions (amx_emulator.c), which
checks their shapes, too; what else they execute is AVX-512, with VNNI and BF16. Where a
machine lacks that, the code is only looked at."""

import os
import re
import subprocess
import sys
import tempfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from dlc_testing import Program

VECTORS = "x86-64-v4+avx512vnni+avx512bf16"
MATRICES = VECTORS + "+amx-bf16+amx-int8"
RUNS = all(f" {flag} " in open("/proc/cpuinfo").read().replace("\n", " ") for flag in ("avx512_vnni", "avx512_bf16"))
rng = np.random.default_rng(17)


class Graph:
    """A model of many small products; `wanted` is what each gives, and its error at most."""

    def __init__(self):
        self.nodes, self.inputs, self.initializers, self.outputs = [], [], [], []
        self.arrays, self.wanted = {}, {}

    def input(self, array):
        name = f"x{len(self.inputs)}"
        self.inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape))
        self.arrays[name] = array
        return name

    def constant(self, array):
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def node(self, op, inputs, output=None, **attributes):
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def output(self, name, value, most):
        kind = TensorProto.INT32 if value.dtype == np.int32 else TensorProto.FLOAT
        self.outputs.append(helper.make_tensor_value_info(name, kind, value.shape))
        self.wanted[name] = (value, most)

    def model(self):
        graph = helper.make_graph(self.nodes, "matrices", self.inputs, self.outputs, self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def rounded(array):
    """To the nearest bfloat16, ties to even, as float64."""
    bits = array.astype(np.float32).view(np.uint32)
    bits = (bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)
    return bits.view(np.float32).astype(np.float64)


def windows(x, kernel, strides, pads):
    """[n, c, h, w] to [n, oh, ow, c, kh, kw]."""
    x = np.pad(x, ((0, 0), (0, 0), (pads, pads), (pads, pads)))
    views = np.lib.stride_tricks.sliding_window_view(x, kernel, (2, 3))[:, :, ::strides, ::strides]
    return views.transpose(0, 2, 3, 1, 4, 5)


def floats():
    graph = Graph()

    def add(name, x, w, subscripts, make):
        """What follows (a bias, ReLU, a residual) is computed on the sums."""
        exact = np.einsum(subscripts, rounded(x), rounded(w))
        size = np.einsum(subscripts, np.abs(rounded(x)), np.abs(rounded(w)))
        made, shape = make()
        bias = rng.standard_normal(shape[-1] if name.startswith("matmul") else (shape[1], 1, 1)).astype(np.float32)
        rest = rng.standard_normal(shape).astype(np.float32)
        relu = graph.node("Relu", [graph.node("Add", [made, graph.constant(bias)])])
        graph.node("Add", [relu, graph.input(rest)], name)
        exact = exact if name.startswith("matmul") else exact.transpose(0, 3, 1, 2)
        size = size if name.startswith("matmul") else size.transpose(0, 3, 1, 2)
        graph.output(name, np.maximum(exact + bias, 0) + rest, 1e-5 * size + 1e-5)

    for m, k, n in ((2, 64, 48), (5, 64, 48), (16, 32, 16), (17, 64, 40), (20, 96, 64), (31, 32, 70), (40, 48, 33),
                    (49, 160, 64), (64, 36, 32), (197, 64, 96), (33, 384, 20)):
        x, w = (rng.standard_normal(s).astype(np.float32) for s in ((m, k), (k, n)))
        add(f"matmul_{m}x{k}x{n}", x, w, "mk,kn->mn",
            lambda x=x, w=w, s=(m, n): (graph.node("MatMul", [graph.input(x), graph.constant(w)]), s))
    x, y = rng.standard_normal((2, 3, 24, 64)).astype(np.float32)
    add("matmul_batch", x, y.transpose(0, 2, 1), "bmk,bkn->bmn", lambda: (
        graph.node("MatMul", [graph.input(x), graph.node("Transpose", [graph.input(y)], perm=[0, 2, 1])]), (3, 24, 24)))
    for c, h, n, kernel, strides, pads in ((32, 14, 48, 3, 1, 1), (64, 7, 64, 3, 1, 1), (32, 15, 40, 3, 2, 1),
                                           (24, 10, 40, 1, 1, 0), (64, 28, 32, 1, 2, 0), (16, 9, 32, 5, 1, 2)):
        x = rng.standard_normal((1, c, h, h)).astype(np.float32)
        w = rng.standard_normal((n, c, kernel, kernel)).astype(np.float32)
        out = (h + 2 * pads - kernel) // strides + 1
        add(f"conv_{c}x{h}x{n}x{kernel}_{strides}", windows(x, (kernel, kernel), strides, pads), w, "byxckl,nckl->byxn",
            lambda x=x, w=w, s=(1, n, out, out), a=(strides, pads): (graph.node(
                "Conv", [graph.input(x), graph.constant(w)], strides=[a[0]] * 2, pads=[a[1]] * 4), s))
    return graph


def integers():
    graph = Graph()
    for m, k, n in ((2, 64, 48), (16, 64, 16), (17, 128, 40), (40, 96, 33), (49, 320, 64), (70, 48, 24)):
        for kinds in ((np.uint8, np.int8), (np.int8, np.uint8)):
            a, b = (rng.integers(np.iinfo(t).min, np.iinfo(t).max, s, t, endpoint=True)
                    for t, s in zip(kinds, ((m, k), (k, n))))
            name = f"matmul_{m}x{k}x{n}_{kinds[0].__name__}"
            graph.node("MatMulInteger", [graph.input(a), graph.constant(b)], name)
            graph.output(name, (a.astype(np.int64) @ b.astype(np.int64)).astype(np.int32), 0)
    for c, h, n, kernel, strides, pads in ((32, 14, 48, 3, 1, 1), (64, 7, 64, 3, 2, 1), (48, 10, 40, 1, 1, 0)):
        x = rng.integers(0, 256, (1, c, h, h)).astype(np.uint8)
        w = rng.integers(-128, 128, (n, c, kernel, kernel)).astype(np.int8)
        name = f"conv_{c}x{h}x{n}x{kernel}"
        graph.node("ConvInteger", [graph.input(x), graph.constant(w)], name, strides=[strides] * 2, pads=[pads] * 4)
        sums = np.einsum("byxckl,nckl->byxn", windows(x.astype(np.int64), (kernel, kernel), strides, pads), w.astype(np.int64))
        graph.output(name, sums.transpose(0, 3, 1, 2).astype(np.int32), 0)
    return graph


def without_check(path):
    """Lets a program run whose tiles are emulated: it does not ask the CPU for them."""
    code = open(path, "rb").read()
    hidden = re.sub(rb"(?<=[,\0])amx-[a-z0-9]+(?=[,\0])", lambda match: b"," * len(match[0]), code)
    assert hidden != code
    open(path, "wb").write(hidden)


def check(kind, graph, instruction, emulator, *flags):
    problems = 0
    with Program(graph.model(), f"--cpu={MATRICES}", *flags) as program:
        code = subprocess.run(["llvm-objdump", "-d", "--no-show-raw-insn", program.path], check=True, capture_output=True,
                              text=True).stdout
        print(f"{kind}: {len(re.findall(rf'{chr(9)}{instruction}', code))} instructions")
        if not re.search(rf"{chr(9)}{instruction}", code):
            print(f"{kind}: matrix registers are not used")
            problems += 1
        if not RUNS:
            print(f"{kind}: this machine can't run the program")
            return problems
        without_check(program.path)
        counts = os.path.join(program.folder, "counts")
        results = program.run(graph.arrays, outputs=graph.wanted,
                              env={"LD_PRELOAD": emulator, "AMX_EMULATOR_COUNTS": counts, "DLC_THREADS": "2"})
        executed = {name: int(count) for name, count in (line.split() for line in open(counts))}
        print(f"{kind}: executed {executed}")
        # No register is spilt: only sums are stored, and each once.
        if executed["tilestored"] != executed["tilezero"]:
            print(f"{kind}: registers are stored that are no sums")
            problems += 1
    for name, (value, most) in graph.wanted.items():
        off = np.abs(results[name].astype(np.float64) - value)
        if results[name].shape != value.shape or not (off <= most).all():
            print(f"{kind} {name}: off by {off.max():g}")
            problems += 1
    return problems


def check_bound(emulator):
    """Fewer rows than the program was planned for, and a sum over a dimension like that."""
    bound, problems = 40, 0
    w = rng.standard_normal((64, 48)).astype(np.float32)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["m", 64])
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["m", 48]),
               helper.make_tensor_value_info("z", TensorProto.FLOAT, [64, 48])]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0]),
             helper.make_node("MatMul", ["t", "y"], ["z"])]
    graph = helper.make_graph(nodes, "bound", [x], outputs, [numpy_helper.from_array(w, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    with Program(model, f"--cpu={MATRICES}", "--precision=bf16", f"--max-dim=m={bound}") as program:
        without_check(program.path)
        for m in (1, 5, 16, 17, 31, bound) if RUNS else ():
            array = rng.standard_normal((m, 64)).astype(np.float32)
            results = program.run({"x": array}, env={"LD_PRELOAD": emulator})
            wanted = {"y": rounded(array) @ rounded(w)}
            wanted["z"] = rounded(array).T @ rounded(wanted["y"])
            for name, value in wanted.items():
                # y is rounded for the second product: half a unit of 2^-8, of what is added up
                most = 1e-3 if name == "y" else 2e-2 * np.sqrt(m) * np.abs(wanted["y"]).max()
                if results[name].shape != value.shape or not np.allclose(results[name], value, 0, most):
                    print(f"bound, {m} rows, {name}: {results[name].shape}, off by {np.abs(results[name] - value).max():g}")
                    problems += 1
    return problems


def main():
    with tempfile.TemporaryDirectory() as folder:
        emulator = os.path.join(folder, "amx.so")
        subprocess.run(["clang-22", "-O2", "-mavx2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", sys.argv[1], "-o", emulator],
                       check=True)
        problems = check("bfloat16", floats(), "tdpbf16ps", emulator, "--precision=bf16")
        problems += check("bytes", integers(), "tdpb[us]", emulator)
        problems += check_bound(emulator)
    sys.exit(problems > 0)


main()
