//===- GrowingStates.cpp - States that only get longer --------------------===//
//
// What a loop appends to a state in each iteration is stacked instead, and
// joined behind the loop: the state had another shape in each iteration.
//
//===----------------------------------------------------------------------===//

#include "Internal.h"

#include <algorithm>

using namespace dlc::importer;
using onnx::GraphProto;
using onnx::NodeProto;

namespace {

/// How often nodes of a graph, and its results, read a value.
int countUses(const GraphProto &graph, const std::string &name) {
  int count = 0;
  for (const NodeProto &node : graph.node())
    forEachUse(node, [&](const std::string &used) { count += used == name; });
  for (const auto &output : graph.output())
    count += output.name() == name;
  return count;
}

/// Whether a node gives its operand back, of which the element type is
/// `element`.
bool isSame(const NodeProto &node, int element) {
  return node.domain().empty() && node.input_size() == 1 &&
         (node.op_type() == "Identity" ||
          (node.op_type() == "Cast" && intAttr(node, "to", 0) == element));
}

/// The node of a body that makes the value that `name` is the same as.
NodeProto *sourceOf(GraphProto &body, std::string &name, int element) {
  for (int i = body.node_size(); i-- > 0;) {
    NodeProto &node = *body.mutable_node(i);
    if (node.output_size() != 1 || node.output(0) != name)
      continue;
    // Nobody else may read it.
    if (!isSame(node, element))
      return countUses(body, name) == 1 ? &node : nullptr;
    if (countUses(body, name) != 1)
      return nullptr;
    name = node.input(0);
  }
  return nullptr;
}

/// Whether `name` is the argument of a body, which nothing else reads.
bool isArgument(const GraphProto &body, std::string name,
                const std::string &argument, int element) {
  for (int i = body.node_size(); i-- > 0 && name != argument;) {
    const NodeProto &node = body.node(i);
    if (node.output_size() != 1 || node.output(0) != name)
      continue;
    if (!isSame(node, element) || countUses(body, name) != 1)
      return false;
    name = node.input(0);
  }
  return name == argument && countUses(body, name) == 1;
}

/// Erases nodes that give their operand back, and that nobody reads.
void eraseUnread(GraphProto &body, int element) {
  for (int i = body.node_size(); i-- > 0;)
    if (isSame(body.node(i), element) && body.node(i).output_size() == 1 &&
        countUses(body, body.node(i).output(0)) == 0)
      body.mutable_node()->DeleteSubrange(i, 1);
}

} // namespace

bool dlc::importer::stackGrowingState(const NodeProto &loop, size_t state,
                                      const ValueType &first,
                                      const ValueType &next, int64_t trips,
                                      GraphProto &graph, Nodes &nodes) {
  if (loop.op_type() != "Loop" || first.dims.size() != next.dims.size() ||
      trips > (int64_t(1) << 31))
    return false;
  std::optional<size_t> axis;
  for (size_t d = 0; d < first.dims.size(); ++d) {
    if (first.dims[d] == next.dims[d])
      continue;
    if (axis || next.dims[d] < first.dims[d])
      return false;
    axis = d;
  }
  if (!axis)
    return false;
  const auto place = static_cast<int>(state);
  NodeProto changed = loop;
  GraphProto *body = nullptr;
  for (auto &attr : *changed.mutable_attribute())
    if (attr.name() == "body")
      body = attr.mutable_g();
  std::string name = body->output(1 + place).name();
  NodeProto *concat = sourceOf(*body, name, first.elemType);
  auto rank = static_cast<int64_t>(first.dims.size());
  if (!concat || concat->op_type() != "Concat" || !concat->domain().empty() ||
      (intAttr(*concat, "axis", 0) + rank) % rank != int64_t(*axis) ||
      !isArgument(*body, concat->input(0), body->input(2 + place).name(),
                  first.elemType))
    return false;

  std::string result =
      place < loop.output_size() ? loop.output(place) : std::string();
  std::string base = displayName(loop) + "/grows" + std::to_string(state);
  for (const std::string &output : loop.output())
    if (!output.empty()) {
      base = output + "/grows" + std::to_string(state);
      break;
    }
  // The first value without elements stands for the state, so that all other
  // dimensions are those of it.
  std::string initial = loop.input(2 + place), none = initial;
  std::vector<int64_t> others;
  for (int64_t d = 0; d < rank; ++d)
    if (d != int64_t(*axis))
      others.push_back(d);
  if (first.dims[*axis]) {
    none = base + "/none";
    addInts(graph, base + "/zero", {0});
    addInts(graph, base + "/axis", {int64_t(*axis)});
    addNode(nodes, loop, "Slice",
            {initial, base + "/zero", base + "/zero", base + "/axis"}, {none});
  }
  std::string piece = concat->output(0);
  concat->set_input(0, none);
  if (!others.empty()) {
    concat->set_output(0, base + "/piece");
    piece = base + "/whole";
    addNode(nodes, loop, "Shape", {initial}, {base + "/shape"});
    // Behind the node, before what reads its result (nothing does any more).
    NodeProto &whole =
        addBoundedNode(*body->mutable_node(), loop, base + "/piece",
                       base + "/shape", piece, others, others);
    whole.add_input(initial);
    setInt(whole, "equal", 1);
  }
  auto erase = [](auto &list, int at) { list.DeleteSubrange(at, 1); };
  erase(*body->mutable_input(), 2 + place);
  erase(*body->mutable_output(), 1 + place);
  erase(*changed.mutable_input(), 2 + place);
  while (changed.output_size() < body->output_size())
    changed.add_output("");
  erase(*changed.mutable_output(), place);
  eraseUnread(*body, first.elemType);
  body->add_output()->set_name(piece);
  if (result.empty()) {
    changed.add_output("");
    *nodes.Add() = std::move(changed);
    return true;
  }
  changed.add_output(base + "/stack");
  *nodes.Add() = std::move(changed);

  std::string last = base + "/stack";
  if (*axis) {
    std::vector<int64_t> order;
    for (int64_t d = 1; d <= rank; ++d) {
      if (d - 1 == int64_t(*axis))
        order.push_back(0);
      order.push_back(d);
    }
    setInts(addNode(nodes, loop, "Transpose", {last}, {base + "/turned"}),
            "perm", order);
    last = base + "/turned";
  }
  std::vector<int64_t> dims = first.dims;
  dims[*axis] = checkedElements({trips, next.dims[*axis] - first.dims[*axis]},
                                onnx::TensorProto::UINT8, "a dimension");
  addInts(graph, base + "/dims", dims);
  std::string joined = first.dims[*axis] ? base + "/joined" : result;
  setInt(addNode(nodes, loop, "Reshape", {last, base + "/dims"}, {joined}),
         boundsAttr, 1);
  if (first.dims[*axis])
    setInt(addNode(nodes, loop, "Concat", {initial, joined}, {result}), "axis",
           int64_t(*axis));
  return true;
}
