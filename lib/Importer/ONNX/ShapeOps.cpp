//===- ShapeOps.cpp - Reshaping, joining, cutting, padding ----------------===//

#include "Arithmetic.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// A Squeeze's operand, of which dimensions are known to have one element.
Value squeezed(NodeEmitter &e) {
  Value x = e.in(0), one = e.ints({1}, {});
  int64_t rank = shapeOf(x).size();
  auto axes = e.constInts(1);
  for (int64_t d = 0; d < rank; ++d) {
    bool isGone = !axes || llvm::is_contained(*axes, d) ||
                  llvm::is_contained(*axes, d - rank);
    if (shapeOf(x)[d] != 1 || !isGone)
      continue;
    e.check(e.describe("dimension " + Twine(d)), e.make<nn::ExtentOp>(x, d),
            one);
    x = e.make<nn::BoundedOp>(x, one, d);
  }
  return x;
}

/// How many dimensions of its operand each one of the result holds.
Dims groupsOf(NodeEmitter &e, int64_t from, int64_t to) {
  if (e.node.op_type() == "Flatten") {
    int64_t axis = e.intAttr("axis", 1);
    axis += axis < 0 ? from : 0;
    return {axis, from - axis};
  }
  Dims groups;
  auto axes = e.constInts(1);
  auto isListed = [&](int64_t d, int64_t rank) {
    return axes && (llvm::is_contained(*axes, d) ||
                    llvm::is_contained(*axes, d - rank));
  };
  if (e.node.op_type() == "Unsqueeze") {
    for (int64_t d = 0; d < to; ++d)
      groups.push_back(!isListed(d, to));
    return groups;
  }
  // What a Squeeze drops has one element, and may be part of any dimension.
  int64_t dropped = 0;
  for (int64_t d = 0; d < from; ++d) {
    if (axes ? isListed(d, from) : shapeOf(e.in(0))[d] == 1) {
      ++(groups.empty() ? dropped : groups.back());
      continue;
    }
    groups.push_back(1 + dropped);
    dropped = 0;
  }
  return groups;
}

/// Shape inference did the work.
LogicalResult reshape(NodeEmitter &e) {
  return e.set(0, e.reshape(e.in(0), e.outType(0).getShape()));
}

/// Flatten, Squeeze, Unsqueeze.
LogicalResult regroup(NodeEmitter &e) {
  if (!e.isOpen(0))
    return reshape(e);
  Value x = e.node.op_type() == "Squeeze" ? squeezed(e) : e.in(0);
  ArrayRef<int64_t> shape = e.outType(0).getShape();
  if (!llvm::is_contained(shapeOf(x), 1) || shape.empty() ||
      shapeOf(x) == shape)
    return e.set(0, e.reshape(x, shape));
  auto result = nn::ReshapeOp::create(e.builder, e.loc, x, shape);
  result->setAttr(nn::kGroupsAttrName,
                  e.builder.getDenseI64ArrayAttr(
                      groupsOf(e, shapeOf(x).size(), shape.size())));
  return e.set(0, result.getResult());
}

/// A Reshape of what has extents, or (dlc.OpenReshape) by numbers that are
/// computed: what the sizes say of where its elements lie need not hold for
/// other extents.
class OpenReshape {
public:
  explicit OpenReshape(NodeEmitter &e)
      : m(e), e(e), x(e.in(0)), dims(e.outType(0).getShape()) {}

