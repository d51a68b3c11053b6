//===- HostScheduleKernels.cpp - Kernels on tensors to vector loops -------===//

#include "NestEmitter.h"
#include "Quantisation.h"

#include "dlc/Dialect/Dispatch/IR/Launches.h"
#include "dlc/Schedule/Common/MathFunctions.h"
#include "dlc/Schedule/Common/Roundings.h"
#include "dlc/Schedule/Host/Passes.h"

#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"

namespace dlc::schedule {
#define GEN_PASS_DEF_HOSTSCHEDULEKERNELSPASS
#include "dlc/Schedule/Host/Passes.h.inc"
} // namespace dlc::schedule

using namespace mlir;
using namespace dlc;
using namespace dlc::schedule;

/// Stack memory a kernel may take; region forming keeps groups far below it.
static constexpr int64_t maxScratchBytes = 256 << 10;

namespace {

/// Emits the body of one kernel from its plan.
class KernelEmitter {
public:
  KernelEmitter(OpBuilder &b, Location loc, KernelPlan &plan,
                const HostTarget &target, bool vectorize, bool listTiles,
                std::optional<TileSize> wanted)
      : b(b), loc(loc), plan(plan), target(target), vectorize(vectorize),
        listTiles(listTiles), wanted(wanted) {}

  LogicalResult emit(Block *body) {
    b.setInsertionPointToStart(body);
    memrefs.resize(plan.buffers.size());
    for (auto [index, buffer] : llvm::enumerate(plan.buffers))
      if (buffer.argument >= 0)
        memrefs[index] = flatten(b, loc, body->getArgument(buffer.argument));
    if (plan.nests.size() == 1)
      return emitNest(plan.nests.front(), {}, body, /*parallel=*/true);
    if (plan.shared.empty())
      return emitSequence({}, body);
    SmallVector<OpFoldResult> lower, upper, step;
    for (int64_t extent : plan.shared) {
      lower.push_back(b.getIndexAttr(0));
      upper.push_back(b.getIndexAttr(extent));
      step.push_back(b.getIndexAttr(1));
    }
    auto forall = scf::ForallOp::create(b, loc, lower, upper, step,
                                        ValueRange(), std::nullopt);
    b.setInsertionPointToStart(forall.getBody());
    SmallVector<Value> ivs(forall.getInductionVars());
    Value isNeeded;
    for (auto [iv, limit] : llvm::zip_equal(ivs, plan.sharedLimits))
      isNeeded = isBelow(b, loc, iv, limit, memrefs, isNeeded);
    if (isNeeded)
      b.setInsertionPointToStart(
          scf::IfOp::create(b, loc, isNeeded, /*withElseRegion=*/false)
              .thenBlock());
    LogicalResult ok = emitSequence(ivs, b.getInsertionBlock());
    b.setInsertionPointToEnd(body);
    return ok;
  }

  /// What `kScheduleAttrName` says of the kernel.
  DictionaryAttr describe() {
    NamedAttrList list;
    SmallVector<StringRef> names(tiles.begin(), tiles.end());
    list.set("tiles", b.getStrArrayAttr(names));
    if (possible > 0)
      list.set("peak", b.getF64FloatAttr(needed / possible));
    if (!products.empty())
      list.set("products", b.getStringAttr(products));
    return list.getDictionary(b.getContext());
  }

  /// The tiles that the nest with most of the work may have, if asked for.
  ArrayRef<Tile> getPossibleTiles() const { return possibleTiles; }

private:
  LogicalResult emitSequence(ArrayRef<Value> sharedIvs, Block *block) {
    for (auto [index, buffer] : llvm::enumerate(plan.buffers))
      if (buffer.argument < 0)
        memrefs[index] = memref::AllocaOp::create(
            b, loc, MemRefType::get({buffer.elements}, buffer.element),
            b.getI64IntegerAttr(64));
    for (Nest &nest : plan.nests)
      if (failed(emitNest(nest, sharedIvs, block, /*parallel=*/false)))
        return failure();
    return success();
  }

  LogicalResult emitNest(Nest &nest, ArrayRef<Value> sharedIvs, Block *scratch,
                         bool parallel) {
    groupFactors(nest, plan.buffers, target);
    Tile tile;
    if (vectorize) {
      addWindows(nest);
      tile = chooseLoops(nest, plan.buffers, target, wanted);
    } else {
      coalesceLoops(nest);
    }
    tiles.push_back(tile.describe());
    if (vectorize)
      noteMostWork(nest, tile);
    if (nest.hasReduction()) {
      Prediction expected = predict(nest, plan.buffers, tile, target);
      needed += expected.needed;
      possible += expected.possible;
    }
    return NestEmitter(b, nest.stages[0].op.getLoc(), nest, tile, target,
                       memrefs, sharedIvs, scratch)
        .emit(parallel);
  }

  /// What is said of the nest with the most work.
  void noteMostWork(const Nest &nest, const Tile &tile) {
    double work = 1;
    for (const Loop &loop : nest.loops)
      work *= static_cast<double>(loop.extent);
    if (work <= mostWork)
      return;
    mostWork = work;
    products = describeProducts(nest, tile, target);
    if (listTiles)
      possibleTiles = rankTiles(nest, plan.buffers, target);
  }

