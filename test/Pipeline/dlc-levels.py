# RUN: rm -rf %t && mkdir %t && %python %s %t
# RUN: rm -rf %t && mkdir %t && %python %s %t --target=cuda
"""dlc stops at each level and goes on from each; the same input gives the same
bytes; snapshots and MLIR's own flags work."""
import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from dlc_targets import launcher, on_cuda, target_flags
from toolkit import DLC, ok, run, write_mlp

os.chdir(sys.argv[1])
flags = sys.argv[2:]
DLC = [DLC, *target_flags(flags)]
compute = write_mlp("mlp.mlir")
x = np.random.default_rng(1).standard_normal((3, 16)).astype(np.float32)
np.save("x.npy", x)


def check(program):
    ok(*launcher(flags), f"./{program}", "x.npy", "-o", "out")
    np.testing.assert_allclose(np.load("out/y.npy"), compute(x), rtol=1e-5, atol=1e-5)


out = ok(*DLC, "mlp.mlir", "-o", "mlp")
for word in ("weights", "arena", "lower bound", "ratio"):
    assert word in out, out
check("mlp")
ok(*DLC, "mlp.mlir", "-o", "again")
assert Path("mlp").read_bytes() == Path("again").read_bytes(), "not the same bytes"

source = "mlp.mlir"
for level in ("nn", "linalg", "dispatch", "scheduled", "arena", "llvm"):
    text = ok(*DLC, "mlp.mlir", f"--emit={level}")
    ok(*DLC, "mlp.mlir", f"--emit={level}", "-o", f"{level}.mlir")
    assert Path(f"{level}.mlir").read_text() == text
    ok(*DLC, f"{level}.mlir", "-o", f"from-{level}")
    check(f"from-{level}")
    # From the level above comes the same as directly. (Loops do not print the
    # locations of their block arguments, which level llvm shows.)
    assert level == "llvm" or ok(*DLC, source, f"--emit={level}") == text, level
    source = f"{level}.mlir"
    ok(*DLC, "mlp.mlir", f"--emit={level}", "-o", f"{level}.mlirbc")
    ok(*DLC, f"{level}.mlirbc", "-o", f"from-{level}-bytecode")
    check(f"from-{level}-bytecode")

# A level can not be left upwards.
code, _, err = run(*DLC, "arena.mlir", "--emit=linalg")
assert code == 1 and "is at level arena already" in err, err

ok(*DLC, "mlp.mlir", "-o", "mlp", "--save-temps=temps")
names = sorted(os.listdir("temps"))
assert names == ["00-import.mlir", "01-simplify.mlir", "02-lower.mlir", "03-dispatch.mlir",
                 "04-schedule.mlir", "05-plan.mlir", "06-llvm.mlir",
                 *(["07-emit.ptx"] if on_cuda(flags) else [])], names
text = Path("temps/00-import.mlir").read_text()
assert "dense_resource<w>" in text and '"0x' not in text, text

if not on_cuda(flags):
    ok(*DLC, "mlp.mlir", "-o", "both", "--cpu=x86-64-v3,x86-64")
    check("both")

code, _, err = run(*DLC, "mlp.mlir", "-o", "mlp", "-v", "--mlir-timing",
                   "--mlir-print-ir-after=arena-assign",
                   "--mlir-pass-pipeline-crash-reproducer=crash.mlir")
assert code == 0, err
assert "Execution time report" in err and "IR Dump After ArenaAssign" in err, err
assert " s  schedule" in err, err
# In a pipe there is no progress without -v.
assert run(*DLC, "mlp.mlir", "-o", "mlp")[2] == ""

ok(*DLC, "mlp.mlir", "--emit=obj", "-o", "mlp.o")
assert Path("mlp.o").read_bytes()[:4] == b"\x7fELF"
