//===- Fold.cpp - Evaluation of small constants ---------------------------===//

#include "Fold.h"
#include "Infer.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace dlc::nn;

DenseElementsAttr dlc::nn::smallConstant(Attribute attribute) {
  if (auto dense = dyn_cast_if_present<DenseElementsAttr>(attribute)) {
    if (dense.isSplat() || dense.getNumElements() <= maxFoldedElements)
      return dense;
    return {};
  }
  auto resource = dyn_cast_if_present<DenseResourceElementsAttr>(attribute);
  if (!resource || resource.getNumElements() > maxFoldedElements)
    return {};
  // Dense attributes hold booleans and 4-bit integers in another form than
  // blobs.
  if (resource.getElementType().getIntOrFloatBitWidth() < 8)
    return {};
  AsmResourceBlob *blob = resource.getRawHandle().getBlob();
  bool isSplat = false;
  if (!blob || !DenseElementsAttr::isValidRawBuffer(resource.getType(),
                                                    blob->getData(), isSplat))
    return {};
  return DenseElementsAttr::getFromRawBuffer(resource.getType(),
                                             blob->getData());
}

Attribute dlc::nn::splatOf(Value value) {
  Attribute constant;
  if (!matchPattern(value, m_Constant(&constant)))
    return {};
  // Not smallConstant: reading a blob for each question would be slow.
  auto dense = dyn_cast<DenseElementsAttr>(constant);
  if (!dense || !dense.isSplat())
    return {};
  return dense.getSplatValue<Attribute>();
}

bool dlc::nn::isSplat(Value value, double number) {
  Attribute splat = splatOf(value);
  if (auto real = dyn_cast_if_present<FloatAttr>(splat))
    return real.getValueAsDouble() == number;
  auto integer = dyn_cast_if_present<IntegerAttr>(splat);
  if (!integer || integer.getType().isInteger(1))
    return false;
  const APInt &bits = integer.getValue();
  return bits == APInt(bits.getBitWidth(), int64_t(number), /*isSigned=*/true,
                       /*implicitTrunc=*/true);
}

DenseElementsAttr
dlc::nn::permuteElements(DenseElementsAttr source, RankedTensorType type,
                         function_ref<int64_t(ArrayRef<int64_t>)> index) {
  if (source.isSplat())
    return source.resizeSplat(type);
  if (type.getNumElements() > maxFoldedElements)
    return {};
  SmallVector<Attribute> result;
  result.reserve(type.getNumElements());
  auto values = source.getValues<Attribute>();
  ArrayRef<int64_t> shape = type.getShape();
  SmallVector<int64_t> at(shape.size(), 0);
  for (int64_t i = 0, n = type.getNumElements(); i < n; ++i) {
    result.push_back(values[index(at)]);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++at[d] < shape[d])
        break;
      at[d] = 0;
    }
  }
  return DenseElementsAttr::get(type, result);
}

//===----------------------------------------------------------------------===//
// Elementwise evaluation
//===----------------------------------------------------------------------===//

namespace {
/// An element: a float, or an integer with its signedness.
struct Number {
  std::optional<APFloat> real;
  APSInt integer;

  static Number of(Attribute attribute) {
    Number number;
    if (auto real = dyn_cast<FloatAttr>(attribute)) {
      number.real = real.getValue();
      return number;
    }
    auto integer = cast<IntegerAttr>(attribute);
    bool isUnsigned =
        integer.getType().isUnsignedInteger() || integer.getType().isInteger(1);
    number.integer = APSInt(integer.getValue(), isUnsigned);
    return number;
  }
  static Number of(APFloat value) {
    Number number;
    number.real = std::move(value);
    return number;
  }
  static Number of(APSInt value) {
    Number number;
    number.integer = std::move(value);
    return number;
  }
  static Number of(bool value) {
    return of(APSInt(APInt(1, value), /*isUnsigned=*/true));
  }

  bool isNonZero() const { return real ? !real->isZero() : !!integer; }

