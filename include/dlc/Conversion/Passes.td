//===- Passes.td - Conversion passes ------------------------------*- tablegen -*-===//

#ifndef DLC_CONVERSION_PASSES_TD
#define DLC_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertDispatchToLLVM : Pass<"convert-dispatch-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Scheduled kernels become functions over a range of work items";
  let description = [{
    Every scheduled `dispatch.kernel` becomes

    ```mlir
    llvm.func @kernel(%args: !llvm.ptr, %begin: i64, %end: i64)
    ```

    with the attribute `dispatch.items`. `%args` points to one pointer for each
    argument of the kernel; the top-level `scf.forall` becomes a loop over the
    work items [begin, end), numbered with the last dimension fastest. What is
    outside of it is computed by every call, so it must not write to arguments.
    Allocas move to the function's entry. The rest of the body stays as it is,
    for upstream conversions (see buildKernelLoweringPipeline).
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect",
                           "::mlir::arith::ArithDialect"];
}

def LowerKernelVectors : Pass<"lower-kernel-vectors"> {
  let summary = "Lowers what convert-vector-to-llvm leaves behind or does badly";
  let description = [{
    - `vector.multi_reduction` and `vector.contract` that the scheduler left,
    - 2-D transposes of 16x16 (and 8x8) elements by shuffles, others by elements,
    - rounding divisions, and conversions from and to bf16 (a library call in LLVM),
    - `arith.maximumf`/`minimumf` and reductions with them get `nsz`: the order of
      -0 and +0 means nothing to a network, and costs three instructions each on x86.
  }];
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::ub::UBDialect"];
}

def AnnotateKernelAliases : Pass<"annotate-kernel-aliases", "::mlir::LLVM::LLVMFuncOp"> {
  let summary = "Tells LLVM that the arguments of a kernel do not overlap";
  let description = [{
    Loads and stores through the pointers of a kernel's arguments get alias
    scopes, one an argument. Arguments named by the kernel's `inplace` pairs may
    share memory and get none for each other.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // DLC_CONVERSION_PASSES_TD
