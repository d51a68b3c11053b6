//===- LoopRegions.cpp - Loops that stay loops ----------------------------===//
//
// The body of a loop becomes nodes of the graph, once, between a node that
// gives what differs from iteration to iteration and one that takes what an
// iteration makes. So its shapes are inferred, its conditionals, functions and
// inner loops are resolved like all others. What that does not suffice for
// (states that change their shape, sequences, shapes that depend on the
// iteration) is unrolled instead.
//
//===----------------------------------------------------------------------===//

#include "Internal.h"

#include <algorithm>
#include <limits>
#include <set>

using namespace dlc::importer;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TensorProto;

class dlc::importer::ValueTypes {
public:
  explicit ValueTypes(const GraphProto &graph) {
    for (const auto *infos :
         {&graph.input(), &graph.value_info(), &graph.output()})
      for (const auto &info : *infos)
        if (info.type().has_tensor_type())
          learn(info.name(), info.type());
        else if (info.type().value_case() != onnx::TypeProto::VALUE_NOT_SET)
          others.insert(info.name());
    for (const TensorProto &tensor : graph.initializer())
      types[tensor.name()] = {tensor.data_type(),
                              {tensor.dims().begin(), tensor.dims().end()}};
  }

  /// Null where it is not known (yet).
  const ValueType *of(const std::string &name) const {
    auto found = types.find(name);
    return found == types.end() ? nullptr : &found->second;
  }

  /// Whether the value is known to be no tensor.
  bool isOther(const std::string &name) const { return others.count(name); }

private:
  void learn(const std::string &name, const onnx::TypeProto &type) {
    int32_t element = type.tensor_type().elem_type();
    if (auto dims = wholeShape(type); dims && element)
      types.insert({name, {element, std::move(*dims)}});
  }

  std::unordered_map<std::string, ValueType> types;
  std::set<std::string> others;
};

namespace {

/// Follows the name of a loop's result in names that only its region uses.
constexpr char regionPrefix[] = "/dlc.loop/";

bool isLoopNode(const NodeProto &node) {
  return node.domain().empty() &&
         (node.op_type() == "Loop" || node.op_type() == "Scan");
}

bool isBorder(const NodeProto &node, const char *op) {
  return node.domain() == ownDomain && node.op_type() == op;
}

/// Whether an iteration needs to be known to be possible at all: values are
/// handed on that are no tensors.
bool hasOtherStates(const LoopParts &loop, const ValueTypes &types) {
  auto isOther = [](const onnx::ValueInfoProto &info) {
    return info.type().has_sequence_type() || info.type().has_optional_type();
  };
  return std::any_of(
             loop.initial.begin(), loop.initial.end(),
             [&](const std::string &name) { return types.isOther(name); }) ||
         std::any_of(loop.body.input().begin(), loop.body.input().end(),
                     isOther);
}

std::vector<int64_t> intsOf(const NodeProto &node, const char *name) {
  const onnx::AttributeProto *attr = attribute(node, name);
  return attr ? std::vector<int64_t>(attr->ints().begin(), attr->ints().end())
              : std::vector<int64_t>();
}

/// The position of the end of the region that begins at `begin`.
int endOf(const GraphProto &graph, int begin) {
  const std::string &token = graph.node(begin).output(0);
  int end = begin + 1;
  while (!isBorder(graph.node(end), loopEndOp) ||
         graph.node(end).input(0) != token)
    ++end;
  return end;
}

onnx::TypeProto typeOf(const ValueType &type) {
  onnx::TypeProto result;
  auto &tensor = *result.mutable_tensor_type();
  tensor.set_elem_type(type.elemType);
  tensor.mutable_shape();
  for (int64_t dim : type.dims)
    tensor.mutable_shape()->add_dim()->set_dim_value(dim);
  return result;
}

/// Builds the region of one loop.
class RegionBuilder {
public:
  RegionBuilder(const LoopParts &loop, GraphProto &graph, Nodes &nodes)
      : loop(loop), graph(graph), nodes(nodes),
        base(loop.base() + regionPrefix) {}

