//===- Graph.h - Graphs and executable graphs ------------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_DRIVER_GRAPH_H
#define DLC_LIB_PTXSIM_DRIVER_GRAPH_H

#include "Driver.h"

struct CUgraphNode_st {
  CUgraph_st *graph = nullptr;
  /// Unique in the process.
  uint64_t id = 0;
  /// For a node of a clone: `id` of the node it was made from.
  uint64_t originalId = 0;
  dlc::ptxsim::driver::Work work;
  std::vector<CUgraphNode> dependencies;
  /// Pointers into the parameter block, for cuGraphKernelNodeGetParams.
  std::vector<void *> parameterPointers;

  ~CUgraphNode_st();
};

struct CUgraph_st {
  std::vector<std::unique_ptr<CUgraphNode_st>> nodes;

  CUgraphNode_st *addNode(dlc::ptxsim::driver::Work work,
                          llvm::ArrayRef<CUgraphNode> dependencies);
  void removeNode(CUgraphNode_st &node);
  /// Nodes in an order in which all come after those they depend on; empty if
  /// there is none (a cycle). Where the graph leaves a choice, the node that
  /// was added last comes first, so that a missing edge is noticed.
  std::vector<CUgraphNode_st *> order() const;
  /// A copy, known as a graph to the driver.
  std::shared_ptr<CUgraph_st> clone() const;
};

namespace dlc::ptxsim::driver {

/// The nodes of an executable graph in the order of execution.
struct GraphPlan {
  struct Step {
    uint64_t nodeId = 0;
    Work work;
    /// The place of the node, and of those it depends on, among the nodes of
    /// the graph in the order in which they were added.
    size_t index = 0;
    std::vector<size_t> after;
    bool enabled = true;
  };
  std::vector<Step> steps;

  /// Null if the graph has no such node.
  Step *find(const CUgraphNode_st &node);
};

/// The graph in the form that is launched; null if it has a cycle.
std::shared_ptr<GraphPlan> makePlan(const CUgraph_st &graph);

/// Compiles the kernels of a plan.
CUresult prepare(const GraphPlan &plan);

CUresult execute(CUctx_st &context, const GraphPlan &plan);

} // namespace dlc::ptxsim::driver

struct CUgraphExec_st {
  CUctx_st *context = nullptr;
  uint64_t flags = 0;
  /// Launches that have not run yet share it: it is copied before a change.
  std::shared_ptr<dlc::ptxsim::driver::GraphPlan> plan;
  /// The last launch: launches of one executable graph follow each other.
  dlc::ptxsim::driver::Dependency lastLaunch;

  dlc::ptxsim::driver::GraphPlan &planToChange();
};

#endif // DLC_LIB_PTXSIM_DRIVER_GRAPH_H
