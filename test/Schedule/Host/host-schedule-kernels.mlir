// RUN: dlc-opt %s --split-input-file --host-schedule-kernels=cpu=x86-64-v4 | FileCheck %s
// RUN: dlc-opt %s --split-input-file --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s --check-prefix=V3

// A contraction and what follows it: accumulators stay in registers over the
// reduction loop, bias and activation are applied to them, one store each.

// CHECK-LABEL: dispatch.kernel @matmul_bias_relu
// CHECK-SAME: (%{{.*}}: memref<48x64xf32>, %{{.*}}: memref<64x96xf32>, %{{.*}}: memref<96xf32>, %{{.*}}: memref<48x96xf32>)
// How it was scheduled stays with the kernel.
// CHECK-SAME: dispatch.schedule = {peak = 0.9{{[0-9]+}} : f64, tiles = ["{{[0-9]+}} rows x {{[0-9]}} vectors of 16"]}
// CHECK: scf.forall
// CHECK: scf.for {{.*}} iter_args
// CHECK: memref.load
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: vector.broadcast
// CHECK: arith.mulf {{.*}} : vector<16xf32>
// CHECK: arith.addf {{.*}} : vector<16xf32>
// CHECK-NOT: vector.store
// CHECK: scf.yield
// CHECK: arith.maximumf {{.*}} : vector<16xf32>
// CHECK: vector.store
// CHECK-NOT: scf.for
// CHECK: dispatch.return
// V3-LABEL: dispatch.kernel @matmul_bias_relu
// V3: vector.load {{.*}} vector<8xf32>
dispatch.kernel @matmul_bias_relu(%x: tensor<48x64xf32>, %w: tensor<64x96xf32>, %bias: tensor<96xf32>, %o: tensor<48x96xf32>) -> tensor<48x96xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<48x96xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<48x96xf32>) -> tensor<48x96xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<48x64xf32>, tensor<64x96xf32>) outs(%f : tensor<48x96xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<48x96xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%r, %bias : tensor<48x96xf32>, tensor<96xf32>) outs(%o : tensor<48x96xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.addf %a, %b : f32
    %m = arith.maximumf %s, %z : f32
    linalg.yield %m : f32
  } -> tensor<48x96xf32>
  dispatch.return %y : tensor<48x96xf32>
}

// -----

// Contiguous loops become one, the last vector is masked, and the input may
// share memory with the output.

// CHECK-LABEL: dispatch.kernel @elementwise
// CHECK-SAME: inplace = {{\[}}[0, 0]]
// CHECK: scf.forall (%{{.*}}) in (4)
// CHECK: vector.load {{.*}} memref<105xf32>, vector<16xf32>
// CHECK: math.sqrt {{.*}} vector<16xf32>
// CHECK: vector.constant_mask [9]
// CHECK: vector.maskedstore
dispatch.kernel @elementwise(%x: tensor<3x5x7xf32>, %o: tensor<3x5x7xf32>) -> tensor<3x5x7xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<3x5x7xf32>) outs(%o : tensor<3x5x7xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = math.sqrt %a : f32
    linalg.yield %s : f32
  } -> tensor<3x5x7xf32>
  dispatch.return %y : tensor<3x5x7xf32>
}

// -----

// One lane alone is no masked store: LLVM writes it as it was before it was
// truncated, and so the three bytes behind it, which another thread may have
// written.

// CHECK-LABEL: dispatch.kernel @one_lane
// CHECK: %[[LANE:.*]] = vector.extract %{{.*}}[0] : i8 from vector<16xi8>
// CHECK: memref.store %[[LANE]]
// CHECK-NOT: maskedstore
// CHECK: dispatch.return
dispatch.kernel @one_lane(%x: tensor<97xi32>, %o: tensor<97xi8>) -> tensor<97xi8> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<97xi32>) outs(%o : tensor<97xi8>) {
  ^bb0(%a: i32, %b: i8):
    %s = arith.addi %a, %a : i32
    %t = arith.trunci %s : i32 to i8
    linalg.yield %t : i8
  } -> tensor<97xi8>
  dispatch.return %y : tensor<97xi8>
}

// -----

// Long chains of operations run side by side: the vectors of a step are one,
// which LLVM cuts in parts at each operation.