  Attribute toAttribute(Type type) const {
    if (real)
      return FloatAttr::get(type, *real);
    return IntegerAttr::get(type, integer);
  }
};

using Numbers = ArrayRef<Number>;
using Function = std::function<std::optional<Number>(Numbers)>;
} // namespace

/// Rounds a double to the type of `like`.
static Number rounded(double value, const APFloat &like) {
  APFloat result(value);
  bool losesInfo;
  result.convert(like.getSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
  return Number::of(result);
}

/// A function on doubles for all float types: the error of rounding twice is
/// far below that of the kernels' own functions, and there is none for sqrt.
static Function onDouble(double (*function)(double)) {
  return [function](Numbers x) -> std::optional<Number> {
    bool losesInfo;
    APFloat wide = *x[0].real;
    wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
    return rounded(function(wide.convertToDouble()), *x[0].real);
  };
}

template <typename Real, typename Integer>
static Function both(Real onReal, Integer onInteger) {
  return [=](Numbers x) -> std::optional<Number> {
    if (x[0].real)
      return Number::of(onReal(*x[0].real, *x[1].real));
    return Number::of(APSInt(onInteger(x[0].integer, x[1].integer),
                             x[0].integer.isUnsigned()));
  };
}

static bool compare(ComparePredicate predicate, const Number &a,
                    const Number &b) {
  if (a.real) {
    APFloat::cmpResult order = a.real->compare(*b.real);
    if (order == APFloat::cmpUnordered)
      return predicate == ComparePredicate::NE;
    int sign = order == APFloat::cmpEqual      ? 0
               : order == APFloat::cmpLessThan ? -1
                                               : 1;
    return compare(predicate, Number::of(APSInt(APInt(8, sign, true), false)),
                   Number::of(APSInt(APInt(8, 0), false)));
  }
  switch (predicate) {
  case ComparePredicate::EQ:
    return a.integer == b.integer;
  case ComparePredicate::NE:
    return a.integer != b.integer;
  case ComparePredicate::LT:
    return a.integer < b.integer;
  case ComparePredicate::LE:
    return a.integer <= b.integer;
  case ComparePredicate::GT:
    return a.integer > b.integer;
  case ComparePredicate::GE:
    return a.integer >= b.integer;
  }
  llvm_unreachable("unknown predicate");
}

static std::optional<Number> castNumber(const Number &x, Type to) {
  if (to.isInteger(1))
    return Number::of(x.isNonZero());
  if (auto type = dyn_cast<FloatType>(to)) {
    if (isOneOf(to, ElementKinds::Narrow))
      return std::nullopt; // the kernels' own rounding is the only one
    APFloat result(type.getFloatSemantics());
    bool losesInfo;
    if (x.real) {
      result = *x.real;
      result.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                     &losesInfo);
    } else {
      result.convertFromAPInt(x.integer, x.integer.isSigned(),
                              APFloat::rmNearestTiesToEven);
    }
    return Number::of(result);
  }
  auto type = cast<IntegerType>(to);
  APSInt result(type.getWidth(), type.isUnsignedInteger());
  if (!x.real) {
    APInt bits = x.integer.isSigned() ? x.integer.sextOrTrunc(type.getWidth())
                                      : x.integer.zextOrTrunc(type.getWidth());
    return Number::of(APSInt(bits, type.isUnsignedInteger()));
  }
  bool isExact;
  if (x.real->convertToInteger(result, APFloat::rmTowardZero, &isExact) ==
      APFloat::opInvalidOp)
    return std::nullopt;
  return Number::of(result);
}

static std::optional<Number> divide(Numbers x) {
  if (x[0].real)
    return Number::of(*x[0].real / *x[1].real);
  if (!x[1].integer || (x[0].integer.isSigned() && x[1].integer.isAllOnes()))
    return std::nullopt; // division by zero, or the one overflow
  return Number::of(x[0].integer / x[1].integer);
}

static std::optional<Number> modulo(Numbers x, bool fmod) {
  if (x[0].real || !x[1].integer)
    return std::nullopt;
  APSInt rest = x[0].integer.isSigned() && x[1].integer.isAllOnes()
                    ? APSInt(APInt(x[0].integer.getBitWidth(), 0), false)
                    : x[0].integer % x[1].integer;
  if (!fmod && rest.isSigned() && !!rest &&
      rest.isNegative() != x[1].integer.isNegative())
    rest += x[1].integer;
  return Number::of(rest);
}

