# RUN: rm -rf %t && mkdir %t && %python %s %t
"""A CUDA program takes device memory once, as much as was planned, and does one copy in,
one graph launch and one copy out a run; nothing is allocated after start-up. What can not
run says so before anything is taken: seen by the simulator's statistics."""
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(os.environ["DLC_SOURCE_ROOT"])
sys.path.insert(0, str(ROOT / "test/Pipeline/Inputs"))
from toolkit import DLC, ok, write_mlp

os.chdir(sys.argv[1])
SIM = str(Path(os.environ["DLC_BIN"]) / "dlc-sim")
MODEL = ROOT / "test/Target/CUDA/Inputs/model.mlir"
write_mlp("mlp.mlir")
np.save("mlp.npy", np.linspace(-1, 1, 48, dtype=np.float32).reshape(3, 16))
np.save("model.npy", np.zeros((32, 32), np.float32))
for name, source in (("mlp", "mlp.mlir"), ("model", MODEL)):
    ok(DLC, source, "--target=cuda", "--arch=compute_80", "-o", name)


def simulate(*arguments, options=()):
    """What came of a run, and its statistics."""
    done = subprocess.run([SIM, "--stats=stats.json", *options, *arguments], capture_output=True, text=True)
    return done, json.loads(Path("stats.json").read_text())


def expect(what, value, wanted):
    if value != wanted:
        sys.exit(f"{what}: {value} instead of {wanted}")


def check_run(name, *arguments):
    info = json.loads(ok(f"./{name}", "--info", "--json"))
    done, stats = simulate(f"./{name}", *arguments)
    expect(name, (done.returncode, done.stderr), (0, ""))
    runs = stats["graph_launches"]
    if "--json" in arguments:
        # The first one, those that warm up, and those that count.
        assert runs > json.loads(done.stdout)["runs"], done.stdout
    else:
        expect("runs", runs, 1)
    expect("allocations", stats["device_allocations"], 1)
    expect("calls of cuMemAlloc", stats["calls"]["cuMemAlloc"], 1)
    expect("bytes", stats["device_bytes_peak"], info["device_bytes"])
    expect("later allocations", stats["device_allocations_after_launch"] + stats["host_allocations_after_launch"], 0)
    expect("graphs", stats["calls"]["cuGraphInstantiate"], 1)
    expect("launches without a graph", stats["calls"].get("cuLaunchKernel", 0), 0)
    expect("kernels", stats["kernel_launches"], info["launches"] * runs)
    expect("copies out", stats["calls"]["cuMemcpyDtoHAsync"], runs)
    expect("copies in, and of the weights", stats["calls"]["cuMemcpyHtoDAsync"], runs + 1)
    expect("findings and leaks", stats["findings"] + stats["leaks"], 0)


for name in ("mlp", "model"):
    check_run(name, f"{name}.npy", "-o", "out")
    check_run(name, "--benchmark=0.02", "--json")


def check_refusal(message, name, *options):
    done, stats = simulate(f"./{name}", "model.npy", options=options)
    expect("exit code", done.returncode, 3)
    lines = [line for line in done.stderr.splitlines() if line.startswith(f"{name}: ")]
    assert len(lines) == 1 and lines[0].startswith(f"{name}: error: {message}"), done.stderr
    assert done.stdout == "" and not os.path.exists("y.npy"), done
    expect("leaks", stats["leaks"], 0)
    return stats


def check_early_refusal(*arguments):
    stats = check_refusal(*arguments)
    expect("allocations", stats["device_allocations"] + stats["host_allocations"], 0)
    expect("bytes to the device", stats["bytes_to_device"], 0)


# Too little memory, another architecture: known before anything is taken.
check_early_refusal("too little memory on the GPU (", "model", "--memory=16K")
ok(DLC, MODEL, "--target=cuda", "--arch=compute_90", "-o", "hopper")
check_early_refusal("the program has code for compute_90, but the GPU (", "hopper", "--device=sm_80")

# A kernel that leaves its memory: a fault of the GPU, seen when the run ends.
Path("faulty.mlir").write_text(MODEL.read_text().replace("blocks in (%c8,", "blocks in (%c1024,"))
ok(DLC, "faulty.mlir", "--target=cuda", "--arch=compute_80", "-o", "faulty")
check_refusal("the GPU failed while it ran the model: ", "faulty")
