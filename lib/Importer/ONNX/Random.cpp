//===- Random.cpp - Random numbers ----------------------------------------===//
//
// A number is a function of a seed, the place of its node in the model, the
// number of the run, those of the iterations it is in, and its position: see
// nn.random_bits. So nothing is stored, nodes know nothing of each other, and
// what reads a number may compute it.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"

#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

using Predicate = nn::ComparePredicate;

/// The random numbers of one node.
class Random {
public:
  /// `seed` is null where the node has none: then it is the program's.
  Random(NodeEmitter &e, Value seed)
      : m(e), seed(seed), stream(e.graph.nextStream()) {
    const GraphEmitter::RandomState &state = e.graph.getRandomState();
    if (!this->seed)
      this->seed = state.seed;
    run = state.run;
    for (const OpenLoop &loop : e.graph.getLoops())
      step = step ? m.add(m.mul(step, double(loop.trips)), loop.number)
                  : loop.number;
    if (!step)
      step = e.ints({0}, {});
  }

  /// From [0, 1): all multiples of 2^-24 (f32) or 2^-53 (f64).
  Value uniform(ArrayRef<int64_t> shape, Type type) {
    return m.mul(numbers(shape, type, 0), type.isF64() ? 0x1p-53 : 0x1p-24);
  }

  /// With the mean 0 and the variance 1 (Box and Muller, 1958).
  Value normal(ArrayRef<int64_t> shape, Type type) {
    bool wide = type.isF64();
    // As many digits as there are near zero, for what is far out; never 0.
    Value radius = wide ? m.mul(m.add(numbers(shape, type, 0), 0.5), 0x1p-53)
                        : m.mul(m.add(number(shape, type, 0, 1), 0.5), 0x1p-31);
    radius = m.e.make<nn::SqrtOp>(m.mul(m.e.make<nn::LogOp>(radius), -2));
    constexpr double turn = 6.283185307179586476925286766559;
    Value angle = m.mul(numbers(shape, type, wide ? 2 : 1),
                        turn * (wide ? 0x1p-53 : 0x1p-24));
    return m.mul(radius, m.e.make<nn::CosOp>(angle));
  }

private:
  /// Whole numbers of all but `shift` bits of a word.
  Value number(ArrayRef<int64_t> shape, Type type, int64_t word,
               int64_t shift) {
    NodeEmitter &e = m.e;
    Value bits = e.make<nn::RandomBitsOp>(seed, run, step, stream, word, shape);
    bits = e.make<nn::ShiftOp>(bits, e.scalar(double(shift), bits),
                               nn::ShiftDirection::Right);
    // They have no sign bit, and signed ones are faster.
    return e.cast(e.cast(bits, e.builder.getIntegerType(32)), type);
  }

  /// Whole numbers of as many bits as all numbers below 1 have in their digits,
  /// from word `word` on.
  Value numbers(ArrayRef<int64_t> shape, Type type, int64_t word) {
    if (!type.isF64())
      return number(shape, type, word, 8);
    return m.add(m.mul(number(shape, type, word, 5), 0x1p26),
                 number(shape, type, word + 1, 6));
  }

  Arithmetic m;
  Value seed, run, step;
  int64_t stream;
};

/// The seed that an attribute (a float) gives: other ones for other numbers.
Value seedOf(NodeEmitter &e) {
  const auto *seed = e.attr("seed");
  return seed ? e.ints({llvm::bit_cast<int32_t>(seed->f())}, {}) : Value();
}

/// What numbers of a type are computed in.
Type computedIn(NodeEmitter &e, Type type) {
  return type.isF64() ? type : e.builder.getF32Type();
}

/// Of what was made in the shape of an input counts what counts of that.
Value like(NodeEmitter &e, int input, Value x) {
  if (!e.isOpen(input))
    return x;
  e.countsPositions = true;
  for (int64_t d = 0, rank = shapeOf(x).size(); d < rank; ++d)
    x = e.make<nn::BoundedOp>(x, e.make<nn::ExtentOp>(e.in(input), d), d);
  return x;
}

/// Numbers of a distribution, `offset + factor * number`, in the shape and type
/// of the result.
LogicalResult distributed(NodeEmitter &e, bool isNormal, double offset,
                          double factor) {
  RankedTensorType type = e.outType(0);
  if (!isa<FloatType>(type.getElementType()))
    return e.error("random numbers of this kind have to be floating-point "
                   "numbers: the attribute 'dtype' says which");
  Type computed = computedIn(e, type.getElementType());
  Arithmetic m(e);
  Random random(e, seedOf(e));
  Value x = isNormal ? random.normal(type.getShape(), computed)
                     : random.uniform(type.getShape(), computed);
  if (factor != 1)
    x = m.mul(x, factor);
  if (offset != 0)
    x = m.add(x, offset);
  if (e.numInputs())
    x = like(e, 0, x);
  return e.set(0, e.cast(x, type.getElementType()));
}

