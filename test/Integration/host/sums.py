# REQUIRES: onnxruntime
# RUN: %python %s
"""Reductions, normalisations and contractions of float32 against float64, beside
onnxruntime: prints both errors, relative to the largest result (mean and maximum), and
fails where dlc's mean is more than 1.1 times onnxruntime's, and more than a tenth of a unit in
the last place. Words select cases. Takes 8 s on one core; with --full it has more."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dlc_testing import Program, reference

ALLOWED, NEGLIGIBLE = 1.1, 2.0**-24 / 10
full = "--full" in sys.argv
flags = [a for a in sys.argv[1:] if a.startswith("--") and a != "--full"]
words = [a for a in sys.argv[1:] if not a.startswith("--")]
rng = np.random.default_rng(21)
cases = []


def case(title, nodes, inputs, exact):
    """`nodes`: (operator, operands, attributes); an operand is the name of an input, an
    array, or the number of an earlier node. `exact`: the last one's result in float64."""
    cases.append((title, nodes, inputs, exact))


def model(nodes, inputs, prefix):
    made, constants = [], []

    def operand(value, position):
        if isinstance(value, str):
            return f"{prefix}{value}" if value else ""
        if isinstance(value, int):
            return f"{prefix}n{value}"
        constants.append(numpy_helper.from_array(np.asarray(value), f"{prefix}c{position}_{len(constants)}"))
        return constants[-1].name

    for i, (op, operands, attributes) in enumerate(nodes):
        made.append(helper.make_node(op, [operand(o, i) for o in operands], [f"{prefix}n{i}"], **attributes))
    values = [helper.make_tensor_value_info(prefix + n, TensorProto.FLOAT, a.shape) for n, a in inputs.items()]
    return made, values, constants


def reduction(op, title, x, exact, **attributes):
    nodes = [(op, ["x", np.array([x.ndim - 1])], dict(keepdims=0, **attributes))]
    case(f"{op} {title}", nodes, {"x": x}, exact(x.astype(np.float64)))


def normal(*shape, mean=0.0):
    return (rng.standard_normal(shape) + mean).astype(np.float32)


def reductions():
    lengths = [(300, 100), (64, 4096), (4, 1000000)] + ([(1, 10000000)] if full else [])
    for rows, length in lengths:
        for mean in (0, 1000) if length <= 4096 or full else (1000,):
            x = normal(rows, length, mean=mean)
            title = f"{rows}x{length}" + f", mean {mean}" * bool(mean)
            reduction("ReduceSum", title, x, lambda v: v.sum(-1))
            reduction("ReduceMean", title, x, lambda v: v.mean(-1))
            reduction("ReduceL2", title, x, lambda v: np.sqrt((v * v).sum(-1)))
        x = normal(rows, length)
        reduction("ReduceL1", f"{rows}x{length}", x, lambda v: abs(v).sum(-1))
        reduction("ReduceSumSquare", f"{rows}x{length}", x, lambda v: (v * v).sum(-1))
        reduction("ReduceLogSumExp", f"{rows}x{length}", x * 3, lambda v: np.log(np.exp(v).sum(-1)))
    x = normal(200, 64) * 0.1 + 1
    reduction("ReduceProd", "200x64", x.astype(np.float32), lambda v: v.prod(-1))
    # over the first dimension
    x = normal(20000, 24, mean=10)
    case("ReduceSum columns 20000x24", [("ReduceSum", ["x", np.array([0])], {})], {"x": x},
         x.astype(np.float64).sum(0, keepdims=True))
    x = normal(2, 24, 112, 112, mean=5)
    case("GlobalAveragePool 112x112", [("GlobalAveragePool", ["x"], {})], {"x": x},
         x.astype(np.float64).mean((2, 3), keepdims=True))
    x = normal(1, 8, 64, 64, mean=5)
    pooled = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), (8, 8), (2, 3)).mean((4, 5))[:, :, ::8, ::8]
    case("AveragePool 8x8", [("AveragePool", ["x"], dict(kernel_shape=[8, 8], strides=[8, 8]))], {"x": x}, pooled)
    x = normal(8, 20000) * 0.01
    case("CumSum 8x20000", [("CumSum", ["x", np.array(1)], {})], {"x": x}, x.astype(np.float64).cumsum(1))


