//===- Elementwise.cpp - Element by element operations --------------------===//
//
// One overload of `compute` per op says what happens to one element; the loops,
// broadcasts and element storage are the same for all.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

/// What one element is computed from: the nn element type of the (first)
/// operand and the computed values.
struct Element {
  Type type;
  ValueRange values;

  bool isFloat() const { return isa<FloatType>(type); }
  bool isUnsignedType() const { return isUnsigned(type); }
  Value x() const { return values[0]; }
  Value y() const { return values[1]; }
};

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

static Value compute(nn::AbsOp, LocBuilder &b, const Element &e) {
  if (e.isFloat())
    return math::AbsFOp::create(b, e.x());
  if (e.isUnsignedType())
    return e.x();
  // not math.absi: the smallest integer has to stay itself
  Value negative =
      arith::SubIOp::create(b, zeroConstant(b, e.x().getType()), e.x());
  return arith::MaxSIOp::create(b, e.x(), negative);
}

static Value compute(nn::NegOp, LocBuilder &b, const Element &e) {
  if (e.isFloat())
    return arith::NegFOp::create(b, e.x());
  return arith::SubIOp::create(b, zeroConstant(b, e.x().getType()), e.x());
}

static Value compute(nn::RsqrtOp, LocBuilder &b, const Element &e) {
  return math::RsqrtOp::create(b, e.x());
}

static Value compute(nn::ReciprocalOp, LocBuilder &b, const Element &e) {
  Value one = floatConstant(b, e.x().getType(), 1.0);
  return arith::DivFOp::create(b, one, e.x());
}

static Value compute(nn::SigmoidOp, LocBuilder &b, const Element &e) {
  // The schedules of f32 compute this as one (MathFunctions.h).
  Value one = floatConstant(b, e.x().getType(), 1.0);
  Value power = math::ExpOp::create(b, arith::NegFOp::create(b, e.x()));
  return arith::DivFOp::create(b, one, arith::AddFOp::create(b, power, one));
}

static Value compute(nn::ReluOp, LocBuilder &b, const Element &e) {
  return maximum(b, e.x(), zeroConstant(b, e.x().getType()),
                 e.isUnsignedType());
}

static Value compute(nn::SignOp, LocBuilder &b, const Element &e) {
  Type type = e.x().getType();
  Value zero = zeroConstant(b, type);
  if (e.isFloat()) {
    // neither comparison holds for zeros and NaN, which stay themselves
    Value isNegative =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, e.x(), zero);
    Value isPositive =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, e.x(), zero);
    Value rest = arith::SelectOp::create(b, isNegative,
                                         floatConstant(b, type, -1.0), e.x());
    return arith::SelectOp::create(b, isPositive, floatConstant(b, type, 1.0),
                                   rest);
  }
  Value one = intConstant(b, type, 1);
  if (e.isUnsignedType())
    return arith::MinUIOp::create(b, e.x(), one);
  return arith::MaxSIOp::create(b, arith::MinSIOp::create(b, e.x(), one),
                                intConstant(b, type, -1));
}

static Value compute(nn::NotOp, LocBuilder &b, const Element &e) {
  return arith::XOrIOp::create(b, e.x(), intConstant(b, b.getI1Type(), 1));
}

static Value compute(nn::BitwiseNotOp, LocBuilder &b, const Element &e) {
  return arith::XOrIOp::create(b, e.x(), intConstant(b, e.x().getType(), -1));
}

static Value compute(nn::IsNanOp, LocBuilder &b, const Element &e) {
  return arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, e.x(), e.x());
}

static Value compute(nn::IsInfOp, LocBuilder &b, const Element &e) {
  Value magnitude = math::AbsFOp::create(b, e.x());
  Value infinity = limitConstant(b, e.x().getType(), false, /*lowest=*/false);
  return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, magnitude,
                               infinity);
}

// Ops that are one op of the math dialect.
#define DLC_MATH_UNARY(Name, MathOp)                                           \
  static Value compute(nn::Name, LocBuilder &b, const Element &e) {            \
    return math::MathOp::create(b, e.x());                                     \
  }
