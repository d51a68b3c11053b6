//===- Passes.td - Passes that belong to no single level --*- tablegen -*-===//

#ifndef DLC_PIPELINES_PASSES_TD
#define DLC_PIPELINES_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyLevel : Pass<"dlc-verify-level", "::mlir::ModuleOp"> {
  let summary = "the gate between two phases: nothing illegal is left";
  let description = [{
    Fails at the first operation that does not belong to the level, and names
    the operation, the level and the reason. What is legal:

    | level | the graph function | kernels |
    |---|---|---|
    | `nn` | `nn` | none |
    | `linalg` | `linalg`, `tensor`, `arith`, `math` | none |
    | `dispatch` | constants, `tensor.empty`, reshapes, `dispatch.launch` | `linalg`, `tensor`, `arith`, `math` |
    | `scheduled` | the same | `scf`, `vector`, `memref`, `arith`, `math`, no tensors |
    | `arena` | `arena`, `dispatch.launch` on memrefs | the same |
    | `llvm` | `llvm`, `arena.constant_pool` | `llvm` |

    All shapes are static at every level.
  }];
  let options = [
    Option<"level", "level", "std::string", /*default=*/"",
           "nn, linalg, dispatch, scheduled, arena or llvm">
  ];
}

#endif // DLC_PIPELINES_PASSES_TD
