//===- MathEmitter.h - Formulas on scalars and vectors ----------*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_COMMON_MATHEMITTER_H
#define DLC_LIB_SCHEDULE_COMMON_MATHEMITTER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"

namespace dlc::schedule {

class Emitter;

/// A scalar or vector, with the operators of floats.
struct Number {
  Emitter *e;
  mlir::Value value;
};

/// Builds arithmetic on scalars or on vectors of the shape of one operand.
class Emitter {
public:
  Emitter(mlir::RewriterBase &b, mlir::Location loc, mlir::Type like,
          bool hasExp)
      : b(b), loc(loc), vector(llvm::dyn_cast<mlir::VectorType>(like)),
        hasExp(hasExp) {}

  mlir::Type shaped(mlir::Type element) const {
    return vector
               ? mlir::Type(mlir::VectorType::get(vector.getShape(), element))
               : element;
  }
  Number wrap(mlir::Value value) { return {this, value}; }
  template <typename OpT, typename... Args>
  Number make(Args &&...args) {
    return wrap(OpT::create(b, loc, std::forward<Args>(args)...).getResult());
  }

  Number constant(mlir::TypedAttr attr) {
    if (vector)
      attr = mlir::SplatElementsAttr::get(
          llvm::cast<mlir::ShapedType>(shaped(attr.getType())),
          mlir::Attribute(attr));
    return make<mlir::arith::ConstantOp>(attr);
  }
  Number f32(float value) { return constant(b.getF32FloatAttr(value)); }
  Number f64(double value) { return constant(b.getF64FloatAttr(value)); }
  /// An integer of the type of `like`.
  Number integer(int64_t value, Number like) {
    return constant(
        llvm::cast<mlir::TypedAttr>(b.getIntegerAttr(elementOf(like), value)));
  }
  /// A float of the type of `like`.
  Number real(double value, Number like) {
    return constant(b.getFloatAttr(elementOf(like), value));
  }
  static mlir::Type elementOf(Number x) {
    return mlir::getElementTypeOrSelf(x.value.getType());
  }

  Number toF64(Number x) {
    return make<mlir::arith::ExtFOp>(shaped(b.getF64Type()), x.value);
  }
  Number toF32(Number x) {
    return make<mlir::arith::TruncFOp>(shaped(b.getF32Type()), x.value);
  }
  Number bits(Number x) {
    return make<mlir::arith::BitcastOp>(
        shaped(b.getIntegerType(elementOf(x).getIntOrFloatBitWidth())),
        x.value);
  }
  Number fromBits(Number x) {
    mlir::Type type = elementOf(x).getIntOrFloatBitWidth() == 64
                          ? mlir::Type(b.getF64Type())
                          : mlir::Type(b.getF32Type());
    return make<mlir::arith::BitcastOp>(shaped(type), x.value);
  }
  /// The integer of 32 bits that a float is; it must fit.
  Number toI32(Number x) {
    return make<mlir::arith::FPToSIOp>(shaped(b.getI32Type()), x.value);
  }
  Number i32ToFloat(Number x, mlir::Type type) {
    return make<mlir::arith::SIToFPOp>(shaped(type), x.value);
  }
  Number toI64(Number x, bool isSigned = true) {
    mlir::Type type = shaped(b.getI64Type());
    return isSigned ? make<mlir::arith::ExtSIOp>(type, x.value)
                    : make<mlir::arith::ExtUIOp>(type, x.value);
  }
  Number lowHalf(Number x) {
    return make<mlir::arith::TruncIOp>(shaped(b.getI32Type()), x.value);
  }

