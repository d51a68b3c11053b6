//===- KernelJit.h - Kernels that run inside the compiler -------*- C++ -*-===//

#ifndef DLC_LIB_PIPELINES_KERNELJIT_H
#define DLC_LIB_PIPELINES_KERNELJIT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"

#include <memory>

namespace dlc {

/// Kernels compiled for the machine that the compiler runs on.
class KernelJit {
public:
  /// The CPU to schedule and generate code for: the same on every machine that
  /// has AVX2, so that results do not depend on where the compiler runs.
  static llvm::StringRef getCPU();

  /// Compiles `module`: kernels lowered to the LLVM dialect. On failure emits
  /// an error and returns null.
  static std::unique_ptr<KernelJit> create(mlir::ModuleOp module);

  /// Runs all `items` work items of `kernel` on `args` (inputs, then outputs).
  void run(llvm::StringRef kernel, llvm::ArrayRef<void *> args);

private:
  struct Function {
    void (*entry)(void *const *args, int64_t begin, int64_t end);
    int64_t items;
  };
  std::unique_ptr<llvm::orc::LLJIT> jit;
  llvm::StringMap<Function> functions;
};

} // namespace dlc

#endif // DLC_LIB_PIPELINES_KERNELJIT_H
