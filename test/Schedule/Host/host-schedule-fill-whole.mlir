// RUN: dlc-opt %s --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s

// The fill covers the whole output, the copy only a part of it: it must be done
// before any work item of the copy, not by each of them.
// CHECK-LABEL: dispatch.kernel @pack
// CHECK-NOT:     scf.forall
// CHECK:         scf.for
// CHECK:           vector.store
// CHECK:         scf.for
// CHECK:           vector.shuffle
// CHECK-NOT:     scf.forall
// CHECK:         dispatch.return
dispatch.kernel @pack(%in: tensor<24x24xf32>, %out: tensor<1x24x32xf32>) -> tensor<1x24x32xf32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %0 = linalg.fill ins(%zero : f32) outs(%out : tensor<1x24x32xf32>) -> tensor<1x24x32xf32>
  %1 = tensor.empty() : tensor<1x24x24xf32>
  %2 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0 * 32 + d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%in : tensor<24x24xf32>) outs(%1 : tensor<1x24x24xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  } -> tensor<1x24x24xf32>
  %3 = tensor.insert_slice %2 into %0[0, 0, 0] [1, 24, 24] [1, 1, 1] : tensor<1x24x24xf32> into tensor<1x24x32xf32>
  dispatch.return %3 : tensor<1x24x32xf32>
}
