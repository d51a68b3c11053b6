#!/usr/bin/env bash
# Sets up, builds and runs all tests of dlc. Ends with one line
#   N passed, N failed
# over everything, and exits non-zero if anything failed. Quick when run again.
#   tools/check.sh           what CI runs
#   tools/check.sh --full    also all operators and models as CUDA programs, and the
#                            models that have to be made with torch (DLC_ZOO names
#                            the folder with them); writes its result to
#                            docs/FullCheck.md
#   tools/check.sh --quick   no clang-tidy, sanitizers and fuzzing
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
full=0 quick=0
for arg in "$@"; do
  case $arg in
    --full) full=1 ;;
    --quick) quick=1 ;;
    *) echo "check: error: unknown argument '$arg' (--full, --quick)" >&2; exit 2 ;;
  esac
done

if ((full)) && [[ ! -d ${DLC_ZOO:-} ]]; then
  echo "check: error: --full needs DLC_ZOO, a folder with the models that ../shared/zoo makes" >&2
  exit 2
fi
if ((full)); then export DLC_FULL=1; else unset DLC_ZOO DLC_FULL; fi
# seconds for one test; a full one may be a hundred models
timeout=$((full ? 7200 : 1200))

passed=0 failed=0
failures=() lines=()
# result NAME PASSED FAILED: adds to the totals.
result() {
  passed=$((passed + $2)) failed=$((failed + $3))
  if (($3)); then failures+=("$1"); fi
  local line
  line=$(printf '%-28s %5d passed, %d failed  (%d s)' "$1" "$2" "$3" $((SECONDS - started)))
  lines+=("$line")
  echo "$line"
}
# step NAME COMMAND...: one test that passes if the command does.
step() {
  local name=$1 log
  shift
  started=$SECONDS
  log=$root/build/check/${name// /-}.log
  mkdir -p "$root/build/check"
  if "$@" >"$log" 2>&1; then
    result "$name" 1 0
  else
    tail -n 60 "$log"
    result "$name" 0 1
    return 1
  fi
}
# lit NAME FOLDER...: a lit run; each test counts.
lit() {
  local name=$1 json=$root/build/check/${1// /-}.json
  shift
  started=$SECONDS
  rm -f "$json"
  "$python" -c "from lit.main import main; main()" --order=smart --timeout=$timeout -v -o "$json" "$@" \
    >"${json%.json}.log" 2>&1
  local counts
  if counts=$("$python" - "$json" <<'PY'
import json, sys
codes = [t["code"] for t in json.load(open(sys.argv[1]))["tests"]]
bad = [c for c in codes if c in ("FAIL", "XPASS", "UNRESOLVED", "TIMEOUT")]
print(sum(c in ("PASS", "XFAIL", "FLAKYPASS") for c in codes), len(bad))
sys.exit(not codes)
PY
  ); then
    [[ ${counts#* } == 0 ]] || tail -n 200 "${json%.json}.log"
    # shellcheck disable=SC2086
    result "$name" $counts
  else
    tail -n 60 "${json%.json}.log"
    result "$name" 0 1
  fi
}
# The record of a full run: what was checked where, and with what result.
write_record() {
  printf '# The last full check\n\n%s on %s: commit %s, %s, %d CPUs.\n\n```\n' "tools/check.sh --full" \
    "$(date -u +%F)" "$(git rev-parse --short HEAD)" \
    "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)"
  printf '%s\n' "${lines[@]}"
  printf '%d passed, %d failed\n```\n\nModels of `DLC_ZOO`: %s.\n' "$passed" "$failed" \
    "$(cd "$DLC_ZOO" && ls ./*.onnx | sed 's,^./,,; s,.onnx$,,' | paste -sd ' ')"
}
finish() {
  if ((full)); then write_record >docs/FullCheck.md; fi
  if ((${#failures[@]})); then
    printf 'failed: %s\n' "${failures[@]}"
  fi
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0))
  exit
}

# --- Set up and build --------------------------------------------------------
started=$SECONDS
tools/setup.sh || { result setup 0 1; finish; }
venv=${DLC_VENV:-$root/.venv}
python=$venv/bin/python
export CLICOLOR=0
step "configure" cmake --preset release || finish
step "build" ninja -C build all dlc-unit-tests || finish

# --- Sources -----------------------------------------------------------------
format_check() {
  git ls-files '*.cpp' '*.h' '*.c' | xargs clang-format-22 --dry-run -Werror
}
long_files() {
  local bad
  bad=$(git ls-files '*.cpp' '*.h' '*.c' '*.td' '*.py' '*.sh' | xargs wc -l |
    awk '$2 != "total" && $1 > 1000 { print $2 ": " $1 " lines" }')
  [[ -z $bad ]] || { echo "$bad"; return 1; }
}
docs_hash() { cat docs/Dialects/*.md docs/Passes/*.md 2>/dev/null | sha256sum; }
docs_check() {
  local before
  before=$(docs_hash)
  ninja -C build dlc-docs || return 1
  [[ $before == "$(docs_hash)" ]] ||
    { echo "docs/Dialects or docs/Passes was stale: commit what dlc-docs wrote"; return 1; }
}
# These checks ask for parents of nodes, for which clang reads every declaration of the precompiled
# header: 10 s a file instead of 2.
costly_checks=(
  bugprone-assignment-in-if-condition bugprone-bool-pointer-implicit-conversion
  bugprone-forward-declaration-namespace bugprone-infinite-loop bugprone-multiple-statement-macro
  bugprone-not-null-terminated-result bugprone-return-const-ref-from-parameter bugprone-sizeof-container
  bugprone-standalone-empty bugprone-std-namespace-modification bugprone-string-constructor
  bugprone-stringview-nullptr bugprone-suspicious-semicolon bugprone-suspicious-stringview-data-usage
  bugprone-swapped-arguments bugprone-terminating-continue bugprone-throw-keyword-missing
  bugprone-undelegated-constructor bugprone-unused-raii bugprone-use-after-move misc-redundant-expression
  performance-move-const-arg performance-unnecessary-copy-initialization
)
# All checks for what the last commits touched, those that are quick for the rest (--full: all for all).
# The compile commands use the precompiled header, which clang-tidy reads too.
tidy_check() {
  local file touched=() rest=() recent
  recent=$(git log -60 --format= --name-only -- lib tools)
  while read -r file; do
    if ((full)) || grep -qxF "$file" <<<"$recent"; then
      touched+=("^$root/$file\$")
    else
      rest+=("^$root/$file\$")
    fi
  done < <(git ls-files 'lib/*.cpp' 'lib/*.c' 'tools/*.cpp' 'tools/*.c')
  ((!${#touched[@]})) || run-clang-tidy-22 -quiet -p build -j "$(nproc)" "${touched[@]}" || return 1
  ((!${#rest[@]})) || run-clang-tidy-22 -quiet -p build -j "$(nproc)" \
    -checks="$(printf -- '-%s,' "${costly_checks[@]}")" "${rest[@]}"
}
step "clang-format" format_check
step "file length" long_files
step "generated docs" docs_check
((quick)) || step "clang-tidy" tidy_check

# --- Tests -------------------------------------------------------------------
lit "unit" build/test/unit
lit "lit" build/test

# --- Runtime and importer under sanitizers -----------------------------------
if ((!quick)); then
  # Debian's libraries are not instrumented: what they own has no annotations.
  export ASAN_OPTIONS=detect_container_overflow=0:detect_leaks=0:allocator_may_return_null=1
  export UBSAN_OPTIONS=print_stacktrace=1
  if step "sanitizer configure" cmake --preset sanitize -DDLC_PYTHON="$python" &&
    step "sanitizer build" ninja -C build-sanitize RuntimeTests; then
    lit "sanitizer runtime" build-sanitize/test/unit/Runtime
  fi
  step "sanitized importer build" ninja -C build dlc-import-sanitized &&
    lit "sanitized importer" -Dtools=build/sanitized build/test/Importer
  step "fuzzer build" ninja -C build importer-fuzzer &&
    if ((full)); then
      step "importer fuzzed for 60 s" test/fuzz/importer/run.sh build 60 "$python"
    else
      # the same inputs each time: no change fails by chance
      step "importer fuzzed for 60 s" test/fuzz/importer/run.sh build 60 "$python" 1
    fi
fi
finish
