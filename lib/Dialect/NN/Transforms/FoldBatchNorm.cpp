//===- FoldBatchNorm.cpp - Constant factors go into filters ---------------===//

#include "dlc/Dialect/NN/Transforms/Passes.h"

#include "Values.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace dlc::nn {
#define GEN_PASS_DEF_NNFOLDBATCHNORM
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace dlc::nn

using namespace mlir;
using namespace dlc::nn;

/// Whether `value` is computed from constants only. Deep expressions are not
/// followed: none of the patterns here needs them.
static bool isConstantExpression(Value value, int depth = 8) {
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0 || !isa<NNDialect>(op->getDialect()))
    return false;
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    return isConstantExpression(operand, depth - 1);
  });
}

//===----------------------------------------------------------------------===//
// Contractions whose output channels can be scaled
//===----------------------------------------------------------------------===//

namespace {
/// A convolution, transposed convolution or matrix product with constant
/// filter, both used only once.
struct Contraction {
  Operation *op = nullptr;
  unsigned filter = 1;
  int64_t channelDim = 0;

  explicit operator bool() const { return op; }
};
} // namespace

static Contraction contractionOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !value.hasOneUse() ||
      !isa<ConvOp, ConvTransposeOp, MatmulOp>(op) ||
      !op->getOperand(1).hasOneUse() ||
      !isConstantExpression(op->getOperand(1)) ||
      isConstantExpression(op->getOperand(0)))
    return {};
  Contraction contraction;
  contraction.op = op;
  int64_t last = typeOf(value).getRank() - 1;
  if (auto conv = dyn_cast<ConvOp>(op))
    contraction.channelDim = conv.getChannelsLast() ? last : 1;
  else if (auto transposed = dyn_cast<ConvTransposeOp>(op))
    contraction.channelDim = transposed.getChannelsLast() ? last : 1;
  else
    contraction.channelDim = last;
  return contraction;
}

/// Whether `factor` has one value for each element of dimension `dim` of a
/// tensor of type `type`, or one for all.
static bool isPerChannel(Value factor, RankedTensorType type, int64_t dim) {
  RankedTensorType own = typeOf(factor);
  int64_t lead = type.getRank() - own.getRank();
  if (lead < 0)
    return false;
  for (auto [d, size] : llvm::enumerate(own.getShape()))
    if (size != 1 && (int64_t(d) + lead != dim || size != type.getDimSize(dim)))
      return false;
  return true;
}

