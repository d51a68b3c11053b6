//===- OpenShapes.cpp - Shapes that operands computed at run time decide --===//
//
// Nodes whose operands say where something is cut or added become ops of our
// own domain, whose attribute `bounds` has the largest shape of the result.
//
//===----------------------------------------------------------------------===//

#include "Internal.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <unordered_set>

using namespace dlc::importer;
using onnx::GraphProto;
using onnx::NodeProto;
using onnx::TensorProto;

namespace {

using Dims = std::vector<int64_t>;

/// The dimension that a node's axis number `index` is; nothing where it is none
/// or not known.
std::optional<size_t> axisAt(const NodeProto &node, int operand, size_t index,
                             size_t rank, const ElementsFn &elements) {
  auto axis = static_cast<int64_t>(index);
  if (operand < node.input_size() && !node.input(operand).empty()) {
    auto axes = elements(operand);
    if (!axes || index >= axes->size() || !(*axes)[index].isExact)
      return std::nullopt;
    axis = (*axes)[index].most;
  }
  axis += axis < 0 ? static_cast<int64_t>(rank) : 0;
  if (axis < 0 || axis >= static_cast<int64_t>(rank))
    return std::nullopt;
  return static_cast<size_t>(axis);
}

int64_t ceilDiv(int64_t a, int64_t b) { return a <= 0 ? 0 : (a - 1) / b + 1; }

/// One dimension of a Slice: what is known of its beginning, end and step.
struct Cut {
  std::optional<int64_t> start, end, step;
  /// The largest end that is not counted from the dimension's own.
  std::optional<int64_t> mostEnd;

  bool isExact() const { return start && end && step; }
  /// Between a position from the beginning and one from the end: as long as
  /// can be where they are far apart, which depends on the extent.
  bool isMixed(int64_t dim) const {
    if (!isExact() || *end < -dim)
      return false;
    return *step > 0 ? *start < 0 && *end >= 0 && *end < dim
                     : *start >= 0 && *start < dim - 1 && *end < 0;
  }

  /// The most elements that are taken of `dim` or fewer.
  int64_t bound(int64_t dim) const {
    int64_t most = dim;
    // Magnitudes; what is out of range is cut off by the dimension anyway.
    auto limit = [&](int64_t length) {
      most = std::clamp<int64_t>(length, 0, most);
    };
    bool isForward = step && *step > 0, isBackward = step && *step < 0;
    if (isForward && start && *start < 0)
      limit(*start < -dim ? dim : -*start);
    if (isForward && mostEnd && *mostEnd < dim)
      limit(*mostEnd - (start && *start > 0 ? *start : 0));
    else if (isForward && start && *start > 0)
      limit(dim - std::min(*start, dim));
    if (isForward && end && *end < 0)
      limit(dim + std::max(*end, -dim) -
            (start && *start > 0 ? std::min(*start, dim) : 0));
    if (isBackward && start && *start >= 0)
      limit(std::min(*start, dim - 1) + 1);
    if (isBackward && end && *end < 0 && *end >= -dim)
      limit(-*end - 1);
    constexpr int64_t far = int64_t(1) << 40;
    return step ? ceilDiv(most, std::clamp(std::abs(std::max(*step, -far)),
                                           int64_t(1), far))
                : most;
  }
};

std::optional<int64_t> exact(const std::optional<Elements> &elements,
                             size_t index) {
  if (!elements || index >= elements->size() || !(*elements)[index].isExact)
    return std::nullopt;
  return (*elements)[index].most;
}

void open(NodeProto &node, const char *op, const Dims &bounds) {
  node.set_domain(ownDomain);
  node.set_op_type(op);
  setInts(node, "bounds", bounds);
}

} // namespace

bool dlc::importer::openSlice(NodeProto &node, const Dims &x, bool isOpen,
                              const std::optional<size_t> &count,
                              const ElementsFn &elements) {
  if (!count)
    return false;
  auto starts = elements(1), ends = elements(2), steps = elements(4);
  bool hasSteps = node.input_size() > 4 && !node.input(4).empty();
  Dims bounds = x;
  bool isNeeded = false;
  for (size_t i = 0; i < *count; ++i) {
    auto axis = axisAt(node, 3, i, x.size(), elements);
    if (!axis)
      return false;
    Cut cut{exact(starts, i),
            exact(ends, i),
            hasSteps ? exact(steps, i) : std::optional<int64_t>(1),
            {}};
    if (ends && i < ends->size() &&
        ((*ends)[i].isExact ? (*ends)[i].most >= 0 : (*ends)[i].isNatural))
      cut.mostEnd = (*ends)[i].most;
    if (cut.step && *cut.step == 0)
      return false; // refused later
    isNeeded |= !cut.isExact() || (isOpen && cut.isMixed(x[*axis]));
    bounds[*axis] = cut.bound(x[*axis]);
  }
  if (isNeeded)
    open(node, openSliceOp, bounds);
  return isNeeded;
}

