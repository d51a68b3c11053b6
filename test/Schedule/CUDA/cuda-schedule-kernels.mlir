// RUN: dlc-opt %s --split-input-file --cuda-schedule-kernels=arch=sm_80 | FileCheck %s

// Contiguous loops become one; the input may share memory with the output. A
// thread for an element, as there are so few.

// CHECK-LABEL: dispatch.kernel @elementwise
// CHECK-SAME: (%{{.*}}: memref<3x5x7xf32>, %{{.*}}: memref<3x5x7xf32>) attributes {inplace = {{\[}}[0, 0]]
// CHECK: gpu.launch blocks(%{{.*}}) in (%{{.*}} = %c2, {{.*}}) threads(%{{.*}}) in (%{{.*}} = %c64
// CHECK: arith.cmpi slt, %{{.*}}, %c105
// CHECK: memref.load {{.*}} memref<105xf32>
// CHECK: math.sqrt
// CHECK: memref.store
// CHECK: gpu.terminator
// CHECK: dispatch.return
dispatch.kernel @elementwise(%x: tensor<3x5x7xf32>, %o: tensor<3x5x7xf32>) -> tensor<3x5x7xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j, k)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<3x5x7xf32>) outs(%o : tensor<3x5x7xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = math.sqrt %a : f32
    linalg.yield %s : f32
  } -> tensor<3x5x7xf32>
  dispatch.return %y : tensor<3x5x7xf32>
}

// -----

// Enough of them: four elements a thread in one access of 16 bytes, and the
// three elements that are left in one more thread.

// CHECK-LABEL: dispatch.kernel @long
// CHECK: %[[ALL:.*]] = arith.cmpi slt, %[[ITEM:.*]], %c250000
// CHECK: scf.if %[[ALL]]
// CHECK: vector.load {{.*}} vector<4xf32>
// CHECK-COUNT-4: math.exp2
// CHECK: vector.store {{.*}} vector<4xf32>
// CHECK: %[[LAST:.*]] = arith.cmpi eq, %[[ITEM]], %c250000
// CHECK: scf.if %[[LAST]]
// CHECK: vector.load {{.*}} vector<2xf32>
// CHECK: memref.load
dispatch.kernel @long(%x: tensor<1000003xf32>, %o: tensor<1000003xf32>) -> tensor<1000003xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<1000003xf32>) outs(%o : tensor<1000003xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = math.exp %a : f32
    linalg.yield %s : f32
  } -> tensor<1000003xf32>
  dispatch.return %y : tensor<1000003xf32>
}

// -----

// A sum along rows: half a warp for each, combined by shuffles, one lane stores.

// CHECK-LABEL: dispatch.kernel @rowsum
// CHECK: gpu.launch
// CHECK: vector.load {{.*}} vector<4xf32>
// CHECK-COUNT-4: gpu.shuffle xor
// CHECK: scf.if
// CHECK: memref.store
dispatch.kernel @rowsum(%x: tensor<96x64xf32>, %o: tensor<96xf32>) -> tensor<96xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<96xf32>) -> tensor<96xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (m)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<96x64xf32>) outs(%f : tensor<96xf32>) {
  ^bb0(%a: f32, %c: f32):
    %s = arith.addf %c, %a : f32
    linalg.yield %s : f32
  } -> tensor<96xf32>
  dispatch.return %r : tensor<96xf32>
}

// -----

// A sum along columns: neighbouring threads have neighbouring columns, several
// share the rows of one and add up through shared memory in a fixed order.

// CHECK-LABEL: dispatch.kernel @columnsum
// CHECK: gpu.launch {{.*}} workgroup(%[[PART:.*]] : memref<{{.*}}xf32, #gpu.address_space<workgroup>>)
// CHECK-NOT: gpu.shuffle
// CHECK: memref.store {{.*}}, %[[PART]]
// CHECK: gpu.barrier
// CHECK: scf.if
// CHECK: memref.load %[[PART]]
dispatch.kernel @columnsum(%x: tensor<512x96xf32>, %o: tensor<96xf32>) -> tensor<96xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<96xf32>) -> tensor<96xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, k) -> (k, m)>, affine_map<(m, k) -> (m)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<512x96xf32>) outs(%f : tensor<96xf32>) {
  ^bb0(%a: f32, %c: f32):
    %s = arith.addf %c, %a : f32
    linalg.yield %s : f32
  } -> tensor<96xf32>
  dispatch.return %r : tensor<96xf32>
}

// -----

// Rows of a table.

