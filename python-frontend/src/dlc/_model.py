"""Compiling, and compiled models."""
from __future__ import annotations

import json
import os
import pathlib
import sys
import tempfile
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Sequence, Union

import numpy as np

from . import _dlc
from ._dlc import Error

_CUDA = 2  # kDLCUDA of DLPack


@dataclass(frozen=True)
class Memory:
    """What a model needs, in bytes; all of it is known before it runs."""

    weights_bytes: int
    #: Everything but weights, inputs and outputs.
    arena_bytes: int
    #: What no plan can go below.
    lower_bound: int
    #: Weights, arena, inputs and outputs.
    peak_bytes: int
    #: The plan, as `dlc --memory-report=plan.json` writes it; None for models
    #: that were loaded from a file.
    plan: Optional[dict]


class Model:
    """A compiled network: call it with arrays.

    `model(x, y)` takes inputs in order, `model(image=x)` by name: numpy arrays,
    torch tensors, anything with `__dlpack__`. They are not copied where they are
    C-contiguous and aligned to 64 bytes (torch's are, see `dlc.empty`); on a GPU
    they have to be, to 256 bytes.
    One output is returned as it is, several as a tuple, of the kind of the first
    input. The GIL is released meanwhile; calls from several threads may overlap.
    """

    def __init__(self, loaded: _dlc.LoadedModel, plan: Optional[str] = None,
                 write_program: Optional[Callable[[str], None]] = None) -> None:
        self._loaded = loaded
        self._plan = plan
        self._write_program = write_program

    def __repr__(self) -> str:
        describe = lambda infos: ", ".join(repr(info)[1:-1] for info in infos)
        return "<dlc.Model %s (%s): %s -> %s>" % (
            self.name, self.target, describe(self.inputs), describe(self.outputs))

    @property
    def name(self) -> str:
        return self._loaded.name

    @property
    def target(self) -> str:
        """"host" or "cuda"."""
        return self._loaded.target

    @property
    def inputs(self) -> Sequence[_dlc.TensorInfo]:
        return self._loaded.inputs

    @property
    def outputs(self) -> Sequence[_dlc.TensorInfo]:
        return self._loaded.outputs

    @property
    def memory(self) -> Memory:
        tensors = sum(_bytes(info) for info in [*self.inputs, *self.outputs])
        loaded = self._loaded
        return Memory(loaded.weights_bytes, loaded.arena_bytes, loaded.lower_bound,
                      loaded.weights_bytes + loaded.arena_bytes + tensors,
                      json.loads(self._plan) if self._plan else None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        arrays = self._order(args, kwargs)
        first = arrays[0] if arrays else None
        module = _framework(first)
        if _device(first) == _CUDA:
            results = self._run_on_device(arrays, module)
        else:
            # numpy's scalars and lists become arrays.
            if module is np:
                arrays = [_to_numpy(array, info) for array, info in zip(arrays, self.inputs)]
            results = self._loaded.run(arrays, module is np)
            if module is not np:
                results = [module.from_dlpack(result) for result in results]
        return results[0] if len(results) == 1 else tuple(results)

    def _order(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list:
        """The inputs in the order of the model."""
        names = [info.name for info in self.inputs]
        if len(args) > len(names):
            raise Error("%s has %d inputs (%s), and %d are given"
                        % (self.name, len(names), ", ".join(names), len(args)))
        arrays = dict(zip(names, args))
        for name, array in kwargs.items():
            if name not in names:
                raise Error("%s has no input '%s', but %s" % (self.name, name, ", ".join(names)))
            if name in arrays:
                raise Error("%s: the input '%s' is given twice" % (self.name, name))
            arrays[name] = array
        missing = [name for name in names if name not in arrays]
        if missing:
            raise Error("%s: the input '%s' is missing" % (self.name, missing[0]))
        return [arrays[name] for name in names]

    def _run_on_device(self, arrays: list, module: Any) -> list:
        """On memory of a GPU, in the framework's current stream."""
        if self.target != "cuda":
            raise Error("%s was compiled for the host, and its input is on a GPU" % self.name)
        if module.__name__ == "torch":
            stream = module.cuda.current_stream().cuda_stream
            outputs = [module.empty(info.shape, dtype=getattr(module, info.dtype),
                                    device=arrays[0].device) for info in self.outputs]
        else:  # cupy and its like
            stream = module.cuda.get_current_stream().ptr
            outputs = [module.empty(info.shape, info.dtype) for info in self.outputs]
        self._loaded.run_on_device(arrays, outputs, stream)
        return outputs

    def save(self, path: Union[str, os.PathLike]) -> None:
        """Writes the model as a standalone executable: `./model x.npy -o out`."""
        if self._write_program is None:
            raise Error("%s was loaded from a library: it can not become a program" % self.name)
        self._write_program(os.fspath(path))

    def set_seed(self, seed: int) -> None:
        """Random numbers of the model are a function of a seed (0 at first; its low 32 bits)
        and of how many runs there were since it was set."""
        self._loaded.set_seed(seed)

    def benchmark(self, seconds: float = 1.0) -> _dlc.BenchmarkResult:
        """Latencies of runs on made-up inputs, for so many seconds."""
        return self._loaded.benchmark(seconds)

    def profile(self, path: Union[str, os.PathLike]) -> None:
        """Runs a few times on made-up inputs and writes what ran when as a Chrome trace, for
        ui.perfetto.dev or chrome://tracing."""
        self._loaded.profile(os.fspath(path))


def _bytes(info: _dlc.TensorInfo) -> int:
    size = 2 if info.dtype == "bfloat16" else np.dtype(info.dtype).itemsize
    return int(np.prod(info.shape, dtype=np.int64)) * size


def _framework(array: Any) -> Any:
    """The module that makes arrays of this kind: numpy, torch, …"""
    module = sys.modules.get(type(array).__module__.partition(".")[0])
    return module if hasattr(module, "from_dlpack") and hasattr(array, "__dlpack__") else np


def _device(array: Any) -> int:
    return array.__dlpack_device__()[0] if hasattr(array, "__dlpack_device__") else 1


def _to_numpy(array: Any, info: _dlc.TensorInfo) -> Any:
    if hasattr(array, "__dlpack__"):
        # DLPack can not say "read-only" everywhere: the buffer protocol can.
        return array if isinstance(array, np.ndarray) and array.flags.c_contiguous \
            else np.ascontiguousarray(np.from_dlpack(array) if not isinstance(array, np.ndarray) else array)
    if isinstance(array, (int, float, bool, list, tuple, np.generic)):
        dtype = np.uint16 if info.dtype == "bfloat16" else np.dtype(info.dtype)
        return np.asarray(array, dtype)
    raise Error("input '%s' is a %s, which is no array" % (info.name, type(array).__name__))


class Graph(_dlc.Graph):
    """A network under construction: inputs and parameters are tensors, functions
    and operators make tensors of tensors, and outputs name some of them."""

    def compile(self, **options: Any) -> Model:
        """`dlc.compile(self, **options)`."""
        return compile(self, **options)


def compile(model: Any, *, target: str = "host", dims: Mapping[str, int] = {},
            max_dims: Mapping[str, int] = {}, shapes: Mapping[str, Sequence[int]] = {}, precision: str = "", cpu: str = "",
            arch: str = "", memory_budget: Optional[int] = None,
            arguments: Sequence[str] = ()) -> Model:
    """Compiles a network and loads it.

    `model` is the path of an ONNX or MLIR file, an onnx.ModelProto, or a Graph.
    `target` is "host" or "cuda". The other options are those of the program
    `dlc`: values of symbolic `dims`, bounds of others (`max_dims`; the model then
    takes arrays of any size up to these), `shapes` of inputs, `precision` of products'
    operands, the `cpu` or GPU `arch`itecture to compile for, the most bytes that
    the arena may take, and further `arguments` as they are.

    Raises dlc.Error with the compiler's message. Ctrl-C ends the compilation.
    """
    options = _dlc.CompileOptions()
    options.target, options.precision, options.cpu, options.arch = target, precision, cpu, arch
    options.dims = dict(dims)
    options.shapes = {name: list(shape) for name, shape in shapes.items()}
    options.memory_budget = memory_budget
    options.arguments = [*arguments, *("--max-dim=%s=%d" % item for item in max_dims.items())]

    def write_program(path: str) -> None:
        with _Source(model) as source:
            source.write_program(path, options)

    with tempfile.TemporaryDirectory(prefix="dlc-") as folder, _Source(model) as source:
        plan = os.path.join(folder, "plan.json")
        with_plan = _dlc.CompileOptions()
        for name in ("target", "precision", "cpu", "arch", "dims", "shapes", "memory_budget"):
            setattr(with_plan, name, getattr(options, name))
        with_plan.arguments = [*options.arguments, "--memory-report=" + plan]
        loaded = source.load(with_plan)
        return Model(loaded, pathlib.Path(plan).read_text(), write_program)


class _Source:
    """What is compiled: a graph, or a file."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.folder: Optional[tempfile.TemporaryDirectory] = None
        self.path = ""
        if not isinstance(model, (_dlc.Graph, str, os.PathLike)) and \
                not hasattr(model, "SerializeToString"):
            raise Error("a %s can not be compiled: the path of a model, an onnx.ModelProto or a "
                        "dlc.Graph is wanted" % type(model).__name__)

    def __enter__(self) -> "_Source":
        if isinstance(self.model, (str, os.PathLike)):
            self.path = os.fspath(self.model)
        elif not isinstance(self.model, _dlc.Graph):
            self.folder = tempfile.TemporaryDirectory(prefix="dlc-")
            name = "".join(c if c.isalnum() else "_" for c in self.model.graph.name) or "model"
            self.path = os.path.join(self.folder.name, name + ".onnx")
            pathlib.Path(self.path).write_bytes(self.model.SerializeToString())
        return self

    def __exit__(self, *args: object) -> None:
        if self.folder:
            self.folder.cleanup()

    def load(self, options: _dlc.CompileOptions) -> _dlc.LoadedModel:
        if isinstance(self.model, _dlc.Graph):
            return self.model._compile(options)
        return _dlc.compile_model(self.path, options)

    def write_program(self, path: str, options: _dlc.CompileOptions) -> None:
        if isinstance(self.model, _dlc.Graph):
            self.model._compile_program(path, options)
        else:
            _dlc.compile_program(self.path, path, options)


def empty(shape: Sequence[int], dtype: Any = "float32") -> np.ndarray:
    """An array like numpy.empty's, whose memory is aligned to 64 bytes, so that models
    use it where it lies. (numpy aligns to 16: its arrays may be copied.)"""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start:start + size].view(dtype).reshape(tuple(shape))


def load(library: Union[str, os.PathLike]) -> Model:
    """Loads lib<name>.so, which `dlc --emit=lib` has made."""
    return Model(_dlc.LoadedModel.load(os.fspath(library)))
