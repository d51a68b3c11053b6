//===- Work.h - What streams and graphs do ---------------------*- C++ -*-===//
//
// A piece of work is the same thing whether a stream runs it or a graph holds
// it as a node.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PTXSIM_DRIVER_WORK_H
#define DLC_LIB_PTXSIM_DRIVER_WORK_H

#include "dlc/PTXSim/DriverAbi.h"
#include "dlc/PTXSim/Engine.h"

#include <functional>
#include <memory>
#include <variant>
#include <vector>

namespace dlc::ptxsim::driver {

struct EventRecord;
struct StreamQueue;
struct GraphPlan;

struct KernelWork {
  CUfunction function = nullptr;
  Dim3 grid, block;
  uint32_t dynamicSharedBytes = 0;
  /// All blocks at the same time.
  bool isCooperative = false;
  /// The packed parameter block.
  std::vector<uint8_t> parameters;
};

struct CopyWork {
  CUDA_MEMCPY3D params;
};

struct FillWork {
  CUDA_MEMSET_NODE_PARAMS params = {};
};

struct HostWork {
  CUDA_HOST_NODE_PARAMS params = {};
};

/// cuStreamAddCallback; not in graphs.
struct CallbackWork {
  CUstreamCallback callback = nullptr;
  CUstream stream = nullptr;
  void *userData = nullptr;
};

/// Gives an event its time. `record` is set in streams only: the record that
/// the call made.
struct EventRecordWork {
  CUevent event = nullptr;
  std::shared_ptr<EventRecord> record;
};

/// In a graph; a stream has a dependency instead.
struct EventWaitWork {
  CUevent event = nullptr;
};

struct FreeWork {
  CUdeviceptr address = 0;
};

struct EmptyWork {};

/// A graph within a graph: a copy of its own.
struct ChildGraphWork {
  std::shared_ptr<CUgraph_st> graph;
};

/// A launch of an instantiated graph; not in graphs.
struct GraphLaunchWork {
  std::shared_ptr<const GraphPlan> plan;
};

using Work = std::variant<KernelWork, CopyWork, FillWork, HostWork,
                          CallbackWork, EventRecordWork, EventWaitWork,
                          FreeWork, EmptyWork, ChildGraphWork, GraphLaunchWork>;

/// The type of a node that does `work`.
CUgraphNodeType nodeType(const Work &work);

/// Does the work now. Errors are the context's sticky error as well, where a
/// GPU would report them later.
CUresult execute(CUctx_st &context, const Work &work);

/// Whether the work could be done now: handles are alive, addresses in
/// allocations. Explains what is not.
CUresult validate(const Work &work);

} // namespace dlc::ptxsim::driver

#endif // DLC_LIB_PTXSIM_DRIVER_WORK_H
