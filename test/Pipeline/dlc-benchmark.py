# RUN: rm -rf %t && mkdir %t && %python %s %t
"""dlc -v says how each kernel is scheduled and what is expected of it, --benchmark what it
takes beside what the machine could do."""
import os
import re
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from toolkit import DLC, ok, run

os.chdir(sys.argv[1])
Path("m.mlir").write_text("""
func.func @main(%x: tensor<64x128xf32> {dlc.name = "x"}) -> (tensor<64x96xf32> {dlc.name = "y"}) {
  %w = nn.constant dense<"0xWWWW"> : tensor<128x96xf32>
  %v = nn.constant dense<"0xVVVV"> : tensor<96x96xf32>
  %0 = nn.matmul %x, %w : (tensor<64x128xf32>, tensor<128x96xf32>) -> tensor<64x96xf32>
  %1 = nn.matmul %0, %v : (tensor<64x96xf32>, tensor<96x96xf32>) -> tensor<64x96xf32>
  %2 = nn.matmul %1, %v : (tensor<64x96xf32>, tensor<96x96xf32>) -> tensor<64x96xf32>
  return %2 : tensor<64x96xf32>
}
""".replace("WWWW", np.arange(128 * 96, dtype=np.float32).tobytes().hex().upper())
   .replace("VVVV", np.arange(96 * 96, dtype=np.float32).tobytes().hex().upper()))


def rows(text):
    """The table's rows, by the names of their columns."""
    lines = text.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("kernel "))
    columns = [(m.group().strip(), m.start(), m.end()) for m in re.finditer(r"\S+( \S+)*", lines[head])]
    # Numbers end where their title ends, text begins where it begins.
    cells = []
    for line in lines[head + 1:]:
        cells.append({name: [] for name, _, _ in columns})
        for m in re.finditer(r"\S+( \S+)*", line):
            name = next(n for n, start, end in columns if m.start() == start or m.end() == end)
            cells[-1][name] = m.group()
    return cells


code, out, err = run(DLC, "-v", "--cpu=x86-64-v3", "m.mlir", "-o", "m")
assert code == 0 and "kernel" not in out, (out, err)
table = rows(err)
# Most operations first, though each launch of the second has fewer than the first.
assert [(row["launches"], row["operations"]) for row in table] == [
    ("2", "2.36 MFLOP"), ("1", "1.57 MFLOP")], table
for row in table:
    tile = re.fullmatch(r"(\d+) rows x (\d+) vectors of 8", row["tile"])
    assert tile and 8 <= int(tile[1]) * int(tile[2]) <= 14, row
    assert 60 <= int(row["expected"].split()[0]) <= 100, row
assert table[0]["bytes"] == f"{2 * 4 * (2 * 64 * 96 + 96 * 96) / 1e3:.0f} kB", table

# A program for several CPUs has a table for each.
err = run(DLC, "-v", "--cpu=x86-64-v3,x86-64-v4", "m.mlir", "-o", "m")[2]
assert re.search(r"^for x86-64-v3:\nkernel (.*\n)+?for x86-64-v4:\nkernel .*(\n.* of 16 .*){2}", err, re.M), err

# Measured.
out = ok(DLC, "--benchmark=0.05", "m.mlir", "-o", "m")
assert re.search(r"^latency +min .* 1 thread", out, re.M), out
limits = re.search(r"^one core: ([\d.]+) GFLOP/s of multiply-adds, ([\d.]+) GB/s from memory$", out, re.M)
assert limits and float(limits[1]) > 0 and float(limits[2]) > 0, out
table = rows(out)
assert sorted(row["launches"] for row in table) == ["1", "2"], table
assert 98 <= sum(int(row["share"].split()[0]) for row in table) <= 102, table
times = [float(row["time"].split()[0]) for row in table]
assert times == sorted(times, reverse=True) and times[-1] > 0, table
for row in table:
    assert row["speed"].endswith("FLOP/s") and row["memory"].endswith("B/s") and row["tile"], row
    assert 0 < int(row["of roofline"].split()[0]) < 1000, row

# Of other products the line has the speed as well, where the CPU has instructions for them.
limits = ok(DLC, "--benchmark=0.05", "--precision=bf16", "m.mlir", "-o", "m")
has_pairs = " avx512_bf16 " in Path("/proc/cpuinfo").read_text().replace("\n", " ")
assert bool(re.search(r"^one core: .* GB/s from memory, [\d.]+ GFLOP/s of pairs of bf16$", limits, re.M)) == has_pairs, limits


def refused(message, *arguments):
    os.path.exists("no") and os.remove("no")
    code, out, err = run(DLC, *arguments, "m.mlir", "-o", "no")
    assert code == 2 and message in err and err.count("\n") == 1 and not os.path.exists("no"), (out, err)


refused("--benchmark=x: a number of seconds", "--benchmark=x")
refused("--benchmark=-1: a number of seconds", "--benchmark=-1")
refused("--benchmark=2: wants a program", "--benchmark", "--emit=obj")
refused("--benchmark=2: is for --target=host", "--benchmark", "--target=cuda")
