"""Imports the models in a test file and prints them.

The file holds sections "//--- NAME [arguments of dlc-import]", each a model in ONNX's
text form; without a header it uses operator set 22. Lines that begin with // are the
test's. Values that nothing defines become weights with small numbers in them."""

import os
import shlex
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import helper, numpy_helper, parser

HEADER = '<ir_version: 10, opset_import: ["" : 22]>\n'


def uses(graph):
    for node in graph.node:
        yield from node.input
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from uses(attribute.g)


def build(text):
    model = parser.parse_model(text)
    graph = model.graph
    defined = {i.name for i in graph.input} | {t.name for t in graph.initializer}
    defined |= {name for node in graph.node for name in node.output}
    used = set(uses(graph))
    for value in graph.value_info:
        if value.name not in used - defined:
            continue
        kind = value.type.tensor_type
        shape = [d.dim_value for d in kind.shape.dim]
        numbers = np.arange(np.prod(shape, dtype=int)).reshape(shape) % 7
        array = numbers.astype(helper.tensor_dtype_to_np_dtype(kind.elem_type))
        graph.initializer.append(numpy_helper.from_array(array, value.name))
    return model


sections = []
with open(sys.argv[1]) as file:
    for line in file:
        if line.startswith("//---"):
            sections.append((shlex.split(line[5:]), []))
        elif sections and not line.startswith("//"):
            sections[-1][1].append(line)

status = 0
with tempfile.TemporaryDirectory() as folder:
    for (name, *arguments), lines in sections:
        text = "".join(lines)
        if not text.lstrip().startswith("<"):
            text = HEADER + text
        onnx.save(build(text), os.path.join(folder, name + ".onnx"))
        print("// " + " ".join([name, *arguments]), flush=True)
        done = subprocess.run(["dlc-import", name + ".onnx", *arguments], cwd=folder,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            print(f"exit code {done.returncode}", flush=True)
