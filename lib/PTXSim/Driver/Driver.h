//===- Driver.h - The state of the simulated driver ------------*- C++ -*-===//
//
// Objects behind the handles of the driver API, and the one Driver that owns
// them. A lock is held during every API call (ApiCall.h).
//
// Streams: work is queued and runs when the program waits for it, as late as
// the API allows, in an order that only its dependencies determine. A program
// that forgets to wait sees old data here, and not only sometimes, on a GPU.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PTXSIM_DRIVER_DRIVER_H
#define DLC_LIB_PTXSIM_DRIVER_DRIVER_H

#include "HostGuard.h"
#include "Memory.h"
#include "Statistics.h"
#include "Work.h"
#include "dlc/PTXSim/DriverAbi.h"
#include "dlc/PTXSim/Engine.h"
#include "dlc/PTXSim/Settings.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace dlc::ptxsim::driver {

/// The priorities that streams may have; smaller numbers go first.
inline constexpr int kLeastPriority = 0, kGreatestPriority = -5;

/// Something in a queue that other work waits for.
struct Dependency {
  std::shared_ptr<StreamQueue> queue;
  uint64_t sequence = 0;
};

struct Operation {
  Work work;
  CUctx_st *context = nullptr;
  llvm::SmallVector<Dependency, 2> after;
};

/// Work of a stream in its order: operation number `done + 1` is the first of
/// `pending`, `issued` the last one.
struct StreamQueue {
  uint64_t issued = 0, done = 0;
  std::deque<Operation> pending;
};

/// One cuEventRecord: done when its operation is.
struct EventRecord {
  std::shared_ptr<StreamQueue> queue;
  uint64_t sequence = 0;
  std::chrono::steady_clock::time_point time;

  bool isDone() const { return queue->done >= sequence; }
};

/// A capture of streams into a graph, shared by the streams that take part.
struct Capture {
  std::shared_ptr<CUgraph_st> graph;
  CUstream_st *origin = nullptr;
  CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
  std::thread::id thread;
  uint64_t id = 0;
  bool invalidated = false;
};

/// Keeps objects and knows whether a handle is one of them.
template <typename T>
class Handles {
public:
  T *add(std::shared_ptr<T> object) {
    T *handle = object.get();
    owned[handle] = std::move(object);
    return handle;
  }
  /// The object, or null for anything that is not a live handle.
  T *find(const T *handle) const {
    auto found = owned.find(handle);
    return found == owned.end() ? nullptr : found->second.get();
  }
  void erase(const T *handle) { owned.erase(handle); }
  auto begin() const { return owned.begin(); }
  auto end() const { return owned.end(); }
  bool empty() const { return owned.empty(); }

private:
  std::map<const T *, std::shared_ptr<T>> owned;
};

/// Prints what checks find, and counts it.
class Findings : public Reporter {
public:
  void report(const Fault &fault) override;
  /// A finding that is not in a kernel.
  void report(const std::string &text);
  uint64_t getCount() const { return count; }
  /// The last finding ended a kernel.
  bool hasFault() const { return fatal; }

private:
  void print(const std::string &text);
  uint64_t count = 0;
  bool fatal = false;
};

class Driver {
public:
  static Driver &get();

  /// Reads the settings; false (after a message) if they are wrong.
  bool initialize();

  /// Prints a line that begins with the name of the current call.
  void explain(CUresult code, const std::string &why) const;

  CUctx_st *createContext(unsigned flags, bool isPrimary);
  /// Runs what is pending, frees what belongs to the context.
  void destroyContext(CUctx_st &context);
  /// The stream of a handle: a created one, or a default stream of the current
  /// context. Null: not a handle.
  CUstream_st *findStream(CUstream handle);
  /// Kernels of libraries are accepted where functions are.
  CUfunc_st *findFunction(CUfunction handle) const;

  /// Appends to a stream. `after` are dependencies beyond those that streams
  /// have on each other by themselves. The sequence number of the operation.
  uint64_t enqueue(CUstream_st &stream, Work work,
                   llvm::ArrayRef<Dependency> after = {});
  /// Captures the work into a graph or appends it to the stream.
  CUresult submit(CUstream_st &stream, Work work);
  /// Runs operations until one is done, and all it depends on.
  void runUntil(const std::shared_ptr<StreamQueue> &queue, uint64_t sequence);
  /// Runs all that is pending in a stream, a context, everywhere.
  void finish(CUstream_st &stream);
  void finish(CUctx_st &context);
  void finishAll();

  /// CUDA_SUCCESS, or why a call that is not allowed during a capture must
  /// fail (captures of mode GLOBAL, or of this thread).
  CUresult checkNoCapture() const;

