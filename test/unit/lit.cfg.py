# lit configuration of the GoogleTest programs (build/test/unit/**/*Tests).
import os

import lit.formats

config.name = "dlc-unit"
config.test_format = lit.formats.GoogleTest(".", "Tests")
config.suffixes = []
config.test_source_root = os.path.join(config.dlc_binary_root, "test", "unit")
config.test_exec_root = config.test_source_root
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.dlc_binary_root, "bin"), config.environment["PATH"]])
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
