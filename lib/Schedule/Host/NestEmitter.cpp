//===- NestEmitter.cpp - Loops around the register tile of a nest ---------===//

#include "NestEmitter.h"
#include "PartialSums.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace dlc::schedule;

/// Prefetches that a tile issues at once, at most: more would wait for each
/// other. With 16 half of the weights were not fetched where few tiles share
/// panels with long partial sums (gpt2 with 64 tokens took 7 % more).
static constexpr int64_t maxPrefetches = 32;
static constexpr int64_t cacheLineBits = 512;

/// Work items that a kernel should have at least, so that a few threads share
/// them evenly.
static constexpr int64_t minWorkItems = 64;

/// Tiles that two bands of different size have at least.
static constexpr int64_t minOddBands = 15;

NestEmitter::NestEmitter(OpBuilder &builder, Location loc, Nest nestIn,
                         Tile tile, const HostTarget &target,
                         ArrayRef<Value> memrefs, ArrayRef<Value> sharedIvs,
                         Block *scratchBlock)
    : b(builder), loc(loc), nest(std::move(nestIn)), tile(tile), target(target),
      memrefs(memrefs), sharedIvs(sharedIvs), scratchBlock(scratchBlock) {
  iv.resize(nest.loops.size());
  registers.resize(nest.stages.size());
}

