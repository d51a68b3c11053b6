// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v3 --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s
// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v4 --host-schedule-kernels=cpu=x86-64-v4 | FileCheck %s --check-prefix=WIDE
// RUN: dlc-opt %s "--host-pack-operands=cpu=x86-64-v3 list-tiles" "--host-schedule-kernels=cpu=x86-64-v3 list-tiles" | FileCheck %s --check-prefix=LIST

// A kernel that is to have a certain register tile has it, and panels as wide
// as that.
// CHECK-LABEL: dispatch.kernel @pack_wanted({{.*}}: memref<64x96xf32>, {{.*}}: memref<12x64x8xf32>
// CHECK-LABEL: dispatch.kernel @wanted(
// CHECK-SAME: memref<12x64x8xf32>
// CHECK-NOT: dispatch.tile =
// CHECK-SAME: tiles = ["10 rows x 1 vector of 8"]
// LIST-LABEL: dispatch.kernel @wanted(
// The cost model's choice comes first.
// LIST-SAME: dispatch.tiles = array<i64: [[ROWS:[0-9]+]], [[VECTORS:[0-9]+]], {{.*}}10, 1, {{.*}}>
dispatch.kernel @wanted(%x: tensor<48x64xf32>, %w: tensor<64x96xf32>, %o: tensor<48x96xf32>) -> tensor<48x96xf32> attributes {dispatch.tile = array<i64: 10, 1>, num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<48x96xf32>) -> tensor<48x96xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<48x64xf32>, tensor<64x96xf32>) outs(%f : tensor<48x96xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<48x96xf32>
  dispatch.return %r : tensor<48x96xf32>
}

// What would not fit into the registers is not to be had: the cost model
// chooses.
// CHECK-LABEL: dispatch.kernel @too_large(
// CHECK-SAME: tiles = ["[[ROWS:[0-9]+]] rows x [[VECTORS:[0-9]+]] vectors of 8"]
// CHECK-LABEL: dispatch.kernel @free(
// CHECK-SAME: tiles = ["[[ROWS]] rows x [[VECTORS]] vectors of 8"]
dispatch.kernel @too_large(%x: tensor<48x64xf32>, %w: tensor<64x96xf32>, %o: tensor<48x96xf32>) -> tensor<48x96xf32> attributes {dispatch.tile = array<i64: 12, 4>, num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<48x96xf32>) -> tensor<48x96xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<48x64xf32>, tensor<64x96xf32>) outs(%f : tensor<48x96xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<48x96xf32>
  dispatch.return %r : tensor<48x96xf32>
}
dispatch.kernel @free(%x: tensor<48x64xf32>, %w: tensor<64x96xf32>, %o: tensor<48x96xf32>) -> tensor<48x96xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<48x96xf32>) -> tensor<48x96xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<48x64xf32>, tensor<64x96xf32>) outs(%f : tensor<48x96xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<48x96xf32>
  dispatch.return %r : tensor<48x96xf32>
}

// Long sums are made of partial sums, which want accumulators of their own
// beside the sums. They wait in memory: that costs less than a smaller tile,
// whose 8 accumulators would hardly fill the units.
// CHECK-LABEL: dispatch.kernel @long_sums(
// CHECK-SAME: tiles = ["6 rows x 2 vectors of 8"]
// CHECK-LABEL: dispatch.kernel @short_sums(
// CHECK-SAME: tiles = ["6 rows x 2 vectors of 8"]
dispatch.kernel @long_sums(%x: tensor<48x1024xf32>, %w: tensor<1024x96xf32>, %o: tensor<48x96xf32>) -> tensor<48x96xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<48x96xf32>) -> tensor<48x96xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<48x1024xf32>, tensor<1024x96xf32>) outs(%f : tensor<48x96xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<48x96xf32>
  dispatch.return %r : tensor<48x96xf32>
}
dispatch.kernel @short_sums(%x: tensor<48x128xf32>, %w: tensor<128x96xf32>, %o: tensor<48x96xf32>) -> tensor<48x96xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<48x96xf32>) -> tensor<48x96xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<48x128xf32>, tensor<128x96xf32>) outs(%f : tensor<48x96xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<48x96xf32>
  dispatch.return %r : tensor<48x96xf32>
}

