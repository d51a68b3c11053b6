//===- Resize.cpp - Resampling --------------------------------------------===//

#include "Arithmetic.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"
#include "dlc/Dialect/NN/IR/ResizeTie.h"

#include <cmath>

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

//===----------------------------------------------------------------------===//
// By matrices
//===----------------------------------------------------------------------===//

namespace {

/// What nn.resize cannot say: filters that widen when an image shrinks, a part
/// of the image, sizes that are no whole numbers. Each dimension is a product
/// with a matrix made here.
struct Resampling {
  nn::ResizeMode mode;
  /// A name of the attribute coordinate_transformation_mode.
  std::string transform;
  nn::ResizeNearest nearest;
  double cubic;
  bool antialias, excludeOutside;
  /// Of one dimension.
  int64_t from = 0, to = 0;
  double scale = 1, length = 0, begin = 0, end = 1;

  double coordinate(int64_t i) const {
    auto n = double(from), x = double(i);
    if (transform == "tf_crop_and_resize")
      return to > 1 ? begin * (n - 1) +
                          x * (end - begin) * (n - 1) / double(to - 1)
                    : 0.5 * (begin + end) * (n - 1);
    if (transform == "align_corners")
      return length == 1 ? 0 : x * (n - 1) / (length - 1);
    if (transform == "asymmetric")
      return x / scale;
    if (transform == "pytorch_half_pixel" && to == 1)
      return 0;
    double half = (x + 0.5) / scale - 0.5;
    if (transform == "half_pixel_symmetric")
      half += n / 2 * (1 - double(to) / length);
    return half;
  }

  bool isOutside(int64_t i) const {
    double x = coordinate(i);
    return transform == "tf_crop_and_resize" && (x < 0 || x > double(from - 1));
  }

  double filter(double d) const {
    d = std::fabs(d);
    if (mode == nn::ResizeMode::Linear)
      return std::max(1 - d, 0.0);
    if (d <= 1)
      return ((cubic + 2) * d - (cubic + 3)) * d * d + 1;
    return d < 2 ? ((cubic * d - 5 * cubic) * d + 8 * cubic) * d - 4 * cubic
                 : 0;
  }

  double rounded(double x) const {
    switch (nearest) {
    case nn::ResizeNearest::RoundPreferFloor:
      return std::ceil(x - 0.5 - nn::kResizeTie);
    case nn::ResizeNearest::RoundPreferCeil:
      return std::floor(x + 0.5 + nn::kResizeTie);
    case nn::ResizeNearest::Floor:
      return std::floor(x);
    case nn::ResizeNearest::Ceil:
      return std::ceil(x);
    }
    llvm_unreachable("all modes are listed");
  }

  /// from × to weights.
  std::vector<double> matrix() const {
    std::vector<double> table(from * to, 0);
    auto add = [&](double position, int64_t i, double weight) {
      auto at = std::clamp<int64_t>(int64_t(position), 0, from - 1);
      table[at * to + i] += weight;
    };
    double width = antialias ? std::min(scale, 1.0) : 1.0;
    double support = (mode == nn::ResizeMode::Cubic ? 2 : 1) / width;
    for (int64_t i = 0; i < to; ++i) {
      double x = coordinate(i);
      if (mode == nn::ResizeMode::Nearest) {
        add(rounded(x), i, 1);
        continue;
      }
      auto first = int64_t(std::floor(x - support));
      auto last = int64_t(std::ceil(x + support));
      auto weight = [&](int64_t position) {
        bool counts = !excludeOutside || (position >= 0 && position < from);
        return counts ? filter((double(position) - x) * width) : 0.0;
      };
      double sum = 0;
      for (int64_t position = first; position <= last; ++position)
        sum += weight(position);
      for (int64_t position = first; position <= last; ++position)
        add(double(position), i, weight(position) / sum);
    }
    return table;
  }
};

} // namespace

