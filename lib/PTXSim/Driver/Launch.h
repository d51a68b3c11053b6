//===- Launch.h - Kernel launches ------------------------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_DRIVER_LAUNCH_H
#define DLC_LIB_PTXSIM_DRIVER_LAUNCH_H

#include "Driver.h"

namespace dlc::ptxsim::driver {

/// Checks a launch as a driver does and packs its parameters;
/// `work.isCooperative` is what it was.
CUresult makeKernelWork(const CUDA_KERNEL_NODE_PARAMS &params,
                        KernelWork &work);

/// Compiles the kernel if it is not yet; explains why it can not be.
CUresult prepareKernel(const KernelWork &work);

CUresult executeKernel(const KernelWork &work);

/// The code that a program gets for an error of the engine.
CUresult toResult(ErrorCode code);

/// Blocks of a kernel that fit on a multiprocessor at a time.
unsigned blocksPerMultiprocessor(const CUfunc_st &function, unsigned threads,
                                 uint64_t dynamicSharedBytes);

} // namespace dlc::ptxsim::driver

#endif // DLC_LIB_PTXSIM_DRIVER_LAUNCH_H
