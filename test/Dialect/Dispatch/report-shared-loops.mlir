// RUN: dlc-opt %s --dispatch-report-shared-loops --verify-diagnostics

#nc = affine_map<(n, m, k) -> (n, k)>
#cm = affine_map<(n, m, k) -> (k, m)>
#nm = affine_map<(n, m, k) -> (n, m)>
#id = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>
#j = affine_map<(i, j) -> (j)>
#tr = affine_map<(i, j) -> (j, i)>

// A contraction and its elementwise consumer share both parallel loops, also
// through a transposition.
// expected-remark @+1 {{shared loops [16, 8]}}
dispatch.kernel @matmul_bias(%a: tensor<8x4xf32>, %b: tensor<4x16xf32>, %bias: tensor<16xf32>,
                             %o: tensor<16x8xf32>) -> tensor<16x8xf32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x16xf32>
  // expected-remark @+2 {{loops [1, 0]}}
  // expected-remark @+1 {{intermediate of [1, 1], init}}
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x16xf32>) -> tensor<8x16xf32>
  // expected-remark @+2 {{loops [1, 0]}}
  // expected-remark @+1 {{intermediate of [1, 1]}}
  %c = linalg.generic {indexing_maps = [#nc, #cm, #nm], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<8x4xf32>, tensor<4x16xf32>) outs(%f : tensor<8x16xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %z, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x16xf32>
  // expected-remark @+1 {{loops [0, 1]}}
  %r = linalg.generic {indexing_maps = [#tr, #i, #id], iterator_types = ["parallel", "parallel"]}
      ins(%c, %bias : tensor<8x16xf32>, tensor<16xf32>) outs(%o : tensor<16x8xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<16x8xf32>
  dispatch.return %r : tensor<16x8xf32>
}

// Rows: a statistic and what uses it share the row loop only.
// expected-remark @+1 {{shared loops [8]}}
dispatch.kernel @rows(%a: tensor<8x16xf32>, %o: tensor<8x16xf32>) -> tensor<8x16xf32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %t = tensor.empty() : tensor<8x16xf32>
  // expected-remark @+2 {{loops [0]}}
  // expected-remark @+1 {{intermediate of [1, 16]}}
  %exp = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<8x16xf32>) outs(%t : tensor<8x16xf32>) {
  ^bb0(%x: f32, %z: f32):
    %s = math.exp %x : f32
    linalg.yield %s : f32
  } -> tensor<8x16xf32>
  // expected-remark @+2 {{loops [0]}}
  // expected-remark @+1 {{intermediate of [1], init}}
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  // expected-remark @+2 {{loops [0]}}
  // expected-remark @+1 {{intermediate of [1]}}
  %sum = linalg.generic {indexing_maps = [#id, #i], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<8x16xf32>) outs(%f : tensor<8xf32>) {
  ^bb0(%x: f32, %z: f32):
    %s = arith.addf %x, %z : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  // expected-remark @+1 {{loops [0]}}
  %r = linalg.generic {indexing_maps = [#id, #i, #id], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<8x16xf32>, tensor<8xf32>) outs(%o : tensor<8x16xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %s = arith.divf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<8x16xf32>
  dispatch.return %r : tensor<8x16xf32>
}

// A window reads neighbours: only the other loop is shared. Reading a tensor in
// two orders shares nothing.
// expected-remark @+1 {{shared loops [4]}}
dispatch.kernel @window(%a: tensor<10x4xf32>, %w: tensor<3xf32>, %o: tensor<8x4xf32>) -> tensor<8x4xf32>
    attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %t = tensor.empty() : tensor<10x4xf32>
  // expected-remark @+2 {{loops [1]}}
  // expected-remark @+1 {{intermediate of [10, 1]}}
  %exp = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<10x4xf32>) outs(%t : tensor<10x4xf32>) {
  ^bb0(%x: f32, %z: f32):
    %s = math.exp %x : f32
    linalg.yield %s : f32
  } -> tensor<10x4xf32>
  // expected-remark @+2 {{loops [1]}}
  // expected-remark @+1 {{intermediate of [8, 1], init}}
  %f = linalg.fill ins(%zero : f32) outs(%o : tensor<8x4xf32>) -> tensor<8x4xf32>
  // expected-remark @+1 {{loops [1]}}
  %r = linalg.generic {indexing_maps = [affine_map<(h, c, k) -> (h + k, c)>, affine_map<(h, c, k) -> (k)>,
                                        affine_map<(h, c, k) -> (h, c)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%exp, %w : tensor<10x4xf32>, tensor<3xf32>) outs(%f : tensor<8x4xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %m, %z : f32
    linalg.yield %s : f32
  } -> tensor<8x4xf32>
  dispatch.return %r : tensor<8x4xf32>
}

// expected-remark @+1 {{shared loops []}}
dispatch.kernel @two_orders(%a: tensor<8x8xf32>, %o: tensor<8x8xf32>) -> tensor<8x8xf32> attributes {num_outs = 1 : i64} {
  %t = tensor.empty() : tensor<8x8xf32>
  // expected-remark @+2 {{loops []}}
  // expected-remark @+1 {{intermediate of [8, 8]}}
  %exp = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<8x8xf32>) outs(%t : tensor<8x8xf32>) {
  ^bb0(%x: f32, %z: f32):
    %s = math.exp %x : f32
    linalg.yield %s : f32
  } -> tensor<8x8xf32>
  // expected-remark @+1 {{loops []}}
  %r = linalg.generic {indexing_maps = [#id, #tr, #id], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %exp : tensor<8x8xf32>, tensor<8x8xf32>) outs(%o : tensor<8x8xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<8x8xf32>
  dispatch.return %r : tensor<8x8xf32>
}

// Two results, one of them also read by the other: it lives in its output.
// expected-remark @+1 {{shared loops [8]}}
dispatch.kernel @two_results(%a: tensor<8x16xf32>, %o: tensor<8x16xf32>, %p: tensor<8xf32>)
    -> (tensor<8x16xf32>, tensor<8xf32>) attributes {num_outs = 2 : i64} {
  %zero = arith.constant 0.0 : f32
  // expected-remark @+2 {{loops [0]}}
  // expected-remark @+1 {{intermediate of [1, 16]}}
  %exp = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<8x16xf32>) outs(%o : tensor<8x16xf32>) {
  ^bb0(%x: f32, %z: f32):
    %s = math.exp %x : f32
    linalg.yield %s : f32
  } -> tensor<8x16xf32>
  // expected-remark @+2 {{loops [0]}}
  // expected-remark @+1 {{intermediate of [1], init}}
  %f = linalg.fill ins(%zero : f32) outs(%p : tensor<8xf32>) -> tensor<8xf32>
  // expected-remark @+1 {{loops [0]}}
  %sum = linalg.generic {indexing_maps = [#id, #i], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<8x16xf32>) outs(%f : tensor<8xf32>) {
  ^bb0(%x: f32, %z: f32):
    %s = arith.addf %x, %z : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  dispatch.return %exp, %sum : tensor<8x16xf32>, tensor<8xf32>
}