// CHECK-LABEL: dispatch.kernel @function
// CHECK: scf.forall (%{{.*}}) in (4)
// CHECK: vector.load {{.*}} memref<105xf32>, vector<32xf32>
// CHECK: arith.addf {{.*}} vector<32xf32>
// CHECK: vector.constant_mask [9]
// CHECK: vector.maskedstore
dispatch.kernel @function(%x: tensor<3x5x7xf32>, %o: tensor<3x5x7xf32>) -> tensor<3x5x7xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<3x5x7xf32>) outs(%o : tensor<3x5x7xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = arith.addf %a, %a : f32
    %s = math.erf %m : f32
    linalg.yield %s : f32
  } -> tensor<3x5x7xf32>
  dispatch.return %y : tensor<3x5x7xf32>
}

// The same behind a product, row by row of its tile.

// CHECK-LABEL: dispatch.kernel @matmul_function
// CHECK: memref.alloca() {{.*}} : memref<[[ELEMENTS:[0-9]+]]xf32>
// CHECK: scf.for {{.*}} iter_args
// CHECK: vector.store {{.*}} memref<[[ELEMENTS]]xf32>, vector<16xf32>
// CHECK: scf.for
// CHECK-NEXT: arith.addi
// CHECK: vector.load {{.*}} memref<[[ELEMENTS]]xf32>, vector<32xf32>
// CHECK: vector.store {{.*}} vector<32xf32>
dispatch.kernel @matmul_function(%x: tensor<48x64xf32>, %w: tensor<64x96xf32>, %o: tensor<48x96xf32>) -> tensor<48x96xf32> attributes {dispatch.tile = array<i64: 6, 2>, num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<48x96xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<48x96xf32>) -> tensor<48x96xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<48x64xf32>, tensor<64x96xf32>) outs(%f : tensor<48x96xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<48x96xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%r : tensor<48x96xf32>) outs(%o : tensor<48x96xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = math.erf %a : f32
    linalg.yield %s : f32
  } -> tensor<48x96xf32>
  dispatch.return %y : tensor<48x96xf32>
}

// -----

// A row group: all stages run inside one loop over the rows, row statistics and
// the row itself are scratch of the work item.

// CHECK-LABEL: dispatch.kernel @centre
// CHECK-SAME: inplace = {{\[}}[0, 0]]
// CHECK: scf.forall (%[[ROW:.*]]) in (37)
// CHECK: memref.alloca() {{.*}} : memref<1xf32>
// CHECK: vector.load
// CHECK: arith.addf {{.*}} : vector<16xf32>
// CHECK: arith.select {{.*}} : vector<16xi1>, vector<16xf32>
// CHECK: vector.shuffle
// CHECK: memref.store {{.*}} : memref<1xf32>
// CHECK: scf.for
// CHECK: arith.subf {{.*}} : vector<16xf32>
// CHECK: vector.store
dispatch.kernel @centre(%x: tensor<37x101xf32>, %o: tensor<37x101xf32>) -> tensor<37x101xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<37xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<37xf32>) -> tensor<37xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<37x101xf32>) outs(%f : tensor<37xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %b, %a : f32
    linalg.yield %s : f32
  } -> tensor<37xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x, %sum : tensor<37x101xf32>, tensor<37xf32>) outs(%o : tensor<37x101xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.subf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<37x101xf32>
  dispatch.return %y : tensor<37x101xf32>
}

// -----

// Rows of a table: the index is loaded once, the row read as vectors.

// CHECK-LABEL: dispatch.kernel @gather
// CHECK: memref.load {{.*}} : memref<5xi64>
// CHECK: vector.load {{.*}} : memref<1600xf32>, vector<16xf32>
// CHECK-NOT: vector.gather
dispatch.kernel @gather(%t: tensor<50x32xf32>, %i: tensor<5xi64>, %o: tensor<5x32xf32>) -> tensor<5x32xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%i : tensor<5xi64>) outs(%o : tensor<5x32xf32>) {
  ^bb0(%a: i64, %b: f32):
    %r = arith.index_cast %a : i64 to index
    %c = linalg.index 1 : index
    %v = tensor.extract %t[%r, %c] : tensor<50x32xf32>
    linalg.yield %v : f32
  } -> tensor<5x32xf32>
  dispatch.return %y : tensor<5x32xf32>
}

// -----

// A result that goes into the interior of a larger output: offsets are folded
// into the addresses (1 * 6 + 1 = 7).

