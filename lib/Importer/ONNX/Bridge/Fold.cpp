//===- Fold.cpp - Computes what is known before the program runs ----------===//

#include "FoldState.h"

using namespace dlc::importer;
using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TensorProto;

bool dlc::importer::constantTensor(NodeProto &node, TensorProto &tensor) {
  if (node.attribute_size() != 1)
    return false;
  AttributeProto &attr = *node.mutable_attribute(0);
  if (attr.name() == "value" && attr.has_t()) {
    tensor = std::move(*attr.mutable_t());
  } else if (attr.name() == "value_int") {
    tensor.set_data_type(TensorProto::INT64);
    tensor.add_int64_data(attr.i());
  } else if (attr.name() == "value_float") {
    tensor.set_data_type(TensorProto::FLOAT);
    tensor.add_float_data(attr.f());
  } else if (attr.name() == "value_ints") {
    tensor.set_data_type(TensorProto::INT64);
    tensor.add_dims(attr.ints_size());
    tensor.mutable_int64_data()->Swap(attr.mutable_ints());
  } else if (attr.name() == "value_floats") {
    tensor.set_data_type(TensorProto::FLOAT);
    tensor.add_dims(attr.floats_size());
    tensor.mutable_float_data()->Swap(attr.mutable_floats());
  } else {
    return false;
  }
  tensor.set_name(node.output(0));
  return true;
}

namespace {

class Folder : FoldState {
public:
  explicit Folder(Model &model) : FoldState(model) {
    for (const Port &input : model.inputs)
      ports[input.name] = input.extents;
    resultBounds = model.resultBounds;
    for (const Port &input : model.inputs)
      if (input.most && !input.isConstant) {
        Value least = readValue(*input.least), most = readValue(*input.most);
        std::vector<bool> &exact = exactElements[input.name];
        for (size_t i = 0; i < most.ints.size(); ++i)
          exact.push_back(least.ints[i] == most.ints[i]);
        lows[input.name] = std::move(least);
        bounds[input.name] = std::move(most);
        free.insert(input.name);
      }
  }

  bool run() {
    for (const TensorProto &tensor : graph.initializer()) {
      learn(tensor);
      elemTypes[tensor.name()] = tensor.data_type();
      shapes[tensor.name()] = {tensor.dims().begin(), tensor.dims().end()};
    }
    auto learnShape = [&](const onnx::ValueInfoProto &info) {
      elemTypes[info.name()] = info.type().tensor_type().elem_type();
      if (!info.type().has_tensor_type() ||
          !info.type().tensor_type().has_shape())
        return;
      std::vector<int64_t> dims;
      for (const auto &dim : info.type().tensor_type().shape().dim()) {
        if (!dim.has_dim_value() || dim.dim_value() < 0)
          return;
        dims.push_back(dim.dim_value());
      }
      shapes.insert({info.name(), std::move(dims)});
    };
    for (const auto &info : graph.input())
      learnShape(info);
    for (const auto &info : graph.value_info())
      learnShape(info);
    for (const auto &info : graph.output())
      learnShape(info);

    google::protobuf::RepeatedPtrField<NodeProto> kept;
    for (NodeProto &node : *graph.mutable_node()) {
      if (fold(node)) {
        changed = true;
      } else {
        learnRanges(node);
        noteUnlimited(node);
        kept.Add()->Swap(&node);
      }
      for (NodeProto &more : added)
        kept.Add()->Swap(&more);
      added.Clear();
    }
    graph.mutable_node()->Swap(&kept);
    auto condition = [&](const std::string &name) -> std::optional<bool> {
      auto found = known.find(name);
      if (found == known.end() || found->second.ints.size() != 1)
        return std::nullopt;
      return found->second.ints[0] != 0;
    };
    changed |= inlineKnownBranches(graph, condition);
    return changed;
  }

