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
    | `arena` | `arena`, `dispatch.launch` on memrefs, copies | the same |
    | `llvm` | `llvm`, `arena.constant_pool` | `llvm` |

    For `target=cuda` kernels may use `gpu`, `nvgpu` and `nvvm` from level
    `scheduled` on. At level `llvm` they are `llvm.func` in a `gpu.module`, and the
    graph function stays: `arena`, copies, `gpu.launch_func` with constant sizes.
    The emitter makes the program's launch table from it.

    All shapes are static at every level. There is one graph function for each
    combination of sizes that the program was compiled for.
  }];
  let options = [
    Option<"level", "level", "std::string", /*default=*/"",
           "nn, linalg, dispatch, scheduled, arena or llvm">,
    Option<"target", "target", "std::string", /*default=*/"\"host\"",
           "host or cuda">
  ];
}

def EvaluateConstants : Pass<"evaluate-constants", "::mlir::ModuleOp"> {
  let summary = "runs at compile time what only depends on constants";
  let description = [{
    Every `dispatch.launch` on tensors whose operands are constants is compiled
    through the remaining phases, for the machine that compiles, and run; its
    results become constants. Packing of weights ends up here, and whatever else
    the model computes from weights alone. All kernels are compiled as one module.
    What several graph functions compute from the same constants is computed once.

    Results are the same on every machine with AVX2, since the kernels are
    compiled for x86-64-v3 whatever `--cpu` says. The data of constants that have
    no more uses are freed at once, so that large weights exist only once.

    Left to the program are launches whose results are more than four times as
    large as their inputs (and 1 MB), and those whose results a launch of the
    program writes into.
  }];
  let options = [
    Option<"keepData", "keep-data", "bool", /*default=*/"false",
           "do not free the data of dead constants: other modules use them, too">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let statistics = [Statistic<"numEvaluated", "num-evaluated",
                              "Launches evaluated at compile time">];
}

def ShareConstants : Pass<"share-constants", "::mlir::ModuleOp"> {
  let summary = "constants of equal bytes are one";
  let description = [{
    Resources of the same type and contents become one attribute, so that what is
    computed from them is computed once. The data of the others are freed. Models
    repeat weights, and the graph functions of several shapes have the same ones.
  }];
  let options = [
    Option<"keepData", "keep-data", "bool", /*default=*/"false",
           "do not free the data of dead constants: other modules use them, too">
  ];
  let statistics = [Statistic<"numShared", "num-shared",
                              "Constants that others stand for">];
}

def FitMemory : Pass<"fit-memory", "::mlir::ModuleOp"> {
  let summary = "changes the graph until it fits a budget of memory";
  let description = [{
    Runs behind `dispatch-prepare`. Works out on copies of the graph which kernels
    there will be, in which order they run and how many bytes are alive at each of
    them (kernels' own scratch is not known yet). While that is more than the
    budget, it looks at what holds the peak and tries

    - to compute a chain of ops through it in bands (`dispatch-tile-chains`),
    - to compute a cheap value that only waits at the peak again behind it
      (`dispatch-recompute`),
    - not to fuse ops of a kernel that reads what holds the peak (`dispatch.unfused`).

    Of the changes that help most (within a tenth: bytes over the budget times
    the time of a launch, summed over all launches), the cheapest one in operations, bytes and launches is made; of
    those after which everything fits, the cheapest of all. It ends when
    the graph fits or nothing helps. The attribute `dispatch.fitted` of the module
    lists what was done. The result depends on graph and budget only. Nothing is
    changed if the graph fits. `docs/RationaleArena.md` gives the reasons.
  }];
  let options = [
    Option<"budget", "budget", "int64_t", /*default=*/"0",
           "bytes that buffers may take at a time">,
    Option<"workLimit", "work-limit", "uint64_t", /*default=*/"10000",
           "launches in all graphs tried after which the search ends">,
    Option<"attention", "attention", "bool", /*default=*/"false",
           "what dispatch-form-regions will be run with">,
    Option<"attentionScratch", "attention-scratch", "int64_t", /*default=*/"0",
           "what dispatch-form-regions will be run with">
  ];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect",
                           "::mlir::memref::MemRefDialect"];
}

#endif // DLC_PIPELINES_PASSES_TD
