// RUN: dlc-opt %s --dispatch-outline-kernels --split-input-file | FileCheck %s

#id = affine_map<(i) -> (i)>

// Equal regions become one kernel, scalars go inside, tensors are operands, and
// the result is written where it is inserted.
func.func @main(%x: tensor<8xf32>, %y: tensor<8xf32>) -> (tensor<8xf32>, tensor<16xf32>) {
  %half = arith.constant 0.5 : f32
  %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32>
  %big = tensor.empty() : tensor<16xf32>
  %0 = dispatch.region -> tensor<8xf32> {
    %e = tensor.empty() : tensor<8xf32>
    %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
        ins(%x, %w : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %half : f32
      %s = arith.addf %m, %b : f32
      linalg.yield %s : f32
    } -> tensor<8xf32>
    dispatch.yield %r : tensor<8xf32>
  }
  %1 = dispatch.region -> tensor<8xf32> {
    %e = tensor.empty() : tensor<8xf32>
    %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
        ins(%0, %y : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %half : f32
      %s = arith.addf %m, %b : f32
      linalg.yield %s : f32
    } -> tensor<8xf32>
    dispatch.yield %r : tensor<8xf32>
  }
  %2 = dispatch.region -> tensor<16xf32> {
    %zero = tensor.empty() : tensor<8xf32>
    %f = linalg.fill ins(%half : f32) outs(%zero : tensor<8xf32>) -> tensor<8xf32>
    %i = tensor.insert_slice %f into %big[8] [8] [1] : tensor<8xf32> into tensor<16xf32>
    dispatch.yield %i : tensor<16xf32>
  }
  return %1, %2 : tensor<8xf32>, tensor<16xf32>
}
// CHECK-LABEL: func.func @main
// CHECK: %[[W:.*]] = arith.constant dense<
// CHECK: %[[BIG:.*]] = tensor.empty() : tensor<16xf32>
// CHECK: %[[E0:.*]] = tensor.empty() : tensor<8xf32>
// CHECK: %[[R0:.*]] = dispatch.launch @map_8_0 ins(%arg0, %[[W]] : {{.*}}) outs(%[[E0]] :
// CHECK: %[[E1:.*]] = tensor.empty() : tensor<8xf32>
// CHECK: %[[R1:.*]] = dispatch.launch @map_8_0 ins(%[[R0]], %arg1 : {{.*}}) outs(%[[E1]] :
// CHECK: %[[R2:.*]] = dispatch.launch @border_16_0 outs(%[[BIG]] :
// CHECK: return %[[R1]], %[[R2]]
// CHECK: dispatch.kernel @map_8_0(%[[A:.*]]: tensor<8xf32>, %[[B:.*]]: tensor<8xf32>, %[[O:.*]]: tensor<8xf32>)
// CHECK:   %[[HALF:.*]] = arith.constant 5.000000e-01
// CHECK:   %[[R:.*]] = linalg.generic {{.*}} ins(%[[A]], %[[B]] : {{.*}}) outs(%[[O]] :
// CHECK:   dispatch.return %[[R]]
// CHECK: dispatch.kernel @border_16_0(%[[O:.*]]: tensor<16xf32>)
// CHECK:   tensor.insert_slice %{{.*}} into %[[O]][8]
// CHECK-NOT: dispatch.kernel
