//===- Elementwise.cpp - Arithmetic, logic, comparisons, casts ------------===//

#include "Arithmetic.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

template <typename OpT>
static LogicalResult unary(NodeEmitter &e) {
  return e.set(0, e.make<OpT>(e.in(0)));
}

/// Ops that change nothing on integers.
template <typename OpT>
static LogicalResult unaryOnFloats(NodeEmitter &e) {
  Value x = e.in(0);
  return e.set(0, isa<FloatType>(elementOf(x)) ? e.make<OpT>(x) : x);
}

template <typename OpT>
static LogicalResult binary(NodeEmitter &e) {
  return e.set(0, e.make<OpT>(e.in(0), e.in(1)));
}

/// Max, Min, Sum of any number of operands.
template <typename OpT>
static LogicalResult variadic(NodeEmitter &e) {
  Value result = e.in(0);
  for (int i = 1; i < e.numInputs(); ++i)
    result = e.make<OpT>(result, e.in(i));
  return e.set(0, result);
}

static LogicalResult mean(NodeEmitter &e) {
  Value sum = e.in(0);
  for (int i = 1; i < e.numInputs(); ++i)
    sum = e.make<nn::AddOp>(sum, e.in(i));
  Value factor = e.scalar(1.0 / e.numInputs(), sum);
  return e.set(0, e.make<nn::MulOp>(sum, factor));
}

template <nn::ComparePredicate predicate>
static LogicalResult compare(NodeEmitter &e) {
  return e.set(0, e.make<nn::CompareOp>(predicate, e.in(0), e.in(1)));
}

static LogicalResult pow(NodeEmitter &e) {
  Value base = e.in(0), exponent = e.in(1);
  Type type = elementOf(base);
  // The types may differ; the result has the base's.
  if (isa<FloatType>(elementOf(exponent)) && !isa<FloatType>(type)) {
    Type wide = e.builder.getF64Type();
    Value result =
        e.make<nn::PowOp>(e.cast(base, wide), e.cast(exponent, wide));
    return e.set(0, e.cast(result, type));
  }
  // Squares are common (layer norm, L2) and far cheaper as a product.
  auto known = e.constFloats(1);
  if (known && known->size() == 1 &&
      shapeOf(exponent).size() <= shapeOf(base).size()) {
    if ((*known)[0] == 2)
      return e.set(0, e.make<nn::MulOp>(base, base));
    if ((*known)[0] == 1)
      return e.set(0, base);
  }
  return e.set(0, e.make<nn::PowOp>(base, e.cast(exponent, type)));
}

static LogicalResult mod(NodeEmitter &e) {
  return e.set(0,
               e.make<nn::ModOp>(e.in(0), e.in(1), e.intAttr("fmod", 0) != 0));
}

static LogicalResult bitShift(NodeEmitter &e) {
  bool left = e.stringAttr("direction", "LEFT") == "LEFT";
  return e.set(0, e.make<nn::ShiftOp>(e.in(0), e.in(1),
                                      left ? nn::ShiftDirection::Left
                                           : nn::ShiftDirection::Right));
}

static LogicalResult isInf(NodeEmitter &e) {
  bool positive = e.intAttr("detect_positive", 1);
  bool negative = e.intAttr("detect_negative", 1);
  Value x = e.in(0);
  if (!positive && !negative)
    return e.set(0, e.splat(e.outType(0), 0));
  Value result = e.make<nn::IsInfOp>(x);
  if (positive && negative)
    return e.set(0, result);
  Value sign = e.make<nn::CompareOp>(positive ? nn::ComparePredicate::GT
                                              : nn::ComparePredicate::LT,
                                     x, e.scalar(0, x));
  return e.set(0, e.make<nn::AndOp>(result, sign));
}

static LogicalResult where(NodeEmitter &e) {
  if (e.attr(choiceAttr) && product(shapeOf(e.in(0))) == 1)
    e.aligned = nn::kAlignedChoice;
  return e.set(0, e.make<nn::SelectOp>(e.in(0), e.in(1), e.in(2)));
}

static LogicalResult cast(NodeEmitter &e) {
  Value x = e.in(0);
  Type type = e.outType(0).getElementType();
  std::string mode = e.stringAttr("round_mode", "up");
  std::optional<nn::RoundMode> round = nn::symbolizeRoundMode(mode);
  if (!round)
    return e.error("the round mode '" + mode + "' is unknown");
  if (elementOf(x) == type)
    return e.set(0, x);
  return e.set(
      0, e.make<nn::CastOp>(x, type, e.intAttr("saturate", 1) != 0, *round));
}

