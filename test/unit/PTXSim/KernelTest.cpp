//===- KernelTest.cpp - Whole kernels -------------------------------------===//
//
// PTX as nvcc and LLVM write it (Inputs/README.md), against host results.
//
//===----------------------------------------------------------------------===//

#include "Simulation.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <numeric>

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include "Inputs/control.h"
#pragma clang diagnostic pop

using namespace dlc::ptxsim;
using namespace dlc::ptxsim::test;

namespace {

TEST(Kernels, saxpyWithTail) {
  Simulation sim(input("samples.ptx"));
  const int n = 1000;
  std::vector<float> x(n), y(n);
  for (int i = 0; i < n; ++i)
    x[i] = float(i), y[i] = float(2 * i);
  float *dx = sim.upload(x), *dy = sim.upload(y);
  ASSERT_EQ(sim.run("saxpy", {8}, {128}, 0, n, 3.0f, dx, dy), "");
  for (int i = 0; i < n; ++i)
    EXPECT_EQ(dy[i], 3.0f * x[i] + y[i]);
  EXPECT_TRUE(sim.faults.empty());
}

TEST(Kernels, reductionWithBarriers) {
  Simulation sim(input("samples.ptx"));
  const int n = 10000;
  std::vector<float> x(n);
  for (int i = 0; i < n; ++i)
    x[i] = float(i % 7);
  float *dx = sim.upload(x), *out = sim.allocate<float>(4);
  ASSERT_EQ(sim.run("reduce", {4}, {256}, 0, dx, out, n), "");
  EXPECT_EQ(out[0] + out[1] + out[2] + out[3],
            std::accumulate(x.begin(), x.end(), 0.0f));
  EXPECT_TRUE(sim.faults.empty());
}

TEST(Kernels, shuffleSum) {
  Simulation sim(input("samples.ptx"));
  std::vector<float> x(64);
  std::iota(x.begin(), x.end(), 0.0f);
  float *dx = sim.upload(x), *out = sim.allocate<float>(2);
  ASSERT_EQ(sim.run("wsum", {2}, {32}, 0, dx, out), "");
  EXPECT_EQ(out[0], 496.0f);
  EXPECT_EQ(out[1], 496.0f + 32 * 32);
}

TEST(Kernels, histogramWithAtomics) {
  Simulation sim(input("samples.ptx"));
  const int n = 5000;
  std::vector<unsigned char> x(n);
  std::vector<unsigned> expected(256), zero(256);
  for (int i = 0; i < n; ++i)
    ++expected[x[i] = (unsigned char)(i * i + 3 * i)];
  auto *dx = sim.upload(x);
  unsigned *h = sim.upload(zero);
  ASSERT_EQ(sim.run("hist", {3}, {256}, 0, dx, n, h), "");
  for (int i = 0; i < 256; ++i)
    EXPECT_EQ(h[i], expected[i]) << i;
}

TEST(Kernels, divergentLoop) {
  Simulation sim(input("samples.ptx"));
  const int n = 100;
  std::vector<unsigned> x(n);
  std::iota(x.begin(), x.end(), 1u);
  unsigned *dx = sim.upload(x), *dy = sim.allocate<unsigned>(n);
  ASSERT_EQ(sim.run("collatz", {1}, {128}, 0, dx, dy, n), "");
  for (int i = 0; i < n; ++i) {
    unsigned count = 0;
    for (unsigned v = x[i]; v != 1; ++count)
      v = v & 1 ? 3 * v + 1 : v / 2;
    EXPECT_EQ(dy[i], count) << i;
  }
}

TEST(Kernels, tiledMatmul) {
  Simulation sim(input("samples.ptx"));
  const int n = 128;
  std::vector<float> a(n * n), b(n * n);
  for (int i = 0; i < n * n; ++i)
    a[i] = float(i % 13 - 6), b[i] = float(i % 11 - 5);
  float *da = sim.upload(a), *db = sim.upload(b),
        *dc = sim.allocate<float>(n * n);
  ASSERT_EQ(sim.run("sgemm", {2, 2}, {256}, 0, da, db, dc, n), "");
  for (int i = 0; i < n; i += 5)
    for (int j = 0; j < n; ++j) {
      float sum = 0;
      for (int k = 0; k < n; ++k)
        sum += a[i * n + k] * b[k * n + j];
      ASSERT_EQ(dc[i * n + j], sum) << i << " " << j;
    }
  EXPECT_TRUE(sim.faults.empty());
}

TEST(Kernels, deviceFunction) {
  Simulation sim(input("samples.ptx"));
  std::vector<float> x(32);
  for (int i = 0; i < 32; ++i)
    x[i] = float(i % 3 + 1);
  float *dx = sim.upload(x);
  ASSERT_EQ(sim.run("calls", {1}, {32}, 0, dx, 32), "");
  for (int i = 0; i < 32; ++i)
    EXPECT_EQ(dx[i], std::pow(x[i], float(i % 5))) << i;
}

TEST(Kernels, localArray) {
  Simulation sim(input("samples.ptx"));
  std::vector<int> x(16 * 32);
  for (int i = 0; i < 16 * 32; ++i)
    x[i] = i * 7 % 23;
  int *dx = sim.upload(x), *dy = sim.allocate<int>(32);
  ASSERT_EQ(sim.run("localarr", {1}, {32}, 0, dx, dy, 10), "");
  for (int t = 0; t < 32; ++t) {
    int a[16], s = 0;
    for (int i = 0; i < 16; ++i)
      a[i] = x[i * 32 + t];
    for (int i = 0; i < 10; ++i) {
      a[x[i] & 15] += s;
      s += a[(x[i] + t) & 15];
    }
    EXPECT_EQ(dy[t], s) << t;
  }
}

TEST(Kernels, variables) {
  Simulation sim(input("samples.ptx"));
  float *dx = sim.allocate<float>(64);
  ASSERT_EQ(sim.run("globals", {1}, {64}, 0, dx), "");
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(dx[i], float(i % 4 + 1));
  const Variable *counter = sim.module->findVariable("counter");
  ASSERT_NE(counter, nullptr);
  EXPECT_EQ(counter->memory.bytes, 4u);
  EXPECT_EQ(*reinterpret_cast<int *>(counter->memory.begin), 6);
}

TEST(Kernels, divergentSwitch) {
  Simulation sim(input("samples.ptx"));
  std::vector<int> x(64);
  for (int i = 0; i < 64; ++i)
    x[i] = i % 13;
  int *dx = sim.upload(x);
  std::vector<int> before(64, 41);
  int *dy = sim.upload(before);
  ASSERT_EQ(sim.run("sw", {1}, {64}, 0, dx, dy), "");
  for (int i = 0; i < 64; ++i) {
    int v = x[i];
    int expected = v == 0   ? 7
                   : v == 1 ? 41
                   : v == 2 ? 6
                   : v == 3 ? 10
                   : v == 4 ? -4
                   : v == 5 ? 100
                   : v == 6 ? 2
                   : v == 7 ? 1096
                            : v / 3;
    if (v == 1 && i >= 32)
      continue; // y[3] was overwritten by the first warp
    EXPECT_EQ(dy[i], expected) << i;
  }
}

TEST(Kernels, randomControlFlow) {
  Simulation sim(input("control.ptx"));
  const uint32_t n = 70;
  std::vector<unsigned> x(4 * n);
  unsigned random = 1;
  for (unsigned &value : x) {
    random = random * 1664525 + 1013904223;
    value = (random >> 8) % 100;
  }
  unsigned *dx = sim.upload(x), *dy = sim.allocate<unsigned>(n);
  ASSERT_EQ(sim.run("k", {1}, {n}, 0, dx, dy), "");
  for (unsigned t = 0; t < n; ++t)
    EXPECT_EQ(dy[t],
              work(x[4 * t], x[4 * t + 1], x[4 * t + 2], x[4 * t + 3], t))
        << t;
  EXPECT_TRUE(sim.faults.empty());
}

//===----------------------------------------------------------------------===//
// What LLVM makes of linalg
//===----------------------------------------------------------------------===//

_Float16 half(int value) { return _Float16(float(value) / 8.0f); }

TEST(Kernels, fusedElementwiseOfHalves) {
  Simulation sim(input("elementwise.ptx"));
  const int n = 4096;
  std::vector<_Float16> x(n), scale(n), bias(n);
  for (int i = 0; i < n; ++i) {
    x[i] = half(i % 37 - 18);
    scale[i] = half(i % 11);
    bias[i] = half(i % 5 - 2);
  }
  auto *dx = sim.upload(x), *ds = sim.upload(scale), *db = sim.upload(bias),
       *out = sim.allocate<_Float16>(n);
  ASSERT_EQ(sim.run("scale_bias_relu_kernel", {2}, {256}, 0, dx, ds, db, out),
            "");
  for (int i = 0; i < n; ++i) {
    _Float16 product = x[i] * scale[i];
    _Float16 sum = product + bias[i];
    EXPECT_EQ(float(out[i]), std::max(0.0f, float(sum))) << i;
  }
  EXPECT_TRUE(sim.faults.empty());
}

std::vector<float> rows(int count) {
  std::vector<float> x(size_t(count) * 1024);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = float(int(i * 37 % 101) - 50) / 10.0f;
  return x;
}

TEST(Kernels, softmaxOfRows) {
  Simulation sim(input("softmax.ptx"));
  std::vector<float> x = rows(3);
  float *dx = sim.upload(x), *out = sim.allocate<float>(x.size());
  ASSERT_EQ(sim.run("row_kernel", {3}, {32}, 0, dx, out), "");
  for (int r = 0; r < 3; ++r) {
    double sum = 0;
    for (int i = 0; i < 1024; ++i)
      sum += std::exp(double(x[r * 1024 + i]));
    for (int i = 0; i < 1024; ++i) {
      double expected = std::exp(double(x[r * 1024 + i])) / sum;
      ASSERT_NEAR(out[r * 1024 + i], expected, 2e-6 * expected) << i;
    }
  }
  EXPECT_TRUE(sim.faults.empty());
}

TEST(Kernels, layerNormOfRows) {
  Simulation sim(input("layernorm.ptx"));
  std::vector<float> x = rows(2), scale(1024), bias(1024);
  for (int i = 0; i < 1024; ++i)
    scale[i] = float(i % 3 + 1), bias[i] = float(i % 7);
  float *dx = sim.upload(x), *ds = sim.upload(scale), *db = sim.upload(bias),
        *out = sim.allocate<float>(x.size());
  ASSERT_EQ(sim.run("row_kernel", {2}, {32}, 0, dx, ds, db, out), "");
  for (int r = 0; r < 2; ++r) {
    double mean = 0, square = 0;
    for (int i = 0; i < 1024; ++i)
      mean += x[r * 1024 + i] / 1024.0;
    for (int i = 0; i < 1024; ++i)
      square += (x[r * 1024 + i] - mean) * (x[r * 1024 + i] - mean) / 1024.0;
    for (int i = 0; i < 1024; ++i)
      ASSERT_NEAR(out[r * 1024 + i],
                  (x[r * 1024 + i] - mean) / std::sqrt(square + 1e-5) *
                          scale[i] +
                      bias[i],
                  1e-4)
          << i;
  }
  EXPECT_TRUE(sim.faults.empty());
}

/// One block of 128 x 128: cp.async, ldmatrix of swizzled tiles, mma.
TEST(Kernels, pipelinedTensorCoreMatmul) {
  Simulation sim(input("matmul.ptx"));
  const int n = 4096;
  std::vector<_Float16> a(size_t(128) * n), b(size_t(n) * n);
  auto valueA = [](int i, int k) { return (i * 7 + k * 5) % 13 - 6; };
  auto valueB = [](int k, int j) { return (k * 3 + j * 11) % 11 - 5; };
  for (int i = 0; i < 128; ++i)
    for (int k = 0; k < n; ++k)
      a[size_t(i) * n + k] = half(valueA(i, k));
  for (int k = 0; k < n; ++k)
    for (int j = 0; j < 128; ++j)
      b[size_t(k) * n + j] = half(valueB(k, j));
  auto *da = sim.upload(a), *db = sim.upload(b);
  float *out = sim.allocate<float>(size_t(128) * n);
  ASSERT_EQ(sim.run("matmul_kernel", {1}, {128}, 65536, da, db, out), "");
  for (int i = 0; i < 128; i += 3)
    for (int j = 0; j < 128; ++j) {
      int sum = 0; // exact: all products are multiples of 1/64
      for (int k = 0; k < n; ++k)
        sum += valueA(i, k) * valueB(k, j);
      ASSERT_EQ(out[size_t(i) * n + j], float(sum) / 64.0f) << i << " " << j;
    }
  EXPECT_TRUE(sim.faults.empty());
}

/// A second module takes its code from the cache, and damaged files do no harm.
TEST(Kernels, cache) {
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("ptxsim", folder));
  Options options;
  options.cacheDirectory = std::string(folder);
  auto run = [&] {
    Simulation sim(input("samples.ptx"), options);
    float *x = sim.upload(std::vector<float>(32, 2.0f)),
          *out = sim.allocate<float>(1);
    EXPECT_EQ(sim.run("wsum", {1}, {32}, 0, x, out), "");
    EXPECT_EQ(out[0], 64.0f);
  };
  auto files = [&] {
    std::vector<std::string> paths;
    std::error_code error;
    for (llvm::sys::fs::directory_iterator it(folder, error), end;
         it != end && !error; it.increment(error))
      paths.push_back(it->path());
    return paths;
  };
  run();
  ASSERT_EQ(files().size(), 1u);
  llvm::sys::fs::file_status before, after;
  ASSERT_FALSE(llvm::sys::fs::status(files()[0], before));
  run(); // found: not written again
  ASSERT_FALSE(llvm::sys::fs::status(files()[0], after));
  EXPECT_EQ(before.getUniqueID(), after.getUniqueID());
  {
    std::error_code error;
    llvm::raw_fd_ostream damaged(files()[0], error);
    damaged << "this is not what it was";
  }
  run();
  EXPECT_EQ(files().size(), 1u);
  (void)llvm::sys::fs::remove_directories(folder);
}

