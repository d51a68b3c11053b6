# REQUIRES: onnxruntime
# RUN: %python %s
"""Random numbers: the bits are those of Philox4x32-10 as numpy computes it here, numbers have their distributions, other
runs, seeds, nodes and iterations have other ones, and nothing is stored where they are only read. With --target=cuda for a
GPU: what is said to be exact is, and so host and GPU agree."""
import os
import sys
import tempfile

import numpy as np

from dlc_targets import on_cuda
from dlc_testing import DLC, Failure, Program, parse_model, run_command

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../onnx/Inputs"))
import guarded  # noqa: E402

FLAGS = [a for a in sys.argv[1:] if a.startswith("--target=")]
FAILED = []


def expect(good, what):
    if not good:
        FAILED.append(what)


def philox(shape, seed=0, stream=0, run=0, step=0):
    """Four words for each element (Salmon et al., 2011)."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    position = np.arange(np.prod(shape, dtype=np.int64), dtype=np.uint64)
    c = [position, *(np.full_like(position, v) for v in (step, run & 0xFFFFFFFF, run >> 32))]
    k = [seed & 0xFFFFFFFF, stream]
    for r in range(10):
        first, second = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        keys = [np.uint64((k[0] + r * 0x9E3779B9) & 0xFFFFFFFF), np.uint64((k[1] + r * 0xBB67AE85) & 0xFFFFFFFF)]
        c = [second >> half ^ c[1] ^ keys[0], second & low, first >> half ^ c[3] ^ keys[1], first & low]
    return [w.astype(np.uint32).reshape(shape) for w in c]


def uniform(shape, **key):
    return (philox(shape, **key)[0] >> 8).astype(np.float32) * np.float32(2.0**-24)


def normal(shape, **key):
    a, b = philox(shape, **key)[:2]
    radius = np.sqrt(-2 * np.log(((a >> 1).astype(np.float64) + 0.5) * 2.0**-31))
    return radius * np.cos(2 * np.pi * (b >> 8) * 2.0**-24)


def seed_of(number):
    return int(np.float32(number).view(np.uint32))


def program(text, *flags, opset=22, **constants):
    return Program(parse_model(text, constants, opset), *FLAGS, *flags)


def known_answers():
    """Of the authors' test vectors."""
    words = philox((1,), seed=0, stream=0)
    expect([int(w[0]) for w in words] == [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8], "this file's Philox")


def bits():
    with program("""g (float[3,5,7] x) => (float[3,5,7] a, float[3,5,7] b, float[2,50] c, float[3,5,7] d) {
            a = RandomUniformLike (x)
            b = RandomUniformLike <seed = 3.5> (x)
            c = RandomUniform <shape = [2, 50], low = -2.0, high = 6.0, seed = 3.5> ()
            d = RandomNormalLike <mean = 10.0, scale = 0.5> (x)
        }""") as p:
        x = {"x": np.zeros((3, 5, 7), np.float32)}
        got, again, other = p.run(x), p.run(x), p.run(x, "--seed=77")
        expect(p.info().get("random") is True, "--info does not say that there are random numbers")
    key = seed_of(3.5)
    expect(np.array_equal(got["a"], uniform((3, 5, 7))), "uniform numbers")
    expect(np.array_equal(got["b"], uniform((3, 5, 7), seed=key, stream=1)), "uniform numbers of a seed")
    expect(np.array_equal(got["c"], uniform((2, 50), seed=key, stream=2) * 8 - 2), "an interval")
    expect(np.allclose(got["d"], normal((3, 5, 7), stream=3) * 0.5 + 10, 1e-6, 1e-6), "normal numbers")
    expect(all(np.array_equal(got[n], again[n]) for n in got), "two runs of a program differ")
    expect(np.array_equal(other["a"], uniform((3, 5, 7), seed=77)), "--seed")
    expect(np.array_equal(other["b"], got["b"]), "--seed changes numbers whose node has a seed")


