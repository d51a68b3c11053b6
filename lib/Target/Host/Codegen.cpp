//===- Codegen.cpp - From LLVM dialect to machine code --------------------===//

#include "dlc/Target/Host/Codegen.h"

#include "dlc/Dialect/Arena/IR/Arena.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;
using namespace dlc;
using namespace dlc::target;

Expected<std::unique_ptr<Module>> target::translateToLLVM(mlir::ModuleOp module,
                                                          LLVMContext &context,
                                                          const HostCpu &cpu) {
  auto machine = createHostTargetMachine(cpu);
  if (!machine)
    return machine.takeError();
  // The arena dialect has no translation: its operations leave for a moment.
  // (A clone of the module would cost more than the move.)
  mlir::Block *body = module.getBody();
  std::vector<mlir::Operation *> kept, hidden;
  for (mlir::Operation &op : *body)
    (mlir::isa_and_nonnull<arena::ArenaDialect>(op.getDialect()) ? hidden
                                                                 : kept)
        .push_back(&op);
  for (mlir::Operation *op : hidden)
    op->remove();
  std::unique_ptr<Module> result =
      mlir::translateModuleToLLVMIR(module, context, "dlc");
  for (mlir::Operation *op : llvm::reverse(hidden))
    body->push_front(op);
  if (!result)
    return createStringError("cannot translate to LLVM IR");

  result->setTargetTriple((*machine)->getTargetTriple());
  result->setDataLayout((*machine)->createDataLayout());
  result->setPICLevel(PICLevel::BigPIC);
  std::string features = cpu.getLLVMFeatures();
  for (Function &function : *result) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", "x86-64");
    function.addFnAttr("tune-cpu", cpu.tune);
    function.addFnAttr("target-features", features);
    // The vectors are those that the scheduler chose; LLVM would split zmm
    // ones on CPUs that it believes to run slower with them.
    if (cpu.has("avx512f"))
      function.addFnAttr("prefer-vector-width", "512");
    // LLVM gives the matrix registers shapes for a whole function.
    if (any_of(instructions(function), [](const Instruction &instruction) {
          return instruction.getType()->isX86_AMXTy();
        }))
      function.addFnAttr(Attribute::NoInline);
    function.addFnAttr(Attribute::NoUnwind);
    function.setUWTableKind(UWTableKind::None);
  }
  return result;
}

Expected<std::string> target::makeObject(Module &module,
                                         TargetMachine &machine) {
  SmallVector<char, 0> bytes;
  raw_svector_ostream stream(bytes);
  legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr,
                                  CodeGenFileType::ObjectFile))
    return createStringError("LLVM cannot write object files for x86-64");
  passes.run(module);
  return std::string(bytes.data(), bytes.size());
}

Expected<std::string> target::makePlainObject(Module &module) {
  auto machine = createHostTargetMachine(HostCpu{"x86-64", "x86-64", {}});
  if (!machine)
    return machine.takeError();
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  module.setPICLevel(PICLevel::BigPIC);
  return makeObject(module, **machine);
}
