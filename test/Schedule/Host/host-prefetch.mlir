// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v3 --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s

// 13x13 pixels are 169 rows for the tile, of which 6 with two vectors leave few
// over (13 rows alone would take one vector each). While a panel of weights is in
// use, every tile fetches a line of each block of the next panel; the last panel
// fetches itself.

// CHECK-LABEL: dispatch.kernel @pixels(
// CHECK-SAME: memref<63x512x16xf32>
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[LAST:.*]] = arith.constant 62 : index
// CHECK: scf.forall (%[[PANEL:.*]], %[[ROW:.*]]) in (63, 29)
// CHECK: scf.for %{{.*}} iter_args
// CHECK: %[[NEXT:.*]] = arith.addi %[[PANEL]], %[[C1]]
// CHECK: arith.minui %[[NEXT]], %[[LAST]]
// CHECK: arith.minui %{{.*}}
// CHECK: memref.prefetch %{{.*}}, read, locality<2>, data : memref<516096xf32>
// CHECK: scf.for %{{.*}} iter_args
dispatch.kernel @pixels(%x: tensor<13x13x512xf32>, %w: tensor<1000x512xf32>, %o: tensor<13x13x1000xf32>) -> tensor<13x13x1000xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<13x13x1000xf32>) -> tensor<13x13x1000xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(h, w, n, k) -> (h, w, k)>, affine_map<(h, w, n, k) -> (n, k)>, affine_map<(h, w, n, k) -> (h, w, n)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%x, %w : tensor<13x13x512xf32>, tensor<1000x512xf32>) outs(%f : tensor<13x13x1000xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract,reassoc> : f32
    linalg.yield %s : f32
  } -> tensor<13x13x1000xf32>
  dispatch.return %r : tensor<13x13x1000xf32>
}

// One row: nothing is read twice, the hardware follows.
// CHECK-LABEL: dispatch.kernel @row(
// CHECK-NOT: memref.prefetch
// CHECK: dispatch.return
dispatch.kernel @row(%x: tensor<512xf32>, %w: tensor<1000x512xf32>, %o: tensor<1000xf32>) -> tensor<1000xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<1000xf32>) -> tensor<1000xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n)>], iterator_types = ["parallel", "reduction"]} ins(%x, %w : tensor<512xf32>, tensor<1000x512xf32>) outs(%f : tensor<1000xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract,reassoc> : f32
    linalg.yield %s : f32
  } -> tensor<1000xf32>
  dispatch.return %r : tensor<1000xf32>
}

func.func @main(%x: tensor<13x13x512xf32>, %y: tensor<512xf32>) -> (tensor<13x13x1000xf32>, tensor<1000xf32>) {
  %w = arith.constant dense<1.0> : tensor<1000x512xf32>
  %v = arith.constant dense<2.0> : tensor<1000x512xf32>
  %e = tensor.empty() : tensor<13x13x1000xf32>
  %0 = dispatch.launch @pixels ins(%x, %w : tensor<13x13x512xf32>, tensor<1000x512xf32>) outs(%e : tensor<13x13x1000xf32>) -> tensor<13x13x1000xf32>
  %g = tensor.empty() : tensor<1000xf32>
  %1 = dispatch.launch @row ins(%y, %v : tensor<512xf32>, tensor<1000x512xf32>) outs(%g : tensor<1000xf32>) -> tensor<1000xf32>
  return %0, %1 : tensor<13x13x1000xf32>, tensor<1000xf32>
}
