//===- ChannelsLast.cpp - Chooses the order of dimensions -----------------===//

#include "dlc/Dialect/NN/Transforms/Passes.h"

#include "MinCut.h"

#include "mlir/IR/Iterators.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"
#include <deque>

namespace dlc::nn {
#define GEN_PASS_DEF_NNCHANNELSLAST
#include "dlc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace dlc::nn

using namespace mlir;
using namespace dlc::nn;

namespace {
class LayoutChooser {
public:
  explicit LayoutChooser(func::FuncOp function) : function(function) {}

  /// Finds a plan for every operation that shall work in another order.
  void choose();
  void rewrite();

private:
  void setPlan(Operation *op, PermutationPlan plan);
  void propagate();
  void propagateForward(Value value);
  void propagateBackward(Value value, ArrayRef<int64_t> permutation);
  void resolveTransposes();
  void shrink();

  /// The order in which `value` will be computed; empty for the one it has.
  ArrayRef<int64_t> orderOf(Value value) const;
  /// The order in which an operand is wanted; empty for as it is.
  ArrayRef<int64_t> wantOf(OpOperand &use) const;
  func::FuncOp function;
  llvm::MapVector<Operation *, PermutationPlan> plans;
  /// Orders that a consumer asked a nn.transpose for.
  DenseMap<Operation *, Permutation> wantedOfTranspose;
  std::deque<Value> fresh;
  std::deque<std::pair<Value, Permutation>> requests;
};

struct ChannelsLast : dlc::nn::impl::NNChannelsLastBase<ChannelsLast> {
  void runOnOperation() override {
    LayoutChooser chooser(getOperation());
    chooser.choose();
    chooser.rewrite();
  }
};
} // namespace

/// Elements that a permutation of `value` from one order to another moves;
/// empty orders are the one that the value has.
static int64_t movedElements(Value value, ArrayRef<int64_t> from,
                             ArrayRef<int64_t> to) {
  auto type = cast<RankedTensorType>(value.getType());
  Permutation own = identityPermutation(type.getRank());
  if (from.empty())
    from = own;
  if (to.empty())
    to = own;
  int64_t lead = int64_t(to.size()) - type.getRank();
  int64_t last = -1;
  for (int64_t d : to) {
    if (d < lead || type.getDimSize(d - lead) == 1)
      continue;
    int64_t position = positionOf(from, d - lead);
    if (position < last)
      return type.getNumElements();
    last = position;
  }
  return 0;
}

static int64_t sizeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getNumElements();
}

/// A constant is permuted when the program is made.
static bool isConstant(Value value) {
  return matchPattern(value, m_Constant());
}

//===----------------------------------------------------------------------===//
// Choice
//===----------------------------------------------------------------------===//

ArrayRef<int64_t> LayoutChooser::orderOf(Value value) const {
  auto plan = plans.find(value.getDefiningOp());
  if (plan == plans.end() || isIdentity(plan->second.result))
    return {};
  return plan->second.result;
}

ArrayRef<int64_t> LayoutChooser::wantOf(OpOperand &use) const {
  auto plan = plans.find(use.getOwner());
  if (plan == plans.end())
    return {};
  const Permutation &want = plan->second.operands[use.getOperandNumber()];
  if (want.size() == size_t(cast<ShapedType>(use.get().getType()).getRank()) &&
      isIdentity(want))
    return {};
  return want;
}

void LayoutChooser::setPlan(Operation *op, PermutationPlan plan) {
  Value result = op->getResult(0);
  for (OpOperand &operand : op->getOpOperands()) {
    const Permutation &want = plan.operands[operand.getOperandNumber()];
    if (!isIdentity(want))
      requests.push_back({operand.get(), want});
  }
  plans[op] = std::move(plan);
  if (!orderOf(result).empty())
    fresh.push_back(result);
}

