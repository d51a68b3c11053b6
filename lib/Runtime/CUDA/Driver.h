/*===- Driver.h - The CUDA driver API, as far as programs use it --*- C -*-===*\
|*
|* Types and functions of the driver API's binary interface, so that neither dlc
|* nor its programs need a CUDA toolkit: the driver's library is opened when a
|* program starts. Names, values and layouts are those of the CUDA driver API
|* reference; functions are those that drivers have had since CUDA 11.4.
|*
|* Also a part of compiled libraries, where several of them may be linked into
|* one program: names of functions carry the ABI's version.
|*
\*===----------------------------------------------------------------------===*/

#ifndef DLC_RUNTIME_CUDA_DRIVER_H
#define DLC_RUNTIME_CUDA_DRIVER_H

#include "Text.h"
#include "dlc/Runtime/dlc_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphNode_st *CUgraphNode;
typedef struct CUgraphExec_st *CUgraphExec;
typedef struct CUarray_st *CUarray;

enum {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NO_DEVICE = 100,

  CU_STREAM_NON_BLOCKING = 1,
  CU_MEMORYTYPE_DEVICE = 2,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8
};

typedef struct CUDA_KERNEL_NODE_PARAMS_v1 {
  CUfunction func;
  unsigned int gridDimX, gridDimY, gridDimZ;
  unsigned int blockDimX, blockDimY, blockDimZ;
  unsigned int sharedMemBytes;
  void **kernelParams;
  void **extra;
} CUDA_KERNEL_NODE_PARAMS_v1;

typedef struct CUDA_MEMCPY3D {
  size_t srcXInBytes, srcY, srcZ, srcLOD;
  int srcMemoryType; /* CUmemorytype */
  const void *srcHost;
  CUdeviceptr srcDevice;
  CUarray srcArray;
  void *reserved0;
  size_t srcPitch, srcHeight;
  size_t dstXInBytes, dstY, dstZ, dstLOD;
  int dstMemoryType;
  void *dstHost;
  CUdeviceptr dstDevice;
  CUarray dstArray;
  void *reserved1;
  size_t dstPitch, dstHeight;
  size_t WidthInBytes, Height, Depth;
} CUDA_MEMCPY3D;

