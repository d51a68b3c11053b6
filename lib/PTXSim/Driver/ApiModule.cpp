//===- ApiModule.cpp - Modules, libraries and functions -------------------===//

#include "ApiCall.h"
#include "Module.h"

#include <algorithm>

using namespace dlc::ptxsim::driver;

static CUresult findModule(CUmodule handle, CUmod_st *&module) {
  module = Driver::get().modules.find(handle);
  return module ? CUDA_SUCCESS
                : fail(CUDA_ERROR_INVALID_HANDLE, "not a module");
}

static CUresult findLibrary(CUlibrary handle, CUlib_st *&library) {
  library = Driver::get().libraries.find(handle);
  return library ? CUDA_SUCCESS
                 : fail(CUDA_ERROR_INVALID_HANDLE, "not a library");
}

static CUresult findKernel(CUkernel handle, CUkern_st *&kernel) {
  kernel = Driver::get().kernels.lookup(handle);
  return kernel ? CUDA_SUCCESS
                : fail(CUDA_ERROR_INVALID_HANDLE, "not a kernel");
}

static CUresult findFunction(CUfunction handle, CUfunc_st *&function) {
  function = Driver::get().findFunction(handle);
  return function ? CUDA_SUCCESS
                  : fail(CUDA_ERROR_INVALID_HANDLE, "not a function");
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

static CUresult loadModule(CUctx_st &context, CUmodule *module,
                           const void *image, const JitOptions &options) {
  DLC_SIM_TRY(checkPointers(module, image));
  if (options.count)
    DLC_SIM_TRY(checkPointers(options.options, options.values));
  DLC_SIM_TRY(Driver::get().checkNoCapture());
  CUmod_st *loaded = nullptr;
  DLC_SIM_TRY(loadModule(image, options, &context, loaded));
  *module = loaded;
  return CUDA_SUCCESS;
}

CUresult cuModuleLoad(CUmodule *module, const char *fname) {
  return inContext("cuModuleLoad", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(fname));
    std::string image;
    DLC_SIM_TRY(readImage(fname, image));
    return loadModule(context, module, image.c_str(), {});
  });
}

CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  return inContext("cuModuleLoadData", [&](CUctx_st &context) {
    return loadModule(context, module, image, {});
  });
}

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image,
                            unsigned int numOptions, CUjit_option *options,
                            void **optionValues) {
  return inContext("cuModuleLoadDataEx", [&](CUctx_st &context) {
    return loadModule(context, module, image,
                      {numOptions, options, optionValues});
  });
}

CUresult cuModuleLoadFatBinary(CUmodule *module, const void *fatCubin) {
  return inContext("cuModuleLoadFatBinary", [&](CUctx_st &context) {
    return loadModule(context, module, fatCubin, {});
  });
}

