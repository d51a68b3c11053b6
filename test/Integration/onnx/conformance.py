# RUN: %python %s --junk=%t --json=%t.json
# REQUIRES: onnx
# UNSUPPORTED: sanitize
"""ONNX's backend suite: every case is compiled by dlc as a user would, run, and compared
with what the suite expects, by the suite's own tolerances.

    conformance.py [--target=cuda] [--every=N] [--jobs=N] [--json=FILE] [--list]
                   [--cache=FILE] [WORD...]

Host programs run as libraries between guard pages (those that decode pictures, which only
executables do, as executables); CUDA programs as executables, in the simulator (with all
its checks) where there is no GPU. Cases that are known to fail stand,
with the reason, in expected-failures.txt: the run fails when one of them passes, too.
WORDs choose cases whose name contains one of them; --every=N takes a sample, always the
same one. The light networks are left to Integration/host/models.py."""

import argparse
import fnmatch
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "Inputs"), os.path.join(HERE, "../Inputs")]
import guarded  # noqa: E402
import onnx_cases  # noqa: E402
from dlc_targets import launcher, target_flags  # noqa: E402

DLC = os.path.join(os.environ["DLC_BIN"], "dlc") if "DLC_BIN" in os.environ else "dlc"
# What a compiler with static memory is not held to, by class of classes.csv.
NOT_APPLICABLE = {"X2": "gradients of a graph", "X3": "strings"}

# Cases whose inputs decide shapes that also run with bounds instead of values, and which
# elements have to be known all the same (those that no dimension of size 1 stands for), of
# some inputs or of all.
ALL = object()
BOUNDED = {"test_constantofshape_float_ones": [], "test_constantofshape_int_zeros": [], "test_expand_dim_changed": [1],
           "test_expand_dim_unchanged": [0], "test_reshape_extended_dims": [],
           "test_reshape_negative_dim": [], "test_reshape_reordered_all_dims": [], "test_reshape_zero_dim": [],
           "test_tile_precomputed": [], "test_top_k": [], "test_top_k_smallest": [],
           **{f"test_{name}": {} for name in (
               "constant_pad edge_pad reflect_pad wrap_pad reshape_negative_extended_dims reshape_one_dim "
               "reshape_reduced_dims reshape_reordered_last_dims slice_default_axes tile top_k_negative_axis top_k_uint64 "
               "resize_upsample_sizes_nearest_axes_2_3 resize_upsample_sizes_nearest_axes_3_2").split()},
           **{f"test_{name}": {"axes": ALL} for name in (
               "constant_pad_axes constant_pad_negative_axes slice slice_default_steps slice_end_out_of_bounds slice_neg "
               "slice_neg_steps slice_negative_axes slice_start_out_of_bounds").split()},
           **{f"test_resize_{name}": [0, 1] for name in (
               "downsample_sizes_linear_pytorch_half_pixel upsample_sizes_cubic upsample_sizes_nearest "
               "upsample_sizes_nearest_ceil_half_pixel upsample_sizes_nearest_floor_align_corners "
               "upsample_sizes_nearest_round_prefer_ceil_asymmetric").split()}}


class Wrong(Exception):
    pass


def difference(name, got, expected, rtol, atol):
    """What onnx.backend.test.runner asks for."""
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return f"'{name}' is {got.dtype}{list(got.shape)} instead of {expected.dtype}{list(expected.shape)}"
    if expected.dtype.name == "bfloat16":
        rtol = max(rtol, 2**-6)
    if expected.dtype.kind not in "fc" and not expected.dtype.name.startswith(("bfloat", "float")):
        good = got == expected
    else:
        wide = np.complex128 if expected.dtype.kind == "c" else np.float64
        with np.errstate(invalid="ignore"):
            good = np.isclose(got.astype(wide), expected.astype(wide), rtol, atol, equal_nan=True)
    if np.all(good):
        return ""
    at = tuple(int(i) for i in np.argwhere(~np.asarray(good))[0])
    return (f"'{name}': {np.count_nonzero(~np.asarray(good))} of {got.size} elements differ, first at {list(at)}: "
            f"{got[at]} instead of {expected[at]}")


