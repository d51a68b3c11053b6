// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v3 | FileCheck %s
// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v3 --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s --check-prefix=LOOPS
// RUN: dlc-opt %s --host-pack-operands=cpu=cascadelake | FileCheck %s --check-prefix=VNNI

// On CPUs without VNNI, constant signed bytes that are small enough are multiplied with unsigned
// ones in 16 bits, four, two or one group of four to a sum. 255 times what the positive (or
// the negative) ones of a sum add up to must fit. Others become 16 bits.

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

// Pairs of 16: four groups add up to 4 * 32 = 128.
// CHECK-LABEL: dispatch.kernel @four(%{{.*}}: tensor<24x64xi8>, %{{.*}}: tensor<{{[0-9]+}}x4x4x{{[0-9]+}}x4xi8>
// CHECK: dispatch.short_sums = 4
// VNNI-LABEL: dispatch.kernel @four(%{{.*}}: tensor<24x64xi8>, %{{.*}}: tensor<{{[0-9]+}}x16x{{[0-9]+}}x4xi8>
// VNNI-NOT: dispatch.short_sums
// LOOPS-LABEL: dispatch.kernel @four
// LOOPS: scf.for %{{.*}} to %c4
// LOOPS: %[[S0:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// LOOPS: %[[S1:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// LOOPS: %[[T1:.*]] = arith.addi %[[S0]], %[[S1]] : vector<16xi16>
// LOOPS: %[[S2:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// LOOPS: %[[T2:.*]] = arith.addi %[[T1]], %[[S2]] : vector<16xi16>
// LOOPS: %[[S3:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// LOOPS: %[[T3:.*]] = arith.addi %[[T2]], %[[S3]] : vector<16xi16>
// LOOPS: %[[WIDE:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"(%[[T3]],
// LOOPS: arith.addi %{{.*}}, %[[WIDE]] : vector<8xi32>
dispatch.kernel @four(%x: tensor<24x64xi8>, %w: tensor<64x16xi8>, %o: tensor<24x16xi32>) -> tensor<24x16xi32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0 : i32
  %f = linalg.fill ins(%z : i32) outs(%o : tensor<24x16xi32>) -> tensor<24x16xi32>
  %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<24x64xi8>, tensor<64x16xi8>) outs(%f : tensor<24x16xi32>) {
  ^bb0(%a: i8, %b: i8, %c: i32):
    %l = arith.extui %a : i8 to i32
    %g = arith.extsi %b : i8 to i32
    %m = arith.muli %l, %g : i32
    %s = arith.addi %c, %m : i32
    linalg.yield %s : i32
  } -> tensor<24x16xi32>
  dispatch.return %r : tensor<24x16xi32>
}

// One of two launches has -17 everywhere: four groups are too many.
// CHECK-LABEL: dispatch.kernel @two(%{{.*}}: tensor<20x64xi8>, %{{.*}}: tensor<{{[0-9]+}}x8x2x{{[0-9]+}}x4xi8>
// CHECK: dispatch.short_sums = 2
dispatch.kernel @two(%x: tensor<20x64xi8>, %w: tensor<64x16xi8>, %o: tensor<20x16xi32>) -> tensor<20x16xi32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0 : i32
  %f = linalg.fill ins(%z : i32) outs(%o : tensor<20x16xi32>) -> tensor<20x16xi32>
  %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<20x64xi8>, tensor<64x16xi8>) outs(%f : tensor<20x16xi32>) {
  ^bb0(%a: i8, %b: i8, %c: i32):
    %l = arith.extui %a : i8 to i32
    %g = arith.extsi %b : i8 to i32
    %m = arith.muli %l, %g : i32
    %s = arith.addi %c, %m : i32
    linalg.yield %s : i32
  } -> tensor<20x16xi32>
  dispatch.return %r : tensor<20x16xi32>
}

// 64 and 64 are just few enough, and so are 1 and 127, -128 and 0.
// CHECK-LABEL: dispatch.kernel @one(%{{.*}}: tensor<24x12xi8>, %{{.*}}: tensor<1x3x{{[0-9]+}}x4xi8>
// CHECK: dispatch.short_sums = 1
dispatch.kernel @one(%x: tensor<24x12xi8>, %w: tensor<12x2xi8>, %o: tensor<24x2xi32>) -> tensor<24x2xi32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0 : i32
  %f = linalg.fill ins(%z : i32) outs(%o : tensor<24x2xi32>) -> tensor<24x2xi32>
  %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<24x12xi8>, tensor<12x2xi8>) outs(%f : tensor<24x2xi32>) {
  ^bb0(%a: i8, %b: i8, %c: i32):
    %l = arith.extui %a : i8 to i32
    %g = arith.extsi %b : i8 to i32
    %m = arith.muli %l, %g : i32
    %s = arith.addi %c, %m : i32
    linalg.yield %s : i32
  } -> tensor<24x2xi32>
  dispatch.return %r : tensor<24x2xi32>
}

