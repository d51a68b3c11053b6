//===- ApiCall.cpp - What all functions of the API have in common ---------===//

#include "ApiCall.h"

#include "llvm/ADT/StringExtras.h"

#include <cstdio>

namespace dlc::ptxsim::driver {

CUresult anyTime(const char *name, llvm::function_ref<CUresult()> body) {
  Driver &driver = Driver::get();
  std::lock_guard<std::recursive_mutex> lock(driver.mutex);
  HostGuard::Opened opened(driver.guard);
  const char *outer = std::exchange(threadState().call, name);
  driver.statistics.countCall(name);
  CUresult result = body();
  if (driver.settings.trace)
    std::fprintf(stderr, "dlc-sim: trace: %s = %s\n", name, errorName(result));
  threadState().call = outer;
  return result;
}

CUresult initialized(const char *name, llvm::function_ref<CUresult()> body) {
  return anyTime(name, [&]() -> CUresult {
    if (!Driver::get().initialized)
      return fail(CUDA_ERROR_NOT_INITIALIZED, "cuInit was not called");
    return body();
  });
}

CUresult inContext(const char *name,
                   llvm::function_ref<CUresult(CUctx_st &)> body) {
  return initialized(name, [&]() -> CUresult {
    CUctx_st *context = threadState().current();
    if (!context)
      return fail(CUDA_ERROR_INVALID_CONTEXT,
                  "there is no current context in this thread");
    if (!Driver::get().contexts.find(context))
      return fail(CUDA_ERROR_CONTEXT_IS_DESTROYED,
                  "the current context was destroyed");
    if (context->sticky != CUDA_SUCCESS)
      return context->sticky;
    return body(*context);
  });
}

CUresult fail(CUresult code, const std::string &why) {
  Driver::get().explain(code, why);
  return code;
}

CUresult checkDevice(CUdevice device) {
  if (device == 0)
    return CUDA_SUCCESS;
  return fail(CUDA_ERROR_INVALID_DEVICE, "there is no device " +
                                             std::to_string(device) +
                                             ", only device 0");
}

} // namespace dlc::ptxsim::driver
