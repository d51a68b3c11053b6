//===- PreparePatterns.cpp - Rewrites of dispatch-prepare -----------------===//

#include "PreparePatterns.h"

#include "Structure.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::dispatch;

/// More inputs than this in one elementwise op do not fit the registers.
static constexpr unsigned kMaxInputs = 12;

//===----------------------------------------------------------------------===//
// Reshapes and slices
//===----------------------------------------------------------------------===//

namespace {

/// A reshape of a constant blob is a constant over the same blob.
template <typename ReshapeOp>
struct ReshapeOfConstant : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern<ReshapeOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto constant = op.getSrc().template getDefiningOp<arith::ConstantOp>();
    if (!constant)
      return failure();
    RankedTensorType type = op.getResultType();
    ElementsAttr value;
    if (auto blob = dyn_cast<DenseResourceElementsAttr>(constant.getValue()))
      value = DenseResourceElementsAttr::get(type, blob.getRawHandle());
    else if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue()))
      value = dense.isSplat() ? dense.resizeSplat(type) : dense.reshape(type);
    else
      return failure();
    auto folded = arith::ConstantOp::create(rewriter, constant.getLoc(), type,
                                            cast<TypedAttr>(value));
    rewriter.replaceOp(op, folded);
    return success();
  }
};

/// The reassociation that drops the dims of `shape` not in `keep`.
SmallVector<ReassociationIndices> dropReassociation(int64_t rank,
                                                    const BitVector &drop) {
  SmallVector<ReassociationIndices> reassociation;
  ReassociationIndices current;
  for (int64_t dim = 0; dim < rank; ++dim) {
    current.push_back(dim);
    if (!drop[dim]) {
      reassociation.push_back(current);
      current.clear();
    }
  }
  if (!current.empty() && !reassociation.empty())
    llvm::append_range(reassociation.back(), current);
  return reassociation;
}

/// Drops dim `d` of every list.
template <typename T>
SmallVector<T> dropped(ArrayRef<T> list, const BitVector &drop) {
  SmallVector<T> kept;
  for (auto [dim, value] : llvm::enumerate(list))
    if (!drop[dim])
      kept.push_back(value);
  return kept;
}

Value collapse(OpBuilder &builder, Location loc, Value value,
               const BitVector &drop) {
  auto type = cast<RankedTensorType>(value.getType());
  auto result = RankedTensorType::get(dropped(type.getShape(), drop),
                                      type.getElementType());
  if (auto empty = value.getDefiningOp<tensor::EmptyOp>())
    return tensor::EmptyOp::create(builder, loc, result.getShape(),
                                   result.getElementType());
  return tensor::CollapseShapeOp::create(
      builder, loc, result, value, dropReassociation(type.getRank(), drop));
}

/// Slices in tensors with unit dims: slice without them.
struct DropUnitDimsOfExtractSlice : OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op,
                                PatternRewriter &rewriter) const override {
    RankedTensorType source = op.getSourceType(), result = op.getType();
    if (source.getRank() != result.getRank() || !source.hasStaticShape() ||
        op.getStaticOffsets().empty())
      return failure();
    BitVector drop(source.getRank());
    for (auto [dim, extent] : llvm::enumerate(source.getShape()))
      drop[dim] = extent == 1 && result.getDimSize(dim) == 1;
    if (drop.none() || drop.all())
      return failure();
    Location loc = op.getLoc();
    Value narrow = collapse(rewriter, loc, op.getSource(), drop);
    Value slice = tensor::ExtractSliceOp::create(
        rewriter, loc, narrow,
        dropped<OpFoldResult>(op.getMixedOffsets(), drop),
        dropped<OpFoldResult>(op.getMixedSizes(), drop),
        dropped<OpFoldResult>(op.getMixedStrides(), drop));
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(
        op, result, slice, dropReassociation(result.getRank(), drop));
    return success();
  }
};

