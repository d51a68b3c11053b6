"""What the tests of the dlc program share."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

INPUTS = Path(__file__).parent
DLC = str(Path(os.environ["DLC_BIN"]) / "dlc")


def run(*command, cwd=None, env=None):
    result = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True,
                            env={**os.environ, **(env or {})}, timeout=600)
    return result.returncode, result.stdout, result.stderr


def ok(*command, cwd=None):
    code, out, err = run(*command, cwd=cwd)
    if code:
        sys.exit(f"{command} exited with {code}:\n{out}{err}")
    return out


def write_mlp(path):
    """A small network at level nn, with weights as a resource; returns a function
    that computes it."""
    weights = np.linspace(-1, 1, 160, dtype=np.float32).reshape(16, 10)
    text = (INPUTS / "mlp.mlir").read_text()
    blob = (b"\x40\0\0\0" + weights.tobytes()).hex().upper()
    text += '{-# dialect_resources: { builtin: { w: "0x' + blob + '" } } #-}\n'
    Path(path).write_text(text)
    return lambda x: np.maximum(x @ weights + np.arange(10, dtype=np.float32), 0)
