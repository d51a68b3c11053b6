# RUN: rm -rf %t && mkdir %t && %python %s %t
"""dlc view: the graph before and after fusion as a page."""
import json
import re
import subprocess
import sys
from pathlib import Path

folder = Path(sys.argv[1])
MODEL = """
#loc = loc("net.onnx":0:0)
module {
  func.func @main(%x: tensor<4x8xf32> {dlc.name = "image"}) -> (tensor<4x2xf32> {dlc.name = "</script>"}) {
    %w = nn.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0], [9.0, 1.5], [2.5, 3.5], [4.5, 5.5], [6.5, 7.5]]> : tensor<8x2xf32>
    %p = nn.matmul %x, %w : (tensor<4x8xf32>, tensor<8x2xf32>) -> tensor<4x2xf32> loc("fc (Gemm)"(#loc))
    %r = nn.relu %p : (tensor<4x2xf32>) -> tensor<4x2xf32> loc("<act> (Relu)"(#loc))
    %t = nn.tanh %r : (tensor<4x2xf32>) -> tensor<4x2xf32> loc("out (Tanh)"(#loc))
    return %t : tensor<4x2xf32>
  }
}
"""


def dlc(*arguments):
    return subprocess.run(["dlc", *map(str, arguments)], capture_output=True, text=True, cwd=folder)


(folder / "net.mlir").write_text(MODEL)
result = dlc("view", "net.mlir")
assert result.returncode == 0, result.stderr
page = (folder / "net.html").read_text()
assert page.count("</script>") == 1 and "http" not in page
data = json.loads(re.search(r"^const data = (.*);$", page, re.M).group(1))
before, after = data["before"], data["after"]
assert data["title"] == "net.mlir"
assert [n["label"] for n in before["nodes"]] == \
    ["image", "fc (Gemm)", "<act> (Relu)", "out (Tanh)", "</script>"], before
assert [(e["from"], e["to"], e["shape"]) for e in before["edges"]] == \
    [(0, 1, "4x8xf32"), (1, 2, "4x2xf32"), (2, 3, "4x2xf32"), (3, 4, "4x2xf32")], before
product = before["nodes"][1]
assert product["kind"] == "matmul" and product["bytes"] == 4 * (32 + 16 + 8), product
assert product["weights"] == 4 * 16, product

# One kernel does all: its bytes are those that enter and leave it.
kernels = [n for n in after["nodes"] if "fused" in n]
assert len(kernels) == 1 and len(after["edges"]) == 2, after
assert set(kernels[0]["fused"]) == {"fc (Gemm)", "<act> (Relu)", "out (Tanh)"}, kernels
assert 4 * (32 + 8) <= kernels[0]["bytes"] <= product["bytes"], kernels
# 8 sums of 8 products, then two functions of 8 numbers
assert kernels[0]["flops"] == 2 * 64 + 2 * 8, kernels

assert dlc("view", "net.mlir", "-o", "other.html").returncode == 0
assert (folder / "other.html").read_text() == page
for arguments, message in ((["net.mlir", "--emit=nn"], "there is no --emit"),
                           (["net.mlir", "-o", "-"], "can not be written to standard output"),
                           (["none.mlir"], "No such file"), ([], "no model is given")):
    result = dlc("view", *arguments)
    assert result.returncode and message in result.stderr, result.stderr
assert dlc("net.mlir", "--emit=linalg", "-o", "linalg.mlir").returncode == 0
result = dlc("view", "linalg.mlir")
assert result.returncode == 1 and "a view begins at level nn" in result.stderr, result.stderr
