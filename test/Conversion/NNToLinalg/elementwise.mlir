// RUN: dlc-opt %s --convert-nn-to-linalg --split-input-file | FileCheck %s

// Broadcasts are indexing maps.

// CHECK-DAG: #[[ROW:.*]] = affine_map<(d0, d1, d2) -> (d1, 0)>
// CHECK-DAG: #[[LINE:.*]] = affine_map<(d0, d1, d2) -> (d2)>
// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-LABEL: @broadcast
// CHECK: linalg.generic {indexing_maps = [#[[ALL]], #[[ROW]], #[[ALL]]], iterator_types = ["parallel", "parallel", "parallel"]}
// CHECK: arith.addf
// CHECK: linalg.generic {indexing_maps = [#[[ALL]], #[[LINE]], #[[ALL]]]
// CHECK: arith.mulf
func.func @broadcast(%x: tensor<2x3x4xf32>, %y: tensor<3x1xf32>, %z: tensor<4xf32>) -> tensor<2x3x4xf32> {
  %0 = nn.add %x, %y : (tensor<2x3x4xf32>, tensor<3x1xf32>) -> tensor<2x3x4xf32>
  %1 = nn.mul %0, %z : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  return %1 : tensor<2x3x4xf32>
}

// -----

// Splat constants are scalars in the body; small powers are multiplications.

// CHECK-LABEL: @scalars
// CHECK-SAME: %[[X:.*]]: tensor<5xf32>
// CHECK: linalg.generic
// CHECK-SAME: ins(%[[X]] : tensor<5xf32>)
// CHECK-NEXT: ^bb0(%[[IN:.*]]: f32,
// CHECK-NEXT: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT: arith.mulf %[[IN]], %[[HALF]]
// CHECK: linalg.generic
// CHECK-NOT: math.powf
// CHECK: arith.mulf %[[IN2:.*]], %[[IN2]]
// CHECK: return
func.func @scalars(%x: tensor<5xf32>) -> tensor<5xf32> {
  %half = nn.constant dense<0.5> : tensor<f32>
  %two = nn.constant dense<2.0> : tensor<1xf32>
  %0 = nn.mul %x, %half : (tensor<5xf32>, tensor<f32>) -> tensor<5xf32>
  %1 = nn.pow %0, %two : (tensor<5xf32>, tensor<1xf32>) -> tensor<5xf32>
  return %1 : tensor<5xf32>
}

// -----

// CHECK-LABEL: @activations
// CHECK: arith.maximumf
// CHECK: math.tanh
// CHECK: math.erf
// CHECK: arith.negf
// CHECK-NEXT: math.exp
// CHECK: arith.divf
func.func @activations(%x: tensor<5xf32>) -> tensor<5xf32> {
  %0 = nn.relu %x : (tensor<5xf32>) -> tensor<5xf32>
  %1 = nn.tanh %0 : (tensor<5xf32>) -> tensor<5xf32>
  %2 = nn.erf %1 : (tensor<5xf32>) -> tensor<5xf32>
  %3 = nn.sigmoid %2 : (tensor<5xf32>) -> tensor<5xf32>
  return %3 : tensor<5xf32>
}

// -----

// Bools are bytes in tensors and i1 in bodies; arguments and results remember it.

// CHECK-LABEL: @bools
// CHECK-SAME: %[[P:.*]]: tensor<3xi8> {dlc.name = "p", dlc.type = i1}, %{{.*}}: tensor<3xf32>)
// CHECK-SAME: -> (tensor<3xi8> {dlc.type = i1})
// CHECK: ^bb0(%[[IN:.*]]: f32, %{{.*}}: i8):
// CHECK: %[[LESS:.*]] = arith.cmpf olt, %[[IN]]
// CHECK-NEXT: arith.extui %[[LESS]] : i1 to i8
// CHECK: ^bb0(%[[A:.*]]: i8, %[[B:.*]]: i8, %{{.*}}: i8):
// CHECK: %[[PA:.*]] = arith.cmpi ne, %[[A]]
// CHECK: %[[PB:.*]] = arith.cmpi ne, %[[B]]
// CHECK: %[[AND:.*]] = arith.andi %[[PA]], %[[PB]] : i1
// CHECK: arith.extui %[[AND]] : i1 to i8
func.func @bools(%p: tensor<3xi1> {dlc.name = "p"}, %x: tensor<3xf32>) -> tensor<3xi1> {
  %c = nn.constant dense<1.0> : tensor<f32>
  %0 = nn.compare lt %x, %c : (tensor<3xf32>, tensor<f32>) -> tensor<3xi1>
  %1 = nn.and %p, %0 : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
  return %1 : tensor<3xi1>
}

// -----

// Unsigned integers are signless below, with unsigned operations.

// CHECK-LABEL: @unsigned
// CHECK-SAME: tensor<3xi8> {dlc.type = ui8}
// CHECK: arith.maxui
// CHECK: arith.divui
// CHECK: arith.uitofp
func.func @unsigned(%x: tensor<3xui8>, %y: tensor<3xui8>) -> tensor<3xf32> {
  %0 = nn.max %x, %y : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xui8>
  %1 = nn.div %0, %y : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xui8>
  %2 = nn.cast %1 : (tensor<3xui8>) -> tensor<3xf32>
  return %2 : tensor<3xf32>
}

// -----

