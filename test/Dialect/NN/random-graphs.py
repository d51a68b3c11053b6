# RUN: %python %s
# RUN: %python %s --programs
"""Random graphs through the passes of nn and without them, and (--programs) as
programs made by dlc: the same numbers.

Every operation that PermutableOpInterface knows takes part, with dimensions of 1,
model transposes and reshapes in between. What is compared with
runs by the plain route of test/Conversion/NNToLinalg (no scheduling of ours).
DLC_RANDOM_GRAPHS and DLC_RANDOM_FIRST choose how many and which."""

import os
import random
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../Conversion/NNToLinalg/Inputs"))
import reference

PASSES = ("canonicalize,cse,nn-fold-batch-norm,nn-simplify,"
          "func.func(nn-channels-last),canonicalize,cse,")
GRAPHS = int(os.environ.get("DLC_RANDOM_GRAPHS", "12"))
FIRST = int(os.environ.get("DLC_RANDOM_FIRST", "0"))


def ty(shape, element="f32"):
    return "tensor<" + "".join(f"{d}x" for d in shape) + element + ">"


def ints(values):
    return "[" + ", ".join(map(str, values)) + "]"


class Graph:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines, self.values, self.used = [], [], set()
        self.count = 0
        self.inputs = []

    # Building blocks

    def emit(self, text, operands, shape, element="f32"):
        name = f"%v{self.count}"
        self.count += 1
        types = ", ".join(ty(s, e) for _, s, e in operands)
        names = ", ".join(n for n, _, _ in operands)
        text = text.replace("@", names, 1)
        self.lines.append(f"  {name} = nn.{text} : ({types}) -> {ty(shape, element)}")
        self.used.update(n for n, _, _ in operands)
        value = (name, tuple(shape), element)
        if element == "f32" and 0 < np.prod(shape) <= 20000:
            self.values.append(value)
        return value

    def constant(self, shape, positive=False, element="f32"):
        low = 0.5 if positive else -1.0
        count = int(np.prod(shape))
        numbers = [round(self.random.uniform(low, 1.5), 3) for _ in range(count)]
        flat = f"%c{self.count}f"
        name = f"%c{self.count}"
        self.count += 1
        self.lines.append(f"  {flat} = nn.constant dense<{numbers}> : {ty([count])}")
        self.lines.append(f"  {name} = nn.reshape {flat} : ({ty([count])}) -> {ty(shape)}")
        return (name, tuple(shape), element)

    def pick(self, rank=None):
        fitting = [v for v in self.values if rank is None or len(v[1]) == rank]
        # Late values more often: deep graphs.
        return fitting[-1 - int(self.random.random() ** 2 * len(fitting))] if fitting else None

    # Operations; each takes a value of its choice or does nothing

    def op_conv(self):
        x = self.pick(4)
        n, c, h, w = x[1]
        g = self.random.choice([1, 1, c] + ([2] if c % 2 == 0 else []))
        o = g * self.random.choice([1, 2, 3])
        if o > 24:
            return
        k = [self.random.choice([1, 3]), self.random.choice([1, 2])]
        p = [self.random.choice([0, 1]) for _ in range(4)]
        s = [self.random.choice([1, 2]), 1]
        size = [(h + p[0] + p[2] - k[0]) // s[0] + 1, (w + p[1] + p[3] - k[1]) // s[1] + 1]
        if h + p[0] + p[2] < k[0] or w + p[1] + p[3] < k[1]:
            return
        f = self.constant([o, c // g] + k)
        y = self.emit(f"conv @ strides = {ints(s)} pads = {ints(p)} dilations = [1, 1] groups = {g}",
                      [x, f], [n, o] + size)
        if self.random.random() < 0.5:
            b = self.constant([o, 1, 1])
            y = self.emit("add @", [y, b], y[1])
        if self.random.random() < 0.5:
            ps = [self.constant([o], True) for _ in range(4)]
            self.emit("batch_norm @ epsilon = 0.1", [y] + ps, y[1])

    def op_conv_transpose(self):
        x = self.pick(4)
        n, c, h, w = x[1]
        g = self.random.choice([1] + ([2] if c % 2 == 0 else []))
        o = self.random.choice([1, 3])
        f = self.constant([c, o, 2, 2])
        y = self.emit(f"conv_transpose @ strides = [2, 1] pads = [0, 0, 0, 0] dilations = [1, 1]"
                      f" output_padding = [0, 0] groups = {g}", [x, f], [n, o * g, 2 * h, w + 1])
        k = self.constant([o * g, 1, 1])
        self.emit("mul @", [y, k], y[1])

    def op_pool(self):
        x = self.pick(4)
        n, c, h, w = x[1]
        if h < 2 or w < 2:
            return
        kind = self.random.choice(["max_pool", "avg_pool"])
        flag = " count_include_pad" if kind == "avg_pool" and self.random.random() < 0.5 else ""
        self.emit(f"{kind} @ kernel = [2, 2] strides = [2, 1] pads = [1, 0, 0, 0] dilations = [1, 1]{flag}",
                  [x], [n, c, (h + 1 - 2) // 2 + 1, w - 1])

    def op_unary(self):
        x = self.pick()
        self.emit(self.random.choice(["relu", "sigmoid", "tanh", "neg"]) + " @", [x], x[1])

    def op_binary(self):
        x = self.pick()
        rank = self.random.randint(0, len(x[1]))
        shape = [d if self.random.random() < 0.6 else 1 for d in x[1][len(x[1]) - rank:]]
        c = self.constant(shape, True)
        pair = [x, c] if self.random.random() < 0.5 else [c, x]
        self.emit(self.random.choice(["add", "mul", "sub", "max"]) + " @", pair, x[1])

    def op_join(self):
        x = self.pick()
        same = [v for v in self.values if v[1] == x[1]]
        y = self.random.choice(same)
        self.emit("add @", [x, y], x[1])

    def op_outer(self):
        x = self.pick()
        if not x[1] or np.prod(x[1]) * x[1][-1] > 5000 or len(x[1]) > 4:
            return
        column = self.emit("reshape @", [x], x[1] + (1,))
        row = self.emit("reshape @", [x], x[1][:-1] + (1,) + x[1][-1:])
        self.emit("mul @", [column, row], x[1] + x[1][-1:])

    def op_gate(self):
        x = self.pick(4)
        m = self.emit("reduce mean @ axes = [2, 3] keepdims", [x], x[1][:2] + (1, 1))
        self.emit("mul @", [x, m], x[1])

    def op_concat(self):
        x = self.pick()
        if not x[1]:
            return
        axis = self.random.randrange(len(x[1]))
        others = [v for v in self.values if len(v[1]) == len(x[1]) and
                  all(a == b for i, (a, b) in enumerate(zip(v[1], x[1])) if i != axis)]
        y = self.random.choice(others)
        shape = list(x[1])
        shape[axis] += y[1][axis]
        self.emit(f"concat @ axis = {axis}", [x, y], shape)

    def op_axis(self):
        x = self.pick()
        if not x[1]:
            return
        kind = self.random.choice(["softmax @ axis = {}", "cumsum @ axis = {} reverse"])
        self.emit(kind.format(self.random.randrange(len(x[1]))), [x], x[1])

    def op_slice(self):
        x = self.pick()
        starts, steps, sizes = [], [], []
        for d in x[1]:
            if self.random.random() < 0.4:
                steps.append(-1)
                starts.append(d - 1)
                sizes.append(self.random.randint(1, d))
            else:
                step = self.random.choice([1, 1, 2])
                start = self.random.randrange(d)
                steps.append(step)
                starts.append(start)
                sizes.append(self.random.randint(1, (d - start - 1) // step + 1))
        self.emit(f"slice @ starts = {ints(starts)} steps = {ints(steps)}", [x], sizes)

    def op_pad(self):
        x = self.pick()
        lo = [self.random.choice([0, 0, 1]) for _ in x[1]]
        hi = [self.random.choice([0, 0, 2]) for _ in x[1]]
        v = self.constant([]) if self.random.random() < 0.5 else None
        if v is None:
            zero = f"%z{self.count}"
            self.lines.append(f"  {zero} = nn.constant dense<0.0> : tensor<f32>")
            v = (zero, (), "f32")
        self.emit(f"pad constant @ lo = {ints(lo)} hi = {ints(hi)}", [x, v],
                  [d + a + b for d, a, b in zip(x[1], lo, hi)])

    def op_resize(self):
        x = self.pick(4)
        scales = [1.0, 1.0, self.random.choice([1.0, 2.0]), 2.0]
        mode = self.random.choice(["nearest", "linear"])
        self.emit(f"resize {mode} @ scales = {scales} coordinate = half_pixel", [x],
                  [int(d * s) for d, s in zip(x[1], scales)])

    def op_reduce(self):
        x = self.pick()
        axes = sorted(self.random.sample(range(len(x[1])), self.random.randint(0, min(2, len(x[1])))))
        kind = self.random.choice(["sum", "mean", "max"])
        if self.random.random() < 0.5:
            self.emit(f"reduce {kind} @ axes = {ints(axes)} keepdims", [x],
                      [1 if i in axes else d for i, d in enumerate(x[1])])
        else:
            self.emit(f"reduce {kind} @ axes = {ints(axes)}", [x],
                      [d for i, d in enumerate(x[1]) if i not in axes])

    def op_arg_reduce(self):
        x = self.pick()
        if not x[1]:
            return
        axis = self.random.randrange(len(x[1]))
        keep = self.random.random() < 0.5
        shape = [1 if i == axis else d for i, d in enumerate(x[1]) if keep or i != axis]
        y = self.emit(f"arg_reduce max @ axis = {axis}" + (" keepdims" if keep else ""), [x], shape, "i64")
        self.emit("cast @", [y], shape)

    def op_transpose(self):
        x = self.pick()
        perm = list(range(len(x[1])))
        self.random.shuffle(perm)
        self.emit(f"transpose @ perm = {ints(perm)}", [x], [x[1][d] for d in perm])

    def op_reshape(self):
        x = self.pick()
        shape = list(x[1])
        for _ in range(self.random.randint(1, 3)):
            i = self.random.randrange(len(shape)) if shape else None
            kind = self.random.random()
            if kind < 0.3 and len(shape) > 1 and i + 1 < len(shape):
                shape[i:i + 2] = [shape[i] * shape[i + 1]]
            elif kind < 0.6 and shape and shape[i] % 2 == 0:
                shape[i:i + 1] = [2, shape[i] // 2]
            elif kind < 0.8 and 1 in shape:
                shape.remove(1)
            elif len(shape) < 5:
                shape.insert(i or 0, 1)
        if len(shape) <= 5:
            self.emit("reshape @", [x], shape)

    def op_to_image(self):
        """Any value as an image again, so that convolutions find one."""
        x = self.pick()
        n = int(np.prod(x[1]))
        c = max(d for d in (1, 2, 3, 4, 6, 8) if n % d == 0)
        h = max(d for d in (1, 2, 3, 4, 5) if n // c % d == 0)
        self.emit("reshape @", [x], [1, c, h, n // c // h])

    def op_gather(self):
        x = self.pick()
        if not x[1]:
            return
        axis = self.random.randrange(len(x[1]))
        shape = self.random.choice([[], [2], [2, 2]])
        numbers = [self.random.randrange(-x[1][axis], x[1][axis]) for _ in range(int(np.prod(shape)))]
        name = f"%i{self.count}"
        text = str(np.array(numbers).reshape(shape).tolist())
        self.lines.append(f"  {name} = nn.constant dense<{text}> : {ty(shape, 'i64')}")
        self.emit(f"gather @ axis = {axis}", [x, (name, tuple(shape), "i64")],
                  list(x[1][:axis]) + shape + list(x[1][axis + 1:]))

    def op_layer_norm(self):
        x = self.pick()
        if not x[1]:
            return
        axis = self.random.randrange(len(x[1]))
        s = self.constant(x[1][axis:])
        self.emit(f"layer_norm @ axis = {axis} epsilon = 0.1", [x, s, s], x[1])

    def op_lrn(self):
        x = self.pick(4)
        self.emit("lrn @ size = 3 alpha = 0.1 beta = 0.75 bias = 1.0", [x], x[1])

    def op_broadcast(self):
        x = self.pick()
        if len(x[1]) > 4:
            return
        shape = ([2] if self.random.random() < 0.3 else []) + [3 if d == 1 else d for d in x[1]]
        if np.prod(shape) <= 5000:
            self.emit("broadcast @", [x], shape)

    def op_select(self):
        x = self.pick()
        zero = self.constant([])
        c = self.emit("compare lt @", [zero, x], x[1], "i1")
        self.emit("select @", [c, x, zero], x[1])

    # The whole

    def build(self):
        r = self.random
        shape = [r.choice([1, 1, 2]), r.choice([1, 2, 3, 4, 6]), r.choice([1, 3, 5, 6]), r.choice([1, 4, 5])]
        self.inputs.append(np.random.default_rng(r.randrange(1 << 30)).standard_normal(shape).astype(np.float32))
        self.values.append(("%0", tuple(shape), "f32"))
        operations = [getattr(self, n) for n in dir(self) if n.startswith("op_")]
        operations += [self.op_conv] * 6 + [self.op_unary, self.op_binary] * 2
        self.op_conv()
        for _ in range(r.randint(8, 20)):
            if not any(len(v[1]) == 4 for v in self.values[-6:]):
                self.op_to_image()
            r.choice(operations)()
        return [v for v in self.values if v[0] not in self.used and v[0] != "%0"]


def run_program(graph, body, results, folder):
    """Compiles the graph with dlc and runs the program."""
    values = ", ".join(f"%r{i}" for i in range(len(results)))
    types = ", ".join(ty(shape) for _, shape, _ in results)
    named = ", ".join(f'{ty(shape)} {{dlc.name = "o{i}"}}' for i, (_, shape, _) in enumerate(results))
    with open(f"{folder}/graph.mlir", "w") as file:
        file.write(f'func.func @main(%0: {ty(graph.inputs[0].shape)} {{dlc.name = "x"}}) -> ({named}) {{\n'
                   f"{body}\n  return {values} : {types}\n}}\n")
    np.save(f"{folder}/x.npy", graph.inputs[0])
    for command in (["dlc", f"{folder}/graph.mlir", "-o", f"{folder}/graph"],
                    [f"{folder}/graph", f"x={folder}/x.npy", "-o", folder]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr[:2000]}")
    return [np.load(f"{folder}/o{i}.npy") for i in range(len(results))]


def main():
    programs = "--programs" in sys.argv
    plain, transformed = reference.Program(), reference.Program()
    graphs = []
    for seed in range(FIRST, FIRST + GRAPHS):
        graph = Graph(seed)
        results = graph.build()
        body = "\n".join(graph.lines)
        for i, (name, shape, _) in enumerate(results):
            # names that Program returns
            body += f"\n  %r{i} = nn.reshape {name} : ({ty(shape)}) -> {ty(shape)}"
        arrays = [np.zeros(shape, np.float32) for _, shape, _ in results]
        for program in (plain, transformed):
            program.add(f"graph{seed}", graph.inputs, body, arrays)
        graphs.append((seed, graph, body, results))
    plain.compile()
    reference.PIPELINE = reference.PIPELINE.replace("builtin.module(", "builtin.module(" + PASSES, 1)
    if not programs:
        transformed.compile()
    failed = 0
    for seed, graph, body, results in graphs:
        expected = plain.run(f"graph{seed}", graph.inputs)
        try:
            if programs:
                with tempfile.TemporaryDirectory() as folder:
                    actual = run_program(graph, body, results, folder)
            else:
                actual = transformed.run(f"graph{seed}", graph.inputs)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"graph {seed}: {error}")
            continue
        for i, (a, b) in enumerate(zip(expected, actual)):
            if a.shape != b.shape or not np.allclose(a, b, rtol=1e-3, atol=1e-4):
                failed += 1
                print(f"graph {seed}, result {i}: {np.abs(a - b).max()} apart")
    if failed:
        sys.exit(1)
    print(f"{GRAPHS} graphs")


main()
