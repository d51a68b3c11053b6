//===- Library.h - The interface of a library for a GPU ---------*- C++ -*-===//

#ifndef DLC_LIB_TARGET_CUDA_LIBRARY_H
#define DLC_LIB_TARGET_CUDA_LIBRARY_H

#include "dlc/Target/Common/Descriptor.h"

namespace dlc::target {

/// Adds <name>_check, <name>_init, <name>_run, <name>_free, <name>_message and
/// <name>_descriptor to the module of the descriptor.
void addCudaLibrary(llvm::Module &module, const ModelInfo &info,
                    llvm::StringRef name);

/// The C header that declares them.
std::string makeCudaHeader(const ModelInfo &info, llvm::StringRef name);

} // namespace dlc::target

#endif // DLC_LIB_TARGET_CUDA_LIBRARY_H
