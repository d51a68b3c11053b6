//===- SkipPadding.cpp - Where windows see nothing but zeros --------------===//

#include "Structure.h"

#include "dlc/Dialect/Dispatch/IR/Windows.h"
#include "dlc/Dialect/Dispatch/Transforms/Passes.h"
#include "dlc/Support/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

namespace dlc::dispatch {
#define GEN_PASS_DEF_SKIPPADDINGPASS
#include "dlc/Dialect/Dispatch/Transforms/Passes.h.inc"
} // namespace dlc::dispatch

using namespace mlir;
using namespace dlc;
using namespace dlc::dispatch;

/// The other factor where `op` does nothing but add up products of floats, of
/// which `operand` is one.
static OpOperand *findOtherFactor(linalg::GenericOp op, OpOperand &operand) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      !op.isDpsInput(&operand))
    return nullptr;
  auto yielded = op.getBody()->getTerminator()->getOperand(0);
  auto sum = yielded.getDefiningOp<arith::AddFOp>();
  Value acc = op.getRegionOutputArgs().front();
  if (!sum || (sum.getLhs() != acc && sum.getRhs() != acc))
    return nullptr;
  Value term = sum.getLhs() == acc ? sum.getRhs() : sum.getLhs();
  auto product = term.getDefiningOp<arith::MulFOp>();
  OpOperand *other = op.getDpsInputOperand(1 - operand.getOperandNumber());
  Value left = op.getMatchingBlockArgument(&operand),
        right = op.getMatchingBlockArgument(other);
  if (!product || !((product.getLhs() == left && product.getRhs() == right) ||
                    (product.getLhs() == right && product.getRhs() == left)))
    return nullptr;
  return other;
}

/// What `expr` is of the form `step * tap + otherStep * other` for a reduction
/// loop and a parallel one.
static std::optional<LoopWindow>
matchWindow(AffineExpr expr, ArrayRef<utils::IteratorType> loops) {
  auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!sum || sum.getKind() != AffineExprKind::Add)
    return std::nullopt;
  LoopWindow window;
  window.tap = window.other = -1;
  for (AffineExpr term : {sum.getLHS(), sum.getRHS()}) {
    int64_t step = 1;
    if (auto product = dyn_cast<AffineBinaryOpExpr>(term);
        product && product.getKind() == AffineExprKind::Mul) {
      auto factor = dyn_cast<AffineConstantExpr>(product.getRHS());
      if (!factor)
        return std::nullopt;
      step = factor.getValue();
      term = product.getLHS();
    }
    auto dim = dyn_cast<AffineDimExpr>(term);
    if (!dim || step < 1)
      return std::nullopt;
    if (loops[dim.getPosition()] == utils::IteratorType::reduction) {
      window.tap = dim.getPosition();
      window.step = step;
    } else {
      window.other = dim.getPosition();
      window.otherStep = step;
    }
  }
  if (window.tap < 0 || window.other < 0)
    return std::nullopt;
  return window;
}

static void noteWindows(OpOperand &use, tensor::PadOp pad) {
  auto op = dyn_cast<linalg::GenericOp>(use.getOwner());
  if (!op)
    return;
  OpOperand *factor = findOtherFactor(op, use);
  if (!factor)
    return;
  SmallVector<utils::IteratorType> loops = op.getIteratorTypesArray();
  SmallVector<LoopWindow> windows;
  for (auto [dim, expr] :
       llvm::enumerate(op.getMatchingIndexingMap(&use).getResults())) {
    int64_t low = pad.getStaticLow()[dim], high = pad.getStaticHigh()[dim];
    auto window = matchWindow(expr, loops);
    if (!window || low < 0 || high < 0 || low + high == 0)
      continue;
    window->first = low;
    window->end = pad.getResultType().getDimSize(dim) - high;
    windows.push_back(*window);
  }
  // 0 * inf is not 0.
  if (!windows.empty() && isFiniteConstant(skipReshapes(factor->get())))
    setLoopWindows(op, windows);
}

namespace {
struct SkipPadding : dlc::dispatch::impl::SkipPaddingPassBase<SkipPadding> {
  void runOnOperation() override {
    getOperation().walk([](tensor::PadOp pad) {
      Value padding = pad.getConstantPaddingValue();
      if (!padding || !matchPattern(padding, m_AnyZeroFloat()) ||
          !pad.getResultType().hasStaticShape() ||
          !pad.getSourceType().hasStaticShape())
        return;
      for (OpOperand &use : pad->getUses())
        noteWindows(use, pad);
    });
  }
};
} // namespace
