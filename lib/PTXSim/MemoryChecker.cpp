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

void MemoryChecker::barrier(uint32_t resident, uint32_t members) {
  shadows[resident].join(members);
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
  const char *what = "";
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
    what = "reads what warp {2} has written";
    break;
  case Problem::WriteAfter:
    what = "overwrites what warp {2} has written";
    break;
  case Problem::WriteOfRead:
    what = "overwrites what warp {2} has read";
    break;
  case Problem::PendingCopy:
    what = "touches what a cp.async of warp {2} is still to write";
    break;
  }
  std::string text =
      llvm::formatv(false,
                    (std::string("{0} bytes at offset {1} of shared memory: "
                                 "warp {3} ") +
                     what + ", with no barrier or wait between")
                        .c_str(),
                    access.bytes, offset, result.otherWarp, access.warp.warp);
  runner.warn(FaultKind::SharedRace, access.warp, 1u << lane, access.line, text,
              offset, access.bytes);
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
      !allocation->isWritten(address, access.bytes))
    unwritten(access, *allocation, address, lane);
  if (access.flags & AccessWrite)
    allocation->markWritten(address, access.bytes);
}

void MemoryChecker::checkShared(const Access &access, uint64_t offset,
                                unsigned lane) {
  if (offset > sharedBytes || offset + access.bytes > sharedBytes)
    outOfBounds(access, offset, lane,
                llvm::formatv("{0} bytes at offset {1} of {2} bytes of shared "
                              "memory",
                              access.bytes, int64_t(offset), sharedBytes));
  SharedShadow::Result result = shadows[access.warp.resident].access(
      access.warp.warp, offset, access.bytes, access.flags);
  if (result.problem != SharedShadow::Problem::None)
    reportShared(access, result, offset, lane);
}

void MemoryChecker::checkLane(const Access &access, uint64_t address,
                              unsigned lane) {
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
    checkShared(access, offset, lane);
    return;
  }
  if (space != AccessSpace::Local) {
    checkGlobal(access, address, lane);
    return;
  }
  uint64_t own = localOffset - lane * warp.localStride;
  if (own >= warp.localTop || own + access.bytes > warp.localTop)
    outOfBounds(access, address, lane,
                llvm::formatv("{0} bytes at offset {1} of {2} bytes of local "
                              "memory",
                              access.bytes, int64_t(own), warp.localTop));
}

//===----------------------------------------------------------------------===//
// A warp
//===----------------------------------------------------------------------===//

void MemoryChecker::checkUniform(const Access &access, uint64_t address,
                                 uint32_t lanes) {
  if (lanes)
    checkLane(access, address, unsigned(llvm::countr_zero(lanes)));
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

void MemoryChecker::checkSpan(const Access &access, uint64_t address) {
  uint64_t total = uint64_t(access.bytes) * warpSize;
  bool isAligned = (address & (access.bytes - 1)) == 0;
  if (access.space == AccessSpace::Shared && isAligned &&
      access.bytes % 4 == 0 && address + total <= sharedBytes) {
    shadows[access.warp.resident].accessSpan(
        access.warp.warp, address, uint32_t(total), access.flags,
        [&](uint64_t offset, SharedShadow::Result result) {
          reportShared(access, result, offset,
                       unsigned((offset - address) / access.bytes));
        });
    return;
  }
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
  for (unsigned lane = 0; lane < warpSize; ++lane)
    checkLane(access, address + uint64_t(lane) * access.bytes, lane);
}

void MemoryChecker::check(const Access &access, const uint64_t *addresses,
                          uint32_t lanes) {
  if (checkTogether(access, addresses, lanes))
    return;
  uint64_t previous = 0;
  bool isFirst = true;
  for (; lanes; lanes &= lanes - 1) {
    unsigned lane = unsigned(llvm::countr_zero(lanes));
    uint64_t address = addresses[lane];
    // neighbours often read the same
    if (isFirst || address != previous)
      checkLane(access, address, lane);
    previous = address;
    isFirst = false;
  }
}

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

void MemoryChecker::checkAsyncCopy(WarpContext &warp, const uint64_t *to,
                                   const uint64_t *from,
                                   const uint32_t *sourceBytes, uint32_t bytes,
                                   uint32_t lanes, unsigned line) {
  Access write{warp, AccessSpace::Shared, bytes, AccessWrite, line};
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
    reportShared(write,
                 shadows[warp.resident].beginCopy(warp.warp, offset, bytes),
                 offset, lane);
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
  for (; lanes; lanes &= lanes - 1)
    shadows[warp.resident].endCopy(warp.warp,
                                   to[llvm::countr_zero(lanes)] -
                                       reinterpret_cast<uint64_t>(warp.shared),
                                   bytes);
}
