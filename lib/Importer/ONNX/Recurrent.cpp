//===- Recurrent.cpp - RNN, GRU, LSTM -------------------------------------===//
//
// A loop over the steps. The products with the inputs of all steps are one
// large matrix product in front of it.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"
#include "Quantization.h"

#include <map>

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// What the three ops have in common.
struct Cell {
  NodeEmitter &e;
  int64_t gates;
  Value x;
  bool batchFirst = false;
  int64_t steps, batch, inputs, hidden, directions;
  /// Lengths of the sequences, batch × 1 (or 1 × 1); null where all steps are
  /// there.
  Value lengths;
  /// How many steps and sequences there are where that is known at run time
  /// only: inside of the op all count, since steps behind the end of a sequence
  /// change nothing, and sequences know nothing of each other.
  Value stepsExtent, batchExtent;
  double clip = 0;
  std::vector<std::string> activations;
  std::vector<double> alphas, betas;

  Cell(NodeEmitter &e, int64_t gates) : e(e), gates(gates) {}

  LogicalResult read(ArrayRef<const char *> defaults);
  /// All of a dimension, whatever its extent.
  Value whole(Value v, int64_t axis) {
    if (!batchExtent)
      return v;
    return e.make<nn::BoundedOp>(v, e.ints({shapeOf(v)[axis]}, {}), axis);
  }
  /// Only what counts of it.
  Value counted(Value v, Value extent, int64_t axis) {
    return extent ? e.make<nn::BoundedOp>(v, extent, axis) : v;
  }
  Value activate(int64_t direction, int index, Value v);
  Value clipped(Value v);
  /// Part `index` along dimension 1 of a matrix cut in parts of `hidden`.
  Value gate(Value all, int64_t index) {
    return e.slice(all, {0, index * hidden}, {batch, hidden});
  }
  /// Slice `direction` of an operand, without that dimension.
  Value part(int operand, int64_t direction) {
    return slice(e.in(operand), direction);
  }
  Value slice(Value all, int64_t direction) {
    Dims starts(shapeOf(all).size(), 0), sizes(shapeOf(all));
    starts[0] = direction;
    sizes[0] = 1;
    return e.reshape(e.slice(all, starts, sizes),
                     ArrayRef<int64_t>(sizes).drop_front());
  }
  /// A direction's weights as the right operand of a product. Quantised ones
  /// are cut out of the bytes, so that the product is one of integers.
  Value matrix(int operand, int64_t direction);
  /// A hidden state as it is multiplied: that of com.microsoft's quantised LSTM
  /// is bytes in between.
  Value multiplied(Value hidden);
  /// That a dimension of an operand has as many sequences as the input.
  void checkBatch(int operand, int64_t axis) {
    if (batchExtent && e.has(operand))
      e.check(e.describe("dimension " + Twine(axis) + " of operand " +
                         Twine(operand)),
              e.make<nn::ExtentOp>(e.in(operand), axis), batchExtent);
  }
  /// The initial state of a direction, zeros where it is absent.
  Value initial(int operand, int64_t direction);
  /// x · W^T for all steps: steps × batch × gates·hidden.
  Value project(int64_t direction);
  /// Sets the outputs, from the hidden states of all steps and the last states
  /// of each direction.
  LogicalResult finish(ArrayRef<Value> all, ArrayRef<Value> lastHidden,
                       ArrayRef<Value> lastCell);
};

/// Default alpha and beta of an activation; nothing for unknown ones.
std::optional<std::pair<double, double>> defaultsOf(const std::string &name) {
  static const std::map<std::string, std::pair<double, double>> table = {
      {"Sigmoid", {0, 0}},
      {"Tanh", {0, 0}},
      {"Relu", {0, 0}},
      {"HardSigmoid", {0.2, 0.5}},
      {"Affine", {1, 0}},
      {"LeakyRelu", {0.01, 0}},
      {"ThresholdedRelu", {1, 0}},
      {"ScaledTanh", {1, 1}},
      {"Elu", {1, 0}},
      {"Softsign", {0, 0}},
      {"Softplus", {0, 0}}};
  auto found = table.find(name);
  if (found == table.end())
    return std::nullopt;
  return found->second;
}

