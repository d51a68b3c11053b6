// RUN: dlc-opt %s --dispatch-form-regions --dispatch-place-slices --split-input-file | FileCheck %s

// The producer of a padded value writes the interior; other readers read it
// there.
#id = affine_map<(h, w, c) -> (h, w, c)>
#in = affine_map<(h, w, c, i, j) -> (h + i, w + j, c)>
#out = affine_map<(h, w, c, i, j) -> (h, w, c)>
#k = affine_map<(h, w, c, i, j) -> (i, j, c)>
func.func @pad(%x: tensor<8x8x4xf32>, %w: tensor<3x3x4xf32>) -> (tensor<8x8x4xf32>, tensor<8x8x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8x4xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<8x8x4xf32>) outs(%e : tensor<8x8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<8x8x4xf32>
  %p = tensor.pad %0 low[1, 1, 0] high[1, 1, 0] {
  ^bb0(%i: index, %j: index, %c: index):
    tensor.yield %zero : f32
  } : tensor<8x8x4xf32> to tensor<10x10x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x8x4xf32>) -> tensor<8x8x4xf32>
  %1 = linalg.generic {indexing_maps = [#in, #k, #out], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%p, %w : tensor<10x10x4xf32>, tensor<3x3x4xf32>) outs(%f : tensor<8x8x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<8x8x4xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%0 : tensor<8x8x4xf32>) outs(%e : tensor<8x8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.sin %a : f32
    linalg.yield %r : f32
  } -> tensor<8x8x4xf32>
  return %1, %2 : tensor<8x8x4xf32>, tensor<8x8x4xf32>
}
// CHECK-LABEL: func.func @pad
// CHECK: %[[E:.*]] = tensor.empty() : tensor<10x10x4xf32>
// CHECK: %[[B:.*]] = dispatch.region -> tensor<10x10x4xf32> {
// CHECK:   tensor.empty() : tensor<1x10x4xf32>
// CHECK:   tensor.insert_slice %{{.*}} into %[[E]][0, 0, 0] [1, 10, 4]
// CHECK:   tensor.insert_slice {{.*}}[9, 0, 0] [1, 10, 4]
// CHECK:   tensor.insert_slice {{.*}}[1, 0, 0] [8, 1, 4]
// CHECK:   tensor.insert_slice {{.*}}[1, 9, 0] [8, 1, 4]
// CHECK: %[[P:.*]]:2 = dispatch.region
// CHECK:   math.exp
// CHECK:   tensor.insert_slice %{{.*}} into %[[B]][1, 1, 0] [8, 8, 4]
// CHECK: dispatch.region
// CHECK-NOT: extract_slice
// CHECK:   linalg.generic {{.*}} ins(%[[P]]#0, %arg1
// CHECK-NOT: tensor.pad

// -----

// Concatenation: each piece is written by what computes it; the argument is
// copied. The pieces come in the order of their computation.
func.func @concat(%x: tensor<8x4xf32>, %y: tensor<8x4xf32>) -> tensor<8x12xf32> {
  %e0 = tensor.empty() : tensor<8x4xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(a,b) -> (a,b)>, affine_map<(a,b) -> (a,b)>], iterator_types = ["parallel","parallel"]}
      ins(%x : tensor<8x4xf32>) outs(%e0 : tensor<8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<8x4xf32>
  %e1 = tensor.empty() : tensor<8x4xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(a,b) -> (a,b)>, affine_map<(a,b) -> (a,b)>], iterator_types = ["parallel","parallel"]}
      ins(%x : tensor<8x4xf32>) outs(%e1 : tensor<8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.sin %a : f32
    linalg.yield %r : f32
  } -> tensor<8x4xf32>
  %e = tensor.empty() : tensor<8x12xf32>
  %c0 = tensor.insert_slice %1 into %e[0, 0] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x12xf32>
  %c1 = tensor.insert_slice %y into %c0[0, 4] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x12xf32>
  %c2 = tensor.insert_slice %0 into %c1[0, 8] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x12xf32>
  return %c2 : tensor<8x12xf32>
}
// CHECK-LABEL: func.func @concat
// CHECK: %[[E:.*]] = tensor.empty() : tensor<8x12xf32>
// CHECK: %[[V0:.*]] = dispatch.region
// CHECK:   linalg.generic {{.*}} ins(%arg1
// CHECK:   linalg.yield %in
// CHECK:   tensor.insert_slice %{{.*}} into %[[E]][0, 4]
// CHECK: %[[V1:.*]] = dispatch.region
// CHECK:   math.exp
// CHECK:   tensor.insert_slice %{{.*}} into %[[V0]][0, 8]
// CHECK: %[[V2:.*]] = dispatch.region
// CHECK:   math.sin
// CHECK:   tensor.insert_slice %{{.*}} into %[[V1]][0, 0]
// CHECK: return %[[V2]]

