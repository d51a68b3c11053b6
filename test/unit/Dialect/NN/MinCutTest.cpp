//===- MinCutTest.cpp - The cheapest border between two sets of nodes -----===//

#include "MinCut.h"

#include "gtest/gtest.h"

#include <random>

using dlc::nn::MinCut;

namespace {

struct Edge {
  unsigned from, to;
  int64_t capacity;
};

int64_t costOf(const std::vector<Edge> &edges, const std::vector<bool> &side) {
  int64_t cost = 0;
  for (const Edge &edge : edges)
    if (side[edge.from] && !side[edge.to])
      cost += edge.capacity;
  return cost;
}

std::vector<bool> cut(unsigned numNodes, const std::vector<Edge> &edges) {
  MinCut graph;
  while (graph.addNode() + 1 < numNodes) {
  }
  for (const Edge &edge : edges)
    graph.addEdge(edge.from, edge.to, edge.capacity);
  return graph.solve();
}

TEST(MinCutTest, Chain) {
  // 0 -5-> 2 -1-> 3 -5-> 1: the middle is cheapest.
  std::vector<bool> side = cut(4, {{0, 2, 5}, {2, 3, 1}, {3, 1, 5}});
  EXPECT_EQ(side, (std::vector<bool>{true, false, true, false}));
}

TEST(MinCutTest, UnconnectedNodesStayWithTheSource) {
  std::vector<bool> side = cut(4, {{0, 2, 1}});
  EXPECT_EQ(side, (std::vector<bool>{true, false, true, true}));
}

TEST(MinCutTest, OfEqualCutsTheLargestSourceSide) {
  std::vector<bool> side = cut(4, {{0, 2, 3}, {2, 3, 3}, {3, 1, 3}});
  EXPECT_EQ(side, (std::vector<bool>{true, false, true, true}));
}

TEST(MinCutTest, InfiniteEdgesAreNotCut) {
  std::vector<bool> side =
      cut(4, {{0, 2, MinCut::infinite}, {2, 3, 7}, {3, 1, MinCut::infinite}});
  EXPECT_EQ(side, (std::vector<bool>{true, false, true, false}));
}

TEST(MinCutTest, FlowIsSentBack) {
  // The short way 0 2 3 1 has to be undone in part for the best flow of 2.
  std::vector<Edge> edges = {
      {0, 2, 1}, {0, 3, 1}, {2, 3, 1}, {2, 1, 1}, {3, 1, 1}};
  EXPECT_EQ(costOf(edges, cut(4, edges)), 2);
}

TEST(MinCutTest, LongChainNeedsNoStack) {
  std::vector<Edge> edges;
  unsigned last = 0, numNodes = 200000;
  for (unsigned node = 2; node < numNodes; ++node) {
    edges.push_back({last, node, node == 1000 ? 1 : 2});
    last = node;
  }
  edges.push_back({last, 1, 2});
  EXPECT_EQ(costOf(edges, cut(numNodes, edges)), 1);
}

TEST(MinCutTest, RandomGraphsAgainstAllCuts) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    unsigned numNodes = 3 + random() % 6;
    std::vector<Edge> edges;
    for (unsigned i = 0, e = random() % 20; i < e; ++i) {
      unsigned from = random() % numNodes, to = random() % numNodes;
      if (from != to)
        edges.push_back({from, to, int64_t(random() % 10)});
    }
    int64_t best = MinCut::infinite;
    for (unsigned inner = 0; inner < 1u << (numNodes - 2); ++inner) {
      std::vector<bool> side = {true, false};
      for (unsigned node = 2; node < numNodes; ++node)
        side.push_back(inner >> (node - 2) & 1);
      best = std::min(best, costOf(edges, side));
    }
    std::vector<bool> side = cut(numNodes, edges);
    ASSERT_TRUE(side[0] && !side[1]);
    ASSERT_EQ(costOf(edges, side), best) << "round " << round;
  }
}

} // namespace
