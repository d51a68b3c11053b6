"""Models with bounded dimensions take and give arrays of true shapes."""
# RUN: env PYTHONPATH=%python-package %python %s
# REQUIRES: onnxruntime
import numpy as np
import onnx.parser
from onnx import numpy_helper

import dlc


class Foreign:
    """An array of another framework: DLPack is all there is."""
    __module__ = "numpy"  # results come back as its own arrays

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


rng = np.random.default_rng(5)
w = rng.standard_normal((6, 3)).astype(np.float32)
model = onnx.parser.parse_model("""<ir_version: 8, opset_import: ["" : 18]>
    g (float[n,6] x, float[n] s, float[5] f) => (float[n,3] y, int64[1,m] at) {
        u = Unsqueeze(s, one) z = MatMul(x, w) y = Mul(z, u) at = NonZero(f) }""")
model.graph.initializer.append(numpy_helper.from_array(w, "w"))
model.graph.initializer.append(numpy_helper.from_array(np.array([1]), "one"))

compiled = dlc.compile(model, max_dims={"n": 9})
for wrap in (lambda array: array, Foreign):
    for n in (9, 1, 4, 0):
        x, s = rng.standard_normal((n, 6)).astype(np.float32), rng.standard_normal(n).astype(np.float32)
        f = (np.arange(5) < n).astype(np.float32)
        y, at = compiled(wrap(x), wrap(s), wrap(f))
        assert y.shape == (n, 3) and at.shape == (1, min(n, 5)), (n, y.shape, at.shape)
        np.testing.assert_allclose(y, (x @ w) * s[:, None], 1e-4, 1e-5)
        assert (at == np.arange(min(n, 5))).all()
for rows, scales, text in ((10, 10, "has to be"), (3, 2, "but that of an input before it is 3")):
    try:
        compiled(np.zeros((rows, 6), np.float32), np.zeros(scales, np.float32), np.ones(5, np.float32))
        raise SystemExit("%d rows and %d scales run" % (rows, scales))
    except dlc.Error as error:
        assert text in str(error), error
compiled.benchmark(0.01)

# Numbers that are inputs: one has a bound, the other one was compiled for.
model = onnx.parser.parse_model("""<ir_version: 8, opset_import: ["" : 18]>
    g (float[2,6] x, int64[1] k, int64[2] s) => (float[2,m] y, int64[2,m] i, float[a,b] r) {
        y, i = TopK(x, k) r = Reshape(x, s) }""")
compiled = dlc.compile(model, max_dims={"k[0]": 4, "s[0]": 6}, dims={"s[1]": 4})
x = rng.standard_normal((2, 6)).astype(np.float32)
for k in (4, 0, 1):
    y, i, r = compiled(x, np.array([k]), np.array([3, 4]))
    assert (y == -np.sort(-x)[:, :k]).all() and (r == x.reshape(3, 4)).all() and i.shape == (2, k)
for k, s, text in ((5, [3, 4], "element 0 of input 'k' is 5, but the model was compiled for 0 to 4"),
                   (2, [2, 6], "element 1 of input 's' is 6, but the model was compiled for 4"),
                   (2, [4, 4], "the number of elements of the shape that input 's' gives 'r' is 16, but has to be 12")):
    try:
        compiled(x, np.array([k]), np.array(s))
        raise SystemExit("k = %s and s = %s run" % (k, s))
    except dlc.Error as error:
        assert text in str(error), error
compiled.benchmark(0.01)