// -----

// A concatenation that is padded lives in the padded buffer, its other reader
// slices that.
func.func @padded_concat(%x: tensor<8x4xf32>) -> (tensor<10x8xf32>, tensor<8x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<8x4xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(a,b) -> (a,b)>, affine_map<(a,b) -> (a,b)>], iterator_types = ["parallel","parallel"]}
      ins(%x : tensor<8x4xf32>) outs(%e0 : tensor<8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<8x4xf32>
  %e1 = tensor.empty() : tensor<8x4xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(a,b) -> (a,b)>, affine_map<(a,b) -> (a,b)>], iterator_types = ["parallel","parallel"]}
      ins(%x : tensor<8x4xf32>) outs(%e1 : tensor<8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.sin %a : f32
    linalg.yield %r : f32
  } -> tensor<8x4xf32>
  %e = tensor.empty() : tensor<8x8xf32>
  %c0 = tensor.insert_slice %0 into %e[0, 0] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x8xf32>
  %c1 = tensor.insert_slice %1 into %c0[0, 4] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x8xf32>
  %p = tensor.pad %c1 low[1, 0] high[1, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<8x8xf32> to tensor<10x8xf32>
  %e2 = tensor.empty() : tensor<10x8xf32>
  %2 = linalg.generic {indexing_maps = [affine_map<(a,b) -> (a,b)>, affine_map<(a,b) -> (a,b)>], iterator_types = ["parallel","parallel"]}
      ins(%p : tensor<10x8xf32>) outs(%e2 : tensor<10x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.cos %a : f32
    linalg.yield %r : f32
  } -> tensor<10x8xf32>
  %e3 = tensor.empty() : tensor<8x8xf32>
  %3 = linalg.generic {indexing_maps = [affine_map<(a,b) -> (a,b)>, affine_map<(a,b) -> (a,b)>], iterator_types = ["parallel","parallel"]}
      ins(%c1 : tensor<8x8xf32>) outs(%e3 : tensor<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.tan %a : f32
    linalg.yield %r : f32
  } -> tensor<8x8xf32>
  return %2, %3 : tensor<10x8xf32>, tensor<8x8xf32>
}
// CHECK-LABEL: func.func @padded_concat
// CHECK: %[[B:.*]] = dispatch.region -> tensor<10x8xf32>
// CHECK: %[[V0:.*]] = dispatch.region
// CHECK:   math.exp
// CHECK:   tensor.insert_slice %{{.*}} into %[[B]][1, 0] [8, 4]
// CHECK: %[[V1:.*]] = dispatch.region
// CHECK:   math.sin
// CHECK:   tensor.insert_slice %{{.*}} into %[[V0]][1, 4] [8, 4]
// CHECK: dispatch.region
// CHECK:   linalg.generic {{.*}} ins(%[[V1]]
// CHECK:   math.cos
// CHECK: dispatch.region
// CHECK:   %[[S:.*]] = tensor.extract_slice %[[V1]][1, 0] [8, 8]
// CHECK:   linalg.generic {{.*}} ins(%[[S]]
// CHECK:   math.tan

// -----

