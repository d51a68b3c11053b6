// RUN: dlc-opt %s --convert-nn-to-linalg --split-input-file | FileCheck %s

// CHECK-LABEL: @reshape
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<2x6x5xf32> into tensor<12x5xf32>
// CHECK: tensor.expand_shape %[[FLAT]] {{\[\[}}0, 1], [2, 3]] output_shape [3, 4, 5, 1]
func.func @reshape(%x: tensor<2x6x5xf32>) -> tensor<3x4x5x1xf32> {
  %r = nn.reshape %x : (tensor<2x6x5xf32>) -> tensor<3x4x5x1xf32>
  return %r : tensor<3x4x5x1xf32>
}

// -----

// CHECK-LABEL: @reshape_scalar
// CHECK: tensor.collapse_shape %{{.*}} [] : tensor<1x1xf32> into tensor<f32>
// CHECK: tensor.expand_shape %{{.*}} [] output_shape [1] : tensor<f32> into tensor<1xf32>
func.func @reshape_scalar(%x: tensor<1x1xf32>) -> tensor<1xf32> {
  %0 = nn.reshape %x : (tensor<1x1xf32>) -> tensor<f32>
  %1 = nn.reshape %0 : (tensor<f32>) -> tensor<1xf32>
  return %1 : tensor<1xf32>
}

// -----

// CHECK-DAG: #[[PERM:.*]] = affine_map<(d0, d1, d2) -> (d2, d0, d1)>
// CHECK-LABEL: @transpose
// CHECK: linalg.generic {indexing_maps = [#[[PERM]],
func.func @transpose(%x: tensor<2x3x4xf32>) -> tensor<3x4x2xf32> {
  %r = nn.transpose %x perm = [1, 2, 0] : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  return %r : tensor<3x4x2xf32>
}

// -----

// Nested concats are joined; empty parts are left out.

