//===- Indexing.cpp - Gather, scatter and the like ------------------------===//

#include "Arithmetic.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

Value dlc::importer::wrapped(NodeEmitter &e, Value index, Value data,
                             int64_t axis) {
  Arithmetic m(e);
  Value extent = e.scalar(double(shapeOf(data)[axis]), index);
  // What lies behind the extent has no positions.
  if (e.hasOpenInput())
    extent = e.cast(e.make<nn::ExtentOp>(data, axis), elementOf(index));
  Value negative = m.compare(nn::ComparePredicate::LT, index, 0);
  return m.select(negative, m.add(index, extent), index);
}

Value dlc::importer::takeFlat(NodeEmitter &e, Value data, Value positions) {
  e.countsPositions = true;
  Value line = e.reshape(data, {product(shapeOf(data))});
  Value taken = e.make<nn::GatherOp>(line, positions, int64_t(0));
  // The positions are those in memory, whatever of the data counts.
  if (e.hasOpenInput())
    taken.getDefiningOp()->setAttr(nn::kFittedAttrName,
                                   e.builder.getUnitAttr());
  return taken;
}

Value dlc::importer::takeAlong(NodeEmitter &e, Value data, Value indices,
                               int64_t axis) {
  ArrayRef<int64_t> shape = shapeOf(data);
  int64_t rank = shape.size();
  bool rows = true;
  for (int64_t d = 0; d < rank; ++d)
    rows &= d == axis || shapeOf(indices)[d] == 1;
  if (rows) // whole slices
    return e.make<nn::GatherOp>(
        data, e.reshape(indices, {shapeOf(indices)[axis]}), axis);
  Dims strides = stridesOf(shape);
  Arithmetic m(e);
  Value flat = m.mul(indices, double(strides[axis]));
  for (int64_t d = 0; d < rank; ++d)
    if (d != axis && shape[d] > 1)
      flat = m.add(flat, e.iota(shape[d], strides[d], d, rank));
  return takeFlat(e, data, flat);
}

LastAxis::LastAxis(int64_t axis, int64_t rank) : back(rank) {
  for (int64_t d = 0; d < rank; ++d)
    if (d != axis)
      there.push_back(d);
  there.push_back(axis);
  for (auto [at, d] : llvm::enumerate(there))
    back[d] = at;
}

Value dlc::importer::neutral(NodeEmitter &e, nn::ReduceKind kind,
                             Type element) {
  bool largest = kind == nn::ReduceKind::Min;
  if (kind == nn::ReduceKind::Sum || kind == nn::ReduceKind::Prod)
    return e.scalarOf(kind == nn::ReduceKind::Prod, element);
  Attribute limit;
  if (auto type = dyn_cast<FloatType>(element)) {
    limit = FloatAttr::get(type,
                           APFloat::getInf(type.getFloatSemantics(), !largest));
  } else {
    unsigned width = element.getIntOrFloatBitWidth();
    bool isUnsigned = element.isUnsignedInteger();
    APInt value = largest      ? isUnsigned ? APInt::getMaxValue(width)
                                            : APInt::getSignedMaxValue(width)
                  : isUnsigned ? APInt::getMinValue(width)
                               : APInt::getSignedMinValue(width);
    limit = IntegerAttr::get(element, value);
  }
  return e.make<nn::ConstantOp>(llvm::cast<ElementsAttr>(
      DenseElementsAttr::get(RankedTensorType::get({}, element), limit)));
}

Value dlc::importer::combine(Arithmetic &m, nn::ReduceKind kind, Value a,
                             Value b) {
  switch (kind) {
  case nn::ReduceKind::Prod:
    return m.mul(a, b);
  case nn::ReduceKind::Max:
    return m.max(a, b);
  case nn::ReduceKind::Min:
    return m.min(a, b);
  default:
    return m.add(a, b);
  }
}

