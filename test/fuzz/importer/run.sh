#!/bin/sh
# Fuzzes the importer for some seconds. Usage: run.sh BUILD_FOLDER [SECONDS [PYTHON]]
# Findings (crash-*, oom-*, timeout-*) stay in BUILD_FOLDER/fuzz.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
seconds=${2:-60}
python=${3:-python3}
mkdir -p "$build/fuzz/corpus"
[ -n "$(ls "$build/fuzz/seeds" 2>/dev/null)" ] || "$python" "$here/seeds.py" "$build/fuzz/seeds"
cd "$build/fuzz"
# libMLIR and libonnx are not instrumented: container annotations would lie.
ASAN_OPTIONS=detect_container_overflow=0:detect_leaks=0:allocator_may_return_null=1 \
  "$build/bin/importer-fuzzer" corpus seeds -max_total_time="$seconds" -timeout=30 \
  -rss_limit_mb=4096 -max_len=16384 -artifact_prefix=./ -print_final_stats=1