// Division neither by 0 nor of the least integer by -1 traps.

// CHECK-LABEL: @guarded
// CHECK: %[[SAFE:.*]] = arith.select
// CHECK: arith.divsi %{{.*}}, %[[SAFE]]
// CHECK: linalg.generic
// CHECK-NOT: arith.select
// CHECK: arith.divsi
func.func @guarded(%x: tensor<3xi32>, %y: tensor<3xi32>) -> tensor<3xi32> {
  %0 = nn.div %x, %y : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  %c = nn.constant dense<3> : tensor<i32>
  %1 = nn.div %0, %c : (tensor<3xi32>, tensor<i32>) -> tensor<3xi32>
  return %1 : tensor<3xi32>
}

// -----

// CHECK-LABEL: @half
// CHECK: %[[WIDE:.*]] = arith.extf %{{.*}} fastmath<contract> : f16 to f32
// CHECK: %[[EXP:.*]] = math.exp %[[WIDE]] : f32
// CHECK: arith.truncf %[[EXP]] fastmath<contract> : f32 to f16
// CHECK: ^bb0(%{{.*}}: i8, %[[A:.*]]: f16, %[[B:.*]]: f16,
// CHECK-NOT: arith.extf
// CHECK: arith.select %{{.*}}, %[[A]], %[[B]] : f16
func.func @half(%x: tensor<3xf16>, %p: tensor<3xi1>) -> tensor<3xf16> {
  %0 = nn.exp %x : (tensor<3xf16>) -> tensor<3xf16>
  %1 = nn.select %p, %0, %x : (tensor<3xi1>, tensor<3xf16>, tensor<3xf16>) -> tensor<3xf16>
  return %1 : tensor<3xf16>
}

// -----

// CHECK-LABEL: @nothing
// CHECK-NOT: linalg
// CHECK: tensor.empty() : tensor<2x0xf32>
func.func @nothing(%x: tensor<2x0xf32>) -> tensor<2x0xf32> {
  %0 = nn.exp %x : (tensor<2x0xf32>) -> tensor<2x0xf32>
  return %0 : tensor<2x0xf32>
}

// -----

// i4 is computed in a byte and cut to its range.

// CHECK-LABEL: @narrow
// CHECK: arith.addi {{.*}} : i8
// CHECK: arith.shli
// CHECK: arith.shrsi
func.func @narrow(%x: tensor<3xi4>) -> tensor<3xi4> {
  %0 = nn.add %x, %x : (tensor<3xi4>, tensor<3xi4>) -> tensor<3xi4>
  return %0 : tensor<3xi4>
}

// -----

// Narrow floats are bytes that move as they are; where they are computed with,
// they are f32.

// CHECK-LABEL: @narrow_floats
// CHECK-SAME: %[[X:.*]]: tensor<3xi8> {dlc.type = f8E4M3FN}) -> (tensor<3x1xi8> {dlc.type = f8E4M3FN}, tensor<3xf32>, tensor<3xi8> {dlc.type = f8E5M2})
// CHECK: tensor.expand_shape %[[X]]
// CHECK: ^bb0(%[[IN:.*]]: i8, %{{.*}}: f32):
// CHECK: arith.extui %[[IN]] : i8 to i32
// CHECK: arith.bitcast %{{.*}} : i32 to f32
// CHECK-NEXT: linalg.yield
// CHECK: ^bb0(%{{.*}}: i8, %{{.*}}: i8):
// CHECK: arith.trunci %{{.*}} : i32 to i8
// CHECK-NEXT: linalg.yield
func.func @narrow_floats(%x: tensor<3xf8E4M3FN>) -> (tensor<3x1xf8E4M3FN>, tensor<3xf32>, tensor<3xf8E5M2>) {
  %0 = nn.reshape %x : (tensor<3xf8E4M3FN>) -> tensor<3x1xf8E4M3FN>
  %1 = nn.cast %x : (tensor<3xf8E4M3FN>) -> tensor<3xf32>
  %2 = nn.cast %x : (tensor<3xf8E4M3FN>) -> tensor<3xf8E5M2>
  return %0, %1, %2 : tensor<3x1xf8E4M3FN>, tensor<3xf32>, tensor<3xf8E5M2>
}

// -----

// float64 does not round twice on its way.

// CHECK-LABEL: @narrow_double
// CHECK: arith.bitcast %{{.*}} : f64 to i64
// CHECK-NOT: f32
// CHECK: arith.trunci %{{.*}} : i64 to i8
func.func @narrow_double(%x: tensor<3xf64>) -> tensor<3xf8E4M3FN> {
  %0 = nn.cast %x : (tensor<3xf64>) -> tensor<3xf8E4M3FN>
  return %0 : tensor<3xf8E4M3FN>
}

// -----

// CHECK-LABEL: @bitcast
// CHECK: arith.bitcast %{{.*}} : f32 to i32
// CHECK: arith.cmpi ne
// CHECK: arith.extui
func.func @bitcast(%x: tensor<3xf32>, %y: tensor<3xui8>) -> (tensor<3xi32>, tensor<3xi1>) {
  %0 = nn.bitcast %x : (tensor<3xf32>) -> tensor<3xi32>
  %1 = nn.bitcast %y : (tensor<3xui8>) -> tensor<3xi1>
  return %0, %1 : tensor<3xi32>, tensor<3xi1>
}
