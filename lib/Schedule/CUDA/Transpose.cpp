//===- Transpose.cpp - Inputs that are read across the outputs ------------===//
//
// Where an input is consecutive along another loop than the outputs, threads
// that write side by side would read far apart. A block reads a square tile of
// it along the input's rows and writes along the outputs'; the tile changes
// direction in shared memory.
//
//===----------------------------------------------------------------------===//

#include "Strategies.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dlc::schedule;

/// Side of a tile; threads of a block along the other side.
static constexpr int64_t side = CudaTarget::warp, depth = 8;

/// Extents that leave most of a tile unused are not worth it.
static constexpr int64_t minSide = 12;

namespace {

/// Values of the transposed inputs, by access.
class TileCache : public TileEmitter::Cache {
public:
  Value find(const Access &access, const TileEmitter::Point &) override {
    return values.lookup(&access);
  }
  void loaded(const Access &, const TileEmitter::Point &, Value) override {}
  bool store(const Access &, const TileEmitter::Point &, Value) override {
    return false;
  }
  llvm::DenseMap<const Access *, Value> values;
};

} // namespace

/// The loop along which most of the inputs that are not consecutive along `out`
/// are; -1 if there is none.
static int findInputLoop(const Nest &nest, unsigned out) {
  for (const Stage &stage : nest.stages)
    for (const Input &input : stage.inputs) {
      if (input.kind != Input::Memory || std::abs(input.access.coef[out]) <= 1)
        continue;
      for (auto [loop, coef] : llvm::enumerate(input.access.coef))
        if (coef == 1 && nest.loops[loop].extent >= minSide)
          return loop;
    }
  return -1;
}

/// All accesses of the nest that are read along `in` although the outputs are
/// written along `out`.
static SmallVector<const Access *> findTransposed(const Nest &nest, unsigned in,
                                                  unsigned out) {
  SmallVector<const Access *> result;
  for (const Stage &stage : nest.stages)
    for (const Input &input : stage.inputs)
      if (input.kind == Input::Memory && input.access.coef[in] == 1 &&
          std::abs(input.access.coef[out]) > 1)
        result.push_back(&input.access);
  return result;
}

bool dlc::schedule::emitTranspose(KernelContext &context, Nest &nest) {
  SmallVector<unsigned> order = getParallelOrder(nest);
  if (nest.hasReduction() || order.size() < 2)
    return false;
  unsigned out = order.back();
  int in = findInputLoop(nest, out);
  if (in < 0 || nest.loops[out].extent < minSide)
    return false;
  SmallVector<const Access *> transposed = findTransposed(nest, in, out);
  SmallVector<MemRefType> memories;
  int64_t bytes = 0;
  for (const Access *access : transposed) {
    Type element = context.plan.buffers[access->buffer].element;
    memories.push_back(getSharedType(side * (side + 1), element));
    bytes += side * (side + 1) * getElementBytes(element);
  }
  if (bytes > context.target.staticShared)
    return false;

  SmallVector<int64_t> extents;
  int64_t blocks = 1;
  for (unsigned loop : order) {
    bool tiled = loop == out || int(loop) == in;
    extents.push_back(tiled ? llvm::divideCeil(nest.loops[loop].extent, side)
                            : nest.loops[loop].extent);
    blocks *= extents.back();
  }
  Launch launch(context, blocks, side * depth, memories);
  OpBuilder &b = context.b;
  Location loc = context.loc;
  IndexMath index(b, loc);
  Value x = index.rem(launch.getThread(), side),
        y = index.div(launch.getThread(), side);
  SmallVector<Value> digits = index.split(launch.getBlock(), extents);
  SmallVector<LimitedStart> starts;
  for (auto [loop, digit] : llvm::zip_equal(order, digits)) {
    bool tiled = loop == out || int(loop) == in;
    starts.push_back(
        {nest.loops[loop].limit, index.mul(digit, tiled ? side : 1)});
  }
  skipUnneeded(context, starts);
  // One element of the tile: `inAt` along the input, `outAt` along the outputs.
  auto visit = [&](Value inAt, Value outAt,
                   llvm::function_ref<void(TileEmitter &)> body) {
    TileEmitter tile(b, loc, nest, context.memrefs);
    Value inside;
    for (auto [loop, digit] : llvm::zip_equal(order, digits)) {
      if (loop != out && int(loop) != in) {
        tile.setIv(loop, digit);
        continue;
      }
      Value at = index.add(index.mul(digit, side), loop == out ? outAt : inAt);
      tile.setIv(loop, at);
      if (nest.loops[loop].extent % side == 0)
        continue;
      Value below = index.less(at, nest.loops[loop].extent);
      inside = inside ? index.both(inside, below) : below;
    }
    OpBuilder::InsertionGuard insertion(b);
    if (inside) {
      auto guard = scf::IfOp::create(b, loc, inside, /*withElseRegion=*/false);
      b.setInsertionPointToStart(guard.thenBlock());
    }
    body(tile);
  };
  // [out][in], with lines of different banks.
  auto place = [&](Value outAt, Value inAt) {
    return index.add(index.mul(outAt, side + 1), inAt);
  };
  TileEmitter::Point origin(nest.loops.size(), 0);
  for (int64_t i = 0; i < side; i += depth) {
    Value outAt = index.add(y, i);
    visit(x, outAt, [&](TileEmitter &tile) {
      for (auto [access, memory] :
           llvm::zip_equal(transposed, launch.getWorkgroup()))
        memref::StoreOp::create(b, loc, tile.load(*access, origin).front(),
                                memory, place(outAt, x));
    });
  }
  gpu::BarrierOp::create(b, loc);
  for (int64_t i = 0; i < side; i += depth) {
    Value inAt = index.add(y, i);
    visit(inAt, x, [&](TileEmitter &tile) {
      TileCache cache;
      for (auto [access, memory] :
           llvm::zip_equal(transposed, launch.getWorkgroup()))
        cache.values[access] =
            memref::LoadOp::create(b, loc, memory, place(x, inAt));
      tile.setCache(&cache);
      tile.emit();
    });
  }
  return true;
}
