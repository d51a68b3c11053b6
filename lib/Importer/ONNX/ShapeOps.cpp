//===- ShapeOps.cpp - Reshaping, joining, cutting, padding ----------------===//

#include "Arithmetic.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// Reshape, Flatten, Squeeze, Unsqueeze: shape inference did the work.
LogicalResult reshape(NodeEmitter &e) {
  Value result = e.reshape(e.in(0), e.outType(0).getShape());
  auto op = result.getDefiningOp<nn::ReshapeOp>();
  if (auto shape =
          e.node.op_type() == "Reshape" && e.isOpen(0) && !e.attr(boundsAttr)
              ? e.constInts(1)
              : std::nullopt;
      op && shape) {
    SmallVector<int64_t> fixed;
    for (auto [d, size] : llvm::enumerate(*shape))
      if (size > 0) // neither the rest nor that of the operand
        fixed.push_back(d);
    op->setAttr(nn::kFixedAttrName, e.builder.getDenseI64ArrayAttr(fixed));
  }
  return e.set(0, result);
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
  e.fitted = true;
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
    (void)e.set(i, part);
    starts[axis] += sizes[axis];
  }
  return success();
}

/// A slice that counts from an end which may be known at run time only.
class OpenSlice {
public:
  OpenSlice(NodeEmitter &e, Value x) : m(e), e(e), x(x) {}

  LogicalResult cut(int64_t axis, int64_t start, int64_t end, int64_t step,
                    int64_t size) {
    int64_t dim = shapeOf(x)[axis];
    bool isMixed = step > 0 ? start < 0 && end >= 0 && end < dim
                            : start >= 0 && start < dim - 1 && end < 0;
    if (isMixed && end >= -dim)
      return e.error("a slice between a position from the beginning and one "
                     "from the end of a dimension whose extent is known at run "
                     "time only");
    if (size == 0 || dim == 0)
      return success();
    Value extent = e.make<nn::ExtentOp>(x, axis);
    Value first = place(start, step, extent), last = place(end, step, extent);
    Value count = step > 0 ? m.sub(last, first) : m.sub(first, last);
    int64_t stride = step > 0 ? step : -step;
    count = m.clamp(m.div(m.add(count, double(stride - 1)), double(stride)), 0,
                    double(size));
    Value at = m.add(m.mul(e.iota(size, 1, 0, 1), double(step)), first);
    x = e.make<nn::GatherOp>(x, m.max(at, 0), axis);
    x = e.make<nn::BoundedOp>(x, count, axis);
    return success();
  }

  Value get() const { return x; }

private:
  /// Where the slice begins or ends, as ONNX clamps it.
  Value place(int64_t at, int64_t step, Value extent) {
    constexpr int64_t far = int64_t(1) << 48; // exact in double
    Value from = e.scalar(double(std::clamp(at, -far, far)), extent);
    if (at < 0)
      from = m.add(from, extent);
    Value lo = e.scalar(step > 0 ? 0 : -1, extent);
    return m.max(m.min(from, step > 0 ? extent : m.sub(extent, 1)), lo);
  }

  Arithmetic m;
  NodeEmitter &e;
  Value x;
};

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
  if (fromEnd && e.isOpen(0) && ends && ends->size() == starts->size()) {
    OpenSlice open(e, x);
    for (size_t i = 0; i < starts->size(); ++i) {
      int64_t axis = axes ? (*axes)[i] : int64_t(i);
      if (failed(e.axis(axis, rank, "axis")) ||
          failed(open.cut(axis, (*starts)[i], (*ends)[i],
                          steps ? (*steps)[i] : 1, out[axis])))
        return failure();
    }
    if (shapeOf(open.get()) == out)
      return e.set(0, open.get());
    return e.set(0, e.splat(e.outType(0), 0)); // nothing is left
  }
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

LogicalResult expand(NodeEmitter &e) {
  return e.set(0, e.broadcast(e.in(0), e.outType(0).getShape()));
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
  std::string name = e.stringAttr("mode", "constant");
  std::optional<nn::PadMode> mode = nn::symbolizePadMode(name);
  if (!mode)
    return e.error("the mode '" + name + "' is not supported");
  Dims lo(rank, 0), hi(rank, 0);
  for (size_t i = 0; i < count; ++i) {
    int64_t axis = axes ? (*axes)[i] : int64_t(i);
    if (failed(e.axis(axis, rank, "axis")))
      return failure();
    lo[axis] = (*pads)[i];
    hi[axis] = (*pads)[count + i];
  }
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
  int64_t c = s[1] / (b * b);
  bool depthFirst = e.stringAttr("mode", "DCR") == "DCR";
  Value parts = depthFirst ? e.reshape(x, {s[0], b, b, c, s[2], s[3]})
                           : e.reshape(x, {s[0], c, b, b, s[2], s[3]});
  Value turned = depthFirst ? e.transpose(parts, {0, 3, 4, 1, 5, 2})
                            : e.transpose(parts, {0, 1, 4, 2, 5, 3});
  return e.set(0, e.reshape(turned, {s[0], c, s[2] * b, s[3] * b}));
}

LogicalResult spaceToDepth(NodeEmitter &e) {
  Value x = e.in(0);
  ArrayRef<int64_t> s = shapeOf(x);
  int64_t b = e.intAttr("blocksize", 0);
  if (s.size() != 4 || b <= 0 || b > 65536 || s[2] % b || s[3] % b)
    return e.error("the block size does not fit the input");
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
  table["Reshape"] = reshape;
  table["Flatten"] = reshape;
  table["Squeeze"] = reshape;
  table["Unsqueeze"] = reshape;
  table["Transpose"] = transpose;
  table["Concat"] = concat;
  table["Split"] = split;
  table["Slice"] = slice;
  table["Expand"] = expand;
  table["Tile"] = tile;
  table["Pad"] = pad;
  table["ConstantOfShape"] = constantOfShape;
  table["EyeLike"] = eyeLike;
  table["Trilu"] = trilu;
  table["DepthToSpace"] = depthToSpace;
  table["SpaceToDepth"] = spaceToDepth;
  table["OneHot"] = oneHot;
}
