//===- ApiGraphExec.cpp - Captures and executable graphs ------------------===//

#include "ApiCall.h"
#include "ApiGraph.h"
#include "Launch.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

using namespace dlc::ptxsim::driver;

//===----------------------------------------------------------------------===//
// Captures
//===----------------------------------------------------------------------===//

static CUresult findStream(CUstream handle, CUstream_st *&stream) {
  stream = Driver::get().findStream(handle);
  return stream ? CUDA_SUCCESS
                : fail(CUDA_ERROR_INVALID_HANDLE, "not a stream");
}

CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode) {
  return inContext("cuStreamBeginCapture", [&](CUctx_st &) -> CUresult {
    CUstream_st *found = nullptr;
    DLC_SIM_TRY(findStream(stream, found));
    if (mode > CU_STREAM_CAPTURE_MODE_RELAXED)
      return fail(CUDA_ERROR_INVALID_VALUE, "unknown mode");
    if (found->isLegacy)
      return fail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
                  "the legacy stream can not be captured");
    if (found->capture)
      return fail(CUDA_ERROR_ILLEGAL_STATE, "the stream is being captured");
    Driver &driver = Driver::get();
    auto capture = std::make_shared<Capture>();
    capture->graph = std::make_shared<CUgraph_st>();
    driver.graphs.add(capture->graph);
    capture->origin = found;
    capture->mode = mode;
    capture->thread = std::this_thread::get_id();
    capture->id = driver.nextId++;
    found->capture = capture;
    found->captureTail.clear();
    llvm::erase_if(driver.captures, [](auto &old) { return old.expired(); });
    driver.captures.push_back(capture);
    return CUDA_SUCCESS;
  });
}

/// Whether all nodes of a capture come before its origin's last ones: other
/// streams have joined it again.
static bool isJoined(const Capture &capture) {
  std::vector<CUgraphNode> stack = capture.origin->captureTail;
  llvm::DenseSet<CUgraphNode> reached;
  while (!stack.empty()) {
    CUgraphNode node = stack.back();
    stack.pop_back();
    if (reached.insert(node).second)
      llvm::append_range(stack, node->dependencies);
  }
  return reached.size() == capture.graph->nodes.size();
}

/// Takes all streams out of a capture.
static void releaseStreams(const std::shared_ptr<Capture> &capture) {
  Driver &driver = Driver::get();
  auto release = [&](CUstream_st &stream) {
    if (stream.capture == capture) {
      stream.capture.reset();
      stream.captureTail.clear();
    }
  };
  for (auto &[handle, stream] : driver.streams)
    release(*stream);
  for (auto &[handle, context] : driver.contexts)
    for (auto &[thread, stream] : context->perThread)
      release(*stream);
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph *pgraph) {
  return inContext("cuStreamEndCapture", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(pgraph));
    *pgraph = nullptr;
    CUstream_st *found = nullptr;
    DLC_SIM_TRY(findStream(stream, found));
    std::shared_ptr<Capture> capture = found->capture;
    if (!capture)
      return fail(CUDA_ERROR_ILLEGAL_STATE, "the stream is not being captured");
    if (capture->origin != found)
      return fail(CUDA_ERROR_STREAM_CAPTURE_UNMATCHED,
                  "the capture was begun in another stream");
    if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
        capture->thread != std::this_thread::get_id())
      return fail(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD,
                  "the capture was begun in another thread");
    bool joined = isJoined(*capture);
    releaseStreams(capture);
    if (!capture->invalidated && joined) {
      *pgraph = capture->graph.get();
      return CUDA_SUCCESS;
    }
    Driver::get().graphs.erase(capture->graph.get());
    if (capture->invalidated)
      return fail(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
                  "a call before has invalidated the capture");
    return fail(CUDA_ERROR_STREAM_CAPTURE_UNJOINED,
                "work in another stream was not joined with the first one");
  });
}