void LayoutChooser::propagateForward(Value value) {
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    auto permutable = dyn_cast<PermutableOpInterface>(user);
    if (!permutable || isa<TransposeOp>(user) || plans.contains(user))
      continue;
    if (auto plan =
            permutable.planFromOperand(use.getOperandNumber(), orderOf(value)))
      setPlan(user, std::move(*plan));
  }
}

void LayoutChooser::propagateBackward(Value value,
                                      ArrayRef<int64_t> permutation) {
  Operation *op = value.getDefiningOp();
  auto permutable = dyn_cast_if_present<PermutableOpInterface>(op);
  if (!permutable || plans.contains(op) ||
      int64_t(permutation.size()) !=
          cast<RankedTensorType>(value.getType()).getRank())
    return;
  if (isa<TransposeOp>(op)) {
    wantedOfTranspose.try_emplace(op, permutation);
    return;
  }
  // Others still want it as it is: then the transpose stays behind it.
  for (OpOperand &use : value.getUses())
    if (wantOf(use) != permutation)
      return;
  auto plan = permutable.planFromResult(permutation);
  if (!plan)
    return;
  // Going on must not move more.
  int64_t moved = 0;
  for (auto [operand, want] : llvm::zip(op->getOperands(), plan->operands))
    if (!want.empty() && !isConstant(operand))
      moved += movedElements(operand, orderOf(operand), want);
  if (moved <= sizeOf(value))
    setPlan(op, std::move(*plan));
}

void LayoutChooser::propagate() {
  while (!fresh.empty() || !requests.empty()) {
    // Forward first: orders that are there weigh more than those wished for.
    if (!fresh.empty()) {
      Value value = fresh.front();
      fresh.pop_front();
      propagateForward(value);
      continue;
    }
    auto [value, permutation] = requests.front();
    requests.pop_front();
    propagateBackward(value, permutation);
  }
}

/// The model's own transposes can join any two orders, so they come last: where
/// both sides have an order they are what remains between them, where one has,
/// they vanish and the order goes on behind them.
void LayoutChooser::resolveTransposes() {
  bool changed = true;
  while (changed) {
    changed = false;
    function.walk([&](TransposeOp op) {
      if (plans.contains(op))
        return;
      ArrayRef<int64_t> from = orderOf(op.getX());
      auto wanted = wantedOfTranspose.find(op);
      if (from.empty() && wanted == wantedOfTranspose.end())
        return;
      PermutationPlan plan;
      if (wanted == wantedOfTranspose.end())
        plan = *op.planFromOperand(0, from);
      else
        plan = *op.planFromResult(wanted->second);
      if (!from.empty())
        plan.operands[0] = Permutation(from);
      setPlan(op, std::move(plan));
      changed = true;
    });
    propagate();
  }
}

