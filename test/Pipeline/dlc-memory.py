# RUN: rm -rf %t && mkdir %t && %python %s %t
"""--memory-report and --memory-budget: the report says what the IR says; a budget is kept or
the message says what is needed and why."""
import json
import os
import re
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from toolkit import DLC, run

os.chdir(sys.argv[1])
Path("m.mlir").write_text("""
func.func @main(%x: tensor<8x16xf32> {dlc.name = "x"}) -> (tensor<8x16xf32> {dlc.name = "y"}) {
  %v = nn.constant dense<"0xVVVV"> : tensor<16x32xf32>
  %w = nn.constant dense<"0xWWWW"> : tensor<32x16xf32>
  %0 = nn.matmul %x, %v : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  %1 = nn.relu %0 : (tensor<8x32xf32>) -> tensor<8x32xf32>
  %2 = nn.matmul %1, %w : (tensor<8x32xf32>, tensor<32x16xf32>) -> tensor<8x16xf32>
  %3 = nn.matmul %2, %v : (tensor<8x16xf32>, tensor<16x32xf32>) -> tensor<8x32xf32>
  %4 = nn.add %3, %1 : (tensor<8x32xf32>, tensor<8x32xf32>) -> tensor<8x32xf32>
  %5 = nn.matmul %4, %w : (tensor<8x32xf32>, tensor<32x16xf32>) -> tensor<8x16xf32>
  return %5 : tensor<8x16xf32>
}
""".replace("VVVV", np.arange(512, dtype=np.float32).tobytes().hex().upper())
   .replace("WWWW", np.arange(512, dtype=np.float32).tobytes()[::-1].hex().upper()))

code, out, err = run(DLC, "m.mlir", "-o", "m", "--memory-report=m.json")
assert code == 0, err
report = json.loads(Path("m.json").read_text())
lines = out.splitlines()
assert lines[-1].startswith("  ") and re.search(r"^m\.json: weights .*, ratio ", out, re.M), out
assert re.search(r"^the peak of .* is at launch \d+ \(.*\), held by$", out, re.M), out

# The same from the IR of level arena.
code, ir, err = run(DLC, "m.mlir", "--emit=arena", "--memory-report=ir.json")
assert code == 0 and "held by" in err, err
assert json.loads(Path("ir.json").read_text()) == report
slots = {name: tuple(map(int, (first, last, offset, size))) for name, first, last, offset, size in
         re.findall(r"arena\.slot @(\w+) \{first = (\d+) : i64, last = (\d+) : i64, "
                    r"offset = (\d+) : i64, size = (\d+) : i64\}", ir)}
assert slots and slots == {s["name"]: (s["first"], s["last"], s["offset"], s["size"])
                           for s in report["slots"]}
launches = re.findall(r"dispatch\.launch @(\w+)", ir)
assert launches == [launch["kernel"] for launch in report["launches"]]
assert report["title"] == "m" and report["weights_bytes"] > 0
assert report["arena_bytes"] == max(s["offset"] + s["size"] for s in report["slots"])
for slot in report["slots"]:
    uses = slot["writers"] + slot["readers"]
    assert slot["writers"] and min(uses) == slot["first"] and max(uses) == slot["last"], slot
    assert report["launches"][slot["writers"][-1]]["kernel"].startswith(slot["kind"])
for constant in report["constants"]:
    assert constant["readers"] and max(constant["readers"]) < len(launches)
live = [sum(s["size"] for s in report["slots"] if s["first"] <= i <= s["last"])
        for i in range(len(launches))]
assert max(live) == report["lower_bound_bytes"] == report["peak"]["bytes"]
assert live[report["peak"]["launch"]] == max(live)

# Below level arena the launches are gone, the slots are not.
assert run(DLC, "m.mlir", "--emit=llvm", "-o", "l.mlir")[0] == 0
code, out, err = run(DLC, "l.mlir", "-o", "n", "--memory-report=l.html")
assert code == 0 and Path("l.html").read_text().count("</html>") == 1, err

# Budgets: a program that fits is the same as without one.
need = report["arena_bytes"]
for budget in (need, "1G"):
    assert run(DLC, "m.mlir", "--emit=arena", f"--memory-budget={budget}")[1] == ir
assert run(DLC, "m.mlir", "-o", "fits", "--memory-budget=1G")[0] == 0
# Another one is changed, and -v says how.
code, out, err = run(DLC, "m.mlir", "-o", "less", "-v", f"--memory-budget={need - 1}", "--memory-report=less.json")
assert code == 0 and json.loads(Path("less.json").read_text())["arena_bytes"] < need, err
steps = re.findall(r"^dlc: note: to fit the budget: (.*)$", err, re.M)
assert len(steps) >= 2 and re.match(r"in all \S+ % more operations, .* peak .* instead of ", steps[-1]), err
assert "to fit" not in run(DLC, "m.mlir", "-o", "less", f"--memory-budget={need - 1}")[2]
# What can not be reached is an error that says what was.
code, out, err = run(DLC, "m.mlir", "-o", "no", "--memory-budget=1")
assert code == 1 and not Path("no").exists()
found = re.match(r"dlc: error: m\.mlir: the program needs an arena of (\d+) bytes \(.*\), which is more than "
                 r"--memory-budget=1, and is the least that was found \(in all .*\); the peak of .* held by\n", err)
assert found and 1 < int(found[1]) < need, err
assert re.search(r"^  \S+ \S+  s\d+, \w+, .*launches \d+ to \d+$", err, re.M), err

# A report that can not be written is an error.
code, out, err = run(DLC, "m.mlir", "-o", "m", "--memory-report=nowhere/m.html")
assert code == 1 and "nowhere/m.html" in err, err
