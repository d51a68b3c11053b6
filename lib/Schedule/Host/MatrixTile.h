//===- MatrixTile.h - Tiles in matrix registers -----------------*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_HOST_MATRIXTILE_H
#define DLC_LIB_SCHEDULE_HOST_MATRIXTILE_H

#include "Tile.h"

namespace dlc::schedule {

/// The two factors of a contraction in matrix registers, by their numbers among
/// the main stage's inputs: one is read by rows of the tile, the other one in
/// panels.
struct MatrixFactors {
  unsigned rows = 0, panels = 0;
};
MatrixFactors getMatrixFactors(const Nest &nest);

/// The tiles of matrix registers (HostTarget::bfloatMatrices) that a
/// contraction may have, vectorised as `vectors` is and with the rows in
/// `rowLoop`; `vectors.vectors` of them where the panels have a width already
/// (`isPacked`).
llvm::SmallVector<Tile> getMatrixTiles(const Nest &nest,
                                       llvm::ArrayRef<Buffer> buffers,
                                       const Tile &vectors, int rowLoop,
                                       bool isPacked, const HostTarget &target);

/// Time that one tile of so many rows and vectors takes for sums of `volume`
/// groups, in multiply-adds of vectors; its panels come from the second-level
/// cache or do not.
double getMatrixCost(const Tile &tile, int64_t rows, int64_t vectors,
                     double volume, bool streamsPanels,
                     const HostTarget &target);
/// The least time that the products of so many pairs of groups take in matrix
/// registers.
double getMatrixProducts(double groups);

/// Where the registers of a tile begin that has `rows` rows left, which may be
/// less than it has elsewhere: the last one ends with the tile, so that it may
/// begin in front of it.
llvm::SmallVector<int64_t> getMatrixOffsets(const Tile::Matrix &matrix,
                                            int64_t rows);

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_HOST_MATRIXTILE_H
