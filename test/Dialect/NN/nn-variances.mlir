// RUN: dlc-opt %s --nn-variances | FileCheck %s

// A variance as the difference of a mean of squares and a squared mean loses
// digits where both are nearly equal.
// CHECK-LABEL: func @variance_of_squares
// CHECK-SAME: (%[[X:.*]]: tensor<4x8xf32>)
// CHECK: %[[MEAN:.*]] = nn.reduce mean %[[X]] axes = [1] keepdims
// CHECK: %[[CENTRED:.*]] = nn.sub %[[X]], %[[MEAN]]
// CHECK: %[[SQUARES:.*]] = nn.mul %[[CENTRED]], %[[CENTRED]]
// CHECK: %[[VARIANCE:.*]] = nn.reduce mean %[[SQUARES]] axes = [1] : {{.*}} -> tensor<4xf32>
// CHECK: return %[[VARIANCE]]
func.func @variance_of_squares(%x: tensor<4x8xf32>) -> tensor<4xf32> {
  %m = nn.reduce mean %x axes = [1] : (tensor<4x8xf32>) -> tensor<4xf32>
  %mm = nn.mul %m, %m : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %xx = nn.mul %x, %x : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %s = nn.reduce mean %xx axes = [1] : (tensor<4x8xf32>) -> tensor<4xf32>
  %v = nn.sub %s, %mm : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %v : tensor<4xf32>
}

// The square may be a power, before others make a product of it.
// CHECK-LABEL: func @variance_of_powers
// CHECK: %[[CENTRED:.*]] = nn.sub %arg0, %{{.*}} : (tensor<4x8xf64>, tensor<4x1xf64>) -> tensor<4x8xf64>
// CHECK: nn.mul %[[CENTRED]], %[[CENTRED]]
// CHECK: nn.reduce mean {{.*}} axes = [1] keepdims
// CHECK-NOT: nn.pow
func.func @variance_of_powers(%x: tensor<4x8xf64>) -> tensor<4x1xf64> {
  %two = nn.constant dense<2.0> : tensor<f64>
  %m = nn.reduce mean %x axes = [1] keepdims : (tensor<4x8xf64>) -> tensor<4x1xf64>
  %mm = nn.pow %m, %two : (tensor<4x1xf64>, tensor<f64>) -> tensor<4x1xf64>
  %xx = nn.pow %x, %two : (tensor<4x8xf64>, tensor<f64>) -> tensor<4x8xf64>
  %s = nn.reduce mean %xx axes = [1] keepdims : (tensor<4x8xf64>) -> tensor<4x1xf64>
  %v = nn.sub %s, %mm : (tensor<4x1xf64>, tensor<4x1xf64>) -> tensor<4x1xf64>
  return %v : tensor<4x1xf64>
}

// Of other numbers, or along other axes, it is no variance.
// CHECK-LABEL: func @no_variance
// CHECK-COUNT-2: nn.mul
// CHECK: nn.sub
// CHECK-NOT: nn.mul
func.func @no_variance(%x: tensor<8x8xf32>) -> tensor<8xf32> {
  %m = nn.reduce mean %x axes = [0] : (tensor<8x8xf32>) -> tensor<8xf32>
  %mm = nn.mul %m, %m : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %xx = nn.mul %x, %x : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  %s = nn.reduce mean %xx axes = [1] : (tensor<8x8xf32>) -> tensor<8xf32>
  %v = nn.sub %s, %mm : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %v : tensor<8xf32>
}
