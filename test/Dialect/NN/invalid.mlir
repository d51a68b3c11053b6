// RUN: dlc-opt %s --split-input-file --verify-diagnostics

// Every numbered constraint of every operation, in the order of the .td files.

func.func @f(%x: tensor<2xi32>) {
  // expected-error@+1 {{'nn.exp' op (C1) the element type must be floating-point, got 'i32'}}
  %0 = nn.exp %x : (tensor<2xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @f(%x: tensor<2xui8>) {
  // expected-error@+1 {{'nn.neg' op (C1) the element type must be floating-point or signed integer, got 'ui8'}}
  %0 = nn.neg %x : (tensor<2xui8>) -> tensor<2xui8>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{'nn.not' op (C1) the element type must be boolean (i1), got 'f32'}}
  %0 = nn.not %x : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{'nn.is_nan' op (C0) the result type must be 'tensor<2xi1>', got 'tensor<2xf32>'}}
  %0 = nn.is_nan %x : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<?xf32>) {
  // expected-error@+1 {{operand #0 must be statically shaped tensor}}
  %0 = nn.abs %x : (tensor<?xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @f(%x: tensor<2xsi32>) {
  // expected-error@+1 {{operand #0 must be statically shaped tensor}}
  %0 = nn.abs %x : (tensor<2xsi32>) -> tensor<2xsi32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{'nn.cast' op (C1) the shapes must be equal, got 2 and 3}}
  %0 = nn.cast %x : (tensor<2xf32>) -> tensor<3xi32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{'nn.bitcast' op (C1) the shapes must be equal, got 2 and 3}}
  %0 = nn.bitcast %x : (tensor<2xf32>) -> tensor<3xi32>
  return
}

// -----

func.func @f(%x: tensor<2xi4>) {
  // expected-error@+1 {{'nn.bitcast' op (C2) the element types must have the same number of bits, got 'i4' and 'f8E5M2'}}
  %0 = nn.bitcast %x : (tensor<2xi4>) -> tensor<2xf8E5M2>
  return
}

// -----

// Narrow floats only travel.
func.func @f(%x: tensor<2xf8E4M3FN>) {
  // expected-error@+1 {{'nn.add' op (C2) the element type must be floating-point or integer, got 'f8E4M3FN'}}
  %0 = nn.add %x, %x : (tensor<2xf8E4M3FN>, tensor<2xf8E4M3FN>) -> tensor<2xf8E4M3FN>
  return
}

// -----

func.func @f(%x: tensor<2xf32>, %y: tensor<2xi32>) {
  // expected-error@+1 {{'nn.add' op (C1) the element types must be equal, got 'f32' and 'i32'}}
  %0 = nn.add %x, %y : (tensor<2xf32>, tensor<2xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>, %y: tensor<2xf32>) {
  // expected-error@+1 {{'nn.and' op (C2) the element type must be boolean (i1), got 'f32'}}
  %0 = nn.and %x, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error@+1 {{'nn.mul' op (C3) the shapes do not broadcast: 2x3 and 2}}
  %0 = nn.mul %x, %y : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %y: tensor<3xf32>) {
  // expected-error@+1 {{'nn.mod' op (C0) the result type must be 'tensor<2x3xf32>', got 'tensor<3xf32>'}}
  %0 = nn.mod %x, %y fmod : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{'nn.shift' op (C2) the element type must be integer, got 'f32'}}
  %0 = nn.shift left %x, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>, %y: tensor<2xf64>) {
  // expected-error@+1 {{'nn.compare' op (C1) the element types must be equal, got 'f32' and 'f64'}}
  %0 = nn.compare eq %x, %y : (tensor<2xf32>, tensor<2xf64>) -> tensor<2xi1>
  return
}

// -----

func.func @f(%x: tensor<2xi1>) {
  // expected-error@+1 {{'nn.compare' op (C2) the element type must be floating-point or integer, got 'i1'}}
  %0 = nn.compare lt %x, %x : (tensor<2xi1>, tensor<2xi1>) -> tensor<2xi1>
  return
}

// -----

