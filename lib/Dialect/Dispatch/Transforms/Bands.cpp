//===- Bands.cpp - Chains of ops computed band by band --------------------===//

#include "dlc/Dialect/Dispatch/Transforms/Bands.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/TilingInterface.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace dlc::dispatch;

Box Box::whole(ArrayRef<int64_t> shape) {
  return {SmallVector<int64_t>(shape.size(), 0), SmallVector<int64_t>(shape)};
}

void Box::unite(const Box &other) {
  for (auto [offset, size, otherOffset, otherSize] :
       llvm::zip_equal(offsets, sizes, other.offsets, other.sizes)) {
    int64_t end = std::max(offset + size, otherOffset + otherSize);
    offset = std::min(offset, otherOffset);
    size = end - offset;
  }
}

int64_t BandedChain::getBandSize() const {
  auto type = cast<RankedTensorType>(result.getType());
  return llvm::divideCeil(type.getDimSize(dim), count);
}

int64_t BandedChain::getNumBands() const {
  auto type = cast<RankedTensorType>(result.getType());
  return llvm::divideCeil(type.getDimSize(dim), getBandSize());
}

static ArrayRef<int64_t> getShape(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static Box getBandBox(const BandedChain &chain, int64_t number) {
  Box box = Box::whole(getShape(chain.result));
  box.offsets[chain.dim] = number * chain.getBandSize();
  box.sizes[chain.dim] = std::min(
      chain.getBandSize(), box.sizes[chain.dim] - box.offsets[chain.dim]);
  return box;
}

//===----------------------------------------------------------------------===//
// From results to operands
//===----------------------------------------------------------------------===//

/// The least and the greatest value of `expr` over `loops`, which must be a sum
/// of products with constants.
static FailureOr<std::pair<int64_t, int64_t>> getRange(AffineExpr expr,
                                                       const Box &loops) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    int64_t offset = loops.offsets[dim.getPosition()];
    return std::pair(offset, offset + loops.sizes[dim.getPosition()] - 1);
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return std::pair(constant.getValue(), constant.getValue());
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary || (expr.getKind() != AffineExprKind::Add &&
                  expr.getKind() != AffineExprKind::Mul))
    return failure();
  auto left = getRange(binary.getLHS(), loops);
  auto right = getRange(binary.getRHS(), loops);
  if (failed(left) || failed(right))
    return failure();
  if (expr.getKind() == AffineExprKind::Add)
    return std::pair(left->first + right->first, left->second + right->second);
  if (right->first != right->second || right->first < 0)
    return failure();
  return std::pair(left->first * right->first, left->second * right->first);
}

/// The part that the iterations `loops` touch through `map`.
static FailureOr<Box> getBoxThrough(AffineMap map, const Box &loops) {
  Box box;
  for (AffineExpr expr : map.getResults()) {
    auto range = getRange(expr, loops);
    if (failed(range))
      return failure();
    box.offsets.push_back(range->first);
    box.sizes.push_back(range->second - range->first + 1);
  }
  return box;
}

/// The iterations of `op` that make `box` of `result`.
static FailureOr<Box> getLoopsFor(linalg::LinalgOp op, OpResult result,
                                  const Box &box) {
  Box loops = Box::whole(op.getStaticLoopRanges());
  AffineMap map = op.getMatchingIndexingMap(op.getTiedOpOperand(result));
  for (auto [expr, offset, size] :
       llvm::zip_equal(map.getResults(), box.offsets, box.sizes)) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim)
      return failure();
    loops.offsets[dim.getPosition()] = offset;
    loops.sizes[dim.getPosition()] = size;
  }
  return loops;
}

Box dlc::dispatch::getResultBox(OpResult value, const Box &box) {
  auto op = dyn_cast<linalg::LinalgOp>(value.getOwner());
  if (!op)
    return box;
  // The map was checked when the box was made.
  return *getBoxThrough(op.getMatchingIndexingMap(op.getTiedOpOperand(value)),
                        box);
}

namespace {
/// A group of dims that a reshape splits or merges: the first one longer than
/// one can be cut where the merged dim is a multiple of what lies within it.
struct ReshapeGroup {
  int64_t merged;
  ArrayRef<int64_t> split;
  int64_t lead = -1;
  int64_t inner = 1;

