//===- Copy.cpp - Copies and fills of memory ------------------------------===//

#include "Copy.h"
#include "ApiCall.h"

#include "llvm/ADT/StringExtras.h"

#include <cstring>

namespace dlc::ptxsim::driver {

/// All fields zero, which for the memory types is no value of theirs.
static CUDA_MEMCPY3D noCopy() {
  CUDA_MEMCPY3D copy;
  std::memset(&copy, 0, sizeof(copy));
  return copy;
}

CopyWork linearCopy(CUmemorytype dstType, uint64_t dst, CUmemorytype srcType,
                    uint64_t src, size_t bytes) {
  CopyWork work{noCopy()};
  CUDA_MEMCPY3D &p = work.params;
  p.srcMemoryType = srcType;
  p.dstMemoryType = dstType;
  p.srcDevice = src;
  p.dstDevice = dst;
  p.srcHost = reinterpret_cast<const void *>(src);
  p.dstHost = reinterpret_cast<void *>(dst);
  p.WidthInBytes = bytes;
  p.Height = p.Depth = 1;
  return work;
}

CopyWork from2D(const CUDA_MEMCPY2D &copy) {
  CopyWork work{noCopy()};
  CUDA_MEMCPY3D &p = work.params;
  p.srcXInBytes = copy.srcXInBytes;
  p.srcY = copy.srcY;
  p.srcMemoryType = copy.srcMemoryType;
  p.srcHost = copy.srcHost;
  p.srcDevice = copy.srcDevice;
  p.srcPitch = copy.srcPitch;
  p.dstXInBytes = copy.dstXInBytes;
  p.dstY = copy.dstY;
  p.dstMemoryType = copy.dstMemoryType;
  p.dstHost = copy.dstHost;
  p.dstDevice = copy.dstDevice;
  p.dstPitch = copy.dstPitch;
  p.WidthInBytes = copy.WidthInBytes;
  p.Height = copy.Height;
  p.Depth = 1;
  return work;
}

/// Bytes from the first to past the last byte of a side.
static uint64_t extent(const CopySide &side, const CUDA_MEMCPY3D &copy) {
  return (copy.Depth - 1) * side.slice + (copy.Height - 1) * side.pitch +
         copy.WidthInBytes;
}

static std::string hex(uint64_t address) {
  return "0x" + llvm::utohexstr(address, /*LowerCase=*/true);
}

/// Finds the block of [address, address + bytes). Host memory that the driver
/// does not know is fine where `mayBeHost`.
static CUresult findMemory(const char *what, uint64_t address, uint64_t bytes,
                           bool mayBeHost, const MemoryBlock *&block) {
  const DeviceMemory &memory = Driver::get().memory;
  block = memory.findBlock(address);
  if (block) {
    if (bytes <= block->allocation.end() - address)
      return CUDA_SUCCESS;
    if (mayBeHost && block->isHost()) {
      block = nullptr;
      return CUDA_SUCCESS;
    }
    return fail(CUDA_ERROR_INVALID_VALUE,
                std::string(what) + " " + hex(address) + " of " +
                    std::to_string(bytes) + " bytes ends " +
                    memory.describe(address + bytes - 1));
  }
  if (mayBeHost && address && !memory.isDeviceAddress(address))
    return CUDA_SUCCESS;
  return fail(CUDA_ERROR_INVALID_VALUE, std::string(what) + " " + hex(address) +
                                            " is " + memory.describe(address));
}

CUresult resolve(const CUDA_MEMCPY3D &copy, CopySide &dst, CopySide &src) {
  if (copy.srcMemoryType == CU_MEMORYTYPE_ARRAY ||
      copy.dstMemoryType == CU_MEMORYTYPE_ARRAY)
    return fail(CUDA_ERROR_NOT_SUPPORTED, "the simulator has no CUDA arrays");
  src.type = copy.srcMemoryType;
  dst.type = copy.dstMemoryType;
  src.address = src.type == CU_MEMORYTYPE_HOST
                    ? reinterpret_cast<uint64_t>(copy.srcHost)
                    : copy.srcDevice;
  dst.address = dst.type == CU_MEMORYTYPE_HOST
                    ? reinterpret_cast<uint64_t>(copy.dstHost)
                    : copy.dstDevice;
  src.pitch =
      copy.srcPitch ? copy.srcPitch : copy.srcXInBytes + copy.WidthInBytes;
  dst.pitch =
      copy.dstPitch ? copy.dstPitch : copy.dstXInBytes + copy.WidthInBytes;
  if (src.pitch < copy.srcXInBytes + copy.WidthInBytes ||
      dst.pitch < copy.dstXInBytes + copy.WidthInBytes)
    return fail(CUDA_ERROR_INVALID_VALUE,
                "a row of " + std::to_string(copy.WidthInBytes) +
                    " bytes is longer than the pitch");
  src.slice =
      src.pitch * (copy.srcHeight ? copy.srcHeight : copy.srcY + copy.Height);
  dst.slice =
      dst.pitch * (copy.dstHeight ? copy.dstHeight : copy.dstY + copy.Height);
  src.address = src.row(copy.srcY, copy.srcZ) + copy.srcXInBytes;
  dst.address = dst.row(copy.dstY, copy.dstZ) + copy.dstXInBytes;
  if (!copy.WidthInBytes || !copy.Height || !copy.Depth)
    return CUDA_SUCCESS;
  DLC_SIM_TRY(findMemory("the source", src.address, extent(src, copy),
                         src.type != CU_MEMORYTYPE_DEVICE, src.block));
  return findMemory("the destination", dst.address, extent(dst, copy),
                    dst.type != CU_MEMORYTYPE_DEVICE, dst.block);
}

/// What is known of the source's bytes becomes known of the destination's.
static void copyWritten(const Allocation &dst, uint64_t to,
                        const MemoryBlock *srcBlock, uint64_t from,
                        uint64_t bytes) {
  if (!dst.written)
    return;
  const Allocation *src = srcBlock ? &srcBlock->allocation : nullptr;
  if (!src || !src->written || src->isWritten(from, bytes)) {
    dst.markWritten(to, bytes);
    return;
  }
  uint64_t fromBit = from - src->begin, toBit = to - dst.begin;
  auto copyBit = [&](uint64_t i) {
    bool set = src->written[(fromBit + i) / 64] >> ((fromBit + i) % 64) & 1;
    uint64_t &word = dst.written[(toBit + i) / 64];
    uint64_t mask = uint64_t(1) << ((toBit + i) % 64);
    word = set ? word | mask : word & ~mask;
  };
  // an overlapping copy upwards must not read the bits that it wrote
  if (from < to)
    for (uint64_t i = bytes; i-- > 0;)
      copyBit(i);
  else
    for (uint64_t i = 0; i < bytes; ++i)
      copyBit(i);
}

/// Whether any of the bytes was written.
static bool isAnyWritten(const Allocation &memory, uint64_t address,
                         uint64_t bytes) {
  if (!memory.written)
    return true;
  uint64_t begin = address - memory.begin, end = begin + bytes;
  for (uint64_t word = begin / 64; word * 64 < end; ++word) {
    uint64_t mask = ~uint64_t(0);
    if (word * 64 < begin)
      mask <<= begin % 64;
    if (end - word * 64 < 64)
      mask &= (uint64_t(1) << (end - word * 64)) - 1;
    if (memory.written[word] & mask)
      return true;
  }
  return false;
}

/// Copies take padding along, which is no mistake; a copy to the host of
/// nothing else than unwritten bytes is one.
static void checkWritten(const CUDA_MEMCPY3D &copy, const CopySide &src) {
  for (uint64_t z = 0; z < copy.Depth; ++z)
    for (uint64_t y = 0; y < copy.Height; ++y)
      if (isAnyWritten(src.block->allocation, src.row(y, z), copy.WidthInBytes))
        return;
  Driver &driver = Driver::get();
  driver.findings.report(
      faultName(FaultKind::UninitializedRead).str() +
      ": a copy to the host takes " + std::to_string(extent(src, copy)) +
      " bytes of which none was written, at byte " +
      std::to_string(src.address - src.block->allocation.begin) + " " +
      driver.memory.describe(src.address));
}

CUresult executeCopy(const CopyWork &work) {
  CopySide dst, src;
  const CUDA_MEMCPY3D &copy = work.params;
  DLC_SIM_TRY(resolve(copy, dst, src));
  Driver &driver = Driver::get();
  bool toDevice = dst.block && !dst.block->isHost();
  bool fromDevice = src.block && !src.block->isHost();
  uint64_t width = copy.WidthInBytes;
  if (fromDevice && !toDevice && width && copy.Height && copy.Depth)
    checkWritten(copy, src);
  for (uint64_t z = 0; z < copy.Depth; ++z) {
    for (uint64_t y = 0; y < copy.Height; ++y) {
      uint64_t to = dst.row(y, z), from = src.row(y, z);
      std::memmove(reinterpret_cast<void *>(to),
                   reinterpret_cast<const void *>(from), width);
      if (toDevice)
        copyWritten(dst.block->allocation, to, src.block, from, width);
    }
  }
  uint64_t bytes = width * copy.Height * copy.Depth;
  if (toDevice && !fromDevice)
    driver.statistics.bytesToDevice += bytes;
  if (fromDevice && !toDevice)
    driver.statistics.bytesToHost += bytes;
  return CUDA_SUCCESS;
}

static uint64_t fillPitch(const CUDA_MEMSET_NODE_PARAMS &fill) {
  return fill.height > 1 ? fill.pitch : fill.width * fill.elementSize;
}

CUresult validateFill(const CUDA_MEMSET_NODE_PARAMS &fill) {
  if (fill.elementSize != 1 && fill.elementSize != 2 && fill.elementSize != 4)
    return fail(CUDA_ERROR_INVALID_VALUE, "elements of " +
                                              std::to_string(fill.elementSize) +
                                              " bytes can not be set");
  if (fill.dst % fill.elementSize || fillPitch(fill) % fill.elementSize)
    return fail(CUDA_ERROR_INVALID_VALUE,
                "the address or the pitch is not a multiple of the element's "
                "size");
  uint64_t row = fill.width * fill.elementSize;
  if (fillPitch(fill) < row)
    return fail(CUDA_ERROR_INVALID_VALUE, "a row is longer than the pitch");
  if (!row || !fill.height)
    return CUDA_SUCCESS;
  const MemoryBlock *block = nullptr;
  return findMemory("the destination", fill.dst,
                    (fill.height - 1) * fillPitch(fill) + row,
                    /*mayBeHost=*/false, block);
}

CUresult executeFill(const FillWork &work) {
  const CUDA_MEMSET_NODE_PARAMS &fill = work.params;
  DLC_SIM_TRY(validateFill(fill));
  const MemoryBlock *block = Driver::get().memory.findBlock(fill.dst);
  uint64_t bytes = fill.width * fill.elementSize;
  for (uint64_t y = 0; bytes && y < fill.height; ++y) {
    uint64_t row = fill.dst + y * fillPitch(fill);
    auto *at = reinterpret_cast<uint8_t *>(row);
    if (fill.elementSize == 1) {
      std::memset(at, static_cast<int>(fill.value), bytes);
    } else {
      for (uint64_t i = 0; i < bytes; i += fill.elementSize)
        std::memcpy(at + i, &fill.value, fill.elementSize);
    }
    if (block->allocation.written)
      block->allocation.markWritten(row, bytes);
  }
  return CUDA_SUCCESS;
}

} // namespace dlc::ptxsim::driver
