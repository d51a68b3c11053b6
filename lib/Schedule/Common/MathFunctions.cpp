//===- MathFunctions.cpp - Functions of f32 within 2 ulp ------------------===//
//
// The polynomials were fitted here: least squares in a Chebyshev basis, weights
// raised where the error is largest until it is level. The errors of whole
// functions are measured by test/Integration/host/accuracy.py.
//
//===----------------------------------------------------------------------===//

#include "dlc/Schedule/Common/MathFunctions.h"

#include "MathEmitter.h"

#include <cmath>

using namespace mlir;
using namespace dlc::schedule;

using F = arith::CmpFPredicate;

//===----------------------------------------------------------------------===//
// Exponentials and logarithms
//===----------------------------------------------------------------------===//

/// x cut to [low, high]; NaN stays.
static Number clamp(Emitter &e, Number x, double low, double high) {
  x = e.select(e.compare(F::OLT, x, low), e.real(low, x), x);
  return e.select(e.compare(F::OGT, x, high), e.real(high, x), x);
}

/// e^r where x = n ln 2 + r and |r| <= ln 2 / 2.
static Number expOfRest(Emitter &e, Number x, Number n) {
  return expm1OfRest(e, restOf(e, x, n)) + e.f32(1);
}

/// e^x = 2^n e^r
static Number exp32(Emitter &e, Number x) {
  // Beyond these the result is 0 or infinite.
  x = clamp(e, x, -105, 89);
  Number n = e.round(x * e.f32(kLog2E));
  Number p = expOfRest(e, x, n);
  // NaN has no integer, and may have any: it is in p.
  Number isNumber = e.make<arith::CmpFOp>(F::ORD, n.value, n.value);
  Number whole = e.toI32(e.select(isNumber, n, e.f32(0)));
  // 2^n need not be a number where the result is one: two halves are.
  Number half = e.rightSigned(whole, e.integer(1, whole));
  auto power = [&](Number exponent) {
    Number biased = e.addInt(exponent, e.integer(127, exponent));
    return e.fromBits(e.left(biased, e.integer(23, biased)));
  };
  return p * power(half) * power(e.subInt(whole, half));
}

/// The same for |x| < 80, not NaN: no special cases.
static Number boundedExp32(Emitter &e, Number x) {
  if (e.hasExp)
    return e.make<math::ExpOp>(x.value);
  Number n = e.round(x * e.f32(kLog2E));
  Number whole = e.toI32(n);
  return e.fromBits(e.addInt(e.bits(expOfRest(e, x, n)),
                             e.left(whole, e.integer(23, whole))));
}

/// e^x - 1 = 2^n (e^r - 1) + (2^n - 1)
static Number expm132(Emitter &e, Number x) {
  // Beyond these the result is -1 or infinite.
  Number bounded = clamp(e, x, -20, 89);
  Number n = e.round(bounded * e.f32(kLog2E));
  Number rest = expm1OfRest(e, restOf(e, bounded, n));
  Number isNumber = e.make<arith::CmpFOp>(F::ORD, n.value, n.value);
  Number whole = e.toI32(e.select(isNumber, n, e.f32(0)));
  // 2^128 is none: the last step is one of doubling.
  Number isLast = e.isEqual(whole, 128);
  whole = e.select(isLast, e.integer(127, whole), whole);
  Number biased = e.addInt(whole, e.integer(127, whole));
  Number power = e.fromBits(e.left(biased, e.integer(23, biased)));
  Number sum = e.fma(rest, power, power - e.f32(1));
  sum = e.select(isLast, sum + sum, sum);
  // e^x - 1 = x + x^2 / 2, and zero keeps its sign
  Number isTiny = e.compare(F::OLT, e.abs(x), 0x1p-25);
  return e.select(isTiny, x, sum);
}

