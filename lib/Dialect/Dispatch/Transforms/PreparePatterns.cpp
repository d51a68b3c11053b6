//===- PreparePatterns.cpp - Rewrites of dispatch-prepare -----------------===//

#include "PreparePatterns.h"

#include "Structure.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::dispatch;

/// More inputs than this in one elementwise op do not fit the registers.
static constexpr unsigned kMaxInputs = 12;
/// What says where something is read is the same for many elements.
static constexpr unsigned kMaxInputsOfGather = 24;

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

/// Copies the elements of a slice, row-major. `source` begins at the slice's
/// first element; `pitch` and `size` hold bytes between, and number of,
/// elements in each dimension.
void copySlice(const char *source, ArrayRef<int64_t> pitch,
               ArrayRef<int64_t> size, int64_t elementBytes, char *&target) {
  if (size.empty() || (size.size() == 1 && pitch[0] == elementBytes)) {
    int64_t bytes = elementBytes * (size.empty() ? 1 : size[0]);
    std::memcpy(target, source, bytes);
    target += bytes;
    return;
  }
  for (int64_t i = 0; i < size[0]; ++i)
    copySlice(source + i * pitch[0], pitch.drop_front(), size.drop_front(),
              elementBytes, target);
}

/// Slices of a constant blob are constants of their own where nothing reads the
/// whole: kernels can pack constants, not slices of them. (Upstream folds dense
/// attributes only, see tensor::populateFoldConstantExtractSlicePatterns.)
struct SliceOfConstant : OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op,
                                PatternRewriter &rewriter) const override {
    auto constant = op.getSource().getDefiningOp<arith::ConstantOp>();
    if (!constant || !op.getType().hasStaticShape() ||
        ShapedType::isDynamicShape(op.getStaticOffsets()) ||
        ShapedType::isDynamicShape(op.getStaticSizes()) ||
        ShapedType::isDynamicShape(op.getStaticStrides()) ||
        !llvm::all_of(constant->getUsers(),
                      llvm::IsaPred<tensor::ExtractSliceOp>))
      return failure();
    auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
    AsmResourceBlob *blob =
        resource ? resource.getRawHandle().getBlob() : nullptr;
    RankedTensorType from = op.getSourceType(), to = op.getType();
    unsigned bits = blob && from.getElementType().isIntOrFloat()
                        ? from.getElementType().getIntOrFloatBitWidth()
                        : 0;
    if (!bits || bits % 8 || to.getNumElements() == 0 ||
        int64_t(blob->getData().size()) != from.getNumElements() * (bits / 8))
      return failure();
    const char *source = blob->getData().data();
    SmallVector<int64_t> pitch(from.getRank());
    int64_t bytes = bits / 8;
    for (int64_t d = from.getRank(); d-- > 0; bytes *= from.getDimSize(d)) {
      source += op.getStaticOffset(d) * bytes;
      pitch[d] = op.getStaticStride(d) * bytes;
    }
    AsmResourceBlob result = HeapAsmResourceBlob::allocate(
        to.getNumElements() * (bits / 8), blob->getDataAlignment());
    char *target = result.getMutableData().data();
    copySlice(source, pitch, op.getStaticSizes(), bits / 8, target);
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(
        op, to,
        cast<TypedAttr>(Attribute(
            DenseResourceElementsAttr::get(to, "slice", std::move(result)))));
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

/// Slices with unit dims: slice without them.
struct DropUnitDimsOfExtractSlice : OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op,
                                PatternRewriter &rewriter) const override {
    RankedTensorType source = op.getSourceType(), result = op.getType();
    if (source.getRank() != result.getRank() || !source.hasStaticShape() ||
        !result.hasStaticShape())
      return failure();
    // Those of the source go by a reshape, those of the slice by reducing its
    // rank.
    BitVector drop(source.getRank()), reduce(source.getRank());
    for (auto [dim, extent] : llvm::enumerate(source.getShape())) {
      drop[dim] = extent == 1 && result.getDimSize(dim) == 1;
      reduce[dim] = result.getDimSize(dim) == 1;
    }
    if (reduce.none() || reduce.all() || drop.all())
      return failure();
    Location loc = op.getLoc();
    Value narrow = drop.none() ? op.getSource()
                               : collapse(rewriter, loc, op.getSource(), drop);
    auto type = RankedTensorType::get(dropped(result.getShape(), reduce),
                                      result.getElementType());
    Value slice = tensor::ExtractSliceOp::create(
        rewriter, loc, type, narrow,
        dropped<OpFoldResult>(op.getMixedOffsets(), drop),
        dropped<OpFoldResult>(op.getMixedSizes(), drop),
        dropped<OpFoldResult>(op.getMixedStrides(), drop));
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(
        op, result, slice, dropReassociation(result.getRank(), reduce));
    return success();
  }
};

