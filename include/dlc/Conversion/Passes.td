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
    - rounding divisions, and conversions from and to bf16 (a library call in LLVM);
      bf16 that is only moved moves as i16 (LLVM would round it by that call again),
    - `arith.maximumf`/`minimumf` and reductions with them get `nsz`: the order of
      -0 and +0 means nothing to a network, and costs three instructions each on x86.
  }];
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::ub::UBDialect",
                           "::mlir::LLVM::LLVMDialect"];
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

def ConvertDispatchToGPU : Pass<"convert-dispatch-to-gpu", "::mlir::ModuleOp"> {
  let summary = "Kernels that are gpu.launches become functions of a gpu.module";
  let description = [{
    Every `gpu.launch` in a scheduled `dispatch.kernel` becomes a `gpu.func` of the
    module `@dlc_kernels`, named after its kernel (`@k`, `@k_1`, …). Its arguments
    are those of the kernel that it uses, in their order; they carry what is known
    of aliasing (`llvm.noalias`, `llvm.readonly`) and alignment. Every
    `dispatch.launch` becomes the `gpu.launch_func`s of its kernel, in order, with
    constant sizes. The rest of the graph function stays as it is.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def LowerGPUKernels : Pass<"lower-gpu-kernels", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Lowers the bodies of GPU kernels to LLVM and NVVM";
  let description = [{
    Every `gpu.func` becomes an `llvm.func` with the attribute `nvvm.kernel`, whose
    arguments are one bare pointer for each memref. All upstream conversions run
    as one, with 32-bit indices where no memref has 2^31 elements or more. Dynamic
    shared memory becomes an external symbol: an internal one of size zero may be
    placed over other shared memory. Functions of `math` without an instruction
    become calls of libdevice. Structured control flow must be gone.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

def OutlineLoops : Pass<"outline-loops", "::mlir::ModuleOp"> {
  let summary = "The bodies of nn.loop become functions";
  let description = [{
    Every `nn.loop` becomes a `dispatch.loop`, and its body a private function
    behind the graph functions, which all passes below treat like these. What is
    invariant and computed from constants alone is computed in the body: it is
    evaluated at the end of compilation like every other constant, and kernels may
    choose its layout. Slices whose size is no multiple of 16 bytes get padded, so
    that kernels for GPUs can read them in vectors.
  }];
  let dependentDialects = ["::dlc::dispatch::DispatchDialect",
                           "::mlir::func::FuncDialect"];
}

def ConvertNNToLinalg : Pass<"convert-nn-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lowers nn operations to linalg on tensors";
  let description = [{
    Every nn operation becomes `linalg.generic` over its exact iteration space,
    `tensor` ops that move data, and scalar `arith` and `math` in the bodies.

    - Broadcasts and transposes are indexing maps. Padding of convolutions and
      pools is one `tensor.pad` in front; the windows index the padded tensor.
    - i1 is stored as i8 holding 0 or 1, i4 and ui4 as one i8 an element, uiN as iN.
      Arguments and results of functions remember their type in the attribute
      `dlc.type`.
    - f16 and bf16 are computed and summed in f32.
    - No loop nest is empty: a result without elements is a `tensor.empty`, a
      reduction over nothing its neutral element.
    - No body has undefined behaviour: integer division by zero gives 0, casts of
      floats that do not fit give the least integer, indices are clamped.

    Example:
    ```mlir
    %r = nn.relu %x : (tensor<4xf32>) -> tensor<4xf32>
    ```
    becomes
    ```mlir
    %e = tensor.empty() : tensor<4xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                         iterator_types = ["parallel"]}
        ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %zero = arith.constant 0.0 : f32
      %max = arith.maximumf %in, %zero : f32
      linalg.yield %max : f32
    } -> tensor<4xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"
  ];
}

def ArenaBufferize : Pass<"arena-bufferize", "::mlir::ModuleOp"> {
  let summary = "puts the graph function on buffers";
  let description = [{
    The graph function (constants, empty tensors, reshapes and launches of
    kernels) becomes a function on memrefs: results turn into output parameters
    (attribute `dlc.output`), constants into an `arena.constant_pool` that holds
    equal ones once, and every other value that needs memory into a
    `memref.alloc`. Reshapes are free. A launch writes into the buffer of its
    `outs` operand, so chains of launches that fill one buffer stay in place; where
    the old contents are still needed, or are an input or a constant, a
    `memref.copy` comes first; but launches without inputs (the zeroed border of a
    padded tensor) are repeated for each launch that continues their buffer. Values that are returned are computed in the output
    parameter, if they are not also an input, a constant or another result.
  }];
  let dependentDialects = ["::dlc::arena::ArenaDialect",
                           "::mlir::memref::MemRefDialect"];
}

def ArenaLoops : Pass<"arena-loops", "::mlir::ModuleOp"> {
  let summary = "plans the memory of the bodies of loops";
  let description = [{
    The buffers of a loop's body live for one iteration: they get a layout of their
    own (`@<body>_arena`), inner loops first, and each `dispatch.loop` a buffer of
    this size, its `scratch`, which lives at that step of the calling function
    only. So the memory of a loop is planned like that of a kernel's result, and the
    passes behind this one know its size. The steps of bodies are ordered, and work in
    place, as `arena-order` and `arena-inplace` do it for graphs.
  }];
  let options = [
    Option<"workLimit", "work-limit", "uint64_t", "1000000",
           "Steps tried for the order of a body after which the search stops">];
  let dependentDialects = ["::dlc::arena::ArenaDialect",
                           "::mlir::memref::MemRefDialect"];
}

def ArenaOrder : Pass<"arena-order", "::mlir::ModuleOp"> {
  let summary = "runs launches in the order that needs least memory";
  let description = [{
    Launches, copies and loops of the graph function are moved, within what their
    reads and writes of memory allow, so that the largest sum of bytes alive at one
    of them gets smaller: for example branches one after the other instead of side by
    side. Buffers that a kernel may work on in place count once. The order stays as it
    is unless another one needs less (dlc/MemoryPlanning/ExecutionOrder.h).
  }];
  let options = [
    Option<"alignment", "alignment", "int64_t", "64",
           "What sizes are rounded up to, in bytes">,
    Option<"workLimit", "work-limit", "uint64_t", "1000000",
           "Steps tried after which the search stops">];
  let statistics = [Statistic<"bytesSaved", "bytes-saved",
                              "Bytes by which the peak is lower">];
}

def ArenaInplace : Pass<"arena-inplace", "::mlir::ModuleOp"> {
  let summary = "lets kernels work in place on buffers that die";
  let description = [{
    A kernel with the attribute `inplace = [[in, out], …]` works when that input
    and that output are the same memory. Where the buffer of such an input is read
    by nothing after a launch, and the launch is the first to write the output's,
    both become one buffer. The launch keeps the pairs in use in its attribute
    `arena.inplace`.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
  let statistics = [Statistic<"numShared", "num-shared",
                              "Outputs that take over the buffer of an input">];
}

def ConvertArenaToLLVM : Pass<"convert-arena-to-llvm", "::mlir::ModuleOp"> {
  let summary = "lowers the graph function to the program's entry";
  let description = [{
    The graph function becomes the `llvm.func @dlc_entry` of
    include/dlc/Runtime/dlc_abi.h: views are addresses in the arena and in the
    external symbol `dlc_weights`, launches fill an array with the addresses of
    their operands and run the kernel's work items through `parallel`, or directly
    where that is null. The kernels must have been lowered to functions with the
    attribute `dispatch.items` (convert-dispatch-to-llvm). Layout and constant
    pool stay for those who write the object files.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // DLC_CONVERSION_PASSES_TD