// What another kernel makes of a constant is evaluated when the program is compiled:
// packed as a constant is, but its numbers are not known yet.
// CHECK-LABEL: dispatch.kernel @none(%{{.*}}: tensor<24x64xi16>, %{{.*}}: tensor<{{[0-9]+}}x32x{{[0-9]+}}x2xi16>
// CHECK-NOT: dispatch.short_sums
dispatch.kernel @none(%x: tensor<24x64xi8>, %w: tensor<64x16xi8>, %o: tensor<24x16xi32>) -> tensor<24x16xi32> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0 : i32
  %f = linalg.fill ins(%z : i32) outs(%o : tensor<24x16xi32>) -> tensor<24x16xi32>
  %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<24x64xi8>, tensor<64x16xi8>) outs(%f : tensor<24x16xi32>) {
  ^bb0(%a: i8, %b: i8, %c: i32):
    %l = arith.extui %a : i8 to i32
    %g = arith.extsi %b : i8 to i32
    %m = arith.muli %l, %g : i32
    %s = arith.addi %c, %m : i32
    linalg.yield %s : i32
  } -> tensor<24x16xi32>
  dispatch.return %r : tensor<24x16xi32>
}

dispatch.kernel @negate(%w: tensor<64x16xi8>, %o: tensor<64x16xi8>) -> tensor<64x16xi8> attributes {num_outs = 1 : i64} {
  %z = arith.constant 0 : i8
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%w : tensor<64x16xi8>) outs(%o : tensor<64x16xi8>) {
  ^bb0(%a: i8, %b: i8):
    %n = arith.subi %z, %a : i8
    linalg.yield %n : i8
  } -> tensor<64x16xi8>
  dispatch.return %r : tensor<64x16xi8>
}

// CHECK-LABEL: func.func @main
// CHECK: %[[NEGATED:.*]] = dispatch.launch @negate
// CHECK: %[[PACKED:.*]] = dispatch.launch @pack_{{.*}} ins(%[[NEGATED]]
// CHECK: dispatch.launch @none ins(%{{.*}}, %[[PACKED]]
func.func @main(%x: tensor<24x64xi8>, %y: tensor<20x64xi8>, %u: tensor<24x12xi8>) -> (tensor<24x16xi32>, tensor<20x16xi32>, tensor<20x16xi32>, tensor<24x2xi32>, tensor<24x16xi32>) {
  %w16 = arith.constant dense<16> : tensor<64x16xi8>
  %w17 = arith.constant dense<-17> : tensor<64x16xi8>
  %w64 = arith.constant dense<[[64, 0], [64, -64], [-64, 1], [-64, 1], [1, 0], [127, 0], [-128, 0], [0, 0], [0, 0], [0, 0], [0, -128], [0, 127]]> : tensor<12x2xi8>
  %e = tensor.empty() : tensor<24x16xi32>
  %e2 = tensor.empty() : tensor<20x16xi32>
  %e3 = tensor.empty() : tensor<24x2xi32>
  %ew = tensor.empty() : tensor<64x16xi8>
  %0 = dispatch.launch @four ins(%x, %w16 : tensor<24x64xi8>, tensor<64x16xi8>) outs(%e : tensor<24x16xi32>) -> tensor<24x16xi32>
  %1 = dispatch.launch @two ins(%y, %w16 : tensor<20x64xi8>, tensor<64x16xi8>) outs(%e2 : tensor<20x16xi32>) -> tensor<20x16xi32>
  %2 = dispatch.launch @two ins(%y, %w17 : tensor<20x64xi8>, tensor<64x16xi8>) outs(%e2 : tensor<20x16xi32>) -> tensor<20x16xi32>
  %3 = dispatch.launch @one ins(%u, %w64 : tensor<24x12xi8>, tensor<12x2xi8>) outs(%e3 : tensor<24x2xi32>) -> tensor<24x2xi32>
  %4 = dispatch.launch @negate ins(%w16 : tensor<64x16xi8>) outs(%ew : tensor<64x16xi8>) -> tensor<64x16xi8>
  %5 = dispatch.launch @none ins(%x, %4 : tensor<24x64xi8>, tensor<64x16xi8>) outs(%e : tensor<24x16xi32>) -> tensor<24x16xi32>
  return %0, %1, %2, %3, %5 : tensor<24x16xi32>, tensor<20x16xi32>, tensor<20x16xi32>, tensor<24x2xi32>, tensor<24x16xi32>
}
