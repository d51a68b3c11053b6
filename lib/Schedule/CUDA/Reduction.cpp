//===- Reduction.cpp - Several threads for one output ---------------------===//

#include "Strategies.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dlc::schedule;

/// Outputs of one tile: as many accumulators in registers, and partial results
/// in shared memory for each thread.
static constexpr int64_t maxPoints = 8;

namespace {

/// How a nest's reduction is shared by threads.
struct Shape {
  /// The loop whose iterations threads share, and the others.
  unsigned split = 0;
  SmallVector<unsigned> others;
  /// Parallel loops; `rows` iterations of `rowLoop`, and `vector` ones of the
  /// last, are computed by the same threads.
  SmallVector<unsigned> parallel;
  int rowLoop = -1;
  int64_t rows = 1, vector = 1;
  /// Threads for one tile of outputs, and tiles side by side in a block: with
  /// `columns` neighbouring threads have neighbouring tiles, without them
  /// neighbouring parts of the reduction.
  int64_t threads = 1, tiles = 1;
  bool columns = false;
  /// Tiles of outputs in all.
  int64_t items = 1;
};

} // namespace

/// Elements of all inputs that are consecutive along `loop`.
static int64_t countConsecutive(const Nest &nest, unsigned loop) {
  int64_t count = 0;
  for (const Input &input : nest.stages[0].inputs) {
    if (input.kind != Input::Memory || input.access.coef[loop] != 1)
      continue;
    int64_t elements = 1;
    for (auto [info, coef] : llvm::zip_equal(nest.loops, input.access.coef))
      if (coef != 0)
        elements *= info.extent;
    count += elements;
  }
  return count;
}

/// A parallel loop over which some input is the same, so that a thread that
/// computes several of its iterations reads that input once.
static int findReuseLoop(const Nest &nest, ArrayRef<unsigned> parallel,
                         int except) {
  for (unsigned loop : parallel) {
    if (int(loop) == except || nest.loops[loop].extent > maxPoints)
      continue;
    for (const Input &input : nest.stages[0].inputs)
      if (input.kind == Input::Memory && input.access.coef[loop] == 0)
        return loop;
  }
  return -1;
}

static std::optional<Shape> chooseShape(KernelContext &context, Nest &nest) {
  if (!canSplitReduction(nest))
    return std::nullopt;
  Shape shape;
  shape.parallel = getParallelOrder(nest);
  int64_t outputs = countIterations(nest, shape.parallel);
  SmallVector<unsigned> loops;
  for (auto [index, loop] : llvm::enumerate(nest.loops))
    if (loop.reduction)
      loops.push_back(index);
  int64_t volume = countIterations(nest, loops);
  // Prefer a loop with consecutive inputs, then the longest one.
  shape.split = loops.front();
  for (unsigned loop : loops) {
    auto key = [&](unsigned l) {
      return std::pair(countConsecutive(nest, l) > 0 &&
                           nest.loops[l].extent >= 8,
                       nest.loops[l].extent);
    };
    if (key(loop) > key(shape.split))
      shape.split = loop;
  }
  for (unsigned loop : loops)
    if (loop != shape.split)
      shape.others.push_back(loop);

  const CudaTarget &target = context.target;
  int64_t busy = target.multiprocessors * 512; // threads that fill the GPU
  int64_t extent = nest.loops[shape.split].extent;
  bool rowsAreConsecutive = countConsecutive(nest, shape.split) > 0;
  bool outputsAreConsecutive =
      !shape.parallel.empty() &&
      countConsecutive(nest, shape.parallel.back()) > 0;
  shape.columns = outputsAreConsecutive &&
                  countConsecutive(nest, shape.split) <
                      countConsecutive(nest, shape.parallel.back());
  if (volume < 32 || extent < 8 ||
      ((shape.columns || !rowsAreConsecutive) && outputs >= busy))
    return std::nullopt;

  shape.rowLoop = findReuseLoop(
      nest, shape.parallel, shape.columns ? int(shape.parallel.back()) : -1);
  if (shape.rowLoop >= 0)
    shape.rows = nest.loops[shape.rowLoop].extent;
  outputs /= shape.rows;
  if (shape.columns) {
    shape.vector = chooseVector(nest, shape.parallel.back(), context.plan);
    while (shape.vector > 1 && (outputs / shape.vector < busy / 8 ||
                                shape.vector * shape.rows > maxPoints))
      shape.vector /= 2;
    shape.items = outputs / shape.vector;
    shape.tiles = CudaTarget::warp;
    shape.threads = 2;
    while (shape.threads < 16 && shape.threads * 4 <= extent &&
           shape.items * shape.threads < busy)
      shape.threads *= 2;
    return shape;
  }
  shape.items = outputs;
  // A warp, unless there is too little to do for one, or too few of them.
  int64_t steps = llvm::divideCeil(extent, rowsAreConsecutive ? 4 : 1);
  shape.threads = 2;
  while (
      shape.threads < 512 && shape.threads * 2 <= steps &&
      (shape.threads < CudaTarget::warp || shape.items * shape.threads < busy))
    shape.threads *= 2;
  // Several warps have memory for the partial results of one tile only.
  if (shape.threads <= CudaTarget::warp)
    shape.tiles = 128 / shape.threads;
  return shape;
}

