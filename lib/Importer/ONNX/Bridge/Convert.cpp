//===- Convert.cpp - Old operator sets to the newest one ------------------===//
//
// libonnx converts nodes; what it gets wrong is put right here, before or
// after.
//
//===----------------------------------------------------------------------===//

#include "Internal.h"

#include "onnx/shape_inference/implementation.h"
#include "onnx/version_converter/convert.h"

using namespace dlc::importer;
using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::ModelProto;
using onnx::NodeProto;

namespace {

/// Calls `visit` for the nodes of a graph and of its bodies.
template <typename VisitT>
void forEachNode(GraphProto &graph, VisitT visit) {
  for (NodeProto &node : *graph.mutable_node()) {
    visit(node);
    for (AttributeProto &attr : *node.mutable_attribute())
      if (attr.has_g())
        forEachNode(*attr.mutable_g(), visit);
  }
}

bool isOp(const NodeProto &node, const char *op) {
  return node.op_type() == op && node.domain().empty();
}

/// Until operator set 11, Resize and Upsample knew one coordinate
/// transformation. The converter leaves out the attributes that say so now.
void restoreResize(GraphProto &graph) {
  auto set = [](NodeProto &node, const char *name, const char *value) {
    if (attribute(node, name))
      return;
    AttributeProto &attr = *node.add_attribute();
    attr.set_name(name);
    attr.set_type(AttributeProto::STRING);
    attr.set_s(value);
  };
  forEachNode(graph, [&](NodeProto &node) {
    if (!isOp(node, "Resize"))
      return;
    set(node, "coordinate_transformation_mode", "asymmetric");
    set(node, "nearest_mode", "floor");
  });
}

bool isSoftmax(const NodeProto &node) {
  return isOp(node, "Softmax") || isOp(node, "LogSoftmax") ||
         isOp(node, "Hardmax");
}

using Ranks = std::map<std::string, int>;

/// Of the values that `graph` names itself, where they are known.
void addRanks(const GraphProto &graph, Ranks &ranks) {
  for (const auto *infos :
       {&graph.input(), &graph.value_info(), &graph.output()})
    for (const auto &info : *infos) {
      // The same name may be that of another value outside.
      ranks.erase(info.name());
      if (info.type().tensor_type().has_shape())
        ranks[info.name()] = info.type().tensor_type().shape().dim_size();
    }
  for (const auto &tensor : graph.initializer())
    ranks[tensor.name()] = tensor.dims_size();
}

/// Until operator set 13, Softmax and its like took all dimensions from `axis`
/// on for one. The converter does not know that of Hardmax, and fails where a
/// body reads the result. `typed` is the graph with its types.
void flattenSoftmaxes(GraphProto &graph, const GraphProto &typed, Ranks ranks) {
  addRanks(typed, ranks);
  Nodes nodes;
  for (int i = 0; i < graph.node_size(); ++i) {
    NodeProto &node = *graph.mutable_node(i);
    for (int k = 0; k < node.attribute_size(); ++k)
      if (node.attribute(k).has_g())
        flattenSoftmaxes(*node.mutable_attribute(k)->mutable_g(),
                         typed.node(i).attribute(k).g(), ranks);
    if (!isSoftmax(node)) {
      nodes.Add()->Swap(&node);
      continue;
    }
    const std::string x = node.input(0), result = node.output(0);
    int64_t axis = intAttr(node, "axis", 1);
    auto rank = ranks.find(x);
    if (axis == -1 || (rank != ranks.end() && axis == rank->second - 1)) {
      NodeProto &last = *nodes.Add();
      last.Swap(&node);
      last.clear_attribute();
      setInt(last, "axis", -1);
      continue;
    }
    std::string flat = result + "/flat", best = result + "/best",
                shape = result + "/shape";
    setInt(addNode(nodes, node, "Flatten", {x}, {flat}), "axis", axis);
    setInt(addNode(nodes, node, node.op_type().c_str(), {flat}, {best}), "axis",
           -1);
    addNode(nodes, node, "Shape", {x}, {shape});
    addNode(nodes, node, "Reshape", {best, shape}, {result});
  }
  graph.mutable_node()->Swap(&nodes);
}

using ElementTypes = std::map<std::string, int>;

/// The first of the operands that were numbers in attributes until operator set
/// 11: bounds of Clip, what Pad fills with. 0: none.
int firstFormerNumber(const NodeProto &node) {
  return isOp(node, "Clip") ? 1 : isOp(node, "Pad") ? 2 : 0;
}

/// The model with the types that can be inferred.
ModelProto withTypes(const ModelProto &model) {
  ModelProto typed = model;
  onnx::ShapeInferenceOptions options(/*check_type=*/false,
                                      /*strict_mode=*/0,
                                      /*data_propagation=*/false);
  onnx::shape_inference::InferShapes(typed, onnx::OpSchemaRegistry::Instance(),
                                     options, nullptr);
  return typed;
}

/// Whether `test` is true of a node.
template <typename TestT>
bool anyNode(ModelProto &model, TestT test) {
  bool found = false;
  forEachNode(*model.mutable_graph(),
              [&](NodeProto &node) { found |= test(node); });
  return found;
}

/// The element types of the results of ops that had numbers in attributes: the
/// converter makes float tensors of the numbers.
ElementTypes typesOfFormerNumbers(ModelProto &model) {
  ElementTypes types;
  if (!anyNode(model, firstFormerNumber))
    return types;
  ModelProto typed = withTypes(model);
  const GraphProto &graph = typed.graph();
  for (const auto *infos : {&graph.value_info(), &graph.output()})
    for (const auto &info : *infos)
      types[info.name()] = info.type().tensor_type().elem_type();
  return types;
}

void castFormerNumbers(GraphProto &graph, const ElementTypes &types) {
  Nodes nodes;
  for (NodeProto &node : *graph.mutable_node()) {
    auto type = types.find(node.output_size() ? node.output(0) : "");
    int first = firstFormerNumber(node);
    bool isOther = first && type != types.end() && type->second &&
                   type->second != onnx::TensorProto::FLOAT;
    for (int i = first; isOther && i < node.input_size(); ++i) {
      if (node.input(i).empty())
        continue;
      std::string number = node.output(0) + "/number" + std::to_string(i);
      setInt(addNode(nodes, node, "Cast", {node.input(i)}, {number}), "to",
             type->second);
      node.set_input(i, number);
    }
    nodes.Add()->Swap(&node);
  }
  graph.mutable_node()->Swap(&nodes);
}

} // namespace

