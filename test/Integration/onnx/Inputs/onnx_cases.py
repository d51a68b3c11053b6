"""The official backend cases of ONNX, as the `onnx` wheel has them: node tests (made
by the wheel's Python code), simple and converted models (files), light networks."""

import csv
import glob
import os
import pickle
import warnings
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnx.backend.test
from onnx import numpy_helper

DATA = os.path.join(os.path.dirname(onnx.backend.test.__file__), "data")
KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator", "light")


@dataclass
class Case:
    name: str
    kind: str
    model: onnx.ModelProto
    # Pairs of name -> array: what goes in, what must come out.
    sets: list
    rtol: float
    atol: float
    # A1 … A4, D, X1 … X4, see classes.csv.
    category: str = "A1"
    # Inputs whose values decide shapes.
    bound: list = field(default_factory=list)
    # How many tensors inputs that are sequences have; 0 or 1 for optional ones.
    lengths: dict = field(default_factory=dict)


def _array(value):
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)


def _named(ports, values, lengths=None):
    """Absent optional values stay away. Tensors of a sequence 'x' are 'x.0', 'x.1', …; `lengths` gets
    how many there are, and of an optional input whether it is there."""
    named = {}
    for port, value in zip(ports, values):
        kind = port.type.optional_type.elem_type if port.type.HasField("optional_type") else port.type
        is_sequence = kind.HasField("sequence_type")
        if isinstance(value, onnx.SequenceProto):
            value = numpy_helper.to_list(value)
        elif isinstance(value, onnx.OptionalProto):
            value = numpy_helper.to_optional(value)
        arrays = [] if value is None else list(value) if is_sequence else [value]
        for i, array in enumerate(arrays):
            named[f"{port.name}.{i}" if is_sequence else port.name] = _array(array)
        if lengths is not None and not port.type.HasField("tensor_type"):
            lengths[port.name] = len(arrays)
    return named


def _inputs(model):
    constants = {i.name for i in model.graph.initializer}
    return [i for i in model.graph.input if i.name not in constants]


def _tensor(path):
    tensor = onnx.TensorProto()
    with open(path, "rb") as file:
        tensor.ParseFromString(file.read())
    return numpy_helper.to_array(tensor)


def _read_sets(folder, model):
    """None where something is no tensor."""
    sets = []
    for data in sorted(glob.glob(os.path.join(folder, "test_data_set*"))):
        pair = []
        for kind, ports in (("input", model.graph.input), ("output", model.graph.output)):
            if any(not p.type.HasField("tensor_type") for p in ports):
                return None
            count = len(glob.glob(os.path.join(data, f"{kind}_*.pb")))
            pair.append({p.name: _tensor(os.path.join(data, f"{kind}_{i}.pb"))
                         for i, p in zip(range(count), ports)})
        sets.append(tuple(pair))
    return sets


def _node_cases():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.loader import load_node_model_tests
        tests = load_node_model_tests()
    for test in tests:
        sets, lengths = [], {}
        for given, expected in test.data_sets or []:
            sets.append((_named(_inputs(test.model), given, lengths), _named(test.model.graph.output, expected)))
        yield test, test.model, sets, lengths


def _file_cases(kind):
    from onnx.backend.test.loader import load_model_tests
    for test in load_model_tests(kind=kind):
        if test.model_dir:
            model = onnx.load(os.path.join(test.model_dir, "model.onnx"))
            yield test, model, _read_sets(test.model_dir, model), {}
        elif kind == "light":
            yield test, *_light(test)


def _light(test):
    """Networks whose large weights are made by a node; their inputs are made by the
    suite's own runner, their outputs are files beside them."""
    from onnx.backend.test.runner import Runner
    path = os.path.join(os.path.dirname(onnx.__file__), os.path.relpath(test.url, "onnx"))
    model = onnx.load(path)
    given = {i.name: Runner.generate_dummy_data(i, seed=0, name=test.model_name, random=False)
             for i in _inputs(model)}
    outputs = {o.name: _tensor(f"{os.path.splitext(path)[0]}_output_{i}.pb")
               for i, o in enumerate(model.graph.output)}
    return model, [(given, outputs)], {}


def load(classes, cache=None):
    """All cases by name. The wheel
    takes half a minute to make its node cases: `cache` names a file to keep them in."""
    if cache and os.path.exists(cache):
        with open(cache, "rb") as file:
            return pickle.load(file)
    with open(classes) as file:
        rows = {row["case"]: row for row in csv.DictReader(file)}
    cases = {}
    for kind in KINDS:
        for test, model, sets, lengths in _node_cases() if kind == "node" else _file_cases(kind):
            row = rows.get(test.name, {})
            cases[test.name] = Case(test.name, kind, model, sets, test.rtol, test.atol,
                                    row.get("class", "A1"), row.get("bound", "").split(), lengths)
    unknown = set(rows) - set(cases)
    assert not unknown, f"{classes} names cases that the wheel does not have: {sorted(unknown)}"
    if cache:
        with open(cache, "wb") as file:
            pickle.dump(cases, file)
    return cases
