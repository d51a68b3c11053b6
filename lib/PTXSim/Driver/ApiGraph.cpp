//===- ApiGraph.cpp - Graphs and their nodes ------------------------------===//

#include "ApiGraph.h"
#include "ApiCall.h"
#include "Copy.h"
#include "Launch.h"

#include "llvm/ADT/STLExtras.h"

namespace dlc::ptxsim::driver {

CUresult findGraph(CUgraph handle, CUgraph_st *&graph) {
  graph = Driver::get().graphs.find(handle);
  return graph ? CUDA_SUCCESS : fail(CUDA_ERROR_INVALID_VALUE, "not a graph");
}

CUresult findNode(CUgraphNode handle, CUgraphNode_st *&node) {
  node = Driver::get().nodes.lookup(handle);
  return node ? CUDA_SUCCESS
              : fail(CUDA_ERROR_INVALID_VALUE, "not a node of a graph");
}

CUresult checkNodes(const CUgraph_st &graph, const CUgraphNode *nodes,
                    size_t count) {
  if (count)
    DLC_SIM_TRY(checkPointers(nodes));
  for (CUgraphNode handle : llvm::ArrayRef(nodes, count)) {
    CUgraphNode_st *node = nullptr;
    DLC_SIM_TRY(findNode(handle, node));
    if (node->graph != &graph)
      return fail(CUDA_ERROR_INVALID_VALUE, "a node is of another graph");
  }
  return CUDA_SUCCESS;
}

CUDA_KERNEL_NODE_PARAMS widen(const CUDA_KERNEL_NODE_PARAMS_v1 &params) {
  return {params.func,
          params.gridDimX,
          params.gridDimY,
          params.gridDimZ,
          params.blockDimX,
          params.blockDimY,
          params.blockDimZ,
          params.sharedMemBytes,
          params.kernelParams,
          params.extra,
          nullptr,
          nullptr};
}

} // namespace dlc::ptxsim::driver

using namespace dlc::ptxsim::driver;

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

CUresult cuGraphCreate(CUgraph *pgraph, unsigned int flags) {
  return initialized("cuGraphCreate", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(pgraph));
    if (flags)
      return fail(CUDA_ERROR_INVALID_VALUE, "flags must be 0");
    *pgraph = Driver::get().graphs.add(std::make_shared<CUgraph_st>());
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphDestroy(CUgraph graph) {
  return initialized("cuGraphDestroy", [&]() -> CUresult {
    CUgraph_st *found = nullptr;
    DLC_SIM_TRY(findGraph(graph, found));
    Driver::get().graphs.erase(found);
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphClone(CUgraph *phGraphClone, CUgraph originalGraph) {
  return initialized("cuGraphClone", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(phGraphClone));
    CUgraph_st *found = nullptr;
    DLC_SIM_TRY(findGraph(originalGraph, found));
    *phGraphClone = found->clone().get();
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphNodeFindInClone(CUgraphNode *phNode, CUgraphNode hOriginalNode,
                                CUgraph hClonedGraph) {
  return initialized("cuGraphNodeFindInClone", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(phNode));
    CUgraphNode_st *original = nullptr;
    CUgraph_st *clone = nullptr;
    DLC_SIM_TRY(findNode(hOriginalNode, original));
    DLC_SIM_TRY(findGraph(hClonedGraph, clone));
    for (auto &node : clone->nodes) {
      if (node->originalId == original->id) {
        *phNode = node.get();
        return CUDA_SUCCESS;
      }
    }
    return fail(CUDA_ERROR_INVALID_VALUE,
                "the node is of no graph that this one was cloned from");
  });
}

//===----------------------------------------------------------------------===//
// Adding nodes
//===----------------------------------------------------------------------===//

static CUresult addNode(CUgraphNode *node, CUgraph handle,
                        const CUgraphNode *dependencies, size_t count,
                        Work work) {
  DLC_SIM_TRY(checkPointers(node));
  CUgraph_st *graph = nullptr;
  DLC_SIM_TRY(findGraph(handle, graph));
  DLC_SIM_TRY(checkNodes(*graph, dependencies, count));
  DLC_SIM_TRY(validate(work));
  *node = graph->addNode(std::move(work), llvm::ArrayRef(dependencies, count));
  return CUDA_SUCCESS;
}

static CUresult addKernelNode(CUgraphNode *node, CUgraph graph,
                              const CUgraphNode *dependencies, size_t count,
                              const CUDA_KERNEL_NODE_PARAMS &params) {
  KernelWork work;
  DLC_SIM_TRY(makeKernelWork(params, work));
  return addNode(node, graph, dependencies, count, std::move(work));
}

CUresult cuGraphAddKernelNode(CUgraphNode *node, CUgraph graph,
                              const CUgraphNode *dependencies, size_t count,
                              const CUDA_KERNEL_NODE_PARAMS_v1 *params) {
  return initialized("cuGraphAddKernelNode", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(params));
    return addKernelNode(node, graph, dependencies, count, widen(*params));
  });
}

CUresult cuGraphAddKernelNode_v2(CUgraphNode *node, CUgraph graph,
                                 const CUgraphNode *dependencies, size_t count,
                                 const CUDA_KERNEL_NODE_PARAMS *params) {
  return initialized("cuGraphAddKernelNode", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(params));
    return addKernelNode(node, graph, dependencies, count, *params);
  });
}

