//===- Expand.cpp - Ops that are functions of other ops -------------------===//
//
// The schema of many ops has a body made of simpler ops. Those without an entry
// of ours are replaced by it. libonnx can inline functions of the model, so the
// bodies become functions of the model first; its own expansion of schema
// functions ignores default attributes and fails on absent optional inputs.
//
//===----------------------------------------------------------------------===//

#include "Internal.h"

#include "onnx/defs/schema.h"
#include "onnx/inliner/inliner.h"

#include <algorithm>

using namespace dlc::importer;
using onnx::NodeProto;

namespace {

constexpr const char *domain = "dlc.expanded";

/// Types of the graph's values by name.
std::unordered_map<std::string, onnx::TypeProto>
collectTypes(const onnx::GraphProto &graph) {
  std::unordered_map<std::string, onnx::TypeProto> types;
  for (const auto *infos :
       {&graph.input(), &graph.value_info(), &graph.output()})
    for (const auto &info : *infos)
      types[info.name()] = info.type();
  for (const auto &tensor : graph.initializer()) {
    auto &type = *types[tensor.name()].mutable_tensor_type();
    type.set_elem_type(tensor.data_type());
    type.mutable_shape()->clear_dim();
    for (int64_t dim : tensor.dims())
      type.mutable_shape()->add_dim()->set_dim_value(dim);
  }
  return types;
}

/// A body that is the same for all types has float constants (of
/// MeanVarianceNormalization): they get the type of its first operand where
/// that is another one of numbers with a fraction.
void castConstants(onnx::FunctionProto &body, int type) {
  bool isOther = type == onnx::TensorProto::FLOAT16 ||
                 type == onnx::TensorProto::BFLOAT16 ||
                 type == onnx::TensorProto::DOUBLE;
  if (!isOther || body.input_size() == 0)
    return;
  Nodes nodes;
  for (NodeProto &node : *body.mutable_node()) {
    const auto *value = attribute(node, "value");
    bool isFloat = node.op_type() == "Constant" && value &&
                   value->t().data_type() == onnx::TensorProto::FLOAT;
    std::string name = node.output_size() ? node.output(0) : "";
    if (isFloat)
      node.set_output(0, name + "/float");
    nodes.Add()->Swap(&node);
    if (isFloat)
      addNode(nodes, nodes[nodes.size() - 1], "CastLike",
              {name + "/float", body.input(0)}, {name});
  }
  body.mutable_node()->Swap(&nodes);
}

/// Inference leaves results of such a function without a type: those of the
/// type of its first operand.
void typeResults(const onnx::OpSchema &schema, const NodeProto &node,
                 std::unordered_map<std::string, onnx::TypeProto> &types) {
  if (!node.input_size() || schema.inputs().empty())
    return;
  int type = types[node.input(0)].tensor_type().elem_type();
  int count = std::min<int>(node.output_size(), schema.outputs().size());
  for (int i = 0; i < count; ++i) {
    auto &result = *types[node.output(i)].mutable_tensor_type();
    if (result.elem_type() == onnx::TensorProto::UNDEFINED &&
        schema.outputs()[i].GetTypeStr() == schema.inputs()[0].GetTypeStr())
      result.set_elem_type(type);
  }
}

/// A piece that was split off and is squeezed without axes (in AffineGrid)
/// loses what it was split along; not a batch of one, too.
void nameSqueezedAxes(Nodes &nodes) {
  std::unordered_map<std::string, int64_t> splitAlong;
  Nodes named;
  for (NodeProto &node : nodes) {
    for (auto &attr : *node.mutable_attribute())
      if (attr.has_g())
        nameSqueezedAxes(*attr.mutable_g()->mutable_node());
    if (node.op_type() == "Split")
      for (const std::string &piece : node.output())
        splitAlong[piece] = intAttr(node, "axis", 0);
    if (node.op_type() == "Squeeze" && node.input_size() == 1)
      if (auto piece = splitAlong.find(node.input(0));
          piece != splitAlong.end()) {
        std::string axes = node.output(0) + "/axes";
        addNode(named, node, "Constant", {}, {axes});
        setInts(named[named.size() - 1], "value_ints", {piece->second});
        node.add_input(axes);
      }
    named.Add()->Swap(&node);
  }
  nodes.Swap(&named);
}

} // namespace

bool dlc::importer::expandFunctions(Model &model, const LoadOptions &options) {
  onnx::ModelProto &proto = model.proto;
  std::unordered_map<std::string, int> opsets;
  for (const auto &import : proto.opset_import())
    opsets[import.domain()] = static_cast<int>(import.version());

  std::unordered_map<std::string, onnx::TypeProto> types;
  std::unordered_set<std::string> constants;
  for (const auto &tensor : proto.graph().initializer())
    constants.insert(tensor.name());
  int counter = 0;
  for (NodeProto &node : *proto.mutable_graph()->mutable_node()) {
    if (options.isEmitted(opName(node)))
      continue;
    // Its function is a loop; numbers that are not known are folded later or
    // are an error about the range.
    if (opName(node) == "Range" &&
        std::any_of(
            node.input().begin(), node.input().end(),
            [&](const std::string &input) { return !constants.count(input); }))
      continue;
    auto version = opsets.find(node.domain());
    if (version == opsets.end())
      continue;
    int opset = version->second;
    const onnx::OpSchema *schema =
        onnx::OpSchemaRegistry::Schema(node.op_type(), opset, node.domain());
    if (!schema ||
        (!schema->HasFunction() && !schema->HasContextDependentFunction()))
      continue;
    if (types.empty())
      types = collectTypes(proto.graph());
    for (const auto &[name, attribute] : schema->attributes()) {
      bool present = false;
      for (const auto &given : node.attribute())
        present |= given.name() == name;
      if (!present && attribute.default_value.has_name())
        *node.add_attribute() = attribute.default_value;
    }
    onnx::FunctionProto body;
    if (schema->HasContextDependentFunction()) {
      std::vector<onnx::TypeProto> inputTypes;
      for (const std::string &input : node.input())
        inputTypes.push_back(types[input]);
      onnx::FunctionBodyBuildContextImpl context(node, inputTypes);
      if (!schema->BuildContextDependentFunction(context, body, opset))
        continue;
    } else {
      const onnx::FunctionProto *found = schema->GetFunction(opset, false);
      if (!found)
        continue;
      body = *found;
      if (node.input_size())
        castConstants(body, types[node.input(0)].tensor_type().elem_type());
      typeResults(*schema, node, types);
      if (opset >= 13) // an operand since
        nameSqueezedAxes(*body.mutable_node());
    }
    std::string unique = node.op_type() + "_" + std::to_string(counter++);
    body.set_domain(domain);
    body.set_name(unique);
    body.clear_opset_import();
    *body.mutable_opset_import() = proto.opset_import();
    for (NodeProto &inner : *body.mutable_node())
      if (inner.name().empty()) // messages name the node of the model
        inner.set_name(displayName(node));
    *proto.add_functions() = std::move(body);
    node.set_domain(domain);
    node.set_op_type(unique);
  }
  if (!counter)
    return false;
  auto &import = *proto.add_opset_import();
  import.set_domain(domain);
  import.set_version(1);
  onnx::inliner::InlineLocalFunctions(proto, false);
  proto.clear_functions();
  for (int i = 0; i < proto.opset_import_size(); ++i)
    if (proto.opset_import(i).domain() == domain) {
      proto.mutable_opset_import()->DeleteSubrange(i, 1);
      break;
    }
  return true;
}
