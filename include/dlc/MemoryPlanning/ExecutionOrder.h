//===- ExecutionOrder.h - Orders of execution that need less --*- C++ -*-===//
//
// How much memory a graph needs is decided first by the order in which its
// steps run: a buffer lives from the first to the last step that touches it.
// Finding the order with the lowest peak is NP-hard in general (R. Sethi,
// "Complete register allocation problems", 1975). The search goes over the sets
// of steps that can have run, as in B. H. Ahn et al., "Ordering Chaos:
// Memory-Aware Scheduling of Irregularly Wired Neural Networks for Edge
// Devices", MLSys 2020; steps that raise nothing run at once, so chains cost no
// search.
//
// C++ standard library only, as everything in this folder.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_MEMORYPLANNING_EXECUTIONORDER_H
#define DLC_MEMORYPLANNING_EXECUTIONORDER_H

#include <cstdint>
#include <utility>
#include <vector>

namespace dlc::memory {

/// Steps that touch buffers. The numbering of the steps is a valid order.
struct StepGraph {
  struct Step {
    /// Steps that must run before this one; smaller numbers than its own.
    std::vector<uint32_t> predecessors;
    /// Pairs (read, written) of buffers that may be the same memory if the step
    /// is the last to touch the first and the first to touch the second.
    std::vector<std::pair<uint32_t, uint32_t>> inplace;
  };
  struct Use {
    /// Bytes.
    int64_t size = 0;
    /// The steps that touch the buffer, each once.
    std::vector<uint32_t> steps;
  };
  std::vector<Step> steps;
  std::vector<Use> buffers;
};

/// The largest number of bytes alive at one step of `order`, a permutation of
/// the steps.
int64_t peakOfOrder(const StepGraph &graph, const std::vector<uint32_t> &order);

struct ExecutionOrder {
  /// The steps, first to last.
  std::vector<uint32_t> order;
  int64_t peak = 0;
  /// No order was found to need less, and all were ruled out.
  bool optimal = false;
};

/// Looks for an order with a lower peak than the given one: first a beam
/// search, then the sets of steps that can have run, depth first, under ever
/// smaller capacities, each set once. Stops after `workLimit` steps tried;
/// graphs of more than 5,000 steps keep their order. The result depends on the
/// arguments only, and is the given order unless another one needs less.
ExecutionOrder findOrder(const StepGraph &graph,
                         uint64_t workLimit = 1'000'000);

} // namespace dlc::memory

#endif // DLC_MEMORYPLANNING_EXECUTIONORDER_H
