# lit configuration: FileCheck tests (.mlir, .test) and Python tests (.py with a
# RUN line). Helpers that are no tests live in folders called Inputs.
import os
import shutil
import subprocess

import lit.formats

config.name = "dlc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".py"]
config.excludes = ["Inputs", "unit", "fuzz", "lit.cfg.py", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.dlc_binary_root, "test")

bin_dir = os.path.join(config.dlc_binary_root, "bin")
# -Dtools=DIR: programs to prefer, built with sanitizers.
tools = lit_config.params.get("tools")
config.environment["PATH"] = os.pathsep.join(
    ([os.path.abspath(tools)] if tools else [])
    + [bin_dir, config.llvm_tools_dir, config.environment["PATH"]])
# Helpers of the Python tests, importable from any of them.
config.environment["PYTHONPATH"] = os.path.join(
    config.test_source_root, "Integration", "Inputs")
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
config.environment["DLC_SOURCE_ROOT"] = config.dlc_source_root
config.environment["DLC_BIN"] = bin_dir
config.environment["OMP_NUM_THREADS"] = "1"
for name in ("HOME", "CUDA_HOME", "DLC_DEPS", "DLC_ZOO", "ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions.append(("%bin-dir", bin_dir))
# before %python, which it begins with
config.substitutions.append(("%python-package", os.path.join(config.dlc_binary_root, "python")))
config.substitutions.append(("%python", config.python))
config.substitutions.append(("%cc", config.c_compiler))
config.substitutions.append(("%src_root", config.dlc_source_root))
config.substitutions.append(("%zoo", os.environ.get("DLC_ZOO", "")))

# Features: the CPU's vector extensions, optional Python packages, models.
with open("/proc/cpuinfo") as f:
    flags = next((l for l in f if l.startswith("flags")), "").split()
for flag, feature in (("avx2", "avx2"), ("avx512f", "avx512")):
    if flag in flags:
        config.available_features.add(feature)
for package in ("onnx", "onnxruntime", "magika", "rapidocr_onnxruntime"):
    probe = "import importlib.util as u, sys; sys.exit(u.find_spec('%s') is None)" % package
    if subprocess.run([config.python, "-c", probe]).returncode == 0:
        config.available_features.add(package.split("_")[0])
# A browser, to look at pages that dlc writes.
if shutil.which("chromium-headless-shell") or shutil.which("chromium"):
    config.available_features.add("chromium")
if os.path.isdir(os.environ.get("DLC_ZOO", "")):
    config.available_features.add("zoo")
# A CUDA program runs on a GPU where there is one, else in the simulator.
probe = ("import ctypes as c; d = c.CDLL('libcuda.so.1'); n = c.c_int();"
         "assert d.cuInit(0) == 0 and d.cuDeviceGetCount(c.byref(n)) == 0 and n.value")
gpu = subprocess.run([config.python, "-c", probe], capture_output=True).returncode == 0
if gpu:
    config.available_features.add("cuda-gpu")
launcher = "" if gpu else os.path.join(bin_dir, "dlc-sim")
config.environment["DLC_CUDA_LAUNCHER"] = launcher
config.environment["DLC_CUDA_ARCH"] = "native" if gpu else "compute_80"
config.environment["DLC_SIM_CACHE"] = os.path.join(config.dlc_binary_root, "sim-cache")
config.substitutions.append(("%run-cuda", launcher))
# Where dlc looks for ptxas and fatbinary; PyPI's wheel would do, too.
cuda_home = os.environ.get("CUDA_HOME")
toolkit = [cuda_home + "/bin"] if cuda_home else os.environ["PATH"].split(os.pathsep) + ["/usr/local/cuda/bin"]
if all(shutil.which(tool, path=os.pathsep.join(toolkit)) for tool in ("ptxas", "fatbinary")):
    config.available_features.add("cuda-toolkit")
# The long way, by tools/check.sh --full.
if os.environ.get("DLC_FULL"):
    config.available_features.add("full")
if config.sanitize or tools:
    config.available_features.add("sanitize")
