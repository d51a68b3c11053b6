//===- Passes.td - Arena passes ------------------------------*- tablegen -*-===//

#ifndef DLC_DIALECT_ARENA_TRANSFORMS_PASSES_TD
#define DLC_DIALECT_ARENA_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ArenaIO : Pass<"arena-io", "::mlir::ModuleOp"> {
  let summary = "makes inputs and outputs buffers of the arena";
  let description = [{
    Each parameter of a bufferized graph function gets a `memref.alloc` that
    stands for it, with its number in the attribute `arena.arguments`. Passes
    behind this one treat it as any other buffer, but for its life: an input is
    there from the beginning, until nothing reads it any more, an output until the
    end. Two of them become one where a kernel works in place.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def ArenaAssign : Pass<"arena-assign", "::mlir::ModuleOp"> {
  let summary = "gives every buffer of the graph function a place in the arena";
  let description = [{
    The lifetime of a `memref.alloc` of the graph function reaches from the first
    to the last launch (or copy) that touches it, through any reshape. The planner
    (dlc/MemoryPlanning) gives each an offset; the allocs become `arena.slot`s of
    the new `arena.layout @arena`, and what refers to them becomes `arena.view`s.
    A program without buffers gets an empty layout. Several graph functions share
    one layout that is as large as the largest of them needs; `arena.bytes` on
    each says what it needs. A parameter of the function that the arena holds (see
    `arena-io`) names its slot in the attribute `arena.slot`.
  }];
  let dependentDialects = ["::dlc::arena::ArenaDialect"];
  let options = [
    Option<"alignment", "alignment", "int64_t", "64",
           "What offsets are multiples of, in bytes">,
    Option<"workLimit", "work-limit", "uint64_t", "50000000",
           "Steps after which the search for a smaller layout stops">];
}

def ArenaVerify : Pass<"arena-verify", "::mlir::ModuleOp"> {
  let summary = "proves that the graph function keeps to its layout";
  let description = [{
    What the verifiers of single operations cannot see:

    - (V1) Every use of a slot lies within the slot's lifetime.
    - (V2) No launch or copy gets memory that it writes through two operands
      that share bytes, but for pairs in the attribute `arena.inplace` of a
      launch.
    - (V3) Nothing writes a constant or an input of the program.
    - (V4) Nothing reads a slot or an output before it was written.
    - (V5) Nothing is allocated.
    - (V6) A slot that is an input lives from the beginning, one that is an output
      until the end, and the function uses no parameter that has a slot.
  }];
}

#endif // DLC_DIALECT_ARENA_TRANSFORMS_PASSES_TD