/// Sums up over the threads of a block whose numbers differ in the high part:
/// they hand their values to the first of them through shared memory. Runs
/// `finish` in that one.
static void combineColumns(KernelContext &context, const Shape &shape,
                           TileEmitter &tile, Value column, Value part,
                           Value writes, ArrayRef<Value> memories,
                           const TileEmitter::Results &accs) {
  OpBuilder &b = context.b;
  Location loc = context.loc;
  IndexMath index(b, loc);
  int64_t count = tile.getPoints().size();
  // [part][point][column]
  auto place = [&](Value ofPart, int64_t point) {
    return index.add(index.mul(ofPart, count * shape.tiles),
                     index.add(column, point * shape.tiles));
  };
  for (auto [o, values] : llvm::enumerate(accs))
    for (auto [p, value] : llvm::enumerate(values))
      memref::StoreOp::create(b, loc, value, memories[o], place(part, p));
  gpu::BarrierOp::create(b, loc);
  Value condition = index.equal(part, 0);
  if (writes)
    condition = index.both(condition, writes);
  auto first = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  b.setInsertionPointToStart(first.thenBlock());
  TileEmitter::Results totals = accs;
  for (auto [o, values] : llvm::enumerate(totals))
    for (auto [p, value] : llvm::enumerate(values))
      for (int64_t other = 1; other < shape.threads; ++other)
        value = tile.combine(
            o, value,
            memref::LoadOp::create(b, loc, memories[o],
                                   place(index.constant(other), p)));
  tile.finish(tile.applyInit(totals));
  b.setInsertionPointAfter(first);
}

bool dlc::schedule::emitReduction(KernelContext &context, Nest &nest) {
  std::optional<Shape> chosen = chooseShape(context, nest);
  if (!chosen)
    return false;
  Shape &shape = *chosen;
  OpBuilder &b = context.b;
  Location loc = context.loc;
  int64_t points = shape.rows * shape.vector;
  SmallVector<MemRefType> memories;
  for (Value init : nest.stages[0].op.getDpsInits()) {
    Type element = getElementTypeOrSelf(init.getType());
    if (shape.columns)
      memories.push_back(
          getSharedType(shape.threads * points * shape.tiles, element));
    else if (shape.threads > CudaTarget::warp)
      memories.push_back(
          getSharedType(shape.threads / CudaTarget::warp, element));
  }
  Launch launch(context, llvm::divideCeil(shape.items, shape.tiles),
                shape.threads * shape.tiles, memories);
  IndexMath index(b, loc);
  Value thread = launch.getThread();
  int64_t inner = shape.columns ? shape.tiles : shape.threads;
  Value low = index.rem(thread, inner), high = index.div(thread, inner);
  Value part = shape.columns ? high : low;
  Value number = index.add(index.mul(launch.getBlock(), shape.tiles),
                           shape.columns ? low : high);
  // All threads take part in shuffles and barriers. What is too many computes
  // the last item once more, and stores nothing.
  bool ragged = shape.items % shape.tiles != 0;
  Value item = ragged ? index.min(number, shape.items - 1) : number;

  TileEmitter tile(b, loc, nest, context.memrefs);
  SmallVector<int64_t> extents;
  for (unsigned loop : shape.parallel)
    extents.push_back(int(loop) == shape.rowLoop ? 1 : nest.loops[loop].extent);
  if (!extents.empty())
    extents.back() /= shape.vector;
  SmallVector<std::optional<Limit>> limits;
  for (unsigned loop : shape.parallel) {
    // Digits count vectors of the last loop.
    std::optional<Limit> limit = nest.loops[loop].limit;
    bool isCut = int(loop) == shape.rowLoop ||
                 (loop == shape.parallel.back() && shape.vector > 1);
    limits.push_back(isCut ? std::nullopt : limit);
  }
  skipUnneeded(context,
               getStarts(index, index.mul(launch.getBlock(), shape.tiles),
                         extents, limits, shape.tiles));
  SmallVector<Value> digits = index.split(item, extents);
  for (auto [loop, digit] : llvm::zip_equal(shape.parallel, digits)) {
    bool last = loop == shape.parallel.back();
    if (int(loop) == shape.rowLoop)
      tile.setIv(loop, index.constant(0), 0);
    else
      tile.setIv(loop, index.mul(digit, last ? shape.vector : 1),
                 last ? shape.vector : 1);
  }
  SmallVector<TileDim> dims;
  if (shape.rows > 1)
    dims.push_back({shape.rowLoop, shape.rows});
  if (shape.vector > 1)
    dims.push_back({int(shape.parallel.back()), shape.vector});
  tile.setTile(dims);

  TileEmitter::Results accs =
      tile.reduce(shape.others, Split{shape.split, shape.threads, part},
                  tile.start(/*neutral=*/true));
  SmallVector<Value> shared(launch.getWorkgroup().begin(),
                            launch.getWorkgroup().end());
  Value writes = ragged ? index.less(number, shape.items) : Value();
  if (shape.columns) {
    combineColumns(context, shape, tile, low, part, writes, shared, accs);
    return true;
  }
  for (auto [o, values] : llvm::enumerate(accs))
    for (Value &value : values) {
      auto partials = [&, o = o](Type) { return shared[o]; };
      Group group{shape.threads, part, partials};
      value =
          combineInGroup(b, loc, group, value, [&, o = o](Value x, Value y) {
            return tile.combine(o, x, y);
          });
    }
  Value first = index.equal(part, 0);
  if (writes)
    first = index.both(first, writes);
  auto guard = scf::IfOp::create(b, loc, first, /*withElseRegion=*/false);
  b.setInsertionPointToStart(guard.thenBlock());
  tile.finish(tile.applyInit(accs));
  b.setInsertionPointAfter(guard);
  return true;
}