LogicalResult Cell::read(ArrayRef<const char *> defaults) {
  x = e.in(0);
  batchFirst = e.intAttr("layout", 0);
  if (shapeOf(x).size() != 3)
    return e.error("the input must have rank 3");
  if (batchFirst)
    x = e.transpose(x, {1, 0, 2});
  if (e.hasOpenInput()) {
    stepsExtent = e.make<nn::ExtentOp>(x, 0);
    batchExtent = e.make<nn::ExtentOp>(x, 1);
    x = whole(whole(x, 0), 1);
    lengths = e.reshape(stepsExtent, {1, 1});
  }
  steps = shapeOf(x)[0];
  batch = shapeOf(x)[1];
  inputs = shapeOf(x)[2];
  Value r = e.in(2);
  if (shapeOf(r).size() != 3)
    return e.error("the recurrent weights must have rank 3");
  directions = shapeOf(r)[0];
  hidden = shapeOf(r)[2];
  Dims wantW{directions, gates * hidden, inputs};
  Dims wantR{directions, gates * hidden, hidden};
  if (shapeOf(e.in(1)) != ArrayRef<int64_t>(wantW) ||
      shapeOf(r) != ArrayRef<int64_t>(wantR))
    return e.error("the weights do not fit the input");
  if (e.has(3) &&
      shapeOf(e.in(3)) != ArrayRef<int64_t>{directions, 2 * gates * hidden})
    return e.error("the bias does not fit the weights");
  std::string direction = e.stringAttr("direction", "forward");
  if ((direction == "bidirectional") != (directions == 2) || directions > 2)
    return e.error("the weights do not fit the direction '" + direction + "'");
  if (e.has(4)) {
    if (shapeOf(e.in(4)) != ArrayRef<int64_t>{batch})
      return e.error("there must be one length a sequence");
    checkBatch(4, 0);
    auto known = e.constInts(4);
    if (!known || llvm::any_of(*known, [&](int64_t l) { return l != steps; }))
      lengths = e.reshape(e.cast(whole(e.in(4), 0), e.builder.getI64Type()),
                          {batch, 1});
  }
  for (int state : {5, 6})
    checkBatch(state, batchFirst ? 0 : 1);
  clip = e.floatAttr("clip", 0);
  if (const auto *given = e.attr("activations")) {
    activations.assign(given->strings().begin(), given->strings().end());
    if (activations.size() != defaults.size() * directions)
      return e.error("the number of activations does not fit");
  } else {
    for (int64_t d = 0; d < directions; ++d)
      activations.insert(activations.end(), defaults.begin(), defaults.end());
  }
  for (const std::string &name : activations)
    if (!defaultsOf(name))
      return e.error("the activation '" + name + "' is not supported");
  if (const auto *given = e.attr("activation_alpha"))
    alphas.assign(given->floats().begin(), given->floats().end());
  if (const auto *given = e.attr("activation_beta"))
    betas.assign(given->floats().begin(), given->floats().end());
  return success();
}

Value Cell::clipped(Value v) {
  if (clip <= 0)
    return v;
  v = e.make<nn::MaxOp>(v, e.scalar(-clip, v));
  return e.make<nn::MinOp>(v, e.scalar(clip, v));
}

Value Cell::activate(int64_t direction, int index, Value v) {
  size_t at = direction * (activations.size() / directions) + index;
  const std::string &name = activations[at];
  v = clipped(v);
  if (name == "Sigmoid")
    return e.make<nn::SigmoidOp>(v);
  if (name == "Tanh")
    return e.make<nn::TanhOp>(v);
  if (name == "Relu")
    return e.make<nn::ReluOp>(v);
  auto [alpha, beta] = *defaultsOf(name);
  alpha = at < alphas.size() ? alphas[at] : alpha;
  beta = at < betas.size() ? betas[at] : beta;
  Arithmetic m(e);
  Value one = e.scalar(1, v);
  if (name == "Affine")
    return m.add(m.mul(v, alpha), beta);
  if (name == "HardSigmoid")
    return m.clamp(m.add(m.mul(v, alpha), beta), 0, 1);
  if (name == "ScaledTanh")
    return m.mul(e.make<nn::TanhOp>(m.mul(v, beta)), alpha);
  if (name == "Softsign")
    return m.div(v, m.add(m.abs(v), 1));
  if (name == "Softplus") // log(1 + exp(v)) without overflow
    return m.add(m.max(v, 0), e.make<nn::LogOp>(m.add(
                                  e.make<nn::ExpOp>(m.mul(m.abs(v), -1)), 1)));
  if (name == "ThresholdedRelu")
    return m.select(m.compare(nn::ComparePredicate::GT, v, alpha), v, 0);
  Value negative = name == "LeakyRelu"
                       ? m.mul(v, alpha)
                       : m.mul(m.sub(e.make<nn::ExpOp>(v), one), alpha);
  return m.select(m.compare(nn::ComparePredicate::LT, v, 0), negative, v);
}