DLC_MATH_UNARY(CeilOp, CeilOp)
DLC_MATH_UNARY(FloorOp, FloorOp)
DLC_MATH_UNARY(RoundOp, RoundEvenOp)
DLC_MATH_UNARY(SqrtOp, SqrtOp)
DLC_MATH_UNARY(ExpOp, ExpOp)
DLC_MATH_UNARY(LogOp, LogOp)
DLC_MATH_UNARY(SinOp, SinOp)
DLC_MATH_UNARY(CosOp, CosOp)
DLC_MATH_UNARY(TanOp, TanOp)
DLC_MATH_UNARY(AsinOp, AsinOp)
DLC_MATH_UNARY(AcosOp, AcosOp)
DLC_MATH_UNARY(AtanOp, AtanOp)
DLC_MATH_UNARY(SinhOp, SinhOp)
DLC_MATH_UNARY(CoshOp, CoshOp)
DLC_MATH_UNARY(AsinhOp, AsinhOp)
DLC_MATH_UNARY(AcoshOp, AcoshOp)
DLC_MATH_UNARY(AtanhOp, AtanhOp)
DLC_MATH_UNARY(ErfOp, ErfOp)
DLC_MATH_UNARY(TanhOp, TanhOp)
#undef DLC_MATH_UNARY

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static Value compute(nn::AddOp, LocBuilder &b, const Element &e) {
  if (e.isFloat())
    return arith::AddFOp::create(b, e.x(), e.y());
  return arith::AddIOp::create(b, e.x(), e.y());
}

static Value compute(nn::SubOp, LocBuilder &b, const Element &e) {
  if (e.isFloat())
    return arith::SubFOp::create(b, e.x(), e.y());
  return arith::SubIOp::create(b, e.x(), e.y());
}

static Value compute(nn::MulOp, LocBuilder &b, const Element &e) {
  if (e.isFloat())
    return arith::MulFOp::create(b, e.x(), e.y());
  return arith::MulIOp::create(b, e.x(), e.y());
}

static Value isEqual(LocBuilder &b, Value x, int64_t value) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x,
                               intConstant(b, x.getType(), value));
}

/// Quotient and remainder of truncating integer division that never trap: a
/// division by zero gives 0 (remainder 0), as numpy has it.
static std::pair<Value, Value> divideIntegers(LocBuilder &b, const Element &e) {
  Value x = e.x(), y = e.y();
  APInt divisor;
  if (matchPattern(y, m_ConstantInt(&divisor)) && !divisor.isZero() &&
      (e.isUnsignedType() || !divisor.isAllOnes())) {
    if (e.isUnsignedType())
      return {arith::DivUIOp::create(b, x, y), arith::RemUIOp::create(b, x, y)};
    return {arith::DivSIOp::create(b, x, y), arith::RemSIOp::create(b, x, y)};
  }
  Type type = x.getType();
  Value zero = zeroConstant(b, type), one = intConstant(b, type, 1);
  Value isZero = isEqual(b, y, 0);
  if (e.isUnsignedType()) {
    Value safe = arith::SelectOp::create(b, isZero, one, y);
    Value quotient = arith::DivUIOp::create(b, x, safe);
    return {arith::SelectOp::create(b, isZero, zero, quotient),
            arith::RemUIOp::create(b, x, safe)};
  }
  // the smallest integer divided by -1 traps as well
  Value isMinusOne = isEqual(b, y, -1);
  Value isSpecial = arith::OrIOp::create(b, isZero, isMinusOne);
  Value safe = arith::SelectOp::create(b, isSpecial, one, y);
  Value special = arith::SelectOp::create(b, isZero, zero,
                                          arith::SubIOp::create(b, zero, x));
  Value quotient = arith::DivSIOp::create(b, x, safe);
  return {arith::SelectOp::create(b, isSpecial, special, quotient),
          arith::RemSIOp::create(b, x, safe)};
}

static Value compute(nn::DivOp, LocBuilder &b, const Element &e) {
  if (e.isFloat())
    return arith::DivFOp::create(b, e.x(), e.y());
  return divideIntegers(b, e).first;
}

static Value compute(nn::ModOp op, LocBuilder &b, const Element &e) {
  Value remainder = e.isFloat()
                        ? arith::RemFOp::create(b, e.x(), e.y()).getResult()
                        : divideIntegers(b, e).second;
  if (op.getFmod() || e.isUnsignedType())
    return remainder;
  // flooring: a remainder of the wrong sign moves by one divisor
  Value zero = zeroConstant(b, remainder.getType());
  Value isNonZero, wrongSign, moved;
  if (e.isFloat()) {
    isNonZero =
        arith::CmpFOp::create(b, arith::CmpFPredicate::ONE, remainder, zero);
    wrongSign = arith::XOrIOp::create(
        b, arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, remainder, zero),
        arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, e.y(), zero));
    moved = arith::AddFOp::create(b, remainder, e.y());
  } else {
    isNonZero =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ne, remainder, zero);
    wrongSign = arith::XOrIOp::create(
        b, arith::CmpIOp::create(b, arith::CmpIPredicate::slt, remainder, zero),
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, e.y(), zero));
    moved = arith::AddIOp::create(b, remainder, e.y());
  }
  Value moves = arith::AndIOp::create(b, isNonZero, wrongSign);
  return arith::SelectOp::create(b, moves, moved, remainder);
}

