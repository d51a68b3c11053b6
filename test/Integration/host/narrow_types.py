# RUN: %python %s
# REQUIRES: onnxruntime
"""float8, float4 and integers of 4 and 2 bits, against ml_dtypes: every code read, every
float16 written, ties of float32 and float64 (which must not round twice), the powers of
two by exact arithmetic; what only moves; quantisation to and from all of them."""

import sys

import ml_dtypes
import numpy as np
from onnx import TensorProto, helper

from dlc_testing import Program

FLOATS = {TensorProto.FLOAT8E4M3FN: ml_dtypes.float8_e4m3fn, TensorProto.FLOAT8E4M3FNUZ: ml_dtypes.float8_e4m3fnuz,
          TensorProto.FLOAT8E5M2: ml_dtypes.float8_e5m2, TensorProto.FLOAT8E5M2FNUZ: ml_dtypes.float8_e5m2fnuz,
          TensorProto.FLOAT4E2M1: ml_dtypes.float4_e2m1fn}
POWERS = TensorProto.FLOAT8E8M0
INTS = {TensorProto.INT4: (-8, 7), TensorProto.UINT4: (0, 15), TensorProto.INT2: (-2, 1), TensorProto.UINT2: (0, 3)}
NAMES = {t: TensorProto.DataType.Name(t).lower() for t in [*FLOATS, POWERS, *INTS]}
FLOAT, HALF, DOUBLE = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE

nodes, ports_in, ports_out, given, checks = [], [], [], {}, []


def take(name, elem, array):
    ports_in.append(helper.make_tensor_value_info(name, elem, array.shape))
    given[name] = array
    return name


def want(op, inputs, elem, shape, check, **attributes):
    """An output of one node, and what to check of it."""
    name = f"out{len(ports_out)}"
    nodes.append(helper.make_node(op, inputs, [name], **attributes))
    ports_out.append(helper.make_tensor_value_info(name, elem, shape))
    label = " ".join([op, *inputs, *(f"{k}={v}" for k, v in attributes.items()), f"-> {NAMES.get(elem, elem)}"])
    checks.append((name, label, check))
    return name


def equal(expected):
    def check(got):
        same = (got == expected) | ((got != got) & (expected != expected))
        return "" if same.all() else f"{np.argwhere(~same)[0]}: {got[~same][0]} instead of {expected[~same][0]}"
    return check


def same_codes(expected, dtype, source):
    """Bit for bit, but any NaN will do, and where there is none any zero."""
    def check(got):
        wide, wanted = got.view(dtype).astype(np.float32), expected.astype(np.float32)
        same = (got == expected.view(np.uint8)) | (np.isnan(wide) & np.isnan(wanted))
        same |= np.isnan(source) & (wide == 0) & (wanted == 0)
        if same.all():
            return ""
        at = tuple(np.argwhere(~same)[0])
        return (f"{np.count_nonzero(~same)} differ, first {source[at]!r}: {got[at]:#04x} ({wide[at]}) instead of "
                f"{int(expected.view(np.uint8)[at]):#04x} ({wanted[at]})")
    return check


def saturated(x, dtype, saturate):
    """By the tables of Cast."""
    with np.errstate(all="ignore"):
        if saturate:
            limit = float(ml_dtypes.finfo(dtype).max)
            x = np.where(np.isnan(x), x, np.clip(x, -limit, limit)).astype(x.dtype)
        return x.astype(dtype)


def powers(x, mode, saturate):
    """float8e8m0 by exact arithmetic on |x|."""
    codes = []
    for value in np.abs(x.astype(np.float64)):
        if np.isnan(value):
            codes.append(255)
            continue
        if value == 0 or value < 2.0**-127:
            codes.append(0 if saturate else 255)
            continue
        if np.isinf(value):
            codes.append(254 if saturate else 255)
            continue
        exponent = int(np.floor(np.log2(value)))
        exponent -= 2.0**exponent > value
        exponent += 2.0 ** (exponent + 1) <= value
        fraction = value / 2.0**exponent
        exponent += {"up": fraction > 1, "down": False, "nearest": fraction >= 1.5}[mode]
        codes.append(exponent + 127 if exponent <= 127 else 254 if saturate else 255)
    return np.array(codes, np.uint8)


