//===- Variances.cpp - Variances are means of squares of differences ------===//

#include "dlc/Dialect/NN/Transforms/Passes.h"

#include "Values.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace dlc::nn {
#define GEN_PASS_DEF_NNVARIANCES
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace dlc::nn

using namespace mlir;
using namespace dlc::nn;

namespace {

/// mean(x^2) - mean(x)^2 as the mean of (x - mean(x))^2.
struct VarianceOfSquares : OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SubOp op,
                                PatternRewriter &rewriter) const override {
    auto ofSquares = meanOf(op.getLhs());
    auto mean = meanOf(squared(op.getRhs()));
    if (!ofSquares || !mean || squared(ofSquares.getX()) != mean.getX() ||
        ofSquares.getAxes() != mean.getAxes() ||
        ofSquares.getKeepdims() != mean.getKeepdims())
      return failure();
    Value x = mean.getX();
    Value kept = ReduceOp::create(rewriter, op.getLoc(), ReduceKind::Mean, x,
                                  mean.getAxes(), /*keepdims=*/true);
    Value centred = SubOp::create(rewriter, op.getLoc(), x, kept);
    Value squares = MulOp::create(rewriter, op.getLoc(), centred, centred);
    rewriter.replaceOpWithNewOp<ReduceOp>(op, ReduceKind::Mean, squares,
                                          mean.getAxes(), mean.getKeepdims());
    return success();
  }

private:
  /// What `value` is the square of, or null.
  static Value squared(Value value) {
    if (auto product = value.getDefiningOp<MulOp>())
      return product.getLhs() == product.getRhs() ? product.getLhs() : Value();
    auto power = value.getDefiningOp<PowOp>();
    return power && power.getLhs().getType() == power.getType() &&
                   getUniform(power.getRhs()) == 2
               ? power.getLhs()
               : Value();
  }
  static ReduceOp meanOf(Value value) {
    auto reduce = value ? value.getDefiningOp<ReduceOp>() : ReduceOp();
    bool isMean = reduce && reduce.getKind() == ReduceKind::Mean &&
                  isa<FloatType>(typeOf(reduce.getX()).getElementType());
    return isMean ? reduce : ReduceOp();
  }
};

struct NNVariances : public dlc::nn::impl::NNVariancesBase<NNVariances> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<VarianceOfSquares>(&getContext());
    // In graphs without variances nothing is to change.
    GreedyRewriteConfig config;
    config.enableFolding(false);
    config.enableConstantCSE(false);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
