//===- ArenaOps.td - The arena dialect ---------------------*- tablegen -*-===//

#ifndef DLC_DIALECT_ARENA_IR_ARENAOPS_TD
#define DLC_DIALECT_ARENA_IR_ARENAOPS_TD

include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Arena_Dialect : Dialect {
  let name = "arena";
  let cppNamespace = "::dlc::arena";
  let summary = "Memory that is laid out by the compiler";
  let description = [{
    Every byte that a compiled program touches is placed before it runs:
    `arena.layout` holds one `arena.slot` for each buffer with its offset and its
    lifetime in launch numbers, `arena.constant_pool` holds the constants, and
    the graph function takes pointers into both with `arena.view` and
    `arena.constant_view`. The verifier of a layout proves that no two slots that
    live at the same time share a byte.

    Launch numbers count the `dispatch.launch` and `memref.copy` operations of
    the graph function in the order of execution, from 0. Where a program has
    several graph functions (one for each of the shapes that it was compiled for),
    those of one are numbered after those of the one before it: they never run at
    once, so they share the arena, and nothing else has to know.
  }];
}

class Arena_Op<string mnemonic, list<Trait> traits = []>
    : Op<Arena_Dialect, mnemonic, traits>;

def Arena_LayoutOp : Arena_Op<"layout", [
    IsolatedFromAbove, NoRegionArguments, NoTerminator, SingleBlock, Symbol,
    SymbolTable]> {
  let summary = "the memory of all buffers of a program";
  let description = [{
    `size` is what the program allocates, `lower_bound` the largest sum of bytes
    alive at one launch: no layout can be smaller.

    Constraints:
    - (C1) `size` and `lower_bound` are not negative, `alignment` is a power of
      two.
    - (C2) The body holds `arena.slot` operations only.
    - (C3) Each slot lies within `size`.
    - (C4) Each slot's offset is a multiple of `alignment`.
    - (C5) Slots whose lifetimes intersect share no byte.

    ```mlir
    arena.layout @arena {alignment = 64 : i64, lower_bound = 384 : i64, size = 384 : i64} {
      arena.slot @s0 {first = 0 : i64, last = 1 : i64, offset = 0 : i64, size = 256 : i64}
      arena.slot @s1 {first = 1 : i64, last = 2 : i64, offset = 256 : i64, size = 128 : i64}
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$size,
                       I64Attr:$alignment, I64Attr:$lower_bound);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "int64_t":$size,
                                 "int64_t":$alignment,
                                 "int64_t":$lowerBound)>];
  let hasRegionVerifier = 1;
}

def Arena_SlotOp : Arena_Op<"slot", [HasParent<"LayoutOp">, Symbol]> {
  let summary = "one buffer of a layout";
  let description = [{
    The buffer lives from launch `first` to launch `last`, both inclusive.

    Constraints:
    - (C1) `offset`, `size` and `first` are not negative, and `first` is not
      after `last`.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$offset, I64Attr:$size,
                       I64Attr:$first, I64Attr:$last);
  let assemblyFormat = "$sym_name attr-dict";
  let hasVerifier = 1;
}

def Arena_ViewOp : Arena_Op<"view", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a slot as a memref";
  let description = [{
    Several views of one slot are allowed: the slot is then reused in place.

    Constraints:
    - (C1) `slot` names an `arena.slot` within an `arena.layout`.
    - (C2) The type is a memref with a static shape and the identity layout.
    - (C3) The type needs no more bytes than the slot has.

    ```mlir
    %0 = arena.view @arena::@s0 : memref<1x64xf32>
    ```
  }];
  let arguments = (ins SymbolRefAttr:$slot);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$slot attr-dict `:` type($result)";
  let extraClassDeclaration = [{
    /// The slot, which the verifier has shown to exist.
    SlotOp getSlotOp(::mlir::SymbolTableCollection &tables);
  }];
  let hasVerifier = 1;
}

def Arena_ConstantPoolOp : Arena_Op<"constant_pool", [
    IsolatedFromAbove, NoRegionArguments, NoTerminator, SingleBlock, Symbol,
    SymbolTable]> {
  let summary = "the constants of a program";
  let description = [{
    The pool becomes a read-only section of `size` bytes that begins at a
    multiple of `alignment`. Bytes between constants are zero.

    Constraints:
    - (C1) `size` is not negative, `alignment` is a power of two.
    - (C2) The body holds `arena.constant` operations only.
    - (C3) Each constant lies within `size`.
    - (C4) Each constant's offset is a multiple of 64.
    - (C5) Constants share no byte.

    ```mlir
    arena.constant_pool @weights {alignment = 4096 : i64, size = 64 : i64} {
      arena.constant @w0 {offset = 0 : i64, value = dense<1.0> : tensor<16xf32>}
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$size,
                       I64Attr:$alignment);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "int64_t":$size,
                                 "int64_t":$alignment)>];
  let extraClassDeclaration = [{
    /// Offsets of constants are multiples of this.
    static constexpr int64_t kConstantAlignment = 64;
  }];
  let hasRegionVerifier = 1;
}

def Arena_ConstantOp : Arena_Op<"constant", [
    HasParent<"ConstantPoolOp">, Symbol]> {
  let summary = "one constant of a pool";
  let description = [{
    Constraints:
    - (C1) `offset` is not negative.
    - (C2) `value` is a dense or a dense resource attribute whose data is at hand
      and has the size of its type.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$offset,
                       ElementsAttr:$value);
  let assemblyFormat = "$sym_name attr-dict";
  let extraClassDeclaration = [{
    /// Number of bytes of the constant in memory.
    int64_t getByteSize();
    /// Streams these bytes, in pieces, without copying what lies in memory.
    void forEachPiece(
        ::llvm::function_ref<void(::llvm::ArrayRef<char>)> consume);
  }];
  let hasVerifier = 1;
}

def Arena_ConstantViewOp : Arena_Op<"constant_view", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a constant as a memref";
  let description = [{
    The memref must not be written.

    Constraints:
    - (C1) `constant` names an `arena.constant` within an
      `arena.constant_pool`.
    - (C2) The type is a memref with a static shape and the identity layout.
    - (C3) The type needs as many bytes as the constant has.

    ```mlir
    %0 = arena.constant_view @weights::@w0 : memref<16xf32>
    ```
  }];
  let arguments = (ins SymbolRefAttr:$constant);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$constant attr-dict `:` type($result)";
  let extraClassDeclaration = [{
    /// The constant, which the verifier has shown to exist.
    ConstantOp getConstantOp(::mlir::SymbolTableCollection &tables);
  }];
  let hasVerifier = 1;
}

#endif // DLC_DIALECT_ARENA_IR_ARENAOPS_TD
