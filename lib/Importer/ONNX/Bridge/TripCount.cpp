//===- TripCount.cpp - How often a loop runs that says itself when to end -===//
//
// "While the counter is less than ..." is what frameworks write where the
// number of iterations is no operand. Where the condition follows from known
// numbers alone, the loop is run here without the rest of its body.
//
//===----------------------------------------------------------------------===//

#include "Evaluate.h"
#include "Internal.h"

using namespace dlc::importer;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TensorProto;

namespace {

/// Nodes that are computed at most; a fraction of a second.
constexpr int64_t maxComputed = 1 << 20;
/// Conditions are about counters, not about data.
constexpr int64_t maxElements = 64;

/// What a loop's condition is computed from, run iteration by iteration.
class ConditionRunner {
public:
  ConditionRunner(const LoopParts &loop, const GraphProto &graph)
      : loop(loop), graph(graph), body(loop.body) {
    for (const NodeProto &node : body.node())
      for (const std::string &output : node.output())
        if (!output.empty())
          producers[output] = &node;
    for (int i = 0; i < body.input_size(); ++i)
      inputs[body.input(i).name()] = i;
  }

  /// How many iterations happen if there is a first one, `most` at most.
  std::optional<int64_t> run(int64_t most) {
    const std::string &goesOn = body.output(0).name();
    if (!need(goesOn))
      return std::nullopt;
    for (int64_t trips = 1;; ++trips) {
      if (!compute(trips - 1))
        return std::nullopt;
      const Value &more = values.at(goesOn);
      if (more.isFloat() || more.size() != 1)
        return std::nullopt;
      if (!more.ints[0] || trips == most)
        return trips;
      computed += std::max<int64_t>(int64_t(slice.size()), 1);
      if (computed > maxComputed)
        return std::nullopt;
      advance();
    }
  }

private:
  /// Adds what a value depends on to the slice, each node behind those it
  /// reads. Returns whether all of it can be known.
  bool need(const std::string &wanted) {
    std::vector<std::string> pending = {wanted};
    while (!pending.empty()) {
      std::string name = pending.back();
      if (name.empty() || done.count(name)) {
        pending.pop_back();
        continue;
      }
      auto producer = producers.find(name);
      if (producer == producers.end()) {
        if (!needLeaf(name, pending))
          return false;
        continue;
      }
      const NodeProto &node = *producer->second;
      if (!node.domain().empty() || !isEvaluated(node.op_type())) {
        done.insert(name);
        auto tensor = bodyConstant(body, name);
        if (!tensor || !learn(*tensor, name))
          return false;
        continue;
      }
      // Twice: before its operands, and behind them.
      bool isReady = entered.count(&node) != 0;
      if (!isReady) {
        entered.insert(&node);
        pending.insert(pending.end(), node.input().begin(), node.input().end());
        continue;
      }
      slice.push_back(&node);
      done.insert(node.output().begin(), node.output().end());
    }
    return true;
  }

  /// A value that no node of the body makes.
  bool needLeaf(const std::string &name, std::vector<std::string> &pending) {
    done.insert(name);
    auto input = inputs.find(name);
    if (input == inputs.end())
      return learn(body, name, name) || learn(graph, name, name);
    if (input->second < 2) // the number of the iteration; that there is one
      return true;
    int state = input->second - 2;
    states.push_back(state);
    pending.push_back(body.output(state + 1).name());
    return learn(graph, loop.initial[size_t(state)], name);
  }

  bool learn(const TensorProto &tensor, const std::string &as) {
    int64_t elements = 1;
    for (int64_t dim : tensor.dims()) {
      if (dim < 0 || dim > maxElements)
        return false;
      elements *= dim;
      if (elements > maxElements)
        return false;
    }
    if (!isFoldable(tensor.data_type()) || isStub(tensor))
      return false;
    values[as] = readValue(tensor);
    return true;
  }

  bool learn(const GraphProto &from, const std::string &name,
             const std::string &as) {
    for (const TensorProto &tensor : from.initializer())
      if (tensor.name() == name)
        return learn(tensor, as);
    return false;
  }

  /// The values of one iteration.
  bool compute(int64_t iteration) {
    values[body.input(0).name()] =
        Value{TensorProto::INT64, {}, {iteration}, {}};
    values[body.input(1).name()] = Value{TensorProto::BOOL, {}, {1}, {}};
    for (const NodeProto *node : slice) {
      std::vector<const Value *> operands;
      for (const std::string &input : node->input())
        operands.push_back(input.empty() ? nullptr : &values.at(input));
      auto results = evaluate(*node, operands);
      if (!results || results->size() < size_t(node->output_size()))
        return false;
      for (int i = 0; i < node->output_size(); ++i) {
        if ((*results)[size_t(i)].size() > size_t(maxElements))
          return false;
        if (!node->output(i).empty())
          values[node->output(i)] = std::move((*results)[size_t(i)]);
      }
    }
    return true;
  }

  /// The states of the next iteration, all at once.
  void advance() {
    std::vector<Value> next;
    next.reserve(states.size());
    for (int state : states)
      next.push_back(values.at(body.output(state + 1).name()));
    for (size_t i = 0; i < states.size(); ++i)
      values[body.input(states[i] + 2).name()] = std::move(next[i]);
  }

  const LoopParts &loop;
  const GraphProto &graph;
  const GraphProto &body;
  std::unordered_map<std::string, const NodeProto *> producers;
  std::unordered_map<std::string, int> inputs;
  /// Names that need nothing more.
  std::unordered_set<std::string> done;
  std::unordered_set<const NodeProto *> entered;
  /// In the order in which they are computed.
  std::vector<const NodeProto *> slice;
  /// States that the condition depends on.
  std::vector<int> states;
  std::unordered_map<std::string, Value> values;
  int64_t computed = 0;
};

} // namespace

std::optional<int64_t> dlc::importer::countTrips(const LoopParts &loop,
                                                 const GraphProto &graph) {
  if (!loop.isLoop || loop.isSteady || loop.trips < 1)
    return std::nullopt;
  return ConditionRunner(loop, graph).run(loop.trips);
}
