//===- Passes.td - ScheduleHost passes ---------------------*- tablegen -*-===//

#ifndef DLC_SCHEDULE_HOST_PASSES_TD
#define DLC_SCHEDULE_HOST_PASSES_TD

include "mlir/Pass/PassBase.td"

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
  }];
  let options = [
    Option<"cpu", "cpu", "std::string", "\"native\"",
           "the CPU that kernels are generated for">
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
           "the CPU that kernels are generated for">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // DLC_SCHEDULE_HOST_PASSES_TD
