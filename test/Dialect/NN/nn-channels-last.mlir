// RUN: dlc-opt %s --nn-channels-last --canonicalize --split-input-file | FileCheck %s

// A residual block with squeeze and excitation up to the classifier: one transpose of the input.
// CHECK-LABEL: func @network
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x8x8xf32>
// CHECK-NOT: nn.transpose
// CHECK: nn.transpose %[[X]] perm = [0, 2, 3, 1]
// CHECK-NOT: nn.transpose
// CHECK: nn.conv %{{.*}} channels_last : (tensor<1x8x8x3xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x8x8xf32>
// CHECK: nn.add %{{.*}} : (tensor<1x8x8x8xf32>, tensor<1x1x8xf32>) -> tensor<1x8x8x8xf32>
// CHECK: nn.relu
// CHECK: nn.max_pool %{{.*}} channels_last : (tensor<1x8x8x8xf32>) -> tensor<1x4x4x8xf32>
// CHECK: nn.reduce mean %{{.*}} axes = [1, 2] keepdims : (tensor<1x4x4x8xf32>) -> tensor<1x1x1x8xf32>
// CHECK: nn.conv %{{.*}} channels_last
// CHECK: nn.sigmoid
// CHECK: nn.mul %{{.*}} : (tensor<1x4x4x8xf32>, tensor<1x1x1x8xf32>)
// CHECK: nn.concat %{{.*}} axis = 3 : (tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>) -> tensor<1x4x4x16xf32>
// CHECK: nn.batch_norm %{{.*}} channels_last
// CHECK: nn.reduce mean %{{.*}} axes = [1, 2] : (tensor<1x4x4x16xf32>) -> tensor<1x16xf32>
// CHECK-NOT: nn.transpose
// CHECK: return
func.func @network(%x: tensor<1x3x8x8xf32>, %w: tensor<8x3x3x3xf32>, %se: tensor<8x8x1x1xf32>, %p: tensor<16xf32>) -> tensor<1x16xf32> {
  %bias = nn.constant dense<[[[1.0]], [[2.0]], [[3.0]], [[4.0]], [[5.0]], [[6.0]], [[7.0]], [[8.0]]]> : tensor<8x1x1xf32>
  %0 = nn.conv %x, %w strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] : (tensor<1x3x8x8xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x8x8xf32>
  %1 = nn.add %0, %bias : (tensor<1x8x8x8xf32>, tensor<8x1x1xf32>) -> tensor<1x8x8x8xf32>
  %2 = nn.relu %1 : (tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %3 = nn.max_pool %2 kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x8x8x8xf32>) -> tensor<1x8x4x4xf32>
  %4 = nn.reduce mean %3 axes = [2, 3] keepdims : (tensor<1x8x4x4xf32>) -> tensor<1x8x1x1xf32>
  %5 = nn.conv %4, %se strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x8x1x1xf32>, tensor<8x8x1x1xf32>) -> tensor<1x8x1x1xf32>
  %6 = nn.sigmoid %5 : (tensor<1x8x1x1xf32>) -> tensor<1x8x1x1xf32>
  %7 = nn.mul %3, %6 : (tensor<1x8x4x4xf32>, tensor<1x8x1x1xf32>) -> tensor<1x8x4x4xf32>
  %8 = nn.concat %7, %3 axis = 1 : (tensor<1x8x4x4xf32>, tensor<1x8x4x4xf32>) -> tensor<1x16x4x4xf32>
  %9 = nn.batch_norm %8, %p, %p, %p, %p epsilon = 1.0e-5 : (tensor<1x16x4x4xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<1x16x4x4xf32>
  %10 = nn.reduce mean %9 axes = [2, 3] : (tensor<1x16x4x4xf32>) -> tensor<1x16xf32>
  return %10 : tensor<1x16xf32>
}

// -----

