# REQUIRES: onnxruntime
# RUN: %python %s
"""Sparse initializers and sparse constants, with positions and with indices: as numpy has them
when they are dense."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dlc_testing import Program

RNG = np.random.default_rng(6)


def sparse(name, dense, by_index, raw=True):
    places = np.argwhere(dense) if by_index else np.flatnonzero(dense)
    values = dense[dense != 0]
    make = numpy_helper.from_array if raw else (lambda a, n: helper.make_tensor(
        n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape, a.ravel().tolist()))
    return helper.make_sparse_tensor(make(values, name), make(places.astype(np.int64), f"{name}.at"), dense.shape)


def matrix(*shape, dtype=np.float32):
    return ((RNG.random(shape) < 0.3) * RNG.integers(1, 100, shape)).astype(dtype)


def main():
    dense = {"a": matrix(6, 5), "b": matrix(40, 60), "c": matrix(7, dtype=np.int64), "d": matrix(3, 4, 5, dtype=np.float64),
             "e": np.zeros((2, 3), np.float32)}
    initializers = [sparse(n, dense[n], n in "bde", raw=n != "a") for n in "abe"]
    nodes = [helper.make_node("Constant", [], [n], sparse_value=sparse(n, dense[n], n in "d")) for n in "cd"]
    nodes += [helper.make_node("Identity", [n], [f"{n}_out"]) for n in dense]
    nodes.append(helper.make_node("MatMul", ["x", "b"], ["y"]))
    outputs = [helper.make_tensor_value_info(f"{n}_out", helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in dense.items()]
    graph = helper.make_graph(nodes, "sparse", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, 40])],
                              [*outputs, helper.make_tensor_value_info("y", TensorProto.FLOAT, [3, 60])])
    graph.sparse_initializer.extend(initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    x = RNG.integers(-9, 9, (3, 40)).astype(np.float32)
    with Program(model) as program:
        got = program.run({"x": x})
    for name, array in dense.items():
        if got[f"{name}_out"].dtype != array.dtype or not np.array_equal(got[f"{name}_out"], array):
            sys.exit(f"{name} differs: {got[f'{name}_out']}")
    if not np.array_equal(got["y"], x @ dense["b"]):
        sys.exit("the product differs")


main()
