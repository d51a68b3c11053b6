//===- Rows.cpp - Chains of nests over rows that stay in registers --------===//
//
// Softmax, normalisations and the like: nests that share the loops over rows
// and have one more loop, along the row. The threads of a group have the same
// elements of the row in all of the nests, so that what is read or computed
// once stays in their registers: memory is read once and written once.
//
//===----------------------------------------------------------------------===//

#include "Strategies.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include <set>

using namespace mlir;
using namespace dlc::schedule;

/// Elements of a row that one thread may have: registers for a few values of
/// each.
static constexpr int64_t maxElements = 24;

namespace {

/// What an access addresses, in terms that all nests share.
struct RowAddress {
  unsigned buffer;
  int64_t base, alongRow;
  SmallVector<int64_t> shared;

  static RowAddress of(const Access &access, const Nest &nest,
                       unsigned numShared) {
    RowAddress address{access.buffer, access.base, 0,
                       SmallVector<int64_t>(numShared, 0)};
    for (auto [loop, coef] : llvm::zip_equal(nest.loops, access.coef)) {
      if (loop.shared >= 0)
        address.shared[loop.shared] += coef;
      else
        address.alongRow = coef;
    }
    return address;
  }
  bool operator<(const RowAddress &other) const {
    return std::tie(buffer, base, alongRow, shared) <
           std::tie(other.buffer, other.base, other.alongRow, other.shared);
  }
};

/// How rows are laid out over threads.
struct RowShape {
  int64_t rows = 1, length = 1;
  /// Threads of a group; consecutive elements of a thread; runs of these that
  /// all threads have, and whether some have one more.
  int64_t threads = 32, vector = 1, runs = 0;
  bool tail = false;
  int64_t perBlock = 1;
};

/// Values of the row in registers.
class RowCache : public TileEmitter::Cache {
public:
  explicit RowCache(const KernelPlan &plan) : plan(plan) {}
  /// What follows is for `nest`, for the tail of the row or for the rest.
  void enter(const Nest &newNest, bool newTail) {
    nest = &newNest;
    tail = newTail;
  }
  Value find(const Access &access, const TileEmitter::Point &point) override {
    return values.lookup(getKey(access, point));
  }
  void loaded(const Access &access, const TileEmitter::Point &point,
              Value value) override {
    values[getKey(access, point)] = value;
  }
  bool store(const Access &access, const TileEmitter::Point &point,
             Value value) override {
    values[getKey(access, point)] = value;
    return plan.buffers[access.buffer].argument < 0 && !isGlobal(access.buffer);
  }
  std::function<bool(unsigned)> isGlobal;

private:
  /// Number of the address, and of the element of this thread (-1: one value
  /// for the row).
  using Key = std::pair<int64_t, int64_t>;
  Key getKey(const Access &access, const TileEmitter::Point &point) {
    RowAddress address = RowAddress::of(access, *nest, plan.shared.size());
    auto number =
        int64_t(numbers.insert({address, numbers.size()}).first->second);
    if (address.alongRow == 0)
      return {number, -1};
    int64_t element = 0;
    for (auto [loop, at] : llvm::zip_equal(nest->loops, point))
      if (loop.shared < 0)
        element = at;
    return {number, element * 2 + tail};
  }

  const KernelPlan &plan;
  const Nest *nest = nullptr;
  bool tail = false;
  std::map<RowAddress, size_t> numbers;
  llvm::DenseMap<Key, Value> values;
};

class RowEmitter {
public:
  RowEmitter(KernelContext &context, MutableArrayRef<Nest> nests,
             const RowShape &shape)
      : context(context), nests(nests), shape(shape), b(context.b),
        loc(context.loc), index(context.b, context.loc), cache(context.plan) {
    cache.isGlobal = [&](unsigned buffer) {
      return bool(context.memrefs[buffer]);
    };
  }
  void emit();

private:
  void emitNest(Nest &nest, ArrayRef<Value> sharedIvs);
  void emitReduction(Nest &nest, TileEmitter &tile, unsigned loop);
  void setPart(TileEmitter &tile, unsigned loop, bool tail);
  SmallVector<int64_t> getElements(bool tail) const;

  KernelContext &context;
  MutableArrayRef<Nest> nests;
  const RowShape &shape;
  OpBuilder &b;
  Location loc;
  IndexMath index;
  RowCache cache;
  Group group;
  /// Where this thread's elements begin: all runs, and the last one, for which
  /// `inTail` tells whether the row still has it.
  Value begin, tailBegin, inTail;
  /// Whether this group has a row; null if all have.
  Value hasRow;
};

} // namespace

