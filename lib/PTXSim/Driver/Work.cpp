//===- Work.cpp - What streams and graphs do ------------------------------===//

#include "ApiCall.h"
#include "Copy.h"
#include "Graph.h"
#include "Launch.h"

#include "llvm/ADT/STLExtras.h"

namespace dlc::ptxsim::driver {

namespace {
/// One function for each type of work: `overloaded{[](const A &) {...}, ...}`.
template <typename... Fns>
struct Overloaded : Fns... {
  using Fns::operator()...;
};
template <typename... Fns>
Overloaded(Fns...) -> Overloaded<Fns...>;
} // namespace

CUgraphNodeType nodeType(const Work &work) {
  return std::visit(
      Overloaded{
          [](const KernelWork &) { return CU_GRAPH_NODE_TYPE_KERNEL; },
          [](const CopyWork &) { return CU_GRAPH_NODE_TYPE_MEMCPY; },
          [](const FillWork &) { return CU_GRAPH_NODE_TYPE_MEMSET; },
          [](const HostWork &) { return CU_GRAPH_NODE_TYPE_HOST; },
          [](const ChildGraphWork &) { return CU_GRAPH_NODE_TYPE_GRAPH; },
          [](const EventWaitWork &) { return CU_GRAPH_NODE_TYPE_WAIT_EVENT; },
          [](const EventRecordWork &) {
            return CU_GRAPH_NODE_TYPE_EVENT_RECORD;
          },
          // the others are not in graphs
          [](const auto &) { return CU_GRAPH_NODE_TYPE_EMPTY; }},
      work);
}

/// The record of an event that is done at once.
static std::shared_ptr<EventRecord> finishedRecord() {
  auto record = std::make_shared<EventRecord>();
  record->queue = std::make_shared<StreamQueue>();
  return record;
}

static CUresult recordEvent(const EventRecordWork &work) {
  std::shared_ptr<EventRecord> record = work.record;
  if (!record) {
    if (!Driver::get().events.find(work.event))
      return fail(CUDA_ERROR_INVALID_HANDLE,
                  "an event of the graph was destroyed");
    record = work.event->record = finishedRecord();
  }
  record->time = std::chrono::steady_clock::now();
  return CUDA_SUCCESS;
}

static CUresult waitForEvent(CUevent event) {
  Driver &driver = Driver::get();
  if (!driver.events.find(event))
    return fail(CUDA_ERROR_INVALID_HANDLE,
                "an event of the graph was destroyed");
  if (std::shared_ptr<EventRecord> record = event->record)
    driver.runUntil(record->queue, record->sequence);
  return CUDA_SUCCESS;
}

CUresult execute(CUctx_st &context, const Work &work) {
  Driver &driver = Driver::get();
  CUresult result = std::visit(
      Overloaded{
          [&](const KernelWork &w) { return executeKernel(w); },
          [&](const CopyWork &w) { return executeCopy(w); },
          [&](const FillWork &w) { return executeFill(w); },
          [&](const HostWork &w) {
            w.params.fn(w.params.userData);
            return CUDA_SUCCESS;
          },
          [&](const CallbackWork &w) {
            w.callback(w.stream, context.sticky, w.userData);
            return CUDA_SUCCESS;
          },
          [&](const EventRecordWork &w) { return recordEvent(w); },
          [&](const EventWaitWork &w) { return waitForEvent(w.event); },
          [&](const FreeWork &w) {
            if (driver.memory.findBlock(w.address))
              driver.memory.release(w.address);
            return CUDA_SUCCESS;
          },
          [&](const EmptyWork &) { return CUDA_SUCCESS; },
          // in a plan, a child graph is the launch of its plan
          [&](const ChildGraphWork &) { return CUDA_SUCCESS; },
          [&](const GraphLaunchWork &w) { return execute(context, *w.plan); }},
      work);
  // what was right when it was asked for and is not any more: a GPU faults
  if (result == CUDA_ERROR_INVALID_VALUE ||
      result == CUDA_ERROR_INVALID_HANDLE) {
    driver.findings.report("work in a stream or graph uses memory, events or "
                           "functions that are gone");
    result = CUDA_ERROR_ILLEGAL_ADDRESS;
  }
  if (result != CUDA_SUCCESS && context.sticky == CUDA_SUCCESS)
    context.sticky = result;
  return result;
}

CUresult validate(const Work &work) {
  return std::visit(
      Overloaded{[](const CopyWork &w) {
                   CopySide dst, src;
                   return resolve(w.params, dst, src);
                 },
                 [](const FillWork &w) { return validateFill(w.params); },
                 [](const HostWork &w) {
                   return w.params.fn
                              ? CUDA_SUCCESS
                              : fail(CUDA_ERROR_INVALID_VALUE,
                                     "the host function is a null pointer");
                 },
                 [](const EventRecordWork &w) {
                   return Driver::get().events.find(w.event)
                              ? CUDA_SUCCESS
                              : fail(CUDA_ERROR_INVALID_HANDLE, "not an event");
                 },
                 [](const EventWaitWork &w) {
                   return Driver::get().events.find(w.event)
                              ? CUDA_SUCCESS
                              : fail(CUDA_ERROR_INVALID_HANDLE, "not an event");
                 },
                 [](const auto &) { return CUDA_SUCCESS; }},
      work);
}

} // namespace dlc::ptxsim::driver