/// x to a constant power with few multiplications; null where it has none.
static Value powerByConstant(LocBuilder &b, Value x, double exponent) {
  Type type = x.getType();
  Value one = floatConstant(b, type, 1.0);
  if (exponent == 0.0)
    return one;
  if (std::abs(exponent) == 0.5) {
    // As C has it, -inf gives what inf gives, and -0 what 0 gives; their square
    // roots would be NaN, and have a sign. Only zeros and infinities are twice
    // themselves.
    Value isEnd = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x,
                                        arith::AddFOp::create(b, x, x));
    Value base =
        arith::SelectOp::create(b, isEnd, math::AbsFOp::create(b, x), x);
    if (exponent > 0)
      return math::SqrtOp::create(b, base);
    return math::RsqrtOp::create(b, base);
  }
  double magnitude = std::abs(exponent);
  if (magnitude > 4.0 || magnitude != std::floor(magnitude))
    return nullptr;
  Value square = arith::MulFOp::create(b, x, x);
  Value power = magnitude == 1.0   ? x
                : magnitude == 2.0 ? square
                : magnitude == 3.0
                    ? arith::MulFOp::create(b, square, x).getResult()
                    : arith::MulFOp::create(b, square, square).getResult();
  return exponent > 0 ? power
                      : arith::DivFOp::create(b, one, power).getResult();
}

/// Integer power by repeated squaring, without branches. Negative exponents
/// give what truncation of the exact value gives.
static Value integerPower(LocBuilder &b, const Element &e) {
  Type type = e.x().getType();
  unsigned width = type.getIntOrFloatBitWidth();
  Value zero = zeroConstant(b, type), one = intConstant(b, type, 1);
  Value result = one, base = e.x(), exponent = e.y();
  APInt constant;
  bool isConstant = matchPattern(exponent, m_ConstantInt(&constant));
  unsigned bits = e.isUnsignedType() ? width : width - 1;
  if (isConstant && (e.isUnsignedType() || !constant.isNegative()))
    bits = constant.getActiveBits();
  for (unsigned bit = 0; bit < bits; ++bit) {
    Value shifted =
        arith::ShRUIOp::create(b, exponent, intConstant(b, type, bit));
    Value isSet = isEqual(b, arith::AndIOp::create(b, shifted, one), 1);
    Value product = arith::MulIOp::create(b, result, base);
    result = arith::SelectOp::create(b, isSet, product, result);
    base = arith::MulIOp::create(b, base, base);
  }
  if (e.isUnsignedType() || (isConstant && !constant.isNegative()))
    return result;
  // 1 / x^n: only 1 and -1 have a power that is not less than 1
  Value isOdd = isEqual(b, arith::AndIOp::create(b, exponent, one), 1);
  Value minusOne = intConstant(b, type, -1);
  Value ofMinusOne = arith::SelectOp::create(b, isOdd, minusOne, one);
  Value inverse = arith::SelectOp::create(
      b, isEqual(b, e.x(), 1), one,
      arith::SelectOp::create(b, isEqual(b, e.x(), -1), ofMinusOne, zero));
  Value isNegative =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, exponent, zero);
  return arith::SelectOp::create(b, isNegative, inverse, result);
}

static Value compute(nn::PowOp, LocBuilder &b, const Element &e) {
  if (!e.isFloat())
    return integerPower(b, e);
  FloatAttr exponent;
  if (matchPattern(e.y(), m_Constant(&exponent)))
    if (Value power = powerByConstant(b, e.x(), exponent.getValueAsDouble()))
      return power;
  return math::PowFOp::create(b, e.x(), e.y());
}

static Value compute(nn::MaxOp, LocBuilder &b, const Element &e) {
  return maximum(b, e.x(), e.y(), e.isUnsignedType());
}