//===----------------------------------------------------------------------===//
// Which kernels
//===----------------------------------------------------------------------===//

/// The loop of a nest along the row, or -1.
static int getRowLoop(const Nest &nest) {
  for (auto [i, loop] : llvm::enumerate(nest.loops))
    if (loop.shared < 0)
      return i;
  return -1;
}

/// Whether scratch is only read where the same thread has written it, so that
/// it needs no memory.
static bool staysInRegisters(KernelContext &context, ArrayRef<Nest> nests) {
  std::set<RowAddress> written;
  unsigned numShared = context.plan.shared.size();
  for (const Nest &nest : nests)
    for (const Stage &stage : nest.stages) {
      if (!stage.gathers.empty())
        return false;
      auto isKnown = [&](const Access &access) {
        return context.memrefs[access.buffer] ||
               written.count(RowAddress::of(access, nest, numShared));
      };
      for (const Input &input : stage.inputs)
        if (input.kind == Input::Memory && !isKnown(input.access))
          return false;
      for (const Output &output : stage.outputs) {
        if (output.load && !isKnown(*output.load))
          return false;
        if (output.store)
          written.insert(RowAddress::of(*output.store, nest, numShared));
      }
    }
  return true;
}

/// The elements a thread should have side by side.
static int64_t chooseRowVector(MutableArrayRef<Nest> nests,
                               const KernelPlan &plan) {
  int64_t vector = 4;
  for (Nest &nest : nests)
    if (int loop = getRowLoop(nest); loop >= 0)
      vector = std::min(vector, chooseVector(nest, loop, plan));
  return vector;
}

