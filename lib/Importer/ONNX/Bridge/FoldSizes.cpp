//===- FoldSizes.cpp - Sizes that are computed from extents ---------------===//
//
// Quotients, ranges, shapes of which sizes are replaced, and operands whose
// bounds differ though their sizes do not.
//
//===----------------------------------------------------------------------===//

#include "FoldState.h"

#include <cmath>
#include <numeric>

using namespace dlc::importer;

bool FoldState::divide(NodeProto &node,
                       const std::vector<const Value *> &inputs,
                       const std::vector<const Value *> &constants) {
  if (inputs.size() != 2 || inputs[0]->isFloat() || inputs[0]->size() != 1 ||
      inputs[1]->size() != 1)
    return false;
  auto rest = products.quotient(node, constants);
  if (!rest)
    return false;
  std::string result = node.output(0), base = result + "/rest";
  size_t rank = std::max(inputs[0]->dims.size(), inputs[1]->dims.size());
  Value like = *inputs[0];
  like.dims = {1};
  std::string product = base;
  defineInts(base, {rest->factor}, like);
  for (const std::string &atom : rest->atoms) {
    std::string number = base + std::to_string(added.size());
    const Products::Place &place = products.placeOf(atom);
    addInts(graph, number + "/flat", {-1});
    addInts(graph, number + "/at", {place.element});
    addNode(added, node, "Reshape", {place.value, number + "/flat"},
            {number + "/all"});
    addNode(added, node, "Gather", {number + "/all", number + "/at"},
            {number + "/one"});
    setInt(addNode(added, node, "Cast", {number + "/one"}, {number}), "to",
           like.elemType);
    product = addArithmetic(node, "Mul", product, number);
  }
  addInts(graph, base + "/shape", std::vector<int64_t>(rank, 1));
  addNode(added, node, "Reshape", {product, base + "/shape"}, {result});
  return true;
}

bool FoldState::evenBounds(NodeProto &node) {
  std::vector<const std::vector<int64_t> *> dims;
  std::vector<bool> areOpen;
  for (const std::string &name : node.input()) {
    auto shape = shapes.find(name);
    if (shape == shapes.end())
      return false;
    dims.push_back(&shape->second);
    areOpen.push_back(open.count(name));
  }
  Nodes before;
  for (const auto &[operand, cuts] : unevenBounds(node, dims, areOpen)) {
    std::string x = node.input(operand);
    std::string base = node.output(0) + "/even" + std::to_string(operand);
    std::vector<int64_t> axes, ends;
    for (auto [axis, end] : cuts) {
      axes.push_back(int64_t(axis));
      ends.push_back(end);
    }
    addInts(graph, base + "/start", std::vector<int64_t>(axes.size(), 0));
    addInts(graph, base + "/end", ends);
    addInts(graph, base + "/axes", axes);
    addNode(before, node, "Slice",
            {x, base + "/start", base + "/end", base + "/axes"},
            {base + "/cut"});
    addNode(before, node, "Shape", {x}, {base + "/shape"});
    NodeProto &bounded = addBoundedNode(before, node, base + "/cut",
                                        base + "/shape", base, axes, axes);
    addCheck(bounded, node,
             "a size of operand " + std::to_string(operand) +
                 " (at most what the others can have)");
    node.set_input(operand, base);
  }
  if (before.empty())
    return false;
  before.Add()->Swap(&node);
  added.Swap(&before);
  return true;
}

bool FoldState::evenBranches(NodeProto &node) {
  if (node.op_type() != choiceOp || node.domain() != ownDomain)
    return false;
  auto one = shapes.find(node.input(1)), other = shapes.find(node.input(2));
  if (one == shapes.end() || other == shapes.end())
    return false;
  settleChoice(node);
  changed = true;
  if (one->second.size() != other->second.size())
    return false; // an error, which is found later
  if (one->second == other->second) {
    shapes[node.output(0)] = one->second;
    return false;
  }
  Nodes before;
  for (int operand : {1, 2}) {
    std::vector<int64_t> most = one->second;
    const std::vector<int64_t> mine = shapes.at(node.input(operand));
    std::vector<int64_t> pads(mine.size(), 0), axes;
    for (size_t d = 0; d < mine.size(); ++d) {
      most[d] = std::max(most[d], other->second[d]);
      pads.push_back(most[d] - mine[d]);
      axes.push_back(static_cast<int64_t>(d));
    }
    if (most == mine)
      continue;
    std::string x = node.input(operand);
    std::string base = node.output(0) + "/wide" + std::to_string(operand);
    addInts(graph, base + "/pads", pads);
    addNode(before, node, "Pad", {x, base + "/pads"}, {base + "/all"});
    addNode(before, node, "Shape", {x}, {base + "/shape"});
    addBoundedNode(before, node, base + "/all", base + "/shape", base, axes,
                   axes);
    node.set_input(operand, base);
  }
  before.Add()->Swap(&node);
  added.Swap(&before);
  return true;
}