struct DropUnitDimsOfInsertSlice : OpRewritePattern<tensor::InsertSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::InsertSliceOp op,
                                PatternRewriter &rewriter) const override {
    RankedTensorType source = op.getSourceType(), dest = op.getDestType();
    if (source.getRank() != dest.getRank() || !source.hasStaticShape() ||
        !dest.hasStaticShape())
      return failure();
    BitVector drop(source.getRank());
    for (auto [dim, extent] : llvm::enumerate(dest.getShape()))
      drop[dim] = extent == 1 && source.getDimSize(dim) == 1;
    if (drop.none() || drop.all())
      return failure();
    Location loc = op.getLoc();
    Value slice = tensor::InsertSliceOp::create(
        rewriter, loc, collapse(rewriter, loc, op.getSource(), drop),
        collapse(rewriter, loc, op.getDest(), drop),
        dropped<OpFoldResult>(op.getMixedOffsets(), drop),
        dropped<OpFoldResult>(op.getMixedSizes(), drop),
        dropped<OpFoldResult>(op.getMixedStrides(), drop));
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(
        op, dest, slice, dropReassociation(dest.getRank(), drop));
    return success();
  }
};

/// Slice after expanding instead of before, so that the slice meets its reader:
/// a dim that is both sliced and expanded must be cut at multiples of its inner
/// part.
struct ExpandBeforeSlice : OpRewritePattern<tensor::ExpandShapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExpandShapeOp op,
                                PatternRewriter &rewriter) const override {
    auto slice = op.getSrc().getDefiningOp<tensor::ExtractSliceOp>();
    if (!slice ||
        slice.getSourceType().getRank() != slice.getType().getRank() ||
        !slice.getSourceType().hasStaticShape() ||
        llvm::any_of(slice.getStaticOffsets(), ShapedType::isDynamic) ||
        !slice.hasUnitStride())
      return failure();
    ArrayRef<int64_t> expanded = op.getResultType().getShape();
    SmallVector<int64_t> shape, offsets, sizes;
    for (auto [dim, group] : llvm::enumerate(op.getReassociationIndices())) {
      int64_t inner = 1;
      for (int64_t part : ArrayRef(group).drop_front())
        inner *= expanded[part];
      int64_t full = slice.getSourceType().getDimSize(dim);
      int64_t offset = slice.getStaticOffsets()[dim];
      if (inner == 0 || full % inner || offset % inner)
        return failure();
      shape.push_back(full / inner);
      offsets.push_back(offset / inner);
      sizes.push_back(expanded[group.front()]);
      for (int64_t part : ArrayRef(group).drop_front()) {
        shape.push_back(expanded[part]);
        offsets.push_back(0);
        sizes.push_back(expanded[part]);
      }
    }
    Value wide = tensor::ExpandShapeOp::create(
        rewriter, op.getLoc(),
        RankedTensorType::get(shape, op.getResultType().getElementType()),
        slice.getSource(), op.getReassociationIndices());
    auto attrs = [&](ArrayRef<int64_t> values) {
      return getAsIndexOpFoldResult(rewriter.getContext(), values);
    };
    rewriter.replaceOpWithNewOp<tensor::ExtractSliceOp>(
        op, op.getResultType(), wide, attrs(offsets), attrs(sizes),
        attrs(SmallVector<int64_t>(shape.size(), 1)));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Sinking moves below elementwise ops
//===----------------------------------------------------------------------===//

/// An elementwise op with one tensor input, read and written in the same order,
/// that does more than move data.
bool isUnaryMap(linalg::GenericOp op) {
  if (!isMap(op) || isMove(op) || op.getNumDpsInputs() != 1 ||
      op.getNumDpsInits() != 1 || !op.hasPureTensorSemantics() ||
      op.hasIndexSemantics() || isGather(op) ||
      op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
    return false;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  return maps[0].isPermutation() && maps[0] == maps[1];
}

/// Whether a chain of reshapes and moves that nobody else reads leads from
/// `value` to an op that computes.
bool leadsToComputation(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!value.hasOneUse())
      return false;
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op) &&
        !isPermutation(op))
      return isa<linalg::LinalgOp>(op);
    value = op->getOperand(0);
  }
  return false;
}

