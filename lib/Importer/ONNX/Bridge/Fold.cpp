//===- Fold.cpp - Computes what is known before the program runs ----------===//

#include "Evaluate.h"
#include "Internal.h"

using namespace dlc::importer;
using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TensorProto;

namespace {

/// A tensor for the attribute forms that Constant nodes have.
bool constantTensor(NodeProto &node, TensorProto &tensor) {
  if (node.attribute_size() != 1)
    return false;
  AttributeProto &attr = *node.mutable_attribute(0);
  if (attr.name() == "value" && attr.has_t()) {
    tensor = std::move(*attr.mutable_t());
  } else if (attr.name() == "value_int") {
    tensor.set_data_type(TensorProto::INT64);
    tensor.add_int64_data(attr.i());
  } else if (attr.name() == "value_float") {
    tensor.set_data_type(TensorProto::FLOAT);
    tensor.add_float_data(attr.f());
  } else if (attr.name() == "value_ints") {
    tensor.set_data_type(TensorProto::INT64);
    tensor.add_dims(attr.ints_size());
    tensor.mutable_int64_data()->Swap(attr.mutable_ints());
  } else if (attr.name() == "value_floats") {
    tensor.set_data_type(TensorProto::FLOAT);
    tensor.add_dims(attr.floats_size());
    tensor.mutable_float_data()->Swap(attr.mutable_floats());
  } else {
    return false;
  }
  tensor.set_name(node.output(0));
  return true;
}

class Folder {
public:
  explicit Folder(Model &model) : graph(*model.proto.mutable_graph()) {}

  bool run() {
    for (const TensorProto &tensor : graph.initializer()) {
      learn(tensor);
      shapes[tensor.name()] = {tensor.dims().begin(), tensor.dims().end()};
    }
    auto learnShape = [&](const onnx::ValueInfoProto &info) {
      if (!info.type().has_tensor_type() ||
          !info.type().tensor_type().has_shape())
        return;
      std::vector<int64_t> dims;
      for (const auto &dim : info.type().tensor_type().shape().dim()) {
        if (!dim.has_dim_value() || dim.dim_value() < 0)
          return;
        dims.push_back(dim.dim_value());
      }
      shapes.insert({info.name(), std::move(dims)});
    };
    for (const auto &info : graph.input())
      learnShape(info);
    for (const auto &info : graph.value_info())
      learnShape(info);
    for (const auto &info : graph.output())
      learnShape(info);

    google::protobuf::RepeatedPtrField<NodeProto> kept;
    bool changed = false;
    for (NodeProto &node : *graph.mutable_node()) {
      if (fold(node))
        changed = true;
      else
        kept.Add()->Swap(&node);
    }
    graph.mutable_node()->Swap(&kept);
    auto condition = [&](const std::string &name) -> std::optional<bool> {
      auto found = known.find(name);
      if (found == known.end() || found->second.ints.size() != 1)
        return std::nullopt;
      return found->second.ints[0] != 0;
    };
    changed |= inlineKnownBranches(graph, condition);
    return changed;
  }

private:
  void learn(const TensorProto &tensor) {
    if (!isFoldable(tensor.data_type()) || isStub(tensor))
      return;
    int64_t elements = 1;
    for (int64_t dim : tensor.dims()) {
      if (dim > maxFoldedElements)
        return;
      elements *= dim;
      if (elements > maxFoldedElements)
        return;
    }
    known[tensor.name()] = readValue(tensor);
  }

  void define(const std::string &name, const Value &value) {
    if (name.empty())
      return;
    *graph.add_initializer() = writeValue(value, name);
    shapes[name] = value.dims;
    known[name] = value;
  }

  bool fold(NodeProto &node) {
    if (!(node.domain().empty() || node.domain() == "ai.onnx") ||
        node.output_size() == 0)
      return false;
    if (node.op_type() == "Constant") {
      TensorProto tensor;
      if (!constantTensor(node, tensor))
        return false;
      learn(tensor);
      shapes[tensor.name()] = {tensor.dims().begin(), tensor.dims().end()};
      *graph.add_initializer() = std::move(tensor);
      return true;
    }
    if (node.op_type() == "Shape" || node.op_type() == "Size")
      return foldShape(node);
    std::vector<const Value *> inputs;
    for (const std::string &name : node.input()) {
      auto found = known.find(name);
      if (!name.empty() && found == known.end())
        return false;
      inputs.push_back(name.empty() ? nullptr : &found->second);
    }
    auto results = evaluate(node, inputs);
    if (!results)
      return false;
    for (int i = 0; i < node.output_size() && i < int(results->size()); ++i)
      define(node.output(i), (*results)[i]);
    return true;
  }

  bool foldShape(const NodeProto &node) {
    auto found = shapes.find(node.input(0));
    if (found == shapes.end())
      return false;
    const std::vector<int64_t> &dims = found->second;
    Value value;
    value.elemType = TensorProto::INT64;
    if (node.op_type() == "Size") {
      value.ints = {
          checkedElements(dims, TensorProto::UINT8, "'" + node.input(0) + "'")};
    } else {
      int64_t rank = dims.size(), start = 0, end = rank;
      for (const AttributeProto &attr : node.attribute()) {
        if (attr.name() == "start")
          start = attr.i();
        if (attr.name() == "end")
          end = attr.i();
      }
      auto clamp = [&](int64_t at) {
        at += at < 0 ? rank : 0;
        return std::min(std::max<int64_t>(at, 0), rank);
      };
      start = clamp(start);
      end = clamp(end);
      for (int64_t i = start; i < end; ++i)
        value.ints.push_back(dims[i]);
      value.dims = {int64_t(value.ints.size())};
    }
    define(node.output(0), value);
    return true;
  }

  GraphProto &graph;
  std::unordered_map<std::string, Value> known;
  std::unordered_map<std::string, std::vector<int64_t>> shapes;
};

} // namespace

bool dlc::importer::foldShapeArithmetic(Model &model) {
  return Folder(model).run();
}
