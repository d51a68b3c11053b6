"""dlc.testing.compare_precision says what operands of 16 bits cost and save, as a function
and as a command."""
# RUN: env PYTHONPATH=%python-package %python %s
# REQUIRES: onnx
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import dlc
import dlc.testing

rng = np.random.default_rng(3)
w = (rng.standard_normal((256, 96)) / 16).astype(np.float32)
nodes = [helper.make_node("MatMul", ["x", "w"], ["product"]), helper.make_node("Softmax", ["product"], ["y"], axis=-1)]
graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 256])],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 96])],
                          [numpy_helper.from_array(w, "w")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

worst = {}
for precision, unit in (("f16", 2**-11), ("bf16", 2**-8)):
    report = dlc.testing.compare_precision(model, precision, dims={"n": 8})
    before, after = report.weights
    assert after < 0.6 * before, report
    (change,) = report.changes
    worst[precision] = change.mean
    # more than nothing, less than each product's operands being off by one unit
    assert change.name == "y" and unit / 16 < change.mean < 2 * unit, report
    assert f"{precision} instead of f32" in str(report) and "y: off by" in str(report)
assert worst["f16"] < worst["bf16"] / 4, worst

with tempfile.TemporaryDirectory() as folder:
    path, x = os.path.join(folder, "net.onnx"), os.path.join(folder, "x.npy")
    onnx.save(model, path)
    np.save(x, rng.standard_normal((4, 256)).astype(np.float32))

    def command(*arguments):
        return subprocess.run([sys.executable, "-m", "dlc.testing", *arguments], capture_output=True, text=True)

    done = command(path, f"x={x}", "--precision=bf16", "--dim=n=4")
    assert done.returncode == 0 and "bf16 instead of f32" in done.stdout, done
    done = command(path, "--precision=bf16")
    assert done.returncode == 1 and "n" in done.stderr and "Traceback" not in done.stderr, done
    done = command(path, "x=absent.npy", "--precision=bf16")
    assert done.returncode == 2 and "absent.npy" in done.stderr, done
print("what 16 bits cost:", worst)
