//===- ApiContext.cpp - Contexts ------------------------------------------===//

#include "ApiCall.h"

#include "llvm/ADT/STLExtras.h"

using namespace dlc::ptxsim::driver;

/// The version of the API that contexts are made for.
static constexpr unsigned kApiVersion = 3020;

static CUresult checkFlags(unsigned flags) {
  if (flags & ~unsigned(CU_CTX_FLAGS_MASK))
    return fail(CUDA_ERROR_INVALID_VALUE,
                "unknown flags " + std::to_string(flags));
  return CUDA_SUCCESS;
}

//===----------------------------------------------------------------------===//
// Primary contexts
//===----------------------------------------------------------------------===//

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice dev) {
  return initialized("cuDevicePrimaryCtxRetain", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(context));
    DLC_SIM_TRY(checkDevice(dev));
    Driver &driver = Driver::get();
    if (!driver.primary)
      driver.primary =
          driver.createContext(driver.primaryFlags, /*isPrimary=*/true);
    ++driver.primaryUses;
    *context = driver.primary;
    return CUDA_SUCCESS;
  });
}

static void destroyPrimary(Driver &driver) {
  if (!driver.primary)
    return;
  driver.destroyContext(*driver.primary);
  driver.primary = nullptr;
  driver.primaryUses = 0;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice dev) {
  return initialized("cuDevicePrimaryCtxRelease", [&]() -> CUresult {
    DLC_SIM_TRY(checkDevice(dev));
    Driver &driver = Driver::get();
    if (!driver.primaryUses)
      return fail(CUDA_ERROR_INVALID_CONTEXT,
                  "the primary context is not retained");
    if (--driver.primaryUses == 0)
      destroyPrimary(driver);
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxReset_v2(CUdevice dev) {
  return initialized("cuDevicePrimaryCtxReset", [&]() -> CUresult {
    DLC_SIM_TRY(checkDevice(dev));
    destroyPrimary(Driver::get());
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice dev, unsigned int flags) {
  return initialized("cuDevicePrimaryCtxSetFlags", [&]() -> CUresult {
    DLC_SIM_TRY(checkDevice(dev));
    DLC_SIM_TRY(checkFlags(flags));
    Driver &driver = Driver::get();
    driver.primaryFlags = flags;
    if (driver.primary)
      driver.primary->flags = flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxGetState(CUdevice dev, unsigned int *flags,
                                    int *active) {
  return initialized("cuDevicePrimaryCtxGetState", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(flags, active));
    DLC_SIM_TRY(checkDevice(dev));
    *flags = Driver::get().primaryFlags;
    *active = Driver::get().primary != nullptr;
    return CUDA_SUCCESS;
  });
}

//===----------------------------------------------------------------------===//
// Created contexts
//===----------------------------------------------------------------------===//

static CUresult createContext(CUcontext *context, unsigned flags, CUdevice dev,
                              bool hasAffinity) {
  DLC_SIM_TRY(checkPointers(context));
  DLC_SIM_TRY(checkDevice(dev));
  DLC_SIM_TRY(checkFlags(flags));
  if (hasAffinity)
    return fail(CUDA_ERROR_NOT_SUPPORTED,
                "the simulator has no execution affinity");
  *context = Driver::get().createContext(flags, /*isPrimary=*/false);
  threadState().stack.push_back(*context);
  return CUDA_SUCCESS;
}

CUresult cuCtxCreate_v2(CUcontext *context, unsigned int flags, CUdevice dev) {
  return initialized("cuCtxCreate", [&] {
    return createContext(context, flags, dev, /*hasAffinity=*/false);
  });
}

CUresult cuCtxCreate_v3(CUcontext *context, CUexecAffinityParam *,
                        int numParams, unsigned int flags, CUdevice dev) {
  return initialized("cuCtxCreate", [&] {
    return createContext(context, flags, dev, numParams != 0);
  });
}

CUresult cuCtxCreate_v4(CUcontext *context, CUctxCreateParams *params,
                        unsigned int flags, CUdevice dev) {
  return initialized("cuCtxCreate", [&] {
    return createContext(context, flags, dev,
                         params && params->numExecAffinityParams != 0);
  });
}

static CUresult findContext(CUcontext handle, CUctx_st *&context) {
  context = Driver::get().contexts.find(handle);
  return context ? CUDA_SUCCESS
                 : fail(CUDA_ERROR_INVALID_CONTEXT, "not a context");
}

CUresult cuCtxDestroy_v2(CUcontext context) {
  return initialized("cuCtxDestroy", [&]() -> CUresult {
    CUctx_st *found = nullptr;
    DLC_SIM_TRY(findContext(context, found));
    if (found->isPrimary)
      return fail(CUDA_ERROR_INVALID_CONTEXT,
                  "a primary context is released, not destroyed");
    if (threadState().current() == found)
      threadState().stack.pop_back();
    Driver::get().destroyContext(*found);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxPushCurrent_v2(CUcontext context) {
  return initialized("cuCtxPushCurrent", [&]() -> CUresult {
    CUctx_st *found = nullptr;
    DLC_SIM_TRY(findContext(context, found));
    threadState().stack.push_back(found);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxPopCurrent_v2(CUcontext *context) {
  return initialized("cuCtxPopCurrent", [&]() -> CUresult {
    if (!threadState().current())
      return fail(CUDA_ERROR_INVALID_CONTEXT, "there is no current context");
    if (context)
      *context = threadState().current();
    threadState().stack.pop_back();
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetCurrent(CUcontext context) {
  return initialized("cuCtxSetCurrent", [&]() -> CUresult {
    CUctx_st *found = nullptr;
    if (context)
      DLC_SIM_TRY(findContext(context, found));
    std::vector<CUctx_st *> &stack = threadState().stack;
    if (!stack.empty())
      stack.pop_back();
    if (found)
      stack.push_back(found);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetCurrent(CUcontext *context) {
  return initialized("cuCtxGetCurrent", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(context));
    *context = threadState().current();
    return CUDA_SUCCESS;
  });
}

//===----------------------------------------------------------------------===//
// Properties
//===----------------------------------------------------------------------===//

CUresult cuCtxGetDevice(CUdevice *device) {
  return inContext("cuCtxGetDevice", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(device));
    *device = 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetFlags(unsigned int *flags) {
  return inContext("cuCtxGetFlags", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(flags));
    *flags = context.flags;
    return CUDA_SUCCESS;
  });
}

/// The context of a handle, or the current one for a null handle.
static CUresult findContextOrCurrent(CUcontext handle, CUctx_st *&context) {
  return findContext(handle ? handle : threadState().current(), context);
}

CUresult cuCtxGetId(CUcontext context, unsigned long long *id) {
  return initialized("cuCtxGetId", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(id));
    CUctx_st *found = nullptr;
    DLC_SIM_TRY(findContextOrCurrent(context, found));
    *id = found->id;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetApiVersion(CUcontext context, unsigned int *version) {
  return initialized("cuCtxGetApiVersion", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(version));
    CUctx_st *found = nullptr;
    DLC_SIM_TRY(findContextOrCurrent(context, found));
    *version = kApiVersion;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSynchronize() {
  return inContext("cuCtxSynchronize", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(Driver::get().checkNoCapture());
    Driver::get().finish(context);
    return context.sticky;
  });
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value) {
  return inContext("cuCtxSetLimit", [&](CUctx_st &context) -> CUresult {
    auto found = context.limits.find(limit);
    if (found == context.limits.end())
      return fail(CUDA_ERROR_UNSUPPORTED_LIMIT,
                  "unknown limit " + std::to_string(limit));
    found->second = value;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetLimit(size_t *pvalue, CUlimit limit) {
  return inContext("cuCtxGetLimit", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(pvalue));
    auto found = context.limits.find(limit);
    if (found == context.limits.end())
      return fail(CUDA_ERROR_UNSUPPORTED_LIMIT,
                  "unknown limit " + std::to_string(limit));
    *pvalue = found->second;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetCacheConfig(CUfunc_cache *pconfig) {
  return inContext("cuCtxGetCacheConfig", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(pconfig));
    *pconfig = context.cacheConfig;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetCacheConfig(CUfunc_cache config) {
  return inContext("cuCtxSetCacheConfig", [&](CUctx_st &context) -> CUresult {
    if (config > CU_FUNC_CACHE_PREFER_EQUAL)
      return fail(CUDA_ERROR_INVALID_VALUE, "unknown preference");
    context.cacheConfig = config;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetStreamPriorityRange(int *leastPriority,
                                     int *greatestPriority) {
  return inContext("cuCtxGetStreamPriorityRange", [&](CUctx_st &) -> CUresult {
    if (leastPriority)
      *leastPriority = kLeastPriority;
    if (greatestPriority)
      *greatestPriority = kGreatestPriority;
    return CUDA_SUCCESS;
  });
}
