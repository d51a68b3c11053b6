//===- Codegen.h - From LLVM dialect to machine code ------------*- C++ -*-===//

#ifndef DLC_TARGET_HOST_CODEGEN_H
#define DLC_TARGET_HOST_CODEGEN_H

#include "dlc/Target/Host/HostCpu.h"

#include "mlir/IR/BuiltinOps.h"

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace dlc::target {

/// Translates a module of LLVM dialect; operations of the arena dialect in it
/// (the layout, the constants) are passed over. The result has the target's
/// triple and data layout, and its functions carry the CPU's features, so that
/// it can also go to a JIT. The context needs the translations of the builtin
/// and llvm dialects.
llvm::Expected<std::unique_ptr<llvm::Module>>
translateToLLVM(mlir::ModuleOp module, llvm::LLVMContext &context,
                const HostCpu &cpu);

/// The module as an object file.
llvm::Expected<std::string> makeObject(llvm::Module &module,
                                       llvm::TargetMachine &machine);

/// The same for data and code that any x86-64 CPU can run.
llvm::Expected<std::string> makePlainObject(llvm::Module &module);

} // namespace dlc::target

#endif // DLC_TARGET_HOST_CODEGEN_H
