# RUN: %python %s
# REQUIRES: onnx
"""Judges generated machine code instead of its speed: in the innermost loops of
real models there is no loop of scalar floating-point arithmetic, and the loops
of contractions keep everything in registers."""
import os
import re
import subprocess
import sys
import tempfile

import onnx

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
        elif match := re.match(r"\s*([0-9a-f]+):\s+(\S+)\s*(.*)$", line):
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


def judge(model, directory):
    obj = os.path.join(directory, "model.o")
    subprocess.run([os.path.join(os.environ["DLC_BIN"], "dlc"), model,
                    "--cpu=x86-64-v4", "--emit=obj", "-o", obj],
                   check=True, capture_output=True)
    listing = subprocess.run(["llvm-objdump", "-d", "--no-show-raw-insn", obj],
                             check=True, capture_output=True, text=True).stdout
    problems, contractions = [], 0
    for name, code in functions(listing).items():
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


light = os.path.join(os.path.dirname(onnx.__file__), "backend/test/data/light")
failed = False
with tempfile.TemporaryDirectory() as directory:
    for name in ("squeezenet", "resnet50", "shufflenet"):
        for problem in judge(f"{light}/light_{name}.onnx", directory):
            print(f"{name}: {problem}")
            failed = True
sys.exit(failed)