  Number addInt(Number x, Number y) {
    return make<mlir::arith::AddIOp>(x.value, y.value);
  }
  Number subInt(Number x, Number y) {
    return make<mlir::arith::SubIOp>(x.value, y.value);
  }
  Number mulInt(Number x, Number y) {
    return make<mlir::arith::MulIOp>(x.value, y.value);
  }
  Number andInt(Number x, Number y) {
    return make<mlir::arith::AndIOp>(x.value, y.value);
  }
  Number orInt(Number x, Number y) {
    return make<mlir::arith::OrIOp>(x.value, y.value);
  }
  Number xorInt(Number x, Number y) {
    return make<mlir::arith::XOrIOp>(x.value, y.value);
  }
  Number left(Number x, Number y) {
    return make<mlir::arith::ShLIOp>(x.value, y.value);
  }
  Number right(Number x, Number y) {
    return make<mlir::arith::ShRUIOp>(x.value, y.value);
  }
  Number rightSigned(Number x, Number y) {
    return make<mlir::arith::ShRSIOp>(x.value, y.value);
  }

  Number compare(mlir::arith::CmpFPredicate predicate, Number x, double y) {
    return make<mlir::arith::CmpFOp>(predicate, x.value, real(y, x).value);
  }
  Number isEqual(Number x, int64_t y) {
    return make<mlir::arith::CmpIOp>(mlir::arith::CmpIPredicate::eq, x.value,
                                     integer(y, x).value);
  }
  Number select(Number condition, Number onTrue, Number onFalse) {
    return make<mlir::arith::SelectOp>(condition.value, onTrue.value,
                                       onFalse.value);
  }

  Number fma(Number x, Number y, Number z) {
    return make<mlir::math::FmaOp>(x.value, y.value, z.value);
  }
  Number abs(Number x) { return make<mlir::math::AbsFOp>(x.value); }
  Number sqrt(Number x) { return make<mlir::math::SqrtOp>(x.value); }
  Number round(Number x) { return make<mlir::math::RoundEvenOp>(x.value); }
  Number negate(Number x) { return make<mlir::arith::NegFOp>(x.value); }
  Number copySign(Number x, Number sign) {
    return make<mlir::math::CopySignOp>(x.value, sign.value);
  }

  /// c[0] + c[1] x + c[2] x^2 …
  template <size_t size>
  Number polynomial(Number x, const double (&c)[size]) {
    Number sum = real(c[size - 1], x);
    for (size_t i = size - 1; i-- > 0;)
      sum = fma(sum, x, real(c[i], x));
    return sum;
  }

  mlir::RewriterBase &b;
  mlir::Location loc;
  mlir::VectorType vector;
  bool hasExp; ///< math.exp stays, the target has something better
};

inline Number operator+(Number x, Number y) {
  return x.e->make<mlir::arith::AddFOp>(x.value, y.value);
}
inline Number operator-(Number x, Number y) {
  return x.e->make<mlir::arith::SubFOp>(x.value, y.value);
}
inline Number operator*(Number x, Number y) {
  return x.e->make<mlir::arith::MulFOp>(x.value, y.value);
}
inline Number operator/(Number x, Number y) {
  return x.e->make<mlir::arith::DivFOp>(x.value, y.value);
}

inline constexpr double kLn2 = 0.69314718055994531, kLog2E = 1.4426950408889634;
/// ln 2 in two parts; products of the first with integers below 2^9 are exact.
inline constexpr double kLn2High = 0.693359375, kLn2Low = -2.12194440e-4;

/// e^r - 1 for |r| <= ln 2 / 2.
inline Number expm1OfRest(Emitter &e, Number r) {
  Number p = e.polynomial(r, {5.000000000e-01, 1.666657627e-01, 4.166637361e-02,
                              8.363335393e-03, 1.394137740e-03});
  return e.fma(p, r * r, r);
}

/// x - n ln 2
inline Number restOf(Emitter &e, Number x, Number n) {
  Number r = e.fma(n, e.f32(-kLn2High), x);
  return e.fma(n, e.f32(-kLn2Low), r);
}

/// ln(1 + e^x); infinite where e^x is.
Number logOfOnePlusExp(Emitter &e, Number x);

/// The sigmoid, in populateMathFunctionPatterns.
void populateSigmoidPattern(mlir::RewritePatternSet &patterns);

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_COMMON_MATHEMITTER_H