  void run() {
    addStates();
    addMask();
    int64_t numStates = static_cast<int64_t>(firsts.size());
    addSlices();
    NodeProto &begin = addBorder(loopBeginOp, firsts, inside, numStates);
    setInts(begin, "axes", loop.axes);
    setInts(begin, "directions", loop.directions);
    GraphProto body = loop.body;
    for (NodeProto &inner : *body.mutable_node())
      if (inner.name().empty()) // messages name the node of the model
        inner.set_name(displayName(inner));
    std::vector<std::string> made =
        inlineGraph(std::move(body), base + "body/", arguments, nodes, graph);
    if (loop.isLoop) {
      goesOn = made.front();
      made.erase(made.begin());
    }
    addEnd(made);
    addResults();
  }

  std::string token() const { return base + "index"; }

  std::vector<std::pair<std::string, std::string>> states;
  std::string goesOn;

private:
  NodeProto &addBorder(const char *op, const std::vector<std::string> &inputs,
                       const std::vector<std::string> &outputs,
                       int64_t numStates) {
    NodeProto &border = addNode(nodes, loop.node, op, inputs, outputs);
    border.set_domain(ownDomain);
    setInt(border, "trips", loop.trips);
    setInt(border, "states", numStates);
    return border;
  }

  std::string state(size_t index) const {
    return base + "state" + std::to_string(index);
  }

  bool isWanted(size_t result) const {
    int index = static_cast<int>(result);
    return index < loop.node.output_size() && !loop.node.output(index).empty();
  }

  void addStates() {
    inside = {token()};
    if (loop.isLoop) // an iteration that happens sees true
      arguments = {token(), addTrue(graph, base + "true")};
    for (size_t s = 0; s < loop.initial.size(); ++s) {
      arguments.push_back(loop.passesOn(s) ? loop.initial[s] : state(s));
      if (loop.passesOn(s))
        continue;
      carried.push_back(s);
      addState(loop.initial[s], state(s));
    }
  }

  void addState(const std::string &first, const std::string &name) {
    firsts.push_back(first);
    inside.push_back(name);
  }

  /// Where the body decides whether there is one more iteration: whether this
  /// one happens, and how many did.
  void addMask() {
    if (loop.isSteady)
      return;
    addState(loop.condition.empty() ? base + "true"
                                    : scalar(loop.condition, base + "first"),
             base + "happens");
    if (!loop.numOutputs)
      return;
    addInts(graph, base + "zero", {0}, /*scalar=*/true);
    addState(base + "zero", base + "count");
  }

  void addSlices() {
    for (size_t s = 0; s < loop.sliced.size(); ++s) {
      arguments.push_back(base + "slice" + std::to_string(s));
      addState(loop.sliced[s], arguments.back());
    }
  }

  void addEnd(const std::vector<std::string> &made) {
    std::vector<std::string> inputs{token()}, outputs;
    auto add = [&](const std::string &next, const std::string &result) {
      inputs.push_back(next);
      outputs.push_back(result);
    };
    for (size_t s : carried) {
      states.push_back({made[s], state(s)});
      add(select(made[s], s), lastOf(s));
    }
    if (!loop.isSteady) {
      addNode(nodes, loop.node, "And",
              {base + "happens", scalar(goesOn, base + "goes_on")},
              {base + "more"});
      add(base + "more", base + "ended");
      if (loop.numOutputs) {
        setInt(addNode(nodes, loop.node, "Cast", {base + "happens"},
                       {base + "one"}),
               "to", TensorProto::INT64);
        addNode(nodes, loop.node, "Add", {base + "count", base + "one"},
                {base + "counted"});
        add(base + "counted", base + "total");
      }
    }
    auto numStates = static_cast<int64_t>(outputs.size());
    std::vector<int64_t> axes, directions;
    for (size_t o = 0; o < loop.numOutputs; ++o)
      if (isWanted(loop.initial.size() + o)) {
        stacked.push_back(o);
        add(made[loop.initial.size() + o], stackOf(o));
        axes.push_back(loop.outAxes[o]);
        directions.push_back(loop.outDirections[o]);
      }
    NodeProto &end = addBorder(loopEndOp, inputs, outputs, numStates);
    setInts(end, "axes", axes);
    setInts(end, "directions", directions);
    if (!loop.isSteady)
      setInt(end, "condition", static_cast<int64_t>(carried.size()));
  }

