// RUN: dlc-opt %s --cuda-schedule-kernels=arch=sm_80 | FileCheck %s
// RUN: dlc-opt %s --cuda-schedule-kernels="arch=sm_80 precision=tf32" | FileCheck %s --check-prefix=TF32
// RUN: dlc-opt %s --cuda-schedule-kernels=arch=sm_80 | FileCheck %s --check-prefix=OUTS

// Products with a softmax in between are one launch, whose only memory besides
// operands are tiles in shared memory.
#q = affine_map<(h, m, n, k) -> (m, h, k)>
#k = affine_map<(h, m, n, k) -> (n, h, k)>
#s = affine_map<(h, m, n, k) -> (h, m, n)>
#full = affine_map<(h, m, n) -> (h, m, n)>
#row = affine_map<(h, m, n) -> (h, m)>
#w = affine_map<(h, m, d, n) -> (h, m, n)>
#v = affine_map<(h, m, d, n) -> (n, h, d)>
#o = affine_map<(h, m, d, n) -> (m, h, d)>
// OUTS: dispatch.kernel @attention({{.*}}) attributes {{.*}}num_outs = 1 : i64
// CHECK-LABEL: dispatch.kernel @attention
// CHECK:      gpu.launch
// CHECK:        nvgpu.device_async_copy
// The loop over tiles of keys carries maxima, sums and results.
// CHECK:        scf.for
// CHECK:          nvgpu.device_async_wait
// CHECK:          gpu.barrier
// CHECK:          gpu.shuffle xor
// CHECK:          math.exp2
// CHECK:          nvvm.bar.warp.sync
// CHECK:          memref.store
// CHECK:          nvvm.bar.warp.sync
// CHECK:        arith.divf
// CHECK:      gpu.terminator
// CHECK-NEXT: nvvm.minctasm = 1
// CHECK-NOT:  gpu.launch
// TF32-LABEL: dispatch.kernel @attention
// TF32:       gpu.launch
// TF32:         scf.for
// TF32:           nvvm.mma.sync
// TF32:           math.exp2
// TF32:           nvvm.mma.sync
// TF32-NOT:   gpu.launch
dispatch.kernel @attention(%query: tensor<64x2x16xf32>, %key: tensor<96x2x16xf32>, %value: tensor<96x2x16xf32>, %out: tensor<64x2x16xf32>) -> tensor<64x2x16xf32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %scale = arith.constant 0.25 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : tensor<2x64x96xf32>
  %e1 = tensor.empty() : tensor<2x64xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x64x96xf32>) -> tensor<2x64x96xf32>
  %scores = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%query, %key : tensor<64x2x16xf32>, tensor<96x2x16xf32>) outs(%f0 : tensor<2x64x96xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x64x96xf32>
  %logits = linalg.generic {indexing_maps = [#full, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%scores : tensor<2x64x96xf32>) outs(%e0 : tensor<2x64x96xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.mulf %a, %scale : f32
    linalg.yield %0 : f32
  } -> tensor<2x64x96xf32>
  %f1 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2x64xf32>) -> tensor<2x64xf32>
  %largest = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%logits : tensor<2x64x96xf32>) outs(%f1 : tensor<2x64xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.maximumf %c, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x64xf32>
  %exps = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%logits, %largest : tensor<2x64x96xf32>, tensor<2x64xf32>) outs(%e0 : tensor<2x64x96xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.subf %a, %b : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x64x96xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x64xf32>) -> tensor<2x64xf32>
  %sum = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%exps : tensor<2x64x96xf32>) outs(%f2 : tensor<2x64xf32>) {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.addf %c, %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x64xf32>
  %weights = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%exps, %sum : tensor<2x64x96xf32>, tensor<2x64xf32>) outs(%e0 : tensor<2x64x96xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.divf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x64x96xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%out : tensor<64x2x16xf32>) -> tensor<64x2x16xf32>
  %result = linalg.generic {indexing_maps = [#w, #v, #o], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%weights, %value : tensor<2x64x96xf32>, tensor<96x2x16xf32>) outs(%f3 : tensor<64x2x16xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<64x2x16xf32>
  dispatch.return %result : tensor<64x2x16xf32>
}
