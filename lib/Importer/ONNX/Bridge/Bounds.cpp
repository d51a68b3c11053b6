//===- Bounds.cpp - Largest sizes of results that depend on values --------===//

#include "Internal.h"

#include <algorithm>

using namespace dlc::importer;
using onnx::GraphProto;
using onnx::NodeProto;

namespace {

using Dims = std::vector<int64_t>;

/// A dimension that may be negative; nothing where it is out of range.
std::optional<size_t> axisOf(const NodeProto &node, size_t rank) {
  int64_t axis = intAttr(node, "axis", 0);
  axis += axis < 0 ? int64_t(rank) : 0;
  if (axis < 0 || axis >= int64_t(rank))
    return std::nullopt;
  return size_t(axis);
}

class Bounds {
public:
  explicit Bounds(const GraphProto &graph) : graph(graph) {
    for (const auto *infos :
         {&graph.input(), &graph.value_info(), &graph.output()})
      for (const auto &info : *infos)
        learn(info);
    for (const auto &tensor : graph.initializer())
      shapes[tensor.name()] = {tensor.dims().begin(), tensor.dims().end()};
  }

  /// The largest shapes of a node's results, as far as they depend on values;
  /// empty where nothing does or something is not known yet.
  std::vector<Dims> of(const NodeProto &node) const {
    const Dims *x = shapeOf(node, 0);
    if (!x)
      return {};
    if (node.domain() == ownDomain && node.op_type() == boundedOp)
      return {*x};
    if (node.domain() == ownDomain)
      if (const onnx::AttributeProto *bounds = attribute(node, "bounds"))
        return {{bounds->ints().begin(), bounds->ints().end()}};
    Rule rule = ruleOf(node);
    return rule ? (this->*rule)(node, *x) : std::vector<Dims>();
  }

  /// Whether values decide how large a result of the node is.
  static bool isSizedByValues(const GraphProto &graph, const NodeProto &node) {
    if (node.op_type() == "Compress" &&
        (node.input_size() < 2 || knownInts(graph, node.input(1))))
      return false;
    return ruleOf(node) != nullptr;
  }

  bool isStatic(const std::string &name) const { return shapes.count(name); }

private:
  /// The largest shapes of a node's results; `x` is that of its first operand.
  using Rule = std::vector<Dims> (Bounds::*)(const NodeProto &node,
                                             const Dims &x) const;

  static Rule ruleOf(const NodeProto &node) {
    static const std::unordered_map<std::string, Rule> rules = {
        {"NonZero", &Bounds::nonZero},
        {"Compress", &Bounds::compress},
        {"Unique", &Bounds::unique},
        {"NonMaxSuppression", &Bounds::suppress}};
    auto found = rules.find(node.op_type());
    return node.domain().empty() && found != rules.end() ? found->second
                                                         : nullptr;
  }

  void learn(const onnx::ValueInfoProto &info) {
    if (auto dims = wholeShape(info.type()))
      shapes[info.name()] = std::move(*dims);
  }

  const Dims *shapeOf(const NodeProto &node, int input) const {
    if (input >= node.input_size())
      return nullptr;
    auto found = shapes.find(node.input(input));
    return found == shapes.end() ? nullptr : &found->second;
  }

  static int64_t elements(const Dims &dims) {
    return checkedElements(dims, onnx::TensorProto::INT64, "a result");
  }

  std::vector<Dims> nonZero(const NodeProto &, const Dims &x) const {
    return {{int64_t(x.size()), elements(x)}};
  }

  std::vector<Dims> compress(const NodeProto &node, const Dims &x) const {
    const Dims *condition = shapeOf(node, 1);
    if (!condition || condition->size() != 1)
      return {};
    Dims result{elements(x)};
    size_t at = 0;
    if (attribute(node, "axis")) {
      auto axis = axisOf(node, x.size());
      if (!axis)
        return {};
      result = x;
      at = *axis;
    }
    int64_t length = std::min(result[at], condition->front());
    if (auto flags = knownInts(graph, node.input(1)))
      length = std::count_if(flags->begin(), flags->begin() + length,
                             [](int64_t flag) { return flag != 0; });
    result[at] = length;
    return {result};
  }

