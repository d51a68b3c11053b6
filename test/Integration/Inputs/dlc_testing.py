"""Compiles models with dlc, runs the programs and compares what they give.

A `Suite` holds cases. Each case is a function that builds a small graph; several
cases become one ONNX model (their inputs and outputs carry the case's name), so
that hundreds of them compile quickly. Where a model does not compile or run, its
cases are tried one by one to find the culprit.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnx.parser
import onnx.reference
import onnxruntime
from onnx import helper, numpy_helper

from dlc_targets import launcher, target_flags

onnxruntime.set_default_logger_severity(3)

DLC = os.path.join(os.environ["DLC_BIN"], "dlc") if "DLC_BIN" in os.environ else "dlc"
RTOL, ATOL = 1e-3, 1e-5


class Failure(Exception):
    pass


def run_command(command, timeout=600, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **options)
    if done.returncode:
        text = (done.stderr or done.stdout).strip()
        raise Failure(f"{os.path.basename(command[0])} exited with {done.returncode}: {text[-1500:]}")
    return done.stdout


def file_name(tensor):
    """The file a program writes an output to."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", tensor) + ".npy"


class Program:
    """A model compiled to an executable in a folder of its own."""

    def __init__(self, model, *flags):
        self.folder = tempfile.mkdtemp(prefix="dlc-test-")
        if not isinstance(model, str):
            path = os.path.join(self.folder, "model.onnx")
            onnx.save(model, path)
            model = path
        self.path = os.path.join(self.folder, "model")
        self.command = [*launcher(flags), self.path]
        try:
            self.log = run_command([DLC, model, "-o", self.path, *target_flags(flags)])
        except (Failure, subprocess.TimeoutExpired) as error:
            shutil.rmtree(self.folder)
            raise Failure(str(error)) from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def info(self):
        return json.loads(run_command([*self.command, "--info", "--json"]))

    def run(self, inputs, *flags, outputs=None, env=None):
        """Name -> array for inputs and outputs."""
        folder = tempfile.mkdtemp(dir=self.folder)
        arguments = []
        for i, (name, array) in enumerate(inputs.items()):
            path = os.path.join(folder, f"in{i}.npy")
            np.save(path, array)
            arguments.append(f"{name}={path}")
        out = os.path.join(folder, "out")
        environment = {**os.environ, **(env or {})}
        run_command([*self.command, *arguments, "-o", out, *flags], env=environment)
        if outputs is None:
            return {f[:-4]: np.load(os.path.join(out, f)) for f in sorted(os.listdir(out))}
        return {name: np.load(os.path.join(out, file_name(name))) for name in outputs}


def parse_model(text, constants, opset=18):
    """A model from its graph in ONNX's text form, and arrays for what has no value there."""
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : {opset}]> {text}')
    for name, array in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    return model


def option(name, default):
    """Takes --name=number off the command line."""
    for argument in sys.argv[1:]:
        if argument.startswith(f"--{name}="):
            sys.argv.remove(argument)
            return int(argument.split("=")[1])
    return default


def compare(got, expected, rtol=RTOL, atol=ATOL):
    """What is wrong with `got`; empty if nothing is."""
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return f"is {got.dtype}{list(got.shape)} instead of {expected.dtype}{list(expected.shape)}"
    if not got.size:
        return ""
    if np.issubdtype(expected.dtype, np.floating):
        if expected.dtype == np.float16:
            rtol, atol = max(rtol, 5e-3), max(atol, 1e-3)
        good = np.isclose(got, expected, rtol, atol, equal_nan=True)
    else:
        good = got == expected
    if good.all():
        return ""
    at = tuple(int(i) for i in np.argwhere(~good)[0])
    return (f"{np.count_nonzero(~good)} of {good.size} elements differ, first at {list(at)}: "
            f"{got[at]!r} instead of {expected[at]!r}")


def reference(model, inputs, optimized=True):
    """What onnxruntime computes, with its optimisations of the graph or without."""
    if not isinstance(model, str):
        model = model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    if not optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def is_refused(model, inputs):
    """Whether onnxruntime says that the inputs are wrong."""
    try:
        reference(model, inputs)
    except Exception:  # it has no common class
        return True
    return False


def differences(name, model, inputs, *flags, wrong=()):
    """What is wrong with one program of `model` run on each of `inputs`, a line each. Of inputs in `wrong` (pairs with
    a part of what the program says of them) onnxruntime has to say that they are wrong, too."""
    problems = []
    try:
        with Program(model, *flags) as program:
            for number, given in enumerate(inputs):
                got = program.run(given)
                for output, wanted in reference(model, given).items():
                    if problem := compare(got[output], wanted):
                        problems.append(f"{name}, inputs {number}: '{output}' {problem}")
            for number, (given, said) in enumerate(wrong):
                if not is_refused(model, given):
                    problems.append(f"{name}, wrong inputs {number}: onnxruntime takes them")
                try:
                    program.run(given)
                    problems.append(f"{name}, wrong inputs {number}: nothing is said")
                except Failure as error:
                    if said not in str(error):
                        problems.append(f"{name}, wrong inputs {number}: '{error}' does not say '{said}'")
    except Failure as error:
        problems.append(f"{name}: {error}")
    return problems


