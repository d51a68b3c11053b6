//===- MemoryEstimate.h - The memory that a graph will need -----*- C++ -*-===//
//
// What the passes behind dispatch-prepare will make of a graph function, worked
// out on a copy: which ops become one kernel, in which order kernels run, and
// how many bytes are alive at each of them. Scratch that kernels need in the
// arena is not known before they are scheduled.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PIPELINES_MEMORYESTIMATE_H
#define DLC_LIB_PIPELINES_MEMORYESTIMATE_H

#include "mlir/IR/BuiltinOps.h"

#include <optional>
#include <vector>

namespace dlc {

/// The work of a program, as far as a choice between two can depend on it.
struct Work {
  /// Scalar operations of structured ops.
  double operations = 0;
  /// Bytes that kernels read and write.
  double bytes = 0;
  double launches = 0;

  /// Seconds on an imaginary machine: 100 G operations and 10 GB a second,
  /// 5 µs a launch. Only ratios between the three matter.
  double time() const {
    return operations / 100e9 + bytes / 10e9 + launches * 5e-6;
  }
};

struct MemoryEstimate {
  /// A kernel, or an op between kernels (a pad, a reshape, a slice).
  struct Node {
    /// In the order of the block; empty for what others make (a border).
    llvm::SmallVector<mlir::Operation *> ops;
    bool isKernel = false;
    /// Depends on constants only: evaluated by the compiler.
    bool isConstant = false;
    /// Has a result that the function returns.
    bool isReturned = false;
    /// Ascending.
    llvm::SmallVector<unsigned> predecessors, successors;
  };
  /// A buffer of the arena.
  struct Buffer {
    int64_t bytes = 0;
    /// Steps that touch it first and last.
    unsigned first = 0, last = 0;
    /// Nodes.
    llvm::SmallVector<unsigned> writers, readers;
  };

  /// Topologically sorted.
  std::vector<Node> nodes;
  llvm::DenseMap<mlir::Operation *, unsigned> nodeOf;
  std::vector<Buffer> buffers;
  /// The node of each launch or copy, where there is one.
  std::vector<std::optional<unsigned>> nodeOfStep;
  /// The first step at which the most bytes are alive, and how many.
  unsigned peakStep = 0;
  int64_t peak = 0;
  /// Bytes alive over the budget times seconds, summed over the steps.
  double excess = 0;
  Work work;
};

/// Estimates the function @main of `module`, which is at the level behind
/// dispatch-prepare and is not changed; `attention` and `attentionScratch` are
/// what dispatch-form-regions will be run with. Nothing if a pass fails.
std::optional<MemoryEstimate> estimateMemory(mlir::ModuleOp module,
                                             int64_t budget, bool attention,
                                             int64_t attentionScratch);

} // namespace dlc

#endif // DLC_LIB_PIPELINES_MEMORYESTIMATE_H
