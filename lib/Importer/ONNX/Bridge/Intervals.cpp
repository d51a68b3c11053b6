//===- Intervals.cpp - What is known of computed numbers ------------------===//
//
// Sizes are computed by small graphs. Of what depends on extents the least and
// the most are known: this follows both through the nodes that models compute
// sizes with, by evaluating them on the ends of intervals.
//
//===----------------------------------------------------------------------===//

#include "Intervals.h"
#include "Internal.h"

#include <algorithm>
#include <unordered_set>

using namespace dlc::importer;
using onnx::NodeProto;

namespace {

using Operands = std::vector<Interval>;
using Result = std::optional<Value>;

/// What an elementwise node of this kind makes of two values.
Result apply(const char *op, const Value *a, const Value *b) {
  NodeProto node;
  node.set_op_type(op);
  auto results = a && b ? evaluate(node, {a, b}) : std::nullopt;
  return results && results->size() == 1 ? Result(std::move(results->front()))
                                         : std::nullopt;
}

Result apply(const char *op, const Result &a, const Result &b) {
  return apply(op, a ? &*a : nullptr, b ? &*b : nullptr);
}

template <typename Fn>
bool allOf(const Value &value, Fn holds) {
  return value.isFloat()
             ? std::all_of(value.floats.begin(), value.floats.end(), holds)
             : std::all_of(value.ints.begin(), value.ints.end(), holds);
}

std::vector<Limits> one(Result least, Result most) {
  if (!most)
    return {};
  std::vector<Limits> limits(1);
  limits[0].least = std::move(least);
  limits[0].most = std::move(*most);
  return limits;
}

/// Operands from `first` on have to be constants.
bool areConstant(const Operands &operands, size_t first) {
  return std::all_of(operands.begin() + std::min(first, operands.size()),
                     operands.end(), [](const Interval &operand) {
                       return !operand.most || operand.isConstant();
                     });
}

/// How many operands of an op make its results larger, or smaller: those behind
/// them say where elements go.
struct Direction {
  size_t operands;
  /// Of the operands: which one makes results smaller (or none).
  std::optional<size_t> falling;
};

std::optional<Direction> directionOf(const std::string &op) {
  constexpr size_t all = SIZE_MAX;
  static const std::unordered_map<std::string, Direction> directions = {
      {"Add", {all, {}}},        {"And", {all, {}}},
      {"Cast", {all, {}}},       {"Ceil", {all, {}}},
      {"Concat", {all, {}}},     {"CumSum", {1, {}}},
      {"Expand", {1, {}}},       {"Flatten", {all, {}}},
      {"Floor", {all, {}}},      {"Gather", {1, {}}},
      {"Greater", {all, 1}},     {"GreaterOrEqual", {all, 1}},
      {"Identity", {all, {}}},   {"Less", {all, 0}},
      {"LessOrEqual", {all, 0}}, {"Max", {all, {}}},
      {"Min", {all, {}}},        {"Neg", {all, 0}},
      {"Not", {all, 0}},         {"Or", {all, {}}},
      {"ReduceMax", {1, {}}},    {"ReduceMin", {1, {}}},
      {"ReduceSum", {1, {}}},    {"Relu", {all, {}}},
      {"Reshape", {1, {}}},      {"Round", {all, {}}},
      {"Slice", {1, {}}},        {"Split", {1, {}}},
      {"Squeeze", {1, {}}},      {"Sub", {all, 1}},
      {"Sum", {all, {}}},        {"Tile", {1, {}}},
      {"Transpose", {all, {}}},  {"Unsqueeze", {1, {}}}};
  auto found = directions.find(op);
  return found == directions.end() ? std::nullopt
                                   : std::optional(found->second);
}

std::vector<Limits> ofMonotone(const NodeProto &node, const Operands &operands,
                               const Direction &direction) {
  if (!areConstant(operands, direction.operands))
    return {};
  auto extreme = [&](bool isMost) -> std::optional<std::vector<Value>> {
    std::vector<const Value *> ends;
    for (size_t i = 0; i < operands.size(); ++i) {
      const Interval &operand = operands[i];
      bool isAbsent = !operand.least && !operand.most;
      bool takesMost = isMost != (direction.falling == i);
      ends.push_back(takesMost ? operand.most : operand.least);
      if (!ends.back() && !isAbsent)
        return std::nullopt;
    }
    return evaluate(node, ends);
  };
  auto most = extreme(true), least = extreme(false);
  std::vector<Limits> limits;
  for (size_t i = 0; most && i < most->size(); ++i) {
    limits.emplace_back();
    limits.back().most = std::move((*most)[i]);
    if (least && i < least->size())
      limits.back().least = std::move((*least)[i]);
  }
  return limits;
}

/// Of two numbers of any sign the product is between those of the ends.
std::vector<Limits> ofProduct(const Interval &a, const Interval &b) {
  bool areNatural =
      a.least && b.least && isNatural(*a.least) && isNatural(*b.least);
  // What nothing is known of downwards has no effect upwards.
  if (areNatural || (!a.least && b.isConstant() && isNatural(*b.most)) ||
      (!b.least && a.isConstant() && isNatural(*a.most)))
    return one(apply("Mul", a.least, b.least), apply("Mul", a.most, b.most));
  Result least, most;
  for (const Value *x : {a.least, a.most})
    for (const Value *y : {b.least, b.most}) {
      Result product = apply("Mul", x, y);
      if (!product)
        return {};
      least = least ? apply("Min", least, product) : product;
      most = most ? apply("Max", most, product) : product;
    }
  return one(least, most);
}

/// By a constant that is positive.
std::vector<Limits> ofQuotient(const Interval &a, const Interval &b) {
  if (!b.isConstant() || !allOf(*b.most, [](auto x) { return x > 0; }))
    return {};
  return one(apply("Div", a.least, b.least), apply("Div", a.most, b.most));
}

/// By integers that are positive (or 0, which is an error of the model).
std::vector<Limits> ofRemainder(const NodeProto &node, const Interval &a,
                                const Interval &b) {
  if (!a.most || !b.least || a.most->isFloat() ||
      !allOf(*b.least, [](auto x) { return x >= 0; }))
    return {};
  bool neverNegative = a.least && isNatural(*a.least);
  Value unit = *b.most;
  unit.dims.clear();
  unit.ints = {1};
  Result below = apply("Sub", b.most, &unit);
  // In the shape of both operands.
  Result none = apply("Mul", apply("Sub", a.most, a.most), Result(*b.most));
  Result least = none, most = apply("Add", none, below);
  if (neverNegative)
    most = apply("Min", most, Result(*a.most));
  else if (intAttr(node, "fmod", 0))
    least = apply("Sub", none, below);
  return one(least, most);
}

std::vector<Limits> ofEqual(const Interval &a, const Interval &b) {
  return one(apply("And", apply("LessOrEqual", a.most, b.least),
                   apply("LessOrEqual", b.most, a.least)),
             apply("And", apply("LessOrEqual", a.least, b.most),
                   apply("LessOrEqual", b.least, a.most)));
}

/// Where it is not known which of two is taken, either may be.
std::vector<Limits> ofChoice(const NodeProto &node, const Operands &operands) {
  const Interval &condition = operands[0], &yes = operands[1],
                 &no = operands[2];
  auto extreme = [&](const char *outer, const Value *a, const Value *b) {
    if (!condition.least || !condition.most || !a || !b)
      return Result();
    auto take = [&](const Value *flags) -> Result {
      auto results = evaluate(node, {flags, a, b});
      return results ? Result(std::move(results->front())) : std::nullopt;
    };
    return apply(outer, take(condition.least), take(condition.most));
  };
  return one(extreme("Min", yes.least, no.least),
             extreme("Max", yes.most, no.most));
}

} // namespace

