//===- ContractionEmitter.cpp - Code for block tiles ----------------------===//
//
// A block computes a tile of rows and columns of the result. Tiles of both
// operands go through shared memory, several of them in flight; a thread keeps
// its part of the result in registers. With `splits`, blocks share the
// reduction.
//
//===----------------------------------------------------------------------===//

#include "OperandTiles.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace dlc::schedule;

namespace {

class ContractionEmitter {
public:
  ContractionEmitter(KernelContext &context, Nest &nest, const Contraction &c)
      : context(context), b(context.b), loc(context.loc),
        index(context.b, context.loc), nest(nest), c(c) {}
  void emit();
  void emitSum();

private:
  void emitBlock(const Launch &launch);
  SmallVector<Value> accumulate(OperandTiles &rows, OperandTiles &columns,
                                Value firstDepth);
  SmallVector<Value> addTiles(OperandTiles &rows, OperandTiles &columns,
                              Value firstDepth, Value begin, Value end,
                              ValueRange inits);
  void copyTile(OperandTiles &rows, OperandTiles &columns, Value firstDepth,
                Value tile);
  Value commit();
  Value countTiles();
  SmallVector<Value> multiply(OperandTiles &rows, OperandTiles &columns,
                              Value stage, ValueRange accs);
  void store(OperandTiles &rows, OperandTiles &columns, ValueRange accs);
  void storePoint(Value row, Value column, ArrayRef<Value> values);
  void finishPoint(Value row, Value column, ArrayRef<Value> values);
  Value getPartialAddress(Value part, Value batchNumber, Value row,
                          Value column);
  /// Whether `width` neighbouring columns are iterations of one loop.
  bool isOneLoop(int64_t width) const {
    return nest.loops[c.columns.loops.back()].extent % width == 0;
  }

  KernelContext &context;
  OpBuilder &b;
  Location loc;
  IndexMath index;
  Nest &nest;
  const Contraction &c;
  /// The thread's place in the block's tile; the block's tile.
  Value rowLane, columnLane, lane, warpRow, warpColumn;
  Value firstRow, firstColumn, batch, split;
  /// Tiles along the reduction that the block multiplies, where that is known
  /// when the kernel runs; else null, and it is all of them.
  Value tiles;
};

} // namespace

SmallVector<LimitedStart>
dlc::schedule::getTileStarts(IndexMath &index, const Nest &nest,
                             const Contraction &c, Value batch, Value row,
                             Value column, int64_t rows, int64_t columns) {
  SmallVector<LimitedStart> starts;
  auto add = [&](ArrayRef<unsigned> loops, Value first, int64_t count) {
    SmallVector<int64_t> extents;
    SmallVector<std::optional<Limit>> limits;
    for (unsigned loop : loops) {
      extents.push_back(nest.loops[loop].extent);
      limits.push_back(nest.loops[loop].limit);
    }
    llvm::append_range(starts, getStarts(index, first, extents, limits, count));
  };
  add(c.batch, batch, 1);
  add(c.rows.loops, row, rows);
  if (column)
    add(c.columns.loops, column, columns);
  return starts;
}