  std::map<std::string, std::vector<std::string>> takeUnlimited() {
    return std::move(unlimited);
  }

private:
  void learn(const TensorProto &tensor) {
    if (!isFoldable(tensor.data_type()) || isStub(tensor))
      return;
    int64_t elements = 1;
    for (int64_t dim : tensor.dims()) {
      if (dim > maxFoldedElements)
        return;
      elements *= dim;
      if (elements > maxFoldedElements)
        return;
    }
    known[tensor.name()] = readValue(tensor);
  }

  bool fold(NodeProto &node) {
    if (node.op_type() == "Reshape" || node.op_type() == openReshapeOp)
      reshaped[node.output(0)] = node.input(1);
    if (evenBranches(node))
      return true;
    noteMoves(node);
    if (node.domain() == ownDomain && node.op_type() == limitedOp)
      return foldLimited(node);
    if (!(node.domain().empty() || node.domain() == "ai.onnx") ||
        node.output_size() == 0)
      return false;
    if (node.op_type() == "Constant") {
      TensorProto tensor;
      if (!constantTensor(node, tensor))
        return false;
      learn(tensor);
      shapes[tensor.name()] = {tensor.dims().begin(), tensor.dims().end()};
      *graph.add_initializer() = std::move(tensor);
      return true;
    }
    if (node.op_type() == "Shape" || node.op_type() == "Size")
      return foldShape(node);
    if (node.op_type() == "Loop")
      limitLoop(node);
    if (evenBounds(node) || gatherReplaced(node))
      return true;
    std::vector<const Value *> inputs;
    bool exact = true;
    for (const std::string &name : node.input()) {
      auto found = known.find(name);
      if (!name.empty() && found == known.end()) {
        exact = false;
        found = bounds.find(name);
        if (found == bounds.end())
          return restate(node);
      }
      inputs.push_back(name.empty() ? nullptr : &found->second);
    }
    if (!exact)
      return foldBound(node, inputs);
    auto results = evaluate(node, inputs);
    if (!results)
      return false;
    for (int i = 0; i < node.output_size() && i < int(results->size()); ++i)
      define(node.output(i), (*results)[i]);
    return true;
  }

  bool foldShape(const NodeProto &node) {
    auto found = shapes.find(node.input(0));
    if (found == shapes.end())
      return false;
    const std::vector<int64_t> &dims = found->second;
    Value value;
    value.elemType = TensorProto::INT64;
    if (node.op_type() == "Size") {
      value.ints = {
          checkedElements(dims, TensorProto::UINT8, "'" + node.input(0) + "'")};
    } else {
      int64_t rank = dims.size(), start = 0, end = rank;
      for (const AttributeProto &attr : node.attribute()) {
        if (attr.name() == "start")
          start = attr.i();
        if (attr.name() == "end")
          end = attr.i();
      }
      auto clamp = [&](int64_t at) {
        at += at < 0 ? rank : 0;
        return std::min(std::max<int64_t>(at, 0), rank);
      };
      start = clamp(start);
      end = clamp(end);
      for (int64_t i = start; i < end; ++i)
        value.ints.push_back(dims[i]);
      value.dims = {int64_t(value.ints.size())};
    }
    if (open.count(node.input(0))) {
      Value least = leastShape(node, value);
      if (least.ints != value.ints) {
        addShape(node, value, least);
        bounds[node.output(0)] = std::move(value);
        lows[node.output(0)] = std::move(least);
        return false;
      }
    }
    define(node.output(0), value);
    return true;
  }