def normalisations():
    for rows, length, spread in ((256, 512, 3), (64, 4096, 1), (16, 50000, 1)):
        x = normal(rows, length) * np.float32(spread)
        wide = x.astype(np.float64)
        power = np.exp(wide - wide.max(1, keepdims=True))
        share = power / power.sum(1, keepdims=True)
        case(f"Softmax {rows}x{length}", [("Softmax", ["x"], dict(axis=1))], {"x": x}, share)
        case(f"LogSoftmax {rows}x{length}", [("LogSoftmax", ["x"], dict(axis=1))], {"x": x},
             wide - wide.max(1, keepdims=True) - np.log(power.sum(1, keepdims=True)))
    for rows, length, mean in ((128, 768, 0), (128, 768, 100), (16, 50000, 10)):
        x = normal(rows, length, mean=mean)
        wide = x.astype(np.float64)
        centred = wide - wide.mean(1, keepdims=True)
        scale = np.linspace(0.5, 2, length).astype(np.float32)
        want = centred / np.sqrt((centred**2).mean(1, keepdims=True) + np.float32(1e-5)) * scale
        title = f"{rows}x{length}" + f", mean {mean}" * bool(mean)
        case(f"LayerNormalization {title}", [("LayerNormalization", ["x", scale], dict(axis=1))], {"x": x}, want)
        case(f"RMSNormalization {title}", [("RMSNormalization", ["x", scale], dict(axis=1))], {"x": x},
             wide / np.sqrt((wide**2).mean(1, keepdims=True) + np.float32(1e-5)) * scale)
    x = normal(2, 8, 64, 64, mean=20)
    wide = x.astype(np.float64)
    centred = wide - wide.mean((2, 3), keepdims=True)
    ones, zeros = np.ones(8, np.float32), np.zeros(8, np.float32)
    case("InstanceNormalization 64x64, mean 20", [("InstanceNormalization", ["x", ones, zeros], {})], {"x": x},
         centred / np.sqrt((centred**2).mean((2, 3), keepdims=True) + np.float32(1e-5)))


def contractions():
    for k in (8, 64, 512, 2048, 8192):
        for mean in (0, 1):
            a, b = normal(48, k, mean=mean), normal(k, 64, mean=mean)
            title = f"48x{k}x64" + ", positive" * mean
            case(f"MatMul {title}", [("MatMul", ["a", "b"], {})], {"a": a, "b": b}, a.astype(np.float64) @ b)
            if mean:
                continue
            case(f"MatMul {title}, weights", [("MatMul", ["a", b], {})], {"a": a}, a.astype(np.float64) @ b)
            row = normal(1, k)
            case(f"MatMul 1x{k}x64, weights", [("MatMul", ["a", b], {})], {"a": row}, row.astype(np.float64) @ b)
    a, b, c = normal(32, 1024), normal(100, 1024), normal(100)
    case("Gemm 32x1024x100", [("Gemm", ["a", b, c], dict(transB=1))], {"a": a}, a.astype(np.float64) @ b.T + c)
    for channels, size, kernel in ((3, 24, 7), (64, 12, 3), (512, 7, 3), (1024, 7, 1)):
        x, w = normal(1, channels, size, size, mean=0.5), normal(16, channels, kernel, kernel)
        pad = kernel // 2
        padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        views = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (2, 3))
        case(f"Conv {channels}x{kernel}x{kernel}", [("Conv", ["x", w], dict(pads=[pad] * 4))], {"x": x},
             np.einsum("nchwij,ocij->nohw", views, w.astype(np.float64)))
    for queries, keys, size in ((32, 32, 64), (16, 512, 64), (1, 4096, 32)):
        q, k, v = normal(1, 4, queries, size), normal(1, 4, keys, size), normal(1, 4, keys, size)
        scores = q.astype(np.float64) @ k.transpose(0, 1, 3, 2) / np.sqrt(size)
        power = np.exp(scores - scores.max(-1, keepdims=True))
        case(f"Attention {queries}x{keys}x{size}",
             [("Transpose", ["k"], dict(perm=[0, 1, 3, 2])), ("MatMul", ["q", 0], {}),
              ("Mul", [1, np.float32(1 / np.sqrt(size))], {}), ("Softmax", [2], dict(axis=-1)), ("MatMul", [3, "v"], {})],
             {"q": q, "k": k, "v": v}, power / power.sum(-1, keepdims=True) @ v)


reductions()
normalisations()
contractions()
cases = [c for c in cases if not words or any(w in c[0] for w in words)]
nodes, values, constants, feeds, outputs = [], [], [], {}, []
for number, (title, parts, inputs, _) in enumerate(cases):
    made, given, held = model(parts, inputs, f"c{number}_")
    nodes, values, constants = nodes + made, values + given, constants + held
    feeds |= {f"c{number}_{n}": a for n, a in inputs.items()}
    outputs.append(made[-1].output[0])
graph = helper.make_graph(nodes, "sums", values, [helper.make_empty_tensor_value_info(n) for n in outputs], constants)
whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
whole = onnx.shape_inference.infer_shapes(whole)
peer = reference(whole, feeds)
with Program(whole, *flags) as program:
    results = program.run(feeds, outputs=outputs)

failed = 0
print("| case | dlc mean | onnxruntime mean | dlc max | onnxruntime max |\n|---|---|---|---|---|")
for name, (title, _, _, exact) in zip(outputs, cases):
    size = np.abs(exact).max()
    ours, theirs = (np.abs(r[name].astype(np.float64) - exact) / size for r in (results, peer))
    bad = not ours.mean() <= max(ALLOWED * theirs.mean(), NEGLIGIBLE)
    failed += bad
    print(f"| {title} | {ours.mean():.2g} | {theirs.mean():.2g} | {ours.max():.2g} | {theirs.max():.2g} |{' **worse**' * bad}")
sys.exit(failed > 0)
