//===- Arena.h - The arena dialect ------------------------------*- C++ -*-===//

#ifndef DLC_DIALECT_ARENA_IR_ARENA_H
#define DLC_DIALECT_ARENA_IR_ARENA_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dlc/Dialect/Arena/IR/ArenaDialect.h.inc"

#define GET_OP_CLASSES
#include "dlc/Dialect/Arena/IR/ArenaOps.h.inc"

#endif // DLC_DIALECT_ARENA_IR_ARENA_H