/// Keeps the plans that are worth it: the cheapest border between the
/// operations that prefer an order and those that have no plan, a minimum cut
/// with the moved elements as costs.
void LayoutChooser::shrink() {
  constexpr unsigned source = 0, sink = 1;
  MinCut graph;
  DenseMap<Operation *, unsigned> nodes;
  for (auto &[op, plan] : plans) {
    bool fixed =
        !cast<PermutableOpInterface>(op).getPreferredPermutation().empty();
    nodes[op] = fixed ? source : graph.addNode();
  }
  auto nodeOf = [&](Operation *op) {
    auto node = nodes.find(op);
    return node == nodes.end() ? sink : node->second;
  };

  auto addValue = [&](Value value) {
    if (isConstant(value))
      return;
    unsigned producer = nodeOf(value.getDefiningOp());
    ArrayRef<int64_t> order = orderOf(value);
    // A copy in the model's order for all users without a plan, one in the
    // planned order for all with one; where the two agree there is nothing to
    // copy.
    std::optional<unsigned> plain, planned;
    for (OpOperand &use : value.getUses()) {
      unsigned user = nodeOf(use.getOwner());
      ArrayRef<int64_t> want = wantOf(use);
      if (int64_t moved = movedElements(value, order, {});
          moved && producer != sink) {
        if (!plain) {
          plain = graph.addNode();
          graph.addEdge(producer, *plain, moved);
        }
        graph.addEdge(*plain, user, MinCut::infinite);
      }
      if (int64_t moved = movedElements(value, {}, want);
          moved && producer != source && user != sink) {
        if (!planned) {
          planned = graph.addNode();
          graph.addEdge(*planned, producer, moved);
        }
        graph.addEdge(user, *planned, MinCut::infinite);
      }
    }
  };
  SetVector<Value> values;
  for (auto &[op, plan] : plans) {
    values.insert(op->getResult(0));
    values.insert(op->operand_begin(), op->operand_end());
  }
  for (Value value : values)
    addValue(value);
  // A transpose of the model costs what it leaves between the orders.
  for (auto &[op, plan] : plans)
    if (auto transpose = dyn_cast<TransposeOp>(op)) {
      Value x = transpose.getX();
      graph.addEdge(source, nodes[op],
                    movedElements(x, {}, transpose.getPerm()));
      graph.addEdge(nodes[op], sink,
                    movedElements(x, plan.operands[0],
                                  compose(transpose.getPerm(), plan.result)));
    }

  std::vector<bool> keep = graph.solve();
  plans.remove_if([&](auto &entry) { return !keep[nodes[entry.first]]; });
}

void LayoutChooser::choose() {
  function.walk([&](PermutableOpInterface op) {
    Permutation preferred = op.getPreferredPermutation();
    if (preferred.empty())
      return;
    if (auto plan = op.planFromResult(preferred))
      setPlan(op, std::move(*plan));
  });
  propagate();
  resolveTransposes();
  shrink();
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

void LayoutChooser::rewrite() {
  if (plans.empty())
    return;
  SmallVector<Operation *> order;
  function.walk([&](Operation *op) {
    if (plans.contains(op))
      order.push_back(op);
  });
  OpBuilder builder(function.getContext());
  // What an original value is computed as now, and in which order.
  DenseMap<Value, std::pair<Value, Permutation>> computed;
  DenseMap<Value, SmallVector<std::pair<Permutation, Value>>> copies;

  auto operandAs = [&](Value value, ArrayRef<int64_t> want) -> Value {
    if (want.empty())
      return value;
    Permutation rest(want);
    Value source = value;
    auto found = computed.find(value);
    if (found != computed.end() && want.size() == found->second.second.size()) {
      source = found->second.first;
      rest = compose(invert(found->second.second), want);
    }
    if (isIdentity(rest) &&
        rest.size() == size_t(cast<ShapedType>(source.getType()).getRank()))
      return source;
    for (auto &[permutation, copy] : copies[source])
      if (permutation == rest)
        return copy;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfterValue(source);
    Value copy = permuteValue(builder, value.getLoc(), source, rest);
    copies[source].push_back({rest, copy});
    return copy;
  };

  for (Operation *op : order) {
    const PermutationPlan &plan = plans[op];
    builder.setInsertionPoint(op);
    SmallVector<Value> operands;
    for (auto [operand, want] : llvm::zip(op->getOperands(), plan.operands))
      operands.push_back(operandAs(operand, want));
    builder.setInsertionPoint(op);
    Value result =
        cast<PermutableOpInterface>(op).buildPermuted(builder, operands, plan);
    // Users without a plan see the order they know; where there are none, this
    // transpose is dead.
    Value back = result;
    if (!isIdentity(plan.result)) {
      back = permuteValue(builder, op->getLoc(), result, invert(plan.result));
      computed[back] = {result, plan.result};
    }
    op->getResult(0).replaceAllUsesWith(back);
    op->erase();
  }
  // Dead transposes, in reverse so that chains go as well.
  function.walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
    if (isOpTriviallyDead(op))
      op->erase();
  });
}
