// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v4 | FileCheck %s

// A product of one row would take wider panels than one of many, but the weights
// are the same: both take the panels of the one with more work, and one kernel
// packs for both. Other weights get the panels that suit.

// CHECK: dispatch.kernel @pack_many(%{{.*}}: tensor<64x512xf32>, %{{.*}}: tensor<[[N:[0-9]+]]x64x[[P:[0-9]+]]xf32>)
// CHECK: dispatch.kernel @many(%{{.*}}: tensor<48x64xf32>, %{{.*}}: tensor<[[N]]x64x[[P]]xf32>
// CHECK-NOT:   dispatch.kernel @pack_one(
// CHECK: dispatch.kernel @one(%{{.*}}: tensor<1x64xf32>, %{{.*}}: tensor<[[N]]x64x[[P]]xf32>
// CHECK: dispatch.kernel @pack_alone(
// CHECK-NOT:   tensor<[[N]]x64x[[P]]xf32>
// CHECK:       func.func @main(
// CHECK:       dispatch.launch @pack_many
// CHECK:       dispatch.launch @many
// CHECK: func.func @main_1(
// CHECK:       dispatch.launch @pack_many
// CHECK:       dispatch.launch @one
dispatch.kernel @many(%x: tensor<48x64xf32>, %w: tensor<64x512xf32>, %o: tensor<48x512xf32>) -> tensor<48x512xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<48x512xf32>) -> tensor<48x512xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<48x64xf32>, tensor<64x512xf32>) outs(%f : tensor<48x512xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<48x512xf32>
  dispatch.return %r : tensor<48x512xf32>
}
dispatch.kernel @one(%x: tensor<1x64xf32>, %w: tensor<64x512xf32>, %o: tensor<1x512xf32>) -> tensor<1x512xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<1x512xf32>) -> tensor<1x512xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<1x64xf32>, tensor<64x512xf32>) outs(%f : tensor<1x512xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<1x512xf32>
  dispatch.return %r : tensor<1x512xf32>
}
dispatch.kernel @alone(%x: tensor<1x64xf32>, %w: tensor<64x512xf32>, %o: tensor<1x512xf32>) -> tensor<1x512xf32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%o : tensor<1x512xf32>) -> tensor<1x512xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<1x64xf32>, tensor<64x512xf32>) outs(%f : tensor<1x512xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b fastmath<contract> : f32
    %s = arith.addf %c, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<1x512xf32>
  dispatch.return %r : tensor<1x512xf32>
}

func.func @main(%x: tensor<48x64xf32>) -> tensor<48x512xf32> attributes {dlc.dims = "n=48"} {
  %w = arith.constant dense<1.0> : tensor<64x512xf32>
  %e = tensor.empty() : tensor<48x512xf32>
  %0 = dispatch.launch @many ins(%x, %w : tensor<48x64xf32>, tensor<64x512xf32>) outs(%e : tensor<48x512xf32>) -> tensor<48x512xf32>
  return %0 : tensor<48x512xf32>
}
func.func @main_1(%x: tensor<1x64xf32>) -> (tensor<1x512xf32>, tensor<1x512xf32>) attributes {dlc.dims = "n=1"} {
  %w = arith.constant dense<1.0> : tensor<64x512xf32>
  %v = arith.constant dense<2.0> : tensor<64x512xf32>
  %e = tensor.empty() : tensor<1x512xf32>
  %0 = dispatch.launch @one ins(%x, %w : tensor<1x64xf32>, tensor<64x512xf32>) outs(%e : tensor<1x512xf32>) -> tensor<1x512xf32>
  %1 = dispatch.launch @alone ins(%x, %v : tensor<1x64xf32>, tensor<64x512xf32>) outs(%e : tensor<1x512xf32>) -> tensor<1x512xf32>
  return %0, %1 : tensor<1x512xf32>, tensor<1x512xf32>
}
