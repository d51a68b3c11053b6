//===- Work.h - How much a kernel computes and moves ------------*- C++ -*-===//
//
// For those who look at a program: the graph view and the profile. The counts
// are those of the structured operations, whatever the scheduler makes of them.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_DIALECT_DISPATCH_TRANSFORMS_WORK_H
#define DLC_DIALECT_DISPATCH_TRANSFORMS_WORK_H

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

namespace dlc::dispatch {

/// What one launch of a kernel does.
struct Work {
  /// Additions, multiplications and functions of floating-point numbers; a
  /// fused multiply-add is two.
  int64_t flops = 0;
  /// Bytes of its inputs that it looks at, and of its outputs that it writes.
  /// What is looked at several times counts once, as it does for a perfect
  /// cache.
  int64_t bytesRead = 0, bytesWritten = 0;
};

/// Counts the work of a kernel on tensors.
Work countWork(KernelOp kernel);

} // namespace dlc::dispatch

#endif // DLC_DIALECT_DISPATCH_TRANSFORMS_WORK_H
