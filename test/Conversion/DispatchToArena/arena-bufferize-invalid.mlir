// RUN: dlc-opt %s -split-input-file -verify-diagnostics -arena-bufferize

func.func @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'arith.addf' op became part of no kernel: it cannot be given memory}}
  %0 = arith.addf %x, %y : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @below {{values of the graph must be tensors of numbers with static shapes, got 'tensor<?xf32>'}}
func.func @main(%x: tensor<?xf32>) {
  return
}
