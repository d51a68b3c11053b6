//===- Attention.cpp - Which tiles an attention gets ----------------------===//

#include "Attention.h"

#include "OperandTiles.h"

#include "dlc/Dialect/Dispatch/Transforms/Attention.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::schedule;

//===----------------------------------------------------------------------===//
// Recognition
//===----------------------------------------------------------------------===//

/// Whether the nests are those of `attention`, one for each of its parts.
static bool hasItsNests(dispatch::Attention &attention,
                        const KernelPlan &plan) {
  // The scores, the maximum, the exponentials, their sum, the weights and the
  // product; what is elementwise follows in registers.
  if (plan.nests.size() != 6 || plan.shared.empty())
    return false;
  auto first = [&](unsigned nest) -> linalg::LinalgOp {
    return plan.nests[nest].stages[0].op;
  };
  linalg::LinalgOp last = plan.nests[0].stages.back().op;
  return first(0) == attention.scores && first(1) == attention.maximum &&
         first(2) == attention.exponential && first(3) == attention.sum &&
         first(5) == attention.product &&
         last->getResult(0) == attention.logits;
}

/// The loop of a nest that is its own and no other is; -1 if there are several.
static int getOnlyLoop(const Nest &nest, bool reduction) {
  int found = -1;
  for (auto [i, loop] : llvm::enumerate(nest.loops)) {
    if (loop.shared >= 0 || loop.reduction != reduction)
      continue;
    if (found >= 0)
      return -1;
    found = i;
  }
  return found;
}

/// The own loops of a nest, outermost first.
static SmallVector<unsigned> getOwnLoops(const Nest &nest, bool reduction) {
  SmallVector<unsigned> loops;
  if (!reduction)
    return getParallelOrder(nest);
  for (unsigned loop : TileEmitter::getReductionOrder(nest))
    if (nest.loops[loop].shared < 0)
      loops.push_back(loop);
  return loops;
}

/// The nest's loops of the kernel's shared loops.
static SmallVector<int> getSharedLoops(const Nest &nest, size_t numShared) {
  SmallVector<int> loops(numShared, -1);
  for (auto [i, loop] : llvm::enumerate(nest.loops))
    if (loop.shared >= 0)
      loops[loop.shared] = i;
  return loops;
}

/// From where on keys change nothing: the softmax and the product agree.
static std::optional<Limit> findKeyLimit(const KernelPlan &plan) {
  std::optional<Limit> limit;
  for (unsigned number : {1, 3, 5}) {
    int key = getOnlyLoop(plan.nests[number], true);
    if (key < 0)
      return std::nullopt;
    const std::optional<Limit> &mine = plan.nests[number].loops[key].limit;
    if (!mine || mine->piece >= 0 || (limit && *limit != *mine))
      return std::nullopt;
    limit = mine;
  }
  return limit;
}

/// Finds the nest that knows which keys are there, if one has to.
static bool findAbsentKeys(dispatch::Attention &found, const KernelPlan &plan,
                           AttentionTiles &result) {
  result.isPresent = found.isPresent;
  if (!found.isPresent)
    return true;
  const Nest &nest = plan.nests[4];
  int key = getOnlyLoop(nest, false);
  if (key < 0 || nest.stages[0].op != found.weighting)
    return false;
  result.weightsNest = nest;
  result.keyInWeights = key;
  return llvm::all_of(found.isPresent->getOperands(), [&](Value operand) {
    auto argument = dyn_cast<BlockArgument>(operand);
    return !argument ||
           nest.stages[0].inputs[argument.getArgNumber()].kind == Input::Memory;
  });
}