  /// The next value of a state, which an iteration that does not happen leaves
  /// as it is.
  std::string select(const std::string &next, size_t s) {
    if (loop.isSteady)
      return next;
    std::string result = state(s) + ".next";
    addNode(nodes, loop.node, "Where", {base + "happens", next, state(s)},
            {result});
    return result;
  }

  std::string result(size_t index) const {
    return isWanted(index) ? loop.node.output(static_cast<int>(index)) : "";
  }

  /// Whether the loop may not run at all; how often else is known.
  bool isOptional() const { return loop.isSteady && !loop.condition.empty(); }

  std::string lastOf(size_t s) const {
    return isOptional() && isWanted(s) ? state(s) + ".last" : result(s);
  }

  std::string stackOf(size_t o) const {
    return loop.isMasked() ? base + "stack" + std::to_string(o)
                           : result(loop.initial.size() + o);
  }

  /// Results that are not those of the region.
  void addResults() {
    std::string first;
    if (isOptional())
      first = scalar(loop.condition, base + "first");
    for (size_t s = 0; s < loop.initial.size(); ++s) {
      bool changes = std::count(carried.begin(), carried.end(), s);
      if (!isWanted(s))
        continue;
      if (!changes)
        addNode(nodes, loop.node, "Identity", {loop.initial[s]}, {result(s)});
      else if (isOptional())
        setInt(addNode(nodes, loop.node, "Where",
                       {first, lastOf(s), loop.initial[s]}, {result(s)}),
               choiceAttr, 1);
    }
    if (!loop.isMasked() || stacked.empty())
      return;
    std::string total = base + "total";
    if (isOptional()) {
      addInts(graph, base + "none", {0}, /*scalar=*/true);
      addInts(graph, base + "trips", {loop.trips}, /*scalar=*/true);
      addNode(nodes, loop.node, "Where", {first, base + "trips", base + "none"},
              {total});
    }
    for (size_t o : stacked)
      addBoundedNode(nodes, loop.node, stackOf(o), total,
                     result(loop.initial.size() + o), {0}, {0});
  }

  /// A condition has one element, of whatever rank.
  std::string scalar(const std::string &value, const std::string &name) {
    addInts(graph, name + ".shape", {});
    addNode(nodes, loop.node, "Reshape", {value, name + ".shape"}, {name});
    return name;
  }

  const LoopParts &loop;
  GraphProto &graph;
  Nodes &nodes;
  std::string base;
  /// What the body takes; what the region takes at first, and what it is
  /// called inside.
  std::vector<std::string> arguments, firsts, inside;
  /// The states that change, and the results that somebody may read.
  std::vector<size_t> carried, stacked;
};

/// Adds what follows from the types of what a border takes.
class BorderTypes {
public:
  BorderTypes(const GraphProto &graph, KnownTypes &known)
      : types(graph), known(known) {}

  bool add(const NodeProto &node) {
    if (isBorder(node, loopBeginOp))
      addBegin(node);
    else if (isBorder(node, loopEndOp))
      addEnd(node);
    return changed;
  }

private:
  void define(const std::string &name, const ValueType &type) {
    if (!name.empty() && !types.of(name))
      changed |= known.insert({name, typeOf(type)}).second;
  }

