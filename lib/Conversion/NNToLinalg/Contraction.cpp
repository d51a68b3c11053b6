//===- Contraction.cpp - Matrix products ----------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

namespace {
/// Loops: batch..., m, n, k. Batch dimensions of an operand that broadcast are
/// read at 0.
struct MatmulLowering : Lowering<nn::MatmulOp> {
  using Lowering::Lowering;

  Value lower(nn::MatmulOp op, Adaptor adaptor, LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op.getType());
    Type computed = computedType(result.getElementType());
    MLIRContext *context = b.getContext();
    unsigned rank = result.getRank(), numLoops = rank + 1;
    AffineExpr m = getAffineDimExpr(rank - 2, context);
    AffineExpr n = getAffineDimExpr(rank - 1, context);
    AffineExpr k = getAffineDimExpr(rank, context);
    auto access = [&](Value operand, AffineExpr row, AffineExpr column) {
      AffineMap batch = broadcastMap(context, shapeOf(operand).drop_back(2),
                                     result.getShape().drop_back(2));
      SmallVector<AffineExpr> exprs(batch.getResults());
      exprs.append({row, column});
      return Access{operand, AffineMap::get(numLoops, 0, exprs, context)};
    };
    Value product = reduceTensors(
        b, RankedTensorType::get(result.getShape(), computed),
        AffineMap::getMultiDimIdentityMap(numLoops, context).dropResult(rank),
        zeroConstant(b, computed),
        {access(adaptor.getLhs(), m, k), access(adaptor.getRhs(), k, n)},
        [&](LocBuilder &b, ValueRange args) {
          return multiplyAccumulate(
              b, args[2],
              loadFactor(b, args[0], getElementTypeOrSelf(op.getLhs()),
                         computed),
              loadFactor(b, args[1], getElementTypeOrSelf(op.getRhs()),
                         computed));
        });
    return castTensor(b, product, computed, result.getElementType());
  }
};
} // namespace

void dlc::conversion::populateContraction(TypeConverter &converter,
                                          RewritePatternSet &patterns) {
  patterns.add<MatmulLowering>(converter, patterns.getContext());
}