/// e^x for |x| < 700, with a relative error near 1e-14.
static Number exp64(Emitter &e, Number x) {
  Number n = e.round(x * e.f64(kLog2E));
  Number r = e.fma(n, e.f64(-kLn2), x);
  Number p =
      e.polynomial(r, {1.00000000000001488e+00, 9.99999999999877209e-01,
                       4.99999999994483746e-01, 1.66666666679414016e-01,
                       4.16666670381276374e-02, 8.33333297894307302e-03,
                       1.38888018527521411e-03, 1.98416145664922133e-04,
                       2.48845004313132717e-05, 2.74778762008360825e-06});
  Number isNumber = e.make<arith::CmpFOp>(F::ORD, n.value, n.value);
  Number whole = e.toI64(e.toI32(e.select(isNumber, n, e.f64(0))));
  return e.fromBits(e.addInt(e.bits(p), e.left(whole, e.integer(52, whole))));
}

/// ln(x + low), where x is positive and normal and `low` far smaller than x.
/// `lost` is taken from the exponent.
static Number logOfNormal(Emitter &e, Number x, const Number *low,
                          const Number *lost) {
  // m 2^n with m between sqrt(1/2) and sqrt(2): the bits of the former taken
  // off, the exponent remains.
  Number bits = e.bits(x);
  constexpr int32_t rootOfHalf = 0x3f3504f3;
  Number n = e.rightSigned(e.subInt(bits, e.integer(rootOfHalf, bits)),
                           e.integer(23, bits));
  Number shift = e.left(n, e.integer(23, n));
  Number m = e.fromBits(e.subInt(bits, shift));
  Number f = m - e.f32(1);
  if (low) {
    // Of a large x it is nothing, and the power need not be a number.
    Number one = e.integer(0x3f800000, bits);
    Number few = e.make<arith::MinSIOp>(n.value, e.integer(64, n).value);
    Number power = e.subInt(one, e.left(few, e.integer(23, n)));
    f = e.fma(*low, e.fromBits(power), f);
  }
  if (lost)
    n = e.subInt(n, *lost);
  Number power = e.i32ToFloat(n, e.b.getF32Type());
  // log(1 + f) = f - f^2 / 2 + f^3 P(f), small parts first
  Number square = f * f;
  Number p =
      e.polynomial(f, {3.333333135e-01, -2.499999404e-01, 2.000072896e-01,
                       -1.666810960e-01, 1.424882412e-01, -1.241844073e-01,
                       1.168055311e-01, -1.152950898e-01, 7.046891004e-02});
  Number sum = e.fma(power, e.f32(kLn2Low), p * f * square);
  sum = e.fma(square, e.f32(-0.5f), sum) + f;
  return e.fma(power, e.f32(kLn2High), sum);
}

static Number log32(Emitter &e, Number x) {
  // Subnormal numbers have no exponent of their own.
  Number isTiny = e.compare(F::OLT, x, 0x1p-126);
  Number normal = e.select(isTiny, x * e.f32(0x1p25f), x);
  Number zero = e.integer(0, e.bits(x));
  Number lost = e.select(isTiny, e.integer(25, zero), zero);
  Number sum = logOfNormal(e, normal, /*low=*/nullptr, &lost);
  sum = e.select(e.compare(F::OEQ, x, INFINITY), x, sum);
  sum = e.select(e.compare(F::ULT, x, 0), e.f32(NAN), sum);
  return e.select(e.compare(F::OEQ, x, 0), e.f32(-INFINITY), sum);
}

/// ln(u + low), where u + low = 1 + x.
static Number log1p32(Emitter &e, Number x) {
  Number one = e.f32(1), u = one + x;
  Number low = x - (u - one);
  Number sum = logOfNormal(e, u, &low, /*lost=*/nullptr);
  sum = e.select(e.compare(F::OEQ, x, INFINITY), x, sum);
  sum = e.select(e.compare(F::ULT, x, -1), e.f32(NAN), sum);
  sum = e.select(e.compare(F::OEQ, x, -1), e.f32(-INFINITY), sum);
  // ln(1 + x) = x - x^2 / 2, and zero keeps its sign
  Number isTiny = e.compare(F::OLT, e.abs(x), 0x1p-25);
  return e.select(isTiny, x, sum);
}

