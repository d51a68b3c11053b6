//===- ResolveResize.cpp - Extents of what is resampled -------------------===//

#include "Resolver.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"
#include "dlc/Dialect/NN/IR/ResizeTie.h"

using namespace mlir;
using namespace dlc::nn;

namespace {

/// One dimension resampled: which elements the positions of the result are made
/// of, as nn.resize defines it, by numbers that are computed. In single
/// precision: that is what nearest neighbours are defined by in practice.
class Sampler {
public:
  /// `from` and `to` are the extents of the operand and of the result, whose
  /// size is `size`; `scale` and `length`, that of the result before it is
  /// rounded, are scalars of f32.
  Sampler(ResizeOp op, ExtentBuilder &b, Value from, Value to, Value scale,
          Value length, int64_t size)
      : op(op), b(b), single(Float32Type::get(op.getContext())), from(from),
        to(to), scale(scale), length(length),
        at(b.make<CastOp>(b.positions(size), single)), size(size) {}

  Value sample(Value x, int64_t d) {
    Value where = coordinate();
    if (op.getMode() == ResizeMode::Nearest)
      return b.make<GatherOp>(x, position(whole(rounded(where)), 0), d);
    if (op.getMode() == ResizeMode::Linear)
      where = limited(where, asFloat(b.sub(from, 1)));
    Value below = b.make<FloorOp>(where), part = b.sub(where, below);
    SmallVector<Value> weights = weightsAt(part);
    int64_t first = op.getMode() == ResizeMode::Cubic ? -1 : 0;
    if (op.getExcludeOutside())
      exclude(weights, whole(below), first);
    SmallVector<int64_t> shape(shapeOf(x).size(), 1);
    shape[d] = size;
    Value sum;
    for (auto [tap, weight] : llvm::enumerate(weights)) {
      Value taken =
          b.make<GatherOp>(x, position(whole(below), first + int64_t(tap)), d);
      weight = b.reshape(b.make<CastOp>(weight, elementOf(x)), shape);
      taken = b.mul(taken, weight);
      sum = sum ? b.add(sum, taken) : taken;
    }
    return sum;
  }

private:
  Value number(double value) { return b.number(single, value); }
  Value asFloat(Value integer) { return b.make<CastOp>(integer, single); }
  Value whole(Value value) {
    return b.make<CastOp>(value, IntegerType::get(op.getContext(), 64));
  }
  Value limited(Value value, Value most) {
    return b.make<MaxOp>(b.make<MinOp>(value, most),
                         b.number(elementOf(value), 0));
  }
  Value isOne() {
    return b.make<CompareOp>(ComparePredicate::LE, to, b.scalar(1));
  }
  Value hasLengthOne() {
    return b.make<CompareOp>(ComparePredicate::EQ, length, number(1));
  }

  /// The elements at `below` + `offset`, those outside at the edge.
  Value position(Value below, int64_t offset) {
    return limited(b.add(below, offset), b.sub(from, 1));
  }

  Value coordinate() {
    auto halfPixel = [&] {
      return b.sub(b.make<DivOp>(b.add(at, number(0.5)), scale), number(0.5));
    };
    switch (op.getCoordinate()) {
    case ResizeCoordinate::HalfPixel:
      return halfPixel();
    case ResizeCoordinate::HalfPixelSymmetric: {
      Value adjustment = b.make<DivOp>(asFloat(to), length);
      Value offset = b.mul(b.make<DivOp>(asFloat(from), number(2)),
                           b.sub(number(1), adjustment));
      return b.add(offset, halfPixel());
    }
    case ResizeCoordinate::PytorchHalfPixel:
      return b.make<SelectOp>(isOne(), number(0), halfPixel());
    case ResizeCoordinate::AlignCorners: {
      Value inner = b.mul(at, asFloat(b.sub(from, 1)));
      return b.make<SelectOp>(hasLengthOne(), number(0),
                              b.make<DivOp>(inner, b.sub(length, number(1))));
    }
    case ResizeCoordinate::Asymmetric:
      return b.make<DivOp>(at, scale);
    }
    llvm_unreachable("all modes are listed");
  }

  Value rounded(Value x) {
    Value below = b.make<FloorOp>(x);
    auto next = [&](ComparePredicate above, double bound) -> Value {
      Value isNear = b.make<CompareOp>(above, b.sub(x, below), number(bound));
      return b.make<SelectOp>(isNear, b.add(below, number(1)), below);
    };
    switch (op.getNearestMode()) {
    case ResizeNearest::RoundPreferFloor:
      return next(ComparePredicate::GT, 0.5f + kResizeTie);
    case ResizeNearest::RoundPreferCeil:
      return next(ComparePredicate::GE, 0.5f - kResizeTie);
    case ResizeNearest::Floor:
      return below;
    case ResizeNearest::Ceil:
      return b.make<CeilOp>(x);
    }
    llvm_unreachable("all modes are listed");
  }

