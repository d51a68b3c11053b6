//===- NNDialect.cpp - The nn dialect -------------------------------------===//

#include "dlc/Dialect/NN/IR/NN.h"

using namespace mlir;
using namespace dlc::nn;

#include "dlc/Dialect/NN/IR/NNDialect.cpp.inc"
#include "dlc/Dialect/NN/IR/NNEnums.cpp.inc"

void NNDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dlc/Dialect/NN/IR/NNOps.cpp.inc"
      >();
}

Operation *NNDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                          Type type, Location loc) {
  return nullptr;
}
