//===- Training.cpp - Steps of optimizers ---------------------------------===//

#include "Arithmetic.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// Elementwise formulas on the tensors of one variable: `parts` has the
/// variable, its gradient and what is kept of earlier steps, and becomes the
/// new variable and what is kept.
using Step = llvm::function_ref<SmallVector<Value>(ArrayRef<Value> parts)>;

/// The operands are a rate, the number of steps before, then each part of all
/// variables, part after part; so are the results.
LogicalResult forEachVariable(NodeEmitter &e, int parts, Step step) {
  int count = (e.numInputs() - 2) / parts; // (Load.cpp has counted them)
  for (int scalar : {0, 1})
    if (product(shapeOf(e.in(scalar))) != 1)
      return e.error("input " + Twine(scalar) + " has " +
                     Twine(product(shapeOf(e.in(scalar)))) +
                     " elements instead of one");
  for (int i = 0; i < count; ++i) {
    SmallVector<Value> given;
    for (int part = 0; part < parts; ++part) {
      given.push_back(e.in(2 + part * count + i));
      if (shapeOf(given.back()) != shapeOf(given.front()))
        return e.error("input " + Twine(2 + part * count + i) +
                       " has another shape than the variable that it is of");
    }
    for (auto [part, value] : llvm::enumerate(step(given)))
      (void)e.set(static_cast<int>(part) * count + i, value);
  }
  return success();
}

/// A scalar operand; numbers near 1 are subtracted from 1, so as f64.
Value scalarOperand(NodeEmitter &e, int index) {
  return e.reshape(e.cast(e.in(index), e.builder.getF64Type()), {});
}

/// G + norm_coefficient * X
Value regularized(NodeEmitter &e, ArrayRef<Value> parts) {
  double norm = e.floatAttr("norm_coefficient", 0);
  Arithmetic m(e);
  return norm == 0 ? parts[1] : m.add(m.mul(parts[0], norm), parts[1]);
}

LogicalResult adagrad(NodeEmitter &e) {
  Arithmetic m(e);
  Value rate = m.div(
      scalarOperand(e, 0),
      m.add(m.mul(scalarOperand(e, 1), e.floatAttr("decay_factor", 0)), 1));
  return forEachVariable(e, 3, [&](ArrayRef<Value> parts) {
    Value g = regularized(e, parts);
    Value squares = m.add(parts[2], m.mul(g, g));
    Value root =
        m.add(e.make<nn::SqrtOp>(squares), e.floatAttr("epsilon", 1e-6));
    Value r = e.cast(rate, elementOf(g));
    return SmallVector<Value>{m.sub(parts[0], m.div(m.mul(g, r), root)),
                              squares};
  });
}

LogicalResult adam(NodeEmitter &e) {
  Arithmetic m(e);
  double alpha = e.floatAttr("alpha", 0.9), beta = e.floatAttr("beta", 0.999),
         after = e.floatAttr("norm_coefficient_post", 0);
  Value rate = scalarOperand(e, 0), steps = scalarOperand(e, 1);
  // 1 - base^steps
  auto rest = [&](double base) {
    return m.sub(e.scalar(1, steps),
                 e.make<nn::PowOp>(e.scalar(base, steps), steps));
  };
  Value corrected =
      m.div(m.mul(rate, e.make<nn::SqrtOp>(rest(beta))), rest(alpha));
  rate =
      m.select(m.compare(nn::ComparePredicate::GT, steps, 0), corrected, rate);
  return forEachVariable(e, 4, [&](ArrayRef<Value> parts) {
    Value g = regularized(e, parts);
    Value mean = m.add(m.mul(parts[2], alpha), m.mul(g, 1 - alpha));
    Value squares = m.add(m.mul(parts[3], beta), m.mul(m.mul(g, g), 1 - beta));
    Value root =
        m.add(e.make<nn::SqrtOp>(squares), e.floatAttr("epsilon", 1e-6));
    Value x =
        m.sub(parts[0], m.div(m.mul(mean, e.cast(rate, elementOf(g))), root));
    return SmallVector<Value>{after == 0 ? x : m.mul(x, 1 - after), mean,
                              squares};
  });
}

LogicalResult momentum(NodeEmitter &e) {
  std::string mode = e.stringAttr("mode", "");
  if (mode != "standard" && mode != "nesterov")
    return e.error("the mode '" + mode +
                   "' is neither 'standard' nor 'nesterov'");
  Arithmetic m(e);
  double alpha = e.floatAttr("alpha", 0);
  Value rate = scalarOperand(e, 0), steps = scalarOperand(e, 1);
  Value beta = m.select(m.compare(nn::ComparePredicate::GT, steps, 0),
                        e.scalar(e.floatAttr("beta", 0), steps), 1);
  return forEachVariable(e, 3, [&](ArrayRef<Value> parts) {
    Value g = regularized(e, parts);
    Value v =
        m.add(m.mul(parts[2], alpha), m.mul(g, e.cast(beta, elementOf(g))));
    Value direction = mode == "nesterov" ? m.add(g, m.mul(v, alpha)) : v;
    return SmallVector<Value>{
        m.sub(parts[0], m.mul(direction, e.cast(rate, elementOf(g)))), v};
  });
}

} // namespace

void dlc::importer::addTraining(EmitterTable &table) {
  const std::string domain = "ai.onnx.preview.training.";
  table[domain + "Adagrad"] = adagrad;
  table[domain + "Adam"] = adam;
  table[domain + "Momentum"] = momentum;
}
