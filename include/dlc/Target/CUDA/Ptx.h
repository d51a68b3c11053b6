//===- Ptx.h - From GPU modules to PTX --------------------------*- C++ -*-===//

#ifndef DLC_TARGET_CUDA_PTX_H
#define DLC_TARGET_CUDA_PTX_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/Support/Error.h"

#include <string>

namespace dlc::target {

/// Whether `arch` names an architecture that PTX can be made for: "sm_80",
/// "sm_90a", …
bool isSupportedArch(llvm::StringRef arch);

/// Translates a module of `llvm.func`s (kernels carry `nvvm.kernel`) to PTX for
/// `arch`. The same module gives the same text. Functions of CUDA's libdevice
/// are linked in where the module calls them (f64 math only); the error says
/// where it was looked for. The context needs the translations of the builtin,
/// gpu, llvm and nvvm dialects.
llvm::Expected<std::string> emitPtx(mlir::gpu::GPUModuleOp kernels,
                                    llvm::StringRef arch);

} // namespace dlc::target

#endif // DLC_TARGET_CUDA_PTX_H
