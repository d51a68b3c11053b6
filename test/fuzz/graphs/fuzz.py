"""A differential fuzzer: random graphs (generate.py) are compiled and run by dlc, and compared with
what the oracle (core.py: onnxruntime without its optimisations, where it has the operator) computes
node by node. A graph follows from its seed alone.

  fuzz.py [--seed=FIRST] [--count=N] [--batch=N] [--bounded=1] [--half=1] [--plain=N] [--save=FOLDER] [dlc's options…]

With --bounded=1 a dimension of the inputs has a bound (--max-dim), and each program runs with several
extents of it.

With --half=1 three tensors of floats in four are float16 or bfloat16 (these are other graphs).

With --plain=N one graph in N (--plain=1: each) is compiled with -O0, too, without fusion and vectors: what
fails only without it is a fault of those.

How many graphs there were and which failed is said after each hundred seeds and in the end, also
where that is an interruption.

Of a graph that fails, what is not needed for the failure is taken away: other outputs, and nodes
whose results can be inputs instead. What is left is FOLDER/seed<N>.onnx with <N>.inputs.npz and
<N>.expected.npz beside it.
"""
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import onnx.version_converter

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Integration" / "Inputs"))
from dlc_testing import Failure, Program, option, reference64
from core import BF16, FLOATS, describe, kind, make_model, names_read
from generate import Generator

# In units of the last place of the type, relative to the largest number of the tensor: what a few
# nodes that add up to a thousand terms in another order make of rounding. (The constants of onnxruntime's Gelu
# with tanh are float32 for float64, too.)
TOLERANCE = {np.dtype(np.float64): 1e-8, np.dtype(np.float32): 2e-4, np.dtype(np.float16): 2e-2, BF16: 6e-2}


# What dlc says of bounded dimensions that it does not support (docs/RationaleExtents.md).
LIMITS = ["has an extent that is known at run time only", "is not known at compile time"]

# The reference implementation does not have all operators of older sets.
NEWER = 21


class Case:
    def __init__(self, seed, bounded=False):
        self.seed = seed
        generator = Generator(seed, f"s{seed}_", bounded)
        outputs = generator.build()
        self.bound, self.extents = generator.bound, generator.extents
        self.values = {v.name: v for v in [*generator.added, *generator.values]}
        self.drafts = generator.drafts
        self.nodes, self.constants = generator.nodes, generator.constants
        self.inputs, self.opset = dict(generator.inputs), generator.opset
        self.outputs = [v.name for v in outputs]
        self.prune()

    def prune(self):
        """Keeps what the outputs need."""
        needed, kept = set(self.outputs), []
        for node in reversed(self.nodes):
            if needed & set(node.output):
                kept.append(node)
                needed |= names_read(node)
        self.nodes = kept[::-1]
        self.constants = {n: a for n, a in self.constants.items() if n in needed}
        self.inputs = {n: a for n, a in self.inputs.items() if n in needed}

    def variant(self, outputs=None, cut=()):
        """The same with fewer outputs, and with results of `cut` (nodes) as inputs."""
        other = object.__new__(Case)
        other.__dict__ = dict(self.__dict__)
        other.outputs = self.outputs if outputs is None else outputs
        names = {name for node in cut for name in node.output}
        other.nodes = [node for node in self.nodes if not names & set(node.output)]
        other.inputs = {**self.inputs, **{n: self.values[n].array for n in names}}
        other.prune()
        return other

    def model(self):
        return join([self])


    def symbol(self):
        return f"n{self.seed}"

    def describe(self, name, dynamic=False):
        """A bounded dimension has its name; nothing if the extent is another one, computed of it."""
        value = self.values[name]
        info = describe(name, value.array, dynamic)
        for axis, dims in enumerate(zip(value.shape, *(other.shape for other in value.others))):
            if dims == (self.bound, *self.extents):
                info.type.tensor_type.shape.dim[axis].dim_param = self.symbol()
            elif len(set(dims)) > 1:
                return None
        return info

    def arrays(self, world=None):
        """The inputs, for one of the other extents."""
        return {n: a if world is None else self.values[n].others[world] for n, a in self.inputs.items()}


def join(cases):
    """One model of cases of one operator set. Outputs are copies: an input can't be one, and a value
    that is read can."""
    nodes = [node for case in cases for node in case.nodes]
    outputs = []
    for case in cases:
        for name in case.outputs:
            value = case.values[name]
            nodes.append(onnx.helper.make_node("Identity", [name], [name + "_out"]))
            changes = any(other.shape != value.shape for other in value.others)
            outputs.append(describe(name + "_out", value.array, value.dynamic or changes))
    inputs = [case.describe(name) for case in cases for name in case.inputs]
    constants = {n: a for case in cases for n, a in case.constants.items()}
    model = make_model(nodes, inputs, outputs, constants, cases[0].opset)
    # libonnx knows no types of these results, and does not survive an EyeLike of one
    learned = [case.describe(name) for case in cases for node in case.nodes if node.domain == "ai.onnx.ml"
               for name in node.output if name in case.values]
    model.graph.value_info.extend(info for info in learned if info)
    return onnx.shape_inference.infer_shapes(model)


