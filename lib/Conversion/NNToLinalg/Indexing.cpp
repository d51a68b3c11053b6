//===- Indexing.cpp - Elements picked by runtime indices ------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

/// An index into a dimension of `size` elements: negative ones count from the
/// end, and whatever the input holds, nothing outside the tensor is read.
static Value wrapIndex(LocBuilder &b, Value index, int64_t size) {
  Value position = index;
  if (!isa<IndexType>(index.getType()))
    position = arith::IndexCastOp::create(b, b.getIndexType(), index);
  Value zero = indexConstant(b, 0);
  Value isNegative =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, position, zero);
  Value wrapped = arith::SelectOp::create(
      b, isNegative, arith::AddIOp::create(b, position, indexConstant(b, size)),
      position);
  return arith::MinSIOp::create(b, arith::MaxSIOp::create(b, wrapped, zero),
                                indexConstant(b, size - 1));
}

namespace {
struct GatherLowering : Lowering<nn::GatherOp> {
  using Lowering::Lowering;

  Value lower(nn::GatherOp op, Adaptor adaptor, LocBuilder &b) const override {
    RankedTensorType type = storedType(cast<RankedTensorType>(op.getType()));
    Value data = adaptor.getData(), indices = adaptor.getIndices();
    int64_t axis = op.getAxis(), size = shapeOf(data)[axis];
    int64_t count = typeOf(indices).getRank();

    // one known index is a slice, which costs nothing
    if (std::optional<TypedAttr> index = splatElement(indices);
        index && typeOf(indices).getNumElements() == 1) {
      int64_t position = cast<IntegerAttr>(*index).getValue().getSExtValue();
      position += position < 0 ? size : 0;
      SmallVector<int64_t> offsets(shapeOf(data).size());
      SmallVector<int64_t> ones(shapeOf(data).size(), 1);
      SmallVector<int64_t> sizes(shapeOf(data));
      offsets[axis] = std::clamp<int64_t>(position, 0, size - 1);
      sizes[axis] = 1;
      return reshapeTensor(b, sliceTensor(b, data, offsets, sizes, ones),
                           type.getShape());
    }

    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < count; ++i)
      exprs.push_back(b.getAffineDimExpr(axis + i));
    AffineMap map = AffineMap::get(type.getRank(), 0, exprs, b.getContext());
    return mapTensors(
        b, type, {{indices, map}}, [&](LocBuilder &b, ValueRange args) {
          SmallVector<Value> position;
          for (int64_t dim = 0; dim < typeOf(data).getRank(); ++dim) {
            if (dim == axis)
              position.push_back(wrapIndex(b, args[0], size));
            else
              position.push_back(linalg::IndexOp::create(
                  b, dim < axis ? dim : dim + count - 1));
          }
          return tensor::ExtractOp::create(b, data, position);
        });
  }
};

struct GatherNDLowering : Lowering<nn::GatherNDOp> {
  using Lowering::Lowering;

  Value lower(nn::GatherNDOp op, Adaptor adaptor,
              LocBuilder &b) const override {
    RankedTensorType type = storedType(cast<RankedTensorType>(op.getType()));
    Value data = adaptor.getData(), indices = adaptor.getIndices();
    int64_t batch = op.getBatchDims();
    int64_t outer = typeOf(indices).getRank() - 1;
    int64_t length = shapeOf(indices).back();

    // each element of the tuple is one operand, read at a constant column
    SmallVector<Access> accesses;
    for (int64_t i = 0; i < length; ++i) {
      SmallVector<AffineExpr> exprs;
      for (int64_t dim = 0; dim < outer; ++dim)
        exprs.push_back(b.getAffineDimExpr(dim));
      exprs.push_back(b.getAffineConstantExpr(i));
      accesses.push_back(
          {indices, AffineMap::get(type.getRank(), 0, exprs, b.getContext())});
    }
    return mapTensors(b, type, accesses, [&](LocBuilder &b, ValueRange args) {
      SmallVector<Value> position;
      for (int64_t dim = 0; dim < typeOf(data).getRank(); ++dim) {
        if (dim < batch)
          position.push_back(linalg::IndexOp::create(b, dim));
        else if (dim < batch + length)
          position.push_back(
              wrapIndex(b, args[dim - batch], shapeOf(data)[dim]));
        else
          position.push_back(
              linalg::IndexOp::create(b, outer + dim - batch - length));
      }
      return tensor::ExtractOp::create(b, data, position);
    });
  }
};

/// Binary search, its rounds written out: all values are looked for at once.
struct SearchSortedLowering : Lowering<nn::SearchSortedOp> {
  using Lowering::Lowering;

  Value lower(nn::SearchSortedOp op, Adaptor adaptor,
              LocBuilder &b) const override {
    auto type = cast<RankedTensorType>(op.getType());
    Value sorted = adaptor.getSorted();
    int64_t size = shapeOf(sorted)[0];
    AffineMap map = b.getMultiDimIdentityMap(type.getRank());
    return mapTensors(b, type, {{adaptor.getValues(), map}},
                      [&](LocBuilder &b, ValueRange args) {
                        Value count = indexConstant(b, 0);
                        for (int64_t step = llvm::bit_floor(uint64_t(size));
                             step > 0; step /= 2)
                          count = goOn(b, sorted, args[0], count, step);
                        return arith::IndexCastOp::create(
                            b, type.getElementType(), count);
                      });
  }

private:
  /// `count` elements are known to be less: looks whether `step` more are.
  static Value goOn(LocBuilder &b, Value sorted, Value value, Value count,
                    int64_t step) {
    Value size = indexConstant(b, shapeOf(sorted)[0]);
    Value next = arith::AddIOp::create(b, count, indexConstant(b, step));
    Value exists =
        arith::CmpIOp::create(b, arith::CmpIPredicate::sle, next, size);
    Value last = arith::SubIOp::create(b, arith::MinSIOp::create(b, next, size),
                                       indexConstant(b, 1));
    Value element = tensor::ExtractOp::create(b, sorted, last);
    Value isLess =
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, element, value);
    return arith::SelectOp::create(b, arith::AndIOp::create(b, exists, isLess),
                                   next, count);
  }
};
} // namespace

void dlc::conversion::populateIndexing(TypeConverter &converter,
                                       RewritePatternSet &patterns) {
  patterns.add<GatherLowering, GatherNDLowering, SearchSortedLowering>(
      converter, patterns.getContext());
}