  LogicalResult emit() {
    if (product(dims) == 0)
      return e.set(0, e.splat(e.outType(0), 0));
    SmallVector<Value> sizes = readSizes();
    bool isFree = e.intAttr("free", 0);
    for (auto [size, most] : llvm::zip_equal(sizes, dims))
      if (isFree && size) // programs look at such inputs before they run
        size = m.clamp(size, 0, double(most));
    spread();
    Value result = e.make<nn::ReshapeOp>(x, dims);
    Operation *op = result.getDefiningOp();
    Dims resized;
    for (auto [d, size] : llvm::enumerate(sizes)) {
      if (!size) // the rest
        continue;
      resized.push_back(int64_t(d));
      result = e.make<nn::BoundedOp>(result, size, d);
    }
    op->setAttr(nn::kResizedAttrName, e.builder.getDenseI64ArrayAttr(resized));
    if (isFree)
      op->setAttr(
          nn::kAskedAttrName,
          e.builder.getStringAttr("the number of elements of the shape that " +
                                  e.graph.describeOrigin(e.node.input(1)) +
                                  " gives '" + e.node.output(0) + "'"));
    return e.set(0, result);
  }

private:
  /// The numbers asked for (scalars of i64); null for the rest.
  SmallVector<Value> readSizes() {
    auto known = e.constInts(1);
    const auto *roles = e.attr("roles");
    Value shape;
    if (!known)
      shape = e.reshape(e.cast(e.in(1), e.builder.getI64Type()),
                        {int64_t(dims.size())});
    SmallVector<Value> sizes;
    bool isOpen = false;
    for (int64_t d = 0, rank = dims.size(); d < rank; ++d) {
      int64_t number = known ? (*known)[d] : roles->ints(int(d));
      if (number == 0 && e.intAttr("allowzero", 0))
        number = known ? 1 : sizeRole;
      isOpen |= !known && number == openRole;
      if (number < 0 && (known || number == restRole))
        sizes.push_back(nullptr);
      else if (!known && number == fixedRole)
        sizes.push_back(e.ints({dims[d]}, {}));
      else if (number == 0)
        sizes.push_back(e.make<nn::ExtentOp>(x, d));
      else
        sizes.push_back(known ? e.ints({number}, {})
                              : e.reshape(e.slice(shape, {d}, {1}), {}));
    }
    return isOpen ? resolved(sizes) : sizes;
  }

  /// Where only a run tells which numbers stand for the operand's size, and
  /// which one for the rest.
  SmallVector<Value> resolved(SmallVector<Value> sizes) {
    Value one = e.ints({1}, {}), all = one, others = one;
    int64_t rank = shapeOf(x).size();
    for (int64_t d = 0; d < rank; ++d)
      all = m.mul(all, e.make<nn::ExtentOp>(x, d));
    for (auto [d, size] : llvm::enumerate(sizes)) {
      if (!size)
        size = e.ints({-1}, {});
      if (!e.intAttr("allowzero", 0) && int64_t(d) < rank)
        size = m.select(m.compare(Predicate::EQ, size, 0),
                        e.make<nn::ExtentOp>(x, d), size);
      Value isRest = m.compare(Predicate::LT, size, 0);
      others = m.mul(others, m.select(isRest, one, size));
    }
    Value left = m.div(all, m.max(others, 1));
    for (Value &size : sizes)
      size = m.select(m.compare(Predicate::LT, size, 0), left, size);
    return sizes;
  }

  /// Makes as many elements of the operand as the largest sizes would need.
  void spread() {
    int64_t from = product(shapeOf(x)), to = product(dims);
    if (from == to)
      return;
    Value all = e.ints({1}, {});
    for (int64_t d = 0, rank = shapeOf(x).size(); d < rank; ++d)
      all = m.mul(all, e.make<nn::ExtentOp>(x, d));
    x = e.make<nn::GatherOp>(e.reshape(x, {from}),
                             m.min(e.iota(to, 1, 0, 1), double(from - 1)),
                             int64_t(0));
    x = e.make<nn::BoundedOp>(x, all, int64_t(0));
  }

  using Predicate = nn::ComparePredicate;
  Arithmetic m;
  NodeEmitter &e;
  Value x;
  Dims dims;
};

LogicalResult openReshape(NodeEmitter &e) { return OpenReshape(e).emit(); }

LogicalResult givenReshape(NodeEmitter &e) {
  bool isOpen = e.isOpen(0) && e.isConstant(1) && !e.attr(boundsAttr);
  return isOpen ? openReshape(e) : reshape(e);
}

LogicalResult transpose(NodeEmitter &e) {
  Value x = e.in(0);
  int64_t rank = shapeOf(x).size();
  Dims perm = e.intsAttr("perm", rank, 0);
  if (e.failed)
    return failure();
  if (!e.attr("perm"))
    for (int64_t i = 0; i < rank; ++i)
      perm[i] = rank - 1 - i;
  return e.set(0, e.transpose(x, perm));
}