func.func @f(%x: tensor<2xi1>, %y: tensor<3xi1>) {
  // expected-error@+1 {{'nn.compare' op (C3) the shapes do not broadcast: 2 and 3}}
  %0 = nn.compare ne %x, %y : (tensor<2xi1>, tensor<3xi1>) -> tensor<2xi1>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{'nn.select' op (C1) the condition must be of i1, got 'f32'}}
  %0 = nn.select %x, %x, %x : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%c: tensor<2xi1>, %x: tensor<2xf32>, %y: tensor<2xi32>) {
  // expected-error@+1 {{'nn.select' op (C2) the element types must be equal, got 'f32' and 'i32'}}
  %0 = nn.select %c, %x, %y : (tensor<2xi1>, tensor<2xf32>, tensor<2xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%c: tensor<2xi1>, %x: tensor<3xf32>) {
  // expected-error@+1 {{'nn.select' op (C3) the shapes do not broadcast: 2 and 3}}
  %0 = nn.select %c, %x, %x : (tensor<2xi1>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x2xf32>, %y: tensor<2x2xf16>) {
  // expected-error@+1 {{'nn.matmul' op (C1) the element types must be equal, got 'f32' and 'f16'}}
  %0 = nn.matmul %x, %y : (tensor<2x2xf32>, tensor<2x2xf16>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x2xi1>) {
  // expected-error@+1 {{'nn.matmul' op (C1) the element type must be floating-point or integer, got 'i1'}}
  %0 = nn.matmul %x, %x : (tensor<2x2xi1>, tensor<2x2xi1>) -> tensor<2x2xi1>
  return
}

// -----

func.func @f(%x: tensor<2xf32>, %y: tensor<2x2xf32>) {
  // expected-error@+1 {{'nn.matmul' op (C2) the operands must have at least two dimensions, got 2 and 2x2}}
  %0 = nn.matmul %x, %y : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.matmul' op (C3) the inner dimensions must be equal, got 2x3 and 2x3}}
  %0 = nn.matmul %x, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x3xf32>, %y: tensor<4x3x3xf32>) {
  // expected-error@+1 {{'nn.matmul' op (C4) the leading dimensions do not broadcast: 2x3x3 and 4x3x3}}
  %0 = nn.matmul %x, %y : (tensor<2x3x3xf32>, tensor<4x3x3xf32>) -> tensor<2x3x3xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xi1>, %w: tensor<2x2x1xi1>) {
  // expected-error@+1 {{'nn.conv' op (C1) the element type must be floating-point or integer, got 'i1'}}
  %0 = nn.conv %x, %w strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x2x4xi1>, tensor<2x2x1xi1>) -> tensor<1x2x4xi1>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xf32>, %w: tensor<2x2x1x1xf32>) {
  // expected-error@+1 {{'nn.conv' op (C2) input and filter must have the same rank >= 3, got 1x2x4 and 2x2x1x1}}
  %0 = nn.conv %x, %w strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x2x4xf32>, tensor<2x2x1x1xf32>) -> tensor<1x2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xf32>, %w: tensor<2x2x1xf32>) {
  // expected-error@+1 {{'nn.conv' op (C3) strides must hold numbers >= 1, got 0}}
  %0 = nn.conv %x, %w strides = [0] pads = [0, 0] dilations = [1] : (tensor<1x2x4xf32>, tensor<2x2x1xf32>) -> tensor<1x2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xf32>, %w: tensor<2x2x1xf32>) {
  // expected-error@+1 {{'nn.conv' op (C3) pads must hold 2 numbers, got 1}}
  %0 = nn.conv %x, %w strides = [1] pads = [0] dilations = [1] : (tensor<1x2x4xf32>, tensor<2x2x1xf32>) -> tensor<1x2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xf32>, %w: tensor<2x2x1xf32>) {
  // expected-error@+1 {{'nn.conv' op (C3) pads must hold numbers >= 0, got -1}}
  %0 = nn.conv %x, %w strides = [1] pads = [0, -1] dilations = [1] : (tensor<1x2x4xf32>, tensor<2x2x1xf32>) -> tensor<1x2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xf32>, %w: tensor<2x2x1xf32>) {
  // expected-error@+1 {{'nn.conv' op (C3) dilations must hold 1 numbers, got 2}}
  %0 = nn.conv %x, %w strides = [1] pads = [0, 0] dilations = [1, 1] : (tensor<1x2x4xf32>, tensor<2x2x1xf32>) -> tensor<1x2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xf32>, %w: tensor<3x1x1xf32>) {
  // expected-error@+1 {{'nn.conv' op (C4) groups = 2 must be positive and divide the 3 output channels}}
  %0 = nn.conv %x, %w strides = [1] pads = [0, 0] dilations = [1] groups = 2 : (tensor<1x2x4xf32>, tensor<3x1x1xf32>) -> tensor<1x3x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xf32>, %w: tensor<3x3x1xf32>) {
  // expected-error@+1 {{'nn.conv' op (C5) the input has 2 channels, the filter wants 1 groups of 3}}
  %0 = nn.conv %x, %w strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x2x4xf32>, tensor<3x3x1xf32>) -> tensor<1x3x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xf32>, %w: tensor<3x2x3xf32>) {
  // expected-error@+1 {{'nn.conv' op (C6) spatial dimension 0: a kernel of 3 with dilation 2 does not fit into the padded input of 4 + 0 + 0}}
  %0 = nn.conv %x, %w strides = [1] pads = [0, 0] dilations = [2] : (tensor<1x2x4xf32>, tensor<3x2x3xf32>) -> tensor<1x3x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xf32>, %w: tensor<3x2x0xf32>) {
  // expected-error@+1 {{'nn.conv' op (C6) spatial dimension 0: a kernel of 0}}
  %0 = nn.conv %x, %w strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x2x4xf32>, tensor<3x2x0xf32>) -> tensor<1x3x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4x2xf32>, %w: tensor<3x2x3xf32>) {
  // expected-error@+1 {{'nn.conv' op (C0) the result type must be 'tensor<1x2x3xf32>', got 'tensor<1x3x2xf32>'}}
  %0 = nn.conv %x, %w strides = [1] pads = [0, 0] dilations = [1] channels_last : (tensor<1x4x2xf32>, tensor<3x2x3xf32>) -> tensor<1x3x2xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xi1>, %w: tensor<2x2x1xi1>) {
  // expected-error@+1 {{'nn.conv_transpose' op (C1) the element type must be floating-point or integer, got 'i1'}}
  %0 = nn.conv_transpose %x, %w strides = [1] pads = [0, 0] dilations = [1] output_padding = [0] : (tensor<1x2x4xi1>, tensor<2x2x1xi1>) -> tensor<1x2x4xi1>
  return
}

