//===- MatrixTile.cpp - Tiles in matrix registers -------------------------===//

#include "MatrixTile.h"

#include "mlir/IR/Matchers.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc::schedule;

/// Steps along the reduction that are shorter than this are not worth a matrix
/// register.
static constexpr int64_t minDepth = 4;

MatrixFactors dlc::schedule::getMatrixFactors(const Nest &nest) {
  const Stage &main = nest.stages[0];
  MatrixFactors factors{main.dots->left, main.dots->right};
  if (main.inputs[factors.rows].access.panelLoop >= 0)
    std::swap(factors.rows, factors.panels);
  return factors;
}

/// Whether the numbers are of a kind that there are instructions for.
static bool hasMatrixProducts(const Nest &nest, ArrayRef<Buffer> buffers,
                              const HostTarget &target) {
  const Stage &main = nest.stages[0];
  if (!main.dots || main.shortSums || main.outputs.size() != 1)
    return false;
  TypedAttr init = main.outputs[0].init;
  if (!init ||
      !(matchPattern(init, m_AnyZeroFloat()) || matchPattern(init, m_Zero())))
    return false;
  const NarrowProducts &dots = *main.dots;
  const Input &left = main.inputs[dots.left], &right = main.inputs[dots.right];
  if (left.kind != Input::Memory || right.kind != Input::Memory)
    return false;
  if (dots.isFloat)
    return target.bfloatMatrices;
  return target.byteMatrices && dots.leftUnsigned != dots.rightUnsigned &&
         buffers[left.access.buffer].element.isInteger(8) &&
         buffers[right.access.buffer].element.isInteger(8);
}

/// The reduction loop along which the rows of both registers are consecutive,
/// or -1.
static int findMatrixLoop(const Nest &nest, const Access &rows,
                          const Access &panels) {
  for (auto [index, loop] : llvm::enumerate(nest.loops)) {
    if (!loop.reduction || loop.limit || loop.window || loop.shared >= 0 ||
        rows.coef[index] != 1 || panels.coef[index] == 0)
      continue;
    // Before operands are packed, groups are not what is counted.
    bool isGrouped = panels.group > 1;
    if (!isGrouped || panels.coef[index] == panels.panel)
      return index;
  }
  return -1;
}

SmallVector<Tile> dlc::schedule::getMatrixTiles(const Nest &nest,
                                                ArrayRef<Buffer> buffers,
                                                const Tile &vectors,
                                                int rowLoop, bool isPacked,
                                                const HostTarget &target) {
  constexpr int64_t registers = HostTarget::matrixRegisters,
                    mostRows = HostTarget::matrixRows;
  int64_t lanes = HostTarget::matrixRowBytes / 4;
  if (rowLoop < 0 || vectors.reduceLanes || vectors.lanes != lanes ||
      !hasMatrixProducts(nest, buffers, target))
    return {};
  MatrixFactors factors = getMatrixFactors(nest);
  const Access &rows = nest.stages[0].inputs[factors.rows].access,
               &panels = nest.stages[0].inputs[factors.panels].access;
  if (panels.panelLoop != vectors.vectorLoop || rows.foldLoop == rowLoop ||
      rows.coef[vectors.vectorLoop] != 0 || rows.coef[rowLoop] == 0 ||
      panels.coef[rowLoop] != 0)
    return {};
  int loop = findMatrixLoop(nest, rows, panels);
  if (loop < 0)
    return {};
  // All steps are alike, so that registers have one shape each.
  int64_t depth = mostRows, groups = nest.loops[loop].extent;
  while (groups % depth != 0)
    --depth;
  if (depth < minDepth)
    return {};
  Tile tile = vectors;
  tile.rowLoop = rowLoop;
  int64_t extent = nest.loops[rowLoop].extent;
  int64_t columns =
      llvm::divideCeil(nest.loops[vectors.vectorLoop].extent, lanes);
  SmallVector<Tile> tiles;
  for (int64_t across : {2, 1, 3, 4}) {
    tile.vectors = isPacked ? vectors.vectors : across;
    if (tile.vectors > columns && tile.vectors > 1 && !isPacked)
      continue;
    for (int64_t down = 1; down * tile.vectors <= 4; ++down) {
      // sums, a column of one factor, and the other one's
      if (down * tile.vectors + down + 1 > registers)
        continue;
      int64_t steps = llvm::divideCeil(extent, down * mostRows);
      for (int64_t each :
           {mostRows, int64_t(llvm::divideCeil(extent, steps * down))}) {
        // The last register of the rows reaches back, but not in front of them.
        if (each > extent || each * down > int64_t(llvm::alignTo(extent, each)))
          continue;
        tile.rows = each * down;
        tile.matrix = Tile::Matrix{each, unsigned(loop), depth};
        tiles.push_back(tile);
      }
    }
    if (isPacked)
      break;
  }
  return tiles;
}

double dlc::schedule::getMatrixCost(const Tile &tile, int64_t rows,
                                    int64_t vectors, double volume,
                                    bool streamsPanels,
                                    const HostTarget &target) {
  // Registers along the rows have all of theirs, also where few are left.
  double down = llvm::divideCeil(rows, tile.matrix->rows) * tile.matrix->rows,
         depth = tile.matrix->depth;
  double products = down * vectors * HostTarget::matrixRowCost;
  double loads =
      down * HostTarget::matrixLoadCost +
      vectors * depth *
          (streamsPanels ? target.l2LoadCost : HostTarget::matrixLoadCost);
  double each = std::max({products, loads, HostTarget::matrixLatency});
  double results = down * vectors * (HostTarget::matrixStoreCost + 1);
  return each * volume / depth + HostTarget::matrixLatency + results;
}

double dlc::schedule::getMatrixProducts(double groups) {
  constexpr double lanes = HostTarget::matrixRowBytes / 4.0;
  return groups * HostTarget::matrixRowCost / (lanes * HostTarget::matrixRows);
}

SmallVector<int64_t> dlc::schedule::getMatrixOffsets(const Tile::Matrix &matrix,
                                                     int64_t rows) {
  SmallVector<int64_t> offsets;
  for (int64_t first = 0; first < rows; first += matrix.rows)
    offsets.push_back(std::min(first, rows - matrix.rows));
  return offsets;
}
