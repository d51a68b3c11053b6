//===- SharedLoops.cpp - The loops that the ops of a group share ----------===//

#include "dlc/Dialect/Dispatch/Transforms/SharedLoops.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include "llvm/ADT/IntEqClasses.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace dlc::dispatch;

int64_t SharedLoops::Intermediate::getBytes() const {
  return elements *
         ((getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth() + 7) /
          8);
}

linalg::LinalgOp SharedLoops::getRoot() const {
  for (linalg::LinalgOp op : llvm::reverse(ops))
    if (!isa<linalg::FillOp>(op))
      return op;
  return ops.back();
}

ArrayRef<int> SharedLoops::getLoopsOf(Operation *op) const {
  for (auto [member, row] : llvm::zip_equal(ops, loops))
    if (member == op)
      return row;
  llvm_unreachable("the op is not in the group");
}

SmallVector<unsigned> SharedLoops::getOtherLoopsOf(Operation *op) const {
  ArrayRef<int> shared = getLoopsOf(op);
  SmallVector<unsigned> others;
  for (int loop : llvm::seq<int>(cast<linalg::LinalgOp>(op).getNumLoops()))
    if (!llvm::is_contained(shared, loop))
      others.push_back(loop);
  return others;
}

const SharedLoops::Intermediate *
SharedLoops::getIntermediate(Value value) const {
  for (const Intermediate &intermediate : intermediates)
    if (intermediate.value == value)
      return &intermediate;
  return nullptr;
}

namespace {

/// Classes of corresponding loops. Every loop of every op is a node.
class LoopClasses {
public:
  explicit LoopClasses(ArrayRef<linalg::LinalgOp> ops) : ops(ops) {
    unsigned numNodes = 0;
    for (auto [index, member] : llvm::enumerate(ops)) {
      linalg::LinalgOp op = member;
      indexOf[op] = index;
      first.push_back(numNodes);
      numNodes += op.getNumLoops();
    }
    bad.resize(numNodes);
    classes.grow(numNodes);
  }

  bool contains(Operation *op) const { return indexOf.contains(op); }
  unsigned node(Operation *op, unsigned loop) const {
    return first[indexOf.at(op)] + loop;
  }
  void join(unsigned a, unsigned b) { classes.join(a, b); }
  void setBad(unsigned node) { bad.set(node); }
  void setAllBad(linalg::LinalgOp op) {
    for (unsigned loop : llvm::seq<unsigned>(op.getNumLoops()))
      setBad(node(op, loop));
  }
  /// Marks all loops that occur in `expr`.
  void setBad(linalg::LinalgOp op, AffineExpr expr) {
    expr.walk([&](AffineExpr part) {
      if (auto dim = dyn_cast<AffineDimExpr>(part))
        setBad(node(op, dim.getPosition()));
    });
  }

  /// The loop of `op` in the class of `leader`: -1 if none, nullopt if several.
  std::optional<int> loopInClass(linalg::LinalgOp op, unsigned leader) const {
    int found = -1;
    for (unsigned loop : llvm::seq<unsigned>(op.getNumLoops())) {
      if (classes.findLeader(node(op, loop)) != leader)
        continue;
      if (found >= 0)
        return std::nullopt;
      found = loop;
    }
    return found;
  }
  unsigned leader(unsigned node) const { return classes.findLeader(node); }
  bool isBad(unsigned node) const { return bad.test(node); }

private:
  ArrayRef<linalg::LinalgOp> ops;
  DenseMap<Operation *, unsigned> indexOf;
  SmallVector<unsigned> first;
  llvm::SmallBitVector bad;
  llvm::IntEqClasses classes;
};

} // namespace

/// Ties the loops that write `producer`'s result to those of `use` that read
/// it.
static void connect(LoopClasses &classes, linalg::LinalgOp producer,
                    OpResult result, OpOperand &use) {
  auto consumer = cast<linalg::LinalgOp>(use.getOwner());
  AffineMap written =
      producer.getMatchingIndexingMap(producer.getTiedOpOperand(result));
  AffineMap read = consumer.getMatchingIndexingMap(&use);
  for (auto [to, from] :
       llvm::zip_equal(written.getResults(), read.getResults())) {
    auto toDim = dyn_cast<AffineDimExpr>(to);
    auto fromDim = dyn_cast<AffineDimExpr>(from);
    if (toDim && fromDim) {
      classes.join(classes.node(producer, toDim.getPosition()),
                   classes.node(consumer, fromDim.getPosition()));
      continue;
    }
    classes.setBad(producer, to);
    classes.setBad(consumer, from);
  }
}

