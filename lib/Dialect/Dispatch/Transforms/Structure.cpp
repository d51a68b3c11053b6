//===- Structure.cpp - What the passes ask of structured ops --------------===//

#include "Structure.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::dispatch;

bool dispatch::isMap(linalg::LinalgOp op) {
  return op.getNumParallelLoops() == op.getNumLoops();
}

bool dispatch::isMove(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || !isMap(generic) || generic.getNumResults() != 1 ||
      !llvm::hasSingleElement(generic.getBody()->getOperations()))
    return false;
  auto argument = dyn_cast<BlockArgument>(
      generic.getBody()->getTerminator()->getOperand(0));
  return argument && argument.getOwner() == generic.getBody() &&
         argument.getArgNumber() < generic.getNumDpsInputs() &&
         isa<RankedTensorType>(
             generic.getDpsInputOperand(argument.getArgNumber())
                 ->get()
                 .getType());
}

bool dispatch::isPermutation(Operation *op) {
  if (!isMove(op))
    return false;
  auto generic = cast<linalg::GenericOp>(op);
  return generic.getNumDpsInputs() == 1 &&
         llvm::all_of(generic.getIndexingMapsArray(),
                      [](AffineMap map) { return map.isPermutation(); });
}

bool dispatch::isPointwise(OpOperand &operand) {
  return cast<linalg::LinalgOp>(operand.getOwner())
      .getMatchingIndexingMap(&operand)
      .isPermutation();
}

bool dispatch::hasReuse(linalg::LinalgOp op) {
  if (isMap(op))
    return false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    if (!isa<RankedTensorType>(input->get().getType()))
      continue;
    AffineMap map = op.getMatchingIndexingMap(input);
    if (!map.isProjectedPermutation())
      return true;
    if (!map.isPermutation() &&
        llvm::any_of(llvm::seq<unsigned>(op.getNumLoops()), [&](unsigned loop) {
          return op.getIteratorTypesArray()[loop] ==
                     utils::IteratorType::reduction &&
                 map.isFunctionOfDim(loop);
        }))
      return true;
  }
  return false;
}

bool dispatch::isGather(linalg::LinalgOp op) {
  return !op.getBlock()->getOps<tensor::ExtractOp>().empty();
}

Value dispatch::skipReshapes(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

/// Expressions of constants are a few ops long. Looking further for the input
/// that a value depends on would take time quadratic in the length of a model.
static constexpr size_t kMaxConstantValues = 48;

bool dispatch::isConstantExpression(Value value) {
  SmallVector<Value> worklist{value};
  DenseSet<Value> seen{value};
  while (!worklist.empty()) {
    Operation *op = worklist.pop_back_val().getDefiningOp();
    if (!op || seen.size() > kMaxConstantValues)
      return false;
    if (isa<tensor::EmptyOp>(op) || op->hasTrait<OpTrait::ConstantLike>())
      continue;
    for (Value operand : op->getOperands())
      if (seen.insert(operand).second)
        worklist.push_back(operand);
    // What a body captures.
    for (Region &region : op->getRegions())
      region.walk([&](Operation *inner) {
        for (Value operand : inner->getOperands())
          if (operand.getParentRegion()->isProperAncestor(&region) &&
              seen.insert(operand).second)
            worklist.push_back(operand);
      });
  }
  return true;
}

int64_t dispatch::getNumIterations(linalg::LinalgOp op) {
  return llvm::product_of(op.getStaticLoopRanges());
}

int64_t dispatch::getNumBytes(Type type) {
  auto shaped = cast<ShapedType>(type);
  return shaped.getNumElements() * ((shaped.getElementTypeBitWidth() + 7) / 8);
}
