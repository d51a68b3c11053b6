//===- ExecutionOrderTest.cpp - Orders of execution that need less --------===//

#include "dlc/MemoryPlanning/ExecutionOrder.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

using namespace dlc::memory;

namespace {

/// Builds graphs as networks are written: each step reads values and makes one.
class Builder {
public:
  uint32_t add(int64_t size, std::vector<uint32_t> reads,
               bool inplace = false) {
    uint32_t step = graph.steps.size();
    StepGraph::Step node;
    for (uint32_t value : reads) {
      node.predecessors.push_back(value);
      graph.buffers[value].steps.push_back(step);
      if (inplace)
        node.inplace.push_back({value, step});
    }
    graph.steps.push_back(node);
    graph.buffers.push_back({size, {step}});
    return step;
  }
  StepGraph graph;
};

bool isValid(const StepGraph &graph, const std::vector<uint32_t> &order) {
  std::set<uint32_t> done;
  for (uint32_t step : order) {
    for (uint32_t before : graph.steps[step].predecessors)
      if (!done.count(before))
        return false;
    if (!done.insert(step).second)
      return false;
  }
  return done.size() == graph.steps.size();
}

/// The peak by its definition, apart from the implementation.
int64_t countBytes(const StepGraph &graph, const std::vector<uint32_t> &order) {
  std::vector<size_t> when(order.size());
  for (size_t i = 0; i < order.size(); ++i)
    when[order[i]] = i;
  auto first = [&](uint32_t buffer) {
    size_t value = order.size();
    for (uint32_t step : graph.buffers[buffer].steps)
      value = std::min(value, when[step]);
    return value;
  };
  auto last = [&](uint32_t buffer) {
    size_t value = 0;
    for (uint32_t step : graph.buffers[buffer].steps)
      value = std::max(value, when[step]);
    return value;
  };
  int64_t peak = 0;
  for (size_t now = 0; now < order.size(); ++now) {
    int64_t bytes = 0;
    for (uint32_t buffer = 0; buffer < graph.buffers.size(); ++buffer)
      if (!graph.buffers[buffer].steps.empty() && first(buffer) <= now &&
          last(buffer) >= now)
        bytes += graph.buffers[buffer].size;
    std::set<uint32_t> paired;
    for (auto [in, out] : graph.steps[order[now]].inplace)
      if (last(in) == now && first(in) < now && first(out) == now &&
          !paired.count(in) && !paired.count(out)) {
        paired.insert({in, out});
        bytes -= std::min(graph.buffers[in].size, graph.buffers[out].size);
      }
    peak = std::max(peak, bytes);
  }
  return peak;
}

TEST(ExecutionOrderTest, NothingToOrder) {
  ExecutionOrder result = findOrder({});
  EXPECT_TRUE(result.order.empty());
  EXPECT_EQ(result.peak, 0);
  EXPECT_TRUE(result.optimal);
}

TEST(ExecutionOrderTest, ChainsStay) {
  Builder b;
  uint32_t value = b.add(10, {});
  for (int64_t size : {20, 5, 40, 1})
    value = b.add(size, {value});
  ExecutionOrder result = findOrder(b.graph);
  EXPECT_EQ(result.order, (std::vector<uint32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(result.peak, 45);
  EXPECT_TRUE(result.optimal);
}

TEST(ExecutionOrderTest, BranchesOneAfterTheOther) {
  // Breadth first, all of the large middles live at once.
  Builder b;
  uint32_t input = b.add(1, {});
  std::vector<uint32_t> middles, ends;
  for (int branch = 0; branch < 4; ++branch)
    middles.push_back(b.add(100, {input}));
  for (uint32_t middle : middles)
    ends.push_back(b.add(1, {middle}));
  b.add(1, ends);
  std::vector<uint32_t> given(b.graph.steps.size());
  std::iota(given.begin(), given.end(), 0);
  EXPECT_EQ(peakOfOrder(b.graph, given), 401);
  ExecutionOrder result = findOrder(b.graph);
  EXPECT_TRUE(isValid(b.graph, result.order));
  EXPECT_EQ(result.peak, 104);
  EXPECT_TRUE(result.optimal);
}

TEST(ExecutionOrderTest, InPlaceHalvesAStep) {
  Builder b;
  uint32_t a = b.add(100, {});
  b.add(100, {a}, /*inplace=*/true);
  EXPECT_EQ(findOrder(b.graph).peak, 100);
  // Another reader behind it needs both.
  b.add(1, {a});
  EXPECT_EQ(findOrder(b.graph).peak, 101);
  EXPECT_EQ(peakOfOrder(b.graph, {0, 1, 2}), 200);
}

TEST(ExecutionOrderTest, LargeGraphsAreNeverWorse) {
  Builder b;
  std::mt19937 random(3);
  std::vector<uint32_t> values = {b.add(100, {})};
  for (int i = 0; i < 400; ++i) {
    std::set<uint32_t> reads;
    for (int k = 0, e = 1 + random() % 3; k < e; ++k)
      reads.insert(values[values.size() - 1 -
                          random() % std::min<size_t>(values.size(), 12)]);
    values.push_back(b.add(1 + random() % 1000, {reads.begin(), reads.end()}));
  }
  std::vector<uint32_t> given(b.graph.steps.size());
  std::iota(given.begin(), given.end(), 0);
  ExecutionOrder result = findOrder(b.graph, 20'000);
  ASSERT_TRUE(isValid(b.graph, result.order));
  EXPECT_EQ(result.peak, countBytes(b.graph, result.order));
  EXPECT_LT(result.peak, peakOfOrder(b.graph, given));
  EXPECT_EQ(result.order, findOrder(b.graph, 20'000).order);
}

TEST(ExecutionOrderTest, RandomGraphsAgainstAllOrders) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    Builder b;
    for (int i = 0, e = 2 + random() % 6; i < e; ++i) {
      std::set<uint32_t> reads;
      for (int k = 0, r = random() % 3; k < r && i; ++k)
        reads.insert(random() % i);
      b.add(random() % 20, {reads.begin(), reads.end()}, random() % 3 == 0);
    }
    std::vector<uint32_t> order(b.graph.steps.size());
    std::iota(order.begin(), order.end(), 0);
    int64_t best = peakOfOrder(b.graph, order);
    do {
      if (!isValid(b.graph, order))
        continue;
      int64_t peak = countBytes(b.graph, order);
      ASSERT_EQ(peak, peakOfOrder(b.graph, order)) << "round " << round;
      best = std::min(best, peak);
    } while (std::next_permutation(order.begin(), order.end()));
    ExecutionOrder result = findOrder(b.graph);
    ASSERT_TRUE(isValid(b.graph, result.order));
    EXPECT_EQ(result.peak, best) << "round " << round;
    EXPECT_TRUE(result.optimal) << "round " << round;
  }
}

} // namespace
