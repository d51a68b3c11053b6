// RUN: dlc-opt %s --split-input-file --convert-dispatch-to-gpu --verify-diagnostics | FileCheck %s

// Launches become functions with the arguments they use; what was computed from
// arguments outside moves inside. The graph launches them in order.

// CHECK: module attributes {gpu.container_module}
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: memref<4x8xf32>, %[[Y:.*]]: memref<4x8xf32>, %[[S:.*]]: memref<4xf32>)
// CHECK-SAME: dispatch.launches = [{kernel = "k", name = "node (Op)", shapes = "f32[4,8] -> f32[4,8], f32[4]", work = array<i64: 5, 6, 7>}]
// CHECK-NOT: dispatch.launch @
// CHECK: gpu.launch_func @dlc_kernels::@k blocks in (%c2, %c1{{[_0-9]*}}, %c1{{[_0-9]*}}) threads in (%c32, %c1{{[_0-9]*}}, %c1{{[_0-9]*}}) args(%[[X]] : memref<4x8xf32>, %[[S]] : memref<4xf32>) {dispatch.launch = 0 : i64}
// CHECK: gpu.launch_func @dlc_kernels::@k_0 blocks in (%c1{{[_0-9]*}}, %c1{{[_0-9]*}}, %c1{{[_0-9]*}}) threads in (%c64, %c1{{[_0-9]*}}, %c1{{[_0-9]*}}) dynamic_shared_memory_size %c50000_i32 args(%[[Y]] : memref<4x8xf32>, %[[S]] : memref<4xf32>) {dispatch.launch = 0 : i64}
// CHECK: gpu.module @dlc_kernels
// CHECK: gpu.func @k(%[[A:.*]]: memref<4x8xf32> {llvm.align = 16 : i64, llvm.readonly}, %[[B:.*]]: memref<4xf32> {llvm.align = 16 : i64, llvm.noalias})
// CHECK-SAME: workgroup(%[[W:.*]] : memref<32xf32, #gpu.address_space<workgroup>>)
// CHECK-SAME: kernel attributes {known_block_size = array<i32: 32, 1, 1>, known_grid_size = array<i32: 2, 1, 1>}
// CHECK: %[[BLOCK:.*]] = gpu.block_id x
// CHECK: %[[FLAT:.*]] = memref.collapse_shape %[[A]]
// CHECK: %[[V:.*]] = memref.load %[[FLAT]][%[[BLOCK]]]
// CHECK: memref.store %[[V]], %[[W]]
// CHECK: gpu.return
// CHECK: gpu.func @k_0
// CHECK-NOT: dispatch.kernel
func.func @main(%x: memref<4x8xf32>, %y: memref<4x8xf32>, %s: memref<4xf32>) {
  dispatch.launch @k ins(%x : memref<4x8xf32>) outs(%y, %s : memref<4x8xf32>, memref<4xf32>) loc("node (Op)")
  return
}
dispatch.kernel @k(%x: memref<4x8xf32>, %y: memref<4x8xf32>, %s: memref<4xf32>) attributes {num_outs = 2 : i64, inplace = [[0, 0]], dispatch.work = array<i64: 5, 6, 7>} {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %bytes = arith.constant 50000 : i32
  %flat = memref.collapse_shape %x [[0, 1]] : memref<4x8xf32> into memref<32xf32>
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c2, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c32, %sy = %c1, %sz = %c1) workgroup(%w : memref<32xf32, #gpu.address_space<workgroup>>) {
    %v = memref.load %flat[%bx] : memref<32xf32>
    memref.store %v, %w[%tx] : memref<32xf32, #gpu.address_space<workgroup>>
    memref.store %v, %s[%bx] : memref<4xf32>
    gpu.terminator
  }
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %c1, %gy = %c1, %gz = %c1) threads(%tx, %ty, %tz) in (%sx = %c64, %sy = %c1, %sz = %c1) dynamic_shared_memory_size %bytes {
    %v = memref.load %s[%bx] : memref<4xf32>
    memref.store %v, %y[%bx, %bx] : memref<4x8xf32>
    gpu.terminator
  }
  dispatch.return
}

// -----

func.func @main(%x: memref<4xf32>) {
  dispatch.launch @outside outs(%x : memref<4xf32>)
  return
}
dispatch.kernel @outside(%x: memref<4xf32>) attributes {num_outs = 1 : i64} {
  %c0 = arith.constant 0 : index
  %z = arith.constant 0.0 : f32
  // expected-error @+1 {{is outside of the gpu.launches of kernel 'outside'}}
  memref.store %z, %x[%c0] : memref<4xf32>
  dispatch.return
}
