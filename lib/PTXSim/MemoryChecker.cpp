//===- MemoryChecker.cpp - Checks of memory accesses ----------------------===//

#include "MemoryChecker.h"

#include "BlockRunner.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"

using namespace dlc::ptxsim;

MemoryChecker::MemoryChecker(BlockRunner &runner, const MemoryOracle &oracle,
                             llvm::ArrayRef<Variable> variables,
                             uint64_t paramBytes)
    : runner(runner), oracle(oracle), variables(variables),
      paramBytes(paramBytes) {}

void MemoryChecker::setUp(size_t residents, uint64_t bytes) {
  sharedBytes = bytes;
  shadows.resize(residents);
  for (SharedShadow &shadow : shadows)
    shadow.resize(bytes);
}

void MemoryChecker::beginBlock(uint32_t resident) {
  shadows[resident].beginBlock();
}

void MemoryChecker::setLocal(uint64_t begin, uint64_t bytes) {
  localShadow.assign(Allocation::shadowWords(bytes), 0);
  local = {begin, bytes, localShadow.data()};
}

void MemoryChecker::barrier(uint32_t resident, uint32_t members) {
  shadows[resident].join(members);
}

void MemoryChecker::warpBarrier(const WarpContext &warp) {
  shadows[warp.resident].joinLanes(warp.warp);
}

void MemoryChecker::beginLocalFrame(const WarpContext &warp, uint64_t top,
                                    uint64_t bytes) {
  uint64_t begin = reinterpret_cast<uint64_t>(warp.local) + top;
  for (unsigned lane = 0; lane < warpSize; ++lane)
    local.markUnwritten(begin + lane * warp.localStride, bytes);
}

const Allocation *MemoryChecker::findAllocation(uint64_t address) {
  for (const Allocation *known : recent)
    if (known && address - known->begin < known->bytes)
      return known;
  const Allocation *found = nullptr;
  if (address - extra.begin < extra.bytes)
    found = &extra;
  for (const Variable &variable : variables)
    if (address - variable.memory.begin < variable.memory.bytes)
      found = &variable.memory;
  if (!found)
    found = oracle.find(address);
  if (found)
    recent[nextRecent++ % std::size(recent)] = found;
  return found;
}

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

void MemoryChecker::outOfBounds(const Access &access, uint64_t address,
                                unsigned lane, const llvm::Twine &message) {
  runner.stop(FaultKind::OutOfBounds, access.warp, 1u << lane, access.line,
              message, address, access.bytes);
}

void MemoryChecker::unwritten(const Access &access,
                              const Allocation &allocation, uint64_t address,
                              unsigned lane) {
  runner.warn(
      FaultKind::UninitializedRead, access.warp, 1u << lane, access.line,
      llvm::formatv("{0} bytes at {1:x}, offset {2} of an allocation of "
                    "{3} bytes",
                    access.bytes, address, address - allocation.begin,
                    allocation.bytes),
      address, access.bytes);
}

void MemoryChecker::reportShared(const Access &access,
                                 SharedShadow::Result result, uint64_t offset,
                                 unsigned lane) {
  using Problem = SharedShadow::Problem;
  // what it does to which bytes of another thread's
  const char *does = "", *what = "has written";
  switch (result.problem) {
  case Problem::None:
    return;
  case Problem::Unwritten:
    runner.warn(FaultKind::UninitializedRead, access.warp, 1u << lane,
                access.line,
                llvm::formatv("{0} bytes at offset {1} of shared memory",
                              access.bytes, offset),
                offset, access.bytes);
    return;
  case Problem::ReadAfter:
    does = "reads";
    break;
  case Problem::WriteAfter:
    does = "overwrites";
    break;
  case Problem::WriteOfRead:
    does = "overwrites";
    what = "has read";
    break;
  case Problem::PendingCopy:
    does = "touches";
    what = "is still to write by cp.async";
    break;
  }
  bool isOwnWarp = result.otherWarp == access.warp.warp &&
                   result.problem != Problem::PendingCopy;
  std::string subject, other;
  if (!isOwnWarp) {
    subject = llvm::formatv("warp {0}", access.warp.warp);
    other = llvm::formatv("warp {0}", result.otherWarp);
  } else {
    subject = llvm::formatv("lane {0}", lane);
    other = result.otherLane < warpSize
                ? llvm::formatv("lane {0} of its warp", result.otherLane).str()
                : "another lane of its warp";
  }
  runner.warn(FaultKind::SharedRace, access.warp, 1u << lane, access.line,
              llvm::formatv("{0} bytes at offset {1} of shared memory: {2} {3} "
                            "what {4} {5}, with no barrier{6} between",
                            access.bytes, offset, subject, does, other, what,
                            isOwnWarp ? " or __syncwarp" : " or wait"),
              offset, access.bytes);
}

