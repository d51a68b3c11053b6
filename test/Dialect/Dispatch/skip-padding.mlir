// RUN: dlc-opt %s --dispatch-skip-padding | FileCheck %s

#input = affine_map<(h, w, n, p, q, k) -> (h * 2 + p * 3, w + q, k)>
#filter = affine_map<(h, w, n, p, q, k) -> (n, k, p, q)>
#result = affine_map<(h, w, n, p, q, k) -> (h, w, n)>

// Rows: 2 * h + 3 * p is data from 3 on, up to 3 + 9. Columns: w + q is data from 1
// on, up to 1 + 8; behind them there is no padding.
// CHECK-LABEL: @window
// CHECK: linalg.generic
// CHECK-SAME: dispatch.windows = array<i64: 3, 0, 3, 2, 3, 12, 4, 1, 1, 1, 1, 9>
func.func @window(%x: tensor<9x8x16xf32>, %o: tensor<5x7x32xf32>) -> tensor<5x7x32xf32> {
  %z = arith.constant 0.0 : f32
  %w = arith.constant dense<1.0> : tensor<32x16x3x3xf32>
  %p = tensor.pad %x low[3, 1, 0] high[3, 0, 0] {
  ^bb0(%i: index, %j: index, %k: index):
    tensor.yield %z : f32
  } : tensor<9x8x16xf32> to tensor<15x9x16xf32>
  %r = dispatch.region -> tensor<5x7x32xf32> {
    %0 = linalg.generic {indexing_maps = [#input, #filter, #result], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
        ins(%p, %w : tensor<15x9x16xf32>, tensor<32x16x3x3xf32>) outs(%o : tensor<5x7x32xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %c, %m : f32
      linalg.yield %s : f32
    } -> tensor<5x7x32xf32>
    dispatch.yield %0 : tensor<5x7x32xf32>
  }
  return %r : tensor<5x7x32xf32>
}

// The padding is not zero; a factor is not finite, or not known; more than
// products is added up.
// CHECK-LABEL: @others
// CHECK-NOT: dispatch.windows
#line = affine_map<(w, n, q, k) -> (w + q, k)>
#taps = affine_map<(w, n, q, k) -> (n, q, k)>
#sums = affine_map<(w, n, q, k) -> (w, n)>
func.func @others(%x: tensor<8x16xf32>, %v: tensor<32x3x16xf32>, %o: tensor<8x32xf32>)
    -> (tensor<8x32xf32>, tensor<8x32xf32>, tensor<8x32xf32>, tensor<8x32xf32>) {
  %z = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %w = arith.constant dense<1.0> : tensor<32x3x16xf32>
  %inf = arith.constant dense<0x7F800000> : tensor<32x3x16xf32>
  %p = tensor.pad %x low[1, 0] high[1, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %z : f32
  } : tensor<8x16xf32> to tensor<10x16xf32>
  %q = tensor.pad %x low[1, 0] high[1, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %one : f32
  } : tensor<8x16xf32> to tensor<10x16xf32>
  %0 = linalg.generic {indexing_maps = [#line, #taps, #sums], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%q, %w : tensor<10x16xf32>, tensor<32x3x16xf32>) outs(%o : tensor<8x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x32xf32>
  %1 = linalg.generic {indexing_maps = [#line, #taps, #sums], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%p, %inf : tensor<10x16xf32>, tensor<32x3x16xf32>) outs(%o : tensor<8x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x32xf32>
  %2 = linalg.generic {indexing_maps = [#line, #taps, #sums], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%p, %v : tensor<10x16xf32>, tensor<32x3x16xf32>) outs(%o : tensor<8x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x32xf32>
  %3 = linalg.generic {indexing_maps = [#line, #taps, #sums], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%p, %w : tensor<10x16xf32>, tensor<32x3x16xf32>) outs(%o : tensor<8x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %d = arith.subf %a, %b : f32
    %m = arith.mulf %d, %d : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x32xf32>
  return %0, %1, %2, %3 : tensor<8x32xf32>, tensor<8x32xf32>, tensor<8x32xf32>, tensor<8x32xf32>
}

// Numbers that are widened, and weights that are rounded constants: a launch of their own until
// constants are evaluated. Products of integers are zeros whatever the weights are.

// CHECK-LABEL: func @narrow
// CHECK: %[[P:.*]] = tensor.pad %{{.*}} low[1, 0]
// CHECK: linalg.generic {{.*}} ins(%[[P]], %{{.*}} : tensor<10x16xbf16>, tensor<32x3x16xbf16>) {{.*}} attrs = {dispatch.windows = array<i64: 2, 0, 1, 1, 1, 9>}
// CHECK: %[[Q:.*]] = tensor.pad %{{.*}} low[1, 0]
// CHECK: linalg.generic {{.*}} ins(%[[Q]], %{{.*}} : tensor<10x16xi8>, tensor<32x3x16xi8>) {{.*}} attrs = {dispatch.windows = array<i64: 2, 0, 1, 1, 1, 9>}
func.func @narrow(%x: tensor<8x16xbf16>, %y: tensor<8x16xi8>, %v: tensor<32x3x16xi8>) -> (tensor<8x32xf32>, tensor<8x32xi32>) {
  %z = arith.constant 0.0 : bf16
  %zero = arith.constant 0 : i8
  %w = arith.constant dense<2.0> : tensor<32x3x16xf32>
  %o = arith.constant dense<0.0> : tensor<8x32xf32>
  %n = arith.constant dense<0> : tensor<8x32xi32>
  %e = tensor.empty() : tensor<32x3x16xbf16>
  %r = dispatch.region -> tensor<32x3x16xbf16> {
    %t = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%w : tensor<32x3x16xf32>) outs(%e : tensor<32x3x16xbf16>) {
    ^bb0(%a: f32, %b: bf16):
      %narrow = arith.truncf %a : f32 to bf16
      linalg.yield %narrow : bf16
    } -> tensor<32x3x16xbf16>
    dispatch.yield %t : tensor<32x3x16xbf16>
  }
  %p = tensor.pad %x low[1, 0] high[1, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %z : bf16
  } : tensor<8x16xbf16> to tensor<10x16xbf16>
  %0 = linalg.generic {indexing_maps = [#line, #taps, #sums], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%p, %r : tensor<10x16xbf16>, tensor<32x3x16xbf16>) outs(%o : tensor<8x32xf32>) {
  ^bb0(%a: bf16, %b: bf16, %c: f32):
    %left = arith.extf %a : bf16 to f32
    %right = arith.extf %b : bf16 to f32
    %m = arith.mulf %left, %right : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x32xf32>
  %q = tensor.pad %y low[1, 0] high[1, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : i8
  } : tensor<8x16xi8> to tensor<10x16xi8>
  %1 = linalg.generic {indexing_maps = [#line, #taps, #sums], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%q, %v : tensor<10x16xi8>, tensor<32x3x16xi8>) outs(%n : tensor<8x32xi32>) {
  ^bb0(%a: i8, %b: i8, %c: i32):
    %left = arith.extui %a : i8 to i32
    %right = arith.extsi %b : i8 to i32
    %m = arith.muli %left, %right : i32
    %s = arith.addi %c, %m : i32
    linalg.yield %s : i32
  } -> tensor<8x32xi32>
  return %0, %1 : tensor<8x32xf32>, tensor<8x32xi32>
}
