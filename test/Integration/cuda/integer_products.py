# REQUIRES: onnxruntime
# RUN: %python %s
"""Products and convolutions of bytes as CUDA programs: sums are exact, and tensor cores (mma)
or dot products of four bytes (dp4a) compute them, in all combinations of signs and zero
points, in any size. Takes 12 s on one core, most of it compiling."""
import re
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dlc_testing import DLC, Failure, Program, run_command

KINDS = {"u": (np.uint8, TensorProto.UINT8), "s": (np.int8, TensorProto.INT8)}
INSTRUCTIONS = {"mma": r"mma\.sync\S*\.s32\.([us])8\.([us])8\.s32", "dp4a": r"dp4a\.([us])32\.([us])32"}
rng = np.random.default_rng(7)


def numbers(kind, shape):
    limits = np.iinfo(KINDS[kind][0])
    return rng.integers(limits.min, limits.max + 1, shape).astype(KINDS[kind][0])


def build(op, kinds, x, w, zeros, constant, **attributes):
    """The model of one operator, and the inputs that it is run with."""
    inputs, weights = {"x": x}, {}
    (weights if constant else inputs)["w"] = w
    names = ["x", "w"]
    for name, zero in zip(("p", "q"), zeros):
        if zero is not None:
            weights[name] = zero
        names.append(name if zero is not None else "")
    graph = helper.make_graph(
        [helper.make_node(op, names, ["y"], **attributes)], "g",
        [helper.make_tensor_value_info(n, KINDS[k][1], inputs[n].shape) for n, k in zip("xw", kinds) if n in inputs],
        [helper.make_tensor_value_info("y", TensorProto.INT32, None)],
        [numpy_helper.from_array(a, n) for n, a in weights.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), inputs


def matmul(kinds, left, right, p=None, q=None, constant=False):
    """p, q: shapes of the zero points of rows and columns"""
    x, w = numbers(kinds[0], left), numbers(kinds[1], right)
    zeros = [None if s is None else numbers(k, s) for k, s in zip(kinds, (p, q))]
    wide = [x.astype(np.int64), w.astype(np.int64)]
    if p is not None:
        wide[0] -= zeros[0].astype(np.int64).reshape(*p, 1) if p else int(zeros[0])
    if q is not None:
        wide[1] -= zeros[1].astype(np.int64)
    return (*build("MatMulInteger", kinds, x, w, zeros, constant), (wide[0] @ wide[1]).astype(np.int32))


def conv(kinds, image, filters, p=False, q=None, constant=True, pad=0, stride=1, group=1):
    """p: whether there is a zero point; q: the shape of the filters'"""
    x, w = numbers(kinds[0], image), numbers(kinds[1], filters)
    zeros = [numbers(kinds[0], ()) if p else np.zeros((), x.dtype), None if q is None else numbers(kinds[1], q)]
    wide = [x.astype(np.int64) - int(zeros[0]), w.astype(np.int64)]
    if q is not None:
        wide[1] -= zeros[1].astype(np.int64).reshape(-1, 1, 1, 1)
    padded = np.pad(wide[0], ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, filters[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    n, _, height, width = windows.shape[:4]
    expected = np.einsum("ngchwij,gmcij->ngmhw", windows.reshape(n, group, -1, height, width, *filters[2:]),
                         wide[1].reshape(group, -1, *filters[1:]))
    model, inputs = build("ConvInteger", kinds, x, w, zeros, constant, pads=[pad] * 4, strides=[stride] * 2, group=group)
    return model, inputs, expected.reshape(n, -1, height, width).astype(np.int32)


def cases():
    for kinds in ("uu", "us", "su", "ss"):
        yield f"matrices {kinds}", kinds, "mma", matmul(kinds, [32, 64], [64, 48])
        yield f"row times matrix {kinds}", kinds, "dp4a", matmul(kinds, [1, 256], [256, 64])
    yield "matrix times column", "us", "dp4a", matmul("us", [96, 512], [512, 1])
    yield "two zero points", "us", "mma", matmul("us", [64, 96], [96, 40], (), (), constant=True)
    yield "zero points of rows and columns", "uu", "mma", matmul("uu", [48, 64], [64, 40], (48,), (40,))
    yield "odd sizes", "us", "mma", matmul("us", [37, 101], [101, 53], (), ())
    yield "long sums of few", "us", "mma", matmul("us", [16, 4096], [4096, 32], (), (), constant=True)
    yield "small", "us", "dp4a", matmul("us", [5, 20], [20, 7], (), ())
    yield "short sums of many", "us", "dp4a", matmul("us", [64, 12], [12, 64], ())
    yield "few rows", "us", "dp4a", matmul("us", [4, 512], [512, 128], (), (), constant=True)
    yield "row times matrix, odd", "us", "dp4a", matmul("us", [1, 101], [101, 53], (), (), constant=True)
    yield "batches", "us", "mma", matmul("us", [2, 3, 32, 48], [2, 3, 48, 40], (), ())
    yield "one matrix for all", "us", "mma", matmul("us", [2, 3, 32, 48], [48, 40], (), (), constant=True)
    yield "batches of rows", "us", "dp4a", matmul("us", [6, 1, 64], [6, 64, 40], (), ())
    # Tiles of weights are rows, those of pixels columns.
    yield "3x3", "us", "mma", conv("us", [1, 16, 14, 14], [32, 16, 3, 3], True, (), pad=1)
    yield "3x3, signed, without zero points", "ss", "mma", conv("ss", [1, 16, 14, 14], [32, 16, 3, 3], pad=1)
    yield "3x3, zero points of channels", "us", "mma", conv("us", [1, 16, 9, 9], [32, 16, 3, 3], True, (32,), False, pad=1)
    yield "1x1", "uu", "mma", conv("uu", [2, 32, 14, 14], [24, 32, 1, 1], True, ())
    yield "image", "us", "mma", conv("us", [1, 3, 32, 32], [16, 3, 7, 7], True, pad=3, stride=2)
    yield "depthwise", "us", "dp4a", conv("us", [1, 32, 14, 14], [32, 1, 3, 3], True, (), pad=1, group=32)
    yield "groups", "us", "dp4a", conv("us", [1, 32, 10, 10], [32, 8, 3, 3], True, (), pad=1, group=4)
    yield "odd convolution", "us", "dp4a", conv("us", [1, 5, 13, 11], [7, 5, 3, 3], True, ())
    yield "one result", "us", "dp4a", conv("us", [1, 64, 9, 9], [1, 64, 3, 3], True, ())


def check(kinds, instruction, model, inputs, expected):
    with Program(model, "--target=cuda") as program:
        got = program.run(inputs)["y"]
        onnx.save(model, program.path + ".onnx")
        ptx = run_command([DLC, program.path + ".onnx", "--target=cuda", "--emit=ptx", "-o", "-"])
    if got.shape != expected.shape or np.any(got != expected):
        return f"{np.sum(got != expected) if got.shape == expected.shape else got.shape} of {expected.size} are wrong"
    signs = set("".join(found) for found in re.findall(INSTRUCTIONS[instruction], ptx))
    if not signs or not signs <= {kinds, kinds[::-1]}:
        return f"{instruction} multiplies {signs or 'nothing'}"
    return None


def border():
    """Dequantised numbers plus 127.5 steps lie on borders of two steps: roundings decide, and a product
    and a sum have one each. (They were one instruction.)"""
    step, half = np.float32(2 / 255), np.float32(1)
    graph = helper.make_graph(
        [helper.make_node("DequantizeLinear", ["x", "s", "p"], ["d"]), helper.make_node("Add", ["d", "one"], ["e"]),
         helper.make_node("QuantizeLinear", ["e", "s", "q"], ["y"])], "g",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [256])],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, [256])],
        [numpy_helper.from_array(np.array(a), n) for n, a in
         (("s", step), ("one", half), ("p", np.uint8(128)), ("q", np.uint8(0)))])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    x = np.arange(256, dtype=np.uint8)
    centred = (x.astype(np.int32) - 128).astype(np.float32)
    expected = np.clip(np.rint((centred * step + half) / step), 0, 255).astype(np.uint8)
    with Program(model, "--target=cuda") as program:
        wrong = np.sum(program.run({"x": x})["y"] != expected)
    print(f"borders of steps: {wrong} of 256 are wrong")
    return wrong


def main():
    failed = int(border() > 0)
    for name, kinds, instruction, case in cases():
        try:
            problem = check(kinds, instruction, *case)
        except Failure as failure:
            problem = str(failure)
        failed += problem is not None
        print(f"{name}: {problem or instruction}", flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
