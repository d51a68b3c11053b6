//===- Subgraphs.cpp - Bodies of control flow as nodes of the graph -------===//

#include "Evaluate.h"
#include "Internal.h"

using namespace dlc::importer;
using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TensorProto;

/// Renames the uses and definitions of `names` in the nodes of a graph and in
/// the graphs nested in them.
static void rename(GraphProto &graph,
                   const std::unordered_map<std::string, std::string> &names) {
  auto apply = [&](std::string *name) {
    auto found = names.find(*name);
    if (found != names.end())
      *name = found->second;
  };
  for (NodeProto &node : *graph.mutable_node()) {
    for (std::string &name : *node.mutable_input())
      apply(&name);
    for (std::string &name : *node.mutable_output())
      apply(&name);
    for (AttributeProto &attr : *node.mutable_attribute())
      if (attr.has_g()) {
        // names that the nested graph defines itself are its own
        auto outer = names;
        for (const auto &port : attr.g().input())
          outer.erase(port.name());
        for (const auto &tensor : attr.g().initializer())
          outer.erase(tensor.name());
        for (const NodeProto &inner : attr.g().node())
          for (const std::string &name : inner.output())
            outer.erase(name);
        rename(*attr.mutable_g(), outer);
      }
  }
  for (auto &port : *graph.mutable_output())
    apply(port.mutable_name());
}

std::vector<std::string>
dlc::importer::inlineGraph(GraphProto body, const std::string &prefix,
                           const std::vector<std::string> &inputs, Nodes &nodes,
                           GraphProto &graph) {
  std::unordered_map<std::string, std::string> names;
  for (int i = 0; i < body.input_size(); ++i)
    names[body.input(i).name()] = inputs.at(i);
  for (TensorProto &tensor : *body.mutable_initializer()) {
    names[tensor.name()] = prefix + tensor.name();
    tensor.set_name(prefix + tensor.name());
  }
  for (const NodeProto &inner : body.node())
    for (const std::string &name : inner.output())
      if (!name.empty())
        names[name] = prefix + name;
  rename(body, names);
  for (TensorProto &tensor : *body.mutable_initializer())
    graph.add_initializer()->Swap(&tensor);
  for (NodeProto &inner : *body.mutable_node())
    nodes.Add()->Swap(&inner);
  std::vector<std::string> outputs;
  for (const auto &output : body.output())
    outputs.push_back(output.name());
  return outputs;
}

const AttributeProto *dlc::importer::attribute(const NodeProto &node,
                                               const char *name) {
  for (const AttributeProto &attr : node.attribute())
    if (attr.name() == name)
      return &attr;
  return nullptr;
}

int64_t dlc::importer::intAttr(const NodeProto &node, const char *name,
                               int64_t fallback) {
  const AttributeProto *attr = attribute(node, name);
  return attr ? attr->i() : fallback;
}

const GraphProto *dlc::importer::subgraph(const NodeProto &node,
                                          const char *name) {
  const AttributeProto *attr = attribute(node, name);
  return attr && attr->has_g() ? &attr->g() : nullptr;
}

NodeProto &dlc::importer::addNode(Nodes &nodes, const NodeProto &origin,
                                  const char *op,
                                  const std::vector<std::string> &inputs,
                                  const std::vector<std::string> &outputs) {
  NodeProto &node = *nodes.Add();
  node.set_op_type(op);
  node.set_name(displayName(origin));
  for (const std::string &input : inputs)
    node.add_input(input);
  for (const std::string &output : outputs)
    node.add_output(output);
  return node;
}

NodeProto &dlc::importer::addBoundedNode(Nodes &nodes, const NodeProto &origin,
                                         const std::string &x,
                                         const std::string &extents,
                                         const std::string &result,
                                         const std::vector<int64_t> &axes,
                                         const std::vector<int64_t> &elements) {
  NodeProto &bounded =
      addNode(nodes, origin, boundedOp, {x, extents}, {result});
  bounded.set_domain(ownDomain);
  setInts(bounded, "axes", axes);
  setInts(bounded, "elements", elements);
  return bounded;
}

void dlc::importer::setInt(NodeProto &node, const char *name, int64_t value) {
  AttributeProto &attr = *node.add_attribute();
  attr.set_name(name);
  attr.set_type(AttributeProto::INT);
  attr.set_i(value);
}

void dlc::importer::setInts(NodeProto &node, const char *name,
                            const std::vector<int64_t> &values) {
  AttributeProto &attr = *node.add_attribute();
  attr.set_name(name);
  attr.set_type(AttributeProto::INTS);
  attr.mutable_ints()->Assign(values.begin(), values.end());
}

void dlc::importer::addInts(GraphProto &graph, const std::string &name,
                            const std::vector<int64_t> &values, bool scalar) {
  TensorProto &tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(TensorProto::INT64);
  if (!scalar)
    tensor.add_dims(static_cast<int64_t>(values.size()));
  for (int64_t value : values)
    tensor.add_int64_data(value);
}

std::optional<std::vector<int64_t>>
dlc::importer::wholeShape(const onnx::TypeProto &type) {
  if (!type.tensor_type().has_shape())
    return std::nullopt;
  std::vector<int64_t> dims;
  for (const auto &dim : type.tensor_type().shape().dim()) {
    if (!dim.has_dim_value())
      return std::nullopt;
    dims.push_back(dim.dim_value());
  }
  return dims;
}

std::optional<std::vector<int64_t>>
dlc::importer::knownInts(const GraphProto &graph, const std::string &name) {
  for (const TensorProto &tensor : graph.initializer()) {
    if (tensor.name() != name)
      continue;
    int64_t elements = 1;
    for (int64_t dim : tensor.dims()) {
      if (dim < 0 || dim > maxFoldedElements)
        return std::nullopt;
      elements *= dim;
      if (elements > maxFoldedElements)
        return std::nullopt;
    }
    if (!isFoldable(tensor.data_type()) || isStub(tensor))
      return std::nullopt;
    Value value = readValue(tensor);
    if (value.isFloat())
      return std::nullopt;
    return value.ints;
  }
  return std::nullopt;
}
