//===- Contraction.cpp - Which block tiles a contraction gets -------------===//

#include "Contraction.h"

#include "dlc/Dialect/Dispatch/Transforms/Attention.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::schedule;

/// Results and depths below these leave most of a tile unused.
static constexpr int64_t minExtent = 8, minDepth = 8;

/// Sums of more than `longSum` terms are made of partial sums of `partialSum`
/// terms each, as on the host. (Tensor cores' operands are rounded by more than
/// their sums.)
static constexpr int64_t longSum = 128, partialSum = 64;

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

/// Along the loop with consecutive addresses, with the widest vectors that
/// alignment allows.
void dlc::schedule::chooseLayout(ContractionOperand &operand,
                                 const Access &access, const Nest &nest,
                                 const Contraction &contraction) {
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
  result.adds = isa<arith::AddFOp>(getCombiner(nest.stages[0].op, 0));
  result.rows.extent = countIterations(nest, result.rows.loops);
  result.columns.extent = countIterations(nest, result.columns.loops);
  result.batches = countIterations(nest, result.batch);
  result.depth = countIterations(nest, result.reduction);
  if (result.rows.extent < minExtent || result.columns.extent < minExtent ||
      result.depth < minDepth)
    return std::nullopt;
  auto products = matchNarrowProducts(nest.stages[0].op);
  result.dots = matchDots(nest).has_value();
  for (ContractionOperand *operand : {&result.rows, &result.columns}) {
    if (products)
      operand->isUnsigned = operand->input == products->left
                                ? products->leftUnsigned
                                : products->rightUnsigned;
    operand->element = plan.buffers[accessOf(*operand).buffer].element;
    chooseLayout(*operand, accessOf(*operand), nest, result);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Choice of tiles
//===----------------------------------------------------------------------===//

static int64_t getStageBytes(const Contraction &c) {
  int64_t bytes = 0;
  for (const ContractionOperand *operand : {&c.rows, &c.columns})
    bytes += operand->line(c.tileDepth) * operand->lines(c.tileDepth) *
             getElementBytes(operand->element);
  return bytes;
}

/// Registers of a thread, roughly.
static int64_t getRegisters(const Contraction &c) {
  int64_t fragments = c.unit == Unit::Fma
                          ? 4 * (c.rows.perThread + c.columns.perThread)
                          : 2 * (c.rows.perThread + c.columns.perThread);
  int64_t sums = c.partialTiles ? 2 : 1;
  return sums * c.rows.perThread * c.columns.perThread + fragments +
         otherRegisters;
}

double dlc::schedule::getMultiplyRate(const Contraction &c,
                                      const CudaTarget &target) {
  if (c.unit == Unit::Fma) {
    double rows = c.rows.perThread, columns = c.columns.perThread;
    double intensity = rows * columns / (rows + columns); // 4 for 8x8
    double rate = c.dots ? dotGroup * target.integerRate : target.fmaRate;
    return rate * intensity / (intensity + 0.5);
  }
  double rate = c.unit == Unit::TF32 ? target.tensorRate / 2
                : c.unit == Unit::I8 ? target.tensorRate * 2
                                     : target.tensorRate;
  double rows = c.rows.warpTile, columns = c.columns.warpTile;
  double intensity = rows * columns / (rows + columns); // 32 for 64x64
  // Operands that are converted on the way cost instructions of the cores.
  bool converted = c.unit != Unit::TF32 && c.rows.element.isF32();
  return rate * intensity / (intensity + (converted ? 48 : 16));
}

/// Estimated time in cycles.
static double estimate(const Contraction &c, const CudaTarget &target) {
  double blocks = double(c.batches) * c.rowTiles() * c.columnTiles() * c.splits;
  double perSM = std::ceil(blocks / target.multiprocessors);
  double resident = std::min<double>(
      {double(target.registersPerSM / (getRegisters(c) * c.threads())),
       double(target.sharedPerSM / (c.stages * getStageBytes(c) + 1024)),
       double(target.threadsPerSM / c.threads()), double(target.blocksPerSM)});
  double warps =
      std::min(perSM, std::max(resident, 1.0)) * c.threads() / CudaTarget::warp;
  // Too few warps leave latencies uncovered.
  double efficiency = std::min(1.0, (warps + 1) / 9.0);
  double depth = double(c.depthTiles()) * c.tileDepth;
  double compute = depth * c.rows.tile * c.columns.tile /
                   (getMultiplyRate(c, target) * efficiency);
  double bytes = depth * (c.rows.tile * getElementBytes(c.rows.element) +
                          c.columns.tile * getElementBytes(c.columns.element));
  // Blocks that run together wait for their tiles together: at least once for
  // all stages that are in flight.
  double together = std::ceil(perSM / std::max(resident, 1.0));
  double waiting =
      together * c.depthTiles() * target.memoryLatency / double(c.stages - 1);
  double time =
      std::max(perSM * std::max(compute, bytes / target.cacheRate), waiting) +
      2 * target.memoryLatency;
  if (c.splits > 1)
    time +=
        target.launchTime + 2.0 * 4 * c.partialElements() /
                                (target.memoryRate * target.multiprocessors);
  return time;
}

std::optional<Unit> dlc::schedule::parsePrecision(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<Unit>>(name)
      .Case("f32", Unit::Fma)
      .Case("tf32", Unit::TF32)
      .Case("f16", Unit::F16)
      .Case("bf16", Unit::BF16)
      .Default(std::nullopt);
}

Unit dlc::schedule::chooseUnit(const Contraction &c, Nest &nest,
                               Unit precision) {
  Type type = c.rows.element;
  if (c.dots && c.depth >= 16)
    return Unit::I8;
  if (type != c.columns.element ||
      !dispatch::isSumOfProducts(nest.stages[0].op) || c.depth < 16)
    return Unit::Fma;
  if (type.isF16())
    return Unit::F16;
  if (type.isBF16())
    return Unit::BF16;
  return type.isF32() ? precision : Unit::Fma;
}

namespace {

/// Tiles of a block and of a thread, or of a warp where tensor cores multiply.
struct Candidate {
  int64_t rows, columns, perRow, perColumn;
};

} // namespace

static constexpr Candidate threadTiles[] = {
    {128, 128, 8, 8}, {128, 64, 8, 8}, {64, 128, 8, 8}, {64, 64, 8, 4},
    {64, 64, 4, 4},   {32, 64, 4, 4},  {64, 32, 4, 4},  {32, 32, 4, 4},
    {16, 64, 2, 4},   {64, 16, 4, 2},  {16, 32, 2, 2}};
static constexpr Candidate warpTiles[] = {
    {128, 256, 64, 64}, {256, 128, 64, 64}, {128, 128, 64, 32},
    {128, 64, 32, 32},  {64, 128, 32, 32},  {64, 64, 32, 32},
    {64, 32, 16, 32},   {32, 64, 32, 16},   {32, 32, 16, 16},
    {16, 64, 16, 16},   {64, 16, 16, 16}};

void dlc::schedule::choosePadding(ContractionOperand &operand, Unit unit) {
  int64_t bytes = getElementBytes(operand.element);
  operand.pad = CudaTarget::vectorBytes / bytes;
  if (operand.reductionFastest)
    return;
  if (unit == Unit::Fma)
    operand.pad = 0;
  else if (bytes == 4)
    operand.pad *= 2;
}

/// Fills in the sizes of `tiles`. Returns false where they do not fit.
static bool applyTiles(Contraction &c, const Candidate &tiles,
                       const CudaTarget &target) {
  c.rows.tile = tiles.rows;
  c.columns.tile = tiles.columns;
  if (c.unit == Unit::Fma) {
    c.rows.perThread = tiles.perRow;
    c.columns.perThread = tiles.perColumn;
  } else {
    // 16x8 results of an instruction: two rows and two columns a thread.
    c.rows.warpTile = tiles.perRow;
    c.columns.warpTile = tiles.perColumn;
    c.rows.perThread = tiles.perRow / 8;
    c.columns.perThread = tiles.perColumn / 4;
  }
  for (ContractionOperand *operand : {&c.rows, &c.columns}) {
    int64_t bytes = getElementBytes(operand->element);
    c.tileDepth = std::max<int64_t>(16, 64 / bytes);
    choosePadding(*operand, c.unit);
  }
  if (c.unit == Unit::Fma) {
    c.tileDepth = 16;
    if (c.adds && c.depthTiles() * c.tileDepth > longSum)
      c.partialTiles = partialSum / c.tileDepth;
  }
  return c.stages <= std::max<int64_t>(c.depthTiles(), 2) &&
         c.stages * getStageBytes(c) <= target.sharedPerBlock &&
         getRegisters(c) <= target.registersPerThread;
}

std::optional<Contraction>
dlc::schedule::chooseContraction(Nest nest, const KernelPlan &plan,
                                 const CudaTarget &target, Unit precision) {
  std::optional<Contraction> contraction = recognise(nest, plan);
  if (!contraction)
    return std::nullopt;
  // Sums of integers are the same bits on either kind of unit.
  SmallVector<Unit> units{chooseUnit(*contraction, nest, precision)};
  if (units.front() == Unit::I8)
    units.push_back(Unit::Fma);
  std::optional<Contraction> best;
  double bestTime = 0;
  auto consider = [&](Unit unit, const Candidate &candidate, int64_t splits,
                      int64_t stages) {
    Contraction c = *contraction;
    c.unit = unit;
    c.splits = splits;
    c.stages = stages;
    if (!applyTiles(c, candidate, target))
      return;
    // No block without work, and enough work for each.
    if (splits > 1 && (c.depthTiles() < 4 ||
                       4 * c.partialElements() > target.maxPartialBytes ||
                       c.depthTiles() * (splits - 1) * c.tileDepth >= c.depth))
      return;
    double time = estimate(c, target);
    if (!best || time < bestTime) {
      best = c;
      bestTime = time;
    }
  };
  for (Unit unit : units)
    for (const Candidate &candidate :
         unit == Unit::Fma ? ArrayRef(threadTiles) : ArrayRef(warpTiles))
      for (int64_t splits : {1, 2, 4, 8, 16})
        for (int64_t stages : {4, 3, 2})
          consider(unit, candidate, splits, stages);
  return best;
}
