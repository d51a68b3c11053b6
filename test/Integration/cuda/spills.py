# REQUIRES: onnxruntime, rapidocr, magika, cuda-toolkit, full
# RUN: %python %s
"""No kernel of any model spills registers, on sm_80 and sm_90, as ptxas sees it; models
with large products with each --precision as well.

  spills.py [name…]
"""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["DLC_SOURCE_ROOT"], "test/Integration/host"))
from models import make_inputs, shipped, zoo

from dlc_testing import DLC, run_command

PRECISE = ("f32",)
ALL = ("f32", "tf32", "f16", "bf16")
MIXED = ("resnet50", "bert", "vit", "vgg19")


def check(name, path, shapes, precision, folder):
    """The number of kernels and the lines about those that spill."""
    ptx = os.path.join(folder, "kernels.ptx")
    _, flags = make_inputs(path, shapes)
    run_command([DLC, path, *flags, "--target=cuda", "--arch=sm_80", f"--precision={precision}", "--emit=ptx",
                 "-o", ptx])
    kernels, spills = 0, []
    for arch in ("sm_80", "sm_90"):
        done = subprocess.run(["ptxas", f"-arch={arch}", "-v", ptx, "-o", os.devnull], capture_output=True,
                              text=True, check=True)
        kernel = None
        for line in done.stderr.splitlines():
            if named := re.search(r"Compiling entry function '(\w+)'", line):
                kernel, kernels = named[1], kernels + 1
            elif (found := re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", line)) and \
                    (int(found[1]) or int(found[2])):
                spills.append(f"{kernel} on {arch}: {line.strip()}")
    return kernels // 2, spills


def main():
    folder_of_zoo = os.environ.get("DLC_ZOO", "")
    models = [*shipped(), *(zoo(folder_of_zoo) if folder_of_zoo else [])]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, path, shapes in models:
            if len(sys.argv) > 1 and not any(wanted in name for wanted in sys.argv[1:]):
                continue
            for precision in ALL if any(part in name for part in MIXED) else PRECISE:
                kernels, spills = check(name, path, shapes, precision, folder)
                print(f"{'FAILED' if spills else 'passed'} {name} {precision}: {kernels} kernels", *spills, sep="\n  ",
                      flush=True)
                failed += bool(spills)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
