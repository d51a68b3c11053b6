//===- Reduction.h - Reducing dimensions of tensors -------------*- C++ -*-===//

#ifndef DLC_LIB_CONVERSION_NNTOLINALG_REDUCTION_H
#define DLC_LIB_CONVERSION_NNTOLINALG_REDUCTION_H

#include "Lowering.h"

namespace dlc::conversion {

/// `shape` without `axes`.
llvm::SmallVector<int64_t> dropDims(llvm::ArrayRef<int64_t> shape,
                                    llvm::ArrayRef<int64_t> axes);

/// From `rank` loops to those that are not in `axes`.
mlir::AffineMap dropDimsMap(mlir::MLIRContext *context, unsigned rank,
                            llvm::ArrayRef<int64_t> axes);

/// Reduces the loops `axes` of a nest over `shape`; the result has the other
/// dimensions only. See reduceTensors.
mlir::Value reduceDims(LocBuilder &b, llvm::ArrayRef<Access> accesses,
                       llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<int64_t> axes, mlir::Value init,
                       Body body);

} // namespace dlc::conversion

#endif // DLC_LIB_CONVERSION_NNTOLINALG_REDUCTION_H
