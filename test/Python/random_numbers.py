"""Models with random numbers: each run has others, a seed brings them back."""
# RUN: env PYTHONPATH=%python-package %python %s
# REQUIRES: onnxruntime
import tempfile

import numpy as np
import onnx.parser

import dlc

text = """<ir_version: 8, opset_import: ["" : 18]>
    g (float[%s] x) => (float[%s] y) { r = RandomUniformLike(x) y = Add(x, r) }"""
zeros = np.zeros(50, np.float32)
for size, options in ((50, {}), ("n", {"max_dims": {"n": 60}})):
    model = dlc.compile(onnx.parser.parse_model(text % (size, size)), **options)
    assert [info.name for info in model.inputs] == ["x"], model.inputs
    first, second = model(zeros), model(zeros)
    assert 0 <= first.min() and first.max() < 1 and len(np.unique([first, second])) > 90
    model.set_seed(0)
    assert np.array_equal(model(zeros), first) and np.array_equal(model(zeros), second)
    model.set_seed(7)
    other = model(zeros)
    assert len(np.unique([first, second, other])) > 140
    model.benchmark(0.01)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        model.profile(file.name)

# Of one's own: a counter that is an input.
graph = dlc.Graph("dice")
run = graph.input("run", "int64", [])
bits = dlc.random_bits(graph.constant(np.array(5)), run, graph.constant(np.array(0)), stream=0, word=0, shape=[4, 1000])
graph.output("dice", dlc.mod(bits, graph.constant(np.array(6, np.uint32)), fmod=False))
dice = graph.compile()
rolls = np.stack([dice(np.array(i)) for i in range(2)])
assert rolls.shape == (2, 4, 1000) and not np.array_equal(rolls[0], rolls[1])
assert np.abs(np.bincount(rolls.ravel(), minlength=6) / rolls.size - 1 / 6).max() < 0.02
assert np.array_equal(dice(np.array(0)), rolls[0])
