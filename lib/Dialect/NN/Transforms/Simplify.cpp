//===- Simplify.cpp - Merges operations that neighbours can do ------------===//

#include "dlc/Dialect/NN/Transforms/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace dlc::nn {
#define GEN_PASS_DEF_NNSIMPLIFY
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace dlc::nn

using namespace mlir;
using namespace dlc::nn;

/// The pads of `op` with those of a constant nn.pad in front added; nullopt
/// where there is none that pads only spatial dimensions with a value that
/// `accepts`.
template <typename OpT>
static std::optional<SmallVector<int64_t>>
mergedPads(OpT op, function_ref<bool(Value)> accepts) {
  auto pad = op.getInput().template getDefiningOp<PadOp>();
  if (!pad || pad.getMode() != PadMode::Constant || !accepts(pad.getValue()))
    return std::nullopt;
  size_t rank = pad.getLo().size(), spatial = rank - 2;
  size_t first = op.getChannelsLast() ? 1 : 2;
  SmallVector<int64_t> pads(op.getPads());
  for (size_t d = 0; d < rank; ++d) {
    if (d < first || d >= first + spatial) {
      if (pad.getLo()[d] != 0 || pad.getHi()[d] != 0)
        return std::nullopt;
      continue;
    }
    pads[d - first] += pad.getLo()[d];
    pads[d - first + spatial] += pad.getHi()[d];
  }
  return pads;
}

static bool isZero(Value value) { return isSplat(value, 0); }

template <typename OpT>
static void takePads(OpT op, ArrayRef<int64_t> pads,
                     PatternRewriter &rewriter) {
  Value source = op.getInput().template getDefiningOp<PadOp>().getX();
  rewriter.modifyOpInPlace(op, [&] {
    op.getInputMutable().assign(source);
    op.setPads(pads);
  });
}

static LogicalResult padIntoConv(ConvOp op, PatternRewriter &rewriter) {
  auto pads = mergedPads(op, isZero);
  if (!pads)
    return failure();
  takePads(op, *pads, rewriter);
  return success();
}

static LogicalResult padIntoAvgPool(AvgPoolOp op, PatternRewriter &rewriter) {
  // Zeros of the nn.pad count, those of the pool only if it says so.
  bool hasOwn =
      llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; });
  if (hasOwn && !op.getCountIncludePad())
    return failure();
  auto pads = mergedPads(op, isZero);
  if (!pads)
    return failure();
  takePads(op, *pads, rewriter);
  rewriter.modifyOpInPlace(op, [&] { op.setCountIncludePad(true); });
  return success();
}

static LogicalResult padIntoMaxPool(MaxPoolOp op, PatternRewriter &rewriter) {
  auto pads = mergedPads(op, [](Value value) {
    return isSplat(value, -std::numeric_limits<double>::infinity());
  });
  if (!pads)
    return failure();
  takePads(op, *pads, rewriter);
  return success();
}

/// x / y = x * (1 / y) where y is far smaller: one division for many elements.
static LogicalResult divideOnce(DivOp op, PatternRewriter &rewriter) {
  constexpr int64_t worthwhile = 8;
  if (!isa<FloatType>(op.getType().getElementType()) ||
      op.getRhs().getType().getNumElements() * worthwhile >
          op.getType().getNumElements())
    return failure();
  Value inverse = rewriter.createOrFold<ReciprocalOp>(op.getLoc(), op.getRhs());
  rewriter.replaceOpWithNewOp<MulOp>(op, op.getLhs(), inverse);
  return success();
}

namespace {
struct Simplify : dlc::nn::impl::NNSimplifyBase<Simplify> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(padIntoConv);
    patterns.add(padIntoAvgPool);
    patterns.add(padIntoMaxPool);
    patterns.add(divideOnce);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
