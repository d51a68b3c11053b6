"""Runs ./model (for a GPU) with wrong arguments and files: one line, exit code 2, no
files, whether there is a GPU or not."""
import os
import subprocess

import numpy as np

np.save("x.npy", np.zeros((32, 32), np.float32))
np.save("f64.npy", np.zeros((32, 32)))
np.save("shape.npy", np.zeros((32, 31), np.float32))
cases = [
    ([], {}, "no file is given for input 'x'"),
    (["none.npy"], {}, "none.npy: cannot open: No such file or directory"),
    (["f64.npy"], {}, "it holds '<f8', but '<f4' (float32) is needed"),
    (["shape.npy"], {}, "its shape is 32x31, but 32x32 is needed"),
    (["x.npy", "--threads=2"], {}, "unknown option '--threads=2'"),
    (["x.npy", "--device=-1"], {}, "--device needs the number of a GPU from 0 to 1023"),
    (["x.npy", "--device"], {}, "--device needs the number of a GPU from 0 to 1023"),
    (["x.npy"], {"DLC_DEVICE": "first"}, "DLC_DEVICE needs the number of a GPU"),
]
before = sorted(os.listdir("."))
for args, environment, message in cases:
    result = subprocess.run(["./model", *args], capture_output=True, text=True,
                            env={**os.environ, **environment})
    case = f"{args}: {result.returncode} {result.stdout!r} {result.stderr!r}"
    assert result.returncode == 2 and result.stdout == "", case
    assert result.stderr.startswith("model: error: ") and message in result.stderr, case
    assert result.stderr.count("\n") == 1 and result.stderr.endswith("\n"), case
    assert sorted(os.listdir(".")) == before, case