/// The elements of all slices of `value`, reshaped or permuted or not.
static int64_t countSliced(Value value) {
  int64_t elements = 0;
  for (Operation *user : value.getUsers())
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(user))
      elements += slice.getType().getNumElements();
    else if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(user) ||
             isPermutation(user))
      elements += countSliced(user->getResult(0));
  return elements;
}

/// Whether slices of what `move` permutes, `op` among them, are most of it, but
/// short pieces of what it reads, which turn into columns: read one by one they
/// would be gathers, while the permutation of the whole is one of tiles.
static bool isBetterPermutedWhole(linalg::GenericOp move, AffineMap order,
                                  tensor::ExtractSliceOp op) {
  auto type = cast<RankedTensorType>(move->getResult(0).getType());
  unsigned rank = type.getRank();
  auto resultDim = [&](unsigned dim) {
    return cast<AffineDimExpr>(order.getResult(dim)).getPosition();
  };
  if (!type.hasStaticShape() || resultDim(rank - 1) == rank - 1)
    return false;
  int64_t piece = type.getElementTypeBitWidth() / 8;
  for (unsigned dim = rank; dim-- > 0;) {
    int64_t size = op.getStaticSizes()[resultDim(dim)];
    piece *= size;
    if (size != type.getDimSize(resultDim(dim)))
      break;
  }
  constexpr int64_t cacheLine = 64;
  if (piece >= cacheLine)
    return false;
  Value origin = move.getDpsInputOperand(0)->get();
  while (Operation *reshape = origin.getDefiningOp()) {
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(reshape))
      break;
    origin = reshape->getOperand(0);
  }
  int64_t elements = countSliced(origin);
  return op.getType().getNumElements() < elements &&
         2 * elements >= type.getNumElements();
}

