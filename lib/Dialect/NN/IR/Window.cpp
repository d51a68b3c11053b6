//===- Window.cpp - Pooling, resampling and the like ----------------------===//

#include "Infer.h"
#include <cmath>

using namespace mlir;
using namespace dlc::nn;

template <typename Adaptor>
static TypeOrFailure inferPool(Adaptor adaptor, ElementKinds kinds,
                               ErrorFn error) {
  Value input = adaptor.getInput();
  if (failed(requireKind(input, kinds, "C1", error)))
    return failure();
  SmallVector<int64_t> shape(shapeOf(input));
  if (shape.size() < 3)
    return error() << "(C2) the input must have at least 3 dimensions, got "
                   << shapeText(shape);
  size_t spatial = shape.size() - 2;
  if (failed(requireNumbers(adaptor.getKernel(), "kernel", spatial, 1, "C3",
                            error)) ||
      failed(requireNumbers(adaptor.getStrides(), "strides", spatial, 1, "C3",
                            error)) ||
      failed(requireNumbers(adaptor.getPads(), "pads", 2 * spatial, 0, "C3",
                            error)) ||
      failed(requireNumbers(adaptor.getDilations(), "dilations", spatial, 1,
                            "C3", error)))
    return failure();
  size_t first = adaptor.getChannelsLast() ? 1 : 2;
  for (size_t i = 0; i < spatial; ++i) {
    int64_t extent, size;
    bool overflow =
        llvm::MulOverflow(adaptor.getDilations()[i], adaptor.getKernel()[i] - 1,
                          extent) |
        llvm::AddOverflow(shape[first + i], adaptor.getPads()[i], size) |
        llvm::AddOverflow(size, adaptor.getPads()[spatial + i], size);
    if (overflow || size <= extent)
      return error() << "(C4) spatial dimension " << i << ": a kernel of "
                     << adaptor.getKernel()[i] << " with dilation "
                     << adaptor.getDilations()[i]
                     << " does not fit into the padded input of "
                     << shape[first + i] << " + " << adaptor.getPads()[i]
                     << " + " << adaptor.getPads()[spatial + i];
    shape[first + i] = (size - extent - 1) / adaptor.getStrides()[i] + 1;
  }
  return withShape(input, shape);
}

TypeOrFailure MaxPoolOp::inferType(Adaptor adaptor, ErrorFn error) {
  return inferPool(adaptor, ElementKinds::Numeric, error);
}

TypeOrFailure AvgPoolOp::inferType(Adaptor adaptor, ErrorFn error) {
  return inferPool(adaptor, ElementKinds::Float, error);
}

TypeOrFailure LrnOp::inferType(Adaptor adaptor, ErrorFn error) {
  if (failed(requireKind(adaptor.getX(), ElementKinds::Float, "C1", error)))
    return failure();
  if (typeOf(adaptor.getX()).getRank() < 2)
    return error() << "(C2) the input must have at least 2 dimensions, got "
                   << shapeText(shapeOf(adaptor.getX()));
  if (adaptor.getSize() < 1)
    return error() << "(C3) size must be positive, got " << adaptor.getSize();
  return typeOf(adaptor.getX());
}

LogicalResult ResizeOp::verify() {
  RankedTensorType in = getX().getType(), out = getType();
  if (in.getElementType() != out.getElementType())
    return emitOpError() << "(C1) the element types must be equal, got "
                         << in.getElementType() << " and "
                         << out.getElementType();
  if (failed(requireKind(getX(),
                         getMode() == ResizeMode::Nearest
                             ? ElementKinds::Numeric
                             : ElementKinds::Float,
                         "C1", [&] { return emitOpError(); })))
    return failure();
  if (in.getRank() != out.getRank())
    return emitOpError() << "(C2) the ranks must be equal, got "
                         << shapeText(in.getShape()) << " and "
                         << shapeText(out.getShape());
  if (getScales().size() != size_t(in.getRank()))
    return emitOpError() << "(C3) scales must hold " << in.getRank()
                         << " numbers, got " << getScales().size();
  for (auto [d, scale] : llvm::enumerate(getScales())) {
    if (!std::isfinite(scale) || scale <= 0)
      return emitOpError() << "(C3) scales must be positive and finite, got "
                           << scale;
    int64_t from = in.getDimSize(d), to = out.getDimSize(d);
    if (from == 0 && to != 0)
      return emitOpError() << "(C2) dimension " << d << " is empty but becomes "
                           << to;
    if (scale == 1.0 && from != to && getComputed().empty())
      return emitOpError() << "(C4) dimension " << d
                           << " has scale 1 but changes from " << from << " to "
                           << to;
  }
  for (Value number : getComputed())
    if (auto type = cast<RankedTensorType>(number.getType());
        type.getRank() != 0 || !type.getElementType().isF32())
      return emitOpError() << "(C5) computed numbers must be tensor<f32>, got "
                           << type;
  return success();
}