void ContractionEmitter::emit() {
  auto bufferOf = [&](const ContractionOperand &operand) {
    return OperandTiles(context, nest, c, operand, Value()).getBufferType();
  };
  Launch launch(context, c.splits * c.batches * c.rowTiles() * c.columnTiles(),
                c.threads(), {bufferOf(c.rows), bufferOf(c.columns)});
  launch.useManyRegisters();
  Value thread = launch.getThread();
  if (c.unit == Unit::Fma) {
    int64_t columnLanes = c.columns.tile / c.columns.perThread;
    columnLane = index.rem(thread, columnLanes);
    rowLane = index.div(thread, columnLanes);
  } else {
    lane = index.rem(thread, CudaTarget::warp);
    Value warp = index.div(thread, CudaTarget::warp);
    int64_t warpColumns = c.columns.tile / c.columns.warpTile;
    warpRow = index.mul(index.div(warp, warpColumns), c.rows.warpTile);
    warpColumn = index.mul(index.rem(warp, warpColumns), c.columns.warpTile);
  }
  // Blocks that run together share the rows.
  SmallVector<Value> tile = index.split(
      launch.getBlock(), {c.splits, c.batches, c.rowTiles(), c.columnTiles()});
  split = tile[0];
  batch = tile[1];
  firstRow = index.mul(tile[2], c.rows.tile);
  firstColumn = index.mul(tile[3], c.columns.tile);
  skipUnneeded(context,
               getTileStarts(index, nest, c, batch, firstRow, firstColumn,
                             c.rows.tile, c.columns.tile));

  OperandTiles rows(context, nest, c, c.rows, thread),
      columns(context, nest, c, c.columns, thread);
  auto prepare = [&](OperandTiles &tiles, const ContractionOperand &operand,
                     Value buffer, Value first) {
    const Access &access = nest.stages[0].inputs[operand.input].access;
    LoopAddress ofBatch(index, nest, c.batch, access);
    Value base = index.add(
        c.batch.empty() ? index.constant(0) : ofBatch.get(batch), access.base);
    tiles.prepare(buffer, first, base);
  };
  prepare(rows, c.rows, launch.getWorkgroup()[0], firstRow);
  prepare(columns, c.columns, launch.getWorkgroup()[1], firstColumn);
  SmallVector<Value> accs =
      accumulate(rows, columns, index.mul(split, c.depthTiles() * c.tileDepth));
  store(rows, columns, accs);
}

Value ContractionEmitter::commit() {
  return nvgpu::DeviceAsyncCreateGroupOp::create(
      b, loc, nvgpu::DeviceAsyncTokenType::get(b.getContext()), ValueRange());
}

void ContractionEmitter::copyTile(OperandTiles &rows, OperandTiles &columns,
                                  Value firstDepth, Value tile) {
  Value depth = index.add(firstDepth, index.mul(tile, c.tileDepth));
  Value stage = index.rem(tile, c.stages);
  rows.copy(depth, stage);
  columns.copy(depth, stage);
}

/// The first of the loops of the reduction, the slowest one, may have a limit:
/// from there on, what is multiplied is zero.
Value ContractionEmitter::countTiles() {
  const Loop &slowest = nest.loops[c.reduction.front()];
  if (!slowest.limit || slowest.limit->piece >= 0)
    return Value();
  Value end = arith::MinSIOp::create(
      b, loc, loadLimit(b, loc, *slowest.limit, context.memrefs),
      index.constant(slowest.extent));
  end = index.mul(end, c.depth / slowest.extent);
  Value all = index.div(index.add(end, c.tileDepth - 1), c.tileDepth);
  // Those of blocks that have parts before this one's come off.
  Value before = index.mul(split, c.depthTiles());
  all = arith::MaxSIOp::create(b, loc, all, before);
  return index.min(arith::SubIOp::create(b, loc, all, before), c.depthTiles());
}

/// Runs through the tiles of the reduction; long sums in parts.
SmallVector<Value> ContractionEmitter::accumulate(OperandTiles &rows,
                                                  OperandTiles &columns,
                                                  Value firstDepth) {
  tiles = countTiles();
  Value last = tiles ? tiles : index.constant(c.depthTiles());
  Value token;
  for (int64_t tile = 0; tile < c.stages - 1; ++tile) {
    if (tile < c.depthTiles())
      copyTile(rows, columns, firstDepth, index.constant(tile));
    token = commit();
  }
  TypedAttr neutral =
      *arith::getNeutralElement(getCombiner(nest.stages[0].op, 0));
  Value zero = arith::ConstantOp::create(b, loc, neutral);
  size_t count = c.rows.perThread * c.columns.perThread;
  SmallVector<Value> inits(count, zero);
  inits.push_back(token);
  if (!c.partialTiles) {
    inits = addTiles(rows, columns, firstDepth, index.constant(0), last, inits);
    inits.pop_back();
    return inits;
  }
  auto loop = scf::ForOp::create(b, loc, index.constant(0), last,
                                 index.constant(c.partialTiles), inits);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value begin = loop.getInductionVar();
  Value end = b.createOrFold<arith::MinUIOp>(
      loc, index.add(begin, c.partialTiles), last);
  inits.back() = loop.getRegionIterArgs().back();
  SmallVector<Value> sums =
      addTiles(rows, columns, firstDepth, begin, end, inits);
  TileEmitter body(b, loc, nest, context.memrefs);
  for (size_t i = 0; i < count; ++i)
    sums[i] = body.combine(0, loop.getRegionIterArgs()[i], sums[i]);
  scf::YieldOp::create(b, loc, sums);
  return SmallVector<Value>(loop.getResults().drop_back());
}

