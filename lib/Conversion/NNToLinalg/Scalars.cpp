//===- Scalars.cpp - Elements of nn tensors as scalars --------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

bool dlc::conversion::isBool(Type nnElement) { return nnElement.isInteger(1); }

bool dlc::conversion::isUnsigned(Type nnElement) {
  return isBool(nnElement) || nnElement.isUnsignedInteger();
}

Type dlc::conversion::storedType(Type nnElement) {
  if (isNarrowFloat(nnElement))
    return IntegerType::get(nnElement.getContext(), 8);
  auto integer = dyn_cast<IntegerType>(nnElement);
  if (!integer)
    return nnElement;
  // bool and integers of 2 and 4 bits take a byte each
  return IntegerType::get(nnElement.getContext(),
                          std::max(8u, integer.getWidth()));
}

RankedTensorType dlc::conversion::storedType(RankedTensorType nnTensor) {
  return RankedTensorType::get(nnTensor.getShape(),
                               storedType(nnTensor.getElementType()));
}

Type dlc::conversion::computedType(Type nnElement) {
  if (isBool(nnElement))
    return nnElement;
  if (isa<FloatType>(nnElement) && nnElement.getIntOrFloatBitWidth() < 32)
    return Float32Type::get(nnElement.getContext());
  return storedType(nnElement);
}

bool dlc::conversion::isNarrowFloat(Type nnElement) {
  return nn::isOneOf(nnElement, nn::ElementKinds::Narrow);
}

Value dlc::conversion::cleanByte(LocBuilder &b, Value byte, Type nnElement) {
  unsigned width = nnElement.getIntOrFloatBitWidth();
  if (isBool(nnElement) || width >= 8)
    return byte;
  if (!nnElement.isSignlessInteger())
    return b.createOrFold<arith::AndIOp>(
        byte, intConstant(b, byte.getType(), (1 << width) - 1));
  Value spare = intConstant(b, byte.getType(), 8 - width);
  Value high = b.createOrFold<arith::ShLIOp>(byte, spare);
  return b.createOrFold<arith::ShRSIOp>(high, spare);
}

/// What marks conversions between a half-precision float and f32 that no op of
/// the graph asks for: `extf` of `truncf` folds where both allow it.
static arith::FastMathFlagsAttr getExcessPrecision(LocBuilder &b, bool kept) {
  return kept ? arith::FastMathFlagsAttr()
              : arith::FastMathFlagsAttr::get(b.getContext(),
                                              arith::FastMathFlags::contract);
}

Value dlc::conversion::load(LocBuilder &b, Value stored, Type nnElement,
                            Rounding rounding) {
  // folding shows constants to the op's own special cases
  if (isBool(nnElement))
    return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ne, stored,
                                         zeroConstant(b, stored.getType()));
  if (isNarrowFloat(nnElement))
    return decodeFloat(b, stored, cast<FloatType>(nnElement));
  Type computed = computedType(nnElement);
  if (computed == stored.getType())
    return cleanByte(b, stored, nnElement);
  return b.createOrFold<arith::ExtFOp>(
      computed, stored, getExcessPrecision(b, rounding == Rounding::Kept));
}

Value dlc::conversion::loadFactor(LocBuilder &b, Value stored, Type nnElement,
                                  Type sum) {
  Value value = load(b, stored, nnElement);
  return value.getType() == sum ? value : castScalar(b, value, nnElement, sum);
}

Value dlc::conversion::store(LocBuilder &b, Value computed, Type nnElement,
                             Rounding rounding) {
  Type stored = storedType(nnElement);
  if (isNarrowFloat(nnElement))
    return encodeFloat(b, computed, cast<FloatType>(nnElement));
  if (computed.getType() == stored)
    return cleanByte(b, computed, nnElement);
  if (isBool(nnElement))
    return arith::ExtUIOp::create(b, stored, computed);
  return arith::TruncFOp::create(
      b, stored, computed, arith::RoundingModeAttr(),
      getExcessPrecision(b, rounding == Rounding::Kept));
}

Value dlc::conversion::floatConstant(LocBuilder &b, Type type, double value) {
  return arith::ConstantOp::create(b, b.getFloatAttr(type, value));
}

Value dlc::conversion::intConstant(LocBuilder &b, Type type, int64_t value) {
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, value));
}

