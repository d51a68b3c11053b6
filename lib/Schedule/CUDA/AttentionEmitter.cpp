//===- AttentionEmitter.cpp - Code for attention --------------------------===//

#include "Attention.h"

#include "OperandTiles.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace dlc::schedule;

namespace {

/// Takes what a nest stores into scratch memory, and leaves the store out.
class Catcher : public TileEmitter::Cache {
public:
  Value find(const Access &, const TileEmitter::Point &) override { return {}; }
  void loaded(const Access &, const TileEmitter::Point &, Value) override {}
  bool store(const Access &, const TileEmitter::Point &, Value value) override {
    values.push_back(value);
    return true;
  }
  SmallVector<Value> values;
};

class AttentionEmitter {
public:
  AttentionEmitter(KernelContext &context, AttentionTiles &a)
      : context(context), b(context.b), loc(context.loc),
        index(context.b, context.loc), a(a), unit(a.scores.unit) {}
  void emit();

private:
  /// What goes around the loop over tiles of keys.
  struct State {
    /// Of each row of the thread: the largest logit so far, and the thread's
    /// part of the sum of exponentials.
    SmallVector<Value> largest, sums;
    /// The weighted values, row by row.
    SmallVector<Value> results;

    SmallVector<Value> flatten() const {
      SmallVector<Value> all(largest);
      llvm::append_range(all, sums);
      llvm::append_range(all, results);
      return all;
    }
    void assign(ValueRange all) {
      largest.assign(all.begin(), all.begin() + largest.size());
      all = all.drop_front(largest.size());
      sums.assign(all.begin(), all.begin() + sums.size());
      all = all.drop_front(sums.size());
      results.assign(all.begin(), all.begin() + results.size());
    }
  };

  void placeThread(const Launch &launch, Value thread);
  void runTiles(State &state);
  void runTile(Value tile, Value stage, State &state);
  SmallVector<Value> multiplyScores(Value stage);
  void computeLogits(Value firstKey, SmallVector<Value> &scores);
  SmallVector<Value> updateSoftmax(ArrayRef<Value> logits, State &state);
  void addValues(Value stage, ArrayRef<Value> weights, State &state);
  Value countTiles();
  Value findNoKeys(ArrayRef<Value> sums);
  void finish(State &state);
  Value narrowPair(Value first, Value second);

  int64_t rows() const { return a.scores.rows.perThread; }
  int64_t keys() const { return a.scores.columns.perThread; }
  Value constant(float value) {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  }
  /// The number of the thread's row `i` in the block's tile.
  Value getRow(int64_t i) {
    return index.add(rowOrigin, queryTiles->getOffset(i));
  }
  /// Combines the values of all lanes that share a row.
  Value combineRow(Value value,
                   llvm::function_ref<Value(Value, Value)> combine) {
    return combineInGroup(b, loc, Group{lanesOfRow, Value(), nullptr}, value,
                          combine);
  }
  void setIvs(TileEmitter &tile, const Nest &nest, ArrayRef<unsigned> loops,
              Value number, int64_t divisor = 1);
  Value exp(Value x) { return math::ExpOp::create(b, loc, x); }
  void barrier() { gpu::BarrierOp::create(b, loc); }
  Value commit() {
    return nvgpu::DeviceAsyncCreateGroupOp::create(
        b, loc, nvgpu::DeviceAsyncTokenType::get(b.getContext()), ValueRange());
  }

  KernelContext &context;
  OpBuilder &b;
  Location loc;
  IndexMath index;
  AttentionTiles &a;
  Unit unit;
  /// Copies of the operands, and the keys' tiles as columns of the scores.
  std::optional<OperandTiles> queryTiles, keyCopies, keyTiles, weightTiles,
      valueTiles;
  Value weightBuffer;
  /// The thread's place in the block's tile, and the block's tile.
  Value rowLane, columnLane, lane, warpRow, rowOrigin;
  Value firstQuery, batch;
  /// Neighbouring lanes with the same rows.
  int64_t lanesOfRow = 1;
};

} // namespace

