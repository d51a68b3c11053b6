//===- SolverTest.cpp - Tests of the solvers ------------------------------===//

#include "Common.h"

#include "dlc/MemoryPlanning/Solver.h"
#include "dlc/MemoryPlanning/Validate.h"

#include <algorithm>
#include <chrono>
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

TEST(Solver, TightProblemsAgainstBruteForce) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Problem problem = makeRandomProblem(seed, 7, 6, 9);
    for (Buffer &buffer : problem.buffers)
      ++buffer.size;
    int64_t optimum = bruteForce(problem);
    Solution solution = solve(problem);
    EXPECT_EQ(solution.peak, optimum) << "seed " << seed;
    EXPECT_TRUE(solution.optimal) << "seed " << seed;
    // One byte less can not be met, and the answer says so.
    SolverOptions options;
    options.capacity = optimum - 1;
    options.minimize = false;
    EXPECT_EQ(solve(problem, options).peak, optimum) << "seed " << seed;
  }
}

TEST(Solver, AliasesAgainstBruteForce) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    // Pairs of equal size that meet: the pair is one buffer of both lifetimes.
    Problem merged = makeRandomProblem(seed, 6, 10, 12), split;
    for (Buffer &buffer : merged.buffers) {
      int64_t middle = (buffer.lower + buffer.upper) / 2;
      Buffer first = buffer, second = buffer;
      first.alias = second.alias = buffer.id;
      first.upper = middle + seed % 2;
      second.lower = middle;
      second.id += "x";
      split.buffers.push_back(first);
      split.buffers.push_back(second);
    }
    Solution solution = solve(split);
    EXPECT_TRUE(validate(split, solution.plan, solution.peak).empty());
    EXPECT_EQ(solution.peak, bruteForce(merged)) << "seed " << seed;
    EXPECT_EQ(solution.lowerBound, lowerBound(merged)) << "seed " << seed;
  }
}

TEST(Solver, AliasesOfAllKinds) {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    Problem problem = makeRandomProblem(seed, 30, 12, 50, {1, 4, 6});
    for (size_t i = 0; i < problem.buffers.size(); i += 2)
      problem.buffers[i].alias = "g" + std::to_string(i % 5);
    problem.buffers[4].offset = 24;
    ASSERT_EQ(describeFault(problem), "");
    SolverOptions options;
    options.workLimit = 200'000;
    Solution solution = solve(problem, options);
    EXPECT_TRUE(validate(problem, solution.plan, solution.peak).empty())
        << "seed " << seed;
    EXPECT_EQ(solution.peak, peak(problem, solution.plan));
    EXPECT_GE(solution.peak, solution.lowerBound);
  }
}

/// Cuts a rectangle of time and memory into buffers that fill it, but for a
/// share of them that is left out.
Problem makeHiddenPlan(uint32_t seed, size_t count, int64_t capacity,
                       double left) {
  struct Rectangle {
    int64_t lower, upper, begin, end;
    int64_t area() const { return (upper - lower) * (end - begin); }
  };
  std::mt19937 random(seed);
  auto between = [&](int64_t a, int64_t b) { // exclusive
    return a + 1 + static_cast<int64_t>(random() % (b - a - 1));
  };
  std::vector<Rectangle> parts = {{0, 100'000, 0, capacity}};
  while (parts.size() < count) {
    auto largest = std::max_element(
        parts.begin(), parts.end(),
        [](const auto &a, const auto &b) { return a.area() < b.area(); });
    Rectangle one = *largest, two = *largest;
    if (random() % 2)
      one.upper = two.lower = between(one.lower, one.upper);
    else
      one.end = two.begin = between(one.begin, one.end);
    *largest = one;
    parts.push_back(two);
  }
  Problem problem;
  for (const Rectangle &part : parts)
    if (static_cast<double>(random() % 1000) >= left * 1000)
      problem.buffers.push_back({"b" + std::to_string(problem.buffers.size()),
                                 part.lower, part.upper,
                                 part.end - part.begin});
  return problem;
}

TEST(Solver, FindsHiddenPlans) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Problem problem = makeHiddenPlan(seed, 40 + 2 * seed, 1 << 20, 0.1);
    SolverOptions options;
    options.capacity = 1 << 20;
    options.minimize = false;
    options.workLimit = 200'000'000;
    Solution solution = solve(problem, options);
    EXPECT_TRUE(validate(problem, solution.plan, options.capacity).empty())
        << "seed " << seed << " peak " << solution.peak;
  }
}

// The trace of a training step: what a layer keeps for its backward pass lives
// from there to here and back, with temporaries everywhere.
Problem makeTrainingStep(uint32_t seed) {
  constexpr int64_t kLayers = 400;
  Problem problem;
  std::mt19937 random(seed);
  auto add = [&](int64_t lower, int64_t upper, int64_t size) {
    problem.buffers.push_back(
        {"b" + std::to_string(problem.buffers.size()), lower, upper, size, 64});
  };
  for (int64_t layer = 0; layer < kLayers; ++layer) {
    int64_t forward = 10 * layer, backward = 20 * kLayers - forward;
    for (int k = 0; k < 4; ++k)
      add(forward + k, backward - k,
          64 * (1 + static_cast<int64_t>(random() % 4000)));
    for (int64_t begin : {forward, backward})
      for (int k = 0; k < 6; ++k)
        add(begin + k, begin + k + 2 + static_cast<int64_t>(random() % 6),
            64 * (1 + static_cast<int64_t>(random() % 9000)));
  }
  return problem;
}

