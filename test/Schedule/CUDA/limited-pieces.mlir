// RUN: dlc-opt %s --cuda-schedule-kernels=arch=sm_80 | FileCheck %s

// The sum of all rows that there are, cut into 96 pieces of 40: each ends where
// its part of the limit does, before it begins if need be. What combines the
// pieces, all of which are written, has no limit.

// CHECK-LABEL: dispatch.kernel @sum
// CHECK-SAME:  %[[E:[a-z0-9]*]]: memref<1xi64>
// CHECK:      gpu.launch blocks(
// CHECK:        %[[NUMBER:.*]] = memref.load %[[E]]
// CHECK:        %[[ROWS:.*]] = arith.index_cast %[[NUMBER]]
// CHECK:        %[[BEFORE:.*]] = arith.muli %{{.*}}, %c40
// CHECK:        %[[LEFT:.*]] = arith.subi %[[ROWS]], %[[BEFORE]]
// CHECK:        %[[END:.*]] = arith.minsi %[[LEFT]], %c40
// CHECK:        scf.for %{{.*}} = %c0{{.*}} to %[[END]]
// CHECK:      gpu.launch
// CHECK-NOT:    memref.load %[[E]][
// CHECK:        gpu.terminator
dispatch.kernel @sum(%flags: tensor<3840xi8>, %x: tensor<3840x480xf32>, %extents: tensor<1xi64>, %o: tensor<f32>) -> tensor<f32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : i8
  %0 = linalg.fill ins(%zero : f32) outs(%o : tensor<f32>) -> tensor<f32>
  %1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>], iterator_types = ["reduction", "reduction"]} ins(%flags, %x : tensor<3840xi8>, tensor<3840x480xf32>) outs(%0 : tensor<f32>) attrs = {dispatch.limits = array<i64: 0, 2, 0, 1, 0>} {
  ^bb0(%p: i8, %a: f32, %c: f32):
    %2 = arith.cmpi ne, %p, %c0 : i8
    %3 = arith.select %2, %a, %zero : f32
    %4 = arith.addf %c, %3 fastmath<reassoc> : f32
    linalg.yield %4 : f32
  } -> tensor<f32>
  dispatch.return %1 : tensor<f32>
}
