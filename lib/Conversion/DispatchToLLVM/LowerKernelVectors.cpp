//===- LowerKernelVectors.cpp - Leftovers of vector code ------------------===//

#include "dlc/Conversion/Passes.h"

#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"

namespace dlc::conversion {
#define GEN_PASS_DEF_LOWERKERNELVECTORS
#include "dlc/Conversion/Passes.h.inc"
} // namespace dlc::conversion

using namespace mlir;

namespace {

struct LowerKernelVectors
    : public dlc::conversion::impl::LowerKernelVectorsBase<LowerKernelVectors> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    vector::populateVectorMultiReductionLoweringPatterns(
        patterns, vector::VectorMultiReductionLowering::InnerParallel);
    vector::populateVectorContractLoweringPatterns(
        patterns, vector::VectorContractLowering::OuterProduct);
    vector::populateVectorOuterProductLoweringPatterns(patterns);
    vector::populateVectorTransposeLoweringPatterns(
        patterns, vector::VectorTransposeLowering::Shuffle16x16);
    vector::populateVectorBroadcastLoweringPatterns(patterns);
    // Of arith's expansions only these: the one of maximumf takes four
    // instructions where llvm.maximum takes one to three.
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    arith::populateExpandBFloat16Patterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();

    getOperation()->walk([](Operation *op) {
      auto withFlag = [&](arith::FastMathFlags flags) {
        return arith::FastMathFlagsAttr::get(op->getContext(),
                                             flags | arith::FastMathFlags::nsz);
      };
      if (auto max = dyn_cast<arith::MaximumFOp>(op))
        max.setFastmathAttr(withFlag(max.getFastmath()));
      else if (auto min = dyn_cast<arith::MinimumFOp>(op))
        min.setFastmathAttr(withFlag(min.getFastmath()));
      else if (auto reduction = dyn_cast<vector::ReductionOp>(op))
        if (reduction.getKind() == vector::CombiningKind::MAXIMUMF ||
            reduction.getKind() == vector::CombiningKind::MINIMUMF)
          reduction.setFastmathAttr(withFlag(reduction.getFastmath()));
    });
  }
};

} // namespace