def ties(dtype):
    """Numbers of float64 at and beside what lies between two neighbours."""
    codes = np.arange(256 if ml_dtypes.finfo(dtype).bits == 8 else 16, dtype=np.uint8).view(dtype).astype(np.float64)
    numbers = np.unique(codes[np.isfinite(codes)])
    middles = np.concatenate([(numbers[1:] + numbers[:-1]) / 2, numbers, numbers[[0, -1]] * 1.03,
                              numbers[[0, -1]] * 1.07])
    return np.concatenate([middles, middles * (1 + 1e-7), middles * (1 - 1e-7), middles * (1 + 1e-12),
                           middles * (1 - 1e-12)])


halves = take("halves", HALF, np.arange(65536, dtype=np.uint16).view(np.float16))
for elem, dtype in FLOATS.items():
    codes = np.arange(256, dtype=np.uint8) if elem != TensorProto.FLOAT4E2M1 else np.arange(16, dtype=np.uint8)
    name = take(NAMES[elem], elem, codes)
    for target, numpy_type in ((FLOAT, np.float32), (HALF, np.float16), (DOUBLE, np.float64)):
        want("Cast", [name], target, codes.shape, equal(codes.view(dtype).astype(np.float32).astype(numpy_type)),
             to=target)
    between = ties(dtype)
    singles = take(f"singles_{NAMES[elem]}", FLOAT, between.astype(np.float32))
    doubles = take(f"doubles_{NAMES[elem]}", DOUBLE, between)
    for source in (halves, singles, doubles):
        x = given[source]
        for saturate in ((True, False) if elem != TensorProto.FLOAT4E2M1 else (True,)):
            # ml_dtypes rounds float64 by way of float32: odd rounding makes that harmless
            exact = x.astype(np.float32)
            if x.dtype == np.float64:
                bits = exact.view(np.int32)
                inexact = exact.astype(np.float64) != x
                toward = np.where(np.abs(exact.astype(np.float64)) > np.abs(x), bits - 1, bits)
                exact = np.where(inexact, toward | 1, bits).astype(np.int32).view(np.float32)
            want("Cast", [source], elem, x.shape, same_codes(saturated(exact, dtype, saturate), dtype, x), to=elem,
                 saturate=int(saturate))
codes = take(NAMES[POWERS], POWERS, np.arange(256, dtype=np.uint8))
want("Cast", [codes], FLOAT, (256,), equal(given[codes].view(ml_dtypes.float8_e8m0fnu).astype(np.float32)), to=FLOAT)
scales = np.concatenate([2.0 ** np.arange(-127, 128) * f for f in (1, 1 + 1e-6, 1.4999, 1.5, 1.75, 1 - 1e-6)])
scales = scales[scales < np.finfo(np.float32).max]
scales = take("scales", FLOAT, np.concatenate([scales, [0, np.inf, np.nan, 1e-40, 3e-39, 3.4e38]]).astype(np.float32))
for mode in ("up", "down", "nearest"):
    for saturate in (1, 0):
        want("Cast", [scales], POWERS, given[scales].shape, equal(powers(given[scales], mode, saturate)), to=POWERS,
             saturate=saturate, round_mode=mode)

for elem, (low, high) in INTS.items():
    numbers = np.arange(low, high + 1)
    signed = low < 0
    # bytes extended by the sign, and by zeros
    stored = np.concatenate([numbers, numbers & (high - low)]).astype(np.int8 if signed else np.uint8)
    twice = np.concatenate([numbers, numbers])
    name = take(NAMES[elem], elem, stored)
    want("Cast", [name], FLOAT, twice.shape, equal(twice.astype(np.float32)), to=FLOAT)
    want("Cast", [name], TensorProto.INT32, twice.shape, equal(twice.astype(np.int32)), to=TensorProto.INT32)
    wide = take(f"wide_{NAMES[elem]}", TensorProto.INT32, np.arange(-40, 40, dtype=np.int32))
    wrapped = (given[wide] - low) % (high - low + 1) + low
    want("Cast", [wide], elem, wrapped.shape, equal(wrapped.astype(stored.dtype)), to=elem)

