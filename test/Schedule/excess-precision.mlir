// RUN: dlc-opt %s --split-input-file --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s
// RUN: dlc-opt %s --split-input-file --cuda-schedule-kernels=arch=sm_80 | FileCheck %s

// What is an output and read on in registers is rounded for memory only, if
// nothing asks for the rounding; marks of that end here.

// CHECK-LABEL: dispatch.kernel @free
// CHECK-NOT: fastmath
// CHECK: %[[PRODUCT:.*]] = arith.mulf
// CHECK-NOT: fastmath
// CHECK: arith.truncf %[[PRODUCT]]
// CHECK-NOT: fastmath
// CHECK: arith.addf %[[PRODUCT]], %[[PRODUCT]]
// CHECK-NOT: fastmath
// CHECK: dispatch.return
#id = affine_map<(i) -> (i)>
dispatch.kernel @free(%x: tensor<64xf16>, %o: tensor<64xf16>, %p: tensor<64xf16>) -> (tensor<64xf16>, tensor<64xf16>) attributes {num_outs = 2 : i64} {
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<64xf16>) outs(%o : tensor<64xf16>) {
  ^bb0(%a: f16, %b: f16):
    %0 = arith.extf %a fastmath<contract> : f16 to f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.truncf %1 fastmath<contract> : f32 to f16
    linalg.yield %2 : f16
  } -> tensor<64xf16>
  %z = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%y : tensor<64xf16>) outs(%p : tensor<64xf16>) {
  ^bb0(%a: f16, %b: f16):
    %0 = arith.extf %a fastmath<contract> : f16 to f32
    %1 = arith.addf %0, %0 : f32
    %2 = arith.truncf %1 fastmath<contract> : f32 to f16
    linalg.yield %2 : f16
  } -> tensor<64xf16>
  dispatch.return %y, %z : tensor<64xf16>, tensor<64xf16>
}

// -----

// CHECK-LABEL: dispatch.kernel @asked_for
// CHECK: %[[ROUNDED:.*]] = arith.truncf
// CHECK: arith.extf %[[ROUNDED]]
// CHECK: dispatch.return
#id = affine_map<(i) -> (i)>
dispatch.kernel @asked_for(%x: tensor<64xf32>, %o: tensor<64xf16>, %p: tensor<64xf32>) -> (tensor<64xf16>, tensor<64xf32>) attributes {num_outs = 2 : i64} {
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<64xf32>) outs(%o : tensor<64xf16>) {
  ^bb0(%a: f32, %b: f16):
    %0 = arith.truncf %a : f32 to f16
    linalg.yield %0 : f16
  } -> tensor<64xf16>
  %z = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%y : tensor<64xf16>) outs(%p : tensor<64xf32>) {
  ^bb0(%a: f16, %b: f32):
    %0 = arith.extf %a fastmath<contract> : f16 to f32
    %1 = arith.addf %0, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<64xf32>
  dispatch.return %y, %z : tensor<64xf16>, tensor<64xf32>
}
