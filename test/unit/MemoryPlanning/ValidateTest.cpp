//===- ValidateTest.cpp - Tests of the validator --------------------------===//

#include "Common.h"

#include "dlc/MemoryPlanning/Solver.h"
#include "dlc/MemoryPlanning/Validate.h"

#include <gtest/gtest.h>

using namespace dlc::memory;
using Kind = Violation::Kind;

namespace {

Problem makeProblem() {
  return {{{"a", 0, 4, 64, 32}, {"b", 2, 6, 32, 32}, {"c", 4, 8, 64, 32}}};
}

std::vector<Kind> kinds(const std::vector<Violation> &violations) {
  std::vector<Kind> result;
  for (const Violation &violation : violations)
    result.push_back(violation.kind);
  return result;
}

TEST(Validate, AcceptsGoodPlans) {
  // a and c may share: a ends when c starts.
  EXPECT_TRUE(validate(makeProblem(), {{0, 64, 0}}, 96).empty());
  EXPECT_TRUE(validate(makeProblem(), {{32, 0, 32}}, 96).empty());
  EXPECT_TRUE(validate({}, {}, 0).empty());
}

TEST(Validate, FindsOverlaps) {
  Problem problem = makeProblem();
  std::vector<Violation> found = validate(problem, {{0, 32, 64}});
  ASSERT_EQ(kinds(found), std::vector<Kind>{Kind::Overlap});
  EXPECT_EQ(describe(problem, {{0, 32, 64}}, found.front()),
            "'a' at bytes [0, 64) and times [0, 4) overlaps 'b' at bytes [32, "
            "64) and times [2, 6)");
  // From below and equal starts.
  EXPECT_EQ(kinds(validate(problem, {{32, 64, 0}})),
            std::vector<Kind>{Kind::Overlap});
  EXPECT_EQ(kinds(validate(problem, {{0, 0, 32}})),
            std::vector<Kind>{Kind::Overlap});
}

TEST(Validate, FindsMisalignmentAndRange) {
  Problem problem = makeProblem();
  EXPECT_EQ(kinds(validate(problem, {{0, 70, 0}})),
            std::vector<Kind>{Kind::Misaligned});
  EXPECT_EQ(kinds(validate(problem, {{0, 64, 0}}, 95)),
            std::vector<Kind>{Kind::OutOfRange});
  EXPECT_EQ(kinds(validate(problem, {{-32, 64, 0}})),
            std::vector<Kind>{Kind::OutOfRange});
  int64_t huge = std::numeric_limits<int64_t>::max() / 32 * 32;
  EXPECT_EQ(kinds(validate(problem, {{0, huge, 0}})),
            std::vector<Kind>{Kind::OutOfRange});
  EXPECT_EQ(kinds(validate(problem, {{0, 64}})),
            std::vector<Kind>{Kind::Count});
  problem.buffers[0].size = -1;
  EXPECT_EQ(kinds(validate(problem, {{0, 64, 0}})),
            std::vector<Kind>{Kind::OutOfRange});
}

TEST(Validate, ChecksFixedOffsets) {
  Problem problem = makeProblem();
  problem.buffers[1].offset = 96;
  EXPECT_EQ(kinds(validate(problem, {{0, 64, 0}})),
            std::vector<Kind>{Kind::NotFixed});
  EXPECT_TRUE(validate(problem, {{0, 96, 0}}).empty());
}

TEST(Validate, ChecksAliases) {
  Problem problem{{{"a", 0, 4, 64}, {"b", 2, 6, 32}, {"c", 3, 8, 16}}};
  problem.buffers[0].alias = problem.buffers[1].alias = "m";
  EXPECT_FALSE(conflict(problem.buffers[0], problem.buffers[1]));
  EXPECT_TRUE(conflict(problem.buffers[0], problem.buffers[2]));
  EXPECT_TRUE(validate(problem, {{0, 0, 64}}, 80).empty());
  EXPECT_TRUE(validate(problem, {{16, 16, 0}}, 80).empty());
  EXPECT_EQ(kinds(validate(problem, {{0, 64, 96}})),
            std::vector<Kind>{Kind::NotAliased});
  EXPECT_EQ(describe(problem, {{0, 64, 96}}, {Kind::NotAliased, 0, 1}),
            "'a' at bytes [0, 64) and its alias 'b' at bytes [64, 96) do not "
            "begin at the same offset");
  // c lies above b, but a still lives: the larger alias counts.
  EXPECT_EQ(kinds(validate(problem, {{0, 0, 32}})),
            std::vector<Kind>{Kind::Overlap});
  // From below, at the same offset, and a larger alias that comes later.
  EXPECT_EQ(kinds(validate(problem, {{8, 8, 0}})),
            std::vector<Kind>{Kind::Overlap});
  EXPECT_EQ(kinds(validate(problem, {{0, 0, 0}})),
            std::vector<Kind>{Kind::Overlap});
  problem.buffers[1] = {"b", 3, 6, 128, 1, std::nullopt, "m"};
  EXPECT_EQ(kinds(validate(problem, {{0, 0, 64}})),
            std::vector<Kind>{Kind::Overlap});
  // When both are gone their bytes are free.
  problem.buffers[2].lower = 6;
  EXPECT_TRUE(validate(problem, {{0, 0, 64}}).empty());
}

TEST(Validate, EmptyBuffersConflictWithNothing) {
  Problem problem{{{"a", 0, 4, 64}, {"b", 0, 4, 0}, {"c", 2, 2, 64}}};
  EXPECT_TRUE(validate(problem, {{0, 32, 32}}).empty());
  EXPECT_FALSE(conflict(problem.buffers[0], problem.buffers[1]));
  EXPECT_FALSE(conflict(problem.buffers[0], problem.buffers[2]));
}

// Against the definition, with plans that are right and wrong.
TEST(Validate, AgreesWithPairwiseCheck) {
  int wrong = 0;
  for (uint32_t seed = 0; seed < 500; ++seed) {
    Problem problem = makeRandomProblem(seed, 12, 10, 8);
    std::mt19937 random(seed);
    if (seed % 2)
      for (size_t i = 0; i < 12; i += 3)
        problem.buffers[i].alias = i % 2 ? "odd" : "even";
    Plan plan = placeGreedily(problem, Order::Size);
    plan.offsets[random() % 12] = random() % 20;
    bool good = true;
    for (size_t i = 0; i < 12; ++i)
      for (size_t j = 0; j < i; ++j) {
        const Buffer &a = problem.buffers[i], &b = problem.buffers[j];
        if (conflict(a, b) && plan.offsets[i] < plan.offsets[j] + b.size &&
            plan.offsets[j] < plan.offsets[i] + a.size)
          good = false;
        if (!a.alias.empty() && a.alias == b.alias &&
            plan.offsets[i] != plan.offsets[j])
          good = false;
      }
    wrong += !good;
    EXPECT_EQ(validate(problem, plan).empty(), good) << "seed " << seed;
  }
  EXPECT_GT(wrong, 100);
  EXPECT_LT(wrong, 450);
}

} // namespace
