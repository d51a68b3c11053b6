// RUN: dlc-opt %s --convert-nn-to-linalg --split-input-file | FileCheck %s

// What a cast rounds stays rounded; what it reads need not have been.
// CHECK-LABEL: @casts
// CHECK: arith.truncf %{{[^ ]*}} : f32 to f16
// CHECK: arith.extf %{{[^ ]*}} fastmath<contract> : f16 to f32
func.func @casts(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = nn.cast %x : (tensor<3xf32>) -> tensor<3xf16>
  %1 = nn.cast %0 : (tensor<3xf16>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}

// -----

// Integers are steps, and so are the numbers of a narrower format.
// CHECK-LABEL: @steps
// CHECK: arith.extf %{{[^ ]*}} : bf16 to f32
// CHECK: arith.fptosi
// CHECK: arith.extf %{{[^ ]*}} : bf16 to f32
func.func @steps(%x: tensor<3xbf16>) -> (tensor<3xi8>, tensor<3xf8E4M3FN>) {
  %0 = nn.cast %x : (tensor<3xbf16>) -> tensor<3xi8>
  %1 = nn.cast %x : (tensor<3xbf16>) -> tensor<3xf8E4M3FN>
  return %0, %1 : tensor<3xi8>, tensor<3xf8E4M3FN>
}

// -----

// So are comparisons, rounding, and positions of what is equal to the largest.
// CHECK-LABEL: @jumps
// CHECK-NOT: arith.extf {{.*}} fastmath
// CHECK: arith.cmpf olt
// CHECK-NOT: arith.extf {{.*}} fastmath
// CHECK: math.floor
// CHECK-NOT: arith.extf {{.*}} fastmath
// CHECK: arith.maximumf
// CHECK-NOT: arith.extf {{.*}} fastmath
// CHECK: return
func.func @jumps(%x: tensor<2x3xf16>, %y: tensor<2x3xf16>)
    -> (tensor<2x3xi1>, tensor<2x3xf16>, tensor<2x1xi64>) {
  %0 = nn.compare lt %x, %y : (tensor<2x3xf16>, tensor<2x3xf16>) -> tensor<2x3xi1>
  %1 = nn.floor %x : (tensor<2x3xf16>) -> tensor<2x3xf16>
  %2 = nn.arg_reduce max %x axis = 1 keepdims : (tensor<2x3xf16>) -> tensor<2x1xi64>
  return %0, %1, %2 : tensor<2x3xi1>, tensor<2x3xf16>, tensor<2x1xi64>
}
