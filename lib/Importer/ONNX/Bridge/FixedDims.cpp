//===- FixedDims.cpp - Dimensions that no extent changes ------------------===//
//
// libonnx infers shapes with names in place of extents: what gets a number all
// the same has it whatever the extents are.
//
//===----------------------------------------------------------------------===//

#include "Internal.h"

#include "onnx/shape_inference/implementation.h"

#include <algorithm>

using namespace dlc::importer;
using onnx::GraphProto;
using onnx::NodeProto;

namespace {

class Namer {
public:
  void name(onnx::TensorShapeProto::Dimension &dim) {
    dim.set_dim_param("dlc" + std::to_string(count++));
  }

private:
  int64_t count = 0;
};

/// The inputs, with one name for each extent.
void nameInputs(GraphProto &graph, const std::vector<Port> &inputs) {
  std::unordered_map<std::string, const Port *> ports;
  for (const Port &port : inputs)
    ports[port.name] = &port;
  for (auto &info : *graph.mutable_input()) {
    auto port = ports.find(info.name());
    if (port == ports.end())
      continue;
    auto &shape = *info.mutable_type()->mutable_tensor_type()->mutable_shape();
    const auto &extents = port->second->extents;
    for (size_t d = 0; d < extents.size() && int(d) < shape.dim_size(); ++d)
      if (extents[d] >= 0)
        shape.mutable_dim(int(d))->set_dim_param("extent" +
                                                 std::to_string(extents[d]));
  }
}

/// The dimensions that one of our own ops changes; nothing where it may change
/// all.
std::optional<std::vector<int64_t>> changedDims(const GraphProto &graph,
                                                const NodeProto &node) {
  auto listed = [&](const char *name) {
    const onnx::AttributeProto *dims = attribute(node, name);
    return dims ? std::optional(std::vector<int64_t>(dims->ints().begin(),
                                                     dims->ints().end()))
                : std::nullopt;
  };
  const std::string &op = node.op_type();
  if (op == boundedOp)
    return listed("axes");
  bool hasAxes = node.input_size() > 3 && !node.input(3).empty();
  if ((op == openSliceOp || op == openPadOp) && hasAxes)
    return knownInts(graph, node.input(3));
  return std::nullopt;
}

/// Whether a Resize gives a dimension a size that is a number of the model.
bool hasGivenSize(const NodeProto &node, int64_t dim) {
  const onnx::AttributeProto *resized = attribute(node, "resized"),
                             *axes = attribute(node, "axes");
  const onnx::AttributeProto *policy =
      attribute(node, "keep_aspect_ratio_policy");
  if (node.op_type() != openResizeOp || !resized ||
      intAttr(node, "scaled", 0) || (policy && policy->s() != "stretch"))
    return false;
  auto rank = attribute(node, "bounds")->ints_size();
  auto lists = [&](const onnx::AttributeProto &list) {
    return std::any_of(list.ints().begin(), list.ints().end(), [&](int64_t d) {
      return d + (d < 0 ? rank : 0) == dim;
    });
  };
  return !lists(*resized) && (!axes || lists(*axes));
}

using Types = std::unordered_map<std::string, onnx::ValueInfoProto>;

/// Puts in place of those of our own ops that change few dimensions joins with
/// something of which nothing is known: the other dimensions are the operand's.
void joinOwnResults(GraphProto &graph, const Types &types) {
  Nodes nodes;
  for (NodeProto &node : *graph.mutable_node()) {
    auto type = node.domain() == ownDomain && node.output_size() == 1
                    ? types.find(node.output(0))
                    : types.end();
    auto changed =
        type == types.end() ? std::nullopt : changedDims(graph, node);
    if (!changed || changed->empty()) {
      nodes.Add()->Swap(&node);
      continue;
    }
    std::string unknown = node.output(0) + "/joined", last = node.input(0);
    auto &info = *graph.add_value_info() = type->second;
    info.set_name(unknown);
    // Nothing defines it, but its type is stated.
    for (auto &dim : *info.mutable_type()
                          ->mutable_tensor_type()
                          ->mutable_shape()
                          ->mutable_dim())
      dim.Clear();
    for (size_t i = 0; i < changed->size(); ++i) {
      bool isLast = i + 1 == changed->size();
      std::string next = isLast ? node.output(0) : unknown + std::to_string(i);
      setInt(addNode(nodes, node, "Concat", {last, unknown}, {next}), "axis",
             (*changed)[i]);
      last = next;
    }
  }
  graph.mutable_node()->Swap(&nodes);
}

/// The results of our own ops, of whose shapes libonnx knows nothing; `types`
/// have their bounds.
void nameOwnResults(GraphProto &graph, const Types &types) {
  Namer namer;
  for (const NodeProto &node : graph.node()) {
    if (node.domain() != ownDomain)
      continue;
    const onnx::AttributeProto *roles = attribute(node, "roles");
    for (const std::string &output : node.output()) {
      auto type = types.find(output);
      if (output.empty() || type == types.end())
        continue;
      auto &info = *graph.add_value_info() = type->second;
      auto &shape =
          *info.mutable_type()->mutable_tensor_type()->mutable_shape();
      for (int d = 0; d < shape.dim_size(); ++d)
        if (!(roles ? roles->ints(d) == fixedRole : hasGivenSize(node, d)))
          namer.name(*shape.mutable_dim(d));
    }
  }
}

} // namespace

FixedDims dlc::importer::fixedDims(const Model &model) {
  Types types;
  onnx::ModelProto copy = model.proto;
  GraphProto &graph = *copy.mutable_graph();
  for (const auto *infos : {&graph.value_info(), &graph.output()})
    for (const auto &info : *infos)
      if (wholeShape(info.type()))
        types[info.name()] = info;
  clearTypes(graph, /*top=*/true);
  nameInputs(graph, model.inputs);
  joinOwnResults(graph, types);
  nameOwnResults(graph, types);
  FixedDims fixed;
  try {
    onnx::shape_inference::InferShapes(
        copy, onnx::OpSchemaRegistry::Instance(),
        onnx::ShapeInferenceOptions(/*check_type=*/false, /*strict=*/0,
                                    /*data_prop=*/false),
        nullptr);
  } catch (const std::exception &) { // nothing is known, then
    return fixed;
  }
  for (const auto *infos :
       {&graph.input(), &graph.value_info(), &graph.output()})
    for (const auto &info : *infos) {
      const auto &type = info.type().tensor_type();
      if (!type.has_shape())
        continue;
      std::vector<bool> &dims = fixed[info.name()];
      for (const auto &dim : type.shape().dim())
        dims.push_back(dim.has_dim_value());
    }
  return fixed;
}
