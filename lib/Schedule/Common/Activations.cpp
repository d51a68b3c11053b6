//===- Activations.cpp - Activation functions within 2 ulp ----------------===//
//
// What networks put behind products is a product itself, of a number and a
// gate between 0 and 1. Computed one after the other, their roundings add up;
// and where the gate is written as 1 plus something that cancels, there is
// nothing left of it. The polynomial was fitted as those of MathFunctions.cpp.
//
//===----------------------------------------------------------------------===//

#include "dlc/Schedule/Common/MathFunctions.h"

#include "MathEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace dlc::schedule;

using F = arith::CmpFPredicate;

//===----------------------------------------------------------------------===//
// Activation functions
//===----------------------------------------------------------------------===//

/// A large number; what it is added to loses its digits behind the point. The
/// lowest bits of the sum are the whole number.
static constexpr double kRounder = 0x1.8p23;

/// 2^(n + 32), where `shifted` is n + kRounder and n > -160. The 32 make normal
/// numbers of those that networks' functions end in; 0 for n = -159.
static Number powerOf(Emitter &e, Number shifted) {
  Number bits = e.bits(shifted);
  Number biased = e.addInt(bits, e.integer(127 + 32, bits));
  return e.fromBits(e.left(biased, e.integer(23, biased)));
}

/// x Phi(x), where Phi(x) = erfc(-x / sqrt(2)) / 2: x, if it is positive, less
/// a Phi(-a) with a = |x|. That is m e^(m P(m) - a^2 / 2) with m = a / (k a +
/// 2) and has no cancellation. Where a is large, errors of m and of its power
/// cancel.
static Number gelu32(Emitter &e, Number x) {
  static constexpr double k = 0.699999988, p1 = -8.957698941e-01;
  static constexpr double p[] = {
      -1.452526152e-01, 5.890487134e-02,  4.853102192e-02,
      4.783972166e-03,  -4.419714678e-03, -2.351335017e-03,
      -1.596093923e-02, 1.476636343e-02,  -3.526280168e-03};
  Number size = e.abs(x), half = e.f32(-0.5f);
  // From 14.5 on there is nothing left of it. NaN stays.
  Number a = e.select(e.compare(F::OGT, size, 14.5), e.f32(14.5f), size);
  Number m = a / e.fma(a, e.f32(k), e.f32(2));
  // a / 2 (1 - k m), in which the roundings of m hardly count
  m = e.fma(a * e.f32(-k / 2), m, a * e.f32(0.5f));
  Number m2 = m * m;
  auto pair = [&](int i) { return e.fma(e.f32(p[i + 1]), m, e.f32(p[i])); };
  Number high = e.fma(m2, e.f32(p[8]), pair(6));
  high = e.fma(high, m2, pair(4));
  Number rest = e.fma(high, m2 * m2, e.fma(pair(2), m2, pair(0)));
  // The exponent is n ln 2 + r; -0.935 m is near enough to m P(m) for n.
  Number negative = a * half;
  Number exponent = e.fma(negative, a, m * e.f32(-0.935f));
  Number shifted = e.fma(exponent, e.f32(kLog2E), e.f32(kRounder));
  Number n = shifted - e.f32(kRounder);
  // The square is not rounded by itself.
  Number r = e.fma(negative, a, n * e.f32(-kLn2High));
  r = e.fma(m, e.f32(p1), r) + e.fma(m2, rest, n * e.f32(-kLn2Low));
  Number part = e.fma(m, expm1OfRest(e, r), m) * powerOf(e, shifted);
  // Of -inf it is NaN, as the definition has it; -0 stays itself.
  Number isPositive = e.compare(F::OGT, x, 0);
  Number whole = x * e.select(isPositive, e.f32(1), e.f32(0));
  return e.fma(part, e.f32(-0x1p-32f), whole);
}

namespace {
/// e^-t = (1 + part) power / 2^32 for t >= 0.
struct Decay {
  Number part, power;
  /// The same as one number, and rounded.
  Number value(Emitter &e) const {
    return e.fma(power, part, power) * e.f32(0x1p-32f);
  }
};
} // namespace

