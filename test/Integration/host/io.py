# REQUIRES: onnxruntime
# RUN: %python %s
"""--io=arena: inputs and outputs are slots of the arena. The memory that a program needs
falls, results stay the same, and every run gets its inputs anew. With --target=cuda for a GPU."""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from dlc_targets import on_cuda, target_flags
from dlc_testing import DLC, Failure, Program, compare, reference, run_command

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
CUDA = on_cuda(FLAGS)
RNG = np.random.default_rng(3)
N, D = 32, 128


def make_model():
    """Values as large as the input, one after the other, each computed from another width;
    a second output that is an input, a third that is in place of one."""
    weight = {f"w{i}": RNG.standard_normal((D, D)).astype(np.float32) / 12 for i in range(3)}
    nodes = [helper.make_node("MatMul", ["x", "w0"], ["a"]),
             helper.make_node("Relu", ["a"], ["b"]),
             helper.make_node("MatMul", ["b", "w1"], ["c"]),
             helper.make_node("Tanh", ["c"], ["d"]),
             helper.make_node("MatMul", ["d", "w2"], ["y"]),
             helper.make_node("Identity", ["s"], ["same"]),
             helper.make_node("Tanh", ["s"], ["t"])]
    value = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)  # noqa: E731
    graph = helper.make_graph(nodes, "io", [value("x", "n", D), value("s", "n", 8)],
                              [value("y", "n", D), value("same", "n", 8), value("t", "n", 8)],
                              [numpy_helper.from_array(w, n) for n, w in weight.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def make_inputs(n):
    return {"x": RNG.standard_normal((n, D)).astype(np.float32), "s": RNG.standard_normal((n, 8)).astype(np.float32)}


def check(condition, *about):
    if not condition:
        sys.exit(" ".join(map(str, about)))


def check_results(program, model, n):
    inputs = make_inputs(n)
    expected = reference(model, inputs)
    once = program.run(inputs)
    # Many runs of one process before the outputs are written.
    many = program.run(inputs, "--benchmark=0.02")
    for name, wanted in expected.items():
        for got in (once, many):
            problem = compare(got[name], wanted)
            check(not problem, name, problem)


def needed(info):
    """Bytes of the arena and of what is outside of it."""
    return info["arena_bytes"] + (0 if info.get("io") == "arena" else
                                  sum(t["bytes"] for t in info["inputs"] + info["outputs"]))


def check_library(folder):
    """The caller puts inputs into the arena and finds outputs there."""
    user = os.path.join(folder, "use.c")
    with open(user, "w") as file:
        file.write("""
#include "io.h"
#include <stdio.h>
#include <string.h>
static _Alignas(64) unsigned char arena[IO_ARENA_BYTES];
int main(void) {
  if (io_check(IO_ABI_VERSION, IO_BUILD_ID) != DLC_OK || io_run(0) != DLC_ERROR_NULL)
    return 1;
  for (int run = 0; run < 2; ++run) {
    float *s = (float *)(arena + IO_INPUT1_OFFSET), *t = (float *)(arena + IO_OUTPUT1_OFFSET);
    memset(arena, 0x3f, sizeof(arena));
    for (unsigned i = 0; i < IO_INPUT1_BYTES / 4; ++i)
      s[i] = (float)(i + (unsigned)run);
    if (io_run(arena) != DLC_OK)
      return 2;
    for (unsigned i = 0; i < IO_OUTPUT1_BYTES / 4; ++i)
      if (t[i] != (float)(i + (unsigned)run))
        return 3;
  }
  puts("ok");
  return 0;
}
""")
    library = os.path.join(folder, "io")
    run_command([DLC, os.path.join(folder, "model.onnx"), "--dim", f"n={N}", "--io=arena", "--emit=lib", "-o", library])
    run_command(["cc", "-std=c11", "-Wall", "-Werror", "-I", folder, user, f"{folder}/libio.a", "-o", f"{folder}/use"])
    check(run_command([f"{folder}/use"]) == "ok\n", "the library")
    with open(library + ".h") as file:
        header = file.read()
    check("int32_t io_run(void *arena);" in header and "put all of them there before each" in header, header[-3000:])


def check_copies(program):
    """On a GPU: all memory is weights and arena, each input is copied in once a run."""
    info = program.info()
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, array in make_inputs(N).items():
            files.append(os.path.join(folder, name + ".npy"))
            np.save(files[-1], array)
        stats = os.path.join(folder, "stats.json")
        launcher, *rest = program.command
        run_command([launcher, f"--stats={stats}", *rest, *files, "-o", folder])
        with open(stats) as file:
            stats = json.load(file)
    check(stats["device_bytes_peak"] == info["device_bytes"], stats)
    check(stats["device_allocations"] == 1 and stats["findings"] + stats["leaks"] == 0, stats)
    check(stats["calls"]["cuMemcpyDtoHAsync"] == 3, stats["calls"])
    check(info["device_bytes"] < info["weights_bytes"] + info["arena_bytes"] + 512, info)


model = make_model()
try:
    with Program(model, "--dim", f"n={N}", *FLAGS) as caller, Program(model, "--dim", f"n={N}", "--io=arena", *FLAGS) as arena:
        check_results(arena, model, N)
        before, after = needed(caller.info()), needed(arena.info())
        check(after + 4 * N * D <= before, "the arena takes", after, "instead of", before)
        text = run_command([*arena.command, "--info"])
        check(", with inputs and outputs\n" in text, text)
        text = run_command([*arena.command, "--benchmark=0.01"])
        check(" with inputs and outputs)" in text, text)
        if CUDA:
            check(arena.info()["device_bytes"] < caller.info()["device_bytes"], arena.info())
            if len(arena.command) == 2:
                check_copies(arena)
        else:
            check_library(arena.folder)
            done = subprocess.run([DLC, os.path.join(arena.folder, "model.onnx"), "--io=heap"], capture_output=True, text=True)
            check(done.returncode == 2 and "--io=heap: caller and arena are known" in done.stderr, done)
    with Program(model, "--dim", f"n=4,{N}", "--io=arena", *FLAGS) as program:
        for n in (N, 4):
            check_results(program, model, n)
except Failure as failure:
    sys.exit(str(failure))
