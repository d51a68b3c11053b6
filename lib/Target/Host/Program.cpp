//===- Program.cpp - Objects, libraries and executables -------------------===//

#include "dlc/Target/Host/Program.h"

#include "Library.h"

#include "dlc/Target/Common/Embedded.h"
#include "dlc/Target/Common/ProgramWriter.h"
#include "dlc/Target/Host/Codegen.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;
using namespace dlc;
using namespace dlc::target;

namespace {

class ProgramEmitter : public ProgramWriter {
public:
  ProgramEmitter(ArrayRef<ProgramVariant> given, const ProgramOptions &options)
      : ProgramWriter(options, getEmbeddedHostRuntime()),
        variants(given.begin(), given.end()) {
    // A program takes the first one that fits: the most demanding comes first.
    llvm::stable_sort(variants,
                      [](const ProgramVariant &a, const ProgramVariant &b) {
                        return a.cpu.features.size() > b.cpu.features.size();
                      });
  }

  Expected<ProgramReport> run() {
    if (Error error = collectInfo())
      return std::move(error);
    for (auto [index, variant] : llvm::enumerate(variants)) {
      progress("generate code");
      if (Error error = emitCode(variant, index))
        return std::move(error);
    }
    progress("write weights");
    if (Error error = emitData())
      return std::move(error);
    setBuildId();
    if (Error error = emitDescriptor())
      return std::move(error);
    return finish({"Cpu"}, isLibrary() ? makeHostHeader(info, name) : "");
  }

private:
  Error collectInfo() {
    if (variants.empty())
      return createStringError("a program needs at least one CPU");
    if (variants.size() > 1 && options.kind != ProgramKind::Executable)
      return createStringError(
          "only executables can be compiled for several CPUs at once");
    for (auto [index, variant] : llvm::enumerate(variants)) {
      ModelInfo own;
      if (Error error = readSignature(variant.module, own))
        return error;
      if (index == 0) {
        info.inputs = own.inputs;
        info.outputs = own.outputs;
      } else if (info.inputs != own.inputs || info.outputs != own.outputs) {
        return createStringError(
            "the variants for different CPUs have different inputs or outputs");
      }
      addMemory(variant.module);
      info.variants.push_back({variant.cpu.name, variant.cpu.getFeatureList(),
                               symbolOf("entry", index)});
    }
    return finishInfo();
  }

  /// Reads the inputs and outputs from the attributes of `dlc_entry`.
  static Error readSignature(mlir::ModuleOp module, ModelInfo &info) {
    auto entry = module.lookupSymbol<mlir::LLVM::LLVMFuncOp>("dlc_entry");
    if (!entry)
      return createStringError("the module has no function 'dlc_entry'");
    for (bool isOutput : {false, true}) {
      StringRef key = isOutput ? "dlc.outputs" : "dlc.inputs";
      auto list = entry->getAttrOfType<mlir::ArrayAttr>(key);
      if (!list)
        return createStringError("'dlc_entry' lacks the attribute " + key);
      for (auto [index, attr] : llvm::enumerate(list)) {
        auto dictionary = dyn_cast<mlir::DictionaryAttr>(attr);
        auto type = dictionary ? dictionary.getAs<mlir::TypeAttr>("type")
                               : mlir::TypeAttr();
        auto shaped = type ? dyn_cast<mlir::ShapedType>(type.getValue())
                           : mlir::ShapedType();
        if (!shaped || !shaped.hasStaticShape())
          return createStringError("'dlc_entry' has an invalid entry " +
                                   Twine(index) + " in " + key);
        if (Error error = addTensor(info, isOutput,
                                    dictionary.getAs<mlir::StringAttr>("name"),
                                    shaped.getShape(), shaped.getElementType()))
          return error;
      }
    }
    return Error::success();
  }

  /// Compiles the module of a variant to an object file.
  Error emitCode(const ProgramVariant &variant, size_t index) {
    LLVMContext context;
    auto module = translateToLLVM(variant.module, context, variant.cpu);
    if (!module)
      return module.takeError();
    auto machine = createHostTargetMachine(variant.cpu);
    if (!machine)
      return machine.takeError();
    for (Function &function : **module) {
      if (function.isDeclaration())
        continue;
      if (function.getName() == "dlc_entry") {
        function.setName(symbolOf("entry", index));
        function.setVisibility(GlobalValue::HiddenVisibility);
      } else {
        function.setLinkage(GlobalValue::InternalLinkage);
      }
    }
    // Not hidden here: the address comes from the GOT, however far it is.
    if (GlobalVariable *weights = (*module)->getNamedGlobal("dlc_weights"))
      weights->setName(symbolOf("weights", index));
    optimizeModule(**module, **machine);
    auto object = makeObject(**module, **machine);
    return object ? addObject(*object, "code") : object.takeError();
  }

  /// Weights, and for executables the arena and the tensors.
  Error emitData() {
    std::vector<DataSymbol> symbols;
    for (auto [index, variant] : llvm::enumerate(variants))
      for (auto pool :
           mlir::ModuleOp(variant.module).getOps<arena::ConstantPoolOp>())
        symbols.push_back(makeWeights(pool, symbolOf("weights", index)));
    if (options.kind == ProgramKind::Executable) {
      DataSymbol arena;
      arena.name = "dlc_arena";
      arena.size = std::max<uint64_t>(info.arenaBytes, 1);
      arena.isZero = true;
      symbols.push_back(std::move(arena));
      symbols.push_back(makeTensors(DLC_TENSOR_ALIGNMENT));
    }
    return addData(std::move(symbols));
  }

  Error emitDescriptor() {
    LLVMContext context;
    auto module = makeDescriptor(context, info);
    if (isLibrary())
      addHostLibrary(*module, info, name);
    auto object = makePlainObject(*module);
    return object ? addObject(*object, "descriptor") : object.takeError();
  }

  std::vector<ProgramVariant> variants;
};

} // namespace

Expected<ProgramReport> target::emitProgram(ArrayRef<ProgramVariant> variants,
                                            const ProgramOptions &options) {
  return ProgramEmitter(variants, options).run();
}
