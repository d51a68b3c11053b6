//===- Expansion.h - One node becomes several ------------------*- C++ -*-===//
//
// What the tables of operators that are written in others (Contrib.cpp,
// Learned.cpp) write nodes with.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_IMPORTER_ONNX_BRIDGE_EXPANSION_H
#define DLC_LIB_IMPORTER_ONNX_BRIDGE_EXPANSION_H

#include "Internal.h"

namespace dlc::importer {

/// Writes the nodes that one node becomes.
class Expansion {
public:
  Expansion(const onnx::NodeProto &node, Nodes &nodes)
      : node(node), nodes(nodes) {}

  bool has(int index) const {
    return index < node.input_size() && !node.input(index).empty();
  }
  /// The name of an operand, empty where it is absent.
  std::string in(int index) const {
    return has(index) ? node.input(index) : std::string();
  }
  int numInputs() const { return node.input_size(); }
  int64_t intAttr(const char *name, int64_t fallback) const {
    return dlc::importer::intAttr(node, name, fallback);
  }
  bool hasAttribute(const char *name) const { return attribute(node, name); }
  float floatAttr(const char *name) const { return attribute(node, name)->f(); }

  /// Adds a node and gives its result's name. `attributes` are those of the
  /// node that it takes over.
  std::string add(const char *op, std::vector<std::string> inputs,
                  std::vector<const char *> attributes = {},
                  std::string result = "") {
    if (result.empty())
      result = fresh();
    while (!inputs.empty() && inputs.back().empty())
      inputs.pop_back();
    onnx::NodeProto &added = addNode(nodes, node, op, inputs, {result});
    for (const char *name : attributes)
      if (const auto *attr = attribute(node, name))
        *added.add_attribute() = *attr;
    return result;
  }
  std::string cast(const std::string &value, onnx::TensorProto::DataType type) {
    std::string result = add("Cast", {value});
    setInt(last(), "to", type);
    return result;
  }
  std::string transpose(const std::string &value,
                        const std::vector<int64_t> &perm) {
    std::string result = add("Transpose", {value});
    setInts(last(), "perm", perm);
    return result;
  }
  std::string constant(float value) {
    std::string result = add("Constant", {});
    auto &attr = *last().add_attribute();
    attr.set_name("value");
    attr.set_type(onnx::AttributeProto::TENSOR);
    attr.mutable_t()->set_data_type(onnx::TensorProto::FLOAT);
    attr.mutable_t()->add_float_data(value);
    return result;
  }
  std::string constantInts(const std::vector<int64_t> &values) {
    std::string result = add("Constant", {});
    auto &attr = *last().add_attribute();
    attr.set_name("value");
    attr.set_type(onnx::AttributeProto::TENSOR);
    attr.mutable_t()->set_data_type(onnx::TensorProto::INT64);
    attr.mutable_t()->add_dims(static_cast<int64_t>(values.size()));
    attr.mutable_t()->mutable_int64_data()->Assign(values.begin(),
                                                   values.end());
    return result;
  }
  /// The node that was added last.
  onnx::NodeProto &last() { return nodes[nodes.size() - 1]; }
  /// Makes the results of a node of another kind those of the node.
  onnx::NodeProto &finishAs(const char *op,
                            const std::vector<std::string> &inputs) {
    onnx::NodeProto &added = addNode(
        nodes, node, op, inputs, {node.output().begin(), node.output().end()});
    *added.mutable_attribute() = node.attribute();
    return added;
  }
  /// Makes a value the node's result.
  void finish(const std::string &value) {
    add("Identity", {value}, {}, node.output(0));
  }

  std::string fresh() {
    const std::string *base = &node.output(0);
    for (const std::string &output : node.output()) // the first may be absent
      base = base->empty() ? &output : base;
    return *base + "/" + std::to_string(counter++);
  }

  const onnx::NodeProto &node;

protected:
  Nodes &nodes;

private:
  int counter = 0;
};

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_BRIDGE_EXPANSION_H
