//===- Positions.cpp - Where a scatter writes -----------------------------===//
//
// A scatter to known positions is a gather; one to computed positions searches
// all updates for each element. Exporters write `x[:, a:b] = y` with a grid of
// positions that is built of small constants, but has too many elements for the
// folder: it is computed here, for scatters only.
//
//===----------------------------------------------------------------------===//

#include "Evaluate.h"
#include "Internal.h"

#include <algorithm>

using namespace dlc::importer;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TensorProto;

namespace {

/// Largest tensor of positions; what is larger is computed by the program.
constexpr int64_t maxPositions = 1 << 22;

using Names = std::unordered_set<std::string>;

/// The operand that says where a node writes; null where it is no scatter.
const std::string *positionsOf(const NodeProto &node) {
  bool isScatter =
      node.domain().empty() && node.input_size() == 3 &&
      (node.op_type() == "ScatterND" || node.op_type() == "ScatterElements");
  return isScatter ? &node.input(1) : nullptr;
}

bool isReadable(const TensorProto &tensor) {
  if (!isFoldable(tensor.data_type()) || isStub(tensor))
    return false;
  int64_t elements = 1;
  for (int64_t dim : tensor.dims())
    if (__builtin_mul_overflow(elements, dim, &elements) ||
        elements > maxPositions)
      return false;
  return true;
}

/// Everything that nothing but constants decides, in ops that are evaluated.
Names decidedByConstants(const GraphProto &graph) {
  Names decided;
  for (const TensorProto &tensor : graph.initializer())
    if (isReadable(tensor))
      decided.insert(tensor.name());
  for (const NodeProto &node : graph.node()) {
    if (!node.domain().empty() || !isEvaluated(node.op_type()) ||
        !std::all_of(node.input().begin(), node.input().end(),
                     [&](const std::string &name) {
                       return name.empty() || decided.count(name);
                     }))
      continue;
    decided.insert(node.output().begin(), node.output().end());
  }
  return decided;
}

/// The values of positions and of what they are made of.
class Positions {
public:
  Positions(const GraphProto &graph, Names wanted)
      : graph(graph), wanted(std::move(wanted)) {}

  std::unordered_map<std::string, Value> compute() {
    for (auto node = graph.node().rbegin(); node != graph.node().rend(); ++node)
      if (isWanted(*node))
        wanted.insert(node->input().begin(), node->input().end());
    for (const TensorProto &tensor : graph.initializer())
      if (wanted.count(tensor.name()))
        values[tensor.name()] = readValue(tensor);
    for (const NodeProto &node : graph.node())
      if (isWanted(node))
        compute(node);
    return std::move(values);
  }

private:
  bool isWanted(const NodeProto &node) const {
    return std::any_of(
        node.output().begin(), node.output().end(),
        [&](const std::string &name) { return wanted.count(name); });
  }

  void compute(const NodeProto &node) {
    std::vector<const Value *> operands;
    for (const std::string &name : node.input()) {
      auto value = values.find(name);
      if (!name.empty() && value == values.end())
        return;
      operands.push_back(name.empty() ? nullptr : &value->second);
    }
    auto results = evaluate(node, operands, maxPositions);
    for (size_t i = 0; results && i < results->size(); ++i)
      if (int(i) < node.output_size() && !node.output(int(i)).empty())
        values[node.output(int(i))] = std::move((*results)[i]);
  }

  const GraphProto &graph;
  Names wanted;
  std::unordered_map<std::string, Value> values;
};

} // namespace

void dlc::importer::foldPositions(GraphProto &graph) {
  Names wanted, constants;
  for (const NodeProto &node : graph.node())
    if (const std::string *name = positionsOf(node))
      wanted.insert(*name);
  for (const TensorProto &tensor : graph.initializer())
    wanted.erase(tensor.name());
  if (wanted.empty())
    return;
  Names decided = decidedByConstants(graph);
  for (auto name = wanted.begin(); name != wanted.end();)
    name = decided.count(*name) ? std::next(name) : wanted.erase(name);
  if (wanted.empty())
    return;
  auto values = Positions(graph, wanted).compute();
  for (NodeProto &node : *graph.mutable_node()) {
    const std::string *name = positionsOf(node);
    auto value = name ? values.find(*name) : values.end();
    if (value == values.end() || !wanted.count(*name))
      continue;
    std::string constant = *name + "/positions";
    if (constants.insert(constant).second)
      *graph.add_initializer() = writeValue(value->second, constant);
    node.set_input(1, constant);
  }
}
