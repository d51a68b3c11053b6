// RUN: dlc-opt %s -arena-bufferize | FileCheck %s --check-prefix=BUFFERS
// RUN: dlc-opt %s -arena-bufferize -arena-loops -arena-assign -arena-verify | FileCheck %s

// A state has two buffers, the result and a spare one; what the body itself
// needs is a buffer that lives at the loop only.

// BUFFERS-LABEL: func.func @main(
// BUFFERS-SAME:    %[[H:.*]]: memref<4xf32>, %[[X:.*]]: memref<3x4xf32>, %[[Y:.*]]: memref<4xf32> {dlc.output})
// BUFFERS:         %[[A:.*]] = memref.alloc() : memref<4xf32>
// BUFFERS:         dispatch.launch @neg ins(%[[H]] : memref<4xf32>) outs(%[[A]] : memref<4xf32>)
// BUFFERS:         %[[S:.*]] = memref.alloc() : memref<3x4xf32>
// BUFFERS:         %[[T:.*]] = memref.alloc() : memref<4xf32>
// BUFFERS:         dispatch.loop @body 3 carried(%[[A]] : memref<4xf32>) sliced(%[[X]] : memref<3x4xf32>) outs(%[[Y]], %[[S]] : memref<4xf32>, memref<3x4xf32>) spares(%[[T]] : memref<4xf32>)
// BUFFERS:       func.func private @body(%{{.*}}: memref<4xf32>, %{{.*}}: memref<4xf32>, %{{.*}}: memref<4xf32> {dlc.output}, %{{.*}}: memref<4xf32> {dlc.output})

// CHECK:       arena.layout @arena {alignment = 64 : i64, lower_bound = 96 : i64, size = 208 : i64} {
// CHECK-COUNT-3: first = {{[01]}} : i64, last = 1 : i64
// CHECK:       arena.layout @body_arena {alignment = 64 : i64, lower_bound = 16 : i64, size = 16 : i64} {
// CHECK-LABEL: func.func @main(
// CHECK:         dispatch.loop @body 3 {{.*}} scratch(%{{.*}} : memref<16xi8>)
// CHECK:       func.func private @body(
// CHECK:         arena.view @body_arena::@s0 : memref<4xf32>
dispatch.kernel @neg(%a: memref<4xf32>, %o: memref<4xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @add(%a: memref<4xf32>, %b: memref<4xf32>, %o: memref<4xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

func.func @main(%h: tensor<4xf32>, %x: tensor<3x4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %0 = dispatch.launch @neg ins(%h : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %r:2 = dispatch.loop @body 3 carried(%0 : tensor<4xf32>) sliced(%x : tensor<3x4xf32>)
      {reversed = array<i1: false>, stacked_reversed = array<i1: false>} -> tensor<4xf32>, tensor<3x4xf32>
  return %r#0 : tensor<4xf32>
}
func.func private @body(%h: tensor<4xf32>, %x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %0 = dispatch.launch @neg ins(%h : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %1 = dispatch.launch @add ins(%0, %x : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %2 = dispatch.launch @add ins(%0, %1 : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %1, %2 : tensor<4xf32>, tensor<4xf32>
}
