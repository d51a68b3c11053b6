//===- LoopBuilder.h - Builds nn.loop -------------------------*- C++ -*-===//

#ifndef DLC_DIALECT_NN_IR_LOOPBUILDER_H
#define DLC_DIALECT_NN_IR_LOOPBUILDER_H

#include "dlc/Dialect/NN/IR/NN.h"

#include "mlir/IR/Builders.h"

namespace dlc::nn {

/// Builds an nn.loop from the inside: what its results are, and which values it
/// takes as they are, is known only when its body is there. From the
/// construction to `finish` or the destruction, the builder adds to the body.
class LoopBuilder {
public:
  /// `sliced` have `trips` as their first dimension.
  LoopBuilder(mlir::OpBuilder &builder, mlir::Location loc, int64_t trips,
              mlir::ValueRange carried, mlir::ValueRange sliced);
  /// Drops the body if the loop was not finished.
  ~LoopBuilder();
  LoopBuilder(const LoopBuilder &) = delete;
  LoopBuilder &operator=(const LoopBuilder &) = delete;

  mlir::ValueRange getStates() const;
  mlir::ValueRange getSlices() const;

  /// The loop whose body yields `next`, one value for each state, and
  /// `stacked`, of which `stackedReversed` has an element each (as `reversed`
  /// of what is sliced). The body may have used any value in sight. Nothing is
  /// verified.
  LoopOp finish(mlir::ValueRange next, mlir::ValueRange stacked,
                llvm::ArrayRef<bool> reversed,
                llvm::ArrayRef<bool> stackedReversed);

private:
  mlir::OpBuilder &builder;
  mlir::OpBuilder::InsertPoint outside;
  int64_t trips;
  llvm::SmallVector<mlir::Value> carried, sliced;
  /// Holds the body in the place of the loop.
  LoopOp draft;
};

} // namespace dlc::nn

#endif // DLC_DIALECT_NN_IR_LOOPBUILDER_H
