//===- Library.cpp - The interface of a library for the host --------------===//

#include "Library.h"

#include "dlc/Target/Common/Library.h"

using namespace llvm;
using namespace dlc::target;

void dlc::target::addHostLibrary(Module &module, const ModelInfo &info,
                                 StringRef name) {
  LibraryBuilder library(module, info, name);
  IRBuilder<> &b = library.b;
  PointerType *pointer = library.pointer;
  Type *i32 = library.i32;

  Function *parallelRun =
      library.begin("run_parallel", i32, {pointer, pointer, pointer, pointer});
  library.checkPointers(parallelRun->getArg(0), parallelRun->getArg(1),
                        parallelRun->getArg(2), DLC_TENSOR_ALIGNMENT);
  Function *entry = module.getFunction(info.variants.front().entrySymbol);
  b.CreateRet(
      b.CreateCall(entry, {parallelRun->getArg(0), parallelRun->getArg(1),
                           parallelRun->getArg(2), parallelRun->getArg(3)}));

  Function *run = library.begin("run", i32, {pointer, pointer, pointer});
  b.CreateRet(
      b.CreateCall(parallelRun, {run->getArg(0), run->getArg(1), run->getArg(2),
                                 ConstantPointerNull::get(pointer)}));

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
      " *   if (@name@_check(@NAME@_ABI_VERSION, @NAME@_BUILD_ID) != DLC_OK) "
      "...\n"
      " *   status = @name@_run(inputs, outputs, arena);\n"
      " * inputs and outputs hold one pointer for each tensor, aligned to\n"
      " * DLC_TENSOR_ALIGNMENT and not overlapping; arena points to "
      "@NAME@_ARENA_BYTES\n * bytes aligned to @NAME@_ARENA_ALIGNMENT, whose "
      "contents do not matter.\n"
      " * Calls on different arenas may run at the same time.\n",
      "/** Whether header and library belong together and this CPU can run "
      "it:\n * call it once with @NAME@_ABI_VERSION and @NAME@_BUILD_ID. "
      "Returns an\n * enum dlc_status. */\n"
      "int32_t @name@_check(uint32_t abi_version, const char *build_id);\n\n"
      "/** One inference in this thread. Returns an enum dlc_status. */\n"
      "int32_t @name@_run(const void *const *inputs, void *const *outputs, "
      "void *arena);\n\n"
      "/** One inference with the caller's threads. */\n"
      "int32_t @name@_run_parallel(const void *const *inputs, void *const "
      "*outputs,\n    void *arena, const dlc_parallel *parallel);\n\n");
}
