//===- RowTile.cpp - Attention in tiles of rows ---------------------------===//

#include "RowTile.h"

#include "dlc/Dialect/Dispatch/Transforms/Attention.h"
#include "dlc/Schedule/Common/Nest.h"
#include "dlc/Schedule/Host/TargetDescription.h"

using namespace mlir;

void dlc::schedule::setRowTile(dispatch::KernelOp kernel) {
  if (kernel->hasAttr(kRowTileAttrName))
    return;
  Block &body = kernel.getBody().front();
  std::optional<dispatch::Attention> attention = dispatch::matchAttention(body);
  if (!attention)
    return;
  SmallVector<Operation *> group;
  for (Operation &op : body)
    group.push_back(&op);
  // Where not all elementwise steps are done in place it takes more.
  for (int64_t bytes = maxScoreBytes; bytes >= maxScoreBytes / 8; bytes /= 2) {
    auto tile = dispatch::chooseRowTile(*attention, group, bytes);
    if (!tile)
      break;
    kernel->setAttr(
        kRowTileAttrName,
        Builder(kernel.getContext()).getI64ArrayAttr({tile->loop, tile->rows}));
    FailureOr<KernelPlan> plan = planKernel(kernel);
    if (succeeded(plan) && plan->scratchBytes() <= maxScratchBytes)
      return;
  }
  kernel->removeAttr(kRowTileAttrName);
}
