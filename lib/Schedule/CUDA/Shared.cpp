//===- Shared.cpp - Nests that share loops --------------------------------===//

#include "Strategies.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dlc::schedule;

/// Scratch memory that a thread may have for itself, in bytes: what fits into
/// registers once loops are unrolled, or at least into the first-level cache.
static constexpr int64_t maxPrivateBytes = 256;

static int64_t countItems(const KernelPlan &plan) {
  int64_t items = 1;
  for (int64_t extent : plan.shared)
    items *= extent;
  return items;
}

int64_t dlc::schedule::getScratchBytes(const KernelPlan &plan,
                                       const llvm::SmallBitVector &except) {
  int64_t bytes = 0;
  for (auto [index, buffer] : llvm::enumerate(plan.buffers))
    if (buffer.argument < 0 && !except.test(index))
      bytes += llvm::alignTo(buffer.elements * getElementBytes(buffer.element),
                             CudaTarget::vectorBytes);
  return bytes;
}

/// Points of a nest that one work item computes: its own loops.
static int64_t getOwnVolume(const Nest &nest, bool parallelOnly) {
  int64_t volume = 1;
  for (const Loop &loop : nest.loops)
    if (loop.shared < 0 && !(parallelOnly && loop.reduction))
      volume *= loop.extent;
  return volume;
}

namespace {

/// Emits the nests of a work item for the threads of a group.
class SharedEmitter {
public:
  SharedEmitter(KernelContext &context, MutableArrayRef<Nest> nests)
      : context(context), nests(nests), b(context.b), loc(context.loc),
        index(context.b, context.loc), memrefs(context.memrefs) {
    llvm::SmallBitVector placed(memrefs.size());
    for (auto [i, memref] : llvm::enumerate(memrefs))
      if (memref)
        placed.set(i);
    scratchBytes = getScratchBytes(context.plan, placed);
  }
  void emit();

private:
  int64_t chooseThreads();
  void emitItem(Value item, Group group);
  void emitNest(Nest &nest, ArrayRef<Value> sharedIvs, Group group);
  void emitTogether(Nest &nest, TileEmitter &tile, ArrayRef<unsigned> parallel,
                    Group group);
  void forEachIteration(const Nest &nest, TileEmitter &tile,
                        ArrayRef<unsigned> loops, int64_t vector, Value first,
                        int64_t step, llvm::function_ref<void()> body);

  KernelContext &context;
  MutableArrayRef<Nest> nests;
  OpBuilder &b;
  Location loc;
  IndexMath index;
  SmallVector<Value> memrefs;
  int64_t scratchBytes;
};

} // namespace

/// Threads of a group: one where an item is small, a warp, or a block.
int64_t SharedEmitter::chooseThreads() {
  int64_t largest = 0, reductions = 1;
  for (const Nest &nest : nests) {
    largest = std::max(largest, getOwnVolume(nest, false));
    reductions = std::max(reductions,
                          getOwnVolume(nest, false) / getOwnVolume(nest, true));
  }
  int64_t items = countItems(context.plan);
  if (largest <= 8 && scratchBytes <= maxPrivateBytes)
    return 1;
  int64_t threads = CudaTarget::warp;
  while (threads < 512 && threads * 8 <= largest &&
         (threads * 32 <= largest ||
          items * threads < context.target.multiprocessors * 1024))
    threads *= 2;
  return threads;
}

void SharedEmitter::emit() {
  KernelPlan &plan = context.plan;
  int64_t items = countItems(plan), threads = chooseThreads();
  int64_t perBlock = threads > CudaTarget::warp ? 1 : 128 / threads;
  if (threads > 1)
    while (perBlock > 1 &&
           (scratchBytes * perBlock > context.target.staticShared / 2 ||
            items / perBlock < context.target.multiprocessors))
      perBlock /= 2;
  // Shared memory: scratch of each group, and one value of each warp.
  SmallVector<MemRefType> types;
  SmallVector<unsigned> scratch;
  for (auto [i, buffer] : llvm::enumerate(plan.buffers))
    if (buffer.argument < 0 && !memrefs[i]) {
      scratch.push_back(i);
      if (threads > 1)
        types.push_back(
            getSharedType(buffer.elements * perBlock, buffer.element));
    }
  int64_t warps = threads / CudaTarget::warp;
  llvm::MapVector<Type, unsigned> partials;
  if (warps > 1)
    for (Nest &nest : nests)
      for (Value init : nest.stages[0].op.getDpsInits()) {
        Type element = getElementTypeOrSelf(init.getType());
        if (partials.insert({element, types.size()}).second)
          types.push_back(getSharedType(warps, element));
      }
  Launch launch(context, llvm::divideCeil(items, perBlock), threads * perBlock,
                types);
  Value thread = launch.getThread();
  Value number = index.div(thread, threads);
  Value item = index.add(index.mul(launch.getBlock(), perBlock), number);
  for (auto [i, buffer] : llvm::enumerate(scratch)) {
    const Buffer &info = plan.buffers[buffer];
    if (threads == 1) {
      memrefs[buffer] = memref::AllocaOp::create(
          b, loc, MemRefType::get({info.elements}, info.element));
    } else if (perBlock == 1) {
      memrefs[buffer] = launch.getWorkgroup()[i];
    } else {
      OpFoldResult one = b.getIndexAttr(1),
                   size = b.getIndexAttr(info.elements),
                   offset = getAsOpFoldResult(index.mul(number, info.elements));
      memrefs[buffer] = memref::SubViewOp::create(
          b, loc, launch.getWorkgroup()[i], ArrayRef(offset), ArrayRef(size),
          ArrayRef(one));
    }
  }
  auto find = [&](Type element) -> Value {
    return launch.getWorkgroup()[partials.lookup(element)];
  };
  Group group{threads, index.rem(thread, threads), find};
  if (items % perBlock == 0) {
    emitItem(item, group);
    return;
  }
  // A group is a thread, a whole warp or a block: all of its threads agree.
  auto guard = scf::IfOp::create(b, loc, index.less(item, items),
                                 /*withElseRegion=*/false);
  b.setInsertionPointToStart(guard.thenBlock());
  emitItem(item, group);
  b.setInsertionPointAfter(guard);
}

