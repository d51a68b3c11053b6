//===- MemoryChecker.cpp - Checks of memory accesses ----------------------===//

#include "MemoryChecker.h"

#include "BlockRunner.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"

using namespace dlc::ptxsim;

MemoryChecker::MemoryChecker(BlockRunner &runner, const MemoryOracle &oracle,
                             llvm::ArrayRef<Variable> variables)
    : runner(runner), oracle(oracle), variables(variables) {}

void MemoryChecker::setShared(uint8_t *base, uint64_t bytes) {
  shared = base;
  sharedBytes = bytes;
}

void MemoryChecker::beginBlock() {}
void MemoryChecker::barrier(uint32_t members) {}

const Allocation *MemoryChecker::findAllocation(uint64_t address) {
  if (last && address - last->begin < last->bytes)
    return last;
  for (const Variable &variable : variables)
    if (address - variable.memory.begin < variable.memory.bytes)
      return last = &variable.memory;
  if (const Allocation *found = oracle.find(address))
    return last = found;
  return nullptr;
}

void MemoryChecker::outOfBounds(const Access &access, uint64_t address,
                                unsigned lane, const llvm::Twine &message) {
  runner.stop(FaultKind::OutOfBounds, access.warp, 1u << lane, access.line,
              message, address, access.bytes);
}

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
    runner.warn(FaultKind::UninitializedRead, access.warp, 1u << lane,
                access.line,
                llvm::formatv("{0} bytes at {1:x}, offset {2} of an allocation "
                              "of {3} bytes",
                              access.bytes, address,
                              address - allocation->begin, allocation->bytes),
                address, access.bytes);
  if (access.flags & AccessWrite)
    allocation->markWritten(address, access.bytes);
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
  uint64_t localBytes = warp.localStride * warpSize;
  if (space == AccessSpace::Generic) {
    offset = address - reinterpret_cast<uint64_t>(shared);
    if (offset < sharedBytes)
      space = AccessSpace::Shared;
    else if (localOffset < localBytes)
      space = AccessSpace::Local;
    else if (address - reinterpret_cast<uint64_t>(warp.params) < 4352)
      return; // parameters of the kernel
  }
  if (space == AccessSpace::Shared) {
    if (offset + access.bytes > sharedBytes || offset > sharedBytes)
      outOfBounds(
          access, address, lane,
          llvm::formatv("{0} bytes at offset {1} of {2} bytes of shared "
                        "memory",
                        access.bytes, offset, sharedBytes));
    return;
  }
  if (space == AccessSpace::Local) {
    uint64_t own = localOffset - lane * warp.localStride;
    if (own >= warp.localTop || own + access.bytes > warp.localTop)
      outOfBounds(access, address, lane,
                  llvm::formatv("{0} bytes at offset {1} of {2} bytes of local "
                                "memory",
                                access.bytes, int64_t(own), warp.localTop));
    return;
  }
  checkGlobal(access, address, lane);
}

void MemoryChecker::checkUniform(const Access &access, uint64_t address,
                                 uint32_t lanes) {
  if (lanes)
    checkLane(access, address, unsigned(llvm::countr_zero(lanes)));
}

void MemoryChecker::check(const Access &access, const uint64_t *addresses,
                          uint32_t lanes) {
  for (; lanes; lanes &= lanes - 1) {
    unsigned lane = unsigned(llvm::countr_zero(lanes));
    checkLane(access, addresses[lane], lane);
  }
}

void MemoryChecker::checkAsyncCopy(WarpContext &warp, const uint64_t *to,
                                   const uint64_t *from,
                                   const uint32_t *sourceBytes, uint32_t bytes,
                                   uint32_t lanes, unsigned line) {
  Access write{warp, AccessSpace::Shared, bytes, AccessWrite, line};
  Access read{warp, AccessSpace::Global, bytes, AccessRead, line};
  for (; lanes; lanes &= lanes - 1) {
    unsigned lane = unsigned(llvm::countr_zero(lanes));
    checkLane(write, to[lane] - reinterpret_cast<uint64_t>(shared), lane);
    // what is filled with zeros is not read
    read.bytes = sourceBytes ? std::min(sourceBytes[lane], bytes) : bytes;
    if (read.bytes)
      checkGlobal(read, from[lane], lane);
  }
}
