# RUN: %python %s
# REQUIRES: onnx
"""Judges generated machine code instead of its speed: in the innermost loops of
real models there is no loop of scalar floating-point arithmetic, and the loops
of contractions keep everything in registers, those of integers also on CPUs that this
machine is not."""
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ARITHMETIC = r"v(fn?m(add|sub)\d*|add|sub|mul|div|max|min|sqrt)"
SCALAR = re.compile(ARITHMETIC + r"s[sd]$")
PACKED = re.compile(ARITHMETIC + r"p[sd]$")
STACK = re.compile(r"\(%rsp[,)]")  # %rbp is a pointer like any other


def functions(listing):
    """{name: [(address, mnemonic, operands)]} of an llvm-objdump listing."""
    found, current = {}, None
    for line in listing.splitlines():
        if match := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            current = found.setdefault(match[1], [])
        elif match := re.match(r"\s*([0-9a-f]+):\s+(?:{\w+}\s+)?(\S+)\s*(.*)$", line):
            current.append((int(match[1], 16), match[2], match[3]))
    return found


def innermost_loops(code):
    """The instructions of each loop that holds no other loop."""
    spans = []
    for address, mnemonic, operands in code:
        if mnemonic.startswith("j"):
            target = re.match(r"0x([0-9a-f]+)", operands)
            if target and int(target[1], 16) <= address:
                spans.append((int(target[1], 16), address))
    for start, end in spans:
        if not any((s, e) != (start, end) and start <= s and e <= end
                   for s, e in spans):
            yield [i for i in code if start <= i[0] <= end]


def disassemble(model, directory, cpu):
    obj = os.path.join(directory, "model.o")
    subprocess.run([os.path.join(os.environ["DLC_BIN"], "dlc"), model,
                    f"--cpu={cpu}", "--emit=obj", "-o", obj],
                   check=True, capture_output=True)
    return subprocess.run(["llvm-objdump", "-d", "--no-show-raw-insn", obj],
                          check=True, capture_output=True, text=True).stdout


def judge(model, directory):
    problems, contractions = [], 0
    for name, code in functions(disassemble(model, directory, "x86-64-v4")).items():
        for loop in innermost_loops(code):
            scalar = sum(bool(SCALAR.match(m)) for _, m, _ in loop)
            packed = sum(bool(PACKED.match(m)) for _, m, _ in loop)
            if scalar and not packed:
                problems.append(f"{name}: a loop of scalar arithmetic at "
                                f"{loop[0][0]:#x}")
            fmas = sum(m.startswith("vfmadd") and m.endswith("ps")
                       for _, m, _ in loop)
            if fmas >= 16 and fmas >= 0.8 * packed:
                contractions += 1
                # Unrolled steps are reordered, which may cost a register or two.
                spills = sum(bool(STACK.search(o)) and "zmm" in o for _, _, o in loop)
                if spills > fmas / 20:
                    problems.append(f"{name}: the multiply-add loop at "
                                    f"{loop[0][0]:#x} spills")
    if not contractions:
        problems.append("no loop of vector multiply-adds at all")
    return problems


def quantised_convolutions(path):
    """Two convolutions of unsigned bytes, whose weights are small, and their quantisation."""
    rng = np.random.default_rng(1)
    constants = {"w": rng.integers(-30, 31, (64, 64, 3, 3)).astype(np.int8), "b": rng.integers(-99, 99, 64).astype(np.int32),
                 "s": np.float32(0.02), "z": np.uint8(120), "zw": np.int8(0)}
    nodes = [helper.make_node("QLinearConv", [x, "s", "z", "w", "s", "zw", "s", "z", "b"], [y], pads=[1, 1, 1, 1])
             for x, y in (("x", "h"), ("h", "y"))]
    shape = [1, 64, 28, 28]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.UINT8, shape)],
                              [helper.make_tensor_value_info("y", TensorProto.UINT8, shape)],
                              [numpy_helper.from_array(np.array(v), n) for n, v in constants.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def judge_integers(model, directory, cpu, instruction, register):
    """The loops of integer products use the instruction of the CPU, and registers only."""
    problems, products = [], 0
    for name, code in functions(disassemble(model, directory, cpu)).items():
        for loop in innermost_loops(code):
            dots = [o for _, m, o in loop if m == instruction]
            if len(dots) < (4 if register == "%tmm" else 8):
                continue
            products += 1
            if not all(re.sub(r"\d+$", "", o).endswith(register) for o in dots):
                problems.append(f"{name}: {instruction} of other registers than {register}")
            if any(STACK.search(o) and register in o for _, _, o in loop):
                problems.append(f"{name}: the loop of {instruction} at {loop[0][0]:#x} spills")
    if not products:
        problems.append(f"no loop of {instruction}")
    return problems


light = os.path.join(os.path.dirname(onnx.__file__), "backend/test/data/light")
failed = False
with tempfile.TemporaryDirectory() as directory:
    for name in ("squeezenet", "resnet50", "shufflenet"):
        for problem in judge(f"{light}/light_{name}.onnx", directory):
            print(f"{name}: {problem}")
            failed = True
    path = os.path.join(directory, "quantised.onnx")
    quantised_convolutions(path)
    for cpu, instruction, register in (("x86-64-v3", "vpmaddubsw", "%ymm"), ("skylake-avx512", "vpmaddubsw", "%zmm"),
                                       ("alderlake", "vpdpbusd", "%ymm"), ("icelake-server", "vpdpbusd", "%zmm"),
                                       ("znver4", "vpdpbusd", "%zmm"), ("sapphirerapids", "tdpbusd", "%tmm")):
        for problem in judge_integers(path, directory, cpu, instruction, register):
            print(f"quantised, {cpu}: {problem}")
            failed = True
sys.exit(failed)
