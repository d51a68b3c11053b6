//===- ApiCall.h - What all functions of the API have in common -*- C++ -*-===//
//
// A function of the API is one expression:
//   return inContext("cuMemAlloc", [&](CUctx_st &context) -> CUresult { ... });
// The wrappers count and trace the call, take the lock, and check what the
// function needs: nothing (anyTime), an initialised driver (initialized), a
// current context without a sticky error (inContext).
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PTXSIM_DRIVER_APICALL_H
#define DLC_LIB_PTXSIM_DRIVER_APICALL_H

#include "Driver.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace dlc::ptxsim::driver {

CUresult anyTime(const char *name, llvm::function_ref<CUresult()> body);
CUresult initialized(const char *name, llvm::function_ref<CUresult()> body);
CUresult inContext(const char *name,
                   llvm::function_ref<CUresult(CUctx_st &)> body);

/// Explains on stderr why the current call fails; returns `code`.
CUresult fail(CUresult code, const std::string &why);

/// CUDA_ERROR_INVALID_VALUE if one of the pointers is null.
template <typename... Types>
CUresult checkPointers(Types *...pointers) {
  if ((pointers && ...))
    return CUDA_SUCCESS;
  return fail(CUDA_ERROR_INVALID_VALUE, "an argument is a null pointer");
}

/// CUDA_ERROR_INVALID_DEVICE for all but device 0.
CUresult checkDevice(CUdevice device);

/// Returns from the function if an expression is not CUDA_SUCCESS.
#define DLC_SIM_TRY(EXPRESSION)                                                \
  do {                                                                         \
    if (CUresult result_ = (EXPRESSION); result_ != CUDA_SUCCESS)              \
      return result_;                                                          \
  } while (false)

} // namespace dlc::ptxsim::driver

#endif // DLC_LIB_PTXSIM_DRIVER_APICALL_H
