//===- ApiStream.cpp - Streams and events ---------------------------------===//

#include "ApiCall.h"
#include "Graph.h"

#include <algorithm>

using namespace dlc::ptxsim::driver;

static CUresult findStream(CUstream handle, CUstream_st *&stream) {
  stream = Driver::get().findStream(handle);
  return stream ? CUDA_SUCCESS
                : fail(CUDA_ERROR_INVALID_HANDLE, "not a stream");
}

static CUresult findEvent(CUevent handle, CUevent_st *&event) {
  event = Driver::get().events.find(handle);
  return event ? CUDA_SUCCESS : fail(CUDA_ERROR_INVALID_HANDLE, "not an event");
}

/// Waiting for a stream that is being captured is not possible.
static CUresult checkNotCapturing(CUstream_st &stream) {
  if (!stream.capture)
    return CUDA_SUCCESS;
  stream.capture->invalidated = true;
  return fail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
              "the stream is being captured; the capture is invalid now");
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

static CUresult createStream(CUctx_st &context, CUstream *stream,
                             unsigned flags, int priority) {
  DLC_SIM_TRY(checkPointers(stream));
  if (flags & ~unsigned(CU_STREAM_NON_BLOCKING))
    return fail(CUDA_ERROR_INVALID_VALUE,
                "unknown flags " + std::to_string(flags));
  auto made = std::make_shared<CUstream_st>();
  made->context = &context;
  made->flags = flags;
  made->priority = std::clamp(priority, kGreatestPriority, kLeastPriority);
  made->id = Driver::get().nextId++;
  *stream = Driver::get().streams.add(std::move(made));
  return CUDA_SUCCESS;
}

CUresult cuStreamCreate(CUstream *stream, unsigned int flags) {
  return inContext("cuStreamCreate", [&](CUctx_st &context) {
    return createStream(context, stream, flags, kLeastPriority);
  });
}

CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned int flags,
                                    int priority) {
  return inContext("cuStreamCreateWithPriority", [&](CUctx_st &context) {
    return createStream(context, stream, flags, priority);
  });
}

