//===- ScatterBoxes.cpp - Scatters that assign to a slice
//------------------===//
//
// PyTorch's exporters make a ScatterND of `x[:, 1:, ::2] = y`, with a table of
// the position of each element. Such tables are all combinations of one
// progression per dimension, and the scatter is a concatenation of what lies in
// front of the slice, the updates, and what lies behind it.
//
//===----------------------------------------------------------------------===//

#include "Arithmetic.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// The positions `first`, `first + step`, …: `count` of them.
struct Progression {
  int64_t first, step, count;
};

/// Positions along a dimension of `extent` elements, if they are such.
std::optional<Progression> progressionOf(ArrayRef<int64_t> positions,
                                         int64_t extent) {
  if (positions.empty())
    return std::nullopt;
  Dims from;
  for (int64_t position : positions) {
    if (position < -extent || position >= extent)
      return std::nullopt;
    from.push_back(position < 0 ? position + extent : position);
  }
  int64_t step = from.size() > 1 ? from[1] - from[0] : 1;
  for (size_t i = 1; i < from.size(); ++i)
    if (step < 1 || from[i] - from[i - 1] != step)
      return std::nullopt;
  return Progression{from.front(), step, int64_t(from.size())};
}

/// The elements of a constant of 64-bit integers.
std::optional<Dims> integersOf(Value value) {
  ElementsAttr constant;
  if (!matchPattern(value, m_Constant(&constant)) ||
      !constant.getElementType().isInteger(64))
    return std::nullopt;
  if (auto dense = dyn_cast<DenseIntElementsAttr>(constant))
    return Dims(dense.getValues<int64_t>());
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant);
  AsmResourceBlob *blob =
      resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob)
    return std::nullopt;
  Dims values(blob->getData().size() / sizeof(int64_t));
  std::memcpy(values.data(), blob->getData().data(),
              values.size() * sizeof(int64_t));
  return values;
}

/// What a column of the table has along dimension `d` of the `grid` of tuples,
/// if it is the same along all others. It is found behind what repeats it.
std::optional<Dims> alongOwn(Value column, int64_t d, ArrayRef<int64_t> grid) {
  // The column is a dimension of one element; others as they are.
  Dims shape(shapeOf(column));
  if (shape.empty() || shape.back() != 1)
    return std::nullopt;
  shape.pop_back();
  if (shape != Dims(grid))
    return std::nullopt;
  while (Operation *op = column.getDefiningOp()) {
    if (isa<nn::CastOp>(op)) {
      column = op->getOperand(0);
    } else if (isa<nn::ReshapeOp>(op)) {
      // Only a trailing 1.
      Dims before(shapeOf(op->getOperand(0)));
      if (before != shape)
        return std::nullopt;
      column = op->getOperand(0);
    } else if (isa<nn::BroadcastOp>(op)) {
      if (Dims(shapeOf(column)) != shape)
        return std::nullopt;
      column = op->getOperand(0);
      break;
    } else {
      break;
    }
  }
  std::optional<Dims> known = integersOf(column);
  if (!known)
    return std::nullopt;
  Dims own(grid.size(), 1);
  ArrayRef<int64_t> given = shapeOf(column);
  if (given.size() > own.size() + 1)
    return std::nullopt;
  own[d] = grid[d];
  // Of the table itself, where nothing repeats it, or broadcast from the right.
  Dims seen(grid.size(), 1);
  if (given.size() == own.size() + 1)
    given = given.drop_back();
  llvm::copy(llvm::reverse(given), seen.rbegin());
  if (seen != own)
    return std::nullopt;
  return known;
}