// The patch embedding of a vision transformer: the model's transpose vanishes.
// CHECK-LABEL: func @patches
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x8x8xf32>
// CHECK: nn.transpose %[[X]] perm = [0, 2, 3, 1]
// CHECK: nn.conv
// CHECK-NOT: nn.transpose
// CHECK: nn.reshape %{{.*}} : (tensor<2x2x2x16xf32>) -> tensor<2x4x16xf32>
// CHECK-NOT: nn.transpose
// CHECK: nn.matmul
func.func @patches(%x: tensor<2x3x8x8xf32>, %w: tensor<16x3x4x4xf32>, %m: tensor<16x5xf32>) -> tensor<2x4x5xf32> {
  %0 = nn.conv %x, %w strides = [4, 4] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<2x3x8x8xf32>, tensor<16x3x4x4xf32>) -> tensor<2x16x2x2xf32>
  %1 = nn.reshape %0 : (tensor<2x16x2x2xf32>) -> tensor<2x16x4xf32>
  %2 = nn.transpose %1 perm = [0, 2, 1] : (tensor<2x16x4xf32>) -> tensor<2x4x16xf32>
  %3 = nn.matmul %2, %m : (tensor<2x4x16xf32>, tensor<16x5xf32>) -> tensor<2x4x5xf32>
  return %3 : tensor<2x4x5xf32>
}

// -----

// The channel shuffle of shufflenet: one transpose inside the channels remains.
// CHECK-LABEL: func @shuffle
// CHECK: nn.conv
// CHECK: nn.reshape %{{.*}} : (tensor<2x4x4x6xf32>) -> tensor<2x4x4x2x3xf32>
// CHECK-NEXT: nn.transpose %{{.*}} perm = [0, 1, 2, 4, 3] : (tensor<2x4x4x2x3xf32>) -> tensor<2x4x4x3x2xf32>
// CHECK-NEXT: nn.reshape %{{.*}} : (tensor<2x4x4x3x2xf32>) -> tensor<2x4x4x6xf32>
// CHECK-NEXT: nn.conv
// CHECK-NEXT: nn.transpose
// CHECK-NEXT: return
func.func @shuffle(%x: tensor<2x6x4x4xf32>, %w: tensor<6x6x1x1xf32>) -> tensor<2x6x4x4xf32> {
  %0 = nn.conv %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<2x6x4x4xf32>, tensor<6x6x1x1xf32>) -> tensor<2x6x4x4xf32>
  %1 = nn.reshape %0 : (tensor<2x6x4x4xf32>) -> tensor<2x2x3x4x4xf32>
  %2 = nn.transpose %1 perm = [0, 2, 1, 3, 4] : (tensor<2x2x3x4x4xf32>) -> tensor<2x3x2x4x4xf32>
  %3 = nn.reshape %2 : (tensor<2x3x2x4x4xf32>) -> tensor<2x6x4x4xf32>
  %4 = nn.conv %3, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<2x6x4x4xf32>, tensor<6x6x1x1xf32>) -> tensor<2x6x4x4xf32>
  return %4 : tensor<2x6x4x4xf32>
}

// -----

// No operation prefers an order: nothing changes.
// CHECK-LABEL: func @attention
// CHECK-NEXT: nn.transpose %{{.*}} perm = [0, 2, 1, 3]
// CHECK-NEXT: nn.transpose %{{.*}} perm = [0, 2, 3, 1]
// CHECK-NEXT: nn.matmul
// CHECK-NEXT: nn.softmax
// CHECK-NEXT: return
func.func @attention(%q: tensor<1x8x2x4xf32>) -> tensor<1x2x8x8xf32> {
  %0 = nn.transpose %q perm = [0, 2, 1, 3] : (tensor<1x8x2x4xf32>) -> tensor<1x2x8x4xf32>
  %1 = nn.transpose %q perm = [0, 2, 3, 1] : (tensor<1x8x2x4xf32>) -> tensor<1x2x4x8xf32>
  %2 = nn.matmul %0, %1 : (tensor<1x2x8x4xf32>, tensor<1x2x4x8xf32>) -> tensor<1x2x8x8xf32>
  %3 = nn.softmax %2 axis = 3 : (tensor<1x2x8x8xf32>) -> tensor<1x2x8x8xf32>
  return %3 : tensor<1x2x8x8xf32>
}

// -----

