// RUN: dlc-opt --host-apply-schedules=file=%S/Inputs/row-sums.mlir %s | FileCheck %s

// Work items of 8 rows, whose sums a loop carries in registers; the memory is
// the kernel's arguments. What the scheduler did to the attributes stays.
// CHECK-LABEL: dispatch.kernel @sum_64x48_0
// CHECK-SAME: (%[[X:.*]]: memref<64x48xf32>, %[[Y:.*]]: memref<64xf32>)
// CHECK-SAME: dispatch.work = array<i64: 1, 2, 3>
// CHECK-NOT: memref.alloc
// CHECK: scf.forall (%[[I:.*]]) in (8)
// CHECK: %[[SUM:.*]] = scf.for {{.*}} iter_args({{.*}}) -> (vector<8xf32>)
// CHECK: vector.transfer_read %[[X]]{{.*}} vector<8x16xf32>
// CHECK: vector.multi_reduction <add>
// CHECK: vector.transfer_write %[[SUM]], %[[Y]]
// CHECK-NOT: tensor
dispatch.kernel @sum_64x48_0(%x: tensor<64x48xf32>, %y: tensor<64xf32>) -> tensor<64xf32>
    attributes {num_outs = 1 : i64, dispatch.work = array<i64: 1, 2, 3>} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%y : tensor<64xf32>) -> tensor<64xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<64x48xf32>) outs(%f : tensor<64xf32>) {
  ^bb0(%e: f32, %acc: f32):
    %0 = arith.addf %acc, %e : f32
    linalg.yield %0 : f32
  } -> tensor<64xf32>
  dispatch.return %s : tensor<64xf32>
}

// The kernels that no sequence is named after are left as they are.
// CHECK-LABEL: dispatch.kernel @other
// CHECK-SAME: tensor<4xf32>
dispatch.kernel @other(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {num_outs = 1 : i64} {
  %s = linalg.map { math.tanh } ins(%x : tensor<4xf32>) outs(%y : tensor<4xf32>)
  dispatch.return %s : tensor<4xf32>
}