Value Cell::initial(int operand, int64_t direction) {
  if (!e.has(operand))
    return e.splat(RankedTensorType::get({batch, hidden}, elementOf(x)), 0);
  Value state = e.in(operand);
  if (batchFirst)
    state = e.transpose(state, {1, 0, 2});
  state = whole(state, 1);
  return e.reshape(e.slice(state, {direction, 0, 0}, {1, batch, hidden}),
                   {batch, hidden});
}

Value Cell::matrix(int operand, int64_t direction) {
  Value all = e.in(operand);
  auto turn = all.getDefiningOp<nn::TransposeOp>();
  bool isTurned = turn && turn.getPerm() == ArrayRef<int64_t>{0, 2, 1};
  auto numbers = Dequantized::match(isTurned ? turn.getX() : all);
  if (!numbers || typeOf(numbers->bytes).getRank() != 3)
    return e.transpose(part(operand, direction), {1, 0});
  auto cut = [&](Value v) {
    ArrayRef<int64_t> shape = shapeOf(v);
    if (shape.size() < 3)
      return v; // one for all
    return slice(v, shape[0] > 1 ? direction : 0);
  };
  numbers->bytes = cut(numbers->bytes);
  numbers->scale = cut(numbers->scale);
  if (numbers->zero) {
    // A constant in the loop is known there.
    if (auto known = numbers->zero.getDefiningOp<nn::ConstantOp>())
      numbers->zero = e.make<nn::ConstantOp>(known.getValue());
    numbers->zero = cut(numbers->zero);
  }
  Value result = numbers->emit(e);
  return isTurned ? result : e.transpose(result, {1, 0});
}

Value Cell::multiplied(Value hidden) {
  if (!e.intAttr("quantized", 0))
    return hidden;
  // Sequences that are not there do not count for the scale.
  if (batchExtent) {
    Arithmetic m(e);
    Value isThere = m.compare(nn::ComparePredicate::LT,
                              e.iota(batch, 1, /*axis=*/0, /*rank=*/2),
                              e.reshape(batchExtent, {1, 1}));
    hidden = m.select(isThere, hidden, 0);
  }
  auto type =
      IntegerType::get(e.builder.getContext(), 8, IntegerType::Unsigned);
  auto bytes = quantizeDynamically(e, hidden, type);
  return failed(bytes) ? hidden : bytes->emit(e);
}

Value Cell::project(int64_t direction) {
  Value rows = e.reshape(x, {steps * batch, inputs});
  if (auto numbers = Dequantized::match(x);
      numbers && shapeOf(numbers->scale).empty()) {
    numbers->bytes = e.reshape(numbers->bytes, shapeOf(rows));
    rows = numbers->emit(e);
  }
  Value all = e.make<nn::MatmulOp>(rows, matrix(1, direction));
  return e.reshape(all, {steps, batch, gates * hidden});
}

/// Sequences of so few steps are laid out one step after the other.
constexpr int64_t maxUnrolled = 4;

LogicalResult Cell::finish(ArrayRef<Value> all, ArrayRef<Value> lastHidden,
                           ArrayRef<Value> lastCell) {
  auto join = [&](ArrayRef<Value> parts, Dims shape, int64_t axis) {
    SmallVector<Value> reshaped;
    shape.insert(shape.begin() + axis, 1);
    for (Value part : parts)
      reshaped.push_back(e.reshape(part, shape));
    return e.concat(reshaped, axis);
  };
  if (e.wants(0)) {
    Value y = join(all, {steps, batch, hidden}, 1);
    y = counted(counted(y, stepsExtent, 0), batchExtent, 2);
    (void)e.set(0, batchFirst ? e.transpose(y, {2, 0, 1, 3}) : y);
  }
  auto last = [&](int output, ArrayRef<Value> parts) {
    if (!e.wants(output))
      return;
    Value joined = counted(join(parts, {batch, hidden}, 0), batchExtent, 1);
    (void)e.set(output, batchFirst ? e.transpose(joined, {1, 0, 2}) : joined);
  };
  last(1, lastHidden);
  if (!lastCell.empty())
    last(2, lastCell);
  return success();
}

/// The steps of one direction. `step` makes the next hidden state of an input
/// and a hidden state, and changes `memory` (the state of an LSTM's cell), if
/// there is one. Behind the end of a shorter sequence nothing changes and the
/// output is 0.
class Direction {
public:
  using Step = llvm::function_ref<Value(Value in, Value hidden)>;