CUresult cuGraphAddMemcpyNode(CUgraphNode *node, CUgraph graph,
                              const CUgraphNode *dependencies, size_t count,
                              const CUDA_MEMCPY3D *copyParams, CUcontext) {
  return initialized("cuGraphAddMemcpyNode", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(copyParams));
    return addNode(node, graph, dependencies, count, CopyWork{*copyParams});
  });
}

CUresult cuGraphAddMemsetNode(CUgraphNode *node, CUgraph graph,
                              const CUgraphNode *dependencies, size_t count,
                              const CUDA_MEMSET_NODE_PARAMS *memsetParams,
                              CUcontext) {
  return initialized("cuGraphAddMemsetNode", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(memsetParams));
    return addNode(node, graph, dependencies, count, FillWork{*memsetParams});
  });
}

CUresult cuGraphAddHostNode(CUgraphNode *node, CUgraph graph,
                            const CUgraphNode *dependencies, size_t count,
                            const CUDA_HOST_NODE_PARAMS *params) {
  return initialized("cuGraphAddHostNode", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(params));
    return addNode(node, graph, dependencies, count, HostWork{*params});
  });
}

CUresult cuGraphAddChildGraphNode(CUgraphNode *node, CUgraph graph,
                                  const CUgraphNode *dependencies, size_t count,
                                  CUgraph childGraph) {
  return initialized("cuGraphAddChildGraphNode", [&]() -> CUresult {
    CUgraph_st *child = nullptr;
    DLC_SIM_TRY(findGraph(childGraph, child));
    if (child->order().size() != child->nodes.size())
      return fail(CUDA_ERROR_INVALID_VALUE, "the child graph has a cycle");
    std::shared_ptr<CUgraph_st> clone = child->clone();
    CUresult result =
        addNode(node, graph, dependencies, count, ChildGraphWork{clone});
    if (result != CUDA_SUCCESS)
      Driver::get().graphs.erase(clone.get());
    return result;
  });
}

CUresult cuGraphAddEmptyNode(CUgraphNode *node, CUgraph graph,
                             const CUgraphNode *dependencies, size_t count) {
  return initialized("cuGraphAddEmptyNode", [&] {
    return addNode(node, graph, dependencies, count, EmptyWork{});
  });
}

CUresult cuGraphAddEventRecordNode(CUgraphNode *node, CUgraph graph,
                                   const CUgraphNode *dependencies,
                                   size_t count, CUevent event) {
  return initialized("cuGraphAddEventRecordNode", [&] {
    return addNode(node, graph, dependencies, count,
                   EventRecordWork{event, nullptr});
  });
}

CUresult cuGraphAddEventWaitNode(CUgraphNode *node, CUgraph graph,
                                 const CUgraphNode *dependencies, size_t count,
                                 CUevent event) {
  return initialized("cuGraphAddEventWaitNode", [&] {
    return addNode(node, graph, dependencies, count, EventWaitWork{event});
  });
}

CUresult cuGraphDestroyNode(CUgraphNode node) {
  return initialized("cuGraphDestroyNode", [&]() -> CUresult {
    CUgraphNode_st *found = nullptr;
    DLC_SIM_TRY(findNode(node, found));
    found->graph->removeNode(*found);
    return CUDA_SUCCESS;
  });
}

//===----------------------------------------------------------------------===//
// Parameters of nodes
//===----------------------------------------------------------------------===//

/// The work of a node that must be of type `T`.
template <typename T>
static CUresult findWork(CUgraphNode handle, CUgraphNode_st *&node, T *&work) {
  DLC_SIM_TRY(findNode(handle, node));
  work = std::get_if<T>(&node->work);
  return work ? CUDA_SUCCESS
              : fail(CUDA_ERROR_INVALID_VALUE, "the node is of another type");
}

