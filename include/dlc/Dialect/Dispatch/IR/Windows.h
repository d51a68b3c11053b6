//===- Windows.h - Where windows see nothing but padding --------*- C++ -*-===//

#ifndef DLC_DIALECT_DISPATCH_IR_WINDOWS_H
#define DLC_DIALECT_DISPATCH_IR_WINDOWS_H

#include "mlir/IR/Operation.h"

namespace dlc::dispatch {

/// Discardable array of i64 on a structured op of a region or kernel, six a
/// window: the members of LoopWindow.
inline constexpr llvm::StringLiteral kWindowsAttrName = "dispatch.windows";

/// Iterations of the reduction loop `tap` change nothing where `step * tap +
/// otherStep * other` is below `first`, or is `end` or more; `other` is a
/// parallel loop. Done or not, the results are the same.
struct LoopWindow {
  int64_t tap = 0, other = 0, step = 1, otherStep = 1, first = 0, end = 0;
};

/// Empty for an op without the attribute.
llvm::SmallVector<LoopWindow> getLoopWindows(mlir::Operation *op);

/// Without windows the attribute is removed.
void setLoopWindows(mlir::Operation *op, llvm::ArrayRef<LoopWindow> windows);

} // namespace dlc::dispatch

#endif // DLC_DIALECT_DISPATCH_IR_WINDOWS_H
