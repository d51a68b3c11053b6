//===- Loop.cpp - Loops ---------------------------------------------------===//

#include "dlc/Dialect/NN/IR/LoopBuilder.h"

#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace dlc::nn;

/// The type of one slice of a tensor of `type`.
static RankedTensorType sliceOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape().drop_front(),
                               tensor.getElementType());
}

LogicalResult LoopOp::verify() {
  if (getTrips() < 1 || getResults().empty())
    return emitOpError("(C1) runs its body ")
           << getTrips() << " times and has " << getNumResults()
           << " results; both must be at least 1";
  auto isStack = [&](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    return tensor.getRank() > 0 && tensor.getDimSize(0) == getTrips();
  };
  for (Type type : getSliced().getTypes())
    if (!isStack(type))
      return emitOpError("(C2) dimension 0 of what is sliced must be ")
             << getTrips() << ", got " << type;
  if (getReversed().size() != getSliced().size())
    return emitOpError("(C2) reversed has ")
           << getReversed().size() << " elements for " << getSliced().size()
           << " operands";

  SmallVector<Type> states(getCarried().getTypes());
  SmallVector<Type> arguments(states);
  for (Type type : getSliced().getTypes())
    arguments.push_back(sliceOf(type));
  llvm::append_range(arguments, getInvariant().getTypes());
  Block &block = getBody().front();
  if (!llvm::equal(block.getArgumentTypes(), arguments))
    return emitOpError("(C3) the body must take the states, one slice of each "
                       "of what is sliced, and what is invariant");

  auto yield = dyn_cast<YieldOp>(block.back());
  TypeRange yielded = yield ? TypeRange(yield.getResults()) : TypeRange();
  if (!yield || yielded.size() != getNumResults() ||
      yielded.size() < states.size() ||
      !llvm::equal(yielded.take_front(states.size()), states))
    return emitOpError("(C4) the body must yield the next states and one slice "
                       "of each other result");
  TypeRange results = getResultTypes();
  if (!llvm::equal(results.take_front(states.size()), states))
    return emitOpError("(C5) the first results must have the types of the "
                       "states");
  if (getStackedReversed().size() != results.size() - states.size())
    return emitOpError("(C5) stacked_reversed has ")
           << getStackedReversed().size() << " elements for "
           << results.size() - states.size() << " stacked results";
  for (auto [stack, slice] : llvm::zip_equal(results.drop_front(states.size()),
                                             yielded.drop_front(states.size())))
    if (!isStack(stack) || sliceOf(stack) != slice)
      return emitOpError("(C5) slices of ")
             << slice << " are stacked to " << getTrips() << " of them, got "
             << stack;
  return success();
}

//===----------------------------------------------------------------------===//
// LoopBuilder
//===----------------------------------------------------------------------===//

LoopBuilder::LoopBuilder(OpBuilder &builder, Location loc, int64_t trips,
                         ValueRange carried, ValueRange sliced)
    : builder(builder), trips(trips), carried(carried), sliced(sliced) {
  draft = LoopOp::create(builder, loc, TypeRange(), trips, carried, sliced,
                         ValueRange(), ArrayRef<bool>(), ArrayRef<bool>());
  outside = builder.saveInsertionPoint();
  Block &block = draft.getBody().emplaceBlock();
  for (Value state : carried)
    block.addArgument(state.getType(), loc);
  for (Value stack : sliced)
    block.addArgument(sliceOf(stack.getType()), loc);
  builder.setInsertionPointToStart(&block);
}

LoopBuilder::~LoopBuilder() {
  if (!draft)
    return;
  builder.restoreInsertionPoint(outside);
  draft.erase();
}

ValueRange LoopBuilder::getStates() const {
  LoopOp loop = draft;
  return ValueRange(loop.getBody().getArguments()).take_front(carried.size());
}

ValueRange LoopBuilder::getSlices() const {
  LoopOp loop = draft;
  return ValueRange(loop.getBody().getArguments()).drop_front(carried.size());
}

LoopOp LoopBuilder::finish(ValueRange next, ValueRange stacked,
                           ArrayRef<bool> reversed,
                           ArrayRef<bool> stackedReversed) {
  Location loc = draft.getLoc();
  Region &region = draft.getBody();
  SmallVector<Value> yielded(next);
  llvm::append_range(yielded, stacked);
  YieldOp::create(builder, loc, yielded);
  builder.restoreInsertionPoint(outside);
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(region, captured);
  for (Value value : captured)
    replaceAllUsesInRegionWith(
        value, region.front().addArgument(value.getType(), loc), region);
  SmallVector<Type> types(ValueRange(carried).getTypes());
  for (Value slice : stacked) {
    auto type = cast<RankedTensorType>(slice.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin(), trips);
    types.push_back(type.clone(shape));
  }
  auto loop = LoopOp::create(builder, loc, types, trips, carried, sliced,
                             captured.getArrayRef(), reversed, stackedReversed);
  loop.getBody().takeBody(region);
  draft.erase();
  draft = nullptr;
  return loop;
}