/// Of `size` + `low`. From 110.3 on it is 0, and `part` negative.
static Decay decayOf(Emitter &e, Number size, const Number *low = nullptr) {
  static constexpr double far = 110.3;
  size = e.select(e.compare(F::OGT, size, far), e.f32(far), size);
  Number shifted = e.fma(size, e.f32(-kLog2E), e.f32(kRounder));
  Number r = restOf(e, e.negate(size), shifted - e.f32(kRounder));
  if (low)
    r = r - *low;
  return {expm1OfRest(e, r), powerOf(e, shifted)};
}

/// x / (1 + e^-t), where |t| = size + low and t is negative if `isTail`: with
/// z = e^-|t|, that is x / (1 + z) or x z / (1 + z). In front of the quotient
/// the latter is rounded once; what 1 + z and the quotient lose is made up for.
static Number gated(Emitter &e, Number x, Number isTail, Number size,
                    const Number *low = nullptr) {
  Decay decay = decayOf(e, size, low);
  Number one = e.f32(1), z = decay.value(e);
  Number above = e.select(isTail, e.fma(x, decay.part, x) * decay.power, x);
  Number below = z + one, lost = z - (below - one);
  Number ratio = above / below, back = e.negate(ratio);
  Number rest = e.fma(back, lost, e.fma(back, below, above));
  // 1 - z / 2 is near enough to 1 / (1 + z). Zeros have the sign of x.
  Number better = e.fma(rest, e.fma(z, e.f32(-0.5f), one), ratio);
  better = e.copySign(better, x) * e.f32(0x1p-32f);
  return e.select(isTail, better, ratio);
}

static Number sigmoid32(Emitter &e, Number x) {
  return gated(e, e.f32(1), e.compare(F::OLT, x, 0), e.abs(x));
}

/// x / (1 + e^(-factor x))
static Number swish32(Emitter &e, Number x, double factor) {
  if (factor == 1)
    return gated(e, x, e.compare(F::OLT, x, 0), e.abs(x));
  Number t = x * e.f32(factor), low = e.fma(x, e.f32(factor), e.negate(t));
  Number isTail = e.compare(F::OLT, t, 0);
  // What infinity lost is no number, and matters to nothing.
  low = e.select(e.compare(F::OLT, e.abs(t), 128), low, e.f32(0));
  low = e.select(isTail, e.negate(low), low);
  return gated(e, x, isTail, e.abs(t), &low);
}

/// 2 sqrt(2 / pi) and that times 0.044715: of GELU by tanh, which is
/// x / (1 + e^-t) with t = x (k0 + k1 x^2).
static constexpr double kGelu0 = 1.5957691216057308;
static constexpr double kGelu1 = 0.071354816272600255;

static Number geluTanh32(Emitter &e, Number x) {
  // The error of t is one relative to the result where that is small, so t is a
  // sum of two numbers. The first part of k0 has so few digits that what the
  // sum loses is exact. Beyond 10.9 there is nothing left.
  static constexpr double k0High = static_cast<int>(kGelu0 * 0x1p19) * 0x1p-19;
  static constexpr float k1High = kGelu1;
  Number size = e.abs(x);
  Number a = e.select(e.compare(F::OGT, size, 10.9185), e.f32(10.9185f), size);
  Number high = e.f32(k0High), steep = e.f32(k1High), square = a * a;
  Number squareLow = e.fma(a, a, e.negate(square));
  Number sum = e.fma(steep, square, high);
  Number low = e.fma(steep, square, high - sum) + e.f32(kGelu0 - k0High);
  low = e.fma(e.f32(kGelu1 - k1High), square, low);
  low = e.fma(steep, squareLow, low);
  Number t = a * sum;
  low = e.fma(a, low, e.fma(a, sum, e.negate(t)));
  return gated(e, x, e.compare(F::OLT, x, 0), t, &low);
}

