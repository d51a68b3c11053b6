//===- OpenLoops.cpp - Loops whose number of iterations is computed -------===//
//
// A loop has a largest number of iterations, and a body that says whether there
// is one more. So a number that is computed becomes a part of what the body
// says, and a scan over a dimension with an extent becomes such a loop.
//
//===----------------------------------------------------------------------===//

#include "Internal.h"

#include <algorithm>
#include <limits>

using namespace dlc::importer;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TensorProto;

namespace {

/// An initializer with one number, in front of the nodes that read it.
std::string scalar(GraphProto &graph, const std::string &name, int64_t value) {
  addInts(graph, name, {value}, /*scalar=*/true);
  return name;
}

/// Builds the Loop that does what a Scan does.
class ScanAsLoop {
public:
  ScanAsLoop(const NodeProto &scan, GraphProto &graph, Nodes &nodes)
      : scan(scan), graph(graph), nodes(nodes) {
    for (const std::string &output : scan.output())
      if (base.empty())
        base = output;
    base += "/scan/";
  }

  void run() {
    const GraphProto *inner = subgraph(scan, "body");
    auto given = static_cast<int>(intAttr(scan, "num_scan_inputs", 0));
    states = scan.input_size() - given;
    if (!inner || given < 1 || states < 0 ||
        inner->input_size() != scan.input_size() ||
        inner->output_size() != scan.output_size() ||
        inner->output_size() < states)
      throw ImportError("the body of the scan does not fit to its inputs",
                        scan);
    body = *inner;
    countTrips();
    takeSlices();
    GraphProto looped = addCondition();
    NodeProto loop;
    loop.set_op_type("Loop");
    loop.set_name(displayName(scan));
    loop.add_input(base + "trips");
    loop.add_input("");
    for (int s = 0; s < states; ++s)
      loop.add_input(scan.input(s));
    Nodes behind;
    for (int o = 0; o < scan.output_size(); ++o)
      loop.add_output(o < states ? scan.output(o) : place(o, behind));
    onnx::AttributeProto &attr = *loop.add_attribute();
    attr.set_name("body");
    attr.set_type(onnx::AttributeProto::GRAPH);
    attr.mutable_g()->Swap(&looped);
    nodes.Add()->Swap(&loop);
    for (NodeProto &node : behind)
      nodes.Add()->Swap(&node);
  }

private:
  int64_t element(const char *name, int index) const {
    const onnx::AttributeProto *attr = attribute(scan, name);
    return attr && index < attr->ints_size() ? attr->ints(index) : 0;
  }

  void countTrips() {
    std::string axis = base + "axis";
    scalar(graph, axis, element("scan_input_axes", 0));
    addNode(nodes, scan, "Shape", {scan.input(states)}, {base + "shape"});
    setInt(addNode(nodes, scan, "Gather", {base + "shape", axis},
                   {base + "trips"}),
           "axis", 0);
  }

  /// What the body takes of the inputs that are scanned, it gathers itself.
  void takeSlices() {
    Nodes inside;
    for (int i = states; i < scan.input_size(); ++i) {
      // Under a name that the body does not use.
      std::string whole = base + "whole" + std::to_string(i);
      addNode(nodes, scan, "Identity", {scan.input(i)}, {whole});
      std::string at = base + "index";
      if (element("scan_input_directions", i - states)) {
        at = base + "from_end" + std::to_string(i);
        addNode(inside, scan, "Sub", {base + "last", base + "index"}, {at});
        needsLast = true;
      }
      setInt(
          addNode(inside, scan, "Gather", {whole, at}, {body.input(i).name()}),
          "axis", element("scan_input_axes", i - states));
    }
    for (NodeProto &node : *body.mutable_node())
      inside.Add()->Swap(&node);
    body.mutable_node()->Swap(&inside);
    if (needsLast)
      addNode(nodes, scan, "Sub",
              {base + "trips", scalar(graph, base + "unit", 1)},
              {base + "last"});
  }

  /// The body as that of a Loop, which always goes on.
  GraphProto addCondition() {
    GraphProto result = body;
    result.clear_input();
    result.clear_output();
    auto add = [](onnx::ValueInfoProto &info, const std::string &name,
                  int element) {
      info.set_name(name);
      auto &type = *info.mutable_type()->mutable_tensor_type();
      type.set_elem_type(element);
      type.mutable_shape();
    };
    add(*result.add_input(), base + "index", TensorProto::INT64);
    add(*result.add_input(), base + "condition", TensorProto::BOOL);
    for (int s = 0; s < states; ++s)
      *result.add_input() = body.input(s);
    addNode(*result.mutable_node(), scan, "Identity", {base + "condition"},
            {base + "goes_on"});
    add(*result.add_output(), base + "goes_on", TensorProto::BOOL);
    for (const auto &output : body.output())
      *result.add_output() = output;
    return result;
  }

