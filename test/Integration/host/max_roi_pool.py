# REQUIRES: onnxruntime
# RUN: %python %s
"""MaxRoiPool against onnxruntime: regions beside the image, upside down, of one element; halves; types; several images;
extents of regions and images. With --target=cuda for a GPU."""
import sys

import numpy as np

from dlc_testing import Program, differences, parse_model, reference

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(3)
FAILED = []


def regions(count, images, height, width, scale):
    """Most of them inside; corners are halves, too."""
    size = np.array([width, height, width, height]) / scale
    corners = np.round(RNG.uniform(-0.3, 1.3, (count, 4)) * size * 2 * scale) / 2 / scale
    corners[::3, 2:] = np.maximum(corners[::3, 2:], corners[::3, :2] + 1)
    return np.concatenate([RNG.integers(0, images, (count, 1)), corners], axis=1).astype(np.float32)


def text(element, shape, rows, scale, pooled):
    return (f"g ({element}[{','.join(map(str, shape))}] x, {element}[{rows},5] r) => ({element}[a,b,c,d] y) "
            f"{{ y = MaxRoiPool <pooled_shape = [{pooled[0]}, {pooled[1]}], spatial_scale = {scale}> (x, r) }}")


for shape, pooled, scale in (((2, 3, 12, 17), (4, 5), 0.5), ((1, 16, 38, 50), (7, 7), 0.0625), ((3, 1, 5, 4), (1, 1), 1.0)):
    x = RNG.standard_normal(shape).astype(np.float32)
    FAILED += differences(f"{shape}", parse_model(text("float", shape, 40, scale, pooled), {}, 21),
                          [{"x": x, "r": regions(40, shape[0], *shape[2:], scale)}], *FLAGS)

# onnxruntime has float only.
x, r = RNG.integers(-99, 99, (1, 2, 9, 9)).astype(np.float32), regions(20, 1, 9, 9, 1.0)
wanted = reference(parse_model(text("float", x.shape, 20, 1.0, (3, 2)), {}, 21), {"x": x, "r": r})["y"]
for element, dtype in (("double", np.float64), ("float16", np.float16)):
    with Program(parse_model(text(element, x.shape, 20, 1.0, (3, 2)), {}, 21), *FLAGS) as program:
        got = program.run({"x": x.astype(dtype), "r": r.astype(dtype)})["y"]
    if got.dtype != dtype or not np.array_equal(got, wanted):
        FAILED.append(element)

FAILED += differences("extents", parse_model(text("float", ("n", 3, "h", "w"), "k", 0.5, (3, 3)), {}, 21),
                      [{"x": RNG.standard_normal((n, 3, h, w)).astype(np.float32), "r": regions(k, n, h, w, 0.5)}
                       for n, h, w, k in ((2, 12, 17, 9), (1, 5, 17, 1), (2, 12, 3, 4))],
                      *FLAGS, "--max-dim=n=2", "--max-dim=h=12", "--max-dim=w=17", "--max-dim=k=9")
print("\n".join(FAILED))
sys.exit(bool(FAILED))
