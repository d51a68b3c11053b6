//===- Sequences.cpp - Sequences and optional values inside a model -------===//
//
// A sequence that is made inside the model has elements that are known by name:
// whoever takes it takes them. What remains are nodes that nobody reads.
//
//===----------------------------------------------------------------------===//

#include "Evaluate.h"
#include "Internal.h"

#include <set>

using namespace dlc::importer;
using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TensorProto;

namespace {

class Resolver {
public:
  explicit Resolver(Model &model)
      : model(model), graph(*model.proto.mutable_graph()) {
    for (const auto *infos :
         {&graph.input(), &graph.value_info(), &graph.output()})
      for (const auto &info : *infos)
        if (info.type().has_tensor_type())
          tensors[info.name()] = &info.type().tensor_type();
    for (const TensorProto &tensor : graph.initializer())
      constants[tensor.name()] = {tensor.dims().begin(), tensor.dims().end()};
  }

  bool run() {
    bool changed = false;
    for (const NodeProto &node : graph.node())
      if (open.empty() && node.op_type() == "SplitToSequence") {
        open = valuesWithExtents(model);
        fixed = fixedDims(model);
      }
    for (NodeProto &node : *graph.mutable_node()) {
      bool resolved =
          node.domain().empty() && node.output_size() == 1 && resolve(node);
      if (!resolved)
        kept.Add()->Swap(&node);
      changed |= resolved;
    }
    graph.mutable_node()->Swap(&kept);
    return spreadOutputs() || changed;
  }

private:
  using Elements = std::vector<std::string>;

  /// An output 'y' that is a sequence becomes the outputs 'y.0', 'y.1', …, as
  /// soon as its tensors are known.
  bool spreadOutputs() {
    google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> outputs;
    std::vector<Port> ports;
    bool changed = false;
    for (int i = 0; i < graph.output_size(); ++i) {
      const onnx::ValueInfoProto &output = graph.output(i);
      std::optional<Elements> elements = elementsOf(output);
      if (!elements) {
        *outputs.Add() = output;
        ports.push_back(model.outputs[i]);
        continue;
      }
      changed = true;
      for (size_t k = 0; k < elements->size(); ++k) {
        Port port = model.outputs[i];
        port.name += "." + std::to_string(k);
        NodeProto at;
        at.set_name(port.name);
        addNode(*graph.mutable_node(), at, "Identity", {(*elements)[k]},
                {port.name});
        onnx::ValueInfoProto &info = *outputs.Add();
        info.set_name(port.name);
        info.mutable_type()->mutable_tensor_type()->set_elem_type(
            port.type.elemType);
        ports.push_back(std::move(port));
      }
    }
    if (!changed)
      return false;
    if (outputs.empty())
      throw ImportError("the model has no outputs: its sequences are empty");
    graph.mutable_output()->Swap(&outputs);
    model.outputs = std::move(ports);
    return true;
  }

  /// The tensors of an output that is none; nothing where they are not known.
  std::optional<Elements> elementsOf(const onnx::ValueInfoProto &output) const {
    const std::string &name = output.name();
    if (output.type().has_tensor_type())
      return std::nullopt;
    if (parts.count(name))
      throw ImportError("how many tensors the output '" + name +
                        "' has depends on an extent (--max-dim), which is not "
                        "supported");
    if (empty.count(name))
      return Elements();
    if (auto found = optionals.find(name); found != optionals.end())
      return Elements{found->second};
    auto found = sequences.find(name);
    if (found == sequences.end())
      return std::nullopt;
    for (const std::string &element : found->second)
      if (element.empty())
        return std::nullopt;
    return found->second;
  }

  /// What a sequence was cut from, and along which dimension.
  struct Parts {
    std::string whole;
    int64_t axis = 0, rank = 0, size = 1;
    bool squeezed = false;
  };

  const Elements *sequence(const NodeProto &node, int input) const {
    if (input >= node.input_size())
      return nullptr;
    auto found = sequences.find(node.input(input));
    return found == sequences.end() ? nullptr : &found->second;
  }

  bool isTensor(const std::string &name) const {
    return tensors.count(name) || constants.count(name);
  }