  /// Names the numbers of a shape: extents of inputs by what is the same one.
  void addShape(const NodeProto &node, const Value &most, const Value &least) {
    if (node.op_type() != "Shape")
      return;
    std::vector<std::string> keys;
    std::vector<std::optional<int64_t>> sizes;
    auto port = ports.find(node.input(0));
    int64_t rank = int64_t(shapes.at(node.input(0)).size());
    int64_t start = intAttr(node, "start", 0);
    start = std::clamp<int64_t>(start + (start < 0 ? rank : 0), 0, rank);
    for (size_t i = 0; i < most.ints.size(); ++i) {
      size_t d = size_t(start) + i;
      bool isExtent = port != ports.end() && d < port->second.size() &&
                      port->second[d] >= 0;
      keys.push_back(isExtent ? "#" + std::to_string(port->second[d])
                              : node.input(0) + "#dim" + std::to_string(d));
      sizes.push_back(most.ints[i] == least.ints[i]
                          ? std::optional(most.ints[i])
                          : std::nullopt);
    }
    products.addShape(node.output(0), keys, sizes);
    auto shape = reshaped.find(node.input(0));
    for (size_t i = 0; shape != reshaped.end() && i < keys.size(); ++i)
      if (!sizes[i])
        products.addReshaped(node.output(0), i, shape->second,
                             size_t(start) + i);
  }

  /// What a Shape or Size of a value with extents is at least: dimensions that
  /// no extent changes are as large as `most`, the bound, says.
  Value leastShape(const NodeProto &node, Value most) {
    const std::vector<bool> *dims = fixedDimsOf(node.input(0));
    int64_t rank = int64_t(shapes.at(node.input(0)).size());
    bool isShape = node.op_type() == "Shape";
    int64_t start = isShape ? intAttr(node, "start", 0) : 0;
    start = std::clamp<int64_t>(start + (start < 0 ? rank : 0), 0, rank);
    for (size_t i = 0; i < most.ints.size(); ++i)
      if (!isShape || !dims || int64_t(dims->size()) != rank ||
          !(*dims)[size_t(start) + i])
        most.ints[i] = 0;
    return most;
  }

  /// Gives a loop the number of iterations that its condition lets it have.
  void limitLoop(NodeProto &node) {
    auto number = [&](const std::string &name) -> std::optional<Element> {
      auto elements = elementsOf(name);
      return elements && elements->size() == 1
                 ? std::optional(elements->front())
                 : std::nullopt;
    };
    if (node.input_size() < 2)
      return;
    std::string trips = node.input(0);
    auto most = trips.empty() ? std::nullopt : number(trips);
    if (!trips.empty() && !(most && most->isExact))
      return;
    auto mine = tripsOfCondition(node, number);
    if (!mine || (most && most->most <= *mine))
      return;
    std::string name;
    for (const std::string &output : node.output())
      if (name.empty() && !output.empty())
        name = output + "/most";
    if (name.empty())
      return;
    Value value;
    value.elemType = TensorProto::INT64;
    value.ints = {*mine};
    define(name, value);
    node.set_input(0, name);
    changed = true;
  }

  //===- Shapes that are bounds -------------------------------------------===//

  /// A node some of whose operands are known bounds only; `inputs` are the most
  /// that operands may be.
  bool foldBound(NodeProto &node, const std::vector<const Value *> &inputs) {
    std::vector<Interval> operands;
    for (int i = 0; i < node.input_size(); ++i) {
      const Value *most = inputs[size_t(i)];
      operands.push_back({most ? lowOf(node.input(i)) : nullptr, most});
    }
    std::vector<const Value *> constants;
    for (const Interval &operand : operands)
      constants.push_back(operand.isConstant() ? operand.most : nullptr);
    if (node.op_type() == "Div" && divide(node, inputs, constants))
      return true;
    products.add(node, inputs, constants);
    std::vector<Limits> limits = limitsOf(node, operands);
    if (int(limits.size()) >= node.output_size() && !mayBeNaN(node) &&
        std::all_of(limits.begin(), limits.end(),
                    [](const Limits &of) { return of.isSettled(); })) {
      for (int i = 0; i < node.output_size(); ++i)
        define(node.output(i), limits[size_t(i)].most);
      return true;
    }
    for (int i = 0; i < node.output_size() && i < int(limits.size()); ++i) {
      bounds[node.output(i)] = limits[size_t(i)].most;
      if (limits[size_t(i)].least)
        lows[node.output(i)] = *limits[size_t(i)].least;
      for (const std::string &input : node.input())
        if (free.count(input))
          free.insert(node.output(i));
    }
    return restate(node);
  }

