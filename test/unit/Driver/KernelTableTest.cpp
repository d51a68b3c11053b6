//===- KernelTableTest.cpp - Occupancy ------------------------------------===//

#include "dlc/Driver/KernelTable.h"

#include "gtest/gtest.h"

using namespace dlc;

namespace {

// Worked out by hand for compute capability 8.0: an SM has 64 warps, 65,536
// registers, 164 KiB of shared memory.
double occupancy(unsigned threads, unsigned registers, unsigned shared) {
  target::KernelReport kernel;
  kernel.block = {threads, 1, 1};
  kernel.usage.registers = registers;
  kernel.usage.sharedBytes = shared / 2;
  kernel.dynamicShared = shared - shared / 2;
  return getOccupancy(kernel, *schedule::CudaTarget::get("sm_80"));
}

TEST(KernelTableTest, Occupancy) {
  EXPECT_DOUBLE_EQ(occupancy(256, 32, 0), 1);
  EXPECT_DOUBLE_EQ(occupancy(32, 16, 0), 0.5);       // 32 blocks of a warp
  EXPECT_DOUBLE_EQ(occupancy(256, 33, 0), 0.75);     // registers: 6 blocks
  EXPECT_DOUBLE_EQ(occupancy(128, 255, 0), 0.125);   // 2 blocks
  EXPECT_DOUBLE_EQ(occupancy(256, 32, 65536), 0.25); // shared memory: 2 blocks
  EXPECT_DOUBLE_EQ(occupancy(1024, 32, 0), 1);
  EXPECT_DOUBLE_EQ(occupancy(1024, 65, 0), 0); // does not fit
  EXPECT_DOUBLE_EQ(occupancy(33, 32, 0), 1);   // 2 warps, 32 blocks
}

TEST(KernelTableTest, Table) {
  target::CudaProgramReport report;
  EXPECT_EQ(formatKernelTable(report), "");
  report.arch = target::CudaArch{80};
  report.kernels.push_back(
      {"gemm", {128, 1024, 0, 8, 4}, {7, 2, 1}, {128, 1, 1}, 2048, 3});
  EXPECT_EQ(formatKernelTable(report),
            "kernel launches       grid    block  regs  shared  spills  "
            "occupancy on sm_80\n"
            "gemm          3        7x2      128   128    3072      12  "
            "      25 %\n");
}

} // namespace
