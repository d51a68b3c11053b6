//===- FoldRanges.cpp - Sizes that data decides within limits -------------===//

#include "FoldState.h"

#include <cmath>

using namespace dlc::importer;
using onnx::TensorProto;

namespace {

/// What a type can hold of whole numbers, and floats as they are; nothing for
/// types that are not followed.
std::optional<Range> limitsOfType(int elemType) {
  switch (elemType) {
  case TensorProto::FLOAT:
  case TensorProto::DOUBLE:
    return Range();
  case TensorProto::BOOL:
    return Range{0, 1};
  case TensorProto::UINT8:
    return Range{0, 255};
  case TensorProto::INT32:
    return Range{-2147483648.0, 2147483647.0};
  case TensorProto::INT64: // as far as a double is exact
    return Range{-9007199254740992.0, 9007199254740992.0};
  default:
    return std::nullopt;
  }
}

} // namespace

Range FoldState::rangeOf(const std::string &name) const {
  auto found = ranges.find(name);
  const Value *least = lowOf(name), *most = boundOf(name);
  Range range = found == ranges.end() ? Range() : found->second;
  auto extreme = [](const Value &value, bool isMost) {
    double result = value.isFloat() ? value.floats[0] : double(value.ints[0]);
    for (size_t i = 1; i < value.size(); ++i) {
      double next = value.isFloat() ? value.floats[i] : double(value.ints[i]);
      result = isMost ? std::max(result, next) : std::min(result, next);
    }
    return result;
  };
  if (least && least->size())
    range.least = std::max(range.least, extreme(*least, false));
  if (most && most->size())
    range.most = std::min(range.most, extreme(*most, true));
  return range;
}

void FoldState::learnRanges(const NodeProto &node) {
  // Shapes and positions have small numbers.
  constexpr int64_t mostElements = 64;
  constexpr double mostSize = 2147483647.0;
  RangeContext context{
      [this](const std::string &name) { return rangeOf(name); },
      [this](const std::string &name) {
        auto shape = shapes.find(name);
        return shape == shapes.end() ? nullptr : &shape->second;
      },
      [this](const std::string &name) { return open.count(name) != 0; }};
  for (int i = 0; i < node.output_size(); ++i) {
    const std::string &name = node.output(i);
    auto type = elemTypes.find(name);
    if (name.empty() || known.count(name) || bounds.count(name) ||
        type == elemTypes.end())
      continue;
    auto limits = limitsOfType(type->second);
    if (!limits)
      continue;
    Range range = rangeOfResult(node, i, context);
    // A sum that does not fit may be anything that does.
    if (range.least < limits->least || range.most > limits->most)
      range = limits->most <= 255 ? *limits : Range();
    if (!range.isKnown())
      continue;
    ranges[name] = range;
    auto shape = shapes.find(name);
    if (type->second == TensorProto::BOOL || shape == shapes.end() ||
        !(std::fabs(range.most) <= mostSize))
      continue;
    int64_t count = 1;
    for (int64_t dim : shape->second)
      count =
          std::min(count * std::min(dim, mostElements + 1), mostElements + 1);
    if (count == 0 || count > mostElements)
      continue;
    // There have to be as many.
    if (open.count(name) && !shape->second.empty()) {
      const std::vector<bool> *dims = fixedDimsOf(name);
      if (!dims || dims->size() != shape->second.size() ||
          std::count(dims->begin(), dims->end(), false))
        continue;
    }
    auto splat = [&](double number) {
      Value value;
      value.elemType = type->second;
      value.dims = shape->second;
      if (value.isFloat())
        value.floats.assign(size_t(count), number);
      else
        value.ints.assign(size_t(count), int64_t(number));
      return value;
    };
    bounds[name] = splat(range.most);
    if (std::fabs(range.least) <= mostSize)
      lows[name] = splat(range.least);
    free.insert(name);
  }
}

//===----------------------------------------------------------------------===//
// Elements that the user limits
//===----------------------------------------------------------------------===//

namespace {

/// Whether a node's results have the elements of its first operand, in their
/// order.
bool keepsOrder(const onnx::NodeProto &node) {
  const std::string &op = node.op_type();
  return op == "Cast" || op == "Identity" || op == "Unsqueeze" ||
         op == "Squeeze" || op == "Reshape" || op == "Flatten";
}

/// The operand whose elements decide the shape of a node's result; nothing for
/// other nodes.
std::optional<int> shapeOperand(const onnx::NodeProto &node) {
  const std::string &op = node.op_type();
  if (op == "Resize")
    return node.input_size() > 3 && !node.input(3).empty() ? 3 : 2;
  if (op == "ConstantOfShape" || op == "Loop")
    return 0;
  if (op == "Reshape" || op == "Expand" || op == "Tile" || op == "TopK" ||
      op == "Pad" || op == "OneHot" || op == "Split" || op == "Range")
    return 1;
  return std::nullopt;
}

} // namespace