  /// Whether an operand is computed from data, in floats: a comparison of it
  /// may fail whatever its range is.
  bool mayBeNaN(const NodeProto &node) const {
    return std::any_of(
        node.input().begin(), node.input().end(), [&](const std::string &name) {
          auto bound = bounds.find(name);
          return bound != bounds.end() && bound->second.isFloat() &&
                 free.count(name) && !known.count(name);
        });
  }

  /// Gives a node whose shape a bound decides the bound, and has a node after
  /// it say how much counts. Returns whether it changed something.
  bool restate(NodeProto &node) {
    const std::string &op = node.op_type();
    if (op == "Loop" && isBound(node.input(0))) {
      Nodes before;
      boundLoop(node, constantBound(node.input(0)), graph, before);
      before.Add()->Swap(&node);
      added.Swap(&before);
      return changed = true;
    }
    if (op == "TopK" && node.input_size() > 1 && isBound(node.input(1)))
      return restateTopK(node);
    if (op == "Split" && node.input_size() > 1 && isBound(node.input(1)))
      return restateSplit(node);
    if (node.output_size() != 1)
      return false;
    if (op == "Reshape" && isBound(node.input(1)))
      return restateReshape(node);
    if (op == "ConstantOfShape" && isBound(node.input(0)))
      return restateShape(node, 0, {});
    if (op == "Expand" && isBound(node.input(1)))
      return restateExpand(node);
    if (op == "Tile" && isBound(node.input(1)))
      return restateTile(node);
    if (op == "OneHot" && isBound(node.input(1)))
      return restateOneHot(node);
    if (op == "Resize")
      return restateResize(node);
    if (op == "Slice" && node.input_size() > 2)
      return isBound(node.input(2)) && restateSlice(node) ? false : cut(node);
    if (op == "Pad" && node.input_size() > 1 && isBound(node.input(1))) {
      auto x = shapes.find(node.input(0));
      changed |=
          x != shapes.end() && openPad(node, x->second, elementsOf(node));
      return false;
    }
    return op == "Range" &&
           (isBound(node.input(0)) || isBound(node.input(1))) &&
           restateRange(node);
  }

  /// To sizes or by scales that are bounds, or to sizes of which the extents of
  /// the operand decide which one counts (keep_aspect_ratio_policy).
  bool restateResize(NodeProto &node) {
    auto x = shapes.find(node.input(0));
    bool hasSizes = node.input_size() > 3 && !node.input(3).empty();
    bool hasScales = !hasSizes && node.input_size() > 2;
    const AttributeProto *policy = attribute(node, "keep_aspect_ratio_policy");
    bool isFitted = policy && policy->s() != "stretch" && hasSizes &&
                    open.count(node.input(0)) && known.count(node.input(3));
    if (x == shapes.end() ||
        !(isFitted || (hasSizes && isBound(node.input(3))) ||
          (hasScales && isBound(node.input(2)))))
      return false;
    ResizeLimits limits;
    if (hasScales) {
      const std::string &scales = node.input(2);
      const Value &most = bounds.at(scales);
      for (size_t i = 0; i < most.floats.size(); ++i) {
        if (i == 0)
          limits.scales.emplace();
        limits.scales->push_back({most.floats[i], isExact(scales, i)});
      }
      if (!limits.scales)
        return false;
    }
    if (!open.count(node.input(0)))
      limits.fixed.assign(x->second.size(), true);
    else if (const std::vector<bool> *dims = fixedDimsOf(node.input(0)))
      limits.fixed = *dims;
    auto given = resultBounds.find(node.output(0));
    if (given != resultBounds.end())
      limits.bounds = given->second.bounds;
    limits.option = [&](size_t dim) {
      bool isNamed = given != resultBounds.end() &&
                     dim < given->second.names.size() &&
                     !given->second.names[dim].empty();
      return "--max-dim '" +
             (isNamed ? given->second.names[dim]
                      : node.output(0) + ":" + std::to_string(dim)) +
             "=N'";
    };
    changed |= openResize(node, x->second, elementsOf(node), limits);
    return false;
  }