  ReshapeGroup(int64_t merged, ArrayRef<int64_t> split, ArrayRef<int64_t> shape)
      : merged(merged), split(split) {
    for (int64_t dim : split) {
      if (lead >= 0)
        inner *= shape[dim];
      else if (shape[dim] != 1)
        lead = dim;
    }
  }
};
} // namespace

/// The groups of a reshape; `split` is the shape of the higher rank.
static SmallVector<ReshapeGroup>
getGroups(ArrayRef<ReassociationIndices> reassociation,
          ArrayRef<int64_t> split) {
  SmallVector<ReshapeGroup> groups;
  for (auto [index, dims] : llvm::enumerate(reassociation))
    groups.emplace_back(index, dims, split);
  return groups;
}

/// Grows `box` of the lower rank to what a box of the higher rank can hold;
/// gives that one.
static Box splitBox(Box &box, ArrayRef<ReshapeGroup> groups,
                    ArrayRef<int64_t> split) {
  Box result = Box::whole(split);
  for (const ReshapeGroup &group : groups) {
    if (group.lead < 0)
      continue;
    int64_t &offset = box.offsets[group.merged];
    int64_t &size = box.sizes[group.merged];
    int64_t begin = offset / group.inner;
    int64_t end = llvm::divideCeil(offset + size, group.inner);
    result.offsets[group.lead] = begin;
    result.sizes[group.lead] = end - begin;
    offset = begin * group.inner;
    size = (end - begin) * group.inner;
  }
  return result;
}

/// The same the other way round.
static Box mergeBox(Box &box, ArrayRef<ReshapeGroup> groups,
                    ArrayRef<int64_t> split, ArrayRef<int64_t> merged) {
  Box result = Box::whole(merged);
  Box grown = Box::whole(split);
  for (const ReshapeGroup &group : groups) {
    if (group.lead < 0)
      continue;
    int64_t offset = box.offsets[group.lead], size = box.sizes[group.lead];
    grown.offsets[group.lead] = offset;
    grown.sizes[group.lead] = size;
    result.offsets[group.merged] = offset * group.inner;
    result.sizes[group.merged] = size * group.inner;
  }
  box = grown;
  return result;
}

/// The part of the source that `box` of a padded tensor needs. The box grows to
/// hold at least one element of the source in each dim.
static Box getPadSource(tensor::PadOp pad, Box &box) {
  Box source;
  for (auto [low, extent, offset, size] :
       llvm::zip_equal(pad.getStaticLow(), pad.getSourceType().getShape(),
                       box.offsets, box.sizes)) {
    int64_t begin = std::min(offset, low + extent - 1);
    int64_t end = std::max(offset + size, low + 1);
    offset = begin;
    size = end - begin;
    source.offsets.push_back(std::max<int64_t>(begin - low, 0));
    source.sizes.push_back(std::min(end - low, extent) - source.offsets.back());
  }
  return source;
}

/// What of `box` lies in the part that is inserted, relative to `box`: nothing
/// if a size is zero.
static Box getInserted(tensor::InsertSliceOp insert, const Box &box) {
  Box inserted;
  for (auto [at, extent, offset, size] :
       llvm::zip_equal(insert.getStaticOffsets(), insert.getStaticSizes(),
                       box.offsets, box.sizes)) {
    int64_t begin = std::max(at, offset);
    int64_t end = std::min(at + extent, offset + size);
    inserted.offsets.push_back(begin - offset);
    inserted.sizes.push_back(std::max<int64_t>(end - begin, 0));
  }
  return inserted;
}

/// Whether a slice keeps the rank and takes every element.
template <typename SliceOp>
static bool isPlainSlice(SliceOp slice) {
  auto isStatic = [](ArrayRef<int64_t> values) {
    return llvm::none_of(values, ShapedType::isDynamic);
  };
  return slice.getSourceType().getRank() == slice.getType().getRank() &&
         isStatic(slice.getStaticOffsets()) &&
         isStatic(slice.getStaticSizes()) &&
         llvm::all_of(slice.getStaticStrides(),
                      [](int64_t stride) { return stride == 1; });
}

/// Whether `value` can be made anew in any shape.
static bool isInit(Value value) {
  return isa_and_nonnull<tensor::EmptyOp, linalg::FillOp>(
      value.getDefiningOp());
}

