//===- Shape.cpp - Constants and movement of data -------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

/// The same elements under the stored type; blobs are shared, not copied.
static ElementsAttr storedConstant(ElementsAttr value, RankedTensorType type) {
  if (value.getShapedType() == type)
    return value;
  Type element = value.getElementType();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    // a narrower one holds one element a byte: the stored form already
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  }
  if (isNarrowFloat(element))
    return DenseElementsAttr::getFromRawBuffer(
        type, cast<DenseElementsAttr>(value).getRawData());
  unsigned width = cast<IntegerType>(element).getWidth();
  auto widen = [&](const APInt &bits) {
    return isUnsigned(element) ? bits.zext(8) : bits.sext(8);
  };
  auto dense = cast<DenseIntElementsAttr>(value);
  if (dense.isSplat()) {
    APInt bits = dense.getSplatValue<APInt>();
    return DenseElementsAttr::get(type, width < 8 ? widen(bits) : bits);
  }
  if (width >= 8)
    return DenseElementsAttr::getFromRawBuffer(type, dense.getRawData());
  SmallVector<APInt> elements;
  for (const APInt &bits : dense.getValues<APInt>())
    elements.push_back(widen(bits));
  return DenseElementsAttr::get(type, elements);
}

namespace {
struct ConstantLowering : OpConversionPattern<nn::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(nn::ConstantOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    ElementsAttr value = storedConstant(
        op.getValue(), storedType(cast<RankedTensorType>(op.getType())));
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, cast<TypedAttr>(value));
    return success();
  }
};

struct ReshapeLowering : Lowering<nn::ReshapeOp> {
  using Lowering::Lowering;

  Value lower(nn::ReshapeOp op, Adaptor adaptor, LocBuilder &b) const override {
    return reshapeTensor(b, adaptor.getX(),
                         cast<RankedTensorType>(op.getType()).getShape());
  }
};

struct TransposeLowering : Lowering<nn::TransposeOp> {
  using Lowering::Lowering;

  Value lower(nn::TransposeOp op, Adaptor adaptor,
              LocBuilder &b) const override {
    SmallVector<unsigned> inverse(op.getPerm().size());
    for (auto [i, dim] : llvm::enumerate(op.getPerm()))
      inverse[dim] = i;
    AffineMap map = AffineMap::getPermutationMap(inverse, b.getContext());
    return mapTensors(b, storedType(cast<RankedTensorType>(op.getType())),
                      {{adaptor.getX(), map}},
                      [](LocBuilder &, ValueRange args) { return args[0]; });
  }
};

struct BroadcastLowering : Lowering<nn::BroadcastOp> {
  using Lowering::Lowering;

  Value lower(nn::BroadcastOp op, Adaptor adaptor,
              LocBuilder &b) const override {
    RankedTensorType type = storedType(cast<RankedTensorType>(op.getType()));
    if (typeOf(adaptor.getX()) == type)
      return adaptor.getX();
    return mapTensors(b, type,
                      {broadcastAccess(adaptor.getX(), type.getShape())},
                      [](LocBuilder &, ValueRange args) { return args[0]; });
  }
};

struct ConcatLowering : Lowering<nn::ConcatOp> {
  using Lowering::Lowering;

  Value lower(nn::ConcatOp op, Adaptor adaptor, LocBuilder &b) const override {
    RankedTensorType type = storedType(cast<RankedTensorType>(op.getType()));
    Value result = emptyTensor(b, type.getShape(), type.getElementType());
    SmallVector<int64_t> offsets(type.getRank());
    for (Value input : adaptor.getOperands()) {
      result = insertTensor(b, input, result, offsets);
      offsets[op.getAxis()] += shapeOf(input)[op.getAxis()];
    }
    return result;
  }
};

struct SliceLowering : Lowering<nn::SliceOp> {
  using Lowering::Lowering;

