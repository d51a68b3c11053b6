//===- Memory.h - The memory of the simulated device -----------*- C++ -*-===//
//
// Device addresses are host addresses. Device memory lies in one reserved range
// of addresses; each allocation has pages of its own with an inaccessible page
// behind it, and addresses are not used again while there are fresh ones, so an
// access to freed memory is known as such.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PTXSIM_DRIVER_MEMORY_H
#define DLC_LIB_PTXSIM_DRIVER_MEMORY_H

#include "dlc/PTXSim/Engine.h"

#include <map>
#include <string>

struct CUctx_st;

namespace dlc::ptxsim::driver {

enum class MemoryKind {
  Device,         ///< cuMemAlloc and the like
  Managed,        ///< cuMemAllocManaged
  PinnedHost,     ///< cuMemAllocHost, cuMemHostAlloc
  RegisteredHost, ///< cuMemHostRegister: the program's own memory
  Module,         ///< a module's variable: the engine's memory
};

struct MemoryBlock {
  Allocation allocation;
  MemoryKind kind = MemoryKind::Device;
  /// 1, 2, ...: names the block in messages and is its CUDA buffer id.
  uint64_t id = 0;
  /// The API function that made it.
  const char *api = "";
  unsigned flags = 0;
  CUctx_st *context = nullptr;
  /// What is mapped for it, and for its shadow; bytes.
  uint64_t mappedBegin = 0, mappedBytes = 0, shadowBytes = 0;

  bool isHost() const {
    return kind == MemoryKind::PinnedHost || kind == MemoryKind::RegisteredHost;
  }
  /// Counts against the memory of the device.
  bool isDevice() const {
    return kind == MemoryKind::Device || kind == MemoryKind::Managed;
  }
};

class DeviceMemory : public MemoryOracle {
public:
  /// `shadow`: keep which bytes of device memory were written.
  void configure(uint64_t totalBytes, bool shadow);

  /// Null: not enough memory left. Addresses are multiples of 256, as
  /// cuMemAlloc promises, and of no higher power of two.
  const MemoryBlock *allocate(MemoryKind kind, uint64_t bytes, const char *api,
                              CUctx_st *context, unsigned flags = 0);
  /// Makes memory of others known: a host range, or a module's variable.
  const MemoryBlock *add(MemoryKind kind, const Allocation &allocation,
                         const char *api, CUctx_st *context,
                         unsigned flags = 0);
  /// `begin` is where a block begins.
  void release(uint64_t begin);

  const Allocation *find(uint64_t address) const override;
  const MemoryBlock *findBlock(uint64_t address) const;
  /// Whether any block overlaps the range.
  bool overlaps(uint64_t begin, uint64_t bytes) const;
  /// Whether the address is one that device memory has or had.
  bool isDeviceAddress(uint64_t address) const {
    return address >= arenaBegin && address < arenaEnd;
  }

  /// Where an address lies: "1 byte past the end of allocation 3 (1024 bytes
  /// by cuMemAlloc)", "in allocation 2 (...), freed".
  std::string describe(uint64_t address) const;

  const std::map<uint64_t, MemoryBlock> &getBlocks() const { return blocks; }
  uint64_t getTotalBytes() const { return totalBytes; }
  uint64_t getUsedBytes() const { return usedBytes; }
  uint64_t getPeakBytes() const { return peakBytes; }

private:
  /// The begin of `bytes` bytes of whole pages, accessible; 0: none left.
  uint64_t takePages(uint64_t bytes);
  uint64_t findGap(uint64_t bytes) const;
  bool reserveArena();

  std::map<uint64_t, MemoryBlock> blocks;
  /// Blocks that were freed and whose addresses are not in use again.
  std::map<uint64_t, MemoryBlock> freed;
  uint64_t totalBytes = 0, usedBytes = 0, peakBytes = 0, nextId = 1;
  uint64_t arenaBegin = 0, arenaEnd = 0, arenaNext = 0;
  bool shadow = false;
};

} // namespace dlc::ptxsim::driver

#endif // DLC_LIB_PTXSIM_DRIVER_MEMORY_H
