// RUN: dlc-opt %s --split-input-file --verify-diagnostics --dlc-verify-level=level=linalg
// RUN: not dlc-opt %s --split-input-file --dlc-verify-level=level=linalg 2>/dev/null | FileCheck %s

// CHECK: func.func @ok
func.func @ok(%a: tensor<4xf32>, %e: tensor<4xf32>) -> tensor<4xf32> {
  %0 = linalg.exp ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @other_level(%a: memref<4xf32>) {
  // expected-error @below {{'memref.cast' is illegal at level linalg: only structured operations on tensors and loops belong there}}
  %0 = memref.cast %a : memref<4xf32> to memref<?xf32>
  return
}

// -----

// expected-error @below {{'func.func' is illegal at level linalg: its type 'tensor<?xf32>' has a dynamic shape}}
func.func @dynamic(%a: tensor<?xf32>) -> tensor<?xf32> {
  return %a : tensor<?xf32>
}

// -----

// expected-error @below {{'dispatch.kernel' is illegal at level linalg: kernels come later}}
dispatch.kernel @k(%a: tensor<4xf32>, %o: tensor<4xf32>) -> tensor<4xf32> attributes {num_outs = 1 : i64} {
  %0 = linalg.exp ins(%a : tensor<4xf32>) outs(%o : tensor<4xf32>) -> tensor<4xf32>
  dispatch.return %0 : tensor<4xf32>
}
