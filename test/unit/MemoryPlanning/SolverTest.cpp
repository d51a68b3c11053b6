//===- SolverTest.cpp - Tests of the solvers ------------------------------===//

#include "Common.h"

#include "dlc/MemoryPlanning/Solver.h"
#include "dlc/MemoryPlanning/Validate.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>

using namespace dlc::memory;

namespace {

/// The smallest peak: some order of first-fit placements reaches it (take the
/// buffers in the order of their offsets in an optimal plan).
int64_t bruteForce(const Problem &problem) {
  size_t count = problem.buffers.size();
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  int64_t best = kUnlimited;
  do {
    Plan plan;
    plan.offsets.assign(count, -1);
    for (size_t i : order) {
      const Buffer &buffer = problem.buffers[i];
      int64_t offset = 0;
      for (bool moved = true; moved;) {
        moved = false;
        offset = (offset + buffer.alignment - 1) / buffer.alignment *
                 buffer.alignment;
        for (size_t j = 0; j < count; ++j)
          if (plan.offsets[j] >= 0 && conflict(buffer, problem.buffers[j]) &&
              offset < plan.offsets[j] + problem.buffers[j].size &&
              plan.offsets[j] < offset + buffer.size) {
            offset = plan.offsets[j] + problem.buffers[j].size;
            moved = true;
          }
      }
      plan.offsets[i] = offset;
    }
    best = std::min(best, peak(problem, plan));
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

int64_t liveBytes(const Problem &problem) {
  int64_t best = 0;
  for (const Buffer &at : problem.buffers) {
    int64_t live = 0;
    for (const Buffer &buffer : problem.buffers)
      if (buffer.lower <= at.lower && at.lower < buffer.upper)
        live += buffer.size;
    best = std::max(best, live);
  }
  return best;
}

TEST(Solver, TrivialProblems) {
  Solution none = solve({});
  EXPECT_EQ(none.peak, 0);
  EXPECT_EQ(none.lowerBound, 0);
  EXPECT_TRUE(none.optimal);
  Solution empty = solve({{{"a", 0, 4, 0}, {"b", 3, 3, 8}}});
  EXPECT_EQ(empty.peak, 0);
  EXPECT_EQ(empty.plan.offsets.size(), 2u);
  Solution one = solve({{{"a", -4, 4, 12, 64}}});
  EXPECT_EQ(one.peak, 12);
  EXPECT_EQ(one.plan.offsets.front(), 0);
}

TEST(Solver, LowerBound) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    Problem problem = makeRandomProblem(seed, 20, 12, 30);
    EXPECT_EQ(lowerBound(problem), liveBytes(problem)) << "seed " << seed;
  }
  EXPECT_EQ(lowerBound({{{"a", 0, 1, 8, 1, 100}}}), 108);
}

TEST(Solver, EveryGreedyPlanIsValid) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    Problem problem = makeRandomProblem(seed, 40, 20, 100, {1, 4, 64});
    for (Order order : {Order::Size, Order::Area, Order::Start,
                        Order::Contention, Order::Duration})
      for (Fit fit : {Fit::Best, Fit::First})
        EXPECT_TRUE(
            validate(problem, placeGreedily(problem, order, fit)).empty())
            << "seed " << seed;
  }
}

TEST(Solver, SmallProblemsAgainstBruteForce) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    Problem problem = makeRandomProblem(seed, 6, 8, 12,
                                        seed % 2 ? std::vector<int64_t>{1, 4, 8}
                                                 : std::vector<int64_t>{1});
    Solution solution = solve(problem);
    int64_t optimum = bruteForce(problem);
    EXPECT_TRUE(validate(problem, solution.plan, solution.peak).empty());
    EXPECT_EQ(solution.peak, optimum) << "seed " << seed;
    EXPECT_LE(solution.lowerBound, optimum);
  }
}

TEST(Solver, LargerProblemsAreValidAndDeterministic) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Problem problem = makeRandomProblem(seed, 300, 100, 1000, {1, 16, 64});
    SolverOptions options;
    options.workLimit = 1'000'000;
    Solution first = solve(problem, options), second = solve(problem, options);
    EXPECT_TRUE(validate(problem, first.plan, first.peak).empty());
    EXPECT_EQ(first.peak, peak(problem, first.plan));
    EXPECT_EQ(first.plan.offsets, second.plan.offsets);
    EXPECT_GE(first.peak, first.lowerBound);
  }
}

TEST(Solver, KeepsFixedOffsets) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    Problem problem = makeRandomProblem(seed, 20, 10, 30, {1, 8});
    // Fix some buffers where a plan has them, moved up by 40 bytes.
    Plan plan = placeGreedily(problem, Order::Start);
    for (size_t i = 0; i < problem.buffers.size(); i += 5)
      problem.buffers[i].offset = plan.offsets[i] + 40;
    ASSERT_EQ(describeFault(problem), "");
    Solution solution = solve(problem);
    EXPECT_TRUE(validate(problem, solution.plan, solution.peak).empty())
        << "seed " << seed;
  }
}

TEST(Solver, StopsAtTheCapacity) {
  Problem problem = makeRandomProblem(7, 200, 60, 1000);
  SolverOptions options;
  options.capacity = 2 * lowerBound(problem);
  options.minimize = false;
  Solution solution = solve(problem, options);
  EXPECT_LE(solution.peak, options.capacity);
}

TEST(Problem, Faults) {
  auto fault = [](Buffer buffer) { return describeFault({{buffer}}); };
  EXPECT_EQ(fault({"a", 0, 1, 8}), "");
  EXPECT_EQ(fault({"a", 0, 1, -8}), "buffer 'a' has a negative size -8");
  EXPECT_EQ(fault({"a", 2, 1, 8}),
            "buffer 'a' ends at 1, before it starts at 2");
  EXPECT_EQ(fault({"a", 0, 1, 8, 0}), "buffer 'a' has an alignment of 0");
  EXPECT_EQ(fault({"a", 0, 1, 8, 1, -1}),
            "buffer 'a' has a negative offset -1");
  EXPECT_EQ(fault({"a", 0, 1, 8, 4, 6}),
            "'a' at bytes [6, 14) is not aligned to 4");
  EXPECT_EQ(fault({"a", 0, 1, int64_t(1) << 61}),
            "buffer 'a' makes the sum of sizes too large");
  EXPECT_EQ(describeFault({{{"a", 0, 2, 8, 1, 0}, {"b", 1, 2, 8, 1, 4}}}),
            "'a' at bytes [0, 8) and times [0, 2) overlaps 'b' at bytes [4, "
            "12) and times [1, 2)");
}

} // namespace
