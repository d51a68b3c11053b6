// RUN: dlc-opt %s --convert-nn-to-linalg --split-input-file | FileCheck %s

// Padding is one tensor.pad, windows index the padded tensor, and what no window
// reaches is not padded (9 rows with stride 2 need no row behind).

// CHECK-DAG: #[[IN:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d4, d2 * 2 + d5, d3 * 2 + d6)>
// CHECK-DAG: #[[FILTER:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d1, d4, d5, d6)>
// CHECK-DAG: #[[OUT:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3)>
// CHECK-LABEL: @channels_first
// CHECK: %[[PAD:.*]] = tensor.pad %{{.*}} low[0, 0, 1, 1] high[0, 0, 0, 1]
// CHECK: tensor<1x3x8x9xf32> to tensor<1x3x9x11xf32>
// CHECK: %[[INIT:.*]] = linalg.fill
// CHECK: linalg.generic {indexing_maps = [#[[IN]], #[[FILTER]], #[[OUT]]], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
// CHECK-SAME: ins(%[[PAD]], %{{.*}}) outs(%[[INIT]]
// CHECK: %[[PRODUCT:.*]] = arith.mulf %{{.*}}, %{{.*}} fastmath<contract>
// CHECK: arith.addf %{{.*}}, %[[PRODUCT]] fastmath<reassoc,contract>
func.func @channels_first(%x: tensor<1x3x8x9xf32>, %w: tensor<8x3x3x3xf32>) -> tensor<1x8x4x5xf32> {
  %r = nn.conv %x, %w strides = [2, 2] pads = [1, 1, 1, 1] dilations = [1, 1]
      : (tensor<1x3x8x9xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x4x5xf32>
  return %r : tensor<1x8x4x5xf32>
}

// -----

// CHECK-DAG: #[[IN:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 + d4, d2 + d5 * 2, d6)>
// CHECK-DAG: #[[FILTER:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d3, d6, d4, d5)>
// CHECK-LABEL: @channels_last
// CHECK-NOT: tensor.pad
// CHECK: linalg.generic {indexing_maps = [#[[IN]], #[[FILTER]],
func.func @channels_last(%x: tensor<1x9x9x3xf32>, %w: tensor<8x3x3x3xf32>) -> tensor<1x7x5x8xf32> {
  %r = nn.conv %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 2] channels_last
      : (tensor<1x9x9x3xf32>, tensor<8x3x3x3xf32>) -> tensor<1x7x5x8xf32>
  return %r : tensor<1x7x5x8xf32>
}

// -----

// A depthwise convolution has no loop over input channels.

// CHECK-DAG: #[[IN:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1 + d4, d2 + d5, d3)>
// CHECK-DAG: #[[FILTER:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d3, 0, d4, d5)>
// CHECK-LABEL: @depthwise
// CHECK: linalg.generic {indexing_maps = [#[[IN]], #[[FILTER]], #{{.*}}], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
func.func @depthwise(%x: tensor<1x9x9x4xf32>, %w: tensor<4x1x3x3xf32>) -> tensor<1x7x7x4xf32> {
  %r = nn.conv %x, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] groups = 4 channels_last
      : (tensor<1x9x9x4xf32>, tensor<4x1x3x3xf32>) -> tensor<1x7x7x4xf32>
  return %r : tensor<1x7x7x4xf32>
}

// -----

// Groups are a loop of their own; the input is read in place.