static Value compute(nn::MinOp, LocBuilder &b, const Element &e) {
  return minimum(b, e.x(), e.y(), e.isUnsignedType());
}

//===----------------------------------------------------------------------===//
// Logic
//===----------------------------------------------------------------------===//

#define DLC_BITS(Name, ArithOp)                                                \
  static Value compute(nn::Name, LocBuilder &b, const Element &e) {            \
    return arith::ArithOp::create(b, e.x(), e.y());                            \
  }
DLC_BITS(AndOp, AndIOp)
DLC_BITS(OrOp, OrIOp)
DLC_BITS(XorOp, XOrIOp)
DLC_BITS(BitwiseAndOp, AndIOp)
DLC_BITS(BitwiseOrOp, OrIOp)
DLC_BITS(BitwiseXorOp, XOrIOp)
#undef DLC_BITS

static Value compute(nn::ShiftOp op, LocBuilder &b, const Element &e) {
  Type type = e.x().getType();
  unsigned width = type.getIntOrFloatBitWidth();
  Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, e.y(),
                                     intConstant(b, type, width));
  Value zero = zeroConstant(b, type);
  if (op.getDirection() == nn::ShiftDirection::Right && !e.isUnsignedType()) {
    Value most = intConstant(b, type, width - 1);
    Value amount = arith::SelectOp::create(b, fits, e.y(), most);
    return arith::ShRSIOp::create(b, e.x(), amount);
  }
  Value amount = arith::SelectOp::create(b, fits, e.y(), zero);
  Value shifted = op.getDirection() == nn::ShiftDirection::Left
                      ? arith::ShLIOp::create(b, e.x(), amount).getResult()
                      : arith::ShRUIOp::create(b, e.x(), amount).getResult();
  return arith::SelectOp::create(b, fits, shifted, zero);
}

static Value compute(nn::CompareOp op, LocBuilder &b, const Element &e) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  struct Predicates {
    F onFloat;
    I onSigned, onUnsigned;
  };
  auto get = [&]() -> Predicates {
    switch (op.getPredicate()) {
    case nn::ComparePredicate::EQ:
      return {F::OEQ, I::eq, I::eq};
    case nn::ComparePredicate::NE:
      return {F::UNE, I::ne, I::ne};
    case nn::ComparePredicate::LT:
      return {F::OLT, I::slt, I::ult};
    case nn::ComparePredicate::LE:
      return {F::OLE, I::sle, I::ule};
    case nn::ComparePredicate::GT:
      return {F::OGT, I::sgt, I::ugt};
    case nn::ComparePredicate::GE:
      return {F::OGE, I::sge, I::uge};
    }
    llvm_unreachable("all predicates are listed");
  };
  Predicates predicates = get();
  if (e.isFloat())
    return arith::CmpFOp::create(b, predicates.onFloat, e.x(), e.y());
  return arith::CmpIOp::create(
      b, e.isUnsignedType() ? predicates.onUnsigned : predicates.onSigned,
      e.x(), e.y());
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

/// Ops that jump somewhere, or end where a rounding could lead across the end
/// (1 of acos; at 0, floats are too dense for that).
template <typename OpT>
static constexpr bool readsRounded =
    llvm::is_one_of<OpT, nn::CompareOp, nn::CeilOp, nn::FloorOp, nn::RoundOp,
                    nn::SignOp, nn::ModOp, nn::IsNanOp, nn::IsInfOp, nn::PowOp,
                    nn::AsinOp, nn::AcosOp, nn::AcoshOp, nn::AtanhOp>::value;

namespace {
template <typename OpT>
struct ElementwiseLowering : Lowering<OpT> {
  using Lowering<OpT>::Lowering;

  Value lower(OpT op, typename OpT::Adaptor adaptor,
              LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op->getResult(0).getType());
    SmallVector<Access> accesses;
    for (Value operand : adaptor.getOperands())
      accesses.push_back(broadcastAccess(operand, result.getShape()));
    return mapTensors(
        b, storedType(result), accesses, [&](LocBuilder &b, ValueRange args) {
          SmallVector<Value> values;
          for (auto [arg, operand] : llvm::zip_equal(args, op->getOperands()))
            values.push_back(
                load(b, arg, getElementTypeOrSelf(operand),
                     readsRounded<OpT> ? Rounding::Kept : Rounding::Free));
          Type type = getElementTypeOrSelf(op->getOperand(0));
          Value value = compute(op, b, Element{type, values});
          return store(b, value, result.getElementType());
        });
  }
};