LogicalResult concat(NodeEmitter &e) {
  e.aligned = nn::kAlignedEqual;
  SmallVector<Value> parts;
  for (int i = 0; i < e.numInputs(); ++i)
    parts.push_back(e.in(i));
  int64_t axis = e.intAttr("axis", 0);
  if (parts.empty())
    return e.error("there is nothing to join");
  if (failed(e.axis(axis, shapeOf(parts[0]).size(), "axis")))
    return failure();
  return e.set(0, e.concat(parts, axis));
}

LogicalResult split(NodeEmitter &e) {
  Value x = e.in(0);
  int64_t rank = shapeOf(x).size(), axis = e.intAttr("axis", 0);
  if (failed(e.axis(axis, rank, "axis")))
    return failure();
  Dims starts(rank, 0);
  // Parts of one size each depend on that of the whole.
  e.fitted = !e.has(1);
  bool isGiven = e.has(1) && e.isOpen(0);
  for (int i = 0; i < e.numOutputs(); ++i) {
    if (e.node.output(i).empty())
      return e.error("a part has no name, which is not supported");
    Dims sizes(e.outType(i).getShape());
    if (sizes.size() != size_t(rank))
      return e.error("the parts have another rank than the whole");
    Value part = e.slice(x, starts, sizes);
    if (auto op = part.getDefiningOp<nn::SliceOp>(); op && !e.has(1))
      op->setAttr(nn::kPartAttrName,
                  e.builder.getDenseI64ArrayAttr({axis, i, e.numOutputs()}));
    if (isGiven)
      part = e.make<nn::BoundedOp>(part, e.ints({sizes[axis]}, {}), axis);
    (void)e.set(i, part);
    starts[axis] += sizes[axis];
  }
  if (isGiven)
    e.check(e.describe("the sum of the sizes"), e.ints({starts[axis]}, {}),
            e.make<nn::ExtentOp>(x, axis));
  return success();
}

/// A slice whose positions, or the end that they count from, may be known at
/// run time only.
class OpenSlice {
public:
  OpenSlice(NodeEmitter &e, Value x) : m(e), e(e), x(x) {}

  /// Cuts a dimension to one of size `size`, of which as much counts as there
  /// is from `start` to `end` (scalars of i64). `step` may be known.
  void cut(int64_t axis, Value start, Value end, Value step,
           std::optional<int64_t> known, int64_t size) {
    int64_t dim = shapeOf(x)[axis];
    if (size == 0 || dim == 0) {
      isNothing |= size == 0;
      return;
    }
    Value extent = e.make<nn::ExtentOp>(x, axis);
    step = m.clamp(step, -far, far);
    Value first, length;
    for (bool isForward : {true, false}) {
      if (known && (*known > 0) != isForward)
        continue;
      Value begin = place(start, extent, isForward, isForward ? 0 : -1, 0);
      Value last =
          place(end, extent, isForward, isForward ? 0 : -1, isForward ? 0 : -1);
      Value span = isForward ? m.sub(last, begin) : m.sub(begin, last);
      if (!first) {
        first = begin;
        length = span;
        continue;
      }
      Value goesForward = m.compare(nn::ComparePredicate::GT, step, 0);
      first = m.select(goesForward, first, begin);
      length = m.select(goesForward, length, span);
    }
    Value stride = m.max(m.abs(step), 1);
    Value count = m.div(m.sub(m.add(length, stride), 1), stride);
    Value at = m.add(m.mul(e.iota(size, 1, 0, 1), step), first);
    x = e.make<nn::GatherOp>(x, m.clamp(at, 0, double(dim - 1)), axis);
    x = e.make<nn::BoundedOp>(x, m.clamp(count, 0, double(size)), axis);
  }

  /// Defines the result.
  LogicalResult finish() {
    return e.set(0, isNothing ? e.splat(e.outType(0), 0) : x);
  }

private:
  static constexpr auto far = double(int64_t(1) << 40); // exact

