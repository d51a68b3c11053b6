//===- Attention.h - Products with a softmax in between ---------*- C++ -*-===//
//
// Two contractions with a softmax between them, softmax(f(Q K)) V, as a group
// of structured ops: found by loops, indexing maps and bodies. Such a group can
// run as one kernel that never has all of the scores (queries times keys) in
// memory: it goes through the keys in tiles, with a running maximum and sum.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_DIALECT_DISPATCH_TRANSFORMS_ATTENTION_H
#define DLC_DIALECT_DISPATCH_TRANSFORMS_ATTENTION_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Block.h"

#include <optional>

namespace dlc::dispatch {

/// Whether `op` adds to an f32 accumulator the product of two of its operands,
/// which may be widened first.
bool isSumOfProducts(mlir::linalg::LinalgOp op);

/// The ops of an attention. The rows (one softmax each) are loops that all of
/// them share; keys are the one further loop of the softmax.
struct Attention {
  /// The contraction whose results, after elementwise ops (a scale, a mask),
  /// are `logits`.
  mlir::linalg::LinalgOp scores;
  mlir::Value logits;
  /// The softmax: the largest logit of a row, exp(logit - largest), their sum.
  mlir::linalg::LinalgOp maximum, exponential, sum;
  /// The contraction of the exponentials, divided by their sum, with values.
  mlir::linalg::LinalgOp product;
  /// What makes the weights of exponentials and their sum, and whether a key is
  /// there, in that body: where keys have an extent, or a model says so. Absent
  /// keys have the logit -inf, and the weight 0 also where all are absent.
  mlir::linalg::LinalgOp weighting;
  mlir::arith::CmpIOp isPresent;
  /// The number of the operand of `product` that holds the weights.
  unsigned weights = 0;
  /// The number of the operand of `scores` that holds the keys.
  unsigned keys = 0;
  /// Rows that share keys and values, their number of keys, and the lengths of
  /// a key and of a value.
  int64_t numQueries = 1, numKeys = 1, keyLength = 1, valueLength = 1;
  /// All values that only ops of the attention may read.
  mlir::SmallVector<mlir::Value> inner;
};

/// The attention that `group`, ops of one block in dominance order, is, if it
/// is one and nothing besides. Elementwise ops may be in front of the softmax
/// and behind the product.
std::optional<Attention>
matchAttention(mlir::ArrayRef<mlir::Operation *> group);

/// The same for all ops of `block` (the body of a region or kernel).
std::optional<Attention> matchAttention(mlir::Block &block);

/// Some rows of an attention that one work item computes one step after the
/// other: scores with all keys, softmax, product.
struct RowTile {
  /// The number of the shared loop (SharedLoops.h) that is cut.
  unsigned loop = 0;
  int64_t rows = 1;
};

/// Rows whose scores take about `maxBytes` at most, as many as pay:
/// a part of the innermost shared loop along which keys and values stay the
/// same. None where that loop has no such part, or where bodies ask for the
/// number of an iteration. `group` are the ops of `attention`.
std::optional<RowTile> chooseRowTile(const Attention &attention,
                                     mlir::ArrayRef<mlir::Operation *> group,
                                     int64_t maxBytes);

} // namespace dlc::dispatch

#endif // DLC_DIALECT_DISPATCH_TRANSFORMS_ATTENTION_H