static LogicalResult resample(NodeEmitter &e, Resampling resampling,
                              ArrayRef<int64_t> axes, ArrayRef<double> scales) {
  Arithmetic m(e);
  Value x = e.in(0);
  Type type = elementOf(x);
  if (!isa<FloatType>(type) || type.getIntOrFloatBitWidth() < 32)
    x = e.cast(x, e.builder.getF32Type());
  ArrayRef<int64_t> out = e.outType(0).getShape();
  auto rank = int64_t(out.size());
  bool crops = resampling.transform == "tf_crop_and_resize";
  auto region = e.constFloats(1);
  if (crops && (!region || region->size() != 2 * axes.size()))
    return e.error("the region is not known at compile time");
  Value outside;
  for (auto [index, axis] : llvm::enumerate(axes)) {
    Resampling one = resampling;
    one.from = shapeOf(x)[axis];
    one.to = out[axis];
    one.scale = scales[axis];
    one.length = one.scale * double(one.from);
    if (crops) {
      one.begin = (*region)[index];
      one.end = (*region)[axes.size() + index];
    }
    if (one.from == one.to && one.scale == 1 && one.begin == 0 && one.end == 1)
      continue;
    if (one.from > (1 << 24) / std::max<int64_t>(one.to, 1))
      return e.error("a dimension of " + Twine(one.from) + " is too large");
    LastAxis order(axis, rank);
    Value moved = e.transpose(x, order.there);
    Dims shape(shapeOf(moved));
    shape.back() = one.to;
    Value table = e.floats(one.matrix(), {one.from, one.to}, elementOf(x));
    Value rows = e.reshape(
        moved, {product(ArrayRef<int64_t>(shape).drop_back()), one.from});
    x = e.transpose(e.reshape(e.make<nn::MatmulOp>(rows, table), shape),
                    order.back);
    Dims flags, across(rank, 1);
    across[axis] = one.to;
    for (int64_t i = 0; i < one.to; ++i)
      flags.push_back(one.isOutside(i));
    if (llvm::none_of(flags, [](int64_t flag) { return flag != 0; }))
      continue;
    Value here = m.compare(nn::ComparePredicate::NE, e.ints(flags, across), 0);
    outside = outside ? m.either(outside, here) : here;
  }
  if (outside)
    x = m.select(outside, e.scalar(e.floatAttr("extrapolation_value", 0), x),
                 x);
  if (isa<IntegerType>(type))
    x = e.make<nn::RoundOp>(x);
  return e.set(0, e.cast(x, type));
}

/// Element `index` of an operand as a scalar.
static Value elementOf(NodeEmitter &e, int operand, int64_t index, Type type) {
  Value x = e.in(operand);
  x = e.reshape(x, {product(shapeOf(x))});
  return e.reshape(e.cast(e.slice(x, {index}, {1}), type), {});
}

/// The sizes that dlc.OpenResize computes, as scalars of i64.
static SmallVector<Value> computedSizes(NodeEmitter &e, ArrayRef<int64_t> out) {
  SmallVector<Value> extents;
  bool keepsAspect =
      e.stringAttr("keep_aspect_ratio_policy", "stretch") != "stretch";
  for (auto [axis, element] :
       llvm::zip_equal(e.attr("resized")->ints(), e.attr("elements")->ints())) {
    Value size = elementOf(e, 3, element, e.builder.getI64Type());
    // What decides the scale only may be more than the result has.
    extents.push_back(keepsAspect
                          ? e.make<nn::MaxOp>(size, e.scalar(0, size))
                          : Arithmetic(e).clamp(size, 0, double(out[axis])));
  }
  return extents;
}

namespace {

/// What a Resize is to do, as far as that is known before it runs.
struct ResizeNode {
  nn::ResizeMode mode;
  std::string transform, policy;
  nn::ResizeCoordinate coordinate;
  nn::ResizeNearest nearest;
  /// Dimensions that scales, sizes and regions are about, one after the other.
  Dims axes;
  /// Of all dimensions; the largest ones where they are computed.
  SmallVector<double> scales;
  bool crops = false, hasSizes = false;
  /// A dlc.OpenResize: of some dimensions scales or sizes are computed.
  bool isComputed = false, computesScales = false;
};

} // namespace