  /// Of the elements around a position that is `t` behind one of them.
  SmallVector<Value> weightsAt(Value t) {
    Value rest = b.sub(number(1), t);
    if (op.getMode() == ResizeMode::Linear)
      return {rest, t};
    double a = op.getCubicCoeff();
    auto polynomial = [&](Value d, ArrayRef<double> factors) {
      Value sum = number(factors.front());
      for (double factor : factors.drop_front())
        sum = b.add(b.mul(sum, d), number(factor));
      return sum;
    };
    auto outer = [&](Value d) {
      return polynomial(b.add(d, number(1)), {a, -5 * a, 8 * a, -4 * a});
    };
    auto inner = [&](Value d) {
      return polynomial(d, {a + 2, -(a + 3), 0, 1});
    };
    return {outer(t), inner(t), inner(rest), outer(rest)};
  }

  /// Elements that are none have no weight.
  void exclude(SmallVector<Value> &weights, Value below, int64_t first) {
    Value sum;
    for (auto [tap, weight] : llvm::enumerate(weights)) {
      Value where = b.add(below, first + int64_t(tap));
      Value exists = b.make<AndOp>(
          b.make<CompareOp>(ComparePredicate::GE, where, b.scalar(0)),
          b.make<CompareOp>(ComparePredicate::LT, where, from));
      weight = b.make<SelectOp>(exists, weight, number(0));
      sum = sum ? b.add(sum, weight) : weight;
    }
    for (Value &weight : weights)
      weight = b.make<DivOp>(weight, sum);
  }

  ResizeOp op;
  ExtentBuilder &b;
  Type single;
  Value from, to, scale, length, at;
  int64_t size;
};

} // namespace

/// The sizes that the model gives dimensions of a result; null where a scale
/// decides.
static SmallVector<Value> sizesOf(ResizeOp op, ExtentBuilder &b) {
  SmallVector<Value> sizes(op.getScales().size());
  if (auto resized = op->getAttrOfType<DenseI64ArrayAttr>(kResizedAttrName))
    for (int64_t d : resized.asArrayRef())
      sizes[d] = b.scalar(op.getType().getDimSize(d));
  for (BoundedOp bounded : givenSizes(op))
    sizes[bounded.getAxis()] = bounded.getExtent();
  return sizes;
}

LogicalResult Resolver::visit(ResizeOp op) {
  ExtentBuilder b(op);
  SmallVector<Value> sizes = sizesOf(op, b);
  SmallVector<double> scales(op.getScales());
  for (size_t d = 0; d < scales.size(); ++d) {
    Axes axes = axesOf(op.getX());
    Value to = sizes[d];
    int64_t size = op.getType().getDimSize(d);
    bool isFixed = !axes[d].isBounded() && (!to || forms.is(to, size));
    if (isFixed || (!to && scales[d] == 1.0))
      continue;
    compact(op->getOpOperand(0), d);
    Type single = Float32Type::get(op.getContext());
    Value from = b.extentOf(axesOf(op.getX())[d]);
    if (to && axes[d].getSize() == size && forms.areSame(from, to))
      continue;
    Value here = b.make<CastOp>(from, single), scale, length;
    if (to) {
      length = b.make<CastOp>(to, single);
      scale = b.make<DivOp>(length, here);
    } else {
      scale = b.number(single, scales[d]);
      length = b.mul(here, scale);
      to = b.make<CastOp>(b.make<FloorOp>(length),
                          IntegerType::get(op.getContext(), 64));
    }
    to = b.clamp(to, 0, size);
    Value sampled = Sampler(op, b, from, to, scale, length, size)
                        .sample(op.getX(), int64_t(d));
    axes[d] = forms.is(to, size) ? Axis(size) : Axis(size, to);
    define(sampled, std::move(axes));
    op->getOpOperand(0).set(sampled);
    scales[d] = 1.0;
  }
  if (llvm::all_of(scales, [](double scale) { return scale == 1.0; })) {
    op.replaceAllUsesWith(op.getX());
    op.erase();
    return success();
  }
  op.setScales(scales);
  op->removeAttr(kResizedAttrName);
  Axes axes = axesOf(op.getX());
  for (auto [d, scale] : llvm::enumerate(scales))
    if (scale != 1.0)
      axes[d] = Axis(op.getType().getDimSize(d));
  define(op.getResult(), std::move(axes));
  return success();
}
