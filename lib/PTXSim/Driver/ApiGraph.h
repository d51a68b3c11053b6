//===- ApiGraph.h - Helpers of the graph functions -------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_DRIVER_APIGRAPH_H
#define DLC_LIB_PTXSIM_DRIVER_APIGRAPH_H

#include "Graph.h"

namespace dlc::ptxsim::driver {

CUresult findGraph(CUgraph handle, CUgraph_st *&graph);
CUresult findNode(CUgraphNode handle, CUgraphNode_st *&node);
/// Whether all of the nodes are nodes of the graph.
CUresult checkNodes(const CUgraph_st &graph, const CUgraphNode *nodes,
                    size_t count);

CUDA_KERNEL_NODE_PARAMS widen(const CUDA_KERNEL_NODE_PARAMS_v1 &params);

} // namespace dlc::ptxsim::driver

#endif // DLC_LIB_PTXSIM_DRIVER_APIGRAPH_H