/// Slice before permuting: the permutation can then go into the reader.
struct SliceBeforePermutation : OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op,
                                PatternRewriter &rewriter) const override {
    auto move = op.getSource().getDefiningOp<linalg::GenericOp>();
    if (!move || !isPermutation(move) ||
        llvm::any_of(op.getStaticSizes(), ShapedType::isDynamic) ||
        op.getType().getRank() == 0)
      return failure();
    // order: dims of the result -> dims of the input.
    SmallVector<AffineMap> maps = move.getIndexingMapsArray();
    AffineMap order = maps[0].compose(inversePermutation(maps[1]));
    if (isBetterPermutedWhole(move, order, op))
      return failure();
    SmallVector<OpFoldResult> offsets, sizes, strides;
    for (AffineExpr expr : order.getResults()) {
      unsigned dim = cast<AffineDimExpr>(expr).getPosition();
      offsets.push_back(op.getMixedOffsets()[dim]);
      sizes.push_back(op.getMixedSizes()[dim]);
      strides.push_back(op.getMixedStrides()[dim]);
    }
    Value slice = tensor::ExtractSliceOp::create(
        rewriter, op.getLoc(), move.getDpsInputOperand(0)->get(), offsets,
        sizes, strides);
    Value empty =
        tensor::EmptyOp::create(rewriter, move.getLoc(), op.getMixedSizes(),
                                op.getType().getElementType());
    auto moved = linalg::GenericOp::create(rewriter, move.getLoc(),
                                           empty.getType(), slice, empty, maps,
                                           move.getIteratorTypesArray());
    rewriter.cloneRegionBefore(move.getRegion(), moved.getRegion(),
                               moved.getRegion().end());
    Value result = moved.getResult(0);
    if (llvm::SmallBitVector reduced = op.getDroppedDims(); reduced.any()) {
      BitVector drop(reduced.size());
      for (unsigned dim : reduced.set_bits())
        drop.set(dim);
      result = collapse(rewriter, op.getLoc(), result, drop);
    }
    rewriter.replaceOp(op, result);
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
    if (!slice || !slice.getSourceType().hasStaticShape() ||
        !slice.hasUnitStride() ||
        llvm::any_of(slice.getStaticOffsets(), ShapedType::isDynamic))
      return failure();
    // First before the permutation.
    if (Operation *source = slice.getSource().getDefiningOp();
        source && isPermutation(source))
      return failure();
    ArrayRef<int64_t> expanded = op.getResultType().getShape();
    SmallVector<ReassociationIndices> groups = op.getReassociationIndices();
    llvm::SmallBitVector reduced = slice.getDroppedDims();
    if (groups.size() + reduced.count() != reduced.size())
      return failure();
    SmallVector<ReassociationIndices> reassociation;
    SmallVector<int64_t> shape, offsets, sizes;
    auto add = [&](int64_t extent, int64_t offset, int64_t size) {
      reassociation.back().push_back(shape.size());
      shape.push_back(extent);
      offsets.push_back(offset);
      sizes.push_back(size);
    };
    bool splits = false;
    unsigned next = 0;
    for (int64_t dim = 0; dim < slice.getSourceType().getRank(); ++dim) {
      reassociation.emplace_back();
      int64_t full = slice.getSourceType().getDimSize(dim);
      int64_t offset = slice.getStaticOffsets()[dim];
      if (reduced.test(dim)) {
        add(full, offset, 1);
        continue;
      }
      ArrayRef<int64_t> group = groups[next++];
      int64_t inner = 1;
      for (int64_t part : group.drop_front())
        inner *= expanded[part];
      if (inner == 0 || full % inner || offset % inner)
        return failure();
      splits |= inner > 1 && expanded[group.front()] > 1;
      add(full / inner, offset / inner, expanded[group.front()]);
      for (int64_t part : group.drop_front())
        add(expanded[part], 0, expanded[part]);
    }
    // Adding unit dims is no reason.
    if (!splits)
      return failure();
    Value wide = tensor::ExpandShapeOp::create(
        rewriter, op.getLoc(),
        RankedTensorType::get(shape, op.getResultType().getElementType()),
        slice.getSource(), reassociation);
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
  if (isConstantExpression(value))
    return false;
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

/// Whether the body adds the product of both inputs to the output.
static bool isProductSum(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1)
    return false;
  Block *body = op.getBody();
  auto add =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add || body->getOperations().size() != 3)
    return false;
  Value out = body->getArgument(2);
  Value term = add.getLhs() == out ? add.getRhs() : add.getLhs();
  auto mul = term.getDefiningOp<arith::MulFOp>();
  return mul && (add.getLhs() == out || add.getRhs() == out) &&
         ((mul.getLhs() == body->getArgument(0) &&
           mul.getRhs() == body->getArgument(1)) ||
          (mul.getLhs() == body->getArgument(1) &&
           mul.getRhs() == body->getArgument(0)));
}

/// Products are linear: a factor of an operand becomes one of the result, where
/// it is part of the epilogue. (As arithmetic on an operand it would either be
/// a kernel of its own or be repeated for every tile.)
struct ScaleResultOfContraction : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!hasReuse(op) || !isProductSum(op))
      return failure();
    for (OpOperand *operand : op.getDpsInputOperands()) {
      auto scale = operand->get().getDefiningOp<linalg::GenericOp>();
      if (!scale || isConstantExpression(operand->get()))
        continue;
      Value factor = getFactor(scale);
      if (!factor || factor.getType() != getElementTypeOrSelf(op.getResult(0)))
        continue;
      // The operand: the same data without the factor.
      SmallVector<AffineMap> maps = scale.getIndexingMapsArray();
      AffineMap order = maps[0].compose(inversePermutation(maps[1]));
      SmallVector<AffineMap> newMaps = op.getIndexingMapsArray();
      unsigned number = operand->getOperandNumber();
      newMaps[number] = order.compose(newMaps[number]);
      rewriter.modifyOpInPlace(op, [&] {
        operand->set(scale.getDpsInputOperand(0)->get());
        op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(newMaps));
      });
      // The result times the factor.
      rewriter.setInsertionPointAfter(op);
      auto type = cast<RankedTensorType>(op.getResult(0).getType());
      Value empty = tensor::EmptyOp::create(
          rewriter, scale.getLoc(), type.getShape(), type.getElementType());
      AffineMap identity = rewriter.getMultiDimIdentityMap(type.getRank());
      auto scaled = linalg::GenericOp::create(
          rewriter, scale.getLoc(), type, op.getResult(0), empty,
          ArrayRef<AffineMap>{identity, identity},
          SmallVector<utils::IteratorType>(type.getRank(),
                                           utils::IteratorType::parallel),
          [&](OpBuilder &b, Location loc, ValueRange args) {
            Value product = arith::MulFOp::create(b, loc, args[0], factor);
            linalg::YieldOp::create(b, loc, product);
          });
      rewriter.replaceAllUsesExcept(op.getResult(0), scaled.getResult(0),
                                    scaled);
      return success();
    }
    return failure();
  }

