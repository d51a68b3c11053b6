//===- LoopConditions.cpp - When the conditions of loops end them ---------===//
//
// A loop without a number of iterations goes on for as long as its body says.
// Where that compares what counts the iterations with a number that is known,
// or has a bound, the loop has a largest number of iterations all the same.
//
//===----------------------------------------------------------------------===//

#include "Internal.h"

#include <algorithm>
#include <cstdlib>

using namespace dlc::importer;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TensorProto;

std::optional<TensorProto>
dlc::importer::bodyConstant(const GraphProto &body, const std::string &name) {
  for (const TensorProto &tensor : body.initializer())
    if (tensor.name() == name)
      return tensor;
  for (const NodeProto &node : body.node()) {
    if (node.op_type() != "Constant" || !node.domain().empty() ||
        node.output_size() != 1 || node.output(0) != name)
      continue;
    NodeProto copy = node;
    TensorProto tensor;
    return constantTensor(copy, tensor) ? std::optional(tensor) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::vector<int64_t>>
dlc::importer::bodyInts(const GraphProto &body, const std::string &name) {
  auto tensor = bodyConstant(body, name);
  if (!tensor)
    return std::nullopt;
  GraphProto holder;
  *holder.add_initializer() = std::move(*tensor);
  return knownInts(holder, name);
}

namespace {

/// Follows numbers through the body of a loop.
class BodyNumbers {
public:
  BodyNumbers(const NodeProto &loop, const GraphProto &body,
              const OuterFn &outer)
      : loop(loop), body(body), outer(outer) {
    for (const NodeProto &node : body.node())
      for (const std::string &output : node.output())
        makers[output] = &node;
  }

  /// The most iterations after which a condition of the body is true, counted
  /// with the first one; nothing where that is not known.
  std::optional<int64_t> mostTrips(const std::string &condition,
                                   bool isNegated = false, int depth = 0) {
    const NodeProto *node = makerOf(condition, depth);
    if (!node)
      return std::nullopt;
    const std::string &op = node->op_type();
    auto next = [&](int operand, bool negate) {
      return mostTrips(node->input(operand), negate, depth + 1);
    };
    if (op == "Identity")
      return next(0, isNegated);
    if (op == "Not")
      return next(0, !isNegated);
    if (op == (isNegated ? "Or" : "And")) {
      auto one = next(0, isNegated), other = next(1, isNegated);
      return one && other ? std::min(*one, *other) : one ? one : other;
    }
    bool isLess = op == "Less" || op == "LessOrEqual";
    if (!isLess && op != "Greater" && op != "GreaterOrEqual")
      return std::nullopt;
    bool withEqual = (op == "LessOrEqual" || op == "GreaterOrEqual");
    withEqual ^= isNegated;
    isLess ^= isNegated;
    return tripsBelow(node->input(isLess ? 0 : 1), node->input(isLess ? 1 : 0),
                      withEqual, depth);
  }

private:
  /// A number in iteration k: `base` + `each` * k.
  struct Progress {
    int64_t base, each;
  };
  /// Far from where sums overflow.
  static constexpr int64_t largest = int64_t(1) << 40;
  /// Up to it floats hold all integers.
  static constexpr int64_t largestExact = int64_t(1) << 24;
  static constexpr int maxDepth = 100;

  const NodeProto *makerOf(const std::string &name, int depth) const {
    auto found = makers.find(name);
    bool isPlain = depth < maxDepth && found != makers.end() &&
                   found->second->domain().empty();
    return isPlain ? found->second : nullptr;
  }

  static std::optional<Progress> checked(Progress progress) {
    if (std::abs(progress.base) > largest || std::abs(progress.each) > largest)
      return std::nullopt;
    return progress;
  }

  static std::optional<int64_t>
  single(const std::optional<std::vector<int64_t>> &values) {
    return values && values->size() == 1 && (*values)[0] >= -largest &&
                   (*values)[0] <= largest
               ? std::optional((*values)[0])
               : std::nullopt;
  }

  std::optional<Progress> follow(const std::string &name, int depth) const {
    if (name == body.input(0).name())
      return Progress{0, 1};
    for (int s = 2; s < body.input_size(); ++s)
      if (name == body.input(s).name())
        return followState(s, depth);
    if (auto value = single(bodyInts(body, name)))
      return Progress{*value, 0};
    const NodeProto *node = makerOf(name, depth);
    if (!node) {
      auto value = makers.count(name) ? std::nullopt : outer(name);
      return value && value->isExact ? checked({value->most, 0}) : std::nullopt;
    }
    const std::string &op = node->op_type();
    bool isOther = op == "Identity" || op == "Reshape" || op == "Squeeze" ||
                   op == "Unsqueeze";
    if (isOther || isExactCast(*node))
      return follow(node->input(0), depth + 1);
    if (op != "Add" && op != "Sub")
      return std::nullopt;
    auto a = follow(node->input(0), depth + 1);
    auto b = follow(node->input(1), depth + 1);
    int64_t sign = op == "Add" ? 1 : -1;
    return a && b
               ? checked({a->base + sign * b->base, a->each + sign * b->each})
               : std::nullopt;
  }

  /// Whether a node keeps whole numbers of up to `largestExact` as they are.
  static bool isExactCast(const NodeProto &node) {
    int64_t to = intAttr(node, "to", 0);
    return node.op_type() == "Cast" &&
           (to == TensorProto::INT64 || to == TensorProto::INT32 ||
            to == TensorProto::FLOAT || to == TensorProto::DOUBLE);
  }

  /// The most that a number may be which is the same in all iterations.
  std::optional<int64_t> mostOf(const std::string &name, int depth) const {
    if (auto value = single(bodyInts(body, name)))
      return value;
    for (int s = 2; s < body.input_size(); ++s)
      if (name == body.input(s).name()) {
        if (!isKept(s))
          return std::nullopt;
        auto first = outer(loop.input(s));
        return first ? std::optional(first->most) : std::nullopt;
      }
    if (const NodeProto *node = makerOf(name, depth)) {
      bool isSame = node->op_type() == "Identity" || isExactCast(*node);
      return isSame ? mostOf(node->input(0), depth + 1) : std::nullopt;
    }
    auto value = makers.count(name) ? std::nullopt : outer(name);
    return value ? std::optional(value->most) : std::nullopt;
  }

  /// Whether the body gives a state back as it got it.
  bool isKept(int input) const {
    std::string next = body.output(input - 1).name();
    const NodeProto *node = makerOf(next, 0);
    for (int depth = 0; node && node->op_type() == "Identity";
         node = makerOf(next, ++depth))
      next = node->input(0);
    return next == body.input(input).name();
  }

  /// A state to which each iteration adds the same.
  std::optional<Progress> followState(int input, int depth) const {
    std::string next = body.output(input - 1).name();
    const NodeProto *node = makerOf(next, depth);
    for (; node && node->op_type() == "Identity"; node = makerOf(next, ++depth))
      next = node->input(0);
    const std::string &name = body.input(input).name();
    auto first = outer(loop.input(input));
    if (!node || node->op_type() != "Add" || !first || !first->isExact)
      return std::nullopt;
    int step = node->input(0) == name ? 1 : 0;
    auto each = single(bodyInts(body, node->input(step)));
    if (!each && !makers.count(node->input(step)))
      if (auto value = outer(node->input(step)); value && value->isExact)
        each = value->most;
    if (node->input(1 - step) != name || !each)
      return std::nullopt;
    return checked({first->most, *each});
  }

  /// How often the first number is less than the second one, and once more.
  std::optional<int64_t> tripsBelow(const std::string &less,
                                    const std::string &than, bool withEqual,
                                    int depth) const {
    auto progress = follow(less, depth + 1);
    if (!progress || progress->each < 1)
      return std::nullopt;
    auto limit = mostOf(than, depth + 1);
    if (!limit || *limit + progress->each > largestExact)
      return std::nullopt;
    int64_t span = *limit - progress->base + withEqual;
    return (span <= 0 ? 0 : (span - 1) / progress->each + 1) + 1;
  }

  const NodeProto &loop;
  const GraphProto &body;
  const OuterFn &outer;
  std::unordered_map<std::string, const NodeProto *> makers;
};

} // namespace

std::optional<int64_t> dlc::importer::tripsOfCondition(const NodeProto &loop,
                                                       const OuterFn &outer) {
  const GraphProto *body = subgraph(loop, "body");
  if (!body || loop.input_size() < 2 ||
      body->input_size() != loop.input_size() ||
      body->output_size() < body->input_size() - 1)
    return std::nullopt;
  return BodyNumbers(loop, *body, outer).mostTrips(body->output(0).name());
}