namespace {

/// A scatter of whole slices along dimension 1 of 3, one of n positions each:
/// the positions are sorted, so that the updates of an element are neighbours,
/// which are combined in log2(n) rounds. Each element looks for where its own
/// end.
class SortedScatter {
public:
  SortedScatter(NodeEmitter &e, Value at)
      : e(e), m(e), count(product(shapeOf(at))) {
    at = e.reshape(at, {1, count});
    order = e.reshape(firstOfRows(e, at, count, /*largest=*/false), {count});
    sorted = take(e.reshape(at, {count}), order);
  }

  Value run(Value data, Value updates, std::optional<nn::ReduceKind> kind) {
    int64_t extent = shapeOf(data)[1];
    Value own = e.iota(extent, 1, 0, 1);
    Value end = notBehind(own), begin = notBehind(m.sub(own, 1));
    Value isHit = along(m.compare(nn::ComparePredicate::GT, end, begin));
    Value last = m.max(m.sub(end, 1), 0);
    if (!kind)
      return m.select(isHit, slices(updates, take(order, last)), data);
    Value none = neutral(e, *kind, elementOf(data));
    Value all = slices(combined(slices(updates, order), *kind, none), last);
    return combine(m, *kind, data, m.select(isHit, all, none));
  }

private:
  Value take(Value line, Value positions) {
    return e.make<nn::GatherOp>(line, positions, int64_t(0));
  }
  Value slices(Value x, Value positions) {
    return e.make<nn::GatherOp>(x, positions, int64_t(1));
  }
  /// Numbers along dimension 1, for all others.
  Value along(Value line) { return e.reshape(line, {1, shapeOf(line)[0], 1}); }
  /// How many of the sorted positions are not behind each of `limits`.
  Value notBehind(Value limits) {
    Value found = e.splat(typeOf(limits), 0);
    for (auto step = int64_t(llvm::bit_floor(uint64_t(count))); step;
         step /= 2) {
      Value next = m.add(found, double(step));
      Value probe = take(sorted, m.min(m.sub(next, 1), double(count - 1)));
      Value isIn = m.compare(nn::ComparePredicate::LE, next, double(count));
      isIn = m.both(isIn, m.compare(nn::ComparePredicate::LE, probe, limits));
      found = m.select(isIn, next, found);
    }
    return found;
  }
  /// Each slice with all those before it that have the same position.
  Value combined(Value x, nn::ReduceKind kind, Value none) {
    Value place = e.iota(count, 1, 0, 1);
    for (int64_t step = 1; step < count; step *= 2) {
      Value from = m.max(m.sub(place, double(step)), 0);
      Value isSame =
          m.compare(nn::ComparePredicate::EQ, take(sorted, from), sorted);
      isSame = m.both(isSame,
                      m.compare(nn::ComparePredicate::GE, place, double(step)));
      Value before = m.select(along(isSame), slices(x, from), none);
      x = combine(m, kind, before, x);
    }
    return x;
  }

