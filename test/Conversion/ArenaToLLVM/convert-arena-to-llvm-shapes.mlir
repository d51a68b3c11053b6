// RUN: dlc-opt %s -convert-arena-to-llvm | FileCheck %s

// Each graph function becomes an entry; they share what they call.

arena.layout @arena {alignment = 64 : i64, lower_bound = 32 : i64, size = 32 : i64} {
  arena.slot @s0 {first = 0 : i64, last = 1 : i64, offset = 0 : i64, size = 16 : i64}
  arena.slot @s1 {first = 2 : i64, last = 3 : i64, offset = 0 : i64, size = 32 : i64}
}
arena.constant_pool @weights {alignment = 4096 : i64, size = 16 : i64} {
  arena.constant @w0 {offset = 0 : i64, value = dense<1.0> : tensor<4xf32>}
}
llvm.func @small(%args: !llvm.ptr, %begin: i64, %end: i64) attributes {dispatch.items = 4 : i64} { llvm.return }
llvm.func @large(%args: !llvm.ptr, %begin: i64, %end: i64) attributes {dispatch.items = 8 : i64} { llvm.return }

// CHECK: llvm.mlir.global external constant @dlc_weights()
// CHECK-NOT: llvm.mlir.global
// CHECK: llvm.func internal @dlc_launch(
// CHECK-NOT: @dlc_launch(%{{.*}}: !llvm.ptr
// CHECK: llvm.func @dlc_entry(
// CHECK-SAME: arena.bytes = 16 : i64, dispatch.launches = [{kernel = "small", name = "", shapes = "f32[4], f32[4] -> f32[4]"}], dlc.dims = "n=4", dlc.inputs = [{type = tensor<4xf32>}], dlc.outputs = [{type = tensor<4xf32>}]}
// CHECK: llvm.alloca
// CHECK: llvm.mlir.addressof @dlc_weights
// CHECK: llvm.mlir.addressof @small
// CHECK: llvm.func @dlc_entry_1(
// CHECK-SAME: arena.bytes = 32 : i64, dispatch.launches = [{kernel = "large", name = "", shapes = "f32[8], f32[4] -> f32[8]"}], dlc.dims = "n=8", dlc.inputs = [{type = tensor<8xf32>}]
// CHECK: llvm.alloca
// CHECK: llvm.mlir.addressof @dlc_weights
// CHECK: llvm.mlir.addressof @large
func.func @main(%x: memref<4xf32>, %y: memref<4xf32> {dlc.output}) attributes {dlc.dims = "n=4", arena.bytes = 16 : i64} {
  %0 = arena.view @arena::@s0 : memref<4xf32>
  %w = arena.constant_view @weights::@w0 : memref<4xf32>
  dispatch.launch @small ins(%x, %w : memref<4xf32>, memref<4xf32>) outs(%0 : memref<4xf32>)
  memref.copy %0, %y : memref<4xf32> to memref<4xf32>
  return
}
func.func @main_1(%x: memref<8xf32>, %y: memref<8xf32> {dlc.output}) attributes {dlc.dims = "n=8", arena.bytes = 32 : i64} {
  %0 = arena.view @arena::@s1 : memref<8xf32>
  %w = arena.constant_view @weights::@w0 : memref<4xf32>
  dispatch.launch @large ins(%x, %w : memref<8xf32>, memref<4xf32>) outs(%0 : memref<8xf32>)
  memref.copy %0, %y : memref<8xf32> to memref<8xf32>
  return
}
