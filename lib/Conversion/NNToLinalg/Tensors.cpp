//===- Tensors.cpp - Structured ops on static tensors ---------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace dlc::conversion;

static SmallVector<OpFoldResult> asAttrs(LocBuilder &b,
                                         ArrayRef<int64_t> values) {
  return llvm::map_to_vector(
      values, [&](int64_t v) -> OpFoldResult { return b.getIndexAttr(v); });
}

Value dlc::conversion::emptyTensor(LocBuilder &b, ArrayRef<int64_t> shape,
                                   Type element) {
  return tensor::EmptyOp::create(b, shape, element);
}

Value dlc::conversion::filledTensor(LocBuilder &b, ArrayRef<int64_t> shape,
                                    Value scalar) {
  Value empty = emptyTensor(b, shape, scalar.getType());
  if (typeOf(empty).getNumElements() == 0)
    return empty;
  return linalg::FillOp::create(b, scalar, empty).getResult(0);
}

AffineMap dlc::conversion::broadcastMap(MLIRContext *context,
                                        ArrayRef<int64_t> operandShape,
                                        ArrayRef<int64_t> resultShape) {
  size_t offset = resultShape.size() - operandShape.size();
  SmallVector<AffineExpr> exprs;
  for (auto [i, size] : llvm::enumerate(operandShape))
    exprs.push_back(size == 1 && resultShape[offset + i] != 1
                        ? getAffineConstantExpr(0, context)
                        : getAffineDimExpr(offset + i, context));
  return AffineMap::get(resultShape.size(), 0, exprs, context);
}

/// Builds one generic. Splat constants are not read but made in the body.
static Value makeGeneric(LocBuilder &b, Value init, AffineMap outputMap,
                         ArrayRef<Access> accesses,
                         ArrayRef<utils::IteratorType> iterators,
                         bool bodyTakesOutput, Body body) {
  // a loop must keep one operand whose map gives its size
  SmallVector<bool> sized(outputMap.getNumDims());
  auto markSized = [&](AffineMap map) {
    for (AffineExpr expr : map.getResults())
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        sized[dim.getPosition()] = true;
  };
  markSized(outputMap);
  SmallVector<std::optional<TypedAttr>> splats;
  for (const Access &access : accesses) {
    splats.push_back(splatElement(access.tensor));
    if (!splats.back())
      markSized(access.map);
  }
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (auto [access, splat] : llvm::zip_equal(accesses, splats)) {
    bool isNeeded = false;
    for (AffineExpr expr : access.map.getResults())
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        isNeeded |= !sized[dim.getPosition()];
    if (splat && !isNeeded)
      continue;
    splat.reset();
    markSized(access.map);
    inputs.push_back(access.tensor);
    maps.push_back(access.map);
  }
  maps.push_back(outputMap);
  auto generic = linalg::GenericOp::create(
      b, init.getType(), inputs, init, maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        LocBuilder inner(loc, nested);
        SmallVector<Value> values;
        size_t next = 0;
        for (const std::optional<TypedAttr> &splat : splats)
          values.push_back(
              splat ? arith::ConstantOp::create(inner, *splat).getResult()
                    : args[next++]);
        if (bodyTakesOutput)
          values.push_back(args.back());
        linalg::YieldOp::create(inner, body(inner, values));
      });
  return generic.getResult(0);
}

Value dlc::conversion::mapTensors(LocBuilder &b, RankedTensorType result,
                                  ArrayRef<Access> accesses, Body body) {
  Value empty = emptyTensor(b, result.getShape(), result.getElementType());
  if (result.getNumElements() == 0)
    return empty;
  SmallVector<utils::IteratorType> iterators(result.getRank(),
                                             utils::IteratorType::parallel);
  return makeGeneric(b, empty, b.getMultiDimIdentityMap(result.getRank()),
                     accesses, iterators, /*bodyTakesOutput=*/false, body);
}

Value dlc::conversion::reduceTensors(LocBuilder &b, RankedTensorType result,
                                     AffineMap outputMap, Value init,
                                     ArrayRef<Access> accesses, Body body) {
  Value start = filledTensor(b, result.getShape(), init);
  if (result.getNumElements() == 0)
    return start;
  for (const Access &access : accesses)
    if (typeOf(access.tensor).getNumElements() == 0)
      return start;
  SmallVector<utils::IteratorType> iterators(outputMap.getNumDims(),
                                             utils::IteratorType::reduction);
  for (AffineExpr expr : outputMap.getResults())
    expr.walk([&](AffineExpr part) {
      if (auto dim = dyn_cast<AffineDimExpr>(part))
        iterators[dim.getPosition()] = utils::IteratorType::parallel;
    });
  return makeGeneric(b, start, outputMap, accesses, iterators,
                     /*bodyTakesOutput=*/true, body);
}