  NodeEmitter &e;
  Arithmetic m;
  int64_t count;
  /// The updates in the order of their positions, and these.
  Value order, sorted;
};

/// All of a value, whatever counts of it.
Value whole(NodeEmitter &e, Value v) {
  if (!e.hasOpenInput())
    return v;
  for (auto [axis, size] : llvm::enumerate(shapeOf(v)))
    v = e.make<nn::BoundedOp>(v, e.ints({size}, {}), int64_t(axis));
  return v;
}

/// As much of a value as counts of another one.
Value asMuchAs(NodeEmitter &e, Value like, Value v) {
  int64_t rank = e.hasOpenInput() ? shapeOf(v).size() : 0;
  for (int64_t axis = 0; axis < rank; ++axis)
    v = e.make<nn::BoundedOp>(v, e.make<nn::ExtentOp>(like, axis), axis);
  return v;
}

/// All of the data with the updates that count.
Value sortedScatter(NodeEmitter &e, Value data, Value indices, Value updates,
                    int64_t axis, std::optional<nn::ReduceKind> kind) {
  Arithmetic m(e);
  Dims shape(shapeOf(data));
  int64_t count = shapeOf(updates)[axis], rank = shape.size();
  if (e.hasOpenInput()) {
    Value isThere =
        m.compare(nn::ComparePredicate::LT, e.iota(count, 1, axis, rank),
                  e.make<nn::ExtentOp>(updates, axis));
    indices = m.select(isThere, whole(e, indices), -1);
  }
  // The dimensions before the axis are one, as are those behind it.
  int64_t outer = product(ArrayRef<int64_t>(shape).take_front(axis));
  int64_t inner = product(ArrayRef<int64_t>(shape).drop_front(axis + 1));
  Value result =
      SortedScatter(e, indices)
          .run(e.reshape(whole(e, data), {outer, shape[axis], inner}),
               e.reshape(whole(e, updates), {outer, count, inner}), kind);
  return e.reshape(result, shape);
}

/// Whether sorting is worth while. The search compares (and combines) all pairs
/// of an element and an update.
bool isSorted(Value data, Value indices, Value updates, int64_t axis,
              std::optional<nn::ReduceKind> kind) {
  int64_t extent = shapeOf(data)[axis], count = shapeOf(updates)[axis];
  if (product(shapeOf(indices)) != count || count < 2)
    return false;
  int64_t rounds = llvm::Log2_64_Ceil(count);
  int64_t slice = kind ? product(shapeOf(updates)) / count : 1;
  slice = std::max<int64_t>(slice, 1);
  constexpr int64_t cheap = 1 << 20;
  return extent > 4 * rounds && extent * count > cheap / slice;
}

} // namespace

/// As data flows a scatter is a search: for each element of the result the
/// updates along the axis that hit it, of which the last one wins or all are
/// combined. That keeps results the same however the work is divided.
Value dlc::importer::scatterAlong(NodeEmitter &e, Value data, Value indices,
                                  Value updates, int64_t axis,
                                  std::optional<nn::ReduceKind> kind) {
  Arithmetic m(e);
  int64_t rank = shapeOf(data).size(), extent = shapeOf(data)[axis];
  int64_t count = shapeOf(updates)[axis];
  if (count == 0 || extent == 0)
    return data;
  if (isSorted(data, indices, updates, axis, kind))
    return asMuchAs(e, data,
                    sortedScatter(e, data, indices, updates, axis, kind));
  // Dimension `axis` is the position in the data, `axis + 1` the update.
  Value at = e.iota(extent, 1, axis, rank + 1);
  Value hits =
      m.compare(nn::ComparePredicate::EQ,
                e.reshape(indices, inserted(shapeOf(indices), axis, 1)), at);
  if (!kind) {
    Value which = m.select(hits, e.iota(count, 1, axis + 1, rank + 1), -1);
    Value last = m.reduce(nn::ReduceKind::Max, which, {axis + 1});
    Value found = m.compare(nn::ComparePredicate::GE, last, 0);
    return m.select(found, takeAlong(e, updates, m.max(last, 0), axis), data);
  }
  Value none = neutral(e, *kind, elementOf(data));
  Value hit = m.select(
      hits, e.reshape(updates, inserted(shapeOf(updates), axis, 1)), none);
  Value all = m.reduce(*kind, hit, {axis + 1});
  return combine(m, *kind, data, all);
}