bool Limits::isSettled() const {
  return least && !most.isFloat() && least->ints == most.ints;
}

bool dlc::importer::isNatural(const Value &value) {
  return allOf(value, [](auto x) { return x >= 0; });
}

std::vector<Limits>
dlc::importer::limitsOf(const NodeProto &node,
                        const std::vector<Interval> &operands) {
  const std::string &op = node.op_type();
  if (operands.size() == 2 && op == "Mul")
    return ofProduct(operands[0], operands[1]);
  if (operands.size() == 2 && op == "Div")
    return ofQuotient(operands[0], operands[1]);
  if (operands.size() == 2 && op == "Mod")
    return ofRemainder(node, operands[0], operands[1]);
  if (operands.size() == 2 && op == "Equal")
    return ofEqual(operands[0], operands[1]);
  if (operands.size() == 3 && op == "Where")
    return ofChoice(node, operands);
  bool isNatural = !operands.empty() && operands[0].least &&
                   dlc::importer::isNatural(*operands[0].least);
  // Of negative numbers the product is large.
  if (op == "ReduceProd" && isNatural)
    return ofMonotone(node, operands, {1, {}});
  // All that are not 0 are true.
  if (op == "Cast" && !isNatural &&
      intAttr(node, "to", 0) == onnx::TensorProto::BOOL)
    return {};
  auto direction = directionOf(op);
  return direction ? ofMonotone(node, operands, *direction)
                   : std::vector<Limits>();
}
