//===- Loops.cpp - What loops are, and their unrolled form ----------------===//

#include "Internal.h"

#include <algorithm>
#include <limits>

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

/// The name that `name` is another one for within the graph.
std::string withoutIdentities(const GraphProto &graph, std::string name) {
  std::unordered_map<std::string, const NodeProto *> identities;
  for (const NodeProto &node : graph.node())
    if (node.op_type() == "Identity" && node.domain().empty() &&
        node.input_size() == 1 && node.output_size() == 1)
      identities[node.output(0)] = &node;
  for (size_t steps = 0; steps <= identities.size(); ++steps) {
    auto found = identities.find(name);
    if (found == identities.end())
      break;
    name = found->second->input(0);
  }
  return name;
}

/// What a loop's body always says of whether it goes on: it passes its
/// condition on, which was true, or a constant. Nothing where it computes that.
std::optional<bool> alwaysSays(const GraphProto &body) {
  std::string name = withoutIdentities(body, body.output(0).name());
  if (name == body.input(1).name())
    return true;
  auto value = bodyInts(body, name);
  return value && value->size() == 1 ? std::optional((*value)[0] != 0)
                                     : std::nullopt;
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

std::optional<LoopParts> readScan(const NodeProto &node,
                                  const GraphProto &graph) {
  const GraphProto *body = subgraph(node, "body");
  int64_t given = intAttr(node, "num_scan_inputs", 0);
  int64_t states = node.input_size() - given;
  if (!body || given < 1 || states < 0 ||
      body->input_size() != node.input_size() || body->output_size() < states ||
      body->output_size() != node.output_size())
    throw ImportError("the body of the scan does not fit to its inputs", node);
  LoopParts parts(node, *body);
  parts.initial.assign(node.input().begin(), node.input().begin() + states);
  parts.sliced.assign(node.input().begin() + states, node.input().end());
  parts.numOutputs = body->output_size() - states;
  parts.axes = intsAttr(node, "scan_input_axes", given);
  parts.directions = intsAttr(node, "scan_input_directions", given);
  parts.outAxes = intsAttr(node, "scan_output_axes", parts.numOutputs);
  parts.outDirections =
      intsAttr(node, "scan_output_directions", parts.numOutputs);
  auto trips = extentOf(graph, parts.sliced[0], parts.axes[0]);
  if (!trips)
    return std::nullopt;
  for (int64_t s = 1; s < given; ++s)
    if (extentOf(graph, parts.sliced[s], parts.axes[s]).value_or(*trips) !=
        *trips)
      throw ImportError("the inputs that are scanned have different sizes",
                        node);
  parts.trips = *trips;
  return parts;
}

} // namespace

std::optional<LoopParts> dlc::importer::readLoop(const NodeProto &node,
                                                 const GraphProto &graph) {
  if (node.op_type() == "Scan")
    return readScan(node, graph);
  const GraphProto *body = subgraph(node, "body");
  int states = node.input_size() - 2;
  if (!body || states < 0 || body->input_size() != states + 2 ||
      body->output_size() < states + 1)
    throw ImportError("the body of the loop does not fit to its inputs", node);
  LoopParts parts(node, *body);
  parts.isLoop = true;
  parts.initial.assign(node.input().begin() + 2, node.input().end());
  parts.numOutputs = body->output_size() - states - 1;
  parts.outAxes.assign(parts.numOutputs, 0);
  parts.outDirections.assign(parts.numOutputs, 0);
  std::optional<bool> says = alwaysSays(*body);
  parts.isSteady = says.value_or(false);
  if (!node.input(1).empty()) {
    auto first = knownInts(graph, node.input(1));
    if (!first || first->size() != 1)
      parts.condition = node.input(1);
    else if (!(*first)[0]) {
      parts.isSteady = true; // no iteration
      return parts;
    }
  }
  parts.trips = says && !*says ? 1 : std::numeric_limits<int64_t>::max();
  if (!node.input(0).empty()) {
    auto trips = knownInts(graph, node.input(0));
    if (!trips || trips->size() != 1)
      return std::nullopt;
    parts.trips = std::clamp<int64_t>((*trips)[0], 0, parts.trips);
  } else if (parts.isSteady) {
    if (parts.condition.empty())
      throw ImportError("the loop never ends: it has no number of iterations, "
                        "and its body always says that it goes on",
                        node);
    throw ImportError("the loop never ends if it begins: it has no number of "
                      "iterations, and its body always says that it goes on",
                      node);
  }
  // Nobody asks whether there is a second iteration.
  parts.isSteady |= parts.trips <= 1;
  if (!parts.trips)
    parts.condition.clear();
  return parts;
}

bool LoopParts::passesOn(size_t state) const {
  int position = static_cast<int>(state) + (isLoop ? 1 : 0);
  return withoutIdentities(body, body.output(position).name()) ==
         body.input(position + (isLoop ? 1 : 0)).name();
}

std::string LoopParts::base() const {
  for (const std::string &output : node.output())
    if (!output.empty())
      return output;
  return "";
}

std::string dlc::importer::addTrue(GraphProto &graph, const std::string &name) {
  TensorProto &tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(TensorProto::BOOL);
  tensor.add_int32_data(1);
  return name;
}

namespace {

/// One loop being unrolled: its states and what it has collected so far.
class Unroller {
public:
  Unroller(const LoopParts &loop, GraphProto &graph, Nodes &nodes)
      : loop(loop), node(loop.node), graph(graph), nodes(nodes),
        base(loop.base()), collected(loop.numOutputs) {}

