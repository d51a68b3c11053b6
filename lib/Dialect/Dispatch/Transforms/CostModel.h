//===- CostModel.h - When a group of ops is worth one kernel ----*- C++ -*-===//
//
// The one place with numbers about fusion. What is counted are bytes that move
// between kernels: merging a producer with its consumer saves at least reading
// the intermediate once more, and a launch. Against that stands
//   - scratch: what lives within one iteration of the shared loops has to stay
//     in the L1 cache;
//   - parallelism: the shared loops are what the threads divide;
//   - register tiling: a contraction or window reuses its operands over tiles
//   of
//     its parallel loops, so all of those must stay parallel loops of the
//     group.
// docs/RationaleDispatch.md argues for the values.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_DIALECT_DISPATCH_TRANSFORMS_COSTMODEL_H
#define DLC_LIB_DIALECT_DISPATCH_TRANSFORMS_COSTMODEL_H

#include "dlc/Dialect/Dispatch/Transforms/SharedLoops.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace dlc::dispatch {

/// Limit for what the ops of a group hand to each other in one iteration of the
/// shared loops: the L1 data cache of small cores.
constexpr int64_t kMaxScratchBytes = 32 * 1024;

/// Work (iterations of all loops of all ops) below which a group may run as one
/// work item: about what starting threads costs.
constexpr int64_t kSerialIterations = 64 * 1024;

/// Fewer work items than this do not occupy a machine.
constexpr int64_t kMinWorkItems = 4;

/// Whether `group` is good as reductions (contractions, windows, rows) with
/// elementwise ops over the same parallel loops: what one op hands to another
/// is one scalar an iteration.
bool isEpilogueGroup(mlir::ArrayRef<mlir::Operation *> group);

/// Whether `group` is good as a row group: reductions and elementwise ops that
/// share all parallel loops of the reductions, with rows short enough to keep.
/// `livesOutside` says whether a result has readers outside of the group, that
/// is, has a buffer anyway.
bool isRowGroup(mlir::ArrayRef<mlir::Operation *> group,
                llvm::function_ref<bool(mlir::Value)> livesOutside);

/// Below this number of queries the scores are no larger than what is read
/// anyway, and there are no tiles of them.
constexpr int64_t kMinQueries = 8;

/// The longest keys and values of which tiles fit the memory of a core.
constexpr int64_t kMaxHeadLength = 256;

/// Scores that are no more than this stay in a cache between kernels.
constexpr int64_t kMinScoreBytes = 1 << 20;

/// Whether `group` is good as an attention: one that never has all scores in
/// memory. `scratch`: bytes of those that a work item may have at a time; 0 if
/// it goes through the keys in tiles.
bool isAttentionGroup(mlir::ArrayRef<mlir::Operation *> group, int64_t scratch,
                      llvm::function_ref<bool(mlir::Value)> livesOutside);

/// Whether `group` consists of elementwise ops over the same loops.
bool isMapGroup(mlir::ArrayRef<mlir::Operation *> group);

} // namespace dlc::dispatch

#endif // DLC_LIB_DIALECT_DISPATCH_TRANSFORMS_COSTMODEL_H
