//===- BlockRunner.h - Runs the blocks of a launch -------------*- C++ -*-===//
//
// Blocks run one after another, those of a cooperative launch together. The
// warps that run together take turns: each goes on until it waits at a barrier
// or has gone round a loop for long, so that it may wait for another one in
// memory. Kernels in which no warp waits need no fibre a warp. Routines that
// compiled kernels call end here (Runtime.cpp).
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PTXSIM_BLOCKRUNNER_H
#define DLC_LIB_PTXSIM_BLOCKRUNNER_H

#include "AsyncCopies.h"
#include "Context.h"
#include "Fibre.h"
#include "MemoryChecker.h"

#include "dlc/PTXSim/Engine.h"

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace dlc::ptxsim {

enum class BarrierKind : uint32_t { Sync, Arrive, Popc, And, Or };

/// What a launch needs to know of its kernel.
struct RunnableKernel {
  KernelEntry entry = nullptr;
  std::string name;
  /// Barriers, or loads that may see what another thread stores meanwhile.
  bool mayWait = false;
  uint32_t staticSharedBytes = 0; ///< up to where dynamic memory begins
  uint64_t localBytes = 0;        ///< a thread, all frames
  const uint64_t *variables = nullptr;
  llvm::ArrayRef<Variable> moduleVariables;
  bool checks = true;
  bool deferAsyncCopies = true;
  /// The text of the instruction in a line.
  std::function<std::string(unsigned line)> instructionAt;
  /// Null, or asked between blocks: another entry to go on with (null: none),
  /// after so many more seconds of processor time in this launch.
  std::function<KernelEntry(double seconds)> betterEntry;
};

class BlockRunner {
public:
  BlockRunner(const RunnableKernel &kernel, const LaunchParams &params,
              const DeviceConfig &device, const MemoryOracle &memory,
              Reporter &reporter);
  ~BlockRunner();

  llvm::Error run();
  /// Processor time since another entry was asked for.
  double secondsSinceChange() const;

  // For routines; `lanes` are those that the fault concerns.
  /// Reports and ends the launch.
  [[noreturn]] void stop(FaultKind kind, WarpContext &warp, uint32_t lanes,
                         unsigned line, const llvm::Twine &message,
                         uint64_t address = 0, unsigned bytes = 0);
  /// Reports the first fault of each instruction and kind; goes on.
  void warn(FaultKind kind, WarpContext &warp, uint32_t lanes, unsigned line,
            const llvm::Twine &message, uint64_t address = 0,
            unsigned bytes = 0);
  void barrier(WarpContext &warp, uint32_t id, uint32_t count, BarrierKind kind,
               uint32_t predicate, uint32_t active, uint32_t live,
               unsigned line);

  /// Called now and then by warps in loops: others go on. Ends a launch in
  /// which nothing but loops has happened for too long.
  void takeTurns(WarpContext &warp, unsigned line);

  MemoryChecker &getChecker() { return *checker; }
  AsyncCopies &asyncCopies(const WarpContext &warp) {
    return copies[slotOf(warp)];
  }
  const RunnableKernel &getKernel() const { return kernel; }

private:
  struct BarrierState {
    uint32_t arrived = 0;  ///< warps
    uint32_t expected = 0; ///< warps; 0: all that have not finished
    uint32_t waiting = 0;  ///< warps, as bits
    uint32_t members = 0;  ///< all that have arrived, as bits
    uint32_t sum = 0;
    bool all = true, any = false;
    BarrierKind kind = BarrierKind::Sync;
    unsigned line = 0;
  };

  /// A block that runs, with all of its warps as bits.
  struct ResidentBlock {
    WarpContext *warps = nullptr;
    uint32_t runnable = 0, unfinished = 0;
    BarrierState barriers[16];
  };

  bool allocate();
  bool startFibres();
  void setUpWarps(ResidentBlock &block, uint32_t index, uint64_t gridId);
  void beginBlock(ResidentBlock &block, Dim3 position);
  void changeEntry();
  void runSingly();
  void runByTurns();
  void reportDeadlock();
  bool releaseIfComplete(ResidentBlock &block, BarrierState &state);
  void waitForTurn(WarpContext &warp);
  ResidentBlock &blockOf(const WarpContext &warp) {
    return blocks[warp.resident];
  }
  size_t slotOf(const WarpContext &warp) const {
    return size_t(warp.resident) * warpCount + warp.warp;
  }
  Fault makeFault(FaultKind kind, const WarpContext &warp, uint32_t lanes,
                  unsigned line, const llvm::Twine &message, uint64_t address,
                  unsigned bytes) const;
  static void singleBody(void *self);
  static void warpBody(void *context);

  const RunnableKernel &kernel;
  KernelEntry entry = nullptr;
  double entrySince = 0; ///< seconds of processor time
  const LaunchParams &params;
  const DeviceConfig &device;
  Reporter &reporter;
  uint32_t warpCount = 0;
  uint32_t sharedBytes = 0;
  /// From one block's shared memory to the next one's.
  uint64_t sharedStride = 0;
  bool byTurns = false;
  std::unique_ptr<MemoryChecker> checker;
  /// All blocks of a cooperative launch, otherwise one.
  std::vector<ResidentBlock> blocks;
  WarpContext *warps = nullptr;
  uint8_t *shared = nullptr;
  uint8_t *local = nullptr;
  uint64_t localBytes = 0; ///< of all warps that run together
  /// What CUDA's grid barrier of a cooperative launch counts in.
  alignas(16) uint8_t gridWorkspace[64] = {};
  std::vector<AsyncCopies> copies;
  std::vector<std::pair<FaultKind, unsigned>> warned;

  Fibre scheduler;
  /// A fibre a warp, or one for all; kept from launch to launch.
  std::deque<Fibre> &fibres;
  Fibre *running = nullptr;
  /// Counts what can not go on for ever: warps that end, barriers that open.
  uint64_t progress = 0;
  uint64_t watchedProgress = ~uint64_t(0);
  double watchedSince = 0; ///< seconds of processor time
  uint32_t turnsUntilClock = 1;
  bool isStopped = false;
  bool isDone = false;
  FaultKind stopKind = FaultKind::Trap;
  std::string stopText;
};

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_BLOCKRUNNER_H
