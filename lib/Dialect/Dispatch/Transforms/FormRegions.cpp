//===- FormRegions.cpp - Groups ops that become one kernel ----------------===//

#include "CostModel.h"
#include "ExcessPrecision.h"
#include "Structure.h"

#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/Dialect/Dispatch/Transforms/Bands.h"
#include "dlc/Dialect/Dispatch/Transforms/Passes.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/RegionUtils.h"

namespace dlc::dispatch {
#define GEN_PASS_DEF_FORMREGIONSPASS
#include "dlc/Dialect/Dispatch/Transforms/Passes.h.inc"
} // namespace dlc::dispatch

using namespace mlir;
using namespace dlc::dispatch;

namespace {

/// The partition of a block's structured ops into groups.
class Grouping {
public:
  explicit Grouping(Block &block);

  /// Merges producers with consumers, the most valuable kind first.
  void mergeAll(bool attention, int64_t scratch);

  /// The groups, each in block order; inits (fill, empty) included.
  SmallVector<SmallVector<Operation *>> takeGroups();

private:
  using Group = unsigned;

  /// Whether group `from` reaches group `to` other than by a direct edge, and
  /// by edges that do not lead to `except`.
  bool hasIndirectPath(Group from, Group to,
                       std::optional<Group> except = std::nullopt) const;
  bool livesOutside(Value value, ArrayRef<Operation *> group) const;
  /// The union of two groups in block order.
  SmallVector<Operation *> unite(Group a, Group b) const;
  void merge(Group into, Group from);
  /// Visits every pair of groups connected by an intermediate, consumers in
  /// block order, latest producers first, and merges those that `isGood` likes.
  void mergeIf(function_ref<bool(ArrayRef<Operation *>)> isGood);
  /// The groups whose results an op of `group` reads.
  SetVector<Group> getProducers(Group group) const;
  /// Merges a contraction, a softmax and a contraction, if group `last` is such
  /// a second contraction.
  bool mergeAttention(Group last, int64_t scratch);

  Block &block;
  DenseMap<Operation *, unsigned> order;
  DenseMap<Operation *, Group> groupOf;
  std::vector<SmallVector<Operation *>> groups;
  std::vector<SetVector<Group>> successors;
  /// Successors that an edge through an unstructured op (a pad, a slice) leads
  /// to, beside a direct one or not.
  std::vector<SetVector<Group>> detours;
};

} // namespace

/// All values that `op` reads, by its body as well.
static SetVector<Value> getReadValues(Operation *op) {
  SetVector<Value> values(op->operand_begin(), op->operand_end());
  if (op->getNumRegions())
    getUsedValuesDefinedAbove(op->getRegions(), values);
  return values;
}

Grouping::Grouping(Block &block) : block(block) {
  for (Operation &op : block) {
    order[&op] = order.size();
    if (!isa<linalg::LinalgOp>(op))
      continue;
    // Inits belong to their reader; `prepareInits` made them private.
    bool isInit = isa<linalg::FillOp>(op) && op.getResult(0).hasOneUse();
    if (isInit) {
      auto reader = dyn_cast<linalg::LinalgOp>(*op.user_begin());
      isInit = reader && reader.isDpsInit(&*op.use_begin());
    }
    if (isInit)
      continue;
    groupOf[&op] = groups.size();
    groups.push_back({&op});
  }
  successors.resize(groups.size());
  detours.resize(groups.size());
  // Edges between groups lead through whatever is no structured op.
  DenseMap<Value, SmallVector<Group>> sources;
  for (Operation &op : block) {
    SetVector<Group> from, detoured;
    for (Value value : getReadValues(&op))
      for (Group source : sources.lookup(value)) {
        from.insert(source);
        if (!groupOf.contains(value.getDefiningOp()))
          detoured.insert(source);
      }
    if (auto it = groupOf.find(&op); it != groupOf.end()) {
      for (Group source : from)
        successors[source].insert(it->second);
      for (Group source : detoured)
        detours[source].insert(it->second);
      from.clear();
      from.insert(it->second);
    }
    for (Value result : op.getResults())
      sources[result] = SmallVector<Group>(from.begin(), from.end());
  }
}

