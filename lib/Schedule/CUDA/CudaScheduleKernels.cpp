//===- CudaScheduleKernels.cpp - Kernels on tensors to GPU launches -------===//

#include "Math.h"
#include "Strategies.h"

#include "dlc/Schedule/CUDA/Passes.h"

#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace dlc::schedule {
#define GEN_PASS_DEF_CUDASCHEDULEKERNELSPASS
#include "dlc/Schedule/CUDA/Passes.h.inc"
} // namespace dlc::schedule

using namespace mlir;
using namespace dlc;
using namespace dlc::schedule;

namespace {

/// Schedules one kernel.
class KernelScheduler {
public:
  KernelScheduler(dispatch::KernelOp kernel,
                  ArrayRef<dispatch::LaunchOp> launches,
                  const CudaTarget &target)
      : kernel(kernel), launches(launches), target(target),
        b(kernel.getContext()) {}

  FailureOr<dispatch::KernelOp> run();

private:
  void placeInGlobalMemory();
  dispatch::KernelOp createKernel();
  void emitBody(Block *body);
  void emitNest(KernelContext &context, Nest &nest);
  void extendLaunches();

  dispatch::KernelOp kernel;
  ArrayRef<dispatch::LaunchOp> launches;
  const CudaTarget &target;
  OpBuilder b;
  KernelPlan plan;
  /// Buffers that become further outputs of the kernel, and their types.
  SmallVector<unsigned> handedOn;
  SmallVector<RankedTensorType> handedOnTypes;
};

} // namespace

/// Turns scratch of one work item into memory of all of them: the shared loops
/// become outer dimensions of the buffer.
static void spread(KernelPlan &plan, unsigned buffer) {
  int64_t elements = plan.buffers[buffer].elements;
  SmallVector<int64_t> strides(plan.shared.size());
  for (size_t i = plan.shared.size(); i-- > 0;) {
    strides[i] = elements;
    elements *= plan.shared[i];
  }
  plan.buffers[buffer].elements = elements;
  for (Nest &nest : plan.nests)
    nest.forEachAccess([&](Access &access) {
      if (access.buffer != buffer)
        return;
      for (auto [loop, coef] : llvm::zip_equal(nest.loops, access.coef))
        if (loop.shared >= 0)
          coef += strides[loop.shared];
    });
}

/// Decides which scratch buffers lie in global memory: all where launches hand
/// them on, and those of work items that need too much.
void KernelScheduler::placeInGlobalMemory() {
  if (!plan.shared.empty() && canPlaceScratch(plan, target))
    return;
  for (auto [index, buffer] : llvm::enumerate(plan.buffers)) {
    if (buffer.argument >= 0)
      continue;
    spread(plan, index);
    handedOn.push_back(index);
    handedOnTypes.push_back(
        RankedTensorType::get({buffer.elements}, buffer.element));
  }
}

dispatch::KernelOp KernelScheduler::createKernel() {
  b.setInsertionPoint(kernel);
  SmallVector<Type> types;
  auto add = [&](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    types.push_back(
        MemRefType::get(tensor.getShape(), tensor.getElementType()));
  };
  llvm::for_each(kernel.getArgumentTypes(), add);
  llvm::for_each(handedOnTypes, add);
  auto scheduled =
      dispatch::KernelOp::create(b, kernel.getLoc(), kernel.getSymName(),
                                 b.getFunctionType(types, TypeRange()),
                                 kernel.getNumOuts() + handedOn.size());
  for (NamedAttribute attr : kernel->getDiscardableAttrs())
    scheduled->setAttr(attr.getName(), attr.getValue());
  if (!plan.inplace.empty()) {
    SmallVector<Attribute> pairs;
    for (auto [in, out] : plan.inplace)
      pairs.push_back(b.getI64ArrayAttr({in, out}));
    scheduled->setAttr("inplace", b.getArrayAttr(pairs));
  }
  b.createBlock(&scheduled.getBody(), {}, types,
                SmallVector<Location>(types.size(), kernel.getLoc()));
  return scheduled;
}

void KernelScheduler::emitNest(KernelContext &context, Nest &nest) {
  coalesceLoops(nest);
  if (!emitReduction(context, nest))
    emitMap(context, nest);
}

