//===- Values.h - What passes ask of values ---------------------*- C++ -*-===//

#ifndef DLC_LIB_DIALECT_NN_TRANSFORMS_VALUES_H
#define DLC_LIB_DIALECT_NN_TRANSFORMS_VALUES_H

#include "dlc/Dialect/NN/IR/NN.h"

#include "mlir/IR/Matchers.h"

#include <cmath>

namespace dlc::nn {

inline mlir::RankedTensorType typeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}

/// The number that all elements of a constant are, seen through what only
/// changes its type (in which it has to be exact) or shape.
inline std::optional<double> getUniform(mlir::Value value) {
  using namespace mlir;
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<CastOp, ReshapeOp, BroadcastOp>(op))
      break;
    // Floats may be rounded to other floats.
    if (isa<CastOp>(op) &&
        op->getOperand(0).getType() != op->getResult(0).getType() &&
        !isa<IntegerType>(getElementTypeOrSelf(op->getOperand(0))))
      return std::nullopt;
    value = op->getOperand(0);
  }
  DenseFPElementsAttr floats;
  if (matchPattern(value, m_Constant(&floats)) && floats.isSplat())
    return floats.getSplatValue<APFloat>().convertToDouble();
  DenseIntElementsAttr integers;
  if (!matchPattern(value, m_Constant(&integers)) || !integers.isSplat() ||
      integers.getElementType().getIntOrFloatBitWidth() > 32)
    return std::nullopt;
  APInt number = integers.getSplatValue<APInt>();
  return integers.getElementType().isUnsignedInteger()
             ? static_cast<double>(number.getZExtValue())
             : static_cast<double>(number.getSExtValue());
}

} // namespace dlc::nn

#endif // DLC_LIB_DIALECT_NN_TRANSFORMS_VALUES_H
