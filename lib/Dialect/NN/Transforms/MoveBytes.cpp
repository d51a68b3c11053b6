//===- MoveBytes.cpp - Quantised tensors are moved as bytes ---------------===//

#include "dlc/Dialect/NN/Transforms/Passes.h"

#include "Values.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace dlc::nn {
#define GEN_PASS_DEF_NNMOVEBYTES
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace dlc::nn

using namespace mlir;
using namespace dlc::nn;

namespace {

/// (cast(bytes) - zero) * scale in f32, of constants; `zero` and its
/// subtraction may be missing.
struct Dequantized {
  Value bytes, zeroValue, scaleValue;
  double zero = 0, scale = 0;

  static std::optional<Dequantized> match(Value value) {
    auto mul = value.getDefiningOp<MulOp>();
    if (!mul || !typeOf(value).getElementType().isF32())
      return std::nullopt;
    Dequantized result;
    result.scaleValue = mul.getRhs();
    auto scale = getUniform(result.scaleValue);
    Value number = mul.getLhs();
    if (auto sub = number.getDefiningOp<SubOp>()) {
      result.zeroValue = sub.getRhs();
      auto zero = getUniform(result.zeroValue);
      if (!zero || !isScalar(result.zeroValue))
        return std::nullopt;
      result.zero = *zero;
      number = sub.getLhs();
    }
    auto cast = number.getDefiningOp<CastOp>();
    if (!scale || !isScalar(result.scaleValue) || !cast ||
        typeOf(cast.getX()).getShape() != typeOf(value).getShape())
      return std::nullopt;
    // Numbers between are neither too large nor too small for f32.
    auto type = dyn_cast<IntegerType>(typeOf(cast.getX()).getElementType());
    if (!type || type.getWidth() != 8 || !(*scale > 0x1p-100) ||
        !(*scale < 0x1p100))
      return std::nullopt;
    result.bytes = cast.getX();
    result.scale = *scale;
    return result;
  }

private:
  /// Whether a constant has no dimensions that its reader would have to know.
  static bool isScalar(Value value) { return typeOf(value).getRank() == 0; }
};

/// Moves a dequantisation behind what only moves numbers or compares them.
template <typename OpT>
struct MoveOfBytes : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    auto moved = Dequantized::match(op->getOperand(0));
    // Constants are put in order at compile time; what is read here and there
    // (embeddings) takes a quarter of the memory as bytes.
    if (!moved || (!isa<GatherOp>(op.getOperation()) &&
                   matchPattern(moved->bytes, m_Constant())))
      return failure();
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getType());
    Operation *move = rewriter.clone(*op.getOperation());
    move->setOperand(0, moved->bytes);
    Value bytes = move->getResult(0);
    bytes.setType(type.clone(typeOf(moved->bytes).getElementType()));
    Value number = CastOp::create(rewriter, loc, bytes, type.getElementType());
    if (moved->zeroValue)
      number = SubOp::create(rewriter, loc, number, moved->zeroValue);
    rewriter.replaceOpWithNewOp<MulOp>(op, number, moved->scaleValue);
    return success();
  }
};

/// cast(clamp(round((bytes - zero) * scale / scale) + zero)) is the bytes: what
/// the product and the quotient are rounded by is far below a half.
struct QuantizedAgain : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(CastOp op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<IntegerType>(op.getType().getElementType());
    auto clamped = Clamped::match(op.getX());
    if (!type || type.getWidth() != 8 || !clamped)
      return failure();
    double low = type.isUnsigned() ? 0 : -128, high = low + 255;
    auto round = clamped->number.getDefiningOp<RoundOp>();
    auto div = round ? round.getX().getDefiningOp<DivOp>() : DivOp();
    auto from = div ? Dequantized::match(div.getLhs()) : std::nullopt;
    if (!from || from->bytes.getType() != op.getType() || clamped->low != low ||
        clamped->high != high || getUniform(div.getRhs()) != from->scale ||
        clamped->zero != from->zero || !isSmallInteger(clamped->zero))
      return failure();
    rewriter.replaceOp(op, from->bytes);
    return success();
  }
};

struct NNMoveBytes : public dlc::nn::impl::NNMoveBytesBase<NNMoveBytes> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<MoveOfBytes<GatherOp>, MoveOfBytes<MaxPoolOp>,
                 MoveOfBytes<ReshapeOp>, MoveOfBytes<TransposeOp>,
                 MoveOfBytes<SliceOp>, QuantizedAgain>(&getContext());
    // In graphs without such tensors nothing is to change.
    GreedyRewriteConfig config;
    config.enableFolding(false);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