  OpBuilder &b;
  Location loc;
  KernelPlan &plan;
  const HostTarget &target;
  bool vectorize, listTiles;
  SmallVector<Value> memrefs;
  std::optional<TileSize> wanted;
  SmallVector<std::string> tiles;
  SmallVector<Tile> possibleTiles;
  StringRef products;
  double mostWork = 0;
  double needed = 0, possible = 0;
};

class HostScheduleKernels
    : public dlc::schedule::impl::HostScheduleKernelsPassBase<
          HostScheduleKernels> {
public:
  using HostScheduleKernelsPassBase::HostScheduleKernelsPassBase;

  void runOnOperation() override {
    HostTarget target = HostTarget::get(cpu);
    RewritePatternSet patterns(&getContext());
    // Square roots are instructions.
    auto isFunction = [](StringRef name) {
      return name != math::SqrtOp::getOperationName() &&
             name != math::RsqrtOp::getOperationName();
    };
    populateMathF32ExpansionPatterns(patterns, isFunction);
    populateMathFunctionPatterns(patterns, /*hasExp=*/false);
    arith::ConstantOp::getCanonicalizationPatterns(patterns, &getContext());
    FrozenRewritePatternSet frozen(std::move(patterns));
    RewritePatternSet quotients(&getContext());
    if (target.fusedMultiplyAdd)
      populateQuotientPatterns(quotients);
    FrozenRewritePatternSet frozenQuotients(std::move(quotients));
    RewritePatternSet quantisation(&getContext());
    populateQuantisationPatterns(quantisation);
    FrozenRewritePatternSet frozenQuantisation(std::move(quantisation));
    auto kernels = llvm::to_vector(getOperation().getOps<dispatch::KernelOp>());
    for (dispatch::KernelOp kernel : kernels) {
      if (kernel.getBody().empty())
        continue;
      // A user's schedule leaves functions as they are, too.
      FailureOr<dispatch::KernelOp> scheduled = kernel;
      if (!kernel.isScheduled()) {
        simplifyBodies(kernel, frozenQuotients);
        simplifyBodies(kernel, frozenQuantisation);
        scheduled = schedule(kernel, target);
      }
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

private:
  /// Applies patterns to the bodies of structured operations, and to nothing
  /// else.
  static void simplifyBodies(dispatch::KernelOp kernel,
                             const FrozenRewritePatternSet &patterns) {
    SmallVector<Operation *> ops;
    kernel.walk([&](linalg::GenericOp generic) {
      for (Operation &op : generic.getBody()->without_terminator())
        ops.push_back(&op);
    });
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
    config.enableFolding(false);
    (void)applyOpPatternsGreedily(ops, patterns, config);
  }

  FailureOr<dispatch::KernelOp> schedule(dispatch::KernelOp kernel,
                                         const HostTarget &target) {
    auto plan = planKernel(kernel);
    if (failed(plan))
      return failure();
    int64_t scratch = 0;
    for (const Buffer &buffer : plan->buffers)
      if (buffer.argument < 0)
        scratch += buffer.elements *
                   llvm::divideCeil(buffer.element.getIntOrFloatBitWidth(), 8);
    if (scratch > maxScratchBytes)
      return kernel.emitOpError("needs ")
             << scratch << " bytes of stack for one work item, more than the "
             << maxScratchBytes << " that are allowed";
    OpBuilder b(kernel);
    SmallVector<Type> types;
    for (Type type : kernel.getArgumentTypes()) {
      auto tensor = cast<RankedTensorType>(type);
      types.push_back(
          MemRefType::get(tensor.getShape(), tensor.getElementType()));
    }
    auto scheduled = dispatch::KernelOp::create(
        b, kernel.getLoc(), kernel.getSymName(),
        b.getFunctionType(types, TypeRange()), kernel.getNumOuts());
    for (NamedAttribute attr : kernel->getDiscardableAttrs())
      scheduled->setAttr(attr.getName(), attr.getValue());
    if (!plan->inplace.empty()) {
      SmallVector<Attribute> pairs;
      for (auto [in, out] : plan->inplace)
        pairs.push_back(b.getI64ArrayAttr({in, out}));
      scheduled->setAttr("inplace", b.getArrayAttr(pairs));
    }
    Block *body =
        b.createBlock(&scheduled.getBody(), {}, types,
                      SmallVector<Location>(types.size(), kernel.getLoc()));
    KernelEmitter emitter(b, kernel.getLoc(), *plan, target, vectorize,
                          listTiles, getWantedTile(kernel));
    if (failed(emitter.emit(body))) {
      scheduled.erase();
      return failure();
    }
    scheduled->setAttr(dispatch::kScheduleAttrName, emitter.describe());
    scheduled->removeAttr(kTileAttrName);
    if (listTiles && !scheduled->hasAttr(kTilesAttrName))
      setPossibleTiles(scheduled, emitter.getPossibleTiles());
    b.setInsertionPointToEnd(body);
    dispatch::ReturnOp::create(b, kernel.getLoc(), ValueRange());
    kernel.erase();
    return scheduled;
  }
};

} // namespace