def difference(got, expected, slack=0, unsure=lambda: 0):
    """What is wrong with `got`, or nothing. `unsure` says how far either may be off, where it matters."""
    if expected.dtype == BF16 and got.dtype == np.uint16:
        got = got.view(BF16)  # .npy files have no such type
    if got.dtype != expected.dtype or got.shape != expected.shape:
        return f"is {got.dtype}{list(got.shape)} instead of {expected.dtype}{list(expected.shape)}"
    if kind(expected.dtype) != "f":
        bad = got != expected if not slack else np.abs(got.astype(np.int64) - expected.astype(np.int64)) > slack
    else:
        wide, right = got.astype(np.float64), expected.astype(np.float64)
        # where there are subnormal numbers only, their places are what counts
        scale = np.abs(right).max(initial=float(ml_dtypes.finfo(expected.dtype).tiny))
        with np.errstate(invalid="ignore"):
            allowed = TOLERANCE[expected.dtype] * (np.abs(right) + scale)
            bad = ~(np.abs(wide - right) <= allowed)
            if bad.any():
                bad = ~(np.abs(wide - right) <= allowed + unsure())
    if not bad.any():
        return ""
    at = tuple(np.argwhere(bad)[0])
    return f"{np.count_nonzero(bad)} of {bad.size} differ, first at {[int(i) for i in at]}: {got[at]!r} instead of {expected[at]!r}"


def as_files(inputs):
    return {n: a.view(np.uint16) if a.dtype == BF16 else a for n, a in inputs.items()}


