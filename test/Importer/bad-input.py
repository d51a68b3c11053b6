# RUN: %python %s dlc-import
# REQUIRES: onnx
"""Broken, malicious and unsupported models, and arguments that do not fit: each ends
with the right exit code and one message that names the file, the node and the reason,
and leaves nothing behind."""

import os
import re
import struct
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

tool = sys.argv[1]
cases = []
root = tempfile.TemporaryDirectory()


def info(name, shape, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def model(nodes, inputs=None, outputs=None, tensors=(), opset=18, ir_version=10, domains=(),
          functions=()):
    inputs = inputs if inputs is not None else [info("x", [2, 3])]
    outputs = outputs if outputs is not None else [info("y", None)]
    graph = helper.make_graph(list(nodes), "g", inputs, outputs, list(tensors))
    for output in graph.output:  # no shape declared: any
        if not output.type.tensor_type.HasField("shape"):
            output.type.tensor_type.shape.SetInParent()
            output.type.tensor_type.ClearField("shape")
    imports = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=imports, ir_version=ir_version,
                             functions=list(functions))


def node(op, inputs=("x",), outputs=("y",), name="the_node", **attributes):
    return helper.make_node(op, list(inputs), list(outputs), name=name, **attributes)


def case(name, content, *expected, args=(), status=1, setup=None):
    """`content` is a model or bytes; `setup(folder)` may put more files beside it."""
    if not isinstance(content, bytes):
        content = content.SerializeToString()
    cases.append((name, content, expected, args, status, setup))


def out(shape, dtype=TensorProto.FLOAT):
    return [info("y", shape, dtype)]


good = model([node("Relu")], outputs=out([2, 3]))
good_bytes = good.SerializeToString()


def edit(source, change):
    copy = onnx.ModelProto()
    copy.CopyFrom(source)
    change(copy)
    return copy


