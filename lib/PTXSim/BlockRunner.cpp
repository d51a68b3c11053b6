//===- BlockRunner.cpp - Runs the blocks of a launch ----------------------===//

#include "BlockRunner.h"

#include "Routines.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>

using namespace dlc::ptxsim;

static constexpr size_t sharedAlignment = 1024;

/// Often enough for warps that wait for one another in memory, seldom enough to
/// cost nothing.
static constexpr uint32_t roundsPerTurn = 256, turnsPerClock = 64;

/// Stacks are made once: one launch runs at a time.
static std::deque<Fibre> &sharedFibres() {
  static std::deque<Fibre> fibres(warpSize);
  return fibres;
}

BlockRunner::BlockRunner(const RunnableKernel &kernel,
                         const LaunchParams &params, const DeviceConfig &device,
                         const MemoryOracle &memory, Reporter &reporter)
    : kernel(kernel), entry(kernel.entry), params(params), device(device),
      reporter(reporter), fibres(sharedFibres()) {
  warpCount = uint32_t((params.block.count() + warpSize - 1) / warpSize);
  sharedBytes = kernel.staticSharedBytes + params.dynamicSharedBytes;
  sharedStride = llvm::alignTo(std::max(sharedBytes, 1u), sharedAlignment);
  byTurns = params.isCooperative || (kernel.mayWait && warpCount > 1);
  blocks.resize(params.isCooperative ? params.grid.count() : 1);
  checker = std::make_unique<MemoryChecker>(
      *this, memory, kernel.moduleVariables, params.parameters.size());
  copies.resize(blocks.size() * warpCount);
}

BlockRunner::~BlockRunner() {
  std::free(warps);
  std::free(shared);
  std::free(local);
  // as many stacks as most launches need
  fibres.resize(std::min<size_t>(fibres.size(), warpSize));
}

static void *allocateAligned(size_t alignment, size_t bytes) {
  return std::aligned_alloc(
      alignment, llvm::alignTo(std::max<size_t>(bytes, 1), alignment));
}

bool BlockRunner::allocate() {
  uint64_t slots = blocks.size() * warpCount;
  localBytes = kernel.localBytes * warpSize * (byTurns ? slots : 1);
  warps = static_cast<WarpContext *>(
      allocateAligned(alignof(WarpContext), sizeof(WarpContext) * slots));
  shared = static_cast<uint8_t *>(
      allocateAligned(sharedAlignment, sharedStride * blocks.size()));
  local = static_cast<uint8_t *>(allocateAligned(64, localBytes));
  if (!warps || !shared || !local)
    return false;
  // not zero, so that reads of what was never written are seen in results too
  std::memset(shared, 0xff, sharedStride * blocks.size());
  return true;
}

bool BlockRunner::startFibres() {
  if (!byTurns)
    return fibres[0].start(singleBody, this);
  size_t slots = blocks.size() * warpCount;
  if (fibres.size() < slots)
    fibres.resize(slots);
  bool started = true;
  for (size_t slot = 0; slot < slots; ++slot)
    started &= fibres[slot].start(warpBody, &warps[slot]);
  return started;
}

void BlockRunner::setUpWarps(ResidentBlock &resident, uint32_t index,
                             uint64_t gridId) {
  const Dim3 &block = params.block;
  uint64_t threads = block.count();
  resident.warps = warps + size_t(index) * warpCount;
  for (uint32_t w = 0; w < warpCount; ++w) {
    auto *warp = new (&resident.warps[w]) WarpContext;
    warp->resident = index;
    warp->warp = w;
    warp->params = params.parameters.data();
    warp->shared = shared + index * sharedStride;
    warp->localStride = kernel.localBytes;
    warp->local =
        local + (byTurns ? slotOf(*warp) * kernel.localBytes * warpSize : 0);
    warp->routines = routineTable();
    warp->variables = kernel.variables;
    warp->runner = this;
    warp->rounds = roundsPerTurn;
    warp->ntid[0] = block.x, warp->ntid[1] = block.y, warp->ntid[2] = block.z;
    warp->nctaid[0] = params.grid.x, warp->nctaid[1] = params.grid.y;
    warp->nctaid[2] = params.grid.z;
    warp->warps = warpCount;
    warp->dynamicShared = params.dynamicSharedBytes;
    warp->totalShared = sharedBytes;
    warp->multiprocessors = device.multiprocessors;
    warp->gridId = gridId;
    if (params.isCooperative)
      warp->gridWorkspace = reinterpret_cast<uint64_t>(gridWorkspace);
    uint64_t first = uint64_t(w) * warpSize;
    uint64_t here = std::min<uint64_t>(threads - first, warpSize);
    warp->initialMask = here == warpSize ? ~0u : (1u << here) - 1;
    for (uint32_t lane = 0; lane < warpSize; ++lane) {
      uint64_t thread = first + lane;
      warp->tid[0][lane] = uint32_t(thread % block.x);
      warp->tid[1][lane] = uint32_t(thread / block.x % block.y);
      warp->tid[2][lane] = uint32_t(thread / block.x / block.y);
    }
  }
}

