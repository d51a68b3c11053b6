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

  /// Bytes of a load that matter.
  uint32_t usedBytes() const { return bytes - (flags >> AccessUnusedShift); }
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
  /// The local memory of all warps that run together.
  void setLocal(uint64_t begin, uint64_t bytes);
  /// Warps (as bits) of a block have met at a barrier.
  void barrier(uint32_t resident, uint32_t members);
  /// Threads of a warp have met.
  void warpBarrier(const WarpContext &warp);
  /// Local memory of a function that begins: nothing of it is written.
  void beginLocalFrame(const WarpContext &warp, uint64_t top, uint64_t bytes);

  /// All lanes at one address.
  void checkUniform(const Access &access, uint64_t address, uint32_t lanes);
  void check(const Access &access, const uint64_t *addresses, uint32_t lanes);
  /// All 32 lanes, one behind another from `address` on.
  void checkSpan(const Access &access, uint64_t address);
  /// A store whose lanes wrote different values to one place; those of the
  /// lanes `lost` are not there.
  void conflictingStores(const Access &access, const uint64_t *addresses,
                         uint32_t lost);
  /// cp.async: reads global, writes shared memory; host addresses.
  void checkAsyncCopy(WarpContext &warp, const uint64_t *to,
                      const uint64_t *from, const uint32_t *sourceBytes,
                      uint32_t bytes, uint32_t lanes, unsigned line);

  /// Copies of these lanes have arrived in shared memory.
  void endAsyncCopy(WarpContext &warp, const uint64_t *to, uint32_t bytes,
                    uint32_t lanes);

private:
  bool checkSharedTogether(const Access &access, const uint64_t *offsets,
                           uint32_t lanes);
  bool checkTogether(const Access &access, const uint64_t *addresses,
                     uint32_t lanes);
  /// `lane` does it and, if it is not the same, the lanes `by`.
  /// `lane` does it; for the shadow, those that `by` stands for.
  void checkShared(const Access &access, uint64_t offset, unsigned lane,
                   uint32_t by);
  void reportShared(const Access &access, SharedShadow::Result result,
                    uint64_t offset, unsigned lane);
  void unwritten(const Access &access, const Allocation &allocation,
                 uint64_t address, unsigned lane);
  const Allocation *findAllocation(uint64_t address);
  void checkLane(const Access &access, uint64_t address, unsigned lane,
                 uint32_t by);
  void checkLocal(const Access &access, uint64_t address, unsigned lane);
  void checkGlobal(const Access &access, uint64_t address, unsigned lane);
  [[noreturn]] void outOfBounds(const Access &access, uint64_t address,
                                unsigned lane, const llvm::Twine &message);

  BlockRunner &runner;
  const MemoryOracle &oracle;
  llvm::ArrayRef<Variable> variables;
  /// Allocations found before; kernels work on a few at a time.
  const Allocation *recent[8] = {};
  unsigned nextRecent = 0;
  Allocation extra, local;
  std::vector<uint64_t> localShadow;
  uint64_t sharedBytes = 0;
  uint64_t paramBytes = 0;
  /// By resident block.
  std::vector<SharedShadow> shadows;
};

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_MEMORYCHECKER_H
