//===- Indexing.cpp - Gather, scatter and the like ------------------------===//

#include "Emitter.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

int64_t product(ArrayRef<int64_t> dims) {
  int64_t result = 1;
  for (int64_t dim : dims)
    result *= dim;
  return result;
}

Dims stridesOf(ArrayRef<int64_t> dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;)
    strides[i - 1] = strides[i] * dims[i];
  return strides;
}

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

/// `index`, negative ones counted from the end of `extent`
Value wrapped(NodeEmitter &e, Value index, int64_t extent) {
  Value negative = e.make<nn::CompareOp>(nn::ComparePredicate::LT, index,
                                         e.scalar(0, index));
  Value moved = e.make<nn::AddOp>(index, e.scalar(double(extent), index));
  return e.make<nn::SelectOp>(negative, moved, index);
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
  Dims strides = stridesOf(shape);
  Value flat = wrapped(e, indices, shape[axis]);
  flat = e.make<nn::MulOp>(flat, e.scalar(double(strides[axis]), flat));
  for (int64_t d = 0; d < rank; ++d)
    if (d != axis && out[d] > 1)
      flat = e.make<nn::AddOp>(flat, e.iota(out[d], strides[d], d, rank));
  Value line = e.reshape(data, {product(shape)});
  return e.set(0, e.make<nn::GatherOp>(line, flat, int64_t(0)));
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

LogicalResult checkScatter(NodeEmitter &e, bool known) {
  if (!known)
    return e.error("the indices are not known at compile time");
  if (e.stringAttr("reduction", "none") != "none")
    return e.error("the reduction '" + e.stringAttr("reduction", "") +
                   "' is not supported");
  if (product(shapeOf(e.in(0))) > maxScattered)
    return e.error("the tensor is too large for a scatter");
  return success();
}

LogicalResult scatterElements(NodeEmitter &e) {
  Value data = e.in(0), updates = e.in(2);
  auto indices = e.constInts(1);
  ArrayRef<int64_t> shape = shapeOf(data), from = shapeOf(updates);
  int64_t rank = shape.size(), axis = e.intAttr("axis", 0);
  if (failed(checkScatter(e, indices.has_value())) ||
      failed(e.axis(axis, rank, "axis")))
    return failure();
  if (int64_t(from.size()) != rank || int64_t(indices->size()) != product(from))
    return e.error("indices and updates differ in shape");
  for (int64_t d = 0; d < rank; ++d)
    if (d != axis && from[d] > shape[d])
      return e.error("the updates are larger than the data");
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

LogicalResult scatterND(NodeEmitter &e) {
  Value data = e.in(0), updates = e.in(2);
  auto indices = e.constInts(1);
  ArrayRef<int64_t> shape = shapeOf(data);
  if (failed(checkScatter(e, indices.has_value())))
    return failure();
  ArrayRef<int64_t> indexShape = shapeOf(e.in(1));
  int64_t width = indexShape.empty() ? 0 : indexShape.back();
  if (width < 1 || width > int64_t(shape.size()))
    return e.error("the index tuples do not fit the data");
  int64_t inner = product(shape.drop_front(width));
  int64_t rows = indices->size() / width;
  if (product(shapeOf(updates)) != rows * inner)
    return e.error("indices and updates differ in shape");
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

LogicalResult compress(NodeEmitter &e) {
  Value data = e.in(0);
  auto condition = e.constInts(1);
  if (!condition)
    return e.error("the condition is not known at compile time");
  int64_t axis = 0;
  if (e.attr("axis")) {
    axis = e.intAttr("axis", 0);
    if (failed(e.axis(axis, shapeOf(data).size(), "axis")))
      return failure();
  } else {
    data = e.reshape(data, {product(shapeOf(data))});
  }
  Dims kept;
  for (auto [index, keep] : llvm::enumerate(*condition))
    if (keep && int64_t(index) < shapeOf(data)[axis])
      kept.push_back(index);
  Dims shape(shapeOf(data));
  shape[axis] = kept.size();
  return e.set(0, e.make<nn::GatherOp>(
                      data, e.ints(kept, {int64_t(kept.size())}), axis));
}

/// Time t of batch b becomes length[b] - 1 - t as long as t < length[b].
LogicalResult reverseSequence(NodeEmitter &e) {
  Value data = e.in(0);
  int64_t batch = e.intAttr("batch_axis", 1), time = e.intAttr("time_axis", 0);
  ArrayRef<int64_t> shape = shapeOf(data);
  if (shape.size() < 2 || batch + time != 1 || batch * time != 0)
    return e.error("batch and time must be the first two dimensions");
  Value lengths = e.cast(e.in(1), e.builder.getI64Type());
  Dims across(2, 1);
  across[batch] = shape[batch];
  lengths = e.reshape(lengths, across);
  Value t = e.iota(shape[time], 1, time, 2);
  Value inside = e.make<nn::CompareOp>(nn::ComparePredicate::LT, t, lengths);
  Value mirrored =
      e.make<nn::SubOp>(e.make<nn::SubOp>(lengths, e.scalar(1, lengths)), t);
  Value from = e.make<nn::SelectOp>(inside, mirrored, t);
  // rows of the two merged dimensions
  int64_t timeStride = time == 0 ? shape[1] : 1;
  int64_t batchStride = batch == 0 ? shape[1] : 1;
  Value row = e.make<nn::AddOp>(
      e.make<nn::MulOp>(from, e.scalar(double(timeStride), from)),
      e.iota(shape[batch], batchStride, batch, 2));
  Dims merged{shape[0] * shape[1]};
  merged.append(shape.begin() + 2, shape.end());
  return e.set(0,
               e.make<nn::GatherOp>(e.reshape(data, merged), row, int64_t(0)));
}

/// The one largest (or smallest) element; more needs a sort.
LogicalResult topK(NodeEmitter &e) {
  Value x = e.in(0);
  int64_t axis = e.intAttr("axis", -1);
  auto k = e.constInts(1);
  if (failed(e.axis(axis, shapeOf(x).size(), "axis")))
    return failure();
  if (!k || k->size() != 1 || (*k)[0] != 1)
    return e.error("only k = 1 is supported");
  bool largest = e.intAttr("largest", 1);
  (void)e.set(0, e.make<nn::ReduceOp>(largest ? nn::ReduceKind::Max
                                              : nn::ReduceKind::Min,
                                      x, ArrayRef<int64_t>(axis), true));
  return e.set(1, e.make<nn::ArgReduceOp>(largest ? nn::ArgReduceKind::Max
                                                  : nn::ArgReduceKind::Min,
                                          x, axis, true, false));
}

} // namespace

void dlc::importer::addIndexing(EmitterTable &table) {
  table["Gather"] = gather;
  table["GatherND"] = gatherND;
  table["GatherElements"] = gatherElements;
  table["ScatterElements"] = scatterElements;
  table["ScatterND"] = scatterND;
  table["Compress"] = compress;
  table["ReverseSequence"] = reverseSequence;
  table["TopK"] = topK;
}
