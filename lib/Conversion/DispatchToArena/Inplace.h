//===- Inplace.h - Order and reuse in one function --------------*- C++ -*-===//
//
// Private to DispatchToArena.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_CONVERSION_DISPATCHTOARENA_INPLACE_H
#define DLC_LIB_CONVERSION_DISPATCHTOARENA_INPLACE_H

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dlc::conversion {

/// An input and an output of a kernel that may be the same memory.
using InplacePair = std::pair<unsigned, unsigned>;

/// The pairs in the attribute `inplace` of a kernel, checked.
mlir::FailureOr<llvm::SmallVector<InplacePair>>
getInplacePairs(dispatch::KernelOp kernel);

/// Whether one buffer of these types can take the place of the other.
bool haveSameSize(mlir::MemRefType in, mlir::MemRefType out);

/// Moves the steps of a bufferized function into the order that needs least
/// memory; gives the bytes by which its peak is lower. Stops after trying
/// `workLimit` steps.
mlir::FailureOr<int64_t> orderSteps(mlir::func::FuncOp func, int64_t alignment,
                                    uint64_t workLimit);

/// Lets the launches of a bufferized function work in place on buffers that
/// die; gives the number of outputs that took over the buffer of an input.
mlir::FailureOr<unsigned> reuseInplace(mlir::func::FuncOp func);

} // namespace dlc::conversion

#endif // DLC_LIB_CONVERSION_DISPATCHTOARENA_INPLACE_H
