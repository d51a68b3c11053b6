// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v3 --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s

#input = affine_map<(h, w, n, p, q, k) -> (h + p, w + q, k)>
#atrous = affine_map<(h, w, n, p, q, k) -> (h + p * 12, w + q * 12, k)>
#filter = affine_map<(h, w, n, p, q, k) -> (n, k, p, q)>
#result = affine_map<(h, w, n, p, q, k) -> (h, w, n)>

// 7 rows of 7 pixels are 49 rows for tiles of 5, each of which is in a row of
// pixels of its own; kernel rows that see only padding at all of them are left out.
// CHECK-LABEL: dispatch.kernel @rows(
// CHECK-SAME: "5 rows x 2 vectors of 8"
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C7:.*]] = arith.constant 7 : index
// CHECK: scf.forall (%{{.*}}, %[[TILE:.*]]) in (4, 10)
// CHECK: %[[AT:.*]] = arith.muli %[[TILE]]
// CHECK: scf.if
// CHECK: arith.divui %[[AT]], %[[C7]]
// CHECK-COUNT-4: arith.divui %{{.*}}, %[[C7]]
// CHECK: %[[FIRST:.*]] = arith.maxsi %{{.*}}, %[[C0]]
// CHECK: %[[LAST:.*]] = arith.minsi
// CHECK: scf.for %{{.*}} = %[[FIRST]] to %[[LAST]]
// CHECK: scf.for
dispatch.kernel @rows(%x: tensor<9x9x64xf32>, %w: tensor<64x64x3x3xf32>, %o: tensor<7x7x64xf32>) -> tensor<7x7x64xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<7x7x64xf32>) -> tensor<7x7x64xf32>
  %r = linalg.generic {indexing_maps = [#input, #filter, #result], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : tensor<9x9x64xf32>, tensor<64x64x3x3xf32>) outs(%f : tensor<7x7x64xf32>)
      attrs = {dispatch.windows = array<i64: 3, 0, 1, 1, 1, 8, 4, 1, 1, 1, 1, 8>} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract,reassoc> : f32
    linalg.yield %s : f32
  } -> tensor<7x7x64xf32>
  dispatch.return %r : tensor<7x7x64xf32>
}

// Nothing is folded where kernel columns can be left out as well; they are for
// all positions of a tile.
// CHECK-LABEL: dispatch.kernel @atrous(
// CHECK-DAG: %[[C12:.*]] = arith.constant 12 : index
// CHECK: scf.forall
// CHECK: %[[ROW:.*]] = arith.divui %{{.*}}, %[[C12]]
// CHECK: arith.divui %{{.*}}, %[[C12]]
// CHECK: scf.for %{{.*}} = %[[ROW]] to
// CHECK: %[[COLUMN:.*]] = arith.divui %{{.*}}, %[[C12]]
// CHECK: arith.divui %{{.*}}, %[[C12]]
// CHECK: scf.for %{{.*}} = %[[COLUMN]] to
dispatch.kernel @atrous(%x: tensor<40x40x64xf32>, %w: tensor<64x64x3x3xf32>, %o: tensor<16x16x64xf32>) -> tensor<16x16x64xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<16x16x64xf32>) -> tensor<16x16x64xf32>
  %r = linalg.generic {indexing_maps = [#atrous, #filter, #result], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%x, %w : tensor<40x40x64xf32>, tensor<64x64x3x3xf32>) outs(%f : tensor<16x16x64xf32>)
      attrs = {dispatch.windows = array<i64: 3, 0, 12, 1, 12, 28, 4, 1, 12, 1, 12, 28>} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract,reassoc> : f32
    linalg.yield %s : f32
  } -> tensor<16x16x64xf32>
  dispatch.return %r : tensor<16x16x64xf32>
}

func.func @main(%x: tensor<9x9x64xf32>, %y: tensor<40x40x64xf32>) -> (tensor<7x7x64xf32>, tensor<16x16x64xf32>) {
  %w = arith.constant dense<1.0> : tensor<64x64x3x3xf32>
  %e = tensor.empty() : tensor<7x7x64xf32>
  %0 = dispatch.launch @rows ins(%x, %w : tensor<9x9x64xf32>, tensor<64x64x3x3xf32>) outs(%e : tensor<7x7x64xf32>) -> tensor<7x7x64xf32>
  %g = tensor.empty() : tensor<16x16x64xf32>
  %1 = dispatch.launch @atrous ins(%y, %w : tensor<40x40x64xf32>, tensor<64x64x3x3xf32>) outs(%g : tensor<16x16x64xf32>) -> tensor<16x16x64xf32>
  return %0, %1 : tensor<7x7x64xf32>, tensor<16x16x64xf32>
}
