"""Runs the program of model.mlir with the command that is given; compares with numpy."""
import json
import subprocess
import sys

import numpy as np

command = sys.argv[1:]
x = np.random.default_rng(1).standard_normal((32, 32), "float32")
np.save("x.npy", x)
for folder in ("out", "again"):
    subprocess.run([*command, "x.npy", "-o", folder], check=True)
    s = x + np.float32(0.5)
    assert np.array_equal(np.load(f"{folder}/s.npy"), s)
    assert np.array_equal(np.load(f"{folder}/y.npy"), (s + s).reshape(-1))

text = subprocess.run([*command, "--benchmark=0.05", "--json"], check=True, capture_output=True, text=True).stdout
times = json.loads(text)
assert times["target"] == "cuda" and times["runs"] > 0, times
for prefix in ("", "device_"):
    assert 0 <= times[prefix + "min_ms"] <= times[prefix + "median_ms"] <= times[prefix + "p99_ms"], times
assert times["device_median_ms"] <= times["median_ms"], times
assert times["device_taken_bytes"] >= times["device_bytes"] == 20736, times
text = subprocess.run([*command, "--benchmark=0.05"], check=True, capture_output=True, text=True).stdout
assert "with the copies" in text and "on the GPU" in text and "taken of the GPU's" in text, text
