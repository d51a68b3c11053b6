//===- Activations.cpp - Activation functions of simpler ops --------------===//
//
// All decomposed: fusion makes one loop of them again.
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

#include <cmath>

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// x > 0 (or another relation to a number)
Value relation(NodeEmitter &e, nn::ComparePredicate predicate, Value x,
               double number) {
  return e.make<nn::CompareOp>(predicate, x, e.scalar(number, x));
}

Value select(NodeEmitter &e, Value condition, Value a, Value b) {
  return e.make<nn::SelectOp>(condition, a, b);
}

/// max(0, min(1, alpha * x + beta))
Value hardSigmoid(NodeEmitter &e, Value x, double alpha, double beta) {
  Value line = e.make<nn::MulOp>(x, e.scalar(alpha, x));
  line = e.make<nn::AddOp>(line, e.scalar(beta, x));
  line = e.make<nn::MaxOp>(line, e.scalar(0, x));
  return e.make<nn::MinOp>(line, e.scalar(1, x));
}

/// log(1 + exp(x)) without overflow: max(x, 0) + log(1 + exp(-|x|))
Value softplus(NodeEmitter &e, Value x) {
  Value decay = e.make<nn::ExpOp>(e.make<nn::NegOp>(e.make<nn::AbsOp>(x)));
  Value log = e.make<nn::LogOp>(e.make<nn::AddOp>(decay, e.scalar(1, x)));
  return e.make<nn::AddOp>(e.make<nn::ReluOp>(x), log);
}

/// exp(x) - 1 for x <= 0; positive x are replaced by 0
Value expMinusOne(NodeEmitter &e, Value x) {
  Value negative = e.make<nn::MinOp>(x, e.scalar(0, x));
  return e.make<nn::SubOp>(e.make<nn::ExpOp>(negative), e.scalar(1, x));
}

LogicalResult emitHardSigmoid(NodeEmitter &e) {
  return e.set(0, hardSigmoid(e, e.in(0), e.floatAttr("alpha", 0.2),
                              e.floatAttr("beta", 0.5)));
}

/// x max(0, min(1, x / 6 + 1 / 2)); x + 3 is exact where x / 6 + 1 / 2 cancels.
LogicalResult emitHardSwish(NodeEmitter &e) {
  Value x = e.in(0);
  Value ramp = e.make<nn::AddOp>(x, e.scalar(3, x));
  ramp = e.make<nn::MaxOp>(ramp, e.scalar(0, x));
  ramp = e.make<nn::MinOp>(ramp, e.scalar(6, x));
  ramp = e.make<nn::MulOp>(ramp, e.scalar(1.0 / 6, x));
  return e.set(0, e.make<nn::MulOp>(x, ramp));
}

LogicalResult emitSoftplus(NodeEmitter &e) {
  return e.set(0, softplus(e, e.in(0)));
}

LogicalResult emitMish(NodeEmitter &e) {
  Value x = e.in(0);
  Value gate = e.make<nn::TanhOp>(softplus(e, x));
  return e.set(0, e.make<nn::MulOp>(x, gate));
}

LogicalResult emitSoftsign(NodeEmitter &e) {
  Value x = e.in(0);
  Value below = e.make<nn::AddOp>(e.make<nn::AbsOp>(x), e.scalar(1, x));
  return e.set(0, e.make<nn::DivOp>(x, below));
}

LogicalResult emitLeakyRelu(NodeEmitter &e) {
  Value x = e.in(0);
  double alpha = e.floatAttr("alpha", 0.01);
  Value scaled = e.make<nn::MulOp>(x, e.scalar(alpha, x));
  if (alpha > 0 && alpha <= 1)
    return e.set(0, e.make<nn::MaxOp>(x, scaled));
  return e.set(
      0, select(e, relation(e, nn::ComparePredicate::LT, x, 0), scaled, x));
}

LogicalResult emitPRelu(NodeEmitter &e) {
  Value x = e.in(0), slope = e.in(1);
  // Before operator set 7 a vector held one slope a channel.
  ArrayRef<int64_t> shape = shapeOf(x), given = shapeOf(slope);
  if (given.size() == 1 && shape.size() > 2 && given[0] == shape[1] &&
      given[0] != 1 && given[0] != shape.back()) {
    Dims channels(shape.size(), 1);
    channels[1] = given[0];
    slope = e.reshape(slope, channels);
  }
  Value scaled = e.make<nn::MulOp>(x, slope);
  return e.set(
      0, select(e, relation(e, nn::ComparePredicate::LT, x, 0), scaled, x));
}