private:
  /// The constant that `op` multiplies its only input with, or null.
  static Value getFactor(linalg::GenericOp op) {
    if (!isMap(op) || op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
        op.getBody()->getOperations().size() != 2 ||
        llvm::any_of(op.getIndexingMapsArray(),
                     [](AffineMap map) { return !map.isPermutation(); }))
      return {};
    auto mul = op.getBody()
                   ->getTerminator()
                   ->getOperand(0)
                   .getDefiningOp<arith::MulFOp>();
    if (!mul)
      return {};
    Value in = op.getBody()->getArgument(0);
    Value factor = mul.getLhs() == in ? mul.getRhs() : mul.getLhs();
    bool reads = mul.getLhs() == in || mul.getRhs() == in;
    auto type = dyn_cast<FloatType>(factor.getType());
    // Small types could overflow.
    return reads && factor != in && type && type.getWidth() >= 32 &&
                   matchPattern(factor, m_Constant())
               ? factor
               : Value();
  }
};

/// An op that stores one scalar everywhere is a linalg.fill: a reduction, too,
/// whose body folded to what no element changes, as min(x - x, …) of unsigned
/// integers does.
struct ScalarToFill : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getNumResults() != 1 || op.hasDynamicShape() ||
        !op.getIndexingMapsArray().back().isProjectedPermutation() ||
        !llvm::hasSingleElement(op.getBody()->getOperations()) ||
        llvm::is_contained(op.getStaticLoopRanges(), 0))
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
               ReshapeOfConstant<tensor::CollapseShapeOp>, SliceOfConstant,
               DropUnitDimsOfExtractSlice, DropUnitDimsOfInsertSlice,
               SliceBeforePermutation, ExpandBeforeSlice, ScalarToFill>(
      patterns.getContext());
}

void dispatch::populateSinkMovesPatterns(RewritePatternSet &patterns) {
  // Before fusion, which would merge a permutation into the elementwise op.
  patterns.add<SinkMoveBelowUnary>(patterns.getContext(), /*benefit=*/10);
}

void dispatch::populateFoldPermutationIntoProducerPatterns(
    RewritePatternSet &patterns) {
  patterns.add<FoldPermutationIntoProducer, OrderLoopsByResult,
               ScaleResultOfContraction>(patterns.getContext());
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

/// Whether elementwise ops, and reshapes among them, lead from a computation
/// whose epilogue they can be to `value`. (How many read what is in between
/// can not be counted: what has been fused is not gone at once.)
static bool endsEpilogue(Value value) {
  llvm::SmallSetVector<Value, 8> values;
  values.insert(value);
  for (unsigned i = 0; i < values.size(); ++i) {
    Operation *producer = values[i].getDefiningOp();
    if (isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
            producer)) {
      values.insert(producer->getOperand(0));
      continue;
    }
    auto structured = dyn_cast_or_null<linalg::LinalgOp>(producer);
    if (!structured || isa<linalg::FillOp>(producer) ||
        isConstantExpression(values[i]))
      continue;
    if (!isMap(structured))
      return true;
    values.insert_range(structured.getDpsInputs());
  }
  return false;
}