Number dlc::schedule::logOfOnePlusExp(Emitter &e, Number x) {
  // The target's own exponential may be off by more.
  return log1p32(e, exp32(e, x));
}

/// ln x for normal x, with a relative error near 1e-12; NaN for negative ones,
/// right for 0 and infinity.
static Number log64(Emitter &e, Number x) {
  Number bits = e.bits(x);
  constexpr int64_t rootOfHalf = 0x3fe6a09e667f3bcd;
  Number n = e.rightSigned(e.subInt(bits, e.integer(rootOfHalf, bits)),
                           e.integer(52, bits));
  Number m = e.fromBits(e.subInt(bits, e.left(n, e.integer(52, n))));
  Number power = e.i32ToFloat(e.lowHalf(n), e.b.getF64Type());
  // log m = 2 artanh s
  Number one = e.f64(1), s = (m - one) / (m + one), z = s * s;
  Number p =
      e.polynomial(z, {6.66666666666125729e-01, 4.00000002352092543e-01,
                       2.85713545216480458e-01, 2.22298590152071235e-01,
                       1.78605677053840534e-01, 2.04862941066923487e-01});
  Number sum = e.fma(s * z, p, s + s);
  sum = e.fma(power, e.f64(kLn2), sum);
  sum = e.select(e.compare(F::OEQ, x, INFINITY), x, sum);
  sum = e.select(e.compare(F::ULT, x, 0), e.f64(NAN), sum);
  return e.select(e.compare(F::OEQ, x, 0), e.f64(-INFINITY), sum);
}

/// x^y with the special cases of C's pow.
static Number pow32(Emitter &e, Number base, Number exponent) {
  Number x = e.toF64(base), y = e.toF64(exponent), size = e.abs(x);
  Number product = y * log64(e, size);
  Number result = e.toF32(exp64(e, clamp(e, product, -200, 200)));
  // A negative base needs an integer, and an odd one keeps the sign.
  Number whole = e.make<math::FloorOp>(y.value);
  Number half = y * e.f64(0.5);
  Number halfWhole = e.make<math::FloorOp>(half.value);
  Number isWhole = e.make<arith::CmpFOp>(F::OEQ, whole.value, y.value);
  Number isHalfWhole =
      e.make<arith::CmpFOp>(F::OEQ, halfWhole.value, half.value);
  Number isNegative =
      e.make<arith::CmpIOp>(arith::CmpIPredicate::slt, e.bits(base).value,
                            e.integer(0, e.bits(base)).value);
  Number isOdd = e.make<arith::AndIOp>(
      isWhole.value,
      e.make<arith::XOrIOp>(isHalfWhole.value, e.integer(1, isHalfWhole).value)
          .value);
  Number flips = e.make<arith::AndIOp>(isOdd.value, isNegative.value);
  Number negated = e.make<arith::NegFOp>(result.value);
  result = e.select(flips, negated, result);
  Number isBelow =
      e.make<arith::AndIOp>(e.compare(F::OLT, base, 0).value,
                            e.compare(F::ONE, base, -INFINITY).value);
  Number isUndefined = e.make<arith::AndIOp>(
      isBelow.value, e.make<arith::CmpFOp>(F::ONE, whole.value, y.value).value);
  result = e.select(isUndefined, e.f32(NAN), result);
  // 1 to any power, anything to the power 0, and -1 to an infinite one
  Number isUnit =
      e.make<arith::AndIOp>(e.compare(F::OEQ, size, 1).value,
                            e.compare(F::OEQ, e.abs(y), INFINITY).value);
  Number isOne = e.make<arith::OrIOp>(e.compare(F::OEQ, base, 1).value,
                                      e.compare(F::OEQ, exponent, 0).value);
  isOne = e.make<arith::OrIOp>(isOne.value, isUnit.value);
  return e.select(isOne, e.f32(1), result);
}

