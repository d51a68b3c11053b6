//===- Embedded.cpp - Files that the compiler carries inside --------------===//

#include "Embedded.h"

extern "C" {
extern const char dlc_embedded_runtime[], dlc_embedded_runtime_end[];
extern const char dlc_embedded_abi[], dlc_embedded_abi_end[];
}

llvm::StringRef dlc::target::getEmbeddedRuntime() {
  return {dlc_embedded_runtime,
          size_t(dlc_embedded_runtime_end - dlc_embedded_runtime)};
}

llvm::StringRef dlc::target::getEmbeddedAbiHeader() {
  return {dlc_embedded_abi, size_t(dlc_embedded_abi_end - dlc_embedded_abi)};
}
