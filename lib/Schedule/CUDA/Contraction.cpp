//===- Contraction.cpp - Which block tiles a contraction gets -------------===//

#include "Contraction.h"

using namespace mlir;
using namespace dlc::schedule;

/// Results and depths below these leave most of a tile unused.
static constexpr int64_t minExtent = 8, minDepth = 8;

/// Registers that a thread needs besides accumulators and fragments.
static constexpr int64_t otherRegisters = 40;

//===----------------------------------------------------------------------===//
// Recognition
//===----------------------------------------------------------------------===//

/// The last store of the nest that is consecutive along `loop`.
static bool isStoredConsecutively(const Nest &nest, unsigned loop) {
  for (const Stage &stage : llvm::reverse(nest.stages))
    for (const Output &output : stage.outputs)
      if (output.store)
        return output.store->coef[loop] == 1;
  return false;
}

/// Whether stage 0 computes from two operands in memory and its accumulator,
/// and from nothing else.
static bool hasTwoOperands(Nest &nest, SmallVector<unsigned> &operands) {
  Stage &main = nest.stages[0];
  if (main.outputs.size() != 1 || !main.gathers.empty())
    return false;
  WalkResult indexed =
      main.op->walk([](linalg::IndexOp) { return WalkResult::interrupt(); });
  if (indexed.wasInterrupted())
    return false;
  for (auto [i, input] : llvm::enumerate(main.inputs)) {
    if (input.kind == Input::Memory)
      operands.push_back(i);
    else if (input.kind != Input::Unused)
      return false;
  }
  return operands.size() == 2;
}

/// Chooses how an operand is copied and laid out in shared memory: along the
/// loop with consecutive addresses, with the widest vectors that alignment
/// allows.
static void chooseLayout(ContractionOperand &operand, const Access &access,
                         const Nest &nest, const Contraction &contraction) {
  unsigned own = operand.loops.back(), inner = contraction.reduction.back();
  operand.reductionFastest =
      access.coef[own] != 1 &&
      (access.coef[inner] == 1 ||
       std::abs(access.coef[own]) > std::abs(access.coef[inner]));
  unsigned fastest = operand.reductionFastest ? inner : own;
  operand.vector = 1;
  if (access.coef[fastest] != 1)
    return;
  int64_t width = CudaTarget::vectorBytes / getElementBytes(operand.element);
  auto aligned = [&] {
    if (nest.loops[fastest].extent % width != 0 || access.base % width != 0)
      return false;
    for (auto [loop, coef] : llvm::enumerate(access.coef))
      if (loop != fastest && coef % width != 0)
        return false;
    return true;
  };
  while (!aligned())
    width /= 2;
  operand.vector = width;
}

