# REQUIRES: onnxruntime
# RUN: %python %s
"""How exporters compute sizes, of dimensions with a bound: each against onnxruntime, with several extents. What image
models ask of them: padding to whole windows, antialiasing, fitting into a frame, means of incomplete windows. With
--target=cuda for a GPU."""
import sys

import numpy as np
from onnx import helper
from onnx.reference import ReferenceEvaluator

from dlc_testing import Program, compare, differences, parse_model

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(43)
FAILED = []


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def check(name, text, inputs, *flags, opset=18, **constants):
    inputs = [{n: np.asarray(a) for n, a in given.items()} for given in inputs]
    FAILED.extend(differences(name, parse_model(f"g {text}", constants, opset), inputs, *FLAGS, *flags))


def images(*sizes, channels=2, dtype=None):
    """Images x of these sizes, the largest ones first."""
    if dtype:
        return [{"x": RNG.integers(0, 200, (1, channels, h, w)).astype(dtype)} for h, w in sizes]
    return [{"x": floats(1, channels, h, w)} for h, w in sizes]


BOUNDS = "--max-dim=h=12", "--max-dim=w=16"


def expanded():
    """torch.onnx (TorchScript): a size of -1 keeps the dimension, which is asked of each number of the shape."""
    check("keeps -1", """(float[b,s] x, float[1,1,s] mask) => (float[b,m,k] y) {
        shape = Shape (x)
        b0 = Gather <axis = 0> (shape, zero)
        b1 = Unsqueeze (b0, axis)
        sizes = Concat <axis = 0> (b1, three, keep)
        ones = ConstantOfShape <value = int64[1] {1}> (rank)
        none = Mul (ones, keep)
        asks = Equal (sizes, none)
        chosen = Where (asks, ones, sizes)
        y = Expand (mask, chosen)
    }""", [{"x": floats(b, s), "mask": floats(1, 1, s)} for b, s in ((4, 7), (1, 1), (3, 5))], "--max-dim=b=4", "--max-dim=s=7",
          zero=np.array(0), axis=np.array([0]), three=np.array([3]), keep=np.array([-1]), rank=np.array([3]))
    check("asks for the least", """(float[n,2] x) => (float[m,2] y) {
        n = Shape <end = 1> (x)
        isFew = Less (n, four)
        sizes = Where (isFew, four, n)
        all = Concat <axis = 0> (sizes, two)
        y = Resize <mode = "nearest"> (x, , , all)
    }""", [{"x": floats(n, 2)} for n in (9, 1, 6)], "--max-dim=n=9", four=np.array([4]), two=np.array([2]))


def windows():
    """Swin and SAM: images are padded to whole windows of 4, and cut again."""
    for name, lacking in (("remainder of a difference", "r = Mod (h, four) l = Sub (four, r) p = Mod (l, four)"),
                          ("remainder of a negative number", "l = Neg (h) p = Mod (l, four)"),
                          ("rounded up", """f = Cast <to = 1> (h) q = Div (f, real) c = Ceil (q) i = Cast <to = 7> (c)
                                            g = Mul (i, four) p = Sub (g, h)""")):
        check(name, f"""(float[1,2,h,w] x) => (float[1,2,a,4,b,4] y, float[1,2,c,d] back) {{
            h = Shape <start = 2> (x)
            {lacking}
            pads = Concat <axis = 0> (none, none, none, p)
            wide = Pad (x, pads)
            s = Shape <start = 2> (wide)
            n = Div (s, four)
            a = Gather (n, first)
            b = Gather (n, second)
            sizes = Concat <axis = 0> (one, two, a, four, b, four)
            y = Reshape (wide, sizes)
            back = Slice (wide, none, h, axes)
        }}""", images((12, 16), (4, 8), (9, 5), (1, 15)), *BOUNDS, none=np.array([0, 0]), one=np.array([1]), two=np.array([2]),
              four=np.array([4]), real=np.array([4], np.float32), first=np.array([0]), second=np.array([1]), axes=np.array([2, 3]))


