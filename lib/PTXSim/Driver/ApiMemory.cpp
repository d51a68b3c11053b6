//===- ApiMemory.cpp - Memory and pools -----------------------------------===//

#include "ApiCall.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace dlc::ptxsim;
using namespace dlc::ptxsim::driver;

/// What cuMemAllocPitch rounds the length of a row up to.
static constexpr uint64_t kPitchAlignment = 512;

static CUresult outOfMemory(uint64_t bytes) {
  const DeviceMemory &memory = Driver::get().memory;
  return fail(
      CUDA_ERROR_OUT_OF_MEMORY,
      std::to_string(bytes) + " bytes are asked for, " +
          std::to_string(memory.getTotalBytes() - memory.getUsedBytes()) +
          " of " + std::to_string(memory.getTotalBytes()) + " are free");
}

static CUresult allocate(CUctx_st &context, MemoryKind kind, uint64_t bytes,
                         unsigned flags, uint64_t &address) {
  if (!bytes)
    return fail(CUDA_ERROR_INVALID_VALUE, "0 bytes are asked for");
  Driver &driver = Driver::get();
  const MemoryBlock *block =
      driver.memory.allocate(kind, bytes, threadState().call, &context, flags);
  if (!block)
    return outOfMemory(bytes);
  if (block->isHost())
    driver.statistics.countHostAllocation();
  else
    driver.statistics.countDeviceAllocation();
  if (kind == MemoryKind::Device)
    driver.guard.close(block->mappedBegin, block->mappedBytes);
  address = block->allocation.begin;
  return CUDA_SUCCESS;
}

/// The block that begins at an address, if it is of one of the kinds.
static CUresult findToFree(uint64_t address,
                           std::initializer_list<MemoryKind> kinds,
                           CUresult otherwise, const MemoryBlock *&block) {
  const DeviceMemory &memory = Driver::get().memory;
  block = memory.findBlock(address);
  if (block && block->allocation.begin == address &&
      llvm::is_contained(kinds, block->kind))
    return CUDA_SUCCESS;
  return fail(otherwise, "the pointer is not the begin of such memory: it is " +
                             memory.describe(address));
}

//===----------------------------------------------------------------------===//
// Device memory
//===----------------------------------------------------------------------===//

CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  return inContext("cuMemGetInfo", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(free, total));
    const DeviceMemory &memory = Driver::get().memory;
    *total = memory.getTotalBytes();
    *free = *total - memory.getUsedBytes();
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes) {
  return inContext("cuMemAlloc", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(pointer));
    DLC_SIM_TRY(Driver::get().checkNoCapture());
    uint64_t address = 0;
    DLC_SIM_TRY(allocate(context, MemoryKind::Device, bytes, 0, address));
    *pointer = address;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pPitch,
                            size_t WidthInBytes, size_t Height,
                            unsigned int ElementSizeBytes) {
  return inContext("cuMemAllocPitch", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(pointer, pPitch));
    DLC_SIM_TRY(Driver::get().checkNoCapture());
    if (ElementSizeBytes != 4 && ElementSizeBytes != 8 &&
        ElementSizeBytes != 16)
      return fail(CUDA_ERROR_INVALID_VALUE, "elements have 4, 8 or 16 bytes");
    uint64_t pitch = llvm::alignTo(WidthInBytes, kPitchAlignment), bytes = 0;
    if (__builtin_mul_overflow(pitch, Height, &bytes))
      return outOfMemory(UINT64_MAX);
    uint64_t address = 0;
    DLC_SIM_TRY(allocate(context, MemoryKind::Device, bytes, 0, address));
    *pointer = address;
    *pPitch = pitch;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAllocManaged(CUdeviceptr *pointer, size_t bytes,
                           unsigned int flags) {
  return inContext("cuMemAllocManaged", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(pointer));
    DLC_SIM_TRY(Driver::get().checkNoCapture());
    if (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST)
      return fail(CUDA_ERROR_INVALID_VALUE,
                  "unknown flags " + std::to_string(flags));
    uint64_t address = 0;
    DLC_SIM_TRY(allocate(context, MemoryKind::Managed, bytes, flags, address));
    *pointer = address;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemFree_v2(CUdeviceptr pointer) {
  return inContext("cuMemFree", [&](CUctx_st &context) -> CUresult {
    if (!pointer)
      return CUDA_SUCCESS;
    Driver &driver = Driver::get();
    DLC_SIM_TRY(driver.checkNoCapture());
    const MemoryBlock *block = nullptr;
    DLC_SIM_TRY(findToFree(pointer, {MemoryKind::Device, MemoryKind::Managed},
                           CUDA_ERROR_INVALID_VALUE, block));
    driver.finishAll();
    driver.memory.release(pointer);
    return context.sticky;
  });
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr *pbase, size_t *psize,
                                 CUdeviceptr pointer) {
  return inContext("cuMemGetAddressRange", [&](CUctx_st &) -> CUresult {
    const MemoryBlock *block = Driver::get().memory.findBlock(pointer);
    if (!block)
      return fail(CUDA_ERROR_NOT_FOUND,
                  "the pointer is " + Driver::get().memory.describe(pointer));
    if (pbase)
      *pbase = block->allocation.begin;
    if (psize)
      *psize = block->allocation.bytes;
    return CUDA_SUCCESS;
  });
}

//===----------------------------------------------------------------------===//
// Host memory
//===----------------------------------------------------------------------===//

static CUresult allocateHost(CUctx_st &context, void **pp, size_t bytes,
                             unsigned flags) {
  DLC_SIM_TRY(checkPointers(pp));
  DLC_SIM_TRY(Driver::get().checkNoCapture());
  if (flags & ~unsigned(CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP |
                        CU_MEMHOSTALLOC_WRITECOMBINED))
    return fail(CUDA_ERROR_INVALID_VALUE,
                "unknown flags " + std::to_string(flags));
  uint64_t address = 0;
  DLC_SIM_TRY(allocate(context, MemoryKind::PinnedHost, bytes, flags, address));
  *pp = reinterpret_cast<void *>(address);
  return CUDA_SUCCESS;
}

CUresult cuMemAllocHost_v2(void **pp, size_t bytes) {
  return inContext("cuMemAllocHost", [&](CUctx_st &context) {
    return allocateHost(context, pp, bytes, 0);
  });
}

CUresult cuMemHostAlloc(void **pp, size_t bytes, unsigned int flags) {
  return inContext("cuMemHostAlloc", [&](CUctx_st &context) {
    return allocateHost(context, pp, bytes, flags);
  });
}

CUresult cuMemFreeHost(void *p) {
  return inContext("cuMemFreeHost", [&](CUctx_st &context) -> CUresult {
    if (!p)
      return CUDA_SUCCESS;
    Driver &driver = Driver::get();
    DLC_SIM_TRY(driver.checkNoCapture());
    auto address = reinterpret_cast<uint64_t>(p);
    const MemoryBlock *block = nullptr;
    DLC_SIM_TRY(findToFree(address, {MemoryKind::PinnedHost},
                           CUDA_ERROR_INVALID_VALUE, block));
    driver.finishAll();
    driver.memory.release(address);
    return context.sticky;
  });
}

CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *pdptr, void *p,
                                      unsigned int flags) {
  return inContext("cuMemHostGetDevicePointer", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(pdptr));
    auto address = reinterpret_cast<uint64_t>(p);
    const MemoryBlock *block = Driver::get().memory.findBlock(address);
    if (flags || !block || !block->isHost())
      return fail(CUDA_ERROR_INVALID_VALUE,
                  "the pointer is " + Driver::get().memory.describe(address));
    *pdptr = address;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostGetFlags(unsigned int *pFlags, void *p) {
  return inContext("cuMemHostGetFlags", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(pFlags));
    auto address = reinterpret_cast<uint64_t>(p);
    const MemoryBlock *block = Driver::get().memory.findBlock(address);
    if (!block || block->kind != MemoryKind::PinnedHost)
      return fail(CUDA_ERROR_INVALID_VALUE,
                  "the pointer is " + Driver::get().memory.describe(address));
    *pFlags = block->flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostRegister_v2(void *p, size_t bytes, unsigned int flags) {
  return inContext("cuMemHostRegister", [&](CUctx_st &context) -> CUresult {
    DLC_SIM_TRY(checkPointers(p));
    Driver &driver = Driver::get();
    DLC_SIM_TRY(driver.checkNoCapture());
    if (!bytes || flags & ~unsigned(CU_MEMHOSTREGISTER_PORTABLE |
                                    CU_MEMHOSTREGISTER_DEVICEMAP))
      return fail(CUDA_ERROR_INVALID_VALUE, "no bytes or unknown flags");
    auto address = reinterpret_cast<uint64_t>(p);
    if (driver.memory.overlaps(address, bytes))
      return fail(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED,
                  "part of the memory is registered or the driver's own");
    driver.memory.add(MemoryKind::RegisteredHost, {address, bytes, nullptr},
                      threadState().call, &context, flags);
    driver.statistics.countHostAllocation();
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostUnregister(void *p) {
  return inContext("cuMemHostUnregister", [&](CUctx_st &context) -> CUresult {
    Driver &driver = Driver::get();
    DLC_SIM_TRY(driver.checkNoCapture());
    auto address = reinterpret_cast<uint64_t>(p);
    const MemoryBlock *block = nullptr;
    DLC_SIM_TRY(findToFree(address, {MemoryKind::RegisteredHost},
                           CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, block));
    driver.finishAll();
    driver.memory.release(address);
    return context.sticky;
  });
}

//===----------------------------------------------------------------------===//
// Stream-ordered memory
//===----------------------------------------------------------------------===//

static CUresult allocateAsync(CUctx_st &context, CUdeviceptr *pointer,
                              size_t bytes, CUmemoryPool pool,
                              CUstream stream) {
  DLC_SIM_TRY(checkPointers(pointer));
  Driver &driver = Driver::get();
  CUmemPoolHandle_st *from = driver.pools.find(pool);
  CUstream_st *in = driver.findStream(stream);
  if (!from || !in)
    return fail(CUDA_ERROR_INVALID_HANDLE, "not a memory pool or a stream");
  if (in->capture)
    return fail(CUDA_ERROR_NOT_SUPPORTED,
                "the simulator has no allocations in graphs");
  // The address must be known now. That the memory exists before the stream
  // comes to it, no correct program notices.
  uint64_t address = 0;
  DLC_SIM_TRY(allocate(context, MemoryKind::Device, bytes, 0, address));
  from->usedBytes += bytes;
  from->usedHigh = std::max(from->usedHigh, from->usedBytes);
  driver.poolOf[address] = from;
  *pointer = address;
  return CUDA_SUCCESS;
}

CUresult cuMemAllocAsync(CUdeviceptr *pointer, size_t bytes, CUstream stream) {
  return inContext("cuMemAllocAsync", [&](CUctx_st &context) {
    return allocateAsync(context, pointer, bytes, Driver::get().currentPool,
                         stream);
  });
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr *pointer, size_t bytes,
                                 CUmemoryPool pool, CUstream stream) {
  return inContext("cuMemAllocFromPoolAsync", [&](CUctx_st &context) {
    return allocateAsync(context, pointer, bytes, pool, stream);
  });
}

CUresult cuMemFreeAsync(CUdeviceptr pointer, CUstream stream) {
  return inContext("cuMemFreeAsync", [&](CUctx_st &) -> CUresult {
    Driver &driver = Driver::get();
    CUstream_st *in = driver.findStream(stream);
    if (!in)
      return fail(CUDA_ERROR_INVALID_HANDLE, "not a stream");
    if (in->capture)
      return fail(CUDA_ERROR_NOT_SUPPORTED,
                  "the simulator has no allocations in graphs");
    if (!pointer)
      return CUDA_SUCCESS;
    const MemoryBlock *block = nullptr;
    DLC_SIM_TRY(findToFree(pointer, {MemoryKind::Device},
                           CUDA_ERROR_INVALID_VALUE, block));
    auto pool = driver.poolOf.find(pointer);
    if (pool != driver.poolOf.end()) {
      if (driver.pools.find(pool->second))
        pool->second->usedBytes -= block->allocation.bytes;
      driver.poolOf.erase(pool);
    }
    driver.enqueue(*in, FreeWork{pointer});
    return CUDA_SUCCESS;
  });
}

static CUresult findPool(CUmemoryPool handle, CUmemPoolHandle_st *&pool) {
  pool = Driver::get().pools.find(handle);
  return pool ? CUDA_SUCCESS
              : fail(CUDA_ERROR_INVALID_VALUE, "not a memory pool");
}

CUresult cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *poolProps) {
  return initialized("cuMemPoolCreate", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(pool, poolProps));
    if (poolProps->allocType != CU_MEM_ALLOCATION_TYPE_PINNED ||
        poolProps->location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
        poolProps->handleTypes != CU_MEM_HANDLE_TYPE_NONE)
      return fail(CUDA_ERROR_NOT_SUPPORTED,
                  "the simulator has pools of pinned device memory only, "
                  "without handles");
    DLC_SIM_TRY(checkDevice(poolProps->location.id));
    *pool = Driver::get().pools.add(std::make_shared<CUmemPoolHandle_st>());
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolDestroy(CUmemoryPool pool) {
  return initialized("cuMemPoolDestroy", [&]() -> CUresult {
    Driver &driver = Driver::get();
    CUmemPoolHandle_st *found = nullptr;
    DLC_SIM_TRY(findPool(pool, found));
    if (found == driver.defaultPool)
      return fail(CUDA_ERROR_INVALID_VALUE,
                  "the default pool can not be destroyed");
    if (found == driver.currentPool)
      driver.currentPool = driver.defaultPool;
    driver.pools.erase(found);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t) {
  return initialized("cuMemPoolTrimTo", [&]() -> CUresult {
    // pools keep nothing that is free
    CUmemPoolHandle_st *found = nullptr;
    return findPool(pool, found);
  });
}

CUresult cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attr,
                               void *value) {
  return initialized("cuMemPoolSetAttribute", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(value));
    CUmemPoolHandle_st *found = nullptr;
    DLC_SIM_TRY(findPool(pool, found));
    switch (attr) {
    case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
      found->reuse[attr - 1] = *static_cast<int *>(value);
      return CUDA_SUCCESS;
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
      found->releaseThreshold = *static_cast<cuuint64_t *>(value);
      return CUDA_SUCCESS;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
      found->usedHigh = found->usedBytes;
      return CUDA_SUCCESS;
    default:
      return fail(CUDA_ERROR_INVALID_VALUE, "the attribute can not be set");
    }
  });
}

CUresult cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attr,
                               void *value) {
  return initialized("cuMemPoolGetAttribute", [&]() -> CUresult {
    DLC_SIM_TRY(checkPointers(value));
    CUmemPoolHandle_st *found = nullptr;
    DLC_SIM_TRY(findPool(pool, found));
    switch (attr) {
    case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
    case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
      *static_cast<int *>(value) = found->reuse[attr - 1];
      return CUDA_SUCCESS;
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
      *static_cast<cuuint64_t *>(value) = found->releaseThreshold;
      return CUDA_SUCCESS;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT:
    case CU_MEMPOOL_ATTR_USED_MEM_CURRENT:
      *static_cast<cuuint64_t *>(value) = found->usedBytes;
      return CUDA_SUCCESS;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
      *static_cast<cuuint64_t *>(value) = found->usedHigh;
      return CUDA_SUCCESS;
    }
    return fail(CUDA_ERROR_INVALID_VALUE, "unknown attribute");
  });
}

//===----------------------------------------------------------------------===//
// Pointers
//===----------------------------------------------------------------------===//

/// Writes an attribute of a pointer; false if this pointer does not have it.
static bool pointerAttribute(const MemoryBlock &block, CUdeviceptr pointer,
                             CUpointer_attribute attribute, void *data) {
  auto put = [&](auto value) {
    *static_cast<decltype(value) *>(data) = value;
    return true;
  };
  switch (attribute) {
  case CU_POINTER_ATTRIBUTE_CONTEXT:
    return put(block.context);
  case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
    return put(block.isHost() ? unsigned(CU_MEMORYTYPE_HOST)
                              : unsigned(CU_MEMORYTYPE_DEVICE));
  case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
    return put(pointer);
  case CU_POINTER_ATTRIBUTE_HOST_POINTER:
    if (!block.isHost() && block.kind != MemoryKind::Managed)
      return false;
    return put(reinterpret_cast<void *>(pointer));
  case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
  case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
  case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
    return put(0U);
  case CU_POINTER_ATTRIBUTE_BUFFER_ID:
    return put(block.id);
  case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    return put(unsigned(block.kind == MemoryKind::Managed));
  case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
    return put(0);
  case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    return put(reinterpret_cast<void *>(block.allocation.begin));
  case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
    return put(static_cast<size_t>(block.allocation.bytes));
  case CU_POINTER_ATTRIBUTE_MAPPED:
    return put(1U);
  case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
    return put(uint64_t(0));
  case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
    return put(3U); // read and write
  case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE: {
    const auto &pools = Driver::get().poolOf;
    auto found = pools.find(block.allocation.begin);
    return put(found == pools.end() ? nullptr : found->second);
  }
  }
  return false;
}

CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute,
                               CUdeviceptr ptr) {
  return inContext("cuPointerGetAttribute", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(data));
    const MemoryBlock *block = Driver::get().memory.findBlock(ptr);
    // Programs ask whether a pointer is the driver's: no message.
    if (!block || !pointerAttribute(*block, ptr, attribute, data))
      return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
  });
}

/// The bytes of the attributes that are not 4 bytes long.
static size_t attributeBytes(CUpointer_attribute attribute) {
  switch (attribute) {
  case CU_POINTER_ATTRIBUTE_CONTEXT:
  case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
  case CU_POINTER_ATTRIBUTE_HOST_POINTER:
  case CU_POINTER_ATTRIBUTE_BUFFER_ID:
  case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
  case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
  case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
  case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
    return 8;
  default:
    return 4;
  }
}

CUresult cuPointerGetAttributes(unsigned int numAttributes,
                                CUpointer_attribute *attributes, void **data,
                                CUdeviceptr ptr) {
  return inContext("cuPointerGetAttributes", [&](CUctx_st &) -> CUresult {
    DLC_SIM_TRY(checkPointers(attributes, data));
    const MemoryBlock *block = Driver::get().memory.findBlock(ptr);
    for (unsigned i = 0; i < numAttributes; ++i) {
      DLC_SIM_TRY(checkPointers(data[i]));
      // what the pointer does not have is 0, as documented
      if (!block || !pointerAttribute(*block, ptr, attributes[i], data[i]))
        std::fill_n(static_cast<char *>(data[i]), attributeBytes(attributes[i]),
                    0);
    }
    return CUDA_SUCCESS;
  });
}