static FailureOr<ResizeNode> readResize(NodeEmitter &e) {
  ResizeNode node;
  size_t rank = shapeOf(e.in(0)).size();
  auto mode = nn::symbolizeResizeMode(e.stringAttr("mode", "nearest"));
  if (!mode)
    return e.error("the mode '" + e.stringAttr("mode", "") +
                   "' is not supported");
  node.mode = *mode;
  node.transform = e.stringAttr("coordinate_transformation_mode", "half_pixel");
  auto coordinate = nn::symbolizeResizeCoordinate(node.transform);
  node.crops = node.transform == "tf_crop_and_resize";
  if (!coordinate && !node.crops)
    return e.error("the coordinate transformation '" + node.transform +
                   "' is not supported");
  node.coordinate = coordinate.value_or(nn::ResizeCoordinate::HalfPixel);
  std::string rounding = e.stringAttr("nearest_mode", "round_prefer_floor");
  auto nearest = nn::symbolizeResizeNearest(rounding);
  if (!nearest)
    return e.error("the nearest mode '" + rounding + "' is not supported");
  node.nearest = *nearest;
  node.policy = e.stringAttr("keep_aspect_ratio_policy", "stretch");
  if (const auto *given = e.attr("axes")) {
    node.axes.assign(given->ints().begin(), given->ints().end());
    for (int64_t &axis : node.axes)
      if (failed(e.axis(axis, rank, "axis")))
        return failure();
  } else {
    for (size_t i = 0; i < rank; ++i)
      node.axes.push_back(i);
  }
  node.isComputed = e.attr("resized") != nullptr;
  node.computesScales = node.isComputed && e.intAttr("scaled", 0);
  return node;
}

/// Reads the scales, or what they are for the sizes.
static LogicalResult readScales(NodeEmitter &e, ResizeNode &node) {
  ArrayRef<int64_t> shape = shapeOf(e.in(0));
  node.scales.assign(shape.size(), 1.0);
  auto given = e.constFloats(2);
  auto sizes = e.constInts(3);
  if (node.computesScales) {
    const auto &most = e.attr("scales")->floats();
    given.emplace(most.begin(), most.end());
  } else if (node.isComputed) {
    sizes.emplace();
    for (int64_t axis : node.axes)
      sizes->push_back(e.outType(0).getDimSize(axis));
  }
  if (given && !given->empty()) {
    if (given->size() != node.axes.size())
      return e.error("there are " + Twine(given->size()) + " scales for " +
                     Twine(node.axes.size()) + " dimensions");
    for (auto [axis, scale] : llvm::zip(node.axes, *given))
      node.scales[axis] = scale;
    return success();
  }
  if (!sizes || sizes->empty())
    return e.error("neither the scales nor the sizes are known at compile "
                   "time");
  if (sizes->size() != node.axes.size())
    return e.error("there are " + Twine(sizes->size()) + " sizes for " +
                   Twine(node.axes.size()) + " dimensions");
  node.hasSizes = true;
  double common = 0;
  for (auto [axis, size] : llvm::zip(node.axes, *sizes)) {
    double scale = shape[axis] ? double(size) / double(shape[axis]) : 1.0;
    node.scales[axis] = scale;
    bool better = node.policy == "not_larger" ? scale < common : scale > common;
    if (common == 0 || better)
      common = scale;
  }
  if (node.policy != "stretch" && !node.isComputed)
    for (int64_t axis : node.axes)
      node.scales[axis] = common;
  return success();
}

/// Numbers that a run decides: scales of a dlc.OpenResize, and where the parts
/// of dimensions begin and end. `hints` get what they are.
static FailureOr<SmallVector<Value>>
computedNumbers(NodeEmitter &e, const ResizeNode &node, NamedAttrList &hints) {
  SmallVector<Value> numbers;
  Type single = e.builder.getF32Type();
  if (node.computesScales) {
    Dims scaled(e.attr("resized")->ints().begin(),
                e.attr("resized")->ints().end());
    for (int64_t element : e.attr("elements")->ints())
      numbers.push_back(elementOf(e, 2, element, single));
    hints.set(nn::kScaledAttrName, e.builder.getDenseI64ArrayAttr(scaled));
  }
  if (!node.crops)
    return numbers;
  auto count = int64_t(node.axes.size());
  auto known = e.constFloats(1);
  if (!e.has(1) || product(shapeOf(e.in(1))) != 2 * count)
    return e.error("there have to be " + Twine(2 * count) +
                   " numbers for the region, two for each dimension");
  Dims parts;
  for (auto [index, axis] : llvm::enumerate(node.axes)) {
    auto first = int64_t(index);
    bool isWhole =
        known && (*known)[first] == 0 && (*known)[count + first] == 1;
    if (isWhole && !node.hasSizes && node.scales[axis] == 1)
      continue;
    parts.push_back(axis);
    for (int64_t at : {first, count + first})
      numbers.push_back(known ? e.scalarOf((*known)[at], single)
                              : elementOf(e, 1, at, single));
  }
  hints.set(nn::kRegionAttrName, e.builder.getDenseI64ArrayAttr(parts));
  hints.set(nn::kOutsideAttrName,
            e.builder.getF64FloatAttr(e.floatAttr("extrapolation_value", 0)));
  return numbers;
}