def scaled():
    """A size is computed by floats, as interpolate with a factor does it."""
    for rounding in ("Floor", "Ceil", "Round"):
        check(rounding, f"""(float[1,2,h,w] x) => (float[1,2,a,b] y) {{
            all = Shape (x)
            front = Slice (all, start, middle)
            back = Slice (all, middle, end)
            f = Cast <to = 1> (back)
            m = Mul (f, factor)
            r = {rounding} (m)
            i = Cast <to = 7> (r)
            sizes = Concat <axis = 0> (front, i)
            y = Resize <mode = "linear", coordinate_transformation_mode = "pytorch_half_pixel"> (x, , , sizes)
        }}""", images((12, 16), (5, 7), (3, 2)), *BOUNDS, start=np.array([0]), middle=np.array([2]), end=np.array([4]),
              factor=np.array([1.5, 0.7], np.float32))


def filtered():
    """With antialiasing, images become smaller in one dimension and larger in the other, which only the run knows: to a
    fixed size, by a factor, as large as another tensor; a table of positions, which has a size, as large as an image."""
    for mode in ("linear", "cubic"):
        for outside in (0, 1) if mode == "cubic" else (1,):
            attributes = f'mode = "{mode}", antialias = 1, exclude_outside = {outside}, axes = [2, 3], cubic_coeff_a = -0.5'
            check(f"{mode} {outside}", f"""(float[1,2,h,w] x, float[1,2,k,5] t) => (float[1,2,7,5] y, float[1,2,a,b] z, float[1,2,k,5] u, float[1,2,h,w] v) {{
                y = Resize <{attributes}> (x, , , sizes)
                z = Resize <{attributes}> (x, , scales)
                as = Shape <start = 2> (t)
                u = Resize <{attributes}> (x, , , as)
                large = Shape <start = 2> (x)
                v = Resize <{attributes}> (table, , , large)
            }}""", [{**given, "t": floats(1, 2, k, 5)} for given, k in zip(images((12, 16), (5, 3), (7, 5), (1, 9)), (6, 2, 6, 1))],
                  *BOUNDS, "--max-dim=k=6", sizes=np.array([7, 5]), scales=np.array([0.5, 0.75], np.float32), table=floats(1, 2, 4, 6))
    check("half precision", """(float16[1,2,h,w] x) => (float16[1,2,7,5] y) {
        y = Resize <mode = "linear", antialias = 1, axes = [2, 3], exclude_outside = 1> (x, , , sizes)
    }""", [{"x": given["x"].astype(np.float16)} for given in images((12, 16), (5, 3))], *BOUNDS, sizes=np.array([7, 5]))


def fitted():
    """As large as fits into a frame, as in front of a detector."""
    for mode in ("nearest", "linear", "cubic"):
        check(f"fits, {mode}", f"""(float[1,2,h,w] x) => (float[1,2,a,b] y, float[1,2,7,9] framed) {{
            y = Resize <mode = "{mode}", axes = [2, 3], keep_aspect_ratio_policy = "not_larger"> (x, , , sizes)
            s = Shape <start = 2> (y)
            p = Sub (sizes, s)
            pads = Concat <axis = 0> (none, none, none, p)
            framed = Pad (y, pads)
        }}""", images((12, 16), (12, 4), (3, 16), (7, 9), (1, 1)), *BOUNDS, sizes=np.array([7, 9]), none=np.array([0, 0]))
    check("fits into another one", """(float[1,2,h,w] x, float[1,2,k,9] t) => (float[1,2,a,b] y) {
        sizes = Shape <start = 2> (t)
        y = Resize <mode = "linear", axes = [2, 3], keep_aspect_ratio_policy = "not_larger"> (x, , , sizes)
    }""", [{**given, "t": floats(1, 2, k, 9)} for given, k in zip(images((12, 16), (12, 4), (3, 16)), (7, 5, 3))],
          *BOUNDS, "--max-dim=k=7")


