// y = x + 0.5 for two shapes of x.
#id = affine_map<(d0, d1) -> (d0, d1)>
#col = affine_map<(d0, d1) -> (d1)>
module {
  func.func @main(%x: tensor<2x64xf32> {dlc.name = "x"}) -> (tensor<2x64xf32> {dlc.name = "y"}) attributes {dlc.dims = "n=2"} {
    %w = arith.constant dense<0.5> : tensor<64xf32>
    %e = tensor.empty() : tensor<2x64xf32>
    %y = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %w : tensor<2x64xf32>, tensor<64xf32>) outs(%e : tensor<2x64xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %0 = arith.addf %a, %b : f32
      linalg.yield %0 : f32
    } -> tensor<2x64xf32>
    return %y : tensor<2x64xf32>
  }
  func.func @main_1(%x: tensor<3x64xf32> {dlc.name = "x"}) -> (tensor<3x64xf32> {dlc.name = "y"}) attributes {dlc.dims = "n=3"} {
    %w = arith.constant dense<0.5> : tensor<64xf32>
    %e = tensor.empty() : tensor<3x64xf32>
    %y = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %w : tensor<3x64xf32>, tensor<64xf32>) outs(%e : tensor<3x64xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %0 = arith.addf %a, %b : f32
      linalg.yield %0 : f32
    } -> tensor<3x64xf32>
    return %y : tensor<3x64xf32>
  }
}
