//===- Loops.cpp - Loops with a known number of iterations ----------------===//

#include "Internal.h"

#include <algorithm>

using namespace dlc::importer;
using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TensorProto;

namespace {

/// More nodes than that would not compile in reasonable time.
constexpr uint64_t maxUnrolledNodes = 200000;

uint64_t countNodes(const GraphProto &graph) {
  uint64_t total = 0;
  for (const NodeProto &node : graph.node()) {
    ++total;
    for (const AttributeProto &attr : node.attribute())
      if (attr.has_g())
        total += countNodes(attr.g());
  }
  return total;
}

std::vector<int64_t> intsAttr(const NodeProto &node, const char *name,
                              size_t count) {
  const AttributeProto *attr = attribute(node, name);
  if (!attr)
    return std::vector<int64_t>(count, 0);
  if (static_cast<size_t>(attr->ints_size()) != count)
    throw ImportError("the attribute '" + std::string(name) + "' has " +
                          std::to_string(attr->ints_size()) +
                          " numbers instead of " + std::to_string(count),
                      node);
  return {attr->ints().begin(), attr->ints().end()};
}

/// One loop being unrolled: its states and what it has collected so far.
class Unroller {
public:
  Unroller(const NodeProto &node, const GraphProto &body, GraphProto &graph,
           Nodes &nodes)
      : node(node), body(body), graph(graph), nodes(nodes) {
    for (const std::string &output : node.output())
      if (base.empty())
        base = output;
  }

  void checkSize(int64_t iterations) {
    uint64_t each = std::max<uint64_t>(countNodes(body), 1);
    if (static_cast<uint64_t>(iterations) > maxUnrolledNodes / each)
      throw ImportError(std::to_string(iterations) + " iterations of " +
                            std::to_string(each) +
                            " nodes are too many to be unrolled (at "
                            "most " +
                            std::to_string(maxUnrolledNodes) + " nodes)",
                        node);
  }

  std::string name(const std::string &what, int64_t iteration) const {
    return base + "/" + what + std::to_string(iteration);
  }

  /// One copy of the body.
  std::vector<std::string> iterate(int64_t iteration,
                                   const std::vector<std::string> &inputs) {
    return inlineGraph(body, name("iteration", iteration) + "/", inputs, nodes,
                       graph);
  }

  void collect(size_t output, int64_t iteration, int64_t axis,
               const std::string &value) {
    if (collected.size() <= output)
      collected.resize(output + 1);
    std::string axes = base + "/axes" + std::to_string(output);
    if (collected[output].empty())
      addInts(graph, axes, {axis});
    std::string part = name("output" + std::to_string(output) + "_", iteration);
    addNode(nodes, node, "Unsqueeze", {value, axes}, {part});
    collected[output].push_back(part);
  }

  /// Joins what `collect` got into the node's result.
  void join(size_t output, int result, int64_t axis, bool reversed) {
    if (result >= node.output_size() || node.output(result).empty())
      return;
    if (collected.size() <= output || collected[output].empty())
      throw ImportError("no iteration happens, so that '" +
                            node.output(result) + "' is empty",
                        node);
    if (reversed)
      std::reverse(collected[output].begin(), collected[output].end());
    NodeProto &concat = addNode(nodes, node, "Concat", collected[output],
                                {node.output(result)});
    setInt(concat, "axis", axis);
  }

  void setResult(int result, const std::string &value) {
    if (result < node.output_size() && !node.output(result).empty())
      addNode(nodes, node, "Identity", {value}, {node.output(result)});
  }

