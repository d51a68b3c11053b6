"""The Python package: graphs, models, arrays of several kinds, errors, signals."""
# RUN: env PYTHONPATH=%python-package:%src_root/test/Install/Inputs %python %s %t
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

import dlc
import networks


def raises(text, action, kind=dlc.Error):
    try:
        action()
    except kind as error:
        assert text in str(error), "'%s' is not in '%s'" % (text, error)
        return str(error)
    sys.exit("nothing was raised, and '%s' was expected" % text)


def close(have, want, tolerance=1e-5):
    error = np.abs(np.asarray(have) - want).max()
    assert have.shape == want.shape and error < tolerance, "error %g" % error


os.makedirs(sys.argv[1], exist_ok=True)
os.chdir(sys.argv[1])
rng = np.random.default_rng(0)

# A graph, compared with numpy.
weights = networks.mlp_weights()
graph = dlc.Graph("mlp", dims={"batch": 4})
x = graph.input("x", np.float32, ["batch", 64])
for name in ("fc1", "fc2"):
    with graph.scope(name):
        assert graph.qualify("w") == name + "/w"
        y = dlc.linear(x if name == "fc1" else dlc.relu(y),
                       graph.parameter("w", weights[name + ".weight"]),
                       graph.parameter("b", weights[name + ".bias"]))
graph.output("y", dlc.softmax(y, axis=-1))
assert "dense_resource<\"fc1/w\">" in graph.print()
model = graph.compile()
data = rng.standard_normal((4, 64)).astype(np.float32)
want = networks.mlp(weights, data)
close(model(data), want)
close(model(x=data), want)
close(model(data.T.copy().T), want)  # not contiguous
aligned = dlc.empty(data.shape)
aligned[:] = data
assert aligned.ctypes.data % 64 == 0
result = model(aligned)
close(result, want)
assert type(result) is np.ndarray and result.ctypes.data % 64 == 0 and result.flags.writeable
data.flags.writeable = False
close(model(data), want)
assert repr(model) == "<dlc.Model mlp (host): x: float32[4, 64] -> y: float32[4, 10]>"
assert model.inputs[0].shape == (4, 64) and model.outputs[0].dtype == "float32"

# What it needs, and how fast it is.
memory = model.memory
assert memory.weights_bytes >= 4 * (128 * 64 + 128 + 1280 + 10)
assert memory.peak_bytes == memory.weights_bytes + memory.arena_bytes + 4 * (256 + 40)
assert memory.plan["arena_bytes"] == memory.arena_bytes
benchmark = model.benchmark(0.01)
assert 0 < benchmark.min_ms <= benchmark.median_ms <= benchmark.p99_ms and benchmark.runs > 0

# As an executable, and as a library that is loaded.
model.save("mlp")
np.save("x.npy", data)
subprocess.run(["./mlp", "x.npy"], check=True, capture_output=True)
close(np.load("y.npy"), want)
graph.save("mlp.mlirbc")
subprocess.run([os.path.join(os.environ["DLC_BIN"], "dlc"), "mlp.mlirbc", "--emit=lib", "-o", "m"],
               check=True, capture_output=True)
loaded = dlc.load("libm.so")
close(loaded(data), want)
assert loaded.memory.plan is None
raises("can not become a program", lambda: loaded.save("p"))


# Anything with __dlpack__; outputs are of the same kind where it can make them.
class Other:
    made = []

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        Other.made.append(self)
        return self.array.__dlpack__()

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()

    @property
    def __array_interface__(self):
        raise AttributeError("only DLPack")


close(model(Other(rng.standard_normal((4, 64)).astype(np.float32) * 0 + data)), want)
assert Other.made
try:
    import torch
except ImportError:
    torch = None
if torch:
    result = model(torch.from_numpy(data.copy()))
    assert isinstance(result, torch.Tensor)
    close(result.numpy(), want)

# Operators, several outputs, other types.
graph = dlc.Graph("ops")
a = graph.input("a", "int32", [3])
b = graph.input("b", "bfloat16", [2, 2])
graph.output("c", (7 - a) * 2 + a)
graph.output("d", b * 2)
graph.output("e", (a > 1))
model = graph.compile()
c, d, e = model(np.array([1, 2, 3], np.int32), np.full((2, 2), 0x3f80, np.uint16))
assert c.tolist() == [13, 12, 11] and d.tolist() == [[0x4000] * 2] * 2
assert e.dtype == bool and e.tolist() == [False, True, True]
c = model([1, 2, 3], b=np.zeros((2, 2), np.uint16))[0]
assert c.tolist() == [13, 12, 11]

# Errors are exceptions that say what, and where in this file.
text = raises("matmul", lambda: a @ a)
assert text.startswith(__file__ + ":"), text
raises("add: (C1)", lambda: a + b)
raises("'maximum' is none of sum, mean, max, min, prod", lambda: dlc.reduce("maximum", a, [0]))
raises("has no dimension 'n'", lambda: graph.input("z", "float32", ["n"]))
raises("unsupported operand", lambda: a + "text", TypeError)
raises("incompatible function arguments", lambda: graph.input("z", "complex64", [1]), TypeError)
raises("has no input 'q', but a, b", lambda: model(q=1))
raises("the input 'b' is missing", lambda: model(np.zeros(3, np.int32)))
raises("'a' is given twice", lambda: model([1, 2, 3], a=[1]))
raises("has 2 inputs (a, b), and 3 are given", lambda: model(1, 2, 3))
raises("has to be int32[3], and is int32[4]", lambda: model(np.zeros(4, np.int32), np.zeros((2, 2), np.uint16)))
raises("which is no array", lambda: model("text", np.zeros((2, 2), np.uint16)))
raises("No such file", lambda: dlc.compile("/nowhere/model.onnx"))
raises("host and cuda are known", lambda: graph.compile(target="moon"))
raises("a int can not be compiled", lambda: dlc.compile(3))
raises("no output", lambda: dlc.Graph("empty").compile())

# The GIL is free while a model runs, and runs may overlap.
graph = dlc.Graph("slow")
x = graph.input("x", "float32", [512, 512])
y = x
for _ in range(20):
    y = dlc.tanh(y @ x)
graph.output("y", y)
slow = graph.compile()
data = rng.standard_normal((512, 512)).astype(np.float32)
results = [None] * 3
threads = [threading.Thread(target=lambda i=i: results.__setitem__(i, slow(data))) for i in range(3)]
counted = 0
for thread in threads:
    thread.start()
while any(thread.is_alive() for thread in threads):
    counted += 1
assert counted > 100, counted
assert all(np.array_equal(results[0], result) for result in results)
dlc.set_threads(1)
assert np.array_equal(results[0], slow(data))

# Ctrl-C ends a compilation; so does a compiler that dies.
with tempfile.TemporaryDirectory() as folder:
    script = os.path.join(folder, "dlc")

    def compiler(command):
        with open(script, "w") as f:
            f.write("#!/bin/sh\n%s\n" % command)
        os.chmod(script, 0o755)
        os.environ["DLC_COMPILER"] = script

    compiler("exec sleep 100")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background ignore it
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    start = time.time()
    raises("", graph.compile, KeyboardInterrupt)
    assert time.time() - start < 10
    compiler("kill -SEGV $$")
    raises("ended by a signal: Segmentation fault", graph.compile)
    compiler("exit 1")
    raises("failed and gave no reason", graph.compile)
    os.environ["DLC_COMPILER"] = "/nowhere/dlc"
    raises("'/nowhere/dlc' can not be run", graph.compile)