  /// A position as ONNX clamps it: from `least` to the extent, plus `more`.
  Value place(Value at, Value extent, bool isForward, int64_t more,
              int64_t least) {
    Value isNegative = m.compare(nn::ComparePredicate::LT, at, 0);
    Value from = m.select(isNegative, m.add(at, extent), at);
    Value most = isForward ? extent : m.add(extent, double(more));
    return m.min(m.max(from, double(least)), most);
  }

  Arithmetic m;
  NodeEmitter &e;
  Value x;
  bool isNothing = false;
};

/// Slice, and dlc.OpenSlice, whose positions may be computed.
LogicalResult openSlice(NodeEmitter &e) {
  OpenSlice open(e, e.in(0));
  ArrayRef<int64_t> out = e.outType(0).getShape();
  auto axes = e.constInts(3), steps = e.constInts(4);
  int64_t count = product(shapeOf(e.in(1)));
  if ((axes && int64_t(axes->size()) != count) ||
      (steps && int64_t(steps->size()) != count) ||
      product(shapeOf(e.in(2))) != count)
    return e.error("starts, ends, axes and steps differ in length");
  auto element = [&](int operand, int64_t i) {
    Value all = e.cast(e.in(operand), e.builder.getI64Type());
    return e.reshape(e.slice(e.reshape(all, {count}), {i}, {1}), {});
  };
  for (int64_t i = 0; i < count; ++i) {
    int64_t axis = axes ? (*axes)[i] : i;
    if (failed(e.axis(axis, out.size(), "axis")))
      return failure();
    bool hasSteps = e.has(4);
    std::optional<int64_t> known = steps      ? std::optional((*steps)[i])
                                   : hasSteps ? std::nullopt
                                              : std::optional<int64_t>(1);
    open.cut(axis, element(1, i), element(2, i),
             hasSteps ? element(4, i) : e.ints({1}, {}), known, out[axis]);
  }
  return open.finish();
}

LogicalResult slice(NodeEmitter &e) {
  Value x = e.in(0);
  ArrayRef<int64_t> shape = shapeOf(x), out = e.outType(0).getShape();
  int64_t rank = shape.size();
  auto starts = e.constInts(1), axes = e.constInts(3), steps = e.constInts(4);
  if (!starts || (e.has(3) && !axes) || (e.has(4) && !steps))
    return e.error("starts, axes and steps are not known at compile time");
  if ((axes && axes->size() != starts->size()) ||
      (steps && steps->size() != starts->size()))
    return e.error("starts, axes and steps differ in length");
  Dims begin(rank, 0), stride(rank, 1);
  auto ends = e.constInts(2);
  bool fromEnd = false;
  for (size_t i = 0; i < starts->size(); ++i)
    fromEnd |= (*starts)[i] < 0 || (steps && (*steps)[i] < 0) ||
               (ends && i < ends->size() && (*ends)[i] < 0);
  if (fromEnd && e.isOpen(0))
    return openSlice(e);
  for (size_t i = 0; i < starts->size(); ++i) {
    int64_t axis = axes ? (*axes)[i] : int64_t(i);
    if (failed(e.axis(axis, rank, "axis")))
      return failure();
    int64_t step = steps ? (*steps)[i] : 1, start = (*starts)[i];
    int64_t dim = shape[axis];
    if (step == 0)
      return e.error("a step is 0");
    if (start < 0)
      start = start < -dim ? 0 : start + dim;
    // one element: the step means nothing, but may be huge
    begin[axis] =
        out[axis] == 0 ? 0 : std::min(start, step > 0 ? dim : dim - 1);
    stride[axis] = out[axis] <= 1 ? 1 : step;
  }
  if (out == shape && llvm::all_of(stride, [](int64_t s) { return s == 1; }))
    return e.set(0, x);
  return e.set(0, e.make<nn::SliceOp>(x, ArrayRef<int64_t>(begin), out,
                                      ArrayRef<int64_t>(stride)));
}