static std::optional<AttentionTiles> recognise(Block &body,
                                               const KernelPlan &plan) {
  std::optional<dispatch::Attention> found = dispatch::matchAttention(body);
  if (!found || !hasItsNests(*found, plan))
    return std::nullopt;
  AttentionTiles result;
  if (!findAbsentKeys(*found, plan, result))
    return std::nullopt;
  result.keyLimit = findKeyLimit(plan);
  result.scoresNest = plan.nests.front();
  result.productNest = plan.nests.back();
  coalesceLoops(result.scoresNest);
  coalesceLoops(result.productNest);
  Nest &scoresNest = result.scoresNest, &productNest = result.productNest;
  Contraction &scores = result.scores, &keys = result.keys,
              &product = result.product;
  int keyInScores = getOnlyLoop(scoresNest, false),
      keyInProduct = getOnlyLoop(productNest, true);
  if (keyInScores < 0 || keyInProduct < 0)
    return std::nullopt;
  result.keyInScores = keyInScores;
  result.keyInProduct = keyInProduct;

  scores.columns.input = found->keys;
  scores.rows.input = 1 - found->keys;
  product.rows.input = found->weights;
  product.columns.input = 1 - found->weights;
  scores.columns.loops = {result.keyInScores};
  scores.reduction = getOwnLoops(scoresNest, true);
  product.columns.loops = getOwnLoops(productNest, false);
  product.reduction = {result.keyInProduct};
  if (scores.reduction.empty() || product.columns.loops.empty())
    return std::nullopt;
  auto accessOf = [](Nest &nest, unsigned input) -> Access & {
    return nest.stages[0].inputs[input].access;
  };
  Access &keyAccess = accessOf(scoresNest, scores.columns.input);
  Access &valueAccess = accessOf(productNest, product.columns.input);
  for (auto [inScores, inProduct] :
       llvm::zip_equal(getSharedLoops(scoresNest, plan.shared.size()),
                       getSharedLoops(productNest, plan.shared.size()))) {
    if (inScores < 0 || inProduct < 0)
      return std::nullopt;
    bool isQuery =
        keyAccess.coef[inScores] == 0 && valueAccess.coef[inProduct] == 0;
    (isQuery ? scores.rows.loops : scores.batch).push_back(inScores);
    (isQuery ? product.rows.loops : product.batch).push_back(inProduct);
  }
  if (scores.rows.loops.empty())
    return std::nullopt;
  auto complete = [&](Contraction &c, Nest &nest) {
    c.batches = countIterations(nest, c.batch);
    c.depth = countIterations(nest, c.reduction);
    for (ContractionOperand *operand : {&c.rows, &c.columns}) {
      Access &access = accessOf(nest, operand->input);
      operand->extent = countIterations(nest, operand->loops);
      operand->element = plan.buffers[access.buffer].element;
      chooseLayout(*operand, access, nest, c);
    }
  };
  complete(scores, scoresNest);
  complete(product, productNest);
  // A thread has the same rows of both products.
  product.rows.reductionFastest = scores.rows.reductionFastest;
  keys.reduction = scores.columns.loops;
  keys.depth = scores.columns.extent;
  keys.columns = scores.columns;
  keys.columns.loops = scores.reduction;
  keys.columns.extent = scores.depth;
  keys.columns.reductionFastest = !scores.columns.reductionFastest;
  return result;
}

//===----------------------------------------------------------------------===//
// Choice of tiles
//===----------------------------------------------------------------------===//

namespace {

/// Queries and keys of a tile. With FMA units, also queries of a thread and
/// lanes that share a row; with tensor cores a warp has 16 queries.
struct Candidate {
  int64_t queries, keys, perRow, lanes;
};

} // namespace

static constexpr Candidate threadTiles[] = {
    {64, 64, 4, 16}, {64, 32, 4, 16}, {32, 64, 4, 16}, {32, 32, 4, 16},
    {32, 32, 2, 16}, {16, 32, 2, 16}, {32, 64, 4, 32}, {16, 32, 2, 32}};
static constexpr Candidate warpTiles[] = {
    {128, 64, 0, 0}, {64, 64, 0, 0}, {64, 32, 0, 0}, {32, 64, 0, 0},
    {32, 32, 0, 0},  {16, 64, 0, 0}, {16, 32, 0, 0}, {16, 16, 0, 0}};

/// Results of the weighted values that a thread can hold.
static constexpr int64_t maxResults = 128;

/// Fills in the sizes of a candidate's tiles, but for the number of stages.
static bool applyTiles(AttentionTiles &a, const Candidate &tiles) {
  Contraction &scores = a.scores, &keys = a.keys, &product = a.product;
  Unit unit = scores.unit;
  int64_t step = unit == Unit::Fma ? fragmentDepth : scores.unitDepth();
  scores.tileDepth = llvm::alignTo(scores.depth, step);
  keys.tileDepth = product.tileDepth = tiles.keys;
  scores.stages = 1;
  for (Contraction *c : {&scores, &product})
    c->rows.tile = tiles.queries;
  scores.columns.tile = tiles.keys;
  if (unit == Unit::Fma) {
    product.columns.perThread = llvm::PowerOf2Ceil(
        llvm::divideCeil(product.columns.extent, tiles.lanes));
    product.columns.tile = product.columns.perThread * tiles.lanes;
    scores.columns.perThread = tiles.keys / tiles.lanes;
    scores.rows.perThread = product.rows.perThread = tiles.perRow;
    if (product.columns.perThread > 8)
      return false;
  } else {
    product.columns.tile = llvm::alignTo(product.columns.extent, 16);
    for (Contraction *c : {&scores, &product}) {
      c->rows.warpTile = 16;
      c->rows.perThread = 2;
      c->columns.warpTile = c->columns.tile;
      c->columns.perThread = c->columns.tile / 4;
    }
  }
  keys.columns.tile = scores.tileDepth;
  for (ContractionOperand *operand :
       {&scores.rows, &scores.columns, &product.rows, &product.columns})
    choosePadding(*operand, unit);
  keys.columns.pad = scores.columns.pad;
  keys.blockThreads = product.blockThreads = scores.threads();
  return product.rows.perThread * product.columns.perThread <= maxResults;
}