static CUresult getKernelParams(CUgraphNode handle,
                                CUDA_KERNEL_NODE_PARAMS &params) {
  CUgraphNode_st *node = nullptr;
  KernelWork *work = nullptr;
  DLC_SIM_TRY(findWork(handle, node, work));
  if (!Driver::get().functions.count(work->function))
    return fail(CUDA_ERROR_INVALID_HANDLE, "the kernel's module is unloaded");
  node->parameterPointers.clear();
  for (const dlc::ptxsim::Parameter &parameter :
       work->function->function->parameters())
    node->parameterPointers.push_back(work->parameters.data() +
                                      parameter.offset);
  params = {work->function,
            work->grid.x,
            work->grid.y,
            work->grid.z,
            work->block.x,
            work->block.y,
            work->block.z,
            work->dynamicSharedBytes,
            node->parameterPointers.data(),
            nullptr,
            nullptr,
            nullptr};
  return CUDA_SUCCESS;
}

CUresult cuGraphKernelNodeGetParams(CUgraphNode node,
                                    CUDA_KERNEL_NODE_PARAMS_v1 *params) {
  return initialized("cuGraphKernelNodeGetParams", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(params));
    CUDA_KERNEL_NODE_PARAMS p;
    DLC_SIM_TRY(getKernelParams(node, p));
    *params = {p.func,         p.gridDimX,  p.gridDimY,  p.gridDimZ,
               p.blockDimX,    p.blockDimY, p.blockDimZ, p.sharedMemBytes,
               p.kernelParams, p.extra};
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphKernelNodeGetParams_v2(CUgraphNode node,
                                       CUDA_KERNEL_NODE_PARAMS *params) {
  return initialized("cuGraphKernelNodeGetParams", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(params));
    return getKernelParams(node, *params);
  });
}

static CUresult setKernelParams(CUgraphNode handle,
                                const CUDA_KERNEL_NODE_PARAMS &params) {
  CUgraphNode_st *node = nullptr;
  KernelWork *work = nullptr, changed;
  DLC_SIM_TRY(findWork(handle, node, work));
  changed.isCooperative = work->isCooperative;
  DLC_SIM_TRY(makeKernelWork(params, changed));
  *work = std::move(changed);
  return CUDA_SUCCESS;
}

CUresult cuGraphKernelNodeSetParams(CUgraphNode node,
                                    const CUDA_KERNEL_NODE_PARAMS_v1 *params) {
  return initialized("cuGraphKernelNodeSetParams", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(params));
    return setKernelParams(node, widen(*params));
  });
}

CUresult cuGraphKernelNodeSetParams_v2(CUgraphNode node,
                                       const CUDA_KERNEL_NODE_PARAMS *params) {
  return initialized("cuGraphKernelNodeSetParams", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(params));
    return setKernelParams(node, *params);
  });
}

/// Parameters that are kept as the program gave them.
template <typename T, typename Params>
static CUresult getParams(CUgraphNode handle, Params *params) {
  DLC_SIM_TRY(checkPointers(params));
  CUgraphNode_st *node = nullptr;
  T *work = nullptr;
  DLC_SIM_TRY(findWork(handle, node, work));
  *params = work->params;
  return CUDA_SUCCESS;
}

template <typename T, typename Params>
static CUresult setParams(CUgraphNode handle, const Params *params) {
  DLC_SIM_TRY(checkPointers(params));
  CUgraphNode_st *node = nullptr;
  T *work = nullptr;
  DLC_SIM_TRY(findWork(handle, node, work));
  T changed{*params};
  DLC_SIM_TRY(validate(changed));
  *work = changed;
  return CUDA_SUCCESS;
}

CUresult cuGraphMemcpyNodeGetParams(CUgraphNode node, CUDA_MEMCPY3D *params) {
  return initialized("cuGraphMemcpyNodeGetParams",
                     [&] { return getParams<CopyWork>(node, params); });
}

CUresult cuGraphMemcpyNodeSetParams(CUgraphNode node,
                                    const CUDA_MEMCPY3D *params) {
  return initialized("cuGraphMemcpyNodeSetParams",
                     [&] { return setParams<CopyWork>(node, params); });
}

CUresult cuGraphMemsetNodeGetParams(CUgraphNode node,
                                    CUDA_MEMSET_NODE_PARAMS *params) {
  return initialized("cuGraphMemsetNodeGetParams",
                     [&] { return getParams<FillWork>(node, params); });
}