/// Expand where extents, or the shape (dlc.OpenExpand), are known at run time
/// only.
LogicalResult openExpand(NodeEmitter &e) {
  Arithmetic m(e);
  Value x = e.in(0), shape = e.cast(e.in(1), e.builder.getI64Type());
  Dims dims(e.outType(0).getShape());
  int64_t rank = dims.size(), given = product(shapeOf(shape));
  Dims own(rank - shapeOf(x).size(), 1);
  own.append(shapeOf(x).begin(), shapeOf(x).end());
  x = e.reshape(x, own);
  auto known = e.constInts(1);
  auto is = [&](Value extent, double number) {
    return m.compare(nn::ComparePredicate::EQ, extent, number);
  };
  SmallVector<Value> extents(rank);
  for (int64_t d = rank - given; d < rank; ++d) {
    int64_t at = d - (rank - given);
    Value asked = known ? e.ints({(*known)[at]}, {})
                        : e.reshape(e.slice(shape, {at}, {1}), {});
    extents[d] = asked;
    if (own[d] == 1)
      continue;
    Value here = e.make<nn::ExtentOp>(x, d), isOne = is(here, 1);
    extents[d] = m.select(is(asked, 1), here, asked);
    e.check(e.describe("dimension " + Twine(d) +
                       " of the operand (not 1, which would be expanded)"),
            m.select(isOne, extents[d], here), extents[d]);
    if (!e.isOpen(0))
      continue;
    Dims first(shapeOf(x));
    first[d] = 1;
    x = m.select(isOne, e.slice(x, Dims(rank, 0), first), x);
  }
  x = e.broadcast(x, dims);
  for (int64_t d = rank - given; d < rank; ++d) {
    Value extent = m.clamp(extents[d], 0, double(dims[d]));
    e.check(
        e.describe("element " + Twine(d - (rank - given)) + " of the shape"),
        extents[d], extent);
    x = e.make<nn::BoundedOp>(x, extent, d);
  }
  return e.set(0, x);
}

LogicalResult expand(NodeEmitter &e) {
  if (e.isOpen(0) && e.isConstant(1))
    return openExpand(e);
  return e.set(0, e.broadcast(e.in(0), e.outType(0).getShape()));
}

/// Pads that are computed: where each element of the result comes from is, too.
class OpenPad {
public:
  OpenPad(NodeEmitter &e, nn::PadMode mode, Value value)
      : m(e), e(e), mode(mode), value(value) {}

  /// `lo` and `hi` are scalars of i64.
  Value pad(Value x, int64_t axis, Value lo, Value hi, int64_t size) {
    int64_t dim = shapeOf(x)[axis];
    Value extent = e.make<nn::ExtentOp>(x, axis);
    Value at = m.sub(e.iota(size, 1, 0, 1), lo);
    Value count = m.add(m.add(extent, lo), hi);
    Value padded = e.make<nn::GatherOp>(
        x,
        m.clamp(source(at, extent), 0, double(std::max<int64_t>(dim - 1, 0))),
        axis);
    if (mode == nn::PadMode::Constant) {
      Value isInside = m.both(m.compare(nn::ComparePredicate::GE, at, 0),
                              m.compare(nn::ComparePredicate::LT, at, extent));
      Dims shape(shapeOf(x).size(), 1);
      shape[axis] = size;
      padded = m.select(e.reshape(isInside, shape), padded, value);
    }
    return e.make<nn::BoundedOp>(padded, m.clamp(count, 0, double(size)), axis);
  }

private:
  Value source(Value at, Value extent) {
    Value last = m.sub(extent, 1);
    switch (mode) {
    case nn::PadMode::Constant:
      return at;
    case nn::PadMode::Edge:
      return m.min(m.max(at, 0), last);
    case nn::PadMode::Wrap:
      return e.make<nn::ModOp>(at, m.max(extent, 1), false);
    case nn::PadMode::Reflect: {
      Value period = m.max(m.mul(last, 2), 1);
      Value there = e.make<nn::ModOp>(at, period, false);
      return m.min(there, m.sub(period, there));
    }
    }
    llvm_unreachable("all modes are listed");
  }

  Arithmetic m;
  NodeEmitter &e;
  nn::PadMode mode;
  Value value;
};