/// Makes what threads of the group have written visible to the others.
static void synchronize(OpBuilder &b, Location loc, const Group &group) {
  if (group.size > CudaTarget::warp)
    gpu::BarrierOp::create(b, loc);
  else if (group.size > 1)
    NVVM::SyncWarpOp::create(b, loc,
                             arith::ConstantIntOp::create(b, loc, -1, 32));
}

void SharedEmitter::emitItem(Value item, Group group) {
  SmallVector<Value> sharedIvs = index.split(item, context.plan.shared);
  SmallVector<LimitedStart> starts;
  for (auto [limit, iv] : llvm::zip_equal(context.plan.sharedLimits, sharedIvs))
    starts.push_back({limit, iv});
  skipUnneeded(context, starts);
  for (auto [i, nest] : llvm::enumerate(nests)) {
    if (i)
      synchronize(b, loc, group);
    emitNest(nest, sharedIvs, group);
  }
}

/// Sets the ivs of `loops` to the iterations first, first + step, … and emits
/// `body` for each. The last loop is run `vector` iterations at a time.
void SharedEmitter::forEachIteration(const Nest &nest, TileEmitter &tile,
                                     ArrayRef<unsigned> loops, int64_t vector,
                                     Value first, int64_t step,
                                     llvm::function_ref<void()> body) {
  int64_t count = countIterations(nest, loops) / vector;
  auto at = [&](Value iteration) {
    SmallVector<int64_t> extents;
    for (unsigned loop : loops)
      extents.push_back(nest.loops[loop].extent);
    if (!extents.empty())
      extents.back() /= vector;
    for (auto [loop, digit] :
         llvm::zip_equal(loops, index.split(iteration, extents))) {
      int64_t width = loop == loops.back() ? vector : 1;
      tile.setIv(loop, index.mul(digit, width), width);
    }
    body();
  };
  OpBuilder::InsertionGuard guard(b);
  if (count <= step) {
    if (count < step) {
      auto some = scf::IfOp::create(b, loc, index.less(first, count),
                                    /*withElseRegion=*/false);
      b.setInsertionPointToStart(some.thenBlock());
    }
    at(first);
    return;
  }
  auto forOp = scf::ForOp::create(b, loc, first, index.constant(count),
                                  index.constant(step));
  b.setInsertionPointToStart(forOp.getBody());
  at(forOp.getInductionVar());
}

void SharedEmitter::emitNest(Nest &nest, ArrayRef<Value> sharedIvs,
                             Group group) {
  coalesceLoops(nest);
  TileEmitter tile(b, nest.stages[0].op.getLoc(), nest, memrefs);
  for (auto [i, loop] : llvm::enumerate(nest.loops))
    if (loop.shared >= 0)
      tile.setIv(i, sharedIvs[loop.shared]);
  SmallVector<unsigned> parallel = getParallelOrder(nest);
  int64_t outputs = countIterations(nest, parallel);
  if (group.size > 1 && outputs * 2 <= group.size &&
      getOwnVolume(nest, false) / outputs >= 8 && canSplitReduction(nest)) {
    emitTogether(nest, tile, parallel, group);
    return;
  }
  int64_t vector = 1;
  if (!parallel.empty()) {
    vector = chooseVector(nest, parallel.back(), context.plan);
    while (vector > 1 && outputs / vector < group.size)
      vector /= 2;
  }
  if (vector > 1)
    tile.setTile({{int(parallel.back()), vector}});
  forEachIteration(nest, tile, parallel, vector, group.id, group.size,
                   [&] { tile.emit(); });
}

/// All threads of the group compute each output of the nest together.
void SharedEmitter::emitTogether(Nest &nest, TileEmitter &tile,
                                 ArrayRef<unsigned> parallel, Group group) {
  SmallVector<unsigned> others = TileEmitter::getReductionOrder(nest);
  // The loop that threads share: consecutive if it is long enough.
  unsigned split = others.back();
  for (unsigned loop : others)
    if (nest.loops[split].extent < group.size &&
        nest.loops[loop].extent > nest.loops[split].extent)
      split = loop;
  llvm::erase(others, split);
  forEachIteration(nest, tile, parallel, 1, index.constant(0), 1, [&] {
    TileEmitter::Results accs =
        tile.reduce(others, Split{split, group.size, group.id},
                    tile.start(/*neutral=*/true));
    for (auto [o, values] : llvm::enumerate(accs))
      values[0] = combineInGroup(b, loc, group, values[0],
                                 [&, o = o](Value lhs, Value rhs) {
                                   return tile.combine(o, lhs, rhs);
                                 });
    auto first = scf::IfOp::create(b, loc, index.equal(group.id, 0),
                                   /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(first.thenBlock());
    tile.finish(tile.applyInit(accs));
  });
}

void dlc::schedule::emitShared(KernelContext &context,
                               MutableArrayRef<Nest> nests) {
  SharedEmitter(context, nests).emit();
}
