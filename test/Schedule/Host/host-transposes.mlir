// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v3 --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s
// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v4 --host-schedule-kernels=cpu=x86-64-v4 | FileCheck %s --check-prefix=AVX512

// What is contiguous along another loop than the result is read by vectors
// along that loop, and squares are transposed in registers: two rounds within
// parts of 128 bits, one between them. Rows at the edge are masked.
// CHECK-LABEL: dispatch.kernel @transpose(
// CHECK-SAME: tiles = ["8 rows x 1 vector of 8, transposed"]
// CHECK-NOT: vector.{{gather|scatter}}
// CHECK: scf.for
// CHECK-COUNT-8: vector.load
// CHECK: vector.shuffle {{.*}} [0, 8, 1, 9, 4, 12, 5, 13]
// CHECK: vector.shuffle {{.*}} [2, 10, 3, 11, 6, 14, 7, 15]
// CHECK: vector.shuffle {{.*}} [0, 1, 8, 9, 4, 5, 12, 13]
// CHECK: vector.shuffle {{.*}} [2, 3, 10, 11, 6, 7, 14, 15]
// CHECK: vector.shuffle {{.*}} [0, 1, 2, 3, 8, 9, 10, 11]
// CHECK: vector.shuffle {{.*}} [4, 5, 6, 7, 12, 13, 14, 15]
// CHECK: vector.maskedload
// CHECK-NOT: vector.{{gather|scatter}}
// CHECK: dispatch.return
dispatch.kernel @transpose(%x: tensor<40x21xf32>, %o: tensor<21x40xf32>) -> tensor<21x40xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<40x21xf32>) outs(%o : tensor<21x40xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<21x40xf32>
  dispatch.return %y : tensor<21x40xf32>
}

// Operands that are contiguous along the result stay as they are.
// CHECK-LABEL: dispatch.kernel @transpose_and_add(
// CHECK-SAME: tiles = ["8 rows x 1 vector of 8, transposed"]
// CHECK-COUNT-24: vector.shuffle
// CHECK: vector.load {{.*}} : memref<640xf32>, vector<8xf32>
// CHECK: arith.addf
// CHECK-NOT: vector.shuffle
dispatch.kernel @transpose_and_add(%x: tensor<40x16xf32>, %z: tensor<16x40xf32>, %o: tensor<16x40xf32>) -> tensor<16x40xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x, %z : tensor<40x16xf32>, tensor<16x40xf32>) outs(%o : tensor<16x40xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<16x40xf32>
  dispatch.return %y : tensor<16x40xf32>
}

// Bytes: three rounds for 8 x 8 within one part.
// CHECK-LABEL: dispatch.kernel @bytes(
// CHECK-SAME: tiles = ["8 rows x 1 vector of 8, transposed"]
// CHECK: vector.shuffle {{.*}} [0, 8, 1, 9, 2, 10, 3, 11] : vector<8xi8>
// CHECK: vector.shuffle {{.*}} [4, 5, 6, 7, 12, 13, 14, 15] : vector<8xi8>
dispatch.kernel @bytes(%x: tensor<40x16xi8>, %o: tensor<16x40xi8>) -> tensor<16x40xi8> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<40x16xi8>) outs(%o : tensor<16x40xi8>) {
  ^bb0(%a: i8, %b: i8):
    linalg.yield %a : i8
  } -> tensor<16x40xi8>
  dispatch.return %y : tensor<16x40xi8>
}

// Squares of rows of three would be mostly empty.
// CHECK-LABEL: dispatch.kernel @narrow(
// CHECK-NOT: transposed
// CHECK: dispatch.return
dispatch.kernel @narrow(%x: tensor<40x3xf32>, %o: tensor<3x40xf32>) -> tensor<3x40xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<40x3xf32>) outs(%o : tensor<3x40xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<3x40xf32>
  dispatch.return %y : tensor<3x40xf32>
}

// Vectors that are never whole are stored in parts: fast with AVX-512 only.
// CHECK-LABEL: dispatch.kernel @image(
// CHECK-NOT: transposed
// CHECK: dispatch.return
// AVX512-LABEL: dispatch.kernel @image(
// AVX512-SAME: tiles = ["4 rows x 1 vector of 4, transposed"]
dispatch.kernel @image(%x: tensor<3x400xf32>, %o: tensor<400x3xf32>) -> tensor<400x3xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<3x400xf32>) outs(%o : tensor<400x3xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<400x3xf32>
  dispatch.return %y : tensor<400x3xf32>
}

// The channels of a convolution come first in its result: weights are packed
// for vectors of them, and tiles are transposed before they are stored.
// CHECK-LABEL: dispatch.kernel @channels_first(
// CHECK-SAME: tiles = ["6 rows x 2 vectors of 8"]
// CHECK: scf.for
// CHECK-COUNT-48: vector.shuffle
// CHECK: vector.store {{.*}} vector<4xf32>
// CHECK: vector.store {{.*}} vector<2xf32>
// CHECK-NOT: vector.scatter
// CHECK: dispatch.return
// AVX512-LABEL: dispatch.kernel @channels_first(
// AVX512-SAME: tiles = ["[[ROWS:[0-9]+]] rows x 2 vectors of 16"]
// AVX512-COUNT-64: vector.shuffle
// AVX512: vector.constant_mask {{\[}}[[ROWS]]]
// AVX512: vector.maskedstore
dispatch.kernel @channels_first(%x: tensor<30x28x16xf32>, %w: tensor<32x16x3xf32>, %o: tensor<32x28x28xf32>) -> tensor<32x28x28xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<28x28x32xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<28x28x32xf32>) -> tensor<28x28x32xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(h, w, n, p, k) -> (h + p, w, k)>, affine_map<(h, w, n, p, k) -> (n, k, p)>, affine_map<(h, w, n, p, k) -> (h, w, n)>], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %w : tensor<30x28x16xf32>, tensor<32x16x3xf32>) outs(%f : tensor<28x28x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<28x28x32xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, h, w) -> (h, w, n)>, affine_map<(n, h, w) -> (n, h, w)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%r : tensor<28x28x32xf32>) outs(%o : tensor<32x28x28xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<32x28x28xf32>
  dispatch.return %y : tensor<32x28x28xf32>
}

func.func @main(%x: tensor<30x28x16xf32>) -> tensor<32x28x28xf32> {
  %w = arith.constant dense<1.0> : tensor<32x16x3xf32>
  %e = tensor.empty() : tensor<32x28x28xf32>
  %0 = dispatch.launch @channels_first ins(%x, %w : tensor<30x28x16xf32>, tensor<32x16x3xf32>) outs(%e : tensor<32x28x28xf32>) -> tensor<32x28x28xf32>
  return %0 : tensor<32x28x28xf32>
}
