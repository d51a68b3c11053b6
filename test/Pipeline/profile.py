# RUN: rm -rf %t && mkdir %t && %python %s %t
"""--profile: a Chrome trace that says what ran when, on the host and on a GPU. The outputs are
those of a run without it; nothing is left behind where it fails."""
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "Inputs"))
from toolkit import ok as run
from dlc_targets import launcher, target_flags

os.chdir(sys.argv[1])
# Two kernels: what follows a product is a part of it, the second one depends on the first.
Path("mlp.mlir").write_text("""
#loc = loc("net.onnx":0:0)
func.func @main(%x: tensor<64x128xf32> {dlc.name = "x"}) -> (tensor<64x32xf32> {dlc.name = "y"}) {
  %v = nn.constant dense<"0xVVVV"> : tensor<128x96xf32>
  %w = nn.constant dense<"0xWWWW"> : tensor<96x32xf32>
  %0 = nn.matmul %x, %v : (tensor<64x128xf32>, tensor<128x96xf32>) -> tensor<64x96xf32> loc("fc1 (Gemm)"(#loc))
  %1 = nn.relu %0 : (tensor<64x96xf32>) -> tensor<64x96xf32> loc("act (Relu)"(#loc))
  %2 = nn.matmul %1, %w : (tensor<64x96xf32>, tensor<96x32xf32>) -> tensor<64x32xf32> loc("fc2 \\"2\\" (Gemm)"(#loc))
  return %2 : tensor<64x32xf32>
}
""".replace("VVVV", (np.arange(128 * 96, dtype=np.float32) / 1e5).tobytes().hex().upper())
   .replace("WWWW", (np.arange(96 * 32, dtype=np.float32) / 1e5).tobytes().hex().upper()))
np.save("x.npy", np.random.default_rng(1).standard_normal((64, 128), "float32"))


def check(trace, on_gpu, threads):
    trace = json.load(open(trace))
    events = trace["traceEvents"]
    rows = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    spans = [e for e in events if e["ph"] == "X"]
    assert all(e["ts"] >= 0 and e["dur"] >= 0 for e in spans) and min(e["ts"] for e in spans) == 0
    on = lambda row: sorted((e for e in spans if rows[e["tid"]].startswith(row)), key=lambda e: e["ts"])
    runs = [e for e in on("launches") if e["name"].startswith("run ")]
    assert 1 <= len(runs) <= 10 and runs[0]["name"] == "run 0", runs
    launches = [e for e in on("launches") if not e["name"].startswith("run ")]
    assert [e["name"] for e in launches] == ["fc1 (Gemm), act (Relu)", 'fc2 "2" (Gemm)'] * len(runs), launches
    # One after the other, each within its run.
    for before, after in zip(launches, launches[1:]):
        assert before["ts"] + before["dur"] <= after["ts"] + 0.01
    for i, e in enumerate(launches):
        run = runs[i // 2]
        assert run["ts"] <= e["ts"] + 0.01 and e["ts"] + e["dur"] <= run["ts"] + run["dur"] + 100, (run, e)
    first, second = launches[0]["args"], launches[1]["args"]
    assert first["FLOP"] == 2 * 64 * 128 * 96 + 64 * 96, first
    assert second["FLOP"] == 2 * 64 * 96 * 32, second
    assert first["bytes written"] == 4 * 64 * 96 and second["bytes written"] == 4 * 64 * 32
    # weights that were packed for the kernel may be a little larger
    assert 4 * (64 * 128 + 128 * 96) <= first["bytes read"] <= 4 * (64 * 128 + 128 * 128), first
    assert first["shapes"].startswith("f32[64,128], f32[") and first["shapes"].endswith("-> f32[64,96]"), first
    for e in launches:
        nanoseconds = e["dur"] * 1000
        assert abs(e["args"]["GFLOP/s"] - e["args"]["FLOP"] / nanoseconds) <= 0.001 + 0.02 * e["args"]["GFLOP/s"], e
    if on_gpu:
        assert trace["otherData"]["target"] == "cuda"
        kernels = on("kernels on ")
        assert len(kernels) >= 2 * len(runs) and all("x" in e["args"]["grid"] for e in kernels), kernels
        copies = on("copies")
        assert [e["args"]["bytes"] for e in copies] == [4 * 64 * 128, 4 * 64 * 32] * len(runs), copies
        return
    assert trace["otherData"]["target"] == "host"
    items = on("thread ")
    assert 1 <= len({e["tid"] for e in items}) <= threads
    # What the threads did is all of each launch, once.
    for kernel in ("fc1 (Gemm), act (Relu)", 'fc2 "2" (Gemm)'):
        mine = [e for e in items if e["name"] == kernel]
        count = next(e["args"]["work items"] for e in launches if e["name"] == kernel)
        assert sum(e["args"]["to"] - e["args"]["from"] for e in mine) == count * len(runs), mine


def refused(arguments, message, code=2):
    before = sorted(os.listdir("."))
    done = subprocess.run(["./model", *arguments], capture_output=True, text=True)
    assert done.returncode == code and message in done.stderr and done.stderr.count("\n") == 1, done
    assert sorted(os.listdir(".")) == before, os.listdir(".")


for flags in ([], ["--io=arena"], ["--target=cuda"], ["--target=cuda", "--io=arena"]):
    on_gpu = flags[:1] == ["--target=cuda"]
    run("dlc", "mlp.mlir", *target_flags(flags), "-o", "model")
    start = [*launcher(flags), "./model", "x.npy"]
    run(*start, "-o", "plain")
    for options, threads in (((["--threads=1"], 1), (["--threads=3"], 3)) if not on_gpu else (([], 0),)):
        run(*start, *options, "--profile=trace.json", "-o", "out")
        assert Path("plain/y.npy").read_bytes() == Path("out/y.npy").read_bytes(), flags
        check("trace.json", on_gpu, threads)
    assert sorted(os.listdir(".")) == ["mlp.mlir", "model", "out", "plain", "trace.json", "x.npy"]

run("dlc", "mlp.mlir", "-o", "model")
run("./model", "--benchmark=0.01", "--profile=trace.json")
check("trace.json", False, 256)
refused(["x.npy", "--profile=none/trace.json"], "--profile=none/trace.json: cannot write: No such file")
refused(["x.npy", "--profile=out"], "--profile=out: cannot write: Is a directory")
refused(["x.npy", "--profile"], "--profile needs a file")
refused(["x.npy", "--profile=a", "--profile=b"], "given twice")
refused(["--info", "--profile=a"], "--profile is for runs")
refused(["none.npy", "--profile=a"], "none.npy: cannot open")
