// RUN: dlc-opt %s --convert-nn-to-linalg --canonicalize --dispatch-prepare --split-input-file | FileCheck %s
// RUN: dlc-opt %s --convert-nn-to-linalg --canonicalize --dispatch-prepare --dispatch-form-regions --split-input-file \
// RUN:   | FileCheck %s --check-prefix=REGION
// RUN: dlc-opt %s --convert-nn-to-linalg --canonicalize --dispatch-prepare=wide-uses=32 --split-input-file \
// RUN:   | FileCheck %s --check-prefix=OFTEN

// Ops of half precision that become one round once.
// CHECK-LABEL: @chain
// CHECK: arith.extf
// CHECK: math.exp
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: arith.truncf
// CHECK-NOT: arith.truncf
func.func @chain(%x: tensor<128x64xf16>) -> tensor<128x64xf16> {
  %0 = nn.exp %x : (tensor<128x64xf16>) -> tensor<128x64xf16>
  %1 = nn.mul %0, %x : (tensor<128x64xf16>, tensor<128x64xf16>) -> tensor<128x64xf16>
  return %1 : tensor<128x64xf16>
}

// -----

// A cast rounds, also where it is followed by its opposite.
// CHECK-LABEL: @casts
// CHECK: %[[ROUNDED:.*]] = arith.truncf %{{[^ ]*}} : f32 to bf16
// CHECK-NEXT: %[[WIDE:.*]] = arith.extf %[[ROUNDED]]
// CHECK-NEXT: math.exp %[[WIDE]]
func.func @casts(%x: tensor<128x64xf32>) -> tensor<128x64xf32> {
  %0 = nn.cast %x : (tensor<128x64xf32>) -> tensor<128x64xbf16>
  %1 = nn.cast %0 : (tensor<128x64xbf16>) -> tensor<128x64xf32>
  %2 = nn.exp %1 : (tensor<128x64xf32>) -> tensor<128x64xf32>
  return %2 : tensor<128x64xf32>
}

// -----

// What jumps sees the number that the model has there.
// CHECK-LABEL: @jump
// CHECK: math.exp
// CHECK: %[[ROUNDED:.*]] = arith.truncf
// CHECK: %[[WIDE:.*]] = arith.extf %[[ROUNDED]] : f16 to f32
// CHECK: arith.cmpf olt, %[[WIDE]]
func.func @jump(%x: tensor<128x64xf16>, %y: tensor<128x64xf16>) -> tensor<128x64xi1> {
  %0 = nn.exp %x : (tensor<128x64xf16>) -> tensor<128x64xf16>
  %1 = nn.compare lt %0, %y : (tensor<128x64xf16>, tensor<128x64xf16>) -> tensor<128x64xi1>
  return %1 : tensor<128x64xi1>
}

// -----

// A choice between numbers is made in f32 where something computes with it, and
// where it costs nothing; what is only moved is not converted.
// CHECK-LABEL: @masked
// CHECK: math.exp
// CHECK-NOT: arith.truncf
// CHECK: arith.select {{.*}} : f32
// CHECK-NEXT: math.tanh
// CHECK: %[[NEGATIVE:.*]] = arith.negf
// CHECK: arith.truncf %[[NEGATIVE]] {{.*}} : f32 to f16
// CHECK: arith.select {{.*}} : f16
func.func @masked(%x: tensor<128x64xf16>, %m: tensor<64xi1>, %y: tensor<128x64xf16>)
    -> (tensor<128x64xf16>, tensor<128x64xf16>) {
  %0 = nn.exp %x : (tensor<128x64xf16>) -> tensor<128x64xf16>
  %1 = nn.select %m, %0, %y : (tensor<64xi1>, tensor<128x64xf16>, tensor<128x64xf16>) -> tensor<128x64xf16>
  %2 = nn.tanh %1 : (tensor<128x64xf16>) -> tensor<128x64xf16>
  %3 = nn.neg %x : (tensor<128x64xf16>) -> tensor<128x64xf16>
  %4 = nn.select %m, %3, %y : (tensor<64xi1>, tensor<128x64xf16>, tensor<128x64xf16>) -> tensor<128x64xf16>
  return %2, %4 : tensor<128x64xf16>, tensor<128x64xf16>
}

// -----

