//===- Reduction.cpp - Reductions and normalisations ----------------------===//

#include "Infer.h"

using namespace mlir;
using namespace dlc::nn;

TypeOrFailure ReduceOp::inferType(Adaptor adaptor, ErrorFn error) {
  Value x = adaptor.getX();
  if (failed(requireKind(x, ElementKinds::Numeric, "C1", error)))
    return failure();
  SmallVector<int64_t> shape(shapeOf(x));
  int64_t last = -1;
  for (int64_t axis : adaptor.getAxes()) {
    if (axis <= last || axis >= int64_t(shape.size()))
      return error() << "(C2) axes must be ascending dimensions of a tensor of "
                        "rank "
                     << shape.size() << ", got [" << adaptor.getAxes() << "]";
    last = axis;
  }
  for (int64_t axis : llvm::reverse(adaptor.getAxes())) {
    if (adaptor.getKeepdims())
      shape[axis] = 1;
    else
      shape.erase(shape.begin() + axis);
  }
  return withShape(x, shape);
}

TypeOrFailure ArgReduceOp::inferType(Adaptor adaptor, ErrorFn error) {
  Value x = adaptor.getX();
  int64_t axis = adaptor.getAxis();
  if (failed(requireKind(x, ElementKinds::Numeric, "C1", error)) ||
      failed(requireAxis(x, axis, "C2", error)))
    return failure();
  SmallVector<int64_t> shape(shapeOf(x));
  if (shape[axis] == 0)
    return error() << "(C2) dimension " << axis << " of " << shapeText(shape)
                   << " is empty";
  if (adaptor.getKeepdims())
    shape[axis] = 1;
  else
    shape.erase(shape.begin() + axis);
  return RankedTensorType::get(shape, IntegerType::get(x.getContext(), 64));
}

TypeOrFailure CumSumOp::inferType(Adaptor adaptor, ErrorFn error) {
  Value x = adaptor.getX();
  if (failed(requireKind(x, ElementKinds::Numeric, "C1", error)) ||
      failed(requireAxis(x, adaptor.getAxis(), "C2", error)))
    return failure();
  return typeOf(x);
}

TypeOrFailure SoftmaxOp::inferType(Adaptor adaptor, ErrorFn error) {
  Value x = adaptor.getX();
  if (failed(requireKind(x, ElementKinds::Float, "C1", error)) ||
      failed(requireAxis(x, adaptor.getAxis(), "C2", error)))
    return failure();
  return typeOf(x);
}

TypeOrFailure LayerNormOp::inferType(Adaptor adaptor, ErrorFn error) {
  Value x = adaptor.getX();
  if (failed(requireSameElement(adaptor.getOperands(), "C1", error)) ||
      failed(requireKind(x, ElementKinds::Float, "C1", error)) ||
      failed(requireAxis(x, adaptor.getAxis(), "C2", error)))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(x);
  for (Value operand : adaptor.getOperands().drop_front()) {
    auto both = broadcastShapes(shape, shapeOf(operand));
    if (!both || ArrayRef<int64_t>(*both) != shape)
      return error() << "(C3) " << shapeText(shapeOf(operand))
                     << " does not broadcast to " << shapeText(shape);
  }
  return typeOf(x);
}

TypeOrFailure BatchNormOp::inferType(Adaptor adaptor, ErrorFn error) {
  Value x = adaptor.getX();
  if (failed(requireSameElement(adaptor.getOperands(), "C1", error)) ||
      failed(requireKind(x, ElementKinds::Float, "C1", error)))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(x);
  if (shape.size() < 2)
    return error() << "(C2) the input must have at least 2 dimensions, got "
                   << shapeText(shape);
  int64_t channels = adaptor.getChannelsLast() ? shape.back() : shape[1];
  for (Value operand : adaptor.getOperands().drop_front())
    if (shapeOf(operand) != ArrayRef<int64_t>(channels))
      return error() << "(C3) the parameters must have the shape " << channels
                     << ", got " << shapeText(shapeOf(operand));
  return typeOf(x);
}