/// A launch goes on with good code when quick code has run for long, in the
/// middle of the grid.
TEST(Kernels, codeChangesBetweenBlocks) {
  Simulation sim(R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 out)
{
.reg .pred %p<2>;
.reg .b32 %r<8>;
.reg .b64 %rd<4>;
ld.param.u64 %rd1, [out];
mov.u32 %r1, %tid.x;
mov.u32 %r2, %ctaid.x;
mad.lo.s32 %r3, %r2, 64, %r1;
mov.u32 %r4, 0;
mov.u32 %r5, 0;
LOOP:
mad.lo.s32 %r5, %r5, 3, %r3;
xor.b32 %r5, %r5, %r4;
add.s32 %r4, %r4, 1;
setp.lt.u32 %p1, %r4, 20000;
@%p1 bra LOOP;
mul.wide.u32 %rd2, %r3, 4;
add.s64 %rd3, %rd1, %rd2;
st.global.u32 [%rd3], %r5;
ret;
}
)");
  ASSERT_EQ(sim.loadError, "");
  const unsigned count = 64 * 64;
  auto *out = sim.allocate<uint32_t>(count);
  ASSERT_EQ(sim.run("k", {64}, {64}, 0, out), "");
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t expected = 0;
    for (uint32_t k = 0; k < 20000; ++k)
      expected = (expected * 3 + i) ^ k;
    ASSERT_EQ(out[i], expected) << i;
  }
}

