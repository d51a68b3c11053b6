//===- SharedLoops.h - The loops that the ops of a group share --*- C++ -*-===//
//
// A group of structured ops can run as one loop nest over the parallel loops
// that all of its ops share: in each iteration every op computes the slice of
// its results that the others read in the same iteration. This analysis finds
// those loops; region forming asks it whether a group makes sense, and the
// scheduler tiles by its answer, so both agree.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_DIALECT_DISPATCH_TRANSFORMS_SHAREDLOOPS_H
#define DLC_DIALECT_DISPATCH_TRANSFORMS_SHAREDLOOPS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Block.h"

#include <optional>

namespace dlc::dispatch {

/// What `analyzeSharedLoops` finds.
struct SharedLoops {
  /// A tensor that one op of the group produces and another reads.
  struct Intermediate {
    mlir::OpResult value;
    /// The slice that one iteration of the shared loops touches: the tensor's
    /// rank, 1 in the shared dims, the whole extent in the others.
    mlir::SmallVector<int64_t> shape;
    /// Number of elements of that slice.
    int64_t elements = 1;
    /// The shared loop of each dim of the tensor, -1 where there is none.
    mlir::SmallVector<int> sharedLoopOfDim;
    /// All uses in the group are as inits (a linalg.fill in front of a
    /// reduction): the buffer is the result of that op, and no scratch.
    bool onlyInit = false;

    /// Bytes of the slice.
    int64_t getBytes() const;
  };

  /// The linalg ops of the group, in the order given.
  mlir::SmallVector<mlir::linalg::LinalgOp> ops;
  /// The trip count of each shared loop; outermost first (the root's order).
  mlir::SmallVector<int64_t> sizes;
  /// `loops[o][s]`: the loop of `ops[o]` that is shared loop `s`; -1 is only
  /// possible for a linalg.fill, which may lack a loop.
  mlir::SmallVector<mlir::SmallVector<int>> loops;
  /// All intermediates, in the order of their producers.
  mlir::SmallVector<Intermediate> intermediates;

  /// Number of shared loops.
  unsigned getNumShared() const { return sizes.size(); }
  /// The last op that is no linalg.fill; its loop order is the shared order.
  mlir::linalg::LinalgOp getRoot() const;
  /// The row of `loops` for `op`, which must be in the group.
  mlir::ArrayRef<int> getLoopsOf(mlir::Operation *op) const;
  /// The loops of `op` that are not shared, in their order.
  mlir::SmallVector<unsigned> getOtherLoopsOf(mlir::Operation *op) const;
  /// The entry of `value`, or null if it is no intermediate.
  const Intermediate *getIntermediate(mlir::Value value) const;
};

/// Analyses `group`, ops of one block in dominance order. Ops that are not
/// structured (tensor.empty, constants, insert_slice of final values …) are
/// passed over, but an intermediate that goes through one of them shares no
/// loops. A loop of the root is shared if
/// - it is parallel, in every op of the group (linalg.fill excepted) exactly
/// one
///   loop corresponds to it, that loop is parallel too and indexes every result
///   of its op, and
/// - wherever an intermediate's dim is written by that loop, all readers index
///   the dim with nothing but the corresponding loop.
/// Returns nothing if the group has no structured op besides fills, or one of
/// them is not on tensors with static loop ranges.
std::optional<SharedLoops>
analyzeSharedLoops(mlir::ArrayRef<mlir::Operation *> group);

/// Analyses all ops of `block` (the body of a region or kernel).
std::optional<SharedLoops> analyzeSharedLoops(mlir::Block &block);

} // namespace dlc::dispatch

#endif // DLC_DIALECT_DISPATCH_TRANSFORMS_SHAREDLOOPS_H