class Graph:
    """Builds one case. Methods return names of tensors; arrays given to `node` in
    place of names become initializers."""

    def __init__(self, prefix):
        self.prefix, self.count = prefix, 0
        self.nodes, self.initializers = [], []
        self.inputs, self.outputs, self.expected = {}, [], {}

    def name(self):
        self.count += 1
        return f"{self.prefix}_{self.count}"

    def input(self, array):
        name = self.name()
        self.inputs[name] = np.asarray(array)
        return name

    def constant(self, array):
        name = self.name()
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, op, *operands, outputs=1, **attributes):
        names = ["" if o is None else o if isinstance(o, str) else self.constant(o) for o in operands]
        results = [self.name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(op, names, results, name=f"{results[0]}_{op}", **attributes))
        return results[0] if outputs == 1 else results

    def output(self, *tensors, expected=None):
        """`expected` overrules onnxruntime."""
        for tensor in tensors:
            name = f"{self.prefix}_out{len(self.outputs)}"
            self.nodes.append(helper.make_node("Identity", [tensor], [name]))
            self.outputs.append(name)
            if expected is not None:
                self.expected[name] = np.asarray(expected)


class Suite:
    def __init__(self, opset=22, batch=40, rtol=RTOL, atol=ATOL):
        self.opset, self.batch, self.rtol, self.atol = opset, batch, rtol, atol
        self.cases, self.passed, self.failed = [], 0, 0

    def case(self, title, build):
        graph = Graph(f"c{len(self.cases)}")
        build(graph)
        self.cases.append((title, graph))

    def op(self, title, op, inputs, constants=(), expected=None, **attributes):
        """One node on runtime inputs, then constants."""

        def build(graph):
            operands = [graph.input(a) for a in inputs] + list(constants)
            graph.output(graph.node(op, *operands, **attributes), expected=expected)

        self.case(f"{op} {title}", build)

    def make_model(self, graphs):
        inputs = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
                  for g in graphs for n, a in g.inputs.items()]
        outputs = [helper.make_empty_tensor_value_info(n) for g in graphs for n in g.outputs]
        graph = helper.make_graph([n for g in graphs for n in g.nodes], "tests", inputs, outputs,
                                  [i for g in graphs for i in g.initializers])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=10)
        return onnx.shape_inference.infer_shapes(model)

    def fail(self, title, reason):
        self.failed += 1
        print(f"FAILED {title}: {reason}", flush=True)

    def check(self, cases, flags):
        graphs = [graph for _, graph in cases]
        model = self.make_model(graphs)
        inputs = {n: a for g in graphs for n, a in g.inputs.items()}
        overruled = {n: a for g in graphs for n, a in g.expected.items()}
        names = [n for g in graphs for n in g.outputs]
        try:
            with Program(model, *flags) as program:
                results = program.run(inputs, outputs=names)
        except (Failure, OSError, subprocess.TimeoutExpired) as error:
            if len(cases) == 1:
                self.fail(cases[0][0], error)
                keep = os.environ.get("DLC_KEEP_FAILED")
                if keep:
                    os.makedirs(keep, exist_ok=True)
                    onnx.save(model, os.path.join(keep, re.sub(r"\W+", "_", cases[0][0]) + ".onnx"))
                return
            # halves find few culprits fast
            middle = len(cases) // 2
            self.check(cases[:middle], flags)
            self.check(cases[middle:], flags)
            return
        wanted = {**reference(model, inputs), **overruled} if len(overruled) < len(names) else overruled
        for title, graph in cases:
            problems = [compare(results[n], wanted[n], self.rtol, self.atol) for n in graph.outputs]
            problems = [p for p in problems if p]
            if problems:
                self.fail(title, "; ".join(problems))
            else:
                self.passed += 1

    def sample(self, every):
        """The first case of each kind (the first word of a title) and every so many of
        the others."""
        kinds, chosen = {}, []
        for case in self.cases:
            count = kinds[case[0].split()[0]] = kinds.get(case[0].split()[0], -1) + 1
            if count % every == 0:
                chosen.append(case)
        return chosen

    def main(self, flags=()):
        """Runs all cases; those whose title has a word of the command line where
        there is one; with --every=N a sample. Returns the exit status."""
        words = [a for a in sys.argv[1:] if not a.startswith("-")]
        every = option("every", 1)
        flags = [*flags, *(a for a in sys.argv[1:] if a.startswith("-"))]
        cases = [c for c in self.sample(every) if not words or any(w in c[0] for w in words)]
        for start in range(0, len(cases), self.batch):
            self.check(cases[start:start + self.batch], flags)
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0


def reference64(path, inputs):
    """What the model computes in double precision, by ONNX's reference implementation."""
    double, single = onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT
    model = onnx.load(path)

    def widen(tensor):
        if tensor.data_type == single:
            array = onnx.numpy_helper.to_array(tensor).astype(np.float64)
            tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))

    graph = model.graph
    for tensor in graph.initializer:
        widen(tensor)
    for value in [*graph.input, *graph.output, *graph.value_info]:
        if value.type.tensor_type.elem_type == single:
            value.type.tensor_type.elem_type = double
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                widen(attribute.t)
            elif node.op_type == "Cast" and attribute.name == "to" and attribute.i == single:
                attribute.i = double
    session = onnx.reference.ReferenceEvaluator(model)
    wide = {n: a.astype(np.float64) if a.dtype == np.float32 else a for n, a in inputs.items()}
    return dict(zip(session.output_names, session.run(None, wide)))