// -----

func.func @f(%x: tensor<1x2xf32>, %w: tensor<2x2xf32>) {
  // expected-error@+1 {{'nn.conv_transpose' op (C2) input and filter must have the same rank >= 3}}
  %0 = nn.conv_transpose %x, %w strides = [1] pads = [0, 0] dilations = [1] output_padding = [0] : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xf32>, %w: tensor<2x2x1xf32>) {
  // expected-error@+1 {{'nn.conv_transpose' op (C3) output_padding must hold numbers >= 0, got -1}}
  %0 = nn.conv_transpose %x, %w strides = [1] pads = [0, 0] dilations = [1] output_padding = [-1] : (tensor<1x2x4xf32>, tensor<2x2x1xf32>) -> tensor<1x2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x3x4xf32>, %w: tensor<3x2x1xf32>) {
  // expected-error@+1 {{'nn.conv_transpose' op (C4) groups = 2 must be positive and divide the 3 input channels of the filter}}
  %0 = nn.conv_transpose %x, %w strides = [1] pads = [0, 0] dilations = [1] output_padding = [0] groups = 2 : (tensor<1x3x4xf32>, tensor<3x2x1xf32>) -> tensor<1x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x3x4xf32>, %w: tensor<2x2x1xf32>) {
  // expected-error@+1 {{'nn.conv_transpose' op (C5) the input has 3 channels, the filter wants 2}}
  %0 = nn.conv_transpose %x, %w strides = [1] pads = [0, 0] dilations = [1] output_padding = [0] : (tensor<1x3x4xf32>, tensor<2x2x1xf32>) -> tensor<1x2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xf32>, %w: tensor<2x2x1xf32>) {
  // expected-error@+1 {{'nn.conv_transpose' op (C6) spatial dimension 0 of an input of 4 and a kernel of 1 gives no valid size}}
  %0 = nn.conv_transpose %x, %w strides = [1] pads = [3, 2] dilations = [1] output_padding = [0] : (tensor<1x2x4xf32>, tensor<2x2x1xf32>) -> tensor<1x2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xi1>) {
  // expected-error@+1 {{'nn.max_pool' op (C1) the element type must be floating-point or integer, got 'i1'}}
  %0 = nn.max_pool %x kernel = [2] strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x2x4xi1>) -> tensor<1x2x3xi1>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xi32>) {
  // expected-error@+1 {{'nn.avg_pool' op (C1) the element type must be floating-point, got 'i32'}}
  %0 = nn.avg_pool %x kernel = [2] strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x2x4xi32>) -> tensor<1x2x3xi32>
  return
}

// -----