CUresult cuModuleUnload(CUmodule module) {
  return inContext("cuModuleUnload", [&](CUctx_st &context) -> CUresult {
    CUmod_st *found = nullptr;
    DLC_SIM_TRY(findModule(module, found));
    DLC_SIM_TRY(Driver::get().checkNoCapture());
    if (!found->context)
      return fail(CUDA_ERROR_NOT_PERMITTED,
                  "the module belongs to a library, which is unloaded instead");
    unloadModule(*found);
    return context.sticky;
  });
}

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *mode) {
  return initialized("cuModuleGetLoadingMode", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(mode));
    // a kernel is compiled when it is launched first
    *mode = CU_MODULE_LAZY_LOADING;
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module,
                             const char *name) {
  return inContext("cuModuleGetFunction", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(function, name));
    CUmod_st *found = nullptr;
    DLC_SIM_TRY(findModule(module, found));
    *function = findFunction(*found, name);
    if (!*function)
      return fail(CUDA_ERROR_NOT_FOUND,
                  std::string("the module has no kernel '") + name + "'");
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetFunctionCount(unsigned int *count, CUmodule mod) {
  return inContext("cuModuleGetFunctionCount", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(count));
    CUmod_st *found = nullptr;
    DLC_SIM_TRY(findModule(mod, found));
    *count = static_cast<unsigned>(found->functions.size());
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleEnumerateFunctions(CUfunction *functions,
                                    unsigned int numFunctions, CUmodule mod) {
  return inContext("cuModuleEnumerateFunctions", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(functions));
    CUmod_st *found = nullptr;
    DLC_SIM_TRY(findModule(mod, found));
    size_t count = std::min<size_t>(numFunctions, found->functions.size());
    for (size_t i = 0; i < count; ++i)
      functions[i] = found->functions[i].get();
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetGlobal_v2(CUdeviceptr *pointer, size_t *bytes,
                              CUmodule module, const char *name) {
  return inContext("cuModuleGetGlobal", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(name));
    CUmod_st *found = nullptr;
    DLC_SIM_TRY(findModule(module, found));
    return findGlobal(*found, name, pointer, bytes);
  });
}

//===----------------------------------------------------------------------===//
// Libraries
//===----------------------------------------------------------------------===//

static CUresult loadLibrary(CUlibrary *library, const void *image,
                            const JitOptions &options) {
  DLC_SIM_TRY(checkPointers(library, image));
  if (options.count)
    DLC_SIM_TRY(checkPointers(options.options, options.values));
  CUmod_st *module = nullptr;
  DLC_SIM_TRY(loadModule(image, options, nullptr, module));
  auto made = std::make_shared<CUlib_st>();
  made->module = module;
  for (const std::unique_ptr<CUfunc_st> &function : module->functions) {
    auto kernel = std::make_unique<CUkern_st>();
    kernel->library = made.get();
    kernel->function = function.get();
    Driver::get().kernels[kernel.get()] = kernel.get();
    made->kernels.push_back(std::move(kernel));
  }
  *library = Driver::get().libraries.add(std::move(made));
  return CUDA_SUCCESS;
}

CUresult cuLibraryLoadData(CUlibrary *library, const void *code,
                           CUjit_option *jitOptions, void **jitOptionsValues,
                           unsigned int numJitOptions, CUlibraryOption *,
                           void **, unsigned int) {
  return initialized("cuLibraryLoadData", [&] {
    return loadLibrary(library, code,
                       {numJitOptions, jitOptions, jitOptionsValues});
  });
}

CUresult cuLibraryLoadFromFile(CUlibrary *library, const char *fileName,
                               CUjit_option *jitOptions,
                               void **jitOptionsValues,
                               unsigned int numJitOptions, CUlibraryOption *,
                               void **, unsigned int) {
  return initialized("cuLibraryLoadFromFile", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(fileName));
    std::string image;
    DLC_SIM_TRY(readImage(fileName, image));
    return loadLibrary(library, image.c_str(),
                       {numJitOptions, jitOptions, jitOptionsValues});
  });
}

CUresult cuLibraryUnload(CUlibrary library) {
  return initialized("cuLibraryUnload", [&]() -> CUresult {
    CUlib_st *found = nullptr;
    DLC_SIM_TRY(findLibrary(library, found));
    CUmod_st *module = found->module;
    Driver::get().libraries.erase(found);
    unloadModule(*module);
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetKernel(CUkernel *pKernel, CUlibrary library,
                            const char *name) {
  return initialized("cuLibraryGetKernel", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(pKernel, name));
    CUlib_st *found = nullptr;
    DLC_SIM_TRY(findLibrary(library, found));
    for (const std::unique_ptr<CUkern_st> &kernel : found->kernels) {
      if (kernel->function->name == name) {
        *pKernel = kernel.get();
        return CUDA_SUCCESS;
      }
    }
    return fail(CUDA_ERROR_NOT_FOUND,
                std::string("the library has no kernel '") + name + "'");
  });
}

CUresult cuLibraryGetKernelCount(unsigned int *count, CUlibrary lib) {
  return initialized("cuLibraryGetKernelCount", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(count));
    CUlib_st *found = nullptr;
    DLC_SIM_TRY(findLibrary(lib, found));
    *count = static_cast<unsigned>(found->kernels.size());
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryEnumerateKernels(CUkernel *kernels, unsigned int numKernels,
                                   CUlibrary lib) {
  return initialized("cuLibraryEnumerateKernels", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(kernels));
    CUlib_st *found = nullptr;
    DLC_SIM_TRY(findLibrary(lib, found));
    size_t count = std::min<size_t>(numKernels, found->kernels.size());
    for (size_t i = 0; i < count; ++i)
      kernels[i] = found->kernels[i].get();
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetModule(CUmodule *pMod, CUlibrary library) {
  return inContext("cuLibraryGetModule", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(pMod));
    CUlib_st *found = nullptr;
    DLC_SIM_TRY(findLibrary(library, found));
    *pMod = found->module;
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetGlobal(CUdeviceptr *pointer, size_t *bytes,
                            CUlibrary library, const char *name) {
  return inContext("cuLibraryGetGlobal", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(name));
    CUlib_st *found = nullptr;
    DLC_SIM_TRY(findLibrary(library, found));
    return findGlobal(*found->module, name, pointer, bytes);
  });
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

CUresult cuKernelGetFunction(CUfunction *pFunc, CUkernel kernel) {
  return inContext("cuKernelGetFunction", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(pFunc));
    CUkern_st *found = nullptr;
    DLC_SIM_TRY(findKernel(kernel, found));
    *pFunc = found->function;
    return CUDA_SUCCESS;
  });
}

CUresult cuKernelGetLibrary(CUlibrary *pLib, CUkernel kernel) {
  return initialized("cuKernelGetLibrary", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(pLib));
    CUkern_st *found = nullptr;
    DLC_SIM_TRY(findKernel(kernel, found));
    *pLib = found->library;
    return CUDA_SUCCESS;
  });
}

