//===- Custom.cpp - Operations of the user's ------------------------------===//

#include "dlc/Dialect/NN/IR/NN.h"

using namespace mlir;
using namespace dlc::nn;

/// Whether elements are stored below nn as they are here.
static bool isStoredAsIs(Type type) {
  Type element = cast<RankedTensorType>(type).getElementType();
  return isOneOf(element, ElementKinds::Float) ||
         (isOneOf(element, ElementKinds::Signed) &&
          element.getIntOrFloatBitWidth() >= 8);
}

LogicalResult CustomOp::verify() {
  for (Type type :
       llvm::concat<const Type>(SmallVector<Type>(getInputs().getTypes()),
                                SmallVector<Type>(getResults().getTypes())))
    if (!isStoredAsIs(type))
      return emitOpError("(C1) element types must be floating-point or signed "
                         "integers of 8 bits and more, got ")
             << type;
  Block &block = getBody().front();
  auto yield = dyn_cast<YieldOp>(block.back());
  if (!yield || getResults().empty() ||
      !llvm::equal(block.getArgumentTypes(), getInputs().getTypes()) ||
      !llvm::equal(yield.getOperandTypes(), getResults().getTypes()))
    return emitOpError("(C2) the body must take the inputs and yield the "
                       "results, of which there is at least one");
  WalkResult walk = getBody().walk([&](Operation *op) {
    StringRef dialect = op->getName().getDialectNamespace();
    if (op == yield ||
        (llvm::is_contained({"linalg", "tensor", "arith", "math"}, dialect) &&
         isMemoryEffectFree(op)))
      return WalkResult::advance();
    emitOpError("(C3) the body must consist of linalg, tensor, arith and math "
                "operations without side effects, got '")
        << op->getName() << "'";
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}