def placed():
    """Images that are read at computed places: beside the part that there is, other things count than beside all of it."""
    grids = lambda b: RNG.uniform(-1.4, 1.4, (b, 4, 3, 2)).astype(np.float32)
    for mode in ("nearest", "linear", "cubic"):
        for padding in ("zeros", "border", "reflection"):
            check(f"{mode}, {padding}", f"""(float[b,2,h,w] x, float[b,4,3,2] grid) => (float[b,2,4,3] y, float[b,2,4,3] z) {{
                y = GridSample <mode = "{mode}", padding_mode = "{padding}", align_corners = 0> (x, grid)
                z = GridSample <mode = "{mode}", padding_mode = "{padding}", align_corners = 1> (x, grid)
            }}""", [{"x": floats(b, 2, h, w), "grid": grids(b)} for b, h, w in ((2, 12, 16), (1, 5, 7), (2, 1, 3))],
                  *BOUNDS, "--max-dim=b=2", opset=20)
    check("warped", """(float[1,2,h,w] x, float[1,h,w,2] grid) => (float[1,2,h,w] y) { y = GridSample <padding_mode = "border"> (x, grid) }""",
          [{"x": floats(1, 2, h, w), "grid": floats(1, h, w, 2)} for h, w in ((12, 16), (5, 7))], *BOUNDS, opset=20)
    for mode in ("avg", "max"):
        check(f"regions, {mode}", f"""(float[1,2,h,w] x, float[n,4] regions) => (float[n,2,3,2] y) {{
            zero = Mul (regions, none)
            sums = ReduceSum <keepdims = 0> (zero, axis)
            batches = Cast <to = 7> (sums)
            y = RoiAlign <output_height = 3, output_width = 2, sampling_ratio = 2, mode = "{mode}"> (x, regions, batches)
        }}""", [{"x": floats(1, 2, h, w), "regions": np.sort(RNG.uniform(-2, 14, (n, 4))).astype(np.float32)}
                for n, h, w in ((3, 12, 16), (1, 5, 7), (2, 3, 9))], *BOUNDS, "--max-dim=n=3", none=np.float32(0), axis=np.array([1]))
    check("deformed", """(float[1,2,h,w] x, float[1,8,a,b] offset) => (float[1,3,a,b] y) { y = DeformConv <kernel_shape = [2, 2]> (x, filter, offset) }""",
          [{"x": floats(1, 2, h, w), "offset": floats(1, 8, h - 1, w - 1)} for h, w in ((12, 16), (5, 7), (2, 4))],
          *BOUNDS, "--max-dim=a=11", "--max-dim=b=15", opset=22, filter=floats(3, 2, 2, 2))


def divided():
    """torch.export: a size of -1 is the number of elements divided by the other sizes. SegFormer: a map becomes a sequence and a map
    of the same extents again, which moves nothing."""
    check("a rest", """(float[b,6,h,w] x) => (float[b,6,m] y, float[b,3,2,m] z, float[b,6,h,w] back) {
        b = Shape <start = 0, end = 1> (x)
        h = Shape <start = 2, end = 3> (x)
        w = Shape <start = 3, end = 4> (x)
        b0 = Squeeze (b)
        part = Mul (b0, six)
        some = Mul (part, h)
        all = Mul (some, w)
        rest = Div (all, part)
        s = Concat <axis = 0> (b, six, rest)
        y = Reshape (x, s)
        whole = ReduceProd <keepdims = 0> (s)
        b3 = Mul (b, three)
        b6 = Mul (b3, two)
        same = Div (whole, b6)
        t = Concat <axis = 0> (b, three, two, same)
        z = Reshape (x, t)
        e = Exp (y)
        u = Concat <axis = 0> (b, six, h, w)
        back = Reshape (e, u)
    }""", [{"x": floats(b, 6, h, w)} for b, h, w in ((3, 12, 16), (1, 5, 7), (2, 1, 3))], *BOUNDS, "--max-dim=b=3",
          six=np.array([6]), three=np.array([3]), two=np.array([2]))
    check("of a reshape's own numbers", """(float[b,h,6] x) => (float[b,c,3,2] y) {
        b = Shape <start = 0, end = 1> (x)
        h = Shape <start = 1, end = 2> (x)
        n = Mul (b, h)
        s = Concat <axis = 0> (n, six)
        flat = Reshape (x, s)
        e = Exp (flat)
        m = Shape <start = 0, end = 1> (flat)
        c = Div (m, h)
        t = Concat <axis = 0> (c, h, three, two)
        y = Reshape (e, t)
    }""", [{"x": floats(b, h, 6)} for b, h in ((3, 12), (1, 5), (2, 1))], "--max-dim=h=12", "--max-dim=b=3",
          six=np.array([6]), three=np.array([3]), two=np.array([2]))


