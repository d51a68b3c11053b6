//===- Attention.h - Attention in tiles of queries and keys -----*- C++ -*-===//
//
// A block has a tile of queries and goes through the keys in tiles: scores stay
// in registers, the softmax is computed with a running maximum and sum, and the
// weighted values are rescaled whenever the maximum grows.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_SCHEDULE_CUDA_ATTENTION_H
#define DLC_LIB_SCHEDULE_CUDA_ATTENTION_H

#include "Contraction.h"

namespace dlc::schedule {

/// An attention, and the tiles it is computed by. The loops are those of the
/// two nests, whose shared loops are either of the batch or number the queries.
struct AttentionTiles {
  /// The first nest: scores and logits. The last one: the weighted values.
  Nest scoresNest, productNest;
  /// Queries by keys, of the whole depth. One stage.
  Contraction scores;
  /// How tiles of keys are copied: the reduction is over keys. Only `columns`
  /// counts.
  Contraction keys;
  /// Weights, which no one copies, by values; the reduction is over keys.
  Contraction product;
  /// The key's loop in both nests.
  unsigned keyInScores = 0, keyInProduct = 0;
  /// Keys from here on change nothing.
  std::optional<Limit> keyLimit;
  /// Whether a key is there, if that has to be asked: rows without any have the
  /// result 0. A comparison of what the nest that makes the weights reads for
  /// each key, and of constants.
  mlir::arith::CmpIOp isPresent;
  Nest weightsNest;
  unsigned keyInWeights = 0;

  int64_t threads() const { return scores.threads(); }
  int64_t numKeys() const { return scores.columns.extent; }
  /// Queries and keys of a tile, and tiles in flight.
  int64_t queryTile() const { return scores.rows.tile; }
  int64_t keyTile() const { return scores.columns.tile; }
  int64_t stages() const { return keys.stages; }
};

/// Finds out whether the nests of a kernel are an attention, and chooses tiles
/// for it.
std::optional<AttentionTiles> chooseAttention(mlir::Block &body,
                                              const KernelPlan &plan,
                                              const CudaTarget &target,
                                              Unit precision);

/// Emits the launch.
void emitAttention(KernelContext &context, AttentionTiles &attention);

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_CUDA_ATTENTION_H
