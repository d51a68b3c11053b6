//===- ApiDevice.cpp - Errors, start-up, look-up, devices -----------------===//

#include "ApiCall.h"

#include "llvm/ADT/StringRef.h"

#include <algorithm>
#include <cstring>

using namespace dlc::ptxsim::driver;

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

static const char *errorText(CUresult code) {
  switch (code) {
#define DLC_CUDA_ERROR(NAME, VALUE, TEXT)                                      \
  case CUDA_##NAME:                                                            \
    return TEXT;
#include "dlc/PTXSim/DriverErrors.def"
  }
  return nullptr;
}

CUresult cuGetErrorString(CUresult error, const char **text) {
  return anyTime("cuGetErrorString", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(text));
    *text = errorText(error);
    return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuGetErrorName(CUresult error, const char **text) {
  return anyTime("cuGetErrorName", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(text));
    *text = errorText(error) ? errorName(error) : nullptr;
    return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

//===----------------------------------------------------------------------===//
// Start-up and look-up
//===----------------------------------------------------------------------===//

CUresult cuInit(unsigned int flags) {
  return anyTime("cuInit", [&]() -> CUresult {
    if (flags)
      return fail(CUDA_ERROR_INVALID_VALUE, "flags must be 0");
    return Driver::get().initialize() ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
  });
}

CUresult cuDriverGetVersion(int *driverVersion) {
  return anyTime("cuDriverGetVersion", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(driverVersion));
    *driverVersion = CUDA_VERSION;
    return CUDA_SUCCESS;
  });
}

namespace {
struct ApiSymbol {
  const char *name;
  int version;
  void *address;
};
} // namespace

static const ApiSymbol kSymbols[] = {
#define DLC_CUDA_API(NAME, SYMBOL, VERSION, PARAMS)                            \
  {#NAME, VERSION, reinterpret_cast<void *>(&(SYMBOL))},
#include "dlc/PTXSim/DriverApi.def"
};

static CUresult getProcAddress(const char *symbol, void **pfn, int version,
                               cuuint64_t flags,
                               CUdriverProcAddressQueryResult *status) {
  DLC_SIM_TRY(checkPointers(symbol, pfn));
  *pfn = nullptr;
  CUdriverProcAddressQueryResult found = CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  if (flags & CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM)
    return fail(CUDA_ERROR_NOT_SUPPORTED,
                "the simulator has no functions for per-thread default "
                "streams; use CU_STREAM_PER_THREAD");
  for (const ApiSymbol &candidate : kSymbols) {
    if (std::strcmp(candidate.name, symbol) != 0)
      continue;
    if (candidate.version <= version)
      *pfn = candidate.address;
    found = *pfn ? CU_GET_PROC_ADDRESS_SUCCESS
                 : CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT;
  }
  if (status) {
    *status = found;
    return CUDA_SUCCESS;
  }
  return *pfn ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CUresult cuGetProcAddress(const char *symbol, void **pfn, int cudaVersion,
                          cuuint64_t flags) {
  return anyTime("cuGetProcAddress", [&] {
    return getProcAddress(symbol, pfn, cudaVersion, flags, nullptr);
  });
}

CUresult cuGetProcAddress_v2(const char *symbol, void **pfn, int cudaVersion,
                             cuuint64_t flags,
                             CUdriverProcAddressQueryResult *symbolStatus) {
  return anyTime("cuGetProcAddress", [&] {
    return getProcAddress(symbol, pfn, cudaVersion, flags, symbolStatus);
  });
}

CUresult cuProfilerStart() {
  return inContext("cuProfilerStart", [](CUctx_st &) { return CUDA_SUCCESS; });
}

CUresult cuProfilerStop() {
  return inContext("cuProfilerStop", [](CUctx_st &) { return CUDA_SUCCESS; });
}

//===----------------------------------------------------------------------===//
// Devices
//===----------------------------------------------------------------------===//

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  return initialized("cuDeviceGet", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(device));
    DLC_SIM_TRY(checkDevice(ordinal));
    *device = ordinal;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetCount(int *count) {
  return initialized("cuDeviceGetCount", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(count));
    *count = 1;
    return CUDA_SUCCESS;
  });
}

/// Copies a text into a buffer of `length` bytes, cut to fit.
static CUresult copyText(llvm::StringRef text, char *buffer, int length) {
  DLC_SIM_TRY(checkPointers(buffer));
  if (length <= 0)
    return fail(CUDA_ERROR_INVALID_VALUE, "the buffer has no room");
  text = text.take_front(static_cast<size_t>(length) - 1);
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = 0;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int len, CUdevice dev) {
  return initialized("cuDeviceGetName", [&]() -> CUresult {
    DLC_SIM_TRY(checkDevice(dev));
    return copyText(Driver::get().device.name, name, len);
  });
}

static CUresult getUuid(CUuuid *uuid, CUdevice dev) {
  DLC_SIM_TRY(checkPointers(uuid));
  DLC_SIM_TRY(checkDevice(dev));
  *uuid = {};
  std::string text = "dlc-sim " + Driver::get().settings.device;
  std::memcpy(uuid->bytes, text.data(),
              std::min(text.size(), sizeof(uuid->bytes)));
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice dev) {
  return initialized("cuDeviceGetUuid", [&] { return getUuid(uuid, dev); });
}

CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice dev) {
  return initialized("cuDeviceGetUuid", [&] { return getUuid(uuid, dev); });
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice dev) {
  return initialized("cuDeviceTotalMem", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(bytes));
    DLC_SIM_TRY(checkDevice(dev));
    *bytes = Driver::get().memory.getTotalBytes();
    return CUDA_SUCCESS;
  });
}

static bool attributeOf(const dlc::ptxsim::DeviceConfig &device,
                        CUdevice_attribute attribute, int &value) {
  switch (attribute) {
#define DLC_DEVICE_ATTRIBUTE(NAME, VALUE, EXPRESSION)                          \
  case CU_DEVICE_ATTRIBUTE_##NAME:                                             \
    value = static_cast<int>(EXPRESSION);                                      \
    return true;
#include "dlc/PTXSim/DeviceAttributes.def"
  }
  return false;
}

CUresult cuDeviceGetAttribute(int *pi, CUdevice_attribute attrib,
                              CUdevice dev) {
  return initialized("cuDeviceGetAttribute", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(pi));
    DLC_SIM_TRY(checkDevice(dev));
    if (!attributeOf(Driver::get().device, attrib, *pi))
      return fail(CUDA_ERROR_INVALID_VALUE,
                  "unknown attribute " + std::to_string(attrib));
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetProperties(CUdevprop *prop, CUdevice dev) {
  return initialized("cuDeviceGetProperties", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(prop));
    DLC_SIM_TRY(checkDevice(dev));
    const dlc::ptxsim::DeviceConfig &device = Driver::get().device;
    auto dims = [](const dlc::ptxsim::Dim3 &from, int *to) {
      to[0] = static_cast<int>(from.x);
      to[1] = static_cast<int>(from.y);
      to[2] = static_cast<int>(from.z);
    };
    dims(device.maxBlock, prop->maxThreadsDim);
    dims(device.maxGrid, prop->maxGridSize);
    auto get = [&](CUdevice_attribute attribute) {
      int value = 0;
      (void)attributeOf(device, attribute, value);
      return value;
    };
    prop->maxThreadsPerBlock = get(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
    prop->sharedMemPerBlock =
        get(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK);
    prop->totalConstantMemory = get(CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY);
    prop->SIMDWidth = get(CU_DEVICE_ATTRIBUTE_WARP_SIZE);
    prop->memPitch = get(CU_DEVICE_ATTRIBUTE_MAX_PITCH);
    prop->regsPerBlock = get(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK);
    prop->clockRate = get(CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
    prop->textureAlign = get(CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice dev) {
  return initialized("cuDeviceComputeCapability", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(major, minor));
    DLC_SIM_TRY(checkDevice(dev));
    *major = static_cast<int>(Driver::get().device.computeMajor);
    *minor = static_cast<int>(Driver::get().device.computeMinor);
    return CUDA_SUCCESS;
  });
}

/// Domain, bus, device and function, as the attributes say.
static const char kPciBusId[] = "0000:00:00.0";

CUresult cuDeviceGetPCIBusId(char *pciBusId, int len, CUdevice dev) {
  return initialized("cuDeviceGetPCIBusId", [&]() -> CUresult {
    DLC_SIM_TRY(checkDevice(dev));
    return copyText(kPciBusId, pciBusId, len);
  });
}

CUresult cuDeviceGetByPCIBusId(CUdevice *dev, const char *pciBusId) {
  return initialized("cuDeviceGetByPCIBusId", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(dev, pciBusId));
    if (llvm::StringRef(pciBusId) != kPciBusId)
      return fail(CUDA_ERROR_INVALID_DEVICE,
                  std::string("there is no device at ") + pciBusId);
    *dev = 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceCanAccessPeer(int *canAccessPeer, CUdevice dev,
                               CUdevice peerDev) {
  return initialized("cuDeviceCanAccessPeer", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(canAccessPeer));
    DLC_SIM_TRY(checkDevice(dev));
    DLC_SIM_TRY(checkDevice(peerDev));
    *canAccessPeer = 0; // a device is not its own peer
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice dev) {
  return initialized("cuDeviceGetDefaultMemPool", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(pool));
    DLC_SIM_TRY(checkDevice(dev));
    *pool = Driver::get().defaultPool;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice dev) {
  return initialized("cuDeviceGetMemPool", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(pool));
    DLC_SIM_TRY(checkDevice(dev));
    *pool = Driver::get().currentPool;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceSetMemPool(CUdevice dev, CUmemoryPool pool) {
  return initialized("cuDeviceSetMemPool", [&]() -> CUresult {
    DLC_SIM_TRY(checkDevice(dev));
    if (!Driver::get().pools.find(pool))
      return fail(CUDA_ERROR_INVALID_VALUE, "not a memory pool");
    Driver::get().currentPool = pool;
    return CUDA_SUCCESS;
  });
}
