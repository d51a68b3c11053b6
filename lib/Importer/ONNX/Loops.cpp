//===- Loops.cpp - Loop, Scan ---------------------------------------------===//
//
// The bridge made one copy of a loop's body, between a node that opens a loop
// and one that closes it.
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

#include "dlc/Dialect/NN/IR/LoopBuilder.h"
#include "dlc/Dialect/NN/IR/LoopHints.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

/// Up to so many iterations their numbers are a constant; else they are
/// counted.
constexpr int64_t maxConstantNumbers = 4096;

bool isNegative(int64_t direction) { return direction != 0; }

/// The dimension that an attribute counts from the end where it is negative.
int64_t positive(int64_t axis, int64_t rank) {
  return axis + (axis < 0 ? rank : 0);
}

/// `x` with dimension `from` moved to the place `to`.
Value moveAxis(NodeEmitter &e, Value x, int64_t from, int64_t to) {
  Dims perm = llvm::to_vector(llvm::seq<int64_t>(shapeOf(x).size()));
  perm.erase(perm.begin() + from);
  perm.insert(perm.begin() + to, from);
  return e.transpose(x, perm);
}

/// Whether something in the loop's body, which stands behind its beginning, is
/// another one in each iteration by itself.
bool hasRandom(NodeEmitter &e) {
  int depth = -1;
  for (const auto &node : e.graph.getModel().proto.graph().node()) {
    if (&node == &e.node)
      depth = 0;
    if (depth < 0)
      continue;
    StringRef op = node.op_type();
    depth += op == "LoopBegin" ? 1 : op == "LoopEnd" ? -1 : 0;
    if (depth == 0)
      return false;
    if (isRandom(node))
      return true;
  }
  return false;
}

/// Whether an iteration's number is read by more than the end of the loop.
bool needsNumber(NodeEmitter &e) {
  if (hasRandom(e))
    return true;
  const std::string &number = e.node.output(0);
  for (const auto &node : e.graph.getModel().proto.graph().node())
    if (node.op_type() != "LoopEnd" || node.input(0) != number)
      for (const std::string &input : node.input())
        if (input == number)
          return true;
  return false;
}

LogicalResult begin(NodeEmitter &e) {
  int64_t trips = e.intAttr("trips", 0);
  int states = static_cast<int>(e.intAttr("states", 0));
  SmallVector<Value> carried, sliced;
  OpenLoop open;
  open.trips = trips;
  for (int i = 0; i < states; ++i)
    carried.push_back(e.in(i));
  for (int i = states; i < e.numInputs(); ++i) {
    Value x = e.in(i);
    if (e.failed)
      return failure();
    int64_t axis = e.attr("axes")->ints(i - states);
    sliced.push_back(moveAxis(
        e, x, positive(axis, static_cast<int64_t>(shapeOf(x).size())), 0));
    open.reversed.push_back(isNegative(e.attr("directions")->ints(i - states)));
  }
  if (e.failed)
    return failure();
  bool numbered = needsNumber(e);
  open.counts = numbered && trips > maxConstantNumbers;
  if (open.counts) {
    carried.push_back(e.ints({0}, {}));
  } else if (numbered) {
    sliced.push_back(e.iota(trips, 1, /*axis=*/0, /*rank=*/1));
    open.reversed.push_back(false);
  }
  open.body = std::make_unique<nn::LoopBuilder>(e.builder, e.loc, trips,
                                                carried, sliced);
  ValueRange before = open.body->getStates(), slices = open.body->getSlices();
  for (int i = 0; i < states; ++i)
    (void)e.set(1 + i, before[i]);
  for (int i = states; i < e.numInputs(); ++i)
    (void)e.set(1 + i, slices[i - states]);
  if (numbered) {
    open.number = open.counts ? before.back() : slices.back();
    (void)e.set(0, open.number);
  }
  e.graph.getLoops().push_back(std::move(open));
  return success();
}

LogicalResult end(NodeEmitter &e) {
  OpenLoop open = std::move(e.graph.getLoops().back());
  e.graph.getLoops().pop_back();
  auto states = static_cast<size_t>(e.intAttr("states", 0));
  SmallVector<Value> next, stacked;
  SmallVector<bool> reversed;
  for (int i = 1; i < e.numInputs(); ++i) {
    Value value = e.in(i);
    if (e.failed)
      return failure();
    bool isState = static_cast<size_t>(i - 1) < states;
    (isState ? next : stacked).push_back(value);
    if (!isState)
      reversed.push_back(
          isNegative(e.attr("directions")->ints(i - 1 - int(states))));
  }
  if (open.counts)
    next.push_back(e.make<nn::AddOp>(open.number, e.scalar(1, open.number)));
  nn::LoopOp loop = open.body->finish(next, stacked, open.reversed, reversed);
  // (A counted number goes on, but nothing reads the last one.)
  if (const auto *condition = e.attr("condition"))
    loop->setAttr(nn::kEndsAttrName,
                  e.builder.getI64IntegerAttr(condition->i()));
  for (size_t i = 0; i < states; ++i)
    (void)e.set(static_cast<int>(i), loop.getResult(i));
  for (size_t i = 0; i < stacked.size(); ++i) {
    Value stack = loop.getResult(next.size() + i);
    int64_t axis = e.attr("axes")->ints(static_cast<int>(i));
    (void)e.set(
        static_cast<int>(states + i),
        moveAxis(e, stack, 0, positive(axis, int64_t(shapeOf(stack).size()))));
  }
  return success();
}

} // namespace

void dlc::importer::addLoops(EmitterTable &table) {
  table["dlc.LoopBegin"] = begin;
  table["dlc.LoopEnd"] = end;
}
