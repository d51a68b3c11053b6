//===- Ptx.cpp - From GPU modules to PTX ----------------------------------===//

#include "dlc/Target/CUDA/Ptx.h"

#include "dlc/Target/Common/Optimize.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/OptimizationLevel.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/Internalize.h"

using namespace llvm;
using namespace dlc;
using namespace dlc::target;

/// The PTX version that introduced an architecture (PTX ISA, "Release Notes").
/// Kernels need nothing later; an older version runs with older drivers.
static StringRef getPtxVersion(StringRef arch) {
  return StringSwitch<StringRef>(arch)
      .Case("sm_80", "+ptx70")
      .Case("sm_86", "+ptx71")
      .Case("sm_87", "+ptx74")
      .Cases({"sm_89", "sm_90"}, "+ptx78")
      .Case("sm_90a", "+ptx80")
      .Cases({"sm_100", "sm_100a"}, "+ptx86")
      .Cases({"sm_103", "sm_103a"}, "+ptx88")
      .Cases({"sm_120", "sm_120a"}, "+ptx87")
      .Default("");
}

bool target::isSupportedArch(StringRef arch) {
  return !getPtxVersion(arch).empty();
}

static Expected<std::unique_ptr<TargetMachine>>
createMachine(StringRef arch, const Triple &triple) {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  if (!target::isSupportedArch(arch))
    return createStringError("no PTX can be made for the architecture '" +
                             arch + "'");
  std::string message;
  const Target *found = TargetRegistry::lookupTarget(triple, message);
  if (!found)
    return createStringError(message);
  TargetOptions options;
  // a * b + c becomes one instruction where kernels allow it, in sums of
  // products. Elsewhere a rounding less is one that a model has: of a
  // dequantised number that lies on the border of two steps, it makes another.
  options.AllowFPOpFusion = FPOpFusion::Standard;
  std::unique_ptr<TargetMachine> machine(found->createTargetMachine(
      triple, arch, getPtxVersion(arch), options, std::nullopt, std::nullopt,
      CodeGenOptLevel::Aggressive));
  if (!machine)
    return createStringError("LLVM can not make PTX for '" + arch + "'");
  return machine;
}

/// Where CUDA's libdevice may be: $CUDA_HOME, beside a ptxas in PATH, or the
/// usual folder.
static SmallVector<std::string> getLibdevicePaths() {
  SmallVector<std::string> roots;
  if (auto home = sys::Process::GetEnv("CUDA_HOME"))
    roots.push_back(*home);
  if (auto ptxas = sys::Process::FindInEnvPath("PATH", "ptxas")) {
    StringRef bin = sys::path::parent_path(*ptxas);
    roots.push_back(sys::path::parent_path(bin).str());
  }
  roots.push_back("/usr/local/cuda");
  for (std::string &root : roots)
    root += "/nvvm/libdevice/libdevice.10.bc";
  return roots;
}

/// Links libdevice's functions in if the module calls any.
static Error linkLibdevice(Module &module) {
  bool needed = any_of(module, [](const Function &function) {
    return function.isDeclaration() && function.getName().starts_with("__nv_");
  });
  if (!needed)
    return Error::success();
  SmallVector<std::string> paths = getLibdevicePaths();
  for (const std::string &path : paths) {
    if (!sys::fs::exists(path))
      continue;
    SMDiagnostic diagnostic;
    std::unique_ptr<Module> library =
        parseIRFile(path, diagnostic, module.getContext());
    if (!library)
      return createStringError("can not read " + path + ": " +
                               diagnostic.getMessage());
    library->setTargetTriple(module.getTargetTriple());
    library->setDataLayout(module.getDataLayout());
    bool failed = Linker::linkModules(
        module, std::move(library), Linker::LinkOnlyNeeded,
        [](Module &linked, const StringSet<> &names) {
          internalizeModule(linked, [&](const GlobalValue &value) {
            return !value.hasName() || !names.contains(value.getName());
          });
        });
    if (failed)
      return createStringError("can not link " + path);
    return Error::success();
  }
  return createStringError("f64 math needs libdevice of the CUDA toolkit, "
                           "which is neither in " +
                           join(paths, " nor in ") +
                           "; set CUDA_HOME to the toolkit's folder");
}

Expected<std::string> target::emitPtx(mlir::gpu::GPUModuleOp kernels,
                                      StringRef arch) {
  Triple triple("nvptx64-nvidia-cuda");
  auto machine = createMachine(arch, triple);
  if (!machine)
    return machine.takeError();
  LLVMContext context;
  std::unique_ptr<Module> module =
      mlir::translateModuleToLLVMIR(kernels, context, "dlc");
  if (!module)
    return createStringError("can not translate kernels to LLVM IR");
  module->setTargetTriple(triple);
  module->setDataLayout((*machine)->createDataLayout());
  if (Error error = linkLibdevice(*module))
    return error;
  // Subnormal numbers are kept, as on the host.
  module->addModuleFlag(Module::ModFlagBehavior::Override, "nvvm-reflect-ftz",
                        0U);
  optimizeModule(*module, **machine, OptimizationLevel::O3,
                 /*unrollLoops=*/true);
  SmallString<0> text;
  raw_svector_ostream stream(text);
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr,
                                      CodeGenFileType::AssemblyFile))
    return createStringError("LLVM can not write PTX");
  passes.run(*module);
  return text.str().str();
}