bool FoldState::gatherReplaced(NodeProto &node) {
  constexpr int64_t most = 64;
  if (node.op_type() != "ScatterElements" || node.input_size() != 3)
    return false;
  auto at = known.find(node.input(1));
  auto data = shapes.find(node.input(0)), updates = shapes.find(node.input(2));
  const AttributeProto *reduction = attribute(node, "reduction");
  if (at == known.end() || data == shapes.end() || updates == shapes.end() ||
      data->second.size() != 1 || data->second[0] > most ||
      open.count(node.input(0)) || open.count(node.input(2)) ||
      updates->second != at->second.dims ||
      (reduction && reduction->s() != "none"))
    return false;
  int64_t size = data->second[0];
  Value from = at->second;
  std::vector<int64_t> places(static_cast<size_t>(size));
  std::iota(places.begin(), places.end(), 0);
  for (size_t i = 0; i < from.ints.size(); ++i) {
    int64_t place = from.ints[i] + (from.ints[i] < 0 ? size : 0);
    if (place < 0 || place >= size)
      return false;
    places[static_cast<size_t>(place)] = size + static_cast<int64_t>(i);
  }
  from.elemType = onnx::TensorProto::INT64;
  from.dims = {size};
  std::string result = node.output(0);
  defineInts(result + "/places", places, from);
  setInt(addNode(added, node, "Concat", {node.input(0), node.input(2)},
                 {result + "/both"}),
         "axis", 0);
  addNode(added, node, "Gather", {result + "/both", result + "/places"},
          {result});
  return true;
}

bool FoldState::restateRange(NodeProto &node) {
  std::string start = node.input(0), limit = node.input(1);
  auto delta = known.find(node.input(2));
  auto from = bounds.find(start), to = bounds.find(limit);
  const Value *first = lowOf(start), *last = lowOf(limit);
  if (delta == known.end() || delta->second.size() != 1)
    return false;
  const Value &step = delta->second;
  bool isFloat = step.isFloat();
  double size = isFloat ? step.floats[0] : double(step.ints[0]);
  const Value *mostFirst = from == bounds.end() ? first : &from->second,
              *mostLast = to == bounds.end() ? last : &to->second;
  if (!mostFirst || !mostLast || !first || !last || size == 0 ||
      mostFirst->size() != 1 || mostLast->size() != 1)
    return false;
  auto number = [&](const Value &value) {
    return isFloat ? value.floats[0] : double(value.ints[0]);
  };
  std::string base = node.output(0) + "/range";
  std::string span = size > 0 && !isFloat ? products.beside(limit, start) : "";
  const Value *spanned = span.empty() ? nullptr : boundOf(span);
  double most = size > 0 ? number(*mostLast) - number(*first)
                         : number(*mostFirst) - number(*last);
  if (spanned)
    most = double(spanned->ints[0]);
  double count = std::ceil(most / std::fabs(size));
  if (!(count <= double(int64_t(1) << 31)))
    return false;
  if (span.empty())
    span = addArithmetic(node, "Sub", size > 0 ? limit : start,
                         size > 0 ? start : limit);
  Value like = step;
  like.dims = {};
  auto constant = [&](const char *name, double value) {
    Value made = like;
    if (isFloat)
      made.floats = {value};
    else
      made.ints = {int64_t(value)};
    define(base + name, made);
    return base + name;
  };
  std::string width = constant("/width", std::fabs(size));
  if (isFloat) {
    std::string steps = addArithmetic(node, "Div", span, width);
    addNode(added, node, "Ceil", {steps}, {base + "/steps"});
    setInt(addNode(added, node, "Cast", {base + "/steps"}, {base + "/count"}),
           "to", onnx::TensorProto::INT64);
  } else {
    std::string more = addArithmetic(node, "Add", span,
                                     constant("/more", std::fabs(size) - 1));
    addNode(added, node, "Div", {more, width}, {base + "/count"});
  }
  std::string all = base + "/all", result = node.output(0);
  if (known.count(start)) {
    node.set_input(1, constant("/last", number(size > 0 ? *mostLast : *last)));
    node.set_output(0, all);
  } else {
    std::string scaled = base + "/scaled", unit = node.input(2);
    node.set_input(0, constant("/zero", 0));
    node.set_input(1, constant("/most", std::max(count, 0.0)));
    node.set_input(2, constant("/one", 1));
    node.set_output(0, base + "/numbers");
    addNode(added, node, "Mul", {base + "/numbers", unit}, {scaled});
    addNode(added, node, "Add", {scaled, start}, {all});
  }
  addBoundedNode(added, node, all, base + "/count", result, {0}, {0});
  changed = true;
  return false;
}
