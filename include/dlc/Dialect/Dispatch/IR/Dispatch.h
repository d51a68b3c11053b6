//===- Dispatch.h - The dispatch dialect ------------------------*- C++ -*-===//

#ifndef DLC_DIALECT_DISPATCH_IR_DISPATCH_H
#define DLC_DIALECT_DISPATCH_IR_DISPATCH_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dlc/Dialect/Dispatch/IR/DispatchDialect.h.inc"

#define GET_OP_CLASSES
#include "dlc/Dialect/Dispatch/IR/DispatchOps.h.inc"

#endif // DLC_DIALECT_DISPATCH_IR_DISPATCH_H
