# RUN: rm -rf %t && mkdir %t && %python %s %t
"""Wrong arguments of dlc: one line that says what is wrong, exit code 2, no output."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from toolkit import DLC, run, write_mlp

folder = Path(sys.argv[1])
os.chdir(folder)
write_mlp("m.mlir")
Path("m.onnx").write_bytes(b"\x08\x09")
Path("folder").mkdir()
Path("in.npy").write_bytes(b"")

CASES = [
    ([], "no model is given"),
    (["--nonsense", "m.mlir"], "Unknown command line argument '--nonsense'"),
    (["--emti=nn", "m.mlir"], "Did you mean '--emit=nn'?"),
    (["m.mlir", "n.mlir"], "Too many positional arguments"),
    (["m.mlir", "-o"], "-o option: requires a value"),
    (["m.mlir", "-o", "folder"], "-o 'folder' is a folder"),
    (["m.mlir", "-o", "nowhere/out"], "there is no folder 'nowhere'"),
    (["m.mlir", "-o", "m.mlir"], "would overwrite the input"),
    (["m.mlir", "-o", "./folder/../m.mlir"], "would overwrite the input"),
    (["m.mlir", "-o", "-"], "can not be written to standard output"),
    (["m.mlir", "--emit=c"], "--emit=c: nn, linalg, dispatch"),
    (["m.mlir", "--emit=ptx"], "--emit=ptx is for --target=cuda"),
    (["m.mlir", "--target=tpu"], "--target=tpu: host and cuda are known"),
    (["m.mlir", "--arch=sm_80"], "--arch is for --target=cuda"),
    (["m.mlir", "--precision=tf32"], "--precision=tf32 is for --target=cuda"),
    (["m.mlir", "--target=cuda", "--cpu=x86-64-v3"], "--cpu is for --target=host"),
    (["m.mlir", "--target=cuda", "--arch=volta"], "--arch: 'volta' is no architecture"),
    (["m.mlir", "--target=cuda", "--arch=sm_35"], "--arch: 'sm_35': no code can be made"),
    (["m.mlir", "--target=cuda", "--arch="], "--arch: '' is no architecture"),
    (["m.mlir", "--target=cuda", "--precision=f8"], "--precision=f8: f32, tf32, f16 and bf16"),
    (["m.mlir", "--target=cuda", "--emit=obj", "-o", "-"], "can not be written to standard output"),
    (["m.mlir", "--cpu=z80"], "--cpu=z80: "),
    (["m.mlir", "--cpu="], "--cpu"),
    (["m.mlir", "--cpu=x86-64-v3,x86-64-v4", "--emit=lib"], "several CPUs are for --emit=exe"),
    (["m.onnx", "-O3"], "-O3: -O and -O0 are known"),
    (["m.onnx", "--dim", "batch"], "--dim wants name=value, got 'batch'"),
    (["m.onnx", "--dim", "=1"], "--dim wants name=value, got '=1'"),
    (["m.onnx", "--dim", "batch=-1"], "'-1' is no dimension"),
    (["m.onnx", "--dim", "batch=1e3"], "'1e3' is no dimension"),
    (["m.onnx", "--dim", "batch=99999999999999999999"], "is no dimension"),
    (["m.onnx", "--dim", "batch=1", "--dim", "batch=2"], "--dim batch is given twice"),
    (["m.onnx", "--shape", "x"], "--shape wants input=1x3x224x224, got 'x'"),
    (["m.onnx", "--shape", "x=1x"], "'' is no dimension"),
    (["m.onnx", "--shape", "x=1x?"], "'?' is no dimension"),
    (["m.onnx", "--shape", "x=1", "--shape", "x=2"], "--shape x is given twice"),
    (["m.onnx", "--bind", "x"], "--bind wants input=file.npy, got 'x'"),
    (["m.onnx", "--bind", "x=a", "--bind", "x=b"], "--bind x is given twice"),
    (["m.mlir", "--dim", "batch=1"], "--dim, --max-dim, --shape, --bind and --expect are for ONNX models"),
    (["m.onnx", "--max-dim", "seq=0"], "'0' is no largest value (a whole number from 1)"),
    (["m.onnx", "--max-dim", "seq=4", "--max-dim", "seq=5"], "--max-dim seq is given twice"),
    (["m.mlir", "--memory-report=plan.png"], "--memory-report=plan.png: the name of a file that"),
    (["m.mlir", "--memory-report="], "--memory-report=: the name of a file that"),
    (["m.mlir", "--memory-report=p.html", "--emit=nn"], "want a memory plan, which --emit=nn comes before"),
    (["m.mlir", "--memory-budget=9", "--emit=scheduled"], "want a memory plan"),
    (["m.mlir", "--memory-budget=1.5M"], "--memory-budget=1.5M: a number of bytes"),
    (["m.mlir", "--memory-budget=-1"], "--memory-budget=-1: a number of bytes"),
    (["m.mlir", "--memory-budget=9999999999G"], "a number of bytes is wanted"),
    (["m.mlir", "--save-temps=m.onnx"], "--save-temps=m.onnx: "),
]

before = sorted(os.listdir("."))
bad = 0
for arguments, message in CASES:
    code, out, err = run(DLC, *arguments)
    lines = err.strip().splitlines()
    problems = []
    if code != 2:
        problems.append(f"exit code {code}")
    if message not in err:
        problems.append("other message")
    if len(lines) != 1 or not err.startswith("dlc: "):
        problems.append("not one line")
    if sorted(os.listdir(".")) != before:
        problems.append("left files behind")
    if problems:
        bad += 1
        print(f"{' '.join(arguments)}: {', '.join(problems)}\n{err}")
sys.exit(bad != 0)
