// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v3 | FileCheck %s

// Queries and keys are slices of one tensor. The keys, which a vector would
// have to gather, are packed: what packs them reads the slice, and the kernel
// gets an argument more.

// CHECK-LABEL: dispatch.kernel @pack_scores(
// CHECK-SAME: %[[QK:.*]]: tensor<32x2x64xf32>, %{{.*}}: tensor<[[PANELS:[0-9]+]]x64x[[PANEL:[0-9]+]]xf32>)
// CHECK: %[[K:.*]] = tensor.extract_slice %[[QK]][0, 1, 0] [32, 1, 64] [1, 1, 1]
// CHECK: linalg.generic {{.*}} ins(%[[K]] : tensor<32x64xf32>)
// CHECK-LABEL: dispatch.kernel @scores(
// CHECK-SAME: %[[QK:.*]]: tensor<32x2x64xf32>, %[[PACKED:.*]]: tensor<[[PANELS]]x64x[[PANEL]]xf32>, %{{.*}}: tensor<32x32xf32>)
// CHECK: %[[Q:.*]] = tensor.extract_slice %[[QK]][0, 0, 0]
// CHECK-NOT: tensor.extract_slice
// CHECK: linalg.generic {{.*}} ins(%[[Q]], %[[PACKED]] :
dispatch.kernel @scores(%qk: tensor<32x2x64xf32>, %o: tensor<32x32xf32>) -> tensor<32x32xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %q = tensor.extract_slice %qk[0, 0, 0] [32, 1, 64] [1, 1, 1] : tensor<32x2x64xf32> to tensor<32x64xf32>
  %k = tensor.extract_slice %qk[0, 1, 0] [32, 1, 64] [1, 1, 1] : tensor<32x2x64xf32> to tensor<32x64xf32>
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<32x32xf32>) -> tensor<32x32xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %k : tensor<32x64xf32>, tensor<32x64xf32>) outs(%f : tensor<32x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<32x32xf32>
  dispatch.return %r : tensor<32x32xf32>
}

// Where the kernel reads nothing else of its argument, that one is packed.
// CHECK-LABEL: dispatch.kernel @pack_part(
// CHECK: tensor.extract_slice
// CHECK-LABEL: dispatch.kernel @part(
// CHECK-SAME: %{{.*}}: tensor<32x64xf32>, %{{.*}}: tensor<{{[0-9]+}}x64x{{[0-9]+}}xf32>, %{{.*}}: tensor<32x32xf32>)
// CHECK-NOT: tensor.extract_slice
dispatch.kernel @part(%q: tensor<32x64xf32>, %all: tensor<100x64xf32>, %o: tensor<32x32xf32>) -> tensor<32x32xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %k = tensor.extract_slice %all[68, 0] [32, 64] [1, 1] : tensor<100x64xf32> to tensor<32x64xf32>
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<32x32xf32>) -> tensor<32x32xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %k : tensor<32x64xf32>, tensor<32x64xf32>) outs(%f : tensor<32x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<32x32xf32>
  dispatch.return %r : tensor<32x32xf32>
}

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[QK:.*]]: tensor<32x2x64xf32>, %[[X:.*]]: tensor<32x64xf32>, %[[ALL:.*]]: tensor<100x64xf32>)
// CHECK-DAG: %[[P:.*]] = dispatch.launch @pack_scores ins(%[[QK]] :
// CHECK-DAG: dispatch.launch @scores ins(%[[QK]], %[[P]] :
// CHECK-DAG: %[[P2:.*]] = dispatch.launch @pack_part ins(%[[ALL]] :
// CHECK-DAG: dispatch.launch @part ins(%[[X]], %[[P2]] :
func.func @main(%qk: tensor<32x2x64xf32>, %x: tensor<32x64xf32>, %all: tensor<100x64xf32>) -> (tensor<32x32xf32>, tensor<32x32xf32>) {
  %e = tensor.empty() : tensor<32x32xf32>
  %0 = dispatch.launch @scores ins(%qk : tensor<32x2x64xf32>) outs(%e : tensor<32x32xf32>) -> tensor<32x32xf32>
  %1 = dispatch.launch @part ins(%x, %all : tensor<32x64xf32>, tensor<100x64xf32>) outs(%e : tensor<32x32xf32>) -> tensor<32x32xf32>
  return %0, %1 : tensor<32x32xf32>, tensor<32x32xf32>
}