bool Grouping::hasIndirectPath(Group from, Group to,
                               std::optional<Group> except) const {
  if (detours[from].contains(to))
    return true;
  SmallVector<Group> worklist;
  DenseSet<Group> seen;
  auto push = [&](Group group) {
    if (group != except && seen.insert(group).second)
      worklist.push_back(group);
  };
  for (Group next : successors[from])
    if (next != to)
      push(next);
  while (!worklist.empty()) {
    Group group = worklist.pop_back_val();
    if (group == to)
      return true;
    for (Group next : successors[group])
      push(next);
  }
  return false;
}

bool Grouping::livesOutside(Value value, ArrayRef<Operation *> group) const {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    Operation *ancestor = block.findAncestorOpInBlock(*user);
    return !llvm::is_contained(group, ancestor);
  });
}

SmallVector<Operation *> Grouping::unite(Group a, Group b) const {
  SmallVector<Operation *> all(groups[a]);
  llvm::append_range(all, groups[b]);
  llvm::sort(all, [&](Operation *left, Operation *right) {
    return order.at(left) < order.at(right);
  });
  return all;
}

void Grouping::merge(Group into, Group from) {
  groups[into] = unite(into, from);
  for (Operation *op : groups[from])
    groupOf[op] = into;
  groups[from].clear();
  for (std::vector<SetVector<Group>> *edges : {&successors, &detours}) {
    for (Group next : (*edges)[from])
      (*edges)[into].insert(next);
    (*edges)[from].clear();
    for (SetVector<Group> &targets : *edges)
      if (targets.remove(from))
        targets.insert(into);
  }
  successors[into].remove(into);
}

/// Whether an op of `group` reads another one that it must not be fused with.
static bool isForbidden(ArrayRef<Operation *> group) {
  return llvm::any_of(group, [&](Operation *op) {
    return op->hasAttr(kUnfusedAttr) &&
           llvm::any_of(getReadValues(op), [&](Value value) {
             return llvm::is_contained(group, value.getDefiningOp());
           });
  });
}

/// Whether `producer`'s group reduces nothing but constants, and `consumer` is
/// left to the program: the reduction is not. (A constant that only becomes
/// larger, as a table of bytes that becomes one of floats, may be.)
static bool isKnownReduction(Operation *producer,
                             ArrayRef<Operation *> producers,
                             Operation *consumer) {
  auto isKnown = [](Operation *op) {
    return isConstantExpression(op->getResult(0));
  };
  return isKnown(producer) && !isKnown(consumer) &&
         llvm::any_of(producers, [](Operation *op) {
           return !isMap(cast<linalg::LinalgOp>(op));
         });
}

void Grouping::mergeIf(function_ref<bool(ArrayRef<Operation *>)> isGood) {
  bool changed = true;
  while (changed) {
    changed = false;
    for (Operation &op : block) {
      auto consumer = groupOf.find(&op);
      if (consumer == groupOf.end())
        continue;
      SmallVector<Operation *> producers;
      for (Value value : getReadValues(&op))
        if (Operation *producer = value.getDefiningOp())
          if (groupOf.contains(producer) &&
              groupOf[producer] != consumer->second)
            producers.push_back(producer);
      llvm::sort(producers, [&](Operation *left, Operation *right) {
        return order.at(left) > order.at(right);
      });
      for (Operation *producer : producers) {
        Group from = groupOf[producer], to = groupOf[&op];
        if (from == to || hasIndirectPath(from, to) ||
            isKnownReduction(producer, groups[from], &op))
          continue;
        SmallVector<Operation *> all = unite(from, to);
        if (isForbidden(all) || !isGood(all))
          continue;
        merge(from, to);
        changed = true;
      }
    }
  }
}

SetVector<Grouping::Group> Grouping::getProducers(Group group) const {
  SetVector<Group> producers;
  for (Operation *op : groups[group])
    for (Value value : getReadValues(op))
      if (auto it = groupOf.find(value.getDefiningOp());
          it != groupOf.end() && it->second != group)
        producers.insert(it->second);
  return producers;
}