FailureOr<nn::PadMode> padMode(NodeEmitter &e) {
  std::string name = e.stringAttr("mode", "constant");
  std::optional<nn::PadMode> mode = nn::symbolizePadMode(name);
  if (!mode)
    return e.error("the mode '" + name + "' is not supported");
  return *mode;
}

/// Pad, and dlc.OpenPad, whose pads may be computed.
LogicalResult openPad(NodeEmitter &e) {
  FailureOr<nn::PadMode> mode = padMode(e);
  if (failed(mode))
    return failure();
  Value x = e.in(0), value = e.has(2) ? e.reshape(e.in(2), {}) : e.scalar(0, x);
  ArrayRef<int64_t> out = e.outType(0).getShape();
  Value pads = e.cast(e.in(1), e.builder.getI64Type());
  auto known = e.constInts(1), axes = e.constInts(3);
  int64_t count = product(shapeOf(pads)) / 2;
  const auto *computed = e.attr("computed");
  OpenPad open(e, *mode, value);
  for (int64_t i = 0; i < count; ++i) {
    int64_t axis = axes ? (*axes)[i] : i;
    if (failed(e.axis(axis, out.size(), "axis")))
      return failure();
    auto element = [&](int64_t at) {
      return e.reshape(e.slice(pads, {at}, {1}), {});
    };
    bool isNothing =
        computed ? !llvm::is_contained(computed->ints(), i)
                 : known && (*known)[i] == 0 && (*known)[count + i] == 0;
    if (isNothing)
      continue;
    if (shapeOf(x)[axis] == 0)
      return e.error("a dimension without elements is padded");
    x = open.pad(x, axis, element(i), element(count + i), out[axis]);
  }
  return e.set(0, product(out) ? x : e.splat(e.outType(0), 0));
}

/// Reshape to 1 × d pairs, broadcast, reshape back.
LogicalResult tile(NodeEmitter &e) {
  Value x = e.in(0);
  ArrayRef<int64_t> shape = shapeOf(x), out = e.outType(0).getShape();
  auto repeats = e.constInts(1);
  if (!repeats || repeats->size() != shape.size())
    return e.error("the repeats are not known at compile time");
  Dims pairs, repeated;
  for (auto [dim, count] : llvm::zip(shape, *repeats)) {
    if (count != 1) {
      pairs.push_back(1);
      repeated.push_back(count);
    }
    pairs.push_back(dim);
    repeated.push_back(dim);
  }
  return e.set(0, e.reshape(e.broadcast(e.reshape(x, pairs), repeated), out));
}

LogicalResult pad(NodeEmitter &e) {
  Value x = e.in(0);
  ArrayRef<int64_t> shape = shapeOf(x);
  int64_t rank = shape.size();
  auto pads = e.constInts(1), axes = e.constInts(3);
  if (!pads || (e.has(3) && !axes))
    return e.error("the padding is not known at compile time");
  size_t count = axes ? axes->size() : rank;
  if (pads->size() != 2 * count)
    return e.error("there are " + Twine(pads->size()) + " pads instead of " +
                   Twine(2 * count));
  FailureOr<nn::PadMode> mode = padMode(e);
  if (failed(mode))
    return failure();
  Dims lo(rank, 0), hi(rank, 0);
  for (size_t i = 0; i < count; ++i) {
    int64_t axis = axes ? (*axes)[i] : int64_t(i);
    if (failed(e.axis(axis, rank, "axis")))
      return failure();
    lo[axis] = (*pads)[i];
    hi[axis] = (*pads)[count + i];
  }
  if (*mode != nn::PadMode::Constant && e.isOpen(0))
    return openPad(e);
  // negative pads cut off
  Dims starts(rank, 0), sizes(shape);
  bool cuts = false, grows = false;
  for (int64_t d = 0; d < rank; ++d) {
    for (int64_t *side : {&lo[d], &hi[d]}) {
      grows |= *side > 0;
      if (*side >= 0)
        continue;
      cuts = true;
      sizes[d] += *side;
      if (side == &lo[d])
        starts[d] = -*side;
      *side = 0;
    }
    if (sizes[d] < 0)
      return e.error("negative padding removes more than there is");
  }
  if (cuts) { // before anything is repeated: the rest is what there is
    x = e.slice(x, starts, sizes);
    e.fitted = true;
  }
  if (!grows)
    return e.set(0, x);
  Value value;
  if (*mode == nn::PadMode::Constant)
    value = e.has(2) ? e.reshape(e.in(2), {}) : e.scalar(0, x);
  return e.set(0, e.make<nn::PadOp>(*mode, x, value, ArrayRef<int64_t>(lo),
                                    ArrayRef<int64_t>(hi)));
}