def same_bits():
    """Box and Muller's logarithms and cosines, too."""
    text = """g () => (float[64,257] a, float16[1000] b, double[1000] c, bfloat16[1000] d, double[1000] e) {
            a = RandomNormal <shape = [64, 257]> ()
            b = RandomNormal <shape = [1000], dtype = 10> ()
            c = RandomUniform <shape = [1000], dtype = 11> ()
            d = RandomUniform <shape = [1000], dtype = 16> ()
            e = RandomNormal <shape = [1000], dtype = 11> ()
        }"""
    with program(text) as p, Program(parse_model(text, {}, 22)) as host:
        got, there = p.run({}), host.run({})
    for name in got:
        expect(np.array_equal(got[name], there[name]) or name == "e" and np.allclose(got[name], there[name], 1e-12, 1e-12),
               f"host and GPU differ: {name}")
    words = philox((1000,), stream=2)
    wide = (words[0] >> 5) * 2.0**26 + (words[1] >> 6)
    expect(np.array_equal(got["c"], wide * 2.0**-53), "f64 has 53 bits")
    a = normal((64, 257))
    expect(np.abs(got["a"] - a).max() < 1e-5, f"normal numbers are off by {np.abs(got['a'] - a).max()}")


def distributions():
    n = 1 << 18
    with program(f"""g () => (float[{n}] u, float[{n}] v, double[{n}] w) {{
            u = RandomUniform <shape = [{n}], seed = 1.0> ()
            v = RandomNormal <shape = [{n}], seed = 1.0> ()
            w = RandomNormal <shape = [{n}], seed = 1.0, dtype = 11, mean = 3.0, scale = 2.0> ()
        }}""") as p:
        got = p.run({})
    whole = (got["u"] * 2.0**24).astype(np.uint32)
    for shift in (0, 8, 16):  # 255 degrees of freedom: a deviation of 22.6
        counts = np.bincount(whole >> shift & 255, minlength=256)
        chi = ((counts - n / 256) ** 2 / (n / 256)).sum()
        expect(abs(chi - 255) < 90, f"chi-square of bits from {shift} on is {chi}")
    pairs = np.bincount((whole[::2] >> 20) * 16 + (whole[1::2] >> 20), minlength=256)
    chi = ((pairs - n / 512) ** 2 / (n / 512)).sum()
    expect(abs(chi - 255) < 90, f"chi-square of neighbours is {chi}")
    for name, mean, scale in (("u", 0.5, 12**-0.5), ("v", 0, 1), ("w", 3, 2)):
        x = got[name].astype(np.float64)
        expect(abs(x.mean() - mean) < 5 * scale / n**0.5, f"the mean of {name} is {x.mean()}")
        expect(abs(x.std() - scale) < 5 * scale / n**0.5, f"the deviation of {name} is {x.std()}")
    for name in "vw":
        x = (got[name] - got[name].mean()) / got[name].std()
        expect(abs((x**3).mean()) < 0.03 and abs((x**4).mean() - 3) < 0.06, f"the shape of {name}")
        for edge, part in ((1, 0.158655), (2, 0.0227501), (3, 0.00134990)):
            expect(abs((x > edge).mean() - part) < 5 * (part / n) ** 0.5, f"{name} beyond {edge}")
    expect(abs(np.corrcoef(got["v"], got["w"])[0, 1]) < 0.01, "two nodes of a seed are not independent")


def selections():
    n = 1 << 16
    with program(f"""g (float[{n}] x, float p, bool t) => (bool[{n}] a, int64[{n}] b, double[{n}] c,
                     float[{n}] y, bool[{n}] m, float[{n}] z, bool[{n}] k, float16[{n}] h) {{
            shape = Shape (x)
            q = Expand (p, shape)
            a = Bernoulli <dtype = 9> (q)
            b = Bernoulli <dtype = 7, seed = 4.0> (q)
            d = Cast <to = 11> (q)
            c = Bernoulli (d)
            e = Cast <to = 10> (q)
            h = Bernoulli (e)
            y, m = Dropout <seed = 5> (x, p, yes)
            z, k = Dropout (x, p, t)
        }}""", yes=np.array(True)) as p:
        x = np.random.default_rng(1).standard_normal(n).astype(np.float32)
        for ratio in (0.25, 0.9):
            given = {"x": x, "p": np.float32(ratio), "t": np.array(True)}
            got = p.run(given)
            for name in "abch":
                expect(set(np.unique(got[name])) == {0, 1}, f"Bernoulli {name} is not 0 or 1")
                expect(abs(got[name].mean(dtype=np.float64) - ratio) < 0.01, f"Bernoulli {name}: {got[name].mean()} instead of {ratio}")
            expect(np.array_equal(got["b"], uniform((n,), seed=seed_of(4), stream=1) < np.float32(ratio)), "Bernoulli of a seed")
            for y, mask in (("y", "m"), ("z", "k")):
                expect(abs(got[mask].mean() - (1 - ratio)) < 0.01, f"Dropout {mask}: {got[mask].mean()} instead of {1 - ratio}")
                expect(np.allclose(got[y], np.where(got[mask], x / np.float32(1 - np.float32(ratio)), 0), 1e-6), f"Dropout {y}")
            got = p.run({**given, "t": np.array(False)})
            expect(np.array_equal(got["z"], x) and got["k"].all(), "Dropout that was told not to")