  Value lower(nn::SliceOp op, Adaptor adaptor, LocBuilder &b) const override {
    RankedTensorType type = storedType(cast<RankedTensorType>(op.getType()));
    SmallVector<int64_t> steps(op.getSteps());
    for (auto [step, size] : llvm::zip_equal(steps, type.getShape()))
      if (size == 1)
        step = 1; // of one element, any step is the same
    if (llvm::all_of(steps, [](int64_t step) { return step > 0; }))
      return sliceTensor(b, adaptor.getX(), op.getStarts(), type.getShape(),
                         steps);
    // The elements in rising order first: an indexing map must cover its
    // operand.
    SmallVector<int64_t> starts(op.getStarts());
    SmallVector<AffineExpr> exprs;
    for (auto [dim, size] : llvm::enumerate(type.getShape())) {
      AffineExpr index = b.getAffineDimExpr(dim);
      if (steps[dim] < 0) {
        starts[dim] += (size - 1) * steps[dim];
        steps[dim] = -steps[dim];
        index = b.getAffineConstantExpr(size - 1) - index;
      }
      exprs.push_back(index);
    }
    Value rising =
        sliceTensor(b, adaptor.getX(), starts, type.getShape(), steps);
    AffineMap map = AffineMap::get(type.getRank(), 0, exprs, b.getContext());
    return mapTensors(b, type, {{rising, map}},
                      [](LocBuilder &, ValueRange args) { return args[0]; });
  }
};

struct PadLowering : Lowering<nn::PadOp> {
  using Lowering::Lowering;

  /// Where in a dimension of `size` elements the padding at `position` comes
  /// from, position 0 being the first element.
  static Value sourceIndex(LocBuilder &b, nn::PadMode mode, Value position,
                           int64_t size) {
    Value zero = indexConstant(b, 0), last = indexConstant(b, size - 1);
    switch (mode) {
    case nn::PadMode::Constant:
      break;
    case nn::PadMode::Edge:
      return arith::MinSIOp::create(
          b, arith::MaxSIOp::create(b, position, zero), last);
    case nn::PadMode::Reflect: {
      Value mirrored = arith::MaxSIOp::create(
          b, position, arith::SubIOp::create(b, zero, position));
      Value twice = indexConstant(b, 2 * (size - 1));
      return arith::MinSIOp::create(b, mirrored,
                                    arith::SubIOp::create(b, twice, mirrored));
    }
    case nn::PadMode::Wrap: {
      Value period = indexConstant(b, size);
      Value rest = arith::RemSIOp::create(b, position, period);
      Value isNegative =
          arith::CmpIOp::create(b, arith::CmpIPredicate::slt, rest, zero);
      return arith::SelectOp::create(
          b, isNegative, arith::AddIOp::create(b, rest, period), rest);
    }
    }
    llvm_unreachable("constant padding reads no source");
  }

  Value lower(nn::PadOp op, Adaptor adaptor, LocBuilder &b) const override {
    RankedTensorType type = storedType(cast<RankedTensorType>(op.getType()));
    Value x = adaptor.getX();
    if (op.getMode() == nn::PadMode::Constant) {
      if (std::optional<TypedAttr> splat = splatElement(adaptor.getValue()))
        return padTensor(b, x, op.getLo(), op.getHi(),
                         arith::ConstantOp::create(b, *splat));
      // A computed value: `x` is put into a tensor filled with it.
      AffineMap scalar = AffineMap::get(type.getRank(), 0, b.getContext());
      Value filled =
          mapTensors(b, type, {{adaptor.getValue(), scalar}},
                     [](LocBuilder &, ValueRange args) { return args[0]; });
      return insertTensor(b, x, filled, op.getLo());
    }
    return mapTensors(b, type, {}, [&](LocBuilder &b, ValueRange) {
      SmallVector<Value> indices;
      for (auto [dim, size] : llvm::enumerate(shapeOf(x))) {
        Value position = linalg::IndexOp::create(b, dim);
        if (op.getLo()[dim] || op.getHi()[dim]) {
          if (op.getLo()[dim])
            position = arith::SubIOp::create(b, position,
                                             indexConstant(b, op.getLo()[dim]));
          position = sourceIndex(b, op.getMode(), position, size);
        }
        indices.push_back(position);
      }
      return tensor::ExtractOp::create(b, x, indices);
    });
  }
};
} // namespace

void dlc::conversion::populateShape(TypeConverter &converter,
                                    RewritePatternSet &patterns) {
  patterns.add<ConstantLowering, ReshapeLowering, TransposeLowering,
               BroadcastLowering, ConcatLowering, SliceLowering, PadLowering>(
      converter, patterns.getContext());
}