/** X(name, symbol in the library, parameters) for all functions. */
#define DLC_CUDA_FUNCTIONS(X)                                                  \
  X(cuGetErrorString, cuGetErrorString, (CUresult, const char **))             \
  X(cuGetErrorName, cuGetErrorName, (CUresult, const char **))                 \
  X(cuInit, cuInit, (unsigned int))                                            \
  X(cuDeviceGetCount, cuDeviceGetCount, (int *))                               \
  X(cuDeviceGet, cuDeviceGet, (CUdevice *, int))                               \
  X(cuDeviceGetName, cuDeviceGetName, (char *, int, CUdevice))                 \
  X(cuDeviceGetAttribute, cuDeviceGetAttribute, (int *, int, CUdevice))        \
  X(cuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain,                        \
    (CUcontext *, CUdevice))                                                   \
  X(cuDevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease_v2, (CUdevice))       \
  X(cuCtxSetCurrent, cuCtxSetCurrent, (CUcontext))                             \
  X(cuCtxGetDevice, cuCtxGetDevice, (CUdevice *))                              \
  X(cuMemGetInfo, cuMemGetInfo_v2, (size_t *, size_t *))                       \
  X(cuMemAlloc, cuMemAlloc_v2, (CUdeviceptr *, size_t))                        \
  X(cuMemFree, cuMemFree_v2, (CUdeviceptr))                                    \
  X(cuMemAllocHost, cuMemAllocHost_v2, (void **, size_t))                      \
  X(cuMemFreeHost, cuMemFreeHost, (void *))                                    \
  X(cuMemHostRegister, cuMemHostRegister_v2, (void *, size_t, unsigned int))   \
  X(cuMemHostUnregister, cuMemHostUnregister, (void *))                        \
  X(cuMemcpyHtoDAsync, cuMemcpyHtoDAsync_v2,                                   \
    (CUdeviceptr, const void *, size_t, CUstream))                             \
  X(cuMemcpyDtoHAsync, cuMemcpyDtoHAsync_v2,                                   \
    (void *, CUdeviceptr, size_t, CUstream))                                   \
  X(cuMemcpyDtoDAsync, cuMemcpyDtoDAsync_v2,                                   \
    (CUdeviceptr, CUdeviceptr, size_t, CUstream))                              \
  X(cuMemsetD8Async, cuMemsetD8Async,                                          \
    (CUdeviceptr, unsigned char, size_t, CUstream))                            \
  X(cuStreamCreate, cuStreamCreate, (CUstream *, unsigned int))                \
  X(cuStreamDestroy, cuStreamDestroy_v2, (CUstream))                           \
  X(cuStreamSynchronize, cuStreamSynchronize, (CUstream))                      \
  X(cuEventCreate, cuEventCreate, (CUevent *, unsigned int))                   \
  X(cuEventDestroy, cuEventDestroy_v2, (CUevent))                              \
  X(cuEventRecord, cuEventRecord, (CUevent, CUstream))                         \
  X(cuEventSynchronize, cuEventSynchronize, (CUevent))                         \
  X(cuEventElapsedTime, cuEventElapsedTime, (float *, CUevent, CUevent))       \
  X(cuModuleLoadData, cuModuleLoadData, (CUmodule *, const void *))            \
  X(cuModuleUnload, cuModuleUnload, (CUmodule))                                \
  X(cuModuleGetFunction, cuModuleGetFunction,                                  \
    (CUfunction *, CUmodule, const char *))                                    \
  X(cuFuncSetAttribute, cuFuncSetAttribute, (CUfunction, int, int))            \
  X(cuLaunchKernel, cuLaunchKernel,                                            \
    (CUfunction, unsigned int, unsigned int, unsigned int, unsigned int,       \
     unsigned int, unsigned int, unsigned int, CUstream, void **, void **))    \
  X(cuGraphCreate, cuGraphCreate, (CUgraph *, unsigned int))                   \
  X(cuGraphDestroy, cuGraphDestroy, (CUgraph))                                 \
  X(cuGraphAddKernelNode, cuGraphAddKernelNode,                                \
    (CUgraphNode *, CUgraph, const CUgraphNode *, size_t,                      \
     const CUDA_KERNEL_NODE_PARAMS_v1 *))                                      \
  X(cuGraphAddMemcpyNode, cuGraphAddMemcpyNode,                                \
    (CUgraphNode *, CUgraph, const CUgraphNode *, size_t,                      \
     const CUDA_MEMCPY3D *, CUcontext))                                        \
  X(cuGraphInstantiate, cuGraphInstantiateWithFlags,                           \
    (CUgraphExec *, CUgraph, unsigned long long))                              \
  X(cuGraphUpload, cuGraphUpload, (CUgraphExec, CUstream))                     \
  X(cuGraphLaunch, cuGraphLaunch, (CUgraphExec, CUstream))                     \
  X(cuGraphExecDestroy, cuGraphExecDestroy, (CUgraphExec))

/** The functions of the driver. */
typedef struct dlc_cuda {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator */
#define DLC_CUDA_MEMBER(name, symbol, parameters) CUresult(*name) parameters;
  DLC_CUDA_FUNCTIONS(DLC_CUDA_MEMBER)
#undef DLC_CUDA_MEMBER
} dlc_cuda;

/** Opens the driver once and initialises it. Returns NULL where there is none
 * or no GPU. May be called from several threads. */
const dlc_cuda *dlc_cuda_open_v1(dlc_error *error);

/** Formats the reason for a failure. Always returns -1. */
int dlc_cuda_fail_v1(dlc_error *error, const char *format, ...)
    DLC_PRINTF(2, 3);

/** The same from a result of the driver: "<what>: <text> (<name>)". */
int dlc_cuda_explain_v1(const dlc_cuda *cuda, CUresult result, const char *what,
                        dlc_error *error);

#ifdef __cplusplus
}
#endif

#endif /* DLC_RUNTIME_CUDA_DRIVER_H */
