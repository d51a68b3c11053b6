//===- Runtime.cpp - Routines that compiled kernels call ------------------===//

#include "Routines.h"

#include "BlockRunner.h"

#include "llvm/ADT/bit.h"

#include <chrono>

using namespace dlc::ptxsim;

static void runCheck(WarpContext *warp, const uint64_t *addresses,
                     uint32_t lanes, uint32_t bytes, uint32_t flags,
                     uint32_t space, uint32_t line) {
  Access access{*warp, AccessSpace(space), bytes, flags, line};
  warp->runner->getChecker().check(access, addresses, lanes);
}

static void runCheckUniform(WarpContext *warp, uint64_t address, uint32_t lanes,
                            uint32_t bytes, uint32_t flags, uint32_t space,
                            uint32_t line) {
  Access access{*warp, AccessSpace(space), bytes, flags, line};
  warp->runner->getChecker().checkUniform(access, address, lanes);
}

static void runCheckSpan(WarpContext *warp, uint64_t address, uint32_t bytes,
                         uint32_t flags, uint32_t space, uint32_t line) {
  Access access{*warp, AccessSpace(space), bytes, flags, line};
  warp->runner->getChecker().checkSpan(access, address);
}

static void runConflictingStores(WarpContext *warp, const uint64_t *addresses,
                                 uint32_t lost, uint32_t bytes, uint32_t space,
                                 uint32_t line) {
  Access access{*warp, AccessSpace(space), bytes, AccessWrite, line};
  warp->runner->getChecker().conflictingStores(access, addresses, lost);
}

static void runLocalFrame(WarpContext *warp, uint64_t top, uint64_t bytes) {
  warp->runner->getChecker().beginLocalFrame(*warp, top, bytes);
}

static void runWarpBarrier(WarpContext *warp) {
  warp->runner->getChecker().warpBarrier(*warp);
}

static void runBarrier(WarpContext *warp, uint32_t id, uint32_t count,
                       uint32_t kind, uint32_t predicate, uint32_t active,
                       uint32_t live, uint32_t line) {
  warp->runner->barrier(*warp, id, count, BarrierKind(kind), predicate, active,
                        live, line);
}

static void runTurn(WarpContext *warp, uint32_t line) {
  warp->runner->takeTurns(*warp, line);
}

static void runFault(WarpContext *warp, uint32_t kind, uint32_t lanes,
                     uint32_t line) {
  warp->runner->stop(FaultKind(kind), *warp, lanes, line,
                     FaultKind(kind) == FaultKind::MissingLanes
                         ? "the member mask does not name the threads that "
                           "execute this"
                         : "");
}

/// For each lane the lanes with the same value.
static void runMatch(const uint64_t *values, uint32_t lanes, uint32_t *masks) {
  for (uint32_t rest = lanes; rest; rest &= rest - 1) {
    unsigned lane = unsigned(llvm::countr_zero(rest));
    uint32_t mask = 0;
    for (uint32_t other = lanes; other; other &= other - 1) {
      unsigned with = unsigned(llvm::countr_zero(other));
      mask |= uint32_t(values[with] == values[lane]) << with;
    }
    masks[lane] = mask;
  }
}

static void finishCopies(WarpContext &warp, uint32_t lanes, uint32_t keep) {
  BlockRunner &runner = *warp.runner;
  bool checks = runner.getKernel().checks;
  runner.asyncCopies(warp).wait(
      lanes, keep, [&](const AsyncCopies::Copy &copy, uint32_t done) {
        if (checks)
          runner.getChecker().endAsyncCopy(warp, copy.to, copy.bytes, done);
      });
}

static void runAsyncCopy(WarpContext *warp, const uint64_t *to,
                         const uint64_t *from, const uint32_t *sourceBytes,
                         uint32_t bytes, uint32_t lanes, uint32_t line) {
  BlockRunner &runner = *warp->runner;
  if (runner.getKernel().checks)
    runner.getChecker().checkAsyncCopy(*warp, to, from, sourceBytes, bytes,
                                       lanes, line);
  runner.asyncCopies(*warp).add(lanes, bytes, line, to, from, sourceBytes);
  if (!runner.getKernel().deferAsyncCopies)
    finishCopies(*warp, lanes, ~0u);
}

static void runAsyncCommit(WarpContext *warp, uint32_t lanes) {
  warp->runner->asyncCopies(*warp).commit(lanes);
}

static void runAsyncWait(WarpContext *warp, uint32_t lanes, uint32_t keep) {
  if (!warp->runner->asyncCopies(*warp).isEmpty())
    finishCopies(*warp, lanes, keep);
}

static void runLocalOverflow(WarpContext *warp) {
  warp->runner->stop(FaultKind::InvalidOperation, *warp, warp->initialMask, 0,
                     "local memory is used up (endless recursion?)");
}

static uint64_t runClock(uint32_t isTimer) {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  auto nanoseconds =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  // the simulated clock runs at 1 GHz
  return uint64_t(nanoseconds);
}

void *const *dlc::ptxsim::routineTable() {
  static void *const table[] = {
#define PTX_ROUTINE(NAME) reinterpret_cast<void *>(&run##NAME),
#include "Routines.def"
  };
  return table;
}
