//===- Limits.h - How far loops have to run ---------------------*- C++ -*-===//

#ifndef DLC_DIALECT_DISPATCH_IR_LIMITS_H
#define DLC_DIALECT_DISPATCH_IR_LIMITS_H

#include "mlir/IR/Operation.h"

namespace dlc::dispatch {

/// Discardable array of i64 on a structured op of a region or kernel, five a
/// limit: the members of LoopLimit.
inline constexpr llvm::StringLiteral kLimitsAttrName = "dispatch.limits";

/// Nobody needs the iterations of `loop` from `extent[element] * scale +
/// offset` on, where `extent` (a tensor of i64) is an operand of the region,
/// later an argument of the kernel. Of a parallel loop what they would have
/// written is not defined then; of a reduction they change nothing, done or
/// not.
struct LoopLimit {
  int64_t loop = 0, extent = 0, element = 0, scale = 1, offset = 0;
};

/// Empty for an op without the attribute.
llvm::SmallVector<LoopLimit> getLoopLimits(mlir::Operation *op);

/// Without limits the attribute is removed.
void setLoopLimits(mlir::Operation *op, llvm::ArrayRef<LoopLimit> limits);

} // namespace dlc::dispatch

#endif // DLC_DIALECT_DISPATCH_IR_LIMITS_H