Value NestEmitter::constant(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// In a contraction: the operand that is read by the vector and is the same for
/// all rows, usually weights.
const Access *NestEmitter::panelOperand() const {
  const Access *found = nullptr;
  if (nest.hasReduction() && !tile.reduceLanes && tile.vectorLoop >= 0 &&
      tile.rowLoop >= 0)
    for (const Input &input : nest.stages[0].inputs)
      if (input.kind == Input::Memory &&
          input.access.coef[tile.vectorLoop] != 0 &&
          input.access.coef[tile.rowLoop] == 0)
        found = &input.access;
  return found;
}

/// Bytes that an access reads or writes in one work item of shared loops.
double NestEmitter::bytesOf(const Access &access) const {
  auto type = cast<MemRefType>(memrefs[access.buffer].getType());
  double elements = 1;
  for (auto [index, loop] : llvm::enumerate(nest.loops))
    if (access.coef[index] != 0 && loop.shared < 0)
      elements *= double(loop.extent);
  return std::min(elements * double(access.group),
                  double(type.getNumElements())) *
         type.getElementTypeBitWidth() / 8;
}

/// Whether tiles along the vectors should run one after the other, so that
/// results are written in the order of memory: where there are more of them
/// than of operands, their lines come from afar, and a strip of each row at a
/// time is what the hardware can not foresee. All panels have to fit into the
/// second-level cache then, since every tile of rows reads them.
bool NestEmitter::resultsInOrder(const Access &panels) const {
  double inTurn = bytesOf(panels), operands = 0, results = 0;
  for (auto [index, loop] : llvm::enumerate(nest.loops))
    if (!loop.reduction && loop.shared < 0 && panels.coef[index] != 0 &&
        int(index) != tile.vectorLoop)
      inTurn /= double(loop.extent);
  for (const Stage &stage : nest.stages) {
    for (const Input &input : stage.inputs)
      if (input.kind == Input::Memory)
        operands += bytesOf(input.access);
    for (const Output &output : stage.outputs)
      if (output.store)
        results += bytesOf(*output.store);
  }
  return 8 * inTurn <= double(target.l2Bytes) && results > operands;
}

/// Orders the loops. In a contraction the vectors' operand is the one to keep
/// in the cache: loops that it depends on run outside of those that it does
/// not. Elsewhere the vectorised loop runs innermost.
void NestEmitter::orderLoops() {
  const Access *panelLike = panelOperand();
  vectorsInside = !panelLike || resultsInOrder(*panelLike);
  SmallVector<int> order;
  auto isPlain = [&](int loop) {
    return !nest.loops[loop].reduction && nest.loops[loop].shared < 0 &&
           loop != tile.vectorLoop && loop != tile.rowLoop;
  };
  for (int loop = 0; loop < int(nest.loops.size()); ++loop)
    if (isPlain(loop) && (!panelLike || panelLike->coef[loop] != 0))
      order.push_back(loop);
  if (!vectorsInside)
    order.push_back(tile.vectorLoop);
  for (int loop = 0; loop < int(nest.loops.size()); ++loop)
    if (isPlain(loop) && panelLike && panelLike->coef[loop] == 0)
      order.push_back(loop);
  if (tile.rowLoop >= 0)
    order.push_back(tile.rowLoop);
  if (vectorsInside && tile.vectorLoop >= 0 && !tile.reduceLanes)
    order.push_back(tile.vectorLoop);

  for (int loop : order) {
    OuterLoop outer;
    outer.loop = loop;
    int64_t extent = nest.loops[loop].extent;
    outer.isVector = loop == tile.vectorLoop;
    outer.isRow = loop == tile.rowLoop;
    outer.step = outer.isVector ? tile.width() : outer.isRow ? tile.rows : 1;
    outer.full = extent / outer.step;
    outer.tail = extent % outer.step;
    outers.push_back(outer);
  }
  for (auto [index, loop] : llvm::enumerate(nest.loops))
    if (loop.reduction && !(tile.reduceLanes && int(index) == tile.vectorLoop))
      reductions.push_back(index);
  // The loop in which the first operand takes the smallest steps runs
  // innermost.
  ArrayRef<Input> inputs = nest.stages[0].inputs;
  if (!inputs.empty() && inputs.front().kind == Input::Memory)
    llvm::stable_sort(reductions, [&](unsigned lhs, unsigned rhs) {
      ArrayRef<int64_t> coef = inputs.front().access.coef;
      return std::abs(coef[lhs]) > std::abs(coef[rhs]);
    });
  if (tile.reduceLanes)
    reductions.push_back(tile.vectorLoop);
  if (tile.matrix) {
    llvm::erase(reductions, tile.matrix->loop);
    reductions.push_back(tile.matrix->loop);
  }

  for (auto [index, loop] : llvm::enumerate(nest.loops))
    if (loop.shared >= 0) {
      iv[index] = sharedIvs[loop.shared];
      ivOrder.push_back(index);
    }
  for (const OuterLoop &outer : outers)
    ivOrder.push_back(outer.loop);
  llvm::append_range(ivOrder, reductions);
}

void NestEmitter::withVariant(const OuterLoop &outer, bool tail,
                              Variant &variant) {
  if (outer.isRow)
    variant.rows = tail ? outer.tail : tile.rows;
  if (outer.isVector) {
    variant.vectors =
        tail ? llvm::divideCeil(outer.tail, tile.lanes) : tile.vectors;
    variant.lastLanes = tail ? outer.tail % tile.lanes : 0;
  }
}

/// Where the steps of a loop end that are a whole tile each.
Value NestEmitter::endOfSteps(const OuterLoop &outer) {
  const std::optional<Limit> &limit = nest.loops[outer.loop].limit;
  if (!limit)
    return constant(outer.full);
  Value end = loadLimit(b, loc, *limit, memrefs);
  if (outer.step != 1)
    end = arith::CeilDivSIOp::create(b, loc, end, constant(outer.step));
  return arith::MinSIOp::create(b, loc, end, constant(outer.full));
}

void NestEmitter::emitLoops(unsigned depth, Variant variant) {
  if (depth == outers.size())
    return emitTile(variant);
  OuterLoop &outer = outers[depth];
  auto enter = [&](Value step, bool tail) {
    Variant inner = variant;
    withVariant(outer, tail, inner);
    outer.index = step;
    if (outer.isVector)
      panelIndex = step;
    iv[outer.loop] =
        outer.step == 1
            ? step
            : arith::MulIOp::create(b, loc, step, constant(outer.step));
    emitLoops(depth + 1, inner);
    iv[outer.loop] = Value();
  };
  if (outer.full == 1) {
    enter(constant(0), false);
  } else if (outer.full > 1) {
    auto loop =
        scf::ForOp::create(b, loc, constant(0), endOfSteps(outer), constant(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    enter(loop.getInductionVar(), false);
  }
  if (!outer.tail)
    return;
  OpBuilder::InsertionGuard guard(b);
  if (Value isNeeded = isBelow(b, loc, constant(outer.full * outer.step),
                               nest.loops[outer.loop].limit, memrefs, Value()))
    b.setInsertionPointToStart(
        scf::IfOp::create(b, loc, isNeeded, /*withElseRegion=*/false)
            .thenBlock());
  enter(constant(outer.full), true);
}

void NestEmitter::emitForallBody(unsigned depth, unsigned prefix,
                                 Variant variant, ValueRange ivs) {
  if (depth == prefix)
    return emitLoops(depth, variant);
  OuterLoop &outer = outers[depth];
  Value step = ivs[depth];
  outer.index = step;
  if (outer.isVector)
    panelIndex = step;
  iv[outer.loop] =
      outer.step == 1
          ? step
          : arith::MulIOp::create(b, loc, step, constant(outer.step));
  if (!outer.full || !outer.tail) {
    withVariant(outer, !outer.full, variant);
    emitForallBody(depth + 1, prefix, variant, ivs);
    return;
  }
  Value isFull = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, step,
                                       constant(outer.full));
  auto branch = scf::IfOp::create(b, loc, isFull, /*withElseRegion=*/true);
  for (bool tail : {false, true}) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(tail ? branch.elseBlock() : branch.thenBlock());
    Variant inner = variant;
    withVariant(outer, tail, inner);
    emitForallBody(depth + 1, prefix, inner, ivs);
  }
}

/// All tiles that share a panel run one after the other, so threads, which get
/// neighbouring items, would share out the panels: each of them would read all
/// of the other operand, half of which another one wrote, and write a part of
/// each line's neighbourhood. Where that operand and the results are larger
/// than the panels, two bands of rows, each with all panels, let threads keep
/// to their part of an image from kernel to kernel. It matters where cores have
/// caches of their own: with resnet50 two threads of different L3 caches were
/// 1.7 times as fast as one. The panels are read twice instead, from a cache.
NestEmitter::OuterLoop *NestEmitter::chooseBands() {
  if (vectorsInside)
    return nullptr;
  const Access *panels = panelOperand();
  double all = 0;
  nest.forEachAccess([&](Access &access) { all += bytesOf(access); });
  if (all < 2 * bytesOf(*panels))
    return nullptr;
  auto *vectorLoop =
      llvm::find_if(outers, [](const OuterLoop &o) { return o.isVector; });
  // Threads share out what is outside of the panels, if there is something.
  if (llvm::any_of(llvm::make_range(outers.begin(), vectorLoop),
                   [](const OuterLoop &o) { return o.count() > 1; }))
    return nullptr;
  for (OuterLoop &outer : llvm::make_range(vectorLoop + 1, outers.end())) {
    if (outer.count() < 2)
      continue;
    // An odd one leaves some items without work.
    if (outer.count() % 2 != 0 && outer.count() < minOddBands)
      return nullptr;
    outer.bands = 2;
    return &outer;
  }
  return nullptr;
}

void NestEmitter::emitForall() {
  unsigned prefix = 0;
  int64_t items = 1;
  OuterLoop *banded = chooseBands();
  while (prefix < outers.size() &&
         (items < minWorkItems || (banded && &outers[prefix] <= banded)))
    items *= outers[prefix++].count();
  if (prefix == 0)
    return emitLoops(0, Variant());
  SmallVector<OpFoldResult> lower, upper, step;
  auto addDim = [&](int64_t count) {
    if (count == 1)
      return;
    lower.push_back(b.getIndexAttr(0));
    upper.push_back(b.getIndexAttr(count));
    step.push_back(b.getIndexAttr(1));
  };
  if (banded)
    addDim(banded->bands);
  for (const OuterLoop &outer : ArrayRef(outers).take_front(prefix))
    addDim(outer.countInBand());
  if (lower.empty())
    return emitLoops(0, Variant());
  auto forall = scf::ForallOp::create(b, loc, lower, upper, step, ValueRange(),
                                      std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forall.getBody());
  scratchBlock = forall.getBody();
  SmallVector<Value> ivs;
  unsigned next = banded ? 1 : 0;
  for (OuterLoop &outer : MutableArrayRef(outers).take_front(prefix)) {
    Value index =
        outer.countInBand() == 1 ? constant(0) : forall.getInductionVar(next++);
    outer.indexInBand = index;
    if (&outer == banded)
      index = arith::AddIOp::create(
          b, loc, index,
          arith::MulIOp::create(b, loc, forall.getInductionVar(0),
                                constant(outer.countInBand())));
    ivs.push_back(index);
  }
  Value isNeeded;
  for (auto [outer, iv] :
       llvm::zip_equal(ArrayRef(outers).take_front(prefix), ivs)) {
    Value first = arith::MulIOp::create(b, loc, iv, constant(outer.step));
    isNeeded =
        isBelow(b, loc, first, nest.loops[outer.loop].limit, memrefs, isNeeded);
    if (outer.count() % outer.bands != 0) {
      Value isThere = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                            iv, constant(outer.count()));
      isNeeded =
          isNeeded ? arith::AndIOp::create(b, loc, isNeeded, isThere) : isThere;
    }
  }
  if (isNeeded)
    b.setInsertionPointToStart(
        scf::IfOp::create(b, loc, isNeeded, /*withElseRegion=*/false)
            .thenBlock());
  emitForallBody(0, prefix, Variant(), ivs);
}

