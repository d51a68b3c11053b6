// RUN: dlc-opt %s --nn-integer-products --canonicalize --split-input-file | FileCheck %s
// RUN: dlc-opt %s --nn-integer-products=always-bytes --canonicalize --split-input-file | FileCheck %s --check-prefix=BYTES

// Bytes are multiplied as they are; what the left zero point adds is taken off the sums,
// to which the scales are applied.

// CHECK-LABEL: @matmul
// CHECK-SAME: %[[A:.*]]: tensor<2x3xui8>, %[[B:.*]]: tensor<3x4xi8>, %[[S:.*]]: tensor<f32>, %[[T:.*]]: tensor<1x4xf32>
// CHECK: %[[SUMS:.*]] = nn.matmul %[[A]], %[[B]] : (tensor<2x3xui8>, tensor<3x4xi8>) -> tensor<2x4xi32>
// CHECK: %[[B32:.*]] = nn.cast %[[B]] : (tensor<3x4xi8>) -> tensor<3x4xi32>
// CHECK: %[[COLUMNS:.*]] = nn.reduce sum %[[B32]] {{.*}} -> tensor<1x4xi32>
// CHECK: %[[EXTRA:.*]] = nn.mul %[[COLUMNS]]
// CHECK: %[[CENTRED:.*]] = nn.sub %[[SUMS]], %[[EXTRA]]
// CHECK: %[[REAL:.*]] = nn.cast %[[CENTRED]] : (tensor<2x4xi32>) -> tensor<2x4xf32>
// CHECK: %[[UNIT:.*]] = nn.mul %[[S]], %{{.*}} : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
// CHECK: nn.mul %[[REAL]], %[[UNIT]]
func.func @matmul(%a: tensor<2x3xui8>, %b: tensor<3x4xi8>, %s: tensor<f32>, %t: tensor<1x4xf32>) -> tensor<2x4xf32> {
  %zero = nn.constant dense<128.0> : tensor<f32>
  %0 = nn.cast %a : (tensor<2x3xui8>) -> tensor<2x3xf32>
  %1 = nn.sub %0, %zero : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.mul %1, %s : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %3 = nn.cast %b : (tensor<3x4xi8>) -> tensor<3x4xf32>
  %4 = nn.mul %3, %t : (tensor<3x4xf32>, tensor<1x4xf32>) -> tensor<3x4xf32>
  %5 = nn.matmul %2, %4 : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %5 : tensor<2x4xf32>
}

// -----

// A right operand with a zero point: both without theirs, in 16 bits. A transposed
// operand, scaled by what are columns after it.

// CHECK-LABEL: @transposed
// CHECK: nn.sub {{.*}} tensor<4x3xi16>
// CHECK: nn.transpose %{{.*}} : (tensor<4x3xi16>) -> tensor<3x4xi16>
// CHECK: nn.matmul {{.*}} : (tensor<2x3xi16>, tensor<3x4xi16>) -> tensor<2x4xi32>
// CHECK: nn.reshape %{{.*}} : (tensor<4x1xf32>) -> tensor<4xf32>

// With always-bytes the sums of the left operand's rows take the zero points off.

