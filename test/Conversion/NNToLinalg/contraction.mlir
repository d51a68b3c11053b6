// RUN: dlc-opt %s --convert-nn-to-linalg | FileCheck %s

// CHECK-DAG: #[[LHS:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG: #[[RHS:.*]] = affine_map<(d0, d1, d2, d3) -> (d3, d2)>
// CHECK-DAG: #[[LHS1:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, 0, d2, d4)>
// CHECK-DAG: #[[RHS1:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d1, d4, d3)>

// CHECK-LABEL: @shared_rhs
// CHECK: linalg.generic {indexing_maps = [#[[LHS]], #[[RHS]],
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "reduction"]
func.func @shared_rhs(%a: tensor<8x2x3xf32>, %b: tensor<3x4xf32>) -> tensor<8x2x4xf32> {
  %r = nn.matmul %a, %b : (tensor<8x2x3xf32>, tensor<3x4xf32>) -> tensor<8x2x4xf32>
  return %r : tensor<8x2x4xf32>
}

// Batch dimensions broadcast by maps.

// CHECK-LABEL: @broadcast
// CHECK: linalg.generic {indexing_maps = [#[[LHS1]], #[[RHS1]],
func.func @broadcast(%a: tensor<2x1x3x5xf32>, %b: tensor<4x5x7xf32>) -> tensor<2x4x3x7xf32> {
  %r = nn.matmul %a, %b : (tensor<2x1x3x5xf32>, tensor<4x5x7xf32>) -> tensor<2x4x3x7xf32>
  return %r : tensor<2x4x3x7xf32>
}

// CHECK-LABEL: @integers
// CHECK: arith.muli
// CHECK: arith.addi
func.func @integers(%a: tensor<2x3xi32>, %b: tensor<3x4xi32>) -> tensor<2x4xi32> {
  %r = nn.matmul %a, %b : (tensor<2x3xi32>, tensor<3x4xi32>) -> tensor<2x4xi32>
  return %r : tensor<2x4xi32>
}

// CHECK-LABEL: @bytes
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x3xi8>, tensor<3x4xi8>) outs(%{{.*}} : tensor<2x4xi32>)
// CHECK-DAG: arith.extui %{{.*}} : i8 to i32
// CHECK-DAG: arith.extsi %{{.*}} : i8 to i32
// CHECK: arith.muli
// CHECK: arith.addi
func.func @bytes(%a: tensor<2x3xui8>, %b: tensor<3x4xi8>) -> tensor<2x4xi32> {
  %r = nn.matmul %a, %b : (tensor<2x3xui8>, tensor<3x4xi8>) -> tensor<2x4xi32>
  return %r : tensor<2x4xi32>
}

// The sums are given as they are.

// CHECK-LABEL: @wide
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x3xbf16>, tensor<3x4xbf16>) outs(%{{.*}} : tensor<2x4xf32>)
// CHECK-NOT: arith.truncf
// CHECK: return {{.*}} : tensor<2x4xf32>
func.func @wide(%a: tensor<2x3xbf16>, %b: tensor<3x4xbf16>) -> tensor<2x4xf32> {
  %r = nn.matmul %a, %b wide : (tensor<2x3xbf16>, tensor<3x4xbf16>) -> tensor<2x4xf32>
  return %r : tensor<2x4xf32>
}