LogicalResult NestEmitter::emit(bool parallel) {
  orderLoops();
  for (Stage &stage : nest.stages)
    for (Operation &op : stage.op.getBlock()->without_terminator())
      if (!op.hasTrait<OpTrait::ConstantLike>() &&
          !isa<linalg::IndexOp, tensor::ExtractOp>(op) &&
          !OpTrait::hasElementwiseMappableTraits(&op))
        return op.emitOpError("can't be vectorised in the body of a "
                              "structured operation");
  if (parallel)
    emitForall();
  else
    emitLoops(0, Variant());
  return success();
}

//===----------------------------------------------------------------------===//
// The tile
//===----------------------------------------------------------------------===//

void NestEmitter::emitTile(Variant variant) {
  lanes = tile.lanes;
  newScope();
  for (auto &stage : registers)
    stage.clear();
  emitQuotients(variant);
  if (tile.matrix)
    emitMatrices(variant);
  else if (nest.hasReduction())
    emitReduction(variant);
  else {
    if (usesLanes() && followingIsHeavy(0))
      mergeVectors(variant);
    emitFollowing(0, variant);
  }
}

/// A nest has one folded loop at most.
void NestEmitter::emitQuotients(Variant variant) {
  quotients.clear();
  const Access *folded = nullptr;
  nest.forEachAccess([&](Access &access) {
    if (access.foldLoop >= 0)
      folded = &access;
  });
  if (!folded)
    return;
  bool isRow = folded->foldLoop == tile.rowLoop;
  for (int64_t row = 0; row < (isRow ? variant.rows : 1); ++row) {
    Value position = iv[folded->foldLoop];
    if (row)
      position = arith::AddIOp::create(b, loc, position, constant(row));
    quotients.push_back(
        arith::DivUIOp::create(b, loc, position, constant(folded->fold)));
  }
}