  const NodeProto &node;
  const GraphProto &body;
  GraphProto &graph;
  Nodes &nodes;
  /// The first result, a name unique in the graph.
  std::string base;
  std::vector<std::vector<std::string>> collected;
};

/// Whether a loop's body always says that it goes on: it passes its condition
/// on, or a constant.
bool goesOn(const GraphProto &body) {
  std::string name = body.output(0).name();
  for (int steps = 0; steps <= body.node_size(); ++steps) {
    if (name == body.input(1).name())
      return true;
    if (auto value = knownInts(body, name))
      return value->size() == 1 && (*value)[0];
    const NodeProto *producer = nullptr;
    for (const NodeProto &node : body.node())
      for (const std::string &output : node.output())
        if (output == name)
          producer = &node;
    if (!producer || producer->op_type() == "Constant") {
      if (!producer || producer->attribute_size() != 1 ||
          !producer->attribute(0).has_t())
        return false;
      GraphProto holder;
      *holder.add_initializer() = producer->attribute(0).t();
      holder.mutable_initializer(0)->set_name(name);
      auto value = knownInts(holder, name);
      return value && value->size() == 1 && (*value)[0];
    }
    if (producer->op_type() != "Identity" || producer->input_size() != 1)
      return false;
    name = producer->input(0);
  }
  return false;
}

/// `mask ? changed : before`, in front of the next iteration.
std::string select(Unroller &loop, const std::string &mask,
                   const std::string &changed, const std::string &before,
                   const std::string &name) {
  addNode(loop.nodes, loop.node, "Where", {mask, changed, before}, {name});
  return name;
}

bool unrollLoop(const NodeProto &node, GraphProto &graph, Nodes &nodes) {
  const GraphProto *body = subgraph(node, "body");
  int states = node.input_size() - 2;
  if (!body || states < 0 || body->input_size() != states + 2 ||
      body->output_size() < states + 1)
    throw ImportError("the body of the loop does not fit to its inputs", node);
  if (node.input(0).empty())
    return false;
  auto trips = knownInts(graph, node.input(0));
  if (!trips || trips->size() != 1)
    return false;
  bool conditional = !node.input(1).empty();
  auto first = conditional ? knownInts(graph, node.input(1)) : std::nullopt;
  if (first && first->size() == 1)
    conditional = false;
  int64_t count = std::max<int64_t>((*trips)[0], 0);
  if (first && first->size() == 1 && !(*first)[0])
    count = 0;
  bool steady = goesOn(*body);
  size_t outputs = body->output_size() - states - 1;
  bool masked = conditional || !steady;
  if (masked && outputs > 0) {
    // Only a condition that turns out to be known gives known sizes.
    if (steady)
      return false;
    throw ImportError("the loop collects results, but how often it runs is "
                      "computed by its body",
                      node);
  }

  Unroller loop(node, *body, graph, nodes);
  loop.checkSize(count);
  std::vector<std::string> state(node.input().begin() + 2, node.input().end());
  std::string condition = node.input(1);
  if (condition.empty()) {
    condition = loop.base + "/always";
    TensorProto &always = *graph.add_initializer();
    always.set_name(condition);
    always.set_data_type(TensorProto::BOOL);
    always.add_int32_data(1);
  }
  for (int64_t i = 0; i < count; ++i) {
    std::vector<std::string> inputs{loop.name("index", i), condition};
    addInts(graph, inputs[0], {i}, /*scalar=*/true);
    inputs.insert(inputs.end(), state.begin(), state.end());
    std::vector<std::string> results = loop.iterate(i, inputs);
    for (int s = 0; s < states; ++s)
      state[s] = masked
                     ? select(loop, condition, results[s + 1], state[s],
                              loop.name("state" + std::to_string(s) + "_", i))
                     : results[s + 1];
    if (masked) {
      std::string next = loop.name("condition", i);
      addNode(nodes, node, "And", {condition, results[0]}, {next});
      condition = next;
    }
    for (size_t o = 0; o < outputs; ++o)
      loop.collect(o, i, /*axis=*/0, results[states + 1 + o]);
  }
  for (int s = 0; s < states; ++s)
    loop.setResult(s, state[s]);
  for (size_t o = 0; o < outputs; ++o)
    loop.join(o, states + static_cast<int>(o), /*axis=*/0, /*reversed=*/false);
  return true;
}

/// The extent of a dimension of a value, if it is known.
std::optional<int64_t> extentOf(const GraphProto &graph,
                                const std::string &name, int64_t axis) {
  for (const TensorProto &tensor : graph.initializer())
    if (tensor.name() == name) {
      axis += axis < 0 ? tensor.dims_size() : 0;
      if (axis < 0 || axis >= tensor.dims_size())
        return std::nullopt;
      return tensor.dims(static_cast<int>(axis));
    }
  for (const auto *infos :
       {&graph.input(), &graph.value_info(), &graph.output()})
    for (const auto &info : *infos) {
      const auto &shape = info.type().tensor_type().shape();
      int64_t at = axis + (axis < 0 ? shape.dim_size() : 0);
      if (info.name() == name && at >= 0 && at < shape.dim_size() &&
          shape.dim(static_cast<int>(at)).has_dim_value())
        return shape.dim(static_cast<int>(at)).dim_value();
    }
  return std::nullopt;
}

bool unrollScan(const NodeProto &node, GraphProto &graph, Nodes &nodes) {
  const GraphProto *body = subgraph(node, "body");
  int64_t given = intAttr(node, "num_scan_inputs", 0);
  int64_t states = node.input_size() - given;
  if (!body || given < 1 || states < 0 ||
      body->input_size() != node.input_size() || body->output_size() < states ||
      body->output_size() != node.output_size())
    throw ImportError("the body of the scan does not fit to its inputs", node);
  int64_t outputs = body->output_size() - states;
  auto axes = intsAttr(node, "scan_input_axes", given);
  auto directions = intsAttr(node, "scan_input_directions", given);
  auto outAxes = intsAttr(node, "scan_output_axes", outputs);
  auto outDirections = intsAttr(node, "scan_output_directions", outputs);
  auto count = extentOf(graph, node.input(static_cast<int>(states)), axes[0]);
  if (!count)
    return false;

  Unroller loop(node, *body, graph, nodes);
  loop.checkSize(*count);
  std::vector<std::string> state(node.input().begin(),
                                 node.input().begin() + states);
  for (int64_t i = 0; i < *count; ++i) {
    addInts(graph, loop.name("index", i), {i}, /*scalar=*/true);
    std::vector<std::string> inputs = state;
    for (int64_t s = 0; s < given; ++s) {
      std::string index = loop.name("index", i);
      if (directions[s]) {
        index = loop.name("from_end" + std::to_string(s) + "_", i);
        addInts(graph, index, {*count - 1 - i}, /*scalar=*/true);
      }
      inputs.push_back(loop.name("input" + std::to_string(s) + "_", i));
      NodeProto &part = addNode(
          nodes, node, "Gather",
          {node.input(static_cast<int>(states + s)), index}, {inputs.back()});
      setInt(part, "axis", axes[s]);
    }
    std::vector<std::string> results = loop.iterate(i, inputs);
    state.assign(results.begin(), results.begin() + states);
    for (int64_t o = 0; o < outputs; ++o)
      loop.collect(o, i, outAxes[o], results[states + o]);
  }
  for (int64_t s = 0; s < states; ++s)
    loop.setResult(static_cast<int>(s), state[s]);
  for (int64_t o = 0; o < outputs; ++o)
    loop.join(o, static_cast<int>(states + o), outAxes[o],
              outDirections[o] != 0);
  return true;
}

} // namespace