  /// The position that an optional input names, counted from the end where it
  /// is negative; `fallback` where it is absent.
  std::optional<int64_t> position(const NodeProto &node, int input,
                                  int64_t size, int64_t fallback) {
    if (input >= node.input_size() || node.input(input).empty())
      return fallback;
    auto value = knownInts(graph, node.input(input));
    if (!value || value->size() != 1)
      return std::nullopt;
    int64_t at = (*value)[0] + ((*value)[0] < 0 ? size : 0);
    if (at < 0 || at > size)
      throw ImportError("the position " + std::to_string((*value)[0]) +
                            " lies outside of a sequence of " +
                            std::to_string(size) + " tensors",
                        node);
    return at;
  }

  /// Follows what makes a sequence; true where a node was replaced.
  bool resolve(NodeProto &node) {
    const std::string &op = node.op_type(), &result = node.output(0);
    for (const std::string &input : node.input())
      if (auto found = parts.find(input); found != parts.end())
        return readParts(node, Parts(found->second));
    if (op == "SequenceEmpty") {
      sequences[result] = {};
    } else if (op == "SequenceConstruct") {
      sequences[result] = {node.input().begin(), node.input().end()};
    } else if (op == "Optional") {
      if (node.input_size() == 0 || node.input(0).empty())
        empty.insert(result);
      else if (const Elements *elements = sequence(node, 0))
        sequences[result] = *elements;
      else
        optionals[result] = node.input(0);
    } else if (op == "Identity") {
      if (const Elements *elements = sequence(node, 0))
        sequences[result] = *elements;
      if (auto found = optionals.find(node.input(0)); found != optionals.end())
        optionals[result] = found->second;
      if (empty.count(node.input(0)))
        empty.insert(result);
    } else if (op == "SequenceInsert" || op == "SequenceErase") {
      edit(node, op == "SequenceInsert");
    } else if (op == "SplitToSequence") {
      return split(node);
    } else {
      return read(node);
    }
    return false;
  }

  void edit(const NodeProto &node, bool insert) {
    const Elements *before = sequence(node, 0);
    if (!before)
      return;
    Elements after = *before;
    auto size = static_cast<int64_t>(after.size());
    auto at = position(node, insert ? 2 : 1, size, insert ? size : size - 1);
    if (!at || (!insert && (*at < 0 || *at >= size)))
      return;
    if (insert)
      after.insert(after.begin() + *at, node.input(1));
    else
      after.erase(after.begin() + *at);
    sequences[node.output(0)] = after;
  }

  /// Ops that take a sequence or an optional and give a tensor.
  bool read(NodeProto &node) {
    const std::string &op = node.op_type();
    if (op == "OptionalHasElement" || op == "OptionalGetElement")
      return readOptional(node);
    const Elements *elements = sequence(node, 0);
    if (!elements)
      return false;
    if (op == "SequenceLength") {
      addInts(graph, node.output(0), {static_cast<int64_t>(elements->size())},
              /*scalar=*/true);
      return true;
    }
    for (const std::string &element : *elements)
      if (element.empty())
        return false;
    if (op == "SequenceAt") {
      auto size = static_cast<int64_t>(elements->size());
      auto at = position(node, 1, size, 0);
      if (!at)
        return false;
      if (*at == size)
        throw ImportError("the position " + std::to_string(size) +
                              " lies outside of a sequence of " +
                              std::to_string(size) + " tensors",
                          node);
      addNode(kept, node, "Identity", {(*elements)[*at]}, {node.output(0)});
      return true;
    }
    if (op == "ConcatFromSequence" && !elements->empty()) {
      Elements parts = *elements;
      if (intAttr(node, "new_axis", 0)) {
        std::string axes = node.output(0) + "/axes";
        addInts(graph, axes, {intAttr(node, "axis", 0)});
        for (size_t i = 0; i < parts.size(); ++i) {
          std::string part = node.output(0) + "/part" + std::to_string(i);
          addNode(kept, node, "Unsqueeze", {parts[i], axes}, {part});
          parts[i] = part;
        }
      }
      setInt(addNode(kept, node, "Concat", parts, {node.output(0)}), "axis",
             intAttr(node, "axis", 0));
      return true;
    }
    return false;
  }

