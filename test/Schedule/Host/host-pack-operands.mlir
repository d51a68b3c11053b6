// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v4 | FileCheck %s

// The weights, a constant, are read as panels: a kernel that packs them is
// launched in front (and evaluated at compile time later). 100 columns are two
// panels of 64, the last columns of the second are zero.

// CHECK: #[[$PANEL:.*]] = affine_map<(d0, d1, d2) -> (d1 floordiv 64, d2, d1 mod 64)>

// CHECK-LABEL: dispatch.kernel @pack_matmul(%{{.*}}: tensor<64x100xf32>, %{{.*}}: tensor<2x64x64xf32>)
// CHECK: linalg.fill
// CHECK: tensor.insert_slice {{.*}}[1, 0, 0] [1, 64, 36] [1, 1, 1]
// CHECK-LABEL: dispatch.kernel @matmul(%{{.*}}: tensor<48x64xf32>, %{{.*}}: tensor<2x64x64xf32>, %{{.*}}: tensor<48x100xf32>)
dispatch.kernel @matmul(%x: tensor<48x64xf32>, %w: tensor<64x100xf32>, %o: tensor<48x100xf32>) -> tensor<48x100xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<48x100xf32>) -> tensor<48x100xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<48x64xf32>, tensor<64x100xf32>) outs(%f : tensor<48x100xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<48x100xf32>
  dispatch.return %r : tensor<48x100xf32>
}

// An operand that the program computes is packed only where it would have to
// be gathered.
// CHECK-LABEL: dispatch.kernel @pack_transposed(
// CHECK-LABEL: dispatch.kernel @transposed(%{{.*}}: tensor<48x64xf32>, %{{.*}}: tensor<{{[0-9]+}}x64x{{[0-9]+}}xf32>
dispatch.kernel @transposed(%x: tensor<48x64xf32>, %w: tensor<100x64xf32>, %o: tensor<48x100xf32>) -> tensor<48x100xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<48x100xf32>) -> tensor<48x100xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<48x64xf32>, tensor<100x64xf32>) outs(%f : tensor<48x100xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<48x100xf32>
  dispatch.return %r : tensor<48x100xf32>
}

// CHECK-LABEL: dispatch.kernel @plain(%{{.*}}: tensor<48x64xf32>, %{{.*}}: tensor<64x100xf32>
dispatch.kernel @plain(%x: tensor<48x64xf32>, %w: tensor<64x100xf32>, %o: tensor<48x100xf32>) -> tensor<48x100xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<48x100xf32>) -> tensor<48x100xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<48x64xf32>, tensor<64x100xf32>) outs(%f : tensor<48x100xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<48x100xf32>
  dispatch.return %r : tensor<48x100xf32>
}

// CHECK-LABEL: func.func @main
// CHECK: %[[W:.*]] = arith.constant
// CHECK: %[[E:.*]] = tensor.empty() : tensor<2x64x64xf32>
// CHECK: %[[P:.*]] = dispatch.launch @pack_matmul ins(%[[W]] : {{.*}}) outs(%[[E]] :
// CHECK: dispatch.launch @matmul ins(%{{.*}}, %[[P]] :
func.func @main(%x: tensor<48x64xf32>, %t: tensor<100x64xf32>, %p: tensor<64x100xf32>) -> (tensor<48x100xf32>, tensor<48x100xf32>, tensor<48x100xf32>) {
  %w = arith.constant dense<1.0> : tensor<64x100xf32>
  %e = tensor.empty() : tensor<48x100xf32>
  %0 = dispatch.launch @matmul ins(%x, %w : tensor<48x64xf32>, tensor<64x100xf32>) outs(%e : tensor<48x100xf32>) -> tensor<48x100xf32>
  %1 = dispatch.launch @transposed ins(%x, %t : tensor<48x64xf32>, tensor<100x64xf32>) outs(%e : tensor<48x100xf32>) -> tensor<48x100xf32>
  %2 = dispatch.launch @plain ins(%x, %p : tensor<48x64xf32>, tensor<64x100xf32>) outs(%e : tensor<48x100xf32>) -> tensor<48x100xf32>
  return %0, %1, %2 : tensor<48x100xf32>, tensor<48x100xf32>, tensor<48x100xf32>
}
