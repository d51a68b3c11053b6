//===- TargetDescription.cpp - What kernels are generated for -------------===//

#include "dlc/Schedule/Host/TargetDescription.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace dlc::schedule;

HostTarget HostTarget::get(llvm::StringRef cpu) {
  bool avx512 = false, avx2 = false, vnni = false;
  if (cpu.empty() || cpu == "native") {
    llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
    avx512 = features.lookup("avx512f") && features.lookup("avx512vl") &&
             features.lookup("avx512bw") && features.lookup("avx512dq");
    avx2 = features.lookup("avx2") && features.lookup("fma");
    vnni =
        (avx512 && features.lookup("avx512vnni")) || features.lookup("avxvnni");
  } else {
    llvm::SmallVector<llvm::StringRef> features;
    if (llvm::X86::parseArchX86(cpu) != llvm::X86::CK_None)
      llvm::X86::getFeaturesForCPU(cpu, features);
    avx512 = llvm::is_contained(features, "avx512vl") &&
             llvm::is_contained(features, "avx512bw");
    avx2 = llvm::is_contained(features, "avx2") &&
           llvm::is_contained(features, "fma");
    vnni = (avx512 && llvm::is_contained(features, "avx512vnni")) ||
           llvm::is_contained(features, "avxvnni");
  }
  HostTarget target;
  target.byteDots = vnni;
  target.bytePairs = avx512 || avx2;
  if (!avx512) {
    target.vectorBytes = avx2 ? 32 : 16;
    target.vectorRegisters = 16;
  }
  return target;
}