/// Bytes of an operand's tile in shared memory.
static int64_t getTileBytes(const ContractionOperand &operand, int64_t depth) {
  return llvm::alignTo(operand.line(depth) * operand.lines(depth) *
                           getElementBytes(operand.element),
                       128);
}

static int64_t getSharedBytes(const AttentionTiles &a) {
  int64_t bytes =
      getTileBytes(a.scores.rows, a.scores.tileDepth) +
      a.stages() * (getTileBytes(a.keys.columns, a.keys.tileDepth) +
                    getTileBytes(a.product.columns, a.product.tileDepth));
  if (a.scores.unit == Unit::Fma)
    bytes += getTileBytes(a.product.rows, a.product.tileDepth);
  return bytes;
}

static int64_t getRegisters(const AttentionTiles &a) {
  int64_t rows = a.scores.rows.perThread, keys = a.scores.columns.perThread,
          values = a.product.columns.perThread;
  int64_t fragments = a.scores.unit == Unit::Fma
                          ? 4 * (rows + std::max(keys, values))
                          : std::max(keys, values);
  return rows * (keys + values + 2) + fragments + otherRegisters;
}

/// Estimated time in cycles.
static double estimate(const AttentionTiles &a, const CudaTarget &target) {
  double blocks = double(a.scores.batches) * a.scores.rowTiles();
  double perSM = std::ceil(blocks / target.multiprocessors);
  double resident = std::min<double>(
      {double(target.registersPerSM / (getRegisters(a) * a.threads())),
       double(target.sharedPerSM / (getSharedBytes(a) + 1024)),
       double(target.threadsPerSM / a.threads()), double(target.blocksPerSM)});
  resident = std::min(perSM, std::max(resident, 1.0));
  double warps = resident * a.threads() / CudaTarget::warp;
  double efficiency = std::min(1.0, (warps + 1) / 9.0);
  double tiles = llvm::divideCeil(a.numKeys(), a.keyTile());
  double scores = double(a.queryTile()) * a.keyTile() * a.scores.tileDepth /
                  getMultiplyRate(a.scores, target);
  double product = double(a.queryTile()) * a.keyTile() *
                   a.product.columns.tile / getMultiplyRate(a.product, target);
  // An exponential is some twenty instructions of the cores.
  double softmax = 20.0 * a.queryTile() * a.keyTile() / target.fmaRate;
  // With one stage, only other blocks hide the latency of copies.
  double latency =
      a.stages() == 1 ? target.memoryLatency / std::min(resident, 4.0) : 50;
  double perTile = (scores + product + softmax) / efficiency + latency;
  return perSM * tiles * perTile + 2 * target.memoryLatency;
}

std::optional<AttentionTiles>
dlc::schedule::chooseAttention(Block &body, const KernelPlan &plan,
                               const CudaTarget &target, Unit precision) {
  std::optional<AttentionTiles> attention = recognise(body, plan);
  // Quantised products have sums of integers, which these tiles do not hold.
  if (!attention || !isa<FloatType>(attention->scores.rows.element) ||
      !isa<FloatType>(attention->product.columns.element))
    return std::nullopt;
  Unit unit = chooseUnit(attention->scores, attention->scoresNest, precision);
  if (chooseUnit(attention->product, attention->productNest, precision) != unit)
    unit = Unit::Fma;
  for (Contraction *c :
       {&attention->scores, &attention->keys, &attention->product})
    c->unit = unit;
  ArrayRef<Candidate> candidates =
      unit == Unit::Fma ? ArrayRef(threadTiles) : ArrayRef(warpTiles);
  std::optional<AttentionTiles> best;
  double bestTime = 0;
  for (const Candidate &candidate : candidates)
    for (int64_t stages : {1, 2}) {
      AttentionTiles a = *attention;
      if (!applyTiles(a, candidate))
        continue;
      a.keys.stages = a.product.stages = stages;
      if (getSharedBytes(a) > target.sharedPerBlock ||
          getRegisters(a) > target.registersPerThread)
        continue;
      double time = estimate(a, target);
      if (!best || time < bestTime) {
        best = std::move(a);
        bestTime = time;
      }
    }
  return best;
}
