//===- Resize.cpp - Resampling --------------------------------------------===//

#include "Emitter.h"

#include <cmath>

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

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
  if (!coordinate)
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
    std::string policy = e.stringAttr("keep_aspect_ratio_policy", "stretch");
    double common = 0;
    for (auto [axis, size] : llvm::zip(axes, *sizes)) {
      double scale = shape[axis] ? double(size) / double(shape[axis]) : 1.0;
      scales[axis] = scale;
      bool better = policy == "not_larger" ? scale < common : scale > common;
      if (common == 0 || better)
        common = scale;
    }
    if (policy != "stretch")
      for (int64_t axis : axes)
        scales[axis] = common;
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
  if (e.intAttr("antialias", 0) && shrinks && *mode != nn::ResizeMode::Nearest)
    return e.error("antialiasing is not supported");
  if (type.getShape() == shape &&
      llvm::all_of(scales, [](double scale) { return scale == 1; }))
    return e.set(0, x);
  // integers interpolate as floats
  Value in = x;
  if (*mode != nn::ResizeMode::Nearest && !isa<FloatType>(elementOf(x)))
    in = e.cast(x, e.builder.getF32Type());
  Value result = e.make<nn::ResizeOp>(
      RankedTensorType::get(type.getShape(), elementOf(in)), in, *mode,
      ArrayRef<double>(scales), *coordinate, *nearest,
      e.floatAttr("cubic_coeff_a", -0.75),
      e.intAttr("exclude_outside", 0) != 0);
  return e.set(0, e.cast(result, elementOf(x)));
}

void dlc::importer::addResize(EmitterTable &table) { table["Resize"] = resize; }
