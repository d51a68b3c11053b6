#!/usr/bin/env bash
# From a fresh Debian 12 to a neural network that runs as a program: sets up,
# builds dlc, compiles a trained text recogniser to an executable, and lets it
# read a picture of text. Quick when run again.
#   tools/quickstart.sh [TEXT]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
text=${1:-Hello from dlc 2026}
width=480

tools/setup.sh
venv=${DLC_VENV:-$PWD/.venv}
python=$venv/bin/python
out=build/quickstart
mkdir -p "$out"
echo "quickstart: building dlc (log: $out/build.log)"
{ [[ -e build/build.ninja ]] || cmake --preset release; } >"$out/build.log" 2>&1 &&
  ninja -C build dlc >>"$out/build.log" 2>&1 ||
  { tail -40 "$out/build.log" >&2; exit 1; }

model=$("$python" tools/quickstart/ocr.py model)
echo "quickstart: compiling $(basename "$model") to $out/recogniser"
build/bin/dlc "$model" --shape "x=1x3x48x$width" -o "$out/recogniser"

echo "quickstart: reading $out/picture.png"
"$python" tools/quickstart/ocr.py picture "$text" "$out/picture.png" "$out/picture.npy" "$width"
peak=$out/peak.txt
/usr/bin/time -f %M -o "$peak" "$out/recogniser" "$out/picture.npy" -o "$out"
result=("$out"/*softmax*.npy)
read_text=$("$python" tools/quickstart/ocr.py read "$model" "${result[0]}")
"$out/recogniser" "$out/picture.npy" --benchmark=1 --threads=1 --json >"$out/benchmark.json"

echo
echo "  the picture says   $text"
echo "  the program reads  $read_text"
"$python" - "$out/benchmark.json" "$(cat "$peak")" "$(stat -c %s "$out/recogniser")" <<'PY'
import json, sys
bench = json.load(open(sys.argv[1]))
mb = lambda n: "%.1f MB" % (n / 1e6)
print("  time               %.2f ms for one picture (median of %d runs, one thread)"
      % (bench["median_ms"], bench["runs"]))
print("  memory             %s in all: weights %s, one arena of %s"
      % (mb(int(sys.argv[2]) * 1024), mb(bench["weights_bytes"]), mb(bench["arena_bytes"])))
print("  the program        build/quickstart/recogniser, %s, needs only libc" % mb(int(sys.argv[3])))
PY