/// Whether a non-structured op of the group may use an intermediate without
/// leading it to another op of the group: what is written to an `outs`
/// argument.
static bool isFinalUse(OpOperand &use, const LoopClasses &classes) {
  Operation *user = use.getOwner();
  if (user->hasTrait<OpTrait::IsTerminator>())
    return true;
  auto insert = dyn_cast<tensor::InsertSliceOp>(user);
  return insert && use.get() == insert.getSource() &&
         llvm::all_of(insert->getUses(), [&](OpOperand &next) {
           return next.getOwner()->hasTrait<OpTrait::IsTerminator>() ||
                  isa<tensor::InsertSliceOp>(next.getOwner());
         });
}

std::optional<SharedLoops>
dlc::dispatch::analyzeSharedLoops(ArrayRef<Operation *> group) {
  SharedLoops shared;
  for (Operation *op : group)
    if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
      if (!structured.hasPureTensorSemantics() ||
          llvm::any_of(structured.getStaticLoopRanges(), ShapedType::isDynamic))
        return std::nullopt;
      shared.ops.push_back(structured);
    }
  if (llvm::all_of(shared.ops, llvm::IsaPred<linalg::FillOp>))
    return std::nullopt;

  LoopClasses classes(shared.ops);
  SetVector<Operation *> members(group.begin(), group.end());
  for (linalg::LinalgOp op : shared.ops) {
    // Loops that do not index a result: several iterations would write it.
    for (OpOperand &init : op.getDpsInitsMutable()) {
      AffineMap map = op.getMatchingIndexingMap(&init);
      for (unsigned loop : llvm::seq<unsigned>(op.getNumLoops()))
        if (!map.isFunctionOfDim(loop) && !isa<linalg::FillOp>(op))
          classes.setBad(classes.node(op, loop));
    }
    for (OpResult result : op->getResults()) {
      bool isIntermediate = false, onlyInit = true;
      for (OpOperand &use : result.getUses()) {
        Operation *user = use.getOwner();
        if (classes.contains(user)) {
          isIntermediate = true;
          onlyInit &= cast<linalg::LinalgOp>(user).isDpsInit(&use);
          connect(classes, op, result, use);
          continue;
        }
        // A read in the body of a member, or through an op that moves data.
        Operation *ancestor = user;
        while (ancestor && ancestor->getBlock() != op->getBlock())
          ancestor = ancestor->getParentOp();
        if (ancestor && members.contains(ancestor) &&
            !isFinalUse(use, classes)) {
          isIntermediate = true;
          onlyInit = false;
          classes.setAllBad(op);
        }
      }
      if (isIntermediate) {
        SharedLoops::Intermediate intermediate;
        intermediate.value = result;
        intermediate.onlyInit = onlyInit;
        shared.intermediates.push_back(std::move(intermediate));
      }
    }
  }

  // The root's parallel loops, one by one.
  linalg::LinalgOp root = shared.getRoot();
  SmallVector<int64_t> rootSizes = root.getStaticLoopRanges();
  shared.loops.resize(shared.ops.size());
  for (unsigned rootLoop : llvm::seq<unsigned>(root.getNumLoops())) {
    unsigned leader = classes.leader(classes.node(root, rootLoop));
    SmallVector<int> column;
    for (linalg::LinalgOp op : shared.ops) {
      bool isFill = isa<linalg::FillOp>(op);
      std::optional<int> loop = classes.loopInClass(op, leader);
      if (!loop || (*loop < 0 && !isFill))
        break;
      if (*loop >= 0 &&
          (op.getIteratorTypesArray()[*loop] != utils::IteratorType::parallel ||
           op.getStaticLoopRanges()[*loop] != rootSizes[rootLoop] ||
           classes.isBad(classes.node(op, *loop))))
        break;
      column.push_back(*loop);
    }
    if (column.size() != shared.ops.size())
      continue;
    shared.sizes.push_back(rootSizes[rootLoop]);
    for (auto [row, loop] : llvm::zip_equal(shared.loops, column))
      row.push_back(loop);
  }

  for (SharedLoops::Intermediate &intermediate : shared.intermediates) {
    auto producer = cast<linalg::LinalgOp>(intermediate.value.getOwner());
    ArrayRef<int> loops = shared.getLoopsOf(producer);
    AffineMap map = producer.getMatchingIndexingMap(
        producer.getTiedOpOperand(intermediate.value));
    auto type = cast<RankedTensorType>(intermediate.value.getType());
    for (auto [extent, expr] :
         llvm::zip_equal(type.getShape(), map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      const int *it =
          dim ? llvm::find(loops, int(dim.getPosition())) : loops.end();
      bool isShared = it != loops.end();
      intermediate.sharedLoopOfDim.push_back(isShared ? it - loops.begin()
                                                      : -1);
      intermediate.shape.push_back(isShared ? 1 : extent);
      intermediate.elements *= intermediate.shape.back();
    }
  }
  return shared;
}

std::optional<SharedLoops> dlc::dispatch::analyzeSharedLoops(Block &block) {
  SmallVector<Operation *> group;
  for (Operation &op : block)
    group.push_back(&op);
  return analyzeSharedLoops(group);
}
