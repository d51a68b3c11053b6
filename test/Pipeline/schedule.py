# RUN: rm -rf %t && mkdir %t && %python %s %t
"""--schedule: a user's own schedules for kernels. What they compute is what dlc's compute; what
can't be a kernel gets one message that names file, line, schedule and kernel."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from toolkit import ok

os.chdir(sys.argv[1])
rng = np.random.default_rng(0)
w, b = rng.standard_normal((128, 96), "float32"), rng.standard_normal(96, "float32")
x = rng.standard_normal((64, 128), "float32")
np.save("x.npy", x)
hexadecimal = lambda array: array.tobytes().hex().upper()
Path("net.mlir").write_text(f"""
func.func @main(%x: tensor<64x128xf32> {{dlc.name = "x"}}) -> (tensor<64x96xf32> {{dlc.name = "y"}}) {{
  %w = nn.constant dense<"0x{hexadecimal(w)}"> : tensor<128x96xf32>
  %b = nn.constant dense<"0x{hexadecimal(b)}"> : tensor<96xf32>
  %p = nn.matmul %x, %w : (tensor<64x128xf32>, tensor<128x96xf32>) -> tensor<64x96xf32>
  %q = nn.add %p, %b : (tensor<64x96xf32>, tensor<96xf32>) -> tensor<64x96xf32>
  %t = nn.tanh %q : (tensor<64x96xf32>) -> tensor<64x96xf32>
  %y = nn.softmax %t axis = 1 : (tensor<64x96xf32>) -> tensor<64x96xf32>
  return %y : tensor<64x96xf32>
}}""")
hidden = np.tanh(x @ w + b)
expected = np.exp(hidden) / np.exp(hidden).sum(-1, keepdims=True)

# The ops of the product's kernel, and tiles of its result as work items with all in them.
MATCH = """
    %fill = transform.structured.match ops{["linalg.fill"]} in %kernel : (!transform.any_op) -> !transform.any_op
    %generics = transform.structured.match ops{["linalg.generic"]} in %kernel : (!transform.any_op) -> !transform.any_op
    %product, %after = transform.split_handle %generics : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
"""
TILE = MATCH + """
    %tiled, %items = transform.structured.tile_using_forall %after tile_sizes [SIZES]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %p, %items1 = transform.structured.fuse_into_containing_op %product into %items
      : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    %f, %items2 = transform.structured.fuse_into_containing_op %fill into %items1
      : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
"""
STEP = """
    %step, %loop = transform.structured.tile_using_for %p tile_sizes [0, 0, 1]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
"""
VECTORIZE = """
    transform.structured.vectorize_children_and_apply_patterns %kernel : (!transform.any_op) -> !transform.any_op
"""


def schedule(body, name="contract_*"):
    return f"""module attributes {{transform.with_named_sequence}} {{
  transform.named_sequence @"{name}"(%kernel: !transform.any_op {{transform.consumed}}) {{{body}
    transform.yield
  }}
}}
"""


def compile(text, *arguments):
    Path("own.mlir").write_text(text)
    return ok("dlc", "net.mlir", "--schedule=own.mlir", *arguments)


def compare(text):
    compile(text, "-o", "net")
    results = []
    for threads in (1, 3):
        ok("./net", "x.npy", f"--threads={threads}", "-o", "out")
        results.append(np.load("out/y.npy"))
    assert np.array_equal(*results)
    np.testing.assert_allclose(results[0], expected, rtol=2e-5, atol=1e-7)


# What the documentation shows.
doc = Path(os.environ["DLC_SOURCE_ROOT"], "docs", "GraphAPI.md").read_text()
compare(next(block.split("```")[0] for block in doc.split("```mlir\n")[1:]))
# A register tile of 4x16: work items of 16x6, and accumulators that the loop carries.
text = schedule(TILE.replace("SIZES", "4, 16") + STEP + VECTORIZE)
compare(text)
ir = compile(text, "--emit=scheduled", "-o", "-")
kernel = ir[ir.index("dispatch.kernel @contract_64x96x128"):].split("dispatch.kernel")[1]
assert "scf.forall (%arg" in kernel and ") in (16, 6) {" in kernel, kernel
assert "-> (vector<4x16xf32>)" in kernel and "memref.alloc" not in kernel and "memref.load" not in kernel, kernel
# Scalar loops, with memory for what one work item hands on to itself; tiles that don't divide.
compare(schedule(TILE.replace("SIZES", "8, 32")))
compare(schedule(TILE.replace("SIZES", "16, 0") + STEP + VECTORIZE))
# Nothing at all: one work item. Another order of the loops.
compare(schedule(""))
compare(schedule(MATCH + """
    transform.structured.interchange %product iterator_interchange = [0, 2, 1] : (!transform.any_op) -> !transform.any_op
"""))
# Parts of other schedules; the first that fits counts. The other kernels are dlc's.
compare("""module attributes {transform.with_named_sequence} {
  transform.named_sequence private @vectors(%kernel: !transform.any_op {transform.consumed}) {""" + VECTORIZE + """
    transform.yield
  }
  transform.named_sequence @"contract_64x96x128_?"(%kernel: !transform.any_op {transform.consumed}) {"""
        + TILE.replace("SIZES", "8, 16") + STEP + """
    transform.include @vectors failures(propagate) (%kernel) : (!transform.any_op) -> ()
    transform.yield
  }
}
""")


def refused(text, *messages, arguments=(), code=1):
    Path("own.mlir").write_text(text)
    done = subprocess.run(["dlc", "net.mlir", "--schedule=own.mlir", "-o", "bad", *arguments],
                          capture_output=True, text=True)
    assert done.returncode == code and done.stderr.count("error:") == 1, done
    assert all(message in done.stderr for message in messages), done.stderr
    assert not os.path.exists("bad")


ABOUT = ("own.mlir:2:", "schedule 'contract_*' of kernel 'contract_64x96x128_0': ")
refused(schedule("", name="nothing"), "own.mlir:2:", "schedule 'nothing' is for no kernel; there are contract_64x96x128_0, ")
refused(schedule("", name="[contract"), "its name is no pattern")
refused("module {}", "own.mlir", "has no transform.named_sequence named after a kernel")
refused("modul", "own.mlir:1:1: custom op 'modul' is unknown")
refused(schedule(MATCH.replace("%product, %after", "%one").replace("(!transform.any_op, !transform.any_op)", "!transform.any_op")),
        *ABOUT, "line 5: ")
# The product stays outside of the loop.
refused(schedule(MATCH + """
    %tiled, %items = transform.structured.tile_using_forall %after tile_sizes [4, 16]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
"""), *ABOUT, "outside of the scf.forall")
refused(schedule(TILE.replace("SIZES", "8, 28")), *ABOUT, "needs scratch memory of a size that is not known")
refused(schedule(TILE.replace("SIZES", "16, 0") + VECTORIZE), *ABOUT, "makes vectors of 12288 elements")
refused(schedule(""), "is for --target=host", arguments=["--target=cuda"], code=2)
refused(schedule(""), "comes before", arguments=["--emit=dispatch"], code=2)
os.remove("own.mlir")
done = subprocess.run(["dlc", "net.mlir", "--schedule=own.mlir"], capture_output=True, text=True)
assert done.returncode == 2 and "--schedule=own.mlir: there is no such file" in done.stderr, done
