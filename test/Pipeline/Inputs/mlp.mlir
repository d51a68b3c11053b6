func.func @main(%x: tensor<3x16xf32> {dlc.name = "x"}) -> (tensor<3x10xf32> {dlc.name = "y"}) {
  %w = nn.constant dense_resource<w> : tensor<16x10xf32>
  %b = nn.constant dense<[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]> : tensor<10xf32>
  %0 = nn.matmul %x, %w : (tensor<3x16xf32>, tensor<16x10xf32>) -> tensor<3x10xf32>
  %1 = nn.add %0, %b : (tensor<3x10xf32>, tensor<10xf32>) -> tensor<3x10xf32>
  %2 = nn.relu %1 : (tensor<3x10xf32>) -> tensor<3x10xf32>
  return %2 : tensor<3x10xf32>
}
