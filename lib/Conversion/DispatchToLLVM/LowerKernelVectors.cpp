//===- LowerKernelVectors.cpp - Leftovers of vector code ------------------===//

#include "dlc/Conversion/Passes.h"

#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace dlc::conversion {
#define GEN_PASS_DEF_LOWERKERNELVECTORS
#include "dlc/Conversion/Passes.h.inc"
} // namespace dlc::conversion

using namespace mlir;

/// Turns bf16 into i16 where it is only moved: LLVM for x86 does selects,
/// scatters and the like in f32, and rounds what comes out by a library call.
static void moveBFloat16AsBits(Operation *root) {
  auto isComputed = [](Operation *op) {
    return isa<arith::ArithFastMathInterface, arith::SIToFPOp, arith::UIToFPOp,
               arith::FPToSIOp, arith::FPToUIOp>(op) &&
           llvm::any_of(
               llvm::concat<const Type>(llvm::to_vector(op->getOperandTypes()),
                                        llvm::to_vector(op->getResultTypes())),
               [](Type type) { return getElementTypeOrSelf(type).isBF16(); });
  };
  if (root->walk([&](Operation *op) {
            return isComputed(op) ? WalkResult::interrupt()
                                  : WalkResult::advance();
          })
          .wasInterrupted())
    return;
  // Instructions that have been named stay as they are.
  SmallVector<std::pair<OpOperand *, Type>> named;
  root->walk([&](LLVM::CallIntrinsicOp call) {
    for (OpOperand &operand : call->getOpOperands())
      if (Type type = operand.get().getType();
          getElementTypeOrSelf(type).isBF16())
        named.push_back({&operand, type});
  });
  Type bits = IntegerType::get(root->getContext(), 16);
  AttrTypeReplacer replacer;
  replacer.addReplacement([=](BFloat16Type) { return bits; });
  replacer.addReplacement(
      [=](FloatAttr attr) -> std::optional<std::pair<Attribute, WalkResult>> {
        if (!attr.getType().isBF16())
          return std::nullopt;
        APInt value = attr.getValue().bitcastToAPInt();
        return std::pair(Attribute(IntegerAttr::get(bits, value)),
                         WalkResult::skip());
      });
  replacer.addReplacement(
      [=](DenseFPElementsAttr attr)
          -> std::optional<std::pair<Attribute, WalkResult>> {
        if (!attr.getElementType().isBF16())
          return std::nullopt;
        auto type = attr.getType().clone(bits);
        return std::pair(Attribute(DenseElementsAttr::getFromRawBuffer(
                             cast<ShapedType>(type), attr.getRawData())),
                         WalkResult::skip());
      });
  // not the function's own attributes, which say what the program's inputs are
  for (Region &region : root->getRegions())
    for (Operation &op : llvm::make_early_inc_range(region.getOps()))
      replacer.recursivelyReplaceElementsIn(&op, /*replaceAttrs=*/true,
                                            /*replaceLocs=*/false,
                                            /*replaceTypes=*/true);
  for (auto [operand, type] : named) {
    OpBuilder b(operand->getOwner());
    operand->set(LLVM::BitcastOp::create(b, operand->getOwner()->getLoc(), type,
                                         operand->get()));
  }
}

/// The type in f32 of a number or vector of bf16; null for other types.
static Type widenBFloat16(Type type) {
  if (!getElementTypeOrSelf(type).isBF16())
    return {};
  Type wide = Float32Type::get(type.getContext());
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(wide);
  return wide;
}

namespace {

/// Integers become bf16 by way of f32: LLVM for x86 would call a library.
template <typename OpT>
struct ConvertToBFloat16 : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType(), wide = widenBFloat16(type);
    if (!wide)
      return failure();
    Value number = OpT::create(rewriter, op.getLoc(), wide, op.getIn());
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, type, number);
    return success();
  }
};

/// Arithmetic on bf16 is done in f32, too, for the same reason.
template <typename OpT>
struct ComputeInFloat32 : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType(), wide = widenBFloat16(type);
    if (!wide)
      return failure();
    auto widen = [&](Value value) {
      return arith::ExtFOp::create(rewriter, op.getLoc(), wide, value);
    };
    Value number = OpT::create(rewriter, op.getLoc(), widen(op.getLhs()),
                               widen(op.getRhs()), op.getFastmathAttr());
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, type, number);
    return success();
  }
};

/// What is rounded to bf16 and widened again stays in lanes of 32 bits; going
/// by way of 16 bits would shuffle it there and back.
struct RoundInFloat32 : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern<arith::ExtFOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    auto round = op.getIn().getDefiningOp<arith::TruncFOp>();
    if (!round || !getElementTypeOrSelf(round.getType()).isBF16() ||
        round.getIn().getType() != op.getType() ||
        !getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Type type = b.getI32Type();
    if (auto vector = dyn_cast<VectorType>(op.getType()))
      type = vector.clone(type);
    auto constant = [&](uint32_t bits) -> Value {
      auto number = b.getI32IntegerAttr(static_cast<int32_t>(bits));
      TypedAttr attr = number;
      if (auto vector = dyn_cast<VectorType>(type))
        attr = SplatElementsAttr::get(vector, number);
      return arith::ConstantOp::create(b, attr);
    };
    // To the nearest, of two to the even one: half a unit is added, or a bit
    // less.
    Value x = round.getIn(), bits = arith::BitcastOp::create(b, type, x);
    Value odd = arith::AndIOp::create(
        b, arith::ShRUIOp::create(b, bits, constant(16)), constant(1));
    Value sum = arith::AddIOp::create(
        b, bits, arith::AddIOp::create(b, odd, constant(0x7fff)));
    Value upper = arith::AndIOp::create(b, sum, constant(0xffff0000));
    Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, x, x);
    Value result =
        arith::SelectOp::create(b, isNaN, constant(0x7fc00000), upper);
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(), result);
    return success();
  }
};

struct LowerKernelVectors
    : public dlc::conversion::impl::LowerKernelVectorsBase<LowerKernelVectors> {
  void runOnOperation() override {
    // Before the two halves are lowered each on its own.
    RewritePatternSet rounding(&getContext());
    rounding.add<RoundInFloat32>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(rounding));

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
    patterns.add<
        ConvertToBFloat16<arith::SIToFPOp>, ConvertToBFloat16<arith::UIToFPOp>,
        ComputeInFloat32<arith::MaximumFOp>,
        ComputeInFloat32<arith::MinimumFOp>, ComputeInFloat32<arith::AddFOp>,
        ComputeInFloat32<arith::SubFOp>, ComputeInFloat32<arith::MulFOp>,
        ComputeInFloat32<arith::DivFOp>>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();

    moveBFloat16AsBits(getOperation());

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