/// Whether the operands of the op that fusing `producer` into `operand` makes
/// still tell the extents of all loops. They do not where only the broadcast
/// value has a dim that is summed over; upstream's fusion would then keep the
/// broadcast as a further result. (Such results, which reduction loops index,
/// tell nothing themselves: they go when their last reader is fused. Nor do
/// inputs that are not read, which are dropped.)
static bool keepsLoopExtents(linalg::GenericOp producer, OpOperand &operand) {
  auto consumer = cast<linalg::GenericOp>(operand.getOwner());
  AffineMap written = producer.getIndexingMapsArray().back();
  if (!written.isPermutation())
    return true; // not fusable at all
  AffineMap toProducer = inversePermutation(written).compose(
      consumer.getMatchingIndexingMap(&operand));
  SmallVector<AffineMap> maps;
  SmallVector<unsigned> reductions;
  consumer.getReductionDims(reductions);
  for (OpOperand &other : consumer->getOpOperands()) {
    AffineMap map = consumer.getMatchingIndexingMap(&other);
    bool tells = consumer.isDpsInit(&other)
                     ? llvm::none_of(reductions,
                                     [&](unsigned loop) {
                                       return map.isFunctionOfDim(loop);
                                     })
                     : consumer.payloadUsesValueFromOperand(&other);
    if (&other != &operand && tells)
      maps.push_back(map);
  }
  for (OpOperand *input : producer.getDpsInputOperands())
    if (producer.payloadUsesValueFromOperand(input))
      maps.push_back(
          producer.getMatchingIndexingMap(input).compose(toProducer));
  return bool(
      inversePermutation(concatAffineMaps(maps, consumer.getContext())));
}

/// Whether each element is a few simple instructions on elements of smaller
/// tensors: a sum of rows and columns, say, or where something is in memory.
static bool isCheapOuterCombination(linalg::GenericOp op) {
  constexpr unsigned mostInstructions = 8;
  if (!isMap(op) || isGather(op) || op.getNumDpsInputs() < 2 ||
      op.getBody()->getOperations().size() > mostInstructions + 1)
    return false;
  for (OpOperand *input : op.getDpsInputOperands())
    if (op.getMatchingIndexingMap(input).getNumResults() == op.getNumLoops())
      return false;
  return llvm::all_of(op.getBody()->without_terminator(), [](Operation &each) {
    return isa<arith::ArithDialect>(each.getDialect()) &&
           !isa<arith::DivFOp, arith::DivSIOp, arith::DivUIOp, arith::RemFOp,
                arith::RemSIOp, arith::RemUIOp>(each);
  });
}

bool dispatch::shouldFuseElementwise(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer || !isMap(producer) ||
      producer.getNumResults() != 1 || !keepsLoopExtents(producer, *operand))
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
  unsigned most = isGather(producer) || isGather(consumer) ? kMaxInputsOfGather
                                                           : kMaxInputs;
  if (consumer.getNumDpsInputs() + producer.getNumDpsInputs() > most + 1)
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
  // The reader is at many places for each element, but what it reads there
  // costs more.
  if (isGather(consumer) && !isPointwise(*operand) &&
      read.isProjectedPermutation())
    return isCheapOuterCombination(producer);
  if (!isPointwise(*operand))
    return false;
  // Where a sum is quantised it is a byte. If what follows has another
  // computation's result to read, too, then it goes with that one, and bytes
  // are what is stored in between; if not, all become one in one kernel.
  if (isMap(consumer))
    return !getElementTypeOrSelf(operand->get()).isInteger(8) ||
           !endsEpilogue(operand->get());
  // What a sum reads at computed places need not be stored in front of it, nor
  // does another value that weighs it need to have all of its dims.
  return (!hasReuse(consumer) || isGather(producer)) &&
         llvm::none_of(producer->getOpOperands(), isEpilogueInput);
}

bool dispatch::shouldSinkReshape(OpOperand *operand) {
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  Operation *reshape = operand->get().getDefiningOp();
  // Dims are split before a permutation, which then goes into its reader.
  // (Unit dims are no reason: those of the permutation would be dropped again.)
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(operand->getOwner()))
    return reshape && isPermutation(reshape) &&
           llvm::any_of(
               expand.getReassociationIndices(), [&](ArrayRef<int64_t> group) {
                 return llvm::count_if(group, [&](int64_t dim) {
                          return expand.getResultType().getDimSize(dim) != 1;
                        }) > 1;
               });
  // What is padded, or permuted, after merging dims: do that before.
  if (isa_and_nonnull<tensor::CollapseShapeOp>(reshape) &&
      (isa<tensor::PadOp>(operand->getOwner()) ||
       isPermutation(operand->getOwner())))
    return leadsToComputation(operand->get());
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
    if (other == operand || !def || isConstantExpression(other->get()))
      continue;
    if (def->getName() == reshape->getName() &&
        reassociation(def) == reassociation(reshape))
      continue;
    return false;
  }
  return true;
}
