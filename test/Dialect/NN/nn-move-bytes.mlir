// RUN: dlc-opt %s --nn-move-bytes --canonicalize --split-input-file | FileCheck %s

// A max pool and a transposition between a dequantisation and the same quantisation: only
// bytes are moved.

// CHECK-LABEL: @between
// CHECK-SAME: %[[X:.*]]: tensor<1x2x4x4xui8>
// CHECK-NEXT: %[[POOL:.*]] = nn.max_pool %[[X]] {{.*}} : (tensor<1x2x4x4xui8>) -> tensor<1x2x2x2xui8>
// CHECK-NEXT: %[[MOVED:.*]] = nn.transpose %[[POOL]] perm = [0, 2, 3, 1] : (tensor<1x2x2x2xui8>) -> tensor<1x2x2x2xui8>
// CHECK-NEXT: return %[[MOVED]]
func.func @between(%x: tensor<1x2x4x4xui8>) -> tensor<1x2x2x2xui8> {
  %scale = nn.constant dense<0.1> : tensor<f32>
  %point = nn.constant dense<5> : tensor<ui8>
  %low = nn.constant dense<0.0> : tensor<f32>
  %high = nn.constant dense<255.0> : tensor<f32>
  %zero = nn.cast %point : (tensor<ui8>) -> tensor<f32>
  %0 = nn.cast %x : (tensor<1x2x4x4xui8>) -> tensor<1x2x4x4xf32>
  %1 = nn.sub %0, %zero : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
  %2 = nn.mul %1, %scale : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
  %3 = nn.max_pool %2 kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  %4 = nn.transpose %3 perm = [0, 2, 3, 1] : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %5 = nn.div %4, %scale : (tensor<1x2x2x2xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
  %6 = nn.round %5 : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %7 = nn.add %6, %zero : (tensor<1x2x2x2xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
  %8 = nn.max %7, %low : (tensor<1x2x2x2xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
  %9 = nn.min %8, %high : (tensor<1x2x2x2xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
  %10 = nn.cast %9 : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xui8>
  return %10 : tensor<1x2x2x2xui8>
}

// -----

// Another scale is another quantisation. The pool is of bytes all the same, but not under a
// scale that turns the order round.

// CHECK-LABEL: @other
// CHECK: nn.max_pool {{.*}} -> tensor<1x1x2x2xui8>
// CHECK: nn.div
// CHECK: nn.max_pool {{.*}} -> tensor<1x1x2x2xf32>
func.func @other(%x: tensor<1x1x4x4xui8>) -> (tensor<1x1x2x2xui8>, tensor<1x1x2x2xf32>) {
  %scale = nn.constant dense<0.1> : tensor<f32>
  %negative = nn.constant dense<-0.1> : tensor<f32>
  %step = nn.constant dense<0.2> : tensor<f32>
  %low = nn.constant dense<0.0> : tensor<f32>
  %high = nn.constant dense<255.0> : tensor<f32>
  %0 = nn.cast %x : (tensor<1x1x4x4xui8>) -> tensor<1x1x4x4xf32>
  %1 = nn.mul %0, %scale : (tensor<1x1x4x4xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
  %2 = nn.max_pool %1 kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x1x4x4xf32>) -> tensor<1x1x2x2xf32>
  %3 = nn.div %2, %step : (tensor<1x1x2x2xf32>, tensor<f32>) -> tensor<1x1x2x2xf32>
  %4 = nn.round %3 : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xf32>
  %5 = nn.max %4, %low : (tensor<1x1x2x2xf32>, tensor<f32>) -> tensor<1x1x2x2xf32>
  %6 = nn.min %5, %high : (tensor<1x1x2x2xf32>, tensor<f32>) -> tensor<1x1x2x2xf32>
  %7 = nn.cast %6 : (tensor<1x1x2x2xf32>) -> tensor<1x1x2x2xui8>
  %8 = nn.mul %0, %negative : (tensor<1x1x4x4xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
  %9 = nn.max_pool %8 kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x1x4x4xf32>) -> tensor<1x1x2x2xf32>
  return %7, %9 : tensor<1x1x2x2xui8>, tensor<1x1x2x2xf32>
}

// -----

// What is read here and there is stored as bytes, constants too; these are put in order at
// compile time otherwise.

// CHECK-LABEL: @gathered
// CHECK: %[[ROWS:.*]] = nn.gather %{{.*}}, %{{.*}} axis = 0 : (tensor<9x4xi8>, tensor<3xi64>) -> tensor<3x4xi8>
// CHECK: nn.cast %[[ROWS]] : (tensor<3x4xi8>) -> tensor<3x4xf32>
// CHECK-NOT: nn.transpose {{.*}} i8
func.func @gathered(%i: tensor<3xi64>) -> (tensor<3x4xf32>, tensor<4x9xf32>) {
  %table = nn.constant dense<7> : tensor<9x4xi8>
  %scale = nn.constant dense<0.1> : tensor<f32>
  %0 = nn.cast %table : (tensor<9x4xi8>) -> tensor<9x4xf32>
  %1 = nn.mul %0, %scale : (tensor<9x4xf32>, tensor<f32>) -> tensor<9x4xf32>
  %2 = nn.gather %1, %i axis = 0 : (tensor<9x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  %3 = nn.transpose %1 perm = [1, 0] : (tensor<9x4xf32>) -> tensor<4x9xf32>
  return %2, %3 : tensor<3x4xf32>, tensor<4x9xf32>
}
