// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v3 --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s

// Scores of an attention are more than queries and keys: tiles along a row of
// them run one after the other, so that rows are written in memory's order. The
// packed keys of a head (50 KB) stay in the second-level cache.

// CHECK-LABEL: dispatch.kernel @scores(
// CHECK-SAME: memref<12x13x64x16xf32>
// CHECK: scf.forall (%[[HEAD:.*]], %[[ROWS:.*]]) in (12, 33)
// CHECK-NOT: memref.prefetch
// CHECK: scf.for %[[PANEL:.*]] = %{{.*}} to %c12
dispatch.kernel @scores(%q: tensor<12x197x64xf32>, %k: tensor<12x197x64xf32>, %o: tensor<12x197x197xf32>) -> tensor<12x197x197xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<12x197x197xf32>) -> tensor<12x197x197xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(h, m, n, k) -> (h, m, k)>, affine_map<(h, m, n, k) -> (h, n, k)>, affine_map<(h, m, n, k) -> (h, m, n)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%q, %k : tensor<12x197x64xf32>, tensor<12x197x64xf32>) outs(%f : tensor<12x197x197xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract,reassoc> : f32
    linalg.yield %s : f32
  } -> tensor<12x197x197xf32>
  dispatch.return %r : tensor<12x197x197xf32>
}

// Results of few columns: the values' panel (12 KB) stays in the first-level
// cache while all rows pass.
// CHECK-LABEL: dispatch.kernel @values(
// CHECK: scf.forall (%{{.*}}, %{{.*}}, %{{.*}}) in (12, 4, 33)
dispatch.kernel @values(%p: tensor<12x197x197xf32>, %v: tensor<12x197x64xf32>, %o: tensor<12x197x64xf32>) -> tensor<12x197x64xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<12x197x64xf32>) -> tensor<12x197x64xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(h, m, n, k) -> (h, m, k)>, affine_map<(h, m, n, k) -> (h, k, n)>, affine_map<(h, m, n, k) -> (h, m, n)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%p, %v : tensor<12x197x197xf32>, tensor<12x197x64xf32>) outs(%f : tensor<12x197x64xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract,reassoc> : f32
    linalg.yield %s : f32
  } -> tensor<12x197x64xf32>
  dispatch.return %r : tensor<12x197x64xf32>
}

func.func @main(%q: tensor<12x197x64xf32>, %k: tensor<12x197x64xf32>, %v: tensor<12x197x64xf32>) -> tensor<12x197x64xf32> {
  %e = tensor.empty() : tensor<12x197x197xf32>
  %0 = dispatch.launch @scores ins(%q, %k : tensor<12x197x64xf32>, tensor<12x197x64xf32>) outs(%e : tensor<12x197x197xf32>) -> tensor<12x197x197xf32>
  %g = tensor.empty() : tensor<12x197x64xf32>
  %1 = dispatch.launch @values ins(%0, %v : tensor<12x197x197xf32>, tensor<12x197x64xf32>) outs(%g : tensor<12x197x64xf32>) -> tensor<12x197x64xf32>
  return %1 : tensor<12x197x64xf32>
}