void AttentionEmitter::placeThread(const Launch &, Value thread) {
  if (unit == Unit::Fma) {
    lanesOfRow = a.scores.columns.tile / a.scores.columns.perThread;
    columnLane = index.rem(thread, lanesOfRow);
    rowLane = index.div(thread, lanesOfRow);
    rowOrigin = index.mul(rowLane, queryTiles->getLaneStep());
    return;
  }
  lanesOfRow = 4;
  lane = index.rem(thread, CudaTarget::warp);
  warpRow = index.mul(index.div(thread, CudaTarget::warp), 16);
  rowOrigin = index.add(warpRow, index.div(lane, lanesOfRow));
}

void AttentionEmitter::emit() {
  Nest &scoresNest = a.scoresNest, &productNest = a.productNest;
  auto typeOf = [&](Nest &nest, const Contraction &c,
                    const ContractionOperand &operand) {
    return OperandTiles(context, nest, c, operand, Value()).getBufferType();
  };
  SmallVector<MemRefType> types = {
      typeOf(scoresNest, a.scores, a.scores.rows),
      typeOf(scoresNest, a.keys, a.keys.columns),
      typeOf(productNest, a.product, a.product.columns)};
  if (unit == Unit::Fma) {
    Contraction once = a.product;
    once.stages = 1;
    types.push_back(typeOf(productNest, once, once.rows));
  }
  Launch launch(context, a.scores.batches * a.scores.rowTiles(), a.threads(),
                types);
  launch.useManyRegisters();
  Value thread = launch.getThread();
  SmallVector<Value> tile =
      index.split(launch.getBlock(), {a.scores.batches, a.scores.rowTiles()});
  batch = tile[0];
  firstQuery = index.mul(tile[1], a.queryTile());
  skipUnneeded(context,
               getTileStarts(index, productNest, a.product, batch, firstQuery,
                             /*column=*/Value(), a.queryTile(), 1));

  queryTiles.emplace(context, scoresNest, a.scores, a.scores.rows, thread);
  keyCopies.emplace(context, scoresNest, a.keys, a.keys.columns, thread);
  keyTiles.emplace(context, scoresNest, a.scores, a.scores.columns, thread);
  weightTiles.emplace(context, productNest, a.product, a.product.rows, thread);
  valueTiles.emplace(context, productNest, a.product, a.product.columns,
                     thread);
  placeThread(launch, thread);
  auto prepare = [&](OperandTiles &tiles, Nest &nest, const Contraction &c,
                     unsigned input, Value buffer, Value first) {
    const Access &access = nest.stages[0].inputs[input].access;
    LoopAddress ofBatch(index, nest, c.batch, access);
    Value base = index.add(
        c.batch.empty() ? index.constant(0) : ofBatch.get(batch), access.base);
    tiles.prepare(buffer, first, base);
  };
  ArrayRef<Value> buffers = launch.getWorkgroup();
  prepare(*queryTiles, scoresNest, a.scores, a.scores.rows.input, buffers[0],
          firstQuery);
  prepare(*keyCopies, scoresNest, a.scores, a.scores.columns.input, buffers[1],
          index.constant(0));
  prepare(*valueTiles, productNest, a.product, a.product.columns.input,
          buffers[2], index.constant(0));
  keyTiles->use(buffers[1]);
  if (unit == Unit::Fma) {
    weightBuffer = buffers[3];
    weightTiles->use(weightBuffer);
  }

  State state;
  state.largest.assign(rows(),
                       constant(-std::numeric_limits<float>::infinity()));
  state.sums.assign(rows(), constant(0));
  state.results.assign(rows() * a.product.columns.perThread, constant(0));
  runTiles(state);
  finish(state);
}