/// Whether what stage `firstStage` and those behind it do keeps so many values
/// alive that, behind a reduction, they should run row by row on a tile in
/// memory instead of on all accumulators at once.
bool NestEmitter::followingIsHeavy(unsigned firstStage) {
  unsigned ops = 0;
  for (Stage &stage : MutableArrayRef(nest.stages).drop_front(firstStage))
    for (Operation &op : stage.op.getBlock()->without_terminator()) {
      ++ops;
      // Some functions are instructions.
      if (isa<arith::DivFOp>(op) ||
          (isa<math::MathDialect>(op.getDialect()) &&
           !isa<math::AbsFOp, math::CeilOp, math::CopySignOp, math::FloorOp,
                math::FmaOp, math::RoundEvenOp, math::SqrtOp, math::TruncOp>(
               op)))
        ops += 8;
    }
  return ops > 8;
}

void NestEmitter::emitReduction(Variant variant) {
  Stage &main = nest.stages[0];
  int64_t vectors = tile.reduceLanes ? tile.vectors : variant.vectors;
  Variant inner = variant;
  inner.vectors = vectors;
  if (tile.reduceLanes)
    inner.lastLanes = 0;
  // Accumulators: [output][row][vector].
  SmallVector<Value> accs;
  for (auto [index, output] : llvm::enumerate(main.outputs)) {
    TypedAttr neutral =
        tile.reduceLanes
            ? arith::getNeutralElement(getCombiner(main.op, index)).value()
            : output.init;
    Value base = !neutral ? address(*output.load) : Value();
    for (int64_t r = 0; r < variant.rows; ++r)
      for (int64_t v = 0; v < vectors; ++v)
        accs.push_back(neutral ? splatAttr(neutral)
                               : splat(load(*output.load, base, inner, r, v)));
  }
  bool partial = false;
  for (unsigned depth = 0; depth < reductions.size(); ++depth)
    partial |= partialSumBlock(depth) != 0;
  if (const Access *panels = panelOperand(); panels && !partial)
    emitPrefetch(panels->panelCoef);
  SmallVector<Value> results = emitReductionLoops(0, inner, accs);
  newScope();
  if (tile.reduceLanes)
    combineLanes(inner, results);
  Variant following = inner;
  if (tile.reduceLanes)
    following.vectors = 1;
  unsigned count = following.rows * following.vectors;
  for (unsigned i = 0; i < main.outputs.size(); ++i)
    registers[0].push_back(Registers(results.begin() + i * count,
                                     results.begin() + (i + 1) * count));
  storeOutputs(0, following);
  if (nest.stages.size() == 1)
    return;
  if (usesLanes() && following.rows > 1 && count > 4 && followingIsHeavy(1))
    emitFollowingByRow(following);
  else
    emitFollowing(1, following);
}

/// What lies behind a limit changes nothing: tiles that begin in front of it do
/// as much as ever, so results have the same bits.
Value NestEmitter::endOfReduction(unsigned loop, int64_t end) {
  const std::optional<Limit> &limit = nest.loops[loop].limit;
  if (!limit)
    return constant(end);
  return arith::MinSIOp::create(b, loc, constant(end),
                                loadLimit(b, loc, *limit, memrefs));
}

/// Where the iterations of a reduction loop begin and end that change something
/// at some position of the tile.
std::pair<Value, Value> NestEmitter::boundsOf(unsigned loop, int64_t end,
                                              Variant variant) {
  Value first = constant(0), last = endOfReduction(loop, end);
  const std::optional<Window> &window = nest.loops[loop].window;
  if (!window)
    return {first, last};
  int64_t others = int(window->other) == tile.rowLoop ? variant.rows
                   : int(window->other) == tile.vectorLoop
                       ? variant.vectors * tile.lanes
                       : 1;
  // The last position is the one that needs the first iterations, from where
  // `step * k` is `window.first` less that position on; the first one needs
  // those where it is less than `window.end` less that position.
  auto positionAt = [&](int64_t number) {
    Value at = iv[window->other];
    if (number)
      at = arith::AddIOp::create(b, loc, at, constant(number));
    if (window->fold > 1)
      at = arith::DivUIOp::create(b, loc, at, constant(window->fold));
    return arith::MulIOp::create(b, loc, at, constant(window->otherStep));
  };
  auto iterations = [&](int64_t distance, Value at) -> Value {
    Value left = arith::MaxSIOp::create(
        b, loc,
        arith::SubIOp::create(b, loc, constant(distance + window->step - 1),
                              at),
        constant(0));
    if (window->step == 1)
      return left;
    return arith::DivUIOp::create(b, loc, left, constant(window->step));
  };
  first = iterations(window->first, positionAt(others - 1));
  last = arith::MinSIOp::create(b, loc, last,
                                iterations(window->end, positionAt(0)));
  return {first, last};
}