def classes():
    n = 20000
    x = np.log(np.array([[1, 2, 3, 4], [5, 0, 0, 5], [0, 0, 1, 0]], np.float32) + 1e-45).astype(np.float32)
    x[x < -80] = -np.inf
    x[1] += 700  # they are not normalised
    for element, dtype in (("float", np.float32), ("double", np.float64), ("float16", np.float16)):
        with program(f"""g ({element}[3,4] x) => (int32[3,{n}] i, int64[3,{n}] j) {{
                i = Multinomial <sample_size = {n}> (x)
                j = Multinomial <sample_size = {n}, dtype = 7, seed = 9.0> (x)
            }}""") as p:
            got = p.run({"x": x.astype(dtype)})
        for name in "ij":
            parts = np.stack([np.bincount(row, minlength=4) for row in got[name]]) / n
            wanted = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0, 0, 0.5], [0, 0, 1, 0]])
            expect(parts.shape == (3, 4) and np.abs(parts - wanted).max() < 0.015 and (parts[wanted == 0] == 0).all(),
                   f"Multinomial {element} {name}: {parts.tolist()}")
        expect(not np.array_equal(got["i"], got["j"]), "two Multinomials are the same")


LOOP = """g (float[4,9] x) => (float[3,4,9] y, float[2,3,4,9] z, float[2,4,9] u) {
        y = Loop (three, go, ) <body = b (int64 i, bool c) => (bool d, float[4,9] r) {
            d = Identity (c)
            r = RandomUniformLike (x)
        }>
        z = Loop (two, go, ) <body = b (int64 i, bool c) => (bool d, float[3,4,9] r) {
            d = Identity (c)
            r = Loop (three, c, ) <body = b2 (int64 k, bool e) => (bool f, float[4,9] s) {
                f = Identity (e)
                s = RandomUniformLike <seed = 1.0> (x)
            }>
        }>
        u = Scan <num_scan_inputs = 1, body = b (float[4,9] a) => (float[4,9] r) { r = RandomUniformLike (a) }> (pair)
    }"""


def iterations():
    """Also where they are written out, each of which is a node of its own then."""
    constants = {"three": np.array(3), "two": np.array(2), "go": np.array(True), "pair": np.zeros((2, 4, 9), np.float32)}
    with program(LOOP, **constants) as p:
        got = p.run({"x": np.zeros((4, 9), np.float32)})
    numbers = np.concatenate([got[n].ravel() for n in "yzu"])
    expect(len(np.unique(numbers)) == numbers.size, "iterations have the same numbers")
    with program("""g (float[2000] x) => (float[40,2000] y) {
            y = Loop (many, go, ) <body = b (int64 i, bool c) => (bool d, float[2000] r) {
                d = Identity (c)
                t = RandomUniformLike (x)
                v = CumSum (t, zero)
                r = Sub (v, t)
            }>
        }""", many=np.array(40), go=np.array(True), zero=np.array(0)) as p:
        got = p.run({"x": np.zeros(2000, np.float32)})["y"]
    for i in (0, 1, 39):
        t = uniform((2000,), step=i)
        expect(np.allclose(got[i], np.cumsum(t, dtype=np.float64) - t, 1e-4, 1e-4), f"iteration {i}")


