//===- ArenaOrder.cpp - The order of launches that needs least memory -----===//

#include "Inplace.h"

#include "dlc/Conversion/Passes.h"
#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Arena/Transforms/Steps.h"
#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/MemoryPlanning/ExecutionOrder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <numeric>

namespace dlc::conversion {
#define GEN_PASS_DEF_ARENAORDER
#include "dlc/Conversion/Passes.h.inc"
} // namespace dlc::conversion

using namespace mlir;
using namespace dlc;

namespace {

/// The launches and copies of a graph function as a problem of the planner.
class GraphBuilder {
public:
  explicit GraphBuilder(int64_t alignment) : alignment(alignment) {}

  /// Before the steps: one that writes all inputs that are in the arena.
  void addBegin(ArrayRef<Value> inputs);
  LogicalResult add(Operation *step);
  /// Behind them: one that reads all outputs that are in the arena.
  void addEnd(ArrayRef<Value> outputs);
  memory::StepGraph graph;

private:
  /// What has touched a piece of memory so far.
  struct History {
    std::optional<uint32_t> writer;
    SmallVector<uint32_t> readers; // since then
  };

  LogicalResult addPairs(Operation *step);
  uint32_t getBuffer(Value memory);

  int64_t alignment;
  SymbolTableCollection tables;
  DenseMap<Value, uint32_t> buffers;
  DenseMap<Value, History> histories;
  bool hasBegin = false;
};

} // namespace

/// The number of the buffer behind `memory`. Only what the pass may place
/// counts: the caller's memory and constants have a size of zero.
uint32_t GraphBuilder::getBuffer(Value memory) {
  auto [it, isNew] = buffers.try_emplace(memory, graph.buffers.size());
  if (isNew) {
    int64_t size = 0;
    if (auto alloc = memory.getDefiningOp<memref::AllocOp>())
      size = llvm::alignTo(arena::getByteSize(alloc.getType()), alignment);
    graph.buffers.push_back({size, {}});
  }
  return it->second;
}

LogicalResult GraphBuilder::addPairs(Operation *step) {
  auto launch = dyn_cast<dispatch::LaunchOp>(step);
  if (!launch)
    return success();
  auto kernel = tables.lookupNearestSymbolFrom<dispatch::KernelOp>(
      launch, launch.getKernelAttr());
  if (!kernel)
    return success();
  auto pairs = conversion::getInplacePairs(kernel);
  if (failed(pairs))
    return failure();
  for (auto [in, out] : *pairs) {
    Value from = arena::getMemory(launch.getIns()[in]);
    Value to = arena::getMemory(launch.getOuts()[out]);
    if (conversion::haveSameSize(cast<MemRefType>(from.getType()),
                                 cast<MemRefType>(to.getType())))
      graph.steps.back().inplace.push_back({getBuffer(from), getBuffer(to)});
  }
  return success();
}

void GraphBuilder::addBegin(ArrayRef<Value> inputs) {
  hasBegin = true;
  graph.steps.emplace_back();
  for (Value input : inputs) {
    graph.buffers[getBuffer(input)].steps.push_back(0);
    histories[input] = {0, {}};
  }
}

void GraphBuilder::addEnd(ArrayRef<Value> outputs) {
  uint32_t number = graph.steps.size();
  graph.steps.emplace_back();
  std::vector<uint32_t> &before = graph.steps.back().predecessors;
  before.resize(number);
  std::iota(before.begin(), before.end(), 0);
  for (Value output : outputs)
    graph.buffers[getBuffer(output)].steps.push_back(number);
}

LogicalResult GraphBuilder::add(Operation *step) {
  auto effectful = dyn_cast<MemoryEffectOpInterface>(step);
  if (!effectful)
    return step->emitOpError("does not say which memory it touches");
  uint32_t number = graph.steps.size();
  graph.steps.emplace_back();
  SmallVector<MemoryEffects::EffectInstance> effects;
  effectful.getEffects(effects);
  llvm::SetVector<uint32_t> before;
  SmallVector<Value> reads, writes;
  for (const MemoryEffects::EffectInstance &effect : effects)
    if (auto *operand = effect.getEffectValue<OpOperand *>())
      (isa<MemoryEffects::Write>(effect.getEffect()) ? writes : reads)
          .push_back(arena::getMemory(operand->get()));
  for (Value memory : reads)
    if (auto writer = histories[memory].writer)
      before.insert(*writer);
  for (Value memory : writes) {
    if (auto writer = histories[memory].writer)
      before.insert(*writer);
    before.insert_range(histories[memory].readers);
  }
  for (Value memory : reads)
    histories[memory].readers.push_back(number);
  for (Value memory : writes)
    histories[memory] = {number, {}};
  before.remove(number);
  if (hasBegin)
    before.insert(0);
  graph.steps.back().predecessors.assign(before.begin(), before.end());

  for (Value operand : step->getOperands()) {
    std::vector<uint32_t> &uses =
        graph.buffers[getBuffer(arena::getMemory(operand))].steps;
    if (uses.empty() || uses.back() != number)
      uses.push_back(number);
  }
  return addPairs(step);
}

FailureOr<int64_t> conversion::orderSteps(func::FuncOp func, int64_t alignment,
                                          uint64_t workLimit) {
  if (!llvm::hasSingleElement(func.getBody()))
    return func.emitError("the graph function must have one block");
  Block &block = func.front();
  SmallVector<Operation *> steps = arena::collectSteps(block);
  GraphBuilder builder(alignment);
  SmallVector<Value> inputs, outputs;
  for (auto alloc : block.getOps<memref::AllocOp>()) {
    arena::Role role = arena::getRole(alloc);
    if (role.isInput)
      inputs.push_back(alloc);
    if (role.isOutput)
      outputs.push_back(alloc);
  }
  // With inputs and outputs in the arena: their lives begin before the first
  // step and end behind the last.
  bool isBounded = !inputs.empty() || !outputs.empty();
  if (isBounded)
    builder.addBegin(inputs);
  for (Operation *step : steps)
    if (failed(builder.add(step)))
      return failure();
  if (isBounded)
    builder.addEnd(outputs);
  std::vector<uint32_t> given(builder.graph.steps.size());
  std::iota(given.begin(), given.end(), 0);
  memory::ExecutionOrder found = memory::findOrder(builder.graph, workLimit);
  if (found.order == given)
    return 0;
  // Views and allocations depend on each other only, and stay in front.
  for (uint32_t step : found.order)
    if (uint32_t number = step - isBounded; number < steps.size())
      steps[number]->moveBefore(block.getTerminator());
  return static_cast<int64_t>(memory::peakOfOrder(builder.graph, given) -
                              found.peak);
}

namespace {

struct ArenaOrder : public conversion::impl::ArenaOrderBase<ArenaOrder> {
  using ArenaOrderBase::ArenaOrderBase;

  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal() || arena::isLoopBody(func))
        continue;
      FailureOr<int64_t> saved =
          conversion::orderSteps(func, alignment, workLimit);
      if (failed(saved))
        return signalPassFailure();
      bytesSaved += *saved;
    }
  }
};

} // namespace