static std::optional<RowShape> chooseRowShape(KernelContext &context,
                                              MutableArrayRef<Nest> nests) {
  RowShape shape;
  for (int64_t extent : context.plan.shared)
    shape.rows *= extent;
  int64_t consecutive = 0, strided = 0;
  for (Nest &nest : nests) {
    unsigned own = llvm::count_if(
        nest.loops, [](const Loop &loop) { return loop.shared < 0; });
    if (own > 1 || (nest.hasReduction() && !canSplitReduction(nest)))
      return std::nullopt;
    int loop = getRowLoop(nest);
    if (loop < 0)
      continue;
    int64_t extent = nest.loops[loop].extent;
    if (shape.length != 1 && shape.length != extent)
      return std::nullopt;
    shape.length = extent;
    nest.forEachAccess([&](Access &access) {
      if (context.memrefs[access.buffer] && access.coef[loop] != 0)
        ++(access.coef[loop] == 1 ? consecutive : strided);
    });
  }
  if (shape.length == 1 || strided > consecutive ||
      !staysInRegisters(context, nests))
    return std::nullopt;
  shape.vector = chooseRowVector(nests, context.plan);
  auto elements = [&]() -> int64_t {
    return llvm::divideCeil(shape.length, shape.threads * shape.vector) *
           shape.vector;
  };
  shape.threads = 4;
  int64_t busy = context.target.multiprocessors * 1024;
  while (shape.threads < 1024 &&
         (elements() > maxElements ||
          (elements() > shape.vector && (shape.threads < CudaTarget::warp ||
                                         shape.rows * shape.threads < busy))))
    shape.threads *= 2;
  if (elements() > maxElements)
    return std::nullopt;
  shape.runs = shape.length / (shape.threads * shape.vector);
  shape.tail = shape.length % (shape.threads * shape.vector) != 0;
  shape.perBlock = shape.threads > CudaTarget::warp ? 1 : 128 / shape.threads;
  while (shape.perBlock > 1 &&
         shape.perBlock * shape.threads > CudaTarget::warp &&
         shape.rows / shape.perBlock < context.target.multiprocessors)
    shape.perBlock /= 2;
  return shape;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

void RowEmitter::emit() {
  // Shared memory for one value of each warp.
  SmallVector<MemRefType> types;
  llvm::MapVector<Type, unsigned> partials;
  if (shape.threads > CudaTarget::warp)
    for (Nest &nest : nests)
      for (Value init : nest.stages[0].op.getDpsInits()) {
        Type element = getElementTypeOrSelf(init.getType());
        if (nest.hasReduction() &&
            partials.insert({element, types.size()}).second)
          types.push_back(
              getSharedType(shape.threads / CudaTarget::warp, element));
      }
  Launch launch(context, llvm::divideCeil(shape.rows, shape.perBlock),
                shape.threads * shape.perBlock, types);
  auto find = [&](Type element) -> Value {
    return launch.getWorkgroup()[partials.lookup(element)];
  };
  Value thread = launch.getThread();
  Value number = index.add(index.mul(launch.getBlock(), shape.perBlock),
                           index.div(thread, shape.threads));
  // All threads take part in shuffles and barriers; groups without a row
  // compute the last one once more, and store nothing.
  Value row = number;
  if (shape.rows % shape.perBlock != 0) {
    hasRow = index.less(number, shape.rows);
    row = index.min(number, shape.rows - 1);
  }
  group = {shape.threads, index.rem(thread, shape.threads), find};
  begin = index.mul(group.id, shape.vector);
  if (shape.tail) {
    Value at = index.add(begin, shape.runs * shape.threads * shape.vector);
    inTail = index.less(at, shape.length);
    tailBegin = index.min(at, shape.length - shape.vector);
  }
  skipUnneeded(context,
               getStarts(index, index.mul(launch.getBlock(), shape.perBlock),
                         context.plan.shared, context.plan.sharedLimits,
                         shape.perBlock));
  SmallVector<Value> sharedIvs = index.split(row, context.plan.shared);
  for (Nest &nest : nests)
    emitNest(nest, sharedIvs);
}

/// The offsets of a thread's elements from `begin` or `tailBegin`.
SmallVector<int64_t> RowEmitter::getElements(bool tail) const {
  SmallVector<int64_t> offsets;
  for (int64_t run = 0; run < (tail ? 1 : shape.runs); ++run)
    for (int64_t i = 0; i < shape.vector; ++i)
      offsets.push_back(run * shape.threads * shape.vector + i);
  return offsets;
}

void RowEmitter::emitNest(Nest &nest, ArrayRef<Value> sharedIvs) {
  TileEmitter tile(b, nest.stages[0].op.getLoc(), nest, context.memrefs);
  tile.setCache(&cache);
  for (auto [i, loop] : llvm::enumerate(nest.loops))
    if (loop.shared >= 0)
      tile.setIv(i, sharedIvs[loop.shared]);
  int loop = getRowLoop(nest);
  auto guard = [&](Value condition) {
    return !condition ? hasRow
                      : (hasRow ? index.both(condition, hasRow) : condition);
  };
  if (loop < 0 || nest.hasReduction()) {
    // One value for the row: all threads compute it, the first one stores it.
    cache.enter(nest, false);
    tile.setStoreGuard(guard(index.equal(group.id, 0)));
    if (loop >= 0)
      emitReduction(nest, tile, loop);
    else
      tile.emit();
    return;
  }
  for (bool tail : {false, true}) {
    if (tail ? !shape.tail : shape.runs == 0)
      continue;
    cache.enter(nest, tail);
    tile.setStoreGuard(guard(tail ? inTail : Value()));
    tile.setIv(loop, tail ? tailBegin : begin, shape.vector);
    SmallVector<TileEmitter::Point> points;
    for (int64_t offset : getElements(tail)) {
      points.push_back(TileEmitter::Point(nest.loops.size(), 0));
      points.back()[loop] = offset;
    }
    tile.setPoints(points);
    tile.emit();
  }
}

void RowEmitter::emitReduction(Nest &nest, TileEmitter &tile, unsigned loop) {
  TileEmitter::Results accs = tile.start(/*neutral=*/true);
  for (bool tail : {false, true}) {
    if (tail ? !shape.tail : shape.runs == 0)
      continue;
    cache.enter(nest, tail);
    tile.setIv(loop, tail ? tailBegin : begin, shape.vector);
    SmallVector<TileEmitter::Point> shifts;
    for (int64_t offset : getElements(tail)) {
      shifts.push_back(TileEmitter::Point(nest.loops.size(), 0));
      shifts.back()[loop] = offset;
    }
    TileEmitter::Results next = tile.step(shifts, accs);
    for (auto [o, values] : llvm::enumerate(next))
      accs[o][0] =
          tail ? arith::SelectOp::create(b, loc, inTail, values[0], accs[o][0])
               : values[0];
  }
  for (auto [o, values] : llvm::enumerate(accs))
    values[0] = combineInGroup(
        b, loc, group, values[0],
        [&, o = o](Value lhs, Value rhs) { return tile.combine(o, lhs, rhs); });
  tile.setIv(loop, Value());
  cache.enter(nest, false);
  tile.finish(tile.applyInit(accs));
}

bool dlc::schedule::emitRows(KernelContext &context,
                             MutableArrayRef<Nest> nests) {
  for (Nest &nest : nests)
    coalesceLoops(nest);
  std::optional<RowShape> shape = chooseRowShape(context, nests);
  if (!shape)
    return false;
  RowEmitter(context, nests, *shape).emit();
  return true;
}