/// Multiplies the output channels of a filter.
static Value scaleFilter(PatternRewriter &rewriter, Contraction contraction,
                         Value factor, Location loc) {
  Value filter = contraction.op->getOperand(contraction.filter);
  SmallVector<int64_t> shape(typeOf(filter).getShape());
  int64_t count = typeOf(factor).getNumElements();
  auto reshape = [&](Value value, ArrayRef<int64_t> to) {
    return rewriter.createOrFold<ReshapeOp>(loc, value, to);
  };
  auto multiply = [&](Value a, Value b) {
    // Several factors in turn become one before they meet the filter.
    auto inner = a.getDefiningOp<MulOp>();
    if (inner && inner->hasOneUse() &&
        inner.getRhs().getType() == b.getType() &&
        inner.getLhs().getType() == a.getType())
      return rewriter.createOrFold<MulOp>(
          loc, inner.getLhs(),
          rewriter.createOrFold<MulOp>(loc, inner.getRhs(), b));
    return rewriter.createOrFold<MulOp>(loc, a, b);
  };
  if (count == 1)
    return multiply(filter, reshape(factor, {}));
  if (isa<MatmulOp>(contraction.op))
    return multiply(filter, reshape(factor, {count}));
  SmallVector<int64_t> ones(shape.size(), 1);
  auto transposed = dyn_cast<ConvTransposeOp>(contraction.op);
  if (!transposed) {
    ones[0] = count;
    return multiply(filter, reshape(factor, ones));
  }
  // input channels × output channels of a group × kernel: the groups lie along
  // the input channels.
  int64_t groups = transposed.getGroups();
  SmallVector<int64_t> grouped = {groups, shape[0] / groups};
  llvm::append_range(grouped, ArrayRef<int64_t>(shape).drop_front());
  ones.push_back(1);
  ones[0] = groups;
  ones[2] = count / groups;
  return reshape(multiply(reshape(filter, grouped), reshape(factor, ones)),
                 shape);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

/// batch_norm(x) = x * s + (bias - mean * s) with s = scale / sqrt(variance +
/// eps)
static LogicalResult expandBatchNorm(BatchNormOp op,
                                     PatternRewriter &rewriter) {
  if (!llvm::all_of(op->getOperands().drop_front(),
                    [](Value value) { return isConstantExpression(value); }))
    return failure();
  Location loc = op.getLoc();
  RankedTensorType type = op.getType();
  auto element = cast<FloatType>(type.getElementType());
  APFloat epsilonValue(op.getEpsilon());
  bool losesInfo;
  epsilonValue.convert(element.getFloatSemantics(),
                       APFloat::rmNearestTiesToEven, &losesInfo);
  Value epsilon = ConstantOp::create(
      rewriter, loc,
      DenseElementsAttr::get(RankedTensorType::get({}, element), epsilonValue));
  Value deviation = rewriter.createOrFold<RsqrtOp>(
      loc, rewriter.createOrFold<AddOp>(loc, op.getVariance(), epsilon));
  Value scale = rewriter.createOrFold<MulOp>(loc, op.getScale(), deviation);
  Value shift = rewriter.createOrFold<SubOp>(
      loc, op.getBias(),
      rewriter.createOrFold<MulOp>(loc, op.getMean(), scale));
  if (!op.getChannelsLast() && type.getRank() > 2) {
    SmallVector<int64_t> shape(type.getRank() - 1, 1);
    shape[0] = type.getDimSize(1);
    scale = rewriter.createOrFold<ReshapeOp>(loc, scale, shape);
    shift = rewriter.createOrFold<ReshapeOp>(loc, shift, shape);
  }
  Value scaled = MulOp::create(rewriter, loc, op.getX(), scale);
  rewriter.replaceOpWithNewOp<AddOp>(op, scaled, shift);
  return success();
}

/// Splits the operands of a commutative operation into a constant and the
/// other.
static std::pair<Value, Value> variableAndConstant(Operation *op) {
  for (unsigned i : {1u, 0u})
    if (isConstantExpression(op->getOperand(i)) &&
        !isConstantExpression(op->getOperand(1 - i)) &&
        op->getOperand(1 - i).getType() == op->getResult(0).getType())
      return {op->getOperand(1 - i), op->getOperand(i)};
  return {};
}

/// Whether two constants combined take no more memory than the larger one.
static bool staysSmall(Value a, Value b) {
  auto shape = broadcastShapes(typeOf(a).getShape(), typeOf(b).getShape());
  return shape &&
         ShapedType::getNumElements(*shape) <=
             std::max(typeOf(a).getNumElements(), typeOf(b).getNumElements());
}

/// contraction * k goes into the filter, x * c * k = x * (c * k), and where one
/// of these follows (x + c) * k = x * k + c * k.
static LogicalResult foldFactor(MulOp op, PatternRewriter &rewriter) {
  auto [x, factor] = variableAndConstant(op);
  if (!x || !isa<FloatType>(op.getType().getElementType()))
    return failure();
  Location loc = op.getLoc();
  if (Contraction contraction = contractionOf(x)) {
    if (!isPerChannel(factor, op.getType(), contraction.channelDim))
      return failure();
    rewriter.setInsertionPoint(op);
    Value filter = scaleFilter(rewriter, contraction, factor, loc);
    Operation *scaled = rewriter.clone(*contraction.op);
    rewriter.modifyOpInPlace(
        scaled, [&] { scaled->setOperand(contraction.filter, filter); });
    rewriter.replaceOp(op, scaled);
    return success();
  }
  if (auto inner = x.getDefiningOp<MulOp>(); inner && inner->hasOneUse()) {
    auto [y, first] = variableAndConstant(inner);
    if (!y || !staysSmall(first, factor))
      return failure();
    Value product = rewriter.createOrFold<MulOp>(loc, first, factor);
    rewriter.replaceOpWithNewOp<MulOp>(op, y, product);
    return success();
  }
  auto add = x.getDefiningOp<AddOp>();
  if (!add || !add->hasOneUse())
    return failure();
  auto [y, offset] = variableAndConstant(add);
  if (!y || !staysSmall(offset, factor))
    return failure();
  Contraction contraction = contractionOf(y);
  bool reachesFilter =
      contraction && isPerChannel(factor, op.getType(), contraction.channelDim);
  auto mul = y.getDefiningOp<MulOp>();
  bool reachesFactor =
      mul && mul->hasOneUse() && variableAndConstant(mul).first;
  if (!reachesFilter && !reachesFactor)
    return failure();
  Value scaled = MulOp::create(rewriter, loc, y, factor);
  Value shift = rewriter.createOrFold<MulOp>(loc, offset, factor);
  rewriter.replaceOpWithNewOp<AddOp>(op, scaled, shift);
  return success();
}

/// (x + c1) + c2 = x + (c1 + c2)
static LogicalResult foldOffset(AddOp op, PatternRewriter &rewriter) {
  auto [x, second] = variableAndConstant(op);
  auto add = x ? x.getDefiningOp<AddOp>() : AddOp();
  if (!add || !add->hasOneUse())
    return failure();
  auto [y, first] = variableAndConstant(add);
  if (!y || !staysSmall(first, second))
    return failure();
  Value sum = rewriter.createOrFold<AddOp>(op.getLoc(), first, second);
  rewriter.replaceOpWithNewOp<AddOp>(op, y, sum);
  return success();
}

/// Whether a constant factor or offset of `x` would end up in a contraction.
static bool endsInContraction(Value x) {
  if (contractionOf(x))
    return true;
  auto add = x.getDefiningOp<AddOp>();
  if (!add || !add->hasOneUse())
    return false;
  Value y = variableAndConstant(add).first;
  return y && contractionOf(y);
}

/// Subtraction and division in the forms of the patterns above.
static LogicalResult normalizeSub(SubOp op, PatternRewriter &rewriter) {
  if (!isConstantExpression(op.getRhs()) || !endsInContraction(op.getLhs()) ||
      !isa<FloatType>(op.getType().getElementType()) ||
      op.getLhs().getType() != op.getType())
    return failure();
  Value offset = rewriter.createOrFold<NegOp>(op.getLoc(), op.getRhs());
  rewriter.replaceOpWithNewOp<AddOp>(op, op.getLhs(), offset);
  return success();
}

static LogicalResult normalizeDiv(DivOp op, PatternRewriter &rewriter) {
  if (!isConstantExpression(op.getRhs()) || !endsInContraction(op.getLhs()) ||
      !isa<FloatType>(op.getType().getElementType()) ||
      op.getLhs().getType() != op.getType())
    return failure();
  Value factor = rewriter.createOrFold<ReciprocalOp>(op.getLoc(), op.getRhs());
  rewriter.replaceOpWithNewOp<MulOp>(op, op.getLhs(), factor);
  return success();
}

namespace {
struct FoldBatchNorm : dlc::nn::impl::NNFoldBatchNormBase<FoldBatchNorm> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(expandBatchNorm);
    patterns.add(foldFactor);
    patterns.add(foldOffset);
    patterns.add(normalizeSub);
    patterns.add(normalizeDiv);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
