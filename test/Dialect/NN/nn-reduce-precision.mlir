// RUN: dlc-opt %s --nn-reduce-precision=precision=bf16 | FileCheck %s
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
