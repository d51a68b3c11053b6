//===- FoldState.h - What the folder knows of values ------------*- C++ -*-===//

#ifndef DLC_LIB_IMPORTER_ONNX_BRIDGE_FOLDSTATE_H
#define DLC_LIB_IMPORTER_ONNX_BRIDGE_FOLDSTATE_H

#include "Evaluate.h"
#include "Internal.h"
#include "Intervals.h"
#include "Products.h"
#include "Ranges.h"

namespace dlc::importer {

/// What is known of the values of a graph, and how nodes say what they found
/// out. Fold.cpp decides about each node.
class FoldState {
protected:
  using AttributeProto = onnx::AttributeProto;
  using GraphProto = onnx::GraphProto;
  using NodeProto = onnx::NodeProto;

  explicit FoldState(Model &model)
      : graph(*model.proto.mutable_graph()), open(valuesWithExtents(model)) {
    if (!open.empty())
      fixed = fixedDims(model);
  }

  /// Which dimensions of a value no extent changes; null where that is not
  /// known.
  const std::vector<bool> *fixedDimsOf(const std::string &name) const {
    auto dims = fixed.find(name);
    return dims == fixed.end() ? nullptr : &dims->second;
  }

  void define(const std::string &name, const Value &value) {
    if (name.empty())
      return;
    *graph.add_initializer() = writeValue(value, name);
    shapes[name] = value.dims;
    known[name] = value;
  }

  bool isBound(const std::string &name) const {
    return bounds.count(name) && !known.count(name);
  }

  /// Whether no element of a value is negative.
  bool isNatural(const std::string &name) const {
    const Value *least = lowOf(name);
    return least && !least->isFloat() && dlc::importer::isNatural(*least);
  }

  /// The least that the elements of a value may be; null where that is not
  /// known.
  const Value *lowOf(const std::string &name) const {
    return knownOr(lows, name);
  }

  /// The most that a value may be; null where that is not known.
  const Value *boundOf(const std::string &name) const {
    return knownOr(bounds, name);
  }

  /// Names a constant that holds a bound.
  std::string constantBound(const std::string &name) {
    std::string constant = name + "/bound";
    if (!known.count(constant))
      define(constant, bounds.at(name));
    return constant;
  }

  /// Renames the result of a node and adds one that makes the old result of it:
  /// of dimension `axes[i]` counts as much as element `elements[i]` of
  /// `extents` says. Gives that node.
  NodeProto &addBounded(NodeProto &node, const std::string &extents,
                        const std::vector<int64_t> &axes,
                        const std::vector<int64_t> &elements, int output = 0) {
    std::string result = node.output(output);
    node.set_output(output, result + "/bounded");
    changed = true;
    return addBoundedNode(added, node, node.output(output), extents, result,
                          axes, elements);
  }

  /// Has the program say where the extents that `bounded` gives to the result
  /// of `node` are not possible.
  static void addCheck(NodeProto &bounded, const NodeProto &node,
                       const std::string &what) {
    AttributeProto &attr = *bounded.add_attribute();
    attr.set_name("what");
    attr.set_type(AttributeProto::STRING);
    attr.set_s("node '" + displayName(node) + " (" + node.op_type() +
               ")': " + what);
  }

  /// A node that computes extents; gives its result.
  std::string addArithmetic(const NodeProto &origin, const char *op,
                            const std::string &a, const std::string &b) {
    std::string result =
        origin.output(0) + "/extent" + std::to_string(added.size());
    addNode(added, origin, op, {a, b}, {result});
    return result;
  }

  /// Whether an element of a shape is always its bound.
  bool isExact(const std::string &shape, size_t element) const {
    auto found = exactElements.find(shape);
    if (found != exactElements.end())
      return found->second[element];
    const Value *least = lowOf(shape);
    auto most = bounds.find(shape);
    if (!least || most == bounds.end())
      return false;
    return least->isFloat()
               ? least->floats[element] == most->second.floats[element]
               : least->ints[element] == most->second.ints[element];
  }