// Every other operation that can follow: no transpose between the two convolutions.
// CHECK-LABEL: func @followers
// CHECK: nn.transpose
// CHECK: nn.conv {{.*}} : (tensor<1x4x5x2xf32>
// CHECK-NOT: nn.transpose
// CHECK: nn.softmax %{{.*}} axis = 3
// CHECK: nn.pad constant %{{.*}} lo = [0, 0, 1, 0] hi = [0, 2, 0, 0]
// CHECK: nn.slice %{{.*}} starts = [0, 5, 0, 1] steps = [1, -1, 1, 1] : (tensor<1x6x6x3xf32>) -> tensor<1x6x6x2xf32>
// CHECK: nn.resize nearest %{{.*}} scales = [1.000000e+00, 2.000000e+00, 1.000000e+00, 1.000000e+00] {{.*}} -> tensor<1x12x6x2xf32>
// CHECK: nn.lrn {{.*}} channels_last
// CHECK: nn.arg_reduce max %{{.*}} axis = 3 keepdims : (tensor<1x12x6x2xf32>) -> tensor<1x12x6x1xi64>
// CHECK: nn.cast
// CHECK: nn.cumsum %{{.*}} axis = 2
// CHECK: nn.compare
// CHECK: nn.select
// CHECK: nn.conv_transpose {{.*}} channels_last
// CHECK: nn.avg_pool {{.*}} channels_last
// CHECK-NEXT: nn.transpose
// CHECK-NEXT: return
func.func @followers(%x: tensor<1x2x4x5xf32>, %w: tensor<3x2x1x1xf32>, %u: tensor<2x3x2x2xf32>) -> tensor<1x3x24x12xf32> {
  %v = nn.constant dense<1.0> : tensor<f32>
  %0 = nn.conv %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x2x4x5xf32>, tensor<3x2x1x1xf32>) -> tensor<1x3x4x5xf32>
  %1 = nn.softmax %0 axis = 1 : (tensor<1x3x4x5xf32>) -> tensor<1x3x4x5xf32>
  %2 = nn.pad constant %1, %v lo = [0, 0, 0, 1] hi = [0, 0, 2, 0] : (tensor<1x3x4x5xf32>, tensor<f32>) -> tensor<1x3x6x6xf32>
  %3 = nn.slice %2 starts = [0, 1, 5, 0] steps = [1, 1, -1, 1] : (tensor<1x3x6x6xf32>) -> tensor<1x2x6x6xf32>
  %4 = nn.resize nearest %3 scales = [1.0, 1.0, 2.0, 1.0] coordinate = asymmetric nearest_mode = floor : (tensor<1x2x6x6xf32>) -> tensor<1x2x12x6xf32>
  %5 = nn.lrn %4 size = 3 alpha = 1.0 beta = 1.0 bias = 1.0 : (tensor<1x2x12x6xf32>) -> tensor<1x2x12x6xf32>
  %6 = nn.arg_reduce max %5 axis = 1 keepdims : (tensor<1x2x12x6xf32>) -> tensor<1x1x12x6xi64>
  %7 = nn.cast %6 : (tensor<1x1x12x6xi64>) -> tensor<1x1x12x6xf32>
  %8 = nn.cumsum %7 axis = 3 : (tensor<1x1x12x6xf32>) -> tensor<1x1x12x6xf32>
  %9 = nn.compare lt %8, %5 : (tensor<1x1x12x6xf32>, tensor<1x2x12x6xf32>) -> tensor<1x2x12x6xi1>
  %10 = nn.select %9, %5, %8 : (tensor<1x2x12x6xi1>, tensor<1x2x12x6xf32>, tensor<1x1x12x6xf32>) -> tensor<1x2x12x6xf32>
  %11 = nn.conv_transpose %10, %u strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] output_padding = [0, 0] : (tensor<1x2x12x6xf32>, tensor<2x3x2x2xf32>) -> tensor<1x3x24x12xf32>
  %12 = nn.avg_pool %11 kernel = [3, 3] strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] : (tensor<1x3x24x12xf32>) -> tensor<1x3x24x12xf32>
  return %12 : tensor<1x3x24x12xf32>
}

// -----

// A border in front of an operation that can not follow is drawn where the tensor is smallest.
// CHECK-LABEL: func @smallest_border
// CHECK: nn.conv
// CHECK: nn.transpose %{{.*}} : (tensor<2x4x4x3xf32>) -> tensor<2x3x4x4xf32>
// CHECK: nn.resize
// CHECK: nn.relu
// CHECK-NEXT: return
func.func @smallest_border(%x: tensor<2x3x4x4xf32>, %w: tensor<3x3x1x1xf32>) -> tensor<2x3x16x16xf32> {
  %0 = nn.conv %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<2x3x4x4xf32>, tensor<3x3x1x1xf32>) -> tensor<2x3x4x4xf32>
  %1 = nn.resize linear %0 scales = [1.0, 1.0, 4.0, 4.0] coordinate = half_pixel : (tensor<2x3x4x4xf32>) -> tensor<2x3x16x16xf32>
  %2 = nn.relu %1 : (tensor<2x3x16x16xf32>) -> tensor<2x3x16x16xf32>
  return %2 : tensor<2x3x16x16xf32>
}
