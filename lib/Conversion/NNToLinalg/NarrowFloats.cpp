//===- NarrowFloats.cpp - Floats of 8 bits and less as bits ---------------===//
//
// Neither target computes with these types, and what hardware there is for them
// is newer than the oldest GPUs that programs run on. So they are bytes, read
// and written by integer arithmetic that vectorises like any other. What a
// format is (widths, bias, largest number, infinity, NaN, signed zero) comes
// from llvm::APFloat.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

namespace {

/// The bits that stand for values of a format whose numbers have mantissas.
struct Format {
  explicit Format(FloatType type) : semantics(type.getFloatSemantics()) {
    auto bitsOf = [](const APFloat &value) {
      return static_cast<int64_t>(value.bitcastToAPInt().getZExtValue());
    };
    width = type.getWidth();
    mantissa = APFloat::semanticsPrecision(semantics) - 1;
    minExponent = APFloat::semanticsMinExponent(semantics);
    largest = bitsOf(APFloat::getLargest(semantics));
    hasSignedZero = APFloat::getZero(semantics, true).isNegative();
    hasInf = APFloat::semanticsHasInf(semantics);
    hasNan = APFloat::semanticsHasNaN(semantics);
    if (hasInf)
      inf = bitsOf(APFloat::getInf(semantics));
    if (hasNan)
      nan = bitsOf(APFloat::getNaN(semantics));
  }

  int64_t signBit() const { return int64_t(1) << (width - 1); }
  /// In the exponent field.
  int bias() const { return 1 - minExponent; }

  const llvm::fltSemantics &semantics;
  unsigned width, mantissa;
  int minExponent; ///< of the least normal number
  int64_t largest, inf = 0, nan = 0;
  bool hasSignedZero, hasInf, hasNan;
};

/// Integer arithmetic on the bits of f32 or f64.
struct Bits {
  Bits(LocBuilder &b, FloatType type)
      : b(b), type(b.getIntegerType(type.getWidth())), width(type.getWidth()),
        mantissa(type.getFPMantissaWidth() - 1),
        bias(APFloat::semanticsMaxExponent(type.getFloatSemantics())) {}

  Value constant(int64_t value) { return intConstant(b, type, value); }
  Value compare(arith::CmpIPredicate predicate, Value x, int64_t y) {
    return arith::CmpIOp::create(b, predicate, x, constant(y));
  }
  Value isAbove(Value x, int64_t y) {
    return compare(arith::CmpIPredicate::ugt, x, y);
  }
  Value select(Value condition, int64_t onTrue, Value onFalse) {
    return arith::SelectOp::create(b, condition, constant(onTrue), onFalse);
  }
  Value add(Value x, int64_t y) {
    return arith::AddIOp::create(b, x, constant(y));
  }
  Value mask(Value x, int64_t y) {
    return arith::AndIOp::create(b, x, constant(y));
  }
  Value left(Value x, int64_t count) {
    return arith::ShLIOp::create(b, x, constant(count));
  }
  Value right(Value x, int64_t count) {
    return arith::ShRUIOp::create(b, x, constant(count));
  }

  /// The bits of 2^exponent, a normal number.
  int64_t power(int exponent) const {
    return int64_t(exponent + bias) << mantissa;
  }
  int64_t infinity() const { return power(bias + 1); }
  int64_t signBit() const { return int64_t(1) << (width - 1); }

  LocBuilder &b;
  Type type;
  unsigned width, mantissa;
  int bias;
};

} // namespace

static Value toByte(LocBuilder &b, Value bits) {
  return arith::TruncIOp::create(b, b.getI8Type(), bits);
}

//===----------------------------------------------------------------------===//
// Powers of two
//===----------------------------------------------------------------------===//

static Value decodePower(LocBuilder &b, Value byte) {
  FloatType f32 = b.getF32Type();
  Bits bits(b, f32);
  Value code = arith::ExtUIOp::create(b, bits.type, byte);
  Value value = bits.left(code, bits.mantissa);
  // 2^-127 is no normal number of f32
  value = bits.select(bits.compare(arith::CmpIPredicate::eq, code, 0),
                      int64_t(1) << (bits.mantissa - 1), value);
  value = bits.select(bits.compare(arith::CmpIPredicate::eq, code, 255),
                      bits.infinity() | (1 << (bits.mantissa - 1)), value);
  return arith::BitcastOp::create(b, f32, value);
}

static Value encodePower(LocBuilder &b, Value x, bool saturate,
                         nn::RoundMode round) {
  FloatType f32 = b.getF32Type();
  if (x.getType() != f32)
    x = arith::TruncFOp::create(b, f32, x);
  Bits bits(b, f32);
  constexpr int64_t nan = 255, largest = 254;
  int64_t one = int64_t(1) << bits.mantissa, half = one / 2;
  Value magnitude =
      bits.mask(arith::BitcastOp::create(b, bits.type, x), bits.signBit() - 1);
  Value exponent = bits.right(magnitude, bits.mantissa);
  Value fraction = bits.mask(magnitude, one - 1);
  // Numbers from 2^-127 on go to the next power if their fraction is at least
  // so much; below 2^-126 the leading digit is part of the fraction.
  Value code = exponent;
  if (round != nn::RoundMode::Down) {
    bool isUp = round == nn::RoundMode::Up;
    Value isTiny = bits.compare(arith::CmpIPredicate::eq, exponent, 0);
    Value least = bits.select(isTiny, isUp ? half + 1 : half + half / 2,
                              bits.constant(isUp ? 1 : half));
    Value goesUp =
        arith::CmpIOp::create(b, arith::CmpIPredicate::uge, fraction, least);
    code = arith::AddIOp::create(b, code,
                                 arith::ExtUIOp::create(b, bits.type, goesUp));
  }
  code =
      bits.select(bits.isAbove(code, largest), saturate ? largest : nan, code);
  if (!saturate)
    code = bits.select(bits.compare(arith::CmpIPredicate::ult, magnitude, half),
                       nan, code);
  code = bits.select(bits.isAbove(magnitude, bits.infinity()), nan, code);
  return toByte(b, code);
}

