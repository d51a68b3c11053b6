// RUN: dlc-opt %s --nn-fold-batch-norm --canonicalize --split-input-file | FileCheck %s

// conv + bias, then batch_norm: one filter, one bias.
// CHECK-LABEL: func @conv_bias_norm
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x4x4xf32>)
// scale / sqrt(variance + epsilon) = [4 / 2, 9 / 3]
// CHECK-DAG: %[[S:.*]] = nn.constant dense<{{\[\[\[\[}}2.000000e+00]]], {{\[\[\[}}3.000000e+00]]]]> : tensor<2x1x1x1xf32>
// bias - mean * s + b * s = [1 - 10 * 2 + 5 * 2, 2 - 20 * 3 + 6 * 3]
// CHECK-DAG: %[[B:.*]] = nn.constant dense<{{\[\[\[}}-9.000000e+00]], {{\[\[}}-4.000000e+01]]]> : tensor<2x1x1xf32>
// CHECK: %[[W:.*]] = nn.sin
// CHECK-NEXT: %[[SW:.*]] = nn.mul %[[W]], %[[S]]
// CHECK-NEXT: %[[C:.*]] = nn.conv %[[X]], %[[SW]]
// CHECK-NEXT: %[[R:.*]] = nn.add %[[C]], %[[B]]
// CHECK-NEXT: return %[[R]]
func.func @conv_bias_norm(%x: tensor<1x3x4x4xf32>) -> tensor<1x2x4x4xf32> {
  // Stands for what is not computed at this level.
  %v = nn.constant dense<1.0> : tensor<2x3x1x1xf32>
  %w = nn.sin %v : (tensor<2x3x1x1xf32>) -> tensor<2x3x1x1xf32>
  %b = nn.constant dense<[[[5.0]], [[6.0]]]> : tensor<2x1x1xf32>
  %scale = nn.constant dense<[4.0, 9.0]> : tensor<2xf32>
  %bias = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %mean = nn.constant dense<[10.0, 20.0]> : tensor<2xf32>
  %var = nn.constant dense<[3.0, 8.0]> : tensor<2xf32>
  %0 = nn.conv %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x3x4x4xf32>, tensor<2x3x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = nn.add %0, %b : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
  %2 = nn.batch_norm %1, %scale, %bias, %mean, %var epsilon = 1.0 : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
  return %2 : tensor<1x2x4x4xf32>
}

// -----

