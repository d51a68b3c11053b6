//===- ResolveExtents.cpp - Everything heeds the extents ------------------===//

#include "Extents.h"
#include "LoopBorder.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"
#include "dlc/Dialect/NN/Transforms/Passes.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/TypeSwitch.h"

namespace dlc::nn {
#define GEN_PASS_DEF_NNRESOLVEEXTENTS
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace dlc::nn

using namespace mlir;
using namespace dlc::nn;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static Type elementOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

namespace {

/// Walks one graph from its beginning to its end. Of each value it knows which
/// dimensions are bounded; operations that read what does not count get their
/// operands changed so that it does not matter.
class Resolver {
public:
  explicit Resolver(func::FuncOp func) : func(func) {}

  LogicalResult run() {
    readArguments();
    for (Operation &op : llvm::make_early_inc_range(
             func.getBody().front().without_terminator()))
      if (failed(resolve(&op)))
        return failure();
    return writeResults();
  }

private:
  Axes axesOf(Value value) const {
    auto found = known.find(value);
    return found == known.end() ? staticAxes(value) : found->second;
  }

  void define(Value value, Axes axes) {
    if (hasBounded(axes))
      known[value] = std::move(axes);
  }

  /// The only place where something is refused.
  static LogicalResult refuse(Operation *op, int64_t dim, StringRef reason) {
    return emitError(op->getLoc())
           << "dimension " << dim << " has an extent that is known at run time "
           << "only (at most the size compiled for), and " << reason;
  }

  /// Makes what counts along `dim` of an operand lie at its beginning.
  void compact(OpOperand &operand, int64_t dim) {
    Axes axes = axesOf(operand.get());
    if (axes[dim].isPrefix())
      return;
    ExtentBuilder b(operand.getOwner());
    Value moved = b.compact(operand.get(), axes[dim], dim);
    axes[dim] = Axis(axes[dim].getSize(), b.extentOf(axes[dim]));
    operand.set(moved);
    define(moved, std::move(axes));
  }

  /// Fills what does not count along `dims` of an operand.
  void fill(OpOperand &operand, ArrayRef<int64_t> dims,
            function_ref<Value(ExtentBuilder &)> value) {
    Axes axes = axesOf(operand.get());
    if (llvm::none_of(dims, [&](int64_t d) { return axes[d].isBounded(); }))
      return;
    ExtentBuilder b(operand.getOwner());
    Value filled = b.fill(operand.get(), axes, dims, value(b));
    operand.set(filled);
    define(filled, std::move(axes));
  }

  void fillZero(OpOperand &operand, ArrayRef<int64_t> dims) {
    Type element = elementOf(operand.get());
    fill(operand, dims, [&](ExtentBuilder &b) { return b.number(element, 0); });
  }

  /// The same along one dimension as if that were `axis`.
  void fillZeroBy(OpOperand &operand, int64_t dim, const Axis &axis) {
    Axes axes = axesOf(operand.get()), by = axes;
    by[dim] = axis;
    ExtentBuilder b(operand.getOwner());
    Value zero = b.number(elementOf(operand.get()), 0);
    Value filled = b.fill(operand.get(), by, {dim}, zero);
    operand.set(filled);
    define(filled, std::move(axes));
  }

  void fillLimit(OpOperand &operand, ArrayRef<int64_t> dims, bool lowest) {
    Type element = elementOf(operand.get());
    fill(operand, dims,
         [&](ExtentBuilder &b) { return b.limit(element, lowest); });
  }

  void readArguments();
  LogicalResult writeResults();
  LogicalResult resolve(Operation *op);
  LogicalResult broadcast(Operation *op, ArrayRef<unsigned> operands,
                          int64_t drop);

  LogicalResult visit(BoundedOp op);
  LogicalResult visit(ExtentOp op);
  LogicalResult visit(ReshapeOp op);
  LogicalResult visit(TransposeOp op);
  LogicalResult visit(BroadcastOp op);
  LogicalResult visit(ConcatOp op);
  LogicalResult visit(SliceOp op);
  LogicalResult takePart(SliceOp op, int64_t d, int64_t index, int64_t count);
  LogicalResult visit(PadOp op);
  LogicalResult visit(GatherOp op);
  LogicalResult visit(GatherNDOp op);
  LogicalResult visit(SearchSortedOp op);
  LogicalResult visit(ReduceOp op);
  LogicalResult visit(ArgReduceOp op);
  LogicalResult visit(CumSumOp op);
  LogicalResult visit(SoftmaxOp op);
  LogicalResult visit(LayerNormOp op);
  LogicalResult visit(BatchNormOp op);
  LogicalResult visit(LrnOp op);
  LogicalResult visit(ResizeOp op);
  LogicalResult visit(MatmulOp op);
  LogicalResult visit(ConvOp op);
  LogicalResult visit(ConvTransposeOp op);
  LogicalResult visit(MaxPoolOp op);
  LogicalResult visit(AvgPoolOp op);
  LogicalResult visit(LoopOp op);
  /// What a window finds behind the end of a dimension.
  using Filling = llvm::function_ref<Value(ExtentBuilder &)>;
  template <typename OpT>
  LogicalResult visitWindow(OpT op, ArrayRef<int64_t> kernel, Axes axes,
                            Filling filling);
  void padWindow(OpOperand &input, int64_t d, int64_t size, int64_t extent,
                 int64_t stride, bool isUpper, Filling filling);

