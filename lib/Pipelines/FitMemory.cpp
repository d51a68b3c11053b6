//===- FitMemory.cpp - Makes a graph need less memory ---------------------===//

#include "FitCandidates.h"

#include "dlc/Dialect/Arena/Transforms/Steps.h"
#include "dlc/Dialect/Dispatch/Transforms/Bands.h"
#include "dlc/Dialect/Dispatch/Transforms/Passes.h"
#include "dlc/MemoryPlanning/Report.h"
#include "dlc/Pipelines/Passes.h"
#include "dlc/Pipelines/Specialisations.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FormatVariadic.h"

namespace dlc {
#define GEN_PASS_DEF_FITMEMORY
#include "dlc/Pipelines/Passes.h.inc"
} // namespace dlc

using namespace mlir;
using namespace dlc;

namespace {

/// A graph and what it needs.
struct State {
  OwningOpRef<ModuleOp> module;
  MemoryEstimate estimate;
};

struct FitMemory : public dlc::impl::FitMemoryBase<FitMemory> {
  using FitMemoryBase::FitMemoryBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    FitMemoryBase::getDependentDialects(registry);
    OpPassManager pm(ModuleOp::getOperationName());
    pm.addNestedPass<func::FuncOp>(dispatch::createTileChainsPass());
    pm.addNestedPass<func::FuncOp>(dispatch::createRecomputePass());
    pm.addNestedPass<func::FuncOp>(dispatch::createFormRegionsPass());
    pm.addNestedPass<func::FuncOp>(dispatch::createPlaceSlicesPass());
    pm.getDependentDialects(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    lines.clear();
    // Specialisations run one at a time in one arena.
    for (auto func : module.getOps<func::FuncOp>())
      if (!arena::isLoopBody(func))
        fit(func);
    SmallVector<StringRef> refs(lines.begin(), lines.end());
    module->setAttr("dispatch.fitted",
                    Builder(&getContext()).getStrArrayAttr(refs));
  }

private:
  void fit(func::FuncOp func) {
    work = 0;
    OwningOpRef<ModuleOp> alone = ModuleOp::create(func.getLoc());
    alone->push_back(func.clone());
    // Its loops refer to their bodies.
    for (auto other : getOperation().getOps<func::FuncOp>())
      if (arena::isLoopBody(other))
        alone->push_back(other.clone());
    std::optional<State> state = makeState(std::move(alone));
    if (!state)
      return; // The passes behind this one say what is wrong.
    const MemoryEstimate before = state->estimate;
    std::vector<std::string> steps;
    while (state->estimate.peak > budget) {
      int64_t peak = state->estimate.peak;
      std::string text;
      std::optional<State> next = findStep(*state, text);
      if (!next)
        break;
      state = std::move(next);
      steps.push_back(text + ": " +
                      (state->estimate.peak < peak
                           ? "peak " + memory::formatBytes(state->estimate.peak)
                           : "lowers one of several peaks"));
    }
    if (steps.empty())
      return;
    auto changed = *state->module->getOps<func::FuncOp>().begin();
    func.getBody().takeBody(changed.getBody());
    steps.push_back(summarize(before, state->estimate));
    auto dims = func->getAttrOfType<StringAttr>(kDimsAttrName);
    for (const std::string &step : steps)
      lines.push_back(dims ? (dims.getValue() + ": " + step).str() : step);
  }

  std::optional<State> makeState(OwningOpRef<ModuleOp> module) {
    std::optional<MemoryEstimate> estimate =
        estimateMemory(*module, budget, attention, attentionScratch);
    if (!estimate)
      return std::nullopt;
    work += estimate->nodeOfStep.size();
    return State{std::move(module), std::move(*estimate)};
  }

  /// The graph of `state` with the change of `candidate`.
  std::optional<State> apply(const State &state,
                             const FitCandidate &candidate) {
    IRMapping mapping;
    OwningOpRef<ModuleOp> module =
        cast<ModuleOp>(state.module.get()->clone(mapping));
    for (const FitCandidate::Mark &mark : candidate.marks)
      mapping.lookup(mark.op)->setAttr(mark.name, mark.value);
    PassManager pm(&getContext(), ModuleOp::getOperationName());
    pm.addNestedPass<func::FuncOp>(dispatch::createTileChainsPass());
    pm.addNestedPass<func::FuncOp>(dispatch::createRecomputePass());
    // A change that can not be made is none.
    ScopedDiagnosticHandler silent(&getContext(),
                                   [](Diagnostic &) { return success(); });
    if (failed(pm.run(*module)))
      return std::nullopt;
    return makeState(std::move(module));
  }

  /// Tries what may help. Of those changes that make everything fit the
  /// cheapest is best; else the cheapest of those that help about as much as
  /// the best one.
  std::optional<State> findStep(const State &state, std::string &text) {
    struct Trial {
      State state;
      std::string text;
    };
    std::vector<Trial> helping;
    double mostHelp = 0;
    for (const FitCandidate &candidate :
         findFitCandidates(state.estimate, budget)) {
      if (work >= workLimit)
        break;
      std::optional<State> next = apply(state, candidate);
      if (!next || next->estimate.peak > state.estimate.peak)
        continue;
      double help = state.estimate.excess - next->estimate.excess;
      // Less than a millionth is noise, and the search has to end.
      if (help <= 1e-6 * state.estimate.excess)
        continue;
      mostHelp = std::max(mostHelp, help);
      helping.push_back({std::move(*next), candidate.text});
    }
    Trial *best = nullptr;
    for (Trial &trial : helping) {
      double help = state.estimate.excess - trial.state.estimate.excess;
      if (help < 0.9 * mostHelp)
        continue;
      auto rank = [&](const Trial &of) {
        return std::pair(of.state.estimate.peak > budget,
                         of.state.estimate.work.time());
      };
      if (!best || rank(trial) < rank(*best))
        best = &trial;
    }
    if (!best)
      return std::nullopt;
    text = best->text;
    return std::move(best->state);
  }

  static std::string summarize(const MemoryEstimate &before,
                               const MemoryEstimate &now) {
    auto percent = [](double from, double to) {
      return from > 0 ? 100 * (to / from - 1) : 0.0;
    };
    return llvm::formatv(
        "in all {0:F1} % more operations, {1:F1} % more bytes moved, {2} "
        "launches instead of {3}; peak {4} instead of {5}",
        percent(before.work.operations, now.work.operations),
        percent(before.work.bytes, now.work.bytes),
        static_cast<int64_t>(now.work.launches),
        static_cast<int64_t>(before.work.launches),
        memory::formatBytes(now.peak), memory::formatBytes(before.peak));
  }

  /// What was done.
  std::vector<std::string> lines;
  /// Launches in all graphs tried so far.
  uint64_t work = 0;
};

} // namespace
