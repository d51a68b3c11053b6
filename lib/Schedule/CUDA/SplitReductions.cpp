//===- SplitReductions.cpp - Few results of many elements -----------------===//

#include "Strategies.h"

#include "dlc/Dialect/Dispatch/IR/Limits.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::schedule;

/// Elements that one block reduces in about the time of a launch.
static constexpr int64_t elementsOfBlock = 16384;

bool dlc::schedule::leavesIdle(int64_t results, int64_t elements,
                               const CudaTarget &target) {
  return results * 4 <= target.multiprocessors &&
         elements >= 4 * elementsOfBlock;
}

/// Whether partial results of all outputs of `op`, which are of one shape and
/// order, can be combined.
static bool canSplit(linalg::GenericOp op) {
  if (op.getNumReductionLoops() == 0 || op.hasIndexSemantics() ||
      !op.getBlock()->getOps<tensor::ExtractOp>().empty())
    return false;
  AffineMap first = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (OpOperand &init : op.getDpsInitsMutable()) {
    unsigned number = init.getOperandNumber() - op.getNumDpsInputs();
    if (op.getMatchingIndexingMap(&init) != first || !getCombiner(op, number) ||
        !arith::getNeutralElement(getCombiner(op, number)))
      return false;
  }
  return first.isProjectedPermutation();
}

/// The reduction loop to cut and the number of its pieces: as many as there are
/// blocks that run at once and have enough to do. Nothing where there are
/// enough results, or no number divides the loop.
static std::optional<std::pair<unsigned, int64_t>>
chooseSplit(linalg::GenericOp op, const CudaTarget &target) {
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  int64_t results = 1, elements = 1;
  for (auto [extent, kind] :
       llvm::zip_equal(extents, op.getIteratorTypesArray()))
    (kind == utils::IteratorType::parallel ? results : elements) *= extent;
  if (!leavesIdle(results, elements, target))
    return std::nullopt;
  int64_t wanted = std::min(2 * target.multiprocessors / results,
                            elements / elementsOfBlock);
  std::optional<std::pair<unsigned, int64_t>> best;
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (kind == utils::IteratorType::parallel)
      continue;
    int64_t pieces = std::min(wanted, extents[loop]);
    while (pieces > 1 && extents[loop] % pieces != 0)
      --pieces;
    if (pieces >= 4 && (!best || pieces > best->second))
      best = {loop, pieces};
  }
  return best;
}

/// The limits of `op` for its parts, whose loops are the same ones and the
/// number of the piece, and for the op that combines them.
static void splitLimits(linalg::GenericOp op, unsigned loop, int64_t length,
                        linalg::GenericOp parts, linalg::GenericOp sums) {
  SmallVector<dispatch::LoopLimit> ofSums, limits = dispatch::getLoopLimits(op);
  dispatch::setLoopLimits(parts, limits);
  parts->setAttr(kPiecesAttrName,
                 DenseI64ArrayAttr::get(op.getContext(),
                                        {loop, op.getNumLoops(), length}));
  AffineMap outMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (dispatch::LoopLimit limit : limits) {
    std::optional<unsigned> dim =
        outMap.getResultPosition(getAffineDimExpr(limit.loop, op.getContext()));
    if (!dim)
      continue;
    limit.loop = *dim;
    ofSums.push_back(limit);
  }
  dispatch::setLoopLimits(sums, ofSums);
}

/// Replaces `op` by one that reduces each of `pieces` pieces of `loop` and one
/// that combines these.
static void split(linalg::GenericOp op, unsigned loop, int64_t pieces) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  unsigned numLoops = op.getNumLoops(), numInputs = op.getNumDpsInputs();
  int64_t length = op.getStaticLoopRanges()[loop] / pieces;
  // The number of the piece is a further loop.
  AffineExpr piece = b.getAffineDimExpr(numLoops),
             inPiece = b.getAffineDimExpr(loop);
  SmallVector<AffineMap> maps;
  SmallVector<Value> inputs(op.getInputs()), partials;
  SmallVector<Type> types;
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    maps.push_back(
        AffineMap::get(numLoops + 1, 0, map.getResults(), b.getContext())
            .replace(inPiece, piece * length + inPiece, numLoops + 1, 0));
  }
  // Nobody reads this operand: it tells how long a piece is.
  inputs.push_back(
      tensor::EmptyOp::create(b, loc, ArrayRef(length), b.getI8Type()));
  maps.push_back(AffineMap::get(numLoops + 1, 0, inPiece));
  AffineMap outMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  SmallVector<AffineExpr> outExprs(outMap.getResults());
  outExprs.insert(outExprs.begin(), piece);
  for (auto [number, init] : llvm::enumerate(op.getDpsInits())) {
    auto type = cast<RankedTensorType>(init.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin(), pieces);
    Value empty = tensor::EmptyOp::create(b, loc, shape, type.getElementType());
    Value neutral = arith::ConstantOp::create(
        b, loc, *arith::getNeutralElement(getCombiner(op, number)));
    partials.push_back(
        linalg::FillOp::create(b, loc, neutral, empty).getResult(0));
    types.push_back(empty.getType());
    maps.push_back(AffineMap::get(numLoops + 1, 0, outExprs, b.getContext()));
  }
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  kinds.push_back(utils::IteratorType::parallel);
  auto parts =
      linalg::GenericOp::create(b, loc, types, inputs, partials, maps, kinds);
  IRMapping mapping;
  op.getRegion().cloneInto(&parts.getRegion(), mapping);
  parts.getBlock()->insertArgument(numInputs, b.getI8Type(), loc);

  // Combines the pieces.
  unsigned rank = outMap.getNumResults();
  SmallVector<AffineExpr> all, results;
  all.push_back(b.getAffineDimExpr(rank));
  for (unsigned d = 0; d < rank; ++d) {
    all.push_back(b.getAffineDimExpr(d));
    results.push_back(b.getAffineDimExpr(d));
  }
  unsigned numResults = op->getNumResults();
  SmallVector<AffineMap> sumMaps(
      numResults, AffineMap::get(rank + 1, 0, all, b.getContext()));
  sumMaps.append(numResults,
                 AffineMap::get(rank + 1, 0, results, b.getContext()));
  SmallVector<utils::IteratorType> sumKinds(rank,
                                            utils::IteratorType::parallel);
  sumKinds.push_back(utils::IteratorType::reduction);
  auto sums = linalg::GenericOp::create(
      b, loc, op->getResultTypes(), parts.getResults(), op.getDpsInits(),
      sumMaps, sumKinds, [&](OpBuilder &inner, Location at, ValueRange args) {
        SmallVector<Value> values;
        for (unsigned i = 0; i < numResults; ++i) {
          Operation *combiner = inner.clone(*getCombiner(op, i));
          combiner->setOperands({args[numResults + i], args[i]});
          values.push_back(combiner->getResult(0));
        }
        linalg::YieldOp::create(inner, at, values);
      });
  splitLimits(op, loop, length, parts, sums);
  op->replaceAllUsesWith(sums);
  op.erase();
}

void dlc::schedule::splitLongReductions(dispatch::KernelOp kernel,
                                        const CudaTarget &target) {
  SmallVector<linalg::GenericOp> ops(
      kernel.getBody().front().getOps<linalg::GenericOp>());
  for (linalg::GenericOp op : ops)
    if (op.hasPureTensorSemantics() && !op.hasDynamicShape() && canSplit(op))
      if (auto chosen = chooseSplit(op, target))
        split(op, chosen->first, chosen->second);
}
