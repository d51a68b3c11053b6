//===- Library.h - The interface of a library for the host ------*- C++ -*-===//

#ifndef DLC_LIB_TARGET_HOST_LIBRARY_H
#define DLC_LIB_TARGET_HOST_LIBRARY_H

#include "dlc/Target/Common/Descriptor.h"

namespace dlc::target {

/// Adds <name>_run, <name>_run_parallel, <name>_check and <name>_descriptor to
/// the module of the descriptor.
void addHostLibrary(llvm::Module &module, const ModelInfo &info,
                    llvm::StringRef name);

/// The C header that declares them.
std::string makeHostHeader(const ModelInfo &info, llvm::StringRef name);

} // namespace dlc::target

#endif // DLC_LIB_TARGET_HOST_LIBRARY_H
