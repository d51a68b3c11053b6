// RUN: dlc-opt %s --convert-nn-to-linalg | FileCheck %s

// The body takes the place of the operation.
// CHECK-LABEL: func @custom
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>)
// CHECK: %[[E:.*]] = tensor.empty() : tensor<4xf32>
// CHECK: %[[S:.*]] = linalg.add ins(%[[X]], %[[X]] : tensor<4xf32>, tensor<4xf32>) outs(%[[E]] : tensor<4xf32>)
// CHECK-NOT: nn.
// CHECK: return %[[S]] : tensor<4xf32>
func.func @custom(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = nn.custom "twice"(%x) {
  ^bb0(%a: tensor<4xf32>):
    %e = tensor.empty() : tensor<4xf32>
    %s = linalg.add ins(%a, %a : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    nn.yield %s : tensor<4xf32>
  } : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