// A growing stack of values (dense blocks) is one buffer. A value that is read
// there is not copied.
func.func @dense(%x: tensor<8x4xf32>) -> tensor<8x12xf32> {
  %e0 = tensor.empty() : tensor<8x4xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(a,b) -> (a,b)>, affine_map<(a,b) -> (a,b)>], iterator_types = ["parallel","parallel"]}
      ins(%x : tensor<8x4xf32>) outs(%e0 : tensor<8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<8x4xf32>
  %e1 = tensor.empty() : tensor<8x4xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(a,b) -> (a,b)>, affine_map<(a,b) -> (a,b)>], iterator_types = ["parallel","parallel"]}
      ins(%0 : tensor<8x4xf32>) outs(%e1 : tensor<8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.sin %a : f32
    linalg.yield %r : f32
  } -> tensor<8x4xf32>
  %e = tensor.empty() : tensor<8x8xf32>
  %c0 = tensor.insert_slice %0 into %e[0, 0] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x8xf32>
  %c1 = tensor.insert_slice %1 into %c0[0, 4] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x8xf32>
  %e2 = tensor.empty() : tensor<8x8xf32>
  %2 = linalg.generic {indexing_maps = [affine_map<(a,b) -> (a,b)>, affine_map<(a,b) -> (a,b)>], iterator_types = ["parallel","parallel"]}
      ins(%c1 : tensor<8x8xf32>) outs(%e2 : tensor<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.cos %a : f32
    linalg.yield %r : f32
  } -> tensor<8x8xf32>
  %e3 = tensor.empty() : tensor<8x4xf32>
  %zero = arith.constant 0.0 : f32
  %f3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<8x4xf32>) -> tensor<8x4xf32>
  %w = arith.constant dense<[[1.0,2.0,3.0,4.0],[1.0,2.0,3.0,4.0],[1.0,2.0,3.0,4.0],[1.0,2.0,3.0,4.0],[1.0,2.0,3.0,4.0],[1.0,2.0,3.0,4.0],[1.0,2.0,3.0,4.0],[1.0,2.0,3.0,4.0]]> : tensor<8x4xf32>
  %3 = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%2, %w : tensor<8x8xf32>, tensor<8x4xf32>) outs(%f3 : tensor<8x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<8x4xf32>
  %el = tensor.empty() : tensor<8x12xf32>
  %d0 = tensor.insert_slice %0 into %el[0, 0] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x12xf32>
  %d1 = tensor.insert_slice %1 into %d0[0, 4] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x12xf32>
  %d2 = tensor.insert_slice %3 into %d1[0, 8] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x12xf32>
  %e4 = tensor.empty() : tensor<8x12xf32>
  %4 = linalg.generic {indexing_maps = [affine_map<(a,b) -> (a,b)>, affine_map<(a,b) -> (a,b)>], iterator_types = ["parallel","parallel"]}
      ins(%d2 : tensor<8x12xf32>) outs(%e4 : tensor<8x12xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.tan %a : f32
    linalg.yield %r : f32
  } -> tensor<8x12xf32>
  return %4 : tensor<8x12xf32>
}
// CHECK-LABEL: func.func @dense
// CHECK: %[[E:.*]] = tensor.empty() : tensor<8x12xf32>
// CHECK: %[[V1:.*]] = dispatch.region -> tensor<8x12xf32> {
// CHECK:   %[[G:.*]]:2 = linalg.generic
// CHECK:   %[[I:.*]] = tensor.insert_slice %[[G]]#0 into %[[E]][0, 0]
// CHECK:   %[[J:.*]] = tensor.insert_slice %[[G]]#1 into %[[I]][0, 4]
// CHECK:   dispatch.yield %[[J]] :
// CHECK: %[[COS:.*]] = dispatch.region
// CHECK:   tensor.extract_slice %[[V1]][0, 0] [8, 8]
// CHECK:   math.cos
// CHECK: %[[V2:.*]] = dispatch.region
// CHECK:   linalg.generic {{.*}} ins(%[[COS]]
// CHECK:   tensor.insert_slice %{{.*}} into %[[V1]][0, 8]
// CHECK: dispatch.region
// CHECK:   linalg.generic {{.*}} ins(%[[V2]]
// CHECK:   math.tan

// -----

