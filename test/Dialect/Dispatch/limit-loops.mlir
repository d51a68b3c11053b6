// RUN: dlc-opt %s --dispatch-limit-loops --split-input-file | FileCheck %s

#row = affine_map<(d0, d1, d2) -> (d0, d2)>
#column = affine_map<(d0, d1, d2) -> (d2, d1)>
#result = affine_map<(d0, d1, d2) -> (d0, d1)>
#id = affine_map<(d0, d1) -> (d0, d1)>
#one = affine_map<(d0, d1) -> (d1)>
#scalar = affine_map<(d0, d1) -> ()>

// Rows of the result behind the extent are not needed, nor are those of what
// it is the product of; of the other operand everything is.
// CHECK-LABEL: @rows
func.func @rows(%x: tensor<64x16xf32> {dlc.extents = array<i64: 0, -1>}, %n: tensor<1xi64> {dlc.is_extents})
    -> (tensor<64x16xf32> {dlc.extents = array<i64: 0, -1>}, tensor<1xi64> {dlc.is_extents}) {
  %e = tensor.empty() : tensor<64x16xf32>
  // CHECK: dispatch.region extents(%arg1 : tensor<1xi64>) -> tensor<64x16xf32>
  // CHECK: linalg.generic {{.*}}dispatch.limits = array<i64: 0, 0, 0, 1, 0>
  // CHECK: math.exp
  // CHECK: dispatch.region -> tensor<16x16xf32>
  // CHECK-NOT: dispatch.limits
  // CHECK: math.tanh
  // CHECK: dispatch.region extents(%arg1 : tensor<1xi64>)
  // CHECK: linalg.fill {dispatch.limits = array<i64: 0, 0, 0, 1, 0>}
  // CHECK: linalg.generic {{.*}}dispatch.limits = array<i64: 0, 0, 0, 1, 0>
  %0 = dispatch.region -> tensor<64x16xf32> {
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x : tensor<64x16xf32>) outs(%e : tensor<64x16xf32>) {
    ^bb0(%a: f32, %o: f32):
      %m = math.exp %a : f32
      linalg.yield %m : f32
    } -> tensor<64x16xf32>
    dispatch.yield %r : tensor<64x16xf32>
  }
  %e2 = tensor.empty() : tensor<16x16xf32>
  %w = tensor.extract_slice %x[0, 0] [16, 16] [1, 1] : tensor<64x16xf32> to tensor<16x16xf32>
  %1 = dispatch.region -> tensor<16x16xf32> {
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%w : tensor<16x16xf32>) outs(%e2 : tensor<16x16xf32>) {
    ^bb0(%a: f32, %o: f32):
      %m = math.tanh %a : f32
      linalg.yield %m : f32
    } -> tensor<16x16xf32>
    dispatch.yield %r : tensor<16x16xf32>
  }
  %2 = dispatch.region -> tensor<64x16xf32> {
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<64x16xf32>) -> tensor<64x16xf32>
    %r = linalg.generic {indexing_maps = [#row, #column, #result], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%0, %1 : tensor<64x16xf32>, tensor<16x16xf32>) outs(%f : tensor<64x16xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %o, %m : f32
      linalg.yield %s : f32
    } -> tensor<64x16xf32>
    dispatch.yield %r : tensor<64x16xf32>
  }
  return %2, %n : tensor<64x16xf32>, tensor<1xi64>
}

// -----

#row = affine_map<(d0, d1) -> (d0, d1)>
#sum = affine_map<(d0, d1) -> (d0)>
#flag = affine_map<(d0, d1) -> (d1)>
#none = affine_map<(d0) -> ()>
#id1 = affine_map<(d0) -> (d0)>