bool dlc::importer::openPad(NodeProto &node, const Dims &x,
                            const ElementsFn &elements) {
  auto pads = elements(1);
  if (!pads || pads->size() % 2)
    return false;
  size_t count = pads->size() / 2;
  Dims bounds = x, computed;
  for (size_t i = 0; i < count; ++i) {
    auto axis = axisAt(node, 3, i, x.size(), elements);
    if (!axis)
      return false;
    int64_t &size = bounds[*axis];
    bool isNothing = true;
    for (size_t side : {i, count + i}) {
      isNothing &= (*pads)[side].isExact && (*pads)[side].most == 0;
      if (__builtin_add_overflow(size, (*pads)[side].most, &size))
        throw ImportError("the padding is too large", node);
    }
    size = std::max<int64_t>(size, 0);
    if (!isNothing)
      computed.push_back(int64_t(i));
  }
  setInts(node, "computed", computed);
  open(node, openPadOp, bounds);
  return true;
}

namespace {

/// The largest sizes with which no dimension is smaller than asked for, and all
/// have the same scale: the flatter the image, the longer they are.
void boundNotSmaller(const NodeProto &node, const Dims &x, const Dims &axes,
                     const ResizeLimits &limits, Dims &bounds) {
  constexpr double mostElements = 1 << 26;
  double common = 0, elements = 1;
  for (int64_t axis : axes) {
    auto d = size_t(axis);
    bool isFixed = d < limits.fixed.size() && limits.fixed[d];
    int64_t least = isFixed ? std::max<int64_t>(x[d], 1) : 1;
    common = std::max(common, double(bounds[d]) / double(least));
  }
  for (int64_t axis : axes) {
    auto d = size_t(axis);
    auto given = limits.bounds.find(axis);
    double size = std::floor(double(x[d]) * common + 0.5);
    bounds[d] = given != limits.bounds.end()
                    ? given->second
                    : int64_t(std::min(size, 2147483647.0));
  }
  for (int64_t size : bounds)
    elements *= double(size);
  if (elements <= mostElements)
    return;
  std::string flags;
  for (int64_t axis : axes)
    if (!limits.bounds.count(axis))
      flags += (flags.empty() ? "" : " ") + limits.option(size_t(axis));
  if (!flags.empty())
    throw ImportError("the result that is not smaller than the sizes "
                      "(keep_aspect_ratio_policy) can get as large as " +
                          shapeString(bounds) + "; add " + flags +
                          " (with a number for each N)",
                      node);
}

} // namespace

bool dlc::importer::openResize(NodeProto &node, const Dims &x,
                               const ElementsFn &elements,
                               const ResizeLimits &limits) {
  auto sizes = limits.scales ? std::nullopt : elements(3);
  const onnx::AttributeProto *given = attribute(node, "axes");
  size_t count = given ? size_t(given->ints_size()) : x.size();
  if (limits.scales ? limits.scales->size() != count
                    : !sizes || sizes->size() != count)
    return false;
  const onnx::AttributeProto *policy =
      attribute(node, "keep_aspect_ratio_policy");
  bool isNotSmaller = sizes && policy && policy->s() == "not_smaller";
  Dims bounds = x, resized, numbers, axes;
  std::vector<float> scales;
  for (size_t i = 0; i < count; ++i) {
    auto rank = static_cast<int64_t>(x.size());
    int64_t axis = given ? given->ints(int(i)) : int64_t(i);
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank)
      return false; // refused later
    axes.push_back(axis);
    bool isExact = false;
    if (sizes) {
      bounds[size_t(axis)] = (*sizes)[i].most;
      isExact = (*sizes)[i].isExact;
    } else {
      // As a run computes it.
      auto scale = static_cast<float>((*limits.scales)[i].first);
      float length = static_cast<float>(x[size_t(axis)]) * scale;
      if (!(scale > 0) || !(length < 2147483648.0F))
        return false;
      bounds[size_t(axis)] = static_cast<int64_t>(std::floor(length));
      isExact = (*limits.scales)[i].second;
      scales.push_back(scale);
    }
    if (isExact && !isNotSmaller)
      continue;
    resized.push_back(axis);
    numbers.push_back(int64_t(i));
  }
  if (isNotSmaller)
    boundNotSmaller(node, x, axes, limits, bounds);
  if (limits.scales) {
    setInt(node, "scaled", 1);
    onnx::AttributeProto &attr = *node.add_attribute();
    attr.set_name("scales");
    attr.set_type(onnx::AttributeProto::FLOATS);
    for (float scale : scales)
      attr.add_floats(scale);
  }
  setInts(node, "resized", resized);
  setInts(node, "elements", numbers);
  open(node, openResizeOp, bounds);
  return true;
}

