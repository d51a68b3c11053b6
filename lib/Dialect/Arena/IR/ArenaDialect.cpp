//===- ArenaDialect.cpp - The arena dialect -------------------------------===//

#include "dlc/Dialect/Arena/IR/Arena.h"

using namespace mlir;
using namespace dlc::arena;

#include "dlc/Dialect/Arena/IR/ArenaDialect.cpp.inc"

void ArenaDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dlc/Dialect/Arena/IR/ArenaOps.cpp.inc"
      >();
}

#define GET_OP_CLASSES
#include "dlc/Dialect/Arena/IR/ArenaOps.cpp.inc"
