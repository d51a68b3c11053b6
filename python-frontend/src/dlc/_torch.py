"""Modules of torch, through ONNX."""
from __future__ import annotations

import os
import tempfile
from typing import Any, Sequence

from ._dlc import Error
from ._model import Model, compile


def from_torch(module: Any, example_inputs: Sequence[Any], **options: Any) -> Model:
    """Compiles a torch.nn.Module for inputs of the shapes and types of
    `example_inputs` (a tuple of tensors). `options` are those of `compile`.

    The module is exported by torch.onnx (through torch.export where onnxscript is
    installed), so its control flow is that of the example.
    """
    try:
        import torch
    except ImportError as error:
        raise Error("from_torch needs torch, which is not installed") from error
    try:
        import onnxscript  # noqa: F401
        dynamo = True
    except ImportError:
        dynamo = False
    with tempfile.TemporaryDirectory(prefix="dlc-") as folder:
        path = os.path.join(folder, type(module).__name__ + ".onnx")
        was_training = module.training
        module.eval()
        try:
            with torch.no_grad():
                torch.onnx.export(module, tuple(example_inputs), path, dynamo=dynamo)
        except Exception as error:
            raise Error("torch can not export %s to ONNX: %s" % (type(module).__name__, error)) from error
        finally:
            module.train(was_training)
        import onnx  # keeps the model when the folder is gone, with its weights
        return compile(onnx.load(path), **options)
