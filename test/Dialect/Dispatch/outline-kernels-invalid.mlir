// RUN: dlc-opt %s --dispatch-outline-kernels --split-input-file --verify-diagnostics

func.func @scalar(%x: tensor<8xf32>, %s: f32) -> tensor<8xf32> {
  // expected-error @+1 {{reads the scalar}}
  %0 = dispatch.region -> tensor<8xf32> {
    %e = tensor.empty() : tensor<8xf32>
    %1 = linalg.fill ins(%s : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
    dispatch.yield %1 : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}

// -----

func.func @not_computed(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @+1 {{result 0 is not computed by a structured op of the region}}
  %0 = dispatch.region -> tensor<8xf32> {
    dispatch.yield %x : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}
