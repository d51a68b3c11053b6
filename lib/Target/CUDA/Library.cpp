//===- Library.cpp - The interface of a library for a GPU -----------------===//

#include "Library.h"

#include "dlc/Target/Common/Library.h"

using namespace llvm;
using namespace dlc::target;

void dlc::target::addCudaLibrary(Module &module, const ModelInfo &info,
                                 StringRef name) {
  LibraryBuilder library(module, info, name);
  IRBuilder<> &b = library.b;
  PointerType *pointer = library.pointer;
  Type *i32 = library.i32;

  Function *check = library.begin("check", i32, {i32, pointer});
  library.checkHeader(check->getArg(0), check->getArg(1));
  b.CreateRet(b.getInt32(DLC_OK));

  Function *init = library.begin("init", i32, {pointer, pointer, pointer});
  FunctionCallee runtimeInit = library.getRuntime(
      "dlc_library_init_v1", i32, {pointer, pointer, pointer, pointer});
  b.CreateRet(
      b.CreateCall(runtimeInit, {library.getDescriptor(), init->getArg(0),
                                 init->getArg(1), init->getArg(2)}));

  // Callers of a library for several shapes say first which one it is, and
  // those of one whose inputs and outputs are in the arena pass neither.
  SmallVector<Type *> types(library.hasSpecialisations() ? 1 : 0, i32);
  size_t instanceAt = types.size();
  types.append(library.isInArena() ? 3 : 5, pointer);
  Function *run = library.begin("run", i32, types);
  Value *number = library.checkSpecialisation(run);
  Value *instance = run->getArg(instanceAt);
  Value *inputs = ConstantPointerNull::get(pointer), *outputs = inputs;
  if (!library.isInArena()) {
    inputs = run->getArg(instanceAt + 1);
    outputs = run->getArg(instanceAt + 2);
  }
  Value *arena = run->getArg(types.size() - 2);
  library.returnIf(b.CreateIsNull(instance), DLC_ERROR_NULL);
  library.checkPointers(inputs, outputs, arena, DLC_DEVICE_ALIGNMENT);
  FunctionCallee runtimeRun =
      library.getRuntime("dlc_library_run_v1", i32,
                         {pointer, i32, pointer, pointer, pointer, pointer});
  b.CreateRet(b.CreateCall(runtimeRun, {instance, number, inputs, outputs,
                                        arena, run->getArg(types.size() - 1)}));

  library.addFind();
  Function *message = library.begin("message", pointer, {pointer});
  FunctionCallee runtimeMessage =
      library.getRuntime("dlc_library_message_v1", pointer, {pointer});
  b.CreateRet(b.CreateCall(runtimeMessage, {message->getArg(0)}));

  Function *free = library.begin("free", b.getVoidTy(), {pointer});
  FunctionCallee runtimeFree =
      library.getRuntime("dlc_library_free_v1", b.getVoidTy(), {pointer});
  b.CreateCall(runtimeFree, {free->getArg(0)});
  b.CreateRetVoid();

  library.addDescriptor();
}

std::string dlc::target::makeCudaHeader(const ModelInfo &info, StringRef name) {
  return makeHeader(
      info, name,
      R"( *   @name@_instance *model;
 *   if (@name@_check(@NAME@_ABI_VERSION, @NAME@_BUILD_ID) != DLC_OK) ...
 *   if (@name@_init(&model, weights, stream) != DLC_OK)
 *     puts(@name@_message(model));
 *   @find@status = @name@_run(@which@model, @tensors@arena, stream);
 * All memory is the caller's, device memory aligned to DLC_DEVICE_ALIGNMENT:
@about@ * weights @NAME@_WEIGHTS_BYTES, arena @NAME@_ARENA_BYTES. A CUDA context is current, the same
 * in every call; a stream is a CUstream or cudaStream_t.
 * Runs on different arenas may be in different streams at the same time.
)",
      R"(/** A model in a context: its kernels and where its weights are. */
typedef struct dlc_instance @name@_instance;

/** Whether header and library belong together: call it once with
 * @NAME@_ABI_VERSION and @NAME@_BUILD_ID. Returns an enum dlc_status. */
int32_t @name@_check(uint32_t abi_version, const char *build_id);

/** Loads the kernels into the current context and copies the weights to
 * `weights`, through `stream`; they are there when it returns. The weights must
 * stay as they are until @name@_free. Returns an enum dlc_status. Where it fails
 * *instance is NULL or has a message; it is to be freed in any case. */
int32_t @name@_init(@name@_instance **instance, void *weights, void *stream);

/** Puts one inference into the stream and returns; it takes part in a capture
 * of the stream. Returns an enum dlc_status. */
int32_t @name@_run(@param@@name@_instance *instance,
    @tensorparams@void *arena, void *stream);

/** Why the last call of init or run failed. May be called with NULL. */
const char *@name@_message(const @name@_instance *instance);

/** Unloads the kernels, when no run is under way. */
void @name@_free(@name@_instance *instance);

)");
}
