//===- ApiLaunch.cpp - Launches and occupancy -----------------------------===//

#include "ApiCall.h"
#include "Launch.h"

#include "llvm/ADT/ArrayRef.h"

#include <algorithm>

using namespace dlc::ptxsim::driver;

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

static CUresult launch(CUctx_st &context, const CUDA_KERNEL_NODE_PARAMS &params,
                       CUstream handle, bool isCooperative = false) {
  Driver &driver = Driver::get();
  CUstream_st *stream = driver.findStream(handle);
  if (!stream)
    return fail(CUDA_ERROR_INVALID_HANDLE, "not a stream");
  KernelWork work;
  work.isCooperative = isCooperative;
  DLC_SIM_TRY(makeKernelWork(params, work));
  DLC_SIM_TRY(prepareKernel(work));
  if (!stream->capture)
    driver.statistics.noteLaunch();
  DLC_SIM_TRY(driver.submit(*stream, std::move(work)));
  return context.sticky;
}

CUresult cuLaunchKernel(CUfunction f, unsigned int gridDimX,
                        unsigned int gridDimY, unsigned int gridDimZ,
                        unsigned int blockDimX, unsigned int blockDimY,
                        unsigned int blockDimZ, unsigned int sharedMemBytes,
                        CUstream stream, void **kernelParams, void **extra) {
  return inContext("cuLaunchKernel", [&](CUctx_st &context) {
    return launch(context,
                  {f, gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY,
                   blockDimZ, sharedMemBytes, kernelParams, extra, nullptr,
                   nullptr},
                  stream);
  });
}

/// Refuses what the simulator does not do and a kernel would rely on.
static CUresult readAttribute(const CUlaunchAttribute &attribute,
                              bool &isCooperative) {
  switch (attribute.id) {
  case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
    isCooperative = attribute.value.cooperative != 0;
    return CUDA_SUCCESS;
  case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION: {
    auto dim = attribute.value.clusterDim;
    if (uint64_t(dim.x) * dim.y * dim.z != 1)
      return fail(CUDA_ERROR_NOT_SUPPORTED,
                  "the simulator has no clusters of more than one block");
    return CUDA_SUCCESS;
  }
  case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
  case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
  case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE:
    return fail(CUDA_ERROR_NOT_SUPPORTED,
                "the simulator does not know launch attribute " +
                    std::to_string(attribute.id));
  default: // hints: priorities, caches, early starts
    return CUDA_SUCCESS;
  }
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction f,
                          void **kernelParams, void **extra) {
  return inContext("cuLaunchKernelEx", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(config));
    if (config->numAttrs)
      DLC_SIM_TRY(checkPointers(config->attrs));
    bool isCooperative = false;
    for (const CUlaunchAttribute &attribute :
         llvm::ArrayRef(config->attrs, config->numAttrs))
      DLC_SIM_TRY(readAttribute(attribute, isCooperative));
    return launch(context,
                  {f, config->gridDimX, config->gridDimY, config->gridDimZ,
                   config->blockDimX, config->blockDimY, config->blockDimZ,
                   config->sharedMemBytes, kernelParams, extra, nullptr,
                   nullptr},
                  config->hStream, isCooperative);
  });
}

CUresult cuLaunchCooperativeKernel(CUfunction f, unsigned int gridDimX,
                                   unsigned int gridDimY, unsigned int gridDimZ,
                                   unsigned int blockDimX,
                                   unsigned int blockDimY,
                                   unsigned int blockDimZ,
                                   unsigned int sharedMemBytes, CUstream stream,
                                   void **kernelParams) {
  return inContext("cuLaunchCooperativeKernel", [&](CUctx_st &context) {
    return launch(context,
                  {f, gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY,
                   blockDimZ, sharedMemBytes, kernelParams, nullptr, nullptr,
                   nullptr},
                  stream, /*isCooperative=*/true);
  });
}

//===----------------------------------------------------------------------===//
// Occupancy
//===----------------------------------------------------------------------===//

static CUresult findFunction(CUfunction handle, CUfunc_st *&function) {
  function = Driver::get().findFunction(handle);
  return function ? CUDA_SUCCESS
                  : fail(CUDA_ERROR_INVALID_HANDLE, "not a function");
}