def uncertainty(case, name, world=None):
    """How far each number of a value moves, at most, if all operands of all nodes are off by what one
    rounding makes, a few times over; times some for what happens within a node. Sums that cancel
    move by more than they are."""
    value, rng = case.values[name], np.random.default_rng(case.seed)
    expected = (value.array if world is None else value.others[world]).astype(np.float64)
    spread = np.zeros(expected.shape)

    def shaken(array):
        if kind(array.dtype) != "f":
            return array
        signs = rng.choice([-1, 0, 1], array.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(array.astype(np.float64) * (1 + signs * float(ml_dtypes.finfo(array.dtype).eps))).astype(array.dtype)

    for _ in range(8):
        moved = {}
        for draft in case.drafts:
            given = {o.name: o.array if world is None else o.others[world] for o in draft.operands}
            computed = draft.compute(draft.results, {n: shaken(moved.get(n, a)) for n, a in given.items()})
            moved.update(zip(draft.results, computed or []))
        if name in moved and moved[name].shape == expected.shape:
            spread = np.fmax(spread, np.abs(moved[name].astype(np.float64) - expected))
    return 8 * spread


def is_nearer(case, name, got, world=None):
    """Whether `got` is nearer to what float64 gives than the oracle is: onnxruntime's DFT has angles of float32, its
    Sigmoid is off by 1e-7 where the result is smaller than that."""
    value = case.values[name]
    expected = value.array if world is None else value.others[world]
    if got.dtype != expected.dtype or got.shape != expected.shape or expected.dtype in (np.float64, np.float16, BF16):
        return False
    try:
        model = case.variant([name]).model()
        if case.opset < NEWER:
            model = onnx.version_converter.convert_version(model, NEWER)
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            onnx.save(model, file.name)
            exact = reference64(file.name, case.arrays(world))[name + "_out"]
    except Exception:  # they have no common class
        return False
    if exact.dtype != (np.float64 if expected.dtype == np.float32 else expected.dtype) or exact.shape != got.shape:
        return False
    far = lambda array: np.abs(array.astype(np.float64) - exact.astype(np.float64)).max(initial=0)
    return bool(far(got) < far(expected))


def check(cases, flags):
    """What is wrong with each case: by seed, the reason."""
    model = join(cases)
    bounds = [f"--max-dim={case.symbol()}={case.bound}" for case in cases if case.bound and case.symbol() in str(model.graph.input)]
    worlds = [None, *range(len(cases[0].extents))]
    names = [name + "_out" for case in cases for name in case.outputs]
    try:
        with Program(model, *flags, *bounds) as program:
            got = [program.run(as_files({n: a for case in cases for n, a in case.arrays(world).items()}), outputs=names) for world in worlds]
    except (Failure, OSError, subprocess.TimeoutExpired) as error:
        if len(cases) == 1:
            return {cases[0].seed: str(error)}
        middle = len(cases) // 2
        return {**check(cases[:middle], flags), **check(cases[middle:], flags)}
    wrong = {}
    for case in cases:
        for name in case.outputs:
            value = case.values[name]
            for world, found, expected in zip(worlds, got, [value.array, *value.others]):
                unsure = lambda: uncertainty(case, name, world)
                reason = difference(found[name + "_out"], expected, value.slack, unsure)
                if reason and not is_nearer(case, name, found[name + "_out"], world):
                    wrong.setdefault(case.seed, reason)
    return wrong


def minimise(case, flags):
    """The smallest graph found that still fails."""
    fails = lambda candidate: bool(candidate.nodes) and bool(check([candidate], flags))
    for name in case.outputs:
        candidate = case.variant([name])
        if fails(candidate):
            case = candidate
            break
    for node in reversed(case.nodes[:-1]):
        # a sequence can't be an input
        tensors = all(name in case.values and case.describe(name) for name in node.output)
        if tensors and any(node is other for other in case.nodes):
            candidate = case.variant(cut=[node])
            if fails(candidate):
                case = candidate
    return case


def save(case, folder):
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(case.model(), folder / f"seed{case.seed}.onnx")
    np.savez(folder / f"seed{case.seed}.inputs.npz", **as_files(case.inputs))
    expected = {name + "_out": case.values[name].array for name in case.outputs}
    np.savez(folder / f"seed{case.seed}.expected.npz", **as_files(expected))


class Tally:
    """What a run did, to be said at any time."""

    def __init__(self, first, bounded):
        self.first, self.bounded, self.started = first, bounded, time.monotonic()
        self.graphs, self.plain, self.nodes, self.kinds = 0, 0, 0, set()
        self.failed, self.refused = [], []

    def say(self, end):
        text = f"{self.first}-{end - 1}: {self.graphs} graphs ({self.plain} with -O0, too) of {self.nodes} nodes and {len(self.kinds)} kinds of operators"
        text += f", {len(self.failed)} failed {self.failed}" if self.failed else ", 0 failed"
        if self.bounded:
            text += f", {len(self.refused)} refused"
        print(f"{text}, {time.monotonic() - self.started:.0f} s", flush=True)


def generate(seeds, bounded, tally):
    """The cases that have outputs; a fault of the generator is a failure."""
    cases = []
    for seed in seeds:
        try:
            case = Case(seed, bounded)
        except Exception:  # whatever it is
            tally.failed.append(seed)
            print(f"seed {seed}: the generator fails: {traceback.format_exc()}", flush=True)
            continue
        if case.outputs:
            cases.append(case)
    return cases


def check_all(cases, flags):
    wrong = {}
    for opset in sorted({case.opset for case in cases}):
        wrong.update(check([case for case in cases if case.opset == opset], flags))
    return wrong


def judge(cases, flags, folder, tally):
    """Checks cases, and says, makes smaller and saves what fails."""
    for seed, reason in check_all(cases, flags).items():
        if tally.bounded and any(text in reason for text in LIMITS):
            if seed not in tally.refused:
                tally.refused.append(seed)
            continue
        if seed not in tally.failed:
            tally.failed.append(seed)
        print(f"seed {seed} {' '.join(flags)}: {reason}", flush=True)
        small = minimise(next(case for case in cases if case.seed == seed), flags)
        save(small, folder)
        # of the small one, if it still says so alone
        print(f"  smaller: {check([small], flags).get(seed)}\n  " + "\n  ".join(
            f"{', '.join(node.output)} = {node.op_type}({', '.join(node.input)})" for node in small.nodes), flush=True)


def stop(number, _):
    sys.exit(128 + number)


def main():
    first, count, batch, bounded, half, plain = (
        option(*o) for o in (("seed", 0), ("count", 20), ("batch", 10), ("bounded", 0), ("half", 0), ("plain", 0)))
    if half:
        FLOATS[:] = [np.float16, np.float16, np.float16, BF16, BF16, BF16, np.float32, np.float32]
    folder = Path("fuzz-failures")
    for argument in [a for a in sys.argv[1:] if a.startswith("--save=")]:
        sys.argv.remove(argument)
        folder = Path(argument.split("=", 1)[1])
    flags = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    tally, end = Tally(first, bounded), first
    try:
        while end < first + count:
            seeds = range(end, min(end + batch, first + count))
            cases = generate(seeds, bounded, tally)
            judge(cases, flags, folder, tally)
            twice = [case for case in cases if plain and case.seed % plain == 0]
            judge(twice, [*flags, "-O0"], folder, tally)
            tally.graphs, tally.plain, end = tally.graphs + len(cases), tally.plain + len(twice), seeds.stop
            tally.nodes += sum(len(case.nodes) for case in cases)
            tally.kinds |= {node.op_type for case in cases for node in case.nodes}
            if (end - first) % 100 < batch and end < first + count:
                tally.say(end)
    finally:
        tally.say(end)
    return 1 if tally.failed or not tally.nodes else 0


if __name__ == "__main__":
    sys.exit(main())
