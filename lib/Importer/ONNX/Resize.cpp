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
                              ArrayRef<int64_t> axes, ArrayRef<double> scales,
                              bool hasSizes) {
  Arithmetic m(e);
  Value x = e.in(0);
  Type type = elementOf(x);
  if (!isa<FloatType>(type) || type.getIntOrFloatBitWidth() < 32)
    x = e.cast(x, e.builder.getF32Type());
  ArrayRef<int64_t> out = e.outType(0).getShape();
  auto rank = int64_t(out.size());
  bool crops = resampling.transform == "tf_crop_and_resize";
  auto region = e.constFloats(1);
  if (crops)
    e.wholeReason =
        "the part of it (tf_crop_and_resize) is one of the size compiled for";
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
    bool isSame =
        one.from == one.to && one.scale == 1 && one.begin == 0 && one.end == 1;
    if (!isSame || hasSizes)
      e.whole.push_back(axis);
    if (isSame)
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
  if (x == e.in(0)) // what says that its sizes count
    x = e.make<nn::ReshapeOp>(x, ArrayRef<int64_t>(shapeOf(x)));
  if (outside)
    x = m.select(outside, e.scalar(e.floatAttr("extrapolation_value", 0), x),
                 x);
  if (isa<IntegerType>(type))
    x = e.make<nn::RoundOp>(x);
  return e.set(0, e.cast(x, type));
}

/// The sizes that dlc.OpenResize computes, as scalars of i64.
static SmallVector<Value> computedSizes(NodeEmitter &e, ArrayRef<int64_t> out) {
  Value sizes = e.cast(e.in(3), e.builder.getI64Type());
  SmallVector<Value> extents;
  for (auto [axis, element] :
       llvm::zip_equal(e.attr("resized")->ints(), e.attr("elements")->ints()))
    extents.push_back(Arithmetic(e).clamp(
        e.reshape(e.slice(sizes, {element}, {1}), {}), 0, double(out[axis])));
  return extents;
}

