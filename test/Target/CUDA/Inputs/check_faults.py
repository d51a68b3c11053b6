"""Runs ./model on the driver ./libcuda.so.1 (see fake-driver.c), each of whose calls
fails in turn."""
import os
import subprocess

import numpy as np

np.save("x.npy", np.zeros((32, 32), np.float32))
before = {"x.npy", *os.listdir(".")}


def run(arguments, **variables):
    environment = {**os.environ, "LD_LIBRARY_PATH": ".", "CALLS_FILE": "calls", **variables}
    done = subprocess.run(["./model", *arguments], capture_output=True, text=True, env=environment)
    assert "leaks" not in done.stderr, done
    return done


def refused(done, message=""):
    assert done.returncode == 3 and done.stdout == "" and done.stderr.count("\n") == 1, done
    assert done.stderr.startswith("model: error: ") and message in done.stderr, done
    assert set(os.listdir(".")) - {"calls"} == before, os.listdir(".")


def tidy():
    if os.path.exists("trace.json"):
        os.remove("trace.json")
    for name in os.listdir("out") if os.path.isdir("out") else []:
        os.remove(os.path.join("out", name))
    if os.path.isdir("out"):
        os.rmdir("out")


for arguments in (["x.npy", "-o", "out"], ["--benchmark=0"], ["--benchmark=0", "--profile=trace.json"]):
    done = run(arguments)
    assert done.returncode == 0 and done.stderr == "", done
    assert os.path.exists("trace.json") == (len(arguments) == 2 and "trace" in arguments[1])
    total = int(open("calls").read())
    assert total > 20, total
    tidy()
    tolerated = 0
    for call in range(1, total + 1):
        done = run(arguments, FAIL_AT=str(call))
        if done.returncode == 0:
            # Without pinned memory copies are slower, but right.
            tolerated += 1
            tidy()
        else:
            refused(done, "it broke (CUDA_ERROR_BROKEN)")
    assert tolerated == 1, tolerated

refused(run(["x.npy"], FAIL_AT="1", FAIL_WITH="100"), "the NVIDIA driver found no GPU")
refused(run(["x.npy", "--device=1"]), "GPU 1 was asked for, but the driver has 1, numbered from 0")
refused(run(["x.npy"], DLC_DEVICE="7"), "GPU 7 was asked for")

# A driver that is too old, and none at all.
os.rename("libcuda.so.1", "kept")
open("empty.c", "w").close()
subprocess.run(["cc", "-shared", "empty.c", "-o", "libcuda.so.1"], check=True)
os.remove("empty.c")
before |= {"kept"}
refused(run(["x.npy"]), "the NVIDIA driver is too old: it lacks cu")
open("libcuda.so.1", "w").close()
refused(run(["x.npy"]), "there is no NVIDIA driver (")
