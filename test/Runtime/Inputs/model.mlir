// A small network at level linalg, compiled through everything below it:
// y = softmax(relu(x W + b)) and z = the sums of the rows of relu(x W + b).
#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#col = affine_map<(d0, d1) -> (d1)>
module attributes {dlc.source = "small.onnx"} {
  func.func @main(%x: tensor<33x29xf32> {dlc.name = "x"})
      -> (tensor<33x41xf32> {dlc.name = "y"}, tensor<33xf32> {dlc.name = "z/sum"}) {
    %w = arith.constant dense<0.03125> : tensor<29x41xf32>
    %b = arith.constant dense<[-0.1250, -0.0625, 0.0000, 0.0625, 0.1250, 0.1875, 0.2500, 0.3125, 0.3750, 0.4375, 0.5000, 0.5625, 0.6250, 0.6875, 0.7500, 0.8125, 0.8750, 0.9375, 1.0000, 1.0625, 1.1250, 1.1875, 1.2500, 1.3125, 1.3750, 1.4375, 1.5000, 1.5625, 1.6250, 1.6875, 1.7500, 1.8125, 1.8750, 1.9375, 2.0000, 2.0625, 2.1250, 2.1875, 2.2500, 2.3125, 2.3750]> : tensor<41xf32>
    %zero = arith.constant 0.0 : f32
    %low = arith.constant 0xFF800000 : f32
    %e = tensor.empty() : tensor<33x41xf32>
    %er = tensor.empty() : tensor<33xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<33x41xf32>) -> tensor<33x41xf32>
    %mm = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w : tensor<33x29xf32>, tensor<29x41xf32>) outs(%f : tensor<33x41xf32>) {
    ^bb0(%p: f32, %q: f32, %acc: f32):
      %0 = arith.mulf %p, %q fastmath<contract> : f32
      %1 = arith.addf %acc, %0 fastmath<reassoc,contract> : f32
      linalg.yield %1 : f32
    } -> tensor<33x41xf32>
    %relu = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
        ins(%mm, %b : tensor<33x41xf32>, tensor<41xf32>) outs(%e : tensor<33x41xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %0 = arith.addf %p, %q : f32
      %1 = arith.maximumf %0, %zero : f32
      linalg.yield %1 : f32
    } -> tensor<33x41xf32>
    %fl = linalg.fill ins(%low : f32) outs(%er : tensor<33xf32>) -> tensor<33xf32>
    %max = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
        ins(%relu : tensor<33x41xf32>) outs(%fl : tensor<33xf32>) {
    ^bb0(%p: f32, %acc: f32):
      %0 = arith.maximumf %acc, %p : f32
      linalg.yield %0 : f32
    } -> tensor<33xf32>
    %exp = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
        ins(%relu, %max : tensor<33x41xf32>, tensor<33xf32>) outs(%e : tensor<33x41xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %0 = arith.subf %p, %q : f32
      %1 = math.exp %0 : f32
      linalg.yield %1 : f32
    } -> tensor<33x41xf32>
    %fz = linalg.fill ins(%zero : f32) outs(%er : tensor<33xf32>) -> tensor<33xf32>
    %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
        ins(%exp : tensor<33x41xf32>) outs(%fz : tensor<33xf32>) {
    ^bb0(%p: f32, %acc: f32):
      %0 = arith.addf %acc, %p fastmath<reassoc> : f32
      linalg.yield %0 : f32
    } -> tensor<33xf32>
    %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
        ins(%exp, %sum : tensor<33x41xf32>, tensor<33xf32>) outs(%e : tensor<33x41xf32>) {
    ^bb0(%p: f32, %q: f32, %o: f32):
      %0 = arith.divf %p, %q : f32
      linalg.yield %0 : f32
    } -> tensor<33x41xf32>
    %z = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
        ins(%relu : tensor<33x41xf32>) outs(%fz : tensor<33xf32>) {
    ^bb0(%p: f32, %acc: f32):
      %0 = arith.addf %acc, %p fastmath<reassoc> : f32
      linalg.yield %0 : f32
    } -> tensor<33xf32>
    return %y, %z : tensor<33x41xf32>, tensor<33xf32>
  }
}
