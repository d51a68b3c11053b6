// RUN: dlc-opt %s --convert-nn-to-linalg --split-input-file | FileCheck %s

// Whole factors are a broadcast and a reshape.

// CHECK-DAG: #[[REPEAT:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d4)>
// CHECK-LABEL: @repeat
// CHECK-NOT: tensor.extract
// CHECK: linalg.generic {indexing_maps = [#[[REPEAT]],
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0], [1], [2, 3], [4, 5]]
func.func @repeat(%x: tensor<1x8x4x4xf32>) -> tensor<1x8x8x12xf32> {
  %r = nn.resize nearest %x scales = [1.0, 1.0, 2.0, 3.0] coordinate = asymmetric nearest_mode = floor
      : (tensor<1x8x4x4xf32>) -> tensor<1x8x8x12xf32>
  return %r : tensor<1x8x8x12xf32>
}

// -----

// Whole divisors are a slice.

// CHECK-LABEL: @skip
// CHECK-NOT: linalg
// CHECK: tensor.extract_slice %{{.*}}[0, 0] [4, 4] [1, 2]
func.func @skip(%x: tensor<4x8xf32>) -> tensor<4x4xf32> {
  %r = nn.resize nearest %x scales = [1.0, 0.5] coordinate = asymmetric nearest_mode = floor
      : (tensor<4x8xf32>) -> tensor<4x4xf32>
  return %r : tensor<4x4xf32>
}

// -----

// Interpolation goes by tables, one dimension after the other.

// CHECK-LABEL: @linear
// CHECK-DAG: arith.constant dense<[0, 0, 0, 1, 1, 2]> : tensor<6xi64>
// CHECK-DAG: arith.constant dense<[1, 1, 1, 2, 2, 2]> : tensor<6xi64>
// CHECK-DAG: arith.constant dense<[1.000000e+00, 7.500000e-01, 2.500000e-01, 7.500000e-01, 2.500000e-01, 1.000000e+00]> : tensor<6xf32>
// CHECK: linalg.generic
// CHECK: tensor.extract
// CHECK: arith.mulf
// CHECK: tensor.extract
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK-NOT: linalg.generic
func.func @linear(%x: tensor<2x3xf32>) -> tensor<2x6xf32> {
  %r = nn.resize linear %x scales = [1.0, 2.0] coordinate = half_pixel : (tensor<2x3xf32>) -> tensor<2x6xf32>
  return %r : tensor<2x6xf32>
}