//===----------------------------------------------------------------------===//
// Circular functions
//===----------------------------------------------------------------------===//

namespace {
/// An angle in [-pi/4, pi/4] (f64) and the quarter turn (i32) it is counted
/// from.
struct Angle {
  Number rest, quarter;
};
} // namespace

/// |x| = quarter * pi/2 + rest. 2/pi has to be known to as many digits as |x|
/// has in front of the point: of its bits those are taken that count, modulo
/// whole turns.
static Angle reduceAngle(Emitter &e, Number x) {
  // 2/pi = 0.a2f9836e4e44… in front of which there may be zeros
  static constexpr uint32_t words[] = {0,          0xa2f9836e, 0x4e441529,
                                       0xfc2757d1, 0xf534ddc0, 0xdb629599,
                                       0x3c439041, 0xfe5163ab};
  Number size = e.abs(x), bits = e.bits(size);
  auto i32 = [&](int64_t value) { return e.integer(value, bits); };
  // |x| = mantissa * 2^(exponent - 150)
  Number exponent = e.right(bits, i32(23));
  Number mantissa = e.orInt(e.andInt(bits, i32(0x7fffff)), i32(0x800000));
  // 96 bits from the one on that is worth 2 after the multiplication with the
  // exponent's power; for |x| >= 1/2 they are there.
  Number start = e.subInt(exponent, i32(120));
  Number word = e.right(start, i32(5)), shift = e.andInt(start, i32(31));
  Number rest = e.subInt(i32(31), shift);
  Number picked[4];
  for (int i = 0; i < 4; ++i) {
    picked[i] = i32(static_cast<int32_t>(words[i]));
    for (int at = 1; at <= 4; ++at)
      picked[i] = e.select(e.isEqual(word, at),
                           i32(static_cast<int32_t>(words[at + i])), picked[i]);
  }
  Number digits[3];
  for (int i = 0; i < 3; ++i) // a shift by 32 is undefined, so in two steps
    digits[i] = e.orInt(e.left(picked[i], shift),
                        e.right(e.right(picked[i + 1], i32(1)), rest));
  // the product modulo 4, its point behind the second bit of 64
  auto wide = [&](Number part) { return e.toI64(part, /*isSigned=*/false); };
  Number factor = wide(mantissa);
  auto i64 = [&](int64_t value) { return e.integer(value, factor); };
  Number low = e.right(e.mulInt(factor, wide(digits[2])), i64(32));
  Number middle = e.addInt(e.mulInt(factor, wide(digits[1])), low);
  Number high = e.left(e.mulInt(factor, wide(digits[0])), i64(32));
  Number product = e.addInt(high, middle);
  Number quarter = e.right(e.addInt(product, i64(int64_t(1) << 61)), i64(62));
  Number fraction = e.subInt(product, e.left(quarter, i64(62)));
  // few targets convert 64 bits: the halves
  Type f64 = e.b.getF64Type();
  Number upper = e.i32ToFloat(e.lowHalf(e.rightSigned(fraction, i64(32))), f64);
  Number lower =
      e.make<arith::UIToFPOp>(e.shaped(f64), e.lowHalf(fraction).value);
  constexpr double quarterTurn = 1.5707963267948966;
  Number angle =
      e.fma(upper, e.f64(0x1p32), lower) * e.f64(quarterTurn * 0x1p-62);
  Number isSmall = e.compare(F::OLT, size, 0.5);
  return {e.select(isSmall, e.toF64(size), angle),
          e.select(isSmall, i32(0), e.lowHalf(quarter))};
}

static Number sinOf(Emitter &e, Number r) {
  return r * e.polynomial(r * r,
                          {9.99999999999995781e-01, -1.66666666666152902e-01,
                           8.33333332367243787e-03, -1.98412631990667831e-04,
                           2.75552526920801583e-06, -2.47552729897984808e-08});
}