void MemoryChecker::conflictingStores(const Access &access,
                                      const uint64_t *addresses,
                                      uint32_t lost) {
  auto lane = unsigned(llvm::countr_zero(lost));
  runner.warn(FaultKind::ConflictingStores, access.warp, 1u << lane,
              access.line,
              llvm::formatv("{0} bytes at {1:x}: threads of the warp store "
                            "different values there at once; which one stays "
                            "is undefined",
                            access.bytes, addresses[lane]),
              addresses[lane], access.bytes);
}

//===----------------------------------------------------------------------===//
// One lane
//===----------------------------------------------------------------------===//

void MemoryChecker::checkGlobal(const Access &access, uint64_t address,
                                unsigned lane) {
  const Allocation *allocation = findAllocation(address);
  if (!allocation)
    outOfBounds(access, address, lane,
                llvm::formatv("{0} bytes at {1:x}, where nothing is allocated",
                              access.bytes, address));
  if (address + access.bytes > allocation->end())
    outOfBounds(
        access, address, lane,
        llvm::formatv("{0} bytes at {1:x}, {2} bytes past the end of an "
                      "allocation of {3} bytes",
                      access.bytes, address,
                      address + access.bytes - allocation->end(),
                      allocation->bytes));
  if (!allocation->written)
    return;
  if ((access.flags & AccessRead) &&
      !allocation->isWritten(address, access.usedBytes()))
    unwritten(access, *allocation, address, lane);
  if (access.flags & AccessWrite)
    allocation->markWritten(address, access.bytes);
}

void MemoryChecker::checkShared(const Access &access, uint64_t offset,
                                unsigned lane, uint32_t by) {
  if (offset > sharedBytes || offset + access.bytes > sharedBytes)
    outOfBounds(access, offset, lane,
                llvm::formatv("{0} bytes at offset {1} of {2} bytes of shared "
                              "memory",
                              access.bytes, int64_t(offset), sharedBytes));
  SharedShadow::Result result = shadows[access.warp.resident].access(
      access.warp.warp, by, offset, access.usedBytes(), access.flags);
  if (result.problem != SharedShadow::Problem::None)
    reportShared(access, result, offset, lane);
}

void MemoryChecker::checkLocal(const Access &access, uint64_t address,
                               unsigned lane) {
  const WarpContext &warp = access.warp;
  uint64_t own = address - reinterpret_cast<uint64_t>(warp.local) -
                 lane * warp.localStride;
  if (own >= warp.localTop || own + access.bytes > warp.localTop)
    outOfBounds(access, address, lane,
                llvm::formatv("{0} bytes at offset {1} of {2} bytes of local "
                              "memory",
                              access.bytes, int64_t(own), warp.localTop));
  if ((access.flags & AccessRead) &&
      !local.isWritten(address, access.usedBytes()))
    runner.warn(FaultKind::UninitializedRead, access.warp, 1u << lane,
                access.line,
                llvm::formatv("{0} bytes at offset {1} of local memory",
                              access.bytes, own),
                own, access.bytes);
  if (access.flags & AccessWrite)
    local.markWritten(address, access.bytes);
}