CUresult cuGraphMemsetNodeSetParams(CUgraphNode node,
                                    const CUDA_MEMSET_NODE_PARAMS *params) {
  return initialized("cuGraphMemsetNodeSetParams",
                     [&] { return setParams<FillWork>(node, params); });
}

CUresult cuGraphHostNodeGetParams(CUgraphNode node,
                                  CUDA_HOST_NODE_PARAMS *params) {
  return initialized("cuGraphHostNodeGetParams",
                     [&] { return getParams<HostWork>(node, params); });
}

CUresult cuGraphHostNodeSetParams(CUgraphNode node,
                                  const CUDA_HOST_NODE_PARAMS *params) {
  return initialized("cuGraphHostNodeSetParams",
                     [&] { return setParams<HostWork>(node, params); });
}

CUresult cuGraphChildGraphNodeGetGraph(CUgraphNode node, CUgraph *pgraph) {
  return initialized("cuGraphChildGraphNodeGetGraph", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(pgraph));
    CUgraphNode_st *found = nullptr;
    ChildGraphWork *work = nullptr;
    DLC_SIM_TRY(findWork(node, found, work));
    *pgraph = work->graph.get();
    return CUDA_SUCCESS;
  });
}

//===----------------------------------------------------------------------===//
// The shape of a graph
//===----------------------------------------------------------------------===//

CUresult cuGraphNodeGetType(CUgraphNode node, CUgraphNodeType *type) {
  return initialized("cuGraphNodeGetType", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(type));
    CUgraphNode_st *found = nullptr;
    DLC_SIM_TRY(findNode(node, found));
    *type = nodeType(found->work);
    return CUDA_SUCCESS;
  });
}

/// Fills an array of the program: without one, says how many there are. Places
/// that are left over are null.
static CUresult giveNodes(llvm::ArrayRef<CUgraphNode> all, CUgraphNode *nodes,
                          size_t *count) {
  DLC_SIM_TRY(checkPointers(count));
  if (!nodes) {
    *count = all.size();
    return CUDA_SUCCESS;
  }
  for (size_t i = 0; i < *count; ++i)
    nodes[i] = i < all.size() ? all[i] : nullptr;
  *count = std::min(*count, all.size());
  return CUDA_SUCCESS;
}

static CUresult giveNodesOf(CUgraph handle, bool rootsOnly, CUgraphNode *nodes,
                            size_t *count) {
  CUgraph_st *graph = nullptr;
  DLC_SIM_TRY(findGraph(handle, graph));
  std::vector<CUgraphNode> all;
  for (auto &node : graph->nodes)
    if (!rootsOnly || node->dependencies.empty())
      all.push_back(node.get());
  return giveNodes(all, nodes, count);
}

CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *numNodes) {
  return initialized("cuGraphGetNodes", [&] {
    return giveNodesOf(graph, /*rootsOnly=*/false, nodes, numNodes);
  });
}

CUresult cuGraphGetRootNodes(CUgraph graph, CUgraphNode *rootNodes,
                             size_t *numRootNodes) {
  return initialized("cuGraphGetRootNodes", [&] {
    return giveNodesOf(graph, /*rootsOnly=*/true, rootNodes, numRootNodes);
  });
}

static void clearEdgeData(CUgraphEdgeData *edgeData, size_t count) {
  if (edgeData)
    std::fill_n(edgeData, count, CUgraphEdgeData{});
}

static CUresult getEdges(CUgraph handle, CUgraphNode *from, CUgraphNode *to,
                         CUgraphEdgeData *edgeData, size_t *count) {
  CUgraph_st *graph = nullptr;
  DLC_SIM_TRY(findGraph(handle, graph));
  DLC_SIM_TRY(checkPointers(count));
  std::vector<CUgraphNode> starts, ends;
  for (auto &node : graph->nodes) {
    for (CUgraphNode dependency : node->dependencies) {
      starts.push_back(dependency);
      ends.push_back(node.get());
    }
  }
  size_t room = *count;
  DLC_SIM_TRY(giveNodes(starts, from, count));
  if (from)
    clearEdgeData(edgeData, *count);
  return giveNodes(ends, to, to ? &room : count);
}

CUresult cuGraphGetEdges(CUgraph graph, CUgraphNode *from, CUgraphNode *to,
                         size_t *numEdges) {
  return initialized("cuGraphGetEdges", [&] {
    return getEdges(graph, from, to, nullptr, numEdges);
  });
}

CUresult cuGraphGetEdges_v2(CUgraph graph, CUgraphNode *from, CUgraphNode *to,
                            CUgraphEdgeData *edgeData, size_t *numEdges) {
  return initialized("cuGraphGetEdges", [&] {
    return getEdges(graph, from, to, edgeData, numEdges);
  });
}

