// RUN: dlc-opt %s --dlc-lower --dlc-dispatch | FileCheck %s

// Two quantised products that are added up: the one that is computed first stores bytes,
// not its sums, and the other one's kernel does the rest.

// CHECK: %[[BYTES:.*]] = dispatch.launch @[[FIRST:contract_8x8x16[^ ]*]] {{.*}} -> tensor<8x8xi8>
// CHECK: dispatch.launch @[[SECOND:contract[^ ]*]] ins({{.*}}, %[[BYTES]] : {{.*}} -> tensor<8x8xf32>
// CHECK-NOT: dispatch.launch
// CHECK: dispatch.kernel @[[FIRST]]
// CHECK: math.roundeven
// CHECK: dispatch.kernel @[[SECOND]]
// CHECK: arith.muli
// CHECK: linalg.generic
// CHECK: math.roundeven
// CHECK: arith.addf
// CHECK-NOT: linalg.generic
// CHECK: dispatch.return
func.func @main(%a: tensor<8x16xi8> {dlc.name = "a"}, %b: tensor<8x32xi8> {dlc.name = "b"}, %u: tensor<16x8xi8> {dlc.name = "u"}, %v: tensor<32x8xi8> {dlc.name = "v"})
    -> (tensor<8x8xf32> {dlc.name = "y"}) {
  %scale = nn.constant dense<0.01> : tensor<f32>
  %0 = nn.matmul %a, %u wide : (tensor<8x16xi8>, tensor<16x8xi8>) -> tensor<8x8xi32>
  %1 = nn.cast %0 : (tensor<8x8xi32>) -> tensor<8x8xf32>
  %2 = nn.mul %1, %scale : (tensor<8x8xf32>, tensor<f32>) -> tensor<8x8xf32>
  %3 = nn.round %2 : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %4 = nn.cast %3 : (tensor<8x8xf32>) -> tensor<8x8xi8>
  %5 = nn.cast %4 : (tensor<8x8xi8>) -> tensor<8x8xf32>
  %6 = nn.matmul %b, %v wide : (tensor<8x32xi8>, tensor<32x8xi8>) -> tensor<8x8xi32>
  %7 = nn.cast %6 : (tensor<8x8xi32>) -> tensor<8x8xf32>
  %8 = nn.mul %7, %scale : (tensor<8x8xf32>, tensor<f32>) -> tensor<8x8xf32>
  %9 = nn.round %8 : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %10 = nn.cast %9 : (tensor<8x8xf32>) -> tensor<8x8xi8>
  %11 = nn.cast %10 : (tensor<8x8xi8>) -> tensor<8x8xf32>
  %12 = nn.add %5, %11 : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  return %12 : tensor<8x8xf32>
}