# what only moves keeps its bits
grid = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
for elem in (TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E5M2FNUZ, POWERS):
    x = take(f"grid_{NAMES[elem]}", elem, grid)
    want("Identity", [x], elem, grid.shape, equal(grid))
    want("Transpose", [x], elem, (8, 4, 8), equal(grid.transpose(1, 0, 2)), perm=[1, 0, 2])
constants = []


def constant(name, array, elem=None):
    constants.append(helper.make_tensor(name, elem or helper.np_dtype_to_tensor_dtype(array.dtype), array.shape,
                                        array.tobytes(), raw=True))
    return name


x = f"grid_{NAMES[TensorProto.FLOAT8E4M3FN]}"
elem = TensorProto.FLOAT8E4M3FN
want("Reshape", [x, constant("shape", np.array([2, 128]))], elem, (2, 128), equal(grid.reshape(2, 128)))
want("Pad", [x, constant("pads", np.array([1, 0, 2, 0, 1, 0]))], elem, (5, 9, 10),
     equal(np.pad(grid, ((1, 0), (0, 1), (2, 0)))))
want("Pad", [f"grid_{NAMES[POWERS]}", "pads"], POWERS, (5, 9, 10),
     equal(np.pad(grid, ((1, 0), (0, 1), (2, 0)), mode="edge")), mode="edge")
want("BitCast", [x], TensorProto.INT8, grid.shape, equal(grid.view(np.int8)), to=TensorProto.INT8)
weights = constant("weights", np.arange(256, dtype=np.uint8).repeat(3), TensorProto.FLOAT8E5M2)
want("Cast", [weights], FLOAT, (768,),
     equal(np.arange(256, dtype=np.uint8).repeat(3).view(ml_dtypes.float8_e5m2).astype(np.float32)), to=FLOAT)
nibbles = constant("nibbles", np.arange(256, dtype=np.uint8), None)
constants[-1] = helper.make_tensor("nibbles", TensorProto.INT4, (512,), np.arange(256, dtype=np.uint8).tobytes(),
                                   raw=True)
unpacked = np.stack([np.arange(256) & 15, np.arange(256) >> 4], 1).ravel()
want("Cast", [nibbles], FLOAT, (512,), equal(np.where(unpacked > 7, unpacked - 16, unpacked).astype(np.float32)),
     to=FLOAT)

# blocked and by-axis quantisation
rng = np.random.default_rng(7)
data = take("data", FLOAT, (rng.standard_normal((6, 20)) * 300).astype(np.float32))
steps = {"scalar": (np.float32(0.7), {}), "axis": (rng.uniform(0.5, 2, 6).astype(np.float32), {"axis": 0}),
         "blocks": (rng.uniform(0.5, 2, (6, 3)).astype(np.float32), {"axis": 1, "block_size": 8})}
for kind, (step, attributes) in steps.items():
    scale = constant(f"scale_{kind}", np.asarray(step))
    spread = step if step.ndim == 0 else step[:, None] if step.ndim == 1 else step.repeat(8, 1)[:, :20]
    for elem in [*FLOATS, *INTS]:
        ratio = given[data] / spread
        if elem in FLOATS:
            quantized = saturated(ratio, FLOATS[elem], True)
            check, back = same_codes(quantized, FLOATS[elem], given[data]), quantized.astype(np.float32) * spread
        else:
            quantized = np.clip(np.rint(ratio), *INTS[elem])
            check, back = equal(quantized.astype(np.int8 if INTS[elem][0] else np.uint8)), quantized * spread
        y = want("QuantizeLinear", [data, scale], elem, (6, 20), check, output_dtype=elem, **attributes)
        want("DequantizeLinear", [y, scale], FLOAT, (6, 20), equal(back.astype(np.float32)), **attributes)

graph = helper.make_graph(nodes, "g", ports_in, ports_out, constants)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 26)], ir_version=13)
bad = 0
with Program(model, *sys.argv[1:]) as program:
    results = program.run(given, outputs=[name for name, _, _ in checks])
for name, label, check in checks:
    if problem := check(results[name]):
        print(f"{label}: {problem}")
        bad += 1
print(f"{len(checks) - bad} of {len(checks)} agree")
sys.exit(bool(bad))
