//===- Descriptor.h - dlc_model_descriptor as LLVM IR -----------*- C++ -*-===//

#ifndef DLC_LIB_TARGET_HOST_DESCRIPTOR_H
#define DLC_LIB_TARGET_HOST_DESCRIPTOR_H

#include "dlc/Target/Host/Program.h"

#include "llvm/IR/Module.h"

namespace dlc::target {

/// An input or output.
struct TensorInfo {
  std::string name;
  uint32_t dtype = 0;
  llvm::SmallVector<int64_t> shape;
  uint64_t bytes = 0;

  bool operator==(const TensorInfo &other) const {
    return name == other.name && dtype == other.dtype && shape == other.shape;
  }
};

/// What the descriptor says.
struct ModelInfo {
  struct Variant {
    std::string cpu, features, entrySymbol;
  };
  std::string name, compiler, buildId;
  std::vector<TensorInfo> inputs, outputs;
  uint64_t arenaBytes = 0, arenaAlignment = 64, lowerBound = 0,
           weightsBytes = 0;
  std::vector<Variant> variants;
};

/// The dtype code of dlc_abi.h for an element type, 0 if it has none.
uint32_t getDtypeCode(mlir::Type type);

/// Reads the inputs and outputs from the attributes of `dlc_entry`.
llvm::Error readSignature(mlir::ModuleOp module, ModelInfo &info);

/// Makes a module with the hidden symbol `symbol`, a dlc_model.
std::unique_ptr<llvm::Module> makeDescriptor(llvm::LLVMContext &context,
                                             const ModelInfo &info,
                                             llvm::StringRef symbol);

/// Adds the functions of a library to the module of its descriptor:
/// <name>_run, <name>_run_parallel, <name>_check and <name>_descriptor.
void addLibraryFunctions(llvm::Module &module, const ModelInfo &info,
                         llvm::StringRef name, llvm::StringRef descriptor);

/// The C header of a library.
std::string makeHeader(const ModelInfo &info, llvm::StringRef name);

} // namespace dlc::target

#endif // DLC_LIB_TARGET_HOST_DESCRIPTOR_H
