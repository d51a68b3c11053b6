//===- MemoryEstimate.cpp - The memory that a graph will need -------------===//

#include "MemoryEstimate.h"

#include "dlc/Conversion/Passes.h"
#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Arena/Transforms/Steps.h"
#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/Dialect/Dispatch/Transforms/Passes.h"
#include "dlc/Schedule/Common/Nest.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace dlc;

namespace {

/// Steps that the search for an order may try: less than for the program
/// itself, since many estimates are made.
constexpr uint64_t kOrderWork = 50'000;
constexpr int64_t kAlignment = 64;

bool isReshape(Operation *op) {
  return isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op);
}

/// Values that exist without the program's doing anything.
bool isGiven(Operation *op) {
  return op->hasTrait<OpTrait::ConstantLike>() ||
         isa<tensor::EmptyOp, func::ReturnOp>(op);
}

/// Makes the estimate. The copy's operations carry their number in the block as
/// metadata of their location, which regions, launches and copies inherit.
class Estimator {
public:
  Estimator(ModuleOp module, int64_t budget, bool attention,
            int64_t attentionScratch)
      : original(getMain(module)), budget(budget), attention(attention),
        attentionScratch(attentionScratch), copy(module.clone()) {}

  std::optional<MemoryEstimate> run() {
    number();
    takeConstantsOut();
    if (failed(runPasses([this](OpPassManager &pm) {
          dispatch::FormRegionsPassOptions form;
          form.attention = attention;
          form.attentionScratch = attentionScratch;
          pm.addNestedPass<func::FuncOp>(dispatch::createFormRegionsPass(form));
        })))
      return std::nullopt;
    collectNodes();
    connectNodes();
    if (failed(runPasses([](OpPassManager &pm) {
          pm.addNestedPass<func::FuncOp>(dispatch::createPlaceSlicesPass());
          pm.addPass(dispatch::createOutlineKernelsPass());
          pm.addNestedPass<func::FuncOp>(createCSEPass());
        })))
      return std::nullopt;
    for (auto func : copy->getOps<func::FuncOp>())
      evaluateConstants(func);
    findInplacePairs();
    if (failed(runPasses([](OpPassManager &pm) {
          conversion::ArenaOrderOptions order;
          order.workLimit = kOrderWork;
          conversion::ArenaLoopsOptions loops;
          loops.workLimit = kOrderWork;
          pm.addPass(conversion::createArenaBufferize());
          pm.addPass(conversion::createArenaLoops(loops));
          pm.addPass(conversion::createArenaOrder(order));
          pm.addPass(conversion::createArenaInplace());
        })))
      return std::nullopt;
    collectBuffers();
    addWork();
    findPeak();
    return std::move(estimate);
  }

private:
  static func::FuncOp getMain(ModuleOp module) {
    return *module.getOps<func::FuncOp>().begin();
  }

  LogicalResult runPasses(llvm::function_ref<void(OpPassManager &)> add) {
    PassManager pm(copy->getContext(), ModuleOp::getOperationName());
    pm.enableVerifier(false);
    add(pm);
    return pm.run(*copy);
  }

  void number() {
    Builder builder(copy->getContext());
    for (auto [op, like] :
         llvm::zip_equal(getMain(*copy).front(), original.front())) {
      op.setLoc(FusedLoc::get({op.getLoc()},
                              builder.getI64IntegerAttr(ops.size()),
                              copy->getContext()));
      ops.push_back(&like);
    }
  }

  std::optional<unsigned> getNumber(Location loc) {
    auto fused = dyn_cast<FusedLoc>(loc);
    if (!fused || fused.getLocations().empty())
      return std::nullopt;
    if (auto number = dyn_cast_or_null<IntegerAttr>(fused.getMetadata()))
      return number.getInt();
    // Of a launch, which has the locations of all of its nodes, the first one.
    return getNumber(fused.getLocations().front());
  }

  /// Replaces `value` by a new argument of the function: memory that is there.
  void makeArgument(Value value) {
    func::FuncOp func = getMain(*copy);
    unsigned index = func.getNumArguments();
    if (failed(func.insertArgument(index, value.getType(), {}, value.getLoc())))
      return;
    value.replaceAllUsesWith(func.getArgument(index));
    constants.insert(func.getArgument(index));
  }

  void takeConstantsOut() {
    for (auto constant :
         llvm::make_early_inc_range(getMain(*copy).getOps<arith::ConstantOp>()))
      if (isa<RankedTensorType>(constant.getType())) {
        makeArgument(constant.getResult());
        constant.erase();
      }
  }