/// How to compute an element of `op`; null for operations left to the kernels.
static Function evaluatorOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, Function>(op)
      .Case([](AddOp) {
        return both([](auto a, auto b) { return a + b; },
                    [](APInt a, APInt b) { return a + b; });
      })
      .Case([](SubOp) {
        return both([](auto a, auto b) { return a - b; },
                    [](APInt a, APInt b) { return a - b; });
      })
      .Case([](MulOp) {
        return both([](auto a, auto b) { return a * b; },
                    [](APInt a, APInt b) { return a * b; });
      })
      .Case([](MaxOp) {
        return both([](auto a, auto b) { return maximum(a, b); },
                    [](APSInt a, APSInt b) { return a < b ? b : a; });
      })
      .Case([](MinOp) {
        return both([](auto a, auto b) { return minimum(a, b); },
                    [](APSInt a, APSInt b) { return b < a ? b : a; });
      })
      .Case([](DivOp) { return Function(divide); })
      .Case([](ModOp op) {
        return Function(
            [fmod = op.getFmod()](Numbers x) { return modulo(x, fmod); });
      })
      .Case<AndOp, BitwiseAndOp>([](Operation *) {
        return Function(
            [](Numbers x) { return Number::of(x[0].integer & x[1].integer); });
      })
      .Case<OrOp, BitwiseOrOp>([](Operation *) {
        return Function(
            [](Numbers x) { return Number::of(x[0].integer | x[1].integer); });
      })
      .Case<XorOp, BitwiseXorOp>([](Operation *) {
        return Function(
            [](Numbers x) { return Number::of(x[0].integer ^ x[1].integer); });
      })
      .Case<NotOp, BitwiseNotOp>([](Operation *) {
        return Function([](Numbers x) { return Number::of(~x[0].integer); });
      })
      .Case([](NegOp) {
        return Function([](Numbers x) {
          return x[0].real ? Number::of(-*x[0].real)
                           : Number::of(-x[0].integer);
        });
      })
      .Case([](AbsOp) {
        return Function([](Numbers x) {
          if (x[0].real)
            return Number::of(abs(*x[0].real));
          return Number::of(x[0].integer.isNegative() ? -x[0].integer
                                                      : x[0].integer);
        });
      })
      .Case([](SqrtOp) { return onDouble(std::sqrt); })
      .Case([](RsqrtOp) {
        return onDouble([](double x) { return 1 / std::sqrt(x); });
      })
      .Case(
          [](ReciprocalOp) { return onDouble([](double x) { return 1 / x; }); })
      .Case([](FloorOp) { return onDouble(std::floor); })
      .Case([](CeilOp) { return onDouble(std::ceil); })
      .Case([](RoundOp) { return onDouble(std::nearbyint); })
      .Case([](ExpOp) { return onDouble(std::exp); })
      .Case([](LogOp) { return onDouble(std::log); })
      .Case([](CastOp op) {
        Type to = op.getType().getElementType();
        return Function([to](Numbers x) { return castNumber(x[0], to); });
      })
      .Case([](CompareOp op) {
        return Function([predicate = op.getPredicate()](Numbers x) {
          return Number::of(compare(predicate, x[0], x[1]));
        });
      })
      .Case([](SelectOp) {
        return Function(
            [](Numbers x) { return x[0].isNonZero() ? x[1] : x[2]; });
      })
      .Default([](Operation *) { return Function(); });
}