CUresult cuKernelGetName(const char **name, CUkernel kernel) {
  return initialized("cuKernelGetName", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(name));
    CUkern_st *found = nullptr;
    DLC_SIM_TRY(findKernel(kernel, found));
    *name = found->function->name.c_str();
    return CUDA_SUCCESS;
  });
}

CUresult cuKernelGetAttribute(int *pi, CUfunction_attribute attrib,
                              CUkernel kernel, CUdevice dev) {
  return initialized("cuKernelGetAttribute", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(pi));
    DLC_SIM_TRY(checkDevice(dev));
    CUkern_st *found = nullptr;
    DLC_SIM_TRY(findKernel(kernel, found));
    return getAttribute(*found->function, attrib, *pi);
  });
}

CUresult cuKernelSetAttribute(CUfunction_attribute attrib, int val,
                              CUkernel kernel, CUdevice dev) {
  return initialized("cuKernelSetAttribute", [&]() -> CUresult {
    DLC_SIM_TRY(checkDevice(dev));
    CUkern_st *found = nullptr;
    DLC_SIM_TRY(findKernel(kernel, found));
    return setAttribute(*found->function, attrib, val);
  });
}

CUresult cuKernelSetCacheConfig(CUkernel kernel, CUfunc_cache, CUdevice dev) {
  return initialized("cuKernelSetCacheConfig", [&]() -> CUresult {
    DLC_SIM_TRY(checkDevice(dev));
    CUkern_st *found = nullptr;
    return findKernel(kernel, found); // a preference only
  });
}

CUresult cuKernelGetParamInfo(CUkernel kernel, size_t paramIndex,
                              size_t *paramOffset, size_t *paramSize) {
  return initialized("cuKernelGetParamInfo", [&]() -> CUresult {
    CUkern_st *found = nullptr;
    DLC_SIM_TRY(findKernel(kernel, found));
    return getParameter(*found->function, paramIndex, paramOffset, paramSize);
  });
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

CUresult cuFuncGetAttribute(int *pi, CUfunction_attribute attrib,
                            CUfunction function) {
  return inContext("cuFuncGetAttribute", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(pi));
    CUfunc_st *found = nullptr;
    DLC_SIM_TRY(findFunction(function, found));
    return getAttribute(*found, attrib, *pi);
  });
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attrib,
                            int value) {
  return inContext("cuFuncSetAttribute", [&](CUctx_st &) -> CUresult {
    CUfunc_st *found = nullptr;
    DLC_SIM_TRY(findFunction(function, found));
    return setAttribute(*found, attrib, value);
  });
}

CUresult cuFuncSetCacheConfig(CUfunction function, CUfunc_cache) {
  return inContext("cuFuncSetCacheConfig", [&](CUctx_st &) -> CUresult {
    CUfunc_st *found = nullptr;
    return findFunction(function, found); // a preference only
  });
}

CUresult cuFuncGetModule(CUmodule *module, CUfunction function) {
  return inContext("cuFuncGetModule", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(module));
    CUfunc_st *found = nullptr;
    DLC_SIM_TRY(findFunction(function, found));
    *module = found->module;
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncGetName(const char **name, CUfunction function) {
  return inContext("cuFuncGetName", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(name));
    CUfunc_st *found = nullptr;
    DLC_SIM_TRY(findFunction(function, found));
    *name = found->name.c_str();
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncGetParamInfo(CUfunction func, size_t paramIndex,
                            size_t *paramOffset, size_t *paramSize) {
  return inContext("cuFuncGetParamInfo", [&](CUctx_st &) -> CUresult {
    CUfunc_st *found = nullptr;
    DLC_SIM_TRY(findFunction(func, found));
    return getParameter(*found, paramIndex, paramOffset, paramSize);
  });
}

CUresult cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction function) {
  return inContext("cuFuncIsLoaded", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(state));
    CUfunc_st *found = nullptr;
    DLC_SIM_TRY(findFunction(function, found));
    *state = CU_FUNCTION_LOADING_STATE_LOADED;
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncLoad(CUfunction function) {
  return inContext("cuFuncLoad", [&](CUctx_st &) -> CUresult {
    CUfunc_st *found = nullptr;
    return findFunction(function, found);
  });
}