// CHECK-LABEL: dispatch.kernel @interior
// CHECK: %[[C7:.*]] = arith.constant 7 : index
// CHECK-NOT: memref.copy
// CHECK: vector.{{(masked)?}}store
dispatch.kernel @interior(%x: tensor<4x4xf32>, %o: tensor<6x6xf32>) -> tensor<6x6xf32> attributes {num_outs = 1 : i64} {
  %e = tensor.empty() : tensor<4x4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.negf %a : f32
    linalg.yield %s : f32
  } -> tensor<4x4xf32>
  %p = tensor.insert_slice %y into %o[1, 1] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<6x6xf32>
  dispatch.return %p : tensor<6x6xf32>
}

// -----

// A window: the operand that only gives the window its shape is not read.

// CHECK-LABEL: dispatch.kernel @max_pool
// CHECK: scf.forall
// CHECK: arith.maximumf {{.*}} : vector<16xf32>
dispatch.kernel @max_pool(%x: tensor<9x9x32xf32>, %o: tensor<4x4x32xf32>) -> tensor<4x4x32xf32> attributes {num_outs = 1 : i64} {
  %ninf = arith.constant 0xFF800000 : f32
  %w = tensor.empty() : tensor<3x3xf32>
  %f = linalg.fill ins(%ninf : f32) outs(%o : tensor<4x4x32xf32>) -> tensor<4x4x32xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(h, w, c, kh, kw) -> (h * 2 + kh, w * 2 + kw, c)>, affine_map<(h, w, c, kh, kw) -> (kh, kw)>, affine_map<(h, w, c, kh, kw) -> (h, w, c)>], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %w : tensor<9x9x32xf32>, tensor<3x3xf32>) outs(%f : tensor<4x4x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.maximumf %c, %a : f32
    linalg.yield %s : f32
  } -> tensor<4x4x32xf32>
  dispatch.return %y : tensor<4x4x32xf32>
}

// -----

// Indices that are constants of the kernel, outside of the body.

// CHECK-LABEL: dispatch.kernel @constant_index
// CHECK: memref.load
// CHECK: vector.{{(masked)?}}store
dispatch.kernel @constant_index(%t: tensor<2x2xf32>, %o: tensor<5xf32>) -> tensor<5xf32> attributes {num_outs = 1 : i64} {
  %c1 = arith.constant 1 : index
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%o : tensor<5xf32>) {
  ^bb0(%a: f32):
    %v = tensor.extract %t[%c1, %c1] : tensor<2x2xf32>
    linalg.yield %v : f32
  } -> tensor<5xf32>
  dispatch.return %y : tensor<5xf32>
}

// -----

// Every element of a vector times every other: the sum is read along two loops,
// so it can not stay in the registers of the loop that makes it.

// CHECK-LABEL: dispatch.kernel @outer_product
// CHECK: %[[SUM:.*]] = memref.alloca() {{.*}} : memref<5xf32>
// CHECK: vector.maskedstore %[[SUM]]
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %c5
// CHECK: memref.load %[[SUM]][%[[I]]]
// CHECK: vector.maskedload %[[SUM]][%c0]
// CHECK: arith.mulf
dispatch.kernel @outer_product(%a: tensor<5xf32>, %b: tensor<5xf32>, %o: tensor<5x5xf32>) -> tensor<5x5xf32> attributes {num_outs = 1 : i64} {
  %e = tensor.empty() : tensor<5xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%a, %b : tensor<5xf32>, tensor<5xf32>) outs(%e : tensor<5xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %s = arith.addf %x, %y : f32
    linalg.yield %s : f32
  } -> tensor<5xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%sum, %sum : tensor<5xf32>, tensor<5xf32>) outs(%o : tensor<5x5xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %m = arith.mulf %x, %y : f32
    linalg.yield %m : f32
  } -> tensor<5x5xf32>
  dispatch.return %y : tensor<5x5xf32>
}

// -----

// A long sum is made of sums of 64, and many of these of sums of 8, so that its error
// stays small; the innermost loop is unrolled.