  void addBegin(const NodeProto &begin) {
    define(begin.output(0), {TensorProto::INT64, {}});
    auto states = static_cast<int>(intAttr(begin, "states", 0));
    std::vector<int64_t> axes = intsOf(begin, "axes");
    for (int i = 0; i < begin.input_size(); ++i) {
      const ValueType *type = types.of(begin.input(i));
      if (!type)
        continue;
      ValueType inside = *type;
      if (i >= states) {
        int64_t axis = axes[i - states];
        axis += axis < 0 ? static_cast<int64_t>(inside.dims.size()) : 0;
        if (axis < 0 || axis >= static_cast<int64_t>(inside.dims.size()))
          throw ImportError("the axis " + std::to_string(axes[i - states]) +
                                " is no dimension of an input with the shape " +
                                shapeString(inside.dims),
                            begin);
        inside.dims.erase(inside.dims.begin() + axis);
      }
      define(begin.output(i + 1), inside);
    }
  }

  void addEnd(const NodeProto &end) {
    auto states = static_cast<int>(intAttr(end, "states", 0));
    std::vector<int64_t> axes = intsOf(end, "axes");
    for (int i = 0; i < end.output_size(); ++i) {
      const ValueType *type = types.of(end.input(i + 1));
      if (!type)
        continue;
      ValueType outside = *type;
      if (i >= states) {
        int64_t axis = axes[i - states];
        auto rank = static_cast<int64_t>(outside.dims.size());
        axis += axis < 0 ? rank + 1 : 0;
        if (axis < 0 || axis > rank)
          throw ImportError("the axis " + std::to_string(axes[i - states]) +
                                " is no dimension of a result that is made of "
                                "slices with the shape " +
                                shapeString(outside.dims),
                            end);
        outside.dims.insert(outside.dims.begin() + axis,
                            intAttr(end, "trips", 0));
      }
      define(end.output(i), outside);
    }
  }

  ValueTypes types;
  KnownTypes &known;
  bool changed = false;
};

/// Why the states of a loop do not let it be a region; empty where they do.
std::string whyUnfit(const LoopRegions::Region &region,
                     const ValueTypes &types) {
  for (const auto &[next, before] : region.states) {
    const ValueType *after = types.of(next), *first = types.of(before);
    if (!after || !first || after->dims == first->dims)
      continue;
    return "a state changes its shape from " + shapeString(first->dims) +
           " to " + shapeString(after->dims);
  }
  return "";
}

/// How often a loop runs whose body turned out to say always the same.
std::optional<int64_t> decidedTrips(const GraphProto &graph,
                                    const LoopRegions::Region &region) {
  if (region.goesOn.empty() || region.trips)
    return std::nullopt;
  auto loop = readLoop(region.node, graph);
  auto goesOn = knownInts(graph, region.goesOn);
  if (!loop || loop->isSteady || !goesOn || goesOn->size() != 1)
    return std::nullopt;
  return (*goesOn)[0] ? loop->trips : std::min<int64_t>(loop->trips, 1);
}

} // namespace

bool LoopRegions::addTypes(const GraphProto &graph, KnownTypes &known) const {
  if (regions.empty())
    return false;
  BorderTypes types(graph, known);
  bool changed = false;
  for (const NodeProto &node : graph.node())
    changed |= types.add(node);
  return changed;
}

std::optional<LoopParts> LoopRegions::read(const Region &region,
                                           const GraphProto &graph) {
  std::optional<LoopParts> loop = readLoop(region.node, graph);
  if (loop && region.trips) {
    loop->trips = *region.trips;
    loop->isSteady = true;
  }
  return loop;
}

void LoopRegions::addRegion(const LoopParts &loop, std::optional<int64_t> trips,
                            GraphProto &graph, Nodes &nodes) {
  RegionBuilder builder(loop, graph, nodes);
  builder.run();
  Region &region = regions[builder.token()];
  region.node = loop.node;
  region.states = std::move(builder.states);
  region.goesOn = builder.goesOn;
  region.trips = trips;
}