/// The constant that an elementwise operation on constants gives, or null.
static DenseElementsAttr evaluate(Operation *op, ArrayRef<Attribute> operands) {
  SmallVector<DenseElementsAttr> constants;
  bool allSplat = true;
  for (Attribute operand : operands) {
    DenseElementsAttr constant = smallConstant(operand);
    if (!constant || constant.getNumElements() == 0)
      return {};
    allSplat &= constant.isSplat();
    constants.push_back(constant);
  }
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (!allSplat && type.getNumElements() > maxFoldedElements)
    return {};
  Function function = evaluatorOf(op);
  if (!function)
    return {};
  int64_t count = allSplat ? 1 : type.getNumElements();
  ArrayRef<int64_t> shape = type.getShape();
  SmallVector<Attribute> result;
  result.reserve(count);
  SmallVector<int64_t> at(shape.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    SmallVector<Number, 3> numbers;
    for (DenseElementsAttr constant : constants) {
      if (constant.isSplat()) {
        numbers.push_back(Number::of(constant.getSplatValue<Attribute>()));
        continue;
      }
      ArrayRef<int64_t> from = constant.getType().getShape();
      int64_t offset = 0;
      for (auto [d, size] : llvm::enumerate(from))
        offset = offset * size +
                 (size == 1 ? 0 : at[shape.size() - from.size() + d]);
      numbers.push_back(
          Number::of(*(constant.getValues<Attribute>().begin() + offset)));
    }
    std::optional<Number> number = function(numbers);
    if (!number)
      return {};
    result.push_back(number->toAttribute(type.getElementType()));
    for (size_t d = shape.size(); d-- > 0;) {
      if (++at[d] < shape[d])
        break;
      at[d] = 0;
    }
  }
  return DenseElementsAttr::get(type, result);
}

/// The operand that the operation always equals, or null.
static Value identityOf(Operation *op) {
  auto neutralRight = [&](double number) {
    return isSplat(op->getOperand(1), number) ? op->getOperand(0) : Value();
  };
  auto neutral = [&](double number) {
    if (Value left = neutralRight(number);
        left && left.getType() == op->getResult(0).getType())
      return left;
    return isSplat(op->getOperand(0), number) ? op->getOperand(1) : Value();
  };
  auto same = [&] {
    return op->getOperand(0) == op->getOperand(1) ? op->getOperand(0) : Value();
  };
  // op(op(x)) == x
  auto involution = [&] {
    Operation *inner = op->getOperand(0).getDefiningOp();
    return inner && inner->getName() == op->getName() ? inner->getOperand(0)
                                                      : Value();
  };
  // op(op(x)) == op(x)
  auto idempotent = [&] {
    Operation *inner = op->getOperand(0).getDefiningOp();
    return inner && inner->getName() == op->getName() ? op->getOperand(0)
                                                      : Value();
  };
  Value value =
      llvm::TypeSwitch<Operation *, Value>(op)
          .Case([&](AddOp) { return neutral(0); })
          .Case([&](MulOp) { return neutral(1); })
          .Case([&](SubOp) { return neutralRight(0); })
          .Case<DivOp, PowOp>([&](Operation *) { return neutralRight(1); })
          .Case<MaxOp, MinOp, AndOp, OrOp, BitwiseAndOp, BitwiseOrOp>(
              [&](Operation *) { return same(); })
          .Case<NegOp, NotOp, BitwiseNotOp>(
              [&](Operation *) { return involution(); })
          .Case<AbsOp, ReluOp, CeilOp, FloorOp, RoundOp, SignOp>(
              [&](Operation *) { return idempotent(); })
          .Case([&](SelectOp select) -> Value {
            if (select.getOnTrue() == select.getOnFalse())
              return select.getOnTrue();
            auto condition = dyn_cast_if_present<IntegerAttr>(
                splatOf(select.getCondition()));
            if (!condition)
              return {};
            return condition.getValue().isZero() ? select.getOnFalse()
                                                 : select.getOnTrue();
          })
          .Case([&](CastOp cast) { return cast.getX(); })
          .Case([&](BitcastOp cast) { return cast.getX(); })
          .Default([](Operation *) { return Value(); });
  // An operand that is broadcast is not the result.
  return value && value.getType() == op->getResult(0).getType() ? value
                                                                : Value();
}

OpFoldResult dlc::nn::detail::foldElementwise(Operation *op,
                                              ArrayRef<Attribute> operands) {
  if (Value value = identityOf(op))
    return value;
  return evaluate(op, operands);
}