/// The tiles of keys that there are, or that count.
Value AttentionEmitter::countTiles() {
  int64_t all = llvm::divideCeil(a.numKeys(), a.keyTile());
  if (!a.keyLimit)
    return index.constant(all);
  Value end = loadLimit(b, loc, *a.keyLimit, context.memrefs);
  end = index.add(end, a.keyTile() - 1);
  return index.min(index.div(end, a.keyTile()), all);
}

/// Copies tiles of keys and values, with two stages one tile ahead, and
/// computes with each.
void AttentionEmitter::runTiles(State &state) {
  Value tiles = countTiles();
  bool ahead = a.stages() > 1;
  auto copy = [&](Value tile) {
    Value key = index.mul(tile, a.keyTile());
    Value stage = index.rem(tile, a.stages());
    keyCopies->copy(key, stage);
    valueTiles->copy(key, stage);
  };
  queryTiles->copy(index.constant(0), index.constant(0));
  if (ahead)
    copy(index.constant(0));
  Value token = commit();
  SmallVector<Value> inits = state.flatten();
  inits.push_back(token);
  auto loop = scf::ForOp::create(b, loc, index.constant(0), tiles,
                                 index.constant(1), inits);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value tile = loop.getInductionVar();
  state.assign(loop.getRegionIterArgs().drop_back());
  if (ahead) {
    nvgpu::DeviceAsyncWaitOp::create(b, loc, loop.getRegionIterArgs().back(),
                                     b.getI32IntegerAttr(0));
    // The tile has arrived for all threads, and all are done with the other
    // stage.
    barrier();
    Value next = index.add(tile, 1);
    Value isThere = b.createOrFold<arith::CmpIOp>(
        loc, arith::CmpIPredicate::slt, next, tiles);
    auto more = scf::IfOp::create(b, loc, isThere, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard inner(b);
    b.setInsertionPointToStart(more.thenBlock());
    copy(next);
  } else {
    barrier();
    copy(tile);
  }
  token = commit();
  if (!ahead) {
    nvgpu::DeviceAsyncWaitOp::create(b, loc, token, b.getI32IntegerAttr(0));
    barrier();
  }
  runTile(tile, index.rem(tile, a.stages()), state);
  SmallVector<Value> next = state.flatten();
  next.push_back(token);
  scf::YieldOp::create(b, loc, next);
  state.assign(loop.getResults().drop_back());
}

void AttentionEmitter::runTile(Value tile, Value stage, State &state) {
  SmallVector<Value> logits = multiplyScores(stage);
  computeLogits(index.mul(tile, a.keyTile()), logits);
  SmallVector<Value> weights = updateSoftmax(logits, state);
  addValues(stage, weights, state);
}

SmallVector<Value> AttentionEmitter::multiplyScores(Value stage) {
  SmallVector<Value> zeros(rows() * keys(), constant(0));
  Value only = index.constant(0);
  if (unit == Unit::Fma)
    return multiplyTiles(context, a.scoresNest, a.scores, *queryTiles,
                         *keyTiles, only, stage, rowLane, columnLane, zeros);
  return multiplyMatrices(
      b, loc, a.scores,
      [&](int64_t depth, int64_t row) {
        return queryTiles->loadMatrix(only, index.constant(depth),
                                      index.add(warpRow, row), lane);
      },
      [&](int64_t depth, int64_t column) {
        return keyTiles->loadMatrix(stage, index.constant(depth),
                                    index.constant(column), lane);
      },
      zeros);
}

/// Sets the loops that `number` numbers.
void AttentionEmitter::setIvs(TileEmitter &tile, const Nest &nest,
                              ArrayRef<unsigned> loops, Value number,
                              int64_t divisor) {
  SmallVector<int64_t> extents;
  for (unsigned loop : loops)
    extents.push_back(nest.loops[loop].extent);
  for (auto [loop, digit] :
       llvm::zip_equal(loops, index.split(number, extents)))
    tile.setIv(loop, digit, loop == loops.back() ? divisor : 1);
}

/// Runs what follows the scores; keys that do not exist get the weight zero.
void AttentionEmitter::computeLogits(Value firstKey,
                                     SmallVector<Value> &scores) {
  int64_t width = keyTiles->chunk();
  if (a.numKeys() % width != 0)
    width = 1;
  bool raggedKeys = a.numKeys() % a.keyTile() != 0;
  Value keyOrigin = unit == Unit::Fma
                        ? index.mul(columnLane, keyTiles->getLaneStep())
                        : index.mul(index.rem(lane, lanesOfRow), 2);
  keyOrigin = index.add(firstKey, keyOrigin);
  Value lowest = constant(-std::numeric_limits<float>::infinity());
  for (int64_t i = 0; i < rows(); ++i) {
    Value query = index.add(firstQuery, getRow(i));
    if (a.scores.rows.extent % a.queryTile() != 0)
      query = index.min(query, a.scores.rows.extent - 1);
    for (int64_t j = 0; j < keys(); j += width) {
      Value key = index.add(keyOrigin, keyTiles->getOffset(j));
      Value exists;
      if (raggedKeys) {
        exists = index.less(key, a.numKeys());
        key = index.min(key, a.numKeys() - width);
      }
      TileEmitter tile(b, loc, a.scoresNest, context.memrefs);
      Catcher catcher;
      tile.setCache(&catcher);
      setIvs(tile, a.scoresNest, a.scores.batch, batch);
      setIvs(tile, a.scoresNest, a.scores.rows.loops, query);
      tile.setIv(a.keyInScores, key, width);
      if (width > 1)
        tile.setTile({{int(a.keyInScores), width}});
      MutableArrayRef<Value> those =
          MutableArrayRef(scores).slice(i * keys() + j, width);
      TileEmitter::Results sums = {TileEmitter::Values(those)};
      tile.finish(sums);
      for (auto [value, logit] : llvm::zip_equal(those, catcher.values)) {
        value =
            logit.getType().isF32()
                ? logit
                : Value(arith::ExtFOp::create(b, loc, b.getF32Type(), logit));
        if (exists)
          value = arith::SelectOp::create(b, loc, exists, value, lowest);
      }
    }
  }
}

/// Takes the logits of a tile into the running softmax: returns the weights of
/// its keys, before they are divided by their sum.
SmallVector<Value> AttentionEmitter::updateSoftmax(ArrayRef<Value> logits,
                                                   State &state) {
  auto larger = [&](Value lhs, Value rhs) -> Value {
    return arith::MaximumFOp::create(b, loc, lhs, rhs);
  };
  SmallVector<Value> weights;
  Value lowest = constant(-std::numeric_limits<float>::infinity());
  int64_t values = a.product.columns.perThread;
  for (int64_t i = 0; i < rows(); ++i) {
    ArrayRef<Value> row = logits.slice(i * keys(), keys());
    Value inTile = row[0];
    for (Value logit : row.drop_front())
      inTile = larger(inTile, logit);
    Value before = state.largest[i];
    Value largest = larger(before, combineRow(inTile, larger));
    state.largest[i] = largest;
    // As long as all keys are masked out, any number will do.
    Value none = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                       largest, lowest);
    Value shift = arith::SelectOp::create(b, loc, none, constant(0), largest);
    Value scale = exp(arith::SubFOp::create(b, loc, before, shift));
    Value sum;
    for (Value logit : row) {
      Value weight = exp(arith::SubFOp::create(b, loc, logit, shift));
      sum = sum ? Value(arith::AddFOp::create(b, loc, sum, weight)) : weight;
      weights.push_back(weight);
    }
    state.sums[i] = math::FmaOp::create(b, loc, state.sums[i], scale, sum);
    for (int64_t j = 0; j < values; ++j) {
      Value &result = state.results[i * values + j];
      result = arith::MulFOp::create(b, loc, result, scale);
    }
  }
  return weights;
}

