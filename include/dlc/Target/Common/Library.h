//===- Library.h - The functions of a compiled library ----------*- C++ -*-===//

#ifndef DLC_TARGET_COMMON_LIBRARY_H
#define DLC_TARGET_COMMON_LIBRARY_H

#include "dlc/Target/Common/Descriptor.h"

#include "llvm/IR/IRBuilder.h"

namespace dlc::target {

/// Adds functions to the module of a descriptor. They return an enum dlc_status
/// unless they say otherwise.
class LibraryBuilder {
public:
  LibraryBuilder(llvm::Module &module, const ModelInfo &info,
                 llvm::StringRef name);

  /// Begins the function <name>_<suffix>; what follows goes into it.
  llvm::Function *begin(llvm::StringRef suffix, llvm::Type *result,
                        llvm::ArrayRef<llvm::Type *> args);
  /// A hidden function of the runtime.
  llvm::FunctionCallee getRuntime(llvm::StringRef symbol, llvm::Type *result,
                                  llvm::ArrayRef<llvm::Type *> args);

  void returnIf(llvm::Value *condition, dlc_status status);
  /// Whether inputs and outputs are in the arena: callers pass none.
  bool isInArena() const { return info.first().isInArena(); }
  /// Returns where pointers are missing or not aligned: `inputs` and `outputs`
  /// point to arrays of them, unless those are in the arena.
  void checkPointers(llvm::Value *inputs, llvm::Value *outputs,
                     llvm::Value *arena, uint64_t tensorAlignment);
  /// Whether a caller has to say which specialisation is to run.
  bool hasSpecialisations() const { return info.specialisations.size() > 1; }
  /// The number of the specialisation that a run is about: the first argument
  /// of `function` if there are several, where this returns if it is too large.
  llvm::Value *checkSpecialisation(llvm::Function *function);
  /// Returns DLC_ERROR_VALUE where inputs in the host's memory are not what
  /// they have to be.
  void checkValues(llvm::Value *number, llvm::Value *inputs,
                   llvm::Value *arena);
  /// The same of a run's outputs: they say what only a run finds out.
  void checkResults(llvm::Value *number, llvm::Value *outputs,
                    llvm::Value *arena);
  /// Returns where ABI version or build id of a header are not this library's.
  void checkHeader(llvm::Value *abiVersion, llvm::Value *buildId);

  /// Adds <name>_find if there are several specialisations.
  void addFind();
  /// Adds <name>_descriptor.
  void addDescriptor();
  llvm::GlobalVariable *getDescriptor();

  llvm::IRBuilder<> b;
  llvm::PointerType *pointer;
  llvm::IntegerType *i32, *i64;

private:
  /// Returns DLC_ERROR_VALUE where the runtime's function `check` says no of
  /// tensors, or of the arena where they lie.
  void returnUnlessRight(llvm::StringRef check, llvm::Value *number,
                         llvm::Value *tensors, llvm::Value *arena);

  llvm::Module &module;
  const ModelInfo &info;
  std::string name;
};

} // namespace dlc::target

#endif // DLC_TARGET_COMMON_LIBRARY_H
