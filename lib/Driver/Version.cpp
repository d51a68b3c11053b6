//===- Version.cpp - Which dlc this is ------------------------------------===//

#include "dlc/Driver/Version.h"

#include "llvm/Config/llvm-config.h"

std::string dlc::getVersionText() {
  return "dlc " DLC_VERSION " (MLIR " LLVM_VERSION_STRING ")";
}
