//===- Canonicalize.cpp - Canonicalization patterns of nn -----------------===//

#include "Fold.h"
#include "Infer.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace dlc::nn;

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

namespace {
/// Elementwise operations broadcast by themselves.
struct DropBroadcastOperand
    : OpInterfaceRewritePattern<ElementwiseOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(ElementwiseOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumOperands() < 2)
      return failure();
    for (OpOperand &operand : op->getOpOperands()) {
      auto broadcast = operand.get().getDefiningOp<BroadcastOp>();
      if (!broadcast)
        continue;
      SmallVector<int64_t> shape(shapeOf(broadcast.getX()));
      for (OpOperand &other : op->getOpOperands())
        if (&other != &operand)
          if (auto both = broadcastShapes(shape, shapeOf(other.get())))
            shape = *both;
      if (ArrayRef<int64_t>(shape) != shapeOf(op->getResult(0)))
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(broadcast.getX()); });
      return success();
    }
    return failure();
  }
};

/// Whether no element is negative, minus zero or minus infinity: all are sums
/// and products of such, absolute values and squares.
bool isNeverNegative(Value value, unsigned depth = 0) {
  Operation *op = value.getDefiningOp();
  if (!op || depth > 8)
    return false;
  auto all = [&](ValueRange values) {
    return llvm::all_of(values,
                        [&](Value x) { return isNeverNegative(x, depth + 1); });
  };
  if (auto constant = dyn_cast_if_present<FloatAttr>(splatOf(value)))
    return !constant.getValue().isNegative();
  if (auto product = dyn_cast<MulOp>(op))
    return product.getLhs() == product.getRhs() || all(op->getOperands());
  if (auto reduction = dyn_cast<ReduceOp>(op))
    return all(reduction.getX());
  if (isa<AddOp, DivOp, BroadcastOp, ReshapeOp>(op))
    return all(op->getOperands());
  return isa<AbsOp, ExpOp, SigmoidOp>(op);
}

/// pow with a constant exponent that has a cheaper form. A square root differs
/// from the power at -0 and -inf.
struct PowOfConstant : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PowOp op,
                                PatternRewriter &rewriter) const override {
    Value x = op.getLhs();
    if (x.getType() != op.getType())
      return failure();
    bool isFloat = isa<FloatType>(elementOf(x));
    if (isSplat(op.getRhs(), 2)) {
      rewriter.replaceOpWithNewOp<MulOp>(op, x, x);
    } else if (isSplat(op.getRhs(), 3)) {
      Value square = MulOp::create(rewriter, op.getLoc(), x, x);
      rewriter.replaceOpWithNewOp<MulOp>(op, square, x);
    } else if (isFloat && isSplat(op.getRhs(), 0.5) && isNeverNegative(x)) {
      rewriter.replaceOpWithNewOp<SqrtOp>(op, x);
    } else if (isFloat && isSplat(op.getRhs(), -1)) {
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, x);
    } else if (isFloat && isSplat(op.getRhs(), -0.5) && isNeverNegative(x)) {
      rewriter.replaceOpWithNewOp<RsqrtOp>(op, x);
    } else {
      return failure();
    }
    return success();
  }
};

/// x / c = x * (1 / c) where that is exact, 1 / x = reciprocal(x).
struct DivOfConstant : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DivOp op,
                                PatternRewriter &rewriter) const override {
    if (!isa<FloatType>(op.getType().getElementType()))
      return failure();
    if (isSplat(op.getLhs(), 1) && op.getRhs().getType() == op.getType()) {
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, op.getRhs());
      return success();
    }
    auto divisor = dyn_cast_if_present<FloatAttr>(splatOf(op.getRhs()));
    if (!divisor)
      return failure();
    APFloat inverse(divisor.getValue().getSemantics());
    if (!divisor.getValue().getExactInverse(&inverse))
      return failure();
    auto type = op.getRhs().getType();
    Value factor = ConstantOp::create(rewriter, op.getLoc(),
                                      DenseElementsAttr::get(type, inverse));
    rewriter.replaceOpWithNewOp<MulOp>(op, op.getLhs(), factor);
    return success();
  }
};

