//===- Arena.h - The arena dialect ------------------------------*- C++ -*-===//

#ifndef DLC_DIALECT_ARENA_IR_ARENA_H
#define DLC_DIALECT_ARENA_IR_ARENA_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dlc/Dialect/Arena/IR/ArenaDialect.h.inc"

#define GET_OP_CLASSES
#include "dlc/Dialect/Arena/IR/ArenaOps.h.inc"

namespace dlc::arena {

/// Of several graph functions, or entries, each says in this attribute how many
/// bytes of the arena it needs.
inline constexpr llvm::StringLiteral kArenaBytesAttrName = "arena.bytes";

/// Buffers that stand for parameters of the graph function: their numbers.
inline constexpr llvm::StringLiteral kArgumentsAttrName = "arena.arguments";
/// Parameters of the graph function that the arena holds: the slot.
inline constexpr llvm::StringLiteral kSlotAttrName = "arena.slot";

class SlotOp;
/// The slot of a parameter of a graph function; null if it is the caller's.
SlotOp getArgumentSlot(mlir::FunctionOpInterface graph, unsigned index);

/// Bytes that one element of this type takes in memory: whole bytes, a power of
/// two of them. 0 for types that memory cannot hold.
int64_t getElementByteSize(mlir::Type type);

/// Bytes that a static shape takes in memory.
int64_t getByteSize(mlir::ShapedType type);

/// Streams the bytes of a constant as they lie in memory, in pieces. Returns
/// false, without a call, where the attribute is neither dense nor a dense
/// resource, or its data is absent or has the wrong size.
bool forEachConstantPiece(
    mlir::ElementsAttr value,
    llvm::function_ref<void(llvm::ArrayRef<char>)> consume);

} // namespace dlc::arena

#endif // DLC_DIALECT_ARENA_IR_ARENA_H
