// RUN: dlc-opt %s --dispatch-place-slices --split-input-file --verify-diagnostics

func.func @negative(%x: tensor<8xf32>) -> tensor<7xf32> {
  %zero = arith.constant 0.0 : f32
  // expected-error @+1 {{only padding by constant, non-negative amounts of a constant is known here}}
  %0 = tensor.pad %x low[-1] high[0] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<8xf32> to tensor<7xf32>
  return %0 : tensor<7xf32>
}

// -----

func.func @not_constant(%x: tensor<8xf32>, %s: f32) -> tensor<9xf32> {
  // expected-error @+1 {{only padding by constant, non-negative amounts of a constant is known here}}
  %0 = tensor.pad %x low[1] high[0] {
  ^bb0(%i: index):
    tensor.yield %s : f32
  } : tensor<8xf32> to tensor<9xf32>
  return %0 : tensor<9xf32>
}