  void collectNodes() {
    for (Operation &op : getMain(*copy).front()) {
      std::optional<unsigned> number = getNumber(op.getLoc());
      auto region = dyn_cast<dispatch::RegionOp>(op);
      if (!number || (!region && isGiven(ops[*number])))
        continue;
      SmallVector<Operation *> members;
      if (region)
        for (Operation &member : region.getBody().front())
          if (auto of = getNumber(member.getLoc()))
            if (isa<linalg::LinalgOp>(ops[*of]) && !isa<linalg::FillOp>(member))
              members.push_back(ops[*of]);
      if (members.empty())
        members.push_back(ops[*number]);
      for (Operation *member : members)
        estimate.nodeOf[member] = estimate.nodes.size();
      estimate.nodes.emplace_back();
      estimate.nodes.back().isKernel = region != nullptr;
    }
    // Ops that were fused into a reader are part of its kernel.
    for (Operation *op : llvm::reverse(ops)) {
      if (isGiven(op) || isa<linalg::FillOp>(op) || estimate.nodeOf.count(op))
        continue;
      for (Operation *user : op->getUsers())
        if (auto it = estimate.nodeOf.find(getAncestor(user));
            it != estimate.nodeOf.end()) {
          unsigned node = it->second;
          estimate.nodeOf[op] = node;
          break;
        }
    }
    for (Operation *op : ops)
      if (auto it = estimate.nodeOf.find(op); it != estimate.nodeOf.end())
        estimate.nodes[it->second].ops.push_back(op);
  }

  Operation *getAncestor(Operation *op) {
    return original.front().findAncestorOpInBlock(*op);
  }

