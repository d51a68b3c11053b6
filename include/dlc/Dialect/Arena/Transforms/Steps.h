//===- Steps.h - The launches of a graph function, counted ------*- C++ -*-===//

#ifndef DLC_DIALECT_ARENA_TRANSFORMS_STEPS_H
#define DLC_DIALECT_ARENA_TRANSFORMS_STEPS_H

#include "mlir/IR/Operation.h"

namespace dlc::arena {

/// Whether `op` only makes another view of memory that exists: a reshape, a
/// view of a slot or of a constant.
bool isView(mlir::Operation *op);

/// The value that the memory of `value` comes from, through reshapes.
mlir::Value getMemory(mlir::Value value);

/// The operations of a graph function's block that touch memory (launches and
/// copies), in the order of execution. The index of an operation is its launch
/// number, which lifetimes of slots refer to.
llvm::SmallVector<mlir::Operation *> collectSteps(mlir::Block &block);

} // namespace dlc::arena

#endif // DLC_DIALECT_ARENA_TRANSFORMS_STEPS_H
