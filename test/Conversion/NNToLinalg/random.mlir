// RUN: dlc-opt %s --convert-nn-to-linalg --canonicalize --cse | FileCheck %s

// The element's position (of 35 to a row), then ten rounds of two products each; of the last one a word takes one half.
// CHECK-LABEL: @bits
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<i64>, tensor<i64>, tensor<i64>)
// CHECK: %[[I:.*]] = linalg.index 0
// CHECK: %[[J:.*]] = arith.index_castui %[[I]]
// CHECK: arith.muli %[[J]], %c35_i32 : i32
// CHECK-COUNT-18: arith.muli {{.*}} : i64
// CHECK-NOT: arith.muli {{.*}} : i64
// CHECK: linalg.yield {{.*}} : i32
func.func @bits(%s: tensor<i64>, %r: tensor<i64>, %i: tensor<i64>) -> tensor<3x5x7xui32> {
  %0 = nn.random_bits %s, %r, %i stream = 3 word = 1 shape = [3, 5, 7] : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<3x5x7xui32>
  return %0 : tensor<3x5x7xui32>
}