bool LoopRegions::formOne(const NodeProto &node, const ValueTypes &types,
                          GraphProto &graph, Nodes &nodes, bool last,
                          bool unrollUnknown) {
  std::optional<LoopParts> loop = readLoop(node, graph);
  if (!loop || (!loop->condition.empty() && !last))
    return false;
  if (loop->base().empty()) // nobody reads what it gives
    return true;
  std::optional<int64_t> counted = countTrips(*loop, graph);
  if (counted) {
    loop->trips = *counted;
    loop->isSteady = true;
  } else if (loop->trips == std::numeric_limits<int64_t>::max() && !last) {
    return false; // it may still become known
  }
  bool results = loop->isMasked() && loop->numOutputs > 0;
  if (loop->trips == std::numeric_limits<int64_t>::max() && results &&
      !unrollUnknown)
    return false; // what its condition asks for may get a bound
  bool few = loop->trips == 0 || (loop->trips <= maxUnrolledTrips && !results);
  auto isKnown = [&](const std::string &name) { return types.of(name); };
  bool known =
      std::all_of(loop->initial.begin(), loop->initial.end(), isKnown) &&
      std::all_of(loop->sliced.begin(), loop->sliced.end(), isKnown);
  if (few || hasOtherStates(*loop, types) || (!known && unrollUnknown))
    unrollLoop(*loop, "", graph, nodes);
  else if (known)
    addRegion(*loop, counted, graph, nodes);
  else
    return false;
  return true;
}

bool LoopRegions::form(Model &model, bool last) {
  GraphProto &graph = *model.proto.mutable_graph();
  if (std::none_of(graph.node().begin(), graph.node().end(), isLoopNode))
    return false;
  ValueTypes types(graph);
  // What follows a loop that is formed may become known.
  auto formAll = [&](bool unrollUnknown) {
    bool changed = false;
    Nodes kept;
    for (NodeProto &node : *graph.mutable_node()) {
      bool done = isLoopNode(node) &&
                  formOne(node, types, graph, kept, last, unrollUnknown);
      if (!done)
        kept.Add()->Swap(&node);
      changed |= done;
    }
    graph.mutable_node()->Swap(&kept);
    return changed;
  };
  return formAll(false) || (last && formAll(true));
}

void LoopRegions::rebuild(
    GraphProto &graph, KnownTypes &known, int begin,
    const std::function<void(const Region &, Nodes &)> &replace) {
  int end = endOf(graph, begin);
  std::string token = graph.node(begin).output(0);
  Region region = std::move(regions.at(token));
  std::set<std::string> results(region.node.output().begin(),
                                region.node.output().end());
  results.erase("");
  // What follows the end up to the results belongs to the loop, too.
  std::set<std::string> left = results;
  auto isPart = [&](const NodeProto &node) {
    return std::any_of(
        node.output().begin(), node.output().end(),
        [&](const std::string &name) { return results.count(name); });
  };
  std::string prefix = token.substr(0, token.rfind('/') + 1);
  auto isInner = [&](const std::string &name) {
    return name.compare(0, prefix.size(), prefix) == 0;
  };
  for (int i = 0; i < graph.node_size(); ++i)
    for (const std::string &name : graph.node(i).output())
      left.erase(name);
  for (std::string &name : *region.node.mutable_output())
    if (left.count(name)) // it is a constant by now
      name.clear();
  Nodes kept;
  google::protobuf::RepeatedPtrField<TensorProto> tensors;
  for (TensorProto &tensor : *graph.mutable_initializer())
    if (!isInner(tensor.name()))
      tensors.Add()->Swap(&tensor);
  graph.mutable_initializer()->Swap(&tensors);
  for (auto it = known.begin(); it != known.end();)
    it = isInner(it->first) || results.count(it->first) ? known.erase(it)
                                                        : std::next(it);
  for (auto it = regions.begin(); it != regions.end();)
    it = isInner(it->first) ? regions.erase(it) : std::next(it);
  for (int i = 0; i < graph.node_size(); ++i) {
    NodeProto &node = *graph.mutable_node(i);
    if ((i < begin || i > end) && !isPart(node))
      kept.Add()->Swap(&node);
    else if (i == end)
      replace(region, kept);
  }
  graph.mutable_node()->Swap(&kept);
}