// BYTES-LABEL: @transposed
// BYTES-SAME: %[[A:.*]]: tensor<2x3xi8>, %[[B:.*]]: tensor<4x3xi8>
// BYTES: %[[T:.*]] = nn.transpose %[[B]]
// BYTES: %[[SUMS:.*]] = nn.matmul %[[A]], %[[T]] : (tensor<2x3xi8>, tensor<3x4xi8>) -> tensor<2x4xi32>
// BYTES: %[[ZEROS:.*]] = nn.reshape %{{.*}} : (tensor<4x1xi32>) -> tensor<1x4xi32>
// BYTES: %[[ROWS:.*]] = nn.reduce sum %{{.*}} -> tensor<2x1xi32>
// BYTES: %[[OFF:.*]] = nn.mul %[[ROWS]], %[[ZEROS]]
// BYTES: nn.sub %[[SUMS]], %[[OFF]]
func.func @transposed(%a: tensor<2x3xi8>, %b: tensor<4x3xi8>, %z: tensor<4x1xi8>, %s: tensor<1xf32>, %t: tensor<4x1xf32>) -> tensor<2x4xf32> {
  %0 = nn.cast %a : (tensor<2x3xi8>) -> tensor<2x3xf32>
  %1 = nn.mul %s, %0 : (tensor<1xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = nn.cast %b : (tensor<4x3xi8>) -> tensor<4x3xf32>
  %zero = nn.cast %z : (tensor<4x1xi8>) -> tensor<4x1xf32>
  %3 = nn.sub %2, %zero : (tensor<4x3xf32>, tensor<4x1xf32>) -> tensor<4x3xf32>
  %4 = nn.mul %3, %t : (tensor<4x3xf32>, tensor<4x1xf32>) -> tensor<4x3xf32>
  %5 = nn.transpose %4 perm = [1, 0] : (tensor<4x3xf32>) -> tensor<3x4xf32>
  %6 = nn.matmul %1, %5 : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %6 : tensor<2x4xf32>
}

// -----

// A convolution is padded with the zero point.

// CHECK-LABEL: @conv
// CHECK-SAME: %[[X:.*]]: tensor<1x2x5xui8>, %[[W:.*]]: tensor<4x2x3xi8>
// CHECK: %[[Z:.*]] = nn.constant dense<7> : tensor<ui8>
// CHECK: %[[P:.*]] = nn.pad constant %[[X]], %[[Z]] lo = [0, 0, 1] hi = [0, 0, 1]
// CHECK: nn.conv %[[P]], %[[W]] strides = [1] pads = [0, 0] {{.*}} : (tensor<1x2x7xui8>, tensor<4x2x3xi8>) -> tensor<1x4x5xi32>
// CHECK: nn.reshape %{{.*}} : (tensor<4x1x1xf32>) -> tensor<4x1xf32>
// CHECK: nn.mul {{.*}} -> tensor<1x4x5xf32>
func.func @conv(%x: tensor<1x2x5xui8>, %w: tensor<4x2x3xi8>, %s: tensor<f32>, %t: tensor<4x1x1xf32>) -> tensor<1x4x5xf32> {
  %zero = nn.constant dense<7> : tensor<1xui8>
  %none = nn.constant dense<0> : tensor<4x1x1xi8>
  %0 = nn.cast %x : (tensor<1x2x5xui8>) -> tensor<1x2x5xf32>
  %z = nn.cast %zero : (tensor<1xui8>) -> tensor<1xf32>
  %1 = nn.sub %0, %z : (tensor<1x2x5xf32>, tensor<1xf32>) -> tensor<1x2x5xf32>
  %2 = nn.mul %1, %s : (tensor<1x2x5xf32>, tensor<f32>) -> tensor<1x2x5xf32>
  %3 = nn.cast %w : (tensor<4x2x3xi8>) -> tensor<4x2x3xf32>
  %n = nn.cast %none : (tensor<4x1x1xi8>) -> tensor<4x1x1xf32>
  %4 = nn.sub %3, %n : (tensor<4x2x3xf32>, tensor<4x1x1xf32>) -> tensor<4x2x3xf32>
  %5 = nn.mul %4, %t : (tensor<4x2x3xf32>, tensor<4x1x1xf32>) -> tensor<4x2x3xf32>
  %6 = nn.conv %2, %5 strides = [1] pads = [1, 1] dilations = [1] : (tensor<1x2x5xf32>, tensor<4x2x3xf32>) -> tensor<1x4x5xf32>
  return %6 : tensor<1x4x5xf32>
}

// -----

// Operators on integers (MatMulInteger), of any length.

// CHECK-LABEL: @integers
// CHECK-SAME: %[[A:.*]]: tensor<2x40000xi8>, %[[B:.*]]: tensor<40000x4xi8>
// CHECK: %[[SUMS:.*]] = nn.matmul %[[A]], %[[B]] : {{.*}} -> tensor<2x4xi32>
// CHECK: return %[[SUMS]]
func.func @integers(%a: tensor<2x40000xi8>, %b: tensor<40000x4xi8>) -> tensor<2x4xi32> {
  %0 = nn.cast %a : (tensor<2x40000xi8>) -> tensor<2x40000xi32>
  %1 = nn.cast %b : (tensor<40000x4xi8>) -> tensor<40000x4xi32>
  %2 = nn.matmul %0, %1 : (tensor<2x40000xi32>, tensor<40000x4xi32>) -> tensor<2x4xi32>
  return %2 : tensor<2x4xi32>
}

// -----

// Left alone: scales that vary along the sum, zero points that are no integers of a byte,
// integers of 32 bits.

// CHECK-LABEL: @others
// CHECK-COUNT-3: nn.matmul {{.*}} -> tensor<3x3xf32>
func.func @others(%a: tensor<3x3xi8>, %b: tensor<3x3xi32>, %s: tensor<3x1xf32>, %u: tensor<f32>) -> (tensor<3x3xf32>, tensor<3x3xf32>, tensor<3x3xf32>) {
  %half = nn.constant dense<0.5> : tensor<f32>
  %0 = nn.cast %a : (tensor<3x3xi8>) -> tensor<3x3xf32>
  %1 = nn.mul %0, %u : (tensor<3x3xf32>, tensor<f32>) -> tensor<3x3xf32>
  %2 = nn.mul %0, %s : (tensor<3x3xf32>, tensor<3x1xf32>) -> tensor<3x3xf32>
  %3 = nn.matmul %1, %2 : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  %4 = nn.sub %0, %half : (tensor<3x3xf32>, tensor<f32>) -> tensor<3x3xf32>
  %5 = nn.mul %4, %u : (tensor<3x3xf32>, tensor<f32>) -> tensor<3x3xf32>
  %6 = nn.matmul %1, %5 : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  %7 = nn.cast %b : (tensor<3x3xi32>) -> tensor<3x3xf32>
  %8 = nn.mul %7, %u : (tensor<3x3xf32>, tensor<f32>) -> tensor<3x3xf32>
  %9 = nn.matmul %1, %8 : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  return %3, %6, %9 : tensor<3x3xf32>, tensor<3x3xf32>, tensor<3x3xf32>
}

// -----

// Three channels become four, with weights of zero; fewer than half of a group would be
// mostly zeros, and channels of groups stay what they are.

// CHECK-LABEL: @image
// CHECK: %[[W:.*]] = nn.constant dense<{{\[}}{{\[\[}}1, 2], [3, 4], [5, 6], [0, 0]], {{\[\[}}-1, -2], [-3, -4], [-5, -6], [0, 0]]]> : tensor<2x4x2xi8>
// CHECK: %[[P:.*]] = nn.pad constant %{{.*}} lo = [0, 0, 1] hi = [0, 1, 0] : (tensor<1x3x5xui8>, tensor<ui8>) -> tensor<1x4x6xui8>
// CHECK: nn.conv %[[P]], %[[W]] {{.*}} : (tensor<1x4x6xui8>, tensor<2x4x2xi8>) -> tensor<1x2x5xi32>
func.func @image(%x: tensor<1x3x5xui8>, %s: tensor<f32>, %t: tensor<f32>) -> tensor<1x2x5xf32> {
  %w = nn.constant dense<[[[1, 2], [3, 4], [5, 6]], [[-1, -2], [-3, -4], [-5, -6]]]> : tensor<2x3x2xi8>
  %0 = nn.cast %x : (tensor<1x3x5xui8>) -> tensor<1x3x5xf32>
  %1 = nn.mul %0, %s : (tensor<1x3x5xf32>, tensor<f32>) -> tensor<1x3x5xf32>
  %2 = nn.cast %w : (tensor<2x3x2xi8>) -> tensor<2x3x2xf32>
  %3 = nn.mul %2, %t : (tensor<2x3x2xf32>, tensor<f32>) -> tensor<2x3x2xf32>
  %4 = nn.conv %1, %3 strides = [1] pads = [1, 0] dilations = [1] : (tensor<1x3x5xf32>, tensor<2x3x2xf32>) -> tensor<1x2x5xf32>
  return %4 : tensor<1x2x5xf32>
}

// CHECK-LABEL: @one_channel
// CHECK: nn.conv {{.*}} pads = [1, 0] {{.*}} : (tensor<1x1x5xui8>, tensor<2x1x2xi8>)
func.func @one_channel(%x: tensor<1x1x5xui8>, %s: tensor<f32>, %t: tensor<f32>) -> tensor<1x2x5xf32> {
  %w = nn.constant dense<[[[1, 2]], [[-1, -2]]]> : tensor<2x1x2xi8>
  %0 = nn.cast %x : (tensor<1x1x5xui8>) -> tensor<1x1x5xf32>
  %1 = nn.mul %0, %s : (tensor<1x1x5xf32>, tensor<f32>) -> tensor<1x1x5xf32>
  %2 = nn.cast %w : (tensor<2x1x2xi8>) -> tensor<2x1x2xf32>
  %3 = nn.mul %2, %t : (tensor<2x1x2xf32>, tensor<f32>) -> tensor<2x1x2xf32>
  %4 = nn.conv %1, %3 strides = [1] pads = [1, 0] dilations = [1] : (tensor<1x1x5xf32>, tensor<2x1x2xf32>) -> tensor<1x2x5xf32>
  return %4 : tensor<1x2x5xf32>
}

// -----

// Zero points of many channels are a blob. (Products were those of 16 bits.)

// CHECK-LABEL: @zeros_in_a_blob
// CHECK: nn.matmul %{{.*}}, %{{.*}} : (tensor<2x3xui8>, tensor<3x4xi8>) -> tensor<2x4xi32>
func.func @zeros_in_a_blob(%a: tensor<2x3xui8>, %b: tensor<3x4xi8>, %s: tensor<f32>, %t: tensor<4xf32>) -> tensor<2x4xf32> {
  %z = nn.constant dense_resource<zeros> : tensor<4xi8>
  %0 = nn.cast %a : (tensor<2x3xui8>) -> tensor<2x3xf32>
  %1 = nn.mul %0, %s : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %2 = nn.cast %b : (tensor<3x4xi8>) -> tensor<3x4xf32>
  %zero = nn.cast %z : (tensor<4xi8>) -> tensor<4xf32>
  %3 = nn.sub %2, %zero : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  %4 = nn.mul %3, %t : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  %5 = nn.matmul %1, %4 : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %5 : tensor<2x4xf32>
}

{-#
  dialect_resources: {
    builtin: {
      zeros: "0x0100000000000000"
    }
  }
#-}

// -----

// Both operands have zero points: one for each row, one for each column. Zero points
// that vary along the sum can not be taken off it.

// BYTES-LABEL: @both_zeros
// BYTES-SAME: %[[A:.*]]: tensor<2x3xui8>, %[[B:.*]]: tensor<3x4xui8>
// BYTES: %[[SUMS:.*]] = nn.matmul %[[A]], %[[B]] : (tensor<2x3xui8>, tensor<3x4xui8>) -> tensor<2x4xi32>
// BYTES: %[[COLUMNS:.*]] = nn.reduce sum %{{.*}} -> tensor<1x4xi32>
// BYTES: %[[MANY:.*]] = nn.mul %{{.*}} -> tensor<1x4xi32>
// BYTES: %[[CENTRED:.*]] = nn.sub %[[COLUMNS]], %[[MANY]]
// BYTES: %[[OFF:.*]] = nn.mul %[[CENTRED]], %{{.*}} -> tensor<2x4xi32>
// BYTES: %[[ROWS:.*]] = nn.reduce sum %{{.*}} -> tensor<2x1xi32>
// BYTES: %[[MORE:.*]] = nn.mul %[[ROWS]], %{{.*}} -> tensor<2x4xi32>
// BYTES: %[[ALL:.*]] = nn.add %[[OFF]], %[[MORE]]
// BYTES: nn.sub %[[SUMS]], %[[ALL]]
// BYTES: nn.matmul {{.*}} : (tensor<2x3xi16>, tensor<3x4xi16>) -> tensor<2x4xi32>
func.func @both_zeros(%a: tensor<2x3xui8>, %b: tensor<3x4xui8>, %p: tensor<2x1xui8>, %q: tensor<1x4xui8>, %r: tensor<3x1xui8>) -> (tensor<2x4xi32>, tensor<2x4xi32>) {
  %0 = nn.cast %a : (tensor<2x3xui8>) -> tensor<2x3xi32>
  %1 = nn.cast %p : (tensor<2x1xui8>) -> tensor<2x1xi32>
  %2 = nn.sub %0, %1 : (tensor<2x3xi32>, tensor<2x1xi32>) -> tensor<2x3xi32>
  %3 = nn.cast %b : (tensor<3x4xui8>) -> tensor<3x4xi32>
  %4 = nn.cast %q : (tensor<1x4xui8>) -> tensor<1x4xi32>
  %5 = nn.sub %3, %4 : (tensor<3x4xi32>, tensor<1x4xi32>) -> tensor<3x4xi32>
  %6 = nn.matmul %2, %5 : (tensor<2x3xi32>, tensor<3x4xi32>) -> tensor<2x4xi32>
  %7 = nn.cast %r : (tensor<3x1xui8>) -> tensor<3x1xi32>
  %8 = nn.sub %3, %7 : (tensor<3x4xi32>, tensor<3x1xi32>) -> tensor<3x4xi32>
  %9 = nn.matmul %2, %8 : (tensor<2x3xi32>, tensor<3x4xi32>) -> tensor<2x4xi32>
  return %6, %9 : tensor<2x4xi32>, tensor<2x4xi32>
}

// -----

// A convolution's windows: channels are added first, then what the windows hold of
// these, for each group, whose results all get it.

// BYTES-LABEL: @windows
// BYTES: %[[P:.*]] = nn.pad constant %{{.*}} lo = [0, 0, 1] hi = [0, 0, 1]
// BYTES: %[[SUMS:.*]] = nn.conv %[[P]], %{{.*}} groups = 2 {{.*}} -> tensor<1x4x5xi32>
// BYTES: %[[CHANNELS:.*]] = nn.reduce sum %{{.*}} (tensor<1x2x3x7xi32>) -> tensor<1x2x7xi32>
// BYTES: %[[WINDOWS:.*]] = nn.conv %[[CHANNELS]], %{{.*}} groups = 2 : (tensor<1x2x7xi32>, tensor<2x1x3xi32>) -> tensor<1x2x5xi32>
// BYTES: nn.broadcast %{{.*}} -> tensor<1x2x2x5xi32>
// BYTES: nn.sub %[[SUMS]], %{{.*}} -> tensor<1x4x5xi32>
func.func @windows(%x: tensor<1x6x5xui8>, %w: tensor<4x3x3xui8>, %p: tensor<ui8>, %q: tensor<4x1x1xui8>) -> tensor<1x4x5xi32> {
  %0 = nn.cast %x : (tensor<1x6x5xui8>) -> tensor<1x6x5xi32>
  %1 = nn.cast %p : (tensor<ui8>) -> tensor<i32>
  %2 = nn.sub %0, %1 : (tensor<1x6x5xi32>, tensor<i32>) -> tensor<1x6x5xi32>
  %3 = nn.cast %w : (tensor<4x3x3xui8>) -> tensor<4x3x3xi32>
  %4 = nn.cast %q : (tensor<4x1x1xui8>) -> tensor<4x1x1xi32>
  %5 = nn.sub %3, %4 : (tensor<4x3x3xi32>, tensor<4x1x1xi32>) -> tensor<4x3x3xi32>
  %6 = nn.conv %2, %5 strides = [1] pads = [1, 1] dilations = [1] groups = 2 : (tensor<1x6x5xi32>, tensor<4x3x3xi32>) -> tensor<1x4x5xi32>
  return %6 : tensor<1x4x5xi32>
}

// -----

// Constant weights that are bytes without their zero point lose it.

// CHECK-LABEL: @off_centre
// CHECK: %[[W:.*]] = nn.constant dense<{{\[}}[-128, 127], [0, 1]]> : tensor<2x2xi8>
// CHECK: nn.matmul %{{.*}}, %[[W]] : (tensor<3x2xui8>, tensor<2x2xi8>) -> tensor<3x2xi32>
// CHECK-NOT: nn.reduce
func.func @off_centre(%a: tensor<3x2xui8>) -> tensor<3x2xi32> {
  %w = nn.constant dense<[[0, 255], [128, 129]]> : tensor<2x2xui8>
  %z = nn.constant dense<128> : tensor<ui8>
  %0 = nn.cast %a : (tensor<3x2xui8>) -> tensor<3x2xi32>
  %1 = nn.cast %w : (tensor<2x2xui8>) -> tensor<2x2xi32>
  %2 = nn.cast %z : (tensor<ui8>) -> tensor<i32>
  %3 = nn.sub %1, %2 : (tensor<2x2xi32>, tensor<i32>) -> tensor<2x2xi32>
  %4 = nn.matmul %0, %3 : (tensor<3x2xi32>, tensor<2x2xi32>) -> tensor<3x2xi32>
  return %4 : tensor<3x2xi32>
}

// -----

// Numbers of four bits become bytes without their zero point.

// BYTES-LABEL: @nibbles
// BYTES: nn.sub %{{.*}} -> tensor<2x4xi8>
// BYTES: nn.matmul %{{.*}} : (tensor<3x2xui8>, tensor<2x4xi8>) -> tensor<3x4xi32>
func.func @nibbles(%a: tensor<3x2xui8>, %b: tensor<2x4xui4>, %q: tensor<ui4>) -> tensor<3x4xi32> {
  %0 = nn.cast %a : (tensor<3x2xui8>) -> tensor<3x2xi32>
  %1 = nn.cast %b : (tensor<2x4xui4>) -> tensor<2x4xi32>
  %2 = nn.cast %q : (tensor<ui4>) -> tensor<i32>
  %3 = nn.sub %1, %2 : (tensor<2x4xi32>, tensor<i32>) -> tensor<2x4xi32>
  %4 = nn.matmul %0, %3 : (tensor<3x2xi32>, tensor<2x4xi32>) -> tensor<3x4xi32>
  return %4 : tensor<3x4xi32>
}
