//===- Contrib.cpp - Quantised operators of com.microsoft -----------------===//
//
// onnxruntime's quantisers write operators of their own where ONNX has none.
// Each becomes the operators of ONNX that say what it means: its operands
// dequantised, the operator on floats, its result quantised. The compiler
// computes products of dequantised tensors in integers.
// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md)
//
//===----------------------------------------------------------------------===//

#include "Internal.h"

#include <map>

using namespace dlc::importer;
using onnx::NodeProto;
using onnx::TensorProto;

namespace {

constexpr const char *contribDomain = "com.microsoft";

/// Writes the nodes that one node becomes.
class Expansion {
public:
  Expansion(const NodeProto &node, Nodes &nodes, int64_t opset)
      : node(node), nodes(nodes), opset(opset) {}

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
    NodeProto &added = addNode(nodes, node, op, inputs, {result});
    for (const char *name : attributes)
      if (const auto *attr = attribute(node, name))
        *added.add_attribute() = *attr;
    return result;
  }
  /// The operand `index`, whose scale and zero point are operands, too. Where
  /// they are vectors, they are along `axis`.
  std::string dequantize(int index, int scale, int zero, int64_t axis = -1) {
    std::string result =
        add("DequantizeLinear", {in(index), in(scale), in(zero)});
    if (opset >= 13)
      setInt(nodes[nodes.size() - 1], "axis", axis);
    return result;
  }
  /// Operand `index` as floats that were quantised for a moment, with a scale
  /// and a zero point that follow from its values.
  std::string requantizeDynamically(int index) {
    std::string bytes = fresh(), scale = fresh(), zero = fresh();
    addNode(nodes, node, "DynamicQuantizeLinear", {in(index)},
            {bytes, scale, zero});
    return add("DequantizeLinear", {bytes, scale, zero});
  }
  std::string cast(const std::string &value, TensorProto::DataType type) {
    std::string result = add("Cast", {value});
    setInt(nodes[nodes.size() - 1], "to", type);
    return result;
  }
  std::string transpose(const std::string &value,
                        const std::vector<int64_t> &perm) {
    std::string result = add("Transpose", {value});
    setInts(nodes[nodes.size() - 1], "perm", perm);
    return result;
  }
  std::string constant(float value) {
    std::string result = add("Constant", {});
    auto &attr = *nodes[nodes.size() - 1].add_attribute();
    attr.set_name("value");
    attr.set_type(onnx::AttributeProto::TENSOR);
    attr.mutable_t()->set_data_type(TensorProto::FLOAT);
    attr.mutable_t()->add_float_data(value);
    return result;
  }
  std::string constantInts(const std::vector<int64_t> &values) {
    std::string result = add("Constant", {});
    auto &attr = *nodes[nodes.size() - 1].add_attribute();
    attr.set_name("value");
    attr.set_type(onnx::AttributeProto::TENSOR);
    attr.mutable_t()->set_data_type(TensorProto::INT64);
    attr.mutable_t()->add_dims(static_cast<int64_t>(values.size()));
    attr.mutable_t()->mutable_int64_data()->Assign(values.begin(),
                                                   values.end());
    return result;
  }
  /// Makes the results of a node of another kind those of the node.
  void finishAs(const char *op, const std::vector<std::string> &inputs) {
    NodeProto &added = addNode(nodes, node, op, inputs,
                               {node.output().begin(), node.output().end()});
    *added.mutable_attribute() = node.attribute();
  }
  /// Quantises a value as the node's result.
  void quantize(const std::string &value, int scale, int zero) {
    add("QuantizeLinear", {value, in(scale), in(zero)}, {}, node.output(0));
  }
  /// Makes a value the node's result.
  void finish(const std::string &value) {
    add("Identity", {value}, {}, node.output(0));
  }

  void refuseChannelsLast() const {
    if (intAttr("channels_last", 0))
      throw ImportError("channels_last is not supported", node);
  }

private:
  std::string fresh() {
    const std::string *base = &node.output(0);
    for (const std::string &output : node.output()) // the first may be absent
      base = base->empty() ? &output : base;
    return *base + "/" + std::to_string(counter++);
  }

  const NodeProto &node;
  Nodes &nodes;
  int64_t opset;
  int counter = 0;
};

using Expand = void (*)(Expansion &);

/// x, its scale and zero point, then those of the result.
void expandUnary(Expansion &e, const char *op,
                 const std::vector<const char *> &attributes = {}) {
  e.refuseChannelsLast();
  e.quantize(e.add(op, {e.dequantize(0, 1, 2)}, attributes), 3, 4);
}

void expandBinary(Expansion &e, const char *op) {
  e.quantize(e.add(op, {e.dequantize(0, 1, 2), e.dequantize(3, 4, 5)}), 6, 7);
}

/// The result's scale and zero point, then three operands for each piece.
void expandConcat(Expansion &e) {
  std::vector<std::string> pieces;
  for (int i = 2; i < e.numInputs(); i += 3)
    pieces.push_back(e.dequantize(i, i + 1, i + 2));
  e.quantize(e.add("Concat", pieces, {"axis"}), 0, 1);
}

