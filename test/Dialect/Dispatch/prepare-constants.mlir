// RUN: dlc-opt %s --dispatch-prepare | FileCheck %s

// Slices of a blob that nobody reads as a whole are blobs of their own: the
// second column of the first two rows, and every other element of the last row.

// CHECK-LABEL: func @slices
// CHECK-DAG: dense_resource<[[A:.*]]> : tensor<2x1xi32>
// CHECK-DAG: dense_resource<[[B:.*]]> : tensor<2xi32>
// CHECK-NOT: extract_slice
// CHECK: return
func.func @slices() -> (tensor<2x1xi32>, tensor<2xi32>) {
  %w = arith.constant dense_resource<w> : tensor<3x3xi32>
  %a = tensor.extract_slice %w[0, 1] [2, 1] [1, 1] : tensor<3x3xi32> to tensor<2x1xi32>
  %b = tensor.extract_slice %w[2, 0] [1, 2] [1, 2] : tensor<3x3xi32> to tensor<2xi32>
  return %a, %b : tensor<2x1xi32>, tensor<2xi32>
}

// What is read as a whole stays one.
// CHECK-LABEL: func @shared
// CHECK: tensor.extract_slice
func.func @shared() -> (tensor<2x1xi32>, tensor<3x3xi32>) {
  %w = arith.constant dense_resource<v> : tensor<3x3xi32>
  %a = tensor.extract_slice %w[0, 1] [2, 1] [1, 1] : tensor<3x3xi32> to tensor<2x1xi32>
  return %a, %w : tensor<2x1xi32>, tensor<3x3xi32>
}

// CHECK: dialect_resources
// CHECK-DAG: [[A]]: "0x040000000200000005000000"
// CHECK-DAG: [[B]]: "0x040000000700000009000000"

{-#
  dialect_resources: {
    builtin: {
      w: "0x04000000010000000200000003000000040000000500000006000000070000000800000009000000",
      v: "0x04000000010000000200000003000000040000000500000006000000070000000800000009000000"
    }
  }
#-}