//===----------------------------------------------------------------------===//
// Numbers with sign, exponent and mantissa
//===----------------------------------------------------------------------===//

static bool isPowerFormat(FloatType type) {
  return isa<Float8E8M0FNUType>(type);
}

Value dlc::conversion::decodeFloat(LocBuilder &b, Value byte, FloatType type) {
  if (isPowerFormat(type))
    return decodePower(b, byte);
  Format format(type);
  FloatType f32 = b.getF32Type();
  Bits bits(b, f32);
  Value code = arith::ExtUIOp::create(b, bits.type, byte);
  Value magnitude = bits.mask(code, format.signBit() - 1);
  unsigned shift = bits.mantissa - format.mantissa;
  Value normal = bits.add(bits.left(magnitude, shift),
                          int64_t(bits.bias - format.bias()) << bits.mantissa);
  // below the normal numbers, the bits count units
  Value count = arith::UIToFPOp::create(b, f32, magnitude);
  Value unit = floatConstant(
      b, f32, std::ldexp(1.0, format.minExponent - int(format.mantissa)));
  Value tiny = arith::BitcastOp::create(b, bits.type,
                                        arith::MulFOp::create(b, count, unit));
  Value isTiny = bits.compare(arith::CmpIPredicate::ult, magnitude,
                              int64_t(1) << format.mantissa);
  Value value = arith::SelectOp::create(b, isTiny, tiny, normal);
  if (format.hasInf)
    value = bits.select(
        bits.compare(arith::CmpIPredicate::eq, magnitude, format.inf),
        bits.infinity(), value);
  int64_t quiet = bits.infinity() | (int64_t(1) << (bits.mantissa - 1));
  bool hasOneNan = !format.hasSignedZero;
  if (format.hasNan && !hasOneNan)
    value = bits.select(
        bits.isAbove(magnitude, format.hasInf ? format.inf : format.largest),
        quiet, value);
  Value sign =
      bits.left(bits.mask(code, format.signBit()), bits.width - format.width);
  value = arith::OrIOp::create(b, value, sign);
  if (format.hasNan && hasOneNan) // in the place of the negative zero
    value = bits.select(
        bits.compare(arith::CmpIPredicate::eq, code, format.nan), quiet, value);
  return arith::BitcastOp::create(b, f32, value);
}

Value dlc::conversion::encodeFloat(LocBuilder &b, Value x, FloatType type,
                                   bool saturate, nn::RoundMode round) {
  if (isPowerFormat(type))
    return encodePower(b, x, saturate, round);
  Format format(type);
  auto source = cast<FloatType>(x.getType());
  Bits bits(b, source);
  Value all = arith::BitcastOp::create(b, bits.type, x);
  Value magnitude = bits.mask(all, bits.signBit() - 1);

  // Normal numbers: cut the mantissa, rounding to nearest even by adding half a
  // unit, less the least bit where the last digit is even. A carry goes on into
  // the exponent, as it should.
  unsigned shift = bits.mantissa - format.mantissa;
  Value last = bits.mask(bits.right(magnitude, shift), 1);
  Value rounded = arith::AddIOp::create(
      b, bits.add(magnitude, (int64_t(1) << (shift - 1)) - 1), last);
  Value code =
      bits.add(bits.right(rounded, shift),
               -(int64_t(bits.bias - format.bias()) << format.mantissa));
  // Below them, adding a power of two whose last digit is the unit rounds.
  int64_t magic = bits.power(format.minExponent + int(shift));
  Value sum = arith::AddFOp::create(
      b, arith::BitcastOp::create(b, source, magnitude),
      arith::BitcastOp::create(b, source, bits.constant(magic)));
  Value units = bits.add(arith::BitcastOp::create(b, bits.type, sum), -magic);
  Value isTiny = bits.compare(arith::CmpIPredicate::ult, magnitude,
                              bits.power(format.minExponent));
  code = arith::SelectOp::create(b, isTiny, units, code);

  int64_t beyond = saturate || !format.hasNan ? format.largest
                   : format.hasInf            ? format.inf
                                              : format.nan;
  Value isBeyond = bits.isAbove(code, format.largest);
  Value isNan = bits.isAbove(magnitude, bits.infinity());
  code = bits.select(isBeyond, beyond, code);
  if (format.hasNan)
    code = bits.select(isNan, format.nan, code);
  Value sign =
      bits.mask(bits.right(all, bits.width - format.width), format.signBit());
  if (!format.hasSignedZero)
    sign =
        bits.select(bits.compare(arith::CmpIPredicate::eq, code, 0), 0, sign);
  code = arith::OrIOp::create(b, code, sign);
  if (!format.hasNan)
    code = bits.select(isNan, 0, code);
  return toByte(b, code);
}
