//===- Graph.cpp - Graphs and executable graphs ---------------------------===//

#include "Graph.h"
#include "ApiCall.h"
#include "Launch.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

#include <queue>

using namespace dlc::ptxsim::driver;

CUgraphNode_st::~CUgraphNode_st() {
  Driver &driver = Driver::get();
  driver.nodes.erase(this);
  if (auto *child = std::get_if<ChildGraphWork>(&work))
    driver.graphs.erase(child->graph.get());
}

CUgraphNode_st *CUgraph_st::addNode(Work work,
                                    llvm::ArrayRef<CUgraphNode> dependencies) {
  auto node = std::make_unique<CUgraphNode_st>();
  node->graph = this;
  node->id = Driver::get().nextId++;
  node->work = std::move(work);
  node->dependencies = dependencies.vec();
  CUgraphNode_st *added = node.get();
  Driver::get().nodes[added] = added;
  nodes.push_back(std::move(node));
  return added;
}

void CUgraph_st::removeNode(CUgraphNode_st &node) {
  for (auto &other : nodes)
    llvm::erase(other->dependencies, &node);
  llvm::erase_if(nodes, [&](auto &other) { return other.get() == &node; });
}

std::vector<CUgraphNode_st *> CUgraph_st::order() const {
  llvm::DenseMap<const CUgraphNode_st *, size_t> indices;
  std::vector<size_t> waitsFor(nodes.size());
  std::vector<std::vector<size_t>> followers(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i)
    indices[nodes[i].get()] = i;
  std::priority_queue<size_t> ready; // the largest, that is the last, is first
  for (size_t i = 0; i < nodes.size(); ++i) {
    waitsFor[i] = nodes[i]->dependencies.size();
    for (CUgraphNode_st *dependency : nodes[i]->dependencies)
      followers[indices.lookup(dependency)].push_back(i);
    if (!waitsFor[i])
      ready.push(i);
  }
  std::vector<CUgraphNode_st *> ordered;
  while (!ready.empty()) {
    size_t next = ready.top();
    ready.pop();
    ordered.push_back(nodes[next].get());
    for (size_t follower : followers[next])
      if (--waitsFor[follower] == 0)
        ready.push(follower);
  }
  if (ordered.size() != nodes.size())
    ordered.clear();
  return ordered;
}

/// Graphs within graphs are copied with them.
static Work cloneWork(const Work &work) {
  if (auto *child = std::get_if<ChildGraphWork>(&work))
    return ChildGraphWork{child->graph->clone()};
  return work;
}

std::shared_ptr<CUgraph_st> CUgraph_st::clone() const {
  auto copy = std::make_shared<CUgraph_st>();
  llvm::DenseMap<CUgraphNode, CUgraphNode> copies;
  for (auto &node : nodes) {
    CUgraphNode_st *added = copy->addNode(cloneWork(node->work), {});
    added->originalId = node->id;
    copies[node.get()] = added;
  }
  for (auto &node : nodes)
    for (CUgraphNode dependency : node->dependencies)
      copies[node.get()]->dependencies.push_back(copies[dependency]);
  Driver::get().graphs.add(copy);
  return copy;
}

GraphPlan &CUgraphExec_st::planToChange() {
  if (plan.use_count() > 1)
    plan = std::make_shared<GraphPlan>(*plan);
  return *plan;
}

namespace dlc::ptxsim::driver {

GraphPlan::Step *GraphPlan::find(const CUgraphNode_st &node) {
  auto found = llvm::find_if(
      steps, [&](const Step &step) { return step.nodeId == node.id; });
  return found == steps.end() ? nullptr : &*found;
}

std::shared_ptr<GraphPlan> makePlan(const CUgraph_st &graph) {
  auto plan = std::make_shared<GraphPlan>();
  std::vector<CUgraphNode_st *> ordered = graph.order();
  if (ordered.size() != graph.nodes.size())
    return nullptr;
  llvm::DenseMap<const CUgraphNode_st *, size_t> indices;
  for (auto [index, node] : llvm::enumerate(graph.nodes))
    indices[node.get()] = index;
  for (CUgraphNode_st *node : ordered) {
    GraphPlan::Step step;
    step.nodeId = node->id;
    step.index = indices[node];
    // the plan keeps what a child graph is now
    step.work = node->work;
    if (auto *child = std::get_if<ChildGraphWork>(&node->work)) {
      std::shared_ptr<const GraphPlan> childPlan = makePlan(*child->graph);
      if (!childPlan)
        return nullptr;
      step.work = GraphLaunchWork{std::move(childPlan)};
    }
    for (CUgraphNode dependency : node->dependencies)
      step.after.push_back(indices[dependency]);
    llvm::sort(step.after);
    plan->steps.push_back(std::move(step));
  }
  return plan;
}

CUresult prepare(const GraphPlan &plan) {
  for (const GraphPlan::Step &step : plan.steps) {
    if (auto *kernel = std::get_if<KernelWork>(&step.work))
      DLC_SIM_TRY(prepareKernel(*kernel));
    if (auto *child = std::get_if<GraphLaunchWork>(&step.work))
      DLC_SIM_TRY(prepare(*child->plan));
  }
  return CUDA_SUCCESS;
}

CUresult execute(CUctx_st &context, const GraphPlan &plan) {
  for (const GraphPlan::Step &step : plan.steps)
    if (step.enabled)
      DLC_SIM_TRY(execute(context, step.work));
  return CUDA_SUCCESS;
}

} // namespace dlc::ptxsim::driver