/// Adds the products of the tiles from `begin` to `end`, `stages - 1` copies
/// ahead. The last of `inits` and of the results is the token of the copies.
SmallVector<Value> ContractionEmitter::addTiles(OperandTiles &rows,
                                                OperandTiles &columns,
                                                Value firstDepth, Value begin,
                                                Value end, ValueRange inits) {
  int64_t ahead = c.stages - 1;
  auto loop = scf::ForOp::create(b, loc, begin, end, index.constant(1), inits);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value tile = loop.getInductionVar();
  nvgpu::DeviceAsyncWaitOp::create(b, loc, loop.getRegionIterArgs().back(),
                                   b.getI32IntegerAttr(ahead - 1));
  // The tile has arrived for all threads, and all are done with the stage that
  // is filled next.
  gpu::BarrierOp::create(b, loc);
  {
    Value isThere =
        tiles ? arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                      index.add(tile, ahead), tiles)
              : index.less(tile, c.depthTiles() - ahead);
    auto more = scf::IfOp::create(b, loc, isThere, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(more.thenBlock());
    copyTile(rows, columns, firstDepth, index.add(tile, ahead));
  }
  Value token = commit();
  Value stage = index.rem(tile, c.stages);
  SmallVector<Value> accs =
      multiply(rows, columns, stage, loop.getRegionIterArgs().drop_back());
  accs.push_back(token);
  scf::YieldOp::create(b, loc, accs);
  return SmallVector<Value>(loop.getResults());
}

/// Multiplies the tiles in `stage` and adds to `accs`.
SmallVector<Value> ContractionEmitter::multiply(OperandTiles &rows,
                                                OperandTiles &columns,
                                                Value stage, ValueRange accs) {
  if (c.unit == Unit::Fma)
    return multiplyTiles(context, nest, c, rows, columns, stage, stage, rowLane,
                         columnLane, accs);
  return multiplyMatrices(
      b, loc, c,
      [&](int64_t depth, int64_t row) {
        return rows.loadMatrix(stage, index.constant(depth),
                               index.add(warpRow, row), lane);
      },
      [&](int64_t depth, int64_t column) {
        return columns.loadMatrix(stage, index.constant(depth),
                                  index.add(warpColumn, column), lane);
      },
      accs);
}

void ContractionEmitter::store(OperandTiles &rows, OperandTiles &columns,
                               ValueRange accs) {
  int64_t width = columns.chunk();
  if (!isOneLoop(width))
    width = 1;
  Value rowOrigin, columnOrigin;
  if (c.unit == Unit::Fma) {
    rowOrigin = index.mul(rowLane, rows.getLaneStep());
    columnOrigin = index.mul(columnLane, columns.getLaneStep());
  } else {
    rowOrigin = index.add(warpRow, index.div(lane, 4));
    columnOrigin = index.add(warpColumn, index.mul(index.rem(lane, 4), 2));
  }
  rowOrigin = index.add(firstRow, rowOrigin);
  columnOrigin = index.add(firstColumn, columnOrigin);
  for (int64_t i = 0; i < c.rows.perThread; ++i)
    for (int64_t j = 0; j < c.columns.perThread; j += width) {
      Value row = index.add(rowOrigin, rows.getOffset(i));
      Value column = index.add(columnOrigin, columns.getOffset(j));
      Value inside;
      if (c.rows.extent % c.rows.tile != 0)
        inside = index.less(row, c.rows.extent);
      if (c.columns.extent % c.columns.tile != 0) {
        Value inColumns = index.less(column, c.columns.extent);
        inside = inside ? index.both(inside, inColumns) : inColumns;
      }
      OpBuilder::InsertionGuard insertion(b);
      if (inside) {
        auto guard = scf::IfOp::create(b, loc, inside,
                                       /*withElseRegion=*/false);
        b.setInsertionPointToStart(guard.thenBlock());
      }
      SmallVector<Value> values;
      for (int64_t n = 0; n < width; ++n)
        values.push_back(accs[i * c.columns.perThread + j + n]);
      storePoint(row, column, values);
    }
}