  Direction(Cell &cell, Value *memory, Step step)
      : cell(cell), e(cell.e), memory(memory), step(step) {}

  /// Takes the projected inputs, and gives the hidden states of all steps. The
  /// last one is in `hidden`.
  Value run(Value inputs, Value &hidden, bool backwards) {
    if (cell.steps == 0)
      return e.splat(RankedTensorType::get({0, cell.batch, cell.hidden},
                                           elementOf(cell.x)),
                     0);
    return cell.steps <= maxUnrolled ? unroll(inputs, hidden, backwards)
                                     : loop(inputs, hidden, backwards);
  }

private:
  /// One step at time `t`; returns the output.
  Value advance(Value in, Value t, Value &hidden) {
    Value before = hidden, carried = memory ? *memory : Value();
    hidden = step(in, hidden);
    if (!cell.lengths)
      return hidden;
    Arithmetic m(e);
    Value happens = m.compare(nn::ComparePredicate::GT, cell.lengths, t);
    Value output = m.select(happens, hidden, 0);
    hidden = m.select(happens, hidden, before);
    if (memory)
      *memory = m.select(happens, *memory, carried);
    return output;
  }

  Value unroll(Value inputs, Value &hidden, bool backwards) {
    SmallVector<Value> outputs(cell.steps);
    int64_t width = cell.gates * cell.hidden;
    for (int64_t i = 0; i < cell.steps; ++i) {
      int64_t t = backwards ? cell.steps - 1 - i : i;
      Value in = e.slice(inputs, {t, 0, 0}, {1, cell.batch, width});
      Value output =
          advance(e.reshape(in, {cell.batch, width}), e.ints({t}, {}), hidden);
      outputs[t] = e.reshape(output, {1, cell.batch, cell.hidden});
    }
    return e.concat(outputs, /*axis=*/0);
  }

  Value loop(Value inputs, Value &hidden, bool backwards) {
    SmallVector<Value> states{hidden}, sliced{inputs};
    if (memory)
      states.push_back(*memory);
    if (cell.lengths)
      sliced.push_back(e.iota(cell.steps, 1, /*axis=*/0, /*rank=*/1));
    SmallVector<bool> reversed(sliced.size(), backwards);
    auto results =
        e.loop(cell.steps, states, sliced, reversed, {backwards},
               [&](ValueRange before, ValueRange slices) {
                 Value now = before[0];
                 if (memory)
                   *memory = before[1];
                 Value output = advance(
                     slices[0], slices.size() > 1 ? slices[1] : Value(), now);
                 SmallVector<Value> made{now};
                 if (memory)
                   made.push_back(*memory);
                 made.push_back(output);
                 return made;
               });
    hidden = results[0];
    if (memory)
      *memory = results[1];
    return results.back();
  }

  Cell &cell;
  NodeEmitter &e;
  Value *memory;
  Step step;
};

/// Builds all directions. `step` computes the new hidden state from x · W^T
/// (+ biases), and changes `cells`, the states that it carries besides.
template <typename Step>
LogicalResult recurrent(Cell &cell, Step step,
                        llvm::MutableArrayRef<Value> cells = {}) {
  NodeEmitter &e = cell.e;
  SmallVector<Value> all, last;
  bool reverse = e.stringAttr("direction", "forward") == "reverse";
  for (int64_t d = 0; d < cell.directions; ++d) {
    Value hidden = cell.initial(5, d);
    auto stepOfDirection = [&](Value in, Value state) {
      return step(d, in, state);
    };
    Direction direction(cell, cells.empty() ? nullptr : &cells[d],
                        stepOfDirection);
    all.push_back(direction.run(cell.project(d), hidden, reverse || d == 1));
    last.push_back(hidden);
  }
  return cell.finish(all, last, cells);
}

/// Half `index` of the bias of a direction: 0 of W, 1 of R.
Value biasHalf(Cell &cell, int64_t direction, int64_t index) {
  int64_t n = cell.gates * cell.hidden;
  return cell.e.reshape(
      cell.e.slice(cell.e.in(3), {direction, index * n}, {1, n}), {n});
}

Value recur(Cell &cell, int64_t direction, Value hidden) {
  return cell.e.make<nn::MatmulOp>(cell.multiplied(hidden),
                                   cell.matrix(2, direction));
}

