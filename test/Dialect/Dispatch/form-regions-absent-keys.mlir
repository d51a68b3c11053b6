// RUN: dlc-opt %s --split-input-file --pass-pipeline="builtin.module(func.func(dispatch-form-regions{attention=true}))" | FileCheck %s

// Keys that are not there have the logit -inf, and the weight 0 also in rows
// where there is none: still one region.
#q = affine_map<(h, m, n, k) -> (m, h, k)>
#k = affine_map<(h, m, n, k) -> (n, h, k)>
#s = affine_map<(h, m, n, k) -> (h, m, n)>
#full = affine_map<(h, m, n) -> (h, m, n)>
#row = affine_map<(h, m, n) -> (h, m)>
#key = affine_map<(h, m, n) -> (n)>
#id = affine_map<(h, m) -> (h, m)>
#w = affine_map<(h, m, d, n) -> (h, m, n)>
#v = affine_map<(h, m, d, n) -> (n, h, d)>
#o = affine_map<(h, m, d, n) -> (m, h, d)>
func.func @absent_keys(%query: tensor<16x2x8xf32>, %key: tensor<24x2x8xf32>, %value: tensor<24x2x4xf32>, %flags: tensor<24xi8>) -> tensor<16x2x4xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : i8
  %one = arith.constant 1.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : tensor<2x16x24xf32>
  %e1 = tensor.empty() : tensor<2x16xf32>
  %e2 = tensor.empty() : tensor<16x2x4xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x16x24xf32>) -> tensor<2x16x24xf32>
  %scores = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%query, %key : tensor<16x2x8xf32>, tensor<24x2x8xf32>) outs(%f0 : tensor<2x16x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x16x24xf32>
  %logits = linalg.generic {indexing_maps = [#full, #key, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%scores, %flags : tensor<2x16x24xf32>, tensor<24xi8>) outs(%e0 : tensor<2x16x24xf32>) {
  ^bb0(%a: f32, %b: i8, %c: f32):
    %0 = arith.cmpi ne, %b, %c0 : i8
    %1 = arith.select %0, %a, %lowest : f32
    linalg.yield %1 : f32
  } -> tensor<2x16x24xf32>
  %f1 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2x16xf32>) -> tensor<2x16xf32>
  %largest = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%logits : tensor<2x16x24xf32>) outs(%f1 : tensor<2x16xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.maximumf %c, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x16xf32>
  %exps = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%logits, %largest : tensor<2x16x24xf32>, tensor<2x16xf32>) outs(%e0 : tensor<2x16x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.subf %a, %b : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x16x24xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x16xf32>) -> tensor<2x16xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%exps : tensor<2x16x24xf32>) outs(%f2 : tensor<2x16xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.addf %c, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x16xf32>
  %factor = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%sum : tensor<2x16xf32>) outs(%e1 : tensor<2x16xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.divf %one, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x16xf32>
  %weights = linalg.generic {indexing_maps = [#key, #full, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%flags, %exps, %factor : tensor<24xi8>, tensor<2x16x24xf32>, tensor<2x16xf32>) outs(%e0 : tensor<2x16x24xf32>) {
  ^bb0(%p: i8, %a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.cmpi ne, %p, %c0 : i8
    %2 = arith.select %1, %0, %zero : f32
    linalg.yield %2 : f32
  } -> tensor<2x16x24xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<16x2x4xf32>) -> tensor<16x2x4xf32>
  %result = linalg.generic {indexing_maps = [#w, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%weights, %value : tensor<2x16x24xf32>, tensor<24x2x4xf32>) outs(%f3 : tensor<16x2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<16x2x4xf32>
  return %result : tensor<16x2x4xf32>
}
// CHECK-LABEL: func.func @absent_keys
// CHECK: %[[R:.*]] = dispatch.region -> tensor<16x2x4xf32>
// CHECK-NOT: dispatch.region
// CHECK: return %[[R]]

// -----

// Weights that are zero for other keys than those without a logit are no
// attention.
#q = affine_map<(h, m, n, k) -> (m, h, k)>
#k = affine_map<(h, m, n, k) -> (n, h, k)>
#s = affine_map<(h, m, n, k) -> (h, m, n)>
#full = affine_map<(h, m, n) -> (h, m, n)>
#row = affine_map<(h, m, n) -> (h, m)>
#key = affine_map<(h, m, n) -> (n)>
#id = affine_map<(h, m) -> (h, m)>
#w = affine_map<(h, m, d, n) -> (h, m, n)>
#v = affine_map<(h, m, d, n) -> (n, h, d)>
#o = affine_map<(h, m, d, n) -> (m, h, d)>
func.func @other_flags(%query: tensor<16x2x8xf32>, %key: tensor<24x2x8xf32>, %value: tensor<24x2x4xf32>, %flags: tensor<24xi8>, %others: tensor<24xi8>) -> tensor<16x2x4xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : i8
  %one = arith.constant 1.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : tensor<2x16x24xf32>
  %e1 = tensor.empty() : tensor<2x16xf32>
  %e2 = tensor.empty() : tensor<16x2x4xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x16x24xf32>) -> tensor<2x16x24xf32>
  %scores = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%query, %key : tensor<16x2x8xf32>, tensor<24x2x8xf32>) outs(%f0 : tensor<2x16x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x16x24xf32>
  %logits = linalg.generic {indexing_maps = [#full, #key, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%scores, %flags : tensor<2x16x24xf32>, tensor<24xi8>) outs(%e0 : tensor<2x16x24xf32>) {
  ^bb0(%a: f32, %b: i8, %c: f32):
    %0 = arith.cmpi ne, %b, %c0 : i8
    %1 = arith.select %0, %a, %lowest : f32
    linalg.yield %1 : f32
  } -> tensor<2x16x24xf32>
  %f1 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2x16xf32>) -> tensor<2x16xf32>
  %largest = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%logits : tensor<2x16x24xf32>) outs(%f1 : tensor<2x16xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.maximumf %c, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x16xf32>
  %exps = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%logits, %largest : tensor<2x16x24xf32>, tensor<2x16xf32>) outs(%e0 : tensor<2x16x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.subf %a, %b : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x16x24xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x16xf32>) -> tensor<2x16xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%exps : tensor<2x16x24xf32>) outs(%f2 : tensor<2x16xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.addf %c, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x16xf32>
  %factor = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%sum : tensor<2x16xf32>) outs(%e1 : tensor<2x16xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.divf %one, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x16xf32>
  %weights = linalg.generic {indexing_maps = [#key, #full, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%others, %exps, %factor : tensor<24xi8>, tensor<2x16x24xf32>, tensor<2x16xf32>) outs(%e0 : tensor<2x16x24xf32>) {
  ^bb0(%p: i8, %a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.cmpi ne, %p, %c0 : i8
    %2 = arith.select %1, %0, %zero : f32
    linalg.yield %2 : f32
  } -> tensor<2x16x24xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<16x2x4xf32>) -> tensor<16x2x4xf32>
  %result = linalg.generic {indexing_maps = [#w, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%weights, %value : tensor<2x16x24xf32>, tensor<24x2x4xf32>) outs(%f3 : tensor<16x2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<16x2x4xf32>
  return %result : tensor<16x2x4xf32>
}
// CHECK-LABEL: func.func @other_flags
// CHECK-COUNT-3: dispatch.region ->
// CHECK: return
