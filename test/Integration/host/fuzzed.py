# RUN: %python %s
# REQUIRES: onnxruntime
"""What test/fuzz/graphs found, one small case each."""

import sys

import ml_dtypes
import numpy as np
from onnx import TensorProto, helper, parser

from dlc_testing import Program, Suite, compare, reference

rng = np.random.default_rng(6)


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def normalised(x):
    wide = x.astype(np.float64)
    return ((wide - wide.mean((0, 2, 3), keepdims=True)) / wide.std((0, 2, 3), keepdims=True)).astype(x.dtype)


def nearly_constant():
    """The standard's function subtracts squares, which are equal here to the third digit of their difference. A last place
    of the numbers is 3e-5 of what they differ by."""
    suite = Suite(opset=22, atol=5e-5)
    x = (10 + f32(2, 3, 4, 5) / 30).astype(np.float32)
    suite.op("nearly constant", "MeanVarianceNormalization", [x], expected=normalised(x))
    return suite


def nearly_constant_rows(*more):
    """The same along a dimension with a bound, and without optimisations, where sums are less exact."""
    model = parser.parse_model('''<ir_version: 10, opset_import: ["" : 22]>
        g (float[n,3,4,5] x) => (float[n,3,4,5] y) { y = MeanVarianceNormalization(x) }''')
    flags = [*more, *(a for a in sys.argv[1:] if a.startswith("-"))]
    failed = False
    with Program(model, "--max-dim=n=6", *flags) as program:
        for rows in (2, 6):
            x = (10 + f32(rows, 3, 4, 5) / 30).astype(np.float32)
            error = np.abs(program.run({"x": x})["y"] - normalised(x)).max()
            if not error < 2e-4:
                print(f"FAILED: MeanVarianceNormalization of {rows} of 6 rows that are nearly constant {more}: {error}")
                failed = True
    return failed