void dlc::importer::castEyes(GraphProto &graph) {
  Nodes nodes;
  for (NodeProto &node : *graph.mutable_node()) {
    for (AttributeProto &attr : *node.mutable_attribute())
      if (attr.has_g())
        castEyes(*attr.mutable_g());
    const AttributeProto *type = attribute(node, "dtype");
    if (!isOp(node, "EyeLike") || !type) {
      nodes.Add()->Swap(&node);
      continue;
    }
    std::string eye = node.output(0) + "/eye";
    setInt(addNode(nodes, node, "EyeLike", {node.input(0)}, {eye}), "k",
           intAttr(node, "k", 0));
    setInt(addNode(nodes, node, "Cast", {eye}, {node.output(0)}), "to",
           type->i());
  }
  graph.mutable_node()->Swap(&nodes);
}

void dlc::importer::convertOpset(ModelProto &model, int64_t from, int to) {
  if (from < 9)
    modernizeScans(model);
  if (from < 13 && anyNode(model, isSoftmax)) {
    ModelProto typed = withTypes(model);
    flattenSoftmaxes(*model.mutable_graph(), typed.graph(), {});
  }
  ElementTypes types;
  if (from < 11)
    types = typesOfFormerNumbers(model);
  ModelProto converted = onnx::version_conversion::ConvertVersion(model, to);
  model.Swap(&converted);
  normalizeDomains(*model.mutable_graph());
  if (from < 9)
    restoreScans(model);
  if (from < 11) {
    restoreResize(*model.mutable_graph());
    castFormerNumbers(*model.mutable_graph(), types);
  }
}
