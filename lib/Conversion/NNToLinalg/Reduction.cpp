//===- Reduction.cpp - Reductions over dimensions -------------------------===//

#include "Reduction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

SmallVector<int64_t> dlc::conversion::dropDims(ArrayRef<int64_t> shape,
                                               ArrayRef<int64_t> axes) {
  SmallVector<int64_t> kept;
  for (auto [dim, size] : llvm::enumerate(shape))
    if (!llvm::is_contained(axes, (int64_t)dim))
      kept.push_back(size);
  return kept;
}

AffineMap dlc::conversion::dropDimsMap(MLIRContext *context, unsigned rank,
                                       ArrayRef<int64_t> axes) {
  SmallVector<AffineExpr> exprs;
  for (unsigned dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(axes, (int64_t)dim))
      exprs.push_back(getAffineDimExpr(dim, context));
  return AffineMap::get(rank, 0, exprs, context);
}

Value dlc::conversion::reduceDims(LocBuilder &b, ArrayRef<Access> accesses,
                                  ArrayRef<int64_t> shape,
                                  ArrayRef<int64_t> axes, Value init,
                                  Body body) {
  auto type = RankedTensorType::get(dropDims(shape, axes), init.getType());
  return reduceTensors(b, type, dropDimsMap(b.getContext(), shape.size(), axes),
                       init, accesses, body);
}

namespace {
struct ReduceLowering : Lowering<nn::ReduceOp> {
  using Lowering::Lowering;

  /// A sum divided by the number of terms; of integers toward zero. The
  /// number's inverse would be rounded.
  static Value divideByCount(LocBuilder &b, Value sum, Type nnElement,
                             int64_t count) {
    Type type = sum.getType();
    if (isa<FloatType>(type))
      return arith::DivFOp::create(b, sum, floatConstant(b, type, count));
    Value divisor = intConstant(b, type, std::max<int64_t>(count, 1));
    if (isUnsigned(nnElement))
      return arith::DivUIOp::create(b, sum, divisor);
    return arith::DivSIOp::create(b, sum, divisor);
  }

  Value lower(nn::ReduceOp op, Adaptor adaptor, LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op.getType());
    Type nnElement = result.getElementType();
    bool isUnsignedType = isUnsigned(nnElement);
    nn::ReduceKind kind = op.getKind();
    Value x = adaptor.getX();
    ArrayRef<int64_t> shape = shapeOf(x);
    bool isMean = kind == nn::ReduceKind::Mean;
    int64_t count = 1;
    for (int64_t axis : op.getAxes())
      count *= shape[axis];

    // Narrow integers would overflow in the sum that a mean is made from.
    Type computed = computedType(nnElement), sumType = computed;
    if (isMean && isa<IntegerType>(computed))
      sumType = b.getI64Type();
    Type sumNNType = sumType;
    if (isMean && nnElement.isUnsignedInteger())
      sumNNType = IntegerType::get(b.getContext(), 64, IntegerType::Unsigned);

    Value init;
    switch (kind) {
    case nn::ReduceKind::Sum:
    case nn::ReduceKind::Mean:
      init = zeroConstant(b, sumType);
      break;
    case nn::ReduceKind::Max:
    case nn::ReduceKind::Min:
      init = limitConstant(b, computed, isUnsignedType,
                           kind == nn::ReduceKind::Max);
      break;
    case nn::ReduceKind::Prod:
      init = isa<FloatType>(computed) ? floatConstant(b, computed, 1.0)
                                      : intConstant(b, computed, 1);
      break;
    }
    Value reduced = reduceDims(
        b, {{x, b.getMultiDimIdentityMap(shape.size())}}, shape, op.getAxes(),
        init, [&](LocBuilder &b, ValueRange args) -> Value {
          Value value = load(b, args[0], nnElement), acc = args[1];
          switch (kind) {
          case nn::ReduceKind::Sum:
            return accumulate(b, acc, value);
          case nn::ReduceKind::Mean:
            if (isa<IntegerType>(computed))
              value = castScalar(b, value, nnElement, sumNNType);
            return accumulate(b, acc, value);
          case nn::ReduceKind::Max:
            return maximum(b, acc, value, isUnsignedType);
          case nn::ReduceKind::Min:
            return minimum(b, acc, value, isUnsignedType);
          case nn::ReduceKind::Prod:
            if (isa<FloatType>(computed))
              return arith::MulFOp::create(b, acc, value,
                                           arith::FastMathFlags::reassoc);
            return arith::MulIOp::create(b, acc, value);
          }
          llvm_unreachable("all kinds are listed");
        });
    RankedTensorType stored = storedType(typeOf(reduced).clone(nnElement));
    if (isMean || stored != typeOf(reduced)) {
      AffineMap identity = b.getMultiDimIdentityMap(stored.getRank());
      reduced =
          mapTensors(b, stored, {{reduced, identity}},
                     [&](LocBuilder &b, ValueRange args) {
                       Value value = args[0];
                       if (isMean) {
                         value = divideByCount(b, value, nnElement, count);
                         if (isa<IntegerType>(computed))
                           value = castScalar(b, value, sumNNType, nnElement);
                       }
                       return store(b, value, nnElement);
                     });
    }
    return reshapeTensor(b, reduced, result.getShape());
  }
};