static CUresult maxActiveBlocks(int *numBlocks, CUfunction func, int blockSize,
                                size_t dynamicBytes) {
  DLC_SIM_TRY(checkPointers(numBlocks));
  CUfunc_st *function = nullptr;
  DLC_SIM_TRY(findFunction(func, function));
  if (blockSize <= 0)
    return fail(CUDA_ERROR_INVALID_VALUE, "a block has at least 1 thread");
  *numBlocks = static_cast<int>(blocksPerMultiprocessor(
      *function, static_cast<unsigned>(blockSize), dynamicBytes));
  return CUDA_SUCCESS;
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *numBlocks,
                                                     CUfunction func,
                                                     int blockSize,
                                                     size_t dynamicSMemSize) {
  return inContext(
      "cuOccupancyMaxActiveBlocksPerMultiprocessor", [&](CUctx_st &) {
        return maxActiveBlocks(numBlocks, func, blockSize, dynamicSMemSize);
      });
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int *numBlocks, CUfunction func, int blockSize, size_t dynamicSMemSize,
    unsigned int) {
  return inContext(
      "cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags", [&](CUctx_st &) {
        return maxActiveBlocks(numBlocks, func, blockSize, dynamicSMemSize);
      });
}

/// The block size, in whole warps, that keeps most threads on a multiprocessor;
/// of several, the largest.
static CUresult maxPotentialBlockSize(int *minGridSize, int *blockSize,
                                      CUfunction func,
                                      CUoccupancyB2DSize dynamicBytesOf,
                                      size_t dynamicBytes, int limit) {
  DLC_SIM_TRY(checkPointers(minGridSize, blockSize));
  CUfunc_st *function = nullptr;
  DLC_SIM_TRY(findFunction(func, function));
  unsigned most = function->function->maxThreadsPerBlock();
  if (limit > 0)
    most = std::min(most, static_cast<unsigned>(limit));
  unsigned bestThreads = 0, bestBlock = 0, bestBlocks = 0;
  for (unsigned threads = most; threads > 0;
       threads = (threads - 1) / 32 * 32) {
    size_t bytes = dynamicBytesOf ? dynamicBytesOf(static_cast<int>(threads))
                                  : dynamicBytes;
    unsigned blocks = blocksPerMultiprocessor(*function, threads, bytes);
    if (blocks * threads > bestThreads) {
      bestThreads = blocks * threads;
      bestBlock = threads;
      bestBlocks = blocks;
    }
  }
  *blockSize = static_cast<int>(bestBlock);
  *minGridSize =
      static_cast<int>(bestBlocks * Driver::get().device.multiprocessors);
  return CUDA_SUCCESS;
}

CUresult
cuOccupancyMaxPotentialBlockSize(int *minGridSize, int *blockSize,
                                 CUfunction func,
                                 CUoccupancyB2DSize blockSizeToDynamicSMemSize,
                                 size_t dynamicSMemSize, int blockSizeLimit) {
  return inContext("cuOccupancyMaxPotentialBlockSize", [&](CUctx_st &) {
    return maxPotentialBlockSize(minGridSize, blockSize, func,
                                 blockSizeToDynamicSMemSize, dynamicSMemSize,
                                 blockSizeLimit);
  });
}

CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(
    int *minGridSize, int *blockSize, CUfunction func,
    CUoccupancyB2DSize blockSizeToDynamicSMemSize, size_t dynamicSMemSize,
    int blockSizeLimit, unsigned int) {
  return inContext(
      "cuOccupancyMaxPotentialBlockSizeWithFlags", [&](CUctx_st &) {
        return maxPotentialBlockSize(minGridSize, blockSize, func,
                                     blockSizeToDynamicSMemSize,
                                     dynamicSMemSize, blockSizeLimit);
      });
}

CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *dynamicSmemSize,
                                                 CUfunction func, int numBlocks,
                                                 int blockSize) {
  return inContext(
      "cuOccupancyAvailableDynamicSMemPerBlock", [&](CUctx_st &) -> CUresult {
        DLC_SIM_TRY(checkPointers(dynamicSmemSize));
        CUfunc_st *function = nullptr;
        DLC_SIM_TRY(findFunction(func, function));
        if (numBlocks <= 0 || blockSize <= 0)
          return fail(CUDA_ERROR_INVALID_VALUE, "no blocks or no threads");
        // halve the interval in which the answer lies
        uint64_t fits = 0, tooMuch = function->maxDynamicSharedBytes + 1;
        while (tooMuch - fits > 1) {
          uint64_t middle = (fits + tooMuch) / 2;
          bool enough = blocksPerMultiprocessor(
                            *function, static_cast<unsigned>(blockSize),
                            middle) >= static_cast<unsigned>(numBlocks);
          (enough ? fits : tooMuch) = middle;
        }
        *dynamicSmemSize = fits;
        return CUDA_SUCCESS;
      });
}
