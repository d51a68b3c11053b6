# RUN: %python %s
# REQUIRES: onnxruntime
"""--precision=bf16: products whose operands lie in pairs, those whose do not (an odd
number of terms), and those whose operands are kept as f32 where the CPU can not multiply
bfloat16 (each element is used often), against products of the rounded operands in float64."""

import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from dlc_testing import Program

rng = np.random.default_rng(5)


def rounded(x):
    """To bfloat16, to the nearest and of two the even one."""
    bits = x.astype(np.float32).view(np.uint32)
    bits = bits + 0x7FFF + ((bits >> 16) & 1)
    return (bits & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)


def values(*shape):
    """Of all magnitudes that bfloat16 has something of, beside zeros with both signs."""
    x = rng.standard_normal(shape) * 2.0 ** rng.integers(-20, 20, shape)
    return np.where(rng.random(shape) < 0.05, np.copysign(0.0, x), x).astype(np.float32)


def convolve(x, w, strides, pads, dilations, group):
    n, _, *size = x.shape
    m, each, *kernel = w.shape
    x = np.pad(x, [(0, 0), (0, 0), *zip(pads[:2], pads[2:])])
    out = [(x.shape[2 + i] - dilations[i] * (kernel[i] - 1) - 1) // strides[i] + 1 for i in range(2)]
    y = np.zeros((n, m, *out))
    for o in range(m):
        first = o // (m // group) * each
        for i in range(out[0]):
            for j in range(out[1]):
                window = x[:, first:first + each,
                           i * strides[0]:i * strides[0] + dilations[0] * (kernel[0] - 1) + 1:dilations[0],
                           j * strides[1]:j * strides[1] + dilations[1] * (kernel[1] - 1) + 1:dilations[1]]
                y[:, o, i, j] = np.sum(window * w[o], axis=(1, 2, 3))
    return y


nodes, inputs, initializers, outputs, expected = [], {}, [], [], {}


def add(name, op, a, b, reference, constant, **attributes):
    """One product of `a`, an input, and `b`, a constant or an input, too."""
    inputs[f"a_{name}"] = a
    if constant:
        initializers.append(numpy_helper.from_array(b, f"b_{name}"))
    else:
        inputs[f"b_{name}"] = b
    nodes.append(helper.make_node(op, [f"a_{name}", f"b_{name}"], [name], **attributes))
    result = reference(rounded(a), rounded(b))
    # What rounding of sums in float32 may make of it.
    size = reference(np.abs(rounded(a)), np.abs(rounded(b)))
    expected[name] = result, size * 2.0 ** -20
    outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, result.shape))


for constant in (True, False):
    kind = "constant" if constant else "input"
    for rows, terms, columns in ((1, 64, 40), (5, 2, 8), (7, 62, 3), (13, 64, 83), (48, 260, 16), (40, 66, 43), (3, 33, 24), (9, 4, 1)):
        add(f"product_{kind}_{rows}x{terms}x{columns}", "MatMul", values(rows, terms), values(terms, columns), np.matmul, constant)
    add(f"batch_{kind}", "MatMul", values(3, 6, 34), values(3, 34, 21), np.matmul, constant)
    add(f"transposed_{kind}", "Gemm", values(6, 48), values(20, 48), lambda a, b: a @ b.T, constant, transB=1)
for name, channels, group, strides, pads, dilations in (("conv", 16, 1, [1, 1], [1, 1, 1, 1], [1, 1]),
                                                       ("conv_stride", 8, 1, [2, 2], [0, 1, 2, 1], [1, 1]),
                                                       ("conv_odd", 3, 1, [1, 1], [1, 1, 1, 1], [1, 1]),
                                                       ("conv_dilated", 4, 1, [1, 1], [2, 2, 2, 2], [2, 2]),
                                                       ("conv_padding", 64, 1, [1, 1], [6, 6, 6, 6], [6, 6]),
                                                       ("conv_groups", 8, 2, [1, 1], [1, 1, 1, 1], [1, 1])):
    for size in ((4, 7), (9, 11)):
        add(f"{name}_{size[0]}", "Conv", values(1, channels, *size), values(12, channels // group, 3, 3),
            lambda x, w: convolve(x, w, strides, pads, dilations, group), True,
            strides=strides, pads=pads, dilations=dilations, group=group)

# What is rounded is seen where it is multiplied by one: NaNs with all kinds of payloads, what becomes
# infinite and what does not, ties, numbers without an implicit bit.
special = np.uint32([0x7F800000, 0x7F800001, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFC00000, 0x7F7FFFFF, 0x7F7F7FFF, 0x7F7F8000, 0xFF7F7FFF,
                     0x3F808000, 0x3F818000, 0x3F808001, 0x3F817FFF, 0x00000001, 0x00007FFF, 0x00008000, 0x00018000, 0x80008001,
                     0x00000000, 0x80000000]).view(np.float32)
special = np.resize(special, (40, 1))  # so often that operands are kept as f32
with np.errstate(all="ignore"):
    exact = np.where(np.isnan(special), np.nan, rounded(special)) * np.ones((1, 64))
inputs["a_special"] = special
initializers.append(numpy_helper.from_array(np.ones((1, 64), np.float32), "b_special"))
nodes.append(helper.make_node("MatMul", ["a_special", "b_special"], ["special"]))
outputs.append(helper.make_tensor_value_info("special", TensorProto.FLOAT, exact.shape))

graph = helper.make_graph(nodes, "bfloat", [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape)
                                            for n, a in inputs.items()], outputs, initializers)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
failed = 0
for flags in (["--precision=bf16"], ["--precision=bf16", "--cpu=x86-64"]):
    with Program(model, *flags) as program:
        have = program.run(inputs)
    if not np.array_equal(have["special"].astype(np.float64), exact, equal_nan=True):
        failed += 1
        wrong = np.flatnonzero(~np.isclose(have["special"], exact, rtol=0, atol=0, equal_nan=True)[:, 0])
        print(f"{flags}: rounded wrongly: {[(hex(special.view(np.uint32)[i, 0]), have['special'][i, 0]) for i in wrong]}")
    for name, (want, allowed) in expected.items():
        wrong = np.abs(have[name] - want) > allowed
        if np.any(wrong):
            failed += 1
            print(f"{flags}: {name}: {np.sum(wrong)} of {want.size} are wrong, "
                  f"by up to {np.max(np.abs(have[name] - want) / np.maximum(allowed, 1e-300)):.3g} times what is allowed")
sys.exit(failed > 0)
