//===- ResolveMoves.cpp - Extents of what moves data --------------------===//

#include "Resolver.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"

using namespace mlir;
using namespace dlc::nn;

SmallVector<BoundedOp> dlc::nn::givenSizes(Operation *op) {
  SmallVector<BoundedOp> sizes;
  auto resized = op->getAttrOfType<DenseI64ArrayAttr>(kResizedAttrName);
  Value result = op->getResult(0);
  while (resized && result.hasOneUse()) {
    auto bounded = dyn_cast<BoundedOp>(*result.getUsers().begin());
    if (!bounded || bounded.getX() != result ||
        !llvm::is_contained(resized.asArrayRef(), int64_t(bounded.getAxis())) ||
        llvm::any_of(sizes, [&](BoundedOp other) {
          return other.getAxis() == bounded.getAxis();
        }))
      break;
    sizes.push_back(bounded);
    result = bounded.getResult();
  }
  return sizes;
}

LogicalResult Resolver::visit(BoundedOp op) {
  if (settled.erase(op)) {
    op.replaceAllUsesWith(op.getX());
    op.erase();
    return success();
  }
  compact(op->getOpOperand(0), op.getAxis());
  Axes axes = axesOf(op.getX());
  int64_t size = shapeOf(op.getX())[op.getAxis()];
  // An extent that is the size: all of it counts, whatever it was before.
  bool isWhole = forms.is(op.getExtent(), size);
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
  if (auto groups = op->getAttrOfType<DenseI64ArrayAttr>(kGroupsAttrName)) {
    Axes from = axesOf(op.getX()), result;
    ArrayRef<Axis> left = from;
    for (int64_t count : groups.asArrayRef()) {
      Axis &axis = result.emplace_back();
      for (const Axis &part : left.take_front(count))
        for (const Factor &factor : part.getFactors())
          axis.add(factor);
      left = left.drop_front(count);
    }
    define(op.getResult(), std::move(result));
    return success();
  }
  std::optional<Axes> axes = regroup(axesOf(op.getX()), shape);
  if (auto resized = op->getAttrOfType<DenseI64ArrayAttr>(kResizedAttrName)) {
    ExtentBuilder b(op);
    SmallVector<Value> asked(shape.size());
    for (int64_t d : resized.asArrayRef())
      asked[d] = b.scalar(shape[d]);
    for (BoundedOp bounded : givenSizes(op)) {
      asked[bounded.getAxis()] = bounded.getExtent();
      settled.insert(bounded);
    }
    if (!axes || !isAskedFor(op, *axes, asked))
      return gatherReshaped(op, asked);
  }
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

/// Whether dimensions have the sizes that the model asks for (null: the rest).
bool Resolver::isAskedFor(ReshapeOp op, ArrayRef<Axis> axes,
                          ArrayRef<Value> asked) {
  ExtentBuilder b(op);
  return llvm::all_of(llvm::zip_equal(axes, asked), [&](auto both) {
    auto [axis, size] = both;
    return !size || forms.areSame(b.extentOf(axis), size);
  });
}

/// Element (i, j) of the result is number i * n + j of what counts of the
/// operand, for the n that there is.
LogicalResult Resolver::gatherReshaped(ReshapeOp op, ArrayRef<Value> asked) {
  ArrayRef<int64_t> shape = op.getType().getShape();
  int64_t rank = shape.size(), elements = op.getType().getNumElements();
  if (elements == 0)
    return success();
  OpBuilder builder(op);
  auto flat = ReshapeOp::create(builder, op.getLoc(), op.getX(), {elements});
  if (failed(visit(flat)))
    return failure();
  ExtentBuilder b(op);
  Axis from = axesOf(flat).front();
  Value x = from.isPrefix() ? flat.getResult() : b.compact(flat, from, 0);
  Value all = b.extentOf(from), product = b.scalar(1);
  SmallVector<Value> sizes(asked);
  for (Value size : asked)
    product = size ? b.mul(product, size) : product;
  for (Value &size : sizes)
    if (!size) {
      size = b.make<DivOp>(all, b.make<MaxOp>(product, b.scalar(1)));
      product = b.mul(product, size);
    }
  auto text = op->getAttrOfType<StringAttr>(kAskedAttrName);
  if (text)
    checkText(text, product, all);
  else
    check(op, "the number of elements of its shape", product, all);
  Value index = b.scalar(0), stride = b.scalar(1);
  Axes axes(rank);
  for (int64_t d = rank; d-- > 0;) {
    Value size = b.clamp(sizes[d], 0, shape[d]);
    check(op,
          "dimension " + Twine(d) +
              " of its result (at most what the largest extents leave)",
          sizes[d], size);
    SmallVector<int64_t> along(rank, 1);
    along[d] = shape[d];
    Value position = b.reshape(b.positions(shape[d]), along);
    index = b.add(index, b.mul(position, stride));
    stride = b.mul(stride, size);
    axes[d] = forms.is(size, shape[d]) ? Axis(shape[d]) : Axis(shape[d], size);
  }
  Value result =
      b.make<GatherOp>(x, b.clamp(index, 0, elements - 1), int64_t(0));
  define(result, std::move(axes));
  op.replaceAllUsesWith(result);
  op.erase();
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
  }
  for (int64_t d = 0, rank = axes.size(); d < rank; ++d) {
    SmallVector<Place> places;
    for (OpOperand &operand : op->getOpOperands())
      places.push_back({&operand, d});
    if (d != along)
      axes[d] = align(op, d, places, op.getType().getDimSize(d));
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