  bool readOptional(NodeProto &node) {
    std::string input = node.input_size() ? node.input(0) : "";
    auto optional = optionals.find(input);
    bool present = optional != optionals.end() || sequences.count(input) ||
                   isTensor(input);
    if (node.op_type() == "OptionalHasElement") {
      if (!present && !input.empty() && !empty.count(input))
        return false;
      TensorProto &tensor = *graph.add_initializer();
      tensor.set_name(node.output(0));
      tensor.set_data_type(TensorProto::BOOL);
      tensor.add_int32_data(present);
      return true;
    }
    if (sequences.count(input)) {
      sequences[node.output(0)] = sequences[input];
      return false;
    }
    if (!present)
      return false;
    addNode(kept, node, "Identity",
            {optional != optionals.end() ? optional->second : input},
            {node.output(0)});
    return true;
  }

  /// The dimensions of a tensor, -1 for those that are not known; nothing if
  /// the rank is not.
  std::optional<std::vector<int64_t>> dimsOf(const std::string &name) const {
    if (auto found = constants.find(name); found != constants.end())
      return found->second;
    auto found = tensors.find(name);
    if (found == tensors.end() || !found->second->has_shape())
      return std::nullopt;
    std::vector<int64_t> dims;
    for (const auto &dim : found->second->shape().dim())
      dims.push_back(dim.has_dim_value() ? dim.dim_value() : -1);
    return dims;
  }

  /// Whether a run decides how large a dimension is.
  bool dependsOnExtent(const std::string &name, int64_t axis) const {
    if (!open.count(name))
      return false;
    auto found = fixed.find(name);
    return found == fixed.end() || !found->second[axis];
  }

  /// Parts of `part` elements, of which those that an extent leaves out are
  /// empty. Nobody may count them.
  void cut(NodeProto &node, int64_t axis, const std::vector<int64_t> &dims,
           int64_t part) {
    const std::string &base = node.output(0);
    int64_t extent = dims[axis];
    bool each = node.input_size() < 2 || node.input(1).empty();
    bool squeeze = each && !intAttr(node, "keepdims", 1);
    if ((extent + part - 1) / part > maxFoldedElements)
      throw ImportError("more than " + std::to_string(maxFoldedElements) +
                            " tensors in a sequence are not supported",
                        node);
    Elements elements;
    addInts(graph, base + "/axes", {axis});
    for (int64_t at = 0; at < extent; at += part) {
      std::string name = base + "/part" + std::to_string(at);
      addInts(graph, name + "/start", {at});
      addInts(graph, name + "/end", {std::min(at + part, extent)});
      addNode(kept, node, "Slice",
              {node.input(0), name + "/start", name + "/end", base + "/axes"},
              {name});
      elements.push_back(name);
      if (!squeeze)
        continue;
      elements.back() = name + "/squeezed";
      addNode(kept, node, "Squeeze", {name, base + "/axes"}, {elements.back()});
    }
    addNode(kept, node, "SequenceConstruct", elements, {base});
    sequences[base] = elements;
    parts[base] = {node.input(0), axis, int64_t(dims.size()), part, squeeze};
  }

  /// The extent, divided by the size of a part and rounded up.
  void count(NodeProto &node, const Parts &of) {
    const std::string &base = node.output(0);
    addInts(graph, base + "/first", {0});
    addInts(graph, base + "/more", {of.size - 1}, /*scalar=*/true);
    addInts(graph, base + "/part", {of.size}, /*scalar=*/true);
    NodeProto &shape =
        addNode(kept, node, "Shape", {of.whole}, {base + "/shape"});
    setInt(shape, "start", of.axis);
    setInt(shape, "end", of.axis + 1);
    addNode(kept, node, "Squeeze", {base + "/shape", base + "/first"},
            {base + "/size"});
    addNode(kept, node, "Add", {base + "/size", base + "/more"},
            {base + "/sum"});
    addNode(kept, node, "Div", {base + "/sum", base + "/part"}, {base});
  }

  /// What may be asked of a sequence whose length an extent decides: a tensor
  /// counted from its beginning, and all of it.
  bool readParts(NodeProto &node, const Parts &of) {
    const std::string &op = node.op_type(), &result = node.output(0);
    if (op == "Identity") {
      parts[result] = of;
      sequences[result] = sequences.at(node.input(0));
      return false;
    }
    if (op == "SequenceAt") {
      auto at = knownInts(graph, node.input(1));
      const Elements &elements = sequences.at(node.input(0));
      if (at && at->size() == 1 && (*at)[0] >= 0 &&
          (*at)[0] < int64_t(elements.size())) {
        NodeProto &taken =
            addNode(kept, node, "Identity", {elements[(*at)[0]]}, {result});
        if (!of.squeezed)
          setInt(taken, presentAttr, of.axis);
        return true;
      }
      if (!at)
        return false;
    }
    if (op == "SequenceLength") {
      count(node, of);
      return true;
    }
    int64_t axis = intAttr(node, "axis", 0);
    axis += axis < 0 ? of.rank : 0;
    if (op == "ConcatFromSequence" && !of.squeezed &&
        !intAttr(node, "new_axis", 0) && axis == of.axis) {
      addNode(kept, node, "Identity", {of.whole}, {result});
      return true;
    }
    throw ImportError("how many tensors '" + node.input(0) +
                          "' has depends on an extent (--max-dim), which is "
                          "supported where they are counted, taken by "
                          "constant positions from the beginning, or joined "
                          "again",
                      node);
  }

