//===- Tile.cpp - Which loops of a nest to vectorise and unroll -----------===//

#include "Tile.h"
#include "MatrixTile.h"
#include "PartialSums.h"
#include "ShortSums.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlc::schedule;

//===----------------------------------------------------------------------===//
// Tile choice
//===----------------------------------------------------------------------===//

/// Cost of a gather or scatter relative to a load of a vector.
static constexpr double gatherCost = 12.0;
/// The same of a vector that is transposed with others.
static constexpr double transposeCost = 4.0;

/// Bits of the widest element that is stored, which is what lanes are counted
/// by: narrower inputs are widened, wider intermediates take several registers.
static unsigned widestElement(const Nest &nest, ArrayRef<Buffer> buffers) {
  unsigned bits = 32;
  for (const Stage &stage : nest.stages)
    for (const Output &output : stage.outputs)
      if (output.store)
        if (Type type = buffers[output.store->buffer].element;
            type.isIntOrFloat())
          bits = std::max(bits, type.getIntOrFloatBitWidth());
  return bits;
}

bool dlc::schedule::isStrided(const Access &access, unsigned loop) {
  return access.coef[loop] != 0 && access.coef[loop] != 1;
}

bool dlc::schedule::isConsecutive(const Access &access, unsigned loop) {
  return access.coef[loop] == 1 && access.panelLoop < 0 &&
         access.foldLoop < 0 && access.group <= 1;
}

static double reductionVolume(const Nest &nest) {
  double volume = 1;
  for (const Loop &loop : nest.loops)
    if (loop.reduction)
      volume *= loop.extent;
  return volume;
}

static double accessCost(int64_t coef) {
  return coef == 0 ? 0.25 : coef == 1 ? 1.0 : gatherCost;
}

/// The loop along which all inputs are contiguous that vectors along
/// `vectorLoop` would gather, or -1.
static int findTransposedLoop(const Nest &nest, ArrayRef<Buffer> buffers,
                              unsigned vectorLoop, int64_t lanes,
                              const HostTarget &target) {
  if (nest.hasReduction() ||
      (nest.loops[vectorLoop].extent < lanes && !target.storesParts))
    return -1;
  SmallVector<const Access *> strided;
  for (const Stage &stage : nest.stages)
    for (const Input &input : stage.inputs)
      if (input.kind == Input::Memory && isStrided(input.access, vectorLoop))
        strided.push_back(&input.access);
  auto isContiguous = [&](const Access *access, unsigned loop) {
    unsigned bits = buffers[access->buffer].element.getIntOrFloatBitWidth();
    return isConsecutive(*access, loop) && bits % 8 == 0;
  };
  for (unsigned loop = 0; loop < nest.loops.size() && !strided.empty(); ++loop)
    // Half of a tile is loaded for nothing where there is no more of the loop.
    if (loop != vectorLoop && nest.loops[loop].shared < 0 &&
        !nest.loops[loop].indexed && nest.loops[loop].extent >= lanes / 2 &&
        llvm::all_of(
            strided,
            [&](const Access *access) { return isContiguous(access, loop); }))
      return loop;
  return -1;
}

/// Cost per element of vectorising loop `loop`.
static double vectorCost(const Nest &nest, ArrayRef<Buffer> buffers,
                         unsigned loop, int64_t lanes,
                         const HostTarget &target) {
  const Loop &candidate = nest.loops[loop];
  double volume = reductionVolume(nest);
  double cost = 0;
  bool transposes = findTransposedLoop(nest, buffers, loop, lanes, target) >= 0;
  for (auto [index, stage] : llvm::enumerate(nest.stages)) {
    bool main = index == 0;
    double weight = main ? 1.0 : 1.0 / volume;
    for (const Input &input : stage.inputs)
      if (input.kind == Input::Memory && (main || !candidate.reduction))
        cost += transposes && isStrided(input.access, loop)
                    ? transposeCost
                    : weight * accessCost(input.access.coef[loop]);
    if (!stage.gathers.empty())
      cost += weight * gatherCost;
    for (const Output &output : stage.outputs)
      if (output.store && !candidate.reduction)
        cost += accessCost(output.store->coef[loop]) / volume;
  }
  if (candidate.reduction)
    cost += 0.5 + 8.0 * lanes / candidate.extent; // combining the lanes
  double used = double(candidate.extent) /
                (llvm::divideCeil(candidate.extent, lanes) * lanes);
  return cost / used;
}