// CHECK-LABEL: dispatch.kernel @gather
// CHECK: memref.load {{.*}} : memref<5xi64>
// CHECK: arith.index_cast
// CHECK: memref.load {{.*}} : memref<1600xf32>
// CHECK: vector.store {{.*}} vector<4xf32>
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

// Two nests that share no loops are two launches if they are large; what the first one hands on
// to the second becomes an output of the kernel and of all its launches.

// CHECK-LABEL: func.func @main
// CHECK: %[[E:.*]] = tensor.empty() : tensor<1xf32>
// CHECK: dispatch.launch @whole ins(%{{.*}} : tensor<40000xf32>) outs(%{{.*}}, %[[E]] : tensor<40000xf32>, tensor<1xf32>) -> tensor<40000xf32>, tensor<1xf32>
// CHECK-LABEL: dispatch.kernel @whole
// CHECK-SAME: %[[SUM:[a-z0-9]+]]: memref<1xf32>) attributes {inplace = {{\[}}[0, 0]], num_outs = 2 : i64}
// CHECK: gpu.launch
// CHECK: memref.store %{{.*}}, %[[SUM]]
// CHECK: gpu.terminator
// CHECK: gpu.launch
// CHECK: memref.load %[[SUM]]
// CHECK: gpu.terminator
// CHECK-NOT: gpu.launch
func.func @main(%x: tensor<40000xf32>) -> tensor<40000xf32> {
  %e = tensor.empty() : tensor<40000xf32>
  %r = dispatch.launch @whole ins(%x : tensor<40000xf32>) outs(%e : tensor<40000xf32>) -> tensor<40000xf32>
  return %r : tensor<40000xf32>
}
dispatch.kernel @whole(%x: tensor<40000xf32>, %o: tensor<40000xf32>) -> tensor<40000xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<f32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %s = linalg.generic {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]} ins(%x : tensor<40000xf32>) outs(%f : tensor<f32>) {
  ^bb0(%a: f32, %c: f32):
    %t = arith.addf %c, %a : f32
    linalg.yield %t : f32
  } -> tensor<f32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x, %s : tensor<40000xf32>, tensor<f32>) outs(%o : tensor<40000xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %t = arith.subf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<40000xf32>
  dispatch.return %y : tensor<40000xf32>
}

// -----

// Rows: every element is read once and stays in the registers of its thread
// from the sum to the difference. What the last threads have too many of counts
// for nothing and is not stored.

// CHECK-LABEL: dispatch.kernel @centre
// CHECK-SAME: inplace = {{\[}}[0, 0]]
// CHECK: gpu.launch {{.*}} workgroup(%[[WARPS:.*]] : memref<4xf32, #gpu.address_space<workgroup>>)
// CHECK: %[[IN:.*]] = arith.cmpi slt, %{{.*}}, %c101
// CHECK: %[[X:.*]] = memref.load
// CHECK: arith.select %[[IN]]
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK: gpu.barrier
// CHECK-COUNT-4: memref.load %[[WARPS]]
// CHECK-NOT: memref.load
// CHECK: arith.subf %[[X]]
// CHECK: scf.if %[[IN]]
// CHECK-NEXT: memref.store
// CHECK-NOT: gpu.launch
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

// A contraction: tiles of both operands go through shared memory, copied
// asynchronously one or more steps ahead, with one barrier a step; what follows
// is applied to the accumulators.

// CHECK-LABEL: dispatch.kernel @matmul_bias_relu
// CHECK: gpu.launch {{.*}} workgroup(%[[A:.*]] : memref<{{.*}}xf32, #gpu.address_space<workgroup>>, %[[B:.*]] : memref<{{.*}}xf32, #gpu.address_space<workgroup>>)
// CHECK: nvgpu.device_async_copy {{.*}}, %[[A]]{{.*}}, 4 {bypassL1}
// CHECK: nvgpu.device_async_copy {{.*}}, %[[B]]{{.*}}, 4 {bypassL1}
// CHECK: nvgpu.device_async_create_group
// CHECK: scf.for
// CHECK: nvgpu.device_async_wait
// CHECK-NEXT: gpu.barrier
// CHECK: nvgpu.device_async_copy
// CHECK: nvgpu.device_async_create_group
// CHECK: scf.for
// CHECK: vector.load %[[A]]
// CHECK: vector.load %[[B]]
// CHECK-NOT: memref.load
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: scf.yield
// CHECK: arith.maximumf
// CHECK: vector.store {{.*}} vector<4xf32>
// CHECK: gpu.terminator
dispatch.kernel @matmul_bias_relu(%x: tensor<1024x256xf32>, %w: tensor<256x512xf32>, %bias: tensor<512xf32>, %o: tensor<1024x512xf32>) -> tensor<1024x512xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1024x512xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<1024x512xf32>) -> tensor<1024x512xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<1024x256xf32>, tensor<256x512xf32>) outs(%f : tensor<1024x512xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<1024x512xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%r, %bias : tensor<1024x512xf32>, tensor<512xf32>) outs(%o : tensor<1024x512xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.addf %a, %b : f32
    %m = arith.maximumf %s, %z : f32
    linalg.yield %m : f32
  } -> tensor<1024x512xf32>
  dispatch.return %y : tensor<1024x512xf32>
}

