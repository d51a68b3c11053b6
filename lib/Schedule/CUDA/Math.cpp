//===- Math.cpp - Math functions for GPUs ---------------------------------===//

#include "Math.h"

#include "dlc/Schedule/Common/MathFunctions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"

using namespace mlir;

namespace {

/// exp(x) = 2^(x log2(e)). The product's rounding error is computed and made up
/// for (first-order), so that the relative error stays near that of the
/// instruction (2 ulp) for all x.
struct ExpOfPowersOfTwo : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getType().isF32())
      return failure();
    Location loc = op.getLoc();
    auto constant = [&](float value) -> Value {
      return arith::ConstantOp::create(rewriter, loc,
                                       rewriter.getF32FloatAttr(value));
    };
    constexpr float log2e = 1.44269504f;       // high part
    constexpr float log2eLow = 1.92596299e-8f; // log2(e) - high part
    constexpr float ln2 = 0.693147181f;
    // Beyond these the result is infinite or zero. Without infinities in the
    // product, its error is finite; NaN passes through both.
    Value x = arith::MinimumFOp::create(rewriter, loc, op.getOperand(),
                                        constant(89.0f));
    x = arith::MaximumFOp::create(rewriter, loc, x, constant(-105.0f));
    Value product = arith::MulFOp::create(rewriter, loc, x, constant(log2e));
    Value error =
        math::FmaOp::create(rewriter, loc, x, constant(log2e),
                            arith::NegFOp::create(rewriter, loc, product));
    error = math::FmaOp::create(rewriter, loc, x, constant(log2eLow), error);
    Value power = math::Exp2Op::create(rewriter, loc, product);
    Value factor = math::FmaOp::create(rewriter, loc, error, constant(ln2),
                                       constant(1.0f));
    rewriter.replaceOpWithNewOp<arith::MulFOp>(op, power, factor);
    return success();
  }
};

} // namespace

void dlc::schedule::populateCudaMathPatterns(RewritePatternSet &patterns) {
  patterns.add<ExpOfPowersOfTwo>(patterns.getContext());
  populateMathFunctionPatterns(patterns, /*hasExp=*/true);
  // f16 and bf16 functions are computed in f32: all of them, as those of f32
  // have instructions.
  populateMathF32ExpansionPatterns(patterns, [](StringRef) { return true; });
  arith::ConstantOp::getCanonicalizationPatterns(patterns,
                                                 patterns.getContext());
}
