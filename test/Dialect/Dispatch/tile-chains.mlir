// RUN: dlc-opt %s --dispatch-tile-chains --split-input-file | FileCheck %s

// A window over a padded map: each band computes a line of the map beyond its
// own, and pads on the sides where the whole is padded.
#hw = affine_map<(h, w) -> (h, w)>
#window = affine_map<(h, w, a, b) -> (h + a, w + b)>
#filter = affine_map<(h, w, a, b) -> (a, b)>
#out = affine_map<(h, w, a, b) -> (h, w)>
// CHECK-LABEL: @halo(
// CHECK-SAME: %[[X:.*]]: tensor<8x8xf32>, %[[F:.*]]: tensor<3x3xf32>
// CHECK: tensor.empty() : tensor<8x8xf32>
// CHECK: %[[WHOLE:.*]] = tensor.empty() : tensor<8x8xf32>
// CHECK-NEXT: %[[S0:.*]] = tensor.extract_slice %[[X]][0, 0] [5, 8] [1, 1]
// CHECK: %[[M0:.*]] = linalg.generic {{.*}} ins(%[[S0]] : tensor<5x8xf32>)
// CHECK: linalg.index 0
// CHECK: %[[P0:.*]] = tensor.pad %[[M0]] low[1, 1] high[0, 1]
// CHECK: } : tensor<5x8xf32> to tensor<6x10xf32>
// CHECK: %[[I0:.*]] = linalg.fill {{.*}} -> tensor<4x8xf32>
// CHECK: %[[C0:.*]] = linalg.generic {{.*}} ins(%[[P0]], %[[F]] : tensor<6x10xf32>, tensor<3x3xf32>) outs(%[[I0]] : tensor<4x8xf32>)
// CHECK-NOT: dispatch.
// CHECK: %[[H0:.*]] = tensor.insert_slice %[[C0]] into %[[WHOLE]][0, 0] [4, 8] [1, 1]
// CHECK: tensor.extract_slice %[[X]][3, 0] [5, 8] [1, 1]
// The index of a line is that of the whole.
// CHECK: %[[LINE:.*]] = linalg.index 0
// CHECK: affine.apply {{.*}}%[[LINE]]
// CHECK: tensor.pad %{{.*}} low[0, 1] high[1, 1]
// CHECK: %[[H1:.*]] = tensor.insert_slice %{{.*}} into %[[H0]][4, 0] [4, 8] [1, 1]
// CHECK-NEXT: return %[[H1]]
func.func @halo(%x: tensor<8x8xf32>, %filter: tensor<3x3xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %map = linalg.generic {indexing_maps = [#hw, #hw], iterator_types = ["parallel", "parallel"], dispatch.chain = 0 : i64}
      ins(%x : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %n = arith.index_cast %i : index to i32
    %c = arith.sitofp %n : i32 to f32
    %s = arith.addf %a, %c : f32
    linalg.yield %s : f32
  } -> tensor<8x8xf32>
  %padded = tensor.pad %map low[1, 1] high[1, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } {dispatch.chain = 0 : i64} : tensor<8x8xf32> to tensor<10x10xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %conv = linalg.generic {indexing_maps = [#window, #filter, #out], iterator_types = ["parallel", "parallel", "reduction", "reduction"],
                          dispatch.chain = 0 : i64, dispatch.bands = [0, 0, 2]}
      ins(%padded, %filter : tensor<10x10xf32>, tensor<3x3xf32>) outs(%init : tensor<8x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x8xf32>
  return %conv : tensor<8x8xf32>
}

// -----

// A concatenation along the lines, a reshape that splits them, and a value with
// two readers that need different parts of it: the larger one is computed, and
// the last band is smaller.
#l = affine_map<(i) -> (i)>
#ij = affine_map<(i, j) -> (i, j)>
// CHECK-LABEL: @shapes(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<6xf32>
// The first band is lines 0 and 1, elements 0 to 3: of %x only.
// CHECK: %[[A:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<4xf32>)
// CHECK: %[[B:.*]] = tensor.expand_shape %{{.*}} {{\[\[}}0, 1]] output_shape [2, 2]
// CHECK: linalg.generic {{.*}} ins(%[[B]] : tensor<2x2xf32>)
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[0, 0] [2, 2] [1, 1]
// CHECK: tensor.extract_slice %[[Y]][0] [4] [1]
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[2, 0] [2, 2] [1, 1]
// CHECK: tensor.extract_slice %[[Y]][4] [2] [1]
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[4, 0] [1, 2] [1, 1]
func.func @shapes(%x: tensor<4xf32>, %y: tensor<6xf32>) -> tensor<5x2xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %both = tensor.empty() : tensor<10xf32>
  %out = tensor.empty() : tensor<5x2xf32>
  %a = linalg.generic {indexing_maps = [#l, #l], iterator_types = ["parallel"], dispatch.chain = 7 : i64}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = arith.negf %v : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  %0 = tensor.insert_slice %a into %both[0] [4] [1] {dispatch.chain = 7 : i64} : tensor<4xf32> into tensor<10xf32>
  %1 = tensor.insert_slice %y into %0[4] [6] [1] {dispatch.chain = 7 : i64} : tensor<6xf32> into tensor<10xf32>
  %2 = tensor.expand_shape %1 [[0, 1]] output_shape [5, 2] {dispatch.chain = 7 : i64} : tensor<10xf32> into tensor<5x2xf32>
  %3 = linalg.generic {indexing_maps = [#ij, #ij], iterator_types = ["parallel", "parallel"], dispatch.chain = 7 : i64, dispatch.bands = [0, 0, 3]}
      ins(%2 : tensor<5x2xf32>) outs(%out : tensor<5x2xf32>) {
  ^bb0(%v: f32, %o: f32):
    %s = arith.negf %v : f32
    linalg.yield %s : f32
  } -> tensor<5x2xf32>
  return %3 : tensor<5x2xf32>
}