/// x · W^T + h · R^T + Wb + Rb
Value preactivation(Cell &cell, int64_t d, Value in, Value hidden) {
  NodeEmitter &e = cell.e;
  Value sum = e.make<nn::AddOp>(in, recur(cell, d, hidden));
  if (!e.has(3))
    return sum;
  Value bias = e.make<nn::AddOp>(biasHalf(cell, d, 0), biasHalf(cell, d, 1));
  return e.make<nn::AddOp>(sum, bias);
}

LogicalResult rnn(NodeEmitter &e) {
  Cell cell(e, 1);
  if (failed(cell.read({"Tanh"})))
    return failure();
  return recurrent(cell, [&](int64_t d, Value in, Value hidden) {
    return cell.activate(d, 0, preactivation(cell, d, in, hidden));
  });
}

LogicalResult lstm(NodeEmitter &e) {
  Cell cell(e, 4);
  if (failed(cell.read({"Sigmoid", "Tanh", "Tanh"})))
    return failure();
  bool coupled = e.intAttr("input_forget", 0);
  SmallVector<Value> state;
  for (int64_t d = 0; d < cell.directions; ++d)
    state.push_back(cell.initial(6, d));
  // peepholes of input, output and forget gate
  auto peephole = [&](int64_t d, int64_t index, Value c, Value gate) {
    if (!e.has(7))
      return gate;
    Value p =
        e.reshape(e.slice(e.in(7), {d, index * cell.hidden}, {1, cell.hidden}),
                  {cell.hidden});
    return e.make<nn::AddOp>(gate, e.make<nn::MulOp>(p, c));
  };
  SmallVector<Value> &cells = state;
  auto step = [&](int64_t d, Value in, Value hidden) {
    Value sum = preactivation(cell, d, in, hidden);
    Value c = cells[d];
    Value i = cell.activate(d, 0, peephole(d, 0, c, cell.gate(sum, 0)));
    Value f = coupled
                  ? e.make<nn::SubOp>(e.scalar(1, i), i)
                  : cell.activate(d, 0, peephole(d, 2, c, cell.gate(sum, 2)));
    Value g = cell.activate(d, 1, cell.gate(sum, 3));
    c = e.make<nn::AddOp>(e.make<nn::MulOp>(f, c), e.make<nn::MulOp>(i, g));
    cells[d] = c;
    Value o = cell.activate(d, 0, peephole(d, 1, c, cell.gate(sum, 1)));
    return e.make<nn::MulOp>(o, cell.activate(d, 2, c));
  };
  return recurrent(cell, step, llvm::MutableArrayRef<Value>(state));
}

LogicalResult gru(NodeEmitter &e) {
  Cell cell(e, 3);
  if (failed(cell.read({"Sigmoid", "Tanh"})))
    return failure();
  bool before = e.intAttr("linear_before_reset", 0);
  int64_t h = cell.hidden;
  return recurrent(cell, [&](int64_t d, Value in, Value hidden) {
    Value rec;
    Value x = in;
    if (e.has(3))
      x = e.make<nn::AddOp>(x, biasHalf(cell, d, 0));
    Value r = cell.part(2, d);
    auto rows = [&](int64_t from, int64_t count, Value state) {
      Value part =
          e.transpose(e.slice(r, {from * h, 0}, {count * h, h}), {1, 0});
      Value product = e.make<nn::MatmulOp>(state, part);
      if (e.has(3)) {
        Value bias = e.slice(biasHalf(cell, d, 1), {from * h}, {count * h});
        product = e.make<nn::AddOp>(product, bias);
      }
      return product;
    };
    rec = rows(0, before ? 3 : 2, hidden);
    Value z = cell.activate(
        d, 0, e.make<nn::AddOp>(cell.gate(x, 0), cell.gate(rec, 0)));
    Value reset = cell.activate(
        d, 0, e.make<nn::AddOp>(cell.gate(x, 1), cell.gate(rec, 1)));
    Value inner = before ? e.make<nn::MulOp>(reset, cell.gate(rec, 2))
                         : rows(2, 1, e.make<nn::MulOp>(reset, hidden));
    Value fresh =
        cell.activate(d, 1, e.make<nn::AddOp>(cell.gate(x, 2), inner));
    // (1 - z) * fresh + z * hidden
    Value keep = e.make<nn::MulOp>(z, hidden);
    Value take = e.make<nn::MulOp>(e.make<nn::SubOp>(e.scalar(1, z), z), fresh);
    return e.make<nn::AddOp>(take, keep);
  });
}

} // namespace

void dlc::importer::addRecurrent(EmitterTable &table) {
  table["RNN"] = rnn;
  table["LSTM"] = lstm;
  table["GRU"] = gru;
}
