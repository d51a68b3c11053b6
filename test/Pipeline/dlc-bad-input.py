# RUN: rm -rf %t && mkdir %t && %python %s %t
"""Broken .mlir: one message with file and place, exit code 1, no output."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from toolkit import DLC, run, write_mlp

os.chdir(sys.argv[1])
write_mlp("mlp.mlir")
text = Path("mlp.mlir").read_text()
ok = "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }\n"



def labelled(name, extent):
    """The graph function of one of several shapes."""
    return ok.replace("@main", name).replace("{ return", f'attributes {{dlc.dims = "n={extent}"}} {{ return').replace("4x", f"{extent}x")


CASES = {
    "empty": (b"", "needs a graph function"),
    "syntax": (text.replace("return", "retrun").encode(), "syntax.mlir:7:3: "),
    "binary": (bytes(range(256)), "binary.mlir:1:"),
    "truncated": (text[: len(text) // 2].encode(), "truncated.mlir:"),
    "undefined": (text.replace("nn.relu %1", "nn.relu %9").encode(), "undeclared SSA value"),
    "type": (text.replace("-> tensor<3x10xf32>\n  return", "-> tensor<4x10xf32>\n  return")
             .encode(), "type.mlir:"),
    "verifier": (text.replace("%x, %w : (tensor<3x16xf32>", "%x, %w : (tensor<3x15xf32>")
                 .encode(), "verifier.mlir:"),
    "unknown-op": (ok.replace("return", "nn.frobnicate\n  return").encode(), "nn.frobnicate"),
    "no-main": (ok.replace("@main", "@other").encode(), "must be @main"),
    "two-mains": ((ok + ok).encode(), "redefinition of symbol"),
    "unlabelled": ((ok + ok.replace("@main", "@main_1").replace("4xf32", "5xf32")).encode(),
                   "each needs the attribute dlc.dims, which @main lacks"),
    "same-shapes": ((labelled("@main", 4) + labelled("@main_1", 4)).encode(), "no input's shape tells n=4 from n=4"),
    "other-types": ((labelled("@main", 4) + labelled("@main_1", 5).replace("f32", "f64")).encode(),
                    "@main and @main_1 differ in names or types"),
    "declaration": ((ok + "func.func private @other()\n").encode(), "the function @other has no body"),
    "dynamic": (ok.replace("4xf32", "?xf32").encode(), "dynamic shape"),
    "unranked": (ok.replace("4xf32", "*xf32").encode(), "has no rank"),
    "no-data": (text.split("{-#")[0].encode(), "no-data.mlir"),
    "short-data": (text.replace('"0x40000000', '"0x40000000" , junk: "0x40000000').encode(),
                   "short-data.mlir"),
    "bytecode": (b"ML\xefR\x0dMLIR\x00garbage", "bytecode.mlir"),
    "foreign": (b"func.func @main(%m: memref<4xf32>) { %c = memref.alloc() : memref<4xf32>\n"
                b"  return }\n", "illegal at level"),
}

CASES = {**CASES, "missing": (None, "missing.mlir: No such file"), "folder": (None, "folder.mlir: ")}
Path("folder.mlir").mkdir()

bad = 0
for name, (contents, message) in CASES.items():
    path = Path(name + ".mlir")
    if contents is not None:
        path.write_bytes(contents)
    before = sorted(os.listdir("."))
    code, out, err = run(DLC, path, "-o", "out")
    problems = []
    if code != 1:
        problems.append(f"exit code {code}")
    if message not in err or not err.startswith("dlc: error: "):
        problems.append("other message")
    if err.count("error:") != 1:
        problems.append("not one error")
    if sorted(os.listdir(".")) != before:
        problems.append("left files behind")
    if problems:
        bad += 1
        print(f"{name}: {', '.join(problems)}\n{err}")
sys.exit(bad != 0)
