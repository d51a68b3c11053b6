# REQUIRES: onnxruntime
# RUN: %python %s
"""ImageDecoder: a program decodes the pictures that are its inputs. Every format, kind of
pixel and size gives what Pillow's decoders give, bit for bit; heights and widths have
bounds; a damaged picture is refused with one line. With --target=cuda for a GPU."""
import io
import os
import subprocess
import sys
import tempfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from dlc_targets import on_cuda, target_flags
from dlc_testing import DLC, Failure, Program, run_command

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
RNG = np.random.default_rng(5)
BOUND = 64
CHANNELS = {"RGB": 3, "BGR": 3, "Grayscale": 1}
# Formats, options, and the modes of Pillow's that go with them.
KINDS = [("BMP", {}, "RGB L P 1 RGBA"),
         ("PNG", {}, "RGB L P 1 RGBA LA I;16"),
         *[("JPEG", {"quality": q, "subsampling": s, "progressive": p}, "RGB L CMYK")
           for q, s, p in ((95, 0, False), (60, 1, False), (80, 2, False), (80, 2, True))],
         ("JPEG2000", {}, "RGB L RGBA LA"), ("JPEG2000", {"no_jp2": True}, "RGB"),
         ("JPEG2000", {"irreversible": True, "quality_mode": "rates", "quality_layers": [10]}, "RGB L"),
         ("PPM", {}, "RGB L 1"),
         *[("TIFF", {"compression": c}, "RGB L P RGBA") for c in (None, "tiff_lzw", "packbits", "tiff_adobe_deflate")],
         ("TIFF", {"compression": "jpeg"}, "RGB L"), ("TIFF", {"compression": "group4"}, "1"),
         ("WEBP", {"lossless": True}, "RGB RGBA"), ("WEBP", {"quality": 80}, "RGB RGBA")]


def check(condition, *about):
    if not condition:
        sys.exit(" ".join(map(str, about)))


def image(height, width):
    """Waves with some noise."""
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([128 + 100 * np.sin(x / 7 + i) * np.cos(y / (9 + i)) for i in range(4)], -1)
    return np.clip(waves + RNG.normal(0, 6, waves.shape), 0, 255).astype(np.uint8)


def in_mode(pixels, mode):
    colors = Image.fromarray(pixels[:, :, :3])
    return (Image.fromarray(pixels) if mode == "RGBA" else colors.quantize(64) if mode == "P" else
            Image.fromarray(pixels[:, :, 0].astype(np.uint16) * 257) if mode == "I;16" else colors.convert(mode))


def encode(picture, form, **options):
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def decode(data, order="RGB"):
    """What Pillow makes of it, without transparency."""
    found = Image.open(io.BytesIO(data))
    if found.mode.startswith("I"):
        pixels = np.repeat((np.array(found) >> 8).astype(np.uint8)[..., None], 3, -1)
    elif found.mode in ("RGBA", "LA"):
        pixels = np.array(found)[:, :, :-1]
        pixels = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    else:
        pixels = np.array(found.convert("RGB"))
    if order == "Grayscale":
        return np.array(Image.fromarray(np.ascontiguousarray(pixels)).convert("L"))[..., None]
    return pixels[:, :, ::-1] if order == "BGR" else pixels


