// RUN: dlc-opt %s --convert-nn-to-linalg --split-input-file | FileCheck %s

// CHECK-DAG: #[[ROW:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: @softmax
// CHECK: arith.maximumf
// CHECK: linalg.generic {{.*}}#[[ROW]]
// CHECK: arith.subf
// CHECK-NEXT: math.exp
// CHECK: arith.addf {{.*}} fastmath<reassoc>
// CHECK: arith.divf
// CHECK: arith.mulf
func.func @softmax(%x: tensor<4x10xf32>) -> tensor<4x10xf32> {
  %r = nn.softmax %x axis = 1 : (tensor<4x10xf32>) -> tensor<4x10xf32>
  return %r : tensor<4x10xf32>
}

// -----

// The mean of the deviations is what rounding took from the mean.
// CHECK-LABEL: @layer_norm
// CHECK: arith.addf {{.*}} fastmath<reassoc>
// CHECK: arith.constant 8.000000e+00
// CHECK-NEXT: %[[MEAN:.*]] = arith.divf
// CHECK: arith.subf
// CHECK-NEXT: arith.addf {{.*}} fastmath<reassoc>
// CHECK: arith.divf
// CHECK: arith.subf
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: math.rsqrt
// CHECK: ins(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} :
// CHECK: arith.subf
// CHECK-NEXT: arith.subf
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: arith.addf
func.func @layer_norm(%x: tensor<1x4x8xf32>, %s: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<1x4x8xf32> {
  %r = nn.layer_norm %x, %s, %b axis = 2 epsilon = 1.0e-5
      : (tensor<1x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x4x8xf32>
  return %r : tensor<1x4x8xf32>
}

// -----

// Factor and offset of the channels, then one multiplication and addition.

// CHECK-DAG: #[[CHANNEL:.*]] = affine_map<(d0, d1, d2, d3) -> (d1)>
// CHECK-LABEL: @batch_norm
// CHECK: outs(%{{.*}} : tensor<8xf32>)
// CHECK: math.sqrt
// CHECK: arith.divf
// CHECK: outs(%{{.*}} : tensor<8xf32>)
// CHECK: arith.subf
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[CHANNEL]], #[[CHANNEL]], #{{.*}}]
// CHECK: arith.mulf
// CHECK-NEXT: arith.addf
func.func @batch_norm(%x: tensor<1x8x4x4xf32>, %s: tensor<8xf32>, %b: tensor<8xf32>,
                      %m: tensor<8xf32>, %v: tensor<8xf32>) -> tensor<1x8x4x4xf32> {
  %r = nn.batch_norm %x, %s, %b, %m, %v epsilon = 1.0e-5
      : (tensor<1x8x4x4xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x8x4x4xf32>
  return %r : tensor<1x8x4x4xf32>
}
