//===- CostModel.cpp - When a group of ops is worth one kernel ------------===//

#include "CostModel.h"

#include "Structure.h"

#include "dlc/Dialect/Dispatch/Transforms/Attention.h"

using namespace mlir;
using namespace dlc::dispatch;

/// Whether all parallel loops of all ops are shared.
static bool sharesAllParallelLoops(const SharedLoops &shared) {
  return llvm::all_of(shared.ops, [&](linalg::LinalgOp op) {
    return isa<linalg::FillOp>(op) ||
           op.getNumParallelLoops() == shared.getNumShared();
  });
}

bool dlc::dispatch::isEpilogueGroup(ArrayRef<Operation *> group) {
  unsigned numReductions = 0, numReusing = 0;
  for (Operation *op : group)
    if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
      numReductions += !isMap(structured);
      numReusing += hasReuse(structured);
    }
  if (numReductions == 0 || numReusing > 1 ||
      (numReusing == 1 && numReductions > 1))
    return false;
  std::optional<SharedLoops> shared = analyzeSharedLoops(group);
  return shared && sharesAllParallelLoops(*shared);
}

bool dlc::dispatch::isMapGroup(ArrayRef<Operation *> group) {
  for (Operation *op : group)
    if (auto structured = dyn_cast<linalg::LinalgOp>(op))
      if (!isMap(structured))
        return false;
  std::optional<SharedLoops> shared = analyzeSharedLoops(group);
  return shared && sharesAllParallelLoops(*shared);
}

/// Whether the innermost dim of what `op` reads and writes element by element
/// is no shared loop: rows are contiguous.
static bool hasContiguousRows(linalg::LinalgOp op, ArrayRef<int> shared) {
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (map.getNumResults() != op.getNumLoops())
      continue;
    auto innermost = dyn_cast<AffineDimExpr>(map.getResults().back());
    if (!innermost || llvm::is_contained(shared, int(innermost.getPosition())))
      return false;
  }
  return true;
}

bool dlc::dispatch::isRowGroup(ArrayRef<Operation *> group,
                               function_ref<bool(Value)> livesOutside) {
  std::optional<SharedLoops> shared = analyzeSharedLoops(group);
  if (!shared)
    return false;
  int64_t iterations = 0;
  bool hasReduction = false, contiguous = true;
  for (auto [op, loops] : llvm::zip_equal(shared->ops, shared->loops)) {
    linalg::LinalgOp structured = op;
    iterations += getNumIterations(structured);
    if (isa<linalg::FillOp>(structured))
      continue;
    if (hasReuse(structured))
      return false;
    // A row op has no parallel loops but the rows, an elementwise op may walk
    // along them.
    if (!isMap(structured)) {
      hasReduction = true;
      if (structured.getNumParallelLoops() != shared->getNumShared())
        return false;
    }
    if (structured.getNumLoops() > shared->getNumShared())
      contiguous &= hasContiguousRows(structured, loops);
  }
  if (!hasReduction)
    return false;
  int64_t scratch = 0;
  for (const SharedLoops::Intermediate &intermediate : shared->intermediates)
    if (!intermediate.onlyInit && intermediate.elements > 1 &&
        !livesOutside(intermediate.value))
      scratch += intermediate.getBytes();
  if (scratch > kMaxScratchBytes)
    return false;
  if (iterations <= kSerialIterations)
    return true;
  return contiguous && llvm::product_of(shared->sizes) >= kMinWorkItems;
}

bool dlc::dispatch::isAttentionGroup(ArrayRef<Operation *> group,
                                     int64_t scratch,
                                     function_ref<bool(Value)> livesOutside) {
  std::optional<Attention> attention = matchAttention(group);
  if (!attention || attention->numQueries < kMinQueries ||
      attention->keyLength > kMaxHeadLength ||
      attention->valueLength > kMaxHeadLength ||
      llvm::any_of(attention->inner, livesOutside))
    return false;
  if (!scratch)
    return true;
  auto scores =
      cast<RankedTensorType>(attention->scores->getResult(0).getType());
  return scores.getNumElements() * scores.getElementTypeBitWidth() / 8 >
             kMinScoreBytes &&
         chooseRowTile(*attention, group, scratch);
}
