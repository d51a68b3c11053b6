//===- Elementwise.cpp - Element by element operations --------------------===//

#include "Infer.h"

using namespace mlir;
using namespace dlc::nn;

static TypeOrFailure maybeBool(Value like, ArrayRef<int64_t> shape,
                               bool toBool) {
  Type element =
      toBool ? Type(IntegerType::get(like.getContext(), 1)) : elementOf(like);
  return RankedTensorType::get(shape, element);
}

static FailureOr<SmallVector<int64_t>>
requireBroadcast(ValueRange values, StringRef label, ErrorFn error) {
  SmallVector<int64_t> shape(shapeOf(values.front()));
  for (Value value : values.drop_front()) {
    auto both = broadcastShapes(shape, shapeOf(value));
    if (!both)
      return error() << "(" << label
                     << ") the shapes do not broadcast: " << shapeText(shape)
                     << " and " << shapeText(shapeOf(value));
    shape = *both;
  }
  return shape;
}

TypeOrFailure dlc::nn::detail::inferUnary(ValueRange operands,
                                          ElementKinds kinds, bool toBool,
                                          ErrorFn error) {
  if (failed(requireKind(operands[0], kinds, "C1", error)))
    return failure();
  return maybeBool(operands[0], shapeOf(operands[0]), toBool);
}

TypeOrFailure dlc::nn::detail::inferBinary(ValueRange operands,
                                           ElementKinds kinds, bool toBool,
                                           ErrorFn error) {
  if (failed(requireSameElement(operands, "C1", error)) ||
      failed(requireKind(operands[0], kinds, "C2", error)))
    return failure();
  auto shape = requireBroadcast(operands, "C3", error);
  if (failed(shape))
    return failure();
  return maybeBool(operands[0], *shape, toBool);
}

TypeOrFailure CompareOp::inferType(Adaptor adaptor, ErrorFn error) {
  bool order = adaptor.getPredicate() != ComparePredicate::EQ &&
               adaptor.getPredicate() != ComparePredicate::NE;
  return dlc::nn::detail::inferBinary(
      adaptor.getOperands(), order ? ElementKinds::Numeric : ElementKinds::Any,
      /*toBool=*/true, error);
}

TypeOrFailure SelectOp::inferType(Adaptor adaptor, ErrorFn error) {
  if (!elementOf(adaptor.getCondition()).isSignlessInteger(1))
    return error() << "(C1) the condition must be of i1, got "
                   << elementOf(adaptor.getCondition());
  if (failed(requireSameElement({adaptor.getOnTrue(), adaptor.getOnFalse()},
                                "C2", error)))
    return failure();
  auto shape = requireBroadcast(adaptor.getOperands(), "C3", error);
  if (failed(shape))
    return failure();
  return withShape(adaptor.getOnTrue(), *shape);
}

void CastOp::build(OpBuilder &builder, OperationState &state, Value x,
                   Type elementType, bool saturate, RoundMode round) {
  state.addOperands(x);
  state.addTypes(RankedTensorType::get(shapeOf(x), elementType));
  Properties &properties = state.getOrAddProperties<Properties>();
  properties.saturate = builder.getBoolAttr(saturate);
  properties.round = RoundModeAttr::get(builder.getContext(), round);
}

LogicalResult CastOp::verify() {
  if (getX().getType().getShape() != getType().getShape())
    return emitOpError() << "(C1) the shapes must be equal, got "
                         << shapeText(getX().getType().getShape()) << " and "
                         << shapeText(getType().getShape());
  return success();
}

void BitcastOp::build(OpBuilder &builder, OperationState &state, Value x,
                      Type elementType) {
  state.addOperands(x);
  state.addTypes(RankedTensorType::get(shapeOf(x), elementType));
}

LogicalResult BitcastOp::verify() {
  if (getX().getType().getShape() != getType().getShape())
    return emitOpError() << "(C1) the shapes must be equal, got "
                         << shapeText(getX().getType().getShape()) << " and "
                         << shapeText(getType().getShape());
  auto bits = [](Type type) {
    return type.isInteger(1) ? 8u : type.getIntOrFloatBitWidth();
  };
  Type from = getX().getType().getElementType(),
       to = getType().getElementType();
  if (bits(from) != bits(to))
    return emitOpError() << "(C2) the element types must have the same number "
                            "of bits, got "
                         << from << " and " << to;
  return success();
}
