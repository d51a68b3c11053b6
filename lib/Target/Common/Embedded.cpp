//===- Embedded.cpp - Files that the compiler carries inside --------------===//

#include "dlc/Target/Common/Embedded.h"

extern "C" {
extern const char dlc_embedded_host_runtime[], dlc_embedded_host_runtime_end[];
extern const char dlc_embedded_cuda_runtime[], dlc_embedded_cuda_runtime_end[];
extern const char dlc_embedded_abi[], dlc_embedded_abi_end[];
}

static llvm::StringRef makeRef(const char *begin, const char *end) {
  return {begin, size_t(end - begin)};
}

llvm::StringRef dlc::target::getEmbeddedHostRuntime() {
  return makeRef(dlc_embedded_host_runtime, dlc_embedded_host_runtime_end);
}

llvm::StringRef dlc::target::getEmbeddedCudaRuntime() {
  return makeRef(dlc_embedded_cuda_runtime, dlc_embedded_cuda_runtime_end);
}

llvm::StringRef dlc::target::getEmbeddedAbiHeader() {
  return makeRef(dlc_embedded_abi, dlc_embedded_abi_end);
}