static bool canVectorise(const Nest &nest, unsigned loop) {
  const Loop &candidate = nest.loops[loop];
  if (candidate.shared >= 0 || candidate.extent < 2)
    return false;
  if (!candidate.reduction)
    return true;
  for (unsigned i = 0; i < nest.stages[0].outputs.size(); ++i)
    if (!getCombiner(nest.stages[0].op, i))
      return false;
  return true;
}

static int findPanelLoop(const Nest &nest, int64_t &panel) {
  int loop = -1;
  const_cast<Nest &>(nest).forEachAccess([&](Access &access) {
    if (access.panelLoop >= 0) {
      loop = access.panelLoop;
      panel = access.panel;
    }
  });
  return loop;
}

/// Whether pairs of bfloat16 become two vectors of f32 each, for want of an
/// instruction that multiplies them.
static bool widensPairs(const Nest &nest, const HostTarget &target) {
  const Stage &main = nest.stages[0];
  return main.dots && main.dots->isFloat && !target.bfloatDots;
}

/// Time that one iteration takes for each vector, at least, in multiply-adds. A
/// short sum of n groups takes n products, n - 1 additions, one product that
/// adds up its halves and one addition; three such instructions start at once
/// where two multiply-adds do.
static double stepCost(const Nest &nest, const HostTarget &target) {
  if (widensPairs(nest, target))
    return 2;
  int64_t groups = nest.stages[0].shortSums;
  return groups ? (2.0 * groups + 1) * 2 / 3 : 1;
}

/// Extent of a reduction loop along which the windows of neighbouring rows
/// overlap in `access`, or 1.
static int64_t windowOf(const Nest &nest, const Access &access, int rowLoop) {
  for (auto [index, loop] : llvm::enumerate(nest.loops)) {
    if (!loop.reduction || access.coef[index] == 0 || loop.extent > 16 ||
        access.coef[rowLoop] % access.coef[index] != 0)
      continue;
    // Rows that lie farther apart than a window reaches share nothing.
    int64_t stride = std::abs(access.coef[rowLoop] / access.coef[index]);
    if (stride < loop.extent)
      return loop.extent;
  }
  return 1;
}

/// Registers that a step of the main loop keeps alive.
static int64_t registersOf(const Nest &nest, const Tile &tile,
                           const HostTarget &target) {
  // What is the same in all lanes, a product; in short sums also ones to add up
  // their halves with, and the sum.
  int64_t steps = nest.stages[0].shortSums, extra = steps ? 4 : 2;
  steps = std::max<int64_t>(steps, 1);
  if (widensPairs(nest, target)) {
    steps = 2; // both halves of each vector, and zeros to blend with
    ++extra;
  }
  for (const Input &input : nest.stages[0].inputs) {
    if (input.kind != Input::Memory || tile.vectorLoop < 0 ||
        input.access.coef[tile.vectorLoop] == 0)
      continue;
    if (tile.rowLoop < 0 || input.access.coef[tile.rowLoop] == 0)
      extra += tile.vectors * steps;
    else if (int64_t window = windowOf(nest, input.access, tile.rowLoop);
             window > 1)
      // LLVM unrolls the window and loads what rows share once.
      extra += (tile.rows + window - 1) * tile.vectors;
  }
  return tile.rows * tile.vectors * nest.stages[0].outputs.size() + extra;
}

bool dlc::schedule::hasPartialSums(const Nest &nest, bool reduceLanes) {
  if (reduceLanes || reductionVolume(nest) <= longSum)
    return false;
  for (unsigned output = 0; output < nest.stages[0].outputs.size(); ++output)
    if (!isa_and_nonnull<arith::AddFOp>(getCombiner(nest.stages[0].op, output)))
      return false;
  return true;
}

/// What keeping a value in memory meanwhile costs with each partial sum, in
/// multiply-adds. Measured (Zen 3): sums of 1024 terms with tiles of 12
/// accumulators take 9 % less without partial sums, with 10 of them 5 %, with 8
/// nothing.
static constexpr double spillCost = 2.5;

