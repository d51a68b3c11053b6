//===- ResolveResize.cpp - Extents of what is resampled -------------------===//

#include "Resolver.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"
#include "dlc/Dialect/NN/IR/ResizeTie.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace dlc::nn;

namespace {

/// The part of a dimension that is resampled: where it begins and ends, as
/// scalars of f32. Null: all of it.
struct ResizedPart {
  Value begin, end;
};

/// One dimension resampled: which elements the positions of the result are made
/// of, as nn.resize defines it, by numbers that are computed. In single
/// precision: that is what nearest neighbours are defined by in practice.
class Sampler {
public:
  /// `from` and `to` are the extents of the operand and of the result, whose
  /// size is `size`; `scale` and `length`, that of the result before it is
  /// rounded, are scalars of f32. `givenScale` is that of the model, or 0.
  Sampler(ResizeOp op, ExtentBuilder &b, Value from, Value to, Value scale,
          Value length, int64_t size, double givenScale,
          const ResizedPart &region)
      : op(op), b(b), single(Float32Type::get(op.getContext())), from(from),
        to(to), scale(scale), length(length),
        at(b.make<CastOp>(b.positions(size), single)), size(size),
        givenScale(givenScale), region(region) {}

  Value sample(Value x, int64_t d) {
    if (isFiltered())
      return filtered(x, d);
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

  /// Which positions of the result lie outside of the operand; null where none
  /// does.
  Value outside() {
    if (!region.begin)
      return nullptr;
    Value where = coordinate();
    return b.make<OrOp>(
        b.make<CompareOp>(ComparePredicate::LT, where, number(0)),
        b.make<CompareOp>(ComparePredicate::GT, where,
                          asFloat(b.sub(from, 1))));
  }

  /// Whether elements are weighted by a filter that widens where the dimension
  /// shrinks. What does not count of the operand has to be 0 then.
  bool isFiltered() {
    return op->hasAttr(kAntialiasAttrName) &&
           op.getMode() != ResizeMode::Nearest;
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
    if (region.begin) {
      Value last = asFloat(b.sub(from, 1));
      Value step =
          b.make<DivOp>(b.mul(b.sub(region.end, region.begin), last),
                        b.make<MaxOp>(asFloat(b.sub(to, 1)), number(1)));
      Value middle =
          b.mul(b.mul(b.add(region.begin, region.end), last), number(0.5));
      return b.make<SelectOp>(
          isOne(), middle, b.add(b.mul(region.begin, last), b.mul(at, step)));
    }
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

  Value polynomial(Value d, ArrayRef<double> factors) {
    Value sum = number(factors.front());
    for (double factor : factors.drop_front())
      sum = b.add(b.mul(sum, d), number(factor));
    return sum;
  }

  /// Of the elements around a position that is `t` behind one of them.
  SmallVector<Value> weightsAt(Value t) {
    Value rest = b.sub(number(1), t);
    if (op.getMode() == ResizeMode::Linear)
      return {rest, t};
    double a = op.getCubicCoeff();
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

  /// The filter's value at these distances.
  Value filter(Value distance) {
    Value d = b.make<AbsOp>(distance);
    if (op.getMode() == ResizeMode::Linear)
      return b.make<MaxOp>(b.sub(number(1), d), number(0));
    double a = op.getCubicCoeff();
    auto isUpTo = [&](double limit) {
      return b.make<CompareOp>(ComparePredicate::LE, d, number(limit));
    };
    Value outer = polynomial(d, {a, -5 * a, 8 * a, -4 * a});
    Value rest = b.make<SelectOp>(isUpTo(2), outer, number(0));
    return b.make<SelectOp>(isUpTo(1), polynomial(d, {a + 2, -(a + 3), 0, 1}),
                            rest);
  }

  Value sumOfRows(Value table) {
    return b.make<ReduceOp>(ReduceKind::Sum, table, ArrayRef<int64_t>{0},
                            /*keepdims=*/true);
  }

  /// The weight of each of the operand's `there` elements (rows) in each of the
  /// result's: the filter's, of what lies outside at the edge.
  Value weightsOfAll(int64_t there) {
    const bool excludes = op.getExcludeOutside();
    int64_t outside = excludes ? 0 : mostOutside(there);
    auto places = [&](int64_t first, int64_t count) {
      return b.reshape(b.add(b.positions(count), first), {count, 1});
    };
    auto kept = [&](ComparePredicate how, Value place, Value bound, Value x) {
      return b.make<SelectOp>(b.make<CompareOp>(how, place, bound), x,
                              number(0));
    };
    Value place = places(-outside, there + 2 * outside), none = b.scalar(0);
    Value distance = b.sub(asFloat(place), b.reshape(coordinate(), {1, size}));
    Value table = filter(b.mul(distance, b.make<MinOp>(scale, number(1))));
    if (excludes)
      table = kept(ComparePredicate::LT, place, from, table);
    table = b.make<DivOp>(table, sumOfRows(table));
    if (excludes)
      return table;
    Value before = sumOfRows(kept(ComparePredicate::LT, place, none, table));
    Value behind = sumOfRows(kept(ComparePredicate::GE, place, from, table));
    table = b.make<SliceOp>(table, ArrayRef<int64_t>{outside, 0},
                            ArrayRef<int64_t>{there, size},
                            ArrayRef<int64_t>{1, 1});
    place = places(0, there);
    table = kept(ComparePredicate::LT, place, from, table);
    table = b.add(table, kept(ComparePredicate::EQ, place, none, before));
    return b.add(table,
                 kept(ComparePredicate::EQ, place, b.sub(from, 1), behind));
  }

  /// How far the filter reaches at most beyond `there` elements.
  int64_t mostOutside(int64_t there) {
    double reach = op.getMode() == ResizeMode::Cubic ? 2 : 1;
    double shrinking = double(there);
    if (givenScale > 0)
      shrinking = 1 / givenScale;
    else if (auto known = constantOf(to); known && *known > 0)
      shrinking /= double(*known);
    return int64_t(std::ceil(reach * std::max(shrinking, 1.0))) + 1;
  }

  /// A product with the weights.
  Value filtered(Value x, int64_t d) {
    SmallVector<int64_t> shape(shapeOf(x)), there;
    for (int64_t i = 0, rank = shape.size(); i < rank; ++i)
      if (i != d)
        there.push_back(i);
    there.push_back(d);
    SmallVector<int64_t> back = invertPermutationVector(there);
    int64_t size = shape[d], rows = 1;
    for (int64_t i : ArrayRef(there).drop_back())
      rows *= shape[i];
    Value table = b.make<CastOp>(weightsOfAll(size), elementOf(x));
    Value moved = b.make<TransposeOp>(x, ArrayRef<int64_t>(there));
    SmallVector<int64_t> result(shapeOf(moved));
    result.back() = this->size;
    Value product = b.make<MatmulOp>(b.reshape(moved, {rows, size}), table);
    return b.make<TransposeOp>(b.reshape(product, result),
                               ArrayRef<int64_t>(back));
  }

  ResizeOp op;
  ExtentBuilder &b;
  Type single;
  Value from, to, scale, length, at;
  int64_t size;
  double givenScale;
  ResizedPart region;
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

/// The scale that all dimensions with a size have where none may become larger,
/// or none smaller; null where each has its own.
static Value commonScale(ResizeOp op, ExtentBuilder &b, ArrayRef<Value> sizes,
                         ArrayRef<Axis> axes) {
  Type single = Float32Type::get(op.getContext());
  Value common;
  auto policy = op->getAttrOfType<StringAttr>(kAspectAttrName);
  auto next = [&](Value scale) -> Value {
    if (policy == kNotSmaller)
      return b.make<MaxOp>(common, scale);
    return b.make<MinOp>(common, scale);
  };
  for (auto [size, axis] : llvm::zip_equal(sizes, axes)) {
    if (!size || !policy)
      continue;
    Value scale = b.make<DivOp>(b.make<CastOp>(size, single),
                                b.make<CastOp>(b.extentOf(axis), single));
    common = common ? next(scale) : scale;
  }
  return common;
}

/// Whether a dimension without extents is one that nn.resize can say.
static bool isPlain(ResizeOp op, int64_t d) {
  double scale = op.getScales()[d];
  double length = scale * double(shapeOf(op.getX())[d]);
  bool hasFraction = op.getCoordinate() == ResizeCoordinate::AlignCorners &&
                     length != std::floor(length);
  return !op->hasAttr(kAspectAttrName) && !hasFraction &&
         (!op->hasAttr(kAntialiasAttrName) || scale >= 1);
}

/// What is computed of each dimension: its scale (or null), and its region.
static std::pair<SmallVector<Value>, SmallVector<ResizedPart>>
computedOf(ResizeOp op) {
  SmallVector<Value> scales(op.getScales().size());
  SmallVector<ResizedPart> regions(scales.size());
  ValueRange rest = op.getComputed();
  if (auto scaled = op->getAttrOfType<DenseI64ArrayAttr>(kScaledAttrName))
    for (int64_t d : scaled.asArrayRef()) {
      scales[d] = rest.front();
      rest = rest.drop_front();
    }
  if (auto parts = op->getAttrOfType<DenseI64ArrayAttr>(kRegionAttrName))
    for (int64_t d : parts.asArrayRef()) {
      regions[d] = {rest[0], rest[1]};
      rest = rest.drop_front(2);
    }
  return {scales, regions};
}

LogicalResult Resolver::visit(ResizeOp op) {
  ExtentBuilder b(op);
  SmallVector<Value> sizes = sizesOf(op, b);
  SmallVector<double> scales(op.getScales());
  Value common = commonScale(op, b, sizes, axesOf(op.getX()));
  for (BoundedOp bounded : givenSizes(op))
    if (common)
      settled.insert(bounded);
  auto [computed, regions] = computedOf(op);
  auto policy = op->getAttrOfType<StringAttr>(kAspectAttrName);
  auto fill = op->getAttrOfType<FloatAttr>(kOutsideAttrName);
  Value outside;
  for (size_t d = 0; d < scales.size(); ++d) {
    Axes axes = axesOf(op.getX());
    Value to = sizes[d];
    int64_t size = op.getType().getDimSize(d);
    bool isComputed = computed[d] || regions[d].begin;
    bool isFixed = !axes[d].isBounded() && (!to || forms.is(to, size)) &&
                   isPlain(op, int64_t(d));
    if (!isComputed && (isFixed || (!to && scales[d] == 1.0)))
      continue;
    compact(op->getOpOperand(0), d);
    Type single = Float32Type::get(op.getContext());
    Value from = b.extentOf(axesOf(op.getX())[d]);
    if (to && !common && !isComputed && axes[d].getSize() == size &&
        forms.areSame(from, to))
      continue;
    Value here = b.make<CastOp>(from, single), scale, length;
    double givenScale = to || computed[d] ? 0 : scales[d];
    if (to && common) {
      scale = common;
      length = b.mul(here, scale);
      Value rounded = b.make<FloorOp>(b.add(length, b.number(single, 0.5)));
      to = b.make<CastOp>(rounded, IntegerType::get(op.getContext(), 64));
    } else if (to) {
      length = b.make<CastOp>(to, single);
      scale = b.make<DivOp>(length, here);
    } else {
      scale = computed[d] ? computed[d] : b.number(single, scales[d]);
      length = b.mul(here, scale);
      to = b.make<CastOp>(b.make<FloorOp>(length),
                          IntegerType::get(op.getContext(), 64));
    }
    Value asked = to;
    to = b.clamp(to, 0, size);
    if (computed[d] || (policy && policy == kNotSmaller))
      check(op,
            "dimension " + Twine(d) + " of its result (at most " + Twine(size) +
                ")",
            asked, to);
    Sampler sampler(op, b, from, to, scale, length, size, givenScale,
                    regions[d]);
    if (sampler.isFiltered())
      fillZero(op->getOpOperand(0), {int64_t(d)});
    Value sampled = sampler.sample(op.getX(), int64_t(d));
    if (Value here = sampler.outside()) {
      SmallVector<int64_t> along(scales.size(), 1);
      along[d] = size;
      here = b.reshape(here, along);
      outside = outside ? b.make<OrOp>(outside, here) : here;
    }
    axes[d] = forms.is(to, size) ? Axis(size) : Axis(size, to);
    define(sampled, std::move(axes));
    op->getOpOperand(0).set(sampled);
    scales[d] = 1.0;
  }
  if (llvm::all_of(scales, [](double scale) { return scale == 1.0; })) {
    Value result = op.getX();
    if (outside) {
      ExtentBuilder b(op);
      Axes axes = axesOf(result);
      double value = fill ? fill.getValueAsDouble() : 0;
      result =
          b.make<SelectOp>(outside, b.number(elementOf(result), value), result);
      define(result, std::move(axes));
    }
    op.replaceAllUsesWith(result);
    op.erase();
    return success();
  }
  op.setScales(scales);
  op.getComputedMutable().clear();
  op->removeAttr(kResizedAttrName);
  Axes axes = axesOf(op.getX());
  for (auto [d, scale] : llvm::enumerate(scales))
    if (scale != 1.0)
      axes[d] = Axis(op.getType().getDimSize(d));
  define(op.getResult(), std::move(axes));
  return success();
}