def samples():
    """skl2onnx: any number of samples, of which trees know nothing but the leaves they end in."""
    graph = parse_model("g (float[n,3] x) => (float[n,2] y) { y = Identity (x) }", {})
    graph.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    trees = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=2, nodes_treeids=[0, 0, 0, 1], nodes_nodeids=[0, 1, 2, 0],
        nodes_featureids=[1, 0, 0, 0], nodes_values=[0.25, 0.0, 0.0, 0.0], nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF", "LEAF"],
        nodes_truenodeids=[1, 0, 0, 0], nodes_falsenodeids=[2, 0, 0, 0], target_treeids=[0, 0, 0, 1], target_nodeids=[1, 2, 2, 0],
        target_ids=[0, 0, 1, 1], target_weights=[1.0, 2.0, -3.0, 0.5])
    graph.graph.node[0].CopyFrom(trees)
    FAILED.extend(differences("trees", graph, [{"x": floats(n, 3)} for n in (9, 1, 4)], *FLAGS, "--max-dim=n=9"))


def counted():
    """Positions of a decoder behind its past, and relative ones that fall; halves of what was padded to an even size."""
    check("positions", """(float[1,s,2] x, float[1,p,2] past) => (int64[m] y, int64[k] z, float[k] r, float[f] q, float[1,s,2] shifted) {
        ss = Shape <start = 1, end = 2> (x)
        ps = Shape <start = 1, end = 2> (past)
        s = Squeeze (ss)
        p = Squeeze (ps)
        all = Add (p, s)
        y = Range (p, all, one)
        less = Sub (s, one)
        none = Neg (s)
        down = Neg (one)
        z = Range (less, none, down)
        lessReal = Cast <to = 1> (less)
        noneReal = Cast <to = 1> (none)
        downReal = Cast <to = 1> (down)
        r = Range (lessReal, noneReal, downReal)
        q = Range (lessReal, eight, threeHalves)
        yy = Cast <to = 1> (y)
        column = Reshape (yy, tall)
        shifted = Add (x, column)
    }""", [{"x": floats(1, s, 2), "past": floats(1, p, 2)} for s, p in ((7, 9), (1, 9), (5, 0), (3, 2))], "--max-dim=s=7", "--max-dim=p=9",
          one=np.array(1), eight=np.float32(8), threeHalves=np.float32(1.5), tall=np.array([1, -1, 1]))
    check("halves", """(float[1,2,h,w] x) => (float[1,4,a,w] y, float[1,2,a,w] z) {
        h = Shape <start = 2, end = 3> (x)
        odd = Mod (h, two)
        pads = Concat <axis = 0> (front, odd, back)
        even = Pad (x, pads)
        first = Slice (even, zero, far, axis, two)
        second = Slice (even, one, far, axis, two)
        y = Concat <axis = 1> (first, second)
        z = Sub (first, second)
    }""", images((12, 16), (5, 7), (1, 2), (8, 3)), *BOUNDS, two=np.array([2]), front=np.zeros(6, np.int64), back=np.array([0]),
          zero=np.array([0]), one=np.array([1]), far=np.array([2**62]), axis=np.array([2]))