/// x tanh(ln(1 + e^x)) = u - u r / s: with z = e^-|x|, r = 2 z^2 and
/// s = 1 + 2 z + r for positive x, r = z + z^2 and s = 2 + 2 z + z^2 for
/// negative ones, where u = x z and not x.
static Number mish32(Emitter &e, Number x) {
  Number zero = e.f32(0), one = e.f32(1), two = e.f32(2);
  Number isTail = e.compare(F::OLT, x, 0);
  Decay decay = decayOf(e, e.abs(x));
  Number z = decay.value(e), twice = z + z;
  Number factor = e.select(isTail, z, twice), first = e.select(isTail, z, zero);
  Number r = e.fma(factor, z, first);
  Number rLow = e.fma(factor, z, first - r);
  Number whole = e.select(isTail, two, one), sum = whole + twice;
  Number s = e.fma(factor, z, sum);
  Number sLow = e.fma(factor, z, sum - s) + (twice - (sum - whole));
  Number inverse = one / s, ratio = r * inverse, back = e.negate(ratio);
  Number rest = e.fma(back, sLow, e.fma(back, s, r) + rLow);
  ratio = e.fma(rest, inverse, ratio);
  Number u = e.select(isTail, e.fma(x, decay.part, x) * decay.power, x);
  Number scale = e.select(isTail, e.f32(0x1p-32f), one);
  Number result = e.fma(e.negate(u), ratio, u) * scale;
  result = e.copySign(result, x); // zeros
  return e.select(e.compare(F::OEQ, x, INFINITY), x, result);
}

/// x ramp / 6, where ramp is min(max(x + 3, 0), 6). A sixth is a sum of two
/// numbers.
static Number hardSwish32(Emitter &e, Number x, Number ramp) {
  constexpr float sixth = 1.0f / 6;
  constexpr float low = static_cast<float>(1.0 / 6 - sixth);
  return x * e.fma(ramp, e.f32(sixth), ramp * e.f32(low));
}

//===----------------------------------------------------------------------===//
// Finding them
//===----------------------------------------------------------------------===//

