// RUN: dlc-opt %s --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: func @identities
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>, %[[C:.*]]: tensor<2x3xi1>)
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[X]]
func.func @identities(%x: tensor<2x3xf32>, %c: tensor<2x3xi1>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %zero = nn.constant dense<0.0> : tensor<f32>
  %one = nn.constant dense<1.0> : tensor<1x3xf32>
  %0 = nn.add %zero, %x : (tensor<f32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = nn.mul %x, %one : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  %2 = nn.sub %x, %zero : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %3 = nn.div %x, %one : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  %n = nn.neg %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = nn.neg %n : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = nn.select %c, %x, %x : (tensor<2x3xi1>, tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %6 = nn.cast %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %7 = nn.max %x, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %8 = nn.pow %x, %one : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  return %0, %1, %2, %3, %4, %5, %6, %7, %8 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// An operand that is broadcast is not the result.
// CHECK-LABEL: func @no_identity
// CHECK: nn.add
func.func @no_identity(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  %zero = nn.constant dense<0.0> : tensor<2x3xf32>
  %0 = nn.add %x, %zero : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func @moves_identities
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[X]]
func.func @moves_identities(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %v = nn.constant dense<1.0> : tensor<f32>
  %r = nn.reshape %x : (tensor<2x3xf32>) -> tensor<6xf32>
  %0 = nn.reshape %r : (tensor<6xf32>) -> tensor<2x3xf32>
  %t = nn.transpose %x perm = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = nn.transpose %t perm = [1, 0] : (tensor<3x2xf32>) -> tensor<2x3xf32>
  %2 = nn.broadcast %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = nn.concat %x axis = 1 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = nn.slice %x starts = [0, 0] steps = [1, 1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = nn.pad constant %x, %v lo = [0, 0] hi = [0, 0] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %6 = nn.reduce sum %x axes = [] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func @reverse_is_no_identity
// CHECK: nn.slice
func.func @reverse_is_no_identity(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = nn.slice %x starts = [0, 2] steps = [1, -1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// Shape arithmetic as exporters write it: all of it is known.
// CHECK-LABEL: func @shape_arithmetic
// CHECK-NEXT: %[[C:.*]] = nn.constant dense<[2, 3, 4, -1, 12]> : tensor<5xi64>
// CHECK-NEXT: return %[[C]]
func.func @shape_arithmetic() -> tensor<5xi64> {
  %shape = nn.constant dense<[2, 3, 4]> : tensor<3xi64>
  %i = nn.constant dense<[1, -1]> : tensor<2xi64>
  %g = nn.gather %shape, %i axis = 0 : (tensor<3xi64>, tensor<2xi64>) -> tensor<2xi64>
  %p = nn.reduce prod %g axes = [0] keepdims : (tensor<2xi64>) -> tensor<1xi64>
  %f = nn.cast %p : (tensor<1xi64>) -> tensor<1xf32>
  %h = nn.constant dense<0.5> : tensor<f32>
  %m = nn.mul %f, %h : (tensor<1xf32>, tensor<f32>) -> tensor<1xf32>
  %fl = nn.floor %m : (tensor<1xf32>) -> tensor<1xf32>
  %k = nn.cast %fl : (tensor<1xf32>) -> tensor<1xi64>
  %two = nn.constant dense<2> : tensor<1xi64>
  %k2 = nn.mul %k, %two : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %seven = nn.constant dense<-7> : tensor<1xi64>
  %d = nn.div %seven, %two : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %one = nn.constant dense<2> : tensor<1xi64>
  %minus = nn.add %d, %one : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %c = nn.concat %shape, %minus, %k2 axis = 0 : (tensor<3xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<5xi64>
  return %c : tensor<5xi64>
}

// -----

// CHECK-LABEL: func @logic
// CHECK-NEXT: %[[C:.*]] = nn.constant dense<[10, 2, 30]> : tensor<3xui8>
// CHECK-NEXT: return %[[C]]
func.func @logic() -> tensor<3xui8> {
  %a = nn.constant dense<[1, 2, 250]> : tensor<3xui8>
  %b = nn.constant dense<[10, 20, 30]> : tensor<3xui8>
  %c = nn.constant dense<[1, 3, 100]> : tensor<3xui8>
  %eq = nn.compare eq %a, %c : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xi1>
  %gt = nn.compare gt %a, %c : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xi1>
  %or = nn.or %eq, %gt : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
  %s = nn.select %or, %b, %a : (tensor<3xi1>, tensor<3xui8>, tensor<3xui8>) -> tensor<3xui8>
  return %s : tensor<3xui8>
}

// -----

// CHECK-LABEL: func @movement_of_constants
// CHECK-DAG: dense<{{\[}}[1, 3, 5], [2, 4, 6]]> : tensor<2x3xi64>
// CHECK-DAG: dense<{{\[}}[1, 2], [1, 2]]> : tensor<2x2xi64>
// CHECK-DAG: dense<[6, 4, 2]> : tensor<3xi64>
// CHECK-DAG: dense<{{\[}}[1, 9], [3, 9], [5, 9]]> : tensor<3x2xi64>
// CHECK-DAG: dense<7> : tensor<100x100xi64>
func.func @movement_of_constants() -> (tensor<2x3xi64>, tensor<2x2xi64>, tensor<3xi64>, tensor<3x2xi64>, tensor<100x100xi64>) {
  %x = nn.constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi64>
  %0 = nn.transpose %x perm = [1, 0] : (tensor<3x2xi64>) -> tensor<2x3xi64>
  %r = nn.slice %x starts = [0, 0] steps = [1, 1] : (tensor<3x2xi64>) -> tensor<1x2xi64>
  %1 = nn.broadcast %r : (tensor<1x2xi64>) -> tensor<2x2xi64>
  %s = nn.slice %x starts = [2, 1] steps = [-1, 1] : (tensor<3x2xi64>) -> tensor<3x1xi64>
  %2 = nn.reshape %s : (tensor<3x1xi64>) -> tensor<3xi64>
  %nine = nn.constant dense<9> : tensor<3x1xi64>
  %t = nn.slice %x starts = [0, 0] steps = [1, 1] : (tensor<3x2xi64>) -> tensor<3x1xi64>
  %3 = nn.concat %t, %nine axis = 1 : (tensor<3x1xi64>, tensor<3x1xi64>) -> tensor<3x2xi64>
  %seven = nn.constant dense<7> : tensor<i64>
  %4 = nn.broadcast %seven : (tensor<i64>) -> tensor<100x100xi64>
  return %0, %1, %2, %3, %4 : tensor<2x3xi64>, tensor<2x2xi64>, tensor<3xi64>, tensor<3x2xi64>, tensor<100x100xi64>
}

// -----

// The blob of a resource is shared, not copied.
// CHECK-LABEL: func @reshape_of_resource
// CHECK-NEXT: nn.constant dense_resource<blob> : tensor<4xf32>
func.func @reshape_of_resource() -> tensor<4xf32> {
  %x = nn.constant dense_resource<blob> : tensor<2x2xf32>
  %0 = nn.reshape %x : (tensor<2x2xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
{-#
  dialect_resources: { builtin: { blob: "0x400000000000803f000000400000404000008040" } }
#-}

// -----

// CHECK-LABEL: func @compositions
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x4xf32>)
// CHECK-DAG: %[[T:.*]] = nn.transpose %[[X]] perm = [1, 2, 0]
// CHECK-DAG: %[[S:.*]] = nn.slice %[[X]] starts = [0, 2, 3] steps = [1, -1, -2]
// CHECK-DAG: %[[B:.*]] = nn.broadcast %[[X]] : (tensor<2x3x4xf32>) -> tensor<6x5x2x3x4xf32>
// CHECK: return %[[T]], %[[S]], %[[B]]
func.func @compositions(%x: tensor<2x3x4xf32>) -> (tensor<3x4x2xf32>, tensor<2x2x2xf32>, tensor<6x5x2x3x4xf32>) {
  %a = nn.transpose %x perm = [2, 0, 1] : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  %0 = nn.transpose %a perm = [2, 0, 1] : (tensor<4x2x3xf32>) -> tensor<3x4x2xf32>
  %b = nn.slice %x starts = [0, 2, 3] steps = [1, -1, -1] : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %1 = nn.slice %b starts = [0, 0, 0] steps = [1, 1, 2] : (tensor<2x3x4xf32>) -> tensor<2x2x2xf32>
  %c = nn.broadcast %x : (tensor<2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %2 = nn.broadcast %c : (tensor<5x2x3x4xf32>) -> tensor<6x5x2x3x4xf32>
  return %0, %1, %2 : tensor<3x4x2xf32>, tensor<2x2x2xf32>, tensor<6x5x2x3x4xf32>
}

// -----

// CHECK-LABEL: func @transpose_of_ones
// CHECK-NEXT: %[[R:.*]] = nn.reshape %{{.*}} : (tensor<1x8x1x1xf32>) -> tensor<1x8xf32>
// CHECK-NEXT: return %[[R]]
func.func @transpose_of_ones(%x: tensor<1x8x1x1xf32>) -> tensor<1x8xf32> {
  %0 = nn.transpose %x perm = [0, 2, 3, 1] : (tensor<1x8x1x1xf32>) -> tensor<1x1x1x8xf32>
  %1 = nn.reshape %0 : (tensor<1x1x1x8xf32>) -> tensor<1x8xf32>
  return %1 : tensor<1x8xf32>
}

// -----

// CHECK-LABEL: func @concats
// CHECK-SAME: (%[[A:.*]]: tensor<2x3xf32>, %[[B:.*]]: tensor<2x4xf32>, %[[E:.*]]: tensor<2x0xf32>)
// CHECK-NEXT: %[[C:.*]] = nn.concat %[[A]], %[[B]], %[[A]] axis = 1
// CHECK-NEXT: return %[[C]], %[[B]]
func.func @concats(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>, %e: tensor<2x0xf32>) -> (tensor<2x10xf32>, tensor<2x4xf32>) {
  %0 = nn.concat %a, %e, %b axis = 1 : (tensor<2x3xf32>, tensor<2x0xf32>, tensor<2x4xf32>) -> tensor<2x7xf32>
  %1 = nn.concat %0, %a axis = 1 : (tensor<2x7xf32>, tensor<2x3xf32>) -> tensor<2x10xf32>
  %2 = nn.slice %1 starts = [0, 3] steps = [1, 1] : (tensor<2x10xf32>) -> tensor<2x4xf32>
  return %1, %2 : tensor<2x10xf32>, tensor<2x4xf32>
}

// -----

// CHECK-LABEL: func @split_and_concat
// CHECK-SAME: (%[[A:.*]]: tensor<2x9xf32>)
// CHECK-NEXT: return %[[A]]
func.func @split_and_concat(%a: tensor<2x9xf32>) -> tensor<2x9xf32> {
  %0 = nn.slice %a starts = [0, 0] steps = [1, 1] : (tensor<2x9xf32>) -> tensor<2x3xf32>
  %1 = nn.slice %a starts = [0, 3] steps = [1, 1] : (tensor<2x9xf32>) -> tensor<2x3xf32>
  %2 = nn.slice %a starts = [0, 6] steps = [1, 1] : (tensor<2x9xf32>) -> tensor<2x3xf32>
  %3 = nn.concat %0, %1, %2 axis = 1 : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x9xf32>
  return %3 : tensor<2x9xf32>
}

// -----

// CHECK-LABEL: func @pads
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
// CHECK: nn.pad constant %[[X]], %{{.*}} lo = [1, 2] hi = [0, 2]
func.func @pads(%x: tensor<2x3xf32>) -> tensor<3x7xf32> {
  %v = nn.constant dense<1.0> : tensor<f32>
  %0 = nn.pad constant %x, %v lo = [0, 1] hi = [0, 2] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x6xf32>
  %1 = nn.pad constant %0, %v lo = [1, 1] hi = [0, 0] : (tensor<2x6xf32>, tensor<f32>) -> tensor<3x7xf32>
  return %1 : tensor<3x7xf32>
}

// -----

// CHECK-LABEL: func @gather_of_one
// CHECK-SAME: (%[[X:.*]]: tensor<2x5x3xf32>)
// CHECK-NEXT: %[[S:.*]] = nn.slice %[[X]] starts = [0, 4, 0] steps = [1, 1, 1] : (tensor<2x5x3xf32>) -> tensor<2x1x3xf32>
// CHECK-NEXT: %[[R:.*]] = nn.reshape %[[S]] : (tensor<2x1x3xf32>) -> tensor<2x3xf32>
// CHECK-NEXT: %[[T:.*]] = nn.slice %[[X]] starts = [0, 3, 0] steps = [1, -2, 1] : (tensor<2x5x3xf32>) -> tensor<2x2x3xf32>
// CHECK-NEXT: return %[[R]], %[[T]]
func.func @gather_of_one(%x: tensor<2x5x3xf32>) -> (tensor<2x3xf32>, tensor<2x2x3xf32>) {
  %i = nn.constant dense<-1> : tensor<i64>
  %0 = nn.gather %x, %i axis = 1 : (tensor<2x5x3xf32>, tensor<i64>) -> tensor<2x3xf32>
  %j = nn.constant dense<[3, 1]> : tensor<2xi64>
  %1 = nn.gather %x, %j axis = 1 : (tensor<2x5x3xf32>, tensor<2xi64>) -> tensor<2x2x3xf32>
  return %0, %1 : tensor<2x3xf32>, tensor<2x2x3xf32>
}

// -----

// CHECK-LABEL: func @cheaper
// CHECK-SAME: (%[[X:.*]]: tensor<2xf32>, %[[Y:.*]]: tensor<2xf32>, %[[B:.*]]: tensor<1xf32>)
// CHECK-DAG: %[[EIGHTH:.*]] = nn.constant dense<1.250000e-01> : tensor<f32>
// CHECK-DAG: nn.mul %[[X]], %[[EIGHTH]]
// CHECK-DAG: nn.mul %[[X]], %[[X]]
// CHECK-DAG: nn.rsqrt %[[Y]]
// CHECK-DAG: nn.add %[[X]], %[[B]]
func.func @cheaper(%x: tensor<2xf32>, %y: tensor<2xf32>, %b: tensor<1xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %eight = nn.constant dense<8.0> : tensor<f32>
  %two = nn.constant dense<2.0> : tensor<f32>
  %one = nn.constant dense<1.0> : tensor<f32>
  %0 = nn.div %x, %eight : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %1 = nn.pow %x, %two : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %s = nn.sqrt %y : (tensor<2xf32>) -> tensor<2xf32>
  %3 = nn.div %one, %s : (tensor<f32>, tensor<2xf32>) -> tensor<2xf32>
  %wide = nn.broadcast %b : (tensor<1xf32>) -> tensor<2xf32>
  %4 = nn.add %x, %wide : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %0, %1, %3, %4 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// -----

// Square roots of -0 and -inf differ from powers; here neither can be.

// CHECK-LABEL: func @roots
// CHECK: nn.pow %arg0
// CHECK: %[[SUM:.*]] = nn.reduce sum
// CHECK: %[[ABOVE:.*]] = nn.add %[[SUM]]
// CHECK-DAG: nn.sqrt %[[ABOVE]]
// CHECK-DAG: nn.rsqrt %[[ABOVE]]
func.func @roots(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>) {
  %half = nn.constant dense<0.5> : tensor<f32>
  %minus = nn.constant dense<-0.5> : tensor<f32>
  %small = nn.constant dense<1.0e-5> : tensor<f32>
  %0 = nn.pow %x, %half : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  %1 = nn.mul %x, %x : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %2 = nn.reduce sum %1 axes = [1] : (tensor<2x4xf32>) -> tensor<2xf32>
  %3 = nn.add %2, %small : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %4 = nn.pow %3, %half : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  %5 = nn.pow %3, %minus : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  return %0, %4, %5 : tensor<2x4xf32>, tensor<2xf32>, tensor<2xf32>
}

// -----

// CHECK-LABEL: func @casts
// CHECK-SAME: (%[[X:.*]]: tensor<2xi32>, %[[Y:.*]]: tensor<2xf32>)
// CHECK: nn.cast %[[X]] : (tensor<2xi32>) -> tensor<2xf32>
// CHECK: %[[I:.*]] = nn.cast %[[Y]] : (tensor<2xf32>) -> tensor<2xi32>
// CHECK: nn.cast %[[I]] : (tensor<2xi32>) -> tensor<2xf32>
func.func @casts(%x: tensor<2xi32>, %y: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %a = nn.cast %x : (tensor<2xi32>) -> tensor<2xi64>
  %0 = nn.cast %a : (tensor<2xi64>) -> tensor<2xf32>
  %b = nn.cast %y : (tensor<2xf32>) -> tensor<2xi32>
  %1 = nn.cast %b : (tensor<2xi32>) -> tensor<2xf32>
  return %0, %1 : tensor<2xf32>, tensor<2xf32>
}

// -----

// CHECK-LABEL: func @pools
// CHECK-SAME: (%[[X:.*]]: tensor<1x8x7x7xf32>)
// CHECK-DAG: nn.reduce mean %[[X]] axes = [2, 3] keepdims
// CHECK-DAG: nn.slice %[[X]] starts = [0, 0, 0, 0] steps = [1, 1, 2, 2] : (tensor<1x8x7x7xf32>) -> tensor<1x8x4x4xf32>
func.func @pools(%x: tensor<1x8x7x7xf32>) -> (tensor<1x8x1x1xf32>, tensor<1x8x4x4xf32>) {
  %0 = nn.avg_pool %x kernel = [7, 7] strides = [1, 1] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x8x7x7xf32>) -> tensor<1x8x1x1xf32>
  %1 = nn.max_pool %x kernel = [1, 1] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x8x7x7xf32>) -> tensor<1x8x4x4xf32>
  return %0, %1 : tensor<1x8x1x1xf32>, tensor<1x8x4x4xf32>
}

// -----

// CHECK-LABEL: func @reduce_of_ones
// CHECK-NEXT: nn.reshape %{{.*}} : (tensor<1x8x1x1xf32>) -> tensor<1x8xf32>
func.func @reduce_of_ones(%x: tensor<1x8x1x1xf32>) -> tensor<1x8xf32> {
  %0 = nn.reduce mean %x axes = [2, 3] : (tensor<1x8x1x1xf32>) -> tensor<1x8xf32>
  return %0 : tensor<1x8xf32>
}

// -----

// Division by zero is left to the program.
// CHECK-LABEL: func @division_by_zero
// CHECK: nn.div
func.func @division_by_zero() -> tensor<2xi64> {
  %x = nn.constant dense<[1, 2]> : tensor<2xi64>
  %y = nn.constant dense<[1, 0]> : tensor<2xi64>
  %0 = nn.div %x, %y : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  return %0 : tensor<2xi64>
}