  /// What `op` reads, in its body as well.
  static llvm::SetVector<Value> getReads(Operation *op) {
    llvm::SetVector<Value> values(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), values);
    return values;
  }

  void connectNodes() {
    for (auto [number, node] : llvm::enumerate(estimate.nodes)) {
      node.isConstant = true;
      for (Operation *op : node.ops) {
        for (Value value : getReads(op)) {
          Operation *def = value.getDefiningOp();
          auto it = estimate.nodeOf.find(def);
          if (!def || (it != estimate.nodeOf.end() && it->second != number &&
                       !estimate.nodes[it->second].isConstant))
            node.isConstant = false;
          if (it != estimate.nodeOf.end() && it->second != number)
            node.predecessors.push_back(it->second);
        }
        for (Operation *user : op->getUsers())
          node.isReturned |= isa<func::ReturnOp>(user);
      }
      llvm::sort(node.predecessors);
      node.predecessors.erase(llvm::unique(node.predecessors),
                              node.predecessors.end());
      for (unsigned before : node.predecessors)
        estimate.nodes[before].successors.push_back(number);
    }
  }

  /// Whether a launch writes on into `value`.
  static bool isContinued(Value value) {
    return llvm::any_of(value.getUses(), [](OpOperand &use) {
      if (isReshape(use.getOwner()))
        return isContinued(use.getOwner()->getResult(0));
      auto launch = dyn_cast<dispatch::LaunchOp>(use.getOwner());
      return launch && launch.isDpsInit(&use);
    });
  }

  /// Memory that is there, whatever is in it, in the place of `value`. A loop
  /// says what its body takes, so that gets no more arguments.
  void makeGiven(Value value) {
    auto func = value.getDefiningOp()->getParentOfType<func::FuncOp>();
    if (!arena::isLoopBody(func))
      return makeArgument(value);
    OpBuilder builder(value.getDefiningOp());
    auto type = cast<RankedTensorType>(value.getType());
    auto zero = builder.getZeroAttr(type);
    auto constant = arith::ConstantOp::create(builder, value.getLoc(),
                                              cast<TypedAttr>(zero));
    value.replaceAllUsesWith(constant);
  }

  /// Takes out the launches that evaluate-constants will run.
  void evaluateConstants(func::FuncOp func) {
    for (auto launch :
         llvm::make_early_inc_range(func.getOps<dispatch::LaunchOp>())) {
      bool isConstant =
          llvm::all_of(launch->getOpOperands(), [&](OpOperand &operand) {
            Value value = operand.get();
            while (isReshape(value.getDefiningOp()))
              value = value.getDefiningOp()->getOperand(0);
            return constants.contains(value) ||
                   value.getDefiningOp<arith::ConstantOp>() ||
                   (launch.isDpsInit(&operand) &&
                    value.getDefiningOp<tensor::EmptyOp>());
          });
      if (!isConstant || llvm::any_of(launch.getResults(), isContinued))
        continue;
      for (Value result : launch.getResults())
        makeGiven(result);
      launch.erase();
    }
  }

  void findInplacePairs() {
    Builder builder(copy->getContext());
    // What can not be scheduled is reported when it is.
    ScopedDiagnosticHandler silent(copy->getContext(),
                                   [](Diagnostic &) { return success(); });
    for (auto kernel : copy->getOps<dispatch::KernelOp>()) {
      FailureOr<schedule::KernelPlan> plan = schedule::planKernel(kernel);
      if (failed(plan))
        continue;
      SmallVector<Attribute> pairs;
      for (auto [in, out] : plan->inplace)
        pairs.push_back(builder.getI64ArrayAttr({in, out}));
      kernel->setAttr("inplace", builder.getArrayAttr(pairs));
    }
  }

  /// Whether a step writes the memory of an operand.
  static bool isWritten(OpOperand &operand) {
    if (auto launch = dyn_cast<dispatch::LaunchOp>(operand.getOwner()))
      return launch.isDpsInit(&operand);
    if (auto loop = dyn_cast<dispatch::LoopOp>(operand.getOwner()))
      return operand.getOperandNumber() >= loop.getCarried().size() +
                                               loop.getSliced().size() +
                                               loop.getInvariant().size();
    return operand.getOperandNumber() > 0;
  }

  void collectBuffers() {
    DenseMap<Value, unsigned> bufferOf;
    SmallVector<Operation *> steps =
        arena::collectSteps(getMain(*copy).front());
    for (auto [step, op] : llvm::enumerate(steps)) {
      std::optional<unsigned> node;
      if (auto number = getNumber(op->getLoc()))
        if (auto it = estimate.nodeOf.find(ops[*number]);
            it != estimate.nodeOf.end())
          node = it->second;
      estimate.nodeOfStep.push_back(node);
      for (OpOperand &operand : op->getOpOperands()) {
        auto alloc =
            arena::getMemory(operand.get()).getDefiningOp<memref::AllocOp>();
        if (!alloc)
          continue;
        auto [it, isNew] = bufferOf.try_emplace(alloc, estimate.buffers.size());
        if (isNew) {
          estimate.buffers.emplace_back();
          estimate.buffers.back().bytes =
              llvm::alignTo(arena::getByteSize(alloc.getType()), kAlignment);
          estimate.buffers.back().first = step;
        }
        MemoryEstimate::Buffer &buffer = estimate.buffers[it->second];
        buffer.last = step;
        bool writes = isWritten(operand);
        if (node)
          (writes ? buffer.writers : buffer.readers).push_back(*node);
      }
    }
  }

  void findPeak() {
    std::vector<int64_t> alive(estimate.nodeOfStep.size() + 1, 0);
    for (const MemoryEstimate::Buffer &buffer : estimate.buffers) {
      alive[buffer.first] += buffer.bytes;
      alive[buffer.last + 1] -= buffer.bytes;
    }
    int64_t now = 0;
    for (unsigned step = 0; step < estimate.nodeOfStep.size(); ++step) {
      now += alive[step];
      if (now > estimate.peak) {
        estimate.peak = now;
        estimate.peakStep = step;
      }
      estimate.excess +=
          static_cast<double>(std::max<int64_t>(now - budget, 0)) *
          getTime(step);
    }
  }

  /// How long a step takes: without the costs of a launch, so that a kernel cut
  /// into bands takes as long as before.
  double getTime(unsigned step) const {
    constexpr double least = 1e-7;
    std::optional<unsigned> node = estimate.nodeOfStep[step];
    return least + (node ? timeOf[*node] : 0);
  }

  /// The scalar operations of one iteration.
  static int64_t countBody(linalg::LinalgOp op) {
    return std::max<int64_t>(
        1, llvm::count_if(op.getBlock()->without_terminator(),
                          [](Operation &inner) {
                            return !inner.hasTrait<OpTrait::ConstantLike>();
                          }));
  }

  void addWork() {
    estimate.work.launches = estimate.nodeOfStep.size();
    timeOf.assign(estimate.nodes.size(), 0);
    for (unsigned number = 0; number < estimate.nodes.size(); ++number) {
      const MemoryEstimate::Node &node = estimate.nodes[number];
      if (node.isConstant)
        continue;
      llvm::SetVector<Value> touched;
      Work work;
      for (Operation *op : node.ops) {
        if (auto structured = dyn_cast<linalg::LinalgOp>(op))
          work.operations += static_cast<double>(llvm::product_of(
                                 structured.getStaticLoopRanges())) *
                             static_cast<double>(countBody(structured));
        for (Value value : getReads(op)) {
          Operation *def = value.getDefiningOp();
          auto it = estimate.nodeOf.find(def);
          if (!def || (it != estimate.nodeOf.end() && it->second != number))
            touched.insert(value);
        }
        for (Value result : op->getResults())
          if (llvm::any_of(result.getUsers(), [&](Operation *user) {
                auto it = estimate.nodeOf.find(getAncestor(user));
                return it == estimate.nodeOf.end() || it->second != number;
              }))
            touched.insert(result);
      }
      // Reshapes are free, and pieces are written where they belong.
      if (!node.isKernel)
        continue;
      for (Value value : touched)
        if (auto type = dyn_cast<RankedTensorType>(value.getType()))
          work.bytes += static_cast<double>(arena::getByteSize(type));
      timeOf[number] = work.time();
      estimate.work.operations += work.operations;
      estimate.work.bytes += work.bytes;
    }
  }

  func::FuncOp original;
  int64_t budget;
  bool attention;
  int64_t attentionScratch;
  OwningOpRef<ModuleOp> copy;
  /// The original's ops by number.
  std::vector<Operation *> ops;
  /// Arguments that stand for constants.
  DenseSet<Value> constants;
  /// Of each node.
  std::vector<double> timeOf;
  MemoryEstimate estimate;
};

} // namespace

std::optional<MemoryEstimate> dlc::estimateMemory(ModuleOp module,
                                                  int64_t budget,
                                                  bool attention,
                                                  int64_t attentionScratch) {
  return Estimator(module, budget, attention, attentionScratch).run();
}
