//===- Quantisation.cpp - Divisions and conversions of clamped numbers ----===//

#include "Quantisation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;

static std::optional<double> constantOf(Value value) {
  APFloat constant(0.0);
  if (!matchPattern(value, m_ConstantFloat(&constant)))
    return std::nullopt;
  return constant.convertToDouble();
}

/// Whether `value` is an integer, if it is a number at all.
static bool isInteger(Value value) {
  if (auto constant = constantOf(value))
    return *constant == std::round(*constant);
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<math::RoundEvenOp, arith::SIToFPOp, arith::UIToFPOp>(op))
    return true;
  // The sum of two integers may be rounded, but to an integer.
  return isa_and_nonnull<arith::AddFOp, arith::SubFOp>(op) &&
         llvm::all_of(op->getOperands(), isInteger);
}

namespace {
/// minimumf(maximumf(number, low), high) of constants.
struct Clamp {
  Value number, low, high;
  double lowest = 0, highest = 0;

  static std::optional<Clamp> match(Value value) {
    auto minimum = value.getDefiningOp<arith::MinimumFOp>();
    auto maximum =
        minimum ? minimum.getLhs().getDefiningOp<arith::MaximumFOp>() : nullptr;
    if (!maximum)
      return std::nullopt;
    auto low = constantOf(maximum.getRhs()),
         high = constantOf(minimum.getRhs());
    if (!low || !high || !(*low <= *high))
      return std::nullopt;
    return Clamp{maximum.getLhs(), maximum.getRhs(), minimum.getRhs(), *low,
                 *high};
  }

  /// The same with 0 for NaN.
  Value emit(PatternRewriter &b, Location loc) const {
    Value result = choose(b, loc, arith::CmpFPredicate::OGT, number, low);
    result = choose(b, loc, arith::CmpFPredicate::OLT, result, high);
    return lowest == 0 ? result : replaceNaN(b, loc, number, result, 0);
  }

  /// Comparisons and selections are one instruction each, which maximumf is
  /// not. NaN becomes the bound.
  static Value choose(PatternRewriter &b, Location loc,
                      arith::CmpFPredicate predicate, Value x, Value bound) {
    Value keeps = arith::CmpFOp::create(b, loc, predicate, x, bound);
    return arith::SelectOp::create(b, loc, keeps, x, bound);
  }

  /// `value`, or `other` where `number` is NaN.
  static Value replaceNaN(PatternRewriter &b, Location loc, Value number,
                          Value value, double other) {
    Value isNumber = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ORD,
                                           number, number);
    Value constant = arith::ConstantOp::create(
        b, loc, b.getFloatAttr(number.getType(), other));
    return arith::SelectOp::create(b, loc, isNumber, value, constant);
  }
};

/// The clamp of roundeven(number) + zero, of f32 and small integers. Adding
/// `magic`, of which the last bit counts as 1, rounds as well, and leaves the
/// integer in the low bits: what follows is done in integers, for which CPUs
/// have more units than for the rounding and conversion of floats.
class RoundedClamp {
public:
  static std::optional<RoundedClamp> match(const Clamp &clamp) {
    RoundedClamp result;
    result.low = clamp.lowest;
    result.high = clamp.highest;
    Value value = clamp.number;
    if (auto add = value.getDefiningOp<arith::AddFOp>()) {
      auto zero = constantOf(add.getRhs());
      if (!zero)
        return std::nullopt;
      result.zero = *zero;
      value = add.getLhs();
    }
    auto round = value.getDefiningOp<math::RoundEvenOp>();
    if (!round || !value.getType().isF32() || !isSmall(result.low) ||
        !isSmall(result.high) || !isSmall(result.zero))
      return std::nullopt;
    result.number = round.getOperand();
    return result;
  }

