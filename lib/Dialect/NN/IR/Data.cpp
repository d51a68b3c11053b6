//===- Data.cpp - Constants and movement of data --------------------------===//

#include "Infer.h"

using namespace mlir;
using namespace dlc::nn;

//===----------------------------------------------------------------------===//
// Constant
//===----------------------------------------------------------------------===//

TypeOrFailure ConstantOp::inferType(Adaptor adaptor, ErrorFn error) {
  ElementsAttr value = adaptor.getValue();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!isa<DenseElementsAttr, DenseResourceElementsAttr>(value) || !type)
    return error() << "(C1) the value must be dense or dense_resource";
  return type;
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

//===----------------------------------------------------------------------===//
// Reshape, transpose, broadcast
//===----------------------------------------------------------------------===//

static LogicalResult requireKeptElement(Operation *op, Value x) {
  if (elementOf(x) == elementOf(op->getResult(0)))
    return success();
  return op->emitOpError() << "(C1) the element types must be equal, got "
                           << elementOf(x) << " and "
                           << elementOf(op->getResult(0));
}

void ReshapeOp::build(OpBuilder &builder, OperationState &state, Value x,
                      ArrayRef<int64_t> shape) {
  build(builder, state, withShape(x, shape), x);
}

LogicalResult ReshapeOp::verify() {
  if (failed(requireKeptElement(*this, getX())))
    return failure();
  auto from = countElements(getX().getType().getShape());
  auto to = countElements(getType().getShape());
  if (!from || from != to)
    return emitOpError() << "(C2) the numbers of elements differ: "
                         << shapeText(getX().getType().getShape()) << " and "
                         << shapeText(getType().getShape());
  return success();
}

TypeOrFailure TransposeOp::inferType(Adaptor adaptor, ErrorFn error) {
  ArrayRef<int64_t> perm = adaptor.getPerm();
  ArrayRef<int64_t> shape = shapeOf(adaptor.getX());
  SmallVector<bool> seen(shape.size());
  bool valid = perm.size() == shape.size();
  for (int64_t d : perm) {
    valid = valid && d >= 0 && d < int64_t(shape.size()) && !seen[d];
    if (!valid)
      break;
    seen[d] = true;
  }
  if (!valid)
    return error() << "(C1) perm [" << perm
                   << "] is not a permutation of the dimensions of "
                   << shapeText(shape);
  return withShape(adaptor.getX(), llvm::map_to_vector(perm, [&](int64_t d) {
                     return shape[d];
                   }));
}

void BroadcastOp::build(OpBuilder &builder, OperationState &state, Value x,
                        ArrayRef<int64_t> shape) {
  build(builder, state, withShape(x, shape), x);
}

LogicalResult BroadcastOp::verify() {
  if (failed(requireKeptElement(*this, getX())))
    return failure();
  ArrayRef<int64_t> from = getX().getType().getShape(),
                    to = getType().getShape();
  auto both = broadcastShapes(from, to);
  if (!both || ArrayRef<int64_t>(*both) != to)
    return emitOpError() << "(C2) " << shapeText(from)
                         << " does not broadcast to " << shapeText(to);
  return success();
}

//===----------------------------------------------------------------------===//
// Concat, slice, pad
//===----------------------------------------------------------------------===//

TypeOrFailure ConcatOp::inferType(Adaptor adaptor, ErrorFn error) {
  ValueRange inputs = adaptor.getInputs();
  if (inputs.empty())
    return error() << "(C1) there must be at least one operand";
  SmallVector<int64_t> shape(shapeOf(inputs[0]));
  int64_t axis = adaptor.getAxis();
  for (Value input : inputs)
    if (elementOf(input) != elementOf(inputs[0]) ||
        typeOf(input).getRank() != int64_t(shape.size()))
      return error() << "(C2) the operands must have the same element type and "
                        "rank, got "
                     << inputs[0].getType() << " and " << input.getType();
  if (failed(requireAxis(inputs[0], axis, "C3", error)))
    return failure();
  for (Value input : inputs.drop_front()) {
    for (auto [d, size] : llvm::enumerate(shapeOf(input))) {
      if (int64_t(d) == axis) {
        if (llvm::AddOverflow(shape[d], size, shape[d]))
          return error() << "(C4) the joined dimension is too large";
      } else if (size != shape[d]) {
        return error() << "(C4) only dimension " << axis << " may differ, got "
                       << inputs[0].getType() << " and " << input.getType();
      }
    }
  }
  return withShape(inputs[0], shape);
}

void SliceOp::build(OpBuilder &builder, OperationState &state, Value x,
                    ArrayRef<int64_t> starts, ArrayRef<int64_t> sizes,
                    ArrayRef<int64_t> steps) {
  build(builder, state, withShape(x, sizes), x, starts, steps);
}

LogicalResult SliceOp::verify() {
  RankedTensorType in = getX().getType(), out = getType();
  if (in.getElementType() != out.getElementType() ||
      in.getRank() != out.getRank())
    return emitOpError()
           << "(C1) operand and result must have the same element type and "
              "rank, got "
           << in << " and " << out;
  size_t rank = in.getRank();
  if (getStarts().size() != rank || getSteps().size() != rank)
    return emitOpError() << "(C2) starts and steps must hold " << rank
                         << " numbers, got " << getStarts().size() << " and "
                         << getSteps().size();
  for (size_t d = 0; d < rank; ++d) {
    int64_t start = getStarts()[d], step = getSteps()[d];
    int64_t size = in.getDimSize(d), count = out.getDimSize(d);
    if (step == 0)
      return emitOpError() << "(C2) the step of dimension " << d << " is 0";
    if (count == 0)
      continue;
    int64_t end;
    if (llvm::MulOverflow(count - 1, step, end) ||
        llvm::AddOverflow(start, end, end) || start < 0 || start >= size ||
        end < 0 || end >= size)
      return emitOpError() << "(C3) dimension " << d << ": " << count
                           << " elements from " << start << " by " << step
                           << " do not lie within " << size;
  }
  return success();
}