Value dlc::conversion::reshapeTensor(LocBuilder &b, Value tensor,
                                     ArrayRef<int64_t> shape) {
  RankedTensorType source = typeOf(tensor);
  if (source.getShape() == shape)
    return tensor;
  Type element = source.getElementType();
  auto target = RankedTensorType::get(shape, element);
  if (target.getNumElements() == 0)
    return emptyTensor(b, shape, element);

  // Cut both shapes into the shortest runs with equal products. Unit dimensions
  // join the run before them (the first run takes leading ones).
  SmallVector<ReassociationIndices> sourceRuns, targetRuns;
  SmallVector<int64_t> common;
  int64_t i = 0, j = 0, m = source.getRank(), n = shape.size();
  while (i < m && j < n) {
    ReassociationIndices sourceRun{i}, targetRun{j};
    int64_t left = source.getDimSize(i++), right = shape[j++];
    while (left != right) {
      if (left < right) {
        left *= source.getDimSize(i);
        sourceRun.push_back(i++);
      } else {
        right *= shape[j];
        targetRun.push_back(j++);
      }
    }
    common.push_back(left);
    sourceRuns.push_back(sourceRun);
    targetRuns.push_back(targetRun);
  }
  if (common.empty()) {
    // rank 0 on one side: the other has unit dimensions only
    if (m > 0)
      return tensor::CollapseShapeOp::create(b, target, tensor,
                                             ArrayRef<ReassociationIndices>{});
    return tensor::ExpandShapeOp::create(b, target, tensor,
                                         ArrayRef<ReassociationIndices>{});
  }
  for (; i < m; ++i)
    sourceRuns.back().push_back(i);
  for (; j < n; ++j)
    targetRuns.back().push_back(j);

  if ((int64_t)common.size() != m)
    tensor = tensor::CollapseShapeOp::create(
        b, RankedTensorType::get(common, element), tensor, sourceRuns);
  if ((int64_t)common.size() != n)
    tensor = tensor::ExpandShapeOp::create(b, target, tensor, targetRuns);
  return tensor;
}

Value dlc::conversion::sliceTensor(LocBuilder &b, Value tensor,
                                   ArrayRef<int64_t> offsets,
                                   ArrayRef<int64_t> sizes,
                                   ArrayRef<int64_t> strides) {
  if (shapeOf(tensor) == sizes &&
      llvm::all_of(offsets, [](int64_t v) { return v == 0; }))
    return tensor;
  return tensor::ExtractSliceOp::create(b, tensor, asAttrs(b, offsets),
                                        asAttrs(b, sizes), asAttrs(b, strides));
}

Value dlc::conversion::insertTensor(LocBuilder &b, Value tensor, Value into,
                                    ArrayRef<int64_t> offsets) {
  if (typeOf(tensor).getNumElements() == 0)
    return into;
  if (typeOf(tensor) == typeOf(into))
    return tensor;
  SmallVector<int64_t> ones(offsets.size(), 1);
  return tensor::InsertSliceOp::create(b, tensor, into, asAttrs(b, offsets),
                                       asAttrs(b, shapeOf(tensor)),
                                       asAttrs(b, ones));
}

Value dlc::conversion::padTensor(LocBuilder &b, Value tensor,
                                 ArrayRef<int64_t> lo, ArrayRef<int64_t> hi,
                                 Value scalar) {
  SmallVector<int64_t> offsets, sizes, low, high, shape;
  bool cuts = false, grows = false;
  for (auto [size, l, h] : llvm::zip_equal(shapeOf(tensor), lo, hi)) {
    // cutting more than there is leaves nothing of this tensor
    int64_t begin = std::clamp<int64_t>(-l, 0, size);
    int64_t end = std::clamp<int64_t>(size + h, begin, size);
    offsets.push_back(begin);
    sizes.push_back(end - begin);
    shape.push_back(size + l + h);
    low.push_back(std::max<int64_t>(l, 0));
    high.push_back(shape.back() - low.back() - sizes.back());
    cuts |= sizes.back() != size;
    grows |= low.back() || high.back();
  }
  if (llvm::is_contained(sizes, 0))
    return filledTensor(b, shape, scalar);
  if (cuts) {
    SmallVector<int64_t> ones(sizes.size(), 1);
    tensor = sliceTensor(b, tensor, offsets, sizes, ones);
  }
  if (!grows)
    return tensor;
  auto type = RankedTensorType::get(shape, scalar.getType());
  return tensor::PadOp::create(b, type, tensor, asAttrs(b, low),
                               asAttrs(b, high), scalar);
}

Value dlc::conversion::castTensor(LocBuilder &b, Value tensor, Type from,
                                  Type to) {
  if (from == to)
    return tensor;
  auto type = RankedTensorType::get(shapeOf(tensor), storedType(to));
  AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
  return mapTensors(b, type, {{tensor, identity}},
                    [&](LocBuilder &b, ValueRange args) {
                      Value x = load(b, args[0], from);
                      return store(b, castScalar(b, x, from, to), to);
                    });
}

Value dlc::conversion::constantTensor(LocBuilder &b, ArrayRef<int64_t> shape,
                                      Type element, ArrayRef<double> values) {
  auto type = RankedTensorType::get(shape, element);
  auto floatType = cast<FloatType>(element);
  SmallVector<APFloat> elements;
  for (double value : values) {
    APFloat element(value);
    bool losesInfo;
    element.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                    &losesInfo);
    elements.push_back(element);
  }
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, elements));
}

Value dlc::conversion::constantTensor(LocBuilder &b, ArrayRef<int64_t> shape,
                                      ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get(shape, b.getI64Type());
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, values));
}