namespace {

/// A constant of f32, or a vector of one.
std::optional<double> constantOf(Value value) {
  if (auto broadcast = value.getDefiningOp<vector::BroadcastOp>())
    value = broadcast.getSource();
  APFloat constant(0.0f);
  if (!getElementTypeOrSelf(value.getType()).isF32() ||
      !matchPattern(value, m_ConstantFloat(&constant)))
    return std::nullopt;
  return constant.convertToDouble();
}

/// Whether `value` is a constant that is `number` to f32's digits; one is left
/// to how the number was computed.
bool isNear(Value value, double number) {
  std::optional<double> constant = constantOf(value);
  return constant && std::abs(*constant / number - 1) <= 0x1p-22;
}
bool isExactly(Value value, double number) {
  std::optional<double> constant = constantOf(value);
  return constant && *constant == number;
}

/// The other operand where one of `op` is a constant near `number`.
template <typename OpT>
Value besides(Value value, double number) {
  auto op = value ? value.getDefiningOp<OpT>() : OpT();
  if (!op)
    return {};
  if (isNear(op.getRhs(), number))
    return op.getLhs();
  return isNear(op.getLhs(), number) ? op.getRhs() : Value();
}

template <typename OpT>
Value operandOf(Value value) {
  auto op = value ? value.getDefiningOp<OpT>() : OpT();
  return op ? op->getOperand(0) : Value();
}

/// x where `value` is x times a constant, which it gives.
Value scaled(Value value, double &factor) {
  auto product = value.getDefiningOp<arith::MulFOp>();
  if (!product)
    return {};
  for (auto [x, other] : {std::pair(product.getLhs(), product.getRhs()),
                          std::pair(product.getRhs(), product.getLhs())})
    if (std::optional<double> constant = constantOf(other)) {
      factor = *constant;
      return x;
    }
  return {};
}

/// The factors of a product; `whole` is not taken apart. More than a few are
/// not of interest.
void factors(Value value, Value whole, SmallVectorImpl<Value> &found) {
  auto product = value.getDefiningOp<arith::MulFOp>();
  if (!product || value == whole || found.size() > 6)
    return found.push_back(value);
  factors(product.getLhs(), whole, found);
  factors(product.getRhs(), whole, found);
}

/// Whether `value` is the product of `constant` and `others`, in any order.
bool isProduct(Value value, Value whole, double constant,
               ArrayRef<Value> others) {
  SmallVector<Value> all;
  factors(value, whole, all);
  auto *found = llvm::find_if(
      all, [&](Value factor) { return isNear(factor, constant); });
  if (found == all.end() || all.size() != others.size() + 1)
    return false;
  all.erase(found);
  return std::is_permutation(all.begin(), all.end(), others.begin());
}

/// x where `value` is min(max(x, low), high).
Value clipped(Value value, double low, double high) {
  auto min = value.getDefiningOp<arith::MinimumFOp>();
  auto max = min ? min.getLhs().getDefiningOp<arith::MaximumFOp>() : nullptr;
  return max && isExactly(min.getRhs(), high) && isExactly(max.getRhs(), low)
             ? max.getLhs()
             : Value();
}

/// t where `value` is 1 / (1 + e^-t).
Value sigmoidOf(Value value) {
  auto quotient = value.getDefiningOp<arith::DivFOp>();
  if (!quotient || !isExactly(quotient.getLhs(), 1))
    return {};
  return operandOf<arith::NegFOp>(
      operandOf<math::ExpOp>(besides<arith::AddFOp>(quotient.getRhs(), 1)));
}

/// x where `value` is x / sqrt(2).
Value overRootOfTwo(Value value) {
  auto quotient = value.getDefiningOp<arith::DivFOp>();
  if (quotient && isNear(quotient.getRhs(), std::sqrt(2.0)))
    return quotient.getLhs();
  return besides<arith::MulFOp>(value, std::sqrt(0.5));
}

/// x where `value` is sqrt(2 / pi) (x + 0.044715 x^3).
Value cubicOf(Value value) {
  Value inner = besides<arith::MulFOp>(value, std::sqrt(2 / M_PI));
  auto sum = inner ? inner.getDefiningOp<arith::AddFOp>() : nullptr;
  if (!sum)
    return {};
  for (auto [x, cube] : {std::pair(sum.getLhs(), sum.getRhs()),
                         std::pair(sum.getRhs(), sum.getLhs())})
    if (isProduct(cube, x, 0.044715, {x, x, x}))
      return x;
  return {};
}

/// x where `value` is log(1 + e^x): written so, or max(x, 0) + log(1 + e^-|x|).
Value softplusOf(Value value) {
  if (Value inner = operandOf<math::LogOp>(value))
    return operandOf<math::ExpOp>(besides<arith::AddFOp>(inner, 1));
  auto sum = value.getDefiningOp<arith::AddFOp>();
  if (!sum)
    return {};
  for (auto [a, b] : {std::pair(sum.getLhs(), sum.getRhs()),
                      std::pair(sum.getRhs(), sum.getLhs())}) {
    auto relu = a.getDefiningOp<arith::MaximumFOp>();
    if (!relu || !isExactly(relu.getRhs(), 0) ||
        !b.getDefiningOp<math::LogOp>())
      continue;
    Value decay = softplusOf(b);
    if (operandOf<math::AbsFOp>(operandOf<arith::NegFOp>(decay)) ==
        relu.getLhs())
      return relu.getLhs();
  }
  return {};
}

/// A product with a function of one of its factors that is better computed
/// together: the roundings between them would be units of the result.
struct Activation {
  enum Kind { None, Gelu, GeluTanh, Swish, Mish, HardSwish } kind = None;
  Value x;
  double factor = 1; ///< Swish's
  Value ramp{};      ///< HardSwish's min(max(x + 3, 0), 6)

  static Activation match(arith::MulFOp op) {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return {};
    if (Activation gelu = matchGelu(op); gelu.kind)
      return gelu;
    Activation found = match(op.getLhs(), op.getRhs());
    return found.kind ? found : match(op.getRhs(), op.getLhs());
  }

private:
  static Activation matchGelu(arith::MulFOp op) {
    SmallVector<Value> all;
    factors(op.getResult(), {}, all);
    for (Value factor : all) {
      Value gate = besides<arith::AddFOp>(factor, 1);
      Value erf = operandOf<math::ErfOp>(gate);
      Value tanh = operandOf<math::TanhOp>(gate);
      Value x = erf ? overRootOfTwo(erf) : tanh ? cubicOf(tanh) : Value();
      if (x && isProduct(op.getResult(), x, 0.5, {x, factor}))
        return {erf ? Gelu : GeluTanh, x};
    }
    return {};
  }