  /// Computes the clamped number as an integer of 32 bits.
  Value emit(PatternRewriter &b, Location loc) {
    Value least = makeFloat(b, loc, low - zero);
    Value value =
        Clamp::choose(b, loc, arith::CmpFPredicate::OGT, number, least);
    if (low != 0)
      value = Clamp::replaceNaN(b, loc, number, value, -zero);
    sum = arith::AddFOp::create(b, loc, value, makeFloat(b, loc, magic));
    // Positive floats are ordered as their bits are.
    Value bits = arith::BitcastOp::create(b, loc, b.getI32Type(), sum);
    bits = arith::MinSIOp::create(
        b, loc, bits, makeInteger(b, loc, bitsOf(magic + high - zero)));
    return arith::SubIOp::create(
        b, loc, bits,
        makeInteger(b, loc, bitsOf(magic) - static_cast<int32_t>(zero)));
  }

  /// Replaces a conversion of the integer back to a float.
  void replaceFloat(PatternRewriter &b, Operation *conversion) {
    Location loc = conversion->getLoc();
    if (!bounded)
      bounded = Clamp::choose(b, loc, arith::CmpFPredicate::OLT, sum,
                              makeFloat(b, loc, magic + high - zero));
    // Another zero point that is taken off is one with the magic number: all
    // of these are integers that floats hold.
    for (Operation *user : llvm::make_early_inc_range(conversion->getUsers())) {
      if (!isa<arith::AddFOp, arith::SubFOp>(user) ||
          user->getOperand(0) != conversion->getResult(0))
        continue;
      auto more = constantOf(user->getOperand(1));
      if (!more || !isSmall(*more))
        continue;
      double off = isa<arith::SubFOp>(user) ? *more : -*more;
      b.setInsertionPoint(user);
      b.replaceOpWithNewOp<arith::SubFOp>(
          user, bounded, makeFloat(b, user->getLoc(), magic - zero + off));
    }
    b.setInsertionPoint(conversion);
    b.replaceOpWithNewOp<arith::SubFOp>(conversion, bounded,
                                        makeFloat(b, loc, magic - zero));
  }

private:
  static constexpr double magic = 0x1.8p23;

  static bool isSmall(double number) {
    return number == std::round(number) && std::abs(number) <= 0x1p17;
  }
  static int32_t bitsOf(double number) {
    return llvm::bit_cast<int32_t>(static_cast<float>(number));
  }
  static Value makeFloat(PatternRewriter &b, Location loc, double number) {
    return arith::ConstantOp::create(
        b, loc, b.getF32FloatAttr(static_cast<float>(number)));
  }
  static Value makeInteger(PatternRewriter &b, Location loc, int32_t number) {
    return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(number));
  }

  Value number, sum, bounded;
  double low = 0, high = 0, zero = 0;
};

/// What a rounded quotient by a constant is made of without dividing: number *
/// high + number * low, where high + low is the inverse to twice the precision
/// of a float.
struct Inverse {
  float high, low;

  /// The two numbers have one sign, so that infinity times them is no NaN.
  static std::optional<Inverse> of(float divisor) {
    if (!std::isnormal(divisor))
      return std::nullopt;
    double exact = 1.0 / static_cast<double>(divisor);
    float high = static_cast<float>(exact);
    if (std::abs(static_cast<double>(high)) > std::abs(exact))
      high = std::nextafterf(high, 0.0F);
    auto low = static_cast<float>(exact - static_cast<double>(high));
    if (!std::isnormal(high) || (low != 0 && !std::isnormal(low)))
      return std::nullopt;
    return Inverse{high, low};
  }

  float round(float number) const {
    return std::nearbyintf(std::fmaf(number, high, number * low));
  }

  /// Whether the rounded quotients from `lowest` to `highest`, beyond which all
  /// are the same, are those of the division for every float. Both are
  /// monotonic, so it is enough to look at where they step.
  bool isExact(float divisor, int64_t lowest, int64_t highest) const {
    constexpr int around = 4; // floats
    for (int64_t step = lowest; step < highest; ++step) {
      auto border = static_cast<float>((static_cast<double>(step) + 0.5) *
                                       static_cast<double>(divisor));
      if (!std::isnormal(border))
        return false;
      float number = border;
      for (int i = 0; i < around; ++i)
        number = std::nextafterf(number, -HUGE_VALF);
      bool isBelow = false, isAbove = false;
      for (int i = -around; i <= around; ++i) {
        float wanted = std::nearbyintf(number / divisor);
        if (round(number) != wanted)
          return false;
        isBelow |= wanted <= static_cast<float>(step);
        isAbove |= wanted > static_cast<float>(step);
        number = std::nextafterf(number, HUGE_VALF);
      }
      if (!isBelow || !isAbove)
        return false;
    }
    return true;
  }
};