//===----------------------------------------------------------------------===//
// Operator set 8
//===----------------------------------------------------------------------===//

namespace {

constexpr const char *scanDomain = "dlc.scan";

NodeProto &addWithAxis(Nodes &nodes, const NodeProto &origin, const char *op,
                       const std::vector<std::string> &inputs,
                       const std::string &output, int64_t axis, bool list) {
  NodeProto &node = addNode(nodes, origin, op, inputs, {output});
  if (list)
    setInts(node, "axes", {axis});
  else
    setInt(node, "axis", axis);
  return node;
}

/// A scan of operator set 8 as one of set 9 for each element of the batch.
void splitBatch(const NodeProto &node, GraphProto &graph, Nodes &nodes) {
  if (!node.input(0).empty())
    throw ImportError("sequences of different lengths are not supported", node);
  auto batch = extentOf(graph, node.input(1), 0);
  if (!batch || *batch < 1)
    throw ImportError("the size of the batch is not known", node);
  std::vector<std::vector<std::string>> parts(node.output_size());
  for (int64_t b = 0; b < *batch; ++b) {
    std::string prefix = node.output(0) + "/batch" + std::to_string(b) + "/";
    addInts(graph, prefix + "index", {b}, /*scalar=*/true);
    NodeProto scan = node;
    scan.set_domain(scanDomain);
    scan.clear_input();
    for (auto &attr : *scan.mutable_attribute())
      if (attr.name() == "directions")
        attr.set_name("scan_input_directions");
    for (int i = 1; i < node.input_size(); ++i) {
      scan.add_input(prefix + "input" + std::to_string(i));
      addWithAxis(nodes, node, "Gather", {node.input(i), prefix + "index"},
                  scan.input(i - 1), 0, /*list=*/false);
    }
    for (int o = 0; o < node.output_size(); ++o)
      scan.set_output(o, prefix + "output" + std::to_string(o));
    for (int o = 0; o < node.output_size(); ++o) {
      parts[o].push_back(prefix + "part" + std::to_string(o));
      addWithAxis(nodes, node, "Unsqueeze", {scan.output(o)}, parts[o].back(),
                  0, /*list=*/true);
    }
    // in front of its users
    int users = node.output_size();
    nodes.Add()->Swap(&scan);
    for (int at = nodes.size() - 1; users-- > 0; --at)
      nodes.SwapElements(at, at - 1);
  }
  for (int o = 0; o < node.output_size(); ++o)
    addWithAxis(nodes, node, "Concat", parts[o], node.output(o), 0,
                /*list=*/false);
}

} // namespace

void dlc::importer::modernizeScans(onnx::ModelProto &model) {
  GraphProto &graph = *model.mutable_graph();
  auto &import = *model.add_opset_import();
  import.set_domain(scanDomain);
  import.set_version(1);
  Nodes kept;
  for (NodeProto &node : *graph.mutable_node()) {
    if (node.domain().empty() && node.op_type() == "Scan" &&
        node.input_size() > 1 && node.output_size() > 0)
      splitBatch(node, graph, kept);
    else
      kept.Add()->Swap(&node);
  }
  graph.mutable_node()->Swap(&kept);
}

void dlc::importer::restoreScans(onnx::ModelProto &model) {
  for (NodeProto &node : *model.mutable_graph()->mutable_node())
    if (node.domain() == scanDomain)
      node.clear_domain();
  for (int i = model.opset_import_size(); i-- > 0;)
    if (model.opset_import(i).domain() == scanDomain)
      model.mutable_opset_import()->DeleteSubrange(i, 1);
}

bool dlc::importer::unrollLoops(Model &model) {
  GraphProto &graph = *model.proto.mutable_graph();
  bool changed = false;
  Nodes kept;
  for (NodeProto &node : *graph.mutable_node()) {
    bool done = false;
    if (node.domain().empty() && node.op_type() == "Loop")
      done = unrollLoop(node, graph, kept);
    else if (node.domain().empty() && node.op_type() == "Scan")
      done = unrollScan(node, graph, kept);
    if (!done)
      kept.Add()->Swap(&node);
    changed |= done;
  }
  graph.mutable_node()->Swap(&kept);
  return changed;
}
