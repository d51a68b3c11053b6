// RUN: dlc-opt %s --split-input-file --pass-pipeline="builtin.module(func.func(dispatch-form-regions{attention=true}))" | FileCheck %s
// RUN: dlc-opt %s --split-input-file --dispatch-form-regions | FileCheck %s --check-prefix=APART

// Products with a softmax in between, a mask and transposed operands: one
// region. Without the option there are three.
#q = affine_map<(h, m, n, k) -> (m, h, k)>
#k = affine_map<(h, m, n, k) -> (n, h, k)>
#s = affine_map<(h, m, n, k) -> (h, m, n)>
#full = affine_map<(h, m, n) -> (h, m, n)>
#row = affine_map<(h, m, n) -> (h, m)>
#mask = affine_map<(h, m, n) -> (m, n)>
#id = affine_map<(h, m) -> (h, m)>
#w = affine_map<(h, m, d, n) -> (h, m, n)>
#v = affine_map<(h, m, d, n) -> (n, h, d)>
#o = affine_map<(h, m, d, n) -> (m, h, d)>
func.func @attention(%query: tensor<16x2x8xf32>, %key: tensor<24x2x8xf32>, %value: tensor<24x2x4xf32>, %mask: tensor<16x24xf32>) -> tensor<16x2x4xf32> {
  %zero = arith.constant 0.0 : f32
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
  %logits = linalg.generic {indexing_maps = [#full, #mask, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%scores, %mask : tensor<2x16x24xf32>, tensor<16x24xf32>) outs(%e0 : tensor<2x16x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
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
  %weights = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%exps, %factor : tensor<2x16x24xf32>, tensor<2x16xf32>) outs(%e0 : tensor<2x16x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
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
// CHECK-LABEL: func.func @attention
// CHECK: %[[R:.*]] = dispatch.region -> tensor<16x2x4xf32>
// CHECK-NOT: dispatch.region
// CHECK: return %[[R]]
// APART-LABEL: func.func @attention
// APART-COUNT-3: dispatch.region ->
// APART: return

// -----

// Who returns the weights wants them in memory.
#q = affine_map<(h, m, n, k) -> (m, h, k)>
#k = affine_map<(h, m, n, k) -> (n, h, k)>
#s = affine_map<(h, m, n, k) -> (h, m, n)>
#full = affine_map<(h, m, n) -> (h, m, n)>
#row = affine_map<(h, m, n) -> (h, m)>
#mask = affine_map<(h, m, n) -> (m, n)>
#id = affine_map<(h, m) -> (h, m)>
#w = affine_map<(h, m, d, n) -> (h, m, n)>
#v = affine_map<(h, m, d, n) -> (n, h, d)>
#o = affine_map<(h, m, d, n) -> (m, h, d)>
func.func @weights_outside(%query: tensor<16x2x8xf32>, %key: tensor<24x2x8xf32>, %value: tensor<24x2x4xf32>, %mask: tensor<16x24xf32>) -> (tensor<16x2x4xf32>, tensor<2x16x24xf32>) {
  %zero = arith.constant 0.0 : f32
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
  %logits = linalg.generic {indexing_maps = [#full, #mask, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%scores, %mask : tensor<2x16x24xf32>, tensor<16x24xf32>) outs(%e0 : tensor<2x16x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
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
  %weights = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%exps, %factor : tensor<2x16x24xf32>, tensor<2x16xf32>) outs(%e0 : tensor<2x16x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x16x24xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<16x2x4xf32>) -> tensor<16x2x4xf32>
  %result = linalg.generic {indexing_maps = [#w, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%weights, %value : tensor<2x16x24xf32>, tensor<24x2x4xf32>) outs(%f3 : tensor<16x2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<16x2x4xf32>
  return %result, %weights : tensor<16x2x4xf32>, tensor<2x16x24xf32>
}
// CHECK-LABEL: func.func @weights_outside
// CHECK-COUNT-3: dispatch.region ->
// CHECK-NOT: dispatch.region ->

// -----

// A sum of something else than the exponentials is no softmax.
#q = affine_map<(h, m, n, k) -> (m, h, k)>
#k = affine_map<(h, m, n, k) -> (n, h, k)>
#s = affine_map<(h, m, n, k) -> (h, m, n)>
#full = affine_map<(h, m, n) -> (h, m, n)>
#row = affine_map<(h, m, n) -> (h, m)>
#mask = affine_map<(h, m, n) -> (m, n)>
#id = affine_map<(h, m) -> (h, m)>
#w = affine_map<(h, m, d, n) -> (h, m, n)>
#v = affine_map<(h, m, d, n) -> (n, h, d)>
#o = affine_map<(h, m, d, n) -> (m, h, d)>
func.func @no_softmax(%query: tensor<16x2x8xf32>, %key: tensor<24x2x8xf32>, %value: tensor<24x2x4xf32>, %mask: tensor<16x24xf32>) -> tensor<16x2x4xf32> {
  %zero = arith.constant 0.0 : f32
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
  %logits = linalg.generic {indexing_maps = [#full, #mask, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%scores, %mask : tensor<2x16x24xf32>, tensor<16x24xf32>) outs(%e0 : tensor<2x16x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
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
      ins(%logits : tensor<2x16x24xf32>) outs(%f2 : tensor<2x16xf32>) {
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
  %weights = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%exps, %factor : tensor<2x16x24xf32>, tensor<2x16xf32>) outs(%e0 : tensor<2x16x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
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
// CHECK-LABEL: func.func @no_softmax
// CHECK-COUNT-3: dispatch.region ->
// CHECK-NOT: dispatch.region ->

// -----

// With two queries for each set of keys there is nothing to save.
#q = affine_map<(h, m, n, k) -> (m, h, k)>
#k = affine_map<(h, m, n, k) -> (n, h, k)>
#s = affine_map<(h, m, n, k) -> (h, m, n)>
#full = affine_map<(h, m, n) -> (h, m, n)>
#row = affine_map<(h, m, n) -> (h, m)>
#mask = affine_map<(h, m, n) -> (m, n)>
#id = affine_map<(h, m) -> (h, m)>
#w = affine_map<(h, m, d, n) -> (h, m, n)>
#v = affine_map<(h, m, d, n) -> (n, h, d)>
#o = affine_map<(h, m, d, n) -> (m, h, d)>
func.func @few_queries(%query: tensor<2x2x8xf32>, %key: tensor<24x2x8xf32>, %value: tensor<24x2x4xf32>, %mask: tensor<2x24xf32>) -> tensor<2x2x4xf32> {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : tensor<2x2x24xf32>
  %e1 = tensor.empty() : tensor<2x2xf32>
  %e2 = tensor.empty() : tensor<2x2x4xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x2x24xf32>) -> tensor<2x2x24xf32>
  %scores = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%query, %key : tensor<2x2x8xf32>, tensor<24x2x8xf32>) outs(%f0 : tensor<2x2x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x2x24xf32>
  %logits = linalg.generic {indexing_maps = [#full, #mask, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%scores, %mask : tensor<2x2x24xf32>, tensor<2x24xf32>) outs(%e0 : tensor<2x2x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x2x24xf32>
  %f1 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2x2xf32>) -> tensor<2x2xf32>
  %largest = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%logits : tensor<2x2x24xf32>) outs(%f1 : tensor<2x2xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.maximumf %c, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x2xf32>
  %exps = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%logits, %largest : tensor<2x2x24xf32>, tensor<2x2xf32>) outs(%e0 : tensor<2x2x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.subf %a, %b : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x2x24xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x2xf32>) -> tensor<2x2xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%exps : tensor<2x2x24xf32>) outs(%f2 : tensor<2x2xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.addf %c, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x2xf32>
  %factor = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%sum : tensor<2x2xf32>) outs(%e1 : tensor<2x2xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.divf %one, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x2xf32>
  %weights = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%exps, %factor : tensor<2x2x24xf32>, tensor<2x2xf32>) outs(%e0 : tensor<2x2x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x2x24xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x2x4xf32>) -> tensor<2x2x4xf32>
  %result = linalg.generic {indexing_maps = [#w, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%weights, %value : tensor<2x2x24xf32>, tensor<24x2x4xf32>) outs(%f3 : tensor<2x2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x2x4xf32>
  return %result : tensor<2x2x4xf32>
}
// CHECK-LABEL: func.func @few_queries
// CHECK-COUNT-3: dispatch.region ->
// CHECK-NOT: dispatch.region ->
