"""Where do two runs of a model drift apart, and what does a lower precision cost?

    print(dlc.testing.compare("model.onnx", inputs={"x": x}))
    print(dlc.testing.compare_precision("model.onnx", "bf16", inputs={"x": x}))

The second is a command, too: python -m dlc.testing model.onnx --precision=bf16 [x=x.npy …]
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


@dataclass(frozen=True)
class Change:
    """What a lower precision changes in one output."""

    name: str
    #: The largest difference, as it is and relative to the largest number.
    absolute: float
    relative: float
    #: The root mean square of the difference, relative to that of the output.
    mean: float


@dataclass(frozen=True)
class PrecisionReport:
    """A model with products of f32 and the same with rounded operands."""

    precision: str
    changes: Sequence[Change]
    #: Bytes of weights in f32 and as rounded.
    weights: tuple

    def __str__(self) -> str:
        lines = ["%s instead of f32: weights %.1f instead of %.1f MiB"
                 % (self.precision, self.weights[1] / 2**20, self.weights[0] / 2**20)]
        lines += ["%s: off by %.2e at most (%.2e of the largest number), root mean square %.2e"
                  % (change.name, change.absolute, change.relative, change.mean)
                  for change in self.changes]
        return "\n".join(lines)


def compare_precision(model: Any, precision: str, *,
                      inputs: Optional[Mapping[str, np.ndarray]] = None, seed: int = 0,
                      **options: Any) -> PrecisionReport:
    """Compiles a model twice, with products of f32 and with operands of `precision`
    ("f16", "bf16" or, on a GPU, "tf32"), and compares what they compute.

    Inputs that are not given are random numbers of a fixed `seed`. `options` are those
    of `dlc.compile`.
    """
    exact = compile(model, **options)
    rounded = compile(model, precision=precision, **options)
    arrays = dict(inputs or {})
    rng = np.random.default_rng(seed)
    for info in exact.inputs:
        if info.name not in arrays:
            arrays[info.name] = _random(rng, info)
    results = [run if isinstance(run, tuple) else (run,) for run in (exact(**arrays), rounded(**arrays))]
    changes = []
    for info, want, have in zip(exact.outputs, *results):
        want, have = np.asarray(want), np.asarray(have)
        absolute, relative = _difference(have, want)
        wide = want.astype(np.float64)
        size = np.sqrt(np.mean(wide**2)) if want.size else 0.0
        error = np.sqrt(np.mean((have.astype(np.float64) - wide) ** 2)) if want.size else 0.0
        changes.append(Change(info.name, absolute, relative, float(error / size) if size else float(error)))
    return PrecisionReport(precision, changes, (exact.memory.weights_bytes, rounded.memory.weights_bytes))


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


def _main(arguments: Optional[Sequence[str]] = None) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog="python -m dlc.testing",
        description="Compares a model with operands of a lower precision with itself in f32.")
    parser.add_argument("model", help="an ONNX or MLIR file")
    parser.add_argument("inputs", nargs="*", metavar="name=file.npy",
                        help="inputs; the others are random numbers")
    parser.add_argument("--precision", required=True, choices=["f16", "bf16", "tf32"])
    parser.add_argument("--target", default="host", choices=["host", "cuda"])
    parser.add_argument("--dim", action="append", default=[], metavar="name=size")
    given = parser.parse_args(arguments)
    try:
        inputs = {name: np.load(path) for name, path in (text.split("=", 1) for text in given.inputs)}
        dims = {name: int(size) for name, size in (text.split("=", 1) for text in given.dim)}
    except (OSError, ValueError) as error:
        parser.error(str(error))
    try:
        print(compare_precision(given.model, given.precision, inputs=inputs, target=given.target,
                                dims=dims))
    except Error as error:
        parser.exit(1, "%s: %s\n" % (parser.prog, error))
    return 0


if __name__ == "__main__":
    raise SystemExit(_main())
