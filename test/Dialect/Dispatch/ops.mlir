// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

#id = affine_map<(i) -> (i)>

// CHECK-LABEL: func.func @tensors
func.func @tensors(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  // CHECK: %[[R:.*]] = dispatch.region -> tensor<8xf32> {
  // CHECK:   dispatch.yield %{{.*}} : tensor<8xf32>
  // CHECK: }
  %r = dispatch.region -> tensor<8xf32> {
    %e = tensor.empty() : tensor<8xf32>
    %zero = arith.constant 0.0 : f32
    %0 = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    dispatch.yield %0 : tensor<8xf32>
  }
  %e = tensor.empty() : tensor<8xf32>
  // CHECK: dispatch.launch @copy ins(%[[R]] : tensor<8xf32>) outs(%{{.*}} : tensor<8xf32>) -> tensor<8xf32>
  %0 = dispatch.launch @copy ins(%r : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  // CHECK: %{{.*}} = dispatch.launch @zero outs(%{{.*}} : tensor<8xf32>) -> tensor<8xf32>
  %1 = dispatch.launch @zero outs(%e : tensor<8xf32>) -> tensor<8xf32>
  return %0, %1 : tensor<8xf32>, tensor<8xf32>
}

// CHECK-LABEL: func.func @memrefs
func.func @memrefs(%x: memref<8xf32>, %y: memref<8xf32>) {
  // CHECK: dispatch.launch @scheduled ins(%arg0 : memref<8xf32>) outs(%arg1 : memref<8xf32>)
  dispatch.launch @scheduled ins(%x : memref<8xf32>) outs(%y : memref<8xf32>)
  // The bytes of a kernel that was lowered.
  // CHECK: dispatch.launch @lowered outs(%arg1 : memref<8xf32>)
  dispatch.launch @lowered outs(%y : memref<8xf32>)
  return
}

// CHECK: dispatch.kernel @copy(%{{.*}}: tensor<8xf32>, %{{.*}}: tensor<8xf32>) -> tensor<8xf32> attributes {num_outs = 1 : i64}
// CHECK: dispatch.return %{{.*}} : tensor<8xf32>
dispatch.kernel @copy(%a: tensor<8xf32>, %o: tensor<8xf32>) -> tensor<8xf32> attributes {num_outs = 1 : i64} {
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%a : tensor<8xf32>) outs(%o : tensor<8xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  } -> tensor<8xf32>
  dispatch.return %0 : tensor<8xf32>
}

dispatch.kernel @zero(%o: tensor<8xf32>) -> tensor<8xf32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %0 = linalg.fill ins(%zero : f32) outs(%o : tensor<8xf32>) -> tensor<8xf32>
  dispatch.return %0 : tensor<8xf32>
}

// CHECK: dispatch.kernel @scheduled(%{{.*}}: memref<8xf32>, %{{.*}}: memref<8xf32>) attributes {num_outs = 1 : i64}
// CHECK: dispatch.return
dispatch.kernel @scheduled(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} {
  scf.forall (%i) in (8) {
    %0 = memref.load %a[%i] : memref<8xf32>
    memref.store %0, %o[%i] : memref<8xf32>
  }
  dispatch.return
}

llvm.func @lowered(!llvm.ptr, i64, i64) attributes {dispatch.items = 8 : i64}

// CHECK-LABEL: func.func @loop_tensors
// CHECK: dispatch.loop @body 3 carried(%{{.*}} : tensor<4xf32>) sliced(%{{.*}} : tensor<3x4xf32>) invariant(%{{.*}} : tensor<2xf32>)
// CHECK-SAME: {reversed = array<i1: false>, stacked_reversed = array<i1: true>} -> tensor<4xf32>, tensor<3x2xf32>
func.func @loop_tensors(%h: tensor<4xf32>, %x: tensor<3x4xf32>, %w: tensor<2xf32>) -> tensor<3x2xf32> {
  %r:2 = dispatch.loop @body 3 carried(%h : tensor<4xf32>) sliced(%x : tensor<3x4xf32>) invariant(%w : tensor<2xf32>)
      {reversed = array<i1: false>, stacked_reversed = array<i1: true>} -> tensor<4xf32>, tensor<3x2xf32>
  return %r#1 : tensor<3x2xf32>
}
func.func private @body(%h: tensor<4xf32>, %x: tensor<4xf32>, %w: tensor<2xf32>) -> (tensor<4xf32>, tensor<2xf32>) {
  return %x, %w : tensor<4xf32>, tensor<2xf32>
}

// CHECK-LABEL: func.func @loop_memrefs
// CHECK: dispatch.loop @body_memrefs 3 carried(%{{.*}} : memref<4xf32>) outs(%{{.*}} : memref<4xf32>) spares(%{{.*}} : memref<4xf32>) scratch(%{{.*}} : memref<64xi8>)
func.func @loop_memrefs(%h: memref<4xf32>, %o: memref<4xf32>, %s: memref<4xf32>, %m: memref<64xi8>) {
  dispatch.loop @body_memrefs 3 carried(%h : memref<4xf32>) outs(%o : memref<4xf32>) spares(%s : memref<4xf32>) scratch(%m : memref<64xi8>)
      {reversed = array<i1>, stacked_reversed = array<i1>}
  return
}
func.func private @body_memrefs(%h: memref<4xf32>, %o: memref<4xf32>) {
  return
}