/// First the extreme value of each row, then the least (or greatest) position
/// that holds it: two plain reductions, which vectorise.
struct ArgReduceLowering : Lowering<nn::ArgReduceOp> {
  using Lowering::Lowering;

  Value lower(nn::ArgReduceOp op, Adaptor adaptor,
              LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op.getType());
    Value x = adaptor.getX();
    Type nnElement = getElementTypeOrSelf(op.getX());
    Type computed = computedType(nnElement);
    bool isUnsignedType = isUnsigned(nnElement);
    bool isMax = op.getKind() == nn::ArgReduceKind::Max;
    bool isLast = op.getSelectLast();
    int64_t axis = op.getAxis();
    ArrayRef<int64_t> shape = shapeOf(x);
    AffineMap identity = b.getMultiDimIdentityMap(shape.size());
    Value extreme =
        reduceDims(b, {{x, identity}}, shape, axis,
                   limitConstant(b, computed, isUnsignedType, isMax),
                   [&](LocBuilder &b, ValueRange args) {
                     Value value = load(b, args[0], nnElement, Rounding::Kept);
                     return isMax ? maximum(b, args[1], value, isUnsignedType)
                                  : minimum(b, args[1], value, isUnsignedType);
                   });
    AffineMap rows = dropDimsMap(b.getContext(), shape.size(), axis);
    Type i64 = b.getI64Type();
    Value none = intConstant(b, i64, isLast ? -1 : shape[axis]);
    Value position = reduceDims(
        b, {{x, identity}, {extreme, rows}}, shape, axis, none,
        [&](LocBuilder &b, ValueRange args) {
          Value value = load(b, args[0], nnElement, Rounding::Kept), found;
          if (isa<FloatType>(computed)) {
            // a NaN is the extreme of its row, as in numpy
            found = arith::OrIOp::create(
                b,
                arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, value,
                                      args[1]),
                arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, value,
                                      value));
          } else {
            found = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, value,
                                          args[1]);
          }
          Value index = arith::IndexCastOp::create(
              b, i64, linalg::IndexOp::create(b, axis));
          Value missing = intConstant(b, i64, isLast ? -1 : shape[axis]);
          Value candidate = arith::SelectOp::create(b, found, index, missing);
          return isLast ? maximum(b, args[2], candidate, false)
                        : minimum(b, args[2], candidate, false);
        });
    return reshapeTensor(b, position, result.getShape());
  }
};

/// Each result element is a masked sum over its row. Rows are short where
/// models use this (positions, lengths), and the sums are independent of each
/// other.
struct CumSumLowering : Lowering<nn::CumSumOp> {
  using Lowering::Lowering;

  Value lower(nn::CumSumOp op, Adaptor adaptor, LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op.getType());
    Type nnElement = result.getElementType();
    Type computed = computedType(nnElement);
    MLIRContext *context = b.getContext();
    unsigned rank = result.getRank(), axis = op.getAxis();
    SmallVector<AffineExpr> outputs, reads;
    for (unsigned dim = 0; dim < rank; ++dim)
      outputs.push_back(getAffineDimExpr(dim, context));
    reads = outputs;
    reads[axis] = getAffineDimExpr(rank, context);
    auto predicate = op.getExclusive() ? arith::CmpIPredicate::slt
                                       : arith::CmpIPredicate::sle;
    Value sum = reduceTensors(
        b, RankedTensorType::get(result.getShape(), computed),
        AffineMap::get(rank + 1, 0, outputs, context),
        zeroConstant(b, computed),
        {{adaptor.getX(), AffineMap::get(rank + 1, 0, reads, context)}},
        [&](LocBuilder &b, ValueRange args) {
          Value target = linalg::IndexOp::create(b, axis);
          Value source = linalg::IndexOp::create(b, rank);
          if (op.getReverse())
            std::swap(target, source);
          Value counts = arith::CmpIOp::create(b, predicate, source, target);
          Value value =
              arith::SelectOp::create(b, counts, load(b, args[0], nnElement),
                                      zeroConstant(b, computed));
          return accumulate(b, args[1], value);
        });
    return castTensor(b, sum, computed, storedType(nnElement));
  }
};
} // namespace

void dlc::conversion::populateReduction(TypeConverter &converter,
                                        RewritePatternSet &patterns) {
  patterns.add<ReduceLowering, ArgReduceLowering, CumSumLowering>(
      converter, patterns.getContext());
}
