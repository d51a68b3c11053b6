//===- HostCpu.cpp - Which x86-64 CPU to generate code for ----------------===//

#include "dlc/Target/Host/HostCpu.h"

#include "dlc/Support/CpuName.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

using namespace llvm;
using namespace dlc::target;

static constexpr const char *kKnownFeatures[] = {
#define DLC_CPU_FEATURE(name, leaf, subleaf, reg, bit, state) name,
#include "dlc/Runtime/dlc_cpu_features.def"
};

static const Triple &getTriple() {
  static const Triple triple("x86_64-unknown-linux-gnu");
  return triple;
}

static Expected<const Target *> getTarget() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(getTriple(), error);
  if (!target)
    return createStringError(error);
  return target;
}

std::string HostCpu::getLLVMFeatures() const {
  std::string result;
  for (const std::string &feature : features)
    result += (result.empty() ? "+" : ",+") + feature;
  return result;
}

std::string HostCpu::getFeatureList() const { return join(features, ","); }

bool HostCpu::has(StringRef feature) const {
  return is_contained(features, feature);
}

/// `cpu` with the features of the CPU `name` and `more` ones, and those that
/// they imply.
static HostCpu withFeatures(HostCpu cpu, const Target &target, StringRef name,
                            StringRef more) {
  std::unique_ptr<MCSubtargetInfo> info(
      target.createMCSubtargetInfo(getTriple(), name, more));
  for (const char *feature : kKnownFeatures)
    if (info->checkFeatures("+" + std::string(feature)))
      cpu.features.push_back(feature);
  return cpu;
}

/// The features behind the name, in LLVM's form: "+fma,+avx2".
static Expected<std::string> getMoreFeatures(const dlc::CpuName &name,
                                             StringRef spec) {
  std::string result;
  for (StringRef feature : name.more) {
    if (!is_contained(kKnownFeatures, feature))
      return createStringError("unknown feature '" + feature +
                               "' in the CPU '" + spec + "'; known are " +
                               join(ArrayRef(kKnownFeatures), " "));
    result += (result.empty() ? "+" : ",+") + feature.str();
  }
  return result;
}

Expected<HostCpu> dlc::target::resolveHostCpu(StringRef spec) {
  Expected<const Target *> target = getTarget();
  if (!target)
    return target.takeError();
  dlc::CpuName name(spec);
  auto more = getMoreFeatures(name, spec);
  if (!more)
    return more.takeError();
  HostCpu cpu;
  cpu.name = spec.str();
  spec = name.name;
  if (spec == "native") {
    cpu.tune = sys::getHostCPUName().str();
    cpu.name.replace(0, spec.size(), cpu.tune);
    std::string known = *more;
    for (const auto &[feature, isPresent] : sys::getHostCPUFeatures())
      if (isPresent && is_contained(kKnownFeatures, feature))
        known += (known.empty() ? "+" : ",+") + feature.str();
    return withFeatures(std::move(cpu), **target, "x86-64", known);
  }

  std::unique_ptr<MCSubtargetInfo> plain(
      (*target)->createMCSubtargetInfo(getTriple(), "x86-64", ""));
  if (!plain->isCPUStringValid(spec))
    return createStringError("unknown CPU '" + spec +
                             "'; use native, x86-64-v3, x86-64-v4 or one of "
                             "LLVM's names");
  cpu.tune = spec.str();
  return withFeatures(std::move(cpu), **target, spec, *more);
}

Expected<std::unique_ptr<TargetMachine>>
dlc::target::createHostTargetMachine(const HostCpu &cpu) {
  Expected<const Target *> target = getTarget();
  if (!target)
    return target.takeError();
  TargetOptions options;
  options.AllowFPOpFusion = FPOpFusion::Standard;
  options.FunctionSections = true;
  options.DataSections = true;
  std::unique_ptr<TargetMachine> machine((*target)->createTargetMachine(
      getTriple(), "x86-64", cpu.getLLVMFeatures(), options, Reloc::PIC_,
      CodeModel::Small, CodeGenOptLevel::Default));
  if (!machine)
    return createStringError("LLVM has no code generator for x86-64");
  return machine;
}
