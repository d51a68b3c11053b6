// RUN: dlc-opt %s -split-input-file -arena-bufferize | FileCheck %s

dispatch.kernel @neg(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @add(%a: memref<2x4xf32>, %b: memref<2x4xf32>, %o: memref<2x4xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// A chain: one buffer for the inner value, the result in the caller's memory,
// reshapes free, equal constants once.

// CHECK-LABEL: arena.constant_pool @weights {alignment = 4096 : i64, size = 96 : i64} {
// CHECK-NEXT:    arena.constant @w0 {offset = 0 : i64, value = dense<{{\[\[}}1.000000e+00,
// CHECK-NEXT:    arena.constant @w1 {offset = 64 : i64, value = dense<2.000000e+00> : tensor<2x4xf32>}
// CHECK-NEXT:  }
// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: memref<8xf32> {dlc.name = "x"},
// CHECK-SAME:    %[[Y:.*]]: memref<2x4xf32> {dlc.name = "y", dlc.output}) {
// CHECK:         %[[A:.*]] = memref.alloc() : memref<8xf32>
// CHECK-NEXT:    dispatch.launch @neg ins(%[[X]] : memref<8xf32>) outs(%[[A]] : memref<8xf32>) {tag = "kept"}
// CHECK-NEXT:    %[[A2:.*]] = memref.expand_shape %[[A]] {{\[\[}}0, 1]] output_shape [2, 4] : memref<8xf32> into memref<2x4xf32>
// CHECK-NEXT:    %[[B:.*]] = memref.alloc() : memref<2x4xf32>
// CHECK-NEXT:    dispatch.launch @add ins(%[[A2]], %[[W0:.*]] : {{.*}}) outs(%[[B]] : memref<2x4xf32>)
// CHECK:         dispatch.launch @add ins(%[[B]], %{{.*}} : {{.*}}) outs(%[[C:.*]] : memref<2x4xf32>)
// CHECK:         dispatch.launch @add ins(%[[C]], %{{.*}} : {{.*}}) outs(%[[Y]] : memref<2x4xf32>)
// CHECK-NEXT:    return
func.func @main(%x: tensor<8xf32> {dlc.name = "x"}) -> (tensor<2x4xf32> {dlc.name = "y"}) {
  %unused = arith.constant dense<3.0> : tensor<64xf32>
  %c = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf32>
  %d = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32>
  %s = arith.constant dense<2.0> : tensor<2x4xf32>
  %e = tensor.empty() : tensor<8xf32>
  %f = tensor.empty() : tensor<2x4xf32>
  %0 = dispatch.launch @neg ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) {tag = "kept"} -> tensor<8xf32>
  %1 = tensor.expand_shape %0 [[0, 1]] output_shape [2, 4] : tensor<8xf32> into tensor<2x4xf32>
  %2 = dispatch.launch @add ins(%1, %c : tensor<2x4xf32>, tensor<2x4xf32>) outs(%f : tensor<2x4xf32>) -> tensor<2x4xf32>
  %d2 = tensor.expand_shape %d [[0, 1]] output_shape [2, 4] : tensor<8xf32> into tensor<2x4xf32>
  %3 = dispatch.launch @add ins(%2, %d2 : tensor<2x4xf32>, tensor<2x4xf32>) outs(%f : tensor<2x4xf32>) -> tensor<2x4xf32>
  %4 = dispatch.launch @add ins(%3, %s : tensor<2x4xf32>, tensor<2x4xf32>) outs(%f : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %4 : tensor<2x4xf32>
}

// -----

dispatch.kernel @left(%a: memref<4xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @right(%a: memref<4xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// A concat by two launches fills the output in place, through a reshape.

// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<2x4xf32> {dlc.output})
// CHECK-NOT:     memref.alloc
// CHECK-NOT:     memref.copy
// CHECK:         %[[O:.*]] = memref.collapse_shape %[[Y]] {{\[\[}}0, 1]] : memref<2x4xf32> into memref<8xf32>
// CHECK-NEXT:    dispatch.launch @left ins(%[[X]] : memref<4xf32>) outs(%[[O]] : memref<8xf32>)
// CHECK-NEXT:    dispatch.launch @right ins(%[[X]] : memref<4xf32>) outs(%[[O]] : memref<8xf32>)
// CHECK-NEXT:    return
func.func @main(%x: tensor<4xf32>) -> tensor<2x4xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %0 = dispatch.launch @left ins(%x : tensor<4xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %1 = dispatch.launch @right ins(%x : tensor<4xf32>) outs(%0 : tensor<8xf32>) -> tensor<8xf32>
  %2 = tensor.expand_shape %1 [[0, 1]] output_shape [2, 4] : tensor<8xf32> into tensor<2x4xf32>
  return %2 : tensor<2x4xf32>
}

// -----

dispatch.kernel @left(%a: memref<4xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @use(%a: memref<8xf32>, %b: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// %0 is read after %1 has overwritten a part of it: a copy. %1 overwrites
// nothing that is needed.

// CHECK-LABEL: func.func @main(
// CHECK:         dispatch.launch @left {{.*}} outs(%[[A:.*]] : memref<8xf32>)
// CHECK:         %[[B:.*]] = memref.alloc
// CHECK-NEXT:    memref.copy %[[A]], %[[B]]
// CHECK-NEXT:    dispatch.launch @left {{.*}} outs(%[[B]] : memref<8xf32>)
// CHECK-NEXT:    dispatch.launch @use ins(%[[A]], %[[B]] : {{.*}}) outs(%{{.*}} : memref<8xf32>)
func.func @main(%x: tensor<4xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %0 = dispatch.launch @left ins(%x : tensor<4xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %1 = dispatch.launch @left ins(%x : tensor<4xf32>) outs(%0 : tensor<8xf32>) -> tensor<8xf32>
  %2 = dispatch.launch @use ins(%0, %1 : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  return %2 : tensor<8xf32>
}

// -----

dispatch.kernel @acc(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// Inputs and constants are never written; an operand that comes in twice is not
// overwritten either.

// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: memref<8xf32>, %[[O0:.*]]: memref<8xf32> {dlc.output}, %[[O1:.*]]: memref<8xf32> {dlc.output}, %[[O2:.*]]: memref<8xf32> {dlc.output}
// CHECK-DAG:     %[[W:.*]] = arena.constant_view @weights::@w0 : memref<8xf32>
// CHECK:         memref.copy %[[X]], %[[O0]]
// CHECK-NEXT:    dispatch.launch @acc ins(%[[X]] : memref<8xf32>) outs(%[[O0]] : memref<8xf32>)
// CHECK:         memref.copy %[[W]], %[[O1]]
// CHECK-NEXT:    dispatch.launch @acc ins(%[[X]] : memref<8xf32>) outs(%[[O1]] : memref<8xf32>)
// CHECK:         memref.copy %[[O1]], %[[O2]]
// CHECK-NEXT:    dispatch.launch @acc ins(%[[O1]] : memref<8xf32>) outs(%[[O2]] : memref<8xf32>)
// CHECK-NEXT:    return
func.func @main(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %c = arith.constant dense<1.0> : tensor<8xf32>
  %0 = dispatch.launch @acc ins(%x : tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
  %1 = dispatch.launch @acc ins(%x : tensor<8xf32>) outs(%c : tensor<8xf32>) -> tensor<8xf32>
  %2 = dispatch.launch @acc ins(%1 : tensor<8xf32>) outs(%1 : tensor<8xf32>) -> tensor<8xf32>
  return %0, %1, %2 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// -----

dispatch.kernel @neg(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// Results that are an input, a constant, another result, or nothing at all.

// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:[a-z0-9]*]]: memref<8xf32>, %[[O0:[a-z0-9]*]]: memref<8xf32> {dlc.output}, %[[O1:[a-z0-9]*]]: memref<4xf32> {dlc.output}, %[[O2:[a-z0-9]*]]: memref<8xf32> {dlc.output}, %[[O3:[a-z0-9]*]]: memref<2x4xf32> {dlc.output}, %[[O4:[a-z0-9]*]]: memref<8xf32> {dlc.output})
// CHECK-NOT:     memref.alloc
// CHECK-DAG:     %[[W:.*]] = arena.constant_view @weights::@w0 : memref<4xf32>
// CHECK-DAG:     dispatch.launch @neg ins(%[[X]] : memref<8xf32>) outs(%[[O2]] : memref<8xf32>)
// CHECK-DAG:     memref.copy %[[X]], %[[O0]]
// CHECK-DAG:     memref.copy %[[W]], %[[O1]]
// CHECK:         %[[R:.*]] = memref.expand_shape %[[O2]]
// CHECK-NEXT:    memref.copy %[[R]], %[[O3]]
// CHECK-NEXT:    return
func.func @main(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2x4xf32>, tensor<8xf32>) {
  %c = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %e = tensor.empty() : tensor<8xf32>
  %0 = dispatch.launch @neg ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %1 = tensor.expand_shape %0 [[0, 1]] output_shape [2, 4] : tensor<8xf32> into tensor<2x4xf32>
  return %x, %c, %0, %1, %e : tensor<8xf32>, tensor<4xf32>, tensor<8xf32>, tensor<2x4xf32>, tensor<8xf32>
}

// -----

dispatch.kernel @border(%o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @inner(%a: memref<6xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @inner2(%a: memref<6xf32>, %o: memref<2x4xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @conv(%a: memref<8xf32>, %o: memref<6xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// One border for several buffers is made again for each, next to its use. A
// reader of the border itself keeps the first one.

// CHECK-LABEL: func.func @main(
// CHECK-NOT:     memref.copy
// CHECK:         dispatch.launch @border outs(%[[E:.*]] : memref<8xf32>)
// CHECK:         dispatch.launch @border outs(%[[A:.*]] : memref<8xf32>)
// CHECK-NEXT:    dispatch.launch @inner ins(%{{.*}} : memref<6xf32>) outs(%[[A]] : memref<8xf32>)
// CHECK:         dispatch.launch @conv ins(%[[A]] : memref<8xf32>) outs(%[[B:.*]] : memref<6xf32>)
// CHECK:         dispatch.launch @border outs(%[[C:.*]] : memref<8xf32>)
// CHECK-NEXT:    %[[C2:.*]] = memref.expand_shape %[[C]]
// CHECK-NEXT:    dispatch.launch @inner2 ins(%[[B]] : memref<6xf32>) outs(%[[C2]] : memref<2x4xf32>)
// CHECK:         dispatch.launch @conv ins(%[[E]] : memref<8xf32>)
func.func @main(%x: tensor<6xf32>) -> (tensor<2x4xf32>, tensor<6xf32>) {
  %e = tensor.empty() : tensor<8xf32>
  %e6 = tensor.empty() : tensor<6xf32>
  %0 = dispatch.launch @border outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %r = tensor.expand_shape %0 [[0, 1]] output_shape [2, 4] : tensor<8xf32> into tensor<2x4xf32>
  %1 = dispatch.launch @inner ins(%x : tensor<6xf32>) outs(%0 : tensor<8xf32>) -> tensor<8xf32>
  %2 = dispatch.launch @conv ins(%1 : tensor<8xf32>) outs(%e6 : tensor<6xf32>) -> tensor<6xf32>
  %3 = dispatch.launch @inner2 ins(%2 : tensor<6xf32>) outs(%r : tensor<2x4xf32>) -> tensor<2x4xf32>
  %4 = dispatch.launch @conv ins(%0 : tensor<8xf32>) outs(%e6 : tensor<6xf32>) -> tensor<6xf32>
  return %3, %4 : tensor<2x4xf32>, tensor<6xf32>
}

// -----

dispatch.kernel @copy(%a: memref<4xf32>, %o: memref<4xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @scalar(%a: memref<f32>, %o: memref<1x1xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// Resources are compared by their bytes; a splat of one is the same as its
// resource only if it is stored alike. Shapes without dimensions work.

// CHECK-LABEL: arena.constant_pool @weights {alignment = 4096 : i64, size = 68 : i64} {
// CHECK-NEXT:    arena.constant @w0 {offset = 0 : i64, value = dense_resource<blob> : tensor<4xf32>}
// CHECK-NEXT:    arena.constant @w1 {offset = 64 : i64, value = dense<1.000000e+00> : tensor<1xf32>}
// CHECK-NEXT:  }
// CHECK:         memref.collapse_shape %{{.*}} [] : memref<1xf32> into memref<f32>
// CHECK:         memref.expand_shape %{{.*}} {{\[\[}}0, 1]] output_shape [1, 1] : memref<1xf32> into memref<1x1xf32>
func.func @main() -> (tensor<4xf32>, tensor<4xf32>, tensor<1xf32>) {
  %a = arith.constant dense_resource<blob> : tensor<4xf32>
  %b = arith.constant dense_resource<same> : tensor<4xf32>
  %c = arith.constant dense<1.0> : tensor<1xf32>
  %c0 = tensor.collapse_shape %c [] : tensor<1xf32> into tensor<f32>
  %e = tensor.empty() : tensor<4xf32>
  %e1 = tensor.empty() : tensor<1x1xf32>
  %0 = dispatch.launch @copy ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %1 = dispatch.launch @copy ins(%b : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %2 = dispatch.launch @scalar ins(%c0 : tensor<f32>) outs(%e1 : tensor<1x1xf32>) -> tensor<1x1xf32>
  %3 = tensor.collapse_shape %2 [[0, 1]] : tensor<1x1xf32> into tensor<1xf32>
  return %0, %1, %3 : tensor<4xf32>, tensor<4xf32>, tensor<1xf32>
}

{-#
  dialect_resources: {
    builtin: {
      blob: "0x040000000000803F000000400000404000008040",
      same: "0x040000000000803F000000400000404000008040"
    }
  }
#-}

// -----

dispatch.kernel @small(%a: memref<2xf32>, %w: memref<4xf32>, %o: memref<2xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @large(%a: memref<3xf32>, %w: memref<4xf32>, %o: memref<3xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// The graph functions of two shapes have one pool.

// CHECK-LABEL: arena.constant_pool @weights {alignment = 4096 : i64, size = 16 : i64} {
// CHECK-NEXT:    arena.constant @w0
// CHECK-NOT: arena.constant @w1
// CHECK-LABEL: func.func @main(
// CHECK:         arena.constant_view @weights::@w0
// CHECK-LABEL: func.func @main_1(
// CHECK-SAME:    %{{.*}}: memref<3xf32>, %{{.*}}: memref<3xf32> {dlc.output}) attributes {dlc.dims = "n=3"}
// CHECK:         arena.constant_view @weights::@w0
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> attributes {dlc.dims = "n=2"} {
  %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %e = tensor.empty() : tensor<2xf32>
  %0 = dispatch.launch @small ins(%x, %w : tensor<2xf32>, tensor<4xf32>) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
func.func @main_1(%x: tensor<3xf32>) -> tensor<3xf32> attributes {dlc.dims = "n=3"} {
  %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %e = tensor.empty() : tensor<3xf32>
  %0 = dispatch.launch @large ins(%x, %w : tensor<3xf32>, tensor<4xf32>) outs(%e : tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
