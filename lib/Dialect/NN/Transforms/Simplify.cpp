//===- Simplify.cpp - Merges operations that neighbours can do ------------===//

#include "dlc/Dialect/NN/Transforms/Passes.h"
#include "dlc/Support/Constants.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace dlc::nn {
#define GEN_PASS_DEF_NNSIMPLIFY
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace dlc::nn

using namespace mlir;
using namespace dlc;
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

namespace {
/// The taps of a kernel along one dimension that see more than padding.
struct LiveTaps {
  int64_t first, count;
};
} // namespace

/// For each spatial dimension; nullopt where some dimension has none. Tap k
/// reads positions `out * stride + k * dilation - lo`, which grow with k.
static std::optional<SmallVector<LiveTaps>> liveTaps(ConvOp op) {
  ArrayRef<int64_t> filter = op.getFilter().getType().getShape();
  size_t spatial = filter.size() - 2, first = op.getChannelsLast() ? 1 : 2;
  SmallVector<LiveTaps> result;
  for (size_t d = 0; d < spatial; ++d) {
    int64_t size = op.getInput().getType().getDimSize(first + d);
    int64_t last =
        (op.getType().getDimSize(first + d) - 1) * op.getStrides()[d];
    int64_t lo = op.getPads()[d], dilation = op.getDilations()[d];
    int64_t begin = 0, end = filter[d + 2];
    while (begin < end && last + begin * dilation - lo < 0)
      ++begin;
    while (end > begin && (end - 1) * dilation - lo >= size)
      --end;
    if (begin == end)
      return std::nullopt;
    result.push_back({begin, end - begin});
  }
  return result;
}

/// Taps that see nothing but padding are left out: a 3x3 kernel with a dilation
/// of 36 on 16x16 positions (DeepLab) is a 1x1 kernel. The filter has to be
/// finite, since 0 * inf is not 0.
static LogicalResult dropDeadTaps(ConvOp op, PatternRewriter &rewriter) {
  RankedTensorType type = op.getFilter().getType();
  if (op.getType().getNumElements() == 0)
    return failure();
  auto live = liveTaps(op);
  if (!live)
    return failure();
  size_t spatial = live->size();
  SmallVector<int64_t> starts(spatial + 2, 0), sizes(type.getShape()),
      steps(spatial + 2, 1), pads(op.getPads());
  bool dead = false;
  for (auto [d, taps] : llvm::enumerate(*live)) {
    int64_t dilation = op.getDilations()[d];
    int64_t behind = sizes[d + 2] - taps.first - taps.count;
    dead |= taps.count != sizes[d + 2];
    starts[d + 2] = taps.first;
    sizes[d + 2] = taps.count;
    pads[d] -= taps.first * dilation;
    pads[spatial + d] -= behind * dilation;
    if (pads[d] < 0 || pads[spatial + d] < 0)
      return failure();
  }
  if (!dead || !isFiniteConstant(op.getFilter()))
    return failure();
  Value filter = rewriter.createOrFold<SliceOp>(op.getLoc(), op.getFilter(),
                                                starts, sizes, steps);
  rewriter.modifyOpInPlace(op, [&] {
    op.getFilterMutable().assign(filter);
    op.setPads(pads);
  });
  return success();
}

/// Whether a number that is off by one in its last place may become another
/// one altogether.
static bool isStep(Operation *op) {
  if (auto cast = dyn_cast<CastOp>(op))
    return !isa<FloatType>(cast.getType().getElementType());
  return isa<RoundOp, FloorOp, CeilOp, CompareOp>(op);
}

/// x / y = x * (1 / y) where y is far smaller: one division for many elements.
/// That is rounded twice: not what a quantised number is made of.
static LogicalResult divideOnce(DivOp op, PatternRewriter &rewriter) {
  constexpr int64_t worthwhile = 8;
  if (!isa<FloatType>(op.getType().getElementType()) ||
      op.getRhs().getType().getNumElements() * worthwhile >
          op.getType().getNumElements() ||
      llvm::any_of(op->getUsers(), isStep))
    return failure();
  Value inverse = rewriter.createOrFold<ReciprocalOp>(op.getLoc(), op.getRhs());
  rewriter.replaceOpWithNewOp<MulOp>(op, op.getLhs(), inverse);
  return success();
}

