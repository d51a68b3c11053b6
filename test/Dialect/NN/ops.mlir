// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s --mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: func @unary
// CHECK: nn.abs %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.neg %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.ceil %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.floor %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.round %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.sqrt %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.rsqrt %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.reciprocal %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.exp %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.log %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.sin %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.cos %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.tan %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.asin %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.acos %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.atan %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.sinh %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.cosh %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.asinh %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.acosh %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.atanh %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.erf %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.tanh %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.sigmoid %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.relu %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.sign %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
func.func @unary(%x: tensor<2x3xf32>) {
  %0 = nn.abs %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.neg %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = nn.ceil %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = nn.floor %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = nn.round %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = nn.sqrt %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %6 = nn.rsqrt %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %7 = nn.reciprocal %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %8 = nn.exp %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %9 = nn.log %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %10 = nn.sin %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %11 = nn.cos %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %12 = nn.tan %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %13 = nn.asin %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %14 = nn.acos %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %15 = nn.atan %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %16 = nn.sinh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %17 = nn.cosh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %18 = nn.asinh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %19 = nn.acosh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %20 = nn.atanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %21 = nn.erf %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %22 = nn.tanh %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %23 = nn.sigmoid %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %24 = nn.relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %25 = nn.sign %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// CHECK-LABEL: func @unary_others
// CHECK: nn.not %{{.*}} : (tensor<3xi1>) -> tensor<3xi1>
// CHECK: nn.bitwise_not %{{.*}} : (tensor<3xui8>) -> tensor<3xui8>
// CHECK: nn.is_nan %{{.*}} : (tensor<bf16>) -> tensor<i1>
// CHECK: nn.is_inf %{{.*}} : (tensor<bf16>) -> tensor<i1>
// CHECK: nn.cast %{{.*}} : (tensor<3xui8>) -> tensor<3xf64>
// CHECK: nn.cast %{{.*}} {saturate = false} : (tensor<3xui8>) -> tensor<3xf8E5M2>
// CHECK: nn.cast %{{.*}} {round = #nn<round_mode nearest>} : (tensor<bf16>) -> tensor<f8E8M0FNU>
// CHECK: nn.bitcast %{{.*}} : (tensor<bf16>) -> tensor<ui16>
// CHECK: nn.bitcast %{{.*}} : (tensor<3xi1>) -> tensor<3xf8E4M3FNUZ>
func.func @unary_others(%x: tensor<3xi1>, %y: tensor<3xui8>, %z: tensor<bf16>) {
  %0 = nn.not %x : (tensor<3xi1>) -> tensor<3xi1>
  %1 = nn.bitwise_not %y : (tensor<3xui8>) -> tensor<3xui8>
  %2 = nn.is_nan %z : (tensor<bf16>) -> tensor<i1>
  %3 = nn.is_inf %z : (tensor<bf16>) -> tensor<i1>
  %4 = nn.cast %y : (tensor<3xui8>) -> tensor<3xf64>
  %5 = nn.cast %y {saturate = false} : (tensor<3xui8>) -> tensor<3xf8E5M2>
  %6 = nn.cast %z {round = #nn<round_mode nearest>} : (tensor<bf16>) -> tensor<f8E8M0FNU>
  %7 = nn.bitcast %z : (tensor<bf16>) -> tensor<ui16>
  %8 = nn.bitcast %x : (tensor<3xi1>) -> tensor<3xf8E4M3FNUZ>
  return
}

// CHECK-LABEL: func @binary
// CHECK: nn.add %{{.*}}, %{{.*}} : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
// CHECK: nn.sub %{{.*}}, %{{.*}} : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
// CHECK: nn.mul %{{.*}}, %{{.*}} : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
// CHECK: nn.div %{{.*}}, %{{.*}} : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
// CHECK: nn.pow %{{.*}}, %{{.*}} : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
// CHECK: nn.max %{{.*}}, %{{.*}} : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
// CHECK: nn.min %{{.*}}, %{{.*}} : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
// CHECK: nn.mod %{{.*}}, %{{.*}} : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
// CHECK: nn.mod %{{.*}}, %{{.*}} fmod : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
func.func @binary(%x: tensor<2x1xf32>, %y: tensor<4x1x3xf32>) {
  %0 = nn.add %x, %y : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
  %1 = nn.sub %x, %y : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
  %2 = nn.mul %x, %y : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
  %3 = nn.div %x, %y : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
  %4 = nn.pow %x, %y : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
  %5 = nn.max %x, %y : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
  %6 = nn.min %x, %y : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
  %7 = nn.mod %x, %y : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
  %8 = nn.mod %x, %y fmod : (tensor<2x1xf32>, tensor<4x1x3xf32>) -> tensor<4x2x3xf32>
  return
}

// CHECK-LABEL: func @logic
// CHECK: nn.and %{{.*}}, %{{.*}} : (tensor<2xi1>, tensor<0x2xi1>) -> tensor<0x2xi1>
// CHECK: nn.or %{{.*}}, %{{.*}} : (tensor<2xi1>, tensor<0x2xi1>) -> tensor<0x2xi1>
// CHECK: nn.xor %{{.*}}, %{{.*}} : (tensor<2xi1>, tensor<0x2xi1>) -> tensor<0x2xi1>
func.func @logic(%x: tensor<2xi1>, %y: tensor<0x2xi1>) {
  %0 = nn.and %x, %y : (tensor<2xi1>, tensor<0x2xi1>) -> tensor<0x2xi1>
  %1 = nn.or %x, %y : (tensor<2xi1>, tensor<0x2xi1>) -> tensor<0x2xi1>
  %2 = nn.xor %x, %y : (tensor<2xi1>, tensor<0x2xi1>) -> tensor<0x2xi1>
  return
}

// CHECK-LABEL: func @bits
// CHECK: nn.bitwise_and %{{.*}}, %{{.*}} : (tensor<2xui8>, tensor<ui8>) -> tensor<2xui8>
// CHECK: nn.bitwise_or %{{.*}}, %{{.*}} : (tensor<2xui8>, tensor<ui8>) -> tensor<2xui8>
// CHECK: nn.bitwise_xor %{{.*}}, %{{.*}} : (tensor<2xui8>, tensor<ui8>) -> tensor<2xui8>
// CHECK: nn.shift left %{{.*}}, %{{.*}} : (tensor<2xui8>, tensor<ui8>) -> tensor<2xui8>
// CHECK: nn.shift right %{{.*}}, %{{.*}} : (tensor<2xui8>, tensor<ui8>) -> tensor<2xui8>
func.func @bits(%x: tensor<2xui8>, %y: tensor<ui8>) {
  %0 = nn.bitwise_and %x, %y : (tensor<2xui8>, tensor<ui8>) -> tensor<2xui8>
  %1 = nn.bitwise_or %x, %y : (tensor<2xui8>, tensor<ui8>) -> tensor<2xui8>
  %2 = nn.bitwise_xor %x, %y : (tensor<2xui8>, tensor<ui8>) -> tensor<2xui8>
  %3 = nn.shift left %x, %y : (tensor<2xui8>, tensor<ui8>) -> tensor<2xui8>
  %4 = nn.shift right %x, %y : (tensor<2xui8>, tensor<ui8>) -> tensor<2xui8>
  return
}

// CHECK-LABEL: func @compare
// CHECK: nn.compare eq %{{.*}}, %{{.*}} : (tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi1>
// CHECK: nn.compare ne %{{.*}}, %{{.*}} : (tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi1>
// CHECK: nn.compare lt %{{.*}}, %{{.*}} : (tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi1>
// CHECK: nn.compare le %{{.*}}, %{{.*}} : (tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi1>
// CHECK: nn.compare gt %{{.*}}, %{{.*}} : (tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi1>
// CHECK: nn.compare ge %{{.*}}, %{{.*}} : (tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi1>
// CHECK: nn.select %{{.*}}, %{{.*}}, %{{.*}} : (tensor<3x2xi1>, tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi64>
func.func @compare(%x: tensor<2xi64>, %y: tensor<3x1xi64>, %z: tensor<3x2xi1>) {
  %0 = nn.compare eq %x, %y : (tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi1>
  %1 = nn.compare ne %x, %y : (tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi1>
  %2 = nn.compare lt %x, %y : (tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi1>
  %3 = nn.compare le %x, %y : (tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi1>
  %4 = nn.compare gt %x, %y : (tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi1>
  %5 = nn.compare ge %x, %y : (tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi1>
  %6 = nn.select %z, %x, %y : (tensor<3x2xi1>, tensor<2xi64>, tensor<3x1xi64>) -> tensor<3x2xi64>
  return
}

// CHECK-LABEL: func @contractions
// CHECK: nn.conv %{{.*}}, %{{.*}} strides = [1, 2] pads = [1, 1, 0, 1] dilations = [1, 1] groups = 4 : (tensor<1x8x6x6xf32>, tensor<8x2x3x3xf32>) -> tensor<1x8x5x3xf32>
// CHECK: nn.conv_transpose %{{.*}}, %{{.*}} strides = [2, 2] pads = [0, 0, 1, 1] dilations = [1, 1] output_padding = [1, 0] : (tensor<1x8x6x6xf32>, tensor<8x2x3x3xf32>) -> tensor<1x2x13x12xf32>
// CHECK: nn.matmul %{{.*}}, %{{.*}} : (tensor<1x8x6x6xf32>, tensor<8x6x2xf32>) -> tensor<1x8x6x2xf32>
func.func @contractions(%x: tensor<1x8x6x6xf32>, %y: tensor<8x2x3x3xf32>, %z: tensor<8x6x2xf32>) {
  %0 = nn.conv %x, %y strides = [1, 2] pads = [1, 1, 0, 1] dilations = [1, 1] groups = 4 : (tensor<1x8x6x6xf32>, tensor<8x2x3x3xf32>) -> tensor<1x8x5x3xf32>
  %1 = nn.conv_transpose %x, %y strides = [2, 2] pads = [0, 0, 1, 1] dilations = [1, 1] output_padding = [1, 0] : (tensor<1x8x6x6xf32>, tensor<8x2x3x3xf32>) -> tensor<1x2x13x12xf32>
  %2 = nn.matmul %x, %z : (tensor<1x8x6x6xf32>, tensor<8x6x2xf32>) -> tensor<1x8x6x2xf32>
  return
}

// CHECK-LABEL: func @contractions_last
// CHECK: nn.conv %{{.*}}, %{{.*}} strides = [1] pads = [0, 0] dilations = [2] channels_last : (tensor<1x6x8xf16>, tensor<4x8x3xf16>) -> tensor<1x2x4xf16>
// CHECK: nn.conv_transpose %{{.*}}, %{{.*}} strides = [1] pads = [0, 0] dilations = [1] output_padding = [0] groups = 2 channels_last : (tensor<1x6x8xf16>, tensor<8x4x3xf16>) -> tensor<1x8x8xf16>
func.func @contractions_last(%x: tensor<1x6x8xf16>, %y: tensor<4x8x3xf16>, %z: tensor<8x4x3xf16>) {
  %0 = nn.conv %x, %y strides = [1] pads = [0, 0] dilations = [2] channels_last : (tensor<1x6x8xf16>, tensor<4x8x3xf16>) -> tensor<1x2x4xf16>
  %1 = nn.conv_transpose %x, %z strides = [1] pads = [0, 0] dilations = [1] output_padding = [0] groups = 2 channels_last : (tensor<1x6x8xf16>, tensor<8x4x3xf16>) -> tensor<1x8x8xf16>
  return
}

// CHECK-LABEL: func @windows
// CHECK: nn.max_pool %{{.*}} kernel = [3, 3] strides = [2, 2] pads = [0, 0, 1, 1] dilations = [1, 1] : (tensor<1x8x6x6xf32>) -> tensor<1x8x3x3xf32>
// CHECK: nn.avg_pool %{{.*}} kernel = [3, 3] strides = [2, 2] pads = [0, 0, 1, 1] dilations = [1, 1] : (tensor<1x8x6x6xf32>) -> tensor<1x8x3x3xf32>
// CHECK: nn.avg_pool %{{.*}} kernel = [3, 3] strides = [2, 2] pads = [0, 0, 1, 1] dilations = [1, 1] count_include_pad channels_last : (tensor<1x8x6x6xf32>) -> tensor<1x4x3x6xf32>
// CHECK: nn.lrn %{{.*}} size = 5 alpha = 1.000000e-04 beta = 7.500000e-01 bias = 1.000000e+00 : (tensor<1x8x6x6xf32>) -> tensor<1x8x6x6xf32>
// CHECK: nn.resize nearest %{{.*}} scales = [1.000000e+00, 1.000000e+00, 2.000000e+00, 2.000000e+00] coordinate = asymmetric nearest_mode = floor : (tensor<1x8x6x6xf32>) -> tensor<1x8x12x12xf32>
// CHECK: nn.resize cubic %{{.*}} scales = [1.000000e+00, 1.000000e+00, 2.000000e+00, 2.000000e+00] coordinate = align_corners cubic_coeff = -5.000000e-01 exclude_outside : (tensor<1x8x6x6xf32>) -> tensor<1x8x12x12xf32>
func.func @windows(%x: tensor<1x8x6x6xf32>) {
  %0 = nn.max_pool %x kernel = [3, 3] strides = [2, 2] pads = [0, 0, 1, 1] dilations = [1, 1] : (tensor<1x8x6x6xf32>) -> tensor<1x8x3x3xf32>
  %1 = nn.avg_pool %x kernel = [3, 3] strides = [2, 2] pads = [0, 0, 1, 1] dilations = [1, 1] : (tensor<1x8x6x6xf32>) -> tensor<1x8x3x3xf32>
  %2 = nn.avg_pool %x kernel = [3, 3] strides = [2, 2] pads = [0, 0, 1, 1] dilations = [1, 1] count_include_pad channels_last : (tensor<1x8x6x6xf32>) -> tensor<1x4x3x6xf32>
  %3 = nn.lrn %x size = 5 alpha = 1.000000e-04 beta = 7.500000e-01 bias = 1.000000e+00 : (tensor<1x8x6x6xf32>) -> tensor<1x8x6x6xf32>
  %4 = nn.resize nearest %x scales = [1.000000e+00, 1.000000e+00, 2.000000e+00, 2.000000e+00] coordinate = asymmetric nearest_mode = floor : (tensor<1x8x6x6xf32>) -> tensor<1x8x12x12xf32>
  %5 = nn.resize cubic %x scales = [1.000000e+00, 1.000000e+00, 2.000000e+00, 2.000000e+00] coordinate = align_corners cubic_coeff = -5.000000e-01 exclude_outside : (tensor<1x8x6x6xf32>) -> tensor<1x8x12x12xf32>
  return
}

// CHECK-LABEL: func @reductions
// CHECK: nn.reduce sum %{{.*}} axes = [0] keepdims : (tensor<2x3xf32>) -> tensor<1x3xf32>
// CHECK: nn.reduce mean %{{.*}} axes = [0] keepdims : (tensor<2x3xf32>) -> tensor<1x3xf32>
// CHECK: nn.reduce max %{{.*}} axes = [0] keepdims : (tensor<2x3xf32>) -> tensor<1x3xf32>
// CHECK: nn.reduce min %{{.*}} axes = [0] keepdims : (tensor<2x3xf32>) -> tensor<1x3xf32>
// CHECK: nn.reduce prod %{{.*}} axes = [0] keepdims : (tensor<2x3xf32>) -> tensor<1x3xf32>
// CHECK: nn.reduce sum %{{.*}} axes = [0, 1] : (tensor<2x3xf32>) -> tensor<f32>
// CHECK: nn.arg_reduce max %{{.*}} axis = 1 : (tensor<2x3xf32>) -> tensor<2xi64>
// CHECK: nn.arg_reduce min %{{.*}} axis = 1 keepdims select_last : (tensor<2x3xf32>) -> tensor<2x1xi64>
// CHECK: nn.cumsum %{{.*}} axis = 0 exclusive reverse : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.softmax %{{.*}} axis = 0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
// CHECK: nn.layer_norm %{{.*}}, %{{.*}} axis = 1 epsilon = 1.000000e-05 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK: nn.layer_norm %{{.*}}, %{{.*}}, %{{.*}} axis = 1 epsilon = 1.000000e-05 : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
// CHECK: nn.batch_norm %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} epsilon = 1.000000e-05 : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4xf32>
func.func @reductions(%x: tensor<2x3xf32>, %y: tensor<3xf32>, %z: tensor<2x3x4xf32>) {
  %0 = nn.reduce sum %x axes = [0] keepdims : (tensor<2x3xf32>) -> tensor<1x3xf32>
  %1 = nn.reduce mean %x axes = [0] keepdims : (tensor<2x3xf32>) -> tensor<1x3xf32>
  %2 = nn.reduce max %x axes = [0] keepdims : (tensor<2x3xf32>) -> tensor<1x3xf32>
  %3 = nn.reduce min %x axes = [0] keepdims : (tensor<2x3xf32>) -> tensor<1x3xf32>
  %4 = nn.reduce prod %x axes = [0] keepdims : (tensor<2x3xf32>) -> tensor<1x3xf32>
  %5 = nn.reduce sum %x axes = [0, 1] : (tensor<2x3xf32>) -> tensor<f32>
  %6 = nn.arg_reduce max %x axis = 1 : (tensor<2x3xf32>) -> tensor<2xi64>
  %7 = nn.arg_reduce min %x axis = 1 keepdims select_last : (tensor<2x3xf32>) -> tensor<2x1xi64>
  %8 = nn.cumsum %x axis = 0 exclusive reverse : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %9 = nn.softmax %x axis = 0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %10 = nn.layer_norm %x, %y axis = 1 epsilon = 1.000000e-05 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %11 = nn.layer_norm %x, %y, %y axis = 1 epsilon = 1.000000e-05 : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %12 = nn.batch_norm %z, %y, %y, %y, %y epsilon = 1.000000e-05 : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4xf32>
  return
}

// CHECK-LABEL: func @data
// CHECK: nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK: nn.constant dense<true> : tensor<i1>
// CHECK: nn.reshape %{{.*}} : (tensor<2x3xf32>) -> tensor<6x1xf32>
// CHECK: nn.transpose %{{.*}} perm = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
// CHECK: nn.broadcast %{{.*}} : (tensor<2x3xf32>) -> tensor<4x2x3xf32>
// CHECK: nn.concat %{{.*}}, %{{.*}} axis = 1 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x6xf32>
// CHECK: nn.slice %{{.*}} starts = [1, 2] steps = [1, -2] : (tensor<2x3xf32>) -> tensor<1x2xf32>
// CHECK: nn.pad constant %{{.*}}, %{{.*}} lo = [0, 1] hi = [2, 0] : (tensor<2x3xf32>, tensor<f32>) -> tensor<4x4xf32>
// CHECK: nn.pad reflect %{{.*}} lo = [1, 2] hi = [0, 0] : (tensor<2x3xf32>) -> tensor<3x5xf32>
// CHECK: nn.gather %{{.*}}, %{{.*}} axis = 1 : (tensor<2x3xf32>, tensor<4x2xi64>) -> tensor<2x4x2xf32>
// CHECK: nn.gather_nd %{{.*}}, %{{.*}} batch_dims = 0 : (tensor<2x3xf32>, tensor<4x2xi64>) -> tensor<4xf32>
func.func @data(%x: tensor<2x3xf32>, %y: tensor<f32>, %z: tensor<4x2xi64>) {
  %0 = nn.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  %1 = nn.constant dense<true> : tensor<i1>
  %2 = nn.reshape %x : (tensor<2x3xf32>) -> tensor<6x1xf32>
  %3 = nn.transpose %x perm = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %4 = nn.broadcast %x : (tensor<2x3xf32>) -> tensor<4x2x3xf32>
  %5 = nn.concat %x, %x axis = 1 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x6xf32>
  %6 = nn.slice %x starts = [1, 2] steps = [1, -2] : (tensor<2x3xf32>) -> tensor<1x2xf32>
  %7 = nn.pad constant %x, %y lo = [0, 1] hi = [2, 0] : (tensor<2x3xf32>, tensor<f32>) -> tensor<4x4xf32>
  %8 = nn.pad reflect %x lo = [1, 2] hi = [0, 0] : (tensor<2x3xf32>) -> tensor<3x5xf32>
  %9 = nn.gather %x, %z axis = 1 : (tensor<2x3xf32>, tensor<4x2xi64>) -> tensor<2x4x2xf32>
  %10 = nn.gather_nd %x, %z batch_dims = 0 : (tensor<2x3xf32>, tensor<4x2xi64>) -> tensor<4xf32>
  return
}

// CHECK-LABEL: func @extents
// CHECK: nn.search_sorted %{{.*}}, %{{.*}} : (tensor<9xi64>, tensor<4x2xi64>) -> tensor<4x2xi64>
// CHECK: nn.bounded %{{.*}}, %{{.*}} axis = 1 : (tensor<2x3xf32>, tensor<i64>) -> tensor<2x3xf32>
// CHECK: nn.extent %{{.*}} axis = 1 : (tensor<2x3xf32>) -> tensor<i64>
func.func @extents(%x: tensor<2x3xf32>, %n: tensor<i64>, %s: tensor<9xi64>, %z: tensor<4x2xi64>) {
  %0 = nn.search_sorted %s, %z : (tensor<9xi64>, tensor<4x2xi64>) -> tensor<4x2xi64>
  %1 = nn.bounded %x, %n axis = 1 : (tensor<2x3xf32>, tensor<i64>) -> tensor<2x3xf32>
  %2 = nn.extent %1 axis = 1 : (tensor<2x3xf32>) -> tensor<i64>
  return
}

// CHECK-LABEL: func @custom
// CHECK: nn.custom "twice"(%{{.*}}) {
// CHECK: ^bb0(%[[X:.*]]: tensor<4xf32>):
// CHECK: %[[S:.*]] = linalg.add ins(%[[X]], %[[X]] : tensor<4xf32>, tensor<4xf32>)
// CHECK: nn.yield %[[S]] : tensor<4xf32>
// CHECK: } : (tensor<4xf32>) -> tensor<4xf32>
func.func @custom(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = nn.custom "twice"(%x) {
  ^bb0(%a: tensor<4xf32>):
    %e = tensor.empty() : tensor<4xf32>
    %s = linalg.add ins(%a, %a : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    nn.yield %s : tensor<4xf32>
  } : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// CHECK-LABEL: func @loop
// CHECK: %[[R:.*]]:2 = nn.loop 3 carried(%{{.*}} : tensor<4xf32>) sliced(%{{.*}} : tensor<3x4xf32>) invariant(%{{.*}} : tensor<4xf32>) {
// CHECK: ^bb0(%[[H:.*]]: tensor<4xf32>, %[[I:.*]]: tensor<4xf32>, %[[W:.*]]: tensor<4xf32>):
// CHECK: nn.yield %{{.*}}, %[[I]] : tensor<4xf32>, tensor<4xf32>
// CHECK: } {reversed = array<i1: true>, stacked_reversed = array<i1: false>} -> (tensor<4xf32>, tensor<3x4xf32>)
func.func @loop(%h: tensor<4xf32>, %x: tensor<3x4xf32>, %w: tensor<4xf32>) -> (tensor<4xf32>, tensor<3x4xf32>) {
  %r:2 = nn.loop 3 carried(%h : tensor<4xf32>) sliced(%x : tensor<3x4xf32>) invariant(%w : tensor<4xf32>) {
  ^bb0(%state: tensor<4xf32>, %in: tensor<4xf32>, %weight: tensor<4xf32>):
    %next = nn.mul %state, %weight : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    nn.yield %next, %in : tensor<4xf32>, tensor<4xf32>
  } {reversed = array<i1: true>, stacked_reversed = array<i1: false>} -> (tensor<4xf32>, tensor<3x4xf32>)
  return %r#0, %r#1 : tensor<4xf32>, tensor<3x4xf32>
}

// Bytes of either sign may be mixed, and are summed in 32 bits; so are 16-bit floats where
// that is said.

// CHECK-LABEL: func @contractions_wide
// CHECK: nn.matmul %{{.*}}, %{{.*}} : (tensor<2x3xui8>, tensor<3x4xi8>) -> tensor<2x4xi32>
// CHECK: nn.matmul %{{.*}}, %{{.*}} : (tensor<2x3xi16>, tensor<3x4xi16>) -> tensor<2x4xi32>
// CHECK: nn.matmul %{{.*}}, %{{.*}} wide : (tensor<2x3xf16>, tensor<3x4xf16>) -> tensor<2x4xf32>
// CHECK: nn.conv %{{.*}}, %{{.*}} strides = [1] pads = [0, 0] dilations = [1] channels_last wide : (tensor<1x6x8xbf16>, tensor<4x8x3xbf16>) -> tensor<1x4x4xf32>
func.func @contractions_wide(%a: tensor<2x3xui8>, %b: tensor<3x4xi8>, %c: tensor<2x3xi16>, %d: tensor<3x4xi16>, %e: tensor<2x3xf16>, %f: tensor<3x4xf16>, %x: tensor<1x6x8xbf16>, %w: tensor<4x8x3xbf16>) {
  %0 = nn.matmul %a, %b : (tensor<2x3xui8>, tensor<3x4xi8>) -> tensor<2x4xi32>
  %1 = nn.matmul %c, %d : (tensor<2x3xi16>, tensor<3x4xi16>) -> tensor<2x4xi32>
  %2 = nn.matmul %e, %f wide : (tensor<2x3xf16>, tensor<3x4xf16>) -> tensor<2x4xf32>
  %3 = nn.conv %x, %w strides = [1] pads = [0, 0] dilations = [1] channels_last wide : (tensor<1x6x8xbf16>, tensor<4x8x3xbf16>) -> tensor<1x4x4xf32>
  return
}

// CHECK-LABEL: func @random
// CHECK: nn.random_bits %{{.*}}, %{{.*}}, %{{.*}} stream = 3 word = 1 shape = [2, 3] : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2x3xui32>
func.func @random(%s: tensor<i64>, %r: tensor<i64>) -> tensor<2x3xui32> {
  %0 = nn.random_bits %s, %r, %r stream = 3 word = 1 shape = [2, 3] : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2x3xui32>
  return %0 : tensor<2x3xui32>
}
