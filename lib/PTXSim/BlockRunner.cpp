//===- BlockRunner.cpp - Runs the blocks of a launch ----------------------===//

#include "BlockRunner.h"

#include "Routines.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <cstdlib>
#include <cstring>
#include <new>

using namespace dlc::ptxsim;

static constexpr size_t sharedAlignment = 1024;

/// Stacks are made once: one launch runs at a time.
static Fibre *sharedFibres() {
  static Fibre fibres[warpSize];
  return fibres;
}

BlockRunner::BlockRunner(const RunnableKernel &kernel,
                         const LaunchParams &params, const DeviceConfig &device,
                         const MemoryOracle &memory, Reporter &reporter)
    : kernel(kernel), params(params), device(device), reporter(reporter),
      fibres(sharedFibres()) {
  warpCount = uint32_t((params.block.count() + warpSize - 1) / warpSize);
  sharedBytes = kernel.staticSharedBytes + params.dynamicSharedBytes;
  checker = std::make_unique<MemoryChecker>(
      *this, memory, kernel.moduleVariables, params.parameters.size());
  copies.resize(warpCount);
}

BlockRunner::~BlockRunner() {
  std::free(warps);
  std::free(shared);
  std::free(local);
}

static void *allocateAligned(size_t alignment, size_t bytes) {
  return std::aligned_alloc(
      alignment, llvm::alignTo(std::max<size_t>(bytes, 1), alignment));
}

bool BlockRunner::allocate() {
  bool byTurns = kernel.hasBarriers && warpCount > 1;
  uint64_t localBytes =
      kernel.localBytes * warpSize * (byTurns ? warpCount : 1);
  warps = static_cast<WarpContext *>(
      allocateAligned(alignof(WarpContext), sizeof(WarpContext) * warpCount));
  shared =
      static_cast<uint8_t *>(allocateAligned(sharedAlignment, sharedBytes));
  local = static_cast<uint8_t *>(allocateAligned(64, localBytes));
  if (!warps || !shared || !local)
    return false;
  // not zero, so that reads of what was never written are seen in results too
  std::memset(shared, 0xff, sharedBytes);
  return true;
}