namespace {
/// Works out the boxes of one band, from the result to the chain's inputs.
class BandPlanner {
public:
  explicit BandPlanner(const BandedChain &chain)
      : chain(chain), members(chain.ops.begin(), chain.ops.end()) {}

  FailureOr<BandBoxes> run(const Box &band) {
    if (failed(demand(chain.result, band)))
      return failure();
    for (Operation *op : llvm::reverse(chain.ops)) {
      auto it = boxes.find(op);
      if (it == boxes.end())
        continue;
      // Growing it must not move what `boxes` holds while others are added.
      Box box = it->second;
      if (failed(propagate(op, box)))
        return failure();
      boxes[op] = box;
    }
    return std::move(boxes);
  }

private:
  /// Adds `box` to what is needed of `value`.
  LogicalResult demand(Value value, Box box) {
    auto result = dyn_cast<OpResult>(value);
    if (!result || !members.contains(result.getOwner()) || isInit(value))
      return success();
    if (auto op = dyn_cast<linalg::LinalgOp>(result.getOwner())) {
      FailureOr<Box> loops = getLoopsFor(op, result, box);
      if (failed(loops))
        return failure();
      box = *loops;
    }
    auto [it, isNew] = boxes.try_emplace(result.getOwner(), box);
    if (!isNew)
      it->second.unite(box);
    return success();
  }

  LogicalResult propagateStructured(linalg::LinalgOp op, const Box &box) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType()))
        continue;
      FailureOr<Box> part =
          getBoxThrough(op.getMatchingIndexingMap(&operand), box);
      if (failed(part) || failed(demand(operand.get(), *part)))
        return failure();
    }
    return success();
  }

  LogicalResult propagate(Operation *op, Box &box) {
    if (auto structured = dyn_cast<linalg::LinalgOp>(op))
      return propagateStructured(structured, box);
    if (auto pad = dyn_cast<tensor::PadOp>(op)) {
      if (!pad.getConstantPaddingValue() ||
          llvm::is_contained(pad.getStaticLow(), ShapedType::kDynamic) ||
          llvm::is_contained(pad.getSourceType().getShape(), 0))
        return failure();
      return demand(pad.getSource(), getPadSource(pad, box));
    }
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      ArrayRef<int64_t> split = collapse.getSrcType().getShape();
      auto indices = collapse.getReassociationIndices();
      return demand(collapse.getSrc(),
                    splitBox(box, getGroups(indices, split), split));
    }
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      ArrayRef<int64_t> split = expand.getResultType().getShape();
      auto indices = expand.getReassociationIndices();
      return demand(expand.getSrc(),
                    mergeBox(box, getGroups(indices, split), split,
                             expand.getSrcType().getShape()));
    }
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
      if (!isPlainSlice(insert))
        return failure();
      Box part = getInserted(insert, box);
      for (auto [offset, at, start] : llvm::zip_equal(
               part.offsets, box.offsets, insert.getStaticOffsets()))
        offset += at - start;
      if (part.volume() > 0 && failed(demand(insert.getSource(), part)))
        return failure();
      return demand(insert.getDest(), box);
    }
    auto extract = dyn_cast<tensor::ExtractSliceOp>(op);
    if (!extract || !isPlainSlice(extract))
      return failure();
    Box part = box;
    for (auto [offset, start] :
         llvm::zip_equal(part.offsets, extract.getStaticOffsets()))
      offset += start;
    return demand(extract.getSource(), part);
  }

  const BandedChain &chain;
  DenseSet<Operation *> members;
  BandBoxes boxes;
};
} // namespace

bool dlc::dispatch::isBandable(const BandedChain &chain) {
  DenseSet<Operation *> members(chain.ops.begin(), chain.ops.end());
  return llvm::all_of(chain.ops, [&](Operation *op) {
    if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
      // What a body reads by itself may lie anywhere.
      SetVector<Value> captured;
      getUsedValuesDefinedAbove(op->getRegions(), captured);
      return isa<TilingInterface>(op) && structured.hasPureTensorSemantics() &&
             llvm::none_of(structured.getStaticLoopRanges(),
                           ShapedType::isDynamic) &&
             llvm::none_of(captured, [&](Value value) {
               return members.contains(value.getDefiningOp());
             });
    }
    return isa<tensor::PadOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp,
               tensor::InsertSliceOp, tensor::ExtractSliceOp>(op);
  });
}

