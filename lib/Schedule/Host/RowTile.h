//===- RowTile.h - Attention in tiles of rows ------------------*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_HOST_ROWTILE_H
#define DLC_LIB_SCHEDULE_HOST_ROWTILE_H

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"

namespace dlc::schedule {

/// Sets `kRowTileAttrName` of a kernel that is an attention and has none: a
/// work item computes the scores of some rows with all keys, their softmax and
/// its product with the values, so scores stay in the second-level cache, and
/// each step has rows enough for a tile of registers. Packing an operand hides
/// what a kernel is, so it comes after this.
void setRowTile(dispatch::KernelOp kernel);

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_HOST_ROWTILE_H
