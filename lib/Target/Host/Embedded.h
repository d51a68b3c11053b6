//===- Embedded.h - Files that the compiler carries inside ------*- C++ -*-===//

#ifndef DLC_LIB_TARGET_HOST_EMBEDDED_H
#define DLC_LIB_TARGET_HOST_EMBEDDED_H

#include "llvm/ADT/StringRef.h"

namespace dlc::target {

/// The archive of the runtime (lib/Runtime).
llvm::StringRef getEmbeddedRuntime();
/// include/dlc/Runtime/dlc_abi.h
llvm::StringRef getEmbeddedAbiHeader();

} // namespace dlc::target

#endif // DLC_LIB_TARGET_HOST_EMBEDDED_H
