//===- DispatchToLLVM.h - From scheduled kernels to LLVM --------*- C++ -*-===//

#ifndef DLC_CONVERSION_DISPATCHTOLLVM_DISPATCHTOLLVM_H
#define DLC_CONVERSION_DISPATCHTOLLVM_DISPATCHTOLLVM_H

#include "mlir/Pass/PassManager.h"

namespace dlc::conversion {

/// Attributes that convert-dispatch-to-llvm leaves on functions for
/// annotate-kernel-aliases, which removes them: the number of the kernel's
/// arguments, and pairs of arguments (flat) that may share memory.
inline constexpr llvm::StringLiteral kNumArgsAttrName = "dispatch.num_args";
inline constexpr llvm::StringLiteral kSharedArgsAttrName =
    "dispatch.shared_args";

/// Appends what lowers the bodies of kernels to pure LLVM dialect, for a pass
/// manager on modules in which convert-dispatch-to-llvm and
/// convert-arena-to-llvm have run: the upstream conversions of scf, vector,
/// memref, math, arith, index and ub in an order that works. Any func.func
/// still there is converted, too.
void buildKernelLoweringPipeline(mlir::OpPassManager &pm);

} // namespace dlc::conversion

#endif // DLC_CONVERSION_DISPATCHTOLLVM_DISPATCHTOLLVM_H