LogicalResult constantOfShape(NodeEmitter &e) {
  RankedTensorType type = e.outType(0);
  const auto *value = e.attr("value");
  if (!value)
    return e.set(0, e.splat(type, 0));
  int64_t elements = 1;
  for (int64_t dim : value->t().dims())
    elements *= dim;
  if (elements != 1 ||
      elementOf(e.splat(type, 0)) != e.elementType(value->t().data_type()))
    return e.error("the attribute 'value' is not one element");
  auto one = cast<DenseElementsAttr>(e.constant(
      value->t(), RankedTensorType::get({1}, type.getElementType())));
  return e.set(0,
               e.make<nn::ConstantOp>(cast<ElementsAttr>(DenseElementsAttr::get(
                   type, *one.getValues<Attribute>().begin()))));
}

LogicalResult eyeLike(NodeEmitter &e) {
  RankedTensorType type = e.outType(0);
  Value rows = e.positionsAlong(0, 0, 2), columns = e.positionsAlong(0, 1, 2);
  Value shifted =
      e.make<nn::AddOp>(rows, e.scalar(double(e.intAttr("k", 0)), rows));
  Value hit = e.make<nn::CompareOp>(nn::ComparePredicate::EQ, shifted, columns);
  return e.set(0, e.cast(hit, type.getElementType()));
}

LogicalResult trilu(NodeEmitter &e) {
  Value x = e.in(0);
  int64_t rank = shapeOf(x).size();
  if (rank < 2)
    return e.error("the input must have at least two dimensions");
  Value rows = e.iota(shapeOf(x)[rank - 2], 1, 0, 2);
  Value columns = e.iota(shapeOf(x)[rank - 1], 1, 1, 2);
  if (e.has(1))
    rows = e.make<nn::AddOp>(rows, e.reshape(e.in(1), {}));
  Value kept =
      e.make<nn::CompareOp>(e.intAttr("upper", 1) ? nn::ComparePredicate::GE
                                                  : nn::ComparePredicate::LE,
                            columns, rows);
  return e.set(0, e.make<nn::SelectOp>(kept, x, e.scalar(0, x)));
}

LogicalResult depthToSpace(NodeEmitter &e) {
  Value x = e.in(0);
  ArrayRef<int64_t> s = shapeOf(x);
  int64_t b = e.intAttr("blocksize", 0);
  if (s.size() != 4 || b <= 0 || b > 65536 || s[1] % (b * b))
    return e.error("the block size does not fit the input");
  if (b == 1) // of a bound of 1 reshapes would not tell where it is
    return e.set(0, x);
  int64_t c = s[1] / (b * b);
  bool depthFirst = e.stringAttr("mode", "DCR") == "DCR";
  Value parts = depthFirst ? e.reshape(x, {s[0], b, b, c, s[2], s[3]})
                           : e.reshape(x, {s[0], c, b, b, s[2], s[3]});
  Value turned = depthFirst ? e.transpose(parts, {0, 3, 4, 1, 5, 2})
                            : e.transpose(parts, {0, 1, 4, 2, 5, 3});
  return e.set(0, e.reshape(turned, {s[0], c, s[2] * b, s[3] * b}));
}