struct SinkMoveBelowUnary : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!isUnaryMap(op))
      return failure();
    Value input = op.getDpsInputOperand(0)->get();
    Operation *mover = input.getDefiningOp();
    if (!mover)
      return failure();
    bool reshapes = isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(mover);
    if (!reshapes && !(isMove(mover) && mover->getNumOperands() == 2))
      return failure();
    Value source = mover->getOperand(0);
    // A broadcast is always better after the computation, anything else only
    // if the op comes nearer to what it can be fused with.
    bool grows = getNumElements(input) > getNumElements(source);
    if (!grows && !leadsToComputation(input))
      return failure();

    auto sourceType = cast<RankedTensorType>(source.getType());
    Type element = getElementTypeOrSelf(op.getResultTypes().front());
    RankedTensorType computedType =
        RankedTensorType::get(sourceType.getShape(), element);
    Value empty = tensor::EmptyOp::create(rewriter, op.getLoc(),
                                          sourceType.getShape(), element);
    AffineMap identity = rewriter.getMultiDimIdentityMap(sourceType.getRank());
    auto computed = linalg::GenericOp::create(
        rewriter, op.getLoc(), computedType, source, empty,
        ArrayRef<AffineMap>{identity, identity},
        SmallVector<utils::IteratorType>(sourceType.getRank(),
                                         utils::IteratorType::parallel));
    rewriter.cloneRegionBefore(op.getRegion(), computed.getRegion(),
                               computed.getRegion().end());
    Operation *moved = rewriter.clone(*mover);
    rewriter.modifyOpInPlace(moved, [&] {
      moved->setOperand(0, computed.getResult(0));
      moved->getResult(0).setType(
          cast<RankedTensorType>(input.getType()).clone(element));
      auto move = dyn_cast<linalg::GenericOp>(moved);
      if (!move)
        return;
      Block *body = move.getBody();
      for (BlockArgument argument : body->getArguments())
        argument.setType(element);
    });
    if (auto move = dyn_cast<linalg::GenericOp>(moved)) {
      rewriter.setInsertionPoint(move);
      Value init = tensor::EmptyOp::create(
          rewriter, op.getLoc(),
          cast<RankedTensorType>(input.getType()).getShape(), element);
      rewriter.modifyOpInPlace(move,
                               [&] { move.getDpsInitOperand(0)->set(init); });
    }
    rewriter.replaceOp(op, moved->getResults());
    return success();
  }

private:
  static int64_t getNumElements(Value value) {
    return cast<ShapedType>(value.getType()).getNumElements();
  }
};

//===----------------------------------------------------------------------===//
// Permutations
//===----------------------------------------------------------------------===//

/// An op whose only reader permutes the result writes it permuted.
struct FoldPermutationIntoProducer : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!isPermutation(op) || !op.hasPureTensorSemantics())
      return failure();
    Value input = op.getDpsInputOperand(0)->get();
    auto producer = input.getDefiningOp<linalg::GenericOp>();
    if (!producer || !input.hasOneUse() || producer.getNumResults() != 1 ||
        isMove(producer))
      return failure();
    // written: dims of the input -> dims of the result.
    SmallVector<AffineMap> moved = op.getIndexingMapsArray();
    AffineMap order = moved[1].compose(inversePermutation(moved[0]));
    // A contraction computes tiles whose rows are the innermost dim: storing
    // them in another order is the business of its epilogue, not of its own
    // output.
    if (!isMap(producer) &&
        order.getResults().back() !=
            rewriter.getAffineDimExpr(order.getNumDims() - 1))
      return failure();

    OpOperand *init = producer.getDpsInitOperand(0);
    linalg::FillOp fill;
    if (producer.payloadUsesValueFromOperand(init)) {
      fill = init->get().getDefiningOp<linalg::FillOp>();
      if (!fill)
        return failure();
    }
    auto type = cast<RankedTensorType>(op.getResult(0).getType());
    Location loc = producer.getLoc();
    rewriter.setInsertionPoint(producer);
    Value newInit = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                            type.getElementType());
    if (fill)
      newInit = linalg::FillOp::create(rewriter, fill.getLoc(),
                                       fill.getInputs(), newInit)
                    .getResult(0);
    SmallVector<AffineMap> maps = producer.getIndexingMapsArray();
    maps.back() = order.compose(maps.back());
    auto replacement = linalg::GenericOp::create(
        rewriter, loc, type, producer.getDpsInputs(), newInit, maps,
        producer.getIteratorTypesArray());
    rewriter.inlineRegionBefore(producer.getRegion(), replacement.getRegion(),
                                replacement.getRegion().end());
    rewriter.replaceOp(op, replacement);
    rewriter.eraseOp(producer);
    return success();
  }
};

/// An op that stores one scalar everywhere is a linalg.fill.
struct ScalarToFill : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!isMap(op) || op.getNumResults() != 1 ||
        !op.getIndexingMapsArray().back().isPermutation() ||
        !llvm::hasSingleElement(op.getBody()->getOperations()))
      return failure();
    Value scalar = op.getBody()->getTerminator()->getOperand(0);
    if (scalar.getParentBlock() == op.getBody())
      return failure();
    rewriter.replaceOpWithNewOp<linalg::FillOp>(op, scalar, op.getOutputs());
    return success();
  }
};

