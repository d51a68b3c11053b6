// y = 2 * (x + w), s = x + w, written by hand at level llvm for cuda: two kernels,
// one of them launched with dynamic shared memory above 48 KiB, and a copy.
module attributes {gpu.container_module} {
  arena.layout @arena {alignment = 64 : i64, lower_bound = 4096 : i64, size = 4096 : i64} {
    arena.slot @t {first = 0 : i64, last = 2 : i64, offset = 0 : i64, size = 4096 : i64}
  }
  arena.constant_pool @weights {alignment = 4096 : i64, size = 4160 : i64} {
    arena.constant @unused {offset = 0 : i64, value = dense<7.0> : tensor<1xf32>}
    arena.constant @w {offset = 64 : i64, value = dense<0.5> : tensor<1024xf32>}
  }
  gpu.module @dlc_kernels {
    llvm.func @add(%x: !llvm.ptr<1>, %w: !llvm.ptr<1>, %o: !llvm.ptr<1>) attributes {gpu.kernel, nvvm.kernel} {
      %b = nvvm.read.ptx.sreg.ctaid.x : i32
      %t = nvvm.read.ptx.sreg.tid.x : i32
      %n = nvvm.read.ptx.sreg.ntid.x : i32
      %0 = llvm.mul %b, %n : i32
      %i = llvm.add %0, %t : i32
      %px = llvm.getelementptr %x[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      %pw = llvm.getelementptr %w[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      %po = llvm.getelementptr %o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      %vx = llvm.load %px : !llvm.ptr<1> -> f32
      %vw = llvm.load %pw : !llvm.ptr<1> -> f32
      %v = llvm.fadd %vx, %vw : f32
      llvm.store %v, %po : f32, !llvm.ptr<1>
      llvm.return
    }
    llvm.mlir.global external @shared() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<0 x f32>
    llvm.func @twice(%x: !llvm.ptr<1>, %o: !llvm.ptr<1>) attributes {gpu.kernel, nvvm.kernel} {
      %s = llvm.mlir.addressof @shared : !llvm.ptr<3>
      %i = nvvm.read.ptx.sreg.tid.x : i32
      %px = llvm.getelementptr %x[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      %po = llvm.getelementptr %o[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      // Through the far end of the shared memory, the neighbour's element.
      %c16383 = llvm.mlir.constant(16383 : i32) : i32
      %k = llvm.sub %c16383, %i : i32
      %ps = llvm.getelementptr %s[%k] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      %vx = llvm.load %px : !llvm.ptr<1> -> f32
      llvm.store %vx, %ps : f32, !llvm.ptr<3>
      nvvm.barrier0
      %vs = llvm.load %ps : !llvm.ptr<3> -> f32
      %v = llvm.fadd %vs, %vx : f32
      llvm.store %v, %po : f32, !llvm.ptr<1>
      llvm.return
    }
  }
  func.func @main(%x: memref<32x32xf32> {dlc.name = "x"},
                  %y: memref<1024xf32> {dlc.name = "y", dlc.output}, %s: memref<32x32xf32> {dlc.name = "s", dlc.output}) {
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %c128 = arith.constant 128 : index
    %c1024 = arith.constant 1024 : index
    %bytes = arith.constant 65536 : i32
    %w = arena.constant_view @weights::@w : memref<1024xf32>
    %t = arena.view @arena::@t : memref<32x32xf32>
    %flat = memref.collapse_shape %t [[0, 1]] : memref<32x32xf32> into memref<1024xf32>
    gpu.launch_func @dlc_kernels::@add blocks in (%c8, %c1, %c1) threads in (%c128, %c1, %c1)
        args(%x : memref<32x32xf32>, %w : memref<1024xf32>, %t : memref<32x32xf32>)
    gpu.launch_func @dlc_kernels::@twice blocks in (%c1, %c1, %c1) threads in (%c1024, %c1, %c1)
        dynamic_shared_memory_size %bytes args(%flat : memref<1024xf32>, %y : memref<1024xf32>)
    memref.copy %t, %s : memref<32x32xf32> to memref<32x32xf32>
    return
  }
}
