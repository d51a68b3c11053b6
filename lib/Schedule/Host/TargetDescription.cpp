//===- TargetDescription.cpp - What kernels are generated for -------------===//

#include "dlc/Schedule/Host/TargetDescription.h"

#include "dlc/Support/CpuName.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace dlc::schedule;

/// The features of an LLVM CPU name and those that follow it, those that others
/// imply as well.
static llvm::StringMap<bool> featuresOf(llvm::StringRef text) {
  llvm::StringMap<bool> all;
  llvm::SmallVector<llvm::StringRef> features;
  dlc::CpuName cpu(text);
  if (cpu.name.empty() || cpu.name == "native")
    all = llvm::sys::getHostCPUFeatures();
  else if (llvm::X86::parseArchX86(cpu.name) != llvm::X86::CK_None)
    llvm::X86::getFeaturesForCPU(cpu.name, features);
  features.append(cpu.more);
  for (llvm::StringRef feature : features) {
    all[feature] = true;
    llvm::X86::updateImpliedFeatures(feature, /*Enabled=*/true, all);
  }
  return all;
}

HostTarget HostTarget::get(llvm::StringRef cpu) {
  llvm::StringMap<bool> features = featuresOf(cpu);
  bool avx512 = features.lookup("avx512f") && features.lookup("avx512vl") &&
                features.lookup("avx512bw") && features.lookup("avx512dq");
  bool avx2 = features.lookup("avx2") && features.lookup("fma");
  bool vnni =
      (avx512 && features.lookup("avx512vnni")) || features.lookup("avxvnni");
  HostTarget target;
  target.byteDots = vnni;
  target.bfloatDots = avx512 && features.lookup("avx512bf16");
  target.bytePairs = avx512 || avx2;
  target.fusedMultiplyAdd = avx512 || avx2;
  target.storesParts = avx512;
  bool amx = avx512 && features.lookup("amx-tile");
  target.bfloatMatrices = amx && features.lookup("amx-bf16");
  target.byteMatrices = amx && vnni && features.lookup("amx-int8");
  if (!avx512) {
    target.vectorBytes = avx2 ? 32 : 16;
    target.vectorRegisters = 16;
  }
  return target;
}