// Large results are rounded on their way from kernel to kernel, not on their
// way from op to op of one: the rows' sums read f32.
// CHECK-LABEL: @rows
// CHECK: math.exp
// CHECK: arith.truncf {{.*}} : f32 to f16
// CHECK: -> tensor<128x64xf16>
// REGION-LABEL: @rows
// REGION: dispatch.region
// REGION: math.exp
// REGION-NOT: arith.truncf
// REGION: linalg.yield {{.*}} : f32
// REGION: -> tensor<128x64xf32>
// REGION-NOT: arith.extf
// REGION: arith.addf
func.func @rows(%x: tensor<128x64xf16>) -> tensor<128x64xf16> {
  %0 = nn.exp %x : (tensor<128x64xf16>) -> tensor<128x64xf16>
  %1 = nn.reduce sum %0 axes = [1] keepdims : (tensor<128x64xf16>) -> tensor<128x1xf16>
  %2 = nn.div %0, %1 : (tensor<128x64xf16>, tensor<128x1xf16>) -> tensor<128x64xf16>
  return %2 : tensor<128x64xf16>
}

// -----

// Small results are f32 in memory, too: here the left operand of a short product.
// The operands of a long one stay what hardware multiplies, and so does what is
// an output.
// CHECK-LABEL: @small
// CHECK: math.exp {{.*}} : f32
// CHECK-NEXT: linalg.yield {{.*}} : f32
// CHECK-NEXT: -> tensor<16x8xf32>
// CHECK: arith.negf {{.*}} : f32
// CHECK: arith.truncf
// CHECK: -> tensor<8x16xf16>
// CHECK: math.absf
// CHECK-NEXT: arith.truncf
// CHECK: -> tensor<16x16xf16>
func.func @small(%x: tensor<16x8xf16>, %y: tensor<8x16xf16>, %z: tensor<16x16xf16>)
    -> (tensor<16x16xf16>, tensor<8x16xf16>, tensor<16x16xf16>) {
  %0 = nn.exp %x : (tensor<16x8xf16>) -> tensor<16x8xf16>
  %1 = nn.neg %y : (tensor<8x16xf16>) -> tensor<8x16xf16>
  %2 = nn.matmul %0, %1 : (tensor<16x8xf16>, tensor<8x16xf16>) -> tensor<16x16xf16>
  %3 = nn.abs %z : (tensor<16x16xf16>) -> tensor<16x16xf16>
  %4 = nn.matmul %z, %3 : (tensor<16x16xf16>, tensor<16x16xf16>) -> tensor<16x16xf16>
  return %2, %1, %4 : tensor<16x16xf16>, tensor<8x16xf16>, tensor<16x16xf16>
}

// -----

// Of large results, those that are multiplied often are f32 where hardware
// does not multiply numbers of 16 bits; here also through the padding. (Of bf16
// the option above says nothing.)
// CHECK-LABEL: @multiplied(
// CHECK: math.exp
// CHECK-NEXT: arith.truncf
// CHECK: to tensor<34x34x16xf16>
// OFTEN-LABEL: @multiplied(
// OFTEN: math.exp
// OFTEN-NEXT: linalg.yield {{.*}} : f32
// OFTEN: tensor.pad
// OFTEN: tensor.yield {{.*}} : f32
// OFTEN: tensor<32x32x16xf32> to tensor<34x34x16xf32>
// OFTEN: ins(%{{.*}}, %{{.*}} : tensor<34x34x16xf32>, tensor<{{.*}}xf16>)
// OFTEN-LABEL: @multiplied_bf16
// OFTEN: math.exp
// OFTEN-NEXT: arith.truncf
// OFTEN-LABEL: @multiplied_seldom
// OFTEN: math.exp
// OFTEN-NEXT: arith.truncf
func.func @multiplied(%x: tensor<1x32x32x16xf16>, %w: tensor<8x16x3x3xf16>) -> tensor<1x32x32x8xf16> {
  %0 = nn.exp %x : (tensor<1x32x32x16xf16>) -> tensor<1x32x32x16xf16>
  %1 = nn.conv %0, %w strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] channels_last : (tensor<1x32x32x16xf16>, tensor<8x16x3x3xf16>) -> tensor<1x32x32x8xf16>
  return %1 : tensor<1x32x32x8xf16>
}
func.func @multiplied_bf16(%x: tensor<128x64xbf16>, %w: tensor<64x64xbf16>) -> tensor<128x64xbf16> {
  %0 = nn.exp %x : (tensor<128x64xbf16>) -> tensor<128x64xbf16>
  %1 = nn.matmul %0, %w : (tensor<128x64xbf16>, tensor<64x64xbf16>) -> tensor<128x64xbf16>
  return %1 : tensor<128x64xbf16>
}
func.func @multiplied_seldom(%x: tensor<128x64xf16>, %w: tensor<64x31xf16>) -> tensor<128x31xf16> {
  %0 = nn.exp %x : (tensor<128x64xf16>) -> tensor<128x64xf16>
  %1 = nn.matmul %0, %w : (tensor<128x64xf16>, tensor<64x31xf16>) -> tensor<128x31xf16>
  return %1 : tensor<128x31xf16>
}
