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

/// min(max(number + zero, low), high), the last step before numbers become
/// integers of another type. Without an addition of a constant `zero` is 0.
struct Clamped {
  mlir::Value number;
  double zero = 0, low, high;

  static std::optional<Clamped> match(mlir::Value value) {
    auto min = value.getDefiningOp<MinOp>();
    auto max = min ? min.getLhs().getDefiningOp<MaxOp>() : MaxOp();
    auto low = max ? getUniform(max.getRhs()) : std::nullopt;
    auto high = max ? getUniform(min.getRhs()) : std::nullopt;
    if (!low || !high)
      return std::nullopt;
    Clamped result{max.getLhs(), 0, *low, *high};
    if (auto add = result.number.getDefiningOp<AddOp>())
      if (std::optional<double> zero = getUniform(add.getRhs())) {
        result.zero = *zero;
        result.number = add.getLhs();
      }
    return result;
  }
};

/// Whether a number is a small integer: a zero point, as no sum of it is
/// rounded in f32.
inline bool isSmallInteger(double number) {
  return number == std::round(number) && std::abs(number) <= 0x1p16;
}

} // namespace dlc::nn

#endif // DLC_LIB_DIALECT_NN_TRANSFORMS_VALUES_H