void LoopRegions::unroll(GraphProto &graph, KnownTypes &known, int begin,
                         const std::string &reason) {
  rebuild(graph, known, begin, [&](const Region &region, Nodes &nodes) {
    if (auto loop = read(region, graph))
      unrollLoop(*loop, reason + ", and ", graph, nodes);
  });
}

bool LoopRegions::stackStates(GraphProto &graph, KnownTypes &known, int begin,
                              const ValueTypes &types) {
  const Region &region = regions.at(graph.node(begin).output(0));
  std::optional<LoopParts> loop = read(region, graph);
  if (!loop)
    return false;
  NodeProto node = region.node;
  std::set<std::string> made;
  for (const NodeProto &other : graph.node())
    made.insert(other.output().begin(), other.output().end());
  for (std::string &name : *node.mutable_output())
    if (!made.count(name)) // it is a constant by now
      name.clear();
  std::vector<size_t> changing;
  for (size_t s = 0; s < loop->initial.size(); ++s)
    if (!loop->passesOn(s))
      changing.push_back(s);
  for (size_t i = 0; i < region.states.size(); ++i) {
    const ValueType *next = types.of(region.states[i].first),
                    *first = types.of(region.states[i].second);
    if (!next || !first || next->dims == first->dims)
      continue;
    Nodes stacked;
    if (!stackGrowingState(node, changing[i], *first, *next, loop->trips, graph,
                           stacked))
      continue;
    rebuild(graph, known, begin, [&](const Region &, Nodes &nodes) {
      for (NodeProto &node : stacked)
        nodes.Add()->Swap(&node);
    });
    return true;
  }
  return false;
}

bool LoopRegions::unrollUnfit(Model &model, KnownTypes &known) {
  if (regions.empty())
    return false;
  GraphProto &graph = *model.proto.mutable_graph();
  ValueTypes types(graph);
  /// A loop around the node at hand, and values whose extents its body makes.
  struct OpenRegion {
    int begin;
    std::unordered_set<std::string> varying;
  };
  std::vector<OpenRegion> begins;
  std::optional<FixedDims> fixed;
  // Extents from outside are the same in each iteration; those that the body
  // computes have to stay in it.
  auto whyEscapes =
      [&](const NodeProto &end,
          const std::unordered_set<std::string> &varying) -> std::string {
    for (const std::string &name : end.input()) {
      const ValueType *type = types.of(name);
      if (!varying.count(name) || !type || type->dims.empty())
        continue;
      if (!fixed)
        fixed = fixedDims(model);
      auto dims = fixed->find(name);
      if (dims == fixed->end() || dims->second.size() != type->dims.size() ||
          std::count(dims->second.begin(), dims->second.end(), false))
        return "'" + name.substr(name.rfind('/') + 1) +
               "' has an extent that the body computes";
    }
    return "";
  };
  for (int i = 0; i < graph.node_size(); ++i) {
    const NodeProto &node = graph.node(i);
    if (isBorder(node, loopBeginOp))
      begins.push_back({i, {}});
    if (isBorder(node, loopEndOp)) {
      const Region &region = regions.at(node.input(0));
      if (auto trips = decidedTrips(graph, region)) {
        rebuild(graph, known, begins.back().begin,
                [&](const Region &changed, Nodes &nodes) {
                  auto loop = readLoop(changed.node, graph);
                  loop->trips = *trips;
                  loop->isSteady = true;
                  if (*trips <= maxUnrolledTrips)
                    unrollLoop(*loop, "", graph, nodes);
                  else
                    addRegion(*loop, trips, graph, nodes);
                });
        return true;
      }
      if (stackStates(graph, known, begins.back().begin, types))
        return true;
      std::string reason = whyUnfit(region, types);
      if (reason.empty())
        reason = whyEscapes(node, begins.back().varying);
      if (!reason.empty()) {
        unroll(graph, known, begins.back().begin, reason);
        return true;
      }
      begins.pop_back();
    }
    for (OpenRegion &region : begins)
      if (hasExtents(graph, node, region.varying))
        region.varying.insert(node.output().begin(), node.output().end());
  }
  return false;
}

