// RUN: dlc-opt %s --dispatch-recompute --split-input-file --verify-diagnostics | FileCheck %s
// RUN: dlc-opt %s --pass-pipeline='builtin.module(func.func(dispatch-recompute,dispatch-form-regions,dispatch-place-slices),dispatch-outline-kernels,func.func(cse))' \
// RUN:   --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=LAUNCH

// The second reader computes its operand again, behind the same reshape; what is
// equal is not made one again.
#i = affine_map<(i) -> (i)>
#ij = affine_map<(i, j) -> (i, j)>
// CHECK-LABEL: @again(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK: %[[A:.*]] = linalg.generic {{.*}} ins(%[[X]]
// CHECK: linalg.generic {{.*}} ins(%[[A]]
// CHECK: %[[B:.*]] = linalg.generic {{.*}} ins(%[[X]] {{.*}} attrs = {dispatch.recomputed = 0 : i64}
// CHECK: %[[R:.*]] = tensor.expand_shape %[[B]]
// CHECK: linalg.generic {{.*}} ins(%[[R]] :
// CHECK-NOT: dispatch.recompute =
// LAUNCH-LABEL: @again(
// LAUNCH: dispatch.launch @[[K:.*]] ins(%arg0 : tensor<4xf32>)
// LAUNCH: dispatch.launch @[[K]] ins(%arg0 : tensor<4xf32>) {{.*}} {dispatch.recomputed = 0 : i64}
func.func @again(%x: tensor<4xf32>) -> (tensor<f32>, tensor<f32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %s = tensor.empty() : tensor<f32>
  %0 = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %n = arith.negf %v : f32
    linalg.yield %n : f32
  } -> tensor<4xf32>
  %r = tensor.expand_shape %0 [[0, 1]] output_shape [2, 2] : tensor<4xf32> into tensor<2x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%s : tensor<f32>) -> tensor<f32>
  %1 = linalg.generic {indexing_maps = [#i, affine_map<(i) -> ()>], iterator_types = ["reduction"], dispatch.unfused}
      ins(%0 : tensor<4xf32>) outs(%f : tensor<f32>) {
  ^bb0(%v: f32, %o: f32):
    %n = arith.addf %v, %o : f32
    linalg.yield %n : f32
  } -> tensor<f32>
  %2 = linalg.generic {indexing_maps = [#ij, affine_map<(i, j) -> ()>], iterator_types = ["reduction", "reduction"], dispatch.unfused,
                       dispatch.recompute = array<i64: 0>}
      ins(%r : tensor<2x2xf32>) outs(%f : tensor<f32>) {
  ^bb0(%v: f32, %o: f32):
    %n = arith.maximumf %v, %o : f32
    linalg.yield %n : f32
  } -> tensor<f32>
  return %1, %2 : tensor<f32>, tensor<f32>
}

// -----

#i = affine_map<(i) -> (i)>
func.func @argument(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  // expected-error @below {{dispatch.recompute must name operands that structured ops compute}}
  %0 = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"], dispatch.recompute = array<i64: 0>}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
