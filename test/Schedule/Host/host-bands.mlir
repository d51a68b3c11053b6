// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v3 --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s

// The image is larger than the weights: two bands of rows, each with all panels
// of weights, so that two threads share out the image. What is fetched of the
// next panel is shared out among a band's tiles. One of the 131 tiles of 6
// pixels is missing in the second band.

// CHECK-LABEL: dispatch.kernel @image(
// CHECK-SAME: memref<8x256x16xf32>
// CHECK-DAG: %[[C131:.*]] = arith.constant 131 : index
// CHECK-DAG: %[[C66:.*]] = arith.constant 66 : index
// CHECK-DAG: %[[LAST:.*]] = arith.constant 63 : index
// CHECK: scf.forall (%[[BAND:.*]], %[[PANEL:.*]], %[[IN_BAND:.*]]) in (2, 8, 66)
// CHECK: %[[FIRST:.*]] = arith.muli %[[BAND]], %[[C66]]
// CHECK: %[[TILE:.*]] = arith.addi %[[IN_BAND]], %[[FIRST]]
// CHECK: %[[IS_THERE:.*]] = arith.cmpi ult, %[[TILE]], %[[C131]]
// CHECK: scf.if %[[IS_THERE]]
// CHECK: arith.minui %[[IN_BAND]], %[[LAST]]
// CHECK: memref.prefetch
dispatch.kernel @image(%x: tensor<28x28x256xf32>, %w: tensor<128x256xf32>, %o: tensor<28x28x128xf32>) -> tensor<28x28x128xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<28x28x128xf32>) -> tensor<28x28x128xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(h, w, n, k) -> (h, w, k)>, affine_map<(h, w, n, k) -> (n, k)>, affine_map<(h, w, n, k) -> (h, w, n)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%x, %w : tensor<28x28x256xf32>, tensor<128x256xf32>) outs(%f : tensor<28x28x128xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract,reassoc> : f32
    linalg.yield %s : f32
  } -> tensor<28x28x128xf32>
  dispatch.return %r : tensor<28x28x128xf32>
}

// The weights are larger: each panel is read once.
// CHECK-LABEL: dispatch.kernel @weights(
// CHECK: scf.forall (%{{.*}}) in (64) {
dispatch.kernel @weights(%x: tensor<8x512xf32>, %w: tensor<1024x512xf32>, %o: tensor<8x1024xf32>) -> tensor<8x1024xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<8x1024xf32>) -> tensor<8x1024xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<8x512xf32>, tensor<1024x512xf32>) outs(%f : tensor<8x1024xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract,reassoc> : f32
    linalg.yield %s : f32
  } -> tensor<8x1024xf32>
  dispatch.return %r : tensor<8x1024xf32>
}

func.func @main(%x: tensor<28x28x256xf32>, %y: tensor<8x512xf32>) -> (tensor<28x28x128xf32>, tensor<8x1024xf32>) {
  %w = arith.constant dense<1.0> : tensor<128x256xf32>
  %v = arith.constant dense<2.0> : tensor<1024x512xf32>
  %e = tensor.empty() : tensor<28x28x128xf32>
  %0 = dispatch.launch @image ins(%x, %w : tensor<28x28x256xf32>, tensor<128x256xf32>) outs(%e : tensor<28x28x128xf32>) -> tensor<28x28x128xf32>
  %g = tensor.empty() : tensor<8x1024xf32>
  %1 = dispatch.launch @weights ins(%y, %v : tensor<8x512xf32>, tensor<1024x512xf32>) outs(%g : tensor<8x1024xf32>) -> tensor<8x1024xf32>
  return %0, %1 : tensor<28x28x128xf32>, tensor<8x1024xf32>
}