void FoldState::noteMoves(const NodeProto &node) {
  if (node.domain().empty() && node.output_size() == 1 &&
      (keepsOrder(node) || node.op_type() == "Concat"))
    moves[node.output(0)] = node;
}

Range FoldState::rangeOfElement(const std::string &name, size_t element) const {
  Range range = rangeOf(name);
  auto at = [&](const Value *value, double otherwise) {
    if (!value || element >= value->size())
      return otherwise;
    return value->isFloat() ? value->floats[element]
                            : double(value->ints[element]);
  };
  range.least = std::max(range.least, at(lowOf(name), range.least));
  range.most = std::min(range.most, at(boundOf(name), range.most));
  auto move = moves.find(name);
  if (move == moves.end() || std::isfinite(range.most))
    return range;
  const NodeProto &node = move->second;
  if (keepsOrder(node))
    return rangeOfElement(node.input(0), element);
  for (const std::string &part : node.input()) {
    auto shape = shapes.find(part);
    if (shape == shapes.end() || shape->second.size() != 1)
      return range;
    auto size = static_cast<size_t>(shape->second[0]);
    if (element < size)
      return rangeOfElement(part, element);
    element -= size;
  }
  return range;
}

bool FoldState::foldLimited(const NodeProto &node) {
  auto value = known.find(node.input(0));
  if (value != known.end()) {
    define(node.output(0), Value(value->second));
    return true;
  }
  auto type = elemTypes.find(node.output(0));
  auto shape = shapes.find(node.output(0));
  if (type == elemTypes.end() || shape == shapes.end())
    return false;
  Value least, most;
  most.elemType = type->second;
  most.dims = shape->second;
  int64_t count = checkedElements(most.dims, most.elemType, "a value");
  if (count > maxFoldedElements || !isFoldable(most.elemType))
    throw ImportError("'" + node.output(0) +
                          "' has too many elements, or none that --max-dim can "
                          "be about",
                      node);
  least = most;
  std::vector<Range> all;
  for (int64_t i = 0; i < count; ++i)
    all.push_back(rangeOfElement(node.input(0), size_t(i)));
  const AttributeProto *elements = attribute(node, "elements");
  for (int i = 0; i < elements->ints_size(); ++i) {
    int64_t element = elements->ints(i);
    if (element >= count)
      throw ImportError("'" + node.output(0) + "' has " +
                            std::to_string(count) +
                            " elements (the first one is [0]), none of which "
                            "is [" +
                            std::to_string(element) + "]",
                        node);
    Range &range = all[size_t(element)];
    range.least =
        std::max(range.least, double(attribute(node, "least")->ints(i)));
    range.most = std::min(range.most, double(attribute(node, "most")->ints(i)));
  }
  for (const Range &range : all) {
    if (!std::isfinite(range.most) || !std::isfinite(range.least))
      return false; // said where the value is needed
    if (most.isFloat()) {
      least.floats.push_back(range.least);
      most.floats.push_back(range.most);
    } else {
      least.ints.push_back(int64_t(range.least));
      most.ints.push_back(int64_t(range.most));
    }
  }
  bounds[node.output(0)] = std::move(most);
  lows[node.output(0)] = std::move(least);
  free.insert(node.output(0));
  return false;
}

void FoldState::noteUnlimited(const NodeProto &node) {
  constexpr int64_t mostNamed = 8;
  auto operand = shapeOperand(node);
  if (!operand || *operand >= node.input_size() || !node.domain().empty() ||
      node.output_size() == 0 || shapes.count(node.output(0)))
    return;
  const std::string &name = node.input(*operand);
  auto shape = shapes.find(name);
  if (name.empty() || shape == shapes.end() || known.count(name) ||
      isBound(name))
    return;
  int64_t count = shape->second.empty() ? 1 : shape->second[0];
  std::vector<std::string> &elements = unlimited[node.output(0)];
  for (int64_t i = 0; i < std::min(count, mostNamed); ++i)
    if (!std::isfinite(rangeOfElement(name, size_t(i)).most))
      elements.push_back(name + "[" + std::to_string(i) + "]");
}
