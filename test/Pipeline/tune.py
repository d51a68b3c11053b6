# RUN: rm -rf %t && mkdir %t && %python %s %t
"""--tune measures other register tiles and writes a table, which --tuning follows without
measuring. The table is found by what kernels compute, not by their names."""
import json
import os
import re
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from toolkit import DLC, ok, run

os.chdir(sys.argv[1])
rng = np.random.default_rng(0)
w, v = rng.standard_normal((128, 96), "float32"), rng.standard_normal((96, 96), "float32")
x = rng.standard_normal((64, 128), "float32")
np.save("x.npy", x)
hexadecimal = lambda array: array.tobytes().hex().upper()


def write(path, *others):
    """Two products, after what `others` says."""
    Path(path).write_text(f"""
func.func @main(%x: tensor<64x128xf32> {{dlc.name = "x"}}) -> (tensor<64x96xf32> {{dlc.name = "y"}}) {{
  %w = nn.constant dense<"0x{hexadecimal(w)}"> : tensor<128x96xf32>
  %v = nn.constant dense<"0x{hexadecimal(v)}"> : tensor<96x96xf32>
  {" ".join(others) or "%a = nn.relu %x : (tensor<64x128xf32>) -> tensor<64x128xf32>"}
  %p = nn.matmul %a, %w : (tensor<64x128xf32>, tensor<128x96xf32>) -> tensor<64x96xf32>
  %y = nn.matmul %p, %v : (tensor<64x96xf32>, tensor<96x96xf32>) -> tensor<64x96xf32>
  return %y : tensor<64x96xf32>
}}""")


def tiles(*arguments):
    """How many rows and vectors each kernel with rows has, by its operations."""
    err = run(DLC, "-v", *arguments)[2]
    return {m[1]: (int(m[2]), int(m[3])) for m in
            re.finditer(r"(\S+ MFLOP).* (\d+) rows x (\d+) vectors? of", err)}


write("m.mlir")
code, out, err = run(DLC, "--tune=0.5", "m.mlir", "-o", "m")
assert code == 0 and "m: " in out, (out, err)
assert re.search(r"^dlc: tuned for \S+: \d+ of \d+ kernels are faster with another tile, which saves .* % of "
                 r".* ms \((\d+) programs measured in .* s\); see m.tuning.json$", err, re.M), err
table = json.loads(Path("m.tuning.json").read_text())
assert table["dlc-tuning"] == 1, table
products = sorted((k for k in table["kernels"] if k["rows"] > 1), key=lambda k: -k["us_before"])
assert len(products) == 2 and len({k["key"] for k in products}) == 2, table
for kernel in products:
    assert 0 < kernel["us"] <= kernel["us_before"] < 1e5 and kernel["cpu"] and kernel["kernel"], kernel

# The program has the tiles of the table, and computes what it should.
ok("./m", "x.npy", "-o", "out")
np.testing.assert_allclose(np.load("out/y.npy"), np.maximum(x, 0) @ w @ v, rtol=1e-3, atol=1e-3)
found = {(k["rows"], k["vectors"]) for k in products}
assert set(tiles("--tuning=m.tuning.json", "m.mlir", "-o", "m2").values()) == found
assert Path("m2").read_bytes()[:4] == b"\x7fELF"

# A person may change it: the kernel with 128 steps and the one with 96 have tiles of their own.
for kernel, size in zip(products, [(5, 2), (3, 1)]):
    kernel["rows"], kernel["vectors"] = size
Path("own.json").write_text(json.dumps(table))
assert set(tiles("--tuning=own.json", "m.mlir", "-o", "m2").values()) == {(5, 2), (3, 1)}
# In another model, too, where kernels have other names and numbers.
write("other.mlir", "%t = nn.tanh %x : (tensor<64x128xf32>) -> tensor<64x128xf32>",
      "%a = nn.softmax %t axis = 1 : (tensor<64x128xf32>) -> tensor<64x128xf32>")
assert {(5, 2), (3, 1)} <= set(tiles("--tuning=own.json", "other.mlir", "-o", "m2").values())
# What is known is where the next search begins; other kernels' entries stay.
code, out, err = run(DLC, "--tune=0.1", "--tuning=own.json", "other.mlir", "-o", "m2")
assert code == 0 and "warning" not in err, err
again = {k["key"]: k for k in json.loads(Path("own.json").read_text())["kernels"]}
assert {k["key"] for k in table["kernels"]} < set(again), again

# Nothing is known of another CPU: a warning, and the cost model's choice.
before = tiles("--cpu=x86-64-v3", "m.mlir", "-o", "m2")
code, out, err = run(DLC, "--cpu=x86-64-v3", "--tuning=own.json", "m.mlir", "-o", "m2")
assert code == 0 and "dlc: warning: own.json: nothing was tuned for the CPU x86-64-v3" in err, err
assert tiles("--cpu=x86-64-v3", "--tuning=own.json", "m.mlir", "-o", "m2") == before

# Mistakes.
Path("bad.json").write_text("{}")
for arguments, message in [
        (["--tuning=none.json"], "--tuning=none.json: there is no such file"),
        (["--tuning=."], "--tuning=.: that is a folder"),
        (["--tune=1", "--tuning=no/t.json"], "--tune=1: --tuning=no/t.json: there is no folder 'no'"),
        (["--tune=0"], "--tune=0: a number of seconds up to 86400 is wanted"),
        (["--tune=soon"], "--tune=soon: a number of seconds up to 86400 is wanted"),
        (["--tune=1", "-O0"], "--tune=1: -O0 leaves kernels as they are"),
        (["--tune=1", "--target=cuda"], "--tune=1: is for --target=host"),
        (["--tune=1", "--emit=dispatch"], "--tune=1: wants kernels to be scheduled, which this comes before"),
        (["--tune=1", "--emit=llvm", "-o", "-"], "--tune=1: say with --tuning=FILE where the table goes"),
        (["--tune=1", "--cpu=x86-64-v3,x86-64-v4"], "--tune=1: is for one CPU, the one that it measures")]:
    code, out, err = run(DLC, "m.mlir", *(["-o", "bad"] if "-o" not in arguments else []), *arguments)
    assert (code, err) == (2, f"dlc: error: {message}\n"), (code, err)
for arguments in (["--tuning=bad.json"], ["--tuning=bad.json", "--tune=0.1"]):
    code, out, err = run(DLC, "m.mlir", "-o", "bad", *arguments)
    assert code == 1 and err.startswith("dlc: error: bad.json: is no table of --tune"), err
    assert Path("bad.json").read_text() == "{}" and not Path("bad").exists()