static Number cosOf(Emitter &e, Number r) {
  return e.polynomial(r * r,
                      {9.99999999999932943e-01, -4.99999999992664423e-01,
                       4.16666665330314157e-02, -1.38888799016207635e-03,
                       2.47988375760054248e-05, -2.71675060641197782e-07});
}

/// Flips the sign of `result` (f32) where bit `bit` of `quarter` is set; NaN
/// where x is no finite number.
static Number finishAngle(Emitter &e, Number x, Number result, Number quarter,
                          int bit) {
  Number sign = e.left(quarter, e.integer(31 - bit, quarter));
  sign = e.andInt(sign, e.integer(INT32_MIN, sign));
  result = e.fromBits(e.xorInt(e.bits(result), sign));
  Number isFinite = e.compare(F::OLT, e.abs(x), INFINITY);
  return e.select(isFinite, result, x - x);
}

static Number isOddQuarter(Emitter &e, Number quarter) {
  return e.isEqual(e.andInt(quarter, e.integer(1, quarter)), 1);
}

/// Sine and cosine: a cosine is a sine a quarter turn on.
static Number circular(Emitter &e, Number x, bool isCosine) {
  Angle angle = reduceAngle(e, x);
  Number quarter = angle.quarter;
  if (isCosine)
    quarter = e.addInt(quarter, e.integer(1, quarter));
  Number result = e.toF32(e.select(isOddQuarter(e, quarter),
                                   cosOf(e, angle.rest), sinOf(e, angle.rest)));
  if (!isCosine) // odd
    result = e.fromBits(e.xorInt(
        e.bits(result), e.andInt(e.bits(x), e.integer(INT32_MIN, e.bits(x)))));
  return finishAngle(e, x, result, quarter, /*bit=*/1);
}

static Number tan32(Emitter &e, Number x) {
  Angle angle = reduceAngle(e, x);
  Number s = sinOf(e, angle.rest), c = cosOf(e, angle.rest);
  Number isOdd = isOddQuarter(e, angle.quarter);
  // tan(r + pi/2) = -1 / tan r
  Number ratio = e.select(isOdd, c, s) / e.select(isOdd, s, c);
  Number result = e.toF32(ratio);
  result = e.fromBits(e.xorInt(
      e.bits(result), e.andInt(e.bits(x), e.integer(INT32_MIN, e.bits(x)))));
  return finishAngle(e, x, result, angle.quarter, /*bit=*/0);
}

/// f64, for x >= 0 and infinity
static Number atan64(Emitter &e, Number x) {
  Number isLarge = e.compare(F::OGT, x, 1);
  Number t = e.select(isLarge, e.f64(1) / x, x);
  Number p =
      e.polynomial(t * t, {9.99999999990641264e-01, -3.33333330051531318e-01,
                           1.99999808311040639e-01, -1.42852713287021288e-01,
                           1.11057407455669596e-01, -9.05161502679808355e-02,
                           7.50394393335876708e-02, -6.04259179956218584e-02,
                           4.39665839647138679e-02, -2.63379205373146519e-02,
                           1.16461517984198792e-02, -3.27812434264274088e-03,
                           4.32929032825768445e-04});
  Number result = t * p;
  return e.select(isLarge, e.f64(1.5707963267948966) - result, result);
}

static Number atan32(Emitter &e, Number x) {
  Number wide = e.toF64(x);
  return e.toF32(e.copySign(atan64(e, e.abs(wide)), wide));
}

static Number asin32(Emitter &e, Number x) {
  Number wide = e.toF64(x), size = e.abs(wide), one = e.f64(1);
  Number other = e.sqrt((one - size) * (one + size));
  return e.toF32(e.copySign(atan64(e, size / other), wide));
}