/// 1 / sqrt(x) = rsqrt(x)
struct ReciprocalOfSqrt : OpRewritePattern<ReciprocalOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReciprocalOp op,
                                PatternRewriter &rewriter) const override {
    auto sqrt = op.getX().getDefiningOp<SqrtOp>();
    if (!sqrt)
      return failure();
    rewriter.replaceOpWithNewOp<RsqrtOp>(op, sqrt.getX());
    return success();
  }
};

/// cast(cast(x)) where the first one loses nothing.
struct CastOfCast : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;

  static bool keepsValues(Type from, Type to) {
    if (from.isInteger(1))
      return true;
    if (isa<FloatType>(from) && isa<FloatType>(to))
      return to.isF64() || (to.isF32() && !from.isF64());
    auto a = dyn_cast<IntegerType>(from), b = dyn_cast<IntegerType>(to);
    return a && b && a.getSignedness() == b.getSignedness() &&
           a.getWidth() <= b.getWidth() && !b.isInteger(1);
  }

  LogicalResult matchAndRewrite(CastOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<CastOp>();
    if (!inner ||
        !keepsValues(elementOf(inner.getX()), inner.getType().getElementType()))
      return failure();
    rewriter.replaceOpWithNewOp<CastOp>(op, inner.getX(),
                                        op.getType().getElementType(),
                                        op.getSaturate(), op.getRound());
    return success();
  }
};
} // namespace

void NNDialect::getCanonicalizationPatterns(RewritePatternSet &results) const {
  results.add<DropBroadcastOperand>(getContext());
}

void PowOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                        MLIRContext *context) {
  results.add<PowOfConstant>(context);
}

void DivOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                        MLIRContext *context) {
  results.add<DivOfConstant>(context);
}

void ReciprocalOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                               MLIRContext *context) {
  results.add<ReciprocalOfSqrt>(context);
}

void CastOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                         MLIRContext *context) {
  results.add<CastOfCast>(context);
}

//===----------------------------------------------------------------------===//
// Movement of data
//===----------------------------------------------------------------------===//

/// A transpose that moves only dimensions of 1 moves no element.
static LogicalResult transposeToReshape(TransposeOp op,
                                        PatternRewriter &rewriter) {
  int64_t last = -1;
  for (int64_t d : op.getPerm()) {
    if (op.getX().getType().getDimSize(d) == 1)
      continue;
    if (d < last)
      return failure();
    last = d;
  }
  rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getX());
  return success();
}

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                              MLIRContext *) {
  results.add(transposeToReshape);
}

/// A broadcast that only adds or keeps dimensions of 1.
static LogicalResult broadcastToReshape(BroadcastOp op,
                                        PatternRewriter &rewriter) {
  if (op.getX().getType().getNumElements() != op.getType().getNumElements())
    return failure();
  rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getX());
  return success();
}

void BroadcastOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                              MLIRContext *) {
  results.add(broadcastToReshape);
}

/// Drops empty operands and opens nested concats.
static LogicalResult flattenConcat(ConcatOp op, PatternRewriter &rewriter) {
  SmallVector<Value> inputs;
  bool changed = false;
  for (Value input : op.getInputs()) {
    if (shapeOf(input)[op.getAxis()] == 0 && op.getInputs().size() > 1) {
      changed = true;
      continue;
    }
    auto inner = input.getDefiningOp<ConcatOp>();
    if (inner && inner.getAxis() == op.getAxis() && inner->hasOneUse()) {
      llvm::append_range(inputs, inner.getInputs());
      changed = true;
      continue;
    }
    inputs.push_back(input);
  }
  if (!changed)
    return failure();
  if (inputs.empty())
    inputs.push_back(op.getInputs().front());
  rewriter.replaceOpWithNewOp<ConcatOp>(op, inputs, op.getAxis());
  return success();
}

