//===- Launches.h - What lower levels remember of launches ------*- C++ -*-===//

#ifndef DLC_DIALECT_DISPATCH_IR_LAUNCHES_H
#define DLC_DIALECT_DISPATCH_IR_LAUNCHES_H

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

namespace dlc::dispatch {

/// Discardable array of i64 on a kernel and on what it was lowered to: floating
/// point operations, bytes read and bytes written by one launch.
inline constexpr llvm::StringLiteral kWorkAttrName = "dispatch.work";
/// Discardable dictionary on a scheduled kernel of the host, for people: how it
/// was scheduled (`tiles`, a string for each nest of loops), and for those with
/// reductions which share of the multiply-adds that the CPU could do meanwhile
/// they are expected to do (`peak`, f64, 0 to 1).
inline constexpr llvm::StringLiteral kScheduleAttrName = "dispatch.schedule";

/// Discardable array on the graph function of a program, and on what it was
/// lowered to: a dictionary for each launch, as `describeLaunch` makes it.
inline constexpr llvm::StringLiteral kLaunchesAttrName = "dispatch.launches";
/// Discardable i64 on what a launch was lowered to: its index in that array.
inline constexpr llvm::StringLiteral kLaunchAttrName = "dispatch.launch";

/// What a launch of `kernel` (or of what it was lowered to) does, for people: a
/// dictionary of `name` (the nodes of the model that it stands for), `kernel`,
/// `shapes` ("f32[8,64], f32[64] -> f32[8,64]"), and `work` if it was counted.
mlir::DictionaryAttr describeLaunch(LaunchOp launch, mlir::Operation *kernel);

} // namespace dlc::dispatch

#endif // DLC_DIALECT_DISPATCH_IR_LAUNCHES_H
