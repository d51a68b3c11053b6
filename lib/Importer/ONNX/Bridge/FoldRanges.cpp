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