def mismatch(name, got, expected, given):
    """What is wrong with random numbers (class X4): the suite's own are another generator's. They are 0, 1, or an input's
    element by the factor that the others of it have in the suite, too."""
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return difference(name, got, expected, 0, 0)
    x = given["x"]
    factor = 1 if expected.dtype.kind in "bi" or set(np.unique(expected)) <= {0, 1} else (expected[expected != 0] / x[expected != 0])[0]
    allowed = np.ones_like(x) if factor == 1 else x * factor
    good = (got == 0) | np.isclose(got.astype(np.float64), allowed)
    return "" if good.all() else f"'{name}' has {got[~good][0]}, which is neither 0 nor what remains"


def last_line(done):
    text = (done.stderr or done.stdout).strip().splitlines()
    return text[-1][-400:] if text else f"exit status {done.returncode}"


def execute(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)
    if done.returncode < 0 or done.returncode > 3:
        raise Wrong(f"{os.path.basename(command[0])} CRASHED ({done.returncode}): {last_line(done)}")
    if done.returncode:
        raise Wrong(re.sub(r"^.*?error: (model\.onnx: )?", "", last_line(done)))


def file_type(array):
    """How programs read and write types that numpy does not know."""
    name = array.dtype.name
    if name == "bfloat16":
        return array.view(np.uint16)
    if array.dtype.kind == "V" or name.startswith(("float8", "float4", "int4", "uint4", "int2", "uint2")):
        return array.astype(np.int8) if name in ("int4", "int2") else (
            array.astype(np.uint8) if name.startswith("uint") else array.view(np.uint8))
    return array


def run_executable(command, inputs, expected, folder):
    arguments = []
    for i, (name, array) in enumerate(inputs.items()):
        path = os.path.join(folder, f"in{i}.npy")
        np.save(path, file_type(np.asarray(array, order="C")))
        arguments.append(f"{name}={path}")
    execute([*command, *arguments, "-o", os.path.join(folder, "out")])
    results = {}
    for name, wanted in expected.items():
        found = np.load(os.path.join(folder, "out", re.sub(r"[^A-Za-z0-9._-]", "_", name) + ".npy"))
        if found.dtype != wanted.dtype and found.dtype == file_type(wanted).dtype:
            found = found.astype(wanted.dtype) if "int" in wanted.dtype.name else found.view(wanted.dtype)
        results[name] = found
    return results


def in_child(function):
    """What `function` gives or raises, from a process of its own."""
    with tempfile.TemporaryFile() as file:
        child = os.fork()
        if not child:
            try:
                signal.alarm(120)
                try:
                    result = function()
                except Exception as error:  # noqa: BLE001: all of them go to the parent
                    result = Wrong(str(error))
                pickle.dump(result, file)
                file.flush()
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            raise Wrong(f"the program CRASHED: {signal.strsignal(os.WTERMSIG(status))}")
        file.seek(0)
        result = pickle.load(file)
    if isinstance(result, Wrong):
        raise result
    return result


def bounds(case, name, array):
    """Leaves the elements of an input to the run: they are up to one more than in the case."""
    exact = BOUNDED[case]
    exact = exact.get(name, []) if isinstance(exact, dict) else exact
    return [f"--dim={name}[{i}]={n}" if n <= 0 or exact is ALL or i in exact else f"--max-dim={name}[{i}]={n + 1}"
            for i, n in enumerate(array.ravel().tolist())]


def check(case, flags, folder, bounded=False):
    """Raises Wrong unless all is right."""
    if not case.sets:
        raise Wrong("no data")
    path = os.path.join(folder, "model.onnx")
    onnx.save(case.model, path)
    options = list(flags)
    bound = [] if bounded else case.bound
    for name in case.bound:
        if bounded and case.sets[0][0][name].dtype == np.int64:
            options += bounds(case.name, name, case.sets[0][0][name])
    for name in bound:
        file = os.path.join(folder, f"bound-{name}.npy")
        np.save(file, file_type(case.sets[0][0][name]))
        options.append(f"--bind={name}={file}")
    for port in case.model.graph.input:
        shape = port.type.tensor_type.shape
        if port.name in case.sets[0][0] and port.name not in bound and any(not d.HasField("dim_value") for d in shape.dim):
            sizes = "x".join(map(str, case.sets[0][0][port.name].shape))
            options.append(f"--shape={port.name}={sizes}")
    options += [f"--dim={name}[]={count}" for name, count in case.lengths.items()]
    options += [f"--shape={name}={'x'.join(map(str, array.shape))}" for name, array in case.sets[0][0].items()
                if name.rpartition(".")[0] in case.lengths and array.ndim]
    cuda = "--target=cuda" in flags
    program = os.path.join(folder, "case")
    executable = cuda or any(node.op_type == "ImageDecoder" for node in case.model.graph.node)
    execute([DLC, path, "-o", program, *target_flags(options), *([] if executable else ["--emit=lib"])])
    for given, expected in case.sets:
        if any(not np.array_equal(given[n], case.sets[0][0][n]) for n in bound):
            raise Wrong("data sets that bind different values")
        given = {n: a for n, a in given.items() if n not in bound}
        if executable:
            got = run_executable([*launcher(flags), program], given, expected, folder)
        else:
            library = os.path.join(folder, "libcase.so")
            got = in_child(lambda inputs=given: guarded.run(library, "case", inputs))
        problems = [mismatch(n, got[n], wanted, given) if case.category == "X4" else
                    difference(n, got[n], wanted, case.rtol, case.atol) for n, wanted in expected.items()]
        if any(problems):
            raise Wrong("; ".join(p for p in problems if p))