// A sum takes of its operand what lies below the second extent, and goes on to
// there; what is reshaped has limits that are multiples.
// CHECK-LABEL: @sums
// CHECK: linalg.generic {{.*}}dispatch.limits = array<i64: 0, 0, 0, 1, 0, 1, 0, 1, 4, 0>
// CHECK: math.exp
// CHECK: iterator_types = ["parallel", "reduction", "reduction"]{{.*}}dispatch.limits = array<i64: 0, 0, 0, 1, 0, 1, 0, 1, 1, 0>
func.func @sums(%x: tensor<8x64xf32>, %n: tensor<2xi64> {dlc.is_extents})
    -> (tensor<8xf32> {dlc.extents = array<i64: 0>}, tensor<2xi64> {dlc.is_extents}) {
  %positions = arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi64>
  %flags = tensor.empty() : tensor<16xi8>
  %slice = tensor.extract_slice %n[1] [1] [1] : tensor<2xi64> to tensor<1xi64>
  %length = tensor.collapse_shape %slice [] : tensor<1xi64> into tensor<i64>
  %inside = dispatch.region -> tensor<16xi8> {
    %r = linalg.generic {indexing_maps = [#id1, #none, #id1], iterator_types = ["parallel"]}
        ins(%positions, %length : tensor<16xi64>, tensor<i64>) outs(%flags : tensor<16xi8>) {
    ^bb0(%a: i64, %b: i64, %o: i8):
      %c = arith.cmpi slt, %a, %b : i64
      %w = arith.extui %c : i1 to i8
      linalg.yield %w : i8
    } -> tensor<16xi8>
    dispatch.yield %r : tensor<16xi8>
  }
  %e = tensor.empty() : tensor<8x64xf32>
  %0 = dispatch.region -> tensor<8x64xf32> {
    %r = linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel", "parallel"]}
        ins(%x : tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) {
    ^bb0(%a: f32, %o: f32):
      %m = math.exp %a : f32
      linalg.yield %m : f32
    } -> tensor<8x64xf32>
    dispatch.yield %r : tensor<8x64xf32>
  }
  %split = tensor.expand_shape %0 [[0], [1, 2]] output_shape [8, 16, 4] : tensor<8x64xf32> into tensor<8x16x4xf32>
  %e2 = tensor.empty() : tensor<8xf32>
  %1 = dispatch.region -> tensor<8xf32> {
    %zero = arith.constant 0.0 : f32
    %zeroByte = arith.constant 0 : i8
    %f = linalg.fill ins(%zero : f32) outs(%e2 : tensor<8xf32>) -> tensor<8xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d1)>,
                                          affine_map<(d0, d1, d2) -> (d0)>],
                         iterator_types = ["parallel", "reduction", "reduction"]}
        ins(%split, %inside : tensor<8x16x4xf32>, tensor<16xi8>) outs(%f : tensor<8xf32>) {
    ^bb0(%a: f32, %b: i8, %o: f32):
      %c = arith.cmpi ne, %b, %zeroByte : i8
      %v = arith.select %c, %a, %zero : f32
      %s = arith.addf %o, %v : f32
      linalg.yield %s : f32
    } -> tensor<8xf32>
    dispatch.yield %r : tensor<8xf32>
  }
  return %1, %n : tensor<8xf32>, tensor<2xi64>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#along = affine_map<(d0, d1) -> (d1)>
#down = affine_map<(d0, d1) -> (d0)>
#one = affine_map<(d0, d1) -> ()>