/// Two weights of neighbouring keys as one register of 16-bit operands.
Value AttentionEmitter::narrowPair(Value first, Value second) {
  Type element = unit == Unit::F16 ? Type(b.getF16Type()) : b.getBF16Type();
  Value values[] = {first, second};
  Value pair = vector::FromElementsOp::create(
      b, loc, VectorType::get({2}, b.getF32Type()), values);
  pair = arith::TruncFOp::create(b, loc, VectorType::get({2}, element), pair);
  return unit == Unit::F16
             ? pair
             : LLVM::BitcastOp::create(b, loc, b.getI32Type(), pair)
                   .getResult();
}

/// Adds the values of a tile's keys, weighted. Where tensor cores multiply, the
/// registers of the weights are those that the scores came in.
void AttentionEmitter::addValues(Value stage, ArrayRef<Value> weights,
                                 State &state) {
  if (unit == Unit::Fma) {
    auto synchronize = [&] {
      NVVM::SyncWarpOp::create(b, loc,
                               arith::ConstantIntOp::create(b, loc, -1, 32));
    };
    // The lanes that share a row are of one warp.
    synchronize();
    Value keyOrigin = index.mul(columnLane, keyTiles->getLaneStep());
    Type element = a.product.rows.element;
    for (int64_t i = 0; i < rows(); ++i)
      for (int64_t j = 0; j < keys(); ++j) {
        Value key = index.add(keyOrigin, keyTiles->getOffset(j));
        Value weight = weights[i * keys() + j];
        if (!element.isF32())
          weight = arith::TruncFOp::create(b, loc, element, weight);
        memref::StoreOp::create(b, loc, weight, weightBuffer,
                                weightTiles->place(getRow(i), key));
      }
    synchronize();
    state.results = multiplyTiles(context, a.productNest, a.product,
                                  *weightTiles, *valueTiles, index.constant(0),
                                  stage, rowLane, columnLane, state.results);
    return;
  }
  auto at = [&](int64_t row, int64_t key) {
    return weights[row * keys() + key];
  };
  // The instruction's order: rows eight apart, then keys further on.
  auto ofRows = [&](int64_t depth, int64_t) {
    SmallVector<Value> registers;
    int64_t first = depth / 4; // two keys of eight a lane
    for (int64_t half = 0; half < 2; ++half)
      for (int64_t row = 0; row < 2; ++row)
        registers.push_back(
            unit == Unit::TF32
                ? NVVM::ConvertFloatToTF32Op::create(b, loc, b.getI32Type(),
                                                     at(row, first + half),
                                                     NVVM::FPRoundingMode::RNA)
                      .getResult()
                : narrowPair(at(row, first + 2 * half),
                             at(row, first + 2 * half + 1)));
    return registers;
  };
  state.results = multiplyMatrices(
      b, loc, a.product, ofRows,
      [&](int64_t depth, int64_t column) {
        return valueTiles->loadMatrix(stage, index.constant(depth),
                                      index.constant(column), lane,
                                      /*paired=*/true);
      },
      state.results);
}