def expected_failures(target):
    """Pattern -> reason, of the target."""
    table = {}
    with open(os.path.join(HERE, "expected-failures.txt")) as file:
        for number, line in enumerate(file, 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            match = re.fullmatch(r"(host|cuda|both)\s+(\S+)\s*:\s*(.+)", line)
            if not match:
                sys.exit(f"expected-failures.txt:{number}: not '<target> <case>: <reason>'")
            if match.group(1) in (target, "both"):
                table[match.group(2)] = match.group(3)
    return table


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", default="host")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--json")
    parser.add_argument("--junk", help="folder for temporary files")
    parser.add_argument("--cache", help="file to keep the cases in between runs")
    parser.add_argument("--list", action="store_true", help="print each failure, expected or not")
    parser.add_argument("--listed", action="store_true", help="only cases that are listed as failing")
    parser.add_argument("words", nargs="*")
    options, flags = parser.parse_known_args()
    flags += [f"--target={options.target}"] if options.target != "host" else []
    cases = [c for _, c in sorted(onnx_cases.load(os.path.join(HERE, "classes.csv"), options.cache).items())
             if c.kind != "light" and c.category not in NOT_APPLICABLE]
    cases = [c for i, c in enumerate(cases) if i % options.every == 0
             and (not options.words or any(w in c.name for w in options.words))]
    known = expected_failures(options.target)

    def reason_for(name):
        return next((r for p, r in known.items() if fnmatch.fnmatchcase(name, p)), None)

    if options.listed:
        cases = [c for c in cases if reason_for(c.name)]

    def attempt(case):
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="dlc-onnx-", dir=options.junk) as folder:
            try:
                check(case, flags, folder)
                if case.name in BOUNDED:
                    check(case, flags, folder, bounded=True)
                problem = None
            except subprocess.TimeoutExpired:
                problem = "took more than 300 s"
            except Wrong as error:
                problem = " ".join(str(error).split())
        return case, problem, time.monotonic() - start

    if options.junk:
        shutil.rmtree(options.junk, ignore_errors=True)
        os.makedirs(options.junk)
    results, bad = [], []
    progress = sys.stderr.isatty()
    with ThreadPoolExecutor(options.jobs) as pool:
        for case, problem, seconds in pool.map(attempt, cases):
            results.append((case, problem, seconds))
            if progress:
                print(f"\r{len(results)} of {len(cases)}", end="", file=sys.stderr)
            expected = reason_for(case.name)
            if bool(problem) != bool(expected) or problem and "CRASHED" in problem:
                bad.append(case.name)
                print(f"FAILED {case.name}: {problem or f'passes, but is listed as failing: {expected}'}", flush=True)
            elif problem and options.list:
                print(f"expected {case.name}: {problem}", flush=True)
    if options.json:
        with open(options.json, "w") as file:
            json.dump([{"case": c.name, "class": c.category, "problem": p, "seconds": round(s, 2),
                        "opset": max((o.version for o in c.model.opset_import if o.domain in ("", "ai.onnx")), default=0),
                        "ops": sorted({n.op_type for n in c.model.graph.node})} for c, p, s in results], file, indent=1)
    passed = sum(not p for _, p, _ in results)
    static = [p for c, p, _ in results if c.category.startswith("A")]
    print(f"{passed} of {len(results)} cases pass ({sum(not p for p in static)} of {len(static)} with static shapes), "
          f"{len(bad)} not as expected")
    return 1 if bad or not results else 0


if __name__ == "__main__":
    sys.exit(main())
