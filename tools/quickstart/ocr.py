#!/usr/bin/env python3
"""Around the text recogniser of the quick start: what comes before and after.

  ocr.py model                        prints where the trained model lies
  ocr.py picture TEXT PNG NPY WIDTH   paints TEXT into PNG, and the model's input
  ocr.py read MODEL NPY               prints the text that the model's output says
"""
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

HEIGHT = 48  # of the pictures that the recogniser was trained on


def model():
    folder = Path(find_spec("rapidocr_onnxruntime").submodule_search_locations[0])
    print(next((folder / "models").glob("*rec*.onnx")))


def picture(text, png, npy, width):
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 32)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("RGB", (right - left + 24, HEIGHT), "white")
    place = (12 - left, (HEIGHT - bottom + top) // 2 - top)
    ImageDraw.Draw(image).text(place, text, font=font, fill="black")
    image.save(png)
    if image.width > width:
        image = image.resize((width, HEIGHT))
    # What the recogniser wants: blue first, -1 to 1, zeros on the right.
    pixels = np.asarray(image, dtype=np.float32)[:, :, ::-1] / 127.5 - 1
    array = np.zeros((1, 3, HEIGHT, width), dtype=np.float32)
    array[0, :, :, :image.width] = pixels.transpose(2, 0, 1)
    np.save(npy, array)


def read(model_path, npy):
    import onnx

    metadata = onnx.load(model_path).metadata_props
    characters = next(p.value for p in metadata if p.key == "character").splitlines()
    alphabet = [""] + characters + [" "]
    # Connectionist temporal classification: the best class of each column,
    # repeats merged, class 0 means nothing.
    best = np.load(npy)[0].argmax(axis=1)
    kept = [c for i, c in enumerate(best) if c and (i == 0 or c != best[i - 1])]
    print("".join(alphabet[c] for c in kept).strip())


if __name__ == "__main__":
    command, args = sys.argv[1], sys.argv[2:]
    if command == "model":
        model()
    elif command == "picture":
        picture(args[0], args[1], args[2], int(args[3]))
    elif command == "read":
        read(args[0], args[1])
    else:
        sys.exit(__doc__)