func.func @f(%x: tensor<1x2xf32>) {
  // expected-error@+1 {{'nn.max_pool' op (C2) the input must have at least 3 dimensions, got 1x2}}
  %0 = nn.max_pool %x kernel = [2] strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x2xf32>) -> tensor<1x2xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xf32>) {
  // expected-error@+1 {{'nn.max_pool' op (C3) kernel must hold numbers >= 1, got 0}}
  %0 = nn.max_pool %x kernel = [0] strides = [1] pads = [0, 0] dilations = [1] : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x4xf32>) {
  // expected-error@+1 {{'nn.avg_pool' op (C4) spatial dimension 0: a kernel of 7 with dilation 1 does not fit into the padded input of 4 + 1 + 1}}
  %0 = nn.avg_pool %x kernel = [7] strides = [1] pads = [1, 1] dilations = [1] : (tensor<1x2x4xf32>) -> tensor<1x2x1xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2xi32>) {
  // expected-error@+1 {{'nn.lrn' op (C1) the element type must be floating-point, got 'i32'}}
  %0 = nn.lrn %x size = 3 alpha = 1.0 beta = 1.0 bias = 1.0 : (tensor<1x2xi32>) -> tensor<1x2xi32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{'nn.lrn' op (C2) the input must have at least 2 dimensions, got 2}}
  %0 = nn.lrn %x size = 3 alpha = 1.0 beta = 1.0 bias = 1.0 : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2xf32>) {
  // expected-error@+1 {{'nn.lrn' op (C3) size must be positive, got 0}}
  %0 = nn.lrn %x size = 0 alpha = 1.0 beta = 1.0 bias = 1.0 : (tensor<1x2xf32>) -> tensor<1x2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{'nn.resize' op (C1) the element types must be equal, got 'f32' and 'f16'}}
  %0 = nn.resize nearest %x scales = [1.0] coordinate = half_pixel : (tensor<2xf32>) -> tensor<2xf16>
  return
}

// -----

