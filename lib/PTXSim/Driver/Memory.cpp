//===- Memory.cpp - The memory of the simulated device --------------------===//

#include "Memory.h"

#include "llvm/Support/MathExtras.h"

#include <sys/mman.h>

namespace dlc::ptxsim::driver {

static constexpr uint64_t kPage = 4096;
/// Where a block begins in its first page. Programs may rely on multiples of
/// 256 only, so they get no better ones.
static constexpr uint64_t kOffset = 256;
/// Addresses to reserve; fewer where the system refuses.
static constexpr uint64_t kArenaBytes = uint64_t(1) << 44;

static void *map(void *at, uint64_t bytes, int protection, int flags = 0) {
  void *address =
      mmap(at, bytes, protection,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  return address == MAP_FAILED ? nullptr : address;
}

void DeviceMemory::configure(uint64_t total, bool keepShadow) {
  totalBytes = total;
  shadow = keepShadow;
}

bool DeviceMemory::reserveArena() {
  for (uint64_t bytes = kArenaBytes; bytes >= (uint64_t(1) << 28); bytes /= 2) {
    if (void *begin = map(nullptr, bytes, PROT_NONE)) {
      arenaBegin = arenaNext = reinterpret_cast<uint64_t>(begin);
      arenaEnd = arenaBegin + bytes;
      return true;
    }
  }
  return false;
}

uint64_t DeviceMemory::findGap(uint64_t bytes) const {
  uint64_t at = arenaBegin;
  for (auto &[begin, block] : blocks) {
    if (!isDeviceAddress(block.mappedBegin))
      continue;
    if (block.mappedBegin - at >= bytes)
      return at;
    at = block.mappedBegin + block.mappedBytes + kPage;
  }
  return at < arenaEnd && arenaEnd - at >= bytes ? at : 0;
}

uint64_t DeviceMemory::takePages(uint64_t bytes) {
  if (!arenaBegin && !reserveArena())
    return 0;
  uint64_t withGuard = bytes + kPage;
  uint64_t begin = arenaNext;
  if (arenaEnd - arenaNext < withGuard) {
    begin = findGap(withGuard);
    if (!begin)
      return 0;
  } else {
    arenaNext += withGuard;
  }
  if (!map(reinterpret_cast<void *>(begin), bytes, PROT_READ | PROT_WRITE,
           MAP_FIXED))
    return 0;
  auto old = freed.lower_bound(begin);
  while (old != freed.end() && old->first < begin + withGuard)
    old = freed.erase(old);
  return begin;
}

const MemoryBlock *DeviceMemory::allocate(MemoryKind kind, uint64_t bytes,
                                          const char *api, CUctx_st *context,
                                          unsigned flags) {
  bool onDevice = kind == MemoryKind::Device || kind == MemoryKind::Managed;
  if (bytes > kArenaBytes || (onDevice && bytes > totalBytes - usedBytes))
    return nullptr;
  MemoryBlock block;
  block.mappedBytes = llvm::alignTo(bytes + kOffset, kPage);
  block.mappedBegin = takePages(block.mappedBytes);
  if (!block.mappedBegin)
    return nullptr;
  block.allocation.begin = block.mappedBegin + kOffset;
  block.allocation.bytes = bytes;
  // What the host writes is not seen: such memory counts as written.
  if (shadow && kind == MemoryKind::Device) {
    block.shadowBytes = Allocation::shadowWords(bytes) * sizeof(uint64_t);
    block.allocation.written = static_cast<uint64_t *>(
        map(nullptr, block.shadowBytes, PROT_READ | PROT_WRITE));
    if (!block.allocation.written)
      block.shadowBytes = 0;
  }
  block.kind = kind;
  block.id = nextId++;
  block.api = api;
  block.flags = flags;
  block.context = context;
  if (onDevice) {
    usedBytes += bytes;
    peakBytes = std::max(peakBytes, usedBytes);
  }
  return &(blocks[block.allocation.begin] = block);
}

const MemoryBlock *DeviceMemory::add(MemoryKind kind,
                                     const Allocation &allocation,
                                     const char *api, CUctx_st *context,
                                     unsigned flags) {
  MemoryBlock block;
  block.allocation = allocation;
  block.kind = kind;
  block.id = nextId++;
  block.api = api;
  block.flags = flags;
  block.context = context;
  return &(blocks[allocation.begin] = block);
}

void DeviceMemory::release(uint64_t begin) {
  auto found = blocks.find(begin);
  MemoryBlock &block = found->second;
  if (block.isDevice())
    usedBytes -= block.allocation.bytes;
  if (block.shadowBytes)
    munmap(block.allocation.written, block.shadowBytes);
  block.allocation.written = nullptr;
  if (block.mappedBytes) {
    map(reinterpret_cast<void *>(block.mappedBegin), block.mappedBytes,
        PROT_NONE, MAP_FIXED);
    freed[begin] = block;
  }
  blocks.erase(found);
}

/// The last entry that begins at or before the address.
static const MemoryBlock *
lastBefore(const std::map<uint64_t, MemoryBlock> &blocks, uint64_t address) {
  auto next = blocks.upper_bound(address);
  return next == blocks.begin() ? nullptr : &std::prev(next)->second;
}

const MemoryBlock *DeviceMemory::findBlock(uint64_t address) const {
  const MemoryBlock *block = lastBefore(blocks, address);
  return block && address < block->allocation.end() ? block : nullptr;
}

const Allocation *DeviceMemory::find(uint64_t address) const {
  const MemoryBlock *block = findBlock(address);
  return block ? &block->allocation : nullptr;
}

bool DeviceMemory::overlaps(uint64_t begin, uint64_t bytes) const {
  auto next = blocks.lower_bound(begin);
  return findBlock(begin) ||
         (next != blocks.end() && next->first < begin + bytes);
}

static std::string nameOf(const MemoryBlock &block) {
  return "allocation " + std::to_string(block.id) + " (" +
         std::to_string(block.allocation.bytes) + " bytes by " + block.api +
         ")";
}

static std::string countBytes(uint64_t bytes) {
  return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

std::string DeviceMemory::describe(uint64_t address) const {
  if (const MemoryBlock *block = findBlock(address))
    return "in " + nameOf(*block);
  const MemoryBlock *old = lastBefore(freed, address);
  if (old && address < old->allocation.end())
    return "in " + nameOf(*old) + ", which was freed";
  if (address < kPage)
    return "a null pointer";
  if (!isDeviceAddress(address))
    return "not an address of device memory or of pinned host memory";
  const MemoryBlock *before = lastBefore(blocks, address);
  auto after = blocks.upper_bound(address);
  if (before && isDeviceAddress(before->allocation.begin) &&
      (after == blocks.end() ||
       address - before->allocation.end() < after->first - address))
    return countBytes(address - before->allocation.end() + 1) +
           " past the end of " + nameOf(*before);
  if (after != blocks.end() && isDeviceAddress(after->first))
    return countBytes(after->first - address) + " before " +
           nameOf(after->second);
  return "not in any allocation";
}

} // namespace dlc::ptxsim::driver
