// RUN: dlc-opt %s --dispatch-form-regions=fuse=false | FileCheck %s

// Without fusion each op has a region of its own.
#i = affine_map<(i) -> (i)>
// CHECK-LABEL: @chain(
// CHECK: %[[EXP:.*]] = dispatch.region
// CHECK: math.exp
// CHECK: dispatch.yield
// CHECK: dispatch.region
// CHECK: linalg.generic {{.*}} ins(%[[EXP]]
// CHECK: arith.negf
func.func @chain(%x: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %0 = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%v: f32, %o: f32):
    %r = math.exp %v : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  %1 = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"]} ins(%0 : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%v: f32, %o: f32):
    %r = arith.negf %v : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  return %1 : tensor<8xf32>
}
