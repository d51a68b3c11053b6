// RUN: dlc-opt %s --convert-nn-to-linalg --split-input-file | FileCheck %s

// CHECK-DAG: #[[IN:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2 * 2 + d4, d3 * 2 + d5)>
// CHECK-DAG: #[[WINDOW:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d4, d5)>
// CHECK-LABEL: @max
// CHECK-DAG: %[[LOWEST:.*]] = arith.constant 0xFF800000 : f32
// CHECK: tensor.pad
// CHECK: tensor.yield %[[LOWEST]]
// CHECK: %[[WINDOWS:.*]] = tensor.empty() : tensor<3x3xf32>
// CHECK: linalg.fill ins(%[[LOWEST]]
// CHECK: linalg.generic {indexing_maps = [#[[IN]], #[[WINDOW]],
// CHECK-SAME: ins(%{{.*}}, %[[WINDOWS]] :
// CHECK: arith.maximumf
func.func @max(%x: tensor<1x8x32x32xf32>) -> tensor<1x8x16x16xf32> {
  %r = nn.max_pool %x kernel = [3, 3] strides = [2, 2] pads = [1, 1, 1, 1] dilations = [1, 1]
      : (tensor<1x8x32x32xf32>) -> tensor<1x8x16x16xf32>
  return %r : tensor<1x8x16x16xf32>
}

// -----

// All windows count alike: one factor.

// CHECK-LABEL: @average_all
// CHECK: arith.addf {{.*}} fastmath<reassoc>
// CHECK: arith.constant 0.111111112 : f32
// CHECK-NEXT: arith.mulf
func.func @average_all(%x: tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32> {
  %r = nn.avg_pool %x kernel = [3, 3] strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1]
      count_include_pad channels_last : (tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
  return %r : tensor<1x4x4x8xf32>
}

// -----

// Windows over the edge count less: one factor a row and a column.

// CHECK-LABEL: @average_inside
// CHECK-DAG: arith.constant dense<[5.000000e-01, 0.333333343, 0.333333343, 5.000000e-01]> : tensor<4xf32>
// CHECK-DAG: arith.constant dense<[5.000000e-01, 0.333333343, 5.000000e-01]> : tensor<3xf32>
// CHECK: arith.mulf
// CHECK: arith.mulf
// CHECK: arith.mulf
func.func @average_inside(%x: tensor<1x8x4x3xf32>) -> tensor<1x8x4x3xf32> {
  %r = nn.avg_pool %x kernel = [3, 3] strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1]
      : (tensor<1x8x4x3xf32>) -> tensor<1x8x4x3xf32>
  return %r : tensor<1x8x4x3xf32>
}

// -----

// CHECK-DAG: #[[IN:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1 + d4, d2, d3)>
// CHECK-LABEL: @lrn
// CHECK: tensor.pad %{{.*}} low[0, 2, 0, 0] high[0, 2, 0, 0]
// CHECK: linalg.generic {indexing_maps = [#[[IN]],
// CHECK: linalg.generic
// CHECK-NOT: math.powf
// CHECK: math.sqrt
// CHECK: math.sqrt
// CHECK: arith.divf
func.func @lrn(%x: tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32> {
  %r = nn.lrn %x size = 5 alpha = 1.0e-4 beta = 0.75 bias = 1.0 : (tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
  return %r : tensor<1x8x4x4xf32>
}
