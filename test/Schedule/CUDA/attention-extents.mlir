// RUN: dlc-opt %s --cuda-schedule-kernels=arch=sm_80 | FileCheck %s

// Queries and keys with extents: blocks of queries behind theirs return, and
// the loop over tiles ends with the keys. Where a row has no weights at all,
// the flags tell whether there is no key (the result is 0), or all are masked
// out (NaN).
// CHECK-LABEL: dispatch.kernel @attention
// CHECK-SAME:  memref<96xi8>, %[[E:.*]]: memref<2xi64>,
// CHECK:      gpu.launch
// CHECK:        %[[QUERIES:.*]] = memref.load %[[E]][%c0{{.*}}]
// CHECK:        %[[M:.*]] = arith.index_cast %[[QUERIES]]
// CHECK:        %[[NEEDED:.*]] = arith.cmpi slt, %{{.*}}, %[[M]]
// CHECK:        scf.if %[[NEEDED]]
// CHECK:        %[[KEYS:.*]] = memref.load %[[E]][%c1{{.*}}]
// CHECK:        %[[N:.*]] = arith.index_cast %[[KEYS]]
// CHECK:        %[[UP:.*]] = arith.addi %[[N]]
// CHECK:        %[[TILES:.*]] = arith.divui %[[UP]]
// CHECK:        %[[END:.*]] = arith.minui %[[TILES]]
// CHECK:        scf.for %{{.*}} = %{{.*}} to %[[END]]
// CHECK:          math.exp2
// CHECK:        %[[NONE:.*]] = scf.if %{{.*}} -> (i1)
// CHECK:          scf.for
// CHECK:            memref.load %{{.*}} : memref<96xi8>
// CHECK:        arith.select %[[NONE]]
// CHECK:        arith.divf
// CHECK-NOT:  gpu.launch
#q = affine_map<(h, m, n, k) -> (m, h, k)>
#k = affine_map<(h, m, n, k) -> (n, h, k)>
#s = affine_map<(h, m, n, k) -> (h, m, n)>
#full = affine_map<(h, m, n) -> (h, m, n)>
#row = affine_map<(h, m, n) -> (h, m)>
#flag = affine_map<(h, m, n) -> (n)>
#w = affine_map<(h, m, d, n) -> (h, m, n)>
#v = affine_map<(h, m, d, n) -> (n, h, d)>
#o = affine_map<(h, m, d, n) -> (m, h, d)>
dispatch.kernel @attention(%query: tensor<64x2x16xf32>, %key: tensor<96x2x16xf32>, %value: tensor<96x2x16xf32>, %flags: tensor<96xi8>, %extents: tensor<2xi64>, %out: tensor<64x2x16xf32>) -> tensor<64x2x16xf32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : i8
  %scale = arith.constant 0.25 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : tensor<2x64x96xf32>
  %e1 = tensor.empty() : tensor<2x64xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x64x96xf32>) -> tensor<2x64x96xf32>
  %scores = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%query, %key : tensor<64x2x16xf32>, tensor<96x2x16xf32>) outs(%f0 : tensor<2x64x96xf32>) attrs = {dispatch.limits = array<i64: 1, 4, 0, 1, 0, 2, 4, 1, 1, 0>} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x64x96xf32>
  %logits = linalg.generic {indexing_maps = [#full, #flag, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%scores, %flags : tensor<2x64x96xf32>, tensor<96xi8>) outs(%e0 : tensor<2x64x96xf32>) attrs = {dispatch.limits = array<i64: 1, 4, 0, 1, 0>} {
  ^bb0(%a: f32, %p: i8, %c: f32):
    %0 = arith.mulf %a, %scale : f32
    %1 = arith.cmpi ne, %p, %c0 : i8
    %2 = arith.select %1, %0, %lowest : f32
    linalg.yield %2 : f32
  } -> tensor<2x64x96xf32>
  %f1 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2x64xf32>) -> tensor<2x64xf32>
  %largest = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%logits : tensor<2x64x96xf32>) outs(%f1 : tensor<2x64xf32>) attrs = {dispatch.limits = array<i64: 1, 4, 0, 1, 0, 2, 4, 1, 1, 0>} {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.maximumf %c, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x64xf32>
  %exps = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%logits, %largest : tensor<2x64x96xf32>, tensor<2x64xf32>) outs(%e0 : tensor<2x64x96xf32>) attrs = {dispatch.limits = array<i64: 1, 4, 0, 1, 0>} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.subf %a, %b : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x64x96xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x64xf32>) -> tensor<2x64xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%exps : tensor<2x64x96xf32>) outs(%f2 : tensor<2x64xf32>) attrs = {dispatch.limits = array<i64: 1, 4, 0, 1, 0, 2, 4, 1, 1, 0>} {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.addf %c, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x64xf32>
  %weights = linalg.generic {indexing_maps = [#flag, #full, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%flags, %exps, %sum : tensor<96xi8>, tensor<2x64x96xf32>, tensor<2x64xf32>) outs(%e0 : tensor<2x64x96xf32>) attrs = {dispatch.limits = array<i64: 1, 4, 0, 1, 0>} {
  ^bb0(%p: i8, %a: f32, %b: f32, %c: f32):
    %0 = arith.divf %a, %b : f32
    %1 = arith.cmpi ne, %p, %c0 : i8
    %2 = arith.select %1, %0, %zero : f32
    linalg.yield %2 : f32
  } -> tensor<2x64x96xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%out : tensor<64x2x16xf32>) -> tensor<64x2x16xf32>
  %result = linalg.generic {indexing_maps = [#w, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%weights, %value : tensor<2x64x96xf32>, tensor<96x2x16xf32>) outs(%f3 : tensor<64x2x16xf32>) attrs = {dispatch.limits = array<i64: 1, 4, 0, 1, 0, 3, 4, 1, 1, 0>} {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<64x2x16xf32>
  dispatch.return %result : tensor<64x2x16xf32>
}
