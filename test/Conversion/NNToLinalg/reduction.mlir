// RUN: dlc-opt %s --convert-nn-to-linalg --split-input-file | FileCheck %s

// Reduced dimensions go; keepdims is a reshape of the result.

// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
// CHECK-DAG: #[[KEPT:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1)>
// CHECK-LABEL: @mean
// CHECK: linalg.generic {indexing_maps = [#[[ALL]], #[[KEPT]]], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
// CHECK: arith.addf %{{.*}}, %{{.*}} fastmath<reassoc>
// CHECK: linalg.generic
// CHECK: arith.constant 1.600000e+01
// CHECK: arith.divf
// CHECK: tensor.expand_shape %{{.*}} {{\[\[}}0], [1, 2, 3]]
func.func @mean(%x: tensor<1x8x4x4xf32>) -> tensor<1x8x1x1xf32> {
  %r = nn.reduce mean %x axes = [2, 3] keepdims : (tensor<1x8x4x4xf32>) -> tensor<1x8x1x1xf32>
  return %r : tensor<1x8x1x1xf32>
}

// -----

// CHECK-LABEL: @max
// CHECK: arith.constant 0xFF800000
// CHECK: arith.maximumf
// CHECK-NOT: linalg.generic
func.func @max(%x: tensor<3x4xf32>) -> tensor<3xf32> {
  %r = nn.reduce max %x axes = [1] : (tensor<3x4xf32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}

// -----

// The mean of bytes is summed in 64 bits.

// CHECK-LABEL: @mean_of_bytes
// CHECK: arith.extui %{{.*}} : i8 to i64
// CHECK: arith.divui
// CHECK: arith.trunci %{{.*}} : i64 to i8
func.func @mean_of_bytes(%x: tensor<3x4xui8>) -> tensor<3xui8> {
  %r = nn.reduce mean %x axes = [1] : (tensor<3x4xui8>) -> tensor<3xui8>
  return %r : tensor<3xui8>
}

// -----

// Two plain reductions: the extreme, then the first position that has it.

// CHECK-LABEL: @argmax
// CHECK: arith.maximumf
// CHECK: linalg.generic
// CHECK: arith.cmpf oeq
// CHECK: linalg.index 1
// CHECK: arith.select
// CHECK: arith.minsi
func.func @argmax(%x: tensor<4x10xf32>) -> tensor<4x1xi64> {
  %r = nn.arg_reduce max %x axis = 1 keepdims : (tensor<4x10xf32>) -> tensor<4x1xi64>
  return %r : tensor<4x1xi64>
}

// -----

// CHECK-DAG: #[[ROW:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-LABEL: @cumsum
// CHECK: linalg.generic {indexing_maps = [#[[ROW]],
// CHECK: arith.cmpi sle
// CHECK: arith.select
// CHECK: arith.addf
func.func @cumsum(%x: tensor<4x10xf32>) -> tensor<4x10xf32> {
  %r = nn.cumsum %x axis = 1 : (tensor<4x10xf32>) -> tensor<4x10xf32>
  return %r : tensor<4x10xf32>
}

// -----

// CHECK-LABEL: @over_nothing
// CHECK: %[[ONE:.*]] = arith.constant 1.0
// CHECK: linalg.fill ins(%[[ONE]]
// CHECK-NOT: linalg.generic
func.func @over_nothing(%x: tensor<4x0xf32>) -> tensor<4xf32> {
  %r = nn.reduce prod %x axes = [1] : (tensor<4x0xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