FailureOr<BandBoxes> dlc::dispatch::planBand(const BandedChain &chain,
                                             int64_t number) {
  return BandPlanner(chain).run(getBandBox(chain, number));
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

namespace {
/// Creates the ops of one band.
class BandBuilder {
public:
  BandBuilder(RewriterBase &rewriter, const BandedChain &chain,
              const BandBoxes &boxes)
      : rewriter(rewriter), chain(chain), boxes(boxes) {}

  FailureOr<Value> build(const Box &band) {
    for (Operation *op : chain.ops)
      if (auto it = boxes.find(op); it != boxes.end())
        if (failed(build(op, it->second)))
          return failure();
    return get(chain.result, band);
  }

private:
  SmallVector<OpFoldResult> attrs(ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(rewriter.getContext(), values);
  }

  Value slice(Value value, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes) {
    return tensor::ExtractSliceOp::create(
        rewriter, value.getLoc(), value, attrs(offsets), attrs(sizes),
        attrs(SmallVector<int64_t>(sizes.size(), 1)));
  }

  /// The part `box` of `value`, a value of the original graph.
  Value get(Value value, const Box &box) {
    if (auto it = tiles.find(value); it != tiles.end()) {
      auto &[tile, have] = it->second;
      if (have == box)
        return tile;
      SmallVector<int64_t> offsets;
      for (auto [to, from] : llvm::zip_equal(box.offsets, have.offsets))
        offsets.push_back(to - from);
      return slice(tile, offsets, box.sizes);
    }
    if (box == Box::whole(getShape(value)))
      return value;
    if (auto empty = value.getDefiningOp<tensor::EmptyOp>())
      return tensor::EmptyOp::create(rewriter, empty.getLoc(), box.sizes,
                                     empty.getType().getElementType());
    if (auto fill = value.getDefiningOp<linalg::FillOp>())
      return linalg::FillOp::create(rewriter, fill.getLoc(), fill.getInputs(),
                                    get(fill.getOutputs()[0], box))
          .getResult(0);
    return slice(value, box.offsets, box.sizes);
  }

  LogicalResult build(linalg::LinalgOp op, const Box &box) {
    auto tileable = cast<TilingInterface>(op.getOperation());
    FailureOr<TilingResult> tiled = tileable.getTiledImplementation(
        rewriter, attrs(box.offsets), attrs(box.sizes));
    if (failed(tiled) || tiled->tiledOps.size() != 1)
      return failure();
    auto part = cast<linalg::LinalgOp>(tiled->tiledOps.front());
    part->removeAttr(kChainAttr);
    part->removeAttr(kBandsAttr);
    // What it made slices of exists in parts, or is made in that shape.
    rewriter.setInsertionPoint(part);
    for (OpOperand &operand : part->getOpOperands()) {
      Value original = op->getOperand(operand.getOperandNumber());
      if (!isa<RankedTensorType>(original.getType()))
        continue;
      Box needed = *getBoxThrough(op.getMatchingIndexingMap(&op->getOpOperand(
                                      operand.getOperandNumber())),
                                  box);
      operand.set(get(original, needed));
    }
    for (Operation *generated : llvm::reverse(tiled->generatedSlices))
      if (isOpTriviallyDead(generated))
        rewriter.eraseOp(generated);
    rewriter.setInsertionPointAfter(part);
    for (auto [from, to] :
         llvm::zip_equal(op->getResults(), part->getResults()))
      tiles[from] = {to, getResultBox(from, box)};
    return success();
  }

  LogicalResult build(Operation *op, const Box &box) {
    if (auto structured = dyn_cast<linalg::LinalgOp>(op))
      return build(structured, box);
    Value result = op->getResult(0);
    auto type = cast<RankedTensorType>(result.getType()).clone(box.sizes);
    Location loc = op->getLoc();
    Box same = box;
    Value made;
    if (auto pad = dyn_cast<tensor::PadOp>(op)) {
      Box part = getPadSource(pad, same);
      SmallVector<int64_t> low, high;
      for (auto [before, extent, offset, size] :
           llvm::zip_equal(pad.getStaticLow(), pad.getSourceType().getShape(),
                           box.offsets, box.sizes)) {
        low.push_back(std::max<int64_t>(before - offset, 0));
        high.push_back(std::max<int64_t>(offset + size - before - extent, 0));
      }
      auto padded =
          tensor::PadOp::create(rewriter, loc, type, get(pad.getSource(), part),
                                attrs(low), attrs(high));
      rewriter.cloneRegionBefore(pad.getRegion(), padded.getRegion(),
                                 padded.getRegion().end());
      rewriter.setInsertionPointAfter(padded);
      made = padded;
    } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
      ArrayRef<int64_t> split = collapse.getSrcType().getShape();
      auto indices = collapse.getReassociationIndices();
      Box part = splitBox(same, getGroups(indices, split), split);
      made = tensor::CollapseShapeOp::create(
          rewriter, loc, type, get(collapse.getSrc(), part), indices);
    } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
      ArrayRef<int64_t> split = expand.getResultType().getShape();
      auto indices = expand.getReassociationIndices();
      Box part = mergeBox(same, getGroups(indices, split), split,
                          expand.getSrcType().getShape());
      made = tensor::ExpandShapeOp::create(rewriter, loc, type,
                                           get(expand.getSrc(), part), indices);
    } else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
      made = buildInsert(insert, box);
    } else {
      auto extract = cast<tensor::ExtractSliceOp>(op);
      Box part = box;
      for (auto [offset, start] :
           llvm::zip_equal(part.offsets, extract.getStaticOffsets()))
        offset += start;
      made = get(extract.getSource(), part);
    }
    tiles[result] = {made, box};
    return success();
  }

  Value buildInsert(tensor::InsertSliceOp insert, const Box &box) {
    Value dest = get(insert.getDest(), box);
    Box target = getInserted(insert, box);
    if (target.volume() == 0)
      return dest;
    Box part = target;
    for (auto [offset, at, start] :
         llvm::zip_equal(part.offsets, box.offsets, insert.getStaticOffsets()))
      offset += at - start;
    Value source = get(insert.getSource(), part);
    return tensor::InsertSliceOp::create(
        rewriter, insert.getLoc(), source, dest, attrs(target.offsets),
        attrs(target.sizes),
        attrs(SmallVector<int64_t>(target.sizes.size(), 1)));
  }

  RewriterBase &rewriter;
  const BandedChain &chain;
  const BandBoxes &boxes;
  /// What there is of each value of the chain.
  DenseMap<Value, std::pair<Value, Box>> tiles;
};
} // namespace

