// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v3 --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s
// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v3 | FileCheck %s --check-prefix=TILE

// 512 queries share 500 keys: 64 rows at a time, whose scores (125 KB) become
// exponentials and weights in place. Products go through all rows of the tile,
// the softmax goes row by row.

// TILE: dispatch.kernel @attention({{.*}}schedule.row_tile = [1, 64]
// CHECK-LABEL: dispatch.kernel @attention(
// CHECK-NOT: schedule.row_tile
// CHECK: scf.forall (%[[HEAD:.*]], %[[PART:.*]]) in (4, 8)
// CHECK-DAG: %[[SCORES:.*]] = memref.alloca() {alignment = 64 : i64} : memref<32000xf32>
// CHECK-NOT: memref<32000xf32>
// CHECK: vector.store %{{.*}}, %[[SCORES]]
// CHECK: scf.for %[[ROW:.*]] = %{{.*}} to %c64 step %c1
// CHECK: vector.load %[[SCORES]]
// CHECK: dispatch.return
dispatch.kernel @attention(%q: tensor<4x512x32xf32>, %k: tensor<4x500x32xf32>, %v: tensor<4x500x32xf32>, %o: tensor<4x512x32xf32>) -> tensor<4x512x32xf32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %e3 = tensor.empty() : tensor<4x512x500xf32>
  %e2 = tensor.empty() : tensor<4x512xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<4x512x500xf32>) -> tensor<4x512x500xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(h, m, n, k) -> (h, m, k)>, affine_map<(h, m, n, k) -> (h, n, k)>, affine_map<(h, m, n, k) -> (h, m, n)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%q, %k : tensor<4x512x32xf32>, tensor<4x500x32xf32>) outs(%f3 : tensor<4x512x500xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %t = arith.addf %c, %m fastmath<contract,reassoc> : f32
    linalg.yield %t : f32
  } -> tensor<4x512x500xf32>
  %fm = linalg.fill ins(%low : f32) outs(%e2 : tensor<4x512xf32>) -> tensor<4x512xf32>
  %max = linalg.generic {indexing_maps = [affine_map<(h, m, n) -> (h, m, n)>, affine_map<(h, m, n) -> (h, m)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s : tensor<4x512x500xf32>) outs(%fm : tensor<4x512xf32>) {
  ^bb0(%a: f32, %c: f32):
    %t = arith.maximumf %a, %c : f32
    linalg.yield %t : f32
  } -> tensor<4x512xf32>
  %x = linalg.generic {indexing_maps = [affine_map<(h, m, n) -> (h, m, n)>, affine_map<(h, m, n) -> (h, m)>, affine_map<(h, m, n) -> (h, m, n)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s, %max : tensor<4x512x500xf32>, tensor<4x512xf32>) outs(%e3 : tensor<4x512x500xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %d = arith.subf %a, %b : f32
    %t = math.exp %d : f32
    linalg.yield %t : f32
  } -> tensor<4x512x500xf32>
  %fs = linalg.fill ins(%zero : f32) outs(%e2 : tensor<4x512xf32>) -> tensor<4x512xf32>
  %sum = linalg.generic {indexing_maps = [affine_map<(h, m, n) -> (h, m, n)>, affine_map<(h, m, n) -> (h, m)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : tensor<4x512x500xf32>) outs(%fs : tensor<4x512xf32>) {
  ^bb0(%a: f32, %c: f32):
    %t = arith.addf %a, %c fastmath<reassoc> : f32
    linalg.yield %t : f32
  } -> tensor<4x512xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(h, m, n) -> (h, m, n)>, affine_map<(h, m, n) -> (h, m)>, affine_map<(h, m, n) -> (h, m, n)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %sum : tensor<4x512x500xf32>, tensor<4x512xf32>) outs(%e3 : tensor<4x512x500xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %t = arith.divf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<4x512x500xf32>
  %fo = linalg.fill ins(%zero : f32) outs(%o : tensor<4x512x32xf32>) -> tensor<4x512x32xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(h, m, d, n) -> (h, m, n)>, affine_map<(h, m, d, n) -> (h, n, d)>, affine_map<(h, m, d, n) -> (h, m, d)>], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%p, %v : tensor<4x512x500xf32>, tensor<4x500x32xf32>) outs(%fo : tensor<4x512x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %t = arith.addf %c, %m fastmath<contract,reassoc> : f32
    linalg.yield %t : f32
  } -> tensor<4x512x32xf32>
  dispatch.return %r : tensor<4x512x32xf32>
}

func.func @main(%q: tensor<4x512x32xf32>, %k: tensor<4x500x32xf32>, %v: tensor<4x500x32xf32>) -> tensor<4x512x32xf32> {
  %e = tensor.empty() : tensor<4x512x32xf32>
  %0 = dispatch.launch @attention ins(%q, %k, %v : tensor<4x512x32xf32>, tensor<4x500x32xf32>, tensor<4x500x32xf32>) outs(%e : tensor<4x512x32xf32>) -> tensor<4x512x32xf32>
  return %0 : tensor<4x512x32xf32>
}