  void run(const std::string &reason) {
    checkSize(reason);
    state = loop.initial;
    condition = loop.condition.empty() ? addTrue(graph, base + "/always")
                                       : loop.condition;
    for (int64_t i = 0; i < loop.trips; ++i)
      iterate(i);
    if (!loop.trips && loop.numOutputs && loop.sliced.empty()) {
      // what is stacked has a type and a shape all the same
      iterate(0);
      state = loop.initial;
    }
    for (size_t s = 0; s < state.size(); ++s)
      if (isWanted(s))
        addNode(nodes, node, "Identity", {state[s]},
                {node.output(static_cast<int>(s))});
    for (size_t o = 0; o < loop.numOutputs; ++o)
      if (isWanted(state.size() + o))
        join(o, node.output(static_cast<int>(state.size() + o)));
  }

private:
  void checkSize(const std::string &reason) const {
    uint64_t each = std::max<uint64_t>(countNodes(loop.body), 1);
    if (static_cast<uint64_t>(loop.trips) > maxUnrolledNodes / each)
      throw ImportError(reason + std::to_string(loop.trips) +
                            " iterations of " + std::to_string(each) +
                            " nodes are too many to be unrolled (at "
                            "most " +
                            std::to_string(maxUnrolledNodes) + " nodes)",
                        node);
  }

  std::string name(const std::string &what, int64_t iteration) const {
    return base + "/" + what + std::to_string(iteration);
  }

  bool isWanted(size_t result) const {
    int index = static_cast<int>(result);
    return index < node.output_size() && !node.output(index).empty();
  }

  /// Slice `i` of each input that is scanned.
  void slice(int64_t i, std::vector<std::string> &inputs) {
    for (size_t s = 0; s < loop.sliced.size(); ++s) {
      std::string suffix = std::to_string(s) + "_";
      std::string index = name("at" + suffix, i);
      addInts(graph, index, {loop.directions[s] ? loop.trips - 1 - i : i},
              /*scalar=*/true);
      inputs.push_back(name("input" + suffix, i));
      setInt(addNode(nodes, node, "Gather", {loop.sliced[s], index},
                     {inputs.back()}),
             "axis", loop.axes[s]);
    }
  }

  /// One copy of the body.
  void iterate(int64_t i) {
    std::vector<std::string> inputs;
    if (loop.isLoop) {
      inputs = {name("index", i), condition};
      addInts(graph, inputs[0], {i}, /*scalar=*/true);
    }
    inputs.insert(inputs.end(), state.begin(), state.end());
    slice(i, inputs);
    std::vector<std::string> results = inlineGraph(
        loop.body, name("iteration", i) + "/", inputs, nodes, graph);
    std::string goesOn;
    if (loop.isLoop) {
      goesOn = results.front();
      results.erase(results.begin());
    }
    if (loop.isMasked() && loop.numOutputs > 0)
      count(i, condition);
    for (size_t s = 0; s < state.size(); ++s) {
      if (!loop.isMasked()) {
        state[s] = results[s];
        continue;
      }
      std::string next = name("state" + std::to_string(s) + "_", i);
      // The state may have another shape.
      addNode(nodes, node, choiceOp, {condition, results[s], state[s]}, {next})
          .set_domain(ownDomain);
      state[s] = next;
    }
    if (loop.isMasked()) {
      std::string next = name("condition", i);
      addNode(nodes, node, "And", {condition, goesOn}, {next});
      condition = next;
    }
    for (size_t o = 0; o < loop.numOutputs; ++o)
      collect(o, i, results[state.size() + o]);
  }

  /// Adds an iteration that happens if `happens` says so to their number.
  void count(int64_t iteration, const std::string &happens) {
    std::string one = name("happens", iteration);
    setInt(addNode(nodes, node, "Cast", {happens}, {one}), "to",
           TensorProto::INT64);
    std::string sum = name("happened", iteration);
    if (!total.empty())
      addNode(nodes, node, "Add", {total, one}, {sum});
    total = total.empty() ? one : sum;
  }

  void collect(size_t output, int64_t iteration, const std::string &value) {
    std::string axes = base + "/axes" + std::to_string(output);
    if (collected[output].empty())
      addInts(graph, axes, {loop.outAxes[output]});
    std::string part = name("output" + std::to_string(output) + "_", iteration);
    addNode(nodes, node, "Unsqueeze", {value, axes}, {part});
    collected[output].push_back(part);
  }

  /// Joins what `collect` got into the node's result.
  void join(size_t output, const std::string &result) {
    if (collected[output].empty())
      throw ImportError(
          "no iteration happens, so that '" + result + "' is empty", node);
    if (!loop.trips) {
      std::string none = base + "/none" + std::to_string(output);
      addInts(graph, none, {});
      setInt(addNode(nodes, node, "Gather", {collected[output][0], none},
                     {result}),
             "axis", loop.outAxes[output]);
      return;
    }
    if (loop.outDirections[output])
      std::reverse(collected[output].begin(), collected[output].end());
    std::string all = total.empty() ? result : result + "/all";
    setInt(addNode(nodes, node, "Concat", collected[output], {all}), "axis",
           loop.outAxes[output]);
    if (total.empty())
      return;
    // Those that happen come first.
    addBoundedNode(nodes, node, all, total, result, {loop.outAxes[output]},
                   {0});
  }

  const LoopParts &loop;
  const NodeProto &node;
  GraphProto &graph;
  Nodes &nodes;
  /// The first result, a name unique in the graph.
  std::string base;
  std::vector<std::string> state;
  std::string condition;
  /// How many iterations happen, where that is computed.
  std::string total;
  std::vector<std::vector<std::string>> collected;
};

} // namespace

void dlc::importer::unrollLoop(const LoopParts &loop, const std::string &reason,
                               GraphProto &graph, Nodes &nodes) {
  Unroller(loop, graph, nodes).run(reason);
}

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