// Both factors are 0 from a number on: so far goes the sum. They themselves are
// needed behind it, where tiles of the sum end.
// CHECK-LABEL: @product
// CHECK-NOT: dispatch.limits
// CHECK: dispatch.region extents(%arg2 : tensor<i64>) -> tensor<8x4xf32>
// CHECK: linalg.matmul {dispatch.limits = array<i64: 2, 0, 0, 1, 0>}
func.func @product(%x: tensor<8x32xf32>, %y: tensor<32x4xf32>, %n: tensor<i64>, %m: tensor<1xi64> {dlc.is_extents})
    -> (tensor<8x4xf32>, tensor<1xi64> {dlc.is_extents}) {
  %positions = arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]> : tensor<32xi64>
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<8x32xf32>
  %ey = tensor.empty() : tensor<32x4xf32>
  %a = dispatch.region -> tensor<8x32xf32> {
    %r = linalg.generic {indexing_maps = [#id, #along, #one, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %positions, %n : tensor<8x32xf32>, tensor<32xi64>, tensor<i64>) outs(%ex : tensor<8x32xf32>) {
    ^bb0(%v: f32, %p: i64, %s: i64, %o: f32):
      %c = arith.cmpi slt, %p, %s : i64
      %w = arith.select %c, %v, %zero : f32
      linalg.yield %w : f32
    } -> tensor<8x32xf32>
    dispatch.yield %r : tensor<8x32xf32>
  }
  %b = dispatch.region -> tensor<32x4xf32> {
    %r = linalg.generic {indexing_maps = [#id, #down, #one, #id], iterator_types = ["parallel", "parallel"]}
        ins(%y, %positions, %n : tensor<32x4xf32>, tensor<32xi64>, tensor<i64>) outs(%ey : tensor<32x4xf32>) {
    ^bb0(%v: f32, %p: i64, %s: i64, %o: f32):
      %c = arith.cmpi slt, %p, %s : i64
      %w = arith.select %c, %v, %zero : f32
      linalg.yield %w : f32
    } -> tensor<32x4xf32>
    dispatch.yield %r : tensor<32x4xf32>
  }
  %e = tensor.empty() : tensor<8x4xf32>
  %z = dispatch.region -> tensor<8x4xf32> {
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x4xf32>) -> tensor<8x4xf32>
    %r = linalg.matmul ins(%a, %b : tensor<8x32xf32>, tensor<32x4xf32>) outs(%f : tensor<8x4xf32>) -> tensor<8x4xf32>
    dispatch.yield %r : tensor<8x4xf32>
  }
  return %z, %m : tensor<8x4xf32>, tensor<1xi64>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#along = affine_map<(d0, d1) -> (d1)>
#down = affine_map<(d0, d1) -> (d0)>
#one = affine_map<(d0, d1) -> ()>

// One of them could be infinite there.
// CHECK-LABEL: @open_product
// CHECK-NOT: dispatch.limits
func.func @open_product(%x: tensor<8x32xf32>, %y: tensor<32x4xf32>, %n: tensor<i64>, %m: tensor<1xi64> {dlc.is_extents})
    -> (tensor<8x4xf32>, tensor<1xi64> {dlc.is_extents}) {
  %positions = arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]> : tensor<32xi64>
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<8x32xf32>
  %ey = tensor.empty() : tensor<32x4xf32>
  %a = dispatch.region -> tensor<8x32xf32> {
    %r = linalg.generic {indexing_maps = [#id, #along, #one, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %positions, %n : tensor<8x32xf32>, tensor<32xi64>, tensor<i64>) outs(%ex : tensor<8x32xf32>) {
    ^bb0(%v: f32, %p: i64, %s: i64, %o: f32):
      %c = arith.cmpi slt, %p, %s : i64
      %w = arith.select %c, %v, %zero : f32
      linalg.yield %w : f32
    } -> tensor<8x32xf32>
    dispatch.yield %r : tensor<8x32xf32>
  }
  %b = dispatch.region -> tensor<32x4xf32> {
    %r = linalg.generic {indexing_maps = [#id, #down, #one, #id], iterator_types = ["parallel", "parallel"]}
        ins(%y, %positions, %n : tensor<32x4xf32>, tensor<32xi64>, tensor<i64>) outs(%ey : tensor<32x4xf32>) {
    ^bb0(%v: f32, %p: i64, %s: i64, %o: f32):
      %c = arith.cmpi slt, %p, %s : i64
      %w = arith.select %c, %v, %zero : f32
      linalg.yield %w : f32
    } -> tensor<32x4xf32>
    dispatch.yield %r : tensor<32x4xf32>
  }
  %e = tensor.empty() : tensor<8x4xf32>
  %z = dispatch.region -> tensor<8x4xf32> {
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x4xf32>) -> tensor<8x4xf32>
    %r = linalg.matmul ins(%a, %y : tensor<8x32xf32>, tensor<32x4xf32>) outs(%f : tensor<8x4xf32>) -> tensor<8x4xf32>
    dispatch.yield %r : tensor<8x4xf32>
  }
  return %z, %m : tensor<8x4xf32>, tensor<1xi64>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#window = affine_map<(d0, d1, d2) -> (d0 * 2 + d2, d1)>
#taps = affine_map<(d0, d1, d2) -> (d2)>
#pooled = affine_map<(d0, d1, d2) -> (d0, d1)>
#conv = affine_map<(d0, d1, d2) -> (d0 + d2, d1)>

// Windows: of the first n results of a filter of three, n + 2 elements with the
// border, n + 1 without it, and of windows of three with a stride of two twice
// as many and three more.
// CHECK-LABEL: @windows
// CHECK: linalg.exp {dispatch.limits = array<i64: 0, 0, 0, 2, 3>}
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK-SAME: {dispatch.limits = array<i64: 0, 0, 0, 1, 1>}
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK-SAME: {dispatch.limits = array<i64: 0, 0, 0, 1, 0>}
func.func @windows(%x: tensor<65x8xf32>, %n: tensor<1xi64> {dlc.is_extents})
    -> (tensor<32x8xf32> {dlc.extents = array<i64: 0, -1>}, tensor<1xi64> {dlc.is_extents}) {
  %zero = arith.constant 0.0 : f32
  %ex = tensor.empty() : tensor<65x8xf32>
  %e = tensor.empty() : tensor<32x8xf32>
  %ew = tensor.empty() : tensor<3xf32>
  %border = tensor.empty() : tensor<34x8xf32>
  %a = dispatch.region -> tensor<65x8xf32> {
    %r = linalg.exp ins(%x : tensor<65x8xf32>) outs(%ex : tensor<65x8xf32>) -> tensor<65x8xf32>
    dispatch.yield %r : tensor<65x8xf32>
  }
  %p = dispatch.region -> tensor<34x8xf32> {
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<32x8xf32>) -> tensor<32x8xf32>
    %r = linalg.generic {indexing_maps = [#window, #taps, #pooled], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %ew : tensor<65x8xf32>, tensor<3xf32>) outs(%f : tensor<32x8xf32>) {
    ^bb0(%v: f32, %u: f32, %c: f32):
      %s = arith.maximumf %c, %v : f32
      linalg.yield %s : f32
    } -> tensor<32x8xf32>
    %i = tensor.insert_slice %r into %border[1, 0] [32, 8] [1, 1] : tensor<32x8xf32> into tensor<34x8xf32>
    dispatch.yield %i : tensor<34x8xf32>
  }
  %z = dispatch.region -> tensor<32x8xf32> {
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<32x8xf32>) -> tensor<32x8xf32>
    %r = linalg.generic {indexing_maps = [#conv, #taps, #pooled], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%p, %ew : tensor<34x8xf32>, tensor<3xf32>) outs(%f : tensor<32x8xf32>) {
    ^bb0(%v: f32, %u: f32, %c: f32):
      %m = arith.mulf %v, %u : f32
      %s = arith.addf %c, %m : f32
      linalg.yield %s : f32
    } -> tensor<32x8xf32>
    dispatch.yield %r : tensor<32x8xf32>
  }
  return %z, %n : tensor<32x8xf32>, tensor<1xi64>
}

// -----

// A number that is computed later from numbers only is there in time.
// CHECK-LABEL: @later
// CHECK: dispatch.region
// CHECK: arith.divsi
// CHECK: dispatch.region{{.*}}
// CHECK: linalg.exp {dispatch.limits = array<i64: 0, 0, 0, 1, 0>}
#scalar = affine_map<(d0) -> (d0)>
func.func @later(%x: tensor<64x8xf32>, %n: tensor<1xi64> {dlc.is_extents})
    -> (tensor<64x8xf32> {dlc.extents = array<i64: 0, -1>}, tensor<1xi64> {dlc.is_extents}) {
  %e = tensor.empty() : tensor<64x8xf32>
  %y = dispatch.region -> tensor<64x8xf32> {
    %r = linalg.exp ins(%x : tensor<64x8xf32>) outs(%e : tensor<64x8xf32>) -> tensor<64x8xf32>
    dispatch.yield %r : tensor<64x8xf32>
  }
  %two = arith.constant 2 : i64
  %en = tensor.empty() : tensor<1xi64>
  %half = dispatch.region -> tensor<1xi64> {
    %r = linalg.generic {indexing_maps = [#scalar, #scalar], iterator_types = ["parallel"]}
        ins(%n : tensor<1xi64>) outs(%en : tensor<1xi64>) {
    ^bb0(%v: i64, %o: i64):
      %h = arith.divsi %v, %two : i64
      linalg.yield %h : i64
    } -> tensor<1xi64>
    dispatch.yield %r : tensor<1xi64>
  }
  return %y, %half : tensor<64x8xf32>, tensor<1xi64>
}

// -----

// No input or output has an extent, and the number is computed where nobody else reads it: it
// becomes a result of that region, and the sum ends there.
#vector = affine_map<(d0) -> (d0)>
#number = affine_map<(d0) -> ()>
#none = affine_map<() -> ()>
#whole = affine_map<(d0, d1) -> (d0, d1)>
#along = affine_map<(d0, d1) -> (d1)>
#across = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: @inside
func.func @inside(%x: tensor<32x16xf32>, %count: tensor<f32>) -> tensor<32xf32>
    attributes {dlc.has_extents} {
  // CHECK: %[[R:.*]]:2 = dispatch.region -> tensor<16xi8>, tensor<i64>
  // CHECK: dispatch.yield %{{.*}}, %{{.*}} : tensor<16xi8>, tensor<i64>
  // CHECK: dispatch.region extents(%[[R]]#1 : tensor<i64>) -> tensor<32xf32>
  // CHECK: linalg.generic {{.*}}dispatch.limits = array<i64: 1, 0, 0, 1, 0>
  %zero = arith.constant 0.0 : f32
  %iota = arith.constant dense<[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]> : tensor<16xi64>
  %e0 = tensor.empty() : tensor<i64>
  %e1 = tensor.empty() : tensor<16xi8>
  %mask = dispatch.region -> tensor<16xi8> {
    %n = linalg.generic {indexing_maps = [#none, #none], iterator_types = []}
        ins(%count : tensor<f32>) outs(%e0 : tensor<i64>) {
    ^bb0(%a: f32, %o: i64):
      %v = arith.fptosi %a : f32 to i64
      linalg.yield %v : i64
    } -> tensor<i64>
    %m = linalg.generic {indexing_maps = [#vector, #number, #vector], iterator_types = ["parallel"]}
        ins(%iota, %n : tensor<16xi64>, tensor<i64>) outs(%e1 : tensor<16xi8>) {
    ^bb0(%a: i64, %b: i64, %o: i8):
      %c = arith.cmpi slt, %a, %b : i64
      %v = arith.extui %c : i1 to i8
      linalg.yield %v : i8
    } -> tensor<16xi8>
    dispatch.yield %m : tensor<16xi8>
  }
  %e2 = tensor.empty() : tensor<32xf32>
  %sum = dispatch.region -> tensor<32xf32> {
    %init = linalg.fill ins(%zero : f32) outs(%e2 : tensor<32xf32>) -> tensor<32xf32>
    %s = linalg.generic {indexing_maps = [#whole, #along, #across], iterator_types = ["parallel", "reduction"]}
        ins(%x, %mask : tensor<32x16xf32>, tensor<16xi8>) outs(%init : tensor<32xf32>) {
    ^bb0(%a: f32, %m: i8, %o: f32):
      %none = arith.constant 0 : i8
      %c = arith.cmpi ne, %m, %none : i8
      %v = arith.select %c, %a, %zero : f32
      %r = arith.addf %o, %v : f32
      linalg.yield %r : f32
    } -> tensor<32xf32>
    dispatch.yield %s : tensor<32xf32>
  }
  return %sum : tensor<32xf32>
}
