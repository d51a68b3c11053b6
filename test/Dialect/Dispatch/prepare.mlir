// RUN: dlc-opt %s --dispatch-prepare --split-input-file | FileCheck %s

// A chain of elementwise ops with one use each is one op.
#id1 = affine_map<(i) -> (i)>
func.func @chain(%x: tensor<8xf32>) -> tensor<8xf32> {
  %half = arith.constant dense<0.5> : tensor<8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %0 = linalg.generic {indexing_maps = [#id1, #id1], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.erf %a : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  %1 = linalg.generic {indexing_maps = [#id1, #id1, #id1], iterator_types = ["parallel"]}
      ins(%0, %half : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.mulf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  %2 = linalg.generic {indexing_maps = [#id1, #id1, #id1], iterator_types = ["parallel"]}
      ins(%1, %x : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.mulf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  return %2 : tensor<8xf32>
}
// CHECK-LABEL: func.func @chain
// CHECK: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK: linalg.generic {{.*}} ins(%arg0 : tensor<8xf32>)
// CHECK: math.erf
// CHECK: arith.mulf %{{.*}}, %[[HALF]]
// CHECK-NOT: linalg.generic
// CHECK: return

// -----

// A permutation goes into the maps of a contraction, a broadcast into those of
// an elementwise op; arithmetic is not recomputed by a contraction.
#id = affine_map<(i, j) -> (i, j)>
#tr = affine_map<(i, j) -> (j, i)>
#nk = affine_map<(n, m, k) -> (n, k)>
#km = affine_map<(n, m, k) -> (k, m)>
#nm = affine_map<(n, m, k) -> (n, m)>
func.func @contraction(%a: tensor<8x4xf32>, %b: tensor<16x4xf32>, %bias: tensor<16xf32>) -> tensor<8x16xf32> {
  %zero = arith.constant 0.0 : f32
  %et = tensor.empty() : tensor<4x16xf32>
  %ea = tensor.empty() : tensor<8x4xf32>
  %e = tensor.empty() : tensor<8x16xf32>
  %t = linalg.generic {indexing_maps = [#tr, #id], iterator_types = ["parallel", "parallel"]}
      ins(%b : tensor<16x4xf32>) outs(%et : tensor<4x16xf32>) {
  ^bb0(%x: f32, %o: f32):
    linalg.yield %x : f32
  } -> tensor<4x16xf32>
  %exp = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<8x4xf32>) outs(%ea : tensor<8x4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %r = math.exp %x : f32
    linalg.yield %r : f32
  } -> tensor<8x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x16xf32>) -> tensor<8x16xf32>
  %mm = linalg.generic {indexing_maps = [#nk, #km, #nm], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%exp, %t : tensor<8x4xf32>, tensor<4x16xf32>) outs(%f : tensor<8x16xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %m = arith.mulf %x, %y : f32
    %s = arith.addf %z, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x16xf32>
  %bc = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%bias : tensor<16xf32>) outs(%e : tensor<8x16xf32>) {
  ^bb0(%x: f32, %o: f32):
    linalg.yield %x : f32
  } -> tensor<8x16xf32>
  %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%mm, %bc : tensor<8x16xf32>, tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<8x16xf32>
  return %r : tensor<8x16xf32>
}
// CHECK-DAG: #[[J:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[MK:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-LABEL: func.func @contraction
// CHECK: %[[EXP:.*]] = linalg.generic
// CHECK: math.exp
// CHECK: %[[MM:.*]] = linalg.generic {indexing_maps = [#{{.*}}, #[[MK]], #{{.*}}], {{.*}}} ins(%[[EXP]], %arg1
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[J]], #{{.*}}], {{.*}}} ins(%[[MM]], %arg2
// CHECK-NOT: linalg.generic

// -----

// Unit dims go; attention's reshape, transposition and scaling: the scaling
// meets the projection, the transposition goes into the product.
#m0 = affine_map<(b, n, m, k) -> (b, n, k)>
#m1 = affine_map<(b, n, m, k) -> (k, m)>
#m2 = affine_map<(b, n, m, k) -> (b, n, m)>
#id4 = affine_map<(b, h, i, d) -> (b, h, i, d)>
#tr4 = affine_map<(b, h, i, d) -> (b, i, h, d)>
#q = affine_map<(b, h, i, j, d) -> (b, h, i, d)>
#k = affine_map<(b, h, i, j, d) -> (b, h, j, d)>
#s = affine_map<(b, h, i, j, d) -> (b, h, i, j)>
func.func @attention(%x: tensor<1x16x24xf32>, %w: tensor<24x24xf32>, %key: tensor<1x3x16x8xf32>) -> tensor<1x3x16x16xf32> {
  %zero = arith.constant 0.0 : f32
  %scale = arith.constant 0.125 : f32
  %e = tensor.empty() : tensor<1x16x24xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x16x24xf32>) -> tensor<1x16x24xf32>
  %mm = linalg.generic {indexing_maps = [#m0, #m1, #m2], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<1x16x24xf32>, tensor<24x24xf32>) outs(%f : tensor<1x16x24xf32>) {
  ^bb0(%a: f32, %b: f32, %z: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %z, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x16x24xf32>
  %split = tensor.expand_shape %mm [[0], [1], [2, 3]] output_shape [1, 16, 3, 8] : tensor<1x16x24xf32> into tensor<1x16x3x8xf32>
  %eq = tensor.empty() : tensor<1x3x16x8xf32>
  %t = linalg.generic {indexing_maps = [#tr4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%split : tensor<1x16x3x8xf32>) outs(%eq : tensor<1x3x16x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<1x3x16x8xf32>
  %scaled = linalg.generic {indexing_maps = [#id4, #id4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%t : tensor<1x3x16x8xf32>) outs(%eq : tensor<1x3x16x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.mulf %a, %scale : f32
    linalg.yield %m : f32
  } -> tensor<1x3x16x8xf32>
  %es = tensor.empty() : tensor<1x3x16x16xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%es : tensor<1x3x16x16xf32>) -> tensor<1x3x16x16xf32>
  %scores = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%scaled, %key : tensor<1x3x16x8xf32>, tensor<1x3x16x8xf32>) outs(%fs : tensor<1x3x16x16xf32>) {
  ^bb0(%a: f32, %b: f32, %z: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %z, %m : f32
    linalg.yield %s : f32
  } -> tensor<1x3x16x16xf32>
  return %scores : tensor<1x3x16x16xf32>
}
// CHECK-DAG: #[[Q:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d0, d3)>
// CHECK-LABEL: func.func @attention
// CHECK: %[[MM:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: %[[SCALED:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%[[MM]]
// CHECK: arith.mulf
// CHECK: %[[HEADS:.*]] = tensor.expand_shape %[[SCALED]] {{\[\[}}0], [1, 2]]
// CHECK: linalg.generic {indexing_maps = [#[[Q]], {{.*}} ins(%[[HEADS]]
// CHECK-NOT: linalg.generic

// -----

// Nobody reads the transposition but a reshape: the product writes it.
#q = affine_map<(h, i, d, j) -> (h, i, j)>
#k = affine_map<(h, i, d, j) -> (h, j, d)>
#s = affine_map<(h, i, d, j) -> (h, i, d)>
func.func @merge_heads(%p: tensor<3x16x16xf32>, %v: tensor<3x16x8xf32>) -> tensor<16x24xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x16x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x16x8xf32>) -> tensor<3x16x8xf32>
  %0 = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%p, %v : tensor<3x16x16xf32>, tensor<3x16x8xf32>) outs(%f : tensor<3x16x8xf32>) {
  ^bb0(%a: f32, %b: f32, %z: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %z, %m : f32
    linalg.yield %s : f32
  } -> tensor<3x16x8xf32>
  %et = tensor.empty() : tensor<16x3x8xf32>
  %t = linalg.generic {indexing_maps = [affine_map<(i, h, d) -> (h, i, d)>, affine_map<(i, h, d) -> (i, h, d)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%0 : tensor<3x16x8xf32>) outs(%et : tensor<16x3x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<16x3x8xf32>
  %r = tensor.collapse_shape %t [[0], [1, 2]] : tensor<16x3x8xf32> into tensor<16x24xf32>
  return %r : tensor<16x24xf32>
}
// CHECK-DAG: #[[OUT:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d0, d2)>
// CHECK-LABEL: func.func @merge_heads
// CHECK: %[[PV:.*]] = linalg.generic {indexing_maps = [#{{.*}}, #{{.*}}, #[[OUT]]]
// CHECK: tensor.collapse_shape %[[PV]]
// CHECK-NOT: linalg.generic

// -----

// A statistic is not recomputed for every element; what is constant is left for
// compile time.
#id = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>
#j = affine_map<(i, j) -> (j)>
func.func @not_recomputed(%x: tensor<8x2xf32>, %var: tensor<8xf32>) -> tensor<8x2xf32> {
  %w = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %ev = tensor.empty() : tensor<8xf32>
  %ew = tensor.empty() : tensor<2xf32>
  %e = tensor.empty() : tensor<8x2xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%var : tensor<8xf32>) outs(%ev : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.rsqrt %a : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%w : tensor<2xf32>) outs(%ew : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<2xf32>
  %2 = linalg.generic {indexing_maps = [#id, #i, #j, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %0, %1 : tensor<8x2xf32>, tensor<8xf32>, tensor<2xf32>) outs(%e : tensor<8x2xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %m, %c : f32
    linalg.yield %r : f32
  } -> tensor<8x2xf32>
  return %2 : tensor<8x2xf32>
}
// CHECK-LABEL: func.func @not_recomputed
// CHECK: linalg.generic
// CHECK: math.rsqrt
// CHECK: linalg.generic
// CHECK: math.exp
// CHECK: linalg.generic

// -----

// Slices lose unit dims and are taken after reshapes.
func.func @slices(%x: tensor<1x16x48xf32>) -> tensor<16x2x8xf32> {
  %0 = tensor.extract_slice %x[0, 0, 16] [1, 16, 16] [1, 1, 1] : tensor<1x16x48xf32> to tensor<1x16x16xf32>
  %1 = tensor.expand_shape %0 [[0], [1], [2, 3]] output_shape [1, 16, 2, 8] : tensor<1x16x16xf32> into tensor<1x16x2x8xf32>
  %2 = tensor.collapse_shape %1 [[0, 1], [2], [3]] : tensor<1x16x2x8xf32> into tensor<16x2x8xf32>
  return %2 : tensor<16x2x8xf32>
}
// CHECK-LABEL: func.func @slices
// CHECK: %[[WIDE:.*]] = tensor.expand_shape %arg0 {{.*}} output_shape [1, 16, 6, 8]
// CHECK: %[[IN:.*]] = tensor.collapse_shape %[[WIDE]]
// CHECK: tensor.extract_slice %[[IN]][0, 2, 0] [16, 2, 8] [1, 1, 1]
// CHECK-NEXT: return

// -----

// The fused projection of an attention: the three parts are slices of one
// product, in any order, and the factors go behind the product of two of them.
#q = affine_map<(h, i, j, d) -> (h, i, d)>
#k = affine_map<(h, i, j, d) -> (h, j, d)>
#s = affine_map<(h, i, j, d) -> (h, i, j)>
#id = affine_map<(h, i, d) -> (h, i, d)>
#tr = affine_map<(h, i, d) -> (i, h, d)>
func.func @fused_projection(%x: tensor<16x72xf32>) -> tensor<3x16x16xf32> {
  %zero = arith.constant 0.0 : f32
  %factor = arith.constant 0.5 : f32
  %wide = tensor.expand_shape %x [[0], [1, 2]] output_shape [16, 3, 24] : tensor<16x72xf32> into tensor<16x3x24xf32>
  %et = tensor.empty() : tensor<3x16x24xf32>
  %t = linalg.generic {indexing_maps = [#tr, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%wide : tensor<16x3x24xf32>) outs(%et : tensor<3x16x24xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<3x16x24xf32>
  %q0 = tensor.extract_slice %t[0, 0, 0] [1, 16, 24] [1, 1, 1] : tensor<3x16x24xf32> to tensor<1x16x24xf32>
  %k0 = tensor.extract_slice %t[1, 0, 0] [1, 16, 24] [1, 1, 1] : tensor<3x16x24xf32> to tensor<1x16x24xf32>
  %q1 = tensor.collapse_shape %q0 [[0, 1], [2]] : tensor<1x16x24xf32> into tensor<16x24xf32>
  %k1 = tensor.collapse_shape %k0 [[0, 1], [2]] : tensor<1x16x24xf32> into tensor<16x24xf32>
  %q2 = tensor.expand_shape %q1 [[0], [1, 2]] output_shape [16, 3, 8] : tensor<16x24xf32> into tensor<16x3x8xf32>
  %k2 = tensor.expand_shape %k1 [[0], [1, 2]] output_shape [16, 3, 8] : tensor<16x24xf32> into tensor<16x3x8xf32>
  %e = tensor.empty() : tensor<3x16x8xf32>
  %q3 = linalg.generic {indexing_maps = [#tr, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%q2 : tensor<16x3x8xf32>) outs(%e : tensor<3x16x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.mulf %a, %factor : f32
    linalg.yield %m : f32
  } -> tensor<3x16x8xf32>
  %k3 = linalg.generic {indexing_maps = [#tr, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%k2 : tensor<16x3x8xf32>) outs(%e : tensor<3x16x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.mulf %a, %factor : f32
    linalg.yield %m : f32
  } -> tensor<3x16x8xf32>
  %es = tensor.empty() : tensor<3x16x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%es : tensor<3x16x16xf32>) -> tensor<3x16x16xf32>
  %r = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%q3, %k3 : tensor<3x16x8xf32>, tensor<3x16x8xf32>) outs(%f : tensor<3x16x16xf32>) {
  ^bb0(%a: f32, %b: f32, %z: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %z, %m : f32
    linalg.yield %s : f32
  } -> tensor<3x16x16xf32>
  return %r : tensor<3x16x16xf32>
}
// CHECK-LABEL: func.func @fused_projection
// CHECK-DAG: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-DAG: %[[Q:.*]] = tensor.extract_slice %{{.*}}[0, 0, 0, 0] [16, 1, 3, 8] [1, 1, 1, 1] : tensor<16x3x3x8xf32> to tensor<16x3x8xf32>
// CHECK-DAG: %[[K:.*]] = tensor.extract_slice %{{.*}}[0, 1, 0, 0] [16, 1, 3, 8] [1, 1, 1, 1] : tensor<16x3x3x8xf32> to tensor<16x3x8xf32>
// CHECK: %[[P:.*]] = linalg.generic {{.*}} ins(%[[Q]], %[[K]]
// CHECK: linalg.generic {{.*}} ins(%[[P]]
// CHECK: arith.mulf %{{.*}}, %[[HALF]]
// CHECK: arith.mulf %{{.*}}, %[[HALF]]
// CHECK-NOT: linalg.generic

// -----

// A sum over a dim that only the broadcast value has: fused, nothing would tell
// how often to add. Both readers of the broadcast keep it.
#b2 = affine_map<(i, j) -> (i)>
#id2 = affine_map<(i, j) -> (i, j)>
func.func @sum_of_broadcast(%x: tensor<3xf32>, %y: tensor<3x2xf32>) -> (tensor<3xf32>, tensor<3x2xf32>) {
  %zero = arith.constant 0.0 : f32
  %e2 = tensor.empty() : tensor<3x2xf32>
  %b = linalg.generic {indexing_maps = [#b2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<3xf32>) outs(%e2 : tensor<3x2xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<3x2xf32>
  %e = tensor.empty() : tensor<3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3xf32>) -> tensor<3xf32>
  %s = linalg.generic {indexing_maps = [#id2, #b2], iterator_types = ["parallel", "reduction"]}
      ins(%b : tensor<3x2xf32>) outs(%f : tensor<3xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<3xf32>
  %m = linalg.generic {indexing_maps = [#id2, #id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%b, %y : tensor<3x2xf32>, tensor<3x2xf32>) outs(%e2 : tensor<3x2xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %r = arith.mulf %a, %c : f32
    linalg.yield %r : f32
  } -> tensor<3x2xf32>
  return %s, %m : tensor<3xf32>, tensor<3x2xf32>
}
// CHECK-LABEL: func.func @sum_of_broadcast
// CHECK: %[[B:.*]] = linalg.generic {{.*}} ins(%arg0 : tensor<3xf32>) outs(%{{.*}} : tensor<3x2xf32>)
// CHECK: linalg.generic {{.*}}"reduction"]} ins(%[[B]] : tensor<3x2xf32>) outs(%{{.*}} : tensor<3xf32>) {

// -----

// A reduction whose body comes to what no element changes: the least number of x - x.
#in = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
func.func @reduces_nothing(%x: tensor<13x5xi8>) -> tensor<13xi8> {
  %most = arith.constant -1 : i8
  %e = tensor.empty() : tensor<13x5xi8>
  %er = tensor.empty() : tensor<13xi8>
  %d = linalg.generic {indexing_maps = [#in, #in], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<13x5xi8>) outs(%e : tensor<13x5xi8>) {
  ^bb0(%a: i8, %o: i8):
    %r = arith.subi %a, %a : i8
    linalg.yield %r : i8
  } -> tensor<13x5xi8>
  %f = linalg.fill ins(%most : i8) outs(%er : tensor<13xi8>) -> tensor<13xi8>
  %m = linalg.generic {indexing_maps = [#in, #row], iterator_types = ["parallel", "reduction"]}
      ins(%d : tensor<13x5xi8>) outs(%f : tensor<13xi8>) {
  ^bb0(%a: i8, %o: i8):
    %r = arith.minui %a, %o : i8
    linalg.yield %r : i8
  } -> tensor<13xi8>
  return %m : tensor<13xi8>
}
// CHECK-LABEL: func.func @reduces_nothing
// CHECK: %[[ZERO:.*]] = arith.constant 0 : i8
// CHECK-NOT: linalg.generic
// CHECK: linalg.fill ins(%[[ZERO]] : i8)
// CHECK-NOT: linalg.generic
// CHECK: return

// -----

// Slices of what turns rows into columns, of which each would read single
// elements and both read all: the whole is turned, once, by tiles.
#id = affine_map<(i, j) -> (i, j)>
#t = affine_map<(i, j) -> (j, i)>
#v = affine_map<(i) -> (i)>
func.func @columns(%x: tensor<64x2xf32>) -> (tensor<64xf32>, tensor<64xf32>) {
  %e = tensor.empty() : tensor<2x64xf32>
  %r = tensor.empty() : tensor<64xf32>
  %0 = linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<64x2xf32>) outs(%e : tensor<2x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<2x64xf32>
  %a = tensor.extract_slice %0[0, 0] [1, 64] [1, 1] : tensor<2x64xf32> to tensor<64xf32>
  %b = tensor.extract_slice %0[1, 0] [1, 64] [1, 1] : tensor<2x64xf32> to tensor<64xf32>
  %s = linalg.generic {indexing_maps = [#v, #v, #v], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<64xf32>, tensor<64xf32>) outs(%r : tensor<64xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %y = arith.addf %p, %q : f32
    linalg.yield %y : f32
  } -> tensor<64xf32>
  %d = linalg.generic {indexing_maps = [#v, #v, #v], iterator_types = ["parallel"]}
      ins(%a, %b : tensor<64xf32>, tensor<64xf32>) outs(%r : tensor<64xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %y = arith.subf %p, %q : f32
    linalg.yield %y : f32
  } -> tensor<64xf32>
  return %s, %d : tensor<64xf32>, tensor<64xf32>
}
// CHECK-LABEL: func.func @columns
// CHECK-SAME: %[[X:[^:]*]]: tensor<64x2xf32>
// CHECK: %[[T:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<64x2xf32>) outs(%{{.*}} : tensor<2x64xf32>)
// CHECK-DAG: tensor.extract_slice %[[T]][0, 0] [1, 64]
// CHECK-DAG: tensor.extract_slice %[[T]][1, 0] [1, 64]

// One slice alone is half of it: it is read where it lies.
func.func @column(%x: tensor<64x2xf32>) -> tensor<64xf32> {
  %e = tensor.empty() : tensor<2x64xf32>
  %r = tensor.empty() : tensor<64xf32>
  %0 = linalg.generic {indexing_maps = [#t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<64x2xf32>) outs(%e : tensor<2x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<2x64xf32>
  %a = tensor.extract_slice %0[0, 0] [1, 64] [1, 1] : tensor<2x64xf32> to tensor<64xf32>
  %s = linalg.generic {indexing_maps = [#v, #v], iterator_types = ["parallel"]}
      ins(%a : tensor<64xf32>) outs(%r : tensor<64xf32>) {
  ^bb0(%p: f32, %o: f32):
    %y = math.exp %p : f32
    linalg.yield %y : f32
  } -> tensor<64xf32>
  return %s : tensor<64xf32>
}
// CHECK-LABEL: func.func @column(
// CHECK-SAME: %[[X:[^:]*]]: tensor<64x2xf32>
// CHECK: tensor.extract_slice %[[X]][0, 0] [64, 1]

// -----

// A sum of what is read at computed places, which are sums of rows and columns: nothing of
// it is stored, though weights have fewer dims than what they weigh.
#all = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#places = affine_map<(d0, d1, d2) -> (d0, d1)>
#kept = affine_map<(d0, d1, d2) -> (d0, d2)>
#both = affine_map<(d0, d1) -> (d0, d1)>
#first = affine_map<(d0, d1) -> (d0)>
#second = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: @weighted_places
// CHECK-SAME: %[[T:.*]]: tensor<100x64xf32>, %[[R:.*]]: tensor<8xi64>, %[[C:.*]]: tensor<5xi64>, %[[W:.*]]: tensor<8x5xf32>
func.func @weighted_places(%table: tensor<100x64xf32>, %rows: tensor<8xi64>, %columns: tensor<5xi64>,
                           %weights: tensor<8x5xf32>) -> tensor<8x64xf32> {
  // CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction", "parallel"]} ins(%[[R]], %[[C]], %[[W]] :
  // CHECK: arith.addi
  // CHECK: tensor.extract %[[T]]
  // CHECK: arith.mulf
  // CHECK: arith.addf
  // CHECK-NOT: linalg.generic
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<8x5xi64>
  %at = linalg.generic {indexing_maps = [#first, #second, #both], iterator_types = ["parallel", "parallel"]}
      ins(%rows, %columns : tensor<8xi64>, tensor<5xi64>) outs(%e0 : tensor<8x5xi64>) {
  ^bb0(%a: i64, %b: i64, %o: i64):
    %s = arith.addi %a, %b : i64
    linalg.yield %s : i64
  } -> tensor<8x5xi64>
  %e1 = tensor.empty() : tensor<8x5x64xf32>
  %read = linalg.generic {indexing_maps = [#places, #all], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%at : tensor<8x5xi64>) outs(%e1 : tensor<8x5x64xf32>) {
  ^bb0(%a: i64, %o: f32):
    %i = arith.index_cast %a : i64 to index
    %j = linalg.index 2 : index
    %v = tensor.extract %table[%i, %j] : tensor<100x64xf32>
    linalg.yield %v : f32
  } -> tensor<8x5x64xf32>
  %weighed = linalg.generic {indexing_maps = [#all, #places, #all], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%read, %weights : tensor<8x5x64xf32>, tensor<8x5xf32>) outs(%e1 : tensor<8x5x64xf32>) {
  ^bb0(%a: f32, %w: f32, %o: f32):
    %v = arith.mulf %a, %w : f32
    linalg.yield %v : f32
  } -> tensor<8x5x64xf32>
  %e2 = tensor.empty() : tensor<8x64xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e2 : tensor<8x64xf32>) -> tensor<8x64xf32>
  %sum = linalg.generic {indexing_maps = [#all, #kept], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%weighed : tensor<8x5x64xf32>) outs(%init : tensor<8x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %v = arith.addf %o, %a : f32
    linalg.yield %v : f32
  } -> tensor<8x64xf32>
  return %sum : tensor<8x64xf32>
}