/// The same of what has extents, which a reshape can not divide: each place in
/// a block is every b-th element.
LogicalResult openSpaceToDepth(NodeEmitter &e, int64_t b) {
  Value x = e.in(0);
  ArrayRef<int64_t> s = shapeOf(x);
  Dims sizes{s[0], s[1], s[2] / b, s[3] / b}, steps{1, 1, b, b};
  SmallVector<Value> parts;
  for (int64_t i = 0; i < b * b; ++i) {
    Dims starts{0, 0, i / b, i % b};
    parts.push_back(e.make<nn::SliceOp>(x, ArrayRef<int64_t>(starts),
                                        ArrayRef<int64_t>(sizes),
                                        ArrayRef<int64_t>(steps)));
  }
  e.aligned = nn::kAlignedEqual;
  Value joined = e.concat(parts, 1);
  if (e.stringAttr("mode", "DCR") == "DCR")
    return e.set(0, joined);
  Dims order; // channel first, then place
  for (int64_t c = 0; c < s[1]; ++c)
    for (int64_t i = 0; i < b * b; ++i)
      order.push_back(i * s[1] + c);
  int64_t count = order.size();
  return e.set(
      0, e.make<nn::GatherOp>(joined, e.ints(order, {count}), int64_t(1)));
}

LogicalResult spaceToDepth(NodeEmitter &e) {
  Value x = e.in(0);
  ArrayRef<int64_t> s = shapeOf(x);
  int64_t b = e.intAttr("blocksize", 0);
  if (s.size() != 4 || b <= 0 || b > 65536 || s[2] % b || s[3] % b)
    return e.error("the block size does not fit the input");
  if (b == 1)
    return e.set(0, x);
  if (e.isOpen(0) && b <= 16)
    return openSpaceToDepth(e, b);
  bool depthFirst = e.stringAttr("mode", "DCR") == "DCR";
  Value parts = e.reshape(x, {s[0], s[1], s[2] / b, b, s[3] / b, b});
  Value turned = depthFirst ? e.transpose(parts, {0, 3, 5, 1, 2, 4})
                            : e.transpose(parts, {0, 1, 3, 5, 2, 4});
  return e.set(0, e.reshape(turned, {s[0], s[1] * b * b, s[2] / b, s[3] / b}));
}

LogicalResult oneHot(NodeEmitter &e) {
  Value indices = e.cast(e.in(0), e.builder.getI64Type());
  RankedTensorType type = e.outType(0);
  int64_t rank = type.getRank(), axis = e.intAttr("axis", -1);
  if (failed(e.axis(axis, rank, "axis")))
    return failure();
  int64_t depth = type.getShape()[axis];
  Value negative = e.make<nn::CompareOp>(nn::ComparePredicate::LT, indices,
                                         e.scalar(0, indices));
  Value wrapped = e.make<nn::AddOp>(indices, e.scalar(double(depth), indices));
  indices = e.make<nn::SelectOp>(negative, wrapped, indices);
  Dims shape(shapeOf(indices));
  shape.insert(shape.begin() + axis, 1);
  Value hit =
      e.make<nn::CompareOp>(nn::ComparePredicate::EQ, e.reshape(indices, shape),
                            e.iota(depth, 1, axis, rank));
  Value values = e.in(2);
  if (shapeOf(values) != ArrayRef<int64_t>{2})
    return e.error("the values must be two");
  Value off = e.reshape(e.slice(values, {0}, {1}), {});
  Value on = e.reshape(e.slice(values, {1}, {1}), {});
  return e.set(0, e.make<nn::SelectOp>(hit, on, off));
}

} // namespace

void dlc::importer::addShapeOps(EmitterTable &table) {
  table["Reshape"] = givenReshape;
  table["dlc.OpenReshape"] = openReshape;
  table["Flatten"] = regroup;
  table["Squeeze"] = regroup;
  table["Unsqueeze"] = regroup;
  table["Transpose"] = transpose;
  table["Concat"] = concat;
  table["Split"] = split;
  table["Slice"] = slice;
  table["dlc.OpenSlice"] = openSlice;
  table["Expand"] = expand;
  table["dlc.OpenExpand"] = openExpand;
  table["Tile"] = tile;
  table["Pad"] = pad;
  table["dlc.OpenPad"] = openPad;
  table["ConstantOfShape"] = constantOfShape;
  table["EyeLike"] = eyeLike;
  table["Trilu"] = trilu;
  table["DepthToSpace"] = depthToSpace;
  table["SpaceToDepth"] = spaceToDepth;
  table["OneHot"] = oneHot;
}
