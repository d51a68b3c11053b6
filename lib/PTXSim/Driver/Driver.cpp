//===- Driver.cpp - The state of the simulated driver ---------------------===//

#include "Driver.h"
#include "ApiCall.h"
#include "Graph.h"

#include <cstdio>
#include <cstdlib>

namespace dlc::ptxsim::driver {

/// Findings that are printed; more are only counted.
static constexpr uint64_t kMaxPrinted = 50;
/// Operations that a stream takes before it works some off, as a GPU's does.
static constexpr size_t kMaxPending = 4096;

Driver &Driver::get() {
  // never destroyed: programs call the API from destructors and atexit handlers
  static auto *driver = new Driver;
  return *driver;
}

ThreadState &threadState() {
  // never destroyed: a thread's objects go before the handlers of atexit run,
  // which may call the API
  thread_local auto *state = new ThreadState;
  return *state;
}

const char *errorName(CUresult code) {
  switch (code) {
#define DLC_CUDA_ERROR(NAME, VALUE, TEXT)                                      \
  case CUDA_##NAME:                                                            \
    return "CUDA_" #NAME;
#include "dlc/PTXSim/DriverErrors.def"
  }
  return "unknown";
}

//===----------------------------------------------------------------------===//
// Findings
//===----------------------------------------------------------------------===//

void Findings::print(const std::string &text) {
  if (++count <= kMaxPrinted)
    std::fprintf(stderr, "dlc-sim: %s\n", text.c_str());
  if (count == kMaxPrinted)
    std::fprintf(stderr, "dlc-sim: more findings are not printed\n");
}

void Findings::report(const std::string &text) { print(text); }

void Findings::report(const Fault &fault) {
  std::string text = describe(fault);
  // what the memory manager knows of an address that the engine does not
  llvm::StringRef instruction = fault.instruction;
  if (fault.kind == FaultKind::OutOfBounds && fault.address >= 4096 &&
      !instruction.contains(".shared") && !instruction.contains(".local"))
    text += ", " + Driver::get().memory.describe(fault.address);
  fatal = fault.kind != FaultKind::SharedRace &&
          fault.kind != FaultKind::UninitializedRead;
  print(text);
}

//===----------------------------------------------------------------------===//
// The process
//===----------------------------------------------------------------------===//

bool Driver::initialize() {
  if (initialized)
    return true;
  std::string fault;
  settings = settingsFromEnvironment(fault);
  if (!fault.empty()) {
    std::fprintf(stderr, "dlc-sim: %s\n", fault.c_str());
    return false;
  }
  llvm::Expected<DeviceConfig> config = DeviceConfig::byName(settings.device);
  if (!config) {
    std::fprintf(stderr, "dlc-sim: %s\n",
                 llvm::toString(config.takeError()).c_str());
    return false;
  }
  device = *config;
  if (settings.memoryBytes)
    device.globalMemoryBytes = settings.memoryBytes;
  engineOptions.checks = settings.checks;
  engineOptions.deferAsyncCopies = settings.deferAsyncCopies;
  engineOptions.code = settings.code == "quick"  ? CodeKind::Quick
                       : settings.code == "good" ? CodeKind::Good
                                                 : CodeKind::Chosen;
  engineOptions.cacheDirectory = settings.cacheDirectory;
  memory.configure(device.globalMemoryBytes, settings.checks);
  if (settings.checks)
    guard.initialize();
  defaultPool = currentPool = pools.add(std::make_shared<CUmemPoolHandle_st>());
  // Not earlier: handlers that are registered before the program starts run
  // after the destructors of libraries, which want to know.
  on_exit([](int code, void *) { Driver::get().exitStatus = code; }, nullptr);
  initialized = true;
  return true;
}

void Driver::explain(CUresult code, const std::string &why) const {
  std::fprintf(stderr, "dlc-sim: %s: %s: %s\n", threadState().call,
               errorName(code), why.c_str());
}

//===----------------------------------------------------------------------===//
// Contexts and handles
//===----------------------------------------------------------------------===//

CUctx_st *Driver::createContext(unsigned flags, bool isPrimary) {
  auto context = std::make_shared<CUctx_st>();
  context->isPrimary = isPrimary;
  context->flags = flags;
  context->id = nextId++;
  context->limits = {{CU_LIMIT_STACK_SIZE, 1024},
                     {CU_LIMIT_PRINTF_FIFO_SIZE, 1 << 20},
                     {CU_LIMIT_MALLOC_HEAP_SIZE, 8 << 20},
                     {CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH, 2},
                     {CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT, 2048},
                     {CU_LIMIT_MAX_L2_FETCH_GRANULARITY, 64},
                     {CU_LIMIT_PERSISTING_L2_CACHE_SIZE, 0}};
  context->legacy.context = context.get();
  context->legacy.isLegacy = true;
  context->legacy.id = nextId++;
  return contexts.add(std::move(context));
}

/// Erases the objects of a context from `handles`.
template <typename T>
static void eraseOf(Handles<T> &handles, const CUctx_st &context) {
  std::vector<T *> objects;
  for (auto &[handle, object] : handles)
    if (object->context == &context)
      objects.push_back(object.get());
  for (T *object : objects)
    handles.erase(object);
}

void Driver::destroyContext(CUctx_st &context) {
  finish(context);
  std::vector<uint64_t> owned;
  for (auto &[begin, block] : memory.getBlocks())
    if (block.context == &context)
      owned.push_back(begin);
  for (uint64_t begin : owned) {
    const MemoryBlock &block = *memory.findBlock(begin);
    if (block.kind != MemoryKind::Module && settings.checks &&
        context.sticky == CUDA_SUCCESS) {
      ++statistics.leaks;
      findings.report("leak: " + std::to_string(block.allocation.bytes) +
                      " bytes by " + block.api +
                      " were not freed before their context was destroyed");
    }
    memory.release(begin);
  }
  eraseOf(graphExecs, context);
  eraseOf(modules, context);
  eraseOf(events, context);
  eraseOf(streams, context);
  contexts.erase(&context);
}

CUstream_st *Driver::findStream(CUstream handle) {
  CUctx_st *context = threadState().current();
  if (!handle || handle == CU_STREAM_LEGACY)
    return context ? &context->legacy : nullptr;
  if (handle == CU_STREAM_PER_THREAD) {
    if (!context)
      return nullptr;
    std::unique_ptr<CUstream_st> &stream =
        context->perThread[std::this_thread::get_id()];
    if (!stream) {
      stream = std::make_unique<CUstream_st>();
      stream->context = context;
      stream->id = nextId++;
    }
    return stream.get();
  }
  return streams.find(handle);
}

CUfunc_st *Driver::findFunction(CUfunction handle) const {
  if (CUfunc_st *function = functions.lookup(handle))
    return function;
  CUkern_st *kernel = kernels.lookup(handle);
  return kernel ? kernel->function : nullptr;
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

std::vector<CUstream_st *> Driver::streamsOf(CUctx_st &context) const {
  std::vector<CUstream_st *> all{&context.legacy};
  for (auto &[thread, stream] : context.perThread)
    all.push_back(stream.get());
  for (auto &[handle, stream] : streams)
    if (stream->context == &context)
      all.push_back(stream.get());
  return all;
}

uint64_t Driver::enqueue(CUstream_st &stream, Work work,
                         llvm::ArrayRef<Dependency> after) {
  Operation operation;
  operation.work = std::move(work);
  operation.context = stream.context;
  operation.after.append(after.begin(), after.end());
  auto follow = [&](const CUstream_st &other) {
    if (other.queue->done < other.queue->issued)
      operation.after.push_back({other.queue, other.queue->issued});
  };
  if (stream.isLegacy) {
    for (CUstream_st *other : streamsOf(*stream.context))
      if (!other->isLegacy && other->isBlocking())
        follow(*other);
  } else if (stream.isBlocking()) {
    follow(stream.context->legacy);
  }
  std::shared_ptr<StreamQueue> queue = stream.queue;
  queue->pending.push_back(std::move(operation));
  uint64_t sequence = ++queue->issued;
  if (!settings.deferStreams)
    runUntil(queue, sequence);
  else if (queue->pending.size() > kMaxPending)
    runUntil(queue, sequence - kMaxPending / 2);
  return sequence;
}

/// The legacy stream waits for the blocking ones, which a capture can not do.
static CUresult checkImplicitDependency(const std::vector<CUstream_st *> &all) {
  for (CUstream_st *other : all) {
    if (!other->capture || !other->isBlocking())
      continue;
    other->capture->invalidated = true;
    return fail(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT,
                "the legacy stream would wait for a stream that is being "
                "captured; the capture is invalid now");
  }
  return CUDA_SUCCESS;
}

CUresult Driver::submit(CUstream_st &stream, Work work) {
  if (stream.isLegacy)
    DLC_SIM_TRY(checkImplicitDependency(streamsOf(*stream.context)));
  if (!stream.capture) {
    enqueue(stream, std::move(work));
    return CUDA_SUCCESS;
  }
  if (stream.capture->invalidated)
    return fail(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
                "the stream's capture was invalidated before");
  CUgraphNode_st *node =
      stream.capture->graph->addNode(std::move(work), stream.captureTail);
  stream.captureTail = {node};
  return CUDA_SUCCESS;
}

void Driver::runUntil(const std::shared_ptr<StreamQueue> &queue,
                      uint64_t sequence) {
  // what must be done, what it waits for last
  std::vector<Dependency> goals{{queue, sequence}};
  while (!goals.empty()) {
    Dependency goal = goals.back();
    if (goal.queue->done >= goal.sequence) {
      goals.pop_back();
      continue;
    }
    Operation &next = goal.queue->pending.front();
    auto waiting = std::find_if(
        next.after.begin(), next.after.end(),
        [](const Dependency &d) { return d.queue->done < d.sequence; });
    if (waiting != next.after.end()) {
      goals.push_back(*waiting);
      continue;
    }
    Operation operation = std::move(next);
    goal.queue->pending.pop_front();
    // a context with a fault does no more work
    if (operation.context->sticky == CUDA_SUCCESS)
      (void)execute(*operation.context, operation.work);
    ++goal.queue->done;
  }
}

void Driver::finish(CUstream_st &stream) {
  if (stream.isLegacy)
    for (CUstream_st *other : streamsOf(*stream.context))
      if (other->isBlocking())
        runUntil(other->queue, other->queue->issued);
  runUntil(stream.queue, stream.queue->issued);
}

void Driver::finish(CUctx_st &context) {
  for (CUstream_st *stream : streamsOf(context))
    runUntil(stream->queue, stream->queue->issued);
}

void Driver::finishAll() {
  for (auto &[handle, context] : contexts)
    finish(*context);
}

CUresult Driver::checkNoCapture() const {
  if (threadState().captureMode == CU_STREAM_CAPTURE_MODE_RELAXED)
    return CUDA_SUCCESS;
  for (const std::weak_ptr<Capture> &weak : captures) {
    std::shared_ptr<Capture> capture = weak.lock();
    if (!capture || capture->mode == CU_STREAM_CAPTURE_MODE_RELAXED)
      continue;
    bool ours = capture->thread == std::this_thread::get_id();
    if (!ours && (capture->mode == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL ||
                  threadState().captureMode != CU_STREAM_CAPTURE_MODE_GLOBAL))
      continue;
    capture->invalidated = true;
    return fail(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
                "the call is not allowed while a stream is being captured; "
                "the capture is invalid now");
  }
  return CUDA_SUCCESS;
}

} // namespace dlc::ptxsim::driver

CUmod_st::~CUmod_st() {
  for (auto &function : functions)
    dlc::ptxsim::driver::Driver::get().functions.erase(function.get());
}

CUlib_st::~CUlib_st() {
  for (auto &kernel : kernels)
    dlc::ptxsim::driver::Driver::get().kernels.erase(kernel.get());
}
