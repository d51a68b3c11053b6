//===- HostScheduleKernels.cpp - Kernels on tensors to vector loops -------===//

#include "NestEmitter.h"
#include "Quantisation.h"
#include "RowTile.h"

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

/// Iterations of the longest nest of all work items that are done side by side.
/// Measured on Zen 4: softmax of 49 numbers takes half the time with 4 rows at
/// once (60 % with 2), of 197 numbers 80 % with 2 or with 4.
static constexpr int64_t maxIterationsAtOnce = 1024;

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
    if (plan.nests.size() == 1) {
      Nest &nest = plan.nests.front();
      Tile tile = prepareNest(nest);
      return NestEmitter(b, nest.stages[0].op.getLoc(), nest, tile, target,
                         memrefs, {}, body)
          .emit(/*parallel=*/true);
    }
    if (plan.shared.empty())
      return emitSequence(SmallVector<SmallVector<Value>>(1), body);
    std::optional<ItemsAtOnce> atOnce = chooseItemsAtOnce();
    SmallVector<OpFoldResult> lower, upper, step;
    for (auto [loop, extent] : llvm::enumerate(plan.shared)) {
      lower.push_back(b.getIndexAttr(0));
      bool isSplit = atOnce && atOnce->loop == loop;
      upper.push_back(
          b.getIndexAttr(isSplit ? extent / atOnce->count : extent));
      step.push_back(b.getIndexAttr(1));
    }
    auto forall = scf::ForallOp::create(b, loc, lower, upper, step,
                                        ValueRange(), std::nullopt);
    b.setInsertionPointToStart(forall.getBody());
    SmallVector<Value> ivs(forall.getInductionVars());
    Value isNeeded;
    for (auto [iv, limit, step] :
         llvm::zip_equal(ivs, plan.sharedLimits, plan.sharedSteps)) {
      Value first = iv;
      if (limit && step > 1)
        first = arith::MulIOp::create(
            b, loc, iv, arith::ConstantIndexOp::create(b, loc, step));
      isNeeded = isBelow(b, loc, first, limit, memrefs, isNeeded);
    }
    if (isNeeded)
      b.setInsertionPointToStart(
          scf::IfOp::create(b, loc, isNeeded, /*withElseRegion=*/false)
              .thenBlock());
    SmallVector<SmallVector<Value>> items = {ivs};
    if (atOnce) {
      items.assign(atOnce->count, ivs);
      for (auto [number, item] : llvm::enumerate(items)) {
        Value count = arith::ConstantIndexOp::create(b, loc, atOnce->count);
        Value &iv = item[atOnce->loop];
        iv = arith::MulIOp::create(b, loc, iv, count);
        if (number)
          iv = arith::AddIOp::create(
              b, loc, iv, arith::ConstantIndexOp::create(b, loc, number));
      }
    }
    LogicalResult ok = emitSequence(items, b.getInsertionBlock());
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
  /// Work items that are done side by side: neighbours along a shared loop.
  struct ItemsAtOnce {
    unsigned loop;
    int64_t count;
  };

  /// Several work items that are short, one nest after the other: what lanes
  /// are combined to is waited for, and a short row has little else to do
  /// meanwhile.
  std::optional<ItemsAtOnce> chooseItemsAtOnce() const {
    if (!vectorize || llvm::none_of(plan.nests, [](const Nest &nest) {
          return nest.hasReduction();
        }))
      return std::nullopt;
    int64_t longest = 0;
    for (const Nest &nest : plan.nests) {
      int64_t iterations = 1;
      for (const Loop &loop : nest.loops)
        if (loop.shared < 0)
          iterations *= loop.extent;
      longest = std::max(longest, iterations);
    }
    for (int64_t count : {4, 2})
      for (unsigned loop = plan.shared.size(); loop-- > 0;)
        if (longest * count <= maxIterationsAtOnce &&
            plan.shared[loop] % count == 0 && !plan.sharedLimits[loop])
          return ItemsAtOnce{loop, count};
    return std::nullopt;
  }

  /// Emits the nests for each of `items`, induction variables of the shared
  /// loops.
  LogicalResult emitSequence(ArrayRef<SmallVector<Value>> items, Block *block) {
    SmallVector<SmallVector<Value>> memory(items.size(), memrefs);
    for (SmallVector<Value> &ofItem : memory)
      for (auto [index, buffer] : llvm::enumerate(plan.buffers))
        if (buffer.argument < 0)
          ofItem[index] = memref::AllocaOp::create(
              b, loc, MemRefType::get({buffer.elements}, buffer.element),
              b.getI64IntegerAttr(64));
    MutableArrayRef<Nest> left = plan.nests;
    while (!left.empty()) {
      MutableArrayRef<Nest> rows =
          left.take_while([&](const Nest &nest) { return isRowByRow(nest); });
      LogicalResult ok = rows.empty()
                             ? emitNest(left.front(), items, memory, block)
                             : emitRowByRow(rows, items, memory, block);
      if (failed(ok))
        return failure();
      left = left.drop_front(std::max<size_t>(rows.size(), 1));
    }
    return success();
  }

  LogicalResult emitNest(Nest &nest, ArrayRef<SmallVector<Value>> items,
                         ArrayRef<SmallVector<Value>> memory, Block *block) {
    Tile tile = prepareNest(nest);
    for (auto [ivs, ofItem] : llvm::zip_equal(items, memory))
      if (failed(NestEmitter(b, nest.stages[0].op.getLoc(), nest, tile, target,
                             ofItem, ivs, block)
                     .emit(/*parallel=*/false)))
        return failure();
    return success();
  }

  /// Whether the rows of a tile are done one after the other: those of a
  /// softmax, which are read several times, where all of them are more than
  /// half of the first-level cache.
  bool isRowByRow(const Nest &nest) const {
    if (nest.rowLoop < 0)
      return false;
    double elements = 1;
    for (const Loop &loop : nest.loops)
      if (loop.shared < 0)
        elements *= static_cast<double>(loop.extent);
    if (2 * elements * sizeof(float) < static_cast<double>(target.l1Bytes))
      return false;
    // Products share what the rows multiply.
    return llvm::all_of(nest.stages[0].inputs, [&](const Input &input) {
      return input.kind != Input::Memory || input.access.coef[nest.rowLoop];
    });
  }

  LogicalResult emitRowByRow(MutableArrayRef<Nest> nests,
                             ArrayRef<SmallVector<Value>> items,
                             ArrayRef<SmallVector<Value>> memory,
                             Block *block) {
    OpBuilder::InsertionGuard guard(b);
    auto constant = [&](int64_t value) {
      return arith::ConstantIndexOp::create(b, loc, value);
    };
    int64_t rows = nests.front().loops[nests.front().rowLoop].extent;
    auto loop =
        scf::ForOp::create(b, loc, constant(0), constant(rows), constant(1));
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<SmallVector<Value>> inside(items);
    for (SmallVector<Value> &ivs : inside)
      ivs.push_back(loop.getInductionVar());
    for (Nest &nest : nests) {
      nest.loops[nest.rowLoop].shared = int(plan.shared.size());
      if (failed(emitNest(nest, inside, memory, block)))
        return failure();
    }
    return success();
  }

  Tile prepareNest(Nest &nest) {
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
    return tile;
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
    setRowTile(kernel);
    auto plan = planKernel(kernel);
    if (failed(plan))
      return failure();
    int64_t scratch = plan->scratchBytes();
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
    scheduled->removeAttr(kRowTileAttrName);
    if (listTiles && !scheduled->hasAttr(kTilesAttrName))
      setPossibleTiles(scheduled, emitter.getPossibleTiles());
    b.setInsertionPointToEnd(body);
    dispatch::ReturnOp::create(b, kernel.getLoc(), ValueRange());
    kernel.erase();
    return scheduled;
  }
};

} // namespace