static CUstreamCaptureStatus statusOf(const CUstream_st &stream) {
  if (!stream.capture)
    return CU_STREAM_CAPTURE_STATUS_NONE;
  return stream.capture->invalidated ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
                                     : CU_STREAM_CAPTURE_STATUS_ACTIVE;
}

CUresult cuStreamIsCapturing(CUstream stream,
                             CUstreamCaptureStatus *captureStatus) {
  return inContext("cuStreamIsCapturing", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(captureStatus));
    CUstream_st *found = nullptr;
    DLC_SIM_TRY(findStream(stream, found));
    *captureStatus = statusOf(*found);
    return CUDA_SUCCESS;
  });
}

static CUresult captureInfo(CUstream stream, CUstreamCaptureStatus *status,
                            cuuint64_t *id, CUgraph *graph,
                            const CUgraphNode **dependencies,
                            const CUgraphEdgeData **edgeData, size_t *count) {
  DLC_SIM_TRY(checkPointers(status));
  CUstream_st *found = nullptr;
  DLC_SIM_TRY(findStream(stream, found));
  *status = statusOf(*found);
  if (*status != CU_STREAM_CAPTURE_STATUS_ACTIVE)
    return CUDA_SUCCESS;
  if (id)
    *id = found->capture->id;
  if (graph)
    *graph = found->capture->graph.get();
  if (dependencies)
    *dependencies = found->captureTail.data();
  if (edgeData)
    *edgeData = nullptr;
  if (count)
    *count = found->captureTail.size();
  return CUDA_SUCCESS;
}

CUresult cuStreamGetCaptureInfo(CUstream stream,
                                CUstreamCaptureStatus *captureStatus,
                                cuuint64_t *id) {
  return inContext("cuStreamGetCaptureInfo", [&](CUctx_st &) {
    return captureInfo(stream, captureStatus, id, nullptr, nullptr, nullptr,
                       nullptr);
  });
}

CUresult cuStreamGetCaptureInfo_v2(CUstream stream,
                                   CUstreamCaptureStatus *captureStatus,
                                   cuuint64_t *id, CUgraph *graph,
                                   const CUgraphNode **dependencies,
                                   size_t *count) {
  return inContext("cuStreamGetCaptureInfo", [&](CUctx_st &) {
    return captureInfo(stream, captureStatus, id, graph, dependencies, nullptr,
                       count);
  });
}

CUresult cuStreamGetCaptureInfo_v3(CUstream stream,
                                   CUstreamCaptureStatus *captureStatus,
                                   cuuint64_t *id, CUgraph *graph,
                                   const CUgraphNode **dependencies,
                                   const CUgraphEdgeData **edgeData,
                                   size_t *count) {
  return inContext("cuStreamGetCaptureInfo", [&](CUctx_st &) {
    return captureInfo(stream, captureStatus, id, graph, dependencies, edgeData,
                       count);
  });
}

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode) {
  return initialized("cuThreadExchangeStreamCaptureMode", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(mode));
    if (*mode > CU_STREAM_CAPTURE_MODE_RELAXED)
      return fail(CUDA_ERROR_INVALID_VALUE, "unknown mode");
    std::swap(threadState().captureMode, *mode);
    return CUDA_SUCCESS;
  });
}

//===----------------------------------------------------------------------===//
// Executable graphs
//===----------------------------------------------------------------------===//

static CUresult findExec(CUgraphExec handle, CUgraphExec_st *&exec) {
  exec = Driver::get().graphExecs.find(handle);
  return exec ? CUDA_SUCCESS
              : fail(CUDA_ERROR_INVALID_VALUE, "not an executable graph");
}

static CUresult instantiate(CUctx_st &context, CUgraphExec *exec, CUgraph graph,
                            uint64_t flags) {
  DLC_SIM_TRY(checkPointers(exec));
  CUgraph_st *found = nullptr;
  DLC_SIM_TRY(findGraph(graph, found));
  if (flags & CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH)
    return fail(CUDA_ERROR_NOT_SUPPORTED,
                "the simulator does not launch graphs from the device");
  auto made = std::make_shared<CUgraphExec_st>();
  made->context = &context;
  made->flags = flags;
  made->plan = makePlan(*found);
  if (!made->plan)
    return fail(CUDA_ERROR_INVALID_VALUE, "the graph has a cycle");
  DLC_SIM_TRY(prepare(*made->plan));
  *exec = Driver::get().graphExecs.add(std::move(made));
  return CUDA_SUCCESS;
}