def newest():
    suite = Suite(opset=22)

    def integers_as_bfloat16(graph):
        # back again: no such type in .npy files. A library call was left.
        x = graph.input(np.array([[0, 1, 257, 65535], [3, 16777217, 2**31, 2**32 - 1]], np.uint32))
        narrow = graph.node("Cast", graph.node("Transpose", x, perm=[1, 0]), to=TensorProto.BFLOAT16)
        wide = graph.node("Cast", narrow, to=TensorProto.FLOAT)
        expected = np.array([[0, 3], [1, 16777217], [257, 2**31], [65535, 2**32 - 1]]).astype(np.float32)
        graph.output(wide, expected=expected.astype(ml_dtypes.bfloat16).astype(np.float32))

    def filled_operand(graph):
        # A fill that is read was taken for one that a sum starts from.
        graph.output(graph.node("ReduceMean", graph.node("Expand", np.float32(3), np.array([4, 5])), np.array([1]), keepdims=0))

    def split_constant(graph):
        parts = graph.node("SplitToSequence", graph.node("Range", *(np.array(n) for n in (0, 11, 2))), np.array(4))
        graph.output(graph.node("ConcatFromSequence", parts, axis=0))

    def counted_constant(graph):
        graph.output(graph.node("NonZero", graph.node("Range", *(np.array(n) for n in (0, -18, -3)))))

    def no_iteration(graph):
        # What nothing is stacked of has a shape all the same.
        x = graph.input(f32(3))
        body = parser.parse_graph("""b (int64 i, bool c, float[3] s) => (bool d, float[3] t, float[3,2] o) {
            d = Less (i, i)
            t = Tanh (s)
            axis = Constant <value_ints = [1]> ()
            column = Unsqueeze (t, axis)
            o = Concat <axis = 1> (column, column)
        }""")
        for trips in (0, 1):
            graph.output(*graph.node("Loop", np.array(trips), None, x, outputs=2, body=body))

    def between_steps(graph):
        # 14.125 / (28.25 / 255) is 127.5 in float32; multiplied by the reciprocal it is less.
        x = graph.input(np.array([-14, 14.25] + 14 * [14.125], np.float32))
        graph.output(*graph.node("DynamicQuantizeLinear", x, outputs=3))

    def nothing_left(graph):
        # A reduction whose body folds to a constant.
        x = graph.input(rng.integers(0, 256, (13, 5)).astype(np.uint8))
        graph.output(graph.node("ReduceMin", graph.node("Sub", x, graph.node("CastLike", x, np.uint8(3))), np.array([1])),
                     expected=np.zeros((13, 1), np.uint8))

    def chosen_rows(graph):
        # One branch is taken, and the other is not read: it told how long the rows are.
        wide, column = graph.input(f32(7, 9)), graph.input(f32(7, 1))
        rows = graph.node("Where", np.array([[True]]), column, wide)
        graph.output(graph.node("LpNormalization", rows, axis=1, p=2))

    def products(graph):
        # Some 10^12 paths lead from the last product to the first; each was looked at. (All are the same: half of the ones.)
        before, weights = np.full((2, 2), 0.5, np.float32), np.full((2, 2), 0.5, np.float32)
        for _ in range(60):
            before, weights = weights, graph.node("MatMul", weights, before)
        graph.output(graph.node("MatMul", graph.input(f32(5, 2)), weights))

    suite.case("Where of which one branch is read", chosen_rows)
    suite.case("MatMul of constants, many times", products)
    suite.case("ReduceMin of x - x", nothing_left)
    many = rng.random(1480) < 0.5  # more than the importer looks at to find shapes
    suite.op("by many constants", "Compress", [f32(1480, 2)], [many], axis=0)
    suite.case("Loop of no iterations", no_iteration)
    for depth in (4, 8):  # as many as a group of products has
        x, weights = rng.integers(0, 256, (3, 9, depth)).astype(np.uint8), rng.integers(-9, 10, (depth, 128)).astype(np.int8)
        suite.op(f"of {depth}", "MatMulInteger", [x], [weights, np.uint8(3)])
    theta = rng.uniform(-1, 1, (1, 2, 3)).astype(np.float32)
    suite.op("of a batch of one", "AffineGrid", [theta], [np.array([1, 2, 3, 4])], align_corners=0)
    suite.case("Cast integers to bfloat16", integers_as_bfloat16)
    suite.case("Expand of a constant as an operand", filled_operand)
    suite.case("SplitToSequence of what is folded", split_constant)
    suite.case("NonZero of what is folded", counted_constant)
    suite.case("DynamicQuantizeLinear between two steps", between_steps)
    grid = rng.uniform(-1.3, 1.3, (2, 4, 4, 2)).astype(np.float32)
    for align in (0, 1):
        suite.op(f"cubic beside the border {align}", "GridSample", [f32(2, 3, 5, 4), grid], mode="cubic", padding_mode="border",
                 align_corners=align)
    return suite


def by_numpy():
    """What onnxruntime lacks."""
    suite = Suite(opset=22)

    def largest_of_bfloat16(graph):
        # Library calls were left here, too.
        x = f32(7, 4, 4, 1, 2)
        narrow = graph.node("Cast", graph.input(x), to=TensorProto.BFLOAT16)
        pooled = graph.node("MaxPool", narrow, kernel_shape=[1, 1, 2], strides=[1, 2, 1])
        expected = x.astype(ml_dtypes.bfloat16).astype(np.float32).max(-1, keepdims=True)
        graph.output(graph.node("Cast", pooled, to=TensorProto.FLOAT), expected=expected)

    suite.case("MaxPool of bfloat16", largest_of_bfloat16)
    for dtype in (np.float16, np.float32, np.float64):
        # The constants of libonnx's function are float32.
        x = f32(2, 3, 4, 5).astype(dtype)
        wide = x.astype(np.float64)
        expected = (wide - wide.mean((0, 2, 3), keepdims=True)) / wide.std((0, 2, 3), keepdims=True)
        suite.op(f"{x.dtype}", "MeanVarianceNormalization", [x], expected=expected.astype(dtype))

        def twice(graph, x=x, expected=expected, dtype=dtype):
            # Inference knew no type between the two.
            normal = graph.node("MeanVarianceNormalization", graph.input(x))
            graph.output(graph.node("MeanVarianceNormalization", normal), expected=expected.astype(dtype))

        suite.case(f"MeanVarianceNormalization twice {x.dtype}", twice)
    # Squares are out of range, norms are not. (Of few elements they were kept as float32.)
    x = (300 * rng.uniform(0.5, 1, (8, 8, 16, 64))).astype(np.float16)
    wide = np.pad(x.astype(np.float32), [(0, 0), (0, 0), (0, 2), (0, 0)]).reshape(8, 8, 6, 3, 64)[..., :2, :]
    suite.op("of large halves", "LpPool", [x], kernel_shape=[2, 2], strides=[3, 1], pads=[0, 0, 1, 0], p=2,
             expected=np.sqrt((wide[..., :-1]**2 + wide[..., 1:]**2).sum(3)).astype(np.float16))
    suite.op("of large halves", "GlobalLpPool", [x], p=2,
             expected=np.sqrt((x.astype(np.float32)**2).sum((2, 3), keepdims=True)).astype(np.float16))
    return suite


