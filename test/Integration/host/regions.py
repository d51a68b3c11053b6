# REQUIRES: onnxruntime
# RUN: %python %s
"""RoiAlign whose regions have as many samples as pixels (sampling_ratio = 0, the default):
regions inside and outside of the image, of no size and of many times its size, in an image
whose size has a bound, and as many of them as a computation finds. Nothing of the samples
is stored. With --target=cuda for a GPU."""
import sys

import numpy as np

from dlc_testing import Failure, Program, compare, parse_model, reference

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(4)
FAILED = []


def boxes(count, height, width, scale):
    """Left, top, right, bottom; some in the corners, beside the image, empty or turned round."""
    corners = RNG.uniform(0, 1, (count, 2, 2))
    corners.sort(1)
    made = (corners * [width / scale, height / scale]).reshape(count, 4)
    w, h = width / scale, height / scale
    special = [[0, 0, w, h], [-h, -w, 2 * w, 2 * h], [5, 5, 5, 5], [10, 10, 8, 7], [w - 1, h - 1, 3 * w, 3 * h]]
    made[:len(special)] = special
    return made.astype(np.float32)


def check(name, model, sets, *flags, bound=None):
    try:
        with Program(model, *FLAGS, *flags) as program:
            if bound and program.info()["arena_bytes"] > bound:
                FAILED.append(f"{name}: the arena has {program.info()['arena_bytes']} bytes")
            for inputs in sets:
                for key, wanted in reference(model, inputs).items():
                    problem = compare(program.run(inputs)[key], wanted)
                    if problem:
                        FAILED.append(f"{name}: {problem}")
    except Failure as error:
        FAILED.append(f"{name}: {error}")


def samples():
    for mode in ("avg", "max"):
        for places in ("half_pixel", "output_half_pixel"):
            model = parse_model(f"""g (float[2,3,h,17] x, float[r,4] b, int64[r] n) => (float[r,3,3,2] y) {{
                y = RoiAlign <mode = "{mode}", coordinate_transformation_mode = "{places}", output_height = 3,
                              output_width = 2, spatial_scale = 0.5> (x, b, n) }}""", {}, 16)
            sets = []
            for height, count in ((13, 12), (5, 7), (13, 6)):
                regions = boxes(count, height, 17, 0.5)
                regions[5] = [-300, -500, 400, 300]
                sets.append({"x": RNG.standard_normal((2, 3, height, 17)).astype(np.float32), "b": regions,
                             "n": RNG.integers(0, 2, count)})
            check(f"{mode} {places}", model, sets, "--max-dim=h=13", "--max-dim=r=12")


def found():
    """Regions that a computation picks; an image as detectors have it needs no memory for samples."""
    model = parse_model("""g (float[1,64,50,76] x, float[100,4] b, float[100] s, int64[1] none) => (float[r,64,7,7] y) {
        chosen = Greater (s, half)
        at = NonZero (chosen)
        index = Squeeze (at, none)
        some = Gather (b, index)
        count = Shape (index)
        zeros = ConstantOfShape <value = int64[1] {0}> (count)
        y = RoiAlign <output_height = 7, output_width = 7, spatial_scale = 0.25> (x, some, zeros) }""",
                        {"half": np.float32(0.7)}, 16)
    model.graph.input.pop()
    from onnx import numpy_helper
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.int64), "none"))
    sets = [{"x": RNG.standard_normal((1, 64, 50, 76)).astype(np.float32), "b": boxes(100, 50, 76, 0.25),
             "s": RNG.random(100).astype(np.float32) * scale} for scale in (1, 0)]
    check("found", model, sets[:1] if FLAGS else sets, bound=8 << 20)


samples()
found()
sys.exit("\n".join(FAILED) or 0)