static Number acos32(Emitter &e, Number x) {
  Number wide = e.toF64(x), one = e.f64(1);
  Number half = atan64(e, e.sqrt((one - wide) / (one + wide)));
  return e.toF32(half + half);
}

//===----------------------------------------------------------------------===//
// Hyperbolic functions, error function
//===----------------------------------------------------------------------===//

static Number sinhOrCosh(Emitter &e, Number x, bool isCosh) {
  // beyond 90 both are infinite in f32
  Number wide = clamp(e, e.toF64(x), -90, 90);
  Number power = exp64(e, wide), inverse = e.f64(1) / power;
  if (isCosh)
    return e.toF32((power + inverse) * e.f64(0.5));
  Number large = (power - inverse) * e.f64(0.5);
  Number small =
      wide * e.polynomial(wide * wide,
                          {9.99999999999928724e-01, 1.66666666672080410e-01,
                           8.33333326905370819e-03, 1.98412976132092932e-04,
                           2.75519154688957935e-06, 2.55349751482336629e-08});
  Number isSmall = e.compare(F::OLT, e.abs(wide), 1);
  return e.toF32(e.select(isSmall, small, large));
}

static Number tanh32(Emitter &e, Number x) {
  // from 9 on it is 1
  Number size = e.abs(x), one = e.f32(1), two = e.f32(2);
  Number bounded = e.select(e.compare(F::OLT, size, 9.5), size, e.f32(9.5));
  Number power = boundedExp32(e, bounded + bounded);
  Number large = one - two / (power + one);
  Number z = x * x;
  Number p =
      e.polynomial(z, {-3.333332837e-01, 1.333276778e-01, -5.385063589e-02,
                       2.099585906e-02, -6.094764918e-03});
  Number small = e.fma(z * p, size, size);
  // NaN goes the way of the small ones
  Number isSmall = e.compare(F::ULT, size, 0.625);
  return e.copySign(e.select(isSmall, small, large), x);
}

/// For small numbers their own function: no digits are left of them in 1 + x.
static Number orItself(Emitter &e, Number x, Number result) {
  Number isTiny = e.compare(F::OLT, e.abs(x), 1e-4);
  return e.select(isTiny, x, result);
}

static Number asinh32(Emitter &e, Number x) {
  Number wide = e.toF64(x), size = e.abs(wide), one = e.f64(1);
  Number result = log64(e, size + e.sqrt(e.fma(size, size, one)));
  return orItself(e, x, e.toF32(e.copySign(result, wide)));
}

static Number acosh32(Emitter &e, Number x) {
  Number wide = e.toF64(x), one = e.f64(1);
  return e.toF32(log64(e, wide + e.sqrt(wide - one) * e.sqrt(wide + one)));
}

static Number atanh32(Emitter &e, Number x) {
  Number wide = e.toF64(x), one = e.f64(1);
  Number result = log64(e, (one + wide) / (one - wide)) * e.f64(0.5);
  return orItself(e, x, e.toF32(result));
}

static Number erf32(Emitter &e, Number x) {
  Number z = x * x;
  Number p = e.polynomial(
      z, {1.283791661e-01, -3.761263490e-01, 1.128370091e-01, -2.685966901e-02,
          5.201634020e-03, -8.148862398e-04, 8.393752796e-05});
  Number small = e.fma(p, x, x);
  // erfc(t) = e^(t Q(t)); from 4 on erf is 1
  Number size = e.abs(x);
  Number t = e.select(e.compare(F::OLT, size, 4), size, e.f32(4));
  Number q =
      e.polynomial(t, {-1.128818393e+00, -6.344562769e-01, -1.073953062e-01,
                       2.477435023e-02, -4.137242213e-03, 4.550281446e-04,
                       -2.821879025e-05, 6.857101766e-07});
  Number rest = boundedExp32(e, t * q);
  Number large = e.copySign(e.f32(1) - rest, x);
  // NaN goes the way of the small ones
  return e.select(e.compare(F::ULT, size, 0.921875), small, large);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {

template <typename OpT>
struct FunctionOfF32 : OpRewritePattern<OpT> {
  using Emit = Number (*)(Emitter &, ArrayRef<Number>);

  FunctionOfF32(MLIRContext *context, Emit emit, bool hasExp)
      : OpRewritePattern<OpT>(context, /*benefit=*/10), emit(emit),
        hasExp(hasExp) {}

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    Emitter e(rewriter, op.getLoc(), op.getType(), hasExp);
    SmallVector<Number> operands;
    for (Value operand : op->getOperands())
      operands.push_back(e.wrap(operand));
    rewriter.replaceOp(op, emit(e, operands).value);
    return success();
  }

  Emit emit;
  bool hasExp;
};

template <typename OpT>
void addFunction(RewritePatternSet &patterns, bool hasExp,
                 typename FunctionOfF32<OpT>::Emit emit) {
  patterns.add<FunctionOfF32<OpT>>(patterns.getContext(), emit, hasExp);
}

} // namespace

