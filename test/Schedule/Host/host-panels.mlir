// RUN: dlc-opt %s --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s

// A tile is a whole panel, whatever CPU it was made for: constants that are packed for the
// program's are summed up by code for this one.

#panels = affine_map<(r, c) -> (r floordiv 12, c, r mod 12)>
#sums = affine_map<(r, c) -> (r)>

// Three vectors of four, not two of eight.
// CHECK-LABEL: dispatch.kernel @narrow
// CHECK-SAME: tiles = ["3 vectors of 4"]
dispatch.kernel @narrow(%numbers: tensor<3x5x12xf32>, %out: tensor<36xf32>) -> tensor<36xf32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : tensor<36xf32>) -> tensor<36xf32>
  %sums = linalg.generic {indexing_maps = [#panels, #sums], iterator_types = ["parallel", "reduction"]}
      ins(%numbers : tensor<3x5x12xf32>) outs(%zeros : tensor<36xf32>) {
  ^bb0(%number: f32, %sum: f32):
    %next = arith.addf %sum, %number : f32
    linalg.yield %next : f32
  } -> tensor<36xf32>
  dispatch.return %sums : tensor<36xf32>
}

#wide = affine_map<(r, c) -> (r floordiv 80, c, r mod 80)>

// CHECK-LABEL: dispatch.kernel @wide
// CHECK-SAME: tiles = ["10 vectors of 8"]
dispatch.kernel @wide(%numbers: tensor<2x5x80xf32>, %out: tensor<160xf32>) -> tensor<160xf32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : tensor<160xf32>) -> tensor<160xf32>
  %sums = linalg.generic {indexing_maps = [#wide, #sums], iterator_types = ["parallel", "reduction"]}
      ins(%numbers : tensor<2x5x80xf32>) outs(%zeros : tensor<160xf32>) {
  ^bb0(%number: f32, %sum: f32):
    %next = arith.addf %sum, %number : f32
    linalg.yield %next : f32
  } -> tensor<160xf32>
  dispatch.return %sums : tensor<160xf32>
}
