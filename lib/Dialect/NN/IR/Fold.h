//===- Fold.h - Evaluation of small constants -------------------*- C++ -*-===//
//
// Only small constants are computed here (shape arithmetic, per-channel
// parameters). Large ones are computed at the end of the pipeline by the
// compiler's own kernels.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_DIALECT_NN_IR_FOLD_H
#define DLC_LIB_DIALECT_NN_IR_FOLD_H

#include "dlc/Dialect/NN/IR/NN.h"

namespace dlc::nn {

/// Constants of more elements are not folded, unless all elements are equal.
constexpr int64_t maxFoldedElements = 4096;

/// A constant operand as dense elements when it is small or a splat, else null.
/// Blobs of small resources are read.
mlir::DenseElementsAttr smallConstant(mlir::Attribute attribute);

/// Builds a constant of `type` whose element at row-major position i is the
/// element of `source` at position `index(i)`.
mlir::DenseElementsAttr
permuteElements(mlir::DenseElementsAttr source, mlir::RankedTensorType type,
                llvm::function_ref<int64_t(llvm::ArrayRef<int64_t>)> index);

} // namespace dlc::nn

#endif // DLC_LIB_DIALECT_NN_IR_FOLD_H