// CHECK-DAG: #[[IN:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1 * 3 + d4, d3 + d5)>
// CHECK-DAG: #[[FILTER:.*]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d1, d2, d4, d5)>
// CHECK-LABEL: @grouped
// CHECK-SAME: %[[X:.*]]: tensor<1x6x5xf32>
// CHECK: %[[FILTER_SPLIT:.*]] = tensor.expand_shape %{{.*}} {{\[\[}}0, 1], [2], [3]]
// CHECK: linalg.generic {indexing_maps = [#[[IN]], #[[FILTER]],
// CHECK-SAME: ins(%[[X]], %[[FILTER_SPLIT]]
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0], [1, 2], [3]] : tensor<1x2x2x4xf32> into tensor<1x4x4xf32>
func.func @grouped(%x: tensor<1x6x5xf32>, %w: tensor<4x3x2xf32>) -> tensor<1x4x4xf32> {
  %r = nn.conv %x, %w strides = [1] pads = [0, 0] dilations = [1] groups = 2
      : (tensor<1x6x5xf32>, tensor<4x3x2xf32>) -> tensor<1x4x4xf32>
  return %r : tensor<1x4x4xf32>
}

// -----

// 16-bit floats are summed in f32.

// CHECK-LABEL: @half
// CHECK: outs(%{{.*}} : tensor<1x4x4xf32>)
// CHECK: arith.extf
// CHECK: arith.extf
// CHECK: arith.truncf %{{.*}} : f32 to f16
func.func @half(%x: tensor<1x6x5xf16>, %w: tensor<4x6x2xf16>) -> tensor<1x4x4xf16> {
  %r = nn.conv %x, %w strides = [1] pads = [0, 0] dilations = [1]
      : (tensor<1x6x5xf16>, tensor<4x6x2xf16>) -> tensor<1x4x4xf16>
  return %r : tensor<1x4x4xf16>
}

// -----

// Kernels that do not overlap make a matrix product with (size, kernel) pairs.

// CHECK-DAG: #[[IN:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d3, d6)>
// CHECK-DAG: #[[FILTER:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d6, d5, d2, d4)>
// CHECK-LABEL: @transposed_disjoint
// CHECK-NOT: tensor.pad
// CHECK: linalg.generic {indexing_maps = [#[[IN]], #[[FILTER]],
// CHECK-SAME: outs(%{{.*}} : tensor<1x4x2x4x2x5xf32>)
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0], [1, 2], [3, 4], [5]]
func.func @transposed_disjoint(%x: tensor<1x4x4x6xf32>, %w: tensor<6x5x2x2xf32>) -> tensor<1x8x8x5xf32> {
  %r = nn.conv_transpose %x, %w strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1]
      output_padding = [0, 0] channels_last
      : (tensor<1x4x4x6xf32>, tensor<6x5x2x2xf32>) -> tensor<1x8x8x5xf32>
  return %r : tensor<1x8x8x5xf32>
}

// -----

// Any other is a convolution of the spread input with the mirrored filter.

// CHECK-DAG: #[[MIRROR:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d1, -d3 + 2)>
// CHECK-DAG: #[[IN:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d3, d2 + d4)>
// CHECK-LABEL: @transposed
// CHECK: tensor.pad
// CHECK: linalg.generic {indexing_maps = [#[[MIRROR]],
// CHECK: tensor.pad
// CHECK: linalg.generic {indexing_maps = [#[[IN]],
func.func @transposed(%x: tensor<1x6x4xf32>, %w: tensor<6x5x3xf32>) -> tensor<1x5x7xf32> {
  %r = nn.conv_transpose %x, %w strides = [2] pads = [1, 1] dilations = [1] output_padding = [0]
      : (tensor<1x6x4xf32>, tensor<6x5x3xf32>) -> tensor<1x5x7xf32>
  return %r : tensor<1x5x7xf32>
}

// -----

// No input channels: the sum over nothing.

// CHECK-LABEL: @no_channels
// CHECK: %[[ZERO:.*]] = linalg.fill
// CHECK-NOT: linalg.generic
// CHECK: return %[[ZERO]]
func.func @no_channels(%x: tensor<1x0x5xf32>, %w: tensor<4x0x2xf32>) -> tensor<1x4x4xf32> {
  %r = nn.conv %x, %w strides = [1] pads = [0, 0] dilations = [1]
      : (tensor<1x0x5xf32>, tensor<4x0x2xf32>) -> tensor<1x4x4xf32>
  return %r : tensor<1x4x4xf32>
}
