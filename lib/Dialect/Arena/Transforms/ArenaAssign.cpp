//===- ArenaAssign.cpp - Places the buffers of a graph --------------------===//

#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Arena/Transforms/Assign.h"
#include "dlc/Dialect/Arena/Transforms/Passes.h"
#include "dlc/Dialect/Arena/Transforms/Steps.h"
#include "dlc/MemoryPlanning/Solver.h"
#include "dlc/MemoryPlanning/Validate.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace dlc::arena {
#define GEN_PASS_DEF_ARENAASSIGN
#include "dlc/Dialect/Arena/Transforms/Passes.h.inc"
} // namespace dlc::arena

using namespace mlir;
using namespace dlc;
using namespace dlc::arena;

namespace {

/// Plans the buffers of one function.
class Assigner {
public:
  Assigner(const Timeline &timeline, LayoutOp layout,
           const AssignOptions &options)
      : timeline(timeline), layout(layout), options(options) {}

  FailureOr<int64_t> run();

private:
  struct Life {
    int64_t first = -1, last = -1;
  };

  DenseMap<Value, Life> getLives() const;
  FailureOr<memory::Solution> solve(const memory::Problem &problem) const;

  const Timeline &timeline;
  LayoutOp layout;
  AssignOptions options;
};

} // namespace

/// From which launch to which one memory is touched.
DenseMap<Value, Assigner::Life> Assigner::getLives() const {
  DenseMap<Value, Life> lives; // by alloc
  for (auto [index, step] : llvm::enumerate(timeline.steps))
    for (Value operand : step->getOperands()) {
      int64_t number = timeline.begin + static_cast<int64_t>(index);
      Life &life = lives[getMemory(operand)];
      if (life.first < 0)
        life.first = number;
      life.last = number;
    }
  return lives;
}

FailureOr<memory::Solution>
Assigner::solve(const memory::Problem &problem) const {
  func::FuncOp func = timeline.graph;
  if (std::string fault = memory::describeFault(problem); !fault.empty())
    return func.emitError("the memory of the program cannot be planned: ")
           << fault;
  memory::SolverOptions solver;
  solver.workLimit = options.workLimit;
  memory::Solution solution = memory::solve(problem, solver);
  std::vector<memory::Violation> violations =
      memory::validate(problem, solution.plan, solution.peak);
  if (!violations.empty())
    return func.emitError("internal error of the memory planner: ")
           << memory::describe(problem, solution.plan, violations.front());
  return solution;
}

/// Replaces the result of `op` and all reshapes of it by views made with
/// `makeView`, where those were; without views that nobody uses.
template <typename MakeView>
static void replaceWithViews(Operation *op, MakeView makeView) {
  Value memory = op->getResult(0);
  for (Operation *user : llvm::make_early_inc_range(memory.getUsers()))
    if (isa<memref::ExpandShapeOp, memref::CollapseShapeOp>(user)) {
      replaceWithViews(user, makeView);
      user->erase();
    }
  if (memory.use_empty())
    return;
  OpBuilder builder(op);
  Value view = makeView(builder, op->getLoc(), memory.getType());
  memory.replaceAllUsesWith(view);
}

FailureOr<int64_t> Assigner::run() {
  func::FuncOp func = timeline.graph;
  Block &block = func.front();
  DenseMap<Value, Life> lives = getLives();
  size_t numSlots = llvm::range_size(layout.getBody().getOps<SlotOp>());
  SmallVector<memref::AllocOp> allocs;
  memory::Problem problem;
  for (auto alloc : block.getOps<memref::AllocOp>()) {
    MemRefType type = alloc.getType();
    if (!type.hasStaticShape() || !type.getLayout().isIdentity())
      return alloc.emitOpError("cannot be placed: its size is not known");
    Life life = lives.lookup(alloc);
    Role role = getRole(alloc);
    if (life.first < 0) // only reshaped, never used
      life.first = life.last =
          role.isOutput ? timeline.end() - 1 : timeline.begin;
    if (role.isInput)
      life.first = timeline.begin;
    if (role.isOutput)
      life.last = timeline.end() - 1;
    problem.buffers.push_back({("s" + Twine(numSlots++)).str(), life.first,
                               life.last + 1, getByteSize(type),
                               options.alignment});
    allocs.push_back(alloc);
  }
  FailureOr<memory::Solution> solution = solve(problem);
  if (failed(solution))
    return failure();

  OpBuilder builder(func.getContext());
  for (auto [alloc, buffer, offset] :
       llvm::zip_equal(allocs, problem.buffers, solution->plan.offsets)) {
    builder.setInsertionPointToEnd(&layout.getBody().front());
    auto slot = SlotOp::create(builder, alloc.getLoc(), buffer.id, offset,
                               buffer.size, buffer.lower, buffer.upper - 1);
    auto symbol = SymbolRefAttr::get(
        layout.getSymNameAttr(), {SymbolRefAttr::get(slot.getSymNameAttr())});
    replaceWithViews(alloc, [&](OpBuilder &at, Location loc, Type type) {
      return ViewOp::create(at, loc, type, symbol);
    });
    if (auto numbers = alloc->getAttrOfType<ArrayAttr>(kArgumentsAttrName))
      for (auto number : numbers.getAsRange<IntegerAttr>())
        func.setArgAttr(number.getInt(), kSlotAttrName, symbol);
    alloc.erase();
  }
  layout.setSize(std::max<int64_t>(layout.getSize(), solution->peak));
  layout.setLowerBound(
      std::max<int64_t>(layout.getLowerBound(), solution->lowerBound));
  // Reshapes of constants are just other views of them.
  for (auto view : llvm::make_early_inc_range(block.getOps<ConstantViewOp>())) {
    SymbolRefAttr symbol = view.getConstantAttr();
    replaceWithViews(view, [&](OpBuilder &at, Location loc, Type type) {
      return ConstantViewOp::create(at, loc, type, symbol);
    });
    view.erase();
  }
  return solution->peak;
}

LayoutOp dlc::arena::createLayout(ModuleOp module, Location loc, StringRef name,
                                  int64_t alignment) {
  OpBuilder builder(module.getContext());
  auto layout = LayoutOp::create(builder, loc, name, 0, alignment, 0);
  SymbolTable(module).insert(layout, module.getBody()->begin());
  return layout;
}

FailureOr<int64_t> dlc::arena::assignBuffers(const Timeline &timeline,
                                             LayoutOp layout,
                                             const AssignOptions &options) {
  return Assigner(timeline, layout, options).run();
}

namespace {

struct ArenaAssign : public arena::impl::ArenaAssignBase<ArenaAssign> {
  using ArenaAssignBase::ArenaAssignBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (module.lookupSymbol(kLayoutName)) {
      module.emitError("the module has an arena.layout already");
      return signalPassFailure();
    }
    SmallVector<Timeline> timelines = collectTimelines(module);
    if (timelines.empty())
      return;
    LayoutOp layout = createLayout(module, timelines.front().graph.getLoc(),
                                   kLayoutName, alignment);
    for (const Timeline &timeline : timelines) {
      // What is alive in another graph is never alive in this one, which has
      // the whole arena to itself.
      FailureOr<int64_t> bytes =
          assignBuffers(timeline, layout, {alignment, workLimit});
      if (failed(bytes))
        return signalPassFailure();
      if (timelines.size() > 1)
        timeline.graph->setAttr(
            kArenaBytesAttrName,
            Builder(&getContext()).getI64IntegerAttr(*bytes));
    }
  }
};

} // namespace