namespace {

/// Known indices in arithmetic progression are a slice, which moves no data.
Value gatherAsSlice(NodeEmitter &e, Value data, int64_t axis) {
  auto indices = e.constInts(1);
  ArrayRef<int64_t> shape = shapeOf(data);
  if (!indices || indices->empty() || indices->size() > 65536)
    return nullptr;
  int64_t extent = shape[axis];
  for (int64_t &index : *indices) {
    if (index < -extent || index >= extent)
      return nullptr;
    if (index < 0 && e.isOpen(0))
      return nullptr; // counted from an end that may not be known
    index += index < 0 ? extent : 0;
  }
  int64_t step = indices->size() > 1 ? (*indices)[1] - (*indices)[0] : 1;
  if (step == 0)
    return nullptr;
  for (size_t i = 1; i < indices->size(); ++i)
    if ((*indices)[i] - (*indices)[i - 1] != step)
      return nullptr;
  Dims starts(shape.size(), 0), steps(shape.size(), 1), sizes(shape);
  starts[axis] = indices->front();
  steps[axis] = step;
  sizes[axis] = indices->size();
  Value part = sizes == Dims(shape) && step == 1
                   ? data
                   : e.make<nn::SliceOp>(data, ArrayRef<int64_t>(starts),
                                         ArrayRef<int64_t>(sizes),
                                         ArrayRef<int64_t>(steps));
  // All that is asked for is there, or the model errs.
  if (e.isOpen(0) && part != data)
    part = e.make<nn::BoundedOp>(part, e.ints({sizes[axis]}, {}), axis);
  return e.reshape(part, e.outType(0).getShape());
}

LogicalResult gather(NodeEmitter &e) {
  Value data = e.in(0);
  int64_t axis = e.intAttr("axis", 0);
  if (failed(e.axis(axis, shapeOf(data).size(), "axis")))
    return failure();
  if (auto known = e.constInts(1))
    for (int64_t index : *known)
      if (int64_t extent = shapeOf(data)[axis];
          index < -extent || index >= extent)
        return e.error("the index " + Twine(index) +
                       " is out of range for a "
                       "dimension of " +
                       Twine(extent));
  if (Value part = gatherAsSlice(e, data, axis))
    return e.set(0, part);
  return e.set(0, e.make<nn::GatherOp>(data, e.in(1), axis));
}

LogicalResult gatherND(NodeEmitter &e) {
  return e.set(
      0, e.make<nn::GatherNDOp>(e.in(0), e.in(1), e.intAttr("batch_dims", 0)));
}

/// result[i, j] = data[indices[i, j], j]: positions in the flat data.
LogicalResult gatherElements(NodeEmitter &e) {
  Value data = e.in(0);
  Value indices = e.cast(e.in(1), e.builder.getI64Type());
  ArrayRef<int64_t> shape = shapeOf(data), out = shapeOf(indices);
  int64_t rank = shape.size(), axis = e.intAttr("axis", 0);
  if (failed(e.axis(axis, rank, "axis")))
    return failure();
  if (int64_t(out.size()) != rank)
    return e.error("data and indices differ in rank");
  // The indices may cover less than the data in the other dimensions.
  Dims starts(rank, 0), part(out);
  part[axis] = shape[axis];
  if (part != Dims(shape))
    data = e.slice(data, starts, part);
  return e.set(0, takeAlong(e, data, wrapped(e, indices, data, axis), axis));
}

/// Picks from data and updates laid end to end: a scatter whose positions are
/// known is a gather. `source[i]` says which element becomes element i.
LogicalResult pick(NodeEmitter &e, Value data, Value updates,
                   ArrayRef<int64_t> source) {
  Value line = e.reshape(data, {product(shapeOf(data))});
  Value extra = e.reshape(updates, {product(shapeOf(updates))});
  Value all =
      e.make<nn::ConcatOp>(ValueRange{line, extra}, /*axis=*/int64_t(0));
  Value picked =
      e.make<nn::GatherOp>(all, e.ints(source, shapeOf(data)), int64_t(0));
  return e.set(0, picked);
}

/// The map of a scatter is a constant of the data's size.
constexpr int64_t maxScattered = 1 << 24;

/// How a scatter combines; nothing where the last update wins.
FailureOr<std::optional<nn::ReduceKind>> reductionOf(NodeEmitter &e) {
  std::string name = e.stringAttr("reduction", "none");
  if (name == "none")
    return std::optional<nn::ReduceKind>();
  if (name == "add")
    return std::optional(nn::ReduceKind::Sum);
  if (name == "mul")
    return std::optional(nn::ReduceKind::Prod);
  if (name == "max")
    return std::optional(nn::ReduceKind::Max);
  if (name == "min")
    return std::optional(nn::ReduceKind::Min);
  return e.error("the reduction '" + name + "' is not supported");
}

/// Whether the positions are known: then a scatter is a gather.
bool isKnownScatter(NodeEmitter &e, std::optional<nn::ReduceKind> kind) {
  return e.isConstant(1) && !kind && !e.hasOpenInput() &&
         product(shapeOf(e.in(0))) <= maxScattered;
}

/// Positions that a broadcast repeats in each dimension but `axis`, with one
/// element there; other positions as they are. (Sums over the edges of a graph
/// repeat a node's number for each of its features.)
Value withoutRepeats(Value indices, NodeEmitter &e, int64_t axis) {
  SmallVector<nn::BoundedOp> limits;
  Value whole = indices;
  while (auto bounded = whole.getDefiningOp<nn::BoundedOp>()) {
    if (int64_t(bounded.getAxis()) == axis)
      limits.push_back(bounded);
    whole = bounded.getX();
  }
  auto repeat = whole.getDefiningOp<nn::BroadcastOp>();
  if (!repeat)
    return indices;
  ArrayRef<int64_t> shape = shapeOf(indices);
  Dims given(shape.size(), 1), rows(shape.size(), 1);
  llvm::copy(llvm::reverse(shapeOf(repeat.getX())), given.rbegin());
  rows[axis] = shape[axis];
  if (given != rows)
    return indices;
  Value result = e.reshape(repeat.getX(), rows);
  for (nn::BoundedOp bounded : llvm::reverse(limits))
    result = e.make<nn::BoundedOp>(result, bounded.getExtent(), axis);
  return result;
}

LogicalResult scatterComputed(NodeEmitter &e, int64_t axis,
                              std::optional<nn::ReduceKind> kind) {
  Value data = e.in(0), updates = e.in(2);
  ArrayRef<int64_t> shape = shapeOf(data), from = shapeOf(updates);
  Value indices = withoutRepeats(e.in(1), e, axis);
  indices = wrapped(e, e.cast(indices, e.builder.getI64Type()), data, axis);
  // Fewer updates than data in the other dimensions: fill up with such that hit
  // nothing.
  Dims lo(shape.size(), 0), hi(shape.size(), 0);
  for (size_t d = 0; d < shape.size(); ++d)
    if (int64_t(d) != axis)
      hi[d] = shape[d] - from[d];
  if (llvm::any_of(hi, [](int64_t more) { return more != 0; })) {
    auto pad = [&](Value x, double value) {
      return e.make<nn::PadOp>(nn::PadMode::Constant, x, e.scalar(value, x),
                               ArrayRef<int64_t>(lo), ArrayRef<int64_t>(hi));
    };
    indices = pad(e.broadcast(indices, from), -1);
    updates = pad(updates, 0);
  }
  return e.set(0, scatterAlong(e, data, indices, updates, axis, kind));
}

LogicalResult scatterElements(NodeEmitter &e) {
  Value data = e.in(0), updates = e.in(2);
  ArrayRef<int64_t> shape = shapeOf(data), from = shapeOf(updates);
  int64_t rank = shape.size(), axis = e.intAttr("axis", 0);
  auto kind = reductionOf(e);
  if (failed(kind) || failed(e.axis(axis, rank, "axis")))
    return failure();
  if (int64_t(from.size()) != rank || shapeOf(e.in(1)) != from)
    return e.error("indices and updates differ in shape");
  for (int64_t d = 0; d < rank; ++d)
    if (d != axis && from[d] > shape[d])
      return e.error("the updates are larger than the data");
  if (!isKnownScatter(e, *kind))
    return scatterComputed(e, axis, *kind);
  auto indices = e.constInts(1);
  int64_t elements = product(shape);
  Dims source, strides = stridesOf(shape);
  for (int64_t i = 0; i < elements; ++i)
    source.push_back(i);
  for (int64_t i = 0, n = indices->size(); i < n; ++i) {
    int64_t index = (*indices)[i], at = 0, rest = i;
    if (index < -shape[axis] || index >= shape[axis])
      return e.error("the index " + Twine(index) + " is out of range");
    index += index < 0 ? shape[axis] : 0;
    for (int64_t d = rank; d-- > 0; rest /= from[d])
      at += (d == axis ? index : rest % from[d]) * strides[d];
    source[at] = elements + i;
  }
  return pick(e, data, updates, source);
}

/// The indexed dimensions as one, the others as another one.
LogicalResult scatterTuples(NodeEmitter &e, int64_t rows, int64_t width,
                            std::optional<nn::ReduceKind> kind) {
  Arithmetic m(e);
  Value data = e.in(0);
  ArrayRef<int64_t> shape = shapeOf(data);
  Value tuples = e.cast(e.in(1), e.builder.getI64Type()), updates = e.in(2);
  int64_t outer = product(shape.take_front(width));
  int64_t inner = product(shape.drop_front(width));
  // Of several dimensions in a line, what counts has gaps: the tuples in there
  // hit nothing.
  if (e.isOpen(1) && shapeOf(tuples).size() > 2) {
    tuples = filled(e, 1, tuples, e.scalar(double(outer), tuples));
    updates = whole(e, updates);
  }
  tuples = e.reshape(tuples, {rows, width});
  Dims strides = stridesOf(shape.take_front(width));
  Value flat;
  for (int64_t d = 0; d < width; ++d) {
    Value column = e.slice(tuples, {0, d}, {rows, 1});
    column = m.mul(wrapped(e, column, data, d), double(strides[d]));
    flat = flat ? m.add(flat, column) : column;
  }
  updates = e.reshape(updates, {rows, inner});
  Value lines = e.reshape(data, {outer, inner});
  if (!isSorted(lines, flat, updates, 0, kind))
    return e.set(
        0, e.reshape(scatterAlong(e, lines, flat, updates, 0, kind), shape));
  lines = e.reshape(whole(e, data), {outer, inner});
  Value result = sortedScatter(e, lines, flat, updates, 0, kind);
  return e.set(0, asMuchAs(e, data, e.reshape(result, shape)));
}

LogicalResult scatterND(NodeEmitter &e) {
  Value data = e.in(0), updates = e.in(2);
  ArrayRef<int64_t> shape = shapeOf(data);
  auto kind = reductionOf(e);
  if (failed(kind))
    return failure();
  ArrayRef<int64_t> indexShape = shapeOf(e.in(1));
  int64_t width = indexShape.empty() ? 0 : indexShape.back();
  if (width < 1 || width > int64_t(shape.size()))
    return e.error("the index tuples do not fit the data");
  int64_t inner = product(shape.drop_front(width));
  int64_t rows = product(indexShape) / width;
  if (product(shapeOf(updates)) != rows * inner)
    return e.error("indices and updates differ in shape");
  if (Value result = scatterBox(e, *kind))
    return e.set(0, result);
  if (!isKnownScatter(e, *kind))
    return scatterTuples(e, rows, width, *kind);
  auto indices = e.constInts(1);
  int64_t elements = product(shape);
  Dims source, strides = stridesOf(shape);
  for (int64_t i = 0; i < elements; ++i)
    source.push_back(i);
  for (int64_t row = 0; row < rows; ++row) {
    int64_t at = 0;
    for (int64_t d = 0; d < width; ++d) {
      int64_t index = (*indices)[row * width + d];
      if (index < -shape[d] || index >= shape[d])
        return e.error("the index " + Twine(index) + " is out of range");
      at += (index < 0 ? index + shape[d] : index) * strides[d];
    }
    for (int64_t i = 0; i < inner; ++i)
      source[at + i] = elements + row * inner + i;
  }
  return pick(e, data, updates, source);
}

/// Time t of batch b becomes length[b] - 1 - t as long as t < length[b].
LogicalResult reverseSequence(NodeEmitter &e) {
  e.fitted = true; // rows are counted in memory
  Value data = e.in(0);
  int64_t batch = e.intAttr("batch_axis", 1), time = e.intAttr("time_axis", 0);
  ArrayRef<int64_t> shape = shapeOf(data);
  if (shape.size() < 2 || batch + time != 1 || batch * time != 0)
    return e.error("batch and time must be the first two dimensions");
  Value lengths = e.cast(e.in(1), e.builder.getI64Type());
  Dims across(2, 1);
  across[batch] = shape[batch];
  lengths = e.reshape(lengths, across);
  Value t = e.positionsAlong(0, time, 2);
  Value inside = e.make<nn::CompareOp>(nn::ComparePredicate::LT, t, lengths);
  Value mirrored =
      e.make<nn::SubOp>(e.make<nn::SubOp>(lengths, e.scalar(1, lengths)), t);
  Value from = e.make<nn::SelectOp>(inside, mirrored, t);
  // rows of the two merged dimensions
  int64_t timeStride = time == 0 ? shape[1] : 1;
  int64_t batchStride = batch == 0 ? shape[1] : 1;
  Value row = e.make<nn::AddOp>(
      e.make<nn::MulOp>(from, e.scalar(double(timeStride), from)),
      e.make<nn::MulOp>(e.positionsAlong(0, batch, 2),
                        e.scalar(double(batchStride), from)));
  Dims merged{shape[0] * shape[1]};
  merged.append(shape.begin() + 2, shape.end());
  return e.set(0,
               e.make<nn::GatherOp>(e.reshape(data, merged), row, int64_t(0)));
}

/// Writes `update` into a cache at one position a batch, along `axis`.
LogicalResult tensorScatter(NodeEmitter &e) {
  Arithmetic m(e);
  Value cache = e.in(0), update = e.in(1);
  ArrayRef<int64_t> shape = shapeOf(cache);
  int64_t rank = shape.size(), axis = e.intAttr("axis", -2);
  if (failed(e.axis(axis, rank, "axis")))
    return failure();
  if (axis == 0)
    return e.error("the axis may not be that of the batch");
  int64_t extent = shape[axis], count = shapeOf(update)[axis];
  bool circular = e.stringAttr("mode", "linear") == "circular";
  // How far each position lies behind the first that is written.
  Value behind = e.iota(extent, 1, axis, rank);
  if (e.has(2)) {
    Dims across(rank, 1);
    across[0] = shape[0];
    Value first = e.cast(e.in(2), e.builder.getI64Type());
    behind = m.sub(behind, e.reshape(first, across));
  }
  if (circular)
    behind = e.make<nn::ModOp>(behind, e.scalar(double(extent), behind), false);
  Value hit =
      m.both(m.compare(nn::ComparePredicate::GE, behind, 0),
             m.compare(nn::ComparePredicate::LT, behind, double(count)));
  Value from = m.clamp(behind, 0, double(count - 1));
  return e.set(0, m.select(hit, takeAlong(e, update, from, axis), cache));
}

} // namespace

void dlc::importer::addIndexing(EmitterTable &table) {
  table["Gather"] = gather;
  table["GatherND"] = gatherND;
  table["GatherElements"] = gatherElements;
  table["ScatterElements"] = scatterElements;
  table["ScatterND"] = scatterND;
  table["ReverseSequence"] = reverseSequence;
  table["TensorScatter"] = tensorScatter;
}