/// Joins slices that lie side by side in one tensor.
static LogicalResult concatOfSlices(ConcatOp op, PatternRewriter &rewriter) {
  SmallVector<Value> inputs;
  SliceOp last;
  size_t axis = op.getAxis();
  for (Value input : op.getInputs()) {
    auto slice = input.getDefiningOp<SliceOp>();
    bool joins = slice && last && slice.getX() == last.getX() &&
                 slice.getSteps()[axis] == 1 && last.getSteps()[axis] == 1 &&
                 slice.getSteps() == last.getSteps();
    for (size_t d = 0; joins && d < slice.getStarts().size(); ++d) {
      int64_t expected = last.getStarts()[d];
      if (d == axis)
        expected += last.getType().getDimSize(d);
      joins = slice.getStarts()[d] == expected;
    }
    if (joins) {
      SmallVector<int64_t> sizes(last.getType().getShape());
      sizes[axis] += slice.getType().getDimSize(axis);
      last = SliceOp::create(rewriter, op.getLoc(), slice.getX(),
                             last.getStarts(), sizes, last.getSteps());
      inputs.back() = last;
    } else {
      inputs.push_back(input);
      last = slice;
    }
  }
  if (inputs.size() == op.getInputs().size())
    return failure();
  rewriter.replaceOpWithNewOp<ConcatOp>(op, inputs, op.getAxis());
  return success();
}

void ConcatOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                           MLIRContext *) {
  results.add(flattenConcat);
  results.add(concatOfSlices);
}

/// A slice that takes its elements from one operand of a concat.
static LogicalResult sliceOfConcat(SliceOp op, PatternRewriter &rewriter) {
  auto concat = op.getX().getDefiningOp<ConcatOp>();
  if (!concat || op.getType().getNumElements() == 0)
    return failure();
  int64_t axis = concat.getAxis();
  int64_t first = op.getStarts()[axis];
  int64_t last =
      first + (op.getType().getDimSize(axis) - 1) * op.getSteps()[axis];
  if (last < first)
    std::swap(first, last);
  int64_t offset = 0;
  for (Value input : concat.getInputs()) {
    int64_t size = shapeOf(input)[axis];
    if (first >= offset && last < offset + size) {
      SmallVector<int64_t> starts(op.getStarts());
      starts[axis] -= offset;
      rewriter.replaceOpWithNewOp<SliceOp>(
          op, input, starts, op.getType().getShape(), op.getSteps());
      return success();
    }
    offset += size;
  }
  return failure();
}

/// The step of a dimension of which one element is taken does not matter.
static LogicalResult normalizeSteps(SliceOp op, PatternRewriter &rewriter) {
  SmallVector<int64_t> steps(op.getSteps());
  for (auto [step, size] : llvm::zip(steps, op.getType().getShape()))
    if (size == 1)
      step = 1;
  if (ArrayRef<int64_t>(steps) == op.getSteps())
    return failure();
  rewriter.modifyOpInPlace(op, [&] { op.setSteps(steps); });
  return success();
}

void SliceOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                          MLIRContext *) {
  results.add(sliceOfConcat);
  results.add(normalizeSteps);
}

/// Two paddings with the same constant are one.
static LogicalResult padOfPad(PadOp op, PatternRewriter &rewriter) {
  auto inner = op.getX().getDefiningOp<PadOp>();
  if (!inner || op.getMode() != PadMode::Constant ||
      inner.getMode() != PadMode::Constant)
    return failure();
  Attribute a, b;
  if (op.getValue() != inner.getValue() &&
      (!matchPattern(op.getValue(), m_Constant(&a)) ||
       !matchPattern(inner.getValue(), m_Constant(&b)) || a != b))
    return failure();
  SmallVector<int64_t> lo, hi;
  for (size_t d = 0; d < op.getLo().size(); ++d) {
    lo.push_back(op.getLo()[d] + inner.getLo()[d]);
    hi.push_back(op.getHi()[d] + inner.getHi()[d]);
  }
  rewriter.replaceOpWithNewOp<PadOp>(op, op.getMode(), inner.getX(),
                                     op.getValue(), lo, hi);
  return success();
}

void PadOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                        MLIRContext *) {
  results.add(padOfPad);
}

