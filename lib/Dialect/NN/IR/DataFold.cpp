//===- DataFold.cpp - Folds of operations that move or reduce data --------===//

#include "Fold.h"
#include "Infer.h"

#include "dlc/Dialect/NN/IR/ExtentHints.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace dlc::nn;

static SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;)
    strides[d - 1] = strides[d] * shape[d];
  return strides;
}

//===----------------------------------------------------------------------===//
// Reshape, transpose, broadcast
//===----------------------------------------------------------------------===//

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  // reshape(reshape(x)), but of what says where dimensions are.
  auto inner = getX().getDefiningOp<ReshapeOp>();
  if (inner && !(*this)->hasAttr(kGroupsAttrName) &&
      !inner->hasAttr(kGroupsAttrName)) {
    if (inner.getX().getType() == getType())
      return inner.getX();
    getXMutable().assign(inner.getX());
    return getResult();
  }
  // The same bytes under another type, of any size, without a copy.
  if (auto dense = dyn_cast_if_present<DenseElementsAttr>(adaptor.getX()))
    return dense.reshape(getType());
  if (auto resource =
          dyn_cast_if_present<DenseResourceElementsAttr>(adaptor.getX()))
    return DenseResourceElementsAttr::get(getType(), resource.getRawHandle());
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  ArrayRef<int64_t> perm = getPerm();
  if (llvm::equal(perm, llvm::seq<int64_t>(0, perm.size())))
    return getX();
  if (auto inner = getX().getDefiningOp<TransposeOp>()) {
    auto both = llvm::map_to_vector(
        perm, [&](int64_t d) { return inner.getPerm()[d]; });
    setPerm(both);
    getXMutable().assign(inner.getX());
    return getResult();
  }
  DenseElementsAttr constant = smallConstant(adaptor.getX());
  if (!constant)
    return {};
  SmallVector<int64_t> strides = rowMajorStrides(getX().getType().getShape());
  return permuteElements(constant, getType(), [&](ArrayRef<int64_t> at) {
    int64_t offset = 0;
    for (auto [i, d] : llvm::enumerate(perm))
      offset += at[i] * strides[d];
    return offset;
  });
}

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  if (auto inner = getX().getDefiningOp<BroadcastOp>()) {
    getXMutable().assign(inner.getX());
    return getResult();
  }
  DenseElementsAttr constant = smallConstant(adaptor.getX());
  if (!constant)
    return {};
  ArrayRef<int64_t> from = getX().getType().getShape();
  SmallVector<int64_t> strides = rowMajorStrides(from);
  return permuteElements(constant, getType(), [&](ArrayRef<int64_t> at) {
    int64_t offset = 0;
    for (auto [d, size] : llvm::enumerate(from))
      if (size != 1)
        offset += at[at.size() - from.size() + d] * strides[d];
    return offset;
  });
}

//===----------------------------------------------------------------------===//
// Concat, slice, pad
//===----------------------------------------------------------------------===//

OpFoldResult ConcatOp::fold(FoldAdaptor adaptor) {
  if (getInputs().size() == 1)
    return getInputs().front();
  int64_t axis = getAxis();
  SmallVector<DenseElementsAttr> constants;
  for (Attribute input : adaptor.getInputs()) {
    constants.push_back(smallConstant(input));
    if (!constants.back())
      return {};
  }
  RankedTensorType type = getType();
  if (type.getNumElements() == 0 || type.getNumElements() > maxFoldedElements)
    return {};
  SmallVector<Attribute> result(type.getNumElements());
  ArrayRef<int64_t> shape = type.getShape();
  int64_t inner = ShapedType::getNumElements(shape.drop_front(axis + 1));
  int64_t outer = ShapedType::getNumElements(shape.take_front(axis));
  int64_t row = shape[axis] * inner, first = 0;
  for (DenseElementsAttr constant : constants) {
    int64_t length = constant.getType().getDimSize(axis) * inner;
    auto values = constant.getValues<Attribute>();
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t i = 0; i < length; ++i)
        result[o * row + first + i] = values[o * length + i];
    first += length;
  }
  return DenseElementsAttr::get(type, result);
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  bool reverses =
      llvm::any_of(llvm::zip(getSteps(), getType().getShape()), [](auto pair) {
        return std::get<0>(pair) < 0 && std::get<1>(pair) > 1;
      });
  if (getX().getType() == getType() && !reverses)
    return getX();
  if (auto inner = getX().getDefiningOp<SliceOp>()) {
    SmallVector<int64_t> starts, steps;
    for (size_t d = 0, rank = getStarts().size(); d < rank; ++d) {
      starts.push_back(inner.getStarts()[d] +
                       getStarts()[d] * inner.getSteps()[d]);
      steps.push_back(getSteps()[d] * inner.getSteps()[d]);
    }
    // An empty slice may start anywhere, even where this would overflow.
    if (getType().getNumElements() != 0) {
      setStarts(starts);
      setSteps(steps);
      getXMutable().assign(inner.getX());
      return getResult();
    }
  }
  DenseElementsAttr constant = smallConstant(adaptor.getX());
  if (!constant)
    return {};
  SmallVector<int64_t> strides = rowMajorStrides(getX().getType().getShape());
  return permuteElements(constant, getType(), [&](ArrayRef<int64_t> at) {
    int64_t offset = 0;
    for (auto [d, i] : llvm::enumerate(at))
      offset += (getStarts()[d] + i * getSteps()[d]) * strides[d];
    return offset;
  });
}

