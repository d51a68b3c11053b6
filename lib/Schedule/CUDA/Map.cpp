//===- Map.cpp - A thread for a few outputs -------------------------------===//

#include "Strategies.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dlc::schedule;

/// Threads of a block: enough warps to hide latencies, few enough that the last
/// blocks of a grid do not leave much idle.
static constexpr int64_t mapThreads = 256;

namespace {

/// The outputs of one thread.
struct MapShape {
  /// Parallel loops, the last one the fastest.
  SmallVector<unsigned> order;
  /// Consecutive outputs along the last loop; what the last thread has instead.
  int64_t vector = 1, tail = 0;
  /// Iterations of another loop, along which windows overlap.
  int rowLoop = -1;
  int64_t rows = 1;

  int64_t perThread() const { return vector * rows; }
};

} // namespace

/// A parallel loop for whose neighbouring iterations windows of an input
/// overlap; -1 if there is none.
static int findOverlap(const Nest &nest, ArrayRef<unsigned> order) {
  for (unsigned loop : llvm::reverse(order.drop_back()))
    for (const Input &input : nest.stages[0].inputs) {
      if (input.kind != Input::Memory || input.access.coef[loop] <= 0)
        continue;
      for (auto [info, coef] : llvm::zip_equal(nest.loops, input.access.coef))
        if (info.reduction && coef > 0 && info.extent <= 16 &&
            input.access.coef[loop] % coef == 0 &&
            input.access.coef[loop] < coef * info.extent)
          return loop;
    }
  return -1;
}

static MapShape chooseMapShape(Nest &nest, const KernelContext &context) {
  MapShape shape;
  shape.order = getParallelOrder(nest);
  if (shape.order.empty())
    return shape;
  int64_t outputs = countIterations(nest, shape.order);
  // A thread computes several outputs, unless too few threads are left.
  int64_t wanted = context.target.multiprocessors * mapThreads;
  shape.vector = chooseVector(nest, shape.order.back(), context.plan);
  if (!nest.hasReduction()) {
    if (shape.order.size() == 1 && shape.vector < 4 && outputs >= wanted) {
      shape.vector = 4;
      shape.tail = outputs % shape.vector;
    }
    return shape;
  }
  while (shape.vector > 1 && outputs / shape.vector < wanted)
    shape.vector /= 2;
  shape.rowLoop = findOverlap(nest, shape.order);
  if (shape.rowLoop < 0)
    return shape;
  for (int64_t rows : {4, 2})
    if (nest.loops[shape.rowLoop].extent % rows == 0 &&
        outputs / (shape.vector * rows) >= wanted) {
      shape.rows = rows;
      break;
    }
  return shape;
}

/// Emits one thread's tile with `count` outputs along the last loop.
static void emitMapTile(KernelContext &context, Nest &nest,
                        const MapShape &shape, Value item, int64_t count) {
  IndexMath index(context.b, context.loc);
  TileEmitter tile(context.b, context.loc, nest, context.memrefs);
  SmallVector<int64_t> extents, widths;
  for (unsigned loop : shape.order) {
    widths.push_back(loop == shape.order.back()   ? shape.vector
                     : int(loop) == shape.rowLoop ? shape.rows
                                                  : 1);
    extents.push_back(llvm::divideCeil(nest.loops[loop].extent, widths.back()));
  }
  SmallVector<Value> digits = index.split(item, extents);
  OpBuilder::InsertionGuard insertion(context.b);
  SmallVector<LimitedStart> starts;
  for (auto [loop, digit, width] :
       llvm::zip_equal(shape.order, digits, widths)) {
    Value start = index.mul(digit, width);
    tile.setIv(loop, start, width);
    starts.push_back({nest.loops[loop].limit, start});
  }
  skipUnneeded(context, starts);
  SmallVector<TileDim> dims;
  if (shape.rows > 1)
    dims.push_back({shape.rowLoop, shape.rows});
  if (count > 1)
    dims.push_back({int(shape.order.back()), count});
  tile.setTile(dims);
  tile.emit();
}

void dlc::schedule::emitMap(KernelContext &context, Nest &nest) {
  MapShape shape = chooseMapShape(nest, context);
  int64_t whole = countIterations(nest, shape.order) / shape.perThread();
  int64_t items = whole + (shape.tail ? 1 : 0);
  int64_t threads =
      std::min<int64_t>(mapThreads, llvm::alignTo(items, CudaTarget::warp));
  while (threads > 64 && items / threads < context.target.multiprocessors)
    threads /= 2;
  Launch launch(context, llvm::divideCeil(items, threads), threads);
  OpBuilder &b = context.b;
  IndexMath index(b, context.loc);
  Value item =
      index.add(index.mul(launch.getBlock(), threads), launch.getThread());
  auto guarded = [&](Value condition, int64_t count) {
    auto guard =
        scf::IfOp::create(b, context.loc, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard insertion(b);
    b.setInsertionPointToStart(guard.thenBlock());
    emitMapTile(context, nest, shape, item, count);
  };
  if (whole % threads == 0 && !shape.tail)
    emitMapTile(context, nest, shape, item, shape.vector);
  else
    guarded(index.less(item, whole), shape.vector);
  if (shape.tail)
    guarded(index.equal(item, whole), shape.tail);
}