bool Grouping::mergeAttention(Group last, int64_t scratch) {
  for (Group softmax : getProducers(last))
    for (Group first : getProducers(softmax)) {
      if (hasIndirectPath(softmax, last) || hasIndirectPath(first, softmax) ||
          hasIndirectPath(first, last, softmax))
        continue;
      SmallVector<Operation *> all = unite(softmax, last);
      llvm::append_range(all, groups[first]);
      llvm::sort(all, [&](Operation *left, Operation *right) {
        return order.at(left) < order.at(right);
      });
      if (!isAttentionGroup(all, scratch, [&](Value value) {
            return livesOutside(value, all);
          }))
        continue;
      merge(softmax, last);
      merge(first, softmax);
      return true;
    }
  return false;
}

void Grouping::mergeAll(bool attention, int64_t scratch) {
  mergeIf(isEpilogueGroup);
  mergeIf([&](ArrayRef<Operation *> group) {
    return isRowGroup(group,
                      [&](Value value) { return livesOutside(value, group); });
  });
  mergeIf(isMapGroup);
  if (attention)
    for (Group last : llvm::seq<Group>(groups.size()))
      if (!groups[last].empty())
        mergeAttention(last, scratch);
}

SmallVector<SmallVector<Operation *>> Grouping::takeGroups() {
  SmallVector<SmallVector<Operation *>> result;
  for (SmallVector<Operation *> &group : groups) {
    if (group.empty())
      continue;
    // Add the private inits in front of their readers.
    SmallVector<Operation *> all;
    for (Operation *op : group) {
      for (OpOperand &init :
           cast<DestinationStyleOpInterface>(op).getDpsInitsMutable()) {
        auto fill = init.get().getDefiningOp<linalg::FillOp>();
        if (fill && !groupOf.contains(fill)) {
          if (auto empty =
                  fill.getOutputs()[0].getDefiningOp<tensor::EmptyOp>())
            all.push_back(empty);
          all.push_back(fill);
        }
        if (auto empty = init.get().getDefiningOp<tensor::EmptyOp>())
          all.push_back(empty);
      }
      all.push_back(op);
    }
    result.push_back(std::move(all));
  }
  return result;
}

/// Gives every structured op inits of its own, so that they can go into the
/// op's group.
static void prepareInits(Block &block) {
  OpBuilder builder(block.getParentOp()->getContext());
  auto makePrivate = [&](OpOperand &use) {
    Operation *init = use.get().getDefiningOp();
    if (!init || !isa<linalg::FillOp, tensor::EmptyOp>(init) ||
        use.get().hasOneUse())
      return;
    builder.setInsertionPoint(use.getOwner());
    use.set(builder.clone(*init)->getResult(0));
  };
  // Fills last: their copies need inits of their own as well.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (auto structured = dyn_cast<linalg::LinalgOp>(op))
      for (OpOperand &init : structured.getDpsInitsMutable())
        makePrivate(init);
  SmallVector<linalg::FillOp> fills(block.getOps<linalg::FillOp>());
  for (linalg::FillOp fill : fills)
    for (OpOperand &init : fill.getDpsInitsMutable())
      makePrivate(init);
}

