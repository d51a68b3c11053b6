//===- Passes.td - ScheduleCUDA passes ---------------------*- tablegen -*-===//

#ifndef DLC_SCHEDULE_CUDA_PASSES_TD
#define DLC_SCHEDULE_CUDA_PASSES_TD

include "mlir/Pass/PassBase.td"

def CudaScheduleKernelsPass
    : Pass<"cuda-schedule-kernels", "::mlir::ModuleOp"> {
  let summary = "turn kernels on tensors into launches of GPU kernels";
  let description = [{
    Every `dispatch.kernel` on tensors becomes one on memrefs, whose body is one
    or more `gpu.launch` with constant grid and block sizes, which run one after
    the other. Accesses are linear in the loops, as for the host
    (docs/RationaleScheduleCUDA.md); the shapes of the loop nests choose between

    - a tile of a few outputs a thread, for element-wise operations, data
      movement, windows and everything that fits nothing else,
    - a warp or a block for each output or row, for reductions and chains of
      reductions (softmax, layer normalisation), with shuffles,
    - block tiles in shared memory for contractions.

    What several launches of a kernel hand on to each other in global memory
    becomes a further operand in the `outs` of the kernel and of all its launches,
    so that it is planned like any other buffer.
  }];
  let options = [
    Option<"arch", "arch", "std::string", "\"sm_80\"",
           "the GPU that kernels are generated for">,
    Option<"precision", "precision", "std::string", "\"f32\"",
           "what f32 products may be rounded to: f32 (not at all), tf32, f16, bf16">,
    Option<"maxPartialBytes", "max-partial-bytes", "int64_t", "-1",
           "bytes of partial results that a contraction may keep in memory (negative: as many as it likes)">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::gpu::GPUDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::nvgpu::NVGPUDialect",
                           "::mlir::NVVM::NVVMDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // DLC_SCHEDULE_CUDA_PASSES_TD
