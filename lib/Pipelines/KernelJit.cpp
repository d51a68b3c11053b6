//===- KernelJit.cpp - Kernels that run inside the compiler ---------------===//

#include "KernelJit.h"

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace dlc;
namespace orc = llvm::orc;

StringRef KernelJit::getCPU() {
  static const bool hasAVX2 = [] {
    llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
    return features.lookup("avx2") && features.lookup("fma") &&
           features.lookup("bmi2") && features.lookup("f16c");
  }();
  return hasAVX2 ? "x86-64-v3" : "x86-64";
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
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
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O1)
      .run(module, mam);
}

std::unique_ptr<KernelJit> KernelJit::create(ModuleOp module) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto result = std::make_unique<KernelJit>();
  auto fail = [&](llvm::Error error) {
    module.emitError("constants can not be evaluated at compile time: ")
        << llvm::toString(std::move(error));
    return nullptr;
  };

  // In a program only the entry sees the kernels; here they are looked up.
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (function->hasAttr(dispatch::kItemsAttrName))
      function.setLinkage(LLVM::Linkage::External);

  auto context = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> code =
      translateModuleToLLVMIR(module, *context);
  if (!code)
    return nullptr;
  llvm::Triple triple(llvm::sys::getProcessTriple());
  orc::JITTargetMachineBuilder target(triple);
  target.setCPU(getCPU().str());
  target.setCodeGenOptLevel(llvm::CodeGenOptLevel::Default);
  auto machine = target.createTargetMachine();
  if (!machine)
    return fail(machine.takeError());
  code->setDataLayout((*machine)->createDataLayout());
  code->setTargetTriple((*machine)->getTargetTriple());
  optimize(*code, **machine);

  auto jit = orc::LLJITBuilder().setJITTargetMachineBuilder(target).create();
  if (!jit)
    return fail(jit.takeError());
  result->jit = std::move(*jit);
  // Functions of libm that kernels call are part of this process.
  auto process = orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      result->jit->getDataLayout().getGlobalPrefix());
  if (!process)
    return fail(process.takeError());
  result->jit->getMainJITDylib().addGenerator(std::move(*process));
  if (llvm::Error error = result->jit->addIRModule(
          orc::ThreadSafeModule(std::move(code), std::move(context))))
    return fail(std::move(error));
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    auto items = function->getAttrOfType<IntegerAttr>(dispatch::kItemsAttrName);
    if (!items)
      continue;
    auto address = result->jit->lookup(function.getSymName());
    if (!address)
      return fail(address.takeError());
    result->functions[function.getSymName()] = {
        address->toPtr<void (*)(void *const *, int64_t, int64_t)>(),
        items.getInt()};
  }
  return result;
}

void KernelJit::run(StringRef kernel, ArrayRef<void *> args) {
  const Function &function = functions.at(kernel);
  function.entry(args.data(), 0, function.items);
}
