//===- Passes.td - ScheduleHost passes ---------------------*- tablegen -*-===//

#ifndef DLC_SCHEDULE_HOST_PASSES_TD
#define DLC_SCHEDULE_HOST_PASSES_TD

include "mlir/Pass/PassBase.td"

def HostApplySchedulesPass
    : Pass<"host-apply-schedules", "::mlir::ModuleOp"> {
  let summary = "schedule kernels as a file of transform sequences says";
  let description = [{
    Each public `transform.named_sequence` of the file is for the kernels whose
    name matches its own, a pattern with `*` and `?`; the first one that matches
    counts. It gets the `dispatch.kernel` on tensors. What it leaves is
    bufferized and becomes a scheduled kernel, which `host-schedule-kernels` and
    `host-pack-operands` leave alone. The iterations of its outermost
    `scf.forall` are the work items; outside of it nothing may be computed, and
    inside memory is on the stack, so everything else is to be fused into it.
    Operations that were not vectorised become scalar loops.
  }];
  let options = [
    Option<"file", "file", "std::string", "\"\"",
           "MLIR with the sequences">
  ];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::transform::TransformDialect",
                           "::mlir::vector::VectorDialect"];
}

def HostApplyTuningPass
    : Pass<"host-apply-tuning", "::mlir::ModuleOp"> {
  let summary = "note which register tiles were measured to be fastest";
  let description = [{
    Reads a table that `dlc --tune` wrote. Each kernel on tensors that computes
    what one of the table does gets the attribute `dispatch.tile`, which
    `host-pack-operands` and `host-schedule-kernels` follow.
  }];
  let options = [
    Option<"file", "file", "std::string", "\"\"", "the table">,
    Option<"cpu", "cpu", "std::string", "\"native\"",
           "the CPU that kernels are generated for">
  ];
}

def HostPackOperandsPass
    : Pass<"host-pack-operands", "::mlir::ModuleOp"> {
  let summary = "give operands of contractions the layout their kernel reads";
  let description = [{
    A contraction's kernel reads one operand as vectors. This pass gives that
    operand a packed layout, `[other parallel loops][N/NT][reduction loops][NT]`
    with the last panel padded with zeros, in which the innermost loop of the
    kernel reads consecutive addresses: the kernel's argument becomes the packed
    tensor, read through `n floordiv NT` and `n mod NT`, and each launch of it
    gets the result of a launch of a packing kernel. Packing of weights is later
    evaluated at compile time. Operands that are computed by the program are
    packed only where the kernel would have to gather them.

    Panels are as wide as the register tile. A kernel with an attribute
    `dispatch.tile` has the one that this wants (rows, vectors), if it can.
  }];
  let options = [
    Option<"cpu", "cpu", "std::string", "\"native\"",
           "the CPU that kernels are generated for">,
    Option<"listTiles", "list-tiles", "bool", "false",
           "note in `dispatch.tiles` which register tiles a kernel may have">
  ];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect",
                           "::dlc::dispatch::DispatchDialect"];
}

def HostScheduleKernelsPass
    : Pass<"host-schedule-kernels", "::mlir::ModuleOp"> {
  let summary = "turn kernels on tensors into vectorised loops on memrefs";
  let description = [{
    Every `dispatch.kernel` on tensors becomes one on memrefs, whose body is at
    most one `scf.forall` over independent work items with loops of vector
    operations inside. All accesses of structured operations are linear in the
    loops, so that one mechanism serves contractions, convolutions, windows,
    reductions, element-wise operations and data movement: pick the loop to
    vectorise and the loop to unroll into a register tile by cost, keep the
    accumulators in registers over all reduction loops, apply what follows the
    reduction to the registers, store. Remainders get code of their own with
    static sizes, the last vector is masked.
  }];
  let options = [
    Option<"cpu", "cpu", "std::string", "\"native\"",
           "the CPU that kernels are generated for">,
    Option<"vectorize", "vectorize", "bool", "true",
           "loops get vectors and register tiles">,
    Option<"listTiles", "list-tiles", "bool", "false",
           "note in `dispatch.tiles` which register tiles a kernel may have">
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // DLC_SCHEDULE_HOST_PASSES_TD