  std::vector<Dims> unique(const NodeProto &node, const Dims &x) const {
    int64_t all = elements(x);
    if (!attribute(node, "axis"))
      return {{all}, {all}, {all}, {all}};
    auto axis = axisOf(node, x.size());
    if (!axis)
      return {};
    Dims one{x[*axis]};
    return {x, one, one, one};
  }

  std::vector<Dims> suppress(const NodeProto &node, const Dims &) const {
    const Dims *scores = shapeOf(node, 1);
    if (!scores || scores->size() != 3)
      return {};
    int64_t each = 0;
    if (node.input_size() > 2 && !node.input(2).empty()) {
      auto most = knownInts(graph, node.input(2));
      each = (*scores)[2];
      if (most && most->size() == 1)
        each = std::min(each, std::max<int64_t>((*most)[0], 0));
    }
    return {{elements({(*scores)[0], (*scores)[1], each}), 3}};
  }

  const GraphProto &graph;
  std::unordered_map<std::string, Dims> shapes;
};

/// The element type of a result; 0 where it is that of the first operand.
int elementOf(const NodeProto &node, int output) {
  bool alike = node.op_type() == "Compress" || node.domain() == ownDomain ||
               (node.op_type() == "Unique" && output == 0);
  return alike ? 0 : onnx::TensorProto::INT64;
}

} // namespace

bool dlc::importer::addBounds(const GraphProto &graph, KnownTypes &known) {
  Bounds bounds(graph);
  std::unordered_map<std::string, int> elements;
  for (const auto *infos :
       {&graph.input(), &graph.value_info(), &graph.output()})
    for (const auto &info : *infos)
      elements[info.name()] = info.type().tensor_type().elem_type();
  for (const auto &tensor : graph.initializer())
    elements[tensor.name()] = tensor.data_type();
  bool found = false;
  for (const NodeProto &node : graph.node()) {
    auto shapes = bounds.of(node);
    for (int i = 0; i < node.output_size() && i < int(shapes.size()); ++i) {
      const std::string &name = node.output(i);
      if (name.empty() || bounds.isStatic(name) || known.count(name))
        continue;
      int element = elementOf(node, i);
      auto &type = *known[name].mutable_tensor_type();
      type.set_elem_type(element ? element : elements[node.input(0)]);
      for (int64_t dim : shapes[i])
        type.mutable_shape()->add_dim()->set_dim_value(dim);
      if (type.shape().dim_size() == 0)
        type.mutable_shape();
      found = true;
    }
  }
  return found;
}

/// Whether a result has the extents of the third operand whatever those of the
/// first one are.
static bool isLikeOther(const NodeProto &node) {
  return node.domain() == ownDomain && node.op_type() == boundedOp &&
         intAttr(node, "equal", 0);
}

bool dlc::importer::hasExtents(const GraphProto &graph, const NodeProto &node,
                               const std::unordered_set<std::string> &open) {
  // There is one number a dimension, whatever it is.
  if (node.domain().empty() &&
      (node.op_type() == "Shape" || node.op_type() == "Size"))
    return false;
  if (isLikeOther(node))
    return open.count(node.input(2));
  bool has = makesExtents(graph, node);
  forEachUse(node,
             [&](const std::string &input) { has = has || open.count(input); });
  return has;
}

bool dlc::importer::makesExtents(const GraphProto &graph,
                                 const NodeProto &node) {
  return (node.domain() == ownDomain &&
          ((node.op_type() == boundedOp && !isLikeOther(node)) ||
           attribute(node, "bounds"))) ||
         Bounds::isSizedByValues(graph, node);
}

std::unordered_set<std::string>
dlc::importer::valuesWithExtents(const Model &model) {
  const GraphProto &graph = model.proto.graph();
  std::unordered_set<std::string> result;
  for (const Port &input : model.inputs)
    if (!input.extents.empty())
      result.insert(input.name);
  for (const NodeProto &node : graph.node()) {
    if (hasExtents(graph, node, result))
      for (const std::string &output : node.output())
        if (!output.empty())
          result.insert(output);
  }
  return result;
}
