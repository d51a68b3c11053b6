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

namespace dlc::dispatch {

/// Discardable i64 attribute on what a kernel was lowered to (an `llvm.func`):
/// its number of work items. It marks the function as a legal callee of a
/// launch and tells the lowering of launches how many items to run.
inline constexpr llvm::StringLiteral kItemsAttrName = "dispatch.items";

/// Number of work items of a scheduled kernel: the product of the trip counts
/// of its top-level `scf.forall`, 1 if there is none. Emits an error and fails
/// where the bounds are not static.
mlir::FailureOr<int64_t> countWorkItems(KernelOp kernel);

} // namespace dlc::dispatch

#endif // DLC_DIALECT_DISPATCH_IR_DISPATCH_H
