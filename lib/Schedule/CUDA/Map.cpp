//===- Map.cpp - A thread for a few outputs -------------------------------===//

#include "Strategies.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dlc::schedule;

/// Threads of a block: enough warps to hide latencies, few enough that the last
/// blocks of a grid do not leave much idle.
static constexpr int64_t mapThreads = 256;

void dlc::schedule::emitMap(KernelContext &context, Nest &nest) {
  SmallVector<unsigned> order = getParallelOrder(nest);
  int64_t outputs = countIterations(nest, order);
  // A thread computes a vector of outputs, unless too few threads are left.
  int64_t wanted = context.target.multiprocessors * mapThreads;
  int64_t vector = 1, tail = 0;
  if (!order.empty()) {
    unsigned inner = order.back();
    vector = chooseVector(nest, inner, context.plan);
    if (order.size() == 1 && vector < 4 && outputs >= wanted &&
        !nest.hasReduction()) {
      vector = 4;
      tail = outputs % vector;
    }
    while (vector > 1 && !tail && nest.hasReduction() &&
           outputs / vector < wanted)
      vector /= 2;
  }
  int64_t items = outputs / vector + (tail ? 1 : 0);
  int64_t threads =
      std::min<int64_t>(mapThreads, llvm::alignTo(items, CudaTarget::warp));
  while (threads > 64 && items / threads < context.target.multiprocessors)
    threads /= 2;
  Launch launch(context, llvm::divideCeil(items, threads), threads);
  OpBuilder &b = context.b;
  IndexMath index(b, context.loc);
  Value item =
      index.add(index.mul(launch.getBlock(), threads), launch.getThread());

  auto emitTile = [&](int64_t count) {
    TileEmitter tile(b, context.loc, nest, context.memrefs);
    SmallVector<int64_t> extents;
    for (unsigned loop : order)
      extents.push_back(nest.loops[loop].extent);
    if (!order.empty())
      extents.back() = llvm::divideCeil(extents.back(), vector);
    SmallVector<Value> digits = index.split(item, extents);
    for (auto [loop, digit] : llvm::zip_equal(order, digits)) {
      bool inner = loop == order.back();
      tile.setIv(loop, index.mul(digit, inner ? vector : 1),
                 inner ? vector : 1);
    }
    if (count > 1)
      tile.setTile({{int(order.back()), count}});
    tile.emit();
  };
  auto guarded = [&](Value condition, int64_t count) {
    auto guard =
        scf::IfOp::create(b, context.loc, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard insertion(b);
    b.setInsertionPointToStart(guard.thenBlock());
    emitTile(count);
  };
  int64_t whole = outputs / vector;
  if (whole % threads == 0 && !tail)
    emitTile(vector);
  else
    guarded(index.less(item, whole), vector);
  if (tail)
    guarded(index.equal(item, whole), tail);
}