// -----

// Few results and a long sum: blocks share it, each writes its part into a
// further output, and a second launch adds the parts in their order.

// CHECK-LABEL: dispatch.kernel @long_sum
// CHECK-SAME: %[[PARTS:[a-z0-9]+]]: memref<{{[0-9]+}}xf32>) attributes {num_outs = 2 : i64}
// CHECK: gpu.launch
// CHECK: vector.store {{.*}}, %[[PARTS]]
// CHECK: gpu.terminator
// CHECK: gpu.launch
// CHECK: vector.load %[[PARTS]]
// CHECK: arith.addf
// CHECK: vector.load %[[PARTS]]
// CHECK: gpu.terminator
dispatch.kernel @long_sum(%x: tensor<64x8192xf32>, %w: tensor<8192x64xf32>, %o: tensor<64x64xf32>) -> tensor<64x64xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<64x64xf32>) -> tensor<64x64xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<64x8192xf32>, tensor<8192x64xf32>) outs(%f : tensor<64x64xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<64x64xf32>
  dispatch.return %r : tensor<64x64xf32>
}

// -----

// A transposition: the tile is read along the input's rows, changes direction
// in shared memory and is written along the output's rows.

// CHECK-LABEL: dispatch.kernel @transpose
// CHECK: gpu.launch blocks({{.*}}) in (%{{.*}} = %c12, {{.*}}) threads({{.*}}) in (%{{.*}} = %c256, {{.*}} workgroup(%[[TILE:.*]] : memref<1056xf32, #gpu.address_space<workgroup>>)
// CHECK: memref.store {{.*}}, %[[TILE]]
// CHECK: gpu.barrier
// CHECK: memref.load %[[TILE]]
// CHECK: memref.store {{.*}} : memref<9600xf32>
dispatch.kernel @transpose(%x: tensor<96x100xf32>, %o: tensor<100x96xf32>) -> tensor<100x96xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<96x100xf32>) outs(%o : tensor<100x96xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<100x96xf32>
  dispatch.return %y : tensor<100x96xf32>
}

// -----

// A depthwise convolution: four pixels of four channels a thread, so that the
// six columns that their windows have are read once for each kernel line.

// CHECK-LABEL: dispatch.kernel @depthwise
// CHECK: scf.for
// CHECK-COUNT-9: vector.load {{.*}} vector<4xf32>
// CHECK-NOT: vector.load
// CHECK: scf.yield
// CHECK-COUNT-4: vector.store {{.*}} vector<4xf32>
dispatch.kernel @depthwise(%x: tensor<114x114x64xf32>, %w: tensor<3x3x64xf32>, %o: tensor<112x112x64xf32>) -> tensor<112x112x64xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<112x112x64xf32>) -> tensor<112x112x64xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(h, w, c, i, j) -> (h + i, w + j, c)>, affine_map<(h, w, c, i, j) -> (i, j, c)>, affine_map<(h, w, c, i, j) -> (h, w, c)>], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %w : tensor<114x114x64xf32>, tensor<3x3x64xf32>) outs(%f : tensor<112x112x64xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<112x112x64xf32>
  dispatch.return %r : tensor<112x112x64xf32>
}

// -----

// Products of f16 go to the tensor cores, with ldmatrix from shared memory; the
// weights, consecutive along the columns, are transposed on the way.