func.func @f(%x: tensor<2xi32>) {
  // expected-error@+1 {{'nn.resize' op (C1) the element type must be floating-point, got 'i32'}}
  %0 = nn.resize linear %x scales = [1.0] coordinate = half_pixel : (tensor<2xi32>) -> tensor<2xi32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{'nn.resize' op (C2) the ranks must be equal, got 2 and 2x2}}
  %0 = nn.resize linear %x scales = [1.0] coordinate = half_pixel : (tensor<2xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<0xf32>) {
  // expected-error@+1 {{'nn.resize' op (C2) dimension 0 is empty but becomes 2}}
  %0 = nn.resize linear %x scales = [2.0] coordinate = half_pixel : (tensor<0xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{'nn.resize' op (C3) scales must hold 1 numbers, got 2}}
  %0 = nn.resize linear %x scales = [1.0, 1.0] coordinate = half_pixel : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{'nn.resize' op (C3) scales must be positive and finite}}
  %0 = nn.resize linear %x scales = [-1.0] coordinate = half_pixel : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>) {
  // expected-error@+1 {{'nn.resize' op (C4) dimension 0 has scale 1 but changes from 2 to 3}}
  %0 = nn.resize linear %x scales = [1.0] coordinate = half_pixel : (tensor<2xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xi1>) {
  // expected-error@+1 {{'nn.reduce' op (C1) the element type must be floating-point or integer, got 'i1'}}
  %0 = nn.reduce sum %x axes = [0] : (tensor<2x3xi1>) -> tensor<3xi1>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.reduce' op (C2) axes must be ascending dimensions of a tensor of rank 2, got [1, 0]}}
  %0 = nn.reduce sum %x axes = [1, 0] : (tensor<2x3xf32>) -> tensor<f32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.reduce' op (C2) axes must be ascending dimensions of a tensor of rank 2, got [2]}}
  %0 = nn.reduce sum %x axes = [2] : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xi1>) {
  // expected-error@+1 {{'nn.arg_reduce' op (C1) the element type must be floating-point or integer, got 'i1'}}
  %0 = nn.arg_reduce max %x axis = 0 : (tensor<2x3xi1>) -> tensor<3xi64>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.arg_reduce' op (C2) axis 2 is not a dimension of a tensor of rank 2}}
  %0 = nn.arg_reduce max %x axis = 2 : (tensor<2x3xf32>) -> tensor<3xi64>
  return
}

// -----

func.func @f(%x: tensor<0x3xf32>) {
  // expected-error@+1 {{'nn.arg_reduce' op (C2) dimension 0 of 0x3 is empty}}
  %0 = nn.arg_reduce max %x axis = 0 : (tensor<0x3xf32>) -> tensor<3xi64>
  return
}

// -----

func.func @f(%x: tensor<2x3xi1>) {
  // expected-error@+1 {{'nn.cumsum' op (C1) the element type must be floating-point or integer, got 'i1'}}
  %0 = nn.cumsum %x axis = 0 : (tensor<2x3xi1>) -> tensor<2x3xi1>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.cumsum' op (C2) axis -1 is not a dimension of a tensor of rank 2}}
  %0 = nn.cumsum %x axis = -1 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xi32>) {
  // expected-error@+1 {{'nn.softmax' op (C1) the element type must be floating-point, got 'i32'}}
  %0 = nn.softmax %x axis = 0 : (tensor<2x3xi32>) -> tensor<2x3xi32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.softmax' op (C2) axis 2 is not a dimension of a tensor of rank 2}}
  %0 = nn.softmax %x axis = 2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %s: tensor<3xf64>) {
  // expected-error@+1 {{'nn.layer_norm' op (C1) the element types must be equal, got 'f32' and 'f64'}}
  %0 = nn.layer_norm %x, %s axis = 1 epsilon = 1.0 : (tensor<2x3xf32>, tensor<3xf64>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xi32>, %s: tensor<3xi32>) {
  // expected-error@+1 {{'nn.layer_norm' op (C1) the element type must be floating-point, got 'i32'}}
  %0 = nn.layer_norm %x, %s axis = 1 epsilon = 1.0 : (tensor<2x3xi32>, tensor<3xi32>) -> tensor<2x3xi32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %s: tensor<3xf32>) {
  // expected-error@+1 {{'nn.layer_norm' op (C2) axis 2 is not a dimension of a tensor of rank 2}}
  %0 = nn.layer_norm %x, %s axis = 2 epsilon = 1.0 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %s: tensor<2x2x3xf32>) {
  // expected-error@+1 {{'nn.layer_norm' op (C3) 2x2x3 does not broadcast to 2x3}}
  %0 = nn.layer_norm %x, %s axis = 1 epsilon = 1.0 : (tensor<2x3xf32>, tensor<2x2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %p: tensor<3xf64>) {
  // expected-error@+1 {{'nn.batch_norm' op (C1) the element types must be equal, got 'f32' and 'f64'}}
  %0 = nn.batch_norm %x, %p, %p, %p, %p epsilon = 1.0 : (tensor<2x3xf32>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<3xf32>, %p: tensor<3xf32>) {
  // expected-error@+1 {{'nn.batch_norm' op (C2) the input must have at least 2 dimensions, got 3}}
  %0 = nn.batch_norm %x, %p, %p, %p, %p epsilon = 1.0 : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %p: tensor<2xf32>) {
  // expected-error@+1 {{'nn.batch_norm' op (C3) the parameters must have the shape 3, got 2}}
  %0 = nn.batch_norm %x, %p, %p, %p, %p epsilon = 1.0 : (tensor<2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'nn.constant' op (C1) the value must be dense or dense_resource}}
  %0 = nn.constant sparse<0, 1.0> : tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.reshape' op (C1) the element types must be equal, got 'f32' and 'i32'}}
  %0 = nn.reshape %x : (tensor<2x3xf32>) -> tensor<6xi32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.reshape' op (C2) the numbers of elements differ: 2x3 and 5}}
  %0 = nn.reshape %x : (tensor<2x3xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.transpose' op (C1) perm [0, 0] is not a permutation of the dimensions of 2x3}}
  %0 = nn.transpose %x perm = [0, 0] : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.transpose' op (C1) perm [0] is not a permutation}}
  %0 = nn.transpose %x perm = [0] : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.transpose' op (C1) perm [0, 2] is not a permutation}}
  %0 = nn.transpose %x perm = [0, 2] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.broadcast' op (C1) the element types must be equal, got 'f32' and 'i32'}}
  %0 = nn.broadcast %x : (tensor<2x3xf32>) -> tensor<2x3xi32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.broadcast' op (C2) 2x3 does not broadcast to 4x3}}
  %0 = nn.broadcast %x : (tensor<2x3xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{'nn.broadcast' op (C2) 2x3 does not broadcast to 3}}
  %0 = nn.broadcast %x : (tensor<2x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'nn.concat' op (C1) there must be at least one operand}}
  %0 = nn.concat axis = 0 : () -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>, %y: tensor<2xi8>) {
  // expected-error@+1 {{'nn.concat' op (C2) the operands must have the same element type and rank, got 'tensor<2xf32>' and 'tensor<2xi8>'}}
  %0 = nn.concat %x, %y axis = 0 : (tensor<2xf32>, tensor<2xi8>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>, %y: tensor<2x2xf32>) {
  // expected-error@+1 {{'nn.concat' op (C2) the operands must have the same element type and rank}}
  %0 = nn.concat %x, %y axis = 0 : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<2xf32>, %y: tensor<2xf32>) {
  // expected-error@+1 {{'nn.concat' op (C3) axis 1 is not a dimension of a tensor of rank 1}}
  %0 = nn.concat %x, %y axis = 1 : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %y: tensor<2x4xf32>) {
  // expected-error@+1 {{'nn.concat' op (C4) only dimension 0 may differ, got 'tensor<2x3xf32>' and 'tensor<2x4xf32>'}}
  %0 = nn.concat %x, %y axis = 0 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{'nn.slice' op (C1) operand and result must have the same element type and rank}}
  %0 = nn.slice %x starts = [0] steps = [1] : (tensor<4xf32>) -> tensor<2xi32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{'nn.slice' op (C2) starts and steps must hold 1 numbers, got 2 and 2}}
  %0 = nn.slice %x starts = [0, 0] steps = [1, 1] : (tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{'nn.slice' op (C2) the step of dimension 0 is 0}}
  %0 = nn.slice %x starts = [0] steps = [0] : (tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{'nn.slice' op (C3) dimension 0: 2 elements from 3 by 1 do not lie within 4}}
  %0 = nn.slice %x starts = [3] steps = [1] : (tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{'nn.slice' op (C3) dimension 0: 2 elements from 0 by -1 do not lie within 4}}
  %0 = nn.slice %x starts = [0] steps = [-1] : (tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{'nn.slice' op (C3) dimension 0: 2 elements from 1 by 9223372036854775807 do not lie within 4}}
  %0 = nn.slice %x starts = [1] steps = [9223372036854775807] : (tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{'nn.pad' op (C1) there must be a padding value exactly where the mode is constant}}
  %0 = nn.pad constant %x lo = [0] hi = [1] : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %v: tensor<1xf32>) {
  // expected-error@+1 {{'nn.pad' op (C1) the padding value must be of type 'tensor<f32>', got 'tensor<1xf32>'}}
  %0 = nn.pad constant %x, %v lo = [0] hi = [1] : (tensor<4xf32>, tensor<1xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{'nn.pad' op (C2) lo must hold 1 numbers, got 2}}
  %0 = nn.pad edge %x lo = [0, 0] hi = [1] : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{'nn.pad' op (C2) hi must hold numbers >= 0, got -1}}
  %0 = nn.pad edge %x lo = [0] hi = [-1] : (tensor<4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{'nn.pad' op (C3) dimension 0 of size 4 can not be padded by 4 and 0 in mode reflect}}
  %0 = nn.pad reflect %x lo = [4] hi = [0] : (tensor<4xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @f(%x: tensor<0xf32>) {
  // expected-error@+1 {{'nn.pad' op (C3) dimension 0 of size 0 can not be padded by 1 and 0 in mode wrap}}
  %0 = nn.pad wrap %x lo = [1] hi = [0] : (tensor<0xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %i: tensor<2xi16>) {
  // expected-error@+1 {{'nn.gather' op (C1) the indices must be of i32 or i64, got 'i16'}}
  %0 = nn.gather %x, %i axis = 0 : (tensor<4xf32>, tensor<2xi16>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %i: tensor<2xi64>) {
  // expected-error@+1 {{'nn.gather' op (C2) axis 1 is not a dimension of a tensor of rank 1}}
  %0 = nn.gather %x, %i axis = 1 : (tensor<4xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<0xf32>, %i: tensor<2xi64>) {
  // expected-error@+1 {{'nn.gather' op (C2) dimension 0 of 0 is empty}}
  %0 = nn.gather %x, %i axis = 0 : (tensor<0xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %i: tensor<i64>) {
  // expected-error@+1 {{'nn.gather_nd' op (C1) the indices must be of i32 or i64 and have a dimension, got 'tensor<i64>'}}
  %0 = nn.gather_nd %x, %i batch_dims = 0 : (tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4x3xf32>, %i: tensor<2x1xi64>) {
  // expected-error@+1 {{'nn.gather_nd' op (C2) the first batch_dims = 1 dimensions do not agree: 4x3 and 2x1}}
  %0 = nn.gather_nd %x, %i batch_dims = 1 : (tensor<4x3xf32>, tensor<2x1xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %i: tensor<2x2xi64>) {
  // expected-error@+1 {{'nn.gather_nd' op (C3) tuples of 2 indices are too long for data of 4}}
  %0 = nn.gather_nd %x, %i batch_dims = 0 : (tensor<4xf32>, tensor<2x2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<0x3xf32>, %i: tensor<2x1xi64>) {
  // expected-error@+1 {{'nn.gather_nd' op (C4) an indexed dimension of 0x3 is empty}}
  %0 = nn.gather_nd %x, %i batch_dims = 0 : (tensor<0x3xf32>, tensor<2x1xi64>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<4xui8>) {
  // expected-error@+1 {{'nn.custom' op (C1) element types must be floating-point or signed integers of 8 bits and more, got 'tensor<4xui8>'}}
  %0 = nn.custom "c"(%x) {
  ^bb0(%a: tensor<4xui8>):
    nn.yield %a : tensor<4xui8>
  } : (tensor<4xui8>) -> tensor<4xui8>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{'nn.custom' op (C2) the body must take the inputs and yield the results, of which there is at least one}}
  %0 = nn.custom "c"(%x) {
  ^bb0(%a: tensor<4xf32>):
    nn.yield %a : tensor<4xf32>
  } : (tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{'nn.custom' op (C3) the body must consist of linalg, tensor, arith and math operations without side effects, got 'nn.exp'}}
  %0 = nn.custom "c"(%x) {
  ^bb0(%a: tensor<4xf32>):
    %b = nn.exp %a : (tensor<4xf32>) -> tensor<4xf32>
    nn.yield %b : tensor<4xf32>
  } : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%s: tensor<4xi64>, %v: tensor<4xi32>) {
  // expected-error@+1 {{'nn.search_sorted' op (C1) both must be of i32 or both of i64, got 'i64' and 'i32'}}
  %0 = nn.search_sorted %s, %v : (tensor<4xi64>, tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @f(%s: tensor<2x4xi64>, %v: tensor<4xi64>) {
  // expected-error@+1 {{'nn.search_sorted' op (C2) the sorted sequence has 2 dimensions instead of one}}
  %0 = nn.search_sorted %s, %v : (tensor<2x4xi64>, tensor<4xi64>) -> tensor<4xi64>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %n: tensor<1xi64>) {
  // expected-error@+1 {{'nn.bounded' op (C1) the extent must be a tensor<i64>, got 'tensor<1xi64>'}}
  %0 = nn.bounded %x, %n axis = 0 : (tensor<4xf32>, tensor<1xi64>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %n: tensor<i64>) {
  // expected-error@+1 {{'nn.bounded' op (C2) axis 1 is not a dimension of a tensor of rank 1}}
  %0 = nn.bounded %x, %n axis = 1 : (tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{'nn.extent' op (C1) axis -1 is not a dimension of a tensor of rank 1}}
  %0 = nn.extent %x axis = -1 : (tensor<4xf32>) -> tensor<i64>
  return
}

// -----

func.func @f(%h: tensor<4xf32>, %x: tensor<3x4xf32>) {
  // expected-error@+1 {{'nn.loop' op (C1) runs its body 0 times and has 1 results; both must be at least 1}}
  %0 = nn.loop 0 carried(%h : tensor<4xf32>) {
  ^bb0(%s: tensor<4xf32>):
    nn.yield %s : tensor<4xf32>
  } {reversed = array<i1>, stacked_reversed = array<i1>} -> (tensor<4xf32>)
  return
}

// -----

func.func @f(%h: tensor<4xf32>, %x: tensor<3x4xf32>) {
  // expected-error@+1 {{'nn.loop' op (C2) dimension 0 of what is sliced must be 2, got 'tensor<3x4xf32>'}}
  %0 = nn.loop 2 carried(%h : tensor<4xf32>) sliced(%x : tensor<3x4xf32>) {
  ^bb0(%s: tensor<4xf32>, %i: tensor<4xf32>):
    nn.yield %s : tensor<4xf32>
  } {reversed = array<i1: false>, stacked_reversed = array<i1>} -> (tensor<4xf32>)
  return
}

// -----

func.func @f(%h: tensor<4xf32>, %x: tensor<3x4xf32>) {
  // expected-error@+1 {{'nn.loop' op (C2) reversed has 0 elements for 1 operands}}
  %0 = nn.loop 3 carried(%h : tensor<4xf32>) sliced(%x : tensor<3x4xf32>) {
  ^bb0(%s: tensor<4xf32>, %i: tensor<4xf32>):
    nn.yield %s : tensor<4xf32>
  } {reversed = array<i1>, stacked_reversed = array<i1>} -> (tensor<4xf32>)
  return
}

// -----

func.func @f(%h: tensor<4xf32>, %x: tensor<3x4xf32>) {
  // expected-error@+1 {{'nn.loop' op (C3) the body must take the states, one slice of each of what is sliced, and what is invariant}}
  %0 = nn.loop 3 carried(%h : tensor<4xf32>) sliced(%x : tensor<3x4xf32>) {
  ^bb0(%s: tensor<4xf32>, %i: tensor<3x4xf32>):
    nn.yield %s : tensor<4xf32>
  } {reversed = array<i1: false>, stacked_reversed = array<i1>} -> (tensor<4xf32>)
  return
}

// -----

func.func @f(%h: tensor<4xf32>, %x: tensor<3x4xf32>) {
  // expected-error@+1 {{'nn.loop' op (C4) the body must yield the next states and one slice of each other result}}
  %0 = nn.loop 3 carried(%h : tensor<4xf32>) sliced(%x : tensor<3x4xf32>) {
  ^bb0(%s: tensor<4xf32>, %i: tensor<4xf32>):
    nn.yield %s, %i : tensor<4xf32>, tensor<4xf32>
  } {reversed = array<i1: false>, stacked_reversed = array<i1>} -> (tensor<4xf32>)
  return
}

// -----

func.func @f(%h: tensor<4xf32>, %x: tensor<3x4xf32>) {
  // expected-error@+1 {{'nn.loop' op (C5) the first results must have the types of the states}}
  %0 = nn.loop 3 carried(%h : tensor<4xf32>) sliced(%x : tensor<3x4xf32>) {
  ^bb0(%s: tensor<4xf32>, %i: tensor<4xf32>):
    nn.yield %s : tensor<4xf32>
  } {reversed = array<i1: false>, stacked_reversed = array<i1>} -> (tensor<3x4xf32>)
  return
}

// -----

func.func @f(%h: tensor<4xf32>, %x: tensor<3x4xf32>) {
  // expected-error@+1 {{'nn.loop' op (C5) stacked_reversed has 0 elements for 1 stacked results}}
  %0:2 = nn.loop 3 carried(%h : tensor<4xf32>) sliced(%x : tensor<3x4xf32>) {
  ^bb0(%s: tensor<4xf32>, %i: tensor<4xf32>):
    nn.yield %s, %i : tensor<4xf32>, tensor<4xf32>
  } {reversed = array<i1: false>, stacked_reversed = array<i1>} -> (tensor<4xf32>, tensor<3x4xf32>)
  return
}

// -----

func.func @f(%h: tensor<4xf32>, %x: tensor<3x4xf32>) {
  // expected-error@+1 {{'nn.loop' op (C5) slices of 'tensor<4xf32>' are stacked to 3 of them, got 'tensor<2x4xf32>'}}
  %0:2 = nn.loop 3 carried(%h : tensor<4xf32>) sliced(%x : tensor<3x4xf32>) {
  ^bb0(%s: tensor<4xf32>, %i: tensor<4xf32>):
    nn.yield %s, %i : tensor<4xf32>, tensor<4xf32>
  } {reversed = array<i1: false>, stacked_reversed = array<i1: true>} -> (tensor<4xf32>, tensor<2x4xf32>)
  return
}

// -----

func.func @f(%s: tensor<i64>, %x: tensor<1xi64>) {
  // expected-error@+1 {{'nn.random_bits' op (C1) `run` is 'tensor<1xi64>' instead of 'tensor<i64>'}}
  %0 = nn.random_bits %s, %x, %s stream = 0 word = 0 shape = [2] : (tensor<i64>, tensor<1xi64>, tensor<i64>) -> tensor<2xui32>
  return
}

// -----

func.func @f(%s: tensor<i64>) {
  // expected-error@+1 {{'nn.random_bits' op (C2) the shape 65536x65537 has a negative dimension or more than 2^32 elements}}
  %0 = nn.random_bits %s, %s, %s stream = 0 word = 0 shape = [65536, 65537] : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<65536x65537xui32>
  return
}

// -----

func.func @f(%s: tensor<i64>) {
  // expected-error@+1 {{'nn.random_bits' op (C3) the stream 4294967296 has no place in 32 bits}}
  %0 = nn.random_bits %s, %s, %s stream = 4294967296 word = 0 shape = [2] : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2xui32>
  return
}

// -----

func.func @f(%s: tensor<i64>) {
  // expected-error@+1 {{'nn.random_bits' op (C3) the word 4 is not 0 to 3}}
  %0 = nn.random_bits %s, %s, %s stream = 0 word = 4 shape = [2] : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2xui32>
  return
}