/// The positions along each of the first dimensions, if the tuples are all
/// combinations of them in order.
std::optional<SmallVector<Progression>> boxOf(NodeEmitter &e) {
  ArrayRef<int64_t> shape = shapeOf(e.in(0)), table = shapeOf(e.in(1));
  int64_t width = table.empty() ? 0 : table.back();
  ArrayRef<int64_t> grid = table.drop_back();
  if (width < 1 || int64_t(grid.size()) != width)
    return std::nullopt;
  SmallVector<Dims> positions(width);
  if (auto known = e.constInts(1)) {
    int64_t rows = product(grid);
    Dims strides = stridesOf(grid);
    if (int64_t(known->size()) != rows * width || rows == 0)
      return std::nullopt;
    for (int64_t d = 0; d < width; ++d)
      for (int64_t i = 0; i < grid[d]; ++i)
        positions[d].push_back((*known)[i * strides[d] * width + d]);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t d = 0; d < width; ++d)
        if ((*known)[row * width + d] !=
            positions[d][row / strides[d] % grid[d]])
          return std::nullopt;
  } else {
    Value tuples = e.in(1);
    while (auto cast = tuples.getDefiningOp<nn::CastOp>())
      tuples = cast.getX();
    auto columns = tuples.getDefiningOp<nn::ConcatOp>();
    if (!columns || int64_t(columns->getNumOperands()) != width ||
        int64_t(columns.getAxis()) != width)
      return std::nullopt;
    for (int64_t d = 0; d < width; ++d) {
      auto own = alongOwn(columns->getOperand(d), d, grid);
      if (!own)
        return std::nullopt;
      positions[d] = std::move(*own);
    }
  }
  SmallVector<Progression> box;
  for (int64_t d = 0; d < width; ++d) {
    auto progression = progressionOf(positions[d], shape[d]);
    if (!progression)
      return std::nullopt;
    box.push_back(*progression);
  }
  return box;
}

/// Part of `x` along `axis`.
Value part(NodeEmitter &e, Value x, int64_t axis, int64_t first, int64_t count,
           int64_t step = 1) {
  Dims starts(shapeOf(x).size(), 0), sizes(shapeOf(x)),
      steps(shapeOf(x).size(), 1);
  if (count == sizes[axis])
    return x;
  starts[axis] = first;
  sizes[axis] = count;
  steps[axis] = step;
  return e.make<nn::SliceOp>(x, ArrayRef<int64_t>(starts),
                             ArrayRef<int64_t>(sizes),
                             ArrayRef<int64_t>(steps));
}

/// Assigns `updates` to the box of `data` from dimension `axis` on; all of the
/// dimensions in front of it belong to the box.
Value assign(NodeEmitter &e, Value data, Value updates,
             ArrayRef<Progression> box, std::optional<nn::ReduceKind> kind,
             size_t axis) {
  while (axis < box.size() && box[axis].count == shapeOf(data)[axis])
    ++axis;
  if (axis == box.size()) {
    Arithmetic m(e);
    return kind ? combine(m, *kind, data, updates) : updates;
  }
  auto [first, step, count] = box[axis];
  int64_t extent = shapeOf(data)[axis];
  Value inside = assign(e, part(e, data, axis, first, count, step), updates,
                        box, kind, axis + 1);
  // Each position and the `step - 1` behind it, which may not all be there
  // behind the last one.
  int64_t whole = first + count * step <= extent ? count : count - 1;
  SmallVector<Value> parts;
  auto add = [&](Value x, int64_t from, int64_t size) {
    if (size)
      parts.push_back(part(e, x, axis, from, size));
  };
  add(data, 0, first);
  if (step == 1) {
    parts.push_back(inside);
    add(data, first + count, extent - first - count);
    return e.concat(parts, axis);
  }
  if (whole) {
    Dims groups(shapeOf(data));
    groups[axis] = whole;
    groups.insert(groups.begin() + axis + 1, step);
    Value others = e.reshape(part(e, data, axis, first, whole * step), groups);
    groups[axis + 1] = 1;
    Value chosen = e.reshape(part(e, inside, axis, 0, whole), groups);
    Value both =
        e.concat({chosen, part(e, others, axis + 1, 1, step - 1)}, axis + 1);
    Dims joined(shapeOf(data));
    joined[axis] = whole * step;
    parts.push_back(e.reshape(both, joined));
  }
  add(inside, whole, count - whole);
  int64_t behind = first + whole * step + (count - whole);
  add(data, behind, extent - behind);
  return e.concat(parts, axis);
}

} // namespace

Value dlc::importer::scatterBox(NodeEmitter &e,
                                std::optional<nn::ReduceKind> kind) {
  // Where a part of the data counts only, negative positions are not known.
  if (e.hasOpenInput())
    return nullptr;
  auto box = boxOf(e);
  if (!box)
    return nullptr;
  Dims inside(shapeOf(e.in(0)));
  for (auto [d, progression] : llvm::enumerate(*box))
    inside[d] = progression.count;
  return assign(e, e.in(0), e.reshape(e.in(2), inside), *box, kind, 0);
}
