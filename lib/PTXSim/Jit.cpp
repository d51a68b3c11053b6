//===- Jit.cpp - LLVM IR to code of this host -----------------------------===//

#include "Jit.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace dlc::ptxsim;

/// What makes vector code good and is quick: registers into SSA form, common
/// subexpressions, loop invariants. The default pipelines take several times as
/// long for the same speed of code.
static const char *const passes =
    "function(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-"
    "fixpoint>,"
    "loop-mssa(licm<no-allowspeculation>),early-cse<memssa>,"
    "instcombine<no-verify-fixpoint>,simplifycfg,dse,adce)";

struct Jit::State {
  std::unique_ptr<llvm::orc::LLJIT> lljit;
  std::string cpu, features;
  unsigned objects = 0;
  llvm::orc::JITDylib *shared = nullptr; ///< null until it is needed

  llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
  makeMachine(bool quick) const {
    llvm::Triple triple(llvm::sys::getProcessTriple());
    std::string problem;
    const llvm::Target *target =
        llvm::TargetRegistry::lookupTarget(triple, problem);
    if (!target)
      return llvm::createStringError(problem);
    llvm::TargetOptions options;
    options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
    std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
        triple, cpu, features, options, llvm::Reloc::PIC_,
        llvm::CodeModel::Small,
        quick ? llvm::CodeGenOptLevel::None : llvm::CodeGenOptLevel::Less,
        /*JIT=*/true));
    if (!machine)
      return llvm::createStringError("no code generator for this host");
    return machine;
  }
};

Jit &Jit::get() {
  static Jit jit;
  return jit;
}

Jit::Jit() : state(std::make_shared<State>()) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  state->cpu = llvm::sys::getHostCPUName().str();
  for (auto &feature : llvm::sys::getHostCPUFeatures())
    state->features += std::string(state->features.empty() ? "" : ",") +
                       (feature.second ? "+" : "-") + feature.first().str();
  description = state->cpu + " " + state->features;
}

llvm::Error Jit::configure(llvm::Module &module) {
  auto machine = state->makeMachine(/*quick=*/true);
  if (!machine)
    return machine.takeError();
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  return llvm::Error::success();
}

static llvm::Error optimise(llvm::Module &module,
                            llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager lam;
  llvm::FunctionAnalysisManager fam;
  llvm::CGSCCAnalysisManager cgam;
  llvm::ModuleAnalysisManager mam;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(mam);
  builder.registerCGSCCAnalyses(cgam);
  builder.registerFunctionAnalyses(fam);
  builder.registerLoopAnalyses(lam);
  builder.crossRegisterProxies(lam, fam, cgam, mam);
  llvm::ModulePassManager manager;
  if (llvm::Error error = builder.parsePassPipeline(manager, passes))
    return error;
  manager.run(module, mam);
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
Jit::compile(llvm::Module &module, bool quick) {
  auto machine = state->makeMachine(quick);
  if (!machine)
    return machine.takeError();
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", state->cpu);
    function.addFnAttr("target-features", state->features);
    // vectors as wide as the host has them
    function.addFnAttr("prefer-vector-width", "512");
    function.addFnAttr("min-legal-vector-width", "512");
  }
  if (!quick)
    if (llvm::Error error = optimise(module, **machine))
      return std::move(error);
  llvm::SmallVector<char, 0> object;
  llvm::raw_svector_ostream os(object);
  llvm::legacy::PassManager codegen;
  if ((*machine)->addPassesToEmitFile(codegen, os, nullptr,
                                      llvm::CodeGenFileType::ObjectFile))
    return llvm::createStringError("this host's object files can not be made");
  codegen.run(module);
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(
      std::move(object), "kernel", /*RequiresNullTerminator=*/false);
}

/// A library whose objects find memcpy and libm, where code generation calls
/// them.
static llvm::Expected<llvm::orc::JITDylib &>
makeLibrary(llvm::orc::LLJIT &lljit, const std::string &name) {
  using namespace llvm::orc;
  auto library = lljit.createJITDylib(name);
  if (!library)
    return library.takeError();
  auto process = DynamicLibrarySearchGenerator::GetForCurrentProcess(
      lljit.getDataLayout().getGlobalPrefix());
  if (!process)
    return process.takeError();
  library->addGenerator(std::move(*process));
  return *library;
}

llvm::Expected<KernelEntry>
Jit::load(std::unique_ptr<llvm::MemoryBuffer> object, llvm::StringRef name,
          bool isShared) {
  using namespace llvm::orc;
  if (!state->lljit) {
    auto created = LLJITBuilder().create();
    if (!created)
      return created.takeError();
    state->lljit = std::move(*created);
  }
  LLJIT &lljit = *state->lljit;
  JITDylib *library = isShared ? state->shared : nullptr;
  if (!library) {
    auto made =
        makeLibrary(lljit, "library" + std::to_string(state->objects++));
    if (!made)
      return made.takeError();
    library = &*made;
    if (isShared)
      state->shared = library;
  }
  if (llvm::Error error = lljit.addObjectFile(*library, std::move(object)))
    return std::move(error);
  auto symbol = lljit.lookup(*library, name);
  if (!symbol)
    return symbol.takeError();
  return symbol->toPtr<KernelEntry>();
}