void expandWhere(Expansion &e) {
  std::string x = e.dequantize(1, 2, 3), y = e.dequantize(4, 5, 6);
  e.quantize(e.add("Where", {e.in(0), x, y}), 7, 8);
}

/// alpha * (a * b + c), where c counts in units of both scales. Without a scale
/// of the result, that is float.
void expandGemm(Expansion &e) {
  int64_t columns = e.intAttr("transB", 0) ? 0 : 1;
  std::string a = e.dequantize(0, 1, 2), b = e.dequantize(3, 4, 5, columns);
  std::string value = e.add("Gemm", {a, b}, {"transA", "transB"});
  if (e.has(6)) {
    std::string unit = e.add("Mul", {e.in(1), e.in(4)});
    std::string bias =
        e.add("Mul", {e.cast(e.in(6), TensorProto::FLOAT), unit});
    value = e.add("Add", {value, bias});
  }
  if (e.hasAttribute("alpha"))
    value = e.add("Mul", {value, e.constant(e.floatAttr("alpha"))});
  if (e.has(7))
    e.quantize(value, 7, 8);
  else
    e.finish(value);
}

/// The product with operand 1, plus a bias of floats.
void finishProduct(Expansion &e, const std::string &left, int scale, int zero,
                   int bias) {
  std::string value = e.add("MatMul", {left, e.dequantize(1, scale, zero)});
  if (e.has(bias))
    value = e.add("Add", {value, e.in(bias)});
  e.finish(value);
}

/// Weights of all directions as LSTM takes them. The scale and the zero point
/// are one number for each direction or for each column of it.
std::string dequantizeGates(Expansion &e, int index, int scale, int zero) {
  std::string value = e.cast(e.in(index), TensorProto::FLOAT);
  std::string columns = e.constantInts({0, 1, -1});
  if (e.has(zero)) {
    std::string origin = e.cast(e.in(zero), TensorProto::FLOAT);
    value = e.add("Sub", {value, e.add("Reshape", {origin, columns})});
  }
  std::string unit = e.add("Reshape", {e.in(scale), columns});
  return e.transpose(e.add("Mul", {value, unit}), {0, 2, 1});
}

/// Operands 0 to 7 are those of LSTM. The hidden state stays a float, which
/// onnxruntime quantises in each step.
void expandLSTM(Expansion &e) {
  std::vector<std::string> inputs;
  for (int i = 0; i < 8; ++i)
    inputs.push_back(e.in(i));
  inputs[0] = e.requantizeDynamically(0);
  inputs[1] = dequantizeGates(e, 1, 8, 9);
  inputs[2] = dequantizeGates(e, 2, 10, 11);
  while (inputs.back().empty())
    inputs.pop_back();
  e.finishAs("LSTM", inputs);
}

const std::map<std::string, Expand> &expansions() {
  static const std::map<std::string, Expand> table = {
      {"QLinearAdd", [](Expansion &e) { expandBinary(e, "Add"); }},
      {"QLinearMul", [](Expansion &e) { expandBinary(e, "Mul"); }},
      {"QLinearSigmoid", [](Expansion &e) { expandUnary(e, "Sigmoid"); }},
      {"QLinearLeakyRelu",
       [](Expansion &e) { expandUnary(e, "LeakyRelu", {"alpha"}); }},
      {"QLinearSoftmax",
       [](Expansion &e) { expandUnary(e, "Softmax", {"axis"}); }},
      {"QLinearAveragePool",
       [](Expansion &e) {
         expandUnary(e, "AveragePool",
                     {"auto_pad", "ceil_mode", "count_include_pad",
                      "kernel_shape", "pads", "strides"});
       }},
      {"QLinearGlobalAveragePool",
       [](Expansion &e) { expandUnary(e, "GlobalAveragePool"); }},
      {"QLinearConcat", expandConcat},
      {"QLinearWhere", expandWhere},
      {"QGemm", expandGemm},
      {"MatMulIntegerToFloat",
       [](Expansion &e) { finishProduct(e, e.dequantize(0, 2, 4), 3, 5, 6); }},
      {"DynamicQuantizeMatMul",
       [](Expansion &e) {
         finishProduct(e, e.requantizeDynamically(0), 2, 3, 4);
       }},
      {"DynamicQuantizeLSTM", expandLSTM},
  };
  return table;
}

} // namespace

void dlc::importer::expandContribOps(onnx::GraphProto &graph, int64_t opset) {
  Nodes nodes;
  for (NodeProto &node : *graph.mutable_node()) {
    for (auto &attr : *node.mutable_attribute())
      if (attr.has_g())
        expandContribOps(*attr.mutable_g(), opset);
    auto expand = node.domain() == contribDomain
                      ? expansions().find(node.op_type())
                      : expansions().end();
    if (expand == expansions().end()) {
      nodes.Add()->Swap(&node);
      continue;
    }
    Expansion expansion(node, nodes, opset);
    expand->second(expansion);
  }
  graph.mutable_node()->Swap(&nodes);
}
