// RUN: dlc-opt %s --pass-pipeline="builtin.module(func.func(dispatch-form-regions))" | FileCheck %s

// Merging elementwise ops that ask for loop indices leaves no affine.apply behind.

#id = affine_map<(d0, d1) -> (d0, d1)>

// CHECK-LABEL: @indices
// CHECK: dispatch.region
// CHECK: linalg.generic
// CHECK-COUNT-2: linalg.index
// CHECK-NOT: affine.apply
// CHECK: tensor.extract
// CHECK-NOT: linalg.generic
func.func @indices(%x: tensor<4x5xf32>) -> tensor<4x5xf32> {
  %e = tensor.empty() : tensor<4x5xf32>
  %0 = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]}
      outs(%e : tensor<4x5xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %v = tensor.extract %x[%i, %j] : tensor<4x5xf32>
    linalg.yield %v : f32
  } -> tensor<4x5xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<4x5xf32>) outs(%e : tensor<4x5xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = math.absf %in : f32
    linalg.yield %v : f32
  } -> tensor<4x5xf32>
  return %1 : tensor<4x5xf32>
}
