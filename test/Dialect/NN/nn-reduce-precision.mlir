// RUN: dlc-opt %s --nn-reduce-precision=precision=bf16 | FileCheck %s
// RUN: dlc-opt %s --nn-reduce-precision="precision=bf16 widen-from=3" | FileCheck %s --check-prefix=WIDE
// RUN: dlc-opt %s --nn-reduce-precision=precision=tf32 | FileCheck %s --check-prefix=SAME
// RUN: not dlc-opt %s --nn-reduce-precision=precision=f8 2>&1 | FileCheck %s --check-prefix=BAD

// BAD: unknown precision 'f8'; there are f32, tf32, f16 and bf16
// SAME-NOT: bf16

// Each operand is rounded once; the products' results, the softmax and products of
// other types stay as they are.

// CHECK-LABEL: @products
// CHECK-SAME: %[[A:.*]]: tensor<2x3xf32>, %[[B:.*]]: tensor<3x3xf32>, %[[D:.*]]: tensor<3x3xf64>
// CHECK-DAG: %[[A16:.*]] = nn.cast %[[A]] : (tensor<2x3xf32>) -> tensor<2x3xbf16>
// CHECK-DAG: %[[B16:.*]] = nn.cast %[[B]] : (tensor<3x3xf32>) -> tensor<3x3xbf16>
// CHECK: %[[P:.*]] = nn.matmul %[[A16]], %[[B16]] wide : (tensor<2x3xbf16>, tensor<3x3xbf16>) -> tensor<2x3xf32>
// CHECK: %[[S:.*]] = nn.softmax %[[P]] {{.*}} tensor<2x3xf32>
// CHECK: %[[S16:.*]] = nn.cast %[[S]]
// CHECK: nn.matmul %[[S16]], %[[B16]] wide
// CHECK: nn.matmul %[[D]], %[[D]] : (tensor<3x3xf64>
func.func @products(%a: tensor<2x3xf32>, %b: tensor<3x3xf32>, %d: tensor<3x3xf64>) -> (tensor<2x3xf32>, tensor<3x3xf64>) {
  %0 = nn.matmul %a, %b : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
  %1 = nn.softmax %0 axis = 1 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = nn.matmul %1, %b : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
  %3 = nn.matmul %d, %d : (tensor<3x3xf64>, tensor<3x3xf64>) -> tensor<3x3xf64>
  return %2, %3 : tensor<2x3xf32>, tensor<3x3xf64>
}

// CHECK-LABEL: @convolutions
// CHECK: nn.conv {{.*}} wide : (tensor<1x2x8xbf16>, tensor<4x2x3xbf16>) -> tensor<1x4x6xf32>
// CHECK: nn.conv_transpose {{.*}} wide : (tensor<1x2x8xbf16>, tensor<2x4x3xbf16>) -> tensor<1x4x10xf32>
func.func @convolutions(%x: tensor<1x2x8xf32>, %w: tensor<4x2x3xf32>, %t: tensor<2x4x3xf32>) -> (tensor<1x4x6xf32>, tensor<1x4x10xf32>) {
  %0 = nn.conv %x, %w strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x2x8xf32>, tensor<4x2x3xf32>) -> tensor<1x4x6xf32>
  %1 = nn.conv_transpose %x, %t strides = [1] pads = [0, 0] dilations = [1] output_padding = [0] : (tensor<1x2x8xf32>, tensor<2x4x3xf32>) -> tensor<1x4x10xf32>
  return %0, %1 : tensor<1x4x6xf32>, tensor<1x4x10xf32>
}

// Images get a fourth channel of zeros, in the same step as their border: numbers are
// multiplied in pairs of channels. (Where operands are f32 again, nothing is gained.)

// CHECK-LABEL: @image
// CHECK: %[[X:.*]] = nn.pad constant %{{.*}}, %{{.*}} lo = [0, 0, 1, 1] hi = [0, 1, 1, 1] : (tensor<1x3x8x8xbf16>, tensor<bf16>) -> tensor<1x4x10x10xbf16>
// CHECK: %[[W:.*]] = nn.pad constant %{{.*}}, %{{.*}} lo = [0, 0, 0, 0] hi = [0, 1, 0, 0] : (tensor<4x3x3x3xbf16>, tensor<bf16>) -> tensor<4x4x3x3xbf16>
// CHECK: nn.conv %[[X]], %[[W]] strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] wide : (tensor<1x4x10x10xbf16>, tensor<4x4x3x3xbf16>) -> tensor<1x4x8x8xf32>
// WIDE-LABEL: @image
// WIDE-NOT: nn.pad
func.func @image(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<1x4x8x8xf32> {
  %0 = nn.conv %x, %w strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x8x8xf32>
  return %0 : tensor<1x4x8x8xf32>
}

// What moves numbers in front of a product moves rounded ones, through several steps, but not where
// somebody else reads f32.

// CHECK-LABEL: @moved
// CHECK-SAME: %[[X:.*]]: tensor<1x2x4x4xf32>, %[[Y:.*]]: tensor<1x2x4x4xf32>
// CHECK: %[[X16:.*]] = nn.cast %[[X]]
// CHECK: %[[Y16:.*]] = nn.cast %[[Y]]
// CHECK: %[[BOTH:.*]] = nn.concat %[[X16]], %[[Y16]] {{.*}} -> tensor<1x4x4x4xbf16>
// CHECK: %[[POOL:.*]] = nn.max_pool %[[BOTH]] {{.*}} -> tensor<1x4x2x2xbf16>
// CHECK: nn.conv %[[POOL]],
// CHECK: %[[KEPT:.*]] = nn.max_pool {{.*}} -> tensor<1x2x2x2xf32>
// CHECK: nn.cast %[[KEPT]]
func.func @moved(%x: tensor<1x2x4x4xf32>, %y: tensor<1x2x4x4xf32>, %w: tensor<4x4x1x1xf32>, %v: tensor<4x2x1x1xf32>) -> (tensor<1x4x2x2xf32>, tensor<1x4x2x2xf32>, tensor<1x2x2x2xf32>) {
  %0 = nn.concat %x, %y axis = 1 : (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) -> tensor<1x4x4x4xf32>
  %1 = nn.max_pool %0 kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x4x4x4xf32>) -> tensor<1x4x2x2xf32>
  %2 = nn.conv %1, %w strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x4x2x2xf32>, tensor<4x4x1x1xf32>) -> tensor<1x4x2x2xf32>
  %3 = nn.max_pool %x kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  %4 = nn.conv %3, %v strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x2x2x2xf32>, tensor<4x2x1x1xf32>) -> tensor<1x4x2x2xf32>
  return %2, %4, %3 : tensor<1x4x2x2xf32>, tensor<1x4x2x2xf32>, tensor<1x2x2x2xf32>
}

