// RUN: dlc-opt %s --split-input-file --cuda-schedule-kernels=arch=sm_80 | FileCheck %s

// Sums of products of bytes with sums of 32 bits: tensor cores multiply tiles of them.

// CHECK-LABEL: dispatch.kernel @tiles
// CHECK: nvvm.mma.sync {{.*}} multiplicandAPtxType = #nvvm.mma_type<u8>, multiplicandBPtxType = #nvvm.mma_type<s8>
// CHECK-NOT: arith.muli {{.*}} : i32
#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (k, n)>
#out = affine_map<(m, n, k) -> (m, n)>
dispatch.kernel @tiles(%a: tensor<64x64xi8>, %b: tensor<64x64xi8>, %o: tensor<64x64xi32>) -> tensor<64x64xi32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0 : i32
  %init = linalg.fill ins(%zero : i32) outs(%o : tensor<64x64xi32>) -> tensor<64x64xi32>
  %y = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%a, %b : tensor<64x64xi8>, tensor<64x64xi8>) outs(%init : tensor<64x64xi32>) {
  ^bb0(%x: i8, %w: i8, %acc: i32):
    %0 = arith.extui %x : i8 to i32
    %1 = arith.extsi %w : i8 to i32
    %2 = arith.muli %0, %1 : i32
    %3 = arith.addi %acc, %2 : i32
    linalg.yield %3 : i32
  } -> tensor<64x64xi32>
  dispatch.return %y : tensor<64x64xi32>
}

// -----

// Too shallow for their instructions of 32: four bytes at a time.

// CHECK-LABEL: dispatch.kernel @shallow
// CHECK-NOT: nvvm.mma.sync
// CHECK: vector.load {{.*}} vector<4xi8>
// CHECK: nvvm.dot.accumulate.4way %{{.*}} <signed>, %{{.*}} <unsigned>, %{{.*}} : vector<4xi8>, vector<4xi8>
// CHECK-NOT: arith.muli {{.*}} : i32
#left = affine_map<(m, n, k) -> (m, k)>
#right = affine_map<(m, n, k) -> (n, k)>
#out = affine_map<(m, n, k) -> (m, n)>
dispatch.kernel @shallow(%a: tensor<64x8xi8>, %b: tensor<64x8xi8>, %o: tensor<64x64xi32>) -> tensor<64x64xi32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0 : i32
  %init = linalg.fill ins(%zero : i32) outs(%o : tensor<64x64xi32>) -> tensor<64x64xi32>
  %y = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%a, %b : tensor<64x8xi8>, tensor<64x8xi8>) outs(%init : tensor<64x64xi32>) {
  ^bb0(%x: i8, %w: i8, %acc: i32):
    %0 = arith.extsi %x : i8 to i32
    %1 = arith.extui %w : i8 to i32
    %2 = arith.muli %0, %1 : i32
    %3 = arith.addi %acc, %2 : i32
    linalg.yield %3 : i32
  } -> tensor<64x64xi32>
  dispatch.return %y : tensor<64x64xi32>
}

// -----

// A matrix times a vector, both consecutive along the sum: 16 bytes are loaded at once.

// CHECK-LABEL: dispatch.kernel @vector
// CHECK-COUNT-2: vector.load {{.*}} vector<16xi8>
// CHECK-COUNT-4: nvvm.dot.accumulate.4way %{{.*}} <unsigned>, %{{.*}} <unsigned>
// CHECK-NOT: arith.extui
#left = affine_map<(m, k) -> (m, k)>
#right = affine_map<(m, k) -> (k)>
#out = affine_map<(m, k) -> (m)>
dispatch.kernel @vector(%a: tensor<256x512xi8>, %b: tensor<512xi8>, %o: tensor<256xi32>) -> tensor<256xi32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0 : i32
  %init = linalg.fill ins(%zero : i32) outs(%o : tensor<256xi32>) -> tensor<256xi32>
  %y = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "reduction"]} ins(%a, %b : tensor<256x512xi8>, tensor<512xi8>) outs(%init : tensor<256xi32>) {
  ^bb0(%x: i8, %w: i8, %acc: i32):
    %0 = arith.extui %x : i8 to i32
    %1 = arith.extui %w : i8 to i32
    %2 = arith.muli %0, %1 : i32
    %3 = arith.addi %acc, %2 : i32
    linalg.yield %3 : i32
  } -> tensor<256xi32>
  dispatch.return %y : tensor<256xi32>
}

// -----

// Along rows of the matrix, whose bytes four outputs share; the sum's last number is
// multiplied alone.

// CHECK-LABEL: dispatch.kernel @odd
// CHECK: nvvm.dot.accumulate.4way %{{.*}} <signed>, %{{.*}} <signed>
// CHECK: scf.if
// CHECK: arith.muli {{.*}} : i32
#left = affine_map<(m, k) -> (k, m)>
#right = affine_map<(m, k) -> (k)>
#out = affine_map<(m, k) -> (m)>
dispatch.kernel @odd(%a: tensor<101x64xi8>, %b: tensor<101xi8>, %o: tensor<64xi32>) -> tensor<64xi32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0 : i32
  %init = linalg.fill ins(%zero : i32) outs(%o : tensor<64xi32>) -> tensor<64xi32>
  %y = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "reduction"]} ins(%a, %b : tensor<101x64xi8>, tensor<101xi8>) outs(%init : tensor<64xi32>) {
  ^bb0(%x: i8, %w: i8, %acc: i32):
    %0 = arith.extsi %x : i8 to i32
    %1 = arith.extsi %w : i8 to i32
    %2 = arith.muli %0, %1 : i32
    %3 = arith.addi %acc, %2 : i32
    linalg.yield %3 : i32
  } -> tensor<64xi32>
  dispatch.return %y : tensor<64xi32>
}
