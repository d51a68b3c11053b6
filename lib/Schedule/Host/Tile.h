//===- Tile.h - Which loops of a nest to vectorise and unroll --*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_HOST_TILE_H
#define DLC_LIB_SCHEDULE_HOST_TILE_H

#include "dlc/Schedule/Common/Nest.h"
#include "dlc/Schedule/Host/TargetDescription.h"
#include "dlc/Schedule/Host/Tuning.h"

#include <string>

namespace dlc::schedule {

/// The register tile of a nest: `rows` iterations of one loop times `vectors`
/// vectors along another.
struct Tile {
  /// The vectorised loop, or -1 for scalar code.
  int vectorLoop = -1;
  /// Whether that is a reduction loop (partial sums in lanes).
  bool reduceLanes = false;
  /// Elements of a vector.
  int64_t lanes = 1;
  /// Vectors of the tile along `vectorLoop`.
  int64_t vectors = 1;
  /// The unrolled parallel loop, or -1.
  int rowLoop = -1;
  int64_t rows = 1;
  /// Whether inputs whose neighbours along `vectorLoop` lie apart are read by
  /// vectors along `rowLoop`, along which they are contiguous, and transposed
  /// in registers. The tile is square.
  bool transposed = false;
  /// How the tile is multiplied in matrix registers, if it is.
  struct Matrix {
    /// Rows of a register; the tile has `rows` in a multiple of these.
    int64_t rows = 0;
    /// The reduction loop that is multiplied at once, and so many groups of it
    /// (`Access::group`).
    unsigned loop = 0;
    int64_t depth = 0;
  };
  std::optional<Matrix> matrix;
  /// Iterations of `vectorLoop` that one tile covers.
  int64_t width() const { return lanes * vectors; }
  TileSize size() const { return {rows, vectors}; }

  /// For people: "6 rows x 2 vectors of 8".
  std::string describe() const;
};

/// Whether vectors of `access` along `loop` would be gathered.
bool isStrided(const Access &access, unsigned loop);

/// Whether neighbours along `loop` lie side by side in memory, and are
/// addressed without panels, folded loops or groups.
bool isConsecutive(const Access &access, unsigned loop);

/// How many sums have no register while a partial sum of a tile is added up
/// (PartialSums.h).
int64_t countWaitingSums(const Nest &nest, const Tile &tile,
                         const HostTarget &target);

/// What the cost model expects of a nest.
struct Prediction {
  /// Multiply-adds of vectors that the nest needs at least, and how many the
  /// CPU could do in the time that it takes.
  double needed = 0, possible = 0;
};
Prediction predict(const Nest &nest, llvm::ArrayRef<Buffer> buffers,
                   const Tile &tile, const HostTarget &target);

/// What multiplies, if it is no instruction for f32 or for 16 bits: "bf16"
/// (pairs), "i8" (four bytes each) or "matrix"; else empty.
llvm::StringRef describeProducts(const Nest &nest, const Tile &tile,
                                 const HostTarget &target);

/// The register tiles that a nest may have, one of each size, the best ones by
/// the cost of loads, stores and multiply-adds on `target` first; at least one.
/// A loop that is read in panels is vectorised.
llvm::SmallVector<Tile> rankTiles(const Nest &nest,
                                  llvm::ArrayRef<Buffer> buffers,
                                  const HostTarget &target);

/// The best one of them, or the one of the size that is wanted, if it is among
/// them.
Tile chooseTile(const Nest &nest, llvm::ArrayRef<Buffer> buffers,
                const HostTarget &target,
                std::optional<TileSize> wanted = std::nullopt);

/// Notes the sizes of `tiles` on the kernel.
void setPossibleTiles(dispatch::KernelOp kernel, llvm::ArrayRef<Tile> tiles);

/// Merges and folds loops such that tiles fit, and chooses the tile, of the
/// size that is wanted if that can be.
Tile chooseLoops(Nest &nest, llvm::ArrayRef<Buffer> buffers,
                 const HostTarget &target,
                 std::optional<TileSize> wanted = std::nullopt);

/// Where both factors of integer products have groups of neighbours along a
/// reduction loop of their own (HostPackOperands), makes these groups what one
/// iteration of the nest multiplies.
void groupFactors(Nest &nest, llvm::ArrayRef<Buffer> buffers,
                  const HostTarget &target);

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_HOST_TILE_H
