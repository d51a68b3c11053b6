//===- Steps.h - The launches of a graph function, counted ------*- C++ -*-===//

#ifndef DLC_DIALECT_ARENA_TRANSFORMS_STEPS_H
#define DLC_DIALECT_ARENA_TRANSFORMS_STEPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace dlc::arena {

/// Whether `op` only makes another view of memory that exists: a reshape, a
/// view of a slot or of a constant.
bool isView(mlir::Operation *op);

/// The value that the memory of `value` comes from, through reshapes.
mlir::Value getMemory(mlir::Value value);

/// The operations of a graph function's block that touch memory (launches and
/// copies), in the order of execution. The index of an operation is its launch
/// number, which lifetimes of slots refer to; see Timeline for several
/// functions.
llvm::SmallVector<mlir::Operation *> collectSteps(mlir::Block &block);

/// Which parameters of its graph function a buffer stands for (see arena-io).
struct Role {
  bool isInput = false, isOutput = false;
};
Role getRole(mlir::Value buffer);

/// A graph function with its steps.
struct Timeline {
  mlir::func::FuncOp graph;
  llvm::SmallVector<mlir::Operation *> steps;
  /// The launch number of the first step.
  int64_t begin;
  /// One behind that of the last: a function without steps takes one, too.
  int64_t end() const {
    return begin + std::max<int64_t>(1, static_cast<int64_t>(steps.size()));
  }
};

/// Whether `function` is no graph, but the body of a loop in one: it is
/// private.
inline bool isLoopBody(mlir::func::FuncOp function) {
  return function.isPrivate() && !function.isExternal();
}

/// A loop's body as a timeline of its own, from launch 0: it has a layout of
/// its own.
Timeline getBodyTimeline(mlir::func::FuncOp body);

/// The graph functions of `module`, one for each of the shapes that a program
/// is compiled for. They never run at once, and share one arena: the launches
/// of one are numbered after those of the one before it, so that no slot of one
/// lives together with a slot of another.
llvm::SmallVector<Timeline> collectTimelines(mlir::ModuleOp module);

} // namespace dlc::arena

#endif // DLC_DIALECT_ARENA_TRANSFORMS_STEPS_H
