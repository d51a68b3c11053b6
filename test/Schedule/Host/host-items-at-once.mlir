// RUN: dlc-opt %s --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s

// Work items that are short rows with sums: four are done side by side, one
// step after the other, each with memory of its own.
// CHECK-LABEL: dispatch.kernel @short_rows(
// CHECK: scf.forall (%{{.*}}, %[[STEP:.*]]) in (3, 2)
// CHECK: %[[FIRST:.*]] = arith.muli %[[STEP]], %{{.*}}
// CHECK-COUNT-3: arith.addi %[[FIRST]], %
// CHECK-COUNT-4: memref.alloca() {{.*}} : memref<1xf32>
// CHECK-COUNT-4: arith.addf {{.*}} : vector<1xf32>
// CHECK-COUNT-4: arith.divf
// CHECK-NOT: arith.divf
// CHECK: dispatch.return
dispatch.kernel @short_rows(%x: tensor<3x8x32xf32>, %o: tensor<3x8x32xf32>) -> tensor<3x8x32xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x8xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<3x8xf32>) -> tensor<3x8xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : tensor<3x8x32xf32>) outs(%f : tensor<3x8xf32>) {
  ^bb0(%a: f32, %c: f32):
    %t = arith.addf %c, %a fastmath<reassoc> : f32
    linalg.yield %t : f32
  } -> tensor<3x8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j)>, affine_map<(i, j, k) -> (i, j, k)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %s : tensor<3x8x32xf32>, tensor<3x8xf32>) outs(%o : tensor<3x8x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %q = arith.divf %a, %b : f32
    linalg.yield %q : f32
  } -> tensor<3x8x32xf32>
  dispatch.return %y : tensor<3x8x32xf32>
}

// Long rows have enough to do, and nothing divides 7.
// CHECK-LABEL: dispatch.kernel @long_rows(
// CHECK: scf.forall (%{{.*}}) in (8)
dispatch.kernel @long_rows(%x: tensor<8x1000xf32>, %o: tensor<8x1000xf32>) -> tensor<8x1000xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x1000xf32>) outs(%f : tensor<8xf32>) {
  ^bb0(%a: f32, %c: f32):
    %t = arith.addf %c, %a fastmath<reassoc> : f32
    linalg.yield %t : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>, affine_map<(i, k) -> (i, k)>], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<8x1000xf32>, tensor<8xf32>) outs(%o : tensor<8x1000xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %q = arith.divf %a, %b : f32
    linalg.yield %q : f32
  } -> tensor<8x1000xf32>
  dispatch.return %y : tensor<8x1000xf32>
}
// CHECK-LABEL: dispatch.kernel @seven_rows(
// CHECK: scf.forall (%{{.*}}) in (7)
dispatch.kernel @seven_rows(%x: tensor<7x32xf32>, %o: tensor<7x32xf32>) -> tensor<7x32xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<7xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<7xf32>) -> tensor<7xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<7x32xf32>) outs(%f : tensor<7xf32>) {
  ^bb0(%a: f32, %c: f32):
    %t = arith.addf %c, %a fastmath<reassoc> : f32
    linalg.yield %t : f32
  } -> tensor<7xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>, affine_map<(i, k) -> (i, k)>], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<7x32xf32>, tensor<7xf32>) outs(%o : tensor<7x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %q = arith.divf %a, %b : f32
    linalg.yield %q : f32
  } -> tensor<7x32xf32>
  dispatch.return %y : tensor<7x32xf32>
}