# --- The file itself -----------------------------------------------------------------
case("empty", b"", "empty")
case("garbage", bytes(range(256)) * 8, "truncated or corrupt")
case("text", b"this is no model\n" * 10, "truncated or corrupt")
case("truncated", good_bytes[:-7], "truncated or corrupt")
case("half", good_bytes[: len(good_bytes) // 2], "truncated or corrupt")
case("long-field", b"\x3a\xff\xff\xff\xff\x07" + b"x" * 64, "truncated or corrupt")
case("no-graph", onnx.ModelProto(ir_version=10), "no graph")
case("no-ir-version", edit(good, lambda m: m.ClearField("ir_version")), "ir_version")
case("future-ir-version", edit(good, lambda m: setattr(m, "ir_version", 9999)), "9999", "newer")
case("no-opset", edit(good, lambda m: m.ClearField("opset_import")), "operator set")
case("future-opset", model([node("Relu")], outputs=out([2, 3]), opset=999), "999")
case("negative-opset", model([node("Relu")], outputs=out([2, 3]), opset=-3), "-3")


def nested_bytes(levels):
    """Raw protobuf of GraphProtos within attributes within nodes, far too deep."""
    def field(number, payload):
        size, length = len(payload), b""
        while True:
            byte, size = size & 127, size >> 7
            length += bytes([byte | (128 if size else 0)])
            if not size:
                return bytes([number << 3 | 2]) + length + payload
    graph = field(2, b"g")
    for _ in range(levels):
        graph = field(2, b"g") + field(1, field(5, field(6, graph)))
    return b"\x08\x0a" + field(7, graph)


case("deep-nesting", nested_bytes(5000), "truncated or corrupt")

# --- The graph -----------------------------------------------------------------------
case("cycle", model([node("Relu", ["b"], ["a"], "first"), node("Relu", ["a"], ["b"], "second"),
                     node("Add", ["x", "a"], ["y"], "third")], outputs=out([2, 3])),
     "first (Relu)", "topologically sorted")
case("self-loop", model([node("Add", ["x", "y"])], outputs=out([2, 3])), "the_node (Add)")
case("missing-input", model([node("Add", ["x", "nowhere"])], outputs=out([2, 3])),
     "the_node (Add)", "nowhere")
case("missing-output", model([node("Relu", ["x"], ["z"])], outputs=out([2, 3])), "'y'")
case("duplicate-value", model([node("Relu", ["x"], ["y"], "a"), node("Abs", ["x"], ["y"], "b")],
                              outputs=out([2, 3])), "'y'", "multiple times")
case("duplicate-input", model([node("Relu")], [info("x", [2, 3]), info("x", [2, 3])],
                              out([2, 3])), "'x'")
case("duplicate-initializer",
     model([node("Add", ["x", "w"])], outputs=out([2, 3]),
           tensors=[numpy_helper.from_array(np.zeros(3, np.float32), "w")] * 2), "w", "unique")
case("duplicate-output", model([node("Relu")], outputs=out([2, 3]) * 2), "'y'")
case("no-outputs", model([node("Relu")], outputs=[]), "no outputs")
case("unknown-op", model([node("Frobnicate")], outputs=out([2, 3])), "the_node (Frobnicate)")
case("experimental-op", model([node("ATen")], outputs=out([2, 3])), "the_node (ATen)", "experimental")
case("unknown-domain", model([node("Frob", domain="com.acme"), node("Frob", ["y"], ["z"], "other",
                                                                     domain="com.acme")],
                             outputs=[info("z", [2, 3])], domains=["com.acme"]),
     "com.acme.Frob", "'the_node'", "'other'", "2 nodes")
case("undeclared-domain", model([node("Frob", domain="com.acme")], outputs=out([2, 3])), "com.acme")
case("unsupported-ops", model([node("Decode", ["b"], ["n"], "decode", domain="com.acme"),
                               node("Noise", ["x"], ["u"], "random", domain="com.acme"), node("Relu", ["u"])],
                              [info("x", [2, 3]), info("b", [5], TensorProto.UINT8)],
                              [info("y", [2, 3]), info("n", ["h", "w", 3], TensorProto.UINT8)], domains=["com.acme"]),
     "2 nodes", "com.acme.Decode ('decode')", "com.acme.Noise ('random')")
case("too-few-inputs", model([node("Add", ["x"])], outputs=out([2, 3])), "the_node (Add)")
case("too-many-inputs", model([node("Relu", ["x", "x"])], outputs=out([2, 3])), "the_node (Relu)")
case("wrong-attribute-type", model([node("Softmax", axis="one")], outputs=out([2, 3])),
     "the_node (Softmax)", "axis")
case("unknown-attribute", model([node("Relu", colour=1)], outputs=out([2, 3])),
     "the_node (Relu)", "colour")
case("missing-attribute", model([node("Concat", ["x", "x"])], outputs=out([4, 3])),
     "the_node (Concat)", "axis")
case("axis-out-of-range", model([node("Softmax", axis=7)], outputs=out([2, 3])),
     "the_node (Softmax)")
case("mixed-types", model([node("Add", ["x", "i"])], [info("x", [2, 3]),
                                                       info("i", [2, 3], TensorProto.INT64)],
                          out([2, 3])), "the_node (Add)")
case("wrong-operand-type", model([node("Sqrt")], [info("x", [2, 3], TensorProto.STRING)],
                                 out([2, 3], TensorProto.STRING)), "string")
case("shapes-do-not-broadcast", model([node("Add", ["x", "z"])],
                                      [info("x", [2, 3]), info("z", [2, 4])], out([2, 3])),
     "the_node (Add)")
case("inner-sizes-differ", model([node("MatMul", ["x", "z"])],
                                 [info("x", [2, 3]), info("z", [4, 5])], out([2, 5])),
     "the_node (MatMul)")
case("einsum-characters", model([node("Einsum", equation="ij\x05\0\0\0->ji")], outputs=out([3, 2])),
     "the_node (Einsum)", "character")
case("wrong-output-type", model([node("Relu")], outputs=out([2, 3], TensorProto.INT64)), "the_node (Relu)|'y'")
case("sequence-input", model([node("SequenceAt", ["x", "i"])],
                             [helper.make_value_info("x", helper.make_sequence_type_proto(
                                 helper.make_tensor_type_proto(TensorProto.FLOAT, [2, 3]))),
                              info("i", [], TensorProto.INT64)], out([2, 3])), "'x'", "sequence", "--dim 'x[]=1'", status=2)
case("data-dependent-shape", model([node("Reshape", ["x", "s"])],
                                   [info("x", [2, 3]), info("s", [2], TensorProto.INT64)],
                                   out([2, 3])), "the_node (Reshape)", "--bind")
case("string-tensor", model([node("Identity", ["s"])], [], out([1], TensorProto.STRING), [
    helper.make_tensor("s", TensorProto.STRING, [1], [b"text"])]), "string")


def sparse_case(name, values, indices, dims, *expected):
    case(name, edit(good, lambda m: m.graph.sparse_initializer.append(helper.make_sparse_tensor(
        numpy_helper.from_array(np.array(values, np.float32), "sp"),
        numpy_helper.from_array(np.array(indices, np.int64), "ix"), dims))), *expected)


sparse_case("sparse-position", [1], [4], [4], "(ix)", "out of range")
sparse_case("sparse-index", [1], [[1, 2]], [4, 2], "(ix)", "out of range")
sparse_case("sparse-count", [1, 2], [[0, 1]], [4, 2], "(ix)", "NNZ")
sparse_case("sparse-size", [1], [0], [1 << 17, 1 << 13], "sparse initializer 'sp'", "when it is dense")

body = helper.make_function("f", "bomb", ["a"], ["b"], [helper.make_node("bomb", ["a"], ["b"],
                                                                          domain="f")],
                            [helper.make_opsetid("f", 1)])
case("recursive-function", model([node("bomb", domain="f")], outputs=out([2, 3]), domains=["f"],
                                 functions=[body]), "bomb|recurs|cycle")


def bomb(levels):
    functions = []
    for i in range(levels):
        inner = f"f{i + 1}" if i + 1 < levels else None
        nodes = [helper.make_node(inner or "Relu", ["a"], ["t"], domain="f" if inner else ""),
                 helper.make_node(inner or "Relu", ["t"], ["b"], domain="f" if inner else "")]
        functions.append(helper.make_function(
            "f", f"f{i}", ["a"], ["b"], nodes,
            [helper.make_opsetid("f", 1), helper.make_opsetid("", 18)]))
    return model([node("f0", domain="f")], outputs=out([2, 3]), domains=["f"], functions=functions)


case("function-bomb", bomb(40), "1000000 nodes")

# --- Sizes ---------------------------------------------------------------------------


def tensor(name, dtype, dims, **fields):
    return TensorProto(name=name, data_type=dtype, dims=dims, **fields)


def add(initializer, shape=(2, 3)):
    return model([node("Add", ["x", "w"])], [info("x", shape)], out(shape), [initializer])


case("raw-too-short", add(tensor("w", TensorProto.FLOAT, [3], raw_data=b"\0" * 11)), "w", "11 bytes")
case("raw-too-long", add(tensor("w", TensorProto.FLOAT, [3], raw_data=b"\0" * 16)), "'w'", "16 bytes")
case("big-raw-too-short", add(tensor("w", TensorProto.FLOAT, [2, 3000], raw_data=b"\0" * 100),
                              (2, 3000)), "w", "100 bytes")
case("typed-too-short", add(tensor("w", TensorProto.FLOAT, [3], float_data=[1.0, 2.0])), "w", "2")
case("no-data", add(tensor("w", TensorProto.FLOAT, [3])), "w")
case("wrong-typed-field", add(tensor("w", TensorProto.FLOAT, [3], int64_data=[1, 2, 3])), "int64_data")
case("two-data-fields", add(tensor("w", TensorProto.FLOAT, [1], float_data=[1.0],
                                   raw_data=b"\0" * 4)), "w")
case("negative-dim", add(tensor("w", TensorProto.FLOAT, [-3], raw_data=b"\0" * 12)), "w")
case("overflowing-dims", add(tensor("w", TensorProto.FLOAT, [1 << 62, 1 << 62, 16],
                                    raw_data=b"\0" * 12)), "w")
case("giant-dims", add(tensor("w", TensorProto.FLOAT, [1 << 40], raw_data=b"\0" * 12)), "w")
case("zero-with-data", add(tensor("w", TensorProto.FLOAT, [0], raw_data=b"\0" * 12)), "w")
case("undefined-type", add(tensor("w", 0, [3], raw_data=b"\0" * 12)), "w")
case("unknown-type", add(tensor("w", 77, [3], raw_data=b"\0" * 12)), "w")
case("complex", model([node("Identity", ["w"])], [], out([3], TensorProto.COMPLEX64), [
    tensor("w", TensorProto.COMPLEX64, [3], raw_data=b"\0" * 24)]), "complex64")
case("giant-input", model([node("Relu")], [info("x", [1 << 40, 1 << 20])],
                          out([1 << 40, 1 << 20])), "'x'")
case("giant-result", model([node("Expand", ["x", "w"])], [info("x", [1])], out([1 << 50]), [
    numpy_helper.from_array(np.array([1 << 50], np.int64), "w")]), "the_node (Expand)")
case("giant-constant", model([node("ConstantOfShape", ["w"])], [], out([1 << 50]), [
    numpy_helper.from_array(np.array([1 << 50], np.int64), "w")]), "the_node (ConstantOfShape)")
case("negative-shape", model([node("ConstantOfShape", ["w"])], [], out([4]), [
    numpy_helper.from_array(np.array([-4], np.int64), "w")]), "the_node (ConstantOfShape)|'y'")
case("negative-pads", model([node("Conv", ["x", "w"], pads=[-9, -9])], [info("x", [1, 1, 8])],
                            out([1, 1, 1]), [numpy_helper.from_array(np.ones((1, 1, 2), np.float32),
                                                                     "w")]), "the_node (Conv)")
case("zero-stride", model([node("MaxPool", kernel_shape=[2], strides=[0])], [info("x", [1, 1, 8])],
                          out([1, 1, 4])), "the_node (MaxPool)")
case("huge-kernel", model([node("MaxPool", kernel_shape=[1 << 62], dilations=[1 << 62])],
                          [info("x", [1, 1, 8])], out([1, 1, 4])), "the_node (MaxPool)")
case("conv-groups", model([node("Conv", ["x", "w"], group=3)], [info("x", [1, 4, 8])],
                          out([1, 4, 7]), [numpy_helper.from_array(np.ones((4, 2, 2), np.float32),
                                                                   "w")]), "the_node (Conv)")
case("zero-groups", model([node("Conv", ["x", "w"], group=0)], [info("x", [1, 4, 8])],
                          out([1, 4, 7]), [numpy_helper.from_array(np.ones((4, 4, 2), np.float32),
                                                                   "w")]), "the_node (Conv)")
case("reshape-mismatch", model([node("Reshape", ["x", "w"])], outputs=out([4, 2]), tensors=[
    numpy_helper.from_array(np.array([4, 2], np.int64), "w")]), "the_node (Reshape)")
case("gather-out-of-range", model([node("Gather", ["w", "i"])], [info("x", [1])],
                                  out([1], TensorProto.INT64), [
    numpy_helper.from_array(np.arange(2, dtype=np.int64), "w"),
    numpy_helper.from_array(np.array([9], np.int64), "i")]), "'y'|the_node")

# --- External data -------------------------------------------------------------------


def external(location, dims=(3,), **entries):
    t = tensor("w", TensorProto.FLOAT, dims, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        t.external_data.add(key=key, value=str(value))
    return add(t)


def with_file(name, content=b"\0" * 12):
    def setup(folder):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    return setup


def with_link(make):
    def setup(folder):
        target = os.path.join(folder, "..", "secret-" + os.path.basename(folder))
        with open(target, "wb") as file:
            file.write(b"\0" * 12)
        make(target, os.path.join(folder, "w.bin"))
    return setup


case("external-missing", external("w.bin"), "w")
case("external-absolute", external("/etc/passwd"), "w")
case("external-parent", external("../w.bin"), "w")
case("external-hidden-parent", external("a/../../w.bin"), "w")
case("external-symlink", external("w.bin"), "w", setup=with_link(os.symlink))
case("external-hardlink", external("w.bin"), "w", setup=with_link(os.link))
case("external-folder-symlink", external("sub/hosts"), "w",
     setup=lambda folder: os.symlink("/etc", os.path.join(folder, "sub")))
case("external-folder", external("w.bin"), "w",
     setup=lambda folder: os.mkdir(os.path.join(folder, "w.bin")))
case("external-fifo", external("w.bin"), "w",
     setup=lambda folder: os.mkfifo(os.path.join(folder, "w.bin")))
case("external-too-short", external("w.bin"), "'w'", "only 5",
     setup=with_file("w.bin", b"\0" * 5))
case("external-offset", external("w.bin", offset=8), "'w'", "only 12", setup=with_file("w.bin"))
case("external-huge-offset", external("w.bin", offset=2**63 + 1), "'w'", setup=with_file("w.bin"))
case("external-negative-offset", external("w.bin", offset=-4), "'w'", setup=with_file("w.bin"))
case("external-wrong-length", external("w.bin", length=8), "'w'", "8 bytes", setup=with_file("w.bin"))
case("external-no-location", add(tensor("w", TensorProto.FLOAT, [3],
                                        data_location=TensorProto.EXTERNAL)), "w")

# --- Arguments -----------------------------------------------------------------------
symbolic = model([node("Add", ["x", "z"])], [info("x", ["batch", 3, "time"]), info("z", ["time"])],
                 [info("y", ["batch", 3, "time"])])
case("unbound", symbolic, "'batch'", "'time'", "--dim batch=1", "--dim time=1", status=2)
case("unbound-rest", symbolic, "'time'", "--dim time=1", args=["--dim", "batch=2"], status=2)
case("unbound-unnamed", model([node("Relu")], [info("x", [None, 3, "?"])], [info("y", None)]),
     "--shape x=", status=2)
case("unknown-dim", symbolic, "bach", "'batch'", args=["--dim", "bach=2"], status=2)
case("negative-dim-value", symbolic, "batch", args=["--dim", "batch=-2"], status=2)
case("conflicting-dims", symbolic, "batch", args=["--dim", "batch=2", "--dim", "batch=3"], status=2)
case("unknown-input", symbolic, "'x'", "'z'", args=["--shape", "q=2x3x4"], status=2)
case("wrong-rank", symbolic, "rank", args=["--shape", "x=2x3"], status=2)
case("wrong-fixed-dim", symbolic, "dimension 1", args=["--shape", "x=2x4x5"], status=2)
case("conflicting-shape", symbolic, "time", args=["--shape", "x=2x3x5", "--shape", "z=6"], status=2)


def npy(array=None, content=None):
    def setup(folder):
        path = os.path.join(folder, "b.npy")
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        else:
            np.save(path, array)
    return setup


def npy_header(text, version=b"\x01\x00", data=b""):
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + data


def bind(name, expected, setup, argument="x=b.npy"):
    case("bind-" + name, good, *expected, args=["--bind", argument], status=2, setup=setup)


bind("missing-file", ["b.npy"], None)
bind("unknown-input", ["'x'"], npy(np.zeros((2, 3), np.float32)), "q=b.npy")
bind("dtype", ["float32"], npy(np.zeros((2, 3), np.float64)))
bind("shape", ["dimension 1"], npy(np.zeros((2, 4), np.float32)))
bind("rank", ["rank"], npy(np.zeros(6, np.float32)))
bind("fortran", ["Fortran"], npy(np.asfortranarray(np.zeros((2, 3), np.float32))))
bind("no-header", ["header"], npy(content=b"nothing of the kind"))
bind("truncated-header", ["truncated"], npy(content=b"\x93NUMPY\x01\x00\xff\x7f{"))
bind("malformed-header", ["malformed"], npy(content=npy_header(b"{'descr': '<f4'}")))
bind("short-data", ["bytes"], npy(content=npy_header(
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", data=b"\0" * 23)))
bind("huge-shape", ["b.npy"], npy(content=npy_header(
    b"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999, 999999999999), }")))
bind("version", ["version"], npy(content=npy_header(b"{}", b"\x09\x00")))
bind("folder", ["b.npy"], lambda folder: os.mkdir(os.path.join(folder, "b.npy")))

# --- Run -----------------------------------------------------------------------------
failures = []


def run(name, content, expected, args, status, setup, path=None):
    folder = os.path.join(root.name, name)
    os.mkdir(folder)
    if content is not None:
        with open(os.path.join(folder, "model.onnx"), "wb") as file:
            file.write(content)
    if setup:
        setup(folder)
    before = set(os.listdir(folder))
    command = [tool, path or "model.onnx", *args] + (["-o", "out"] if tool == "dlc" else [])
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120)
    except subprocess.TimeoutExpired:
        failures.append(f"{name}: does not end")
        return
    message = done.stderr.decode(errors="replace")
    lines = [line for line in message.splitlines() if line.strip()]
    problems = []
    if done.returncode != status:
        problems.append(f"exit code {done.returncode} instead of {status}")
    if len(lines) != 1:
        problems.append(f"{len(lines)} lines instead of one")
    # an argument that is wrong whatever the model says is refused before it is read
    if (path or "model.onnx") not in message and not (status == 2 and "error: --" in message):
        problems.append("does not name the file")
    for text in expected:
        if not any(option in message for option in text.split("|")):
            problems.append(f"does not say '{text}'")
    if re.search(r"PLEASE submit|Stack dump|Sanitizer|terminate called|Assertion", message):
        problems.append("crashed")
    if set(os.listdir(folder)) != before:
        problems.append(f"left {set(os.listdir(folder)) - before} behind")
    if problems:
        failures.append(f"{name}: {'; '.join(problems)}\n    {message.strip()}")
    elif os.environ.get("VERBOSE"):
        print(f"{name}: {message.strip()}")


for entry in cases:
    run(*entry)
run("no-such-file", None, ["No such file"], [], 1, None, path="nowhere.onnx")
run("a-folder", None, ["directory"], [], 1,
    lambda folder: os.mkdir(os.path.join(folder, "dir.onnx")), path="dir.onnx")
run("a-device", None, ["regular file"], [], 1, None, path="/dev/zero")

print(f"{len(cases) + 3} cases, {len(failures)} failures")
for failure in failures:
    print("  " + failure)
sys.exit(bool(failures))