SmallVector<Value> NestEmitter::emitReductionLoops(unsigned depth,
                                                   Variant variant,
                                                   ValueRange accs) {
  if (depth == reductions.size()) {
    newScope();
    return emitStep(variant, accs);
  }
  if (int64_t block = partialSumBlock(depth))
    return emitPartialSums(depth, block, variant, accs);
  unsigned loop = reductions[depth];
  bool isLanes = tile.reduceLanes && int(loop) == tile.vectorLoop;
  int64_t step = isLanes ? tile.width() : 1;
  int64_t extent = nest.loops[loop].extent;
  SmallVector<Value> values(accs);
  if (extent >= step) {
    auto [first, last] = boundsOf(loop, extent / step * step, variant);
    auto forOp =
        scf::ForOp::create(b, loc, first, last, constant(step), values);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(forOp.getBody());
    iv[loop] = forOp.getInductionVar();
    SmallVector<Value> next =
        emitReductionLoops(depth + 1, variant, forOp.getRegionIterArgs());
    scf::YieldOp::create(b, loc, next);
    values.assign(forOp.result_begin(), forOp.result_end());
  }
  if (int64_t tail = extent % step) {
    Variant inner = variant;
    inner.vectors = llvm::divideCeil(tail, tile.lanes);
    inner.lastLanes = tail % tile.lanes;
    iv[loop] = constant(extent - tail);
    // The accumulators of the vectors that the tail has.
    SmallVector<Value> part;
    unsigned outputs = nest.stages[0].outputs.size();
    auto at = [&](unsigned o, int64_t r, int64_t v, int64_t vectors) {
      return (o * variant.rows + r) * vectors + v;
    };
    for (unsigned o = 0; o < outputs; ++o)
      for (int64_t r = 0; r < variant.rows; ++r)
        for (int64_t v = 0; v < inner.vectors; ++v)
          part.push_back(values[at(o, r, v, variant.vectors)]);
    newScope();
    SmallVector<Value> next = emitStep(inner, part);
    for (unsigned o = 0; o < outputs; ++o)
      for (int64_t r = 0; r < variant.rows; ++r)
        for (int64_t v = 0; v < inner.vectors; ++v) {
          Value value = next[at(o, r, v, inner.vectors)];
          Value old = part[at(o, r, v, inner.vectors)];
          if (isMasked(inner, v))
            value = arith::SelectOp::create(b, loc, mask(inner.lastLanes),
                                            value, old);
          values[at(o, r, v, variant.vectors)] = value;
        }
  }
  iv[loop] = Value();
  newScope();
  return values;
}

/// Fetches a part of the next panel into the second-level cache while this one
/// is in use: hardware can not know where it begins. `elements` of the panel,
/// from the current induction variables on, are shared among all tiles that
/// read it one after the other. The last panel fetches itself.
void NestEmitter::emitPrefetch(int64_t elements) {
  const Access *panels = panelOperand();
  if (!panels || panels->panelLoop != tile.vectorLoop || elements <= 0)
    return;
  auto *vectorLoop =
      llvm::find_if(outers, [](const OuterLoop &o) { return o.isVector; });
  int64_t tiles = 1;
  Value number; // of the tile among those that share the panel
  for (OuterLoop &outer : llvm::make_range(vectorLoop + 1, outers.end())) {
    int64_t count = outer.countInBand();
    Value index = outer.bands > 1 ? outer.indexInBand : outer.index;
    tiles *= count;
    if (number)
      number = arith::AddIOp::create(
          b, loc, arith::MulIOp::create(b, loc, number, constant(count)),
          index);
    else
      number = index;
  }
  if (vectorLoop->count() < 2 || tiles < 2)
    return;
  Value memref = memrefs[panels->buffer];
  int64_t bits = cast<MemRefType>(memref.getType())
                     .getElementType()
                     .getIntOrFloatBitWidth();
  int64_t perLine = cacheLineBits / (bits * panels->group);
  int64_t lines = llvm::divideCeil(elements, perLine);
  int64_t share =
      std::min<int64_t>(llvm::divideCeil(lines, tiles), maxPrefetches);
  newScope();
  Value next = arith::MinUIOp::create(
      b, loc, arith::AddIOp::create(b, loc, panelIndex, constant(1)),
      constant(vectorLoop->count() - 1));
  Value distance = arith::MulIOp::create(
      b, loc, arith::SubIOp::create(b, loc, next, panelIndex),
      constant(panels->panelCoef));
  Value first = arith::MinUIOp::create(
      b, loc, arith::MulIOp::create(b, loc, number, constant(share)),
      constant(lines - share));
  Value at = arith::AddIOp::create(
      b, loc, address(*panels),
      arith::AddIOp::create(
          b, loc, distance,
          arith::MulIOp::create(b, loc, first, constant(perLine))));
  for (int64_t line = 0; line < share; ++line) {
    Value element = arith::AddIOp::create(
        b, loc, at, constant(panels->base + line * perLine));
    if (panels->group > 1)
      element = arith::MulIOp::create(b, loc, element, constant(panels->group));
    memref::PrefetchOp::create(b, loc, memref, element, /*isWrite=*/false,
                               /*localityHint=*/2, /*isDataCache=*/true);
  }
  newScope();
}