  /// Where each element of the result is in the operand may depend on the
  /// shape.
  bool restateReshape(NodeProto &node) {
    auto x = shapes.find(node.input(0));
    const std::string &shape = node.input(1);
    if (x == shapes.end())
      return false;
    std::vector<int64_t> dims = bounds.at(shape).ints, roles;
    const int64_t all =
        checkedElements(x->second, TensorProto::INT64, "a tensor");
    // Numbers that belong to the operand leave the same rest whatever they are.
    bool isFree = free.count(shape),
         isOwn = !isFree && open.count(node.input(0));
    int64_t rest = all;
    for (size_t d = 0; d < dims.size(); ++d) {
      bool exact = isExact(shape, d);
      bool isZero = dims[d] == 0 && !intAttr(node, "allowzero", 0);
      roles.push_back(sizeRole);
      if (exact ? dims[d] == -1 : dims[d] < 0 && !isFree)
        roles.back() = restRole;
      else if (exact && isZero)
        roles.back() = copyRole;
      else if (exact)
        roles.back() = fixedRole;
      else if (isFree)
        roles.back() = openRole;
      if (isZero && d < x->second.size())
        dims[d] = x->second[d];
      if (dims[d] >= 0 && !exact)
        dims[d] = std::min(dims[d], all);
      if (dims[d] > 0 && (exact || isOwn))
        rest /= dims[d];
    }
    for (size_t d = 0; d < dims.size(); ++d)
      if (roles[d] == restRole)
        dims[d] = std::max(rest, std::min<int64_t>(all, 1));
    node.set_domain(ownDomain);
    node.set_op_type(openReshapeOp);
    setInts(node, "bounds", dims);
    setInts(node, "roles", roles);
    setInt(node, "free", isFree);
    return changed = true, false;
  }

  /// The first ones of as many as there may be.
  bool restateTopK(NodeProto &node) {
    auto x = shapes.find(node.input(0));
    const Value &k = bounds.at(node.input(1));
    if (x == shapes.end() || k.ints.size() != 1)
      return false;
    int64_t rank = int64_t(x->second.size());
    int64_t axis = intAttr(node, "axis", -1);
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank)
      return false;
    std::string count = node.input(1), most = node.output(0);
    most = (most.empty() ? node.output(1) : most) + "/most";
    defineInts(most, {std::min(k.ints[0], x->second[size_t(axis)])}, k);
    node.set_input(1, most);
    setInt(node, boundsAttr, 1);
    const NodeProto origin = node;
    for (int i = 0; i < node.output_size(); ++i)
      if (!node.output(i).empty()) {
        NodeProto &bounded = addBounded(node, count, {axis}, {0}, i);
        bounded.add_input(node.input(0));
        addCheck(bounded, origin, "k (at most the dimension's size)");
      }
    return false;
  }

