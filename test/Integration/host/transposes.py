# RUN: %python %s
# REQUIRES: onnxruntime
"""Squares that are transposed in registers, when they are loaded: types of all widths,
edges, operands that are contiguous another way, a conversion on the way, a dimension with
a bound; and when they are stored: convolutions between tensors with their channels first.
By the code for vectors of 128, 256 and 512 bits as far as this CPU has them."""

import sys

import numpy as np
from onnx import TensorProto, helper

from dlc_testing import Failure, Program, compare, reference

TYPES = (np.float32, np.float64, np.float16, np.int8, np.uint16, np.int64, np.bool_)
SHAPES = (((33, 19), (1, 0)), ((16, 16), (1, 0)), ((7, 9), (1, 0)), ((8, 100), (1, 0)), ((2, 17, 3, 40), (0, 2, 3, 1)),
          ((5, 31, 9), (2, 1, 0)), ((40, 12, 4, 33), (3, 1, 0, 2)))
CPUS = ["native", "x86-64"] + ["x86-64-v3"] * (" avx2 " in open("/proc/cpuinfo").read())
rng = np.random.default_rng(11)


def graph(nodes, inputs, outputs, shape_of=None):
    info = [[helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), (shape_of or {}).get(n, a.shape))
             for n, a in tensors.items()] for tensors in (inputs, outputs)]
    return helper.make_model(helper.make_graph(nodes, "transposes", *info), opset_imports=[helper.make_opsetid("", 18)],
                             ir_version=8)


def many():
    nodes, inputs, outputs = [], {}, {}
    for dtype in TYPES:
        for number, (shape, order) in enumerate(SHAPES):
            name = f"{np.dtype(dtype).name}_{number}"
            x = rng.integers(0, 2 if dtype == np.bool_ else 100, shape).astype(dtype)
            inputs["x_" + name], outputs["y_" + name] = x, x.transpose(order)
            nodes.append(helper.make_node("Transpose", ["x_" + name], ["y_" + name], perm=order))
    # Two operands, only one of which is transposed; a conversion to wider elements.
    a, b = (rng.standard_normal(s).astype(np.float32) for s in ((45, 37), (37, 45)))
    inputs["a"], inputs["b"] = a, b
    outputs["sum"], outputs["wide"] = np.maximum(a.T + b, 0), a.T.astype(np.float64)
    nodes += [helper.make_node("Transpose", ["a"], ["at"], perm=[1, 0]), helper.make_node("Add", ["at", "b"], ["ab"]),
              helper.make_node("Relu", ["ab"], ["sum"]), helper.make_node("Cast", ["at"], ["wide"], to=TensorProto.DOUBLE)]
    return graph(nodes, inputs, outputs), inputs, outputs


def convolutions():
    """Channels, filters, size, kernel, stride, groups; the tiles have whole and partial rows and vectors."""
    nodes, inputs, constants = [], {}, []
    for number, (channels, filters, size, kernel, stride, groups) in enumerate(
            ((32, 40, 14, 3, 1, 1), (16, 19, 13, 3, 2, 1), (40, 40, 15, 3, 1, 40), (24, 48, 9, 5, 1, 4), (3, 64, 33, 7, 2, 1))):
        weights = (rng.standard_normal((filters, channels // groups, kernel, kernel)) / kernel**2).astype(np.float32)
        bias = rng.standard_normal(filters).astype(np.float32)
        constants += [helper.make_tensor(f"{n}{number}", TensorProto.FLOAT, a.shape, a.ravel()) for n, a in (("w", weights), ("b", bias))]
        inputs[f"x{number}"] = rng.standard_normal((1, channels, size, size)).astype(np.float32)
        nodes += [helper.make_node("Conv", [f"x{number}", f"w{number}", f"b{number}"], [f"c{number}"], group=groups,
                                   pads=[kernel // 2] * 4, strides=[stride] * 2),
                  helper.make_node("Relu", [f"c{number}"], [f"y{number}"])]
    made = graph(nodes, inputs, {})
    made.graph.initializer.extend(constants)
    made.graph.output.extend(helper.make_tensor_value_info(f"y{n}", TensorProto.FLOAT, None) for n in range(len(inputs)))
    return made, inputs


def check(where, got, wanted):
    wrong = [name for name in wanted if got[name].shape != wanted[name].shape or (got[name] != wanted[name]).any()]
    if wrong:
        sys.exit(f"{where}: wrong are {', '.join(wrong)}")
    print(f"{where}: {len(wanted)} results are right")


def main():
    model, inputs, wanted = many()
    for cpu in CPUS:
        with Program(model, f"--cpu={cpu}") as program:
            check(cpu, program.run(inputs, outputs=list(wanted)), wanted)
    filtered, images = convolutions()
    expected = reference(filtered, images)
    for cpu in CPUS:
        with Program(filtered, f"--cpu={cpu}") as program:
            got = program.run(images, outputs=list(expected))
        wrong = [f"{name} {why}" for name in expected if (why := compare(got[name], expected[name]))]
        if wrong:
            sys.exit(f"convolutions for {cpu}: {'; '.join(wrong)}")
        print(f"{cpu}: {len(expected)} convolutions are right")
    whole = rng.standard_normal((40, 24)).astype(np.float32)
    bounded = graph([helper.make_node("Transpose", ["x"], ["y"], perm=[1, 0])], {"x": whole}, {"y": whole.T},
                    {"x": ["n", 24], "y": [24, "n"]})
    with Program(bounded, "--max-dim=n=40") as program:
        for n in (40, 1, 17, 33):
            check(f"n = {n} of 40", program.run({"x": whole[:n]}, outputs=["y"]), {"y": whole[:n].T})


if __name__ == "__main__":
    try:
        main()
    except Failure as error:
        sys.exit(str(error))