// CHECK-LABEL: dispatch.kernel @half
// CHECK: nvgpu.ldmatrix {{.*}} {numTiles = 4 : i32, transpose = false} {{.*}} -> vector<4x2xf16>
// CHECK: nvgpu.ldmatrix {{.*}} {numTiles = 4 : i32, transpose = true} {{.*}} -> vector<4x2xf16>
// CHECK: nvvm.mma.sync {{.*}} shape = #nvvm.shape<m = 16, n = 8, k = 16>
// CHECK: arith.truncf {{.*}} : f32 to f16
// CHECK: vector.store {{.*}} vector<2xf16>
dispatch.kernel @half(%x: tensor<256x64xf16>, %w: tensor<64x128xf16>, %o: tensor<256x128xf16>) -> tensor<256x128xf16> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<256x128xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<256x128xf32>) -> tensor<256x128xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<256x64xf16>, tensor<64x128xf16>) outs(%f : tensor<256x128xf32>) {
  ^bb0(%a: f16, %b: f16, %c: f32):
    %p = arith.extf %a : f16 to f32
    %q = arith.extf %b : f16 to f32
    %m = arith.mulf %p, %q fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<256x128xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%r : tensor<256x128xf32>) outs(%o : tensor<256x128xf16>) {
  ^bb0(%a: f32, %c: f16):
    %t = arith.truncf %a : f32 to f16
    linalg.yield %t : f16
  } -> tensor<256x128xf16>
  dispatch.return %y : tensor<256x128xf16>
}

// -----

// What one launch computes and another gathers from is handed on, too.

// CHECK-LABEL: dispatch.kernel @gather_intermediate
// CHECK-SAME: %[[ALL:[a-z0-9]+]]: memref<40000xf32>) attributes {num_outs = 2 : i64}
// CHECK: vector.store %{{.*}}, %[[ALL]]
// CHECK: gpu.terminator
// CHECK: gpu.launch
// CHECK: memref.load %[[ALL]]
dispatch.kernel @gather_intermediate(%x: tensor<40000xf32>, %i: tensor<50xi64>, %o: tensor<50xf32>) -> tensor<50xf32> attributes {num_outs = 1 : i64} {
  %e = tensor.empty() : tensor<40000xf32>
  %all = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<40000xf32>) outs(%e : tensor<40000xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %a : f32
    linalg.yield %s : f32
  } -> tensor<40000xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%i : tensor<50xi64>) outs(%o : tensor<50xf32>) {
  ^bb0(%a: i64, %b: f32):
    %r = arith.index_cast %a : i64 to index
    %v = tensor.extract %all[%r] : tensor<40000xf32>
    linalg.yield %v : f32
  } -> tensor<50xf32>
  dispatch.return %y : tensor<50xf32>
}

// -----

// Work that starts behind what is needed is left out; merged loops have a multiple of
// the limit.
// CHECK-LABEL: @limited
// CHECK: gpu.launch
// CHECK: %[[N:.*]] = memref.load %arg1[%c1] : memref<2xi64>
// CHECK: %[[I:.*]] = arith.index_cast %[[N]]
// CHECK: %[[END:.*]] = arith.muli %[[I]], %c512
// CHECK: %[[NEEDED:.*]] = arith.cmpi slt, %{{.*}}, %[[END]]
// CHECK: scf.if %[[NEEDED]]
// CHECK: vector.load
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

// A product whose operands are zero from a limit on: tiles along the reduction end there;
// of parts of it, each block counts its own.
// CHECK-LABEL: @limited_product
// CHECK: gpu.launch
// CHECK: %[[N:.*]] = memref.load %arg2[%c1] : memref<2xi64>
// CHECK: %[[I:.*]] = arith.index_cast %[[N]]
// CHECK: %[[END:.*]] = arith.minsi %[[I]], %c1024
// CHECK: %[[UP:.*]] = arith.addi %[[END]], %c15
// CHECK: %[[ALL:.*]] = arith.divui %[[UP]], %c16
// CHECK: %[[MORE:.*]] = arith.maxsi %[[ALL]], %[[BEFORE:.*]] : index
// CHECK: %[[OWN:.*]] = arith.subi %[[MORE]], %[[BEFORE]]
// CHECK: %[[TILES:.*]] = arith.minui %[[OWN]]
// CHECK: scf.for %{{.*}} to %[[TILES]]
// CHECK: %[[THERE:.*]] = arith.cmpi slt, %{{.*}}, %[[TILES]]
// CHECK: scf.if %[[THERE]]
// CHECK: nvgpu.device_async_copy
#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (k, n)>
#out = affine_map<(m, n, k) -> (m, n)>
dispatch.kernel @limited_product(%a: tensor<64x1024xf32>, %b: tensor<1024x64xf32>, %n: tensor<2xi64>, %o: tensor<64x64xf32>) -> tensor<64x64xf32>
    attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%o : tensor<64x64xf32>) -> tensor<64x64xf32>
  %r = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<64x1024xf32>, tensor<1024x64xf32>) outs(%init : tensor<64x64xf32>) attrs = {dispatch.limits = array<i64: 2, 2, 1, 1, 0>} {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %p = arith.mulf %x, %y : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<64x64xf32>
  dispatch.return %r : tensor<64x64xf32>
}
