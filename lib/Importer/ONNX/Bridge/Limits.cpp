//===- Limits.cpp - Numbers of which the user knows more ------------------===//
//
// Sizes are computed from data, or from extents in ways that nothing follows
// from: --max-dim 'value[i]=N' says how large an element of such a value is at
// most, and the program checks it.
//
//===----------------------------------------------------------------------===//

#include "Internal.h"

using namespace dlc::importer;
using onnx::GraphProto;
using onnx::NodeProto;

namespace {

using Limits = std::map<int64_t, std::pair<int64_t, int64_t>>;

constexpr char freeSuffix[] = "/free";

NodeProto &addLimited(Nodes &nodes, const NodeProto &origin,
                      const std::string &name, const Limits &limits,
                      const std::string &from, const std::string &to) {
  NodeProto &node = addNode(nodes, origin, limitedOp, {from}, {to});
  node.set_domain(ownDomain);
  std::vector<int64_t> elements, least, most;
  for (auto [element, ends] : limits) {
    elements.push_back(element);
    least.push_back(ends.first);
    most.push_back(ends.second);
  }
  setInts(node, "elements", elements);
  setInts(node, "least", least);
  setInts(node, "most", most);
  auto &label = *node.add_attribute();
  label.set_name("label");
  label.set_type(onnx::AttributeProto::STRING);
  label.set_s(name);
  return node;
}

void limitResults(GraphProto &graph,
                  const std::map<std::string, Limits> &limited) {
  Nodes nodes;
  for (NodeProto &node : *graph.mutable_node()) {
    for (auto &attr : *node.mutable_attribute())
      if (attr.has_g())
        limitResults(*attr.mutable_g(), limited);
    NodeProto &kept = *nodes.Add();
    kept.Swap(&node);
    const NodeProto origin = kept;
    for (int i = 0; i < origin.output_size(); ++i) {
      const std::string &name = origin.output(i);
      auto limits = limited.find(name);
      if (name.empty() || limits == limited.end())
        continue;
      kept.set_output(i, name + freeSuffix);
      addLimited(nodes, origin, name, limits->second, name + freeSuffix, name);
    }
  }
  graph.mutable_node()->Swap(&nodes);
}

void renameUses(GraphProto &graph, const std::string &from,
                const std::string &to) {
  for (NodeProto &node : *graph.mutable_node()) {
    for (std::string &name : *node.mutable_input())
      if (name == from)
        name = to;
    for (auto &attr : *node.mutable_attribute())
      if (attr.has_g())
        renameUses(*attr.mutable_g(), from, to);
  }
}

} // namespace

void dlc::importer::limitValues(Model &model) {
  if (model.limited.empty())
    return;
  GraphProto &graph = *model.proto.mutable_graph();
  limitResults(graph, model.limited);
  Nodes nodes;
  for (const auto &input : graph.input()) {
    auto limits = model.limited.find(input.name());
    if (limits == model.limited.end())
      continue;
    std::string name = input.name() + "/limited";
    renameUses(graph, input.name(), name);
    NodeProto origin;
    origin.set_name(input.name());
    addLimited(nodes, origin, input.name(), limits->second, input.name(), name);
  }
  for (NodeProto &node : *graph.mutable_node())
    nodes.Add()->Swap(&node);
  graph.mutable_node()->Swap(&nodes);
}
