// RUN: dlc-opt --dispatch-count-work %s | FileCheck %s

// A multiplication and an addition a step, then one function of each result.
// CHECK: dispatch.kernel @product
// CHECK-SAME: dispatch.work = array<i64: 144, 160, 64>
dispatch.kernel @product(%a: tensor<8x4xf32>, %b: tensor<4x2xf32>, %o: tensor<8x2xf32>) -> tensor<8x2xf32>
    attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x2xf32>) -> tensor<8x2xf32>
  %p = linalg.matmul ins(%a, %b : tensor<8x4xf32>, tensor<4x2xf32>) outs(%f : tensor<8x2xf32>) -> tensor<8x2xf32>
  %r = linalg.map { math.exp } ins(%p : tensor<8x2xf32>) outs(%o : tensor<8x2xf32>)
  dispatch.return %r : tensor<8x2xf32>
}

// Of a table the rows that are looked up, of a slice its elements, of a buffer
// what is written into it. Integers count only in sums.
// CHECK: dispatch.kernel @parts
// CHECK-SAME: dispatch.work = array<i64: 0, 96, 48>
dispatch.kernel @parts(%table: tensor<1000x4xf32>, %ids: tensor<3xi64>, %wide: tensor<3x100xi64>,
                       %o: tensor<6x4xf32>) -> tensor<6x4xf32> attributes {num_outs = 1 : i64} {
  %slice = tensor.extract_slice %wide[0, 7] [3, 1] [1, 1] : tensor<3x100xi64> to tensor<3xi64>
  %e = tensor.empty() : tensor<3x4xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%ids, %slice : tensor<3xi64>, tensor<3xi64>) outs(%e : tensor<3x4xf32>) {
  ^bb0(%id: i64, %more: i64, %out: f32):
    %sum = arith.addi %id, %more : i64
    %row = arith.index_cast %sum : i64 to index
    %column = linalg.index 1 : index
    %v = tensor.extract %table[%row, %column] : tensor<1000x4xf32>
    linalg.yield %v : f32
  } -> tensor<3x4xf32>
  %r = tensor.insert_slice %g into %o[3, 0] [3, 4] [1, 1] : tensor<3x4xf32> into tensor<6x4xf32>
  dispatch.return %r : tensor<6x4xf32>
}

// Products of bytes are as much work as those of floats.
// CHECK: dispatch.kernel @bytes
// CHECK-SAME: dispatch.work = array<i64: 128, 40, 64>
dispatch.kernel @bytes(%a: tensor<8x4xi8>, %b: tensor<4x2xi8>, %o: tensor<8x2xi32>) -> tensor<8x2xi32>
    attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0 : i32
  %f = linalg.fill ins(%zero : i32) outs(%o : tensor<8x2xi32>) -> tensor<8x2xi32>
  %p = linalg.matmul ins(%a, %b : tensor<8x4xi8>, tensor<4x2xi8>) outs(%f : tensor<8x2xi32>) -> tensor<8x2xi32>
  dispatch.return %p : tensor<8x2xi32>
}
