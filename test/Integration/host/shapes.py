# REQUIRES: onnxruntime
# RUN: %python %s
"""Several shapes in one program: `--dim batch=1,2 --dim seq=4,24`. The inputs choose,
weights are there once, the arena is that of the largest. With --target=cuda for a GPU."""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dlc_targets import on_cuda, target_flags
from dlc_testing import DLC, Failure, Program, compare, reference, run_command

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
CUDA = on_cuda(FLAGS)
BATCH, SEQ = (1, 2), (4, 24)
VOCABULARY, HIDDEN, HEADS = 6000, 32, 2
RNG = np.random.default_rng(0)


def make_model():
    """An embedding and one block of a transformer."""
    nodes, weights = [], []

    def weight(*shape):
        array = RNG.standard_normal(shape) / np.sqrt(shape[0])
        weights.append(numpy_helper.from_array(array.astype(np.float32), f"w{len(weights)}"))
        return weights[-1].name

    def integers(*values):
        weights.append(numpy_helper.from_array(np.array(values, np.int64), f"w{len(weights)}"))
        return weights[-1].name

    def node(op, *operands, **attributes):
        nodes.append(helper.make_node(op, operands, [f"t{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "seq"])
    scale = helper.make_tensor_value_info("scale", TensorProto.FLOAT, ["batch", 1, 1])
    x = node("Mul", node("Gather", weight(VOCABULARY, HIDDEN), "ids"), "scale")
    split, join = integers(0, 0, HEADS, HIDDEN // HEADS), integers(0, 0, HIDDEN)
    q, k, v = (node("Transpose", node("Reshape", node("MatMul", x, weight(HIDDEN, HIDDEN)), split), perm=perm)
               for perm in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]))
    scores = node("Softmax", node("MatMul", q, k), axis=-1)
    context = node("Reshape", node("Transpose", node("MatMul", scores, v), perm=[0, 2, 1, 3]), join)
    x = node("Add", x, node("MatMul", context, weight(HIDDEN, HIDDEN)))
    nodes.append(helper.make_node("MatMul", [node("Relu", node("MatMul", x, weight(HIDDEN, 64))), weight(64, HIDDEN)],
                                  ["y"]))
    nodes.append(helper.make_node("ReduceMax", ["y", integers(1)], ["top"], keepdims=0))
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", "seq", HIDDEN]),
               helper.make_tensor_value_info("top", TensorProto.FLOAT, ["batch", HIDDEN])]
    graph = helper.make_graph(nodes, "shapes", [ids, scale], outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def make_inputs(batch, seq):
    return {"ids": RNG.integers(0, VOCABULARY, (batch, seq)),
            "scale": RNG.standard_normal((batch, 1, 1)).astype(np.float32)}


def expect(what, value, wanted):
    if value != wanted:
        sys.exit(f"{what}: {value!r} instead of {wanted!r}")


def refused(command, *texts):
    """One line on stderr that holds the texts, exit code 2."""
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("dlc-sim")]
    if done.returncode != 2 or len(lines) != 1 or not all(text in lines[0] for text in texts):
        sys.exit(f"{command}: {done.returncode}, {done.stderr!r} instead of {texts}")


def save(folder, **arrays):
    paths = []
    for name, array in arrays.items():
        paths.append(os.path.join(folder, f"{name}.npy"))
        np.save(paths[-1], array)
    return paths


def check_results(model, program):
    """Every shape, and larger ones before smaller ones: nothing is left over."""
    for batch, seq in [(b, s) for b in reversed(BATCH) for s in SEQ]:
        inputs = make_inputs(batch, seq)
        got = program.run(inputs)
        for name, wanted in reference(model, inputs).items():
            if problem := compare(got[name], wanted):
                sys.exit(f"batch={batch}, seq={seq}: {name} {problem}")


def check_sizes(model, program, path):
    """The arena of the largest, the weights of each, in the file once."""
    info = program.info()
    singles = {}
    for batch in BATCH:
        for seq in SEQ:
            dims = ["--dim", f"batch={batch}", "--dim", f"seq={seq}"]
            plan = os.path.join(program.folder, "plan.json")
            run_command([DLC, path, *dims, *target_flags(FLAGS), "--emit=arena", f"--memory-report={plan}",
                         "-o", os.path.join(program.folder, "one.mlir")])
            with open(plan) as file:
                singles[f"batch={batch},seq={seq}"] = json.load(file)
    expect("specialisations", [s["dims"] for s in info["specialisations"]], list(singles))
    for each in info["specialisations"]:
        expect(each["dims"], each["arena_bytes"], singles[each["dims"]]["arena_bytes"])
    expect("arena", info["arena_bytes"], max(s["arena_bytes"] for s in singles.values()))
    expect("lower bound", info["lower_bound"], max(s["lower_bound_bytes"] for s in singles.values()))
    for single in singles.values():
        expect("weights", info["weights_bytes"], single["weights_bytes"])
    if not CUDA:
        with Program(model, "--dim", "batch=2", "--dim", "seq=24") as one:
            grown = os.path.getsize(program.path) - os.path.getsize(one.path)
            assert grown < info["weights_bytes"] / 2, grown


def check_choice(program):
    """What chooses, and what does not fit."""
    with tempfile.TemporaryDirectory() as folder:
        ids, scale, long, three = save(folder, ids=np.zeros((2, 24), np.int64), scale=np.ones((1, 1, 1), np.float32),
                                       long=np.zeros((1, 25), np.int64), three=np.ones((3, 1, 1), np.float32))
        out = os.path.join(folder, "out")
        run = [*program.command, "-o", out]
        refused([*run, long, scale], "cannot be input 'ids': its shape is 1x25, but the program was compiled for "
                "1x4 (batch=1,seq=4), 1x24 (batch=1,seq=24), 2x4 (batch=2,seq=4), 2x24 (batch=2,seq=24)")
        refused([*run, ids, scale], "cannot be input 'scale': its shape is 1x1x1, but the program was compiled for "
                "2x1x1 (batch=2,seq=24), given what was said before")
        refused([*run, ids, three], "its shape is 3x1x1")
        refused([*run, ids, scale, "--dim", "seq=25"], "--dim seq=25: the program was compiled for batch=1,seq=4;")
        refused([*run, ids, scale, "--dim", "seq="], "--dim needs NAME=VALUE, not 'seq='")
        refused([*run, ids, scale, "--dim=seq=4"], "its shape is 2x24, but the program was compiled for 1x4")
        assert not os.path.exists(out)

        measure = [*program.command, "--benchmark=0.01", "--json"]
        for arguments, dims in (([], "batch=1,seq=4"), ([f"ids={ids}"], "batch=2,seq=24"),
                                ([f"scale={scale}", "--dim=seq=24"], "batch=1,seq=24"),
                                (["--dim", "batch=2", "--dim=seq=4"], "batch=2,seq=4")):
            measured = json.loads(run_command([*measure, *arguments]))
            expect(arguments, measured["dims"], dims)
            expect(arguments, f"batch={measured['inputs'][0]['shape'][0]},seq={measured['outputs'][0]['shape'][1]}", dims)
            assert measured["min_ms"] > 0, measured
        text = run_command([*program.command, "--benchmark=0.01", "--dim=batch=2"])
        assert text.startswith("measured       batch=2,seq=4\n"), text
    for flag in ("--info", "--help"):
        text = run_command([*program.command, flag])
        for dims in ("batch=1,seq=4", "batch=2,seq=24"):
            assert f"{dims}:" in text, text
        assert "int64 2x24\n" in text and "float32 1x4x32\n" in text, text


def check_device(program):
    """One allocation and one graph, whatever the number of shapes."""
    info = program.info()
    with tempfile.TemporaryDirectory() as folder:
        files = save(folder, ids=np.zeros((1, 4), np.int64), scale=np.ones((1, 1, 1), np.float32))
        stats = os.path.join(folder, "stats.json")
        launcher, *rest = program.command
        run_command([launcher, f"--stats={stats}", *rest, *files, "-o", folder])
        with open(stats) as file:
            stats = json.load(file)
    expect("allocations", stats["device_allocations"], 1)
    expect("bytes", stats["device_bytes_peak"], info["device_bytes"])
    expect("graphs", stats["calls"]["cuGraphInstantiate"], 1)
    expect("kernels", stats["kernel_launches"], info["specialisations"][0]["launches"])
    expect("findings", stats["findings"] + stats["leaks"], 0)


def check_levels(model, path, folder):
    """Every level holds all shapes, and leads to the same program."""
    dims = ["--dim", "batch=1", "--dim", "seq=4,24"]
    for level in ("nn", "dispatch", "scheduled", "arena", "llvm"):
        text = os.path.join(folder, f"{level}.mlir")
        run_command([DLC, path, *dims, *target_flags(FLAGS), f"--emit={level}", "-o", text])
        with open(text) as file:
            expect(level, file.read().count('dlc.dims = "seq='), 2)
        if CUDA or level not in ("nn", "arena"):
            continue
        with Program(text, *FLAGS) as program:
            for seq in (4, 24):
                inputs = make_inputs(1, seq)
                if problem := compare(program.run(inputs)["y"], reference(model, inputs)["y"]):
                    sys.exit(f"from {level}: seq={seq}: {problem}")


def check_bad_lists(path):
    compile = [DLC, path, *target_flags(FLAGS), "--emit=nn", "-o", "-"]
    fits = ["--dim", "batch=1"]
    refused([*compile, *fits, "--dim", "seq=16,16"], "--dim seq=16,16: 16 is there twice")
    refused([*compile, *fits, "--dim", "seq="], "--dim wants name=value, got 'seq='")
    refused([*compile, *fits, "--dim", "seq=16,"], "--dim seq=16,: '' is no dimension")
    refused([*compile, *fits, "--dim", "seq=16,x"], "'x' is no dimension")
    refused([*compile, *fits, "--dim", "seq=0,4"], "--dim seq=0,4: a dimension of several values can't be 0")
    refused([*compile, *fits, "--dim", "seq=4", "--dim", "seq=8"], "--dim seq is given twice (several values are written")
    refused([*compile, *fits, "--dim", "sec=4,8"], "have no dimension of this name; the named ones are 'batch', 'seq'")
    many = ",".join(map(str, range(1, 10)))
    refused([*compile, "--dim", f"batch={many}", "--dim", f"seq={many}"], "more than 64 combinations")
    refused([*compile, "--shape", "ids=1x4", "--dim", "batch=1,2"], "makes the dimension 'batch' 1", "(with --dim batch=2)")


model = make_model()
dims = ["--dim", "batch=" + ",".join(map(str, BATCH)), "--dim", "seq=" + ",".join(map(str, SEQ))]
try:
    with Program(model, *dims, *FLAGS) as program:
        path = os.path.join(program.folder, "model.onnx")
        check_results(model, program)
        check_sizes(model, program, path)
        check_choice(program)
        check_bad_lists(path)
        check_levels(model, path, program.folder)
        if CUDA and len(program.command) == 2:
            check_device(program)
    if not CUDA:
        with Program(model, *dims[:2], "--dim", "seq=4,24", "--cpu=x86-64-v3,x86-64-v2") as program:
            check_results(model, program)
except Failure as failure:
    sys.exit(str(failure))