  std::recursive_mutex mutex;
  bool initialized = false;
  /// What the program gave to `exit`.
  int exitStatus = 0;
  Settings settings;
  DeviceConfig device;
  Options engineOptions;
  DeviceMemory memory;
  HostGuard guard;
  /// The kernel that runs now, or empty.
  std::string runningKernel;
  Statistics statistics;
  Findings findings;

  Handles<CUctx_st> contexts;
  Handles<CUstream_st> streams;
  Handles<CUevent_st> events;
  Handles<CUmod_st> modules;
  Handles<CUlib_st> libraries;
  Handles<CUgraph_st> graphs;
  Handles<CUgraphExec_st> graphExecs;
  Handles<CUmemPoolHandle_st> pools;
  /// Functions and kernels belong to modules and libraries, nodes to graphs.
  llvm::DenseMap<const void *, CUfunc_st *> functions;
  llvm::DenseMap<const void *, CUkern_st *> kernels;
  llvm::DenseMap<const void *, CUgraphNode_st *> nodes;
  llvm::SmallVector<std::weak_ptr<Capture>, 1> captures;

  CUctx_st *primary = nullptr;
  unsigned primaryUses = 0, primaryFlags = 0;
  CUmemPoolHandle_st *defaultPool = nullptr, *currentPool = nullptr;
  /// Where stream-ordered allocations came from.
  std::map<uint64_t, CUmemPoolHandle_st *> poolOf;
  uint64_t nextId = 1;

private:
  Driver() = default;
  std::vector<CUstream_st *> streamsOf(CUctx_st &context) const;
};

/// The contexts of this thread, the current one last, and the name of the API
/// function it is in.
struct ThreadState {
  std::vector<CUctx_st *> stack;
  const char *call = "";
  /// Calls within calls: by functions of the program that a stream calls.
  unsigned callDepth = 0;
  CUstreamCaptureMode captureMode = CU_STREAM_CAPTURE_MODE_GLOBAL;

  CUctx_st *current() const { return stack.empty() ? nullptr : stack.back(); }
};
ThreadState &threadState();

/// "CUDA_ERROR_INVALID_VALUE" for 1.
const char *errorName(CUresult code);

} // namespace dlc::ptxsim::driver

//===----------------------------------------------------------------------===//
// What the handles point to. The names are the ABI's.
//===----------------------------------------------------------------------===//

struct CUstream_st {
  CUctx_st *context = nullptr;
  unsigned flags = 0;
  int priority = 0;
  uint64_t id = 0;
  bool isLegacy = false;
  std::shared_ptr<dlc::ptxsim::driver::StreamQueue> queue =
      std::make_shared<dlc::ptxsim::driver::StreamQueue>();
  /// Set while capturing, with the nodes that the next one will follow.
  std::shared_ptr<dlc::ptxsim::driver::Capture> capture;
  std::vector<CUgraphNode> captureTail;

  /// Orders itself with the legacy stream.
  bool isBlocking() const { return !(flags & CU_STREAM_NON_BLOCKING); }
};

struct CUctx_st {
  bool isPrimary = false;
  unsigned flags = 0;
  uint64_t id = 0;
  /// What every call returns after a kernel fault.
  CUresult sticky = CUDA_SUCCESS;
  CUfunc_cache cacheConfig = CU_FUNC_CACHE_PREFER_NONE;
  std::map<CUlimit, size_t> limits;
  CUstream_st legacy;
  std::map<std::thread::id, std::unique_ptr<CUstream_st>> perThread;
};

struct CUevent_st {
  CUctx_st *context = nullptr;
  unsigned flags = 0;
  /// The last record; null before the first one.
  std::shared_ptr<dlc::ptxsim::driver::EventRecord> record;
  /// Set instead when the last record was captured.
  std::weak_ptr<dlc::ptxsim::driver::Capture> capture;
  std::vector<CUgraphNode> captureNodes;
};

struct CUfunc_st {
  CUmod_st *module = nullptr;
  dlc::ptxsim::Function *function = nullptr;
  std::string name;
  /// The most dynamic shared memory a launch may ask for.
  uint32_t maxDynamicSharedBytes = 0;
  int sharedCarveout = -1;
};

struct CUmod_st {
  /// Null for the module of a library.
  CUctx_st *context = nullptr;
  std::unique_ptr<dlc::ptxsim::Module> module;
  std::vector<std::unique_ptr<CUfunc_st>> functions;

  ~CUmod_st();
};

struct CUkern_st {
  CUlib_st *library = nullptr;
  CUfunc_st *function = nullptr;
};

struct CUlib_st {
  CUmod_st *module = nullptr;
  std::vector<std::unique_ptr<CUkern_st>> kernels;

  ~CUlib_st();
};

struct CUmemPoolHandle_st {
  uint64_t releaseThreshold = 0;
  uint64_t usedBytes = 0, usedHigh = 0;
  int reuse[3] = {1, 1, 1};
};

#endif // DLC_LIB_PTXSIM_DRIVER_DRIVER_H
