//===- Contrib.cpp - Quantised operators of com.microsoft -----------------===//
//
// onnxruntime's quantisers write operators of their own where ONNX has none.
// Each becomes the operators of ONNX that say what it means: its operands
// dequantised, the operator on floats, its result quantised. The compiler
// computes products of dequantised tensors in integers.
// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md)
//
//===----------------------------------------------------------------------===//

#include "Expansion.h"

#include <map>

using namespace dlc::importer;
using onnx::NodeProto;
using onnx::TensorProto;

namespace {

constexpr const char *contribDomain = "com.microsoft";

/// What quantised operators are written in, too.
class Quantised : public Expansion {
public:
  Quantised(const NodeProto &node, Nodes &nodes, int64_t opset)
      : Expansion(node, nodes), opset(opset) {}

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
  /// A parameter that is one number, as a scalar of floats.
  std::string number(int index) {
    return add("Reshape",
               {cast(in(index), TensorProto::FLOAT), constantInts({})});
  }
  /// Steps of operand `index` from its zero point, as floats.
  std::string steps(int index, int zero) {
    std::string value = cast(in(index), TensorProto::FLOAT);
    return has(zero) ? add("Sub", {value, number(zero)}) : value;
  }
  /// Quantises a value as the node's result.
  void quantize(const std::string &value, int scale, int zero) {
    add("QuantizeLinear", {value, in(scale), in(zero)}, {}, node.output(0));
  }
  /// Makes a value that counts in steps the node's result. Its zero point is
  /// added before rounding, other than in QuantizeLinear: of what is in the
  /// middle between two steps an odd one makes another number.
  void roundShifted(const std::string &value, int zero) {
    std::string one = constant(1), zeroOfType, shifted = value;
    if (has(zero)) {
      std::string origin = number(zero);
      shifted = add("Add", {value, origin});
      // Nothing else of an operator set before 15 has the type of an operand.
      zeroOfType = add("QuantizeLinear", {add("Neg", {origin}), one, in(zero)});
      zeroOfType = add("Reshape", {zeroOfType, constantInts({})});
    }
    add("QuantizeLinear", {shifted, one, zeroOfType}, {}, node.output(0));
  }
  void refuseChannelsLast() const {
    if (intAttr("channels_last", 0))
      throw ImportError("channels_last is not supported", node);
  }

private:
  int64_t opset;
};

using Expand = void (*)(Quantised &);

/// x, its scale and zero point, then those of the result.
void expandUnary(Quantised &e, const char *op,
                 const std::vector<const char *> &attributes = {}) {
  e.refuseChannelsLast();
  e.quantize(e.add(op, {e.dequantize(0, 1, 2)}, attributes), 3, 4);
}

/// What onnxruntime computes: sums and products of steps in units of the
/// result's scale.
void expandAdd(Quantised &e) {
  std::string scale = e.number(6);
  std::string left = e.add("Div", {e.number(1), scale});
  std::string right = e.add("Div", {e.number(4), scale});
  e.roundShifted(e.add("Add", {e.add("Mul", {e.steps(0, 2), left}),
                               e.add("Mul", {e.steps(3, 5), right})}),
                 7);
}

void expandMul(Quantised &e) {
  std::string unit = e.add("Mul", {e.number(1), e.number(4)});
  unit = e.add("Div", {unit, e.number(6)});
  std::string product = e.add("Mul", {e.steps(0, 2), e.steps(3, 5)});
  e.roundShifted(e.add("Mul", {product, unit}), 7);
}

void expandAveragePool(Quantised &e) {
  e.refuseChannelsLast();
  std::string value = e.add("AveragePool", {e.dequantize(0, 1, 2)},
                            {"auto_pad", "ceil_mode", "count_include_pad",
                             "kernel_shape", "pads", "strides"});
  e.roundShifted(e.add("Div", {value, e.number(3)}), 4);
}

/// The result's scale and zero point, then three operands for each piece.
void expandConcat(Quantised &e) {
  std::vector<std::string> pieces;
  for (int i = 2; i < e.numInputs(); i += 3)
    pieces.push_back(e.dequantize(i, i + 1, i + 2));
  e.quantize(e.add("Concat", pieces, {"axis"}), 0, 1);
}

void expandWhere(Quantised &e) {
  std::string x = e.dequantize(1, 2, 3), y = e.dequantize(4, 5, 6);
  e.quantize(e.add("Where", {e.in(0), x, y}), 7, 8);
}

/// alpha * (a * b + c), where c counts in units of both scales. Without a scale
/// of the result, that is float.
void expandGemm(Quantised &e) {
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
void finishProduct(Quantised &e, const std::string &left, int scale, int zero,
                   int bias) {
  std::string value = e.add("MatMul", {left, e.dequantize(1, scale, zero)});
  if (e.has(bias))
    value = e.add("Add", {value, e.in(bias)});
  e.finish(value);
}

/// Weights of all directions as LSTM takes them. The scale and the zero point
/// are one number for each direction or for each column of it.
std::string dequantizeGates(Quantised &e, int index, int scale, int zero) {
  std::string value = e.cast(e.in(index), TensorProto::FLOAT);
  std::string columns = e.constantInts({0, 1, -1});
  if (e.has(zero)) {
    std::string origin = e.add("Reshape", {e.in(zero), columns});
    value = e.add("Sub", {value, e.cast(origin, TensorProto::FLOAT)});
  }
  std::string unit = e.add("Reshape", {e.in(scale), columns});
  return e.transpose(e.add("Mul", {value, unit}), {0, 2, 1});
}

/// Operands 0 to 7 are those of LSTM. The hidden state is quantised in each
/// step, which LSTM has no operand for.
void expandLSTM(Quantised &e) {
  std::vector<std::string> inputs;
  for (int i = 0; i < 8; ++i)
    inputs.push_back(e.in(i));
  inputs[0] = e.requantizeDynamically(0);
  inputs[1] = dequantizeGates(e, 1, 8, 9);
  inputs[2] = dequantizeGates(e, 2, 10, 11);
  while (inputs.back().empty())
    inputs.pop_back();
  setInt(e.finishAs("LSTM", inputs), "quantized", 1);
}

const std::map<std::string, Expand> &expansions() {
  static const std::map<std::string, Expand> table = {
      {"QLinearAdd", expandAdd},
      {"QLinearMul", expandMul},
      {"QLinearSigmoid", [](Quantised &e) { expandUnary(e, "Sigmoid"); }},
      {"QLinearLeakyRelu",
       [](Quantised &e) { expandUnary(e, "LeakyRelu", {"alpha"}); }},
      {"QLinearSoftmax",
       [](Quantised &e) { expandUnary(e, "Softmax", {"axis"}); }},
      {"QLinearAveragePool", expandAveragePool},
      {"QLinearGlobalAveragePool",
       [](Quantised &e) { expandUnary(e, "GlobalAveragePool"); }},
      {"QLinearConcat", expandConcat},
      {"QLinearWhere", expandWhere},
      {"QGemm", expandGemm},
      {"MatMulIntegerToFloat",
       [](Quantised &e) { finishProduct(e, e.dequantize(0, 2, 4), 3, 5, 6); }},
      {"DynamicQuantizeMatMul",
       [](Quantised &e) {
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
    Quantised expansion(node, nodes, opset);
    expand->second(expansion);
  }
  graph.mutable_node()->Swap(&nodes);
}