static LogicalResult bitCast(NodeEmitter &e) {
  return e.set(0,
               e.make<nn::BitcastOp>(e.in(0), e.outType(0).getElementType()));
}

static LogicalResult clip(NodeEmitter &e) {
  Value x = e.in(0);
  if (e.has(1))
    x = e.make<nn::MaxOp>(x, e.in(1));
  if (e.has(2))
    x = e.make<nn::MinOp>(x, e.in(2));
  return e.set(0, x);
}

static LogicalResult identity(NodeEmitter &e) {
  if (const auto *present = e.attr(presentAttr)) {
    Value one = e.ints({1}, {});
    Value some =
        e.make<nn::MinOp>(e.make<nn::ExtentOp>(e.in(0), present->i()), one);
    e.check(e.describe("the number of tensors at that position"), some, one);
  }
  return e.set(0, e.in(0));
}

void dlc::importer::addElementwise(EmitterTable &table) {
  table["Abs"] = unary<nn::AbsOp>;
  table["Neg"] = unary<nn::NegOp>;
  table["Ceil"] = unaryOnFloats<nn::CeilOp>;
  table["Floor"] = unaryOnFloats<nn::FloorOp>;
  table["Round"] = unaryOnFloats<nn::RoundOp>;
  table["Sqrt"] = unary<nn::SqrtOp>;
  table["Reciprocal"] = unary<nn::ReciprocalOp>;
  table["Exp"] = unary<nn::ExpOp>;
  table["Log"] = unary<nn::LogOp>;
  table["Sin"] = unary<nn::SinOp>;
  table["Cos"] = unary<nn::CosOp>;
  table["Tan"] = unary<nn::TanOp>;
  table["Asin"] = unary<nn::AsinOp>;
  table["Acos"] = unary<nn::AcosOp>;
  table["Atan"] = unary<nn::AtanOp>;
  table["Sinh"] = unary<nn::SinhOp>;
  table["Cosh"] = unary<nn::CoshOp>;
  table["Asinh"] = unary<nn::AsinhOp>;
  table["Acosh"] = unary<nn::AcoshOp>;
  table["Atanh"] = unary<nn::AtanhOp>;
  table["Erf"] = unary<nn::ErfOp>;
  table["Tanh"] = unary<nn::TanhOp>;
  table["Sigmoid"] = unary<nn::SigmoidOp>;
  table["Relu"] = unary<nn::ReluOp>;
  table["Sign"] = unary<nn::SignOp>;
  table["Not"] = unary<nn::NotOp>;
  table["BitwiseNot"] = unary<nn::BitwiseNotOp>;
  table["IsNaN"] = unary<nn::IsNanOp>;
  table["IsInf"] = isInf;
  table["Add"] = binary<nn::AddOp>;
  table["Sub"] = binary<nn::SubOp>;
  table["Mul"] = binary<nn::MulOp>;
  table["Div"] = binary<nn::DivOp>;
  table["Pow"] = pow;
  table["Mod"] = mod;
  table["And"] = binary<nn::AndOp>;
  table["Or"] = binary<nn::OrOp>;
  table["Xor"] = binary<nn::XorOp>;
  table["BitwiseAnd"] = binary<nn::BitwiseAndOp>;
  table["BitwiseOr"] = binary<nn::BitwiseOrOp>;
  table["BitwiseXor"] = binary<nn::BitwiseXorOp>;
  table["BitShift"] = bitShift;
  table["Max"] = variadic<nn::MaxOp>;
  table["Min"] = variadic<nn::MinOp>;
  table["Sum"] = variadic<nn::AddOp>;
  table["Mean"] = mean;
  table["Equal"] = compare<nn::ComparePredicate::EQ>;
  table["Less"] = compare<nn::ComparePredicate::LT>;
  table["LessOrEqual"] = compare<nn::ComparePredicate::LE>;
  table["Greater"] = compare<nn::ComparePredicate::GT>;
  table["GreaterOrEqual"] = compare<nn::ComparePredicate::GE>;
  table["Where"] = where;
  table["Cast"] = cast;
  table["CastLike"] = cast;
  table["BitCast"] = bitCast;
  table["Clip"] = clip;
  table["Identity"] = identity;
  table["Dropout"] = emitDropout;
}
