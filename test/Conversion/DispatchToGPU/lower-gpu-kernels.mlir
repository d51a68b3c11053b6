// RUN: dlc-opt %s --split-input-file --pass-pipeline="builtin.module(gpu.module(lower-gpu-kernels,reconcile-unrealized-casts))" | FileCheck %s

// Bare pointers, 32-bit indices, whole vectors, instructions instead of calls.

// CHECK-LABEL: gpu.module @dlc_kernels
// CHECK-NOT: __nv_exp2f
// CHECK: llvm.mlir.global internal @{{.*}}() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<8 x f32>
// CHECK: llvm.func @k(%[[X:.*]]: !llvm.ptr {llvm.align = 16 : i64, llvm.noalias, llvm.readonly}, %[[Y:.*]]: !llvm.ptr {llvm.align = 16 : i64, llvm.noalias}, %{{.*}}: !llvm.ptr)
// CHECK-SAME: nvvm.kernel
// CHECK-SAME: nvvm.maxntid = array<i32: 32, 1, 1>
// CHECK-NOT: i64
// CHECK: nvvm.read.ptx.sreg.tid.x
// CHECK: llvm.load %{{.*}} {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK: llvm.intr.exp2
// CHECK: llvm.intr.maximum
// CHECK: llvm.call @__nv_exp(%{{.*}}) : (f64) -> f64
// CHECK: nvvm.barrier
// CHECK: llvm.return
gpu.module @dlc_kernels {
  gpu.func @k(%x: memref<64xf32> {llvm.align = 16 : i64, llvm.noalias, llvm.readonly}, %y: memref<64xf32> {llvm.align = 16 : i64, llvm.noalias}, %d: memref<4xf64>) workgroup(%w: memref<8xf32, #gpu.address_space<workgroup>>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %c4 = arith.constant 4 : index
    %zero = arith.constant 0.0 : f32
    %t = gpu.thread_id x
    %i = arith.muli %t, %c4 : index
    %v = vector.load %x[%i] : memref<64xf32>, vector<4xf32>
    %e = vector.extract %v[0] : f32 from vector<4xf32>
    %p = math.exp2 %e : f32
    %m = arith.maximumf %p, %zero : f32
    %a = memref.load %d[%t] : memref<4xf64>
    %b = math.exp %a : f64
    memref.store %b, %d[%t] : memref<4xf64>
    memref.store %m, %w[%t] : memref<8xf32, #gpu.address_space<workgroup>>
    gpu.barrier
    memref.store %m, %y[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

// Dynamic shared memory has an address that the linker does not give away
// twice; large buffers need wide indices.

// CHECK: llvm.mlir.global external @__dynamic_shmem__{{.*}}() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
// CHECK: llvm.func @large
// CHECK: llvm.sext %{{.*}} : i32 to i64
gpu.module @dlc_kernels {
  gpu.func @large(%x: memref<4294967296xi8>) kernel {
    %s = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
    %t = gpu.thread_id x
    %v = memref.load %x[%t] : memref<4294967296xi8>
    memref.store %v, %s[%t] : memref<?xi8, #gpu.address_space<workgroup>>
    gpu.return
  }
}
