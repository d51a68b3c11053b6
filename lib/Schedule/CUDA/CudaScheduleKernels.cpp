//===- CudaScheduleKernels.cpp - Kernels on tensors to GPU launches -------===//

#include "Attention.h"
#include "Math.h"
#include "Strategies.h"

#include "dlc/Schedule/CUDA/Passes.h"
#include "dlc/Schedule/Common/MathFunctions.h"
#include "dlc/Schedule/Common/Roundings.h"

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

/// Iterations that one block runs in about the time of a launch.
static constexpr int64_t maxPointsOfBlock = 16384;

namespace {

/// Schedules one kernel.
class KernelScheduler {
public:
  KernelScheduler(dispatch::KernelOp kernel,
                  ArrayRef<dispatch::LaunchOp> launches,
                  const CudaTarget &target, Unit precision)
      : kernel(kernel), launches(launches), target(target),
        precision(precision), b(kernel.getContext()) {}

  FailureOr<dispatch::KernelOp> run();

private:
  /// Nests that run as one launch (or, a contraction, as two).
  struct Part {
    size_t begin = 0, end = 0;
    /// The nest, if it is one, as if it shared no loops.
    std::optional<Nest> nest;
    std::optional<Contraction> contraction;
    std::optional<AttentionTiles> attention;
  };
  void formParts();
  void chooseContractions();
  void handOn(unsigned buffer);
  void placeInGlobalMemory();
  dispatch::KernelOp createKernel();
  void emitBody(Block *body);
  void emitPart(KernelContext &context, Part &part);
  void extendLaunches();