def branches():
    """torch.onnx: index_copy replaces a size in a shape; what follows is done only if something was found, and may be
    any number of elements, or is none (torchvision's detectors)."""
    check("replaced sizes", """(float[b,s,4] x, float[p,4] y) => (float[b,m,4] z) {
        shape = Shape (x)
        other = Shape <end = 1> (y)
        sizes = ScatterElements (shape, middle, other)
        last = Slice (x, zero, one, middle)
        z = Expand (last, sizes)
    }""", [{"x": floats(b, s, 4), "y": floats(p, 4)} for b, s, p in ((4, 7, 5), (1, 1, 1), (3, 5, 2))],
          "--max-dim=b=4", "--max-dim=s=7", "--max-dim=p=5", middle=np.array([1]), zero=np.array([0]), one=np.array([1]))
    for swapped in (False, True):
        none = "none () => (int64[k] a, float[i,2] b) { a = Identity (empty) b = Identity (noRows) }"
        some = """some () => (int64[k] a, float[i,2] b) {
            found = NonZero (positive)
            a = Squeeze (found, zero)
            b = Gather (x, a)
        }"""
        then, other = (some, none) if swapped else (none, some)
        check(f"branches, {swapped}", f"""(float[n,2] x) => (int64[k] y, float[i,2] z, float[2] sum) {{
            column = Slice (x, zero, one, one)
            flat = Squeeze (column, one)
            positive = Greater (flat, nought)
            counts = Cast <to = 7> (positive)
            count = ReduceSum <keepdims = 0> (counts)
            decides = {"Greater" if swapped else "LessOrEqual"} (count, two)
            y, w = If (decides) <then_branch = {then}, else_branch = {other}>
            z = Add (w, w)
            sum = ReduceSum <keepdims = 0> (z, zero)
        }}""", [{"x": floats(n, 2)} for n in (9, 1, 4, 6, 2, 8)], "--max-dim=n=9", zero=np.array([0]), one=np.array([1]), two=np.array(2),
              nought=np.float32(0), empty=np.zeros(0, np.int64), noRows=np.zeros((0, 2), np.float32))


def corners():
    """With aligned corners, of a length that is no whole number: onnxruntime rounds it, the standard does not."""
    graph = parse_model("""g (float[1,2,h,w] x) => (float[1,2,a,b] y) {
        y = Resize <mode = "linear", coordinate_transformation_mode = "align_corners"> (x, , scales)
    }""", {"scales": np.array([1, 1, 1.7, 2], np.float32)})
    with Program(graph, *FLAGS, *BOUNDS) as program:
        for given in images((12, 16), (5, 7), (3, 2)):
            wanted, = ReferenceEvaluator(graph).run(None, given)
            if problem := compare(program.run(given)["y"], wanted):
                FAILED.append(f"aligned, {given['x'].shape}: {problem}")


def pooled():
    """Padding counts, what ceil_mode adds behind it does not; windows that would begin in the padding are none."""
    for kernel, stride, pads in ((3, 2, (1, 1)), (2, 2, (0, 0)), (3, 2, (0, 1)), (2, 3, (1, 1)), (4, 3, (2, 1))):
        lo, hi = pads
        check(f"means of {kernel} every {stride}, {lo} and {hi}", f"""(float[1,2,h,w] x) => (float[1,2,a,b] y) {{
            y = AveragePool <kernel_shape = [{kernel}, {kernel}], strides = [{stride}, {stride}], pads = [{lo}, {lo}, {hi}, {hi}],
                             ceil_mode = 1, count_include_pad = 1> (x)
        }}""", images((12, 16), (5, 7), (4, 6), (11, 15), (10, 14)), *BOUNDS)


for case in (expanded, windows, scaled, divided, counted, samples, filtered, fitted, placed, branches, corners, pooled):
    case()
print("\n".join(FAILED))
sys.exit(bool(FAILED))