OpFoldResult PadOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  // Padding equal elements with the same.
  auto x = dyn_cast_if_present<DenseElementsAttr>(adaptor.getX());
  if (!x || !x.isSplat() || x.getNumElements() == 0)
    return {};
  if (getMode() == PadMode::Constant) {
    DenseElementsAttr value = smallConstant(adaptor.getValue());
    if (!value ||
        value.getValues<Attribute>()[0] != x.getSplatValue<Attribute>())
      return {};
  }
  return x.resizeSplat(getType());
}

OpFoldResult ResizeOp::fold(FoldAdaptor adaptor) {
  // Every coordinate transformation is the identity at scale 1, if that is what
  // it will be.
  if (!(*this)->hasAttr(kResizedAttrName) && getComputed().empty() &&
      llvm::all_of(getScales(), [](double scale) { return scale == 1; }))
    return getX();
  return {};
}

//===----------------------------------------------------------------------===//
// Gather, reduce
//===----------------------------------------------------------------------===//

OpFoldResult GatherOp::fold(FoldAdaptor adaptor) {
  DenseElementsAttr data = smallConstant(adaptor.getData());
  DenseElementsAttr indices = smallConstant(adaptor.getIndices());
  if (!data || !indices)
    return {};
  int64_t axis = getAxis();
  ArrayRef<int64_t> shape = getData().getType().getShape();
  ArrayRef<int64_t> indexShape = getIndices().getType().getShape();
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  SmallVector<int64_t> indexStrides = rowMajorStrides(indexShape);
  auto indexValues = indices.getValues<APInt>();
  size_t rank = indexShape.size();
  return permuteElements(data, getType(), [&](ArrayRef<int64_t> at) {
    int64_t position = 0, offset = 0;
    for (size_t i = 0; i < rank; ++i)
      position += at[axis + i] * indexStrides[i];
    int64_t index =
        indexValues[indices.isSplat() ? 0 : position].getSExtValue();
    if (index < 0)
      index += shape[axis];
    index = std::clamp<int64_t>(index, 0, shape[axis] - 1);
    for (size_t d = 0; d < shape.size(); ++d) {
      int64_t i = int64_t(d) < axis    ? at[d]
                  : int64_t(d) == axis ? index
                                       : at[d + rank - 1];
      offset += i * strides[d];
    }
    return offset;
  });
}

OpFoldResult ReduceOp::fold(FoldAdaptor adaptor) {
  if (getAxes().empty())
    return getX();
  // Products of shapes and the like: integers, all dimensions.
  DenseElementsAttr x = smallConstant(adaptor.getX());
  if (!x || !getType().getElementType().isSignlessInteger() ||
      getType().getNumElements() != 1 || x.getNumElements() == 0 ||
      x.getNumElements() > maxFoldedElements)
    return {};
  auto values = x.getValues<APInt>();
  APInt result = *values.begin();
  for (const APInt &value : llvm::drop_begin(values)) {
    switch (getKind()) {
    case ReduceKind::Sum:
      result += value;
      break;
    case ReduceKind::Prod:
      result *= value;
      break;
    case ReduceKind::Max:
      result = llvm::APIntOps::smax(result, value);
      break;
    case ReduceKind::Min:
      result = llvm::APIntOps::smin(result, value);
      break;
    case ReduceKind::Mean:
      return {};
    }
  }
  return DenseElementsAttr::get(getType(), result);
}
