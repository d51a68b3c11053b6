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