/// Whether `value` is computed from constants alone.
static bool isKnown(Value value) {
  Operation *op = value.getDefiningOp();
  return op && (op->hasTrait<OpTrait::ConstantLike>() ||
                (isa<CastOp, ReshapeOp, MulOp, DivOp>(op) &&
                 llvm::all_of(op->getOperands(), isKnown)));
}

/// The bits of the integer that became the float `value`, maybe less a
/// constant; 0 if none did.
static unsigned getConvertedBits(Value value) {
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<AddOp, SubOp>(op) && isKnown(op->getOperand(1)))
    op = op->getOperand(0).getDefiningOp();
  auto cast = dyn_cast_or_null<CastOp>(op);
  auto type =
      cast ? dyn_cast<IntegerType>(cast.getX().getType().getElementType())
           : IntegerType();
  return type ? type.getWidth() : 0;
}

/// Whether `value`, which nobody else reads, is a sum of integers times
/// constant scales and of constants. `bits` are those of all integers.
static bool isSumOfScaled(Value value, unsigned &bits) {
  if (isKnown(value))
    return true;
  Operation *op = value.getDefiningOp();
  if (!op || !op->hasOneUse())
    return false;
  auto isSum = [&](Value operand) { return isSumOfScaled(operand, bits); };
  if (isa<ReluOp, AddOp>(op))
    return llvm::all_of(op->getOperands(), isSum);
  unsigned own = isa<MulOp>(op) && isKnown(op->getOperand(1))
                     ? getConvertedBits(op->getOperand(0))
                     : 0;
  bits += own;
  return own != 0;
}

/// What `isSumOfScaled` accepts over `unit`: each scale is.
static Value divideScales(Value value, Value unit, PatternRewriter &b) {
  Location loc = value.getLoc();
  if (isKnown(value))
    return b.createOrFold<DivOp>(loc, value, unit);
  Operation *op = value.getDefiningOp();
  if (isa<ReluOp>(op))
    return ReluOp::create(b, loc, divideScales(op->getOperand(0), unit, b));
  if (isa<AddOp>(op)) {
    Value lhs = divideScales(op->getOperand(0), unit, b);
    return AddOp::create(b, loc, lhs, divideScales(op->getOperand(1), unit, b));
  }
  return MulOp::create(b, loc, op->getOperand(0),
                       divideScales(op->getOperand(1), unit, b));
}

/// round((integers * scale + bias) / unit) = round(integers * (scale / unit) +
/// bias / unit): so are QLinear operators defined, which have scales and a bias
/// of integers. Sums of integers lie on the border of two steps no more often
/// than anywhere else, unlike numbers that a model gets, or one byte and a
/// constant.
static LogicalResult rescaleSums(DivOp op, PatternRewriter &rewriter) {
  DenseFPElementsAttr unit;
  if (!op.getType().getElementType().isF32() || !op->hasOneUse() ||
      !isa<RoundOp>(*op->user_begin()) || !op.getLhs().getDefiningOp() ||
      isKnown(op.getLhs()) || !matchPattern(op.getRhs(), m_Constant(&unit)) ||
      !unit.isSplat() || unit.getType().getRank() != 0 ||
      !(unit.getSplatValue<APFloat>().convertToDouble() > 0))
    return failure();
  unsigned bits = 0;
  if (!isSumOfScaled(op.getLhs(), bits) || bits <= 8)
    return failure();
  rewriter.replaceOp(op, divideScales(op.getLhs(), op.getRhs(), rewriter));
  return success();
}

namespace {
struct Simplify : dlc::nn::impl::NNSimplifyBase<Simplify> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(padIntoConv);
    patterns.add(padIntoAvgPool);
    patterns.add(padIntoMaxPool);
    patterns.add(dropDeadTaps);
    patterns.add(divideOnce);
    patterns.add(rescaleSums);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
