# REQUIRES: onnx
# RUN: rm -rf %t && mkdir %t && %python %s %t
"""What need not be copied or kept is not: the launches of small models, the constants and
the arena, on both targets."""
import os
import re
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

os.chdir(sys.argv[1])
DLC = os.path.join(os.environ["DLC_BIN"], "dlc")
RNG = np.random.default_rng(0)
TARGETS = {"host": ["--cpu=x86-64-v3"], "cuda": ["--target=cuda", "--arch=compute_80"]}


def array(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def integers(*values):
    return np.array(values, np.int64)


def node(op, operands, results, **attributes):
    return helper.make_node(op, operands.split(), results.split(), **attributes)


def plan(nodes, inputs, outputs, constants, target):
    """Names of the launches without sizes, bytes of constants and arena."""
    def value(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    graph = helper.make_graph(nodes, "g", [value(n, s) for n, s in inputs.items()], [value(n, None) for n in outputs],
                              [numpy_helper.from_array(c, n) for n, c in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(onnx.shape_inference.infer_shapes(model), "model.onnx")
    done = subprocess.run([DLC, "model.onnx", "--emit=arena", "-o", "-", *TARGETS[target]], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    graph = done.stdout[done.stdout.index("func.func @main"):]
    launches = re.findall(r"dispatch\.launch @([a-z]+)|(memref\.copy)", graph)
    return ([kernel or copy for kernel, copy in launches],
            int(re.search(r"constant_pool .*\bsize = (\d+)", done.stdout)[1]),
            int(re.search(r"arena\.layout .*\bsize = (\d+)", done.stdout)[1]))


def check(title, nodes, inputs, outputs, constants, launches, weights, arena):
    for target in TARGETS:
        got = plan(nodes, inputs, outputs, constants, target)
        wanted = (launches, weights, arena)
        if got != wanted:
            sys.exit(f"{title}, {target}: {got} instead of {wanted}")


check("concat: its operands are computed where they belong",
      [node("MatMul", "x w", "a"), node("MatMul", "x v", "b"), node("Concat", "a b", "c", axis=1), node("MatMul", "c u", "y")],
      {"x": [8, 64]}, ["y"], {"w": array(64, 32), "v": array(64, 32), "u": array(64, 64)},
      ["contract"] * 3, 4 * 64 * 128, 4 * 8 * 64)
check("split: readers read their part",
      [node("MatMul", "x w", "a"), node("Split", "a", "b c", axis=1), node("MatMul", "b u", "d"), node("MatMul", "c v", "e"),
       node("Add", "d e", "y")],
      {"x": [8, 64]}, ["y"], {"w": array(64, 64), "u": array(32, 64), "v": array(32, 64)},
      ["contract"] * 3, 4 * 64 * 128, 4 * 8 * 64)
check("slice: the reader reads its part",
      [node("MatMul", "x w", "a"), node("Slice", "a from to axis", "b"), node("MatMul", "b u", "y")],
      {"x": [8, 64]}, ["y"], {"w": array(64, 64), "u": array(40, 64), "from": integers(8), "to": integers(48),
                             "axis": integers(1)},
      ["contract"] * 2, 4 * 64 * 104, 4 * 8 * 64)
check("pad: the convolution before it writes into the middle of a border",
      [node("Conv", "x w", "a"), node("Pad", "a p", "b"), node("Conv", "b v", "c"), node("GlobalAveragePool", "c", "y")],
      {"x": [1, 1, 14, 14]}, ["y"], {"w": array(16, 1, 1, 1), "v": array(16, 16, 3, 3), "p": integers(0, 0, 1, 1, 0, 0, 1, 1)},
      ["border", "map", "conv", "reduce"], 4 * 16 * (1 + 9 * 16), 4 * 16 * (16 * 16 + 14 * 14))
check("reshape and transpose: readers see through them",
      [node("MatMul", "x w", "a"), node("Reshape", "a heads", "b"), node("Transpose", "b", "c", perm=[0, 2, 1, 3]),
       node("MatMul", "c u", "d"), node("Transpose", "d", "e", perm=[0, 2, 1, 3]), node("Reshape", "e back", "f"),
       node("MatMul", "f w", "y")],
      {"x": [2, 16, 64]}, ["y"], {"w": array(64, 64), "u": array(16, 16), "heads": integers(2, 16, 4, 16),
                                 "back": integers(2, 16, 64)},
      ["contract"] * 3, 4 * (64 * 64 + 16 * 16), 2 * 4 * 2 * 16 * 64)
check("residual: the sum is computed by the product, in the memory of what it is added to",
      [node("MatMul", "x w", "a"), node("LpNormalization", "a", "b", axis=-1), node("MatMul", "b u", "c"), node("Add", "b c", "d"),
       node("LpNormalization", "d", "e", axis=-1), node("MatMul", "e w", "y")],
      {"x": [64, 64]}, ["y"], {"w": array(64, 64), "u": array(64, 64)},
      ["contract", "rows", "contract", "rows", "contract"], 2 * 4 * 64 * 64, 2 * 4 * 64 * 64)
twice = array(64, 64)
check("duplicates: equal constants are one, packed or not",
      [node("MatMul", "x w", "a"), node("LpNormalization", "a", "b", axis=-1), node("MatMul", "b u", "y")],
      {"x": [64, 64]}, ["y"], {"w": twice, "u": twice.copy()}, ["contract", "rows", "contract"], 4 * 64 * 64, 4 * 64 * 64)
check("packed once: products of many rows and of one have the same layout of their weights",
      [node("MatMul", "x w", "y"), node("MatMul", "z w", "v")],
      {"x": [64, 64], "z": [1, 64]}, ["y", "v"], {"w": array(64, 512)}, ["contract"] * 2, 4 * 64 * 512, 0)
