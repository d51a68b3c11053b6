// RUN: dlc-opt %s --evaluate-constants | FileCheck %s

// What is computed from constants alone runs at compile time, its kernels are
// gone afterwards.
#m = affine_map<(d0, d1) -> (d0, d1)>
#t = affine_map<(d0, d1) -> (d1, d0)>
// CHECK-NOT: dispatch.kernel @transpose
// CHECK: dispatch.kernel @add
// CHECK-NOT: dispatch.kernel @transpose
dispatch.kernel @transpose(%a: tensor<3x4xf32>, %o: tensor<4x3xf32>) -> tensor<4x3xf32> attributes {num_outs = 1 : i64} {
  %0 = linalg.generic {indexing_maps = [#t, #m], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<3x4xf32>) outs(%o : tensor<4x3xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  } -> tensor<4x3xf32>
  dispatch.return %0 : tensor<4x3xf32>
}
dispatch.kernel @add(%a: tensor<4x3xf32>, %b: tensor<4x3xf32>, %o: tensor<4x3xf32>) -> tensor<4x3xf32> attributes {num_outs = 1 : i64} {
  %0 = linalg.generic {indexing_maps = [#m, #m, #m], iterator_types = ["parallel", "parallel"]} ins(%a, %b : tensor<4x3xf32>, tensor<4x3xf32>) outs(%o : tensor<4x3xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<4x3xf32>
  dispatch.return %0 : tensor<4x3xf32>
}
dispatch.kernel @zero(%o: tensor<4x3xf32>) -> tensor<4x3xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %0 = linalg.fill ins(%z : f32) outs(%o : tensor<4x3xf32>) -> tensor<4x3xf32>
  dispatch.return %0 : tensor<4x3xf32>
}

// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: tensor<4x3xf32>)
// CHECK-DAG:   %[[E:.*]] = tensor.empty
// CHECK-DAG:   %[[C:.*]] = arith.constant dense<{{\[\[}}5.000000e-01, 1.050000e+01, 2.050000e+01], [1.500000e+00
// CHECK:       %[[R:.*]] = dispatch.launch @add ins(%[[X]], %[[C]] : {{.*}}) outs(%[[E]]
// CHECK-NEXT:  return %[[R]]
func.func @main(%x: tensor<4x3xf32>) -> (tensor<4x3xf32>) {
  %w = arith.constant dense<[[0.,1.,2.,3.],[10.,11.,12.,13.],[20.,21.,22.,23.]]> : tensor<3x4xf32>
  %s = arith.constant dense<0.5> : tensor<4x3xf32>
  %e = tensor.empty() : tensor<4x3xf32>
  %wt = dispatch.launch @transpose ins(%w : tensor<3x4xf32>) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %wa = dispatch.launch @add ins(%wt, %s : tensor<4x3xf32>, tensor<4x3xf32>) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %r = dispatch.launch @add ins(%x, %wa : tensor<4x3xf32>, tensor<4x3xf32>) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %r : tensor<4x3xf32>
}

// A buffer that the program writes into is no constant: it is filled in place.
// CHECK-LABEL: func.func @initialised_in_place(
// CHECK:       %[[Z:.*]] = dispatch.launch @zero
// CHECK:       dispatch.launch @add {{.*}} outs(%[[Z]] :
func.func @initialised_in_place(%x: tensor<4x3xf32>) -> (tensor<4x3xf32>) {
  %e = tensor.empty() : tensor<4x3xf32>
  %z = dispatch.launch @zero outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %r = dispatch.launch @add ins(%x, %x : tensor<4x3xf32>, tensor<4x3xf32>) outs(%z : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %r : tensor<4x3xf32>
}

// Equal elements become a splat; read through a reshape.
// CHECK-LABEL: func.func @splat(
// CHECK:       %[[C:.*]] = arith.constant dense<1.000000e+00> : tensor<4x3xf32>
// CHECK-NEXT:  %[[R:.*]] = tensor.collapse_shape %[[C]]
// CHECK-NEXT:  return %[[R]]
func.func @splat() -> (tensor<12xf32>) {
  %s = arith.constant dense<0.5> : tensor<12xf32>
  %v = tensor.expand_shape %s [[0, 1]] output_shape [4, 3] : tensor<12xf32> into tensor<4x3xf32>
  %e = tensor.empty() : tensor<4x3xf32>
  %r = dispatch.launch @add ins(%v, %v : tensor<4x3xf32>, tensor<4x3xf32>) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %c = tensor.collapse_shape %r [[0, 1]] : tensor<4x3xf32> into tensor<12xf32>
  return %c : tensor<12xf32>
}