  bool split(NodeProto &node) {
    auto dims = dimsOf(node.input(0));
    if (!dims || sequences.count(node.output(0)))
      return false;
    auto rank = int64_t(dims->size());
    int64_t axis = intAttr(node, "axis", 0);
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank || (*dims)[axis] < 0)
      return false;
    int64_t extent = (*dims)[axis];
    bool each = node.input_size() < 2 || node.input(1).empty();
    std::vector<int64_t> sizes;
    if (!each) {
      auto value = knownInts(graph, node.input(1));
      if (!value) {
        // Where to split is computed; how often may be known.
        auto counted = dimsOf(node.input(1));
        if (counted && counted->size() == 1 && counted->front() >= 0)
          sequences[node.output(0)] =
              Elements(std::min<int64_t>(counted->front(), maxFoldedElements));
        return false;
      }
      sizes = *value;
    }
    // One number: parts of that size, the last one may be smaller.
    int64_t part = each ? 1 : sizes.size() == 1 ? sizes[0] : 0;
    if (part > 0 && dependsOnExtent(node.input(0), axis)) {
      cut(node, axis, *dims, part);
      return true;
    }
    if (part > 0) {
      sizes.clear();
      for (int64_t at = 0; at < extent; at += part)
        sizes.push_back(std::min(part, extent - at));
    }
    if (sizes.empty() || sizes.size() > size_t(maxFoldedElements))
      return false;
    bool squeeze = each && !intAttr(node, "keepdims", 1);
    const std::string &base = node.output(0);
    addInts(graph, base + "/sizes", sizes);
    addInts(graph, base + "/axes", {axis});
    Elements parts, elements;
    for (size_t i = 0; i < sizes.size(); ++i)
      parts.push_back(base + "/split" + std::to_string(i));
    setInt(
        addNode(kept, node, "Split", {node.input(0), base + "/sizes"}, parts),
        "axis", axis);
    for (size_t i = 0; i < parts.size(); ++i) {
      elements.push_back(parts[i]);
      if (!squeeze)
        continue;
      elements.back() = base + "/squeezed" + std::to_string(i);
      addNode(kept, node, "Squeeze", {parts[i], base + "/axes"},
              {elements.back()});
    }
    // The sequence is now one of the parts.
    addNode(kept, node, "SequenceConstruct", elements, {base});
    sequences[base] = elements;
    return true;
  }

  Model &model;
  GraphProto &graph;
  Nodes kept;
  /// An element without a name is one that cannot be taken.
  std::unordered_map<std::string, Elements> sequences;
  /// Sequences of as many tensors as an extent says, of the largest one here.
  std::unordered_map<std::string, Parts> parts;
  /// What has extents, where sequences are cut.
  std::unordered_set<std::string> open;
  FixedDims fixed;
  std::unordered_map<std::string, std::string> optionals;
  /// Optional values that hold nothing.
  std::set<std::string> empty;
  /// Their dimensions.
  std::unordered_map<std::string, std::vector<int64_t>> constants;
  std::unordered_map<std::string, const onnx::TypeProto_Tensor *> tensors;
};

} // namespace

bool dlc::importer::isSequenceOp(const std::string &op) {
  static const std::set<std::string> ops = {
      "SequenceEmpty",      "SequenceConstruct",  "SequenceInsert",
      "SequenceErase",      "SequenceAt",         "SequenceLength",
      "SplitToSequence",    "ConcatFromSequence", "Optional",
      "OptionalHasElement", "OptionalGetElement"};
  return ops.count(op) != 0;
}

bool dlc::importer::resolveSequences(Model &model) {
  return Resolver(model).run();
}