int64_t dlc::schedule::countWaitingSums(const Nest &nest, const Tile &tile,
                                        const HostTarget &target) {
  if (!hasPartialSums(nest, tile.reduceLanes))
    return 0;
  int64_t needed = registersOf(nest, tile, target) +
                   tile.rows * tile.vectors * nest.stages[0].outputs.size();
  return std::max<int64_t>(needed - target.vectorRegisters, 0);
}

/// Time that partial sums take for want of registers: while one is added up,
/// the sums so far wait.
static double partialSumCost(const Nest &nest, const Tile &tile,
                             const HostTarget &target) {
  int64_t waiting = countWaitingSums(nest, tile, target);
  double terms = reductionVolume(nest);
  return double(waiting) * spillCost * terms /
         double(partialSum(int64_t(terms), /*waitsInMemory=*/true));
}

/// Whether an operand that all rows of a tile share is too large for the
/// first-level cache in the width of the tile, so that it comes from the second
/// one for every tile.
static bool streamsPanels(const Nest &nest, const Tile &tile,
                          const HostTarget &target) {
  if (tile.rowLoop < 0 || tile.vectorLoop < 0 || tile.reduceLanes)
    return false;
  for (const Input &input : nest.stages[0].inputs) {
    if (input.kind != Input::Memory ||
        input.access.coef[tile.vectorLoop] == 0 ||
        input.access.coef[tile.rowLoop] != 0)
      continue;
    int64_t bytes = target.vectorBytes * tile.vectors;
    for (auto [loop, coef] : llvm::zip_equal(nest.loops, input.access.coef))
      if (loop.reduction && coef != 0)
        bytes *= loop.extent;
    if (bytes > target.l1Bytes)
      return true;
  }
  return false;
}

/// Whether vectors that the rows of a tile read, each one its own, push each
/// other out of the first-level cache: they lie in the same set of it.
static bool sharesSets(const Access &access, ArrayRef<Buffer> buffers,
                       const Tile &tile, int64_t rows,
                       const HostTarget &target) {
  int64_t distance = std::abs(access.coef[tile.rowLoop]) * access.group *
                     buffers[access.buffer].element.getIntOrFloatBitWidth() / 8;
  return rows > target.l1Ways &&
         distance % (target.l1Bytes / target.l1Ways) == 0;
}

/// Time of the main loop for one way of tiling, in multiply-adds.
static double tileCost(const Nest &nest, ArrayRef<Buffer> buffers,
                       const Tile &tile, const HostTarget &target) {
  int64_t extentV =
      tile.vectorLoop >= 0 ? nest.loops[tile.vectorLoop].extent : 1;
  int64_t extentM = tile.rowLoop >= 0 ? nest.loops[tile.rowLoop].extent : 1;
  double volume = reductionVolume(nest);
  if (tile.reduceLanes)
    volume /= extentV;
  int64_t steps = std::max<int64_t>(nest.stages[0].shortSums, 1);
  double each = stepCost(nest, target);
  bool widens = widensPairs(nest, target), isFolded = false;
  const_cast<Nest &>(nest).forEachAccess([&](Access &access) {
    isFolded |= access.foldLoop >= 0 && access.foldLoop == tile.rowLoop;
  });
  bool streams = streamsPanels(nest, tile, target);
  double step =
      hasPartialSums(nest, tile.reduceLanes) ? 1.0 / partialSumUnroll : 1;
  auto one = [&](int64_t rows, int64_t vectors) {
    if (tile.matrix)
      return getMatrixCost(tile, rows, vectors, volume, streams, target);
    double loads = 0;
    for (const Input &input : nest.stages[0].inputs) {
      if (input.kind != Input::Memory)
        continue;
      bool onRow = tile.rowLoop >= 0 && input.access.coef[tile.rowLoop] != 0;
      int64_t coefV =
          tile.vectorLoop >= 0 ? input.access.coef[tile.vectorLoop] : 0;
      double load = std::abs(coefV) > 1 ? gatherCost : 1.0;
      double onRows = onRow ? double(rows) : 1;
      if (onRow && coefV != 0) {
        // What the windows of several rows share is loaded once.
        int64_t window = windowOf(nest, input.access, tile.rowLoop);
        onRows = double(rows + window - 1) / double(window);
        if (sharesSets(input.access, buffers, tile, rows, target))
          load = std::max(load, target.l2LoadCost);
      }
      loads += load * steps * onRows * (coefV != 0 ? vectors : 1);
    }
    double work = std::max({double(rows * vectors) * each,
                            target.stepTime(rows * vectors, volume),
                            loads / target.loadsPerFma});
    if (widens) // two instructions for each vector, beside the multiply-adds
      work += loads / 2;
    if (streams)
      work = std::max(work, target.l2LoadCost * vectors);
    // A step of the innermost loop costs about one operation if it isn't
    // unrolled, a tile a few for every accumulator (start, epilogue, store).
    Tile part = tile;
    part.rows = rows;
    part.vectors = vectors;
    return (work + step) * volume + partialSumCost(nest, part, target) +
           3.0 * rows * vectors + 8 +
           (isFolded ? target.rowAddressCost * rows : 0);
  };
  int64_t fullM = extentM / tile.rows, tailM = extentM % tile.rows;
  if (tile.reduceLanes) {
    double steps = llvm::divideCeil(extentV, tile.width());
    return (fullM * one(tile.rows, tile.vectors) +
            (tailM ? one(tailM, tile.vectors) : 0)) *
               steps +
           (fullM * tile.rows + tailM) * tile.vectors * 6.0;
  }
  int64_t fullV = extentV / tile.width();
  int64_t tailV = llvm::divideCeil(extentV % tile.width(), tile.lanes);
  double cost = fullM * fullV * one(tile.rows, tile.vectors);
  if (tailM)
    cost += fullV * one(tailM, tile.vectors);
  if (tailV)
    cost += fullM * one(tile.rows, tailV);
  if (tailM && tailV)
    cost += one(tailM, tailV);
  return cost;
}