  /// Brings what the loop stacks to where the scan wants it; gives the name of
  /// the stack.
  std::string place(int output, Nodes &behind) {
    const std::string &wanted = scan.output(output);
    if (wanted.empty())
      return "";
    int64_t axis = element("scan_output_axes", output - states);
    bool isReversed = element("scan_output_directions", output - states) != 0;
    if (axis == 0 && !isReversed)
      return wanted;
    std::string name = base + "stack" + std::to_string(output), stack = name;
    if (isReversed) {
      std::string turned = axis == 0 ? wanted : name + ".turned";
      addInts(graph, name + ".start", {-1});
      addInts(graph, name + ".end", {std::numeric_limits<int64_t>::min()});
      addInts(graph, name + ".axis", {0});
      addNode(behind, scan, "Slice",
              {stack, name + ".start", name + ".end", name + ".axis",
               name + ".start"},
              {turned});
      stack = turned;
    }
    if (axis != 0)
      setInts(addNode(behind, scan, "Transpose", {stack}, {wanted}), "perm",
              moveFirst(output, axis));
    return name;
  }

  std::vector<int64_t> moveFirst(int output, int64_t axis) const {
    const auto &type = body.output(output).type().tensor_type();
    if (!type.has_shape())
      throw ImportError("the scan's body does not say how many dimensions its "
                        "result '" +
                            body.output(output).name() +
                            "' has, which is to be stacked along dimension " +
                            std::to_string(axis),
                        scan);
    int64_t rank = type.shape().dim_size() + 1;
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank)
      throw ImportError("the axis of a result is no dimension of it", scan);
    std::vector<int64_t> perm;
    for (int64_t d = 1; d < rank; ++d)
      perm.push_back(d);
    perm.insert(perm.begin() + axis, 0);
    return perm;
  }

  const NodeProto &scan;
  GraphProto &graph;
  Nodes &nodes;
  std::string base;
  GraphProto body;
  int states = 0;
  bool needsLast = false;
};

/// Of values with extents, which dimensions have one: followed from inputs
/// through what moves dimensions in a way that is easily told.
class OpenDims {
public:
  OpenDims(const Model &model, const LoadOptions &options)
      : graph(model.proto.graph()), options(options),
        open(valuesWithExtents(model)) {
    for (const Port &input : model.inputs)
      for (int64_t number : input.extents)
        dims[input.name].push_back(number >= 0);
    for (const auto *infos :
         {&graph.input(), &graph.value_info(), &graph.output()})
      for (const auto &info : *infos)
        if (auto shape = wholeShape(info.type()))
          ranks[info.name()] = shape->size();
    for (const TensorProto &tensor : graph.initializer())
      ranks[tensor.name()] = static_cast<size_t>(tensor.dims_size());
    for (const NodeProto &node : graph.node())
      if (node.output_size() == 1 && open.count(node.output(0)))
        if (auto known = follow(node))
          dims[node.output(0)] = std::move(*known);
  }

  /// Whether a dimension has an extent, or may have one.
  bool mayBeOpen(const std::string &name, int64_t axis) const {
    if (!open.count(name))
      return false;
    auto known = dims.find(name);
    if (known == dims.end())
      return true;
    auto rank = static_cast<int64_t>(known->second.size());
    axis += axis < 0 ? rank : 0;
    return axis < 0 || axis >= rank || known->second[size_t(axis)];
  }

private:
  using Flags = std::vector<bool>;

  /// Nothing where it is not known.
  std::optional<Flags> of(const std::string &name) const {
    if (open.count(name)) {
      auto known = dims.find(name);
      return known == dims.end() ? std::nullopt : std::optional(known->second);
    }
    auto rank = ranks.find(name);
    return rank == ranks.end() ? std::nullopt
                               : std::optional(Flags(rank->second, false));
  }

  std::optional<Flags> follow(const NodeProto &node) const {
    if (!node.domain().empty())
      return std::nullopt;
    if (options.isElementwise(node.op_type()))
      return broadcast(node);
    if (node.op_type() == "Transpose")
      return transpose(node);
    return node.op_type() == "Gather" ? gather(node) : std::nullopt;
  }

  std::optional<Flags> broadcast(const NodeProto &node) const {
    Flags result;
    for (const std::string &input : node.input()) {
      if (input.empty())
        continue;
      auto flags = of(input);
      if (!flags)
        return std::nullopt;
      if (flags->size() > result.size())
        result.insert(result.begin(), flags->size() - result.size(), false);
      for (size_t d = 0; d < flags->size(); ++d)
        if ((*flags)[d])
          result[result.size() - flags->size() + d] = true;
    }
    return result;
  }