/// How many iterations of the reduction loop at `depth` add up to a partial
/// sum: such that it has `partialSum(all)` terms or fewer; 0 where the sums are
/// short anyway, or where the loop is not the one to cut.
int64_t NestEmitter::partialSumBlock(unsigned depth) {
  if (!hasPartialSums(nest, tile.reduceLanes))
    return 0;
  int64_t inner = 1, all = 1;
  for (auto [index, loop] : llvm::enumerate(reductions)) {
    all *= nest.loops[loop].extent;
    if (index > depth)
      inner *= nest.loops[loop].extent;
  }
  auto loopAt = [&](unsigned at) -> const Loop & {
    return nest.loops[reductions[at]];
  };
  int64_t extent = loopAt(depth).extent;
  int64_t terms = partialSum(all, countWaitingSums(nest, tile, target) > 0);
  bool isInnermost = depth + 1 == reductions.size();
  if (inner * extent <= terms) {
    // A loop that leaves iterations out is not cut; each one is a block then.
    bool isBlock = depth > 0 && loopAt(depth - 1).window &&
                   inner * extent * loopAt(depth - 1).extent > terms;
    return isBlock ? extent : 0;
  }
  if (inner > terms || (loopAt(depth).window && !isInnermost))
    return 0;
  int64_t blocks = llvm::divideCeil(extent, terms / inner);
  return llvm::divideCeil(extent, blocks);
}

/// Cuts the reduction loop at `depth` into blocks with accumulators of their
/// own, which are added to `accs` one after the other.
SmallVector<Value> NestEmitter::emitPartialSums(unsigned depth, int64_t block,
                                                Variant variant,
                                                ValueRange accs) {
  unsigned loop = reductions[depth];
  int64_t extent = nest.loops[loop].extent;
  unsigned count = variant.rows * variant.vectors;
  auto zerosFor = [&](ValueRange totals) {
    SmallVector<Value> zeros;
    for (unsigned i = 0; i < totals.size(); ++i) {
      Operation *combiner = getCombiner(nest.stages[0].op, i / count);
      zeros.push_back(splatAttr(*arith::getNeutralElement(combiner)));
    }
    return zeros;
  };
  auto sumsOf = [&](ValueRange totals, ValueRange more) {
    SmallVector<Value> sums;
    for (auto [index, total] : llvm::enumerate(totals))
      sums.push_back(combine(index / count, total, more[index]));
    return sums;
  };
  auto emitBlock = [&](Value begin, int64_t steps, ValueRange totals) {
    iv[loop] = begin;
    if (const Access *panels = panelOperand())
      emitPrefetch(steps * panels->coef[loop]);
    auto forOp = scf::ForOp::create(b, loc, constant(0), constant(steps),
                                    constant(1), zerosFor(totals));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(forOp.getBody());
      iv[loop] = arith::AddIOp::create(b, loc, begin, forOp.getInductionVar());
      newScope();
      scf::YieldOp::create(
          b, loc,
          emitReductionLoops(depth + 1, variant, forOp.getRegionIterArgs()));
    }
    SmallVector<Value> sums = sumsOf(totals, forOp.getResults());
    // after that: what is one iteration then is no loop any more
    if (depth + 1 == reductions.size() && steps % partialSumUnroll == 0)
      (void)loopUnrollByFactor(forOp, partialSumUnroll);
    return sums;
  };
  // `body` adds to its totals what `step` iterations from a number on give.
  using Body = llvm::function_ref<SmallVector<Value>(Value, ValueRange)>;
  auto emitLoop = [&](int64_t begin, int64_t end, int64_t step,
                      ValueRange totals, Body body) {
    auto forOp =
        scf::ForOp::create(b, loc, constant(begin), endOfReduction(loop, end),
                           constant(step), totals);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(forOp.getBody());
    scf::YieldOp::create(
        b, loc, body(forOp.getInductionVar(), forOp.getRegionIterArgs()));
    return SmallVector<Value>(forOp.getResults());
  };
  auto addBlock = [&](Value begin, ValueRange totals) {
    return emitBlock(begin, block, totals);
  };
  int64_t blocks = extent / block, group = block * sumsOfGroup, grouped = 0;
  SmallVector<Value> results(accs);
  if (blocks > manySums) {
    grouped = blocks / sumsOfGroup * group;
    auto addGroup = [&](Value begin, ValueRange totals) {
      auto forOp = scf::ForOp::create(b, loc, constant(0), constant(group),
                                      constant(block), zerosFor(totals));
      {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(forOp.getBody());
        Value first =
            arith::AddIOp::create(b, loc, begin, forOp.getInductionVar());
        scf::YieldOp::create(b, loc,
                             addBlock(first, forOp.getRegionIterArgs()));
      }
      return sumsOf(totals, forOp.getResults());
    };
    results = emitLoop(0, grouped, group, results, addGroup);
  }
  if (grouped < blocks * block)
    results = emitLoop(grouped, blocks * block, block, results, addBlock);
  if (int64_t tail = extent % block)
    results = emitBlock(constant(extent - tail), tail, results);
  iv[loop] = Value();
  newScope();
  return results;
}