  static Activation match(Value x, Value gate) {
    if (Value t = sigmoidOf(gate)) {
      // A factor so small or large that x or the product overflow is none.
      double factor = 1;
      if (t == x || (scaled(t, factor) == x && std::abs(factor) > 0x1p-20 &&
                     std::abs(factor) < 0x1p20))
        return {Swish, x, factor};
      return {};
    }
    if (Value inner = operandOf<math::TanhOp>(gate))
      return softplusOf(inner) == x ? Activation{Mish, x} : Activation();
    Value ramp = besides<arith::MulFOp>(gate, 1.0 / 6);
    Value sum = ramp ? clipped(ramp, 0, 6) : Value();
    if (sum && besides<arith::AddFOp>(sum, 3) == x)
      return {HardSwish, x, 1, ramp};
    return {};
  }
};

struct SigmoidOfF32 : OpRewritePattern<arith::DivFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::DivFOp op,
                                PatternRewriter &rewriter) const override {
    Value t = sigmoidOf(op);
    if (!t)
      return failure();
    Emitter e(rewriter, op.getLoc(), op.getType(), /*hasExp=*/false);
    rewriter.replaceOp(op, sigmoid32(e, e.wrap(t)).value);
    return success();
  }
};

} // namespace

/// Whether `sum` is x a + b with constants and becomes min(max(., 0), 1): the
/// sum cancels somewhere, and its product must not have been rounded then.
static bool isHardSigmoid(arith::AddFOp sum) {
  double factor = 0;
  auto isClipped = [&](Operation *user) {
    return llvm::any_of(user->getUsers(), [&](Operation *next) {
      return next->getNumResults() == 1 &&
             clipped(next->getResult(0), 0, 1) == sum.getResult();
    });
  };
  return constantOf(sum.getRhs()) && scaled(sum.getLhs(), factor) &&
         llvm::all_of(sum->getUsers(), isClipped);
}

static Value fuse(Emitter &e, const Activation &found) {
  Number x = e.wrap(found.x);
  switch (found.kind) {
  case Activation::None:
    break;
  case Activation::Gelu:
    return gelu32(e, x).value;
  case Activation::GeluTanh:
    return geluTanh32(e, x).value;
  case Activation::Swish:
    return swish32(e, x, found.factor).value;
  case Activation::Mish:
    return mish32(e, x).value;
  case Activation::HardSwish:
    return hardSwish32(e, x, e.wrap(found.ramp)).value;
  }
  return {};
}

/// What `op` is better computed as, if it is one of f32.
static Value fuse(Emitter &e, Operation *op) {
  if (auto product = dyn_cast<arith::MulFOp>(op))
    return fuse(e, Activation::match(product));
  if (auto difference = dyn_cast<arith::SubFOp>(op)) {
    Value x = operandOf<math::ExpOp>(difference.getLhs());
    return x && isExactly(difference.getRhs(), 1)
               ? e.make<math::ExpM1Op>(x).value
               : Value();
  }
  if (auto log = dyn_cast<math::LogOp>(op)) {
    Value x = besides<arith::AddFOp>(log.getOperand(), 1);
    if (Value exponent = x ? operandOf<math::ExpOp>(x) : Value())
      return logOfOnePlusExp(e, e.wrap(exponent)).value;
    return x ? e.make<math::Log1pOp>(x).value : Value();
  }
  auto sum = dyn_cast<arith::AddFOp>(op);
  if (!sum || !isHardSigmoid(sum))
    return {};
  auto product = sum.getLhs().getDefiningOp<arith::MulFOp>();
  return e.make<math::FmaOp>(product.getLhs(), product.getRhs(), sum.getRhs())
      .value;
}

void dlc::schedule::fuseActivations(RewriterBase &rewriter, Operation *root) {
  // What is computed together comes before its parts.
  SmallVector<Operation *> ops;
  root->walk([&](Operation *op) {
    if (isa<arith::MulFOp, arith::SubFOp, arith::AddFOp, math::LogOp>(op) &&
        getElementTypeOrSelf(op->getResult(0).getType()).isF32())
      ops.push_back(op);
  });
  for (Operation *op : llvm::reverse(ops)) {
    if (isOpTriviallyDead(op)) {
      rewriter.eraseOp(op);
      continue;
    }
    rewriter.setInsertionPoint(op);
    Emitter e(rewriter, op->getLoc(), op->getResult(0).getType(),
              /*hasExp=*/false);
    if (Value value = fuse(e, op))
      rewriter.replaceOp(op, value);
  }
}

void dlc::schedule::populateSigmoidPattern(RewritePatternSet &patterns) {
  patterns.add<SigmoidOfF32>(patterns.getContext(), /*benefit=*/10);
}
