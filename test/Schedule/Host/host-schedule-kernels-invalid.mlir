// RUN: dlc-opt %s --split-input-file --verify-diagnostics --host-schedule-kernels=cpu=x86-64-v4

dispatch.kernel @foreign(%x: tensor<4xf32>, %o: tensor<4xf32>) -> tensor<4xf32> attributes {num_outs = 1 : i64} {
  // expected-error @below {{is not allowed in a kernel that is scheduled}}
  %y = tensor.cast %x : tensor<4xf32> to tensor<4xf32>
  dispatch.return %y : tensor<4xf32>
}

// -----

// expected-error @below {{has no structured operation to schedule}}
dispatch.kernel @nothing(%o: tensor<4xf32>) -> tensor<4xf32> attributes {num_outs = 1 : i64} {
  dispatch.return %o : tensor<4xf32>
}

// -----

dispatch.kernel @map(%x: tensor<4x4xf32>, %o: tensor<8xf32>) -> tensor<8xf32> attributes {num_outs = 1 : i64} {
  // expected-error @below {{has an indexing map the scheduler can't use}}
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i floordiv 2, i mod 4)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<4x4xf32>) outs(%o : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<8xf32>
  dispatch.return %y : tensor<8xf32>
}

// -----

dispatch.kernel @undefined(%x: tensor<4x4xf32>, %o: tensor<4xf32>) -> tensor<4xf32> attributes {num_outs = 1 : i64} {
  %e = tensor.empty() : tensor<4xf32>
  // expected-error @below {{reads an init that has no defined value}}
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  dispatch.return %y : tensor<4xf32>
}
