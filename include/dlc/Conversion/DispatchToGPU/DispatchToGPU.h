//===- DispatchToGPU.h - From scheduled kernels to NVVM ---------*- C++ -*-===//

#ifndef DLC_CONVERSION_DISPATCHTOGPU_DISPATCHTOGPU_H
#define DLC_CONVERSION_DISPATCHTOGPU_DISPATCHTOGPU_H

#include "mlir/Pass/PassManager.h"

namespace dlc::conversion {

/// The `gpu.module` that convert-dispatch-to-gpu puts all kernels into.
inline constexpr llvm::StringLiteral kKernelModuleName = "dlc_kernels";

/// Alignment in bytes that the kernels rely on for all of their operands.
inline constexpr int64_t kOperandAlignment = 16;

/// Appends what lowers the kernels in the `gpu.module` that
/// convert-dispatch-to-gpu made to LLVM and NVVM dialect.
void buildCudaKernelLoweringPipeline(mlir::OpPassManager &pm);

} // namespace dlc::conversion

#endif // DLC_CONVERSION_DISPATCHTOGPU_DISPATCHTOGPU_H