  func::FuncOp func;
  llvm::DenseMap<Value, Axes> known;
  ExtentLimits limits;
};

//===----------------------------------------------------------------------===//
// Arguments and results
//===----------------------------------------------------------------------===//

/// Extents of inputs are the elements of one more input.
void Resolver::readArguments() {
  BlockArgument extents;
  for (BlockArgument arg : func.getArguments())
    if (func.getArgAttr(arg.getArgNumber(), kIsExtentsAttrName))
      extents = arg;
  if (!extents || func.getBody().front().empty())
    return;
  ExtentBuilder b(&func.getBody().front().front());
  llvm::DenseMap<int64_t, Value> scalars;
  for (BlockArgument arg : func.getArguments()) {
    auto numbers = func.getArgAttrOfType<DenseI64ArrayAttr>(arg.getArgNumber(),
                                                            kExtentsAttrName);
    if (!numbers)
      continue;
    Axes axes = staticAxes(arg);
    for (auto [axis, number] : llvm::zip_equal(axes, numbers.asArrayRef())) {
      if (number < 0)
        continue;
      Value &extent = scalars[number];
      if (!extent)
        extent = b.reshape(b.make<SliceOp>(extents, ArrayRef<int64_t>(number),
                                           ArrayRef<int64_t>(1),
                                           ArrayRef<int64_t>(1)),
                           {});
      auto [limit, isFirst] = limits.insert({extent, axis.getSize()});
      if (!isFirst)
        limit->second = std::min(limit->second, axis.getSize());
      axis = Axis(axis.getSize(), extent);
    }
    define(arg, std::move(axes));
  }
}

/// Extents of results become the elements of one more result.
LogicalResult Resolver::writeResults() {
  Operation *ret = func.getBody().front().getTerminator();
  ExtentBuilder b(ret);
  Builder attrs(func.getContext());
  SmallVector<Value> extents;
  for (OpOperand &operand : ret->getOpOperands()) {
    Axes axes = axesOf(operand.get());
    if (!hasBounded(axes))
      continue;
    SmallVector<int64_t> numbers(axes.size(), -1);
    for (size_t d = 0; d < axes.size(); ++d) {
      if (!axes[d].isBounded())
        continue;
      compact(operand, d);
      Value extent = b.extentOf(axesOf(operand.get())[d]);
      auto *at = llvm::find(extents, extent);
      numbers[d] = at - extents.begin();
      if (at == extents.end())
        extents.push_back(extent);
    }
    func.setResultAttr(operand.getOperandNumber(), kExtentsAttrName,
                       attrs.getDenseI64ArrayAttr(numbers));
  }
  if (extents.empty())
    return success();
  for (Value &extent : extents)
    extent = b.reshape(extent, {1});
  Value all = extents.size() == 1
                  ? extents.front()
                  : b.make<ConcatOp>(ValueRange(extents), int64_t(0));
  unsigned number = ret->getNumOperands();
  ret->insertOperands(number, all);
  auto entry = attrs.getDictionaryAttr(
      {attrs.getNamedAttr("dlc.name", attrs.getStringAttr("dlc.extents")),
       attrs.getNamedAttr(kIsExtentsAttrName, attrs.getUnitAttr())});
  return func.insertResult(number, all.getType(), entry);
}

//===----------------------------------------------------------------------===//
// Elementwise operations and what broadcasts like them
//===----------------------------------------------------------------------===//

/// The result of an operation whose operands broadcast to it, but for their
/// last `drop` dimensions: has the extents of all of them.
LogicalResult Resolver::broadcast(Operation *op, ArrayRef<unsigned> operands,
                                  int64_t drop) {
  Value result = op->getResult(0);
  Axes axes = staticAxes(result);
  int64_t rank = axes.size();
  for (int64_t d = 0; d < rank - drop; ++d) {
    SmallVector<std::pair<OpOperand *, int64_t>> bounded;
    for (unsigned number : operands) {
      OpOperand &operand = op->getOpOperand(number);
      Axes from = axesOf(operand.get());
      int64_t at = d - rank + int64_t(from.size());
      if (at >= 0 && from[at].isBounded() &&
          from[at].getSize() == axes[d].getSize())
        bounded.push_back({&operand, at});
    }
    if (bounded.empty())
      continue;
    auto axisOf = [&](auto entry) {
      return axesOf(entry.first->get())[entry.second];
    };
    Axis first = axisOf(bounded.front());
    if (llvm::any_of(bounded,
                     [&](auto entry) { return !(axisOf(entry) == first); }))
      for (auto [operand, at] : bounded)
        compact(*operand, at);
    axes[d] = axisOf(bounded.front());
  }
  define(result, std::move(axes));
  return success();
}

LogicalResult Resolver::visit(BroadcastOp op) { return broadcast(op, {0}, 0); }

LogicalResult Resolver::visit(BatchNormOp op) {
  define(op.getResult(), axesOf(op.getX()));
  return success();
}

LogicalResult Resolver::visit(SearchSortedOp op) {
  fillLimit(op->getOpOperand(0), {0}, /*lowest=*/false);
  define(op.getResult(), axesOf(op.getValues()));
  return success();
}

//===----------------------------------------------------------------------===//
// Extents and movement of data
//===----------------------------------------------------------------------===//

LogicalResult Resolver::visit(BoundedOp op) {
  compact(op->getOpOperand(0), op.getAxis());
  Axes axes = axesOf(op.getX());
  int64_t size = shapeOf(op.getX())[op.getAxis()];
  // An extent that is the size: all of it counts, whatever it was before.
  bool isWhole = isSplat(op.getExtent(), double(size));
  if (isWhole && !axes[op.getAxis()].isBounded()) {
    op.replaceAllUsesWith(op.getX());
    op.erase();
    return success();
  }
  Value extent = originOf(op.getExtent(), limits);
  if (extent != op.getExtent())
    extent = ExtentBuilder(op).reshape(extent, {});
  axes[op.getAxis()] = isWhole ? Axis(size) : Axis(size, extent);
  // The operand may have other readers, to which the extent means nothing.
  OpBuilder builder(op);
  Value x = op.getX();
  Value apart = ReshapeOp::create(builder, op.getLoc(), x.getType(), x);
  define(apart, std::move(axes));
  op.replaceAllUsesWith(apart);
  op.erase();
  return success();
}

LogicalResult Resolver::visit(ExtentOp op) {
  ExtentBuilder b(op);
  op.replaceAllUsesWith(b.extentOf(axesOf(op.getX())[op.getAxis()]));
  op.erase();
  return success();
}

LogicalResult Resolver::visit(ReshapeOp op) {
  ArrayRef<int64_t> shape = op.getType().getShape();
  std::optional<Axes> axes = regroup(axesOf(op.getX()), shape);
  if (auto fixed = op->getAttrOfType<DenseI64ArrayAttr>(kFixedAttrName))
    for (int64_t d : fixed.asArrayRef())
      if (axes && (*axes)[d].isBounded())
        axes.reset();
  if (!axes) {
    // What counts may be at the beginning of both.
    int64_t at = 0;
    for (auto [d, axis] : llvm::enumerate(axesOf(op.getX())))
      at = axis.isBounded() ? d : at;
    return refuse(op, at, "a reshape divides it");
  }
  define(op.getResult(), std::move(*axes));
  return success();
}

LogicalResult Resolver::visit(TransposeOp op) {
  Axes from = axesOf(op.getX()), axes;
  for (int64_t d : op.getPerm())
    axes.push_back(from[d]);
  define(op.getResult(), std::move(axes));
  return success();
}

/// Positions behind the end of a part skip what does not count there.
LogicalResult Resolver::visit(ConcatOp op) {
  int64_t along = op.getAxis();
  Axes axes = staticAxes(op.getResult());
  bool isBounded = false, hasGaps = false;
  for (OpOperand &operand : op->getOpOperands()) {
    hasGaps |= isBounded;
    compact(operand, along);
    isBounded |= axesOf(operand.get())[along].isBounded();
    for (auto [d, axis] : llvm::enumerate(axesOf(operand.get())))
      if (int64_t(d) != along && axis.isBounded())
        axes[d] = axis;
  }
  if (!isBounded) {
    define(op.getResult(), std::move(axes));
    return success();
  }
  OpBuilder at(op);
  at.setInsertionPointAfter(op);
  ExtentBuilder b(at, op.getLoc());
  int64_t size = op.getType().getDimSize(along);
  Value extent = b.scalar(0), position = b.positions(size), source = position;
  for (Value part : op.getInputs()) {
    Axis axis = axesOf(part)[along];
    Value here = b.extentOf(axis);
    extent = b.add(extent, here);
    if (!axis.isBounded())
      continue;
    Value isBehind = b.make<CompareOp>(ComparePredicate::GE, position, extent);
    Value gap = b.sub(b.scalar(axis.getSize()), here);
    source = b.add(source, b.make<SelectOp>(isBehind, gap, b.scalar(0)));
  }
  axes[along] = Axis(size, extent);
  if (!hasGaps) {
    define(op.getResult(), std::move(axes));
    return success();
  }
  Value joined = b.make<GatherOp>(op.getResult(), source, along);
  op.getResult().replaceAllUsesExcept(joined, joined.getDefiningOp());
  define(joined, std::move(axes));
  return success();
}

LogicalResult Resolver::visit(SliceOp op) {
  Axes axes = staticAxes(op.getResult());
  for (size_t d = 0; d < axes.size(); ++d) {
    Axis from = axesOf(op.getX())[d];
    int64_t start = op.getStarts()[d], step = op.getSteps()[d];
    int64_t size = axes[d].getSize();
    if (!from.isBounded())
      continue;
    if (start == 0 && step == 1 && size == from.getSize()) {
      axes[d] = from;
      continue;
    }
    auto part = op->getAttrOfType<DenseI64ArrayAttr>(kPartAttrName);
    if (part && part[0] == int64_t(d) && size * part[2] == from.getSize())
      return takePart(op, d, part[1], part[2]);
    if (step < 0 || op->hasAttr(kFittedAttrName))
      return refuse(op, d, "which part of it is taken depends on it");
    compact(op->getOpOperand(0), d);
    ExtentBuilder b(op);
    Value left = b.sub(b.extentOf(axesOf(op.getX())[d]), start);
    axes[d] =
        Axis(size, b.clamp(b.floorDiv(b.add(left, step - 1), step), 0, size));
  }
  define(op.getResult(), std::move(axes));
  return success();
}

/// One of `count` parts of the same size, of which the last one may be shorter.
LogicalResult Resolver::takePart(SliceOp op, int64_t d, int64_t index,
                                 int64_t count) {
  compact(op->getOpOperand(0), d);
  Axes axes = axesOf(op.getX());
  int64_t all = axes[d].getSize(), size = op.getType().getDimSize(d);
  ExtentBuilder b(op);
  Value extent = b.extentOf(axes[d]);
  Value each = b.floorDiv(b.add(extent, count - 1), count);
  Value first = b.mul(each, index);
  Value left = b.make<MaxOp>(b.sub(extent, first), b.scalar(0));
  Value at = b.clamp(b.add(b.positions(size), first), 0, all - 1);
  Value taken = b.make<GatherOp>(op.getX(), at, d);
  axes[d] = Axis(size, b.make<MinOp>(left, each));
  define(taken, std::move(axes));
  op.replaceAllUsesWith(taken);
  op.erase();
  return success();
}

LogicalResult Resolver::visit(PadOp op) {
  Axes axes = staticAxes(op.getResult());
  SmallVector<int64_t> filled;
  for (size_t d = 0; d < axes.size(); ++d) {
    Axis from = axesOf(op.getX())[d];
    int64_t more = op.getLo()[d] + op.getHi()[d];
    if (!from.isBounded())
      continue;
    if (more == 0) {
      axes[d] = from;
      continue;
    }
    if (op.getMode() != PadMode::Constant)
      return refuse(op, d, "padding copies what is at its edge");
    compact(op->getOpOperand(0), d);
    ExtentBuilder b(op);
    axes[d] =
        Axis(axes[d].getSize(), b.add(b.extentOf(axesOf(op.getX())[d]), more));
    filled.push_back(d);
  }
  fill(op->getOpOperand(0), filled,
       [&](ExtentBuilder &) { return op.getValue(); });
  define(op.getResult(), std::move(axes));
  return success();
}

/// Negative indices count from the extent.
LogicalResult Resolver::visit(GatherOp op) {
  int64_t along = op.getAxis();
  // Of such ones the indices say where in memory something is.
  bool isFitted = op->hasAttr(kFittedAttrName);
  if (!isFitted)
    compact(op->getOpOperand(0), along);
  Axes from = axesOf(op.getData()), index = axesOf(op.getIndices()), axes;
  if (from[along].isBounded() && !isFitted) {
    ExtentBuilder b(op);
    Value indices = op.getIndices();
    Value isNegative = b.make<CompareOp>(ComparePredicate::LT, indices,
                                         b.number(elementOf(indices), 0));
    Value extent = b.make<CastOp>(b.extentOf(from[along]), elementOf(indices));
    op.getIndicesMutable().assign(
        b.make<SelectOp>(isNegative, b.add(indices, extent), indices));
  }
  axes.append(from.begin(), from.begin() + along);
  axes.append(index);
  axes.append(from.begin() + along + 1, from.end());
  define(op.getResult(), std::move(axes));
  return success();
}

LogicalResult Resolver::visit(GatherNDOp op) {
  int64_t batch = op.getBatchDims();
  Axes index = axesOf(op.getIndices());
  if (index.back().isBounded())
    return refuse(op, index.size() - 1, "it holds the tuples of a GatherND");
  int64_t length = index.back().getSize();
  for (int64_t d = 0; d < length; ++d)
    compact(op->getOpOperand(0), batch + d);
  Axes from = axesOf(op.getData());
  ArrayRef<Axis> indexed = ArrayRef(from).slice(batch, length);
  if (hasBounded(indexed)) {
    ExtentBuilder b(op);
    Value indices = op.getIndices();
    SmallVector<Value> extents;
    for (const Axis &axis : indexed)
      extents.push_back(b.reshape(b.extentOf(axis), {1}));
    Value all = b.make<CastOp>(
        b.make<ConcatOp>(ValueRange(extents), int64_t(0)), elementOf(indices));
    Value isNegative = b.make<CompareOp>(ComparePredicate::LT, indices,
                                         b.number(elementOf(indices), 0));
    op.getIndicesMutable().assign(
        b.make<SelectOp>(isNegative, b.add(indices, all), indices));
  }
  Axes axes(index.begin(), index.end() - 1);
  for (int64_t d = 0; d < batch; ++d)
    if (!axes[d].isBounded())
      axes[d] = from[d];
  axes.append(from.begin() + batch + length, from.end());
  define(op.getResult(), std::move(axes));
  return success();
}

//===----------------------------------------------------------------------===//
// Reductions and normalisations
//===----------------------------------------------------------------------===//

/// The type that sums of `element` are computed in.
static Type widened(Type element) {
  return isa<FloatType>(element) && element.getIntOrFloatBitWidth() == 16
             ? Type(Float32Type::get(element.getContext()))
             : element;
}

LogicalResult Resolver::visit(ReduceOp op) {
  Axes from = axesOf(op.getX()), axes;
  SmallVector<Axis> reduced;
  for (auto [d, axis] : llvm::enumerate(from)) {
    if (llvm::is_contained(op.getAxes(), int64_t(d))) {
      reduced.push_back(axis);
      if (op.getKeepdims())
        axes.emplace_back(1);
    } else {
      axes.push_back(axis);
    }
  }
  define(op.getResult(), std::move(axes));
  if (!hasBounded(reduced))
    return success();
  OpOperand &x = op->getOpOperand(0);
  Type element = elementOf(op.getX());
  switch (op.getKind()) {
  case ReduceKind::Max:
  case ReduceKind::Min:
    fillLimit(x, op.getAxes(), op.getKind() == ReduceKind::Max);
    return success();
  case ReduceKind::Prod:
    fill(x, op.getAxes(),
         [&](ExtentBuilder &b) { return b.number(element, 1); });
    return success();
  case ReduceKind::Sum:
    fillZero(x, op.getAxes());
    return success();
  case ReduceKind::Mean:
    break;
  }
  // The sum, divided by how many there are.
  fillZero(x, op.getAxes());
  ExtentBuilder b(op);
  Type wide = widened(element);
  Value count = b.scalar(1);
  for (const Axis &axis : reduced)
    count = b.mul(count, b.extentOf(axis));
  Value sum = b.make<ReduceOp>(ReduceKind::Sum, b.make<CastOp>(op.getX(), wide),
                               op.getAxes(), op.getKeepdims());
  Value mean =
      b.make<CastOp>(b.make<DivOp>(sum, b.make<CastOp>(count, wide)), element);
  define(mean, axesOf(op.getResult()));
  op.replaceAllUsesWith(mean);
  known.erase(op.getResult());
  op.erase();
  return success();
}

LogicalResult Resolver::visit(ArgReduceOp op) {
  int64_t along = op.getAxis();
  compact(op->getOpOperand(0), along);
  Axes axes = axesOf(op.getX());
  Axis reduced = axes[along];
  if (op.getKeepdims())
    axes[along] = Axis(1);
  else
    axes.erase(axes.begin() + along);
  fillLimit(op->getOpOperand(0), {along}, op.getKind() == ArgReduceKind::Max);
  Value result = op.getResult();
  // What was filled wins only over what equals it.
  if (reduced.isBounded() && op.getSelectLast()) {
    OpBuilder at(op);
    at.setInsertionPointAfter(op);
    ExtentBuilder b(at, op.getLoc());
    Value last = b.make<MaxOp>(b.sub(b.extentOf(reduced), 1), b.scalar(0));
    Value least = b.make<MinOp>(op.getResult(), last);
    op.getResult().replaceAllUsesExcept(least, least.getDefiningOp());
    result = least;
  }
  define(result, std::move(axes));
  return success();
}

LogicalResult Resolver::visit(CumSumOp op) {
  compact(op->getOpOperand(0), op.getAxis());
  if (op.getReverse())
    fillZero(op->getOpOperand(0), {op.getAxis()});
  define(op.getResult(), axesOf(op.getX()));
  return success();
}

LogicalResult Resolver::visit(SoftmaxOp op) {
  fillLimit(op->getOpOperand(0), {op.getAxis()}, /*lowest=*/true);
  define(op.getResult(), axesOf(op.getX()));
  return success();
}

LogicalResult Resolver::visit(LayerNormOp op) {
  Axes axes = axesOf(op.getX());
  auto dims =
      llvm::to_vector(llvm::seq<int64_t>(op.getAxis(), int64_t(axes.size())));
  if (llvm::none_of(dims, [&](int64_t d) { return axes[d].isBounded(); })) {
    define(op.getResult(), std::move(axes));
    return success();
  }
  // Its definition, with sums over what counts.
  ExtentBuilder b(op);
  Type element = elementOf(op.getX());
  Type wide = widened(element);
  Value count = b.scalar(1), zero = b.number(wide, 0);
  for (int64_t d : dims)
    count = b.mul(count, b.extentOf(axes[d]));
  count = b.make<CastOp>(count, wide);
  auto mean = [&](Value value) {
    Value sum = b.make<ReduceOp>(ReduceKind::Sum, value,
                                 ArrayRef<int64_t>(dims), /*keepdims=*/true);
    return b.make<DivOp>(sum, count);
  };
  Value x = b.fill(b.make<CastOp>(op.getX(), wide), axes, dims, zero);
  Value centred = b.fill(b.sub(x, mean(x)), axes, dims, zero);
  Value variance = mean(b.mul(centred, centred));
  Value scale =
      b.make<RsqrtOp>(b.add(variance, b.number(wide, op.getEpsilon())));
  Value result =
      b.mul(b.mul(centred, scale), b.make<CastOp>(op.getScale(), wide));
  if (op.getBias())
    result = b.add(result, b.make<CastOp>(op.getBias(), wide));
  result = b.make<CastOp>(result, element);
  define(result, std::move(axes));
  op.replaceAllUsesWith(result);
  op.erase();
  return success();
}

LogicalResult Resolver::visit(LrnOp op) {
  Axes axes = axesOf(op.getX());
  fillZero(op->getOpOperand(0),
           {op.getChannelsLast() ? int64_t(axes.size()) - 1 : 1});
  define(op.getResult(), std::move(axes));
  return success();
}

LogicalResult Resolver::visit(ResizeOp op) {
  Axes axes = axesOf(op.getX());
  for (auto [d, axis] : llvm::enumerate(axes)) {
    if (op.getScales()[d] == 1.0)
      continue;
    if (axis.isBounded())
      return refuse(op, d, "it is resized");
    axis = Axis(op.getType().getDimSize(d));
  }
  define(op.getResult(), std::move(axes));
  return success();
}

//===----------------------------------------------------------------------===//
// Products and windows
//===----------------------------------------------------------------------===//

LogicalResult Resolver::visit(MatmulOp op) {
  int64_t left = shapeOf(op.getLhs()).size() - 1;
  int64_t right = shapeOf(op.getRhs()).size() - 2;
  OpOperand &lhs = op->getOpOperand(0), &rhs = op->getOpOperand(1);
  Axis mine = axesOf(op.getLhs())[left], other = axesOf(op.getRhs())[right];
  if (mine.isBounded() && other.isBounded() && !(mine == other)) {
    compact(lhs, left);
    compact(rhs, right);
    mine = axesOf(lhs.get())[left];
  }
  // What one of them does not count, the other one must not bring in: 0 times
  // infinity is not 0.
  if (mine.isBounded() || other.isBounded()) {
    fillZeroBy(lhs, left, mine.isBounded() ? mine : other);
    fillZeroBy(rhs, right, mine.isBounded() ? mine : other);
  }
  if (failed(broadcast(op, {0, 1}, 2)))
    return failure();
  Axes axes = axesOf(op.getResult());
  axes[axes.size() - 2] = axesOf(op.getLhs())[left - 1];
  axes.back() = axesOf(op.getRhs()).back();
  define(op.getResult(), std::move(axes));
  return success();
}

/// An input with as much padding in front of what counts as a window needs;
/// `size` is that of the result. `extent` is that of the window.
void Resolver::padWindow(OpOperand &input, int64_t d, int64_t size,
                         int64_t extent, int64_t stride, bool isUpper,
                         Filling filling) {
  Axes axes = axesOf(input.get());
  ExtentBuilder b(input.getOwner());
  Value counts = b.extentOf(axes[d]);
  Value windows = b.floorDiv(b.add(counts, stride - 1), stride);
  Value needed = b.add(b.mul(b.sub(windows, 1), stride), extent);
  Value total = b.make<MaxOp>(b.sub(needed, counts), b.scalar(0));
  Value lo = b.floorDiv(isUpper ? total : b.add(total, 1), 2);
  Value at = b.sub(b.positions(size), lo);
  Value inside =
      b.make<AndOp>(b.make<CompareOp>(ComparePredicate::GE, at, b.scalar(0)),
                    b.make<CompareOp>(ComparePredicate::LT, at, counts));
  SmallVector<int64_t> shape(axes.size(), 1);
  shape[d] = size;
  Value padded =
      b.make<GatherOp>(input.get(), b.clamp(at, 0, axes[d].getSize() - 1), d);
  padded = b.make<SelectOp>(b.reshape(inside, shape), padded, filling(b));
  axes[d] = Axis(size);
  define(padded, std::move(axes));
  input.set(padded);
}

/// The spatial dimensions of a convolution or pool: what lies behind the extent
/// is like padding.
template <typename OpT>
LogicalResult Resolver::visitWindow(OpT op, ArrayRef<int64_t> kernel, Axes axes,
                                    Filling filling) {
  size_t spatial = kernel.size(), first = op.getChannelsLast() ? 1 : 2;
  for (size_t s = 0; s < spatial; ++s) {
    size_t d = first + s;
    if (!axesOf(op.getInput())[d].isBounded())
      continue;
    compact(op->getOpOperand(0), d);
    ExtentBuilder b(op);
    Value extent = b.extentOf(axesOf(op.getInput())[d]);
    int64_t size = op.getType().getDimSize(d), stride = op.getStrides()[s];
    int64_t lo = op.getPads()[s], hi = op.getPads()[spatial + s];
    int64_t reach = op.getDilations()[s] * (kernel[s] - 1) + 1;
    if (auto same = op->template getAttrOfType<StringAttr>(kSameAttrName)) {
      axes[d] = Axis(size, b.floorDiv(b.add(extent, stride - 1), stride));
      int64_t all = axesOf(op.getInput())[d].getSize() + lo + hi;
      padWindow(op->getOpOperand(0), d, all, reach, stride,
                same.getValue() == "upper", filling);
      SmallVector<int64_t> pads(op.getPads());
      pads[s] = pads[spatial + s] = 0;
      op.setPads(pads);
      continue;
    }
    if (op->hasAttr(kFittedAttrName))
      return refuse(op, d, "the padding of a window depends on it");
    Value last = b.add(extent, lo + hi - reach);
    Value most = b.scalar(size);
    if (auto overhang =
            op->template getAttrOfType<DenseI64ArrayAttr>(kOverhangAttrName)) {
      last = b.add(last, stride - 1 - overhang[s]);
      most = b.make<MinOp>(b.floorDiv(b.add(extent, lo + stride - 1), stride),
                           most);
    }
    Value count =
        b.make<MaxOp>(b.add(b.floorDiv(last, stride), 1), b.scalar(0));
    axes[d] = Axis(size, b.make<MinOp>(count, most));
  }
  define(op.getResult(), std::move(axes));
  return success();
}

static SmallVector<int64_t> spatialDims(int64_t rank, bool channelsLast) {
  int64_t first = channelsLast ? 1 : 2;
  return llvm::to_vector(llvm::seq<int64_t>(first, first + rank - 2));
}

LogicalResult Resolver::visit(ConvOp op) {
  Axes axes = axesOf(op.getFilter());
  for (auto [d, axis] : llvm::enumerate(axes))
    if (axis.isBounded())
      return refuse(op, d, "it is one of a filter");
  int64_t rank = axes.size(), channels = op.getChannelsLast() ? rank - 1 : 1;
  Axes from = axesOf(op.getInput());
  if (from[channels].isBounded())
    return refuse(op, channels, "it holds the channels of a convolution");
  Axes result = staticAxes(op.getResult());
  result[0] = from[0];
  auto spatial = spatialDims(rank, op.getChannelsLast());
  Type element = elementOf(op.getInput());
  if (failed(
          visitWindow(op, shapeOf(op.getFilter()).drop_front(2), result,
                      [&](ExtentBuilder &b) { return b.number(element, 0); })))
    return failure();
  fillZero(op->getOpOperand(0), spatial);
  return success();
}

LogicalResult Resolver::visit(ConvTransposeOp op) {
  Axes from = axesOf(op.getInput()), axes = staticAxes(op.getResult());
  if (hasBounded(axesOf(op.getFilter())))
    return refuse(op, 0, "it is one of a filter");
  axes[0] = from[0];
  int64_t rank = axes.size(), channels = op.getChannelsLast() ? rank - 1 : 1;
  if (from[channels].isBounded())
    return refuse(op, channels, "it holds the channels of a convolution");
  auto spatial = spatialDims(rank, op.getChannelsLast());
  for (auto [s, d] : llvm::enumerate(spatial)) {
    if (!from[d].isBounded())
      continue;
    if (op->hasAttr(kFittedAttrName))
      return refuse(op, d, "the size of the result is given");
    compact(op->getOpOperand(0), d);
    // As much more as for the largest size.
    ExtentBuilder b(op);
    int64_t size = axes[d].getSize(), stride = op.getStrides()[s];
    Value extent = b.extentOf(axesOf(op.getInput())[d]);
    int64_t more = size - from[d].getSize() * stride;
    axes[d] = Axis(size, b.clamp(b.add(b.mul(extent, stride), more), 0, size));
  }
  fillZero(op->getOpOperand(0), spatial);
  define(op.getResult(), std::move(axes));
  return success();
}

LogicalResult Resolver::visit(MaxPoolOp op) {
  Axes from = axesOf(op.getInput()), axes = staticAxes(op.getResult());
  int64_t rank = axes.size(), channels = op.getChannelsLast() ? rank - 1 : 1;
  axes[0] = from[0];
  axes[channels] = from[channels];
  Type element = elementOf(op.getInput());
  if (failed(visitWindow(op, op.getKernel(), axes, [&](ExtentBuilder &b) {
        return b.limit(element, /*lowest=*/true);
      })))
    return failure();
  fillLimit(op->getOpOperand(0), spatialDims(rank, op.getChannelsLast()),
            /*lowest=*/true);
  return success();
}

LogicalResult Resolver::visit(AvgPoolOp op) {
  Axes from = axesOf(op.getInput()), axes = staticAxes(op.getResult());
  int64_t rank = axes.size(), channels = op.getChannelsLast() ? rank - 1 : 1;
  auto spatial = spatialDims(rank, op.getChannelsLast());
  for (auto [s, d] : llvm::enumerate(spatial))
    if (from[d].isBounded() && !op.getCountIncludePad() &&
        (op.getPads()[s] || op.getPads()[spatial.size() + s]))
      return refuse(op, d, "means over windows do not count its padding");
  axes[0] = from[0];
  axes[channels] = from[channels];
  Type element = elementOf(op.getInput());
  if (failed(visitWindow(op, op.getKernel(), axes, [&](ExtentBuilder &b) {
        return b.number(element, 0);
      })))
    return failure();
  fillZero(op->getOpOperand(0), spatial);
  return success();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// What lies behind an extent outside of a loop does so inside, in every
/// iteration.
LogicalResult Resolver::visit(LoopOp op) {
  Block &body = op.getBody().front();
  unsigned states = op.getCarried().size(), slices = op.getSliced().size();
  unsigned count = op->getNumOperands();
  LoopBorder border(op, limits);
  auto inside = [&](Value extent) { return border.inside(extent); };
  for (unsigned i = 0; i < count; ++i) {
    for (size_t d = 0; i < states && d < axesOf(op->getOperand(i)).size(); ++d)
      compact(op->getOpOperand(i), d);
    Axes axes;
    for (const Axis &axis : axesOf(op->getOperand(i)))
      axes.push_back(mapExtents(axis, inside));
    if (i >= states && i < states + slices) {
      if (axes.front().isBounded())
        return refuse(op, 0, "a loop runs over it");
      axes.erase(axes.begin());
    }
    define(body.getArgument(i), std::move(axes));
  }
  for (Operation &inner : llvm::make_early_inc_range(body.without_terminator()))
    if (failed(resolve(&inner)))
      return failure();
  for (OpOperand &yielded : body.getTerminator()->getOpOperands()) {
    unsigned i = yielded.getOperandNumber();
    Axes axes;
    if (i >= states)
      axes.emplace_back(op.getTrips());
    for (size_t d = 0; d < axesOf(yielded.get()).size(); ++d) {
      if (i < states)
        compact(yielded, d);
      Axis axis = mapExtents(axesOf(yielded.get())[d], [&](Value extent) {
        Value mapped = border.outside(extent);
        return mapped ? mapped : extent;
      });
      bool isKnown = llvm::all_of(axis.getFactors(), [&](const Factor &factor) {
        return !factor.extent || Value(factor.extent).getParentBlock() != &body;
      });
      if (!isKnown || (i < states && !(axis == axesOf(op->getOperand(i))[d])))
        return refuse(op, d, "it changes from iteration to iteration");
      axes.push_back(axis);
    }
    define(op.getResult(i), std::move(axes));
  }
  return success();
}

/// Small operations on constants: extents that turn out to be known.
static bool fold(Operation *op) {
  constexpr int64_t mostElements = 64;
  auto isConstant = [](Value operand) {
    return operand.getDefiningOp<ConstantOp>() != nullptr;
  };
  if (op->getNumOperands() == 0 || op->getNumResults() != 1 ||
      !llvm::all_of(op->getOperands(), isConstant) ||
      cast<RankedTensorType>(op->getResult(0).getType()).getNumElements() >
          mostElements)
    return false;
  OpBuilder builder(op);
  SmallVector<Value> results;
  if (failed(builder.tryFold(op, results)) || results.size() != 1)
    return false;
  op->replaceAllUsesWith(results);
  op->erase();
  return true;
}

LogicalResult Resolver::resolve(Operation *op) {
  if (fold(op))
    return success();
  // A body may know extents of which nothing outside has any.
  bool isExtent = isa<BoundedOp, ExtentOp, LoopOp>(op);
  if (!isExtent && llvm::none_of(op->getOperands(), [&](Value operand) {
        return known.contains(operand);
      }))
    return success();
  if (auto whole = op->getAttrOfType<DenseI64ArrayAttr>(kWholeAttrName))
    for (int64_t d : whole.asArrayRef())
      if (axesOf(op->getOperand(0))[d].isBounded())
        return refuse(op, d, "positions are counted in its size");
  if (isa<ElementwiseOpInterface>(op)) {
    auto all = llvm::seq<unsigned>(0, op->getNumOperands());
    return broadcast(op, llvm::to_vector(all), 0);
  }
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<BoundedOp, ExtentOp, ReshapeOp, TransposeOp, BroadcastOp, ConcatOp,
            SliceOp, PadOp, GatherOp, GatherNDOp, SearchSortedOp, ReduceOp,
            ArgReduceOp, CumSumOp, SoftmaxOp, LayerNormOp, BatchNormOp, LrnOp,
            ResizeOp, MatmulOp, ConvOp, ConvTransposeOp, MaxPoolOp, AvgPoolOp,
            LoopOp>([&](auto known) { return visit(known); })
      .Default([&](Operation *other) -> LogicalResult {
        for (Value operand : other->getOperands())
          for (auto [d, axis] : llvm::enumerate(axesOf(operand)))
            if (axis.isBounded())
              return refuse(other, d, "this operation can not heed it");
        return success();
      });
}

struct ResolveExtents : dlc::nn::impl::NNResolveExtentsBase<ResolveExtents> {
  void runOnOperation() override {
    if (failed(Resolver(getOperation()).run()))
      return signalPassFailure();
    getOperation()->walk([](Operation *op) {
      for (StringRef hint : {kFittedAttrName, kPartAttrName, kSameAttrName,
                             kOverhangAttrName, kWholeAttrName, kFixedAttrName})
        op->removeAttr(hint);
    });
  }
};

} // namespace
