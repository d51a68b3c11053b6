"""dlc turns neural networks into programs.

    import dlc

    model = dlc.compile("model.onnx", dims={"batch": 1})
    y = model(image=x)                # numpy, torch, anything with __dlpack__
    model.save("model")               # a standalone executable

    graph = dlc.Graph("mlp", dims={"batch": 8})
    x = graph.input("x", "float32", ["batch", 784])
    w = graph.parameter("w", weights)
    graph.output("y", dlc.softmax(dlc.relu(x @ w) * 2, axis=-1))
    model = graph.compile()

docs/Python.md has more. What is wrong is raised as `dlc.Error`.
"""
from . import _dlc
from ._dlc import *  # noqa: F401,F403 - the functions on tensors
from ._dlc import Error, Scope, Tensor, TensorInfo, BenchmarkResult, load_safetensors, set_threads
from ._custom import elementwise, mlir, reduction
from ._model import Graph, Memory, Model, compile, empty, load
from ._torch import from_torch

__version__ = "0.1.0"

# Names of the extension that are not for users.
_INTERNAL = {"CompileOptions", "LoadedModel", "compile_model", "compile_program"}
for _name in _INTERNAL:
    globals().pop(_name, None)

_OWN = ["elementwise", "mlir", "reduction", "Graph", "Memory", "Model", "compile", "empty", "load", "from_torch"]
__all__ = sorted(
    [name for name in dir(_dlc) if not name.startswith("_") and name not in _INTERNAL]
    + [name for name in _OWN if not hasattr(_dlc, name)])