LogicalResult dlc::dispatch::tileChain(RewriterBase &rewriter,
                                       const BandedChain &chain) {
  if (!isBandable(chain))
    return failure();
  SmallVector<BandBoxes> bands;
  for (int64_t number : llvm::seq<int64_t>(chain.getNumBands())) {
    FailureOr<BandBoxes> boxes = planBand(chain, number);
    if (failed(boxes))
      return failure();
    bands.push_back(std::move(*boxes));
  }
  Operation *last = chain.result.getOwner();
  rewriter.setInsertionPoint(last);
  auto type = cast<RankedTensorType>(chain.result.getType());
  Value whole = tensor::EmptyOp::create(rewriter, last->getLoc(),
                                        type.getShape(), type.getElementType());
  auto attrs = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(rewriter.getContext(), values);
  };
  for (auto [number, boxes] : llvm::enumerate(bands)) {
    Box box = getBandBox(chain, number);
    rewriter.setInsertionPoint(last);
    FailureOr<Value> band = BandBuilder(rewriter, chain, boxes).build(box);
    if (failed(band))
      return failure();
    rewriter.setInsertionPoint(last);
    whole = tensor::InsertSliceOp::create(
        rewriter, last->getLoc(), *band, whole, attrs(box.offsets),
        attrs(box.sizes), attrs(SmallVector<int64_t>(box.sizes.size(), 1)));
  }
  rewriter.replaceAllUsesWith(chain.result, whole);
  for (Operation *op : llvm::reverse(chain.ops))
    if (op->use_empty())
      rewriter.eraseOp(op);
  return success();
}
