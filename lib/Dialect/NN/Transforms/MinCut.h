//===- MinCut.h - The cheapest border between two sets of nodes -*- C++ -*-===//

#ifndef DLC_LIB_DIALECT_NN_TRANSFORMS_MINCUT_H
#define DLC_LIB_DIALECT_NN_TRANSFORMS_MINCUT_H

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace dlc::nn {

/// A minimum cut of a directed graph by Dinic's algorithm. Node 0 is the
/// source, node 1 the sink.
class MinCut {
public:
  static constexpr int64_t infinite = std::numeric_limits<int64_t>::max() / 4;

  MinCut() : edgesOf(2) {}

  unsigned addNode() {
    edgesOf.emplace_back();
    return edgesOf.size() - 1;
  }

  /// Cutting `from` (source side) off `to` (sink side) costs `capacity`.
  void addEdge(unsigned from, unsigned to, int64_t capacity) {
    edgesOf[from].push_back(edges.size());
    edges.push_back({to, capacity});
    edgesOf[to].push_back(edges.size());
    edges.push_back({from, 0});
  }

  /// For each node whether it is on the source's side; of all cheapest cuts the
  /// one with the largest such side.
  std::vector<bool> solve() {
    while (findLevels()) {
      next.assign(edgesOf.size(), 0);
      while (push(0, infinite) > 0) {
      }
    }
    // All that can not reach the sink any more.
    std::vector<bool> sourceSide(edgesOf.size(), true);
    std::vector<unsigned> work = {1};
    sourceSide[1] = false;
    while (!work.empty()) {
      unsigned node = work.back();
      work.pop_back();
      for (unsigned index : edgesOf[node]) {
        unsigned from = edges[index].to;
        if (edges[index ^ 1].capacity > 0 && sourceSide[from]) {
          sourceSide[from] = false;
          work.push_back(from);
        }
      }
    }
    return sourceSide;
  }

private:
  struct Edge {
    unsigned to;
    int64_t capacity;
  };

  bool findLevels() {
    level.assign(edgesOf.size(), -1);
    level[0] = 0;
    std::vector<unsigned> queue = {0};
    for (size_t i = 0; i < queue.size(); ++i)
      for (unsigned index : edgesOf[queue[i]]) {
        const Edge &edge = edges[index];
        if (edge.capacity > 0 && level[edge.to] < 0) {
          level[edge.to] = level[queue[i]] + 1;
          queue.push_back(edge.to);
        }
      }
    return level[1] >= 0;
  }

  /// Sends flow along one path of rising levels; an explicit stack, since
  /// graphs are as deep as the model.
  int64_t push(unsigned source, int64_t limit) {
    std::vector<unsigned> path;
    unsigned node = source;
    while (node != 1) {
      bool advanced = false;
      for (; next[node] < edgesOf[node].size(); ++next[node]) {
        unsigned index = edgesOf[node][next[node]];
        const Edge &edge = edges[index];
        if (edge.capacity > 0 && level[edge.to] == level[node] + 1) {
          path.push_back(index);
          node = edge.to;
          advanced = true;
          break;
        }
      }
      if (advanced)
        continue;
      if (path.empty())
        return 0;
      node = edges[path.back() ^ 1].to;
      path.pop_back();
      ++next[node];
    }
    for (unsigned index : path)
      limit = std::min(limit, edges[index].capacity);
    for (unsigned index : path) {
      edges[index].capacity -= limit;
      edges[index ^ 1].capacity += limit;
    }
    return limit;
  }

  std::vector<Edge> edges;
  std::vector<std::vector<unsigned>> edgesOf;
  std::vector<int> level;
  std::vector<size_t> next;
};

} // namespace dlc::nn

#endif // DLC_LIB_DIALECT_NN_TRANSFORMS_MINCUT_H
