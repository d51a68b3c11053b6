//===- Common.h - Problems for the tests of the planner ---------*- C++ -*-===//

#ifndef DLC_TEST_UNIT_MEMORYPLANNING_COMMON_H
#define DLC_TEST_UNIT_MEMORYPLANNING_COMMON_H

#include "dlc/MemoryPlanning/Problem.h"

#include <random>

namespace dlc::memory {

/// `count` buffers that live in [0, times), of sizes in [0, maxSize].
inline Problem makeRandomProblem(uint32_t seed, int count, int times,
                                 int maxSize,
                                 std::vector<int64_t> alignments = {1}) {
  std::mt19937 random(seed);
  auto below = [&](int bound) {
    return static_cast<int64_t>(random() % bound);
  };
  Problem problem;
  for (int i = 0; i < count; ++i) {
    Buffer buffer;
    buffer.id = "b" + std::to_string(i);
    buffer.lower = below(times);
    buffer.upper = buffer.lower + 1 + below(times - buffer.lower);
    buffer.size = below(maxSize + 1);
    buffer.alignment = alignments[below(alignments.size())];
    problem.buffers.push_back(buffer);
  }
  return problem;
}

} // namespace dlc::memory

#endif // DLC_TEST_UNIT_MEMORYPLANNING_COMMON_H