  std::optional<Flags> transpose(const NodeProto &node) const {
    auto flags = of(node.input(0));
    const onnx::AttributeProto *perm = attribute(node, "perm");
    if (!flags || (perm && size_t(perm->ints_size()) != flags->size()))
      return std::nullopt;
    Flags result(flags->rbegin(), flags->rend());
    for (int d = 0; perm && d < perm->ints_size(); ++d) {
      if (perm->ints(d) < 0 || size_t(perm->ints(d)) >= flags->size())
        return std::nullopt;
      result[size_t(d)] = (*flags)[size_t(perm->ints(d))];
    }
    return result;
  }

  std::optional<Flags> gather(const NodeProto &node) const {
    auto data = of(node.input(0)), indices = of(node.input(1));
    if (!data || !indices)
      return std::nullopt;
    int64_t axis = intAttr(node, "axis", 0);
    axis += axis < 0 ? static_cast<int64_t>(data->size()) : 0;
    if (axis < 0 || axis >= static_cast<int64_t>(data->size()))
      return std::nullopt;
    data->erase(data->begin() + axis);
    data->insert(data->begin() + axis, indices->begin(), indices->end());
    return data;
  }

  const GraphProto &graph;
  const LoadOptions &options;
  std::unordered_set<std::string> open;
  std::unordered_map<std::string, Flags> dims;
  std::unordered_map<std::string, size_t> ranks;
};

} // namespace

bool dlc::importer::openScans(Model &model, const LoadOptions &options) {
  GraphProto &graph = *model.proto.mutable_graph();
  auto isScan = [](const NodeProto &node) {
    return node.domain().empty() && node.op_type() == "Scan";
  };
  if (std::none_of(graph.node().begin(), graph.node().end(), isScan))
    return false;
  OpenDims dims(model, options);
  bool changed = false;
  Nodes kept;
  for (NodeProto &node : *graph.mutable_node()) {
    int64_t given = intAttr(node, "num_scan_inputs", 0);
    bool isOpen = false;
    const onnx::AttributeProto *axes = attribute(node, "scan_input_axes");
    for (int i = 0; isScan(node) && i < given && given <= node.input_size();
         ++i)
      isOpen |=
          dims.mayBeOpen(node.input(node.input_size() - int(given) + i),
                         axes && i < axes->ints_size() ? axes->ints(i) : 0);
    if (isOpen)
      ScanAsLoop(node, graph, kept).run();
    else
      kept.Add()->Swap(&node);
    changed |= isOpen;
  }
  graph.mutable_node()->Swap(&kept);
  return changed;
}

void dlc::importer::boundLoop(NodeProto &loop, const std::string &bound,
                              GraphProto &graph, Nodes &before) {
  onnx::AttributeProto *attr = nullptr;
  for (auto &each : *loop.mutable_attribute())
    if (each.name() == "body" && each.has_g())
      attr = &each;
  if (!attr || loop.input_size() < 2 || attr->g().input_size() < 2 ||
      attr->g().output_size() < 1)
    throw ImportError("the body of the loop does not fit to its inputs", loop);
  GraphProto &body = *attr->mutable_g();
  std::string base;
  for (const std::string &output : loop.output())
    if (base.empty())
      base = output;
  base += "/trips/";
  // Whether there is a first iteration, and whether there is one more. Names
  // that the body does not use: it may have its own for what is outside.
  addNode(before, loop, "Identity", {loop.input(0)}, {base + "count"});
  std::string none = scalar(graph, base + "none", 0);
  std::string first = base + "first";
  bool isConditional = !loop.input(1).empty();
  addNode(before, loop, "Less", {none, base + "count"},
          {isConditional ? base + "any" : first});
  if (isConditional)
    addNode(before, loop, "And", {loop.input(1), base + "any"}, {first});
  Nodes &nodes = *body.mutable_node();
  std::string goesOn = body.output(0).name();
  addNode(nodes, loop, "Add",
          {body.input(0).name(), scalar(graph, base + "unit", 1)},
          {base + "next"});
  addNode(nodes, loop, "Less", {base + "next", base + "count"},
          {base + "more"});
  addNode(nodes, loop, "And", {goesOn, base + "more"}, {base + "goes_on"});
  body.mutable_output(0)->set_name(base + "goes_on");
  body.mutable_output(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->clear_shape(); // that of the number, of one element or a scalar
  loop.set_input(0, bound);
  loop.set_input(1, first);
}
