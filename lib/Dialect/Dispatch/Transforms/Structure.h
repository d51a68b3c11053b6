//===- Structure.h - What the passes ask of structured ops ------*- C++ -*-===//
//
// Classification of linalg ops by loops, indexing maps and bodies only; no pass
// of this dialect looks at op names.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_DIALECT_DISPATCH_TRANSFORMS_STRUCTURE_H
#define DLC_LIB_DIALECT_DISPATCH_TRANSFORMS_STRUCTURE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace dlc::dispatch {

/// Whether all loops are parallel.
bool isMap(mlir::linalg::LinalgOp op);

/// Whether the op is a linalg.generic with one result that only moves data: the
/// body is nothing but a yield of one input.
bool isMove(mlir::Operation *op);

/// A move that permutes dims (or copies): both maps are permutations.
bool isPermutation(mlir::Operation *op);

/// Whether each iteration reads its own element of `operand`: the map is a
/// permutation of all loops. What is fused into such an operand is computed as
/// often as before.
bool isPointwise(mlir::OpOperand &operand);

/// Whether an input is read several times: by a window (a map that is no
/// projected permutation) or because a parallel loop does not index it while
/// there are reduction loops. True for contractions, convolutions and pools,
/// false for reductions that read each element once.
bool hasReuse(mlir::linalg::LinalgOp op);

/// Whether the body reads tensors by computed indices.
bool isGather(mlir::linalg::LinalgOp op);

/// The value behind expand_shape and collapse_shape ops.
mlir::Value skipReshapes(mlir::Value value);

/// Whether `value` is a short expression of constants only.
bool isConstantExpression(mlir::Value value);

/// The product of the loop ranges.
int64_t getNumIterations(mlir::linalg::LinalgOp op);

/// Bytes of a static shaped type.
int64_t getNumBytes(mlir::Type type);

} // namespace dlc::dispatch

#endif // DLC_LIB_DIALECT_DISPATCH_TRANSFORMS_STRUCTURE_H
