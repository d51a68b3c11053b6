//===- Prepare.cpp - Brings structured ops into fusable form --------------===//

#include "ExcessPrecision.h"
#include "PreparePatterns.h"
#include "Structure.h"

#include "dlc/Dialect/Dispatch/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace dlc::dispatch {
#define GEN_PASS_DEF_PREPAREPASS
#include "dlc/Dialect/Dispatch/Transforms/Passes.h.inc"
} // namespace dlc::dispatch

using namespace mlir;
using namespace dlc::dispatch;

/// Canonicalization patterns of the dialects of this level.
static void populateCanonicalization(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  static constexpr StringRef kDialects[] = {"arith", "linalg", "math",
                                            "tensor"};
  for (StringRef name : kDialects)
    if (Dialect *dialect = context->getLoadedDialect(name))
      dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName op : context->getRegisteredOperations())
    if (llvm::is_contained(kDialects, op.getDialectNamespace()))
      op.getCanonicalizationPatterns(patterns, context);
}

/// Results of half precision that are f32 although kernels hand them on in
/// memory: a fraction of the L1 data cache.
static constexpr int64_t kMaxWideElements = 4096;

namespace {
struct Prepare : dlc::dispatch::impl::PreparePassBase<Prepare> {
  using PreparePassBase::PreparePassBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet shape(context);
    populateCanonicalization(shape);
    linalg::ControlDropUnitDims dropUnitDims;
    linalg::populateFoldUnitExtentDimsPatterns(shape, dropUnitDims);
    linalg::populateMoveInitOperandsToInputPattern(shape);
    tensor::populateFoldTensorEmptyPatterns(shape);
    populateReshapeAndSlicePatterns(shape);
    shapePatterns = std::move(shape);

    RewritePatternSet fusion(context);
    populateCanonicalization(fusion);
    populateReshapeAndSlicePatterns(fusion);
    populateSinkMovesPatterns(fusion);
    populateExcessPrecisionPatterns(fusion);
    linalg::populateElementwiseOpsFusionPatterns(fusion, shouldFuseElementwise);
    auto sinkReshape = [](OpOperand *operand) {
      return shouldSinkReshape(operand);
    };
    linalg::populateFoldReshapeOpsByExpansionPatterns(fusion, sinkReshape);
    linalg::populateFoldReshapeOpsByCollapsingPatterns(fusion, sinkReshape);
    tensor::populateFoldTensorEmptyPatterns(fusion);
    fusionPatterns = std::move(fusion);

    RewritePatternSet permutation(context);
    populateFoldPermutationIntoProducerPatterns(permutation);
    permutationPatterns = std::move(permutation);
    return success();
  }

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    IRRewriter rewriter(&getContext());
    func.walk([&](linalg::LinalgOp op) {
      rewriter.setInsertionPoint(op);
      if (!isa<linalg::GenericOp, linalg::FillOp>(op))
        (void)linalg::generalizeNamedOp(rewriter, op);
    });
    fuse(func, rewriter);
    for (Block &block : func.getBody())
      keepResultsWide(rewriter, block,
                      {kMaxWideElements, wideUses, wideBfloatUses});
  }

private:
  void fuse(func::FuncOp func, RewriterBase &rewriter) {
    int64_t maxRewrites = 1000;
    func.walk([&](Operation *) { maxRewrites += 50; });
    // Each round only removes ops or moves them down; a handful suffices for
    // every model seen, the bound is against two patterns undoing each other.
    for (int round = 0; round < 16; ++round) {
      bool changed = false;
      for (const FrozenRewritePatternSet *patterns :
           {&shapePatterns, &fusionPatterns, &permutationPatterns}) {
        bool changedHere = false;
        // Upstream's reshape patterns can undo each other on unit dims. Every
        // state on the way is legal, so stopping early only costs some fusion.
        GreedyRewriteConfig config;
        config.setMaxNumRewrites(maxRewrites);
        (void)applyPatternsGreedily(func, *patterns, config, &changedHere);
        changed |= changedHere;
      }
      DominanceInfo dominance(func);
      bool merged = false;
      eliminateCommonSubExpressions(rewriter, dominance, func, &merged);
      if (!changed && !merged)
        return;
    }
  }

  FrozenRewritePatternSet shapePatterns, fusionPatterns, permutationPatterns;
};
} // namespace