  void defineInts(const std::string &name, const std::vector<int64_t> &values,
                  const Value &like) {
    Value value = like;
    value.ints = values;
    define(name, value);
  }

  //===- FoldRanges.cpp ---------------------------------------------------===//

  /// Notes between which numbers the results of a node are; small ones that are
  /// limited so have bounds from then on.
  void learnRanges(const NodeProto &node);

  /// What is known of all elements of a value.
  Range rangeOf(const std::string &name) const;

  /// Notes where the elements of small vectors come from.
  void noteMoves(const NodeProto &node);
  /// What is known of one element of a vector, of which others may not be
  /// limited.
  Range rangeOfElement(const std::string &name, size_t element) const;
  /// A value that the user said is at most so much.
  bool foldLimited(const NodeProto &node);
  /// Notes which elements of the operand that decides a node's shape have no
  /// limit.
  void noteUnlimited(const NodeProto &node);

  //===- FoldSizes.cpp ----------------------------------------------------===//

  /// A quotient that is a product of what its operands are made of.
  bool divide(NodeProto &node, const std::vector<const Value *> &inputs,
              const std::vector<const Value *> &constants);

  /// Operands whose sizes are the same number have bounds that are not where
  /// they were computed differently (every second element, from the first or
  /// the second on): what is more than the least of them is cut off, and a run
  /// that has it is an error.
  bool evenBounds(NodeProto &node);

  /// As many numbers as there are from a beginning to a limit, which may have
  /// bounds: they are counted from 0.
  bool restateRange(NodeProto &node);

  /// Branches of a conditional that have different sizes get the larger ones;
  /// how much of them counts the choice decides.
  bool evenBranches(NodeProto &node);

  /// A vector of which known elements are replaced (a shape with another size,
  /// as exporters write it): each element is one of the old or the new ones.
  bool gatherReplaced(NodeProto &node);

  GraphProto &graph;
  /// Values whose shapes are bounds.
  std::unordered_set<std::string> open;
  FixedDims fixed;
  /// Largest values of what depends on such shapes, and on inputs of which
  /// elements have a bound.
  std::unordered_map<std::string, Value> bounds;
  /// Of these those that depend on such inputs: each number on its own.
  std::unordered_set<std::string> free;
  /// Of inputs: which elements are always their bound.
  std::unordered_map<std::string, std::vector<bool>> exactElements;
  /// The least values of both, as far as they are known.
  std::unordered_map<std::string, Value> lows;
  /// Between which numbers the elements of values are that data decides.
  std::unordered_map<std::string, Range> ranges;
  /// The element types of values, as far as they are known.
  std::unordered_map<std::string, int> elemTypes;
  /// Nodes that move the elements of small vectors, by their results.
  std::unordered_map<std::string, NodeProto> moves;
  /// What the user said of dimensions of results.
  std::map<std::string, ResultBounds> resultBounds;
  /// Of results whose shapes are not known: the elements that decide it and
  /// have no limit.
  std::map<std::string, std::vector<std::string>> unlimited;
  Products products;
  /// Of what a Reshape makes: its shape.
  std::unordered_map<std::string, std::string> reshaped;
  /// Of inputs: the number of the extent that each dimension has.
  std::unordered_map<std::string, std::vector<int64_t>> ports;
  /// Nodes to put behind the one at hand.
  Nodes added;
  bool changed = false;
  std::unordered_map<std::string, Value> known;
  std::unordered_map<std::string, std::vector<int64_t>> shapes;

private:
  /// A constant, or what `limits` has of a value.
  const Value *knownOr(const std::unordered_map<std::string, Value> &limits,
                       const std::string &name) const {
    auto value = known.find(name);
    if (value != known.end())
      return &value->second;
    value = limits.find(name);
    return value == limits.end() ? nullptr : &value->second;
  }
};

} // namespace dlc::importer

#endif // DLC_LIB_IMPORTER_ONNX_BRIDGE_FOLDSTATE_H