void dlc::schedule::populateMathFunctionPatterns(RewritePatternSet &patterns,
                                                 bool hasExp) {
  using Operands = ArrayRef<Number>;
  populateSigmoidPattern(patterns);
  if (!hasExp)
    addFunction<math::ExpOp>(patterns, hasExp, [](Emitter &e, Operands x) {
      return exp32(e, x[0]);
    });
  addFunction<math::ExpM1Op>(patterns, hasExp, [](Emitter &e, Operands x) {
    return expm132(e, x[0]);
  });
  addFunction<math::Log1pOp>(patterns, hasExp, [](Emitter &e, Operands x) {
    return log1p32(e, x[0]);
  });
  addFunction<math::LogOp>(
      patterns, hasExp, [](Emitter &e, Operands x) { return log32(e, x[0]); });
  addFunction<math::SinOp>(patterns, hasExp, [](Emitter &e, Operands x) {
    return circular(e, x[0], /*isCosine=*/false);
  });
  addFunction<math::CosOp>(patterns, hasExp, [](Emitter &e, Operands x) {
    return circular(e, x[0], /*isCosine=*/true);
  });
  addFunction<math::TanOp>(
      patterns, hasExp, [](Emitter &e, Operands x) { return tan32(e, x[0]); });
  addFunction<math::AsinOp>(
      patterns, hasExp, [](Emitter &e, Operands x) { return asin32(e, x[0]); });
  addFunction<math::AcosOp>(
      patterns, hasExp, [](Emitter &e, Operands x) { return acos32(e, x[0]); });
  addFunction<math::AtanOp>(
      patterns, hasExp, [](Emitter &e, Operands x) { return atan32(e, x[0]); });
  addFunction<math::SinhOp>(patterns, hasExp, [](Emitter &e, Operands x) {
    return sinhOrCosh(e, x[0], /*isCosh=*/false);
  });
  addFunction<math::CoshOp>(patterns, hasExp, [](Emitter &e, Operands x) {
    return sinhOrCosh(e, x[0], /*isCosh=*/true);
  });
  addFunction<math::TanhOp>(
      patterns, hasExp, [](Emitter &e, Operands x) { return tanh32(e, x[0]); });
  addFunction<math::AsinhOp>(patterns, hasExp, [](Emitter &e, Operands x) {
    return asinh32(e, x[0]);
  });
  addFunction<math::AcoshOp>(patterns, hasExp, [](Emitter &e, Operands x) {
    return acosh32(e, x[0]);
  });
  addFunction<math::AtanhOp>(patterns, hasExp, [](Emitter &e, Operands x) {
    return atanh32(e, x[0]);
  });
  addFunction<math::ErfOp>(
      patterns, hasExp, [](Emitter &e, Operands x) { return erf32(e, x[0]); });
  addFunction<math::PowFOp>(patterns, hasExp, [](Emitter &e, Operands x) {
    return pow32(e, x[0], x[1]);
  });
}
