"""A small transformer with an operation of its own, compiled and compared with numpy.

    python transformer.py [--target=cuda]
"""
import argparse

import numpy as np

import dlc

BATCH, LENGTH, WIDTH, HEADS, LAYERS, VOCABULARY = 2, 16, 32, 4, 2, 50


@dlc.elementwise
def squared_relu(x):
    """The activation of Primer: max(x, 0) squared."""
    r = dlc.max(x, 0)
    return r * r


def make_weights(rng):
    """Weights of a fixed seed, by the names that the graph gives them."""
    normal = lambda *shape: (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)
    weights = {"embedding": normal(VOCABULARY, WIDTH), "position": normal(LENGTH, WIDTH),
               "scale": 1 + normal(WIDTH)}
    for layer in range(LAYERS):
        weights.update({
            "layer%d/scale1" % layer: 1 + normal(WIDTH), "layer%d/scale2" % layer: 1 + normal(WIDTH),
            "layer%d/qkv" % layer: normal(3 * WIDTH, WIDTH), "layer%d/out" % layer: normal(WIDTH, WIDTH),
            "layer%d/up" % layer: normal(4 * WIDTH, WIDTH), "layer%d/down" % layer: normal(WIDTH, 4 * WIDTH)})
    return weights


def make_graph(weights):
    graph = dlc.Graph("transformer", dims={"batch": BATCH, "length": LENGTH})
    parameter = lambda name: graph.parameter(name, weights[graph.qualify(name)])
    tokens = graph.input("tokens", "int64", ["batch", "length"])
    mask = graph.constant(np.triu(np.full((LENGTH, LENGTH), -1e9, np.float32), 1))
    embedding = parameter("embedding")
    x = dlc.gather(embedding, tokens, axis=0) + parameter("position")
    for layer in range(LAYERS):
        with graph.scope("layer%d" % layer):
            h = dlc.rms_norm(x, parameter("scale1"), 1e-6)
            query, key, value = dlc.chunk(dlc.linear(h, parameter("qkv")), 3, axis=-1)
            h = dlc.multi_head_attention(query, key, value, HEADS, mask)
            x = x + dlc.linear(h, parameter("out"))
            h = dlc.rms_norm(x, parameter("scale2"), 1e-6)
            x = x + dlc.linear(squared_relu(dlc.linear(h, parameter("up"))), parameter("down"))
    graph.output("logits", dlc.linear(dlc.rms_norm(x, parameter("scale"), 1e-6), embedding))
    return graph


def reference(weights, tokens):
    """The same in numpy, in float64."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    norm = lambda x, scale: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6) * scale
    split = lambda x: x.reshape(BATCH, LENGTH, HEADS, -1).transpose(0, 2, 1, 3)
    x = w["embedding"][tokens] + w["position"]
    for layer in range(LAYERS):
        p = "layer%d/" % layer
        query, key, value = map(split, np.split(norm(x, w[p + "scale1"]) @ w[p + "qkv"].T, 3, -1))
        scores = query @ key.transpose(0, 1, 3, 2) / np.sqrt(WIDTH // HEADS)
        scores = np.exp(scores + np.triu(np.full((LENGTH, LENGTH), -1e9), 1))
        h = scores / scores.sum(-1, keepdims=True) @ value
        x = x + h.transpose(0, 2, 1, 3).reshape(BATCH, LENGTH, WIDTH) @ w[p + "out"].T
        h = np.maximum(norm(x, w[p + "scale2"]) @ w[p + "up"].T, 0) ** 2
        x = x + h @ w[p + "down"].T
    return norm(x, w["scale"]) @ w["embedding"].T


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", default="host")
    parser.add_argument("--arch", default="")
    args = parser.parse_args()
    rng = np.random.default_rng(5)
    weights = make_weights(rng)
    tokens = rng.integers(0, VOCABULARY, (BATCH, LENGTH))
    model = make_graph(weights).compile(target=args.target, arch=args.arch)
    logits = model(tokens)
    want = reference(weights, tokens)
    error = np.abs(logits - want).max() / np.abs(want).max()
    print("%r: arena %d bytes, error %.1e" % (model, model.memory.arena_bytes, error))
    if not error < 1e-4:
        raise SystemExit("the compiled transformer and numpy differ")


if __name__ == "__main__":
    main()
