# RUN: %python %s --count=60
# REQUIRES: onnxruntime
"""Random graphs of operators that fuse, move data and share memory in ways that
nobody thought of, against onnxruntime. Each graph follows from its seed alone.

  random_graphs.py [--seed=FIRST] [--count=N] [dlc's options…]
"""

import sys

import numpy as np

from dlc_testing import Suite, option

SIZES = [1, 1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 33]


class Random:
    """Adds random nodes to a graph; `pool` holds (name, shape) of f32 tensors whose
    values stay small."""

    def __init__(self, graph, seed):
        self.g, self.rng = graph, np.random.default_rng(seed)
        self.pool = []

    def pick(self, choices):
        return choices[self.rng.integers(len(choices))]

    def data(self, *shape):
        return self.rng.standard_normal(shape).astype(np.float32)

    def weights(self, *shape):
        fan = max(1, int(np.prod(shape[1:]))) if len(shape) > 2 else max(1, shape[0])
        return (self.data(*shape) / np.sqrt(fan)).astype(np.float32)

    def size(self):
        return int(self.pick(SIZES))

    def tensor(self, rank=None, least=1):
        fitting = [t for t in self.pool if (rank is None or len(t[1]) == rank) and len(t[1]) >= least]
        return self.pick(fitting) if fitting else None

    def add(self, name, shape):
        if 0 < np.prod(shape) <= 40000:
            self.pool.append((name, tuple(int(d) for d in shape)))

    def unary(self):
        x, shape = self.tensor(least=0)
        op = self.pick(["Relu", "Tanh", "Sigmoid", "Neg", "Abs", "HardSwish", "Erf", "Softsign", "LeakyRelu", "Sin"])
        self.add(self.g.node(op, x), shape)

    def scale(self):
        x, shape = self.tensor(least=0)
        op = self.pick(["Add", "Mul", "Max", "Sub", "Min"])
        kind = self.rng.integers(3)
        other = [np.float32(0.7), self.data(*shape[-1:]), self.data(*(d if self.rng.random() < 0.5 else 1 for d in shape))][kind]
        self.add(self.g.node(op, x, np.asarray(other)), np.broadcast_shapes(shape, np.shape(other)))

    def binary(self):
        x, shape = self.tensor(least=0)
        partners = []
        for y, other in self.pool:
            try:
                partners.append((y, np.broadcast_shapes(shape, other)))
            except ValueError:
                pass
        y, result = self.pick(partners)
        self.add(self.g.node(self.pick(["Add", "Mul", "Max", "Sub"]), x, y), result)

    def select(self):
        x, shape = self.tensor(least=0)
        y = self.pick([t for t in self.pool if t[1] == shape])[0]
        self.add(self.g.node("Where", self.g.node("Greater", x, y), y, np.float32(-0.5)), shape)

    def conv(self):
        found = self.tensor(rank=4)
        if not found:
            return
        x, (n, c, h, w) = found
        k, s = int(self.pick([1, 1, 3, 3, 2])), int(self.pick([1, 1, 2]))
        p = int(self.pick([0, k // 2]))
        if min(h, w) + 2 * p < k:
            return
        group, out = self.pick([(1, self.size()), (1, self.size()), (c, c), (c, 2 * c)] +
                               ([(2, 2 * self.size())] if c % 2 == 0 else []))
        operands = [self.weights(out, c // group, k, k)] + ([self.data(out)] if self.rng.random() < 0.5 else [])
        y = self.g.node("Conv", x, *operands, group=group, strides=[s, s], pads=[p] * 4)
        self.add(y, (n, out, (h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1))

    def norm(self):
        found = self.tensor(rank=4)
        if not found:
            return
        x, shape = found
        c = shape[1]
        self.add(self.g.node("BatchNormalization", x, self.data(c), self.data(c), self.data(c),
                             np.abs(self.data(c)) + 0.5), shape)

    def pool_window(self):
        found = self.tensor(rank=4)
        if not found:
            return
        x, (n, c, h, w) = found
        k, s, p = int(self.pick([2, 3])), int(self.pick([1, 2])), int(self.pick([0, 1]))
        if min(h, w) + 2 * p < k:
            return
        y = self.g.node(self.pick(["MaxPool", "AveragePool"]), x, kernel_shape=[k, k], strides=[s, s], pads=[p] * 4)
        self.add(y, (n, c, (h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1))

    def matmul(self):
        x, shape = self.tensor(least=2) or (None, None)
        if not x:
            return
        n = self.size()
        self.add(self.g.node("MatMul", x, self.weights(shape[-1], n)), (*shape[:-1], n))

    def matmul_of_two(self):
        pairs = [(a, b) for a in self.pool for b in self.pool
                 if len(a[1]) >= 2 and len(a[1]) == len(b[1]) and a[1][:-2] == b[1][:-2] and a[1][-1] == b[1][-1]]
        if not pairs:
            return
        (x, a), (y, b) = self.pick(pairs)
        perm = [*range(len(a) - 2), len(a) - 1, len(a) - 2]
        product = self.g.node("MatMul", x, self.g.node("Transpose", y, perm=perm))
        self.add(self.g.node("Mul", product, np.float32(1 / np.sqrt(a[-1]))), (*a[:-1], b[-2]))

    def reduce(self):
        x, shape = self.tensor()
        count = self.rng.integers(1, len(shape) + 1)
        axes = sorted(self.rng.permutation(len(shape))[:count].tolist())
        keep = int(self.rng.integers(2))
        y = self.g.node(self.pick(["ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2"]), x, np.array(axes), keepdims=keep)
        self.add(y, [1 if d in axes else s for d, s in enumerate(shape) if keep or d not in axes])

    def row(self):
        x, shape = self.tensor()
        if self.rng.random() < 0.5:
            self.add(self.g.node("Softmax", x, axis=int(self.rng.integers(len(shape)))), shape)
        elif shape[-1] > 2:
            self.add(self.g.node("LayerNormalization", x, self.data(shape[-1]), self.data(shape[-1])), shape)

    def transpose(self):
        x, shape = self.tensor()
        perm = self.rng.permutation(len(shape)).tolist()
        self.add(self.g.node("Transpose", x, perm=perm), [shape[p] for p in perm])

    def reshape(self):
        x, shape = self.tensor(least=0)
        total, parts = int(np.prod(shape)), []
        for _ in range(self.rng.integers(1, 4)):
            part = self.pick([d for d in range(1, total + 1) if total % d == 0])
            parts.append(part)
            total //= part
        parts.append(total)
        self.add(self.g.node("Reshape", x, np.array(parts)), parts)

    def concat(self):
        x, shape = self.tensor()
        axis = int(self.rng.integers(len(shape)))
        fitting = [t for t in self.pool if len(t[1]) == len(shape) and
                   all(a == b or d == axis for d, (a, b) in enumerate(zip(t[1], shape)))]
        parts = [self.pick(fitting) for _ in range(self.rng.integers(1, 4))]
        result = list(shape)
        result[axis] = sum(p[1][axis] for p in parts)
        self.add(self.g.node("Concat", *(p[0] for p in parts), axis=axis), result)

    def slice(self):
        x, shape = self.tensor()
        axis = int(self.rng.integers(len(shape)))
        start = int(self.rng.integers(shape[axis]))
        end = int(self.rng.integers(start + 1, shape[axis] + 1))
        step = int(self.pick([1, 1, 2]))
        result = list(shape)
        result[axis] = -(-(end - start) // step)
        self.add(self.g.node("Slice", x, *(np.array([v]) for v in (start, end, axis, step))), result)

    def split(self):
        x, shape = self.tensor()
        axis = int(self.rng.integers(len(shape)))
        if shape[axis] < 2:
            return
        first = int(self.rng.integers(1, shape[axis]))
        for y, n in zip(self.g.node("Split", x, np.array([first, shape[axis] - first]), axis=axis, outputs=2),
                        (first, shape[axis] - first)):
            self.add(y, [n if d == axis else s for d, s in enumerate(shape)])

    def pad(self):
        x, shape = self.tensor()
        lo, hi = (self.rng.integers(0, 3, len(shape)) for _ in range(2))
        mode = self.pick(["constant", "constant", "edge"])
        self.add(self.g.node("Pad", x, np.concatenate([lo, hi]), mode=mode), np.array(shape) + lo + hi)

    def gather(self):
        x, shape = self.tensor()
        axis = int(self.rng.integers(len(shape)))
        indices = self.rng.integers(-shape[axis], shape[axis], self.rng.integers(1, 6))
        chosen = self.g.input(indices) if self.rng.random() < 0.5 else indices
        self.add(self.g.node("Gather", x, chosen, axis=axis), [len(indices) if d == axis else s for d, s in enumerate(shape)])

    def resize(self):
        found = self.tensor(rank=4)
        if not found:
            return
        x, shape = found
        scale = int(self.pick([2, 3]))
        y = self.g.node("Resize", x, None, np.array([1, 1, scale, scale], np.float32),
                        mode=self.pick(["nearest", "linear"]), coordinate_transformation_mode="half_pixel")
        self.add(y, (*shape[:2], shape[2] * scale, shape[3] * scale))

    def build(self):
        for _ in range(self.rng.integers(1, 4)):
            shape = [self.size() for _ in range(self.pick([1, 2, 3, 4, 4, 4]))]
            self.add(self.g.input(self.data(*shape)), shape)
        if not self.pool:
            self.add(self.g.input(self.data(3, 5)), (3, 5))
        steps = [self.unary, self.unary, self.scale, self.scale, self.binary, self.binary, self.select, self.conv,
                 self.conv, self.conv, self.norm, self.pool_window, self.matmul, self.matmul_of_two, self.reduce,
                 self.row, self.transpose, self.reshape, self.concat, self.slice, self.split, self.pad, self.gather,
                 self.resize]
        for _ in range(self.rng.integers(3, 16)):
            self.pick(steps)()
        used = {name for node in self.g.nodes for name in node.input}
        for name, _ in self.pool:
            # what nothing reads, and now and then what something does
            if name not in used and name not in self.g.inputs or self.rng.random() < 0.1:
                self.g.output(name)
        if not self.g.outputs:
            self.g.output(self.pool[-1][0])


# ReduceL2 and division by standard deviations amplify the last bits.
suite = Suite(batch=6, rtol=2e-3, atol=1e-4)
first, count = option("seed", 0), option("count", 60)
for seed in range(first, first + count):
    suite.case(f"seed {seed}", lambda graph, seed=seed: Random(graph, seed).build())
sys.exit(suite.main())
