"""A project of its own is configured, built and run against an installed dlc: the
examples in C++ and C, checked against numpy."""
# RUN: %python %s %bin-dir/.. %t
import os
import re
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
import networks  # noqa: E402

build, work = sys.argv[1:]
source = os.environ["DLC_SOURCE_ROOT"]
prefix = os.path.join(work, "prefix")
cmake = os.path.join(os.path.dirname(sys.executable), "cmake")


def run(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, **options)
    if result.returncode:
        sys.exit("%s\nfailed:\n%s%s" % (" ".join(command), result.stdout, result.stderr))
    return result.stdout


def build_project(name, *arguments):
    folder = os.path.join(work, os.path.basename(name))
    run(cmake, "-S", os.path.join(source, "examples", name), "-B", folder, "-G", "Ninja",
        "-DCMAKE_BUILD_TYPE=Release", "-Ddlc_ROOT=" + prefix, *arguments)
    run(cmake, "--build", folder)
    return folder


def close(name, have, want, tolerance):
    error = np.abs(have - want).max() / np.abs(want).max()
    if have.shape != want.shape or not error < tolerance:
        sys.exit("%s: shapes %s and %s, error %g" % (name, have.shape, want.shape, error))


def mlp_model(weights, path):
    nodes = [helper.make_node("Gemm", ["x", "fc1.weight", "fc1.bias"], ["h"], transB=1),
             helper.make_node("Relu", ["h"], ["r"]),
             helper.make_node("Gemm", ["r", "fc2.weight", "fc2.bias"], ["l"], transB=1),
             helper.make_node("Softmax", ["l"], ["y"], axis=-1)]
    graph = helper.make_graph(
        nodes, "mlp", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 10])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


os.makedirs(work, exist_ok=True)
run(cmake, "--install", build, "--prefix", prefix)
# Nothing may be found in the build folder by chance.
env = dict(os.environ, PATH="/usr/bin:/bin")
examples = build_project("cpp", "-DCMAKE_CXX_COMPILER=g++")
in_work = lambda name: os.path.join(work, name)

weights = networks.mlp_weights()
networks.save_safetensors(in_work("mlp.safetensors"), weights)
x = np.random.default_rng(1).standard_normal((4, 64)).astype(np.float32)
np.save(in_work("x.npy"), x)
want = networks.mlp(weights, x)
run(examples + "/mlp", in_work("mlp.safetensors"), in_work("x.npy"), in_work("y.npy"), env=env)
close("mlp", np.load(in_work("y.npy")), want, 1e-5)

weights = networks.resnet_weights()
networks.save_safetensors(in_work("resnet.safetensors"), weights)
image = np.random.default_rng(2).standard_normal((2, 3, 32, 32)).astype(np.float32)
np.save(in_work("image.npy"), image)
run(examples + "/resnet", in_work("resnet.safetensors"), in_work("resnet"), env=env)
run(in_work("resnet"), in_work("image.npy"), "-o", work)
close("resnet", np.load(in_work("scores.npy")), networks.resnet(weights, image), 1e-4)

# The code of the documentation: includes, then what stands one after the other.
with open(os.path.join(source, "docs", "GraphAPI.md")) as f:
    blocks = re.findall(r"^```cpp\n(.*?)^```", f.read(), re.M | re.S)
assert len(blocks) >= 5, "the code of GraphAPI.md was not found"
with open(in_work("doc.cpp"), "w") as f:
    f.write("%sint main() {\n%s\nreturn scores && !text.empty() ? 0 : 1; }\n" % (blocks[0], "".join(blocks[1:])))
run("g++", "-std=c++17", in_work("doc.cpp"), "-I" + prefix + "/include", "-L" + prefix + "/lib", "-ldlc",
    "-Wl,-rpath," + prefix + "/lib", "-o", in_work("doc"))
run(in_work("doc"), cwd=work, env=env)

# A model as a library of a project in C, and an object linked with the runtime.
weights = networks.mlp_weights()
mlp_model(weights, in_work("mlp.onnx"))
embed = build_project("c", "-DMODEL=" + in_work("mlp.onnx"), "-DCMAKE_C_COMPILER=gcc")
text = run(embed + "/embed", input=" ".join("%.9g" % v for v in x.ravel()))
close("embed", np.array(text.split(), np.float32).reshape(4, 10), want, 1e-5)

run(prefix + "/bin/dlc", in_work("mlp.onnx"), "--emit=obj", "-o", in_work("mlp.o"))
project = build_project(os.path.join(os.path.dirname(os.path.abspath(__file__)), "Inputs", "object"),
                        "-DCMAKE_C_COMPILER=gcc", "-DOBJECT=" + in_work("mlp.o"))
run(project + "/program", in_work("x.npy"), "-o", work)
close("object", np.load(in_work("y.npy")), want, 1e-5)