Value ContractionEmitter::getPartialAddress(Value part, Value batchNumber,
                                            Value row, Value column) {
  Value at = index.add(index.mul(part, c.batches), batchNumber);
  at = index.add(index.mul(at, c.rows.extent), row);
  return index.add(index.mul(at, c.columns.extent), column);
}

void ContractionEmitter::storePoint(Value row, Value column,
                                    ArrayRef<Value> values) {
  if (c.splits == 1)
    return finishPoint(row, column, values);
  Value memory = context.memrefs[c.partials];
  Value at = getPartialAddress(split, batch, row, column);
  if (values.size() == 1) {
    memref::StoreOp::create(b, loc, values[0], memory, at);
    return;
  }
  Value vector = vector::FromElementsOp::create(
      b, loc, VectorType::get({int64_t(values.size())}, values[0].getType()),
      values);
  vector::StoreOp::create(b, loc, vector, memory, at);
}

/// Runs what follows the reduction for neighbouring columns, and stores.
void ContractionEmitter::finishPoint(Value row, Value column,
                                     ArrayRef<Value> values) {
  TileEmitter tile(b, loc, nest, context.memrefs);
  auto setIvs = [&](ArrayRef<unsigned> loops, Value number, int64_t divisor) {
    SmallVector<int64_t> extents;
    for (unsigned loop : loops)
      extents.push_back(nest.loops[loop].extent);
    for (auto [loop, digit] :
         llvm::zip_equal(loops, index.split(number, extents)))
      tile.setIv(loop, digit, loop == loops.back() ? divisor : 1);
  };
  int64_t width = values.size();
  setIvs(c.batch, batch, 1);
  setIvs(c.rows.loops, row, 1);
  setIvs(c.columns.loops, column, width);
  if (width > 1)
    tile.setTile({{int(c.columns.loops.back()), width}});
  TileEmitter::Results partial = {TileEmitter::Values(values)};
  tile.finish(tile.applyInit(partial));
}

/// The second launch: adds the parts of the reduction, always in their order.
void ContractionEmitter::emitSum() {
  int64_t width = isOneLoop(4) && c.columns.extent % 4 == 0 ? 4 : 1;
  int64_t columnCount = c.columns.extent / width;
  int64_t items = c.batches * c.rows.extent * columnCount;
  int64_t threads = 128;
  Launch launch(context, llvm::divideCeil(items, threads), threads);
  Value item =
      index.add(index.mul(launch.getBlock(), threads), launch.getThread());
  OpBuilder::InsertionGuard insertion(b);
  if (items % threads != 0) {
    auto guard = scf::IfOp::create(b, loc, index.less(item, items),
                                   /*withElseRegion=*/false);
    b.setInsertionPointToStart(guard.thenBlock());
  }
  SmallVector<Value> digits =
      index.split(item, {c.batches, c.rows.extent, columnCount});
  batch = digits[0];
  Value row = digits[1], column = index.mul(digits[2], width);
  skipUnneeded(context,
               getTileStarts(index, nest, c, batch, row, column, 1, width));
  Value memory = context.memrefs[c.partials];
  TileEmitter combiner(b, loc, nest, context.memrefs);
  SmallVector<Value> sums;
  for (int64_t part = 0; part < c.splits; ++part) {
    Value at = getPartialAddress(index.constant(part), batch, row, column);
    SmallVector<Value> values;
    if (width == 1) {
      values.push_back(memref::LoadOp::create(b, loc, memory, at));
    } else {
      Type element = cast<MemRefType>(memory.getType()).getElementType();
      Value vector = vector::LoadOp::create(
          b, loc, VectorType::get({width}, element), memory, at);
      for (int64_t i = 0; i < width; ++i)
        values.push_back(vector::ExtractOp::create(b, loc, vector, i));
    }
    for (auto [i, value] : llvm::enumerate(values)) {
      if (part == 0)
        sums.push_back(value);
      else
        sums[i] = combiner.combine(0, sums[i], value);
    }
  }
  finishPoint(row, column, sums);
}

void dlc::schedule::emitContraction(KernelContext &context, Nest &nest,
                                    const Contraction &contraction) {
  ContractionEmitter emitter(context, nest, contraction);
  emitter.emit();
  if (contraction.splits > 1)
    ContractionEmitter(context, nest, contraction).emitSum();
}