static LogicalResult resize(NodeEmitter &e) {
  Value x = e.in(0);
  ArrayRef<int64_t> shape = shapeOf(x);
  size_t rank = shape.size();
  RankedTensorType type = e.outType(0);

  std::optional<nn::ResizeMode> mode =
      nn::symbolizeResizeMode(e.stringAttr("mode", "nearest"));
  if (!mode)
    return e.error("the mode '" + e.stringAttr("mode", "") +
                   "' is not supported");
  std::string transform =
      e.stringAttr("coordinate_transformation_mode", "half_pixel");
  std::optional<nn::ResizeCoordinate> coordinate =
      nn::symbolizeResizeCoordinate(transform);
  bool crops = transform == "tf_crop_and_resize";
  if (!coordinate && !crops)
    return e.error("the coordinate transformation '" + transform +
                   "' is not supported");
  std::string rounding = e.stringAttr("nearest_mode", "round_prefer_floor");
  std::optional<nn::ResizeNearest> nearest =
      nn::symbolizeResizeNearest(rounding);
  if (!nearest)
    return e.error("the nearest mode '" + rounding + "' is not supported");

  Dims axes;
  if (const auto *given = e.attr("axes")) {
    axes.assign(given->ints().begin(), given->ints().end());
    for (int64_t &axis : axes)
      if (failed(e.axis(axis, rank, "axis")))
        return failure();
  } else {
    for (size_t i = 0; i < rank; ++i)
      axes.push_back(i);
  }

  SmallVector<double> scales(rank, 1.0);
  auto given = e.constFloats(2);
  auto sizes = e.constInts(3);
  const auto *resized = e.attr("resized");
  std::string policy = e.stringAttr("keep_aspect_ratio_policy", "stretch");
  bool hasSizes = false;
  if (resized) { // dlc.OpenResize: the largest ones
    sizes.emplace();
    for (int64_t axis : axes)
      sizes->push_back(type.getDimSize(axis));
  }
  if (given && !given->empty()) {
    if (given->size() != axes.size())
      return e.error("there are " + Twine(given->size()) + " scales for " +
                     Twine(axes.size()) + " dimensions");
    for (auto [axis, scale] : llvm::zip(axes, *given))
      scales[axis] = scale;
  } else if (sizes && !sizes->empty()) {
    if (sizes->size() != axes.size())
      return e.error("there are " + Twine(sizes->size()) + " sizes for " +
                     Twine(axes.size()) + " dimensions");
    hasSizes = true;
    double common = 0;
    for (auto [axis, size] : llvm::zip(axes, *sizes)) {
      double scale = shape[axis] ? double(size) / double(shape[axis]) : 1.0;
      scales[axis] = scale;
      bool better = policy == "not_larger" ? scale < common : scale > common;
      if (common == 0 || better)
        common = scale;
    }
    if (policy != "stretch" && !resized) {
      e.whole = axes;
      e.wholeReason = "the least size with its aspect ratio "
                      "(keep_aspect_ratio_policy) has no bound";
      for (int64_t axis : axes)
        scales[axis] = common;
    }
  } else {
    return e.error("neither the scales nor the sizes are known at compile "
                   "time");
  }
  bool shrinks = false;
  for (double scale : scales) {
    if (!(scale > 0) || std::isinf(scale))
      return e.error("a scale is not a positive number");
    shrinks |= scale < 1;
  }
  const bool isOpen = resized || e.isOpen(0);
  // For other extents it may shrink where it does not here.
  shrinks |= isOpen && hasSizes;
  bool antialias =
      e.intAttr("antialias", 0) && shrinks && *mode != nn::ResizeMode::Nearest;
  // With the corners aligned, a length that is no whole number matters.
  bool isFraction = false;
  for (auto [extent, scale] : llvm::zip(shape, scales)) {
    double length = double(extent) * scale;
    isFraction |= transform == "align_corners" &&
                  length != std::floor(length) && given && !given->empty();
  }
  if (resized && crops)
    return e.error("sizes that are known at run time only are not supported "
                   "with a part of the image (--bind or --expect give them one "
                   "value)");
  if (crops || (!isOpen && (antialias || isFraction)))
    return resample(e,
                    {*mode, transform, *nearest,
                     e.floatAttr("cubic_coeff_a", -0.75), antialias,
                     e.intAttr("exclude_outside", 0) != 0},
                    axes, scales, hasSizes);
  SmallVector<Value> extents;
  if (resized)
    extents = computedSizes(e, type.getShape());
  // Another extent becomes what the model asks for all the same.
  bool isAsked = hasSizes && isOpen;
  if (type.getShape() == shape && extents.empty() && !isAsked &&
      llvm::all_of(scales, [](double scale) { return scale == 1; }))
    return e.set(0, x);
  // integers interpolate as floats
  Value in = x;
  Type element = elementOf(x);
  bool isNarrow = antialias && element.getIntOrFloatBitWidth() < 32;
  if (*mode != nn::ResizeMode::Nearest &&
      (!isa<FloatType>(element) || isNarrow))
    in = e.cast(x, e.builder.getF32Type());
  Value result = e.make<nn::ResizeOp>(
      RankedTensorType::get(type.getShape(), elementOf(in)), in, *mode,
      ArrayRef<double>(scales), *coordinate, *nearest,
      e.floatAttr("cubic_coeff_a", -0.75),
      e.intAttr("exclude_outside", 0) != 0);
  Operation *made = result.getDefiningOp();
  if (antialias)
    made->setAttr(nn::kAntialiasAttrName, e.builder.getUnitAttr());
  if (isAsked) {
    made->setAttr(nn::kResizedAttrName, e.builder.getDenseI64ArrayAttr(axes));
    if (policy != "stretch")
      made->setAttr(nn::kAspectAttrName, e.builder.getUnitAttr());
    for (auto [index, extent] : llvm::enumerate(extents))
      result = e.make<nn::BoundedOp>(result, extent, resized->ints(int(index)));
  }
  if (antialias && isa<IntegerType>(element))
    result = e.make<nn::RoundOp>(result);
  return e.set(0, e.cast(result, element));
}

void dlc::importer::addResize(EmitterTable &table) {
  table["Resize"] = resize;
  table["dlc.OpenResize"] = resize;
}
