//===- LoopBorder.h - Extents inside and outside of loops -------*- C++ -*-===//

#ifndef DLC_LIB_DIALECT_NN_TRANSFORMS_LOOPBORDER_H
#define DLC_LIB_DIALECT_NN_TRANSFORMS_LOOPBORDER_H

#include "Extents.h"

#include "mlir/IR/IRMapping.h"

namespace dlc::nn {

/// Knows the extents outside of a loop as values of its body, and the other way
/// round.
class LoopBorder {
public:
  LoopBorder(LoopOp loop, ExtentLimits &limits) : loop(loop), limits(limits) {}

  /// The extent as one more invariant of the loop.
  mlir::Value inside(mlir::Value extent) {
    mlir::Value &known = inner[extent];
    if (known)
      return known;
    loop.getInvariantMutable().append(extent);
    known = loop.getBody().addArgument(extent.getType(), loop.getLoc());
    outer[known] = extent;
    auto limit = limits.find(extent);
    if (limit != limits.end())
      limits.insert({known, int64_t(limit->second)});
    return known;
  }

  /// The extent as a value outside; null where it depends on the iteration.
  mlir::Value outside(mlir::Value extent) {
    extent = originOf(extent, limits);
    if (mlir::Value known = outer.lookup(extent))
      return known;
    mlir::Operation *op = extent.getDefiningOp();
    if (!op || op->getNumRegions() || op->getNumResults() != 1)
      return nullptr;
    mlir::OpBuilder builder(loop);
    mlir::IRMapping mapping;
    for (mlir::Value operand : op->getOperands()) {
      mlir::Value mapped = outside(operand);
      if (!mapped)
        return nullptr;
      if (mapped.getType() != operand.getType()) // an origin of another rank
        mapped = ReshapeOp::create(builder, loop.getLoc(), operand.getType(),
                                   mapped);
      mapping.map(operand, mapped);
    }
    return outer[extent] = builder.clone(*op, mapping)->getResult(0);
  }

private:
  LoopOp loop;
  ExtentLimits &limits;
  llvm::DenseMap<mlir::Value, mlir::Value> inner, outer;
};

} // namespace dlc::nn

#endif // DLC_LIB_DIALECT_NN_TRANSFORMS_LOOPBORDER_H
