# RUN: %python %s
# REQUIRES: zoo, onnxruntime
"""Transformers for any number of tokens up to 128, against onnxruntime at several lengths, and what a short input costs.
The models of the zoo were exported for 128 tokens: their constants of that size are cut to the length of the input."""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import helper, numpy_helper

from dlc_testing import Failure, Program, compare, reference

LENGTH = 128


def open_length(path):
    """The model with its second dimension, of 128 tokens, named `seq`."""
    model = onnx.load(path)
    graph = model.graph
    for value in [*graph.input, *graph.output]:
        value.type.tensor_type.shape.dim[1].dim_param = "seq"
    del graph.value_info[:]
    cuts = [helper.make_node("Shape", [graph.input[0].name], ["seq_length"], start=1, end=2)]
    graph.initializer.append(numpy_helper.from_array(np.array([0]), "seq_zero"))

    def replace(name, other, only):
        for node in graph.node:
            for i, given in enumerate(node.input):
                if given == name and (node.op_type == "Reshape" and i == 1) == only:
                    node.input[i] = other

    for tensor in list(graph.initializer):
        array = numpy_helper.to_array(tensor)
        if tensor.data_type == onnx.TensorProto.INT64 and array.ndim == 1 and LENGTH in array:
            # A shape: what was to be found out is known, the length is what is left.
            known = array.copy()
            known[known == -1] = graph_width(graph) // np.prod(known[(known != -1) & (known != LENGTH)])
            known[known == LENGTH] = -1
            graph.initializer.append(numpy_helper.from_array(known, tensor.name + "_open"))
            replace(tensor.name, tensor.name + "_open", True)
        elif LENGTH in array.shape:
            axis = array.shape.index(LENGTH)
            graph.initializer.append(numpy_helper.from_array(np.array([axis]), tensor.name + "_axis"))
            cuts.append(helper.make_node("Slice", [tensor.name, "seq_zero", "seq_length", tensor.name + "_axis"],
                                         [tensor.name + "_cut"]))
            replace(tensor.name, tensor.name + "_cut", False)
    nodes = cuts + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def graph_width(graph):
    return graph.output[0].type.tensor_type.shape.dim[2].dim_value


def check(name):
    path = os.path.join(os.environ["DLC_ZOO"], name)
    model = open_length(path + ".onnx")
    full = dict(np.load(path + ".inputs.npz"))
    problems = []
    with Program(model, f"--max-dim=seq={LENGTH}") as program, tempfile.TemporaryDirectory() as folder:
        times = []
        for length in (128, 1, 64, 17):
            inputs = {key: np.ascontiguousarray(array[:, :length]) for key, array in full.items()}
            got = program.run(inputs)
            for output, wanted in reference(model, inputs).items():
                if problem := compare(got[output], wanted):
                    problems.append(f"{name}, {length} tokens: '{output}' {problem}")
            files = []
            for key, array in inputs.items():
                files.append(f"{key}={folder}/{key}.npy")
                np.save(f"{folder}/{key}.npy", array)
            done = subprocess.run([*program.command, *files, "--benchmark=1", "--json", "--threads=1"],
                                  capture_output=True, text=True, check=True)
            times.append(f"{length}: {json.loads(done.stdout)['min_ms']:.1f} ms")
        print(name, "tokens", ", ".join(times))
    return problems


FAILED = []
for network in sys.argv[1:] or ["minilm_l6", "bert_base"]:
    try:
        FAILED += check(network)
    except Failure as error:
        FAILED.append(f"{network}: {error}")
print("\n".join(FAILED))
sys.exit(bool(FAILED))