namespace {

/// Whether operands of an op broadcast as numpy's do, all their dimensions.
bool isBroadcast(const std::string &op) {
  static const std::unordered_set<std::string> ops = {
      "Add",   "And",     "BitwiseAnd", "BitwiseOr",   "BitwiseXor",    "Div",
      "Equal", "Greater", "Less",       "Max",         "Mean",          "Min",
      "Mod",   "Mul",     "Or",         "Pow",         "PRelu",         "Sub",
      "Sum",   "Where",   "Xor",        "LessOrEqual", "GreaterOrEqual"};
  return ops.count(op);
}

/// Dimensions of a node's operands that have to have the same size (or 1), each
/// group as pairs of an operand and its dimension.
std::vector<std::vector<std::pair<int, size_t>>>
sharedDims(const NodeProto &node, const std::vector<const Dims *> &shapes) {
  std::vector<std::vector<std::pair<int, size_t>>> groups;
  size_t rank = 0;
  for (const Dims *shape : shapes)
    rank = std::max(rank, shape->size());
  const std::string &op = node.op_type();
  bool isProduct = op == "MatMul", isConcat = op == "Concat";
  if (!isProduct && !isConcat && !isBroadcast(op))
    return {};
  int64_t axis = isConcat ? intAttr(node, "axis", 0) : int64_t(rank);
  axis += axis < 0 ? int64_t(rank) : 0;
  size_t last = isProduct ? std::min<size_t>(rank, 2) : 0;
  for (size_t d = 0; d + last < rank; ++d) {
    groups.emplace_back();
    for (size_t i = 0; i < shapes.size() && int64_t(d) != axis; ++i)
      if (d + shapes[i]->size() >= rank)
        groups.back().push_back({int(i), d + shapes[i]->size() - rank});
  }
  if (isProduct && shapes.size() == 2) {
    size_t left = shapes[0]->size(), right = shapes[1]->size();
    if (left && right)
      groups.push_back({{0, left - 1}, {1, right == 1 ? 0 : right - 2}});
  }
  return groups;
}

} // namespace

std::map<int, std::map<size_t, int64_t>>
dlc::importer::unevenBounds(const NodeProto &node,
                            const std::vector<const Dims *> &shapes,
                            const std::vector<bool> &areOpen) {
  std::map<int, std::map<size_t, int64_t>> cuts;
  for (const auto &group : sharedDims(node, shapes)) {
    auto sizeOf = [&](const std::pair<int, size_t> &place) {
      return (*shapes[size_t(place.first)])[place.second];
    };
    int64_t least = INT64_MAX;
    for (const auto &place : group)
      if (sizeOf(place) > 1)
        least = std::min(least, sizeOf(place));
    for (const auto &place : group)
      if (sizeOf(place) > least && areOpen[size_t(place.first)])
        cuts[place.first][place.second] = least;
  }
  return cuts;
}

bool dlc::importer::openComputed(Model &model) {
  GraphProto &graph = *model.proto.mutable_graph();
  std::unordered_map<std::string, Dims> shapes;
  for (const auto *infos :
       {&graph.input(), &graph.value_info(), &graph.output()})
    for (const auto &info : *infos)
      if (auto shape = wholeShape(info.type()))
        shapes[info.name()] = std::move(*shape);
  for (const TensorProto &tensor : graph.initializer())
    shapes[tensor.name()] = {tensor.dims().begin(), tensor.dims().end()};
  bool changed = false;
  for (NodeProto &node : *graph.mutable_node()) {
    auto x = node.input_size() > 2 ? shapes.find(node.input(0)) : shapes.end();
    if (!node.domain().empty() || node.op_type() != "Slice" ||
        x == shapes.end() || shapes.count(node.output(0)))
      continue;
    auto starts = shapes.find(node.input(1));
    if (starts == shapes.end() || starts->second.size() != 1)
      continue;
    changed |=
        openSlice(node, x->second, /*isOpen=*/true, size_t(starts->second[0]),
                  [&](int operand) -> std::optional<Elements> {
                    auto ints = operand < node.input_size()
                                    ? knownInts(graph, node.input(operand))
                                    : std::nullopt;
                    if (!ints)
                      return std::nullopt;
                    Elements result;
                    for (int64_t value : *ints)
                      result.push_back({value, true});
                    return result;
                  });
  }
  return changed;
}
