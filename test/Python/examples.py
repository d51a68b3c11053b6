"""The examples in Python, and the code of docs/Python.md."""
# RUN: env PYTHONPATH=%python-package %python %src_root/examples/python/transformer.py
# RUN: env PYTHONPATH=%python-package %run-cuda %python %src_root/examples/python/transformer.py --target=cuda --arch=compute_80
# RUN: env PYTHONPATH=%python-package %python %s %src_root/docs/Python.md %t
# REQUIRES: onnxruntime
import importlib.util
import os
import re
import subprocess
import sys

doc, work = sys.argv[1:]
with open(doc) as f:
    text = f.read()
os.makedirs(work, exist_ok=True)
os.chdir(work)
blocks = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
assert len(blocks) >= 4, "the code of %s was not found" % doc
names = {}
for block in blocks:
    exec(compile(block, doc, "exec"), names)  # pylint: disable=exec-used

if importlib.util.find_spec("torch"):
    example = os.path.join(os.environ["DLC_SOURCE_ROOT"], "examples", "python", "torch_module.py")
    subprocess.run([sys.executable, example], check=True)