// CHECK-LABEL: dispatch.kernel @long_sum
// CHECK: scf.for %[[GROUP:.*]] = %c0 to %c8192 step %c512 iter_args(%[[TOTAL:[a-z0-9]*]] = %[[ZERO:[a-z_0-9]*]],
// CHECK: %[[SUM:.*]]:{{.*}} = scf.for %[[BLOCK:.*]] = %c0 to %c512 step %c64 iter_args(%[[OF_GROUP:[a-z0-9]*]] = %[[ZERO]],
// CHECK: %[[BEGIN:.*]] = arith.addi %[[GROUP]], %[[BLOCK]]
// CHECK: %[[PART:.*]]:{{.*}} = scf.for %[[K:.*]] = %c0 to %c64 step %c4 iter_args(%{{[a-z0-9]*}} = %[[ZERO]],
// CHECK: arith.addi %[[BEGIN]], %[[K]]
// CHECK: arith.mulf
// CHECK: scf.yield
// CHECK: arith.addf %[[OF_GROUP]], %[[PART]]#0
// CHECK: arith.addf %[[TOTAL]], %[[SUM]]#0
dispatch.kernel @long_sum(%a: tensor<32x8192xf32>, %b: tensor<8192x16xf32>, %o: tensor<32x16xf32>) -> tensor<32x16xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<32x16xf32>) -> tensor<32x16xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%a, %b : tensor<32x8192xf32>, tensor<8192x16xf32>) outs(%f : tensor<32x16xf32>) {
  ^bb0(%x: f32, %w: f32, %acc: f32):
    %m = arith.mulf %x, %w : f32
    %s = arith.addf %acc, %m : f32
    linalg.yield %s : f32
  } -> tensor<32x16xf32>
  dispatch.return %y : tensor<32x16xf32>
}

// -----

// Work that starts behind what is needed is left out; merged loops have a multiple of
// the limit.
// CHECK-LABEL: @limited
// V3-LABEL: @limited
// V3: scf.forall (%[[ITEM:.*]]) in (8192)
// V3: %[[AT:.*]] = arith.muli %[[ITEM]], %c16
// V3: %[[N:.*]] = memref.load %arg1[%c1] : memref<2xi64>
// V3: %[[I:.*]] = arith.index_cast %[[N]]
// V3: %[[END:.*]] = arith.muli %[[I]], %c512
// V3: %[[NEEDED:.*]] = arith.cmpi slt, %{{.*}}, %[[END]]
// V3: scf.if %[[NEEDED]]
// V3: vector.load
#whole = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
dispatch.kernel @limited(%x: tensor<512x4x64xf32>, %n: tensor<2xi64>, %o: tensor<512x4x64xf32>) -> tensor<512x4x64xf32>
    attributes {num_outs = 1 : i64} {
  %r = linalg.generic {indexing_maps = [#whole, #whole], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<512x4x64xf32>) outs(%o : tensor<512x4x64xf32>) attrs = {dispatch.limits = array<i64: 0, 1, 1, 2, 0>} {
  ^bb0(%a: f32, %b: f32):
    %e = arith.negf %a : f32
    linalg.yield %e : f32
  } -> tensor<512x4x64xf32>
  dispatch.return %r : tensor<512x4x64xf32>
}

// -----

// Two computations that a third one reads run in one loop, in vectors, though
// neither reads the other's results.
// CHECK-LABEL: dispatch.kernel @three_maps
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK-NOT: scf.for
// CHECK: arith.addf {{.*}} : vector<32xf32>
// CHECK: arith.subf {{.*}} : vector<32xf32>
// CHECK: arith.divf {{.*}} : vector<32xf32>
#v = affine_map<(i) -> (i)>
dispatch.kernel @three_maps(%x: tensor<64xf32>, %y: tensor<64xf32>, %r: tensor<64xf32>, %s: tensor<64xf32>, %t: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) attributes {num_outs = 3 : i64} {
  %0 = linalg.generic {indexing_maps = [#v, #v, #v], iterator_types = ["parallel"]} ins(%x, %y : tensor<64xf32>, tensor<64xf32>) outs(%r : tensor<64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %z = arith.addf %a, %b : f32
    linalg.yield %z : f32
  } -> tensor<64xf32>
  %1 = linalg.generic {indexing_maps = [#v, #v, #v], iterator_types = ["parallel"]} ins(%x, %y : tensor<64xf32>, tensor<64xf32>) outs(%s : tensor<64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %z = arith.subf %a, %b : f32
    linalg.yield %z : f32
  } -> tensor<64xf32>
  %2 = linalg.generic {indexing_maps = [#v, #v, #v], iterator_types = ["parallel"]} ins(%0, %1 : tensor<64xf32>, tensor<64xf32>) outs(%t : tensor<64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %z = arith.divf %a, %b : f32
    linalg.yield %z : f32
  } -> tensor<64xf32>
  dispatch.return %0, %1, %2 : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
}