// A slice is rounded, not all of what it is a slice of.

// CHECK-LABEL: @sliced
// CHECK: %[[SLICE:.*]] = nn.slice {{.*}} -> tensor<2x3xf32>
// CHECK: nn.cast %[[SLICE]]
func.func @sliced(%x: tensor<8x3xf32>, %w: tensor<3x4xf32>) -> tensor<2x4xf32> {
  %0 = nn.slice %x starts = [2, 0] steps = [1, 1] : (tensor<8x3xf32>) -> tensor<2x3xf32>
  %1 = nn.matmul %0, %w : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// Which operands become f32 again: those of products that use each element three times or
// more. `%b` is of both kinds, but is rounded once.

// WIDE-LABEL: @uses
// WIDE-SAME: %[[A2:[a-z0-9]*]]: tensor<2x3xf32>, %[[A3:[a-z0-9]*]]: tensor<3x3xf32>, %[[B:[a-z0-9]*]]: tensor<3x3xf32>
// WIDE-DAG: %[[B16:.*]] = nn.cast %[[B]] : (tensor<3x3xf32>) -> tensor<3x3xbf16>
// WIDE-DAG: %[[BW:.*]] = nn.cast %[[B16]] : (tensor<3x3xbf16>) -> tensor<3x3xf32>
// WIDE-DAG: %[[A16:.*]] = nn.cast %[[A2]] : (tensor<2x3xf32>) -> tensor<2x3xbf16>
// WIDE-DAG: %[[A316:.*]] = nn.cast %[[A3]] : (tensor<3x3xf32>) -> tensor<3x3xbf16>
// WIDE-DAG: %[[AW:.*]] = nn.cast %[[A316]] : (tensor<3x3xbf16>) -> tensor<3x3xf32>
// WIDE: nn.matmul %[[A16]], %[[B16]] wide : (tensor<2x3xbf16>, tensor<3x3xbf16>) -> tensor<2x3xf32>
// WIDE: nn.matmul %[[AW]], %[[BW]] : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
// Filters are used once for each pixel of the result, those of transposed convolutions
// once for each of the input; depthwise ones, too.
// WIDE: nn.conv {{.*}} wide : (tensor<1x2x3xbf16>, tensor<9x2x2xbf16>) -> tensor<1x9x2xf32>
// WIDE: nn.conv {{.*}} groups = 2 : (tensor<1x2x4xf32>, tensor<2x1x2xf32>) -> tensor<1x2x3xf32>
// WIDE: nn.conv_transpose {{.*}} wide : (tensor<1x9x2xbf16>, tensor<9x4x2xbf16>) -> tensor<1x4x3xf32>
// WIDE: nn.conv_transpose {{.*}} : (tensor<1x9x3xf32>, tensor<9x4x2xf32>) -> tensor<1x4x4xf32>
func.func @uses(%a2: tensor<2x3xf32>, %a3: tensor<3x3xf32>, %b: tensor<3x3xf32>, %x3: tensor<1x2x3xf32>, %x4: tensor<1x2x4xf32>, %f: tensor<9x2x2xf32>, %d: tensor<2x1x2xf32>,
    %y2: tensor<1x9x2xf32>, %y3: tensor<1x9x3xf32>, %t: tensor<9x4x2xf32>)
    -> (tensor<2x3xf32>, tensor<3x3xf32>, tensor<1x9x2xf32>, tensor<1x2x3xf32>, tensor<1x4x3xf32>, tensor<1x4x4xf32>) {
  %0 = nn.matmul %a2, %b : (tensor<2x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
  %1 = nn.matmul %a3, %b : (tensor<3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  %2 = nn.conv %x3, %f strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x2x3xf32>, tensor<9x2x2xf32>) -> tensor<1x9x2xf32>
  %3 = nn.conv %x4, %d strides = [1] pads = [0, 0] dilations = [1] groups = 2 : (tensor<1x2x4xf32>, tensor<2x1x2xf32>) -> tensor<1x2x3xf32>
  %4 = nn.conv_transpose %y2, %t strides = [1] pads = [0, 0] dilations = [1] output_padding = [0] : (tensor<1x9x2xf32>, tensor<9x4x2xf32>) -> tensor<1x4x3xf32>
  %5 = nn.conv_transpose %y3, %t strides = [1] pads = [0, 0] dilations = [1] output_padding = [0] : (tensor<1x9x3xf32>, tensor<9x4x2xf32>) -> tensor<1x4x4xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<2x3xf32>, tensor<3x3xf32>, tensor<1x9x2xf32>, tensor<1x2x3xf32>, tensor<1x4x3xf32>, tensor<1x4x4xf32>
}
