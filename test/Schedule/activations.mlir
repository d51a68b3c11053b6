// RUN: dlc-opt %s --split-input-file --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s
// RUN: dlc-opt %s --split-input-file --cuda-schedule-kernels=arch=sm_80 | FileCheck %s

// Formulas whose roundings would be units of the result are computed by others,
// without functions of the target's.

// CHECK-LABEL: dispatch.kernel @gelu
// CHECK-NOT: math.{{erf|exp|tanh|log}}
// CHECK: arith.divf
// CHECK-NOT: math.{{erf|exp|tanh|log}}
// CHECK: dispatch.return
dispatch.kernel @gelu(%x: tensor<64xf32>, %o: tensor<64xf32>) -> tensor<64xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<64xf32>) outs(%o : tensor<64xf32>) {
  ^bb0(%a: f32, %b: f32):
    %half = arith.constant 0.5 : f32
    %root = arith.constant 1.41421354 : f32
    %one = arith.constant 1.0 : f32
    %0 = arith.divf %a, %root : f32
    %1 = math.erf %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.mulf %a, %2 : f32
    %4 = arith.mulf %3, %half : f32
    linalg.yield %4 : f32
  } -> tensor<64xf32>
  dispatch.return %y : tensor<64xf32>
}

// -----

// CHECK-LABEL: dispatch.kernel @gelu_tanh
// CHECK-NOT: math.{{erf|exp|tanh|log}}
// CHECK: arith.divf
// CHECK-NOT: math.{{erf|exp|tanh|log}}
// CHECK: dispatch.return
dispatch.kernel @gelu_tanh(%x: tensor<64xf32>, %o: tensor<64xf32>) -> tensor<64xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<64xf32>) outs(%o : tensor<64xf32>) {
  ^bb0(%a: f32, %b: f32):
    %half = arith.constant 0.5 : f32
    %small = arith.constant 0.044715 : f32
    %root = arith.constant 0.797884583 : f32
    %one = arith.constant 1.0 : f32
    %0 = arith.mulf %a, %a : f32
    %1 = arith.mulf %0, %a : f32
    %2 = arith.mulf %1, %small : f32
    %3 = arith.addf %a, %2 : f32
    %4 = arith.mulf %root, %3 : f32
    %5 = math.tanh %4 : f32
    %6 = arith.addf %one, %5 : f32
    %7 = arith.mulf %half, %a : f32
    %8 = arith.mulf %7, %6 : f32
    linalg.yield %8 : f32
  } -> tensor<64xf32>
  dispatch.return %y : tensor<64xf32>
}

// -----

// CHECK-LABEL: dispatch.kernel @swish
// CHECK-NOT: math.{{erf|exp|tanh|log}}
// CHECK: arith.divf
// CHECK-NOT: math.{{erf|exp|tanh|log}}
// CHECK: dispatch.return
dispatch.kernel @swish(%x: tensor<64xf32>, %o: tensor<64xf32>) -> tensor<64xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<64xf32>) outs(%o : tensor<64xf32>) {
  ^bb0(%a: f32, %b: f32):
    %one = arith.constant 1.0 : f32
    %k = arith.constant 1.702 : f32
    %0 = arith.mulf %a, %k : f32
    %1 = arith.negf %0 : f32
    %2 = math.exp %1 : f32
    %3 = arith.addf %one, %2 : f32
    %4 = arith.divf %one, %3 : f32
    %5 = arith.mulf %4, %a : f32
    linalg.yield %5 : f32
  } -> tensor<64xf32>
  dispatch.return %y : tensor<64xf32>
}

// -----

// CHECK-LABEL: dispatch.kernel @mish
// CHECK-NOT: math.{{erf|exp|tanh|log}}
// CHECK: arith.divf
// CHECK-NOT: math.{{erf|exp|tanh|log}}
// CHECK: dispatch.return
dispatch.kernel @mish(%x: tensor<64xf32>, %o: tensor<64xf32>) -> tensor<64xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<64xf32>) outs(%o : tensor<64xf32>) {
  ^bb0(%a: f32, %b: f32):
    %one = arith.constant 1.0 : f32
    %zero = arith.constant 0.0 : f32
    %0 = math.absf %a : f32
    %1 = arith.negf %0 : f32
    %2 = math.exp %1 : f32
    %3 = arith.addf %2, %one : f32
    %4 = math.log %3 : f32
    %5 = arith.maximumf %a, %zero : f32
    %6 = arith.addf %5, %4 : f32
    %7 = math.tanh %6 : f32
    %8 = arith.mulf %a, %7 : f32
    linalg.yield %8 : f32
  } -> tensor<64xf32>
  dispatch.return %y : tensor<64xf32>
}

// -----

// A sixth has two parts, and x / 5 + 1 / 2 is rounded once.

// CHECK-LABEL: dispatch.kernel @hard
// CHECK: %[[RAMP:.*]] = arith.minimumf
// CHECK: %[[LOW:.*]] = arith.mulf %[[RAMP]]
// CHECK: %[[GATE:.*]] = math.fma %[[RAMP]], %{{.*}}, %[[LOW]]
// CHECK: %[[SWISH:.*]] = arith.mulf %{{.*}}, %[[GATE]]
// CHECK: math.fma %[[SWISH]]
// CHECK-NEXT: arith.maximumf
// CHECK: dispatch.return
dispatch.kernel @hard(%x: tensor<64xf32>, %o: tensor<64xf32>) -> tensor<64xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<64xf32>) outs(%o : tensor<64xf32>) {
  ^bb0(%a: f32, %b: f32):
    %three = arith.constant 3.0 : f32
    %six = arith.constant 6.0 : f32
    %sixth = arith.constant 0.166666672 : f32
    %fifth = arith.constant 0.2 : f32
    %half = arith.constant 0.5 : f32
    %zero = arith.constant 0.0 : f32
    %one = arith.constant 1.0 : f32
    %0 = arith.addf %a, %three : f32
    %1 = arith.maximumf %0, %zero : f32
    %2 = arith.minimumf %1, %six : f32
    %3 = arith.mulf %2, %sixth : f32
    %4 = arith.mulf %a, %3 : f32
    %5 = arith.mulf %4, %fifth : f32
    %6 = arith.addf %5, %half : f32
    %7 = arith.maximumf %6, %zero : f32
    %8 = arith.minimumf %7, %one : f32
    linalg.yield %8 : f32
  } -> tensor<64xf32>
  dispatch.return %y : tensor<64xf32>
}

// -----

// Not GELU, not a hard sigmoid.

// CHECK-LABEL: dispatch.kernel @others
// CHECK: math.sqrt
// CHECK-NOT: math.fma
// CHECK: dispatch.return
dispatch.kernel @others(%x: tensor<64xf32>, %o: tensor<64xf32>) -> tensor<64xf32> attributes {num_outs = 1 : i64} {
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<64xf32>) outs(%o : tensor<64xf32>) {
  ^bb0(%a: f32, %b: f32):
    %half = arith.constant 0.5 : f32
    %root = arith.constant 0.7 : f32
    %one = arith.constant 1.0 : f32
    %two = arith.constant 2.0 : f32
    %0 = arith.mulf %a, %root : f32
    %1 = math.sqrt %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.mulf %a, %2 : f32
    %4 = arith.mulf %3, %half : f32
    %5 = arith.mulf %4, %half : f32
    %6 = arith.addf %5, %two : f32
    %7 = arith.minimumf %6, %one : f32
    linalg.yield %7 : f32
  } -> tensor<64xf32>
  dispatch.return %y : tensor<64xf32>
}