static LogicalResult resize(NodeEmitter &e) {
  Value x = e.in(0);
  ArrayRef<int64_t> shape = shapeOf(x);
  RankedTensorType type = e.outType(0);
  FailureOr<ResizeNode> read = readResize(e);
  if (failed(read) || failed(readScales(e, *read)))
    return failure();
  ResizeNode &node = *read;
  bool shrinks = false;
  for (double scale : node.scales) {
    if (!(scale > 0) || std::isinf(scale))
      return e.error("a scale is not a positive number");
    shrinks |= scale < 1;
  }
  const bool isOpen = node.isComputed || e.isOpen(0) ||
                      (node.crops && e.has(1) && !e.isConstant(1));
  // For other extents it may shrink where it does not here.
  shrinks |= (isOpen && node.hasSizes) || node.computesScales;
  bool antialias = e.intAttr("antialias", 0) && shrinks &&
                   node.mode != nn::ResizeMode::Nearest;
  // With the corners aligned, a length that is no whole number matters.
  bool isFraction = false;
  for (auto [extent, scale] : llvm::zip(shape, node.scales)) {
    double length = double(extent) * scale;
    isFraction |= node.transform == "align_corners" &&
                  length != std::floor(length) && !node.hasSizes;
  }
  if (!isOpen && (node.crops || antialias || isFraction))
    return resample(e,
                    {node.mode, node.transform, node.nearest,
                     e.floatAttr("cubic_coeff_a", -0.75), antialias,
                     e.intAttr("exclude_outside", 0) != 0},
                    node.axes, node.scales);
  SmallVector<Value> extents;
  if (node.isComputed && !node.computesScales)
    extents = computedSizes(e, type.getShape());
  NamedAttrList hints;
  auto numbers = computedNumbers(e, node, hints);
  if (failed(numbers))
    return failure();
  // Another extent becomes what the model asks for all the same.
  bool isAsked = node.hasSizes && isOpen;
  if (type.getShape() == shape && extents.empty() && numbers->empty() &&
      !isAsked &&
      llvm::all_of(node.scales, [](double scale) { return scale == 1; }))
    return e.set(0, x);
  // integers interpolate as floats
  Value in = x;
  Type element = elementOf(x);
  bool isNarrow = antialias && element.getIntOrFloatBitWidth() < 32;
  if (node.mode != nn::ResizeMode::Nearest &&
      (!isa<FloatType>(element) || isNarrow))
    in = e.cast(x, e.builder.getF32Type());
  Value result = e.make<nn::ResizeOp>(
      RankedTensorType::get(type.getShape(), elementOf(in)), in, *numbers,
      node.mode, ArrayRef<double>(node.scales), node.coordinate, node.nearest,
      e.floatAttr("cubic_coeff_a", -0.75),
      e.intAttr("exclude_outside", 0) != 0);
  Operation *made = result.getDefiningOp();
  for (NamedAttribute hint : hints)
    made->setAttr(hint.getName(), hint.getValue());
  if (antialias)
    made->setAttr(nn::kAntialiasAttrName, e.builder.getUnitAttr());
  if (isAsked) {
    made->setAttr(nn::kResizedAttrName,
                  e.builder.getDenseI64ArrayAttr(node.axes));
    if (node.policy != "stretch")
      made->setAttr(nn::kAspectAttrName, e.builder.getStringAttr(node.policy));
    for (auto [index, extent] : llvm::enumerate(extents))
      result = e.make<nn::BoundedOp>(result, extent,
                                     e.attr("resized")->ints(int(index)));
  }
  if ((antialias || node.crops) && isa<IntegerType>(element))
    result = e.make<nn::RoundOp>(result);
  return e.set(0, e.cast(result, element));
}

void dlc::importer::addResize(EmitterTable &table) {
  table["Resize"] = resize;
  table["dlc.OpenResize"] = resize;
}