CUresult cuGraphInstantiate_v2(CUgraphExec *exec, CUgraph graph,
                               CUgraphNode *phErrorNode, char *logBuffer,
                               size_t bufferSize) {
  return inContext("cuGraphInstantiate", [&](CUctx_st &context) {
    if (phErrorNode)
      *phErrorNode = nullptr;
    if (logBuffer && bufferSize)
      *logBuffer = 0;
    return instantiate(context, exec, graph, 0);
  });
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph,
                                     unsigned long long flags) {
  return inContext("cuGraphInstantiate", [&](CUctx_st &context) {
    return instantiate(context, exec, graph, flags);
  });
}

CUresult cuGraphInstantiateWithParams(CUgraphExec *exec, CUgraph graph,
                                      CUDA_GRAPH_INSTANTIATE_PARAMS *params) {
  return inContext(
      "cuGraphInstantiateWithParams", [&](CUctx_st &context) -> CUresult {
        DLC_SIM_TRY(checkPointers(params));
        CUresult result = instantiate(context, exec, graph, params->flags);
        params->hErrNode_out = nullptr;
        params->result_out = result == CUDA_SUCCESS
                                 ? CUDA_GRAPH_INSTANTIATE_SUCCESS
                                 : CUDA_GRAPH_INSTANTIATE_ERROR;
        return result;
      });
}

CUresult cuGraphExecGetFlags(CUgraphExec exec, cuuint64_t *flags) {
  return inContext("cuGraphExecGetFlags", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(flags));
    CUgraphExec_st *found = nullptr;
    DLC_SIM_TRY(findExec(exec, found));
    *flags = found->flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphUpload(CUgraphExec exec, CUstream stream) {
  return inContext("cuGraphUpload", [&](CUctx_st &) -> CUresult {
    CUgraphExec_st *found = nullptr;
    CUstream_st *in = nullptr;
    DLC_SIM_TRY(findExec(exec, found));
    return findStream(stream, in); // there is nothing to upload
  });
}

CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) {
  return inContext("cuGraphLaunch", [&](CUctx_st &context) -> CUresult {
    CUgraphExec_st *found = nullptr;
    CUstream_st *in = nullptr;
    DLC_SIM_TRY(findExec(exec, found));
    DLC_SIM_TRY(findStream(stream, in));
    if (in->capture) {
      in->capture->invalidated = true;
      return fail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
                  "the stream is being captured; the capture is invalid now");
    }
    Driver &driver = Driver::get();
    driver.statistics.noteLaunch();
    ++driver.statistics.graphLaunches;
    llvm::SmallVector<Dependency, 1> after;
    if (found->lastLaunch.queue)
      after.push_back(found->lastLaunch);
    std::shared_ptr<StreamQueue> queue = in->queue;
    uint64_t sequence =
        driver.enqueue(*in, GraphLaunchWork{found->plan}, after);
    found->lastLaunch = {queue, sequence};
    return context.sticky;
  });
}

CUresult cuGraphExecDestroy(CUgraphExec exec) {
  return inContext("cuGraphExecDestroy", [&](CUctx_st &) -> CUresult {
    CUgraphExec_st *found = nullptr;
    DLC_SIM_TRY(findExec(exec, found));
    Driver::get().graphExecs.erase(found);
    return CUDA_SUCCESS;
  });
}

//===----------------------------------------------------------------------===//
// Changes of executable graphs
//===----------------------------------------------------------------------===//