void KernelScheduler::emitBody(Block *body) {
  b.setInsertionPointToStart(body);
  KernelContext context{b, kernel.getLoc(), plan, target, {}};
  context.memrefs.resize(plan.buffers.size());
  for (auto [index, buffer] : llvm::enumerate(plan.buffers))
    if (buffer.argument >= 0)
      context.memrefs[index] =
          flatten(b, kernel.getLoc(), body->getArgument(buffer.argument));
  unsigned firstExtra = kernel.getArgumentTypes().size();
  for (auto [i, buffer] : llvm::enumerate(handedOn))
    context.memrefs[buffer] = body->getArgument(firstExtra + i);
  if (plan.shared.empty())
    for (Nest &nest : plan.nests)
      emitNest(context, nest);
  else
    emitShared(context);
  b.setInsertionPointToEnd(body);
  dispatch::ReturnOp::create(b, kernel.getLoc(), ValueRange());
}

/// All launches of the kernel get memory for what its parts hand on.
void KernelScheduler::extendLaunches() {
  for (dispatch::LaunchOp launch : launches) {
    b.setInsertionPoint(launch);
    SmallVector<Value> outs(launch.getOuts());
    SmallVector<Type> types(launch.getResultTypes());
    for (RankedTensorType type : handedOnTypes) {
      outs.push_back(tensor::EmptyOp::create(
          b, launch.getLoc(), type.getShape(), type.getElementType()));
      types.push_back(type);
    }
    auto longer = dispatch::LaunchOp::create(
        b, launch.getLoc(), types, launch.getKernel(), launch.getIns(), outs);
    for (NamedAttribute attr : launch->getDiscardableAttrs())
      longer->setAttr(attr.getName(), attr.getValue());
    launch->replaceAllUsesWith(
        longer->getResults().take_front(launch->getNumResults()));
    launch->erase();
  }
}

FailureOr<dispatch::KernelOp> KernelScheduler::run() {
  auto planned = planKernel(kernel);
  if (failed(planned))
    return failure();
  plan = std::move(*planned);
  for (Nest &nest : plan.nests) {
    bool packed = false;
    nest.forEachAccess(
        [&](Access &access) { packed |= access.panelLoop >= 0; });
    if (packed)
      return kernel.emitOpError("reads an operand that is packed for the host");
  }
  placeInGlobalMemory();
  dispatch::KernelOp scheduled = createKernel();
  emitBody(&scheduled.getBody().front());
  if (!handedOn.empty())
    extendLaunches();
  kernel.erase();
  return scheduled;
}

namespace {

struct CudaScheduleKernels
    : public dlc::schedule::impl::CudaScheduleKernelsPassBase<
          CudaScheduleKernels> {
  using CudaScheduleKernelsPassBase::CudaScheduleKernelsPassBase;

  void runOnOperation() override {
    std::optional<CudaTarget> target = CudaTarget::get(arch);
    if (!target) {
      getOperation().emitError("unknown GPU architecture '") << arch << "'";
      return signalPassFailure();
    }
    RewritePatternSet patterns(&getContext());
    populateCudaMathPatterns(patterns);
    FrozenRewritePatternSet frozen(std::move(patterns));
    DenseMap<StringAttr, SmallVector<dispatch::LaunchOp>> launches;
    getOperation().walk([&](dispatch::LaunchOp launch) {
      launches[launch.getKernelAttr().getAttr()].push_back(launch);
    });
    for (auto kernel :
         llvm::to_vector(getOperation().getOps<dispatch::KernelOp>())) {
      if (kernel.isScheduled() || kernel.getBody().empty())
        continue;
      auto scheduled =
          KernelScheduler(kernel, launches[kernel.getSymNameAttr()], *target)
              .run();
      if (failed(scheduled) ||
          failed(applyPatternsGreedily(*scheduled, frozen)))
        return signalPassFailure();
      IRRewriter rewriter(&getContext());
      DominanceInfo dominance(*scheduled);
      eliminateCommonSubExpressions(rewriter, dominance, *scheduled);
    }
  }
};

} // namespace
