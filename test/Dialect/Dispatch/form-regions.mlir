// RUN: dlc-opt %s --dispatch-form-regions --split-input-file | FileCheck %s

// The bottleneck of a residual net: both products carry their elementwise
// consumers; of two products that are added only one can.
#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(i, j) -> (i, j)>
#j = affine_map<(i, j) -> (j)>
func.func @residual(%x: tensor<8x16xf32>, %w0: tensor<16x16xf32>, %w1: tensor<16x16xf32>, %b: tensor<16xf32>) -> tensor<8x16xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x16xf32>) -> tensor<8x16xf32>
  %0 = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w0 : tensor<8x16xf32>, tensor<16x16xf32>) outs(%f : tensor<8x16xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %m = arith.mulf %a, %c : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x16xf32>
  %1 = linalg.generic {indexing_maps = [#id, #j, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0, %b : tensor<8x16xf32>, tensor<16xf32>) outs(%e : tensor<8x16xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %s = arith.addf %a, %c : f32
    linalg.yield %s : f32
  } -> tensor<8x16xf32>
  %2 = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%1, %w1 : tensor<8x16xf32>, tensor<16x16xf32>) outs(%f : tensor<8x16xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %m = arith.mulf %a, %c : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x16xf32>
  %3 = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w1 : tensor<8x16xf32>, tensor<16x16xf32>) outs(%f : tensor<8x16xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %m = arith.mulf %a, %c : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x16xf32>
  %4 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%2, %3 : tensor<8x16xf32>, tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %s = arith.addf %a, %c : f32
    linalg.yield %s : f32
  } -> tensor<8x16xf32>
  return %4 : tensor<8x16xf32>
}
// CHECK-LABEL: func.func @residual
// CHECK: %[[R0:.*]] = dispatch.region -> tensor<8x16xf32> {
// CHECK:   tensor.empty
// CHECK:   %[[F0:.*]] = linalg.fill
// CHECK:   %[[C0:.*]] = linalg.generic {{.*}} outs(%[[F0]]
// CHECK:   %[[E0:.*]] = linalg.generic {{.*}} ins(%[[C0]], %arg3
// CHECK:   dispatch.yield %[[E0]] :
// CHECK: %[[R1:.*]] = dispatch.region -> tensor<8x16xf32> {
// CHECK:   %[[C1:.*]] = linalg.generic {{.*}} ins(%[[R0]], %arg2
// CHECK:   dispatch.yield %[[C1]] :
// CHECK: %[[R2:.*]] = dispatch.region -> tensor<8x16xf32> {
// CHECK:   %[[C2:.*]] = linalg.generic {{.*}} ins(%arg0, %arg2
// CHECK:   %[[E2:.*]] = linalg.generic {{.*}} ins(%[[R1]], %[[C2]]
// CHECK:   dispatch.yield %[[E2]] :
// CHECK: return %[[R2]]

// -----

// Softmax of the rows of a product: two regions.
#q = affine_map<(h, i, j, d) -> (h, i, d)>
#k = affine_map<(h, i, j, d) -> (h, j, d)>
#s = affine_map<(h, i, j, d) -> (h, i, j)>
#id = affine_map<(h, i, j) -> (h, i, j)>
#row = affine_map<(h, i, j) -> (h, i)>
func.func @softmax(%a: tensor<12x128x64xf32>, %b: tensor<12x128x64xf32>) -> tensor<12x128x128xf32> {
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<12x128x128xf32>
  %er = tensor.empty() : tensor<12x128xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<12x128x128xf32>) -> tensor<12x128x128xf32>
  %0 = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<12x128x64xf32>, tensor<12x128x64xf32>) outs(%f : tensor<12x128x128xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<12x128x128xf32>
  %fm = linalg.fill ins(%inf : f32) outs(%er : tensor<12x128xf32>) -> tensor<12x128xf32>
  %max = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%0 : tensor<12x128x128xf32>) outs(%fm : tensor<12x128xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.maximumf %o, %x : f32
    linalg.yield %s : f32
  } -> tensor<12x128xf32>
  %exp = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%0, %max : tensor<12x128x128xf32>, tensor<12x128xf32>) outs(%e : tensor<12x128x128xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %d = arith.subf %x, %y : f32
    %s = math.exp %d : f32
    linalg.yield %s : f32
  } -> tensor<12x128x128xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%er : tensor<12x128xf32>) -> tensor<12x128xf32>
  %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%exp : tensor<12x128x128xf32>) outs(%fs : tensor<12x128xf32>) {
  ^bb0(%x: f32, %o: f32):
    %s = arith.addf %o, %x : f32
    linalg.yield %s : f32
  } -> tensor<12x128xf32>
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%exp, %sum : tensor<12x128x128xf32>, tensor<12x128xf32>) outs(%e : tensor<12x128x128xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %s = arith.divf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<12x128x128xf32>
  return %r : tensor<12x128x128xf32>
}
// CHECK-LABEL: func.func @softmax
// CHECK: dispatch.region
// CHECK:   arith.mulf
// CHECK:   dispatch.yield
// CHECK: %[[R:.*]] = dispatch.region -> tensor<12x128x128xf32> {
// CHECK:   arith.maximumf
// CHECK:   math.exp
// CHECK:   arith.addf
// CHECK:   arith.divf
// CHECK:   dispatch.yield
// CHECK: return %[[R]]

