"""pip installs the package; what is installed is complete in itself and typed."""
# RUN: %python %s %bin-dir/.. %t
import ast
import os
import subprocess
import sys

build, work = sys.argv[1:]
source = os.path.join(os.environ["DLC_SOURCE_ROOT"], "python-frontend")
site = os.path.join(work, "site")
# what the main build has compiled already is not compiled again
env = dict(os.environ, CMAKE_CXX_COMPILER_LAUNCHER="ccache", CCACHE_NOHASHDIR="1")
env["PATH"] = os.path.dirname(sys.executable) + os.pathsep + env["PATH"]
result = subprocess.run(
    [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
     "--no-build-isolation", "--no-deps", "--no-index", "--upgrade", "--target", site,
     "-C", "cmake.define.dlc_ROOT=" + os.path.realpath(build), source],
    env=env, capture_output=True, text=True)
if result.returncode:
    sys.exit(result.stdout + result.stderr)

# It finds its own compiler and libraries.
program = """
import dlc, numpy as np
graph = dlc.Graph("double")
x = graph.input("x", "float32", [3])
graph.output("y", x * 2)
print(graph.compile()(np.array([1, 2, 3], np.float32)).tolist(), dlc.__file__)
"""
text = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True,
                      env={"PYTHONPATH": site, "PATH": "/usr/bin:/bin"}).stdout
assert text == "[2.0, 4.0, 6.0] %s/dlc/__init__.py\n" % site, text

# Types: every function of the extension is in the stub, with the type of its result.
assert os.path.exists(os.path.join(site, "dlc", "py.typed"))
with open(os.path.join(site, "dlc", "_dlc.pyi")) as f:
    stub = ast.parse(f.read())
functions = {node.name: node for node in stub.body if isinstance(node, ast.FunctionDef)}
sys.path.insert(0, site)
from dlc import _dlc  # noqa: E402

for name in dir(_dlc):
    if name.startswith("_") or isinstance(getattr(_dlc, name), type):
        continue
    assert name in functions, name + " is not in the stub"
    assert functions[name].returns is not None, name
    assert ast.get_docstring(functions[name]) or name in ("sum", "mean", "compile_model", "compile_program"), name
    for argument in functions[name].args.args:
        assert argument.annotation is not None, name + ": " + argument.arg
source = ast.unparse(functions["reduce"])
assert "kind: typing.Literal['sum', 'mean', 'max', 'min', 'prod']" in source \
    or "kind: Literal['sum', 'mean', 'max', 'min', 'prod']" in source, source