/// The step of an executable graph that a node of its graph became.
static CUresult findStep(CUgraphExec exec, CUgraphNode node,
                         GraphPlan::Step *&step) {
  CUgraphExec_st *foundExec = nullptr;
  CUgraphNode_st *foundNode = nullptr;
  DLC_SIM_TRY(findExec(exec, foundExec));
  DLC_SIM_TRY(findNode(node, foundNode));
  step = foundExec->planToChange().find(*foundNode);
  return step ? CUDA_SUCCESS
              : fail(CUDA_ERROR_INVALID_VALUE,
                     "the node is not of the graph that was instantiated");
}

/// Replaces the work of a node by work of the same type.
static CUresult setWork(CUgraphExec exec, CUgraphNode node, Work work) {
  GraphPlan::Step *step = nullptr;
  DLC_SIM_TRY(findStep(exec, node, step));
  if (step->work.index() != work.index())
    return fail(CUDA_ERROR_INVALID_VALUE, "the node is of another type");
  DLC_SIM_TRY(validate(work));
  if (auto *kernel = std::get_if<KernelWork>(&work))
    DLC_SIM_TRY(prepareKernel(*kernel));
  step->work = std::move(work);
  return CUDA_SUCCESS;
}

static CUresult setKernel(CUgraphExec exec, CUgraphNode node,
                          const CUDA_KERNEL_NODE_PARAMS &params) {
  GraphPlan::Step *step = nullptr;
  DLC_SIM_TRY(findStep(exec, node, step));
  KernelWork work;
  if (const auto *old = std::get_if<KernelWork>(&step->work))
    work.isCooperative = old->isCooperative;
  DLC_SIM_TRY(makeKernelWork(params, work));
  return setWork(exec, node, std::move(work));
}

CUresult
cuGraphExecKernelNodeSetParams(CUgraphExec exec, CUgraphNode node,
                               const CUDA_KERNEL_NODE_PARAMS_v1 *params) {
  return inContext("cuGraphExecKernelNodeSetParams",
                   [&](CUctx_st &) -> CUresult {
                     DLC_SIM_TRY(checkPointers(params));
                     return setKernel(exec, node, widen(*params));
                   });
}

CUresult
cuGraphExecKernelNodeSetParams_v2(CUgraphExec exec, CUgraphNode node,
                                  const CUDA_KERNEL_NODE_PARAMS *params) {
  return inContext("cuGraphExecKernelNodeSetParams",
                   [&](CUctx_st &) -> CUresult {
                     DLC_SIM_TRY(checkPointers(params));
                     return setKernel(exec, node, *params);
                   });
}

/// Parameters that are kept as the program gave them.
template <typename T, typename Params>
static CUresult setParams(const char *name, CUgraphExec exec, CUgraphNode node,
                          const Params *params) {
  return inContext(name, [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(params));
    return setWork(exec, node, T{*params});
  });
}

CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                        const CUDA_MEMCPY3D *copyParams,
                                        CUcontext) {
  return setParams<CopyWork>("cuGraphExecMemcpyNodeSetParams", exec, node,
                             copyParams);
}

CUresult
cuGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode node,
                               const CUDA_MEMSET_NODE_PARAMS *memsetParams,
                               CUcontext) {
  return setParams<FillWork>("cuGraphExecMemsetNodeSetParams", exec, node,
                             memsetParams);
}

CUresult cuGraphExecHostNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                      const CUDA_HOST_NODE_PARAMS *params) {
  return setParams<HostWork>("cuGraphExecHostNodeSetParams", exec, node,
                             params);
}

/// Gives a plan the work of a graph of the same shape. What does not fit is an
/// error, and the plan stays as it was.
static CUgraphExecUpdateResult
updatePlan(GraphPlan &plan, const GraphPlan &from, size_t &wrongStep) {
  if (plan.steps.size() != from.steps.size())
    return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
  for (auto [index, pair] :
       llvm::enumerate(llvm::zip(plan.steps, from.steps))) {
    auto &[step, other] = pair;
    wrongStep = index;
    if (step.index != other.index || step.after != other.after)
      return CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED;
    if (step.work.index() != other.work.index())
      return CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED;
  }
  for (auto [step, other] : llvm::zip(plan.steps, from.steps))
    step.work = other.work;
  return CU_GRAPH_EXEC_UPDATE_SUCCESS;
}

CUresult cuGraphExecChildGraphNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                            CUgraph childGraph) {
  return inContext(
      "cuGraphExecChildGraphNodeSetParams", [&](CUctx_st &) -> CUresult {
        CUgraph_st *child = nullptr;
        GraphPlan::Step *step = nullptr;
        DLC_SIM_TRY(findGraph(childGraph, child));
        DLC_SIM_TRY(findStep(exec, node, step));
        auto *work = std::get_if<GraphLaunchWork>(&step->work);
        std::shared_ptr<GraphPlan> from = makePlan(*child);
        if (!work || !from)
          return fail(CUDA_ERROR_INVALID_VALUE,
                      "the node is not a child graph, or the graph has a "
                      "cycle");
        auto changed = std::make_shared<GraphPlan>(*work->plan);
        size_t wrongStep = 0;
        if (updatePlan(*changed, *from, wrongStep) !=
            CU_GRAPH_EXEC_UPDATE_SUCCESS)
          return fail(CUDA_ERROR_INVALID_VALUE,
                      "the graph does not have the shape of the child graph");
        DLC_SIM_TRY(prepare(*changed));
        work->plan = std::move(changed);
        return CUDA_SUCCESS;
      });
}

static CUresult updateExec(CUgraphExec exec, CUgraph graph,
                           CUgraphExecUpdateResultInfo &info) {
  CUgraphExec_st *foundExec = nullptr;
  CUgraph_st *foundGraph = nullptr;
  info = {CU_GRAPH_EXEC_UPDATE_ERROR, nullptr, nullptr};
  DLC_SIM_TRY(findExec(exec, foundExec));
  DLC_SIM_TRY(findGraph(graph, foundGraph));
  std::shared_ptr<GraphPlan> from = makePlan(*foundGraph);
  if (!from)
    return fail(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, "the graph has a cycle");
  DLC_SIM_TRY(prepare(*from));
  size_t wrongStep = 0;
  info.result = updatePlan(foundExec->planToChange(), *from, wrongStep);
  if (info.result == CU_GRAPH_EXEC_UPDATE_SUCCESS)
    return CUDA_SUCCESS;
  if (foundExec->plan->steps.size() == from->steps.size())
    info.errorNode = foundGraph->nodes[from->steps[wrongStep].index].get();
  return fail(CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE,
              "the graph does not have the shape or the node types of the one "
              "that was instantiated");
}

CUresult cuGraphExecUpdate(CUgraphExec exec, CUgraph graph,
                           CUgraphNode *hErrorNode,
                           CUgraphExecUpdateResult *updateResult) {
  return inContext("cuGraphExecUpdate", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(hErrorNode, updateResult));
    CUgraphExecUpdateResultInfo info;
    CUresult result = updateExec(exec, graph, info);
    *hErrorNode = info.errorNode;
    *updateResult = info.result;
    return result;
  });
}

CUresult cuGraphExecUpdate_v2(CUgraphExec exec, CUgraph graph,
                              CUgraphExecUpdateResultInfo *resultInfo) {
  return inContext("cuGraphExecUpdate", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(resultInfo));
    return updateExec(exec, graph, *resultInfo);
  });
}

CUresult cuGraphNodeSetEnabled(CUgraphExec exec, CUgraphNode node,
                               unsigned int isEnabled) {
  return inContext("cuGraphNodeSetEnabled", [&](CUctx_st &) -> CUresult {
    GraphPlan::Step *step = nullptr;
    DLC_SIM_TRY(findStep(exec, node, step));
    step->enabled = isEnabled != 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuGraphNodeGetEnabled(CUgraphExec exec, CUgraphNode node,
                               unsigned int *isEnabled) {
  return inContext("cuGraphNodeGetEnabled", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(isEnabled));
    GraphPlan::Step *step = nullptr;
    DLC_SIM_TRY(findStep(exec, node, step));
    *isEnabled = step->enabled;
    return CUDA_SUCCESS;
  });
}