LogicalResult normal(NodeEmitter &e) {
  return distributed(e, true, e.floatAttr("mean", 0), e.floatAttr("scale", 1));
}

LogicalResult uniform(NodeEmitter &e) {
  double low = e.floatAttr("low", 0), high = e.floatAttr("high", 1);
  return distributed(e, false, low, high - low);
}

/// (The function that ONNX has for it gives 1 with the probability 1 - p.)
LogicalResult bernoulli(NodeEmitter &e) {
  Value p = e.in(0);
  Type computed = computedIn(e, elementOf(p));
  Value x = Random(e, seedOf(e)).uniform(shapeOf(p), computed);
  e.aligned = "";
  return e.set(0, e.cast(Arithmetic(e).compare(Predicate::LT, like(e, 0, x),
                                               e.cast(p, computed)),
                         e.outType(0).getElementType()));
}

/// The first class up to which the probabilities have a sum that is larger than
/// a random part of all of them.
LogicalResult multinomial(NodeEmitter &e) {
  Value x = e.in(0);
  RankedTensorType type = e.outType(0);
  int64_t samples = e.intAttr("sample_size", 1);
  if (shapeOf(x).size() != 2)
    return e.error("the input has rank " + Twine(shapeOf(x).size()) +
                   ", but has to have 2");
  if (samples < 1)
    return e.error("the attribute 'sample_size' is " + Twine(samples) +
                   ", but has to be at least 1");
  int64_t batch = shapeOf(x)[0], classes = shapeOf(x)[1];
  if (classes == 0 && batch != 0)
    return e.error("there are no classes to choose from");
  if (batch == 0)
    return e.set(0, e.splat(type, 0));
  Arithmetic m(e);
  Type computed = computedIn(e, elementOf(x));
  x = e.cast(x, computed);
  x = filled(e, 0, x,
             e.scalarOf(-std::numeric_limits<double>::infinity(), computed));
  Value most = m.reduce(nn::ReduceKind::Max, x, {1}, /*keepdims=*/true);
  Value sums = e.make<nn::CumSumOp>(e.make<nn::ExpOp>(m.sub(x, most)),
                                    int64_t(1), false, false);
  Value total = e.slice(sums, {0, classes - 1}, {batch, 1});
  Value part =
      m.mul(Random(e, seedOf(e)).uniform({batch, samples}, computed), total);
  // (A part may be rounded to all.)
  Value isBefore = m.both(
      m.compare(Predicate::LE, e.reshape(sums, {batch, 1, classes}),
                e.reshape(part, {batch, samples, 1})),
      e.reshape(m.compare(Predicate::LT, sums, total), {batch, 1, classes}));
  Value result = m.reduce(nn::ReduceKind::Sum,
                          e.cast(isBefore, type.getElementType()), {2});
  if (e.isOpen(0))
    result = e.make<nn::BoundedOp>(
        result, e.make<nn::ExtentOp>(e.in(0), int64_t(0)), int64_t(0));
  return e.set(0, result);
}

} // namespace

/// In training mode each element is 0 with the probability `ratio` and divided
/// by 1 - ratio else.
LogicalResult dlc::importer::emitDropout(NodeEmitter &e) {
  e.aligned = "";
  Value x = e.in(0);
  auto training = e.constInts(2);
  bool known = !e.has(2) || (training && training->size() == 1);
  if (known && !(e.has(2) && (*training)[0])) {
    if (e.wants(1))
      (void)e.set(1, like(e, 0, e.splat(e.outType(1), 1)));
    return e.set(0, x);
  }
  Arithmetic m(e);
  Type f32 = e.builder.getF32Type();
  Value ratio =
      e.has(1) ? e.reshape(e.cast(e.in(1), f32), {}) : e.scalarOf(0.5, f32);
  const auto *seed = e.attr("seed");
  Value random = Random(e, seed ? e.ints({seed->i()}, {}) : Value())
                     .uniform(shapeOf(x), f32);
  Value mask = m.compare(Predicate::GE, like(e, 0, random), ratio);
  if (!known)
    mask = m.either(mask, m.negate(e.reshape(e.in(2), {})));
  Value scale = m.div(e.scalarOf(1, f32), m.sub(e.scalarOf(1, f32), ratio));
  if (!known)
    scale = m.select(e.reshape(e.in(2), {}), scale, 1);
  Value kept = m.mul(e.cast(x, f32), scale);
  if (e.wants(1))
    (void)e.set(1, mask);
  return e.set(0, e.cast(m.select(mask, kept, 0), elementOf(x)));
}

void dlc::importer::addRandom(EmitterTable &table) {
  table["RandomNormal"] = normal;
  table["RandomNormalLike"] = normal;
  table["RandomUniform"] = uniform;
  table["RandomUniformLike"] = uniform;
  table["Bernoulli"] = bernoulli;
  table["Multinomial"] = multinomial;
}
