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

/// The number that `value` is a wider form of.
static Value skipExtension(Value value) {
  Operation *op = value.getDefiningOp();
  return isa_and_nonnull<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp>(op)
             ? op->getOperand(0)
             : value;
}

/// The other factor where `op` does nothing but add up products, of which
/// `operand` is one factor.
static OpOperand *findOtherFactor(linalg::GenericOp op, OpOperand &operand) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      !op.isDpsInput(&operand))
    return nullptr;
  Operation *sum = op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  Value acc = op.getRegionOutputArgs().front();
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(sum) ||
      !llvm::is_contained(sum->getOperands(), acc))
    return nullptr;
  Value term = sum->getOperand(sum->getOperand(0) == acc ? 1 : 0);
  Operation *product = term.getDefiningOp();
  if (!isa_and_nonnull<arith::MulFOp, arith::MulIOp>(product))
    return nullptr;
  OpOperand *other = op.getDpsInputOperand(1 - operand.getOperandNumber());
  Value left = skipExtension(product->getOperand(0)),
        right = skipExtension(product->getOperand(1));
  if (left == op.getMatchingBlockArgument(other))
    std::swap(left, right);
  return left == op.getMatchingBlockArgument(&operand) &&
                 right == op.getMatchingBlockArgument(other)
             ? other
             : nullptr;
}

/// Whether no element of `value` is infinite: a constant, or what one of floats
/// is rounded to, which is a launch of its own until constants are evaluated.
static bool isFinite(Value value) {
  value = skipReshapes(value);
  if (isFiniteConstant(value))
    return true;
  if (auto region = value.getDefiningOp<RegionOp>())
    value = region.getBody().front().getTerminator()->getOperand(
        cast<OpResult>(value).getResultNumber());
  auto map = value.getDefiningOp<linalg::GenericOp>();
  if (!map || map.getNumDpsInputs() != 1 || map.getNumReductionLoops() != 0)
    return false;
  auto rounded = map.getBody()
                     ->getTerminator()
                     ->getOperand(0)
                     .getDefiningOp<arith::TruncFOp>();
  if (!rounded || rounded.getIn() != map.getBody()->getArgument(0))
    return false;
  auto type = cast<FloatType>(rounded.getType());
  return isFiniteConstant(
      skipReshapes(map.getDpsInputs().front()),
      APFloat::getLargest(type.getFloatSemantics()).convertToDouble());
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
  bool isExact = getElementTypeOrSelf(factor->get().getType()).isInteger();
  if (!windows.empty() && (isExact || isFinite(factor->get())))
    setLoopWindows(op, windows);
}

namespace {
struct SkipPadding : dlc::dispatch::impl::SkipPaddingPassBase<SkipPadding> {
  void runOnOperation() override {
    getOperation().walk([](tensor::PadOp pad) {
      Value padding = pad.getConstantPaddingValue();
      if (!padding ||
          !(matchPattern(padding, m_AnyZeroFloat()) ||
            matchPattern(padding, m_Zero())) ||
          !pad.getResultType().hasStaticShape() ||
          !pad.getSourceType().hasStaticShape())
        return;
      for (OpOperand &use : pad->getUses())
        noteWindows(use, pad);
    });
  }
};
} // namespace
