//===- PoolTest.cpp - Thread pool and CPU check ---------------------------===//

#include "Pool.h"
#include "Cpu.h"
#include "RuntimeTest.h"

#include <atomic>
#include <chrono>
#include <thread>

namespace {

/// Counts how often each item ran.
void countItems(void *const *args, int64_t begin, int64_t end) {
  auto *counts = static_cast<std::atomic<int> *>(args[0]);
  for (int64_t i = begin; i < end; ++i)
    counts[i].fetch_add(1, std::memory_order_relaxed);
}

/// Each item writes what the launch before it wrote, plus one.
void chain(void *const *args, int64_t begin, int64_t end) {
  const int64_t *in = static_cast<int64_t *>(args[0]);
  int64_t *out = static_cast<int64_t *>(args[1]);
  int64_t items = *static_cast<int64_t *>(args[2]);
  for (int64_t i = begin; i < end; ++i)
    out[i] = in[(i + 1) % items] + 1;
}

void sleepy(void *const *args, int64_t begin, int64_t end) {
  if (begin == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  countItems(args, begin, end);
}

class PoolTest : public ::testing::TestWithParam<int> {
protected:
  void SetUp() override {
    dlc_error error;
    ASSERT_EQ(dlc_pool_start(GetParam(), &error), 0) << error.text;
  }
  void TearDown() override { dlc_pool_stop(); }
  void run(dlc_kernel_fn kernel, void *const *args, int64_t items) {
    const dlc_parallel *parallel = dlc_pool_parallel();
    parallel->run(parallel->context, kernel, args, items);
  }
};

TEST_P(PoolTest, EveryItemOnce) {
  std::vector<std::atomic<int>> counts(1000);
  void *args[] = {counts.data()};
  for (int64_t items : {0, 1, 2, 3, 7, 8, 31, 32, 33, 1000}) {
    for (auto &count : counts)
      count = 0;
    run(countItems, args, items);
    for (int64_t i = 0; i < 1000; ++i)
      ASSERT_EQ(counts[size_t(i)], i < items ? 1 : 0) << items << " " << i;
  }
}

TEST_P(PoolTest, LaunchesAreOrdered) {
  int64_t items = 37;
  std::vector<int64_t> a(37), b(37);
  const int launches = 20000;
  for (int i = 0; i < launches; ++i) {
    void *args[] = {i % 2 ? b.data() : a.data(), i % 2 ? a.data() : b.data(),
                    &items};
    run(chain, args, items);
  }
  for (int64_t value : a)
    ASSERT_EQ(value, launches);
}

TEST_P(PoolTest, SleepsAndWakes) {
  std::vector<std::atomic<int>> counts(64);
  void *args[] = {counts.data()};
  for (int i = 0; i < 20; ++i) {
    run(i % 2 ? sleepy : countItems, args, 64);
    std::this_thread::sleep_for(std::chrono::milliseconds(i % 3));
  }
  for (auto &count : counts)
    ASSERT_EQ(count, 20);
}

/// Notes which chunk an item is the first one of.
void noteChunks(void *const *args, int64_t begin, int64_t end) {
  auto *ends = static_cast<std::atomic<int64_t> *>(args[0]);
  ends[begin] = end;
}

/// Threads have ranges of their own, so data of one kernel are where the next
/// one needs them.
TEST_P(PoolTest, ChunksOfOneThreadEach) {
  int threads = GetParam();
  const int64_t each = 64, items = each * threads;
  std::vector<std::atomic<int64_t>> ends(static_cast<size_t>(items));
  void *args[] = {ends.data()};
  run(noteChunks, args, items);
  if (threads == 1) {
    EXPECT_EQ(ends[0].load(), items);
    return;
  }
  for (int thread = 0; thread < threads; ++thread) {
    int64_t begin = each * thread, largest = each;
    while (begin < each * (thread + 1)) {
      int64_t size = ends[size_t(begin)] - begin;
      ASSERT_GT(size, 0) << begin;
      EXPECT_LE(size, largest);
      largest = size;
      begin += size;
    }
    EXPECT_EQ(begin, each * (thread + 1));
    EXPECT_EQ(largest, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, PoolTest, ::testing::Values(1, 2, 3, 8, 33));

TEST(CpuTest, Features) {
  char lacking[DLC_CPU_FEATURE_NAME];
  EXPECT_EQ(dlc_cpu_supports_v1("", lacking), 1);
  EXPECT_EQ(dlc_cpu_supports_v1("sse3,cx16", lacking), 1);
  EXPECT_EQ(dlc_cpu_supports_v1("sse3,quantum,cx16", lacking), 0);
  EXPECT_STREQ(lacking, "quantum");
  EXPECT_EQ(
      dlc_cpu_supports_v1("avx9000-with-a-name-that-is-too-long", nullptr), 0);
  EXPECT_EQ(
      dlc_cpu_supports_v1("avx9000-with-a-name-that-is-too-long", lacking), 0);
  EXPECT_STREQ(lacking, "avx9000-with-a-name-tha");
  EXPECT_EQ(dlc_cpu_supports_v1("avx2", nullptr),
            __builtin_cpu_supports("avx2") != 0);
  EXPECT_EQ(dlc_cpu_supports_v1("avx512f,avx512vl", nullptr),
            __builtin_cpu_supports("avx512f") &&
                __builtin_cpu_supports("avx512vl"));
}

TEST(CpuTest, DefaultThreads) {
  EXPECT_GE(dlc_pool_default_threads(), 1);
  EXPECT_LE(dlc_pool_default_threads(), 256);
}

} // namespace
