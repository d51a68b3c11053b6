# RUN: %python %s %t
"""Random graphs of launches through arena-bufferize, arena-inplace, arena-assign
and convert-arena-to-llvm: compiled, run, and compared with numpy.

The kernels write whole buffers, parts of them, or add to them, work in place or
not; values live shorter and longer, are reshaped, returned twice, or are inputs
and constants; so every decision of the bufferization comes up. Every second one is
compiled with its inputs and outputs in the arena, too, and then runs several times.
"""

import os
import random
import subprocess
import sys

import numpy as np

N = 64
F = "memref<64xf32>"
T = "tensor<64xf32>"


def kernel(name, ins, outs, body, extra=""):
    args = ", ".join(["%%i%d: %s" % (i, F) for i in range(ins)] +
                     ["%%o%d: %s" % (i, F) for i in range(outs)])
    return """dispatch.kernel @%s(%s) attributes {num_outs = %d : i64%s} {
  scf.forall (%%n) in (%d) {
%s
  }
  dispatch.return
}
""" % (name, args, outs, extra, N // 2 if "left" in name or "right" in name else N, body)


def load(name, memref, index="%n"):
    return "    %s = memref.load %s[%s] : %s" % (name, memref, index, F)


def store(name, memref, index="%n"):
    return "    memref.store %s, %s[%s] : %s" % (name, memref, index, F)


KERNELS = "".join([
    kernel("neg", 1, 1, "\n".join([
        load("%a", "%i0"), "    %r = arith.negf %a : f32", store("%r", "%o0")]),
           ", inplace = [[0, 0]]"),
    kernel("add", 2, 1, "\n".join([
        load("%a", "%i0"), load("%b", "%i1"),
        "    %r = arith.addf %a, %b : f32", store("%r", "%o0")]),
           ", inplace = [[0, 0], [1, 0]]"),
    # Not in place: element n depends on element 63 - n.
    kernel("reverse_sub", 2, 1, "\n".join([
        "    %last = arith.constant 63 : index",
        "    %m = arith.subi %last, %n : index",
        load("%a", "%i0"), load("%b", "%i1", "%m"),
        "    %r = arith.subf %a, %b : f32", store("%r", "%o0")]),
           ", inplace = [[0, 0]]"),
    kernel("left", 1, 1, "\n".join([load("%a", "%i0"), store("%a", "%o0")])),
    kernel("right", 1, 1, "\n".join([
        "    %half = arith.constant 32 : index",
        "    %m = arith.addi %half, %n : index",
        load("%a", "%i0", "%m"), store("%a", "%o0", "%m")])),
    kernel("ones", 0, 1, "\n".join([
        "    %r = arith.constant 1.0 : f32", store("%r", "%o0")])),
    kernel("accumulate", 1, 1, "\n".join([
        load("%a", "%i0"), load("%b", "%o0"),
        "    %r = arith.addf %a, %b : f32", store("%r", "%o0")])),
    kernel("sum_and_difference", 2, 2, "\n".join([
        load("%a", "%i0"), load("%b", "%i1"),
        "    %r = arith.addf %a, %b : f32", "    %s = arith.subf %a, %b : f32",
        store("%r", "%o0"), store("%s", "%o1")]),
           ", inplace = [[0, 0], [1, 1], [0, 1]]"),
])


def half(new, old, left):
    result = old.copy()
    part = slice(0, N // 2) if left else slice(N // 2, N)
    result[part] = new[part]
    return result


# name -> (ins, outs, whether outs are read, function of ins and old outs)
SEMANTICS = {
    "neg": (1, 1, False, lambda a, o: [-a]),
    "add": (2, 1, False, lambda a, b, o: [a + b]),
    "reverse_sub": (2, 1, False, lambda a, b, o: [a - b[::-1]]),
    "left": (1, 1, True, lambda a, o: [half(a, o, True)]),
    "right": (1, 1, True, lambda a, o: [half(a, o, False)]),
    "ones": (0, 1, False, lambda o: [np.ones(N, np.float32)]),
    "accumulate": (1, 1, True, lambda a, o: [a + o]),
    "sum_and_difference": (2, 2, False, lambda a, b, o, p: [a + b, a - b]),
}


class Graph:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.rng = np.random.default_rng(seed)
        self.lines = []
        self.values = []  # (name, is 8x8, numpy array of 64 elements)
        self.inputs = []
        for i in range(self.random.randint(1, 2)):
            data = self.rng.integers(-8, 8, N).astype(np.float32)
            self.inputs.append(data)
            self.values.append(("%%x%d" % i, False, data))
        self.constants = []
        for i in range(self.random.randint(0, 2)):
            data = self.rng.integers(-8, 8, N).astype(np.float32)
            self.lines.append("  %%c%d = arith.constant dense<[%s]> : %s" %
                              (i, ", ".join("%.1f" % x for x in data), T))
            self.values.append(("%%c%d" % i, False, data))
        self.lines.append("  %%empty = tensor.empty() : %s" % T)
        self.count = 0

    def pick(self, recent=6):
        # Mostly recent values, so that others die.
        pool = self.values[-recent:] if self.random.random() < 0.8 else self.values
        return self.random.choice(pool)

    def fresh(self):
        self.count += 1
        return "%%v%d" % self.count

    def flat(self, value):
        """The name of the value as a vector of 64."""
        if not value[1]:
            return value[0]
        name = self.fresh()
        self.lines.append("  %s = tensor.collapse_shape %s [[0, 1]] : tensor<8x8xf32> into %s"
                          % (name, value[0], T))
        return name

    def step(self):
        if self.random.random() < 0.15:
            value = self.pick()
            if not value[1]:
                name = self.fresh()
                self.lines.append(
                    "  %s = tensor.expand_shape %s [[0, 1]] output_shape [8, 8] : %s into "
                    "tensor<8x8xf32>" % (name, value[0], T))
                self.values.append((name, True, value[2]))
            return
        kind = self.random.choice(sorted(SEMANTICS))
        num_ins, num_outs, reads, function = SEMANTICS[kind]
        ins = [self.pick() for _ in range(num_ins)]
        outs = [self.pick(3) if reads else None for _ in range(num_outs)]
        in_names = [self.flat(v) for v in ins]
        out_names = [self.flat(v) if v else "%empty" for v in outs]
        arrays = [v[2] for v in ins] + [v[2] if v else np.zeros(N, np.float32) for v in outs]
        with np.errstate(all="ignore"):
            results = function(*arrays)
        name = self.fresh()
        operands = "ins(%s : %s) " % (", ".join(in_names), ", ".join([T] * num_ins))
        self.lines.append("  %s = dispatch.launch @%s %souts(%s : %s) -> %s" % (
            name + (":%d" % num_outs if num_outs > 1 else ""), kind,
            operands if num_ins else "",
            ", ".join(out_names), ", ".join([T] * num_outs),
            ", ".join([T] * num_outs)))
        for i, data in enumerate(results):
            self.values.append((name + ("#%d" % i if num_outs > 1 else ""), False, data))

    def build(self, steps):
        for _ in range(steps):
            self.step()
        results = [self.values[-1]]
        for _ in range(self.random.randint(0, 3)):
            results.append(self.pick(10))
        if self.random.random() < 0.5:
            results.append(self.random.choice(results))
        self.outputs = [r[2] for r in results]
        types = ["tensor<8x8xf32>" if r[1] else T for r in results]
        return "%sfunc.func @main(%s) -> (%s) {\n%s\n  return %s : %s\n}\n" % (
            KERNELS,
            ", ".join('%%x%d: %s {dlc.name = "x%d"}' % (i, T, i) for i in range(len(self.inputs))),
            ", ".join('%s {dlc.name = "y%d"}' % (t, i) for i, t in enumerate(types)),
            "\n".join(self.lines), ", ".join(r[0] for r in results), ", ".join(types))


def check(graph, seed, path, args, *flags):
    subprocess.run(["dlc", path + ".mlir", "-o", path, *flags], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([path, *args, "-o", path + ".out"], check=True, stdout=subprocess.DEVNULL)
    for i, expected in enumerate(graph.outputs):
        actual = np.load("%s.out/y%d.npy" % (path, i)).reshape(N)
        if not np.array_equal(actual, expected, equal_nan=True):
            sys.exit("seed %d %s: output y%d is wrong: %s instead of %s" %
                     (seed, " ".join(flags), i, actual, expected))


def main():
    directory = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 25
    start = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    os.makedirs(directory, exist_ok=True)
    for seed in range(start, start + count):
        graph = Graph(seed)
        path = os.path.join(directory, "g%d" % seed)
        with open(path + ".mlir", "w") as f:
            f.write(graph.build(graph.random.randint(3, 40)))
        args = []
        for i, data in enumerate(graph.inputs):
            np.save("%s.x%d.npy" % (path, i), data)
            args.append("x%d=%s.x%d.npy" % (i, path, i))
        check(graph, seed, path, args)
        if seed % 2:
            check(graph, seed, path, ["--benchmark=0.001", *args], "--io=arena")
    print("%d graphs are right" % count)


main()