void MemoryChecker::checkLane(const Access &access, uint64_t address,
                              unsigned lane, uint32_t by) {
  if (address & (access.bytes - 1))
    runner.stop(FaultKind::Misaligned, access.warp, 1u << lane, access.line,
                llvm::formatv("{0} bytes at {1:x}", access.bytes, address),
                address, access.bytes);
  AccessSpace space = access.space;
  uint64_t offset = address;
  const WarpContext &warp = access.warp;
  uint64_t localOffset = address - reinterpret_cast<uint64_t>(warp.local);
  if (space == AccessSpace::Generic) {
    offset = address - reinterpret_cast<uint64_t>(warp.shared);
    if (offset < sharedBytes)
      space = AccessSpace::Shared;
    else if (localOffset < warp.localStride * warpSize)
      space = AccessSpace::Local;
    else if (address - reinterpret_cast<uint64_t>(warp.params) < paramBytes)
      return;
  }
  if (space == AccessSpace::Shared) {
    checkShared(access, offset, lane, by);
    return;
  }
  if (space == AccessSpace::Local)
    checkLocal(access, address, lane);
  else
    checkGlobal(access, address, lane);
}

//===----------------------------------------------------------------------===//
// A warp
//===----------------------------------------------------------------------===//

void MemoryChecker::checkUniform(const Access &access, uint64_t address,
                                 uint32_t lanes) {
  if (!lanes)
    return;
  auto lane = unsigned(llvm::countr_zero(lanes));
  shadows[access.warp.resident].beginAccess();
  checkLane(access, address, lane,
            lanes & (lanes - 1) ? severalLanes(access.flags) : lane);
}

/// All lanes in one allocation, as nearly always: then there is little to do.
/// False: look at each lane.
bool MemoryChecker::checkTogether(const Access &access,
                                  const uint64_t *addresses, uint32_t lanes) {
  if (lanes != ~0u || access.bytes > 16 ||
      (access.space != AccessSpace::Global &&
       access.space != AccessSpace::Generic))
    return false;
  uint64_t low = addresses[0], high = addresses[0], all = 0;
  for (unsigned i = 0; i < warpSize; ++i) {
    low = std::min(low, addresses[i]);
    high = std::max(high, addresses[i]);
    all |= addresses[i];
  }
  const Allocation *allocation = findAllocation(low);
  if (!allocation || (all & (access.bytes - 1)) ||
      high + access.bytes > allocation->end())
    return false;
  if (!allocation->written)
    return true;
  // aligned accesses of up to 16 bytes lie in one word of the shadow
  uint64_t mask = (uint64_t(1) << access.bytes) - 1;
  if (access.flags & AccessRead) {
    uint64_t missing = 0;
    for (unsigned i = 0; i < warpSize; ++i) {
      uint64_t bit = addresses[i] - allocation->begin;
      missing |= mask & ~(allocation->written[bit / 64] >> (bit % 64));
    }
    if (missing)
      return false;
  }
  if (access.flags & AccessWrite)
    for (unsigned i = 0; i < warpSize; ++i) {
      uint64_t bit = addresses[i] - allocation->begin;
      allocation->written[bit / 64] |= mask << (bit % 64);
    }
  return true;
}

/// All lanes inside of shared memory and aligned. False: look at each lane.
bool MemoryChecker::checkSharedTogether(const Access &access,
                                        const uint64_t *offsets,
                                        uint32_t lanes) {
  if (access.space != AccessSpace::Shared)
    return false;
  uint64_t high = 0, all = 0;
  for (unsigned lane = 0; lane < warpSize; ++lane) {
    uint64_t offset = lanes >> lane & 1 ? offsets[lane] : 0;
    high = std::max(high, offset);
    all |= offset;
  }
  if ((all & (access.bytes - 1)) || high > sharedBytes ||
      high + access.bytes > sharedBytes)
    return false;
  shadows[access.warp.resident].accessLanes(
      access.warp.warp, offsets, lanes, access.usedBytes(), access.flags,
      [&](uint64_t offset, unsigned lane, SharedShadow::Result result) {
        reportShared(access, result, offset, lane);
      });
  return true;
}