def model(order="RGB", shape=("h", "w"), nodes=(), output=None):
    """Decodes `file`, and gives the pixels, or what `nodes` make of them."""
    graph = helper.make_graph(
        [helper.make_node("ImageDecoder", ["file"], ["pixels"], pixel_format=order), *nodes], "pictures",
        [helper.make_tensor_value_info("file", TensorProto.UINT8, [None])],
        [output or helper.make_tensor_value_info("pixels", TensorProto.UINT8, [*shape, CHANNELS[order]])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def compiled(graph, *flags):
    return Program(graph, *FLAGS, *flags)


def bounds(height="h", width="w"):
    return f"--max-dim={height}={BOUND}", f"--max-dim={width}={BOUND}"


def run_file(program, data, suffix=".bin"):
    """The pixels of a picture in a file of its own, and how the program ended."""
    path = os.path.join(program.folder, "picture" + suffix)
    with open(path, "wb") as file:
        file.write(data)
    out = os.path.join(program.folder, "out")
    done = subprocess.run([*program.command, path, "-o", out], capture_output=True, text=True, timeout=60, check=False)
    return (None if done.returncode else np.load(os.path.join(out, "pixels.npy"))), done


def formats():
    """Every kind, in the sizes that there are inside of the bounds."""
    sizes = ((37, 53), (1, 1), (BOUND, BOUND), (8, 3))
    pictures = [(form, options, mode, encode(in_mode(image(*size), mode), form, **options))
                for i, (form, options, modes) in enumerate(KINDS) for j, mode in enumerate(modes.split())
                for size in (sizes if not on_cuda(FLAGS) else sizes[(i + j) % 4:][:1])]
    for order in CHANNELS:
        with compiled(model(order), *bounds()) as program:
            for form, options, mode, data in pictures if order == "RGB" else pictures[::5]:
                got, done = run_file(program, data)
                check(got is not None, form, options, mode, order, done.stderr)
                wanted = decode(data, order)
                check(got.shape == wanted.shape and np.array_equal(got, wanted),
                      form, options, mode, order, got.shape, "differs from Pillow's", wanted.shape)


def ways_in():
    """A picture's bytes, or its pixels, in an .npy file; a picture bound, or constant."""
    data = encode(in_mode(image(20, 30), "RGB"), "PNG")
    wanted = decode(data)
    with compiled(model(), *bounds()) as program:
        for array in (np.frombuffer(data, np.uint8), wanted):
            got = program.run({"file": array})["pixels"]
            check(np.array_equal(got, wanted), array.shape, "as .npy")
        info = program.info()
        check(info["inputs"][0].get("picture") == "RGB", info["inputs"])
        text = run_command([*program.command, "--help"])
        check("a picture" in text, text)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.png")
        with open(path, "wb") as file:
            file.write(data)
        bytes_path = os.path.join(folder, "a.npy")
        np.save(bytes_path, np.frombuffer(data, np.uint8))
        for bound in (path, bytes_path):
            with compiled(model(), f"--bind=file={bound}") as program:
                check(np.array_equal(program.run({})["pixels"], wanted), "bound to", bound)
    constant = model(shape=(20, 30))
    constant.graph.initializer.append(numpy_helper.from_array(np.frombuffer(data, np.uint8), "file"))
    del constant.graph.input[:]
    with compiled(constant) as program:
        check(np.array_equal(program.run({})["pixels"], wanted), "a constant picture")


def computed_with():
    """What is behind it has the picture's size: its mean, and a picture as networks want it."""
    nodes = [helper.make_node("Cast", ["pixels"], ["x"], to=TensorProto.FLOAT),
             helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=0),
             helper.make_node("Transpose", ["x"], ["planes"], perm=[2, 0, 1])]
    mean = helper.make_tensor_value_info("mean", TensorProto.FLOAT, [])
    graph = model(nodes=nodes, output=mean)
    graph.graph.output.append(helper.make_tensor_value_info("planes", TensorProto.FLOAT, [3, "a", "b"]))
    with compiled(graph, *bounds("file_height", "file_width")) as program:
        for size in ((40, 64), (3, 5)):
            data = encode(in_mode(image(*size), "RGB"), "JPEG", quality=90)
            got, wanted = program.run({"file": np.frombuffer(data, np.uint8)}), decode(data).astype(np.float32)
            check(np.allclose(got["mean"], wanted.mean(), rtol=1e-5), got["mean"], wanted.mean())
            check(np.array_equal(got["planes"], wanted.transpose(2, 0, 1)), "planes")


def damaged():
    """Broken files end a program with exit code 2 and one line that names the file, or are
    read as far as the format's library takes them: never with a crash."""
    with compiled(model(), *bounds()) as program:
        for text, data in (("is no picture", b"hello, world, this is text"), ("is empty", b""),
                           ("but the program was compiled for <=64x<=64x3", encode(in_mode(image(65, 10), "L"), "PNG")),
                           ("no picture", b"\xff"), ("cannot be decoded", b"BM"), ("cannot be decoded", b"P6\n1 1\n")):
            got, done = run_file(program, data)
            check(got is None and done.returncode == 2 and text in done.stderr and done.stderr.count("\n") == 1 and
                  "picture.bin" in done.stderr, text, done)
        for form, options, modes in KINDS:
            data = encode(in_mode(image(24, 20), modes.split()[0]), form, **options)
            _, done = run_file(program, data[:len(data) // 2])
            check(done.returncode == 2 and done.stderr.count("\n") == 1, form, options, "cut in half:", done)
            for _ in range(3 if on_cuda(FLAGS) else 12):
                broken = bytearray(data)
                for at in RNG.integers(2, len(data), 3):
                    broken[at] = RNG.integers(256)
                _, done = run_file(program, bytes(broken))
                check(done.returncode in (0, 2) and done.stderr.count("\n") == (done.returncode == 2),
                      form, options, "with wrong bytes:", done)


def refused():
    """Models whose pictures are no inputs, or are more than that."""
    bytes_too = model(nodes=[helper.make_node("Shape", ["file"], ["n"])])
    bytes_too.graph.output.append(helper.make_tensor_value_info("n", TensorProto.INT64, [1]))
    computed = model(nodes=[])
    computed.graph.node.insert(0, helper.make_node("Identity", ["other"], ["file"]))
    computed.graph.input[0].name = "other"
    both = model(nodes=[helper.make_node("ImageDecoder", ["file"], ["grey"], pixel_format="Grayscale")])
    both.graph.output.append(helper.make_tensor_value_info("grey", TensorProto.UINT8, ["h", "w", 1]))
    wrong = model()
    wrong.graph.node[0].attribute[0].s = b"YUV"
    for graph, text in ((bytes_too, "takes the input 'file' as bytes"), (computed, "which the model computes"),
                        (both, "which another node decodes to RGB"), (wrong, "'YUV' is not RGB"),
                        (model(), "--dim h=1")):
        try:
            with compiled(graph, *([] if text.startswith("--") else bounds())):
                sys.exit(f"compiled: {text}")
        except Failure as error:
            check(text in str(error) and "model.onnx" in str(error), text, error)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "no.png")
        with open(path, "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\nand nothing more")
        try:
            with compiled(model(), f"--bind=file={path}"):
                sys.exit("a broken picture is bound")
        except Failure as error:
            check("this PNG picture cannot be decoded" in str(error) and "no.png" in str(error), error)


def library():
    """Callers of a library pass pixels."""
    with tempfile.TemporaryDirectory() as folder:
        import onnx
        path = os.path.join(folder, "model.onnx")
        onnx.save(model(shape=(5, 4)), path)
        run_command([DLC, path, "--emit=lib", "-o", os.path.join(folder, "lib"), *target_flags(FLAGS)])
        with open(os.path.join(folder, "lib.h")) as file:
            check("picture" in file.read(), "the header does not say what is a picture")


def main():
    for part in (formats, ways_in, computed_with, damaged, refused, library):
        part()
    print("pictures: all as Pillow decodes them")


if __name__ == "__main__":
    main()
