//===- Program.cpp - Objects, libraries and executables -------------------===//

#include "dlc/Target/Host/Program.h"

#include "Library.h"

#include "dlc/Target/Common/Embedded.h"
#include "dlc/Target/Common/Optimize.h"
#include "dlc/Target/Common/ProgramWriter.h"
#include "dlc/Target/Host/Codegen.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/OptimizationLevel.h"
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
    return finish({"Cpu", "Find"},
                  isLibrary() ? makeHostHeader(info, name) : "");
  }

private:
  Error collectInfo() {
    if (variants.empty())
      return createStringError("a program needs at least one CPU");
    if (variants.size() > 1 && options.kind != ProgramKind::Executable)
      return createStringError(
          "only executables can be compiled for several CPUs at once");
    for (auto [index, variant] : llvm::enumerate(variants)) {
      std::vector<ModelInfo::Specialisation> own;
      if (Error error = readSpecialisations(variant.module, own))
        return error;
      if (index == 0)
        info.specialisations = own;
      if (own.size() != info.specialisations.size())
        return createStringError(
            "the variants for different CPUs have different shapes");
      for (auto [number, mine] : llvm::enumerate(own)) {
        ModelInfo::Specialisation &all = info.specialisations[number];
        if (all.inputs != mine.inputs || all.outputs != mine.outputs)
          return createStringError("the variants for different CPUs have "
                                   "different inputs or outputs");
        all.arenaBytes = std::max(all.arenaBytes, mine.arenaBytes);
        // Every variant has its own plan, and callers know one place only.
        if (index > 0 && mine.isInArena())
          return createStringError("programs for several CPUs can't have their "
                                   "inputs and outputs in the arena");
        all.entrySymbols.push_back(symbolOfEntry(index, number));
        if (index > 0)
          all.launches.push_back(std::move(mine.launches.front()));
      }
      addMemory(variant.module);
      info.variants.push_back({variant.cpu.name, variant.cpu.getFeatureList()});
    }
    return finishInfo();
  }

  /// The entry of a variant for one specialisation.
  std::string symbolOfEntry(size_t variant, size_t specialisation) const {
    return symbolOf("entry",
                    variant * info.specialisations.size() + specialisation);
  }

  /// Reads the inputs and outputs from the attributes of the entries:
  /// `dlc_entry`, `dlc_entry_1`, …
  static Error
  readSpecialisations(mlir::ModuleOp module,
                      std::vector<ModelInfo::Specialisation> &all) {
    for (mlir::LLVM::LLVMFuncOp entry : findEntries(module)) {
      all.push_back(describe(entry));
      if (Error error = readSignature(entry, all.back()))
        return error;
      all.back().launches.push_back(readLaunches(entry));
    }
    return all.empty()
               ? createStringError("the module has no function 'dlc_entry'")
               : Error::success();
  }

  static std::vector<mlir::LLVM::LLVMFuncOp>
  findEntries(mlir::ModuleOp module) {
    std::vector<mlir::LLVM::LLVMFuncOp> entries;
    std::string entryName = "dlc_entry";
    while (auto entry =
               module.lookupSymbol<mlir::LLVM::LLVMFuncOp>(entryName)) {
      entries.push_back(entry);
      entryName = "dlc_entry_" + std::to_string(entries.size());
    }
    return entries;
  }

  static Error readSignature(mlir::LLVM::LLVMFuncOp entry,
                             Signature &signature) {
    for (bool isOutput : {false, true}) {
      StringRef key = isOutput ? "dlc.outputs" : "dlc.inputs";
      auto list = entry->getAttrOfType<mlir::ArrayAttr>(key);
      if (!list)
        return createStringError("'" + entry.getSymName() +
                                 "' lacks the attribute " + key);
      for (auto [index, attr] : llvm::enumerate(list)) {
        auto dictionary = dyn_cast<mlir::DictionaryAttr>(attr);
        auto type = dictionary ? dictionary.getAs<mlir::TypeAttr>("type")
                               : mlir::TypeAttr();
        auto shaped = type ? dyn_cast<mlir::ShapedType>(type.getValue())
                           : mlir::ShapedType();
        if (!shaped || !shaped.hasStaticShape())
          return createStringError("'" + entry.getSymName() +
                                   "' has an invalid entry " + Twine(index) +
                                   " in " + key);
        if (Error error = addTensor(signature, isOutput,
                                    dictionary.getAs<mlir::StringAttr>("name"),
                                    shaped.getShape(), shaped.getElementType()))
          return error;
        setExtents(signature, isOutput,
                   dictionary.getAs<mlir::DenseI64ArrayAttr>("extents"),
                   dictionary.contains("is_extents"),
                   dictionary.contains("is_random"));
        setChecks(signature, dictionary.getAs<mlir::ArrayAttr>("checks"));
        if (!isOutput) {
          setRequirement(signature, dictionary.get("least"),
                         dictionary.get("most"));
          setPicture(signature, dictionary.getAs<mlir::StringAttr>("picture"));
        }
        if (auto offset = dictionary.getAs<mlir::IntegerAttr>("offset"))
          (isOutput ? signature.outputs : signature.inputs).back().arenaOffset =
              offset.getInt();
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
    std::vector<Function *> entries;
    for (mlir::LLVM::LLVMFuncOp entry : findEntries(variant.module))
      entries.push_back((*module)->getFunction(entry.getSymName()));
    for (Function &function : **module)
      if (!function.isDeclaration())
        function.setLinkage(GlobalValue::InternalLinkage);
    for (Function *entry : entries) {
      entry->setLinkage(GlobalValue::ExternalLinkage);
      entry->setVisibility(GlobalValue::HiddenVisibility);
      // Out of the way of others that get this name.
      entry->setName("");
    }
    for (auto [number, entry] : llvm::enumerate(entries))
      entry->setName(symbolOfEntry(index, number));
    // Not hidden here: the address comes from the GOT, however far it is.
    if (GlobalVariable *weights = (*module)->getNamedGlobal("dlc_weights"))
      weights->setName(symbolOf("weights", index));
    // Kernels come unrolled; what is left would only grow.
    optimizeModule(**module, **machine,
                   options.optimize ? OptimizationLevel::O2
                                    : OptimizationLevel::O0,
                   /*unrollLoops=*/false);
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
      // Outputs are read where they are in the arena.
      symbols.push_back(makeTensors(DLC_TENSOR_ALIGNMENT,
                                    /*withOutputs=*/!info.first().isInArena()));
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