// Slices go into their readers; the function returns a copy.
func.func @split(%x: tensor<8x12xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
  %0 = tensor.extract_slice %x[0, 4] [8, 4] [1, 1] : tensor<8x12xf32> to tensor<8x4xf32>
  %e1 = tensor.empty() : tensor<8x4xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(a,b) -> (a,b)>, affine_map<(a,b) -> (a,b)>], iterator_types = ["parallel","parallel"]}
      ins(%0 : tensor<8x4xf32>) outs(%e1 : tensor<8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<8x4xf32>
  return %0, %1 : tensor<8x4xf32>, tensor<8x4xf32>
}
// CHECK-LABEL: func.func @split
// CHECK: %[[C:.*]] = dispatch.region
// CHECK:   %[[S:.*]] = tensor.extract_slice %arg0[0, 4]
// CHECK:   linalg.generic {{.*}} ins(%[[S]]
// CHECK:   linalg.yield %in
// CHECK: %[[R:.*]] = dispatch.region
// CHECK:   %[[S:.*]] = tensor.extract_slice %arg0[0, 4]
// CHECK:   math.exp
// CHECK: return %[[C]], %[[R]]

// -----

// Two buffers that begin with the same piece: it is at home in one of them, and
// copied into the other.
#id = affine_map<(i, j) -> (i, j)>
func.func @shared_prefix(%x: tensor<8x4xf32>, %y: tensor<8x4xf32>, %z: tensor<8x4xf32>)
    -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %e0 = tensor.empty() : tensor<8x4xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<8x4xf32>) outs(%e0 : tensor<8x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<8x4xf32>
  %e = tensor.empty() : tensor<8x8xf32>
  %c0 = tensor.insert_slice %0 into %e[0, 0] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x8xf32>
  %c1 = tensor.insert_slice %y into %c0[0, 4] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x8xf32>
  %c2 = tensor.insert_slice %z into %c0[0, 4] [8, 4] [1, 1] : tensor<8x4xf32> into tensor<8x8xf32>
  return %c1, %c2 : tensor<8x8xf32>, tensor<8x8xf32>
}
// CHECK-LABEL: func.func @shared_prefix
// CHECK: %[[A0:.*]] = dispatch.region
// CHECK:   linalg.generic {{.*}} ins(%arg[[FIRST:[12]]]
// CHECK: %[[A1:.*]] = dispatch.region
// CHECK:   math.exp
// CHECK:   tensor.insert_slice %{{.*}} into %[[A0]][0, 0]
// CHECK: %[[B1:.*]] = dispatch.region
// CHECK:   %[[S:.*]] = tensor.extract_slice %{{.*}}[0, 0] [8, 4]
// CHECK:   linalg.generic {{.*}} ins(%[[S]]
// CHECK: return

// -----

