# RUN: %python %s
# REQUIRES: onnxruntime
"""DFT and STFT against numpy in float64, by the root of the mean square of the errors over that of the results: lengths
that are one product, several passes and, where they are long and prime, convolutions; real, complex, one-sided, inverse,
shorter and longer than what is there, along any axis; with as many rows as there are. Short lengths of small factors are
equal to numpy's in the same type. Flags are dlc's."""
import sys

import numpy as np
from onnx import helper, numpy_helper

from dlc_targets import on_cuda
from dlc_testing import Program

FLAGS = sys.argv[1:]
# In multiples of the type's epsilon. Of float32 numpy's are 0.2: it computes in float64. Sums of n products in order
# would have 0.3 sqrt(n), Cooley and Tukey's algorithm 0.3 sqrt(log2(n)).
ALLOWED = {np.float16: 0.5, np.float32: 2.5, np.float64: 5}
rng = np.random.default_rng(5)
FAILED = []


class Model:
    """Many nodes, each with an input of its own."""

    def __init__(self, title, opset=20):
        self.title, self.opset = title, opset
        self.nodes, self.inputs, self.outputs, self.constants = [], [], [], []
        self.arrays, self.wanted = {}, {}

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, op, array, operands, wanted, shape=None, **attributes):
        number = len(self.nodes)
        x, y = f"x{number}", f"y{number}"
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        names = [x] + ["" if value is None else self.constant(value) for value in operands]
        self.nodes.append(helper.make_node(op, names, [y], **attributes))
        self.inputs.append(helper.make_tensor_value_info(x, kind, shape or array.shape))
        self.outputs.append(helper.make_tensor_value_info(y, kind, None))
        self.arrays[x] = array
        self.wanted[y] = (f"{op} of {array.dtype}{list(array.shape)} {attributes}", wanted, array.dtype.type)

    def dft(self, shape, axis, dtype=np.float32, length=None, open_shape=None, **attributes):
        array = rng.standard_normal(shape).astype(dtype)
        x = array.astype(np.float64)
        x = x[..., 0] + 1j * x[..., 1] if shape[-1] == 2 else x[..., 0]
        inverse, onesided = attributes.get("inverse"), attributes.get("onesided")
        if inverse and onesided:
            wanted = np.fft.irfft(x, length, axis=axis)[..., None]
        else:
            y = (np.fft.ifft if inverse else np.fft.fft)(x, length, axis=axis)
            if onesided:
                y = np.take(y, range(y.shape[axis] // 2 + 1), axis)
            wanted = np.stack([y.real, y.imag], -1)
        length = None if length is None else np.array(length)
        self.node("DFT", array, [length, np.array(axis)], wanted, open_shape, **attributes)

    def stft(self, batch, samples, length, step, dtype=np.float32, parts=1, window=True, onesided=1, open_shape=None):
        array = rng.standard_normal((batch, samples, parts)).astype(dtype)
        weights = np.hanning(length).astype(dtype) if window else None
        x = array.astype(np.float64)
        x = x[..., 0] + 1j * x[..., 1] if parts == 2 else x[..., 0]
        frames = np.stack([x[:, at:at + length] for at in range(0, samples - length + 1, step)], 1)
        y = np.fft.fft(frames * (weights if window else 1))
        if onesided:
            y = y[..., :length // 2 + 1]
        self.node("STFT", array, [np.array(step), weights, np.array(length)], np.stack([y.real, y.imag], -1), open_shape,
                  onesided=onesided)

    def check(self, *flags):
        graph = helper.make_graph(self.nodes, "fourier", self.inputs, self.outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=9)
        with Program(model, *FLAGS, *flags) as program:
            got = program.run(self.arrays)
        for name, (what, wanted, dtype) in self.wanted.items():
            if got[name].shape != wanted.shape:
                FAILED.append(f"{self.title}: {what} is {got[name].shape} instead of {wanted.shape}")
                continue
            error = np.sqrt(np.mean((got[name] - wanted) ** 2) / np.mean(wanted**2)) / np.finfo(dtype).eps
            print(f"{self.title}: {what}: {error:.2f}")
            if not error <= ALLOWED[dtype]:
                FAILED.append(f"{self.title}: {what} is off by {error:.2f} epsilon")


small = on_cuda(FLAGS)  # simulated


def lengths():
    model = Model("lengths")
    for length in (1, 2, 3, 6, 10, 64, 400, 512, 1000) + (() if small else (1021, 4096, 16384, 48000, 65536)):
        model.dft((2, length, 1), 1, onesided=1)
        model.dft((1, length, 2), 1)
    model.check()


def as_numpy(dtype, lengths, rows=3, wide=True):
    """Equal, but for the signs of zeros. Of what is not scaled numpy computes transforms of float32 in float64, as dlc does
    (`wide`) where there are few rows; else it is compared scaled."""
    model = Model(f"as numpy's, {np.dtype(dtype)}")
    for length in lengths:
        for parts in (1, 2):
            for inverse in (0, 1):
                x = rng.standard_normal((rows, length, parts)).astype(dtype)
                numbers = x[..., 0] + 1j * x[..., 1] if parts == 2 else x[..., 0]
                numbers = numbers.astype(np.result_type(dtype, np.complex64))
                y = np.fft.ifft(numbers, axis=1) if inverse else np.fft.fft(
                    numbers, axis=1, norm="backward" if wide else "forward")
                assert y.real.dtype == dtype
                model.node("DFT", x, [None, np.array(1)], np.stack([y.real, y.imag], -1), inverse=inverse)
    graph = helper.make_graph(model.nodes, "fourier", model.inputs, model.outputs, model.constants)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", model.opset)], ir_version=9)
    with Program(proto, *FLAGS) as program:
        got = program.run(model.arrays)
    for name, (what, wanted, _) in model.wanted.items():
        result = got[name]
        if "'inverse': 0" in what and not wide:
            result = result * (dtype(1) / dtype(wanted.shape[1]))
        if not np.array_equal(result, wanted):
            FAILED.append(f"{model.title}: {what}: {np.count_nonzero(result != wanted)} of {wanted.size} numbers differ")


def has_butterflies(length):
    for prime in (2, 3, 5, 7, 11):
        while length % prime == 0:
            length //= prime
    return length == 1


def long_primes():
    """Convolutions: also of what is shorter, longer, half of a spectrum."""
    model = Model("long primes")
    prime = 1021 if small else 9973
    model.dft((1, prime, 1), 1, onesided=1)
    model.dft((1, prime, 2), 1, inverse=1)
    model.dft((1, prime // 2 + 1, 2), 1, inverse=1, onesided=1, length=prime)
    if not small:
        model.dft((1, 5000, 2), 1, length=prime)
        model.dft((1, 12000, 1), 1, length=prime)
        model.dft((3, prime, 2), 1, dtype=np.float64)
        model.dft((2, 2 * prime, 1), 1)
    model.check()


def kinds():
    model = Model("kinds")
    for length in (12, 360, 375):
        for dtype in (np.float16, np.float32, np.float64):
            model.dft((3, length, 2), 1, dtype=dtype)
            model.dft((3, length, 1), 1, dtype=dtype, onesided=1)
            model.dft((2, length, 2), 1, dtype=dtype, inverse=1)
            model.dft((2, length // 2 + 1, 2), 1, dtype=dtype, inverse=1, onesided=1, length=length)
        model.dft((40, length // 2 + 1, 2), 1, inverse=1, onesided=1, length=length)  # tables of their own
        model.dft((2, length, 1), 1, length=length + 7)
        model.dft((2, length, 2), 1, length=length - 7, inverse=1)
        model.dft((length, 2, 3, 1), 0)
        model.dft((2, length, 3, 1), 1, onesided=1)
        model.dft((2, 3, length, 2), 2, inverse=1)
    model.check()


def frames():
    model = Model("frames")
    for length, step in ((400, 160), (512, 128), (320, 77)) + (() if small else ((1024, 256), (2048, 512), (1023, 256))):
        model.stft(2, 3 * length + 5, length, step)
    model.stft(1, 2000, 480, 120, window=False, onesided=0)
    model.stft(2, 2000, 480, 120, parts=2, onesided=0)
    model.stft(2, 2000, 480, 120, dtype=np.float64)
    model.check()


def extents():
    """As many rows, and frames, as there are."""
    for rows in (1, 3):
        model = Model(f"{rows} of 5 rows")
        for length in (8, 480) + (() if small else (1021, )):
            model.dft((rows, length, 2), 1, open_shape=["n", length, 2])
            model.dft((2, rows, length, 1), 2, onesided=1, open_shape=[2, "n", length, 1])
            model.dft((rows, length // 2 + 1, 2), 1, inverse=1, onesided=1, length=length,
                      open_shape=["n", length // 2 + 1, 2])
            model.dft((length, rows, 1), 0, open_shape=[length, "n", 1])
        model.stft(rows, 2000, 480, 120, open_shape=["n", 2000, 1])
        model.check("--max-dim=n=5")
    model = Model("frames of a bounded signal")
    model.stft(2, 1700, 480, 120, open_shape=[2, "n", 1])
    model.check("--max-dim=n=2000")


lengths()
few = [2, 3, 4, 5, 7, 8, 10, 11, 12, 15, 16, 45, 60, 64]
as_numpy(np.float32, few if small else filter(has_butterflies, range(1, 65)))
as_numpy(np.float64, few)
as_numpy(np.float32, [480, 504], rows=40, wide=False)
long_primes()
kinds()
frames()
extents()
print("\n".join(FAILED))
sys.exit(bool(FAILED))
