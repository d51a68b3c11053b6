// RUN: dlc-opt %s --dispatch-tile-chains --split-input-file --verify-diagnostics

#id = affine_map<(i) -> (i)>
func.func @no_end(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  // expected-error @below {{ends a chain and must carry dispatch.bands}}
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"], dispatch.chain = 0 : i64}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

#id = affine_map<(i) -> (i)>
func.func @no_such_dim(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  // expected-error @below {{dispatch.bands must be [result, dim, count] of a static tensor}}
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"], dispatch.chain = 0 : i64, dispatch.bands = [0, 1, 2]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

#id = affine_map<(i) -> (i)>
func.func @used_outside(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  // expected-error @below {{is a member of a chain, but used from outside of it}}
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"], dispatch.chain = 0 : i64}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    linalg.yield %v : f32
  } -> tensor<4xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"], dispatch.chain = 0 : i64, dispatch.bands = [0, 0, 2]}
      ins(%0 : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

// What a body gathers from may be anywhere.
#id = affine_map<(i) -> (i)>
func.func @gather(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"], dispatch.chain = 0 : i64}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    linalg.yield %v : f32
  } -> tensor<4xf32>
  // expected-error @below {{ends a chain that can not be computed in bands}}
  %1 = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"], dispatch.chain = 0 : i64, dispatch.bands = [0, 0, 2]}
      outs(%e : tensor<4xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %v = tensor.extract %0[%i] : tensor<4xf32>
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
