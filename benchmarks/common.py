"""What the benchmarks of all targets share: inputs, comparison, measuring commands."""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

# A sanity check beside the timing; test/Integration is the judge. The absolute tolerance
# grows with outputs above 1, because the peer rounds, too: onnxruntime's resnet50 is
# 2.7e-5 off a float64 evaluation, ours 2.0e-5, for outputs up to 2.
RTOL, ATOL, GROWTH = 1e-3, 1e-5, 2.5


def measured(command):
    """Runs a command; returns seconds, CPU seconds and peak memory in bytes. The peak counts what a
    process had before exec, its parent's: see `peak_of`."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            text = output.read().decode(errors="replace").strip()
            raise RuntimeError(text or f"{command[0]} exited with {process.returncode}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


# A process between this one and a command, of about 14 MB (but 3 ms slower to start what it is given).
LAUNCHER = """import os, sys
_, status, usage = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
os.write(int(sys.argv[1]), f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}".encode())
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_of(command):
    """Runs a command; returns CPU seconds and its own peak memory in bytes, if that is over 14 MB."""
    read, write = os.pipe()
    with open(read) as figures:
        done = subprocess.run([sys.executable, "-I", "-S", "-c", LAUNCHER, str(write), *command],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[write])
        os.close(write)
        if done.returncode:
            raise RuntimeError(done.stdout.decode(errors="replace").strip() or f"{command[0]} exited with {done.returncode}")
        cpu, peak = figures.read().split()
    return float(cpu), int(peak) * 1024


def model_inputs(path, session):
    """Arrays for the inputs of the model, from the file beside it or random."""
    npz = path.with_suffix("").with_suffix(".inputs.npz")
    if not npz.exists():
        npz = path.parent / (path.stem + ".inputs.npz")
    if npz.exists():
        stored = np.load(npz)
        return {name: stored[name] for name in stored.files}
    types = {"tensor(float)": np.float32, "tensor(double)": np.float64,
             "tensor(int64)": np.int64, "tensor(int32)": np.int32,
             "tensor(float16)": np.float16, "tensor(uint8)": np.uint8,
             "tensor(bool)": np.bool_}
    random = np.random.default_rng(0)
    inputs = {}
    for info in session.get_inputs():
        shape = [d if isinstance(d, int) and d > 0 else 1 for d in info.shape]
        inputs[info.name] = random.random(shape).astype(types[info.type])
    return inputs


def file_name(name):
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def check(outputs, session, expected):
    """The largest error; fails where it is outside of the tolerance."""
    worst = 0.0
    for info, want in zip(session.get_outputs(), expected):
        have = np.load(outputs / (file_name(info.name) + ".npy"))
        if have.shape != want.shape:
            raise RuntimeError(f"output {info.name} has shape {have.shape}, not {want.shape}")
        if want.size:
            worst = max(worst, float(np.max(np.abs(have.astype(np.float64) - want))))
        scale = float(np.max(np.abs(want))) if want.size else 0.0
        atol = ATOL * (GROWTH * scale if scale > 1 else 1)
        if not np.allclose(have, want, rtol=RTOL, atol=atol, equal_nan=True):
            raise RuntimeError(f"output {info.name} is wrong: error up to {worst:g}")
    return worst


def shape_flags(inputs):
    """dlc's flags that bind symbolic dimensions."""
    return [f"--shape={name}={'x'.join(map(str, a.shape))}" for name, a in inputs.items() if a.ndim]


def program_arguments(inputs, folder):
    """Writes the inputs; what a program's command line says about them."""
    arguments = []
    for name, array in inputs.items():
        path = folder / (file_name(name) + ".npy")
        np.save(path, array)
        arguments.append(f"{name}={path}")
    return arguments


def list_models(paths):
    models = []
    for path in paths:
        models += sorted(path.glob("*.onnx")) if path.is_dir() else [path]
    return models


def model_parser(doc):
    """A parser of the arguments that all benchmarks of models have."""
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    root = Path(__file__).resolve().parents[1]
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--dlc", default=root / "build/bin/dlc", type=Path)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    return parser


def measure_models(args, measure, describe, keep=None, summarise=lambda results: None):
    """Prints a line about each model: `describe(measure(path, folder))`. The folder is
    temporary unless `keep` names one. `summarise` gets all results at the end. Returns
    the exit status."""
    results, failed = [], 0
    for path in list_models(args.models):
        with tempfile.TemporaryDirectory() as temporary:
            folder = keep or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            try:
                result = measure(path, folder)
            except Exception as error:  # one bad model must not hide the others
                failed += 1
                print(f"{path.stem:24} failed: {(str(error).splitlines() or [repr(error)])[0][:150]}", flush=True)
                continue
        results.append(result)
        print(f"{path.stem:24} {describe(result)}", flush=True)
    summarise(results)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")
    return 1 if failed else 0