SmallVector<Value> NestEmitter::emitStep(Variant variant, ValueRange accs) {
  const Stage &main = nest.stages[0];
  unsigned count = variant.rows * variant.vectors;
  SmallVector<Value> results(accs.size());
  for (int64_t r = 0; r < variant.rows; ++r)
    for (int64_t v = 0; v < variant.vectors; ++v) {
      unsigned at = r * variant.vectors + v;
      if (main.shortSums) {
        results[at] = emitShortSum(main, accs[at], variant, r, v);
        continue;
      }
      if (main.dots) {
        results[at] = emitDot(main, accs[at],
                              loadInput(main, main.dots->left, variant, r, v),
                              loadInput(main, main.dots->right, variant, r, v));
        continue;
      }
      SmallVector<Value> values = emitBody(
          main, variant, r, v,
          [&](unsigned i) { return loadInput(main, i, variant, r, v); },
          [&](unsigned o) { return accs[o * count + at]; });
      for (auto [o, value] : llvm::enumerate(values))
        results[o * count + at] = value;
    }
  return results;
}

/// Two partial results of `output` made one.
Value NestEmitter::combine(unsigned output, Value lhs, Value rhs) {
  Operation *op = b.clone(*getCombiner(nest.stages[0].op, output));
  op->setOperands({lhs, rhs});
  op->getResult(0).setType(lhs.getType());
  return op->getResult(0);
}

/// Combines the partial results of vectors and lanes into scalars. Always in
/// the same order, so the result does not depend on anything but the shape.
void NestEmitter::combineLanes(Variant variant, SmallVector<Value> &accs) {
  Stage &main = nest.stages[0];
  SmallVector<Value> scalars;
  for (auto [index, output] : llvm::enumerate(main.outputs)) {
    auto combine = [&, output = unsigned(index)](Value lhs, Value rhs) {
      return this->combine(output, lhs, rhs);
    };
    Value base = !output.init ? address(*output.load) : Value();
    for (int64_t r = 0; r < variant.rows; ++r) {
      SmallVector<Value> parts;
      for (int64_t v = 0; v < variant.vectors; ++v)
        parts.push_back(accs[(index * variant.rows + r) * variant.vectors + v]);
      while (parts.size() > 1) {
        SmallVector<Value> next;
        for (unsigned i = 0; i + 1 < parts.size(); i += 2)
          next.push_back(combine(parts[i], parts[i + 1]));
        if (parts.size() % 2)
          next.push_back(parts.back());
        parts = next;
      }
      Value value = parts[0];
      for (int64_t width = tile.lanes; width > 1; width /= 2) {
        SmallVector<int64_t> low, high;
        for (int64_t i = 0; i < width / 2; ++i) {
          low.push_back(i);
          high.push_back(i + width / 2);
        }
        value = combine(vector::ShuffleOp::create(b, loc, value, value, low),
                        vector::ShuffleOp::create(b, loc, value, value, high));
      }
      value = vector::ExtractOp::create(b, loc, value, int64_t(0));
      auto neutral = arith::getNeutralElement(getCombiner(main.op, index));
      lanes = 1;
      if (!output.init)
        value = combine(load(*output.load, base, Variant(), r, 0), value);
      else if (output.init != *neutral)
        value = combine(arith::ConstantOp::create(b, loc, output.init), value);
      scalars.push_back(value);
    }
  }
  lanes = 1;
  accs = scalars;
}

//===----------------------------------------------------------------------===//
// Stages on registers
//===----------------------------------------------------------------------===//

