//===- MemoryTest.cpp - The memory of the simulated device ----------------===//

#include "Memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <set>

using namespace dlc::ptxsim;
using namespace dlc::ptxsim::driver;
using testing::HasSubstr;

namespace {

uint64_t allocate(DeviceMemory &memory, uint64_t bytes,
                  MemoryKind kind = MemoryKind::Device) {
  const MemoryBlock *block = memory.allocate(kind, bytes, "cuTest", nullptr);
  return block ? block->allocation.begin : 0;
}

TEST(DeviceMemory, KnowsItsBlocks) {
  DeviceMemory memory;
  memory.configure(1 << 20, /*shadow=*/true);
  uint64_t a = allocate(memory, 100), b = allocate(memory, 8);
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a % 256, 0U);
  EXPECT_EQ(memory.find(a)->bytes, 100U);
  EXPECT_EQ(memory.find(a + 99), memory.find(a));
  EXPECT_EQ(memory.find(a + 100), nullptr);
  EXPECT_EQ(memory.find(a - 1), nullptr);
  EXPECT_EQ(memory.getUsedBytes(), 108U);
  EXPECT_TRUE(memory.overlaps(a - 10, 11));
  EXPECT_FALSE(memory.overlaps(a - 10, 10));
  std::memset(reinterpret_cast<void *>(a), 1, 100);
}

TEST(DeviceMemory, IsLimited) {
  DeviceMemory memory;
  memory.configure(1000, /*shadow=*/false);
  uint64_t a = allocate(memory, 600);
  EXPECT_EQ(allocate(memory, 401), 0U);
  EXPECT_EQ(allocate(memory, UINT64_MAX), 0U);
  // host memory is not the device's
  EXPECT_NE(allocate(memory, 5000, MemoryKind::PinnedHost), 0U);
  memory.release(a);
  EXPECT_NE(allocate(memory, 1000), 0U);
  EXPECT_EQ(memory.getPeakBytes(), 1000U);
}

TEST(DeviceMemory, DoesNotReuseAddresses) {
  DeviceMemory memory;
  memory.configure(1 << 20, /*shadow=*/true);
  std::set<uint64_t> seen;
  for (int i = 0; i < 100; ++i) {
    uint64_t a = allocate(memory, 4096);
    EXPECT_TRUE(seen.insert(a).second);
    memory.release(a);
  }
}

TEST(DeviceMemory, KeepsWhatWasWritten) {
  DeviceMemory memory;
  memory.configure(1 << 20, /*shadow=*/true);
  const Allocation *a = memory.find(allocate(memory, 1000));
  EXPECT_FALSE(a->isWritten(a->begin, 1));
  a->markWritten(a->begin + 3, 500);
  EXPECT_TRUE(a->isWritten(a->begin + 3, 500));
  EXPECT_FALSE(a->isWritten(a->begin + 2, 2));
  EXPECT_FALSE(a->isWritten(a->begin + 502, 2));
  // what the host can write is taken as written
  const Allocation *host =
      memory.find(allocate(memory, 8, MemoryKind::PinnedHost));
  EXPECT_TRUE(!host->written || host->isWritten(host->begin, 8));
}

TEST(DeviceMemory, DescribesAddresses) {
  DeviceMemory memory;
  memory.configure(1 << 20, /*shadow=*/true);
  uint64_t a = allocate(memory, 1000);
  EXPECT_EQ(memory.describe(a + 5), "in allocation 1 (1000 bytes by cuTest)");
  EXPECT_THAT(memory.describe(a + 1000), HasSubstr("1 byte past the end of"));
  EXPECT_THAT(memory.describe(a + 1003), HasSubstr("4 bytes past the end of"));
  EXPECT_THAT(memory.describe(a - 4), HasSubstr("4 bytes before allocation 1"));
  EXPECT_EQ(memory.describe(0), "a null pointer");
  int local = 0;
  EXPECT_THAT(memory.describe(reinterpret_cast<uint64_t>(&local)),
              HasSubstr("not an address of device memory"));
  memory.release(a);
  EXPECT_THAT(memory.describe(a + 5), HasSubstr("which was freed"));
}

} // namespace