// -----

// An elementwise op in front of a row group goes along, and its result, which
// others read as well, is a second result. Long rows do not fit.
#id = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>
func.func @rows(%a: tensor<64x1024xf32>, %b: tensor<64x1024xf32>) -> (tensor<64x1024xf32>, tensor<64x1024xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<64x1024xf32>
  %er = tensor.empty() : tensor<64xf32>
  %x = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<64x1024xf32>, tensor<64x1024xf32>) outs(%e : tensor<64x1024xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<64x1024xf32>
  %f = linalg.fill ins(%zero : f32) outs(%er : tensor<64xf32>) -> tensor<64xf32>
  %sum = linalg.generic {indexing_maps = [#id, #i], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<64x1024xf32>) outs(%f : tensor<64xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  } -> tensor<64xf32>
  %r = linalg.generic {indexing_maps = [#id, #i, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : tensor<64x1024xf32>, tensor<64xf32>) outs(%e : tensor<64x1024xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.divf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<64x1024xf32>
  return %r, %x : tensor<64x1024xf32>, tensor<64x1024xf32>
}
// CHECK-LABEL: func.func @rows
// CHECK: %[[R:.*]]:2 = dispatch.region -> tensor<64x1024xf32>, tensor<64x1024xf32> {
// CHECK:   %[[X:.*]] = linalg.generic
// CHECK:   %[[Y:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%[[X]], %{{.*}} : tensor<64x1024xf32>, tensor<64xf32>)
// CHECK:   dispatch.yield %[[X]], %[[Y]]
// CHECK: return %[[R]]#1, %[[R]]#0

// -----

// Two elementwise ops, the first with another reader: one op with two results.
#id = affine_map<(i) -> (i)>
func.func @two_results(%a: tensor<100xf32>) -> (tensor<100xf32>, tensor<100xf32>) {
  %e = tensor.empty() : tensor<100xf32>
  %x = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%a : tensor<100xf32>) outs(%e : tensor<100xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = math.exp %p : f32
    linalg.yield %s : f32
  } -> tensor<100xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<100xf32>) outs(%e : tensor<100xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = math.sin %p : f32
    linalg.yield %s : f32
  } -> tensor<100xf32>
  return %x, %y : tensor<100xf32>, tensor<100xf32>
}
// CHECK-LABEL: func.func @two_results
// CHECK: dispatch.region
// CHECK:   %[[F:.*]]:2 = linalg.generic
// CHECK:   math.exp
// CHECK:   math.sin
// CHECK:   dispatch.yield %[[F]]#{{.}}, %[[F]]#{{.}}

// -----

// What is padded in between can't be in one region with both ends: the addition
// goes with the window, the value that is padded stays in front.
#id = affine_map<(h, c) -> (h, c)>
func.func @around_a_pad(%x: tensor<8x4xf32>, %w: tensor<3x4xf32>) -> tensor<8x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x4xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<8x4xf32>
  %p = tensor.pad %0 low[1, 0] high[1, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<8x4xf32> to tensor<10x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x4xf32>) -> tensor<8x4xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(h, c, k) -> (h + k, c)>, affine_map<(h, c, k) -> (k, c)>,
                                        affine_map<(h, c, k) -> (h, c)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%p, %w : tensor<10x4xf32>, tensor<3x4xf32>) outs(%f : tensor<8x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<8x4xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%1, %0 : tensor<8x4xf32>, tensor<8x4xf32>) outs(%e : tensor<8x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.addf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<8x4xf32>
  return %2 : tensor<8x4xf32>
}
// CHECK-LABEL: func.func @around_a_pad
// CHECK: %[[X:.*]] = dispatch.region
// CHECK:   math.exp
// CHECK:   dispatch.yield
// CHECK: %[[P:.*]] = tensor.pad %[[X]]
// CHECK: dispatch.region
// CHECK:   %[[C:.*]] = linalg.generic {{.*}} ins(%[[P]]
// CHECK:   linalg.generic {{.*}} ins(%[[C]], %[[X]]

// -----

// What is marked is not fused with what it reads; the mark is gone then.
#i = affine_map<(i) -> (i)>
// CHECK-LABEL: @unfused(
// CHECK: dispatch.region
// CHECK: math.exp
// CHECK: arith.negf
// CHECK-NOT: dispatch.unfused
// CHECK: dispatch.region
// CHECK: math.sqrt
func.func @unfused(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
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
  %2 = linalg.generic {indexing_maps = [#i, #i], iterator_types = ["parallel"], dispatch.unfused} ins(%0 : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%v: f32, %o: f32):
    %r = math.sqrt %v : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  return %1, %2 : tensor<8xf32>, tensor<8xf32>
}

// -----

// A fill that is read is computed like anything else; one that a result starts
// from belongs to its reader. (It was left outside of all regions.)
#row = affine_map<(i, j) -> (i, j)>
#sum = affine_map<(i, j) -> (i)>
// CHECK-LABEL: @filled_operand(
// CHECK: dispatch.region
// CHECK: %[[FILLED:.*]] = linalg.fill
// CHECK: %[[ZERO:.*]] = linalg.fill
// CHECK: linalg.generic {{.*}} ins(%[[FILLED]] {{.*}} outs(%[[ZERO]]
// CHECK: dispatch.yield
func.func @filled_operand(%v: f32) -> tensor<4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x5xf32>
  %x = linalg.fill ins(%v : f32) outs(%e : tensor<4x5xf32>) -> tensor<4x5xf32>
  %e1 = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e1 : tensor<4xf32>) -> tensor<4xf32>
  %0 = linalg.generic {indexing_maps = [#row, #sum], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x5xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %o, %a : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// What reduces constants only is known before the program runs, so it stays apart from
// what is not. (The sums of weights were added up by every run.)
#row = affine_map<(i, j) -> (i, j)>
#sum = affine_map<(i, j) -> (i)>
#one = affine_map<(i) -> (i)>
// CHECK-LABEL: @sums_of_weights(
// CHECK: dispatch.region
// CHECK: arith.addi
// CHECK: dispatch.yield
// CHECK: dispatch.region
// CHECK: arith.subi
// CHECK: dispatch.yield
func.func @sums_of_weights(%x: tensor<4xi32>) -> tensor<4xi32> {
  %w = arith.constant dense_resource<w> : tensor<4x5xi32>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<4xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<4xi32>) -> tensor<4xi32>
  %0 = linalg.generic {indexing_maps = [#row, #sum], iterator_types = ["parallel", "reduction"]} ins(%w : tensor<4x5xi32>) outs(%f : tensor<4xi32>) {
  ^bb0(%a: i32, %o: i32):
    %s = arith.addi %o, %a : i32
    linalg.yield %s : i32
  } -> tensor<4xi32>
  %1 = linalg.generic {indexing_maps = [#one, #one, #one], iterator_types = ["parallel"]} ins(%x, %0 : tensor<4xi32>, tensor<4xi32>) outs(%e : tensor<4xi32>) {
  ^bb0(%a: i32, %b: i32, %o: i32):
    %s = arith.subi %a, %b : i32
    linalg.yield %s : i32
  } -> tensor<4xi32>
  return %1 : tensor<4xi32>
}
