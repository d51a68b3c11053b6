//===- KernelTest.cpp - Whole kernels -------------------------------------===//
//
// PTX as nvcc writes it for small CUDA kernels, against host results.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"
#include "Simulation.h"

#include <cmath>
#include <numeric>

using namespace dlc::ptxsim;
using namespace dlc::ptxsim::test;

namespace {

TEST(Kernels, saxpyWithTail) {
  Simulation sim(samplesPTX);
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
  Simulation sim(samplesPTX);
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
  Simulation sim(samplesPTX);
  std::vector<float> x(64);
  std::iota(x.begin(), x.end(), 0.0f);
  float *dx = sim.upload(x), *out = sim.allocate<float>(2);
  ASSERT_EQ(sim.run("wsum", {2}, {32}, 0, dx, out), "");
  EXPECT_EQ(out[0], 496.0f);
  EXPECT_EQ(out[1], 496.0f + 32 * 32);
}

TEST(Kernels, histogramWithAtomics) {
  Simulation sim(samplesPTX);
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
  Simulation sim(samplesPTX);
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
  Simulation sim(samplesPTX);
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
  Simulation sim(samplesPTX);
  std::vector<float> x(32);
  for (int i = 0; i < 32; ++i)
    x[i] = float(i % 3 + 1);
  float *dx = sim.upload(x);
  ASSERT_EQ(sim.run("calls", {1}, {32}, 0, dx, 32), "");
  for (int i = 0; i < 32; ++i)
    EXPECT_EQ(dx[i], std::pow(x[i], float(i % 5))) << i;
}

TEST(Kernels, localArray) {
  Simulation sim(samplesPTX);
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
  Simulation sim(samplesPTX);
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
  Simulation sim(samplesPTX);
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

} // namespace
