//===- Library.cpp - The functions of a compiled library ------------------===//

#include "dlc/Target/Common/Library.h"

using namespace llvm;
using namespace dlc::target;

LibraryBuilder::LibraryBuilder(Module &module, const ModelInfo &info,
                               StringRef name)
    : b(module.getContext()), pointer(PointerType::get(module.getContext(), 0)),
      i32(b.getInt32Ty()), i64(b.getInt64Ty()), module(module), info(info),
      name(name) {}

Function *LibraryBuilder::begin(StringRef suffix, Type *result,
                                ArrayRef<Type *> args) {
  auto *function = Function::Create(
      FunctionType::get(result, args, /*isVarArg=*/false),
      GlobalValue::ExternalLinkage, name + "_" + suffix, module);
  function->addFnAttr(Attribute::NoUnwind);
  function->addFnAttr("target-cpu", "x86-64");
  b.SetInsertPoint(BasicBlock::Create(module.getContext(), "", function));
  return function;
}

FunctionCallee LibraryBuilder::getRuntime(StringRef symbol, Type *result,
                                          ArrayRef<Type *> args) {
  FunctionCallee callee = module.getOrInsertFunction(
      symbol, FunctionType::get(result, args, /*isVarArg=*/false));
  cast<Function>(callee.getCallee())
      ->setVisibility(GlobalValue::HiddenVisibility);
  return callee;
}

void LibraryBuilder::returnIf(Value *condition, dlc_status status) {
  Function *function = b.GetInsertBlock()->getParent();
  auto *fail = BasicBlock::Create(module.getContext(), "", function);
  auto *next = BasicBlock::Create(module.getContext(), "", function);
  b.CreateCondBr(condition, fail, next);
  b.SetInsertPoint(fail);
  b.CreateRet(b.getInt32(status));
  b.SetInsertPoint(next);
}

void LibraryBuilder::checkPointers(Value *inputs, Value *outputs, Value *arena,
                                   uint64_t tensorAlignment) {
  auto misaligned = [&](Value *address, uint64_t alignment) {
    Value *bits = b.CreateAnd(b.CreatePtrToInt(address, i64), alignment - 1);
    return b.CreateICmpNE(bits, b.getInt64(0));
  };
  for (bool isOutput : {false, true}) {
    if (isInArena())
      break;
    Value *list = isOutput ? outputs : inputs;
    // Whether a tensor is empty does not depend on the specialisation.
    const auto &tensors = isOutput ? info.first().outputs : info.first().inputs;
    if (!tensors.empty())
      returnIf(b.CreateIsNull(list), DLC_ERROR_NULL);
    for (size_t i = 0; i < tensors.size(); ++i) {
      Value *data =
          b.CreateLoad(pointer, b.CreateConstGEP1_64(pointer, list, i));
      if (tensors[i].bytes)
        returnIf(b.CreateIsNull(data), DLC_ERROR_NULL);
      returnIf(misaligned(data, tensorAlignment), DLC_ERROR_ALIGNMENT);
    }
  }
  if (info.arenaBytes)
    returnIf(b.CreateIsNull(arena), DLC_ERROR_NULL);
  returnIf(misaligned(arena, info.arenaAlignment), DLC_ERROR_ALIGNMENT);
}

void LibraryBuilder::checkHeader(Value *abiVersion, Value *buildId) {
  returnIf(b.CreateICmpNE(abiVersion, b.getInt32(DLC_ABI_VERSION)),
           DLC_ERROR_ABI);
  // The header's build id against ours, byte by byte: both end in a zero.
  returnIf(b.CreateIsNull(buildId), DLC_ERROR_NULL);
  for (size_t i = 0; i <= info.buildId.size(); ++i) {
    // Every byte before this one was equal, so the text reaches this far.
    Value *byte = b.CreateLoad(b.getInt8Ty(),
                               b.CreateConstGEP1_64(b.getInt8Ty(), buildId, i));
    uint8_t own = i < info.buildId.size() ? info.buildId[i] : 0;
    returnIf(b.CreateICmpNE(byte, b.getInt8(own)), DLC_ERROR_ABI);
  }
}

void LibraryBuilder::returnUnlessRight(StringRef check, Value *number,
                                       Value *tensors, Value *arena) {
  FunctionCallee function =
      getRuntime(check, i32, {pointer, i32, pointer, pointer, pointer});
  Value *isRight =
      b.CreateCall(function, {getDescriptor(), number, tensors, arena,
                              ConstantPointerNull::get(pointer)});
  returnIf(b.CreateIsNull(isRight), DLC_ERROR_VALUE);
}

void LibraryBuilder::checkValues(Value *number, Value *inputs, Value *arena) {
  if (llvm::all_of(info.first().inputs, [](const TensorInfo &tensor) {
        return tensor.least.empty();
      }))
    return;
  returnUnlessRight("dlc_check_values_v3", number, inputs, arena);
}

void LibraryBuilder::checkResults(Value *number, Value *outputs, Value *arena) {
  if (info.first().checks.empty())
    return;
  returnUnlessRight("dlc_check_results_v3", number, outputs, arena);
}

Value *LibraryBuilder::checkSpecialisation(Function *function) {
  if (!hasSpecialisations())
    return b.getInt32(0);
  Value *number = function->getArg(0);
  returnIf(b.CreateICmpUGE(number, b.getInt32(info.specialisations.size())),
           DLC_ERROR_SHAPE);
  return number;
}

void LibraryBuilder::addFind() {
  if (!hasSpecialisations())
    return;
  Function *find = begin("find", i32, {pointer});
  FunctionCallee runtime =
      getRuntime("dlc_find_specialisation_v3", i32, {pointer, pointer});
  b.CreateRet(b.CreateCall(runtime, {getDescriptor(), find->getArg(0)}));
}

void LibraryBuilder::addDescriptor() {
  begin("descriptor", pointer, {});
  b.CreateRet(getDescriptor());
}

GlobalVariable *LibraryBuilder::getDescriptor() {
  return module.getNamedGlobal(info.symbol);
}