/// Merges elementwise ops of a region that run over the same loops into one op
/// (with several results where needed).
static void fuseMaps(RegionOp region) {
  Block &body = region.getBody().front();
  IRRewriter rewriter(region.getContext());
  auto fuseOne = [&]() {
    for (auto consumer : body.getOps<linalg::GenericOp>()) {
      if (!isMap(consumer))
        continue;
      for (OpOperand *operand : consumer.getDpsInputOperands()) {
        auto producer = operand->get().getDefiningOp<linalg::GenericOp>();
        if (!producer || producer->getBlock() != &body || !isMap(producer) ||
            !isPointwise(*operand) ||
            !linalg::areElementwiseOpsFusable(operand))
          continue;
        // Every reader of the producer has to come after the fused op, and
        // what the consumer reads must not be another view of it.
        AffineMap read = consumer.getMatchingIndexingMap(operand);
        bool ok = true;
        for (OpOperand &use : producer->getUses()) {
          Operation *user = body.findAncestorOpInBlock(*use.getOwner());
          if (user == consumer)
            ok &= use.getOwner() == consumer && use.get() == operand->get() &&
                  consumer.getMatchingIndexingMap(&use) == read;
          else
            ok &= consumer->isBeforeInBlock(user);
        }
        if (!ok)
          continue;
        rewriter.setInsertionPoint(consumer);
        FailureOr<linalg::ElementwiseOpFusionResult> fused =
            linalg::fuseElementwiseOps(rewriter, operand);
        if (failed(fused))
          continue;
        for (auto [from, to] : fused->replacements)
          rewriter.replaceUsesWithIf(from, to, [&](OpOperand &use) {
            return use.getOwner() != fused->fusedOp;
          });
        rewriter.eraseOp(consumer);
        if (producer->use_empty())
          rewriter.eraseOp(producer);
        return true;
      }
    }
    return false;
  };
  while (fuseOne()) {
  }
  // Fusion maps loop indices by affine.apply, also where that is the identity.
  body.walk([&](affine::AffineApplyOp apply) {
    rewriter.setInsertionPoint(apply);
    auto values = affine::expandAffineMap(
        rewriter, apply.getLoc(), apply.getAffineMap(), apply.getOperands());
    rewriter.replaceOp(apply, *values);
  });
}

/// Removes roundings between what has become one kernel.
static void keepWide(RegionOp region, const FrozenRewritePatternSet &patterns) {
  IRRewriter rewriter(region.getContext());
  keepResultsWide(rewriter, region.getBody().front());
  SmallVector<Operation *> ops;
  region.walk([&](Operation *op) {
    if (isa<arith::ExtFOp, arith::SelectOp>(op))
      ops.push_back(op);
  });
  (void)applyOpPatternsGreedily(ops, patterns);
}

namespace {
struct FormRegions : dlc::dispatch::impl::FormRegionsPassBase<FormRegions> {
  using FormRegionsPassBase::FormRegionsPassBase;

  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (!func.getBody().hasOneBlock()) {
      func.emitError("dispatch-form-regions: the graph must be one block");
      return signalPassFailure();
    }
    Block &block = func.getBody().front();
    prepareInits(block);
    Grouping grouping(block);
    if (fuse)
      grouping.mergeAll(attention, attentionScratch);
    for (ArrayRef<Operation *> group : grouping.takeGroups())
      form(group);
    // A region stands where its first op stood; what it reads may come later.
    sortTopologically(&block);
    RewritePatternSet patterns(&getContext());
    populateExcessPrecisionPatterns(patterns);
    FrozenRewritePatternSet frozen(std::move(patterns));
    block.walk([&](RegionOp region) {
      fuseMaps(region);
      keepWide(region, frozen);
    });
  }

private:
  void form(ArrayRef<Operation *> group) {
    DenseSet<Operation *> members(group.begin(), group.end());
    SmallVector<Value> yielded;
    for (Operation *op : group)
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) {
              Operation *ancestor =
                  op->getBlock()->findAncestorOpInBlock(*user);
              return !members.contains(ancestor);
            }))
          yielded.push_back(result);

    // The op that does the work names the region in messages.
    Operation *root = group.back();
    for (Operation *op : group)
      if (auto structured = dyn_cast<linalg::LinalgOp>(op))
        if (!isMap(structured)) {
          root = op;
          break;
        }
    OpBuilder builder(group.back());
    SmallVector<Type> types(ValueRange(yielded).getTypes());
    auto region = RegionOp::create(builder, root->getLoc(), types);
    // Kernels that are equal but for marks are to be one.
    for (Operation *op : group) {
      if (Attribute number = op->removeAttr(kRecomputedAttr))
        region->setAttr(kRecomputedAttr, number);
      op->removeAttr(kUnfusedAttr);
    }
    Block &body = region.getBody().emplaceBlock();
    for (auto [value, result] : llvm::zip_equal(yielded, region.getResults()))
      value.replaceUsesWithIf(result, [&](OpOperand &use) {
        return !members.contains(
            region->getBlock()->findAncestorOpInBlock(*use.getOwner()));
      });
    for (Operation *op : group)
      op->moveBefore(&body, body.end());
    builder.setInsertionPointToEnd(&body);
    YieldOp::create(builder, region.getLoc(), yielded);
  }
};
} // namespace
