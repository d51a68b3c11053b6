"""The networks of the examples in numpy, with weights of a fixed seed."""
import json
import struct

import numpy as np


def save_safetensors(path, tensors):
    header, data = {}, b""
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape),
                        "data_offsets": [len(data), len(data) + value.nbytes]}
        data += value.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


class Weights(dict):
    def __init__(self, seed):
        super().__init__()
        self.rng = np.random.default_rng(seed)

    def make(self, name, *shape, scale=None, shift=0.0):
        scale = scale or 1 / np.sqrt(np.prod(shape[1:]) or 1)
        self[name] = (self.rng.standard_normal(shape) * scale + shift).astype(np.float32)


def mlp_weights():
    weights = Weights(7)
    for name, out, inp in (("fc1", 128, 64), ("fc2", 10, 128)):
        weights.make(name + ".weight", out, inp)
        weights.make(name + ".bias", out, scale=0.1)
    return weights


def mlp(weights, x):
    h = np.maximum(x @ weights["fc1.weight"].T + weights["fc1.bias"], 0)
    y = h @ weights["fc2.weight"].T + weights["fc2.bias"]
    e = np.exp(y - y.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


STAGES = (("stage1", 16, 16), ("stage2", 16, 32), ("stage3", 32, 64))


def resnet_weights():
    weights = Weights(11)

    def conv(name, out, inp, kernel):
        weights.make(name + "/weight", out, inp, kernel, kernel)
        weights.make(name + "/scale", out, scale=0.1, shift=1)
        weights.make(name + "/bias", out, scale=0.1)
        weights.make(name + "/mean", out, scale=0.1)
        weights[name + "/variance"] = weights.rng.uniform(0.5, 1.5, out).astype(np.float32)

    conv("stem", 16, 3, 3)
    for stage, inp, out in STAGES:
        conv(stage + "/block1/conv1", out, inp, 3)
        conv(stage + "/block1/conv2", out, out, 3)
        if inp != out:
            conv(stage + "/block1/shortcut", out, inp, 1)
        conv(stage + "/block2/conv1", out, out, 3)
        conv(stage + "/block2/conv2", out, out, 3)
    weights.make("head.weight", 10, 64)
    weights.make("head.bias", 10, scale=0.1)
    return weights


def resnet(weights, x):
    def conv(x, name, stride=1):
        w = weights[name + "/weight"].astype(np.float64)
        pad = w.shape[2] // 2
        x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], (2, 3))
        y = np.einsum("nchwij,ocij->nohw", windows[:, :, ::stride, ::stride], w, optimize=True)
        scale, bias, mean, variance = (
            weights[name + "/" + k].astype(np.float64)[:, None, None]
            for k in ("scale", "bias", "mean", "variance"))
        return (y - mean) / np.sqrt(variance + 1e-5) * scale + bias

    x = np.maximum(conv(x.astype(np.float64), "stem"), 0)
    for stage, inp, out in STAGES:
        for block, stride in ((stage + "/block1", 1 if inp == out else 2), (stage + "/block2", 1)):
            y = np.maximum(conv(x, block + "/conv1", stride), 0)
            y = conv(y, block + "/conv2")
            short = conv(x, block + "/shortcut", stride) if stride == 2 else x
            x = np.maximum(y + short, 0)
    return x.mean((2, 3)) @ weights["head.weight"].T + weights["head.bias"]
