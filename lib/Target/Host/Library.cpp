//===- Library.cpp - The interface of a library for the host --------------===//

#include "Library.h"

#include "dlc/Target/Common/Library.h"

using namespace llvm;
using namespace dlc::target;

/// Calls the entry of the specialisation `number`; gives what it returns.
static Value *callEntry(LibraryBuilder &library, const ModelInfo &info,
                        Module &module, Value *number, ArrayRef<Value *> args) {
  IRBuilder<> &b = library.b;
  Function *function = b.GetInsertBlock()->getParent();
  BasicBlock *after = BasicBlock::Create(module.getContext(), "", function);
  auto *result =
      PHINode::Create(library.i32, info.specialisations.size(), "", after);
  auto *switchOp = b.CreateSwitch(
      number, BasicBlock::Create(module.getContext(), "", function));
  for (auto [index, specialisation] : llvm::enumerate(info.specialisations)) {
    // The first is the default: the number was checked.
    BasicBlock *block =
        index == 0 ? switchOp->getDefaultDest()
                   : BasicBlock::Create(module.getContext(), "", function);
    if (index > 0)
      switchOp->addCase(b.getInt32(index), block);
    b.SetInsertPoint(block);
    result->addIncoming(
        b.CreateCall(module.getFunction(specialisation.entrySymbols.front()),
                     args),
        block);
    b.CreateBr(after);
  }
  b.SetInsertPoint(after);
  return result;
}

void dlc::target::addHostLibrary(Module &module, const ModelInfo &info,
                                 StringRef name) {
  LibraryBuilder library(module, info, name);
  IRBuilder<> &b = library.b;
  PointerType *pointer = library.pointer;
  Type *i32 = library.i32;

  // Callers of a library for several shapes say first which one it is, and
  // those of one whose inputs and outputs are in the arena pass nothing but
  // that.
  SmallVector<Type *> types(library.hasSpecialisations() ? 1 : 0, i32);
  types.append(library.isInArena() ? 1 : 3, pointer);
  size_t arenaAt = types.size() - 1;
  SmallVector<Type *> parallelTypes(types);
  parallelTypes.push_back(pointer);
  Value *null = ConstantPointerNull::get(pointer);

  Function *parallelRun = library.begin("run_parallel", i32, parallelTypes);
  Value *number = library.checkSpecialisation(parallelRun);
  Value *inputs = null, *outputs = null;
  if (!library.isInArena()) {
    inputs = parallelRun->getArg(arenaAt - 2);
    outputs = parallelRun->getArg(arenaAt - 1);
  }
  Value *arena = parallelRun->getArg(arenaAt);
  library.checkPointers(inputs, outputs, arena, DLC_TENSOR_ALIGNMENT);
  library.checkValues(number, inputs, arena);
  Value *status =
      callEntry(library, info, module, number,
                {inputs, outputs, arena, parallelRun->getArg(arenaAt + 1)});
  library.checkResults(number, outputs, arena);
  b.CreateRet(status);

  Function *run = library.begin("run", i32, types);
  SmallVector<Value *> args;
  for (Argument &arg : run->args())
    args.push_back(&arg);
  args.push_back(null);
  b.CreateRet(b.CreateCall(parallelRun, args));

  library.addFind();
  library.addDescriptor();

  Function *check = library.begin("check", i32, {i32, pointer});
  library.checkHeader(check->getArg(0), check->getArg(1));
  FunctionCallee supports =
      library.getRuntime("dlc_cpu_supports_v1", i32, {pointer, pointer});
  Value *features = b.CreateGlobalString(info.variants.front().features);
  Value *ok =
      b.CreateCall(supports, {features, ConstantPointerNull::get(pointer)});
  library.returnIf(b.CreateIsNull(ok), DLC_ERROR_CPU);
  b.CreateRet(b.getInt32(DLC_OK));
}

std::string dlc::target::makeHostHeader(const ModelInfo &info, StringRef name) {
  return makeHeader(
      info, name,
      R"( *   if (@name@_check(@NAME@_ABI_VERSION, @NAME@_BUILD_ID) != DLC_OK) ...
 *   @find@status = @name@_run(@which@@tensors@arena);
@about@ * arena points to @NAME@_ARENA_BYTES bytes aligned to @NAME@_ARENA_ALIGNMENT.
 * Calls on different arenas may run at the same time.
)",
      R"(/** Whether header and library belong together and this CPU can run it:
 * call it once with @NAME@_ABI_VERSION and @NAME@_BUILD_ID. Returns an
 * enum dlc_status. */
int32_t @name@_check(uint32_t abi_version, const char *build_id);

/** One inference in this thread. Returns an enum dlc_status. */
int32_t @name@_run(@param@@tensorparams@void *arena);

/** One inference with the caller's threads. */
int32_t @name@_run_parallel(@param@@tensorparams@void *arena,
    const dlc_parallel *parallel);

)");
}
