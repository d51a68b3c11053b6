//===- TileEmitter.cpp - What one thread does of a nest -------------------===//

#include "TileEmitter.h"

#include "dlc/Schedule/CUDA/TargetDescription.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <numeric>

using namespace mlir;
using namespace dlc::schedule;

std::optional<NarrowProducts> dlc::schedule::matchDots(const Nest &nest) {
  const Stage &main = nest.stages.front();
  auto products = matchNarrowProducts(main.op);
  if (!products || products->isFloat)
    return std::nullopt;
  for (unsigned number : {products->left, products->right}) {
    Value operand = main.op->getOperand(number);
    if (main.inputs[number].kind != Input::Memory ||
        !getElementTypeOrSelf(operand.getType()).isInteger(8))
      return std::nullopt;
  }
  return products;
}

Value dlc::schedule::emitDot(OpBuilder &b, Location loc,
                             const NarrowProducts &products,
                             ArrayRef<Value> left, ArrayRef<Value> right,
                             Value acc) {
  auto pack = [&](ArrayRef<Value> bytes) -> Value {
    auto type = VectorType::get({dotGroup}, b.getI8Type());
    return vector::FromElementsOp::create(b, loc, type, bytes);
  };
  auto typeOf = [](bool isUnsigned) {
    return isUnsigned ? NVVM::DotAccumulateType::UNSIGNED
                      : NVVM::DotAccumulateType::SIGNED;
  };
  return NVVM::DotAccumulate4WayOp::create(
      b, loc, b.getI32Type(), pack(left), typeOf(products.leftUnsigned),
      pack(right), typeOf(products.rightUnsigned), acc);
}

TileEmitter::TileEmitter(OpBuilder &builder, Location loc, Nest &nest,
                         ArrayRef<Value> memrefs)
    : b(builder), loc(loc), index(builder, loc), nest(nest), memrefs(memrefs),
      dots(matchDots(nest)) {
  iv.resize(nest.loops.size());
  divisors.assign(nest.loops.size(), 1);
  registers.resize(nest.stages.size());
  points = {Point(nest.loops.size(), 0)};
}

void TileEmitter::setIv(unsigned loop, Value value, int64_t divisor) {
  iv[loop] = value;
  divisors[loop] = divisor;
  newScope();
}