/// More registers than a stack has room for; few of them live at a time.
TEST(Kernels, manyRegisters) {
  const unsigned count = 20000;
  std::string ptx = ".version 8.0\n.target sm_80\n.address_size 64\n"
                    ".visible .entry k(.param .u64 out)\n{\n.reg .b64 %rd<" +
                    std::to_string(count + 4) +
                    ">;\n.reg .b32 %r<2>;\nld.param.u64 %rd1, [out];\n"
                    "mov.u32 %r1, %tid.x;\nmul.wide.u32 %rd2, %r1, 8;\n"
                    "add.s64 %rd1, %rd1, %rd2;\ncvt.u64.u32 %rd3, %r1;\n";
  for (unsigned i = 0; i < count; ++i)
    ptx += "add.s64 %rd" + std::to_string(i + 4) + ", %rd" +
           std::to_string(i + 3) + ", " + std::to_string(i) + ";\n";
  ptx +=
      "st.global.u64 [%rd1], %rd" + std::to_string(count + 3) + ";\nret;\n}\n";
  Options options;
  options.code = CodeKind::Quick; // good code takes a minute to make
  Simulation sim(ptx, options);
  ASSERT_EQ(sim.loadError, "");
  auto *out = sim.allocate<uint64_t>(32);
  ASSERT_EQ(sim.run("k", {1}, {32}, 0, out), "");
  for (uint64_t i = 0; i < 32; ++i)
    EXPECT_EQ(out[i], i + uint64_t(count) * (count - 1) / 2);
}

} // namespace