/// Whether there are no keys, where a sum of weights is zero and it matters:
/// all keys may be there, and be masked out.
Value AttentionEmitter::findNoKeys(ArrayRef<Value> sums) {
  Value isAsked, no = arith::ConstantIntOp::create(b, loc, 0, 1);
  for (Value sum : sums) {
    Value isZero = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, sum,
                                         constant(0));
    isAsked = isAsked ? arith::OrIOp::create(b, loc, isAsked, isZero) : isZero;
  }
  auto ask = scf::IfOp::create(b, loc, no.getType(), isAsked,
                               /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(ask.elseBlock());
  scf::YieldOp::create(b, loc, no);
  b.setInsertionPointToStart(ask.thenBlock());
  Value yes = arith::ConstantIntOp::create(b, loc, 1, 1);
  auto loop =
      scf::ForOp::create(b, loc, index.constant(0), index.constant(a.numKeys()),
                         index.constant(1), yes);
  scf::YieldOp::create(b, loc, loop.getResult(0));
  b.setInsertionPointToStart(loop.getBody());
  IRMapping mapping;
  for (Value operand : a.isPresent->getOperands()) {
    auto argument = dyn_cast<BlockArgument>(operand);
    if (!argument) {
      mapping.map(operand, b.clone(*operand.getDefiningOp())->getResult(0));
      continue;
    }
    const Access &access =
        a.weightsNest.stages[0].inputs[argument.getArgNumber()].access;
    Value at = index.add(
        index.mul(loop.getInductionVar(), access.coef[a.keyInWeights]),
        access.base);
    mapping.map(operand, memref::LoadOp::create(
                             b, loc, context.memrefs[access.buffer], at));
  }
  Value isThere = b.clone(*a.isPresent, mapping)->getResult(0);
  scf::YieldOp::create(
      b, loc,
      arith::SelectOp::create(b, loc, isThere, no, loop.getRegionIterArgs()[0])
          .getResult());
  return ask.getResult(0);
}