void TileEmitter::setTile(ArrayRef<TileDim> dims) {
  points = {Point(nest.loops.size(), 0)};
  for (const TileDim &dim : dims) {
    SmallVector<Point> more;
    for (const Point &point : points)
      for (int64_t i = 0; i < dim.count; ++i) {
        more.push_back(point);
        more.back()[dim.loop] += i;
      }
    points = std::move(more);
  }
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

/// The address of the tile's origin, without the constant part.
Value TileEmitter::address(const Access &access) {
  Value &cached = addresses[&access];
  if (cached)
    return cached;
  Value sum;
  for (auto [loop, coef] : llvm::enumerate(access.coef)) {
    if (!iv[loop] || coef == 0)
      continue;
    Value term = index.mul(iv[loop], coef);
    sum = sum ? index.add(sum, term) : term;
  }
  return cached = sum ? sum : index.constant(0);
}

/// What the address of the origin is a multiple of; 0 for the address 0.
int64_t TileEmitter::getDivisor(const Access &access) const {
  int64_t divisor = 0;
  for (auto [loop, coef] : llvm::enumerate(access.coef))
    if (iv[loop] && coef != 0)
      divisor = std::gcd(divisor, coef * divisors[loop]);
  return divisor;
}

int64_t TileEmitter::offsetOf(const Access &access, const Point &point) const {
  int64_t offset = access.base;
  for (auto [at, coef] : llvm::zip_equal(point, access.coef))
    offset += at * coef;
  return offset;
}

/// The elements of the widest access at addresses that are multiples of
/// `divisor`, of a type that has vector accesses.
static int64_t widestVector(Type element, int64_t divisor) {
  int64_t bytes = llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  int64_t width = CudaTarget::vectorBytes / bytes;
  while (divisor % width != 0)
    width /= 2;
  return width;
}

/// Cuts sorted distinct offsets into runs that one access covers: aligned, a
/// power of two long and consecutive.
static SmallVector<std::pair<int64_t, int64_t>>
makeRuns(ArrayRef<int64_t> offsets, int64_t widest) {
  SmallVector<std::pair<int64_t, int64_t>> runs; // (first index, length)
  for (int64_t i = 0, n = offsets.size(); i < n;) {
    int64_t width = widest;
    while (width > 1 &&
           (((offsets[i] % width) + width) % width != 0 || i + width > n ||
            offsets[i + width - 1] != offsets[i] + width - 1))
      width /= 2;
    runs.push_back({i, width});
    i += width;
  }
  return runs;
}

static SmallVector<int64_t> sortedUnique(ArrayRef<int64_t> values) {
  SmallVector<int64_t> sorted(values);
  llvm::sort(sorted);
  sorted.erase(llvm::unique(sorted), sorted.end());
  return sorted;
}

TileEmitter::Values TileEmitter::load(const Access &access,
                                      ArrayRef<Point> where) {
  Values values(where.size());
  SmallVector<int64_t> needed, offsets(where.size());
  for (auto [i, point] : llvm::enumerate(where)) {
    offsets[i] = offsetOf(access, point);
    if (cache)
      values[i] = cache->find(access, point);
    if (!values[i])
      needed.push_back(offsets[i]);
  }
  if (needed.empty())
    return values;
  needed = sortedUnique(needed);
  Value memref = memrefs[access.buffer];
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  Value origin = address(access);
  llvm::DenseMap<int64_t, Value> loaded;
  for (auto [first, length] :
       makeRuns(needed, widestVector(element, getDivisor(access)))) {
    Value at = index.add(origin, needed[first]);
    if (length == 1) {
      loaded[needed[first]] = memref::LoadOp::create(b, loc, memref, at);
      continue;
    }
    Value vector = vector::LoadOp::create(
        b, loc, VectorType::get({length}, element), memref, at);
    for (int64_t i = 0; i < length; ++i)
      loaded[needed[first] + i] = vector::ExtractOp::create(b, loc, vector, i);
  }
  for (auto [i, value] : llvm::enumerate(values))
    if (!value) {
      value = loaded[offsets[i]];
      if (cache)
        cache->loaded(access, where[i], value);
    }
  return values;
}

void TileEmitter::store(const Access &access, const Values &values) {
  llvm::DenseMap<int64_t, Value> byOffset;
  for (auto [point, value] : llvm::zip_equal(points, values))
    if (!cache || !cache->store(access, point, value))
      byOffset[offsetOf(access, point)] = value;
  if (byOffset.empty())
    return;
  SmallVector<int64_t> offsets;
  for (auto &[offset, value] : byOffset)
    offsets.push_back(offset);
  llvm::sort(offsets);
  Value memref = memrefs[access.buffer];
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  Value origin = address(access);
  OpBuilder::InsertionGuard insertion(b);
  if (storeGuard) {
    auto guard =
        scf::IfOp::create(b, loc, storeGuard, /*withElseRegion=*/false);
    b.setInsertionPointToStart(guard.thenBlock());
  }
  for (auto [first, length] :
       makeRuns(offsets, widestVector(element, getDivisor(access)))) {
    Value at = index.add(origin, offsets[first]);
    if (length == 1) {
      memref::StoreOp::create(b, loc, byOffset[offsets[first]], memref, at);
      continue;
    }
    Values run;
    for (int64_t i = 0; i < length; ++i)
      run.push_back(byOffset[offsets[first] + i]);
    Value vector = vector::FromElementsOp::create(
        b, loc, VectorType::get({length}, element), run);
    vector::StoreOp::create(b, loc, vector, memref, at);
  }
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

Value TileEmitter::emitIndex(const Stage &stage, unsigned dim,
                             const Point &point) {
  int loop = stage.loopOf[dim];
  if (loop < 0)
    return index.constant(0);
  return iv[loop] ? index.add(iv[loop], point[loop])
                  : index.constant(point[loop]);
}

/// What `value` has become; constants of the kernel outside of the body are
/// cloned where they are used.
Value TileEmitter::lookup(IRMapping &map, Value value) {
  Value mapped = map.lookupOrNull(value);
  if (!mapped) {
    mapped = b.clone(*value.getDefiningOp())->getResult(0);
    map.map(value, mapped);
  }
  return mapped;
}

Value TileEmitter::emitGather(const Stage &stage, Operation *op,
                              IRMapping &map) {
  auto extract = cast<tensor::ExtractOp>(op);
  const Placement &place = stage.gathers.at(op);
  Value at = index.constant(place.offset);
  for (auto [position, stride] :
       llvm::zip_equal(extract.getIndices(), place.strides))
    at = index.add(at, index.mul(lookup(map, position), stride));
  return memref::LoadOp::create(b, loc, memrefs[place.buffer], at);
}

SmallVector<Value>
TileEmitter::emitBody(const Stage &stage, const Point &point,
                      llvm::function_ref<Value(unsigned)> input,
                      llvm::function_ref<Value(unsigned)> output) {
  linalg::LinalgOp structured = stage.op;
  Block *body = structured.getBlock();
  IRMapping map;
  unsigned numInputs = stage.inputs.size();
  for (auto [i, arg] : llvm::enumerate(body->getArguments()))
    if (!arg.use_empty())
      map.map(arg, i < numInputs ? input(i) : output(i - numInputs));
  for (Operation &op : body->without_terminator()) {
    if (auto asIndex = dyn_cast<linalg::IndexOp>(op)) {
      map.map(asIndex.getResult(), emitIndex(stage, asIndex.getDim(), point));
    } else if (isa<tensor::ExtractOp>(op)) {
      map.map(op.getResult(0), emitGather(stage, &op, map));
    } else {
      for (Value operand : op.getOperands())
        lookup(map, operand);
      b.clone(op, map);
    }
  }
  SmallVector<Value> results;
  for (Value yielded : body->getTerminator()->getOperands())
    results.push_back(lookup(map, yielded));
  return results;
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

void TileEmitter::storeOutputs(unsigned s) {
  for (auto [o, output] : llvm::enumerate(nest.stages[s].outputs))
    if (output.store)
      store(*output.store, registers[s][o]);
}

void TileEmitter::runStage(unsigned s) {
  const Stage &stage = nest.stages[s];
  SmallVector<Values> inputs(stage.inputs.size()),
      outputs(stage.outputs.size());
  // All loads come first: what is stored may be the memory of an input (at the
  // same address).
  for (auto [i, input] : llvm::enumerate(stage.inputs)) {
    if (input.kind == Input::Memory)
      inputs[i] = load(input.access, points);
    else if (input.kind == Input::Register)
      inputs[i] = registers[input.stage][input.result];
  }
  for (auto [o, output] : llvm::enumerate(stage.outputs))
    if (output.load)
      outputs[o] = load(*output.load, points);
  registers[s].assign(stage.outputs.size(), Values(points.size()));
  for (auto [p, point] : llvm::enumerate(points)) {
    SmallVector<Value> values = emitBody(
        stage, point,
        [&, p = p](unsigned i) -> Value {
          if (stage.inputs[i].kind == Input::Scalar)
            return b.clone(*stage.inputs[i].scalar.getDefiningOp())
                ->getResult(0);
          return inputs[i][p];
        },
        [&, p = p](unsigned o) -> Value {
          if (stage.outputs[o].init)
            return arith::ConstantOp::create(b, loc, stage.outputs[o].init);
          return outputs[o][p];
        });
    for (auto [o, value] : llvm::enumerate(values))
      registers[s][o][p] = value;
  }
  storeOutputs(s);
}

void TileEmitter::emit() {
  if (nest.hasReduction()) {
    finish(reduce(getReductionOrder(nest), start(/*neutral=*/false)));
    return;
  }
  for (unsigned s = 0; s < nest.stages.size(); ++s)
    runStage(s);
}

void TileEmitter::finish(Results accs) {
  registers[0] = std::move(accs);
  newScope();
  storeOutputs(0);
  for (unsigned s = 1; s < nest.stages.size(); ++s)
    runStage(s);
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

SmallVector<unsigned> TileEmitter::getReductionOrder(const Nest &nest) {
  SmallVector<unsigned> order;
  for (auto [loop, info] : llvm::enumerate(nest.loops))
    if (info.reduction)
      order.push_back(loop);
  // The loop in which the first operand takes the smallest steps runs
  // innermost.
  ArrayRef<Input> inputs = nest.stages[0].inputs;
  if (!inputs.empty() && inputs.front().kind == Input::Memory)
    llvm::stable_sort(order, [&](unsigned lhs, unsigned rhs) {
      ArrayRef<int64_t> coef = inputs.front().access.coef;
      return std::abs(coef[lhs]) > std::abs(coef[rhs]);
    });
  return order;
}

/// Iterations of a sum of products of bytes that are run at once: whole vectors
/// where both factors are consecutive, whole groups otherwise.
static int64_t getDotUnroll(const Nest &nest, unsigned loop,
                            const NarrowProducts &products) {
  ArrayRef<Input> inputs = nest.stages[0].inputs;
  bool consecutive = inputs[products.left].access.coef[loop] == 1 &&
                     inputs[products.right].access.coef[loop] == 1;
  int64_t unroll = consecutive ? CudaTarget::vectorBytes : dotGroup;
  while (unroll > dotGroup && nest.loops[loop].extent % unroll != 0)
    unroll /= 2;
  return unroll;
}

int64_t TileEmitter::getUnroll(unsigned loop) const {
  int64_t extent = nest.loops[loop].extent;
  if (dots && extent >= dotGroup)
    return getDotUnroll(nest, loop, *dots);
  if (extent <= 4)
    return extent;
  for (int64_t unroll : {4, 2})
    if (extent % unroll == 0)
      return unroll;
  return extent <= 8 ? extent : 4;
}

TileEmitter::Results TileEmitter::start(bool neutral) {
  const Stage &main = nest.stages[0];
  Results accs;
  for (auto [o, output] : llvm::enumerate(main.outputs)) {
    TypedAttr init = output.init;
    if (neutral)
      init = *arith::getNeutralElement(getCombiner(main.op, o));
    if (!init) {
      accs.push_back(load(*output.load, points));
      continue;
    }
    Value value = arith::ConstantOp::create(b, loc, init);
    accs.push_back(Values(points.size(), value));
  }
  return accs;
}

Value TileEmitter::evaluateMain(llvm::function_ref<Value(unsigned)> input,
                                Value acc) {
  return emitBody(nest.stages[0], points.front(), input,
                  [&](unsigned) { return acc; })
      .front();
}

Value TileEmitter::combine(unsigned output, Value lhs, Value rhs) {
  Operation *op = b.clone(*getCombiner(nest.stages[0].op, output));
  op->setOperands({lhs, rhs});
  return op->getResult(0);
}

TileEmitter::Results TileEmitter::applyInit(const Results &partial) {
  Results results = start(/*neutral=*/false);
  for (auto [o, values] : llvm::enumerate(results)) {
    TypedAttr init = nest.stages[0].outputs[o].init;
    bool nothing = init && init == *arith::getNeutralElement(
                                       getCombiner(nest.stages[0].op, o));
    for (auto [p, value] : llvm::enumerate(values))
      value = nothing ? partial[o][p] : combine(o, value, partial[o][p]);
  }
  return results;
}

static SmallVector<Value> flattenResults(const TileEmitter::Results &results) {
  SmallVector<Value> flat;
  for (const auto &values : results)
    llvm::append_range(flat, values);
  return flat;
}

static TileEmitter::Results unflatten(ValueRange flat, size_t count) {
  TileEmitter::Results results;
  for (size_t i = 0; i < flat.size(); i += count)
    results.push_back(
        TileEmitter::Values(flat.begin() + i, flat.begin() + i + count));
  return results;
}

/// `count` iterations of `loop` from its current iv.
TileEmitter::Results TileEmitter::unrolled(unsigned loop, int64_t count,
                                           const Results &accs) {
  SmallVector<Point> shifts(count, Point(nest.loops.size(), 0));
  for (int64_t i = 0; i < count; ++i)
    shifts[i][loop] = i;
  return step(shifts, accs);
}

/// Runs `body` for the iterations 0, by, … below `end` of `loop`, plus `offset`
/// (a multiple of what divides both).
TileEmitter::Results
TileEmitter::loopOver(unsigned loop, int64_t end, int64_t by, Value offset,
                      const Results &accs,
                      llvm::function_ref<Results(const Results &)> body) {
  int64_t divisor = offset ? divisors[loop] : by;
  auto at = [&](Value iteration) {
    setIv(loop, offset ? index.add(iteration, offset) : iteration, divisor);
  };
  if (end <= by) {
    at(index.constant(0));
    return end > 0 ? body(accs) : accs;
  }
  Value last = index.constant(end);
  if (const std::optional<Limit> &limit = nest.loops[loop].limit) {
    Value limited = loadLimit(b, loc, *limit, memrefs);
    // Of a tile of pieces the first one goes the farthest.
    if (limit->piece >= 0)
      limited = arith::SubIOp::create(
          b, loc, limited, index.mul(iv[limit->piece], limit->pieceLength));
    last = arith::MinSIOp::create(b, loc, last, limited);
  }
  auto forOp = scf::ForOp::create(b, loc, index.constant(0), last,
                                  index.constant(by), flattenResults(accs));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(forOp.getBody());
  at(forOp.getInductionVar());
  Results next = body(unflatten(forOp.getRegionIterArgs(), points.size()));
  scf::YieldOp::create(b, loc, flattenResults(next));
  newScope();
  return unflatten(forOp.getResults(), points.size());
}

/// Whether loops are run at once, so that what none of them has enough of makes
/// whole groups of products: the window of a depthwise convolution.
bool TileEmitter::isSmallWindow(ArrayRef<unsigned> loops) const {
  int64_t iterations = 1;
  for (unsigned loop : loops) {
    if (nest.loops[loop].limit)
      return false;
    iterations *= nest.loops[loop].extent;
  }
  return loops.size() > 1 && iterations >= dotGroup && iterations <= 16;
}

/// The tile's origin, moved by all iterations of some loops.
SmallVector<TileEmitter::Point>
TileEmitter::getShifts(ArrayRef<unsigned> loops) const {
  SmallVector<Point> shifts = {Point(nest.loops.size(), 0)};
  for (unsigned loop : loops) {
    SmallVector<Point> more;
    for (const Point &shift : shifts)
      for (int64_t i = 0; i < nest.loops[loop].extent; ++i) {
        more.push_back(shift);
        more.back()[loop] = i;
      }
    shifts = std::move(more);
  }
  return shifts;
}

TileEmitter::Results TileEmitter::reduce(ArrayRef<unsigned> loops,
                                         const Results &accs) {
  if (loops.empty())
    return step({Point(nest.loops.size(), 0)}, accs);
  if (dots && isSmallWindow(loops))
    return step(getShifts(loops), accs);
  unsigned loop = loops.front();
  int64_t extent = nest.loops[loop].extent;
  bool innermost = loops.size() == 1;
  int64_t unroll = innermost ? getUnroll(loop) : 1;
  auto body = [&](const Results &current) {
    return innermost ? unrolled(loop, unroll, current)
                     : reduce(loops.drop_front(), current);
  };
  int64_t whole = extent / unroll * unroll;
  Results results = loopOver(loop, whole, unroll, Value(), accs, body);
  if (int64_t tail = extent - whole) {
    setIv(loop, index.constant(whole), whole);
    results = unrolled(loop, tail, results);
  }
  setIv(loop, Value());
  return results;
}

TileEmitter::Results TileEmitter::reduce(ArrayRef<unsigned> loops,
                                         const Split &split,
                                         const Results &accs) {
  if (loops.empty())
    return reduceShare(split, accs);
  unsigned loop = loops.front();
  Results results =
      loopOver(loop, nest.loops[loop].extent, 1, Value(), accs,
               [&](const Results &current) {
                 return reduce(loops.drop_front(), split, current);
               });
  setIv(loop, Value());
  return results;
}

TileEmitter::Results TileEmitter::reduceShare(const Split &split,
                                              const Results &accs) {
  int64_t extent = nest.loops[split.loop].extent;
  int64_t run = getUnroll(split.loop);
  if (extent % run != 0 && !dots)
    run = 1;
  int64_t chunk = run * split.threads;
  int64_t whole = extent / chunk * chunk;
  Value offset = index.mul(split.id, run);
  divisors[split.loop] = run;
  Results results = loopOver(split.loop, whole, chunk, offset, accs,
                             [&](const Results &current) {
                               return unrolled(split.loop, run, current);
                             });
  // Whole runs for some of the threads, then what is less than a run.
  int64_t runs = extent / run * run;
  if (whole < runs)
    results = reduceRest(split, whole, runs, run, results);
  for (; runs < extent; runs += split.threads)
    results = reduceRest(split, runs, std::min(extent, runs + split.threads), 1,
                         results);
  setIv(split.loop, Value());
  return results;
}

/// Iterations from `begin` to `end`, `run` for each of the first threads.
TileEmitter::Results TileEmitter::reduceRest(const Split &split, int64_t begin,
                                             int64_t end, int64_t run,
                                             const Results &accs) {
  Value at = index.add(index.mul(split.id, run), begin);
  auto guard = scf::IfOp::create(b, loc, TypeRange(flattenResults(accs)),
                                 index.less(at, end), /*withElseRegion=*/true);
  OpBuilder::InsertionGuard insertion(b);
  b.setInsertionPointToStart(guard.thenBlock());
  setIv(split.loop, at, run);
  scf::YieldOp::create(b, loc, flattenResults(unrolled(split.loop, run, accs)));
  b.setInsertionPointToStart(guard.elseBlock());
  scf::YieldOp::create(b, loc, flattenResults(accs));
  newScope();
  return unflatten(guard.getResults(), points.size());
}

/// Adds the products of as many of the shifts as make whole groups, given the
/// values of inputs at all shifts of all points. Returns how many these are.
size_t TileEmitter::stepDots(size_t shifts, ArrayRef<Values> inputs,
                             Results &results) {
  size_t whole = shifts / dotGroup * dotGroup;
  for (size_t first = 0; first < whole; first += dotGroup)
    for (size_t p = 0; p < points.size(); ++p) {
      auto gather = [&](unsigned input) {
        Values bytes;
        for (size_t i = first; i < first + dotGroup; ++i)
          bytes.push_back(inputs[input][i * points.size() + p]);
        return bytes;
      };
      Value &acc = results[0][p];
      acc =
          emitDot(b, loc, *dots, gather(dots->left), gather(dots->right), acc);
    }
  return whole;
}

TileEmitter::Results TileEmitter::step(ArrayRef<Point> shifts,
                                       const Results &accs) {
  const Stage &main = nest.stages[0];
  SmallVector<Point> all;
  for (const Point &shift : shifts)
    for (const Point &point : points) {
      all.push_back(point);
      for (auto [at, more] : llvm::zip_equal(all.back(), shift))
        at += more;
    }
  SmallVector<Values> inputs(main.inputs.size());
  for (auto [i, input] : llvm::enumerate(main.inputs))
    if (input.kind == Input::Memory)
      inputs[i] = load(input.access, all);
  Results results = accs;
  size_t done = dots ? stepDots(shifts.size(), inputs, results) : 0;
  for (auto [n, point] : llvm::enumerate(all)) {
    if (n < done * points.size())
      continue;
    size_t p = n % points.size();
    SmallVector<Value> values = emitBody(
        main, point,
        [&, n = n](unsigned i) -> Value {
          if (main.inputs[i].kind == Input::Scalar)
            return b.clone(*main.inputs[i].scalar.getDefiningOp())
                ->getResult(0);
          return inputs[i][n];
        },
        [&](unsigned o) { return results[o][p]; });
    for (auto [o, value] : llvm::enumerate(values))
      results[o][p] = value;
  }
  return results;
}
