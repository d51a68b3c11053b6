// RUN: dlc-opt %s --share-constants | FileCheck %s

// Equal bytes of one type are one constant. Another type or another length is
// another constant; a constant without data stays as it is.

// CHECK-LABEL: func.func @main
// CHECK: dense_resource<a> : tensor<4xf32>
// CHECK: dense_resource<a> : tensor<4xf32>
// CHECK: dense_resource<other> : tensor<4xf32>
// CHECK: dense_resource<bits> : tensor<4xi32>
// CHECK: dense_resource<absent> : tensor<4xf32>
// CHECK-LABEL: func.func @main_1
// CHECK: dense_resource<a> : tensor<4xf32>
func.func @main() {
  %0 = arith.constant dense_resource<a> : tensor<4xf32>
  %1 = arith.constant dense_resource<same> : tensor<4xf32>
  %2 = arith.constant dense_resource<other> : tensor<4xf32>
  %3 = arith.constant dense_resource<bits> : tensor<4xi32>
  %4 = arith.constant dense_resource<absent> : tensor<4xf32>
  return
}
func.func @main_1() {
  %0 = arith.constant dense_resource<again> : tensor<4xf32>
  return
}
// The data of those that went are free.
// CHECK: a: "0x400000000000803F00000040000040400000803F"
// CHECK-NOT: same:
// CHECK-NOT: again:

{-#
  dialect_resources: {
    builtin: {
      a: "0x400000000000803F00000040000040400000803F",
      same: "0x400000000000803F00000040000040400000803F",
      again: "0x400000000000803F00000040000040400000803F",
      other: "0x400000000000803F00000040000040400000803E",
      bits: "0x400000000000803F00000040000040400000803F"
    }
  }
#-}