TEST(Solver, TrainingStepsReachTheBound) {
  Problem problem = makeTrainingStep(5);
  SolverOptions options;
  options.workLimit = 20'000'000;
  Solution solution = solve(problem, options);
  EXPECT_TRUE(validate(problem, solution.plan, solution.peak).empty());
  EXPECT_LE(static_cast<double>(solution.peak),
            1.01 * static_cast<double>(solution.lowerBound));
}

TEST(Solver, ManyBuffers) {
  // All overlap; a dense random problem; and a sparse one.
  Problem all, sparse = makeRandomProblem(3, 20'000, 1'000'000, 1 << 20);
  for (int i = 0; i < 20'000; ++i)
    all.buffers.push_back({std::to_string(i), -i, 1 + i, 1 + i % 100});
  Problem dense = sparse;
  for (Buffer &buffer : sparse.buffers)
    buffer.upper = std::min(buffer.upper, buffer.lower + 300);
  for (const Problem &problem : {all, dense, sparse}) {
    SolverOptions options;
    options.workLimit = 10'000'000;
    Solution solution = solve(problem, options);
    EXPECT_TRUE(validate(problem, solution.plan, solution.peak).empty());
    EXPECT_LE(static_cast<double>(solution.peak),
              1.35 * static_cast<double>(solution.lowerBound));
  }
}

TEST(Solver, HugeSizesAndTimes) {
  int64_t huge = int64_t(1) << 62, ever = int64_t(1) << 62;
  Solution one = solve({{{"a", -ever, ever, huge}}});
  EXPECT_EQ(one.peak, huge);
  int64_t third = kMaxBytes / 3;
  Problem three{
      {{"a", -ever, 1, third}, {"b", 0, 2, third}, {"c", 1, ever, third}}};
  ASSERT_EQ(describeFault(three), "");
  Solution solution = solve(three);
  EXPECT_EQ(solution.peak, 2 * third);
  EXPECT_TRUE(validate(three, solution.plan, solution.peak).empty());
}

TEST(Solver, FixedOffsetsAgainstTheBound) {
  // The hole below the fixed buffer is filled, exactly.
  Problem problem{{{"a", 0, 9, 10, 1, 30},
                   {"b", 0, 5, 20},
                   {"c", 0, 5, 10},
                   {"d", 5, 9, 12},
                   {"e", 5, 9, 18}}};
  Solution solution = solve(problem);
  EXPECT_EQ(solution.peak, 40);
  EXPECT_TRUE(solution.optimal);
  EXPECT_TRUE(validate(problem, solution.plan, 40).empty());
}

// Nothing fits below the fixed buffer, which the search proves.
TEST(Solver, ProvesMoreThanTheBound) {
  Problem problem{{{"a", 0, 3, 2, 1, 4}, {"b", 1, 2, 5}, {"c", 2, 4, 4}}};
  Solution solution = solve(problem);
  EXPECT_EQ(solution.lowerBound, 7);
  EXPECT_EQ(solution.peak, 11);
  EXPECT_TRUE(solution.optimal);
}

TEST(Solver, KeepsATimeLimit) {
  Problem problem = makeHiddenPlan(1, 400, 1 << 20, 0.02);
  SolverOptions options;
  options.timeLimit = 0.05;
  options.workLimit = std::numeric_limits<uint64_t>::max();
  auto start = std::chrono::steady_clock::now();
  Solution solution = solve(problem, options);
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  EXPECT_TRUE(validate(problem, solution.plan, solution.peak).empty());
  EXPECT_LT(seconds.count(), 20); // machines may be busy, not that busy
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
    SolverOptions options;
    options.workLimit = 1'000'000;
    Solution solution = solve(problem, options);
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
  EXPECT_EQ(fault({"a", 0, 1, kMaxBytes}), "");
  EXPECT_EQ(fault({"a", 0, 1, kMaxBytes + 1}),
            "buffer 'a' makes the sum of sizes too large");
  EXPECT_EQ(fault({"a", 0, 1, 8, int64_t(1) << 60}),
            "buffer 'a' has an alignment of 1152921504606846976");
  EXPECT_EQ(fault({"a", 0, std::numeric_limits<int64_t>::max(), 8}),
            "buffer 'a' lives outside of times -2^62 to 2^62");
  EXPECT_EQ(describeFault({{{"a", 0, 1, 8, 4, std::nullopt, "m"},
                            {"b", 0, 1, 8, 6, 16, "m"}}}),
            "'b' at bytes [16, 24) is not aligned to 6");
  EXPECT_EQ(describeFault({{{"a", 0, 1, 8, 4, std::nullopt, "m"},
                            {"b", 0, 1, 8, 6, 18, "m"}}}),
            "the fixed offset 18 of alias group 'm' is not aligned to 12");
  EXPECT_EQ(
      describeFault({{{"a", 0, 1, 8, 1, 0, "m"}, {"b", 4, 5, 8, 1, 8, "m"}}}),
      "'a' at bytes [0, 8) and its alias 'b' at bytes [8, 16) do not "
      "begin at the same offset");
  EXPECT_EQ(describeFault({{{"a", 0, 2, 8, 1, 0}, {"b", 1, 2, 8, 1, 4}}}),
            "'a' at bytes [0, 8) and times [0, 2) overlaps 'b' at bytes [4, "
            "12) and times [1, 2)");
}

} // namespace
