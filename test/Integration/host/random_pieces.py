# RUN: %python %s
# REQUIRES: onnxruntime
"""Random graphs against onnxruntime: values with several readers, pieces of
concatenations that are padded, sliced or concatenated again, reshapes and
transpositions in between. DLC_SEEDS=100:200 in the environment tries others."""

import os
import random
import sys

import numpy as np

from dlc_testing import Suite

# Norms of nearly constant rows magnify the rounding of what comes before.
suite = Suite(batch=8, atol=1e-3)


class Builder:
    def __init__(self, graph, seed):
        self.graph, self.seed = graph, seed
        self.random, self.numbers = random.Random(seed), np.random.default_rng(seed)
        shape = (1, self.random.choice([3, 4, 5, 8]), self.random.choice([5, 7, 8]), self.random.choice([5, 6, 9]))
        self.values = [(graph.input(self.f32(*shape)), shape)]
        self.read = set()

    def f32(self, *shape):
        return self.numbers.standard_normal(shape).astype(np.float32)

    def add(self, shape, op, *operands, **attributes):
        result = self.graph.node(op, *operands, **attributes)
        self.read |= {o for o in operands if isinstance(o, str)}
        self.values.append((result, tuple(shape)))
        return result

    def convolve(self, x, s, kind):
        pick, c = self.random.choice, s[1]
        if min(s[2:]) < 3:
            return
        kernel, stride = pick([1, 3]), pick([1, 1, 2])
        if kind == "pool":
            kernel = 3
        out = [(d + 2 * (kernel // 2) - kernel) // stride + 1 for d in s[2:]]
        window = dict(kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4, strides=[stride] * 2)
        if kind == "pool":
            self.add((s[0], c, *out), pick(["MaxPool", "AveragePool"]), x, **window)
            return
        depthwise = kind == "depthwise"
        o = c if depthwise else pick([4, 6, 8])
        weights = self.f32(o, 1 if depthwise else c, kernel, kernel) * np.float32(0.3)
        self.add((s[0], o, *out), "Conv", x, weights, self.f32(o), group=c if depthwise else 1, **window)

    def step(self):
        pick, integer = self.random.choice, self.random.randint
        x, s = pick(self.values[-4:] if self.random.random() < 0.7 else self.values)
        kind = pick(["conv", "conv", "depthwise", "pool", "relu", "sigmoid", "add", "broadcast", "concat", "concat",
                     "slice", "split", "pad", "transpose", "softmax", "norm", "mean", "scale", "matmul", "merge",
                     "shuffle"])
        axis = min(1, len(s) - 1)
        if kind in ("conv", "depthwise", "pool"):
            if len(s) == 4:
                self.convolve(x, s, kind)
        elif kind in ("relu", "sigmoid"):
            self.add(s, kind.capitalize(), x)
        elif kind == "add":
            others = [v for v, t in self.values if t == s and v != x]
            if others:
                self.add(s, "Add", x, pick(others))
        elif kind == "broadcast":
            self.add(s, "Add", x, self.f32(*[d if self.random.random() < 0.5 else 1 for d in s]))
        elif kind == "scale":
            self.add(s, "Mul", x, np.float32(0.5))
        elif kind == "concat":
            fits = [(v, t) for v, t in self.values
                    if len(t) == len(s) and all(t[i] == s[i] for i in range(len(s)) if i != axis)]
            pieces = [(x, s)] + [pick(fits) for _ in range(integer(1, 2))]
            self.random.shuffle(pieces)
            total = sum(t[axis] for _, t in pieces)
            if total <= 60:
                self.add([total if i == axis else d for i, d in enumerate(s)], "Concat", *[v for v, _ in pieces],
                         axis=axis)
        elif kind == "slice":
            axis = integer(0, len(s) - 1)
            if s[axis] > 1:
                first = integer(0, s[axis] - 2)
                last = integer(first + 1, s[axis])
                self.add([last - first if i == axis else d for i, d in enumerate(s)], "Slice", x, np.array([first]),
                         np.array([last]), np.array([axis]))
        elif kind == "split":
            axis = pick([axis, len(s) - 1])
            if s[axis] % 2 == 0:
                half = tuple(d // 2 if i == axis else d for i, d in enumerate(s))
                self.read.add(x)
                self.values += [(v, half) for v in self.graph.node("Split", x, outputs=2, axis=axis, num_outputs=2)]
        elif kind == "pad":
            if np.prod(s) < 4000:
                pads = [integer(0, 1) for _ in range(2 * len(s))]
                self.add([d + pads[i] + pads[i + len(s)] for i, d in enumerate(s)], "Pad", x, np.array(pads),
                         np.float32(pick([0, 1.5])))
        elif kind == "transpose":
            order = list(range(len(s)))
            self.random.shuffle(order)
            self.add([s[i] for i in order], "Transpose", x, perm=order)
        elif kind == "softmax":
            self.add(s, "Softmax", x, axis=pick([axis, len(s) - 1]))
        elif kind == "norm":
            self.add(s, "LayerNormalization", x, self.f32(s[-1]), self.f32(s[-1]), axis=-1)
        elif kind == "mean" and len(s) > 1:
            axes = sorted(self.random.sample(range(len(s)), integer(1, 2)))
            keep = self.random.random() < 0.6 or len(axes) == len(s)
            shape = [1 if i in axes else d for i, d in enumerate(s) if keep or i not in axes]
            self.add(shape, "ReduceMean", x, np.array(axes), keepdims=int(keep))
        elif kind == "matmul" and len(s) > 1:
            out = pick([4, 7, 16])
            self.add([*s[:-1], out], "MatMul", x, self.f32(s[-1], out) * np.float32(0.3))
        elif kind == "merge" and len(s) > 2:
            i = integer(0, len(s) - 2)
            shape = [*s[:i], s[i] * s[i + 1], *s[i + 2:]]
            self.add(shape, "Reshape", x, np.array(shape))
        elif kind == "shuffle" and len(s) == 4 and s[1] % 2 == 0:
            split = (s[0], 2, s[1] // 2, *s[2:])
            x = self.add(split, "Reshape", x, np.array(split))
            x = self.add([split[i] for i in (0, 2, 1, 3, 4)], "Transpose", x, perm=[0, 2, 1, 3, 4])
            self.add(s, "Reshape", x, np.array(s))

    def build(self):
        for _ in range(self.random.randint(4, 14)):
            self.step()
        outputs = [v for v, _ in self.values if v not in self.read]
        if self.random.random() < 0.3:
            outputs.append(self.random.choice(self.values)[0])
        self.graph.output(*dict.fromkeys(outputs))


first, last = map(int, os.environ.get("DLC_SEEDS", "0:48").split(":"))
for seed in range(first, last):
    suite.case(f"seed {seed}", lambda graph, seed=seed: Builder(graph, seed).build())
sys.exit(suite.main())