// Nothing to fold into: one multiplication, one addition.
// CHECK-LABEL: func @norm_alone
// CHECK-SAME: (%[[X:.*]]: tensor<1x4x2xf32>)
// CHECK: %[[M:.*]] = nn.mul %[[X]], %{{.*}} : (tensor<1x4x2xf32>, tensor<2xf32>)
// CHECK-NEXT: %[[R:.*]] = nn.add %[[M]], %{{.*}} : (tensor<1x4x2xf32>, tensor<2xf32>)
// CHECK-NEXT: return %[[R]]
func.func @norm_alone(%x: tensor<1x4x2xf32>) -> tensor<1x4x2xf32> {
  %p = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = nn.batch_norm %x, %p, %p, %p, %p epsilon = 1.0 channels_last : (tensor<1x4x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x4x2xf32>
  return %0 : tensor<1x4x2xf32>
}

// -----

// Parameters that are not constant stay.
// CHECK-LABEL: func @norm_of_inputs
// CHECK-NEXT: nn.batch_norm
func.func @norm_of_inputs(%x: tensor<1x2x4xf32>, %p: tensor<2xf32>) -> tensor<1x2x4xf32> {
  %0 = nn.batch_norm %x, %p, %p, %p, %p epsilon = 1.0 : (tensor<1x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4xf32>
  return %0 : tensor<1x2x4xf32>
}

// -----

// (x W - c) / k + d
// CHECK-LABEL: func @matmul
// CHECK-DAG: %[[W:.*]] = nn.constant dense<{{\[\[}}1.000000e+00, 1.000000e+00], {{\[}}1.500000e+00, 2.000000e+00]]>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<[9.000000e+00, 8.750000e+00]> : tensor<2xf32>
// CHECK: nn.matmul %{{.*}}, %[[W]]
// CHECK-NEXT: nn.add %{{.*}}, %[[B]]
// CHECK-NEXT: return
func.func @matmul(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = nn.constant dense<[[2.0, 4.0], [3.0, 8.0]]> : tensor<2x2xf32>
  %c = nn.constant dense<[2.0, 5.0]> : tensor<2xf32>
  %k = nn.constant dense<[2.0, 4.0]> : tensor<2xf32>
  %d = nn.constant dense<10.0> : tensor<f32>
  %0 = nn.matmul %x, %w : (tensor<3x2xf32>, tensor<2x2xf32>) -> tensor<3x2xf32>
  %1 = nn.sub %0, %c : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %2 = nn.div %1, %k : (tensor<3x2xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %3 = nn.add %d, %2 : (tensor<f32>, tensor<3x2xf32>) -> tensor<3x2xf32>
  return %3 : tensor<3x2xf32>
}

// -----

// The output channels of a grouped transposed convolution: group by group.
// CHECK-LABEL: func @conv_transpose_groups
// CHECK: %[[W:.*]] = nn.constant dense<{{.*}}1.000000e+00{{.*}}2.000000e+00{{.*}}1.000000e+00{{.*}}2.000000e+00{{.*}}3.000000e+00{{.*}}4.000000e+00{{.*}}3.000000e+00{{.*}}4.000000e+00{{.*}}> : tensor<4x2x1xf32>
// CHECK-NEXT: nn.conv_transpose %{{.*}}, %[[W]]
// CHECK-NEXT: return
func.func @conv_transpose_groups(%x: tensor<1x4x5xf32>) -> tensor<1x4x5xf32> {
  %w = nn.constant dense<1.0> : tensor<4x2x1xf32>
  %k = nn.constant dense<[[1.0], [2.0], [3.0], [4.0]]> : tensor<4x1xf32>
  %0 = nn.conv_transpose %x, %w strides = [1] pads = [0, 0] dilations = [1] output_padding = [0] groups = 2 : (tensor<1x4x5xf32>, tensor<4x2x1xf32>) -> tensor<1x4x5xf32>
  %1 = nn.mul %0, %k : (tensor<1x4x5xf32>, tensor<4x1xf32>) -> tensor<1x4x5xf32>
  return %1 : tensor<1x4x5xf32>
}

// -----

// A factor that is not per output channel, a filter with two users.
// CHECK-LABEL: func @left_alone
// CHECK: nn.conv
// CHECK: nn.mul
// CHECK: nn.conv
// CHECK: nn.mul
func.func @left_alone(%x: tensor<1x3x2x2xf32>) -> (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) {
  %w = nn.constant dense<1.0> : tensor<2x3x1x1xf32>
  %v = nn.constant dense<3.0> : tensor<2x3x1x1xf32>
  %k = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %two = nn.constant dense<2.0> : tensor<f32>
  %0 = nn.conv %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x3x2x2xf32>, tensor<2x3x1x1xf32>) -> tensor<1x2x2x2xf32>
  %1 = nn.mul %0, %k : (tensor<1x2x2x2xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  %2 = nn.conv %x, %v strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x3x2x2xf32>, tensor<2x3x1x1xf32>) -> tensor<1x2x2x2xf32>
  %3 = nn.mul %2, %two : (tensor<1x2x2x2xf32>, tensor<f32>) -> tensor<1x2x2x2xf32>
  %4 = nn.add %3, %2 : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  return %1, %4 : tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>
}

// -----

// ((x * 2 + 3) * 4 + 5) * 6, as normalisation followed by a scaling layer: one of each.
// CHECK-LABEL: func @chain
// CHECK-SAME: (%[[X:.*]]: tensor<1x3x2x2xf32>)
// CHECK-DAG: %[[A:.*]] = nn.constant dense<4.800000e+01> : tensor<f32>
// CHECK-DAG: %[[B:.*]] = nn.constant dense<1.020000e+02> : tensor<f32>
// CHECK: %[[M:.*]] = nn.mul %[[X]], %[[A]]
// CHECK-NEXT: %[[R:.*]] = nn.add %[[M]], %[[B]]
// CHECK-NEXT: return %[[R]]
func.func @chain(%x: tensor<1x3x2x2xf32>) -> tensor<1x3x2x2xf32> {
  %c2 = nn.constant dense<2.0> : tensor<f32>
  %c3 = nn.constant dense<3.0> : tensor<f32>
  %c4 = nn.constant dense<4.0> : tensor<f32>
  %c5 = nn.constant dense<5.0> : tensor<f32>
  %c6 = nn.constant dense<6.0> : tensor<f32>
  %0 = nn.mul %x, %c2 : (tensor<1x3x2x2xf32>, tensor<f32>) -> tensor<1x3x2x2xf32>
  %1 = nn.add %0, %c3 : (tensor<1x3x2x2xf32>, tensor<f32>) -> tensor<1x3x2x2xf32>
  %2 = nn.mul %1, %c4 : (tensor<1x3x2x2xf32>, tensor<f32>) -> tensor<1x3x2x2xf32>
  %3 = nn.add %2, %c5 : (tensor<1x3x2x2xf32>, tensor<f32>) -> tensor<1x3x2x2xf32>
  %4 = nn.mul %3, %c6 : (tensor<1x3x2x2xf32>, tensor<f32>) -> tensor<1x3x2x2xf32>
  return %4 : tensor<1x3x2x2xf32>
}

// -----

// Constants along different dimensions would grow together.
// CHECK-LABEL: func @grows
// CHECK-COUNT-2: nn.add
func.func @grows(%x: tensor<9x9xf32>) -> tensor<9x9xf32> {
  %a = nn.constant dense<2.0> : tensor<9x1xf32>
  %b = nn.constant dense<3.0> : tensor<9xf32>
  %0 = nn.add %x, %a : (tensor<9x9xf32>, tensor<9x1xf32>) -> tensor<9x9xf32>
  %1 = nn.add %0, %b : (tensor<9x9xf32>, tensor<9xf32>) -> tensor<9x9xf32>
  return %1 : tensor<9x9xf32>
}
