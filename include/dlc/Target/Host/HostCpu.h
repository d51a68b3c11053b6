//===- HostCpu.h - Which x86-64 CPU to generate code for --------*- C++ -*-===//

#ifndef DLC_TARGET_HOST_HOSTCPU_H
#define DLC_TARGET_HOST_HOSTCPU_H

#include "llvm/Support/CodeGen.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace dlc::target {

/// A CPU as code generation sees it.
struct HostCpu {
  /// What --info prints: "x86-64-v3", or LLVM's name of this machine's CPU.
  std::string name;
  /// LLVM's name of the CPU whose timings schedule the instructions.
  std::string tune;
  /// The features that the code may use, all of them from
  /// dlc/Runtime/dlc_cpu_features.def, in the order of that table. They are
  /// what a program checks when it starts: nothing else is switched on.
  std::vector<std::string> features;

  /// In LLVM's form: "+avx2,+fma".
  std::string getLLVMFeatures() const;
  /// In the form of dlc_variant: "avx2,fma".
  std::string getFeatureList() const;
  /// Whether `feature` is among the features.
  bool has(llvm::StringRef feature) const;
};

/// Resolves what a user writes: "native" (the CPU this runs on), "x86-64",
/// "x86-64-v2" to "x86-64-v4", or the name of a CPU that LLVM knows; features
/// that it has beside may follow, as in "x86-64-v4+avx512vnni+avx512bf16".
llvm::Expected<HostCpu> resolveHostCpu(llvm::StringRef spec);

/// Makes a target machine for position-independent code.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createHostTargetMachine(const HostCpu &cpu);

} // namespace dlc::target

#endif // DLC_TARGET_HOST_HOSTCPU_H