static std::optional<Contraction> recognise(Nest &nest,
                                            const KernelPlan &plan) {
  SmallVector<unsigned> operands;
  if (!canSplitReduction(nest) || !hasTwoOperands(nest, operands))
    return std::nullopt;
  Contraction result;
  result.rows.input = operands[0];
  result.columns.input = operands[1];
  auto accessOf = [&](const ContractionOperand &operand) -> const Access & {
    return nest.stages[0].inputs[operand.input].access;
  };
  for (unsigned loop : getParallelOrder(nest)) {
    bool inRows = accessOf(result.rows).coef[loop] != 0;
    bool inColumns = accessOf(result.columns).coef[loop] != 0;
    if (inRows && !inColumns)
      result.rows.loops.push_back(loop);
    else if (inColumns && !inRows)
      result.columns.loops.push_back(loop);
    else
      result.batch.push_back(loop);
  }
  if (result.rows.loops.empty() || result.columns.loops.empty())
    return std::nullopt;
  // Columns are what is stored side by side.
  if (isStoredConsecutively(nest, result.rows.loops.back()))
    std::swap(result.rows, result.columns);
  result.reduction = TileEmitter::getReductionOrder(nest);
  result.rows.extent = countIterations(nest, result.rows.loops);
  result.columns.extent = countIterations(nest, result.columns.loops);
  result.batches = countIterations(nest, result.batch);
  result.depth = countIterations(nest, result.reduction);
  if (result.rows.extent < minExtent || result.columns.extent < minExtent ||
      result.depth < minDepth)
    return std::nullopt;
  for (ContractionOperand *operand : {&result.rows, &result.columns}) {
    operand->element = plan.buffers[accessOf(*operand).buffer].element;
    chooseLayout(*operand, accessOf(*operand), nest, result);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Choice of tiles
//===----------------------------------------------------------------------===//

/// Elements that one row of a tile takes in shared memory: what runs along the
/// reduction is padded by 16 bytes, so that neighbouring rows lie in different
/// banks.
static int64_t getSharedElements(const ContractionOperand &operand,
                                 int64_t depth) {
  int64_t pad = CudaTarget::vectorBytes / getElementBytes(operand.element);
  return operand.reductionFastest ? operand.tile * (depth + pad)
                                  : operand.tile * depth;
}

static int64_t getStageBytes(const Contraction &contraction) {
  int64_t bytes = 0;
  for (const ContractionOperand *operand :
       {&contraction.rows, &contraction.columns})
    bytes += getSharedElements(*operand, contraction.tileDepth) *
             getElementBytes(operand->element);
  return bytes;
}

/// Estimated time in cycles.
static double estimate(const Contraction &c, const CudaTarget &target) {
  double blocks = double(c.batches) * c.rowTiles() * c.columnTiles() * c.splits;
  double perSM = std::ceil(blocks / target.multiprocessors);
  int64_t registers = c.rows.perThread * c.columns.perThread +
                      4 * (c.rows.perThread + c.columns.perThread) +
                      otherRegisters;
  double resident = std::min<double>(
      {double(target.registersPerSM / (registers * c.threads())),
       double(target.sharedPerSM / (c.stages * getStageBytes(c) + 1024)),
       double(target.threadsPerSM / c.threads()), double(target.blocksPerSM)});
  double warps =
      std::min(perSM, std::max(resident, 1.0)) * c.threads() / CudaTarget::warp;
  // Multiply-adds per loaded value decide what share of the peak is reached;
  // too few warps leave latencies uncovered.
  double rows = c.rows.perThread, columns = c.columns.perThread;
  double intensity = rows * columns / (rows + columns); // 4 for 8x8
  double efficiency =
      intensity / (intensity + 0.5) * std::min(1.0, (warps + 1) / 9.0);
  double depth = double(c.depthTiles()) * c.tileDepth;
  double compute =
      depth * c.rows.tile * c.columns.tile / (target.fmaRate * efficiency);
  double bytes = depth * (c.rows.tile * getElementBytes(c.rows.element) +
                          c.columns.tile * getElementBytes(c.columns.element));
  double copies = bytes / target.cacheRate;
  double time = perSM * std::max(compute, copies) + 2 * target.memoryLatency;
  if (c.splits > 1)
    time +=
        target.launchTime + 2.0 * 4 * c.partialElements() /
                                (target.memoryRate * target.multiprocessors);
  return time;
}

std::optional<Contraction>
dlc::schedule::chooseContraction(Nest nest, const KernelPlan &plan,
                                 const CudaTarget &target) {
  std::optional<Contraction> contraction = recognise(nest, plan);
  if (!contraction)
    return std::nullopt;
  struct Candidate {
    int64_t rows, columns, perRow, perColumn;
  };
  static constexpr Candidate candidates[] = {
      {128, 128, 8, 8}, {128, 64, 8, 8}, {64, 128, 8, 8}, {64, 64, 8, 4},
      {64, 64, 4, 4},   {32, 64, 4, 4},  {64, 32, 4, 4},  {32, 32, 4, 4},
      {16, 64, 2, 4},   {64, 16, 4, 2},  {16, 32, 2, 2}};
  std::optional<Contraction> best;
  double bestTime = 0;
  for (const Candidate &candidate : candidates)
    for (int64_t splits : {1, 2, 4, 8, 16}) {
      Contraction c = *contraction;
      c.rows.tile = candidate.rows;
      c.columns.tile = candidate.columns;
      c.rows.perThread = candidate.perRow;
      c.columns.perThread = candidate.perColumn;
      c.splits = splits;
      // No block without work, and enough work for each.
      if (splits > 1 &&
          (c.depthTiles() < 4 ||
           c.depthTiles() * (splits - 1) * c.tileDepth >= c.depth))
        continue;
      c.stages = std::clamp<int64_t>(
          (target.staticShared - 1024) / getStageBytes(c), 1, 4);
      c.stages = std::min(c.stages, std::max<int64_t>(c.depthTiles(), 2));
      if (c.stages < 2 || c.stages * getStageBytes(c) > target.staticShared)
        continue;
      double time = estimate(c, target);
      if (!best || time < bestTime) {
        best = c;
        bestTime = time;
      }
    }
  return best;
}