TypeOrFailure PadOp::inferType(Adaptor adaptor, ErrorFn error) {
  Value x = adaptor.getX(), value = adaptor.getValue();
  bool constant = adaptor.getMode() == PadMode::Constant;
  if (bool(value) != constant)
    return error() << "(C1) there must be a padding value exactly where the "
                      "mode is constant";
  if (value &&
      (typeOf(value).getRank() != 0 || elementOf(value) != elementOf(x)))
    return error() << "(C1) the padding value must be of type "
                   << withShape(x, {}) << ", got " << value.getType();
  SmallVector<int64_t> shape(shapeOf(x));
  ArrayRef<int64_t> lo = adaptor.getLo(), hi = adaptor.getHi();
  if (failed(requireNumbers(lo, "lo", shape.size(), 0, "C2", error)) ||
      failed(requireNumbers(hi, "hi", shape.size(), 0, "C2", error)))
    return failure();
  for (auto [d, size] : llvm::enumerate(shape)) {
    int64_t most = std::max(lo[d], hi[d]);
    bool reflect = adaptor.getMode() == PadMode::Reflect;
    if (most > 0 && !constant && (size == 0 || (reflect && most >= size)))
      return error() << "(C3) dimension " << d << " of size " << size
                     << " can not be padded by " << lo[d] << " and " << hi[d]
                     << " in mode " << stringifyPadMode(adaptor.getMode());
    if (llvm::AddOverflow(size, lo[d], size) ||
        llvm::AddOverflow(size, hi[d], size))
      return error() << "(C2) dimension " << d << " becomes too large";
  }
  return withShape(x, shape);
}

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

static bool isIndex(Value value) {
  return elementOf(value).isSignlessInteger(32) ||
         elementOf(value).isSignlessInteger(64);
}

TypeOrFailure GatherOp::inferType(Adaptor adaptor, ErrorFn error) {
  Value data = adaptor.getData(), indices = adaptor.getIndices();
  if (!isIndex(indices))
    return error() << "(C1) the indices must be of i32 or i64, got "
                   << elementOf(indices);
  int64_t axis = adaptor.getAxis();
  if (failed(requireAxis(data, axis, "C2", error)))
    return failure();
  ArrayRef<int64_t> from = shapeOf(data);
  SmallVector<int64_t> shape(from.take_front(axis));
  llvm::append_range(shape, shapeOf(indices));
  llvm::append_range(shape, from.drop_front(axis + 1));
  if (from[axis] == 0 && !llvm::is_contained(shape, 0))
    return error() << "(C2) dimension " << axis << " of " << shapeText(from)
                   << " is empty";
  return withShape(data, shape);
}

TypeOrFailure GatherNDOp::inferType(Adaptor adaptor, ErrorFn error) {
  Value data = adaptor.getData(), indices = adaptor.getIndices();
  ArrayRef<int64_t> from = shapeOf(data), index = shapeOf(indices);
  if (!isIndex(indices) || index.empty())
    return error() << "(C1) the indices must be of i32 or i64 and have a "
                      "dimension, got "
                   << indices.getType();
  int64_t batch = adaptor.getBatchDims();
  if (batch < 0 || batch >= int64_t(from.size()) ||
      batch >= int64_t(index.size()) ||
      from.take_front(batch) != index.take_front(batch))
    return error() << "(C2) the first batch_dims = " << batch
                   << " dimensions do not agree: " << shapeText(from) << " and "
                   << shapeText(index);
  int64_t tuple = index.back();
  if (tuple > int64_t(from.size()) - batch)
    return error() << "(C3) tuples of " << tuple
                   << " indices are too long for data of " << shapeText(from);
  SmallVector<int64_t> shape(index.drop_back());
  llvm::append_range(shape, from.drop_front(batch + tuple));
  if (!llvm::is_contained(shape, 0) &&
      llvm::is_contained(from.slice(batch, tuple), 0))
    return error() << "(C4) an indexed dimension of " << shapeText(from)
                   << " is empty";
  return withShape(data, shape);
}

TypeOrFailure SearchSortedOp::inferType(Adaptor adaptor, ErrorFn error) {
  Value sorted = adaptor.getSorted(), values = adaptor.getValues();
  if (!isIndex(sorted) || elementOf(sorted) != elementOf(values))
    return error() << "(C1) both must be of i32 or both of i64, got "
                   << elementOf(sorted) << " and " << elementOf(values);
  if (shapeOf(sorted).size() != 1)
    return error() << "(C2) the sorted sequence has " << shapeOf(sorted).size()
                   << " dimensions instead of one";
  return typeOf(values);
}

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

TypeOrFailure BoundedOp::inferType(Adaptor adaptor, ErrorFn error) {
  Value extent = adaptor.getExtent();
  if (!shapeOf(extent).empty() || !elementOf(extent).isSignlessInteger(64))
    return error() << "(C1) the extent must be a tensor<i64>, got "
                   << extent.getType();
  if (failed(requireAxis(adaptor.getX(), adaptor.getAxis(), "C2", error)))
    return failure();
  return typeOf(adaptor.getX());
}

TypeOrFailure ExtentOp::inferType(Adaptor adaptor, ErrorFn error) {
  Value x = adaptor.getX();
  if (failed(requireAxis(x, adaptor.getAxis(), "C1", error)))
    return failure();
  return RankedTensorType::get({}, IntegerType::get(x.getContext(), 64));
}