Value dlc::conversion::indexConstant(LocBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

Value dlc::conversion::zeroConstant(LocBuilder &b, Type type) {
  return arith::ConstantOp::create(b, b.getZeroAttr(type));
}

Value dlc::conversion::limitConstant(LocBuilder &b, Type computed,
                                     bool isUnsignedType, bool lowest) {
  if (isa<FloatType>(computed))
    return floatConstant(b, computed, lowest ? -INFINITY : INFINITY);
  unsigned width = computed.getIntOrFloatBitWidth();
  APInt value = isUnsignedType ? (lowest ? APInt::getMinValue(width)
                                         : APInt::getMaxValue(width))
                               : (lowest ? APInt::getSignedMinValue(width)
                                         : APInt::getSignedMaxValue(width));
  return arith::ConstantOp::create(b, b.getIntegerAttr(computed, value));
}

std::optional<TypedAttr> dlc::conversion::splatElement(Value tensor) {
  DenseElementsAttr dense;
  ElementsAttr any;
  if (matchPattern(tensor, m_Constant(&dense))) {
    if (dense.isSplat())
      return cast<TypedAttr>(dense.getSplatValue<Attribute>());
    return std::nullopt;
  }
  if (!matchPattern(tensor, m_Constant(&any)) || any.getNumElements() != 1)
    return std::nullopt;
  auto resource = dyn_cast<DenseResourceElementsAttr>(any);
  if (!resource)
    return std::nullopt;
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  if (!blob)
    return std::nullopt;
  bool isSplat = false;
  if (!DenseElementsAttr::isValidRawBuffer(any.getShapedType(), blob->getData(),
                                           isSplat))
    return std::nullopt;
  return cast<TypedAttr>(
      DenseElementsAttr::getFromRawBuffer(any.getShapedType(), blob->getData())
          .getSplatValue<Attribute>());
}

Value dlc::conversion::maximum(LocBuilder &b, Value x, Value y,
                               bool isUnsignedType) {
  if (isa<FloatType>(x.getType()))
    return arith::MaximumFOp::create(b, x, y);
  if (isUnsignedType)
    return arith::MaxUIOp::create(b, x, y);
  return arith::MaxSIOp::create(b, x, y);
}

Value dlc::conversion::minimum(LocBuilder &b, Value x, Value y,
                               bool isUnsignedType) {
  if (isa<FloatType>(x.getType()))
    return arith::MinimumFOp::create(b, x, y);
  if (isUnsignedType)
    return arith::MinUIOp::create(b, x, y);
  return arith::MinSIOp::create(b, x, y);
}

Value dlc::conversion::accumulate(LocBuilder &b, Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return arith::AddFOp::create(b, x, y, arith::FastMathFlags::reassoc);
  return arith::AddIOp::create(b, x, y);
}

Value dlc::conversion::multiplyAccumulate(LocBuilder &b, Value acc, Value x,
                                          Value y) {
  if (!isa<FloatType>(acc.getType()))
    return arith::AddIOp::create(b, acc, arith::MulIOp::create(b, x, y));
  Value product =
      arith::MulFOp::create(b, x, y, arith::FastMathFlags::contract);
  return arith::AddFOp::create(b, acc, product,
                               arith::FastMathFlags::contract |
                                   arith::FastMathFlags::reassoc);
}

//===----------------------------------------------------------------------===//
// Cast
//===----------------------------------------------------------------------===//

/// Truncates to a signed integer of `width` bits (32 or 64). What does not fit,
/// and NaN, becomes the least integer, as the x86 instructions (and so numpy
/// and onnxruntime) have it.
static Value truncateToSigned(LocBuilder &b, Value x, unsigned width) {
  Type type = x.getType();
  Type integer = b.getIntegerType(width);
  Value low = floatConstant(b, type, -std::ldexp(1.0, width - 1));
  Value high = floatConstant(b, type, std::ldexp(1.0, width - 1));
  Value fits = arith::AndIOp::create(
      b, arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x, low),
      arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, high));
  Value safe = arith::SelectOp::create(b, fits, x, floatConstant(b, type, 0.0));
  Value least = limitConstant(b, integer, /*isUnsignedType=*/false,
                              /*lowest=*/true);
  return arith::SelectOp::create(
      b, fits, arith::FPToSIOp::create(b, integer, safe), least);
}

static Value floatToInt(LocBuilder &b, Value x, Type to) {
  Type type = x.getType();
  Type target = computedType(to);
  unsigned width = target.getIntOrFloatBitWidth();
  if (width == 64 && isUnsigned(to)) {
    // the upper half goes through a shift by 2^63
    Value half = floatConstant(b, type, std::ldexp(1.0, 63));
    Value isHigh = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, x, half);
    Value shifted = arith::SelectOp::create(
        b, isHigh, arith::SubFOp::create(b, x, half), x);
    Value low = truncateToSigned(b, shifted, 64);
    Value flipped = arith::XOrIOp::create(
        b, low, limitConstant(b, target, false, /*lowest=*/true));
    return arith::SelectOp::create(b, isHigh, flipped, low);
  }
  unsigned via = width == 64 || (width == 32 && isUnsigned(to)) ? 64 : 32;
  Value wide = truncateToSigned(b, x, via);
  return width == via ? wide : arith::TruncIOp::create(b, target, wide);
}

Value dlc::conversion::castScalar(LocBuilder &b, Value x, Type from, Type to) {
  Type source = x.getType(), target = computedType(to);
  if (isBool(to)) {
    if (isBool(from))
      return x;
    Value zero = zeroConstant(b, source);
    if (isa<FloatType>(source))
      return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, x, zero);
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, x, zero);
  }
  if (isBool(from)) {
    if (auto type = dyn_cast<FloatType>(target))
      return arith::SelectOp::create(b, x, floatConstant(b, type, 1.0),
                                     floatConstant(b, type, 0.0));
    return arith::ExtUIOp::create(b, target, x);
  }
  bool fromFloat = isa<FloatType>(source), toFloat = isa<FloatType>(target);
  unsigned sourceWidth = source.getIntOrFloatBitWidth();
  unsigned targetWidth = target.getIntOrFloatBitWidth();
  if (fromFloat && toFloat) {
    if (sourceWidth < targetWidth)
      return arith::ExtFOp::create(b, target, x);
    if (sourceWidth > targetWidth)
      return arith::TruncFOp::create(b, target, x);
    return x;
  }
  if (fromFloat)
    return floatToInt(b, x, to);
  if (toFloat) {
    if (isUnsigned(from))
      return arith::UIToFPOp::create(b, target, x);
    return arith::SIToFPOp::create(b, target, x);
  }
  if (sourceWidth > targetWidth)
    return arith::TruncIOp::create(b, target, x);
  if (sourceWidth == targetWidth)
    return x;
  if (isUnsigned(from))
    return arith::ExtUIOp::create(b, target, x);
  return arith::ExtSIOp::create(b, target, x);
}
