//===- Tile.h - Which loops of a nest to vectorise and unroll --*- C++ -*-===//

#ifndef DLC_LIB_SCHEDULE_HOST_TILE_H
#define DLC_LIB_SCHEDULE_HOST_TILE_H

#include "dlc/Schedule/Common/Nest.h"
#include "dlc/Schedule/Host/TargetDescription.h"

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
  /// Iterations of `vectorLoop` that one tile covers.
  int64_t width() const { return lanes * vectors; }

  /// For people: "6 rows x 2 vectors of 8".
  std::string describe() const;
};

/// What the cost model expects of a nest.
struct Prediction {
  /// Multiply-adds of vectors that the nest needs at least, and how many the
  /// CPU could do in the time that it takes.
  double needed = 0, possible = 0;
};
Prediction predict(const Nest &nest, llvm::ArrayRef<Buffer> buffers,
                   const Tile &tile, const HostTarget &target);

/// Chooses the register tile of a nest by the cost of its loads, stores and
/// multiply-adds on `target`. A loop that is read in panels is vectorised.
Tile chooseTile(const Nest &nest, llvm::ArrayRef<Buffer> buffers,
                const HostTarget &target);

/// Where both factors of integer products have groups of neighbours along a
/// reduction loop of their own (HostPackOperands), makes these groups what one
/// iteration of the nest multiplies.
void groupFactors(Nest &nest, llvm::ArrayRef<Buffer> buffers,
                  const HostTarget &target);

} // namespace dlc::schedule

#endif // DLC_LIB_SCHEDULE_HOST_TILE_H