static CUresult getDependencies(CUgraphNode handle, CUgraphNode *dependencies,
                                CUgraphEdgeData *edgeData, size_t *count) {
  CUgraphNode_st *node = nullptr;
  DLC_SIM_TRY(findNode(handle, node));
  DLC_SIM_TRY(giveNodes(node->dependencies, dependencies, count));
  if (dependencies)
    clearEdgeData(edgeData, *count);
  return CUDA_SUCCESS;
}

CUresult cuGraphNodeGetDependencies(CUgraphNode node, CUgraphNode *dependencies,
                                    size_t *count) {
  return initialized("cuGraphNodeGetDependencies", [&] {
    return getDependencies(node, dependencies, nullptr, count);
  });
}

CUresult cuGraphNodeGetDependencies_v2(CUgraphNode node,
                                       CUgraphNode *dependencies,
                                       CUgraphEdgeData *edgeData,
                                       size_t *count) {
  return initialized("cuGraphNodeGetDependencies", [&] {
    return getDependencies(node, dependencies, edgeData, count);
  });
}

static CUresult getDependents(CUgraphNode handle, CUgraphNode *dependents,
                              CUgraphEdgeData *edgeData, size_t *count) {
  CUgraphNode_st *node = nullptr;
  DLC_SIM_TRY(findNode(handle, node));
  std::vector<CUgraphNode> all;
  for (auto &other : node->graph->nodes)
    if (llvm::is_contained(other->dependencies, node))
      all.push_back(other.get());
  DLC_SIM_TRY(giveNodes(all, dependents, count));
  if (dependents)
    clearEdgeData(edgeData, *count);
  return CUDA_SUCCESS;
}

CUresult cuGraphNodeGetDependentNodes(CUgraphNode node,
                                      CUgraphNode *dependentNodes,
                                      size_t *numDependentNodes) {
  return initialized("cuGraphNodeGetDependentNodes", [&] {
    return getDependents(node, dependentNodes, nullptr, numDependentNodes);
  });
}

CUresult cuGraphNodeGetDependentNodes_v2(CUgraphNode node,
                                         CUgraphNode *dependentNodes,
                                         CUgraphEdgeData *edgeData,
                                         size_t *numDependentNodes) {
  return initialized("cuGraphNodeGetDependentNodes", [&] {
    return getDependents(node, dependentNodes, edgeData, numDependentNodes);
  });
}

static CUresult changeEdges(CUgraph handle, const CUgraphNode *from,
                            const CUgraphNode *to, size_t count, bool add) {
  CUgraph_st *graph = nullptr;
  DLC_SIM_TRY(findGraph(handle, graph));
  DLC_SIM_TRY(checkNodes(*graph, from, count));
  DLC_SIM_TRY(checkNodes(*graph, to, count));
  for (size_t i = 0; i < count; ++i)
    if (llvm::is_contained(to[i]->dependencies, from[i]) == add)
      return fail(CUDA_ERROR_INVALID_VALUE,
                  add ? "the edge is there already" : "there is no such edge");
  for (size_t i = 0; i < count; ++i) {
    if (add)
      to[i]->dependencies.push_back(from[i]);
    else
      llvm::erase(to[i]->dependencies, from[i]);
  }
  return CUDA_SUCCESS;
}

CUresult cuGraphAddDependencies(CUgraph graph, const CUgraphNode *from,
                                const CUgraphNode *to, size_t count) {
  return initialized("cuGraphAddDependencies", [&] {
    return changeEdges(graph, from, to, count, /*add=*/true);
  });
}

CUresult cuGraphAddDependencies_v2(CUgraph graph, const CUgraphNode *from,
                                   const CUgraphNode *to,
                                   const CUgraphEdgeData *, size_t count) {
  return initialized("cuGraphAddDependencies", [&] {
    return changeEdges(graph, from, to, count, /*add=*/true);
  });
}

CUresult cuGraphRemoveDependencies(CUgraph graph, const CUgraphNode *from,
                                   const CUgraphNode *to, size_t count) {
  return initialized("cuGraphRemoveDependencies", [&] {
    return changeEdges(graph, from, to, count, /*add=*/false);
  });
}

CUresult cuGraphRemoveDependencies_v2(CUgraph graph, const CUgraphNode *from,
                                      const CUgraphNode *to,
                                      const CUgraphEdgeData *, size_t count) {
  return initialized("cuGraphRemoveDependencies", [&] {
    return changeEdges(graph, from, to, count, /*add=*/false);
  });
}
