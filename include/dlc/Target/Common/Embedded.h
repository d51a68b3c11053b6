//===- Embedded.h - Files that the compiler carries inside ------*- C++ -*-===//

#ifndef DLC_TARGET_COMMON_EMBEDDED_H
#define DLC_TARGET_COMMON_EMBEDDED_H

#include "llvm/ADT/StringRef.h"

namespace dlc::target {

/// The archives of the runtimes (lib/Runtime).
llvm::StringRef getEmbeddedHostRuntime();
llvm::StringRef getEmbeddedCudaRuntime();
/// include/dlc/Runtime/dlc_abi.h
llvm::StringRef getEmbeddedAbiHeader();

} // namespace dlc::target

#endif // DLC_TARGET_COMMON_EMBEDDED_H
