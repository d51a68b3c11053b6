"""Where do two runs of a model drift apart?

    print(dlc.testing.compare("model.onnx", inputs={"x": x}))
"""
from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Sequence, Union

import numpy as np

from ._dlc import Error
from ._model import compile

#: Takes inputs and names of values, returns the values.
Runner = Callable[[Mapping[str, np.ndarray], Sequence[str]], Sequence[np.ndarray]]


@dataclass(frozen=True)
class Row:
    """One value of the model in both runs."""

    name: str
    op: str
    shape: tuple
    #: The largest difference, as it is and relative to the largest number.
    absolute: float
    relative: float
    drifts: bool


@dataclass(frozen=True)
class Comparison:
    """All values in the order in which they are computed."""

    rows: Sequence[Row]
    tolerance: float

    @property
    def first(self) -> Optional[Row]:
        """The first value that drifts apart, if there is one."""
        return next((row for row in self.rows if row.drifts), None)

    def __str__(self) -> str:
        lines = [("value", "op", "shape", "absolute", "relative", "")]
        for row in self.rows:
            mark = "<- first" if row is self.first else "<-" if row.drifts else ""
            lines.append((row.name, row.op, "x".join(map(str, row.shape)) or "scalar",
                          "%.2e" % row.absolute, "%.2e" % row.relative, mark))
        widths = [max(len(line[i]) for line in lines) for i in range(6)]
        text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                for line in lines]
        if self.first:
            text.append("'%s' (%s) is the first of %d values that differs by more than %g"
                        % (self.first.name, self.first.op, len(self.rows), self.tolerance))
        else:
            text.append("no value differs by more than %g" % self.tolerance)
        return "\n".join(text)


def compare(model: Any, reference: Optional[Runner] = None, *,
            inputs: Optional[Mapping[str, np.ndarray]] = None, tolerance: float = 1e-4,
            seed: int = 0, **options: Any) -> Comparison:
    """Runs an ONNX model layer by layer and compares every value.

    `model` is a path or an onnx.ModelProto, `reference` a function from inputs and
    names of values to these values: onnxruntime unless it is given. Inputs that
    are not given are random numbers of a fixed `seed`. A value drifts where the
    largest difference, relative to the reference's largest number (or to 1, where
    that is smaller), is above the tolerance. `options` are those of
    `dlc.compile`; for symbolic dimensions give `dims`.

    Every value becomes an output, so that the layers are fused less than usual:
    what differs is the computation of a layer, not a fusion.
    """
    onnx = _import_onnx()
    proto = onnx.load(os.fspath(model)) if isinstance(model, (str, os.PathLike)) else model
    proto, ops = _with_all_values(onnx, proto)
    compiled = compile(proto, **options)
    arrays = dict(inputs or {})
    rng = np.random.default_rng(seed)
    for info in compiled.inputs:
        if info.name not in arrays:
            arrays[info.name] = _random(rng, info)
    have = compiled(**arrays)
    have = have if isinstance(have, tuple) else (have,)
    names = [info.name for info in compiled.outputs]
    want = (reference or _OnnxRuntime(proto))(arrays, names)
    rows = []
    for name, a, b in zip(names, have, want):
        absolute, relative = _difference(np.asarray(a), np.asarray(b))
        rows.append(Row(name, ops.get(name, "input"), tuple(np.shape(a)), absolute, relative,
                        not relative <= tolerance))
    return Comparison(rows, tolerance)


def _import_onnx() -> Any:
    try:
        import onnx
        return onnx
    except ImportError as error:
        raise Error("dlc.testing needs the package onnx") from error


def _with_all_values(onnx: Any, proto: Any) -> tuple:
    """The model with every value of its graph as an output, and what makes each."""
    proto = onnx.shape_inference.infer_shapes(proto)
    graph = proto.graph
    ops = {name: node.op_type for node in graph.node for name in node.output if name}
    known = {info.name: info for info in [*graph.value_info, *graph.output]}
    outputs = [known[name] for name in ops if name in known and _is_dense(known[name])]
    del graph.output[:]
    graph.output.extend(outputs)
    return proto, ops


def _is_dense(info: Any) -> bool:
    return info.type.HasField("tensor_type") and info.type.tensor_type.elem_type != 8  # string


def _random(rng: np.random.Generator, info: Any) -> np.ndarray:
    if info.dtype.startswith("float"):
        return rng.standard_normal(info.shape).astype(info.dtype)
    return np.zeros(info.shape, np.uint16 if info.dtype == "bfloat16" else info.dtype)


def _difference(have: np.ndarray, want: np.ndarray) -> tuple:
    if have.shape != want.shape:
        return float("inf"), float("inf")
    if not have.size:
        return 0.0, 0.0
    have, want = have.astype(np.float64), want.astype(np.float64)
    same = (have == want) | (np.isnan(have) & np.isnan(want))
    with np.errstate(invalid="ignore"):
        difference = np.where(same, 0, np.abs(have - want))
    absolute = float(np.max(difference))
    finite = np.abs(want[np.isfinite(want)])
    return absolute, absolute / max(float(finite.max()) if finite.size else 0.0, 1.0)


class _OnnxRuntime:
    def __init__(self, proto: Any) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise Error("the reference is onnxruntime, which is not installed") from error
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            proto.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def __call__(self, inputs: Mapping[str, np.ndarray], names: Sequence[str]) -> Sequence[np.ndarray]:
        known = {value.name for value in self.session.get_inputs()}
        return self.session.run(list(names), {k: v for k, v in inputs.items() if k in known})
