//===- Ranges.cpp - Between which numbers elements are --------------------===//
//
// One range for all elements of a tensor, of any size, where Intervals.cpp
// knows each element of a small one on its own.
//
//===----------------------------------------------------------------------===//

#include "Ranges.h"
#include "Internal.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

using namespace dlc::importer;
using onnx::NodeProto;

namespace {

using Rule = Range (*)(const NodeProto &node, int output,
                       const RangeContext &context);

Range operand(const NodeProto &node, int index, const RangeContext &context) {
  return index < node.input_size() && !node.input(index).empty()
             ? context.rangeOf(node.input(index))
             : Range();
}

/// What is computed in less precision may be beyond the exact result.
Range widened(Range range) {
  constexpr double rounding = 1e-6;
  for (auto [end, sign] : {std::pair(&range.least, -1), {&range.most, 1}})
    if (*end != std::floor(*end))
      *end += sign * std::fabs(*end) * rounding;
  // An infinity minus an infinity.
  if (std::isnan(range.least))
    range.least = Range().least;
  if (std::isnan(range.most))
    range.most = Range().most;
  return range;
}

Range either(const Range &a, const Range &b) {
  return {std::min(a.least, b.least), std::max(a.most, b.most)};
}

/// Elements of the first operand, in whatever order.
Range moved(const NodeProto &node, int, const RangeContext &context) {
  return operand(node, 0, context);
}

Range anyOperand(const NodeProto &node, int, const RangeContext &context) {
  Range range = operand(node, 0, context);
  for (int i = 1; i < node.input_size(); ++i)
    range = either(range, operand(node, i, context));
  return range;
}

Range chosen(const NodeProto &node, int, const RangeContext &context) {
  return either(operand(node, 1, context), operand(node, 2, context));
}

/// Moved elements among others that are `fill`.
Range among(const Range &range, double fill) {
  return either(range, {fill, fill});
}

Range padded(const NodeProto &node, int, const RangeContext &context) {
  Range range = operand(node, 0, context);
  const onnx::AttributeProto *mode = attribute(node, "mode");
  if (mode && mode->s() != "constant")
    return range;
  bool isGiven = node.input_size() > 2 && !node.input(2).empty();
  return isGiven ? either(range, operand(node, 2, context)) : among(range, 0);
}

Range triangle(const NodeProto &node, int, const RangeContext &context) {
  return among(operand(node, 0, context), 0);
}

Range scattered(const NodeProto &node, int, const RangeContext &context) {
  const onnx::AttributeProto *reduction = attribute(node, "reduction");
  if (reduction && (reduction->s() == "add" || reduction->s() == "mul"))
    return {};
  return either(operand(node, 0, context), operand(node, 2, context));
}

/// Of dimensions that may be empty an extreme is infinite.
Range extreme(const NodeProto &node, int, const RangeContext &context) {
  return context.isOpen(node.input(0)) ? Range() : operand(node, 0, context);
}

/// The most elements of the operand that are summed up to one.
std::optional<double> reduced(const NodeProto &node,
                              const RangeContext &context) {
  const auto *x = context.shapeOf(node.input(0)),
             *y = context.shapeOf(node.output(0));
  if (!x || !y)
    return std::nullopt;
  double count = 1;
  for (int64_t dim : *x)
    count *= double(dim);
  for (int64_t dim : *y)
    count /= double(std::max<int64_t>(dim, 1));
  return count;
}

Range summed(const NodeProto &node, int, const RangeContext &context) {
  auto count = reduced(node, context);
  Range range = operand(node, 0, context);
  if (!count)
    return {};
  // There may be fewer.
  return widened({range.least < 0 ? range.least * *count : 0,
                  range.most > 0 ? range.most * *count : 0});
}

Range sum(const NodeProto &node, int, const RangeContext &context) {
  Range range{0, 0};
  for (int i = 0; i < node.input_size(); ++i) {
    Range more = operand(node, i, context);
    range.least += more.least;
    range.most += more.most;
  }
  return widened(range);
}

Range difference(const NodeProto &node, int, const RangeContext &context) {
  Range a = operand(node, 0, context), b = operand(node, 1, context);
  return widened({a.least - b.most, a.most - b.least});
}

Range product(const NodeProto &node, int, const RangeContext &context) {
  Range a = operand(node, 0, context), b = operand(node, 1, context);
  // The same number twice.
  if (node.input(0) == node.input(1) && (a.least >= 0 || a.most <= 0))
    return widened({std::min(a.least * a.least, a.most * a.most),
                    std::max(a.least * a.least, a.most * a.most)});
  double ends[] = {a.least * b.least, a.least * b.most, a.most * b.least,
                   a.most * b.most};
  for (double &end : ends)
    end = std::isnan(end) ? 0 : end; // 0 times what has no limit
  return widened({*std::min_element(std::begin(ends), std::end(ends)),
                  *std::max_element(std::begin(ends), std::end(ends))});
}

/// By what is positive; integers round towards zero, which is nearer to it.
Range quotient(const NodeProto &node, int, const RangeContext &context) {
  Range a = operand(node, 0, context), b = operand(node, 1, context);
  if (!(b.least > 0))
    return {};
  auto divide = [](double x, double y) { return std::isinf(y) ? 0 : x / y; };
  return widened({std::min(divide(a.least, b.least), divide(a.least, b.most)),
                  std::max(divide(a.most, b.least), divide(a.most, b.most))});
}

/// By what is positive.
Range remainder(const NodeProto &node, int, const RangeContext &context) {
  Range a = operand(node, 0, context), b = operand(node, 1, context);
  if (!(b.least >= 0))
    return {};
  bool isSigned = intAttr(node, "fmod", 0) && a.least < 0;
  return {isSigned ? std::max(-b.most, std::min(a.least, 0.0)) : 0,
          a.least >= 0 ? std::min(a.most, b.most) : b.most};
}

Range negative(const NodeProto &node, int, const RangeContext &context) {
  Range x = operand(node, 0, context);
  return {-x.most, -x.least};
}

Range magnitude(const NodeProto &node, int, const RangeContext &context) {
  Range x = operand(node, 0, context);
  return {std::max({x.least, -x.most, 0.0}), std::max(-x.least, x.most)};
}

template <double (*fn)(double)>
Range monotone(const NodeProto &node, int, const RangeContext &context) {
  Range x = operand(node, 0, context);
  return widened({fn(x.least), fn(x.most)});
}

double positivePart(double x) { return std::max(x, 0.0); }
double root(double x) { return std::sqrt(std::max(x, 0.0)); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

Range cast(const NodeProto &node, int, const RangeContext &context) {
  using onnx::TensorProto;
  Range x = operand(node, 0, context);
  switch (intAttr(node, "to", 0)) {
  case TensorProto::BOOL:
    return {0, 1};
  case TensorProto::FLOAT:
  case TensorProto::DOUBLE:
    return x;
  case TensorProto::INT64:
  case TensorProto::INT32:
    // What has no limit may become anything.
    return std::max(-x.least, x.most) < 2147483647.0
               ? Range{std::trunc(x.least), std::trunc(x.most)}
               : Range();
  default:
    return {};
  }
}

Range clipped(const NodeProto &node, int, const RangeContext &context) {
  Range x = operand(node, 0, context);
  auto limit = [&](int index) { return operand(node, index, context); };
  bool hasLeast = node.input_size() > 1 && !node.input(1).empty(),
       hasMost = node.input_size() > 2 && !node.input(2).empty();
  if (hasLeast)
    x = {std::max(x.least, limit(1).least), std::max(x.most, limit(1).most)};
  if (hasMost)
    x = {std::min(x.least, limit(2).least), std::min(x.most, limit(2).most)};
  return x;
}

Range largest(const NodeProto &node, int, const RangeContext &context) {
  Range range = operand(node, 0, context);
  for (int i = 1; i < node.input_size(); ++i) {
    Range other = operand(node, i, context);
    range = {std::max(range.least, other.least),
             std::max(range.most, other.most)};
  }
  return range;
}

Range smallest(const NodeProto &node, int, const RangeContext &context) {
  Range range = operand(node, 0, context);
  for (int i = 1; i < node.input_size(); ++i) {
    Range other = operand(node, i, context);
    range = {std::min(range.least, other.least),
             std::min(range.most, other.most)};
  }
  return range;
}

/// Positions along the dimension `axis` of the first operand.
Range positions(const NodeProto &node, const RangeContext &context,
                int64_t axis) {
  const auto *shape = context.shapeOf(node.input(0));
  if (!shape)
    return {};
  axis += axis < 0 ? int64_t(shape->size()) : 0;
  if (axis < 0 || axis >= int64_t(shape->size()))
    return {};
  return {0, double(std::max<int64_t>((*shape)[size_t(axis)] - 1, 0))};
}

Range extremePosition(const NodeProto &node, int, const RangeContext &context) {
  return positions(node, context, intAttr(node, "axis", 0));
}

Range top(const NodeProto &node, int output, const RangeContext &context) {
  return output == 0 ? operand(node, 0, context)
                     : positions(node, context, intAttr(node, "axis", -1));
}

Range present(const NodeProto &node, int, const RangeContext &context) {
  const auto *shape = context.shapeOf(node.input(0));
  if (!shape)
    return {};
  int64_t most = 1;
  for (int64_t dim : *shape)
    most = std::max(most, dim);
  return {0, double(most - 1)};
}

Range unit(const NodeProto &, int, const RangeContext &) { return {0, 1}; }
Range wave(const NodeProto &, int, const RangeContext &) { return {-1, 1}; }

/// The first result of an op of which others are positions.
Range firstMoved(const NodeProto &node, int output,
                 const RangeContext &context) {
  return output == 0 ? operand(node, 0, context) : Range();
}

/// What a region gets: the number of the iteration, states, slices.
Range inLoop(const NodeProto &node, int output, const RangeContext &context) {
  if (output == 0)
    return {0, double(std::max<int64_t>(intAttr(node, "trips", 1) - 1, 0))};
  bool isState = output <= intAttr(node, "states", 0);
  return isState ? Range() : operand(node, output - 1, context);
}

const std::unordered_map<std::string, Rule> &rules() {
  static const std::unordered_map<std::string, Rule> table = {
      {"Abs", magnitude},
      {"Add", sum},
      {"And", unit},
      {"ArgMax", extremePosition},
      {"ArgMin", extremePosition},
      {"Cast", cast},
      {"Ceil", monotone<std::ceil>},
      {"Clip", clipped},
      {"Compress", moved},
      {"Concat", anyOperand},
      {"Cos", wave},
      {"DepthToSpace", moved},
      {"Div", quotient},
      {"Equal", unit},
      {"Expand", moved},
      {"Flatten", moved},
      {"Floor", monotone<std::floor>},
      {"Gather", moved},
      {"GatherElements", moved},
      {"GatherND", moved},
      {"Greater", unit},
      {"GreaterOrEqual", unit},
      {"HardSigmoid", unit},
      {"Identity", moved},
      {"IsInf", unit},
      {"IsNaN", unit},
      {"Less", unit},
      {"LessOrEqual", unit},
      {"Max", largest},
      {"Min", smallest},
      {"Mod", remainder},
      {"Mul", product},
      {"Neg", negative},
      {"NonZero", present},
      {"Not", unit},
      {"Or", unit},
      {"Pad", padded},
      {"ReduceMax", extreme},
      {"ReduceMean", extreme},
      {"ReduceMin", extreme},
      {"ReduceSum", summed},
      {"Relu", monotone<positivePart>},
      {"Reshape", moved},
      {"ReverseSequence", moved},
      {"Round", monotone<std::nearbyint>},
      {"ScatterElements", scattered},
      {"ScatterND", scattered},
      {"Sigmoid", monotone<sigmoid>},
      {"Sin", wave},
      {"Slice", moved},
      {"Softmax", unit},
      {"SpaceToDepth", moved},
      {"Split", moved},
      {"Sqrt", monotone<root>},
      {"Squeeze", moved},
      {"Sub", difference},
      {"Sum", sum},
      {"Tanh", monotone<std::tanh>},
      {"Tile", moved},
      {"TopK", top},
      {"Transpose", moved},
      {"Trilu", triangle},
      {"Unique", firstMoved},
      {"Unsqueeze", moved},
      {"Where", chosen},
      {"Xor", unit}};
  return table;
}

const std::unordered_map<std::string, Rule> &ownRules() {
  static const std::unordered_map<std::string, Rule> table = {
      {boundedOp, moved},    {choiceOp, chosen},  {loopBeginOp, inLoop},
      {openExpandOp, moved}, {openPadOp, padded}, {openReshapeOp, moved},
      {openSliceOp, moved}};
  return table;
}

} // namespace

Range dlc::importer::rangeOfResult(const NodeProto &node, int output,
                                   const RangeContext &context) {
  if (node.input_size() == 0 || node.output(output).empty())
    return {};
  const auto &table = node.domain() == ownDomain ? ownRules() : rules();
  auto rule = table.find(node.op_type());
  if (rule == table.end() ||
      (!node.domain().empty() && node.domain() != ownDomain))
    return {};
  Range range = rule->second(node, output, context);
  return range.least <= range.most ? range : Range();
}