struct CastLowering : Lowering<nn::CastOp> {
  using Lowering::Lowering;

  Value lower(nn::CastOp op, Adaptor adaptor, LocBuilder &b) const override {
    Type from = getElementTypeOrSelf(op.getX());
    Type to = getElementTypeOrSelf(op.getType());
    RankedTensorType result = storedType(cast<RankedTensorType>(op.getType()));
    // Floats may have been computed more exactly, steps of integers and narrow
    // floats would be other ones.
    bool isStep = !isa<FloatType>(to) || isNarrowFloat(to);
    auto loadOperand = [&](LocBuilder &b, ValueRange args) {
      return load(b, args[0], from, isStep ? Rounding::Kept : Rounding::Free);
    };
    Access x = broadcastAccess(adaptor.getX(), result.getShape());
    if (from == to)
      return adaptor.getX();
    if (!isNarrowFloat(to))
      return mapTensors(b, result, {x}, [&](LocBuilder &b, ValueRange args) {
        Value value = castScalar(b, loadOperand(b, args), from, to);
        return store(b, value, to, Rounding::Kept);
      });
    // by way of a type that holds every number that is not out of range
    bool isWide = from.isF64() ||
                  (isa<IntegerType>(from) && from.getIntOrFloatBitWidth() > 16);
    Type via = isWide ? Type(b.getF64Type()) : Type(b.getF32Type());
    return mapTensors(b, result, {x}, [&](LocBuilder &b, ValueRange args) {
      Value value = castScalar(b, loadOperand(b, args), from, via);
      return encodeFloat(b, value, cast<FloatType>(to), op.getSaturate(),
                         op.getRound());
    });
  }
};

struct BitcastLowering : Lowering<nn::BitcastOp> {
  using Lowering::Lowering;

  Value lower(nn::BitcastOp op, Adaptor adaptor, LocBuilder &b) const override {
    Type to = getElementTypeOrSelf(op.getType());
    RankedTensorType result = storedType(cast<RankedTensorType>(op.getType()));
    return mapTensors(
        b, result, {broadcastAccess(adaptor.getX(), result.getShape())},
        [&](LocBuilder &b, ValueRange args) {
          Value bits = args[0];
          if (bits.getType() != result.getElementType())
            bits = arith::BitcastOp::create(b, result.getElementType(), bits);
          if (isBool(to))
            return store(b, load(b, bits, to), to);
          return cleanByte(b, bits, to);
        });
  }
};

/// Moves elements without looking at them, so 16-bit floats are not converted.
struct SelectLowering : Lowering<nn::SelectOp> {
  using Lowering::Lowering;

  Value lower(nn::SelectOp op, Adaptor adaptor, LocBuilder &b) const override {
    auto result = storedType(cast<RankedTensorType>(op.getType()));
    SmallVector<Access> accesses;
    for (Value operand : adaptor.getOperands())
      accesses.push_back(broadcastAccess(operand, result.getShape()));
    return mapTensors(b, result, accesses, [](LocBuilder &b, ValueRange args) {
      Value condition = load(b, args[0], b.getI1Type());
      return arith::SelectOp::create(b, condition, args[1], args[2]);
    });
  }
};
} // namespace

template <typename... Ops>
static void add(TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ElementwiseLowering<Ops>...>(converter, patterns.getContext());
}

void dlc::conversion::populateElementwise(TypeConverter &converter,
                                          RewritePatternSet &patterns) {
  using namespace nn;
  add<AbsOp, NegOp, CeilOp, FloorOp, RoundOp, SqrtOp, RsqrtOp, ReciprocalOp,
      ExpOp, LogOp, SinOp, CosOp, TanOp, AsinOp, AcosOp, AtanOp, SinhOp, CoshOp,
      AsinhOp, AcoshOp, AtanhOp, ErfOp, TanhOp, SigmoidOp, ReluOp, SignOp,
      NotOp, BitwiseNotOp, IsNanOp, IsInfOp>(converter, patterns);
  add<AddOp, SubOp, MulOp, DivOp, ModOp, PowOp, MaxOp, MinOp, AndOp, OrOp,
      XorOp, BitwiseAndOp, BitwiseOrOp, BitwiseXorOp, ShiftOp, CompareOp>(
      converter, patterns);
  patterns.add<SelectLowering, CastLowering, BitcastLowering>(
      converter, patterns.getContext());
}
