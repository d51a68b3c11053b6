// RUN: not dlc-opt %s --cuda-schedule-kernels=arch=sm_42 2>&1 | FileCheck %s --check-prefix=ARCH
// RUN: not dlc-opt %s --cuda-schedule-kernels=precision=f8 2>&1 | FileCheck %s --check-prefix=PRECISION
// RUN: not dlc-opt %s --cuda-schedule-kernels 2>&1 | FileCheck %s

// ARCH: error: unknown GPU architecture 'sm_42'
// PRECISION: error: unknown precision 'f8'; there are f32, tf32, f16 and bf16
// CHECK: error: 'dispatch.kernel' op reads an operand that is packed for the host
dispatch.kernel @packed(%x: tensor<2x16xf32>, %o: tensor<32xf32>) -> tensor<32xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i floordiv 16, i mod 16)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<2x16xf32>) outs(%o : tensor<32xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<32xf32>
  dispatch.return %y : tensor<32xf32>
}