void NestEmitter::emitFollowing(unsigned firstStage, Variant variant) {
  for (unsigned s = firstStage; s < nest.stages.size(); ++s) {
    const Stage &stage = nest.stages[s];
    registers[s].assign(stage.outputs.size(),
                        Registers(variant.rows * variant.vectors));
    // Values that are not masked may not be stored before they are all read:
    // an input may share its buffer with the output (same address only), so
    // reading right before writing is enough.
    for (int64_t r = 0; r < variant.rows; ++r)
      for (int64_t v = 0; v < variant.vectors; ++v) {
        SmallVector<Value> values = emitBody(
            stage, variant, r, v,
            [&](unsigned i) -> Value {
              const Input &input = stage.inputs[i];
              if (input.kind == Input::Register)
                return registers[input.stage][input.result]
                                [r * variant.vectors + v];
              return loadInput(stage, i, variant, r, v);
            },
            [&](unsigned o) -> Value {
              const Output &output = stage.outputs[o];
              if (output.init)
                return splatAttr(output.init);
              return load(*output.load, address(*output.load), variant, r, v);
            });
        for (auto [o, value] : llvm::enumerate(values))
          registers[s][o][r * variant.vectors + v] = value;
      }
    storeOutputs(s, variant);
  }
}

/// Makes one vector of neighbouring ones, up to four. LLVM cuts each operation
/// on them in parts, so that chains of dependent operations, which functions
/// like GELU are, run side by side. One after the other they would be further
/// apart than a CPU looks ahead.
void NestEmitter::mergeVectors(Variant &variant) {
  int64_t merged = 1;
  while (merged < 4 && variant.vectors % (2 * merged) == 0)
    merged *= 2;
  variant.vectors /= merged;
  if (variant.lastLanes)
    variant.lastLanes += (merged - 1) * lanes;
  lanes *= merged;
}

Value NestEmitter::makeScratch(int64_t elements, Type element) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(scratchBlock);
  return memref::AllocaOp::create(b, loc, MemRefType::get({elements}, element),
                                  b.getI64IntegerAttr(64));
}

void NestEmitter::emitFollowingByRow(Variant variant) {
  // Park the accumulators in a tile on the stack.
  SmallVector<Value> parked;
  SmallVector<Type> elements;
  for (const Registers &values : registers[0]) {
    elements.push_back(getElementTypeOrSelf(values[0].getType()));
    parked.push_back(
        makeScratch(variant.rows * variant.vectors * lanes, elements.back()));
    for (auto [i, value] : llvm::enumerate(values))
      vector::StoreOp::create(b, loc, value, parked.back(),
                              ValueRange{constant(i * lanes)});
  }
  emitRows(parked, elements, /*skipped=*/0, /*isStored=*/true, variant);
}

/// Emits what follows a reduction as a loop over the rows of a tile. `parked`
/// holds the rows of each result of the reduction, behind `skipped` other ones;
/// the results themselves may be stored already.
void NestEmitter::emitRows(ArrayRef<Value> parked, ArrayRef<Type> elements,
                           int64_t skipped, bool isStored, Variant variant) {
  int64_t width = variant.vectors * lanes;
  auto loop = scf::ForOp::create(b, loc, constant(0), constant(variant.rows),
                                 constant(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  newScope();
  Value saved = iv[tile.rowLoop];
  Value row = loop.getInductionVar();
  iv[tile.rowLoop] = arith::AddIOp::create(b, loc, saved, row);
  emitQuotients({1, variant.vectors, 0});
  Value base = arith::MulIOp::create(b, loc, row, constant(width));
  mergeVectors(variant);
  for (auto [o, from] : llvm::enumerate(parked)) {
    auto type = cast<VectorType>(vectorOf(elements[o]));
    registers[0][o].resize(variant.vectors);
    for (int64_t v = 0; v < variant.vectors; ++v) {
      Value at = arith::AddIOp::create(b, loc, base,
                                       constant(skipped * width + v * lanes));
      registers[0][o][v] = vector::LoadOp::create(b, loc, type, from, at);
    }
  }
  variant.rows = 1;
  if (!isStored)
    storeOutputs(0, variant);
  emitFollowing(1, variant);
  iv[tile.rowLoop] = saved;
  lanes = tile.lanes;
  newScope();
}

void NestEmitter::storeOutputs(unsigned s, Variant variant) {
  Stage &stage = nest.stages[s];
  for (auto [o, output] : llvm::enumerate(stage.outputs)) {
    if (!output.store)
      continue;
    if (storeTransposed(*output.store, registers[s][o], variant))
      continue;
    Value base = address(*output.store);
    for (int64_t r = 0; r < variant.rows; ++r)
      for (int64_t v = 0; v < variant.vectors; ++v)
        store(*output.store, base, registers[s][o][r * variant.vectors + v],
              variant, r, v);
  }
}