bool LoopRegions::unrollStuck(
    Model &model, KnownTypes &known,
    const std::function<bool(const NodeProto &)> &isStuck) {
  GraphProto &graph = *model.proto.mutable_graph();
  std::vector<int> begins;
  for (int i = 0; i < graph.node_size(); ++i) {
    const NodeProto &node = graph.node(i);
    if (isBorder(node, loopBeginOp)) {
      begins.push_back(i);
    } else if (isBorder(node, loopEndOp)) {
      begins.pop_back();
    } else if (!begins.empty() && isStuck(node)) {
      unroll(graph, known, begins.back(),
             "'" + displayName(node) +
                 "' is not the same in each iteration, as far as is known at "
                 "compile time");
      return true;
    }
  }
  return false;
}

namespace {

/// Takes what is the same in each iteration out of regions, inner ones first.
class Hoister {
public:
  explicit Hoister(GraphProto &graph) : graph(graph) {}

  void run() {
    std::vector<NodeProto *> order;
    for (int i = 0; i < graph.node_size();)
      i = isBorder(graph.node(i), loopBeginOp) ? moveRegion(i, order)
                                               : keep(i, order);
    Nodes sorted;
    for (NodeProto *node : order)
      sorted.Add()->Swap(node);
    graph.mutable_node()->Swap(&sorted);
  }

private:
  int keep(int i, std::vector<NodeProto *> &to) {
    to.push_back(graph.mutable_node(i));
    return i + 1;
  }

  /// Appends the region that begins at `begin`, behind what is taken out of it.
  /// Returns the position behind it.
  int moveRegion(int begin, std::vector<NodeProto *> &to) {
    int end = endOf(graph, begin);
    std::set<std::string> varying(graph.node(begin).output().begin(),
                                  graph.node(begin).output().end());
    std::vector<NodeProto *> inside;
    for (int i = begin + 1; i < end;) {
      std::vector<NodeProto *> unit;
      i = isBorder(graph.node(i), loopBeginOp) ? moveRegion(i, unit)
                                               : keep(i, unit);
      moveUnits(unit, varying, to, inside);
    }
    to.push_back(graph.mutable_node(begin));
    to.insert(to.end(), inside.begin(), inside.end());
    to.push_back(graph.mutable_node(end));
    return end + 1;
  }

  /// Single nodes go where they belong; from the beginning of an inner loop to
  /// its end all go to the same place.
  static void moveUnits(const std::vector<NodeProto *> &nodes,
                        std::set<std::string> &varying,
                        std::vector<NodeProto *> &outside,
                        std::vector<NodeProto *> &inside) {
    for (size_t i = 0; i < nodes.size();) {
      size_t behind = i + 1;
      if (isBorder(*nodes[i], loopBeginOp)) {
        while (!isBorder(*nodes[behind], loopEndOp) ||
               nodes[behind]->input(0) != nodes[i]->output(0))
          ++behind;
        ++behind;
      }
      bool varies = false;
      for (size_t k = i; k < behind; ++k) {
        varies |= isRandom(*nodes[k]);
        for (const std::string &name : nodes[k]->input())
          varies |= varying.count(name) != 0;
      }
      for (size_t k = i; k < behind; ++k) {
        (varies ? inside : outside).push_back(nodes[k]);
        if (varies)
          varying.insert(nodes[k]->output().begin(), nodes[k]->output().end());
      }
      i = behind;
    }
  }

  GraphProto &graph;
};

} // namespace

void dlc::importer::hoistInvariants(GraphProto &graph) { Hoister(graph).run(); }