/// Divides by the sums of the weights, runs what follows and stores.
void AttentionEmitter::finish(State &state) {
  const Contraction &c = a.product;
  int64_t width = valueTiles->chunk();
  if (a.productNest.loops[c.columns.loops.back()].extent % width != 0)
    width = 1;
  Value columnOrigin = unit == Unit::Fma
                           ? index.mul(columnLane, valueTiles->getLaneStep())
                           : index.mul(index.rem(lane, lanesOfRow), 2);
  for (Value &sum : state.sums)
    sum = combineRow(sum, [&](Value lhs, Value rhs) -> Value {
      return arith::AddFOp::create(b, loc, lhs, rhs);
    });
  Value noKeys = a.isPresent ? findNoKeys(state.sums) : Value();
  for (int64_t i = 0; i < rows(); ++i) {
    Value sum = state.sums[i];
    if (noKeys)
      sum = arith::SelectOp::create(b, loc, noKeys, constant(1), sum);
    Value factor = arith::DivFOp::create(b, loc, constant(1), sum);
    Value query = index.add(firstQuery, getRow(i));
    for (int64_t j = 0; j < c.columns.perThread; j += width) {
      Value column = index.add(columnOrigin, valueTiles->getOffset(j));
      Value inside;
      if (c.rows.extent % c.rows.tile != 0)
        inside = index.less(query, c.rows.extent);
      if (c.columns.extent != c.columns.tile) {
        Value inColumns = index.less(column, c.columns.extent);
        inside = inside ? index.both(inside, inColumns) : inColumns;
      }
      OpBuilder::InsertionGuard insertion(b);
      if (inside) {
        auto guard = scf::IfOp::create(b, loc, inside,
                                       /*withElseRegion=*/false);
        b.setInsertionPointToStart(guard.thenBlock());
      }
      TileEmitter::Values values;
      for (int64_t n = 0; n < width; ++n)
        values.push_back(arith::MulFOp::create(
            b, loc, state.results[i * c.columns.perThread + j + n], factor));
      TileEmitter tile(b, loc, a.productNest, context.memrefs);
      setIvs(tile, a.productNest, c.batch, batch);
      setIvs(tile, a.productNest, c.rows.loops, query);
      setIvs(tile, a.productNest, c.columns.loops, column, width);
      if (width > 1)
        tile.setTile({{int(c.columns.loops.back()), width}});
      tile.finish({values});
    }
  }
}

void dlc::schedule::emitAttention(KernelContext &context,
                                  AttentionTiles &attention) {
  AttentionEmitter(context, attention).emit();
}