/// Iterations of the loops that are neither rows nor vectors nor reduced, each
/// of which takes the time of `tileCost`.
static double outerIterations(const Nest &nest, const Tile &tile) {
  double outer = 1;
  for (auto [index, loop] : llvm::enumerate(nest.loops))
    if (!loop.reduction && int(index) != tile.rowLoop &&
        int(index) != tile.vectorLoop && loop.shared < 0)
      outer *= loop.extent;
  return outer;
}

/// The share of the iterations that are left to be done outside of windows.
static double shareInside(const Nest &nest, const Tile &tile) {
  double inside = 1;
  for (auto [index, loop] : llvm::enumerate(nest.loops)) {
    if (!loop.window)
      continue;
    int other = int(loop.window->other);
    int64_t positions = other == tile.rowLoop      ? tile.rows
                        : other == tile.vectorLoop ? tile.width()
                                                   : 1;
    inside *= 1 - getShareOutside(nest, index, positions);
  }
  return inside;
}

/// What tiles that are finished behind a limit cost: half of one on average, of
/// as many iterations as there may be.
static double shareBehind(const Nest &nest, const Tile &tile) {
  if (tile.rowLoop < 0 || !nest.loops[tile.rowLoop].limit)
    return 1;
  return 1 +
         double(tile.rows - 1) / (2 * double(nest.loops[tile.rowLoop].extent));
}

/// Time of the whole nest, in multiply-adds.
static double nestCost(const Nest &nest, ArrayRef<Buffer> buffers,
                       const Tile &tile, const HostTarget &target) {
  return tileCost(nest, buffers, tile, target) * outerIterations(nest, tile) *
         shareInside(nest, tile) * shareBehind(nest, tile);
}

Prediction dlc::schedule::predict(const Nest &nest, ArrayRef<Buffer> buffers,
                                  const Tile &tile, const HostTarget &target) {
  double iterations = 1, shared = 1;
  for (const Loop &loop : nest.loops) {
    iterations *= loop.extent;
    if (loop.shared >= 0)
      shared *= loop.extent;
  }
  Prediction result;
  result.needed = tile.matrix ? getMatrixProducts(iterations)
                              : iterations * stepCost(nest, target) /
                                    target.lanes(widestElement(nest, buffers));
  result.possible = nestCost(nest, buffers, tile, target) * shared;
  return result;
}

std::string Tile::describe() const {
  if (vectorLoop < 0)
    return rows > 1 ? std::to_string(rows) + " rows" : "scalar";
  std::string text;
  if (rows > 1)
    text = std::to_string(rows) + " rows x ";
  text += std::to_string(vectors) + (vectors > 1 ? " vectors" : " vector") +
          " of " + std::to_string(lanes);
  if (matrix)
    text += ", matrices of " + std::to_string(matrix->rows) + " x " +
            std::to_string(matrix->depth);
  if (transposed)
    text += ", transposed";
  return reduceLanes ? text + ", summed" : text;
}

