"""Writes docs/ONNXSupport.md from results of conformance.py:

    support.py host.json [cuda.json] > docs/ONNXSupport.md"""

import collections
import json
import os
import sys

import onnx

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import onnx_cases  # noqa: E402

LABELS = {"float": "f32", "double": "f64", "float16": "f16", "bfloat16": "bf16", "bool": "bool"}


def short(elem_type):
    name = onnx.TensorProto.DataType.Name(elem_type).lower()
    if name in LABELS:
        return LABELS[name]
    return name.replace("uint", "u").replace("int", "i").replace("float", "f")


def ports_types(model):
    return {short(p.type.tensor_type.elem_type) for p in [*model.graph.input, *model.graph.output]
            if p.type.HasField("tensor_type")}


def read(path):
    with open(path) as file:
        return {row["case"]: row for row in json.load(file)}


def count(rows, names):
    ran = [rows[n] for n in names if n in rows]
    return f"{sum(not r['problem'] for r in ran)} / {len(ran)}" if ran else "–"


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    cases = onnx_cases.load(os.path.join(here, "..", "classes.csv"),
                            os.environ.get("ONNX_CASES"))
    host = read(sys.argv[1])
    cuda = read(sys.argv[2]) if len(sys.argv) > 2 else {}
    per_op = collections.defaultdict(list)
    for name, row in host.items():
        for op in row["ops"]:
            per_op[op].append(name)
    static = [n for n, r in host.items() if r["class"].startswith("A")]
    print("# ONNX operators\n\nMade by test/Integration/onnx/Inputs/support.py from runs of ONNX's backend suite; do not edit.\n")
    print(f"onnx {onnx.__version__}. Host: {count(host, host)} cases pass, {count(host, static)} of those whose shapes are "
          f"known when the model is compiled. CUDA (in the simulator): {count(cuda, cuda)}"
          + (" of a sample.\n" if len(cuda) < len(host) else ".\n"))
    print("| operator | operator sets of the cases | element types that pass | host | cuda |\n|---|---|---|---|---|")
    for op in sorted(per_op):
        names = [n for n in per_op[op] if not n.endswith("_expanded")] or per_op[op]
        opsets = sorted({host[n]["opset"] for n in names if host[n]["opset"]})
        span = "–" if not opsets else str(opsets[0]) if len(opsets) == 1 else f"{opsets[0]}–{opsets[-1]}"
        types = sorted({t for n in names if not host[n]["problem"] for t in ports_types(cases[n].model)})
        print(f"| {op} | {span} | {' '.join(types)} | {count(host, names)} | {count(cuda, names)} |")


if __name__ == "__main__":
    main()