  /// Slices, one behind the other, of sizes that have to add up to what there
  /// is.
  bool restateSplit(NodeProto &node) {
    auto x = shapes.find(node.input(0));
    const std::string sizes = node.input(1);
    const Value most = bounds.at(sizes);
    if (x == shapes.end() || int(most.ints.size()) != node.output_size())
      return false;
    int64_t rank = int64_t(x->second.size()), axis = intAttr(node, "axis", 0);
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank)
      return false;
    std::string base;
    for (const std::string &part : node.output())
      base = base.empty() && !part.empty() ? part + "/split" : base;
    std::string start = base + "/start";
    addInts(graph, base + "/axis", {axis});
    addInts(graph, base + "/zero", {0});
    addInts(graph, start, {0});
    auto add = [&](const char *op, const std::vector<std::string> &inputs,
                   const std::string &result) -> NodeProto & {
      NodeProto &made = addNode(added, node, op, inputs, {result});
      if (op == std::string(boundedOp) || op == std::string(openSliceOp))
        made.set_domain(ownDomain);
      return made;
    };
    add("ReduceSum", {sizes, base + "/zero"}, base + "/sum");
    std::string whole = base + "/whole", x0 = node.input(0);
    NodeProto &sum = add(boundedOp, {x0, base + "/sum", x0}, whole);
    setInts(sum, "axes", {axis});
    setInts(sum, "elements", {0});
    setInt(sum, "equal", 1);
    addCheck(sum, node, "the sum of the sizes");
    for (int i = 0; i < node.output_size(); ++i) {
      std::string number = std::to_string(i), end = base + "/end" + number;
      std::string size = base + "/size" + number;
      addInts(graph, base + "/from" + number, {i});
      addInts(graph, base + "/to" + number, {i + 1});
      add("Slice", {sizes, base + "/from" + number, base + "/to" + number},
          size);
      add("Add", {start, size}, end);
      std::vector<int64_t> dims = x->second;
      int64_t &part = dims[size_t(axis)];
      part = std::min(part, std::max<int64_t>(most.ints[size_t(i)], 0));
      if (!node.output(i).empty())
        setInts(add(openSliceOp, {whole, start, end, base + "/axis"},
                    node.output(i)),
                "bounds", dims);
      start = end;
    }
    return changed = true;
  }

  /// Negative indices count from the depth that there is.
  bool restateOneHot(NodeProto &node) {
    std::string depth = node.input(1), base = node.output(0) + "/depth";
    auto indices = shapes.find(node.input(0));
    if (indices == shapes.end() || bounds.at(depth).ints.size() != 1)
      return false;
    int64_t rank = int64_t(indices->second.size()) + 1;
    int64_t axis = intAttr(node, "axis", -1);
    axis += axis < 0 ? rank : 0;
    addInts(graph, base + "/zero", {0}, /*scalar=*/true);
    addInts(graph, base + "/none", {bounds.at(depth).ints[0]}, true);
    addInts(graph, base + "/scalar", {});
    Nodes before;
    auto add = [&](const char *op, const std::vector<std::string> &inputs,
                   const std::string &result) -> NodeProto & {
      return addNode(before, node, op, inputs, {base + result});
    };
    setInt(add("Cast", {depth}, "/wide"), "to", TensorProto::INT64);
    add("Reshape", {base + "/wide", base + "/scalar"}, "/number");
    setInt(add("Cast", {node.input(0)}, "/index"), "to", TensorProto::INT64);
    add("Less", {base + "/index", base + "/zero"}, "/negative");
    add("Add", {base + "/index", base + "/number"}, "/behind");
    add("Where", {base + "/negative", base + "/behind", base + "/index"},
        "/at");
    add("Less", {base + "/at", base + "/zero"}, "/missing");
    add("Where", {base + "/missing", base + "/none", base + "/at"}, "/place");
    node.set_input(0, base + "/place");
    node.set_input(1, constantBound(depth));
    addBounded(node, depth, {axis}, {0});
    before.Add()->Swap(&node);
    for (NodeProto &behind : added)
      before.Add()->Swap(&behind);
    added.Swap(&before);
    return true;
  }

  /// Dimensions in which `x` has one element (or none) are as large as the
  /// operand says.
  bool restateShape(NodeProto &node, int operand, std::vector<int64_t> x) {
    std::string shape = node.input(operand);
    std::vector<int64_t> axes;
    size_t rank = bounds.at(shape).ints.size();
    if (x.size() > rank)
      return false;
    x.insert(x.begin(), rank - x.size(), 1);
    for (size_t d = 0; d < rank; ++d)
      if (x[d] == 1 && !isExact(shape, d))
        axes.push_back(int64_t(d));
    node.set_input(operand, constantBound(shape));
    const NodeProto origin = node;
    addCheck(addBounded(node, shape, axes, axes), origin, "a size");
    return false;
  }

  /// Dimensions of one element are as large as the shape says, others as they
  /// are.
  bool restateExpand(NodeProto &node) {
    auto found = shapes.find(node.input(0));
    if (found == shapes.end())
      return false;
    std::string shape = node.input(1);
    std::vector<int64_t> x = found->second, most = bounds.at(shape).ints;
    size_t given = most.size(), rank = std::max(x.size(), given);
    x.insert(x.begin(), rank - x.size(), 1);
    most.insert(most.begin(), rank - given, 1);
    for (size_t d = 0; d < rank; ++d) {
      if (free.count(shape) && x[d] != 1 && most[d] != 1 && most[d] != x[d])
        throw ImportError("dimension " + std::to_string(d) + " has " +
                              std::to_string(x[d]) +
                              " elements, so it can not get up to " +
                              std::to_string(most[d]) +
                              " (--dim with the number of elements, or 1, "
                              "instead of --max-dim)",
                          node);
      if (x[d] == 1)
        x[d] = most[d];
    }
    node.set_domain(ownDomain);
    node.set_op_type(openExpandOp);
    setInts(node, "bounds", x);
    return changed = true, false;
  }

  /// Repeats a dimension of one element in front of each one.
  bool restateTile(NodeProto &node) {
    auto x = shapes.find(node.input(0));
    std::string repeats = node.input(1);
    const std::vector<int64_t> &most = bounds.at(repeats).ints;
    if (x == shapes.end() || x->second.size() != most.size())
      return false;
    auto isFixed = [&](size_t d) {
      return isExact(repeats, d) || (most[d] == 1 && !free.count(repeats));
    };
    bool isPlain = true;
    std::vector<int64_t> pairs, repeated, joined, axes, elements;
    for (size_t d = 0; d < most.size(); ++d) {
      isPlain &= x->second[d] == 1 || (most[d] == 1 && isFixed(d));
      if (!isFixed(d)) {
        axes.push_back(int64_t(pairs.size()));
        elements.push_back(int64_t(d));
      }
      pairs.insert(pairs.end(), {1, x->second[d]});
      repeated.insert(repeated.end(), {most[d], x->second[d]});
      joined.push_back(checkedElements({most[d], x->second[d]},
                                       TensorProto::UINT8, "a dimension"));
    }
    if (isPlain)
      return restateShape(node, 1, x->second);
    std::string result = node.output(0), base = result + "/repeat";
    addInts(graph, base + "/pairs", pairs);
    addInts(graph, base + "/repeated", repeated);
    addInts(graph, base + "/joined", joined);
    setInt(addNode(added, node, "Reshape", {node.input(0), base + "/pairs"},
                   {base + "/apart"}),
           boundsAttr, 1);
    NodeProto &expand =
        addNode(added, node, "Expand", {base + "/apart", base + "/repeated"},
                {base + "/all"});
    addBounded(expand, repeats, axes, elements);
    setInt(addNode(added, node, "Reshape", {base + "/all", base + "/joined"},
                   {result}),
           boundsAttr, 1);
    return true;
  }

  /// The numbers of a constant operand; nothing where it is none.
  const std::vector<int64_t> *constantInts(const NodeProto &node, int operand) {
    if (operand >= node.input_size())
      return nullptr;
    auto found = known.find(node.input(operand));
    return found == known.end() ? nullptr : &found->second.ints;
  }

  /// From known beginnings, in steps of one.
  bool restateSlice(NodeProto &node) {
    auto x = shapes.find(node.input(0));
    const auto *starts = constantInts(node, 1), *axes = constantInts(node, 3);
    const auto *steps = constantInts(node, 4);
    size_t count = bounds.at(node.input(2)).ints.size();
    bool noSteps = node.input_size() < 5 || node.input(4).empty();
    if (x == shapes.end() || !starts || !axes || starts->size() != count ||
        axes->size() != count || (!steps && !noSteps))
      return false;
    std::vector<int64_t> dims, positions, elements;
    for (size_t i = 0; i < count; ++i) {
      int64_t rank = int64_t(x->second.size()), axis = (*axes)[i];
      axis += axis < 0 ? rank : 0;
      if (axis < 0 || axis >= rank || (*starts)[i] < 0 ||
          (steps && (*steps)[i] != 1))
        return false;
      positions.push_back(axis);
      elements.push_back(int64_t(i));
      dims.push_back(x->second[size_t(axis)]);
    }
    std::string ends = node.input(2), starting = node.input(1);
    std::string all = addDims(node, dims, known.at(starting)), last = ends;
    const NodeProto origin = node;
    node.set_input(2, constantBound(ends));
    if (isNatural(ends)) {
      last = addArithmetic(node, "Min", ends, all);
      addBounded(node, addArithmetic(node, "Sub", last, starting), positions,
                 elements);
      return true;
    }
    // Negative ones count from the end.
    std::string zero = node.output(0) + "/zero";
    defineInts(zero, {0}, known.at(starting));
    std::string isNegative = addArithmetic(node, "Less", ends, zero);
    std::string before = addArithmetic(node, "Add", ends, all);
    last = node.output(0) + "/last";
    addNode(added, node, "Where", {isNegative, before, ends}, {last});
    last = addArithmetic(node, "Min", last, all);
    std::string taken = addArithmetic(node, "Sub", last, starting);
    taken = addArithmetic(node, "Max", taken, zero);
    addCheck(addBounded(node, taken, positions, elements), origin,
             "the number of elements that are taken");
    return true;
  }

  /// The extents of a Slice's operand along its axes, in the type of `like`;
  /// `dims` are the largest ones.
  std::string addDims(const NodeProto &node, const std::vector<int64_t> &dims,
                      const Value &like) {
    std::string base = node.output(0) + "/dims";
    if (!open.count(node.input(0))) {
      defineInts(base, dims, like);
      return base;
    }
    addNode(added, node, "Shape", {node.input(0)}, {base + "/shape"});
    addNode(added, node, "Gather", {base + "/shape", node.input(3)},
            {base + "/wide"});
    setInt(addNode(added, node, "Cast", {base + "/wide"}, {base}), "to",
           like.elemType);
    return base;
  }

  /// What is known of a value.
  std::optional<Elements> elementsOf(const std::string &name) {
    auto value = known.find(name);
    bool isKnown = value != known.end();
    if (!isKnown)
      value = bounds.find(name);
    if (!isKnown && value == bounds.end())
      return std::nullopt;
    Elements result;
    for (int64_t most : value->second.ints)
      result.push_back(
          {most, isKnown || isExact(name, result.size()), isNatural(name)});
    return result;
  }

  /// What is known of a node's operands.
  ElementsFn elementsOf(const NodeProto &node) {
    return [this, &node](int operand) {
      return operand < node.input_size() ? elementsOf(node.input(operand))
                                         : std::nullopt;
    };
  }

  /// From or to positions that are computed.
  bool cut(NodeProto &node) {
    auto x = shapes.find(node.input(0)), starts = shapes.find(node.input(1));
    // What nothing is known of yet may turn out to be a constant.
    for (int i = 1; i < node.input_size(); ++i)
      if (!node.input(i).empty() && !known.count(node.input(i)) &&
          !bounds.count(node.input(i)))
        return false;
    if (x != shapes.end() && starts != shapes.end() &&
        starts->second.size() == 1)
      changed |= openSlice(node, x->second, open.count(node.input(0)),
                           size_t(starts->second[0]), elementsOf(node));
    return false;
  }
};

} // namespace

bool dlc::importer::foldShapeArithmetic(Model &model) {
  Folder folder(model);
  bool changed = folder.run();
  model.unlimited = folder.takeUnlimited();
  return changed;
}
