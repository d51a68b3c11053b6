// RUN: dlc-opt %s --nn-simplify --split-input-file | FileCheck %s

// CHECK-LABEL: func @conv
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x4x4xf32>
// CHECK: nn.conv %[[X]], %{{.*}} strides = [1, 1] pads = [1, 0, 3, 1]
func.func @conv(%x: tensor<1x3x4x4xf32>, %w: tensor<2x3x3x3xf32>) -> tensor<1x2x6x3xf32> {
  %v = nn.constant dense<0.0> : tensor<f32>
  %0 = nn.pad constant %x, %v lo = [0, 0, 1, 0] hi = [0, 0, 2, 1] : (tensor<1x3x4x4xf32>, tensor<f32>) -> tensor<1x3x7x5xf32>
  %1 = nn.conv %0, %w strides = [1, 1] pads = [0, 0, 1, 0] dilations = [1, 1] : (tensor<1x3x7x5xf32>, tensor<2x3x3x3xf32>) -> tensor<1x2x6x3xf32>
  return %1 : tensor<1x2x6x3xf32>
}

// -----

// CHECK-LABEL: func @pools
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x4x3xf32>
// CHECK: nn.avg_pool %[[X]] {{.*}} pads = [1, 1, 0, 0] dilations = [1, 1] count_include_pad
// CHECK: nn.max_pool %[[X]] {{.*}} pads = [1, 1, 0, 0]
func.func @pools(%x: tensor<1x4x4x3xf32>) -> (tensor<1x4x4x3xf32>, tensor<1x4x4x3xf32>) {
  %v = nn.constant dense<0.0> : tensor<f32>
  %0 = nn.pad constant %x, %v lo = [0, 1, 1, 0] hi = [0, 0, 0, 0] : (tensor<1x4x4x3xf32>, tensor<f32>) -> tensor<1x5x5x3xf32>
  %1 = nn.avg_pool %0 kernel = [2, 2] strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] channels_last : (tensor<1x5x5x3xf32>) -> tensor<1x4x4x3xf32>
  %i = nn.constant dense<0xFF800000> : tensor<f32>
  %2 = nn.pad constant %x, %i lo = [0, 1, 1, 0] hi = [0, 0, 0, 0] : (tensor<1x4x4x3xf32>, tensor<f32>) -> tensor<1x5x5x3xf32>
  %3 = nn.max_pool %2 kernel = [2, 2] strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] channels_last : (tensor<1x5x5x3xf32>) -> tensor<1x4x4x3xf32>
  return %1, %3 : tensor<1x4x4x3xf32>, tensor<1x4x4x3xf32>
}

// -----

// Other values, channels, and pools that do not count their own padding.
// CHECK-LABEL: func @left_alone
// CHECK-COUNT-3: nn.pad
func.func @left_alone(%x: tensor<1x2x4xf32>, %w: tensor<2x2x1xf32>, %u: tensor<2x3x1xf32>) -> (tensor<1x2x5xf32>, tensor<1x2x4xf32>, tensor<1x2x5xf32>) {
  %one = nn.constant dense<1.0> : tensor<f32>
  %zero = nn.constant dense<0.0> : tensor<f32>
  %0 = nn.pad constant %x, %one lo = [0, 0, 1] hi = [0, 0, 0] : (tensor<1x2x4xf32>, tensor<f32>) -> tensor<1x2x5xf32>
  %1 = nn.conv %0, %w strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x2x5xf32>, tensor<2x2x1xf32>) -> tensor<1x2x5xf32>
  %2 = nn.pad constant %x, %zero lo = [0, 1, 0] hi = [0, 0, 0] : (tensor<1x2x4xf32>, tensor<f32>) -> tensor<1x3x4xf32>
  %3 = nn.conv %2, %u strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x3x4xf32>, tensor<2x3x1xf32>) -> tensor<1x2x4xf32>
  %4 = nn.pad constant %x, %zero lo = [0, 0, 1] hi = [0, 0, 0] : (tensor<1x2x4xf32>, tensor<f32>) -> tensor<1x2x5xf32>
  %5 = nn.avg_pool %4 kernel = [3] strides = [1] pads = [1, 1] dilations = [1] : (tensor<1x2x5xf32>) -> tensor<1x2x5xf32>
  return %1, %3, %5 : tensor<1x2x5xf32>, tensor<1x2x4xf32>, tensor<1x2x5xf32>
}

// -----

// The deviation of a layer norm: one reciprocal a row.
// CHECK-LABEL: func @division
// CHECK-SAME: (%[[X:.*]]: tensor<4x16xf32>, %[[D:.*]]: tensor<4x1xf32>, %[[E:.*]]: tensor<4x16xf32>)
// CHECK: %[[R:.*]] = nn.reciprocal %[[D]]
// CHECK-NEXT: nn.mul %[[X]], %[[R]]
// CHECK-NEXT: nn.div %[[X]], %[[E]]
func.func @division(%x: tensor<4x16xf32>, %d: tensor<4x1xf32>, %e: tensor<4x16xf32>) -> (tensor<4x16xf32>, tensor<4x16xf32>) {
  %0 = nn.div %x, %d : (tensor<4x16xf32>, tensor<4x1xf32>) -> tensor<4x16xf32>
  %1 = nn.div %x, %e : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x16xf32>
  return %0, %1 : tensor<4x16xf32>, tensor<4x16xf32>
}

// -----