static double processorSeconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

double BlockRunner::secondsSinceChange() const {
  return processorSeconds() - entrySince;
}

/// Between blocks there is nothing that only the code before knows.
void BlockRunner::changeEntry() {
  if (KernelEntry better = kernel.betterEntry(secondsSinceChange()))
    entry = better;
  entrySince = processorSeconds();
}

void BlockRunner::beginBlock(ResidentBlock &block, Dim3 position) {
  for (uint32_t w = 0; w < warpCount; ++w) {
    WarpContext &warp = block.warps[w];
    warp.ctaid[0] = position.x;
    warp.ctaid[1] = position.y;
    warp.ctaid[2] = position.z;
    warp.localTop = 0;
    asyncCopies(warp).clear();
  }
  block.runnable = block.unfinished =
      warpCount == warpSize ? ~0u : (1u << warpCount) - 1;
  for (BarrierState &state : block.barriers)
    state = BarrierState();
  if (kernel.checks)
    checker->beginBlock(block.warps[0].resident);
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

template <typename Visitor>
static void forEachBlock(const Dim3 &grid, Visitor visit) {
  for (uint32_t z = 0; z < grid.z; ++z)
    for (uint32_t y = 0; y < grid.y; ++y)
      for (uint32_t x = 0; x < grid.x; ++x)
        if (visit(Dim3{x, y, z}))
          return;
}

/// All blocks and warps on one fibre, which is only there to be left when a
/// fault ends the launch.
void BlockRunner::runSingly() {
  forEachBlock(params.grid, [&](Dim3 position) {
    if (kernel.betterEntry)
      changeEntry();
    beginBlock(blocks[0], position);
    for (uint32_t w = 0; w < warpCount; ++w) {
      blocks[0].unfinished = 1u << w;
      entry(&warps[w]);
      ++progress;
    }
    return false;
  });
}

void BlockRunner::singleBody(void *argument) {
  auto *self = static_cast<BlockRunner *>(argument);
  self->runSingly();
  self->isDone = true;
  Fibre::switchTo(self->fibres[0], self->scheduler);
}

/// A fibre runs its warp in block after block.
void BlockRunner::warpBody(void *argument) {
  auto *warp = static_cast<WarpContext *>(argument);
  BlockRunner *self = warp->runner;
  while (true) {
    self->entry(warp);
    ResidentBlock &block = self->blockOf(*warp);
    uint32_t bit = 1u << warp->warp;
    block.unfinished &= ~bit;
    block.runnable &= ~bit;
    ++self->progress;
    // barriers of all threads do not wait for those that have returned
    for (BarrierState &state : block.barriers)
      if (state.arrived)
        self->releaseIfComplete(block, state);
    Fibre::switchTo(self->fibres[self->slotOf(*warp)], self->scheduler);
  }
}

void BlockRunner::reportDeadlock() {
  for (const ResidentBlock &block : blocks)
    for (const BarrierState &state : block.barriers) {
      if (!state.waiting)
        continue;
      WarpContext &warp = block.warps[llvm::countr_zero(state.waiting)];
      isStopped = true;
      stopKind = FaultKind::Deadlock;
      Fault fault = makeFault(
          stopKind, warp, warp.initialMask, state.line,
          llvm::formatv("{0} of {1} warps have come to the barrier, and no "
                        "other can go on",
                        state.arrived,
                        state.expected ? state.expected
                                       : llvm::popcount(block.unfinished)),
          0, 0);
      stopText = describe(fault);
      reporter.report(fault);
      return;
    }
}

void BlockRunner::runByTurns() {
  while (true) {
    bool anyRuns = false, anyIsLeft = false;
    for (ResidentBlock &block : blocks) {
      for (uint32_t w = 0; w < warpCount; ++w) {
        if (!(block.runnable >> w & 1))
          continue;
        anyRuns = true;
        running = &fibres[slotOf(block.warps[w])];
        Fibre::switchTo(scheduler, *running);
        if (isStopped)
          return;
      }
      anyIsLeft |= block.unfinished != 0;
    }
    if (!anyIsLeft)
      return;
    if (!anyRuns)
      return reportDeadlock();
  }
}

llvm::Error BlockRunner::run() {
  auto outOf = [&](const char *what) {
    return llvm::make_error<EngineError>(
        ErrorCode::OutOfResources,
        "kernel " + kernel.name + ": no host memory for its " + what);
  };
  if (!allocate())
    return outOf("shared and local memory");
  static uint64_t launches = 0;
  ++launches;
  for (uint32_t i = 0; i < blocks.size(); ++i)
    setUpWarps(blocks[i], i, launches);
  checker->setUp(blocks.size(), sharedBytes);
  checker->setLocal(reinterpret_cast<uint64_t>(local), localBytes);
  if (params.isCooperative)
    checker->addAllocation({reinterpret_cast<uint64_t>(gridWorkspace),
                            sizeof(gridWorkspace), nullptr});
  if (!startFibres())
    return outOf("stacks");
  entrySince = processorSeconds();
  if (!byTurns) {
    running = &fibres[0];
    Fibre::switchTo(scheduler, fibres[0]);
  } else if (params.isCooperative) {
    uint32_t next = 0;
    forEachBlock(params.grid, [&](Dim3 position) {
      beginBlock(blocks[next++], position);
      return false;
    });
    runByTurns();
  } else {
    forEachBlock(params.grid, [&](Dim3 position) {
      if (kernel.betterEntry)
        changeEntry();
      beginBlock(blocks[0], position);
      runByTurns();
      return isStopped;
    });
  }
  if (!isStopped)
    return llvm::Error::success();
  ErrorCode code =
      stopKind == FaultKind::OutOfBounds  ? ErrorCode::IllegalAddress
      : stopKind == FaultKind::Misaligned ? ErrorCode::MisalignedAddress
      : stopKind == FaultKind::Timeout    ? ErrorCode::Timeout
      : stopKind == FaultKind::Assertion  ? ErrorCode::Assertion
                                          : ErrorCode::LaunchFailed;
  return llvm::make_error<EngineError>(code, stopText);
}

/// Leaves the warp's fibre until it is its turn again.
void BlockRunner::waitForTurn(WarpContext &warp) {
  Fibre::switchTo(fibres[slotOf(warp)], scheduler);
}

void BlockRunner::takeTurns(WarpContext &warp, unsigned line) {
  warp.rounds = roundsPerTurn;
  if (params.timeoutSeconds > 0 && --turnsUntilClock == 0) {
    turnsUntilClock = turnsPerClock;
    double now = processorSeconds();
    if (progress != watchedProgress) {
      watchedProgress = progress;
      watchedSince = now;
    } else if (now - watchedSince > params.timeoutSeconds) {
      stop(FaultKind::Timeout, warp, warp.initialMask, line,
           llvm::formatv("the warp is in a loop, and no warp has ended or met "
                         "others at a barrier for {0} s of processor time",
                         params.timeoutSeconds));
    }
  }
  if (byTurns)
    waitForTurn(warp);
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

bool BlockRunner::releaseIfComplete(ResidentBlock &block, BarrierState &state) {
  uint32_t expected = state.expected
                          ? state.expected
                          : uint32_t(llvm::popcount(block.unfinished));
  if (state.arrived < expected)
    return false;
  uint32_t result = state.kind == BarrierKind::Popc  ? state.sum
                    : state.kind == BarrierKind::And ? state.all
                                                     : state.any;
  for (uint32_t waiting = state.waiting; waiting; waiting &= waiting - 1)
    block.warps[llvm::countr_zero(waiting)].barrierResult = result;
  block.runnable |= state.waiting;
  ++progress;
  if (kernel.checks)
    checker->barrier(block.warps[0].resident, state.members);
  state = BarrierState();
  return true;
}

void BlockRunner::barrier(WarpContext &warp, uint32_t id, uint32_t count,
                          BarrierKind kind, uint32_t predicate, uint32_t active,
                          uint32_t live, unsigned line) {
  if (active != live)
    stop(
        FaultKind::DivergentBarrier, warp, live & ~active, line,
        llvm::formatv("{0} of {1} threads of the warp are at the barrier; this "
                      "one is not",
                      llvm::popcount(active), llvm::popcount(live)));
  if (id >= std::size(blocks[0].barriers))
    stop(FaultKind::InvalidOperation, warp, active, line,
         llvm::formatv("barrier {0}, where there are 16", id));
  if (count % warpSize)
    stop(
        FaultKind::InvalidOperation, warp, active, line,
        llvm::formatv("a barrier of {0} threads, not a multiple of 32", count));
  ResidentBlock &block = blockOf(warp);
  BarrierState &state = block.barriers[id];
  uint32_t expected = count / warpSize;
  if (state.arrived && state.expected != expected)
    stop(
        FaultKind::InvalidOperation, warp, active, line,
        llvm::formatv("warps wait at barrier {0} for {1} threads, this one for "
                      "{2}",
                      id, state.expected * warpSize, count));
  state.expected = expected;
  state.kind = kind == BarrierKind::Arrive ? state.kind : kind;
  state.line = line;
  state.sum += uint32_t(llvm::popcount(predicate));
  state.all &= predicate == active;
  state.any |= predicate != 0;
  ++state.arrived;
  uint32_t bit = 1u << warp.warp;
  state.members |= bit;
  if (kind != BarrierKind::Arrive)
    state.waiting |= bit;
  if (releaseIfComplete(block, state) || kind == BarrierKind::Arrive)
    return;
  if (!byTurns)
    stop(FaultKind::Deadlock, warp, active, line,
         "the barrier waits for more threads than the block has");
  block.runnable &= ~bit;
  do
    waitForTurn(warp);
  while (!(block.runnable & bit));
}

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

Fault BlockRunner::makeFault(FaultKind kind, const WarpContext &warp,
                             uint32_t lanes, unsigned line,
                             const llvm::Twine &message, uint64_t address,
                             unsigned bytes) const {
  Fault fault;
  fault.kind = kind;
  fault.kernel = kernel.name;
  fault.block = {warp.ctaid[0], warp.ctaid[1], warp.ctaid[2]};
  unsigned lane = lanes ? unsigned(llvm::countr_zero(lanes)) : 0;
  fault.thread = {warp.tid[0][lane], warp.tid[1][lane], warp.tid[2][lane]};
  fault.line = line;
  fault.instruction = kernel.instructionAt(line);
  fault.message = message.str();
  fault.address = address;
  fault.bytes = bytes;
  return fault;
}

void BlockRunner::warn(FaultKind kind, WarpContext &warp, uint32_t lanes,
                       unsigned line, const llvm::Twine &message,
                       uint64_t address, unsigned bytes) {
  if (llvm::is_contained(warned, std::make_pair(kind, line)))
    return;
  warned.push_back({kind, line});
  reporter.report(makeFault(kind, warp, lanes, line, message, address, bytes));
}

void BlockRunner::stop(FaultKind kind, WarpContext &warp, uint32_t lanes,
                       unsigned line, const llvm::Twine &message,
                       uint64_t address, unsigned bytes) {
  {
    Fault fault = makeFault(kind, warp, lanes, line, message, address, bytes);
    isStopped = true;
    stopKind = kind;
    stopText = describe(fault);
    reporter.report(fault);
  }
  // this fibre is never entered again
  Fibre::switchTo(*running, scheduler);
  std::abort();
}