/// Constant indices in arithmetic progression (a single one above all) are a
/// slice.
static LogicalResult gatherToSlice(GatherOp op, PatternRewriter &rewriter) {
  Attribute attribute;
  if (!matchPattern(op.getIndices(), m_Constant(&attribute)))
    return failure();
  DenseElementsAttr indices = smallConstant(attribute);
  if (!indices || op.getType().getNumElements() == 0 ||
      indices.getNumElements() > maxFoldedElements)
    return failure();
  int64_t axis = op.getAxis();
  ArrayRef<int64_t> shape = op.getData().getType().getShape();
  auto positions =
      llvm::map_to_vector(indices.getValues<APInt>(), [&](const APInt &index) {
        int64_t i = index.getSExtValue();
        return i < 0 ? i + shape[axis] : i;
      });
  int64_t step = positions.size() > 1 ? positions[1] - positions[0] : 1;
  if (step == 0)
    return failure();
  for (auto [i, position] : llvm::enumerate(positions))
    if (position < 0 || position >= shape[axis] ||
        position != positions[0] + int64_t(i) * step)
      return failure();
  SmallVector<int64_t> starts(shape.size(), 0), steps(shape.size(), 1);
  SmallVector<int64_t> sizes(shape);
  starts[axis] = positions[0];
  steps[axis] = step;
  sizes[axis] = positions.size();
  Value slice = SliceOp::create(rewriter, op.getLoc(), op.getData(), starts,
                                sizes, steps);
  rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), slice);
  return success();
}

void GatherOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                           MLIRContext *) {
  results.add(gatherToSlice);
}

//===----------------------------------------------------------------------===//
// Windows and reductions
//===----------------------------------------------------------------------===//

/// Reducing dimensions of 1 changes nothing but the shape.
static LogicalResult reduceOfOnes(ReduceOp op, PatternRewriter &rewriter) {
  ArrayRef<int64_t> shape = op.getX().getType().getShape();
  if (!llvm::all_of(op.getAxes(), [&](int64_t d) { return shape[d] == 1; }))
    return failure();
  rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getX());
  return success();
}

void ReduceOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                           MLIRContext *) {
  results.add(reduceOfOnes);
}

/// A pool of one window that covers the whole input is a reduction, one of
/// windows of one element a slice.
template <typename PoolOp>
static LogicalResult simplifyPool(PoolOp op, ReduceKind kind,
                                  PatternRewriter &rewriter) {
  if (llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; }))
    return failure();
  ArrayRef<int64_t> shape = op.getInput().getType().getShape();
  int64_t spatial = shape.size() - 2, first = op.getChannelsLast() ? 1 : 2;
  bool ones = llvm::all_of(op.getKernel(), [](int64_t k) { return k == 1; });
  if (ones) {
    SmallVector<int64_t> steps(shape.size(), 1);
    llvm::copy(op.getStrides(), steps.begin() + first);
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getInput(),
                                         SmallVector<int64_t>(shape.size(), 0),
                                         op.getType().getShape(), steps);
    return success();
  }
  auto axes = llvm::to_vector(llvm::seq<int64_t>(first, first + spatial));
  for (auto [kernel, dilation, axis] :
       llvm::zip(op.getKernel(), op.getDilations(), axes))
    if (kernel != shape[axis] || (dilation != 1 && kernel != 1))
      return failure();
  rewriter.replaceOpWithNewOp<ReduceOp>(op, kind, op.getInput(), axes,
                                        /*keepdims=*/true);
  return success();
}

static LogicalResult simplifyMaxPool(MaxPoolOp op, PatternRewriter &rewriter) {
  return simplifyPool(op, ReduceKind::Max, rewriter);
}

static LogicalResult simplifyAvgPool(AvgPoolOp op, PatternRewriter &rewriter) {
  return simplifyPool(op, ReduceKind::Mean, rewriter);
}

void MaxPoolOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                            MLIRContext *) {
  results.add(simplifyMaxPool);
}

void AvgPoolOp::getCanonicalizationPatterns(RewritePatternSet &results,
                                            MLIRContext *) {
  results.add(simplifyAvgPool);
}