/// clamp(round(number / constant) + zero): divisions take five times as long as
/// what else there is to do.
struct RoundedQuotient : OpRewritePattern<arith::DivFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::DivFOp op,
                                PatternRewriter &rewriter) const override {
    auto divisor = constantOf(op.getRhs());
    auto bounds = getBounds(op);
    if (!divisor || !bounds || !op.getType().isF32())
      return failure();
    auto by = static_cast<float>(*divisor);
    std::optional<Inverse> inverse = Inverse::of(by);
    if (!inverse || !inverse->isExact(by, bounds->first, bounds->second))
      return failure();
    Location loc = op.getLoc();
    Value number = op.getLhs();
    auto times = [&](float factor) {
      return arith::ConstantOp::create(rewriter, loc,
                                       rewriter.getF32FloatAttr(factor));
    };
    if (inverse->low == 0)
      rewriter.replaceOpWithNewOp<arith::MulFOp>(op, number,
                                                 times(inverse->high));
    else
      rewriter.replaceOpWithNewOp<math::FmaOp>(
          op, number, times(inverse->high),
          arith::MulFOp::create(rewriter, loc, number, times(inverse->low)));
    return success();
  }

  /// The rounded quotients beyond which what is made of them is the same.
  static std::optional<std::pair<int64_t, int64_t>>
  getBounds(arith::DivFOp op) {
    constexpr int64_t most = int64_t(1) << 16;
    double zero = 0;
    Operation *user = onlyUser(op);
    if (!isa_and_nonnull<math::RoundEvenOp>(user))
      return std::nullopt;
    user = onlyUser(user);
    if (auto add = dyn_cast_or_null<arith::AddFOp>(user)) {
      auto number = constantOf(add.getRhs());
      if (!number)
        return std::nullopt;
      zero = *number;
      user = onlyUser(user);
    }
    auto maximum = dyn_cast_or_null<arith::MaximumFOp>(user);
    auto minimum =
        maximum ? dyn_cast_or_null<arith::MinimumFOp>(onlyUser(user)) : nullptr;
    auto low = maximum ? constantOf(maximum.getRhs()) : std::nullopt,
         high = minimum ? constantOf(minimum.getRhs()) : std::nullopt;
    if (!low || !high || !(*low <= *high) || !(std::abs(zero) <= most) ||
        !(std::abs(*low) <= most) || !(std::abs(*high) <= most))
      return std::nullopt;
    return std::pair(static_cast<int64_t>(std::floor(*low - zero)),
                     static_cast<int64_t>(std::ceil(*high - zero)));
  }

  static Operation *onlyUser(Operation *op) {
    return op->hasOneUse() ? *op->user_begin() : nullptr;
  }
};

/// integer * scale + number, to be rounded to an integer: without rounding
/// before.
struct ScaledInteger : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::AddFOp op,
                                PatternRewriter &rewriter) const override {
    Operation *user = RoundedQuotient::onlyUser(op);
    if (isa_and_nonnull<arith::MaximumFOp>(user)) // relu
      user = RoundedQuotient::onlyUser(user);
    if (!isa_and_nonnull<math::RoundEvenOp>(user))
      return failure();
    for (bool swap : {false, true}) {
      Value product = swap ? op.getRhs() : op.getLhs(),
            other = swap ? op.getLhs() : op.getRhs();
      auto mul = product.getDefiningOp<arith::MulFOp>();
      if (!mul || !mul->hasOneUse() || !isInteger(mul.getLhs()))
        continue;
      rewriter.replaceOpWithNewOp<math::FmaOp>(op, mul.getLhs(), mul.getRhs(),
                                               other);
      return success();
    }
    return failure();
  }
};

