//===- MemoryChecker.h - Checks of memory accesses -------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_MEMORYCHECKER_H
#define DLC_LIB_PTXSIM_MEMORYCHECKER_H

#include "Context.h"
#include "SharedShadow.h"

#include "dlc/PTXSim/Engine.h"

#include <vector>

namespace dlc::ptxsim {

class BlockRunner;

/// An access by the lanes of a warp.
struct Access {
  WarpContext &warp;
  AccessSpace space;
  uint32_t bytes;
  uint32_t flags;
  unsigned line;
};

/// Checks bounds, alignment and, by shadows, unwritten reads and races. Faults
/// go to the BlockRunner.
class MemoryChecker {
public:
  MemoryChecker(BlockRunner &runner, const MemoryOracle &oracle,
                llvm::ArrayRef<Variable> variables, uint64_t paramBytes);

  /// For so many blocks at a time, each with so much shared memory.
  void setUp(size_t residents, uint64_t sharedBytes);
  /// Memory that neither the oracle nor the module knows.
  void addAllocation(const Allocation &allocation) { extra = allocation; }
  void beginBlock(uint32_t resident);
  /// Warps (as bits) of a block have met at a barrier.
  void barrier(uint32_t resident, uint32_t members);

  /// All lanes at one address.
  void checkUniform(const Access &access, uint64_t address, uint32_t lanes);
  void check(const Access &access, const uint64_t *addresses, uint32_t lanes);
  /// All 32 lanes, one behind another from `address` on.
  void checkSpan(const Access &access, uint64_t address);
  /// cp.async: reads global, writes shared memory; host addresses.
  void checkAsyncCopy(WarpContext &warp, const uint64_t *to,
                      const uint64_t *from, const uint32_t *sourceBytes,
                      uint32_t bytes, uint32_t lanes, unsigned line);

  /// Copies of these lanes have arrived in shared memory.
  void endAsyncCopy(WarpContext &warp, const uint64_t *to, uint32_t bytes,
                    uint32_t lanes);

private:
  bool checkTogether(const Access &access, const uint64_t *addresses,
                     uint32_t lanes);
  void checkShared(const Access &access, uint64_t offset, unsigned lane);
  void reportShared(const Access &access, SharedShadow::Result result,
                    uint64_t offset, unsigned lane);
  void unwritten(const Access &access, const Allocation &allocation,
                 uint64_t address, unsigned lane);
  const Allocation *findAllocation(uint64_t address);
  void checkLane(const Access &access, uint64_t address, unsigned lane);
  void checkGlobal(const Access &access, uint64_t address, unsigned lane);
  [[noreturn]] void outOfBounds(const Access &access, uint64_t address,
                                unsigned lane, const llvm::Twine &message);

  BlockRunner &runner;
  const MemoryOracle &oracle;
  llvm::ArrayRef<Variable> variables;
  /// Allocations found before; kernels work on a few at a time.
  const Allocation *recent[8] = {};
  unsigned nextRecent = 0;
  Allocation extra;
  uint64_t sharedBytes = 0;
  uint64_t paramBytes = 0;
  /// By resident block.
  std::vector<SharedShadow> shadows;
};

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_MEMORYCHECKER_H
