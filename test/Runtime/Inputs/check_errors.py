"""Runs ./model with wrong arguments and files: one line, exit code 2, no files."""
import os
import subprocess

data = open("x.npy", "rb").read()
open("cut.npy", "wb").write(data[:-5])
open("long.npy", "wb").write(data + b"more")
open("text.npy", "w").write("hello")
open("empty.npy", "w").close()
open("occupied", "w").close()

cases = [
    ([], {}, "no file is given for input 'x'"),
    (["none.npy"], {}, "none.npy: cannot open: No such file or directory"),
    (["f64.npy"], {}, "it holds '<f8', but '<f4' (float32) is needed"),
    (["shape.npy"], {}, "its shape is 32x29, but 33x29 is needed"),
    (["cut.npy"], {}, "it has 3823 bytes of data, but 3828 are needed"),
    (["long.npy"], {}, "it has 3832 bytes of data, but 3828 are needed"),
    (["text.npy"], {}, "it is no .npy file"),
    (["empty.npy"], {}, "it is no .npy file"),
    (["."], {}, "it is a folder"),
    (["y=x.npy"], {}, "no input is named 'y'; the inputs are 'x'"),
    (["x.npy", "x.npy"], {}, "one input file too many"),
    (["x=x.npy", "x=x.npy"], {}, "input 'x' is given twice"),
    (["x.npy", "--wrong"], {}, "unknown option '--wrong'"),
    (["x.npy", "--threads=0"], {}, "needs a number of threads from 1 to 256"),
    (["x.npy"], {"DLC_THREADS": "all"}, "DLC_THREADS needs a number of threads"),
    (["x.npy", "--benchmark=soon"], {}, "--benchmark needs a number of seconds"),
    (["x.npy", "--json"], {}, "--json needs --info or --benchmark"),
    (["x.npy", "-o"], {}, "-o needs a folder"),
    (["x.npy", "-o", "occupied"], {}, "occupied"),
    (["x.npy", "-o", "occupied/deeper"], {}, "cannot make the folder"),
    (["x.npy", "-o", "/dev/null/x"], {}, "cannot make the folder"),
]
before = sorted(os.listdir("."))
for args, environment, message in cases:
    result = subprocess.run(["./model", *args], capture_output=True, text=True,
                            env={**os.environ, **environment})
    case = f"{args}: {result.returncode} {result.stdout!r} {result.stderr!r}"
    assert result.returncode == 2, case
    assert result.stdout == "", case
    assert result.stderr.startswith("model: error: ") and message in result.stderr, case
    assert result.stderr.count("\n") == 1 and result.stderr.endswith("\n"), case
    assert sorted(os.listdir(".")) == before, case

# A full disk, on the standard output and for a file.
for args in (["--info"], ["--help"]):
    with open("/dev/full", "w") as full:
        result = subprocess.run(["./model", *args], stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 2 and "No space left" in result.stderr, result
