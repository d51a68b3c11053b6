//===- NN.h - The nn dialect ------------------------------------*- C++ -*-===//

#ifndef DLC_DIALECT_NN_IR_NN_H
#define DLC_DIALECT_NN_IR_NN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dlc/Dialect/NN/IR/NNDialect.h.inc"
#include "dlc/Dialect/NN/IR/NNEnums.h.inc"

#define GET_OP_CLASSES
#include "dlc/Dialect/NN/IR/NNOps.h.inc"

#endif // DLC_DIALECT_NN_IR_NN_H