def old():
    suite = Suite(opset=9)
    x = f32(2, 3, 4)
    for axis in (0, 1, 2):
        rows = x.reshape(int(np.prod(x.shape[:axis])), -1)
        expected = np.eye(rows.shape[1], dtype=np.float32)[rows.argmax(1)].reshape(x.shape)
        suite.op(f"axis {axis}", "Hardmax", [x], axis=axis, expected=expected)
    for dtype in (np.float16, np.float32, np.float64):
        y = x.astype(dtype)
        padded = np.pad(y, [(0, 0), (1, 0), (0, 2)], constant_values=1.5)
        suite.op(f"{y.dtype}", "Pad", [y], pads=[0, 1, 0, 0, 0, 2], value=1.5, expected=padded)
        suite.op(f"{y.dtype}", "Clip", [y], min=-0.5, max=0.25, expected=np.clip(y, dtype(-0.5), dtype(0.25)))
    return suite


def read_in_bodies():
    """Softmax of operator set 11, of several dimensions: libonnx's converter failed where a body reads the result."""
    failed, x = False, f32(2, 3, 4)
    for op in ("Softmax", "LogSoftmax", "Hardmax"):
        for axis in (-3, 1, 2):
            model = parser.parse_model(f'''<ir_version: 10, opset_import: ["" : 11]>
                g (float[2,3,4] x) => (float[2,3,4] z, float[2,3,4] w)
                <int64 two = {{2}}, bool yes = {{1}}> {{
                    a = {op} <axis = {axis}> (x)
                    z, w = Loop (two, yes, x) <body = b (int64 i, bool c, float[2,3,4] s) => (bool d, float[2,3,4] t, float[2,3,4] u) {{
                        d = Identity (c)
                        u = {op} <axis = {axis}> (s)
                        t = Add (a, u)
                    }}> }}''')
            model.graph.output[1].CopyFrom(helper.make_tensor_value_info("w", TensorProto.FLOAT, [2, 2, 3, 4]))
            want = reference(model, {"x": x})
            with Program(model, *(a for a in sys.argv[1:] if a.startswith("-"))) as program:
                got = program.run({"x": x}, outputs=list(want))
            for name, expected in want.items():
                if text := compare(got[name], expected, 1e-4, 1e-6):
                    print(f"FAILED: {op} along {axis} read in a body: {name} {text}")
                    failed = True
    return failed


def unoptimised():
    suite = Suite(opset=22)
    # A block of partial sums that became one iteration.
    suite.op("in blocks", "ReduceSum", [f32(2, 13, 2, 4, 17)], [np.array([4, 3, 2, 1])])
    return suite


sys.exit(newest().main() | by_numpy().main() | old().main() | unoptimised().main(["-O0"]) | nearly_constant().main() | nearly_constant_rows()
         | nearly_constant_rows("-O0") | read_in_bodies())