StringRef dlc::schedule::describeProducts(const Nest &nest, const Tile &tile,
                                          const HostTarget &target) {
  const Stage &main = nest.stages[0];
  if (!main.dots || main.shortSums)
    return "";
  if (tile.matrix)
    return "matrix";
  if (main.dots->isFloat)
    return target.bfloatDots ? "bf16" : "";
  return main.inputs[main.dots->left].access.group == 4 ? "i8" : "";
}

/// The loop to vectorise, and the lanes of its vectors. Panels are whole
/// vectors, whatever they were made for (kernels on constants run in the
/// compiler, on the CPU that this has).
static Tile chooseVectors(const Nest &nest, ArrayRef<Buffer> buffers,
                          int panelLoop, int64_t panel,
                          const HostTarget &target) {
  Tile tile;
  int64_t lanes = target.lanes(widestElement(nest, buffers));
  if (panel)
    lanes = std::min(lanes, panel & -panel);
  double best = 0;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop) {
    if (!canVectorise(nest, loop) || (panelLoop >= 0 && int(loop) != panelLoop))
      continue;
    int64_t width = std::min<int64_t>(
        lanes, llvm::PowerOf2Ceil(uint64_t(nest.loops[loop].extent)));
    // Panels for narrower vectors need not be several of these.
    while (panelLoop >= 0 && panel % width != 0)
      width /= 2;
    double cost = vectorCost(nest, buffers, loop, width, target);
    // On a tie the later loop is the inner one.
    if (tile.vectorLoop < 0 || cost <= best) {
      best = cost;
      tile.vectorLoop = loop;
      tile.lanes = width;
    }
  }
  tile.reduceLanes =
      tile.vectorLoop >= 0 && nest.loops[tile.vectorLoop].reduction;
  return tile;
}

/// Loops that may be unrolled, or -1 for none, those whose neighbours lie
/// closest together first: small steps share cache lines and pages.
static SmallVector<int> rowCandidates(const Nest &nest, int vectorLoop) {
  SmallVector<int> candidates = {-1};
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop)
    if (!nest.loops[loop].reduction && nest.loops[loop].shared < 0 &&
        int(loop) != vectorLoop && nest.loops[loop].extent > 1 &&
        !nest.loops[loop].indexed)
      candidates.push_back(loop);
  auto step = [&](int loop) {
    int64_t sum = 0;
    for (const Input &input : nest.stages[0].inputs)
      if (loop >= 0 && input.kind == Input::Memory)
        sum += std::abs(input.access.coef[loop]);
    return sum;
  };
  llvm::stable_sort(candidates,
                    [&](int a, int b) { return step(a) < step(b); });
  return candidates;
}

