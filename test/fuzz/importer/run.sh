#!/bin/sh
# Fuzzes the importer for some seconds. Usage: run.sh BUILD_FOLDER [SECONDS [PYTHON [SEED]]]
# Findings (crash-*, oom-*, timeout-*) stay in BUILD_FOLDER/fuzz. Without a seed each run tries
# something else, from what earlier ones have found; with one (CI) it tries the same 3,000 inputs each
# time, as far as the seconds go. The seed is printed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
seconds=${2:-60}
python=${3:-python3}
seed=${4:-}
mkdir -p "$build/fuzz"
[ -n "$(ls "$build/fuzz/seeds" 2>/dev/null)" ] || "$python" "$here/seeds.py" "$build/fuzz/seeds"
cd "$build/fuzz"
corpus=corpus fixed=0
if [ -n "$seed" ]; then
  corpus=corpus-of-a-seed fixed=1
  rm -rf "$corpus"
else
  seed=$("$python" -c 'import random; print(random.SystemRandom().randrange(1, 2**32))')
fi
mkdir -p "$corpus"
echo "importer-fuzzer: -seed=$seed"
set -- "$build/bin/importer-fuzzer" "$corpus" seeds -seed="$seed" -reload=0 -max_total_time="$seconds" \
  -timeout=30 -rss_limit_mb=4096 -max_len=16384 -artifact_prefix=./ -print_final_stats=1
if [ "$fixed" = 1 ]; then
  set -- "$@" -runs=3000
  # where tables are in memory decides on orders, which are part of the coverage
  if setarch -R true 2>/dev/null; then set -- setarch -R "$@"; fi
fi
# libMLIR and libonnx are not instrumented: container annotations would lie.
ASAN_OPTIONS=detect_container_overflow=0:detect_leaks=0:allocator_may_return_null=1 exec "$@"