void MemoryChecker::checkSpan(const Access &access, uint64_t address) {
  uint64_t total = uint64_t(access.bytes) * warpSize;
  bool isAligned = (address & (access.bytes - 1)) == 0;
  if (isAligned && (access.space == AccessSpace::Global ||
                    access.space == AccessSpace::Generic)) {
    const Allocation *allocation = findAllocation(address);
    if (allocation && address + total <= allocation->end() &&
        (!(access.flags & AccessRead) ||
         allocation->isWritten(address, total))) {
      if (access.flags & AccessWrite)
        allocation->markWritten(address, total);
      return;
    }
  }
  uint64_t addresses[warpSize];
  for (unsigned lane = 0; lane < warpSize; ++lane)
    addresses[lane] = address + uint64_t(lane) * access.bytes;
  check(access, addresses, ~0u);
}

void MemoryChecker::check(const Access &access, const uint64_t *addresses,
                          uint32_t lanes) {
  if (checkTogether(access, addresses, lanes) ||
      checkSharedTogether(access, addresses, lanes))
    return;
  shadows[access.warp.resident].beginAccess();
  forEachPlace(addresses, lanes, access.flags,
               [&](uint64_t address, unsigned lane, uint32_t by) {
                 checkLane(access, address, lane, by);
               });
}

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

void MemoryChecker::checkAsyncCopy(WarpContext &warp, const uint64_t *to,
                                   const uint64_t *from,
                                   const uint32_t *sourceBytes, uint32_t bytes,
                                   uint32_t lanes, unsigned line) {
  Access write{warp, AccessSpace::Shared, bytes, AccessWrite, line};
  SharedShadow &shadow = shadows[warp.resident];
  shadow.beginAccess();
  for (uint32_t rest = lanes; rest; rest &= rest - 1) {
    unsigned lane = unsigned(llvm::countr_zero(rest));
    uint64_t offset = to[lane] - reinterpret_cast<uint64_t>(warp.shared);
    if (offset & (bytes - 1))
      runner.stop(FaultKind::Misaligned, warp, 1u << lane, line,
                  llvm::formatv("{0} bytes at offset {1} of shared memory",
                                bytes, int64_t(offset)),
                  offset, bytes);
    if (offset > sharedBytes || offset + bytes > sharedBytes)
      outOfBounds(
          write, offset, lane,
          llvm::formatv("{0} bytes at offset {1} of {2} bytes of shared "
                        "memory",
                        bytes, int64_t(offset), sharedBytes));
    SharedShadow::Result result =
        shadow.beginCopy(warp.warp, lane, offset, bytes);
    if (result.problem != SharedShadow::Problem::None)
      reportShared(write, result, offset, lane);
  }
  Access read{warp, AccessSpace::Global, bytes, AccessRead, line};
  if (!sourceBytes) {
    check(read, from, lanes);
    return;
  }
  for (uint32_t rest = lanes; rest; rest &= rest - 1) {
    unsigned lane = unsigned(llvm::countr_zero(rest));
    if (from[lane] & (bytes - 1))
      runner.stop(FaultKind::Misaligned, warp, 1u << lane, line,
                  llvm::formatv("{0} bytes at {1:x}", bytes, from[lane]),
                  from[lane], bytes);
    // what is filled with zeros is not read
    read.bytes = std::min(sourceBytes[lane], bytes);
    if (read.bytes)
      checkGlobal(read, from[lane], lane);
  }
}

void MemoryChecker::endAsyncCopy(WarpContext &warp, const uint64_t *to,
                                 uint32_t bytes, uint32_t lanes) {
  SharedShadow &shadow = shadows[warp.resident];
  auto base = reinterpret_cast<uint64_t>(warp.shared);
  for (; lanes; lanes &= lanes - 1) {
    auto lane = unsigned(llvm::countr_zero(lanes));
    shadow.endCopy(warp.warp, lane, to[lane] - base, bytes);
  }
}