SmallVector<Tile> dlc::schedule::rankTiles(const Nest &nest,
                                           ArrayRef<Buffer> buffers,
                                           const HostTarget &target) {
  int64_t panel = 0;
  int panelLoop = findPanelLoop(nest, panel);
  Tile tile = chooseVectors(nest, buffers, panelLoop, panel, target);
  if (tile.vectorLoop < 0)
    return {tile};
  int64_t extentV = nest.loops[tile.vectorLoop].extent;
  int64_t maxVectors = llvm::divideCeil(panel ? panel : extentV, tile.lanes);
  if (!nest.hasReduction()) {
    SmallVector<Tile> tiles;
    if (int loop = findTransposedLoop(nest, buffers, tile.vectorLoop,
                                      tile.lanes, target);
        loop >= 0 && tile.lanes > 1 && !panel) {
      Tile square = tile;
      square.rowLoop = loop;
      square.rows = tile.lanes;
      square.transposed = true;
      tiles.push_back(square);
    }
    // Element-wise: a few vectors a step hide the latency of the loads.
    for (int64_t vectors : {2, 1, 4}) {
      tile.vectors = panel ? maxVectors : std::min(maxVectors, vectors);
      if (vectors == 2 || vectors < maxVectors)
        tiles.push_back(tile);
    }
    return tiles;
  }
  struct Candidate {
    Tile tile;
    double cost;
  };
  SmallVector<Candidate> candidates;
  for (int rowLoop : rowCandidates(nest, tile.vectorLoop)) {
    int64_t maxRows =
        rowLoop < 0 ? 1 : std::min<int64_t>(nest.loops[rowLoop].extent, 16);
    // A panel is one tile wide, also where it was made for wider vectors than
    // these are (constants are evaluated by code for other CPUs).
    int64_t fewest = panel ? maxVectors : 1;
    for (int64_t vectors = fewest;
         vectors <= std::max(fewest, std::min<int64_t>(maxVectors, 8));
         ++vectors)
      for (int64_t rows = 1; rows <= maxRows; ++rows) {
        Tile next = tile;
        next.rowLoop = rowLoop;
        next.rows = rows;
        next.vectors = vectors;
        if (registersOf(nest, next, target) > target.vectorRegisters &&
            rows * vectors > 1)
          continue;
        double cost = nestCost(nest, buffers, next, target);
        if (rows == 1)
          next.rowLoop = -1;
        candidates.push_back({next, cost});
      }
    Tile whole = tile;
    whole.vectors = maxVectors;
    for (const Tile &next : getMatrixTiles(nest, buffers, whole, rowLoop,
                                           /*isPacked=*/panel != 0, target))
      candidates.push_back({next, nestCost(nest, buffers, next, target)});
  }
  // Among those that cost the same, the first one. What is nearly the same is
  // the same.
  SmallVector<Tile> ranked;
  while (!candidates.empty()) {
    const Candidate *best = nullptr;
    for (const Candidate &candidate : candidates)
      if (!best || candidate.cost < best->cost * 0.999)
        best = &candidate;
    ranked.push_back(best->tile);
    llvm::erase_if(candidates, [size = best->tile.size()](const Candidate &c) {
      return c.tile.size() == size;
    });
  }
  // Nothing fits the registers: as few as can be.
  if (ranked.empty()) {
    tile.vectors = panel ? maxVectors : 1;
    ranked.push_back(tile);
  }
  return ranked;
}

Tile dlc::schedule::chooseTile(const Nest &nest, ArrayRef<Buffer> buffers,
                               const HostTarget &target,
                               std::optional<TileSize> wanted) {
  SmallVector<Tile> tiles = rankTiles(nest, buffers, target);
  auto *it = llvm::find_if(
      tiles, [&](const Tile &tile) { return wanted == tile.size(); });
  return it == tiles.end() ? tiles.front() : *it;
}

void dlc::schedule::setPossibleTiles(dispatch::KernelOp kernel,
                                     ArrayRef<Tile> tiles) {
  SmallVector<TileSize> sizes;
  for (const Tile &tile : tiles)
    sizes.push_back(tile.size());
  setPossibleTiles(kernel, sizes);
}

//===----------------------------------------------------------------------===//
// Folding
//===----------------------------------------------------------------------===//

/// The time below which loops are folded, over that without.
static constexpr double worthAFold = 0.98;

/// Whether the rows of a tile are the positions of a contraction: what is read
/// along them is the same in all lanes. (Rows that read vectors share some,
/// which LLVM only sees where their distances are constants.)
static bool hasScalarRows(const Nest &nest, int vectorLoop, unsigned row) {
  return llvm::all_of(nest.stages[0].inputs, [&](const Input &input) {
    return input.kind != Input::Memory || input.access.coef[vectorLoop] == 0 ||
           input.access.coef[row] == 0;
  });
}

Tile dlc::schedule::chooseLoops(Nest &nest, ArrayRef<Buffer> buffers,
                                const HostTarget &target,
                                std::optional<TileSize> wanted) {
  coalesceLoops(nest);
  Tile best = chooseTile(nest, buffers, target, wanted);
  int64_t panel = 0;
  int vectorLoop = findPanelLoop(nest, panel);
  const Input &rows = nest.stages[0].inputs.front();
  if (best.vectorLoop < 0 || best.vectorLoop != vectorLoop ||
      !nest.hasReduction() || rows.kind != Input::Memory)
    return best;
  double bestCost = nestCost(nest, buffers, best, target) * worthAFold;
  std::optional<Nest> chosen;
  for (unsigned inner = 0; inner < nest.loops.size(); ++inner) {
    if (!hasScalarRows(nest, vectorLoop, inner))
      continue;
    int64_t step = std::abs(rows.access.coef[inner]);
    for (unsigned outer = 0; outer < nest.loops.size(); ++outer) {
      if (step == 0 || std::abs(rows.access.coef[outer]) <= step ||
          !hasScalarRows(nest, vectorLoop, outer))
        continue;
      std::optional<Nest> folded = foldLoops(nest, outer, inner);
      if (!folded)
        continue;
      Tile tile = chooseTile(*folded, buffers, target, wanted);
      double cost = nestCost(*folded, buffers, tile, target);
      bool fits = wanted == tile.size() && !(wanted == best.size());
      if (cost >= bestCost && !fits)
        continue;
      bestCost = cost;
      best = tile;
      chosen = std::move(folded);
    }
  }
  if (chosen)
    nest = std::move(*chosen);
  return best;
}