// A buffer that is mostly padding does not become the home of a value that
// others read, too: it would live as long as they need the value.
#id = affine_map<(h, w) -> (h, w)>
#in = affine_map<(h, w, i, j) -> (h + 4 * i, w + 4 * j)>
#out = affine_map<(h, w, i, j) -> (h, w)>
#k = affine_map<(h, w, i, j) -> (i, j)>
func.func @mostly_padding(%x: tensor<4x4xf32>, %w: tensor<3x3xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<4x4xf32>
  %p = tensor.pad %0 low[4, 4] high[4, 4] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<4x4xf32> to tensor<12x12xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = linalg.generic {indexing_maps = [#in, #k, #out], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%p, %w : tensor<12x12xf32>, tensor<3x3xf32>) outs(%f : tensor<4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<4x4xf32>
  %2 = linalg.generic {indexing_maps = [#out, #k, #out], iterator_types = ["parallel", "parallel", "reduction", "reduction"], dispatch.unfused}
      ins(%0, %w : tensor<4x4xf32>, tensor<3x3xf32>) outs(%f : tensor<4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<4x4xf32>
  return %1, %2 : tensor<4x4xf32>, tensor<4x4xf32>
}
// CHECK-LABEL: func.func @mostly_padding
// CHECK: %[[V:.*]] = dispatch.region -> tensor<4x4xf32> {
// CHECK:   math.exp
// CHECK: dispatch.region -> tensor<12x12xf32> {
// CHECK:   linalg.generic {{.*}} ins(%[[V]] : tensor<4x4xf32>)
// CHECK:   tensor.insert_slice {{.*}}[4, 4] [4, 4] [1, 1]
// CHECK: dispatch.region -> tensor<4x4xf32> {
// CHECK:   linalg.generic {{.*}} ins(%[[V]], %arg1

// -----

// The region that computes the interior fills the buffer, too (with a value that
// it computes): it does that first.
#id = affine_map<(h, w) -> (h, w)>
#one = affine_map<(h, w) -> ()>
func.func @computed_padding(%x: tensor<8x8xf32>) -> tensor<10x10xf32> {
  %low = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %es = tensor.empty() : tensor<f32>
  %ep = tensor.empty() : tensor<10x10xf32>
  %f = linalg.fill ins(%low : f32) outs(%es : tensor<f32>) -> tensor<f32>
  %m = linalg.generic {indexing_maps = [#id, #one], iterator_types = ["reduction", "reduction"]}
      ins(%x : tensor<8x8xf32>) outs(%f : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.maximumf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<f32>
  %0 = linalg.generic {indexing_maps = [#id, #one, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %m : tensor<8x8xf32>, tensor<f32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.divf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<8x8xf32>
  %1 = linalg.generic {indexing_maps = [#one, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m : tensor<f32>) outs(%ep : tensor<10x10xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<10x10xf32>
  %p = tensor.insert_slice %0 into %1[1, 1] [8, 8] [1, 1] : tensor<8x8xf32> into tensor<10x10xf32>
  return %p : tensor<10x10xf32>
}
// CHECK-LABEL: func.func @computed_padding
// CHECK: dispatch.region -> tensor<10x10xf32> {
// CHECK:   arith.maximumf
// CHECK:   %[[WHOLE:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<10x10xf32>)
// CHECK:   %[[PART:.*]] = linalg.generic
// CHECK:     arith.divf
// CHECK:   tensor.insert_slice %[[PART]] into %[[WHOLE]][1, 1]

// -----

// Pieces that get a dim of size 1 to be put side by side: the region that
// computes both writes both, without copies.
#id = affine_map<(i) -> (i)>
func.func @columns(%x: tensor<8xf32>) -> tensor<8x2xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %b = tensor.empty() : tensor<8x2xf32>
  %0:2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%e, %e : tensor<8xf32>, tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32, %p: f32):
    %s = math.sin %a : f32
    %c = math.cos %a : f32
    linalg.yield %s, %c : f32, f32
  } -> (tensor<8xf32>, tensor<8xf32>)
  %s = tensor.expand_shape %0#0 [[0, 1]] output_shape [8, 1] : tensor<8xf32> into tensor<8x1xf32>
  %c = tensor.expand_shape %0#1 [[0, 1]] output_shape [8, 1] : tensor<8xf32> into tensor<8x1xf32>
  %1 = tensor.insert_slice %s into %b[0, 0] [8, 1] [1, 1] : tensor<8x1xf32> into tensor<8x2xf32>
  %2 = tensor.insert_slice %c into %1[0, 1] [8, 1] [1, 1] : tensor<8x1xf32> into tensor<8x2xf32>
  return %2 : tensor<8x2xf32>
}
// CHECK-LABEL: func.func @columns
// CHECK: %[[R:.*]] = dispatch.region -> tensor<8x2xf32> {
// CHECK:   %[[V:.*]]:2 = linalg.generic
// CHECK:   %[[S:.*]] = tensor.insert_slice %[[V]]#0 into %{{.*}}[0, 0] [8, 1] [1, 1] : tensor<8xf32> into tensor<8x2xf32>
// CHECK:   tensor.insert_slice %[[V]]#1 into %[[S]][0, 1] [8, 1] [1, 1] : tensor<8xf32> into tensor<8x2xf32>
// CHECK-NOT: dispatch.region
// CHECK: return %[[R]]