// CHECK-LABEL: @concat
// CHECK-SAME: %[[A:.*]]: tensor<2x1xf32>, %[[B:.*]]: tensor<2x2xf32>, %[[C:.*]]: tensor<2x0xf32>
// CHECK: %[[E:.*]] = tensor.empty() : tensor<2x4xf32>
// CHECK: %[[I:.*]] = tensor.insert_slice %[[A]] into %[[E]][0, 0] [2, 1] [1, 1]
// CHECK: %[[J:.*]] = tensor.insert_slice %[[B]] into %[[I]][0, 1] [2, 2] [1, 1]
// CHECK: %[[K:.*]] = tensor.insert_slice %[[A]] into %[[J]][0, 3] [2, 1] [1, 1]
// CHECK: return %[[K]]
func.func @concat(%a: tensor<2x1xf32>, %b: tensor<2x2xf32>, %c: tensor<2x0xf32>) -> tensor<2x4xf32> {
  %0 = nn.concat %a, %b axis = 1 : (tensor<2x1xf32>, tensor<2x2xf32>) -> tensor<2x3xf32>
  %1 = nn.concat %0, %c, %a axis = 1 : (tensor<2x3xf32>, tensor<2x0xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// -----

// CHECK-DAG: #[[BACK:.*]] = affine_map<(d0, d1) -> (d0, -d1 + 4)>
// CHECK-LABEL: @slice
// CHECK: tensor.extract_slice %{{.*}}[1, 2] [2, 4] [1, 2]
// CHECK: tensor.extract_slice %{{.*}}[0, 1] [4, 5] [1, 2]
// CHECK: linalg.generic {indexing_maps = [#[[BACK]],
func.func @slice(%x: tensor<4x10xf32>) -> (tensor<2x4xf32>, tensor<4x5xf32>) {
  %0 = nn.slice %x starts = [1, 2] steps = [1, 2] : (tensor<4x10xf32>) -> tensor<2x4xf32>
  %1 = nn.slice %x starts = [0, 9] steps = [1, -2] : (tensor<4x10xf32>) -> tensor<4x5xf32>
  return %0, %1 : tensor<2x4xf32>, tensor<4x5xf32>
}

// -----

// A computed value fills a tensor that the input is put into.

// CHECK-LABEL: @pad
// CHECK: %[[FILLED:.*]] = linalg.generic {{.*}} ins(%arg1 : tensor<f32>)
// CHECK: tensor.insert_slice %arg0 into %[[FILLED]][0, 1] [2, 3] [1, 1]
// CHECK: arith.constant 7.0
// CHECK: tensor.pad
// CHECK: linalg.index 1
// CHECK: arith.maxsi
// CHECK: arith.minsi
// CHECK: tensor.extract %
func.func @pad(%x: tensor<2x3xf32>, %v: tensor<f32>) -> tensor<2x10xf32> {
  %0 = nn.pad constant %x, %v lo = [0, 1] hi = [0, 2] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x6xf32>
  %c = nn.constant dense<7.0> : tensor<f32>
  %1 = nn.pad constant %0, %c lo = [0, 1] hi = [0, 0] : (tensor<2x6xf32>, tensor<f32>) -> tensor<2x7xf32>
  %2 = nn.pad edge %1 lo = [0, 1] hi = [0, 2] : (tensor<2x7xf32>) -> tensor<2x10xf32>
  return %2 : tensor<2x10xf32>
}

// -----

// Negative indices wrap, all are clamped; one known index is a slice.

// CHECK-LABEL: @gather
// CHECK: ^bb0(%[[I:.*]]: i64, %{{.*}}: f32):
// CHECK: arith.index_cast %[[I]] : i64 to index
// CHECK: arith.select
// CHECK: arith.maxsi
// CHECK: arith.minsi
// CHECK: %[[D:.*]] = linalg.index 1
// CHECK: tensor.extract %{{.*}}[%{{.*}}, %[[D]]]
// CHECK: tensor.extract_slice %{{.*}}[3, 0] [1, 8] [1, 1]
func.func @gather(%x: tensor<100x8xf32>, %i: tensor<4xi64>) -> tensor<8xf32> {
  %0 = nn.gather %x, %i axis = 0 : (tensor<100x8xf32>, tensor<4xi64>) -> tensor<4x8xf32>
  %c = nn.constant dense<-1> : tensor<i64>
  %1 = nn.gather %0, %c axis = 0 : (tensor<4x8xf32>, tensor<i64>) -> tensor<8xf32>
  return %1 : tensor<8xf32>
}

// -----

// CHECK-DAG: #[[FIRST:.*]] = affine_map<(d0, d1) -> (d0, 0)>
// CHECK-DAG: #[[SECOND:.*]] = affine_map<(d0, d1) -> (d0, 1)>
// CHECK-LABEL: @gather_nd
// CHECK: linalg.generic {indexing_maps = [#[[FIRST]], #[[SECOND]],
func.func @gather_nd(%x: tensor<10x8x3xf32>, %i: tensor<4x2xi64>) -> tensor<4x3xf32> {
  %r = nn.gather_nd %x, %i batch_dims = 0 : (tensor<10x8x3xf32>, tensor<4x2xi64>) -> tensor<4x3xf32>
  return %r : tensor<4x3xf32>
}

// -----

// Constants keep their blob; only bools change their form.

// A binary search, written out.
// CHECK-LABEL: @search_sorted
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel"]
// CHECK-COUNT-3: tensor.extract %arg0
// CHECK-NOT: tensor.extract
func.func @search_sorted(%s: tensor<5xi64>, %v: tensor<3xi64>) -> tensor<3xi64> {
  %0 = nn.search_sorted %s, %v : (tensor<5xi64>, tensor<3xi64>) -> tensor<3xi64>
  return %0 : tensor<3xi64>
}

// -----

// CHECK-LABEL: @constants
// CHECK: arith.constant dense<[1, 0, 1]> : tensor<3xi8>
// CHECK: arith.constant dense<-1> : tensor<2xi8>
// CHECK: arith.constant dense_resource<blob> : tensor<4xi8>
func.func @constants() -> (tensor<3xi1>, tensor<2xui8>, tensor<4xui8>) {
  %0 = nn.constant dense<[true, false, true]> : tensor<3xi1>
  %1 = nn.constant dense<255> : tensor<2xui8>
  %2 = nn.constant dense_resource<blob> : tensor<4xui8>
  return %0, %1, %2 : tensor<3xi1>, tensor<2xui8>, tensor<4xui8>
}
{-# dialect_resources: { builtin: { blob: "0x0400000001020304" } } #-}