//===----------------------------------------------------------------------===//
// Groups of integers
//===----------------------------------------------------------------------===//

/// Counts an access in groups of neighbours along `loop`, whose extent is that
/// of a group. Returns false where groups do not begin at their multiples.
static bool countGroups(Access &access, unsigned loop, int64_t group) {
  if (access.coef[loop] != 1 || access.base % group != 0 ||
      access.panelCoef % group != 0)
    return false;
  for (auto [index, coef] : llvm::enumerate(access.coef)) {
    if (index == loop)
      continue;
    if (coef % group != 0)
      return false;
    coef /= group;
  }
  access.coef[loop] = 0;
  access.base /= group;
  access.panelCoef /= group;
  access.group = group;
  return true;
}

/// The innermost loop, over `steps` groups, becomes part of what one iteration
/// adds up.
static void makeShortSums(Nest &nest, int64_t steps) {
  Stage &main = nest.stages[0];
  main.shortSums = steps;
  if (steps == 1)
    return;
  unsigned loop = nest.loops.size() - 1;
  main.shortSteps.assign(main.inputs.size(), 0);
  for (unsigned input : {main.dots->left, main.dots->right})
    std::swap(main.shortSteps[input], main.inputs[input].access.coef[loop]);
  removeLoop(nest, loop);
}

/// Where one group is all that is added up, there is one iteration of it.
static void keepReduction(Nest &nest) {
  if (nest.hasReduction())
    return;
  nest.loops.emplace_back().reduction = true;
  nest.forEachAccess([](Access &access) { access.coef.push_back(0); });
}

void dlc::schedule::groupFactors(Nest &nest, ArrayRef<Buffer> buffers,
                                 const HostTarget &target) {
  Stage &main = nest.stages[0];
  auto products = matchNarrowProducts(main.op);
  if (!products)
    return;
  const Input &left = main.inputs[products->left],
              &right = main.inputs[products->right];
  if (left.kind != Input::Memory || right.kind != Input::Memory)
    return;
  // The operand in panels is read by the vector, the other one is the same in
  // all of its lanes.
  const Access &panels =
      left.access.panelLoop >= 0 ? left.access : right.access;
  const Access &rows = left.access.panelLoop >= 0 ? right.access : left.access;
  if (panels.panelLoop < 0 || rows.coef[panels.panelLoop] != 0)
    return;
  unsigned leftBits =
               buffers[left.access.buffer].element.getIntOrFloatBitWidth(),
           rightBits =
               buffers[right.access.buffer].element.getIntOrFloatBitWidth();
  if (leftBits != rightBits)
    return;
  auto shortSums = main.op->getAttrOfType<IntegerAttr>(kShortSumsAttrName);
  int64_t group = shortSums
                      ? shortSumGroup
                      : target.dotGroup(leftBits, products->leftUnsigned,
                                        rightBits, products->rightUnsigned);
  if (group * leftBits != 32)
    return;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop) {
    if (!nest.loops[loop].reduction || nest.loops[loop].extent != group ||
        nest.loops[loop].shared >= 0 || panels.coef[panels.panelLoop] != group)
      continue;
    Access a = left.access, b = right.access;
    if (!countGroups(a, loop, group) || !countGroups(b, loop, group))
      continue;
    main.inputs[products->left].access = a;
    main.inputs[products->right].access = b;
    main.dots = products;
    removeLoop(nest, loop);
    if (shortSums)
      makeShortSums(nest, shortSums.getInt());
    keepReduction(nest);
    return;
  }
}