/// The loops of an elementwise op run in the order of its result.
struct OrderLoopsByResult : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!isMap(op) || op.getNumResults() != 1)
      return failure();
    AffineMap written = op.getIndexingMapsArray().back();
    if (!written.isPermutation() || written.isIdentity())
      return failure();
    SmallVector<unsigned> order;
    for (AffineExpr expr : written.getResults())
      order.push_back(cast<AffineDimExpr>(expr).getPosition());
    return linalg::interchangeGenericOp(rewriter, op, order);
  }
};

} // namespace

void dispatch::populateReshapeAndSlicePatterns(RewritePatternSet &patterns) {
  patterns.add<ReshapeOfConstant<tensor::ExpandShapeOp>,
               ReshapeOfConstant<tensor::CollapseShapeOp>,
               DropUnitDimsOfExtractSlice, DropUnitDimsOfInsertSlice,
               ExpandBeforeSlice, ScalarToFill>(patterns.getContext());
}

void dispatch::populateSinkMovesPatterns(RewritePatternSet &patterns) {
  // Before fusion, which would merge a permutation into the elementwise op.
  patterns.add<SinkMoveBelowUnary>(patterns.getContext(), /*benefit=*/10);
}

void dispatch::populateFoldPermutationIntoProducerPatterns(
    RewritePatternSet &patterns) {
  patterns.add<FoldPermutationIntoProducer, OrderLoopsByResult>(
      patterns.getContext());
}

//===----------------------------------------------------------------------===//
// Control of upstream patterns
//===----------------------------------------------------------------------===//

/// Whether `value` is computed by an op that can take its elementwise consumer
/// as an epilogue.
static bool isEpilogueInput(OpOperand &operand) {
  auto producer = operand.get().getDefiningOp<linalg::LinalgOp>();
  return producer && !isMap(producer) && operand.get().hasOneUse() &&
         isPointwise(operand);
}

bool dispatch::shouldFuseElementwise(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer || !isMap(producer) ||
      producer.getNumResults() != 1)
    return false;
  AffineMap read = consumer.getMatchingIndexingMap(operand);
  if (isMove(producer)) {
    AffineMap moved = producer.getIndexingMapsArray().front();
    // Constants are put in order at compile time, except for the operands of
    // contractions, which are packed anyhow.
    if (isMap(consumer) && !moved.isIdentity() && moved.isPermutation() &&
        isConstantExpression(operand->get()))
      return false;
    return isMap(consumer) || moved.isProjectedPermutation();
  }
  if (consumer.getNumDpsInputs() + producer.getNumDpsInputs() > kMaxInputs + 1)
    return false;
  if (producer.getNumDpsInputs() == 0 && !isGather(producer))
    return isMap(consumer);
  // Evaluated at compile time.
  if (isConstantExpression(operand->get()))
    return false;
  for (OpOperand &use : operand->get().getUses())
    if (use.getOwner() != consumer ||
        consumer.getMatchingIndexingMap(&use) != read)
      return false;
  if (!isPointwise(*operand))
    return false;
  if (isMap(consumer))
    return true;
  return !hasReuse(consumer) &&
         llvm::none_of(producer->getOpOperands(), isEpilogueInput);
}

bool dispatch::shouldSinkReshape(OpOperand *operand) {
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  Operation *reshape = operand->get().getDefiningOp();
  if (!consumer || !isMap(consumer) || isMove(consumer) || !reshape ||
      !isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(reshape) ||
      consumer.getNumResults() != 1 || !leadsToComputation(operand->get()))
    return false;
  auto reassociation = [](Operation *op) {
    auto expand = dyn_cast<tensor::ExpandShapeOp>(op);
    return expand ? expand.getReassociationIndices()
                  : cast<tensor::CollapseShapeOp>(op).getReassociationIndices();
  };
  // The other inputs get the opposite reshape. It must vanish or be harmless:
  // in front of the result of another op it would ask to be moved back.
  for (OpOperand *other : consumer.getDpsInputOperands()) {
    Operation *def = other->get().getDefiningOp();
    if (other == operand || !def || def->hasTrait<OpTrait::ConstantLike>())
      continue;
    if (def->getName() == reshape->getName() &&
        reassociation(def) == reassociation(reshape))
      continue;
    return false;
  }
  return true;
}
