// RUN: dlc-opt %s --host-schedule-kernels="cpu=x86-64-v3 vectorize=false" | FileCheck %s

// Without vectors the loops are those of the op.
// CHECK-LABEL: dispatch.kernel @sums
// CHECK: scf.forall
// CHECK: scf.for {{.*}} iter_args
// CHECK-NOT: vector
// CHECK: memref.load
// CHECK-NOT: vector
// CHECK: dispatch.return
dispatch.kernel @sums(%x: tensor<48x64xf32>, %o: tensor<48xf32>) -> tensor<48xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<48xf32>) -> tensor<48xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<48x64xf32>) outs(%f : tensor<48xf32>) {
  ^bb0(%a: f32, %c: f32):
    %s = arith.addf %c, %a : f32
    linalg.yield %s : f32
  } -> tensor<48xf32>
  dispatch.return %r : tensor<48xf32>
}
