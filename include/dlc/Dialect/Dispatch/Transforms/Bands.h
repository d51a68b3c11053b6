//===- Bands.h - Chains of ops computed band by band -----------*- C++ -*-===//
//
// A chain is a set of ops of which one result only is used from outside. It can
// be computed band by band: for each band of that result, every op computes
// what the band needs of it (neighbouring bands overlap where a window reads
// more than it writes), and what the ops hand to each other never exists whole.
// Everything is static: a band is a `Box` of each op.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_DIALECT_DISPATCH_TRANSFORMS_BANDS_H
#define DLC_DIALECT_DISPATCH_TRANSFORMS_BANDS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace dlc::dispatch {

/// Marks an op as a member of a chain: the chain's number.
inline constexpr llvm::StringLiteral kChainAttr = "dispatch.chain";
/// Marks the last op of a chain: [result, dim, count].
inline constexpr llvm::StringLiteral kBandsAttr = "dispatch.bands";
/// Marks a reader: numbers of operands that are to be computed anew for it.
inline constexpr llvm::StringLiteral kRecomputeAttr = "dispatch.recompute";
/// Marks what is computed anew: a number, so that no two such ops are equal.
inline constexpr llvm::StringLiteral kRecomputedAttr = "dispatch.recomputed";
/// Marks an op that is not to share a kernel with what it reads.
inline constexpr llvm::StringLiteral kUnfusedAttr = "dispatch.unfused";

/// Half-open ranges, one a dim.
struct Box {
  llvm::SmallVector<int64_t> offsets, sizes;

  static Box whole(llvm::ArrayRef<int64_t> shape);
  int64_t volume() const { return llvm::product_of(sizes); }
  /// The smallest box around both.
  void unite(const Box &other);
  bool operator==(const Box &other) const {
    return offsets == other.offsets && sizes == other.sizes;
  }
};

/// Ops in block order, the result that is computed in bands, and the bands.
struct BandedChain {
  llvm::SmallVector<mlir::Operation *> ops;
  mlir::OpResult result;
  unsigned dim = 0;
  int64_t count = 1;

  /// All bands are of one size, but the last one may be smaller; there may be
  /// fewer than `count`.
  int64_t getBandSize() const;
  int64_t getNumBands() const;
};

/// What a band needs of an op: of a structured op a box of its loops, of others
/// (pads, reshapes, slices) one of the result. Ops that a band does not need
/// are missing.
using BandBoxes = llvm::DenseMap<mlir::Operation *, Box>;

/// Whether the chain has only ops that can be computed in parts.
bool isBandable(const BandedChain &chain);

/// What band `number` of a chain that is bandable needs; failure where an
/// indexing map is not linear or a reshape or slice is not static.
mlir::FailureOr<BandBoxes> planBand(const BandedChain &chain, int64_t number);

/// The part of `value`, a result of an op with the box `box`, that is computed.
Box getResultBox(mlir::OpResult value, const Box &box);

/// Rewrites a chain; its result becomes a tensor that the bands are inserted
/// into. Nothing is changed if a band can not be planned.
mlir::LogicalResult tileChain(mlir::RewriterBase &rewriter,
                              const BandedChain &chain);

} // namespace dlc::dispatch

#endif // DLC_DIALECT_DISPATCH_TRANSFORMS_BANDS_H
