//===- Launch.cpp - Kernel launches ---------------------------------------===//

#include "Launch.h"
#include "ApiCall.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cstring>

namespace dlc::ptxsim::driver {

/// Shared memory that the system takes for itself in each block.
static constexpr uint64_t kReservedSharedBytes = 1024;

CUresult toResult(ErrorCode code) {
  switch (code) {
  case ErrorCode::InvalidPTX:
    return CUDA_ERROR_INVALID_PTX;
  case ErrorCode::Unsupported:
    return CUDA_ERROR_NOT_SUPPORTED;
  case ErrorCode::InvalidLaunch:
    return CUDA_ERROR_INVALID_VALUE;
  case ErrorCode::OutOfResources:
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  case ErrorCode::IllegalAddress:
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  case ErrorCode::MisalignedAddress:
    return CUDA_ERROR_MISALIGNED_ADDRESS;
  case ErrorCode::Timeout:
    return CUDA_ERROR_LAUNCH_TIMEOUT;
  case ErrorCode::Assertion:
    return CUDA_ERROR_ASSERT;
  case ErrorCode::LaunchFailed:
    return CUDA_ERROR_LAUNCH_FAILED;
  case ErrorCode::Internal:
    return CUDA_ERROR_UNKNOWN;
  }
  return CUDA_ERROR_UNKNOWN;
}

static std::string text(const Dim3 &d) {
  return "(" + std::to_string(d.x) + ", " + std::to_string(d.y) + ", " +
         std::to_string(d.z) + ")";
}

static bool isWithin(const Dim3 &d, const Dim3 &limit) {
  return d.x <= limit.x && d.y <= limit.y && d.z <= limit.z;
}

static CUresult checkShape(const CUfunc_st &function, const KernelWork &work) {
  const DeviceConfig &device = Driver::get().device;
  auto wrong = [&](const std::string &what) {
    return fail(CUDA_ERROR_INVALID_VALUE,
                "kernel " + function.name + ": " + what);
  };
  if (!work.grid.count() || !work.block.count())
    return wrong("grid " + text(work.grid) + " or block " + text(work.block) +
                 " is empty");
  if (!isWithin(work.grid, device.maxGrid))
    return wrong("grid " + text(work.grid) + " is more than the device's " +
                 text(device.maxGrid));
  if (!isWithin(work.block, device.maxBlock) ||
      work.block.count() > device.maxThreadsPerBlock)
    return wrong("block " + text(work.block) + " is more than the device's " +
                 text(device.maxBlock) + ", " +
                 std::to_string(device.maxThreadsPerBlock) + " threads");
  if (const Dim3 *required = function.function->requiredBlock())
    if (text(*required) != text(work.block))
      return wrong("block " + text(work.block) +
                   " is not the one of .reqntid, " + text(*required));
  if (work.block.count() > function.function->maxThreadsPerBlock())
    return wrong("block " + text(work.block) + " is more than .maxntid, " +
                 std::to_string(function.function->maxThreadsPerBlock()) +
                 " threads");
  if (work.dynamicSharedBytes > function.maxDynamicSharedBytes)
    return wrong(std::to_string(work.dynamicSharedBytes) +
                 " bytes of dynamic shared memory beside " +
                 std::to_string(function.function->staticSharedBytes()) +
                 " static ones are more than the " +
                 std::to_string(function.maxDynamicSharedBytes) +
                 " that CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES "
                 "allows");
  if (!work.isCooperative)
    return CUDA_SUCCESS;
  uint64_t most =
      uint64_t(device.multiprocessors) *
      blocksPerMultiprocessor(function, unsigned(work.block.count()),
                              work.dynamicSharedBytes);
  if (work.grid.count() > most)
    return fail(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE,
                "kernel " + function.name + ": grid " + text(work.grid) +
                    " of a cooperative launch; " + std::to_string(most) +
                    " blocks can run at a time");
  return CUDA_SUCCESS;
}

/// Reads the list of cuLaunchKernel's `extra`: the packed block.
static CUresult readExtra(void **extra, const uint8_t *&buffer, size_t &bytes) {
  const size_t *size = nullptr;
  for (; *extra != CU_LAUNCH_PARAM_END; extra += 2) {
    if (*extra == CU_LAUNCH_PARAM_BUFFER_POINTER)
      buffer = static_cast<const uint8_t *>(extra[1]);
    else if (*extra == CU_LAUNCH_PARAM_BUFFER_SIZE)
      size = static_cast<const size_t *>(extra[1]);
    else
      return fail(CUDA_ERROR_INVALID_VALUE, "unknown entry in 'extra'");
  }
  if (!buffer || !size)
    return fail(CUDA_ERROR_INVALID_VALUE, "'extra' has no buffer or no size");
  bytes = *size;
  return CUDA_SUCCESS;
}

static CUresult packParameters(const CUfunc_st &function, void **kernelParams,
                               void **extra, std::vector<uint8_t> &packed) {
  const Function &f = *function.function;
  packed.assign(f.parameterBytes(), 0);
  if (kernelParams && extra)
    return fail(CUDA_ERROR_INVALID_VALUE,
                "kernel " + function.name +
                    ": both kernelParams and extra are given");
  if (f.parameters().empty())
    return CUDA_SUCCESS;
  if (!kernelParams && !extra)
    return fail(CUDA_ERROR_INVALID_VALUE,
                "kernel " + function.name + " has parameters, but none given");
  if (extra) {
    const uint8_t *buffer = nullptr;
    size_t bytes = 0;
    DLC_SIM_TRY(readExtra(extra, buffer, bytes));
    const Parameter &last = f.parameters().back();
    if (bytes < last.offset + last.bytes ||
        bytes > llvm::alignTo(packed.size(), 16))
      return fail(CUDA_ERROR_INVALID_VALUE,
                  "kernel " + function.name + " has " +
                      std::to_string(f.parameterBytes()) +
                      " bytes of parameters, " + std::to_string(bytes) +
                      " are given");
    std::memcpy(packed.data(), buffer, std::min(bytes, packed.size()));
    return CUDA_SUCCESS;
  }
  for (auto [parameter, value] :
       llvm::zip_first(f.parameters(),
                       llvm::ArrayRef(kernelParams, f.parameters().size()))) {
    if (!value)
      return fail(CUDA_ERROR_INVALID_VALUE,
                  "kernel " + function.name +
                      ": an entry of kernelParams is a null pointer");
    std::memcpy(packed.data() + parameter.offset, value, parameter.bytes);
  }
  return CUDA_SUCCESS;
}

CUresult makeKernelWork(const CUDA_KERNEL_NODE_PARAMS &params,
                        KernelWork &work) {
  CUfunction handle =
      params.func ? params.func : reinterpret_cast<CUfunction>(params.kern);
  CUfunc_st *function = Driver::get().findFunction(handle);
  if (!function)
    return fail(CUDA_ERROR_INVALID_HANDLE, "not a function");
  work.function = function;
  work.grid = {params.gridDimX, params.gridDimY, params.gridDimZ};
  work.block = {params.blockDimX, params.blockDimY, params.blockDimZ};
  work.dynamicSharedBytes = params.sharedMemBytes;
  DLC_SIM_TRY(checkShape(*function, work));
  return packParameters(*function, params.kernelParams, params.extra,
                        work.parameters);
}

/// Whether the reporter was told already.
static bool isFault(ErrorCode code) {
  switch (code) {
  case ErrorCode::IllegalAddress:
  case ErrorCode::MisalignedAddress:
  case ErrorCode::Timeout:
  case ErrorCode::Assertion:
  case ErrorCode::LaunchFailed:
    return true;
  default:
    return false;
  }
}

/// The code of an error; explains it unless a fault was reported already.
static CUresult toResult(const CUfunc_st &function, llvm::Error error) {
  CUresult result = CUDA_SUCCESS;
  llvm::handleAllErrors(
      std::move(error),
      [&](const EngineError &e) {
        result = toResult(e.getCode());
        if (!isFault(e.getCode()))
          fail(result, e.message());
      },
      [&](const llvm::ErrorInfoBase &e) {
        result = fail(CUDA_ERROR_UNKNOWN,
                      "kernel " + function.name + ": " + e.message());
      });
  return result;
}

CUresult prepareKernel(const KernelWork &work) {
  return toResult(*work.function,
                  prepare(*work.function->function, work.grid, work.block));
}

CUresult executeKernel(const KernelWork &work) {
  Driver &driver = Driver::get();
  CUfunc_st *function = driver.functions.lookup(work.function);
  if (!function)
    return fail(CUDA_ERROR_INVALID_HANDLE,
                "the module of a kernel was unloaded before it ran");
  LaunchParams params;
  params.grid = work.grid;
  params.block = work.block;
  params.dynamicSharedBytes = work.dynamicSharedBytes;
  params.parameters = work.parameters;
  params.isCooperative = work.isCooperative;
  params.timeoutSeconds = double(driver.settings.timeoutSeconds);
  driver.runningKernel = function->name;
  auto begin = std::chrono::steady_clock::now();
  llvm::Error error =
      launch(*function->function, params, driver.memory, driver.findings);
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - begin;
  driver.runningKernel.clear();
  KernelStatistics &statistics = driver.statistics.kernels[function->name];
  ++statistics.launches;
  statistics.seconds += seconds.count();
  ++driver.statistics.kernelLaunches;
  return toResult(*function, std::move(error));
}

unsigned blocksPerMultiprocessor(const CUfunc_st &function, unsigned threads,
                                 uint64_t dynamicSharedBytes) {
  const DeviceConfig &device = Driver::get().device;
  const Function &f = *function.function;
  if (!threads || threads > f.maxThreadsPerBlock() ||
      dynamicSharedBytes > function.maxDynamicSharedBytes)
    return 0;
  uint64_t warps = llvm::divideCeil(threads, 32);
  // registers are given to warps in units of 256
  uint64_t registers =
      warps * llvm::alignTo(32 * std::max<uint64_t>(f.registers(), 1), 256);
  uint64_t shared = llvm::alignTo(
      f.staticSharedBytes() + dynamicSharedBytes + kReservedSharedBytes, 128);
  uint64_t blocks = device.maxBlocksPerMultiprocessor;
  blocks = std::min(blocks, device.maxThreadsPerMultiprocessor / (32 * warps));
  blocks = std::min(blocks, device.registersPerMultiprocessor / registers);
  blocks = std::min(blocks, device.sharedBytesPerMultiprocessor / shared);
  return static_cast<unsigned>(blocks);
}

} // namespace dlc::ptxsim::driver