void BlockRunner::setUpWarps() {
  const Dim3 &block = params.block;
  uint64_t threads = block.count();
  bool byTurns = kernel.hasBarriers && warpCount > 1;
  static uint64_t launches = 0;
  ++launches;
  for (uint32_t w = 0; w < warpCount; ++w) {
    auto *warp = new (&warps[w]) WarpContext;
    warp->params = params.parameters.data();
    warp->shared = shared;
    warp->localStride = kernel.localBytes;
    warp->local =
        local + (byTurns ? w * kernel.localBytes * warpSize : uint64_t(0));
    warp->routines = routineTable();
    warp->variables = kernel.variables;
    warp->runner = this;
    warp->ntid[0] = block.x, warp->ntid[1] = block.y, warp->ntid[2] = block.z;
    warp->nctaid[0] = params.grid.x, warp->nctaid[1] = params.grid.y;
    warp->nctaid[2] = params.grid.z;
    warp->warp = w;
    warp->warps = warpCount;
    warp->dynamicShared = params.dynamicSharedBytes;
    warp->totalShared = sharedBytes;
    warp->multiprocessors = device.multiprocessors;
    warp->gridId = launches;
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
  checker->setShared(shared, sharedBytes);
}

void BlockRunner::beginBlock(Dim3 block) {
  for (uint32_t w = 0; w < warpCount; ++w) {
    warps[w].ctaid[0] = block.x;
    warps[w].ctaid[1] = block.y;
    warps[w].ctaid[2] = block.z;
    warps[w].localTop = 0;
    copies[w].clear();
  }
  if (kernel.checks)
    checker->beginBlock();
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
  forEachBlock(params.grid, [&](Dim3 block) {
    beginBlock(block);
    for (uint32_t w = 0; w < warpCount; ++w) {
      unfinished = 1u << w;
      kernel.entry(&warps[w]);
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
    self->kernel.entry(warp);
    uint32_t bit = 1u << warp->warp;
    self->unfinished &= ~bit;
    self->runnable &= ~bit;
    // barriers of all threads do not wait for those that have returned
    for (BarrierState &state : self->barriers)
      if (state.arrived)
        self->releaseIfComplete(state);
    Fibre::switchTo(self->fibres[warp->warp], self->scheduler);
  }
}

void BlockRunner::runBlockByTurns() {
  uint32_t all = warpCount == 32 ? ~0u : (1u << warpCount) - 1;
  runnable = unfinished = all;
  for (BarrierState &state : barriers)
    state = BarrierState();
  while (unfinished && !isStopped) {
    if (!runnable) {
      for (const BarrierState &state : barriers) {
        if (!state.waiting)
          continue;
        WarpContext &warp = warps[llvm::countr_zero(state.waiting)];
        isStopped = true;
        stopKind = FaultKind::Deadlock;
        Fault fault = makeFault(
            stopKind, warp, warp.initialMask, state.line,
            llvm::formatv("{0} of {1} warps have come to the barrier, and no "
                          "other can go on",
                          state.arrived,
                          state.expected ? state.expected
                                         : llvm::popcount(unfinished)),
            0, 0);
        stopText = describe(fault);
        reporter.report(fault);
        return;
      }
    }
    for (uint32_t w = 0; w < warpCount && !isStopped; ++w) {
      if (!(runnable >> w & 1))
        continue;
      running = &fibres[w];
      Fibre::switchTo(scheduler, fibres[w]);
    }
  }
}

llvm::Error BlockRunner::run() {
  if (!allocate())
    return llvm::make_error<EngineError>(
        ErrorCode::OutOfResources, "kernel " + kernel.name +
                                       ": no host memory for its shared and "
                                       "local memory");
  setUpWarps();
  bool byTurns = kernel.hasBarriers && warpCount > 1;
  bool started = true;
  if (byTurns) {
    for (uint32_t w = 0; w < warpCount; ++w)
      started &= fibres[w].start(warpBody, &warps[w]);
  } else {
    started = fibres[0].start(singleBody, this);
  }
  if (!started)
    return llvm::make_error<EngineError>(ErrorCode::OutOfResources,
                                         "no host memory for stacks");
  if (!byTurns) {
    running = &fibres[0];
    Fibre::switchTo(scheduler, fibres[0]);
  } else {
    forEachBlock(params.grid, [&](Dim3 block) {
      beginBlock(block);
      runBlockByTurns();
      return isStopped;
    });
  }
  if (!isStopped)
    return llvm::Error::success();
  ErrorCode code =
      stopKind == FaultKind::OutOfBounds  ? ErrorCode::IllegalAddress
      : stopKind == FaultKind::Misaligned ? ErrorCode::MisalignedAddress
                                          : ErrorCode::LaunchFailed;
  return llvm::make_error<EngineError>(code, stopText);
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

bool BlockRunner::releaseIfComplete(BarrierState &state) {
  uint32_t expected =
      state.expected ? state.expected : uint32_t(llvm::popcount(unfinished));
  if (state.arrived < expected)
    return false;
  uint32_t result = state.kind == BarrierKind::Popc  ? state.sum
                    : state.kind == BarrierKind::And ? state.all
                                                     : state.any;
  for (uint32_t waiting = state.waiting; waiting; waiting &= waiting - 1)
    warps[llvm::countr_zero(waiting)].barrierResult = result;
  runnable |= state.waiting;
  if (kernel.checks)
    checker->barrier(state.members);
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
  if (id >= std::size(barriers))
    stop(FaultKind::InvalidOperation, warp, active, line,
         llvm::formatv("barrier {0}, where there are 16", id));
  if (count % warpSize)
    stop(
        FaultKind::InvalidOperation, warp, active, line,
        llvm::formatv("a barrier of {0} threads, not a multiple of 32", count));
  BarrierState &state = barriers[id];
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
  if (releaseIfComplete(state) || kind == BarrierKind::Arrive)
    return;
  if (running == &fibres[0] && !(kernel.hasBarriers && warpCount > 1))
    stop(FaultKind::Deadlock, warp, active, line,
         "the barrier waits for more threads than the block has");
  runnable &= ~bit;
  do
    Fibre::switchTo(fibres[warp.warp], scheduler);
  while (!(runnable & bit));
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
