//===- Custom.cpp - Operations of the user's ------------------------------===//

#include "Lowering.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

namespace {
/// The body takes the place of the operation.
struct CustomLowering : OpConversionPattern<nn::CustomOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(nn::CustomOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Block &body = op.getBody().front();
    Operation *yield = body.getTerminator();
    rewriter.inlineBlockBefore(&body, op, adaptor.getInputs());
    SmallVector<Value> results(yield->getOperands());
    rewriter.eraseOp(yield);
    rewriter.replaceOp(op, results);
    return success();
  }
};
} // namespace

void dlc::conversion::populateCustom(TypeConverter &converter,
                                     RewritePatternSet &patterns) {
  patterns.add<CustomLowering>(converter, patterns.getContext());
}
