// RUN: dlc-opt %s --nn-unsigned-bytes --canonicalize --split-input-file | FileCheck %s

// What is quantised to signed bytes is quantised to unsigned ones, and what reads them takes
// 128 more off, behind a max pool, too.

// CHECK-LABEL: @shifted
// CHECK-DAG: %[[ZERO:.*]] = nn.constant dense<0.000000e+00>
// CHECK-DAG: %[[MOST:.*]] = nn.constant dense<2.550000e+02>
// CHECK-DAG: %[[POINT:.*]] = nn.constant dense<1.330000e+02>
// CHECK-DAG: %[[INTEGER:.*]] = nn.constant dense<133> : tensor<i32>
// CHECK: %[[ADD:.*]] = nn.add %{{.*}}, %[[POINT]]
// CHECK: %[[MAX:.*]] = nn.max %[[ADD]], %[[ZERO]]
// CHECK: %[[MIN:.*]] = nn.min %[[MAX]], %[[MOST]]
// CHECK: %[[BYTES:.*]] = nn.cast %[[MIN]] {{.*}} -> tensor<1x2x4x4xui8>
// CHECK-DAG: %[[WIDE:.*]] = nn.cast %[[BYTES]] {{.*}} -> tensor<1x2x4x4xf32>
// CHECK-DAG: nn.sub %[[WIDE]], %[[POINT]]
// CHECK-DAG: %[[POOL:.*]] = nn.max_pool %[[BYTES]] {{.*}} -> tensor<1x2x2x2xui8>
// CHECK-DAG: %[[SUM:.*]] = nn.cast %[[POOL]] {{.*}} -> tensor<1x2x2x2xi32>
// CHECK-DAG: nn.sub %[[SUM]], %[[INTEGER]]
func.func @shifted(%x: tensor<1x2x4x4xf32>) -> (tensor<1x2x4x4xf32>, tensor<1x2x2x2xi32>) {
  %point = nn.constant dense<5> : tensor<i8>
  %low = nn.constant dense<-128.0> : tensor<f32>
  %high = nn.constant dense<127.0> : tensor<f32>
  %0 = nn.round %x : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.cast %point : (tensor<i8>) -> tensor<f32>
  %2 = nn.add %0, %1 : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
  %3 = nn.max %2, %low : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
  %4 = nn.min %3, %high : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
  %5 = nn.cast %4 : (tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xi8>
  %6 = nn.cast %5 : (tensor<1x2x4x4xi8>) -> tensor<1x2x4x4xf32>
  %7 = nn.sub %6, %1 : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
  %8 = nn.max_pool %5 kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x2x4x4xi8>) -> tensor<1x2x2x2xi8>
  %9 = nn.cast %8 : (tensor<1x2x2x2xi8>) -> tensor<1x2x2x2xi32>
  %10 = nn.cast %point : (tensor<i8>) -> tensor<i32>
  %11 = nn.sub %9, %10 : (tensor<1x2x2x2xi32>, tensor<i32>) -> tensor<1x2x2x2xi32>
  return %7, %11 : tensor<1x2x4x4xf32>, tensor<1x2x2x2xi32>
}

// -----

// A zero point that is zero is not taken off at all: 128 is then.

// CHECK-LABEL: @symmetric
// CHECK: %[[POINT:.*]] = nn.constant dense<1.280000e+02>
// CHECK: %[[BYTES:.*]] = nn.cast %{{.*}} -> tensor<8xui8>
// CHECK: %[[WIDE:.*]] = nn.cast %[[BYTES]]
// CHECK: nn.sub %[[WIDE]], %[[POINT]]
func.func @symmetric(%x: tensor<8xf32>) -> tensor<8xf32> {
  %low = nn.constant dense<-128.0> : tensor<f32>
  %high = nn.constant dense<127.0> : tensor<f32>
  %0 = nn.max %x, %low : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = nn.min %0, %high : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %2 = nn.cast %1 : (tensor<8xf32>) -> tensor<8xi8>
  %3 = nn.cast %2 : (tensor<8xi8>) -> tensor<8xf32>
  return %3 : tensor<8xf32>
}

// -----

// Not where somebody wants signed bytes, or where the clamp is another one.

// CHECK-LABEL: @kept
// CHECK-NOT: ui8
func.func @kept(%x: tensor<8xf32>) -> (tensor<8xi8>, tensor<8xf32>) {
  %low = nn.constant dense<-128.0> : tensor<f32>
  %less = nn.constant dense<-127.0> : tensor<f32>
  %high = nn.constant dense<127.0> : tensor<f32>
  %0 = nn.max %x, %low : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %1 = nn.min %0, %high : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %2 = nn.cast %1 : (tensor<8xf32>) -> tensor<8xi8>
  %3 = nn.max %x, %less : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %4 = nn.min %3, %high : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  %5 = nn.cast %4 : (tensor<8xf32>) -> tensor<8xi8>
  %6 = nn.cast %5 : (tensor<8xi8>) -> tensor<8xf32>
  return %2, %6 : tensor<8xi8>, tensor<8xf32>
}
