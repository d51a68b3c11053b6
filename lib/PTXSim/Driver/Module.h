//===- Module.h - Modules and libraries ------------------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_DRIVER_MODULE_H
#define DLC_LIB_PTXSIM_DRIVER_MODULE_H

#include "Driver.h"

namespace dlc::ptxsim::driver {

/// The options of cuModuleLoadDataEx and cuLibraryLoadData.
struct JitOptions {
  unsigned count = 0;
  CUjit_option *options = nullptr;
  void **values = nullptr;
};

/// Loads an image into a context (null: for a library). Fills in the logs.
CUresult loadModule(const void *image, const JitOptions &options,
                    CUctx_st *context, CUmod_st *&module);
/// Forgets a module and its variables.
void unloadModule(CUmod_st &module);

/// The bytes of a file, with a zero behind.
CUresult readImage(const char *path, std::string &image);

CUfunc_st *findFunction(const CUmod_st &module, llvm::StringRef name);
CUresult findGlobal(const CUmod_st &module, llvm::StringRef name,
                    CUdeviceptr *address, size_t *bytes);

CUresult getAttribute(const CUfunc_st &function, CUfunction_attribute attribute,
                      int &value);
CUresult setAttribute(CUfunc_st &function, CUfunction_attribute attribute,
                      int value);
CUresult getParameter(const CUfunc_st &function, size_t index, size_t *offset,
                      size_t *bytes);

} // namespace dlc::ptxsim::driver

#endif // DLC_LIB_PTXSIM_DRIVER_MODULE_H