// What is rounded to steps is divided as ONNX says: x * (1 / y) may lie on the other side of a half.
// CHECK-LABEL: func @steps
// CHECK-SAME: (%[[X:.*]]: tensor<4x16xf32>, %[[D:.*]]: tensor<4x1xf32>)
// CHECK: %[[Q:.*]] = nn.div %[[X]], %[[D]]
// CHECK-NEXT: nn.round %[[Q]]
// CHECK: %[[I:.*]] = nn.div
// CHECK-NEXT: nn.cast %[[I]]
// CHECK-NOT: nn.reciprocal
func.func @steps(%x: tensor<4x16xf32>, %d: tensor<4x1xf32>) -> (tensor<4x16xf32>, tensor<4x16xi32>) {
  %0 = nn.div %x, %d : (tensor<4x16xf32>, tensor<4x1xf32>) -> tensor<4x16xf32>
  %1 = nn.round %0 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %2 = nn.neg %x : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %3 = nn.div %2, %d : (tensor<4x16xf32>, tensor<4x1xf32>) -> tensor<4x16xf32>
  %4 = nn.cast %3 : (tensor<4x16xf32>) -> tensor<4x16xi32>
  return %1, %4 : tensor<4x16xf32>, tensor<4x16xi32>
}

// -----

// Rows: both outer taps see nothing but padding. Columns: the first one does.
// CHECK-LABEL: func @dead_taps
// CHECK-SAME: (%[[X:.*]]: tensor<1x1x4x4xf32>
// CHECK: %[[W:.*]] = nn.constant {{.*}}5.000000e+00, 6.000000e+00{{.*}}: tensor<1x1x1x2xf32>
// CHECK: nn.conv %[[X]], %[[W]] strides = [1, 1] pads = [0, 0, 0, 2] dilations = [4, 3]
// CHECK-SAME: -> tensor<1x1x4x3xf32>
// CHECK: nn.conv {{.*}} pads = [4, 3, 4, 2]
func.func @dead_taps(%x: tensor<1x1x4x4xf32>) -> (tensor<1x1x4x3xf32>, tensor<1x1x4x3xf32>) {
  %w = nn.constant dense<[[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]]> : tensor<1x1x3x3xf32>
  %0 = nn.conv %x, %w strides = [1, 1] pads = [4, 3, 4, 2] dilations = [4, 3] : (tensor<1x1x4x4xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x4x3xf32>
  // Infinity times the padding is not a number.
  %inf = nn.constant dense<0x7F800000> : tensor<1x1x3x3xf32>
  %1 = nn.conv %x, %inf strides = [1, 1] pads = [4, 3, 4, 2] dilations = [4, 3] : (tensor<1x1x4x4xf32>, tensor<1x1x3x3xf32>) -> tensor<1x1x4x3xf32>
  return %0, %1 : tensor<1x1x4x3xf32>, tensor<1x1x4x3xf32>
}

// -----

// But sums of scaled integers and constants are rescaled: scales and the bias are divided.
// CHECK-LABEL: func @rescaled
// CHECK-SAME: (%[[X:.*]]: tensor<4x16xi32>, %[[Y:.*]]: tensor<4x16xui8>)
// CHECK-DAG: %[[A:.*]] = nn.constant dense<2.500000e-01> : tensor<f32>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<5.000000e-01> : tensor<f32>
// CHECK-DAG: %[[BIAS:.*]] = nn.constant {{.*}} : tensor<1x16xf32>
// CHECK-DAG: %[[XF:.*]] = nn.cast %[[X]]
// CHECK-DAG: %[[YF:.*]] = nn.cast %[[Y]]
// CHECK-DAG: %[[XA:.*]] = nn.mul %[[XF]], %[[A]]
// CHECK-DAG: %[[XB:.*]] = nn.add %[[XA]], %[[BIAS]]
// CHECK-DAG: %[[YB:.*]] = nn.mul %[[YF]], %[[B]]
// CHECK: %[[SUM:.*]] = nn.add %[[XB]], %[[YB]]
// CHECK: %[[POSITIVE:.*]] = nn.relu %[[SUM]]
// CHECK: nn.round %[[POSITIVE]]
func.func @rescaled(%x: tensor<4x16xi32>, %y: tensor<4x16xui8>) -> tensor<4x16xf32> {
  %a = nn.constant dense<0.5> : tensor<f32>
  %b = nn.constant dense<1.0> : tensor<f32>
  %bias = nn.constant dense<3.0> : tensor<1x16xf32>
  %unit = nn.constant dense<2.0> : tensor<f32>
  %0 = nn.cast %x : (tensor<4x16xi32>) -> tensor<4x16xf32>
  %1 = nn.mul %0, %a : (tensor<4x16xf32>, tensor<f32>) -> tensor<4x16xf32>
  %2 = nn.add %1, %bias : (tensor<4x16xf32>, tensor<1x16xf32>) -> tensor<4x16xf32>
  %3 = nn.cast %y : (tensor<4x16xui8>) -> tensor<4x16xf32>
  %4 = nn.mul %3, %b : (tensor<4x16xf32>, tensor<f32>) -> tensor<4x16xf32>
  %5 = nn.add %2, %4 : (tensor<4x16xf32>, tensor<4x16xf32>) -> tensor<4x16xf32>
  %6 = nn.relu %5 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  %7 = nn.div %6, %unit : (tensor<4x16xf32>, tensor<f32>) -> tensor<4x16xf32>
  %8 = nn.round %7 : (tensor<4x16xf32>) -> tensor<4x16xf32>
  return %8 : tensor<4x16xf32>
}
