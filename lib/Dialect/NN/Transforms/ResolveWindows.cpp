//===- ResolveWindows.cpp - Extents of products and windows -------------===//

#include "Resolver.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"

using namespace mlir;
using namespace dlc::nn;

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
  if (op->hasAttr(kAlignedAttrName) && (mine.isBounded() || other.isBounded()))
    checkExtent(op, {&rhs, right}, mine);
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
    // A window that is larger than all there is counts, where less than a
    // stride is missing: so does onnxruntime.
    Value count = b.make<MaxOp>(b.add(b.make<DivOp>(last, b.scalar(stride)), 1),
                                b.scalar(0));
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
  // Unlike a pool, there is none of less than its filter.
  for (auto [s, d] : llvm::enumerate(spatial)) {
    int64_t pads = op.getPads()[s] + op.getPads()[spatial.size() + s];
    int64_t reach = op.getDilations()[s] * (axes[2 + s].getSize() - 1) + 1;
    if (!from[d].isBounded() || reach <= pads + 1 || op->hasAttr(kSameAttrName))
      continue;
    ExtentBuilder b(op);
    Value there = b.add(b.extentOf(from[d]), pads), least = b.scalar(reach);
    check(op,
          "dimension " + Twine(d) +
              " of operand 0 with its padding (at least the filter's reach)",
          b.make<MinOp>(there, least), least);
  }
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

/// The mean of windows that leave out what is no element: the one that counts
/// it as zeros, divided by the share of what is one.
LogicalResult Resolver::meanOfCounted(AvgPoolOp op, ArrayRef<int64_t> spatial) {
  for (int64_t d : spatial)
    compact(op->getOpOperand(0), d);
  Type element = elementOf(op.getInput());
  Axes from = axesOf(op.getInput());
  SmallVector<int64_t> shape(from.size(), 1);
  Axes axes(from.size(), Axis(1));
  for (int64_t d : spatial) {
    shape[d] = from[d].getSize();
    axes[d] = from[d];
  }
  ExtentBuilder b(op);
  Value one = b.make<BroadcastOp>(b.number(element, 1), shape);
  Value exists = b.fill(one, axes, spatial, b.number(element, 0));
  define(exists, axes);
  OpBuilder builder(op);
  auto mean = [&](Value x) -> Value {
    auto all = AvgPoolOp::create(builder, op.getLoc(), x, op.getKernel(),
                                 op.getStrides(), op.getPads(),
                                 op.getDilations(), /*count_include_pad=*/true);
    all.setChannelsLast(op.getChannelsLast());
    for (StringRef hint : {kSameAttrName, kOverhangAttrName, kFittedAttrName})
      if (Attribute value = op->getAttr(hint))
        all->setAttr(hint, value);
    return succeeded(visit(all)) ? Value(all.getResult()) : Value();
  };
  Value sum = mean(op.getInput()), share = sum ? mean(exists) : Value();
  if (!share)
    return failure();
  Value result = ExtentBuilder(op).make<DivOp>(sum, share);
  define(result, axesOf(sum));
  op.replaceAllUsesWith(result);
  op.erase();
  return success();
}

LogicalResult Resolver::visit(AvgPoolOp op) {
  Axes from = axesOf(op.getInput()), axes = staticAxes(op.getResult());
  int64_t rank = axes.size(), channels = op.getChannelsLast() ? rank - 1 : 1;
  auto spatial = spatialDims(rank, op.getChannelsLast());
  bool isPadded =
      op->hasAttr(kOverhangAttrName) || op->hasAttr(kSameAttrName) ||
      llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; });
  // A window may be larger than all there is.
  for (auto [s, d] : llvm::enumerate(spatial)) {
    int64_t reach = op.getDilations()[s] * (op.getKernel()[s] - 1) + 1;
    isPadded |= from[d].isBounded() && reach > 1;
  }
  if (isPadded && !op.getCountIncludePad() &&
      llvm::any_of(spatial, [&](int64_t d) { return from[d].isBounded(); }))
    return meanOfCounted(op, spatial);
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