LogicalResult emitThresholdedRelu(NodeEmitter &e) {
  Value x = e.in(0);
  Value above =
      relation(e, nn::ComparePredicate::GT, x, e.floatAttr("alpha", 1.0));
  return e.set(0, select(e, above, x, e.scalar(0, x)));
}

/// gamma * (x > 0 ? x : alpha * (exp(x / divisor) - 1))
Value eluLike(NodeEmitter &e, double alpha, double gamma, double divisor) {
  Value x = e.in(0);
  Value argument =
      divisor == 1 ? x : e.make<nn::DivOp>(x, e.scalar(divisor, x));
  Value negative =
      e.make<nn::MulOp>(expMinusOne(e, argument), e.scalar(alpha * gamma, x));
  Value positive = gamma == 1 ? x : e.make<nn::MulOp>(x, e.scalar(gamma, x));
  // -0 stays itself.
  return select(e, relation(e, nn::ComparePredicate::LT, x, 0), negative,
                positive);
}

LogicalResult emitElu(NodeEmitter &e) {
  return e.set(0, eluLike(e, e.floatAttr("alpha", 1.0), 1, 1));
}

LogicalResult emitCelu(NodeEmitter &e) {
  double alpha = e.floatAttr("alpha", 1.0);
  return e.set(0, eluLike(e, alpha, 1, alpha));
}

LogicalResult emitSelu(NodeEmitter &e) {
  return e.set(0, eluLike(e, e.floatAttr("alpha", 1.67326319217681884765625),
                          e.floatAttr("gamma", 1.05070102214813232421875), 1));
}

LogicalResult emitGelu(NodeEmitter &e) {
  Value x = e.in(0);
  Value inner;
  if (e.stringAttr("approximate", "none") == "tanh") {
    // tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))
    Value square = e.make<nn::MulOp>(x, x);
    Value cube = e.make<nn::MulOp>(square, x);
    Value sum =
        e.make<nn::AddOp>(x, e.make<nn::MulOp>(cube, e.scalar(0.044715, x)));
    inner = e.make<nn::TanhOp>(
        e.make<nn::MulOp>(sum, e.scalar(std::sqrt(2 / M_PI), x)));
  } else {
    inner =
        e.make<nn::ErfOp>(e.make<nn::MulOp>(x, e.scalar(std::sqrt(0.5), x)));
  }
  Value half = e.make<nn::MulOp>(x, e.scalar(0.5, x));
  return e.set(
      0, e.make<nn::MulOp>(half, e.make<nn::AddOp>(inner, e.scalar(1, x))));
}

LogicalResult emitSwish(NodeEmitter &e) {
  Value x = e.in(0);
  double alpha = e.floatAttr("alpha", 1.0);
  Value argument = alpha == 1 ? x : e.make<nn::MulOp>(x, e.scalar(alpha, x));
  return e.set(0, e.make<nn::MulOp>(x, e.make<nn::SigmoidOp>(argument)));
}

LogicalResult emitShrink(NodeEmitter &e) {
  Value x = e.in(0);
  double lambd = e.floatAttr("lambd", 0.5), bias = e.floatAttr("bias", 0);
  if (!isa<FloatType>(elementOf(x)))
    return e.error("only floating-point tensors are supported");
  Value low = relation(e, nn::ComparePredicate::LT, x, -lambd);
  Value high = relation(e, nn::ComparePredicate::GT, x, lambd);
  Value lowered = e.make<nn::AddOp>(x, e.scalar(bias, x));
  Value raised = e.make<nn::SubOp>(x, e.scalar(bias, x));
  Value inner = select(e, high, raised, e.scalar(0, x));
  return e.set(0, select(e, low, lowered, inner));
}

} // namespace

void dlc::importer::addActivations(EmitterTable &table) {
  table["HardSigmoid"] = emitHardSigmoid;
  table["HardSwish"] = emitHardSwish;
  table["Softplus"] = emitSoftplus;
  table["Softsign"] = emitSoftsign;
  table["Mish"] = emitMish;
  table["LeakyRelu"] = emitLeakyRelu;
  table["PRelu"] = emitPRelu;
  table["ThresholdedRelu"] = emitThresholdedRelu;
  table["Elu"] = emitElu;
  table["Celu"] = emitCelu;
  table["Selu"] = emitSelu;
  table["Gelu"] = emitGelu;
  table["Swish"] = emitSwish;
  table["Shrink"] = emitShrink;
}