CUresult cuStreamDestroy_v2(CUstream stream) {
  return inContext("cuStreamDestroy", [&](CUctx_st &) -> CUresult {
    Driver &driver = Driver::get();
    CUstream_st *found = driver.streams.find(stream);
    if (!found)
      return fail(CUDA_ERROR_INVALID_HANDLE, "not a stream that was created");
    // its work is done all the same
    driver.finish(*found);
    if (found->capture)
      found->capture->invalidated = true;
    driver.streams.erase(found);
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetPriority(CUstream stream, int *priority) {
  return inContext("cuStreamGetPriority", [&](CUctx_st &) -> CUresult {
    CUstream_st *found = nullptr;
    DLC_SIM_TRY(checkPointers(priority));
    DLC_SIM_TRY(findStream(stream, found));
    *priority = found->priority;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetFlags(CUstream stream, unsigned int *flags) {
  return inContext("cuStreamGetFlags", [&](CUctx_st &) -> CUresult {
    CUstream_st *found = nullptr;
    DLC_SIM_TRY(checkPointers(flags));
    DLC_SIM_TRY(findStream(stream, found));
    *flags = found->flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetId(CUstream stream, unsigned long long *streamId) {
  return inContext("cuStreamGetId", [&](CUctx_st &) -> CUresult {
    CUstream_st *found = nullptr;
    DLC_SIM_TRY(checkPointers(streamId));
    DLC_SIM_TRY(findStream(stream, found));
    *streamId = found->id;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetCtx(CUstream stream, CUcontext *context) {
  return inContext("cuStreamGetCtx", [&](CUctx_st &) -> CUresult {
    CUstream_st *found = nullptr;
    DLC_SIM_TRY(checkPointers(context));
    DLC_SIM_TRY(findStream(stream, found));
    *context = found->context;
    return CUDA_SUCCESS;
  });
}

CUresult cuStreamGetDevice(CUstream stream, CUdevice *device) {
  return inContext("cuStreamGetDevice", [&](CUctx_st &) -> CUresult {
    CUstream_st *found = nullptr;
    DLC_SIM_TRY(checkPointers(device));
    DLC_SIM_TRY(findStream(stream, found));
    *device = 0;
    return CUDA_SUCCESS;
  });
}

/// Does some of what is pending, so that a program that polls comes to an end.
static CUresult poll(const std::shared_ptr<StreamQueue> &queue,
                     uint64_t sequence, const CUctx_st &context) {
  if (queue->done < sequence)
    Driver::get().runUntil(queue, queue->done + 1);
  DLC_SIM_TRY(context.sticky);
  return queue->done < sequence ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

CUresult cuStreamQuery(CUstream stream) {
  return inContext("cuStreamQuery", [&](CUctx_st &context) -> CUresult {
    CUstream_st *found = nullptr;
    DLC_SIM_TRY(findStream(stream, found));
    DLC_SIM_TRY(checkNotCapturing(*found));
    if (found->isLegacy)
      Driver::get().enqueue(*found, EmptyWork{});
    return poll(found->queue, found->queue->issued, context);
  });
}

CUresult cuStreamSynchronize(CUstream stream) {
  return inContext("cuStreamSynchronize", [&](CUctx_st &context) -> CUresult {
    CUstream_st *found = nullptr;
    DLC_SIM_TRY(findStream(stream, found));
    DLC_SIM_TRY(checkNotCapturing(*found));
    if (found->isLegacy)
      DLC_SIM_TRY(Driver::get().checkNoCapture());
    Driver::get().finish(*found);
    return context.sticky;
  });
}

CUresult cuStreamAddCallback(CUstream stream, CUstreamCallback callback,
                             void *userData, unsigned int flags) {
  return inContext("cuStreamAddCallback", [&](CUctx_st &) -> CUresult {
    CUstream_st *found = nullptr;
    DLC_SIM_TRY(checkPointers(callback));
    DLC_SIM_TRY(findStream(stream, found));
    DLC_SIM_TRY(checkNotCapturing(*found));
    if (flags)
      return fail(CUDA_ERROR_INVALID_VALUE, "flags must be 0");
    Driver::get().enqueue(*found, CallbackWork{callback, stream, userData});
    return CUDA_SUCCESS;
  });
}

CUresult cuLaunchHostFunc(CUstream stream, CUhostFn fn, void *userData) {
  return inContext("cuLaunchHostFunc", [&](CUctx_st &) -> CUresult {
    CUstream_st *found = nullptr;
    DLC_SIM_TRY(checkPointers(fn));
    DLC_SIM_TRY(findStream(stream, found));
    return Driver::get().submit(*found, HostWork{{fn, userData}});
  });
}

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

CUresult cuEventCreate(CUevent *event, unsigned int flags) {
  return inContext("cuEventCreate", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(event));
    constexpr unsigned known = CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING;
    if (flags & ~known)
      return fail(CUDA_ERROR_INVALID_VALUE,
                  "unknown flags " + std::to_string(flags));
    auto made = std::make_shared<CUevent_st>();
    made->context = &context;
    made->flags = flags;
    *event = Driver::get().events.add(std::move(made));
    return CUDA_SUCCESS;
  });
}

CUresult cuEventDestroy_v2(CUevent event) {
  return inContext("cuEventDestroy", [&](CUctx_st &) -> CUresult {
    CUevent_st *found = nullptr;
    DLC_SIM_TRY(findEvent(event, found));
    Driver::get().events.erase(found);
    return CUDA_SUCCESS;
  });
}

static CUresult recordEvent(CUevent event, CUstream stream, unsigned flags) {
  CUevent_st *found = nullptr;
  CUstream_st *in = nullptr;
  DLC_SIM_TRY(findEvent(event, found));
  DLC_SIM_TRY(findStream(stream, in));
  if (flags > 1)
    return fail(CUDA_ERROR_INVALID_VALUE,
                "unknown flags " + std::to_string(flags));
  if (in->capture) {
    found->capture = in->capture;
    found->captureNodes = in->captureTail;
    // CU_EVENT_RECORD_EXTERNAL: a node of the graph
    if (flags == 1)
      return Driver::get().submit(*in, EventRecordWork{found, nullptr});
    return CUDA_SUCCESS;
  }
  found->capture.reset();
  auto record = std::make_shared<EventRecord>();
  record->queue = in->queue;
  record->sequence = in->queue->issued + 1;
  found->record = record;
  Driver::get().enqueue(*in, EventRecordWork{found, record});
  return CUDA_SUCCESS;
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  return inContext("cuEventRecord",
                   [&](CUctx_st &) { return recordEvent(event, stream, 0); });
}

CUresult cuEventRecordWithFlags(CUevent event, CUstream stream,
                                unsigned int flags) {
  return inContext("cuEventRecordWithFlags", [&](CUctx_st &) {
    return recordEvent(event, stream, flags);
  });
}

static CUresult checkNotCaptured(const CUevent_st &event) {
  std::shared_ptr<Capture> capture = event.capture.lock();
  if (!capture)
    return CUDA_SUCCESS;
  capture->invalidated = true;
  return fail(CUDA_ERROR_CAPTURED_EVENT,
              "the event was recorded in a stream that is being captured");
}

CUresult cuEventQuery(CUevent event) {
  return inContext("cuEventQuery", [&](CUctx_st &context) -> CUresult {
    CUevent_st *found = nullptr;
    DLC_SIM_TRY(findEvent(event, found));
    DLC_SIM_TRY(checkNotCaptured(*found));
    if (!found->record)
      return CUDA_SUCCESS;
    return poll(found->record->queue, found->record->sequence, context);
  });
}

CUresult cuEventSynchronize(CUevent event) {
  return inContext("cuEventSynchronize", [&](CUctx_st &context) -> CUresult {
    CUevent_st *found = nullptr;
    DLC_SIM_TRY(findEvent(event, found));
    DLC_SIM_TRY(checkNotCaptured(*found));
    if (found->record)
      Driver::get().runUntil(found->record->queue, found->record->sequence);
    return context.sticky;
  });
}

static CUresult elapsedTime(float *milliseconds, CUevent hStart, CUevent hEnd) {
  CUevent_st *start = nullptr, *end = nullptr;
  DLC_SIM_TRY(checkPointers(milliseconds));
  DLC_SIM_TRY(findEvent(hStart, start));
  DLC_SIM_TRY(findEvent(hEnd, end));
  if (!start->record || !end->record ||
      (start->flags | end->flags) & CU_EVENT_DISABLE_TIMING)
    return fail(CUDA_ERROR_INVALID_HANDLE,
                "an event was not recorded or has no timing");
  if (!start->record->isDone() || !end->record->isDone())
    return CUDA_ERROR_NOT_READY;
  *milliseconds = std::chrono::duration<float, std::milli>(end->record->time -
                                                           start->record->time)
                      .count();
  return CUDA_SUCCESS;
}

CUresult cuEventElapsedTime(float *milliseconds, CUevent hStart, CUevent hEnd) {
  return inContext("cuEventElapsedTime", [&](CUctx_st &) {
    return elapsedTime(milliseconds, hStart, hEnd);
  });
}

CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent hStart,
                               CUevent hEnd) {
  return inContext("cuEventElapsedTime", [&](CUctx_st &) {
    return elapsedTime(milliseconds, hStart, hEnd);
  });
}

/// Makes a stream go on after an event that a capture recorded: it takes part
/// in the capture from now on.
static CUresult joinCapture(CUstream_st &stream, const CUevent_st &event,
                            const std::shared_ptr<Capture> &capture) {
  if (stream.isLegacy || (stream.capture && stream.capture != capture)) {
    capture->invalidated = true;
    return stream.isLegacy ? fail(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT,
                                  "the legacy stream can not be captured")
                           : fail(CUDA_ERROR_STREAM_CAPTURE_MERGE,
                                  "the stream takes part in another capture");
  }
  stream.capture = capture;
  for (CUgraphNode node : event.captureNodes)
    if (std::find(stream.captureTail.begin(), stream.captureTail.end(), node) ==
        stream.captureTail.end())
      stream.captureTail.push_back(node);
  return CUDA_SUCCESS;
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned int flags) {
  return inContext("cuStreamWaitEvent", [&](CUctx_st &) -> CUresult {
    CUevent_st *found = nullptr;
    CUstream_st *waiting = nullptr;
    DLC_SIM_TRY(findEvent(event, found));
    DLC_SIM_TRY(findStream(stream, waiting));
    if (flags > 1)
      return fail(CUDA_ERROR_INVALID_VALUE,
                  "unknown flags " + std::to_string(flags));
    if (std::shared_ptr<Capture> capture = found->capture.lock())
      return joinCapture(*waiting, *found, capture);
    if (waiting->capture) {
      // CU_EVENT_WAIT_EXTERNAL: a node of the graph
      if (flags == 1)
        return Driver::get().submit(*waiting, EventWaitWork{found});
      waiting->capture->invalidated = true;
      return fail(CUDA_ERROR_STREAM_CAPTURE_ISOLATION,
                  "the event was recorded outside of the capture");
    }
    if (found->record)
      Driver::get().enqueue(*waiting, EmptyWork{},
                            {{found->record->queue, found->record->sequence}});
    return CUDA_SUCCESS;
  });
}
