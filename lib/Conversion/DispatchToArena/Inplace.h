//===- Inplace.h - What kernels may do in place -----------------*- C++ -*-===//
//
// Private to DispatchToArena.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_CONVERSION_DISPATCHTOARENA_INPLACE_H
#define DLC_LIB_CONVERSION_DISPATCHTOARENA_INPLACE_H

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

namespace dlc::conversion {

/// An input and an output of a kernel that may be the same memory.
using InplacePair = std::pair<unsigned, unsigned>;

/// The pairs in the attribute `inplace` of a kernel, checked.
mlir::FailureOr<llvm::SmallVector<InplacePair>>
getInplacePairs(dispatch::KernelOp kernel);

/// Whether one buffer of these types can take the place of the other.
bool haveSameSize(mlir::MemRefType in, mlir::MemRefType out);

} // namespace dlc::conversion

#endif // DLC_LIB_CONVERSION_DISPATCHTOARENA_INPLACE_H