struct ConversionOfClamped : OpRewritePattern<arith::TruncIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncIOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    Value clamped = getConverted(op.getIn());
    auto clamp = clamped ? Clamp::match(clamped) : std::nullopt;
    if (!clamp || type.getIntOrFloatBitWidth() > 16)
      return failure();
    double ends = std::ldexp(1.0, int(type.getIntOrFloatBitWidth()));
    bool isUnsigned = clamp->lowest >= 0 && clamp->highest < ends;
    bool isSigned = clamp->lowest >= -ends / 2 && clamp->highest < ends / 2;
    if (!isUnsigned && !isSigned)
      return failure();
    Location loc = op.getLoc();
    auto isBack = [&](Operation *user) {
      return user->getNumResults() == 1 &&
             user->getResult(0).getType() == clamp->number.getType() &&
             ((isUnsigned && isa<arith::UIToFPOp>(user)) ||
              (isSigned && isa<arith::SIToFPOp>(user)));
    };
    if (auto rounded = RoundedClamp::match(*clamp);
        rounded && op.getIn().getType().isInteger(32)) {
      Value integer = rounded->emit(rewriter, loc);
      for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
        if (isBack(user))
          rounded->replaceFloat(rewriter, user);
      rewriter.setInsertionPoint(op);
      rewriter.replaceOpWithNewOp<arith::TruncIOp>(op, type, integer);
      return success();
    }
    Value number = clamp->emit(rewriter, loc);
    // Back to a float, in which zero has no sign.
    Value zero = arith::ConstantOp::create(
        rewriter, loc, rewriter.getZeroAttr(number.getType()));
    if (isInteger(clamp->number) && isInteger(clamp->low) &&
        isInteger(clamp->high))
      for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
        if (isBack(user))
          rewriter.replaceOp(
              user, clamp->lowest < 0
                        ? arith::AddFOp::create(rewriter, loc, number, zero)
                              .getResult()
                        : number);
    Value integer =
        arith::FPToSIOp::create(rewriter, loc, op.getIn().getType(), number);
    rewriter.replaceOpWithNewOp<arith::TruncIOp>(op, type, integer);
    return success();
  }

  /// The f32 that `value` is the conversion of: `least` where the number is out
  /// of the range of i32 or none, whose low bits are 0.
  static Value getConverted(Value value) {
    auto select = value.getDefiningOp<arith::SelectOp>();
    APInt least;
    if (!select || !select.getType().isInteger(32) ||
        !matchPattern(select.getFalseValue(), m_ConstantInt(&least)) ||
        !least.isMinSignedValue())
      return {};
    auto convert = select.getTrueValue().getDefiningOp<arith::FPToSIOp>();
    auto safe =
        convert ? convert.getIn().getDefiningOp<arith::SelectOp>() : nullptr;
    auto both = select.getCondition().getDefiningOp<arith::AndIOp>();
    if (!safe || !both || safe.getCondition() != select.getCondition())
      return {};
    Value number = safe.getTrueValue();
    for (Value side : both->getOperands()) {
      auto compare = side.getDefiningOp<arith::CmpFOp>();
      auto bound = compare ? constantOf(compare.getRhs()) : std::nullopt;
      if (!bound || compare.getLhs() != number || std::abs(*bound) < 0x1p31)
        return {};
      bool below = *bound < 0;
      if (compare.getPredicate() !=
          (below ? arith::CmpFPredicate::OGE : arith::CmpFPredicate::OLT))
        return {};
    }
    return number;
  }
};
} // namespace

void dlc::schedule::populateQuotientPatterns(RewritePatternSet &patterns) {
  patterns.add<RoundedQuotient, ScaledInteger>(patterns.getContext());
}

void dlc::schedule::populateQuantisationPatterns(RewritePatternSet &patterns) {
  patterns.add<ConversionOfClamped>(patterns.getContext());
}