// Element-wise kernels may have more or fewer vectors in a step.
// CHECK-LABEL: dispatch.kernel @map(
// CHECK-SAME: tiles = ["4 vectors of 8"]
// LIST-LABEL: dispatch.kernel @map(
// LIST-SAME: dispatch.tiles = array<i64: 1, 2, 1, 1, 1, 4>
dispatch.kernel @map(%x: tensor<4096xf32>, %o: tensor<4096xf32>) -> tensor<4096xf32> attributes {dispatch.tile = array<i64: 1, 4>, num_outs = 1 : i64} {
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<4096xf32>) outs(%o : tensor<4096xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %a : f32
    linalg.yield %s : f32
  } -> tensor<4096xf32>
  dispatch.return %r : tensor<4096xf32>
}

func.func @main(%x: tensor<48x64xf32>) -> tensor<48x96xf32> {
  %w = arith.constant dense<1.0> : tensor<64x96xf32>
  %e = tensor.empty() : tensor<48x96xf32>
  %0 = dispatch.launch @wanted ins(%x, %w : tensor<48x64xf32>, tensor<64x96xf32>) outs(%e : tensor<48x96xf32>) -> tensor<48x96xf32>
  return %0 : tensor<48x96xf32>
}

// Vectors that rows read 4,096 bytes apart lie in one set of the first-level cache: of 64 small products (b, m, n, k) rows
// are those of one, and not of several, although their number is no multiple of a tile's.
// CHECK-LABEL: dispatch.kernel @sets(
// CHECK-SAME: memref<34x128xf32>
// CHECK-SAME: tiles = ["12 rows x 1 vector of 8"]
// CHECK: %[[SUM:.*]]:12 = scf.for
// CHECK: vector.load {{.*}} vector<8xf32>
// CHECK-NOT: vector.load
// CHECK: scf.yield
dispatch.kernel @sets(%w: tensor<34x128xf32>, %x: tensor<64x128x8xf32>, %o: tensor<64x34x8xf32>) -> tensor<64x34x8xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<64x34x8xf32>) -> tensor<64x34x8xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(b, m, n, k) -> (m, k)>, affine_map<(b, m, n, k) -> (b, k, n)>, affine_map<(b, m, n, k) -> (b, m, n)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%w, %x : tensor<34x128xf32>, tensor<64x128x8xf32>) outs(%f : tensor<64x34x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<64x34x8xf32>
  dispatch.return %r : tensor<64x34x8xf32>
}

// A depthwise convolution: rows share most of what their windows see, and 4
// accumulators are enough where tiles are so short that several run at once.
// CHECK-LABEL: dispatch.kernel @depthwise(
// CHECK-SAME: tiles = ["{{[2-9]}} rows x 1 vector of 8"]
dispatch.kernel @depthwise(%x: tensor<18x18x240xf32>, %w: tensor<5x5x240xf32>, %o: tensor<14x14x240xf32>) -> tensor<14x14x240xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<14x14x240xf32>) -> tensor<14x14x240xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(h, w, c, p, q) -> (h + p, w + q, c)>, affine_map<(h, w, c, p, q) -> (p, q, c)>, affine_map<(h, w, c, p, q) -> (h, w, c)>], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %w : tensor<18x18x240xf32>, tensor<5x5x240xf32>) outs(%f : tensor<14x14x240xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<14x14x240xf32>
  dispatch.return %r : tensor<14x14x240xf32>
}

// Nor do rows of several products share windows of each other's sums, which lie far apart.
// WIDE-LABEL: dispatch.kernel @apart(
// WIDE-SAME: memref<8x8x16xf32>
// WIDE: scf.for
// WIDE: vector.load {{.*}} vector<8xf32>
// WIDE-NOT: vector.load
// WIDE: scf.yield
dispatch.kernel @apart(%w: tensor<8x8x16xf32>, %x: tensor<64x8x16x8xf32>, %o: tensor<64x8x8x8xf32>) -> tensor<64x8x8x8xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<64x8x8x8xf32>) -> tensor<64x8x8x8xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(b, p, m, n, k) -> (p, m, k)>, affine_map<(b, p, m, n, k) -> (b, p, k, n)>, affine_map<(b, p, m, n, k) -> (b, p, m, n)>], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%w, %x : tensor<8x8x16xf32>, tensor<64x8x16x8xf32>) outs(%f : tensor<64x8x8x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<64x8x8x8xf32>
  dispatch.return %r : tensor<64x8x8x8xf32>
}
