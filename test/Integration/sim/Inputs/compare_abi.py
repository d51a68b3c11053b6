# compare_abi.py CC INCLUDE CUDA_INCLUDE: the simulator's header has the values,
# layouts and prototypes of a toolkit's cuda.h.
import os
import re
import subprocess
import sys
import tempfile

cc, include, cuda_include = sys.argv[1:]
header = os.path.join(include, "dlc", "PTXSim", "DriverAbi.h")


def read(path):
    with open(path) as f:
        return f.read()


source = read(header)
names = set(re.findall(r"^\s*((?:CU|CUDA)_[A-Z0-9_a-z]+)\s*(?:=|,|$)", source, re.M))
for table, prefix in (("DriverErrors", "CUDA_"), ("DeviceAttributes", "CU_DEVICE_ATTRIBUTE_")):
    text = read(os.path.join(include, "dlc", "PTXSim", table + ".def"))
    names |= {prefix + n for n in re.findall(r"^DLC_\w+\((\w+),", text, re.M)}
assert len(names) > 250, len(names)

lines = ['printf("%s %%lld\\n", (long long)%s);' % (n, n) for n in sorted(names)]
for body, name in re.findall(r"^typedef (?:struct|union) \w+ \{\n(.*?)^\} (\w+);", source, re.M | re.S):
    lines.append('printf("%s %%zu %%zu\\n", sizeof(%s), _Alignof(%s));' % (name, name, name))
    if name in ("CUexecAffinityParam", "CUlaunchAttributeValue"):
        continue  # unions, with fewer members than the original
    for field in re.findall(r"(\w+)(?:\[[^\]]*\])?;", body):
        lines.append('printf("%s.%s %%zu\\n", offsetof(%s, %s));' % (name, field, name, field))
program = "#include <stdio.h>\n#include <stddef.h>\nint main(void) {\n%s\nreturn 0;\n}\n" % "\n".join(lines)

# A second declaration of a function must agree with the first.
prototypes = """
#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>
#include <cudaProfiler.h>
#define DLC_CUDA_API(NAME, SYMBOL, VERSION, PARAMS) CUresult SYMBOL PARAMS;
#include "dlc/PTXSim/DriverApi.def"
"""

with tempfile.TemporaryDirectory() as folder:
    def compile(text, name, *flags):
        path = os.path.join(folder, name + ".c")
        with open(path, "w") as f:
            f.write(text)
        out = os.path.join(folder, name)
        subprocess.check_call([cc, "-w", path, "-o", out] + list(flags))
        return out

    results = []
    for name, first, path in (("ours", "dlc/PTXSim/DriverAbi.h", include),
                              ("theirs", "cuda.h", cuda_include)):
        binary = compile('#include "%s"\n%s' % (first, program), name, "-I" + path)
        results.append(subprocess.check_output([binary], text=True).splitlines())
    differences = [pair for pair in zip(*results) if pair[0] != pair[1]]
    for pair in differences:
        print("ours: %s, cuda.h: %s" % pair)
    compile(prototypes, "prototypes", "-c", "-I" + include, "-I" + cuda_include)
    if differences:
        sys.exit(1)
print("the same")