def extents():
    with program("""g (float[b,n] x, int64[2] s) => (float[b,n] y, float[b,n] z, bool[b,n] m, int32[b,50] i, float[k,l] w) {
            r = RandomNormalLike (x)
            y = Add (x, r)
            z, m = Dropout (x, half, yes)
            i = Multinomial <sample_size = 50> (x)
            e = ConstantOfShape (s)
            w = RandomUniformLike (e)
        }""", "--max-dim=b=6", "--max-dim=n=300", "--max-dim=s[0]=40", "--max-dim=s[1]=30", half=np.float32(0.5), yes=np.array(True)) as p:
        for b, n, s in ((6, 300, (40, 30)), (1, 40, (3, 30)), (5, 7, (40, 1))):
            x = np.ones((b, n), np.float32)
            got = p.run({"x": x, "s": np.array(s)})
            expect(got["y"].shape == (b, n) and got["m"].shape == (b, n) and got["w"].shape == s, f"shapes for {b} x {n}")
            noise = got["y"] - 1
            expect(np.abs(noise).max() < 7 and len(np.unique(noise)) > 0.9 * b * n, f"noise for {b} x {n}")
            expect(np.array_equal(got["z"], np.where(got["m"], 2, 0)), f"Dropout for {b} x {n}")
            expect(got["i"].shape == (b, 50) and got["i"].max() < n and len(np.unique(got["i"])) > min(n, 30) / 2, f"Multinomial for {b} x {n}")
            expect(len(np.unique(got["w"])) == got["w"].size and got["w"].min() >= 0, f"a shape that is an input, {s}")


def vits():
    """What is read only is not there: z = m + exp(logs) * noise * scale."""
    n = 200000
    with program(f"""g (float[1,{n}] m, float[1,{n}] logs, float scale) => (float[1,{n}] z) {{
            r = RandomNormalLike <mean = 0.0, scale = 1.0> (m)
            e = Exp (logs)
            a = Mul (r, e)
            b = Mul (a, scale)
            z = Add (m, b)
        }}""") as p:
        rng = np.random.default_rng(2)
        given = {"m": rng.standard_normal((1, n)).astype(np.float32), "logs": rng.standard_normal((1, n)).astype(np.float32),
                 "scale": np.float32(0.667)}
        got, needed = p.run(given)["z"], p.info()["arena_bytes"]
    wanted = given["m"] + normal((1, n)) * np.exp(given["logs"]) * 0.667
    expect(np.allclose(got, wanted, 1e-4, 1e-4), "VITS")
    expect(needed < 4096, f"numbers that are only read take {needed} bytes")


def runs():
    """A library's caller says which run it is."""
    folder = tempfile.mkdtemp(prefix="dlc-test-")
    model = parse_model("g (float[30] x) => (float[30] y) { r = RandomUniformLike (x)\n y = Add (x, r) }", {}, 22)
    path = os.path.join(folder, "noise.onnx")
    with open(path, "wb") as file:
        file.write(model.SerializeToString())
    run_command([DLC, path, "--emit=lib", "-o", os.path.join(folder, "noise")])
    zeros = {"x": np.zeros(30, np.float32)}
    for seed, run in ((0, 0), (0, 1), (5, 0), (5, 2**40 + 3)):
        got = guarded.run(os.path.join(folder, "libnoise.so"), "noise", zeros, random=(seed, run))["y"]
        expect(np.array_equal(got, uniform((30,), seed=seed, run=run)), f"run {run} of seed {seed}")
    with open(os.path.join(folder, "noise.h")) as file:
        expect("DLC_ROLE_RANDOM" in file.read().split("#ifndef")[0], "the header does not say that there is a seed")


def several():
    """Of several shapes, and with inputs and outputs in the arena."""
    text = "g (float[n] x) => (float[n] y) { r = RandomUniformLike (x)\n y = Add (x, r) }"
    for flags in (["--dim=n=5,20"], ["--dim=n=20", "--io=arena"]):
        with program(text, *flags) as p:
            got = p.run({"x": np.zeros(20, np.float32)}, "--seed", "3")["y"]
            expect(np.array_equal(got, uniform((20,), seed=3)), f"{flags}")
            run_command([*p.command, "--benchmark=0.01"])
    with program("g (float[5] x) => (float[5] y) { y = Neg (x) }") as p:
        try:
            p.run({"x": np.zeros(5, np.float32)}, "--seed=1")
            FAILED.append("--seed of a program without random numbers")
        except Failure as error:
            expect("the model has no random numbers" in str(error), str(error))


known_answers()
bits()
same_bits()
distributions()
selections()
classes()
iterations()
extents()
vits()
several()
if not on_cuda(FLAGS):
    runs()
print("\n".join(FAILED))
sys.exit(bool(FAILED))