  dispatch::KernelOp kernel;
  ArrayRef<dispatch::LaunchOp> launches;
  const CudaTarget &target;
  Unit precision;
  OpBuilder b;
  KernelPlan plan;
  std::vector<Part> parts;
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

/// A nest as if it shared no loops.
static Nest makeAlone(Nest nest) {
  for (Loop &loop : nest.loops)
    loop.shared = -1;
  coalesceLoops(nest);
  return nest;
}

static int64_t countPoints(const KernelPlan &plan) {
  int64_t points = 0;
  for (const Nest &nest : plan.nests) {
    int64_t volume = 1;
    for (const Loop &loop : nest.loops)
      volume *= loop.extent;
    points += volume;
  }
  return points;
}

/// Whether the shared loops are too few to occupy the GPU while there is a lot
/// to do in each: then every nest has a launch of its own.
static bool sharesTooLittle(const KernelPlan &plan, const CudaTarget &target) {
  int64_t items = 1;
  for (int64_t extent : plan.shared)
    items *= extent;
  return llvm::any_of(plan.nests, [&](const Nest &nest) {
    int64_t own = 1;
    for (const Loop &loop : nest.loops)
      own *= loop.shared < 0 ? loop.extent : 1;
    return leavesIdle(items, own, target);
  });
}

/// Cuts the sequence of nests into launches: contractions get one of their own,
/// what is between them runs together where it shares loops.
void KernelScheduler::formParts() {
  if (auto attention =
          chooseAttention(kernel.getBody().front(), plan, target, precision)) {
    Part &part = parts.emplace_back();
    part.end = plan.nests.size();
    part.attention = std::move(attention);
    return;
  }
  bool mayJoin = false;
  // Without shared loops, one block runs all nests if it is done with them
  // before another launch would have begun. It keeps a row in registers, so
  // reads and writes are not in the order that sharing memory relies on.
  bool oneBlock = plan.shared.empty() && plan.nests.size() > 1 &&
                  countPoints(plan) <= maxPointsOfBlock;
  if (oneBlock)
    plan.inplace.clear();
  for (auto [i, nest] : llvm::enumerate(plan.nests)) {
    bool alone =
        (plan.shared.empty() && !oneBlock) || sharesTooLittle(plan, target) ||
        chooseContraction(makeAlone(nest), plan, target, precision).has_value();
    if (!alone && mayJoin)
      parts.back().end = i + 1;
    else
      parts.push_back({i, i + 1, std::nullopt, std::nullopt, std::nullopt});
    mayJoin = !alone;
  }
}

/// Chooses tiles for contractions, once all of their addresses are known.
void KernelScheduler::chooseContractions() {
  for (Part &part : parts) {
    if (part.attention || part.end != part.begin + 1)
      continue;
    part.nest = makeAlone(plan.nests[part.begin]);
    part.contraction = chooseContraction(*part.nest, plan, target, precision);
    if (!part.contraction || part.contraction->splits == 1)
      continue;
    part.contraction->partials = plan.buffers.size();
    Value init = part.nest->stages[0].op.getDpsInits().front();
    plan.buffers.push_back({getElementTypeOrSelf(init.getType()),
                            part.contraction->partialElements(), -1});
    handOn(part.contraction->partials);
  }
}

void KernelScheduler::handOn(unsigned buffer) {
  handedOn.push_back(buffer);
  handedOnTypes.push_back(RankedTensorType::get({plan.buffers[buffer].elements},
                                                plan.buffers[buffer].element));
}

/// Decides which scratch buffers lie in global memory: what launches hand on to
/// each other, and everything where a work item needs too much.
void KernelScheduler::placeInGlobalMemory() {
  llvm::SmallBitVector global(plan.buffers.size());
  SmallVector<int> usedBy(plan.buffers.size(), -1);
  for (auto [number, part] : llvm::enumerate(parts)) {
    auto use = [&, number = number](unsigned buffer) {
      if (usedBy[buffer] >= 0 && usedBy[buffer] != int(number))
        global.set(buffer);
      usedBy[buffer] = number;
    };
    for (size_t i = part.begin; i < part.end; ++i) {
      plan.nests[i].forEachAccess([&](Access &access) { use(access.buffer); });
      for (Stage &stage : plan.nests[i].stages)
        for (auto &[op, place] : stage.gathers)
          use(place.buffer);
    }
  }
  // An attention has no use for scratch.
  if (parts.front().attention)
    return;
  // Some shared memory is left for the partial results of warps.
  if (getScratchBytes(plan, global) > target.staticShared - 4096)
    global.set();
  for (unsigned index : global.set_bits())
    if (plan.buffers[index].argument < 0) {
      spread(plan, index);
      handOn(index);
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

void KernelScheduler::emitPart(KernelContext &context, Part &part) {
  MutableArrayRef<Nest> nests =
      MutableArrayRef(plan.nests).slice(part.begin, part.end - part.begin);
  if (part.attention) {
    emitAttention(context, *part.attention);
  } else if (!part.nest) {
    if (!emitRows(context, nests))
      emitShared(context, nests);
  } else if (part.contraction)
    emitContraction(context, *part.nest, *part.contraction);
  else if (!emitReduction(context, *part.nest) &&
           !emitTranspose(context, *part.nest))
    emitMap(context, *part.nest);
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
  for (Part &part : parts)
    emitPart(context, part);
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
  splitLongReductions(kernel, target);
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
  formParts();
  placeInGlobalMemory();
  chooseContractions();
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
    if (maxPartialBytes >= 0)
      target->maxPartialBytes = maxPartialBytes;
    std::optional<Unit> products = parsePrecision(precision);
    if (!products) {
      getOperation().emitError("unknown precision '")
          << precision << "'; there are f32, tf32, f16 and bf16";
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
          KernelScheduler(kernel, launches[kernel.getSymNameAttr()], *target,
                          *products)
              .run();
      if (failed(scheduled))
        return signalPassFailure();
      IRRewriter rewriter(&getContext());
      removeFreeRoundings(rewriter, *scheduled);
      fuseActivations(rewriter, *scheduled);
      if (failed(applyPatternsGreedily(*scheduled, frozen)))
        return signalPassFailure();
      DominanceInfo dominance(*scheduled);
      eliminateCommonSubExpressions(rewriter, dominance, *scheduled);
    }
  }
};

} // namespace
